/* SPDX-License-Identifier: BSD-2-Clause
 * Listening to a demo; see roles.h. */
#include "cli/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/text.h"

#define TEXT_MAX (1 << 20) /* what is said beyond is read and dropped */

struct roles {
	int hear, speak, stop; /* the pipe's ends; an eventfd that ends the listener */
	bool listening;
	pthread_t listener;
	struct buffer text;
	struct role *items;
	unsigned count;
};

static int make_pipe(struct roles *roles)
{
	char number[16];
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	roles->hear = ends[0];
	roles->speak = ends[1];
	roles->stop = eventfd(0, EFD_CLOEXEC);
	if (roles->stop < 0 || fcntl(roles->hear, F_SETFL, O_NONBLOCK) < 0 || fcntl(roles->speak, F_SETFD, 0) < 0)
		return -errno;
	snprintf(number, sizeof(number), "%d", roles->speak);
	return setenv("LIFELINE_DEMO_FD", number, 1) < 0 ? -errno : 0;
}

int roles_open(struct roles **result, struct error *error)
{
	struct roles *roles = calloc(1, sizeof(*roles));
	int err = -ENOMEM;

	if (roles) {
		roles->hear = roles->speak = roles->stop = -1;
		err = make_pipe(roles);
	}
	if (err < 0) {
		roles_free(roles);
		return error_errno(error, err, "cannot make a pipe to the demo");
	}
	*result = roles;
	return 0;
}

/* Reads until there is nothing; false at the end of the pipe. */
static bool hear_all(struct roles *roles)
{
	char bytes[4096];
	ssize_t got;

	while ((got = read(roles->hear, bytes, sizeof(bytes))) > 0)
		if (roles->text.length < TEXT_MAX)
			buffer_append(&roles->text, bytes, (size_t)got);
	return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static void *listen_on(void *data)
{
	struct roles *roles = data;
	struct pollfd watched[2] = {{.fd = roles->hear, .events = POLLIN}, {.fd = roles->stop, .events = POLLIN}};

	do {
		if (poll(watched, 2, -1) < 0 && errno != EINTR)
			break;
		if (!hear_all(roles))
			break;
	} while (!(watched[1].revents & POLLIN));
	return NULL;
}

static void close_end(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

int roles_listen(struct roles *roles, struct error *error)
{
	sigset_t all, before;
	int err;

	close_end(&roles->speak);
	unsetenv("LIFELINE_DEMO_FD");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the thread that observes */
	err = pthread_create(&roles->listener, NULL, listen_on, roles);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		return error_errno(error, -err, "cannot start a thread to listen to the demo");
	roles->listening = true;
	return 0;
}

static void add_role(struct roles *roles, const char *name, size_t length, const char *number)
{
	struct role *items = realloc(roles->items, (roles->count + 1) * sizeof(*items));
	int64_t pid;

	if (!items)
		return;
	roles->items = items;
	if (!length || length >= sizeof(items->name) || text_parse_number(number, 1, INT32_MAX, &pid) < 0)
		return;
	items[roles->count] = (struct role){.pid = (uint32_t)pid};
	memcpy(items[roles->count].name, name, length);
	roles->count++;
}

static void read_line(struct roles *roles, char *line)
{
	char *name = line + strlen("role ");
	char *number;

	if (strncmp(line, "role ", strlen("role ")))
		return;
	number = strchr(name, ' ');
	if (number)
		add_role(roles, name, (size_t)(number - name), number + 1);
}

static void read_lines(struct roles *roles)
{
	char *rest = roles->text.data;
	char *line;

	while (rest && (line = strsep(&rest, "\n")))
		read_line(roles, line);
}

void roles_finish(struct roles *roles)
{
	uint64_t one = 1;

	if (!roles->listening)
		return;
	if (write(roles->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(roles->listener, NULL);
	roles->listening = false;
	read_lines(roles);
}

const struct role *roles_get(const struct roles *roles, unsigned index)
{
	return index < roles->count ? &roles->items[index] : NULL;
}

void roles_free(struct roles *roles)
{
	if (!roles)
		return;
	roles_finish(roles);
	close_end(&roles->hear);
	close_end(&roles->speak);
	close_end(&roles->stop);
	buffer_free(&roles->text);
	free(roles->items);
	free(roles);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The perf event of a tracepoint (perf_event_open(2), PERF_TYPE_TRACEPOINT), for programs that are attached to one. The
 * number of a tracepoint is found in tracefs, which need not be mounted anywhere: a mount that is attached nowhere does
 * (fsmount(2)), and nobody else sees it. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source/live_internal.h"

#define NUMBER_ROOM 32

static int open_tracefs(void)
{
	const int context = fsopen("tracefs", FSOPEN_CLOEXEC);
	int folder;

	if (context < 0)
		return -errno;
	folder = fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0)
		     ? -1
		     : fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (folder < 0)
		folder = -errno;
	close(context);
	return folder;
}

static int open_number(const char *tracepoint)
{
	int fd, folder;
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/id", tracepoint);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	folder = open_tracefs();
	if (folder < 0)
		return folder;
	snprintf(path, sizeof(path), "events/%s/id", tracepoint);
	fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(folder);
	return fd;
}

static int read_number(const char *tracepoint, uint64_t *number)
{
	const int fd = open_number(tracepoint);
	char text[NUMBER_ROOM + 1], *end;
	ssize_t length;

	if (fd < 0)
		return fd;
	length = read(fd, text, NUMBER_ROOM);
	close(fd);
	if (length <= 0)
		return length ? -EIO : -ENODATA;
	text[length] = '\0';
	*number = strtoull(text, &end, 10);
	return end == text ? -EINVAL : 0;
}

/* A program runs on all processors, whichever the event is on. */
int live_tracepoint_event(const char *tracepoint)
{
	struct perf_event_attr attributes = {
	    .type = PERF_TYPE_TRACEPOINT,
	    .size = sizeof(attributes),
	    .sample_period = 1,
	};
	const int cpu = sched_getcpu();
	uint64_t number;
	int result = read_number(tracepoint, &number);

	if (result)
		return result;
	attributes.config = number;
	result = (int)syscall(SYS_perf_event_open, &attributes, -1, cpu < 0 ? 0 : cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return result < 0 ? -errno : result;
}

int live_tracepoint_event_of(const struct bpf_program *program)
{
	const char *name = strchr(bpf_program__section_name(program), '/');

	return name ? live_tracepoint_event(name + 1) : -EINVAL;
}

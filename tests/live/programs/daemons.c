/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Becomes a daemon in as many ways as it is told, so that what was left out is known: each word of the command line
 * leaves out a step or adds something. Then waits to be killed, 20 s at most.
 *
 *   no-setsid no-second-fork no-chdir no-umask no-stdin no-stdout no-stderr   that step is not taken
 *   early        directory, mask and descriptors before the first fork
 *   libc         daemon(0, 0) does it all
 *   close-stdout stdout is closed afterwards
 *   leak         two files are open from before
 *   raw          steps by close_range, F_DUPFD, fchdir, as few programs take them
 *   pidfile=F    writes its pid to F; in-time: before the first parent ends; rename: by way of another name
 *   lock         … and locks it
 *   keep-pidfile does not remove it when it is asked to end
 *   stale        reads it first, as careful programs do
 *   port=N       listens there, when it is a daemon; early-port: before the first fork
 *   brief        ends after 150 ms instead
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "demo.h"

static char **words;
static char pidfile_path[4096];

static const char *word(const char *name)
{
	size_t length = strlen(name);

	for (char **each = words; *each; each++)
		if (!strncmp(*each, name, length) && (!(*each)[length] || (*each)[length] == '='))
			return (*each)[length] ? *each + length + 1 : *each;
	return NULL;
}

static void descriptors(void)
{
	int null = open("/dev/null", O_RDWR);
	const char *const left_out[] = {"no-stdin", "no-stdout", "no-stderr"};

	if (null < 0)
		exit(1);
	for (int i = 0; i < 3; i++) {
		if (word(left_out[i]))
			continue;
		if (!word("raw")) {
			dup2(null, i);
			continue;
		}
		syscall(SYS_close_range, i, i, 0);
		if (fcntl(null, F_DUPFD, i) != i)
			exit(1);
	}
	if (null > 2)
		close(null);
	if (word("close-stdout"))
		close(1);
}

static void change_directory(void)
{
	int root;

	if (word("no-chdir"))
		return;
	if (!word("raw")) {
		if (chdir("/"))
			exit(1);
		return;
	}
	root = open("/", O_RDONLY | O_DIRECTORY);
	if (fchdir(root))
		exit(1);
	close(root);
}

static void surroundings(void)
{
	change_directory();
	if (!word("no-umask"))
		umask(0);
	descriptors();
}

static void write_pidfile(void)
{
	char other[sizeof(pidfile_path) + 8];
	int fd;

	snprintf(other, sizeof(other), "%s%s", pidfile_path, word("rename") ? ".new" : "");
	if (word("stale")) {
		fd = open(other, O_RDONLY);
		if (fd >= 0 && read(fd, (char[16]){0}, 16) >= 0)
			close(fd);
	}
	fd = open(other, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || (word("lock") && flock(fd, LOCK_EX | LOCK_NB)))
		exit(1);
	dprintf(fd, "%d\n", (int)getpid());
	if (!word("lock"))
		close(fd);
	if (word("rename") && rename(other, pidfile_path))
		exit(1);
}

static void listen_there(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(word("port")))};
	int end = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(end, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(end, (struct sockaddr *)&address, sizeof(address)) || listen(end, 5))
		exit(1);
	/* cppcheck-suppress resourceLeak ; it listens until the process ends */
}

static void end_in_order(int signal)
{
	(void)signal;
	if (pidfile_path[0] && !word("keep-pidfile"))
		unlink(pidfile_path);
	_exit(0);
}

static void live(void)
{
	if (pidfile_path[0] && !word("in-time"))
		write_pidfile();
	if (word("port") && !word("early-port"))
		listen_there();
	usleep(word("brief") ? 150000 : 20000000);
	exit(0);
}

/* A first parent that waits until its pidfile is there. */
static void first_fork(struct channel *written)
{
	if (fork()) {
		if (word("in-time"))
			channel_hear(written);
		_exit(0);
	}
}

int main(int count, char **arguments)
{
	struct channel written = {.in = -1, .out = -1};

	words = arguments + 1;
	(void)count;
	if (word("pidfile"))
		snprintf(pidfile_path, sizeof(pidfile_path), "%s", word("pidfile"));
	/* cppcheck-suppress leakReturnValNotUsed ; to leak them is what it is asked for */
	if (word("leak") && (open("/etc/passwd", O_RDONLY) < 0 || open("/etc/hosts", O_RDONLY) < 0))
		return 1;
	if (word("early-port"))
		listen_there();
	if (word("libc")) {
		if (daemon(0, 0))
			return 1;
		signal(SIGTERM, end_in_order);
		live();
	}
	if (word("in-time"))
		written = channel_new();
	if (word("early"))
		surroundings();
	first_fork(&written);
	if (!word("no-setsid"))
		setsid();
	if (!word("no-second-fork") && fork())
		_exit(0);
	if (!word("early"))
		surroundings();
	signal(SIGTERM, end_in_order); /* whoever reads the pidfile may ask it to end at once */
	if (word("in-time")) {
		write_pidfile();
		channel_tell(&written, 0);
	}
	live();
}

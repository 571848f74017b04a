/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the demos of daemons share: the one who starts and stops the daemon, as a start script does, a folder for the
 * demo's files, and the file that holds the daemon's pid. How a process becomes a daemon is not here: that is what each
 * demo shows.
 *
 * starter   forks launcher and waits for it, as a shell does with a command
 * launcher  executes the daemon's program, forks, and ends when the daemon is ready
 * daemon    serves until SIGTERM. Whoever adopts orphans on this machine adopts it.
 *
 * Starter and daemon share nothing but the file with the pid, and signals: a pipe between them would be one of those
 * descriptors that a daemon has to get rid of.
 */
#ifndef LIFELINE_DEMO_DAEMON_H
#define LIFELINE_DEMO_DAEMON_H

#include "demo.h"

#include <dirent.h>
#include <sys/stat.h>

#define SERVES_MS 300
#define DAEMON_ARGUMENT "--be-daemon"

/* ---- a folder of the demo's own, with the pidfile in it -------------------------------------------------- */

struct place {
	char folder[200], pidfile[224], log[224];
};

static inline void place_at(struct place *place, const char *folder)
{
	snprintf(place->folder, sizeof place->folder, "%s", folder);
	snprintf(place->pidfile, sizeof place->pidfile, "%s/daemon.pid", place->folder);
	snprintf(place->log, sizeof place->log, "%s/daemon.log", place->folder);
}

static inline struct place place_new(void)
{
	const char *parent = getenv("TMPDIR");
	struct place place;
	char folder[sizeof place.folder];

	snprintf(folder, sizeof folder, "%s/lifeline-demo.XXXXXX", parent && *parent == '/' ? parent : "/tmp");
	if (!mkdtemp(folder))
		demo_fail("make a folder");
	place_at(&place, folder);
	return place;
}

/* With the files in it. */
static inline void remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		unlinkat(dirfd(folder), entry->d_name, 0); /* "." and ".." are refused */
	if (folder)
		closedir(folder);
	rmdir(path);
}

static inline void place_remove(const struct place *place)
{
	remove_folder(place->folder);
}

/* ---- the file with the pid ---------------------------------------------------------------------------- */

/*
 * Writes our pid and locks the file for as long as we live. It is the lock that says whether a daemon runs: a number
 * stays behind when its process is killed, and may be somebody else's by then; a lock goes with its owner. The lock is
 * not handed on by fork (fcntl(2)), so the daemon itself takes it. -1: another one has it.
 */
static inline int pidfile_take(const char *path)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct stat opened, named;
	int fd;

	for (;;) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (fd < 0)
			return -1;
		if (fcntl(fd, F_SETLK, &whole) < 0) {
			close(fd);
			return -1;
		}
		if (!fstat(fd, &opened) && !stat(path, &named) && opened.st_ino == named.st_ino)
			break;
		close(fd); /* a daemon that was just ending has removed it behind our open */
	}
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		demo_fail("write the pid");
	return fd;
}

/* The number in it; 0: there is no file, or nothing in it yet. */
static inline pid_t pidfile_read(const char *path)
{
	char text[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof text - 1) < 0)
		text[0] = '\0';
	close(fd);
	return (pid_t)atoi(text);
}

/* ---- in the daemon ----------------------------------------------------------------------------------- */

/* Roles have been told; the descriptor for that was a tie to whoever started us, too. */
static inline void stop_announcing(void)
{
	const char *number = getenv("LIFELINE_DEMO_FD");

	if (number)
		close(atoi(number));
	unsetenv("LIFELINE_DEMO_FD");
}

/* Closes all descriptors from `first` on, whatever they are. */
static inline void close_from(int first)
{
	unsetenv("LIFELINE_DEMO_FD"); /* it is among them */
	if (syscall(SYS_close_range, first, ~0U, 0) < 0)
		for (int fd = first; fd < 1024; fd++)
			close(fd);
}

/* The same but for the one on which the launcher waits to hear that we are ready. */
static inline void close_all_but(struct channel *ready)
{
	if (ready->out != 3 && dup2(ready->out, 3) < 0)
		demo_fail("dup2");
	ready->out = 3;
	close_from(4);
}

/* Closes all above 2 but for the one on which roles are told, for those who will still fork, and `also`. */
static inline void close_all_but_roles(int also)
{
	const char *number = getenv("LIFELINE_DEMO_FD");
	int keep = number ? atoi(number) : -1;

	for (int fd = 3; fd < 1024; fd++)
		if (fd != keep && fd != also)
			close(fd);
}

static inline void tell_ready(struct channel *ready)
{
	channel_tell(ready, 0);
	close(ready->out);
	ready->out = -1;
}

static inline void use_null_for(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, fd) < 0)
		demo_fail("/dev/null");
	if (null != fd)
		close(null);
}

/* From here on SIGTERM waits until it is asked for: before the first fork, so that it cannot come too early. */
static inline void hold_signals(void)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGUSR1);
	sigprocmask(SIG_BLOCK, &held, NULL);
}

static inline void await_signal(int which)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, which);
	while (sigwaitinfo(&set, NULL) < 0 && errno == EINTR)
		;
}

/* In the daemon: makes that file, with this one line in it. */
__attribute__((format(printf, 2, 3))) static inline void write_line(const char *path, const char *format, ...)
{
	FILE *file = fopen(path, "we");
	va_list arguments;

	va_start(arguments, format);
	if (!file || vfprintf(file, format, arguments) < 0 || fclose(file))
		demo_fail(path);
	va_end(arguments);
}

/* Serving, as far as these demos do: nothing, until it is asked to stop; then what was made is taken away. */
static inline void serve_until_stopped(const struct place *place)
{
	await_signal(SIGTERM);
	unlink(place->pidfile);
}

/* First thing in main: if start_daemon has started this program, it is the daemon's. `become` returns in the daemon
 * only, `serve` when that has been asked to stop. */
static inline void be_daemon_if_told(int argc, char **argv, void (*become)(const struct place *),
				     void (*serve)(const struct place *))
{
	struct place place;

	if (argc != 3 || strcmp(argv[1], DAEMON_ARGUMENT))
		return;
	place_at(&place, argv[2]);
	clock_gettime(CLOCK_MONOTONIC, &demo_started);
	demo_become("launcher");
	hold_signals();
	become(&place);
	serve(&place);
	_exit(0);
}

/* ---- in the launcher ---------------------------------------------------------------------------------- */

/* The launcher's part after the first fork: it collects the process in the middle (0: there is none) and ends when the
 * daemon is ready. Were it to end at once, whoever waits for it could not rely on anything yet. */
static inline void end_when_ready(pid_t middle, struct channel *ready)
{
	bool said_so;

	if (middle)
		demo_reap(middle);
	said_so = channel_hear(ready) == 0; /* or it has ended before it was ready */
	channel_hear(ready);                /* until it has let go of the channel as well */
	_exit(said_so ? 0 : 1);
}

/* ---- in the starter ------------------------------------------------------------------------------------ */

/* What /proc tells of any process, to compare lifeline's verdict with. */
static inline void describe_descriptors(pid_t pid)
{
	char path[64], target[3][128];
	struct dirent *entry;
	DIR *folder;
	int others = 0;

	for (int fd = 0; fd <= 2; fd++) {
		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
		memset(target[fd], 0, sizeof target[fd]);
		if (readlink(path, target[fd], sizeof target[fd] - 1) < 0)
			strcpy(target[fd], "closed");
	}
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		others += entry->d_name[0] != '.' && atoi(entry->d_name) > 2;
	if (folder)
		closedir(folder);
	demo_say("  0, 1, 2 are %s, %s, %s; %d others", target[0], target[1], target[2], others);
}

static inline void describe(pid_t pid)
{
	char path[64], line[256] = "", cwd[256] = "", mask[16] = "?";
	unsigned session = 0, terminal = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file || !fgets(line, sizeof line, file) || !strrchr(line, ')') ||
	    sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %u %u", &session, &terminal) != 2)
		demo_fail(path);
	fclose(file);
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file))
		sscanf(line, "Umask: %15s", mask);
	if (file)
		fclose(file);
	snprintf(path, sizeof path, "/proc/%d/cwd", (int)pid);
	if (readlink(path, cwd, sizeof cwd - 1) < 0)
		strcpy(cwd, "?");
	demo_say("daemon %d: session %u%s, terminal %s, directory %s, umask %s", (int)pid, session,
		 session == (unsigned)pid ? " (its leader)" : "", terminal ? "yes" : "none", cwd, mask);
	describe_descriptors(pid);
}

/* The first line of what the daemon writes to that file, as soon as it is there. */
static inline const char *await_line(const char *path, char *line, size_t size)
{
	for (int tries = 0; tries < 10000; tries++, demo_sleep_ms(1)) {
		FILE *file = fopen(path, "re");
		bool there = file && fgets(line, (int)size, file);

		if (file)
			fclose(file);
		if (!there)
			continue;
		line[strcspn(line, "\n")] = '\0';
		return line;
	}
	errno = ETIMEDOUT;
	demo_fail(path);
	return NULL;
}

/* After a while, since a daemon is what lives on, and not what is only slower to end than its parent. */
static inline void stop_daemon(pid_t pid)
{
	demo_sleep_ms(SERVES_MS);
	if (kill(pid, SIGTERM) < 0)
		demo_fail("stop the daemon");
	demo_await_death(pid);
}

/* Runs the daemon's program, which is this one again, in a process of its own, and waits until its launcher has ended.
 * `prepare`, or NULL: what that process does before, of which exec leaves something to the daemon. */
static inline void launch_daemon(const struct place *place, void (*prepare)(const struct place *))
{
	pid_t launcher = demo_fork("launcher");

	if (launcher == 0) {
		if (prepare)
			prepare(place);
		execl("/proc/self/exe", program_invocation_short_name, DAEMON_ARGUMENT, place->folder, NULL);
		demo_fail("exec");
	}
	demo_reap(launcher);
}

/* The same, and its pid, for those whose pidfile is there by then. */
static inline pid_t start_daemon(const struct place *place, void (*prepare)(const struct place *))
{
	pid_t pid;

	launch_daemon(place, prepare);
	pid = pidfile_read(place->pidfile);
	if (pid <= 0) {
		place_remove(place);
		errno = ESRCH;
		demo_fail("the launcher has ended, and no daemon is there");
	}
	return pid;
}

/* Start, look, stop: all there is to many of these demos. The exit status of main. */
static inline int start_look_stop(void (*prepare)(const struct place *))
{
	struct place place = place_new();
	pid_t pid = start_daemon(&place, prepare);

	demo_say("the launcher has ended; the daemon goes on");
	describe(pid);
	demo_ready();
	stop_daemon(pid);
	demo_say("the daemon was asked to stop, and has");
	place_remove(&place);
	return 0;
}

#endif

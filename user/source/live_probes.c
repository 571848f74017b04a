/* SPDX-License-Identifier: BSD-2-Clause
 *
 * --locks all: probes on the lock functions of glibc. A probe is on a place in a file, for whoever runs it: a process
 * that exec is about to make has no pid to name beforehand, and the children of a watched one must not run a single
 * call unseen. So other users of the same file pay for the breakpoint as well; the program there leaves at once.
 *
 * The file that lifeline's own C library is in gets its probes before CMD starts. Others, of containers or linked into
 * a program, get theirs when a watched process is met that has them mapped; what such a process called before is lost,
 * and told to be. */
#include "source/live_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bpf/abi/lock.h"
#include "symbol/symbol.h"

#define PLACES_MAX PROBE_PLACES
#define PATH_ROOM 4400
#define LOOKS_MAX 50 /* turns that a process may take to map its C library */
#define FILE_PROBED ((void *)1)
#define FILE_OTHER ((void *)2)

static const struct {
	const char *name;
	uint32_t call; /* enum probe_call; 0: tells that the file is glibc */
} functions[] = {
	{"pthread_mutex_lock", PROBE_MUTEX_LOCK},
	{"pthread_mutex_timedlock", PROBE_MUTEX_TIMED},
	{"pthread_mutex_clocklock", PROBE_MUTEX_TIMED},
	{"pthread_mutex_trylock", PROBE_MUTEX_TRY},
	{"pthread_mutex_unlock", PROBE_MUTEX_UNLOCK},
	{"pthread_rwlock_rdlock", PROBE_READ_LOCK},
	{"pthread_rwlock_timedrdlock", PROBE_READ_TIMED},
	{"pthread_rwlock_clockrdlock", PROBE_READ_TIMED},
	{"pthread_rwlock_tryrdlock", PROBE_READ_TRY},
	{"pthread_rwlock_wrlock", PROBE_WRITE_LOCK},
	{"pthread_rwlock_timedwrlock", PROBE_WRITE_TIMED},
	{"pthread_rwlock_clockwrlock", PROBE_WRITE_TIMED},
	{"pthread_rwlock_trywrlock", PROBE_WRITE_TRY},
	{"pthread_rwlock_unlock", PROBE_RWLOCK_UNLOCK},
	{"sem_wait", PROBE_SEM_WAIT},
	{"sem_timedwait", PROBE_SEM_TIMED},
	{"sem_clockwait", PROBE_SEM_TIMED | PROBE_LIMIT_IS_THIRD},
	{"sem_trywait", PROBE_SEM_TRY},
	{"sem_post", PROBE_SEM_POST},
	{"sem_init", PROBE_SEM_INIT},
	{"pthread_cond_wait", PROBE_COND_WAIT},
	{"pthread_cond_timedwait", PROBE_COND_WAIT},
	{"pthread_cond_clockwait", PROBE_COND_WAIT},
	{"gnu_get_libc_version", 0},
	{"__nptl_version", 0},
	{"__libc_setup_tls", 0}, /* linked statically, the others may be left out */
};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

/* ---- one file ----------------------------------------------------------------------------------------------- */

static bool tries(uint32_t call)
{
	return call == PROBE_MUTEX_TRY || call == PROBE_READ_TRY || call == PROBE_WRITE_TRY || call == PROBE_SEM_TRY;
}

static void add_place(struct live_places *places, uint64_t offset, uint32_t call)
{
	if (places->count == PROBE_PLACES)
		return;
	places->offsets[places->count] = offset;
	places->cookies[places->count++] = call;
}

/* Where glibc's lock functions are in this file; 0: it has none. The layout of other C libraries' locks is another. */
static int find_places(int descriptor, struct symbol_function *places)
{
	const char *names[FUNCTIONS + 1];
	bool glibc = false;
	int count;

	for (unsigned i = 0; i < FUNCTIONS; i++)
		names[i] = functions[i].name;
	names[FUNCTIONS] = NULL;
	count = symbol_functions(descriptor, names, places, PLACES_MAX);
	for (int i = 0; i < count; i++)
		glibc |= !functions[places[i].which].call;
	return glibc ? count : 0;
}

static int probe_places(struct probes *probes, const char *path, const struct symbol_function *places, int count)
{
	struct live_places calls = {0}, returns = {0};
	int result;

	for (int i = 0; i < count; i++) {
		const uint32_t call = functions[places[i].which].call;

		if (call)
			add_place(&calls, places[i].file_offset, call);
		if (tries(call))
			add_place(&returns, places[i].file_offset, call);
	}
	/* who has returned is not known to have called: the other way round a call would stay pending */
	result = live_bpf_probe(probes->bpf, path, &returns, true);
	return result ? result : live_bpf_probe(probes->bpf, path, &calls, false);
}

/* 1: it has probes now and had none before; 0: it had them, or has nothing to probe; or a negative errno. */
static int probe_file(struct probes *probes, const char *path)
{
	struct symbol_function places[PLACES_MAX];
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), count, result = 0;
	struct stat status;

	if (descriptor < 0)
		return -errno;
	if (fstat(descriptor, &status) || !S_ISREG(status.st_mode) ||
	    hash_get(&probes->files, status.st_dev, status.st_ino)) {
		close(descriptor);
		return 0;
	}
	count = find_places(descriptor, places);
	close(descriptor);
	if (count > 0)
		result = probe_places(probes, path, places, count);
	hash_put(&probes->files, status.st_dev, status.st_ino, count > 0 && !result ? FILE_PROBED : FILE_OTHER);
	if (result)
		return result;
	probes->probed += count > 0;
	return count > 0;
}

/* ---- a process' files --------------------------------------------------------------------------------------- */

static bool may_be_glibc(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return !strncmp(name, "libc.so", 7) || !strncmp(name, "libc-2.", 7) || !strncmp(name, "libpthread", 10);
}

enum outcome { NO_LIBRARY, KNOWN, NEW };

/* As the process sees it: it may have another root directory. */
static enum outcome probe_as_seen(struct probes *probes, uint32_t pid, const char *path)
{
	char seen[PATH_ROOM + 32];

	snprintf(seen, sizeof(seen), "/proc/%" PRIu32 "/root%s", pid, path);
	return probe_file(probes, seen) == 1 ? NEW : KNOWN;
}

static enum outcome probe_maps(struct probes *probes, uint32_t pid)
{
	char name[48], line[PATH_ROOM], flags[8];
	enum outcome outcome = NO_LIBRARY;
	int at;
	FILE *maps;

	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/maps", pid);
	maps = fopen(name, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		at = 0;
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%*s %7s %*s %*s %*s %n", flags, &at) != 1 || !at || flags[2] != 'x' ||
		    line[at] != '/' || !may_be_glibc(line + at))
			continue;
		if (probe_as_seen(probes, pid, line + at) == NEW)
			outcome = NEW;
		else if (outcome == NO_LIBRARY)
			outcome = KNOWN;
	}
	if (maps)
		fclose(maps);
	return outcome;
}

/* The program itself, if its C library is linked into it. */
static enum outcome probe_program(struct probes *probes, uint32_t pid)
{
	char path[48];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/exe", pid);
	if (probe_file(probes, path) == 1)
		return NEW;
	return !stat(path, &status) && hash_get(&probes->files, status.st_dev, status.st_ino) == FILE_PROBED
		   ? KNOWN
		   : NO_LIBRARY;
}

static enum outcome look(struct probes *probes, uint32_t pid)
{
	enum outcome outcome = probe_program(probes, pid);

	return outcome == NO_LIBRARY ? probe_maps(probes, pid) : outcome;
}

/* ---- as they come ------------------------------------------------------------------------------------------- */

struct late {
	uint64_t start_ns;
	uint32_t pid;
	unsigned looks;
};

static void look_later(struct probes *probes, uint32_t pid, uint64_t start_ns)
{
	struct late *late = hash_get(&probes->late, pid, start_ns);

	if (late) {
		late->looks = 0;
		return;
	}
	late = malloc(sizeof(*late));
	if (!late)
		return;
	*late = (struct late){.pid = pid, .start_ns = start_ns};
	if (hash_put(&probes->late, pid, start_ns, late))
		free(late);
}

/* A program that its C library is linked into has run since exec. It may be gone by now; its file mostly is not. */
static void look_at_program(struct probes *probes, const struct event *event)
{
	uint32_t length;
	const char *exe = EVENT_BLOB(event, exec, exe, &length);
	char path[PATH_ROOM];
	int result, start;

	if (!length || length > PATH_ROOM / 2)
		return;
	start = snprintf(path, sizeof(path), "/proc/%" PRIu32 "/root", event->pid);
	snprintf(path + start, sizeof(path) - (size_t)start, "%.*s", (int)length, exe);
	result = probe_file(probes, path);
	if (result < 0)
		result = probe_file(probes, path + start);
	probes->missed += result == 1;
}

void probes_event(struct probes *probes, const struct event *event)
{
	if (event->kind == EVENT_snap_process && ((const struct event_snap_process *)event)->scope == SCOPE_TARGET)
		look(probes, event->pid);
	if (event->kind == EVENT_exec) {
		look_at_program(probes, event);
		look_later(probes, event->pid, event->start_ns);
	}
	if (event->kind == EVENT_end && event_is_process_end(event))
		free(hash_remove(&probes->late, event->pid, event->start_ns));
}

/* Is it over with this one? */
static bool look_at_late(struct probes *probes, struct late *late)
{
	const enum outcome outcome = look(probes, late->pid);

	if (outcome == NEW)
		probes->missed++;
	return outcome != NO_LIBRARY || ++late->looks == LOOKS_MAX;
}

void probes_turn(struct probes *probes)
{
	size_t cursor = 0;
	struct late *late, *over[64];
	unsigned count = 0;

	while (count < 64 && (late = hash_next(&probes->late, &cursor)))
		if (look_at_late(probes, late))
			over[count++] = late;
	for (unsigned i = 0; i < count; i++) {
		hash_remove(&probes->late, over[i]->pid, over[i]->start_ns);
		free(over[i]);
	}
}

/* ---- begin, end ------------------------------------------------------------------------------------------------ */

/* CMD's file, as execvp will find it. */
static void probe_command(struct probes *probes, const char *command)
{
	const char *path = getenv("PATH");
	char file[PATH_ROOM];

	if (!command)
		return;
	if (strchr(command, '/') || !path) {
		probe_file(probes, command);
		return;
	}
	for (; *path; path += strcspn(path, ":"), path += *path == ':') {
		snprintf(file, sizeof(file), "%.*s/%s", (int)strcspn(path, ":"), path, command);
		if (!access(file, X_OK)) {
			probe_file(probes, file);
			return;
		}
	}
}

int probes_begin(struct probes *probes, struct live_bpf *bpf, const char *command, struct error *error)
{
	char line[PATH_ROOM], *path;
	FILE *maps = fopen("/proc/self/maps", "re");
	int result = 0;

	probes->bpf = bpf;
	while (maps && result >= 0 && fgets(line, sizeof(line), maps)) {
		line[strcspn(line, "\n")] = '\0';
		path = strchr(line, '/');
		if (path && may_be_glibc(path))
			result = probe_file(probes, path);
	}
	if (maps)
		fclose(maps);
	if (result < 0) {
		error_errno(error, result, "cannot put probes on the C library's lock functions");
		error_hint(error, "uprobes need root (CAP_SYS_ADMIN) and a kernel with CONFIG_UPROBE_EVENTS; --locks "
				  "contended needs neither");
		return result;
	}
	probe_command(probes, command);
	return 0;
}

void probes_free(struct probes *probes)
{
	struct late *late;
	size_t cursor = 0;

	while ((late = hash_next(&probes->late, &cursor)))
		free(late);
	hash_free(&probes->late);
	hash_free(&probes->files);
}

/* ---- what it costs -------------------------------------------------------------------------------------------- */

#define LOOPS 400
#define ROUNDS 5

static uint64_t lock_loop_ns(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct timespec begin, end;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < LOOPS; i++) {
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (uint64_t)(end.tv_sec - begin.tv_sec) * 1000000000ULL + (uint64_t)end.tv_nsec - (uint64_t)begin.tv_nsec;
}

/* Of one call, the quickest of some rounds: what is slower than that is not the probe's doing. Without one a call takes
 * a few ns, which is beneath notice here. */
static uint64_t call_ns(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		const uint64_t one = lock_loop_ns() / (2 * LOOPS);

		least = one < least ? one : least;
	}
	return least;
}

/* A child that is watched for as long as it measures. */
static uint64_t watched_call_ns(struct probes *probes)
{
	uint64_t result = 0;
	int answer[2];
	pid_t child;

	if (pipe2(answer, O_CLOEXEC))
		return 0;
	live_bpf_mark(probes->bpf, probes->bpf->shared->self_tgid, IN_SCOPE_SPAWNER | IN_SCOPE_RELATIVE);
	child = fork();
	if (!child) {
		result = call_ns();
		_exit(write(answer[1], &result, sizeof(result)) != sizeof(result));
	}
	live_bpf_mark(probes->bpf, probes->bpf->shared->self_tgid, IN_SCOPE_RELATIVE);
	close(answer[1]);
	if (child > 0 && read(answer[0], &result, sizeof(result)) != sizeof(result))
		result = 0;
	close(answer[0]);
	if (child > 0)
		waitpid(child, NULL, 0);
	return result;
}

void probes_measure(struct probes *probes, uint64_t *watched_ns, uint64_t *other_ns)
{
	*other_ns = call_ns();
	*watched_ns = watched_call_ns(probes);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What files for pids hold. Their paths come from the events of those who opened them, or from where such files are
 * kept; a path is a stranger's text, so what it leads to is asked what it is before it is opened for reading. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "source/live_sessions.h"

#define FILES_MOST 256
#define SOON_NS 50000000ULL /* after it was opened: it will have been written by then */
#define AFTER_EXIT_NS                                                                                                  \
	250000000ULL /* whoever started a daemon removes its pidfile after its end, if the daemon does not */
#define LINE_MOST 32
#define SEARCH_MOST 512 /* files read in one search */
#define SECOND_NS 1000000000ULL
#define TICK_LATE_NS 100000000ULL

struct reading { /* what was seen */
	uint64_t inode, modified_ns, slack_ns;
	uint32_t state, holds, alive;
};

struct file { /* that was told of */
	char *path;
	struct event actor; /* who opened it last: the head alone */
	uint32_t mntns;
	uint64_t due_ns; /* 0: none */
	bool told;
	struct reading last;
};

struct pidfiles {
	struct file files[FILES_MOST];
	unsigned count;
	uint32_t own_mntns;
};

static uint32_t own_mount_namespace(void)
{
	struct stat status;

	return stat("/proc/self/ns/mnt", &status) ? 0 : (uint32_t)status.st_ino;
}

static struct pidfiles *pidfiles_of(struct sessions *sessions)
{
	if (sessions->pidfiles)
		return sessions->pidfiles;
	sessions->pidfiles = calloc(1, sizeof(*sessions->pidfiles));
	if (sessions->pidfiles)
		sessions->pidfiles->own_mntns = own_mount_namespace();
	else
		sessions->out_of_memory = true;
	return sessions->pidfiles;
}

/* ---- which ------------------------------------------------------------------------------------------------ */

static struct file *find(struct pidfiles *pidfiles, const char *path, uint32_t mntns)
{
	for (unsigned i = 0; i < pidfiles->count; i++)
		if (pidfiles->files[i].mntns == mntns && !strcmp(pidfiles->files[i].path, path))
			return &pidfiles->files[i];
	return NULL;
}

/* Takes `path`, which is the caller's no more. NULL: there are too many, or no memory. */
static struct file *find_or_add(struct pidfiles *pidfiles, char *path, uint32_t mntns)
{
	struct file *file = path ? find(pidfiles, path, mntns) : NULL;

	if (file || !path || pidfiles->count == FILES_MOST) {
		free(path);
		return file;
	}
	file = &pidfiles->files[pidfiles->count++];
	*file = (struct file){.path = path, .mntns = mntns};
	return file;
}

/* The absolute path of a name that may be relative to a directory; NULL unknown. */
static char *join(const char *directory, uint32_t directory_length, const char *name, uint32_t length)
{
	char *path;

	if (!length || (*name != '/' && !directory_length) || length + directory_length >= PATH_MAX)
		return NULL;
	if (*name == '/')
		return strndup(name, length);
	while (length > 2 && name[0] == '.' && name[1] == '/') {
		name += 2;
		length -= 2;
	}
	if (asprintf(&path, "%.*s%s%.*s", (int)directory_length, directory,
		     directory[directory_length - 1] == '/' ? "" : "/", (int)length, name) < 0)
		return NULL;
	return path;
}

static void note_file(struct sessions *sessions, const struct event *event, char *path, uint32_t mntns, uint64_t due_ns)
{
	struct pidfiles *pidfiles = pidfiles_of(sessions);
	struct file *file;

	if (!pidfiles) {
		free(path);
		return;
	}
	file = find_or_add(pidfiles, path, mntns);
	if (!file)
		return;
	file->actor = *event;
	if (!file->due_ns || due_ns < file->due_ns)
		file->due_ns = due_ns;
}

static void note_open(struct sessions *sessions, const struct event_open *open)
{
	const bool writes = (open->flags & O_ACCMODE) != O_RDONLY;
	uint32_t length;
	const char *path = EVENT_BLOB(open, open, path, &length);

	if (open->kind == DESCRIPTOR_FILE && length && open->descriptor > 2)
		note_file(sessions, &open->h, strndup(path, length), open->mntns,
			  open->h.t_ns + (writes ? SOON_NS : 0));
}

static void note_move(struct sessions *sessions, const struct event_move *move)
{
	uint32_t length, directory_length;
	const char *to = EVENT_BLOB(move, move, to, &length);
	const char *directory = EVENT_BLOB(move, move, directory, &directory_length);

	note_file(sessions, &move->h, join(directory, directory_length, to, length), move->mntns, move->h.t_ns);
}

static void note_exit(struct pidfiles *pidfiles, const struct event *event)
{
	for (unsigned i = 0; i < pidfiles->count; i++)
		if (pidfiles->files[i].told && pidfiles->files[i].last.holds == event->pid) {
			pidfiles->files[i].due_ns = event->t_ns + AFTER_EXIT_NS;
			pidfiles->files[i].told = false; /* that nothing has changed is told, too */
		}
}

void pidfiles_event(struct sessions *sessions, const struct event *event)
{
	if (event->kind == EVENT_open)
		note_open(sessions, (const void *)event);
	else if (event->kind == EVENT_move)
		note_move(sessions, (const void *)event);
	else if (event->kind == EVENT_exit && sessions->pidfiles && ((const struct event_exit *)event)->group_dead)
		note_exit(sessions->pidfiles, event);
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

/* A directory that the path is to be followed from: the root of our own mount namespace, or of the actor's. */
static int open_root(const struct pidfiles *pidfiles, const struct live_bpf *bpf, const struct file *file)
{
	char path[48] = "/";

	if (file->mntns != pidfiles->own_mntns) {
		if (bpf->shared->self_level)
			return -1; /* its pid is not the one in our /proc */
		snprintf(path, sizeof(path), "/proc/%" PRIu32 "/root", file->actor.pid);
	}
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Opened in a way that does nothing to it, whatever it is. */
static int open_quietly(int root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
			       .resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_IN_ROOT};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* A number alone, with white space around it. 0: something else. */
static uint32_t parse(const char *text)
{
	unsigned long value;
	char *end;

	while (*text == ' ' || *text == '\t')
		text++;
	if (*text < '0' || *text > '9')
		return 0;
	value = strtoul(text, &end, 10);
	while (*end == ' ' || *end == '\t' || *end == '\n' || *end == '\r')
		end++;
	return !*end && value <= INT32_MAX ? (uint32_t)value : 0;
}

static void read_number(struct reading *reading, int quiet)
{
	char path[48], text[LINE_MOST + 1];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", quiet);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return;
	length = read(fd, text, LINE_MOST);
	close(fd);
	if (length < 0)
		return;
	text[length] = '\0';
	reading->state = PIDFILE_PRESENT;
	reading->holds = parse(text);
}

static uint64_t nanoseconds(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * SECOND_NS + (uint64_t)time->tv_nsec;
}

/* File systems stamp with the time of the last timer tick: a write came after that, by a tick, and by more if the
 * processor that keeps time was late (one of a virtual machine may not run: 5 ms were seen). Then from the
 * wall clock, which is set and corrected, to the one that events use, as they differ now. What passes between reading
 * the one and the other (we may lose the processor there) makes the stamp early by as much, so it is slack as well. */
static void read_stamp(struct reading *reading, const struct stat *status)
{
	struct timespec wall, tick;
	uint64_t now_ns = live_clock(), age_ns, passed_ns;

	clock_gettime(CLOCK_REALTIME, &wall);
	passed_ns = live_clock() - now_ns;
	clock_getres(CLOCK_REALTIME_COARSE, &tick);
	if (nanoseconds(&status->st_mtim) > nanoseconds(&wall))
		return;
	age_ns = nanoseconds(&wall) - nanoseconds(&status->st_mtim);
	if (age_ns >= now_ns)
		return; /* before this machine was started */
	reading->modified_ns = now_ns - age_ns;
	reading->slack_ns = nanoseconds(&tick) + TICK_LATE_NS + passed_ns;
}

static struct reading read_at(int root, const char *path)
{
	struct reading reading = {.state = PIDFILE_UNREADABLE, .alive = 2};
	struct stat status;
	int quiet = open_quietly(root, path);

	if (quiet < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			reading.state = PIDFILE_ABSENT;
		return reading;
	}
	if (!fstat(quiet, &status) && S_ISREG(status.st_mode)) {
		reading.inode = status.st_ino;
		read_number(&reading, quiet);
		/* behind it: a stamp that is older than the number would make a new number look old */
		if (!fstat(quiet, &status))
			read_stamp(&reading, &status);
	}
	close(quiet);
	return reading;
}

/* A zombie does nothing any more, however long its parent takes to collect it. */
static uint32_t is_alive(uint32_t pid)
{
	char path[48], text[128] = "";
	const char *behind_name;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fread(text, 1, sizeof(text) - 1, file))
		text[0] = '\0';
	fclose(file);
	behind_name = strrchr(text, ')');
	return behind_name && strncmp(behind_name, ") Z", 3) && strncmp(behind_name, ") X", 3);
}

/* ---- telling ------------------------------------------------------------------------------------------------- */

static void tell(const struct event *actor, const char *path, uint32_t mntns, const struct reading *reading,
		 record_fn record, void *context)
{
	struct event_builder *builder = calloc(1, sizeof(*builder));
	struct event_pidfile_look *look;

	if (!builder)
		return;
	event_build(builder, event_info(EVENT_pidfile_look));
	look = (struct event_pidfile_look *)builder->bytes;
	look->h.t_ns = live_clock();
	look->h.pid = actor->pid;
	look->h.tid = actor->pid;
	look->h.start_ns = actor->start_ns;
	memcpy(look->h.comm, actor->comm, sizeof(look->h.comm));
	look->inode = reading->inode;
	look->modified_ns = reading->modified_ns;
	look->slack_ns = reading->slack_ns;
	look->state = reading->state;
	look->holds = reading->holds;
	look->alive = reading->alive;
	look->mntns = mntns;
	event_build_bytes(builder, "path", path, strnlen(path, PATH_MAX_LEN - 1));
	record(context, look, look->h.size);
	free(builder);
}

static bool differs(const struct reading *a, const struct reading *b)
{
	return a->state != b->state || a->holds != b->holds || a->alive != b->alive || a->inode != b->inode ||
	       a->modified_ns / SECOND_NS != b->modified_ns / SECOND_NS;
}

static void look_at(struct pidfiles *pidfiles, const struct live_bpf *bpf, struct file *file, record_fn record,
		    void *context)
{
	struct reading reading = {.state = PIDFILE_UNREADABLE, .alive = 2};
	int root = open_root(pidfiles, bpf, file);

	file->due_ns = 0;
	if (root >= 0)
		reading = read_at(root, file->path);
	if (root >= 0)
		close(root);
	if (reading.holds && file->mntns == pidfiles->own_mntns)
		reading.alive = is_alive(reading.holds);
	if (file->told && !differs(&file->last, &reading))
		return;
	file->told = true;
	file->last = reading;
	tell(&file->actor, file->path, file->mntns, &reading, record, context);
}

void pidfiles_look(struct sessions *sessions, const struct live_bpf *bpf, uint64_t now_ns, bool all, record_fn record,
		   void *context)
{
	struct pidfiles *pidfiles = sessions->pidfiles;

	for (unsigned i = 0; pidfiles && i < pidfiles->count; i++)
		if (all || (pidfiles->files[i].due_ns && pidfiles->files[i].due_ns <= now_ns))
			look_at(pidfiles, bpf, &pidfiles->files[i], record, context);
}

bool pidfiles_due(const struct sessions *sessions)
{
	for (unsigned i = 0; sessions->pidfiles && i < sessions->pidfiles->count; i++)
		if (sessions->pidfiles->files[i].due_ns)
			return true;
	return false;
}

/* ---- searching ------------------------------------------------------------------------------------------------ */

struct search {
	struct sessions *sessions;
	const struct live_bpf *bpf;
	record_fn record;
	void *context;
	unsigned left;
};

static const struct candidate *with_pid(const struct sessions *sessions, uint32_t pid)
{
	const struct candidate *candidate;
	size_t cursor = 0;

	while ((candidate = hash_next(&sessions->candidates, &cursor)))
		if (candidate->pid == pid)
			return candidate;
	return NULL;
}

static void try_file(struct search *search, int directory, const char *parent, const char *name)
{
	const struct reading reading = read_at(directory, name);
	const struct candidate *candidate = reading.holds ? with_pid(search->sessions, reading.holds) : NULL;
	struct file *file;
	char *path;

	search->left--;
	if (!candidate || asprintf(&path, "%s/%s", parent, name) < 0)
		return;
	file = find_or_add(search->sessions->pidfiles, path, search->sessions->pidfiles->own_mntns);
	if (!file)
		return;
	file->actor = (struct event){.pid = candidate->pid, .start_ns = candidate->start_ns};
	look_at(search->sessions->pidfiles, search->bpf, file, search->record, search->context);
}

static bool is_pidfile_name(const char *name)
{
	size_t length = strlen(name);

	return (length > 4 && !strcmp(name + length - 4, ".pid")) || !strcmp(name, "pid");
}

/* This directory, and those in it if `deeper`. */
/* NOLINTNEXTLINE(misc-no-recursion): one level deep */
static void search_in(struct search *search, const char *path, bool deeper)
{
	DIR *listing = opendir(path);
	struct dirent *entry;
	char below[PATH_MAX];

	while (listing && search->left && (entry = readdir(listing))) {
		if (entry->d_type == DT_REG && is_pidfile_name(entry->d_name))
			try_file(search, dirfd(listing), path, entry->d_name);
		if (entry->d_type != DT_DIR || !deeper || entry->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		search_in(search, below, false);
	}
	if (listing)
		closedir(listing);
}

void pidfiles_search(struct sessions *sessions, const struct live_bpf *bpf, record_fn record, void *context)
{
	struct search search = {
	    .sessions = sessions, .bpf = bpf, .record = record, .context = context, .left = SEARCH_MOST};

	/* pids in those files are those of our own namespace; candidates are known by those of the initial one */
	if (!sessions->candidates.count || bpf->shared->self_level || !pidfiles_of(sessions))
		return;
	search_in(&search, "/run", true);
}

void pidfiles_free(struct sessions *sessions)
{
	for (unsigned i = 0; sessions->pidfiles && i < sessions->pidfiles->count; i++)
		free(sessions->pidfiles->files[i].path);
	free(sessions->pidfiles);
	sessions->pidfiles = NULL;
}

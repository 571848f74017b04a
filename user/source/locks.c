/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See locks.h. The processes that matter are found by following who holds what: from the one that was asked for to
 * those that hold what its threads wait for, or share its locks. All are looked at twice, as only what has not moved in
 * between is stuck. */
#include "source/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "source/begin.h"
#include "source/live_internal.h"
#include "source/locks_internal.h"
#include "source/privilege.h"

#define PROCESSES_MAX 32
#define BETWEEN_LOOKS_NS 30000000
#define CONTENDED_AFTER_NS 10000000ULL
#define ZOMBIE_AFTER_NS 1000000000ULL

struct locks_source {
	struct source source;
	struct locks_options *options;
	struct live_bpf bpf;
	struct census census; /* all processes */
	struct locks *locks;
	const struct event_snap_process *chain[PROCESSES_MAX]; /* looked at; the first was asked for */
	unsigned chain_count;
	uint64_t begin_ns, realtime_ns;
	record_fn record;
	void *context;
	int result;
	bool told;
};

/* ---- processes ------------------------------------------------------------------------------------------ */

static const struct event_snap_process *find(const struct locks_source *source, uint32_t pid)
{
	for (size_t i = 0; i < source->census.snap_count; i++)
		if (source->census.snaps[i].h.pid == pid)
			return &source->census.snaps[i];
	return NULL;
}

/* The process that lifeline's user calls so. */
static const struct event_snap_process *find_asked(const struct locks_source *source)
{
	const struct census *census = &source->census;
	const uint32_t pid = (uint32_t)source->options->pid;

	if (!census->self_level)
		return find(source, pid);
	for (size_t i = 0; i < census->snap_count; i++)
		if (census->snaps[i].nspid == pid && census->snaps[i].pidns == census->self_pidns)
			return &census->snaps[i];
	return NULL;
}

/* Is it looked at, or will it be? */
static bool follow(struct locks_source *source, uint32_t pid)
{
	const struct event_snap_process *process = find(source, pid);

	for (unsigned i = 0; i < source->chain_count; i++)
		if (source->chain[i] == process)
			return true;
	if (!process || process->dead || source->chain_count == PROCESSES_MAX)
		return false;
	source->chain[source->chain_count++] = process;
	return true;
}

/* ---- telling ---------------------------------------------------------------------------------------------- */

static int pass(void *context, const void *record, size_t available)
{
	struct locks_source *source = context;

	if (source->result >= 0)
		source->result = source->record(source->context, record, available);
	return 0;
}

static void tell_begin(struct locks_source *source)
{
	static struct event_builder builder;
	const struct begin_facts facts = {.begin_ns = source->begin_ns,
					  .realtime_ns = source->realtime_ns,
					  .zombie_after_ns = ZOMBIE_AFTER_NS,
					  .contended_after_ns = CONTENDED_AFTER_NS,
					  .mode = MODE_SNAPSHOT,
					  .target = source->chain[0]->h.pid,
					  .self_pid = source->census.self_pid,
					  .self_pidns = source->census.self_pidns};
	const struct event *event = begin_build(&builder, &facts);

	pass(source, event, event->size);
}

static void tell_finish(struct locks_source *source)
{
	struct event_finish finish = {.h = {.kind = EVENT_finish, .size = sizeof(finish), .t_ns = live_clock()},
				      .ended_by = ENDED_DURATION,
				      .exit_status = -1};

	finish.h.pid = finish.h.tid = source->census.self_pid;
	memcpy(finish.h.comm, "lifeline", 9);
	pass(source, &finish, sizeof(finish));
}

static void tell_process(struct locks_source *source, const struct event_snap_process *process)
{
	struct event_snap_process snap = *process;

	snap.scope = SCOPE_TARGET;
	live_snapshot_add_texts(&snap, pass, source);
	locks_event(source->locks, &snap.h);
}

static void tell_threads(struct locks_source *source, const struct seen_threads *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct raw_thread_look *raw = &list->items[i].raw;
		struct event_snap_thread thread = {.h = raw->h, .thread_start = raw->born_ns, .nstid = raw->nstid};

		thread.h.kind = EVENT_snap_thread;
		thread.h.size = sizeof(thread);
		pass(source, &thread, sizeof(thread));
		locks_event(source->locks, &thread.h);
	}
}

/* ---- looks --------------------------------------------------------------------------------------------------- */

static int collect(void *context, const void *record, size_t available)
{
	const struct event *event = record;
	struct seen_thread seen = {0};

	if (event->kind != RAW_THREAD_LOOK || available < sizeof(seen.raw))
		return 0;
	memcpy(&seen.raw, record, sizeof(seen.raw));
	return seen_add(context, &seen);
}

static int collect_threads(struct locks_source *source, const struct event_snap_process *process,
			   struct seen_threads *list)
{
	int result;

	if (source->options->from_proc)
		return threads_by_proc(process->h.pid, process->h.start_ns, list);
	source->bpf.shared->look_pid = process->h.pid;
	result = live_bpf_iterate(&source->bpf, ITERATE_THREADS, collect, list);
	if (!result && (!list->count || list->items[0].raw.h.start_ns != process->h.start_ns))
		return -ESRCH;
	return result;
}

static unsigned follow_all(struct locks_source *source, struct look_result *result, uint32_t pid)
{
	unsigned outsiders = 0;

	locks_find_sharers(result, pid);
	for (unsigned i = 0; i < result->other_count; i++)
		outsiders += !follow(source, result->others[i]);
	for (unsigned i = 0; i < result->sharer_count; i++)
		outsiders += !follow(source, result->sharers[i]);
	return outsiders;
}

static int look_at(struct locks_source *source, const struct event_snap_process *process, bool first)
{
	struct seen_threads list = {0};
	struct look_result result;
	int err = collect_threads(source, process, &list);

	if (!err) {
		if (first) {
			tell_process(source, process);
			tell_threads(source, &list);
		}
		locks_tell_looks(source->locks, &list, &result);
		locks_tell_done(source->locks, &process->h, &result, follow_all(source, &result, process->h.pid));
	}
	free(list.items);
	return err;
}

static int refuse_to_look(const struct locks_source *source, const char *attempt, struct error *error)
{
	const char *missing = privilege_cost_of_others();

	error_set(error, -EACCES, "cannot %s of process %d: permission denied", attempt, (int)source->options->pid);
	if (missing)
		error_hint(error, "run lifeline as root, as the process' own user, or with what is missing: %.*s",
			   (int)strcspn(missing, ":"), missing);
	else
		error_hint(error,
			   "a security module (yama, SELinux, AppArmor) may forbid it; 'lifeline doctor' tells more");
	return -EACCES;
}

static int look_at_all(struct locks_source *source, bool first, struct error *error)
{
	for (unsigned i = 0; i < source->chain_count; i++) {
		const int err = look_at(source, source->chain[i], first);

		if (err == -EACCES && !i)
			return refuse_to_look(source, "read the system calls", error);
		if (err && !i)
			return error_errno(error, err, "cannot look at process %d", (int)source->options->pid);
	}
	return 0;
}

static int pump(struct source *base, record_fn record, void *context, struct error *error)
{
	struct locks_source *source = (struct locks_source *)base;
	int result;

	if (source->told)
		return 0;
	source->told = true;
	source->record = record;
	source->context = context;
	tell_begin(source);
	result = look_at_all(source, true, error);
	if (!result) {
		nanosleep(&(struct timespec){.tv_nsec = BETWEEN_LOOKS_NS}, NULL);
		/* that it ended in between is told by its absence */
		look_at_all(source, false, NULL);
	}
	tell_finish(source);
	return result ? result : source->result < 0 ? source->result : 0;
}

/* ---- open and close --------------------------------------------------------------------------------------------- */

static void close_locks(struct source *base)
{
	struct locks_source *source = (struct locks_source *)base;

	locks_free(source->locks);
	live_bpf_unload(&source->bpf);
	census_free(&source->census);
	free(source);
}

static const struct source_ops locks_ops = {.pump = pump, .close = close_locks, .reorder_ns = 5000000};

static int add_process(void *context, const void *record, size_t available)
{
	const struct event *event = record;

	if (event->kind == EVENT_snap_process && available >= sizeof(struct event_snap_process))
		return census_add_snap(context, record);
	return 0;
}

static int ask_kernel(struct locks_source *source, struct error *error)
{
	const struct live_plan plan = {.watch_all = true, .only_looks = true, .begin_ns = live_clock()};
	int result = live_bpf_load(&source->bpf, &plan, error);

	if (result)
		return result;
	source->census.self_pid = source->bpf.shared->self_tgid;
	source->census.self_pidns = source->bpf.shared->self_pidns;
	source->census.self_level = source->bpf.shared->self_level;
	result = live_bpf_iterate(&source->bpf, ITERATE_ALL, add_process, &source->census);
	return result ? error_errno(error, result, "cannot list the processes") : 0;
}

static int list_processes(struct locks_source *source, struct error *error)
{
	struct locks_options *options = source->options;

	if (!options->without_bpf) {
		if (!ask_kernel(source, &options->refused))
			return 0;
		census_free(&source->census);
	}
	options->from_proc = true;
	return census_by_proc(&source->census, error);
}

static int check_asked(struct locks_source *source, struct error *error)
{
	const struct event_snap_process *process = find_asked(source);
	const int pid = (int)source->options->pid;

	if (!process) {
		error_set(error, -ESRCH, "cannot look at process %d: there is no such process", pid);
		error_hint(error, "it may have ended; `ps -p %d` shows what there is", pid);
		return -ESRCH;
	}
	if (process->dead == 1) {
		error_set(error, -ESRCH, "cannot look at process %d: it has ended and only waits to be reaped", pid);
		error_hint(error, "`lifeline zombies` tells who owes the wait");
		return -ESRCH;
	}
	source->chain[source->chain_count++] = process;
	return 0;
}

/* Without the right to read its memory nothing could be told but what ps tells. Asked of an address that nobody has:
 * the kernel looks at rights first (mm/process_vm_access.c). */
static int check_memory(const struct locks_source *source, struct error *error)
{
	char byte;
	struct iovec here = {&byte, 1}, there = {NULL, 1};
	const struct event_snap_process *process = source->chain[0];

	if (process_vm_readv((pid_t)process->h.pid, &here, 1, &there, 1, 0) >= 0 || errno == EFAULT || errno == EINVAL)
		return 0;
	if (errno == ESRCH)
		return 0; /* a kernel thread has no memory; one that is gone is found to be so by the look */
	return refuse_to_look(source, "read the memory", error);
}

/* /proc shows it to the process' own user, or with CAP_DAC_READ_SEARCH. */
static int check_calls(const struct locks_source *source, struct error *error)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/syscall", source->chain[0]->h.pid);
	if (!source->options->from_proc || !faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) || errno != EACCES)
		return 0;
	return refuse_to_look(source, "read the system calls", error);
}

int source_locks_open(struct locks_options *options, struct source **result, struct error *error)
{
	struct locks_source *source = calloc(1, sizeof(*source));
	struct timespec now;
	int err;

	*result = NULL;
	if (!source)
		return error_errno(error, -ENOMEM, "cannot look at the process");
	source->source.ops = &locks_ops;
	source->options = options;
	source->bpf.iterator_link = -1;
	clock_gettime(CLOCK_REALTIME, &now);
	source->realtime_ns = (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
	source->begin_ns = live_clock();
	source->locks = locks_new(&source->bpf, pass, source);
	err = source->locks ? list_processes(source, error) : error_errno(error, -ENOMEM, "cannot look at the process");
	if (!err)
		err = check_asked(source, error);
	if (!err)
		err = check_memory(source, error);
	if (!err)
		err = check_calls(source, error);
	if (err) {
		close_locks(&source->source);
		return err;
	}
	*result = &source->source;
	return 0;
}

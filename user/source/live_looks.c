/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looks at processes whose threads have been waiting for long: what each of their threads is doing, what it waits for
 * and who holds that now. A hang shows only to who looks twice: what has not run in between, and waits for the same,
 * will not move by itself. Nothing is stopped: registers come from the kernel, words and stacks are read while the
 * threads sleep, and one that has moved meanwhile has a higher count of switches at the next look. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "source/live_internal.h"
#include "source/live_looks.h"

#define LONG_WAIT_NS 300000000ULL
#define PASS_EVERY_NS 250000000ULL
#define PASS_SHARE 100 /* looking for long waits, and looks, take at most this part of the time */
#define SECOND_LOOK_NS 30000000ULL
#define FIRST_STEP_NS 500000000ULL
#define IDLE_STEP_NS 5000000000ULL
#define LAST_STEP_NS 30000000000ULL
#define STACK_MAX 32768

#define CALL_FCNTL SYS_fcntl
#define CALL_FLOCK SYS_flock
#define CALL_FUTEX SYS_futex
#define CALL_RESTART SYS_restart_syscall
#define CALL_FUTEX_WAITV 449 /* the same everywhere */
#define CALL_FUTEX_WAIT 455
#define FCNTL_WAIT 7            /* F_SETLKW */
#define FCNTL_WAIT_OPEN_FILE 38 /* F_OFD_SETLKW */
#define FUTEX_COMMAND 0x7f
#define FUTEX_PRIVATE 128

/* ---- reading another process ---------------------------------------------------------------------------- */

/* Signals that the program has handlers for. glibc's own, for cancelling threads and for setuid in all of them, are
 * none that a program hears of. */
#define OWN_TO_LIBC (3ULL << 31)

static uint64_t read_handlers(uint32_t pid)
{
	char path[48], line[256];
	unsigned long long mask = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "SigCgt: %llx", &mask) == 1)
			break;
	if (file)
		fclose(file);
	return mask & ~OWN_TO_LIBC;
}

/* ---- one thread ---------------------------------------------------------------------------------------------- */

struct look { /* in progress, at one process */
	struct locks *locks;
	struct look_result *result;
	uint64_t handlers;
	unsigned char stack[STACK_MAX];
};

static bool is_blocked(const struct raw_thread_look *raw)
{
	return raw->state == 'S' || raw->state == 'D' || raw->state == 'T' || raw->state == 't';
}

static int32_t call_of(const struct raw_thread_look *raw)
{
	const int64_t number = raw->call;

	return is_blocked(raw) && number >= 0 && number < SYSCALL_TABLE_SIZE ? (int32_t)number : -1;
}

static bool is_futex_wait(uint32_t op)
{
	const uint32_t command = op & FUTEX_COMMAND;

	return command == 0 || command == 6 || command == 9 || command == 11 || command == 13;
}

struct futex2_waiter { /* struct futex_waitv */
	uint64_t val, address;
	uint32_t flags, reserved;
};

/* What the call waits for, as bpf/lib/lock.bpf.h reads it: false if it is none that waits for a lock. */
static bool read_call(const struct raw_thread_look *raw, struct lock_waited *waited, bool *timed)
{
	const uint64_t *regs = (const uint64_t *)(const void *)raw->registers;
	struct futex2_waiter first;

	*waited = (struct lock_waited){.space = raw->space, .address = regs[AT_FIRST], .sp = regs[AT_SP]};
	switch (raw->compat ? -1 : call_of(raw)) {
	case CALL_FUTEX:
	case CALL_RESTART:
		waited->op = (uint32_t)regs[AT_SECOND];
		waited->val = (uint32_t)regs[AT_THIRD];
		*timed = regs[AT_FOURTH] != 0;
		/* restart_syscall keeps the registers of whatever call it goes on with */
		return is_futex_wait(waited->op) && (call_of(raw) == CALL_FUTEX || (raw->since_ns && regs[AT_FOURTH]));
	case CALL_FUTEX_WAIT:
		waited->op = 9 | ((uint32_t)regs[AT_FOURTH] & FUTEX_PRIVATE);
		waited->val = (uint32_t)regs[AT_SECOND];
		*timed = regs[AT_FIFTH] != 0;
		return true;
	case CALL_FUTEX_WAITV:
		if (live_read_memory(raw->h.pid, regs[AT_FIRST], &first, sizeof(first)) != sizeof(first))
			return false;
		waited->address = first.address;
		waited->op = 9 | (first.flags & FUTEX_PRIVATE);
		waited->val = (uint32_t)first.val;
		*timed = regs[AT_FOURTH] != 0;
		return true;
	}
	return false;
}

/* In a call that waits for a lock on a file? Then what is known of it stands in /proc/locks. */
static bool read_file_call(const struct raw_thread_look *raw, struct lock_waited *waited, uint32_t *words)
{
	const uint32_t descriptor = (uint32_t)raw->registers[AT_FIRST], command = (uint32_t)raw->registers[AT_SECOND];
	const int32_t call = raw->compat ? -1 : call_of(raw);
	const bool posix = call == CALL_FCNTL && (command == FCNTL_WAIT || command == FCNTL_WAIT_OPEN_FILE);
	struct file_lock_wait file;

	if ((!posix && call != CALL_FLOCK) || !file_lock_waited(raw->h.pid, descriptor, posix, &file))
		return false;
	memset(words, 0, LOCK_WORDS * sizeof(*words));
	words[0] = descriptor;
	*waited = (struct lock_waited){.space = raw->space,
				       .address = file.inode,
				       .op = posix ? LOCK_OP_POSIX : LOCK_OP_FLOCK,
				       .val = file.device,
				       .owner = file.holder};
	return true;
}

/* Where the thread is. That of one that has not run since the last look is known. */
static const struct site *place_of(struct look *look, const struct lock_actor *actor, const struct seen_thread *seen)
{
	const struct raw_thread_look *raw = &seen->raw;
	struct remembered_thread *known = hash_get(&look->locks->looks.threads, actor->tid, actor->start_ns);
	struct symbol_registers registers;
	const struct site *site;
	size_t size;

	if (!is_blocked(raw) || raw->compat)
		return NULL;
	if (known && known->switches == raw->switches && known->call == (uint64_t)raw->call)
		return known->site;
	if (seen->pair)
		symbol_registers_pair(&registers, raw->registers[AT_IP], raw->registers[AT_SP]);
	else if (symbol_registers_saved(&registers, raw->registers, sizeof(raw->registers)))
		return NULL;
	size = live_read_memory(actor->pid, registers.sp, look->stack, sizeof(look->stack));
	site = locks_place(look->locks, actor, &registers, look->stack, size);
	if (!known && site && (known = malloc(sizeof(*known)))) {
		if (hash_put(&look->locks->looks.threads, actor->tid, actor->start_ns, known)) {
			free(known);
			return site;
		}
	}
	if (known)
		*known = (struct remembered_thread){
		    .switches = raw->switches, .call = (uint64_t)raw->call, .site = site};
	return site;
}

static void note_shared(struct look_result *result, const struct lock_entry *lock)
{
	if (!lock->shared || lock->kind == LOCK_FILE)
		return;
	for (unsigned i = 0; i < result->shared_count; i++)
		if (result->shared[i] == lock)
			return;
	if (result->shared_count < LOOK_SHARED_MAX)
		result->shared[result->shared_count++] = lock;
	else
		result->whole = false;
}

static void note_holder(struct look_result *result, const struct lock_holder *holder, uint32_t pid)
{
	if (holder->known != HOLDER_THREAD || holder->pid == pid)
		return;
	for (unsigned i = 0; i < result->other_count; i++)
		if (result->others[i] == holder->pid)
			return;
	if (result->other_count < LOOK_OTHERS_MAX)
		result->others[result->other_count++] = holder->pid;
}

static bool is_work_waiting(uint32_t kind)
{
	return kind == LOCK_CONDVAR || kind == LOCK_JOIN || kind == LOCK_BARRIER;
}

static void mix_in(struct look_result *result, uint64_t word)
{
	result->signature = (result->signature ^ word) * 1099511628211ULL;
}

struct thread_wait_seen {
	struct lock_entry *lock;
	struct lock_holder holder;
	bool timed;
};

/* What it waits for, with the words of memory there. False: for nothing of the kind. */
static bool read_wait(struct look *look, const struct raw_thread_look *raw, struct lock_waited *waited, uint32_t *words,
		      bool *timed)
{
	if (read_file_call(raw, waited, words)) {
		look->result->whole &= waited->owner != 0; /* or anybody could end it */
		return true;
	}
	if (!read_call(raw, waited, timed))
		return false;
	if (live_read_memory(raw->h.pid, waited->address, words, LOCK_WORDS * sizeof(*words)) !=
	    LOCK_WORDS * sizeof(*words)) {
		memset(words, 0xff, LOCK_WORDS * sizeof(*words));
		look->result->whole = false;
	}
	waited->owner = raw->taker ? raw->taker : lock_owner_word(waited->op, waited->val, waited->address, words);
	return true;
}

/* What it waits for, and who holds that now. */
static void look_at_wait(struct look *look, const struct lock_actor *actor, const struct raw_thread_look *raw,
			 const struct site *site, struct thread_wait_seen *wait)
{
	uint32_t words[LOCK_WORDS];
	struct lock_facts facts;
	struct lock_waited waited;

	if (!read_wait(look, raw, &waited, words, &wait->timed))
		return;
	waited.words = words;
	waited.site = site;
	wait->lock = locks_find(look->locks, actor, &waited, &facts);
	if (!wait->lock)
		return;
	wait->holder = locks_holder(look->locks, actor, wait->lock, &facts, waited.owner, actor->t_ns);
	if (wait->lock->kind == LOCK_GIL)
		wait->holder = locks_gil_holder(look->locks, actor);
	look->result->lock_waits += !is_work_waiting(wait->lock->kind);
	note_shared(look->result, wait->lock);
	note_holder(look->result, &wait->holder, actor->pid);
}

static void look_at_thread(struct look *look, const struct seen_thread *seen)
{
	const struct raw_thread_look *raw = &seen->raw;
	const struct lock_actor actor = {.pid = raw->h.pid,
					 .tid = raw->h.tid,
					 .start_ns = raw->h.start_ns,
					 .t_ns = raw->h.t_ns,
					 .comm = raw->h.comm};
	const struct site *site = place_of(look, &actor, seen);
	struct thread_wait_seen wait = {0};
	uint64_t blocked_ns = 0;

	look_at_wait(look, &actor, raw, site, &wait);
	if (is_blocked(raw) && raw->out_ns && actor.t_ns > raw->out_ns)
		blocked_ns = actor.t_ns - raw->out_ns;
	look->result->threads++;
	look->result->in_futex += wait.lock != NULL;
	look->result->long_waits += wait.lock && blocked_ns >= LONG_WAIT_NS;
	mix_in(look->result, (uint64_t)actor.tid << 32 | (wait.lock ? wait.lock->number : 0));
	mix_in(look->result, raw->switches ^ (uint64_t)wait.holder.tid << 32);
	LOCKS_TELL(look->locks, thread_look, &actor, .blocked_ns = blocked_ns, .switches = raw->switches,
		   .handlers = look->handlers, .holder_start = wait.holder.start_ns, .state = raw->state,
		   .syscall = call_of(raw), .lock = wait.lock ? wait.lock->number : 0, .site = site ? site->number : 0,
		   .holder = wait.holder.known, .holder_pid = wait.holder.pid, .holder_tid = wait.holder.tid,
		   .timed = wait.timed, .alarms = raw->alarms);
}

/* ---- one process ----------------------------------------------------------------------------------------------- */

int seen_add(struct seen_threads *list, const struct seen_thread *seen)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;
		struct seen_thread *items = realloc(list->items, capacity * sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = *seen;
	return 0;
}

static int collect(void *context, const void *record, size_t available)
{
	const struct event *event = record;
	struct seen_thread seen = {0};

	if (event->kind != RAW_THREAD_LOOK || available < sizeof(seen.raw))
		return 0;
	memcpy(&seen.raw, record, sizeof(seen.raw));
	return seen_add(context, &seen);
}

void locks_tell_looks(struct locks *locks, const struct seen_threads *list, struct look_result *result)
{
	struct look *look = malloc(sizeof(*look));

	*result = (struct look_result){.whole = true, .signature = 14695981039346656037ULL};
	if (!look || !list->count) {
		free(look);
		return;
	}
	look->locks = locks;
	look->result = result;
	look->handlers = read_handlers(list->items[0].raw.h.pid);
	for (size_t i = 0; i < list->count; i++)
		look_at_thread(look, &list->items[i]);
	free(look);
}

/* How many processes that `known` says nothing of map a file that holds one of these locks? -1: not to be told. */
static int count_in_maps(const char *pid, const struct look_result *result)
{
	char path[300], line[4400];
	int holds = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT || errno == ESRCH ? 0 : -1;
	while (!holds && fgets(line, sizeof(line), file)) {
		unsigned long long inode;
		unsigned major, minor;

		if (sscanf(line, "%*x-%*x %*s %*x %x:%x %llu", &major, &minor, &inode) != 3)
			continue;
		for (unsigned i = 0; i < result->shared_count; i++)
			holds |= result->shared[i]->inode == inode &&
				 result->shared[i]->device == ((uint64_t)major << 32 | minor);
	}
	fclose(file);
	return holds;
}

void locks_find_sharers(struct look_result *result, uint32_t pid)
{
	DIR *directory = result->shared_count ? opendir("/proc") : NULL;
	struct dirent *entry;

	if (result->shared_count && !directory)
		result->whole = false;
	while (directory && (entry = readdir(directory))) {
		const unsigned long other = strtoul(entry->d_name, NULL, 10);
		int holds;

		if (!other || other == pid)
			continue;
		holds = count_in_maps(entry->d_name, result);
		if (holds > 0 && result->sharer_count < LOOK_OTHERS_MAX)
			result->sharers[result->sharer_count++] = (uint32_t)other;
		else if (holds)
			result->whole = false;
	}
	if (directory)
		closedir(directory);
}

void locks_tell_done(struct locks *locks, const struct event *process, const struct look_result *result,
		     unsigned outsiders)
{
	const struct lock_actor actor = {.pid = process->pid,
					 .tid = process->pid,
					 .start_ns = process->start_ns,
					 .t_ns = live_clock(),
					 .comm = process->comm};

	LOCKS_TELL(locks, look_done, &actor, .threads = result->threads, .whole = result->whole,
		   .outsiders = outsiders);
}

/* ---- which processes, and when ------------------------------------------------------------------------------------
 */

static struct watched_process *find_watched(struct looks *looks, uint32_t pid)
{
	for (size_t i = 0; i < looks->count; i++)
		if (looks->items[i].pid == pid)
			return &looks->items[i];
	return NULL;
}

static void watch(struct looks *looks, uint32_t pid, uint64_t start_ns, uint64_t now_ns)
{
	struct watched_process *known = find_watched(looks, pid), *items;

	if (known && known->start_ns == start_ns) {
		if (known->idle)
			known->next_ns = now_ns;
		known->idle = false;
		return;
	}
	if (!known && looks->count == looks->capacity) {
		size_t capacity = looks->capacity ? looks->capacity * 2 : 16;

		items = realloc(looks->items, capacity * sizeof(*items));
		if (!items)
			return;
		looks->items = items;
		looks->capacity = capacity;
	}
	if (!known)
		known = &looks->items[looks->count++];
	*known = (struct watched_process){.pid = pid, .start_ns = start_ns, .next_ns = now_ns};
}

/* Others who are observed and have to do with the same locks are looked at as well; the rest are outsiders. */
static unsigned draw_in(struct locks *locks, const struct look_result *result, uint64_t now_ns)
{
	unsigned outsiders = 0;

	for (unsigned i = 0; i < result->other_count + result->sharer_count; i++) {
		const uint32_t pid =
		    i < result->other_count ? result->others[i] : result->sharers[i - result->other_count];
		const struct person *person = people_find(&locks->people, pid);

		if (find_watched(&locks->looks, pid))
			continue;
		if (person && !person->ended_ns)
			watch(&locks->looks, pid, person->start_ns, now_ns);
		else
			outsiders++;
	}
	return outsiders;
}

static bool look_at(struct locks *locks, uint32_t pid, uint64_t start_ns, struct look_result *result)
{
	struct seen_threads list = {0};
	unsigned outsiders;

	locks->bpf->shared->look_pid = pid;
	live_bpf_iterate(locks->bpf, ITERATE_THREADS, collect, &list);
	if (!list.count || list.items[0].raw.h.start_ns != start_ns) {
		free(list.items);
		return false;
	}
	locks_tell_looks(locks, &list, result);
	locks_find_sharers(result, pid);
	outsiders = draw_in(locks, result, live_clock());
	locks_tell_done(locks, &list.items[0].raw.h, result, outsiders);
	free(list.items);
	return true;
}

/* What looking costs is processor time: on a busy machine the wall clock would count the others' work as ours. */
static uint64_t processor_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* The second look comes soon, later ones ever more rarely while nothing moves, and never so often that looking costs
 * more than its share. */
static void plan_next(struct watched_process *watched, const struct look_result *result, uint64_t took_ns,
		      uint64_t now_ns)
{
	const bool idle = !result->lock_waits && result->in_futex < result->threads;
	const bool same = watched->looks && watched->signature == result->signature;
	const uint64_t least = took_ns * PASS_SHARE;

	if (!watched->looks++ && !idle)
		watched->step_ns = SECOND_LOOK_NS;
	else if (!same || watched->step_ns < FIRST_STEP_NS)
		watched->step_ns = idle ? IDLE_STEP_NS : FIRST_STEP_NS;
	else if (watched->step_ns < LAST_STEP_NS)
		watched->step_ns *= 2;
	watched->signature = result->signature;
	watched->idle = idle;
	watched->next_ns = now_ns + (watched->step_ns > least || watched->looks == 1 ? watched->step_ns : least);
}

static void look_if_due(struct locks *locks, uint64_t now_ns)
{
	struct looks *looks = &locks->looks;

	for (size_t i = 0; i < looks->count;) {
		struct watched_process watched = looks->items[i];
		struct look_result result;
		const uint64_t begun_ns = processor_time();
		bool there;

		if (watched.next_ns > now_ns) {
			i++;
			continue;
		}
		there = look_at(locks, watched.pid, watched.start_ns, &result);
		if (!there || !result.long_waits) { /* looking may have added others behind */
			looks->items[i] = looks->items[--looks->count];
			continue;
		}
		plan_next(&watched, &result, processor_time() - begun_ns, live_clock());
		looks->items[i++] = watched;
	}
}

static int note_long_wait(void *context, const void *record, size_t available)
{
	const struct event *event = record;
	struct locks *locks = context;

	if (event->kind == RAW_THREAD_LOOK && available >= sizeof(struct raw_thread_look))
		watch(&locks->looks, event->pid, event->start_ns, event->t_ns);
	return 0;
}

void locks_watch(struct locks *locks, uint64_t now_ns)
{
	struct looks *looks = &locks->looks;

	if (now_ns >= looks->pass_ns) {
		const uint64_t begun_ns = processor_time();
		uint64_t took_ns;

		locks->bpf->shared->long_wait_ns = LONG_WAIT_NS;
		live_bpf_iterate(locks->bpf, ITERATE_LONG_WAITS, note_long_wait, locks);
		took_ns = processor_time() - begun_ns;
		looks->pass_ns = now_ns + (took_ns * PASS_SHARE > PASS_EVERY_NS ? took_ns * PASS_SHARE : PASS_EVERY_NS);
	}
	look_if_due(locks, now_ns);
}

void locks_watch_end(struct locks *locks)
{
	for (size_t i = 0; i < locks->looks.count; i++)
		locks->looks.items[i].next_ns = 0;
	look_if_due(locks, live_clock());
}

void looks_free(struct looks *looks)
{
	size_t cursor = 0;
	void *thread;

	while ((thread = hash_next(&looks->threads, &cursor)))
		free(thread);
	hash_free(&looks->threads);
	free(looks->items);
}

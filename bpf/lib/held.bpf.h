/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * --locks all: what each thread holds, from probes on glibc's lock functions.
 *
 * Probes are on entries. To see a call return, the kernel would put an address of its own in place of the return
 * address, which costs as much again, cuts stacks for whoever unwinds them meanwhile, and lets an exception or a
 * cancellation that passes through skip destructors. So how a call ended is found out at the thread's next one, from
 * what glibc left in the lock (the owner's tid), or from how the futex calls within ended; and when it ended, from the
 * end of the last sleep in it. Only the calls that try, which neither sleep nor are cancelled, have a probe on their
 * return, since nothing else tells how they ended.
 *
 * A thread's element is only written by that thread. What is in it at the end of a thread is settled at its exit, and
 * what is left at the end of observation by user space (source/live_holds.c).
 */
#ifndef LIFELINE_BPF_HELD_H
#define LIFELINE_BPF_HELD_H

#include "lib/common.bpf.h"
#include "lib/lock.bpf.h"
#include "lib/taker.bpf.h"
#include "lib/threads.bpf.h"
#include "abi/lock.h"

#define KIND_TYPE 3 /* of glibc's __kind (nptl/pthreadP.h) */
#define KIND_RECURSIVE 1
#define KIND_CHECKS 2
#define KIND_ROBUST 16
#define KIND_INHERITS 32
#define KIND_SHARED 128
#define MUTEX_WORDS 5
#define RWLOCK_WORDS 8
#define OWNER_DIED 130   /* EOWNERDEAD: the lock was got */
#define PROBE_OP 0x20000 /* so that places of calls are none of waits */

struct hold_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct hold_key);
	__type(value, struct hold_fold);
} holds0 SEC(".maps"), holds1 SEC(".maps");

struct order_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct order_key);
	__type(value, struct order_fold);
} orders0 SEC(".maps"), orders1 SEC(".maps");

static const struct locker fresh_locker;

/* Its element, made if there is none, or if the process has become another program since. */
static __always_inline struct locker *locker_of(struct task_struct *task)
{
	struct locker *locker = locker_find(task);
	__u64 key = (__u64)task, space = (__u64)GET(plain(task), mm);
	struct own_pid own;

	if (locker && locker->space == space)
		return locker;
	if (bpf_map_update_elem(&lockers, &key, &fresh_locker, BPF_ANY)) {
		count_lost(GROUP_LOCK, 1);
		return NULL;
	}
	locker = bpf_map_lookup_elem(&lockers, &key);
	if (!locker)
		return NULL;
	read_own_pid(&own, task);
	locker->space = space;
	locker->start_ns = GET(plain(task), group_leader, start_boottime);
	locker->pid = GET(task, tgid);
	locker->tid = GET(task, pid);
	locker->nstid = own.number;
	bpf_probe_read_kernel_str(locker->comm, sizeof(locker->comm), task->comm);
	return locker;
}

/* ---- accounts ------------------------------------------------------------------------------------------ */

static __always_inline void fold_hold(const struct locker *locker, const struct held_lock *held, __u64 acquisitions,
				      __u64 hold_ns, __u64 t)
{
	struct hold_key key = HOLD_KEY(locker, held);
	const __u32 side = shared.fold_side & 1;
	struct hold_fold *fold, fresh = {};

	fold = side ? bpf_map_lookup_elem(&holds1, &key) : bpf_map_lookup_elem(&holds0, &key);
	if (fold) {
		fold->acquisitions += acquisitions;
		fold->hold_ns += hold_ns;
		if (hold_ns > fold->max_ns)
			fold->max_ns = hold_ns;
		if (acquisitions && !fold->first_ns)
			fold->first_ns = held->since_ns;
		if (acquisitions)
			fold->last_ns = t;
		return;
	}
	fresh.acquisitions = acquisitions;
	fresh.hold_ns = fresh.max_ns = hold_ns;
	fresh.first_ns = acquisitions ? held->since_ns : 0;
	fresh.last_ns = acquisitions ? t : 0;
	__builtin_memcpy(fresh.comm, locker->comm, sizeof(fresh.comm));
	if (side ? bpf_map_update_elem(&holds1, &key, &fresh, BPF_ANY)
		 : bpf_map_update_elem(&holds0, &key, &fresh, BPF_ANY))
		count_lost(GROUP_LOCK, acquisitions ? acquisitions : 1);
	shared.holds_filled[side] = 1;
}

static __always_inline void fold_order(const struct order_key *key, const struct locker *locker, __u64 t)
{
	struct order_fold *fold, fresh = {.count = 1, .first_ns = t, .last_ns = t};
	const __u32 side = shared.fold_side & 1;

	fold = side ? bpf_map_lookup_elem(&orders1, key) : bpf_map_lookup_elem(&orders0, key);
	if (fold) {
		fold->count++;
		fold->last_ns = t;
		return;
	}
	__builtin_memcpy(fresh.comm, locker->comm, sizeof(fresh.comm));
	if (side ? bpf_map_update_elem(&orders1, key, &fresh, BPF_ANY)
		 : bpf_map_update_elem(&orders0, key, &fresh, BPF_ANY))
		count_lost(GROUP_LOCK, 1);
	shared.holds_filled[side] = 1;
}

/* ---- what is held ---------------------------------------------------------------------------------------- */

struct held_search {
	struct locker *locker;
	__u64 address;
	__u32 at;
};

static __always_inline long match_held(__u64 index, void *context)
{
	struct held_search *search = context;
	__u64 at = search->locker->count - 1 - index;

	barrier_var(at);
	if (at >= HELD_MAX)
		return 1;
	at = bounded(at, HELD_MAX - 1);
	if (search->locker->held[at].address != search->address)
		return 0;
	search->at = at;
	return 1;
}

/* Where it is among what the thread holds, the last one first; HELD_MAX: it is not. */
static __always_inline __u32 held_at(struct locker *locker, __u64 address)
{
	struct held_search search = {.locker = locker, .address = address, .at = HELD_MAX};

	if (locker->count)
		repeat(HELD_MAX, HELD_MAX, match_held, &search);
	return search.at;
}

static __always_inline void drop_held(struct locker *locker, __u64 at)
{
	__u64 last = locker->count - 1;

	barrier_var(last);
	barrier_var(at);
	last = bounded(last, HELD_MAX - 1);
	at = bounded(at, HELD_MAX - 1);
	locker->held[at] = locker->held[last];
	locker->count = last;
}

/* The thread lets go of it. Nothing happens if it was not seen to take it. */
static __always_inline void let_go(struct locker *locker, __u64 address, __u64 t)
{
	__u64 at = held_at(locker, address);
	struct held_lock *held;

	barrier_var(at);
	if (at >= HELD_MAX)
		return;
	at = bounded(at, HELD_MAX - 1);
	held = &locker->held[at];
	if (held->depth > 1) {
		held->depth--;
		return;
	}
	fold_hold(locker, held, 0, t > held->since_ns ? t - held->since_ns : 0, t);
	drop_held(locker, at);
}

/* ---- orders ---------------------------------------------------------------------------------------------- */

static __always_inline bool is_exclusive(const struct held_lock *held)
{
	return (held->kind == LOCK_MUTEX || held->kind == LOCK_PI_MUTEX || held->kind == LOCK_RWLOCK) &&
	       !(held->flags & HELD_READ);
}

/* Was it given back behind our back: by another thread, or by a function that is not watched? Then the owner that
 * stands in it tells. */
static __always_inline bool is_still_held(const struct locker *locker, const struct held_lock *held)
{
	__u64 where = held->kind == LOCK_RWLOCK ? 24 : held->kind == LOCK_PI_MUTEX ? 0 : 8;
	__u32 owner = 0;

	if (!is_exclusive(held))
		return held->kind == LOCK_RWLOCK; /* readers leave no name */
	if (bpf_probe_read_user(&owner, sizeof(owner), (void *)(held->address + where)))
		return false;
	if (held->kind == LOCK_MUTEX && owner != locker->nstid) /* robust: INT_MAX until it is made consistent */
		return owner == 0x7fffffff;
	return (owner & FUTEX_TID) == locker->nstid;
}

struct order_walk {
	struct locker *locker;
	const struct held_lock *taken;
	__u64 t;
};

static __always_inline long collect_gate(__u64 index, void *context)
{
	struct order_walk *walk = context;
	struct locker *locker = walk->locker;
	__u64 at = index, to = locker->gate_count;
	struct held_lock *held;

	barrier_var(at);
	if (at >= HELD_MAX || at >= locker->count)
		return 1;
	at = bounded(at, HELD_MAX - 1);
	held = &locker->held[at];
	if (!is_exclusive(held) || !is_still_held(locker, held))
		return 0;
	barrier_var(to);
	if (to > GATES_MAX) {
		locker->gate_count = GATES_MAX + 2;
		return 1;
	}
	locker->gates[bounded(to, 7)] = held->address;
	locker->gate_count = to + 1;
	return 0;
}

static __always_inline void fill_gates(struct order_key *key, const struct locker *locker)
{
	__u64 count = 0;

#pragma unroll
	for (int i = 0; i <= GATES_MAX; i++) {
		if (!locker->gates[i] || locker->gates[i] == key->held)
			continue;
		barrier_var(count);
		if (count < GATES_MAX)
			key->gates[bounded(count, GATES_MAX - 1)] = locker->gates[i];
		count++;
	}
	key->more_gates = count > GATES_MAX || locker->gate_count > GATES_MAX + 1;
}

static __always_inline long tell_order(__u64 index, void *context)
{
	struct order_walk *walk = context;
	struct locker *locker = walk->locker;
	const struct held_lock *held;
	struct order_key key = {};
	__u64 at = index;

	barrier_var(at);
	if (at >= HELD_MAX || at >= locker->count)
		return 1;
	at = bounded(at, HELD_MAX - 1);
	held = &locker->held[at];
	if (held->kind == LOCK_SEMAPHORE || !is_still_held(locker, held))
		return 0;
	key.space = locker->space;
	key.address = walk->taken->address;
	key.held = held->address;
	key.start_ns = locker->start_ns;
	key.pid = locker->pid;
	key.tid = locker->tid;
	key.site = walk->taken->site;
	key.held_site = held->site;
	key.kind = walk->taken->kind;
	key.held_kind = held->kind;
	key.flags = walk->taken->flags;
	key.held_flags = held->flags;
	key.epoch = shared.epoch;
	fill_gates(&key, locker);
	fold_order(&key, locker, walk->t);
	return 0;
}

/* The current thread has got this lock, while it holds others. */
HOLDS_OUT_OF_LINE int tell_orders(const struct held_lock *taken, __u64 t)
{
	struct order_walk walk = {.locker = locker_find(current_task()), .taken = taken, .t = t};

	if (!taken || !walk.locker || !walk.locker->count)
		return 0;
	__builtin_memset(walk.locker->gates, 0, sizeof(walk.locker->gates));
	walk.locker->gate_count = 0;
	repeat(HELD_MAX, HELD_MAX, collect_gate, &walk);
	repeat(HELD_MAX, HELD_MAX, tell_order, &walk);
	return 0;
}

/* ---- a lock is got -------------------------------------------------------------------------------------------- */

/* Where shared memory lies must be told while it is mapped. */
static __always_inline void tell_met(struct task_struct *task, const struct locker *locker,
				     const struct held_lock *held, __u64 t)
{
	struct site_key key = {.space = locker->space ^ held->address, .pid = locker->pid};
	struct place_search search = {.address = held->address};
	struct raw_lock_met *record;
	__u32 one = 1;

	if (bpf_map_lookup_elem(&sites_told, &key) || bpf_map_update_elem(&sites_told, &key, &one, BPF_NOEXIST))
		return;
	/* refused while somebody changes the map: then the next time, or by user space if there is none */
	if (bpf_find_vma(task, held->address, note_mapping, &search, 0) || !search.inode) {
		bpf_map_delete_elem(&sites_told, &key);
		return;
	}
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record) {
		bpf_map_delete_elem(&sites_told, &key);
		return;
	}
	fill_head(&record->h, RAW_LOCK_MET, sizeof(*record), task, t);
	record->inode = search.inode;
	record->offset = search.offset;
	record->device = search.device;
	record->pad = 0;
	record->space = locker->space;
	record->address = held->address;
	record->site = held->site;
	record->kind = held->kind;
	SUBMIT(record);
}

static __always_inline bool can_hang(__u32 call)
{
	return call == PROBE_MUTEX_LOCK || call == PROBE_READ_LOCK || call == PROBE_WRITE_LOCK ||
	       call == PROBE_COND_WAIT;
}

static __always_inline void got(struct task_struct *task, struct locker *locker, const struct held_lock *taken, __u64 t)
{
	__u64 at = held_at(locker, taken->address), count = locker->count;

	fold_hold(locker, taken, 1, 0, t);
	if (taken->flags & HELD_SHARED)
		tell_met(task, locker, taken, t);
	barrier_var(at);
	if (at < HELD_MAX) {
		at = bounded(at, HELD_MAX - 1);
		if (taken->depth == 1)
			locker->held[at] = *taken; /* since when it was not held nobody knows */
		else
			locker->held[at].depth = taken->depth ? taken->depth : locker->held[at].depth + 1;
		return;
	}
	if (can_hang(locker->pending_call))
		tell_orders(taken, taken->since_ns);
	barrier_var(count);
	if (count >= HELD_MAX) {
		count_lost(GROUP_LOCK, 1); /* how long, and in which order */
		return;
	}
	count = bounded(count, HELD_MAX - 1);
	locker->held[count] = *taken;
	if (!taken->depth)
		locker->held[count].depth = 1;
	locker->count = count + 1;
}

/* ---- how a call ended ------------------------------------------------------------------------------------------ */

/* The wait of the pending call that came to nothing: a timeout, or a signal that was not waited on after. */
static __always_inline bool gave_up(const struct lock_wait *wait, const struct locker *locker)
{
	return wait->failed_ns > locker->pending_ns || (wait->space && wait->stopped_ns > locker->pending_ns);
}

/* Is it the thread's now? `again`: it was seen to take it before. One that is not recursive was then given back by
 * somebody else, which glibc does not mind, or this call could not have returned; but for those that check. */
static __always_inline bool has_mutex(struct locker *locker, struct held_lock *taken, bool again, bool failed)
{
	__u32 words[MUTEX_WORDS], owner, kind;

	if (bpf_probe_read_user(words, sizeof(words), (void *)taken->address))
		return false;
	kind = words[4];
	owner = kind & (KIND_ROBUST | KIND_INHERITS) ? words[0] & FUTEX_TID : words[2];
	if (owner != locker->nstid)
		return false;
	if (again && (kind & KIND_TYPE) != KIND_RECURSIVE && (failed || (kind & KIND_TYPE) == KIND_CHECKS))
		return false;
	taken->kind = kind & KIND_INHERITS ? LOCK_PI_MUTEX : LOCK_MUTEX;
	taken->flags = kind & KIND_SHARED ? HELD_SHARED : 0;
	taken->depth = (kind & KIND_TYPE) == KIND_RECURSIVE && words[1] ? words[1] : 1;
	return true;
}

static __always_inline bool has_rwlock(struct locker *locker, struct held_lock *taken, bool reads, bool failed)
{
	__u32 words[RWLOCK_WORDS];

	if (bpf_probe_read_user(words, sizeof(words), (void *)taken->address))
		return false;
	taken->depth = 0;
	taken->kind = LOCK_RWLOCK;
	taken->flags = (reads ? HELD_READ : 0) | (words[7] ? HELD_SHARED : 0);
	if (reads)
		return !failed && words[6] != locker->nstid; /* who writes is refused to read */
	return words[6] == locker->nstid;
}

static __always_inline bool has_semaphore(struct held_lock *taken, bool failed)
{
	__u32 words[SEM_WORDS];

	taken->depth = 0;
	taken->kind = LOCK_SEMAPHORE;
	if (!bpf_probe_read_user(words, sizeof(words), (void *)taken->address))
		taken->flags = words[2] ? HELD_SHARED : 0;
	return !failed;
}

static __always_inline bool has_it(struct locker *locker, struct held_lock *taken, bool failed)
{
	switch (locker->pending_call) {
	case PROBE_MUTEX_LOCK:
	case PROBE_MUTEX_TIMED:
	case PROBE_COND_WAIT:
		return has_mutex(locker, taken, held_at(locker, taken->address) < HELD_MAX, failed);
	case PROBE_READ_LOCK:
	case PROBE_READ_TIMED:
		return has_rwlock(locker, taken, true, failed);
	case PROBE_WRITE_LOCK:
	case PROBE_WRITE_TIMED:
		return has_rwlock(locker, taken, false, failed) && held_at(locker, taken->address) == HELD_MAX;
	case PROBE_SEM_WAIT:
	case PROBE_SEM_TIMED:
		return has_semaphore(taken, failed);
	}
	return false; /* who tried is told by the return */
}

/* The thread is at something else: how did its last call end? */
static __always_inline void settle(struct task_struct *task, struct locker *locker, __u64 t)
{
	struct held_lock taken = {
	    .address = locker->pending, .since_ns = locker->pending_ns, .site = locker->pending_site, .depth = 1};
	struct thread_state *state;
	bool failed = false;

	if (!locker->pending_call)
		return;
	state = thread_find(task);
	if (state) {
		failed = gave_up(&state->lock, locker);
		if (state->lock.ended_ns > taken.since_ns)
			taken.since_ns = state->lock.ended_ns;
	}
	if (has_it(locker, &taken, failed)) {
		settles_claim(task, locker, true, t);
		got(task, locker, &taken, t);
	} else {
		settles_claim(task, locker, false, t);
	}
	locker->pending_call = 0;
}

/* A call that tries has returned. */
static __always_inline void tried(struct task_struct *task, struct locker *locker, long result, __u64 t)
{
	struct held_lock taken = {
	    .address = locker->pending, .since_ns = locker->pending_ns, .site = locker->pending_site, .depth = 1};
	__u32 call = locker->pending_call;

	if (call == PROBE_MUTEX_TRY) {
		if ((!result || result == OWNER_DIED) && has_mutex(locker, &taken, false, false))
			got(task, locker, &taken, t);
	} else if (call == PROBE_READ_TRY || call == PROBE_WRITE_TRY) {
		has_rwlock(locker, &taken, call == PROBE_READ_TRY, false);
		if (!result)
			got(task, locker, &taken, t);
	} else if (call == PROBE_SEM_TRY) {
		has_semaphore(&taken, false);
		settles_claim(task, locker, !result, t);
		if (!result)
			got(task, locker, &taken, t);
	} else {
		return;
	}
	locker->pending_call = 0;
}

/* ---- calls ----------------------------------------------------------------------------------------------------- */

/* Where the call is made: a number as waits have, kept apart from the wait that the thread may be in. */
static __always_inline __u32 place_of_call(struct task_struct *task, struct thread_state *state, struct pt_regs *regs,
					   __u64 space, __u64 address, __u32 call, __u64 t)
{
	struct lock_wait *lock = &state->lock;
	const __u64 waited_for = lock->address;
	const __u32 op = lock->op;
	__u32 place;

	lock->op = PROBE_OP + call;
	lock->address = address;
	if (!is_same_place(lock, regs))
		work_out_site(task, lock, regs);
	place = lock->place;
	if (!lock->place_told)
		tell_site(task, lock, space, place, regs, t);
	lock->op = op;
	lock->address = waited_for;
	return place;
}

static __always_inline bool lets_go(__u32 call)
{
	return call == PROBE_MUTEX_UNLOCK || call == PROBE_RWLOCK_UNLOCK || call == PROBE_SEM_POST;
}

/* A signal handler may post (alone of these functions) while the thread is in the middle of waiting, for that very post
 * perhaps. */
static __always_inline bool is_in_between(struct task_struct *task, const struct locker *locker, __u32 call)
{
	struct thread_state *state;

	if (call != PROBE_SEM_POST || !locker->pending_call)
		return false;
	state = thread_find(task);
	return state && state->lock.space && state->lock.stopped_ns > locker->pending_ns;
}

/* Such a call for a semaphore returns at once: it names no moment (EINVAL), or one before 1970 when there is nothing to
 * take. Whatever else comes to nothing does so in a futex call. */
static __always_inline bool refuses(struct pt_regs *regs, __u64 address, __u32 cookie)
{
	struct {
		__s64 s, ns;
	} until;
	__u32 value = 0;

	if ((cookie & PROBE_CALL) != PROBE_SEM_TIMED ||
	    bpf_probe_read_user(&until, sizeof(until), (void *)passed(regs, cookie & PROBE_LIMIT_IS_THIRD ? 2 : 1)))
		return false;
	if ((__u64)until.ns >= 1000000000)
		return true;
	return until.s < 0 && !bpf_probe_read_user(&value, sizeof(value), (void *)address) && !value;
}

static __always_inline void lock_call_begins(struct task_struct *task, struct pt_regs *regs, __u32 cookie)
{
	struct locker *locker = locker_of(task);
	const __u32 call = cookie & PROBE_CALL;
	struct thread_state *state;
	__u64 t = now(), address;

	if (!locker)
		return;
	if (is_in_between(task, locker, call)) {
		posts_in_between(task, locker, passed(regs, 0), t);
		let_go(locker, passed(regs, 0), t);
		return;
	}
	settle(task, locker, t);
	posts_no_more(task, locker);
	address = passed(regs, call == PROBE_COND_WAIT);
	state = thread_of(task);
	if (call == PROBE_SEM_POST)
		posts_semaphore(task, locker, state, regs, address, t);
	if (call == PROBE_SEM_INIT)
		forget_semaphore(task, locker, address, passed(regs, 1), t);
	if (lets_go(call) || call == PROBE_COND_WAIT)
		let_go(locker, address, t);
	if (lets_go(call) || call == PROBE_SEM_INIT || refuses(regs, address, cookie))
		return;
	locker->pending_site = state ? place_of_call(task, state, regs, locker->space, address, call, t) : 0;
	if (waits_for_semaphore(call) &&
	    bpf_probe_read_user(&locker->pending_value, sizeof(locker->pending_value), (void *)address))
		locker->pending_value = 0;
	locker->pending = address;
	locker->pending_ns = t;
	locker->pending_call = call;
	if (waits_or_tries(call))
		asks_for_semaphore(task, locker, state, regs, t);
}

/* ---- the end of a thread ---------------------------------------------------------------------------------------- */

struct end_walk {
	struct locker *locker;
	__u64 t;
};

static __always_inline long end_hold(__u64 index, void *context)
{
	struct end_walk *walk = context;
	__u64 at = index;
	struct held_lock *held;

	barrier_var(at);
	if (at >= HELD_MAX || at >= walk->locker->count)
		return 1;
	at = bounded(at, HELD_MAX - 1);
	held = &walk->locker->held[at];
	fold_hold(walk->locker, held, 0, walk->t > held->since_ns ? walk->t - held->since_ns : 0, walk->t);
	return 0;
}

/* Its memory is gone by now before 6.16, so what its last call gave it cannot be read there: then it has it, unless it
 * was ended while it waited. */
static __always_inline void presume(struct task_struct *task, struct locker *locker, __u64 t)
{
	struct held_lock taken = {.address = locker->pending,
				  .since_ns = locker->pending_ns,
				  .site = locker->pending_site,
				  .kind = LOCK_MUTEX,
				  .depth = 1};
	struct thread_state *state = thread_find(task);

	if (!can_hang(locker->pending_call) || (state && state->lock.space))
		return;
	if (locker->pending_call == PROBE_READ_LOCK || locker->pending_call == PROBE_WRITE_LOCK)
		taken.kind = LOCK_RWLOCK;
	if (locker->pending_call == PROBE_READ_LOCK)
		taken.flags = HELD_READ;
	got(task, locker, &taken, t);
	locker->pending_call = 0;
}

/* Cancelled before it slept in its wait for a semaphore: then nothing tells of the wait. */
static __always_inline bool ends_in_vain(struct task_struct *task, const struct locker *locker)
{
	struct thread_state *state = thread_find(task);

	return waits_for_semaphore(locker->pending_call) && !locker->pending_value &&
	       (!state || state->lock.ended_ns <= locker->pending_ns);
}

static __always_inline void locker_ends(struct task_struct *task, __u64 t)
{
	struct locker *locker = locker_find(task);
	struct end_walk walk = {.locker = locker, .t = t};
	__u64 key = (__u64)task;

	if (!locker)
		return;
	if (ends_in_vain(task, locker)) {
		settles_claim(task, locker, false, t);
		locker->pending_call = 0;
	}
	if (waits_for_semaphore(locker->pending_call) && !GET(plain(task), mm)) /* else settle() does */
		settles_claim(task, locker, true, t);
	if (locker->pending_call && !GET(plain(task), mm))
		presume(task, locker, t);
	else
		settle(task, locker, t);
	repeat(HELD_MAX, HELD_MAX, end_hold, &walk);
	bpf_map_delete_elem(&lockers, &key);
}

#endif

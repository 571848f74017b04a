/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * --locks all: who last took a semaphore and has not posted it since. A semaphore is a number; who takes it leaves no
 * name in it. So each thread that comes to where it can take one puts down a claim, and whoever goes to sleep for it
 * looks at the claims there are.
 *
 * That a call has returned is not told by a probe (see held.bpf.h). A claim counts as taken once there is evidence:
 *
 *   - the thread has made another call since, which came to where its end is told (settle);
 *   - the address that the call was to return to is no longer where it lay on the stack, as other functions have been
 *     called from there since. Read by the thread itself when it leaves the processor, or by who goes to sleep, if they
 *     have their memory in common. Not where that address is kept in a register (arm64);
 *   - or by counting: there was something to take when it asked, there is nothing now, and nobody else can have taken
 * it.
 *
 * A call that failed drops its claim when its futex call fails, and a thread that sleeps for a semaphore has none. If
 * some claim could be later than the latest that is sure, nobody is named. Neither is anybody whose hold began before
 * somebody posted who did not hold it, as whose place that gave back is not known; nor on a semaphore that is mostly
 * posted by others, which is a signal and no lock.
 */
#ifndef LIFELINE_BPF_TAKER_H
#define LIFELINE_BPF_TAKER_H

#include "lib/common.bpf.h"
#include "lib/threads.bpf.h"
#include "abi/lock.h"

#define SEM_WORDS 3 /* value, those who sleep, whether processes share it: glibc's struct new_sem */
#define SEM_SHARED 2
#define SPACE_MIX 0x9e3779b97f4a7c15ULL
#define FOR_EVER 0xffffffffffffffffULL

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct sem_key);
	__type(value, struct sem_claims);
} semaphores SEC(".maps");

static const struct sem_claims fresh_semaphore;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536); /* the loader sets it, as of `threads` */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct locker);
} lockers SEC(".maps");

static __always_inline struct locker *locker_find(struct task_struct *task)
{
	__u64 key = (__u64)task;

	return bpf_map_lookup_elem(&lockers, &key);
}

/* An index that a verifier believes to be within: a mask that the compiler, which may know better, cannot drop. */
static __always_inline __u64 bounded(__u64 at, const __u64 mask)
{
	asm volatile("%0 &= %1" : "+r"(at) : "i"(mask));
	return at;
}

static __always_inline bool waits_for_semaphore(__u32 call)
{
	return call == PROBE_SEM_WAIT || call == PROBE_SEM_TIMED;
}

static __always_inline bool waits_or_tries(__u32 call)
{
	return waits_for_semaphore(call) || call == PROBE_SEM_TRY;
}

/* ---- which semaphore ---------------------------------------------------------------------------------------- */

struct place_search {
	__u64 address, inode, offset;
	__u32 device, pad;
};

#define MAP_IS_SHARED 8 /* VM_SHARED */
#define PAGE_BITS 12

static long note_mapping(struct task_struct *task, struct vm_area_struct *area, void *context)
{
	struct place_search *search = context;
	struct inode *inode;

	if (!area || !(BPF_CORE_READ(area, vm_flags) & MAP_IS_SHARED))
		return 0;
	inode = BPF_CORE_READ(area, vm_file, f_inode);
	if (!inode)
		return 0;
	search->inode = BPF_CORE_READ(inode, i_ino);
	search->device = BPF_CORE_READ(inode, i_sb, s_dev);
	search->offset = (BPF_CORE_READ(area, vm_pgoff) << PAGE_BITS) + search->address - BPF_CORE_READ(area, vm_start);
	return 0;
}

static __always_inline void key_in_private(struct sem_key *key, const struct locker *locker, __u64 address)
{
	key->space = locker->space ^ locker->start_ns * SPACE_MIX;
	key->place = address;
	key->device = NO_DEVICE;
	key->pad = 0;
}

/* False: it lies in shared memory, or may, and the kernel does not say where, as somebody is changing the map. */
static __always_inline bool key_in_shared(struct task_struct *task, struct sem_key *key, const struct locker *locker,
					  __u64 address, __u64 t)
{
	struct place_search search = {.address = address};

	key_in_private(key, locker, address);
	if (bpf_find_vma(task, address, note_mapping, &search, 0)) {
		shared.unplaced_ns = t;
		return false;
	}
	if (!search.inode)
		return true;
	key->space = search.inode;
	key->place = search.offset;
	key->device = search.device;
	return true;
}

static __always_inline bool key_of(struct task_struct *task, struct sem_key *key, const struct locker *locker,
				   __u64 address, __u64 t)
{
	__u32 words[SEM_WORDS];

	/* shared memory that this process has not touched yet cannot be read here */
	if (!bpf_probe_read_user(words, sizeof(words), (void *)address) && !words[SEM_SHARED]) {
		key_in_private(key, locker, address);
		return true;
	}
	return key_in_shared(task, key, locker, address, t);
}

static __always_inline struct sem_claims *semaphore_get(const struct sem_key *key)
{
	struct sem_claims *semaphore = bpf_map_lookup_elem(&semaphores, key);

	if (semaphore)
		return semaphore;
	bpf_map_update_elem(&semaphores, key, &fresh_semaphore, BPF_NOEXIST);
	return bpf_map_lookup_elem(&semaphores, key); /* NULL: no room. Then its takers are not known */
}

/* ---- claims --------------------------------------------------------------------------------------------------- */

/* *at = fresh if it was `old`; what it was. The programs are compiled for an instruction set older than this
 * instruction (5.12; on arm64 5.18), so that they load where it is not needed. */
static __always_inline __u64 exchange(__u64 *at, __u64 old, __u64 fresh)
{
	register __u64 r0 asm("r0") = old;
	register __u64 *r1 asm("r1") = at;
	register __u64 r2 asm("r2") = fresh;

	asm volatile(".8byte 0x000000f1000021db" : "+r"(r0) : "r"(r1), "r"(r2) : "memory");
	return r0;
}

static __always_inline void write_begins(struct claim *claim)
{
	claim->version++;
	barrier();
}

static __always_inline void write_ends(struct claim *claim)
{
	barrier();
	claim->version++;
}

static __always_inline struct claim *claim_at(struct sem_claims *semaphore, __u64 at)
{
	return &semaphore->claims[bounded(at, CLAIMS_MAX - 1)];
}

struct claim_search {
	struct sem_claims *semaphore;
	__u64 task;
	__u32 tid, own, free, pad;
};

static __always_inline long look_for_claim(__u64 index, void *context)
{
	struct claim_search *search = context;
	const struct claim *claim = claim_at(search->semaphore, index);

	if (claim->task == search->task && claim->tid == search->tid) {
		search->own = index;
		return 1;
	}
	if (search->free == CLAIMS_MAX &&
	    (!claim->task ||
	     (!claim->asks && !claim->posting && (!claim->holds || claim->took_ns < search->semaphore->stranger_ns))))
		search->free = index;
	return 0;
}

/* CLAIMS_MAX: none. `fresh`: make one if there is none. */
static __always_inline __u32 find_claim(struct task_struct *task, struct sem_claims *semaphore, bool fresh)
{
	struct claim_search search = {
	    .semaphore = semaphore, .task = (__u64)task, .tid = GET(task, pid), .own = CLAIMS_MAX, .free = CLAIMS_MAX};
	struct claim *claim;
	__u64 before;

	repeat(CLAIMS_MAX, CLAIMS_MAX, look_for_claim, &search);
	if (search.own < CLAIMS_MAX || !fresh || search.free >= CLAIMS_MAX)
		return search.own;
	claim = claim_at(semaphore, search.free);
	before = claim->task;
	if (exchange(&claim->task, before, (__u64)task) != before)
		return CLAIMS_MAX;
	write_begins(claim);
	claim->tid = GET(task, pid);
	claim->holds = claim->asks = claim->posting = 0;
	write_ends(claim);
	return search.free;
}

/* That of the thread's present call, NULL if it has none. */
static __always_inline struct claim *present_claim(struct task_struct *task, struct locker *locker)
{
	struct sem_claims *semaphore = locker->claim ? bpf_map_lookup_elem(&semaphores, &locker->semaphore) : NULL;
	struct claim *claim = semaphore ? claim_at(semaphore, locker->claim - 1) : NULL;

	return claim && claim->task == (__u64)task && claim->tid == GET(task, pid) ? claim : NULL;
}

/* It has come to where it can take it: from now on it may have. */
static __always_inline void ask(struct task_struct *task, struct locker *locker, struct lock_wait *lock, __u64 t)
{
	struct sem_claims *semaphore = semaphore_get(&locker->semaphore);
	struct claim *claim;
	__u32 at;

	locker->claim = 0;
	if (!semaphore)
		return;
	at = find_claim(task, semaphore, true);
	if (at >= CLAIMS_MAX) {
		semaphore->crowded_ns = t;
		return;
	}
	locker->claim = at + 1;
	claim = claim_at(semaphore, at);
	write_begins(claim);
	claim->asked_ns = t;
	claim->space = locker->space;
	claim->sp = locker->sp;
	claim->back = locker->back;
	claim->posting = 0;
	claim->asks = 1;
	claim->posts = semaphore->posts;
	barrier();
	if (bpf_probe_read_user(&claim->value, sizeof(claim->value), (void *)locker->pending))
		claim->value = UNREAD_VALUE;
	write_ends(claim);
	lock->claiming = 1;
}

static __always_inline void take(struct claim *claim, bool took, __u64 t)
{
	write_begins(claim);
	if (took) {
		claim->holds++;
		claim->took_ns = claim->asked_ns;
		claim->sure_ns = t;
	}
	claim->asks = 0;
	write_ends(claim);
}

/* Its call is known to have ended. */
static __always_inline void settles_claim(struct task_struct *task, struct locker *locker, bool took, __u64 t)
{
	struct claim *claim = waits_or_tries(locker->pending_call) ? present_claim(task, locker) : NULL;

	if (claim && claim->asks)
		take(claim, took, t);
}

/* Is the address that it was to return to gone from the stack? Only asked in its own address space. */
static __always_inline bool has_returned(const struct claim *claim)
{
	__u64 word = 0;

	return claim->sp && !bpf_probe_read_user(&word, sizeof(word), (void *)claim->sp) && word != claim->back;
}

/* The current thread leaves the processor. Is it still claiming something? */
HOLDS_OUT_OF_LINE int leaves_with_claim(__u64 t)
{
	struct task_struct *task = current_task();
	struct locker *locker = locker_find(task);
	struct claim *claim = locker ? present_claim(task, locker) : NULL;

	if (!claim)
		return 0;
	if ((claim->version & 1) || !has_returned(claim))
		return 1;
	if (claim->asks)
		take(claim, true, t);
	claim->posting = 0;
	return 0;
}

/* ---- calls ------------------------------------------------------------------------------------------------------ */

static __always_inline void note_return(struct locker *locker, struct pt_regs *regs)
{
	locker->sp = return_place(regs);
	locker->back = 0;
	if (bpf_probe_read_user(&locker->back, sizeof(locker->back), (void *)locker->sp))
		locker->sp = 0;
}

static __always_inline void asks_for_semaphore(struct task_struct *task, struct locker *locker,
					       struct thread_state *state, struct pt_regs *regs, __u64 t)
{
	struct sem_key key;

	locker->claim = 0;
	__builtin_memset(&locker->semaphore, 0, sizeof(locker->semaphore));
	if (!state || !key_of(task, &key, locker, locker->pending, t))
		return;
	locker->semaphore = key;
	note_return(locker, regs);
	if (locker->pending_call == PROBE_SEM_TRY)
		locker->sp = 0; /* the probe on its return has put an address of its own there */
	ask(task, locker, &state->lock, t);
}

/* Has anybody been named who let it go behind our back? Then nobody is who had it by now. */
static __always_inline void stranger_posts(struct sem_claims *semaphore, __u64 t)
{
	semaphore->stranger_ns = t;
	__sync_fetch_and_add(&semaphore->strangers, 1);
}

static __always_inline void posts_semaphore(struct task_struct *task, struct locker *locker, struct thread_state *state,
					    struct pt_regs *regs, __u64 address, __u64 t)
{
	struct sem_claims *semaphore;
	struct claim *claim;
	struct sem_key key;
	__u32 at;

	locker->claim = 0;
	if (!state || !key_of(task, &key, locker, address, t))
		return;
	locker->semaphore = key;
	semaphore = semaphore_get(&locker->semaphore);
	if (!semaphore)
		return;
	__sync_fetch_and_add(&semaphore->posts, 1);
	at = find_claim(task, semaphore, false);
	claim = claim_at(semaphore, at);
	if (at >= CLAIMS_MAX || !claim->holds) {
		stranger_posts(semaphore, t);
		return;
	}
	note_return(locker, regs);
	locker->claim = at + 1;
	write_begins(claim);
	claim->space = locker->space;
	claim->sp = locker->sp;
	claim->back = locker->back;
	claim->posting = 1;
	claim->holds--;
	write_ends(claim);
	__sync_fetch_and_add(&semaphore->own, 1);
	state->lock.claiming = 1;
}

/* A signal handler posts while the thread sleeps for a semaphore. */
static __always_inline void posts_in_between(struct task_struct *task, struct locker *locker, __u64 address, __u64 t)
{
	struct sem_claims *semaphore;
	struct sem_key key;

	if (!key_of(task, &key, locker, address, t))
		return;
	semaphore = semaphore_get(&key);
	if (!semaphore)
		return;
	__sync_fetch_and_add(&semaphore->posts, 1);
	stranger_posts(semaphore, t);
}

/* The thread is at something else. */
static __always_inline void posts_no_more(struct task_struct *task, struct locker *locker)
{
	struct claim *claim = present_claim(task, locker);

	if (claim && claim->posting)
		claim->posting = 0;
}

/* sem_init: another semaphore, whatever was there. */
static __always_inline void forget_semaphore(struct task_struct *task, struct locker *locker, __u64 address,
					     bool between_processes, __u64 t)
{
	struct sem_key key;

	locker->claim = 0;
	if (!between_processes)
		key_in_private(&key, locker, address);
	else if (!key_in_shared(task, &key, locker, address, t))
		return;
	bpf_map_update_elem(&semaphores, &key, &fresh_semaphore, BPF_EXIST);
}

/* ---- who took it last ---------------------------------------------------------------------------------------------
 */

struct claim_walk {
	struct sem_claims *semaphore;
	struct claim_sums *sums;
	__u64 space; /* the memory at hand; 0: none */
};

static __always_inline void weigh_sure(struct claim_sums *sums, __u64 asked_ns, __u32 at)
{
	if (asked_ns < sums->sure_ns)
		return;
	sums->sure_ns = asked_ns;
	sums->sure_at = at;
}

static __always_inline void weigh_maybe(struct claim_sums *sums, __u64 asked_ns, __u32 at)
{
	sums->maybes++;
	if (asked_ns < sums->maybe_ns)
		return;
	sums->maybe_ns = asked_ns;
	sums->maybe_at = at;
}

static __always_inline long weigh_claim(__u64 index, void *context)
{
	struct claim_walk *walk = context;
	struct sem_claims *semaphore = walk->semaphore;
	struct claim_sums *sums = walk->sums;
	const struct claim *claim = claim_at(semaphore, index);
	const __u32 version = claim->version;
	bool returned;

	if (!claim->task)
		return 0;
	barrier();
	returned = claim->space == walk->space && (claim->asks || claim->posting) && has_returned(claim);
	if (claim->holds) {
		weigh_sure(sums, claim->took_ns, index);
		if (claim->sure_ns > sums->known_ns)
			sums->known_ns = claim->sure_ns;
	}
	if (claim->asks && returned) {
		weigh_sure(sums, claim->asked_ns, index);
		sums->returned++;
	} else if (claim->asks && (claim->value || claim->posts != semaphore->posts)) {
		weigh_maybe(sums, claim->asked_ns, index); /* else there was nothing to take and nothing has come */
	}
	sums->posting += claim->posting && !returned;
	barrier();
	if ((version & 1) || claim->version != version) {
		sums->maybes += 2;
		sums->maybe_ns = FOR_EVER;
	}
	return 0;
}

/* One claim alone is open, there was something to take when it was put down, and all that was taken since must be its.
 * Not where processes may take part that are not observed. */
static __always_inline bool must_have_taken(struct sem_claims *semaphore, const struct claim_sums *sums, bool private)
{
	const struct claim *claim = claim_at(semaphore, sums->maybe_at);

	return private && sums->maybes == 1 && claim->value && claim->value != UNREAD_VALUE && !sums->posting &&
	       !sums->returned && sums->known_ns < sums->maybe_ns && semaphore->stranger_ns < sums->maybe_ns &&
	       !semaphore->crowded_ns;
}

static __always_inline __u32 name_taker(const struct claim *claim)
{
	struct locker *locker = bpf_map_lookup_elem(&lockers, &claim->task);

	return OWNER_IS_TAKER | claim->tid | (locker && locker->tid == claim->tid ? 0 : TAKER_ENDED);
}

/* OWNER_IS_TAKER and who, or 0. `empty`: there is nothing to take in it, now. `sums`: room that nobody else uses
 * meanwhile. */
static __always_inline __u32 last_taker(const struct sem_key *key, __u64 space, bool empty, struct claim_sums *sums)
{
	struct sem_claims *semaphore = bpf_map_lookup_elem(&semaphores, key);
	struct claim_walk walk = {.semaphore = semaphore, .sums = sums, .space = space};
	const bool private = key->device == NO_DEVICE;

	if (!semaphore)
		return 0;
	__builtin_memset(sums, 0, sizeof(*sums));
	repeat(CLAIMS_MAX, CLAIMS_MAX, weigh_claim, &walk);
	if (empty && must_have_taken(semaphore, sums, private)) {
		sums->sure_ns = sums->maybe_ns;
		sums->sure_at = sums->maybe_at;
	} else if (sums->maybe_ns > sums->sure_ns) {
		return 0;
	}
	if (!sums->sure_ns || sums->sure_ns <= semaphore->stranger_ns || sums->sure_ns <= semaphore->crowded_ns ||
	    semaphore->strangers > semaphore->own || (!private && sums->sure_ns <= shared.unplaced_ns))
		return 0;
	return name_taker(claim_at(semaphore, sums->sure_at));
}

/* ---- waits ---------------------------------------------------------------------------------------------------------
 */

/* That of a thread which is in the middle of waiting for the semaphore at this address; NULL: it is not. */
static __always_inline struct locker *locker_at(struct task_struct *task, __u64 address)
{
	struct locker *locker = locker_find(task);

	return locker && waits_for_semaphore(locker->pending_call) && locker->pending == address ? locker : NULL;
}

#define NO_SEMAPHORE 1

/* The current thread goes to sleep at this address. Returns who took the semaphore there last, as last_taker does;
 * NO_SEMAPHORE: it does not wait for one. */
HOLDS_OUT_OF_LINE int sleeps_for_semaphore(__u64 address)
{
	struct task_struct *task = current_task();
	struct locker *locker = locker_at(task, address);
	struct claim *claim;

	if (!locker)
		return NO_SEMAPHORE;
	claim = present_claim(task, locker);
	if (claim && claim->asks)
		take(claim, false, 0);
	return last_taker(&locker->semaphore, locker->space, true, &locker->sums);
}

/* The current thread has slept there, and looks again. */
HOLDS_OUT_OF_LINE int asks_again(__u64 address, __u64 t)
{
	struct task_struct *task = current_task();
	struct locker *locker = locker_at(task, address);
	struct thread_state *state = locker && locker->semaphore.space ? thread_find(task) : NULL;

	if (state)
		ask(task, locker, &state->lock, t);
	return 0;
}

/* The current thread's futex call has failed, so its call will. */
HOLDS_OUT_OF_LINE int gives_up_semaphore(void)
{
	struct task_struct *task = current_task();
	struct locker *locker = locker_find(task);
	struct claim *claim = locker && waits_for_semaphore(locker->pending_call) ? present_claim(task, locker) : NULL;

	if (claim && claim->asks)
		take(claim, false, 0);
	return 0;
}

struct claim_sums sums_looked_at = {}; /* of the one iterator */

static __always_inline __u32 taker_looked_at(struct task_struct *task, __u64 address)
{
	struct locker *locker = locker_at(task, address);

	return locker ? last_taker(&locker->semaphore, 0, false, &sums_looked_at) : 0;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Waits for locks, without a probe in the program: a thread that leaves the processor in a futex call waits; what it
 * waits for is in its saved registers, and who holds it often in the memory there. The wait is over when the call
 * returns. A call interrupted by a signal and begun again with the same arguments is the same wait. Calls that return
 * without having slept are no contention and leave no trace, but for a deadlock that the kernel itself found.
 *
 * Ended waits are folded into one of two hashes while user space drains the other, so that no count is lost between
 * reading and deleting. The begin and end of a single wait are told besides, as far as a budget allows.
 */
#ifndef LIFELINE_BPF_LOCK_H
#define LIFELINE_BPF_LOCK_H

#include "lib/common.bpf.h"
#include "lib/taker.bpf.h"
#include "lib/threads.bpf.h"
#include "abi/lock.h"

#define FUTEX_COMMAND 0x7f /* without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME */
#define FUTEX_PRIVATE 128
#define FUTEX_OP_WAIT 0
#define FUTEX_OP_WAKE 1
#define FUTEX_OP_LOCK_PI 6
#define FUTEX_OP_UNLOCK_PI 7
#define FUTEX_OP_WAIT_BITSET 9
#define FUTEX_OP_WAKE_BITSET 10
#define FUTEX_OP_WAIT_REQUEUE_PI 11
#define FUTEX_OP_LOCK_PI2 13
#define FUTEX_TID 0x3fffffff
#define FUTEX_OWNER_GONE 0x40000000
#define FUTEX_HAS_WAITERS 0x80000000
#define TID_LIMIT 4194304 /* PID_MAX_LIMIT */

#define SLEEPS_INTERRUPTIBLY 1
#define STOPPED_OR_TRACED 12
#define ERROR_TRY_AGAIN (-11)
#define ERROR_DEADLOCK (-35)
#define ERROR_TIMEOUT (-110)
#define RESTART_CALL (-512) /* -ERESTARTSYS: the same call again, or -EINTR to the program */
#define RESTART_NO_INTR (-513)
#define RESTART_NO_HAND (-514)
#define RESTART_BLOCK (-516) /* by way of restart_syscall */
#define ERROR_INTERRUPTED (-4)

#define TELL_EVERY_NS 1000000ULL /* of one thread's waits, on average */
#define TELL_BURST 16            /* that many may come at once */
#define TELL_BUDGET 400          /* begins of waits told by one processor in a BUDGET_NS */
#define SITE_BUDGET 64           /* stacks copied likewise */
#define BUDGET_NS 100000000ULL

struct fold_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, FILLED_IN_SWITCHES);
	__type(key, struct lock_fold_key);
	__type(value, struct lock_fold);
} folds0 SEC(".maps"), folds1 SEC(".maps");

/* Sites whose stack was told. */
struct site_key {
	__u64 space;
	__u32 site, pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct site_key);
	__type(value, __u32);
} sites_told SEC(".maps");

/* What a processor may still tell in this tenth of a second. */
struct budget {
	__u64 since_ns;
	__u32 waits, sites;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct budget);
} budgets SEC(".maps");

static __always_inline struct budget *budget_at(__u64 t)
{
	__u32 zero = 0;
	struct budget *budget = bpf_map_lookup_elem(&budgets, &zero);

	if (budget && t - budget->since_ns > BUDGET_NS) {
		budget->since_ns = t;
		budget->waits = TELL_BUDGET;
		budget->sites = SITE_BUDGET;
	}
	return budget;
}

/* ---- what a call waits for ------------------------------------------------------------------------- */

struct futex_wait {
	__u64 address, sp;
	__u32 op, val, timed;
};

/* struct futex_waitv of the kernel's interface */
struct one_of_many {
	__u64 val, address;
	__u32 flags, reserved;
};

static __always_inline bool read_futex(struct futex_wait *wait, struct pt_regs *regs)
{
	__u32 command = (__u32)argument(regs, 1, false) & FUTEX_COMMAND;

	wait->address = argument(regs, 0, false);
	wait->op = (__u32)argument(regs, 1, false);
	wait->val = (__u32)argument(regs, 2, false);
	wait->timed = argument(regs, 3, false) != 0;
	return command == FUTEX_OP_WAIT || command == FUTEX_OP_WAIT_BITSET || command == FUTEX_OP_LOCK_PI ||
	       command == FUTEX_OP_LOCK_PI2 || command == FUTEX_OP_WAIT_REQUEUE_PI;
}

/* futex2's calls are told as the old operation that they are like. */
static __always_inline bool read_futex2(struct futex_wait *wait, struct pt_regs *regs)
{
	wait->address = argument(regs, 0, false);
	wait->op = FUTEX_OP_WAIT_BITSET | ((__u32)argument(regs, 3, false) & FUTEX_PRIVATE);
	wait->val = (__u32)argument(regs, 1, false);
	wait->timed = argument(regs, 4, false) != 0;
	return true;
}

/* Of several futexes the first stands for all. */
static __always_inline bool read_waitv(struct futex_wait *wait, struct pt_regs *regs)
{
	struct one_of_many first = {};

	if (!argument(regs, 1, false) || bpf_probe_read_user(&first, sizeof(first), (void *)argument(regs, 0, false)))
		return false;
	wait->address = first.address;
	wait->op = FUTEX_OP_WAIT_BITSET | (first.flags & FUTEX_PRIVATE);
	wait->val = (__u32)first.val;
	wait->timed = argument(regs, 3, false) != 0;
	return true;
}

static __always_inline __u32 call_of(__u64 number)
{
	return number < SYSCALL_TABLE_SIZE ? settings.interest[number] : SYSCALL_IGNORED;
}

/* Registers keep their values when the kernel turns a call into restart_syscall, so that reads as the first call did.
 * Only asked then about a thread whose wait was interrupted. */
static __always_inline bool read_wait(struct futex_wait *wait, struct pt_regs *regs, const struct lock_wait *lock)
{
	__u32 call = call_of(call_number(regs));

	wait->sp = stack_of(regs);
	if (call == SYSCALL_FUTEX || (call == SYSCALL_RESTART && lock->stopped_ns))
		return read_futex(wait, regs);
	if (call == SYSCALL_FUTEX_WAIT)
		return read_futex2(wait, regs);
	return call == SYSCALL_FUTEX_WAITV && read_waitv(wait, regs);
}

/* ---- who might hold it ------------------------------------------------------------------------------- */

#define MUTEX_USERS 3
#define MUTEX_KIND 4
#define MUTEX_KIND_BITS 0x3ff

/* A wait with a time limit uses the same operation and value for a mutex as one for a rwlock: but a mutex that somebody
 * has counts its users (1) where the rwlock's words, seen from its phases, have nothing. */
static __always_inline bool is_mutex_with_owner(const struct lock_wait *lock)
{
	return !(lock->address & 7) && lock->words[0] == 2 && lock->words[MUTEX_USERS] - 1 < 0xffff &&
	       !(lock->words[MUTEX_KIND] & ~MUTEX_KIND_BITS);
}

/*
 * Where glibc's locks have their owner, by operation and value (sysdeps/nptl/bits/struct_mutex.h, struct_rwlock.h;
 * KERNEL.md tells what was measured). Other locks use the same values, so this is only a candidate: user space, which
 * knows the function that waits, decides whether it counts.
 */
static __always_inline __u32 owner_candidate(const struct lock_wait *lock)
{
	__u32 command = lock->op & FUTEX_COMMAND, owner = 0;

	if (command == FUTEX_OP_LOCK_PI || command == FUTEX_OP_LOCK_PI2)
		owner = lock->words[0] & FUTEX_TID;
	else if (command == FUTEX_OP_WAIT && (lock->val & FUTEX_HAS_WAITERS))
		owner = lock->words[0] & FUTEX_TID;
	else if (command == FUTEX_OP_WAIT && lock->val == 2)
		owner = lock->words[2];
	else if (command == FUTEX_OP_WAIT_BITSET && lock->val == 2 && is_mutex_with_owner(lock))
		owner = lock->words[2];
	else if (command == FUTEX_OP_WAIT_BITSET && (lock->val == 2 || lock->val == 3))
		owner = lock->address & 7 ? lock->words[3] : lock->words[4];
	return owner < TID_LIMIT ? owner : 0;
}

/* ---- where ------------------------------------------------------------------------------------------- */

static __always_inline __u32 mix(__u32 hash, __u64 word)
{
	return (hash ^ (__u32)(word ^ (word >> 32))) * 0x9e3779b1u;
}

/* Loops are calls (repeat): written out, the verifier walks each round of each copy, which took 0.2 s of loading. */
struct site_search {
	struct lock_wait *lock;
	__u64 ip, text, size;
};

#define IN_LIBC 0
#define NEAR_IP 0x100000 /* that close to the call it is libc as well */

static __always_inline long look_at_word(__u64 index, void *context)
{
	struct site_search *search = context;
	struct lock_wait *lock = search->lock;
	__u64 found = lock->caller_count, word; /* 64 bits, so that verifiers of 5.10 keep the bound */

	barrier_var(found);
	if (index >= SITE_WORDS || found >= SITE_CALLERS)
		return 1;
	word = lock->stack[index];
	if (found == IN_LIBC && word - search->ip + NEAR_IP < 2 * NEAR_IP && word - search->text >= search->size) {
		lock->callers[IN_LIBC] = word;
		lock->caller_at[IN_LIBC] = index;
		lock->caller_count = 1;
		return 0;
	}
	if (word - search->text >= search->size)
		return 0;
	if (found == IN_LIBC) { /* libc is part of the program */
		lock->callers[IN_LIBC] = 0;
		found++;
	}
	lock->callers[found] = word;
	lock->caller_at[found] = index;
	lock->caller_count = found + 1;
	return found + 1 == SITE_CALLERS;
}

/*
 * A number for the place in the program, cheap to work out: the call is made in libc, at one of few addresses, but the
 * words on the stack that point into the program's own text are mostly return addresses, so the first of them say who
 * called. Where the program has no part in it (an interpreter in a shared library) the address and the depth of the
 * stack must do: stacks of glibc's threads begin at the same place in a page. The first word that points into libc
 * tells its functions apart. Equal places can get several numbers (old words lie about on a stack); user space unwinds
 * one stack of each and merges what is equal.
 */
static __always_inline void work_out_site(struct task_struct *task, struct lock_wait *lock, struct pt_regs *regs)
{
	struct site_search search = {.lock = lock, .ip = instruction_of(regs)};
	__u32 hash = mix(mix(1, instruction_of(regs)), lock->op);

	search.text = GET(plain(task), mm, start_code);
	search.size = GET(plain(task), mm, end_code) - search.text;
	lock->caller_count = 0;
	__builtin_memset(lock->callers, 0, sizeof(lock->callers));
	if (!bpf_probe_read_user(lock->stack, sizeof(lock->stack), (void *)stack_of(regs)))
		repeat(SITE_WORDS, SITE_WORDS, look_at_word, &search);
	hash = mix(mix(mix(hash, lock->callers[0]), lock->callers[1]), lock->callers[2]);
	if (lock->caller_count < SITE_CALLERS)
		hash = mix(mix(hash, lock->address), stack_of(regs) & 0xfff);
	hash ^= hash >> 15;
	lock->place = hash ? hash : 1;
	lock->place_ip = instruction_of(regs);
	lock->place_sp = stack_of(regs);
	lock->place_op = lock->op;
	lock->place_address = lock->address;
	lock->place_told = 0;
}

static __always_inline bool has_caller(const struct lock_wait *lock, __u32 which)
{
	__u64 word = 0, at = lock->caller_at[which];

	return !bpf_probe_read_user(&word, sizeof(word), (void *)(lock->place_sp + at * sizeof(word))) &&
	       word == lock->callers[which];
}

/* Threads mostly wait where they waited before: then these words of the stack are all that has to be read. */
static __always_inline bool is_same_place(const struct lock_wait *lock, struct pt_regs *regs)
{
	if (!lock->place || lock->place_ip != instruction_of(regs) || lock->place_sp != stack_of(regs) ||
	    lock->place_op != lock->op)
		return false;
	if (lock->caller_count < SITE_CALLERS)
		return lock->place_address == lock->address;
	return (!lock->callers[IN_LIBC] || has_caller(lock, IN_LIBC)) && has_caller(lock, 1) && has_caller(lock, 2);
}

struct stack_copy {
	struct raw_lock_site *record;
	__u64 from;
	__u32 length;
};

static __always_inline long copy_piece(__u64 index, void *context)
{
	struct stack_copy *copy = context;

	if (index >= LOCK_STACK / LOCK_STACK_PIECE ||
	    bpf_probe_read_user(copy->record->stack + index * LOCK_STACK_PIECE, LOCK_STACK_PIECE,
				(void *)(copy->from + index * LOCK_STACK_PIECE)))
		return 1;
	copy->length += LOCK_STACK_PIECE;
	return 0;
}

/* The stack from the innermost frame on, as far as it is there. */
static __always_inline void copy_stack(struct raw_lock_site *record, __u64 from)
{
	struct stack_copy copy = {.record = record, .from = from};

	repeat(LOCK_STACK / LOCK_STACK_PIECE, LOCK_STACK / LOCK_STACK_PIECE, copy_piece, &copy);
	record->length = copy.length;
}

/* Tells a place that is new, so that user space can say what it is. */
static __always_inline void tell_site(struct task_struct *task, struct lock_wait *lock, __u64 space, __u32 site,
				      struct pt_regs *regs, __u64 t)
{
	struct site_key key = {.space = space, .site = site, .pid = GET(task, tgid)};
	struct raw_lock_site *record;
	struct budget *budget;
	__u32 one = 1;

	if (bpf_map_lookup_elem(&sites_told, &key)) {
		lock->place_told = 1;
		return;
	}
	budget = budget_at(t);
	if (!budget || !budget->sites)
		return;
	budget->sites--;
	if (bpf_map_update_elem(&sites_told, &key, &one, BPF_NOEXIST))
		return;
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record) {
		count_lost(GROUP_LOCK, 1);
		bpf_map_delete_elem(&sites_told, &key);
		return;
	}
	fill_head(&record->h, RAW_LOCK_SITE, sizeof(*record), task, t);
	record->space = space;
	record->site = site;
	bpf_probe_read_kernel(record->registers, sizeof(record->registers), regs);
	copy_stack(record, stack_of(regs));
	/* with --locks all many a place is met by a program that ends a moment later: it must be looked at before */
	bpf_ringbuf_submit(record, WANT_HOLDS ? BPF_RB_FORCE_WAKEUP : submit_flags());
}

static __always_inline void find_site(struct task_struct *task, struct lock_wait *lock, struct pt_regs *regs, __u64 t)
{
	if (!is_same_place(lock, regs))
		work_out_site(task, lock, regs);
	lock->site = lock->place;
	if (!lock->place_told)
		tell_site(task, lock, lock->space, lock->site, regs, t);
}

/* ---- accounts ------------------------------------------------------------------------------------------ */

static __always_inline void fold(struct task_struct *task, const struct lock_fold_key *key,
				 const struct lock_wait *lock, __u64 waited_ns, bool timeout, __u32 count)
{
	const __u32 side = shared.fold_side & 1;
	struct lock_fold *entry, fresh = {};

	entry = side ? bpf_map_lookup_elem(&folds1, key) : bpf_map_lookup_elem(&folds0, key);
	if (entry) {
		entry->waits += count;
		entry->timeouts += timeout;
		entry->wait_ns += waited_ns;
		if (waited_ns > entry->max_ns)
			entry->max_ns = waited_ns;
		return;
	}
	fresh.waits = count;
	fresh.timeouts = timeout;
	fresh.wait_ns = fresh.max_ns = waited_ns;
	bpf_probe_read_kernel_str(fresh.comm, sizeof(fresh.comm), task->comm);
	if (lock) {
		__builtin_memcpy(fresh.words, lock->words, sizeof(fresh.words));
		fresh.sp = lock->sp;
	}
	if (side ? bpf_map_update_elem(&folds1, key, &fresh, BPF_ANY)
		 : bpf_map_update_elem(&folds0, key, &fresh, BPF_ANY))
		count_lost(GROUP_LOCK, count);
	shared.folds_filled[side] = 1;
}

static __always_inline void fold_wait(struct task_struct *task, const struct lock_wait *lock, __u64 waited_ns,
				      bool timeout)
{
	struct lock_fold_key key = {.space = lock->space,
				    .address = lock->address,
				    .start_ns = lock->process_start,
				    .pid = GET(task, tgid),
				    .tid = GET(task, pid),
				    .site = lock->site,
				    .owner = lock->owner,
				    .op = lock->op,
				    .val = lock->val};

	fold(task, &key, lock, waited_ns, timeout, 1);
}

static __always_inline void tell_wait(struct task_struct *task, struct lock_wait *lock)
{
	struct raw_lock_wait *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	if (!record) {
		count_lost(GROUP_LOCK, 1);
		return;
	}
	fill_head(&record->h, RAW_LOCK_WAIT, sizeof(*record), task, lock->since_ns);
	record->space = lock->space;
	record->address = lock->address;
	record->sp = lock->sp;
	record->op = lock->op;
	record->val = lock->val;
	record->owner = lock->owner;
	record->site = lock->site;
	record->timed = lock->timed;
	record->pad = 0;
	__builtin_memcpy(record->words, lock->words, sizeof(record->words));
	SUBMIT(record);
	lock->told = 1;
}

static __always_inline void tell_wait_end(struct task_struct *task, struct lock_wait *lock, __u64 waited_ns,
					  __u32 outcome, __s32 result, __u64 t)
{
	struct raw_lock_end *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	if (!record) {
		count_lost(GROUP_LOCK, 1);
		return;
	}
	fill_head(&record->h, RAW_LOCK_END, sizeof(*record), task, t);
	record->h.start_ns = lock->process_start; /* this may be its last switch */
	record->space = lock->space;
	record->address = lock->address;
	record->waited_ns = waited_ns;
	record->op = lock->op;
	record->outcome = outcome;
	record->result = result;
	if (outcome == LOCK_ACQUIRED || outcome == LOCK_OWNER_DIED) {
		record->waker_pid = lock->waker_pid;
		record->waker_tid = lock->waker_tid;
		record->waker_start = lock->waker_start;
	} else {
		record->waker_pid = record->waker_tid = 0;
		record->waker_start = 0;
	}
	record->pad = 0;
	SUBMIT(record);
}

static __always_inline const struct thread_state *thread_with(const struct lock_wait *lock)
{
	return (const void *)((const char *)lock - offsetof(struct thread_state, lock));
}

static __always_inline void end_wait(struct task_struct *task, struct lock_wait *lock, __u32 outcome, __s32 result,
				     __u64 t)
{
	const struct thread_state *state = thread_with(lock);
	__u64 waited_ns = t > lock->since_ns ? t - lock->since_ns : 0;
	__u64 delay_ns = run_queue_ns(task, state, came_at(task)) - lock->since_delay;

	/* who was woken and waits for a processor does not wait for the lock any more */
	waited_ns = delay_ns < waited_ns ? waited_ns - delay_ns : 0;
	fold_wait(task, lock, waited_ns, outcome == LOCK_TIMEOUT);
	if (lock->told)
		tell_wait_end(task, lock, waited_ns, outcome, result, t);
	lock->ended_ns = t;
	lock->space = 0;
	lock->stopped_ns = 0;
}

/* ---- a wait begins: the thread leaves the processor ------------------------------------------------------ */

static __always_inline void start_wait(struct task_struct *task, struct lock_wait *lock, __u64 t)
{
	lock->space = (__u64)GET(plain(task), mm);
	lock->process_start = GET(plain(task), group_leader, start_boottime);
	lock->since_ns = t;
	lock->since_delay = run_queue_ns(task, thread_with(lock), came_at(task));
	lock->stopped_ns = 0;
	lock->site = lock->told = lock->seen_long = 0;
	lock->waker_pid = lock->waker_tid = 0;
	lock->waker_start = 0;
}

static __always_inline void note_semaphore(struct lock_wait *lock)
{
	const __u32 taker = sleeps_for_semaphore(lock->address);

	if (taker == NO_SEMAPHORE)
		return;
	lock->claiming = 0;
	lock->owner = taker;
}

static __always_inline void begin_wait(struct task_struct *task, struct lock_wait *lock, const struct futex_wait *wait,
				       __u64 t, bool in_memory)
{
	start_wait(task, lock, t);
	lock->address = wait->address;
	lock->sp = wait->sp;
	lock->op = wait->op;
	lock->val = wait->val;
	lock->timed = wait->timed;
	/* all bits set: not read */
	if (!in_memory || bpf_probe_read_user(lock->words, sizeof(lock->words), (void *)wait->address))
		__builtin_memset(lock->words, 0xff, sizeof(lock->words));
	lock->owner = owner_candidate(lock);
	if (WANT_HOLDS && in_memory)
		note_semaphore(lock);
}

/* A wait that began before observation, met by the iterator: its memory is not at hand, and what is told of it counts
 * from now. */
static __always_inline void meet_wait(struct task_struct *task, struct lock_wait *lock, struct pt_regs *regs, __u64 t)
{
	struct futex_wait wait = {};

	if (lock->space || !(state_of(task) & SLEEPS_INTERRUPTIBLY) ||
	    call_of(call_number(regs)) == SYSCALL_FUTEX_WAITV)
		return;
	if (read_wait(&wait, regs, lock))
		begin_wait(task, lock, &wait, t, false);
}

/* Is this worth an event of its own? */
static __always_inline bool may_tell(struct lock_wait *lock, __u64 t)
{
	struct budget *budget;

	if (lock->next_ns > t + TELL_BURST * TELL_EVERY_NS)
		return false;
	budget = budget_at(t);
	if (!budget || !budget->waits)
		return false;
	budget->waits--;
	lock->next_ns = (lock->next_ns > t ? lock->next_ns : t) + TELL_EVERY_NS;
	return true;
}

static __always_inline void tell_if_worth(struct task_struct *task, struct lock_wait *lock, struct pt_regs *regs,
					  __u64 t)
{
	if (!may_tell(lock, t))
		return;
	find_site(task, lock, regs, t);
	tell_wait(task, lock);
}

/* The thread sleeps, but not in a wait for a lock: a wait that a signal had interrupted was given up. (It is no sleep
 * to be stopped.) */
static __always_inline void leave_elsewhere(struct task_struct *task, struct lock_wait *lock, __u64 prev_state)
{
	if (lock->space && lock->stopped_ns && !(prev_state & STOPPED_OR_TRACED))
		end_wait(task, lock, LOCK_GAVE_UP, ERROR_INTERRUPTED, lock->stopped_ns);
}

static __always_inline void leave_for_lock(struct task_struct *task, struct lock_wait *lock, struct pt_regs *regs,
					   __u64 prev_state, __u64 t)
{
	struct futex_wait wait = {};

	if (!read_wait(&wait, regs, lock)) {
		leave_elsewhere(task, lock, prev_state);
		return;
	}
	if (!(prev_state & SLEEPS_INTERRUPTIBLY))
		return; /* a page fault on the way, or stopped */
	if (lock->space && lock->address == wait.address && ((lock->op ^ wait.op) & FUTEX_COMMAND) == 0) {
		lock->stopped_ns = 0; /* the same wait goes on */
		return;
	}
	if (lock->space)
		end_wait(task, lock, LOCK_GAVE_UP, ERROR_INTERRUPTED, lock->stopped_ns ? lock->stopped_ns : t);
	begin_wait(task, lock, &wait, t, true);
	tell_if_worth(task, lock, regs, t);
}

/* ---- locks on files: the hook is in the call, before the thread sleeps ------------------------------------ */

#define LOCK_DEFERRED 1 /* FILE_LOCK_DEFERRED: it has to wait */

static __always_inline void wait_for_file(struct inode *inode, struct file_lock *request, __u32 op)
{
	struct task_struct *task = current_task();
	struct thread_state *state;
	struct lock_wait *lock;
	struct pt_regs *regs;
	__u64 t, number;

	if (!inode || !request || !is_target(GET(task, tgid)) || is_compat(task))
		return;
	state = thread_of(task);
	if (!state)
		return;
	lock = &state->lock;
	number = BPF_CORE_READ(inode, i_ino);
	if (lock->space && lock->op == op && lock->address == number) {
		lock->stopped_ns = 0; /* woken, and somebody else was quicker: still the same wait */
		return;
	}
	t = now();
	if (lock->space)
		end_wait(task, lock, LOCK_GAVE_UP, ERROR_INTERRUPTED, lock->stopped_ns ? lock->stopped_ns : t);
	regs = registers_of(task);
	start_wait(task, lock, t);
	lock->address = number;
	lock->sp = stack_of(regs);
	lock->op = op;
	lock->val = BPF_CORE_READ(inode, i_sb, s_dev);
	lock->timed = 0;
	__builtin_memset(lock->words, 0, sizeof(lock->words));
	lock->words[0] = (__u32)argument(regs, 0, false);
	lock->owner = blocker_of(request);
	tell_if_worth(task, lock, regs, t);
}

/* Its last switch: it was killed while it waited. */
static __always_inline void depart_from_lock(struct task_struct *task, struct lock_wait *lock, __u64 t)
{
	if (lock->space)
		end_wait(task, lock, LOCK_GAVE_UP, ERROR_INTERRUPTED, lock->stopped_ns ? lock->stopped_ns : t);
}

/* Somebody makes this thread runnable: told as the waker if he is about it, in a call on a futex, or dying (a thread
 * that ends wakes who joins it). An interrupt that met him there by chance is not: timers show in the result. */
static __always_inline void note_waker(struct lock_wait *lock)
{
	struct task_struct *waker = current_task();
	struct pt_regs *regs;
	__u32 call;

	if (!lock->space || (GET(waker, flags) & KTHREAD_FLAG) || !GET(waker, pid))
		return;
	regs = registers_of(waker);
	call = call_of(call_number(regs));
	if (call != SYSCALL_FUTEX && call != SYSCALL_FUTEX_WAKE && !(GET(waker, flags) & EXITING_FLAG))
		return;
	lock->waker_pid = GET(waker, tgid);
	lock->waker_tid = GET(waker, pid);
	lock->waker_start = GET(plain(waker), group_leader, start_boottime);
}

/* ---- a wait ends: the call returns ------------------------------------------------------------------------- */

static __always_inline __u32 outcome_of(const struct lock_wait *lock, long result)
{
	__u32 command = lock->op & FUTEX_COMMAND, word = 0;

	if (result == ERROR_TIMEOUT)
		return LOCK_TIMEOUT;
	if (result == ERROR_INTERRUPTED)
		return LOCK_GAVE_UP;
	if (result < 0 && result != ERROR_TRY_AGAIN)
		return LOCK_FAILED;
	if (lock->op >= LOCK_OP_WAKE)
		return LOCK_ACQUIRED; /* of a file */
	/* robust and PI locks: the kernel leaves word that the owner ended (kernel/futex/core.c handle_futex_death) */
	if (command == FUTEX_OP_LOCK_PI || command == FUTEX_OP_LOCK_PI2 || (lock->val & FUTEX_HAS_WAITERS))
		if (!bpf_probe_read_user(&word, sizeof(word), (void *)lock->address) && (word & FUTEX_OWNER_GONE))
			return LOCK_OWNER_DIED;
	return LOCK_ACQUIRED;
}

/* The kernel refuses a PI lock whose owner waits, in the end, for the caller: a deadlock, though nobody slept here. */
static __always_inline void refused_as_deadlock(struct task_struct *task, struct lock_wait *lock, struct pt_regs *regs)
{
	struct futex_wait wait = {};
	__u64 t = now();

	if (!read_wait(&wait, regs, lock))
		return;
	begin_wait(task, lock, &wait, t, true);
	find_site(task, lock, regs, t);
	tell_wait(task, lock);
	end_wait(task, lock, LOCK_FAILED, ERROR_DEADLOCK, t);
}

static __always_inline bool goes_on(long result)
{
	return result == RESTART_CALL || result == RESTART_BLOCK || result == RESTART_NO_INTR ||
	       result == RESTART_NO_HAND;
}

static __always_inline void wait_returned(struct task_struct *task, struct pt_regs *regs, long result)
{
	struct thread_state *state = thread_find(task);
	struct lock_wait *lock;
	__u64 t;

	if (!state)
		return;
	lock = &state->lock;
	if (WANT_HOLDS && result < 0 && result != ERROR_TRY_AGAIN && !goes_on(result)) {
		lock->failed_ns = now();
		gives_up_semaphore();
	}
	if (!lock->space) {
		if (result == ERROR_DEADLOCK)
			refused_as_deadlock(task, lock, regs);
		return;
	}
	t = now();
	if (goes_on(result)) {
		lock->stopped_ns = t;
		return;
	}
	if (!lock->site) {
		find_site(task, lock, regs, t);
	}
	end_wait(task, lock, outcome_of(lock, result), result, t);
	if (WANT_HOLDS && (!result || result == ERROR_TRY_AGAIN))
		asks_again(lock->address, t);
}

/* `asked` for so many to be woken: more than one of them is told where a timeout would be. */
static __always_inline void woke(struct task_struct *task, __u64 address, __u32 count, __s32 asked)
{
	struct lock_fold_key key = {.space = (__u64)GET(plain(task), mm),
				    .address = address,
				    .start_ns = GET(plain(task), group_leader, start_boottime),
				    .pid = GET(task, tgid),
				    .tid = GET(task, pid),
				    .op = LOCK_OP_WAKE};

	fold(task, &key, NULL, 0, asked > 1, count);
}

static __always_inline void futex_returned(struct task_struct *task, struct pt_regs *regs, long result)
{
	__u32 command = (__u32)argument(regs, 1, false) & FUTEX_COMMAND;

	if (command == FUTEX_OP_WAKE || command == FUTEX_OP_WAKE_BITSET) {
		if (result > 0)
			woke(task, argument(regs, 0, false), result, argument(regs, 2, false));
	} else if (command == FUTEX_OP_UNLOCK_PI) {
		if (!result)
			woke(task, argument(regs, 0, false), 1, 1);
	} else {
		wait_returned(task, regs, result);
	}
}

/* Called for each of the calls in the table that are about locks. */
static __always_inline void lock_call_done(struct task_struct *task, struct pt_regs *regs, __u32 call, long result)
{
	if (!settings.want_lock || !is_target(GET(task, tgid)))
		return;
	if (call == SYSCALL_FUTEX)
		futex_returned(task, regs, result);
	else if (call == SYSCALL_FUTEX_WAKE) {
		if (result > 0)
			woke(task, argument(regs, 0, false), result, argument(regs, 2, false));
	} else
		wait_returned(task, regs, result);
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Context switches and wake-ups, folded in the kernel: nothing here emits an event for a switch. The last switch of a
 * dying thread is where its end is told: by then the kernel has settled who owes the wait and who adopted its children.
 */
#ifndef LIFELINE_BPF_SCHED_H
#define LIFELINE_BPF_SCHED_H

#include "lib/common.bpf.h"
#include "lib/threads.bpf.h"
#include "lib/children.bpf.h"
#include "lib/dead.bpf.h"
#include "lib/join.bpf.h"
#include "lib/lock.bpf.h"
#include "lib/timeline.bpf.h"

#define STATE_UNINTERRUPTIBLE 2

/* ---- why a thread leaves the processor ----------------------------------------------------------- */

#define MODE_TYPE 0170000
#define MODE_SOCKET 0140000
#define MODE_REGULAR 0100000
#define MODE_BLOCK 0060000

static __always_inline __u32 reason_of_mode(__u32 mode, __u32 otherwise)
{
	if ((mode & MODE_TYPE) == MODE_SOCKET)
		return BLOCKED_NETWORK;
	if ((mode & MODE_TYPE) == MODE_REGULAR || (mode & MODE_TYPE) == MODE_BLOCK)
		return BLOCKED_DISK;
	return otherwise;
}

/* read and write say by their descriptor what they wait for. The last answer is kept, as a thread mostly blocks on the
 * same descriptor again: then one read of the table is all. */
static __always_inline __u32 reason_of_file(struct task_struct *task, struct thread_state *state, __s32 number,
					    __u32 otherwise)
{
	struct fdtable *table = GET(plain(task), files, fdt);
	struct file **slot, *file = NULL;

	if (number < 0 || (__u32)number >= GET(table, max_fds))
		return otherwise;
	slot = GET(table, fd) + number;
	bpf_probe_read_kernel(&file, sizeof(file), slot);
	if (!file)
		return otherwise;
	if (state->file == (__u64)file && state->file_number == number)
		return state->file_reason;
	state->file = (__u64)file;
	state->file_number = number;
	state->file_reason = reason_of_mode(BPF_CORE_READ(file, f_inode, i_mode), otherwise);
	return state->file_reason;
}

static __always_inline __u32 blocked_reason(struct task_struct *task, struct thread_state *state, __u64 prev_state)
{
	struct pt_regs *regs;
	__u64 number;
	__u32 reason;

	if ((prev_state & STATE_UNINTERRUPTIBLE) && is_in_iowait(task))
		return BLOCKED_DISK;
	if (GET(task, flags) & KTHREAD_FLAG)
		return BLOCKED_OTHER;
	regs = registers_of(task);
	number = call_number(regs);
	if (number >= SYSCALL_TABLE_SIZE || !settings.reason[number])
		return BLOCKED_OTHER;
	reason = settings.reason[number] - 1;
	if (reason == BLOCKED_READ || reason == BLOCKED_WRITE)
		return reason_of_file(task, state, argument(regs, 0, false), reason);
	return reason;
}

/* ---- accounts ------------------------------------------------------------------------------------ */

/* When the sleep's end was missed: by now it has run for as long as its processor time has grown. */
static __always_inline __u64 came_at_latest(struct task_struct *task, struct thread_state *state, __u64 t)
{
	__u64 ran = GET(task, se.sum_exec_runtime) - state->out_cpu;

	return t > ran ? t - ran : 0;
}

/*
 * A sleep is over once the thread has run again; the kernel's run_delay for it is complete by its next switch-out. Time
 * off the processor less time runnable is time blocked.
 *
 * On 6.18, on a busy machine, about one switch in 10^5 was not told to the program (its return to the processor is in
 * sched_info.last_arrival, and recursion_misses stays 0): then in_ns is 0, or of an earlier time.
 */
static __always_inline void settle_sleep(struct task_struct *task, struct thread_state *state, __u64 in_ns, __u64 t)
{
	__u64 index =
	    (__u64)state->reason - 1; /* "none" becomes a large number; 64 bits, so that 6.1 keeps the bound */
	__u64 off, waited, asleep;

	if (index >= BLOCKED_REASON_COUNT || !state->out_ns)
		return;
	if (in_ns <= state->out_ns)
		in_ns = came_at_latest(task, state, t);
	if (in_ns <= state->out_ns)
		return;
	off = in_ns - state->out_ns;
	asleep = queued_asleep(task, state, in_ns);
	waited = GET(task, sched_info.run_delay) - state->out_delay - asleep;
	state->base_delay += asleep;
	if (off > waited)
		state->blocked[index] += off - waited;
}

static __always_inline void leave(struct task_struct *task, struct thread_state *state, __u64 in_ns, bool voluntary,
				  __u64 prev_state, __u64 t)
{
	settle_sleep(task, state, in_ns, t);
	state->out_ns = t;
	state->out_delay = GET(task, sched_info.run_delay);
	state->out_cpu = GET(task, se.sum_exec_runtime);
	state->reason = voluntary ? blocked_reason(task, state, prev_state) + 1 : 0;
	if (WANT_HOLDS && state->lock.claiming)
		state->lock.claiming = leaves_with_claim(t);
	if (settings.want_lock && voluntary && (state->reason == BLOCKED_FUTEX + 1 || state->lock.space) &&
	    is_target(GET(task, tgid)) && !is_compat(task))
		leave_for_lock(task, &state->lock, registers_of(task), prev_state, t);
}

/* ---- adoption -------------------------------------------------------------------------------------- */

/* Which rule of find_new_reaper (kernel/exit.c) gave this parent? Told from what the adopter is, not by simulating. */
static __always_inline __u32 adoption_rule(struct task_struct *from, struct task_struct *to)
{
	struct pid *pid = BPF_CORE_READ(to, thread_pid);
	__u32 level = pid ? BPF_CORE_READ(pid, level) : 0;
	struct signal_struct *signals;
	struct task_struct *init;
	struct upid upid = {};

	if (BPF_CORE_READ(to, tgid) == GET(from, tgid))
		return ADOPT_THREAD;
	if (pid && level <= 32) {
		bpf_probe_read_kernel(&upid, sizeof(upid), &pid->numbers[level]);
		init = BPF_CORE_READ(upid.ns, child_reaper);
		if (BPF_CORE_READ(init, tgid) == BPF_CORE_READ(to, tgid))
			return level ? ADOPT_PIDNS_INIT : ADOPT_INIT;
	}
	signals = BPF_CORE_READ(to, signal);
	if (BPF_CORE_READ_BITFIELD_PROBED(signals, is_child_subreaper))
		return ADOPT_SUBREAPER;
	return ADOPT_UNKNOWN;
}

struct adoption_walk {
	struct task_struct *from;
	__u64 t;
};

static __always_inline void tell_adoption(struct task_struct *from, struct child *child, struct task_struct *task,
					  struct task_struct *to, __u64 t)
{
	struct event_adopt *event = RESERVE(adopt, LIFE, from, t);

	if (!event)
		return;
	event->child = child->pid;
	event->child_start = child->start_ns;
	event->to = BPF_CORE_READ(to, tgid);
	event->to_start = BPF_CORE_READ(to, group_leader, start_boottime);
	event->to_tid = BPF_CORE_READ(to, pid);
	event->rule = adoption_rule(from, to);
	event->zombie = child->zombie;
	event->pdeathsig = BPF_CORE_READ(task, pdeath_signal);
	BPF_CORE_READ_STR_INTO(&event->to_comm, to, comm);
	SUBMIT(event);
}

static __always_inline long ask_child(__u64 index, void *context)
{
	struct adoption_walk *walk = context;
	struct child_key key = {.task = (__u64)walk->from, .index = index};
	struct child *child = bpf_map_lookup_elem(&children, &key);
	struct task_struct *task, *to;

	if (!child)
		return 0;
	task = (struct task_struct *)child->task;
	/* freed and used again meanwhile? Then it was reaped, and its end tells the rest */
	if (BPF_CORE_READ(task, tgid) != child->pid || BPF_CORE_READ(task, start_boottime) != child->start_ns)
		goto forget;
	to = BPF_CORE_READ(task, real_parent);
	if (to && to != walk->from) {
		mark_relative(BPF_CORE_READ(to, tgid));
		tell_adoption(walk->from, child, task, to, walk->t);
	}
forget:
	bpf_map_delete_elem(&children, &key);
	return 0;
}

/* ---- the end of a thread ----------------------------------------------------------------------------- */

/* What became of the process, once its last thread is off the processor for good. */
static __always_inline __u32 end_state(struct task_struct *leader, struct task_struct *parent)
{
	__u32 pid = GET(leader, tgid);
	struct dead *dead;

	if (GET(leader, exit_state) == EXIT_ZOMBIE_STATE)
		return END_ZOMBIE;
	dead = bpf_map_lookup_elem(&unreaped, &pid);
	if (!dead || dead->start_ns != GET(leader, start_boottime))
		return END_REAPED; /* a wait4 has returned already */
	if (GET(leader, exit_state) != EXIT_DEAD_STATE || !reaps_by_itself(parent))
		return END_REAPED; /* being collected right now; the waiter's return tells by whom */
	forget_dead(pid, dead);
	return END_AUTOREAPED;
}

static __always_inline void leave_scope(__u32 tgid)
{
	__u8 *byte;

	if (settings.watch_all)
		return;
	byte = scope_of(tgid);
	if (byte)
		*byte = 0;
}

/* Or has it been collected, freed, and perhaps become another one? (See process_start.) */
static __always_inline bool leader_is_there(struct task_struct *task, struct task_struct *leader,
					    const struct thread_state *state)
{
	return GET(leader, pid) == GET(task, tgid) && GET(leader, start_boottime) == state->process_start;
}

static __always_inline void fill_end_of_process(struct event_end *event, struct task_struct *leader)
{
	struct task_struct *parent = GET(plain(leader), real_parent), *tracer = GET(plain(leader), parent);

	event->state = end_state(leader, parent);
	event->parent = GET(parent, tgid);
	event->parent_start = GET(plain(parent), group_leader, start_boottime);
	event->tracer = GET(leader, ptrace) && tracer != parent ? GET(tracer, tgid) : 0;
}

static __always_inline void tell_end(struct task_struct *task, struct thread_state *state, __u64 t)
{
	struct task_struct *leader = GET(plain(task), group_leader);
	struct event_end *event = RESERVE(end, LIFE, task, t);

	if (!event)
		return;
	event->h.start_ns = state->process_start;
	event->state = state->group_dead ? END_REAPED : END_THREAD;
	if (state->group_dead && leader_is_there(task, leader, state))
		fill_end_of_process(event, leader);
	FILL_COUNTERS(event, task, state);
	/* this switch is its death, not one that it came back from: getrusage never shows it to the program */
	if (event->voluntary)
		event->voluntary--;
	SUBMIT(event);
}

static __always_inline void finish(struct task_struct *task, struct thread_state *state, __u64 t)
{
	struct adoption_walk walk = {.from = task, .t = t};

	if (state->children)
		repeat(state->children, CHILDREN_MAX, ask_child, &walk);
	tell_end(task, state, t);
	if (state->group_dead)
		leave_scope(GET(task, tgid));
	thread_forget(task);
}

/* ---- hooks --------------------------------------------------------------------------------------------- */

static __always_inline void come(struct task_struct *task, __u64 t)
{
	__u32 zero = 0;
	struct arrival *arrival = bpf_map_lookup_elem(&arrivals, &zero);

	if (!arrival)
		return;
	arrival->t_ns = t;
	arrival->task = (__u64)task;
}

/* The last switch of a thread. Its element says that it was in scope when it exited; the process' mark may be gone by
 * now, if a thread that exited later was off the processor sooner. */
static __always_inline void depart(struct task_struct *task)
{
	struct thread_state *state = thread_find(task);
	__u64 t;

	if (!state)
		return;
	t = now();
	settle_sleep(task, state, came_at(task), t);
	if (settings.want_lock)
		depart_from_lock(task, &state->lock, t);
	finish(task, state, t);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(ll_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	const __u32 prev_state = state_coming_off(ctx, prev);
	const __u8 either = IN_SCOPE_TARGET | IN_SCOPE_RELATIVE;
	const bool told = timeline_wants(prev, next), dead = prev_state & TASK_DEAD_STATE;
	const bool voluntary = !preempt && prev_state;
	const __u64 prev_start = told && GET(prev, pid) ? timeline_start(thread_find(prev)) : 0;
	__u32 reason = dead ? SWITCH_ENDED : voluntary ? SWITCH_UNKNOWN : SWITCH_INVOLUNTARY;
	struct thread_state *state;
	bool out, in;
	__u64 t;

	if (dead)
		depart(prev);
	if (!settings.want_switch && !settings.want_lock && !settings.want_timeline)
		return 0; /* only ends are wanted */
	out = GET(prev, pid) && in_scope(GET(prev, tgid), either);
	in = GET(next, pid) && in_scope(GET(next, tgid), either);
	if (!out && !in && !told)
		return 0;
	t = now();
	if (out && !dead) {
		state = thread_of(prev);
		if (state) {
			leave(prev, state, came_at(prev), voluntary, prev_state, t);
			reason = state->reason;
		}
		if (state && settings.want_timeline)
			timeline_leave(state);
	}
	if (told)
		tell_switch(prev, prev_start, next, prev_state, voluntary, reason, t);
	if (in)
		come(next, t);
	return 0;
}

/* Who wakes this thread? The one that does so more often than all others together is found by counting votes for and
 * against a candidate (Boyer and Moore's majority vote): waker_wakes is then a lower bound of that waker's share. */
SEC("tp_btf/sched_waking")
int BPF_PROG(ll_waking, struct task_struct *task)
{
	struct thread_state *state;
	__u32 waker;

	if (!is_target(GET(task, tgid)))
		return 0;
	state = thread_find(task);
	if (!state)
		return 0;
	if (settings.want_lock)
		note_waker(&state->lock);
	waker = (__u32)bpf_get_current_pid_tgid();
	state->wakes++;
	if (state->waker == waker) {
		state->waker_wakes++;
	} else if (!state->waker_wakes) {
		state->waker = waker;
		state->waker_wakes = 1;
	} else {
		state->waker_wakes--;
	}
	return 0;
}

/* A sleeper that is queued already is woken; hardly ever, so that is asked first. */
SEC("?tp_btf/sched_waking")
int BPF_PROG(ll_late, struct task_struct *task)
{
	struct thread_state *state;

	if (!GET(task, sched_info.last_queued))
		return 0;
	state = thread_find(task);
	if (state)
		state->late_ns = now();
	return 0;
}

#endif

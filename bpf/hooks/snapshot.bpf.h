/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Looks at what is there now, with the task iterator: who exists when observation begins, what a zombie's parent is
 * doing, and the counters of threads that live on. Records go through the iterator's own file, so a large machine
 * cannot flood the ring buffer. Paths and arguments are added in user space.
 */
#ifndef LIFELINE_BPF_SNAPSHOT_H
#define LIFELINE_BPF_SNAPSHOT_H

#include "lib/common.bpf.h"
#include "lib/threads.bpf.h"
#include "lib/calls.bpf.h"
#include "lib/cgroup.bpf.h"
#include "lib/dead.bpf.h"
#include "lib/lock.bpf.h"
#include "lib/look.bpf.h"
#include "lib/session.bpf.h"
#include "lib/state.bpf.h"

#define WAITERS_MAX 64
#define SIGNAL_STOPPED 1 /* SIGNAL_STOP_STOPPED */

struct snapshot_scratch {
	union {
		struct event_snap_process process;
		struct event_snap_thread thread;
		struct event_counters counters;
		struct event_zombie_look look;
		struct raw_thread_look thread_look;
		struct event_session_look session;
	};
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct snapshot_scratch);
} snapshot_scratch SEC(".maps");

static __always_inline struct snapshot_scratch *scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&snapshot_scratch, &zero);
}

#define BEGIN_RECORD(name, room, task)                                                                                 \
	({                                                                                                             \
		__builtin_memset(&(room)->name, 0, sizeof((room)->name));                                              \
		&(room)->name;                                                                                         \
	})

static __always_inline void snap_process(struct seq_file *seq, struct task_struct *task)
{
	struct snapshot_scratch *room = scratch();

	if (!room)
		return;
	BEGIN_RECORD(process, room, task);
	fill_head(&room->process.h, EVENT_snap_process, sizeof(room->process), task, now());
	fill_snap(&room->process, task);
	bpf_seq_write(seq, &room->process, sizeof(room->process));
}

static __always_inline void snap_thread(struct seq_file *seq, struct task_struct *task)
{
	struct snapshot_scratch *room = scratch();
	struct own_pid own;
	struct event_snap_thread *event;

	if (!room)
		return;
	event = BEGIN_RECORD(thread, room, task);
	fill_head(&event->h, EVENT_snap_thread, sizeof(*event), task, now());
	event->thread_start = GET(task, start_boottime);
	read_own_pid(&own, task);
	event->nstid = own.number;
	bpf_seq_write(seq, event, sizeof(*event));
}

/* A thread that is off the processor when observation begins: from here on its sleep counts. */
static __always_inline void begin_sleep(struct task_struct *task)
{
	struct thread_state *state;
	struct pt_regs *regs;
	__u64 number;

	if ((!settings.want_switch && !settings.want_lock) || GET(task, exit_state))
		return;
	state = thread_of(task);
	if (!state || state->out_ns || !state_of(task))
		return;
	regs = registers_of(task);
	number = call_number(regs);
	state->out_ns = now();
	state->out_delay = GET(task, sched_info.run_delay);
	state->reason = BLOCKED_OTHER + 1;
	if (!(GET(task, flags) & KTHREAD_FLAG) && number < SYSCALL_TABLE_SIZE && settings.reason[number])
		state->reason = settings.reason[number];
	if (settings.want_lock && state->reason == BLOCKED_FUTEX + 1 && is_target(GET(task, tgid)) && !is_compat(task))
		meet_wait(task, &state->lock, regs, state->out_ns);
}

static __always_inline void snapshot(struct seq_file *seq, struct task_struct *task)
{
	if (!in_scope(GET(task, tgid), IN_SCOPE_TARGET | IN_SCOPE_RELATIVE))
		return;
	if (GET(task, pid) == GET(task, tgid)) {
		tell_cgroup(task, cgroup_id(task));
		snap_process(seq, task);
		if (dead_kind(task) == 1)
			remember_dead(task, wait_status(task));
	}
	if (!is_target(GET(task, tgid)) || GET(task, exit_state))
		return;
	snap_thread(seq, task);
	begin_sleep(task);
}

/* ---- a zombie's parent ----------------------------------------------------------------------------- */

static __always_inline void read_disposition(struct event_zombie_look *event, struct task_struct *parent)
{
	const __u64 bit = 1ULL << (SIGCHLD_NUMBER - 1);
	struct k_sigaction action = {};

	bpf_probe_read_kernel(&action, sizeof(action), &GET(plain(parent), sighand)->action[SIGCHLD_NUMBER - 1]);
	if ((__u64)action.sa.sa_handler == HANDLER_IGNORE)
		event->sigchld = SIGCHLD_IGNORED;
	else if (action.sa.sa_flags & NO_CHILD_WAIT)
		event->sigchld = SIGCHLD_NOCLDWAIT;
	else
		event->sigchld = action.sa.sa_handler ? SIGCHLD_HANDLED : SIGCHLD_DEFAULT;
	event->sigchld_blocked = (GET(parent, blocked.sig[0]) & bit) != 0;
	event->sigchld_pending =
	    ((GET(parent, pending.signal.sig[0]) | GET(plain(parent), signal, shared_pending.signal.sig[0])) & bit) !=
	    0;
}

struct waiter_walk {
	struct list_head *head, *next;
	struct event_zombie_look *event;
	__u32 level;
};

/* One entry of the parent's wait_chldexit queue: the wait_opts of a thread that is blocked in do_wait. */
static __always_inline long read_waiter(__u64 index, void *context)
{
	struct waiter_walk *walk = context;
	struct wait_opts *wait;
	struct task_struct *thread;
	__u32 type;

	if (!walk->next || walk->next == walk->head || !walk->event)
		return 1;
	wait = (void *)walk->next - bpf_core_field_offset(struct wait_opts, child_wait.entry);
	thread = BPF_CORE_READ(wait, child_wait.private);
	type = BPF_CORE_READ(wait, wo_type);
	walk->event->wait_tid = BPF_CORE_READ(thread, pid);
	walk->event->wait_options = BPF_CORE_READ(wait, wo_flags);
	walk->event->wait_type = type == PIDTYPE_MAX ? WAIT_ANY : type == PIDTYPE_PGID ? WAIT_PGID : WAIT_PID;
	walk->event->wait_target =
	    type == PIDTYPE_MAX ? -1 : (__s32)pid_number(BPF_CORE_READ(wait, wo_pid), walk->level);
	return 1; /* the first will do: none of them could have collected the child, or it were gone */
}

static __always_inline void read_waiters(struct event_zombie_look *event, struct task_struct *parent)
{
	struct waiter_walk walk = {.event = event, .head = &GET(plain(parent), signal)->wait_chldexit.head};

	walk.level = own_level(parent);
	walk.next = BPF_CORE_READ(parent, signal, wait_chldexit.head.next);
	repeat(WAITERS_MAX, 1, read_waiter, &walk);
}

/* What the thread that the child belongs to is doing. */
static __always_inline void read_occupation(struct event_zombie_look *event, struct task_struct *parent)
{
	struct thread_state *state;
	struct pt_regs *regs;

	event->parent_state = state_letter(parent);
	event->syscall = -1;
	if (event->parent_state == 'R' || (GET(parent, flags) & KTHREAD_FLAG))
		return;
	regs = registers_of(parent);
	event->syscall = (__s32)call_number(regs);
	state = thread_find(parent);
	if (state && state->out_ns && state_of(parent))
		event->parent_blocked_ns = now() - state->out_ns;
}

/* every: also those that observation knows nothing of (a snapshot has no history) */
static __always_inline void look(struct seq_file *seq, struct task_struct *task, bool every)
{
	struct task_struct *parent = GET(plain(task), real_parent), *tracer = GET(plain(task), parent);
	struct snapshot_scratch *room = scratch();
	struct event_zombie_look *event;
	__u32 pid = GET(task, tgid);
	struct dead *dead;

	if (!room || GET(task, pid) != pid || !GET(task, exit_state))
		return;
	event = BEGIN_RECORD(look, room, task);
	/* the dead have left the scope; the book of the dead says whether they were targets */
	dead = bpf_map_lookup_elem(&unreaped, &pid);
	if (dead && dead->start_ns == GET(task, start_boottime)) {
		if (!dead->target)
			return;
		event->status = dead->status;
	} else if (!every && (GET(plain(task), signal, live.counter) <= 0 || !is_target(pid))) {
		return;
	} else if (GET(plain(task), signal, live.counter) <= 0) {
		event->status = wait_status(task);
	}
	fill_head(&event->h, EVENT_zombie_look, sizeof(*event), task, now());
	event->leader_only = GET(plain(task), signal, live.counter) > 0;
	event->live_threads = GET(plain(task), signal, live.counter);
	event->exit_signal = GET(task, exit_signal);
	event->dead_for_ns = dead_for(task);
	event->parent = GET(parent, tgid);
	event->parent_tid = GET(parent, pid);
	event->parent_start = GET(plain(parent), group_leader, start_boottime);
	bpf_probe_read_kernel_str(event->parent_comm, sizeof(event->parent_comm), parent->comm);
	event->parent_stopped = (GET(plain(parent), signal, flags) & SIGNAL_STOPPED) || (state_of(parent) & 12);
	event->tracer = GET(task, ptrace) ? GET(tracer, tgid) : 0;
	event->tracer_tid = GET(task, ptrace) ? GET(tracer, pid) : 0;
	read_disposition(event, parent);
	read_waiters(event, parent);
	read_occupation(event, GET(task, real_parent)); /* as the verifier trusts it: helpers take it */
	bpf_seq_write(seq, event, sizeof(*event));
}

/* ---- counters of the living -------------------------------------------------------------------------- */

/* When the sleep ended that the next switch-out will settle: it goes on, or the thread was queued, or it runs. The run
 * queue's clock and the monotonic one differ by less than a millisecond. */
static __always_inline __u64 slept_until(struct task_struct *task, const struct thread_state *state, __u64 t)
{
	__u64 clock = bpf_ktime_get_ns(), since = GET(task, sched_info.last_queued);

	if (state_of(task))
		return t;
	if (since && state->late_ns > state->out_ns)
		return state->late_ns;
	if (!since)
		since = GET(task, sched_info.last_arrival);
	return clock > since ? t - (clock - since) : t;
}

/* The sleep that is still going on belongs to the time observed. */
static __always_inline void add_current(struct event_counters *event, struct thread_state *state,
					struct task_struct *task, __u64 t)
{
	__u64 off, waited, until = slept_until(task, state, t), asleep = queued_asleep(task, state, until);
	__u32 reason = state->reason;

	if (!reason || !state->out_ns || until <= state->out_ns)
		return;
	event->runqueue_ns -= asleep;
	off = until - state->out_ns;
	waited = GET(task, sched_info.run_delay) - state->out_delay - asleep;
	off = off > waited ? off - waited : 0;
	switch (reason - 1) {
	case BLOCKED_FUTEX:
		event->blocked_futex += off;
		break;
	case BLOCKED_SLEEP:
		event->blocked_sleep += off;
		break;
	case BLOCKED_WAIT:
		event->blocked_wait += off;
		break;
	case BLOCKED_POLL:
		event->blocked_poll += off;
		break;
	case BLOCKED_READ:
		event->blocked_read += off;
		break;
	case BLOCKED_WRITE:
		event->blocked_write += off;
		break;
	case BLOCKED_NETWORK:
		event->blocked_network += off;
		break;
	case BLOCKED_DISK:
		event->blocked_disk += off;
		break;
	default:
		event->blocked_other += off;
		break;
	}
}

static __always_inline void tell_counters(struct seq_file *seq, struct task_struct *task)
{
	struct snapshot_scratch *room = scratch();
	struct event_counters *event;
	struct thread_state *state;
	__u64 t = now();

	if (!room || GET(task, exit_state) || !is_target(GET(task, tgid)))
		return;
	state = thread_of(task);
	if (!state)
		return;
	event = BEGIN_RECORD(counters, room, task);
	fill_head(&event->h, EVENT_counters, sizeof(*event), task, t);
	FILL_COUNTERS(event, task, state);
	event->wait_calls = count_call(GET(task, tgid), false);
	add_current(event, state, task, t);
	bpf_seq_write(seq, event, sizeof(*event));
}

/* ---- sessions --------------------------------------------------------------------------------------- */

/* Whom to look at, by pid; user space fills it before it reads. Nobody: all targets. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LOOK_AT_MOST);
	__type(key, __u32);
	__type(value, __u32);
} look_at SEC(".maps");

static __always_inline void look_at_session(struct seq_file *seq, struct task_struct *task)
{
	struct snapshot_scratch *room = scratch();
	struct event_session_look *event;
	__u32 pid = GET(task, tgid);

	if (!room || GET(task, pid) != pid || GET(task, exit_state) || !is_target(pid))
		return;
	if (!shared.look_at_all && !bpf_map_lookup_elem(&look_at, &pid))
		return;
	if (!GET(plain(task), fs) || !GET(plain(task), files))
		return; /* a kernel thread, or one that is on its way out */
	event = BEGIN_RECORD(session, room, task);
	fill_head(&event->h, EVENT_session_look, sizeof(*event), task, now());
	event->cause = LOOK_STATE;
	read_session(event, task);
	bpf_seq_write(seq, event, sizeof(*event));
}

/* Called by lifeline reading the iterator, so "current" is lifeline: this is how it learns its own host pid. */
static __always_inline void find_self(struct task_struct *task)
{
	struct own_pid own;

	if (GET(task, tgid) != (__u32)(bpf_get_current_pid_tgid() >> 32))
		return;
	read_own_pid(&own, task);
	shared.queued_asleep = has_delayed_dequeue();
	shared.self_tgid = GET(task, tgid);
	shared.self_level = own.level;
	shared.self_pidns = own.pidns;
	if (GET(task, pid) != (__u32)bpf_get_current_pid_tgid())
		return;
	shared.self_call = call_number(registers_of(task));
	shared.self_size = argument(registers_of(task), 2, false);
}

static __always_inline void look_for_locks(struct seq_file *seq, struct task_struct *task, bool all_of_process)
{
	struct snapshot_scratch *room = scratch();

	if (!room)
		return;
	if (all_of_process)
		look_at_process(seq, &room->thread_look, task);
	else
		look_at_long_wait(seq, &room->thread_look, task);
}

static __always_inline void look_as_asked(struct seq_file *seq, struct task_struct *task)
{
	switch (shared.iterate) {
	case ITERATE_SELF:
		find_self(task);
		break;
	case ITERATE_ALL:
		if (GET(task, pid) == GET(task, tgid))
			snap_process(seq, task);
		break;
	case ITERATE_SNAPSHOT:
		snapshot(seq, task);
		break;
	case ITERATE_ZOMBIES:
		look(seq, task, false);
		break;
	case ITERATE_EVERY_ZOMBIE:
		look(seq, task, true);
		break;
	case ITERATE_COUNTERS:
		tell_counters(seq, task);
		break;
	case ITERATE_LONG_WAITS:
		look_for_locks(seq, task, false);
		break;
	case ITERATE_THREADS:
		look_for_locks(seq, task, true);
		break;
	case ITERATE_SESSIONS:
		look_at_session(seq, task);
		break;
	}
}

SEC("iter/task")
int ll_iterate(struct bpf_iter__task *context)
{
	struct seq_file *seq = context->meta->seq;
	struct task_struct *task = context->task;

	if (!task)
		return 0;
	stay(); /* its room to write in is the processor's */
	look_as_asked(seq, task);
	may_leave();
	return 0;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * What is kept per thread, by the address of its task: a tid changes hands when a thread that is not the leader calls
 * exec (fs/exec.c de_thread), the task does not. A hash rather than task storage: making a storage element took 0.9 us
 * of a fork where it was measured, a hash element 0.5; the hash can be filled under the run queue's lock, where storage
 * often cannot; and old kernels have no task storage for tracing programs. The price is that ends must be seen: an
 * element is fresh at birth and goes at the last switch.
 */
#ifndef LIFELINE_BPF_THREADS_H
#define LIFELINE_BPF_THREADS_H

#include "lib/common.bpf.h"

#define SITE_CALLERS 3 /* the first in libc itself, and the first two in the program */
#define SITE_WORDS 48  /* of the stack, searched for who called libc */

/* The wait for a lock that a thread is in, or the last one it was in. */
struct lock_wait {
	__u64 space; /* 0: it waits for nothing */
	__u64 process_start; /* as in thread_state */
	__u64 address;
	__u64 since_ns;    /* when it first left the processor in this wait */
	__u64 next_ns;     /* when the next begin of a wait would be told if they came evenly */
	__u64 stopped_ns;  /* interrupted by a signal then; 0: not */
	__u64 since_delay; /* run_queue_ns at since_ns */
	__u64 ended_ns;    /* the end of the last wait, and of the last call that failed; with want_holds */
	__u64 failed_ns;
	__u64 sp;
	__u32 op, val, owner, timed;
	__u32 site;      /* 0: not worked out yet */
	__u32 told;      /* the begin of this wait was told, so its end will be */
	__u32 seen_long; /* by ITERATE_LONG_WAITS */
	__u32 waker_pid, waker_tid;
	__u32 claiming; /* taker.bpf.h: is asked when it leaves the processor */
	__u64 waker_start;
	__u32 words[8];
	/* the last place that was worked out, and by which words of the stack */
	__u64 place_ip, place_sp, place_address;
	__u64 callers[SITE_CALLERS];
	__u32 caller_at[SITE_CALLERS];
	__u32 place, place_told, caller_count, place_op;
	__u64 stack[SITE_WORDS]; /* room to read into: too much for a program's own stack */
};

struct thread_state {
	/* When its process started. Kept, as the leader that knows may be freed before the thread's last switch: a
	 * thread collects itself (kernel/exit.c exit_notify), then others may go first, the leader's parent too. */
	__u64 process_start;
	__u64 out_ns;                                                 /* last time off a processor */
	__u64 out_delay;                                              /* sched_info.run_delay at out_ns */
	__u64 late_ns; /* made runnable for the last time while it was queued in its sleep already: see queued_asleep */
	__u64 out_cpu;                                                /* se.sum_exec_runtime at out_ns */
	__u64 base_voluntary, base_involuntary, base_cpu, base_delay; /* before the observation */
	__u64 blocked[BLOCKED_REASON_COUNT];
	__u64 wakes, waker_wakes;
	__u64 spins, spin_ns; /* poll.bpf.h */
	__u64 poll_told_ns;
	__u64 file; /* the one that `file_number` was, and what waiting for it is */
	__s32 file_number;
	__u32 file_reason;
	__u32 waker;
	__u32 reason; /* enum blocked_reason + 1 while off the processor by its own will, else 0 */
	__u32 polls_folded;
	__u32 children;   /* how many it had when it exited */
	__u32 group_dead; /* it was the last thread */
	__u32 spin_call;  /* number + 1 of the last call that was part of a spin */
	/* since it came off: when it was made runnable, 0 not yet; by whom, 0 not known. Only with want_timeline */
	__u64 woken_ns, woken_by_start;
	__u32 woken_by_pid, woken_by_tid;
	struct lock_wait lock;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536); /* the loader sets it by threads-max */
	__uint(map_flags, FILLED_IN_SWITCHES);
	__type(key, __u64);
	__type(value, struct thread_state);
} threads SEC(".maps");

static const struct thread_state fresh_thread;

static __always_inline struct thread_state *thread_find(struct task_struct *task)
{
	__u64 key = (__u64)task;

	return bpf_map_lookup_elem(&threads, &key);
}

/* A new element, whatever an earlier task at this address may have left. */
static __always_inline struct thread_state *thread_begin(struct task_struct *task)
{
	struct thread_state *state;
	__u64 key = (__u64)task;

	if (bpf_map_update_elem(&threads, &key, &fresh_thread, BPF_ANY)) {
		count_lost(GROUP_SWITCH, 1);
		return NULL;
	}
	state = bpf_map_lookup_elem(&threads, &key);
	if (!state)
		return NULL;
	state->process_start = GET(plain(task), group_leader, start_boottime);
	if (GET(task, start_boottime) > settings.begin_ns)
		return state; /* born under observation: its counters began at 0 */
	state->base_voluntary = GET(task, nvcsw);
	state->base_involuntary = GET(task, nivcsw);
	state->base_cpu = GET(task, se.sum_exec_runtime);
	state->base_delay = GET(task, sched_info.run_delay);
	return state;
}

/* Its element, made if there is none: for those that observation met in mid-life. */
static __always_inline struct thread_state *thread_of(struct task_struct *task)
{
	struct thread_state *state = thread_find(task);

	return state ? state : thread_begin(task);
}

static __always_inline void thread_forget(struct task_struct *task)
{
	__u64 key = (__u64)task;

	bpf_map_delete_elem(&threads, &key);
}

/* When the running thread got this processor. A task can only leave the processor that it came to, so one place a
 * processor is enough, and coming costs no look-up of the thread. */
struct arrival {
	__u64 t_ns, task;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct arrival);
} arrivals SEC(".maps");

/* 0: not known, as it came before it was watched */
static __always_inline __u64 came_at(struct task_struct *task)
{
	__u32 zero = 0;
	struct arrival *arrival = bpf_map_lookup_elem(&arrivals, &zero);

	return arrival && arrival->task == (__u64)task ? arrival->t_ns : 0;
}

/*
 * How much of the time in the run queue that the kernel has counted since the thread came off was sleep. From 6.12 on a
 * sleeper that had more than its share of the processor stays queued for a moment, and one that is moved to another
 * processor then (by the load balancer, or by sched_setaffinity) is entered there as if it were runnable
 * (kernel/sched/core.c enqueue_task): its run_delay, and /proc/PID/schedstat, then hold all of its sleep from there on.
 * Such a thread has sched_info.last_queued set when it is woken, which others have not: ll_late notes when that was.
 */
static __always_inline __u64 queued_asleep(struct task_struct *task, const struct thread_state *state, __u64 in_ns)
{
	__u64 waited = GET(task, sched_info.run_delay) - state->out_delay;

	if (state->late_ns <= state->out_ns || state->late_ns > in_ns)
		return 0;
	return waited > in_ns - state->late_ns ? waited - (in_ns - state->late_ns) : 0;
}

/* Time in the run queue since observation began; of a thread that has slept and runs: came_at. */
static __always_inline __u64 run_queue_ns(struct task_struct *task, const struct thread_state *state, __u64 in_ns)
{
	return GET(task, sched_info.run_delay) - state->base_delay - queued_asleep(task, state, in_ns);
}

/* COUNTER_FIELDS of an event from a thread's state. A macro, as the two events that have them are different structs. */
#define FILL_COUNTERS(event, task, state)                                                                              \
	do {                                                                                                           \
		(event)->voluntary = GET(task, nvcsw) - (state)->base_voluntary;                                       \
		(event)->involuntary = GET(task, nivcsw) - (state)->base_involuntary;                                  \
		(event)->cpu_ns = GET(task, se.sum_exec_runtime) - (state)->base_cpu;                                  \
		(event)->runqueue_ns = GET(task, sched_info.run_delay) - (state)->base_delay;                          \
		(event)->blocked_futex = (state)->blocked[BLOCKED_FUTEX];                                              \
		(event)->blocked_sleep = (state)->blocked[BLOCKED_SLEEP];                                              \
		(event)->blocked_wait = (state)->blocked[BLOCKED_WAIT];                                                \
		(event)->blocked_poll = (state)->blocked[BLOCKED_POLL];                                                \
		(event)->blocked_read = (state)->blocked[BLOCKED_READ];                                                \
		(event)->blocked_write = (state)->blocked[BLOCKED_WRITE];                                              \
		(event)->blocked_network = (state)->blocked[BLOCKED_NETWORK];                                          \
		(event)->blocked_disk = (state)->blocked[BLOCKED_DISK];                                                \
		(event)->blocked_other = (state)->blocked[BLOCKED_OTHER];                                              \
		(event)->wakes = (state)->wakes;                                                                       \
		(event)->waker_wakes = (state)->waker_wakes;                                                           \
		(event)->spins = (state)->spins;                                                                       \
		(event)->spin_ns = (state)->spin_ns;                                                                   \
		(event)->spin_call = (__s32)(state)->spin_call - 1;                                                    \
		(event)->waker_tid = (state)->waker;                                                                   \
		(event)->cpus_allowed = GET(task, nr_cpus_allowed);                                                    \
	} while (0)

#endif

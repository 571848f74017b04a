/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Looks at threads, for the task iterator: where a thread is, in which call, since when, whether it has run since the
 * last look. What its memory says is read by user space: another process' cannot be read here on all kernels.
 */
#ifndef LIFELINE_BPF_LOOK_H
#define LIFELINE_BPF_LOOK_H

#include "lib/common.bpf.h"
#include "lib/state.bpf.h"
#include "lib/taker.bpf.h"
#include "lib/threads.bpf.h"
#include "abi/lock.h"

/* Is there something that will send this process a signal by itself? */
static __always_inline __u32 armed_alarms(struct task_struct *task)
{
	struct signal_struct *signals = GET(plain(task), signal);
	__u32 alarms = 0;

	if (is_timer_running(&signals->real_timer))
		alarms |= ALARM_REAL;
	if (has_posix_timers(signals))
		alarms |= ALARM_POSIX;
	if (GET(signals, it[0].expires) || GET(signals, it[1].expires))
		alarms |= ALARM_CPU;
	return alarms;
}

/* Since when it has been off the processor. Not known of one that blocked before it was observed: then not before it
 * last got a processor (both clocks are close to each other, see dead_for). */
static __always_inline __u64 off_since(struct task_struct *task, struct thread_state *state, __u64 t)
{
	__u64 arrival = GET(task, sched_info.last_arrival), clock = bpf_ktime_get_ns();

	if (!state_of(task))
		return 0;
	if (state && state->out_ns)
		return state->out_ns;
	return arrival && clock > arrival && t > clock - arrival ? t - (clock - arrival) : 0;
}

static __always_inline void look_at_thread(struct seq_file *seq, struct raw_thread_look *look, struct task_struct *task,
					   struct thread_state *state)
{
	__u64 t = now();
	struct own_pid own;

	__builtin_memset(look, 0, sizeof(*look));
	fill_head(&look->h, RAW_THREAD_LOOK, sizeof(*look), task, t);
	look->space = (__u64)GET(plain(task), mm);
	look->state = state_letter(task);
	look->switches = GET(task, nvcsw) + GET(task, nivcsw);
	look->out_ns = off_since(task, state, t);
	look->since_ns = state && state->lock.space ? state->lock.since_ns : 0;
	look->born_ns = GET(task, start_boottime);
	look->alarms = armed_alarms(task);
	read_own_pid(&own, task);
	look->nstid = own.number;
	look->compat = is_compat(task);
	if (WANT_HOLDS && state && state->lock.space)
		look->taker = taker_looked_at(task, state->lock.address);
	look->call = -1;
	if (!(GET(task, flags) & KTHREAD_FLAG)) {
		look->call = call_number(registers_of(task));
		bpf_probe_read_kernel(look->registers, sizeof(look->registers), registers_of(task));
	}
	bpf_seq_write(seq, look, sizeof(*look));
}

/* Each wait is told once, when it has become long. */
static __always_inline void look_at_long_wait(struct seq_file *seq, struct raw_thread_look *look,
					      struct task_struct *task)
{
	struct thread_state *state;

	if (GET(task, exit_state) || !is_target(GET(task, tgid)))
		return;
	state = thread_find(task);
	if (!state || !state->lock.space || state->lock.seen_long || now() - state->lock.since_ns < shared.long_wait_ns)
		return;
	state->lock.seen_long = 1;
	look_at_thread(seq, look, task, state);
}

static __always_inline void look_at_process(struct seq_file *seq, struct raw_thread_look *look,
					    struct task_struct *task)
{
	if (!GET(task, exit_state) && GET(task, tgid) == shared.look_pid)
		look_at_thread(seq, look, task, thread_find(task));
}

#endif

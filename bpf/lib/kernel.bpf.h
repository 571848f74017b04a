/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Every difference between kernels that the programs know of, in one place: which kernel changed it, how the way is
 * chosen, and when the older one can go. Ways are chosen by what the kernel's type information holds when a program is
 * loaded (the verifier then never walks the other), never by a version; versions stand here for readers. "First seen"
 * means: of the kernels that tests/vm boots, the oldest that has it.
 */
#ifndef LIFELINE_BPF_KERNEL_H
#define LIFELINE_BPF_KERNEL_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* A field of what the kernel keeps of a task, or of what is reached from it, as GET(task, signal, flags) for
 * task->signal->flags. */
#define GET(object, ...) ___arrow(object, __VA_ARGS__)

/* A register out of what was saved when the thread entered the kernel. */
#define REGISTER(regs, name) ((regs)->name)

static __always_inline struct task_struct *current_task(void)
{
	return bpf_get_current_task_btf();
}

static __always_inline struct pt_regs *registers_of(struct task_struct *task)
{
	return (struct pt_regs *)bpf_task_pt_regs(task);
}

/* function(index, context) for index 0, 1, … until it returns 1, or `count` times. */
#define repeat(count, function, context) bpf_loop(count, function, context, 0)

/* ---- pointers that the verifier trusts ------------------------------------------------------------- */

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

/*
 * The same task as a pointer that can only be read through. From 6.2 on the verifier looks up, for each pointer field
 * followed from a trusted task, whether that field is trusted too: a search through the kernel's whole BTF, a
 * millisecond each time, most of what loading took. Through a pointer that is trusted for nothing there is no such
 * search, and the code that runs is the same. Before 6.2 there is neither the cast nor the search. Can go when 6.1
 * goes.
 */
static __always_inline struct task_struct *plain(struct task_struct *task)
{
	if (bpf_rdonly_cast)
		return bpf_rdonly_cast(task, bpf_core_type_id_kernel(struct task_struct));
	return task;
}

/* ---- programs that are preempted --------------------------------------------------------------------- */

extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

struct bpf_subprog_info___sleeps {
	bool might_sleep;
} __attribute__((preserve_access_index));

/*
 * A kernel does not run a program that is under way on the same processor already. Up to 6.18 tracepoints disabled
 * preemption, so only an interrupt could meet one. In 7.3 (first seen there) they do not: a thread whose time is over
 * in the middle of a program leaves it under way, and what the others do meanwhile is lost (counted, as
 * recursion_misses; in a virtual machine one event in a hundred). Programs on single functions were never protected
 * from it in kernels that preempt themselves. So programs disable preemption for as long as they run. Only where the
 * verifier allows calls of functions meanwhile that it takes by themselves: it knows then whether these might sleep
 * (from 6.15 on). Can go when tracepoints do it again.
 */
static __always_inline bool can_stay(void)
{
	struct bpf_subprog_info___sleeps *info = NULL;

	return bpf_preempt_disable && bpf_preempt_enable && bpf_core_field_exists(info->might_sleep);
}

static __always_inline void stay(void)
{
	if (can_stay())
		bpf_preempt_disable();
}

static __always_inline void may_leave(void)
{
	if (can_stay())
		bpf_preempt_enable();
}

/* BPF_PROG of a program that is not preempted. */
#define STAYING_PROG(name, args...)                                                                                    \
	name(unsigned long long *ctx);                                                                                 \
	static __always_inline typeof(name(0)) ____##name(unsigned long long *ctx, ##args);                            \
	typeof(name(0)) name(unsigned long long *ctx)                                                                  \
	{                                                                                                              \
		typeof(name(0)) _result;                                                                               \
                                                                                                                       \
		stay();                                                                                                \
		_Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wint-conversion\"") _result =        \
		    ____##name(___bpf_ctx_cast(args));                                                                 \
		_Pragma("GCC diagnostic pop") may_leave();                                                             \
		return _result;                                                                                        \
	}                                                                                                              \
	static __always_inline typeof(name(0)) ____##name(unsigned long long *ctx, ##args)

/* ---- sleepers that stay queued ------------------------------------------------------------------------- */

/* From 6.12 on (commit 152e11f6df29 "sched/fair: Implement delayed dequeue"): see queued_asleep. Can go when 6.1
 * goes. */
struct sched_entity___delayed {
	unsigned char sched_delayed;
} __attribute__((preserve_access_index));

static __always_inline bool has_delayed_dequeue(void)
{
	struct sched_entity___delayed *entity = NULL;

	return bpf_core_field_exists(entity->sched_delayed);
}

/* ---- fields that moved ------------------------------------------------------------------------------- */

/* A lock on a file: before 6.9 (commit 4ca52f53 "filelock: split common fields into struct file_lock_core") its fields
 * were its own. Can go when 6.1 goes. */
struct file_lock___flat {
	struct file_lock___flat *fl_blocker;
	unsigned int fl_pid;
} __attribute__((preserve_access_index));

static __always_inline __u32 blocker_of(struct file_lock *request)
{
	struct file_lock___flat *flat = (void *)request;

	if (bpf_core_field_exists(flat->fl_blocker))
		return BPF_CORE_READ(flat, fl_blocker, fl_pid);
	return BPF_CORE_READ(request, c.flc_blocker, flc_pid);
}

/* The folder above one of a control group: `parent`, `__parent` from 6.15 on. Can go when 6.12 goes. */
struct kernfs_node___plain {
	struct kernfs_node *parent;
} __attribute__((preserve_access_index));

struct kernfs_node___rcu {
	struct kernfs_node *__parent;
} __attribute__((preserve_access_index));

static __always_inline struct kernfs_node *kernfs_above(struct kernfs_node *node)
{
	struct kernfs_node___plain *plain_node = (void *)node;
	struct kernfs_node___rcu *rcu_node = (void *)node;

	if (bpf_core_field_exists(plain_node->parent))
		return BPF_CORE_READ(plain_node, parent);
	return BPF_CORE_READ(rcu_node, __parent);
}

/* A timer that is running: a bit of its state; first seen in 7.3, a field of its own. Can go when 6.12 and 6.18 go. */
struct hrtimer___flagged {
	bool is_queued;
} __attribute__((preserve_access_index));

struct hrtimer___stated {
	unsigned char state;
} __attribute__((preserve_access_index));

#define TIMER_ENQUEUED 1 /* HRTIMER_STATE_ENQUEUED */

static __always_inline bool is_timer_running(struct hrtimer *timer)
{
	struct hrtimer___flagged *flagged = (void *)timer;
	struct hrtimer___stated *stated = (void *)timer;

	if (bpf_core_field_exists(flagged->is_queued))
		return BPF_CORE_READ(flagged, is_queued);
	return BPF_CORE_READ(stated, state) & TIMER_ENQUEUED;
}

/*
 * Who is killed for want of memory: the argument of mark_victim is a task_struct from 6.9 on (commit 72ba14deb40a "mm:
 * update mark_victim tracepoints fields"; distributions took it to older kernels, Debian's 6.1 among them), before that
 * a pid, for which NULL is returned. No pid looks like a kernel address, so one program serves both. Can go when 5.10
 * goes.
 */
static __always_inline struct task_struct *victim_of(struct bpf_raw_tracepoint_args *context)
{
	return context->args[0] >> 48 ? (struct task_struct *)context->args[0] : NULL;
}

/* Timers made by timer_create(2): a list that points to itself when it is empty, a hash list's NULL first seen in 6.12.
 * Can go when 6.1 goes. */
#define LIST_HEAD_SIZE 16

static __always_inline bool has_posix_timers(struct signal_struct *signals)
{
	__u64 at = (__u64)signals + bpf_core_field_offset(signals->posix_timers), first = 0;

	bpf_probe_read_kernel(&first, sizeof(first), (void *)at);
	return first && (bpf_core_field_size(signals->posix_timers) < LIST_HEAD_SIZE || first != at);
}

#endif

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

/* The verifier takes a function that is not static by itself, once, knowing nothing of its numbers; an inlined or a
 * static one it follows anew from each way that leads there. That was most of the time that loading took. */
#define OUT_OF_LINE __noinline

/*
 * Everything below "older kernels" is a second way for all kernels without bpf_loop (5.17, commit e6f2dd0f8067). The
 * same sources are built twice (bpf/older/older.bpf.c defines OLDER_KERNEL), and user space loads the second object
 * where a program that calls bpf_loop is refused. All of it can go when 5.10 goes, which is also the only such kernel
 * seen.
 *
 * GET(task, signal, flags): task->signal->flags, of what the kernel keeps of a task or is reached from there.
 * REGISTER(regs, name): out of what was saved when the thread entered the kernel.
 * repeat(count, most, function, context): function(index, context) for index 0, 1, … until it returns 1, or `count`
 * times; the function is to be __always_inline. On older kernels no more than `most` times, which must be a constant:
 * the caller looks whether that was enough.
 */
#ifndef OLDER_KERNEL

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

#define GET(object, ...) ___arrow(object, __VA_ARGS__)
#define REGISTER(regs, name) ((regs)->name)
#define repeat(count, most, function, context) bpf_loop(count, function, context, 0)

/* --locks all; and what is out of line for it alone. */
#define WANT_HOLDS settings.want_holds
#define HOLDS_OUT_OF_LINE OUT_OF_LINE

/* Of maps that are filled while a processor changes threads. */
#define FILLED_IN_SWITCHES BPF_F_NO_PREALLOC

#define CHILDREN_MAX 16384 /* of a thread that ends: those beyond are told as lost */
#define CHILDREN_LOST_MAX 65536
#define DESCRIPTORS_MAX 65536 /* that are counted, of one process */

static __always_inline struct task_struct *current_task(void)
{
	return bpf_get_current_task_btf();
}

static __always_inline struct pt_regs *registers_of(struct task_struct *task)
{
	return (struct pt_regs *)bpf_task_pt_regs(task);
}

/* Of a call that a program on that single call was given. */
static __always_inline struct pt_regs *registers_of_call(struct pt_regs *given)
{
	return given;
}

static __always_inline __u32 state_of(struct task_struct *task)
{
	return task->__state;
}

static __always_inline bool is_in_iowait(struct task_struct *task)
{
	return BPF_CORE_READ_BITFIELD(task, in_iowait);
}

/* In which state `prev` comes off the processor: at sched_switch. */
static __always_inline __u32 state_coming_off(unsigned long long *context, struct task_struct *prev)
{
	return context[3];
}

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

/* How many processes the caller's user has, as RLIMIT_NPROC counts. */
static __always_inline long processes_of_user(struct task_struct *task)
{
	struct ucounts *counts = BPF_CORE_READ(task, cred, ucounts);
	long count = 0;

	/* UCOUNT_RLIMIT_NPROC is the first of them (include/linux/user_namespace.h enum rlimit_type) */
	if (bpf_core_field_exists(counts->rlimit))
		bpf_probe_read_kernel(&count, sizeof(count), &counts->rlimit[0]);
	return count;
}

#else /* ---- older kernels ------------------------------------------------------------------------------- */

/* bpf_get_current_task_btf came with 5.11 (commit 3ca1032ab7ab): before, the current task is but a number, which no
 * program may follow. */
#define GET(object, ...) BPF_CORE_READ(object, __VA_ARGS__)
#define REGISTER(regs, name) BPF_CORE_READ(regs, name)

/* Without bpf_loop the verifier walks each round. In programs with functions not inlined, one of that age takes
 * all numbers for important: rounds that differ by a counter on the stack are then all walked apart. */
#define repeat(count, most, function, context)                                                                         \
	do {                                                                                                           \
		_Pragma("clang loop unroll(disable)")                                                                  \
		for (__u32 _i = 0; _i < (most); _i++)                                                                  \
			if (_i >= (count) || function(_i, context))                                                    \
				break;                                                                                 \
	} while (0)

/* --locks all is built on bpf_get_attach_cookie (5.15, commit 7adfc6c9b315), bpf_find_vma (5.17, commit 7c7e3d31e785)
 * and an exchange in one step (5.12, commit 5ffa25502b5a). The compiler is to leave what is for it out of all other
 * programs: verifiers refuse what they do not know even where nothing leads there. */
#define WANT_HOLDS false
#define HOLDS_OUT_OF_LINE static __always_inline

/* Before 6.1 (commit 7c8199e24fa0 "bpf: Introduce any context BPF specific memory allocator") an element that is made
 * when it is needed comes from the kernel's general allocator, which may wake a thread up: not under the run queue's
 * lock. */
#define FILLED_IN_SWITCHES 0

#define CHILDREN_MAX 64
#define CHILDREN_LOST_MAX 256
#define DESCRIPTORS_MAX 256

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* bpf_task_pt_regs came with 5.15 (commit dd6e10fbd9fb). Registers lie at the end of the thread's kernel stack, whose
 * size no type tells: that this is its size is tried, on lifeline itself, before anything is believed (find_self). */
#define KERNEL_STACK 16384

static __always_inline struct pt_regs *registers_of(struct task_struct *task)
{
	return (struct pt_regs *)(BPF_CORE_READ(task, stack) + KERNEL_STACK - bpf_core_type_size(struct pt_regs));
}

/* The type information of 5.10 gives some of these functions an argument of no known type. */
static __always_inline struct pt_regs *registers_of_call(struct pt_regs *given)
{
	return registers_of(current_task());
}

/* `state`, a long, until 5.14 (commit 2f064a59a11f "sched: Change task_struct::state"). */
struct task_struct___plain {
	long state;
} __attribute__((preserve_access_index));

static __always_inline __u32 state_of(struct task_struct *task)
{
	struct task_struct___plain *plain_task = (void *)task;

	if (bpf_core_field_exists(plain_task->state))
		return BPF_CORE_READ(plain_task, state);
	return BPF_CORE_READ(task, __state);
}

static __always_inline bool is_in_iowait(struct task_struct *task)
{
	return BPF_CORE_READ_BITFIELD_PROBED(task, in_iowait);
}

/*
 * sched_switch tells it from 5.18 on (commit fa2c3254d7cf); before, it has to be read from the thread. By then another
 * processor can have begun to wake it, which makes that TASK_WAKING: no longer how it sleeps, but still that it does.
 * It is not made runnable (0) before this switch is over (kernel/sched/core.c, try_to_wake_up waits for on_cpu).
 */
static __always_inline __u32 state_coming_off(unsigned long long *context, struct task_struct *prev)
{
	return state_of(prev);
}

static __always_inline struct task_struct *plain(struct task_struct *task)
{
	return task;
}

/* Counted with the user until 5.14 (commit 21d1c5e386bc "Reimplement RLIMIT_NPROC on top of ucounts"). */
struct user_struct___counted {
	atomic_t processes;
} __attribute__((preserve_access_index));

static __always_inline long processes_of_user(struct task_struct *task)
{
	struct user_struct___counted *user = (void *)BPF_CORE_READ(task, cred, user);

	return bpf_core_field_exists(user->processes) ? BPF_CORE_READ(user, processes.counter) : 0;
}

#endif

/* ---- programs that are preempted --------------------------------------------------------------------- */

#ifndef OLDER_KERNEL
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;
extern void bpf_local_irq_save(unsigned long *flags) __ksym __weak;
extern void bpf_local_irq_restore(unsigned long *flags) __ksym __weak;

struct bpf_subprog_info___sleeps {
	bool might_sleep;
} __attribute__((preserve_access_index));

/*
 * A kernel does not run a program that is under way on the same processor already. Up to 6.18 tracepoints disabled
 * preemption, so only an interrupt could meet one. In 7.3 (first seen there) they do not (commit a46023d5616e "tracing:
 * Guard __DECLARE_TRACE() use of __DO_TRACE_CALL() with SRCU-fast"): where the kernel preempts itself, a thread whose
 * time is over in the middle of a program leaves it under way, and what the others do meanwhile is lost (counted, as
 * recursion_misses; in a virtual machine one event in a hundred). Programs on single functions were never protected
 * from it. So programs disable preemption for as long as they run. Only where the verifier allows calls of functions
 * meanwhile that it takes by themselves: it knows then whether these might sleep (from 6.15 on). Can go when
 * tracepoints do it again.
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

/* Who allows it again is put off right there, still in the program, if time was over meanwhile. With interrupts
 * disabled at that moment the kernel leaves it for later, and finds the program over. */
static __always_inline void may_leave(void)
{
	unsigned long flags;

	if (!can_stay())
		return;
	if (bpf_local_irq_save && bpf_local_irq_restore) {
		bpf_local_irq_save(&flags);
		bpf_preempt_enable();
		bpf_local_irq_restore(&flags);
	} else {
		bpf_preempt_enable();
	}
}

#else

static __always_inline void stay(void)
{
}

static __always_inline void may_leave(void)
{
}

#endif

/*
 * Private stacks: where it has them (in 6.12.118 and later; commit e00931c02568 "bpf: Enable private stack for eligible
 * subprogs") a kernel gives a program that needs more than 64 bytes its stack not on that of the thread but in a place
 * of the processor's. That relies on no program being begun while it is under way, which nobody sees to in programs at
 * uprobes: of two threads that are in one by turns, one goes on with what the other left, pointers among it. It took
 * 7.3.4 down within a minute or two. So these programs disable preemption before they put anything there; where they
 * cannot, one that is met in the middle does nothing, and what it would have told is lost. Nothing that needs the stack
 * may come before own_stack(), nor behind leave_stack().
 */
struct bpf_subprog_info___private {
	int priv_stack_mode;
} __attribute__((preserve_access_index));

#define STACKS_MAX 1024

__u64 stack_in_use[STACKS_MAX] = {}; /* by processor */

#ifndef OLDER_KERNEL

static __always_inline bool has_private_stacks(void)
{
	struct bpf_subprog_info___private *info = NULL;

	return bpf_core_field_exists(info->priv_stack_mode);
}

static __always_inline bool own_stack(void)
{
	__u32 cpu;

	if (can_stay() || !has_private_stacks()) {
		stay();
		return true;
	}
	cpu = bpf_get_smp_processor_id();
	return cpu < STACKS_MAX && !__sync_lock_test_and_set(&stack_in_use[cpu], 1);
}

static __always_inline void leave_stack(void)
{
	__u32 cpu;

	if (can_stay() || !has_private_stacks()) {
		may_leave();
		return;
	}
	cpu = bpf_get_smp_processor_id();
	if (cpu < STACKS_MAX)
		stack_in_use[cpu] = 0;
}

#else

static __always_inline bool own_stack(void)
{
	return true;
}

static __always_inline void leave_stack(void)
{
}

#endif

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

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Signals to the watched: who made them, by which call, and whether the kernel decided that the target dies of it. */
#ifndef LIFELINE_BPF_SIGNAL_H
#define LIFELINE_BPF_SIGNAL_H

#include "lib/common.bpf.h"

#define RESULT_PENDING 2 /* TRACE_SIGNAL_ALREADY_PENDING: merged into one that waits */
#define CODE_USER 0      /* SI_USER */
#define CODE_TIMER -2    /* SI_TIMER: timer_create, made when it expires, whoever runs then */
/* those that dump core by default (include/linux/signal.h SIG_KERNEL_COREDUMP_MASK): QUIT ILL TRAP ABRT BUS FPE SEGV
 * XCPU XFSZ SYS. For these the kernel decides at delivery, so here the disposition is looked at */
#define CORE_SIGNALS                                                                                                   \
	(1ULL << 3 | 1ULL << 4 | 1ULL << 5 | 1ULL << 6 | 1ULL << 7 | 1ULL << 8 | 1ULL << 11 | 1ULL << 24 |             \
	 1ULL << 25 | 1ULL << 31)

static __always_inline bool is_fatal(int number, struct task_struct *task)
{
	struct sighand_struct *handlers = BPF_CORE_READ(task, sighand); /* read, not followed: the index varies */
	struct k_sigaction action = {};

	if ((GET(plain(task), signal, flags) & GROUP_EXIT_FLAG) && GET(plain(task), signal, group_exit_code) == number)
		return true;
	if (number < 1 || number > 31 || !(CORE_SIGNALS & (1ULL << number)))
		return false;
	bpf_probe_read_kernel(&action, sizeof(action), &handlers->action[number - 1]);
	return !action.sa.sa_handler;
}

/* SEND_SIG_NOINFO (0) and SEND_SIG_PRIV (1) are no pointers: the first is a signal of the current process without more
 * said, the second one of the kernel's own (include/linux/signal.h). */
static __always_inline void read_info(struct event_signal *event, struct kernel_siginfo *info)
{
	struct kernel_siginfo copy = {};

	if ((unsigned long)info == 1)
		event->origin = SIGNAL_KERNEL;
	if ((unsigned long)info < 3)
		return;
	bpf_probe_read_kernel(&copy, sizeof(copy), info);
	event->code = copy.si_code;
	if (copy.si_code == CODE_TIMER) {
		event->origin = SIGNAL_KERNEL;
	} else if (copy.si_code > CODE_USER) {
		event->origin = SIGNAL_KERNEL; /* SI_QUEUE and SI_TKILL are negative */
		event->addr = (__u64)copy._sifields._sigfault._addr;
	} else {
		event->siginfo_pid = copy._sifields._kill._pid;
	}
}

static __always_inline int current_syscall(struct task_struct *task)
{
	struct pt_regs *regs = registers_of(task);

	return GET(task, flags) & KTHREAD_FLAG ? -1 : (int)call_number(regs);
}

SEC("tp_btf/signal_generate")
int STAYING_PROG(ll_signal, int number, struct kernel_siginfo *info, struct task_struct *task, int group, int result)
{
	struct task_struct *sender = current_task();
	struct event_signal *event;

	if (number == SIGCHLD_NUMBER) {
		/* each death makes one, and the death is told; only those that found another pending say more */
		if (result != RESULT_PENDING || !in_scope(GET(task, tgid), IN_SCOPE_TARGET | IN_SCOPE_RELATIVE))
			return 0;
	} else if (!is_target(GET(task, tgid))) {
		return 0;
	}
	event = RESERVE(signal, SIGNAL, sender, now());
	if (!event)
		return 0;
	event->target = GET(task, tgid);
	event->target_tid = GET(task, pid);
	event->target_start = GET(plain(task), group_leader, start_boottime);
	event->signal = number;
	event->group = group;
	event->result = result;
	event->fatal = is_fatal(number, task);
	event->syscall = current_syscall(sender);
	read_info(event, info);
	SUBMIT(event);
	return 0;
}

static __always_inline int tell_victim(__u32 pid, __u64 start_ns)
{
	struct event_oom *event;

	if (!is_target(pid))
		return 0;
	event = RESERVE(oom, SIGNAL, current_task(), now());
	if (!event)
		return 0;
	event->victim = pid;
	event->victim_start = start_ns;
	SUBMIT(event);
	return 0;
}

SEC("raw_tp/mark_victim")
int ll_oom(struct bpf_raw_tracepoint_args *context)
{
	struct task_struct *task = victim_of(context);

	if (!task)
		return tell_victim(context->args[0], 0); /* its start is filled in from the process that bears it */
	return tell_victim(BPF_CORE_READ(task, tgid), BPF_CORE_READ(task, group_leader, start_boottime));
}

#endif

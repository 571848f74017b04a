/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Waits: who waits for whom and with which options, what came back, and so who reaped whom when. Also the hook for the
 * other system calls whose outcome matters (refused forks here, sessions in lib/steps.bpf.h), since one filtered exit
 * hook serves them all.
 *
 * Arguments are still in the saved registers when a system call returns, so no entry hook is needed: the entry of a
 * wait is sched_process_wait, which costs nothing to other calls.
 */
#ifndef LIFELINE_BPF_WAIT_H
#define LIFELINE_BPF_WAIT_H

#include "lib/common.bpf.h"
#include "lib/threads.bpf.h"
#include "lib/calls.bpf.h"
#include "lib/lock.bpf.h"
#include "lib/poll.bpf.h"
#include "lib/steps.bpf.h"

#define OPTION_NOHANG 1
#define OPTION_NOWAIT 0x01000000 /* WNOWAIT */
#define ERROR_NO_CHILD (-10)     /* -ECHILD */
#define ERROR_AGAIN (-11)
#define ERROR_NO_MEMORY (-12)
#define STATUS_STOPPED 0x7f
#define STATUS_CONTINUED 0xffff
#define POLL_TELL_NS 10000000ULL
#define IDTYPE_ALL 0
#define IDTYPE_PID 1
#define IDTYPE_PGID 2

struct wait_arguments {
	__u64 result_at; /* where the caller wants the status, or the siginfo; 0: nowhere */
	__u32 call, type, options;
	__s32 target;
};

/* A 32-bit program on a 64-bit kernel numbers its calls otherwise, and its siginfo has no hole. */
static __always_inline __u32 interest_of(__u64 number, bool compat)
{
	if (number >= SYSCALL_TABLE_SIZE)
		return SYSCALL_IGNORED;
	return compat ? settings.compat[number] : settings.interest[number];
}

/* wait4's pid: < -1 a group, -1 any, 0 the caller's own group, > 0 one process */
static __always_inline void read_wait4(struct wait_arguments *wait, struct pt_regs *regs, bool compat)
{
	__s32 pid = (__s32)argument(regs, 0, compat);

	wait->call = WAIT_CALL_WAIT4;
	wait->options = (__u32)argument(regs, 2, compat);
	wait->result_at = argument(regs, 1, compat);
	wait->type = pid > 0 ? WAIT_PID : pid == -1 ? WAIT_ANY : WAIT_PGID;
	wait->target = pid > 0 ? pid : pid == -1 ? -1 : -pid;
}

static __always_inline void read_waitid(struct wait_arguments *wait, struct pt_regs *regs, bool compat)
{
	__u32 type = (__u32)argument(regs, 0, compat);
	__s32 id = (__s32)argument(regs, 1, compat);

	wait->call = WAIT_CALL_WAITID;
	wait->options = (__u32)argument(regs, 3, compat);
	wait->result_at = argument(regs, 2, compat);
	wait->type = type == IDTYPE_ALL ? WAIT_ANY : type == IDTYPE_PGID ? WAIT_PGID : WAIT_PID;
	/* P_PIDFD's id is a descriptor, not a pid: the entry hook knows the pid, the exit hook the child */
	wait->target = type == IDTYPE_ALL ? -1 : type == IDTYPE_PID || type == IDTYPE_PGID ? id : 0;
}

/* "My own process group" as a number, in the waiter's namespace. */
static __always_inline void resolve_own_group(struct wait_arguments *wait, struct task_struct *task)
{
	struct pid *pid = NULL;

	if (wait->type != WAIT_PGID || wait->target)
		return;
	bpf_probe_read_kernel(&pid, sizeof(pid), &GET(plain(task), signal)->pids[PIDTYPE_PGID]);
	wait->target = pid_number(pid, own_level(task));
}

static __always_inline bool concerns_us(struct task_struct *task)
{
	return in_scope(GET(task, tgid), IN_SCOPE_TARGET | IN_SCOPE_RELATIVE);
}

SEC("tp_btf/sched_process_wait")
int STAYING_PROG(ll_wait, struct pid *pid)
{
	struct task_struct *task = current_task();
	struct wait_arguments wait = {};
	struct event_wait_enter *event;
	struct pid *target = NULL;
	struct own_pid own;
	struct pt_regs *regs;
	__u32 interest;
	__u64 calls;
	bool compat;

	if (!concerns_us(task))
		return 0;
	regs = registers_of(task);
	compat = is_compat(task);
	interest = interest_of(call_number(regs), compat);
	if (interest == SYSCALL_WAIT4)
		read_wait4(&wait, regs, compat);
	else if (interest == SYSCALL_WAITID)
		read_waitid(&wait, regs, compat);
	else
		return 0; /* a wait inside the kernel */
	calls = count_call(GET(task, tgid), true);
	if (wait.options & OPTION_NOHANG)
		return 0; /* it does not block: its return tells all */
	resolve_own_group(&wait, task);
	read_own_pid(&own, task);
	/* a pidfd's process: the argument as a plain address, as the verifier allows no varying index on the typed one
	 */
	if (wait.type == WAIT_PID && !wait.target) {
		bpf_probe_read_kernel(&target, sizeof(target), ctx);
		wait.target = (__s32)pid_number(target, own.level);
	}
	event = RESERVE(wait_enter, WAIT, task, now());
	if (!event)
		return 0;
	event->calls = calls;
	event->call = wait.call;
	event->type = wait.type;
	event->target = wait.target;
	event->options = wait.options;
	event->pidns = own.pidns;
	SUBMIT(event);
	return 0;
}

/* A poll that found nothing is told at most every 10 ms; the calls in between are counted. */
static __always_inline bool fold_poll(struct thread_state *state, __u64 t)
{
	if (state->poll_told_ns && t - state->poll_told_ns < POLL_TELL_NS) {
		state->polls_folded++;
		return true;
	}
	state->poll_told_ns = t;
	return false;
}

static __always_inline void tell_wait_exit(struct task_struct *task, struct wait_arguments *wait, __s32 result, __u64 t)
{
	bool poll = wait->options & OPTION_NOHANG, nothing = !result || result == ERROR_NO_CHILD;
	struct thread_state *state = poll ? thread_of(task) : NULL;
	struct event_wait_exit *event;
	struct own_pid own;

	if (poll && nothing && state && fold_poll(state, t))
		return;
	event = RESERVE(wait_exit, WAIT, task, t);
	if (!event)
		return;
	event->calls = count_call(GET(task, tgid), false);
	event->call = wait->call;
	event->type = wait->type;
	event->target = wait->target;
	event->options = wait->options;
	read_own_pid(&own, task);
	event->pidns = own.pidns;
	event->result = result;
	if (state) {
		event->folded = state->polls_folded;
		state->polls_folded = 0;
	}
	SUBMIT(event);
}

/* The host pid of what a waiter calls `number`. */
static __always_inline __u32 host_pid(struct task_struct *waiter, __u32 number)
{
	struct ns_key key = {.pid = number};
	__u32 level = own_level(waiter), *pid;

	if (!level)
		return number;
	key.pidns = pid_namespace(BPF_CORE_READ(waiter, thread_pid), level);
	pid = bpf_map_lookup_elem(&unreaped_ns, &key);
	return pid ? *pid : 0;
}

static __always_inline void tell_reap(struct task_struct *waiter, __u32 number, __u64 t)
{
	__u32 pid = host_pid(waiter, number);
	struct dead *dead = pid ? bpf_map_lookup_elem(&unreaped, &pid) : NULL;
	struct event_reap *event;

	if (!dead)
		return; /* not one of ours, or it reported a stop */
	event = RESERVE(reap, WAIT, waiter, t);
	if (event) {
		event->child = pid;
		event->child_start = dead->start_ns;
		event->status = dead->status;
		event->how = REAP_WAITED;
		SUBMIT(event);
	}
	forget_dead(pid, dead);
}

/* wait4 also returns a pid for a child that stopped or continued; its status word tells, where the caller gave one. */
static __always_inline bool reports_a_stop(const struct wait_arguments *wait)
{
	__s32 status = 0;

	if (!wait->result_at || bpf_probe_read_user(&status, sizeof(status), (void *)wait->result_at))
		return false;
	return (status & 0xff) == STATUS_STOPPED || status == STATUS_CONTINUED;
}

static __always_inline void wait4_done(struct task_struct *task, struct pt_regs *regs, long result, bool compat)
{
	struct wait_arguments wait = {};
	__u64 t = now();

	read_wait4(&wait, regs, compat);
	resolve_own_group(&wait, task);
	if (result > 0 && !reports_a_stop(&wait))
		tell_reap(task, result, t);
	if (concerns_us(task))
		tell_wait_exit(task, &wait, result, t);
}

/* Offsets in siginfo_t (include/uapi/asm-generic/siginfo.h): three ints, then on 64-bit machines a hole, for the union
 * of what belongs to each signal holds pointers. */
#define SIGINFO_CODE 8
#define SIGINFO_PID 16
#define SIGINFO_PID_COMPAT 12
#define CODE_DUMPED 3 /* CLD_EXITED 1, CLD_KILLED 2, CLD_DUMPED 3; above: trapped, stopped, continued */

static __always_inline void waitid_done(struct task_struct *task, struct pt_regs *regs, long result, bool compat)
{
	const __u32 pid_offset = compat ? SIGINFO_PID_COMPAT : SIGINFO_PID;
	struct wait_arguments wait = {};
	__s32 child = 0, code = 0;
	__u64 t = now();

	read_waitid(&wait, regs, compat);
	resolve_own_group(&wait, task);
	if (!result && wait.result_at) {
		bpf_probe_read_user(&child, sizeof(child), (void *)(wait.result_at + pid_offset));
		bpf_probe_read_user(&code, sizeof(code), (void *)(wait.result_at + SIGINFO_CODE));
	}
	if (wait.type == WAIT_PID && !wait.target)
		wait.target = child;
	if (child > 0 && code <= CODE_DUMPED && !(wait.options & OPTION_NOWAIT))
		tell_reap(task, child, t);
	if (concerns_us(task))
		tell_wait_exit(task, &wait, result ? result : child, t);
}

/* ---- refused forks ----------------------------------------------------------------------------- */

#define RLIMIT_NPROC_INDEX 6
#define UNLIMITED (~0ULL)
#define CGROUP_LEVELS 8

static __always_inline void read_process_count(struct event_fork_failed *event, struct task_struct *task)
{
	struct rlimit limit = {};

	bpf_probe_read_kernel(&limit, sizeof(limit), &GET(plain(task), signal)->rlim[RLIMIT_NPROC_INDEX]);
	event->nproc_limit = limit.rlim_cur;
	event->nproc_count = processes_of_user(task);
}

/* The nearest cgroup, from the caller's upwards, whose pids limit is reached. */
static __always_inline void read_pids_limit(struct event_fork_failed *event, struct task_struct *task)
{
	struct cgroup_subsys_state *state = NULL;
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	int index = bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);

	event->pids_max = UNLIMITED;
	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		return;
	bpf_probe_read_kernel(&state, sizeof(state), &set->subsys[index]);
	for (int level = 0; level < CGROUP_LEVELS && state; level++) {
		struct pids_cgroup *pids = (void *)state;
		__s64 limit = BPF_CORE_READ(pids, limit.counter), count = BPF_CORE_READ(pids, counter.counter);

		if (limit > 0 && count >= limit && BPF_CORE_READ(state, parent)) {
			event->pids_max = limit;
			event->pids_current = count;
			event->pids_level = level;
			event->pids_cgroup = BPF_CORE_READ(state, cgroup, kn, id);
			return;
		}
		state = BPF_CORE_READ(state, parent);
	}
}

static __always_inline void fork_done(struct task_struct *task, long result, __u32 number)
{
	struct event_fork_failed *event;

	if ((result != ERROR_AGAIN && result != ERROR_NO_MEMORY) || !is_target(GET(task, tgid)))
		return;
	event = RESERVE(fork_failed, LIFE, task, now());
	if (!event)
		return;
	event->error = result;
	event->call = number;
	event->uid = GET(plain(task), cred, uid.val);
	read_process_count(event, task);
	read_pids_limit(event, task);
	SUBMIT(event);
}

/* ---- locks on files ------------------------------------------------------------------------------ */

SEC("?tp_btf/posix_lock_inode")
int STAYING_PROG(ll_posix_lock, struct inode *inode, struct file_lock *request, int result)
{
	if (result == LOCK_DEFERRED)
		wait_for_file(inode, request, LOCK_OP_POSIX);
	return 0;
}

SEC("?tp_btf/flock_lock_inode")
int STAYING_PROG(ll_flock, struct inode *inode, struct file_lock *request, int result)
{
	if (result == LOCK_DEFERRED)
		wait_for_file(inode, request, LOCK_OP_FLOCK);
	return 0;
}

/* A lock on a file is a daemon's step and can be a wait for another: both want to know. */
static __always_inline void file_call_done(struct task_struct *task, struct pt_regs *regs, __u32 interest, long result,
					   bool compat)
{
	lock_call_done(task, regs, interest, result);
	session_done(task, regs, interest, result, compat);
}

/* ---- at the return of these calls -------------------------------------------------------------------- */

OUT_OF_LINE int lock_call(__u32 interest, __s64 result)
{
	struct task_struct *task = current_task();

	lock_call_done(task, registers_of(task), interest, result);
	return 0;
}

OUT_OF_LINE int session_call(__u32 interest, __s64 result, __u32 compat)
{
	struct task_struct *task = current_task();

	session_done(task, registers_of(task), interest, result, compat);
	return 0;
}

static __always_inline void call_returned(struct pt_regs *regs, __u64 number, long result)
{
	struct task_struct *task = current_task();
	bool compat = is_compat(task);
	__u32 interest = interest_of(number, compat);

	if (settings.polled[number] && !compat)
		polled(task, number, settings.polled[number], result);
	if (interest == SYSCALL_WAIT4)
		wait4_done(task, regs, result, compat);
	else if (interest == SYSCALL_WAITID)
		waitid_done(task, regs, result, compat);
	else if (interest == SYSCALL_FORK)
		fork_done(task, result, number);
	else if (interest) {
		/* a lock on a file is a daemon's step and can be a wait for another: both want to know */
		if (interest >= SYSCALL_FUTEX || interest == SYSCALL_FCNTL || interest == SYSCALL_FLOCK)
			lock_call(interest, result);
		if (interest < SYSCALL_FUTEX)
			session_call(interest, result, compat);
	}
}

/* A number that means nothing to either kind of program is passed on before anything else is asked. */
static __always_inline bool is_of_interest(__u64 number)
{
	return number < SYSCALL_TABLE_SIZE &&
	       (settings.interest[number] | settings.polled[number] | settings.compat[number]);
}

/*
 * Three ways, chosen by user space. Where the kernel lets programs attach to single functions, one on each of these
 * calls: other calls then cost nothing. Else one on the return of every system call, which passes on all but these by
 * number.
 */
SEC("?tp_btf/sys_exit")
int BPF_PROG(ll_sysexit, struct pt_regs *regs, long result)
{
	__u64 number = call_number(regs);

	if (!is_of_interest(number))
		return 0;
	stay();
	call_returned(regs, number, result);
	may_leave();
	return 0;
}

/* The same, by way of the perf event of this tracepoint: dearer, but perf disables preemption before it begins, and
 * does not count which programs are under way. For kernels whose tracepoints are preempted. */
SEC("?tp/raw_syscalls/sys_exit")
int ll_sysexit_perf(struct trace_event_raw_sys_exit *event)
{
	const __u64 number = event->id;

	if (is_of_interest(number))
		call_returned(registers_of(current_task()), number, event->ret);
	return 0;
}

SEC("?fexit/" CALL_FUNCTION(wait4))
int STAYING_PROG(ll_fx_wait4, struct pt_regs *regs, long result)
{
	wait4_done(current_task(), registers_of_call(regs), result, false);
	return 0;
}

SEC("?fexit/" CALL_FUNCTION(waitid))
int STAYING_PROG(ll_fx_waitid, struct pt_regs *regs, long result)
{
	waitid_done(current_task(), registers_of_call(regs), result, false);
	return 0;
}

/* clone, clone3, fork and vfork all end here; the number of the call is in the saved registers */
SEC("?fexit/kernel_clone")
int STAYING_PROG(ll_fx_clone, struct kernel_clone_args *arguments, int result)
{
	struct task_struct *task = current_task();
	struct pt_regs *regs;

	if (result >= 0 || (GET(task, flags) & KTHREAD_FLAG))
		return 0;
	regs = registers_of(task);
	fork_done(task, result, call_number(regs));
	return 0;
}

/* has no arguments, so no function of its own named after the call in BTF */
SEC("?fexit/ksys_setsid")
int STAYING_PROG(ll_fx_setsid, int result)
{
	session_done(current_task(), NULL, SYSCALL_SETSID, result, false);
	return 0;
}

#define LOCK_PROGRAM(name, call)                                                                                       \
	SEC("?fexit/" CALL_FUNCTION(name))                                                                             \
	int STAYING_PROG(ll_fx_##name, struct pt_regs *regs, long result)                                              \
	{                                                                                                              \
		lock_call_done(current_task(), registers_of_call(regs), call, result);                                 \
		return 0;                                                                                              \
	}

LOCK_PROGRAM(futex, SYSCALL_FUTEX)
LOCK_PROGRAM(futex_wait, SYSCALL_FUTEX_WAIT)
LOCK_PROGRAM(futex_waitv, SYSCALL_FUTEX_WAITV)
LOCK_PROGRAM(futex_wake, SYSCALL_FUTEX_WAKE)

#define FILE_PROGRAM(name, interest)                                                                                   \
	SEC("?fexit/" CALL_FUNCTION(name))                                                                             \
	int STAYING_PROG(ll_fx_##name, struct pt_regs *regs, long result)                                              \
	{                                                                                                              \
		file_call_done(current_task(), registers_of_call(regs), interest, result, false);                      \
		return 0;                                                                                              \
	}

FILE_PROGRAM(fcntl, SYSCALL_FCNTL)
FILE_PROGRAM(flock, SYSCALL_FLOCK)

#define SESSION_PROGRAM(name, interest)                                                                                \
	SEC("?fexit/" CALL_FUNCTION(name))                                                                             \
	int STAYING_PROG(ll_fx_##name, struct pt_regs *regs, long result)                                              \
	{                                                                                                              \
		session_done(current_task(), registers_of_call(regs), interest, result, false);                        \
		return 0;                                                                                              \
	}

/* A call that is added here is added to the table in user/source/live_syscalls.c as well. */
SESSION_PROGRAM(setpgid, SYSCALL_SETPGID)
SESSION_PROGRAM(prctl, SYSCALL_PRCTL)
SESSION_PROGRAM(chdir, SYSCALL_CHDIR)
SESSION_PROGRAM(fchdir, SYSCALL_CHDIR)
SESSION_PROGRAM(umask, SYSCALL_UMASK)
SESSION_PROGRAM(close, SYSCALL_CLOSE)
SESSION_PROGRAM(close_range, SYSCALL_CLOSE_RANGE)
SESSION_PROGRAM(dup, SYSCALL_DUP)
SESSION_PROGRAM(dup3, SYSCALL_DUP2)
SESSION_PROGRAM(openat, SYSCALL_OPENAT)
SESSION_PROGRAM(openat2, SYSCALL_OPENAT2)
SESSION_PROGRAM(unlinkat, SYSCALL_UNLINKAT)
SESSION_PROGRAM(renameat, SYSCALL_RENAMEAT)
SESSION_PROGRAM(renameat2, SYSCALL_RENAMEAT)
SESSION_PROGRAM(listen, SYSCALL_LISTEN)
/* calls that newer machines do without */
#if defined(__TARGET_ARCH_x86)
SESSION_PROGRAM(dup2, SYSCALL_DUP2)
SESSION_PROGRAM(open, SYSCALL_OPEN)
SESSION_PROGRAM(creat, SYSCALL_CREAT)
SESSION_PROGRAM(unlink, SYSCALL_UNLINK)
SESSION_PROGRAM(rename, SYSCALL_RENAME)
#endif

#endif

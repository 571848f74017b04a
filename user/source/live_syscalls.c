/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which system calls matter to the kernel side, and what a thread blocked in one waits for. By name, so that the tables
 * are right on each architecture; what an architecture lacks is left out. */
#include <sys/syscall.h>

#include "source/live_internal.h"

struct named_number {
	long number;
	uint8_t value;
};

#define REASON_IS(name, why) {SYS_##name, BLOCKED_##why + 1}
#define INTEREST_IS(name, what) {SYS_##name, SYSCALL_##what}

static const struct named_number interests[] = {
	INTEREST_IS(wait4, WAIT4),
	INTEREST_IS(waitid, WAITID),
	INTEREST_IS(clone, FORK),
	INTEREST_IS(clone3, FORK),
#ifdef SYS_fork
	INTEREST_IS(fork, FORK),
	INTEREST_IS(vfork, FORK),
#endif
};

/* Only if sessions are wanted: else none of these costs a look. */
static const struct named_number session_interests[] = {
	INTEREST_IS(setsid, SETSID),
	INTEREST_IS(setpgid, SETPGID),
	INTEREST_IS(prctl, PRCTL),
	INTEREST_IS(chdir, CHDIR),
	INTEREST_IS(fchdir, CHDIR),
	INTEREST_IS(umask, UMASK),
	INTEREST_IS(close, CLOSE),
	INTEREST_IS(close_range, CLOSE_RANGE),
	INTEREST_IS(dup, DUP),
	INTEREST_IS(dup3, DUP2),
	INTEREST_IS(openat, OPENAT),
	INTEREST_IS(openat2, OPENAT2),
#ifdef SYS_open
	INTEREST_IS(dup2, DUP2),
	INTEREST_IS(open, OPEN),
	INTEREST_IS(creat, CREAT),
	INTEREST_IS(unlink, UNLINK),
	INTEREST_IS(rename, RENAME),
#endif
#ifdef SYS_renameat
	INTEREST_IS(renameat, RENAMEAT),
#endif
	INTEREST_IS(fcntl, FCNTL),
	INTEREST_IS(flock, FLOCK),
	INTEREST_IS(unlinkat, UNLINKAT),
	INTEREST_IS(renameat2, RENAMEAT),
	INTEREST_IS(listen, LISTEN),
};

static const struct named_number lock_interests[] = {
	INTEREST_IS(futex, FUTEX),
#ifdef SYS_futex_waitv
	INTEREST_IS(futex_waitv, FUTEX_WAITV),
#endif
	{454, SYSCALL_FUTEX_WAKE}, /* same numbers everywhere, too new for libc */
	{455, SYSCALL_FUTEX_WAIT},
	INTEREST_IS(restart_syscall, RESTART),
	INTEREST_IS(flock, FLOCK),
	INTEREST_IS(fcntl, FCNTL),
};

/* The numbers that i386 programs use on an x86_64 kernel (arch/x86/entry/syscalls/syscall_32.tbl). */
#ifdef __x86_64__
static const struct named_number compat_interests[] = {
	{7, SYSCALL_WAIT4},  /* waitpid */
	{114, SYSCALL_WAIT4},
	{284, SYSCALL_WAITID},
};

static const struct named_number compat_session_interests[] = {
	{66, SYSCALL_SETSID},	{57, SYSCALL_SETPGID},	 {172, SYSCALL_PRCTL},	  {12, SYSCALL_CHDIR},
	{133, SYSCALL_CHDIR},	{60, SYSCALL_UMASK},	 {6, SYSCALL_CLOSE},	  {436, SYSCALL_CLOSE_RANGE},
	{41, SYSCALL_DUP},	{63, SYSCALL_DUP2},	 {330, SYSCALL_DUP2},	  {5, SYSCALL_OPEN},
	{8, SYSCALL_CREAT},	{295, SYSCALL_OPENAT},	 {437, SYSCALL_OPENAT2},	  {55, SYSCALL_FCNTL},
	{221, SYSCALL_FCNTL},	{143, SYSCALL_FLOCK},	 {10, SYSCALL_UNLINK},	  {301, SYSCALL_UNLINKAT},
	{38, SYSCALL_RENAME},	{302, SYSCALL_RENAMEAT}, {353, SYSCALL_RENAMEAT}, {363, SYSCALL_LISTEN},
};
#elif defined(__aarch64__)
/* Those of 32-bit ARM programs on an arm64 kernel (arch/arm/tools/syscall.tbl): waits, and no steps of daemons. */
static const struct named_number compat_interests[] = {{114, SYSCALL_WAIT4}, {280, SYSCALL_WAITID}};
#endif

static const struct named_number reasons[] = {
	REASON_IS(futex, FUTEX),
#ifdef SYS_futex_waitv
	REASON_IS(futex_waitv, FUTEX),
#endif
	{454, BLOCKED_FUTEX + 1}, /* futex_wake, …_wait, …_requeue: same numbers everywhere, too new for libc */
	{455, BLOCKED_FUTEX + 1},
	{456, BLOCKED_FUTEX + 1},
	REASON_IS(nanosleep, SLEEP),
	REASON_IS(clock_nanosleep, SLEEP),
	REASON_IS(wait4, WAIT),
	REASON_IS(waitid, WAIT),
	REASON_IS(clone, WAIT), /* CLONE_VFORK: until the child has called exec */
	REASON_IS(clone3, WAIT),
	REASON_IS(ppoll, POLL),
	REASON_IS(pselect6, POLL),
	REASON_IS(epoll_pwait, POLL),
#ifdef SYS_epoll_pwait2
	REASON_IS(epoll_pwait2, POLL),
#endif
#ifdef SYS_poll
	REASON_IS(poll, POLL),
	REASON_IS(select, POLL),
	REASON_IS(epoll_wait, POLL),
	REASON_IS(vfork, WAIT),
#endif
	REASON_IS(read, READ),
	REASON_IS(readv, READ),
	REASON_IS(pread64, READ),
	REASON_IS(preadv, READ),
	REASON_IS(preadv2, READ),
	REASON_IS(splice, READ),
	REASON_IS(write, WRITE),
	REASON_IS(writev, WRITE),
	REASON_IS(pwrite64, WRITE),
	REASON_IS(pwritev, WRITE),
	REASON_IS(pwritev2, WRITE),
	REASON_IS(sendfile, WRITE),
	REASON_IS(recvfrom, NETWORK),
	REASON_IS(recvmsg, NETWORK),
	REASON_IS(recvmmsg, NETWORK),
	REASON_IS(sendto, NETWORK),
	REASON_IS(sendmsg, NETWORK),
	REASON_IS(sendmmsg, NETWORK),
	REASON_IS(accept, NETWORK),
	REASON_IS(accept4, NETWORK),
	REASON_IS(connect, NETWORK),
	REASON_IS(fsync, DISK),
	REASON_IS(fdatasync, DISK),
	REASON_IS(sync, DISK),
	REASON_IS(syncfs, DISK),
	REASON_IS(msync, DISK),
	REASON_IS(sync_file_range, DISK),
};

#define POLLED_IS(name, how) {SYS_##name, POLLED_##how}

/* What a program can ask again and again instead of waiting. */
static const struct named_number polls[] = {
	POLLED_IS(read, DATA),
	POLLED_IS(readv, DATA),
	POLLED_IS(preadv2, DATA),
	POLLED_IS(write, DATA),
	POLLED_IS(writev, DATA),
	POLLED_IS(pwritev2, DATA),
	POLLED_IS(splice, DATA),
	POLLED_IS(sendfile, DATA),
	POLLED_IS(recvfrom, DATA),
	POLLED_IS(recvmsg, DATA),
	POLLED_IS(recvmmsg, DATA),
	POLLED_IS(sendto, DATA),
	POLLED_IS(sendmsg, DATA),
	POLLED_IS(sendmmsg, DATA),
	POLLED_IS(accept, DATA),
	POLLED_IS(accept4, DATA),
	POLLED_IS(connect, DATA),
	POLLED_IS(mq_timedreceive, DATA),
	POLLED_IS(mq_timedsend, DATA),
	POLLED_IS(msgrcv, DATA),
	POLLED_IS(msgsnd, DATA),
	POLLED_IS(semop, DATA),
	POLLED_IS(semtimedop, DATA),
	POLLED_IS(flock, DATA),
	POLLED_IS(fcntl, DATA),
	POLLED_IS(rt_sigtimedwait, DATA),
	POLLED_IS(ppoll, EVENT),
	POLLED_IS(pselect6, EVENT),
	POLLED_IS(epoll_pwait, EVENT),
#ifdef SYS_epoll_pwait2
	POLLED_IS(epoll_pwait2, EVENT),
#endif
#ifdef SYS_poll
	POLLED_IS(poll, EVENT),
	POLLED_IS(select, EVENT),
	POLLED_IS(epoll_wait, EVENT),
#endif
	POLLED_IS(io_getevents, EVENT),
	POLLED_IS(wait4, EVENT),
	POLLED_IS(sched_yield, EVENT),
};

/* ---- who can wake whom ---- */

#define ANY_WAIT ((1U << BLOCKED_REASON_COUNT) - 1)
#define IO_WAITS (1U << BLOCKED_READ | 1U << BLOCKED_WRITE | 1U << BLOCKED_POLL | 1U << BLOCKED_NETWORK)

/* An end tells the parent and those who join, and closes what was open. (By its SIGCHLD it can end any other wait of
 * the parent as well; but a long exit is met by timers more often than that.) */
#define EXIT_WAITS (IO_WAITS | 1U << BLOCKED_FUTEX | 1U << BLOCKED_WAIT | 1U << BLOCKED_OTHER)

/* By what a thread in the call waits for itself: readers make room for writers, writers bring data to readers. */
static const uint16_t wakes_by_reason[BLOCKED_REASON_COUNT] = {[BLOCKED_FUTEX] = 1U << BLOCKED_FUTEX,
							       [BLOCKED_READ] = IO_WAITS,
							       [BLOCKED_WRITE] = IO_WAITS,
							       [BLOCKED_NETWORK] = IO_WAITS};

/* Calls in which a thread does not block, but which wake others. */
static const struct {
	long number;
	uint16_t wakes;
} waking_calls[] = {
	{SYS_close, IO_WAITS},
	{SYS_shutdown, IO_WAITS},
	{SYS_dup3, IO_WAITS},
#ifdef SYS_dup2
	{SYS_dup2, IO_WAITS},
#endif
	{SYS_tee, IO_WAITS},
	{SYS_vmsplice, IO_WAITS},
	{SYS_flock, 1U << BLOCKED_OTHER},
	{SYS_fcntl, 1U << BLOCKED_OTHER},
	{SYS_kill, ANY_WAIT},
	{SYS_tkill, ANY_WAIT},
	{SYS_tgkill, ANY_WAIT},
	{SYS_rt_sigqueueinfo, ANY_WAIT},
	{SYS_rt_tgsigqueueinfo, ANY_WAIT},
	{SYS_pidfd_send_signal, ANY_WAIT},
	{SYS_execve, 1U << BLOCKED_WAIT}, /* the parent in vfork */
	{SYS_execveat, 1U << BLOCKED_WAIT},
	{SYS_exit, EXIT_WAITS},
	{SYS_exit_group, EXIT_WAITS},
};

static void fill_wakes(struct settings *settings)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].number >= 0 && reasons[i].number < SYSCALL_TABLE_SIZE)
			settings->wakes[reasons[i].number] = wakes_by_reason[reasons[i].value - 1];
	for (size_t i = 0; i < sizeof(waking_calls) / sizeof(waking_calls[0]); i++)
		if (waking_calls[i].number < SYSCALL_TABLE_SIZE)
			settings->wakes[waking_calls[i].number] |= waking_calls[i].wakes;
	settings->exit_wakes = EXIT_WAITS;
}

static void fill(uint8_t table[SYSCALL_TABLE_SIZE], const struct named_number *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (entries[i].number >= 0 && entries[i].number < SYSCALL_TABLE_SIZE)
			table[entries[i].number] = entries[i].value;
}

#define FILL(table, entries) fill(table, entries, sizeof(entries) / sizeof(entries[0]))

void live_syscalls_fill(struct settings *settings)
{
	FILL(settings->interest, interests);
	FILL(settings->reason, reasons);
	if (settings->want_session)
		FILL(settings->interest, session_interests);
	if (settings->want_lock)
		FILL(settings->interest, lock_interests);
	if (settings->want_switch)
		FILL(settings->polled, polls);

	if (settings->want_timeline)
		fill_wakes(settings);
#if defined(__x86_64__) || defined(__aarch64__)
	FILL(settings->compat, compat_interests);
#endif
#ifdef __x86_64__
	if (settings->want_session)
		FILL(settings->compat, compat_session_interests);
#endif
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A 32-bit program without a C library (so that no 32-bit one has to be installed): three children, collected with
 * waitpid, wait4 and waitid, each by its 32-bit number (arch/x86/entry/syscalls/syscall_32.tbl). */
enum { EXIT = 1, FORK = 2, WAITPID = 7, WAIT4 = 114, WAITID = 284, BY_PID = 1, EXITED = 4 };

static long call(long number, long a, long b, long c, long d)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(0) : "memory");
	return result;
}

static long child(int status)
{
	long pid = call(FORK, 0, 0, 0, 0);

	if (!pid)
		call(EXIT, status, 0, 0, 0);
	return pid;
}

/* NOLINTNEXTLINE(bugprone-reserved-identifier): where a program without a C library begins */
void _start(void);
void _start(void)
{
	int status, info[32];
	long pid;

	call(WAITPID, child(3), (long)&status, 0, 0);
	child(4);
	call(WAIT4, -1, (long)&status, 0, 0);
	pid = child(5);
	call(WAITID, BY_PID, pid, (long)info, EXITED);
	call(EXIT, 0, 0, 0, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * refuse CALL CMD [ARG…]: runs CMD, to which the kernel refuses that system call (a number) with EPERM, as the seccomp
 * profile of a container does (seccomp(2)).
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int count, char **words)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, count > 1 ? (unsigned)atoi(words[1]) : 0, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	if (count < 3) {
		fputs("usage: refuse CALL CMD [ARG…]\n", stderr);
		return 1;
	}
	/* root needs no PR_SET_NO_NEW_PRIVS, which would take file capabilities from CMD */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("refuse: seccomp");
		return 1;
	}
	execvp(words[2], words + 2);
	perror(words[2]);
	return 127;
}

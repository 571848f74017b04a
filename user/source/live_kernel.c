/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the running kernel can do, found by trying or in its type information. What the programs themselves need to know
 * of it they find out for themselves: bpf/lib/kernel.bpf.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source/live_internal.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual" /* bpftool's generated code */
#pragma GCC diagnostic ignored "-Wunused-function"
#include "fexit.skel.h"
#pragma GCC diagnostic pop

/* Numbers that are the same on every architecture, and newer than some C library. */
#define FUTEX_WAITV_CALL 449
#define FUTEX_WAIT_CALL 455

/* Does this kernel have it? Asked with arguments that it refuses. */
static bool has_call(long number)
{
	return syscall(number, NULL, 0L, ~0UL, ~0UL, NULL, -1L) == 0 || errno != ENOSYS;
}

bool live_bpf_has_call(const struct bpf_program *program)
{
	const char *name = bpf_program__name(program);

	if (!strcmp(name, "ll_fx_futex_waitv"))
		return has_call(FUTEX_WAITV_CALL);
	if (!strcmp(name, "ll_fx_futex_wait") || !strcmp(name, "ll_fx_futex_wake"))
		return has_call(FUTEX_WAIT_CALL);
	return true;
}

/* Asked once: whether a program may loop by a call, as those do that are built for newer kernels. Without privileges
 * the answer is that it may; then it is the load that fails, and says why. */
bool live_bpf_older(void)
{
	const char *asked_for = getenv("LIFELINE_PROGRAMS"); /* tests */
	static int answer = -1;

	if (answer < 0 && asked_for)
		answer = !strcmp(asked_for, "older");
	if (answer < 0)
		answer = !libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_FUNC_loop, NULL);
	return answer;
}

/* Asked once: whether a program can be attached to the return of a single system call, found by doing it. */
bool live_bpf_single_calls(void)
{
	static int answer = -1;
	struct fexit_bpf *probe;

	if (answer >= 0)
		return answer;
	probe = fexit_bpf__open_and_load();
	answer = probe && !fexit_bpf__attach(probe);
	fexit_bpf__destroy(probe);
	return answer;
}

/* BTF is a header, types, and the names of all that has one, each behind a zero (the kernel's
 * Documentation/bpf/btf.rst). Names alone are read here: to have libbpf take all of it apart takes ten times as long,
 * some 7 ms of each run. */
static char *read_names(size_t *size)
{
	struct btf_header header;
	char *names = NULL;
	const int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);

	*size = 0;
	if (fd < 0)
		return NULL;
	if (pread(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header) && header.magic == BTF_MAGIC)
		names = malloc(header.str_len);
	while (names && *size < header.str_len) {
		const off_t at = (off_t)(header.hdr_len + header.str_off + *size);
		const ssize_t got = pread(fd, names + *size, header.str_len - *size, at);

		if (got <= 0)
			break;
		*size += (size_t)got;
	}
	close(fd);
	return names;
}

static bool has_name(const char *names, size_t size, const char *name)
{
	const size_t length = strlen(name) + 1;

	for (const char *at = names; (at = memmem(at, size - (size_t)(at - names), name, length)); at++)
		if (at > names && !at[-1])
			return true;
	return false;
}

/* By the lock on tracepoints that came with it. Kernels before 6.13 had one of that name, for those that ran while
 * RCU was not watching; these lack functions to disable interrupts (6.14). */
bool live_bpf_preempts_tracepoints(void)
{
	static int answer = -1;
	size_t size;
	char *names;

	if (answer >= 0)
		return answer;
	names = read_names(&size);
	answer = names && has_name(names, size, "tracepoint_srcu_srcu_data") &&
		 has_name(names, size, "bpf_local_irq_save");
	free(names);
	return answer;
}

const char *source_live_lacks_holds(void)
{
	return live_bpf_older() ? "this kernel lacks what --locks all is built on: bpf_get_attach_cookie (Linux 5.15), "
				  "bpf_find_vma (5.17)"
				: NULL;
}

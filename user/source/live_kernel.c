/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the running kernel can do, found by trying or in its type information. What the programs themselves need to know
 * of it they find out for themselves: bpf/lib/kernel.bpf.h. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
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

static bool has_member(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_member *members = btf_members(type);

	for (unsigned i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, members[i].name_off), name))
			return true;
	return false;
}

/* Programs at uprobes would share their stacks, and cannot disable preemption, by which they keep them to themselves:
 * 6.13 and 6.14 (bpf/lib/kernel.bpf.h, private stacks). */
static bool shares_stacks(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const int number = btf ? btf__find_by_name_kind(btf, "bpf_subprog_info", BTF_KIND_STRUCT) : -1;
	const struct btf_type *type = number > 0 ? btf__type_by_id(btf, (unsigned)number) : NULL;
	const bool shared = type && has_member(btf, type, "priv_stack_mode") && !has_member(btf, type, "might_sleep");

	btf__free(btf);
	return shared;
}

const char *source_live_lacks_holds(void)
{
	static int shared = -1;

	if (live_bpf_older())
		return "this kernel lacks what --locks all is built on: bpf_get_attach_cookie (Linux 5.15), "
		       "bpf_find_vma (5.17)";
	if (shared < 0)
		shared = shares_stacks();
	return shared ? "in this kernel programs at uprobes can spoil each other's stacks, from which they can be kept "
			"from Linux 6.15 on"
		      : NULL;
}

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * Does this kernel allow a program at the return of a single system call? It has to be attached to find out: arm64
 * before 6.4 and some locked-down kernels load it and then refuse. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "lib/machine.bpf.h"

SEC("fexit/" CALL_FUNCTION(wait4))
int BPF_PROG(llp_fexit, struct pt_regs *regs, long result)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

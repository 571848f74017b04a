/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * The globals that all objects refer to. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "abi/settings.h"

const volatile struct settings settings = {};
struct shared shared = {};

char LICENSE[] SEC("license") = "Dual BSD/GPL";

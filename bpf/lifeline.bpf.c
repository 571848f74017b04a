/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * All hooks as one object. They are headers by concern rather than objects to be linked, because libbpf 1.1's linker
 * (that of Debian bookworm) refuses a kernel function that two objects refer to ("failed to resolve size of underlying
 * type").
 */
#include "lib/common.bpf.h"

#include "hooks/held.bpf.h"
#include "hooks/join.bpf.h"
#include "hooks/lifecycle.bpf.h"
#include "hooks/sched.bpf.h"
#include "hooks/signal.bpf.h"
#include "hooks/snapshot.bpf.h"
#include "hooks/timeline.bpf.h"
#include "hooks/wait.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

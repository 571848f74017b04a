/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 *
 * The same programs once more, for kernels that lack what the others are built on: see lib/kernel.bpf.h. */
#define OLDER_KERNEL
/* NOLINTNEXTLINE(bugprone-suspicious-include): the same program, built another way */
#include "lifeline.bpf.c"

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Why the kernel refused: which privilege or kernel feature is missing, in words. */
#ifndef LIFELINE_SOURCE_PRIVILEGE_H
#define LIFELINE_SOURCE_PRIVILEGE_H

#include <stdbool.h>

#include "base/error.h"

/* Numbers as in linux/capability.h. */
bool privilege_has(int capability);

/* What lifeline wants a capability for. */
struct privilege {
	int capability; /* linux/capability.h; CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON as well, as in the
			   kernel */
	const char *name;
	const char *use;   /* "load programs into the kernel" */
	const char *loses; /* without it */
	bool core;         /* without it nothing can be observed */
};

extern const struct privilege privileges[];
extern const unsigned privilege_count;

/* The command that gives a program of a plain user all that it needs. */
#define PRIVILEGE_SETCAP "sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep"

bool privilege_granted(const struct privilege *privilege);
/* What is missing to look into processes of others: "CAP_SYS_PTRACE is missing: …" with what that costs; NULL: nothing
 * is. The text is static. */
const char *privilege_cost_of_others(void);
/* The same of running CMD as another user. */
const char *privilege_cost_of_user(void);
/* Sets the error for "lifeline could not `attempt`", finding out the likeliest cause and what to try. Returns code. */
int privilege_explain(int code, const char *attempt, struct error *error);
/* "none", "integrity", "confidentiality", or "" if it cannot be read. */
const char *privilege_lockdown(char *buffer, unsigned size);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The live source: loads the BPF programs that are wanted, starts or finds the targets, drains the ring buffer, and
 * turns kernel state into events (begin, snapshots, looks at zombies, counters, losses, ticks, finish). Needs root, or
 * CAP_BPF and CAP_PERFMON.
 */
#ifndef LIFELINE_SOURCE_LIVE_H
#define LIFELINE_SOURCE_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "source/source.h"

#define LIVE_FOREVER UINT64_MAX

struct live_options {
	uint32_t mode; /* enum trace_mode */
	/* MODE_RUN */
	char **command;	  /* argv, NULL-terminated */
	const char *user; /* -u: run CMD as this user without capabilities, or NULL */
	uint64_t linger_ns; /* how long to go on when only descendants live; LIVE_FOREVER: until the last is gone */
	/* MODE_ATTACH */
	const pid_t *pids; /* targets; with `all` none */
	unsigned pid_count;
	bool all;
	pid_t in_ns;		     /* `pids` are as seen in the pid namespace of this process; 0: in lifeline's own */
	const char *const *cgroups;  /* members of these (source/cgroup.h cgroup_holds), also those that enter later */
	unsigned cgroup_count;
	const char *comm;	     /* those of this name, and whoever gets it by exec later; NULL none */
	bool by_uid;		     /* those of this user, and whoever calls exec as it later */
	uint32_t uid;
	/* both */
	uint64_t interval_ns;	/* so often the counters of all threads are told; 0: only at the end */
	uint64_t for_ns;	/* 0: no limit. run: then SIGTERM to CMD, SIGKILL 5 s later */
	uint64_t zombie_after_ns, contended_after_ns;
	bool locks_all;		/* probes on the C library's lock functions, if GROUP_LOCK is wanted */
	/* locks_all: told before CMD starts what a call of such a function costs now, in ns, as measured: of a process
	 * that is watched, of any other that uses the same library. May be NULL */
	void (*tell_price)(uint64_t watched_ns, uint64_t other_ns);
	unsigned wants;		/* mask of 1 << enum event_group: programs that serve no wanted group are not loaded */
	uint64_t buffer_bytes;	/* ring buffer; 0: the default */
	int verbose;
	/* MODE_RUN, out: set to a positive errno if CMD itself could not be executed (then open fails) */
	int exec_error;
};

/*
 * Arms everything, then starts CMD (run) or takes the snapshot (attach). SIGINT, SIGTERM and SIGHUP are the source's
 * from here to source_close: run: the first Ctrl-C is left to CMD (it is in the same foreground group), a second one
 * ends the observation; SIGTERM is passed to CMD; attach: either ends the observation. `options` must outlive the
 * source.
 */
int source_live_open(struct live_options *options, struct source **source, struct error *error);

/* Why this kernel cannot do --locks all; NULL: nothing is known that is in the way. */
const char *source_live_lacks_holds(void);

/* Messages of libbpf go to `log` (may be NULL: dropped). */
void source_live_log(void (*log)(int level, const char *text));

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The live source's parts, shared among user/source/live*.c only. */
#ifndef LIFELINE_SOURCE_LIVE_INTERNAL_H
#define LIFELINE_SOURCE_LIVE_INTERNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/hash.h"
#include "bpf/abi/settings.h"
#include "source/live.h"

struct bpf_program;
struct lifeline_bpf;
struct ring_buffer;

/* ---- live_kernel.c: what the kernel can do -------------------------------------------------------------- */

/* Is this a kernel that the other build of the programs is for (bpf/lib/kernel.bpf.h)? */
bool live_bpf_older(void);
/* Can programs be attached to the return of single system calls here? (Else one is attached to all of them.) */
bool live_bpf_single_calls(void);
/* Does it allow preemption in programs at tracepoints (bpf/lib/kernel.bpf.h)? Asked once, 1 ms. */
bool live_bpf_preempts_tracepoints(void);
/* Has the kernel the system call that this program is for? True of programs that are for none. */
bool live_bpf_has_call(const struct bpf_program *program);

/* ---- live_bpf.c: the programs ---------------------------------------------------------------------- */

/* The programs that are at the perf event of a tracepoint where those at the tracepoint itself are preempted. */
enum { PERF_RETURNS, PERF_EXITS, PERF_HOOKS };

struct perf_hook {
	int event;	       /* fd, or -1: it is not used */
	struct bpf_link *link; /* has the fd, once there is one */
};

struct live_bpf {
	struct lifeline_bpf *skeleton;
	struct shared *shared;	     /* the kernel side's variables, mapped */
	unsigned char *scope;	     /* one byte a pid, mapped; NULL when all are watched */
	size_t scope_size;
	uint64_t lost_told[EVENT_GROUP_COUNT];
	int iterator_link;	     /* fd */
	bool single_calls;	     /* programs are on single calls, and so see no polls, which are wanted */
	struct bpf_link *waking;     /* while wake-ups are sampled */
	struct perf_hook perf_hooks[PERF_HOOKS];
	bool many_probes;	     /* one link can have many */
	int *probe_links;	     /* of --locks all: fds */
	struct bpf_link **probes;    /* the same where each has one of its own */
	unsigned probe_link_count, probe_count;
};

/* What is to be loaded. */
struct live_plan {
	bool watch_all;
	bool only_looks; /* nothing but the task iterator: for a snapshot */
	bool holds; /* --locks all */
	bool stays; /* attach: hooks that are cheap to have and slow to remove are worth it */
	unsigned wants;
	uint64_t begin_ns;
	uint64_t buffer_bytes;
	const struct live_options *selection; /* attach: who is wanted; NULL: nobody but those marked */
};

/* The programs that this kernel can run, not loaded; NULL with errno. */
struct lifeline_bpf *live_bpf_open(void);
int live_bpf_load(struct live_bpf *bpf, const struct live_plan *plan, struct error *error);
int live_bpf_ring_fd(const struct live_bpf *bpf);
/* The map of folded waits (bpf/abi/lock.h) of this side, 0 or 1. */
int live_bpf_fold_fd(const struct live_bpf *bpf, unsigned side);
struct bpf_program *live_bpf_probe_program(const struct live_bpf *bpf, bool at_return);
/* With --locks all: the maps of holds and of orders of this side, and that of what threads hold. */
int live_bpf_hold_fd(const struct live_bpf *bpf, unsigned side);
int live_bpf_order_fd(const struct live_bpf *bpf, unsigned side);
int live_bpf_locker_fd(const struct live_bpf *bpf);
/* Takes at most *count elements out of the map and says how many they are. `position`: where the next call goes on;
 * begun: this is such a call. -ENOENT: these were the last. */
int live_bpf_take(const struct live_bpf *bpf, int map, uint64_t *position, bool begun, void *keys, void *values,
		  uint32_t *count);
/* Before they are loaded: the programs at calls and at returns. Can one link have many probes? */
bool live_bpf_prepare_probes(struct bpf_program *call, struct bpf_program *tried);
void live_bpf_unprobe(struct live_bpf *bpf);

#define PROBE_PLACES 64

struct live_places { /* in a file */
	uint64_t offsets[PROBE_PLACES], cookies[PROBE_PLACES]; /* enum probe_call */
	uint32_t count;
};

/* Puts probes into a file, for whoever runs its code. 0 or a negative errno. */
int live_bpf_probe(struct live_bpf *bpf, const char *path, const struct live_places *places, bool at_return);
int live_bpf_look_at(const struct live_bpf *bpf); /* the map of pids that ITERATE_SESSIONS looks at */
/* New losses of this class since the last call. */
uint64_t live_bpf_lost(struct live_bpf *bpf, enum event_group group);
void live_bpf_mark(struct live_bpf *bpf, uint32_t tgid, unsigned char bits);
/* Whoever enters this control group (of the hierarchy, number of its folder) from now on is watched. 0 or a negative
 * errno. */
int live_bpf_select_cgroup(struct live_bpf *bpf, uint32_t hierarchy, uint64_t number);
/* Runs the task iterator in this mode and hands over each record it wrote. */
int live_bpf_iterate(struct live_bpf *bpf, enum iterate_mode mode, record_fn record, void *context);
/*
 * Wake-ups are looked at in short windows only: who mostly wakes whom shows in a sample as well, and a hook on each
 * wake-up would cost every program on the machine, watched or not. On or off from now; no-op where the program was not
 * loaded.
 */
void live_bpf_sample_wakes(struct live_bpf *bpf, bool on);
void live_bpf_unload(struct live_bpf *bpf);

/* ---- live_tracepoint.c: perf events of tracepoints -------------------------------------------------------- */

/* The perf event of a tracepoint ("raw_syscalls/sys_exit"): its fd, to be closed, or a negative errno. */
int live_tracepoint_event(const char *tracepoint);
/* Likewise of the one that this program is for, by its section ("tp/SYSTEM/NAME"). */
int live_tracepoint_event_of(const struct bpf_program *program);

/* ---- live_probes.c: --locks all ------------------------------------------------------------------------ */

struct probes {
	struct live_bpf *bpf;
	struct hash files; /* device, inode → 1: probed; 2: nothing to probe */
	struct hash late;  /* pid, start → a process whose C library was not mapped yet when it was looked at */
	unsigned probed;   /* files */
	unsigned missed;   /* processes that ran before their C library had its probes, since last asked */
};

/* The C library that lifeline itself has, which CMD will most often have too, and CMD's own file, if it is linked
 * statically. */
int probes_begin(struct probes *probes, struct live_bpf *bpf, const char *command, struct error *error);
/* Takes note of exec, and of processes that were there: what C library do they map? */
void probes_event(struct probes *probes, const struct event *event);
/* Looks again at those whose C library was not mapped yet. */
void probes_turn(struct probes *probes);
void probes_free(struct probes *probes);
/* What a call costs more now, measured: of a process that is watched, and of one that is not. */
void probes_measure(struct probes *probes, uint64_t *watched_ns, uint64_t *other_ns);

/* ---- live_command.c: starting CMD ---------------------------------------------------------------------- */

struct live_command {
	pid_t pid; /* in lifeline's own pid namespace */
	int pidfd;
};

/* Starts CMD with signal mask `mask`. On an exec failure *exec_error is the errno. */
int live_command_start(struct live_command *command, const struct live_options *options, const sigset_t *mask,
		       int *exec_error, struct error *error);

/* ---- live_overdue.c: which deaths must be looked at ------------------------------------------------------ */

/* The dead that nobody has reaped, as the stream tells them, in order of death. */
struct overdue_entry {
	uint64_t start_ns, dead_ns;
	uint32_t pid;
	bool leader_only;
};

struct overdue {
	struct hash unreaped; /* (pid, start) → the entry's index + 1 */
	struct overdue_entry *queue;
	size_t head, count, capacity;
	uint64_t next_look_ns; /* repeated looks at those that stay; 0 none */
	uint64_t step_ns;
};

/* Takes note of what this record says about deaths and reaps. */
void overdue_event(struct overdue *overdue, const struct event *event);
/* Is a look due at `now_ns`, for a death older than `limit_ns`? Moves on past those that it is due for. */
bool overdue_look_due(struct overdue *overdue, uint64_t now_ns, uint64_t limit_ns);
bool overdue_any(const struct overdue *overdue);
void overdue_free(struct overdue *overdue);

/* ---- live_syscalls.c ------------------------------------------------------------------------------------ */

/* Fills the tables by system call number, for this architecture and what the settings want. */
void live_syscalls_fill(struct settings *settings);

/* ---- live_snapshot.c: what was there before ------------------------------------------------------------------ */

/* Finds the targets with their descendants, marks them and their parents as watched. here: room for what lifeline
 * itself calls each of options->pids, -1 where it has no name for it. */
int live_snapshot_mark(struct live_bpf *bpf, const struct live_options *options, pid_t *here, struct error *error);
/* Tells them: snap_process (with exe and argv from /proc) and snap_thread. */
int live_snapshot_tell(struct live_bpf *bpf, record_fn record, void *context);
/* The kernel side tells identity and state; exe and argv, which it would be long-winded to read there, are added from
 * /proc, and the whole is handed on. */
int live_snapshot_add_texts(const struct event_snap_process *snap, record_fn record, void *context);

/* The number in a file such as /proc/sys/kernel/pid_max; `otherwise` if it cannot be read. */
unsigned long live_read_limit(const char *path, unsigned long otherwise);
/* What there is of `size` bytes at `address` in another process: their number, as the end may be missing. */
size_t live_read_memory(uint32_t pid, uint64_t address, void *to, size_t size);
uint64_t live_clock(void); /* the machine's CLOCK_BOOTTIME, ns: that of the initial time namespace */

#endif

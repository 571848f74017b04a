/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is known of processes and threads, folded from events only: no clock, no /proc, no printing. Points in time are
 * CLOCK_BOOTTIME nanoseconds as in the events; 0 means "has not happened or is not known" (boot itself is not a time
 * any event can have). Everything here is owned by the model and const to analyzers and sinks.
 *
 * Records of the dead stay until the end of the observation (findings and the report cite them), unless model_retire is
 * called: then those that nothing can be said of any more are folded into totals.
 */
#ifndef LIFELINE_MODEL_MODEL_H
#define LIFELINE_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/abi/event.h"
#include "model/session.h"

struct counters {
	uint64_t voluntary, involuntary;   /* context switches, the kernel's own nvcsw and nivcsw */
	uint64_t cpu_ns, runqueue_ns;	   /* on a processor; runnable but waiting for one */
	uint64_t blocked_ns[BLOCKED_REASON_COUNT];
	uint64_t wakes, waker_wakes;	   /* sampled wake-ups; of these at least so many by waker_tid */
	uint32_t waker_tid;		   /* the thread that woke this one more often than all others together, or 0 */
	uint32_t cpus_allowed;		   /* size of the affinity mask; 0 unknown */
	uint64_t spins, spin_ns;	   /* calls in a row that found nothing, without sleeping; time in those rows */
	int32_t spin_call;		   /* number of the last of these calls, -1 none */
};

struct thread {
	uint32_t tid;
	char comm[COMM_SIZE];
	uint64_t started_ns, exited_ns;
	bool has_counters;	/* false: counters are unknown (null in JSON), not 0 */
	bool ended;        /* its end was told: the counters are final */
	bool gil_counted;  /* it is in gone_threads.gil_threads */
	struct counters counters;
	/* the wait call it is in, from wait_enter to wait_exit */
	bool waiting;
	struct wait_sign *wait; /* while waiting */
	struct thread_wait *lock_wait; /* use thread_wait_now (lock.h) */
	bool able;                     /* the model's own: it could be retired */
	struct thread *next;	/* of the same process, by birth */
};

/* Threads that ended and whose records were folded into these sums (model_retire), their process being there yet. */
struct gone_threads {
	uint64_t threads, lives_ns; /* how many; from birth to end of each, added up */
	struct counters counters;
	uint64_t gil_threads,
	    gil_lived_ns; /* who waited for the GIL: how many, and how long they lived while observed */
};

/* One way in which a process has waited: equal (call type, target, options, and tid under __WNOTHREAD) are one. */
struct wait_sign {
	uint32_t type;	  /* enum wait_type */
	int32_t target;	  /* in the waiter's pid namespace */
	uint32_t options; /* WNOHANG 1, WUNTRACED 2, WEXITED 4, WCONTINUED 8, WNOWAIT 0x01000000, __WNOTHREAD
			     0x20000000, … */
	uint32_t call;	  /* enum wait_call_kind, of the last one */
	uint32_t tid;	  /* of the last one */
	uint64_t first_ns, last_ns; /* last_ns: when it was last in progress (entered, or returned) */
	uint64_t count;
	int32_t last_result;
	uint32_t waiters; /* threads that are in such a call now */
};

/* The distinct ways kept per process: the most recent ones, those for "any" and for groups before those for one pid.
 * Ways that a thread is in right now are never dropped, so a process with more waiting threads than this has more of
 * them. */
#define WAIT_SIGNS_MAX 64

/* The last look at a zombie's parent (event zombie_look), as it is in the event. */
struct zombie_look {
	uint64_t at_ns, dead_for_ns, parent_blocked_ns;
	struct process_ref parent;
	uint32_t parent_tid, parent_state, sigchld, sigchld_blocked, sigchld_pending, parent_stopped;
	uint32_t tracer, tracer_tid, wait_tid, wait_type, wait_options;
	int32_t wait_target, syscall, exit_signal;
	uint32_t leader_only, live_threads;
	char parent_comm[COMM_SIZE];
};

struct adoption {
	uint64_t at_ns; /* at the latest, and before the child exited if it was another's by then */
	uint64_t told_ns; /* by the kernel side */
	struct process_ref from, to;
	uint32_t to_tid, rule; /* enum adopt_rule */
	uint32_t pdeathsig;
	bool was_zombie; /* the child was dead already */
	char to_comm[COMM_SIZE];
	struct adoption *next; /* later one (an adopter can die too) */
};

/* A signal that mattered to a process: one that killed it, asked it to end, stopped or continued it. */
struct signal_note {
	uint64_t at_ns;
	int32_t signal, code, syscall;
	uint32_t origin, fatal, result, sender_tid;
	struct process_ref sender; /* current when it was made */
	char sender_comm[COMM_SIZE];
	uint64_t addr;
	bool sender_is_dying_parent; /* parent-death signal, or the hang-up of an orphaned group */
};

struct process {
	struct process_ref id;
	uint32_t nspid, pidns, pidns_level; /* pid in its own pid namespace; 0 unknown */
	struct process_ref born_to;	    /* real_parent at birth (or at first sight) */
	uint32_t born_to_tid;		    /* the thread of it */
	struct process_ref creator;	    /* who called fork; differs from born_to under CLONE_PARENT */
	struct process_ref parent;	    /* who owes the wait now */
	uint32_t parent_tid;		    /* the thread of it that __WNOTHREAD goes by; 0 unknown */
	uint32_t uid, pgid, sid;
	uint64_t cgroup;		    /* id; model_cgroup_path */
	char comm[COMM_SIZE];
	char *exe;			    /* of the last exec, or inherited at birth; NULL unknown. Not escaped */
	char *argv;			    /* NUL-separated, argv_length bytes; likewise */
	size_t argv_length;
	uint32_t argv_size;		    /* true size of all arguments; larger than argv_length: cut */
	uint32_t execs;
	uint64_t exec_ns;		    /* the last of them */
	int32_t exit_signal; /* SIGCHLD normally; 0 for clone3 without one; tells which wait options match */
	uint32_t clone_flags_known;
	uint64_t clone_flags;

	uint32_t scope;			    /* enum scope: targets are reported, relatives only named */
	bool present_at_start;		    /* told by snap_process, not by fork */
	uint64_t started_ns;		    /* start_boottime: can precede the observation */
	uint64_t exited_ns;		    /* the last thread exited; 0 alive */
	uint32_t parent_at_exit;	    /* pid; 0 not told */
	uint64_t dead_ns;		    /* from here on it is a zombie (or gone, if autoreaped) */
	bool dead_before; /* was a zombie when observation began: dead_ns is "at the latest", see dead_for_ns */
	uint64_t dead_for_ns;		    /* for dead_before: at most that long dead at the snapshot; 0 unknown */
	uint64_t reaped_ns;		    /* status collected, or autoreaped */
	struct process_ref reaper;
	uint32_t reaper_tid;
	char reaper_comm[COMM_SIZE];
	uint32_t reap_how;		    /* enum reap_how */
	bool autoreaped;
	bool has_status;
	int32_t status;			    /* as wait(2) gives it */
	uint64_t leader_exited_ns;	    /* the leader ended while other threads lived on */
	bool leader_ended_all;		    /* … and they were to end as well: exit_group, a fatal signal */
	uint32_t tracer;		    /* ptrace tracer at death, or 0 */
	struct zombie_look *look;	    /* last look while it was a zombie; owned, NULL none */
	struct process_look *lock_look;	    /* use process_look_last (lock.h) */
	struct zombie_look *overdue_look;   /* first look at or after dead_ns + zombie_after; owned, NULL none */

	struct adoption *adoptions;	    /* owned, oldest first */
	struct signal_note *killer;	    /* the fatal signal; owned, NULL unknown or none */
	struct signal_note *term;	    /* first SIGTERM (or SIGINT, SIGHUP, SIGQUIT) delivered to it; owned */
	struct signal_note *hangup;	    /* SIGHUP of an orphaned process group; owned */
	struct signal_note *pdeath;	    /* the parent-death signal that it got; owned */
	uint32_t pdeathsig;		    /* armed with, 0 none */
	bool subreaper;
	const struct steps *steps;	    /* NULL: none seen, nor of those it was forked from */
	struct session_look *session_look;  /* the last one while it was alive; owned, NULL none */
	struct session_look *exit_look;	    /* as it began to exit; owned, NULL none */
	bool oom_victim;
	uint64_t oom_ns;
	uint64_t sigchld_merged_ns;	    /* its death's SIGCHLD found another one pending: 0 no */
	struct process_ref sigchld_merged_for; /* which parent */

	/* what it did about its own children */
	uint64_t wait_calls, wait_reaped, wait_last_ns;
	struct wait_sign *waits;	    /* of the program that it is since exec_ns; owned, wait_count of them, in no
					     * order; NULL until the first wait */
	unsigned wait_count;
	uint64_t waited_for_ns;		    /* some parent last waited for exactly this pid at; 0 never */
	uint32_t children_born, children_unreaped; /* of it: born to or adopted; dead and not reaped */

	struct thread *threads;		    /* owned, by birth; the leader first if it was seen */
	struct gone_threads *gone;                /* owned, NULL none: not in `threads` any more */
	uint32_t thread_count;                    /* threads seen of it in all: those in `threads`, and those gone */
	struct process *first_child, *last_child; /* those with born_to == this, by birth */
	struct process *next_sibling;
	struct process *next;		    /* all, by first sight */
};

struct fork_failure {
	uint64_t at_ns;
	struct process_ref who;
	char comm[COMM_SIZE];
	int32_t error; /* negative errno */
	uint32_t call, uid, pids_level;
	uint64_t nproc_limit, nproc_count, pids_max, pids_current, pids_cgroup;
	uint64_t count; /* of the same process and error */
	uint64_t last_ns;
	struct fork_failure *next;
};

struct lost_span { /* (since_ns, until_ns] */
	uint64_t since_ns, until_ns, count;
	enum event_group group;
	struct lost_span *next;
};

struct observation { /* from `begin`, `finish` */
	bool begun, finished;
	uint64_t begin_ns, end_ns; /* end_ns: finish, or the last event of a trace that was cut off */
	uint64_t realtime_ns, zombie_after_ns, contended_after_ns, pid_max;
	uint32_t mode, cpus, target_pid, ended_by;
	uint32_t unseen; /* enum unseen: what could not be seen */
	int32_t exit_status; /* wait status, -1 none */
	char *kernel, *arch; /* owned, "" unknown */
	char *command;	     /* owned, NUL-separated, command_length bytes */
	size_t command_length;
};

/* Processes that came and went, and whose records were folded into these sums (model_retire). */
struct retired {
	uint64_t processes, threads;	   /* targets, and their threads */
	uint64_t with_counters;		   /* of these processes: `counters` is the sum over them */
	struct counters counters;
	uint64_t locks, lock_waits, lock_wait_ns; /* of theirs, and of nobody else's */
	uint64_t unnamed;		   /* processes that are in no struct retired_name: there were too many names */
	struct retired_name *names;	   /* in no order; owned */
};

struct retired_name {
	char comm[COMM_SIZE]; /* at their ends */
	uint64_t processes, cpu_ns;
	struct retired_name *next;
};

struct retire_rule {
	uint32_t keep;	   /* so many of those that could be retired stay, the youngest */
	uint64_t grace_ns; /* nobody is retired sooner than that after the last fact about it */
};

/* Whoever holds pointers to processes and threads outside the model, or will conclude something from them. */
struct retire_users {
	bool (*needs)(void *context, const struct process *process);
	bool (*needs_thread)(void *context, const struct process *process, const struct thread *thread);
	void (*forget)(void *context, const struct process *process); /* its record is about to go */
	void (*forget_thread)(void *context, const struct thread *thread); /* likewise, with its process or alone */
	void *context;
};

struct model; /* opaque; the accessors below are the interface */

struct model *model_new(void); /* NULL: out of memory */
void model_free(struct model *model);
/* Folds a checked event in. 0, or -ENOMEM. An event that contradicts what is known is counted (model_contradictions),
 * never fatal. */
int model_event(struct model *model, const struct event *event);

/*
 * Folds the records of processes that are over (ended, and collected or reaped by themselves) into model_retired, but
 * for those that somebody needs, that anyone who stays refers to (as parent, creator, adopter, sender of a signal,
 * holder of a lock), and the youngest. Likewise threads that ended, into their process' sums; and what such threads had
 * to do with a lock into the lock's, but for the youngest and those that waited or made wait the most. Cheap to ask for
 * after each event: it does something once in so many ends.
 */
void model_retire(struct model *model, const struct retire_rule *rule, const struct retire_users *users);
const struct retired *model_retired(const struct model *model);

const struct observation *model_observation(const struct model *model);
uint64_t model_now(const struct model *model); /* time of the last event */
uint64_t model_events(const struct model *model);
uint64_t model_contradictions(const struct model *model);
uint64_t model_lost(const struct model *model, enum event_group group); /* GROUP_COUNT: total */
const struct lost_span *model_lost_spans(const struct model *model);
const struct process *model_first(const struct model *model); /* then ->next */
const struct process *model_find(const struct model *model, struct process_ref id);
/* The latest known bearer of the pid (may be dead), or NULL. */
const struct process *model_by_pid(const struct model *model, uint32_t pid);
const struct thread *model_thread(const struct process *process, uint32_t tid);
/* The thread with this tid wherever it lives, latest bearer; NULL unknown. */
const struct process *model_by_tid(const struct model *model, uint32_t tid);
const char *model_cgroup_path(const struct model *model, uint64_t cgroup); /* NULL unknown */
const struct fork_failure *model_fork_failures(const struct model *model);

/* Sums of a process over its threads; has_counters false if those of any thread are unknown. */
bool process_counters(const struct process *process, struct counters *sum);
/* How long it has been (or was) dead and unreaped: until reaped, or now. 0 if alive or autoreaped. */
uint64_t process_zombie_ns(const struct model *model, const struct process *process);
bool process_is_zombie(const struct process *process); /* dead, not reaped, as far as known */
bool process_ref_equal(struct process_ref a, struct process_ref b);
/* Is a an ancestor of b (by birth or adoption at any time known)? */
bool model_is_ancestor(const struct model *model, struct process_ref a, struct process_ref b);
/* Could this way of waiting, done by `waiter`, have collected `child`? The kernel's eligible_child (kernel/exit.c). */
bool wait_could_match(const struct wait_sign *wait, const struct process *waiter, const struct process *child);

#endif

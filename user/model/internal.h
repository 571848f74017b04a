/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of model/ share and nobody else sees. Records live in an arena. Those of processes go when they are
 * retired (retire.c), all others with the model, so a pointer to one stays good until then. Paths and arguments are
 * kept once however many processes have them: what a shell forks ten thousand times has one argv.
 */
#ifndef LIFELINE_MODEL_INTERNAL_H
#define LIFELINE_MODEL_INTERNAL_H

#include <errno.h>

#include "base/hash.h"
#include "event/event.h"
#include "model/lock.h"
#include "model/model.h"

#define ARENA_CLASSES 256 /* sizes below this times 8 bytes are used again */

struct arena_block {
	struct arena_block *next;
};

struct arena {
	struct arena_chunk *chunks; /* the current one first */
	size_t used;
	struct arena_block *free[ARENA_CLASSES]; /* by size / 8 */
};

/* Zeroed, 8-aligned, NULL when out of memory. */
void *arena_get(struct arena *arena, size_t size);
/* Gives one back: `size` as it was asked for. NULL is passed over. */
void arena_put(struct arena *arena, void *memory, size_t size);
void arena_free(struct arena *arena);

struct record {                  /* a process, with what only the model needs of it */
	struct process process;  /* first: a pointer to one is a pointer to the other */
	struct process *owed_by; /* in whose children_unreaped it counts now */
	struct thread *last_thread;
	struct adoption *last_adoption;
	struct hash tids;  /* tid -> struct thread, once there are many */
	bool forked;       /* its birth was told */
	bool snapped;      /* its state was told by a snapshot */
	bool ended;        /* its end was told: dead_ns is exact */
	bool reap_implied; /* reaped_ns was concluded from its end; who did it may still be told */
	struct shared_steps *steps; /* as process->steps; NULL none */
	bool able, marked;	    /* retire.c: it could go; it stays */
	struct record *next_marked;
};

struct shared_steps { /* of all that were forked from one another since the last change */
	struct steps steps; /* first */
	uint32_t users;	    /* processes that have it: copied before a change while others do */
};

struct model {
	struct arena arena;
	struct hash processes; /* (pid, start) -> record */
	struct hash pids;      /* (pid, 0) -> latest record with it */
	struct hash tids;      /* (tid, 0) -> latest record with such a thread */
	struct hash ns_pids;   /* (pid in its namespace, namespace) -> latest record, for nested namespaces */
	struct hash cgroups;   /* (id, 0) -> path */
	struct hash failures;  /* refused forks by process and error */
	struct hash texts;     /* (content's hash, length) -> struct text */
	struct hash locks;     /* number -> struct lock */
	struct hash sites;     /* number -> struct lock_site */
	struct hash parties;   /* lock, part and thread -> struct lock_party */
	struct hash places;    /* (lock, site) -> struct lock_place */
	struct hash orders;    /* see lock_order.c */
	struct lock *first_lock, *last_lock;
	struct process *first, *last;
	struct fork_failure *first_failure, *last_failure;
	struct lost_span *first_lost, *last_lost;
	struct lost_span *latest_lost[EVENT_GROUP_COUNT]; /* of each class */
	unsigned lost_spans;
	struct observation observation;
	struct hash pidfiles; /* (address of the path's one copy, mount namespace) -> the latest file there */
	struct pidfile *first_pidfile, *last_pidfile;
	unsigned pidfile_count;
	uint64_t lost[EVENT_GROUP_COUNT];
	uint64_t now, events, contradictions;
	uint32_t root_pidns; /* 0 until a process of the initial pid namespace was seen */
	uint64_t ends, ends_retired; /* ends of processes told; so many when the last were retired */
	uint64_t thread_ends, thread_ends_retired; /* the same, of threads that no process ends with */
	struct retired retired;
	struct hash retired_names; /* (name's two halves) -> struct retired_name */
};

static inline struct record *record_of(struct process *process)
{
	return (struct record *)process;
}

/* ---- text.c */
/* The one copy of these bytes, NUL-terminated, good until as many text_release as text_keep and text_share were called,
 * or the model is freed. NULL: out of memory. */
char *text_keep(struct model *model, const char *bytes, uint32_t length);
/* The copy, if there is one already; no reason to stay. */
const char *text_find(const struct model *model, const char *bytes, uint32_t length);
/* One more, or one less, who has this text of text_keep. NULL is passed over. */
void text_share(const char *text);
void text_release(struct model *model, const char *text);
void texts_free(struct model *model);

/* ---- process.c */
/* The record of this identity; start 0 means the latest with this pid. NULL unknown. */
struct process *process_find(const struct model *model, uint32_t pid, uint64_t start_ns);
/* Same, and a sparse one is made if there is none. NULL: out of memory, or no identity (pid or start is 0). */
struct process *process_get(struct model *model, uint32_t pid, uint64_t start_ns);
/* The process an event's actor belongs to, made if unknown; *thread, if given, its thread record, made as well. */
struct process *process_actor(struct model *model, const struct event *event, struct thread **thread);
struct thread *thread_find(const struct process *process, uint32_t tid);
struct thread *thread_add(struct model *model, struct process *process, uint32_t tid, uint64_t started_ns);
int process_set_namespace(struct model *model, struct process *process, uint32_t nspid, uint32_t pidns, uint32_t level);
/* Puts the child into the list of those born to `parent`, once. */
void process_born_to(struct model *model, struct process *child, struct process *parent, uint32_t tid);
/* Says who owes the wait from now on. Unknown (pid 0) changes nothing. */
void process_set_parent(struct model *model, struct process *process, uint32_t pid, uint64_t start_ns);
/* Counts it where it belongs after a change of its death, reaping or parent. */
void process_account(struct model *model, struct process *process);
void comm_copy(char *to, const char *from);
void counters_add(struct counters *sum, const struct counters *more);
/* Frees what is not of the arena. */
void process_free(struct process *process);
/* The result of a fold that needed memory it may not have got. */
static inline int needed(const void *pointer)
{
	return pointer ? 0 : -ENOMEM;
}

/* Takes the record after `before` (NULL: the first) out of its process and forgets it. */
void thread_release(struct model *model, struct process *process, struct thread *before);

/* ---- retire_threads.c */
/* What model_retire says of threads. A lack of memory leaves them where they are. */
void retire_threads(struct model *model, const struct retire_rule *rule, const struct retire_users *users);

/* ---- session.c */
void steps_inherit(struct process *child, struct process *creator);
int steps_exec(struct model *model, struct process *process, uint64_t t_ns);
/* Gives back what this file keeps of the process. */
void session_release(struct model *model, struct process *process);

/* ---- wait.c */
void thread_stop_waiting(struct thread *thread, uint64_t t_ns);
void take_wait_calls(struct process *process, uint64_t calls);
/* It has become another program, whose ways of waiting are its own. */
void forget_waits(struct process *process, uint64_t t_ns);

/* ---- lock.c, lock_wait.c */
static inline void add_saturated(uint64_t *sum, uint64_t more)
{
	*sum = *sum + more < more ? UINT64_MAX : *sum + more;
}

/* Made when first asked for. NULL: out of memory, or no number. */
struct lock *lock_get(struct model *model, uint32_t number, uint64_t t_ns);
/* Forgets the lock: nobody waits for it, and it is in the list of locks no more. */
void lock_release(struct model *model, struct lock *lock);
/* The same; *site is NULL for number 0. 0 or -ENOMEM. */
int site_get(struct model *model, uint32_t number, const struct lock_site **site);
struct lock_party **party_list(struct lock *lock, enum lock_part part);
/* NULL: there is none. */
struct lock_party *party_find(const struct model *model, const struct lock *lock, enum lock_part part,
			      const struct lock_holder_id *who);
/* Adds what `party`, the one at *place in its list, says to the lock's sums of those gone, and takes it out. 0 or
 * -ENOMEM; then it stays. */
int party_fold(struct model *model, struct lock *lock, enum lock_part part, struct lock_party **place);
/* Made when first asked for. NULL: out of memory. */
struct lock_party *party_get(struct model *model, struct lock *lock, enum lock_part part,
			     const struct lock_holder_id *who);
struct lock_holder_id holder_read(uint32_t known, uint32_t pid, uint32_t tid, uint64_t start_ns);
struct lock_holder_id holder_actor(const struct event *event);
/* The thread has ended or become another program: it waits for nothing any more. */
void thread_stop_lock_wait(struct thread *thread);
/* Gives back what is kept of its waits, and of the looks at a process. */
void thread_release_lock_wait(struct model *model, struct thread *thread);
void process_release_lock_look(struct model *model, struct process *process);

/* ---- folds: one an event kind; 0 or -ENOMEM */
typedef int fold_fn(struct model *model, const struct event *event);
fold_fn fold_fork, fold_thread, fold_exec, fold_exit, fold_end, fold_rename;
fold_fn fold_reap, fold_wait_enter, fold_wait_exit, fold_adopt, fold_zombie_look;
fold_fn fold_signal, fold_oom, fold_setsid, fold_setpgid, fold_subreaper, fold_pdeathsig;
fold_fn fold_session_look, fold_chdir, fold_umask, fold_dup, fold_close, fold_open, fold_file_lock;
fold_fn fold_unlink, fold_move, fold_listen, fold_pidfile_look;
fold_fn fold_snap_process, fold_snap_thread, fold_counters;
fold_fn fold_lock, fold_site, fold_lock_sum, fold_lock_wakes, fold_lock_hold, fold_lock_order;
fold_fn fold_lock_wait, fold_lock_wait_end, fold_thread_look, fold_look_done;
fold_fn fold_fork_failed, fold_cgroup, fold_begin, fold_finish, fold_lost;

#endif

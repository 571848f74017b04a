/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is known of processes as members of sessions and as daemons: what they looked like, which steps they or the
 * processes they were forked from took, and the files with pids in them. Part of model.h, which says whose memory it
 * is and how times are counted.
 */
#ifndef LIFELINE_MODEL_SESSION_H
#define LIFELINE_MODEL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

struct process_ref { /* identity; pid 0: nobody known */
	uint32_t pid;
	uint64_t start_ns;
};

#define SESSION_UNKNOWN UINT32_MAX /* of `descriptors`, `inherited` and `execs` */
#define EXAMPLES 4

/* One look (event session_look), as it is in the event. Texts are not escaped; NULL unknown. */
struct session_look {
	uint64_t at_ns;
	struct process_ref parent;
	uint32_t sid, pgid, terminal, umask, hangup;
	bool leader, leader_alive, cwd_root, subreaper, adopted;
	uint32_t standard[3]; /* enum descriptor_kind of 0, 1, 2 */
	const char *standard_text[3];
	const char *cwd;
	uint32_t descriptors, inherited, pty_masters, execs;
	uint32_t example[EXAMPLES]; /* of the inherited; 0 none */
	const char *examples;       /* what they are, NUL-separated, examples_length bytes; NULL unknown */
	size_t examples_length;
};

/*
 * Steps that led to the state a process lives with: its own and, from before its birth, those of the process it was
 * forked from (and so on back). A fork hands them on, exec keeps them.
 */
struct steps {
	uint64_t exec_ns; /* when the program that it runs was started; 0: not seen */
	struct process_ref exec_by;
	uint64_t setsid_ns; /* when its session was made; 0: not seen */
	struct process_ref setsid_by;
	uint64_t chdir_ns; /* the last change of directory; 0: none seen */
	bool chdir_root;   /* … was to the root directory */
	const char *cwd;   /* … to where; NULL unknown */
	uint64_t umask_ns; /* the last call of umask; 0: none seen */
	uint32_t umask;
	uint32_t umask_before;   /* the mask before the first call of the present program */
	bool umask_chosen;       /* the last call set it, rather than putting back what there was before */
	uint64_t standard_ns[3]; /* when 0, 1, 2 were last closed, opened or made a copy of something; 0: not seen */
	uint64_t listen_ns;      /* the first listen; 0: none seen */
	uint32_t listen_family, listen_port;
	const char *listen_name;
};

/* A file whose name says that it is for a pid, from when it was made (or first met) until somebody makes it anew. */
struct pidfile {
	const char *path;
	uint32_t mntns;
	uint64_t met_ns;    /* first opened, written or read */
	bool existed;       /* it was there before that */
	int64_t old_size;   /* its size then; -1 not known */
	uint64_t opened_ns; /* first opened for writing, or moved there; 0: only read so far */
	struct process_ref opened_by;
	uint64_t locked_ns;  /* first locked; 0 never */
	uint64_t refused_ns; /* a lock was refused: somebody else holds it; 0 never */
	/* the last look at it */
	uint64_t looked_ns; /* 0: never */
	uint32_t state;     /* enum pidfile_state */
	uint32_t holds, alive;
	uint64_t modified_ns, slack_ns; /* written last between modified_ns and slack_ns later; 0 unknown */
	struct process_ref owner;       /* whose pid it was found to hold last; pid 0: nobody known */
	uint64_t owned_ns;              /* when that was first seen */
	uint32_t old_holds;             /* what it held before it was written; 0 unknown */
	uint32_t old_alive;             /* whether such a process existed then: as in the event */
	uint64_t left_ns; /* first seen there after the end of its owner; 0 never */
	uint64_t removed_ns;
	struct process_ref removed_by;
	char removed_comm[16];
	struct pidfile *next; /* all, by time */
};

const struct pidfile *model_pidfiles(const struct model *model);

#endif

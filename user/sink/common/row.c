/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which lines an event gives in the event log, and with which keys; see row.h. The table at the end is the decision for
 * every event there is.
 */
#include "sink/common/row.h"

#include <errno.h>
#include <string.h>

#include "base/flags.h"
#include "event/event.h"
#include "model/lock.h"
#include "sink/common/describe.h"
#include "sink/common/event_words.h"

const char *row_column_name(enum row_column column)
{
	static const char *const names[] = {
#define COLUMN(name) #name,
	    ROW_COLUMNS(COLUMN)
#undef COLUMN
	};

	return names[column];
}

/* ---- cells ---------------------------------------------------------------------------------------- */

struct line {
	struct row_maker *maker;
	struct row row;
	char ids[3][PROCESS_ID_SIZE];
	unsigned ids_used;
	char signal[16], letter;
};

static struct cell *add(struct line *line, enum row_column column, enum cell_kind kind)
{
	struct cell *cell = &line->row.cells[line->row.count];

	if (line->row.count + 1 < ROW_CELLS_MAX)
		line->row.count++;
	*cell = (struct cell){.column = column, .kind = kind};
	return cell;
}

static void add_unsigned(struct line *line, enum row_column column, uint64_t value)
{
	add(line, column, CELL_UNSIGNED)->u = value;
}

static void add_signed(struct line *line, enum row_column column, int64_t value)
{
	add(line, column, CELL_SIGNED)->i = value;
}

static void add_bool(struct line *line, enum row_column column, bool value)
{
	add(line, column, CELL_BOOL)->u = value;
}

static void add_bytes(struct line *line, enum row_column column, enum cell_kind kind, const char *bytes, size_t length)
{
	struct cell *cell = add(line, column, kind);

	cell->bytes = bytes;
	cell->length = length;
}

/* A word of ours; NULL: not known */
static void add_text(struct line *line, enum row_column column, const char *text)
{
	add_bytes(line, column, text ? CELL_TEXT : CELL_NULL, text, text ? strlen(text) : 0);
}

static void add_comm(struct line *line, enum row_column column, const char comm[COMM_SIZE])
{
	add_bytes(line, column, CELL_BYTES, comm, strnlen(comm, COMM_SIZE));
}

/* A pid or tid, of which 0 is nobody known. */
static void add_pid(struct line *line, enum row_column column, uint32_t pid)
{
	if (pid)
		add_unsigned(line, column, pid);
	else
		add(line, column, CELL_NULL);
}

static void add_id(struct line *line, enum row_column column, uint32_t pid, uint64_t start_ns)
{
	char *id = line->ids[line->ids_used++];

	add_text(line, column, describe_process_id((struct process_ref){pid, start_ns}, id) ? id : NULL);
}

static void add_flags(struct line *line, enum row_column column, uint64_t value, const struct flag_name *names)
{
	struct buffer *text = &line->maker->text;

	buffer_clear(text);
	flags_append(text, value, names);
	add_bytes(line, column, CELL_TEXT, buffer_text(text), text->length);
}

static void add_time(struct line *line, enum row_column column, uint64_t t_ns)
{
	if (t_ns)
		add_signed(line, column, observation_relative(line->maker->model, t_ns));
	else
		add(line, column, CELL_NULL);
}

static void add_signal(struct line *line, int32_t signal)
{
	add_text(line, COLUMN_signal, signal > 0 ? describe_signal(signal, line->signal) : NULL);
}

static void add_blob(struct line *line, enum row_column column, enum cell_kind kind, const char *bytes, uint32_t length)
{
	add_bytes(line, column, length ? kind : CELL_NULL, bytes, length);
}

static void add_letter(struct line *line, enum row_column column, uint32_t letter)
{
	line->letter = (char)letter;
	add_bytes(line, column, letter >= 'A' && letter <= 'Z' ? CELL_TEXT : CELL_NULL, &line->letter, 1);
}

/* Where a process has another pid in a namespace of its own, both stand in the line; elsewhere the key is not there. */
static void add_nested(struct line *line, enum row_column column, uint32_t ns_pid, uint32_t pid)
{
	if (ns_pid && ns_pid != pid)
		add_unsigned(line, column, ns_pid);
}

static void add_ns_pid(struct line *line, const struct event *event)
{
	const struct process *process =
	    model_find(line->maker->model, (struct process_ref){event->pid, event->start_ns});

	if (process)
		add_nested(line, COLUMN_ns_pid, process->nspid, process->id.pid);
}

static void begin_line(struct line *line, const struct event *event, const char *type)
{
	line->row.type = type;
	line->row.count = 0;
	line->ids_used = 0;
	add_signed(line, COLUMN_t_ns, observation_relative(line->maker->model, event->t_ns));
	add_text(line, COLUMN_type, type);
	add_pid(line, COLUMN_pid, event->pid);
	add_pid(line, COLUMN_tid, event->tid);
	if (event->pid || event->comm[0])
		add_comm(line, COLUMN_comm, event->comm);
	else
		add(line, COLUMN_comm, CELL_NULL);
	add_id(line, COLUMN_id, event->pid, event->start_ns);
	add_ns_pid(line, event);
}

static void end_line(struct line *line)
{
	struct row_maker *maker = line->maker;

	if (maker->text.failed)
		maker->result = -ENOMEM;
	if (!maker->result)
		maker->result = maker->emit(maker->context, &line->row);
}

/* ---- life ----------------------------------------------------------------------------------------- */

typedef void make_fn(struct line *line, const struct event *event);

static void make_fork(struct line *line, const struct event *event)
{
	const struct event_fork *fork = (const void *)event;

	begin_line(line, event, "fork");
	add_pid(line, COLUMN_child, fork->child);
	add_id(line, COLUMN_child_id, fork->child, fork->child_start);
	add_nested(line, COLUMN_child_ns_pid, fork->child_nspid, fork->child);
	add_flags(line, COLUMN_flags, fork->flags, clone_flag_names);
	add_pid(line, COLUMN_parent, fork->parent);
	end_line(line);
}

static void make_thread(struct line *line, const struct event *event)
{
	begin_line(line, event, "thread");
	add_pid(line, COLUMN_child, ((const struct event_thread *)event)->child);
	end_line(line);
}

static void make_exec(struct line *line, const struct event *event)
{
	uint32_t exe_length, argv_length;
	const char *exe = EVENT_BLOB(event, exec, exe, &exe_length);
	const char *argv = EVENT_BLOB(event, exec, argv, &argv_length);

	begin_line(line, event, "exec");
	add_blob(line, COLUMN_exe, CELL_BYTES, exe, exe ? (uint32_t)strnlen(exe, exe_length) : 0);
	add_blob(line, COLUMN_argv, CELL_WORDS, argv, argv_length);
	end_line(line);
}

static void make_exit(struct line *line, const struct event *event)
{
	const struct event_exit *told = (const void *)event;
	struct ending ending = describe_status(told->status);

	begin_line(line, event, "exit");
	if (ending.signal) {
		add_signal(line, ending.signal);
		add_bool(line, COLUMN_core, ending.core);
	} else {
		add_signed(line, COLUMN_code, ending.code);
	}
	add_unsigned(line, COLUMN_live, told->live);
	end_line(line);
}

#define ADD_COUNTERS(line, told)                                                                                       \
	do {                                                                                                           \
		add_text(line, COLUMN_of, "thread");                                                                   \
		add_unsigned(line, COLUMN_voluntary, (told)->voluntary);                                               \
		add_unsigned(line, COLUMN_involuntary, (told)->involuntary);                                           \
		add_unsigned(line, COLUMN_cpu_ns, (told)->cpu_ns);                                                     \
		add_unsigned(line, COLUMN_runqueue_ns, (told)->runqueue_ns);                                           \
		add_unsigned(line, COLUMN_blocked_futex_ns, (told)->blocked_futex);                                    \
		add_unsigned(line, COLUMN_blocked_sleep_ns, (told)->blocked_sleep);                                    \
		add_unsigned(line, COLUMN_blocked_wait_ns, (told)->blocked_wait);                                      \
		add_unsigned(line, COLUMN_blocked_poll_ns, (told)->blocked_poll);                                      \
		add_unsigned(line, COLUMN_blocked_read_ns, (told)->blocked_read);                                      \
		add_unsigned(line, COLUMN_blocked_write_ns, (told)->blocked_write);                                    \
		add_unsigned(line, COLUMN_blocked_network_ns, (told)->blocked_network);                                \
		add_unsigned(line, COLUMN_blocked_disk_ns, (told)->blocked_disk);                                      \
		add_unsigned(line, COLUMN_blocked_other_ns, (told)->blocked_other);                                    \
	} while (0)

/* The end of a thread tells its last counters; that of a process what became of it. */
static void make_end(struct line *line, const struct event *event)
{
	const struct event_end *end = (const void *)event;

	begin_line(line, event, "sample");
	ADD_COUNTERS(line, end);
	end_line(line);
	if (end->state == END_THREAD)
		return;
	begin_line(line, event, end->state == END_AUTOREAPED ? "autoreap" : "zombie");
	add_pid(line, COLUMN_parent, end->parent);
	if (end->state != END_AUTOREAPED) /* true: a waiter was quicker than its last context switch */
		add_bool(line, COLUMN_reaped, end->state == END_REAPED);
	end_line(line);
}

static void make_adopt(struct line *line, const struct event *event)
{
	const struct event_adopt *adopt = (const void *)event;

	begin_line(line, event, "adopt");
	add_pid(line, COLUMN_child, adopt->child);
	add_id(line, COLUMN_child_id, adopt->child, adopt->child_start);
	add_pid(line, COLUMN_to, adopt->to);
	add_id(line, COLUMN_to_id, adopt->to, adopt->to_start);
	add_pid(line, COLUMN_to_tid, adopt->to_tid);
	add_text(line, COLUMN_rule, describe_adopt_rule(adopt->rule));
	add_bool(line, COLUMN_zombie, adopt->zombie);
	end_line(line);
}

/* ---- waits ---------------------------------------------------------------------------------------- */

static void make_reap(struct line *line, const struct event *event)
{
	const struct event_reap *reap = (const void *)event;

	begin_line(line, event, "reap");
	add_pid(line, COLUMN_child, reap->child);
	add_id(line, COLUMN_child_id, reap->child, reap->child_start);
	add_pid(line, COLUMN_by_tid, reap->how == REAP_WAITED ? event->tid : 0);
	end_line(line);
}

static void make_wait(struct line *line, const struct event *event, const struct event_wait_enter *wait)
{
	begin_line(line, event, event->kind == EVENT_wait_enter ? "wait-enter" : "wait-exit");
	add_text(line, COLUMN_call, event_wait_call_name(wait->call));
	add_signed(line, COLUMN_target, event_wait_target(wait->type, wait->target));
	add_flags(line, COLUMN_options, wait->options, wait_option_names);
}

static void make_wait_enter(struct line *line, const struct event *event)
{
	make_wait(line, event, (const void *)event);
	add(line, COLUMN_result, CELL_NULL);
	end_line(line);
}

static void make_wait_exit(struct line *line, const struct event *event)
{
	/* both events begin with the same fields, which the compiler is asked about below */
	make_wait(line, event, (const void *)event);
	add_signed(line, COLUMN_result, ((const struct event_wait_exit *)event)->result);
	end_line(line);
}
_Static_assert(offsetof(struct event_wait_enter, options) == offsetof(struct event_wait_exit, options) &&
		   offsetof(struct event_wait_enter, target) == offsetof(struct event_wait_exit, target) &&
		   offsetof(struct event_wait_enter, type) == offsetof(struct event_wait_exit, type) &&
		   offsetof(struct event_wait_enter, call) == offsetof(struct event_wait_exit, call),
	       "entry and return of a wait differ in what make_wait reads");

/* ---- signals, sessions ------------------------------------------------------------------------------ */

static void make_signal(struct line *line, const struct event *event)
{
	const struct event_signal *told = (const void *)event;

	begin_line(line, event, "signal");
	add_signal(line, told->signal);
	add_pid(line, COLUMN_to, told->target);
	add_id(line, COLUMN_to_id, told->target, told->target_start);
	add_pid(line, COLUMN_to_tid, told->group ? 0 : told->target_tid); /* null: to the whole process */
	add_pid(line, COLUMN_sent_by, told->origin == SIGNAL_USER ? event->pid : 0);
	add_text(line, COLUMN_result, event_signal_result_name(told->result));
	add_bool(line, COLUMN_fatal, told->fatal);
	end_line(line);
}

static void make_setsid(struct line *line, const struct event *event)
{
	begin_line(line, event, "setsid");
	add_pid(line, COLUMN_sid, ((const struct event_setsid *)event)->sid);
	end_line(line);
}

static void make_setpgid(struct line *line, const struct event *event)
{
	const struct event_setpgid *told = (const void *)event;

	begin_line(line, event, "setpgid");
	add_pid(line, COLUMN_to, told->target);
	add_id(line, COLUMN_to_id, told->target, told->target_start);
	add_pid(line, COLUMN_pgid, told->pgid);
	end_line(line);
}

static void make_subreaper(struct line *line, const struct event *event)
{
	begin_line(line, event, "subreaper");
	add_bool(line, COLUMN_on, ((const struct event_subreaper *)event)->on);
	end_line(line);
}

static void make_pdeathsig(struct line *line, const struct event *event)
{
	begin_line(line, event, "pdeathsig");
	add_signal(line, ((const struct event_pdeathsig *)event)->signal); /* null: no longer armed */
	end_line(line);
}

/* ---- on the way to becoming a daemon -------------------------------------------------------------------- */

static void make_chdir(struct line *line, const struct event *event)
{
	uint32_t length;
	const char *path = EVENT_BLOB(event, chdir, path, &length);

	begin_line(line, event, "chdir");
	add_blob(line, COLUMN_path, CELL_BYTES, path, length);
	end_line(line);
}

static void make_umask(struct line *line, const struct event *event)
{
	begin_line(line, event, "umask");
	add_unsigned(line, COLUMN_mask, ((const struct event_umask *)event)->mask);
	end_line(line);
}

static void make_dup(struct line *line, const struct event *event)
{
	uint32_t length;
	const char *path = EVENT_BLOB(event, dup, path, &length);

	begin_line(line, event, "dup");
	add_signed(line, COLUMN_fd, ((const struct event_dup *)event)->to);
	add_blob(line, COLUMN_path, CELL_BYTES, path, length);
	end_line(line);
}

/* close_range closes several: a line for each of 0, 1 and 2 */
static void make_close(struct line *line, const struct event *event)
{
	const struct event_close *told = (const void *)event;

	for (uint32_t fd = told->first; fd <= told->last && fd <= 2; fd++) {
		begin_line(line, event, "close");
		add_unsigned(line, COLUMN_fd, fd);
		end_line(line);
	}
}

static void make_open(struct line *line, const struct event *event)
{
	const struct event_open *told = (const void *)event;
	uint32_t length;
	const char *path = EVENT_BLOB(event, open, path, &length);

	begin_line(line, event, "open");
	add_blob(line, COLUMN_path, CELL_BYTES, path, length);
	if (told->descriptor < 0)
		add(line, COLUMN_fd, CELL_NULL);
	else
		add_signed(line, COLUMN_fd, told->descriptor);
	end_line(line);
}

/* ---- counters, losses -------------------------------------------------------------------------------- */

/* The processor's idle thread has pid 0: here that is somebody. */
static void make_switch(struct line *line, const struct event *event)
{
	const struct event_switch *told = (const void *)event;

	begin_line(line, event, "switch");
	line->row.cells[2] = (struct cell){.column = COLUMN_pid, .kind = CELL_UNSIGNED, .u = event->pid};
	line->row.cells[3] = (struct cell){.column = COLUMN_tid, .kind = CELL_UNSIGNED, .u = event->tid};
	add_unsigned(line, COLUMN_next, told->next_tid);
	add_unsigned(line, COLUMN_next_pid, told->next_pid);
	add_comm(line, COLUMN_next_comm, told->next_comm);
	add_letter(line, COLUMN_state, told->state);
	add_text(line, COLUMN_reason, event_switch_reason_name(told->reason));
	add_unsigned(line, COLUMN_cpu, event->cpu);
	add_pid(line, COLUMN_woken_by, told->waker_tid);
	add_time(line, COLUMN_woken_ns, told->woken_ns);
	end_line(line);
}

static void make_counters(struct line *line, const struct event *event)
{
	begin_line(line, event, "sample");
	ADD_COUNTERS(line, (const struct event_counters *)event);
	end_line(line);
}

static void make_lost(struct line *line, const struct event *event)
{
	const struct event_lost *lost = (const void *)event;

	begin_line(line, event, "lost");
	add_text(line, COLUMN_class, event_group_name(lost->class));
	add_unsigned(line, COLUMN_count, lost->count);
	add_time(line, COLUMN_since_ns, lost->since_ns);
	end_line(line);
}

/* The stream broke off here: of what would have followed nothing is known, not even how much. */
static void make_cut(struct line *line, const struct event *event)
{
	line->maker->cut_told = true;
	begin_line(line, event, "lost");
	add_text(line, COLUMN_class, event_group_name(GROUP_STREAM));
	add(line, COLUMN_count, CELL_NULL);
	add(line, COLUMN_since_ns, CELL_NULL);
	end_line(line);
}

static void make_finish(struct line *line, const struct event *event)
{
	line->maker->cut_told = true;
	if (((const struct event_finish *)event)->ended_by == ENDED_CUT)
		make_cut(line, event);
}

/* ---- locks -------------------------------------------------------------------------------------------- */

static void begin_lock_line(struct line *line, const struct event *event, const char *type, uint32_t number)
{
	const struct lock *lock = model_lock(line->maker->model, number);

	begin_line(line, event, type);
	add_pid(line, COLUMN_lock, number);
	if (lock && lock->told) {
		add_text(line, COLUMN_kind, lock_kind_name(lock->kind));
		add_blob(line, COLUMN_name, CELL_BYTES, lock->name, (uint32_t)strlen(lock->name));
	} else {
		add(line, COLUMN_kind, CELL_NULL);
		add(line, COLUMN_name, CELL_NULL);
	}
}

static void make_lock_wait(struct line *line, const struct event *event)
{
	const struct event_lock_wait *wait = (const void *)event;

	begin_lock_line(line, event, "lock-wait", wait->lock);
	add_pid(line, COLUMN_holder, event_holder_tid(wait->holder, wait->holder_tid));
	end_line(line);
}

static void make_lock_wait_end(struct line *line, const struct event *event)
{
	const struct event_lock_wait_end *end = (const void *)event;
	bool got_it = end->outcome == LOCK_ACQUIRED || end->outcome == LOCK_OWNER_DIED;

	begin_lock_line(line, event, got_it ? "lock-acquired" : "lock-timeout", end->lock);
	add_unsigned(line, COLUMN_waited_ns, end->waited_ns);
	add_text(line, COLUMN_outcome, event_lock_outcome_name(end->outcome));
	add_pid(line, COLUMN_woken_by, end->waker_tid);
	end_line(line);
}

static void make_lock_sum(struct line *line, const struct event *event)
{
	const struct event_lock_sum *sum = (const void *)event;

	begin_lock_line(line, event, "sample", sum->lock);
	add_pid(line, COLUMN_holder, event_holder_tid(sum->holder, sum->holder_tid));
	add_text(line, COLUMN_of, "lock");
	add_unsigned(line, COLUMN_waits, sum->waits);
	add_unsigned(line, COLUMN_timeouts, sum->timeouts);
	add_unsigned(line, COLUMN_wait_ns, sum->wait_ns);
	add_unsigned(line, COLUMN_max_wait_ns, sum->max_ns);
	end_line(line);
}

static void make_lock_hold(struct line *line, const struct event *event)
{
	const struct event_lock_hold *hold = (const void *)event;

	begin_lock_line(line, event, "sample", hold->lock);
	add_text(line, COLUMN_of, "hold");
	add_unsigned(line, COLUMN_acquisitions, hold->acquisitions);
	add_unsigned(line, COLUMN_hold_ns, hold->hold_ns);
	add_unsigned(line, COLUMN_max_hold_ns, hold->max_hold_ns);
	end_line(line);
}

/* ---- the decisions -------------------------------------------------------------------------------------- */

static const struct decision {
	make_fn *make;
	const char *none; /* why it gives no line; NULL: it does */
} decisions[EVENT_KIND_LIMIT] = {
    [EVENT_fork] = {make_fork},
    [EVENT_thread] = {make_thread},
    [EVENT_exec] = {make_exec},
    [EVENT_exit] = {make_exit},
    [EVENT_end] = {make_end},
    [EVENT_rename] = {NULL, "the lines after it carry the new name"},
    [EVENT_reap] = {make_reap},
    [EVENT_wait_enter] = {make_wait_enter},
    [EVENT_wait_exit] = {make_wait_exit},
    [EVENT_adopt] = {make_adopt},
    [EVENT_signal] = {make_signal},
    [EVENT_oom] = {NULL, "its SIGKILL is a signal line of its own"},
    [EVENT_fork_failed] = {NULL, "nobody was born; the report's fork.failed tells count and limits"},
    [EVENT_setsid] = {make_setsid},
    [EVENT_setpgid] = {make_setpgid},
    [EVENT_subreaper] = {make_subreaper},
    [EVENT_pdeathsig] = {make_pdeathsig},
    [EVENT_session_look] = {NULL, "a look at a process, nothing that happened; the findings cite it"},
    [EVENT_chdir] = {make_chdir},
    [EVENT_umask] = {make_umask},
    [EVENT_dup] = {make_dup},
    [EVENT_close] = {make_close},
    [EVENT_open] = {make_open},
    [EVENT_file_lock] = {NULL, "of a pidfile: the findings on its daemon tell it"},
    [EVENT_unlink] = {NULL, "of a pidfile: the findings on its daemon tell it"},
    [EVENT_move] = {NULL, "of a pidfile: the findings on its daemon tell it"},
    [EVENT_listen] = {NULL, "when a daemon was ready; the findings on it tell it"},
    [EVENT_pidfile_look] = {NULL, "a look at a file, nothing that happened; the findings cite it"},
    [EVENT_cgroup] = {NULL, "the name of a number that no line carries"},
    [EVENT_snap_process] = {NULL, "a state that was met, nothing that happened; the report has it"},
    [EVENT_snap_thread] = {NULL, "a state that was met, nothing that happened; the report has it"},
    [EVENT_counters] = {make_counters},
    [EVENT_zombie_look] = {NULL, "a look at a parent, nothing that happened; the findings cite it"},
    [EVENT_begin] = {NULL, "it is the header"},
    [EVENT_finish] = {make_finish},
    [EVENT_tick] = {NULL, "no fact, only the passing of time"},
    [EVENT_lost] = {make_lost},
    [EVENT_switch] = {make_switch},
    [EVENT_lock] = {NULL, "what a lock is stands in the lines of waits for it"},
    [EVENT_site] = {NULL, "the name of a number that no line carries"},
    [EVENT_lock_wait] = {make_lock_wait},
    [EVENT_lock_wait_end] = {make_lock_wait_end},
    [EVENT_lock_sum] = {make_lock_sum},
    [EVENT_lock_wakes] = {NULL, "counts for the tables of the report"},
    [EVENT_thread_look] = {NULL, "a look at a thread, nothing that happened; the findings cite it"},
    [EVENT_look_done] = {NULL, "the end of such looks"},
    [EVENT_lock_hold] = {make_lock_hold},
    [EVENT_lock_order] = {NULL, "counts for the findings on lock order"},
};

const char *rows_decision(uint16_t kind)
{
	const struct decision *decision = kind < EVENT_KIND_LIMIT ? &decisions[kind] : NULL;

	if (!decision || (!decision->make && !decision->none))
		return NULL;
	return decision->none ? decision->none : "";
}

void rows_open(struct row_maker *maker, const struct model *model, int (*emit)(void *, const struct row *),
	       void *context)
{
	*maker = (struct row_maker){.model = model, .emit = emit, .context = context};
}

int rows_event(struct row_maker *maker, const struct event *event)
{
	struct line line = {.maker = maker};

	if (event->kind < EVENT_KIND_LIMIT && decisions[event->kind].make)
		decisions[event->kind].make(&line, event);
	return maker->result;
}

int rows_end(struct row_maker *maker)
{
	struct line line = {.maker = maker};
	struct event nobody = {.t_ns = model_now(maker->model)};

	if (!maker->cut_told)
		make_cut(&line, &nobody);
	return maker->result;
}

void rows_close(struct row_maker *maker)
{
	buffer_free(&maker->text);
}

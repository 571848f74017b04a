/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The JSON report, schema lifeline.report/1 (common/report.schema.json). Every key is always there (`retired` where
 * there are such); what is not known is null, never 0. The text is handed over piece by piece, so that memory does
 * not grow with the number of processes.
 */
#include "sink/common/report_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/json.h"
#include "event/event.h"
#include "sink/common/describe.h"
#include "sink/common/locks.h"
#include "sink/common/retired.h"

#define FLUSH_BYTES (64 * 1024)
#define RETIRED_NAMES 50 /* those with most processes */

struct report {
	const struct sink_context *context;
	const struct model *model;
	struct buffer buffer;
	struct json json;
	report_json_put *put;
};

static int flush(struct report *report, size_t above)
{
	struct buffer *buffer = &report->buffer;

	if (buffer->failed)
		return -ENOMEM;
	if (buffer->length <= above)
		return 0;
	report->put(report->context->out, buffer->data, buffer->length); /* an error latches in the FILE */
	buffer_clear(buffer);
	return 0;
}

/* ---- values that can be unknown -------------------------------------------------------------------- */

static void key_known(struct json *json, const char *key, bool known, uint64_t value)
{
	if (known)
		json_key_unsigned(json, key, value);
	else
		json_key_null(json, key);
}

static void key_number(struct json *json, const char *key, uint64_t value)
{
	key_known(json, key, value != 0, value);
}

/* A point in time, from the start of observation. */
static void key_time(struct report *report, const char *key, uint64_t t_ns)
{
	if (t_ns)
		json_key_signed(&report->json, key, observation_relative(report->model, t_ns));
	else
		json_key_null(&report->json, key);
}

static void key_id(struct json *json, const char *key, struct process_ref ref)
{
	char id[PROCESS_ID_SIZE];

	json_key_string(json, key, describe_process_id(ref, id) ? id : NULL);
}

/* A comm: terminated within its size by event_check, but its size is what is trusted here. */
static void key_comm(struct json *json, const char *key, const char comm[COMM_SIZE])
{
	json_key(json, key);
	json_bytes(json, comm, strnlen(comm, COMM_SIZE));
}

static void key_words(struct json *json, const char *key, const char *words, size_t total)
{
	json_key(json, key);
	if (words)
		json_words(json, words, total);
	else
		json_null(json);
}

/* An empty text is what the model has for an unknown one. */
static void key_text(struct json *json, const char *key, const char *text)
{
	json_key_string(json, key, text && *text ? text : NULL);
}

/* ---- head ------------------------------------------------------------------------------------------ */

static void write_tool(struct report *report)
{
	struct json *json = &report->json;

	json_key(json, "tool");
	json_object_open(json);
	json_key_string(json, "name", "lifeline");
	json_key_string(json, "version", report->context->version);
	json_object_close(json);
}

static void write_host(struct report *report)
{
	const struct observation *observation = model_observation(report->model);
	struct json *json = &report->json;

	json_key(json, "host");
	json_object_open(json);
	key_text(json, "kernel", observation->kernel);
	key_text(json, "arch", observation->arch);
	key_number(json, "cpus", observation->cpus);
	json_object_close(json);
}

static void write_lost(struct report *report)
{
	struct json *json = &report->json;

	json_key(json, "lost");
	json_object_open(json);
	json_key_unsigned(json, "total", model_lost(report->model, EVENT_GROUP_COUNT));
	for (unsigned group = 0; group < EVENT_GROUP_COUNT; group++)
		json_key_unsigned(json, event_group_name(group), model_lost(report->model, group));
	json_object_close(json);
}

static void write_unseen(struct json *json, uint32_t unseen)
{
	json_key(json, "unseen");
	json_array_open(json);
	for (uint32_t bit = 1; bit; bit <<= 1)
		if ((unseen & bit) && event_unseen_verdict(bit))
			json_string(json, event_unseen_verdict(bit));
	json_array_close(json);
}

static void write_trace(struct report *report)
{
	const struct observation *observation = model_observation(report->model);
	struct json *json = &report->json;
	char started[STARTED_SIZE];

	json_key(json, "trace");
	json_object_open(json);
	json_key_string(json, "mode", describe_mode(observation));
	json_key_string(json, "started", describe_started(observation, started));
	json_key_unsigned(json, "duration_ns", observation_duration(report->model));
	key_words(json, "command", observation->command_length ? observation->command : NULL,
		  observation->command_length);
	json_key_string(json, "ended_by", describe_ended_by(observation));
	json_key_unsigned(json, "events", model_events(report->model));
	write_lost(report);
	write_unseen(json, observation->unseen);
	json_object_close(json);
}

/* ---- how something ended --------------------------------------------------------------------------- */

/* Opens {"code"} or {"signal", "core"}, and leaves it open for more; false if that was a code. */
static bool open_ending(struct json *json, int32_t status)
{
	struct ending ending = describe_status(status);
	char made_up[16];

	json_object_open(json);
	if (!ending.signal) {
		json_key_signed(json, "code", ending.code);
		return false;
	}
	json_key_string(json, "signal", describe_signal(ending.signal, made_up));
	json_key_bool(json, "core", ending.core);
	return true;
}

static void write_command_exit(struct report *report)
{
	struct json *json = &report->json;
	int32_t status;

	json_key(json, "exit");
	if (!observation_exit(report->model, &status)) {
		json_null(json);
		return;
	}
	open_ending(json, status);
	json_object_close(json);
}

/* A signal that the kernel raised has no sender, whoever was on the processor just then. */
static void write_process_exit(struct json *json, const struct process *process)
{
	const struct signal_note *killer = process->killer;

	json_key(json, "exit");
	if (!process->has_status) {
		json_null(json);
		return;
	}
	if (open_ending(json, process->status))
		key_id(json, "sender",
		       killer && killer->origin == SIGNAL_USER ? killer->sender : (struct process_ref){0});
	json_object_close(json);
}

/* ---- processes ------------------------------------------------------------------------------------- */

static void write_blocked(struct json *json, const struct counters *counters)
{
	json_key(json, "blocked_ns");
	json_object_open(json);
	for (unsigned reason = 0; reason < BLOCKED_REASON_COUNT; reason++)
		json_key_unsigned(json, describe_blocked_reason(reason), counters->blocked_ns[reason]);
	json_object_close(json);
}

static void write_counters(struct json *json, const struct counters *counters)
{
	if (!counters) {
		json_key_null(json, "switches");
		json_key_null(json, "cpu_ns");
		json_key_null(json, "runqueue_ns");
		json_key_null(json, "blocked_ns");
		return;
	}
	json_key(json, "switches");
	json_object_open(json);
	json_key_unsigned(json, "voluntary", counters->voluntary);
	json_key_unsigned(json, "involuntary", counters->involuntary);
	json_object_close(json);
	json_key_unsigned(json, "cpu_ns", counters->cpu_ns);
	json_key_unsigned(json, "runqueue_ns", counters->runqueue_ns);
	write_blocked(json, counters);
}

static void write_orphaned(struct report *report, const struct process *process)
{
	const struct adoption *adoption = process_orphaning(process);
	struct json *json = &report->json;

	json_key(json, "orphaned");
	if (!adoption) {
		json_null(json);
		return;
	}
	json_object_open(json);
	key_time(report, "at_ns", adoption->at_ns);
	key_id(json, "from", adoption->from);
	key_id(json, "to", adoption->to);
	key_number(json, "to_pid", adoption->to.pid);
	key_comm(json, "to_comm", adoption->to_comm);
	json_key_string(json, "rule", describe_adopt_rule(adoption->rule));
	json_object_close(json);
}

static void write_waits(struct report *report, const struct process *process)
{
	struct json *json = &report->json;

	json_key(json, "waits");
	json_object_open(json);
	json_key_unsigned(json, "calls", process->wait_calls);
	json_key_unsigned(json, "reaped", process->wait_reaped);
	key_time(report, "last_ns", process->wait_last_ns);
	json_object_close(json);
}

static void write_thread(struct report *report, const struct thread *thread)
{
	struct json *json = &report->json;

	json_object_open(json);
	json_key_unsigned(json, "tid", thread->tid);
	key_comm(json, "comm", thread->comm);
	key_time(report, "started_ns", thread->started_ns);
	key_time(report, "exited_ns", thread->exited_ns);
	write_counters(json, thread->has_counters ? &thread->counters : NULL);
	json_object_close(json);
}

/* Like `retired`, only there when it says something. */
static void write_gone_threads(struct json *json, const struct gone_threads *gone)
{
	if (!gone || !gone->threads)
		return;
	json_key(json, "retired_threads");
	json_object_open(json);
	json_key_unsigned(json, "threads", gone->threads);
	write_counters(json, &gone->counters);
	json_object_close(json);
}

static int write_threads(struct report *report, const struct process *process)
{
	int error = 0;

	json_key(&report->json, "threads");
	json_array_open(&report->json);
	for (const struct thread *thread = process->threads; thread && !error; thread = thread->next) {
		write_thread(report, thread);
		error = flush(report, FLUSH_BYTES);
	}
	json_array_close(&report->json);
	write_gone_threads(&report->json, process->gone);
	return error;
}

static void write_identity(struct report *report, const struct process *process)
{
	bool known = process_is_known(process);
	struct json *json = &report->json;

	key_id(json, "id", process->id);
	json_key_unsigned(json, "pid", process->id.pid);
	key_number(json, "ns_pid", process->nspid);
	key_number(json, "ppid", process->parent.pid);
	key_id(json, "parent", process->parent);
	key_comm(json, "comm", process->comm);
	key_text(json, "exe", process->exe);
	key_words(json, "argv", process->argv, process->argv_length);
	key_known(json, "uid", known, process->uid);
	key_text(json, "cgroup", model_cgroup_path(report->model, process->cgroup));
	key_number(json, "pgid", process->pgid);
	key_number(json, "sid", process->sid);
}

/* When it had died before observation began, the time of its death is only known as "at the latest": that is unknown.
 */
static void write_life(struct report *report, const struct process *process)
{
	struct json *json = &report->json;

	key_time(report, "started_ns", process->started_ns);
	key_time(report, "exited_ns", process->dead_before ? 0 : process->exited_ns);
	key_time(report, "reaped_ns", process->reaped_ns);
	key_id(json, "reaped_by", process->reaper);
	json_key_bool(json, "autoreaped", process->autoreaped);
	write_process_exit(json, process);
	json_key_unsigned(json, "zombie_ns", process_zombie_ns(report->model, process));
}

static int write_process(struct report *report, const struct process *process)
{
	struct json *json = &report->json;
	struct counters sum;
	int error;

	json_object_open(json);
	write_identity(report, process);
	write_life(report, process);
	write_orphaned(report, process);
	write_waits(report, process);
	write_counters(json, process_counters(process, &sum) ? &sum : NULL);
	error = write_threads(report, process);
	json_object_close(json);
	return error ? error : flush(report, FLUSH_BYTES);
}

static int write_processes(struct report *report)
{
	const struct process **processes;
	size_t count;
	int error = collect_processes(report->model, report->context->findings, &processes, &count);

	if (error)
		return error;
	json_key(&report->json, "processes");
	json_array_open(&report->json);
	for (size_t i = 0; i < count && !error; i++)
		error = write_process(report, processes[i]);
	json_array_close(&report->json);
	free(processes);
	return error;
}

/* ---- those without a row ------------------------------------------------------------------------------ */

static int write_retired_names(struct json *json, const struct model *model, const struct retired *retired)
{
	const struct retired_name **names;
	uint64_t others = retired->unnamed;
	size_t count;
	int error = collect_retired_names(model, &names, &count);

	if (error)
		return error;
	json_key(json, "by_comm");
	json_array_open(json);
	for (size_t i = 0; i < count; i++) {
		if (i >= RETIRED_NAMES) {
			others += names[i]->processes;
			continue;
		}
		json_object_open(json);
		key_comm(json, "comm", names[i]->comm);
		json_key_unsigned(json, "processes", names[i]->processes);
		json_key_unsigned(json, "cpu_ns", names[i]->cpu_ns);
		json_object_close(json);
	}
	json_array_close(json);
	json_key_unsigned(json, "other_comms", others);
	free(names);
	return 0;
}

static int write_retired(struct report *report)
{
	const struct retired *retired = model_retired(report->model);
	struct json *json = &report->json;
	int error;

	if (!retired->processes)
		return 0; /* the one key that is only there when it says something */
	json_key(json, "retired");
	json_object_open(json);
	json_key_unsigned(json, "processes", retired->processes);
	json_key_unsigned(json, "threads", retired->threads);
	write_counters(json, retired->with_counters ? &retired->counters : NULL);
	json_key_unsigned(json, "locks", retired->locks);
	json_key_unsigned(json, "lock_wait_ns", retired->lock_wait_ns);
	error = write_retired_names(json, report->model, retired);
	json_object_close(json);
	return error;
}

/* ---- locks ------------------------------------------------------------------------------------------ */

/* Of what was seen being taken: elsewhere the keys are not there, rather than 0. */
static void write_holds(struct json *json, uint64_t acquisitions, uint64_t hold_ns, uint64_t max_hold_ns)
{
	if (!acquisitions && !hold_ns)
		return;
	json_key_unsigned(json, "acquisitions", acquisitions);
	json_key_unsigned(json, "hold_ns", hold_ns);
	json_key_unsigned(json, "max_hold_ns", max_hold_ns);
}

static void write_party(struct json *json, const struct party_row *row, bool waiter)
{
	const struct lock_party *party = row->party;

	json_object_open(json);
	json_key_unsigned(json, "tid", row->party->who.tid);
	key_comm(json, "comm", row->party->comm);
	if (waiter) {
		json_key_unsigned(json, "waits", row->sums.waits);
		json_key_unsigned(json, "wait_ns", row->sums.wait_ns);
		json_key_bool(json, "waiting_now", row->party->now);
	} else {
		json_key_unsigned(json, "blocked_others_ns", row->sums.wait_ns);
		json_key_bool(json, "holding_now", row->party->now);
		write_holds(json, party->acquisitions, party->hold_ns, party->max_hold_ns);
	}
	json_object_close(json);
}

/* Like `retired`, only there when it says something. */
static void write_gone_parties(struct json *json, const struct lock *lock, bool waiters)
{
	const struct lock_gone *gone = lock->gone ? &lock->gone[waiters ? PART_WAITER : PART_HOLDER] : NULL;

	if (!gone || !gone->threads)
		return;
	json_key(json, waiters ? "retired_waiters" : "retired_holders");
	json_object_open(json);
	json_key_unsigned(json, "threads", gone->threads);
	if (waiters) {
		json_key_unsigned(json, "waits", gone->waits);
		json_key_unsigned(json, "wait_ns", gone->wait_ns);
	} else {
		json_key_unsigned(json, "blocked_others_ns", gone->wait_ns);
		write_holds(json, gone->acquisitions, gone->hold_ns, gone->max_hold_ns);
	}
	json_object_close(json);
}

static int write_parties(struct report *report, const struct lock *lock, bool waiters)
{
	struct party_row *rows;
	size_t count;
	int error = waiters ? collect_waiters(report->model, lock, &rows, &count)
			    : collect_holders(report->model, lock, &rows, &count, NULL);

	if (error)
		return error;
	json_key(&report->json, waiters ? "waiters" : "holders");
	json_array_open(&report->json);
	for (size_t i = 0; i < count && !error; i++) {
		write_party(&report->json, &rows[i], waiters);
		error = flush(report, FLUSH_BYTES);
	}
	json_array_close(&report->json);
	free(rows);
	write_gone_parties(&report->json, lock, waiters);
	return error;
}

static void write_place(struct json *json, const struct lock_place *place)
{
	json_object_open(json);
	json_key(json, "stack");
	json_array_open(json);
	for (unsigned i = 0; i < place->site->frame_count; i++)
		json_bytes(json, place->site->frames[i], strlen(place->site->frames[i]));
	json_array_close(json);
	json_key_unsigned(json, "waits", place->waits);
	json_key_unsigned(json, "wait_ns", place->wait_ns);
	write_holds(json, place->acquisitions, place->hold_ns, place->max_hold_ns);
	json_object_close(json);
}

static int write_places(struct report *report, const struct lock *lock)
{
	const struct lock_place **places;
	size_t count;
	int error = collect_places(lock, &places, &count);

	if (error)
		return error;
	json_key(&report->json, "sites");
	json_array_open(&report->json);
	for (size_t i = 0; i < count && !error; i++) {
		write_place(&report->json, places[i]);
		error = flush(report, FLUSH_BYTES);
	}
	json_array_close(&report->json);
	free(places);
	return error;
}

static int write_user(struct json *json, struct hash *seen, struct process_ref user)
{
	char id[PROCESS_ID_SIZE];

	if (!describe_process_id(user, id) || hash_get(seen, user.pid, user.start_ns))
		return 0;
	json_string(json, id);
	return hash_put(seen, user.pid, user.start_ns, seen);
}

/* All that had to do with it, each once. */
static int write_users(struct report *report, const struct lock *lock)
{
	const struct lock_party *const lists[] = {lock->waiters, lock->holders, lock->wakers};
	struct hash seen = {0};
	int error;

	json_key(&report->json, "processes");
	json_array_open(&report->json);
	error = write_user(&report->json, &seen, (struct process_ref){lock->pid, lock->start_ns});
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct lock_party *party = lists[i]; party && !error; party = party->next)
			error = write_user(&report->json, &seen,
					   (struct process_ref){party->who.pid, party->who.start_ns});
	json_array_close(&report->json);
	hash_free(&seen);
	return error;
}

static void write_lock_identity(struct json *json, const struct lock *lock)
{
	char address[24];

	snprintf(address, sizeof(address), "0x%llx", (unsigned long long)lock->address);
	json_key_unsigned(json, "id", lock->number);
	json_key_string(json, "kind", lock_kind_name(lock->kind));
	key_text(json, "name", lock->name);
	key_text(json, "object", lock->object);
	json_key_string(json, "address", lock->address ? address : NULL);
	if (lock->told)
		json_key_bool(json, "shared", lock->shared);
	else
		json_key_null(json, "shared");
}

static int write_lock(struct report *report, const struct lock_row *row)
{
	const struct lock *lock = row->lock;
	struct json *json = &report->json;
	int error;

	json_object_open(json);
	write_lock_identity(json, lock);
	error = write_users(report, lock);
	json_key_unsigned(json, "waits", row->sums.waits);
	json_key_unsigned(json, "timeouts", lock->timeouts);
	json_key_unsigned(json, "wait_ns", row->sums.wait_ns);
	json_key_unsigned(json, "max_wait_ns", row->sums.max_ns);
	if (!error)
		error = write_parties(report, lock, true);
	if (!error)
		error = write_parties(report, lock, false);
	if (!error)
		error = write_places(report, lock);
	json_object_close(json);
	return error ? error : flush(report, FLUSH_BYTES);
}

static int write_locks(struct report *report)
{
	struct lock_row *rows;
	size_t count;
	int error = collect_locks(report->model, &rows, &count);

	if (error)
		return error;
	json_key(&report->json, "locks");
	json_array_open(&report->json);
	for (size_t i = 0; i < count && !error; i++)
		error = write_lock(report, &rows[i]);
	json_array_close(&report->json);
	free(rows);
	return error;
}

/* ---- findings -------------------------------------------------------------------------------------- */

static void write_evidence(struct report *report, const struct finding *finding)
{
	struct json *json = &report->json;

	json_key(json, "evidence");
	json_array_open(json);
	for (size_t i = 0; i < finding->evidence_count; i++) {
		json_object_open(json);
		key_time(report, "t_ns", finding->evidence[i].t_ns);
		json_key_string(json, "text", finding->evidence[i].text);
		json_object_close(json);
	}
	json_array_close(json);
}

static int write_finding(struct report *report, const struct finding *finding)
{
	struct json *json = &report->json;

	json_object_open(json);
	json_key_string(json, "code", finding->verdict->code);
	json_key_string(json, "severity", severity_name(finding->severity));
	json_key_bool(json, "certain", finding->certain);
	key_id(json, "process", finding->process);
	key_number(json, "pid", finding->process.pid);
	if (finding->process.pid)
		key_comm(json, "comm", finding->comm);
	else
		json_key_null(json, "comm");
	key_number(json, "lock", finding->lock_count ? finding->locks[0] : 0);
	json_key_string(json, "title", finding->title);
	json_key(json, "detail");
	json_raw(json, finding->detail ? finding->detail : "{}");
	write_evidence(report, finding);
	json_key_string(json, "help", finding->help);
	json_object_close(json);
	return flush(report, FLUSH_BYTES);
}

static int write_findings(struct report *report)
{
	const struct finding *finding;
	int error = 0;

	json_key(&report->json, "findings");
	json_array_open(&report->json);
	for (size_t i = 0; !error && (finding = findings_get(report->context->findings, i)); i++)
		error = write_finding(report, finding);
	json_array_close(&report->json);
	return error;
}

int report_json_write(const struct sink_context *context, bool pretty, report_json_put *put)
{
	struct report report = {.context = context, .model = context->model, .put = put};
	struct json *json = &report.json;
	int error;

	json_begin(json, &report.buffer, pretty);
	json_object_open(json);
	json_key_string(json, "schema", "lifeline.report/1");
	write_tool(&report);
	write_host(&report);
	write_trace(&report);
	write_command_exit(&report);
	error = write_processes(&report);
	if (!error)
		error = write_retired(&report);
	if (!error)
		error = write_locks(&report);
	if (!error)
		error = write_findings(&report);
	json_object_close(json);
	buffer_char(&report.buffer, '\n');
	if (!error)
		error = flush(&report, 0);
	buffer_free(&report.buffer);
	return error;
}

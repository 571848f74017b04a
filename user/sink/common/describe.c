/* SPDX-License-Identifier: BSD-2-Clause
 * Facts in words; see describe.h. */
#include "sink/common/describe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/hash.h"
#include "base/text.h"
#include "finding/finding.h"

struct ending describe_status(int32_t status)
{
	if (WIFSIGNALED(status))
		return (struct ending){.code = -1, .signal = WTERMSIG(status), .core = WCOREDUMP(status)};
	return (struct ending){.code = WEXITSTATUS(status)};
}

const char *describe_signal(int signal, char out[16])
{
	const char *name = text_signal_name(signal);

	if (name)
		return name;
	snprintf(out, 16, "SIG%d", signal);
	return out;
}

bool describe_process_id(struct process_ref ref, char out[PROCESS_ID_SIZE])
{
	out[0] = '\0';
	if (!ref.pid || !ref.start_ns)
		return false;
	snprintf(out, PROCESS_ID_SIZE, "%u@%llu", ref.pid, (unsigned long long)ref.start_ns);
	return true;
}

static const char *name_at(const char *const *names, size_t count, uint64_t index)
{
	return index < count ? names[index] : NULL;
}

#define NAME_AT(names, index) name_at(names, sizeof(names) / sizeof(*(names)), index)

const char *describe_mode(const struct observation *observation)
{
	static const char *const names[] = {[MODE_RUN] = "run", [MODE_ATTACH] = "attach", [MODE_SNAPSHOT] = "snapshot"};

	return observation->begun ? NAME_AT(names, observation->mode) : NULL;
}

const char *describe_ended_by(const struct observation *observation)
{
	static const char *const names[] = {[ENDED_COMMAND] = "command",
					    [ENDED_INTERRUPT] = "interrupt",
					    [ENDED_DURATION] = "duration",
					    [ENDED_TARGETS_GONE] = "targets-gone"};

	return observation->finished ? NAME_AT(names, observation->ended_by) : NULL;
}

const char *describe_adopt_rule(uint32_t rule)
{
	static const char *const names[] = {[ADOPT_THREAD] = "thread",
					    [ADOPT_SUBREAPER] = "subreaper",
					    [ADOPT_PIDNS_INIT] = "pidns-init",
					    [ADOPT_INIT] = "init"};

	return NAME_AT(names, rule);
}

const char *describe_blocked_reason(enum blocked_reason reason)
{
	static const char *const names[] = {
#define REASON(upper, lower) [BLOCKED_##upper] = #lower,
	    BLOCKED_REASONS(REASON)
#undef REASON
	};

	return NAME_AT(names, reason);
}

const char *describe_started(const struct observation *observation, char out[STARTED_SIZE])
{
	time_t seconds = (time_t)(observation->realtime_ns / 1000000000);
	char day[32];
	struct tm parts;

	if (!observation->realtime_ns || !gmtime_r(&seconds, &parts) ||
	    !strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts))
		return NULL;
	snprintf(out, STARTED_SIZE, "%s.%09uZ", day, (unsigned)(observation->realtime_ns % 1000000000));
	return out;
}

/* Unsigned subtraction first: times of a hostile trace may be anywhere. */
int64_t observation_relative(const struct model *model, uint64_t t_ns)
{
	return (int64_t)(t_ns - model_observation(model)->begin_ns);
}

uint64_t observation_duration(const struct model *model)
{
	const struct observation *observation = model_observation(model);
	uint64_t end = observation->end_ns ? observation->end_ns : model_now(model);

	return end > observation->begin_ns ? end - observation->begin_ns : 0;
}

/* The first target with that pid: a later one has been given a used pid. */
const struct process *observation_command(const struct model *model)
{
	const struct observation *observation = model_observation(model);

	if (!observation->begun || observation->mode != MODE_RUN)
		return NULL;
	for (const struct process *process = model_first(model); process; process = process->next)
		if (process->id.pid == observation->target_pid && process->scope == SCOPE_TARGET)
			return process;
	return NULL;
}

/* A trace that was cut off lacks the last word on it, but may hold the command's end. */
bool observation_exit(const struct model *model, int32_t *status)
{
	const struct observation *observation = model_observation(model);
	const struct process *command;

	if (observation->finished) {
		*status = observation->exit_status;
		return observation->exit_status >= 0;
	}
	command = observation_command(model);
	if (!command || !command->has_status)
		return false;
	*status = command->status;
	return true;
}

const struct adoption *process_orphaning(const struct process *process)
{
	for (const struct adoption *adoption = process->adoptions; adoption; adoption = adoption->next)
		if (adoption->rule != ADOPT_THREAD)
			return adoption;
	return process->adoptions;
}

/* The birth and a snapshot give the pid in its own namespace, and nothing else does; exec tells what it inherited. */
bool process_is_known(const struct process *process)
{
	return process->nspid || process->execs;
}

bool process_is_over(const struct process *process)
{
	return process->exited_ns || process->dead_ns || process->dead_before || process->reaped_ns;
}

const char *next_word(const char *words, size_t total, size_t *cursor, size_t *length)
{
	const char *word;

	if (!words || *cursor >= total)
		return NULL;
	word = words + *cursor;
	*length = strnlen(word, total - *cursor);
	*cursor += *length + 1;
	return word;
}

void json_words(struct json *json, const char *words, size_t total)
{
	size_t cursor = 0, length;
	const char *word;

	json_array_open(json);
	while ((word = next_word(words, total, &cursor, &length)))
		json_bytes(json, word, length);
	json_array_close(json);
}

static int by_birth(const void *left, const void *right)
{
	const struct process *a = *(const struct process *const *)left, *b = *(const struct process *const *)right;

	if (a->id.start_ns != b->id.start_ns)
		return a->id.start_ns < b->id.start_ns ? -1 : 1;
	return a->id.pid < b->id.pid ? -1 : a->id.pid > b->id.pid;
}

/* A set of those subjects that are no targets themselves. */
static int note_subjects(const struct model *model, const struct findings *findings, struct hash *subjects)
{
	const struct finding *finding;

	for (size_t i = 0; (finding = findings_get(findings, i)); i++) {
		const struct process *process = finding->process.pid ? model_find(model, finding->process) : NULL;

		if (process && process->scope != SCOPE_TARGET &&
		    hash_put(subjects, process->id.pid, process->id.start_ns, (void *)(uintptr_t)process))
			return -ENOMEM;
	}
	return 0;
}

int collect_processes(const struct model *model, const struct findings *findings, const struct process ***processes,
		      size_t *count)
{
	struct hash subjects = {0};
	size_t capacity = 1;
	int error;

	*count = 0;
	for (const struct process *process = model_first(model); process; process = process->next)
		capacity++;
	*processes = malloc(capacity * sizeof(**processes));
	error = *processes ? note_subjects(model, findings, &subjects) : -ENOMEM;
	for (const struct process *process = error ? NULL : model_first(model); process; process = process->next)
		if (process->scope == SCOPE_TARGET || hash_get(&subjects, process->id.pid, process->id.start_ns))
			(*processes)[(*count)++] = process;
	if (!error)
		qsort(*processes, *count, sizeof(**processes), by_birth);
	hash_free(&subjects);
	if (error) {
		free(*processes);
		*processes = NULL;
	}
	return error;
}

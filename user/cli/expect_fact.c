/* SPDX-License-Identifier: BSD-2-Clause
 * What can be asked of a process; see expect_internal.h. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/expect_internal.h"

void expect_status_text(struct buffer *out, bool known, int status)
{
	const char *name = known && WIFSIGNALED(status) ? text_signal_name(WTERMSIG(status)) : NULL;

	if (!known)
		buffer_text_append(out, "unknown");
	else if (name)
		buffer_text_append(out, name);
	else if (WIFSIGNALED(status))
		buffer_format(out, "signal %d", WTERMSIG(status));
	else
		buffer_format(out, "%d", WEXITSTATUS(status));
}

enum fact_kind { FACT_NUMBER, FACT_BOOL, FACT_PROCESS };

struct fact { /* number: -1 unknown. process: pid, 0 none */
	const char *name;
	enum fact_kind kind;
	int64_t (*read)(const struct model *model, const struct process *process);
};

static int64_t read_zombie_ns(const struct model *model, const struct process *process)
{
	return (int64_t)process_zombie_ns(model, process);
}

static int64_t read_lived_ns(const struct model *model, const struct process *process)
{
	return (int64_t)((process->exited_ns ? process->exited_ns : model_now(model)) - process->started_ns);
}

static int64_t read_autoreaped(const struct model *model, const struct process *process)
{
	(void)model;
	return process->autoreaped;
}

static int64_t read_alive(const struct model *model, const struct process *process)
{
	(void)model;
	return !process->exited_ns;
}

static int64_t read_orphaned(const struct model *model, const struct process *process)
{
	(void)model;
	return process->adoptions != NULL;
}

static int64_t read_reaped_by(const struct model *model, const struct process *process)
{
	(void)model;
	return process->reaped_ns ? process->reaper.pid : 0;
}

static int64_t read_parent(const struct model *model, const struct process *process)
{
	(void)model;
	return process->parent.pid;
}

static int64_t read_born_to(const struct model *model, const struct process *process)
{
	(void)model;
	return process->born_to.pid;
}

static int64_t read_waits(const struct model *model, const struct process *process)
{
	(void)model;
	return (int64_t)process->wait_calls;
}

static int64_t read_reaps(const struct model *model, const struct process *process)
{
	(void)model;
	return (int64_t)process->wait_reaped;
}

static int64_t read_threads(const struct model *model, const struct process *process)
{
	(void)model;
	return process->thread_count;
}

static int64_t read_voluntary(const struct model *model, const struct process *process)
{
	struct counters sum;

	(void)model;
	return process_counters(process, &sum) ? (int64_t)sum.voluntary : -1;
}

static int64_t read_involuntary(const struct model *model, const struct process *process)
{
	struct counters sum;

	(void)model;
	return process_counters(process, &sum) ? (int64_t)sum.involuntary : -1;
}

static int64_t read_cpu_ns(const struct model *model, const struct process *process)
{
	struct counters sum;

	(void)model;
	return process_counters(process, &sum) ? (int64_t)sum.cpu_ns : -1;
}

static const struct fact facts[] = {
    {"zombie_ns", FACT_NUMBER, read_zombie_ns},
    {"lived_ns", FACT_NUMBER, read_lived_ns},
    {"cpu_ns", FACT_NUMBER, read_cpu_ns},
    {"voluntary", FACT_NUMBER, read_voluntary},
    {"involuntary", FACT_NUMBER, read_involuntary},
    {"waits", FACT_NUMBER, read_waits},
    {"reaps", FACT_NUMBER, read_reaps},
    {"threads", FACT_NUMBER, read_threads},
    {"autoreaped", FACT_BOOL, read_autoreaped},
    {"alive", FACT_BOOL, read_alive},
    {"orphaned", FACT_BOOL, read_orphaned},
    {"reaped_by", FACT_PROCESS, read_reaped_by},
    {"parent", FACT_PROCESS, read_parent},
    {"born_to", FACT_PROCESS, read_born_to},
};

/* `exit` is the one fact that is a number or a name. */
static int exit_holds(const struct process *process, const struct condition *condition, struct buffer *found)
{
	expect_status_text(found, process->has_status, process->status);
	return compare_text(condition->operation, buffer_text(found), condition->value);
}

static int value_holds(const struct check *check, const struct fact *fact, const struct process *process,
		       const struct condition *condition, struct buffer *found)
{
	int64_t value = fact->read(check->engine->model, process);
	int64_t wanted;

	if (fact->kind == FACT_BOOL) {
		buffer_text_append(found, value ? "true" : "false");
		return compare_text(condition->operation, buffer_text(found), condition->value);
	}
	if (fact->kind == FACT_NUMBER && value < 0)
		buffer_text_append(found, "unknown");
	else
		buffer_format(found, fact->kind == FACT_PROCESS ? "pid %lld" : "%lld", (long long)value);
	if (fact->kind == FACT_PROCESS)
		return value && names_pid(check, condition->value, (uint32_t)value);
	return read_number(condition->value, &wanted)
		   ? value >= 0 && compare_number(condition->operation, value, wanted)
		   : -1;
}

int fact_holds(const struct check *check, const struct process *process, const char *word, struct buffer *found)
{
	struct condition condition;

	if (!condition_read(word, &condition))
		return -1;
	if (condition_key_is(&condition, "exit"))
		return exit_holds(process, &condition, found);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (condition_key_is(&condition, facts[i].name))
			return value_holds(check, &facts[i], process, &condition, found);
	return -1;
}

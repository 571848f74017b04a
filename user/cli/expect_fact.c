/* SPDX-License-Identifier: BSD-2-Clause
 * What can be asked of a process; see expect_internal.h. */
#include <stddef.h>
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

/*
 * A fact is asked of a process, or of those of its threads that bear a name. What the kernel counts by thread (struct
 * counters) is the sum over the subject's threads then.
 */
enum fact_kind { FACT_NUMBER, FACT_DURATION, FACT_PERCENT, FACT_BOOL, FACT_PROCESS };

struct fact { /* numbers: -1 unknown. process: pid, 0 none */
	const char *name;
	enum fact_kind kind;
	int64_t (*read)(const struct model *model, const struct process *process);
};

static int64_t read_zombie_ns(const struct model *model, const struct process *process)
{
	return (int64_t)process_zombie_ns(model, process);
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

static int64_t read_children(const struct model *model, const struct process *process)
{
	(void)model;
	return process->children_born;
}

static const struct fact facts[] = {
    {"zombie_ns", FACT_DURATION, read_zombie_ns}, {"waits", FACT_NUMBER, read_waits},
    {"reaps", FACT_NUMBER, read_reaps},           {"children", FACT_NUMBER, read_children},
    {"autoreaped", FACT_BOOL, read_autoreaped},   {"alive", FACT_BOOL, read_alive},
    {"orphaned", FACT_BOOL, read_orphaned},       {"reaped_by", FACT_PROCESS, read_reaped_by},
    {"parent", FACT_PROCESS, read_parent},        {"born_to", FACT_PROCESS, read_born_to},
};

/* ---- what holds of a process and of threads ------------------------------------------------------------------------
 */

struct tally { /* of the threads that are asked about */
	unsigned threads;
	bool known;        /* the counters of all of them */
	uint64_t lived_ns; /* of the process, or of the longest-lived of the threads */
	uint64_t lives_ns; /* of all threads in sum */
	struct counters sum;
};

static int64_t tally_threads(const struct tally *tally)
{
	return tally->threads;
}

static int64_t tally_lived_ns(const struct tally *tally)
{
	return (int64_t)tally->lived_ns;
}

static int64_t tally_switches(const struct tally *tally)
{
	return tally->known ? (int64_t)(tally->sum.voluntary + tally->sum.involuntary) : -1;
}

static int64_t tally_blocked_ns(const struct tally *tally)
{
	uint64_t blocked_ns = 0;

	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		blocked_ns += tally->sum.blocked_ns[i];
	return tally->known ? (int64_t)blocked_ns : -1;
}

/* Off the processor: asleep or in the run queue. Unlike either it does not depend on how busy the machine is. */
static int64_t tally_off_cpu_ns(const struct tally *tally)
{
	const uint64_t ran_ns = tally->sum.cpu_ns;

	return !tally->known ? -1 : tally->lives_ns > ran_ns ? (int64_t)(tally->lives_ns - ran_ns) : 0;
}

static int64_t share_of_life(const struct tally *tally, double part_ns)
{
	return tally->known && tally->lived_ns ? (int64_t)(part_ns * 100 / (double)tally->lived_ns) : -1;
}

/* 100: one processor's worth */
static int64_t tally_cpu_percent(const struct tally *tally)
{
	return share_of_life(tally, (double)tally->sum.cpu_ns);
}

/* What it would have used on an idle machine with processors enough: unlike cpu_percent it does not depend on others.
 */
static int64_t tally_demand_percent(const struct tally *tally)
{
	return share_of_life(tally, (double)tally->sum.cpu_ns + (double)tally->sum.runqueue_ns);
}

static const struct {
	const char *name;
	enum fact_kind kind;
	int64_t (*read)(const struct tally *tally);
} tallied[] = {
    {"threads", FACT_NUMBER, tally_threads},
    {"lived_ns", FACT_DURATION, tally_lived_ns},
    {"switches", FACT_NUMBER, tally_switches},
    {"blocked_ns", FACT_DURATION, tally_blocked_ns},
    {"off_cpu_ns", FACT_DURATION, tally_off_cpu_ns},
    {"cpu_percent", FACT_PERCENT, tally_cpu_percent},
    {"demand_percent", FACT_PERCENT, tally_demand_percent},
};

#define COUNTER(member) offsetof(struct counters, member)

static const struct {
	const char *name;
	enum fact_kind kind;
	size_t offset; /* of a uint64_t */
} counted[] = {
    {"voluntary", FACT_NUMBER, COUNTER(voluntary)},
    {"involuntary", FACT_NUMBER, COUNTER(involuntary)},
    {"cpu_ns", FACT_DURATION, COUNTER(cpu_ns)},
    {"runqueue_ns", FACT_DURATION, COUNTER(runqueue_ns)},
    {"blocked.futex", FACT_DURATION, COUNTER(blocked_ns[BLOCKED_FUTEX])},
    {"blocked.sleep", FACT_DURATION, COUNTER(blocked_ns[BLOCKED_SLEEP])},
    {"blocked.wait", FACT_DURATION, COUNTER(blocked_ns[BLOCKED_WAIT])},
    {"blocked.poll", FACT_DURATION, COUNTER(blocked_ns[BLOCKED_POLL])},
    {"blocked.read", FACT_DURATION, COUNTER(blocked_ns[BLOCKED_READ])},
    {"blocked.write", FACT_DURATION, COUNTER(blocked_ns[BLOCKED_WRITE])},
    {"blocked.network", FACT_DURATION, COUNTER(blocked_ns[BLOCKED_NETWORK])},
    {"blocked.disk", FACT_DURATION, COUNTER(blocked_ns[BLOCKED_DISK])},
    {"blocked.other", FACT_DURATION, COUNTER(blocked_ns[BLOCKED_OTHER])},
};

static uint64_t lived_ns(const struct model *model, uint64_t started_ns, uint64_t exited_ns)
{
	const uint64_t until_ns = exited_ns ? exited_ns : model_now(model);

	return until_ns > started_ns ? until_ns - started_ns : 0;
}

static void tally_process(const struct model *model, const struct process *process, struct tally *tally)
{
	*tally = (struct tally){.threads = process->thread_count,
				.lived_ns = lived_ns(model, process->started_ns, process->exited_ns)};
	tally->lives_ns = process->gone ? process->gone->lives_ns : 0;
	for (const struct thread *thread = process->threads; thread; thread = thread->next)
		tally->lives_ns += lived_ns(model, thread->started_ns, thread->exited_ns);
	tally->known = process_counters(process, &tally->sum);
}

static void add_counters(struct counters *sum, const struct counters *more)
{
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		*(uint64_t *)((char *)sum + counted[i].offset) +=
		    *(const uint64_t *)((const char *)more + counted[i].offset);
}

static void tally_named(const struct model *model, const struct process *process, const char *name, struct tally *tally)
{
	*tally = (struct tally){.known = true};
	for (const struct thread *thread = process->threads; thread; thread = thread->next) {
		const uint64_t life_ns = lived_ns(model, thread->started_ns, thread->exited_ns);

		if (strcmp(thread->comm, name))
			continue;
		tally->threads++;
		tally->lives_ns += life_ns;
		tally->known = tally->known && thread->has_counters;
		if (life_ns > tally->lived_ns)
			tally->lived_ns = life_ns;
		if (thread->has_counters)
			add_counters(&tally->sum, &thread->counters);
	}
}

/* ---- one condition -------------------------------------------------------------------------------------------------
 */

/* Fills kind and value of the fact that the condition names; false if there is none of that name. */
static bool find_value(const struct check *check, const struct process *process, const char *thread,
		       const struct condition *condition, enum fact_kind *kind, int64_t *value)
{
	const struct model *model = check->engine->model;
	struct tally tally;

	for (size_t i = 0; !thread && i < sizeof(facts) / sizeof(facts[0]); i++)
		if (condition_key_is(condition, facts[i].name)) {
			*kind = facts[i].kind;
			*value = facts[i].read(model, process);
			return true;
		}
	if (thread)
		tally_named(model, process, thread, &tally);
	else
		tally_process(model, process, &tally);
	for (size_t i = 0; i < sizeof(tallied) / sizeof(tallied[0]); i++)
		if (condition_key_is(condition, tallied[i].name)) {
			*kind = tallied[i].kind;
			*value = tallied[i].read(&tally);
			return true;
		}
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		if (condition_key_is(condition, counted[i].name)) {
			*kind = counted[i].kind;
			*value = tally.known
				     ? (int64_t) * (const uint64_t *)((const char *)&tally.sum + counted[i].offset)
				     : -1;
			return true;
		}
	return false;
}

static void describe_process(const struct check *check, uint32_t pid, struct buffer *found)
{
	const char *role = pid ? role_of(check, pid) : "nobody";

	if (role)
		buffer_text_append(found, role);
	else
		buffer_format(found, "pid %u", pid);
}

static void describe_value(const struct check *check, enum fact_kind kind, int64_t value, struct buffer *found)
{
	if (kind == FACT_BOOL)
		buffer_text_append(found, value ? "true" : "false");
	else if (kind == FACT_PROCESS)
		describe_process(check, (uint32_t)value, found);
	else if (value < 0)
		buffer_text_append(found, "unknown");
	else if (kind == FACT_DURATION)
		text_duration(found, (uint64_t)value);
	else
		buffer_format(found, "%lld%s", (long long)value, kind == FACT_PERCENT ? " %" : "");
}

static int value_holds(const struct check *check, const struct condition *condition, enum fact_kind kind, int64_t value,
		       const struct buffer *found)
{
	int64_t wanted;

	if (kind == FACT_BOOL)
		return compare_text(condition->operation, buffer_text(found), condition->value);
	if (kind == FACT_PROCESS)
		return value && names_pid(check, condition->value, (uint32_t)value);
	if (!read_number(condition->value, &wanted))
		return -1;
	return value >= 0 && compare_number(condition->operation, value, wanted);
}

int fact_holds(const struct check *check, const struct process *process, const char *thread, const char *word,
	       struct buffer *found)
{
	struct condition condition;
	enum fact_kind kind;
	int64_t value;

	if (!condition_read(word, &condition))
		return -1;
	if (!thread && condition_key_is(&condition, "exit")) { /* the one fact that is a number or a name */
		expect_status_text(found, process->has_status, process->status);
		return compare_text(condition.operation, buffer_text(found), condition.value);
	}
	if (!find_value(check, process, thread, &condition, &kind, &value))
		return -1;
	describe_value(check, kind, value, found);
	return value_holds(check, &condition, kind, value, found);
}

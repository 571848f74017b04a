/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Parents that gather zombies. The rate is that of the observed deaths, from the first to the last. A burst is no rate:
 * time until a limit is only told while the last death is not long ago compared with the usual distance of two.
 */
#include "analyze/common/leak.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/common/words.h"
#include "base/hash.h"

#define SECOND 1000000000ULL
#define SECONDS_MAX 9e9
#define QUIET_GAPS 3 /* so many usual distances without a death, and it is not growing any more */

struct leaks {
	struct hash by_parent; /* owns none */
	struct leak *first, *last;
};

struct leaks *leaks_new(void)
{
	return calloc(1, sizeof(struct leaks));
}

void leaks_free(struct leaks *leaks)
{
	if (!leaks)
		return;
	for (struct leak *leak = leaks->first, *next; leak; leak = next) {
		next = leak->next;
		free(leak);
	}
	hash_free(&leaks->by_parent);
	free(leaks);
}

const struct leak *leaks_of(const struct leaks *leaks, const struct process *parent)
{
	return hash_get(&leaks->by_parent, parent->id.pid, parent->id.start_ns);
}

static struct leak *leak_get(struct leaks *leaks, const struct process *parent)
{
	struct leak *leak = hash_get(&leaks->by_parent, parent->id.pid, parent->id.start_ns);

	if (leak)
		return leak;
	leak = calloc(1, sizeof *leak);
	if (!leak || hash_put(&leaks->by_parent, parent->id.pid, parent->id.start_ns, leak)) {
		free(leak);
		return NULL;
	}
	leak->parent = parent;
	if (leaks->last)
		leaks->last->next = leak;
	else
		leaks->first = leak;
	leaks->last = leak;
	return leak;
}

static void count_held(struct leak *leak, const struct custody *custody)
{
	const uint64_t dead_ns = custody->child->dead_ns;

	leak->held++;
	if (custody->child->dead_before)
		return;
	leak->held_seen++;
	if (!leak->first_held || dead_ns < leak->first_held->child->dead_ns)
		leak->first_held = custody;
	if (!leak->last_held || dead_ns > leak->last_held->child->dead_ns)
		leak->last_held = custody;
}

int leaks_count(struct leaks *leaks, const struct custody *custody, unsigned cause, bool held)
{
	struct leak *leak = leak_get(leaks, custody->parent);
	const struct custody **longest;

	if (!leak)
		return -ENOMEM;
	longest = &leak->longest[cause];
	leak->by_cause[cause]++;
	if (!*longest || custody->until_ns - custody->since_ns > (*longest)->until_ns - (*longest)->since_ns)
		*longest = custody;
	if (custody->looked && (!leak->looked || custody->look.at_ns > leak->looked->look.at_ns))
		leak->looked = custody;
	if (held)
		count_held(leak, custody);
	return 0;
}

void leaks_recent(struct leaks *leaks, const struct process *child)
{
	struct leak *leak = hash_get(&leaks->by_parent, child->parent.pid, child->parent.start_ns);

	if (!leak)
		return;
	leak->recent++;
	if (child->dead_ns > leak->recent_last_ns)
		leak->recent_last_ns = child->dead_ns;
}

struct rate {
	double per_second; /* 0: not known */
	bool growing;
	uint64_t first_ns, last_ns;
};

/* Deaths within less than a second are a burst: then the time until now is what they are spread over. */
static struct rate rate_of(const struct leak *leak, uint64_t end_ns)
{
	const uint64_t deaths = leak->held_seen + leak->recent;
	struct rate rate = {0};
	uint64_t span_ns;

	if (!leak->first_held || deaths < 2)
		return rate;
	rate.first_ns = leak->first_held->child->dead_ns;
	rate.last_ns = leak->last_held->child->dead_ns;
	if (leak->recent_last_ns > rate.last_ns)
		rate.last_ns = leak->recent_last_ns;
	if (end_ns <= rate.first_ns)
		return rate;
	span_ns = rate.last_ns - rate.first_ns;
	if (span_ns >= SECOND)
		rate.per_second = (double)(deaths - 1) * SECOND / (double)span_ns;
	else
		rate.per_second = (double)deaths * SECOND / (double)(end_ns - rate.first_ns);
	rate.growing = !leak->parent->exited_ns && span_ns && end_ns >= rate.last_ns &&
		       end_ns - rate.last_ns <= QUIET_GAPS * (span_ns / (deaths - 1));
	return rate;
}

/* pid_max of the machine, or pids.max of the parent's own cgroup where a refused fork has told it. */
static uint64_t pid_limit(const struct model *model, const struct process *parent)
{
	uint64_t limit = model_observation(model)->pid_max;

	for (const struct fork_failure *f = model_fork_failures(model); f; f = f->next)
		if ((f->pids_cgroup == parent->cgroup || process_ref_equal(f->who, parent->id)) &&
		    f->pids_max != UINT64_MAX && (!limit || f->pids_max < limit))
			limit = f->pids_max;
	return limit;
}

static double rounded(double value)
{
	return (double)(uint64_t)(value * 10 + 0.5) / 10;
}

struct leak_facts {
	const struct analysis *analysis;
	const struct leak *leak;
	struct rate rate;
	uint64_t end_ns, limit, oldest_ns;
	double seconds_to_limit; /* negative: not growing, or no limit known */
};

static struct leak_facts facts_of(const struct analysis *analysis, const struct leak *leak)
{
	const uint64_t now_ns = model_now(analysis->model);
	struct leak_facts facts = {.analysis = analysis, .leak = leak, .seconds_to_limit = -1};
	const uint64_t gathered = leak->held + leak->recent;

	facts.end_ns = leak->parent->exited_ns ? leak->parent->exited_ns : now_ns;
	facts.rate = rate_of(leak, facts.end_ns);
	facts.limit = pid_limit(analysis->model, leak->parent);
	if (facts.rate.growing && facts.rate.per_second > 0 && facts.limit)
		facts.seconds_to_limit =
		    gathered < facts.limit ? (double)(facts.limit - gathered) / facts.rate.per_second : 0;
	if (facts.seconds_to_limit > SECONDS_MAX) /* a forged limit: no number that could overflow */
		facts.seconds_to_limit = -1;
	for (unsigned cause = 0; cause < LEAK_CAUSES; cause++) {
		const struct custody *longest = leak->longest[cause];

		if (longest && longest->until_ns - longest->since_ns > facts.oldest_ns)
			facts.oldest_ns = longest->until_ns - longest->since_ns;
	}
	return facts;
}

static void write_detail(struct finding *finding, const struct leak_facts *facts)
{
	const struct leak *leak = facts->leak;
	const struct zombie_look *look = leak->looked ? &leak->looked->look : NULL;
	struct buffer buffer = {0};
	struct json json;

	json_begin(&json, &buffer, false);
	json_object_open(&json);
	words_json_parent(&json, facts->analysis->model, leak->parent, look);
	json_key_unsigned(&json, "zombie_ns", facts->oldest_ns);
	json_key_unsigned(&json, "count", leak->held);
	json_key(&json, "per_minute");
	if (facts->rate.per_second > 0)
		json_double(&json, rounded(facts->rate.per_second * 60));
	else
		json_null(&json);
	if (facts->limit)
		json_key_unsigned(&json, "limit", facts->limit);
	else
		json_key_null(&json, "limit");
	if (facts->seconds_to_limit >= 0)
		json_key_unsigned(&json, "seconds_to_limit", (uint64_t)facts->seconds_to_limit);
	else
		json_key_null(&json, "seconds_to_limit");
	json_object_close(&json);
	finding_detail(finding, &buffer);
}

static void write_evidence(struct finding *finding, const struct leak_facts *facts)
{
	const struct leak *leak = facts->leak;
	const struct words parent = words_who(leak->parent);

	if (leak->held > leak->held_seen)
		finding_evidence(finding, 0, "%llu of them were dead already when observation began",
				 (unsigned long long)(leak->held - leak->held_seen));
	if (leak->first_held)
		finding_evidence(
		    finding, facts->rate.first_ns ? facts->rate.first_ns : leak->first_held->child->dead_ns,
		    "%s was the first of those that died meanwhile", words_who(leak->first_held->child).text);
	if (facts->rate.per_second > 0)
		finding_evidence(finding, facts->rate.last_ns, "the last so far: %.1f per minute",
				 rounded(facts->rate.per_second * 60));
	if (leak->looked)
		finding_evidence(finding, leak->looked->look.at_ns, "%s was %s%s%s", parent.text,
				 words_state(leak->looked->look.parent_state).text,
				 leak->looked->look.syscall >= 0 ? " in " : "",
				 leak->looked->look.syscall >= 0
				     ? words_syscall(facts->analysis->model, leak->looked->look.syscall).text
				     : "");
	if (leak->parent->exited_ns)
		finding_evidence(finding, facts->end_ns, "%s ended without having reaped them", parent.text);
	else
		finding_evidence(finding, facts->end_ns,
				 "%llu dead and not reaped for longer than %s, %llu more for less",
				 (unsigned long long)leak->held, words_duration(facts->analysis->zombie_after_ns).text,
				 (unsigned long long)leak->recent);
	if (facts->seconds_to_limit >= 0)
		finding_evidence(finding, 0, "at this rate the limit of %llu pids is reached in %s at the latest",
				 (unsigned long long)facts->limit,
				 words_duration((uint64_t)(facts->seconds_to_limit * SECOND)).text);
}

static void write_help(struct finding *finding, const struct leak *leak, unsigned adopter)
{
	const struct words parent = words_who(leak->parent);

	if (leak->by_cause[adopter] * 2 > leak->held)
		finding_help(finding,
			     "%s adopts orphans but does not reap them. In a container: docker run --init, or tini as "
			     "ENTRYPOINT.\n"
			     "Or in its code, on SIGCHLD: while (waitpid(-1, NULL, WNOHANG) > 0) ;",
			     parent.text);
	else if (words_is_container_init(leak->parent))
		finding_help(finding,
			     "%s is PID 1 of its pid namespace, as a container's main program is, and has to reap "
			     "orphans too: docker run --init, or tini as ENTRYPOINT, puts an init in front that does.\n"
			     "Or in its code, on SIGCHLD: while (waitpid(-1, NULL, WNOHANG) > 0) ;",
			     parent.text);
	else
		finding_help(finding,
			     "In %s, on SIGCHLD: while (waitpid(-1, NULL, WNOHANG) > 0) ;\n"
			     "If no exit status is wanted, before forking: sigaction(SIGCHLD) with SA_NOCLDWAIT.%s",
			     parent.text,
			     leak->parent->exited_ns
				 ? ""
				 : words_format("\nAs first aid end or restart process %u: init then reaps them.",
						leak->parent->id.pid)
				       .text);
}

static int tell(const struct analysis *analysis, const struct leak *leak, const struct verdict *verdict,
		unsigned adopter)
{
	const struct leak_facts facts = facts_of(analysis, leak);
	const uint64_t begin_ns = model_observation(analysis->model)->begin_ns;
	struct finding finding;

	finding_begin(&finding, verdict, leak->parent);
	finding.since_ns = leak->parent->started_ns > begin_ns ? leak->parent->started_ns : begin_ns;
	finding.until_ns = facts.end_ns;
	finding_title(&finding, "%s %s %llu zombies: children that ended and that it never reaped",
		      words_who(leak->parent).text, leak->parent->exited_ns ? "gathered" : "gathers",
		      (unsigned long long)leak->held);
	write_evidence(&finding, &facts);
	write_help(&finding, leak, adopter);
	write_detail(&finding, &facts);
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE | 1u << GROUP_WAIT);
}

int leaks_tell(const struct leaks *leaks, const struct analysis *analysis, const struct verdict *verdict,
	       unsigned adopter)
{
	for (const struct leak *leak = leaks->first; leak; leak = leak->next) {
		const int error = leak->held >= LEAK_FROM ? tell(analysis, leak, verdict, adopter) : 0;

		if (error)
			return error;
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * trace.lost: what the observation itself missed. Loss is counted by class where it happens and comes as an event; this
 * sums it up and says what each class would have told. Other findings that a loss makes doubtful are marked by
 * findings_add; counts of switches, waits and exits are kept in the kernel and are not touched by it.
 */
#include "analyze/analyzer.h"
#include "analyze/common/words.h"
#include "event/event.h"

static const struct verdict verdicts[] = {
	{
		.code = "trace.lost",
		.severity = SEVERITY_WARNING,
		.title = "events were lost",
		.meaning =
		    "Events came faster than they could be taken from the kernel's buffer, and some were dropped. "
		    "Each loss was counted by class in the kernel; nothing was lost in silence. Findings that "
		    "rest on a class of events in the time of a loss are shown as notes and marked as not "
		    "certain, and what is not reported for that time may have happened all the same. The counters "
		    "of context switches and times of threads do not depend on these events, and are right.",
		.confirm =
		    "The `lost` object in the JSON report gives the number by class; `lifeline export jsonl` "
		    "shows each loss with its span of time.",
		.fix =
		    "Observe less or slower: attach to the processes in question (-p) instead of --all, record no "
		    "more than needed, give lifeline a processor that is not fully used.",
	},
	{NULL},
};

static const char *const consequences[EVENT_GROUP_COUNT] = {
    [GROUP_LIFE] = "births, deaths and adoptions may be missing; a process shown as alive can have ended",
    [GROUP_WAIT] = "waits and reaps may be missing: that a parent did not wait, or reaped late, is not certain",
    [GROUP_SIGNAL] = "signals may be missing: who sent the one that ended a process can be unknown",
    [GROUP_SESSION] = "changes of session and process group may be missing: who is a daemon is not certain",
    [GROUP_SWITCH] = "counters of some threads may be missing or old: shown as unknown",
    [GROUP_LOCK] = "waits for locks may be missing: their numbers and sums are at least what is shown",
    [GROUP_TIMELINE] = "context switches are missing from the timeline; counts and verdicts do not rest on it",
    [GROUP_STREAM] = "marks of the stream itself are missing",
};

static void write_classes(struct finding *finding, const struct model *model, struct json *json)
{
	uint64_t last_ns[EVENT_GROUP_COUNT] = {0};

	for (const struct lost_span *span = model_lost_spans(model); span; span = span->next)
		if ((unsigned)span->group < EVENT_GROUP_COUNT && span->until_ns > last_ns[span->group])
			last_ns[span->group] = span->until_ns;
	for (unsigned group = 0; group < EVENT_GROUP_COUNT; group++) {
		const uint64_t count = model_lost(model, group);

		if (!count)
			continue;
		finding_evidence(finding, last_ns[group], "%llu of class %s: %s", (unsigned long long)count,
				 event_group_name(group), consequences[group]);
		json_key_unsigned(json, event_group_name(group), count);
	}
}

static int close_lost(const struct analysis *analysis, void *state)
{
	const uint64_t total = model_lost(analysis->model, EVENT_GROUP_COUNT);
	struct buffer buffer = {0};
	struct finding finding;
	struct json json;

	(void)state;
	if (!total)
		return 0;
	finding_begin(&finding, &verdicts[0], NULL);
	finding_title(&finding, "%llu event%s lost: what happened meanwhile is not fully known",
		      (unsigned long long)total, total == 1 ? " was" : "s were");
	json_begin(&json, &buffer, false);
	json_object_open(&json);
	json_key_unsigned(&json, "total", total);
	write_classes(&finding, analysis->model, &json);
	json_object_close(&json);
	finding_detail(&finding, &buffer);
	finding_help(&finding,
		     "Observe fewer processes (attach -p PID instead of --all), or leave lifeline more processor "
		     "time; what is reported as certain was not touched by the loss.");
	return findings_add(analysis->findings, &finding, 0);
}

const struct analyzer analyzer_lost = {
    .name = "lost",
    .verdicts = verdicts,
    .wants = 1u << GROUP_STREAM,
    .close = close_lost,
    .preview = close_lost,
};

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * switch.*: what the per-thread counters, kept in the kernel at each context switch, prove about scheduling. Concluded
 * at the end only: nothing is done per event.
 *
 * Oversubscribed: a thread counts as bound to the processor when it ran or wanted to run for most of its life. Having
 * more of those at the same time than processors is the cause; that they waited in the run queue and were switched
 * against their will is the effect. Only both together are told: waiting alone can come from other programs, and many
 * threads alone may have affinities of their own.
 */
#include <errno.h>
#include <stdlib.h>

#include "analyze/analyzer.h"
#include "analyze/common/words.h"

#define MILLISECOND 1000000ULL
#define SECOND 1000000000ULL

#define BOUND_LIFETIME_NS (200 * MILLISECOND) /* shorter lives say nothing */
#define BOUND_PERCENT 80                      /* of its life running or in the run queue */
#define BOUND_CPU_NS (10 * MILLISECOND)       /* who computed for less has waited, and wanted nothing */
#define OVERLAP_NS (100 * MILLISECOND)        /* so long must there have been too many at once */
#define QUEUED_PERCENT 10                     /* of what they wanted to run they must have waited */
#define CAPACITY_SLACK_PERCENT 5 /* what a pinned set may have got beyond its processors, by clock errors */
#define THREADS_NAMED 5

/* Wake-ups are sampled in windows, so their number only has to be enough for a share; how often comes from the
 * switches, which the kernel counts. */
#define PAIR_WAKES 100
#define PAIR_SWITCHES 1000
#define PAIR_PER_SECOND 2000
#define PAIR_PERCENT 80 /* of its wakes by the other */

enum { OVERSUBSCRIBED, PING_PONG, VERDICT_COUNT };

static const struct verdict verdicts[] = {
	[OVERSUBSCRIBED] = {
		.code = "switch.oversubscribed",
		.severity = SEVERITY_NOTE,
		.title = "more threads that compute than processors",
		.meaning =
		    "At the same time more threads wanted to compute than there are processors that they may use. "
		    "The kernel lets them take turns: each is switched out against its will (involuntary "
		    "switches) and waits in the run queue. The work done is that of as many threads as there are "
		    "processors; the rest only adds switches, cold caches and latency for everything else on the "
		    "machine.",
		.confirm =
		    "nproc; taskset -p PID; cat /sys/fs/cgroup/PATH/cpu.max\n"
		    "grep ctxt_switches /proc/PID/task/*/status    (nonvoluntary grows)\n"
		    "cat /proc/PID/schedstat    (second number: nanoseconds in the run queue); vmstat 1    "
		    "(column r)",
		.fix =
		    "Start as many computing threads as processors may be used: sched_getaffinity, "
		    "os.sched_getaffinity(0), nproc; not a number from another machine. Set OMP_NUM_THREADS, "
		    "MKL_NUM_THREADS, make -j$(nproc). Several such libraries in one process, or several "
		    "processes with a pool each, multiply.",
	},
	[PING_PONG] = {
		.code = "switch.ping-pong",
		.severity = SEVERITY_NOTE,
		.title = "two threads that wake each other in turn",
		.meaning =
		    "Two threads hand each other something so small that they spend their time being switched: "
		    "each wakes the other and then sleeps until it is woken itself. Thousands of times a second, "
		    "two switches and two wakeups are paid for each exchange.",
		.confirm =
		    "pidstat -wt -p PID 1    (cswch/s of both threads is high and equal)\n"
		    "grep voluntary_ctxt_switches /proc/PID/task/TID/status\n"
		    "strace -f -c -p PID    (read/write or futex in equal numbers)",
		.fix =
		    "Hand over more at once: batch messages, use a queue or ring with a wakeup only when it was "
		    "empty. Or let one thread do both steps. A short spin before sleeping helps when both run on "
		    "processors of their own.",
	},
	[VERDICT_COUNT] = {NULL},
};

/* ---- spans of threads ---------------------------------------------------------------------------------------- */

struct span { /* a thread's life within the observation */
	const struct process *process;
	const struct thread *thread;
	uint64_t since_ns, until_ns;
};

static bool span_of(const struct analysis *analysis, const struct process *process, const struct thread *thread,
		    struct span *span)
{
	const uint64_t begin_ns = model_observation(analysis->model)->begin_ns;

	if (!thread->has_counters || process->scope != SCOPE_TARGET || !thread->started_ns)
		return false;
	*span = (struct span){process, thread, thread->started_ns > begin_ns ? thread->started_ns : begin_ns,
			      thread->exited_ns ? thread->exited_ns : model_now(analysis->model)};
	return span->until_ns > span->since_ns;
}

static uint64_t demand_of(const struct thread *thread)
{
	return thread->counters.cpu_ns + thread->counters.runqueue_ns;
}

static bool is_bound(const struct span *span)
{
	const uint64_t life_ns = span->until_ns - span->since_ns;

	return life_ns >= BOUND_LIFETIME_NS && span->thread->counters.cpu_ns >= BOUND_CPU_NS &&
	       (double)demand_of(span->thread) * 100 >= (double)life_ns * BOUND_PERCENT;
}

/* ---- switch.oversubscribed ------------------------------------------------------------------------------------- */

struct crowd {
	struct span *spans;
	size_t count, capacity;
	uint32_t processors; /* that they may use */
	/* filled by measure */
	uint64_t peak, peak_ns, crowded_ns; /* most at once, since when; how long there were too many */
	uint64_t since_ns, until_ns;
	uint64_t cpu_ns, runqueue_ns, voluntary, involuntary;
};

static int crowd_add(struct crowd *crowd, const struct span *span)
{
	if (crowd->count == crowd->capacity) {
		const size_t capacity = crowd->capacity ? crowd->capacity * 2 : 32;
		struct span *spans = realloc(crowd->spans, capacity * sizeof *spans);

		if (!spans)
			return -ENOMEM;
		crowd->spans = spans;
		crowd->capacity = capacity;
	}
	crowd->spans[crowd->count++] = *span;
	return 0;
}

static int gather(struct crowd *crowd, const struct analysis *analysis)
{
	for (const struct process *p = model_first(analysis->model); p; p = p->next)
		for (const struct thread *t = p->threads; t; t = t->next) {
			struct span span;

			if (span_of(analysis, p, t, &span) && is_bound(&span) && crowd_add(crowd, &span))
				return -ENOMEM;
		}
	return 0;
}

/* The size of a mask says not which processors are in it: the largest is what all of them together are sure to have. */
static uint32_t processors_of(const struct crowd *crowd, uint32_t cpus)
{
	uint32_t most = 0;

	for (size_t i = 0; i < crowd->count; i++) {
		const uint32_t allowed = crowd->spans[i].thread->counters.cpus_allowed;

		if (!allowed || (cpus && allowed >= cpus))
			return cpus;
		if (allowed > most)
			most = allowed;
	}
	return most;
}

struct edge {
	uint64_t t_ns;
	int step;
};

static int earlier(const void *left, const void *right)
{
	const struct edge *a = left, *b = right;

	if (a->t_ns != b->t_ns)
		return a->t_ns < b->t_ns ? -1 : 1;
	return a->step - b->step; /* ends before beginnings: no overlap in a point */
}

static int measure_overlap(struct crowd *crowd)
{
	struct edge *edges = calloc(crowd->count * 2, sizeof *edges);
	uint64_t now = 0;

	if (!edges)
		return -ENOMEM;
	for (size_t i = 0; i < crowd->count; i++) {
		edges[2 * i] = (struct edge){crowd->spans[i].since_ns, 1};
		edges[2 * i + 1] = (struct edge){crowd->spans[i].until_ns, -1};
	}
	qsort(edges, crowd->count * 2, sizeof *edges, earlier);
	crowd->since_ns = edges[0].t_ns;
	crowd->until_ns = edges[crowd->count * 2 - 1].t_ns;
	for (size_t i = 0; i < crowd->count * 2; i++) {
		if (i && now > crowd->processors)
			crowd->crowded_ns += edges[i].t_ns - edges[i - 1].t_ns;
		now += edges[i].step > 0 ? 1 : (uint64_t)-1;
		if (now > crowd->peak) {
			crowd->peak = now;
			crowd->peak_ns = edges[i].t_ns;
		}
	}
	free(edges);
	return 0;
}

static void measure_sums(struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->count; i++) {
		const struct counters *counters = &crowd->spans[i].thread->counters;

		crowd->cpu_ns += counters->cpu_ns;
		crowd->runqueue_ns += counters->runqueue_ns;
		crowd->voluntary += counters->voluntary;
		crowd->involuntary += counters->involuntary;
	}
}

/* Threads pinned to different single processors have masks of one each and do not compete: they got more than one. */
static bool shared_processors(const struct crowd *crowd)
{
	const double had_ns = (double)crowd->processors * (double)(crowd->until_ns - crowd->since_ns);

	return (double)crowd->cpu_ns * 100 <= had_ns * (100 + CAPACITY_SLACK_PERCENT);
}

static bool is_oversubscribed(const struct crowd *crowd)
{
	const double demand_ns = (double)crowd->cpu_ns + (double)crowd->runqueue_ns;

	return crowd->crowded_ns >= OVERLAP_NS && (double)crowd->runqueue_ns * 100 >= demand_ns * QUEUED_PERCENT &&
	       crowd->involuntary > crowd->voluntary && shared_processors(crowd);
}

static int more_waiting(const void *left, const void *right)
{
	const struct span *a = left, *b = right;

	if (a->thread->counters.runqueue_ns != b->thread->counters.runqueue_ns)
		return a->thread->counters.runqueue_ns > b->thread->counters.runqueue_ns ? -1 : 1;
	return a->thread->tid < b->thread->tid ? -1 : a->thread->tid > b->thread->tid;
}

static void name_threads(struct finding *finding, struct crowd *crowd)
{
	qsort(crowd->spans, crowd->count, sizeof *crowd->spans, more_waiting);
	for (size_t i = 0; i < crowd->count && i < THREADS_NAMED; i++) {
		const struct thread *thread = crowd->spans[i].thread;

		finding_evidence(finding, 0,
				 "thread %.15s (%u): %s on a processor, %s waiting for one, %llu involuntary switches",
				 thread->comm, thread->tid, words_duration(thread->counters.cpu_ns).text,
				 words_duration(thread->counters.runqueue_ns).text,
				 (unsigned long long)thread->counters.involuntary);
	}
	if (crowd->count > THREADS_NAMED)
		finding_evidence(finding, 0, "and %zu more", crowd->count - THREADS_NAMED);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? (double)part * 100 / (double)whole : 0;
}

static int tell_oversubscribed(const struct analysis *analysis, struct crowd *crowd)
{
	const double queued = percent(crowd->runqueue_ns, crowd->cpu_ns + crowd->runqueue_ns);
	struct buffer buffer = {0};
	struct finding finding;
	struct json json;

	finding_begin(&finding, &verdicts[OVERSUBSCRIBED], NULL);
	finding.since_ns = crowd->since_ns;
	finding.until_ns = crowd->until_ns;
	finding_title(
	    &finding,
	    "%llu threads wanted to compute at the same time, on %u processor%s: %.0f %% of what they wanted was "
	    "waiting",
	    (unsigned long long)crowd->peak, crowd->processors, crowd->processors == 1 ? "" : "s", queued);
	finding_evidence(&finding, crowd->peak_ns, "from here on %llu at once; too many for %s in all",
			 (unsigned long long)crowd->peak, words_duration(crowd->crowded_ns).text);
	finding_evidence(&finding, 0,
			 "in sum %s on processors, %s in the run queue, %llu involuntary and %llu voluntary switches",
			 words_duration(crowd->cpu_ns).text, words_duration(crowd->runqueue_ns).text,
			 (unsigned long long)crowd->involuntary, (unsigned long long)crowd->voluntary);
	name_threads(&finding, crowd);
	finding_help(
	    &finding,
	    "%u thread%s that compute%s fit: start no more (nproc, os.sched_getaffinity(0), OMP_NUM_THREADS=%u, "
	    "make -j%u).",
	    crowd->processors, crowd->processors == 1 ? "" : "s", crowd->processors == 1 ? "s" : "", crowd->processors,
	    crowd->processors);
	json_begin(&json, &buffer, false);
	json_object_open(&json);
	json_key_unsigned(&json, "threads", crowd->peak);
	json_key_unsigned(&json, "processors", crowd->processors);
	json_key_unsigned(&json, "cpu_ns", crowd->cpu_ns);
	json_key_unsigned(&json, "runqueue_ns", crowd->runqueue_ns);
	json_key_unsigned(&json, "involuntary", crowd->involuntary);
	json_key_unsigned(&json, "voluntary", crowd->voluntary);
	json_object_close(&json);
	finding_detail(&finding, &buffer);
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE | 1u << GROUP_SWITCH);
}

static int conclude_oversubscribed(const struct analysis *analysis)
{
	struct crowd crowd = {0};
	int error = gather(&crowd, analysis);

	if (!error)
		crowd.processors = processors_of(&crowd, model_observation(analysis->model)->cpus);
	if (!error && crowd.processors && crowd.count > crowd.processors) {
		error = measure_overlap(&crowd);
		measure_sums(&crowd);
		if (!error && is_oversubscribed(&crowd))
			error = tell_oversubscribed(analysis, &crowd);
	}
	free(crowd.spans);
	return error;
}

/* ---- switch.ping-pong ------------------------------------------------------------------------------------------ */

/* Does it look like one half of a pair? The other is then waker_tid. */
static bool is_half(const struct thread *thread)
{
	const struct counters *counters = &thread->counters;

	return counters->waker_tid && counters->waker_tid != thread->tid && counters->wakes >= PAIR_WAKES &&
	       counters->voluntary >= PAIR_SWITCHES &&
	       (double)counters->waker_wakes * 100 >= (double)counters->wakes * PAIR_PERCENT;
}

struct pair {
	struct span a, b;
	uint64_t since_ns, until_ns;
};

/* A tid can be borne again: only one that lived at the same time can have done the waking. */
static bool find_pair(const struct analysis *analysis, const struct span *a, struct pair *pair)
{
	const struct process *process = model_by_tid(analysis->model, a->thread->counters.waker_tid);
	const struct thread *other = process ? model_thread(process, a->thread->counters.waker_tid) : NULL;

	if (!other || !span_of(analysis, process, other, &pair->b) || !is_half(other) ||
	    other->counters.waker_tid != a->thread->tid)
		return false;
	pair->a = *a;
	pair->since_ns = a->since_ns > pair->b.since_ns ? a->since_ns : pair->b.since_ns;
	pair->until_ns = a->until_ns < pair->b.until_ns ? a->until_ns : pair->b.until_ns;
	return pair->until_ns > pair->since_ns;
}

/* Bounded, as counters can be forged: the number must fit where it is written. */
static double per_second(uint64_t count, const struct pair *pair)
{
	const double rate = (double)count * SECOND / (double)(pair->until_ns - pair->since_ns);

	return rate < 1e12 ? rate : 1e12;
}

static int tell_pair(const struct analysis *analysis, const struct pair *pair)
{
	const struct counters *a = &pair->a.thread->counters, *b = &pair->b.thread->counters;
	const uint64_t switches = a->voluntary + a->involuntary + b->voluntary + b->involuntary;
	const double rate = per_second(a->voluntary < b->voluntary ? a->voluntary : b->voluntary, pair);
	const uint64_t cost_ns = switches ? (a->cpu_ns + b->cpu_ns) / switches : 0;
	struct buffer buffer = {0};
	struct finding finding;
	struct json json;

	finding_begin(&finding, &verdicts[PING_PONG], pair->a.process);
	finding.key = (uint64_t)pair->a.thread->tid << 32 | pair->b.thread->tid;
	finding.since_ns = pair->since_ns;
	finding.until_ns = pair->until_ns;
	finding_title(&finding, "%.15s (%u) and %.15s (%u) woke each other in turn, %.0f times a second each",
		      pair->a.thread->comm, pair->a.thread->tid, pair->b.thread->comm, pair->b.thread->tid, rate);
	for (int i = 0; i < 2; i++) {
		const struct thread *thread = i ? pair->b.thread : pair->a.thread;

		finding_evidence(
		    &finding, 0,
		    "%.15s (%u) switched %llu times of its own will; of %llu sampled wake-ups %llu or more came from "
		    "thread %u",
		    thread->comm, thread->tid, (unsigned long long)thread->counters.voluntary,
		    (unsigned long long)thread->counters.wakes, (unsigned long long)thread->counters.waker_wakes,
		    thread->counters.waker_tid);
	}
	finding_evidence(&finding, pair->until_ns, "%llu switches of both in %s, %s of processor time for each",
			 (unsigned long long)switches, words_duration(pair->until_ns - pair->since_ns).text,
			 words_duration(cost_ns).text);
	finding_help(&finding, "Hand over several items at a time, and wake the other only when it had nothing to do; "
			       "or do both steps in one "
			       "thread.");
	json_begin(&json, &buffer, false);
	json_object_open(&json);
	json_key_unsigned(&json, "tid", pair->a.thread->tid);
	json_key_unsigned(&json, "other_tid", pair->b.thread->tid);
	words_json_id(&json, "other_process", pair->b.process->id);
	json_key_unsigned(&json, "per_second", (uint64_t)rate);
	json_key_unsigned(&json, "switches", switches);
	json_key_unsigned(&json, "cpu_ns_per_switch", cost_ns);
	json_object_close(&json);
	finding_detail(&finding, &buffer);
	return findings_add(analysis->findings, &finding, 1u << GROUP_LIFE | 1u << GROUP_SWITCH);
}

/* Each pair is met twice; it is told from the side of the lower tid. */
static int conclude_thread(const struct analysis *analysis, const struct process *process, const struct thread *thread)
{
	struct pair pair;
	struct span span;

	if (!is_half(thread) || thread->tid > thread->counters.waker_tid ||
	    !span_of(analysis, process, thread, &span) || !find_pair(analysis, &span, &pair))
		return 0;
	if (per_second(pair.a.thread->counters.voluntary, &pair) < PAIR_PER_SECOND ||
	    per_second(pair.b.thread->counters.voluntary, &pair) < PAIR_PER_SECOND)
		return 0;
	return tell_pair(analysis, &pair);
}

static int conclude_ping_pong(const struct analysis *analysis)
{
	for (const struct process *p = model_first(analysis->model); p; p = p->next)
		for (const struct thread *t = p->threads; t; t = t->next) {
			const int error = conclude_thread(analysis, p, t);

			if (error)
				return error;
		}
	return 0;
}

static int close_switch(const struct analysis *analysis, void *state)
{
	const int error = conclude_oversubscribed(analysis);

	(void)state;
	return error ? error : conclude_ping_pong(analysis);
}

static bool needs_thread(const struct analysis *analysis, const void *state, const struct process *process,
			 const struct thread *thread)
{
	struct span span;

	(void)state;
	return span_of(analysis, process, thread, &span) && (is_bound(&span) || is_half(thread));
}

const struct analyzer analyzer_switch = {
    .name = "switch",
    .verdicts = verdicts,
    .wants = 1u << GROUP_LIFE | 1u << GROUP_SWITCH,
    .close = close_switch,
    .preview = close_switch,
    .needs_thread = needs_thread,
};

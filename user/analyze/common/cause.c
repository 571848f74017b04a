/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The order in which causes are asked for: what keeps a parent from reaping whatever it wants (a tracer, being stopped)
 * before what it did or did not do; and what is known of this child before what holds for all of them.
 */
#include "analyze/common/cause.h"

/* The tracer at the death is known, but not looked at since: has it waited, it has let go. */
static bool tracer_waited(const struct analysis *analysis, const struct custody *custody)
{
	const struct process *tracer = model_by_pid(analysis->model, custody->child->tracer);

	for (unsigned i = 0; tracer && i < tracer->wait_count; i++)
		if (tracer->waits[i].last_ns >= custody->since_ns &&
		    wait_could_match(&tracer->waits[i], tracer, custody->child))
			return true;
	return false;
}

uint32_t cause_tracer(const struct analysis *analysis, const struct custody *custody)
{
	const uint32_t tracer = custody->looked ? custody->look.tracer : custody->child->tracer;

	if (!tracer || tracer == custody->parent->id.pid)
		return 0;
	return custody->looked || !tracer_waited(analysis, custody) ? tracer : 0;
}

/* Under strace a process is in state t for a moment at each call: only a `t` that lasts counts as stopped. */
static bool parent_is_stopped(const struct custody *custody)
{
	const struct zombie_look *last = custody->child->look;

	if (!custody->looked)
		return false;
	if (custody->look.parent_stopped || custody->look.parent_state == 'T')
		return true;
	return custody->look.parent_state == 't' && last && last->at_ns > custody->look.at_ns &&
	       last->parent_state == 't';
}

static bool one_wait_per_signal(const struct custody *custody)
{
	if (!custody->merged_ns || !custody->collected_others)
		return false;
	return !custody->looked || custody->look.sigchld == SIGCHLD_HANDLED || custody->look.sigchld_blocked;
}

/* Without a history only what a state proves can be a cause: whether the parent ever waits is not known. */
static enum cause cause_of_state(const struct analysis *analysis, const struct custody *custody)
{
	if (cause_tracer(analysis, custody))
		return TRACED;
	if (parent_is_stopped(custody))
		return PARENT_STOPPED;
	return custody->blocked ? WAITS_FOR_OTHER : UNREAPED;
}

enum cause cause_of(const struct analysis *analysis, const struct custody *custody)
{
	const bool reaped_late = custody->end == CUSTODY_REAPED || custody->end == CUSTODY_GONE;
	const bool reaps = custody->waited_before || custody->waited_since || reaped_late || custody->unseen_waits;

	if (model_observation(analysis->model)->mode == MODE_SNAPSHOT)
		return cause_of_state(analysis, custody);
	if (cause_tracer(analysis, custody))
		return TRACED;
	if (parent_is_stopped(custody))
		return PARENT_STOPPED;
	if (custody->waiting_now && !reaped_late)
		return NOT_PROVEN; /* it sat in a wait that takes this child: something else was in the way */
	if (custody->adoption && !reaps)
		return ADOPTER_NEGLIGENT;
	if (one_wait_per_signal(custody))
		return SIGNALS_MERGED;
	if (custody->blocked)
		return WAITS_FOR_OTHER;
	if (reaps)
		return REAPER_STUCK;
	return custody->waited_otherwise ? WAITS_FOR_OTHER : NEVER_WAITED;
}

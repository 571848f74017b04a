/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See zombies.h. The whole census is taken when the source is opened; each pump then tells a part of the story: all of
 * it at once, or, from /proc, the second look after its time. Paths, arguments and cgroups are added from /proc here,
 * for the few processes that are told. */
#include "source/zombies.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "source/begin.h"
#include "source/cgroup.h"
#include "source/live_internal.h"
#include "source/zombies_internal.h"

#define SECOND 1000000000ULL
#define AGAIN_MARGIN_NS 20000000ULL /* over the limit, so that it is passed */

struct zombies {
	struct source source;
	struct zombies_options *options;
	struct census census;
	uint64_t begin_ns, realtime_ns;
	volatile int stop;
	bool told;
};

/* ---- census ---------------------------------------------------------------------------------------- */

static int add(void **items, size_t *count, size_t *capacity, const void *item, size_t size)
{
	if (*count == *capacity) {
		size_t more = *capacity ? *capacity * 2 : 256;
		void *grown = realloc(*items, more * size);

		if (!grown)
			return -ENOMEM;
		*items = grown;
		*capacity = more;
	}
	memcpy((char *)*items + (*count)++ * size, item, size);
	return 0;
}

int census_add_snap(struct census *census, const struct event_snap_process *snap)
{
	return add((void **)&census->snaps, &census->snap_count, &census->snap_capacity, snap, sizeof(*snap));
}

int census_add_look(struct census *census, const struct event_zombie_look *look)
{
	return add((void **)&census->looks, &census->look_count, &census->look_capacity, look, sizeof(*look));
}

void census_free(struct census *census)
{
	free(census->snaps);
	free(census->looks);
	free(census->parents.items);
	*census = (struct census){0};
}

static struct event_snap_process *find(const struct census *census, uint32_t pid, uint64_t start_ns)
{
	for (size_t i = 0; i < census->snap_count; i++)
		if (census->snaps[i].h.pid == pid && (!start_ns || census->snaps[i].h.start_ns == start_ns))
			return &census->snaps[i];
	return NULL;
}

/* The process that lifeline's user calls `pid`. */
static const struct event_snap_process *find_own(const struct census *census, uint32_t pid)
{
	if (!census->self_level)
		return find(census, pid, 0);
	for (size_t i = 0; i < census->snap_count; i++)
		if (census->snaps[i].nspid == pid && census->snaps[i].pidns == census->self_pidns)
			return &census->snaps[i];
	return NULL;
}

/* ---- telling --------------------------------------------------------------------------------------- */

struct teller {
	struct zombies *zombies;
	record_fn record;
	void *context;
	struct hash told; /* (pid, start) of the processes, (cgroup, 0) */
	int result;
};

static void tell(struct teller *teller, const struct event *event)
{
	if (teller->result >= 0)
		teller->result = teller->record(teller->context, event, event->size);
}

static void tell_begin(struct teller *teller)
{
	static struct event_builder builder;
	const struct zombies *zombies = teller->zombies;
	const struct begin_facts facts = {.begin_ns = zombies->begin_ns,
					  .realtime_ns = zombies->realtime_ns,
					  .zombie_after_ns = zombies->options->zombie_after_ns,
					  .mode = MODE_SNAPSHOT,
					  .self_pid = zombies->census.self_pid,
					  .self_pidns = zombies->census.self_pidns};

	tell(teller, begin_build(&builder, &facts));
}

/* Any number will do that is the same for the same path (FNV-1a). */
static uint64_t number_of(const char *path)
{
	uint64_t number = 14695981039346656037ULL;

	for (; *path; path++)
		number = (number ^ (unsigned char)*path) * 1099511628211ULL;
	return number ? number : 1;
}

/* Components from the inside out, as the event has them: "nginx.service/system.slice". */
static size_t turn(const char *path, char *out)
{
	size_t end = strlen(path), used = 0;

	while (end) {
		size_t start = end;

		while (start && path[start - 1] != '/')
			start--;
		if (start < end) {
			if (used)
				out[used++] = '/';
			memcpy(out + used, path + start, end - start);
			used += end - start;
		}
		end = start ? start - 1 : 0;
	}
	return used;
}

/* The kernel's number is that of version 2; where a path of version 1 says more, and in /proc, there is none. */
static void tell_cgroup(struct teller *teller, struct event_snap_process *snap)
{
	static struct event_builder builder;
	char path[PATH_MAX_LEN], turned[PATH_MAX_LEN];
	struct event_cgroup *event = (struct event_cgroup *)builder.bytes;
	enum cgroup_kind kind = cgroup_read(snap->h.pid, path, sizeof(path));

	if (kind == CGROUP_NONE)
		return;
	if (kind == CGROUP_SYSTEMD || !snap->cgroup)
		snap->cgroup = number_of(path);
	if (hash_get(&teller->told, snap->cgroup, 0) || hash_put(&teller->told, snap->cgroup, 0, teller))
		return;
	event_build(&builder, event_info(EVENT_cgroup));
	event->h.t_ns = snap->h.t_ns;
	event->cgroup = snap->cgroup;
	event_build_bytes(&builder, "path", turned, turn(path, turned));
	tell(teller, event_built(&builder));
}

static int pass_on(void *context, const void *record, size_t available)
{
	struct teller *teller = context;

	(void)available;
	tell(teller, record);
	return 0;
}

/* Zombies are looked at before all processes are listed, but who somebody is has to be told first. */
static void tell_process(struct teller *teller, const struct census *census, struct event_snap_process *snap,
			 uint32_t scope)
{
	if (!snap || hash_get(&teller->told, snap->h.pid, snap->h.start_ns) ||
	    hash_put(&teller->told, snap->h.pid, snap->h.start_ns, snap))
		return;
	snap->scope = scope;
	snap->h.t_ns = census->taken_ns;
	tell_cgroup(teller, snap);
	live_snapshot_add_texts(snap, pass_on, teller);
}

static bool is_wanted(const struct zombies *zombies, const struct event_zombie_look *look,
		      const struct event_snap_process *parent)
{
	return !zombies->options->parent || (parent && parent->h.pid == look->parent);
}

static void tell_looks(struct teller *teller, const struct census *census)
{
	const struct zombies *zombies = teller->zombies;
	const struct event_snap_process *only =
	    zombies->options->parent ? find_own(&zombies->census, (uint32_t)zombies->options->parent) : NULL;

	for (size_t i = 0; i < census->look_count; i++) {
		const struct event_zombie_look *look = &census->looks[i];
		struct event_snap_process *zombie = find(census, look->h.pid, look->h.start_ns);

		if (!zombie || !is_wanted(zombies, look, only))
			continue; /* it was reaped between the two passes, or is somebody else's */
		tell_process(teller, census, zombie, SCOPE_TARGET);
		tell_process(teller, census, find(census, look->parent, look->parent_start), SCOPE_RELATIVE);
		if (look->tracer)
			tell_process(teller, census, find(census, look->tracer, 0), SCOPE_RELATIVE);
		tell(teller, &look->h);
	}
}

/* After all looks, whose times are those of the census: reading stacks takes a while. */
static void tell_stands(struct teller *teller, const struct census *census)
{
	struct stand *stand = census->look_count ? stand_new(pass_on, teller) : NULL;

	for (size_t i = 0; stand && i < census->look_count; i++) {
		const struct event_zombie_look *look = &census->looks[i];

		if (hash_get(&teller->told, look->h.pid, look->h.start_ns) &&
		    hash_get(&teller->told, look->parent, look->parent_start))
			stand_tell(stand, census, look);
	}
	stand_free(stand);
}

/* Who of those told before is not there any more was reaped meanwhile, by nobody that was seen. */
static void tell_gone(struct teller *teller, const struct census *before, const struct census *now, uint64_t t_ns)
{
	for (size_t i = 0; i < before->look_count; i++) {
		const struct event_zombie_look *look = &before->looks[i];
		struct event_reap reap = {.h = {.kind = EVENT_reap, .size = sizeof(reap), .t_ns = t_ns},
					  .child = look->h.pid,
					  .child_start = look->h.start_ns,
					  .how = REAP_SEEN_GONE};

		if (look->leader_only || find(now, look->h.pid, look->h.start_ns) ||
		    !hash_get(&teller->told, look->h.pid, look->h.start_ns))
			continue;
		tell(teller, &reap.h);
	}
}

static void tell_finish(struct teller *teller)
{
	struct event_finish finish = {.h = {.kind = EVENT_finish, .size = sizeof(finish), .t_ns = live_clock()},
				      .ended_by = ENDED_DURATION,
				      .exit_status = -1};

	finish.h.pid = finish.h.tid = teller->zombies->census.self_pid;
	memcpy(finish.h.comm, "lifeline", 9);
	tell(teller, &finish.h);
}

/* ---- the source ------------------------------------------------------------------------------------ */

static void sleep_until(const struct zombies *zombies, uint64_t until_ns)
{
	while (!zombies->stop && live_clock() < until_ns)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* From /proc nothing tells since when somebody has been dead; that he still is after the limit does. */
static int tell_again(struct teller *teller, struct error *error)
{
	struct zombies *zombies = teller->zombies;
	struct census again = {0};
	int result;

	sleep_until(zombies, zombies->begin_ns + zombies->options->zombie_after_ns + AGAIN_MARGIN_NS);
	result = census_by_proc(&again, error);
	if (!result) {
		tell_gone(teller, &zombies->census, &again, live_clock());
		tell_looks(teller, &again);
	}
	census_free(&again);
	return result;
}

static int pump(struct source *source, record_fn record, void *context, struct error *error)
{
	struct zombies *zombies = (struct zombies *)source;
	struct teller teller = {.zombies = zombies, .record = record, .context = context};
	int result = 0;

	if (zombies->told)
		return 0;
	zombies->told = true;
	tell_begin(&teller);
	tell_looks(&teller, &zombies->census);
	tell_stands(&teller, &zombies->census);
	if (zombies->options->from_proc)
		result = tell_again(&teller, error);
	tell_finish(&teller);
	hash_free(&teller.told);
	return result < 0 ? result : teller.result < 0 ? teller.result : 0;
}

static void stop(struct source *source)
{
	((struct zombies *)source)->stop = 1;
}

static void close_zombies(struct source *source)
{
	struct zombies *zombies = (struct zombies *)source;

	census_free(&zombies->census);
	free(zombies);
}

static const struct source_ops zombies_ops = {
    .pump = pump, .stop = stop, .close = close_zombies, .reorder_ns = 5000000};

static int take_census(struct zombies *zombies, struct error *error)
{
	struct zombies_options *options = zombies->options;
	int result = -EPERM;

	if (!options->without_bpf) {
		result = census_by_bpf(&zombies->census, &options->refused);
		if (!result)
			return 0;
		census_free(&zombies->census);
	}
	options->from_proc = true;
	return census_by_proc(&zombies->census, error);
}

static int check_parent(const struct zombies *zombies, struct error *error)
{
	const pid_t pid = zombies->options->parent;

	if (!pid || find_own(&zombies->census, (uint32_t)pid))
		return 0;
	error_set(error, -ESRCH, "cannot look for zombies of process %d: there is no such process", (int)pid);
	error_hint(error, "it may have ended; `ps -p %d` shows what there is", (int)pid);
	return -ESRCH;
}

int source_zombies_open(struct zombies_options *options, struct source **source, struct error *error)
{
	struct zombies *zombies = calloc(1, sizeof(*zombies));
	struct timespec now;
	int result;

	*source = NULL;
	if (!zombies)
		return error_errno(error, -ENOMEM, "cannot look for zombies");
	zombies->source.ops = &zombies_ops;
	zombies->options = options;
	result = take_census(zombies, error);
	if (!result)
		result = check_parent(zombies, error);
	zombies->begin_ns = zombies->census.taken_ns;
	clock_gettime(CLOCK_REALTIME, &now);
	zombies->realtime_ns =
	    (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec - (live_clock() - zombies->begin_ns);
	if (result) {
		close_zombies(&zombies->source);
		return result;
	}
	*source = &zombies->source;
	return 0;
}

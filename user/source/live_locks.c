/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks get their numbers here. What the kernel side tells is an address in an address space; a lock is a number that
 * stays the same for all who wait for it, in whatever process, and dies with the program image that it lived in. */
#include "source/live_locks.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/live_internal.h"

#define FUTEX_PRIVATE 128
#define DRAIN_BATCH 512
#define WAKES_KEPT 256
#define WAKES_KEPT_NS 2000000000ULL
#define NAME_MAX_LEN 512

struct lock_entry {
	uint32_t number, kind, op, site;
	bool shared, named;
	uint64_t address, device, inode, offset;
	struct lock_entry *next; /* of all */
	struct lock_entry *same; /* with the same hash of (device, inode, offset) */
};

/* A futex that was waited on: several can belong to one lock. */
struct futex_entry {
	struct lock_entry *lock;
	uint32_t op, val, site; /* of the last facts that were looked at */
	uint32_t pid;
	uint64_t space;
	struct futex_entry *next;
};

struct wake_entry { /* told when the lock is known */
	struct lock_fold_key key;
	struct lock_fold value;
	uint64_t since_ns;
};

struct locks {
	struct live_bpf *bpf;
	record_fn record;
	void *context;
	struct people people;
	struct sites sites;
	struct hash site_numbers; /* space, site → const struct site */
	struct hash futexes;      /* space, address → struct futex_entry */
	struct hash shared;       /* hash of (device, inode, offset) → struct lock_entry */
	struct hash starts;       /* told waits that go on: tid → struct lock_entry */
	struct lock_entry *all;
	struct futex_entry *all_futexes;
	uint32_t lock_count;
	struct wake_entry wakes[WAKES_KEPT];
	unsigned wake_count;
	uint64_t flipped_ns, flipped_before_ns; /* when the side in use, and that before, came into use */
	struct event_builder builder;
};

struct actor {
	uint32_t pid, tid;
	uint64_t start_ns, t_ns;
	const char *comm;
};

/* ---- telling --------------------------------------------------------------------------------------------- */

static void fill(struct event *head, const struct actor *actor)
{
	head->t_ns = actor->t_ns;
	head->start_ns = actor->start_ns;
	head->pid = actor->pid;
	head->tid = actor->tid;
	memcpy(head->comm, actor->comm, COMM_SIZE);
	head->comm[COMM_SIZE - 1] = 0;
}

static void tell(struct locks *locks, const struct event *event)
{
	locks->record(locks->context, event, event->size);
}

#define TELL(locks, name, actor, ...)                                                                                  \
	do {                                                                                                           \
		struct event_##name _event = {__VA_ARGS__};                                                            \
		fill(&_event.h, actor);                                                                                \
		_event.h.kind = EVENT_##name;                                                                          \
		_event.h.size = sizeof(_event);                                                                        \
		tell(locks, &_event.h);                                                                                \
	} while (0)

static void tell_site(struct locks *locks, const struct actor *actor, const struct site *site)
{
	struct event_site *event = (struct event_site *)locks->builder.bytes;

	event_build(&locks->builder, event_info(EVENT_site));
	fill(&event->h, actor);
	event->site = site->number;
	event->cut = site->cut;
	event_build_bytes(&locks->builder, "frames", site->frames ? site->frames : "", site->frames_length);
	event_build_bytes(&locks->builder, "call", site->call, strlen(site->call));
	tell(locks, event_built(&locks->builder));
}

/* The symbol, file or nothing that names this lock. */
static void name_lock(struct locks *locks, const struct actor *actor, const struct lock_entry *lock)
{
	struct symbol_data data = {0};
	struct buffer name = {0};

	if (!locks->sites.symbols ||
	    !symbols_data(locks->sites.symbols, (pid_t)actor->pid, actor->start_ns, lock->address, &data))
		return;
	if (lock->kind == LOCK_GIL && data.name)
		buffer_text_append(&name, data.name); /* the offset says nothing to anybody */
	else
		symbol_data_format(&data, &name);
	event_build_bytes(&locks->builder, "name", buffer_text(&name), strnlen(buffer_text(&name), NAME_MAX_LEN));
	if (data.object)
		event_build_bytes(&locks->builder, "object", data.object, strnlen(data.object, NAME_MAX_LEN));
	buffer_free(&name);
}

static void tell_lock(struct locks *locks, const struct actor *actor, const struct lock_entry *lock)
{
	struct event_lock *event = (struct event_lock *)locks->builder.bytes;

	event_build(&locks->builder, event_info(EVENT_lock));
	fill(&event->h, actor);
	event->address = lock->address;
	event->device = lock->device;
	event->inode = lock->inode;
	event->offset = lock->offset;
	event->lock = lock->number;
	event->kind = lock->kind;
	event->shared = lock->shared;
	event->op = lock->op;
	event->site = lock->site;
	name_lock(locks, actor, lock);
	tell(locks, event_built(&locks->builder));
}

/* ---- which lock ------------------------------------------------------------------------------------------- */

struct waited { /* what a record of the kernel side's tells of a wait */
	uint64_t space, address;
	uint32_t op, val, owner, site;
	const uint32_t *words;
};

/* Which file a shared mapping at this address is of; false: it is private memory, or cannot be read any more. */
static bool find_shared(uint32_t pid, uint64_t address, struct lock_entry *lock)
{
	unsigned long long from, to, offset, inode;
	unsigned major, minor;
	char path[48], line[4400], flags[8];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/maps", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx-%llx %7s %llx %x:%x %llu", &from, &to, flags, &offset, &major, &minor, &inode) !=
			7 ||
		    address < from || address >= to)
			continue;
		found = flags[3] == 's';
		if (found) {
			lock->device = (uint64_t)major << 32 | minor;
			lock->inode = inode;
			lock->offset = offset + (address - from);
		}
		break;
	}
	if (file)
		fclose(file);
	return found;
}

static uint64_t hash_shared(const struct lock_entry *lock)
{
	return (lock->device * 0x9e3779b97f4a7c15ULL) ^ (lock->inode * 0xc2b2ae3d27d4eb4fULL) ^ lock->offset;
}

static struct lock_entry *find_same(struct locks *locks, const struct lock_entry *like)
{
	struct lock_entry *lock = hash_get(&locks->shared, hash_shared(like), 0);

	while (lock && (lock->device != like->device || lock->inode != like->inode || lock->offset != like->offset))
		lock = lock->same;
	return lock;
}

static struct lock_entry *new_lock(struct locks *locks, const struct lock_entry *like)
{
	struct lock_entry *lock = malloc(sizeof(*lock));

	if (!lock)
		return NULL;
	*lock = *like;
	lock->number = ++locks->lock_count;
	lock->next = locks->all;
	locks->all = lock;
	if (lock->shared) {
		lock->same = hash_get(&locks->shared, hash_shared(lock), 0);
		hash_put(&locks->shared, hash_shared(lock), 0, lock);
	}
	return lock;
}

static struct futex_entry *new_futex(struct locks *locks, uint64_t space, uint64_t address, uint32_t pid,
				     struct lock_entry *lock)
{
	struct futex_entry *futex = calloc(1, sizeof(*futex));

	if (!futex || hash_put(&locks->futexes, space, address, futex)) {
		free(futex);
		return NULL;
	}
	futex->lock = lock;
	futex->pid = pid;
	futex->space = space;
	futex->next = locks->all_futexes;
	locks->all_futexes = futex;
	return futex;
}

/* The lock at the beginning of the object that this futex is part of, made if it is new. */
static struct lock_entry *lock_at(struct locks *locks, const struct actor *actor, const struct waited *waited,
				  uint32_t kind, const struct lock_facts *facts)
{
	struct lock_entry like = {.kind = kind, .op = waited->op, .address = lock_begin_of(kind, facts)};
	struct futex_entry *futex = hash_get(&locks->futexes, waited->space, like.address);
	struct lock_entry *lock;

	if (like.address != waited->address && futex && futex->lock->kind == kind)
		return futex->lock;
	if (!(waited->op & FUTEX_PRIVATE))
		like.shared = find_shared(actor->pid, like.address, &like);
	lock = like.shared ? find_same(locks, &like) : NULL;
	if (lock)
		return lock;
	like.site = facts->site ? facts->site->number : 0;
	lock = new_lock(locks, &like);
	if (!lock)
		return NULL;
	if (like.address != waited->address && !futex)
		new_futex(locks, waited->space, like.address, actor->pid, lock);
	tell_lock(locks, actor, lock);
	return lock;
}

/* Does this number mean a thread of the actor's own process, alive or ended a moment ago? */
static bool is_own_thread(struct locks *locks, const struct actor *actor, uint32_t number)
{
	const struct person *person = number ? people_meant(&locks->people, actor->pid, actor->start_ns, number) : NULL;

	return person && person->pid == actor->pid && person->start_ns == actor->start_ns;
}

static bool in_python(struct locks *locks, const struct actor *actor, uint64_t address)
{
	struct symbol_data data;

	return locks->sites.symbols &&
	       symbols_data(locks->sites.symbols, (pid_t)actor->pid, actor->start_ns, address, &data) && data.name &&
	       !strcmp(data.name, "_PyRuntime");
}

static const struct site *site_of(struct locks *locks, const struct waited *waited)
{
	return waited->site ? hash_get(&locks->site_numbers, waited->space, waited->site) : NULL;
}

/* Memory is used again for another lock, and what a lock is may show only later: then its kind changes. */
static void change_kind(struct locks *locks, const struct actor *actor, const struct waited *waited,
			struct futex_entry *futex, uint32_t kind, const struct lock_facts *facts)
{
	if (futex->lock->kind == LOCK_FUTEX && lock_begin_of(kind, facts) == waited->address) {
		futex->lock->kind = kind;
		futex->lock->op = waited->op;
		tell_lock(locks, actor, futex->lock);
		return;
	}
	futex->lock = lock_at(locks, actor, waited, kind, facts);
}

static struct lock_entry *find_lock(struct locks *locks, const struct actor *actor, const struct waited *waited,
				    struct lock_facts *facts)
{
	struct futex_entry *futex = hash_get(&locks->futexes, waited->space, waited->address);
	struct lock_entry *lock;
	uint32_t kind;

	*facts = (struct lock_facts){.op = waited->op,
				     .val = waited->val,
				     .address = waited->address,
				     .words = waited->words,
				     .site = site_of(locks, waited),
				     .owner_lives = is_own_thread(locks, actor, waited->owner)};
	if (futex && futex->op == waited->op && futex->val == waited->val && futex->site == waited->site)
		return futex->lock;
	facts->python = in_python(locks, actor, waited->address);
	facts->value_lives = is_own_thread(locks, actor, waited->val);
	kind = lock_kind_of(facts);
	if (!futex) {
		lock = lock_at(locks, actor, waited, kind, facts);
		futex = lock ? new_futex(locks, waited->space, waited->address, actor->pid, lock) : NULL;
		if (!futex)
			return NULL;
	} else if (kind != futex->lock->kind && kind != LOCK_FUTEX) {
		change_kind(locks, actor, waited, futex, kind, facts);
	}
	futex->op = waited->op;
	futex->val = waited->val;
	futex->site = waited->site;
	return futex->lock;
}

/* ---- who holds it ------------------------------------------------------------------------------------------- */

struct holder {
	uint32_t known, pid, tid;
	uint64_t start_ns;
};

/* `begin_ns`: the wait began then or later. */
static struct holder find_holder(struct locks *locks, const struct actor *actor, const struct lock_entry *lock,
				 const struct lock_facts *facts, uint32_t owner, uint64_t begin_ns)
{
	struct holder holder = {.known = HOLDER_UNKNOWN};
	const struct person *person;

	if (!lock_names_owner(lock->kind, facts))
		return holder;
	if (!owner) {
		holder.known = lock->kind == LOCK_RWLOCK ? HOLDER_UNKNOWN : HOLDER_NOBODY;
		return holder;
	}
	person = people_meant(&locks->people, actor->pid, actor->start_ns, owner);
	if (!person)
		return holder; /* not one that is observed */
	holder.pid = person->pid;
	holder.tid = person->tid;
	holder.start_ns = person->start_ns;
	holder.known = HOLDER_THREAD;
	if (person->pid != actor->pid && !lock->shared)
		holder.known = HOLDER_FORK;
	if ((person->ended_ns && person->ended_ns < begin_ns) || person->born_ns > actor->t_ns)
		holder.known = HOLDER_GONE;
	if (holder.known != HOLDER_THREAD)
		holder.pid = 0, holder.start_ns = 0;
	return holder;
}

/* ---- single waits ----------------------------------------------------------------------------------------------- */

static struct actor actor_of(const struct event *event)
{
	return (struct actor){.pid = event->pid,
			      .tid = event->tid,
			      .start_ns = event->start_ns,
			      .t_ns = event->t_ns,
			      .comm = event->comm};
}

static void take_site(struct locks *locks, const struct raw_lock_site *raw)
{
	const struct actor actor = actor_of(&raw->h);
	const struct site *site;
	bool fresh;

	site = sites_find(&locks->sites, (pid_t)actor.pid, actor.start_ns, raw->registers, raw->stack,
			  raw->length <= LOCK_STACK ? raw->length : 0, &fresh);
	if (!site)
		return;
	hash_put(&locks->site_numbers, raw->space, raw->site, (void *)(uintptr_t)site);
	if (fresh)
		tell_site(locks, &actor, site);
}

static void take_wait(struct locks *locks, const struct raw_lock_wait *raw)
{
	const struct actor actor = actor_of(&raw->h);
	const struct waited waited = {.space = raw->space,
				      .address = raw->address,
				      .op = raw->op,
				      .val = raw->val,
				      .owner = raw->owner,
				      .site = raw->site,
				      .words = raw->words};
	struct lock_facts facts;
	struct lock_entry *lock = find_lock(locks, &actor, &waited, &facts);
	struct holder holder;

	if (!lock)
		return;
	holder = find_holder(locks, &actor, lock, &facts, raw->owner, actor.t_ns);
	hash_put(&locks->starts, actor.tid, 0, lock);
	TELL(locks, lock_wait, &actor, .holder_start = holder.start_ns, .lock = lock->number,
	     .site = facts.site ? facts.site->number : 0, .holder = holder.known, .holder_pid = holder.pid,
	     .holder_tid = holder.tid, .timed = raw->timed);
}

static void take_end(struct locks *locks, const struct raw_lock_end *raw)
{
	const struct actor actor = actor_of(&raw->h);
	const struct lock_entry *lock = hash_remove(&locks->starts, actor.tid, 0);

	if (!lock)
		return; /* its begin was lost */
	TELL(locks, lock_wait_end, &actor, .waited_ns = raw->waited_ns, .waker_start = raw->waker_start,
	     .lock = lock->number, .outcome = raw->outcome, .result = raw->result, .waker_pid = raw->waker_pid,
	     .waker_tid = raw->waker_tid);
}

void locks_raw(struct locks *locks, const struct event *raw, size_t size)
{
	switch (raw->kind) {
	case RAW_LOCK_SITE:
		if (size >= sizeof(struct raw_lock_site))
			take_site(locks, (const void *)raw);
		break;
	case RAW_LOCK_WAIT:
		if (size >= sizeof(struct raw_lock_wait))
			take_wait(locks, (const void *)raw);
		break;
	case RAW_LOCK_END:
		if (size >= sizeof(struct raw_lock_end))
			take_end(locks, (const void *)raw);
		break;
	}
}

void locks_event(struct locks *locks, const struct event *event)
{
	people_event(&locks->people, event);
}

/* ---- sums
 * ------------------------------------------------------------------------------------------------------------ */

static void tell_sum(struct locks *locks, const struct lock_fold_key *key, const struct lock_fold *value, uint64_t t_ns)
{
	const struct actor actor = {
	    .pid = key->pid, .tid = key->tid, .start_ns = key->start_ns, .t_ns = t_ns, .comm = value->comm};
	const struct waited waited = {.space = key->space,
				      .address = key->address,
				      .op = key->op,
				      .val = key->val,
				      .owner = key->owner,
				      .site = key->site,
				      .words = value->words};
	struct lock_facts facts;
	struct lock_entry *lock = find_lock(locks, &actor, &waited, &facts);
	struct holder holder;
	uint64_t begin_ns = locks->flipped_before_ns;

	if (!lock)
		return;
	begin_ns -= value->max_ns < begin_ns ? value->max_ns : begin_ns;
	holder = find_holder(locks, &actor, lock, &facts, key->owner, begin_ns);
	TELL(locks, lock_sum, &actor, .waits = value->waits, .timeouts = value->timeouts, .wait_ns = value->wait_ns,
	     .max_ns = value->max_ns, .holder_start = holder.start_ns, .lock = lock->number,
	     .site = facts.site ? facts.site->number : 0, .holder = holder.known, .holder_pid = holder.pid,
	     .holder_tid = holder.tid);
}

static bool tell_wakes(struct locks *locks, const struct lock_fold_key *key, const struct lock_fold *value,
		       uint64_t t_ns)
{
	const struct actor actor = {
	    .pid = key->pid, .tid = key->tid, .start_ns = key->start_ns, .t_ns = t_ns, .comm = value->comm};
	const struct futex_entry *futex = hash_get(&locks->futexes, key->space, key->address);

	if (!futex || !futex->lock)
		return false;
	TELL(locks, lock_wakes, &actor, .wakes = value->waits, .lock = futex->lock->number);
	return true;
}

/* Those whom it woke have not returned yet, so nobody knows the lock: try again. */
static void keep_wakes(struct locks *locks, const struct lock_fold_key *key, const struct lock_fold *value,
		       uint64_t since_ns)
{
	if (locks->wake_count < WAKES_KEPT)
		locks->wakes[locks->wake_count++] =
		    (struct wake_entry){.key = *key, .value = *value, .since_ns = since_ns};
}

static void tell_kept_wakes(struct locks *locks, uint64_t t_ns)
{
	const unsigned count = locks->wake_count;

	locks->wake_count = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct wake_entry kept = locks->wakes[i];

		if (!tell_wakes(locks, &kept.key, &kept.value, t_ns) && t_ns - kept.since_ns < WAKES_KEPT_NS)
			keep_wakes(locks, &kept.key, &kept.value, kept.since_ns);
	}
}

/* Waits first: they make the locks known that the wake-ups are about. */
static void tell_batch(struct locks *locks, const struct lock_fold_key *keys, const struct lock_fold *values,
		       uint32_t count, uint64_t t_ns)
{
	for (uint32_t i = 0; i < count; i++)
		if (keys[i].op != LOCK_OP_WAKE)
			tell_sum(locks, &keys[i], &values[i], t_ns);
	for (uint32_t i = 0; i < count; i++)
		if (keys[i].op == LOCK_OP_WAKE && !tell_wakes(locks, &keys[i], &values[i], t_ns))
			keep_wakes(locks, &keys[i], &values[i], t_ns);
}

static void drain_map(struct locks *locks, int fd)
{
	struct lock_fold_key *keys = malloc(DRAIN_BATCH * sizeof(*keys));
	struct lock_fold *values = malloc(DRAIN_BATCH * sizeof(*values));
	uint64_t t_ns = live_clock();
	uint64_t position = 0;
	bool begun = false;
	int result = 0;

	while (keys && values && !result) {
		uint32_t count = DRAIN_BATCH;

		result = bpf_map_lookup_and_delete_batch(fd, begun ? &position : NULL, &position, keys, values, &count,
							 NULL);
		if (result && result != -ENOENT)
			break;
		begun = true;
		tell_batch(locks, keys, values, count, t_ns);
	}
	free(keys);
	free(values);
	tell_kept_wakes(locks, t_ns);
}

static void flip(struct locks *locks)
{
	struct shared *shared = locks->bpf->shared;

	__atomic_store_n(&shared->fold_side, !shared->fold_side, __ATOMIC_SEQ_CST);
	locks->flipped_before_ns = locks->flipped_ns;
	locks->flipped_ns = live_clock();
}

void locks_drain(struct locks *locks, bool all)
{
	const uint32_t idle = !locks->bpf->shared->fold_side;

	drain_map(locks, live_bpf_fold_fd(locks->bpf, idle));
	flip(locks);
	if (!all)
		return;
	usleep(500); /* programs that had chosen the other side are done with it */
	drain_map(locks, live_bpf_fold_fd(locks->bpf, !idle));
}

/* ---- begin and end
 * ------------------------------------------------------------------------------------------------------ */

struct locks *locks_new(struct live_bpf *bpf, record_fn record, void *context)
{
	struct locks *locks = calloc(1, sizeof(*locks));

	if (!locks)
		return NULL;
	locks->bpf = bpf;
	locks->record = record;
	locks->context = context;
	locks->flipped_ns = locks->flipped_before_ns = live_clock();
	return locks;
}

void locks_free(struct locks *locks)
{
	if (!locks)
		return;
	for (struct lock_entry *lock = locks->all, *next; lock; lock = next) {
		next = lock->next;
		free(lock);
	}
	for (struct futex_entry *futex = locks->all_futexes, *next; futex; futex = next) {
		next = futex->next;
		free(futex);
	}
	hash_free(&locks->site_numbers);
	hash_free(&locks->futexes);
	hash_free(&locks->shared);
	hash_free(&locks->starts);
	people_free(&locks->people);
	sites_free(&locks->sites);
	free(locks);
}

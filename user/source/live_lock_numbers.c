/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks get their numbers here. What the kernel side tells is an address in an address space; a lock is a number that
 * stays the same for all who wait for it, in whatever process, and dies with the program image that it lived in. */
#include "source/live_locks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "source/live_internal.h"

#define FUTEX_PRIVATE 128
#define NAME_MAX_LEN 512
#define FILE_LOCKS UINT64_MAX /* offset under which a file's locks are kept, apart from futexes in it */
#define OWN_FRAMES 4096       /* bytes of stack above sp that belong to the functions of a wait */
#define TID_BITS 0x3fffffffu

size_t live_read_memory(uint32_t pid, uint64_t address, void *to, size_t size)
{
	struct iovec local = {.iov_base = to, .iov_len = size};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
	ssize_t got = process_vm_readv((pid_t)pid, &local, 1, &remote, 1, 0);

	return got > 0 ? (size_t)got : 0;
}

/* ---- telling --------------------------------------------------------------------------------------------- */

void locks_fill(struct event *head, const struct lock_actor *actor)
{
	head->t_ns = actor->t_ns;
	head->start_ns = actor->start_ns;
	head->pid = actor->pid;
	head->tid = actor->tid;
	memcpy(head->comm, actor->comm, COMM_SIZE);
	head->comm[COMM_SIZE - 1] = 0;
}

void locks_tell(struct locks *locks, const struct event *event)
{
	locks->record(locks->context, event, event->size);
}

static void tell_site(struct locks *locks, const struct lock_actor *actor, const struct site *site)
{
	struct event_site *event = (struct event_site *)locks->builder.bytes;

	event_build(&locks->builder, event_info(EVENT_site));
	locks_fill(&event->h, actor);
	event->site = site->number;
	event->cut = site->cut;
	event_build_bytes(&locks->builder, "frames", site->frames ? site->frames : "", site->frames_length);
	event_build_bytes(&locks->builder, "call", site->call, strlen(site->call));
	locks_tell(locks, event_built(&locks->builder));
}

/* The path of a file that is locked, as the waiter has it open. */
static void name_file(struct locks *locks, const struct lock_actor *actor, const struct lock_entry *lock)
{
	char link[64], path[PATH_MAX_LEN];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%" PRIu32 "/fd/%" PRIu32, actor->pid, lock->descriptor);
	length = readlink(link, path, sizeof(path));
	if (length > 0)
		event_build_bytes(&locks->builder, "name", path, (size_t)length);
}

/* The symbol, file or nothing that names this lock. */
static void name_lock(struct locks *locks, const struct lock_actor *actor, const struct lock_entry *lock)
{
	struct symbol_data data = {0};
	struct buffer name = {0};

	if (lock->kind == LOCK_FILE) {
		name_file(locks, actor, lock);
		return;
	}

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

static void tell_lock(struct locks *locks, const struct lock_actor *actor, const struct lock_entry *lock)
{
	struct event_lock *event = (struct event_lock *)locks->builder.bytes;

	event_build(&locks->builder, event_info(EVENT_lock));
	locks_fill(&event->h, actor);
	event->address = lock->address;
	event->device = lock->device;
	event->inode = lock->inode;
	event->offset = lock->kind == LOCK_FILE ? 0 : lock->offset;
	event->lock = lock->number;
	event->kind = lock->kind;
	event->shared = lock->shared;
	event->op = lock->op;
	event->site = lock->site;
	name_lock(locks, actor, lock);
	locks_tell(locks, event_built(&locks->builder));
}

const struct site *locks_place(struct locks *locks, const struct lock_actor *actor,
			       const struct symbol_registers *registers, const void *stack, size_t size)
{
	const struct site *site;
	bool fresh;

	site = sites_find(&locks->sites, (pid_t)actor->pid, actor->start_ns, registers, stack, size, &fresh);
	if (site && fresh)
		tell_site(locks, actor, site);
	return site;
}

/* ---- which lock ------------------------------------------------------------------------------------------- */

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

/* An address space is told apart by the kernel's address of it, which is used again for others' later. */
static uint64_t space_of(const struct lock_actor *actor, uint64_t space)
{
	return space ^ actor->start_ns * 0x9e3779b97f4a7c15ULL ^ (uint64_t)actor->pid << 40;
}

struct futex_entry *locks_futex(const struct locks *locks, const struct lock_actor *actor, uint64_t space,
				uint64_t address)
{
	return hash_get(&locks->futexes, space_of(actor, space), address);
}

static struct futex_entry *new_futex(struct locks *locks, const struct lock_actor *actor, uint64_t space,
				     uint64_t address, struct lock_entry *lock)
{
	struct futex_entry *futex = calloc(1, sizeof(*futex));

	if (!futex || hash_put(&locks->futexes, space_of(actor, space), address, futex)) {
		free(futex);
		return NULL;
	}
	*futex = (struct futex_entry){.lock = lock,
				      .pid = actor->pid,
				      .start_ns = actor->start_ns,
				      .space = space_of(actor, space),
				      .address = address,
				      .next = locks->all_futexes};
	locks->all_futexes = futex;
	return futex;
}

void locks_forget(struct locks *locks, uint32_t pid, uint64_t start_ns)
{
	struct futex_entry **link = &locks->all_futexes, *futex;

	while ((futex = *link)) {
		if (futex->pid != pid || futex->start_ns != start_ns) {
			link = &futex->next;
			continue;
		}
		*link = futex->next;
		hash_remove(&locks->futexes, futex->space, futex->address);
		free(futex);
	}
}

/* The device as /proc/PID/maps and /proc/locks write it, from the kernel's number. */
static uint64_t device_of(uint32_t number)
{
	return (uint64_t)(number >> 20) << 32 | (number & 0xfffff);
}

static void lie_where_told(struct lock_entry *lock, const struct lock_taken *taken)
{
	lock->shared = true;
	lock->device = device_of(taken->device);
	lock->inode = taken->inode;
	lock->offset = taken->offset;
}

/* The lock at the beginning of the object that this futex is part of, made if it is new. */
static struct lock_entry *lock_at(struct locks *locks, const struct lock_actor *actor, const struct lock_waited *waited,
				  uint32_t kind, const struct lock_facts *facts)
{
	struct lock_entry like = {.kind = kind, .op = waited->op, .address = lock_begin_of(kind, facts)};
	struct futex_entry *futex = locks_futex(locks, actor, waited->space, like.address);
	struct lock_entry *lock;

	if (like.address != waited->address && futex && futex->lock->kind == kind)
		return futex->lock;
	if (waited->taken && waited->taken->inode)
		lie_where_told(&like, waited->taken);
	else if (!(waited->op & FUTEX_PRIVATE))
		like.shared = find_shared(actor->pid, like.address, &like);
	lock = like.shared ? find_same(locks, &like) : NULL;
	if (lock)
		return lock;
	like.site = facts->site ? facts->site->number : 0;
	lock = new_lock(locks, &like);
	if (!lock)
		return NULL;
	if (like.address != waited->address && !futex)
		new_futex(locks, actor, waited->space, like.address, lock);
	tell_lock(locks, actor, lock);
	return lock;
}

/* Does this number mean a thread of the actor's own process, alive or ended a moment ago? */
static bool is_own_thread(struct locks *locks, const struct lock_actor *actor, uint32_t number)
{
	const struct person *person = number ? people_meant(&locks->people, actor->pid, actor->start_ns, number) : NULL;

	return person && person->pid == actor->pid && person->start_ns == actor->start_ns;
}

static bool in_python(struct locks *locks, const struct lock_actor *actor, uint64_t address)
{
	struct symbol_data data;

	return locks->sites.symbols &&
	       symbols_data(locks->sites.symbols, (pid_t)actor->pid, actor->start_ns, address, &data) && data.name &&
	       !strcmp(data.name, "_PyRuntime");
}

/* Does the kind that is seen now say more of the same lock than the one known? */
static bool refines(uint32_t known, uint32_t kind)
{
	return known == LOCK_FUTEX || (known == LOCK_MUTEX && kind == LOCK_GIL);
}

/* Memory is used again for another lock, and what a lock is may show only later: then its kind changes. */
static void change_kind(struct locks *locks, const struct lock_actor *actor, const struct lock_waited *waited,
			struct futex_entry *futex, uint32_t kind, const struct lock_facts *facts)
{
	struct lock_entry *other;

	if (refines(futex->lock->kind, kind) && lock_begin_of(kind, facts) == waited->address) {
		futex->lock->kind = kind;
		futex->lock->op = waited->op;
		tell_lock(locks, actor, futex->lock);
		return;
	}
	other = lock_at(locks, actor, waited, kind, facts);
	if (other)
		futex->lock = other;
}

/* The kernel has refused a PI lock to this thread, as it would wait for itself in the end. glibc then lets the thread
 * wait for good, for a word on its own stack (nptl/pthread_mutex_lock.c): what it waits for is that lock. */
static struct lock_entry *parked_for(struct locks *locks, const struct lock_actor *actor,
				     const struct lock_facts *facts)
{
	if (!locks->refused.count)
		return NULL;
	if (facts->on_stack && !facts->val)
		return hash_get(&locks->refused, actor->tid, actor->start_ns);
	hash_remove(&locks->refused, actor->tid, actor->start_ns);
	return NULL;
}

static struct lock_entry *find_file(struct locks *locks, const struct lock_actor *actor,
				    const struct lock_waited *waited)
{
	const struct lock_entry like = {.kind = LOCK_FILE,
					.shared = true,
					.device = device_of(waited->val),
					.inode = waited->address,
					.offset = FILE_LOCKS,
					.site = waited->site ? waited->site->number : 0,
					.descriptor = waited->words[0]};
	struct lock_entry *lock = find_same(locks, &like);

	if (lock)
		return lock;
	lock = new_lock(locks, &like);
	if (lock)
		tell_lock(locks, actor, lock);
	return lock;
}

struct lock_entry *locks_find(struct locks *locks, const struct lock_actor *actor, const struct lock_waited *waited,
			      struct lock_facts *facts)
{
	struct futex_entry *futex = locks_futex(locks, actor, waited->space, waited->address);
	const uint32_t site = waited->site ? waited->site->number : 0;
	struct lock_entry *lock;
	uint32_t kind;

	*facts = (struct lock_facts){.op = waited->op,
				     .val = waited->val,
				     .address = waited->address,
				     .words = waited->words,
				     .on_stack = waited->sp && waited->address - waited->sp < OWN_FRAMES,
				     .site = waited->site,
				     .owner_lives = is_own_thread(locks, actor, waited->owner)};
	if (waited->op > LOCK_OP_WAKE)
		return find_file(locks, actor, waited);
	lock = parked_for(locks, actor, facts);
	if (lock)
		return lock;
	if (futex && futex->op == waited->op && futex->val == waited->val && futex->site == site)
		return futex->lock;
	facts->python = in_python(locks, actor, waited->address);
	facts->value_lives = is_own_thread(locks, actor, waited->val);
	kind = lock_kind_of(facts);
	if (!futex) {
		lock = lock_at(locks, actor, waited, kind, facts);
		futex = lock ? new_futex(locks, actor, waited->space, waited->address, lock) : NULL;
		if (!futex)
			return NULL;
	} else if (kind != futex->lock->kind && !refines(kind, futex->lock->kind)) {
		change_kind(locks, actor, waited, futex, kind, facts);
	}
	futex->op = waited->op;
	futex->val = waited->val;
	futex->site = site;
	return futex->lock;
}

/* ---- locks that a probe tells of: what kind they are is known ------------------------------------------------ */

/* Beside the address, where no futex lies: a lock's own entry, whatever waits for its parts are of. */
#define PROBED 1

static void call_it(struct locks *locks, const struct lock_actor *actor, struct lock_entry *lock, uint32_t kind)
{
	lock->kind = kind;
	tell_lock(locks, actor, lock);
}

/* What was there before was another lock, in memory that is used again, or not known well enough. */
static int keep_lock(struct locks *locks, const struct lock_actor *actor, uint64_t space, uint64_t address,
		     struct lock_entry *lock)
{
	struct futex_entry *futex = locks_futex(locks, actor, space, address);

	if (futex)
		futex->lock = lock;
	return futex || new_futex(locks, actor, space, address, lock) ? 0 : -ENOMEM;
}

struct lock_entry *locks_taken(struct locks *locks, const struct lock_actor *actor, const struct lock_taken *taken)
{
	struct futex_entry *own = locks_futex(locks, actor, taken->space, taken->address + PROBED);
	struct futex_entry *futex = locks_futex(locks, actor, taken->space, taken->address);
	const struct lock_facts facts = {.address = taken->address, .site = taken->site};
	const struct lock_waited waited = {.space = taken->space,
					   .address = taken->address,
					   .op = taken->shared ? 0 : FUTEX_PRIVATE,
					   .site = taken->site,
					   .taken = taken};
	struct lock_entry *lock;

	if (taken->inode) { /* what was thought to be private, as its process was gone already when it was looked at */
		own = own && own->lock->shared ? own : NULL;
		futex = futex && futex->lock->shared ? futex : NULL;
	}
	if (own && own->lock->kind == taken->kind)
		return own->lock;
	if (futex && futex->lock->kind == LOCK_FUTEX)
		call_it(locks, actor, futex->lock, taken->kind);
	lock = futex && futex->lock->kind == taken->kind ? futex->lock
							 : lock_at(locks, actor, &waited, taken->kind, &facts);
	if (!lock || (!futex && keep_lock(locks, actor, taken->space, taken->address, lock)) ||
	    keep_lock(locks, actor, taken->space, taken->address + PROBED, lock))
		return NULL;
	return lock;
}

struct lock_entry *locks_taken_before(const struct locks *locks, const struct lock_actor *actor, uint64_t space,
				      uint64_t address)
{
	const struct futex_entry *own = locks_futex(locks, actor, space, address + PROBED);

	return own ? own->lock : NULL;
}

/* ---- who holds it ------------------------------------------------------------------------------------------- */

/* When a process that is not observed began, to the clock tick that /proc tells. */
static uint64_t start_by_proc(uint32_t pid)
{
	unsigned long long ticks = 0;
	char path[48], text[1024], *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	end = strrchr(text, ')');
	if (!end || sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			   &ticks) != 1)
		return 0;
	return ticks * (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* The kernel knows which process has the file locked, observed or not. */
static struct lock_holder file_holder(const struct locks *locks, uint32_t pid)
{
	const struct person *person = people_find(&locks->people, pid);
	struct lock_holder holder = {.known = HOLDER_THREAD, .pid = pid, .tid = pid};

	holder.start_ns = person && person->pid == pid ? person->start_ns : start_by_proc(pid);
	return pid && holder.start_ns ? holder : (struct lock_holder){.known = HOLDER_UNKNOWN};
}

/* The kernel side has seen who took it, and that he has not posted since. */
static struct lock_holder last_taker(const struct locks *locks, const struct lock_actor *actor, uint32_t owner,
				     uint64_t begin_ns)
{
	const uint32_t tid = owner & TAKER_TID;
	const struct person *person = people_find(&locks->people, tid);
	const bool gone = (owner & TAKER_ENDED) || (person && person->ended_ns && person->ended_ns < begin_ns);

	if (gone || (person && person->born_ns > actor->t_ns))
		return (struct lock_holder){.known = HOLDER_GONE, .tid = tid};
	if (!person)
		return (struct lock_holder){.known = HOLDER_UNKNOWN};
	return (struct lock_holder){
	    .known = HOLDER_THREAD, .pid = person->pid, .tid = tid, .start_ns = person->start_ns};
}

struct lock_holder locks_holder(struct locks *locks, const struct lock_actor *actor, const struct lock_entry *lock,
				const struct lock_facts *facts, uint32_t owner, uint64_t begin_ns)
{
	struct lock_holder holder = {.known = HOLDER_UNKNOWN};
	const struct person *person;

	if (lock->kind == LOCK_FILE)
		return file_holder(locks, owner);
	if (owner & OWNER_IS_TAKER)
		return last_taker(locks, actor, owner, begin_ns);
	if (lock->kind == LOCK_PI_MUTEX && facts->on_stack) {
		uint32_t word = 0;

		if (live_read_memory(actor->pid, lock->address, &word, sizeof(word)) != sizeof(word))
			return holder;
		owner = word & TID_BITS;
	} else if (!lock_names_owner(lock->kind, facts) ||
		   (facts->words[0] == UINT32_MAX && facts->words[1] == UINT32_MAX))
		return holder; /* no owner in such a lock, or its memory was not read */
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

struct lock_holder locks_gil_holder(struct locks *locks, const struct lock_actor *actor)
{
	const uint32_t number = python_gil_holder(locks->sites.symbols, actor->pid, actor->start_ns);
	const struct person *person = number ? people_meant(&locks->people, actor->pid, actor->start_ns, number) : NULL;

	if (!person || person->pid != actor->pid || person->ended_ns)
		return (struct lock_holder){.known = HOLDER_UNKNOWN};
	return (struct lock_holder){
	    .known = HOLDER_THREAD, .pid = person->pid, .tid = person->tid, .start_ns = person->start_ns};
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Locks, threads and places in words; see lock_words.h. */
#include "analyze/common/lock_words.h"

#include <string.h>

static const char *noun(const struct lock *lock)
{
	switch (lock->kind) {
	case LOCK_FUTEX:
		return "lock";
	case LOCK_PI_MUTEX:
		return "PI mutex";
	case LOCK_CONDVAR:
		return "condition variable";
	case LOCK_JOIN:
		return "end of a thread";
	case LOCK_ONCE:
		return "one-time initialisation";
	case LOCK_GIL:
		return "GIL";
	case LOCK_FILE:
		return "file lock on";
	default:
		return lock_kind_name(lock->kind);
	}
}

struct words words_lock(const struct lock *lock)
{
	const char *what = noun(lock);

	if (*lock->name)
		return words_format("the %s %.72s", what, lock->name);
	if (lock->kind == LOCK_JOIN || lock->kind == LOCK_GIL)
		return words_format("the %s", what);
	if (lock->site && lock->site->frame_count)
		return words_format("the %s first met in %.72s", what, lock->site->frames[0]);
	if (lock->address)
		return words_format("the %s at 0x%llx", what, (unsigned long long)lock->address);
	return words_format("the %s #%u", what, lock->number);
}

struct words words_thread(const struct thread *thread)
{
	if (!thread->comm[0])
		return words_format("thread %u", thread->tid);
	return words_format("%.*s (%u)", COMM_SIZE, thread->comm, thread->tid);
}

struct words words_place(const struct lock_site *site)
{
	if (site && site->frame_count)
		return words_format(" in %.100s", site->frames[0]);
	return words_format("%s", "");
}

struct words words_holder(const struct model *model, const struct lock_holder_id *holder)
{
	const struct thread *thread = lock_holder_thread(model, holder, NULL);

	if (thread)
		return words_thread(thread);
	switch (holder->known) {
	case HOLDER_THREAD:
		return words_format("thread %u", holder->tid);
	case HOLDER_NOBODY:
		return words_format("nobody");
	case HOLDER_GONE:
		return words_format("a thread (%u) that has ended", holder->tid);
	case HOLDER_FORK:
		return words_format("a thread (%u) of the process that it was forked from", holder->tid);
	default:
		return words_format("unknown");
	}
}

const char *words_held_by(const struct lock *lock)
{
	if (lock->kind == LOCK_SEMAPHORE)
		return "last taken by";
	return lock->kind == LOCK_JOIN ? "of" : "held by";
}

static void write_link(struct json *json, const struct lock_link *link)
{
	json_object_open(json);
	json_key_unsigned(json, "tid", link->thread->tid);
	json_key(json, "comm");
	json_bytes(json, link->thread->comm, strnlen(link->thread->comm, COMM_SIZE));
	words_json_id(json, "process", link->process->id);
	json_key_unsigned(json, "waits_for", link->lock->number);
	if (link->held_by_tid)
		json_key_unsigned(json, "held_by_tid", link->held_by_tid);
	else
		json_key_null(json, "held_by_tid");
	json_key_string(json, "site", link->site && link->site->frame_count ? link->site->frames[0] : NULL);
	json_object_close(json);
}

void words_json_cycle(struct json *json, const struct lock_link *links, size_t count)
{
	json_key(json, "cycle");
	json_array_open(json);
	for (size_t i = 0; i < count; i++)
		write_link(json, &links[i]);
	json_array_close(json);
}

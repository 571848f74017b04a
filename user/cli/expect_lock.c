/* SPDX-License-Identifier: BSD-2-Clause
 * What can be asked of a lock; see expect_internal.h. */
#include <string.h>

#include "base/text.h"
#include "cli/expect_internal.h"

bool lock_is_named(const struct lock *lock, const char *name)
{
	size_t length = strlen(name);

	if (length && name[length - 1] == '*')
		return !strncmp(lock->name, name, length - 1);
	return !strcmp(lock->name, strcmp(name, "-") ? name : "");
}

static int64_t count_parties(const struct lock_party *party, bool known_only)
{
	int64_t count = 0;

	for (; party; party = party->next)
		count += !known_only || party->who.known == HOLDER_THREAD;
	return count;
}

/* How long others waited behind holders that are not known. */
static int64_t behind_unknown(const struct lock *lock)
{
	uint64_t sum = 0;

	for (const struct lock_party *party = lock->holders; party; party = party->next)
		if (party->who.known != HOLDER_THREAD)
			sum += party->wait_ns;
	return (int64_t)sum;
}

static int64_t count_acquisitions(const struct lock *lock)
{
	uint64_t sum = 0;

	for (const struct lock_party *party = lock->holders; party; party = party->next)
		sum += party->acquisitions;
	return (int64_t)sum;
}

/* -1: there is no such number. */
static int64_t number_of(const struct lock *lock, const struct condition *condition)
{
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {
	    {"waits", (int64_t)lock->waits},
	    {"timeouts", (int64_t)lock->timeouts},
	    {"wait_ns", (int64_t)lock->wait_ns},
	    {"max_wait_ns", (int64_t)lock->max_ns},
	    {"waiting", lock->waiting},
	    {"waiters", count_parties(lock->waiters, true)},
	    {"holders", count_parties(lock->holders, true)},
	    {"wakers", count_parties(lock->wakers, true)},
	    {"unknown_ns", behind_unknown(lock)},
	    {"acquisitions", count_acquisitions(lock)},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (condition_key_is(condition, numbers[i].name))
			return numbers[i].value < 0 ? INT64_MAX : numbers[i].value;
	return -1;
}

/* Is that thread (or one of that process) among them? */
static bool names_party(const struct check *check, const char *name, const struct lock_party *party)
{
	for (; party; party = party->next)
		if (party->who.known == HOLDER_THREAD && names_thread(check, name, party->who.pid, party->who.tid))
			return true;
	return false;
}

/* Of the holders that are known, is that thread the one behind which others waited longest? */
static bool names_main_holder(const struct check *check, const char *name, const struct lock *lock)
{
	const struct lock_party *most = NULL;

	for (const struct lock_party *party = lock->holders; party; party = party->next)
		if (party->who.known == HOLDER_THREAD && (!most || party->wait_ns > most->wait_ns))
			most = party;
	return most && names_thread(check, name, most->who.pid, most->who.tid);
}

/* Some place where it was waited for has that in one of its frames, or waits in that function. */
static bool has_place(const struct lock *lock, const struct condition *condition, bool call)
{
	for (const struct lock_place *place = lock->places; place; place = place->next) {
		if (call && compare_text(condition->operation, place->site->call, condition->value))
			return true;
		for (unsigned i = 0; !call && i < place->site->frame_count; i++)
			if (compare_text(condition->operation, place->site->frames[i], condition->value))
				return true;
	}
	return false;
}

int lock_holds(const struct check *check, const struct lock *lock, const char *word)
{
	struct condition condition;
	int64_t number, wanted;

	if (!condition_read(word, &condition))
		return -1;
	if (condition_key_is(&condition, "kind"))
		return compare_text(condition.operation, lock_kind_name(lock->kind), condition.value);
	if (condition_key_is(&condition, "object"))
		return compare_text(condition.operation, lock->object, condition.value);
	if (condition_key_is(&condition, "shared"))
		return compare_text(condition.operation, lock->shared ? "true" : "false", condition.value);
	if (condition_key_is(&condition, "waiter"))
		return names_party(check, condition.value, lock->waiters);
	if (condition_key_is(&condition, "waker"))
		return names_party(check, condition.value, lock->wakers);
	if (condition_key_is(&condition, "holder"))
		return names_party(check, condition.value, lock->holders);
	if (condition_key_is(&condition, "main_holder"))
		return names_main_holder(check, condition.value, lock);
	if (condition_key_is(&condition, "site"))
		return has_place(lock, &condition, false);
	if (condition_key_is(&condition, "call"))
		return has_place(lock, &condition, true);
	number = number_of(lock, &condition);
	if (number < 0 || !read_number(condition.value, &wanted))
		return -1;
	return compare_number(condition.operation, number, wanted);
}

static void describe_holders(const struct lock *lock, struct buffer *out)
{
	for (const struct lock_party *party = lock->holders; party; party = party->next)
		if (party->who.known == HOLDER_THREAD)
			buffer_format(out, " %u:%u (%llu ns)", party->who.pid, party->who.tid,
				      (unsigned long long)party->wait_ns);
}

void describe_lock(const struct lock *lock, struct buffer *out)
{
	text_escape(out, lock->name, strlen(lock->name), 0);
	buffer_format(out, "%s(%s%s): waits=%llu wait_ns=%llu max_wait_ns=%llu waiting=%u waiters=%lld; holders",
		      *lock->name ? " " : "", lock->shared ? "shared " : "", lock_kind_name(lock->kind),
		      (unsigned long long)lock->waits, (unsigned long long)lock->wait_ns,
		      (unsigned long long)lock->max_ns, lock->waiting, (long long)count_parties(lock->waiters, true));
	describe_holders(lock, out);
	buffer_format(out, " unknown (%lld ns)", (long long)behind_unknown(lock));
}

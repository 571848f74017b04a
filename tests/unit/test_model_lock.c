/* SPDX-License-Identifier: BSD-2-Clause
 * Locks in the model, where a scenario cannot reach: numbers that no kernel would tell, and records that are only known
 * by number. What is folded in the ordinary way is tested by tests/cases/model/lock-*. */
#include "sink_world.h"

#include "model/lock.h"

static const struct process *actor(struct world *world)
{
	return model_by_pid(world->model, 200);
}

static void waits(struct world *world, uint32_t lock, uint32_t holder_tid)
{
	tell(world, "lock_wait", 5, 200, 1, "p");
	number(world, "lock", lock);
	number(world, "holder", HOLDER_THREAD);
	number(world, "holder_pid", 200);
	number(world, "holder_tid", holder_tid);
	number(world, "holder_start", (int64_t)at_ms(1));
	told(world);
}

static void sums(struct world *world, uint64_t count, uint64_t ns)
{
	tell(world, "lock_sum", 6, 200, 1, "p");
	number(world, "lock", 7);
	number(world, "site", 9);
	number(world, "waits", (int64_t)count);
	number(world, "wait_ns", (int64_t)ns);
	number(world, "max_ns", (int64_t)ns);
	told(world);
}

static void sums_never_wrap(void **state)
{
	struct world world;
	const struct lock *lock;

	(void)state;
	world_open(&world);
	sums(&world, UINT64_MAX, UINT64_MAX - 1);
	sums(&world, 3, 5);
	lock = model_lock(world.model, 7);
	assert_non_null(lock);
	assert_true(lock->waits == UINT64_MAX && lock->wait_ns == UINT64_MAX && lock->max_ns == UINT64_MAX - 1);
	assert_true(lock->waiters->wait_ns == UINT64_MAX && !lock->waiters->next);
	assert_true(lock->places->wait_ns == UINT64_MAX && !lock->places->next);
	world_close(&world);
}

static void what_is_known_by_number_only(void **state)
{
	struct world world;
	const struct lock_site *site;

	(void)state;
	world_open(&world);
	sums(&world, 1, 5);
	assert_false(model_lock(world.model, 7)->told);
	assert_string_equal(model_lock(world.model, 7)->name, "");
	site = model_site(world.model, 9);
	assert_non_null(site);
	assert_int_equal(site->frame_count, 0);
	assert_ptr_equal(model_lock(world.model, 7)->places->site, site);
	tell(&world, "site", 8, 200, 1, "p"); /* told later, it is the same record */
	number(&world, "site", 9);
	bytes(&world, "frames", "a\0\0b\0", 5);
	told(&world);
	assert_int_equal(site->frame_count, 2);
	assert_string_equal(site->frames[1], "b");
	assert_null(model_lock(world.model, 0));
	assert_null(model_lock(world.model, 8));
	world_close(&world);
}

static void frames_have_a_limit(void **state)
{
	char frames[4 * SITE_FRAMES_MAX];
	struct world world;

	(void)state;
	for (size_t i = 0; i < sizeof(frames); i++)
		frames[i] = i % 2 ? '\0' : 'f';
	world_open(&world);
	tell(&world, "site", 8, 200, 1, "p");
	number(&world, "site", UINT32_MAX);
	number(&world, "cut", 77);
	bytes(&world, "frames", frames, sizeof(frames));
	told(&world);
	assert_int_equal(model_site(world.model, UINT32_MAX)->frame_count, SITE_FRAMES_MAX);
	assert_int_equal(model_site(world.model, UINT32_MAX)->cut, SITE_UNREADABLE);
	world_close(&world);
}

static void a_holder_without_identity_is_unknown(void **state)
{
	const struct thread_wait *wait;
	struct world world;

	(void)state;
	world_open(&world);
	waits(&world, 7, 0);
	wait = thread_wait_now(model_thread(actor(&world), 200));
	assert_non_null(wait);
	assert_int_equal(wait->holder.known, HOLDER_UNKNOWN);
	waits(&world, 7, 200);
	assert_int_equal(wait->holder.known, HOLDER_THREAD);
	assert_ptr_equal(lock_holder_thread(world.model, &wait->holder, NULL), model_thread(actor(&world), 200));
	waits(&world, 7, 300); /* a thread that nobody has seen */
	assert_null(lock_holder_thread(world.model, &wait->holder, NULL));
	assert_int_equal(model_lock(world.model, 7)->waiting, 1);
	world_close(&world);
}

static void kinds_have_names(void **state)
{
	(void)state;
	assert_string_equal(lock_kind_name(LOCK_FUTEX), "futex");
	assert_string_equal(lock_kind_name(LOCK_PI_MUTEX), "pi-mutex");
	assert_string_equal(lock_kind_name(LOCK_FILE), "file");
	assert_null(lock_kind_name(LOCK_KIND_COUNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sums_never_wrap),     cmocka_unit_test(what_is_known_by_number_only),
	    cmocka_unit_test(frames_have_a_limit), cmocka_unit_test(a_holder_without_identity_is_unknown),
	    cmocka_unit_test(kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

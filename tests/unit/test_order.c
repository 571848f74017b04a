/* SPDX-License-Identifier: BSD-2-Clause
 * The reorder window: order by time, arrival among equals, late ones counted, contents untouched, errors passed on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "source/order.h"

#define MS 1000000ULL

struct seen {
	uint64_t times[100000];
	uint32_t pids[100000];
	size_t count;
	size_t fail_at; /* 0: never */
};

static int see(void *context, const struct event *event)
{
	struct seen *seen = context;

	if (seen->fail_at && seen->count + 1 == seen->fail_at)
		return -EPIPE;
	seen->times[seen->count] = event->t_ns;
	seen->pids[seen->count++] = event->pid;
	return 0;
}

static int push(struct order *order, uint64_t t_ns, uint32_t pid)
{
	const struct event_tick tick = {
	    .h = {.size = sizeof(tick), .kind = EVENT_tick, .t_ns = t_ns, .pid = pid, .tid = pid}};

	return order_push(order, &tick.h);
}

static void without_a_window_nothing_is_held(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct order *order = order_new(0, see, seen);

	(void)state;
	push(order, 30, 1);
	assert_int_equal(seen->count, 1);
	push(order, 10, 2);
	assert_int_equal(seen->count, 2);
	assert_int_equal(seen->pids[1], 2);
	assert_int_equal(order_late(order), 1);
	order_free(order);
	free(seen);
}

static void times_within_the_window_are_sorted(void **state)
{
	static const uint64_t times[] = {12, 10, 14, 11, 13, 16, 15, 30};
	struct seen *seen = calloc(1, sizeof(*seen));
	struct order *order = order_new(5 * MS, see, seen);

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(push(order, times[i] * MS, i), 0);
	assert_int_equal(seen->count, 7); /* 30 is held until something later comes */
	assert_int_equal(order_flush(order), 0);
	assert_int_equal(seen->count, 8);
	for (size_t i = 1; i < seen->count; i++)
		assert_true(seen->times[i - 1] <= seen->times[i]);
	assert_int_equal(order_late(order), 0);
	order_free(order);
	free(seen);
}

static void equal_times_keep_their_arrival(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct order *order = order_new(5 * MS, see, seen);

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		push(order, (10 + i % 3) * MS, i);
	order_flush(order);
	for (size_t i = 1; i < seen->count; i++)
		assert_true(seen->times[i - 1] < seen->times[i] || seen->pids[i - 1] < seen->pids[i]);
	order_free(order);
	free(seen);
}

static void a_record_is_held_for_one_window(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct order *order = order_new(5 * MS, see, seen);

	(void)state;
	push(order, 10 * MS, 1);
	push(order, 15 * MS, 2);
	assert_int_equal(seen->count, 0);
	push(order, 15 * MS + 1, 3);
	assert_int_equal(seen->count, 1);
	order_free(order);
	free(seen);
}

static void what_comes_too_late_is_told_and_counted(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct order *order = order_new(5 * MS, see, seen);

	(void)state;
	push(order, 10 * MS, 1);
	push(order, 20 * MS, 2);
	push(order, 9 * MS, 3);
	assert_int_equal(seen->count, 2);
	assert_int_equal(seen->pids[1], 3);
	assert_int_equal(order_late(order), 1);
	order_free(order);
	free(seen);
}

static int check_content(void *context, const struct event *event)
{
	const unsigned char *bytes = (const unsigned char *)event;
	size_t *count = context;

	for (size_t i = sizeof(*event); i < event->size; i++)
		assert_int_equal(bytes[i], (unsigned char)(event->pid + i));
	++*count;
	return 0;
}

static void records_of_all_sizes_are_copied_whole(void **state)
{
	_Alignas(8) unsigned char bytes[EVENT_SIZE_MAX];
	struct event *event = (struct event *)bytes;
	size_t count = 0;
	struct order *order = order_new(5 * MS, check_content, &count);

	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		memset(event, 0, sizeof(*event));
		event->size = i % 50 ? 48 + 8 * (i % 300) : EVENT_SIZE_MAX;
		event->t_ns = (1000 + i / 7 + (i * 31) % 4) * MS;
		event->pid = i;
		for (size_t place = sizeof(*event); place < event->size; place++)
			bytes[place] = (unsigned char)(i + place);
		assert_int_equal(order_push(order, event), 0);
	}
	order_flush(order);
	assert_int_equal(count, 3000);
	order_free(order);
}

static void an_error_of_the_receiver_comes_back(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct order *order = order_new(5 * MS, see, seen);

	(void)state;
	seen->fail_at = 2;
	assert_int_equal(push(order, 10 * MS, 1), 0);
	assert_int_equal(push(order, 11 * MS, 2), 0);
	assert_int_equal(push(order, 50 * MS, 3), -EPIPE);
	assert_int_equal(seen->count, 1);
	order_free(order); /* what is still held is released */
	free(seen);
}

static void a_long_shuffled_stream_comes_out_sorted(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct order *order = order_new(5 * MS, see, seen);
	uint32_t random = 7;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		random = random * 1664525u + 1013904223u;
		push(order, 100 * MS + i * 1000ULL + (random >> 8) % (4 * MS), i);
	}
	order_flush(order);
	assert_int_equal(seen->count, 100000);
	assert_int_equal(order_late(order), 0);
	for (size_t i = 1; i < seen->count; i++)
		assert_true(seen->times[i - 1] <= seen->times[i]);
	order_free(order);
	free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_window_nothing_is_held),
	    cmocka_unit_test(times_within_the_window_are_sorted),
	    cmocka_unit_test(equal_times_keep_their_arrival),
	    cmocka_unit_test(a_record_is_held_for_one_window),
	    cmocka_unit_test(what_comes_too_late_is_told_and_counted),
	    cmocka_unit_test(records_of_all_sizes_are_copied_whole),
	    cmocka_unit_test(an_error_of_the_receiver_comes_back),
	    cmocka_unit_test(a_long_shuffled_stream_comes_out_sorted),
	};

	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}

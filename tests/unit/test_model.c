/* SPDX-License-Identifier: BSD-2-Clause
 * The model beyond what text scenarios tell (tests/cases/model): its accessors, hostile streams, time and memory.
 * The oracle of the hostile stream is the model's own bookkeeping, counted again from its lists. */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "event/event.h"
#include "model/lock.h"
#include "model/model.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define HEAD(name, time, who)                                                                                          \
	.h = {.size = sizeof(struct event_##name),                                                                     \
	      .kind = EVENT_##name,                                                                                    \
	      .t_ns = (time),                                                                                          \
	      .pid = (who),                                                                                            \
	      .tid = (who),                                                                                            \
	      .start_ns = (who),                                                                                       \
	      .comm = "test"}

static int set_up(void **state)
{
	*state = model_new();
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	model_free(*state);
	return 0;
}

static void tell(struct model *model, const struct event *event)
{
	const char *why = "";

	assert_int_equal(event_check(event, event->size, &why), 0);
	assert_int_equal(model_event(model, event), 0);
}

/* Starts equal pids here, so that an identity is one number. */
static void fork_child(struct model *model, uint64_t t_ns, uint32_t parent, uint32_t child)
{
	const struct event_fork fork = {HEAD(fork, t_ns, parent), .child = child,         .child_start = child,
					.parent = parent,         .parent_start = parent, .parent_tid = parent,
					.exit_signal = 17};

	tell(model, &fork.h);
}

static void exit_process(struct model *model, uint64_t t_ns, uint32_t pid, int32_t status)
{
	const struct event_exit exit = {HEAD(exit, t_ns, pid), .status = status, .group_dead = 1, .exit_signal = 17};

	tell(model, &exit.h);
}

static void end_process(struct model *model, uint64_t t_ns, uint32_t pid)
{
	const struct event_end end = {HEAD(end, t_ns, pid), .state = END_ZOMBIE};

	tell(model, &end.h);
}

static void reap_child(struct model *model, uint64_t t_ns, uint32_t waiter, uint32_t child)
{
	const struct event_reap reap = {HEAD(reap, t_ns, waiter), .child = child, .child_start = child};

	tell(model, &reap.h);
}

static void an_empty_model_answers(void **state)
{
	struct model *model = *state;

	assert_null(model_first(model));
	assert_null(model_by_pid(model, 1));
	assert_null(model_by_pid(model, 0));
	assert_null(model_by_tid(model, 1));
	assert_null(model_find(model, (struct process_ref){0, 0}));
	assert_null(model_cgroup_path(model, 1));
	assert_null(model_fork_failures(model));
	assert_null(model_lost_spans(model));
	assert_int_equal(model_lost(model, EVENT_GROUP_COUNT), 0);
	assert_int_equal(model_observation(model)->exit_status, -1);
	assert_int_equal(model_observation(model)->ended_by, ENDED_CUT);
	assert_false(model_is_ancestor(model, (struct process_ref){1, 1}, (struct process_ref){2, 2}));
	model_free(NULL);
}

static void pids_and_tids_lead_to_their_latest_bearer(void **state)
{
	struct model *model = *state;
	struct event_fork fork = {HEAD(fork, 100, 7), .child = 20,       .child_start = 50,
				  .parent = 7,        .parent_start = 7, .exit_signal = 17};
	const struct event_thread thread = {
	    .h = {.size = sizeof(thread), .kind = EVENT_thread, .t_ns = 200, .pid = 20, .tid = 20, .start_ns = 90},
	    .child = 33};

	tell(model, &fork.h);
	fork.child_start = 90;
	tell(model, &fork.h);
	fork.child_start = 60; /* told late: not the latest */
	tell(model, &fork.h);
	tell(model, &thread.h);
	assert_int_equal(model_by_pid(model, 20)->id.start_ns, 90);
	assert_int_equal(model_by_tid(model, 20)->id.start_ns, 90);
	assert_int_equal(model_by_tid(model, 33)->id.start_ns, 90);
	assert_int_equal(model_find(model, (struct process_ref){20, 60})->id.start_ns, 60);
	assert_null(model_find(model, (struct process_ref){20, 0}));
	assert_null(model_thread(model_find(model, (struct process_ref){20, 60}), 33));
	assert_int_equal(model_thread(model_by_pid(model, 20), 33)->started_ns, 200);
}

static void the_clock_is_that_of_the_events(void **state)
{
	struct model *model = *state;

	fork_child(model, 1000, 1, 200);
	end_process(model, 2000, 200);
	fork_child(model, 1500, 1, 201); /* late: time does not go back */
	assert_int_equal(model_now(model), 2000);
	assert_int_equal(process_zombie_ns(model, model_by_pid(model, 200)), 0);
	fork_child(model, 5000, 1, 202);
	assert_int_equal(process_zombie_ns(model, model_by_pid(model, 200)), 3000);
	assert_int_equal(model_events(model), 4);
	assert_int_equal(model_observation(model)->end_ns, 5000);
}

/* waits[] moves and is pruned while threads point into it. */
static void ways_of_waiting_are_bounded_but_not_those_in_use(void **state)
{
	struct model *model = *state;
	struct event_wait_enter enter = {HEAD(wait_enter, 10, 1), .type = WAIT_ANY, .target = -1};
	struct event_wait_exit leave = {HEAD(wait_exit, 11, 1), .type = WAIT_PID};
	const struct process *process;

	for (uint32_t tid = 1; tid <= 40; tid++) { /* forty threads block on a child each, one on any */
		enter.h.tid = tid;
		enter.type = tid == 1 ? WAIT_ANY : WAIT_PID;
		enter.target = tid == 1 ? -1 : 1000 + (int32_t)tid;
		enter.calls = tid;
		tell(model, &enter.h);
	}
	leave.h.tid = 77;
	for (int32_t target = 1; target <= 5000; target++) { /* and one waits for child after child */
		leave.h.t_ns++;
		leave.target = 2000 + target;
		leave.calls = 40 + (uint64_t)target;
		tell(model, &leave.h);
	}
	process = model_by_pid(model, 1);
	assert_int_equal(process->wait_count, WAIT_SIGNS_MAX);
	assert_int_equal(process->wait_calls, 5040);
	for (uint32_t tid = 1; tid <= 40; tid++) {
		const struct thread *thread = model_thread(process, tid);

		assert_true(thread->waiting);
		assert_in_range((uintptr_t)thread->wait, (uintptr_t)process->waits,
				(uintptr_t)(process->waits + process->wait_count - 1));
		assert_int_equal(thread->wait->target, tid == 1 ? -1 : 1000 + (int)tid);
		assert_int_equal(thread->wait->waiters, 1);
	}
	assert_false(model_thread(process, 77)->waiting);
	for (uint32_t tid = 100; tid < 200; tid++) { /* more waiting threads than are kept otherwise */
		enter.h.tid = tid;
		enter.target = 10000 + (int32_t)tid;
		tell(model, &enter.h);
	}
	assert_in_range(process->wait_count, 140, 200);
	assert_int_equal(model_thread(process, 199)->wait->target, 10199);
	assert_int_equal(model_thread(process, 2)->wait->target, 1002);
}

/* A wait for any child says more than one for a child that is gone: it is kept although it is older. */
static void waits_for_any_outlive_those_for_one(void **state)
{
	struct model *model = *state;
	struct event_wait_exit leave = {HEAD(wait_exit, 10, 1), .type = WAIT_ANY, .target = -1};
	const struct process *process;
	bool kept = false;

	tell(model, &leave.h);
	leave.type = WAIT_PID;
	for (leave.target = 1; leave.target <= 1000; leave.target++) {
		leave.h.t_ns++;
		tell(model, &leave.h);
	}
	process = model_by_pid(model, 1);
	assert_int_equal(process->wait_count, WAIT_SIGNS_MAX);
	for (unsigned i = 0; i < process->wait_count; i++)
		kept |= process->waits[i].type == WAIT_ANY;
	assert_true(kept);
}

static void a_process_of_many_threads_finds_each(void **state)
{
	struct model *model = *state;
	struct event_thread thread = {HEAD(thread, 10, 1)};
	const struct process *process;

	for (thread.child = 2; thread.child <= 5000; thread.child++)
		tell(model, &thread.h);
	process = model_by_pid(model, 1);
	assert_int_equal(process->thread_count, 4999); /* the leader itself was never told */
	for (uint32_t tid = 2; tid <= 5000; tid++)
		assert_int_equal(model_thread(process, tid)->tid, tid);
	assert_null(model_thread(process, 5001));
}

/* A parent that is its own child, circles of births, adoption by itself, nobody as anything. */
static void forged_relations_do_no_harm(void **state)
{
	struct model *model = *state;
	const struct event_adopt self = {HEAD(adopt, 30, 5), .child = 5, .child_start = 5, .to = 5,
					 .to_start = 5,      .rule = 99};
	const struct event_adopt nobody = {HEAD(adopt, 30, 5)};
	const struct event_reap nothing = {HEAD(reap, 30, 0)};
	const struct event_end odd = {HEAD(end, 30, 6), .state = 4000000000u, .parent = 6, .parent_start = 6};

	fork_child(model, 10, 5, 5);
	fork_child(model, 11, 5, 6);
	fork_child(model, 12, 6, 5);
	tell(model, &self.h);
	tell(model, &nobody.h);
	tell(model, &nothing.h);
	tell(model, &odd.h);
	assert_true(model_contradictions(model) > 0);
	assert_false(model_is_ancestor(model, (struct process_ref){77, 77}, (struct process_ref){5, 5}));
	assert_true(model_is_ancestor(model, (struct process_ref){6, 6}, (struct process_ref){5, 5}));
	assert_false(process_is_zombie(model_by_pid(model, 6)));
}

static uint32_t next_random(uint32_t *random)
{
	*random = *random * 1664525u + 1013904223u;
	return *random >> 8;
}

/* Any event with small numbers in every field: all kinds meet, contradict and repeat each other. */
static void fill_randomly(struct event_builder *builder, const struct event_info *info, uint64_t t_ns, uint32_t *random)
{
	struct event *event = (struct event *)builder->bytes;

	event_build(builder, info);
	for (unsigned i = 0; i < info->field_count; i++) {
		const struct event_field *field = &info->fields[i];

		if (field->type == FIELD_BLOB)
			event_build_bytes(builder, field->name, "a/b\0//c", next_random(random) % 8);
		else if (field->type == FIELD_STR)
			event_build_bytes(builder, field->name, "name", next_random(random) % 5);
		else
			event_build_integer(builder, field->name, next_random(random) % 12);
	}
	event->t_ns = t_ns - next_random(random) % 8;
	event->pid = next_random(random) % 8;
	event->tid = event->pid + (next_random(random) % 3 ? 0 : next_random(random) % 6);
	event->start_ns = event->pid + next_random(random) % 3;
	memcpy(event->comm, "actor", 6);
}

static void check_bookkeeping(const struct model *model)
{
	for (const struct process *process = model_first(model); process; process = process->next) {
		uint32_t unreaped = 0, threads = 0, in_waits = 0, waiters = 0;

		for (const struct process *other = model_first(model); other; other = other->next)
			unreaped += process_is_zombie(other) && process_ref_equal(other->parent, process->id);
		for (const struct thread *thread = process->threads; thread; thread = thread->next) {
			threads++;
			in_waits += thread->waiting;
			assert_int_equal(thread->waiting, thread->wait != NULL);
		}
		for (unsigned i = 0; i < process->wait_count; i++)
			waiters += process->waits[i].waiters;
		for (const struct process *child = process->first_child; child; child = child->next_sibling)
			assert_true(process_ref_equal(child->born_to, process->id));
		assert_int_equal(process->children_unreaped, unreaped);
		assert_int_equal(process->thread_count, threads + (process->gone ? process->gone->threads : 0));
		assert_int_equal(waiters, in_waits);
		assert_true(!process->reaped_ns || process->dead_ns <= process->reaped_ns);
		assert_true(!process->dead_ns || process->exited_ns);
		assert_ptr_equal(model_find(model, process->id), process);
	}
}

static void any_stream_keeps_the_books_in_order(void **state)
{
	struct event_builder *builder = malloc(sizeof(*builder));
	uint32_t random = 2026;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct model *model = model_new();

		for (uint64_t step = 0; step < 400; step++) {
			const struct event_info *info = NULL;

			while (!info)
				info = event_info((uint16_t)(next_random(&random) % EVENT_KIND_LIMIT));
			fill_randomly(builder, info, 20 + step, &random);
			tell(model, event_built(builder));
		}
		check_bookkeeping(model);
		model_free(model);
	}
	free(builder);
}

static void losses_without_end_are_few_spans(void **state)
{
	struct model *model = *state;
	uint64_t spans = 0, total = 0;

	for (uint64_t turn = 1; turn <= 10000; turn++) {
		const struct event_lost lost = {HEAD(lost, 100 * turn, 0), .since_ns = 100 * (turn - 1), .count = 3,
						.class = turn % 2};

		tell(model, &lost.h);
	}
	for (const struct lost_span *span = model_lost_spans(model); span; span = span->next) {
		spans++;
		total += span->count;
		assert_true(span->since_ns < span->until_ns);
	}
	assert_int_equal(total, 30000);
	assert_int_equal(model_lost(model, EVENT_GROUP_COUNT), 30000);
	assert_int_equal(spans, 10000); /* those of a class do not touch: they stay apart */
	for (uint64_t turn = 10001; turn <= 20000; turn++) {
		const struct event_lost lost = {HEAD(lost, 100 * turn, 0), .since_ns = 100 * (turn - 1), .count = 3,
						.class = 0};

		tell(model, &lost.h);
	}
	for (const struct lost_span *span = model_lost_spans(model); span; span = span->next)
		spans -= span->until_ns < 1000000;
	assert_int_equal(spans, 1);
	assert_int_equal(model_lost(model, EVENT_GROUP_COUNT), 60000);
}

/* ---- those that came and went */

static bool needs_odd(void *context, const struct process *process)
{
	return context && process->id.pid % 2;
}

static bool needs_odd_thread(void *context, const struct process *process, const struct thread *thread)
{
	return context && process->id.pid != thread->tid && thread->tid % 2;
}

static void forget_counted(void *context, const struct process *process)
{
	assert_true(!process->thread_count || process->threads || process->gone);
	if (context)
		++*(unsigned *)context;
}

static void forget_thread(void *context, const struct thread *thread)
{
	(void)context;
	assert_int_not_equal(thread->tid, 0);
}

static void who_is_over_is_retired_unless_needed_or_named(void **state)
{
	struct model *model = *state;
	unsigned forgotten = 0;
	const struct retire_users users = {needs_odd, needs_odd_thread, forget_counted, forget_thread, &forgotten};
	const struct retire_rule rule = {.keep = 0, .grace_ns = 10};

	for (uint32_t child = 2; child < 10; child++) {
		fork_child(model, child, 1, child);
		exit_process(model, 20, child, 0);
		end_process(model, 21, child);
		if (child != 4) /* stays a zombie */
			reap_child(model, 22, 1, child);
	}
	fork_child(model, 23, 6, 100); /* alive, and refers to 6 */
	model_retire(model, &rule, &users);
	assert_int_equal(model_retired(model)->processes, 0); /* too soon */
	fork_child(model, 40, 1, 101);
	model_retire(model, &rule, &users);
	assert_int_equal(model_retired(model)->processes, 2);
	assert_int_equal(model_retired(model)->threads, 2);
	assert_int_equal(forgotten, 2);
	for (uint32_t child = 2; child < 10; child++) {
		const bool gone = child == 2 || child == 8;

		assert_int_equal(model_find(model, (struct process_ref){child, child}) == NULL, gone);
		assert_int_equal(model_by_pid(model, child) == NULL, gone);
		assert_int_equal(model_by_tid(model, child) == NULL, gone);
	}
	assert_int_equal(model_by_pid(model, 1)->children_born, 9);
	assert_int_equal(model_retired(model)->names->processes, 2);
	assert_string_equal(model_retired(model)->names->comm, "test");
}

static void the_youngest_stay_and_work_is_done_once_in_a_while(void **state)
{
	struct model *model = *state;
	const struct retire_users users = {needs_odd, needs_odd_thread, forget_counted, forget_thread, NULL};
	const struct retire_rule rule = {.keep = 10, .grace_ns = 0};

	for (uint32_t child = 2; child < 102; child++) {
		fork_child(model, child, 1, child);
		exit_process(model, child, child, 0);
		end_process(model, child, child);
		reap_child(model, child, 1, child);
		model_retire(model, &rule, &users);
		assert_in_range(child - 1 - model_retired(model)->processes, 0, 20);
	}
	assert_non_null(model_by_pid(model, 101));
	assert_non_null(model_by_pid(model, 92));
	assert_null(model_by_pid(model, 2));
}

/* Of a process that lives on. */
static void end_thread(struct model *model, uint64_t t_ns, uint32_t pid, uint32_t tid)
{
	struct event_thread start = {HEAD(thread, t_ns, pid), .child = tid};
	struct event_end end = {HEAD(end, t_ns + 5, pid), .state = END_THREAD, .voluntary = 3, .cpu_ns = 100};

	tell(model, &start.h);
	end.h.tid = tid;
	tell(model, &end.h);
}

static struct process_ref self(uint32_t pid)
{
	return (struct process_ref){pid, pid};
}

static void threads_that_ended_are_added_up(void **state)
{
	struct model *model = *state;
	unsigned odd_stay = 0;
	const struct retire_users users = {needs_odd, needs_odd_thread, forget_counted, forget_thread, &odd_stay};
	const struct retire_rule rule = {.keep = 0, .grace_ns = 10};
	struct event_thread alive = {HEAD(thread, 50, 2), .child = 30};
	const struct process *process;
	struct counters sum;

	fork_child(model, 10, 1, 2);
	tell(model, &alive.h);
	for (uint32_t tid = 10; tid < 30; tid++)
		end_thread(model, 100, 2, tid);
	model_retire(model, &rule, &users);
	process = model_find(model, self(2));
	assert_null(process->gone); /* too soon */
	fork_child(model, 200, 1, 3);
	model_retire(model, &rule, &users);
	assert_int_equal(process->gone->threads, 10);
	assert_int_equal(process->gone->lives_ns, 50);
	assert_int_equal(process->gone->counters.voluntary, 30);
	assert_int_equal(process->thread_count, 22);
	process_counters(process, &sum);
	assert_int_equal(sum.voluntary, 60);
	assert_int_equal(sum.cpu_ns, 2000);
	for (uint32_t tid = 10; tid < 30; tid++) {
		assert_int_equal(model_thread(process, tid) != NULL, tid % 2);
		assert_int_equal(model_by_tid(model, tid) != NULL, tid % 2);
	}
	assert_non_null(model_thread(process, 30));
	assert_non_null(model_thread(process, 2));
	end_thread(model, 300, 2, 12); /* a number that was used before */
	assert_non_null(model_thread(process, 12));
	assert_int_equal(process->thread_count, 23);
}

/* A number that went to another process is not taken from it. */
static void a_tid_that_found_a_new_bearer_stays_with_it(void **state)
{
	struct model *model = *state;
	const struct retire_users users = {needs_odd, needs_odd_thread, forget_counted, forget_thread, NULL};
	const struct retire_rule rule = {.keep = 0, .grace_ns = 10};

	fork_child(model, 10, 1, 2);
	end_thread(model, 100, 2, 10);
	fork_child(model, 110, 1, 10);
	fork_child(model, 200, 1, 3);
	model_retire(model, &rule, &users);
	assert_int_equal(model_find(model, self(2))->gone->threads, 1);
	assert_ptr_equal(model_by_tid(model, 10), model_find(model, self(10)));
}

static void wait_for_lock(struct model *model, uint64_t t_ns, uint32_t pid, uint32_t tid, uint64_t ns)
{
	struct event_lock_sum sum = {
	    HEAD(lock_sum, t_ns, pid), .lock = 1,         .waits = 1,        .wait_ns = ns,      .max_ns = ns,
	    .holder = HOLDER_THREAD,   .holder_pid = pid, .holder_tid = pid, .holder_start = pid};

	sum.h.tid = tid;
	tell(model, &sum.h);
}

static void what_ended_threads_waited_stays_with_the_lock(void **state)
{
	struct model *model = *state;
	const struct retire_users users = {needs_odd, needs_odd_thread, forget_counted, forget_thread, NULL};
	const struct retire_rule rule = {.keep = 0, .grace_ns = 10};
	struct event_lock told = {HEAD(lock, 20, 2), .lock = 1, .kind = LOCK_MUTEX, .address = 4096};
	const struct process *process;
	const struct lock *lock;
	uint64_t listed = 0, listed_ns = 0;

	fork_child(model, 10, 1, 2);
	tell(model, &told.h);
	for (uint32_t i = 0; i < 1000; i++) {
		wait_for_lock(model, 100 + i, 2, 1000 + i, i == 300 ? 1000000 : 10);
		end_thread(model, 100 + i, 2, 1000 + i);
	}
	fork_child(model, 2000, 1, 3);
	model_retire(model, &rule, &users);
	process = model_find(model, self(2));
	lock = model_lock(model, 1);
	assert_non_null(lock->gone);
	for (const struct lock_party *party = lock->waiters; party; party = party->next) {
		listed++;
		listed_ns += party->wait_ns;
		assert_non_null(model_thread(process, party->who.tid));
	}
	assert_in_range(listed, 1, 64);
	assert_int_equal(listed + lock->gone[PART_WAITER].threads, 1000);
	assert_int_equal(listed_ns + lock->gone[PART_WAITER].wait_ns, 1000000 + 999 * 10);
	assert_true(listed_ns >= 1000000); /* who waited most is listed */
	assert_int_equal(lock->gone[PART_HOLDER].threads, 0);
	assert_int_equal(process->gone->threads, 1000 - listed);
	assert_int_equal(lock->waits, 1000);
}

/* Bare numbers of Python threads would make its share of their time look larger than it was. */
static void lives_of_who_waited_for_the_gil_are_kept(void **state)
{
	struct model *model = *state;
	const struct retire_users users = {needs_odd, needs_odd_thread, forget_counted, forget_thread, NULL};
	const struct retire_rule rule = {.keep = 0, .grace_ns = 10};
	struct event_lock told = {HEAD(lock, 20, 2), .lock = 1, .kind = LOCK_GIL, .address = 4096};
	const struct process *process;
	uint64_t counted = 0;

	fork_child(model, 10, 1, 2);
	tell(model, &told.h);
	for (uint32_t i = 0; i < 500; i++) {
		wait_for_lock(model, 100 + i, 2, 1000 + i, 10);
		end_thread(model, 100 + i, 2, 1000 + i); /* lives for 5 */
	}
	fork_child(model, 2000, 1, 3);
	for (unsigned i = 0; i < 3; i++)
		model_retire(model, &rule, &users);
	process = model_find(model, self(2));
	for (const struct thread *thread = process->threads; thread; thread = thread->next)
		counted += thread->tid != 2 && !thread->gil_counted;
	assert_in_range(process->gone->gil_threads, 400, 500);
	assert_int_equal(process->gone->gil_threads + counted, 500);
	assert_int_equal(process->gone->gil_lived_ns, process->gone->gil_threads * 5);
}

static void any_stream_can_be_retired_from(void **state)
{
	struct event_builder *builder = malloc(sizeof(*builder));
	uint32_t random = 1867;
	uint64_t retired = 0, threads = 0;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		const struct retire_users users = {needs_odd, needs_odd_thread, forget_counted, forget_thread,
						   round % 2 ? &(unsigned){0} : NULL};
		const struct retire_rule rule = {.keep = round % 3, .grace_ns = round % 4};
		struct model *model = model_new();

		for (uint64_t step = 0; step < 400; step++) {
			const struct event_info *info = NULL;

			while (!info)
				info = event_info((uint16_t)(next_random(&random) % EVENT_KIND_LIMIT));
			fill_randomly(builder, info, 20 + step, &random);
			tell(model, event_built(builder));
			if (step % 3 == 0) { /* a whole life among them, some by numbers that the others use */
				const uint32_t child = 3 + next_random(&random) % 60;

				fork_child(model, 20 + step, 1 + next_random(&random) % 60, child);
				exit_process(model, 20 + step, child, 0);
				end_process(model, 20 + step, child);
				reap_child(model, 20 + step, 1, child);
			}
			if (step % 4 == 0) {
				const uint32_t bearer = 3 + next_random(&random) % 8;

				end_thread(model, 20 + step, bearer, bearer + 1 + next_random(&random) % 9);
			}
			model_retire(model, &rule, &users);
		}
		check_bookkeeping(model);
		retired += model_retired(model)->processes;
		for (const struct process *process = model_first(model); process; process = process->next)
			threads += process->gone ? process->gone->threads : 0;
		model_free(model);
	}
	assert_in_range(retired, 100, UINT64_MAX);
	assert_in_range(threads, 1000, UINT64_MAX);
	free(builder);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A storm of forks and exits under one shell, which waits for each child by its pid. */
static void a_million_events_fold_in_a_second(void **state)
{
	struct model *model = *state;
	struct event_wait_exit leave = {HEAD(wait_exit, 0, 1), .type = WAIT_PID};
	double begin = seconds();

	for (uint32_t child = 2; child < 200002; child++) {
		uint64_t t_ns = 1000 + child * 10ULL;

		fork_child(model, t_ns, 1, child);
		exit_process(model, t_ns + 1, child, 0);
		end_process(model, t_ns + 2, child);
		leave.h.t_ns = t_ns + 3;
		leave.target = (int32_t)child;
		leave.calls++;
		tell(model, &leave.h);
		reap_child(model, t_ns + 4, 1, child);
	}
	assert_int_equal(model_events(model), 1000000);
	assert_int_equal(model_by_pid(model, 1)->wait_calls, 200000);
	assert_int_equal(model_by_pid(model, 1)->wait_reaped, 200000);
	assert_int_equal(model_by_pid(model, 1)->children_unreaped, 0);
	assert_true(seconds() - begin < (SANITIZED ? 20 : 1));
}

static size_t allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* With two threads, an exec and a wait each, as a busy machine has them. */
static void ten_thousand_processes_fit_in_25_mib(void **state)
{
	struct model *model;
	size_t before = allocated();
	struct event_builder *builder;

	(void)state;
	if (SANITIZED)
		skip(); /* its allocator cannot be asked */
	builder = malloc(sizeof(*builder));
	model = model_new();
	for (uint32_t pid = 2; pid < 10002; pid++) {
		struct event_thread thread = {HEAD(thread, 20000, pid), .child = pid + 20000};
		struct event_wait_enter enter = {HEAD(wait_enter, 20001, pid), .type = WAIT_ANY, .target = -1};
		struct event *event = (struct event *)builder->bytes;
		char arguments[120] = "python3";

		fork_child(model, 10000, 1, pid);
		tell(model, &thread.h);
		tell(model, &enter.h);
		event_build(builder, event_info(EVENT_exec));
		event_build_bytes(builder, "exe", "/usr/bin/python3.11", 19);
		event_build_bytes(builder, "argv", arguments, sizeof(arguments));
		event->pid = event->tid = pid;
		event->start_ns = pid;
		event->t_ns = 20002;
		tell(model, event);
	}
	assert_true(allocated() - before < 25u * 1024 * 1024);
	assert_int_equal(model_by_pid(model, 5000)->execs, 1);
	model_free(model);
	free(builder);
}

/* Each with arguments of its own, as compilers have them with their temporary files. */
static void memory_does_not_grow_with_those_that_came_and_went(void **state)
{
	const struct retire_users users = {needs_odd, needs_odd_thread, forget_counted, forget_thread, NULL};
	const struct retire_rule rule = {.keep = 1000, .grace_ns = 0};
	struct event_builder *builder;
	struct model *model;
	size_t before = allocated(), after_some = 0;

	(void)state;
	if (SANITIZED)
		skip(); /* its allocator cannot be asked, and gives nothing back */
	builder = malloc(sizeof(*builder));
	model = model_new();
	for (uint32_t pid = 2; pid < 100002; pid++) {
		const uint64_t t_ns = 10 * pid;
		struct event *event = (struct event *)builder->bytes;
		char arguments[120] = "cc1 -o ";

		fork_child(model, t_ns, 1, pid);
		snprintf(arguments + 8, sizeof(arguments) - 8, "/tmp/cc%u.o", pid);
		event_build(builder, event_info(EVENT_exec));
		event_build_bytes(builder, "exe", "/usr/lib/gcc/cc1", 16);
		event_build_bytes(builder, "argv", arguments, sizeof(arguments));
		event->pid = event->tid = pid;
		event->start_ns = pid;
		event->t_ns = t_ns + 1;
		tell(model, event);
		exit_process(model, t_ns + 2, pid, 0);
		end_process(model, t_ns + 3, pid);
		reap_child(model, t_ns + 4, 1, pid);
		model_retire(model, &rule, &users);
		if (pid == 10000)
			after_some = allocated();
	}
	assert_in_range(model_retired(model)->processes, 98000, 100000);
	assert_true(after_some - before < 4u * 1024 * 1024);
	assert_true(allocated() <= after_some + 64 * 1024);
	model_free(model);
	free(builder);
}

/* A server with a thread for each request, all of which wait for one lock. */
static void memory_does_not_grow_with_threads_that_ended(void **state)
{
	const struct retire_users users = {needs_odd, needs_odd_thread, forget_counted, forget_thread, NULL};
	const struct retire_rule rule = {.keep = 1000, .grace_ns = 0};
	struct event_lock told = {HEAD(lock, 20, 2), .lock = 1, .kind = LOCK_MUTEX, .address = 4096};
	size_t before = allocated(), after_some = 0;
	struct model *model;

	(void)state;
	if (SANITIZED)
		skip();
	model = model_new();
	fork_child(model, 10, 1, 2);
	tell(model, &told.h);
	for (uint32_t tid = 10; tid < 100010; tid++) {
		wait_for_lock(model, 10 * tid, 2, tid, 100);
		end_thread(model, 10 * tid, 2, tid);
		model_retire(model, &rule, &users);
		if (tid == 10010)
			after_some = allocated();
	}
	assert_int_equal(model_find(model, self(2))->thread_count, 100001);
	assert_true(after_some - before < 4u * 1024 * 1024);
	assert_true(allocated() <= after_some + 64 * 1024);
	model_free(model);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(an_empty_model_answers),
	    TEST(pids_and_tids_lead_to_their_latest_bearer),
	    TEST(the_clock_is_that_of_the_events),
	    TEST(ways_of_waiting_are_bounded_but_not_those_in_use),
	    TEST(waits_for_any_outlive_those_for_one),
	    TEST(a_process_of_many_threads_finds_each),
	    TEST(forged_relations_do_no_harm),
	    TEST(any_stream_keeps_the_books_in_order),
	    TEST(losses_without_end_are_few_spans),
	    TEST(who_is_over_is_retired_unless_needed_or_named),
	    TEST(the_youngest_stay_and_work_is_done_once_in_a_while),
	    TEST(threads_that_ended_are_added_up),
	    TEST(a_tid_that_found_a_new_bearer_stays_with_it),
	    TEST(what_ended_threads_waited_stays_with_the_lock),
	    TEST(lives_of_who_waited_for_the_gil_are_kept),
	    TEST(any_stream_can_be_retired_from),
	    TEST(a_million_events_fold_in_a_second),
	    cmocka_unit_test(ten_thousand_processes_fit_in_25_mib),
	    cmocka_unit_test(memory_does_not_grow_with_those_that_came_and_went),
	    cmocka_unit_test(memory_does_not_grow_with_threads_that_ended),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Steps are shared by parent and child until one of them takes another; pidfiles begin anew when others make them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "event/event.h"
#include "model/model.h"

#define SECOND 1000000000ULL
#define MNTNS 7

static struct event_builder builder;
static struct model *model;
static uint64_t now;

static void begin(const char *name, uint32_t pid)
{
	struct event *event = (struct event *)builder.bytes;

	event_build(&builder, event_info_by_name(name));
	event->t_ns = now += 1000000;
	event->pid = event->tid = pid;
	event->start_ns = pid * SECOND;
}

static void set(const char *field, int64_t value)
{
	assert_int_equal(event_build_integer(&builder, field, value), 0);
}

static void tell(void)
{
	assert_int_equal(event_check(builder.bytes, event_built(&builder)->size, NULL), 0);
	assert_int_equal(model_event(model, event_built(&builder)), 0);
}

static void fork_one(uint32_t parent, uint32_t child)
{
	begin("fork", parent);
	set("child", child);
	set("child_start", (int64_t)(child * SECOND));
	set("parent", parent);
	set("parent_start", (int64_t)(parent * SECOND));
	tell();
}

static void open_file(uint32_t pid, const char *path, uint32_t flags, bool created, int64_t size)
{
	begin("open", pid);
	set("descriptor", 3);
	set("kind", DESCRIPTOR_FILE);
	set("flags", flags);
	set("created", created);
	set("size", size);
	set("mntns", MNTNS);
	assert_int_equal(event_build_bytes(&builder, "path", path, strlen(path)), 0);
	tell();
}

static const struct process *process(uint32_t pid)
{
	return model_find(model, (struct process_ref){pid, pid * SECOND});
}

static int make_model(void **state)
{
	(void)state;
	model = model_new();
	now = 100 * SECOND;
	return model ? 0 : -1;
}

static int free_model(void **state)
{
	(void)state;
	model_free(model);
	return 0;
}

static void forks_share_steps(void **state)
{
	(void)state;
	begin("exec", 2);
	tell();
	for (uint32_t pid = 10; pid < 20; pid++)
		fork_one(2, pid);
	for (uint32_t pid = 10; pid < 20; pid++)
		assert_ptr_equal(process(pid)->steps, process(2)->steps);
	fork_one(15, 30);
	assert_ptr_equal(process(30)->steps, process(2)->steps);
}

static void a_step_of_one_is_nobody_elses(void **state)
{
	(void)state;
	begin("exec", 2);
	tell();
	fork_one(2, 10);
	begin("setsid", 10);
	set("sid", 10);
	tell();
	fork_one(10, 11);
	begin("chdir", 2);
	tell();
	assert_int_equal(process(2)->steps->setsid_ns, 0);
	assert_int_not_equal(process(2)->steps->chdir_ns, 0);
	assert_int_not_equal(process(10)->steps->setsid_ns, 0);
	assert_int_equal(process(10)->steps->chdir_ns, 0);
	assert_ptr_equal(process(11)->steps, process(10)->steps);
	assert_int_equal(process(11)->steps->setsid_by.pid, 10);
	begin("exec", 11);
	tell();
	assert_int_equal(process(10)->steps->exec_by.pid, 2); /* exec keeps what was done, and is one's own */
	assert_int_equal(process(11)->steps->exec_by.pid, 11);
	assert_int_equal(process(11)->steps->setsid_ns, process(10)->steps->setsid_ns);
}

static void a_mask_that_is_put_back_was_not_chosen(void **state)
{
	(void)state;
	begin("umask", 2);
	set("mask", 0);
	set("before", 022);
	tell();
	assert_true(process(2)->steps->umask_chosen);
	begin("umask", 2);
	set("mask", 022);
	set("before", 0);
	tell();
	assert_false(process(2)->steps->umask_chosen);
	begin("exec", 2);
	tell();
	begin("umask", 2); /* another program asks for the very mask that it has */
	set("mask", 022);
	set("before", 022);
	tell();
	assert_true(process(2)->steps->umask_chosen);
}

static void closing_a_range_touches_what_is_in_it(void **state)
{
	(void)state;
	begin("close", 2);
	set("first", 1);
	set("last", UINT32_MAX);
	tell();
	assert_int_equal(process(2)->steps->standard_ns[0], 0);
	assert_int_equal(process(2)->steps->standard_ns[1], now);
	assert_int_equal(process(2)->steps->standard_ns[2], now);
}

static void a_pidfile_is_anothers_when_another_makes_it(void **state)
{
	const struct pidfile *first, *second;

	(void)state;
	begin("exec", 2);
	tell();
	open_file(2, "/run/a.pid", 01101, true, 0);
	begin("pidfile_look", 2);
	set("holds", 2);
	set("state", PIDFILE_PRESENT);
	set("mntns", MNTNS);
	set("modified_ns", (int64_t)now);
	assert_int_equal(event_build_bytes(&builder, "path", "/run/a.pid", 10), 0);
	tell();
	first = model_pidfiles(model);
	assert_int_equal(first->owner.pid, 2);
	open_file(3, "/run/a.pid", 0, false, 2); /* somebody reads it: it stays what it is */
	assert_null(first->next);
	open_file(3, "/run/a.pid", 01101, false, 0);
	second = first->next;
	assert_non_null(second);
	assert_int_equal(second->old_holds, 2);
	assert_true(second->existed);
	assert_int_equal(second->old_size, -1); /* it was cut before it could be seen */
	assert_ptr_equal(second->path, first->path);
}

static void equal_paths_elsewhere_are_other_files(void **state)
{
	(void)state;
	open_file(2, "/run/a.pid", 01101, true, 0);
	begin("unlink", 2);
	set("mntns", MNTNS + 1);
	assert_int_equal(event_build_bytes(&builder, "path", "/run/a.pid", 10), 0);
	tell();
	assert_int_equal(model_pidfiles(model)->removed_ns, 0);
}

static void forged_names_do_not_fill_memory(void **state)
{
	char path[64];
	unsigned count = 0;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "/run/%u.pid", i);
		open_file(2, path, 01101, true, 0);
	}
	for (const struct pidfile *file = model_pidfiles(model); file; file = file->next)
		count++;
	assert_in_range(count, 1, 1024);
}

#define WITH_MODEL(test) cmocka_unit_test_setup_teardown(test, make_model, free_model)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_MODEL(forks_share_steps),
	    WITH_MODEL(a_step_of_one_is_nobody_elses),
	    WITH_MODEL(a_mask_that_is_put_back_was_not_chosen),
	    WITH_MODEL(closing_a_range_touches_what_is_in_it),
	    WITH_MODEL(a_pidfile_is_anothers_when_another_makes_it),
	    WITH_MODEL(equal_paths_elsewhere_are_other_files),
	    WITH_MODEL(forged_names_do_not_fill_memory),
	};

	return cmocka_run_group_tests_name("test_model_session", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where a trace may be written and what may be read as one; a disk that fills up.
 */
#include "trace_helper.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "trace/format.h"

static const char precious[] = "a letter to my grandmother";

/* trace_may_create and trace_create must agree, and leave what is there alone. */
static void expect_refused(const char *path, int code, const char *why)
{
	struct trace_writer *writer = (void *)&writer;
	struct error error = {0};

	assert_int_equal(trace_may_create(path, &error), code);
	assert_non_null(strstr(error.text, why));
	error = (struct error){0};
	assert_int_equal(trace_create(path, &writer, &error), code);
	assert_null(writer);
	assert_non_null(strstr(error.text, path));
	if (!strstr(error.text, why))
		fail_msg("'%s' does not say '%s'", error.text, why);
}

static void expect_content(const char *path, const char *content)
{
	struct buffer bytes = {0};

	read_file(path, &bytes);
	assert_string_equal(buffer_text(&bytes), content);
	buffer_free(&bytes);
}

static void make_trace(const char *path, unsigned events)
{
	struct trace_writer *writer;
	struct event_builder builder;

	assert_int_equal(trace_create(path, &writer, NULL), 0);
	for (unsigned i = 0; i < events; i++)
		trace_write(writer, random_event(&builder, event_info(EVENT_fork), i, 0));
	assert_int_equal(trace_finish(writer, NULL), 0);
}

static void a_trace_is_private(void **state)
{
	const char *path = scratch("private");
	mode_t mask = umask(0);
	struct stat info;

	(void)state;
	make_trace(path, 1);
	umask(mask);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode, S_IFREG | 0600);
}

static void never_through_a_symlink(void **state)
{
	(void)state;
	write_file(scratch("target"), precious, strlen(precious));
	assert_int_equal(symlink("target", scratch("link")), 0);
	expect_refused(scratch("link"), -EEXIST, "symbolic link");
	expect_content(scratch("target"), precious);
	assert_int_equal(symlink("nowhere", scratch("dangling")), 0);
	expect_refused(scratch("dangling"), -EEXIST, "symbolic link");
	assert_int_equal(access(scratch("nowhere"), F_OK), -1);

	/* also not if the link leads to a trace, which could be replaced under its own name */
	make_trace(scratch("trace"), 1);
	assert_int_equal(symlink("trace", scratch("to-trace")), 0);
	expect_refused(scratch("to-trace"), -EEXIST, "symbolic link");
}

static void only_traces_are_replaced(void **state)
{
	struct outcome outcome = {0};
	struct buffer bytes = {0};

	(void)state;
	write_file(scratch("letter"), precious, strlen(precious));
	expect_refused(scratch("letter"), -EEXIST, "not a trace");
	expect_content(scratch("letter"), precious);
	write_file(scratch("short"), "LIFEL", 5);
	expect_refused(scratch("short"), -EEXIST, "not a trace");

	write_file(scratch("empty"), "", 0);
	make_trace(scratch("empty"), 2);
	make_trace(scratch("empty"), 3);
	read_trace(scratch("empty"), &outcome);
	assert_int_equal(outcome.count, 3);

	/* a cut one as well: it is the usual reason to record again */
	read_file(scratch("empty"), &bytes);
	write_file(scratch("empty"), bytes.data, bytes.length / 2);
	make_trace(scratch("empty"), 4);
	read_trace(scratch("empty"), &outcome);
	assert_int_equal(outcome.count, 4);
	buffer_free(&outcome.events);
	buffer_free(&bytes);
}

static void a_replaced_trace_is_a_new_file(void **state)
{
	const char *path = scratch("replaced");
	struct stat info;
	struct buffer old = {0}, still = {0};
	char part[4096];
	ssize_t got;
	int fd;

	(void)state;
	make_trace(path, 1);
	chmod(path, 0644);
	fd = open(path, O_RDONLY);
	read_file(path, &old);
	make_trace(path, 5);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	/* who had the old one open sees nothing of the new one */
	while ((got = read(fd, part, sizeof(part))) > 0)
		buffer_append(&still, part, (size_t)got);
	assert_true(same_bytes(&old, &still));
	close(fd);
	buffer_free(&old);
	buffer_free(&still);
}

static void hard_links_are_left_alone(void **state)
{
	(void)state;
	make_trace(scratch("one"), 1);
	assert_int_equal(link(scratch("one"), scratch("two")), 0);
	expect_refused(scratch("one"), -EEXIST, "hard link");
	expect_refused(scratch("two"), -EEXIST, "hard link");
}

static void files_of_others_are_left_alone(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	make_trace(scratch("theirs"), 1);
	assert_int_equal(chown(scratch("theirs"), 65534, 65534), 0);
	expect_refused(scratch("theirs"), -EEXIST, "belongs to another user");
}

static void special_files_are_refused_and_do_not_block(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct outcome outcome = {0};
	int fd;

	(void)state;
	alarm(10);
	assert_int_equal(mkfifo(scratch("fifo"), 0600), 0);
	expect_refused(scratch("fifo"), -EEXIST, "not a regular file");
	expect_refused("/dev/null", -EEXIST, "not a regular file");
	mkdir(scratch("folder"), 0700);
	expect_refused(scratch("folder"), -EEXIST, "directory");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", scratch("socket"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	expect_refused(scratch("socket"), -EEXIST, "not a regular file");

	read_trace(scratch("fifo"), &outcome);
	assert_int_equal(outcome.status, -EINVAL);
	assert_non_null(strstr(outcome.error.text, "not a regular file"));
	read_trace("/dev/zero", &outcome);
	assert_non_null(strstr(outcome.error.text, "not a regular file"));
	read_trace(scratch("socket"), &outcome);
	assert_non_null(strstr(outcome.error.text, "not a regular file"));
	read_trace(scratch("folder"), &outcome);
	assert_non_null(strstr(outcome.error.text, "is a directory"));
	alarm(0);
	close(fd);
}

static void what_is_no_trace_is_told_so(void **state)
{
	struct outcome outcome = {0};
	struct trace_head head = {.byte_order = __builtin_bswap32(TRACE_BYTE_ORDER)};

	(void)state;
	read_trace(scratch("missing"), &outcome);
	assert_int_equal(outcome.status, -ENOENT);
	assert_non_null(strstr(outcome.error.text, "No such file"));
	write_file(scratch("nothing"), "", 0);
	read_trace(scratch("nothing"), &outcome);
	assert_non_null(strstr(outcome.error.text, "it is empty"));
	write_file(scratch("text"), precious, strlen(precious));
	read_trace(scratch("text"), &outcome);
	assert_non_null(strstr(outcome.error.text, "does not begin (byte 0)"));
	read_trace("/proc/self/exe", &outcome);
	assert_non_null(strstr(outcome.error.text, "does not begin (byte 0)"));
	read_trace("/proc/self/status", &outcome); /* regular, of size 0 */
	assert_non_null(strstr(outcome.error.text, "it is empty"));

	memcpy(head.magic, TRACE_MAGIC, sizeof(head.magic));
	write_file(scratch("big-endian"), &head, sizeof(head));
	read_trace(scratch("big-endian"), &outcome);
	assert_non_null(strstr(outcome.error.text, "another byte order"));
}

static void other_versions_are_told_apart(void **state)
{
	struct outcome outcome = {0};
	struct buffer file = {0};
	struct trace_head head;

	(void)state;
	make_trace(scratch("version"), 2);
	read_file(scratch("version"), &file);
	memcpy(&head, file.data, sizeof(head));

	/* a later minor version may use reserved bytes: it is read */
	head.minor = 7;
	head.reserved[0] = 5;
	head.crc = trace_head_crc(head);
	memcpy(file.data, &head, sizeof(head));
	write_file(scratch("version"), file.data, file.length);
	read_trace(scratch("version"), &outcome);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.count, 2);

	/* a later major version is refused, whatever its checksum */
	head.major = 2;
	memcpy(file.data, &head, sizeof(head));
	write_file(scratch("version"), file.data, file.length);
	read_trace(scratch("version"), &outcome);
	assert_int_equal(outcome.status, -EINVAL);
	assert_non_null(strstr(outcome.error.text, "version 2"));
	assert_non_null(strstr(outcome.error.text, "reads version 1"));
	assert_non_null(strstr(outcome.error.hint, "newer"));

	/* flags that change the meaning of the rest are refused */
	head.major = 1;
	head.flags = 2;
	head.crc = trace_head_crc(head);
	memcpy(file.data, &head, sizeof(head));
	write_file(scratch("version"), file.data, file.length);
	read_trace(scratch("version"), &outcome);
	assert_non_null(strstr(outcome.error.text, "unknown flags"));
	buffer_free(&file);
	buffer_free(&outcome.events);
}

static void two_recordings_do_not_share_a_file(void **state)
{
	const char *path = scratch("busy");
	struct trace_writer *writer;

	(void)state;
	assert_int_equal(trace_create(path, &writer, NULL), 0);
	expect_refused(path, -EBUSY, "another lifeline is recording");
	assert_int_equal(trace_finish(writer, NULL), 0);
	make_trace(path, 1);
}

static void a_question_makes_nothing(void **state)
{
	struct error error = {0};

	(void)state;
	assert_int_equal(trace_may_create(scratch("asked"), &error), 0);
	assert_int_equal(access(scratch("asked"), F_OK), -1);
	assert_int_equal(trace_may_create(scratch("no/such/folder"), &error), -ENOENT);
	make_trace(scratch("asked"), 3);
	assert_int_equal(trace_may_create(scratch("asked"), &error), 0);
	assert_int_equal(access(scratch("asked"), F_OK), 0);
	assert_int_equal(trace_create("/proc/lifeline", &(struct trace_writer *){NULL}, &error), -ENOENT);
}

/* RLIMIT_FSIZE fails as a full disk does: a short write first, then an error (its signal is the writer's to ignore). */
static void limit_files(size_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_leaves_what_there_was(void **state)
{
	const char *path = scratch("full");
	struct outcome outcome = {0};
	struct trace_writer *writer;
	struct event_builder builder;
	struct error error = {0};
	unsigned accepted = 0;

	(void)state;
	random_seed(9);
	limit_files(20000);
	assert_int_equal(trace_create(path, &writer, NULL), 0);
	for (unsigned i = 0; i < 1000; i++) {
		int status = trace_write(writer, random_event(&builder, event_info(EVENT_exec), i, 100));

		if (!status && i % 10 == 9)
			status = trace_flush(writer);
		if (!status && i % 10 == 9)
			accepted = i + 1;
		if (status)
			assert_int_equal(status, -EFBIG);
	}
	assert_in_range(accepted, 10, 990);
	assert_int_equal(trace_flush(writer), -EFBIG); /* the first error stays */
	assert_int_equal(trace_finish(writer, &error), -EFBIG);
	limit_files(0);
	assert_non_null(strstr(error.text, path));
	assert_non_null(strstr(error.hint, "report"));

	read_trace(path, &outcome);
	assert_int_equal(outcome.status, 0);
	assert_true(outcome.cut);
	assert_int_equal(outcome.count, accepted);
	buffer_free(&outcome.events);
}

static void a_disk_full_from_the_start_leaves_nothing(void **state)
{
	const char *path = scratch("never");
	struct trace_writer *writer;
	struct error error = {0};

	(void)state;
	signal(SIGXFSZ, SIG_DFL);
	limit_files(100);
	assert_int_equal(trace_create(path, &writer, &error), -EFBIG);
	limit_files(0);
	assert_null(writer);
	assert_int_equal(access(path, F_OK), -1);
}

/* A file that is being recorded can be read: as of when it was opened. */
static void a_growing_file_is_read_as_it_was(void **state)
{
	const char *path = scratch("growing");
	struct trace_writer *writer;
	struct trace_reader *reader;
	struct event_builder builder;
	const struct event *event;

	(void)state;
	assert_int_equal(trace_create(path, &writer, NULL), 0);
	for (unsigned i = 0; i < 4; i++) {
		trace_write(writer, random_event(&builder, event_info(EVENT_fork), i, 0));
		trace_flush(writer);
		if (i == 1)
			assert_int_equal(trace_open(path, &reader, NULL), 0);
	}
	assert_int_equal(trace_read(reader, &event, NULL), 1);
	assert_int_equal(trace_read(reader, &event, NULL), 1);
	assert_int_equal(event->t_ns, 1);
	assert_int_equal(trace_read(reader, &event, NULL), 0);
	assert_int_equal(trace_read(reader, &event, NULL), 0);
	assert_true(trace_is_cut(reader));
	trace_close(reader);
	assert_int_equal(trace_finish(writer, NULL), 0);
}

static void a_shrinking_file_is_a_cut_one(void **state)
{
	const char *path = scratch("shrinking");
	struct trace_reader *reader;
	const struct event *event;

	(void)state;
	make_trace(path, 3);
	assert_int_equal(trace_open(path, &reader, NULL), 0);
	assert_int_equal(truncate(path, 10), 0);
	assert_int_equal(trace_read(reader, &event, NULL), 0);
	assert_true(trace_is_cut(reader));
	trace_close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_trace_is_private),
	    cmocka_unit_test(never_through_a_symlink),
	    cmocka_unit_test(only_traces_are_replaced),
	    cmocka_unit_test(a_replaced_trace_is_a_new_file),
	    cmocka_unit_test(hard_links_are_left_alone),
	    cmocka_unit_test(files_of_others_are_left_alone),
	    cmocka_unit_test(special_files_are_refused_and_do_not_block),
	    cmocka_unit_test(what_is_no_trace_is_told_so),
	    cmocka_unit_test(other_versions_are_told_apart),
	    cmocka_unit_test(two_recordings_do_not_share_a_file),
	    cmocka_unit_test(a_question_makes_nothing),
	    cmocka_unit_test(a_full_disk_leaves_what_there_was),
	    cmocka_unit_test(a_disk_full_from_the_start_leaves_nothing),
	    cmocka_unit_test(a_growing_file_is_read_as_it_was),
	    cmocka_unit_test(a_shrinking_file_is_a_cut_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

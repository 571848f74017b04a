/* SPDX-License-Identifier: BSD-2-Clause
 * One demo after another, and a table; see demo_all.h. */
#include "cli/demo_all.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/output.h"

#define EXIT_DIFFERS 1
#define LINES_SHOWN 40 /* of what a failed demo printed */

struct tally {
	unsigned passed, failed, skipped;
	struct timespec begun;
};

static volatile sig_atomic_t interrupted;

static void note_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static uint64_t ns_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)((now.tv_sec - start->tv_sec) * 1000000000LL + (now.tv_nsec - start->tv_nsec));
}

/* ---- one demo ------------------------------------------------------------------------------------------------------
 */

static int run_apart(const struct demo *demo, demo_runner run, void *context, int output)
{
	pid_t child;
	int status;

	fflush(NULL); /* else the child would print it again */
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0) {
		signal(SIGINT, SIG_DFL);
		if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
			_exit(EXIT_TROUBLE);
		status = run(demo, context);
		fflush(NULL);
		_exit(status);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *read_all(int output, size_t *length)
{
	off_t size = lseek(output, 0, SEEK_END);
	char *text = size >= 0 ? malloc((size_t)size + 1) : NULL;
	ssize_t got = text ? pread(output, text, (size_t)size, 0) : -1;

	if (got < 0) {
		free(text);
		return NULL;
	}
	text[got] = '\0';
	*length = (size_t)got;
	return text;
}

/* From the end backwards: where the last `lines` lines begin. */
static const char *last_lines(const char *text, size_t length, unsigned lines)
{
	const char *at = text + length;

	while (at > text && (at[-1] != '\n' || at == text + length || lines-- > 1))
		at--;
	return at;
}

/* A failed demo says last what is not as expected; before that there may be the report, and errors. */
static void show_end(const char *text, size_t length)
{
	const char *line = last_lines(text, length, LINES_SHOWN);

	while (*line) {
		size_t end = strcspn(line, "\n");
		struct buffer escaped = {0};

		text_escape(&escaped, line, end, 0);
		printf("    | %s\n", buffer_text(&escaped));
		buffer_free(&escaped);
		line += end + (line[end] == '\n');
	}
}

/* "demo NAME: skipped: REASON", the last that a skipped one says. */
static void show_reason(const char *text)
{
	static const char sign[] = ": skipped: ";
	const char *reason = NULL;
	struct buffer escaped = {0};

	for (const char *at = text; (at = strstr(at, sign)); at += strlen(sign))
		reason = at + strlen(sign);
	text_escape(&escaped, reason ? reason : "", reason ? strcspn(reason, "\n") : 0, 0);
	printf("  %s\n", buffer_text(&escaped));
	buffer_free(&escaped);
}

static void tell_result(const struct demo *demo, int status, uint64_t took_ns, int output)
{
	const char *word = status == 0 ? "passed" : status == DEMO_SKIPPED ? "skipped" : "FAILED";
	struct buffer took = {0};
	size_t length = 0;
	char *text = status ? read_all(output, &length) : NULL;

	text_duration(&took, took_ns);
	printf("%-8s %-40s %8s", word, demo->name, buffer_text(&took));
	if (status == DEMO_SKIPPED && text)
		show_reason(text);
	else
		putchar('\n');
	if (status && status != DEMO_SKIPPED && text)
		show_end(text, length);
	fflush(stdout);
	buffer_free(&took);
	free(text);
}

static int run_one(const struct demo *demo, demo_runner run, void *context, struct tally *tally)
{
	struct timespec start;
	int output = memfd_create("lifeline-demo", MFD_CLOEXEC);
	int status = output < 0 ? -errno : 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	if (!status)
		status = run_apart(demo, run, context, output);
	if (status >= 0) {
		tell_result(demo, status, ns_since(&start), output);
		*(status == 0 ? &tally->passed : status == DEMO_SKIPPED ? &tally->skipped : &tally->failed) += 1;
	}
	if (output >= 0)
		close(output);
	return status < 0 ? status : 0;
}

/* ---- all
 * ------------------------------------------------------------------------------------------------------------- */

static bool names(const char *wanted, const struct demo *demo)
{
	size_t kind = strcspn(demo->name, "/");

	return !strcmp(wanted, demo->name) || (strlen(wanted) == kind && !strncmp(wanted, demo->name, kind));
}

static bool is_wanted(const struct demo *demo, char *const *wanted, int count)
{
	for (int i = 0; i < count; i++)
		if (names(wanted[i], demo))
			return true;
	return count == 0;
}

/* A name that fits nothing would make a test that tests nothing. */
static int check_wanted(const struct demos *demos, char *const *wanted, int count, struct error *error)
{
	for (int i = 0; i < count; i++) {
		bool any = false;

		for (unsigned d = 0; d < demos->count && !any; d++)
			any = names(wanted[i], &demos->items[d]);
		if (!any)
			return error_set(error, -ENOENT, "there is no demo and no kind '%s'", wanted[i]);
	}
	return 0;
}

static int sum_up(const struct tally *tally)
{
	struct buffer took = {0};

	text_duration(&took, ns_since(&tally->begun));
	printf("%s%u demos: %u passed, %u failed, %u skipped, in %s\n", interrupted ? "interrupted; " : "\n",
	       tally->passed + tally->failed + tally->skipped, tally->passed, tally->failed, tally->skipped,
	       buffer_text(&took));
	buffer_free(&took);
	if (interrupted)
		return 128 + SIGINT;
	return tally->failed ? EXIT_DIFFERS : 0;
}

int demo_run_all(const struct demos *demos, char *const *wanted, int wanted_count, demo_runner run, void *context)
{
	const struct sigaction on_interrupt = {.sa_handler = note_interrupt};
	struct tally tally = {0};
	struct error error = {0};
	int err = check_wanted(demos, wanted, wanted_count, &error);

	if (err < 0)
		return complain(&error);
	sigaction(SIGINT, &on_interrupt, NULL);
	clock_gettime(CLOCK_MONOTONIC, &tally.begun);
	for (unsigned i = 0; i < demos->count && !interrupted && !err; i++)
		if (is_wanted(&demos->items[i], wanted, wanted_count))
			err = run_one(&demos->items[i], run, context, &tally);
	if (err < 0) {
		error_errno(&error, err, "cannot run a demo in a process of its own");
		return complain(&error);
	}
	return sum_up(&tally);
}

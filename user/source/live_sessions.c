/* SPDX-License-Identifier: BSD-2-Clause
 *
 * When to look at whom. A process whose parent is gone may be becoming a daemon: it is looked at shortly after its
 * adoption, shortly after each further step that it takes, and at the end of the observation; the kernel side tells
 * what it was like at its exit. The kernel reads all but names; these are read from /proc here. */
#include "source/live_sessions.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOON_NS 50000000ULL   /* after a step, others follow at once; a look in the middle of them says little */
#define QUIET_NS 150000000ULL /* no step for so long: it has become what it is */
#define LOOKS_MOST 64         /* at one process; one that takes steps for ever is not becoming anything */
#define SPARE 20              /* of all time, at most one part in so many is spent on looking */
#define TEXT_MOST 256

/* ---- whom -------------------------------------------------------------------------------------------- */

static struct candidate *find(const struct sessions *sessions, uint32_t pid, uint64_t start_ns)
{
	return hash_get(&sessions->candidates, pid, start_ns);
}

static struct candidate *add(struct sessions *sessions, uint32_t pid, uint64_t start_ns)
{
	struct candidate *candidate = find(sessions, pid, start_ns);

	if (candidate)
		return candidate;
	candidate = calloc(1, sizeof(*candidate));
	if (!candidate || hash_put(&sessions->candidates, pid, start_ns, candidate)) {
		free(candidate);
		sessions->out_of_memory = true;
		return NULL;
	}
	candidate->pid = pid;
	candidate->start_ns = start_ns;
	return candidate;
}

static void look_soon(struct candidate *candidate, uint64_t t_ns)
{
	if (!candidate)
		return;
	candidate->since_ns = t_ns;
	if (!candidate->due_ns && candidate->looks < LOOKS_MOST)
		candidate->due_ns = t_ns + SOON_NS;
}

static void note_look(struct sessions *sessions, const struct event_session_look *look)
{
	struct candidate *candidate = find(sessions, look->h.pid, look->h.start_ns);

	if (look->cause != LOOK_STATE)
		return;
	if (!candidate && look->adopted)
		candidate = add(sessions, look->h.pid, look->h.start_ns);
	if (!candidate)
		return;
	candidate->looked = true;
	candidate->on_its_way = look->leader || !look->leader_alive || !look->execs;
}

void sessions_event(struct sessions *sessions, const struct live_bpf *bpf, const struct event *event)
{
	const struct event_adopt *adopt = (const void *)event;

	(void)bpf;
	if (event->kind == EVENT_adopt && !adopt->zombie && adopt->rule != ADOPT_THREAD)
		look_soon(add(sessions, adopt->child, adopt->child_start), event->t_ns);
	else if (event->kind == EVENT_exit && ((const struct event_exit *)event)->group_dead)
		free(hash_remove(&sessions->candidates, event->pid, event->start_ns));
	else if (event->kind == EVENT_session_look)
		note_look(sessions, (const void *)event);
	else if (event_info(event->kind)->group == GROUP_SESSION || event->kind == EVENT_exec)
		look_soon(find(sessions, event->pid, event->start_ns), event->t_ns);
	pidfiles_event(sessions, event);
}

bool sessions_unsettled(const struct sessions *sessions, uint64_t now_ns)
{
	const struct candidate *candidate;
	size_t cursor = 0;

	while ((candidate = hash_next(&sessions->candidates, &cursor)))
		if ((!candidate->looked || candidate->on_its_way) && candidate->since_ns &&
		    now_ns < candidate->since_ns + QUIET_NS)
			return true;
	return pidfiles_due(sessions);
}

/* ---- texts --------------------------------------------------------------------------------------------- */

struct teller {
	record_fn record;
	void *context;
	struct event_builder builder;
};

/* What a link in /proc/PID points to. Returns its length, 0 unknown. */
static size_t read_link(uint32_t pid, const char *name, char text[TEXT_MOST])
{
	char path[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/%s", pid, name);
	length = readlink(path, text, TEXT_MOST);
	return length > 0 && length < TEXT_MOST ? (size_t)length : 0;
}

static void add_link(struct teller *teller, uint32_t pid, const char *name, const char *field)
{
	char text[TEXT_MOST];
	size_t length = read_link(pid, name, text);

	event_build_bytes(&teller->builder, field, text, length);
}

static void add_examples(struct teller *teller, const struct event_session_look *look)
{
	const uint32_t numbers[] = {look->example1, look->example2, look->example3, look->example4};
	char text[4 * (TEXT_MOST + 1)], name[24];
	size_t used = 0;

	for (int i = 0; i < 4 && numbers[i]; i++) {
		snprintf(name, sizeof(name), "fd/%" PRIu32, numbers[i]);
		used += read_link(look->h.pid, name, text + used);
		text[used++] = '\0';
	}
	event_build_bytes(&teller->builder, "examples", text, used);
}

/* The start of whoever has this pid in /proc now, in the hundredths of a second that it is told in; 0 nobody. */
static uint64_t start_in_proc(uint32_t pid)
{
	char path[48], text[1024];
	unsigned long long start = 0;
	const char *after;
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	after = strrchr(text, ')'); /* the name may hold anything */
	if (!after ||
	    sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &start) != 1)
		return 0;
	return start;
}

/* Names that are read while the process may end and its pid be used again count only if it is the same afterwards. */
static int tell_with_texts(void *context, const void *record, size_t available)
{
	const struct event_session_look *look = record;
	struct teller *teller = context;
	struct event *event = (struct event *)teller->builder.bytes;

	if (available < sizeof(*look) || look->h.kind != EVENT_session_look)
		return 0;
	event_build(&teller->builder, event_info(EVENT_session_look));
	memcpy(event, look, sizeof(*look));
	add_link(teller, look->h.pid, "cwd", "cwd");
	add_link(teller, look->h.pid, "fd/0", "stdin_text");
	add_link(teller, look->h.pid, "fd/1", "stdout_text");
	add_link(teller, look->h.pid, "fd/2", "stderr_text");
	add_examples(teller, look);
	if (start_in_proc(look->h.pid) == look->h.start_ns / 10000000)
		return teller->record(teller->context, event, event->size);
	return teller->record(teller->context, look, sizeof(*look));
}

/* ---- looking -------------------------------------------------------------------------------------------- */

static int iterate(struct live_bpf *bpf, record_fn record, void *context)
{
	struct teller *teller = calloc(1, sizeof(*teller));
	int result;

	if (!teller)
		return -ENOMEM;
	teller->record = record;
	teller->context = context;
	result = live_bpf_iterate(bpf, ITERATE_SESSIONS, tell_with_texts, teller);
	free(teller);
	return result;
}

int sessions_look_at_all(struct sessions *sessions, struct live_bpf *bpf, record_fn record, void *context)
{
	int result;

	bpf->shared->look_at_all = 1;
	result = iterate(bpf, record, context);
	bpf->shared->look_at_all = 0;
	pidfiles_search(sessions, bpf, record, context);
	return result;
}

static bool is_due(const struct candidate *candidate, uint64_t now_ns)
{
	return candidate->due_ns && candidate->due_ns <= now_ns;
}

/* Puts those to be looked at where the kernel side sees them. Returns how many; the rest stays due. */
static unsigned choose(struct sessions *sessions, int map, uint64_t now_ns, bool all)
{
	struct candidate *candidate;
	const uint32_t one = 1;
	unsigned chosen = 0;
	size_t cursor = 0;

	while (chosen < LOOK_AT_MOST && (candidate = hash_next(&sessions->candidates, &cursor))) {
		if (!all && !is_due(candidate, now_ns))
			continue;
		if (bpf_map_update_elem(map, &candidate->pid, &one, BPF_ANY))
			continue;
		candidate->due_ns = 0;
		candidate->looks++;
		chosen++;
	}
	return chosen;
}

static void forget_choice(struct sessions *sessions, int map)
{
	struct candidate *candidate;
	size_t cursor = 0;

	while ((candidate = hash_next(&sessions->candidates, &cursor)))
		bpf_map_delete_elem(map, &candidate->pid);
}

static bool any_due(const struct sessions *sessions, uint64_t now_ns)
{
	const struct candidate *candidate;
	size_t cursor = 0;

	while ((candidate = hash_next(&sessions->candidates, &cursor)))
		if (is_due(candidate, now_ns))
			return true;
	return false;
}

static int look(struct sessions *sessions, struct live_bpf *bpf, uint64_t now_ns, bool all, record_fn record,
		void *context)
{
	const int map = live_bpf_look_at(bpf);
	uint64_t taken_ns;
	int result = 0;

	if (choose(sessions, map, now_ns, all))
		result = iterate(bpf, record, context);
	forget_choice(sessions, map);
	taken_ns = live_clock() - now_ns;
	sessions->not_before_ns = now_ns + SPARE * taken_ns;
	return result;
}

int sessions_turn(struct sessions *sessions, struct live_bpf *bpf, uint64_t now_ns, record_fn record, void *context)
{
	int result = 0;

	if (now_ns >= sessions->not_before_ns && any_due(sessions, now_ns))
		result = look(sessions, bpf, now_ns, false, record, context);
	pidfiles_look(sessions, bpf, now_ns, false, record, context);
	return result;
}

int sessions_look_again(struct sessions *sessions, struct live_bpf *bpf, bool pidfiles, record_fn record, void *context)
{
	const uint64_t now_ns = live_clock();
	int result = 0;

	if (sessions->candidates.count)
		result = look(sessions, bpf, now_ns, true, record, context);
	if (pidfiles)
		pidfiles_look(sessions, bpf, now_ns, true, record, context);
	return result;
}

void sessions_free(struct sessions *sessions)
{
	struct candidate *candidate;
	size_t cursor = 0;

	while ((candidate = hash_next(&sessions->candidates, &cursor)))
		free(candidate);
	hash_free(&sessions->candidates);
	pidfiles_free(sessions);
}

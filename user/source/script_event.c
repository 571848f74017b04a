/* SPDX-License-Identifier: BSD-2-Clause
 * One line of a text scenario into one event: who it is about, what is usual for such an event, and what the line says.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "source/script.h"
#include "source/script_line.h"

static int bad(const struct script_line *line, struct error *error, const char *word, const char *why)
{
	return error_set(error, -EINVAL, "%s:%u: `%.80s` %s", line->path, line->number, word, why);
}

/* ---- the head of a line */

static bool parse_actor(const char *text, struct script_head *head)
{
	size_t length = strcspn(text, "/"), pid_length = strcspn(text, ":/");

	head->comm = text[length] ? text + length + 1 : NULL;
	if (length == 1 && *text == '-')
		return true;
	if (!script_parse_pid(text, pid_length, &head->pid))
		return false;
	head->tid = head->pid;
	return text[pid_length] != ':' || script_parse_pid(text + pid_length + 1, length - pid_length - 1, &head->tid);
}

const char *script_given(const struct script_line *line, const char *name)
{
	size_t length = strlen(name);

	for (unsigned i = 3; i < line->count; i++)
		if (!strncmp(line->words[i], name, length) && line->words[i][length] == '=')
			return line->words[i] + length + 1;
	return NULL;
}

static int parse_head(const struct script_cast *cast, const struct script_line *line, struct script_head *head,
		      struct error *error)
{
	const char *start;
	int64_t time;

	*head = (struct script_head){0};
	if (line->count < 2)
		return bad(line, error, line->words[0], "is neither `TIME EVENT ACTOR …` nor expect, none or fact");
	if (script_parse_time(line->words[0], &time) || time < -(int64_t)SCRIPT_BASE_NS)
		return bad(line, error, line->words[0], "is not a time like 10ms or 1.5s");
	head->t_ns = SCRIPT_BASE_NS + (uint64_t)time;
	head->info = event_info_by_name(line->words[1]);
	if (!head->info)
		return bad(line, error, line->words[1], "is no event");
	if (line->count > 2 && !parse_actor(line->words[2], head))
		return bad(line, error, line->words[2], "is no actor: PID, PID:TID, with /comm behind, or -");
	start = script_given(line, "start");
	if (start && (script_parse_time(start, &time) || time < -(int64_t)SCRIPT_BASE_NS))
		return bad(line, error, start, "is not a time");
	if (head->pid && head->info->group != GROUP_STREAM)
		head->start_ns = start ? SCRIPT_BASE_NS + (uint64_t)time : script_start_of(cast, head->pid, head->t_ns);
	return 0;
}

int script_note_births(struct script_cast *cast, const struct script_line *line, struct error *error)
{
	struct script_head head;
	int err = parse_head(cast, line, &head, error);
	const char *child = script_given(line, "child"), *start = script_given(line, "child_start");
	uint32_t pid;
	int64_t time = 0;

	if (err)
		return err;
	if (script_given(line, "start") && head.start_ns)
		err = script_add_birth(cast, head.pid, head.start_ns);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): parse_head set it, or returned an error */
	if (err || head.info->kind != EVENT_fork)
		return err;
	if (!child || !script_parse_pid(child, strlen(child), &pid))
		return bad(line, error, line->words[1], "needs child=PID");
	if (start && script_parse_time(start, &time))
		return bad(line, error, start, "is not a time");
	return script_add_birth(cast, pid, start ? SCRIPT_BASE_NS + (uint64_t)time : head.t_ns);
}

void script_preset(struct script_making *making, const char *field, int64_t value)
{
	event_build_integer(making->builder, field, value); /* cannot fail: fields and ranges are our own */
}

static bool needs_actor(uint16_t kind)
{
	return kind != EVENT_reap && kind != EVENT_cgroup && kind != EVENT_signal && kind != EVENT_oom &&
	       kind != EVENT_switch && event_info(kind)->group != GROUP_STREAM;
}

/* ---- what the line says */

static int set_field(struct script_making *making, const char *word, struct error *error)
{
	const struct event_info *info = making->head.info;
	size_t length = strcspn(word, "=");
	const struct event_field *field;
	char name[64];
	int err;

	if (!length || !word[length] || length >= sizeof(name))
		return bad(making->line, error, word, "is not key=value");
	memcpy(name, word, length);
	name[length] = '\0';
	if (!strcmp(name, "start"))
		return 0; /* taken with the head */
	field = script_field(info, name);
	if (!field)
		return error_set(error, -EINVAL, "%s:%u: `%s` is no field of `%s`", making->line->path,
				 making->line->number, name, info->name);
	err = script_set_value(making->builder, field, word + length + 1);
	if (err == -ENOMEM)
		return err;
	return err ? bad(making->line, error, word, "has a value that does not fit the field") : 0;
}

static int64_t built_integer(const struct script_making *making, const char *name)
{
	const struct event_field *field = script_field(making->head.info, name);

	return field ? event_integer(event_built(making->builder), field) : 0;
}

/* Where a field names a pid and another its start, the start is that of the pid's bearer, unless the line says it. */
static void fill_starts(struct script_making *making)
{
	static const char *const pairs[][2] = {{"child", "child_start"},
					       {"parent", "parent_start"},
					       {"to", "to_start"},
					       {"target", "target_start"},
					       {"victim", "victim_start"},
					       {"holder_pid", "holder_start"},
					       {"waker_pid", "waker_start"},
					       {"next_pid", "next_start"}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		uint32_t pid = (uint32_t)built_integer(making, pairs[i][0]);

		if (!script_field(making->head.info, pairs[i][1]) || script_given(making->line, pairs[i][1]) || !pid)
			continue;
		if (making->head.info->kind == EVENT_fork && !strcmp(pairs[i][0], "child"))
			continue; /* born now */
		script_preset(making, pairs[i][1], (int64_t)script_start_of(making->cast, pid, making->head.t_ns));
	}
}

static int remember_child(struct script_making *making)
{
	const struct event_fork *fork = (const void *)event_built(making->builder);
	struct person *child = script_person(making->cast, fork->child, fork->child_start);

	if (!child)
		return -ENOMEM;
	child->parent = fork->parent;
	child->parent_tid = fork->parent_tid;
	child->pgid = fork->pgid;
	child->sid = fork->sid;
	child->uid = fork->uid;
	child->cgroup = fork->cgroup;
	child->pidns = fork->pidns;
	child->pidns_level = fork->pidns_level;
	child->nspid = fork->child_nspid;
	memcpy(child->comm, fork->h.comm, COMM_SIZE);
	return 0;
}

static void remember_snapped(struct person *actor, const struct event_snap_process *snap)
{
	actor->parent = snap->parent;
	actor->parent_tid = snap->parent_tid;
	actor->pgid = snap->pgid;
	actor->sid = snap->sid;
	actor->uid = snap->uid;
	actor->cgroup = snap->cgroup;
	actor->pidns = snap->pidns;
	actor->pidns_level = snap->pidns_level;
	actor->nspid = snap->nspid;
	actor->status = snap->status;
}

static int remember_adopted(struct script_making *making)
{
	const struct event_adopt *adopt = (const void *)event_built(making->builder);
	struct person *child = script_person(making->cast, adopt->child, adopt->child_start);

	if (!child)
		return -ENOMEM;
	child->parent = adopt->to;
	child->parent_tid = adopt->to_tid;
	return 0;
}

/* What later lines take as usual. */
static int remember(struct script_making *making)
{
	const struct event *event = event_built(making->builder);
	struct person *actor = making->actor;

	switch (event->kind) {
	case EVENT_begin:
		making->cast->mode = ((const struct event_begin *)event)->mode;
		return 0;
	case EVENT_fork:
		return remember_child(making);
	case EVENT_adopt:
		return remember_adopted(making);
	case EVENT_snap_process:
		remember_snapped(actor, (const void *)event);
		return 0;
	case EVENT_exit:
		if (((const struct event_exit *)event)->group_dead)
			actor->status = ((const struct event_exit *)event)->status;
		return 0;
	case EVENT_exec:
		actor->uid = ((const struct event_exec *)event)->uid;
		return 0;
	case EVENT_setsid:
		actor->sid = actor->pgid = ((const struct event_setsid *)event)->sid;
		return 0;
	case EVENT_wait_enter:
	case EVENT_wait_exit:
		actor->wait_calls = (uint64_t)built_integer(making, "calls");
		return 0;
	case EVENT_rename:
		memcpy(making->thread->comm, ((const struct event_rename *)event)->new_comm, COMM_SIZE);
		if (event->tid == event->pid)
			memcpy(actor->comm, making->thread->comm, COMM_SIZE);
		return 0;
	case EVENT_lock_wait:
		making->thread->lock = ((const struct event_lock_wait *)event)->lock;
		making->thread->lock_wait_ns = event->t_ns;
		return 0;
	case EVENT_lock_wait_end:
		making->thread->lock = 0;
		return 0;
	case EVENT_thread_look:
		actor->looks++;
		return 0;
	case EVENT_look_done:
		actor->looks = 0;
		return 0;
	case EVENT_setpgid: {
		const struct event_setpgid *told = (const void *)event;
		struct person *target = script_person(making->cast, told->target, told->target_start);

		if (target)
			target->pgid = told->pgid;
		return target ? 0 : -ENOMEM;
	}
	default:
		return 0;
	}
}

/* Names last until another is given; a thread without one has its process', a process without one is p and its pid. */
static int settle_comm(struct script_making *making, struct event *event, struct error *error)
{
	struct buffer comm = {0};
	int err = 0;

	if (making->head.comm) {
		err = script_unquote(making->head.comm, &comm);
		if (err || comm.length >= COMM_SIZE)
			err = bad(making->line, error, making->head.comm, "is no command name of at most 15 bytes");
		else
			memcpy(event->comm, buffer_text(&comm), comm.length);
		buffer_free(&comm);
	}
	if (err || !making->actor)
		return err;
	if (making->head.comm) {
		memcpy(making->thread->comm, event->comm, COMM_SIZE);
		if (event->tid == event->pid)
			memcpy(making->actor->comm, event->comm, COMM_SIZE);
	}
	if (!making->actor->comm[0])
		snprintf(making->actor->comm, COMM_SIZE, "p%u", event->pid);
	memcpy(event->comm, making->thread->comm[0] ? making->thread->comm : making->actor->comm, COMM_SIZE);
	return 0;
}

static int settle_actor(struct script_making *making, struct error *error)
{
	struct event *event = (struct event *)making->builder->bytes;

	event->t_ns = making->head.t_ns;
	event->pid = making->head.pid;
	event->tid = making->head.tid;
	event->start_ns = making->head.start_ns;
	if (event->pid) {
		making->actor = script_person(making->cast, event->pid, event->start_ns);
		making->thread = script_thread(making->cast, event->tid, event->start_ns);
		if (!making->actor || !making->thread)
			return -ENOMEM;
	} else if (needs_actor(event->kind)) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): parse_head set it */
		return bad(making->line, error, making->head.info->name, "needs an actor");
	}
	return settle_comm(making, event, error);
}

int script_make_event(struct script_cast *cast, const struct script_line *line, struct event_builder *builder,
		      struct error *error)
{
	struct script_making making = {.cast = cast, .line = line, .builder = builder};
	int err = parse_head(cast, line, &making.head, error);

	if (err)
		return err;
	event_build(builder, making.head.info);
	err = settle_actor(&making, error);
	if (err)
		return err;
	script_set_usual(&making);
	for (unsigned i = 3; i < line->count; i++) {
		err = set_field(&making, line->words[i], error);
		if (err)
			return err;
	}
	fill_starts(&making);
	if (making.head.info->kind == EVENT_exec && !script_given(line, "args_size"))
		script_preset(&making, "args_size", built_integer(&making, "argv"));
	return remember(&making);
}

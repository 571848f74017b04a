/* SPDX-License-Identifier: BSD-2-Clause
 * One line of a text scenario into one event: who it is about, what is usual for such an event, and what the line says.
 *
 * Identity: a pid belongs to the one of its bearers that was born last before the time of the line, whatever the order
 * of the lines; a pid never told to be born was there one second before the observation. */
#include "source/script_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/syscall.h"
#include "base/text.h"
#include "source/script.h"

#define SECOND 1000000000LL
#define INITIAL_PIDNS 4026531836u /* the inode of the first pid namespace, on every Linux */
#define SIGCHLD_NUMBER 17

struct birth {
	uint64_t start_ns;
	struct birth *next; /* an earlier one of the same pid */
};

struct person { /* what later lines about this process take over from earlier ones */
	uint32_t pid, parent, parent_tid, pgid, sid, uid, pidns, pidns_level, nspid;
	uint64_t start_ns, cgroup, wait_calls;
	int32_t status;
	char comm[COMM_SIZE];
};

struct named_thread {
	char comm[COMM_SIZE];
	bool in_wait;
};

struct script_cast {
	struct hash births;  /* pid -> latest struct birth */
	struct hash people;  /* (pid, start) -> struct person */
	struct hash threads; /* (tid, start of the process) -> struct named_thread */
	uint32_t mode;	     /* of the `begin` line */
};

struct head { /* the first three words, and what is settled about the actor */
	const struct event_info *info;
	uint64_t t_ns, start_ns;
	uint32_t pid, tid;
	const char *comm; /* given here, or NULL */
};

static int bad(const struct script_line *line, struct error *error, const char *word, const char *why)
{
	return error_set(error, -EINVAL, "%s:%u: `%s` %s", line->path, line->number, word, why);
}

/* ---- the cast */

struct script_cast *script_cast_new(void)
{
	return calloc(1, sizeof(struct script_cast));
}

static void free_values(struct hash *hash)
{
	size_t cursor = 0;
	void *value;

	while ((value = hash_next(hash, &cursor)))
		free(value);
	hash_free(hash);
}

void script_cast_free(struct script_cast *cast)
{
	struct birth *birth;
	size_t cursor = 0;

	if (!cast)
		return;
	while ((birth = hash_next(&cast->births, &cursor))) {
		while (birth) {
			struct birth *earlier = birth->next;

			free(birth);
			birth = earlier;
		}
	}
	hash_free(&cast->births);
	free_values(&cast->people);
	free_values(&cast->threads);
	free(cast);
}

static int add_birth(struct script_cast *cast, uint32_t pid, uint64_t start_ns)
{
	struct birth *latest = hash_get(&cast->births, pid, 0), **place = &latest, *birth;

	while (*place && (*place)->start_ns > start_ns)
		place = &(*place)->next;
	if (*place && (*place)->start_ns == start_ns)
		return 0;
	birth = malloc(sizeof(*birth));
	if (!birth)
		return -ENOMEM;
	*birth = (struct birth){start_ns, *place};
	*place = birth;
	if (!hash_put(&cast->births, pid, 0, latest))
		return 0;
	if (latest == birth) /* else it hangs in a chain that is freed with the rest */
		free(birth);
	return -ENOMEM;
}

/* Who bears the pid at that time. */
static uint64_t start_of(const struct script_cast *cast, uint32_t pid, uint64_t t_ns)
{
	const struct birth *birth = hash_get(&cast->births, pid, 0);

	while (birth && birth->start_ns > t_ns)
		birth = birth->next;
	return birth ? birth->start_ns : SCRIPT_BASE_NS - SECOND - (pid % 900000u) * 1000000ULL;
}

static struct person *person(struct script_cast *cast, uint32_t pid, uint64_t start_ns)
{
	struct person *known = hash_get(&cast->people, pid, start_ns);

	if (known)
		return known;
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	*known = (struct person){.pid = pid,
				 .start_ns = start_ns,
				 .parent = pid > 1,
				 .parent_tid = pid > 1,
				 .pgid = 1,
				 .sid = 1,
				 .pidns = INITIAL_PIDNS,
				 .nspid = pid};
	if (!hash_put(&cast->people, pid, start_ns, known))
		return known;
	free(known);
	return NULL;
}

static struct named_thread *named_thread(struct script_cast *cast, uint32_t tid, uint64_t start_ns)
{
	struct named_thread *known = hash_get(&cast->threads, tid, start_ns);

	if (known)
		return known;
	known = calloc(1, sizeof(*known));
	if (known && !hash_put(&cast->threads, tid, start_ns, known))
		return known;
	free(known);
	return NULL;
}

/* ---- symbols */

struct symbol {
	const char *name;
	int64_t value;
};

struct symbol_set {
	const char *event; /* NULL: any */
	const char *field;
	bool flags; /* several, joined by '|' */
	const struct symbol *symbols;
};

static const struct symbol states[] = {{"thread", END_THREAD},
				       {"zombie", END_ZOMBIE},
				       {"autoreaped", END_AUTOREAPED},
				       {"reaped", END_REAPED},
				       {NULL, 0}};
static const struct symbol types[] = {{"any", WAIT_ANY}, {"pid", WAIT_PID}, {"pgid", WAIT_PGID}, {NULL, 0}};
static const struct symbol wait_calls[] = {{"wait4", WAIT_CALL_WAIT4}, {"waitid", WAIT_CALL_WAITID}, {NULL, 0}};
static const struct symbol rules[] = {{"thread", ADOPT_THREAD},
				      {"subreaper", ADOPT_SUBREAPER},
				      {"pidns-init", ADOPT_PIDNS_INIT},
				      {"init", ADOPT_INIT},
				      {"unknown", ADOPT_UNKNOWN},
				      {NULL, 0}};
static const struct symbol hows[] = {{"waited", REAP_WAITED}, {"gone", REAP_SEEN_GONE}, {NULL, 0}};
static const struct symbol scopes[] = {{"target", SCOPE_TARGET}, {"relative", SCOPE_RELATIVE}, {NULL, 0}};
static const struct symbol origins[] = {{"user", SIGNAL_USER}, {"kernel", SIGNAL_KERNEL}, {NULL, 0}};
static const struct symbol dispositions[] = {{"default", SIGCHLD_DEFAULT},
					     {"ignored", SIGCHLD_IGNORED},
					     {"handled", SIGCHLD_HANDLED},
					     {"nocldwait", SIGCHLD_NOCLDWAIT},
					     {NULL, 0}};
static const struct symbol modes[] = {
    {"run", MODE_RUN}, {"attach", MODE_ATTACH}, {"snapshot", MODE_SNAPSHOT}, {NULL, 0}};
static const struct symbol endings[] = {{"command", ENDED_COMMAND},
					{"interrupt", ENDED_INTERRUPT},
					{"duration", ENDED_DURATION},
					{"targets-gone", ENDED_TARGETS_GONE},
					{"cut", ENDED_CUT},
					{NULL, 0}};
static const struct symbol deaths[] = {{"alive", 0}, {"zombie", 1}, {"leader-exited", 2}, {NULL, 0}};
static const struct symbol results[] = {{"delivered", 0}, {"ignored", 1}, {"pending", 2}, {"lost", 3}, {NULL, 0}};
static const struct symbol unlimited[] = {{"unlimited", -1}, {NULL, 0}};
static const struct symbol wait_options[] = {{"WNOHANG", 1},
					     {"WUNTRACED", 2},
					     {"WSTOPPED", 2},
					     {"WEXITED", 4},
					     {"WCONTINUED", 8},
					     {"WNOWAIT", 0x01000000},
					     {"__WNOTHREAD", 0x20000000},
					     {"__WALL", 0x40000000},
					     {"__WCLONE", 0x80000000},
					     {NULL, 0}};
static const struct symbol clone_flags[] = {{"CLONE_VM", 0x100},	 {"CLONE_VFORK", 0x4000},
					    {"CLONE_PARENT", 0x8000},	 {"CLONE_THREAD", 0x10000},
					    {"CLONE_NEWPID", 0x20000000}, {NULL, 0}};
static const struct symbol classes[] = {
#define GROUP(upper, lower) {#lower, GROUP_##upper},
    EVENT_GROUPS(GROUP)
#undef GROUP
    {NULL, 0}};

static const struct symbol_set symbol_sets[] = {
    {"end", "state", false, states},
    {NULL, "type", false, types},
    {NULL, "wait_type", false, types},
    {"wait_enter", "call", false, wait_calls},
    {"wait_exit", "call", false, wait_calls},
    {NULL, "rule", false, rules},
    {NULL, "how", false, hows},
    {NULL, "scope", false, scopes},
    {NULL, "origin", false, origins},
    {NULL, "sigchld", false, dispositions},
    {NULL, "mode", false, modes},
    {NULL, "ended_by", false, endings},
    {NULL, "dead", false, deaths},
    {"signal", "result", false, results},
    {NULL, "options", true, wait_options},
    {NULL, "wait_options", true, wait_options},
    {NULL, "flags", true, clone_flags},
    {NULL, "class", false, classes},
    {"fork_failed", "nproc_limit", false, unlimited},
    {"fork_failed", "pids_max", false, unlimited},
};

static const struct symbol_set *symbols_for(const char *event, const char *field)
{
	for (size_t i = 0; i < sizeof(symbol_sets) / sizeof(symbol_sets[0]); i++)
		if (!strcmp(symbol_sets[i].field, field) &&
		    (!symbol_sets[i].event || !strcmp(symbol_sets[i].event, event)))
			return &symbol_sets[i];
	return NULL;
}

static bool symbol_value(const struct symbol *symbols, const char *name, size_t length, int64_t *value)
{
	for (; symbols->name; symbols++) {
		if (strlen(symbols->name) != length || memcmp(symbols->name, name, length))
			continue;
		*value = symbols->value;
		return true;
	}
	return false;
}

static bool flags_value(const struct symbol *symbols, const char *text, int64_t *value)
{
	int64_t one;

	*value = 0;
	while (*text) {
		size_t length = strcspn(text, "|");

		if (!symbol_value(symbols, text, length, &one))
			return false;
		*value |= one;
		text += length + (text[length] == '|');
	}
	return true;
}

/* ---- values */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

static bool is_one_of(const char *field, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(field, *names))
			return true;
	return false;
}

static bool integer_value(const char *text, int64_t *value)
{
	char *end;

	if (*text != '-' && (*text < '0' || *text > '9'))
		return false;
	errno = 0;
	*value = *text == '-' ? strtoll(text, &end, 0) : (int64_t)strtoull(text, &end, 0);
	return !errno && end != text && !*end;
}

static bool errno_value(const char *text, int64_t *value)
{
	bool minus = *text == '-';

	for (int number = 1; number < 600; number++) {
		const char *name = text_errno_name(number);

		if (!name || strcmp(name, text + minus))
			continue;
		*value = -number;
		return true;
	}
	return false;
}

static bool signal_value(const char *text, int64_t *value)
{
	int32_t status;

	if (strncmp(text, "SIG", 3) || script_parse_status(text, &status) || status & 0x80)
		return false;
	*value = status;
	return true;
}

static bool status_value(const char *text, int64_t *value)
{
	int32_t status;

	if (script_parse_status(text, &status))
		return false;
	*value = status;
	return true;
}

/* Fields that are points in time; other durations are lengths. */
static bool time_value(const char *field, const char *text, int64_t *value)
{
	bool point = ends_with(field, "start") || !strcmp(field, "since_ns");

	if (script_parse_time(text, value))
		return false;
	if (point)
		*value += (int64_t)SCRIPT_BASE_NS;
	return !point || *value >= 0;
}

static bool syscall_value(const char *text, int64_t *value)
{
	if (!strcmp(text, "none"))
		*value = -1;
	else
		*value = syscall_number_on("x86_64", text);
	return *value >= 0 || !strcmp(text, "none");
}

static bool named_value(const char *event, const char *field, const char *text, int64_t *value)
{
	static const char *const signals[] = {"signal", "pdeathsig", "exit_signal", NULL};
	static const char *const statuses[] = {"status", "exit_status", NULL};
	static const char *const syscalls[] = {"syscall", "call", NULL};
	static const char *const errors[] = {"error", "result", NULL};
	const struct symbol_set *set = symbols_for(event, field);

	if (set)
		return set->flags ? flags_value(set->symbols, text, value)
				  : symbol_value(set->symbols, text, strlen(text), value);
	if (is_one_of(field, signals))
		return signal_value(text, value);
	if (is_one_of(field, statuses))
		return status_value(text, value);
	if (is_one_of(field, syscalls))
		return syscall_value(text, value);
	if (is_one_of(field, errors))
		return errno_value(text, value);
	if (!strcmp(field, "parent_state") && text[0] && !text[1])
		*value = text[0];
	return !strcmp(field, "parent_state") && text[0] && !text[1];
}

static const struct event_field *field_of(const struct event_info *info, const char *name)
{
	for (unsigned i = 0; i < info->field_count; i++)
		if (info->fields[i].type != FIELD_PAD && !strcmp(info->fields[i].name, name))
			return &info->fields[i];
	return NULL;
}

static int value_of(const struct event_info *info, const struct event_field *field, const char *text, int64_t *value)
{
	if (named_value(info->name, field->name, text, value) || integer_value(text, value))
		return 0;
	return field->size == 8 && time_value(field->name, text, value) ? 0 : -EINVAL;
}

/* ["a","b c"]: each member with a zero byte behind it, as the kernel keeps arguments. */
static int list_value(const char *raw, struct buffer *out)
{
	struct buffer member = {0};
	int err = 0;

	for (raw++; !err && *raw && *raw != ']';) {
		bool quoted = false;
		size_t length = 0;

		while (raw[length] && (quoted || (raw[length] != ',' && raw[length] != ']'))) {
			quoted ^= raw[length] == '"';
			length += 1 + (quoted && raw[length] == '\\' && raw[length + 1]);
		}
		buffer_append(&member, raw, length);
		err = member.failed ? -ENOMEM : script_unquote(member.data, out);
		buffer_char(out, '\0');
		buffer_clear(&member);
		raw += length + (raw[length] == ',');
	}
	buffer_free(&member);
	if (!err && (*raw != ']' || raw[1]))
		return -EINVAL;
	return !err && out->failed ? -ENOMEM : err;
}

static int set_text(struct event_builder *builder, const char *field, const char *raw)
{
	struct buffer text = {0};
	int err = *raw == '[' ? list_value(raw, &text) : script_unquote(raw, &text);

	if (!err)
		err = event_build_bytes(builder, field, buffer_text(&text), text.length);
	buffer_free(&text);
	return err;
}

/* ---- the head of a line */

static bool parse_pid(const char *text, size_t length, uint32_t *pid)
{
	char digits[12];
	int64_t number;

	if (!length || length >= sizeof(digits))
		return false;
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (text_parse_number(digits, 1, INT32_MAX, &number))
		return false;
	*pid = (uint32_t)number;
	return true;
}

static bool parse_actor(const char *text, struct head *head)
{
	size_t length = strcspn(text, "/"), pid_length = strcspn(text, ":/");

	head->comm = text[length] ? text + length + 1 : NULL;
	if (length == 1 && *text == '-')
		return true;
	if (!parse_pid(text, pid_length, &head->pid))
		return false;
	head->tid = head->pid;
	return text[pid_length] != ':' || parse_pid(text + pid_length + 1, length - pid_length - 1, &head->tid);
}

/* The raw value of `name=` among the line's words, or NULL. */
static const char *given(const struct script_line *line, const char *name)
{
	size_t length = strlen(name);

	for (unsigned i = 3; i < line->count; i++)
		if (!strncmp(line->words[i], name, length) && line->words[i][length] == '=')
			return line->words[i] + length + 1;
	return NULL;
}

static int parse_head(const struct script_cast *cast, const struct script_line *line, struct head *head,
		      struct error *error)
{
	const char *start;
	int64_t time;

	*head = (struct head){0};
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
	start = given(line, "start");
	if (start && (script_parse_time(start, &time) || time < -(int64_t)SCRIPT_BASE_NS))
		return bad(line, error, start, "is not a time");
	if (head->pid && head->info->group != GROUP_STREAM)
		head->start_ns = start ? SCRIPT_BASE_NS + (uint64_t)time : start_of(cast, head->pid, head->t_ns);
	return 0;
}

int script_note_births(struct script_cast *cast, const struct script_line *line, struct error *error)
{
	struct head head;
	int err = parse_head(cast, line, &head, error);
	const char *child = given(line, "child"), *start = given(line, "child_start");
	uint32_t pid;
	int64_t time = 0;

	if (err)
		return err;
	if (given(line, "start") && head.start_ns)
		err = add_birth(cast, head.pid, head.start_ns);
	if (err || head.info->kind != EVENT_fork)
		return err;
	if (!child || !parse_pid(child, strlen(child), &pid))
		return bad(line, error, line->words[1], "needs child=PID");
	if (start && script_parse_time(start, &time))
		return bad(line, error, start, "is not a time");
	return add_birth(cast, pid, start ? SCRIPT_BASE_NS + (uint64_t)time : head.t_ns);
}

/* ---- what is usual */

struct making {
	struct script_cast *cast;
	const struct script_line *line;
	struct head head;
	struct person *actor;	     /* NULL: nobody */
	struct named_thread *thread; /* NULL: nobody */
	struct event_builder *builder;
};

static void preset(struct making *making, const char *field, int64_t value)
{
	event_build_integer(making->builder, field, value); /* cannot fail: fields and ranges are our own */
}

static void preset_text(struct making *making, const char *field, const char *text, size_t length)
{
	event_build_bytes(making->builder, field, text, length);
}

static bool given_pid(const struct making *making, const char *field, uint32_t *pid)
{
	const char *text = given(making->line, field);

	return text && parse_pid(text, strlen(text), pid);
}

/* The other process of an event, as the line names it. NULL: none named. */
static struct person *named_person(struct making *making, const char *field)
{
	uint32_t pid;

	if (!given_pid(making, field, &pid))
		return NULL;
	return person(making->cast, pid, start_of(making->cast, pid, making->head.t_ns));
}

static void usual_fork(struct making *making)
{
	const struct person *parent = named_person(making, "parent");
	uint32_t child = 0;

	if (!parent)
		parent = making->actor;
	given_pid(making, "child", &child);
	preset(making, "child_start", (int64_t)making->head.t_ns);
	preset(making, "child_nspid", child);
	preset(making, "parent", parent->pid);
	preset(making, "parent_tid", parent == making->actor ? making->head.tid : parent->pid);
	preset(making, "exit_signal", SIGCHLD_NUMBER);
	preset(making, "pgid", parent->pgid);
	preset(making, "sid", parent->sid);
	preset(making, "uid", parent->uid);
	preset(making, "cgroup", (int64_t)parent->cgroup);
	preset(making, "pidns", parent->pidns);
	preset(making, "pidns_level", parent->pidns_level);
}

static void usual_thread(struct making *making)
{
	uint32_t child = 0;

	given_pid(making, "child", &child);
	preset(making, "child_nspid", child);
	preset(making, "flags", 0x3d0f00); /* as pthread_create does */
}

static void usual_exec(struct making *making)
{
	char path[COMM_SIZE + 8] = "/bin/";

	strcat(path, making->actor->comm);
	preset(making, "old_tid", making->head.tid);
	preset(making, "pgid", making->actor->pgid);
	preset(making, "sid", making->actor->sid);
	preset(making, "uid", making->actor->uid);
	preset(making, "cgroup", (int64_t)making->actor->cgroup);
	preset_text(making, "filename", path, strlen(path));
	preset_text(making, "exe", path, strlen(path));
	preset_text(making, "argv", making->actor->comm, strlen(making->actor->comm) + 1);
}

static void usual_exit(struct making *making)
{
	preset(making, "group_dead", 1);
	preset(making, "exit_signal", SIGCHLD_NUMBER);
	preset(making, "pgid", making->actor->pgid);
	preset(making, "sid", making->actor->sid);
}

static void usual_end(struct making *making)
{
	preset(making, "state", END_ZOMBIE);
	preset(making, "parent", making->actor->parent);
}

static void usual_reap(struct making *making)
{
	const struct person *child = named_person(making, "child");

	preset(making, "status", child ? child->status : 0);
}

static void usual_wait(struct making *making)
{
	const char *target = given(making->line, "target");
	const char *folded = given(making->line, "folded");
	bool again = making->head.info->kind == EVENT_wait_exit && making->thread->in_wait;

	if (!given(making->line, "calls"))
		making->actor->wait_calls += !again + (folded ? strtoul(folded, NULL, 0) : 0);
	making->thread->in_wait = making->head.info->kind == EVENT_wait_enter;
	preset(making, "calls", (int64_t)making->actor->wait_calls);
	preset(making, "type", target && strtol(target, NULL, 0) > 0 ? WAIT_PID : WAIT_ANY);
	preset(making, "target", -1);
	preset(making, "pidns", making->actor->pidns);
}

static void usual_adopt(struct making *making)
{
	const struct person *to = named_person(making, "to");
	uint32_t rule = ADOPT_UNKNOWN;

	if (!to)
		return;
	if (to->pid == 1)
		rule = ADOPT_INIT;
	else if (to == making->actor)
		rule = ADOPT_THREAD;
	preset(making, "to_tid", to->pid);
	preset(making, "rule", rule);
	preset_text(making, "to_comm", to->comm, strlen(to->comm));
}

static void usual_signal(struct making *making)
{
	const char *origin = given(making->line, "origin");
	bool kernel = origin && !strcmp(origin, "kernel");
	uint32_t target = 0;

	given_pid(making, "target", &target);
	preset(making, "target_tid", target);
	preset(making, "group", 1);
	preset(making, "code", kernel ? 0x80 : 0);
	preset(making, "syscall", kernel ? -1 : 62);
	preset(making, "siginfo_pid", kernel ? 0 : making->head.pid);
}

static void usual_fork_failed(struct making *making)
{
	preset(making, "nproc_limit", -1);
	preset(making, "pids_max", -1);
	preset(making, "error", -EAGAIN);
	preset(making, "call", 56); /* clone */
	preset(making, "uid", making->actor->uid);
}

static void usual_setsid(struct making *making)
{
	preset(making, "sid", making->head.pid);
}

static void usual_setpgid(struct making *making)
{
	uint32_t target = making->head.pid;

	given_pid(making, "target", &target);
	preset(making, "target", target);
	preset(making, "pgid", target);
}

static void usual_subreaper(struct making *making)
{
	preset(making, "on", 1);
}

static void usual_snap_process(struct making *making)
{
	const struct person *actor = making->actor;

	preset(making, "nspid", actor->nspid);
	preset(making, "parent", actor->parent);
	preset(making, "parent_tid", actor->parent_tid);
	preset(making, "exit_signal", SIGCHLD_NUMBER);
	preset(making, "uid", actor->uid);
	preset(making, "cgroup", (int64_t)actor->cgroup);
	preset(making, "pgid", actor->pgid);
	preset(making, "sid", actor->sid);
	preset(making, "pidns", actor->pidns);
	preset(making, "pidns_level", actor->pidns_level);
	preset(making, "scope", SCOPE_TARGET);
	preset(making, "status", actor->status);
	preset(making, "live_threads", 1);
}

static void usual_snap_thread(struct making *making)
{
	preset(making, "thread_start", (int64_t)SCRIPT_BASE_NS - SECOND);
	preset(making, "nstid", making->head.tid);
}

static void usual_zombie_look(struct making *making)
{
	const struct person *parent = named_person(making, "parent");
	uint32_t pid = making->actor->parent;

	if (!parent && pid)
		parent = person(making->cast, pid, start_of(making->cast, pid, making->head.t_ns));
	preset(making, "parent", pid);
	preset(making, "parent_tid", parent ? parent->pid : 0);
	preset(making, "parent_state", 'S');
	preset(making, "syscall", -1);
	preset(making, "exit_signal", SIGCHLD_NUMBER);
	preset(making, "status", making->actor->status);
	if (parent)
		preset_text(making, "parent_comm", parent->comm, strlen(parent->comm));
}

static void usual_begin(struct making *making)
{
	preset(making, "realtime_ns", 1767225600 * SECOND); /* 2026-01-01T00:00:00Z */
	preset(making, "zombie_after_ns", SECOND);
	preset(making, "contended_after_ns", SECOND / 100);
	preset(making, "pid_max", 32768);
	preset(making, "cpus", 2);
	preset(making, "self_pidns", INITIAL_PIDNS);
	preset_text(making, "kernel", "6.1.0", 5);
	preset_text(making, "arch", "x86_64", 6);
}

static void usual_finish(struct making *making)
{
	preset(making, "exit_status", making->cast->mode == MODE_RUN ? 0 : -1);
}

static void usual_lost(struct making *making)
{
	preset(making, "count", 1);
	preset(making, "since_ns", (int64_t)SCRIPT_BASE_NS);
}

static void (*const usual[EVENT_KIND_LIMIT])(struct making *making) = {
    [EVENT_fork] = usual_fork,
    [EVENT_thread] = usual_thread,
    [EVENT_exec] = usual_exec,
    [EVENT_exit] = usual_exit,
    [EVENT_end] = usual_end,
    [EVENT_reap] = usual_reap,
    [EVENT_wait_enter] = usual_wait,
    [EVENT_wait_exit] = usual_wait,
    [EVENT_adopt] = usual_adopt,
    [EVENT_signal] = usual_signal,
    [EVENT_fork_failed] = usual_fork_failed,
    [EVENT_setsid] = usual_setsid,
    [EVENT_setpgid] = usual_setpgid,
    [EVENT_subreaper] = usual_subreaper,
    [EVENT_snap_process] = usual_snap_process,
    [EVENT_snap_thread] = usual_snap_thread,
    [EVENT_zombie_look] = usual_zombie_look,
    [EVENT_begin] = usual_begin,
    [EVENT_finish] = usual_finish,
    [EVENT_lost] = usual_lost,
};

static bool needs_actor(uint16_t kind)
{
	return kind != EVENT_reap && kind != EVENT_cgroup && kind != EVENT_signal && kind != EVENT_oom &&
	       event_info(kind)->group != GROUP_STREAM;
}

/* ---- what the line says */

static int set_field(struct making *making, const char *word, struct error *error)
{
	const struct event_info *info = making->head.info;
	size_t length = strcspn(word, "=");
	const struct event_field *field;
	char name[64];
	int64_t value;
	int err;

	if (!length || !word[length] || length >= sizeof(name))
		return bad(making->line, error, word, "is not key=value");
	memcpy(name, word, length);
	name[length] = '\0';
	if (!strcmp(name, "start"))
		return 0; /* taken with the head */
	field = field_of(info, name);
	if (!field)
		return error_set(error, -EINVAL, "%s:%u: `%s` is no field of `%s`", making->line->path,
				 making->line->number, name, info->name);
	if (field->type == FIELD_STR || field->type == FIELD_BLOB) {
		err = set_text(making->builder, name, word + length + 1);
	} else {
		err = value_of(info, field, word + length + 1, &value);
		if (!err)
			err = event_build_integer(making->builder, name, value);
	}
	if (err == -ENOMEM)
		return err;
	return err ? bad(making->line, error, word, "has a value that does not fit the field") : 0;
}

static int64_t built_integer(const struct making *making, const char *name)
{
	const struct event_field *field = field_of(making->head.info, name);

	return field ? event_integer(event_built(making->builder), field) : 0;
}

/* Where a field names a pid and another its start, the start is that of the pid's bearer, unless the line says it. */
static void fill_starts(struct making *making)
{
	static const char *const pairs[][2] = {{"child", "child_start"},   {"parent", "parent_start"},
					       {"to", "to_start"},	   {"target", "target_start"},
					       {"victim", "victim_start"}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		uint32_t pid = (uint32_t)built_integer(making, pairs[i][0]);

		if (!field_of(making->head.info, pairs[i][1]) || given(making->line, pairs[i][1]) || !pid)
			continue;
		if (making->head.info->kind == EVENT_fork && !strcmp(pairs[i][0], "child"))
			continue; /* born now */
		preset(making, pairs[i][1], (int64_t)start_of(making->cast, pid, making->head.t_ns));
	}
}

static int remember_child(struct making *making)
{
	const struct event_fork *fork = (const void *)event_built(making->builder);
	struct person *child = person(making->cast, fork->child, fork->child_start);

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

static int remember_adopted(struct making *making)
{
	const struct event_adopt *adopt = (const void *)event_built(making->builder);
	struct person *child = person(making->cast, adopt->child, adopt->child_start);

	if (!child)
		return -ENOMEM;
	child->parent = adopt->to;
	child->parent_tid = adopt->to_tid;
	return 0;
}

/* What later lines take as usual. */
static int remember(struct making *making)
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
	case EVENT_setpgid: {
		const struct event_setpgid *told = (const void *)event;
		struct person *target = person(making->cast, told->target, told->target_start);

		if (target)
			target->pgid = told->pgid;
		return target ? 0 : -ENOMEM;
	}
	default:
		return 0;
	}
}

/* Names last until another is given; a thread without one has its process', a process without one is p and its pid. */
static int settle_comm(struct making *making, struct event *event, struct error *error)
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

static int settle_actor(struct making *making, struct error *error)
{
	struct event *event = (struct event *)making->builder->bytes;

	event->t_ns = making->head.t_ns;
	event->pid = making->head.pid;
	event->tid = making->head.tid;
	event->start_ns = making->head.start_ns;
	if (event->pid) {
		making->actor = person(making->cast, event->pid, event->start_ns);
		making->thread = named_thread(making->cast, event->tid, event->start_ns);
		if (!making->actor || !making->thread)
			return -ENOMEM;
	} else if (needs_actor(event->kind)) {
		return bad(making->line, error, making->head.info->name, "needs an actor");
	}
	return settle_comm(making, event, error);
}

int script_make_event(struct script_cast *cast, const struct script_line *line, struct event_builder *builder,
		      struct error *error)
{
	struct making making = {.cast = cast, .line = line, .builder = builder};
	int err = parse_head(cast, line, &making.head, error);

	if (err)
		return err;
	event_build(builder, making.head.info);
	err = settle_actor(&making, error);
	if (err)
		return err;
	if (usual[making.head.info->kind])
		usual[making.head.info->kind](&making);
	for (unsigned i = 3; i < line->count; i++) {
		err = set_field(&making, line->words[i], error);
		if (err)
			return err;
	}
	fill_starts(&making);
	if (making.head.info->kind == EVENT_exec && !given(line, "args_size"))
		preset(&making, "args_size", built_integer(&making, "argv"));
	return remember(&making);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Values of a text scenario as they are written: times, names for numbers, strings with escapes, lists of arguments. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/flags.h"
#include "base/syscall.h"
#include "base/text.h"
#include "source/script.h"
#include "source/script_line.h"

/* ---- text and times */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int unescape(const char **text, struct buffer *out)
{
	static const char letters[] = "ntr0\"\\", bytes[] = "\n\t\r\0\"\\";
	const char *found;

	if (**text == 'x') {
		int high = hex_digit((*text)[1]);
		int low = high < 0 ? -1 : hex_digit((*text)[2]);

		if (low < 0)
			return -EINVAL;
		buffer_char(out, (char)(high * 16 + low));
		*text += 3;
		return 0;
	}
	found = **text ? strchr(letters, **text) : NULL;
	if (!found)
		return -EINVAL;
	buffer_char(out, bytes[found - letters]);
	*text += 1;
	return 0;
}

int script_unquote(const char *raw, struct buffer *out)
{
	bool quoted = false;

	while (*raw) {
		if (*raw == '"') {
			quoted = !quoted;
			raw++;
		} else if (quoted && *raw == '\\') {
			raw++;
			if (unescape(&raw, out))
				return -EINVAL;
		} else {
			buffer_char(out, *raw++);
		}
	}
	if (quoted)
		return -EINVAL;
	return out->failed ? -ENOMEM : 0;
}

int script_parse_time(const char *text, int64_t *ns)
{
	bool negative = *text == '-';
	uint64_t size;
	int err = text_parse_duration(text + negative, &size);

	if (err)
		return err;
	*ns = negative ? -(int64_t)size : (int64_t)size;
	return 0;
}

static int signal_number(const char *name, size_t length)
{
	for (int number = 1; number <= 64; number++) {
		const char *known = text_signal_name(number);

		if (known && strlen(known) == length && !memcmp(known, name, length))
			return number;
	}
	return -1;
}

int script_parse_status(const char *text, int32_t *status)
{
	const char *plus = strstr(text, "+core");
	size_t length = plus && !plus[5] ? (size_t)(plus - text) : strlen(text);
	int64_t number;

	if (!strncmp(text, "exit:", 5)) {
		if (text_parse_number(text + 5, 0, 255, &number))
			return -EINVAL;
		*status = (int32_t)number << 8;
		return 0;
	}
	if (!text_parse_number(text, INT32_MIN, INT32_MAX, &number)) {
		*status = (int32_t)number;
		return 0;
	}
	number = signal_number(text, length);
	if (number < 0)
		return -EINVAL;
	*status = (int32_t)number | (text[length] ? 0x80 : 0);
	return 0;
}

bool script_parse_pid(const char *text, size_t length, uint32_t *pid)
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

static const struct symbol states[] = {
    {"thread", END_THREAD}, {"zombie", END_ZOMBIE}, {"autoreaped", END_AUTOREAPED}, {"reaped", END_REAPED}, {NULL, 0}};
static const struct symbol types[] = {{"any", WAIT_ANY}, {"pid", WAIT_PID}, {"pgid", WAIT_PGID}, {NULL, 0}};
static const struct symbol wait_calls[] = {{"wait4", WAIT_CALL_WAIT4}, {"waitid", WAIT_CALL_WAITID}, {NULL, 0}};
static const struct symbol rules[] = {{"thread", ADOPT_THREAD},         {"subreaper", ADOPT_SUBREAPER},
				      {"pidns-init", ADOPT_PIDNS_INIT}, {"init", ADOPT_INIT},
				      {"unknown", ADOPT_UNKNOWN},       {NULL, 0}};
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
static const struct symbol endings[] = {{"command", ENDED_COMMAND},   {"interrupt", ENDED_INTERRUPT},
					{"duration", ENDED_DURATION}, {"targets-gone", ENDED_TARGETS_GONE},
					{"cut", ENDED_CUT},           {NULL, 0}};
static const struct symbol deaths[] = {{"alive", 0}, {"zombie", 1}, {"leader-exited", 2}, {NULL, 0}};
static const struct symbol results[] = {{"delivered", 0}, {"ignored", 1}, {"pending", 2}, {"lost", 3}, {NULL, 0}};
static const struct symbol unlimited[] = {{"unlimited", -1}, {NULL, 0}};
#define FLAG(name, bit) {#name, bit},
static const struct symbol wait_options[] = {WAIT_OPTION_BITS(FLAG){"WSTOPPED", 2}, {NULL, 0}};
static const struct symbol clone_flags[] = {CLONE_FLAG_BITS(FLAG){NULL, 0}};
#undef FLAG
static const struct symbol reasons[] = {{"involuntary", SWITCH_INVOLUNTARY},
					{"exit", SWITCH_ENDED},
					{"unknown", SWITCH_UNKNOWN},
#define REASON(upper, lower) {#lower, BLOCKED_##upper + 1},
					BLOCKED_REASONS(REASON)
#undef REASON
					{NULL, 0}};
static const struct symbol open_flags[] = {{"O_RDONLY", 0},	{"O_WRONLY", 01}, {"O_RDWR", 02}, {"O_CREAT", 0100},
					   {"O_EXCL", 0200}, {"O_TRUNC", 01000}, {NULL, 0}};
static const struct symbol descriptor_kinds[] = {
    {"closed", DESCRIPTOR_CLOSED}, {"null", DESCRIPTOR_NULL},	  {"terminal", DESCRIPTOR_TERMINAL},
    {"file", DESCRIPTOR_FILE},	   {"pipe", DESCRIPTOR_PIPE},	  {"socket", DESCRIPTOR_SOCKET},
    {"device", DESCRIPTOR_DEVICE}, {"other", DESCRIPTOR_OTHER},	  {NULL, 0}};
static const struct symbol look_causes[] = {{"state", LOOK_STATE}, {"exit", LOOK_EXIT}, {NULL, 0}};
static const struct symbol signal_dispositions[] = {{"default", DISPOSITION_DEFAULT},
						    {"ignored", DISPOSITION_IGNORED},
						    {"handled", DISPOSITION_HANDLED},
						    {NULL, 0}};
static const struct symbol lock_hows[] = {{"shared", 0}, {"exclusive", 1}, {"unlock", 2}, {NULL, 0}};
static const struct symbol families[] = {{"unix", 1}, {"inet", 2}, {"inet6", 10}, {NULL, 0}};
static const struct symbol pidfile_states[] = {{"absent", PIDFILE_ABSENT},
					       {"present", PIDFILE_PRESENT},
					       {"unreadable", PIDFILE_UNREADABLE},
					       {NULL, 0}};
static const struct symbol three[] = {{"no", 0}, {"yes", 1}, {"unknown", 2}, {NULL, 0}};
static const struct symbol not_known[] = {{"unknown", UINT32_MAX}, {NULL, 0}};
static const struct symbol classes[] = {
#define GROUP(upper, lower) {#lower, GROUP_##upper},
    EVENT_GROUPS(GROUP)
#undef GROUP
	{NULL, 0}};

static const struct symbol lock_kinds[] = {
#define KIND(upper, lower) {#lower, LOCK_##upper},
    LOCK_KINDS(KIND)
#undef KIND
	{NULL, 0}};
static const struct symbol holders[] = {{"unknown", HOLDER_UNKNOWN}, {"thread", HOLDER_THREAD},
					{"nobody", HOLDER_NOBODY},   {"gone", HOLDER_GONE},
					{"fork", HOLDER_FORK},       {NULL, 0}};
static const struct symbol outcomes[] = {{"acquired", LOCK_ACQUIRED}, {"timeout", LOCK_TIMEOUT},
					 {"gave-up", LOCK_GAVE_UP},   {"failed", LOCK_FAILED},
					 {"owner-died", LOCK_OWNER_DIED}, {NULL, 0}};
static const struct symbol cuts[] = {{"whole", SITE_WHOLE},
				     {"no-more-stack", SITE_NO_MORE_STACK},
				     {"no-unwind-info", SITE_NO_UNWIND_INFO},
				     {"unreadable", SITE_UNREADABLE},
				     {NULL, 0}};

static const struct symbol_set symbol_sets[] = {
    {"lock", "kind", false, lock_kinds},
    {NULL, "holder", false, holders},
    {NULL, "outcome", false, outcomes},
    {NULL, "cut", false, cuts},
    {"open", "flags", true, open_flags},
    {"open", "kind", false, descriptor_kinds},
    {"dup", "kind", false, descriptor_kinds},
    {"session_look", "stdin_kind", false, descriptor_kinds},
    {"session_look", "stdout_kind", false, descriptor_kinds},
    {"session_look", "stderr_kind", false, descriptor_kinds},
    {"session_look", "cause", false, look_causes},
    {"session_look", "hangup", false, signal_dispositions},
    {"session_look", "descriptors", false, not_known},
    {"session_look", "inherited", false, not_known},
    {"session_look", "execs", false, not_known},
    {"file_lock", "how", false, lock_hows},
    {"listen", "family", false, families},
    {"pidfile_look", "state", false, pidfile_states},
    {"pidfile_look", "alive", false, three},
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
    {"switch", "reason", false, reasons},
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
	static const char *const points[] = {"since_ns", "modified_ns", "first_ns", "last_ns", "woken_ns", NULL};
	bool point = ends_with(field, "start") || is_one_of(field, points);

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

/* SIGALRM|SIGUSR1: bit N-1 for signal N. */
static bool signal_mask_value(const char *text, int64_t *value)
{
	uint64_t mask = 0;

	while (*text) {
		size_t length = strcspn(text, "|");
		int number = signal_number(text, length);

		if (number < 1)
			return false;
		mask |= 1ULL << (number - 1);
		text += length + (text[length] == '|');
	}
	*value = (int64_t)mask;
	return true;
}

/* The letter that ps shows. */
static bool state_value(const char *text, int64_t *value)
{
	bool is_letter = ((*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z')) && !text[1];

	if (is_letter)
		*value = (unsigned char)*text;
	return is_letter;
}

static bool named_value(const char *event, const char *field, const char *text, int64_t *value)
{
	static const char *const signals[] = {"signal", "pdeathsig", "exit_signal", NULL};
	static const char *const statuses[] = {"status", "exit_status", NULL};
	static const char *const syscalls[] = {"syscall", "call", "spin_call", NULL};
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
	if (!strcmp(field, "handlers"))
		return signal_mask_value(text, value);
	return (!strcmp(field, "parent_state") || !strcmp(field, "state")) && state_value(text, value);
}

const struct event_field *script_field(const struct event_info *info, const char *name)
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

int script_set_value(struct event_builder *builder, const struct event_field *field, const char *raw)
{
	int64_t value;
	int err;

	if (field->type == FIELD_STR || field->type == FIELD_BLOB)
		return set_text(builder, field->name, raw);
	err = value_of(builder->info, field, raw, &value);
	return err ? err : event_build_integer(builder, field->name, value);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Conditions, and processes by role; see expect_internal.h. */
#include <string.h>

#include "base/text.h"
#include "cli/expect_internal.h"

bool condition_read(const char *word, struct condition *condition)
{
	size_t length = strcspn(word, "=<>~");
	const char *at = word + length;

	if (!length || !*at)
		return false;
	*condition = (struct condition){.key = word, .key_length = length};
	condition->operation = *at == '~' ? CONTAINS : *at == '>' ? AT_LEAST : *at == '<' ? AT_MOST : EQUAL;
	if (*at != '~' && *at != '=' && at[1] != '=')
		return false;
	condition->value = at + (*at == '~' || *at == '=' ? 1 : 2);
	return true;
}

bool condition_key_is(const struct condition *condition, const char *key)
{
	return strlen(key) == condition->key_length && !strncmp(condition->key, key, condition->key_length);
}

bool compare_text(enum operation operation, const char *found, const char *wanted)
{
	return operation == EQUAL ? !strcmp(found, wanted) : operation == CONTAINS && strstr(found, wanted);
}

bool read_number(const char *text, int64_t *number)
{
	uint64_t ns;

	if (!text_parse_number(text, INT64_MIN, INT64_MAX, number))
		return true;
	if (text_parse_duration(text, &ns) < 0)
		return false;
	*number = (int64_t)ns;
	return true;
}

bool compare_number(enum operation operation, int64_t found, int64_t wanted)
{
	if (operation == AT_LEAST)
		return found >= wanted;
	return operation == AT_MOST ? found <= wanted : found == wanted;
}

bool subject_read(const struct directive *directive, struct subject *subject)
{
	const char *word = directive->words[0], *slash;

	if (!word)
		return false;
	slash = strchr(word, '/');
	*subject = (struct subject){.role = word,
				    .role_length = slash ? (size_t)(slash - word) : strlen(word),
				    .thread = slash ? slash + 1 : NULL};
	return true;
}

bool subject_is(const struct subject *subject, const char *role)
{
	return !strncmp(role, subject->role, subject->role_length) && !role[subject->role_length];
}

/* ---- processes by role ----------------------------------------------------------------------------------------- */

const struct process *process_of(const struct check *check, uint32_t pid)
{
	const struct process *inner = NULL;
	const struct process *process = model_first(check->engine->model);

	for (; process; process = process->next) {
		if (process->scope != SCOPE_TARGET)
			continue;
		if (process->id.pid == pid)
			return process;
		if (process->nspid == pid)
			inner = process;
	}
	return inner;
}

bool names_thread(const struct check *check, const char *name, uint32_t pid, uint32_t tid)
{
	const struct role *role;
	int64_t number;

	if (!text_parse_number(name, 0, UINT32_MAX, &number))
		return (uint32_t)number == pid || (uint32_t)number == tid;
	for (unsigned i = 0; (role = roles_get(check->roles, i)); i++)
		if (!strcmp(role->name, name) && tid && role->pid == tid)
			return true;
	return pid && names_pid(check, name, pid);
}

bool names_pid(const struct check *check, const char *name, uint32_t pid)
{
	const struct role *role;
	int64_t number;

	if (!text_parse_number(name, 0, UINT32_MAX, &number))
		return (uint32_t)number == pid;
	for (unsigned i = 0; (role = roles_get(check->roles, i)); i++) {
		const struct process *process = strcmp(role->name, name) ? NULL : process_of(check, role->pid);

		if (process && process->id.pid == pid)
			return true;
	}
	return false;
}

const char *role_of(const struct check *check, uint32_t pid)
{
	const struct role *role;

	for (unsigned i = 0; (role = roles_get(check->roles, i)); i++) {
		const struct process *process = process_of(check, role->pid);

		if (process && process->id.pid == pid)
			return role->name;
	}
	return NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Candidates for values, by the placeholders that help shows; see complete.h. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/complete.h"
#include "cli/demos.h"
#include "cli/verdicts.h"
#include "sink/sink.h"

/* The value being typed is the last of a list with commas: what stands before it stays. */
static struct offers last_of_list(const struct offers *offers)
{
	const char *typed = offers->word + offers->prefix;
	const char *comma = strrchr(typed, ',');
	struct offers last = *offers;

	if (comma)
		last.prefix += (size_t)(comma - typed) + 1;
	return last;
}

/* ---- what is in tables --------------------------------------------------------------------------------------- */

static void offer_commands(const struct offers *offers)
{
	for (unsigned i = 0; commands[i]; i++)
		offer(offers, commands[i]->name, NULL, commands[i]->summary);
}

static void offer_kind(const struct offers *offers, const struct verdict *verdict, const struct verdict *before)
{
	size_t length = strcspn(verdict->code, ".");
	char kind[64];

	if (before && !strncmp(before->code, verdict->code, length + 1))
		return;
	snprintf(kind, sizeof(kind), "%.*s", (int)length, verdict->code);
	offer(offers, kind, NULL, "all of this kind");
}

static void offer_codes(const struct offers *offers)
{
	const struct verdict *before = NULL, *verdict;

	for (size_t i = 0; (verdict = verdict_at(i)); before = verdict, i++) {
		offer_kind(offers, verdict, before);
		offer(offers, verdict->code, NULL, verdict->title);
	}
}

static void offer_code_list(const struct offers *offers)
{
	struct offers last = last_of_list(offers);

	offer_codes(&last);
	offer(&last, "any", NULL, "any warning or error");
}

static void offer_formats_with(const struct offers *offers, const char *suffix)
{
	for (unsigned i = 0; sinks[i]; i++)
		if (!sinks[i]->report)
			offer(offers, sinks[i]->name, suffix, sinks[i]->help);
}

static void offer_formats(const struct offers *offers)
{
	offer_formats_with(offers, NULL);
}

static void offer_files(const struct offers *offers)
{
	offer_action(offers, "files");
}

static void offer_export(const struct offers *offers)
{
	const char *colon = strchr(offers->word + offers->prefix, ':');
	struct offers file = *offers;

	if (!colon) {
		offer_formats_with(offers, ":");
		return;
	}
	file.prefix = (size_t)(colon - offers->word) + 1;
	offer_files(&file);
}

static void offer_users(const struct offers *offers)
{
	offer_action(offers, "users");
}

/* ---- demos --------------------------------------------------------------------------------------------------- */

static void offer_demos(const struct offers *offers)
{
	struct demos demos = {0};
	struct error error = {0};

	if (demos_load(&demos, &error) == 0)
		for (unsigned i = 0; i < demos.count; i++)
			offer(offers, demos.items[i].name, NULL, expect_about(demos.items[i].expect));
	demos_free(&demos);
}

/* ---- processes ----------------------------------------------------------------------------------------------- */

#define KERNEL_THREAD 0x00200000 /* PF_KTHREAD in field 9 of /proc/PID/stat */

struct task {
	char pid[16], parent[16], name[64], state;
	bool kernel;
};

static bool read_task(const char *pid, struct task *task)
{
	char path[32], text[512];
	char *name, *end;
	ssize_t length;
	unsigned flags;
	int file;

	snprintf(path, sizeof(path), "/proc/%.10s/stat", pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	length = read(file, text, sizeof(text) - 1);
	close(file);
	text[length > 0 ? length : 0] = '\0';
	name = strchr(text, '(');
	end = strrchr(text, ')'); /* a name may hold parentheses */
	if (!name || !end || end < name ||
	    sscanf(end + 1, " %c %15s %*s %*s %*s %*s %u", &task->state, task->parent, &flags) != 3)
		return false;
	*end = '\0';
	snprintf(task->pid, sizeof(task->pid), "%s", pid);
	snprintf(task->name, sizeof(task->name), "%s", name + 1);
	task->kernel = flags & KERNEL_THREAD;
	return true;
}

static void each_task(const struct offers *offers, void (*visit)(const struct offers *, const struct task *))
{
	DIR *listing = opendir("/proc");
	struct dirent *entry;
	struct task task;

	while (listing && (entry = readdir(listing)))
		if (isdigit((unsigned char)entry->d_name[0]) && read_task(entry->d_name, &task) && !task.kernel)
			visit(offers, &task);
	if (listing)
		closedir(listing);
}

static void offer_pid(const struct offers *offers, const struct task *task)
{
	struct buffer name = {0};

	text_escape(&name, task->name, strlen(task->name), 0);
	offer(offers, task->pid, NULL, buffer_text(&name));
	buffer_free(&name);
}

static void offer_alive(const struct offers *offers, const struct task *task)
{
	if (task->state != 'Z')
		offer_pid(offers, task);
}

static void offer_pids(const struct offers *offers)
{
	struct offers last = last_of_list(offers);

	each_task(&last, offer_alive);
}

static void offer_parent(const struct offers *offers, const struct task *task)
{
	struct task parent;

	if (task->state == 'Z' && read_task(task->parent, &parent))
		offer_pid(offers, &parent);
}

/* Those that owe a wait now. */
static void offer_parents(const struct offers *offers)
{
	each_task(offers, offer_parent);
}

static void offer_name(const struct offers *offers, const struct task *task)
{
	offer(offers, task->name, NULL, NULL);
}

static void offer_names(const struct offers *offers)
{
	each_task(offers, offer_name);
}

/* ---- control groups ------------------------------------------------------------------------------------------ */

#define CGROUPS "/sys/fs/cgroup"
#define UNIFIED CGROUPS "/unified" /* where version 1 has the place of honour */
#define CGROUP_DEPTH 6

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);

	return length >= wanted && !strcmp(text + length - wanted, end);
}

/* A unit by its name, anything else by its path within the hierarchy, whose folder's length is `top`. */
static void offer_cgroup(const struct offers *offers, const char *folder, size_t top, const char *name)
{
	if (ends_with(name, ".service") || ends_with(name, ".scope"))
		offer(offers, name, NULL, NULL);
	else
		offer(offers, folder + top, NULL, NULL);
}

/* NOLINTNEXTLINE(misc-no-recursion): CGROUP_DEPTH */
static void walk_cgroups(const struct offers *offers, const char *folder, size_t top, int depth)
{
	DIR *listing = depth < CGROUP_DEPTH ? opendir(folder) : NULL;
	struct dirent *entry;
	char path[1024];

	while (listing && (entry = readdir(listing))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= (int)sizeof(path))
			continue;
		offer_cgroup(offers, path, top, entry->d_name);
		walk_cgroups(offers, path, top, depth + 1);
	}
	if (listing)
		closedir(listing);
}

static void offer_cgroups(const struct offers *offers)
{
	const char *folder = access(CGROUPS "/cgroup.controllers", F_OK) == 0 ? CGROUPS : UNIFIED;

	walk_cgroups(offers, folder, strlen(folder), 0);
}

/* ---- by placeholder ------------------------------------------------------------------------------------------ */

static void offer_nothing(const struct offers *offers)
{
	(void)offers;
}

static const struct {
	const char *placeholder;
	void (*offer)(const struct offers *offers);
} kinds[] = {
    {"COMMAND", offer_commands}, {"CODE", offer_codes},	    {"CODE[,CODE…]", offer_code_list},
    {"DEMO", offer_demos},	 {"FORMAT", offer_formats}, {"FORMAT:FILE", offer_export},
    {"FILE", offer_files},	 {"TRACE", offer_files},    {"USER", offer_users},
    {"PID", offer_pids},	 {"PPID", offer_parents},   {"NAME", offer_names},
    {"CGROUP", offer_cgroups},	 {"DURATION", offer_nothing},
    {"SIZE", offer_nothing},
};

static void offer_choices(const struct offers *offers, const char *choices)
{
	char choice[64];

	for (; *choices; choices += strspn(choices, "|")) {
		size_t length = strcspn(choices, "|");

		snprintf(choice, sizeof(choice), "%.*s", (int)length, choices);
		offer(offers, choice, NULL, NULL);
		choices += length;
	}
}

/* Without the brackets and dots that only say how often: "PID…" is PID. */
static bool is_placeholder(const char *text, const char *name)
{
	size_t length = strlen(name);

	text += *text == '[';
	return !strncmp(text, name, length) && (!text[length] || !strcmp(text + length, "…") || text[length] == '|' ||
						!strcmp(text + length, "]"));
}

bool offer_values(const struct offers *offers, const char *placeholder)
{
	if (islower((unsigned char)*placeholder)) {
		offer_choices(offers, placeholder);
		return true;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!is_placeholder(placeholder, kinds[i].placeholder))
			continue;
		kinds[i].offer(offers);
		return true;
	}
	return false;
}

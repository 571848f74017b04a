/* SPDX-License-Identifier: BSD-2-Clause
 * Finding demos; see demos.h. */
#include "cli/demos.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/closest.h"
#include "source/live.h"

#define SUFFIX ".expect"

/* ---- where they are -------------------------------------------------------------------------------------------- */

/* The folder `demos` beside this program, or NULL. */
static char *beside_us(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *folder = NULL;
	char *slash;

	if (length <= 0)
		return NULL;
	path[length] = '\0';
	slash = strrchr(path, '/');
	if (!slash || asprintf(&folder, "%.*s/demos", (int)(slash - path), path) < 0)
		return NULL;
	return folder;
}

static char *find_folder(struct error *error)
{
	static const char *const installed = LIFELINE_LIBEXECDIR "/lifeline/demos";
	char *folder = beside_us();

	if (folder && access(folder, R_OK | X_OK) == 0)
		return folder;
	if (access(installed, R_OK | X_OK) == 0) {
		free(folder);
		return strdup(installed);
	}
	error_set(error, -ENOENT, "cannot find the demos, neither in %s nor in %s", folder ? folder : "our own folder",
		  installed);
	error_hint(error, "`make` builds them, `make install` installs them");
	free(folder);
	return NULL;
}

/* ---- loading --------------------------------------------------------------------------------------------------- */

static int add_demo(struct demos *demos, const char *folder, const char *kind, const char *file, struct error *error)
{
	struct demo *items = realloc(demos->items, (demos->count + 1) * sizeof(*items));
	int length = (int)(strlen(file) - strlen(SUFFIX));
	char *path = NULL;
	struct demo *demo;
	int err = 0;

	if (!items)
		return error_errno(error, -ENOMEM, "cannot list the demos");
	demos->items = items;
	demo = &items[demos->count];
	*demo = (struct demo){0};
	if (asprintf(&demo->name, "%s/%.*s", kind, length, file) < 0)
		demo->name = NULL;
	else if (asprintf(&demo->program, "%s/%s", folder, demo->name) < 0)
		demo->program = NULL;
	else if (asprintf(&path, "%s" SUFFIX, demo->program) < 0)
		path = NULL;
	demos->count++; /* from here on demos_free releases it */
	err = path ? expect_load(path, &demo->expect, error) : error_errno(error, -ENOMEM, "cannot list the demos");
	free(path);
	return err;
}

static bool is_expect_file(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length > strlen(SUFFIX) && !strcmp(name + length - strlen(SUFFIX), SUFFIX);
}

static int load_kind(struct demos *demos, const char *folder, const char *kind, struct error *error)
{
	struct dirent *entry;
	char *path = NULL;
	DIR *listing;
	int err = 0;

	if (asprintf(&path, "%s/%s", folder, kind) < 0)
		return error_errno(error, -ENOMEM, "cannot list the demos");
	listing = opendir(path);
	free(path);
	while (listing && !err && (entry = readdir(listing)))
		if (is_expect_file(entry->d_name))
			err = add_demo(demos, folder, kind, entry->d_name, error);
	if (listing)
		closedir(listing);
	return err;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct demo *)a)->name, ((const struct demo *)b)->name);
}

static int load_folder(struct demos *demos, const char *folder, struct error *error)
{
	DIR *listing = opendir(folder);
	struct dirent *entry;
	int err = 0;

	if (!listing)
		return error_errno(error, -errno, "cannot list the demos in %s", folder);
	while (!err && (entry = readdir(listing)))
		if (entry->d_name[0] != '.') /* what is no folder holds no demo */
			err = load_kind(demos, folder, entry->d_name, error);
	closedir(listing);
	if (!err && !demos->count)
		err = error_set(error, -ENOENT, "there are no demos in %s", folder);
	if (!err)
		qsort(demos->items, demos->count, sizeof(*demos->items), compare_names);
	return err;
}

int demos_load(struct demos *demos, struct error *error)
{
	char *folder = find_folder(error);
	int err;

	*demos = (struct demos){0};
	if (!folder)
		return -ENOENT;
	err = load_folder(demos, folder, error);
	free(folder);
	return err;
}

void demos_free(struct demos *demos)
{
	for (unsigned i = 0; i < demos->count; i++) {
		free(demos->items[i].name);
		free(demos->items[i].program);
		expect_free(demos->items[i].expect);
	}
	free(demos->items);
	*demos = (struct demos){0};
}

/* ---- finding one ----------------------------------------------------------------------------------------------- */

/* By the whole name, and for those who forgot the kind or want all of it, by its parts. */
static void offer_names(const struct demos *demos, struct closest *closest)
{
	for (unsigned i = 0; i < demos->count; i++) {
		const char *name = demos->items[i].name;
		size_t kind = strcspn(name, "/");

		closest_offer(closest, name, strlen(name));
		closest_offer(closest, name, kind);
		closest_offer(closest, name + kind + 1, strlen(name + kind + 1));
	}
}

/* What to write for a name or a part of it. */
static const char *full_name(const struct demos *demos, const char *found)
{
	for (unsigned i = 0; found && i < demos->count; i++)
		if (!strcmp(demos->items[i].name + strcspn(demos->items[i].name, "/") + 1, found))
			return demos->items[i].name;
	return found;
}

static bool is_of_kind(const struct demo *demo, const char *kind)
{
	size_t length = strlen(kind);

	return !strncmp(demo->name, kind, length) && demo->name[length] == '/';
}

const struct demo *demos_find(const struct demos *demos, const char *name, struct error *error)
{
	bool kind_known = false;
	struct closest closest;
	const char *close;

	for (unsigned i = 0; i < demos->count; i++) {
		const struct demo *demo = &demos->items[i];
		bool of_kind = is_of_kind(demo, name);

		if (!strcmp(demo->name, name) || (of_kind && expect_next(demo->expect, "default", NULL)))
			return demo;
		kind_known = kind_known || of_kind;
	}
	closest_begin(&closest, name);
	offer_names(demos, &closest);
	close = full_name(demos, closest_found(&closest));
	if (kind_known)
		error_set(error, -ENOENT, "the demos of kind '%s' have no default among them", name);
	else
		error_set(error, -ENOENT, "there is no demo '%s'", name);
	if (close)
		error_hint(error, "did you mean %s? `lifeline demo` lists all", close);
	else
		error_hint(error, "`lifeline demo` lists all");
	return NULL;
}

/* ---- what they need -------------------------------------------------------------------------------------------- */

static bool can_make_user_namespace(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(unshare(CLONE_NEWUSER) < 0);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static int count_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) < 0 ? 1 : CPU_COUNT(&cpus);
}

/* As demo_lacks, for one word. */
static int check_need(const struct demo *demo, const char *need, struct error *error)
{
	int64_t cpus;

	if (!strcmp(need, "root"))
		return geteuid() && error_set(error, -EPERM, "needs root");
	if (!strcmp(need, "userns"))
		return !can_make_user_namespace() && error_set(error, -EPERM, "needs user namespaces");
	if (!strncmp(need, "cpus>=", 6) && !text_parse_number(need + 6, 1, 4096, &cpus))
		return count_cpus() < cpus &&
		       error_set(error, -ENODEV, "needs %d processors, there are %d", (int)cpus, count_cpus());
	if (!strcmp(need, "locks-all"))
		return source_live_lacks_holds() && error_set(error, -EOPNOTSUPP, "%s", source_live_lacks_holds());
	return error_set(error, -EINVAL, "demo %s needs '%s', and nobody knows what that is", demo->name, need);
}

int demo_lacks(const struct demo *demo, struct error *error)
{
	const struct directive *needs = NULL;
	int lacks = 0;

	while (!lacks && (needs = expect_next(demo->expect, "needs", needs)))
		for (unsigned i = 0; !lacks && needs->words[i]; i++)
			lacks = check_need(demo, needs->words[i], error);
	return lacks;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See cgroup.h. A line of /proc/PID/cgroup is "NUMBER:CONTROLLERS:PATH"; that of version 2 has number 0 and no
 * controllers. */
#include "source/cgroup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "bpf/abi/event.h"

#define MOUNT "/sys/fs/cgroup"

static FILE *open_list(uint32_t pid)
{
	char name[48];

	snprintf(name, sizeof(name), "/proc/%" PRIu32 "/cgroup", pid);
	return fopen(name, "re");
}

struct membership {
	uint32_t hierarchy; /* its number */
	const char *controllers, *path; /* within `line` */
	char line[PATH_MAX_LEN + 64];
};

static bool read_membership(FILE *file, struct membership *next)
{
	while (file && fgets(next->line, sizeof(next->line), file)) {
		char *first = strchr(next->line, ':'), *second = first ? strchr(first + 1, ':') : NULL;

		if (!second)
			continue;
		next->line[strcspn(next->line, "\n")] = '\0';
		*second = '\0';
		next->hierarchy = (uint32_t)strtoul(next->line, NULL, 10);
		next->controllers = first + 1;
		next->path = second + 1;
		return true;
	}
	return false;
}

enum cgroup_kind cgroup_read(uint32_t pid, char *path, size_t size)
{
	enum cgroup_kind kind = CGROUP_NONE;
	struct membership member;
	FILE *file = open_list(pid);

	while (read_membership(file, &member)) {
		const bool unified = !*member.controllers, root = !strcmp(member.path, "/");

		if (!unified && strcmp(member.controllers, "name=systemd"))
			continue;
		if (kind != CGROUP_NONE && (unified ? root : kind == CGROUP_UNIFIED && strcmp(path, "/")))
			continue; /* what is there says more */
		snprintf(path, size, "%s", member.path);
		kind = unified ? CGROUP_UNIFIED : CGROUP_SYSTEMD;
	}
	if (file)
		fclose(file);
	return kind;
}

/* "/a/b" is below "/a" and "/a/b", not below "/a/bc". */
static bool is_below(const char *path, const char *above)
{
	size_t length = strlen(above);

	while (length && above[length - 1] == '/')
		length--;
	return !strncmp(path, above, length) && (path[length] == '/' || !path[length]);
}

#define ID_LENGTH 64    /* hexadecimal digits of a container's id, as docker, podman, containerd and CRI-O make it */
#define SHORT_ID_MIN 12 /* of what they print in lists */
#define HEX_DIGITS "0123456789abcdef"

/* The same container? Managers put its id alone or between words: "ID", "docker-ID.scope", "libpod-ID",
 * "kubepods-burstable-podUID.slice:cri-containerd:ID". Their monitors stand beside: "libpod-conmon-ID.scope". */
static bool names_container(const char *word, size_t size, const char *id)
{
	const size_t given = strlen(id);
	size_t run = 0;

	if (given < SHORT_ID_MIN || given > ID_LENGTH || strspn(id, HEX_DIGITS) != given)
		return false;
	for (size_t i = 0; i <= size; i++) {
		if (i < size && strchr(HEX_DIGITS, word[i])) {
			run++;
			continue;
		}
		if (run == ID_LENGTH && !memcmp(word + i - ID_LENGTH, id, given))
			return i < 7 + ID_LENGTH || memcmp(word + i - ID_LENGTH - 7, "conmon-", 7);
		run = 0;
	}
	return false;
}

bool cgroup_path_names(const char *path, const char *name)
{
	const size_t length = strlen(name);

	for (const char *word = path; *word;) {
		const size_t size = strcspn(word, "/");

		if ((size == length && !memcmp(word, name, length)) || names_container(word, size, name))
			return true;
		word += size + (word[size] == '/');
	}
	return false;
}

/* Is the folder of this name, below the mount, the hierarchy's? "pids", "cpu,cpuacct", "systemd"; links to it too. */
static bool is_mounted_as(const struct membership *member, const char *name, size_t size)
{
	for (const char *word = member->controllers; *word;) {
		const size_t length = strcspn(word, ",");
		const size_t prefix = !strncmp(word, "name=", 5) ? 5 : 0;

		if (!strncmp(name, word + prefix, length - prefix) &&
		    (size == length - prefix || name[length - prefix] == ','))
			return true;
		word += length + (word[length] == ',');
	}
	return false;
}

bool cgroup_hierarchy(const char *folder, uint32_t *hierarchy)
{
	struct membership member;
	struct statfs mounted;
	const char *name = folder + strlen(MOUNT "/");
	bool found = false;
	FILE *file;

	*hierarchy = 0;
	if (!statfs(folder, &mounted) && mounted.f_type == CGROUP2_SUPER_MAGIC)
		return true;
	if (strncmp(folder, MOUNT "/", strlen(MOUNT "/")))
		return false;
	file = open_list((uint32_t)getpid());
	while (!found && read_membership(file, &member)) {
		found = is_mounted_as(&member, name, strcspn(name, "/"));
		*hierarchy = member.hierarchy;
	}
	if (file)
		fclose(file);
	return found;
}

/* A folder below the mount: /sys/fs/cgroup/PATH (version 2), /sys/fs/cgroup/HIERARCHY/PATH (version 1, hybrid). */
static bool folder_holds(const char *folder, const struct membership *member)
{
	const char *below = folder + strlen(MOUNT), *inner;

	if (!*member->controllers && is_below(member->path, below))
		return true;
	inner = strchr(below + (*below == '/'), '/');
	if (!inner)
		return false;
	if (!*member->controllers)
		return !strncmp(below, "/unified/", 9) && is_below(member->path, inner);
	return is_mounted_as(member, below + 1, (size_t)(inner - below - 1)) && is_below(member->path, inner);
}

bool cgroup_holds(const char *wanted, uint32_t pid)
{
	const bool folder = !strncmp(wanted, MOUNT "/", sizeof(MOUNT)), path = wanted[0] == '/';
	struct membership member;
	FILE *file = open_list(pid);
	bool holds = false;

	while (!holds && read_membership(file, &member))
		holds = folder ? folder_holds(wanted, &member)
			: path ? is_below(member.path, wanted)
			       : cgroup_path_names(member.path, wanted);
	if (file)
		fclose(file);
	return holds;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where a process stands among control groups, as /proc/PID/cgroup tells (cgroups(7)). */
#ifndef LIFELINE_SOURCE_CGROUP_H
#define LIFELINE_SOURCE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cgroup_kind {
	CGROUP_NONE,    /* not to be read: the process is gone */
	CGROUP_UNIFIED, /* path of the version-2 hierarchy */
	CGROUP_SYSTEMD, /* version 2 says nothing ("/" for all): path of systemd's own version-1 hierarchy */
};

/* Puts the path, "/system.slice/nginx.service", into `path`. */
enum cgroup_kind cgroup_read(uint32_t pid, char *path, size_t size);

/*
 * Is the process in this group, or in one below it? `wanted`: a path from the root of a hierarchy ("/docker/ID"), of
 * any hierarchy of version 1 as well; the same as a folder ("/sys/fs/cgroup/…"); or a name that is one component of it:
 * a systemd unit ("nginx.service"); or a container's id, whole or its first 12 digits or more.
 */
bool cgroup_holds(const char *wanted, uint32_t pid);

/* Puts the number of the hierarchy that the folder is of into *hierarchy, 0: version 2. False: it is none of them. */
bool cgroup_hierarchy(const char *folder, uint32_t *hierarchy);

/* The same as cgroup_holds of one line's path, by name alone. */
bool cgroup_path_names(const char *path, const char *name);

#endif

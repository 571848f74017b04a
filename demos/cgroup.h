/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A memory cgroup of the demo's own, below the hierarchy that this system has (unified, or that of version 1). */
#ifndef LIFELINE_DEMO_CGROUP_H
#define LIFELINE_DEMO_CGROUP_H

#include "demo.h"

#include <sys/stat.h>

static inline bool cgroup_write(const char *folder, const char *file, const char *text)
{
	char path[160];
	ssize_t done = -1;
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		done = write(fd, text, strlen(text));
		close(fd);
	}
	return done == (ssize_t)strlen(text);
}

/* Makes the group, limited to `bytes`; its folder is written to `folder`. false: this system does not let us. */
static inline bool cgroup_make(char *folder, size_t size, const char *bytes)
{
	snprintf(folder, size, "/sys/fs/cgroup/lifeline-demo-%d", (int)getpid());
	cgroup_write("/sys/fs/cgroup", "cgroup.subtree_control", "+memory"); /* mostly so already */
	if (!access("/sys/fs/cgroup/cgroup.controllers", F_OK) && !mkdir(folder, 0755)) {
		if (cgroup_write(folder, "memory.max", bytes)) {
			cgroup_write(folder, "memory.swap.max", "0");
			return true;
		}
		rmdir(folder);
	}
	snprintf(folder, size, "/sys/fs/cgroup/memory/lifeline-demo-%d", (int)getpid());
	if (mkdir(folder, 0755))
		return false;
	if (cgroup_write(folder, "memory.limit_in_bytes", bytes)) {
		cgroup_write(folder, "memory.swappiness", "0");
		return true;
	}
	rmdir(folder);
	return false;
}

static inline bool cgroup_enter(const char *folder)
{
	return cgroup_write(folder, "cgroup.procs", "0");
}

#endif

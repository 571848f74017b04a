/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See begin.h. */
#include "source/begin.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "source/live_internal.h"

static uint32_t count_processors(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count > 0 ? (uint32_t)count : 1;
}

/* CMD's words, NUL-separated, as much as fits. */
static size_t join_command(char *const *command, char *out, size_t size)
{
	size_t used = 0;

	for (int i = 0; command && command[i]; i++) {
		size_t length = strlen(command[i]) + 1;

		if (length > size - used)
			break;
		memcpy(out + used, command[i], length);
		used += length;
	}
	return used;
}

const struct event *begin_build(struct event_builder *builder, const struct begin_facts *facts)
{
	struct event_begin *begin = (struct event_begin *)builder->bytes;
	char command[ARGV_MAX];
	struct utsname name;

	event_build(builder, event_info(EVENT_begin));
	begin->h.t_ns = facts->begin_ns;
	begin->h.pid = begin->h.tid = facts->self_pid;
	memcpy(begin->h.comm, "lifeline", 9);
	begin->realtime_ns = facts->realtime_ns;
	begin->zombie_after_ns = facts->zombie_after_ns;
	begin->contended_after_ns = facts->contended_after_ns;
	begin->pid_max = live_read_limit("/proc/sys/kernel/pid_max", 0);
	begin->mode = facts->mode;
	begin->cpus = count_processors();
	begin->target = facts->target;
	begin->unseen = facts->unseen;
	begin->self_pidns = facts->self_pidns;
	if (!uname(&name)) {
		event_build_bytes(builder, "kernel", name.release, strlen(name.release));
		event_build_bytes(builder, "arch", name.machine, strlen(name.machine));
	}
	event_build_bytes(builder, "command", command, join_command(facts->command, command, sizeof(command)));
	return event_built(builder);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the path of a cgroup tells: the systemd unit and the container that a process belongs to.
 */
#ifndef LIFELINE_SINK_COMMON_PLACE_H
#define LIFELINE_SINK_COMMON_PLACE_H

#include <stdbool.h>
#include <stddef.h>

struct place { /* pointers into the path; length 0: none */
	const char *unit, *container;
	size_t unit_length, container_length;
	bool is_id; /* of the container: 64 hexadecimal digits, not a name */
};

#define CONTAINER_ID_LISTED 12 /* of which docker, podman and crictl list the first 12, and take these for the whole */

/* Reads a cgroup path ("/system.slice/nginx.service"). False for the root, which tells nothing. */
bool place_of(const char *path, struct place *place);

#endif

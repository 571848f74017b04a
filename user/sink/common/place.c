/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Units are path components that end in .service or .scope (systemd.unit(5)); slices only group them. Container
 * managers name a container's cgroup by its 64 hexadecimal digits: alone (cgroupfs driver), or within a scope such as
 * docker-ID.scope, cri-containerd-ID.scope, libpod-ID.scope (systemd driver), where the scope is no unit of interest;
 * containerd without its systemd driver below systemd's slices: SLICE:cri-containerd:ID. Their monitors (conmon) run
 * outside, in libpod-conmon-ID.scope. LXC has names instead: lxc.payload.NAME, /lxc/NAME.
 */
#include "sink/common/place.h"

#include <string.h>

#define ID_LENGTH 64

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool ends_in(const char *word, size_t length, const char *suffix)
{
	const size_t size = strlen(suffix);

	return length > size && !memcmp(word + length - size, suffix, size);
}

#define MONITOR "conmon-"
#define MONITOR_LENGTH (sizeof(MONITOR) - 1)

static bool is_monitor(const char *word, size_t id_at)
{
	return id_at >= MONITOR_LENGTH && !memcmp(word + id_at - MONITOR_LENGTH, MONITOR, MONITOR_LENGTH);
}

/* The id within a component, whole: neither more digits before nor after it. */
static const char *find_id(const char *word, size_t length)
{
	size_t run = 0;

	for (size_t i = 0; i <= length; i++) {
		if (i < length && is_hex(word[i])) {
			run++;
			continue;
		}
		if (run == ID_LENGTH)
			return is_monitor(word, i - ID_LENGTH) ? NULL : word + i - ID_LENGTH;
		run = 0;
	}
	return NULL;
}

#define LXC "lxc.payload."
#define LXC_LENGTH (sizeof(LXC) - 1)

/* The name of an LXC container that a component, or the folder it lies in, tells. */
static size_t find_lxc_name(const char *path, const char *word, size_t length, const char **name)
{
	const bool below = word - path >= 5 && !memcmp(word - 5, "/lxc/", 5),
		   payload = length > LXC_LENGTH && !memcmp(word, LXC, LXC_LENGTH);

	*name = word + (payload ? LXC_LENGTH : 0);
	return payload ? length - LXC_LENGTH : below ? length : 0;
}

bool place_of(const char *path, struct place *place)
{
	*place = (struct place){0};
	for (const char *word = path; *word;) {
		const size_t length = strcspn(word, "/");
		const char *id = find_id(word, length), *name;
		const size_t name_length = find_lxc_name(path, word, length, &name);

		if (id) {
			place->container = id;
			place->container_length = ID_LENGTH;
			place->is_id = true;
		} else if (name_length) {
			place->container = name;
			place->container_length = name_length;
			place->is_id = false;
		} else if (ends_in(word, length, ".service") || ends_in(word, length, ".scope")) {
			place->unit = word;
			place->unit_length = length;
		}
		word += length + (word[length] == '/');
	}
	return path[0] && strcmp(path, "/");
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Units are path components that end in .service or .scope (systemd.unit(5)); slices only group them. Container
 * managers name a container's cgroup by its 64 hexadecimal digits: alone (cgroupfs driver), or within a scope such as
 * docker-ID.scope, cri-containerd-ID.scope, libpod-ID.scope (systemd driver), where the scope is no unit of interest.
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
			return word + i - ID_LENGTH;
		run = 0;
	}
	return NULL;
}

bool place_of(const char *path, struct place *place)
{
	*place = (struct place){0};
	for (const char *word = path; *word;) {
		const size_t length = strcspn(word, "/");
		const char *id = find_id(word, length);

		if (id) {
			place->container = id;
			place->container_length = ID_LENGTH;
		} else if (ends_in(word, length, ".service") || ends_in(word, length, ".scope")) {
			place->unit = word;
			place->unit_length = length;
		}
		word += length + (word[length] == '/');
	}
	return path[0] && strcmp(path, "/");
}

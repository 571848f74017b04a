/* SPDX-License-Identifier: BSD-2-Clause
 * Who lives in a text scenario: which pid is borne by whom at which time, and what was last said of each.
 *
 * A pid belongs to the one of its bearers that was born last before the time of the line, whatever the order of the
 * lines; a pid never told to be born was there one second before the observation. */
#include <errno.h>
#include <stdlib.h>

#include "source/script.h"
#include "source/script_line.h"

struct birth {
	uint64_t start_ns;
	struct birth *next; /* an earlier one of the same pid */
};

struct script_cast *script_cast_new(void)
{
	return calloc(1, sizeof(struct script_cast));
}

static void free_values(struct hash *hash)
{
	size_t cursor = 0;
	void *value;

	while ((value = hash_next(hash, &cursor)))
		free(value);
	hash_free(hash);
}

void script_cast_free(struct script_cast *cast)
{
	struct birth *birth;
	size_t cursor = 0;

	if (!cast)
		return;
	while ((birth = hash_next(&cast->births, &cursor))) {
		while (birth) {
			struct birth *earlier = birth->next;

			free(birth);
			birth = earlier;
		}
	}
	hash_free(&cast->births);
	free_values(&cast->people);
	free_values(&cast->threads);
	free(cast);
}

int script_add_birth(struct script_cast *cast, uint32_t pid, uint64_t start_ns)
{
	struct birth *latest = hash_get(&cast->births, pid, 0), **place = &latest, *birth;

	while (*place && (*place)->start_ns > start_ns)
		place = &(*place)->next;
	if (*place && (*place)->start_ns == start_ns)
		return 0;
	birth = malloc(sizeof(*birth));
	if (!birth)
		return -ENOMEM;
	*birth = (struct birth){start_ns, *place};
	*place = birth;
	if (!hash_put(&cast->births, pid, 0, latest))
		return 0;
	if (latest == birth) /* else it hangs in a chain that is freed with the rest */
		free(birth);
	return -ENOMEM;
}

uint64_t script_start_of(const struct script_cast *cast, uint32_t pid, uint64_t t_ns)
{
	const struct birth *birth = hash_get(&cast->births, pid, 0);

	while (birth && birth->start_ns > t_ns)
		birth = birth->next;
	return birth ? birth->start_ns : SCRIPT_BASE_NS - SECOND - (pid % 900000u) * 1000000ULL;
}

struct person *script_person(struct script_cast *cast, uint32_t pid, uint64_t start_ns)
{
	struct person *known = hash_get(&cast->people, pid, start_ns);

	if (known)
		return known;
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	*known = (struct person){.pid = pid,
				 .start_ns = start_ns,
				 .parent = pid > 1,
				 .parent_tid = pid > 1,
				 .pgid = 1,
				 .sid = 1,
				 .pidns = INITIAL_PIDNS,
				 .nspid = pid};
	if (!hash_put(&cast->people, pid, start_ns, known))
		return known;
	free(known);
	return NULL;
}

struct named_thread *script_thread(struct script_cast *cast, uint32_t tid, uint64_t start_ns)
{
	struct named_thread *known = hash_get(&cast->threads, tid, start_ns);

	if (known)
		return known;
	known = calloc(1, sizeof(*known));
	if (known && !hash_put(&cast->threads, tid, start_ns, known))
		return known;
	free(known);
	return NULL;
}

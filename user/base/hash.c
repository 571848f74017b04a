/* SPDX-License-Identifier: BSD-2-Clause
 * Open-addressing map with backward-shift deletion (no tombstones, so long runs do not decay); see hash.h. */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>

static size_t home(const struct hash *hash, uint64_t a, uint64_t b)
{
	uint64_t mixed = (a ^ (b * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;

	return (size_t)(mixed ^ (mixed >> 32)) & (hash->capacity - 1);
}

static struct hash_slot *find(const struct hash *hash, uint64_t a, uint64_t b)
{
	size_t i = home(hash, a, b);

	while (hash->slots[i].value && (hash->slots[i].a != a || hash->slots[i].b != b))
		i = (i + 1) & (hash->capacity - 1);
	return &hash->slots[i];
}

void *hash_get(const struct hash *hash, uint64_t a, uint64_t b)
{
	return hash->count ? find(hash, a, b)->value : NULL;
}

static int grow(struct hash *hash)
{
	struct hash larger = {.capacity = hash->capacity ? hash->capacity * 2 : 16, .count = hash->count};

	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < hash->capacity; i++)
		if (hash->slots[i].value)
			*find(&larger, hash->slots[i].a, hash->slots[i].b) = hash->slots[i];
	free(hash->slots);
	*hash = larger;
	return 0;
}

int hash_put(struct hash *hash, uint64_t a, uint64_t b, void *value)
{
	struct hash_slot *slot;

	if ((hash->count + 1) * 4 > hash->capacity * 3 && grow(hash))
		return -ENOMEM;
	slot = find(hash, a, b);
	if (!slot->value)
		hash->count++;
	*slot = (struct hash_slot){a, b, value};
	return 0;
}

/* Closes the gap at `gap`: a later member of the run moves in if its home does not lie behind the gap. */
static void close_gap(struct hash *hash, size_t gap)
{
	size_t mask = hash->capacity - 1;

	for (size_t i = (gap + 1) & mask; hash->slots[i].value; i = (i + 1) & mask) {
		size_t wanted = home(hash, hash->slots[i].a, hash->slots[i].b);

		if (((i - wanted) & mask) < ((i - gap) & mask))
			continue;
		hash->slots[gap] = hash->slots[i];
		gap = i;
	}
	hash->slots[gap].value = NULL;
}

void *hash_remove(struct hash *hash, uint64_t a, uint64_t b)
{
	struct hash_slot *slot;
	void *value;

	if (!hash->count)
		return NULL;
	slot = find(hash, a, b);
	value = slot->value;
	if (!value)
		return NULL;
	hash->count--;
	close_gap(hash, (size_t)(slot - hash->slots));
	return value;
}

void *hash_next(const struct hash *hash, size_t *cursor)
{
	while (*cursor < hash->capacity) {
		void *value = hash->slots[(*cursor)++].value;

		if (value)
			return value;
	}
	return NULL;
}

void hash_free(struct hash *hash)
{
	free(hash->slots);
	*hash = (struct hash){0};
}

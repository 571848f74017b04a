/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A map from two 64-bit words to a pointer (open addressing). The map owns no values. A zero struct is an empty map.
 */
#ifndef LIFELINE_BASE_HASH_H
#define LIFELINE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_slot {
	uint64_t a, b;
	void *value; /* NULL: free */
};

struct hash {
	struct hash_slot *slots;
	size_t capacity; /* power of two, or 0 */
	size_t count;
};

void *hash_get(const struct hash *hash, uint64_t a, uint64_t b);
/* Sets (replacing) and returns 0, or -ENOMEM. value must not be NULL. */
int hash_put(struct hash *hash, uint64_t a, uint64_t b, void *value);
/* Removes and returns what was there, or NULL. */
void *hash_remove(struct hash *hash, uint64_t a, uint64_t b);
/* Walks in no order: start with *cursor = 0; NULL at the end. No put or remove meanwhile. */
void *hash_next(const struct hash *hash, size_t *cursor);
void hash_free(struct hash *hash);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Memory for records that live as long as the model: handed out from large chunks, given back all at once. */
#include <stdlib.h>

#include "model/internal.h"

#define CHUNK_BYTES (256 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	_Alignas(8) unsigned char bytes[CHUNK_BYTES];
};

void *arena_get(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->chunks;
	void *memory;

	size = (size + 7) & ~(size_t)7;
	if (size > CHUNK_BYTES)
		return NULL;
	if (!chunk || arena->used + size > CHUNK_BYTES) {
		chunk = calloc(1, sizeof(*chunk)); /* fresh pages from the kernel are zero already: cheap */
		if (!chunk)
			return NULL;
		chunk->next = arena->chunks;
		arena->chunks = chunk;
		arena->used = 0;
	}
	memory = chunk->bytes + arena->used;
	arena->used += size;
	return memory;
}

void arena_free(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
}

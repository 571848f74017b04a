/* SPDX-License-Identifier: BSD-2-Clause
 * Memory for records: handed out from large chunks, given back all at once with the model. Single records that are
 * given back before (of the retired, retire.c) wait in a list by size for the next one of that size. */
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"

/* Under the sanitizer nothing is used again, so that whoever still looks at what was given back is found out. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

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
	if (size / 8 < ARENA_CLASSES && arena->free[size / 8]) {
		struct arena_block *block = arena->free[size / 8];

		arena->free[size / 8] = block->next;
		return memset(block, 0, size);
	}
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

void arena_put(struct arena *arena, void *memory, size_t size)
{
	struct arena_block *block = memory;

	size = (size + 7) & ~(size_t)7;
	if (!block || !size || size / 8 >= ARENA_CLASSES)
		return; /* too large to be worth a list: it goes with the model */
#ifdef __SANITIZE_ADDRESS__
	(void)arena;
	ASAN_POISON_MEMORY_REGION(memory, size);
#else
	block->next = arena->free[size / 8];
	arena->free[size / 8] = block;
#endif
}

void arena_free(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
}

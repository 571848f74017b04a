/* SPDX-License-Identifier: BSD-2-Clause
 * One copy of each path and argument list, shared by all processes that have it. */
#include <string.h>

#include "model/internal.h"

struct text {
	struct text *next; /* another with the same hash */
	char bytes[];
};

/* FNV-1a, 64 bits */
static uint64_t hash_of(const char *bytes, uint32_t length)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (uint32_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3ULL;
	return hash;
}

char *text_keep(struct model *model, const char *bytes, uint32_t length)
{
	const uint64_t hash = hash_of(bytes, length);
	struct text *first = hash_get(&model->texts, hash, length), *text;

	for (text = first; text; text = text->next)
		if (!memcmp(text->bytes, bytes, length))
			return text->bytes;
	text = arena_get(&model->arena, sizeof(*text) + length + 1);
	if (!text)
		return NULL;
	memcpy(text->bytes, bytes, length);
	if (first) { /* the hash keeps pointing to the first */
		text->next = first->next;
		first->next = text;
		return text->bytes;
	}
	return hash_put(&model->texts, hash, length, text) ? NULL : text->bytes;
}

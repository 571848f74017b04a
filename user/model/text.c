/* SPDX-License-Identifier: BSD-2-Clause
 * One copy of each path and argument list, shared by all processes that have it, for as long as there are any. */
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"

struct text {
	struct text *next; /* another with the same hash */
	uint32_t users, length;
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

static struct text *find(const struct model *model, uint64_t hash, const char *bytes, uint32_t length)
{
	struct text *text = hash_get(&model->texts, hash, length);

	while (text && memcmp(text->bytes, bytes, length) != 0)
		text = text->next;
	return text;
}

static struct text *text_of(const char *bytes)
{
	return (struct text *)(uintptr_t)(bytes - offsetof(struct text, bytes));
}

char *text_keep(struct model *model, const char *bytes, uint32_t length)
{
	const uint64_t hash = hash_of(bytes, length);
	struct text *text = find(model, hash, bytes, length);

	if (text) {
		text->users++;
		return text->bytes;
	}
	text = malloc(sizeof(*text) + length + 1);
	if (!text)
		return NULL;
	*text = (struct text){.next = hash_get(&model->texts, hash, length), .users = 1, .length = length};
	memcpy(text->bytes, bytes, length);
	text->bytes[length] = '\0';
	if (!hash_put(&model->texts, hash, length, text))
		return text->bytes;
	free(text);
	return NULL;
}

const char *text_find(const struct model *model, const char *bytes, uint32_t length)
{
	const struct text *text = find(model, hash_of(bytes, length), bytes, length);

	return text ? text->bytes : NULL;
}

void text_share(const char *text)
{
	if (text)
		text_of(text)->users++;
}

void text_release(struct model *model, const char *bytes)
{
	struct text *text = bytes ? text_of(bytes) : NULL, *first;
	uint64_t hash;

	if (!text || --text->users)
		return;
	hash = hash_of(text->bytes, text->length);
	first = hash_get(&model->texts, hash, text->length);
	if (first != text) {
		while (first->next != text)
			first = first->next;
		first->next = text->next;
	} else if (text->next) {
		hash_put(&model->texts, hash, text->length, text->next); /* takes a place that is there: cannot fail */
	} else {
		hash_remove(&model->texts, hash, text->length);
	}
	free(text);
}

void texts_free(struct model *model)
{
	struct text *text, *next;
	size_t cursor = 0;

	while ((text = hash_next(&model->texts, &cursor)))
		for (; text; text = next) {
			next = text->next;
			free(text);
		}
	hash_free(&model->texts);
}

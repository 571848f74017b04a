/* SPDX-License-Identifier: BSD-2-Clause
 * The closest word; see closest.h. */
#include "cli/closest.h"

#include <string.h>

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Letters to insert, drop or change, and neighbours to swap, to make one word of the other. */
static unsigned typing_distance(const char *a, size_t rows, const char *b, size_t columns)
{
	unsigned cost[CLOSEST_MAX + 1][CLOSEST_MAX + 1];

	for (size_t i = 0; i <= rows; i++) {
		for (size_t j = 0; j <= columns; j++) {
			if (!i || !j) {
				cost[i][j] = (unsigned)(i + j);
				continue;
			}
			cost[i][j] = smaller(cost[i - 1][j] + 1, cost[i][j - 1] + 1);
			cost[i][j] = smaller(cost[i][j], cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				cost[i][j] = smaller(cost[i][j], cost[i - 2][j - 2] + 1);
		}
	}
	return cost[rows][columns];
}

void closest_begin(struct closest *closest, const char *word)
{
	/* One slip in three letters; further away is another word. */
	*closest = (struct closest){.word = word, .distance = (unsigned)strlen(word) / 3 + 2};
}

void closest_offer(struct closest *closest, const char *candidate, size_t length)
{
	size_t word_length = strlen(closest->word);
	unsigned distance;

	if (word_length > CLOSEST_MAX || length > CLOSEST_MAX)
		return;
	distance = typing_distance(closest->word, word_length, candidate, length);
	if (distance >= closest->distance || distance >= length) /* that many slips make any word of any other */
		return;
	closest->distance = distance;
	memcpy(closest->found, candidate, length);
	closest->found[length] = '\0';
}

const char *closest_found(const struct closest *closest)
{
	return closest->found[0] ? closest->found : NULL;
}

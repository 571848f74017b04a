/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The tickets of lock/tickets and lock/tickets-locked: a file {"tickets": N} as database. */
#ifndef LIFELINE_DEMO_TICKETS_H
#define LIFELINE_DEMO_TICKETS_H

#include "threads.h"

#define BUYERS 50
#define TICKETS 10

static char database[] = "/tmp/lifeline-demo-tickets.XXXXXX";

static inline int tickets_read(void)
{
	FILE *file = fopen(database, "re");
	int left = 0;

	if (!file || fscanf(file, "{\"tickets\": %d}", &left) != 1)
		demo_fail("read the database");
	fclose(file);
	return left;
}

static inline void tickets_write(int left)
{
	FILE *file = fopen(database, "we");

	if (!file || fprintf(file, "{\"tickets\": %d}\n", left) < 0 || fclose(file) != 0)
		demo_fail("write the database");
}

static inline void tickets_open(void)
{
	int fd = mkostemp(database, O_CLOEXEC);

	if (fd < 0)
		demo_fail("make the database");
	close(fd);
	tickets_write(TICKETS);
}

/* Forks the buyers, each of which runs `buy` and ends with 0 if it bought a ticket. */
static inline void tickets_sell_to(void (*buy)(int number))
{
	for (int i = 1; i <= BUYERS; i++) {
		char name[16];

		snprintf(name, sizeof name, "buyer-%d", i);
		if (demo_fork(name) == 0)
			buy(i);
	}
}

/* Collects the buyers; how many of them bought a ticket. */
static inline int tickets_count_sold(void)
{
	int status, sold = 0;

	while (wait(&status) > 0)
		sold += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return sold;
}

#endif

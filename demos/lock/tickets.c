/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A JSON file is the database of a ticket office: {"tickets": 10}. Each of 50 buyers, a process each, reads how
 * many are left, and if there are any writes one less. Nothing keeps others from reading between the two: each sees
 * 10, each buys, and each writes 9. To make certain in each run what otherwise happens on a busy day, all read
 * before any writes.
 *
 * Look at: 50 tickets sold of 10, and no finding: nobody waited for anybody, that is the fault. The twin is
 * lock/tickets-locked.
 */
#include "tickets.h"

static struct tokens looked, go;

static void buy(int number)
{
	int left = tickets_read();

	tokens_give(&looked, 1);
	tokens_take(&go, 1); /* the moment to think it over */
	if (left <= 0) {
		demo_say("sold out");
		_exit(1);
	}
	tickets_write(left - 1);
	if (number <= 3)
		demo_say("saw %d tickets, bought one, wrote %d", left, left - 1);
	_exit(0);
}

int main(void)
{
	int sold, left;

	demo_begin("office", "sells 10 tickets to 50 buyers, without a lock");
	looked = tokens_new();
	go = tokens_new();
	tickets_open();
	tickets_sell_to(buy);
	tokens_take(&looked, BUYERS);
	demo_ready();
	tokens_give(&go, BUYERS);
	sold = tickets_count_sold();
	left = tickets_read();
	unlink(database);
	demo_say("%d of %d tickets sold, the database says that %d are left: oversold", sold, TICKETS, left);
	return sold == BUYERS && left == TICKETS - 1 ? 0 : 1;
}

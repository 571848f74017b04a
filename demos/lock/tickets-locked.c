/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The twin of lock/tickets: reading, thinking and writing are one piece, between taking and releasing a lock. The
 * lock is a semaphore of value 1 in shared memory, which is what Python's multiprocessing.Lock is. Ten buyers get a
 * ticket, forty hear that it is sold out. The price: the buyers come one after the other, and they stand in line
 * for longer than needed, as the thinking is done with the lock held.
 *
 * Look at: a lock of kind semaphore, one for all processes; who waits for it also posts it, so it is a lock and no
 * signal.
 */
#include "tickets.h"

#define THINK_MS 2

static struct tokens go;
static sem_t *window; /* the office has one */

__attribute__((noinline)) static int ask(void)
{
	int left;

	while (sem_wait(window) < 0)
		if (errno != EINTR)
			demo_fail("sem_wait");
	left = tickets_read();
	demo_sleep_ms(THINK_MS);
	return left;
}

static void buy(int number)
{
	int left;

	(void)number;
	tokens_take(&go, 1);
	ask(); /* how many there are: that may be no longer true when it is known */
	sem_post(window);
	demo_sleep_ms(THINK_MS);
	left = ask(); /* and now in earnest: nobody comes between this look and what is written */
	if (left > 0) {
		tickets_write(left - 1);
		demo_say("saw %d tickets, bought one, wrote %d", left, left - 1);
	}
	sem_post(window);
	_exit(left > 0 ? 0 : 1);
}

int main(void)
{
	int sold, left;

	demo_begin("office", "sells 10 tickets to 50 buyers, with a lock");
	window = demo_shared_page();
	if (sem_init(window, 1, 1) < 0)
		demo_fail("sem_init");
	go = tokens_new();
	tickets_open();
	tickets_sell_to(buy);
	tokens_give(&go, BUYERS);
	demo_ready();
	sold = tickets_count_sold();
	left = tickets_read();
	unlink(database);
	demo_say("%d of %d tickets sold, %d left, %d buyers went home without", sold, TICKETS, left, BUYERS - sold);
	return sold == TICKETS && left == 0 ? 0 : 1;
}

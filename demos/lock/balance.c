/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One thread pays 10 into an account while another draws 10 from it, five times. In the end the balance should be
 * what it was. But both read the old balance before either has written the new one, and who writes last wins: the
 * other's money is gone, or made from nothing. Here the drawer always writes last.
 *
 * Look at: 950 instead of 1000; no finding. The twin is lock/balance-locked.
 */
#include "threads.h"

#define ROUNDS 5

static volatile int balance = 1000;
static struct tokens payer_read, drawer_read, paid, next_round;
static void pay_in(struct demo_thread *self), draw(struct demo_thread *self);

static struct demo_thread payer = {.name = "payer", .run = pay_in};
static struct demo_thread drawer = {.name = "drawer", .run = draw};

static void pay_in(struct demo_thread *self)
{
	(void)self;
	for (int i = 0; i < ROUNDS; i++) {
		int seen = balance;

		tokens_give(&payer_read, 1);
		tokens_take(&drawer_read, 1);
		balance = seen + 10;
		demo_say("read %d, writes %d", seen, seen + 10);
		tokens_give(&paid, 1);
		tokens_take(&next_round, 1);
	}
}

static void draw(struct demo_thread *self)
{
	(void)self;
	for (int i = 0; i < ROUNDS; i++) {
		int seen = balance;

		tokens_give(&drawer_read, 1);
		tokens_take(&payer_read, 1);
		tokens_take(&paid, 1);
		balance = seen - 10;
		demo_say("read %d, writes %d", seen, seen - 10);
		tokens_give(&next_round, 1);
	}
}

int main(void)
{
	demo_begin("main", "the balance is 1000; pays in 10 and draws 10, five times at the same time, without a lock");
	payer_read = tokens_new();
	drawer_read = tokens_new();
	paid = tokens_new();
	next_round = tokens_new();
	demo_thread_start(&payer);
	demo_thread_start(&drawer);
	demo_ready();
	demo_thread_join(&payer);
	demo_thread_join(&drawer);
	demo_say("the balance is %d: what was paid in is lost", balance);
	return balance == 1000 - 10 * ROUNDS ? 0 : 1;
}

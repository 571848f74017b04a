/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Two threads take two locks in opposite order, as in deadlock/abba, but this time one is done before the other begins:
 * nothing hangs. Many a run of such a program goes well, and one day one does not.
 *
 * Look at: deadlock.order, with both places; deadlock/order-gate, deadlock/order-alone and deadlock/order-apart are
 * orders that cannot meet, and no finding.
 */
#include "threads.h"

static pthread_mutex_t accounts = PTHREAD_MUTEX_INITIALIZER, journal = PTHREAD_MUTEX_INITIALIZER;
static struct tokens both, booked, audited;
static void book(struct demo_thread *self);
static void audit(struct demo_thread *self);

static struct demo_thread clerk = {.name = "clerk", .run = book};
static struct demo_thread auditor = {.name = "auditor", .run = audit};

static void book(struct demo_thread *self)
{
	(void)self;
	tokens_take(&both, 1); /* are there */
	pthread_mutex_lock(&accounts);
	pthread_mutex_lock(&journal);
	demo_say("took the accounts, then the journal");
	pthread_mutex_unlock(&journal);
	pthread_mutex_unlock(&accounts);
	tokens_give(&booked, 1);
	tokens_take(&audited, 1); /* lives on meanwhile: the two could have met */
}

static void audit(struct demo_thread *self)
{
	(void)self;
	tokens_take(&booked, 1); /* by a pipe, which is no lock; another day nobody waits */
	pthread_mutex_lock(&journal);
	pthread_mutex_lock(&accounts);
	demo_say("took the journal, then the accounts");
	pthread_mutex_unlock(&accounts);
	pthread_mutex_unlock(&journal);
	tokens_give(&audited, 1);
}

int main(void)
{
	demo_begin("main", "starts a clerk and an auditor, who both need the accounts and the journal");
	both = tokens_new();
	booked = tokens_new();
	audited = tokens_new();
	demo_thread_start(&clerk);
	demo_thread_start(&auditor);
	demo_ready();
	tokens_give(&both, 1);
	demo_thread_join(&clerk);
	demo_thread_join(&auditor);
	demo_say("it went well, this time");
	demo_stay();
	return 0;
}

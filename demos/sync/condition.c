/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A condition variable: three eaters wait until there is something on the table. One dish and one signal wake one
 * eater; two dishes and a broadcast wake all that wait, two of them find something and the third waits on. The
 * condition is "there is a dish", not "I was woken": hence the loop around pthread_cond_wait(3).
 *
 * Look at: how often each eater was switched: once per wait, not once per look at the table.
 */
#include "threads.h"

enum { EATERS = 3 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t served, changed;
	int dishes, eaten, waiting, woken_in_vain;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER, .served = PTHREAD_COND_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void eat(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&table.lock);
	while (table.dishes == 0) {
		table.waiting++;
		pthread_cond_signal(&table.changed);
		pthread_cond_wait(&table.served, &table.lock);
		table.waiting--;
		table.woken_in_vain += table.dishes == 0;
	}
	table.dishes--;
	table.eaten++;
	demo_say("eats");
	pthread_cond_signal(&table.changed);
	pthread_mutex_unlock(&table.lock);
}

/* Serves when so many wait, and waits until so many have eaten. */
static void serve(int dishes, int when_waiting, int until_eaten)
{
	pthread_mutex_lock(&table.lock);
	while (table.waiting < when_waiting)
		pthread_cond_wait(&table.changed, &table.lock);
	demo_say("%d eaters wait; serves %d", table.waiting, dishes);
	table.dishes += dishes;
	if (dishes == 1)
		pthread_cond_signal(&table.served);
	else
		pthread_cond_broadcast(&table.served);
	while (table.eaten < until_eaten)
		pthread_cond_wait(&table.changed, &table.lock);
	pthread_mutex_unlock(&table.lock);
}

int main(void)
{
	static const char *const names[EATERS] = {"eater-1", "eater-2", "eater-3"};
	struct demo_thread eaters[EATERS], late;

	demo_begin("cook", "serves one dish, then two, then one more");
	for (int i = 0; i < EATERS; i++)
		demo_thread_begin(&eaters[i], names[i], eat, NULL);
	serve(1, 3, 1);
	demo_thread_begin(&late, "eater-4", eat, NULL);
	demo_ready();
	demo_sleep_ms(200);
	serve(2, 3, 3);
	serve(1, 1, 4);
	for (int i = 0; i < EATERS; i++)
		demo_thread_join(&eaters[i]);
	demo_thread_join(&late);
	demo_say("%d have eaten, %d dishes are left; %d times one was woken in vain", table.eaten, table.dishes,
		 table.woken_in_vain);
	return table.eaten == EATERS + 1 && table.dishes == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A thread keeps a mutex while it does something slow, and three others want it meanwhile. They sleep in futex(2)
 * until it is released: glibc's mutex is one word in memory, which the kernel is asked about only when somebody
 * must sleep or be woken. Beside that word glibc notes the holder's thread id, and from there it can be read who
 * keeps the others waiting.
 *
 * Look at: the lock `stock`, its holder `saver`, and the place where the others wait. The twin that does the slow
 * part outside is lock/short-hold.
 */
#include "threads.h"

#define CLERKS 3
#define SLOW_MS 300

static pthread_mutex_t stock = PTHREAD_MUTEX_INITIALIZER;
static int items = 100;
static struct tokens held;
static void take_item(struct demo_thread *self), save_stock(struct demo_thread *self);

static struct demo_thread saver = {.name = "saver", .run = save_stock};
static struct demo_thread clerks[CLERKS] = {
    {.name = "clerk-1", .run = take_item},
    {.name = "clerk-2", .run = take_item},
    {.name = "clerk-3", .run = take_item},
};

__attribute__((noinline)) static void save_stock(struct demo_thread *self)
{
	demo_lock(&stock, &self->asking);
	demo_say("has the lock, and saves %d items to a slow disk", items);
	tokens_give(&held, CLERKS);
	for (int i = 0; i < CLERKS; i++)
		demo_await_asleep(clerks[i].tid, &clerks[i].asking);
	demo_ready();
	demo_sleep_ms(SLOW_MS);
	demo_say("has saved them and lets go of the lock");
	pthread_mutex_unlock(&stock);
}

__attribute__((noinline)) static void take_item(struct demo_thread *self)
{
	struct timespec start;

	tokens_take(&held, 1);
	clock_gettime(CLOCK_MONOTONIC, &start);
	demo_lock(&stock, &self->asking);
	items--;
	pthread_mutex_unlock(&stock);
	demo_say("waited %ld ms to take one item", demo_ms_since(&start));
}

int main(void)
{
	demo_begin("main", "starts a saver, and three clerks that want the same lock");
	held = tokens_new();
	for (int i = 0; i < CLERKS; i++)
		demo_thread_start(&clerks[i]);
	demo_thread_start(&saver);
	demo_thread_join(&saver);
	for (int i = 0; i < CLERKS; i++)
		demo_thread_join(&clerks[i]);
	demo_say("%d items are left", items);
	return items == 97 ? 0 : 1;
}

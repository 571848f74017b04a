/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The healthy twin of lock/long-hold: the saver takes the lock for as long as it takes to copy one number, and does
 * the slow part with its copy. The clerks come while it saves, and find the lock free.
 *
 * Look at: hardly a wait for a lock, and no finding.
 */
#include "threads.h"

#define CLERKS 3
#define SLOW_MS 300

static pthread_mutex_t stock = PTHREAD_MUTEX_INITIALIZER;
static int items = 100;
static struct tokens saving, taken;
static void take_item(struct demo_thread *self), save_stock(struct demo_thread *self);

static struct demo_thread saver = {.name = "saver", .run = save_stock};
static struct demo_thread clerks[CLERKS] = {
    {.name = "clerk-1", .run = take_item},
    {.name = "clerk-2", .run = take_item},
    {.name = "clerk-3", .run = take_item},
};

static void save_stock(struct demo_thread *self)
{
	int copy;

	demo_lock(&stock, &self->asking);
	copy = items;
	pthread_mutex_unlock(&stock);
	demo_say("has a copy, and saves %d items to a slow disk without the lock", copy);
	tokens_give(&saving, CLERKS);
	tokens_take(&taken, CLERKS);
	demo_ready();
	demo_sleep_ms(SLOW_MS);
	demo_say("has saved them; nobody had to wait for that");
}

static void take_item(struct demo_thread *self)
{
	tokens_take(&saving, 1);
	demo_lock(&stock, &self->asking);
	items--;
	pthread_mutex_unlock(&stock);
	demo_say("took one item at once");
	tokens_give(&taken, 1);
}

int main(void)
{
	demo_begin("main", "starts a saver that copies first, and three clerks");
	saving = tokens_new();
	taken = tokens_new();
	for (int i = 0; i < CLERKS; i++)
		demo_thread_start(&clerks[i]);
	demo_thread_start(&saver);
	demo_thread_join(&saver);
	for (int i = 0; i < CLERKS; i++)
		demo_thread_join(&clerks[i]);
	demo_say("%d items are left", items);
	return items == 97 ? 0 : 1;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A semaphore with five places (sem_overview(7)): ten users come, five at a time can be inside, each that leaves lets
 * the next one in. Once with ten processes, the semaphore being in memory that they share, once with ten threads.
 *
 * Look at: the users that came late, asleep in futex until one of the first five left.
 */
#include <semaphore.h>
#include <stdatomic.h>

#include "share.h"
#include "threads.h"

enum { PLACES = 5, USERS = 10 };

struct room {
	sem_t places;
	atomic_int inside, most;
};

static void note_most(struct room *room, int inside)
{
	int most = atomic_load(&room->most);

	while (inside > most && !atomic_compare_exchange_weak(&room->most, &most, inside))
		;
}

static void use(void *argument)
{
	struct room *room = argument;

	while (sem_wait(&room->places) < 0)
		;
	note_most(room, atomic_fetch_add(&room->inside, 1) + 1);
	while (atomic_load(&room->most) < PLACES)
		demo_sleep_ms(1); /* the first five stay until all of them are in */
	demo_sleep_ms(100);
	atomic_fetch_sub(&room->inside, 1);
	sem_post(&room->places);
}

static bool told(const struct room *room, const char *users)
{
	const int most = atomic_load(&room->most);

	demo_say("ten %s have been inside, at most %d at the same time", users, most);
	return most == PLACES && atomic_load(&room->inside) == 0;
}

static bool with_processes(struct room *room)
{
	int failed = 0;

	sem_init(&room->places, 1, PLACES);
	for (int i = 0; i < USERS; i++)
		if (demo_fork("user") == 0) {
			use(room);
			_exit(0);
		}
	for (int status; wait(&status) > 0;)
		failed += status != 0;
	return !failed && told(room, "processes");
}

static bool with_threads(struct room *room)
{
	struct demo_thread users[USERS];

	sem_init(&room->places, 0, PLACES);
	for (int i = 0; i < USERS; i++)
		demo_thread_begin(&users[i], "guest", use, room);
	for (int i = 0; i < USERS; i++)
		demo_thread_join(&users[i]);
	return told(room, "threads");
}

int main(void)
{
	struct room *rooms;

	demo_begin("house", "has a room with five places, and ten users who want in");
	rooms = demo_share(2 * sizeof *rooms);
	demo_ready();
	return with_processes(&rooms[0]) && with_threads(&rooms[1]) ? 0 : 1;
}

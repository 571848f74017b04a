/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A traffic light: an event that is set (green) and cleared (red) again and again. Cars come one after the other. Who
 * meets green drives on, who meets red waits in pthread_cond_wait(3) for green, and may find red again when at last
 * awake: so each looks at the light in a loop, and passes under the same lock under which the light changes.
 *
 * Look at: cars asleep in futex while it is red; the light itself, asleep in between.
 */
#include "threads.h"

enum { CARS = 6, PHASE_MS = 100 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool green;
	int passed, passed_on_red, waited;
} road = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void set_light(bool green)
{
	pthread_mutex_lock(&road.lock);
	road.green = green;
	demo_say(green ? "green" : "red");
	if (green)
		pthread_cond_broadcast(&road.changed);
	pthread_mutex_unlock(&road.lock);
}

static void drive(void *argument)
{
	bool had_to_wait = false;

	(void)argument;
	pthread_mutex_lock(&road.lock);
	while (!road.green) {
		had_to_wait = true;
		pthread_cond_wait(&road.changed, &road.lock);
	}
	demo_say(had_to_wait ? "has waited, passes" : "passes");
	road.passed++;
	road.passed_on_red += !road.green;
	road.waited += had_to_wait;
	pthread_mutex_unlock(&road.lock);
}

int main(void)
{
	static const char *const names[CARS] = {"car-1", "car-2", "car-3", "car-4", "car-5", "car-6"};
	struct demo_thread cars[CARS];

	demo_begin("light", "turns green and red while six cars come");
	set_light(false);
	demo_ready();
	for (int i = 0; i < CARS; i++) {
		demo_thread_begin(&cars[i], names[i], drive, NULL);
		demo_sleep_ms(PHASE_MS);
		if (i % 2)
			set_light(!road.green);
	}
	for (int i = 0; i < CARS; i++)
		demo_thread_join(&cars[i]);
	demo_say("%d cars have passed, %d of them on red; %d had to wait", road.passed, road.passed_on_red,
		 road.waited);
	return road.passed == CARS && road.passed_on_red == 0 ? 0 : 1;
}

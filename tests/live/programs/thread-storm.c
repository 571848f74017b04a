/* SPDX-License-Identifier: BSD-2-Clause
 *
 * thread-storm COUNT [LINGER_MS]: so many threads, two at a time, as a server has one for each request. The two of a
 * pair compete for a mutex: the second waits while the first has it for a fifth of a millisecond. Then it says "done"
 * and lingers, so that it is still there when the observation ends.
 */
#include <pthread.h>

#include "demo.h"

static pthread_mutex_t the_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t together;

static void *serve(void *argument)
{
	(void)argument;
	pthread_barrier_wait(&together);
	pthread_mutex_lock(&the_lock);
	usleep(200);
	pthread_mutex_unlock(&the_lock);
	return NULL;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
	long linger_ms = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	pthread_barrier_init(&together, NULL, 2);
	for (long i = 0; i < count / 2; i++) {
		pthread_t threads[2];

		for (unsigned j = 0; j < 2; j++)
			if (pthread_create(&threads[j], NULL, serve, NULL))
				demo_fail("pthread_create");
		for (unsigned j = 0; j < 2; j++)
			pthread_join(threads[j], NULL);
	}
	puts("done");
	fflush(stdout);
	usleep((useconds_t)linger_ms * 1000);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One contended wait of each kind that there is, each for a lock of a name of its own: the thread `holder` has it (or
 * has not yet signalled), `waiter` waits, and when it sleeps the holder lets go. What the waits must look like is
 * written to stdout, a line each: NAME KIND HOLDER, where HOLDER is `holder` if the lock names its holder, else
 * `unknown`.
 */
#include <sys/file.h>

#include "threads.h"

pthread_mutex_t mutex_normal, mutex_recursive, mutex_errorcheck, mutex_adaptive, mutex_robust, mutex_pi,
    mutex_pi_robust, mutex_shared, mutex_timed;
pthread_rwlock_t rwlock_written = PTHREAD_RWLOCK_INITIALIZER, rwlock_read = PTHREAD_RWLOCK_INITIALIZER,
		 rwlock_writers = PTHREAD_RWLOCK_INITIALIZER;
pthread_mutex_t condition_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
sem_t semaphore;
pthread_barrier_t barrier;
pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_t joined;
static char path_flock[] = "/tmp/lock-kinds-flock.XXXXXX", path_fcntl[] = "/tmp/lock-kinds-fcntl.XXXXXX";
static bool signalled;

static struct demo_thread waiter;
static struct tokens turn, done; /* the waiter may begin with the next; it has ended this one */

/* Called by the holder when it has what the waiter wants: until the waiter sleeps, and a little longer. */
static void let_wait(void)
{
	tokens_give(&turn, 1);
	demo_await_asleep(waiter.tid, &waiter.asking);
	demo_sleep_ms(20);
}

/* ---- mutexes: type, protocol, robust, shared ------------------------------------------------------------------- */

static void hold_mutex(void *mutex)
{
	pthread_mutex_lock(mutex);
	let_wait();
	pthread_mutex_unlock(mutex);
}

static void want_mutex(void *mutex)
{
	pthread_mutex_lock(mutex);
	pthread_mutex_unlock(mutex);
}

static void want_mutex_for_a_while(void *mutex)
{
	struct timespec later;

	clock_gettime(CLOCK_REALTIME, &later);
	later.tv_sec += 60;
	pthread_mutex_timedlock(mutex, &later);
	pthread_mutex_unlock(mutex);
}

static void make_mutex(pthread_mutex_t *mutex, int type, int protocol, int robust, int shared)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, type);
	pthread_mutexattr_setprotocol(&attributes, protocol);
	pthread_mutexattr_setrobust(&attributes, robust);
	pthread_mutexattr_setpshared(&attributes, shared);
	demo_check(pthread_mutex_init(mutex, &attributes), "pthread_mutex_init");
}

/* ---- the others ----------------------------------------------------------------------------------------------------
 */

static void hold_to_write(void *rwlock)
{
	pthread_rwlock_wrlock(rwlock);
	let_wait();
	pthread_rwlock_unlock(rwlock);
}

static void hold_to_read(void *rwlock)
{
	pthread_rwlock_rdlock(rwlock);
	let_wait();
	pthread_rwlock_unlock(rwlock);
}

static void want_to_write(void *rwlock)
{
	pthread_rwlock_wrlock(rwlock);
	pthread_rwlock_unlock(rwlock);
}

static void want_to_read(void *rwlock)
{
	pthread_rwlock_rdlock(rwlock);
	pthread_rwlock_unlock(rwlock);
}

static void signal_late(void *cond)
{
	let_wait();
	pthread_mutex_lock(&condition_mutex);
	signalled = true;
	pthread_cond_signal(cond);
	pthread_mutex_unlock(&condition_mutex);
}

static void await_signal(void *cond)
{
	pthread_mutex_lock(&condition_mutex);
	while (!signalled)
		pthread_cond_wait(cond, &condition_mutex);
	pthread_mutex_unlock(&condition_mutex);
}

static void post_late(void *posted)
{
	let_wait();
	sem_post(posted);
}

static void want_post(void *posted)
{
	sem_wait(posted);
}

static void come_late(void *place)
{
	let_wait();
	pthread_barrier_wait(place);
}

static void come_first(void *place)
{
	pthread_barrier_wait(place);
}

static void *live_long(void *end)
{
	tokens_take(end, 1);
	return NULL;
}

static void be_joined(void *unused)
{
	struct tokens end = tokens_new();

	(void)unused;
	pthread_create(&joined, NULL, live_long, &end);
	let_wait();
	tokens_give(&end, 1);
	tokens_take(&done, 1); /* the thread has ended: `end` is not needed any more */
	tokens_give(&done, 1);
}

static void join(void *unused)
{
	(void)unused;
	pthread_join(joined, NULL);
}

static void run_once(void)
{
	let_wait();
}

static void be_first(void *control)
{
	pthread_once(control, run_once);
}

static void be_second(void *control)
{
	pthread_once(control, run_once);
}

/* ---- files: descriptors of their own for both threads; fcntl locks belong to the process, so its holder is a child
 * ---- */

static void hold_flock(void *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	flock(fd, LOCK_EX);
	let_wait();
	close(fd);
}

static void want_flock(void *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	flock(fd, LOCK_EX);
	close(fd);
}

static void hold_record(void *path)
{
	struct flock whole_file = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct tokens held = tokens_new(), release = tokens_new();
	pid_t child = fork();

	if (child == 0) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		prctl(PR_SET_NAME, "holder-child");
		fcntl(fd, F_SETLK, &whole_file);
		tokens_give(&held, 1);
		tokens_take(&release, 1);
		_exit(0);
	}
	tokens_take(&held, 1);
	let_wait();
	tokens_give(&release, 1);
	demo_reap(child);
}

static void want_record(void *path)
{
	struct flock whole_file = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDWR | O_CLOEXEC);

	fcntl(fd, F_SETLKW, &whole_file);
	close(fd);
}

static const struct wait {
	const char *name, *kind, *holder;
	void (*hold)(void *lock), (*want)(void *lock);
	void *lock;
} waits[] = {
    {"mutex_normal", "mutex", "holder", hold_mutex, want_mutex, &mutex_normal},
    {"mutex_recursive", "mutex", "holder", hold_mutex, want_mutex, &mutex_recursive},
    {"mutex_errorcheck", "mutex", "holder", hold_mutex, want_mutex, &mutex_errorcheck},
    {"mutex_adaptive", "mutex", "holder", hold_mutex, want_mutex, &mutex_adaptive},
    {"mutex_robust", "mutex", "holder", hold_mutex, want_mutex, &mutex_robust},
    {"mutex_pi", "pi-mutex", "holder", hold_mutex, want_mutex, &mutex_pi},
    {"mutex_pi_robust", "pi-mutex", "holder", hold_mutex, want_mutex, &mutex_pi_robust},
    {"mutex_shared", "mutex", "holder", hold_mutex, want_mutex, &mutex_shared},
    {"mutex_timed", "mutex", "holder", hold_mutex, want_mutex_for_a_while, &mutex_timed},
    {"rwlock_written", "rwlock", "holder", hold_to_write, want_to_read, &rwlock_written},
    {"rwlock_writers", "rwlock", "holder", hold_to_write, want_to_write, &rwlock_writers},
    {"rwlock_read", "rwlock", "unknown", hold_to_read, want_to_write, &rwlock_read},
    {"condition", "condvar", "unknown", signal_late, await_signal, &condition},
    {"semaphore", "semaphore", "unknown", post_late, want_post, &semaphore},
    {"barrier", "barrier", "unknown", come_late, come_first, &barrier},
    {"-", "join", "unknown", be_joined, join, NULL},
    {"once", "once", "unknown", be_first, be_second, &once},
    {path_flock, "file", "holder", hold_flock, want_flock, path_flock},
    {path_fcntl, "file", "holder-child", hold_record, want_record, path_fcntl},
};

#define WAITS (sizeof waits / sizeof waits[0])

static void wait_for_all(struct demo_thread *self)
{
	for (const struct wait *wait = waits; wait < waits + WAITS; wait++) {
		tokens_take(&turn, 1);
		atomic_store(&self->asking, 1);
		wait->want(wait->lock);
		atomic_store(&self->asking, 0);
		tokens_give(&done, 1);
	}
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_NAME, "holder");
	turn = tokens_new();
	done = tokens_new();
	make_mutex(&mutex_normal, PTHREAD_MUTEX_NORMAL, 0, 0, 0);
	make_mutex(&mutex_recursive, PTHREAD_MUTEX_RECURSIVE, 0, 0, 0);
	make_mutex(&mutex_errorcheck, PTHREAD_MUTEX_ERRORCHECK, 0, 0, 0);
	make_mutex(&mutex_adaptive, PTHREAD_MUTEX_ADAPTIVE_NP, 0, 0, 0);
	make_mutex(&mutex_robust, 0, 0, PTHREAD_MUTEX_ROBUST, 0);
	make_mutex(&mutex_pi, 0, PTHREAD_PRIO_INHERIT, 0, 0);
	make_mutex(&mutex_pi_robust, 0, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_ROBUST, 0);
	make_mutex(&mutex_shared, 0, 0, 0, PTHREAD_PROCESS_SHARED);
	make_mutex(&mutex_timed, PTHREAD_MUTEX_RECURSIVE, 0, 0, 0);
	sem_init(&semaphore, 0, 0);
	pthread_barrier_init(&barrier, NULL, 2);
	close(mkostemp(path_flock, O_CLOEXEC));
	close(mkostemp(path_fcntl, O_CLOEXEC));
	waiter = (struct demo_thread){.name = "waiter", .run = wait_for_all};
	demo_thread_start(&waiter);
	for (const struct wait *wait = waits; wait < waits + WAITS; wait++) {
		wait->hold(wait->lock);
		tokens_take(&done, 1);
		printf("%s %s %s\n", wait->name, wait->kind, wait->holder);
	}
	unlink(path_flock);
	unlink(path_fcntl);
	return 0;
}

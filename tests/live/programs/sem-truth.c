/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The oracle for last takers of semaphores: threads, and processes, contend for semaphores, and note for each time that
 * they took one when they asked, got it, began and ended to post it. In the end this is written to FILE:
 *
 *     {"locks": ["single_50us", ...], "holds": [[TID, LOCK, ASKED, GOT, LEAVING, LEFT], ...]}
 *
 * Times are of CLOCK_BOOTTIME, in ns. Where somebody else posts for who took it, LEAVING and LEFT are when he did.
 * Usage: sem-truth SECONDS FILE
 *
 * The semaphores: one place, held for 50 and for 500 us; three places; one place, and half of the calls try, or give up
 * after a while; one in memory that processes share, mapped by each at another address; one that another thread always
 * posts for the taker; and one whose taker now and then ends instead of posting, which is then done for it.
 */
#include <stdint.h>

#include "threads.h"

#define HOLDS_MAX 60000
#define RECORDS 40

enum subject { SINGLE_50US, SINGLE_500US, PLACES, TRIED, SHARED, HANDED, LEFT, SUBJECTS };

static const char *const names[SUBJECTS] = {"single_50us", "single_500us", "places", "tried",
					    "shared",      "handed",       "left"};

sem_t single_50us, single_500us, places, tried, handed, left_alone;
static sem_t *subjects[SUBJECTS] = {&single_50us, &single_500us, &places, &tried, NULL, &handed, &left_alone};

struct hold {
	uint64_t asked, got, leaving, left;
};

struct record { /* in memory that all processes share */
	pid_t tid;
	int subject;
	size_t count;
	struct hold holds[HOLDS_MAX];
};

static struct common {
	atomic_int records;
	atomic_int running;
	struct record of[RECORDS];
} * common;

static struct hold *atomic_pending; /* of `handed`: what the other thread is to post */
static struct tokens took, posted;
static uint64_t deadline;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void spin(uint64_t from, uint64_t ns)
{
	while (now() - from < ns)
		;
}

static struct timespec soon(long us)
{
	struct timespec then;

	clock_gettime(CLOCK_REALTIME, &then);
	then.tv_nsec += us * 1000;
	then.tv_sec += then.tv_nsec / 1000000000;
	then.tv_nsec %= 1000000000;
	return then;
}

static struct record *begin_record(int subject)
{
	struct record *record = &common->of[atomic_fetch_add(&common->records, 1)];

	if (record >= common->of + RECORDS)
		demo_fail("too many records");
	prctl(PR_SET_TIMERSLACK, 1UL); /* think for as long as said, not 50 us longer */
	record->tid = demo_tid();
	record->subject = subject;
	return record;
}

static bool goes_on(const struct record *record)
{
	return now() < deadline && record->count < HOLDS_MAX;
}

/* False: not got. */
static bool take(sem_t *semaphore, unsigned way, struct hold *hold)
{
	struct timespec until;
	int result;

	hold->asked = now();
	if (way == 1) {
		result = sem_trywait(semaphore);
	} else if (way == 2) {
		until = soon(100);
		result = sem_timedwait(semaphore, &until);
	} else if (way == 3) {
		until = (struct timespec){.tv_sec = 1, .tv_nsec = 2000000000}; /* no such moment: EINVAL */
		result = sem_timedwait(semaphore, &until);
	} else {
		result = sem_wait(semaphore);
	}
	hold->got = now();
	return result == 0;
}

static void post(sem_t *semaphore, struct hold *hold)
{
	hold->leaving = now();
	sem_post(semaphore);
	hold->left = now();
}

static void contend_at(int subject, unsigned seed, uint64_t hold_ns, unsigned think_us)
{
	struct record *record = begin_record(subject);

	while (goes_on(record)) {
		struct hold *hold = &record->holds[record->count];
		const unsigned chance = (unsigned)rand_r(&seed);

		if (take(subjects[subject], subject == TRIED ? chance / 16 % 6 : 0, hold)) {
			if (chance % 4 == 0 && hold_ns >= 500000)
				usleep((useconds_t)(hold_ns / 1000));
			else
				spin(hold->got, hold_ns);
			post(subjects[subject], hold);
			record->count++;
		}
		usleep((useconds_t)(rand_r(&seed) % think_us));
	}
}

static void contend(struct demo_thread *self)
{
	static const struct {
		uint64_t hold_ns;
		unsigned think_us;
	} how[SUBJECTS] = {{50000, 200}, {500000, 2000}, {500000, 800}, {100000, 400}, {200000, 600}, {0, 0}, {0, 0}};
	const int subject = self->number % 16;

	contend_at(subject, (unsigned)self->number + 1, how[subject].hold_ns, how[subject].think_us);
}

/* ---- who posts for another ------------------------------------------------------------------------------------- */

static void hand_over(struct demo_thread *self)
{
	struct record *record = begin_record(HANDED);
	unsigned seed = (unsigned)self->number + 1;

	while (goes_on(record)) {
		struct hold *hold = &record->holds[record->count];

		take(&handed, 0, hold);
		atomic_pending = hold;
		tokens_give(&took, 1);
		record->count++; /* who posts fills in the rest, before anybody else gets it */
		usleep((useconds_t)(rand_r(&seed) % 500));
	}
}

static void post_for_others(struct demo_thread *self)
{
	(void)self;
	for (;;) {
		struct hold *hold;

		tokens_take(&took, 1);
		hold = atomic_pending;
		if (!hold)
			return;
		spin(now(), 100000);
		hold->leaving = now();
		hold->left = hold->leaving + 1000000; /* by then certainly, though who takes it next may be quicker */
		sem_post(&handed);
	}
}

/* ---- who ends with it ------------------------------------------------------------------------------------------- */

static void take_and_end(struct demo_thread *self)
{
	struct record *record = self->data;

	record->tid = demo_tid();
	take(&left_alone, 0, &record->holds[record->count]);
}

static void take_properly(struct demo_thread *self)
{
	contend_at(LEFT, (unsigned)self->number + 1, 200000, 1000);
}

/* Now and then a thread takes it and ends; a while later it is posted for that one. */
static void leave_now_and_then(void)
{
	for (int i = 0; i < 8 && now() < deadline; i++) {
		struct record *record = begin_record(LEFT);
		struct demo_thread thread = {.name = "leaver", .run = take_and_end, .data = record};

		demo_thread_start(&thread);
		demo_thread_await_end(&thread);
		usleep(3000);
		post(&left_alone, &record->holds[record->count]);
		record->count++;
		usleep(100000);
	}
}

/* ---- processes --------------------------------------------------------------------------------------------------- */

static void be_process(int file, int number)
{
	/* each at another address */
	char *room = mmap(NULL, (size_t)(number + 2) * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	subjects[SHARED] = mmap(room + number * 4096, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
	if (subjects[SHARED] == MAP_FAILED)
		demo_fail("mmap");
	contend_at(SHARED, (unsigned)number + 100, 200000, 600);
	_exit(0);
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void write_truth(const char *path)
{
	FILE *file = fopen(path, "we");
	const char *between = "";

	if (!file)
		demo_fail(path);
	fprintf(file, "{\"locks\": [");
	for (int i = 0; i < SUBJECTS; i++)
		fprintf(file, "%s\"%s\"", i ? ", " : "", i == LEFT ? "left_alone" : i == SHARED ? "" : names[i]);
	fprintf(file, "], \"holds\": [\n");
	for (int i = 0; i < common->records; i++) {
		const struct record *record = &common->of[i];

		for (const struct hold *hold = record->holds; hold < record->holds + record->count; hold++) {
			fprintf(file, "%s[%d,%d,%llu,%llu,%llu,%llu]", between, (int)record->tid, record->subject,
				(unsigned long long)hold->asked, (unsigned long long)hold->got,
				(unsigned long long)hold->leaving, (unsigned long long)hold->left);
			between = ",\n";
		}
	}
	fprintf(file, "\n]}\n");
	if (fclose(file) != 0)
		demo_fail(path);
}

static void start_all(struct demo_thread *threads, int *count)
{
	static const int contenders[SUBJECTS] = {3, 3, 5, 4, 0, 0, 0};

	for (int subject = 0; subject < SUBJECTS; subject++)
		for (int i = 0; i < contenders[subject]; i++)
			threads[(*count)++] =
			    (struct demo_thread){.name = "contender", .run = contend, .number = subject + 16 * i};
	for (int i = 0; i < 2; i++)
		threads[(*count)++] = (struct demo_thread){.name = "hander", .run = hand_over, .number = i};
	for (int i = 0; i < 3; i++)
		threads[(*count)++] = (struct demo_thread){.name = "proper", .run = take_properly, .number = i};
	for (int i = 0; i < *count; i++)
		demo_thread_start(&threads[i]);
}

int main(int argument_count, char **arguments)
{
	static struct demo_thread threads[RECORDS], poster = {.name = "poster", .run = post_for_others};
	const int file = memfd_create("semaphore", MFD_CLOEXEC);
	pid_t children[3];
	int count = 0;

	if (argument_count != 3 || file < 0 || ftruncate(file, 4096))
		return 2;
	common = demo_share(sizeof(*common));
	took = tokens_new();
	posted = tokens_new();
	for (int i = 0; i < SUBJECTS; i++)
		if (subjects[i])
			sem_init(subjects[i], 0, i == PLACES ? 3 : 1);
	sem_init(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), 1, 1);
	deadline = now() + strtoull(arguments[1], NULL, 10) * 1000000000;
	for (int i = 0; i < 3; i++) {
		children[i] = fork();
		if (!children[i])
			be_process(file, i);
	}
	demo_thread_start(&poster);
	start_all(threads, &count);
	leave_now_and_then();
	for (int i = 0; i < count; i++)
		demo_thread_join(&threads[i]);
	atomic_pending = NULL;
	tokens_give(&took, 1);
	demo_thread_join(&poster);
	for (int i = 0; i < 3; i++)
		waitpid(children[i], NULL, 0);
	write_truth(arguments[2]);
	return 0;
}

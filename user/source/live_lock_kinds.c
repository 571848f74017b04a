/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a lock is, told from facts: the futex operation and value, the words of memory there, and the function that
 * waits. Other C libraries, Rust and Go use the same operations and values for locks of other forms, so a word only
 * counts as an owner where function and memory prove glibc's form (sysdeps/nptl/bits/struct_mutex.h, struct_rwlock.h)
 * or the operation itself defines it (PI futexes: the kernel reads the owner there). */
#include <string.h>

#include "source/live_locks.h"

#define COMMAND 0x7f
#define PRIVATE 128
#define CLOCK_REALTIME_BIT 256
#define OP_WAIT 0
#define OP_LOCK_PI 6
#define OP_WAIT_BITSET 9
#define OP_LOCK_PI2 13
#define TID_BITS 0x3fffffffu
#define WAITERS_BIT 0x80000000u

/* struct __pthread_mutex_s in 32-bit words: lock, count, owner, nusers, kind */
#define MUTEX_LOCK 0
#define MUTEX_OWNER 2
#define MUTEX_USERS 3
#define MUTEX_KIND 4
#define MUTEX_KIND_BITS 0x3ff /* type, robust, PI, priority protection, pshared, elision */
#define MUTEX_ROBUST 0x10
#define USERS_MAX 65536

static const struct {
	const char *begins, *holds; /* `holds`: somewhere in it, for names that a language mangles and nests */
	uint32_t kind;
} calls[] = {{"pthread_mutex_", NULL, LOCK_MUTEX},
	     {"mtx_", NULL, LOCK_MUTEX},
	     {"pthread_cond_", NULL, LOCK_CONDVAR},
	     {"cnd_", NULL, LOCK_CONDVAR},
	     {"pthread_rwlock_", NULL, LOCK_RWLOCK},
	     {"sem_", NULL, LOCK_SEMAPHORE},
	     {"new_sem_", NULL, LOCK_SEMAPHORE},
	     {"pthread_barrier_", NULL, LOCK_BARRIER},
	     {"pthread_join", NULL, LOCK_JOIN},
	     {"pthread_clockjoin", NULL, LOCK_JOIN},
	     {"pthread_timedjoin", NULL, LOCK_JOIN},
	     {"thrd_join", NULL, LOCK_JOIN},
	     {"pthread_once", NULL, LOCK_ONCE},
	     {"call_once", NULL, LOCK_ONCE},
	     {"cxa_guard_acquire", NULL, LOCK_ONCE},
	     {NULL, "mutex::futex::Mutex", LOCK_MUTEX}, /* Rust's standard library */
	     {NULL, "futex_mutex::Mutex", LOCK_MUTEX},
	     {NULL, "rwlock::futex::RwLock", LOCK_RWLOCK},
	     {NULL, "futex_rwlock::RwLock", LOCK_RWLOCK},
	     {NULL, "condvar::futex::Condvar", LOCK_CONDVAR},
	     {NULL, "futex_condvar::Condvar", LOCK_CONDVAR},
	     {NULL, "once::futex::Once", LOCK_ONCE},
	     {NULL, "raw_mutex::RawMutex", LOCK_MUTEX}, /* parking_lot */
	     {NULL, "raw_rwlock::RawRwLock", LOCK_RWLOCK}};

static uint32_t kind_of_call(const char *call)
{
	for (size_t i = 0; *call && i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].begins ? !strncmp(call, calls[i].begins, strlen(calls[i].begins))
				    : strstr(call, calls[i].holds) != NULL)
			return calls[i].kind;
	return LOCK_FUTEX;
}

static bool is_pi(uint32_t op)
{
	return (op & COMMAND) == OP_LOCK_PI || (op & COMMAND) == OP_LOCK_PI2;
}

static bool waits_contended(const struct lock_facts *facts)
{
	return (facts->op & COMMAND) == OP_WAIT && facts->val == 2;
}

static bool waits_robust(const struct lock_facts *facts)
{
	return (facts->op & COMMAND) == OP_WAIT && (facts->val & WAITERS_BIT);
}

static bool is_of_c(const char *call)
{
	return !strncmp(call, "pthread_", 8) || !strncmp(call, "mtx_", 4) || !strncmp(call, "cnd_", 4);
}

/* Could these words be a glibc mutex that is waited for? */
static bool has_mutex_form(const struct lock_facts *facts)
{
	const uint32_t *words = facts->words;

	if (words[MUTEX_USERS] > USERS_MAX || (words[MUTEX_KIND] & ~(uint32_t)MUTEX_KIND_BITS))
		return false;
	if (waits_robust(facts))
		return (words[MUTEX_KIND] & MUTEX_ROBUST) && !(facts->op & PRIVATE);
	return waits_contended(facts) && !(words[MUTEX_KIND] & MUTEX_ROBUST);
}

static const char *call_of(const struct lock_facts *facts)
{
	return facts->site ? facts->site->call : "";
}

/* No function is known (a stripped program that links its C library in): memory alone may still prove a mutex, by
 * naming a thread of this very process as its owner. */
static bool memory_proves_mutex(const struct lock_facts *facts)
{
	return !*call_of(facts) && waits_contended(facts) && has_mutex_form(facts) && facts->words[MUTEX_LOCK] == 2 &&
	       facts->words[MUTEX_USERS] > 0 && facts->owner_lives;
}

/* In glibc, but in a function without a name: what it can be is told by what else it cannot be. The exported functions
 * of condition variables, rwlocks and barriers have frames of their own and so a name; what remains are the slow paths
 * of robust mutexes (pthread_mutex_lock_full), semaphores and pthread_once. */
static uint32_t kind_by_memory(const struct lock_facts *facts)
{
	const uint32_t *words = facts->words, command = facts->op & COMMAND;

	if (!facts->site || !facts->site->glibc || *call_of(facts))
		return LOCK_FUTEX;
	if (waits_robust(facts) && has_mutex_form(facts) && words[MUTEX_OWNER] == (words[MUTEX_LOCK] & TID_BITS))
		return LOCK_MUTEX;
	/* struct new_sem: value, those who wait, private or shared. (A thread that glibc parks after EDEADLK waits on
	 * its own stack.) */
	if (command == OP_WAIT_BITSET && !facts->val && !words[0] && words[1] > 0 && words[1] < USERS_MAX &&
	    (words[2] == 0 || words[2] == PRIVATE) && !facts->on_stack)
		return LOCK_SEMAPHORE;
	if (command == OP_WAIT && (facts->op & PRIVATE) && (facts->val & 3) == 1 && words[0] == facts->val)
		return LOCK_ONCE; /* in progress, and how often the process has forked */
	return LOCK_FUTEX;
}

/* A wait until a thread's number becomes 0, which the kernel does when that thread ends (CLONE_CHILD_CLEARTID): glibc's
 * pthread_join leaves no frame of its own. */
static bool memory_proves_join(const struct lock_facts *facts)
{
	return (facts->op & COMMAND) == OP_WAIT_BITSET && !(facts->op & PRIVATE) && facts->value_lives &&
	       (facts->words[0] == facts->val || !facts->words[0]);
}

/* The GIL is a condition variable of the interpreter's, waited for with a time limit (by the monotonic clock). Another,
 * by which a thread that let it go sees that it was taken, is not. */
static bool waits_for_gil(const struct lock_facts *facts)
{
	if (facts->site->takes_gil || facts->site->drops_gil)
		return facts->site->takes_gil;
	return facts->python && !(facts->op & CLOCK_REALTIME_BIT);
}

/* As far as call and memory tell. */
static uint32_t kind_in_general(const struct lock_facts *facts)
{
	uint32_t kind = kind_of_call(call_of(facts));

	if (is_pi(facts->op))
		return LOCK_PI_MUTEX;
	if (memory_proves_join(facts))
		return LOCK_JOIN;
	/* a condition variable's call ends by taking the mutex again */
	if (kind == LOCK_CONDVAR && (waits_contended(facts) || waits_robust(facts)) && has_mutex_form(facts))
		return LOCK_MUTEX;
	if (kind == LOCK_CONDVAR && waits_for_gil(facts))
		return LOCK_GIL;
	if (kind == LOCK_MUTEX && facts->on_stack && is_of_c(call_of(facts)))
		return LOCK_FUTEX; /* glibc parks a thread there for good after it was told of a deadlock */
	if (kind == LOCK_FUTEX && memory_proves_mutex(facts))
		return LOCK_MUTEX;
	return kind == LOCK_FUTEX ? kind_by_memory(facts) : kind;
}

/* The mutexes around the GIL's condition variables, which are no locks of the program's. Where the interpreter is
 * stripped its functions have no names: but these are the only ones of pthreads within its own state (3.2 to 3.12; its
 * other locks are made one by one, elsewhere, and are semaphores). */
static bool is_around_gil(const struct lock_facts *facts)
{
	return facts->python || (facts->site && (facts->site->takes_gil || facts->site->drops_gil));
}

uint32_t lock_kind_of(const struct lock_facts *facts)
{
	const uint32_t kind = kind_in_general(facts);

	if (kind == LOCK_MUTEX && is_around_gil(facts))
		return LOCK_GIL;
	return facts->site && facts->site->in_barrier ? LOCK_BARRIER : kind;
}

/* As the kernel side tells a mutex from a rwlock where a wait with a time limit looks alike for both. */
static bool is_mutex_with_owner(uint64_t address, const uint32_t *words)
{
	return !(address & 7) && words[MUTEX_LOCK] == 2 && words[MUTEX_USERS] - 1 < USERS_MAX - 1 &&
	       !(words[MUTEX_KIND] & ~(uint32_t)MUTEX_KIND_BITS);
}

uint32_t lock_owner_word(uint32_t op, uint32_t val, uint64_t address, const uint32_t *words)
{
	const uint32_t command = op & COMMAND;

	if (is_pi(op) || (command == OP_WAIT && (val & WAITERS_BIT)))
		return words[MUTEX_LOCK] & TID_BITS;
	if (command == OP_WAIT && val == 2)
		return words[MUTEX_OWNER];
	if (command == OP_WAIT_BITSET && val == 2 && is_mutex_with_owner(address, words))
		return words[MUTEX_OWNER];
	/* __cur_writer at 24; the futexes lie at 8 and 12 */
	if (command == OP_WAIT_BITSET && (val == 2 || val == 3))
		return address & 7 ? words[3] : words[4];
	return 0;
}

bool lock_names_owner(uint32_t kind, const struct lock_facts *facts)
{
	const bool of_c = is_of_c(call_of(facts));

	switch (kind) {
	case LOCK_PI_MUTEX:
		return is_pi(facts->op);
	case LOCK_MUTEX:
		if (waits_robust(facts))
			return (of_c || kind_by_memory(facts) == LOCK_MUTEX) && has_mutex_form(facts) &&
			       (!facts->words[MUTEX_OWNER] || /* set a moment after the word itself */
				facts->words[MUTEX_OWNER] == (facts->words[MUTEX_LOCK] & TID_BITS));
		if ((facts->op & COMMAND) == OP_WAIT_BITSET)
			return of_c && facts->val == 2 && is_mutex_with_owner(facts->address, facts->words);
		return has_mutex_form(facts) && (of_c || memory_proves_mutex(facts));
	case LOCK_RWLOCK:
		return of_c && (facts->op & COMMAND) == OP_WAIT_BITSET && facts->val == 3;
	default:
		return false;
	}
}

/* Where in the object the futex lies: struct __pthread_cond_s has its two groups' signals at 40 and 44, struct
 * __pthread_rwlock_arch_t its phases at 8 and 12; both are aligned to 8. */
uint64_t lock_begin_of(uint32_t kind, const struct lock_facts *facts)
{
	const uint64_t address = facts->address, odd = address & 7;

	if (kind == LOCK_RWLOCK && strstr(call_of(facts), "write_contended") && address > 4)
		return address - 4; /* Rust: writers wait for the second word, readers for the first */
	if (!is_of_c(call_of(facts)))
		return address;
	if ((kind == LOCK_CONDVAR || kind == LOCK_GIL) && (facts->op & COMMAND) == OP_WAIT_BITSET && address > 44)
		return address - (odd ? 44 : 40);
	if (kind == LOCK_RWLOCK && (facts->op & COMMAND) == OP_WAIT_BITSET && address > 12)
		return address - (odd ? 12 : 8);
	return kind == LOCK_BARRIER && odd == 4 ? address - 4 : address;
}

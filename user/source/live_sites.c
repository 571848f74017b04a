/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Places in programs where threads wait: a stack is unwound to its frames, what the wait itself is made of is taken
 * off, and equal stacks become one number. */
#include <stdlib.h>
#include <string.h>

#include "source/live_internal.h"
#include "source/live_locks.h"

#define FRAMES_MAX 48
#define FRAMES_TEXT_MAX 6000 /* fits into an event, with room for the rest */
#define CALL_MAX 120

/* ---- what the wait is made of --------------------------------------------------------------------------- */

static const char *last_part(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "";
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool in_glibc(const struct symbol_frame *frame)
{
	const char *file = last_part(frame->object);

	return begins(file, "libc.so.") || begins(file, "libc-2.") || begins(file, "libpthread");
}

static bool in_c_library(const struct symbol_frame *frame)
{
	const char *file = last_part(frame->object);

	return in_glibc(frame) || begins(file, "ld-linux") || begins(file, "ld-musl") || begins(file, "libc.musl") ||
	       !strcmp(file, "libc.so"); /* musl, as Debian names it */
}

static const char *plain_name(const char *name)
{
	while (*name == '_')
		name++;
	return name;
}

/* Functions of a C library that is linked in, where the file does not tell: without leading underscores. */
static const char *const linked_in[] = {"lll_lock",
					"futex_",
					"pthread_mutex_",
					"pthread_cond_",
					"pthread_rwlock_",
					"pthread_barrier_",
					"pthread_join",
					"pthread_clockjoin",
					"pthread_timedjoin",
					"pthread_once",
					"pthread_tryjoin",
					"sem_wait",
					"sem_timedwait",
					"sem_clockwait",
					"new_sem_",
					"old_sem_",
					"mtx_",
					"cnd_",
					"thrd_join",
					"call_once",
					"timedwait",
					"wait",
					"syscall",
					"syscall_cp",
					"lock",
					"GI___",
					"clone_",
					"cxa_guard_",
					NULL};

static bool is_linked_in(const char *name)
{
	const char *bare = plain_name(name);

	for (unsigned i = 0; linked_in[i]; i++)
		if (bare == name && (!strcmp(linked_in[i], "wait") || !strcmp(linked_in[i], "lock") ||
				     !strcmp(linked_in[i], "timedwait")))
			continue; /* musl's are called __wait, __lock; without underscores they are the program's own */
		else if (begins(bare, linked_in[i]))
			return true;
	return false;
}

/* The standard libraries of C++ and Rust around the same calls, and what wraps locks in them. */
static bool is_language_library(const char *name)
{
	static const char *const parts[] = {
	    "std::",  "core::",   "__gnu_cxx::", "__gthread",  "__glibcxx_",   "parking_lot::",      "alloc::",
	    "<std::", "<alloc::", "<core::",     "lock_api::", "__cxa_guard_", "parking_lot_core::", NULL};

	for (unsigned i = 0; parts[i]; i++)
		if (begins(name, parts[i]))
			return true;
	return false;
}

static bool is_machinery(const struct symbol_frame *frame)
{
	if (in_c_library(frame))
		return true;
	return frame->function && (is_linked_in(frame->function) || is_language_library(frame->function));
}

/* Below the program's own first function. */
static bool is_foundation(const struct symbol_frame *frame)
{
	static const char *const names[] = {"_start",
					    "start_thread",
					    "__clone",
					    "clone",
					    "__clone3",
					    "clone3",
					    "__libc_start_main",
					    "__libc_start_call_main",
					    "__libc_start_main_impl",
					    "libc_start_main_stage2",
					    "_start_c",
					    NULL};

	if (in_c_library(frame))
		return true;
	for (unsigned i = 0; frame->function && names[i]; i++)
		if (!strcmp(frame->function, names[i]))
			return true;
	return false;
}

/* ---- text of a place ----------------------------------------------------------------------------------------- */

struct description {
	struct buffer call, frames;
	uint32_t cut;
	uint64_t caller; /* where the program goes on after the call that waits */
	bool glibc, takes_gil, drops_gil, in_barrier;
};

/*
 * glibc's slow paths are functions of their own, without a name in a stripped library, to which the exported function
 * jumps: sem_wait leaves no frame. But the program's own code says what it called, by the instruction before the place
 * where it goes on: a call to the function, to a stub that jumps through a slot of addresses (psABI's PLT), or through
 * such a slot.
 */
#define CALL_DIRECT 0xe8        /* call rel32 */
#define CALL_INDIRECT 0x15ff    /* call *rel32(%rip), as a 16-bit word */
#define JUMP_INDIRECT 0x25ff    /* jmp *rel32(%rip) */
#define BRANCH_MARK 0xfa1e0ff3u /* endbr64 */
#define BOUND_PREFIX 0xf2

static bool read_slot(pid_t pid, const unsigned char *code, uint64_t next, uint64_t *target)
{
	int32_t distance;

	memcpy(&distance, code, sizeof(distance));
	return live_read_memory((uint32_t)pid, next + (uint64_t)(int64_t)distance, target, sizeof(*target)) ==
	       sizeof(*target);
}

/* Where a stub at *address leads; no stub: left as it is. */
static bool follow_stub(pid_t pid, uint64_t *address)
{
	unsigned char code[16];
	unsigned at = 0;
	uint32_t mark;
	uint16_t jump;

	if (live_read_memory((uint32_t)pid, *address, code, sizeof(code)) != sizeof(code))
		return false;
	memcpy(&mark, code, sizeof(mark));
	if (mark == BRANCH_MARK)
		at = sizeof(mark);
	if (code[at] == BOUND_PREFIX)
		at++;
	memcpy(&jump, code + at, sizeof(jump));
	if (jump != JUMP_INDIRECT)
		return true;
	return read_slot(pid, code + at + 2, *address + at + 6, address);
}

static bool find_called(pid_t pid, uint64_t next, uint64_t *target)
{
	unsigned char code[6];
	int32_t distance;
	uint16_t word;

	if (live_read_memory((uint32_t)pid, next - sizeof(code), code, sizeof(code)) != sizeof(code))
		return false;
	memcpy(&word, code, sizeof(word));
	if (word == CALL_INDIRECT)
		return read_slot(pid, code + 2, next, target);
	if (code[1] != CALL_DIRECT)
		return false;
	memcpy(&distance, code + 2, sizeof(distance));
	*target = next + (uint64_t)(int64_t)distance;
	return follow_stub(pid, target);
}

/* What the caller's frame called, if that is the C library's. */
static void describe_called(struct description *description, struct symbols *symbols, pid_t pid, uint64_t start_ns,
			    uint64_t next)
{
	struct symbol_frame frame;
	uint64_t target;

	if (!find_called(pid, next, &target) || !symbols_code(symbols, pid, start_ns, target, &frame))
		return;
	if (!frame.function || frame.offset || !in_c_library(&frame))
		return;
	buffer_clear(&description->call);
	buffer_append(&description->call, plain_name(frame.function), strnlen(plain_name(frame.function), CALL_MAX));
}

/* glibc's inner functions as what the program calls. */
static const char *outer_name(const char *name)
{
	static const char *const names[][2] = {{"pthread_mutex_lock_full", "pthread_mutex_lock"},
					       {"pthread_mutex_cond_lock", "pthread_mutex_lock"},
					       {"pthread_clockjoin_ex", "pthread_join"},
					       {"pthread_once_slow", "pthread_once"},
					       {"new_sem_wait_slow64", "sem_wait"},
					       {"new_sem_wait", "sem_wait"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (begins(name, names[i][0]))
			return names[i][1];
	return name;
}

static bool is_of_c(const struct symbol_frame *frame)
{
	return in_c_library(frame) || (frame->function && is_linked_in(frame->function));
}

/* The C library's function that was entered, or of a language whose locks call the kernel by themselves that of the
 * language's library. What lies farther out (a future that joins a thread under pthread_once) is not what waits.
 * Returns how many frames are the C library's. */
static unsigned describe_call(struct description *description, const struct symbol_frame *frames, unsigned count)
{
	const char *name = NULL;
	unsigned of_c;

	for (of_c = 0; of_c < count && is_of_c(&frames[of_c]); of_c++) {
		description->glibc |= in_glibc(&frames[of_c]);
		name = frames[of_c].function ? plain_name(frames[of_c].function) : name;
	}
	name = name ? outer_name(name) : NULL;
	if (!name || !strcmp(name, "syscall"))
		for (unsigned i = of_c; i < count; i++)
			if (frames[i].function && !frames[i].inlined) {
				name = frames[i].function;
				break;
			}
	if (name)
		buffer_append(&description->call, name, strnlen(name, CALL_MAX));
	return of_c;
}

static uint32_t cut_of(enum symbol_end end)
{
	switch (end) {
	case SYMBOL_END_OUTERMOST:
		return SITE_WHOLE;
	case SYMBOL_END_UNKNOWN:
		return SITE_NO_UNWIND_INFO;
	default:
		return SITE_NO_MORE_STACK;
	}
}

/* CPython's Python/ceval_gil.h: one takes it, one lets it go and waits until another has it. */
static void note_python(struct description *description, const struct symbol_frame *frame)
{
	if (!frame->function)
		return;
	description->takes_gil |= begins(plain_name(frame->function), "take_gil");
	description->drops_gil |= begins(plain_name(frame->function), "drop_gil");
}

/* Rust's is made of a mutex and a condition variable of its own. */
static void note_barrier(struct description *description, const struct symbol_frame *frame)
{
	/* by the old mangling std::sync::barrier::Barrier::wait, by the new <std::sync::barrier::Barrier>::wait */
	description->in_barrier |= frame->function && strstr(frame->function, "std::sync::barrier::Barrier");
}

static void describe(struct description *description, const struct symbol_frame *frames, unsigned count,
		     enum symbol_end end)
{
	unsigned first = 0, last = count, of_c;

	for (unsigned i = 0; i < count; i++)
		note_python(description, &frames[i]);
	for (; first < count && is_machinery(&frames[first]); first++)
		note_barrier(description, &frames[first]);
	while (last > first && is_foundation(&frames[last - 1]))
		last--;
	of_c = describe_call(description, frames, first);
	description->caller = of_c && of_c < count ? frames[of_c].address : 0;
	for (unsigned i = first; i < last && description->frames.length < FRAMES_TEXT_MAX; i++) {
		symbol_format(&frames[i], &description->frames);
		buffer_char(&description->frames, 0);
	}
	description->cut = cut_of(end);
}

/* ---- numbers ------------------------------------------------------------------------------------------------------
 */

static uint64_t hash_text(const struct description *description)
{
	const struct buffer *parts[] = {&description->call, &description->frames};
	uint64_t hash = 1469598103934665603ULL + description->cut;

	for (unsigned part = 0; part < 2; part++)
		for (size_t i = 0; i < parts[part]->length; i++)
			hash = (hash ^ (unsigned char)parts[part]->data[i]) * 1099511628211ULL;
	return hash;
}

static bool is_same(const struct site *site, const struct description *description)
{
	return site->cut == description->cut && !strcmp(site->call, buffer_text(&description->call)) &&
	       site->frames_length == description->frames.length &&
	       (!site->frames_length || !memcmp(site->frames, description->frames.data, site->frames_length));
}

static struct site *add(struct sites *sites, struct description *description, uint64_t hash, struct site *next)
{
	struct site *site = calloc(1, sizeof(*site));

	if (!site)
		return NULL;
	*site = (struct site){.number = sites->count + 1,
			      .cut = description->cut,
			      .glibc = description->glibc,
			      .takes_gil = description->takes_gil,
			      .drops_gil = description->drops_gil,
			      .in_barrier = description->in_barrier,
			      .call = strdup(buffer_text(&description->call)),
			      .frames_length = description->frames.length,
			      .next = next};
	site->frames = buffer_take(&description->frames);
	if (!site->call || (site->frames_length && !site->frames) || hash_put(&sites->by_text, hash, 0, site)) {
		free(site->call);
		free(site->frames);
		free(site);
		return NULL;
	}
	sites->count++;
	return site;
}

const struct site *sites_find(struct sites *sites, pid_t pid, uint64_t start_ns,
			      const struct symbol_registers *registers, const void *stack, size_t size, bool *fresh)
{
	struct symbol_frame frames[FRAMES_MAX];
	struct description description = {0};
	enum symbol_end end = SYMBOL_END_UNKNOWN;
	struct site *site, *first;
	unsigned count = 0;
	uint64_t hash;

	*fresh = false;
	if (!sites->symbols)
		sites->symbols = symbols_new();
	if (!sites->symbols)
		return NULL;
	if (registers)
		count = symbols_unwind(sites->symbols, pid, start_ns, registers, stack, size, frames, FRAMES_MAX, &end);
	describe(&description, frames, count, end);
	if (description.glibc && description.caller)
		describe_called(&description, sites->symbols, pid, start_ns, description.caller);
	hash = hash_text(&description);
	first = hash_get(&sites->by_text, hash, 0);
	for (site = first; site && !is_same(site, &description); site = site->next)
		;
	if (!site) {
		site = add(sites, &description, hash, first);
		*fresh = site != NULL;
	}
	buffer_free(&description.call);
	buffer_free(&description.frames);
	return site;
}

void sites_free(struct sites *sites)
{
	struct site *site, *next;
	size_t cursor = 0;

	while ((site = hash_next(&sites->by_text, &cursor)))
		for (; site; site = next) {
			next = site->next;
			free(site->call);
			free(site->frames);
			free(site);
		}
	hash_free(&sites->by_text);
	symbols_free(sites->symbols);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * The processes whose maps are known; see internal.h. */
#include "symbol/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROCESSES_MAX 8192
#define MAPS_MAX 1000000
/* Addresses that are passed over after a map was read anew in vain: doubled each time, up to this. */
#define PASSED_OVER_MAX 1024

/* ---- the list, by last use --------------------------------------------------------------------------- */

static void take_out(struct symbols *symbols, struct process *process)
{
	*(process->newer ? &process->newer->older : &symbols->newest) = process->older;
	*(process->older ? &process->older->newer : &symbols->oldest) = process->newer;
}

static void put_in_front(struct symbols *symbols, struct process *process)
{
	process->newer = NULL;
	process->older = symbols->newest;
	*(symbols->newest ? &symbols->newest->newer : &symbols->oldest) = process;
	symbols->newest = process;
}

/* Frames handed out by the call that is under way may point to its paths, so it is freed when the next call begins. */
static void release_image(struct symbols *symbols, struct image *image)
{
	if (!image || --image->references)
		return;
	symbols->map_count -= image->count;
	registry_release(image);
	image->next_retired = symbols->retired;
	symbols->retired = image;
}

void symbols_begin(struct symbols *symbols)
{
	for (struct image *next; symbols->retired; symbols->retired = next) {
		next = symbols->retired->next_retired;
		image_free(symbols->retired);
	}
	registry_trim(symbols);
}

static void remove_process(struct symbols *symbols, struct process *process)
{
	hash_remove(&symbols->processes, (uint64_t)process->pid, process->start_ns);
	take_out(symbols, process);
	release_image(symbols, process->image);
	free(process);
}

static struct process *find(struct symbols *symbols, pid_t pid, uint64_t start_ns)
{
	struct process *process = hash_get(&symbols->processes, (uint64_t)pid, start_ns);

	if (process) {
		take_out(symbols, process);
		put_in_front(symbols, process);
	}
	return process;
}

static struct process *add(struct symbols *symbols, pid_t pid, uint64_t start_ns)
{
	struct process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->pid = pid;
	process->start_ns = start_ns;
	if (hash_put(&symbols->processes, (uint64_t)pid, start_ns, process)) {
		free(process);
		return NULL;
	}
	put_in_front(symbols, process);
	while (symbols->oldest != process &&
	       (symbols->processes.count > PROCESSES_MAX || symbols->map_count > MAPS_MAX))
		remove_process(symbols, symbols->oldest);
	return process;
}

/* ---- reading ---------------------------------------------------------------------------------------------- */

/* Field 22 of stat, counted in clock ticks since boot; fields are counted from behind the name's last parenthesis. */
static bool started_at(int directory, uint64_t start_ns)
{
	const uint64_t tick_ns = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);
	const int descriptor = openat(directory, "stat", O_RDONLY | O_CLOEXEC);
	char text[1024], *at;
	ssize_t got;

	if (descriptor < 0)
		return false;
	got = read(descriptor, text, sizeof(text) - 1);
	close(descriptor);
	text[got < 0 ? 0 : got] = '\0';
	at = strrchr(text, ')');
	for (unsigned field = 2; at && field < 22; field++) {
		at = strchr(at, ' ');
		at += at != NULL;
	}
	return at && strtoull(at, NULL, 10) == start_ns / tick_ns;
}

/* Through one open directory, which stays that process' (or nobody's) whatever becomes of its pid. */
static struct image *read_image(struct symbols *symbols, int directory, uint64_t start_ns)
{
	struct image *image = NULL;
	int descriptor, err;

	errno = ESRCH;
	if (!started_at(directory, start_ns))
		return NULL;
	descriptor = openat(directory, "maps", O_RDONLY | O_CLOEXEC);
	if (descriptor < 0)
		return NULL;
	image = image_read(descriptor);
	err = errno;
	close(descriptor);
	errno = image && !image->count ? ESRCH : err; /* a zombie, or a thread of the kernel */
	if (image && !image->count) {
		image_free(image);
		return NULL;
	}
	if (image)
		registry_open_modules(symbols, directory, image);
	return image;
}

static struct image *read_process(struct symbols *symbols, pid_t pid, uint64_t start_ns)
{
	struct image *image;
	char path[32];
	int directory, err;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0) {
		errno = errno == ENOENT ? ESRCH : errno;
		return NULL;
	}
	image = read_image(symbols, directory, start_ns);
	err = errno;
	close(directory);
	errno = err == ENOENT ? ESRCH : err;
	return image;
}

static int note(struct symbols *symbols, pid_t pid, uint64_t start_ns)
{
	struct image *image = read_process(symbols, pid, start_ns);
	struct process *process = find(symbols, pid, start_ns);
	const int err = image ? 0 : -errno;

	if (process)
		process->gone = err == -ESRCH;
	if (err)
		return err;
	symbols->map_count += image->count;
	if (!process)
		process = add(symbols, pid, start_ns);
	if (!process) {
		release_image(symbols, image);
		return -ENOMEM;
	}
	release_image(symbols, process->image);
	process->image = image;
	return 0;
}

int symbols_note_process(struct symbols *symbols, pid_t pid, uint64_t start_ns)
{
	struct process *process;
	int err;

	symbols_begin(symbols);
	err = note(symbols, pid, start_ns);
	process = err ? NULL : find(symbols, pid, start_ns);
	if (process)
		process->fruitless = process->passed_over = 0;
	return err;
}

int symbols_note_fork(struct symbols *symbols, pid_t parent, uint64_t parent_start_ns, pid_t pid, uint64_t start_ns)
{
	struct process *from, *process;
	struct image *image;

	symbols_begin(symbols);
	from = find(symbols, parent, parent_start_ns);
	image = from ? from->image : NULL;
	if (!image)
		return -ESRCH;
	process = find(symbols, pid, start_ns);
	image->references++;
	if (!process)
		process = add(symbols, pid, start_ns);
	if (!process) {
		release_image(symbols, image);
		return -ENOMEM;
	}
	release_image(symbols, process->image);
	process->image = image;
	return 0;
}

void symbols_forget_process(struct symbols *symbols, pid_t pid, uint64_t start_ns)
{
	struct process *process = find(symbols, pid, start_ns);

	if (process)
		remove_process(symbols, process);
}

struct process *symbols_process(struct symbols *symbols, pid_t pid, uint64_t start_ns)
{
	struct process *process = find(symbols, pid, start_ns);

	if (!process && note(symbols, pid, start_ns) == 0)
		process = find(symbols, pid, start_ns);
	return process;
}

bool symbols_refresh(struct symbols *symbols, struct process *process)
{
	if (process->gone)
		return false;
	if (process->fruitless && process->passed_over < (1u << process->fruitless)) {
		process->passed_over++;
		return false;
	}
	process->passed_over = 0;
	if (1u << process->fruitless < PASSED_OVER_MAX)
		process->fruitless++;
	return note(symbols, process->pid, process->start_ns) == 0;
}

bool symbols_locate_code(struct symbols *symbols, struct process *process, uint64_t address, struct location *location)
{
	if (image_locate_code(process->image, address, location))
		return true;
	if (!symbols_refresh(symbols, process) || !image_locate_code(process->image, address, location))
		return false;
	process->fruitless = 0;
	return true;
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

struct symbols *symbols_new(void)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));

	if (symbols)
		registry_begin(symbols);
	return symbols;
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	while (symbols->oldest)
		remove_process(symbols, symbols->oldest);
	symbols_begin(symbols);
	hash_free(&symbols->processes);
	registry_free(symbols);
	free(symbols);
}

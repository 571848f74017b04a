/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which lock on a file a process waits for now, and who holds it: /proc/locks (proc(5)) lists each lock that is held
 * and behind it, marked with an arrow, those who wait for it. Of a thread that is asleep in flock or fcntl. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "source/live_internal.h"
#include "source/live_looks.h"

struct lock_line {
	unsigned long long id, inode;
	bool waits, posix;
	long pid; /* -1: of an open file, not of a process */
	unsigned major, minor;
};

/* "12: -> POSIX ADVISORY  WRITE 4711 fe:00:1234 0 EOF" */
static bool parse(const char *text, struct lock_line *line)
{
	char kind[16];
	int used = 0;

	if (sscanf(text, "%llu:%n", &line->id, &used) != 1 || !used)
		return false;
	text += used;
	text += strspn(text, " ");
	line->waits = !strncmp(text, "->", 2);
	while (!strncmp(text, "->", 2) || *text == ' ')
		text += *text == ' ' ? 1 : 2;
	if (sscanf(text, "%15s %*s %*s %ld %x:%x:%llu", kind, &line->pid, &line->major, &line->minor, &line->inode) !=
	    5)
		return false;
	line->posix = strcmp(kind, "FLOCK") != 0;
	return true;
}

bool file_lock_waited(uint32_t pid, uint32_t descriptor, bool posix, struct file_lock_wait *wait)
{
	struct lock_line line, held = {0};
	char path[64], text[512];
	struct stat status;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%" PRIu32, pid, descriptor);
	if (stat(path, &status))
		return false;
	file = fopen("/proc/locks", "re");
	while (file && !found && fgets(text, sizeof(text), file)) {
		if (!parse(text, &line))
			continue;
		if (!line.waits)
			held = line;
		found = line.waits && line.pid == (long)pid && line.posix == posix &&
			line.inode == (unsigned long long)status.st_ino && held.id == line.id;
	}
	if (file)
		fclose(file);
	if (!found)
		return false;
	*wait = (struct file_lock_wait){.inode = line.inode,
					.device = line.major << 20 | line.minor,
					.holder = held.pid > 0 ? (uint32_t)held.pid : 0};
	return true;
}

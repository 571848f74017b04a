/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The threads of a process from /proc/PID/task (proc(5)), for where the kernel refuses BPF: state, switches, and of one
 * that is blocked its system call with arguments, stack pointer and program counter. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/live_internal.h"
#include "source/locks_internal.h"

static const unsigned char argument_at[6] = {AT_FIRST, AT_SECOND, AT_THIRD, AT_FOURTH, AT_FIFTH, AT_SIXTH};

static FILE *open_of(uint32_t pid, const char *tid, const char *name)
{
	char path[320];

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task/%s/%s", pid, tid, name);
	return fopen(path, "re");
}

/* Name and state: behind the last parenthesis, as the name can hold anything. */
static bool read_stat(FILE *file, struct raw_thread_look *raw)
{
	char text[512], *open, *end;
	size_t length = fread(text, 1, sizeof(text) - 1, file);

	text[length] = '\0';
	open = strchr(text, '(');
	end = strrchr(text, ')');
	if (!open || !end || end < open || !end[1])
		return false;
	length = (size_t)(end - open - 1);
	memcpy(raw->h.comm, open + 1, length < COMM_SIZE - 1 ? length : COMM_SIZE - 1);
	raw->state = (unsigned char)end[2];
	return true;
}

static void read_status(FILE *file, struct raw_thread_look *raw)
{
	unsigned long long count;
	char line[512];

	while (fgets(line, sizeof(line), file)) {
		const char *last = strrchr(line, '\t');

		if (sscanf(line, "voluntary_ctxt_switches: %llu", &count) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %llu", &count) == 1)
			raw->switches += count;
		else if (!strncmp(line, "NSpid:", 6) && last)
			raw->nstid = (uint32_t)strtoul(last + 1, NULL, 10);
	}
}

/* "202 0x… 0x… 0x… 0x… 0x… 0x… 0xSP 0xIP", "-1 0xSP 0xIP" outside of a call, or "running". */
static bool read_syscall(FILE *file, struct raw_thread_look *raw)
{
	unsigned long long words[8];
	char text[256];
	long long number;
	int used = 0, count = 0, step;

	if (!fgets(text, sizeof(text), file))
		return false;
	if (sscanf(text, "%lld%n", &number, &used) != 1)
		return true; /* running */
	while (count < 8 && sscanf(text + used, " %llx%n", &words[count], &step) == 1) {
		used += step;
		count++;
	}
	raw->call = number;
	if (count != 8 && count != 2)
		return true;
	raw->registers[PROC_AT_SP] = words[count - 2];
	raw->registers[PROC_AT_IP] = words[count - 1];
	for (int i = 0; count == 8 && i < 6; i++)
		raw->registers[argument_at[i]] = words[i];
	return true;
}

static int read_thread(uint32_t pid, uint64_t start_ns, const char *tid, struct seen_threads *list)
{
	struct seen_thread seen = {.pair = true};
	struct raw_thread_look *raw = &seen.raw;
	FILE *stat = open_of(pid, tid, "stat"), *status = open_of(pid, tid, "status"),
	     *call = open_of(pid, tid, "syscall");
	/* the last is for its own user's eyes, unless CAP_DAC_READ_SEARCH is there */
	int result = !call && errno == EACCES ? -EACCES : -ESRCH;

	raw->h = (struct event){.kind = RAW_THREAD_LOOK,
				.size = sizeof(*raw),
				.t_ns = live_clock(),
				.start_ns = start_ns,
				.pid = pid,
				.tid = (uint32_t)strtoul(tid, NULL, 10)};
	raw->call = -1;
	if (stat && status && call) {
		read_status(status, raw);
		if (!read_stat(stat, raw))
			result = -ESRCH;
		else if (!read_syscall(call, raw))
			result = -EACCES;
		else
			result = raw->state == 'Z' || raw->state == 'X' ? 0 : seen_add(list, &seen);
	}
	if (stat)
		fclose(stat);
	if (status)
		fclose(status);
	if (call)
		fclose(call);
	return result;
}

int thread_by_proc(uint32_t pid, uint64_t start_ns, uint32_t tid, struct seen_threads *list)
{
	char number[16];

	snprintf(number, sizeof(number), "%" PRIu32, tid);
	return read_thread(pid, start_ns, number, list);
}

int threads_by_proc(uint32_t pid, uint64_t start_ns, struct seen_threads *list)
{
	struct dirent *entry;
	char path[48];
	DIR *directory;
	int result = 0;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task", pid);
	directory = opendir(path);
	if (!directory)
		return -errno;
	while (!result && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		result = read_thread(pid, start_ns, entry->d_name, list);
		if (result == -ESRCH)
			result = 0; /* it has ended meanwhile */
	}
	closedir(directory);
	return result || list->count ? result : -ESRCH;
}

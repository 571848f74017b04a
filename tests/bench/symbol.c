/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What naming a stack costs: a child blocks some calls deep, its stack is unwound from its registers and a copy of its
 * stack, first with an empty cache, then again and again. argv[1]: how often.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "symbol/symbol.h"

#define STACK_BYTES 8192
#define FRAMES 64
#define FIRSTS 15

static volatile int sink;

/* NOLINTNEXTLINE(misc-no-recursion): a deep stack is what it makes */
__attribute__((noinline)) static void descend(int depth)
{
	if (depth)
		descend(depth - 1);
	else
		pause();
	sink = sink + depth;
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Field 22 of its stat, in ns. */
static uint64_t start_of(pid_t pid)
{
	char path[64], text[1024];
	FILE *file;
	uint64_t ticks = 0;
	size_t length;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	sscanf(strrchr(text, ')') + 2,
	       "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64, &ticks);
	return ticks * (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* Until it sleeps in pause(2): its stack and instruction pointer are told then. */
static void read_blocked(pid_t pid, struct symbol_registers *registers)
{
	uint64_t sp = 0, ip = 0;
	char path[64], text[256];
	int number = -1;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	while (number != 34) { /* pause */
		FILE *file = fopen(path, "re");

		if (file && fgets(text, sizeof(text), file) &&
		    sscanf(text, "%d %*x %*x %*x %*x %*x %*x %" SCNx64 " %" SCNx64, &number, &sp, &ip) != 3)
			number = -1;
		if (file)
			fclose(file);
		usleep(1000);
	}
	symbol_registers_pair(registers, ip, sp);
}

static int by_value(const void *left, const void *right)
{
	const double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

int main(int argc, char **argv)
{
	const unsigned times = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
	static uint8_t stack[STACK_BYTES];
	static struct symbol_frame frames[FRAMES];
	double notes[FIRSTS], firsts[FIRSTS], begin;
	struct symbol_registers registers;
	struct symbols *symbols = NULL;
	enum symbol_end end = SYMBOL_END_UNKNOWN;
	unsigned count = 0;
	struct iovec to, from;
	uint64_t start;
	ssize_t size;
	pid_t pid = fork();

	if (pid == 0) {
		descend(4);
		_exit(0);
	}
	read_blocked(pid, &registers);
	start = start_of(pid);
	to = (struct iovec){stack, sizeof(stack)};
	from = (struct iovec){(void *)(uintptr_t)registers.sp, sizeof(stack)};
	size = process_vm_readv(pid, &to, 1, &from, 1, 0);
	for (unsigned i = 0; i < FIRSTS; i++) {
		symbols_free(symbols);
		symbols = symbols_new();
		begin = now_us();
		symbols_note_process(symbols, pid, start);
		notes[i] = now_us() - begin;
		begin = now_us();
		count = symbols_unwind(symbols, pid, start, &registers, stack, size < 0 ? 0 : (size_t)size, frames,
				       FRAMES, &end);
		firsts[i] = now_us() - begin;
	}
	begin = now_us();
	for (unsigned i = 0; i < times; i++)
		symbols_unwind(symbols, pid, start, &registers, stack, size < 0 ? 0 : (size_t)size, frames, FRAMES,
			       &end);
	begin = (now_us() - begin) / times;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	symbols_free(symbols);
	printf("stack of a lock's site, %u frames, %s:\n", count, symbol_end_text(end));
	printf("  a process is noted (empty cache)   %9.0f us\n", median(notes, FIRSTS));
	printf("  first unwinding, names and lines   %9.0f us   goal: some ms; packed debug packages of libraries take "
	       "longer\n",
	       median(firsts, FIRSTS));
	printf("  warm unwinding, names and lines    %9.2f us   goal: <= 20 us\n", begin);
	return end == SYMBOL_END_OUTERMOST ? 0 : 1;
}

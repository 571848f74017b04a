/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A program under test, blocked in a known place (tests/unit/programs/), and what is needed to unwind it: its registers
 * and the top of its stack. The registers are taken with ptrace, by the test alone, as the kernel side is not here.
 */
#ifndef LIFELINE_TESTS_SYMBOL_TARGET_H
#define LIFELINE_TESTS_SYMBOL_TARGET_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "symbol/symbol.h"

#define FRAMES 32
#define TARGET_STACK_MAX (64u << 10)
#define TARGET_SAVED_MAX (21u * 8)

struct target {
	pid_t pid, tid;
	uint64_t start_ns;
	uint64_t lock;
	int input; /* it ends when this is closed */
	int output;
	char path[2 * PATH_MAX];
	struct symbol_registers registers;
	uint8_t saved[TARGET_SAVED_MAX];
	uint8_t stack[TARGET_STACK_MAX];
	size_t stack_size;
};

/* Where the programs are: beside this one. */
static inline void target_path(char *path, size_t size, const char *program)
{
	static char self[PATH_MAX];

	/* Once: in a chroot the kernel tells another path after unshare(CLONE_NEWNS). */
	if (!*self) {
		ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

		self[length < 0 ? 0 : length] = '\0';
		*strrchr(self, '/') = '\0';
	}
	snprintf(path, size, "%s/programs/%s", self, program);
}

static inline uint64_t target_start_ns(pid_t pid)
{
	char path[64], text[1024], *at;
	uint64_t ticks = 0;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got < 0 ? 0 : got] = '\0';
	at = strrchr(text, ')');
	if (at)
		sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
		       &ticks);
	return ticks * (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* 1 once the thread sleeps in a futex call, 0 while it does not, -1 if that cannot be seen. */
static inline int target_is_blocked(const struct target *target)
{
	char path[64], text[256] = "";
	FILE *file;
	int number = -1;
	bool seen;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)target->pid, (int)target->tid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	seen = fgets(text, sizeof(text), file) != NULL;
	fclose(file);
	if (seen)
		sscanf(text, "%d", &number);
	return seen ? number == SYS_futex : -1;
}

static inline bool target_read_registers(struct target *target)
{
	struct iovec iov = {.iov_base = target->saved, .iov_len = sizeof(target->saved)};
	int status;
	bool ok;

	if (ptrace(PTRACE_SEIZE, target->tid, NULL, NULL) || ptrace(PTRACE_INTERRUPT, target->tid, NULL, NULL))
		return false;
	ok = waitpid(target->tid, &status, __WALL) == target->tid &&
	     ptrace(PTRACE_GETREGSET, target->tid, (void *)1 /* NT_PRSTATUS */, &iov) == 0;
	ptrace(PTRACE_DETACH, target->tid, NULL, NULL);
	return ok && symbol_registers_saved(&target->registers, target->saved, sizeof(target->saved)) == 0;
}

/* As much of the stack as is there, up to the limit. */
static inline bool target_read_stack(struct target *target)
{
	const size_t piece = 512;

	for (target->stack_size = 0; target->stack_size < sizeof(target->stack); target->stack_size += piece) {
		struct iovec to = {target->stack + target->stack_size, piece};
		struct iovec from = {(void *)(uintptr_t)(target->registers.sp + target->stack_size), piece};

		if (process_vm_readv(target->pid, &to, 1, &from, 1, 0) != (ssize_t)piece)
			break;
	}
	return target->stack_size > 0;
}

/* Reads the line "LOCK TID" that a program says. */
static inline bool target_read_line(struct target *target)
{
	char text[128] = "";
	void *lock = NULL;
	size_t length = 0;

	for (ssize_t got; length + 1 < sizeof(text) && !strchr(text, '\n'); length += (size_t)got) {
		got = read(target->output, text + length, sizeof(text) - 1 - length);
		if (got <= 0)
			break;
	}
	if (sscanf(text, "%p %d", &lock, &target->tid) != 2)
		return false;
	target->lock = (uintptr_t)lock;
	return true;
}

/* Starts a program, until it has said its line. `argument` may be NULL. With `root`, it is run in that root directory,
 * where `path` counts. */
static inline bool target_start_in(struct target *target, const char *root, const char *path, const char *argument)
{
	int in[2], out[2];

	memset(target, 0, sizeof(*target));
	snprintf(target->path, sizeof(target->path), "%s", path);
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return false;
	target->pid = fork();
	if (target->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		if (root && (chroot(root) || chdir("/")))
			_exit(126);
		execl(path, path, argument, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	target->input = in[1];
	target->output = out[0];
	if (!target_read_line(target))
		return false;
	target->start_ns = target_start_ns(target->pid);
	return true;
}

static inline bool target_wait_blocked(struct target *target)
{
	int blocked;

	while ((blocked = target_is_blocked(target)) == 0)
		usleep(1000);
	return blocked > 0 && target_read_registers(target) && target_read_stack(target);
}

static inline bool target_start(struct target *target, const char *program, const char *argument)
{
	char path[2 * PATH_MAX];

	target_path(path, sizeof(path), program);
	return target_start_in(target, NULL, path, argument) && target_wait_blocked(target);
}

/* Idempotent. */
static inline void target_stop(struct target *target)
{
	if (target->pid <= 0)
		return;
	close(target->input);
	close(target->output);
	kill(target->pid, SIGKILL);
	waitpid(target->pid, NULL, 0);
	target->pid = 0;
}

/* ---- stacks ----------------------------------------------------------------------------------------- */

struct stack {
	struct symbol_frame frames[FRAMES];
	unsigned count;
	enum symbol_end end;
};

static inline void unwind(struct symbols *symbols, const struct target *target, struct stack *stack)
{
	stack->count = symbols_unwind(symbols, target->pid, target->start_ns, &target->registers, target->stack,
				      target->stack_size, stack->frames, FRAMES, &stack->end);
}

static inline void print_stack(const struct stack *stack)
{
	for (unsigned i = 0; i < stack->count; i++) {
		struct buffer text = {.data = NULL};

		symbol_format(&stack->frames[i], &text);
		print_message("# %2u %s%s\n", i, buffer_text(&text), stack->frames[i].inlined ? " (inlined)" : "");
		buffer_free(&text);
	}
	print_message("#    %s\n", symbol_end_text(stack->end));
}

static inline int position_of(const struct stack *stack, const char *function)
{
	for (unsigned i = 0; i < stack->count; i++)
		if (stack->frames[i].function && strcmp(stack->frames[i].function, function) == 0)
			return (int)i;
	return -1;
}

/* The chain in order, with nothing between. Frames of inlined functions are passed over. */
static inline void check_calls(const struct stack *stack, const char *const *names, unsigned count)
{
	const int first = position_of(stack, names[0]);
	unsigned at = (unsigned)first;

	if (first < 0)
		print_stack(stack);
	assert_true(first >= 0);
	for (unsigned i = 0; i < count; i++, at++) {
		while (at < stack->count && stack->frames[at].inlined)
			at++;
		if (at >= stack->count || !stack->frames[at].function ||
		    strcmp(stack->frames[at].function, names[i]) != 0) {
			print_stack(stack);
			fail_msg("frame %u is not %s", at, names[i]);
		}
	}
}

/* The same, and the stack is whole. */
static inline void check_chain(const struct stack *stack, const char *const *names, unsigned count)
{
	check_calls(stack, names, count);
	if (stack->end != SYMBOL_END_OUTERMOST)
		print_stack(stack);
	assert_int_equal(stack->end, SYMBOL_END_OUTERMOST);
}

/* As in tests/unit/programs/chain.c. */
static const char *const chain[] = {"pthread_mutex_lock", "func_C", "func_B", "func_A", "thr"};

#endif

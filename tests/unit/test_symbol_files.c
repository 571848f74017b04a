/* SPDX-License-Identifier: BSD-2-Clause
 * Which files are behind a process' code: ended processes, other roots, deleted and replaced files, libraries loaded
 * late, no privileges; user/symbol/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "symbol_target.h"

static char scratch[] = "/tmp/lifeline-symbol-XXXXXX";

static int make_scratch(void **state)
{
	(void)state;
	return mkdtemp(scratch) ? chmod(scratch, 0755) : -1;
}

static int remove_scratch(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf --one-file-system %s", scratch);
	return system(command);
}

/* Copies a program of ours to a path. */
static void copy_to(const char *program, const char *path)
{
	char from[2 * PATH_MAX], piece[65536];
	ssize_t got;
	int in, out;

	target_path(from, sizeof(from), program);
	in = open(from, O_RDONLY | O_CLOEXEC);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_true(in >= 0 && out >= 0);
	while ((got = read(in, piece, sizeof(piece))) > 0)
		assert_int_equal(write(out, piece, (size_t)got), got);
	close(in);
	close(out);
}

static void scratch_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", scratch, name);
}

/* Of a child that a test makes for that. Programs that root starts would get all capabilities again, and then could not
 * be looked at without. */
static void start_without_capabilities(void)
{
	prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}, {0}};

	start_without_capabilities();
	syscall(SYS_capset, &header, data);
}

/* Runs part of a test in a process of its own, which may change itself; it fails by its status. */
static void in_child(void (*part)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		part();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "# line %d: %s\n", __LINE__, #condition);                                      \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)

/* What was noted while the process lived names it after its end. */
static void test_ended(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	pid_t pid;

	(void)state;
	assert_true(target_start(&target, "chain-bare", NULL));
	assert_int_equal(symbols_note_process(symbols, target.pid, target.start_ns), 0);
	pid = target.pid;
	target_stop(&target);
	assert_int_equal(symbols_note_process(symbols, pid, target.start_ns), -ESRCH);
	target.pid = pid;
	unwind(symbols, &target, &stack);
	check_chain(&stack, chain, 5);
	symbols_free(symbols);
}

/* A later bearer of the pid is another process. */
static void test_other_start(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;

	(void)state;
	assert_true(target_start(&target, "chain-bare", NULL));
	target.start_ns += 1000000000;
	assert_int_equal(symbols_note_process(symbols, target.pid, target.start_ns), -ESRCH);
	unwind(symbols, &target, &stack);
	assert_int_equal(stack.count, 1);
	assert_int_equal(stack.end, SYMBOL_END_UNKNOWN);
	assert_null(stack.frames[0].function);
	target_stop(&target);
	symbols_free(symbols);
}

/* A fork's child has its parent's names without anything being read. */
static void test_fork(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	const pid_t child = 1; /* not what it says it is: nothing of it may be read */

	(void)state;
	assert_true(target_start(&target, "chain-bare", NULL));
	assert_int_equal(symbols_note_fork(symbols, target.pid, target.start_ns, child, 77), -ESRCH);
	assert_int_equal(symbols_note_process(symbols, target.pid, target.start_ns), 0);
	assert_int_equal(symbols_note_fork(symbols, target.pid, target.start_ns, child, 77), 0);
	symbols_forget_process(symbols, target.pid, target.start_ns);
	stack.count = symbols_unwind(symbols, child, 77, &target.registers, target.stack, target.stack_size,
				     stack.frames, FRAMES, &stack.end);
	check_chain(&stack, chain, 5);
	target_stop(&target);
	symbols_free(symbols);
}

/* An exec'ed program takes the place of the old one. */
static void test_exec(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	char path[2 * PATH_MAX];
	int in[2], out[2], go[2];
	char byte = 0;

	(void)state;
	target_path(path, sizeof(path), "chain-static");
	memset(&target, 0, sizeof(target));
	assert_true(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0);
	target.pid = fork();
	if (target.pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		if (read(go[0], &byte, 1) == 1)
			execl(path, path, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	target.input = in[1];
	target.output = out[0];
	target.start_ns = target_start_ns(target.pid);
	assert_int_equal(symbols_note_process(symbols, target.pid, target.start_ns), 0); /* this test program */
	assert_int_equal(write(go[1], &byte, 1), 1);
	assert_true(target_read_line(&target) && target_wait_blocked(&target));
	assert_int_equal(symbols_note_process(symbols, target.pid, target.start_ns), 0);
	unwind(symbols, &target, &stack);
	check_chain(&stack, chain, 5);
	assert_string_equal(stack.frames[0].object, path);
	close(go[0]);
	close(go[1]);
	target_stop(&target);
	symbols_free(symbols);
}

/* A library that was not there when the process was noted. */
static void test_loaded_late(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	struct symbol_data data;
	char path[2 * PATH_MAX];

	(void)state;
	target_path(path, sizeof(path), "loader");
	assert_true(target_start_in(&target, NULL, path, NULL));
	assert_int_equal(symbols_note_process(symbols, target.pid, target.start_ns), 0);
	assert_int_equal(write(target.input, "x", 1), 1);
	assert_true(target_read_line(&target) && target_wait_blocked(&target));
	unwind(symbols, &target, &stack);
	check_chain(&stack, chain, 5);
	target_path(path, sizeof(path), "libchain.so");
	assert_string_equal(stack.frames[position_of(&stack, "func_C")].object, path);
	assert_string_equal(stack.frames[position_of(&stack, "func_C")].file, "chain.c");
	assert_true(symbols_data(symbols, target.pid, target.start_ns, target.lock, &data));
	assert_string_equal(data.name, "the_lock");
	target_stop(&target);
	symbols_free(symbols);
}

/* Addresses in no mapping do not have the map read each time. */
static void test_garbage(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct symbol_frame frame;
	struct symbol_data data;

	(void)state;
	assert_true(target_start(&target, "chain-bare", NULL));
	for (uint64_t address = 0; address < 5000; address++) {
		assert_false(symbols_code(symbols, target.pid, target.start_ns, address, &frame));
		assert_false(symbols_data(symbols, target.pid, target.start_ns, address, &data));
		assert_int_equal(data.place, SYMBOL_PLACE_UNKNOWN);
	}
	target_stop(&target);
	symbols_free(symbols);
}

static void check_after(const char *name, void (*change)(const char *path))
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	char path[256];

	scratch_path(path, sizeof(path), name);
	copy_to("chain-bare", path);
	assert_true(target_start_in(&target, NULL, path, NULL) && target_wait_blocked(&target));
	change(path);
	unwind(symbols, &target, &stack);
	check_chain(&stack, chain, 5);
	assert_string_equal(stack.frames[position_of(&stack, "thr")].object, path);
	target_stop(&target);
	symbols_free(symbols);
}

static void take_away(const char *path)
{
	assert_int_equal(unlink(path), 0);
}

static void test_deleted(void **state)
{
	(void)state;
	check_after("deleted", take_away);
}

/* Another program of the same name: the running one's names are still its own. */
static void replace(const char *path)
{
	char other[256];

	scratch_path(other, sizeof(other), "other");
	copy_to("chain-fp", other);
	assert_int_equal(rename(other, path), 0);
}

static void test_replaced(void **state)
{
	(void)state;
	check_after("replaced", replace);
}

/* ---- other roots -------------------------------------------------------------------------------------- */

static void test_other_root(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	char path[256];
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		symbols_free(symbols);
		skip();
	}
	scratch_path(path, sizeof(path), "root");
	mkdir(path, 0755);
	scratch_path(path, sizeof(path), "root/program");
	copy_to("chain-static", path);
	scratch_path(path, sizeof(path), "root");
	assert_true(target_start_in(&target, path, "/program", NULL) && target_wait_blocked(&target));
	assert_int_equal(symbols_note_process(symbols, target.pid, target.start_ns), 0);
	pid = target.pid;
	target_stop(&target);
	scratch_path(path, sizeof(path), "root/program");
	assert_int_equal(unlink(path), 0);
	target.pid = pid;
	unwind(symbols, &target, &stack);
	check_chain(&stack, chain, 5);
	assert_string_equal(stack.frames[position_of(&stack, "func_C")].file, "chain.c");
	symbols_free(symbols);
}

/* A container's file of debugging information lies in the container. */
static void test_other_root_debug(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	char path[256];
	static const char *const libraries[] = {"/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6"};

	(void)state;
	if (geteuid() != 0 || access(libraries[0], R_OK) || access(libraries[1], R_OK)) {
		symbols_free(symbols);
		skip();
	}
	scratch_path(path, sizeof(path), "container");
	mkdir(path, 0755);
	for (unsigned i = 0; i < 2; i++) {
		char command[1024];

		snprintf(command, sizeof(command), "mkdir -p %s/container$(dirname %s) && cp -L %s %s/container%s",
			 scratch, libraries[i], libraries[i], scratch, libraries[i]);
		assert_int_equal(system(command), 0);
	}
	scratch_path(path, sizeof(path), "container/chain-split");
	copy_to("chain-split", path);
	scratch_path(path, sizeof(path), "container/chain-split.debug");
	copy_to("chain-split.debug", path);
	scratch_path(path, sizeof(path), "container");
	assert_true(target_start_in(&target, path, "/chain-split", NULL) && target_wait_blocked(&target));
	unwind(symbols, &target, &stack);
	target_stop(&target);
	check_chain(&stack, chain, 5);
	assert_string_equal(stack.frames[position_of(&stack, "func_C")].file, "chain.c");
	symbols_free(symbols);
}

/* Our own file of that path is another one, which must not be taken for it. Without capabilities the kernel does not
 * say which file is mapped, so this is about the check of device and inode. */
static void other_mounts_part(void)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	char ours[256], theirs[256];
	int own_namespace;

	scratch_path(ours, sizeof(ours), "ours");
	scratch_path(theirs, sizeof(theirs), "theirs");
	copy_to("chain-fp", ours);
	copy_to("chain-bare", theirs);
	/* In a namespace of its own the path `ours` shows the other program; the target is started there. */
	own_namespace = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	CHECK(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(mount(theirs, ours, NULL, MS_BIND, NULL) == 0);
	start_without_capabilities();
	CHECK(target_start_in(&target, NULL, ours, NULL) && target_wait_blocked(&target));
	CHECK(setns(own_namespace, CLONE_NEWNS) == 0);
	drop_capabilities();
	unwind(symbols, &target, &stack);
	target_stop(&target);
	CHECK(position_of(&stack, "thr") == position_of(&stack, "func_C") + 3);
	CHECK(stack.end == SYMBOL_END_OUTERMOST);
	symbols_free(symbols);
}

/* setns leaves a chroot: what `/` is then tells of it. */
static void chroot_part(void)
{
	int own_namespace = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	struct statx before, after;

	if (statx(AT_FDCWD, "/", 0, STATX_INO | STATX_MNT_ID, &before) || unshare(CLONE_NEWNS) ||
	    setns(own_namespace, CLONE_NEWNS) || statx(AT_FDCWD, "/", 0, STATX_INO | STATX_MNT_ID, &after))
		_exit(0);
	_exit(before.stx_ino != after.stx_ino || before.stx_mnt_id != after.stx_mnt_id);
}

static bool in_chroot(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		chroot_part();
	return waitpid(pid, &status, 0) == pid && status != 0;
}

/* In a chroot maps of another mount namespace show paths that lead nowhere: nothing to be told apart then. */
static void test_other_mounts(void **state)
{
	(void)state;
	if (geteuid() != 0 || in_chroot())
		skip();
	in_child(other_mounts_part);
}

/* ---- without privileges ---------------------------------------------------------------------------------- */

static void no_capabilities_part(void)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;

	drop_capabilities();
	CHECK(target_start(&target, "chain-bare", NULL));
	unwind(symbols, &target, &stack);
	target_stop(&target);
	CHECK(position_of(&stack, "thr") == position_of(&stack, "func_C") + 3);
	CHECK(position_of(&stack, "pthread_mutex_lock") > 0);
	CHECK(stack.end == SYMBOL_END_OUTERMOST);
	symbols_free(symbols);
}

static void test_no_capabilities(void **state)
{
	(void)state;
	in_child(no_capabilities_part);
}

/* Runs a program that loads a library, which is then replaced by another file. */
static void replace_library(const char *by, bool names_expected)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	char loader[256], library[256];

	scratch_path(loader, sizeof(loader), "loader");
	scratch_path(library, sizeof(library), "libchain.so");
	copy_to("loader", loader);
	copy_to("libchain.so", library);
	drop_capabilities();
	CHECK(target_start_in(&target, NULL, loader, NULL));
	CHECK(write(target.input, "x", 1) == 1);
	CHECK(target_read_line(&target) && target_wait_blocked(&target));
	CHECK(unlink(library) == 0);
	copy_to(by, library);
	unwind(symbols, &target, &stack);
	CHECK(position_of(&stack, "pthread_mutex_lock") > 0);
	CHECK((position_of(&stack, "func_C") > 0) == names_expected);
	target_stop(&target);
	symbols_free(symbols);
}

static void other_library_part(void)
{
	replace_library("chain-fp", false);
}

/* What lies at the path now is another file: names stay unknown rather than wrong. */
static void test_replaced_library(void **state)
{
	(void)state;
	in_child(other_library_part);
}

static void same_library_part(void)
{
	replace_library("libchain.so", true);
}

/* A copy is as good as the file itself, if its build-id stands in the process' memory. */
static void test_reinstalled_library(void **state)
{
	(void)state;
	in_child(same_library_part);
}

/* On overlayfs, as containers have it, maps and stat name different devices for one file: the build-id in the process'
 * memory decides. */
static void overlay_part(void)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct stack stack;
	char options[1024], path[256];

	CHECK(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	scratch_path(path, sizeof(path), "overlay");
	mkdir(path, 0755);
	CHECK(mount("tmpfs", path, "tmpfs", 0, NULL) == 0);
	for (unsigned i = 0; i < 4; i++) {
		static const char *const names[] = {"lower", "upper", "work", "merged"};

		scratch_path(path, sizeof(path), "overlay/");
		strcat(path, names[i]);
		CHECK(mkdir(path, 0755) == 0);
	}
	scratch_path(path, sizeof(path), "overlay/lower/program");
	copy_to("chain-bare", path);
	snprintf(options, sizeof(options),
		 "lowerdir=%s/overlay/lower,upperdir=%s/overlay/upper,workdir=%s/overlay/work", scratch, scratch,
		 scratch);
	scratch_path(path, sizeof(path), "overlay/merged");
	if (mount("overlay", path, "overlay", 0, options))
		_exit(0); /* this kernel has none */
	scratch_path(path, sizeof(path), "overlay/merged/program");
	start_without_capabilities();
	CHECK(target_start_in(&target, NULL, path, NULL) && target_wait_blocked(&target));
	drop_capabilities();
	unwind(symbols, &target, &stack);
	target_stop(&target);
	CHECK(position_of(&stack, "thr") == position_of(&stack, "func_C") + 3);
	symbols_free(symbols);
}

static void test_overlay(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	in_child(overlay_part);
}

/* ---- bounds ------------------------------------------------------------------------------------------------ */

#define MANY 40

static unsigned open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* More files than may be held open: those asked about least are closed, and opened again when they are wanted. */
static void few_descriptors_part(void)
{
	static struct target targets[MANY];
	const struct rlimit limit = {256, 256}; /* a quarter of it is the cache's */
	struct symbols *symbols;
	struct stack stack;
	unsigned before;

	for (unsigned i = 0; i < MANY; i++) {
		char name[32], path[256];

		snprintf(name, sizeof(name), "many-%u", i);
		scratch_path(path, sizeof(path), name);
		copy_to("chain-bare", path);
		CHECK(target_start_in(&targets[i], NULL, path, NULL));
	}
	CHECK(target_wait_blocked(&targets[0]));
	CHECK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, limit.rlim_max}) == 0);
	before = open_descriptors();
	symbols = symbols_new();
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (unsigned i = 0; i < MANY; i++)
		CHECK(symbols_note_process(symbols, targets[i].pid, targets[i].start_ns) == 0);
	unwind(symbols, &targets[0], &stack);
	CHECK(open_descriptors() - before <= 24);
	for (unsigned i = 0; i < MANY; i++)
		target_stop(&targets[i]);
	CHECK(position_of(&stack, "thr") == position_of(&stack, "func_C") + 3);
	CHECK(stack.end == SYMBOL_END_OUTERMOST);
	symbols_free(symbols);
	CHECK(open_descriptors() < before);
}

static void test_few_descriptors(void **state)
{
	(void)state;
	in_child(few_descriptors_part);
}

/* The oldest go; what they held is given back. */
static void test_many_processes(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct symbol_frame frame;

	(void)state;
	assert_true(target_start(&target, "chain-bare", NULL));
	assert_int_equal(symbols_note_process(symbols, target.pid, target.start_ns), 0);
	for (uint64_t i = 1; i <= 20000; i++)
		assert_int_equal(symbols_note_fork(symbols, target.pid, target.start_ns, 1, i), 0);
	assert_false(symbols_code(symbols, 1, 1, target.registers.ip, &frame));
	assert_true(symbols_code(symbols, 1, 20000, target.registers.ip, &frame));
	target_stop(&target);
	symbols_free(symbols);
}

/* The kernel's code in a process is no file, but has names. */
static void test_vdso(void **state)
{
	struct symbols *symbols = symbols_new();
	struct target target;
	struct symbol_definition found;
	struct symbol_frame frame;

	(void)state;
	assert_true(target_start(&target, "chain-bare", NULL));
	if (!symbols_find(symbols, target.pid, target.start_ns, "[vdso]", "__vdso_clock_gettime", &found)) {
		target_stop(&target);
		symbols_free(symbols);
		skip();
	}
	assert_true(symbols_code(symbols, target.pid, target.start_ns, found.address + 1, &frame));
	assert_string_equal(frame.object, "[vdso]");
	assert_string_equal(frame.function, "clock_gettime");
	assert_int_equal(frame.offset, 1);
	target_stop(&target);
	symbols_free(symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ended),
	    cmocka_unit_test(test_other_start),
	    cmocka_unit_test(test_fork),
	    cmocka_unit_test(test_exec),
	    cmocka_unit_test(test_loaded_late),
	    cmocka_unit_test(test_garbage),
	    cmocka_unit_test(test_deleted),
	    cmocka_unit_test(test_replaced),
	    cmocka_unit_test(test_other_root),
	    cmocka_unit_test(test_other_root_debug),
	    cmocka_unit_test(test_other_mounts),
	    cmocka_unit_test(test_no_capabilities),
	    cmocka_unit_test(test_replaced_library),
	    cmocka_unit_test(test_reinstalled_library),
	    cmocka_unit_test(test_overlay),
	    cmocka_unit_test(test_few_descriptors),
	    cmocka_unit_test(test_many_processes),
	    cmocka_unit_test(test_vdso),
	};

	return cmocka_run_group_tests_name("symbol_files", tests, make_scratch, remove_scratch);
}

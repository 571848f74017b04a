/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of system calls by number and machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "base/syscall.h"

static void names_of_both_machines(void **state)
{
	(void)state;
	assert_string_equal(syscall_name_on("x86_64", 61), "wait4");
	assert_string_equal(syscall_name_on("aarch64", 260), "wait4");
	assert_int_equal(syscall_number_on("x86_64", "kill"), 62);
	assert_int_equal(syscall_number_on("aarch64", "kill"), 129);
}

static void built_for_this_machine(void **state)
{
	(void)state;
	assert_int_equal(syscall_number("wait4"), SYS_wait4);
	assert_int_equal(syscall_number("tgkill"), SYS_tgkill);
	assert_string_equal(syscall_name(SYS_epoll_pwait), "epoll_pwait");
}

static void what_is_not_known(void **state)
{
	(void)state;
	assert_null(syscall_name_on("x86_64", -1));
	assert_null(syscall_name_on("x86_64", 100000));
	assert_null(syscall_name_on("riscv64", 61));
	assert_int_equal(syscall_number_on("x86_64", "no_such_call"), -1);
	assert_int_equal(syscall_number_on("aarch64", "fork"), -1); /* that machine has none */
}

/* Each number stands for one call, or a name would depend on the order of rows. */
static void no_number_twice(void **state)
{
	static const char *const machines[] = {"x86_64", "aarch64"};

	(void)state;
	for (int m = 0; m < 2; m++)
		for (int number = 0; number < 600; number++) {
			const char *name = syscall_name_on(machines[m], number);

			if (name)
				assert_int_equal(syscall_number_on(machines[m], name), number);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_both_machines),
		cmocka_unit_test(built_for_this_machine),
		cmocka_unit_test(what_is_not_known),
		cmocka_unit_test(no_number_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a cgroup path tells of unit and container.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sink/common/place.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void expect(const char *path, const char *unit, const char *container)
{
	struct place place;

	assert_true(place_of(path, &place));
	assert_int_equal(place.unit_length, strlen(unit));
	assert_int_equal(place.container_length, strlen(container));
	if (*unit)
		assert_memory_equal(place.unit, unit, strlen(unit));
	if (*container)
		assert_memory_equal(place.container, container, strlen(container));
}

static void units_are_found(void **state)
{
	(void)state;
	expect("/system.slice/nginx.service", "nginx.service", "");
	expect("/user.slice/user-1000.slice/session-3.scope", "session-3.scope", "");
	/* the inner unit is what the process belongs to */
	expect("/user.slice/user-1000.slice/user@1000.service/app.slice/pulse.service", "pulse.service", "");
	expect("/system.slice/nginx.service/worker", "nginx.service", "");
	expect("/system.slice", "", "");
	expect("/.service", "", "");
}

static void containers_are_found(void **state)
{
	(void)state;
	expect("/docker/" ID, "", ID);
	expect("/system.slice/docker-" ID ".scope", "", ID);
	expect("/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope", "", ID);
	expect("/machine.slice/libpod-" ID ".scope/container", "", ID);
	/* one digit more, or less, is no id */
	expect("/docker/" ID "0", "", "");
	expect("/docker/0123456789abcdef", "", "");
}

static void the_root_tells_nothing(void **state)
{
	struct place place;

	(void)state;
	assert_false(place_of("/", &place));
	assert_false(place_of("", &place));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(units_are_found),
	    cmocka_unit_test(containers_are_found),
	    cmocka_unit_test(the_root_tells_nothing),
	};

	return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}

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

#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

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
	/* kubernetes: cgroupfs driver, systemd driver with CRI-O, containerd that was told of no systemd */
	expect("/kubepods/burstable/pod2f1b3c9e-8d7a-4f5e-9c0b-1a2b3c4d5e6f/" ID, "", ID);
	expect("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod2f1b3c9e_8d7a_4f5e_9c0b_1a2b3c4d5e6f"
	       ".slice/crio-" ID ".scope",
	       "", ID);
	expect("/system.slice/containerd.service/kubepods-burstable-pod2f1b3c9e_8d7a_4f5e_9c0b_1a2b3c4d5e6f.slice:"
	       "cri-containerd:" ID,
	       "containerd.service", ID);
	/* podman: root with either driver, a user's, crun's groups within it */
	expect("/libpod_parent/libpod-" ID, "", ID);
	expect("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
	       "user@1000.service", ID);
	/* containerd's own: /NAMESPACE/ID; a container in a container: the inner one */
	expect("/default/" ID, "", ID);
	expect("/docker/" OTHER "/docker/" ID, "", ID);
	expect("/docker/" ID "/system.slice/nginx.service", "nginx.service", ID);
	/* what watches over a container is not in it */
	expect("/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope", "");
	expect("/kubepods.slice/crio-conmon-" ID ".scope", "crio-conmon-" ID ".scope", "");
	/* names instead of ids */
	expect("/lxc.payload.web", "", "web");
	expect("/lxc/web/system.slice/cron.service", "cron.service", "web");
	expect("/lxc.monitor.web", "", "");
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

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which names a control group's path answers to: units, and containers by their ids.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/cgroup.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHORT "0123456789ab"

static void components_are_names(void **state)
{
	(void)state;
	assert_true(cgroup_path_names("/system.slice/nginx.service", "nginx.service"));
	assert_true(cgroup_path_names("/system.slice/nginx.service", "system.slice"));
	assert_true(cgroup_path_names("/system.slice/nginx.service/worker", "nginx.service"));
	assert_false(cgroup_path_names("/system.slice/nginx.service", "nginx"));
	assert_false(cgroup_path_names("/system.slice/nginx.service", "x.service"));
	assert_false(cgroup_path_names("/", "nginx.service"));
}

static void answers_to_id(const char *path)
{
	assert_true(cgroup_path_names(path, ID));
	assert_true(cgroup_path_names(path, SHORT));
	assert_false(cgroup_path_names(path, "123456789abc")); /* its middle */
	assert_false(cgroup_path_names(path, "0123456789a"));  /* too short to be meant */
	assert_false(cgroup_path_names(path, ID "0"));
}

static void containers_answer_to_their_ids(void **state)
{
	(void)state;
	answers_to_id("/docker/" ID);
	answers_to_id("/system.slice/docker-" ID ".scope");
	answers_to_id("/libpod_parent/libpod-" ID);
	answers_to_id("/machine.slice/libpod-" ID ".scope/container");
	answers_to_id("/kubepods/besteffort/pod2f1b3c9e-8d7a-4f5e-9c0b-1a2b3c4d5e6f/" ID);
	answers_to_id("/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope");
	answers_to_id("/kubepods.slice/kubepods-pod1.slice/crio-" ID ".scope");
	answers_to_id("/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:" ID);
	assert_false(cgroup_path_names("/machine.slice/libpod-conmon-" ID ".scope", ID));
	assert_false(cgroup_path_names("/docker/" ID "0", SHORT));
	assert_false(cgroup_path_names("/docker/0123456789abc", SHORT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(components_are_names),
	    cmocka_unit_test(containers_answer_to_their_ids),
	};

	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}

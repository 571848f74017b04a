/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Attaching the programs of --locks all to places in files. From 6.6 on one link can have many probes (commit
 * 89ae89f53d20 "bpf: Add multi uprobe link"), put in and taken out together; libbpf 1.1 does not know of it, so it is
 * asked for directly. Before, each probe is a perf event of its own, and to take one out the kernel waits for a grace
 * period: two to three seconds for all where it was measured. */
#include "source/live_internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MULTI_ATTACH 48  /* BPF_TRACE_UPROBE_MULTI */
#define MULTI_RETURN 1U /* BPF_F_UPROBE_MULTI_RETURN */

/* The part of union bpf_attr that BPF_LINK_CREATE reads for such a link (include/uapi/linux/bpf.h). */
struct many_attr {
	uint32_t program, target, attach_type, flags;
	uint64_t path, offsets, counters, cookies;
	uint32_t count, many_flags, pid, pad;
};

static int link_many(int program, const char *path, const struct live_places *places, bool at_return)
{
	const struct many_attr attr = {.program = (uint32_t)program,
				       .attach_type = MULTI_ATTACH,
				       .path = (uintptr_t)path,
				       .offsets = (uintptr_t)places->offsets,
				       .cookies = (uintptr_t)places->cookies,
				       .count = places->count,
				       .many_flags = at_return ? MULTI_RETURN : 0};
	long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : (int)fd;
}

/* Asked with a path that is no file: a kernel that knows such links refuses that, any other the attach type. */
static bool can_link_many(void)
{
	static const struct bpf_insn nothing[] = {{.code = 0xb7}, {.code = 0x95}}; /* r0 = 0; exit */
	static const struct live_places one = {.count = 1};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = (enum bpf_attach_type)MULTI_ATTACH);
	int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "Dual BSD/GPL", nothing, 2, &options), link;

	if (program < 0)
		return false;
	link = link_many(program, "/", &one, false);
	if (link >= 0)
		close(link);
	close(program);
	return link == -EBADF;
}

bool live_bpf_prepare_probes(struct bpf_program *call, struct bpf_program *tried)
{
	const bool many = can_link_many();

	bpf_program__set_autoattach(call, false);
	bpf_program__set_autoattach(tried, false);
	if (many) {
		bpf_program__set_expected_attach_type(call, (enum bpf_attach_type)MULTI_ATTACH);
		bpf_program__set_expected_attach_type(tried, (enum bpf_attach_type)MULTI_ATTACH);
	}
	return many;
}

static int probe_many(struct live_bpf *bpf, struct bpf_program *program, const char *path,
		      const struct live_places *places, bool at_return)
{
	int *larger = reallocarray(bpf->probe_links, bpf->probe_link_count + 1, sizeof(*larger)), fd;

	if (!larger)
		return -ENOMEM;
	bpf->probe_links = larger;
	fd = link_many(bpf_program__fd(program), path, places, at_return);
	if (fd < 0)
		return fd;
	bpf->probe_links[bpf->probe_link_count++] = fd;
	return 0;
}

static int probe_singly(struct live_bpf *bpf, struct bpf_program *program, const char *path,
			const struct live_places *places, bool at_return)
{
	struct bpf_link **larger = reallocarray(bpf->probes, bpf->probe_count + places->count, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	bpf->probes = larger;
	for (uint32_t i = 0; i < places->count; i++) {
		LIBBPF_OPTS(bpf_uprobe_opts, options, .bpf_cookie = places->cookies[i], .retprobe = at_return);
		struct bpf_link *link =
		    bpf_program__attach_uprobe_opts(program, -1, path, places->offsets[i], &options);

		if (!link)
			return -errno;
		bpf->probes[bpf->probe_count++] = link;
	}
	return 0;
}

int live_bpf_probe(struct live_bpf *bpf, const char *path, const struct live_places *places, bool at_return)
{
	struct bpf_program *program = live_bpf_probe_program(bpf, at_return);

	if (!places->count)
		return 0;
	return bpf->many_probes ? probe_many(bpf, program, path, places, at_return)
				: probe_singly(bpf, program, path, places, at_return);
}

void live_bpf_unprobe(struct live_bpf *bpf)
{
	for (unsigned i = 0; i < bpf->probe_link_count; i++)
		close(bpf->probe_links[i]);
	for (unsigned i = 0; i < bpf->probe_count; i++)
		bpf_link__destroy(bpf->probes[i]);
	free(bpf->probe_links);
	free(bpf->probes);
}

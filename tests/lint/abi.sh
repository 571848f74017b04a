#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What crosses from the kernel to user space, and into trace files, lies there as in memory: no holes (they would leak
# kernel memory and differ between compilers), no record that breaks the next one's alignment. Asked of the host's
# compilers and for the BPF target, for each header of bpf/abi; and each compiler is asked about a hole that is there.
set -u
status=0

# Layouts are only made (and complained about) where they are needed: hence the sizeof of each event.
program()
{
	printf '#include "%s"\n' "$header"
	[ "$header" != bpf/abi/event.h ] || cat <<-'C'
		#undef EVENT
		#define EVENT(id, name, group, fields) \
			_Static_assert((id) > 0 && (id) < EVENT_KIND_LIMIT, #name ": number out of range"); \
			_Static_assert(sizeof(struct event_##name) % 8 == 0, #name ": not a multiple of 8"); \
			_Static_assert(sizeof(struct event_##name) < 0x10000, #name ": too large for the table");
		EVENTS
	C
}

compile()
{
	"$@" -std=gnu11 -I. -Ibpf -Wall -Wpadded -Werror -fsyntax-only -x c - 2>&1
}

hole='struct hole { int a; long long b; }; _Static_assert(sizeof(struct hole) == 16, "");'
for compiler in "${CC:-cc}" clang "clang -target bpf -I/usr/include/$(uname -m)-linux-gnu"; do
	command -v "${compiler%% *}" >/dev/null || continue
	read -ra words <<<"$compiler"
	for header in bpf/abi/*.h; do
		program | compile "${words[@]}" || status=1
	done
	if compile "${words[@]}" <<<"$hole" >/dev/null; then
		echo "tests/lint/abi.sh: '$compiler' overlooks a hole, so its silence says nothing"
		status=1
	fi
done
exit $status

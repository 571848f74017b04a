/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who holds the GIL of a CPython interpreter, read from its memory. Where that is kept differs between versions and is
 * not told by anything that a stripped library has, so only versions count whose places were checked against running
 * interpreters: struct _gil_runtime_state within _PyRuntime, and native_thread_id within PyThreadState. */
#include "source/live_internal.h"
#include "source/live_locks.h"

static const struct {
	uint32_t version;                        /* major and minor, as in Py_Version >> 16 */
	uint32_t last_holder, locked, thread_id; /* offsets: in _PyRuntime, in _PyRuntime, in the thread state */
} known[] = {{0x030b, 0x170, 0x178, 160}};

static bool read_word(uint32_t pid, uint64_t address, uint64_t *word)
{
	return live_read_memory(pid, address, word, sizeof(*word)) == sizeof(*word);
}

uint32_t python_gil_holder(struct symbols *symbols, uint32_t pid, uint64_t start_ns)
{
	struct symbol_definition runtime, version;
	uint64_t number, thread, locked, id;

	if (!symbols || !symbols_find(symbols, (pid_t)pid, start_ns, NULL, "_PyRuntime", &runtime) ||
	    !symbols_find(symbols, (pid_t)pid, start_ns, NULL, "Py_Version", &version) ||
	    !read_word(pid, version.address, &number))
		return 0;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (number >> 16 != known[i].version)
			continue;
		if (!read_word(pid, runtime.address + known[i].last_holder, &thread) ||
		    !read_word(pid, runtime.address + known[i].locked, &locked) || (uint32_t)locked != 1 || !thread ||
		    !read_word(pid, thread + known[i].thread_id, &id))
			return 0;
		return (uint32_t)id;
	}
	return 0;
}

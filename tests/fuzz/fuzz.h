/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the fuzz targets share. Each is a file tests/fuzz/NAME.c that defines fuzz_NAME and ends in FUZZ_TARGET(NAME).
 * Built by `make fuzz` it is a libFuzzer program of its own; tests/unit/test_cli_corpus.c includes them all and feeds
 * them the inputs of tests/fuzz/corpus/NAME/, among them all that was ever found to do harm. */
#ifndef LIFELINE_FUZZ_H
#define LIFELINE_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef FUZZ_ALONE
#define FUZZ_TARGET(name)                                                                                              \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                                                  \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                                                   \
	{                                                                                                              \
		fuzz_##name(data, size);                                                                               \
		return 0;                                                                                              \
	}
#else
#define FUZZ_TARGET(name)
#endif

/* What reads files by name gets a file in memory that holds just the input. The name is valid until the next call. */
static inline const char *fuzz_file(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Opening files whose names come from traced programs. Only regular files are ever opened: to open a device or a FIFO
 * can have effects, or not come back.
 */
#ifndef LIFELINE_SYMBOL_FILE_H
#define LIFELINE_SYMBOL_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* What tells one file from another, and a file from what it was before it was written to. */
struct file_identity {
	uint64_t device, inode, size;
	int64_t modified_ns, changed_ns;
};

/* A descriptor to read from, or a negative errno (-ENOTSUP for what is no regular file). Follows links, those of /proc
 * too. */
int file_open(int directory, const char *path);
/* The same as a process sees it whose root directory is `root`: links in the path stay within. */
int file_open_in_root(int root, const char *path);
bool file_identify(int descriptor, struct file_identity *identity);
/* True if no directory has it any more. */
bool file_is_unlinked(int descriptor);
bool file_identity_equal(const struct file_identity *left, const struct file_identity *right);

#endif

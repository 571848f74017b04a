/* SPDX-License-Identifier: BSD-2-Clause
 * Careful opening; see file.h. */
#include "symbol/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL

/* Takes over an O_PATH descriptor, which says what a file is without opening it. */
static int open_regular(int handle)
{
	char path[64];
	struct stat status;
	int descriptor = -ENOTSUP;

	if (handle < 0)
		return -errno;
	if (fstat(handle, &status) == 0 && S_ISREG(status.st_mode)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", handle);
		descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (descriptor < 0)
			descriptor = -errno;
	}
	close(handle);
	return descriptor;
}

int file_open(int directory, const char *path)
{
	return open_regular(openat(directory, path, O_PATH | O_CLOEXEC));
}

int file_open_in_root(int root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

	return open_regular((int)syscall(SYS_openat2, root, path, &how, sizeof(how)));
}

bool file_identify(int descriptor, struct file_identity *identity)
{
	struct stat status;

	if (fstat(descriptor, &status) || !S_ISREG(status.st_mode))
		return false;
	*identity = (struct file_identity){.device = status.st_dev,
					   .inode = status.st_ino,
					   .size = (uint64_t)status.st_size,
					   .modified_ns = status.st_mtim.tv_sec * SECOND_NS + status.st_mtim.tv_nsec,
					   .changed_ns = status.st_ctim.tv_sec * SECOND_NS + status.st_ctim.tv_nsec};
	return true;
}

bool file_identity_equal(const struct file_identity *left, const struct file_identity *right)
{
	return left->device == right->device && left->inode == right->inode && left->size == right->size &&
	       left->modified_ns == right->modified_ns && left->changed_ns == right->changed_ns;
}

bool file_is_unlinked(int descriptor)
{
	struct stat status;

	return fstat(descriptor, &status) == 0 && status.st_nlink == 0;
}

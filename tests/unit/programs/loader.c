/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Blocks in a library that it loads late: says "0 TID" first, waits for a byte, then loads libchain.so (beside it) and
 * calls its main function in this thread, which says what chain.c says. Another thread of it holds the lock.
 */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	char path[PATH_MAX], byte;
	char *arguments[] = {path, NULL};
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	void *library;
	int (*chain_main)(int, char **);

	printf("0x0 %ld\n", syscall(SYS_gettid));
	fflush(stdout);
	if (read(0, &byte, 1) != 1 || length <= 0)
		return 1;
	path[length] = '\0';
	strcpy(strrchr(path, '/') + 1, "libchain.so");
	library = dlopen(path, RTLD_NOW);
	if (!library)
		return 1;
	*(void **)&chain_main = dlsym(library, "chain_main");
	return chain_main(1, arguments);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A manager process owns a counter. It keeps it in memory that has no name anywhere (memfd_create(2)), and hands it as
 * a descriptor over a socket (SCM_RIGHTS, unix(7)) to four workers, which map it and count with atomic additions: no
 * message for each count, no lock. When all have said that they are done, the manager reads the sum.
 *
 * Look at: four workers at the same memory, and next to no switches for 400000 additions.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "demo.h"

enum { WORKERS = 4, ADDITIONS = 100000 };

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

static void send_descriptor(int socket, int descriptor)
{
	char byte = 'm';
	struct iovec data = {&byte, 1};
	union control control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct msghdr message = {
	    .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};

	memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
	if (sendmsg(socket, &message, 0) != 1)
		demo_fail("sendmsg");
}

static int receive_descriptor(int socket)
{
	char byte;
	struct iovec data = {&byte, 1};
	union control control = {0};
	struct msghdr message = {
	    .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	int descriptor = -1;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1 || message.msg_controllen < sizeof(struct cmsghdr))
		demo_fail("recvmsg");
	memcpy(&descriptor, CMSG_DATA(&control.header), sizeof descriptor);
	return descriptor;
}

static atomic_int *map_counter(int descriptor)
{
	atomic_int *counter = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);

	if (counter == MAP_FAILED)
		demo_fail("mmap");
	return counter;
}

static void be_manager(int socket)
{
	int memory = memfd_create("counter", MFD_CLOEXEC), total;
	char done;

	if (memory < 0 || ftruncate(memory, sizeof(atomic_int)) < 0)
		demo_fail("memfd_create");
	for (int i = 0; i < WORKERS; i++)
		send_descriptor(socket, memory);
	for (int i = 0; i < WORKERS; i++)
		if (read(socket, &done, 1) != 1)
			_exit(1);
	total = atomic_load(map_counter(memory));
	demo_say("all workers are done, the counter is at %d; expected %d", total, WORKERS * ADDITIONS);
	_exit(total == WORKERS * ADDITIONS ? 0 : 1);
}

static void be_worker(int socket)
{
	atomic_int *counter = map_counter(receive_descriptor(socket));

	for (int i = 0; i < ADDITIONS; i++)
		atomic_fetch_add(counter, 1);
	demo_say("has added %d to the counter at %p", ADDITIONS, (void *)(uintptr_t)counter);
	_exit(write(socket, "d", 1) == 1 ? 0 : 1);
}

int main(void)
{
	static const char *const names[] = {"worker-1", "worker-2", "worker-3", "worker-4"};
	int ends[2], failed = 0;

	demo_begin("parent", "starts a manager with a counter, and four workers that count");
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) < 0)
		demo_fail("socketpair");
	if (demo_fork("manager") == 0)
		be_manager(ends[0]);
	for (int i = 0; i < WORKERS; i++)
		if (demo_fork(names[i]) == 0)
			be_worker(ends[1]);
	demo_ready();
	for (int status; wait(&status) > 0;)
		failed += status != 0;
	return failed;
}

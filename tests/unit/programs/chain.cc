/* SPDX-License-Identifier: BSD-2-Clause
 *
 * As chain.c, in C++: a lambda in a thread, a method, a template in a namespace, std::mutex.
 */
#include <cstdio>
#include <mutex>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

static volatile int depth;

namespace bank
{
template <typename Number> class Account
{
      public:
	std::mutex lock;
	Number balance = 0;

	__attribute__((noinline)) void withdraw(Number amount)
	{
		lock.lock();
		balance = balance - amount;
	}
};

Account<long> savings;

__attribute__((noinline)) void transfer(Account<long> &from)
{
	from.withdraw(7);
	depth = depth + 1;
}
} // namespace bank

int main()
{
	char byte;

	bank::savings.lock.lock();
	std::thread thread([] {
		std::printf("%p %ld\n", static_cast<void *>(&bank::savings.lock), syscall(SYS_gettid));
		std::fflush(stdout);
		bank::transfer(bank::savings);
		depth = depth + 1;
	});
	while (read(0, &byte, 1) > 0)
		;
	_exit(0);
}

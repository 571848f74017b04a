// SPDX-License-Identifier: BSD-2-Clause
//
// Two std::mutex in opposite order, by two std::thread, in C++ as it is mostly written: members of objects, lock_guard.
// Hangs, until its standard input ends. Compiled by the test that uses it.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace bank
{
class Account
{
      public:
	void transfer_to(Account &other, std::atomic<int> &arrived)
	{
		std::lock_guard<std::mutex> mine(mutex);
		arrived++;
		while (arrived < 2)
			std::this_thread::yield();
		std::lock_guard<std::mutex> theirs(other.mutex);
		balance--;
		other.balance++;
	}

      private:
	std::mutex mutex;
	int balance = 100;
};
} // namespace bank

bank::Account alice, bob;

int main()
{
	std::atomic<int> arrived{0};
	std::thread first([&] { alice.transfer_to(bob, arrived); });
	std::thread second([&] { bob.transfer_to(alice, arrived); });

	while (arrived < 2)
		std::this_thread::yield();
	std::puts("ready");
	std::fflush(stdout);
	while (std::getchar() != EOF)
		;
	std::_Exit(0);
}

// SPDX-License-Identifier: BSD-2-Clause
//
// Threads that wait for each other in the ways of C++'s standard library, as of C++20: crowd WAY.
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

static std::mutex one, other;
static std::timed_mutex patient;
static std::shared_mutex shelf, rack;
static std::barrier<> meeting(3);
static std::atomic<int> turn;

template <class Run> static void crowd(int count, Run run)
{
	std::vector<std::thread> threads;

	for (int number = 0; number < count; number++)
		threads.emplace_back(run, number);
	for (auto &thread : threads)
		thread.join();
}

static void take_both_at_once(int number)
{
	for (int i = 0; i < 60; i++) {
		if (number % 2) {
			std::scoped_lock both(one, other);
			std::this_thread::sleep_for(50us);
		} else {
			std::scoped_lock both(other, one);
			std::this_thread::sleep_for(50us);
		}
	}
}

static void wait_patiently(int)
{
	for (int i = 0; i < 60; i++) {
		if (!patient.try_lock_for(10s))
			continue;
		std::this_thread::sleep_for(1ms);
		patient.unlock();
	}
}

static void meet(int number)
{
	for (int i = 0; i < 20; i++) {
		std::this_thread::sleep_for(number * 3ms);
		meeting.arrive_and_wait();
	}
}

static void take_turns(int number)
{
	for (int i = 0; i < 30; i++) {
		for (int now; (now = turn) % 3 != number;)
			turn.wait(now);
		std::this_thread::sleep_for(1ms);
		turn++;
		turn.notify_all();
	}
}

static void take_shared_ones(int number)
{
	std::unique_lock first(number ? shelf : rack);

	std::this_thread::sleep_for(100ms);
	std::unique_lock second(number ? rack : shelf);
}

int main(int, char **arguments)
{
	const std::string way = arguments[1] ? arguments[1] : "";

	if (way == "scoped")
		crowd(4, take_both_at_once);
	else if (way == "timed")
		crowd(4, wait_patiently);
	else if (way == "barrier")
		crowd(3, meet);
	else if (way == "turns")
		crowd(3, take_turns);
	else if (way == "shared-abba")
		crowd(2, take_shared_ones);
	else
		return 2;
	return 0;
}

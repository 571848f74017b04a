/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What net/task-manager and net/task-worker say to each other, over TCP on 127.0.0.1:5000.
 *
 * Both have the same key, and neither ever sends it. Each sends the other a random challenge, and answers the other's
 * with the HMAC of it: who can do that has the key. The role is hashed with it, so that an answer cannot be sent back
 * to where it came from. A worker then asks for a task, sends its result, and so on, until the manager says that all is
 * done.
 */
#ifndef LIFELINE_DEMO_TASKS_H
#define LIFELINE_DEMO_TASKS_H

#include <sys/random.h>

#include "net.h"
#include "sha256.h"

#define TASKS_PORT 5000
#define TASKS_KEY "abc" /* of the demo; a real one is long, random, and in no source */

enum { CHALLENGE = 32, WANTED = 1, TASK, RESULT, ALL_DONE };

struct message { /* both ends are on one machine: no matter of byte order */
	int32_t what, task;
	int64_t value;
};

static inline void tasks_answer(const char *key, const char *role, const unsigned char challenge[CHALLENGE],
				unsigned char answer[SHA256_SIZE])
{
	unsigned char data[16 + CHALLENGE] = {0};

	memcpy(data, role, strnlen(role, 16));
	memcpy(data + 16, challenge, CHALLENGE);
	hmac_sha256(key, strlen(key), data, sizeof data, answer);
}

static inline void tasks_challenge(unsigned char challenge[CHALLENGE])
{
	if (getrandom(challenge, CHALLENGE, 0) != CHALLENGE)
		demo_fail("getrandom");
}

static inline bool tasks_answer_is(const char *key, const char *role, const unsigned char challenge[CHALLENGE],
				   const unsigned char answer[SHA256_SIZE])
{
	unsigned char right[SHA256_SIZE];

	tasks_answer(key, role, challenge, right);
	return sha256_equal(answer, right);
}

/* The worker's side. false: refused, or the other end is no manager with our key. */
static inline bool tasks_log_in(int connection, const char *key)
{
	const struct timeval patience = {.tv_sec = 10}; /* whatever listens there may never say a word */
	unsigned char theirs[CHALLENGE], ours[CHALLENGE], answer[SHA256_SIZE];

	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (!net_receive(connection, theirs, sizeof theirs))
		return false;
	tasks_answer(key, "worker", theirs, answer);
	tasks_challenge(ours);
	return net_send(connection, answer, sizeof answer) && net_send(connection, ours, sizeof ours) &&
	       net_receive(connection, answer, sizeof answer) && tasks_answer_is(key, "manager", ours, answer);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A queue server for work: hands out tasks on 127.0.0.1:5000 to any number of workers that have its key, and takes
 * their results. A task that was handed out stays the manager's: if its worker is gone, the next one that asks gets it.
 * Here three workers come, of whom one is killed in the middle of a task, and a stranger with a wrong key.
 *
 *   task-manager [serve TASKS]   serve: no workers of its own
 *
 * Look at: a manager with one thread, asleep in poll; a worker killed, and all results there nevertheless.
 */
#include "tasks.h"

enum { TASKS_MAX = 100, CLIENTS_MAX = 60, NOBODY = -1 };

struct client {
	bool trusted, waits; /* waits: has asked, and not got an answer yet */
	unsigned char challenge[CHALLENGE];
	int task;                                     /* that it has been given, or NOBODY */
	unsigned char heard[SHA256_SIZE + CHALLENGE]; /* of what it is saying */
	size_t heard_size;
};

static struct pollfd ends[1 + CLIENTS_MAX]; /* the first is the listener's */
static struct client clients[1 + CLIENTS_MAX];
static int count = 1, tasks, pending[TASKS_MAX], pending_count, results, trusted, refused, handed_out_again;
static int64_t sum;

static void part_with(int at)
{
	if (clients[at].task != NOBODY) {
		demo_say("a worker is gone: task %d goes back into the queue", clients[at].task);
		pending[pending_count++] = clients[at].task;
		handed_out_again++;
	}
	close(ends[at].fd);
	ends[at] = ends[--count];
	clients[at] = clients[count];
}

static void welcome(void)
{
	struct client *client = &clients[count];

	ends[count].fd = accept4(ends[0].fd, NULL, NULL, SOCK_CLOEXEC);
	if (ends[count].fd < 0)
		return;
	ends[count].events = POLLIN;
	*client = (struct client){.task = NOBODY};
	tasks_challenge(client->challenge);
	net_send(ends[count++].fd, client->challenge, CHALLENGE);
}

/* It says its answer to our challenge, and a challenge for us. */
static bool examine(int at)
{
	unsigned char answer[SHA256_SIZE];
	struct client *client = &clients[at];

	client->trusted = tasks_answer_is(TASKS_KEY, "worker", client->challenge, client->heard);
	trusted += client->trusted;
	refused += !client->trusted;
	demo_say(client->trusted ? "a worker has the key" : "refuses one that does not have the key");
	tasks_answer(TASKS_KEY, "manager", client->heard + SHA256_SIZE, answer);
	return client->trusted && net_send(ends[at].fd, answer, sizeof answer);
}

/* It asks for a task, or says the result of the one it has; anything else, and we part. */
static bool obey(int at)
{
	struct client *client = &clients[at];
	struct message message;

	memcpy(&message, client->heard, sizeof message);
	if (message.what == WANTED && client->task == NOBODY)
		return client->waits = true;
	if (message.what != RESULT || client->task == NOBODY || message.task != client->task)
		return false;
	client->task = NOBODY;
	sum += message.value;
	results++;
	return true;
}

/* Takes what is there without waiting for more: one that is slow, or silent, must not hold up the others. */
static bool listen_to(int at)
{
	struct client *client = &clients[at];
	const size_t whole = client->trusted ? sizeof(struct message) : sizeof client->heard;
	const ssize_t got =
	    recv(ends[at].fd, client->heard + client->heard_size, whole - client->heard_size, MSG_DONTWAIT);

	if (got <= 0)
		return got < 0 && errno == EAGAIN;
	client->heard_size += (size_t)got;
	if (client->heard_size < whole)
		return true;
	client->heard_size = 0;
	return client->trusted ? obey(at) : examine(at);
}

/* Those that wait get a task, if there is one, or learn that all is done. */
static void hand_out(void)
{
	for (int at = 1; at < count; at++) {
		struct message message = {.what = ALL_DONE};

		if (!clients[at].waits || (!pending_count && results < tasks))
			continue;
		clients[at].waits = false;
		if (pending_count) {
			clients[at].task = pending[--pending_count];
			message = (struct message){TASK, clients[at].task, clients[at].task};
		}
		net_send(ends[at].fd, &message, sizeof message);
	}
}

/* Until all is done, so many workers have been there, and all have gone. */
static void serve(int listener, int workers)
{
	ends[0] = (struct pollfd){.fd = listener, .events = POLLIN};
	for (int task = tasks; task > 0; task--)
		pending[pending_count++] = task;
	while (results < tasks || trusted < workers || count > 1) {
		ends[0].events = count <= CLIENTS_MAX ? POLLIN : 0;
		if (poll(ends, (nfds_t)count, -1) < 0)
			continue;
		for (int at = count - 1; at > 0; at--) /* backwards, as parting moves the last one */
			if (ends[at].revents && !listen_to(at))
				part_with(at);
		if (ends[0].revents)
			welcome();
		hand_out();
	}
	demo_say("%d results, their sum is %lld; refused: %d, handed out again: %d", results, (long long)sum, refused,
		 handed_out_again);
}

static pid_t start_worker(const char *name, const char *key, const char *hang_after)
{
	char path[512];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 16);
	pid_t worker = fork();

	if (worker < 0 || length < 0)
		demo_fail("start a worker");
	if (worker > 0)
		return worker;
	strcpy((char *)memrchr(path, '/', (size_t)length) + 1, "task-worker");
	execl(path, path, name, key, hang_after, NULL);
	demo_fail(path);
	return 0;
}

/* The workers, in a process of its own, so that the manager is busy with nothing but them. */
static void direct_workers(void)
{
	const pid_t stranger = start_worker("stranger", "guessed", NULL);
	int failed = WEXITSTATUS(demo_reap(stranger)) != 3;
	const pid_t victim = start_worker("victim", TASKS_KEY, "2");
	pid_t first, second;

	demo_await_state(victim, 'T');
	first = start_worker("worker-1", TASKS_KEY, NULL);
	second = start_worker("worker-2", TASKS_KEY, NULL);
	demo_say("kills victim in the middle of its third task");
	kill(victim, SIGKILL);
	demo_reap(victim);
	failed += (demo_reap(first) != 0) + (demo_reap(second) != 0);
	_exit(failed);
}

int main(int argument_count, char **arguments)
{
	const bool serve_only = argument_count > 2;
	const int listener = net_listen(TASKS_PORT);
	pid_t director = 0;

	tasks = serve_only ? atoi(arguments[2]) : 20;
	tasks = tasks > 0 && tasks <= TASKS_MAX ? tasks : TASKS_MAX;
	demo_begin("manager", "has tasks for whoever has the key, on 127.0.0.1:5000");
	if (listener < 0) {
		demo_say("port %d is taken: %s", TASKS_PORT, strerror(errno));
		return DEMO_CANNOT_RUN;
	}
	if (!serve_only && (director = demo_fork("director")) == 0) {
		close(listener);
		direct_workers();
	}
	demo_ready();
	serve(listener, serve_only ? 1 : 3);
	if (director)
		return demo_reap(director) || refused != 1 || handed_out_again != 1 || sum != 2870;
	return sum != (int64_t)tasks * (tasks + 1) * (2 * tasks + 1) / 6;
}

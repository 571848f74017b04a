/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A worker of net/task-manager: proves that it has the key, then asks for tasks and sends results until told that all
 * is done. Start as many as you like, wherever 127.0.0.1:5000 is this machine:
 *
 *   task-worker [NAME [KEY [TASKS]]]   TASKS: hang in the task after so many, without its result, until killed
 *
 * If no manager is there (as when it is run as a demo), it starts one itself, which has six tasks.
 */
#include "tasks.h"

static void start_manager(void)
{
	char path[512];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 16);

	if (length < 0 || !memrchr(path, '/', (size_t)length))
		demo_fail("find the manager");
	strcpy((char *)memrchr(path, '/', (size_t)length) + 1, "task-manager");
	demo_say("no manager is there: starts %s", path);
	if (demo_fork("manager") == 0) {
		execl(path, path, "serve", "6", NULL);
		demo_fail(path);
	}
}

/*
 * A manager takes a moment to start: its child's end, or its port, whatever comes first. As an observed demo it wants
 * one of its own; run by hand it works for whoever is there.
 */
static int connect_to_manager(bool may_start_one)
{
	int connection = net_connect(TASKS_PORT), status;

	if (connection >= 0 && may_start_one && getenv("LIFELINE_DEMO_FD")) {
		demo_say("port %d is in use by somebody else", TASKS_PORT);
		exit(DEMO_CANNOT_RUN);
	}
	if (connection >= 0)
		return connection;
	if (!may_start_one)
		demo_fail("connect to the manager");
	start_manager();
	while ((connection = net_connect(TASKS_PORT)) < 0) {
		if (waitpid(-1, &status, WNOHANG) > 0)
			exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
		demo_sleep_ms(10);
	}
	return connection;
}

static int work(int connection, int hang_after)
{
	const struct message wanted = {.what = WANTED};
	struct message message;
	int done = 0;

	while (net_send(connection, &wanted, sizeof wanted) && net_receive(connection, &message, sizeof message)) {
		if (message.what != TASK) {
			demo_say("all is done; has done %d tasks", done);
			return 0;
		}
		if (done == hang_after) {
			demo_say("hangs in task %d", message.task);
			demo_ready();
			kill(getpid(), SIGSTOP); /* for whoever watches: this is where it hangs */
		}
		demo_sleep_ms(20);
		message = (struct message){RESULT, message.task, message.value * message.value};
		if (!net_send(connection, &message, sizeof message))
			break;
		done++;
	}
	demo_say("the manager is gone");
	return 1;
}

int main(int count, char **arguments)
{
	const char *name = count > 1 ? arguments[1] : "worker", *key = count > 2 ? arguments[2] : TASKS_KEY;
	int connection, failed;

	demo_begin(name, "looks for a task manager on 127.0.0.1:5000");
	connection = connect_to_manager(count == 1);
	if (!tasks_log_in(connection, key)) {
		demo_say("the manager refuses me, or is none that I should trust");
		return count == 1 ? DEMO_CANNOT_RUN : 3; /* alone: some other program has the port */
	}
	demo_say("is logged in");
	demo_ready();
	failed = work(connection, count > 3 ? atoi(arguments[3]) : -1);
	close(connection);
	while (count == 1 && wait(NULL) > 0)
		; /* the manager, if it is our child */
	return failed;
}

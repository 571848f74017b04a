/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting CMD. Everything is armed before, and this process is marked as one whose children are watched, so CMD is
 * observed from its creation on: nothing has to be held or stopped. Errors of exec come back over a pipe that closes on
 * success (the close-on-exec idiom). */
#include "source/live_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct failure {
	int stage, error;
};

enum stage { STAGE_USER, STAGE_EXEC };

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) && errno != EPERM)
			return -errno;
	return syscall(SYS_capset, &header, none) ? -errno : 0;
}

/* With the user's groups and no capabilities. For root itself, too: the bounding set goes first, so exec gives none
 * back. */
static int become(const struct passwd *user)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid))
		return -errno;
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	if (setuid(user->pw_uid))
		return -errno;
	if (syscall(SYS_capget, &header, data))
		return -errno;
	return drop_capabilities();
}

static void run_child(const struct live_options *options, const struct passwd *user, const sigset_t *mask, int report)
{
	struct failure failure = {.stage = STAGE_USER};

	sigprocmask(SIG_SETMASK, mask, NULL);
	failure.error = user ? -become(user) : 0;
	if (!failure.error) {
		failure.stage = STAGE_EXEC;
		execvp(options->command[0], options->command);
		failure.error = errno;
	}
	if (write(report, &failure, sizeof(failure)) != sizeof(failure))
		_exit(126);
	_exit(127);
}

static int explain(const struct failure *failure, const struct live_options *options, int *exec_error,
		   struct error *error)
{
	if (failure->stage == STAGE_USER) {
		error_errno(error, -failure->error, "cannot run the command as user '%s'", options->user);
		error_hint(error, "becoming another user needs root, or CAP_SETUID and CAP_SETGID");
		return -failure->error;
	}
	*exec_error = failure->error;
	error_errno(error, -failure->error, "cannot execute '%s'", options->command[0]);
	if (failure->error == ENOENT)
		error_hint(error, "check the name, or give the full path");
	else if (failure->error == EACCES)
		error_hint(error, "it must be an executable file: chmod +x");
	else if (failure->error == ENOEXEC)
		error_hint(error, "it is no program; a script needs a first line like #!/bin/sh");
	return -failure->error;
}

static int find_user(const char *name, const struct passwd **user, struct error *error)
{
	*user = NULL;
	if (!name)
		return 0;
	errno = 0;
	*user = getpwnam(name);
	if (*user)
		return 0;
	error_set(error, -EINVAL, "there is no user '%s' to run the command as", name);
	error_hint(error, "-u takes a name from /etc/passwd");
	return -EINVAL;
}

int live_command_start(struct live_command *command, const struct live_options *options, const sigset_t *mask,
		       int *exec_error, struct error *error)
{
	struct failure failure = {0};
	const struct passwd *user;
	int report[2], result;
	ssize_t got;

	result = find_user(options->user, &user, error);
	if (result)
		return result;
	if (pipe2(report, O_CLOEXEC))
		return error_errno(error, -errno, "cannot make a pipe to the command");
	command->pid = fork();
	if (command->pid < 0) {
		result = -errno;
		close(report[0]);
		close(report[1]);
		return error_errno(error, result, "cannot create a process for the command");
	}
	if (!command->pid)
		run_child(options, user, mask, report[1]);
	close(report[1]);
	do {
		got = read(report[0], &failure, sizeof(failure));
	} while (got < 0 && errno == EINTR);
	close(report[0]);
	if (got == sizeof(failure)) {
		waitpid(command->pid, NULL, 0);
		command->pid = 0;
		return explain(&failure, options, exec_error, error);
	}
	command->pidfd = (int)syscall(SYS_pidfd_open, command->pid, 0);
	if (command->pidfd < 0)
		return error_errno(error, -errno, "cannot watch process %d for its end", (int)command->pid);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A real daemon: it serves the pictures in a folder over HTTP, on 127.0.0.1:9085.
 *
 *   agent start|stop|restart|status|run [--port N] [--folder DIR] [--pidfile FILE]
 *
 * `run` stays in the foreground. Without any argument the demo plays the whole story: it paints two pictures, starts
 * the agent, asks it for one of them, for one that is not there and for what is none of its business, restarts and
 * stops it.
 *
 * One process, one loop (agent_serve.h), in which nothing waits for one client. Who is running is asked of the lock on
 * the pidfile, never of the number in it.
 *
 * Look at: the two daemons, complete; listening, and their pidfile written, before launcher ended.
 */
#include "agent_serve.h"
#include "agent_story.h"
#include "daemon.h"

#include <limits.h>

#define USUAL_PORT 9085
#define STOP_MS 10000

struct agent {
	const char *folder;
	int port; /* 0: any */
	char pidfile[PATH_MAX];
};

/* ---- becoming a daemon ---------------------------------------------------------------------------------- */

/* Never returns. Says through `ready` how it went: 0 or an errno. */
static void be_daemon(const struct agent *agent, struct channel *ready)
{
	int folder, listener, pidfile;

	umask(027);
	folder = open(agent->folder, O_PATH | O_DIRECTORY | O_CLOEXEC); /* before chdir: it may be a relative path */
	listener = folder < 0 || chdir("/") < 0 ? -errno : agent_listen(agent->port);
	pidfile = listener < 0 ? listener : pidfile_take(agent->pidfile);
	if (pidfile < 0) {
		channel_tell(ready, listener < 0 ? -listener : errno);
		_exit(1);
	}
	if (dprintf(pidfile, "%d\n", agent_port(listener)) < 0)
		demo_fail("pidfile");
	for (int fd = 0; fd <= 2; fd++)
		use_null_for(fd);
	tell_ready(ready);
	agent_serve(listener, folder);
	unlink(agent->pidfile);
	_exit(0);
}

/* 0 or an errno, when the daemon is ready or has said why not. */
static int launch(const struct agent *agent)
{
	struct channel ready = channel_new();
	pid_t middle = demo_fork("middle");
	int answer;

	if (middle == 0) {
		setsid();
		hold_signals();
		if (demo_fork("daemon") > 0)
			_exit(0);
		close_all_but(&ready);
		be_daemon(agent, &ready);
	}
	demo_reap(middle);
	answer = channel_hear(&ready);
	channel_hear(&ready); /* until it has let go of the channel, too */
	return answer < 0 ? ECHILD : answer;
}

/* ---- commands, with the exit statuses that start scripts have (Linux Standard Base) ------------------------ */

/* Who holds the lock, and where it listens; false: nobody does. */
static bool find(const struct agent *agent, pid_t *pid, int *port)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	FILE *file = fopen(agent->pidfile, "re");
	bool locked = file && !fcntl(fileno(file), F_GETLK, &lock) && lock.l_type != F_UNLCK && lock.l_pid > 0;

	*pid = locked ? lock.l_pid : 0;
	if (locked && fscanf(file, "%*d %d", port) != 1)
		*port = 0; /* it has only just begun to write */
	if (file)
		fclose(file);
	return locked;
}

static int start(const struct agent *agent)
{
	pid_t pid;
	int port, error;

	if (find(agent, &pid, &port)) {
		demo_say("the agent runs already: %d", (int)pid);
		return 0;
	}
	error = launch(agent);
	if (error || !find(agent, &pid, &port)) {
		demo_say("the agent could not be started: %s", strerror(error ? error : ECHILD));
		return 1;
	}
	demo_say("the agent runs: %d, at http://127.0.0.1:%d/", (int)pid, port);
	return 0;
}

/* Through a pidfd, so that the signal reaches who held the lock or nobody: by then the number could be another's. */
static int stop(const struct agent *agent)
{
	struct pollfd end = {.fd = -1, .events = POLLIN};
	pid_t pid, again = 0;
	int port, status = 1;

	if (find(agent, &pid, &port))
		end.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (end.fd < 0 || !find(agent, &again, &port) || again != pid) {
		demo_say("the agent does not run");
		status = 0;
	} else if (syscall(SYS_pidfd_send_signal, end.fd, SIGTERM, NULL, 0) < 0 || poll(&end, 1, STOP_MS) != 1) {
		demo_say("the agent, %d, does not stop", (int)pid);
	} else {
		demo_say("the agent has stopped: %d", (int)pid);
		status = 0;
	}
	if (end.fd >= 0)
		close(end.fd);
	return status;
}

static int restart(const struct agent *agent)
{
	return stop(agent) ? 1 : start(agent);
}

static int tell_status(const struct agent *agent)
{
	pid_t pid;
	int port;

	if (find(agent, &pid, &port)) {
		demo_say("the agent runs: %d, at http://127.0.0.1:%d/", (int)pid, port);
		return 0;
	}
	demo_say("the agent does not run");
	return access(agent->pidfile, F_OK) == 0 ? 1 : 3; /* 1: it is dead, and its pidfile is there */
}

static int run(const struct agent *agent)
{
	int folder = open(agent->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int listener = folder < 0 ? -errno : agent_listen(agent->port);

	if (listener < 0) {
		demo_say("cannot serve %s: %s", agent->folder, strerror(-listener));
		if (folder >= 0)
			close(folder);
		return 1;
	}
	demo_say("serves %s at http://127.0.0.1:%d/ until Ctrl-C", agent->folder, agent_port(listener));
	agent_serve(listener, folder);
	return 0;
}

/* ---- the story --------------------------------------------------------------------------------------------- */

/* In a process of its own, as from a shell: what it leaves running is then seen to be left. */
static bool command(const char *name, int (*what)(const struct agent *), const struct agent *agent)
{
	pid_t pid;

	demo_say("$ agent %s", name);
	pid = demo_fork("launcher");
	if (pid == 0)
		_exit(what(agent));
	return demo_reap(pid) == 0;
}

static bool start_on_some_port(struct agent *agent)
{
	if (port_is_ours(USUAL_PORT) && command("start", start, agent))
		return true;
	demo_say("port %d is taken; takes another one", USUAL_PORT);
	agent->port = 0;
	return command("start --port 0", start, agent);
}

static bool ask_for_pictures(const struct agent *agent)
{
	pid_t pid;
	int port = 0;
	bool picture, none, escape;

	if (!find(agent, &pid, &port))
		return false;
	picture = ask(port, "/sunrise.svg", 200);
	none = ask(port, "/moonrise.svg", 404);
	escape = ask(port, "/../daemon.pid", 404); /* it is there, one folder up */
	demo_sleep_ms(SERVES_MS);
	return picture && none && escape;
}

static int play(void)
{
	struct place place = place_new();
	char pictures[256];
	struct agent agent = {.folder = pictures, .port = USUAL_PORT};
	bool well;

	demo_begin("starter", "paints two pictures, and has an agent serve them");
	strcpy(agent.pidfile, place.pidfile);
	snprintf(pictures, sizeof pictures, "%s/pictures", place.folder);
	if (mkdir(pictures, 0755) < 0)
		demo_fail(pictures);
	paint_sunrise(pictures);
	paint_sky(pictures);
	well = start_on_some_port(&agent) && ask_for_pictures(&agent) && command("restart", restart, &agent) &&
	       command("status", tell_status, &agent);
	demo_ready();
	demo_sleep_ms(SERVES_MS);
	well = command("stop", stop, &agent) && well;
	remove_folder(pictures);
	place_remove(&place);
	return well ? 0 : 1;
}

/* ---- by hand -------------------------------------------------------------------------------------------------- */

static int usage(void)
{
	fprintf(stderr, "usage: agent start|stop|restart|status|run [--port N] [--folder DIR] [--pidfile FILE]\n"
			"       agent    plays a story: paints pictures, starts, asks, restarts, stops\n");
	return 2;
}

/* The daemon changes its directory, so what is meant relative to ours is made absolute. */
static void set_pidfile(struct agent *agent, const char *path)
{
	char folder[PATH_MAX - 300] = "";
	int length;

	if (*path != '/' && !getcwd(folder, sizeof folder))
		demo_fail("the working directory");
	length = snprintf(agent->pidfile, sizeof agent->pidfile, "%s%s%s", folder, *path == '/' ? "" : "/", path);
	if (length >= (int)sizeof agent->pidfile) {
		errno = ENAMETOOLONG;
		demo_fail(path);
	}
}

static void set_usual_pidfile(struct agent *agent)
{
	const char *folder = getenv("XDG_RUNTIME_DIR");

	if (folder && *folder == '/')
		snprintf(agent->pidfile, sizeof agent->pidfile, "%.200s/lifeline-agent.pid", folder);
	else
		snprintf(agent->pidfile, sizeof agent->pidfile, "/tmp/lifeline-agent.%d.pid", (int)getuid());
}

static bool set_option(struct agent *agent, const char *name, const char *value)
{
	char *end = NULL;
	long port;

	if (!strcmp(name, "--folder"))
		agent->folder = value;
	else if (!strcmp(name, "--pidfile"))
		set_pidfile(agent, value);
	else if (!strcmp(name, "--port") && (port = strtol(value, &end, 10), end != value && !*end) && port >= 0 &&
		 port <= 65535)
		agent->port = (int)port;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*what)(const struct agent *);
	} commands[] = {{"start", start}, {"stop", stop}, {"restart", restart}, {"status", tell_status}, {"run", run}};
	struct agent agent = {.folder = ".", .port = USUAL_PORT};

	if (argc < 2)
		return play();
	set_usual_pidfile(&agent);
	for (int i = 2; i < argc; i += 2)
		if (i + 1 == argc || !set_option(&agent, argv[i], argv[i + 1]))
			return usage();
	demo_begin("agent", argv[1]);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].what(&agent);
	return usage();
}

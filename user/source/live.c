/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The live source: one loop around the ring buffer, CMD's end, signals and time. Each pump is one turn of it. */
#include "source/live_internal.h"
#include "source/live_locks.h"
#include "source/live_sessions.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "source/begin.h"

#define TURN_MS 20
#define TURN_STAYING_MS 50 /* attach: nobody waits for the end of it, and each turn has its price */
#define REORDER_NS 5000000ULL	  /* KERNEL: inversions of up to 1.8 ms between processors */
#define LOSS_EVERY 8		  /* turns */
#define DRAIN_EVERY 5		  /* turns: sums of waits for locks are told this often */
#define SAMPLE_EVERY 12		  /* turns; wake-ups are sampled for one turn in so many */
#define SAMPLE_FIRST 2
#define SETTLE_MS 40		  /* how long to wait for the last switches of those that exited */
#define SETTLE_RUN_MS 5000	  /* of CMD's, if nothing was lost: 530 ms were seen on a busy machine */
#define BECOMING_MS 1000	  /* how long to wait for those that are becoming daemons, at most */
#define BECOMING_STEP_US 10000
#define LINGER_CHECK_NS 200000000ULL
#define KILL_AFTER_NS 5000000000ULL

enum stage { STAGE_BEGIN, STAGE_RUNNING, STAGE_DONE };

struct live {
	struct source source;
	struct live_options *options;
	struct live_bpf bpf;
	struct ring_buffer *ring;
	struct live_command command;
	struct overdue overdue;
	struct locks *locks; /* NULL: nobody wants them */
	struct probes probes; /* --locks all */
	struct sessions sessions;
	sigset_t old_mask;
	int epoll, signals;
	pthread_t unloader; /* if unloading */
	bool unloading;
	int *target_fds; /* attach: a pidfd per target */
	unsigned targets_left;
	enum stage stage;
	uint64_t begin_ns, realtime_ns, deadline_ns, kill_ns, linger_until_ns, linger_check_ns, loss_since_ns, count_ns;
	unsigned turn, interrupts;
	volatile sig_atomic_t stop;
	bool command_over, command_end_told, by_deadline, lost_lives;
	int64_t exiting; /* threads that were told to exit, but not yet their last switch */
	uint32_t command_host_pid;
	int exit_status; /* wait status, -1 unknown */
	enum ended_by ended_by;
	record_fn record;
	void *context;
	uint64_t looks_failed[EVENT_GROUP_COUNT]; /* iterations that did not come to their end */
	int failed;
};

/* Within a time namespace CLOCK_BOOTTIME is shifted, while the kernel side knows the machine's alone. The file tells
 * the namespace of children, which is our own unless somebody unshared without an exec behind it. */
static int64_t boottime_shift(void)
{
	FILE *file = fopen("/proc/self/timens_offsets", "re");
	long long seconds, nanoseconds;
	int64_t shift = 0;
	char name[16];

	while (file && fscanf(file, "%15s %lld %lld", name, &seconds, &nanoseconds) == 3)
		if (!strcmp(name, "boottime"))
			shift = (int64_t)seconds * 1000000000 + nanoseconds;
	if (file)
		fclose(file);
	return shift;
}

uint64_t live_clock(void)
{
	static int64_t shift;
	static bool asked;
	struct timespec now;

	if (!asked)
		shift = boottime_shift();
	asked = true;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec - (uint64_t)shift;
}

static uint64_t wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* ---- records of our own --------------------------------------------------------------------------- */

static void head_of(struct event *event, uint16_t kind, uint32_t size, uint64_t t_ns, const struct live *live)
{
	event->kind = kind;
	event->size = size;
	event->t_ns = t_ns;
	event->pid = event->tid = live->bpf.shared->self_tgid;
	memcpy(event->comm, "lifeline", 9);
}

static int tell(struct live *live, const void *record, size_t size)
{
	int result = live->record(live->context, record, size);

	if (result < 0)
		live->failed = result;
	return result;
}

static int tell_begin(struct live *live)
{
	static struct event_builder builder;
	const struct begin_facts facts = {.begin_ns = live->begin_ns,
					  .realtime_ns = live->realtime_ns,
					  .zombie_after_ns = live->options->zombie_after_ns,
					  .contended_after_ns = live->options->contended_after_ns,
					  .mode = live->options->mode,
					  .self_pid = live->bpf.shared->self_tgid,
					  .self_pidns = live->bpf.shared->self_pidns,
					  .target = live->command_host_pid,
					  .unseen = live->bpf.single_calls ? UNSEEN_POLLS : 0,
					  .command = live->options->command};
	const struct event *begin = begin_build(&builder, &facts);

	return tell(live, begin, begin->size);
}

static int tell_tick(struct live *live, uint64_t t_ns)
{
	struct event_tick tick = {0};

	head_of(&tick.h, EVENT_tick, sizeof(tick), t_ns, live);
	return tell(live, &tick, sizeof(tick));
}

static void tell_losses(struct live *live, uint64_t t_ns)
{
	for (int group = 0; group < EVENT_GROUP_COUNT; group++) {
		struct event_lost lost = {0};

		lost.count = live_bpf_lost(&live->bpf, (enum event_group)group) + live->looks_failed[group];
		live->looks_failed[group] = 0;
		if (!lost.count)
			continue;
		live->lost_lives |= group == GROUP_LIFE;
		head_of(&lost.h, EVENT_lost, sizeof(lost), t_ns, live);
		lost.since_ns = live->loss_since_ns;
		lost.class = (uint32_t)group;
		tell(live, &lost, sizeof(lost));
	}
	live->loss_since_ns = t_ns;
}

static int tell_finish(struct live *live)
{
	struct event_finish finish = {0};

	head_of(&finish.h, EVENT_finish, sizeof(finish), live_clock(), live);
	finish.ended_by = live->ended_by;
	finish.exit_status = live->exit_status;
	return tell(live, &finish, sizeof(finish));
}

/* ---- records of the kernel's -------------------------------------------------------------------------- */

static bool wants_holds(const struct live *live)
{
	return live->options->locks_all && (live->options->wants & (1U << GROUP_LOCK));
}

static bool wants_sessions(const struct live *live)
{
	return live->options->wants & (1U << GROUP_SESSION);
}

/* Everything from the kernel passes here on its way up: the overdue deaths and CMD's own end are noted. */
static int pass(void *context, const void *record, size_t available)
{
	const struct event *event = record;
	struct live *live = context;

	if (available >= sizeof(*event) && event->t_ns < live->begin_ns)
		return 0; /* between attaching and the beginning; the snapshot tells what came of it */
	if (available >= sizeof(*event) && event_info(event->kind) && available >= event_info(event->kind)->size) {
		overdue_event(&live->overdue, event);
		if (live->locks)
			locks_event(live->locks, event);
		if (wants_holds(live))
			probes_event(&live->probes, event);
		if (wants_sessions(live))
			sessions_event(&live->sessions, &live->bpf, event);
		live->exiting += (event->kind == EVENT_exit) - (event->kind == EVENT_end);
		if (event->kind == EVENT_end && event->pid == live->command_host_pid && event_is_process_end(event))
			live->command_end_told = true;
	}
	return tell(live, record, available) < 0 ? -1 : 0;
}

static int from_ring(void *context, void *record, size_t size)
{
	const struct event *event = record;
	struct live *live = context;

	if (size < sizeof(*event) || event->kind < RAW_LOCK_WAIT)
		return pass(context, record, size);
	if (live->locks && event->t_ns >= live->begin_ns)
		locks_raw(live->locks, event, size);
	return live->failed ? -1 : 0;
}

static int from_locks(void *context, const void *record, size_t available)
{
	return tell(context, record, available);
}

/* What the kernel is like now. That it could not be asked is a loss like any other. */
static void look(struct live *live, enum iterate_mode mode, enum event_group group)
{
	int result = mode == ITERATE_SNAPSHOT ? live_snapshot_tell(&live->bpf, pass, live)
					      : live_bpf_iterate(&live->bpf, mode, pass, live);

	if (result && !live->failed)
		live->looks_failed[group]++;
}

/* ---- open -------------------------------------------------------------------------------------------- */

static int add_to_epoll(struct live *live, int fd, struct error *error)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(live->epoll, EPOLL_CTL_ADD, fd, &event))
		return error_errno(error, -errno, "cannot wait for events");
	return 0;
}

static int take_signals(struct live *live, struct error *error)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGQUIT);
	sigprocmask(SIG_BLOCK, &mask, &live->old_mask);
	live->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (live->signals < 0)
		return error_errno(error, -errno, "cannot receive signals");
	return add_to_epoll(live, live->signals, error);
}

static int open_ring(struct live *live, struct error *error)
{
	live->ring = ring_buffer__new(live_bpf_ring_fd(&live->bpf), from_ring, live, NULL);
	if (!live->ring)
		return error_errno(error, -errno, "cannot read the kernel's events");
	return add_to_epoll(live, ring_buffer__epoll_fd(live->ring), error);
}

/* Between the two marks whatever this process forks is a target. */
static int start_command(struct live *live, struct error *error)
{
	int result;

	live_bpf_mark(&live->bpf, live->bpf.shared->self_tgid, IN_SCOPE_SPAWNER | IN_SCOPE_RELATIVE);
	result = live_command_start(&live->command, live->options, &live->old_mask, &live->options->exec_error, error);
	live_bpf_mark(&live->bpf, live->bpf.shared->self_tgid, IN_SCOPE_RELATIVE);
	if (result)
		return result;
	return add_to_epoll(live, live->command.pidfd, error);
}

static int watch_targets(struct live *live, const pid_t *pids, struct error *error)
{
	const struct live_options *options = live->options;

	for (unsigned i = 0; i < options->pid_count; i++) {
		live->target_fds[i] = pids[i] > 0 ? (int)syscall(SYS_pidfd_open, pids[i], 0) : -1;
		if (live->target_fds[i] < 0)
			continue; /* it ended just now: the events will tell */
		live->targets_left++;
		if (add_to_epoll(live, live->target_fds[i], error))
			return error->code;
	}
	return 0;
}

static int start_attached(struct live *live, struct error *error)
{
	const unsigned count = live->options->pid_count;
	pid_t *here = calloc(count ? count : 1, sizeof(*here));
	int result = -ENOMEM;

	live->target_fds = malloc((count ? count : 1) * sizeof(int));
	for (unsigned i = 0; live->target_fds && i < count; i++)
		live->target_fds[i] = -1;
	if (!here || !live->target_fds)
		error_errno(error, -ENOMEM, "cannot watch the targets");
	else
		result = live_snapshot_mark(&live->bpf, live->options, here, error);
	if (!result)
		result = watch_targets(live, here, error);
	free(here);
	return result;
}

static int start(struct live *live, struct error *error)
{
	if (live->options->mode == MODE_RUN)
		return start_command(live, error);
	return live->options->all ? 0 : start_attached(live, error);
}

static int find_command(void *context, const void *record, size_t available)
{
	const struct event_snap_process *snap = record;
	struct live *live = context;

	if (available >= sizeof(*snap) && snap->nspid == (uint32_t)live->command.pid &&
	    snap->pidns == live->bpf.shared->self_pidns)
		live->command_host_pid = snap->h.pid;
	return 0;
}

/* CMD's pid in the initial namespace, which all events speak of. Not reaped yet, it is listed even if it has ended. */
static void find_host_pid(struct live *live)
{
	if (live->options->mode != MODE_RUN)
		return;
	live->command_host_pid = (uint32_t)live->command.pid;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): set by live_bpf_load, without which none gets here */
	if (live->bpf.shared->self_level)
		live_bpf_iterate(&live->bpf, ITERATE_ALL, find_command, live);
}

static int open_probes(struct live *live, struct error *error)
{
	const struct live_options *options = live->options;
	const char *command = options->mode == MODE_RUN ? options->command[0] : NULL;
	uint64_t watched_ns = 0, other_ns = 0;
	int result = probes_begin(&live->probes, &live->bpf, command, error);

	live->locks->holds = true;
	if (result)
		return result;
	probes_measure(&live->probes, &watched_ns, &other_ns);
	holds_discard(&live->bpf);
	if (options->tell_price && watched_ns)
		options->tell_price(watched_ns, other_ns);
	return 0;
}

static int open_live(struct live *live, struct error *error)
{
	const struct live_options *options = live->options;
	struct live_plan plan = {.watch_all = options->all,
				 .stays = options->mode != MODE_RUN,
				 .wants = options->wants,
				 .holds = wants_holds(live),
				 .selection = options->mode == MODE_ATTACH && !options->all ? options : NULL,
				 .buffer_bytes = options->buffer_bytes};
	int result;

	live->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (live->epoll < 0)
		return error_errno(error, -errno, "cannot wait for events");
	plan.begin_ns = live_clock();
	result = live_bpf_load(&live->bpf, &plan, error);
	if (!result)
		result = open_ring(live, error);
	if (!result && (options->wants & (1U << GROUP_LOCK))) {
		live->locks = locks_new(&live->bpf, from_locks, live);
		if (!live->locks)
			result = error_errno(error, -ENOMEM, "cannot follow locks");
	}
	if (!result && wants_holds(live))
		result = open_probes(live, error);
	if (!result)
		result = take_signals(live, error);
	/* from here on, not from the loading: people read times relative to this */
	live->realtime_ns = wall_clock();
	live->begin_ns = live->loss_since_ns = live->count_ns = live_clock();
	if (!result)
		result = start(live, error);
	if (!result && options->for_ns)
		live->deadline_ns = live_clock() + options->for_ns;
	return result;
}

/* ---- ends ---------------------------------------------------------------------------------------------- */

static void finish_with(struct live *live, enum ended_by why)
{
	if (live->stage != STAGE_RUNNING)
		return;
	live->ended_by = live->by_deadline ? ENDED_DURATION : why;
	live->stage = STAGE_DONE;
}

static int count_target(void *context, const void *record, size_t available)
{
	const struct event_snap_process *snap = record;

	if (available >= sizeof(*snap) && snap->scope == SCOPE_TARGET && !snap->dead)
		++*(unsigned *)context;
	return 0;
}

static bool targets_live(struct live *live)
{
	unsigned count = 0;

	return live_bpf_iterate(&live->bpf, ITERATE_ALL, count_target, &count) || count;
}

/* CMD has ended: collect it, then go on for its descendants if that was asked for. */
static void command_ended(struct live *live)
{
	int status;

	if (waitpid(live->command.pid, &status, 0) == live->command.pid)
		live->exit_status = status;
	live->command_over = true;
	epoll_ctl(live->epoll, EPOLL_CTL_DEL, live->command.pidfd, NULL);
	if (!live->options->linger_ns) {
		finish_with(live, ENDED_COMMAND);
		return;
	}
	live->linger_until_ns = live->options->linger_ns == LIVE_FOREVER ? LIVE_FOREVER
									 : live_clock() + live->options->linger_ns;
}

static void check_linger(struct live *live, uint64_t now_ns)
{
	if (!live->command_over || live->stage != STAGE_RUNNING)
		return;
	if (now_ns >= live->linger_until_ns) {
		finish_with(live, ENDED_COMMAND);
		return;
	}
	if (now_ns < live->linger_check_ns)
		return;
	live->linger_check_ns = now_ns + LINGER_CHECK_NS;
	if (!targets_live(live))
		finish_with(live, ENDED_COMMAND);
}

/* --for: attach simply reports; CMD is asked to end, and made to 5 s later, as timeout(1) does. */
static void check_deadline(struct live *live, uint64_t now_ns)
{
	if (live->kill_ns && now_ns >= live->kill_ns) {
		live->kill_ns = 0;
		if (!live->command_over)
			kill(live->command.pid, SIGKILL);
	}
	if (!live->deadline_ns || now_ns < live->deadline_ns)
		return;
	live->deadline_ns = 0;
	live->by_deadline = true;
	if (live->options->mode != MODE_RUN || live->command_over) {
		finish_with(live, ENDED_DURATION);
		return;
	}
	kill(live->command.pid, SIGTERM);
	live->kill_ns = now_ns + KILL_AFTER_NS;
}

/* A key reaches CMD by itself, being in the same foreground group; a signal sent to lifeline alone is passed on. */
static void run_signal(struct live *live, const struct signalfd_siginfo *info)
{
	const bool from_keyboard = info->ssi_code == SI_KERNEL;

	if (live->command_over) {
		finish_with(live, ENDED_INTERRUPT);
		return;
	}
	if (!from_keyboard)
		kill(live->command.pid, (int)info->ssi_signo);
	if (info->ssi_signo == SIGINT && ++live->interrupts >= 2)
		finish_with(live, ENDED_INTERRUPT);
}

static void read_signals(struct live *live)
{
	struct signalfd_siginfo info;

	while (read(live->signals, &info, sizeof(info)) == sizeof(info)) {
		if (live->options->mode == MODE_RUN)
			run_signal(live, &info);
		else
			finish_with(live, ENDED_INTERRUPT);
	}
}

static bool is_target_fd(const struct live *live, int fd)
{
	for (unsigned i = 0; live->target_fds && i < live->options->pid_count; i++)
		if (live->target_fds[i] == fd)
			return true;
	return false;
}

static void handle(struct live *live, int fd)
{
	if (fd == live->signals) {
		read_signals(live);
	} else if (fd == live->command.pidfd) {
		command_ended(live);
	} else if (is_target_fd(live, fd)) {
		epoll_ctl(live->epoll, EPOLL_CTL_DEL, fd, NULL);
		if (!--live->targets_left)
			finish_with(live, ENDED_TARGETS_GONE);
	}
}

static void wait_a_turn(struct live *live, int milliseconds)
{
	struct epoll_event events[16];
	int count = epoll_wait(live->epoll, events, 16, milliseconds);

	for (int i = 0; i < count; i++)
		handle(live, events[i].data.fd);
}

/* ---- turns --------------------------------------------------------------------------------------------- */

static void look_if_due(struct live *live, uint64_t now_ns)
{
	if (overdue_look_due(&live->overdue, now_ns, live->options->zombie_after_ns))
		look(live, ITERATE_ZOMBIES, GROUP_WAIT);
}

/* On time for whoever adds them up when the interval is over: between this turn's tick and the next one's. */
static void count_if_due(struct live *live, uint64_t now_ns)
{
	const uint64_t interval_ns = live->options->interval_ns;

	if (!interval_ns || now_ns < live->count_ns)
		return;
	while (live->count_ns <= now_ns)
		live->count_ns += interval_ns;
	look(live, ITERATE_COUNTERS, GROUP_SWITCH);
}

/* What was called before a library had its probes is lost. */
static void find_libraries(struct live *live)
{
	probes_turn(&live->probes);
	live->looks_failed[GROUP_LOCK] += live->probes.missed;
	live->probes.missed = 0;
}

static int turn(struct live *live)
{
	uint64_t now_ns;

	live_bpf_sample_wakes(&live->bpf, live->turn % SAMPLE_EVERY == SAMPLE_FIRST);
	wait_a_turn(live, live->options->mode == MODE_RUN ? TURN_MS : TURN_STAYING_MS);
	now_ns = live_clock();
	ring_buffer__consume(live->ring);
	if (live->stop)
		finish_with(live, ENDED_INTERRUPT);
	check_deadline(live, now_ns);
	check_linger(live, now_ns);
	look_if_due(live, now_ns);
	count_if_due(live, now_ns);
	if (wants_holds(live))
		find_libraries(live);
	if (live->locks && live->turn % DRAIN_EVERY == 0)
		locks_drain(live->locks, false, now_ns);
	if (live->locks)
		locks_watch(live->locks, now_ns);
	if (wants_sessions(live) && sessions_turn(&live->sessions, &live->bpf, now_ns, pass, live) && !live->failed)
		live->looks_failed[GROUP_SESSION]++;
	if (++live->turn % LOSS_EVERY == 0)
		tell_losses(live, now_ns);
	tell_tick(live, now_ns); /* held back as long as any other record, so what came before it is told before it */
	return live->failed ? live->failed : 1;
}

/* CMD is over, and what it left behind may be in the middle of becoming a daemon: a few more moments, or it would be
 * judged by half of its steps. */
static void let_settle(struct live *live)
{
	const uint64_t until_ns = live_clock() + BECOMING_MS * 1000000ULL;

	if (!wants_sessions(live))
		return;
	sessions_look_again(&live->sessions, &live->bpf, false, pass, live);
	while (!live->failed && live_clock() < until_ns && sessions_unsettled(&live->sessions, live_clock())) {
		usleep(BECOMING_STEP_US);
		ring_buffer__consume(live->ring);
		sessions_turn(&live->sessions, &live->bpf, live_clock(), pass, live);
	}
	if (sessions_look_again(&live->sessions, &live->bpf, true, pass, live) && !live->failed)
		live->looks_failed[GROUP_SESSION]++;
}

/* A thread that exits wakes others before its last switch: who joins it (mm_release), who waits for the process
 * (exit_notify). These may run first, be CMD's end and wake us, on the very processor that the thread wants to leave.
 * Its counters come with that switch, and so does all that is known of a process as a whole. */
static bool last_switches_missing(const struct live *live)
{
	return (live->command_over && !live->command_end_told) || live->exiting > 0;
}

/* Of those that attach watches some exit at any moment, and after a loss the count of the exiting is of no use. */
static uint64_t time_to_settle(const struct live *live)
{
	const bool counted = live->options->mode == MODE_RUN && !live->lost_lives;

	return (counted ? SETTLE_RUN_MS : SETTLE_MS) * 1000000ULL;
}

/* The last words: wait until the last switches of those that exited were told, then what the living are like. */
static int last_turn(struct live *live)
{
	uint64_t until_ns = live_clock() + time_to_settle(live);

	ring_buffer__consume(live->ring);
	while (last_switches_missing(live) && live_clock() < until_ns) {
		usleep(200);
		ring_buffer__consume(live->ring);
	}
	let_settle(live);
	if (wants_holds(live))
		find_libraries(live);
	if (overdue_any(&live->overdue))
		look(live, ITERATE_ZOMBIES, GROUP_WAIT);
	if (live->options->wants & (1U << GROUP_SWITCH))
		look(live, ITERATE_COUNTERS, GROUP_SWITCH);
	ring_buffer__consume(live->ring);
	if (live->locks) {
		locks_watch_end(live->locks);
		locks_drain(live->locks, true, live_clock());
	}
	if (wants_holds(live))
		holds_end(live->locks);
	tell_losses(live, live_clock());
	tell_finish(live);
	return live->failed;
}

static int first_turn(struct live *live)
{
	tell_begin(live);
	live->stage = STAGE_RUNNING;
	if (live->options->mode != MODE_RUN)
		look(live, ITERATE_SNAPSHOT, GROUP_LIFE);
	if (live->options->mode != MODE_RUN && wants_sessions(live) &&
	    sessions_look_at_all(&live->sessions, &live->bpf, pass, live) && !live->failed)
		live->looks_failed[GROUP_SESSION]++;
	if (overdue_any(&live->overdue))
		look(live, ITERATE_ZOMBIES, GROUP_WAIT);
	return live->failed ? live->failed : 1;
}

static int live_pump(struct source *source, record_fn record, void *context, struct error *error)
{
	struct live *live = (struct live *)source;
	int result;

	live->record = record;
	live->context = context;
	if (live->stage == STAGE_BEGIN)
		result = first_turn(live);
	else if (live->stage == STAGE_RUNNING)
		result = turn(live);
	else
		result = last_turn(live);
	if (result < 0)
		error_errno(error, result, "observation ended early");
	return result;
}

static void live_stop(struct source *source)
{
	((struct live *)source)->stop = 1;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void *unload(void *context)
{
	struct live *live = context;

	live_bpf_unload(&live->bpf);
	return NULL;
}

static void give_signals_back(struct live *live)
{
	if (live->signals < 0)
		return;
	close(live->signals);
	live->signals = -1;
	sigprocmask(SIG_SETMASK, &live->old_mask, NULL);
}

/* A program on a single call takes the kernel some 0.1 s to remove, and attach can have thirty: nobody should wait for
 * the report so long, nor should the programs stay as long as it takes to read it. */
static void live_release(struct source *source)
{
	struct live *live = (struct live *)source;
	sigset_t all, before;

	ring_buffer__free(live->ring);
	live->ring = NULL;
	give_signals_back(live);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the thread that reports */
	live->unloading = !pthread_create(&live->unloader, NULL, unload, live);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void live_close(struct source *source)
{
	struct live *live = (struct live *)source;

	if (live->unloading)
		pthread_join(live->unloader, NULL);
	else
		live_bpf_unload(&live->bpf);
	ring_buffer__free(live->ring);
	for (unsigned i = 0; live->target_fds && i < live->options->pid_count; i++)
		close_fd(live->target_fds[i]);
	free(live->target_fds);
	close_fd(live->command.pidfd);
	close_fd(live->epoll);
	give_signals_back(live);
	overdue_free(&live->overdue);
	locks_free(live->locks);
	probes_free(&live->probes);
	sessions_free(&live->sessions);
	free(live);
}

static const struct source_ops live_ops = {
	.pump = live_pump,
	.stop = live_stop,
	.release = live_release,
	.close = live_close,
	.reorder_ns = REORDER_NS,
};

int source_live_open(struct live_options *options, struct source **source, struct error *error)
{
	struct live *live = calloc(1, sizeof(*live));
	int result;

	if (!live)
		return error_errno(error, -ENOMEM, "cannot observe");
	live->source.ops = &live_ops;
	live->options = options;
	live->command.pidfd = live->signals = live->epoll = -1;
	live->bpf.iterator_link = -1;
	live->exit_status = -1;
	result = open_live(live, error);
	if (result) {
		live_close(&live->source);
		return result;
	}
	find_host_pid(live);
	*source = &live->source;
	return 0;
}

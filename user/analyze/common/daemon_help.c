/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Texts about a daemon; see daemon_help.h.
 */
#include "analyze/common/daemon_help.h"

#include <stdio.h>
#include <string.h>

#include "analyze/common/words.h"

/* ---- its pidfile ------------------------------------------------------------------------------------------- */

/* After its starter had ended? Only what is certain: it was made after that, or written last after that. */
static bool written_late(const struct pidfile *file, const struct process *starter)
{
	if (!starter || !starter->exited_ns || !file->opened_ns)
		return false;
	return file->opened_ns > starter->exited_ns ||
	       (file->modified_ns > starter->exited_ns && file->modified_ns <= file->looked_ns);
}

static uint64_t written_ns(const struct pidfile *file)
{
	return file->opened_ns > file->modified_ns ? file->opened_ns : file->modified_ns;
}

/* It had something in it before this program wrote it. */
static bool was_stale(const struct pidfile *file, const struct process *process)
{
	return file->existed && file->opened_ns && (file->old_size > 0 || file->old_holds) &&
	       file->old_holds != process->id.pid && file->old_alive != 1;
}

static bool was_left(const struct pidfile *file, const struct process *process)
{
	return process->exited_ns && file->left_ns > process->exited_ns && process_ref_equal(file->owner, process->id);
}

struct daemon_troubles daemon_troubles_of(const struct model *model, const struct process *process,
					  const struct daemonhood *daemon)
{
	const struct pidfile *file = daemon->pidfile;
	struct daemon_troubles troubles = {0};

	(void)model;
	if (!file)
		return troubles;
	troubles.late = written_late(file, daemon->starter);
	troubles.stale = was_stale(file, process);
	troubles.left = was_left(file, process);
	if (troubles.late || troubles.stale || troubles.left)
		snprintf(troubles.words, sizeof troubles.words, "; its pidfile %s%s%s%s%s",
			 troubles.stale ? "was there already" : "",
			 troubles.stale && (troubles.late || troubles.left) ? ", " : "",
			 troubles.late ? "was written after its starter had ended" : "",
			 troubles.late && troubles.left ? ", " : "", troubles.left ? "was left behind" : "");
	return troubles;
}

static void tell_stale(struct finding *finding, const struct pidfile *file)
{
	if (file->old_holds)
		finding_evidence(
		    finding, file->met_ns,
		    "the pidfile %s was there already and held %u%s: an earlier run did not remove it, and "
		    "whoever had trusted it could have signalled a stranger",
		    file->path, file->old_holds, file->old_alive ? "" : ", which does not exist");
	else
		finding_evidence(finding, file->met_ns,
				 "the pidfile %s was there already (%lld bytes): an earlier run did not remove it, and "
				 "whoever had trusted it could have signalled a stranger",
				 file->path, (long long)file->old_size);
}

static void tell_written(struct finding *finding, const struct pidfile *file, const struct daemonhood *daemon,
			 bool late)
{
	const uint64_t at_ns = written_ns(file);

	if (late)
		finding_evidence(
		    finding, at_ns,
		    "the pidfile %s was written %s after its starter had ended: a start script that reads it "
		    "at once finds nothing, or an old one",
		    file->path, words_duration(at_ns - daemon->starter->exited_ns).text);
	else if (file->opened_ns)
		finding_evidence(finding, file->opened_ns, "wrote the pidfile %s%s", file->path,
				 file->locked_ns ? " and locked it" : "");
	else
		finding_evidence(finding, file->looked_ns, "its pidfile is %s", file->path);
}

void daemon_tell_pidfile(struct finding *finding, const struct model *model, const struct process *process,
			 const struct daemonhood *daemon, const struct daemon_troubles *troubles)
{
	const struct pidfile *file = daemon->pidfile;

	(void)model;
	if (!file)
		return;
	if (troubles->stale)
		tell_stale(finding, file);
	else if (file->existed && file->opened_ns && file->old_size < 0)
		finding_evidence(finding, file->met_ns,
				 "the pidfile %s was there already; what it held was cut away by opening it",
				 file->path);
	tell_written(finding, file, daemon, troubles->late);
	if (troubles->left)
		finding_evidence(
		    finding, file->left_ns,
		    "the pidfile is still there after its end: once its pid is used again, a stop script will "
		    "signal a stranger");
	if (file->removed_ns)
		finding_evidence(finding, file->removed_ns, "%s removed the pidfile",
				 process_ref_equal(file->removed_by, process->id)
				     ? "it"
				     : words_named(file->removed_comm, file->removed_by).text);
}

/* ---- consequences -------------------------------------------------------------------------------------------- */

static void standard_consequence(struct buffer *line, const struct session_look *look, int number)
{
	const char *text = look->standard_text[number];
	const char *name = text && text[0] == '/' ? text : "the terminal";

	switch (look->standard[number]) {
	case DESCRIPTOR_CLOSED:
		buffer_format(line,
			      "%d is closed, so the next file or connection that it opens gets that number, and what "
			      "a library %s ends up there",
			      number, number ? "prints" : "reads");
		break;
	case DESCRIPTOR_TERMINAL:
		buffer_format(
		    line,
		    number ? "it is still %s: output appears in somebody's shell, and once the terminal closes each "
			     "write fails with EIO"
			   : "it is still %s: it takes input away from somebody's shell, and once the terminal "
			     "closes each read fails with EIO",
		    name);
		break;
	default:
		buffer_format(
		    line,
		    "it is still the %s that its starter gave it: whoever waits for the end of that waits as long as "
		    "the daemon lives",
		    look->standard[number] == DESCRIPTOR_SOCKET ? "socket" : "pipe");
	}
}

static void setsid_consequence(struct buffer *line, const struct session_look *look)
{
	if (look->hangup == DISPOSITION_DEFAULT)
		buffer_format(
		    line,
		    "it is still in session %u of its starter and dies of SIGHUP when that terminal closes, or "
		    "of the ^C typed there",
		    look->sid);
	else
		buffer_format(
		    line, "it is still in session %u of its starter: it %s SIGHUP, but gets the ^C and ^Z typed there",
		    look->sid, look->hangup == DISPOSITION_IGNORED ? "ignores" : "handles");
}

void daemon_consequence(struct buffer *line, const struct session_look *look, enum daemon_step step)
{
	switch (step) {
	case STEP_SETSID:
		setsid_consequence(line, look);
		break;
	case STEP_SECOND_FORK:
		buffer_text_append(
		    line, look->terminal ? "it leads its session and has got a controlling terminal again"
					 : "it leads its session, so a terminal that it opens (a log on /dev/console, "
					   "say) becomes its controlling one, signals and all");
		break;
	case STEP_CHDIR:
		buffer_format(line,
			      "its working directory%s%s keeps the file system that it is on from being unmounted",
			      look->cwd ? " " : "", look->cwd ? look->cwd : "");
		break;
	case STEP_UMASK:
		buffer_format(line, "the mask %04o was inherited: the modes of its files depend on who starts it",
			      look->umask);
		break;
	case STEP_STDIN:
	case STEP_STDOUT:
	case STEP_STDERR:
		standard_consequence(line, look, (int)(step - STEP_STDIN));
		break;
	default:
		buffer_text_append(line, "its starter has to wait for it");
	}
}

/* ---- what to do ------------------------------------------------------------------------------------------------ */

static void add_calls(struct buffer *help, const struct daemonhood *daemon)
{
	static const char *const calls[STEP_COUNT] = {
	    [STEP_SETSID] = "setsid() after the first fork",
	    [STEP_SECOND_FORK] = "a second fork() after setsid(), whose parent ends",
	    [STEP_CHDIR] = "chdir(\"/\")",
	    [STEP_UMASK] = "umask(0), or the mask that it wants",
	};
	unsigned count = 0;
	int null = 0;

	for (int i = 0; i < STEP_COUNT; i++) {
		if (daemon->steps[i] != ANSWER_NO)
			continue;
		if (i >= STEP_STDIN)
			null++;
		else if (calls[i])
			buffer_format(help, "%s%s", count++ ? "; " : "Add: ", calls[i]);
	}
	if (!null)
		return buffer_text_append(help, count ? ".\n" : "");
	buffer_format(help, "%sint null = open(\"/dev/null\", O_RDWR);", count ? "; " : "Add: ");
	for (int i = STEP_STDIN; i < STEP_COUNT; i++)
		if (daemon->steps[i] == ANSWER_NO)
			buffer_format(help, " dup2(null, %d);", i - STEP_STDIN);
	buffer_char(help, '\n');
}

/* One word of ExecStart=, as systemd.service(5) and systemd.syntax(7) want it. */
static void add_word(struct buffer *help, const char *word, size_t length)
{
	const bool quote = !length || strcspn(word, " \t\n\"'\\;") < length;

	if (quote)
		buffer_char(help, '"');
	for (size_t i = 0; i < length; i++) {
		if (word[i] == '%' || word[i] == '$')
			buffer_char(help, word[i]);
		else if (word[i] == '"' || word[i] == '\\')
			buffer_char(help, '\\');
		if (word[i] == '\n')
			buffer_text_append(help, "\\n");
		else
			buffer_char(help, word[i]);
	}
	if (quote)
		buffer_char(help, '"');
}

/*
 * The program's path. Started through a link it goes by the link's name, and may do something else under its own
 * (Debian's redis-server is a link to redis-check-rdb): then the name that it was called by, in the same folder.
 */
static void add_program(struct buffer *help, const struct process *process)
{
	const char *called = process->argv ? process->argv : "", *slash, *folder_end = strrchr(process->exe, '/');
	const size_t length = strnlen(called, process->argv_length),
		     folder = folder_end ? (size_t)(folder_end - process->exe) : 0;
	struct buffer path = {0};

	slash = memrchr(called, '/', length);
	if (length && called[0] == '/') {
		add_word(help, called, length);
		return;
	}
	called = slash ? slash + 1 : called;
	/* what a process calls itself later ("nginx: master process") is not a name that it was called by */
	if (!length || called[0] == '-' || strcspn(called, " :") < strlen(called) ||
	    !strcmp(called, process->exe + folder + 1)) {
		add_word(help, process->exe, strlen(process->exe));
		return;
	}
	buffer_append(&path, process->exe, folder);
	buffer_char(&path, '/');
	buffer_append(&path, called, strnlen(called, process->argv_length));
	add_word(help, buffer_text(&path), path.length);
	help->failed |= path.failed;
	buffer_free(&path);
}

/* The program's path, then its arguments as it was given them. */
static void add_command(struct buffer *help, const struct process *process)
{
	const char *argument = process->argv, *end = argument ? argument + process->argv_length : NULL;

	buffer_text_append(help, "ExecStart=");
	if (process->exe)
		add_program(help, process);
	else
		buffer_text_append(help, "/path/of/program");
	for (bool first = true; argument && argument < end; first = false) {
		const size_t length = strnlen(argument, (size_t)(end - argument));

		if (!first) {
			buffer_char(help, ' ');
			add_word(help, argument, length);
		}
		argument += length + 1;
	}
	buffer_char(help, '\n');
}

void daemon_help(struct finding *finding, const struct process *process, const struct daemonhood *daemon)
{
	struct buffer help = {0};

	add_calls(&help, daemon);
	buffer_text_append(&help, "As a systemd unit, as it is:\n[Service]\nType=forking\n");
	if (daemon->pidfile)
		buffer_format(&help, "PIDFile=%s\n", daemon->pidfile->path);
	add_command(&help, process);
	buffer_format(
	    &help,
	    "Better, with daemonising left out (an option such as --foreground, or the code): Type=%s without "
	    "PIDFile=. systemd then does all of these steps itself.",
	    process->steps && process->steps->listen_ns
		? "notify and sd_notify(\"READY=1\") once it listens,"
		: "simple, or notify and sd_notify(\"READY=1\") once it is ready,");
	finding_help(finding, "%s", buffer_text(&help));
	buffer_free(&help);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The end of a process in one line; see ending.h.
 */
#include "analyze/common/ending.h"

struct words ending_sender(const struct model *model, const struct signal_note *note)
{
	const struct process *sender = model_find(model, note->sender);

	return note->sender_comm[0] || !sender ? words_named(note->sender_comm, note->sender) : words_who(sender);
}

struct words ending_sent(const struct model *model, const struct signal_note *note)
{
	if (note->syscall < 0)
		return words_format(", sent by %.40s", ending_sender(model, note).text);
	return words_format(", sent by %.40s with %.40s", ending_sender(model, note).text,
			    words_syscall(model, note->syscall).text);
}

const struct signal_note *ending_request(const struct process *process, const struct signal_note *killer)
{
	const struct signal_note *term = process->term;

	return term && killer && term->at_ns < killer->at_ns ? term : NULL;
}

void ending_reaping(struct buffer *line, const struct model *model, const struct process *process)
{
	if (process->autoreaped)
		buffer_text_append(line, "; nobody had to reap it");
	else if (process->reaped_ns && process->reaper.pid && process->dead_ns &&
		 process->reaped_ns >= process->dead_ns)
		buffer_format(line, "; %s reaped it %s after its death",
			      words_named(process->reaper_comm, process->reaper).text,
			      words_duration(process->reaped_ns - process->dead_ns).text);
	else if (process_zombie_ns(model, process) > model_observation(model)->zombie_after_ns)
		buffer_text_append(line, "; nobody has reaped it");
}

static const char *whence(const struct signal_note *note)
{
	return note->origin == SIGNAL_KERNEL ? " from the kernel" : NULL;
}

static void add_signal(struct buffer *line, const struct model *model, const struct signal_note *note, const char *from)
{
	buffer_format(line, "%s%s", words_signal(note->signal).text, from ? from : ending_sent(model, note).text);
}

void ending_signal(struct buffer *line, const struct model *model, const struct process *process,
		   const struct signal_note *killer, const char *from)
{
	const struct signal_note *request = ending_request(process, killer);

	add_signal(line, model, killer, from);
	if (process->status & 0x80)
		buffer_text_append(line, ", core dumped");
	if (request) {
		buffer_format(line, ", %s after ", words_duration(killer->at_ns - request->at_ns).text);
		add_signal(line, model, request, whence(request));
	}
	ending_reaping(line, model, process);
}

/* An end of its own accord after it was asked to: the signal that it answered so. */
static bool answered(const struct process *process)
{
	return process->term && process->exited_ns && process->term->at_ns <= process->exited_ns;
}

void ending_line(struct buffer *line, const struct model *model, const struct process *process)
{
	if (process->killer) {
		ending_signal(line, model, process, process->killer, whence(process->killer));
		return;
	}
	buffer_text_append(line, process->has_status ? words_status(process->status).text : "how is not known");
	if (answered(process)) {
		buffer_format(line, ", %s after ", words_duration(process->exited_ns - process->term->at_ns).text);
		add_signal(line, model, process->term, whence(process->term));
	}
	ending_reaping(line, model, process);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The end of a process in one line: which signal, who sent it by which call, how long after it had been asked, who
 * reaped it and how late.
 */
#ifndef LIFELINE_ANALYZE_COMMON_ENDING_H
#define LIFELINE_ANALYZE_COMMON_ENDING_H

#include "analyze/common/words.h"
#include "base/buffer.h"

/* NAME (PID) of a sender, as it was called then. */
struct words ending_sender(const struct model *model, const struct signal_note *note);
/* ", sent by NAME (PID) with kill" */
struct words ending_sent(const struct model *model, const struct signal_note *note);
/* The earlier request to end, if `killer` came after one. NULL: none, or that was it itself. */
const struct signal_note *ending_request(const struct process *process, const struct signal_note *killer);
/* Appends "; NAME (PID) reaped it 40 us after its death", or that nobody did for long; else nothing. */
void ending_reaping(struct buffer *line, const struct model *model, const struct process *process);
/* Appends the line of a death by this signal. whence: " from the kernel" and the like, or NULL: from its sender. */
void ending_signal(struct buffer *line, const struct model *model, const struct process *process,
		   const struct signal_note *killer, const char *whence);
/* The whole line of a process that has ended: "SIGKILL, sent by sh (7) with kill, 2.00 s after SIGTERM from sh (7); …"
 */
void ending_line(struct buffer *line, const struct model *model, const struct process *process);

#endif

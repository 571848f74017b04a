/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The sections of the text report, each in a file of its own. They return 0 or -ENOMEM; output errors latch in the
 * FILE.
 */
#ifndef LIFELINE_SINK_COMMON_REPORT_H
#define LIFELINE_SINK_COMMON_REPORT_H

#include "sink/common/page.h"

struct text_report {
	struct page page;
	const struct sink_context *context;
	const struct model *model;
	const struct process **processes; /* those listed, by birth */
	size_t process_count;
};

/* Findings as diagnostics, worst first. */
void report_diagnostics(struct text_report *report);
/* The tree of processes, each with its lifeline. */
int report_tree(struct text_report *report);
/* Locks that made threads wait; -ENOMEM. */
int report_locks(struct text_report *report);
/* Threads and what they wait for now, chains and circles of them. */
int report_waiting(struct text_report *report);
/* Context switches, and where the time went. */
int report_switches(struct text_report *report);
/* A few lines on the whole; -ENOMEM. */
int report_summary(struct text_report *report);

/* Shared words. "4711 (demo)" with the name escaped; only the number where no name is known: */
void add_process_name(struct text_report *report, uint32_t pid, const char comm[COMM_SIZE]);
/* "exit 3", "SIGKILL", "SIGSEGV (core)". */
void describe_ending(struct buffer *out, int32_t status);
/* A command line as shell words, at most `limit` bytes of it. */
void describe_command(struct buffer *out, const char *words, size_t total, size_t limit);

#endif

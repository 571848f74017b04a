/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which SIGHUP was that of an orphaned process group? When a dying process leaves a group with stopped members
 * orphaned, the kernel sends SIGHUP and then SIGCONT to all of it (kernel/exit.c, kill_orphaned_pgrp). A dying session
 * leader sends SIGHUP to the foreground group of its terminal too, but without SIGCONT (drivers/tty/tty_jobctrl.c,
 * disassociate_ctty).
 */
#ifndef LIFELINE_ANALYZE_COMMON_HANGUP_H
#define LIFELINE_ANALYZE_COMMON_HANGUP_H

#include <stdbool.h>

#include "base/hash.h"
#include "model/model.h"

struct hangups { /* zero is empty */
	struct hash continued;
};

/* To be shown each event. 0 or -ENOMEM. */
int hangups_event(struct hangups *hangups, const struct model *model, const struct event *event);
bool hangups_of_orphaned_group(const struct hangups *hangups, const struct process *process);
void hangups_forget(struct hangups *hangups, const struct process *process);
void hangups_free(struct hangups *hangups);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The longer texts about a daemon: what a missing step costs, what was wrong with its pidfile, and what to do.
 */
#ifndef LIFELINE_ANALYZE_COMMON_DAEMON_HELP_H
#define LIFELINE_ANALYZE_COMMON_DAEMON_HELP_H

#include "analyze/common/daemonhood.h"
#include "base/buffer.h"

struct daemon_troubles { /* with its pidfile */
	bool late;       /* written after the starter had ended */
	bool stale;      /* one of an earlier run was there when it started */
	bool left;       /* still there after it had ended */
	char words[96];  /* for the title: "; its pidfile …", or "" */
};

struct daemon_troubles daemon_troubles_of(const struct model *model, const struct process *process,
					  const struct daemonhood *daemon);
void daemon_tell_pidfile(struct finding *finding, const struct model *model, const struct process *process,
			 const struct daemonhood *daemon, const struct daemon_troubles *troubles);
/* One sentence on what it costs that this step was left out. */
void daemon_consequence(struct buffer *line, const struct session_look *look, enum daemon_step step);
/* What to add to the program, and the systemd unit to run it by. */
void daemon_help(struct finding *finding, const struct process *process, const struct daemonhood *daemon);

#endif

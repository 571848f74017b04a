/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Why was a dead child left unreaped for so long? The one cause that the facts of a custody prove, most telling first.
 */
#ifndef LIFELINE_ANALYZE_COMMON_CAUSE_H
#define LIFELINE_ANALYZE_COMMON_CAUSE_H

#include "analyze/common/custody.h"

enum cause {
	NEVER_WAITED,
	REAPER_STUCK,
	WAITS_FOR_OTHER,
	SIGNALS_MERGED,
	PARENT_STOPPED,
	TRACED,
	ADOPTER_NEGLIGENT,
	UNREAPED, /* of a snapshot: its state proves none of the above */
	LEADER_EXITED,
	LEAK,
	CAUSE_COUNT,
	NOT_PROVEN = CAUSE_COUNT,
};

/* NOT_PROVEN: something was in the way that none of the others explains; then nothing is said. */
enum cause cause_of(const struct analysis *analysis, const struct custody *custody);
/* Pid of a tracer, other than the parent, that held the child when the limit passed; 0: none. */
uint32_t cause_tracer(const struct analysis *analysis, const struct custody *custody);

#endif

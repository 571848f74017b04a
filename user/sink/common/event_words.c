/* SPDX-License-Identifier: BSD-2-Clause
 * Numbers of events in words; see event_words.h. */
#include "sink/common/event_words.h"

#include <stddef.h>

#include "event/event.h"

#define NAME_AT(names, index) ((index) < sizeof(names) / sizeof(*(names)) ? (names)[index] : NULL)

const char *event_wait_call_name(uint32_t call)
{
	static const char *const names[] = {[WAIT_CALL_WAIT4] = "wait4", [WAIT_CALL_WAITID] = "waitid"};

	return NAME_AT(names, call);
}

int64_t event_wait_target(uint32_t type, int32_t target)
{
	if (type == WAIT_PID)
		return target;
	return type == WAIT_PGID ? -(int64_t)target : -1;
}

const char *event_signal_result_name(uint32_t result)
{
	static const char *const names[] = {"delivered", "ignored", "pending", "lost", "lost"};

	return NAME_AT(names, result);
}

const char *event_switch_reason_name(uint32_t reason)
{
	static const char *const names[] = {
	    [SWITCH_INVOLUNTARY] = "involuntary",
#define REASON(upper, lower) [BLOCKED_##upper + 1] = #lower,
	    BLOCKED_REASONS(REASON)
#undef REASON
	    [SWITCH_ENDED] = "exit",
	};

	return NAME_AT(names, reason);
}

const char *event_lock_outcome_name(uint32_t outcome)
{
	static const char *const names[] = {[LOCK_ACQUIRED] = "acquired",
					    [LOCK_TIMEOUT] = "timeout",
					    [LOCK_GAVE_UP] = "gave-up",
					    [LOCK_FAILED] = "failed",
					    [LOCK_OWNER_DIED] = "owner-died"};

	return NAME_AT(names, outcome);
}

uint32_t event_holder_tid(uint32_t holder, uint32_t tid)
{
	return holder == HOLDER_UNKNOWN || holder == HOLDER_NOBODY ? 0 : tid;
}

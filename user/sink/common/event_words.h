/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Numbers of events in the words that exports use. NULL where a number has no name, which is null in an export.
 */
#ifndef LIFELINE_SINK_COMMON_EVENT_WORDS_H
#define LIFELINE_SINK_COMMON_EVENT_WORDS_H

#include <stdint.h>

const char *event_wait_call_name(uint32_t call);
/* As waitpid(2) is given it: -1 any child, a pid, or a process group as a negative number (0: the caller's own). */
int64_t event_wait_target(uint32_t type, int32_t target);
const char *event_signal_result_name(uint32_t result);
const char *event_switch_reason_name(uint32_t reason);
const char *event_lock_outcome_name(uint32_t outcome);
/* The holder's tid as far as it is known, else 0. */
uint32_t event_holder_tid(uint32_t holder, uint32_t tid);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Facts of the model in the words that all reports share, so that text, JSON and whatever comes later can't drift
 * apart.
 */
#ifndef LIFELINE_SINK_COMMON_DESCRIBE_H
#define LIFELINE_SINK_COMMON_DESCRIBE_H

#include "base/buffer.h"
#include "base/json.h"
#include "model/model.h"

#define PROCESS_ID_SIZE 40 /* "4294967295@18446744073709551615" and its end fit */

/* A wait status taken apart: code is -1 if a signal ended it, signal is 0 otherwise. */
struct ending {
	int code, signal;
	bool core;
};
struct ending describe_status(int32_t status);
/* The signal's name, "SIG77" if it has none; written into `out` if it must be made up. */
const char *describe_signal(int signal, char out[16]);

/* "4712@81234567890", SPEC's process id. False (and an empty text) if nobody is meant. */
bool describe_process_id(struct process_ref ref, char out[PROCESS_ID_SIZE]);

/* SPEC's names; NULL where SPEC has none, which is null in JSON. */
const char *describe_mode(const struct observation *observation);
const char *describe_ended_by(const struct observation *observation);
const char *describe_adopt_rule(uint32_t rule);
const char *describe_blocked_reason(enum blocked_reason reason);

#define STARTED_SIZE 48
/* When observation began by the wall clock, "2026-01-31T12:00:00.000000000Z"; NULL unknown. */
const char *describe_started(const struct observation *observation, char out[STARTED_SIZE]);

/* Since the start of observation; negative: before. */
int64_t observation_relative(const struct model *model, uint64_t t_ns);
uint64_t observation_duration(const struct model *model);
/* CMD itself; NULL if nothing was run, or it was never seen. */
const struct process *observation_command(const struct model *model);
/* CMD's wait status; false if nothing was run, or it had not ended. */
bool observation_exit(const struct model *model, int32_t *status);

/* The adoption that made an orphan of it: the first to another process, else the first to another thread; NULL none. */
const struct adoption *process_orphaning(const struct process *process);
/* Was it told of by its birth, an exec or a snapshot, so that uid, group and session are known? */
bool process_is_known(const struct process *process);
/* It died or was gone already at the end of observation. */
bool process_is_over(const struct process *process);

/* The next of NUL-separated words; NULL at the end. *length is without the NUL, which the last word may lack. */
const char *next_word(const char *words, size_t total, size_t *cursor, size_t *length);
/* All of them as an array of strings. */
void json_words(struct json *json, const char *words, size_t total);

/* All processes a report lists, by birth: the targets, and each subject of a finding. Free the array. */
struct findings;
int collect_processes(const struct model *model, const struct findings *findings, const struct process ***processes,
		      size_t *count);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Short texts that several analyzers put into sentences. Each is returned by value, so that it can stand as an
 * argument: finding_title(f, "%s was dead for %s", words_who(child).text, words_duration(ns).text); Names of processes
 * in them are as the kernel gave them: sinks escape.
 */
#ifndef LIFELINE_ANALYZE_COMMON_WORDS_H
#define LIFELINE_ANALYZE_COMMON_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "model/lock.h"
#include "model/model.h"

struct words {
	char text[128];
};

struct words words_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct words words_duration(uint64_t ns);
struct words words_who(const struct process *process);             /* "worker (4711)" */
struct words words_named(const char *comm, struct process_ref id); /* the same from its parts; comm may be empty */
struct words words_signal(int signal);                             /* "SIGTERM", "signal 77" */
struct words words_status(int status);                             /* "exit code 3", "SIGSEGV, core dumped" */
struct words words_id(struct process_ref id);                      /* "4711@81234567890", the id in JSON */
struct words words_syscall(const struct model *model, int number); /* "nanosleep", "system call 999" */
struct words words_wait(const struct wait_sign *wait);             /* "waitpid(4711, WNOHANG)" */
struct words words_state(uint32_t letter);                         /* "sleeping (S)", of the letter ps shows */

/* "key": "pid@start", or null for nobody. */
void words_json_id(struct json *json, const char *key, struct process_ref id);

/* What the parent does about SIGCHLD, as in JSON: default, ignored, handled or blocked. */
const char *words_sigchld(const struct zombie_look *look);
/* The members of a zombie's `detail` that tell of its parent; look: what it was seen doing, or NULL. */
void words_json_parent(struct json *json, const struct model *model, const struct process *parent,
		       const struct zombie_look *look);
/* Where a thread was seen standing: "in stay at hung.c:116, called from main at hung.c:159", and when. "": unknown. */
struct words words_stand(const struct process *process, uint32_t tid, uint64_t *at_ns);

/* Is it PID 1 of a pid namespace other than the first: a container's main program, most often? To it the kernel gives
 * the orphans of that namespace (pid_namespaces(7)). */
bool words_is_container_init(const struct process *process);

/* A point in time as JSON: nanoseconds since observation began; 0 is "not known" and becomes null. */
void words_json_time(struct json *json, const char *key, const struct model *model, uint64_t t_ns);

#endif

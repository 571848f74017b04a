/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Short texts for findings. A text too long for its place is cut, never overrun: the longest name is 15 bytes.
 */
#include "analyze/common/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/flags.h"
#include "base/syscall.h"
#include "base/text.h"

struct words words_format(const char *format, ...)
{
	struct words words;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words.text, sizeof words.text, format, arguments);
	va_end(arguments);
	return words;
}

struct words words_duration(uint64_t ns)
{
	struct buffer buffer = {0};
	struct words words;

	text_duration(&buffer, ns);
	words = words_format("%s", buffer_text(&buffer));
	buffer_free(&buffer);
	return words;
}

struct words words_named(const char *comm, struct process_ref id)
{
	if (!comm[0])
		return words_format("process %u", id.pid);
	return words_format("%.*s (%u)", COMM_SIZE, comm, id.pid);
}

struct words words_who(const struct process *process)
{
	return words_named(process->comm, process->id);
}

struct words words_signal(int signal)
{
	const char *name = text_signal_name(signal);

	return name ? words_format("%s", name) : words_format("signal %d", signal);
}

struct words words_status(int status)
{
	const int signal = status & 0x7f;

	if (!signal)
		return words_format("exit code %d", (status >> 8) & 0xff);
	return words_format("%s%s", words_signal(signal).text, status & 0x80 ? ", core dumped" : "");
}

struct words words_id(struct process_ref id)
{
	return words_format("%u@%llu", id.pid, (unsigned long long)id.start_ns);
}

struct words words_syscall(const struct model *model, int number)
{
	const char *arch = model_observation(model)->arch;
	const char *name = syscall_name_on(arch ? arch : "", number);

	return name ? words_format("%s", name) : words_format("system call %d", number);
}

static struct words wait_options(const struct wait_sign *wait)
{
	struct words words = {""};
	size_t length = 0;

	for (const struct flag_name *option = wait_option_names; option->bit; option++) {
		/* wait4 always means exited children; only waitid is told */
		if (!(wait->options & option->bit) || (wait->call == WAIT_CALL_WAIT4 && option->bit == 4))
			continue;
		length += (size_t)snprintf(words.text + length, sizeof words.text - length, "%s%s", length ? "|" : "",
					   option->name);
		if (length >= sizeof words.text)
			break;
	}
	if (!length)
		words.text[0] = '0', words.text[1] = '\0';
	return words;
}

struct words words_wait(const struct wait_sign *wait)
{
	static const char *const id_type[] = {[WAIT_ANY] = "P_ALL", [WAIT_PID] = "P_PID", [WAIT_PGID] = "P_PGID"};
	const struct words options = wait_options(wait);
	const uint32_t type = wait->type <= WAIT_PGID ? wait->type : WAIT_ANY;

	if (wait->call == WAIT_CALL_WAITID)
		return words_format("waitid(%s, %d, %.64s)", id_type[type], type == WAIT_ANY ? 0 : wait->target,
				    options.text);
	if (type == WAIT_PID)
		return words_format("waitpid(%d, %.64s)", wait->target, options.text);
	if (type == WAIT_PGID)
		return words_format("waitpid(-%d, %.64s)", wait->target, options.text);
	return words_format("waitpid(-1, %.64s)", options.text);
}

struct words words_state(uint32_t letter)
{
	static const struct {
		char letter;
		const char *word;
	} states[] = {
	    {'R', "running"}, {'S', "sleeping"}, {'D', "in uninterruptible sleep"},
	    {'T', "stopped"}, {'I', "idle"},     {'t', "stopped by a tracer"},
	    {'Z', "dead"},    {'X', "dead"},
	};

	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if ((uint32_t)states[i].letter == letter)
			return words_format("%s (%c)", states[i].word, states[i].letter);
	return words_format("in a state unknown");
}

void words_json_id(struct json *json, const char *key, struct process_ref id)
{
	if (id.pid)
		json_key_string(json, key, words_id(id).text);
	else
		json_key_null(json, key);
}

void words_json_time(struct json *json, const char *key, const struct model *model, uint64_t t_ns)
{
	if (t_ns)
		json_key_signed(json, key, (int64_t)(t_ns - model_observation(model)->begin_ns));
	else
		json_key_null(json, key);
}

const char *words_sigchld(const struct zombie_look *look)
{
	if (look->sigchld_blocked)
		return "blocked";
	if (look->sigchld == SIGCHLD_DEFAULT)
		return "default";
	return look->sigchld == SIGCHLD_HANDLED ? "handled" : "ignored";
}

void words_json_parent(struct json *json, const struct model *model, const struct process *parent,
		       const struct zombie_look *look)
{
	const char letter[2] = {(char)(look ? look->parent_state & 0x7f : 0), '\0'};

	words_json_id(json, "parent", parent->id);
	json_key_unsigned(json, "parent_pid", parent->id.pid);
	json_key_string(json, "parent_comm", parent->comm);
	json_key_string(json, "parent_state", letter[0] ? letter : NULL);
	json_key_string(json, "parent_syscall",
			look && look->syscall >= 0 ? words_syscall(model, look->syscall).text : NULL);
	json_key_string(json, "sigchld", look ? words_sigchld(look) : NULL);
}

#define FIRST_PIDNS 0xeffffffcU /* PROC_PID_INIT_INO, the same on each kernel and machine */

bool words_is_container_init(const struct process *process)
{
	return process->nspid == 1 && process->pidns && process->pidns != FIRST_PIDNS;
}

struct words words_stand(const struct process *process, uint32_t tid, uint64_t *at_ns)
{
	for (const struct thread *thread = process->threads; thread; thread = thread->next) {
		const struct thread_wait *wait = thread->tid == tid ? thread_wait_now(thread) : NULL;

		if (!wait || !wait->site || !wait->site->frame_count)
			continue;
		*at_ns = wait->looked_ns;
		if (wait->site->frame_count == 1)
			return words_format("in %.100s", wait->site->frames[0]);
		return words_format("in %.50s, called from %.50s", wait->site->frames[0], wait->site->frames[1]);
	}
	return (struct words){""};
}

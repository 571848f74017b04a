/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `lifeline doctor`: what works here, what works less well, what cannot work, why, and what would mend it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/command.h"
#include "cli/wrap.h"
#include "source/probe.h"

struct doctor_options {
	const char *output;
	int format; /* 0 text, 1 json */
	int color;  /* enum color_mode */
};

static const struct option options[] = {
    {.name = "output",
     .letter = 'o',
     .type = OPTION_TEXT,
     .offset = offsetof(struct doctor_options, output),
     .value = "FILE",
     .help = "Write to FILE instead of standard output."},
    {.name = "format",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct doctor_options, format),
     .choices = "text|json",
     .preset = "text",
     .help = "For people, or one JSON document."},
    {.name = "color",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct doctor_options, color),
     .choices = "auto|always|never",
     .preset = "auto",
     .help = "Colours; auto: on a terminal, unless NO_COLOR is set."},
    {0},
};

struct findings_here {
	struct capability *items;
	unsigned count;
	bool failed;
};

static const char *state_name(enum capability_state state)
{
	static const char *const names[] = {"works", "degraded", "impossible"};

	return names[state];
}

static void note(void *context, const struct capability *capability)
{
	struct findings_here *here = context;
	struct capability *items = realloc(here->items, (here->count + 1) * sizeof(*items));

	if (!items) {
		here->failed = true;
		return;
	}
	items[here->count++] = *capability;
	here->items = items;
}

static bool is_well(const struct findings_here *here)
{
	for (unsigned i = 0; i < here->count; i++)
		if (here->items[i].core && here->items[i].state == CAPABILITY_IMPOSSIBLE)
			return false;
	return true;
}

static void append_json(struct buffer *out, const struct findings_here *here)
{
	struct json json;

	json_begin(&json, out, true);
	json_object_open(&json);
	json_key_string(&json, "schema", "lifeline.doctor/1");
	json_key_bool(&json, "well", is_well(here));
	json_key(&json, "capabilities");
	json_array_open(&json);
	for (unsigned i = 0; i < here->count; i++) {
		const struct capability *capability = &here->items[i];

		json_object_open(&json);
		json_key_string(&json, "name", capability->name);
		json_key_string(&json, "state", state_name(capability->state));
		json_key_bool(&json, "core", capability->core);
		json_key_string(&json, "how", capability->how[0] ? capability->how : NULL);
		json_key_string(&json, "why", capability->why[0] ? capability->why : NULL);
		json_key_string(&json, "fix", capability->fix[0] ? capability->fix : NULL);
		json_object_close(&json);
	}
	json_array_close(&json);
	json_object_close(&json);
	buffer_char(out, '\n');
}

#define COLUMN 12 /* behind the state */

/* `label` and then the text, whose further lines stand at `indent`. */
static void append_line(struct buffer *out, const char *label, const char *text, int indent, int columns)
{
	struct buffer line = {0};

	text_escape(&line, text, strlen(text), 0);
	buffer_text_append(out, label);
	wrap_text(out, buffer_text(&line), indent, columns, COLUMN + (int)text_columns(label, strlen(label)));
	out->failed = out->failed || line.failed;
	buffer_free(&line);
}

static void append_detail(struct buffer *out, const char *label, const char *text, int columns)
{
	if (!text[0])
		return;
	wrap_blanks(out, COLUMN);
	append_line(out, label, text, COLUMN + (int)strlen(label), columns);
}

static void append_capability(struct buffer *out, const struct capability *capability, const struct output *output)
{
	static const char *const colors[] = {"\x1b[32m", "\x1b[33m", "\x1b[1;31m"};
	int columns = output->columns < 100 ? output->columns : 100;
	char label[160];

	snprintf(label, sizeof(label), "%s%s", capability->name, capability->how[0] ? ":" : "");
	buffer_format(out, "%s%-*s%s", output->color ? colors[capability->state] : "", COLUMN,
		      state_name(capability->state), output->color ? "\x1b[0m" : "");
	append_line(out, label, capability->how, COLUMN, columns);
	append_detail(out, "why: ", capability->why, columns);
	append_detail(out, "fix: ", capability->fix, columns);
}

static void append_text(struct buffer *out, const struct findings_here *here, const struct output *output)
{
	for (unsigned i = 0; i < here->count; i++)
		append_capability(out, &here->items[i], output);
	buffer_text_append(out, is_well(here)
				    ? "\nlifeline can work here.\n"
				    : "\nlifeline cannot work here before what is impossible above is mended.\n");
}

static int write_page(const struct findings_here *here, const struct doctor_options *doctor, struct error *error)
{
	struct buffer text = {0};
	struct output output;
	int err = output_open(&output, doctor->output, "the table", stdout, (enum color_mode)doctor->color, error);

	if (err < 0)
		return err;
	if (doctor->format)
		append_json(&text, here);
	else
		append_text(&text, here, &output);
	fputs(buffer_text(&text), output.file);
	err = text.failed || here->failed ? error_errno(error, -ENOMEM, "cannot put the table together") : 0;
	buffer_free(&text);
	return output_close(&output, err < 0, err ? NULL : error) < 0 ? -EIO : err;
}

static int run(void *data, int argument_count, char **arguments)
{
	const struct doctor_options *doctor = data;
	struct findings_here here = {0};
	struct error error = {0};
	int status;

	if (argument_count) {
		error_set(&error, -EINVAL, "doctor does not know what '%s' is", arguments[0]);
		error_hint(&error, "write `lifeline doctor`");
		return complain(&error);
	}
	if (output_check(doctor->output, "the table", &error) < 0 || probe_run(note, &here, &error) < 0 ||
	    write_page(&here, doctor, &error) < 0)
		status = complain(&error);
	else
		status = is_well(&here) ? 0 : EXIT_TROUBLE;
	free(here.items);
	return status;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "probe by probe: works, degraded or impossible here, why, and what would fix it",
    .synopsis = "[options]",
    .description =
	"Tries what lifeline relies on, on this kernel and with these privileges, and tells for each part whether it "
	"works, works less well, or cannot work, in which way it is done, why, and what would mend it. The exit "
	"status is 0 if lifeline can do its work here, else 125.",
    .options = options,
    .options_size = sizeof(struct doctor_options),
    .examples = "sudo lifeline doctor\nsudo lifeline doctor --format json",
    .run = run,
};

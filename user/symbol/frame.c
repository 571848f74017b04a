/* SPDX-License-Identifier: BSD-2-Clause
 * Names of places in code, and their words for reports; see symbol.h. */
#include "symbol/internal.h"

#include <inttypes.h>
#include <string.h>

/* The frames of inlined functions stand before that of the one they are in; if there is no room for all, the outermost
 * are kept. */
static unsigned take_calls(const struct place *place, struct symbol_frame *frames, unsigned room)
{
	const struct symbol_frame common = frames[0];
	const unsigned count = place->call_count < room ? place->call_count : room;

	for (unsigned i = 0; i < count; i++) {
		const struct dwarf_call *call = &place->calls[place->call_count - count + i];

		frames[i] = common;
		frames[i].function = call->function;
		frames[i].file = call->file;
		frames[i].line = call->line;
		frames[i].inlined = i + 1 < count;
	}
	if (count && place->function_begin)
		frames[count - 1].offset = common.object_offset - place->function_begin;
	return count ? count : 1;
}

unsigned frame_name(struct symbols *symbols, const struct location *location, bool exact, struct symbol_frame *frames,
		    unsigned room)
{
	struct module *module = location->module;
	struct place *place;

	frames[0].object = location->object ? location->object->path : NULL;
	if (!module)
		return 1;
	registry_touch(symbols, module);
	frames[0].object_offset = location->address + !exact;
	frames[0].build_id = module->elf.build_id[0] ? module->elf.build_id : NULL;
	place = module_place(module, location->address);
	if (!place)
		return 1;
	place_find_name(module, place, location->address);
	return take_calls(place, frames, room);
}

const char *symbol_end_text(enum symbol_end end)
{
	switch (end) {
	case SYMBOL_END_OUTERMOST:
		return "complete";
	case SYMBOL_END_BYTES:
		return "cut: the rest of the stack was not copied";
	case SYMBOL_END_FRAMES:
		return "cut: deeper than is kept";
	default:
		return "cut: the code does not tell who called it";
	}
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

void symbol_format(const struct symbol_frame *frame, struct buffer *out)
{
	if (frame->function)
		buffer_text_append(out, frame->function);
	if (frame->file && frame->line) {
		buffer_format(out, "%s%s:%u", frame->function ? " at " : "", frame->file, frame->line);
	} else if (frame->function) {
		if (frame->offset)
			buffer_format(out, "+0x%" PRIx64, frame->offset);
		if (frame->object)
			buffer_format(out, " (%s)", base_name(frame->object));
	} else if (frame->object) {
		buffer_format(out, "0x%" PRIx64 " in %s", frame->object_offset, frame->object);
	} else {
		buffer_format(out, "0x%" PRIx64, frame->address);
	}
}

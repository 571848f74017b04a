/* SPDX-License-Identifier: BSD-2-Clause
 * The function around an address, and those inlined there; see dwarf_internal.h. A unit's entries are gone through
 * once, in order; nesting is a number, so that no depth of it needs a stack. */
#include "symbol/dwarf_internal.h"

#include <stdlib.h>

/* A concrete function refers to its abstract one, that to its declaration. */
#define REFERENCES_MAX 8

struct scan {
	struct dwarf *dwarf;
	const struct dwarf_unit *unit;
	uint64_t address;
	unsigned depth;
	bool in_function;
	unsigned function_depth;
	struct dwarf_entry function;
	struct dwarf_entry inlined[DWARF_CALLS_MAX]; /* outermost first */
	unsigned inlined_count;
	bool too_many;
};

/* ---- names ------------------------------------------------------------------------------------------------ */

static char *own_name(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_entry *entry)
{
	char *name = dwarf_value_string(dwarf, unit, &entry->linkage_name);

	return name ? name : dwarf_value_string(dwarf, unit, &entry->name);
}

/* Takes *unit and *entry to what a reference means; units opened on the way are closed again. */
static bool follow(struct dwarf *dwarf, const struct dwarf_value *reference, const struct dwarf_unit **unit,
		   struct dwarf_unit *other, struct dwarf_entry *entry)
{
	uint64_t begin, at = reference->number;

	if (reference->class == DWARF_REFERENCE_INFO) {
		if (!dwarf_unit_around(dwarf, at, &begin))
			return false;
		at -= begin;
		if (begin != (*unit)->offset) {
			dwarf_unit_close(other);
			if (!dwarf_unit_open(dwarf, begin, true, other))
				return false;
			*unit = other;
		}
	}
	return dwarf_entry_read(*unit, (size_t)at, entry) && entry->tag;
}

static char *name_of(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_entry *entry)
{
	struct dwarf_unit other = {.version = 0};
	struct dwarf_entry at = *entry;
	char *name = own_name(dwarf, unit, &at);

	for (unsigned i = 0; i < REFERENCES_MAX && !name; i++) {
		const struct dwarf_value reference = at.origin.class != DWARF_NONE ? at.origin : at.specification;

		if ((reference.class != DWARF_REFERENCE && reference.class != DWARF_REFERENCE_INFO) ||
		    !follow(dwarf, &reference, &unit, &other, &at))
			break;
		name = own_name(dwarf, unit, &at);
	}
	dwarf_unit_close(&other);
	return name;
}

/* ---- the scan --------------------------------------------------------------------------------------------- */

static bool holds(const struct scan *scan, const struct dwarf_entry *entry)
{
	return dwarf_holds(scan->dwarf, scan->unit, entry, scan->address);
}

static void enter_function(struct scan *scan, const struct dwarf_entry *entry)
{
	scan->in_function = true;
	scan->function_depth = scan->depth;
	scan->function = *entry;
	scan->inlined_count = 0;
}

static void enter_inlined(struct scan *scan, const struct dwarf_entry *entry)
{
	if (scan->inlined_count + 1 < DWARF_CALLS_MAX)
		scan->inlined[scan->inlined_count++] = *entry;
	else
		scan->too_many = true;
}

/* True if what is below the entry has to be looked at. */
static bool look(struct scan *scan, const struct dwarf_entry *entry)
{
	if (entry->tag == DW_TAG_subprogram) {
		if (!holds(scan, entry))
			return false;
		enter_function(scan, entry);
	} else if (entry->tag == DW_TAG_inlined_subroutine && scan->in_function) {
		if (!holds(scan, entry))
			return false;
		enter_inlined(scan, entry);
	}
	return true;
}

/* Behind the entry and what is below it, if it says where that is, else to the first below it. */
static size_t pass(struct scan *scan, const struct dwarf_entry *entry, size_t at, bool below)
{
	if (!entry->children)
		return entry->next;
	if (!below && entry->sibling.class == DWARF_REFERENCE && entry->sibling.number > at &&
	    entry->sibling.number < scan->unit->info.size)
		return (size_t)entry->sibling.number;
	scan->depth++;
	return entry->next;
}

static void run(struct scan *scan)
{
	struct dwarf_entry entry;
	size_t at = scan->unit->first;

	while (dwarf_entry_read(scan->unit, at, &entry) && dwarf_spend(scan->dwarf, entry.next - at)) {
		if (entry.tag) {
			at = pass(scan, &entry, at, look(scan, &entry));
			if (!scan->depth) /* the unit has nothing below it */
				return;
			continue;
		}
		at = entry.next;
		if (--scan->depth == 0 || (scan->in_function && scan->depth <= scan->function_depth))
			return;
	}
}

/* ---- what came of it --------------------------------------------------------------------------------------- */

static void set_call_site(struct dwarf *dwarf, const struct dwarf_lines *lines, const struct dwarf_entry *inlined,
			  struct dwarf_call *call)
{
	if (inlined->call_file.class == DWARF_CONSTANT)
		call->file = dwarf_lines_file(dwarf, lines, inlined->call_file.number);
	if (inlined->call_line.class == DWARF_CONSTANT && inlined->call_line.number <= UINT32_MAX)
		call->line = (unsigned)inlined->call_line.number;
}

/* Innermost first. If one of the inlined has no name, none of them is told. */
static bool name_inlined(const struct scan *scan, const struct dwarf_lines *lines, struct dwarf_place *place)
{
	for (unsigned i = 0; i < scan->inlined_count; i++) {
		const struct dwarf_entry *inlined = &scan->inlined[scan->inlined_count - 1 - i];

		place->calls[i].function = name_of(scan->dwarf, scan->unit, inlined);
		place->count = i + 1;
		if (!place->calls[i].function)
			return false;
		set_call_site(scan->dwarf, lines, inlined, &place->calls[i + 1]);
		place->count = i + 2;
	}
	return true;
}

void dwarf_scopes(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_lines *lines, uint64_t address,
		  struct dwarf_place *place)
{
	struct scan scan = {.dwarf = dwarf, .unit = unit, .address = address};

	run(&scan);
	if (!scan.in_function)
		return;
	if (scan.too_many || !name_inlined(&scan, lines, place))
		dwarf_place_free(place);
	if (!place->count)
		place->count = 1;
	place->calls[place->count - 1].function = name_of(dwarf, unit, &scan.function);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * The code that an entry of debugging information speaks of: one range, or a list of them in .debug_ranges (up to DWARF
 * 4) or .debug_rnglists; see dwarf_internal.h. */
#include "symbol/dwarf_internal.h"

#define SHORT_LIST_BYTES 512
#define LIST_BYTES_MAX ((uint64_t)256 << 10)

enum {
	DW_RLE_end_of_list = 0x00,
	DW_RLE_base_addressx = 0x01,
	DW_RLE_startx_endx = 0x02,
	DW_RLE_startx_length = 0x03,
	DW_RLE_offset_pair = 0x04,
	DW_RLE_base_address = 0x05,
	DW_RLE_start_end = 0x06,
	DW_RLE_start_length = 0x07,
};

static bool indexed(struct dwarf *dwarf, const struct dwarf_unit *unit, struct reader *reader, uint64_t *address)
{
	const struct dwarf_value value = {.class = DWARF_ADDRESS_INDEX, .number = reader_uleb(reader)};

	return dwarf_value_address(dwarf, unit, &value, address);
}

/* Pairs of offsets from a base, which a pair that begins with all bits set changes; 0, 0 ends the list. */
static void walk_pairs(const struct dwarf_unit *unit, struct reader *reader, dwarf_take_range take, void *private)
{
	const uint64_t change = unit->address_size == 8 ? UINT64_MAX : UINT32_MAX;
	uint64_t base = unit->base;

	for (;;) {
		const uint64_t begin = reader_fixed(reader, unit->address_size);
		const uint64_t end = reader_fixed(reader, unit->address_size);

		if (reader->failed || (!begin && !end))
			return;
		if (begin == change)
			base = end;
		else if (begin < end && !take(private, base + begin, base + end))
			return;
	}
}

/* One entry; false at the end. An entry without a range (a base) leaves begin == end. */
static bool read_list_entry(struct dwarf *dwarf, const struct dwarf_unit *unit, struct reader *reader, uint64_t *base,
			    uint64_t *begin, uint64_t *end)
{
	*begin = *end = 0;
	switch (reader_fixed(reader, 1)) {
	case DW_RLE_base_addressx:
		return indexed(dwarf, unit, reader, base);
	case DW_RLE_startx_endx:
		return indexed(dwarf, unit, reader, begin) && indexed(dwarf, unit, reader, end);
	case DW_RLE_startx_length:
		if (!indexed(dwarf, unit, reader, begin))
			return false;
		*end = *begin + reader_uleb(reader);
		return true;
	case DW_RLE_offset_pair:
		*begin = *base + reader_uleb(reader);
		*end = *base + reader_uleb(reader);
		return true;
	case DW_RLE_base_address:
		*base = reader_fixed(reader, unit->address_size);
		return true;
	case DW_RLE_start_end:
		*begin = reader_fixed(reader, unit->address_size);
		*end = reader_fixed(reader, unit->address_size);
		return true;
	case DW_RLE_start_length:
		*begin = reader_fixed(reader, unit->address_size);
		*end = *begin + reader_uleb(reader);
		return true;
	default:
		return false;
	}
}

static void walk_list(struct dwarf *dwarf, const struct dwarf_unit *unit, struct reader *reader, dwarf_take_range take,
		      void *private)
{
	uint64_t base = unit->base, begin, end;

	while (read_list_entry(dwarf, unit, reader, &base, &begin, &end) && !reader->failed)
		if (begin < end && !take(private, begin, end))
			return;
}

/* Where a list is that is told by number: in a table of offsets, which count from the table. */
static bool list_offset(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_value *ranges,
			uint64_t *offset)
{
	struct dwarf_window window;
	struct reader reader;

	*offset = ranges->number;
	if (ranges->class != DWARF_RANGE_INDEX)
		return ranges->class == DWARF_CONSTANT;
	if (ranges->number > UINT32_MAX ||
	    !dwarf_window_open(dwarf, DWARF_RNGLISTS, unit->range_base + ranges->number * unit->offset_size,
			       unit->offset_size, &window))
		return false;
	reader = dwarf_reader(&window);
	*offset = unit->range_base + reader_fixed(&reader, unit->offset_size);
	dwarf_window_close(&window);
	return !reader.failed;
}

/* False if the list goes on behind what was looked at. */
static bool walk_window(struct dwarf *dwarf, const struct dwarf_unit *unit, uint64_t offset, uint64_t size,
			dwarf_take_range take, void *private)
{
	const enum dwarf_section_name name = unit->version >= 5 ? DWARF_RNGLISTS : DWARF_RANGES;
	struct dwarf_window window;
	struct reader reader;
	bool whole;

	if (!dwarf_window_open(dwarf, name, offset, size, &window))
		return true;
	reader = dwarf_reader(&window);
	if (unit->version >= 5)
		walk_list(dwarf, unit, &reader, take, private);
	else
		walk_pairs(unit, &reader, take, private);
	whole = !dwarf_spend(dwarf, reader.at) || !reader.failed || window.size < size;
	dwarf_window_close(&window);
	return whole;
}

static void walk_ranges(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_value *ranges,
			dwarf_take_range take, void *private)
{
	uint64_t offset;

	if (!list_offset(dwarf, unit, ranges, &offset))
		return;
	/* Nearly all lists are short, and copying a long window for each would be most of the work. */
	if (!walk_window(dwarf, unit, offset, SHORT_LIST_BYTES, take, private))
		walk_window(dwarf, unit, offset, LIST_BYTES_MAX, take, private);
}

void dwarf_ranges_of(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_entry *entry,
		     dwarf_take_range take, void *private)
{
	uint64_t low, high;

	if (entry->ranges.class != DWARF_NONE) {
		walk_ranges(dwarf, unit, &entry->ranges, take, private);
		return;
	}
	if (!dwarf_value_address(dwarf, unit, &entry->low, &low))
		return;
	/* From DWARF 4 on the end may be told as a length. */
	if (!dwarf_value_address(dwarf, unit, &entry->high, &high))
		high = entry->high.class == DWARF_CONSTANT ? low + entry->high.number : low;
	if (low < high)
		take(private, low, high);
}

struct question {
	uint64_t address;
	bool holds;
};

static bool compare(void *private, uint64_t begin, uint64_t end)
{
	struct question *question = private;

	question->holds = question->address >= begin && question->address < end;
	return !question->holds;
}

bool dwarf_holds(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_entry *entry, uint64_t address)
{
	struct question question = {.address = address};

	dwarf_ranges_of(dwarf, unit, entry, compare, &question);
	return question.holds;
}

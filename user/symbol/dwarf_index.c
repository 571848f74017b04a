/* SPDX-License-Identifier: BSD-2-Clause
 * Which unit of .debug_info an address lies in; see dwarf_internal.h. gcc writes a table of that (.debug_aranges); for
 * units that are not in it (clang's) the units' own first entries are read, once. */
#include "symbol/dwarf_internal.h"

#include <stdlib.h>

#define ARANGES_MAX ((uint64_t)64 << 20)
#define UNITS_MAX 200000
#define RANGES_MAX ((size_t)4 << 20)
#define HEADER_BYTES 12

static bool add_range(struct dwarf *dwarf, uint64_t begin, uint64_t end, uint64_t unit)
{
	if (dwarf->range_count == RANGES_MAX)
		return false;
	if (dwarf->range_count == dwarf->range_capacity) {
		const size_t capacity = dwarf->range_capacity ? dwarf->range_capacity * 2 : 64;
		struct dwarf_range *larger = reallocarray(dwarf->ranges, capacity, sizeof(*larger));

		if (!larger)
			return false;
		dwarf->ranges = larger;
		dwarf->range_capacity = capacity;
	}
	dwarf->ranges[dwarf->range_count++] = (struct dwarf_range){begin, end, unit};
	return true;
}

static int by_begin(const void *left, const void *right)
{
	const struct dwarf_range *a = left, *b = right;

	return (a->begin > b->begin) - (a->begin < b->begin);
}

static void sort_ranges(struct dwarf *dwarf)
{
	if (dwarf->range_count)
		qsort(dwarf->ranges, dwarf->range_count, sizeof(*dwarf->ranges), by_begin);
}

/* ---- .debug_aranges ------------------------------------------------------------------------------------- */

/* A set: a header, then pairs of address and length, aligned to their size. False at the end of what can be read. */
static bool read_set(struct dwarf *dwarf, struct reader *all)
{
	const size_t begin = all->at;
	struct reader set = *all;
	uint8_t offset_size, address_size;
	uint64_t length = dwarf_length(&set, &offset_size), unit, segment_size, version;

	if (set.failed || !length || length > reader_left(&set))
		return false;
	set.end = set.at + (size_t)length;
	all->at = set.end;
	version = reader_fixed(&set, 2);
	unit = reader_fixed(&set, offset_size);
	address_size = (uint8_t)reader_fixed(&set, 1);
	segment_size = reader_fixed(&set, 1);
	if (set.failed || version != 2 || segment_size || (address_size != 4 && address_size != 8))
		return true; /* the next may be understood */
	reader_skip(&set, (2u * address_size - (set.at - begin) % (2u * address_size)) % (2u * address_size));
	while (!set.failed) {
		const uint64_t address = reader_fixed(&set, address_size), size = reader_fixed(&set, address_size);

		if (!address && !size)
			break;
		if (size && !set.failed && !add_range(dwarf, address, address + size, unit))
			return false;
	}
	return true;
}

static void read_table(struct dwarf *dwarf)
{
	struct dwarf_window window;
	struct reader reader;

	dwarf->has_ranges = true;
	if (!dwarf_window_open(dwarf, DWARF_ARANGES, 0, ARANGES_MAX, &window))
		return;
	reader = dwarf_reader(&window);
	while (reader_left(&reader) && read_set(dwarf, &reader))
		;
	dwarf_window_close(&window);
	sort_ranges(dwarf);
}

/* ---- all units ---------------------------------------------------------------------------------------------- */

static bool add_unit(struct dwarf *dwarf, uint64_t offset)
{
	if (dwarf->unit_count == dwarf->unit_capacity) {
		const size_t capacity = dwarf->unit_capacity ? dwarf->unit_capacity * 2 : 64;
		uint64_t *larger = reallocarray(dwarf->units, capacity, sizeof(*larger));

		if (!larger)
			return false;
		dwarf->units = larger;
		dwarf->unit_capacity = capacity;
	}
	dwarf->units[dwarf->unit_count++] = offset;
	return true;
}

/* As far as to the one that holds an offset: what is packed is not unpacked further than need be. */
static void list_units(struct dwarf *dwarf, uint64_t until)
{
	struct dwarf_window window;
	struct reader reader;
	uint64_t length;
	uint8_t offset_size;

	while (!dwarf->has_units && dwarf->units_end <= until) {
		dwarf->has_units = dwarf->unit_count == UNITS_MAX ||
				   !dwarf_window_open(dwarf, DWARF_INFO, dwarf->units_end, HEADER_BYTES, &window);
		if (dwarf->has_units)
			return;
		reader = dwarf_reader(&window);
		length = dwarf_length(&reader, &offset_size);
		dwarf_window_close(&window);
		dwarf->has_units = reader.failed || !length || length > dwarf->sections[DWARF_INFO].size ||
				   !add_unit(dwarf, dwarf->units_end);
		dwarf->units_end += reader.at + length;
	}
}

struct gathering {
	struct dwarf *dwarf;
	uint64_t unit;
};

static bool take_range(void *private, uint64_t begin, uint64_t end)
{
	struct gathering *gathering = private;

	/* What the linker dropped stands at 0, or at the highest addresses. */
	return !begin || begin >= UINT64_MAX - 1 || add_range(gathering->dwarf, begin, end, gathering->unit);
}

static int by_number(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* The units that the table speaks of, sorted. NULL if there is no memory. */
static uint64_t *listed_units(const struct dwarf *dwarf)
{
	uint64_t *listed = calloc(dwarf->range_count + 1, sizeof(*listed));

	for (size_t i = 0; listed && i < dwarf->range_count; i++)
		listed[i] = dwarf->ranges[i].unit;
	if (listed)
		qsort(listed, dwarf->range_count, sizeof(*listed), by_number);
	return listed;
}

static void read_unit_ranges(struct dwarf *dwarf, uint64_t offset)
{
	struct gathering gathering = {dwarf, offset};
	struct dwarf_entry entry;
	struct dwarf_unit unit;

	if (!dwarf_unit_open(dwarf, offset, false, &unit))
		return;
	if (dwarf_entry_read(&unit, unit.first, &entry))
		dwarf_ranges_of(dwarf, &unit, &entry, take_range, &gathering);
	dwarf_unit_close(&unit);
}

static void read_all_units(struct dwarf *dwarf)
{
	uint64_t *listed = listed_units(dwarf);
	const size_t count = dwarf->range_count;

	dwarf->has_all_ranges = true;
	list_units(dwarf, UINT64_MAX);
	for (size_t i = 0; listed && i < dwarf->unit_count; i++)
		if (!bsearch(&dwarf->units[i], listed, count, sizeof(*listed), by_number))
			read_unit_ranges(dwarf, dwarf->units[i]);
	free(listed);
	if (dwarf->range_count > count)
		sort_ranges(dwarf);
}

/* ---- searching ---------------------------------------------------------------------------------------------- */

static const struct dwarf_range *range_at(const struct dwarf *dwarf, uint64_t address)
{
	size_t low = 0, high = dwarf->range_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (dwarf->ranges[middle].begin <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < dwarf->ranges[low - 1].end ? &dwarf->ranges[low - 1] : NULL;
}

const struct dwarf_unit *dwarf_unit_for(struct dwarf *dwarf, uint64_t address)
{
	const struct dwarf_range *range;

	if (!dwarf->has_ranges)
		read_table(dwarf);
	range = range_at(dwarf, address);
	if (!range && !dwarf->has_all_ranges) {
		read_all_units(dwarf);
		range = range_at(dwarf, address);
	}
	if (!range)
		return NULL;
	if (dwarf->recent.version && dwarf->recent.offset == range->unit)
		return &dwarf->recent;
	dwarf_unit_close(&dwarf->recent);
	return dwarf_unit_open(dwarf, range->unit, true, &dwarf->recent) ? &dwarf->recent : NULL;
}

bool dwarf_unit_around(struct dwarf *dwarf, uint64_t offset, uint64_t *begin)
{
	size_t low = 0, high;

	list_units(dwarf, offset);
	for (high = dwarf->unit_count; low < high;) {
		const size_t middle = low + (high - low) / 2;

		if (dwarf->units[middle] <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low)
		*begin = dwarf->units[low - 1];
	return low > 0;
}

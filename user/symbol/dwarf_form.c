/* SPDX-License-Identifier: BSD-2-Clause
 * Values of attributes, in all forms that DWARF 2 to 5 have (DWARF 5, section 7.5.6); see dwarf_internal.h. */
#include "symbol/dwarf_internal.h"

#include <stdlib.h>

enum {
	DW_FORM_addr = 0x01,
	DW_FORM_block2 = 0x03,
	DW_FORM_block4 = 0x04,
	DW_FORM_data2 = 0x05,
	DW_FORM_data4 = 0x06,
	DW_FORM_data8 = 0x07,
	DW_FORM_string = 0x08,
	DW_FORM_block = 0x09,
	DW_FORM_block1 = 0x0a,
	DW_FORM_data1 = 0x0b,
	DW_FORM_flag = 0x0c,
	DW_FORM_sdata = 0x0d,
	DW_FORM_strp = 0x0e,
	DW_FORM_udata = 0x0f,
	DW_FORM_ref_addr = 0x10,
	DW_FORM_ref1 = 0x11,
	DW_FORM_ref2 = 0x12,
	DW_FORM_ref4 = 0x13,
	DW_FORM_ref8 = 0x14,
	DW_FORM_ref_udata = 0x15,
	DW_FORM_indirect = 0x16,
	DW_FORM_sec_offset = 0x17,
	DW_FORM_exprloc = 0x18,
	DW_FORM_flag_present = 0x19,
	DW_FORM_strx = 0x1a,
	DW_FORM_addrx = 0x1b,
	DW_FORM_ref_sup4 = 0x1c,
	DW_FORM_strp_sup = 0x1d,
	DW_FORM_data16 = 0x1e,
	DW_FORM_line_strp = 0x1f,
	DW_FORM_ref_sig8 = 0x20,
	DW_FORM_implicit_const = 0x21,
	DW_FORM_loclistx = 0x22,
	DW_FORM_rnglistx = 0x23,
	DW_FORM_ref_sup8 = 0x24,
	DW_FORM_strx1 = 0x25,
	DW_FORM_strx2 = 0x26,
	DW_FORM_strx3 = 0x27,
	DW_FORM_strx4 = 0x28,
	DW_FORM_addrx1 = 0x29,
	DW_FORM_addrx2 = 0x2a,
	DW_FORM_addrx3 = 0x2b,
	DW_FORM_addrx4 = 0x2c,
	DW_FORM_GNU_addr_index = 0x1f01,
	DW_FORM_GNU_str_index = 0x1f02,
	DW_FORM_GNU_ref_alt = 0x1f20,
	DW_FORM_GNU_strp_alt = 0x1f21,
};

/* How a form's bytes are laid out. */
enum layout { UNKNOWN, FIXED, ULEB, SLEB, ADDRESS, OFFSET, REFERENCE, BLOCK, BLOCK_ULEB, TEXT, NOTHING, IMPLICIT };

struct form {
	uint8_t layout, size; /* of FIXED, and of BLOCK's count */
	uint8_t class, section;
};

static const struct form forms[] = {
    [DW_FORM_addr] = {ADDRESS, 0, DWARF_ADDRESS, 0},
    [DW_FORM_block1] = {BLOCK, 1, DWARF_NONE, 0},
    [DW_FORM_block2] = {BLOCK, 2, DWARF_NONE, 0},
    [DW_FORM_block4] = {BLOCK, 4, DWARF_NONE, 0},
    [DW_FORM_block] = {BLOCK_ULEB, 0, DWARF_NONE, 0},
    [DW_FORM_exprloc] = {BLOCK_ULEB, 0, DWARF_NONE, 0},
    [DW_FORM_data1] = {FIXED, 1, DWARF_CONSTANT, 0},
    [DW_FORM_data2] = {FIXED, 2, DWARF_CONSTANT, 0},
    [DW_FORM_data4] = {FIXED, 4, DWARF_CONSTANT, 0},
    [DW_FORM_data8] = {FIXED, 8, DWARF_CONSTANT, 0},
    [DW_FORM_data16] = {FIXED, 16, DWARF_NONE, 0},
    [DW_FORM_sdata] = {SLEB, 0, DWARF_CONSTANT, 0},
    [DW_FORM_udata] = {ULEB, 0, DWARF_CONSTANT, 0},
    [DW_FORM_implicit_const] = {IMPLICIT, 0, DWARF_CONSTANT, 0},
    [DW_FORM_flag] = {FIXED, 1, DWARF_CONSTANT, 0},
    [DW_FORM_flag_present] = {NOTHING, 0, DWARF_CONSTANT, 0},
    [DW_FORM_sec_offset] = {OFFSET, 0, DWARF_CONSTANT, 0},
    [DW_FORM_loclistx] = {ULEB, 0, DWARF_NONE, 0},
    [DW_FORM_rnglistx] = {ULEB, 0, DWARF_RANGE_INDEX, 0},
    [DW_FORM_string] = {TEXT, 0, DWARF_STRING, 0},
    [DW_FORM_strp] = {OFFSET, 0, DWARF_STRING_OFFSET, DWARF_STR},
    [DW_FORM_line_strp] = {OFFSET, 0, DWARF_STRING_OFFSET, DWARF_LINE_STR},
    [DW_FORM_strp_sup] = {OFFSET, 0, DWARF_NONE, 0},
    [DW_FORM_strx] = {ULEB, 0, DWARF_STRING_INDEX, 0},
    [DW_FORM_strx1] = {FIXED, 1, DWARF_STRING_INDEX, 0},
    [DW_FORM_strx2] = {FIXED, 2, DWARF_STRING_INDEX, 0},
    [DW_FORM_strx3] = {FIXED, 3, DWARF_STRING_INDEX, 0},
    [DW_FORM_strx4] = {FIXED, 4, DWARF_STRING_INDEX, 0},
    [DW_FORM_addrx] = {ULEB, 0, DWARF_ADDRESS_INDEX, 0},
    [DW_FORM_addrx1] = {FIXED, 1, DWARF_ADDRESS_INDEX, 0},
    [DW_FORM_addrx2] = {FIXED, 2, DWARF_ADDRESS_INDEX, 0},
    [DW_FORM_addrx3] = {FIXED, 3, DWARF_ADDRESS_INDEX, 0},
    [DW_FORM_addrx4] = {FIXED, 4, DWARF_ADDRESS_INDEX, 0},
    [DW_FORM_ref1] = {FIXED, 1, DWARF_REFERENCE, 0},
    [DW_FORM_ref2] = {FIXED, 2, DWARF_REFERENCE, 0},
    [DW_FORM_ref4] = {FIXED, 4, DWARF_REFERENCE, 0},
    [DW_FORM_ref8] = {FIXED, 8, DWARF_REFERENCE, 0},
    [DW_FORM_ref_udata] = {ULEB, 0, DWARF_REFERENCE, 0},
    [DW_FORM_ref_addr] = {REFERENCE, 0, DWARF_REFERENCE_INFO, 0},
    [DW_FORM_ref_sig8] = {FIXED, 8, DWARF_NONE, 0},
    [DW_FORM_ref_sup4] = {FIXED, 4, DWARF_NONE, 0},
    [DW_FORM_ref_sup8] = {FIXED, 8, DWARF_NONE, 0},
};

static const struct form foreign_reference = {REFERENCE, 0, DWARF_NONE, 0};

static const struct form *form_of(uint64_t number)
{
	switch (number) {
	case DW_FORM_GNU_addr_index:
		number = DW_FORM_addrx;
		break;
	case DW_FORM_GNU_str_index:
		number = DW_FORM_strx;
		break;
	case DW_FORM_GNU_strp_alt:
		number = DW_FORM_strp_sup;
		break;
	case DW_FORM_GNU_ref_alt:
		return &foreign_reference;
	default:
		break;
	}
	return number < sizeof(forms) / sizeof(*forms) && forms[number].layout != UNKNOWN ? &forms[number] : NULL;
}

/* An unknown form fails the reader: where the next value begins is not known then. */
struct dwarf_value dwarf_value_read(struct reader *reader, uint64_t number, int64_t implicit, uint8_t version,
				    uint8_t address_size, uint8_t offset_size)
{
	const struct form *form;
	struct dwarf_value value = {.class = DWARF_NONE};

	if (number == DW_FORM_indirect)
		number = reader_uleb(reader);
	form = form_of(number);
	if (!form) {
		reader->failed = true;
		return value;
	}
	value.class = form->class;
	value.section = form->section;
	switch ((enum layout)form->layout) {
	case UNKNOWN:
		break;
	case FIXED:
		if (form->size > 8)
			reader_skip(reader, form->size);
		else
			value.number = reader_fixed(reader, form->size);
		break;
	case ULEB:
		value.number = reader_uleb(reader);
		break;
	case SLEB:
		value.number = (uint64_t)reader_sleb(reader);
		break;
	case ADDRESS:
		value.number = reader_fixed(reader, address_size);
		break;
	case OFFSET:
		value.number = reader_fixed(reader, offset_size);
		break;
	case REFERENCE: /* DWARF 2 took an address' size */
		value.number = reader_fixed(reader, version <= 2 ? address_size : offset_size);
		break;
	case BLOCK:
		reader_skip(reader, reader_fixed(reader, form->size));
		break;
	case BLOCK_ULEB:
		reader_skip(reader, reader_uleb(reader));
		break;
	case TEXT:
		value.text = reader_string(reader);
		break;
	case NOTHING:
		value.number = 1;
		break;
	case IMPLICIT:
		value.number = (uint64_t)implicit;
		break;
	}
	return value;
}

/* An entry of a table of numbers, of `size` bytes each. */
static bool number_at(struct dwarf *dwarf, enum dwarf_section_name name, uint64_t base, uint64_t index, uint8_t size,
		      uint64_t *number)
{
	struct dwarf_window window;
	struct reader reader;

	if (index > UINT32_MAX || base > UINT32_MAX * 16ULL ||
	    !dwarf_window_open(dwarf, name, base + index * size, size, &window))
		return false;
	reader = dwarf_reader(&window);
	*number = reader_fixed(&reader, size);
	dwarf_window_close(&window);
	return !reader.failed;
}

char *dwarf_value_string(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_value *value)
{
	uint64_t offset;

	switch (value->class) {
	case DWARF_STRING:
		return value->text ? strdup(value->text) : NULL;
	case DWARF_STRING_OFFSET:
		return dwarf_string_at(dwarf, value->section, value->number);
	case DWARF_STRING_INDEX:
		if (!number_at(dwarf, DWARF_STR_OFFSETS, unit->string_base, value->number, unit->offset_size, &offset))
			return NULL;
		return dwarf_string_at(dwarf, DWARF_STR, offset);
	default:
		return NULL;
	}
}

bool dwarf_value_address(struct dwarf *dwarf, const struct dwarf_unit *unit, const struct dwarf_value *value,
			 uint64_t *address)
{
	*address = value->number;
	if (value->class == DWARF_ADDRESS_INDEX)
		return number_at(dwarf, DWARF_ADDR, unit->address_base, value->number, unit->address_size, address);
	return value->class == DWARF_ADDRESS;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Names of bits; see flags.h. */
#include "base/flags.h"

#define ROW(name, bit) {bit, #name},
const struct flag_name wait_option_names[] = {WAIT_OPTION_BITS(ROW){0, NULL}};
const struct flag_name clone_flag_names[] = {CLONE_FLAG_BITS(ROW){0, NULL}};
#undef ROW

void flags_append(struct buffer *out, uint64_t value, const struct flag_name *names)
{
	const char *bar = "";

	for (; names->bit; names++) {
		if (!(value & names->bit))
			continue;
		buffer_text_append(out, bar);
		buffer_text_append(out, names->name);
		value &= ~names->bit;
		bar = "|";
	}
	if (value)
		buffer_format(out, "%s0x%llx", bar, (unsigned long long)value);
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Each schema is a file of its own, so that editors and validators can read it where it lies; the assembler copies it
 * in. (A string literal would be limited in length by the C standard, and unreadable.)
 */
#include "sink/common/schema.h"

#include <string.h>

#define INCLUDE_TEXT(symbol, path)                                                                                     \
	__asm__(".pushsection .rodata\n" #symbol ":\n"                                                                \
		".incbin \"" path "\"\n" \
		".byte 0\n" \
		".popsection\n"); \
	extern const char symbol[]

INCLUDE_TEXT(lifeline_report_schema, "user/sink/common/report.schema.json");
INCLUDE_TEXT(lifeline_events_schema, "user/sink/common/events.schema.json");

const char *schema_text(const char *name)
{
	if (!name || !strcmp(name, "report"))
		return lifeline_report_schema;
	return strcmp(name, "events") ? NULL : lifeline_events_schema;
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The schema is a file of its own, so that editors and validators can read it where it lies; the assembler copies it
 * in. (A string literal would be limited in length by the C standard, and unreadable.)
 */
#include "sink/common/schema.h"

__asm__(".pushsection .rodata\n"
	"lifeline_report_schema:\n"
	".incbin \"user/sink/common/report.schema.json\"\n"
	".byte 0\n"
	".popsection\n");

extern const char lifeline_report_schema[];

const char *report_schema(void)
{
	return lifeline_report_schema;
}

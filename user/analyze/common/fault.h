/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Faults: signals that the processor's answer to an instruction became, and what their codes mean.
 */
#ifndef LIFELINE_ANALYZE_COMMON_FAULT_H
#define LIFELINE_ANALYZE_COMMON_FAULT_H

#include "model/model.h"

#define FAULT_KERNEL 0x80 /* SI_KERNEL: the kernel says no more */

struct fault_code {
	int signal, code;
	const char *name, *words;
};

/* Is it one of the signals by which a program crashes? */
bool fault_signal(int signal);
/* Was it raised by the kernel for what the program did, not sent by anybody? note may be NULL. */
bool fault_is(const struct signal_note *note);
/* Does its address mean something? */
bool fault_has_address(const struct signal_note *note);
const struct fault_code *fault_code(const struct signal_note *note); /* NULL: no words for it */

#endif

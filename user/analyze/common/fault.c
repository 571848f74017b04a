/* SPDX-License-Identifier: BSD-2-Clause
 *
 * si_code of the fault signals in words (include/uapi/asm-generic/siginfo.h).
 */
#include "analyze/common/fault.h"

#include <signal.h>

static const struct fault_code fault_codes[] = {
    {SIGSEGV, 1, "SEGV_MAPERR", "address not mapped"},
    {SIGSEGV, 2, "SEGV_ACCERR", "access not permitted"},
    {SIGSEGV, 3, "SEGV_BNDERR", "bounds check failed"},
    {SIGSEGV, 4, "SEGV_PKUERR", "forbidden by a protection key"},
    {SIGSEGV, 8, "SEGV_MTEAERR", "memory tag mismatch, told late"},
    {SIGSEGV, 9, "SEGV_MTESERR", "memory tag mismatch"},
    {SIGSEGV, 10, "SEGV_CPERR", "control-flow protection: return address changed"},
    {SIGSEGV, FAULT_KERNEL, "SI_KERNEL",
     "general protection: an address that cannot exist, or a forbidden instruction"},
    {SIGBUS, 1, "BUS_ADRALN", "address not aligned"},
    {SIGBUS, 2, "BUS_ADRERR", "beyond the end of the mapped file"},
    {SIGBUS, 3, "BUS_OBJERR", "hardware error"},
    {SIGBUS, 4, "BUS_MCEERR_AR", "memory failure, action required"},
    {SIGBUS, 5, "BUS_MCEERR_AO", "memory failure"},
    {SIGILL, 1, "ILL_ILLOPC", "illegal instruction"},
    {SIGILL, 2, "ILL_ILLOPN", "illegal operand"},
    {SIGILL, 3, "ILL_ILLADR", "illegal addressing mode"},
    {SIGILL, 4, "ILL_ILLTRP", "illegal trap"},
    {SIGILL, 5, "ILL_PRVOPC", "privileged instruction"},
    {SIGILL, 6, "ILL_PRVREG", "privileged register"},
    {SIGILL, 7, "ILL_COPROC", "coprocessor error"},
    {SIGILL, 8, "ILL_BADSTK", "internal stack error"},
    {SIGFPE, 1, "FPE_INTDIV", "integer division by zero"},
    {SIGFPE, 2, "FPE_INTOVF", "integer overflow"},
    {SIGFPE, 3, "FPE_FLTDIV", "floating point division by zero"},
    {SIGFPE, 4, "FPE_FLTOVF", "floating point overflow"},
    {SIGFPE, 5, "FPE_FLTUND", "floating point underflow"},
    {SIGFPE, 6, "FPE_FLTRES", "floating point result not exact"},
    {SIGFPE, 7, "FPE_FLTINV", "invalid floating point operation"},
    {SIGFPE, 8, "FPE_FLTSUB", "subscript out of range"},
};

const struct fault_code *fault_code(const struct signal_note *killer)
{
	for (size_t i = 0; i < sizeof fault_codes / sizeof fault_codes[0]; i++)
		if (fault_codes[i].signal == killer->signal && fault_codes[i].code == killer->code)
			return &fault_codes[i];
	return NULL;
}

bool fault_is(const struct signal_note *killer)
{
	return killer && killer->origin == SIGNAL_KERNEL && killer->code > 0;
}

/* The address means something for a fault that the processor gave one for. */
bool fault_has_address(const struct signal_note *killer)
{
	return fault_is(killer) && killer->code != FAULT_KERNEL;
}

bool fault_signal(int signal)
{
	return signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS || signal == SIGILL || signal == SIGFPE;
}

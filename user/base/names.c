/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of signals and errors as tables; see text.h. Numbers come from the headers of the machine this is built on,
 * which is the machine (or one of the same architecture) that is observed.
 */
#include "base/text.h"

#include <errno.h>
#include <signal.h>

#define SIGNALS(S)                                                                                                     \
	S(HUP)                                                                                                         \
	S(INT) S(QUIT) S(ILL) S(TRAP) S(ABRT) S(BUS) S(FPE) S(KILL) S(USR1) S(SEGV) S(USR2) S(PIPE) S(ALRM) S(TERM)    \
	    S(STKFLT) S(CHLD) S(CONT) S(STOP) S(TSTP) S(TTIN) S(TTOU) S(URG) S(XCPU) S(XFSZ) S(VTALRM) S(PROF)         \
		S(WINCH) S(IO) S(PWR) S(SYS)

/* Real-time signals by their distance from SIGRTMIN as programs see it: the C library keeps 32 and 33 for itself. */
#define FIRST_REALTIME 34
#define REALTIME(R)                                                                                                    \
	R(1)                                                                                                           \
	R(2) R(3) R(4) R(5) R(6) R(7) R(8) R(9) R(10) R(11) R(12) R(13) R(14) R(15) R(16) R(17) R(18) R(19) R(20)      \
	    R(21) R(22) R(23) R(24) R(25) R(26) R(27) R(28) R(29) R(30)

#define ERRORS(E)                                                                                                      \
	E(EPERM)                                                                                                       \
	E(ENOENT) E(ESRCH) E(EINTR) E(EIO) E(ENXIO) E(E2BIG) E(ENOEXEC) E(EBADF) E(ECHILD) E(EAGAIN) E(ENOMEM) E(      \
	    EACCES) E(EFAULT) E(ENOTBLK) E(EBUSY) E(EEXIST) E(EXDEV) E(ENODEV) E(ENOTDIR) E(EISDIR) E(EINVAL)          \
	    E(ENFILE) E(EMFILE) E(ENOTTY) E(ETXTBSY) E(EFBIG) E(ENOSPC) E(ESPIPE) E(EROFS) E(EMLINK) E(EPIPE) E(EDOM)  \
		E(ERANGE) E(EDEADLK) E(ENAMETOOLONG) E(ENOLCK) E(ENOSYS) E(ENOTEMPTY) E(ELOOP) E(ENOMSG) E(EIDRM)      \
		    E(ECHRNG) E(EL2NSYNC) E(EL3HLT) E(EL3RST) E(ELNRNG) E(EUNATCH) E(ENOCSI) E(EL2HLT) E(EBADE)        \
			E(EBADR) E(EXFULL) E(ENOANO) E(EBADRQC) E(EBADSLT) E(EBFONT) E(ENOSTR) E(ENODATA) E(ETIME)     \
			    E(ENOSR) E(ENONET) E(ENOPKG) E(EREMOTE) E(ENOLINK) E(EADV) E(ESRMNT) E(ECOMM) E(EPROTO)    \
				E(EMULTIHOP) E(EDOTDOT) E(EBADMSG) E(EOVERFLOW) E(ENOTUNIQ) E(EBADFD) E(EREMCHG)       \
				    E(ELIBACC) E(ELIBBAD) E(ELIBSCN) E(ELIBMAX) E(ELIBEXEC) E(EILSEQ) E(ERESTART)      \
					E(ESTRPIPE) E(EUSERS) E(ENOTSOCK) E(EDESTADDRREQ) E(EMSGSIZE) E(EPROTOTYPE)    \
					    E(ENOPROTOOPT) E(EPROTONOSUPPORT) E(ESOCKTNOSUPPORT) E(EOPNOTSUPP)         \
						E(EPFNOSUPPORT) E(EAFNOSUPPORT) E(EADDRINUSE)                          \
						    E(EADDRNOTAVAIL) E(ENETDOWN) E(ENETUNREACH) E(ENETRESET) E(        \
							ECONNABORTED) E(ECONNRESET) E(ENOBUFS) E(EISCONN) E(ENOTCONN)  \
							E(ESHUTDOWN) E(ETOOMANYREFS) E(ETIMEDOUT) E(ECONNREFUSED)      \
							    E(EHOSTDOWN) E(EHOSTUNREACH) E(EALREADY) E(EINPROGRESS)    \
								E(ESTALE) E(EUCLEAN) E(ENOTNAM) E(ENAVAIL) E(EISNAM)   \
								    E(EREMOTEIO) E(EDQUOT) E(ENOMEDIUM) E(EMEDIUMTYPE) \
									E(ECANCELED) E(ENOKEY) E(EKEYEXPIRED)          \
									    E(EKEYREVOKED) E(EKEYREJECTED)             \
										E(EOWNERDEAD) E(ENOTRECOVERABLE)       \
										    E(ERFKILL) E(EHWPOISON)

const char *text_signal_name(int number)
{
	static const char *const names[] = {
#define NAME(name) [SIG##name] = "SIG" #name,
	    SIGNALS(NAME)
#undef NAME
		[FIRST_REALTIME] = "SIGRTMIN",
#define NAME(distance) [FIRST_REALTIME + (distance)] = "SIGRTMIN+" #distance,
	    REALTIME(NAME)
#undef NAME
	};

	return number > 0 && number < (int)(sizeof(names) / sizeof(*names)) ? names[number] : NULL;
}

/* What a system call returns inside the kernel when a signal interrupts it; tracing at its exit can see these. */
static const char *restart_name(int error)
{
	switch (error) {
	case 512:
		return "ERESTARTSYS";
	case 513:
		return "ERESTARTNOINTR";
	case 514:
		return "ERESTARTNOHAND";
	case 516:
		return "ERESTART_RESTARTBLOCK";
	default:
		return NULL;
	}
}

const char *text_errno_name(int error)
{
	static const char *const names[] = {
#define NAME(name) [name] = #name,
	    ERRORS(NAME)
#undef NAME
	};

	if (error > 0 && error < (int)(sizeof(names) / sizeof(*names)))
		return names[error];
	return restart_name(error);
}

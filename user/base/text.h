/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Strings that came from strangers, durations, and names of numbers. Nothing here knows what a process is.
 */
#ifndef LIFELINE_BASE_TEXT_H
#define LIFELINE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Bytes of the well-formed UTF-8 sequence at text (RFC 3629: no surrogates, no overlong forms), 0 if there is none. */
size_t text_utf8_length(const char *text, size_t available);

/* Appends text for a terminal: printable ASCII and well-formed printable UTF-8 as they are; control bytes (C0, DEL, C1)
 * and broken UTF-8 as \n, \t, \xHH; characters that hide or reorder text (bidi overrides, zero-width, C1 in UTF-8) as
 * \u{202e}; the backslash as \\. No byte of the result can move a cursor. At most `limit` input bytes are shown (0:
 * all), a cut is marked with "…". */
void text_escape(struct buffer *out, const char *text, size_t length, size_t limit);
/* As a POSIX shell word that could be pasted: quoted where it holds blanks or shell characters ('…'), with bytes named
 * ($'\x1b') where text_escape would have to. No byte of the result can move a cursor. */
void text_shell_word(struct buffer *out, const char *text, size_t length, size_t limit);
/* Columns that a terminal uses for escaped text (well-formed UTF-8; wide characters by wcwidth in a UTF-8 locale). */
size_t text_columns(const char *text, size_t length);

/* For people: "12 ns", "3.40 us", "12.3 ms", "340 ms", "3.05 s", "2 m 05 s", "3 h 07 m", "2 d 01 h"; nothing is "0 s".
 */
void text_duration(struct buffer *out, uint64_t ns);
/* Reads 500ms, 2s, 1m, 1h, 100us, 10ns, also 1.5s; a bare number is refused. 0 or -EINVAL (-ERANGE beyond 2^63 ns). */
int text_parse_duration(const char *text, uint64_t *ns);
/* Reads 64K, 16M, 1G, or bytes. 0, -EINVAL or -ERANGE. */
int text_parse_size(const char *text, uint64_t *bytes);
/* Reads a decimal number in [low, high], nothing behind it. 0, -EINVAL or -ERANGE. */
int text_parse_number(const char *text, int64_t low, int64_t high, int64_t *number);

/* "SIGKILL", "SIGRTMIN+3"; unknown gives NULL. */
const char *text_signal_name(int number);
/* "EAGAIN", and the kernel's own "ERESTARTSYS"; NULL if unknown. `error` positive. */
const char *text_errno_name(int error);

#endif

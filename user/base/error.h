/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One error, told in words. A function that can fail takes a `struct error *` (may be NULL), returns 0 or a negative
 * errno, and the lowest level that knows says what was attempted, on what, and why it failed; `hint` says what to try.
 * Levels above may put context in front. Only cli/ prints it.
 */
#ifndef LIFELINE_BASE_ERROR_H
#define LIFELINE_BASE_ERROR_H

struct error {
	int code; /* negative errno, 0 while nothing is wrong */
	char text[768];
	char hint[384]; /* what to try, or empty */
};

/* Says what went wrong, and returns `code` (a negative errno) so that a caller can write `return error_set(...)`. */
int error_set(struct error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* As above, with ": " and the errno's words behind the text. */
int error_errno(struct error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Adds what the user can do about it. */
void error_hint(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts "context: " in front of what lower levels said. */
void error_context(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

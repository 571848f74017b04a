/* SPDX-License-Identifier: BSD-2-Clause
 * Errors in words; see error.h. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, int code, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return code;
	error->code = code;
	error->hint[0] = '\0';
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return code;
}

/* bpf(2) returns a number that the kernel has for itself, and the C library no words for. */
#define KERNEL_ENOTSUPP 524

int error_errno(struct error *error, int code, const char *format, ...)
{
	va_list arguments;
	size_t used;

	if (!error)
		return code;
	error->code = code;
	error->hint[0] = '\0';
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	used = strlen(error->text);
	snprintf(error->text + used, sizeof(error->text) - used, ": %s",
		 code == -KERNEL_ENOTSUPP ? "not supported by this kernel" : strerror(-code));
	return code;
}

void error_hint(struct error *error, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return;
	va_start(arguments, format);
	vsnprintf(error->hint, sizeof(error->hint), format, arguments);
	va_end(arguments);
}

void error_context(struct error *error, const char *format, ...)
{
	char context[sizeof(error->text) - sizeof(": ")]; /* so that it fits, and the separator behind it */
	va_list arguments;
	size_t length;

	if (!error)
		return;
	va_start(arguments, format);
	vsnprintf(context, sizeof(context), format, arguments);
	va_end(arguments);
	length = strlen(context);
	memmove(error->text + length + 2, error->text, sizeof(error->text) - length - 2);
	memcpy(error->text, context, length);
	memcpy(error->text + length, ": ", 2);
	error->text[sizeof(error->text) - 1] = '\0';
}

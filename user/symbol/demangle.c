/* SPDX-License-Identifier: BSD-2-Clause
 * Demangling that hostile names cannot make long or slow; see demangle.h. A mangled name of a hundred bytes can stand
 * for gigabytes, as parts refer to earlier parts: libiberty's callback form, which allocates nothing, is left by a jump
 * once enough has come. */
#include "symbol/demangle.h"

#include <ctype.h>
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOL_MAX 2048

struct output {
	char text[DEMANGLE_MAX];
	size_t length;
	jmp_buf full;
};

static const char cut[] = "…";

static void take(const char *text, size_t length, void *opaque)
{
	struct output *output = opaque;
	const size_t room = sizeof(output->text) - sizeof(cut) - output->length;
	const size_t taken = length < room ? length : room;

	memcpy(output->text + output->length, text, taken);
	output->length += taken;
	if (taken < length)
		longjmp(output->full, 1);
}

/* Names must not be cut within a character. */
static void mark_cut(struct output *output)
{
	while (output->length && ((unsigned char)output->text[output->length - 1] & 0xc0) == 0x80)
		output->length--;
	if (output->length && (unsigned char)output->text[output->length - 1] >= 0xc0)
		output->length--;
	memcpy(output->text + output->length, cut, sizeof(cut) - 1);
	output->length += sizeof(cut) - 1;
}

typedef int (*demangler)(const char *mangled, int options, demangle_callbackref callback, void *opaque);

static bool demangle_with(demangler demangle, const char *mangled, struct output *output)
{
	output->length = 0;
	if (setjmp(output->full)) {
		mark_cut(output);
		return true;
	}
	return demangle(mangled, DMGL_NO_OPTS, take, output) != 0;
}

static void demangle(const char *mangled, struct output *output)
{
	/* Rust's older mangling looks like C++, so Rust is asked first. */
	static const demangler languages[] = {rust_demangle_callback, cplus_demangle_v3_callback};
	const bool may_be = strncmp(mangled, "_Z", 2) == 0 || strncmp(mangled, "_R", 2) == 0;

	for (unsigned i = 0; may_be && i < sizeof(languages) / sizeof(*languages); i++)
		if (demangle_with(languages[i], mangled, output))
			return;
	output->length = 0;
	if (!setjmp(output->full))
		take(mangled, strlen(mangled), output);
	else
		mark_cut(output);
}

/* Takes ".NUMBER" off the end of the text, and, if given, ".WORD" before it; true if it was there. */
static bool take_off(char *text, const char *word)
{
	char *dot = strrchr(text, '.');

	if (!dot || dot == text || !dot[1] || strspn(dot + 1, "0123456789") != strlen(dot + 1))
		return false;
	if (word) {
		const size_t length = strlen(word);

		if ((size_t)(dot - text) <= length || strncmp(dot - length, word, length) != 0)
			return false;
		dot -= length;
	}
	*dot = '\0';
	return true;
}

static char *name_of(const char *symbol, const char *const *marks, unsigned count)
{
	struct output output;
	char plain[SYMBOL_MAX];
	size_t length = strcspn(symbol, "@");

	if (length >= sizeof(plain))
		length = sizeof(plain) - 1;
	memcpy(plain, symbol, length);
	plain[length] = '\0';
	for (unsigned i = 0; i < count; i++)
		if (take_off(plain, marks[i]))
			i = (unsigned)-1; /* from the beginning: marks pile up */
	demangle(plain, &output);
	return strndup(output.text, output.length);
}

char *demangle_function(const char *symbol)
{
	static const char *const marks[] = {".constprop", ".isra", ".lto_priv", ".llvm"};

	return name_of(symbol, marks, sizeof(marks) / sizeof(*marks));
}

char *demangle_variable(const char *symbol)
{
	static const char *const marks[] = {".lto_priv", ".llvm", NULL};

	return name_of(symbol, marks, sizeof(marks) / sizeof(*marks));
}

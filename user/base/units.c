/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Durations, sizes and numbers, from text and to text; see text.h. All in integers: a time limit must mean the same on
 * every machine, and a duration must not be off by a rounding of doubles.
 */
#include "base/text.h"

#include <errno.h>
#include <string.h>

#define SECOND 1000000000ULL

struct unit {
	const char *name;
	uint64_t factor;
};

/* Up to a minute: three significant digits in the largest unit that does not make it less than one. */
static void short_duration(struct buffer *out, uint64_t ns)
{
	static const struct unit units[] = {{"s", SECOND}, {"ms", 1000000}, {"us", 1000}};
	const struct unit *unit = units;
	uint64_t digits;

	/* 999.5 us would be rounded to 1000 us: that is 1.00 ms */
	while (ns * 10000 < unit->factor * 9995)
		unit++;
	if (ns * 1000 < unit->factor * 9995) {
		digits = (ns * 100 + unit->factor / 2) / unit->factor;
		buffer_format(out, "%u.%02u %s", (unsigned)(digits / 100), (unsigned)(digits % 100), unit->name);
	} else if (ns * 100 < unit->factor * 9995) {
		digits = (ns * 10 + unit->factor / 2) / unit->factor;
		buffer_format(out, "%u.%u %s", (unsigned)(digits / 10), (unsigned)(digits % 10), unit->name);
	} else {
		buffer_format(out, "%u %s", (unsigned)((ns + unit->factor / 2) / unit->factor), unit->name);
	}
}

void text_duration(struct buffer *out, uint64_t ns)
{
	uint64_t seconds = ns / SECOND + (ns % SECOND >= SECOND / 2);
	uint64_t minutes = seconds / 60 + (seconds % 60 >= 30), hours = minutes / 60 + (minutes % 60 >= 30);

	if (!ns)
		buffer_text_append(out, "0 s");
	else if (ns < 1000)
		buffer_format(out, "%u ns", (unsigned)ns);
	else if (ns < 59950 * (SECOND / 1000)) /* beyond, one decimal would round to 60.0 */
		short_duration(out, ns);
	else if (seconds < 3600)
		buffer_format(out, "%u m %02u s", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
	else if (minutes < 24 * 60)
		buffer_format(out, "%u h %02u m", (unsigned)(minutes / 60), (unsigned)(minutes % 60));
	else
		buffer_format(out, "%u d %02u h", (unsigned)(hours / 24), (unsigned)(hours % 24));
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads digits into *number, and moves *text behind them. -EINVAL if there are none, -ERANGE if they are too many. */
static int read_digits(const char **text, uint64_t *number)
{
	const char *at = *text;

	if (!is_digit(*at))
		return -EINVAL;
	for (*number = 0; is_digit(*at); at++)
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, (uint64_t)(*at - '0'), number))
			return -ERANGE;
	*text = at;
	return 0;
}

/* The digits behind the point as billionths; those after the ninth are below what any unit here can show. */
static uint64_t read_billionths(const char **text)
{
	uint64_t value = 0, scale = SECOND / 10;

	for (; is_digit(**text); (*text)++, scale /= 10)
		value += (uint64_t)(**text - '0') * scale;
	return value;
}

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

static int scale(uint64_t whole, uint64_t factor, uint64_t more, uint64_t *result)
{
	uint64_t value;

	if (__builtin_mul_overflow(whole, factor, &value) || __builtin_add_overflow(value, more, &value) ||
	    value > INT64_MAX)
		return -ERANGE;
	*result = value;
	return 0;
}

int text_parse_duration(const char *text, uint64_t *ns)
{
	static const struct unit units[] = {{"ns", 1},     {"us", 1000},       {"ms", 1000000},
					    {"s", SECOND}, {"m", 60 * SECOND}, {"h", 3600 * SECOND}};
	const struct unit *unit;
	uint64_t whole, billionths = 0;
	int error = read_digits(&text, &whole);

	if (error)
		return error;
	if (*text == '.') {
		if (!is_digit(*++text))
			return -EINVAL;
		billionths = read_billionths(&text);
	}
	unit = find_unit(units, sizeof(units) / sizeof(*units), text);
	if (!unit)
		return -EINVAL;
	/* the product of two parts of at most a billion and 3600 billion fits, if the unit's seconds are taken apart */
	if (unit->factor >= SECOND)
		return scale(whole, unit->factor, billionths * (unit->factor / SECOND), ns);
	return scale(whole, unit->factor, billionths * unit->factor / SECOND, ns);
}

int text_parse_size(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = {{"", 1},           {"K", 1ULL << 10}, {"k", 1ULL << 10},
					    {"M", 1ULL << 20}, {"G", 1ULL << 30}, {"T", 1ULL << 40}};
	const struct unit *unit;
	uint64_t whole;
	int error = read_digits(&text, &whole);

	if (error)
		return error;
	unit = find_unit(units, sizeof(units) / sizeof(*units), text);
	return unit ? scale(whole, unit->factor, 0, bytes) : -EINVAL;
}

int text_parse_number(const char *text, int64_t low, int64_t high, int64_t *number)
{
	bool negative = *text == '-';
	uint64_t magnitude;
	int64_t value;
	int error;

	text += negative;
	error = read_digits(&text, &magnitude);
	if (error == -ERANGE)
		return error;
	if (error || *text)
		return -EINVAL;
	if (magnitude > (uint64_t)INT64_MAX)
		return -ERANGE;
	value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	if (value < low || value > high)
		return -ERANGE;
	*number = value;
	return 0;
}

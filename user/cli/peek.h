/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looks one value up in a JSON object that lifeline itself wrote (a finding's detail), for expectations.
 */
#ifndef LIFELINE_CLI_PEEK_H
#define LIFELINE_CLI_PEEK_H

#include <stdbool.h>

#include "base/buffer.h"

/*
 * `path`: keys joined by dots. Appends the value: a string without its quotes and escapes, anything else as it stands.
 * false if there is no such key.
 */
bool peek_value(const char *json, const char *path, struct buffer *value);

#endif

'use strict';
// SPDX-License-Identifier: BSD-2-Clause
//
// Words: numbers as the text report writes them (user/base/units.c), strings of strangers made visible
// (user/base/text.c), and elements that only ever get text, never markup.

// Characters that act, hide or reorder others; as in user/base/text.c.
const HIDDEN = new RegExp('[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u08e2' +
	'\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ud800-\\udfff' +
	'\\ufdd0-\\ufdef\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff\\u{110bd}\\u{110cd}' +
	'\\u{13430}-\\u{1343f}\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}\\u{ffffe}\\u{fffff}' +
	'\\u{10fffe}\\u{10ffff}\\\\]', 'gu');
const NAMED = {'\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\'};

function spellCharacter(character)
{
	const code = character.codePointAt(0);

	if (NAMED[character])
		return NAMED[character];
	return code < 0x80 ? '\\x' + code.toString(16).padStart(2, '0') : '\\u{' + code.toString(16) + '}';
}

// A stranger's string, so that each of its characters is seen.
function visible(text)
{
	return text.replace(HIDDEN, spellCharacter);
}

// As a shell would take it.
function shellWord(word)
{
	if (/^[A-Za-z0-9_@%+:,./-]+$/.test(word))
		return word;
	if (visible(word) === word)
		return "'" + word.replace(/'/g, "'\\''") + "'";
	return "$'" + visible(word).replace(/'/g, "\\'") + "'";
}

function shellWords(words)
{
	return words ? words.map(shellWord).join(' ') : '';
}

function threeDigits(ns, factor)
{
	if (ns * 1000 < factor * 9995)
		return (Math.floor((ns * 100 + factor / 2) / factor) / 100).toFixed(2);
	if (ns * 100 < factor * 9995)
		return (Math.floor((ns * 10 + factor / 2) / factor) / 10).toFixed(1);
	return String(Math.floor((ns + factor / 2) / factor));
}

const two = (number) => String(number).padStart(2, '0');

// "12 ns", "3.40 us", "12.3 ms", "340 ms", "3.05 s", "2 m 05 s", "3 h 07 m", "2 d 01 h"
function duration(ns)
{
	const seconds = Math.floor(ns / 1e9 + 0.5), minutes = Math.floor(seconds / 60 + 0.5), hours = Math.floor(minutes / 60 + 0.5);

	if (!ns)
		return '0 s';
	if (ns < 1000)
		return Math.floor(ns) + ' ns';
	if (ns < 59950e6) {
		const [name, factor] = [['s', 1e9], ['ms', 1e6], ['us', 1e3]].find((unit) => ns * 10000 >= unit[1] * 9995) || ['us', 1e3];

		return threeDigits(ns, factor) + ' ' + name;
	}
	if (seconds < 3600)
		return Math.floor(seconds / 60) + ' m ' + two(seconds % 60) + ' s';
	if (minutes < 24 * 60)
		return Math.floor(minutes / 60) + ' h ' + two(minutes % 60) + ' m';
	return Math.floor(hours / 24) + ' d ' + two(hours % 24) + ' h';
}

// A duration that may be unknown.
function durationOr(ns, otherwise)
{
	return ns === null || ns === undefined ? otherwise : duration(ns);
}

// "+0.104 s"; cut, not rounded: an effect must not seem to come before its cause.
function moment(ns, decimals)
{
	const size = Math.abs(ns), part = Math.floor((size % 1e9) / 10 ** (9 - decimals));

	return (ns < 0 ? '-' : '+') + Math.floor(size / 1e9) + '.' + String(part).padStart(decimals, '0') + ' s';
}

// "1,234,567"; null: not known
function grouped(number)
{
	return number === null || number === undefined ? 'unknown' : String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

function plural(count, word, words)
{
	return grouped(count) + ' ' + (count === 1 ? word : words);
}

// "exit 0", "SIGSEGV (core)"
function endingText(exit)
{
	if (!exit)
		return 'ended';
	return exit.signal ? exit.signal + (exit.core ? ' (core)' : '') : 'exit ' + exit.code;
}

// The reasons that took most of the time off the processor: "futex 1.20 s, sleep 300 ms"
function blockedText(blocked)
{
	if (!blocked)
		return 'unknown';
	const reasons = Object.entries(blocked).filter((entry) => entry[1]).sort((a, b) => b[1] - a[1]);

	return reasons.filter((entry, index) => index < 3 && entry[1] >= reasons[0][1] / 100)
		.map((entry) => entry[0] + ' ' + duration(entry[1])).join(', ');
}

// An element with attributes and children; strings become text.
function element(tag, attributes, ...children)
{
	const made = document.createElement(tag);

	for (const [name, value] of Object.entries(attributes || {})) {
		if (name.startsWith('on'))
			made.addEventListener(name.slice(2), value);
		else if (value !== null && value !== undefined && value !== false)
			made.setAttribute(name, value === true ? '' : value);
	}
	made.append(...children.filter((child) => child !== null && child !== undefined));
	return made;
}

// A stranger's words in a line of ours: what runs right to left in it must not turn the line.
function stranger(text)
{
	return element('bdi', null, visible(text));
}

const byName = (id) => document.getElementById(id);

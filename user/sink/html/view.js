// SPDX-License-Identifier: BSD-2-Clause
//
// Which stretch of time is looked at, and where a time lies on the canvas.

const LEAST_NS = 100; // no closer than that
const MARGIN = 0.02;  // of the whole time, on both sides
const view = {from: -endNs * MARGIN, until: endNs * (1 + MARGIN), left: 200, width: 600};

function span()
{
	return view.until - view.from;
}

function xOf(t)
{
	return view.left + (t - view.from) / span() * view.width;
}

function tOf(x)
{
	return view.from + (x - view.left) / view.width * span();
}

// Never beyond the whole, so that nobody gets lost.
function look(from, until)
{
	const whole = endNs * (1 + 2 * MARGIN), size = Math.min(Math.max(until - from, Math.min(LEAST_NS, whole)), whole);
	const low = -endNs * MARGIN, high = endNs * (1 + MARGIN);
	let start = from + (until - from - size) / 2;

	start = Math.min(Math.max(start, low), high - size);
	view.from = start;
	view.until = start + size;
}

function lookAtAll()
{
	look(-endNs * MARGIN, endNs * (1 + MARGIN));
}

// factor < 1: closer. The time `at` stays where it is.
function zoom(at, factor)
{
	const size = Math.max(span() * factor, LEAST_NS), share = (at - view.from) / span();

	look(at - share * size, at + (1 - share) * size);
}

function pan(ns)
{
	look(view.from + ns, view.until + ns);
}

// A round distance between ticks: 1, 2 or 5 of a power of ten, at least `least` nanoseconds.
function tickStep(least)
{
	const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));

	return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least);
}

function tickText(t, step)
{
	const decimals = Math.min(9, Math.max(0, 9 - Math.floor(Math.log10(step) + 1e-9)));

	return (t / 1e9).toFixed(decimals) + ' s';
}

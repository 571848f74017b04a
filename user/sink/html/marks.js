// SPDX-License-Identifier: BSD-2-Clause
//
// Events as marks on lifelines, spans of waiting, and states of threads. A row of the block `events` is
//   ["4712@8123…"]                                   the next number is that process
//   [t, type, process, tid, {keys of the event log}]
//   [t, "switch", process, tid, next process, next tid, state, reason, woken at, woken by]

const RUNNING = 1, RUNNABLE = 2, BLOCKED = 3;
const losses = []; // {since, until, text}
let hasStates = false, eventCount = 0;

const threadsOf = new Map(); // process → tid → its threads, by birth: a tid can come again

function indexThreads()
{
	for (const process of processes) {
		const byTid = new Map();

		for (const thread of process.threads) {
			const same = byTid.get(thread.tid);

			if (same)
				same.push(thread);
			else
				byTid.set(thread.tid, [thread]);
		}
		threadsOf.set(process, byTid);
	}
}

// Who bore the tid at that time.
function threadAt(process, tid, t)
{
	const same = process && threadsOf.get(process).get(tid);

	if (!same)
		return null;
	for (let i = same.length; i--;)
		if (same[i].from <= t)
			return same[i];
	return same[0];
}

function closeSpan(spans, t, row)
{
	const last = spans[spans.length - 1];

	if (last && last.until === null) {
		last.until = t;
		last.end = row;
	}
}

function openSpan(spans, t, row)
{
	closeSpan(spans, t, null);
	spans.push({from: t, until: null, row, end: null});
}

function addState(thread, t, state, reason, by)
{
	if (!thread)
		return;
	hasStates = true;
	thread.states = thread.states || [];
	const states = thread.states, last = states[states.length - 1];

	states.push({t: last && last.t > t ? last.t : t, state, reason, by});
}

// One comes off the processor, the other on: runnable since it was woken, as far as that is known.
function takeSwitch(row, off, on)
{
	const [t, , , , , , state, reason, woken, waker] = row;

	if (off)
		addState(off, t, reason === 'involuntary' || state === 'R' ? RUNNABLE : BLOCKED, reason, 0);
	if (!on)
		return;
	if (woken !== null)
		addState(on, woken, RUNNABLE, null, waker);
	addState(on, t, RUNNING, null, 0);
}

const SPAN_OPENS = {'lock-wait': 'locks', 'wait-enter': 'waits'};
const SPAN_CLOSES = {'lock-acquired': 'locks', 'lock-timeout': 'locks', 'wait-exit': 'waits'};
// Shown by the lifelines themselves.
const NO_MARK = {'thread': true, 'zombie': true, 'autoreap': true};

function markOn(process, row)
{
	if (process)
		process.marks.push(row);
}

function takeRow(row, actor)
{
	const [t, type, , tid, keys] = row;
	const kind = SPAN_OPENS[type] || SPAN_CLOSES[type], spans = kind === 'locks' && isSignalling(keys.lock) ? 'signals' : kind;

	if (spans) {
		const thread = threadAt(actor, tid, t);

		if (thread && SPAN_OPENS[type])
			openSpan(thread[spans], t, row);
		else if (thread)
			closeSpan(thread[spans], t, row);
		return;
	}
	if (type === 'lost') {
		losses.push({since: keys.since_ns ?? t, until: t, keys});
		return;
	}
	if (type === 'exit' && keys.live !== 0 || NO_MARK[type])
		return;
	if (type === 'signal' || type === 'adopt')
		markOn(processById.get(type === 'signal' ? keys.to_id : keys.child_id) || actor, row);
	else
		markOn(actor, row);
}

function endSpans()
{
	for (const process of processes) {
		process.marks.sort((a, b) => a[0] - b[0]);
		for (const thread of process.threads) {
			closeSpan(thread.locks, thread.until, null);
			closeSpan(thread.signals, thread.until, null);
			closeSpan(thread.waits, thread.until, null);
			if (thread.states)
				packStates(thread);
		}
	}
}

// Arrays of plain numbers, and the running time up to each, so that any stretch of time is summed at once.
function packStates(thread)
{
	const list = thread.states, t = new Float64Array(list.length + 1), ran = new Float64Array(list.length + 1);
	const off = new Float64Array(list.length + 1);

	list.forEach((state, i) => {
		const next = i + 1 < list.length ? list[i + 1].t : Math.max(thread.until, state.t);

		t[i] = state.t;
		t[i + 1] = next;
		ran[i + 1] = ran[i] + (state.state === RUNNING ? next - state.t : 0);
		off[i + 1] = off[i] + (state.state === RUNNABLE ? next - state.t : 0);
	});
	thread.states = {list, t, ran, off};
}

// Event rows are read once and those that no lifeline shows are let go.
function takeEvents()
{
	const numbers = [];

	indexThreads();
	for (const row of readBlock('events')) {
		if (row.length === 1) {
			numbers.push(processById.get(row[0]) || null);
			continue;
		}
		eventCount++;
		const actor = row[2] < 0 ? null : numbers[row[2]];

		if (row[1] === 'switch')
			takeSwitch(row, threadAt(actor, row[3], row[0]), row[4] < 0 ? null : threadAt(numbers[row[4]], row[5], row[0]));
		else
			takeRow(row, actor);
	}
	endSpans();
}
takeEvents();

// The spans of all threads as one row of them: what overlaps is joined. Newest first in `of`, for who looks at one.
function mergedSpans(process, kind)
{
	process.merged = process.merged || {};
	if (process.merged[kind])
		return process.merged[kind];
	const all = process.threads.flatMap((thread) => thread[kind]).sort((a, b) => a.from - b.from), merged = [];

	for (const span of all) {
		const last = merged[merged.length - 1];

		if (last && span.from <= last.until)
			last.until = Math.max(last.until, span.until);
		else
			merged.push({from: span.from, until: span.until, row: span.row, end: span.end});
	}
	process.merged[kind] = merged;
	return merged;
}

// The thread that bears the tid, in the process given or else in any. Made when first asked for.
let threadsByTid = null;

function holderOf(process, tid, t)
{
	const own = threadAt(process, tid, t);

	if (own || !tid)
		return own ? {process, thread: own} : null;
	if (!threadsByTid) {
		threadsByTid = new Map();
		for (const other of processes)
			for (const thread of other.threads)
				threadsByTid.set(thread.tid, {process: other, thread});
	}
	return threadsByTid.get(tid) || null;
}

// The first index of sorted `list` whose `key` is at least `value`.
function lowerBound(list, value, key)
{
	let low = 0, high = list.length;

	while (low < high) {
		const middle = (low + high) >> 1;

		if (key(list[middle]) < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

function lossText(loss)
{
	if (loss.keys.class === 'stream')
		return 'the trace breaks off here';
	return (loss.keys.count === undefined ? 'events' : plural(loss.keys.count, 'event', 'events')) + ' lost: ' + loss.keys.class;
}

const MARK_TEXTS = {
	fork: (keys) => 'made process ' + idText(keys.child_id),
	umask: (keys) => 'umask ' + keys.mask.toString(8).padStart(3, '0'),
	exec: (keys) => 'exec ' + (keys.argv ? shellWords(keys.argv) : visible(keys.exe || '')),
	exit: (keys) => 'ended: ' + (keys.signal ? keys.signal + (keys.core ? ' (core)' : '') : 'exit ' + keys.code),
	reap: (keys) => 'reaped ' + idText(keys.child_id),
	adopt: (keys) => idText(keys.child_id) + ' adopted by ' + idText(keys.to_id) + ', rule ' + keys.rule,
	signal: (keys) => keys.signal + ' to ' + idText(keys.to_id) + (keys.sent_by ? ' from ' + keys.sent_by : ' from the kernel') +
		(keys.fatal ? ', which ends it' : ''),
};

function keysText(keys)
{
	return Object.entries(keys).map((entry) => entry[0] + ' ' + visible(Array.isArray(entry[1]) ? shellWords(entry[1]) : String(entry[1]))).join(', ');
}

function markText(row)
{
	const make = MARK_TEXTS[row[1]];

	return make ? make(row[4]) : (row[1] + ' ' + keysText(row[4])).trim();
}

function spanText(span)
{
	const keys = span.row[4], took = duration(span.until - span.from);
	const lock = lockById.get(keys.lock), held = lock && lock.kind === 'semaphore' ? ', last taken by ' : ', held by ';

	if (span.row[1] === 'lock-wait')
		return 'waited ' + took + ' for ' + lockLabel(keys.lock) + (keys.holder ? held + keys.holder : '') +
			(span.end && span.end[1] === 'lock-timeout' ? ' (' + span.end[4].outcome + ')' : '');
	return 'in ' + keys.call + ' for ' + took + (span.end && span.end[4].result !== undefined ? ', result ' + span.end[4].result : '');
}

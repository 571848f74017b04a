// SPDX-License-Identifier: BSD-2-Clause
//
// Which rows the diagram has: the tree of processes, as far as it is asked for, and the threads of those unfolded.

const ROW = 24, AXIS = 26;
const lanes = {rows: [], shown: 0, which: 'all', find: '', chosen: null, cursor: null, rowOf: new Map()};

function presentUntil(process)
{
	return !process.over || process.isZombie ? endNs : process.gone;
}

// At first all, unless very many were there before and neither came nor went: then who did is what there is to see.
function chooseWhich()
{
	const still = processes.filter((process) => process.born < 0 && !process.over).length;

	lanes.which = still > 50 && still < processes.length ? 'changed' : 'all';
	byName('which').value = lanes.which;
}

function matches(process)
{
	if (lanes.which === 'changed' && process.born < 0 && !process.over)
		return false;
	if (lanes.which === 'present' && (process.born > view.until || presentUntil(process) < view.from))
		return false;
	if (lanes.which === 'verdicts' && !process.findings.length)
		return false;
	if (!lanes.find)
		return true;
	const text = (process.pid + ' ' + process.comm + ' ' + process.command + ' ' + process.threads.map((thread) => thread.told.comm).join(' ')).toLowerCase();

	return text.includes(lanes.find);
}

// Those that match, and their ancestors, so that the tree holds together.
function wanted()
{
	const keep = new Set();

	for (const process of tree) {
		if (!matches(process))
			continue;
		for (let at = process; at && !keep.has(at); at = at.parent)
			keep.add(at);
	}
	return keep;
}

function makeRows()
{
	const keep = lanes.which === 'all' && !lanes.find ? null : wanted();

	lanes.rows = [];
	lanes.shown = 0;
	for (const process of tree) {
		if (keep && !keep.has(process))
			continue;
		lanes.rows.push({process, thread: null});
		lanes.shown++;
		if (process.unfolded)
			for (const thread of process.threads)
				lanes.rows.push({process, thread});
	}
	lanes.rowOf = new Map(lanes.rows.map((row, index) => [row.thread || row.process, index]));
	if (lanes.chosen && !lanes.rowOf.has(subject(lanes.chosen)))
		lanes.chosen = lanes.rowOf.has(lanes.chosen.process) ? lanes.rows[lanes.rowOf.get(lanes.chosen.process)] : null;
	else if (lanes.chosen)
		lanes.chosen = lanes.rows[lanes.rowOf.get(subject(lanes.chosen))];
}

function subject(row)
{
	return row.thread || row.process;
}

function rowText(row)
{
	return row.thread ? row.thread.tid + ' ' + visible(row.thread.told.comm) : row.process.pid + ' ' + visible(row.process.comm);
}

// What a single thread does is shown on the line of its process.
function unfolds(process)
{
	return process.threads.length > 1;
}

// Of a thread: what it did itself. Made when first asked for.
function rowMarks(row)
{
	if (!row.thread)
		return row.process.marks;
	row.thread.marks = row.thread.marks || row.process.marks.filter((mark) => mark[3] === row.thread.tid && mark[1] !== 'signal' && mark[1] !== 'adopt');
	return row.thread.marks;
}

function rowSpans(row, kind)
{
	return row.thread ? row.thread[kind] : mergedSpans(row.process, kind);
}

// The index of what is in state at t, -1 before the first.
function stateIndex(states, t)
{
	let low = 0, high = states.list.length;

	while (low < high) {
		const middle = (low + high) >> 1;

		if (states.t[middle] <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

// What a row was doing at that time, in words.
function doingText(row, t)
{
	const process = row.process, from = row.thread ? row.thread.from : process.born, until = row.thread ? row.thread.until : process.died;

	if (t < from)
		return 'not born yet';
	if (t >= until && (row.thread ? row.thread.told.exited_ns !== null : process.over))
		return !row.thread && t < process.gone || process.isZombie && !row.thread ? 'dead, not reaped' : 'gone';
	for (const kind of ['locks', 'signals', 'waits']) {
		const spans = rowSpans(row, kind), at = lowerBound(spans, t, (span) => span.until);

		if (at < spans.length && spans[at].from <= t && (row.thread || process.threads.length === 1))
			return spanText(spans[at]);
	}
	const thread = row.thread || (process.threads.length === 1 ? process.threads[0] : null), states = thread && thread.states, index = states ? stateIndex(states, t) : -1;

	if (index < 0)
		return 'alive';
	const state = states.list[index];

	if (state.state === BLOCKED)
		return 'blocked: ' + (state.reason || 'not known in what');
	return state.state === RUNNING ? 'running' : 'runnable' + (state.by ? ', woken by ' + state.by : '');
}

// SPDX-License-Identifier: BSD-2-Clause
//
// Drawing: only the rows in sight, and of each only as much as there are pixels. A hundred thousand marks in a row cost
// as many steps as it is wide.

const canvas = byName('canvas'), scroller = byName('scroller'), spacer = byName('spacer');
const pen = canvas.getContext('2d', {alpha: false});
const FONT = '12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace';
let colors = {}, hatch = null;

// Colours have names in page.css; the canvas needs their values.
function readColors()
{
	const style = getComputedStyle(document.documentElement);

	for (const name of ['page', 'panel', 'text', 'dim', 'line', 'accent', 'stripe', 'chosen', 'error', 'warning', 'note', 'alive',
		'adopted', 'dead', 'lock', 'signal', 'wait', 'run', 'runnable', 'blocked', 'born', 'lost'])
		colors[name] = style.getPropertyValue('--' + name).trim();
	hatch = makeHatch();
}

// Dead and not reaped is told by its hatching, too: not everybody sees red.
function makeHatch()
{
	const tile = document.createElement('canvas');

	tile.width = tile.height = 6;
	const ink = tile.getContext('2d');

	ink.strokeStyle = colors.dead;
	ink.lineWidth = 1.6;
	ink.beginPath();
	for (const [x0, y0, x1, y1] of [[0, 6, 6, 0], [-1, 1, 1, -1], [5, 7, 7, 5]]) {
		ink.moveTo(x0, y0);
		ink.lineTo(x1, y1);
	}
	ink.stroke();
	return pen.createPattern(tile, 'repeat');
}

function box(color, x0, x1, y, height)
{
	const left = Math.max(x0, view.left), right = Math.min(x1, view.left + view.width);

	if (right < view.left || left > view.left + view.width)
		return;
	pen.fillStyle = color;
	pen.fillRect(left, y, Math.max(right - left, 1), height);
}

function line(color, x0, y0, x1, y1, width)
{
	pen.strokeStyle = color;
	pen.lineWidth = width || 1;
	pen.beginPath();
	pen.moveTo(x0, y0);
	pen.lineTo(x1, y1);
	pen.stroke();
}

function shape(color, points)
{
	pen.fillStyle = color;
	pen.beginPath();
	points.forEach((point, index) => (index ? pen.lineTo(point[0], point[1]) : pen.moveTo(point[0], point[1])));
	pen.fill();
}

const inSight = (x) => x >= view.left - 6 && x <= view.left + view.width + 6;

// ---- the lives -----------------------------------------------------------------------------------------

function drawProcess(process, y)
{
	const middle = y + ROW / 2, x0 = xOf(process.born), x1 = xOf(process.died), x2 = xOf(process.isZombie ? endNs : process.gone);
	const adopted = process.told.orphaned;

	box(colors.alive, x0, x1, middle - 4, 8);
	if (adopted && adopted.at_ns < process.died)
		box(colors.adopted, xOf(adopted.at_ns), x1, middle - 4, 8);
	if (process.threads.length === 1 && process.threads[0].states)
		drawStates(process.threads[0], y);
	if (x2 > x1 && process.told.zombie_ns) {
		box(colors.panel, x1, x2, middle - 5, 10);
		box(hatch, x1, x2, middle - 5, 10);
		box(colors.dead, x1, x2, middle - 5, 1);
		box(colors.dead, x1, x2, middle + 4, 1);
	}
	if (process.born >= 0 && inSight(x0))
		box(colors.born, x0 - 1, x0 + 1, middle - 8, 16);
	if (process.told.reaped_ns !== null && inSight(xOf(process.told.reaped_ns)))
		box(colors.born, xOf(process.told.reaped_ns) - 1, xOf(process.told.reaped_ns) + 1, middle - 8, 16);
	else if (!process.over && inSight(x1))
		shape(colors.alive, [[x1, middle - 7], [x1 + 8, middle], [x1, middle + 7]]);
	if (adopted && inSight(xOf(adopted.at_ns)))
		diamond(colors.adopted, xOf(adopted.at_ns), middle, 7);
}

function diamond(color, x, y, size)
{
	shape(colors.panel, [[x, y - size - 1], [x + size + 1, y], [x, y + size + 1], [x - size - 1, y]]);
	shape(color, [[x, y - size], [x + size, y], [x, y + size], [x - size, y]]);
}

const LEVELS = 8; // of strength in colour

// A pixel that holds several states is as strong in colour as the thread ran (or wanted to) in it; pixels of equal
// strength side by side are drawn as one.
function drawStates(thread, y)
{
	const {list, t} = thread.states, middle = y + ROW / 2;
	const left = Math.max(view.left, Math.floor(xOf(t[0]))), right = Math.min(view.left + view.width, xOf(t[list.length]));
	let run = null; // pixels of several states: where they begin, and their strengths

	for (let x = left; x < right;) {
		const index = Math.max(stateIndex(thread.states, tOf(x)), 0), until = xOf(t[index + 1]);

		if (until < x + 1.5 && index + 1 < list.length) {
			run = extendRun(thread.states, run, x, index, middle);
			x = Math.floor(x) + 1;
			continue;
		}
		drawRun(run, x, middle);
		run = null;
		drawState(list[index].state, x, Math.min(until, right), middle);
		x = Math.max(until, x + 1);
	}
	drawRun(run, right, middle);
}

function drawState(state, x0, x1, middle)
{
	if (state === RUNNING)
		box(colors.run, x0, x1, middle - 6, 12);
	else if (state === RUNNABLE)
		box(colors.runnable, x0, x1, middle - 4, 8);
	else
		box(colors.blocked, x0, x1, middle - 1, 2);
}

// Time running, and time runnable, until then.
function sumsAt(states, at, index)
{
	const i = Math.min(Math.max(index, 0), states.list.length - 1), length = states.t[i + 1] - states.t[i];
	const share = length ? Math.min(Math.max((at - states.t[i]) / length, 0), 1) : 0;

	return [states.ran[i] + (states.ran[i + 1] - states.ran[i]) * share, states.off[i] + (states.off[i + 1] - states.off[i]) * share];
}

// What part of a pixel that was, as a level; more than nothing is at least the first.
function level(part, whole)
{
	return Math.ceil(Math.min(1, part / whole) * LEVELS - 1e-6);
}

// One pixel more, from x on; `index` is the state at its beginning. What was summed up to its end serves the next.
function extendRun(states, run, x, index, middle)
{
	const from = tOf(x), until = tOf(x + 1), before = run && run.until === from ? run.sums : sumsAt(states, from, index);
	const sums = sumsAt(states, until, stateIndex(states, until));
	const running = level(sums[0] - before[0], until - from), runnable = level(sums[1] - before[1], until - from);

	if (run && run.running === running && run.runnable === runnable) {
		run.sums = sums;
		run.until = until;
		return run;
	}
	drawRun(run, x, middle);
	return {x, running, runnable, sums, until};
}

function drawRun(run, x, middle)
{
	if (!run)
		return;
	box(colors.blocked, run.x, x, middle - 1, 2);
	if (run.runnable) {
		pen.globalAlpha = 0.2 + 0.8 * run.runnable / LEVELS;
		box(colors.runnable, run.x, x, middle - 4, 8);
	}
	if (run.running) {
		pen.globalAlpha = 0.2 + 0.8 * run.running / LEVELS;
		box(colors.run, run.x, x, middle - 6, 12);
	}
	pen.globalAlpha = 1;
}

function drawThread(thread, y)
{
	const middle = y + ROW / 2;

	if (thread.states)
		drawStates(thread, y);
	else
		box(colors.alive, xOf(thread.from), xOf(thread.until), middle - 2, 4);
	if (thread.from >= 0 && inSight(xOf(thread.from)))
		box(colors.born, xOf(thread.from), xOf(thread.from) + 1, middle - 6, 12);
	if (thread.told.exited_ns !== null && inSight(xOf(thread.until)))
		box(colors.born, xOf(thread.until) - 1, xOf(thread.until), middle - 6, 12);
}

// ---- waits and marks --------------------------------------------------------------------------------------

// Spans do not overlap within a row. What falls into a pixel already drawn is passed over.
function drawSpans(spans, color, y, height)
{
	let at = lowerBound(spans, view.from, (one) => one.until);

	while (at < spans.length && spans[at].from <= view.until) {
		const x0 = xOf(spans[at].from), x1 = Math.max(xOf(spans[at].until), x0 + 1);

		box(color, x0, x1, y, height);
		at = Math.max(at + 1, lowerBound(spans, tOf(x1), (one) => one.until));
	}
}

function cross(x, y)
{
	line(colors.error, x - 4, y - 4, x + 4, y + 4, 2);
	line(colors.error, x - 4, y + 4, x + 4, y - 4, 2);
}

const MARK_DRAW = {
	exec: (x, y) => shape(colors.accent, [[x - 4, y - 10], [x + 4, y - 10], [x, y - 4]]),
	fork: (x, y) => box(colors.born, x - 0.5, x + 0.5, y - 7, 14),
	reap: (x, y) => shape(colors.note, [[x, y + 4], [x + 4, y + 10], [x - 4, y + 10]]),
	signal: (x, y, keys) => (keys.fatal ? cross(x, y) : line(colors.error, x - 2.5, y - 10, x + 2.5, y - 5, 1.5)),
	adopt: (x, y) => diamond(colors.adopted, x, y, 6),
	exit: () => {},
};

function drawMarks(marks, y)
{
	const middle = y + ROW / 2, gap = span() / view.width * 3;
	let at = lowerBound(marks, tOf(view.left - 6), (mark) => mark[0]);

	while (at < marks.length && marks[at][0] <= tOf(view.left + view.width + 6)) {
		const mark = marks[at], x = xOf(mark[0]), draw = MARK_DRAW[mark[1]];

		if (draw)
			draw(x, middle, mark[4]);
		else
			box(colors.note, x - 1, x + 1, middle + 5, 4);
		at = Math.max(at + 1, lowerBound(marks, mark[0] + gap, (other) => other[0]));
	}
}

function findingTime(finding)
{
	const times = finding.evidence.map((fact) => fact.t_ns).filter((t) => t !== null);

	return times.length ? Math.min(Math.max(times[times.length - 1], 0), endNs) : endNs;
}

function drawFindings(process, y)
{
	for (const finding of process.findings) {
		const x = xOf(findingTime(finding)), middle = y + ROW / 2;

		if (!inSight(x))
			continue;
		pen.beginPath();
		pen.arc(x, middle, 7, 0, 2 * Math.PI);
		pen.fillStyle = colors.panel;
		pen.fill();
		pen.beginPath();
		pen.arc(x, middle, 6, 0, 2 * Math.PI);
		pen.fillStyle = colors[finding.severity];
		pen.fill();
		pen.fillStyle = colors.panel;
		pen.font = 'bold 10px sans-serif';
		pen.textAlign = 'center';
		pen.fillText(finding.severity === 'note' ? 'i' : '!', x, middle + 3.5);
	}
}

// An arrow from who held a lock to who began to wait for it, where the wait is wide enough to be read.
function drawHolders(row, index, top)
{
	const spans = row.thread.locks;
	let at = lowerBound(spans, view.from, (one) => one.until);

	while (at < spans.length && spans[at].from <= view.until) {
		const span = spans[at], x0 = xOf(span.from), x1 = xOf(span.until);

		if (x1 - x0 >= 12 && x0 >= view.left && span.row[4].holder)
			drawHolder(span, row, index, x0 + 3, top);
		at = Math.max(at + 1, lowerBound(spans, tOf(x0 + 12), (one) => one.from));
	}
}

function drawHolder(span, row, index, x, top)
{
	const holder = holderOf(row.process, span.row[4].holder, span.from), from = holder && (lanes.rowOf.get(holder.thread) ?? lanes.rowOf.get(holder.process));

	if (from === undefined || from === null || from === index)
		return;
	const down = from < index ? 1 : -1, start = rowTop(from, top) + ROW / 2, end = rowTop(index, top) + ROW / 2 - down * 6;

	line(colors.text, x, Math.max(start, AXIS), x, end, 1);
	shape(colors.text, [[x - 3, end - down * 5], [x + 3, end - down * 5], [x, end]]);
}

// ---- the frame around ----------------------------------------------------------------------------------------

function drawLabel(row, y)
{
	const indent = Math.min(row.process.depth, Math.floor(view.left / 24)) * 10 + (row.thread ? 26 : 14);
	let x = 4 + indent;

	pen.font = FONT;
	pen.textAlign = 'left';
	if (!row.thread && unfolds(row.process)) {
		const middle = y + ROW / 2, left = x - 11;

		shape(colors.dim, row.process.unfolded ? [[left, middle - 3], [left + 8, middle - 3], [left + 4, middle + 4]]
			: [[left, middle - 4], [left + 7, middle], [left, middle + 4]]);
	}
	pen.fillStyle = row.thread ? colors.dim : colors.text;
	pen.fillText(rowText(row), x, y + ROW / 2 + 4);
	if (!row.thread && unfolds(row.process)) {
		x += pen.measureText(rowText(row)).width + 6;
		pen.fillStyle = colors.dim;
		pen.fillText('(' + row.process.threads.length + ' threads)', x, y + ROW / 2 + 4);
	}
}

// From the parent's row down (or up) to where the child was born.
function drawBirth(process, index, top)
{
	const parent = process.parent ? lanes.rowOf.get(process.parent) : undefined, x = Math.round(xOf(process.born)) + 0.5;

	if (parent === undefined || process.born < 0 || !inSight(x) || x < view.left)
		return;
	pen.globalAlpha = 0.55;
	line(colors.born, x, Math.max(rowTop(parent, top) + ROW / 2, AXIS), x, rowTop(index, top) + ROW / 2);
	pen.globalAlpha = 1;
}

const rowTop = (index, top) => AXIS + index * ROW - top;

function eachTick(action)
{
	const step = tickStep(span() / view.width * 110);

	for (let t = Math.ceil(Math.max(view.from, 0) / step) * step; t <= Math.min(view.until, endNs); t += step)
		action(t, Math.round(xOf(t)) + 0.5, step);
}

function drawGrid(height)
{
	eachTick((t, x) => line(colors.line, x, AXIS, x, height));
}

function drawAxis()
{
	pen.fillStyle = colors.panel;
	pen.fillRect(0, 0, view.left + view.width + 20, AXIS);
	pen.font = FONT;
	pen.textAlign = 'left';
	eachTick((t, x, step) => {
		line(colors.line, x, AXIS - 6, x, AXIS);
		pen.fillStyle = colors.dim;
		pen.fillText(tickText(t, step), x + 3, 16);
	});
	line(colors.line, 0, AXIS - 0.5, view.left + view.width + 20, AXIS - 0.5);
}

function drawLosses(height)
{
	for (const loss of losses) {
		pen.globalAlpha = 0.18;
		box(colors.lost, xOf(loss.since), Math.max(xOf(loss.until), xOf(loss.since) + 2), AXIS, height - AXIS);
		pen.globalAlpha = 1;
	}
}

// Ends of the observation: beyond them nothing is known.
function drawBounds(height)
{
	for (const t of [0, endNs])
		if (inSight(xOf(t)))
			line(colors.dim, Math.round(xOf(t)) + 0.5, AXIS, Math.round(xOf(t)) + 0.5, height);
}

// The moment that somebody asked for.
function drawCursor(height)
{
	if (lanes.cursor === null || !inSight(xOf(lanes.cursor)))
		return;
	pen.setLineDash([5, 3]);
	line(colors.accent, xOf(lanes.cursor), AXIS, xOf(lanes.cursor), height, 1.5);
	pen.setLineDash([]);
}

function drawRow(row, y)
{
	if (row.thread) {
		drawThread(row.thread, y);
		drawSpans(row.thread.signals, colors.signal, y + ROW / 2 - 3, 6);
		drawSpans(row.thread.locks, colors.lock, y + ROW / 2 - 5, 10);
		drawSpans(row.thread.waits, colors.wait, y + ROW / 2 + 6, 3);
	} else {
		drawProcess(row.process, y);
		drawSpans(mergedSpans(row.process, 'signals'), colors.signal, y + ROW / 2 - 1, 2);
		drawSpans(mergedSpans(row.process, 'locks'), colors.lock, y + ROW / 2 - 2, 4);
		drawSpans(mergedSpans(row.process, 'waits'), colors.wait, y + ROW / 2 + 5, 3);
	}
	drawMarks(rowMarks(row), y);
	if (!row.thread)
		drawFindings(row.process, y);
}

function drawBackground(first, last, top, width)
{
	for (let index = first; index < last; index++) {
		const row = lanes.rows[index];

		pen.fillStyle = row === lanes.chosen ? colors.chosen : index % 2 ? colors.stripe : colors.panel;
		pen.fillRect(0, rowTop(index, top), width, ROW);
	}
}

// The whole picture; width and height in CSS pixels, top: how far the rows are scrolled.
function draw(width, height, top)
{
	const first = Math.max(0, Math.floor(top / ROW)), last = Math.min(lanes.rows.length, Math.ceil((top + height - AXIS) / ROW));

	pen.fillStyle = colors.panel;
	pen.fillRect(0, 0, width, height);
	drawBackground(first, last, top, width);
	pen.save();
	pen.beginPath();
	pen.rect(view.left, 0, view.width + 12, height);
	pen.clip();
	drawGrid(height);
	drawLosses(height);
	drawBounds(height);
	for (let index = first; index < last; index++)
		drawBirth(lanes.rows[index].process, index, top);
	for (let index = first; index < last; index++)
		drawRow(lanes.rows[index], rowTop(index, top));
	for (let index = first; index < last; index++)
		if (lanes.rows[index].thread)
			drawHolders(lanes.rows[index], index, top);
	drawCursor(height);
	pen.restore();
	pen.save();
	pen.beginPath();
	pen.rect(0, 0, view.left - 4, height);
	pen.clip();
	for (let index = first; index < last; index++)
		drawLabel(lanes.rows[index], rowTop(index, top));
	pen.restore();
	line(colors.line, view.left - 3.5, 0, view.left - 3.5, height);
	drawAxis();
}

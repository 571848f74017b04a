// SPDX-License-Identifier: BSD-2-Clause
//
// The diagram as something to use: its size, mouse, fingers, keys, and what is chosen. It is drawn once a frame at most,
// when something has changed.

const MOST_ROWS = 26; // in sight, on the page; the rest is scrolled
const tip = byName('tip');
let asked = false, paper = null; // paper: all rows at once, for printing

function redraw()
{
	if (asked)
		return;
	asked = true;
	requestAnimationFrame(() => {
		asked = false;
		drawNow();
	});
}

function canvasHeight()
{
	if (paper)
		return AXIS + Math.min(lanes.rows.length, paper.rows) * ROW + 4;
	return scroller.clientHeight;
}

function drawNow()
{
	if (lanes.which === 'present' && (lanes.from !== view.from || lanes.until !== view.until))
		refreshPresent();
	const width = paper ? paper.width : scroller.clientWidth, height = canvasHeight(), scale = window.devicePixelRatio || 1;

	if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
		canvas.width = Math.round(width * scale);
		canvas.height = Math.round(height * scale);
		canvas.style.width = width + 'px';
		canvas.style.height = height + 'px';
	}
	view.left = Math.round(Math.min(Math.max(width * 0.28, 110), 340));
	view.width = Math.max(width - view.left - 14, 50);
	pen.setTransform(scale, 0, 0, scale, 0, 0);
	draw(width, height, paper ? 0 : scroller.scrollTop);
}

// The scroller is as high as its rows need, within bounds; the spacer makes its scroll bar.
function layOut()
{
	const rows = Math.max(lanes.rows.length, 3), most = Math.max(Math.min(MOST_ROWS, Math.floor(window.innerHeight * 0.7 / ROW)), 6);

	scroller.style.height = AXIS + Math.min(rows, most) * ROW + 6 + 'px';
	spacer.style.height = Math.max(lanes.rows.length - Math.min(rows, most), 0) * ROW + 'px';
	byName('row-count').textContent = lanes.shown === processes.length ? plural(lanes.shown, 'process', 'processes')
		: grouped(lanes.shown) + ' of ' + plural(processes.length, 'process', 'processes');
	redraw();
}

// Who is there changes with the time in sight.
function refreshPresent()
{
	lanes.from = view.from;
	lanes.until = view.until;
	makeRows();
	layOut();
}

function refreshRows()
{
	makeRows();
	layOut();
}

// ---- choosing ---------------------------------------------------------------------------------------------------

function revealRow(row)
{
	const index = lanes.rowOf.get(subject(row)), top = index * ROW, height = scroller.clientHeight - AXIS - ROW;

	if (top < scroller.scrollTop)
		scroller.scrollTop = top;
	else if (top > scroller.scrollTop + height)
		scroller.scrollTop = top - height;
}

function choose(row)
{
	lanes.chosen = row;
	if (row)
		revealRow(row);
	showDetails(row);
	redraw();
}

function toggleThreads(process)
{
	if (!unfolds(process))
		return;
	process.unfolded = !process.unfolded;
	refreshRows();
}

// From a verdict or a table: the row, with its life in sight.
function goToProcess(process)
{
	if (!lanes.rowOf.has(process)) {
		lanes.which = byName('which').value = 'all';
		lanes.find = byName('find').value = '';
		refreshRows();
	}
	zoomToLife({process, thread: null});
	choose(lanes.rows[lanes.rowOf.get(process)]);
	byName('lifelines').scrollIntoView();
	scroller.focus({preventScroll: true});
}

// From a line of evidence: that moment, marked, in the life of the process.
function goToMoment(process, t, text)
{
	goToProcess(process);
	if (t < view.from || t > view.until)
		look(t - span() / 2, t + span() / 2);
	lanes.cursor = t;
	showDetails(lanes.chosen, moment(t, 6) + ': ' + text);
	redraw();
}

function zoomToLife(row)
{
	const from = Math.max(row.thread ? row.thread.from : row.process.born, 0), until = row.thread ? row.thread.until : Math.max(row.process.gone, row.process.died);
	const room = Math.max(until - from, LEAST_NS) * 0.1;

	look(from - room, until + room);
	redraw();
}

function moveChoice(by)
{
	const at = lanes.chosen ? lanes.rowOf.get(subject(lanes.chosen)) : by > 0 ? -1 : 0, index = Math.min(Math.max(at + by, 0), lanes.rows.length - 1);

	if (lanes.rows[index])
		choose(lanes.rows[index]);
}

// To the next (1) or previous (-1) mark of the chosen row, seen from the middle.
function stepMark(direction)
{
	const marks = lanes.chosen ? rowMarks(lanes.chosen) : [], middle = (view.from + view.until) / 2, least = span() / 1e4;
	const index = direction > 0 ? lowerBound(marks, middle + least, (mark) => mark[0]) : lowerBound(marks, middle - least, (mark) => mark[0]) - 1;

	if (!marks[index])
		return;
	look(marks[index][0] - span() / 2, marks[index][0] + span() / 2);
	showDetails(lanes.chosen, moment(marks[index][0], 6) + ': ' + markText(marks[index]));
	redraw();
}

// ---- pointing ------------------------------------------------------------------------------------------------------

function rowAt(y)
{
	return y < AXIS ? null : lanes.rows[Math.floor((y - AXIS + scroller.scrollTop) / ROW)] || null;
}

// The mark of the row that is nearest to x, within a few pixels.
function markNear(row, x)
{
	const marks = rowMarks(row), index = lowerBound(marks, tOf(x), (mark) => mark[0]);
	const near = [marks[index - 1], marks[index]].filter((mark) => mark && Math.abs(xOf(mark[0]) - x) <= 6);

	return near.sort((a, b) => Math.abs(xOf(a[0]) - x) - Math.abs(xOf(b[0]) - x))[0] || null;
}

function findingNear(row, x)
{
	return row.thread ? null : row.process.findings.find((finding) => Math.abs(xOf(findingTime(finding)) - x) <= 8) || null;
}

function tipText(row, x)
{
	const t = tOf(x), mark = markNear(row, x), finding = findingNear(row, x), loss = losses.find((one) => t >= one.since && t <= one.until);
	const lines = [rowText(row)];

	if (finding)
		lines.push(finding.severity + '[' + finding.code + ']: ' + visible(finding.title));
	if (mark)
		lines.push(moment(mark[0], 6) + ': ' + markText(mark));
	if (t >= 0 && t <= endNs)
		lines.push(moment(t, span() < 1e7 ? 6 : 3) + ': ' + doingText(row, t));
	if (loss)
		lines.push(lossText(loss));
	return lines.join('\n');
}

function hideTip()
{
	tip.hidden = true;
}

function showTip(event, x, row)
{
	tip.textContent = x >= view.left ? tipText(row, x) : rowText(row) + '\n' + row.process.command.slice(0, 300);
	tip.hidden = false;
	const bounds = tip.getBoundingClientRect();

	tip.style.left = Math.max(4, Math.min(event.clientX + 14, window.innerWidth - bounds.width - 8)) + 'px';
	tip.style.top = (event.clientY + 22 + bounds.height > window.innerHeight ? event.clientY - bounds.height - 12 : event.clientY + 18) + 'px';
}

function place(event)
{
	const bounds = canvas.getBoundingClientRect();

	return {x: event.clientX - bounds.left, y: event.clientY - bounds.top};
}

// ---- mouse and fingers -----------------------------------------------------------------------------------------------

const pointers = new Map(); // those that are down, by their id
let dragged = false;

function pinchWidth()
{
	const [a, b] = [...pointers.values()];

	return Math.max(Math.abs(a.x - b.x), 10);
}

function pointerMoves(event)
{
	const at = place(event), before = pointers.get(event.pointerId);

	if (!before) {
		const row = rowAt(at.y);

		if (row && event.pointerType === 'mouse')
			showTip(event, at.x, row);
		else
			hideTip();
		return;
	}
	if (pointers.size === 2) {
		const width = pinchWidth();

		pointers.set(event.pointerId, at);
		zoom(tOf([...pointers.values()].reduce((sum, one) => sum + one.x, 0) / 2), width / pinchWidth());
		dragged = true;
	} else if (dragged || Math.abs(at.x - before.x) + Math.abs(at.y - before.y) > 4) {
		dragged = true;
		canvas.classList.add('dragging');
		pan((before.x - at.x) / view.width * span());
		if (event.pointerType === 'mouse')
			scroller.scrollTop += before.y - at.y;
		pointers.set(event.pointerId, at);
		hideTip();
	}
	redraw();
}

function clicked(event)
{
	const at = place(event), row = rowAt(at.y);

	if (!row)
		return;
	const finding = at.x >= view.left ? findingNear(row, at.x) : null;

	choose(row);
	if (at.x < view.left && !row.thread)
		toggleThreads(row.process);
	if (finding)
		goToFinding(finding);
}

function pointerEnds(event)
{
	const was = pointers.delete(event.pointerId);

	if (pointers.size)
		return;
	canvas.classList.remove('dragging');
	if (was && !dragged && event.type === 'pointerup')
		clicked(event);
	dragged = false;
}

function wheelTurns(event)
{
	const at = place(event);

	if (event.shiftKey || at.x < view.left) {
		if (!event.shiftKey)
			return; // over the names it scrolls, as everywhere
		scroller.scrollTop += event.deltaY || event.deltaX;
	} else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
		pan(event.deltaX / view.width * span());
	} else {
		zoom(tOf(at.x), Math.exp(Math.max(-240, Math.min(240, event.deltaY * (event.deltaMode ? 30 : 1))) / 400));
	}
	event.preventDefault();
	hideTip();
	redraw();
}

const middleTime = () => (view.from + view.until) / 2;

const KEYS = {
	ArrowLeft: () => pan(-span() * 0.1),
	ArrowRight: () => pan(span() * 0.1),
	ArrowUp: () => moveChoice(-1),
	ArrowDown: () => moveChoice(1),
	PageUp: () => moveChoice(-10),
	PageDown: () => moveChoice(10),
	'+': () => zoom(middleTime(), 0.7),
	'=': () => zoom(middleTime(), 0.7),
	'-': () => zoom(middleTime(), 1 / 0.7),
	'0': lookAtAll,
	Home: () => look(-endNs * MARGIN, -endNs * MARGIN + span()),
	End: () => look(endNs * (1 + MARGIN) - span(), endNs * (1 + MARGIN)),
	Enter: () => lanes.chosen && toggleThreads(lanes.chosen.process),
	n: () => stepMark(1),
	p: () => stepMark(-1),
	Escape: () => {
		lanes.cursor = null;
		choose(null);
	},
};

function keyPressed(event)
{
	const act = KEYS[event.key];

	if (!act || event.ctrlKey || event.metaKey || event.altKey)
		return;
	act();
	hideTip();
	event.preventDefault();
	redraw();
}

function startDiagram()
{
	canvas.addEventListener('pointerdown', (event) => {
		if (event.button)
			return;
		pointers.set(event.pointerId, place(event));
		canvas.setPointerCapture(event.pointerId);
		scroller.focus({preventScroll: true});
	});
	canvas.addEventListener('pointermove', pointerMoves);
	canvas.addEventListener('pointerup', pointerEnds);
	canvas.addEventListener('pointercancel', pointerEnds);
	canvas.addEventListener('pointerleave', hideTip);
	canvas.addEventListener('dblclick', (event) => {
		const at = place(event), row = rowAt(at.y);

		if (row && at.x >= view.left)
			zoomToLife(row);
	});
	canvas.addEventListener('wheel', wheelTurns, {passive: false});
	scroller.addEventListener('scroll', redraw);
	scroller.addEventListener('keydown', keyPressed);
	new ResizeObserver(layOut).observe(byName('lifelines'));
	startTools();
	chooseWhich();
	refreshRows();
}

function startTools()
{
	const press = (id, act) => byName(id).addEventListener('click', () => {
		act();
		redraw();
	});

	press('zoom-in', () => zoom(middleTime(), 0.5));
	press('zoom-out', () => zoom(middleTime(), 2));
	press('zoom-fit', lookAtAll);
	press('unfold', unfoldAll);
	byName('which').addEventListener('change', (event) => {
		lanes.which = event.target.value;
		refreshRows();
	});
	byName('find').addEventListener('input', (event) => {
		lanes.find = event.target.value.trim().toLowerCase();
		scroller.scrollTop = 0;
		refreshRows();
	});
	byName('unfold').hidden = !processes.some(unfolds);
}

function unfoldAll()
{
	const fold = processes.some((process) => process.unfolded);

	for (const process of processes)
		process.unfolded = !fold && unfolds(process);
	byName('unfold').textContent = fold ? 'Unfold threads' : 'Fold threads';
	refreshRows();
}

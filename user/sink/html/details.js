// SPDX-License-Identifier: BSD-2-Clause
//
// What is known of the row that is chosen, in words; and the legend of the diagram.

const MOST_EVENTS = 200;

function facts(pairs)
{
	const list = element('dl');

	for (const [name, value] of pairs)
		if (value !== null && value !== undefined && value !== '')
			list.append(element('dt', null, name), element('dd', {class: 'mono'}, value));
	return list;
}

function bornText(told)
{
	if (told.started_ns === null)
		return 'unknown';
	return told.started_ns < 0 ? moment(told.started_ns, 3) + ' (before observation)' : moment(told.started_ns, 6);
}

function orphanText(orphaned)
{
	return orphaned && moment(orphaned.at_ns, 6) + ', by ' + whoText(orphaned.to_pid ?? 'unknown', orphaned.to_comm) + ', rule ' + orphaned.rule;
}

function counterFacts(told)
{
	return [
		['switches', told.switches && grouped(told.switches.voluntary) + ' voluntary, ' + grouped(told.switches.involuntary) + ' involuntary'],
		['on a processor', told.cpu_ns !== null ? duration(told.cpu_ns) : 'unknown'],
		['in the run queue', told.runqueue_ns !== null ? duration(told.runqueue_ns) : 'unknown'],
		['blocked in', blockedText(told.blocked_ns)],
	];
}

function processFacts(process)
{
	const told = process.told;

	return [
		['command', element('bdi', null, process.command || visible(told.exe || '') || 'unknown')],
		['child of', process.parent ? processLink(process.parent) : idText(bornTo(told))],
		['born', bornText(told)],
		['ended', process.over ? (told.exited_ns !== null ? moment(told.exited_ns, 6) + ', ' : '') + endingText(told.exit) : 'still running'],
		['killed by', told.exit && told.exit.sender ? idText(told.exit.sender) : null],
		['dead, not reaped', told.zombie_ns ? duration(told.zombie_ns) + (process.isZombie ? ', still' : '') : null],
		['reaped', told.reaped_ns !== null ? moment(told.reaped_ns, 6) + (told.reaped_by ? ' by ' + idText(told.reaped_by) : '') +
			(told.autoreaped ? ' (nobody had to: SIGCHLD is ignored)' : '') : null],
		['adopted', orphanText(told.orphaned)],
		['wait calls', told.waits.calls ? grouped(told.waits.calls) + ', ' + grouped(told.waits.reaped) + ' reaped' : null],
		['threads', grouped(process.threads.length)],
		...counterFacts(told),
		['user, group, session', [told.uid, told.pgid, told.sid].map((one) => one ?? 'unknown').join(', ')],
		['pid in its namespace', told.ns_pid !== null && told.ns_pid !== told.pid ? told.ns_pid : null],
		['cgroup', told.cgroup && visible(told.cgroup)],
	];
}

function threadFacts(row)
{
	const told = row.thread.told;

	return [
		['thread of', processLink(row.process)],
		['born', bornText(told)],
		['ended', told.exited_ns !== null ? moment(told.exited_ns, 6) : 'no'],
		...counterFacts(told),
	];
}

// Marks and spans of the row within the time in sight, in order.
function eventsInSight(row)
{
	const spans = (row.thread ? [row.thread] : row.process.threads).flatMap((thread) => [...thread.locks, ...thread.signals, ...thread.waits].map((one) => [thread, one]));
	const seen = spans.filter(([, one]) => one.until >= view.from && one.from <= view.until)
		.map(([thread, one]) => ({t: one.from, text: (row.thread || row.process.threads.length < 2 ? '' : thread.tid + ' ') + spanText(one)}));
	const marks = rowMarks(row), first = lowerBound(marks, view.from, (mark) => mark[0]);

	for (let i = first; i < marks.length && marks[i][0] <= view.until; i++)
		seen.push({t: marks[i][0], text: markText(marks[i])});
	return seen.sort((a, b) => a.t - b.t);
}

function eventTable(row)
{
	const seen = eventsInSight(row);

	if (!seen.length)
		return null;
	const rows = seen.slice(0, MOST_EVENTS).map((one) => element('tr', null, element('th', {scope: 'row'}, moment(one.t, 6)), element('td', null, element('bdi', null, one.text))));
	const note = seen.length > MOST_EVENTS ? ', the first ' + MOST_EVENTS + ' of ' + grouped(seen.length) : '';

	return element('details', {open: seen.length <= 40}, element('summary', null, 'What happened to it in the time in sight' + note),
		element('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Events of the chosen row'}, element('table', {class: 'evidence'}, element('tbody', null, ...rows))));
}

function showDetails(row, remark)
{
	const place = byName('details');

	place.replaceChildren();
	byName('said').textContent = !row ? '' : remark || (row.thread ? 'thread ' + rowText(row) : rowText(row) + ', ' + fateText(row.process) +
		(unfolds(row.process) ? ', ' + plural(row.process.threads.length, 'thread', 'threads') + (row.process.unfolded ? ' unfolded' : '') : ''));
	if (!row)
		return;
	place.append(element('div', null,
		element('h3', null, row.thread ? 'thread ' : 'process ', element('bdi', null, rowText(row)), row.thread ? '' : ', ' + fateText(row.process)),
		remark ? element('p', {class: 'mono'}, element('bdi', null, remark)) : null,
		...(row.thread ? [] : row.process.findings.slice(0, 20).map((finding) => element('div', null, findingLink(finding)))),
		facts(row.thread ? threadFacts(row) : processFacts(row.process)), eventTable(row)));
}

// A button that goes to the process in the diagram.
function processLink(process)
{
	return element('button', {type: 'button', class: 'link', onclick: () => goToProcess(process)}, element('bdi', null, processText(process)));
}

// ---- the legend: drawn by the very functions that draw the rows ------------------------------------------------------

const LEGEND = [
	['born, reaped', (x, y) => box(colors.born, x + 8, x + 10, y - 8, 16)],
	['alive', (x, y) => box(colors.alive, x, x + 20, y - 4, 8)],
	['alive, adopted', (x, y) => {
		box(colors.adopted, x, x + 20, y - 4, 8);
		diamond(colors.adopted, x + 6, y, 6);
	}],
	['dead, not reaped', (x, y) => {
		box(colors.panel, x, x + 20, y - 5, 10);
		box(hatch, x, x + 20, y - 5, 10);
	}],
	['still there', (x, y) => shape(colors.alive, [[x + 6, y - 7], [x + 14, y], [x + 6, y + 7]])],
	['in a wait call', (x, y) => box(colors.wait, x, x + 20, y - 1, 3)],
	['exec', (x, y) => MARK_DRAW.exec(x + 10, y + 7)],
	['reaps', (x, y) => MARK_DRAW.reap(x + 10, y - 7)],
	['deadly signal', (x, y) => cross(x + 10, y)],
	['signal', (x, y) => MARK_DRAW.signal(x + 10, y + 7, {})],
	['another event', (x, y) => box(colors.note, x + 9, x + 11, y - 2, 4)],
	['verdict', (x, y) => drawLegendFinding(x + 10, y)],
];
const LEGEND_LOCKS = [
	['waits for a lock, arrow from its holder', (x, y) => {
		box(colors.lock, x, x + 20, y - 1, 8);
		line(colors.text, x + 5, y - 9, x + 5, y - 2, 1);
		shape(colors.text, [[x + 2, y - 6], [x + 8, y - 6], [x + 5, y - 1]]);
	}],
	['waits to be told (join, condition variable)', (x, y) => box(colors.signal, x, x + 20, y - 3, 6)],
];
const LEGEND_STATES = [
	['running', (x, y) => drawState(RUNNING, x, x + 20, y)],
	['runnable, no processor', (x, y) => drawState(RUNNABLE, x, x + 20, y)],
	['blocked', (x, y) => drawState(BLOCKED, x, x + 20, y)],
];
const LEGEND_LOST = ['events lost', (x, y) => {
	pen.globalAlpha = 0.25;
	box(colors.lost, x, x + 20, y - 8, 16);
	pen.globalAlpha = 1;
}];

function drawLegendFinding(x, y)
{
	pen.beginPath();
	pen.arc(x, y, 6, 0, 2 * Math.PI);
	pen.fillStyle = colors.warning;
	pen.fill();
	pen.fillStyle = colors.panel;
	pen.font = 'bold 10px sans-serif';
	pen.textAlign = 'center';
	pen.fillText('!', x, y + 3.5);
}

// Each sign is drawn on the canvas of the diagram and copied from there, so it cannot look different.
function makeLegend()
{
	const entries = [...LEGEND, ...(report.locks.length ? LEGEND_LOCKS : []), ...(hasStates ? LEGEND_STATES : []), ...(losses.length ? [LEGEND_LOST] : [])];
	const place = byName('legend'), scale = window.devicePixelRatio || 1, kept = {...view};

	place.replaceChildren();
	view.left = 0;
	view.width = 24;
	for (const [name, sign] of entries) {
		const picture = element('canvas', {'aria-hidden': 'true'});

		picture.width = 22 * scale;
		picture.height = 20 * scale;
		picture.style.width = '22px';
		picture.style.height = '20px';
		pen.setTransform(scale, 0, 0, scale, 0, 0);
		pen.fillStyle = colors.page;
		pen.fillRect(0, 0, 24, 22);
		sign(1, 10);
		picture.getContext('2d').drawImage(canvas, 0, 0, 22 * scale, 20 * scale, 0, 0, 22 * scale, 20 * scale);
		place.append(element('span', null, picture, name));
	}
	Object.assign(view, kept);
	redraw();
}

// SPDX-License-Identifier: BSD-2-Clause
//
// The page as a whole: its head, dark and light, printing, and the start of everything.

const MODES = {run: 'run', attach: 'attached', snapshot: 'snapshot'};
const ENDED = {command: 'the command ended', interrupt: 'interrupted', duration: 'its time was over', 'targets-gone': 'all targets were gone'};
const PAPER_ROWS = 80, PAPER_WIDTH = 1000;

function headFacts()
{
	const trace = report.trace, host = report.host;

	return [
		['started', trace.started && trace.started.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')],
		['observed for', duration(trace.duration_ns)],
		['how', MODES[trace.mode] || trace.mode],
		['ended because', ENDED[trace.ended_by] || trace.ended_by],
		['exit', report.exit && endingText(report.exit)],
		['processes', grouped(processes.length)],
		['events', grouped(trace.events)],
		['lost', trace.lost.total ? grouped(trace.lost.total) : null],
		['kernel', host.kernel && visible(host.kernel) + (host.arch ? ' ' + visible(host.arch) : '')],
		['processors', host.cpus],
	];
}

function showHead()
{
	const command = shellWords(report.trace.command), list = byName('facts');

	byName('command').append(element('bdi', null, command || (report.trace.mode === 'snapshot' ? 'a snapshot' : 'an observation')));
	document.title = 'lifeline: ' + (command.slice(0, 80) || report.trace.mode);
	for (const [name, value] of headFacts())
		if (value !== null && value !== undefined)
			list.append(element('div', null, element('dt', null, name), element('dd', null, String(value))));
	if (extra.cut)
		byName('remarks').append(element('p', {class: 'remark', id: 'cut'}, 'The trace breaks off: what happened after ' + moment(endNs, 3) + ' is not known.'));
	if (report.trace.lost.total)
		byName('remarks').append(element('p', {class: 'remark'}, 'Events were lost: ' + Object.entries(report.trace.lost).filter((entry) => entry[0] !== 'total' && entry[1])
			.map((entry) => grouped(entry[1]) + ' ' + entry[0]).join(', ') + '. Findings that this makes doubtful say so.'));
	if (report.retired)
		byName('remarks').append(element('p', {class: 'remark', id: 'retired'}, 'In so long an observation, ' + plural(report.retired.processes, 'process', 'processes') +
			' that came and went in good order ' + (report.retired.processes === 1 ? 'is' : 'are') + ' only counted; ' + (report.retired.processes === 1 ? 'it has' : 'they have') + ' no line here.'));
	byName('foot').textContent = report.tool.name + ' ' + report.tool.version + ', ' + report.schema + '. This page asks the network for nothing.';
}

// ---- dark and light -------------------------------------------------------------------------------------------

const THEMES = ['system', 'dark', 'light'];
const THEME_NAMES = {system: 'as the system', dark: 'dark', light: 'light'};
const systemDark = window.matchMedia('(prefers-color-scheme: dark)');
let theme = 'system';

function applyTheme(name)
{
	document.documentElement.dataset.theme = name === 'system' ? (systemDark.matches ? 'dark' : 'light') : name;
	readColors();
	makeLegend();
}

function startTheme()
{
	byName('theme').addEventListener('click', () => {
		theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
		byName('theme').textContent = 'Theme: ' + THEME_NAMES[theme];
		applyTheme(theme);
	});
	systemDark.addEventListener('change', () => applyTheme(theme));
	applyTheme(theme);
}

// ---- paper ----------------------------------------------------------------------------------------------------

// On paper: light, as many rows as fit a page, the time that was in sight.
function startPrinting()
{
	window.addEventListener('beforeprint', () => {
		paper = {rows: PAPER_ROWS, width: PAPER_WIDTH};
		scroller.style.height = 'auto';
		applyTheme('light');
		drawNow();
		canvas.style.width = '100%';
		canvas.style.height = 'auto';
	});
	window.addEventListener('afterprint', () => {
		paper = null;
		applyTheme(theme);
		layOut();
		drawNow();
	});
}

startVerdicts();
startTables();
startDiagram();
startTheme();
startPrinting();
showHead();
byName('reading').remove();
performance.mark('ready');

// SPDX-License-Identifier: BSD-2-Clause
//
// Tables of processes, locks and switches: sorted by any column, searched, and only as long as somebody asks for.

const PAGE_ROWS = 100;

// columns: {title, value(row), text(row) and cell(row) if they differ, number or long if it is}; rows: anything.
function makeTable(section, name, columns, rows)
{
	const table = {columns, rows, found: rows, sorted: null, down: false, shown: PAGE_ROWS, words: rows.map(() => null)};
	const place = byName(section);

	table.body = element('tbody');
	table.more = element('p', {class: 'more'});
	table.count = element('span', {role: 'status', class: 'dim'});
	table.buttons = columns.map((column, index) => element('button', {type: 'button', onclick: () => sortBy(table, index)}, column.title));
	table.heads = columns.map((column, index) => element('th', {scope: 'col', class: column.number ? 'number' : null, 'aria-sort': 'none'}, table.buttons[index]));
	const search = element('input', {type: 'search', id: section + '-search', 'aria-label': 'Search ' + name, placeholder: 'search', spellcheck: 'false', autocomplete: 'off',
		oninput: (event) => searchTable(table, event.target.value)});

	place.querySelector('.tools').append(element('label', null, 'Search ', search), table.count);
	place.append(element('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': name},
		element('table', {class: 'rows', id: section + '-table', 'aria-label': name}, element('thead', null, element('tr', null, ...table.heads)), table.body)), table.more);
	fillTable(table);
	return table;
}

function cellText(column, row)
{
	return column.text ? column.text(row) : String(column.value(row) ?? '');
}

function makeCell(column, row)
{
	const made = element('td', {class: column.number ? 'number' : column.long ? 'long' : null});

	made.append(column.cell ? column.cell(row) : element('bdi', null, cellText(column, row)));
	return made;
}

function fillTable(table)
{
	const rest = table.found.length - table.shown;

	table.body.replaceChildren(...table.found.slice(0, table.shown).map((row) =>
		element('tr', null, ...table.columns.map((column) => makeCell(column, row)))));
	table.more.replaceChildren();
	table.count.textContent = table.found.length === table.rows.length ? plural(table.rows.length, 'row', 'rows') : grouped(table.found.length) + ' of ' + plural(table.rows.length, 'row', 'rows');
	if (!table.found.length)
		table.more.append(element('span', {class: 'nothing'}, 'nothing'));
	if (rest > 0)
		table.more.append(grouped(rest) + ' more ', element('button', {type: 'button', onclick: () => {
			table.shown += 10 * PAGE_ROWS;
			fillTable(table);
		}}, 'show ' + grouped(Math.min(rest, 10 * PAGE_ROWS))));
}

// What is not known comes last, whichever way.
function compareValues(a, b)
{
	if (typeof a === 'string' || typeof b === 'string')
		return String(a ?? '').localeCompare(String(b ?? ''));
	return a - b;
}

function sortBy(table, index)
{
	const column = table.columns[index];

	table.down = table.sorted === index ? !table.down : Boolean(column.number);
	table.sorted = index;
	table.heads.forEach((head, i) => head.setAttribute('aria-sort', i !== index ? 'none' : table.down ? 'descending' : 'ascending'));
	table.buttons.forEach((button, i) => (button.textContent = table.columns[i].title + (i !== index ? '' : table.down ? ' ▾' : ' ▴')));
	orderRows(table);
	fillTable(table);
}

function orderRows(table)
{
	if (table.sorted === null)
		return;
	const value = table.columns[table.sorted].value, sign = table.down ? -1 : 1;

	table.found = [...table.found].sort((a, b) => {
		const left = value(a) ?? null, right = value(b) ?? null;

		if (left === null || right === null)
			return (left === null) - (right === null);
		return sign * compareValues(left, right);
	});
}

function searchTable(table, text)
{
	const wantedWords = text.toLowerCase().split(/\s+/).filter(Boolean);

	table.found = table.rows.filter((row, index) => {
		table.words[index] = table.words[index] || table.columns.map((column) => cellText(column, row)).join(' ').toLowerCase();
		return wantedWords.every((word) => table.words[index].includes(word));
	});
	table.shown = PAGE_ROWS;
	orderRows(table);
	fillTable(table);
}

// ---- what they hold -----------------------------------------------------------------------------------------------

function processColumns()
{
	return [
		{title: 'pid', value: (one) => one.pid, number: true, cell: (one) => element('button', {type: 'button', class: 'link', onclick: () => goToProcess(one), 'aria-label': 'Show ' + one.pid + ' in the diagram'}, String(one.pid))},
		{title: 'process', value: (one) => one.comm, text: (one) => visible(one.comm)},
		{title: 'child of', value: (one) => idText(bornTo(one.told))},
		{title: 'born', value: (one) => one.told.started_ns, text: (one) => (one.told.started_ns === null ? 'unknown' : moment(one.told.started_ns, 3)), number: true},
		{title: 'lived', value: (one) => one.died - one.born, text: (one) => duration(one.died - one.born), number: true},
		{title: 'fate', value: (one) => fateText(one)},
		{title: 'dead, not reaped', value: (one) => one.told.zombie_ns, text: (one) => (one.told.zombie_ns ? duration(one.told.zombie_ns) : ''), number: true},
		{title: 'adopted by', value: (one) => (one.told.orphaned ? whoText(one.told.orphaned.to_pid ?? 'unknown', one.told.orphaned.to_comm) : '')},
		{title: 'threads', value: (one) => one.threads.length, number: true},
		{title: 'command', long: true, value: (one) => one.command.slice(0, 400)},
	];
}

function partiesText(parties, key)
{
	const named = parties.filter((party) => party[key] || party.waiting_now || party.holding_now), shown = named.slice(0, 3);
	const words = shown.map((party) => (party.comm ? visible(party.comm) : 'thread') + ' (' + party.tid + ') ' + duration(party[key]) + (party.waiting_now ? ' still' : ''));

	return words.join(', ') + (named.length > 3 ? ' and ' + grouped(named.length - 3) + ' more' : '');
}

function sitesText(sites)
{
	return sites.filter((site) => site.stack.length).slice(0, 3).map((site) => site.stack.slice(0, 4).map(visible).join(' ← ') + '  ' + duration(site.wait_ns)).join('; ');
}

function lockColumns()
{
	return [
		{title: 'kind', value: (lock) => lock.kind},
		{title: 'lock', long: true, value: (lock) => lockNames.get(lock.id) || '', text: (lock) => visible(lockNames.get(lock.id) || '')},
		{title: 'waits', value: (lock) => lock.waits, text: (lock) => grouped(lock.waits), number: true},
		{title: 'in all', value: (lock) => lock.wait_ns, text: (lock) => duration(lock.wait_ns), number: true},
		{title: 'longest', value: (lock) => lock.max_wait_ns, text: (lock) => duration(lock.max_wait_ns), number: true},
		{title: 'timeouts', value: (lock) => lock.timeouts, text: (lock) => grouped(lock.timeouts), number: true},
		{title: 'held by', long: true, value: (lock) => (lock.kind === 'condvar' || lock.kind === 'barrier' ? '' : partiesText(lock.holders, 'blocked_others_ns') || 'unknown')},
		{title: 'waited', long: true, value: (lock) => partiesText(lock.waiters, 'wait_ns')},
		{title: 'in', long: true, value: (lock) => sitesText(lock.sites)},
	];
}

function switchColumns()
{
	return [
		{title: 'pid', value: (one) => one.process.pid, number: true, cell: (one) => element('button', {type: 'button', class: 'link', onclick: () => goToProcess(one.process), 'aria-label': 'Show ' + one.process.pid + ' in the diagram'}, String(one.process.pid))},
		{title: 'tid', value: (one) => one.tid, text: (one) => (one.tid === null ? 'all' : String(one.tid)), number: true},
		{title: 'name', value: (one) => one.told.comm, text: (one) => visible(one.told.comm)},
		{title: 'voluntary', value: (one) => one.told.switches && one.told.switches.voluntary, text: (one) => grouped(one.told.switches && one.told.switches.voluntary), number: true},
		{title: 'involuntary', value: (one) => one.told.switches && one.told.switches.involuntary, text: (one) => grouped(one.told.switches && one.told.switches.involuntary), number: true},
		{title: 'cpu', value: (one) => one.told.cpu_ns, text: (one) => durationOr(one.told.cpu_ns, 'unknown'), number: true},
		{title: 'run queue', value: (one) => one.told.runqueue_ns, text: (one) => durationOr(one.told.runqueue_ns, 'unknown'), number: true},
		{title: 'blocked in', long: true, value: (one) => blockedText(one.told.blocked_ns)},
	];
}

// A row for each process, and for the threads of those that have several.
function switchRows()
{
	return processes.flatMap((process) => [{process, tid: null, told: process.told},
		...(process.threads.length > 1 ? process.threads.map((thread) => ({process, tid: thread.tid, told: thread.told})) : [])]);
}

function startTables()
{
	makeTable('processes', 'Processes', processColumns(), tree);
	makeTable('locks', 'Locks', lockColumns(), report.locks);
	sortBy(makeTable('switches', 'Switches', switchColumns(), switchRows()), 5);
}

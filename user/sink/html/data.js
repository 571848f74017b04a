// SPDX-License-Identifier: BSD-2-Clause
//
// What the page is about: the three blocks of data, and the tree of processes made of them. Times are nanoseconds from
// the start of observation throughout.

function readBlock(id)
{
	const block = byName(id), value = JSON.parse(block.textContent);

	block.remove(); // the text is not needed twice
	return value;
}

const report = readBlock('report'), extra = readBlock('extra');
const lockNames = new Map(extra.locks);
const lockById = new Map(report.locks.map((lock) => [lock.id, lock]));
// Never 0: times are divided by it.
const endNs = Math.max(report.trace.duration_ns, 1);

// Who owed the wait at birth: adoption replaces the parent.
function bornTo(told)
{
	return told.orphaned && told.orphaned.from ? told.orphaned.from : told.parent;
}

// A thread as the diagram has it; spans and states are filled in by marks.js.
function makeThread(told)
{
	return {told, tid: told.tid, from: told.started_ns ?? 0, until: told.exited_ns ?? endNs, locks: [], signals: [], waits: [], states: null};
}

function makeProcess(told)
{
	const born = told.started_ns ?? 0, over = told.exited_ns !== null || told.reaped_ns !== null || told.zombie_ns > 0 || told.exit !== null;
	const died = !over ? endNs : told.exited_ns ?? (told.zombie_ns > 0 ? (told.reaped_ns ?? endNs) - told.zombie_ns : told.reaped_ns ?? endNs);

	return {
		told, id: told.id, pid: told.pid, comm: told.comm, command: shellWords(told.argv),
		born, died, over, gone: told.zombie_ns > 0 ? died + told.zombie_ns : died,
		isZombie: over && told.zombie_ns > 0 && told.reaped_ns === null,
		threads: told.threads.map(makeThread),
		parent: null, children: [], depth: 0, marks: [], findings: [], unfolded: false,
		merged: null, // spans of all threads as one, made when first drawn
	};
}

const processes = report.processes.map(makeProcess);
const processById = new Map(processes.map((process) => [process.id, process]));

// The report is in order of birth. Only one born earlier can be a parent: a contradictory trace makes no circle.
function linkTree()
{
	const seen = new Map();

	for (const process of processes) {
		const parent = seen.get(bornTo(process.told));

		seen.set(process.id, process);
		if (!parent)
			continue;
		process.parent = parent;
		process.depth = parent.depth + 1;
		parent.children.push(process);
	}
}
linkTree();

// Depth first, parents before children; without recursion, as a chain can be as deep as there are processes.
function inTreeOrder()
{
	const order = [], open = processes.filter((process) => !process.parent).reverse();

	while (open.length) {
		const process = open.pop();

		order.push(process);
		for (let i = process.children.length; i--;)
			open.push(process.children[i]);
	}
	return order;
}
const tree = inTreeOrder();

report.findings.forEach((finding, index) => {
	finding.index = index;
	const process = processById.get(finding.process);

	if (process)
		process.findings.push(finding);
});

// "4712 (worker)"
function whoText(pid, comm)
{
	return comm ? pid + ' (' + visible(comm) + ')' : String(pid);
}

function processText(process)
{
	return whoText(process.pid, process.comm);
}

// A process by its id, as far as the report has it: "4712@812…" gives at least the pid.
function idText(id)
{
	const process = processById.get(id);

	return process ? processText(process) : id ? id.split('@')[0] : 'unknown';
}

// Waits for these are waits to be told of something, not contention; as lock_is_real in user/sink/common/locks.c.
const SIGNALLING = {condvar: true, join: true, barrier: true, once: true};

function isSignalling(number)
{
	const lock = lockById.get(number);

	return Boolean(lock && SIGNALLING[lock.kind]);
}

function lockLabel(number)
{
	const lock = lockById.get(number);

	return lock ? lock.kind + ' ' + visible(lockNames.get(number) || '#' + number) : 'lock #' + number;
}

// What became of it, as in the text report's tree.
function fateText(process)
{
	if (!process.over)
		return 'running';
	const zombie = process.told.zombie_ns, ending = endingText(process.told.exit);

	if (process.isZombie)
		return ending + ', zombie ' + duration(zombie);
	return zombie > extra.zombie_after_ns && extra.zombie_after_ns ? ending + ', reaped after ' + duration(zombie) : ending;
}

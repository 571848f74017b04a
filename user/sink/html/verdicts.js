// SPDX-License-Identifier: BSD-2-Clause
//
// The findings as the text report has them: worst first, with evidence and help; and what each verdict means.

const PAGE_FINDINGS = 100;
const SEVERITIES = [['error', 'errors'], ['warning', 'warnings'], ['note', 'notes']];
const verdicts = {shown: PAGE_FINDINGS, find: '', severities: new Set(SEVERITIES.map((one) => one[0]))};

// Milliseconds, unless neighbours differ by less: then microseconds, for all of them.
function decimalsNeeded(evidence)
{
	let before = null;

	for (const fact of evidence) {
		if (fact.t_ns !== null && before !== null && fact.t_ns !== before && Math.abs(fact.t_ns - before) < 1e6)
			return 6;
		before = fact.t_ns ?? before;
	}
	return 3;
}

// The time of a line, which leads to that moment in the diagram if it is somebody's.
function factTime(fact, process, decimals)
{
	if (fact.t_ns === null)
		return '';
	const text = moment(fact.t_ns, decimals);

	return !process ? text : element('button', {type: 'button', class: 'link', title: 'show in the diagram', onclick: () => goToMoment(process, fact.t_ns, visible(fact.text || ''))}, text);
}

function evidenceTable(finding, process)
{
	const decimals = decimalsNeeded(finding.evidence);
	const rows = finding.evidence.map((fact) => element('tr', null,
		element('th', {scope: 'row'}, factTime(fact, process, decimals)), element('td', null, stranger(fact.text || ''))));

	return rows.length ? element('table', {class: 'evidence', 'aria-label': 'Evidence'}, element('tbody', null, ...rows)) : null;
}

function subjectLine(finding, process)
{
	if (!process)
		return finding.pid ? element('p', {class: 'subject'}, element('bdi', null, whoText(finding.pid, finding.comm))) : null;
	const told = process.told, line = element('p', {class: 'subject'}, element('bdi', null, whoText(finding.pid, finding.comm)));

	if (told.ns_pid !== null && told.ns_pid !== told.pid)
		line.append(', pid ' + told.ns_pid + ' in its namespace');
	line.append(', child of ', element('bdi', null, idText(bornTo(told))));
	if (process.command)
		line.append(': ', element('bdi', {class: 'mono'}, process.command.slice(0, 500)));
	return line;
}

// The lines of help, one below the other.
function helpText(help)
{
	return element('p', {class: 'help'}, element('b', null, 'help: '), element('bdi', null, help.split('\n').map(visible).join('\n')));
}

function explanation(code)
{
	const verdict = extra.verdicts[code], list = element('dl');

	if (!verdict)
		return null;
	for (const [title, text] of [['What it means', verdict.meaning], ['How to confirm it', verdict.confirm], ['How to fix it', verdict.fix]])
		if (text)
			list.append(element('dt', null, title), element('dd', null, text));
	return element('details', null, element('summary', null, 'About ' + code), list);
}

function findingCard(finding)
{
	const process = processById.get(finding.process);

	return element('article', {class: 'finding ' + finding.severity, id: 'finding-' + finding.index, tabindex: '-1'},
		element('h3', null, element('span', {class: 'code'}, finding.severity + '[' + finding.code + ']'), finding.certain ? '' : ' (uncertain: events were lost)', ': ',
			stranger(finding.title || (extra.verdicts[finding.code] || {}).title || '')),
		subjectLine(finding, process), evidenceTable(finding, process), finding.help ? helpText(finding.help) : null,
		process ? element('button', {type: 'button', onclick: () => goToProcess(process)}, 'Show in the diagram') : null,
		explanation(finding.code));
}

function findingWords(finding)
{
	finding.words = finding.words || [finding.severity, finding.code, finding.title, finding.help, finding.pid, finding.comm, ...finding.evidence.map((fact) => fact.text)]
		.map((word) => visible(String(word ?? ''))).join(' ').toLowerCase();
	return finding.words;
}

function listVerdicts()
{
	const place = byName('verdict-list');
	const found = report.findings.filter((finding) => verdicts.severities.has(finding.severity) && findingWords(finding).includes(verdicts.find));

	place.replaceChildren(...found.slice(0, verdicts.shown).map(findingCard));
	byName('verdict-count').textContent = found.length === report.findings.length ? '' : grouped(found.length) + ' of ' + grouped(report.findings.length);
	if (!report.findings.length)
		place.append(element('p', {class: 'nothing'}, 'No findings: nothing that lifeline knows of went wrong.'));
	else if (found.length > verdicts.shown)
		place.append(element('p', {class: 'more'}, grouped(found.length - verdicts.shown) + ' more ', element('button', {type: 'button', onclick: () => {
			verdicts.shown += 10 * PAGE_FINDINGS;
			listVerdicts();
		}}, 'show them')));
}

function findingLink(finding)
{
	return element('button', {type: 'button', class: 'link', onclick: () => goToFinding(finding)}, finding.severity + '[' + finding.code + ']');
}

function goToFinding(finding)
{
	if (!byName('finding-' + finding.index)) {
		verdicts.find = byName('verdict-find').value = '';
		verdicts.shown = Math.max(verdicts.shown, finding.index + 1);
		SEVERITIES.forEach(([name]) => {
			verdicts.severities.add(name);
			if (byName('severity-' + name))
				byName('severity-' + name).checked = true;
		});
		listVerdicts();
	}
	const card = byName('finding-' + finding.index);

	card.scrollIntoView({block: 'center'});
	card.focus({preventScroll: true});
}

function startVerdicts()
{
	const tools = byName('verdict-tools');

	for (const [name, names] of SEVERITIES) {
		const count = report.findings.filter((finding) => finding.severity === name).length;

		if (!count)
			continue;
		tools.append(element('label', null, element('input', {type: 'checkbox', id: 'severity-' + name, checked: true, onchange: (event) => {
			if (event.target.checked)
				verdicts.severities.add(name);
			else
				verdicts.severities.delete(name);
			listVerdicts();
		}}), ' ' + plural(count, name, names)));
	}
	tools.append(element('label', {hidden: report.findings.length < 2}, 'Search ', element('input', {type: 'search', id: 'verdict-find', spellcheck: 'false', autocomplete: 'off', oninput: (event) => {
		verdicts.find = event.target.value.trim().toLowerCase();
		listVerdicts();
	}})), element('span', {id: 'verdict-count', role: 'status', class: 'dim'}));
	listVerdicts();
}

/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The process tree with lifelines: a row per process, with a bar over the time of observation.
 *
 *   4711 demo            ┣━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┫ exit 0
 *   ├─ 4712 worker        ┣━━▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  exit 0, zombie 2.00 s
 *   └─ 4713 sleep         ┣━━━━━━━━━━━━━━━━━━━━◆━━━━━━━━━━━━━━━▶ running
 *
 * The tree is that of births: it shows who started whom, and never changes; adoption is a mark on the lifeline. A trace
 * can hold any number of processes, in a chain as deep as that: rows are selected, nothing recurses, and all is linear
 * but for two sorts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "sink/common/describe.h"
#include "sink/common/report.h"

#define ROWS 40       /* without -v */
#define BRANCH 3      /* columns of one level */
#define LEVELS_MAX 24 /* deeper ones are shown by their number */
#define ENDING_BYTES 64

struct node {
	const struct process *process;
	struct node *parent;                     /* by birth; NULL: a root */
	struct node *shown_under;                /* nearest selected ancestor */
	struct node *first_child, *next_sibling; /* of selected ones, by birth */
	unsigned depth;                          /* among the selected ones */
	bool selected;
};

struct tree {
	struct text_report *report;
	struct node *nodes; /* by birth, so that a parent comes before its children */
	size_t count, selected;
	struct node *first_root;
	struct hash by_id;
	uint64_t begin_ns, duration_ns, end_ns;
	size_t label_columns, bar_columns;
};

/* ---- who is whose child -------------------------------------------------------------------------------- */

/* Only one born earlier can be a parent: this keeps a contradictory trace from making a cycle. */
static int link_parents(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		struct node *node = &tree->nodes[i];
		const struct process *process = node->process;

		node->parent = hash_get(&tree->by_id, process->born_to.pid, process->born_to.start_ns);
		if (hash_put(&tree->by_id, process->id.pid, process->id.start_ns, node))
			return -ENOMEM;
	}
	return 0;
}

/* ---- which rows are shown ------------------------------------------------------------------------------ */

static void select_with_ancestors(struct tree *tree, struct node *node, size_t limit)
{
	for (; node && !node->selected && tree->selected < limit; node = node->parent) {
		node->selected = true;
		tree->selected++;
	}
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* From when on nothing is left of it: reaped, or the end of observation. */
static uint64_t gone_ns(const struct tree *tree, const struct process *process)
{
	return process->reaped_ns && process->reaped_ns < tree->end_ns ? process->reaped_ns : tree->end_ns;
}

static uint64_t presence_ns(const struct tree *tree, const struct process *process)
{
	uint64_t from = later(process->started_ns, tree->begin_ns), to = gone_ns(tree, process);

	return to > from ? to - from : 0;
}

struct presence {
	bool unchanged; /* there before, and still there */
	uint64_t ns;
	struct node *node;
};

static int by_presence(const void *left, const void *right)
{
	const struct presence *a = left, *b = right;

	if (a->unchanged != b->unchanged)
		return a->unchanged ? 1 : -1;
	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return a->node < b->node ? -1 : a->node > b->node;
}

/* The kernel's own threads are children of kthreadd, pid 2; nobody asks for their lifelines unless a finding names one.
 */
static bool is_kernel_thread(const struct process *process)
{
	return process->pidns_level == 0 && !process->exe && (process->id.pid == 2 || process->born_to.pid == 2);
}

static int select_longest(struct tree *tree, size_t limit)
{
	struct presence *presences = malloc(tree->count * sizeof(*presences));
	size_t count = 0;

	if (!presences)
		return -ENOMEM;
	for (size_t i = 0; i < tree->count; i++) {
		const struct process *process = tree->nodes[i].process;

		if (is_kernel_thread(process) && !tree->report->context->verbose)
			continue;
		presences[count++] = (struct presence){process->present_at_start && !process->exited_ns,
						       presence_ns(tree, process), &tree->nodes[i]};
	}
	qsort(presences, count, sizeof(*presences), by_presence);
	for (size_t i = 0; i < count && tree->selected < limit; i++)
		select_with_ancestors(tree, presences[i].node, limit);
	free(presences);
	return 0;
}

/* What matters first: the subjects of findings and how they came about; then those that came or went, longest first. */
static int select_rows(struct tree *tree)
{
	const struct findings *findings = tree->report->context->findings;
	size_t limit = tree->report->context->verbose ? tree->count : ROWS;
	const struct finding *finding;

	for (size_t i = 0; (finding = findings_get(findings, i)) && tree->selected < limit; i++)
		select_with_ancestors(tree, hash_get(&tree->by_id, finding->process.pid, finding->process.start_ns),
				      limit);
	return select_longest(tree, limit);
}

/* Parents come first in the array, so what they are shown under is known; lists are built from the end. */
static void link_rows(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		struct node *node = &tree->nodes[i], *parent = node->parent;

		node->shown_under = parent && !parent->selected ? parent->shown_under : parent;
		node->depth = node->shown_under ? node->shown_under->depth + 1 : 0;
	}
	for (size_t i = tree->count; i--;) {
		struct node *node = &tree->nodes[i];
		struct node **list = node->shown_under ? &node->shown_under->first_child : &tree->first_root;

		if (!node->selected)
			continue;
		node->next_sibling = *list;
		*list = node;
	}
}

/* ---- a row --------------------------------------------------------------------------------------------- */

static void describe_threads(const struct process *process, char out[32])
{
	out[0] = '\0';
	if (process->thread_count > 1)
		snprintf(out, 32, " (%u threads)", process->thread_count);
}

static unsigned levels_shown(const struct tree *tree, const struct node *node)
{
	unsigned fit = (unsigned)(tree->report->page.columns / 4 / BRANCH);

	fit = fit > LEVELS_MAX ? LEVELS_MAX : fit;
	return node->depth > fit ? fit : node->depth;
}

static size_t label_columns(const struct tree *tree, const struct node *node)
{
	const struct process *process = node->process;
	char pid[16], threads[32];

	describe_threads(process, threads);
	return levels_shown(tree, node) * BRANCH + (size_t)snprintf(pid, sizeof(pid), "%u ", process->id.pid) +
	       page_measure(&tree->report->page, process->comm, strnlen(process->comm, COMM_SIZE)) + strlen(threads);
}

/* The branches left of a row; `open[level]`: further siblings follow on that level. Levels too deep to be drawn are
 * left out on the left, and the depth is told instead. */
static void write_branches(struct tree *tree, const struct node *node, bool *open)
{
	struct page *page = &tree->report->page;
	unsigned levels = levels_shown(tree, node), depth = node->depth;
	bool skips = node->parent != node->shown_under;

	if (depth < LEVELS_MAX)
		open[depth] = node->next_sibling != NULL;
	if (!depth)
		return;
	if (depth > levels) {
		page_format(page, STYLE_DIM, "%*u: ", (int)(levels * BRANCH - 2), depth);
		return;
	}
	for (unsigned level = 1; level < depth; level++)
		page_add(page, STYLE_DIM, open[level] ? page_glyph(page, "│  ", "|  ") : "   ");
	if (node->next_sibling)
		page_add(page, STYLE_DIM, skips ? page_glyph(page, "├┄ ", "|. ") : page_glyph(page, "├─ ", "|- "));
	else
		page_add(page, STYLE_DIM, skips ? page_glyph(page, "└┄ ", "`. ") : page_glyph(page, "└─ ", "`- "));
}

static void write_label(struct tree *tree, const struct node *node, bool *open)
{
	const struct process *process = node->process;
	struct page *page = &tree->report->page;
	char threads[32];
	size_t reserved;

	write_branches(tree, node, open);
	page_format(page, STYLE_PLAIN, "%u ", process->id.pid);
	describe_threads(process, threads);
	reserved = page->used + strlen(threads);
	page_stranger(page, STYLE_STRONG, process->comm, strnlen(process->comm, COMM_SIZE),
		      tree->label_columns > reserved ? tree->label_columns - reserved : 1);
	if (page->used + strlen(threads) <= tree->label_columns)
		page_add(page, STYLE_DIM, threads);
	page_pad(page, tree->label_columns + 1);
}

enum cell { CELL_NONE, CELL_BORN, CELL_ALIVE, CELL_DEAD, CELL_ADOPTED, CELL_GONE, CELL_MOMENT, CELL_ON };

static const struct {
	enum style style;
	const char *unicode, *ascii;
} cells[] = {
    [CELL_NONE] = {STYLE_PLAIN, " ", " "},      [CELL_BORN] = {STYLE_ALIVE, "┣", "|"},
    [CELL_ALIVE] = {STYLE_ALIVE, "━", "="},     [CELL_DEAD] = {STYLE_DEAD, "▒", "z"},
    [CELL_ADOPTED] = {STYLE_ADOPTED, "◆", "A"}, [CELL_GONE] = {STYLE_ALIVE, "┫", "|"},
    [CELL_MOMENT] = {STYLE_ALIVE, "┃", "|"},    [CELL_ON] = {STYLE_ALIVE, "▶", ">"},
};

static size_t cell_at(const struct tree *tree, uint64_t t_ns)
{
	uint64_t since = t_ns > tree->begin_ns ? t_ns - tree->begin_ns : 0;
	size_t cell;

	if (!tree->duration_ns)
		return 0;
	cell = since < tree->duration_ns
		   ? (size_t)((double)since / (double)tree->duration_ns * (double)tree->bar_columns)
		   : tree->bar_columns;
	return cell < tree->bar_columns ? cell : tree->bar_columns - 1;
}

static uint64_t death_ns(const struct tree *tree, const struct process *process)
{
	if (!process_is_over(process))
		return tree->end_ns;
	return process->dead_ns ? process->dead_ns : process->exited_ns ? process->exited_ns : tree->begin_ns;
}

static void fill_cells(const struct tree *tree, const struct process *process, unsigned char *bar)
{
	size_t born = cell_at(tree, process->started_ns), died = cell_at(tree, death_ns(tree, process));
	size_t gone = cell_at(tree, gone_ns(tree, process));
	bool before = process->started_ns < tree->begin_ns, zombie = process_zombie_ns(tree->report->model, process);

	memset(bar, CELL_NONE, tree->bar_columns);
	died = died < born ? born : died;
	gone = gone < died || !zombie ? died : gone;
	memset(bar + born, CELL_ALIVE, died - born + 1);
	memset(bar + died + 1, CELL_DEAD, gone - died);
	if (process->dead_before || (process_is_zombie(process) && gone > born))
		bar[gone] = CELL_DEAD;
	if (!before)
		bar[born] = CELL_BORN;
	if (process->reaped_ns)
		bar[gone] = gone == born && !before ? CELL_MOMENT : CELL_GONE;
	else if (!process_is_over(process))
		bar[gone] = CELL_ON;
	for (const struct adoption *adoption = process->adoptions; adoption; adoption = adoption->next)
		if (adoption->rule != ADOPT_THREAD)
			bar[cell_at(tree, adoption->at_ns)] = CELL_ADOPTED;
}

/* Runs of one kind in one go: a colour change per cell would be ten bytes per column. */
static void write_bar(struct tree *tree, const struct process *process)
{
	unsigned char bar[256] = {0};
	struct page *page = &tree->report->page;
	struct buffer run = {0};

	fill_cells(tree, process, bar);
	for (size_t i = 0; i < tree->bar_columns; i++) {
		buffer_text_append(&run, page_glyph(page, cells[bar[i]].unicode, cells[bar[i]].ascii));
		if (i + 1 < tree->bar_columns && cells[bar[i + 1]].style == cells[bar[i]].style)
			continue;
		page_add(page, cells[bar[i]].style, buffer_text(&run));
		buffer_clear(&run);
	}
	page->failed |= run.failed;
	buffer_free(&run);
}

static void describe_fate(const struct tree *tree, const struct process *process, struct buffer *out)
{
	const struct observation *observation = model_observation(tree->report->model);
	uint64_t zombie_ns = process_zombie_ns(tree->report->model, process);

	buffer_clear(out);
	if (!process_is_over(process)) {
		buffer_text_append(out, "running");
		return;
	}
	if (process->has_status)
		describe_ending(out, process->status);
	else
		buffer_text_append(out, "ended");
	if (process_is_zombie(process))
		buffer_text_append(out, ", zombie ");
	else if (zombie_ns > observation->zombie_after_ns && observation->zombie_after_ns)
		buffer_text_append(out, ", reaped after ");
	else
		return;
	text_duration(out, zombie_ns);
}

static void write_row(struct tree *tree, const struct node *node, bool *open, struct buffer *fate)
{
	struct page *page = &tree->report->page;

	write_label(tree, node, open);
	write_bar(tree, node->process);
	page_add(page, STYLE_PLAIN, " ");
	describe_fate(tree, node->process, fate);
	page_escaped(page, process_is_zombie(node->process) ? STYLE_DEAD : STYLE_PLAIN, buffer_text(fate),
		     page_left(page));
	page_end(page);
}

/* ---- all rows ------------------------------------------------------------------------------------------ */

static const struct node *next_row(const struct node *node)
{
	if (node->first_child)
		return node->first_child;
	while (node && !node->next_sibling)
		node = node->shown_under;
	return node ? node->next_sibling : NULL;
}

/* Labels and endings get what they need within bounds, the bars what is left. */
static void share_columns(struct tree *tree, struct buffer *fate)
{
	size_t columns = tree->report->page.columns, label = 0, ending = 0, most;

	for (const struct node *node = tree->first_root; node; node = next_row(node)) {
		size_t needed = label_columns(tree, node);

		describe_fate(tree, node->process, fate);
		label = needed > label ? needed : label;
		ending = fate->length > ending ? fate->length : ending;
	}
	label = label > columns * 2 / 5 ? columns * 2 / 5 : label;
	most = columns * 3 / 10 < 30 && columns >= 80 ? 30 : columns * 3 / 10;
	ending = ending > most ? most : ending;
	tree->label_columns = label;
	tree->bar_columns = columns - label - ending - 2;
	if (tree->bar_columns > 256)
		tree->bar_columns = 256;
}

static void write_heading(struct tree *tree)
{
	struct page *page = &tree->report->page;
	struct buffer duration = {0};

	page_add(page, STYLE_STRONG, "processes and their lifelines");
	page_format(page, STYLE_DIM, "  %s alive  %s dead, not reaped  %s adopted", page_glyph(page, "━", "="),
		    page_glyph(page, "▒", "z"), page_glyph(page, "◆", "A"));
	page_end(page);
	text_duration(&duration, tree->duration_ns);
	page_pad(page, tree->label_columns + 1);
	page_add(page, STYLE_DIM, "0 s ");
	page_pad(page, tree->label_columns + 1 + tree->bar_columns - duration.length);
	page_add(page, STYLE_DIM, buffer_text(&duration));
	page_end(page);
	buffer_free(&duration);
}

static void write_rows(struct tree *tree, struct buffer *fate)
{
	struct page *page = &tree->report->page;
	bool open[LEVELS_MAX + 1] = {false};
	char number[32];

	share_columns(tree, fate);
	write_heading(tree);
	for (const struct node *node = tree->first_root; node; node = next_row(node))
		write_row(tree, node, open, fate);
	if (tree->selected < tree->count) {
		page_format(page, STYLE_DIM, "%s and %s more processes (-v shows all)", page_glyph(page, "…", "..."),
			    group_digits(tree->count - tree->selected, number));
		page_end(page);
	}
	page_end(page);
}

int report_tree(struct text_report *report)
{
	struct tree tree = {
	    .report = report,
	    .count = report->process_count,
	    .begin_ns = model_observation(report->model)->begin_ns,
	    .duration_ns = observation_duration(report->model),
	};
	struct buffer fate = {0};
	int error = -ENOMEM;

	if (!tree.count)
		return 0;
	tree.end_ns = tree.begin_ns + tree.duration_ns;
	tree.nodes = calloc(tree.count, sizeof(*tree.nodes));
	if (!tree.nodes)
		return -ENOMEM;
	for (size_t i = 0; i < tree.count; i++)
		tree.nodes[i].process = report->processes[i];
	error = link_parents(&tree);
	if (!error)
		error = select_rows(&tree);
	if (!error) {
		link_rows(&tree);
		write_rows(&tree, &fate);
		report->page.failed |= fate.failed;
	}
	buffer_free(&fate);
	hash_free(&tree.by_id);
	free(tree.nodes);
	return error;
}

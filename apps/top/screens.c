/* SPDX-License-Identifier: MIT */
/*
 * The views that every program has, and what stands around them: title, tabs, keys.
 *
 * Invariant: of 80 columns and 24 rows on everything is in sight or can be scrolled to; below that
 * what does not fit is cut.
 */
#include "top/top.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { HEAD_ROWS = 3, FOOT_ROWS = 1, NAME_WIDTH = 26 };

/* --- A window over many lines --- */

int top_row_in(const struct top_area *area, const struct top_view *view, int line)
{
	int row = area->top + line - view->first;

	return row >= area->top && row < area->bottom ? row : -1;
}

void top_lines_were(const struct top_area *area, struct top_view *view, int line_count)
{
	int room = area->bottom - area->top, row = view->is_list ? 1 : HEAD_ROWS - 1;
	char text[48];

	view->last_first = line_count > room ? line_count - room : 0;
	if (view->first > view->last_first)
		view->first = view->last_first;
	if (view->last_first == 0 || room <= 0)
		return;
	(void)snprintf(text, sizeof(text), "%d-%d of %d", view->first + 1, view->first + room,
		       line_count);
	top_put_right(area->frame, row, area->frame->columns - (int)sizeof(text),
		      (int)sizeof(text) - 1, TOP_DIM, text);
}

/* --- Locality --- */

static void put_pair(const struct top_area *area, int *inout_row, const char *name, uint64_t count,
		     double rate, enum top_style style)
{
	char number[32], per_s[16];

	if (*inout_row >= area->bottom)
		return;
	(void)top_put(area->frame, *inout_row, 2, TOP_PLAIN, "%s", name);
	top_put_right(area->frame, *inout_row, 2 + NAME_WIDTH, 18, style,
		      app_format_count(count, number, sizeof(number)));
	(void)top_put(area->frame, *inout_row, 50, TOP_DIM, "%s/s",
		      top_short(rate, per_s, sizeof(per_s)));
	(*inout_row)++;
}

static void put_share(const struct top_area *area, int *inout_row, const char *name, uint64_t part,
		      uint64_t all)
{
	double share = all ? (double)part / (double)all : 1;

	if (*inout_row >= area->bottom)
		return;
	(void)top_put(area->frame, *inout_row, 2, TOP_BOLD, "%s", name);
	top_put_bar(area->frame, *inout_row, 2 + NAME_WIDTH, 32,
		    share > 0.9   ? TOP_GOOD
		    : share > 0.5 ? TOP_WARN
				  : TOP_BAD,
		    share);
	(void)top_put(area->frame, *inout_row, 62, TOP_BOLD, "%.2f %%", share * 100);
	(*inout_row) += 2;
}

static void put_sums(const struct top_area *area, int *inout_row, const struct top_locality *sum)
{
	if (sum->has_checks) {
		put_pair(area, inout_row, "local checks", sum->local, sum->local_rate, TOP_PLAIN);
		put_pair(area, inout_row, "remote checks", sum->remote, sum->remote_rate,
			 sum->remote ? TOP_WARN : TOP_PLAIN);
		put_share(area, inout_row, "checks at home", sum->local, sum->local + sum->remote);
	}
	if (sum->has_steals) {
		put_pair(area, inout_row, "steals, same node", sum->same_node, sum->same_node_rate,
			 TOP_PLAIN);
		put_pair(area, inout_row, "steals, across nodes", sum->cross_node,
			 sum->cross_node_rate, sum->cross_node ? TOP_WARN : TOP_PLAIN);
		put_share(area, inout_row, "steals within the node", sum->same_node,
			  sum->same_node + sum->cross_node);
	}
	if (sum->has_handed)
		put_pair(area, inout_row, "handed over to its home", sum->handed, sum->handed_rate,
			 TOP_PLAIN);
	if (sum->has_preferred) {
		put_pair(area, inout_row, "tries where preferred", sum->preferred, 0, TOP_PLAIN);
		put_pair(area, inout_row, "tries elsewhere", sum->elsewhere, 0, TOP_PLAIN);
		put_share(area, inout_row, "on the preferred node", sum->preferred,
			  sum->preferred + sum->elsewhere);
	}
}

/* A worker's share of what is checked at home. */
static void put_worker_shares(const struct top_area *area, const struct top_table *workers,
			      struct top_view *view)
{
	int checks = top_column_named(workers, "checks");
	int local = top_column_named(workers, "local_checks");

	for (uint32_t i = 0; checks >= 0 && local >= 0 && i < workers->row_count; i++) {
		uint64_t all = top_value(workers, i, checks), here = top_value(workers, i, local);
		int row = top_row_in(area, view, (int)i);
		double share = all ? (double)here / (double)all : 1;

		if (row < 0)
			continue;
		(void)top_put_width(area->frame, row, 1, 37, TOP_PLAIN, workers->rows[i].label);
		top_put_bar(area->frame, row, 39, 21, share > 0.9 ? TOP_GOOD : TOP_WARN, share);
		(void)top_put(area->frame, row, 62, TOP_PLAIN, "%.2f %% local",
			      share < 1 ? share * 100 : 100);
	}
	top_lines_were(area, view, checks >= 0 && local >= 0 ? (int)workers->row_count : 0);
}

static void draw_locality(const struct top_area *area, const struct top_program *program,
			  struct top_view *view)
{
	struct top_locality sum = top_locality_of(program);
	const struct top_table *workers = top_workers(program);
	struct top_area below = *area;

	put_sums(area, &below.top, &sum);
	if (below.top == area->top)
		(void)top_put(area->frame, area->top, 2, TOP_DIM,
			      "%s counts nothing that may be near or far", program->name);
	else if (workers && sum.has_checks)
		put_worker_shares(&below, workers, view);
}

/* --- Memory --- */

static void put_node_memory(const struct top_area *area, const struct top_memory *memory, int row,
			    uint32_t node)
{
	char text[32];
	double share = memory->total_bytes
			       ? (double)memory->bytes[node] / (double)memory->total_bytes
			       : 0;

	(void)top_put(area->frame, row, 2, TOP_PLAIN, "node %u", (unsigned)node);
	top_put_right(area->frame, row, 12, 14, TOP_PLAIN,
		      app_format_bytes(memory->bytes[node], text, sizeof(text)));
	top_put_bar(area->frame, row, 28, 34, TOP_GOOD, share);
	(void)top_put(area->frame, row, 63, TOP_PLAIN, "%5.1f %%", share * 100);
}

static bool is_node_of(const struct top_model *model, uint32_t node)
{
	return model->topo && nw_topo_node_idx(model->topo, (nw_node){ (int16_t)node }) >= 0;
}

static void draw_memory(const struct top_area *area, const struct top_model *model,
			const struct top_program *program, struct top_view *view)
{
	const struct top_memory *memory = &program->memory;
	struct top_area below = { area->frame, area->top + 4, area->bottom };
	char text[160], total[32];
	int line = 0;

	(void)top_put(area->frame, area->top, 0, TOP_BOLD, "placement  ");
	(void)top_put(area->frame, area->top, 11, top_verdict_is_good(memory) ? TOP_GOOD : TOP_BAD,
		      "%s", top_verdict(memory, text, sizeof(text)));
	(void)top_put(area->frame, area->top + 1, 0, TOP_BOLD, "mappings   ");
	(void)top_put(area->frame, area->top + 1, 11, TOP_PLAIN,
		      "%u, of which %u name their nodes; %s in memory",
		      (unsigned)memory->mapping_count, (unsigned)memory->bound_count,
		      app_format_bytes(memory->total_bytes, total, sizeof(total)));
	for (uint32_t i = 0; memory->error == 0 && i < TOP_NODES_MAX; i++) {
		int row;

		if (memory->bytes[i] == 0 && !is_node_of(model, i))
			continue;
		row = top_row_in(&below, view, line++);
		if (row >= 0)
			put_node_memory(&below, memory, row, i);
	}
	top_lines_were(&below, view, line);
}

/* --- Log --- */

static void draw_log(const struct top_area *area, const struct top_program *program,
		     struct top_view *view)
{
	int count = 0;

	for (uint32_t i = program->note_count; i-- > 0;) { /* the newest one first */
		const struct nw_stats_note_info *note = &program->notes[i];
		time_t seconds = (time_t)(note->wall_ns / TOP_NS_PER_S);
		char time[16] = "";
		struct tm parts;
		int row;

		if (*view->search && !strcasestr(note->text, view->search))
			continue;
		row = top_row_in(area, view, count++);
		if (row < 0)
			continue;
		if (localtime_r(&seconds, &parts))
			(void)strftime(time, sizeof(time), "%H:%M:%S", &parts);
		(void)top_put(area->frame, row, 0, TOP_DIM, "%s", time);
		(void)top_put(area->frame, row, 10,
			      strstr(note->text, " origin ") ? TOP_MARK : TOP_PLAIN, "%s",
			      note->text);
	}
	if (count == 0)
		(void)top_put(area->frame, area->top, 0, TOP_DIM, "%s has noted nothing yet",
			      program->name);
	top_lines_were(area, view, count);
}

/* --- Programs to choose from --- */

static void put_program(const struct top_area *area, const struct top_program *program, int row,
			bool is_chosen)
{
	enum top_style style = is_chosen ? TOP_CHOSEN : TOP_PLAIN;
	const struct top_table *workers = top_workers(program);
	struct top_roles roles = { -1, -1, -1 };
	char rate[16], text[NW_STATS_TEXT_BYTES + 128];

	if (workers)
		roles = top_roles_of(workers);
	(void)snprintf(text, sizeof(text), "%-10s %8d  %6.0f %%  %10s/s  %s", program->name,
		       (int)program->pid, program->load * 100,
		       top_short(top_sum_rate(workers, roles.rate), rate, sizeof(rate)),
		       program->text_count ? program->texts[0].text : "");
	(void)top_put_width(area->frame, row, 0, area->frame->columns, style, text);
}

static void put_leftover(const struct top_area *area, const struct top_leftover *leftover, int row)
{
	if (leftover->error == 0)
		(void)top_put(area->frame, row, 0, TOP_WARN,
			      "%-10s %8d  stale: its process is gone: %s", leftover->name,
			      (int)leftover->pid, leftover->path);
	else
		(void)top_put(area->frame, row, 0, TOP_BAD, "cannot be read (%s): %s",
			      leftover->error == -EBADMSG ? "damaged, or of another version"
							  : strerror(-leftover->error),
			      leftover->path);
}

static void draw_list(const struct top_area *area, const struct top_model *model,
		      struct top_view *view)
{
	struct top_area below = { area->frame, area->top + 1, area->bottom };
	int line = 0;

	if (view->chosen >= model->program_count)
		view->chosen = model->program_count ? model->program_count - 1 : 0;
	(void)top_put(area->frame, area->top, 0, TOP_BOLD, "%-10s %8s  %8s  %12s  %s", "program",
		      "process", "CPU", "rate", "what");
	if (model->program_count == 0)
		(void)top_put(area->frame, below.top + line++, 0, TOP_DIM,
			      "no nodewise program of this user runs here");
	for (uint32_t i = 0; i < model->program_count; i++) {
		int row = top_row_in(&below, view, line++);

		if (row >= 0)
			put_program(&below, &model->programs[i], row, i == view->chosen);
	}
	for (uint32_t i = 0; i < model->leftover_count; i++) {
		int row = top_row_in(&below, view, line++);

		if (row >= 0)
			put_leftover(&below, &model->leftovers[i], row);
	}
	top_lines_were(&below, view, line);
}

/* --- Help --- */

static void draw_help(const struct top_area *area)
{
	static const char *const lines[] = {
		"Tab, Left, Right, 1-9   another view",
		"Up, Down, PgUp, PgDn    scroll (also j and k, Home and End)",
		"< and >                 order a table by another column; r: in reverse",
		"/                       search: only rows that have these letters; Esc ends it",
		"l                       list of programs; Enter shows one",
		"x                       in the list: remove the files of dead processes",
		"p                       pause; again: go on",
		"+ and -                 look less or more often",
		"q, Ctrl-C               end",
		"",
		"Rates are of the time between two looks. The program that is looked at does",
		"nothing for it: its numbers are in a file that it writes anyway.",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (area->top + (int)i < area->bottom)
			(void)top_put(area->frame, area->top + (int)i, 2, TOP_PLAIN, "%s",
				      lines[i]);
}

/* --- Around them --- */

/* Workers on nodes that are pretended say so. */
static bool is_simulated(const struct top_program *program)
{
	const struct top_table *workers = top_workers(program);

	for (uint32_t i = 0; workers && i < workers->row_count; i++)
		if (strstr(workers->rows[i].label, "(simulated)"))
			return true;
	return false;
}

static void put_title(struct top_frame *frame, const struct top_program *program,
		      const struct top_view *view)
{
	char text[256], took[32];
	uint64_t ns;

	if (!program || view->is_list) {
		top_put_line(frame, 0, TOP_TITLE, " nodewise top");
		return;
	}
	ns = program->read_wall_ns > program->started_wall_ns
		     ? program->read_wall_ns - program->started_wall_ns
		     : 0;
	(void)snprintf(text, sizeof(text), " nodewise top  %s, process %d, %s %s%s%s",
		       program->name, (int)program->pid, program->is_alive ? "for" : "ended after",
		       app_format_duration(ns, took, sizeof(took)),
		       is_simulated(program) ? "  NODES SIMULATED" : "",
		       view->is_paused ? "  PAUSED" : "");
	top_put_line(frame, 0, TOP_TITLE, text);
}

static void put_tabs(struct top_frame *frame, const struct top_program *program,
		     const struct top_view *view)
{
	struct top_tab tabs[TOP_TABS_MAX];
	uint32_t count = top_tabs_of(program, tabs);
	int at = 1;

	for (uint32_t i = 0; i < count; i++)
		at = 1 + top_put(frame, 1, at, i == view->tab_idx ? TOP_TITLE : TOP_PLAIN,
				 " %u %s ", (unsigned)i + 1, tabs[i].title);
}

static void put_keys(struct top_frame *frame, const struct top_view *view)
{
	char text[sizeof(view->message) + 64], every[32] = "";

	if (view->delay_s > 0)
		(void)snprintf(every, sizeof(every), "  every %.1f s", view->delay_s);
	if (view->asks_removal)
		(void)snprintf(text, sizeof(text),
			       " remove the files of dead processes? y, or another key for no");
	else if (view->is_searching)
		(void)snprintf(text, sizeof(text), " search: %s_   Enter keeps it, Esc ends it",
			       view->search);
	else if (*view->message)
		(void)snprintf(text, sizeof(text), " %s", view->message);
	else if (view->is_list)
		(void)snprintf(text, sizeof(text),
			       " q end  ? help  Enter show  x remove stale files%s", every);
	else
		(void)snprintf(
			text, sizeof(text),
			" q end  ? help  Tab view  < > r order  / search  l list  p pause%s%s%s",
			every, *view->search ? "  only: " : "", view->search);
	top_put_line(frame, frame->rows - 1, TOP_TITLE, text);
}

static void draw_screen(const struct top_area *area, const struct top_model *model,
			const struct top_program *program, struct top_view *view)
{
	struct top_tab tabs[TOP_TABS_MAX];
	uint32_t count = top_tabs_of(program, tabs);
	const struct top_tab *tab = &tabs[view->tab_idx < count ? view->tab_idx : 0];

	switch (tab->screen) {
	case TOP_SCREEN_MACHINE:
		top_draw_machine(area, model, program, view);
		break;
	case TOP_SCREEN_LOCALITY:
		draw_locality(area, program, view);
		break;
	case TOP_SCREEN_MEMORY:
		draw_memory(area, model, program, view);
		break;
	case TOP_SCREEN_PROGRAM:
		top_draw_program(area, program, view);
		break;
	case TOP_SCREEN_TABLE:
		top_draw_table(area, &program->tables[tab->table_idx], view);
		break;
	case TOP_SCREEN_LOG:
		draw_log(area, program, view);
		break;
	}
}

void top_draw(struct top_frame *frame, const struct top_model *model, struct top_view *view)
{
	const struct top_program *program = top_shown(model, view);
	struct top_area area = { frame, HEAD_ROWS, frame->rows - FOOT_ROWS };

	top_frame_clear(frame);
	view->last_first = 0;
	put_title(frame, program, view);
	if (view->is_help) {
		draw_help(&area);
	} else if (view->is_list || !program) {
		area.top = 2;
		draw_list(&area, model, view);
	} else {
		put_tabs(frame, program, view);
		draw_screen(&area, model, program, view);
	}
	put_keys(frame, view);
}

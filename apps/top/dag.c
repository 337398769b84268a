/* SPDX-License-Identifier: MIT */
/*
 * A graph that runs: how far it is, its levels with a character a task, what runs where.
 *
 * Invariant: a task stands in the line of its level, and levels in their order, so that what waits
 * is below what it waits for.
 */
#include "top/programs.h"

#include <nw/dag.h>

#include <stdlib.h>
#include <string.h>

enum { LEVEL_AT = 10 };

static uint64_t graph_value(const struct top_table *graph, const char *name)
{
	return graph ? top_value(graph, 0, top_column_named(graph, name)) : 0;
}

static void put_counts(const struct top_area *area, const struct top_table *graph, int row)
{
	static const char *const names[] = { "pending",   "ready",  "running",
					     "completed", "failed", "cancelled" };
	uint64_t all = graph_value(graph, "tasks");
	uint64_t ended = graph_value(graph, "completed") + graph_value(graph, "failed") +
			 graph_value(graph, "cancelled");
	int at = 0;

	top_put_bar(area->frame, row, 0, 50, graph_value(graph, "failed") ? TOP_BAD : TOP_GOOD,
		    all ? (double)ended / (double)all : 0);
	(void)top_put(area->frame, row, 52, TOP_BOLD, "%llu of %llu tasks have ended",
		      (unsigned long long)ended, (unsigned long long)all);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint64_t count = graph_value(graph, names[i]);

		at = top_put(area->frame, row + 1, at, TOP_DIM, "%s ", names[i]);
		at = 2 + top_put(area->frame, row + 1, at, i == 4 && count > 0 ? TOP_BAD : TOP_BOLD,
				 "%llu", (unsigned long long)count);
	}
}

static char mark_of(uint64_t state, enum top_style *ret_style)
{
	static const struct {
		char mark;
		enum top_style style;
	} marks[NW_DAG_STATE_COUNT] = {
		[NW_DAG_PENDING] = { '.', TOP_DIM },  [NW_DAG_READY] = { 'o', TOP_MARK },
		[NW_DAG_RUNNING] = { '>', TOP_WARN }, [NW_DAG_COMPLETED] = { '#', TOP_GOOD },
		[NW_DAG_FAILED] = { 'X', TOP_BAD },   [NW_DAG_CANCELLED] = { '-', TOP_DIM },
	};

	*ret_style = state < NW_DAG_STATE_COUNT ? marks[state].style : TOP_PLAIN;
	return state < NW_DAG_STATE_COUNT ? marks[state].mark : '?';
}

/* How many tasks of each level were put: the next one's place. */
static int *places_of_levels(const struct top_table *tasks, int *ret_level_count)
{
	int level = top_column_named(tasks, "level"), count = 0;

	for (uint32_t i = 0; i < tasks->row_count; i++)
		if (top_value(tasks, i, level) < tasks->row_count &&
		    (int)top_value(tasks, i, level) >= count)
			count = (int)top_value(tasks, i, level) + 1;
	*ret_level_count = count;
	return calloc((size_t)count + 1, sizeof(int));
}

static void put_task(const struct top_area *area, const struct top_table *tasks, uint32_t i,
		     const struct top_view *view, int *places)
{
	uint64_t level = top_value(tasks, i, top_column_named(tasks, "level"));
	int row = top_row_in(area, view, (int)level), at = LEVEL_AT + places[level]++;
	enum top_style style;
	char mark = mark_of(top_value(tasks, i, top_column_named(tasks, "state")), &style);

	if (row < 0 || at >= area->frame->columns)
		return;
	if (at == area->frame->columns - 1) { /* more of them than there are columns */
		mark = '+';
		style = TOP_DIM;
	}
	(void)top_put(area->frame, row, at, style, "%c", mark);
}

static int put_levels(const struct top_area *area, const struct top_table *tasks,
		      const struct top_view *view)
{
	int level_count, *places = places_of_levels(tasks, &level_count);

	for (int i = 0; places && i < level_count; i++) {
		int row = top_row_in(area, view, i);

		if (row >= 0)
			(void)top_put(area->frame, row, 0, TOP_DIM, "level %d", i);
	}
	for (uint32_t i = 0; places && i < tasks->row_count; i++)
		if (top_value(tasks, i, top_column_named(tasks, "level")) < (uint64_t)level_count)
			put_task(area, tasks, i, view, places);
	free(places);
	return level_count;
}

static void put_running(const struct top_area *area, const struct top_program *program,
			const struct top_table *tasks, uint32_t i, int row)
{
	uint64_t begun = top_value(tasks, i, top_column_named(tasks, "begun"));
	char took[32];

	(void)top_put_width(area->frame, row, 0, 40, TOP_WARN, tasks->rows[i].label);
	(void)top_put(area->frame, row, 41, TOP_PLAIN, "node %llu, try %llu, %s",
		      (unsigned long long)top_value(tasks, i, top_column_named(tasks, "node")),
		      (unsigned long long)top_value(tasks, i, top_column_named(tasks, "attempt")),
		      app_format_duration(
			      program->read_wall_ns > begun ? program->read_wall_ns - begun : 0,
			      took, sizeof(took)));
}

static int put_all_running(const struct top_area *area, const struct top_program *program,
			   const struct top_table *tasks, const struct top_view *view, int line)
{
	int state = top_column_named(tasks, "state");

	for (uint32_t i = 0; i < tasks->row_count; i++) {
		int row;

		if (top_value(tasks, i, state) != NW_DAG_RUNNING)
			continue;
		row = top_row_in(area, view, line++);
		if (row >= 0)
			put_running(area, program, tasks, i, row);
	}
	return line;
}

void top_draw_dag(const struct top_area *area, const struct top_program *program,
		  struct top_view *view)
{
	const struct top_table *graph = top_table_named(program, "graph");
	const struct top_table *tasks = top_table_named(program, "tasks");
	int row = top_put_texts(area, program), line;
	struct top_area below = { area->frame, row + 4, area->bottom };

	if (!graph || !tasks || below.top >= area->bottom)
		return;
	put_counts(area, graph, row);
	(void)top_put(area->frame, row + 3, 0, TOP_DIM,
		      ". pending  o ready  > running  # completed  X failed  - cancelled");
	line = put_levels(&below, tasks, view);
	line = put_all_running(&below, program, tasks, view, line + 1);
	top_lines_were(&below, view, line);
}

/* SPDX-License-Identifier: MIT */
/*
 * A key -> another view. Invariant: it changes the view and nothing else; what has to be done
 * outside, as removing files, is asked for by a flag.
 */
#include "top/top.h"

#include "common/fields.h"

#include <string.h>

/* Tables that a program's own screen has in it; of one that is not known, the first. */
static bool is_on_its_screen(const struct top_program *program, uint32_t table_idx)
{
	static const struct {
		const char *program, *tables[4];
	} known[] = {
		{ "check", { "search", "workers" } }, { "relay", { "shard" } },
		{ "dag", { "graph", "nodes" } },      { "scan", { "workers" } },
		{ "cdn", { "asker", "providers" } },
	};

	for (size_t i = 0; i < APP_COUNT_OF(known); i++) {
		if (strcmp(program->name, known[i].program) != 0)
			continue;
		for (size_t k = 0; known[i].tables[k]; k++)
			if (strcmp(program->tables[table_idx].name, known[i].tables[k]) == 0)
				return true;
		return false;
	}
	return table_idx == 0;
}

static void add_tab(struct top_tab *tabs, uint32_t *inout_count, enum top_screen screen,
		    const char *title, uint32_t table_idx)
{
	struct top_tab *tab;

	if (*inout_count == TOP_TABS_MAX)
		return;
	tab = &tabs[(*inout_count)++];
	tab->screen = screen;
	tab->table_idx = table_idx;
	(void)snprintf(tab->title, sizeof(tab->title), "%s", title);
}

uint32_t top_tabs_of(const struct top_program *program, struct top_tab ret_tabs[TOP_TABS_MAX])
{
	uint32_t count = 0;

	add_tab(ret_tabs, &count, TOP_SCREEN_MACHINE, "machine", 0);
	add_tab(ret_tabs, &count, TOP_SCREEN_LOCALITY, "locality", 0);
	add_tab(ret_tabs, &count, TOP_SCREEN_MEMORY, "memory", 0);
	add_tab(ret_tabs, &count, TOP_SCREEN_PROGRAM, program->name, 0);
	for (uint32_t i = 0; i < program->table_count && count < TOP_TABS_MAX - 1; i++)
		if (!is_on_its_screen(program, i))
			add_tab(ret_tabs, &count, TOP_SCREEN_TABLE, program->tables[i].name, i);
	add_tab(ret_tabs, &count, TOP_SCREEN_LOG, "log", 0);
	return count;
}

struct top_program *top_shown(const struct top_model *model, const struct top_view *view)
{
	return view->pid ? top_program_by_pid(model, view->pid) : NULL;
}

/* --- What keys do --- */

static void scroll(struct top_view *view, int rows)
{
	view->first += rows;
	if (view->first > view->last_first)
		view->first = view->last_first;
	if (view->first < 0)
		view->first = 0;
}

static void go_to_tab(struct top_view *view, uint32_t tab_idx)
{
	view->tab_idx = tab_idx;
	view->first = 0;
	view->sort_column = 0;
	view->is_descending = false;
	view->search[0] = '\0';
}

static void turn_tabs(struct top_view *view, const struct top_model *model, int by)
{
	const struct top_program *program = top_shown(model, view);
	struct top_tab tabs[TOP_TABS_MAX];
	uint32_t count;

	if (!program)
		return;
	count = top_tabs_of(program, tabs);
	go_to_tab(view, (view->tab_idx + count + (uint32_t)by) % count);
}

static void choose_tab(struct top_view *view, const struct top_model *model, uint32_t tab_idx)
{
	const struct top_program *program = top_shown(model, view);
	struct top_tab tabs[TOP_TABS_MAX];

	if (program && tab_idx < top_tabs_of(program, tabs))
		go_to_tab(view, tab_idx);
}

/* From as they are, over each column, to as they are. */
static void turn_order(struct top_view *view, const struct top_model *model, int by)
{
	const struct top_program *program = top_shown(model, view);
	struct top_tab tabs[TOP_TABS_MAX];
	uint32_t count, choices;

	if (!program)
		return;
	count = top_tabs_of(program, tabs);
	if (view->tab_idx >= count || program->table_count == 0)
		return;
	choices = program->tables[tabs[view->tab_idx].table_idx].column_count +
		  2; /* as it is, label */
	view->sort_column = (view->sort_column + choices + (uint32_t)by) % choices;
	view->first = 0;
}

static void press_in_search(struct top_view *view, uint32_t key)
{
	size_t n = strlen(view->search);

	if (key == TOP_KEY_ENTER) {
		view->is_searching = false;
	} else if (key == TOP_KEY_ESCAPE) {
		view->is_searching = false;
		view->search[0] = '\0';
	} else if (key == TOP_KEY_BACKSPACE) {
		view->search[n > 0 ? n - 1 : 0] = '\0';
	} else if (key >= ' ' && key < 0x7f && n + 1 < sizeof(view->search)) {
		view->search[n] = (char)key;
		view->search[n + 1] = '\0';
	}
	view->first = 0;
}

static void choose_program(struct top_view *view, const struct top_model *model)
{
	if (view->chosen >= model->program_count)
		return;
	view->pid = model->programs[view->chosen].pid;
	view->is_list = false;
	go_to_tab(view, 0);
}

static uint32_t stale_count(const struct top_model *model)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < model->leftover_count; i++)
		count += model->leftovers[i].error == 0;
	return count;
}

static void press_in_list(struct top_view *view, const struct top_model *model, uint32_t key)
{
	if (key == TOP_KEY_ENTER)
		choose_program(view, model);
	else if ((key == TOP_KEY_DOWN || key == 'j') && view->chosen + 1 < model->program_count)
		view->chosen++;
	else if ((key == TOP_KEY_UP || key == 'k') && view->chosen > 0)
		view->chosen--;
	else if (key == 'x' && stale_count(model) > 0)
		view->asks_removal = true;
	else if (key == TOP_KEY_ESCAPE && top_shown(model, view))
		view->is_list = false;
}

static void change_delay(struct top_view *view, double by)
{
	view->delay_s *= by;
	view->delay_s = view->delay_s < 0.1 ? 0.1 : view->delay_s > 60 ? 60 : view->delay_s;
}

/* Keys of a program's screens. */
static void press_in_screen(struct top_view *view, const struct top_model *model, uint32_t key)
{
	if (key == TOP_KEY_TAB || key == TOP_KEY_RIGHT)
		turn_tabs(view, model, 1);
	else if (key == TOP_KEY_BACK_TAB || key == TOP_KEY_LEFT)
		turn_tabs(view, model, -1);
	else if (key >= '1' && key <= '9')
		choose_tab(view, model, key - '1');
	else if (key == '>' || key == '<')
		turn_order(view, model, key == '>' ? 1 : -1);
	else if (key == 'r')
		view->is_descending = !view->is_descending;
	else if (key == '/')
		view->is_searching = true;
	else if (key == TOP_KEY_ESCAPE)
		view->search[0] = '\0';
}

static bool press_to_scroll(struct top_view *view, uint32_t key, int page)
{
	int rows = key == TOP_KEY_UP || key == 'k'     ? -1
		   : key == TOP_KEY_DOWN || key == 'j' ? 1
		   : key == TOP_KEY_PAGE_UP            ? -page
		   : key == TOP_KEY_PAGE_DOWN          ? page
		   : key == TOP_KEY_HOME               ? -view->first
		   : key == TOP_KEY_END                ? view->last_first - view->first
						       : 0;

	scroll(view, rows);
	return rows != 0;
}

/* Keys that mean the same everywhere. */
static bool press_anywhere(struct top_view *view, uint32_t key)
{
	if (key == 'q')
		view->wants_end = true;
	else if (key == '?')
		view->is_help = true;
	else if (key == 'l')
		view->is_list = true;
	else if (key == 'p')
		view->is_paused = !view->is_paused;
	else if (key == '+' || key == '-')
		change_delay(view, key == '+' ? 2 : 0.5);
	else
		return false;
	return true;
}

void top_press(struct top_view *view, const struct top_model *model, uint32_t key, int page)
{
	view->message[0] = '\0';
	if (view->asks_removal) {
		view->asks_removal = false;
		view->wants_removal = key == 'y';
	} else if (view->is_searching) {
		press_in_search(view, key);
	} else if (view->is_help) {
		view->is_help = false;
		view->wants_end = key == 'q';
	} else if (press_anywhere(view, key)) {
		return;
	} else if (view->is_list) {
		press_in_list(view, model, key);
	} else if (!press_to_scroll(view, key, page)) {
		press_in_screen(view, model, key);
	}
}

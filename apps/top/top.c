/* SPDX-License-Identifier: MIT */
/*
 * `nodewise top`: finds the programs, reads them, shows one, or prints what there is.
 * Invariant: nothing that is looked at is written to, but for files of dead processes on request.
 */
#include "top/top.h"

#include <errno.h>
#include <locale.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static void rest(uint64_t ns)
{
	struct timespec pause = { (time_t)(ns / TOP_NS_PER_S), (long)(ns % TOP_NS_PER_S) };

	while (nanosleep(&pause, &pause) < 0 && errno == EINTR && !app_was_interrupted())
		;
}

/* Rates need two looks. */
static int look(struct top_model *model, const struct top_options *options)
{
	int rc = top_refresh(model);

	if (rc == 0 && options->delay_ns > 0 && model->program_count > 0) {
		rest(options->delay_ns);
		rc = top_refresh(model);
	}
	return rc < 0 ? app_failed(TOP_NAME, "%s", strerror(-rc)) : APP_OK;
}

/* APP_OK where what was asked for is there, or nothing in particular was asked for. */
static int choose(const struct top_model *model, const struct top_options *options,
		  struct top_view *view)
{
	if (options->pid && !top_program_by_pid(model, (int32_t)options->pid))
		return app_failed(TOP_NAME,
				  "process %llu is no running nodewise program of this user; "
				  "nodewise top lists those that are",
				  (unsigned long long)options->pid);
	view->pid = (int32_t)options->pid;
	if (!options->pid && model->program_count == 1)
		view->pid = model->programs[0].pid;
	view->is_list = view->pid == 0;
	return APP_OK;
}

static int choose_tab(const struct top_model *model, const struct top_options *options,
		      struct top_view *view)
{
	const struct top_program *program = top_shown(model, view);
	struct top_tab tabs[TOP_TABS_MAX];
	uint32_t count;

	if (!options->tab || !program)
		return APP_OK;
	count = top_tabs_of(program, tabs);
	for (uint32_t i = 0; i < count; i++)
		if (strcasecmp(tabs[i].title, options->tab) == 0) {
			view->tab_idx = i;
			return APP_OK;
		}
	return app_bad(TOP_NAME, "%s has no view '%s'; it has machine, locality, memory, %s, log",
		       program->name, options->tab, program->name);
}

static int print_frame(const struct top_model *model, const struct top_options *options,
		       struct top_view *view)
{
	struct top_frame frame;

	if (top_frame_open(&frame, (int)options->rows, (int)options->columns) < 0)
		return app_failed(TOP_NAME, "no memory");
	top_draw(&frame, model, view);
	top_frame_print(&frame, stdout);
	top_frame_close(&frame);
	return app_finish_output(TOP_NAME);
}

static int clean(struct top_model *model)
{
	uint32_t count;
	int rc = top_find(model);

	if (rc == 0)
		rc = top_remove_leftovers(model, &count);
	if (rc < 0)
		return app_failed(TOP_NAME, "a file that was left behind: %s", strerror(-rc));
	for (uint32_t i = 0; i < model->leftover_count; i++)
		if (model->leftovers[i].error != 0)
			app_note(TOP_NAME,
				 "%s cannot be read and stays: remove it if no program "
				 "of another version writes it",
				 model->leftovers[i].path);
	printf("%u file%s of dead processes removed\n", (unsigned)count, count == 1 ? "" : "s");
	return app_finish_output(TOP_NAME);
}

static int show(struct top_model *model, const struct top_options *options)
{
	struct top_view view = { .delay_s = (double)options->delay_ns / 1e9 };
	int code;

	if (!options->is_once && !options->is_json &&
	    (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)))
		return app_bad(TOP_NAME,
			       "standard %s is no terminal: --once prints a frame, --json all "
			       "numbers",
			       isatty(STDOUT_FILENO) ? "input" : "output");
	code = look(model, options);
	if (code == APP_OK)
		code = choose(model, options, &view);
	if (code == APP_OK)
		code = choose_tab(model, options, &view);
	if (code != APP_OK)
		return code;
	if (options->is_json)
		return app_print_json(
			TOP_NAME, top_json(model, options->pid ? top_shown(model, &view) : NULL));
	if (options->is_once)
		return print_frame(model, options, &view);
	return top_terminal_run(model, &view);
}

int app_top(int argc, char **argv)
{
	struct top_options options;
	struct top_model model = { .topo = NULL };
	struct nw_topo *topo = NULL;
	int code = top_options_parse(&options, argc, argv);

	if (code != APP_OK)
		return code;
	if (options.is_help)
		return top_help();
	if (options.cleans) {
		code = clean(&model);
	} else {
		(void)setlocale(LC_CTYPE, ""); /* which characters a terminal can show */
		app_on_interrupt(NULL, NULL);
		/* Where the machine cannot be read that is said, and the rest is shown. */
		(void)app_open_topo(TOP_NAME, NULL, NULL, &topo);
		model.topo = topo;
		code = show(&model, &options);
	}
	top_model_free(&model);
	nw_topo_close(topo);
	return code;
}

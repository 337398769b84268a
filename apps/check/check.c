/* SPDX-License-Identifier: MIT */
/*
 * `nodewise check`: loads a model or a specification, opens a topology, runs the search, reports.
 *
 * Invariant: whatever was set up is torn down on every path. Of a model, and as JSON, the report is
 * on stdout whole or not at all; of a specification messages, each when it is known (say.h).
 */
#include "check/spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Options that cannot be are the user's to mend; anything else is the machine's. */
static int say_refusal(int r, const struct nw_diag *diag)
{
	const char *text = *diag->text ? diag->text : strerror(-r);

	if (r == -EINVAL || r == -ERANGE || r == -ENODEV || r == -ENOTSUP || r == -ESTALE)
		return app_bad(CHECK_NAME, "%s", text);
	return app_failed(CHECK_NAME, "%s", text);
}

static int create_search(struct check *check, struct nw_diag *diag)
{
	struct nw_explore_options explore = check->options->explore;

	explore.topo = check->topo;
	explore.model = check->model.model;
	explore.model_data = check->model.data;
	if (check->options->graph.path) {
		int r = nw_graph_create(&check->graph, explore.model, explore.model_data,
					explore.memory_bytes_max);

		if (r < 0)
			return r;
		explore.model = nw_graph_model(check->graph);
		explore.model_data = check->graph;
	}
	explore.node_idxs = check->node_idxs;
	explore.node_idx_count = check->node_idx_count;
	explore.keep_states = check->spec && check->spec->model->has_trace && !explore.no_trace;
	check_checkpoint_ask(check, &explore);
	return nw_explore_create(&check->explore, &explore, diag);
}

static int set_up(struct check *check)
{
	struct nw_diag diag = { "" };
	int r, code = check->options->walks.is_wanted ? APP_OK : check_checkpoint_prepare(check);

	if (code != APP_OK)
		return code;
	r = check->options->walks.is_wanted ? check_walks_create(check, &diag)
					    : create_search(check, &diag);
	if (r < 0)
		return say_refusal(r, &diag);
	check_checkpoint_recovered(check);
	if (check->spec) {
		check->spec->explore = check->explore;
		check->spec->walk = check->walk;
	}
	if (check->spec && atomic_load(&check->spec->has_exit))
		check_stop(check); /* an assumption has said so */
	return APP_OK;
}

static void tear_down(struct check *check)
{
	if (check->explore || check->walk)
		app_on_interrupt(NULL, NULL); /* there is nothing left to stop */
	/* Before the specification, whose workers' they have. */
	nw_explore_destroy(check->explore);
	nw_walk_destroy(check->walk);
	nw_graph_destroy(check->graph);
	nw_topo_close(check->topo);
	free(check->node_idxs);
	check_checkpoint_free(check);
	json_decref(check->walks.list);
	check_model_unload(&check->model);
	check_spec_close(check->spec);
}

/* What was asked for and not got, once each. */
static void say_fallbacks(const struct nw_explore_report *report)
{
	if (report->unbound_count)
		app_note(CHECK_NAME, "%u of the seen-set's shards are not bound to their node: %s",
			 (unsigned)report->unbound_count, strerror(-report->unbound_reason));
	if (report->unpinned_count)
		app_note(CHECK_NAME, "%u of %u workers could not be pinned",
			 (unsigned)report->unpinned_count, (unsigned)report->worker_count);
}

/* 0 says that every reachable state was seen and is fine, so an incomplete search is not 0. */
static int exit_code(const struct check *check, const struct nw_explore_report *report)
{
	switch (report->end) {
	case NW_EXPLORE_DONE:
		return check_violations_code(check, report);
	case NW_EXPLORE_VIOLATION:
		return CHECK_VIOLATION;
	case NW_EXPLORE_DEADLOCK:
		return CHECK_DEADLOCK;
	default:
		return APP_FAILED;
	}
}

static int report_model(const struct check *check, const struct nw_explore_report *report)
{
	int code = check->options->is_json ? check_report_json(check, report, NULL)
					   : check_report_text(check, report);

	return code != APP_OK ? code : exit_code(check, report);
}

static int report_spec(const struct check *check, struct nw_explore_report *report)
{
	static struct check_result result; /* large */
	int code;

	check_spec_conclude(check->spec, check, report, &result);
	if (check->options->is_json) {
		code = check_report_json(check, report, &result);
		check_spec_after(check->spec, check, &result);
		if (code == APP_OK)
			code = check_trace_dump(check->spec, check);
	} else {
		code = check_spec_report(check, report, &result);
	}
	return code != APP_OK ? code : result.code;
}

static int search_and_report(struct check *check)
{
	struct nw_explore_report report;
	int code = check_watch(check);

	if (code != APP_OK)
		return code;
	if (check->walk)
		return check_walks_report(check);
	nw_explore_report(check->explore, &report);
	say_fallbacks(&report);
	check_checkpoint_conclude(check, &report);
	code = check_graph_write(check);
	if (code != APP_OK)
		(void)(check->spec ? report_spec(check, &report) : report_model(check, &report));
	else
		code = check->spec ? report_spec(check, &report) : report_model(check, &report);
	return code;
}

/* A specification whose assumptions are all there is, or do not hold. */
static int report_assumptions(const struct check *check, const struct check_result *result)
{
	const struct nw_explore_report none = { 0 };
	int code;

	/* Editors wait for these. */
	if (check->say->is_tool && result->verdict == CHECK_NOTHING) {
		check_say(check->say, SAY_COMPUTING_INITIAL, "Computing initial states...");
		check_say_initial(check->say, 0, 0);
	}
	code = check->options->is_json ? check_report_json(check, &none, result)
				       : check_spec_report(check, NULL, result);

	return code != APP_OK ? code : result->code;
}

/* Editors hear what is read; a person hears of a search, or why there is none. */
static int open_spec(struct check *check)
{
	uint32_t workers = check_machine_workers(check);
	int code;

	if (check->say->is_tool)
		check_say_banner(check->say, check->options, workers);
	code = check_spec_open(&check->spec, check->options, check->say, workers);
	if (code != APP_OK || check->say->is_tool)
		return code;
	check_say_banner(check->say, check->options, workers);
	check_say_starting(check->say);
	return APP_OK;
}

/* *ret_is_over: there is nothing to explore. */
static int prepare_spec(struct check *check, bool *ret_is_over)
{
	static struct check_result result; /* large */
	int code = open_spec(check);

	if (code != APP_OK)
		return code;
	check_spec_assume(check->spec, &result);
	*ret_is_over = result.verdict == CHECK_ASSUMPTION_FALSE ||
		       !check_spec_has_behaviour(check->spec);
	return *ret_is_over ? report_assumptions(check, &result)
			    : check_spec_search(check->spec, &check->model);
}

static int check_run(struct check *check)
{
	bool is_over = false;
	int code = check->options->spec ? APP_OK : check_model_load(&check->model, check->options);

	if (code == APP_OK)
		code = check_machine_open(check);
	if (code == APP_OK && check->options->spec)
		code = prepare_spec(check, &is_over);
	if (code != APP_OK || is_over)
		return code;
	if (check->spec && !check->options->walks.is_wanted && !check->options->checkpoints.recover)
		check_say(check->say, SAY_COMPUTING_INITIAL, "Computing initial states...");
	code = set_up(check);
	return code == APP_OK ? search_and_report(check) : code;
}

/* Nothing runs: neither machine nor workers are asked for. */
static int explain_spec(struct check *check)
{
	int code = check_spec_open(&check->spec, check->options, check->say, 1);

	return code == APP_OK ? check_explain(check->spec) : code;
}

static int run_spec(struct check *check)
{
	static struct check_say say; /* a process runs one */
	int code;

	code = check_say_init(&say, check->options);
	check->say = &say;
	if (code == APP_OK)
		code = check->options->is_explained ? explain_spec(check) : check_run(check);
	if (say.is_tool || (check->spec && !check->options->is_explained))
		check_say_finished(&say);
	if (check->spec && (check->explore || check->walk) &&
	    check_trace_spec_write(check->spec, check) != APP_OK)
		code = APP_FAILED;
	tear_down(check);
	if (check_say_fini(&say) != APP_OK)
		code = APP_FAILED;
	return app_finish_output(CHECK_NAME) == APP_OK || code != APP_OK ? code : APP_FAILED;
}

int app_check(int argc, char **argv)
{
	struct check_options options;
	struct check check = { .options = &options };
	int code;

	if (check_is_parse(argv))
		return check_parse(argv);
	code = check_options_parse(&options, argc, argv);
	if (code != APP_OK)
		return code;
	if (options.is_help)
		return check_help();
	if (options.model && strcmp(options.model, "list") == 0)
		return check_model_list();
	if (options.spec)
		return run_spec(&check);
	code = check_run(&check);
	tear_down(&check);
	return code;
}

/* SPDX-License-Identifier: MIT */
/*
 * `nodewise check`: loads a model or a specification, opens a topology, runs the search, reports.
 *
 * nw_explore_run() blocks, so it has a thread of its own, named nw-search. The main thread waits
 * for it, prints a progress line whenever the period is over, and is not pinned by the search.
 *
 * Invariant: whatever was set up is torn down on every path. Of a model, and as JSON, the report is
 * on stdout whole or not at all; of a specification messages, each when it is known (say.h).
 */
#include "check/spec.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WATCH_MS = 100, IDLE_MS = 3600000 };

struct search {
	const struct check *check;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool has_ended; /* under lock */
};

static void *run_search(void *arg)
{
	struct search *search = arg;

	/* The report says how it ended. */
	if (search->check->walk)
		(void)nw_walk_run(search->check->walk);
	else
		(void)nw_explore_run(search->check->explore);
	pthread_mutex_lock(&search->lock);
	search->has_ended = true;
	pthread_cond_signal(&search->ended);
	pthread_mutex_unlock(&search->lock);
	return NULL;
}

/* Until the time, or the end of the search. */
static void wait_until(struct search *search, const struct timespec *due)
{
	int r = 0;

	while (!search->has_ended && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&search->ended, &search->lock, due);
}

static struct timespec later(const struct timespec *time, uint64_t ms)
{
	struct timespec sum = { time->tv_sec + (time_t)(ms / 1000),
				time->tv_nsec + (long)(ms % 1000) * 1000000 };

	sum.tv_sec += sum.tv_nsec / 1000000000;
	sum.tv_nsec %= 1000000000;
	return sum;
}

static void tell_progress(const struct check *check, struct nw_explore_report *inout_last)
{
	struct nw_explore_report now;

	if (check->walk) {
		check_walks_progress(check);
		return;
	}
	if (!check->spec) {
		check_progress(check->explore, inout_last);
		return;
	}
	nw_explore_report(check->explore, &now);
	check_say_progress(check->say, &now, inout_last);
	*inout_last = now;
}

static void stop(const struct check *check)
{
	if (check->walk)
		nw_walk_stop(check->walk);
	else
		nw_explore_stop(check->explore);
}

/* 0 minutes: as often as TLC tells of its progress. */
static uint64_t coverage_period(const struct check *check)
{
	const struct check_options *options = check->options;

	if (!check->spec || !options->has_coverage || options->is_json)
		return 0;
	return options->coverage_min ? options->coverage_min * 60 : 60;
}

static bool is_past(const struct timespec *time, const struct timespec *due)
{
	return time->tv_sec > due->tv_sec ||
	       (time->tv_sec == due->tv_sec && time->tv_nsec >= due->tv_nsec);
}

/* Ctrl-C loses nothing where checkpoints are written. */
static void on_stop(void *arg)
{
	const struct check *check = arg;

	if (check->explore && check_checkpoint_is_on(check))
		nw_explore_suspend(check->explore);
	else
		stop(check);
}

static uint64_t ns_of(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_nsec;
}

static uint64_t tick_ms_of(const struct check *check, uint64_t period_s)
{
	if (check->spec || check_checkpoint_is_on(check))
		return WATCH_MS;
	return period_s ? period_s * 1000 : IDLE_MS;
}

/* A specification's values are outside the engine's limit: their memory is looked at here. Periods
 * count from the line before, so that a thread that was kept waiting does not make up for it in
 * several lines; after Ctrl-C the report is next. */
static void wait_with_progress(struct search *search, struct check *check, uint64_t period_s)
{
	uint64_t tick_ms = tick_ms_of(check, period_s);
	struct nw_explore_report last = { 0 };
	struct timespec now, tick, line_due, coverage_due;
	uint64_t coverage_s = coverage_period(check);

	if (check->explore) /* a search that goes on has made some already */
		nw_explore_report(check->explore, &last);

	clock_gettime(CLOCK_MONOTONIC, &now);
	line_due = later(&now, period_s * 1000);
	coverage_due = later(&now, coverage_s * 1000);
	pthread_mutex_lock(&search->lock);
	while (!search->has_ended) {
		tick = later(&now, tick_ms);
		wait_until(search, &tick);
		if (search->has_ended)
			break;
		if (check->spec && check_spec_is_full(check->spec))
			stop(check);
		clock_gettime(CLOCK_MONOTONIC, &now);
		check_checkpoint_tick(check, ns_of(&now));
		if (period_s && is_past(&now, &line_due) && !app_was_interrupted()) {
			tell_progress(check, &last);
			line_due = later(&now, period_s * 1000);
		}
		if (coverage_s && is_past(&now, &coverage_due) && !app_was_interrupted()) {
			check_coverage_say(check->spec, false);
			coverage_due = later(&now, coverage_s * 1000);
		}
	}
	pthread_mutex_unlock(&search->lock);
}

/* TLC's users expect a line a minute; who looks on wants more. */
static uint64_t progress_period(const struct check *check)
{
	const struct check_options *options = check->options;

	if (options->is_quiet)
		return 0;
	if (!check->spec || options->has_progress || isatty(STDERR_FILENO))
		return options->progress_s;
	return 60;
}

static int run(struct check *check)
{
	struct search search = { .check = check, .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_condattr_t attributes;
	pthread_t thread;
	int r;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&search.ended, &attributes);
	pthread_condattr_destroy(&attributes);
	app_on_interrupt(on_stop, check);
	r = pthread_create(&thread, NULL, run_search, &search);
	if (r != 0)
		return app_failed(CHECK_NAME, "no thread for the search: %s", strerror(r));
	(void)pthread_setname_np(thread, "nw-search"); /* only for ps and top */
	wait_with_progress(&search, check, progress_period(check));
	pthread_join(thread, NULL);
	pthread_cond_destroy(&search.ended);
	return APP_OK;
}

/* "0-3,8" of the nodes there are, cut to what a message can hold. */
static void node_names(const struct nw_topo *topo, char *text, size_t text_bytes)
{
	uint32_t count = nw_topo_node_count(topo);
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0, from; i < count && used < text_bytes; i++) {
		int first = nw_topo_node_at(topo, i)->node.id, last = first;

		for (from = i; i + 1 < count; i++, last++) {
			if (nw_topo_node_at(topo, i + 1)->node.id != last + 1)
				break;
		}
		used += (size_t)snprintf(text + used, text_bytes - used, "%s%d", from ? "," : "",
					 first);
		if (last != first && used < text_bytes)
			used += (size_t)snprintf(text + used, text_bytes - used, "-%d", last);
	}
}

static int find_nodes(struct check *check)
{
	struct nw_diag diag = { "" };
	char names[128];

	if (!check->options->nodes)
		return APP_OK;
	if (app_parse_list(check->options->nodes, &check->node_idxs, &check->node_idx_count,
			   &diag) < 0)
		return app_bad(CHECK_NAME, "--nodes %s: %s", check->options->nodes, diag.text);
	for (uint32_t i = 0; i < check->node_idx_count; i++) {
		uint32_t id = check->node_idxs[i];
		int idx = id <= NW_NODE_ID_MAX
				  ? nw_topo_node_idx(check->topo, (nw_node){ (int16_t)id })
				  : -ENODEV;

		if (idx < 0) {
			node_names(check->topo, names, sizeof(names));
			return app_bad(CHECK_NAME, "--nodes %s: there is no node %u, only %s",
				       check->options->nodes, (unsigned)id, names);
		}
		check->node_idxs[i] = (uint32_t)idx;
	}
	return APP_OK;
}

static bool is_chosen(const struct check *check, uint32_t node_idx)
{
	for (uint32_t k = 0; k < check->node_idx_count; k++)
		if (check->node_idxs[k] == node_idx)
			return true;
	return !check->node_idxs;
}

/* Whether a chosen node lists a CPU. */
static bool is_usable(const struct check *check, uint32_t cpu_idx)
{
	for (uint32_t i = 0; i < nw_topo_node_count(check->topo); i++) {
		uint32_t count;
		const uint32_t *cpus = nw_topo_node_cpus(check->topo, i, &count);

		for (uint32_t k = 0; is_chosen(check, i) && k < count; k++)
			if (cpus[k] == cpu_idx)
				return true;
	}
	return false;
}

/* CPUs of the chosen nodes, each once: pretended nodes may share one; or only one a core. */
static uint32_t usable_cpus(const struct check *check, bool by_core)
{
	uint32_t count = 0;

	for (uint32_t c = 0; c < nw_topo_cpu_count(check->topo); c++)
		if (!by_core || nw_topo_cpu_at(check->topo, c)->smt_idx == 0)
			count += is_usable(check, c);
	return count;
}

static int check_workers(const struct check *check)
{
	uint32_t wanted = check->options->explore.worker_count, cpus;

	if (!wanted)
		return APP_OK;
	cpus = usable_cpus(check, false);
	if (wanted <= cpus)
		return APP_OK;
	return app_bad(CHECK_NAME, "--workers %u: only %u CPU%s may be used here", (unsigned)wanted,
		       (unsigned)cpus, cpus == 1 ? "" : "s");
}

/* Options that cannot be are the user's to mend; anything else is the machine's. */
static int say_refusal(int r, const struct nw_diag *diag)
{
	const char *text = *diag->text ? diag->text : strerror(-r);

	if (r == -EINVAL || r == -ERANGE || r == -ENODEV || r == -ENOTSUP || r == -ESTALE)
		return app_bad(CHECK_NAME, "%s", text);
	return app_failed(CHECK_NAME, "%s", text);
}

static int open_machine(struct check *check)
{
	int code = app_open_topo(CHECK_NAME, check->options->topology,
				 check->options->simulate_nodes, &check->topo);

	if (code == APP_OK)
		code = find_nodes(check);
	return code == APP_OK ? check_workers(check) : code;
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
		stop(check); /* an assumption has said so */
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
	int code = run(check);

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

static uint32_t worker_count(const struct check *check)
{
	uint32_t wanted = check->options->explore.worker_count;

	return wanted ? wanted : usable_cpus(check, !check->options->explore.use_smt);
}

/* Editors hear what is read; a person hears of a search, or why there is none. */
static int open_spec(struct check *check)
{
	uint32_t workers = worker_count(check);
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
		code = open_machine(check);
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
	struct check_say say;
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

/* SPDX-License-Identifier: MIT */
/*
 * `nodewise check`: loads a model, opens a topology, runs the search, reports.
 *
 * nw_explore_run() blocks, so it has a thread of its own, named nw-search. The main thread waits
 * for it, prints a progress line whenever the period is over, and is not pinned by the search.
 *
 * Invariant: whatever was set up is torn down on every path, and nothing is printed on stdout
 * unless the whole report is.
 */
#include "check/check.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct search {
	struct nw_explore *explore;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool has_ended; /* under lock */
};

static void *run_search(void *arg)
{
	struct search *search = arg;

	(void)nw_explore_run(search->explore); /* the report says how it ended */
	pthread_mutex_lock(&search->lock);
	search->has_ended = true;
	pthread_cond_signal(&search->ended);
	pthread_mutex_unlock(&search->lock);
	return NULL;
}

static void wait_with_progress(struct search *search, uint64_t period_s)
{
	struct nw_explore_report last = { 0 };
	struct timespec due;

	clock_gettime(CLOCK_MONOTONIC, &due);
	pthread_mutex_lock(&search->lock);
	while (!search->has_ended) {
		int r = 0;

		if (period_s == 0) {
			pthread_cond_wait(&search->ended, &search->lock);
			continue;
		}
		due.tv_sec += (time_t)period_s;
		while (!search->has_ended && r != ETIMEDOUT)
			r = pthread_cond_timedwait(&search->ended, &search->lock, &due);
		if (!search->has_ended)
			check_progress(search->explore, &last);
	}
	pthread_mutex_unlock(&search->lock);
}

static void on_stop(void *arg)
{
	nw_explore_stop(arg);
}

static int run(const struct check *check)
{
	struct search search = { .explore = check->explore, .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_condattr_t attributes;
	pthread_t thread;
	int r;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&search.ended, &attributes);
	pthread_condattr_destroy(&attributes);
	app_on_interrupt(on_stop, check->explore);
	r = pthread_create(&thread, NULL, run_search, &search);
	if (r != 0)
		return app_failed(CHECK_NAME, "no thread for the search: %s", strerror(r));
	(void)pthread_setname_np(thread, "nw-search"); /* only for ps and top */
	wait_with_progress(&search, check->options->is_quiet ? 0 : check->options->progress_s);
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

/* CPUs of the chosen nodes, each once: pretended nodes may share one. */
static int check_workers(const struct check *check)
{
	uint32_t wanted = check->options->explore.worker_count, cpus = 0;

	for (uint32_t c = 0; wanted && c < nw_topo_cpu_count(check->topo); c++)
		cpus += is_usable(check, c);
	if (wanted <= cpus)
		return APP_OK;
	return app_bad(CHECK_NAME, "--workers %u: only %u CPU%s may be used here", (unsigned)wanted,
		       (unsigned)cpus, cpus == 1 ? "" : "s");
}

/* Options that cannot be are the user's to mend; anything else is the machine's. */
static int say_refusal(int r, const struct nw_diag *diag)
{
	const char *text = *diag->text ? diag->text : strerror(-r);

	if (r == -EINVAL || r == -ERANGE || r == -ENODEV || r == -ENOTSUP)
		return app_bad(CHECK_NAME, "%s", text);
	return app_failed(CHECK_NAME, "%s", text);
}

static int set_up(struct check *check)
{
	struct nw_explore_options explore = check->options->explore;
	struct nw_diag diag = { "" };
	int r, code = check_model_load(&check->model, check->options);

	if (code == APP_OK)
		code = app_open_topo(CHECK_NAME, check->options->topology,
				     check->options->simulate_nodes, &check->topo);
	if (code == APP_OK)
		code = find_nodes(check);
	if (code == APP_OK)
		code = check_workers(check);
	if (code != APP_OK)
		return code;
	explore.topo = check->topo;
	explore.model = check->model.model;
	explore.model_data = check->model.data;
	explore.node_idxs = check->node_idxs;
	explore.node_idx_count = check->node_idx_count;
	r = nw_explore_create(&check->explore, &explore, &diag);
	return r < 0 ? say_refusal(r, &diag) : APP_OK;
}

static void tear_down(struct check *check)
{
	if (check->explore)
		app_on_interrupt(NULL, NULL); /* there is nothing left to stop */
	nw_explore_destroy(check->explore);
	nw_topo_close(check->topo);
	free(check->node_idxs);
	check_model_unload(&check->model);
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
static int exit_code(enum nw_explore_end end)
{
	switch (end) {
	case NW_EXPLORE_DONE:
		return APP_OK;
	case NW_EXPLORE_VIOLATION:
		return CHECK_VIOLATION;
	case NW_EXPLORE_DEADLOCK:
		return CHECK_DEADLOCK;
	default:
		return APP_FAILED;
	}
}

static int search_and_report(const struct check *check)
{
	struct nw_explore_report report;
	int code = run(check);

	if (code != APP_OK)
		return code;
	nw_explore_report(check->explore, &report);
	say_fallbacks(&report);
	code = check->options->is_json ? check_report_json(check, &report)
				       : check_report_text(check, &report);
	return code != APP_OK ? code : exit_code(report.end);
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
	if (strcmp(options.model, "list") == 0)
		return check_model_list();
	code = set_up(&check);
	if (code == APP_OK)
		code = search_and_report(&check);
	tear_down(&check);
	return code;
}

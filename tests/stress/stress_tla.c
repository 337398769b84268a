/* SPDX-License-Identifier: MIT */
/*
 * Specifications on the engine with every route, owner and worker count, at capacities so small
 * that batches and tables are full all the time: the store, the symbols and the first error are
 * what the workers share. Counts are known from arithmetic; the fault's trace is looked at.
 */
#include "nw_test.h"

#include "tla/model/search.h"

#include <nw/explore.h>

#include <errno.h>

/* Each token moves alone: 5^3 states, every one with a set, a function and a new string in it; 3 *
 * 5 steps lead to each, for all amounts, those of zero too. */
static const char ring_text[] = "---- MODULE Ring ----\n"
				"EXTENDS Naturals, Sequences, TLC\n"
				"CONSTANT Limit\n"
				"VARIABLES at, trace\n"
				"Proc == 1..3\n"
				"Text(f) == ToString(f[1] + 5 * f[2] + 25 * f[3])\n"
				"Init == at = [p \\in Proc |-> 0] /\\ trace = <<{0}, Text(at)>>\n"
				"Move(p, n) == /\\ at' = [at EXCEPT ![p] = (@ + n) % 5]\n"
				"              /\\ trace' = <<{at'[q] : q \\in Proc}, Text(at')>>\n"
				"Next == \\E p \\in Proc, n \\in 0..4 : Move(p, n)\n"
				"Fits == Text(at) = trace[2] /\\ at[1] \\in trace[1]\n"
				"Low == at[1] + at[2] + at[3] < Limit\n"
				"Sound == at[3] < Limit \\/ at[3] = \"none\"\n"
				"====\n";

static const char config_text[] = "INIT Init\nNEXT Next\nINVARIANT Fits\nCONSTANT Limit = ";

enum { STATES = 125, GENERATED = 1 + 125 * 15, DEPTH = 4, WORKERS_MAX = 6, NONE = 99 };

struct texts {
	char config[256];
};

static int read_text(void *context, const char *path, const char **ret_text, size_t *ret_bytes)
{
	struct texts *texts = context;

	if (strcmp(path, "Ring.tla") == 0)
		*ret_text = ring_text;
	else if (strcmp(path, "Ring.cfg") == 0)
		*ret_text = texts->config;
	else
		return -ENOENT;
	*ret_bytes = strlen(*ret_text);
	return 0;
}

struct run {
	struct texts texts;
	struct tla_model *model;
	struct tla_search search;
	struct nw_explore *explore;
	struct nw_explore_report report;
};

static void open_run(struct run *run, int limit, const char *more, struct nw_explore_options *o)
{
	struct tla_reader reader = { .read = read_text, .context = &run->texts };
	struct nw_diag diag = { "" };

	(void)snprintf(run->texts.config, sizeof run->texts.config, "%s%d\n%s", config_text, limit,
		       more);
	CHECK_INT(tla_model_create(&run->model), ==, 0);
	CHECK_INT(tla_model_load(run->model, &reader, "Ring.tla", "Ring.cfg"), ==, 0);
	CHECK_INT(tla_search_init(&run->search, run->model), ==, 0);
	o->model = &run->search.interface;
	o->model_data = &run->search;
	if (nw_explore_create(&run->explore, o, &diag) < 0)
		FAIL("%s", diag.text);
	(void)nw_explore_run(run->explore);
	nw_explore_report(run->explore, &run->report);
}

static void close_run(struct run *run)
{
	nw_explore_destroy(run->explore);
	tla_search_fini(&run->search);
	tla_model_destroy(run->model);
}

static void expect_all(struct nw_explore_options *o)
{
	uint64_t values, n_bytes;
	struct run run;

	open_run(&run, NONE, "", o);
	CHECK_INT(run.report.end, ==, NW_EXPLORE_DONE);
	CHECK_INT(run.report.total.distinct, ==, STATES);
	CHECK_INT(run.report.total.generated, ==, GENERATED);
	CHECK_INT(run.report.depth, ==, DEPTH);
	tla_search_stored(&run.search, &values, &n_bytes);
	CHECK(values > STATES && n_bytes > 0);
	close_run(&run);
}

/* The levels are exact, so the trace is as long with any number of workers. */
static void expect_fault(struct nw_explore_options *o, const char *more, enum nw_explore_end end,
			 const char *invariant, size_t length)
{
	const struct nw_explore_step *steps;
	struct run run;
	size_t count;

	open_run(&run, 4, more, o);
	CHECK_INT(run.report.end, ==, end);
	CHECK_STR(run.report.invariant, invariant);
	CHECK_INT(nw_explore_trace(run.explore, &steps, &count), ==, 0);
	CHECK_INT(count, ==, length);
	CHECK_INT(run.search.has_error, ==, invariant == tla_search_failure);
	close_run(&run);
}

static void with_all(void (*expect)(struct nw_explore_options *o))
{
	struct nw_topo_options machine = { .simulate_nodes = 2 };
	struct nw_topo *topo;
	struct nw_diag diag;

	if (nw_topo_open(&topo, &machine, &diag) < 0)
		FAIL("%s", diag.text);
	for (uint32_t workers = 1; workers <= WORKERS_MAX; workers += workers < 2 ? 1 : 4) {
		for (int route = 0; route <= NW_ROUTE_PUSH; route++) {
			struct nw_explore_options o = {
				.topo = topo,
				.route = (enum nw_explore_route)route,
				.owner = route % 2 ? NW_OWNER_NODE : NW_OWNER_WORKER,
				.worker_count = workers,
				.memory_bytes_max = 1 << 30,
				.slots_min = 8,
				.batch_count = 3,
				.oversubscribe = true,
			};

			expect(&o);
		}
	}
	nw_topo_close(topo);
}

static void expect_violation(struct nw_explore_options *o)
{
	expect_fault(o, "INVARIANT Low\n", NW_EXPLORE_VIOLATION, "Low", 2);
}

static void expect_error(struct nw_explore_options *o)
{
	expect_fault(o, "INVARIANT Sound\n", NW_EXPLORE_ERROR, tla_search_failure, 2);
}

TEST(neither_workers_nor_routes_change_a_count)
{
	with_all(expect_all);
}

TEST(a_violation_has_the_shortest_trace_with_any_number_of_workers)
{
	with_all(expect_violation);
}

TEST(an_evaluation_that_fails_is_told_once_by_any_worker)
{
	with_all(expect_error);
}

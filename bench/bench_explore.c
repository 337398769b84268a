/* SPDX-License-Identifier: MIT */
/*
 * Exploration side by side: the four routes, one worker against all cores, and pretended nodes
 * against none. All settings of a model run in turn, round after round, so that what else the
 * machine does hits all alike; a ratio is taken within a round.
 *
 *   bench_explore [MODEL [NAME VALUE]...]   default: slide --size 3x4 to 27 levels, and grid
 */
#include "nw_bench.h"

#include <nw/explore.h>
#include <nw/models.h>

enum { SETTINGS_MAX = 24, SIMULATED_NODES = 6, REPEAT_DEFAULT = 5 };

struct setting {
	char label[64];
	struct nw_topo *topo;
	enum nw_explore_route route;
	enum nw_explore_owner owner;
	uint32_t workers;
	double rates[NW_BENCH_REPEAT_MAX]; /* generated states a second */
	double local_percent;
};

struct bench {
	const struct nw_model *model;
	void *data;
	uint32_t depth_max;
	struct nw_topo *machine, *simulated;
	struct setting settings[SETTINGS_MAX];
	uint32_t setting_count, repeat;
};

static void fail(const char *text)
{
	printf("# %s\n", text);
	exit(1);
}

static double run(const struct bench *bench, struct setting *s)
{
	struct nw_explore_options options = { .topo = s->topo,
					      .model = bench->model,
					      .model_data = bench->data,
					      .route = s->route,
					      .owner = s->owner,
					      .worker_count = s->workers,
					      .depth_max = bench->depth_max };
	struct nw_explore_report report;
	struct nw_explore *explore;
	struct nw_diag diag;
	enum nw_explore_end end;

	if (nw_explore_create(&explore, &options, &diag) < 0)
		fail(diag.text);
	end = nw_explore_run(explore);
	nw_explore_report(explore, &report);
	nw_explore_destroy(explore);
	if (end != NW_EXPLORE_DONE && end != NW_EXPLORE_TOO_DEEP)
		fail("the search did not end as it should");
	s->local_percent = 100.0 * (double)report.total.local_checks / (double)report.total.checks;
	return (double)report.total.generated / report.seconds;
}

static void add(struct bench *bench, struct nw_topo *topo, enum nw_explore_route route,
		enum nw_explore_owner owner, uint32_t workers)
{
	struct setting *s = &bench->settings[bench->setting_count++];

	s->topo = topo;
	s->route = route;
	s->owner = owner;
	s->workers = workers;
	snprintf(s->label, sizeof(s->label), "%s/%s%s/%u%s", bench->model->name,
		 nw_explore_route_name(route), owner == NW_OWNER_NODE ? "-node" : "", workers,
		 topo == bench->simulated ? "/simulated-nodes-6" : "");
}

static void add_all(struct bench *bench)
{
	uint32_t cores = nw_topo_core_count(bench->machine);

	add(bench, bench->machine, NW_ROUTE_BATCH, NW_OWNER_WORKER, 1);
	for (uint32_t workers = 2; workers <= cores; workers *= 2)
		add(bench, bench->machine, NW_ROUTE_BATCH, NW_OWNER_WORKER, workers);
	add(bench, bench->machine, NW_ROUTE_BATCH, NW_OWNER_NODE, cores);
	for (int route = NW_ROUTE_FP_FIRST; route <= NW_ROUTE_PUSH; route++)
		add(bench, bench->machine, (enum nw_explore_route)route, NW_OWNER_WORKER, cores);
	add(bench, bench->simulated, NW_ROUTE_BATCH, NW_OWNER_WORKER, cores);
	add(bench, bench->simulated, NW_ROUTE_ANYWHERE, NW_OWNER_WORKER, cores);
}

static const struct setting *find(const struct bench *bench, const struct nw_topo *topo,
				  enum nw_explore_route route, uint32_t workers)
{
	for (uint32_t i = 0; i < bench->setting_count; i++) {
		const struct setting *s = &bench->settings[i];

		if (s->topo == topo && s->route == route && s->workers == workers &&
		    s->owner == NW_OWNER_WORKER)
			return s;
	}
	return NULL;
}

/* a over b, round by round. */
static void show_ratio(const struct bench *bench, const char *what, const struct setting *a,
		       const struct setting *b)
{
	double ratios[NW_BENCH_REPEAT_MAX];
	char label[160];

	if (!a || !b || a == b)
		return;
	for (uint32_t i = 0; i < bench->repeat; i++)
		ratios[i] = a->rates[i] / b->rates[i];
	snprintf(label, sizeof(label), "%s/%s", bench->model->name, what);
	(void)nw_bench_row(label, "ratio", ratios, bench->repeat);
}

static void show_ratios(const struct bench *bench)
{
	uint32_t cores = nw_topo_core_count(bench->machine);
	const struct setting *one = find(bench, bench->machine, NW_ROUTE_BATCH, 1);
	char what[64];

	for (uint32_t workers = 2; workers <= cores; workers *= 2) {
		snprintf(what, sizeof(what), "speed-up-of-%u-workers", workers);
		show_ratio(bench, what, find(bench, bench->machine, NW_ROUTE_BATCH, workers), one);
	}
	show_ratio(bench, "batch-over-anywhere", find(bench, bench->machine, NW_ROUTE_BATCH, cores),
		   find(bench, bench->machine, NW_ROUTE_ANYWHERE, cores));
	show_ratio(bench, "batch-6-simulated-over-anywhere",
		   find(bench, bench->simulated, NW_ROUTE_BATCH, cores),
		   find(bench, bench->machine, NW_ROUTE_ANYWHERE, cores));
	show_ratio(bench, "batch-over-anywhere-6-simulated",
		   find(bench, bench->simulated, NW_ROUTE_BATCH, cores),
		   find(bench, bench->simulated, NW_ROUTE_ANYWHERE, cores));
}

static void measure(struct bench *bench, const char *model, const char *const *names,
		    const char *const *values, size_t count)
{
	struct nw_diag diag = { "" };

	bench->model = nw_model_find(model);
	bench->setting_count = 0;
	if (!bench->model)
		fail("no such model");
	if (bench->model->configure(&bench->data, names, values, count, &diag) < 0)
		fail(diag.text);
	add_all(bench);
	for (uint32_t round = 0; round < bench->repeat; round++)
		for (uint32_t i = 0; i < bench->setting_count; i++)
			bench->settings[i].rates[round] = run(bench, &bench->settings[i]);
	show_ratios(bench);
	for (uint32_t i = 0; i < bench->setting_count; i++) {
		struct setting *s = &bench->settings[i];

		(void)nw_bench_row(s->label, "generated/s", s->rates, bench->repeat);
		printf("# %s: %.1f %% of checks local\n", s->label, s->local_percent);
	}
	if (bench->model->dispose)
		bench->model->dispose(bench->data);
}

static struct nw_topo *open_topo(uint32_t simulate_nodes)
{
	struct nw_topo_options options = { .simulate_nodes = simulate_nodes };
	struct nw_topo *topo;
	struct nw_diag diag;

	if (nw_topo_open(&topo, &options, &diag) < 0)
		fail(diag.text);
	return topo;
}

static void measure_defaults(struct bench *bench)
{
	static const char *const size[] = { "size" };

	bench->depth_max = 27;
	measure(bench, "slide", size, (const char *const[]){ "3x4" }, 1);
	bench->depth_max = 0;
	measure(bench, "grid", size, (const char *const[]){ "2000x2000" }, 1);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	const char *names[8], *values[8];
	size_t count = 0;

	bench.machine = open_topo(0);
	bench.simulated = open_topo(SIMULATED_NODES);
	bench.repeat = nw_bench_env("NW_BENCH_REPEAT", REPEAT_DEFAULT, NW_BENCH_REPEAT_MAX);
	nw_bench_preamble("explore", bench.machine);
	for (int i = 2; i + 1 < argc && count < 8; i += 2, count++) {
		names[count] = argv[i];
		values[count] = argv[i + 1];
	}
	if (argc > 1)
		measure(&bench, argv[1], names, values, count);
	else
		measure_defaults(&bench);
	nw_topo_close(bench.simulated);
	nw_topo_close(bench.machine);
	return 0;
}

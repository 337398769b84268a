/* SPDX-License-Identifier: MIT */
/*
 * The scheduler's policies beside each other on simulated machines, and the fairness of its orders.
 *
 * No time of this machine is in the rows of policies: they are simulated, a repetition is a seed,
 * and the baseline in the same run is `random`. `replay SEED` shows each step of one run of the
 * tests.
 */
#include "nw_bench.h"
#include "sched_sim/orders.h"
#include "sched_sim/sim.h"

enum { TASKS = 20000, SEEDS = 5, SLOTS = 100000, SCAN_EVERY = 1 << 20, NAME_BYTES = 96 };

static const struct {
	const char *name;
	const char *source;
} machines[] = {
	{ "2x48", "synthetic:pack:2 numa:1 core:48 pu:1" },
	{ "8x48", "synthetic:pack:2 numa:4 core:48 pu:1" },
};

static const struct variant {
	const char *name;
	enum nwi_policy_kind kind;
	bool is_unjudged, has_ballast;
} variants[] = {
	{ "random", NWI_POLICY_RANDOM, false, false },
	{ "nearest", NWI_POLICY_NEAREST, false, false },
	{ "imbalance", NWI_POLICY_IMBALANCE, false, false },
	{ "octonion", NWI_POLICY_OCTONION, false, false },
	{ "random/unjudged", NWI_POLICY_RANDOM, true, false },
	{ "nearest/unjudged", NWI_POLICY_NEAREST, true, false },
	{ "imbalance/ballast", NWI_POLICY_IMBALANCE, false, true },
	{ "octonion/ballast", NWI_POLICY_OCTONION, false, true },
};
enum {
	MACHINE_COUNT = sizeof(machines) / sizeof(machines[0]),
	VARIANT_COUNT = sizeof(variants) / sizeof(variants[0]),
};

struct figure {
	const char *name, *unit;
	double values[NW_BENCH_REPEAT_MAX];
};
enum { MAKESPAN, REMOTE, HOME, PROBES, FIGURE_COUNT };

static uint32_t seed_count(void)
{
	return nw_bench_env("NW_BENCH_REPEAT", SEEDS, NW_BENCH_REPEAT_MAX);
}

static void take(struct figure *figures, uint32_t i, const struct sim_result *result)
{
	double tasks = (double)result->task_count;

	figures[MAKESPAN].values[i] = (double)result->makespan_ns / (double)result->bound_ns;
	figures[REMOTE].values[i] = (double)result->remote_bytes / 1048576;
	figures[HOME].values[i] = result->with_data
					  ? (double)result->at_home / (double)result->with_data
					  : 1;
	figures[PROBES].values[i] = (double)result->remote_probes / tasks;
}

static bool run_case(const struct sim_machine *machine, const char *prefix, enum sim_work work,
		     const struct variant *variant)
{
	static struct figure figures[FIGURE_COUNT] = {
		[MAKESPAN] = { .name = "makespan", .unit = "x-bound" },
		[REMOTE] = { .name = "remote", .unit = "MiB" },
		[HOME] = { .name = "at-home", .unit = "share" },
		[PROBES] = { .name = "remote-probes", .unit = "per-task" },
	};
	struct sim_config config = { .machine = *machine,
				     .work = work,
				     .task_count = TASKS,
				     .is_unjudged = variant->is_unjudged,
				     .has_ballast = variant->has_ballast,
				     .scan_every = SCAN_EVERY };
	uint32_t n = seed_count();
	char name[NAME_BYTES];

	sim_costs_default(&config.costs);
	nwi_policy_options_default(&config.policy, variant->kind);
	for (uint32_t i = 0; i < n; i++) {
		struct sim_result result;

		config.seed = i + 1;
		if (!sim_run(&config, &result)) {
			printf("# %s: seed %u: %s\n", prefix, i + 1, result.text);
			return false;
		}
		take(figures, i, &result);
	}
	for (uint32_t i = 0; i < FIGURE_COUNT; i++) {
		(void)snprintf(name, sizeof(name), "%s/%s", prefix, figures[i].name);
		(void)nw_bench_row(name, figures[i].unit, figures[i].values, n);
	}
	return true;
}

static bool run_machine(uint32_t machine_idx, const char *only, bool *has_run)
{
	struct sim_machine machine;
	char prefix[NAME_BYTES / 2];
	bool is_good = sim_machine_read(machines[machine_idx].source, &machine);

	for (uint32_t work = 0; is_good && work < SIM_WORK_COUNT; work++) {
		for (uint32_t i = 0; i < VARIANT_COUNT; i++) {
			(void)snprintf(prefix, sizeof(prefix), "simulated/%s/%s/%s",
				       machines[machine_idx].name,
				       sim_work_name((enum sim_work)work), variants[i].name);
			if (only && !strstr(prefix, only))
				continue;
			*has_run = true;
			is_good &= run_case(&machine, prefix, (enum sim_work)work, &variants[i]);
		}
	}
	return is_good;
}

static int policies(const char *only)
{
	struct sim_costs costs;
	bool has_run = false;

	sim_costs_default(&costs);
	printf("# simulated: costs are assumed, a repetition is a seed; %d tasks\n", TASKS);
	printf("# probe %u ns at distance 10, nap %u ns after %u spells, wake %u + %u ns, "
	       "%u ps a byte and unit of distance\n",
	       costs.probe_ns, costs.nap_ns, costs.spells, costs.wake_ns, costs.wake_latency_ns,
	       costs.price_ps);
	for (uint32_t i = 0; i < MACHINE_COUNT; i++)
		if (!run_machine(i, only, &has_run))
			return 1;
	if (has_run)
		return 0;
	fprintf(stderr, "bench_sched_sim: no case has '%s' in its name\n", only);
	return 2;
}

/* ---- orders ---- */

struct order_case {
	uint32_t kind, class_count;
};

static double time_slots(uint64_t slots, void *arg)
{
	const struct order_case *order_case = arg;
	uint64_t begin_ns = nw_bench_now_ns();

	if (!orders_deal(order_case->kind, order_case->class_count, (uint32_t)slots, 1))
		return -1;
	return (double)(nw_bench_now_ns() - begin_ns);
}

static bool run_order(struct order_case order_case, const char *prefix)
{
	double jain[NW_BENCH_REPEAT_MAX] = { 0 }, deviation[NW_BENCH_REPEAT_MAX] = { 0 };
	uint32_t n = nw_bench_repeat();
	char name[NAME_BYTES];

	for (uint32_t i = 0; i < n; i++) {
		struct orders_fairness fairness;

		if (!orders_measure(order_case.kind, order_case.class_count, SLOTS, i + 1,
				    &fairness))
			return false;
		jain[i] = fairness.jain;
		deviation[i] = fairness.deviation;
	}
	(void)snprintf(name, sizeof(name), "%s/jain", prefix);
	(void)nw_bench_row(name, "index", jain, n);
	(void)snprintf(name, sizeof(name), "%s/deviation-max", prefix);
	(void)nw_bench_row(name, "slots", deviation, n);
	(void)snprintf(name, sizeof(name), "%s/slot", prefix);
	(void)nw_bench_run(name, SLOTS, time_slots, &order_case);
	return true;
}

static int orders(const char *only)
{
	static const uint32_t class_counts[] = { 2, 8, ORDERS_CLASSES_MAX };
	char prefix[NAME_BYTES / 2];

	printf("# order/N: N classes that are always ready, weights 1 to %d, %d slots\n",
	       ORDERS_WEIGHT_MAX, SLOTS);
	for (uint32_t i = 0; i < 3; i++) {
		for (uint32_t kind = 0; orders_name(kind); kind++) {
			struct order_case order_case = { kind, class_counts[i] };

			(void)snprintf(prefix, sizeof(prefix), "order/%u/%s", class_counts[i],
				       orders_name(kind));
			if ((!only || strstr(prefix, only)) && !run_order(order_case, prefix))
				return 1;
		}
	}
	return 0;
}

static int replay(const char *text)
{
	char *end;
	uint64_t seed = strtoull(text, &end, 10);
	struct sim_config config;
	struct sim_result result;

	if (*text < '0' || *text > '9' || *end != '\0') {
		fprintf(stderr, "bench_sched_sim: replay takes a seed, a number, not '%s'\n", text);
		return 2;
	}
	sim_config_random(seed, &config);
	config.trace = stdout;
	printf("# simulated: seed %" PRIu64 ", %u nodes, %u workers, %s, policy %s\n", seed,
	       config.machine.node_count, config.machine.worker_count, sim_work_name(config.work),
	       nwi_policy_name(config.policy.kind));
	printf("# step\tns\twho\twhat\n");
	if (sim_run(&config, &result)) {
		printf("# simulated: %" PRIu64 " tasks in %" PRIu64 " ns, every invariant held\n",
		       result.task_count, result.makespan_ns);
		return 0;
	}
	printf("# simulated: broken at %s\n", result.text);
	return 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "all", *more = argc > 2 ? argv[2] : NULL;
	bool is_all = strcmp(what, "all") == 0, is_orders = is_all || strcmp(what, "orders") == 0;
	bool is_policies = is_all || strcmp(what, "policies") == 0;
	struct nw_topo_options options = { 0 };
	struct nw_topo *topo;
	struct nw_diag diag;
	int rc = 0;

	if (strcmp(what, "replay") == 0 && more)
		return replay(more);
	if (!is_policies && !is_orders) {
		fprintf(stderr,
			"bench_sched_sim: all, policies [TEXT], orders [TEXT] or replay "
			"SEED, not '%s'\n",
			what);
		return 2;
	}
	if (nw_topo_open(&topo, &options, &diag) < 0) {
		fprintf(stderr, "bench_sched_sim: %s\n", diag.text);
		return 1;
	}
	nw_bench_preamble("sched-sim", topo);
	nw_topo_close(topo);
	if (is_orders)
		rc = orders(more);
	if (rc == 0 && is_policies)
		rc = policies(more);
	return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Simulated machines: read from a topology, or made up from a seed.
 */
#include "sim.h"

#include <nw/topo.h>

#include <string.h>

enum { SAME_PACKAGE_DISTANCE = 12 };

void sim_costs_default(struct sim_costs *ret_costs)
{
	*ret_costs = (struct sim_costs){
		.pop_ns = 4,
		.probe_ns = 50,
		.wake_ns = 1000,
		.wake_latency_ns = 5000,
		.nap_ns = 100000,
		.spells = 4,
		.price_ps = NWI_MIGRATION_PRICE_PS,
		.publish_every = 0,
	};
}

/* Firmware gave no distances: all alike off the diagonal. */
static bool is_flat(const struct sim_machine *machine)
{
	for (uint32_t i = 0; i < machine->node_count; i++)
		for (uint32_t j = 0; j < machine->node_count; j++)
			if (i != j &&
			    machine->distance[i * machine->node_count + j] != machine->distance[1])
				return false;
	return machine->node_count > 1;
}

static uint32_t package_of(const struct nw_topo *topo, uint32_t node_idx)
{
	uint32_t count;
	const uint32_t *cpus = nw_topo_node_cpus(topo, node_idx, &count);

	return count > 0 ? nw_topo_cpu_at(topo, cpus[0])->package_idx : UINT32_MAX;
}

static void fill(struct sim_machine *machine, const struct nw_topo *topo)
{
	uint32_t n = nw_topo_node_count(topo);

	*machine = (struct sim_machine){ .node_count = n };
	for (uint32_t i = 0; i < n; i++) {
		machine->workers[i] = nw_topo_node_at(topo, i)->core_count;
		machine->worker_count += machine->workers[i];
		for (uint32_t j = 0; j < n; j++)
			machine->distance[i * n + j] = nw_topo_distance(topo, i, j);
	}
	if (!is_flat(machine))
		return;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < n; j++)
			if (i != j && package_of(topo, i) == package_of(topo, j))
				machine->distance[i * n + j] = SAME_PACKAGE_DISTANCE;
}

bool sim_machine_read(const char *source, struct sim_machine *ret_machine)
{
	struct nw_topo_options options = { .source = source };
	struct nw_topo *topo;
	struct nw_diag diag;
	bool is_good;

	if (nw_topo_open(&topo, &options, &diag) < 0) {
		fprintf(stderr, "sched-sim: %s\n", diag.text);
		return false;
	}
	is_good = nw_topo_node_count(topo) <= SIM_NODES_MAX &&
		  nw_topo_core_count(topo) <= SIM_WORKERS_MAX;
	if (is_good)
		fill(ret_machine, topo);
	else
		fprintf(stderr, "sched-sim: more than %d nodes or %d cores\n", SIM_NODES_MAX,
			SIM_WORKERS_MAX);
	nw_topo_close(topo);
	return is_good;
}

static void make_up(struct sim_machine *machine, struct nwi_prng *prng)
{
	static const uint32_t afar[] = { 11, 12, 17, 20, 21, 32, 255 };
	uint32_t n = 1 + nwi_prng_below(prng, SIM_NODES_MAX);
	uint32_t each_max = nwi_prng_below(prng, 4) == 0 ? SIM_WORKERS_MAX / SIM_NODES_MAX : 6;

	*machine = (struct sim_machine){ .node_count = n };
	for (uint32_t i = 0; i < n; i++) {
		/* Now and then a node has memory only; the last never, so that there is a worker.
		 */
		bool is_bare = i + 1 < n && nwi_prng_below(prng, 8) == 0;

		machine->workers[i] = is_bare ? 0 : 1 + nwi_prng_below(prng, each_max);
		machine->worker_count += machine->workers[i];
		for (uint32_t j = 0; j < n; j++)
			machine->distance[i * n + j] = i == j ? 10 : afar[nwi_prng_below(prng, 7)];
	}
}

void sim_config_random(uint64_t seed, struct sim_config *ret_config)
{
	struct nwi_prng prng;

	nwi_prng_init(&prng, seed);
	*ret_config = (struct sim_config){ .seed = seed };
	make_up(&ret_config->machine, &prng);
	sim_costs_default(&ret_config->costs);
	nwi_policy_options_default(&ret_config->policy,
				   (enum nwi_policy_kind)nwi_prng_below(&prng, NWI_POLICY_COUNT));
	ret_config->policy.local_rounds = 1 + nwi_prng_below(&prng, 3);
	ret_config->policy.round_tries_max = 1 + nwi_prng_below(&prng, 16);
	ret_config->policy.remote_tries = nwi_prng_below(&prng, 9);
	ret_config->policy.remote_count_max = 1 + nwi_prng_below(&prng, 8);
	for (uint32_t i = 0; i < NWI_LOAD_DIM_COUNT; i++)
		ret_config->policy.weights[i] = (uint16_t)nwi_prng_below(&prng, 3);
	ret_config->costs.publish_every = nwi_prng_below(&prng, 33);
	ret_config->costs.nap_ns = 1000u << nwi_prng_below(&prng, 8);
	ret_config->costs.spells = 1 + nwi_prng_below(&prng, 4);
	ret_config->has_ballast = nwi_prng_below(&prng, 4) == 0;
	ret_config->work = (enum sim_work)nwi_prng_below(&prng, SIM_WORK_COUNT);
	ret_config->task_count = 1 + nwi_prng_below(&prng, 400);
	ret_config->is_unjudged = nwi_prng_below(&prng, 8) == 0;
	ret_config->scan_every = 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * Placing a crew's workers.
 *
 * Each node used gets a list of candidate CPUs, best first: first hardware threads before
 * their siblings, and without use_smt only one a core. A CPU that several nodes list belongs
 * to the first of them that is used. Workers are then dealt one to a node, round after
 * round, so that the counts of two nodes differ by more than one only where the smaller
 * has no CPU left.
 *
 * Invariant: no CPU holds two workers, unless `oversubscribe` asked for it.
 */
#include "crew/place.h"

#include "base/diag.h"
#include "os/heap.h"

#include <errno.h>

enum { WORKER_COUNT_MAX = 65536 };

/* Work in progress; every array is the heap's. */
struct plan {
	const struct nw_crew_options *options;
	uint32_t *nodes;     /* [node_count] positions of the nodes used */
	uint32_t *caps;      /* [node_count] candidate CPUs of nodes[i] */
	uint32_t *shares;    /* [node_count] workers of nodes[i] */
	uint32_t *cpus;      /* [cpu_count] candidates, node after node */
	bool *is_cpu_taken;  /* [cpu_count] */
	bool *is_core_taken; /* [core_count] */
	bool *is_node_used;  /* [node count of the topology] */
	uint32_t node_count;
	uint32_t cpu_count; /* so far in cpus */
};

static void plan_fini(struct plan *plan)
{
	nwi_heap_free(plan->nodes);
	nwi_heap_free(plan->caps);
	nwi_heap_free(plan->shares);
	nwi_heap_free(plan->cpus);
	nwi_heap_free(plan->is_cpu_taken);
	nwi_heap_free(plan->is_core_taken);
	nwi_heap_free(plan->is_node_used);
}

static int plan_init(struct plan *plan, const struct nw_crew_options *options)
{
	const struct nw_topo *topo = options->topo;
	uint32_t node_count = nw_topo_node_count(topo), cpu_count = nw_topo_cpu_count(topo);

	*plan = (struct plan){ .options = options };
	plan->nodes = nwi_heap_alloc_array(node_count, sizeof(*plan->nodes));
	plan->caps = nwi_heap_alloc_array(node_count, sizeof(*plan->caps));
	plan->shares = nwi_heap_alloc_array(node_count, sizeof(*plan->shares));
	plan->cpus = nwi_heap_alloc_array(cpu_count, sizeof(*plan->cpus));
	plan->is_cpu_taken = nwi_heap_alloc_array(cpu_count, sizeof(bool));
	plan->is_core_taken = nwi_heap_alloc_array(nw_topo_core_count(topo), sizeof(bool));
	plan->is_node_used = nwi_heap_alloc_array(node_count, sizeof(bool));
	if (!plan->nodes || !plan->caps || !plan->shares || !plan->cpus || !plan->is_cpu_taken ||
	    !plan->is_core_taken || !plan->is_node_used)
		return -ENOMEM;
	return 0;
}

static int pick_nodes(struct plan *plan, struct nw_diag *reterr_diag)
{
	const struct nw_crew_options *options = plan->options;
	uint32_t have = nw_topo_node_count(options->topo);
	uint32_t wanted = options->node_idxs ? options->node_idx_count : have;

	for (uint32_t i = 0; i < wanted; i++) {
		uint32_t node_idx = options->node_idxs ? options->node_idxs[i] : i;

		if (node_idx >= have) {
			nwi_diag_set(reterr_diag,
				     "node %u does not exist: this topology has nodes 0 to %u",
				     node_idx, have - 1);
			return -ENODEV;
		}
		if (plan->is_node_used[node_idx]) {
			nwi_diag_set(reterr_diag, "node %u is named twice", node_idx);
			return -EINVAL;
		}
		plan->is_node_used[node_idx] = true;
		plan->nodes[plan->node_count++] = node_idx;
	}
	return 0;
}

static uint32_t smt_idx_max(const struct nw_topo *topo)
{
	uint32_t max = 0;

	for (uint32_t i = 0; i < nw_topo_cpu_count(topo); i++)
		if (nw_topo_cpu_at(topo, i)->smt_idx > max)
			max = nw_topo_cpu_at(topo, i)->smt_idx;
	return max;
}

/* Candidates of one node that are the smt_idx-th hardware thread of their core. */
static void take_cpus(struct plan *plan, uint32_t i, uint32_t smt_idx)
{
	const struct nw_topo *topo = plan->options->topo;
	uint32_t count;
	const uint32_t *list = nw_topo_node_cpus(topo, plan->nodes[i], &count);

	for (uint32_t k = 0; k < count; k++) {
		const struct nw_topo_cpu *cpu = nw_topo_cpu_at(topo, list[k]);

		if (cpu->smt_idx != smt_idx || plan->is_cpu_taken[list[k]])
			continue;
		/* A core whose first thread is forbidden to us still counts, by another. */
		if (!plan->options->use_smt && plan->is_core_taken[cpu->core_idx])
			continue;
		plan->is_cpu_taken[list[k]] = true;
		plan->is_core_taken[cpu->core_idx] = true;
		plan->cpus[plan->cpu_count++] = list[k];
		plan->caps[i]++;
	}
}

static void pick_cpus(struct plan *plan)
{
	uint32_t max = smt_idx_max(plan->options->topo);

	for (uint32_t i = 0; i < plan->node_count; i++)
		for (uint32_t smt_idx = 0; smt_idx <= max; smt_idx++)
			take_cpus(plan, i, smt_idx);
}

static int check_count(const struct plan *plan, uint32_t worker_count, struct nw_diag *reterr_diag)
{
	const struct nw_crew_options *options = plan->options;
	uint32_t limit = options->oversubscribe ? WORKER_COUNT_MAX : plan->cpu_count;
	const char *unit = options->use_smt ? "hardware thread" : "core";

	if (plan->cpu_count == 0) {
		nwi_diag_set(reterr_diag,
			     "no CPU may be used on the %u nodes named: name a node "
			     "that has CPUs",
			     plan->node_count);
		return -ERANGE;
	}
	if (worker_count <= limit)
		return 0;
	if (options->oversubscribe)
		nwi_diag_set(reterr_diag, "%u workers asked for, the limit is %u", worker_count,
			     limit);
	else
		nwi_diag_set(reterr_diag,
			     "%u workers asked for, but only %u %s%s may be used on "
			     "the %u node%s of this crew: ask for %u or fewer",
			     worker_count, limit, unit, limit == 1 ? "" : "s", plan->node_count,
			     plan->node_count == 1 ? "" : "s", limit);
	return -ERANGE;
}

/* Deal the workers out, one to a node in each round. */
static void share_out(struct plan *plan, uint32_t worker_count)
{
	bool oversubscribe = plan->options->oversubscribe;

	while (worker_count > 0) {
		for (uint32_t i = 0; i < plan->node_count && worker_count > 0; i++) {
			if (plan->caps[i] == 0)
				continue;
			if (plan->shares[i] >= plan->caps[i] && !oversubscribe)
				continue;
			plan->shares[i]++;
			worker_count--;
		}
	}
}

static int list_places(const struct plan *plan, uint32_t worker_count,
		       struct nwi_place **ret_places)
{
	struct nwi_place *places = nwi_heap_alloc_array(worker_count, sizeof(*places));
	const uint32_t *cpus = plan->cpus;
	uint32_t n = 0;

	if (!places)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->node_count; i++) {
		for (uint32_t k = 0; k < plan->shares[i]; k++)
			places[n++] = (struct nwi_place){ plan->nodes[i], cpus[k % plan->caps[i]] };
		cpus += plan->caps[i];
	}
	*ret_places = places;
	return 0;
}

int nwi_places_make(struct nwi_place **ret_places, uint32_t *ret_count,
		    const struct nw_crew_options *options, struct nw_diag *reterr_diag)
{
	struct plan plan;
	uint32_t worker_count;
	int rc = plan_init(&plan, options);

	if (rc < 0)
		goto out;
	rc = pick_nodes(&plan, reterr_diag);
	if (rc < 0)
		goto out;
	pick_cpus(&plan);
	worker_count = options->worker_count ? options->worker_count : plan.cpu_count;
	rc = check_count(&plan, worker_count, reterr_diag);
	if (rc < 0)
		goto out;
	share_out(&plan, worker_count);
	rc = list_places(&plan, worker_count, ret_places);
	if (rc == 0)
		*ret_count = worker_count;
out:
	if (rc == -ENOMEM)
		nwi_diag_set(reterr_diag, "no memory to plan a crew");
	plan_fini(&plan);
	return rc;
}

/* What a node's servers are looked for in. */
struct seek {
	const struct nw_topo *topo;
	const struct nwi_place *places;
	uint32_t place_count;
};

static bool lists_cpu(const struct nw_topo *topo, uint32_t node_idx, uint32_t cpu_idx)
{
	uint32_t count;
	const uint32_t *list = nw_topo_node_cpus(topo, node_idx, &count);

	for (uint32_t i = 0; i < count; i++)
		if (list[i] == cpu_idx)
			return true;
	return false;
}

/* Append the workers of a node's own group, or those on CPUs it lists; how many. */
static uint32_t add_servers(const struct seek *seek, uint32_t node_idx, bool own, uint32_t *out)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < seek->place_count; w++) {
		const struct nwi_place *place = &seek->places[w];

		if (own ? place->node_idx == node_idx
			: lists_cpu(seek->topo, node_idx, place->cpu_idx))
			out[n++] = w;
	}
	return n;
}

/* Position of the nearest node that has servers of its own. */
static uint32_t nearest_served(const struct nwi_servers *servers, const struct nw_topo *topo,
			       uint32_t node_idx, uint32_t *order)
{
	uint32_t i = 0;

	nw_topo_nearest(topo, node_idx, order);
	/* Ends: a crew has a worker, so some node has a server. */
	while (servers->counts[order[i]] == 0)
		i++;
	return order[i];
}

/* In two passes, so that nobody borrows what was itself borrowed. */
static void borrow_servers(struct nwi_servers *servers, const struct nw_topo *topo, uint32_t *order)
{
	uint32_t node_count = nw_topo_node_count(topo);

	for (uint32_t i = 0; i < node_count; i++)
		if (servers->counts[i] == 0)
			servers->firsts[i] = nearest_served(servers, topo, i, order);
	for (uint32_t i = 0; i < node_count; i++) {
		uint32_t near = servers->firsts[i];

		if (servers->counts[i] > 0)
			continue;
		servers->firsts[i] = servers->firsts[near];
		servers->counts[i] = servers->counts[near];
	}
}

static void fill_servers(struct nwi_servers *servers, const struct seek *seek, uint32_t *order)
{
	uint32_t node_count = nw_topo_node_count(seek->topo), n = 0;

	for (uint32_t i = 0; i < node_count; i++) {
		uint32_t count = add_servers(seek, i, true, servers->workers + n);

		if (count == 0)
			count = add_servers(seek, i, false, servers->workers + n);
		servers->firsts[i] = n;
		servers->counts[i] = count;
		n += count;
	}
	borrow_servers(servers, seek->topo, order);
}

int nwi_servers_make(struct nwi_servers *ret_servers, const struct nw_topo *topo,
		     const struct nwi_place *places, uint32_t place_count)
{
	struct seek seek = { topo, places, place_count };
	uint32_t node_count = nw_topo_node_count(topo);
	size_t slot_count = (size_t)node_count * place_count;
	uint32_t *order = nwi_heap_alloc_array(node_count, sizeof(*order));
	struct nwi_servers servers = {
		.firsts = nwi_heap_alloc_array(node_count, sizeof(uint32_t)),
		.counts = nwi_heap_alloc_array(node_count, sizeof(uint32_t)),
		.workers = nwi_heap_alloc_array(slot_count, sizeof(uint32_t)),
	};

	if (!order || !servers.firsts || !servers.counts || !servers.workers) {
		nwi_servers_free(&servers);
		nwi_heap_free(order);
		return -ENOMEM;
	}
	fill_servers(&servers, &seek, order);
	nwi_heap_free(order);
	*ret_servers = servers;
	return 0;
}

void nwi_servers_free(struct nwi_servers *servers)
{
	nwi_heap_free(servers->firsts);
	nwi_heap_free(servers->counts);
	nwi_heap_free(servers->workers);
}

/* SPDX-License-Identifier: MIT */
/*
 * Pretended nodes: this machine's CPUs dealt out, so that routing between nodes can be run and
 * tested where the hardware has one.
 *
 * Dealt in hwloc's order, whole cores while there are enough of them, else single CPUs; with
 * more nodes than CPUs a CPU serves several.
 * Invariant: every node has a CPU, and memory_node names a node the kernel knows.
 */
#include "os/heap.h"
#include "topo/internal.h"

#include <errno.h>
#include <stdlib.h>

/* Where the tables are put together; becomes the topology's own on success. */
struct deal {
	struct nw_topo_node *nodes;
	uint32_t *start, *cpus;
	uint32_t node_count;
};

static uint32_t scale(uint32_t i, uint32_t to, uint32_t from)
{
	return (uint32_t)((uint64_t)i * to / from);
}

/* cpu_idx by core, then by thread: positions [rank]. */
static uint32_t *rank_cpus(const struct nw_topo *topo)
{
	uint32_t *rank = nwi_heap_alloc_array(topo->cpu_count, sizeof(uint32_t));
	uint32_t *next = nwi_heap_alloc_array(topo->core_count + 1, sizeof(uint32_t));

	if (!rank || !next) {
		nwi_heap_free(rank);
		nwi_heap_free(next);
		return NULL;
	}
	for (uint32_t i = 0; i < topo->cpu_count; i++)
		next[topo->cpus[i].core_idx + 1]++;
	for (uint32_t i = 0; i < topo->core_count; i++)
		next[i + 1] += next[i];
	for (uint32_t i = 0; i < topo->cpu_count; i++)
		rank[next[topo->cpus[i].core_idx] + topo->cpus[i].smt_idx] = i;
	nwi_heap_free(next);
	return rank;
}

/* N <= CPUs: each CPU gets one node. */
static void deal_cpus(struct nw_topo *topo, struct deal *deal, const uint32_t *rank)
{
	bool by_core = deal->node_count <= topo->core_count;

	for (uint32_t i = 0; i < topo->cpu_count; i++) {
		struct nw_topo_cpu *cpu = &topo->cpus[rank[i]];

		cpu->node_idx = by_core ? scale(cpu->core_idx, deal->node_count, topo->core_count)
					: scale(i, deal->node_count, topo->cpu_count);
	}
}

/* N > CPUs: each node gets one CPU; a CPU's own node is the first that lists it. */
static void deal_nodes(struct nw_topo *topo, struct deal *deal, const uint32_t *rank)
{
	for (uint32_t j = deal->node_count; j-- > 0;) {
		uint32_t cpu_idx = rank[scale(j, topo->cpu_count, deal->node_count)];

		topo->cpus[cpu_idx].node_idx = j;
		deal->cpus[j] = cpu_idx;
		deal->start[j + 1] = j + 1;
		deal->nodes[j].cpu_count = 1;
		deal->nodes[j].core_count = 1;
	}
}

static void name_nodes(const struct nw_topo *topo, struct deal *deal, const uint32_t *home)
{
	for (uint32_t j = 0; j < deal->node_count; j++) {
		deal->nodes[j].node.id = (int16_t)j;
		deal->nodes[j].memory_node = topo->nodes[home[j]].node;
	}
	for (uint32_t r = 0; r < topo->node_count; r++) {
		uint32_t sharer_count = 0;

		for (uint32_t j = 0; j < deal->node_count; j++)
			sharer_count += home[j] == r;
		for (uint32_t j = 0; j < deal->node_count; j++) {
			if (home[j] == r)
				deal->nodes[j].memory_bytes = topo->nodes[r].memory_bytes /
							      sharer_count;
		}
	}
}

/* The real node of each pretended node's first CPU, before node_idx is dealt anew. */
static uint32_t *find_homes(const struct nw_topo *topo, const uint32_t *rank, uint32_t node_count)
{
	uint32_t *home = nwi_heap_alloc_array(node_count, sizeof(uint32_t));
	uint32_t n = topo->cpu_count,
		 step_count = node_count <= topo->core_count ? topo->core_count : topo->cpu_count;

	if (!home)
		return NULL;
	for (uint32_t j = 0; j < node_count && node_count > n; j++)
		home[j] = topo->cpus[rank[scale(j, n, node_count)]].node_idx;
	for (uint32_t i = n; node_count <= n && i-- > 0;) {
		uint32_t step = step_count == n ? i : topo->cpus[rank[i]].core_idx;

		home[scale(step, node_count, step_count)] = topo->cpus[rank[i]].node_idx;
	}
	return home;
}

static void deal_end(struct deal *deal)
{
	nwi_heap_free(deal->nodes);
	nwi_heap_free(deal->start);
	nwi_heap_free(deal->cpus);
}

/* From here nothing fails but the listing, which leaves topo closable. */
static int take(struct nw_topo *topo, struct deal *deal)
{
	bool is_listed = deal->node_count > topo->cpu_count;
	struct deal old = { topo->nodes, topo->node_start, topo->node_cpus, 0 };

	topo->nodes = deal->nodes;
	topo->node_start = deal->start;
	topo->node_cpus = deal->cpus;
	topo->node_count = deal->node_count;
	topo->kind = NW_TOPO_SIMULATED;
	deal_end(&old);
	nwi_heap_free(topo->distances);
	topo->distances = NULL;
	if (is_listed)
		return 0;
	nwi_heap_free(topo->node_start);
	nwi_heap_free(topo->node_cpus);
	topo->node_start = topo->node_cpus = NULL;
	return nwi_topo_list_cpus(topo);
}

int nwi_topo_simulate(struct nw_topo *topo, uint32_t node_count)
{
	struct deal deal = { .node_count = node_count };
	uint32_t *rank = rank_cpus(topo);
	uint32_t *home = rank ? find_homes(topo, rank, node_count) : NULL;
	int rc = -ENOMEM;

	deal.nodes = nwi_heap_alloc_array(node_count, sizeof(deal.nodes[0]));
	deal.start = nwi_heap_alloc_array(node_count + 1, sizeof(uint32_t));
	deal.cpus = nwi_heap_alloc_array(node_count, sizeof(uint32_t));
	if (home && deal.nodes && deal.start && deal.cpus) {
		name_nodes(topo, &deal, home);
		if (node_count <= topo->cpu_count)
			deal_cpus(topo, &deal, rank);
		else
			deal_nodes(topo, &deal, rank);
		rc = take(topo, &deal);
	} else {
		deal_end(&deal);
	}
	nwi_heap_free(home);
	nwi_heap_free(rank);
	return rc;
}

/* SPDX-License-Identifier: MIT */
/* What the tests of placement share: the machine, and where pages are.
 *
 * Invariant: on a machine with one node every case that calls open_machine() is skipped and says
 * so; a case that passed has seen at least two nodes. */
#ifndef GUEST_MACHINE_H
#define GUEST_MACHINE_H

#include "nw_test.h"

#include <nw/mem.h>
#include <nw/topo.h>

static inline struct nw_topo *open_machine(void)
{
	struct nw_topo *topo;
	struct nw_diag diag = { "" };

	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0)
		FAIL("%s", diag.text);
	if (nw_topo_node_count(topo) < 2)
		SKIP("this machine has one node");
	return topo;
}

static inline bool has_memory(const struct nw_topo *topo, uint32_t node_idx)
{
	return nw_topo_node_at(topo, node_idx)->memory_bytes > 0;
}

static inline nw_node node_at(const struct nw_topo *topo, uint32_t node_idx)
{
	return nw_topo_node_at(topo, node_idx)->node;
}

/* SLIT distance of the closest node with memory: where the kernel goes when told nothing. */
static inline uint32_t nearest_memory(const struct nw_topo *topo, uint32_t node_idx)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		uint32_t distance = nw_topo_distance(topo, node_idx, i);

		if (has_memory(topo, i) && distance < best)
			best = distance;
	}
	return best;
}

/* Where the pages of a range are; each is touched first, by the calling thread. */
static inline struct nw_mem_map pages_of(void *base, size_t n_bytes)
{
	struct nw_mem_map map;

	memset(base, 0x5a, n_bytes);
	CHECK_INT(nw_mem_verify(base, n_bytes, &map), ==, 0);
	CHECK_INT(map.untouched_count, ==, 0);
	CHECK_INT(map.failed_count, ==, 0);
	CHECK_INT(map.page_count, >=, n_bytes / 4096);
	return map;
}

/* Every page of the range is on the node. */
static inline void check_home(void *base, size_t n_bytes, nw_node node)
{
	struct nw_mem_map map = pages_of(base, n_bytes);

	CHECK_INT(map.on_node[node.id], ==, map.page_count);
}

/* Every page of the range is on a node with memory that none is closer to node_idx than. */
static inline void check_near(const struct nw_topo *topo, void *base, size_t n_bytes,
			      uint32_t node_idx)
{
	struct nw_mem_map map = pages_of(base, n_bytes);
	uint32_t distance = nearest_memory(topo, node_idx);
	uint64_t near_count = 0;

	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		if (nw_topo_distance(topo, node_idx, i) == distance)
			near_count += map.on_node[node_at(topo, i).id];
	}
	CHECK_INT(near_count, ==, map.page_count);
}

#endif /* GUEST_MACHINE_H */

/* SPDX-License-Identifier: MIT */
/*
 * Where workers are: the tables that policies look into, made once at start.
 *
 * Invariant: each row of `nearest` holds every other node once, by ascending distance, and the
 * classes beside it ascend from 1 without a gap.
 */
#include "sched/policy.h"

#include <assert.h>
#include <string.h>

enum { NODES_MAX = 1024 };

/* The tables of a map, writable, in the memory behind it: widest elements first. */
struct tables {
	struct nwi_load *capacity;
	uint32_t *first_worker, *distance, *nearest, *nearest_class;
};

size_t nwi_policy_map_bytes(uint32_t node_count)
{
	size_t n = node_count;

	if (node_count == 0 || node_count > NODES_MAX)
		return 0;
	return sizeof(struct nwi_policy_map) + n * sizeof(struct nwi_load) +
	       (n + 1 + 3 * n * n) * sizeof(uint32_t);
}

static struct tables lay_out(struct nwi_policy_map *map, uint32_t node_count)
{
	struct tables tables = { .capacity = (struct nwi_load *)(map + 1) };
	size_t square = (size_t)node_count * node_count;

	tables.first_worker = (uint32_t *)(tables.capacity + node_count);
	tables.distance = tables.first_worker + node_count + 1;
	tables.nearest = tables.distance + square;
	tables.nearest_class = tables.nearest + square;
	return tables;
}

static void copy_distances(uint32_t *to, const uint32_t *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		to[i] = from[i] > 0 ? from[i] : NWI_POLICY_LOCAL_DISTANCE;
}

/* Insertion from ring order on, so that equal distances stay in it; quick where few differ. */
static void rank_neighbours(const uint32_t *distance, uint32_t node_count, uint32_t from,
			    uint32_t *ret_nearest)
{
	for (uint32_t i = 1; i < node_count; i++) {
		uint32_t node = (from + i) % node_count, at = i - 1;

		for (; at > 0 && distance[ret_nearest[at - 1]] > distance[node]; at--)
			ret_nearest[at] = ret_nearest[at - 1];
		ret_nearest[at] = node;
	}
}

static void class_neighbours(const uint32_t *distance, const uint32_t *nearest, uint32_t count,
			     uint32_t *ret_class)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i == 0)
			ret_class[i] = 1;
		else
			ret_class[i] = ret_class[i - 1] +
				       (distance[nearest[i]] != distance[nearest[i - 1]]);
	}
}

struct nwi_policy_map *nwi_policy_map_init(void *memory, uint32_t node_count,
					   const uint32_t *worker_counts, const uint32_t *distance)
{
	struct nwi_policy_map *map = memory;
	struct tables tables = lay_out(map, node_count);
	uint32_t sum = 0;

	assert(nwi_policy_map_bytes(node_count) > 0);
	memset(memory, 0, nwi_policy_map_bytes(node_count));
	copy_distances(tables.distance, distance, (size_t)node_count * node_count);
	for (uint32_t i = 0; i < node_count; i++) {
		size_t row = (size_t)i * node_count;

		tables.capacity[i].amount[NWI_LOAD_CPU] = worker_counts[i];
		sum += worker_counts[i];
		tables.first_worker[i + 1] = sum;
		rank_neighbours(tables.distance + row, node_count, i, tables.nearest + row);
		class_neighbours(tables.distance + row, tables.nearest + row, node_count - 1,
				 tables.nearest_class + row);
	}
	assert(sum > 0);
	*map = (struct nwi_policy_map){
		.node_count = node_count,
		.worker_count = sum,
		.first_worker = tables.first_worker,
		.distance = tables.distance,
		.nearest = tables.nearest,
		.nearest_class = tables.nearest_class,
		.capacity = tables.capacity,
	};
	return map;
}

void nwi_policy_map_set_capacity(struct nwi_policy_map *map, uint32_t node_idx,
				 const struct nwi_load *capacity)
{
	assert(node_idx < map->node_count);
	map->capacity[node_idx] = *capacity;
}

uint32_t nwi_policy_map_node_of(const struct nwi_policy_map *map, uint32_t worker_idx)
{
	uint32_t low = 0, high = map->node_count;

	assert(worker_idx < map->worker_count);
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (map->first_worker[middle] <= worker_idx)
			low = middle;
		else
			high = middle;
	}
	/* Nodes without workers begin where the next one does: the last of them is the right one.
	 */
	return low;
}

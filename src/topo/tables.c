/* SPDX-License-Identifier: MIT */
/*
 * Caches and distances out of hwloc.
 *
 * Invariant: a kind of cache is one level, type, size and line; it is listed only when one of
 * its caches serves a CPU of the topology, so cpus_per_cache is never 0.
 */
#include "os/heap.h"
#include "topo/internal.h"

#include <errno.h>
#include <string.h>

static const hwloc_obj_type_t cache_types[] = {
	HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L1ICACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L2ICACHE,
	HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L3ICACHE, HWLOC_OBJ_L4CACHE, HWLOC_OBJ_L5CACHE,
};
enum { CACHE_TYPE_COUNT = sizeof(cache_types) / sizeof(cache_types[0]) };

typedef int cache_visit(struct nw_topo *topo, hwloc_obj_t cache);

/* Position of a CPU, or cpu_count: not allowed here. */
static uint32_t find_cpu(const struct nw_topo *topo, int id)
{
	uint32_t low = 0, high = topo->cpu_count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (topo->cpus[mid].cpu.id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < topo->cpu_count && topo->cpus[low].cpu.id == id ? low : topo->cpu_count;
}

static uint32_t cpus_below(const struct nw_topo *topo, hwloc_obj_t cache)
{
	uint32_t n = 0;

	for (int id = hwloc_bitmap_first(cache->cpuset); id >= 0;
	     id = hwloc_bitmap_next(cache->cpuset, id))
		n += find_cpu(topo, id) < topo->cpu_count;
	return n;
}

static struct nw_topo_cache kind_of(hwloc_obj_t cache)
{
	static const char letters[] = { [HWLOC_OBJ_CACHE_UNIFIED] = 'u',
					[HWLOC_OBJ_CACHE_DATA] = 'd',
					[HWLOC_OBJ_CACHE_INSTRUCTION] = 'i' };

	return (struct nw_topo_cache){
		.level = cache->attr->cache.depth,
		.type = letters[cache->attr->cache.type],
		.bytes = cache->attr->cache.size,
		.line_bytes = cache->attr->cache.linesize,
	};
}

/* Position of a cache's kind, or cache_count. */
static uint32_t find_kind(const struct nw_topo *topo, const struct nw_topo_cache *kind)
{
	uint32_t i;

	for (i = 0; i < topo->cache_count; i++) {
		const struct nw_topo_cache *c = &topo->caches[i];

		if (c->level == kind->level && c->type == kind->type && c->bytes == kind->bytes &&
		    c->line_bytes == kind->line_bytes)
			break;
	}
	return i;
}

static int add_kind(struct nw_topo *topo, hwloc_obj_t cache)
{
	struct nw_topo_cache kind = kind_of(cache);
	uint32_t i = find_kind(topo, &kind), below = cpus_below(topo, cache);

	if (i == topo->cache_count) {
		if (topo->cache_count == NWI_TOPO_CACHE_KIND_MAX)
			return -E2BIG;
		topo->caches[topo->cache_count++] = kind;
	}
	if (below > topo->caches[i].cpus_per_cache)
		topo->caches[i].cpus_per_cache = below;
	return 0;
}

static int number_cache(struct nw_topo *topo, hwloc_obj_t cache)
{
	struct nw_topo_cache kind = kind_of(cache);
	uint32_t i = find_kind(topo, &kind), which = topo->caches[i].cache_count++;

	for (int id = hwloc_bitmap_first(cache->cpuset); id >= 0;
	     id = hwloc_bitmap_next(cache->cpuset, id)) {
		uint32_t cpu_idx = find_cpu(topo, id);

		if (cpu_idx < topo->cpu_count)
			topo->cache_of[i * topo->cpu_count + cpu_idx] = which;
	}
	return 0;
}

/* Every cache above a CPU of the topology, from the smallest level. */
static int visit_caches(struct nw_topo *topo, hwloc_topology_t hw, cache_visit *visit)
{
	for (size_t t = 0; t < CACHE_TYPE_COUNT; t++) {
		hwloc_obj_t cache = NULL;

		while ((cache = hwloc_get_next_obj_by_type(hw, cache_types[t], cache)) != NULL) {
			int rc = cpus_below(topo, cache) ? visit(topo, cache) : 0;

			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

int nwi_topo_load_caches(struct nw_topo *topo, hwloc_topology_t hw, struct nw_diag *diag)
{
	size_t n;

	topo->caches = nwi_heap_alloc_array(NWI_TOPO_CACHE_KIND_MAX, sizeof(topo->caches[0]));
	if (!topo->caches)
		return -ENOMEM;
	if (visit_caches(topo, hw, add_kind) < 0)
		return nwi_topo_refuse(-E2BIG, diag, "topology with more than %d kinds of cache",
				       NWI_TOPO_CACHE_KIND_MAX);
	n = (size_t)topo->cache_count * topo->cpu_count;
	topo->cache_of = nwi_heap_alloc_array(n ? n : 1, sizeof(topo->cache_of[0]));
	if (!topo->cache_of)
		return -ENOMEM;
	memset(topo->cache_of, 0xff, n * sizeof(topo->cache_of[0]));
	return visit_caches(topo, hw, number_cache);
}

static uint32_t clamp_distance(uint64_t value)
{
	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* Nodes the matrix does not name keep 10 and 20. */
static void copy_distances(struct nw_topo *topo, const struct hwloc_distances_s *matrix)
{
	for (unsigned i = 0; i < matrix->nbobjs; i++) {
		int from = nw_topo_node_idx(topo, (nw_node){ (int16_t)matrix->objs[i]->os_index });

		for (unsigned j = 0; from >= 0 && j < matrix->nbobjs; j++) {
			int to = nw_topo_node_idx(topo,
						  (nw_node){ (int16_t)matrix->objs[j]->os_index });

			if (to >= 0)
				topo->distances[(uint32_t)from * topo->node_count + (uint32_t)to] =
					clamp_distance(matrix->values[i * matrix->nbobjs + j]);
		}
	}
}

static int add_distances(struct nw_topo *topo, const struct hwloc_distances_s *matrix)
{
	uint32_t n = topo->node_count;
	uint32_t *table = nwi_heap_alloc_array((size_t)n * n, sizeof(uint32_t));

	if (!table)
		return -ENOMEM;
	for (uint32_t i = 0; i < n * n; i++)
		table[i] = i / n == i % n ? 10 : 20;
	topo->distances = table;
	copy_distances(topo, matrix);
	return 0;
}

int nwi_topo_load_distances(struct nw_topo *topo, hwloc_topology_t hw)
{
	struct hwloc_distances_s *matrix = NULL;
	unsigned matrix_count = 1;
	int rc = hwloc_distances_get_by_type(hw, HWLOC_OBJ_NUMANODE, &matrix_count, &matrix,
					     HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0);

	if (rc < 0 || matrix_count == 0)
		return 0; /* none given: not an error */
	rc = add_distances(topo, matrix);
	hwloc_distances_release(hw, matrix);
	return rc;
}

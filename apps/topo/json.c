/* SPDX-License-Identifier: MIT */
/*
 * `nodewise topo --json`. Ids are the kernel's, as in nw_node and nw_cpu; core and package are
 * nodewise's positions.
 * Invariant: no memory anywhere inside makes the whole object NULL, never a smaller one.
 */
#include "topo/view.h"

#include <stdlib.h>

/* Takes item. False, also when item is NULL: no memory. */
static bool append(json_t *array, json_t *item)
{
	return json_array_append_new(array, item) == 0;
}

/* object if ok, else NULL and object is released. */
static json_t *keep_if(bool ok, json_t *object)
{
	if (!ok)
		json_decref(object);
	return ok ? object : NULL;
}

static json_t *node_cpus(const struct view *view, uint32_t node_idx)
{
	uint32_t count;
	const uint32_t *list = nw_topo_node_cpus(view->topo, node_idx, &count);
	json_t *array = json_array();
	bool ok = true;

	for (uint32_t i = 0; i < count; i++)
		ok &= append(array, json_integer(nw_topo_cpu_at(view->topo, list[i])->cpu.id));
	return keep_if(ok, array);
}

static json_t *nodes(const struct view *view)
{
	json_t *array = json_array();
	bool ok = true;

	for (uint32_t i = 0; i < nw_topo_node_count(view->topo); i++) {
		const struct nw_topo_node *node = nw_topo_node_at(view->topo, i);

		ok &= append(array,
			     json_pack("{si si sI si so}", "id", (int)node->node.id, "memory_node",
				       (int)node->memory_node.id, "memory_bytes",
				       (json_int_t)node->memory_bytes, "cores",
				       (int)node->core_count, "cpus", node_cpus(view, i)));
	}
	return keep_if(ok, array);
}

static json_t *cpus(const struct view *view)
{
	json_t *array = json_array();
	bool ok = true;

	for (uint32_t i = 0; i < nw_topo_cpu_count(view->topo); i++) {
		const struct nw_topo_cpu *cpu = nw_topo_cpu_at(view->topo, i);
		int node_id = nw_topo_node_at(view->topo, cpu->node_idx)->node.id;

		ok &= append(array, json_pack("{si si si si si}", "id", (int)cpu->cpu.id, "node",
					      node_id, "core", (int)cpu->core_idx, "package",
					      (int)cpu->package_idx, "smt", (int)cpu->smt_idx));
	}
	return keep_if(ok, array);
}

static json_t *caches(const struct view *view)
{
	json_t *array = json_array();
	bool ok = true;

	for (uint32_t i = 0; i < nw_topo_cache_count(view->topo); i++) {
		const struct nw_topo_cache *cache = nw_topo_cache_at(view->topo, i);
		char name[16];

		ok &= append(array,
			     json_pack("{ss sI si si si}", "name",
				       view_cache_name(cache, name, sizeof(name)), "bytes",
				       (json_int_t)cache->bytes, "line_bytes",
				       (int)cache->line_bytes, "count", (int)cache->cache_count,
				       "cpus_per_cache", (int)cache->cpus_per_cache));
	}
	return keep_if(ok, array);
}

static json_t *distances_from(const struct view *view, uint32_t from_idx)
{
	json_t *row = json_array();
	bool ok = true;

	for (uint32_t j = 0; j < nw_topo_node_count(view->topo); j++)
		ok &= append(row, json_integer(nw_topo_distance(view->topo, from_idx, j)));
	return keep_if(ok, row);
}

static json_t *distances(const struct view *view)
{
	json_t *array = json_array();
	bool ok = true;

	for (uint32_t i = 0; i < nw_topo_node_count(view->topo); i++)
		ok &= append(array, distances_from(view, i));
	return keep_if(ok, array);
}

static json_t *nearest_to(const struct view *view, uint32_t node_idx, uint32_t *order)
{
	json_t *row = json_array();
	bool ok = true;

	nw_topo_nearest(view->topo, node_idx, order);
	for (uint32_t i = 0; i < nw_topo_node_count(view->topo); i++)
		ok &= append(row, json_integer(nw_topo_node_at(view->topo, order[i])->node.id));
	return keep_if(ok, row);
}

static json_t *nearest(const struct view *view)
{
	uint32_t n = nw_topo_node_count(view->topo);
	uint32_t *order = calloc(n, sizeof(uint32_t));
	json_t *array = json_array();
	bool ok = order != NULL;

	for (uint32_t i = 0; ok && i < n; i++)
		ok = append(array, nearest_to(view, i, order));
	free(order);
	return keep_if(ok, array);
}

static json_t *nic(const struct view *view)
{
	if (!view->nic)
		return json_null();
	if (view->nic_node.id == NW_NODE_ANY.id)
		return json_pack("{ss sn}", "name", view->nic, "node");
	return json_pack("{ss si}", "name", view->nic, "node", (int)view->nic_node.id);
}

json_t *view_to_json(const struct view *view)
{
	const struct nw_topo *topo = view->topo;

	return json_pack("{ss ss? sb si si sI so so so so so so}", "kind", view_kind(view),
			 "source", view->source, "simulated",
			 nw_topo_kind(topo) == NW_TOPO_SIMULATED, "packages",
			 (int)nw_topo_package_count(topo), "cores", (int)nw_topo_core_count(topo),
			 "memory_bytes", (json_int_t)view_memory_bytes(view), "nodes", nodes(view),
			 "cpus", cpus(view), "caches", caches(view), "distances", distances(view),
			 "nearest", nearest(view), "nic", nic(view));
}

/* SPDX-License-Identifier: MIT */
/*
 * Opening a topology and asking it.
 *
 * Invariant: nw_topo_open() hands out finished tables or nothing; every query reads them only,
 * so any number of threads may ask at once.
 */
#include "os/heap.h"
#include "topo/internal.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DISTANCE_LOCAL = 10, DISTANCE_REMOTE = 20 };

int nwi_topo_refuse(int code, struct nw_diag *diag, const char *format, ...)
{
	va_list args;

	if (!diag)
		return code;
	va_start(args, format);
	/* A line cut at the end of diag still says what is wrong. */
	(void)vsnprintf(diag->text, sizeof(diag->text), format, args);
	va_end(args);
	/* One line, whatever a user put into a name. */
	for (char *c = diag->text; *c; c++) {
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	}
	return code;
}

static int check_options(const struct nw_topo_options *options, struct nw_diag *diag)
{
	if (options->simulate_nodes > NWI_TOPO_SIMULATED_MAX)
		return nwi_topo_refuse(-EINVAL, diag, "simulated nodes: 1 to %d, not %u",
				       NWI_TOPO_SIMULATED_MAX, options->simulate_nodes);
	if (options->simulate_nodes && options->source)
		return nwi_topo_refuse(-EINVAL, diag,
				       "simulated nodes split this machine; they take no source");
	return 0;
}

static int configure(hwloc_topology_t hw, const struct nw_topo_options *options,
		     enum nw_topo_kind *ret_kind, struct nw_diag *diag)
{
	*ret_kind = NW_TOPO_MACHINE;
	if (hwloc_topology_set_flags(hw, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) < 0 ||
	    hwloc_topology_set_icache_types_filter(hw, HWLOC_TYPE_FILTER_KEEP_ALL) < 0)
		return nwi_topo_refuse(-EINVAL, diag, "this hwloc is too old");
	return options->source ? nwi_topo_set_source(hw, options->source, ret_kind, diag) : 0;
}

static int load_source(hwloc_topology_t hw, const struct nw_topo_options *options,
		       enum nw_topo_kind kind, struct nw_diag *diag)
{
	int code;

	if (hwloc_topology_load(hw) == 0)
		return 0;
	code = errno == ENOMEM ? -ENOMEM : -EINVAL;
	/* Of hwloc's two XML readers one looks into the file only now. */
	if (code == -EINVAL && kind == NW_TOPO_XML)
		return nwi_topo_refuse_xml(options->source, diag);
	return nwi_topo_refuse(code, diag, "topology '%s': hwloc cannot read it",
			       options->source ? options->source : "of this machine");
}

/* hwloc's environment (HWLOC_XMLFILE, HWLOC_SYNTHETIC) may put another machine in this one's
 * place; then nothing may be pinned here, nor split. */
static int check_is_this(hwloc_topology_t hw, const struct nw_topo_options *options,
			 struct nw_diag *diag)
{
	if (options->source || hwloc_topology_is_thissystem(hw))
		return 0;
	return nwi_topo_refuse(-EINVAL, diag,
			       "hwloc's environment names another machine; unset HWLOC_* or "
			       "give the source as synthetic: or xml:");
}

static int fill(struct nw_topo *topo, hwloc_topology_t hw, const struct nw_topo_options *options,
		struct nw_diag *diag)
{
	int rc = configure(hw, options, &topo->kind, diag);

	if (rc == 0)
		rc = load_source(hw, options, topo->kind, diag);
	if (rc == 0)
		rc = check_is_this(hw, options, diag);
	if (rc == 0)
		rc = nwi_topo_load(topo, hw, diag);
	if (rc == 0 && options->simulate_nodes)
		rc = nwi_topo_simulate(topo, options->simulate_nodes);
	return rc;
}

int nw_topo_open(struct nw_topo **ret_topo, const struct nw_topo_options *options,
		 struct nw_diag *reterr_diag)
{
	static const struct nw_topo_options this_machine = { 0 };
	hwloc_topology_t hw;
	struct nw_topo *topo;
	int rc;

	options = options ? options : &this_machine;
	rc = check_options(options, reterr_diag);
	if (rc < 0)
		return rc;
	topo = nwi_heap_alloc(sizeof(*topo));
	if (!topo)
		return nwi_topo_refuse(-ENOMEM, reterr_diag, "no memory for a topology");
	if (hwloc_topology_init(&hw) < 0) {
		nw_topo_close(topo);
		return nwi_topo_refuse(-ENOMEM, reterr_diag, "no memory for a topology");
	}
	rc = fill(topo, hw, options, reterr_diag);
	hwloc_topology_destroy(hw);
	if (rc < 0) {
		nw_topo_close(topo);
		return rc == -ENOMEM ? nwi_topo_refuse(rc, reterr_diag, "no memory for a topology")
				     : rc;
	}
	*ret_topo = topo;
	return 0;
}

void nw_topo_close(struct nw_topo *topo)
{
	if (!topo)
		return;
	nwi_heap_free(topo->nodes);
	nwi_heap_free(topo->cpus);
	nwi_heap_free(topo->caches);
	nwi_heap_free(topo->cache_of);
	nwi_heap_free(topo->node_start);
	nwi_heap_free(topo->node_cpus);
	nwi_heap_free(topo->distances);
	nwi_heap_free(topo);
}

/* Counted two places on, summed, filled: start[i + 1] then moves from i's begin to its end. */
static void fill_lists(const struct nw_topo *topo, uint32_t *start, uint32_t *list)
{
	for (uint32_t i = 0; i < topo->cpu_count; i++)
		start[topo->cpus[i].node_idx + 2]++;
	for (uint32_t i = 2; i <= topo->node_count; i++)
		start[i] += start[i - 1];
	for (uint32_t i = 0; i < topo->cpu_count; i++)
		list[start[topo->cpus[i].node_idx + 1]++] = i;
}

/* seen[core_idx]: the last node counted for it, plus one. A core's threads may lie apart in a
 * list, and in simulated topologies on two nodes. */
static void count_on_nodes(struct nw_topo *topo, uint32_t *seen)
{
	for (uint32_t j = 0; j < topo->node_count; j++) {
		uint32_t count;
		const uint32_t *list = nw_topo_node_cpus(topo, j, &count);

		topo->nodes[j].cpu_count = count;
		for (uint32_t i = 0; i < count; i++) {
			uint32_t core_idx = topo->cpus[list[i]].core_idx;

			topo->nodes[j].core_count += seen[core_idx] != j + 1;
			seen[core_idx] = j + 1;
		}
	}
}

int nwi_topo_list_cpus(struct nw_topo *topo)
{
	uint32_t *seen = nwi_heap_alloc_array(topo->core_count, sizeof(uint32_t));

	topo->node_start = nwi_heap_alloc_array((size_t)topo->node_count + 2, sizeof(uint32_t));
	topo->node_cpus = nwi_heap_alloc_array(topo->cpu_count, sizeof(uint32_t));
	if (!seen || !topo->node_start || !topo->node_cpus) {
		nwi_heap_free(seen);
		return -ENOMEM;
	}
	fill_lists(topo, topo->node_start, topo->node_cpus);
	count_on_nodes(topo, seen);
	nwi_heap_free(seen);
	return 0;
}

enum nw_topo_kind nw_topo_kind(const struct nw_topo *topo)
{
	return topo->kind;
}

uint32_t nw_topo_node_count(const struct nw_topo *topo)
{
	return topo->node_count;
}

uint32_t nw_topo_cpu_count(const struct nw_topo *topo)
{
	return topo->cpu_count;
}

uint32_t nw_topo_core_count(const struct nw_topo *topo)
{
	return topo->core_count;
}

uint32_t nw_topo_package_count(const struct nw_topo *topo)
{
	return topo->package_count;
}

const struct nw_topo_node *nw_topo_node_at(const struct nw_topo *topo, uint32_t node_idx)
{
	assert(node_idx < topo->node_count);
	return &topo->nodes[node_idx];
}

const struct nw_topo_cpu *nw_topo_cpu_at(const struct nw_topo *topo, uint32_t cpu_idx)
{
	assert(cpu_idx < topo->cpu_count);
	return &topo->cpus[cpu_idx];
}

const uint32_t *nw_topo_node_cpus(const struct nw_topo *topo, uint32_t node_idx,
				  uint32_t *ret_count)
{
	assert(node_idx < topo->node_count);
	*ret_count = topo->node_start[node_idx + 1] - topo->node_start[node_idx];
	return topo->node_cpus + topo->node_start[node_idx];
}

int nw_topo_node_idx(const struct nw_topo *topo, nw_node node)
{
	uint32_t low = 0, high = topo->node_count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (topo->nodes[mid].node.id < node.id)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == topo->node_count || topo->nodes[low].node.id != node.id)
		return -ENODEV;
	return (int)low;
}

uint32_t nw_topo_distance(const struct nw_topo *topo, uint32_t from_idx, uint32_t to_idx)
{
	assert(from_idx < topo->node_count && to_idx < topo->node_count);
	if (!topo->distances)
		return from_idx == to_idx ? DISTANCE_LOCAL : DISTANCE_REMOTE;
	return topo->distances[from_idx * topo->node_count + to_idx];
}

/* Insertion sort: stable, and linear when all distances are equal, which is when there are many
 * nodes. The ring from node_idx on goes in, so equals stay in ring order. */
void nw_topo_nearest(const struct nw_topo *topo, uint32_t node_idx, uint32_t *ret_order)
{
	uint32_t n = topo->node_count;

	assert(node_idx < n);
	ret_order[0] = node_idx;
	for (uint32_t i = 1; i < n; i++) {
		uint32_t idx = (node_idx + i) % n, k = i;
		uint32_t distance = nw_topo_distance(topo, node_idx, idx);

		/* ret_order[0] stays: a strange matrix may call another node nearer than itself. */
		while (k > 1 && nw_topo_distance(topo, node_idx, ret_order[k - 1]) > distance) {
			ret_order[k] = ret_order[k - 1];
			k--;
		}
		ret_order[k] = idx;
	}
}

uint32_t nw_topo_cache_count(const struct nw_topo *topo)
{
	return topo->cache_count;
}

const struct nw_topo_cache *nw_topo_cache_at(const struct nw_topo *topo, uint32_t cache_idx)
{
	assert(cache_idx < topo->cache_count);
	return &topo->caches[cache_idx];
}

uint32_t nw_topo_cpu_cache(const struct nw_topo *topo, uint32_t cpu_idx, uint32_t cache_idx)
{
	assert(cpu_idx < topo->cpu_count && cache_idx < topo->cache_count);
	return topo->cache_of[cache_idx * topo->cpu_count + cpu_idx];
}

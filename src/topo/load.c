/* SPDX-License-Identifier: MIT */
/*
 * From hwloc's tree to nodewise's tables: which nodes and CPUs this process may use.
 *
 * hwloc is asked for disallowed objects too. Left to itself it drops a node whose memory the
 * cgroup forbids, a memoryless node included, and with it the knowledge where its CPUs are.
 * Invariant: a node is kept when its memory is allowed or one of its CPUs is; a CPU belongs to
 * exactly one node, the most specific one around it (high-bandwidth memory beside the DRAM of
 * the same CPUs counts as memory-only, as the kernel has it).
 */
#include "os/heap.h"
#include "topo/internal.h"

#include <errno.h>
#include <hwloc/linux.h>
#include <stdlib.h>
#include <unistd.h>

/* What is being read: nodes as hwloc has them, ascending by id, kept or not. */
struct scan {
	hwloc_topology_t hw;
	hwloc_bitmap_t allowed; /* CPUs: cgroup and affinity */
	hwloc_obj_t *nodes;
	uint32_t *kept_idx; /* position in the result, or UINT32_MAX */
	bool *has_cpu;
	uint32_t node_count;
};

/* One hardware thread on its way into the table. */
struct thread {
	hwloc_obj_t pu, core, package;
};

static int by_id(const void *a, const void *b)
{
	hwloc_obj_t x = *(const hwloc_obj_t *)a, y = *(const hwloc_obj_t *)b;

	return (x->os_index > y->os_index) - (x->os_index < y->os_index);
}

static int cpu_by_id(const void *a, const void *b)
{
	int32_t x = ((const struct nw_topo_cpu *)a)->cpu.id;
	int32_t y = ((const struct nw_topo_cpu *)b)->cpu.id;

	return (x > y) - (x < y);
}

/* The process's affinity, not the calling thread's: a pinned thread may open a topology too. */
static void limit_to_affinity(hwloc_topology_t hw, hwloc_bitmap_t allowed)
{
	hwloc_bitmap_t bound = hwloc_bitmap_alloc();

	if (bound && hwloc_linux_get_tid_cpubind(hw, getpid(), bound) == 0 &&
	    hwloc_bitmap_intersects(allowed, bound))
		hwloc_bitmap_and(allowed, allowed, bound);
	hwloc_bitmap_free(bound);
}

static int scan_start(struct scan *scan, hwloc_topology_t hw, enum nw_topo_kind kind)
{
	int node_count = hwloc_get_nbobjs_by_type(hw, HWLOC_OBJ_NUMANODE);

	if (node_count <= 0)
		return -EINVAL;
	scan->hw = hw;
	scan->node_count = (uint32_t)node_count;
	scan->allowed = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(hw));
	scan->nodes = nwi_heap_alloc_array(scan->node_count, sizeof(hwloc_obj_t));
	scan->kept_idx = nwi_heap_alloc_array(scan->node_count, sizeof(uint32_t));
	scan->has_cpu = nwi_heap_alloc_array(scan->node_count, sizeof(bool));
	if (!scan->allowed || !scan->nodes || !scan->kept_idx || !scan->has_cpu)
		return -ENOMEM;
	for (uint32_t i = 0; i < scan->node_count; i++)
		scan->nodes[i] = hwloc_get_obj_by_type(hw, HWLOC_OBJ_NUMANODE, i);
	qsort(scan->nodes, scan->node_count, sizeof(scan->nodes[0]), by_id);
	if (kind == NW_TOPO_MACHINE)
		limit_to_affinity(hw, scan->allowed);
	return 0;
}

static void scan_end(struct scan *scan)
{
	hwloc_bitmap_free(scan->allowed);
	nwi_heap_free(scan->nodes);
	nwi_heap_free(scan->kept_idx);
	nwi_heap_free(scan->has_cpu);
}

/* Position of the node a CPU belongs to: the smallest around it, then the lowest id. */
static uint32_t node_around(const struct scan *scan, unsigned cpu_id)
{
	uint32_t best = 0;
	int best_weight = -1;

	for (uint32_t i = 0; i < scan->node_count; i++) {
		int weight;

		if (!hwloc_bitmap_isset(scan->nodes[i]->cpuset, cpu_id))
			continue;
		weight = hwloc_bitmap_weight(scan->nodes[i]->cpuset);
		if (best_weight < 0 || weight < best_weight) {
			best = i;
			best_weight = weight;
		}
	}
	return best;
}

static bool is_new_core(const struct thread *now, const struct thread *last)
{
	return !now->core || now->core != last->core;
}

/* hwloc's order keeps the threads of a core, and the cores of a package, together; so cores and
 * packages are numbered as they come. node_idx is a position in scan->nodes for now. */
static void read_cpus(struct nw_topo *topo, struct scan *scan)
{
	struct thread now = { 0 }, last = { 0 };
	uint32_t smt_idx = 0, n = 0;

	while ((now.pu = hwloc_get_next_obj_by_type(scan->hw, HWLOC_OBJ_PU, now.pu)) != NULL) {
		if (!hwloc_bitmap_isset(scan->allowed, now.pu->os_index))
			continue;
		now.core = hwloc_get_ancestor_obj_by_type(scan->hw, HWLOC_OBJ_CORE, now.pu);
		now.package = hwloc_get_ancestor_obj_by_type(scan->hw, HWLOC_OBJ_PACKAGE, now.pu);
		smt_idx = is_new_core(&now, &last) ? 0 : smt_idx + 1;
		topo->core_count += smt_idx == 0;
		topo->package_count += n == 0 || now.package != last.package;
		topo->cpus[n] = (struct nw_topo_cpu){
			.cpu = { (int32_t)now.pu->os_index },
			.node_idx = node_around(scan, now.pu->os_index),
			.core_idx = topo->core_count - 1,
			.package_idx = topo->package_count - 1,
			.smt_idx = smt_idx,
		};
		scan->has_cpu[topo->cpus[n++].node_idx] = true;
		last = now;
	}
}

/* Number the nodes that stay; returns how many. */
static uint32_t keep_nodes(struct scan *scan)
{
	hwloc_const_nodeset_t allowed = hwloc_topology_get_allowed_nodeset(scan->hw);
	uint32_t kept_count = 0;

	for (uint32_t i = 0; i < scan->node_count; i++) {
		bool is_kept = scan->has_cpu[i] ||
			       hwloc_bitmap_isset(allowed, scan->nodes[i]->os_index);

		scan->kept_idx[i] = is_kept ? kept_count++ : UINT32_MAX;
	}
	return kept_count;
}

static void fill_nodes(struct nw_topo *topo, const struct scan *scan)
{
	hwloc_const_nodeset_t allowed = hwloc_topology_get_allowed_nodeset(scan->hw);

	for (uint32_t i = 0; i < scan->node_count; i++) {
		const struct hwloc_obj *obj = scan->nodes[i];
		nw_node node = { (int16_t)obj->os_index };
		bool has_memory = hwloc_bitmap_isset(allowed, obj->os_index);

		if (scan->kept_idx[i] == UINT32_MAX)
			continue;
		topo->nodes[scan->kept_idx[i]] = (struct nw_topo_node){
			.node = node,
			.memory_node = node,
			.memory_bytes = has_memory ? obj->attr->numanode.local_memory : 0,
		};
	}
}

static int check_limits(const struct nw_topo *topo, const struct scan *scan, struct nw_diag *diag)
{
	if (topo->cpu_count == 0)
		return nwi_topo_refuse(-EINVAL, diag, "topology without a CPU to run on");
	if (topo->cpu_count > NWI_TOPO_CPU_COUNT_MAX)
		return nwi_topo_refuse(-E2BIG, diag, "topology with more than %d CPUs",
				       NWI_TOPO_CPU_COUNT_MAX);
	if (hwloc_bitmap_last(scan->allowed) > INT32_MAX - 1)
		return nwi_topo_refuse(-E2BIG, diag, "topology with a CPU id that is too large");
	for (uint32_t i = 0; i < scan->node_count; i++) {
		if (scan->nodes[i]->os_index > NW_NODE_ID_MAX)
			return nwi_topo_refuse(-E2BIG, diag, "node id %u: %d is the largest",
					       scan->nodes[i]->os_index, NW_NODE_ID_MAX);
	}
	return 0;
}

/* CPUs that are both allowed and in the tree: an XML file may allow what it does not list. */
static uint32_t count_cpus(const struct scan *scan)
{
	uint32_t n = 0;
	hwloc_obj_t pu = NULL;

	while ((pu = hwloc_get_next_obj_by_type(scan->hw, HWLOC_OBJ_PU, pu)) != NULL)
		n += hwloc_bitmap_isset(scan->allowed, pu->os_index) != 0;
	return n;
}

static int fill(struct nw_topo *topo, struct scan *scan)
{
	topo->cpus = nwi_heap_alloc_array(topo->cpu_count, sizeof(topo->cpus[0]));
	if (!topo->cpus)
		return -ENOMEM;
	read_cpus(topo, scan);
	topo->node_count = keep_nodes(scan);
	topo->nodes = nwi_heap_alloc_array(topo->node_count, sizeof(topo->nodes[0]));
	if (!topo->nodes)
		return -ENOMEM;
	fill_nodes(topo, scan);
	for (uint32_t i = 0; i < topo->cpu_count; i++)
		topo->cpus[i].node_idx = scan->kept_idx[topo->cpus[i].node_idx];
	qsort(topo->cpus, topo->cpu_count, sizeof(topo->cpus[0]), cpu_by_id);
	return nwi_topo_list_cpus(topo);
}

int nwi_topo_load(struct nw_topo *topo, hwloc_topology_t hw, struct nw_diag *diag)
{
	struct scan scan = { 0 };
	int rc = scan_start(&scan, hw, topo->kind);

	if (rc == 0) {
		topo->cpu_count = count_cpus(&scan);
		rc = check_limits(topo, &scan, diag);
	}
	if (rc == 0)
		rc = fill(topo, &scan);
	scan_end(&scan);
	if (rc == 0)
		rc = nwi_topo_load_caches(topo, hw, diag);
	if (rc == 0)
		rc = nwi_topo_load_distances(topo, hw);
	return rc;
}

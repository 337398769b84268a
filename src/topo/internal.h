/* SPDX-License-Identifier: MIT */
/*
 * The tables behind struct nw_topo, and the steps that fill them.
 *
 * Invariant: after nw_topo_open() nothing here changes. Every idx in a table is below the
 * count of the table it points into, and nodes and CPUs ascend by id.
 */
#ifndef NWI_TOPO_INTERNAL_H
#define NWI_TOPO_INTERNAL_H

#include <nw/topo.h>

#include <hwloc.h>

enum {
	NWI_TOPO_CPU_COUNT_MAX = 8192, /* what Linux can be built for */
	NWI_TOPO_SIMULATED_MAX = 1024,
	NWI_TOPO_CACHE_KIND_MAX = 64,
	NWI_TOPO_XML_BYTES_MAX = 64 * 1024 * 1024,
};

struct nw_topo {
	enum nw_topo_kind kind;
	uint32_t node_count, cpu_count, core_count, package_count, cache_count;
	struct nw_topo_node *nodes;
	struct nw_topo_cpu *cpus;
	struct nw_topo_cache *caches;
	uint32_t *cache_of;   /* [cache_idx * cpu_count + cpu_idx]: which one of that kind */
	uint32_t *node_start; /* [node_count + 1]: where a node's list begins in node_cpus */
	uint32_t *node_cpus;  /* cpu_idx lists, one after the other */
	uint32_t *distances;  /* [from * node_count + to], or NULL: 10 and 20 */
};

/* One line into diag, if there is one, and the code handed through. */
int nwi_topo_refuse(int code, struct nw_diag *diag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Tell hwloc where to read from. Sets *ret_kind. 0, -EINVAL, -ENOENT, -EACCES or -E2BIG. */
int nwi_topo_set_source(hwloc_topology_t hw, const char *source, enum nw_topo_kind *ret_kind,
			struct nw_diag *diag);

/* What is said of an XML source, prefix included, that hwloc cannot read. -EINVAL. */
int nwi_topo_refuse_xml(const char *source, struct nw_diag *diag);

/* Copy what this process may use out of a loaded hwloc topology into zeroed tables. The caller
 * closes topo on failure too. 0, -EINVAL, -E2BIG or -ENOMEM. */
int nwi_topo_load(struct nw_topo *topo, hwloc_topology_t hw, struct nw_diag *diag);
int nwi_topo_load_caches(struct nw_topo *topo, hwloc_topology_t hw, struct nw_diag *diag);
int nwi_topo_load_distances(struct nw_topo *topo, hwloc_topology_t hw);

/* Build node_start and node_cpus from cpus[].node_idx, and the nodes' counts. 0 or -ENOMEM. */
int nwi_topo_list_cpus(struct nw_topo *topo);
/* Replace the real nodes by node_count pretended ones. 0 or -ENOMEM. */
int nwi_topo_simulate(struct nw_topo *topo, uint32_t node_count);

#endif /* NWI_TOPO_INTERNAL_H */

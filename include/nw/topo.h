/* SPDX-License-Identifier: MIT */
/**
 * @file
 * What the machine is: nodes, CPUs, cores, caches, distances, memory, NICs.
 *
 * A topology is read once and immutable afterwards, so every query is wait-free and may be
 * made from any thread. Positions (`idx`) run from 0 without holes and are what the rest of
 * nodewise uses as array indices; ids (nw_node, nw_cpu) are the kernel's and arbitrary.
 *
 * Sources: this machine, an hwloc synthetic description, an hwloc XML file, and this machine's
 * CPUs dealt out to N pretended nodes (`simulated`), for testing routing where there is one node.
 */
#ifndef NW_TOPO_H
#define NW_TOPO_H

#include <nw/base.h>
#include <nw/diag.h>
#include <nw/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

struct nw_topo;

enum nw_topo_kind {
	NW_TOPO_MACHINE,   /* this machine, limited to what cgroup and affinity allow */
	NW_TOPO_SYNTHETIC, /* hwloc synthetic string: not this machine, nothing can be pinned */
	NW_TOPO_XML,       /* hwloc XML file: not this machine, nothing can be pinned */
	NW_TOPO_SIMULATED, /* this machine's CPUs, pretended nodes */
};

/* All zero: this machine as it is. */
struct nw_topo_options {
	const char *source;      /* NULL, "synthetic:<hwloc string>" or "xml:<file>" */
	uint32_t simulate_nodes; /* 0: off; else 1..1024 pretended nodes; only without a source */
};

struct nw_topo_node {
	nw_node node;          /* its name; pretended ids are 0..N-1 */
	nw_node memory_node;   /* where its memory really is: node itself unless simulated */
	uint64_t memory_bytes; /* 0: no memory of its own */
	uint32_t cpu_count;    /* allowed CPUs; 0: memory-only */
	uint32_t core_count;   /* physical cores among them */
};

struct nw_topo_cpu {
	nw_cpu cpu;
	uint32_t node_idx;    /* the (first) node it belongs to */
	uint32_t core_idx;    /* physical core, numbered over the whole machine */
	uint32_t package_idx; /* socket, likewise */
	uint32_t smt_idx;     /* 0: first hardware thread of its core */
};

struct nw_topo_cache {
	uint32_t level;     /* 1..5 */
	char type;          /* 'd' data, 'i' instruction, 'u' unified */
	uint64_t bytes;     /* of one such cache */
	uint32_t line_bytes;
	uint32_t cache_count; /* how many there are */
	uint32_t cpus_per_cache;
};

NW_API int nw_topo_open(struct nw_topo **ret_topo, const struct nw_topo_options *options,
			struct nw_diag *reterr_diag) NW_MUST_USE;
NW_API void nw_topo_close(struct nw_topo *topo);

NW_API enum nw_topo_kind nw_topo_kind(const struct nw_topo *topo);
NW_API uint32_t nw_topo_node_count(const struct nw_topo *topo);
NW_API uint32_t nw_topo_cpu_count(const struct nw_topo *topo);
NW_API uint32_t nw_topo_core_count(const struct nw_topo *topo);
NW_API uint32_t nw_topo_package_count(const struct nw_topo *topo);
NW_API const struct nw_topo_node *nw_topo_node_at(const struct nw_topo *topo, uint32_t node_idx);
NW_API const struct nw_topo_cpu *nw_topo_cpu_at(const struct nw_topo *topo, uint32_t cpu_idx);
/* Lends the cpu_idx list of a node, ascending; *ret_count may be 0. A simulated topology with more
 * nodes than CPUs lists a CPU under several nodes. */
NW_API const uint32_t *nw_topo_node_cpus(const struct nw_topo *topo, uint32_t node_idx,
					 uint32_t *ret_count);
/* Position of a node, or -ENODEV. */
NW_API int nw_topo_node_idx(const struct nw_topo *topo, nw_node node);
/* SLIT distance, 10 = local. Where the machine gives none: 10 on the diagonal, 20 elsewhere. */
NW_API uint32_t nw_topo_distance(const struct nw_topo *topo, uint32_t from_idx, uint32_t to_idx);
/* Nodes by distance from node_idx, itself first: fills order[0..node_count). */
NW_API void nw_topo_nearest(const struct nw_topo *topo, uint32_t node_idx, uint32_t *ret_order);
NW_API uint32_t nw_topo_cache_count(const struct nw_topo *topo);
NW_API const struct nw_topo_cache *nw_topo_cache_at(const struct nw_topo *topo, uint32_t cache_idx);
/* Node a network interface hangs on: 0 and *ret_node (NW_NODE_ANY: the machine does not say), or
 * -ENODEV: no such interface. */
NW_API int nw_topo_nic_node(const struct nw_topo *topo, const char *interface,
			    nw_node *ret_node) NW_MUST_USE;

NW_END_DECLS

#endif /* NW_TOPO_H */

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
	uint64_t memory_bytes; /* 0: no memory of its own, or none that the cgroup allows */
	uint32_t cpu_count;    /* allowed CPUs; 0: memory-only */
	uint32_t core_count;   /* physical cores among them */
};

struct nw_topo_cpu {
	nw_cpu cpu;
	uint32_t node_idx;    /* the (first) node it belongs to */
	uint32_t core_idx;    /* physical core, numbered over the whole machine */
	uint32_t package_idx; /* socket, likewise */
	uint32_t smt_idx;     /* 0: first hardware thread of its core, of those allowed */
};

/* All caches of one level, type, size and line. */
struct nw_topo_cache {
	uint32_t level;          /* 1..5 */
	char type;               /* 'd' data, 'i' instruction, 'u' unified */
	uint64_t bytes;          /* of one such cache */
	uint32_t line_bytes;     /* 0: unknown */
	uint32_t cache_count;    /* how many there are above a CPU of the topology */
	uint32_t cpus_per_cache; /* allowed CPUs below one; the most, where they differ */
};

/** A CPU has no cache of the kind asked for. */
#define NW_TOPO_NO_CACHE UINT32_MAX

/**
 * Read a topology.
 *
 * This machine is what the process may use: CPUs are those of its cgroup and of its main
 * thread's affinity. A node stays when its memory is allowed or one of its CPUs is.
 *
 * With simulate_nodes N the CPUs are dealt out in order, core i to node floor(i * N / cores)
 * while there are N cores, else CPU i to node floor(i * N / cpus); with more nodes than CPUs
 * node j lists CPU floor(j * cpus / N). memory_node is the real node of a node's first CPU and
 * memory_bytes its even share; distances are 10 and 20.
 *
 * @param ret_topo     set on success, untouched on failure
 * @param options      borrowed; NULL: all zero
 * @param reterr_diag  one line on failure that names the word or file at fault; may be NULL
 * @return 0
 * @return -EINVAL  a source that is not understood, a file that is not hwloc XML, simulate_nodes
 *                  above 1024 or together with a source, no CPU, or a machine that hwloc's
 *                  environment variables put in this one's place
 * @return -ENOENT  the XML file does not exist (-EACCES, ...: it cannot be read)
 * @return -E2BIG   more than 8192 CPUs, a node id above NW_NODE_ID_MAX, 64 kinds of cache, or an
 *                  XML file above 64 MiB
 * @return -ENOMEM  no memory
 *
 * Threads: any thread, at any time.
 * Owner:   the caller; release with nw_topo_close().
 * Cost:    reads /sys, some ten milliseconds; once a program.
 */
NW_API int nw_topo_open(struct nw_topo **ret_topo, const struct nw_topo_options *options,
			struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Release a topology; NULL is a no-op.
 *
 * Threads: one, when no other uses the topology or anything it lent.
 */
NW_API void nw_topo_close(struct nw_topo *topo);

/**
 * Return where the topology comes from. Only of MACHINE and SIMULATED are the CPUs real.
 *
 * Threads: any thread, at any time.
 */
NW_API enum nw_topo_kind nw_topo_kind(const struct nw_topo *topo);

/**
 * Return the number of nodes, at least 1; their idx runs from 0, ascending by id.
 *
 * Threads: any thread, at any time.
 */
NW_API uint32_t nw_topo_node_count(const struct nw_topo *topo);

/**
 * Return the number of allowed CPUs, at least 1; their idx runs from 0, ascending by id.
 *
 * Threads: any thread, at any time.
 */
NW_API uint32_t nw_topo_cpu_count(const struct nw_topo *topo);

/**
 * Return the number of physical cores with an allowed CPU.
 *
 * Threads: any thread, at any time.
 */
NW_API uint32_t nw_topo_core_count(const struct nw_topo *topo);

/**
 * Return the number of packages (sockets) with an allowed CPU.
 *
 * Threads: any thread, at any time.
 */
NW_API uint32_t nw_topo_package_count(const struct nw_topo *topo);

/**
 * Lend a node.
 *
 * @param node_idx  0..node_count-1
 *
 * Threads: any thread, at any time.
 * Owner:   the topology, until it is closed.
 */
NW_API const struct nw_topo_node *nw_topo_node_at(const struct nw_topo *topo, uint32_t node_idx);

/**
 * Lend a CPU.
 *
 * @param cpu_idx  0..cpu_count-1
 *
 * Threads: any thread, at any time.
 * Owner:   the topology, until it is closed.
 */
NW_API const struct nw_topo_cpu *nw_topo_cpu_at(const struct nw_topo *topo, uint32_t cpu_idx);

/**
 * Lend the cpu_idx list of a node, ascending.
 *
 * A simulated topology with more nodes than CPUs lists a CPU under several nodes.
 *
 * @param node_idx   0..node_count-1
 * @param ret_count  length of the list; may be 0
 *
 * Threads: any thread, at any time.
 * Owner:   the topology, until it is closed.
 */
NW_API const uint32_t *nw_topo_node_cpus(const struct nw_topo *topo, uint32_t node_idx,
					 uint32_t *ret_count);

/**
 * Return the position of a node.
 *
 * @return 0..node_count-1
 * @return -ENODEV  no such node here
 *
 * Threads: any thread, at any time.
 */
NW_API int nw_topo_node_idx(const struct nw_topo *topo, nw_node node);

/**
 * Return the distance between two nodes as the firmware's table (SLIT) has it, 10 = local.
 *
 * Where the machine gives none: 10 on the diagonal, 20 elsewhere. Not always symmetric.
 *
 * @param from_idx  0..node_count-1
 * @param to_idx    0..node_count-1
 *
 * Threads: any thread, at any time.
 */
NW_API uint32_t nw_topo_distance(const struct nw_topo *topo, uint32_t from_idx, uint32_t to_idx);

/**
 * Order the nodes by distance from one, itself first.
 *
 * Nodes at the same distance come in ring order, beginning after node_idx, so that neighbours do
 * not all choose the same one first.
 *
 * @param node_idx   0..node_count-1
 * @param ret_order  node_count positions
 *
 * Threads: any thread, at any time.
 * Cost:    quadratic in node_count at worst; for set-up, not for hot paths.
 */
NW_API void nw_topo_nearest(const struct nw_topo *topo, uint32_t node_idx, uint32_t *ret_order);

/**
 * Return the number of kinds of cache, 0 where the machine does not say.
 *
 * Threads: any thread, at any time.
 */
NW_API uint32_t nw_topo_cache_count(const struct nw_topo *topo);

/**
 * Lend a kind of cache; kinds ascend by level, data before instruction.
 *
 * @param cache_idx  0..cache_count-1
 *
 * Threads: any thread, at any time.
 * Owner:   the topology, until it is closed.
 */
NW_API const struct nw_topo_cache *nw_topo_cache_at(const struct nw_topo *topo, uint32_t cache_idx);

/**
 * Return which cache of a kind a CPU uses; CPUs with the same answer share it.
 *
 * @param cpu_idx    0..cpu_count-1
 * @param cache_idx  0..cache_count-1, a kind
 * @return 0..nw_topo_cache_at(cache_idx)->cache_count-1, or NW_TOPO_NO_CACHE
 *
 * Threads: any thread, at any time.
 */
NW_API uint32_t nw_topo_cpu_cache(const struct nw_topo *topo, uint32_t cpu_idx, uint32_t cache_idx);

/**
 * Find the node that a network interface of this machine hangs on.
 *
 * In a simulated topology: the first pretended node whose memory is on that node.
 *
 * @param interface  as in /sys/class/net
 * @param ret_node   set on success; NW_NODE_ANY: virtual, the machine does not say, or the node
 *                   is not in this topology
 * @return 0
 * @return -EINVAL  not a name an interface can have: empty, longer than 15 bytes, "." or "..",
 *                  or with a '/'
 * @return -ENODEV  no such interface, or the topology is not this machine's
 *
 * Threads: any thread, at any time.
 * Cost:    three system calls.
 */
NW_API int nw_topo_nic_node(const struct nw_topo *topo, const char *interface, nw_node *ret_node)
	NW_MUST_USE;

NW_END_DECLS

#endif /* NW_TOPO_H */

/* SPDX-License-Identifier: MIT */
/* NUMA memory policies of ranges and of the calling thread, and what the kernel says about nodes.
 *
 * Masks hold NW_NODE_ID_MAX + 1 nodes. The kernel reads one bit less than it is told, so every
 * call here passes the bit count plus one. All int functions return 0 or -errno. */
#ifndef NWI_OS_POLICY_H
#define NWI_OS_POLICY_H

#include <nw/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NWI_NODE_WORDS = (NW_NODE_ID_MAX + 1) / (8 * sizeof(unsigned long)) };

struct nwi_nodes {
	unsigned long bits[NWI_NODE_WORDS];
};

enum nwi_policy { NWI_POLICY_BIND, NWI_POLICY_PREFERRED, NWI_POLICY_INTERLEAVE };

void nwi_nodes_add(struct nwi_nodes *nodes, nw_node node);
bool nwi_nodes_has(const struct nwi_nodes *nodes, nw_node node);

/* Policy of whole pages that have no memory yet. */
int nwi_policy_bind(void *base, size_t n_bytes, enum nwi_policy policy,
		    const struct nwi_nodes *nodes);

/* The calling thread's policy in the kernel's own words. */
int nwi_policy_get(int *ret_mode, unsigned long *ret_bits);
int nwi_policy_set(int mode, const unsigned long *bits);
/* NW_NODE_ANY: back to the default policy. */
int nwi_policy_set_preferred(nw_node node);

/* A kernel that shows no nodes has node 0. */
bool nwi_node_exists(nw_node node);
void nwi_nodes_with_memory(struct nwi_nodes *ret_nodes);
/* Node of the CPU this thread runs on now. */
int nwi_node_here(nw_node *ret_node);
/* Pages of 1 << page_log2 bytes in a node's hugetlb pool that nobody has; 0 if unknown. */
uint64_t nwi_node_free_huge(nw_node node, unsigned page_log2);

/* First text_bytes - 1 bytes of a file, NUL-terminated; false if it cannot be read. */
bool nwi_read_text(const char *path, char *text, size_t text_bytes);

#endif /* NWI_OS_POLICY_H */

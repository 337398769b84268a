/* SPDX-License-Identifier: MIT */
/*
 * The threads of a domain: a list of handles that only grows, so that a scan walks it without a
 * lock. A handle that a thread gave back stays in the list, quiet, for the next one.
 *
 * Invariant: a linked member is never freed before the registry, and its `next` never changes.
 * The lock is held for a few instructions and one mapping of memory at most; no callback of a
 * user runs under it.
 */
#ifndef NWI_RECLAIM_REGISTRY_H
#define NWI_RECLAIM_REGISTRY_H

#include <nw/node.h>
#include <nw/slab.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first field of a handle's record. */
struct nwi_member {
	struct nwi_member *next;
	bool is_used; /* under the lock */
};

struct nwi_registry {
	_Atomic uint32_t lock;
	struct nw_slab *slab; /* under the lock */
	_Atomic(struct nwi_member *) first;
	_Atomic uint32_t count, count_max; /* used now; linked */
};

/* Records of n_bytes each on a node; 0 or as nw_slab_create(). */
int nwi_registry_init(struct nwi_registry *registry, nw_node node, size_t n_bytes);
void nwi_registry_fini(struct nwi_registry *registry);

void nwi_registry_lock(struct nwi_registry *registry);
void nwi_registry_unlock(struct nwi_registry *registry);

/*
 * A record for one more thread, or NULL: no memory. `prepare` runs under the lock; a fresh record
 * is all zero then and not yet linked.
 */
struct nwi_member *nwi_registry_join(struct nwi_registry *registry,
				     void (*prepare)(struct nwi_member *member, void *arg),
				     void *arg);

/* Gives the record back; it stays linked. */
void nwi_registry_leave(struct nwi_registry *registry, struct nwi_member *member);

/* The child of a fork(): nobody holds the lock; every record but `kept` (or NULL) is given back. */
void nwi_registry_reset(struct nwi_registry *registry, const struct nwi_member *kept);

/* The newest member; follow `next`. Those linked while the caller walks may be missed. */
struct nwi_member *nwi_registry_first(const struct nwi_registry *registry);

#endif /* NWI_RECLAIM_REGISTRY_H */

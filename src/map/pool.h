/* SPDX-License-Identifier: MIT */
/*
 * The threads that use one queue or stack, each with a slab of its own for links.
 *
 * Invariants. A slab lives as long as the pool, since links of a thread that left may still be
 * inside; the next thread that joins takes the place with its slab. A link goes back to the slab
 * that it came from, by way of the hazard domain: nobody reads it any more.
 */
#ifndef NWI_MAP_POOL_H
#define NWI_MAP_POOL_H

#include <nw/hazard.h>
#include <nw/node.h>
#include <nw/slab.h>

#include <stdatomic.h>
#include <stdbool.h>

struct nwi_pool_member;

/* What carries one item inside a queue or a stack: a line of its own. */
struct nwi_link {
	_Atomic(struct nwi_link *) next; /* queue: written once, from NULL; stack: constant */
	void *item;
	struct nwi_pool_member *home; /* whose slab it is of; NULL: of the pool's own block */
	struct nw_retired retired;
};

struct nwi_pool {
	struct nw_hazard *domain;
	nw_node node;
	_Atomic(struct nwi_pool_member *) members; /* newest first; only grows until fini */
};

/* A thread's place: an item of its own slab. */
struct nwi_pool_member {
	void *of; /* the queue or stack */
	struct nw_slab *slab;
	struct nwi_pool_member *next;
	/* The thread that has the place; NULL: nobody. */
	_Atomic(struct nw_hazard_thread *) thread;
	struct nw_hazard_thread *own; /* the same, for the thread itself */
};

void nwi_pool_init(struct nwi_pool *pool, struct nw_hazard *domain, nw_node node);

/* Free the slabs. `thread` is any handle in the domain; no thread uses the pool any more. */
void nwi_pool_fini(struct nwi_pool *pool, struct nw_hazard_thread *thread);

/* 0; -EINVAL: thread is of another domain; or as nw_slab_create(). */
int nwi_pool_join(struct nwi_pool_member **ret_member, struct nwi_pool *pool,
		  struct nw_hazard_thread *thread, void *of);
void nwi_pool_leave(struct nwi_pool_member *member);

/* Deleter of links: `arg` is link->home. */
void nwi_pool_free_link(struct nw_hazard_thread *thread, void *ptr, void *arg);

/* A link with the item in it, next NULL; NULL: the kernel gives no more memory. */
static inline struct nwi_link *nwi_pool_take(struct nwi_pool_member *member, void *item)
{
	struct nwi_link *link = nw_slab_alloc(member->slab);

	if (!link)
		return NULL;
	atomic_init(&link->next, NULL);
	link->item = item;
	link->home = member;
	return link;
}

/* The caller has unlinked it. */
static inline void nwi_pool_retire(struct nwi_pool_member *member, struct nwi_link *link)
{
	nw_hazard_retire(member->own, &link->retired, link, nwi_pool_free_link, link->home);
}

#endif /* NWI_MAP_POOL_H */

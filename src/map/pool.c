/* SPDX-License-Identifier: MIT */
/* Places for threads, and the slabs that links come from (pool.h). */
#include "map/pool.h"

#include <assert.h>
#include <errno.h>

enum { LINK_BYTES = 64 }; /* a line: neighbours in a slab are not neighbours in a queue */
static_assert(sizeof(struct nwi_link) <= LINK_BYTES, "a link is one line");
static_assert(sizeof(struct nwi_pool_member) <= LINK_BYTES, "a place is an item of its slab");

void nwi_pool_init(struct nwi_pool *pool, struct nw_hazard *domain, nw_node node)
{
	pool->domain = domain;
	pool->node = node;
	atomic_init(&pool->members, NULL);
}

void nwi_pool_fini(struct nwi_pool *pool, struct nw_hazard_thread *thread)
{
	struct nwi_pool_member *member = atomic_load(&pool->members);

	/* Links that are retired but not yet reclaimed still have their home here. */
	nw_hazard_barrier(thread);
	while (member) {
		struct nwi_pool_member *next = member->next;

		nw_slab_destroy(member->slab); /* the place is in it */
		member = next;
	}
}

/* Takes a place that another thread left, if there is one. */
static struct nwi_pool_member *take_place(struct nwi_pool *pool, struct nw_hazard_thread *thread)
{
	struct nwi_pool_member *member = atomic_load(&pool->members);

	for (; member; member = member->next) {
		struct nw_hazard_thread *nobody = NULL;

		/* Both sequentially consistent, here and in leave: the slab's free list is ours. */
		if (atomic_compare_exchange_strong(&member->thread, &nobody, thread))
			return member;
	}
	return NULL;
}

static int make_place(struct nwi_pool_member **ret_member, struct nwi_pool *pool,
		      struct nw_hazard_thread *thread)
{
	struct nwi_pool_member *member;
	struct nw_slab *slab;
	int rc;

	rc = nw_slab_create(&slab, pool->node, LINK_BYTES, 0);
	if (rc < 0)
		return rc;
	member = nw_slab_alloc(slab); /* the first item: there is room */
	member->slab = slab;
	atomic_init(&member->thread, thread);
	member->next = atomic_load(&pool->members);
	while (!atomic_compare_exchange_weak(&pool->members, &member->next, member))
		;
	*ret_member = member;
	return 0;
}

int nwi_pool_join(struct nwi_pool_member **ret_member, struct nwi_pool *pool,
		  struct nw_hazard_thread *thread, void *of)
{
	struct nwi_pool_member *member;
	int rc;

	if (nw_hazard_domain_of(thread) != pool->domain)
		return -EINVAL;
	member = take_place(pool, thread);
	if (!member) {
		rc = make_place(&member, pool, thread);
		if (rc < 0)
			return rc;
	}
	member->of = of;
	member->own = thread;
	*ret_member = member;
	return 0;
}

void nwi_pool_leave(struct nwi_pool_member *member)
{
	atomic_store(&member->thread, NULL);
}

/* Whoever reads a link that went home finds what no test ever pushes. */
static void poison(struct nwi_link *link)
{
#ifndef NDEBUG
	link->item = (void *)(uintptr_t)0xdead11f0dead11f0;
	link->home = NULL;
#else
	(void)link;
#endif
}

void nwi_pool_free_link(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	struct nwi_pool_member *home = arg;

	if (!home)
		return; /* the first link of a queue: part of its own block */
	poison(ptr);
	/* relaxed: the value alone matters. It is ours only if this very thread wrote it, and then
	 * the slab is ours as well; whatever else is found, the link goes home the long way. */
	if (atomic_load_explicit(&home->thread, memory_order_relaxed) == thread)
		nw_slab_free(home->slab, ptr);
	else
		nw_slab_free(NULL, ptr);
}

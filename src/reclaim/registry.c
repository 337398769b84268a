/* SPDX-License-Identifier: MIT */
/*
 * Handles of the threads of a domain (registry.h). Joining and leaving are rare and take a lock
 * that spins, then yields; scans take none: they follow a list to whose front only is added.
 *
 * The slab's rule is one owner at a time; here that is whoever holds the lock. Records never go
 * back to it, so each is fresh from the kernel, zeroed, when it is handed out.
 */
#include "reclaim/registry.h"

#include "os/backoff.h"

int nwi_registry_init(struct nwi_registry *registry, nw_node node, size_t n_bytes)
{
	atomic_init(&registry->lock, 0);
	atomic_init(&registry->first, NULL);
	atomic_init(&registry->count, 0);
	atomic_init(&registry->count_max, 0);
	return nw_slab_create(&registry->slab, node, n_bytes, 0);
}

void nwi_registry_fini(struct nwi_registry *registry)
{
	nw_slab_destroy(registry->slab);
}

void nwi_registry_lock(struct nwi_registry *registry)
{
	struct nwi_backoff backoff = { 0 };

	/* [registry_lock.lock] acquire, pairs with [registry_unlock.lock]: the slab, and which
	 * records are used. */
	while (atomic_exchange_explicit(&registry->lock, 1, memory_order_acquire))
		nwi_backoff_wait(&backoff);
}

void nwi_registry_unlock(struct nwi_registry *registry)
{
	/* [registry_unlock.lock] release, pairs with [registry_lock.lock]: what was done under it.
	 */
	atomic_store_explicit(&registry->lock, 0, memory_order_release);
}

struct nwi_member *nwi_registry_first(const struct nwi_registry *registry)
{
	/* [registry_first.first] acquire, pairs with [registry_link.first]: the record, prepared.
	 */
	return atomic_load_explicit(&registry->first, memory_order_acquire);
}

static struct nwi_member *find_unused(const struct nwi_registry *registry)
{
	struct nwi_member *member = nwi_registry_first(registry);

	while (member && member->is_used)
		member = member->next;
	return member;
}

static void link_new(struct nwi_registry *registry, struct nwi_member *member)
{
	member->next = nwi_registry_first(registry);
	/* [registry_link.first] release, pairs with [registry_first.first]: the record, prepared.
	 */
	atomic_store_explicit(&registry->first, member, memory_order_release);
	atomic_fetch_add(&registry->count_max, 1);
}

struct nwi_member *nwi_registry_join(struct nwi_registry *registry,
				     void (*prepare)(struct nwi_member *member, void *arg),
				     void *arg)
{
	struct nwi_member *member;
	bool is_new;

	nwi_registry_lock(registry);
	member = find_unused(registry);
	is_new = !member;
	if (is_new)
		member = nw_slab_alloc(registry->slab);
	if (member) {
		prepare(member, arg);
		member->is_used = true;
		atomic_fetch_add(&registry->count, 1);
		if (is_new)
			link_new(registry, member);
	}
	nwi_registry_unlock(registry);
	return member;
}

void nwi_registry_leave(struct nwi_registry *registry, struct nwi_member *member)
{
	nwi_registry_lock(registry);
	member->is_used = false;
	atomic_fetch_sub(&registry->count, 1);
	nwi_registry_unlock(registry);
}

void nwi_registry_reset(struct nwi_registry *registry, const struct nwi_member *kept)
{
	struct nwi_member *member;

	for (member = nwi_registry_first(registry); member; member = member->next)
		member->is_used = member == kept;
	atomic_store(&registry->count, kept ? 1 : 0);
	atomic_store(&registry->lock, 0);
}

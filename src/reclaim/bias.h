/* SPDX-License-Identifier: MIT */
/*
 * A lock that costs its owner next to nothing. The owner's sections are a few instructions and
 * frequent; a visitor comes rarely, claims, makes the rare side's fence, and waits until the owner
 * is outside. Of "I am inside" and "I claim", at least one side sees the other's (Dekker).
 *
 * Invariant: nobody waits inside. So a visitor waits for a few instructions of the owner (or until
 * it runs again), and the owner for a visitor that takes a list.
 */
#ifndef NWI_RECLAIM_BIAS_H
#define NWI_RECLAIM_BIAS_H

#include "base/fence.h"
#include "os/backoff.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct nwi_bias {
	_Atomic uint32_t is_inside;  /* only the owner writes it */
	_Atomic uint32_t is_claimed; /* only a visitor writes it; visitors exclude each other */
};

static inline void nwi_bias_leave(struct nwi_bias *bias)
{
	/* [bias_leave.is_inside] release, pairs with [bias_await.is_inside]: what the owner did to
	 * the list. */
	atomic_store_explicit(&bias->is_inside, 0, memory_order_release);
}

/* Owner: is_full as the domain decided. */
static inline void nwi_bias_enter(struct nwi_bias *bias, bool is_full)
{
	struct nwi_backoff backoff = { 0 };

	for (;;) {
		/* relaxed: the value alone matters, and the fence below orders it. */
		atomic_store_explicit(&bias->is_inside, 1, memory_order_relaxed);
		nwi_fence_frequent(is_full);
		/* [bias_enter.is_claimed] acquire, pairs with [bias_release.is_claimed]: what the
		 * visitor did to the list. */
		if (!atomic_load_explicit(&bias->is_claimed, memory_order_acquire))
			return;
		nwi_bias_leave(bias);
		nwi_backoff_wait(&backoff);
	}
}

/* Visitor: first this, for each owner; then one nwi_asym_heavy() for all; then await each. */
static inline void nwi_bias_claim(struct nwi_bias *bias)
{
	/* relaxed: the value alone matters, and the caller's fence orders it. */
	atomic_store_explicit(&bias->is_claimed, 1, memory_order_relaxed);
}

static inline void nwi_bias_await(const struct nwi_bias *bias)
{
	struct nwi_backoff backoff = { 0 };

	/* [bias_await.is_inside] acquire, pairs with [bias_leave.is_inside]: the list as the owner
	 * left it. */
	while (atomic_load_explicit(&bias->is_inside, memory_order_acquire))
		nwi_backoff_wait(&backoff);
}

static inline void nwi_bias_release(struct nwi_bias *bias)
{
	/* [bias_release.is_claimed] release, pairs with [bias_enter.is_claimed]: the list as the
	 * visitor left it. */
	atomic_store_explicit(&bias->is_claimed, 0, memory_order_release);
}

/* The child of a fork(): neither side's other half exists any more. */
static inline void nwi_bias_reset(struct nwi_bias *bias)
{
	atomic_store(&bias->is_inside, 0);
	atomic_store(&bias->is_claimed, 0);
}

#endif /* NWI_RECLAIM_BIAS_H */

/* SPDX-License-Identifier: MIT */
/*
 * Whether a thread has objects in hand: taken off a list, not yet reclaimed nor put back. A
 * counter, odd while it has, so that who waits for those of now does not wait for those of later.
 *
 * Invariant: it is odd from before the objects leave a list that others look at until their
 * deleters have run and the rest is back on a list. Who waits has nothing in hand, so no two wait
 * for each other.
 */
#ifndef NWI_RECLAIM_HAND_H
#define NWI_RECLAIM_HAND_H

#include "os/backoff.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct nwi_hand {
	_Atomic uint64_t turn; /* only the owner writes it */
};

/* The owner's own question. */
static inline bool nwi_hand_is_full(const struct nwi_hand *hand)
{
	/* relaxed: only the asking thread writes it. */
	return (atomic_load_explicit(&hand->turn, memory_order_relaxed) & 1) != 0;
}

static inline void nwi_hand_fill(struct nwi_hand *hand)
{
	atomic_fetch_add(&hand->turn, 1);
}

static inline void nwi_hand_empty(struct nwi_hand *hand)
{
	atomic_fetch_add(&hand->turn, 1);
}

/* Until what the owner has in hand now is dealt with. */
static inline void nwi_hand_await(const struct nwi_hand *hand)
{
	uint64_t turn = atomic_load(&hand->turn);
	struct nwi_backoff backoff = { 0 };

	while ((turn & 1) != 0 && atomic_load(&hand->turn) == turn)
		nwi_backoff_wait(&backoff);
}

/* The child of a fork(): what was in hand is lost. */
static inline void nwi_hand_reset(struct nwi_hand *hand)
{
	if (nwi_hand_is_full(hand))
		nwi_hand_empty(hand);
}

#endif /* NWI_RECLAIM_HAND_H */

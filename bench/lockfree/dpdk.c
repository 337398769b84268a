/* SPDX-License-Identifier: MIT */
/*
 * DPDK's rte_ring as a subject, in memory of ours: it needs nothing of its environment then, which
 * is never started. The functions of the kind that is meant are called, so that nothing is decided
 * at run time. One slot of it stays empty, as in ck's.
 *
 * Its ring for many is shown in the order of its claims: a producer that stops between claim and
 * tail stops all. `rte_ring_rts` is the variant for more threads than cores, where the last one of
 * those under way moves the tail for all.
 */
#include "lockfree.h"

#include <rte_ring.h>
#include <stdalign.h>

static void *create_with(unsigned flags)
{
	ssize_t n_bytes = rte_ring_get_memsize(LF_SLOTS);
	struct rte_ring *ring;

	if (n_bytes < 0)
		return NULL;
	ring = aligned_alloc(128, ((size_t)n_bytes + 127) / 128 * 128);
	if (!ring || rte_ring_init(ring, "bench", LF_SLOTS, flags) == 0)
		return ring;
	free(ring);
	return NULL;
}

static void *create(void)
{
	return create_with(0); /* the functions called say which side is single */
}

static void *create_rts(void)
{
	return create_with(RING_F_MP_RTS_ENQ | RING_F_MC_RTS_DEQ);
}

/* Ring `kind`, whose producers call enqueue_<p> and whose consumers call dequeue_<c>. */
#define RING_CALLS(kind, p, c)                                                                   \
	static inline uint32_t kind##_push_burst(struct rte_ring *ring, void *const *items,      \
						 uint32_t n)                                     \
	{                                                                                        \
		return rte_ring_##p##_enqueue_burst(ring, items, n, NULL);                       \
	}                                                                                        \
	static inline uint32_t kind##_pop_burst(struct rte_ring *ring, void **items, uint32_t n) \
	{                                                                                        \
		return rte_ring_##c##_dequeue_burst(ring, items, n, NULL);                       \
	}                                                                                        \
	static inline bool kind##_push(struct rte_ring *ring, void *item)                        \
	{                                                                                        \
		return rte_ring_##p##_enqueue_bulk(ring, &item, 1, NULL) == 1;                   \
	}                                                                                        \
	static inline bool kind##_pop(struct rte_ring *ring, void **ret_item)                    \
	{                                                                                        \
		return rte_ring_##c##_dequeue_bulk(ring, ret_item, 1, NULL) == 1;                \
	}                                                                                        \
	LF_PAIRS(kind, struct rte_ring)                                                          \
	LF_STREAM(kind, struct rte_ring)                                                         \
	LF_BATCHES(kind, struct rte_ring)

RING_CALLS(spsc, sp, sc)
RING_CALLS(mpsc, mp, sc)
RING_CALLS(mpmc, mp, mc)
RING_CALLS(rts, mp_rts, mc_rts)

#define RING(group_name, subject_name, creator, kind)                                        \
	{                                                                                    \
		.group = (group_name), .name = (subject_name), .create = (creator),          \
		.destroy = free, .pairs = kind##_pairs, .pair_batches = kind##_pair_batches, \
		.produce = kind##_produce, .consume = kind##_consume,                        \
		.produce_batches = kind##_produce_batches,                                   \
		.consume_batches = kind##_consume_batches                                    \
	}

const struct lf_subject lf_dpdk[] = {
	RING("spsc", "rte_ring", create, spsc),
	RING("mpsc", "rte_ring", create, mpsc),
	RING("mpmc", "rte_ring", create, mpmc),
	RING("mpmc", "rte_ring_rts", create_rts, rts),
	{ .group = NULL },
};

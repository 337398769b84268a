/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Counters that many workers add to without meeting: a stripe of each worker's own, on its node.
 *
 *                  add(p)   add(q)   add_shared  sum  destroy
 *     add(p)       X        -        -           -    X
 *     add(q)       -        X        -           -    X
 *     add_shared   -        -        -           -    X
 *     sum          -        -        -           -    X
 *     destroy      X        X        X           X    X
 *
 * p and q are two stripes, each added to by one thread at a time. X: the caller must keep the two
 * calls from overlapping. -: any overlap is fine. sums and delta count as sum.
 *
 * A set has counter_count counters, each with one word in every stripe; stripes are NW_CACHE_PAIR
 * bytes or a multiple apart. All arithmetic is modulo 2^64, so adding -1 subtracts.
 *
 * A sum is not a snapshot: the stripes are read one after the other while others add. But
 * nothing is lost, what a thread has added before it tells another is in that one's next sum, and
 * of a counter that only grows a thread's sums never decrease. Counters are never reset: a reader
 * keeps its last sum and takes the difference, so readers do not disturb each other.
 *
 * Progress: everything but create and destroy is wait-free and makes no system call.
 * Order: none; a count publishes nothing.
 */
#ifndef NW_COUNTER_H
#define NW_COUNTER_H

#include <nw/base.h>
#include <nw/mem.h>
#include <nw/node.h>

#include <stdint.h>

#ifndef __cplusplus
#include <assert.h>
#include <stdatomic.h>
#endif

NW_BEGIN_DECLS

/** A set of counters. Opaque. */
struct nw_counter;

/** One worker's part of the set: its word of each counter. */
struct nw_counter_stripe;

/** Limits of a set. */
#define NW_COUNTER_COUNT_MAX        1024u
#define NW_COUNTER_STRIPE_COUNT_MAX 4096u

/**
 * Create a set, all counts zero, each stripe in memory bound to its node.
 *
 * @param ret_counter    set on success, untouched on failure
 * @param counter_count  1..1024
 * @param stripe_nodes   [stripe_count]: the node of each stripe's worker, or NW_NODE_ANY
 * @param stripe_count   1..4096
 * @return 0; what the kernel gave is in nw_counter_memory()
 * @return -EINVAL  a count is not allowed
 * @return another  as nw_mem_alloc() says (-ENODEV: no such node; -ENOMEM)
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_counter_destroy().
 * Cost:    whole pages for each node named; system calls.
 */
NW_API int nw_counter_create(struct nw_counter **ret_counter, uint32_t counter_count,
			     const nw_node *stripe_nodes, uint32_t stripe_count) NW_MUST_USE;

/**
 * Release a set. NULL is a no-op.
 *
 * Threads: when no other call on this set is running or will follow.
 */
NW_API void nw_counter_destroy(struct nw_counter *counter);

/**
 * Lend a stripe to the worker that adds to it; valid until the set is destroyed.
 *
 * @param stripe_idx  0..stripe_count-1
 *
 * Threads: any thread.
 */
NW_API struct nw_counter_stripe *nw_counter_stripe_at(const struct nw_counter *counter,
						      uint32_t stripe_idx);

/**
 * Lend the block a stripe lies in: its node, and the level of binding that was got.
 *
 * @param stripe_idx  0..stripe_count-1
 *
 * Threads: any thread.
 */
NW_API const struct nw_mem *nw_counter_memory(const struct nw_counter *counter,
					      uint32_t stripe_idx);

/**
 * Add to a counter.
 *
 * @param counter_idx  0..counter_count-1
 * @param n            any number, modulo 2^64
 *
 * Threads: the stripe's worker only: two at once would lose counts.
 * Progress: wait-free.
 * Cost:    a load and a store to a line of the worker's own.
 */
NW_API NW_INLINE void nw_counter_add(struct nw_counter_stripe *stripe, uint32_t counter_idx,
				     uint64_t n);

/**
 * Add to a counter without a stripe: to one more, which all such threads share.
 *
 * @param counter_idx  0..counter_count-1
 * @param n            any number, modulo 2^64
 *
 * Threads: any thread.
 * Progress: wait-free.
 * Cost:    one atomic addition on a shared line.
 */
NW_API void nw_counter_add_shared(struct nw_counter *counter, uint32_t counter_idx, uint64_t n);

/**
 * Sum of a counter over all stripes.
 *
 * @param counter_idx  0..counter_count-1
 *
 * Threads: any thread.
 * Progress: wait-free.
 * Cost:    reads a line of each stripe.
 */
NW_API uint64_t nw_counter_sum(const struct nw_counter *counter, uint32_t counter_idx);

/**
 * Sums of all counters, stripe by stripe.
 *
 * @param ret_sums  [counter_count]
 *
 * Threads: any thread.
 * Progress: wait-free.
 * Cost:    reads every stripe once.
 */
NW_API void nw_counter_sums(const struct nw_counter *counter, uint64_t *ret_sums);

/**
 * How much was added since this reader's last call.
 *
 * @param counter_idx  0..counter_count-1
 * @param sum_last     the reader's own: 0 at first; holds the new sum after
 * @return the new sum less *sum_last
 *
 * Threads: any thread, each with a sum_last of its own.
 * Progress: wait-free.
 * Cost:    as nw_counter_sum().
 */
NW_API uint64_t nw_counter_delta(const struct nw_counter *counter, uint32_t counter_idx,
				 uint64_t *sum_last);

#ifndef __cplusplus

/* Part of the ABI. */
struct nw_counter_stripe {
	uint64_t counter_count;    /* constant after creation */
	_Atomic uint64_t counts[]; /* [counter_count], written by the stripe's worker */
};

NW_INLINE void nw_counter_add(struct nw_counter_stripe *stripe, uint32_t counter_idx, uint64_t n)
{
	_Atomic uint64_t *count = &stripe->counts[counter_idx];

	assert(counter_idx < stripe->counter_count);
	/* relaxed: sole writer. */
	n += atomic_load_explicit(count, memory_order_relaxed);
	/* relaxed: sole writer. */
	atomic_store_explicit(count, n, memory_order_relaxed);
}

#endif /* !__cplusplus */

NW_END_DECLS

#endif /* NW_COUNTER_H */

/* SPDX-License-Identifier: MIT */
/*
 * Striped counters.
 *
 *     node 0's block   | stripe 0 | stripe 2 | shared |      a stripe: one word a counter
 *     node 1's block   | stripe 1 | stripe 3 |
 *
 * Roles: a stripe's worker alone writes its words, by a load and a store; every thread may add to
 * the shared stripe, atomically. Readers add up.
 *
 * Invariant: the sum over all stripes, modulo 2^64, is the sum of all additions so far.
 *
 * Why relaxed is enough: a word is written by one thread (or by atomic additions), so no addition
 * is lost, and any reader sees each word's values in their order. An addition that happens before
 * a sum is in it, since the word's later values include it. Nothing else is read through a count.
 *
 * Each node named gets one block, with its stripes at multiples of NW_CACHE_PAIR; the shared stripe
 * lies with stripe 0. The table of stripes is read-only after creation.
 */
#include <nw/counter.h>

#include "base/bits.h"
#include "os/heap.h"

#include <errno.h>
#include <string.h>

/* What lies on one node. */
struct block {
	nw_node node;
	uint32_t stripe_count;
	uint32_t used_count; /* while the stripes are handed out */
	struct nw_mem mem;
};

/* A stripe and where it is. */
struct place {
	struct nw_counter_stripe *stripe;
	uint32_t block_idx;
};

struct nw_counter {
	/* Constant after creation. */
	uint32_t counter_count;
	uint32_t stripe_count; /* without the shared one */
	uint32_t block_count;
	struct block *blocks;  /* [block_count]; room for stripe_count */
	struct place places[]; /* [stripe_count + 1], the shared one last */
};

static size_t stripe_bytes(const struct nw_counter *counter)
{
	return nwi_round_up(sizeof(struct nw_counter_stripe) +
				    (size_t)counter->counter_count * sizeof(uint64_t),
			    NW_CACHE_PAIR);
}

/* Position of a node's block, made where there is none yet. */
static uint32_t block_of(struct nw_counter *counter, nw_node node)
{
	uint32_t i = 0;

	while (i < counter->block_count && counter->blocks[i].node.id != node.id)
		i++;
	if (i == counter->block_count)
		counter->blocks[counter->block_count++].node = node;
	return i;
}

/* Decides which stripe lies in which block. */
static void plan(struct nw_counter *counter, const nw_node *stripe_nodes)
{
	for (uint32_t i = 0; i <= counter->stripe_count; i++) {
		struct place *place = &counter->places[i];

		place->block_idx = block_of(counter,
					    stripe_nodes[i < counter->stripe_count ? i : 0]);
		counter->blocks[place->block_idx].stripe_count++;
	}
}

static int map(struct nw_counter *counter)
{
	for (uint32_t i = 0; i < counter->block_count; i++) {
		struct block *block = &counter->blocks[i];
		int rc = nw_mem_alloc(&block->mem, block->node,
				      block->stripe_count * stripe_bytes(counter), 0);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static void hand_out(struct nw_counter *counter)
{
	for (uint32_t i = 0; i <= counter->stripe_count; i++) {
		struct place *place = &counter->places[i];
		struct block *block = &counter->blocks[place->block_idx];
		unsigned char *base = block->mem.base;

		/* New pages are zero, and zero words are counts of nothing. */
		place->stripe = (struct nw_counter_stripe *)(void *)(base +
								     block->used_count++ *
									     stripe_bytes(counter));
		place->stripe->counter_count = counter->counter_count;
	}
}

int nw_counter_create(struct nw_counter **ret_counter, uint32_t counter_count,
		      const nw_node *stripe_nodes, uint32_t stripe_count)
{
	struct nw_counter *counter;
	int rc;

	if (counter_count < 1 || counter_count > NW_COUNTER_COUNT_MAX || stripe_count < 1 ||
	    stripe_count > NW_COUNTER_STRIPE_COUNT_MAX)
		return -EINVAL;
	counter = nwi_heap_alloc(sizeof(*counter) + (stripe_count + 1) * sizeof(struct place));
	if (!counter)
		return -ENOMEM;
	counter->counter_count = counter_count;
	counter->stripe_count = stripe_count;
	counter->blocks = nwi_heap_alloc_array(stripe_count, sizeof(struct block));
	if (!counter->blocks) {
		rc = -ENOMEM;
		goto fail;
	}
	plan(counter, stripe_nodes);
	rc = map(counter);
	if (rc < 0)
		goto fail;
	hand_out(counter);
	*ret_counter = counter;
	return 0;
fail:
	nw_counter_destroy(counter);
	return rc;
}

void nw_counter_destroy(struct nw_counter *counter)
{
	if (!counter)
		return;
	for (uint32_t i = 0; i < counter->block_count; i++)
		nw_mem_free(&counter->blocks[i].mem); /* not mapped: a no-op */
	nwi_heap_free(counter->blocks);
	nwi_heap_free(counter);
}

struct nw_counter_stripe *nw_counter_stripe_at(const struct nw_counter *counter,
					       uint32_t stripe_idx)
{
	assert(stripe_idx < counter->stripe_count);
	return counter->places[stripe_idx].stripe;
}

const struct nw_mem *nw_counter_memory(const struct nw_counter *counter, uint32_t stripe_idx)
{
	assert(stripe_idx < counter->stripe_count);
	return &counter->blocks[counter->places[stripe_idx].block_idx].mem;
}

/* The body is in the header; here is what C++ and pointers to it link with. */
extern void nw_counter_add(struct nw_counter_stripe *stripe, uint32_t counter_idx, uint64_t n);

void nw_counter_add_shared(struct nw_counter *counter, uint32_t counter_idx, uint64_t n)
{
	assert(counter_idx < counter->counter_count);
	/* relaxed: a count. */
	atomic_fetch_add_explicit(
		&counter->places[counter->stripe_count].stripe->counts[counter_idx], n,
		memory_order_relaxed);
}

static uint64_t count_in(const struct nw_counter_stripe *stripe, uint32_t counter_idx)
{
	/* relaxed: a count. */
	return atomic_load_explicit(&stripe->counts[counter_idx], memory_order_relaxed);
}

uint64_t nw_counter_sum(const struct nw_counter *counter, uint32_t counter_idx)
{
	uint64_t sum = 0;

	assert(counter_idx < counter->counter_count);
	for (uint32_t i = 0; i <= counter->stripe_count; i++)
		sum += count_in(counter->places[i].stripe, counter_idx);
	return sum;
}

void nw_counter_sums(const struct nw_counter *counter, uint64_t *ret_sums)
{
	memset(ret_sums, 0, counter->counter_count * sizeof(ret_sums[0]));
	for (uint32_t i = 0; i <= counter->stripe_count; i++)
		for (uint32_t k = 0; k < counter->counter_count; k++)
			ret_sums[k] += count_in(counter->places[i].stripe, k);
}

uint64_t nw_counter_delta(const struct nw_counter *counter, uint32_t counter_idx,
			  uint64_t *sum_last)
{
	uint64_t sum = nw_counter_sum(counter, counter_idx), delta = sum - *sum_last;

	*sum_last = sum;
	return delta;
}

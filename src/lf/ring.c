/* SPDX-License-Identifier: MIT */
/*
 * Single-producer single-consumer ring.
 *
 *     slots   . . . x x x x . .       head: next slot the producer fills
 *                   ^       ^         tail: next slot the consumer empties
 *                   tail    head
 *
 * Roles: the producer alone writes head, the consumer alone writes tail.
 *
 * head and tail count pushes and pops since creation; they run freely and wrap at 2^32, so
 * only their unsigned difference means anything (slot_count <= 2^30 keeps it unambiguous).
 *
 * Invariant, at all times: head - tail <= slot_count.
 *
 * Each side keeps a private copy of the other side's index, always a past value of it, and
 * re-reads the shared one only when the copy says there is too little room (or too few
 * items). So away from the edges neither side touches the other's line. A past tail makes
 * the ring look fuller than it is, a past head emptier: both err to the safe side.
 *
 * Why it is correct: a slot is written between the acquire of the tail that freed it and the
 * release of the head that publishes it, and read between the acquire of that head and the
 * release of that tail. There is no ABA: indices only grow, and nobody else writes them.
 *
 * References: L. Lamport, "Specifying concurrent program modules", TOPLAS 5(2), 1983;
 * P. Lee et al., "A lock-free, cache-efficient shared ring buffer", ANCS 2009 (the cached
 * index). We differ in that all slots are usable and the indices are never masked.
 */
#include <nw/ring.h>

#include "base/bits.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

struct nw_ring {
	/* Written by the producer. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t head;
	uint32_t tail_seen; /* producer's copy: a past value of tail */

	/* Written by the consumer. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t tail;
	uint32_t head_seen; /* consumer's copy: a past value of head */

	/* Constant after creation. */
	alignas(NW_CACHE_PAIR) uint32_t slot_count;
	uint32_t mask;
	struct nw_mem mem; /* base NULL: the memory is the caller's */

	/* Slot i & mask: the producer's while free, else the consumer's. */
	alignas(NW_CACHE_PAIR) void *slots[];
};

static bool is_slot_count(uint32_t n)
{
	return n >= NW_RING_SLOT_COUNT_MIN && n <= NW_RING_SLOT_COUNT_MAX && nwi_is_pow2(n);
}

size_t nw_ring_bytes(uint32_t slot_count)
{
	if (!is_slot_count(slot_count))
		return 0;
	return nwi_round_up(sizeof(struct nw_ring) + (size_t)slot_count * sizeof(void *),
			    NW_CACHE_PAIR);
}

int nw_ring_init(struct nw_ring **ret_ring, void *memory, size_t n_bytes, uint32_t slot_count)
{
	struct nw_ring *ring = memory;

	if (!is_slot_count(slot_count) || (uintptr_t)memory % NW_CACHE_PAIR != 0)
		return -EINVAL;
	if (n_bytes < nw_ring_bytes(slot_count))
		return -ENOSPC;
	memset(ring, 0, sizeof(*ring));
	atomic_init(&ring->head, 0);
	atomic_init(&ring->tail, 0);
	ring->slot_count = slot_count;
	ring->mask = slot_count - 1;
	*ret_ring = ring;
	return 0;
}

void nw_ring_fini(struct nw_ring *ring)
{
	(void)ring; /* nothing is held; the call marks where the memory is free again */
}

int nw_ring_create(struct nw_ring **ret_ring, uint32_t slot_count, nw_node node)
{
	struct nw_mem mem;
	struct nw_ring *ring;
	int rc;

	if (!is_slot_count(slot_count))
		return -EINVAL;
	rc = nw_mem_alloc(&mem, node, nw_ring_bytes(slot_count), 0);
	if (rc < 0)
		return rc;
	rc = nw_ring_init(&ring, mem.base, mem.n_bytes, slot_count);
	if (rc < 0) {
		nw_mem_free(&mem);
		return rc;
	}
	ring->mem = mem;
	*ret_ring = ring;
	return 0;
}

void nw_ring_destroy(struct nw_ring *ring)
{
	struct nw_mem mem;

	if (!ring)
		return;
	mem = ring->mem; /* a copy: the block holds its own description */
	nw_mem_free(&mem);
}

const struct nw_mem *nw_ring_memory(const struct nw_ring *ring)
{
	return ring->mem.base ? &ring->mem : NULL;
}

/* Producer: free slots, at least `wanted` if there are so many. */
static inline uint32_t free_count(struct nw_ring *ring, uint32_t head, uint32_t wanted)
{
	uint32_t n = ring->slot_count - (head - ring->tail_seen);

	if (n >= wanted)
		return n;
	/* [push.tail] acquire, pairs with [pop.tail]: the consumer has read the slots before
	 * we overwrite them. */
	ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
	return ring->slot_count - (head - ring->tail_seen);
}

/* Consumer: filled slots, at least `wanted` if there are so many. */
static inline uint32_t filled_count(struct nw_ring *ring, uint32_t tail, uint32_t wanted)
{
	uint32_t n = ring->head_seen - tail;

	if (n >= wanted)
		return n;
	/* [pop.head] acquire, pairs with [push.head]: see the content of the slots. */
	ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
	return ring->head_seen - tail;
}

/* Producer: pass the slots before `head` on. */
static inline void publish(struct nw_ring *ring, uint32_t head)
{
	/* [push.head] release, pairs with [pop.head]: publishes the slots, and all that the
	 * producer did before. */
	atomic_store_explicit(&ring->head, head, memory_order_release);
}

/* Consumer: give the slots before `tail` back. */
static inline void release(struct nw_ring *ring, uint32_t tail)
{
	/* [pop.tail] release, pairs with [push.tail], [count.tail]: our reads of the slots
	 * are done before the producer may reuse them. */
	atomic_store_explicit(&ring->tail, tail, memory_order_release);
}

bool nw_ring_push(struct nw_ring *ring, void *item)
{
	/* relaxed: sole writer. */
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	if (free_count(ring, head, 1) == 0)
		return false;
	ring->slots[head & ring->mask] = item;
	publish(ring, head + 1);
	return true;
}

uint32_t nw_ring_push_burst(struct nw_ring *ring, void *const *items, uint32_t item_count)
{
	/* relaxed: sole writer. */
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	uint32_t n = free_count(ring, head, item_count);

	if (n > item_count)
		n = item_count;
	if (n == 0)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		ring->slots[(head + i) & ring->mask] = items[i];
	publish(ring, head + n);
	return n;
}

bool nw_ring_pop(struct nw_ring *ring, void **ret_item)
{
	/* relaxed: sole writer. */
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	if (filled_count(ring, tail, 1) == 0)
		return false;
	*ret_item = ring->slots[tail & ring->mask];
	release(ring, tail + 1);
	return true;
}

uint32_t nw_ring_pop_burst(struct nw_ring *ring, void **ret_items, uint32_t item_count)
{
	/* relaxed: sole writer. */
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	uint32_t n = filled_count(ring, tail, item_count);

	if (n > item_count)
		n = item_count;
	if (n == 0)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		ret_items[i] = ring->slots[(tail + i) & ring->mask];
	release(ring, tail + n);
	return n;
}

uint32_t nw_ring_count(const struct nw_ring *ring)
{
	/* [count.tail] acquire, pairs with [pop.tail]: the head read next is at least the one
	 * the consumer had seen, so head - tail is not negative. */
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	/* relaxed: statistic; it may have run ahead of tail by more than slot_count. */
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	uint32_t n = head - tail;

	return n < ring->slot_count ? n : ring->slot_count;
}

uint32_t nw_ring_slot_count(const struct nw_ring *ring)
{
	return ring->slot_count;
}

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
#include <string.h>

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

/* The bodies are in the header; here is what C++ and pointers to these functions link with. */
extern bool nw_ring_push(struct nw_ring *ring, void *item);
extern bool nw_ring_pop(struct nw_ring *ring, void **ret_item);

/* Of n slots from position i on: how many lie before the end of the array. */
static inline uint32_t until_end(const struct nw_ring *ring, uint32_t i, uint32_t n)
{
	uint32_t room = ring->slot_count - (i & ring->mask);

	return n < room ? n : room;
}

uint32_t nw_ring_push_burst(struct nw_ring *ring, void *const *items, uint32_t item_count)
{
	/* relaxed: sole writer. */
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	uint32_t n = ring->slot_count - (head - ring->tail_seen), first;

	if (n < item_count) {
		/* [push_burst.tail] acquire, pairs with [pop.tail], [pop_burst.tail]: the
		 * consumer has read the slots before we overwrite them. */
		ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
		n = ring->slot_count - (head - ring->tail_seen);
	}
	if (n > item_count)
		n = item_count;
	if (n == 0)
		return 0;
	first = until_end(ring, head, n);
	memcpy(&ring->slots[head & ring->mask], items, first * sizeof(items[0]));
	memcpy(&ring->slots[0], items + first, (n - first) * sizeof(items[0]));
	/* [push_burst.head] release, pairs with [pop.head], [pop_burst.head]: publishes the
	 * slots, and all that the producer did before. */
	atomic_store_explicit(&ring->head, head + n, memory_order_release);
	return n;
}

uint32_t nw_ring_pop_burst(struct nw_ring *ring, void **ret_items, uint32_t item_count)
{
	/* relaxed: sole writer. */
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	uint32_t n = ring->head_seen - tail, first;

	if (n < item_count) {
		/* [pop_burst.head] acquire, pairs with [push.head], [push_burst.head]: see the
		 * content of the slots. */
		ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
		n = ring->head_seen - tail;
	}
	if (n > item_count)
		n = item_count;
	if (n == 0)
		return 0;
	first = until_end(ring, tail, n);
	memcpy(ret_items, &ring->slots[tail & ring->mask], first * sizeof(ret_items[0]));
	memcpy(ret_items + first, &ring->slots[0], (n - first) * sizeof(ret_items[0]));
	/* [pop_burst.tail] release, pairs with [push.tail], [push_burst.tail], [count.tail]: our
	 * reads of the slots are done before the producer may reuse them. */
	atomic_store_explicit(&ring->tail, tail + n, memory_order_release);
	return n;
}

uint32_t nw_ring_count(const struct nw_ring *ring)
{
	/* [count.tail] acquire, pairs with [pop.tail], [pop_burst.tail]: the head read next is at
	 * least the one the consumer had seen, so head - tail is not negative. */
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

/* SPDX-License-Identifier: MIT */
/*
 * Multi-producer single-consumer ring with claims of whole bursts.
 *
 *     slots   . . A A A b b C . .     head: next slot a producer claims
 *                 ^         ^         tail: next slot the consumer empties
 *                 tail    head        A, C shown; b claimed, being filled: a gap
 *     marks   . . 3 - - - - 1 . .     at a burst's first slot: its lap and its length
 *
 * Roles: producers move head, by compare-and-swap, and each writes the slots that it claimed; the
 * consumer alone writes tail. A producer shows its burst by one store, the mark at its first slot;
 * the consumer, whose tail stands at the first slot of a burst, looks at that mark alone.
 *
 * Positions count slots since creation and have 64 bits: they start at slot_count and never wrap.
 * The lap of a position is what is left of it above the slot's own bits. A mark is (lap << 1 |
 * length), the length in the bits that the shift and the lap leave free (length <= slot_count).
 * The lap starts at 1, so a zeroed mark is none.
 *
 * Invariant, at all times: tail <= head <= tail + slot_count, and a mark with the lap of its slot
 * between tail and head stands at the first slot of a burst that is filled.
 *
 * Why it is correct: a slot is filled after the acquire of a tail that freed it and before the
 * release of its burst's mark; it is read between the acquire of that mark and the release of the
 * tail that frees it. An old mark cannot pass for a new one: its lap differs. A claim cannot
 * succeed on an old head (the number would differ), and there is no ABA, for head only grows. It
 * hands on the tail it rests on: a producer that saw a new head with an older tail would find
 * more than slot_count items, and the difference would wrap into room for any number.
 *
 * tail_seen is a past value of tail that producers keep beside head, so that away from the full
 * edge they leave the consumer's line alone. Any past value errs to the safe side, so they may
 * overwrite each other's. It is read before head and is never above it: whoever stored it had
 * seen a tail, which the consumer stored after it had seen the claims below.
 *
 * Shown in order by one mark a burst, not by a second index that producers move in turn (DPDK's
 * rte_ring): a stalled producer then stops the consumer at the gap, never another producer.
 *
 * References: D. Vyukov, "Bounded MPMC queue", 1024cores.net, 2010 (a sequence in each slot);
 * DPDK, "Ring library" (claims of n slots at once).
 */
#include <nw/mpsc.h>

#include "base/attr.h"
#include "base/bits.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

struct nw_mpsc {
	/* Written by the producers. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t head;
	_Atomic uint64_t tail_seen; /* a past value of tail */

	/* Written by the consumer. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t tail;
	uint32_t burst_left; /* of the burst that tail stands in: items not yet taken */

	/* Constant after creation. */
	alignas(NW_CACHE_PAIR) uint64_t mask;
	uint32_t slot_count;
	uint32_t item_bytes;
	unsigned char *items; /* slot i & mask: its claimant's while free, else the consumer's */
	struct nw_mem mem;    /* base NULL: the memory is the caller's */

	/* Written by whoever claimed the slot, if it is the first of its burst. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t marks[];
};

static bool is_allowed(uint32_t slot_count, uint32_t item_bytes)
{
	return slot_count >= NW_MPSC_SLOT_COUNT_MIN && slot_count <= NW_MPSC_SLOT_COUNT_MAX &&
	       nwi_is_pow2(slot_count) && item_bytes >= 8 && item_bytes % 8 == 0 &&
	       item_bytes <= NW_MPSC_ITEM_BYTES_MAX;
}

/* Where the items begin. */
static size_t items_offset(uint32_t slot_count)
{
	return nwi_round_up(sizeof(struct nw_mpsc) + (size_t)slot_count * sizeof(uint64_t),
			    NW_CACHE_PAIR);
}

size_t nw_mpsc_bytes(uint32_t slot_count, uint32_t item_bytes)
{
	if (!is_allowed(slot_count, item_bytes))
		return 0;
	return nwi_round_up(items_offset(slot_count) + (size_t)slot_count * item_bytes,
			    NW_CACHE_PAIR);
}

int nw_mpsc_init(struct nw_mpsc **ret_mpsc, void *memory, size_t n_bytes, uint32_t slot_count,
		 uint32_t item_bytes)
{
	struct nw_mpsc *mpsc = memory;

	if (!is_allowed(slot_count, item_bytes) || (uintptr_t)memory % NW_CACHE_PAIR != 0)
		return -EINVAL;
	if (n_bytes < nw_mpsc_bytes(slot_count, item_bytes))
		return -ENOSPC;
	memset(mpsc, 0, sizeof(*mpsc));
	atomic_init(&mpsc->head, slot_count);
	atomic_init(&mpsc->tail_seen, slot_count);
	atomic_init(&mpsc->tail, slot_count);
	for (uint32_t i = 0; i < slot_count; i++)
		atomic_init(&mpsc->marks[i], 0);
	mpsc->mask = slot_count - 1;
	mpsc->slot_count = slot_count;
	mpsc->item_bytes = item_bytes;
	mpsc->items = (unsigned char *)memory + items_offset(slot_count);
	*ret_mpsc = mpsc;
	return 0;
}

void nw_mpsc_fini(struct nw_mpsc *mpsc)
{
	(void)mpsc; /* nothing is held; the call marks where the memory is free again */
}

int nw_mpsc_create(struct nw_mpsc **ret_mpsc, uint32_t slot_count, uint32_t item_bytes,
		   nw_node node)
{
	struct nw_mem mem;
	struct nw_mpsc *mpsc;
	int rc;

	if (!is_allowed(slot_count, item_bytes))
		return -EINVAL;
	rc = nw_mem_alloc(&mem, node, nw_mpsc_bytes(slot_count, item_bytes), 0);
	if (rc < 0)
		return rc;
	rc = nw_mpsc_init(&mpsc, mem.base, mem.n_bytes, slot_count, item_bytes);
	if (rc < 0) {
		nw_mem_free(&mem);
		return rc;
	}
	mpsc->mem = mem;
	*ret_mpsc = mpsc;
	return 0;
}

void nw_mpsc_destroy(struct nw_mpsc *mpsc)
{
	struct nw_mem mem;

	if (!mpsc)
		return;
	mem = mpsc->mem; /* a copy: the block holds its own description */
	nw_mem_free(&mem);
}

const struct nw_mem *nw_mpsc_memory(const struct nw_mpsc *mpsc)
{
	return mpsc->mem.base ? &mpsc->mem : NULL;
}

/* The lap of a position where marks keep it: above the bits of a length. */
static inline uint64_t lap_of(const struct nw_mpsc *mpsc, uint64_t pos)
{
	return (pos & ~mpsc->mask) << 1;
}

static inline void copy(void *to, const void *from, size_t n_bytes)
{
	/* The commonest size costs no call. */
	if (n_bytes == sizeof(uint64_t))
		memcpy(to, from, sizeof(uint64_t));
	else
		memcpy(to, from, n_bytes);
}

/* Of n slots from pos on: how many lie before the end of the array. */
static inline uint32_t until_end(const struct nw_mpsc *mpsc, uint64_t pos, uint32_t n)
{
	uint64_t room = mpsc->slot_count - (pos & mpsc->mask);

	return n < room ? n : (uint32_t)room;
}

static inline void copy_in(struct nw_mpsc *mpsc, uint64_t pos, const unsigned char *items,
			   uint32_t n)
{
	size_t n_bytes = mpsc->item_bytes, first = until_end(mpsc, pos, n);

	copy(mpsc->items + (pos & mpsc->mask) * n_bytes, items, first * n_bytes);
	if (first < n)
		copy(mpsc->items, items + first * n_bytes, (n - first) * n_bytes);
}

static inline void copy_out(const struct nw_mpsc *mpsc, uint64_t pos, unsigned char *ret_items,
			    uint32_t n)
{
	size_t n_bytes = mpsc->item_bytes, first = until_end(mpsc, pos, n);

	copy(ret_items, mpsc->items + (pos & mpsc->mask) * n_bytes, first * n_bytes);
	if (first < n)
		copy(ret_items + first * n_bytes, mpsc->items, (n - first) * n_bytes);
}

/* The tail itself, kept for the producers that come after. */
NWI_NEVER_INLINE uint64_t look_at_tail(struct nw_mpsc *mpsc)
{
	/* [mpsc_push.tail] acquire, pairs with [mpsc_pop.tail]: the consumer has read the slots
	 * below, and seen the claims up to there. */
	uint64_t tail = atomic_load_explicit(&mpsc->tail, memory_order_acquire);

	/* [mpsc_push.kept] release, pairs with [mpsc_push.seen], [mpsc_push_one.seen]: hands on
	 * what that acquire saw. */
	atomic_store_explicit(&mpsc->tail_seen, tail, memory_order_release);
	return tail;
}

/* Claims up to n slots; their number, 0: full. n <= slot_count. */
static inline uint32_t claim(struct nw_mpsc *mpsc, uint32_t n, uint64_t *ret_pos)
{
	/* [mpsc_push.seen] acquire, pairs with [mpsc_push.kept]: the slots below that tail have
	 * been read, and the head loaded next is not older than it. */
	uint64_t tail = atomic_load_explicit(&mpsc->tail_seen, memory_order_acquire);
	/* [mpsc_push.head] acquire, pairs with [mpsc_push.claim], [mpsc_push_one.claim]: the tail
	 * that made room for the claims below head, so that a tail read after it is not more than
	 * slot_count lower. */
	uint64_t head = atomic_load_explicit(&mpsc->head, memory_order_acquire);
	uint64_t room;

	do {
		room = mpsc->slot_count - (head - tail);
		/* Above slot_count: a kept tail more than slot_count below head, or above it. */
		if (room < n || room > mpsc->slot_count) {
			tail = look_at_tail(mpsc);
			/* Above slot_count if head is old: then the CAS fails. */
			room = mpsc->slot_count - (head - tail);
		}
		if (room < n)
			n = (uint32_t)room;
		if (n == 0)
			return 0;
		/* [mpsc_push.claim] acq_rel, pairs with [mpsc_push.head], [mpsc_push.claim],
		 * [mpsc_push_one.claim]: hands on the tail that this claim rests on; when it fails,
		 * acquire, as that head. */
	} while (!atomic_compare_exchange_weak_explicit(
		&mpsc->head, &head, head + n, memory_order_acq_rel, memory_order_acquire));
	*ret_pos = head;
	return n;
}

/* Shows a burst whose slots are filled. */
static inline void show(struct nw_mpsc *mpsc, uint64_t pos, uint32_t n)
{
	/* [mpsc_push.mark] release, pairs with [mpsc_pop.mark]: shows the slots of the burst, and
	 * all that the producer did before. */
	atomic_store_explicit(&mpsc->marks[pos & mpsc->mask], lap_of(mpsc, pos) | n,
			      memory_order_release);
}

uint32_t nw_mpsc_push_burst(struct nw_mpsc *mpsc, const void *items, uint32_t item_count)
{
	uint64_t pos = 0;
	uint32_t n = item_count < mpsc->slot_count ? item_count : mpsc->slot_count;

	n = claim(mpsc, n, &pos);
	if (n == 0)
		return 0;
	copy_in(mpsc, pos, items, n);
	show(mpsc, pos, n);
	return n;
}

void nw_mpsc_claim(struct nw_mpsc *mpsc, uint32_t item_count, struct nw_mpsc_claim *ret_claim)
{
	uint32_t n = item_count < mpsc->slot_count ? item_count : mpsc->slot_count;

	/* One by one: the model checker takes no copy of a struct. */
	ret_claim->items = mpsc->items;
	ret_claim->mask = mpsc->mask;
	ret_claim->pos = 0;
	ret_claim->count = n > 0 ? claim(mpsc, n, &ret_claim->pos) : 0;
}

void nw_mpsc_show(struct nw_mpsc *mpsc, const struct nw_mpsc_claim *claim)
{
	if (claim->count > 0)
		show(mpsc, claim->pos, claim->count);
}

/* Any size of item, and whatever a first try did not claim. */
NWI_NEVER_INLINE bool push_one(struct nw_mpsc *mpsc, const void *item)
{
	return nw_mpsc_push_burst(mpsc, item, 1) == 1;
}

bool nw_mpsc_push(struct nw_mpsc *mpsc, const void *item)
{
	/* Items of one word, and room that was seen before: apart, so that this needs no registers
	 * beyond a leaf's. A new head beside an old tail is no room here, hence harmless. */
	/* [mpsc_push_one.seen] acquire, pairs with [mpsc_push.kept]: the slots below that tail, and
	 * a lap further, have been read. */
	uint64_t tail = atomic_load_explicit(&mpsc->tail_seen, memory_order_acquire);
	/* relaxed: re-checked by the CAS below. */
	uint64_t pos = atomic_load_explicit(&mpsc->head, memory_order_relaxed);

	if (mpsc->item_bytes != sizeof(uint64_t) || pos - tail >= mpsc->slot_count)
		return push_one(mpsc, item);
	/* [mpsc_push_one.claim] release, pairs with [mpsc_push.head], [mpsc_push.claim]: hands on
	 * the tail that this claim rests on. */
	if (!atomic_compare_exchange_strong_explicit(&mpsc->head, &pos, pos + 1,
						     memory_order_release, memory_order_relaxed))
		return push_one(mpsc, item);
	memcpy(mpsc->items + (pos & mpsc->mask) * sizeof(uint64_t), item, sizeof(uint64_t));
	show(mpsc, pos, 1);
	return true;
}

/* Length of the burst that begins at pos; 0: none is shown there. */
static inline uint32_t burst_at(const struct nw_mpsc *mpsc, uint64_t pos)
{
	/* [mpsc_pop.mark] acquire, pairs with [mpsc_push.mark]: see the slots of the burst. */
	uint64_t mark = atomic_load_explicit(&mpsc->marks[pos & mpsc->mask], memory_order_acquire);
	uint64_t length = mark - lap_of(mpsc, pos);

	/* Another lap makes the difference larger than any length; wrapping included. */
	return length <= mpsc->slot_count ? (uint32_t)length : 0;
}

static inline void give_back(struct nw_mpsc *mpsc, uint64_t tail)
{
	/* [mpsc_pop.tail] release, pairs with [mpsc_push.tail], [mpsc_count.tail]: our reads of
	 * the slots below are done before a producer may reuse them. */
	atomic_store_explicit(&mpsc->tail, tail, memory_order_release);
}

uint32_t nw_mpsc_pop_burst(struct nw_mpsc *mpsc, void *ret_items, uint32_t item_count)
{
	/* relaxed: sole writer. */
	uint64_t tail = atomic_load_explicit(&mpsc->tail, memory_order_relaxed);
	uint32_t taken = 0, n;

	while (taken < item_count) {
		if (mpsc->burst_left == 0)
			mpsc->burst_left = burst_at(mpsc, tail);
		if (mpsc->burst_left == 0)
			break;
		n = item_count - taken;
		if (n > mpsc->burst_left)
			n = mpsc->burst_left;
		copy_out(mpsc, tail, (unsigned char *)ret_items + (size_t)taken * mpsc->item_bytes,
			 n);
		mpsc->burst_left -= n;
		taken += n;
		tail += n;
	}
	if (taken > 0)
		give_back(mpsc, tail);
	return taken;
}

/* Items shown from tail on, up to n, from any number of bursts. */
static uint32_t shown_from(struct nw_mpsc *mpsc, uint64_t tail, uint32_t n)
{
	uint32_t seen, length;

	if (mpsc->burst_left == 0)
		mpsc->burst_left = burst_at(mpsc, tail);
	for (seen = mpsc->burst_left; seen > 0 && seen < n; seen += length) {
		length = burst_at(mpsc, tail + seen);
		if (length == 0)
			break;
	}
	return seen < n ? seen : n;
}

uint32_t nw_mpsc_peek(struct nw_mpsc *mpsc, uint32_t item_count, void **ret_items)
{
	/* relaxed: sole writer. */
	uint64_t tail = atomic_load_explicit(&mpsc->tail, memory_order_relaxed);
	uint32_t n = shown_from(mpsc, tail, until_end(mpsc, tail, item_count));

	if (n > 0)
		*ret_items = mpsc->items + (tail & mpsc->mask) * mpsc->item_bytes;
	return n;
}

void nw_mpsc_drop(struct nw_mpsc *mpsc, uint32_t item_count)
{
	/* relaxed: sole writer. */
	uint64_t tail = atomic_load_explicit(&mpsc->tail, memory_order_relaxed);
	uint32_t left = item_count, n;

	if (item_count == 0)
		return;
	while (left > 0) {
		if (mpsc->burst_left == 0)
			mpsc->burst_left = burst_at(mpsc, tail);
		assert(mpsc->burst_left > 0); /* else more than was peeked at */
		n = left < mpsc->burst_left ? left : mpsc->burst_left;
		mpsc->burst_left -= n;
		left -= n;
		tail += n;
	}
	give_back(mpsc, tail);
}

/* Any size of item. */
NWI_NEVER_INLINE bool pop_one(struct nw_mpsc *mpsc, void *ret_item)
{
	return nw_mpsc_pop_burst(mpsc, ret_item, 1) == 1;
}

bool nw_mpsc_pop(struct nw_mpsc *mpsc, void *ret_item)
{
	/* relaxed: sole writer. */
	uint64_t tail = atomic_load_explicit(&mpsc->tail, memory_order_relaxed);
	uint32_t left = mpsc->burst_left;

	if (mpsc->item_bytes != sizeof(uint64_t))
		return pop_one(mpsc, ret_item);
	if (left == 0) {
		left = burst_at(mpsc, tail);
		if (left == 0)
			return false;
	}
	memcpy(ret_item, mpsc->items + (tail & mpsc->mask) * sizeof(uint64_t), sizeof(uint64_t));
	mpsc->burst_left = left - 1;
	give_back(mpsc, tail + 1);
	return true;
}

uint64_t nw_mpsc_claimed(const struct nw_mpsc *mpsc)
{
	/* relaxed: the value alone; what orders the caller after a push orders this after its
	 * claim. */
	return atomic_load_explicit(&mpsc->head, memory_order_relaxed) - mpsc->slot_count;
}

uint64_t nw_mpsc_removed(const struct nw_mpsc *mpsc)
{
	/* relaxed: statistic; for the consumer, sole writer. */
	return atomic_load_explicit(&mpsc->tail, memory_order_relaxed) - mpsc->slot_count;
}

uint32_t nw_mpsc_count(const struct nw_mpsc *mpsc)
{
	/* [mpsc_count.tail] acquire, pairs with [mpsc_pop.tail]: the head read next is at least
	 * the one up to which the consumer has emptied, so head - tail is not negative. */
	uint64_t tail = atomic_load_explicit(&mpsc->tail, memory_order_acquire);
	/* relaxed: statistic; it may have run ahead of tail by more than slot_count. */
	uint64_t head = atomic_load_explicit(&mpsc->head, memory_order_relaxed);
	uint64_t n = head - tail;

	return n < mpsc->slot_count ? (uint32_t)n : mpsc->slot_count;
}

uint32_t nw_mpsc_slot_count(const struct nw_mpsc *mpsc)
{
	return mpsc->slot_count;
}

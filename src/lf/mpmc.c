/* SPDX-License-Identifier: MIT */
/*
 * Bounded multi-producer multi-consumer queue.
 *
 *     entries   5|a  5|d  5|b  4|c  4|f  4|e      lap | number of a cell
 *               ^              ^                  head: the oldest item; tail: a hint, at most here
 *     cells     [a] [b] [c] [d] [e] [f] [g] [h]   the items; g, h: spares of two producers
 *
 * slot_count entries, and a cell for each of them and for each producer. Every cell is named by
 * exactly one entry or one producer: its *spare*. Positions count pushes; position p belongs to
 * entry p % slot_count, and its *lap* is p / slot_count.
 *
 *   push: put the item into the spare cell, find the first position whose entry is still of the
 *         lap before, and CAS the entry: this lap, the spare. The cell that the entry named before
 *         becomes the spare. Then store the tail.
 *   pop:  read the entry at head, and the item of the cell it names; CAS head one up.
 *
 * Invariant: entries of positions below the true tail (the first position not yet pushed) have
 * that position's lap, at least; the others one less. head <= true tail <= head + slot_count. So
 * an entry says by itself whether its position was pushed, and that is the moment of the push:
 * there is no state "claimed but not yet filled", which makes a sequence-per-slot ring block
 * behind a stalled producer, and answer "empty" after a push has returned.
 *
 * Linearization. Push: its CAS of the entry. Pop: its CAS of head. Empty: the load of an entry at
 * position p of the lap before, after head was p: head cannot have passed an entry without item,
 * so at that load it is p still, and p is the true tail. Full: the load of head == p - slot_count
 * after entry p was found free and all before it taken: entry p cannot have been taken meanwhile,
 * since that needs a larger head; so at that load the true tail is p.
 *
 * Cells. A push may take entry p only if head > p - slot_count: then the item of the lap before
 * is popped, and whoever popped it had read the cell before its CAS of head. Other consumers may
 * still be reading the cell late, while its new owner writes: both are atomic, and the reader
 * throws away what it read, since its CAS must fail: head has passed.
 *
 * tail is a hint and nothing more: a producer stores where it was, perhaps late, so it may go
 * back. It is never above the true tail. A push that starts too low walks up over entries of its
 * own lap, or, more than a lap low, sees a higher lap and starts again at head, which is
 * higher than where it was: whoever took that entry had seen head pass. So walking is bounded by
 * slot_count entries for each head seen, and costs loads only.
 *
 * A burst of pushes is n pushes in a row, each with its own moment, that read and store the tail
 * once. One moment for all would take one word for all: a claim of n positions, which is the state
 * that there is none of. A burst of pops has one moment, for head is one word.
 *
 * Why it is lock-free: an entry is written only by the CAS of a push, head only by the CAS of a
 * pop; so a CAS fails only because another one has succeeded.
 *
 * ABA. An entry's lap has the bits that a cell's number leaves: for positions, a period of 2^54.
 * A producer would have to sleep between its load and its CAS while exactly that many items
 * pass (at 100 million a second: 5 years). Positions have 64 bits and wrap; laps are compared for
 * equality, positions by signed difference.
 *
 * References. C. Shann, T. Huang, C. Chen, "A practical nonblocking queue algorithm using
 * compare-and-swap", ICPADS 2000, keeps a counter beside each item and needs a double-width CAS;
 * R. Nikolaev, "A scalable, portable, and memory-efficient lock-free FIFO queue" (SCQ), DISC
 * 2019, names cells by index so that one word holds lap and index, and keeps the free indices in
 * a second such queue. We take the word from SCQ and do without its second queue: the spares
 * of the producers are exchanged for the cells in the entries, so 2 atomic read-modify-writes pass
 * an item instead of 8. The price: producers have handles, and tickets are not dealt out by
 * fetch-and-add, so producers that meet on an entry repeat a CAS (as in every ring with CAS).
 * Entries are not spread over cache lines as SCQ's are: one entry is fought for at a time, and
 * neighbours on a line are what the next push and pop want.
 */
#include "lf/mpmc.h"

#include "base/attr.h"
#include "base/bits.h"
#include "os/retry.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

enum {
	/* An entry is (position without its slot's bits) << LAP_SHIFT | cell: cell numbers are
	 * below slot_count << LAP_SHIFT. */
	LAP_SHIFT = 10,
};
static_assert(NW_MPMC_PRODUCER_COUNT_MAX <= ((1u << LAP_SHIFT) - 1) * NW_MPMC_SLOT_COUNT_MIN,
	      "every cell has a number, also in the smallest queue");

static const uint64_t NO_SPARE = UINT64_MAX;

struct nw_mpmc {
	/* Written by the consumers. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t head;

	/* Written by the producers. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t tail; /* a hint, see above */

	/* Written by whoever registers and unregisters. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t handle_count;

	/* Constant after creation. */
	alignas(NW_CACHE_PAIR) uint64_t mask;
	uint64_t lap_bits; /* ~mask */
	uint64_t lap_one;  /* slot_count << LAP_SHIFT: a lap more, and above every cell's number */
	_Atomic(void *) *cells;
	_Atomic uint64_t *spares; /* [producer_count], of handles not registered; or NO_SPARE */
	uint32_t slot_count;
	uint32_t producer_count;
	struct nw_mem mem; /* base NULL: the memory is the caller's */

	/* Written by the producers. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t entries[];
};

static bool is_allowed(uint32_t slot_count, uint32_t producer_count)
{
	return slot_count >= NW_MPMC_SLOT_COUNT_MIN && slot_count <= NW_MPMC_SLOT_COUNT_MAX &&
	       nwi_is_pow2(slot_count) && producer_count >= 1 &&
	       producer_count <= NW_MPMC_PRODUCER_COUNT_MAX;
}

static size_t cells_offset(uint32_t slot_count)
{
	return nwi_round_up(sizeof(struct nw_mpmc) + (size_t)slot_count * sizeof(uint64_t),
			    NW_CACHE_PAIR);
}

static size_t spares_offset(uint32_t slot_count, uint32_t producer_count)
{
	return nwi_round_up(cells_offset(slot_count) +
				    ((size_t)slot_count + producer_count) * sizeof(void *),
			    NW_CACHE_PAIR);
}

size_t nw_mpmc_bytes(uint32_t slot_count, uint32_t producer_count)
{
	if (!is_allowed(slot_count, producer_count))
		return 0;
	return nwi_round_up(spares_offset(slot_count, producer_count) +
				    producer_count * sizeof(uint64_t),
			    NW_CACHE_PAIR);
}

/* The lap of a position, where entries keep it. */
static inline uint64_t lap_of(const struct nw_mpmc *mpmc, uint64_t pos)
{
	return (pos & mpmc->lap_bits) << LAP_SHIFT;
}

/* What lap an entry is of, `above` being entry - lap_of(position): the position's, the lap before,
 * or neither. In the first two cases its cell is known too. */
static inline bool is_taken(const struct nw_mpmc *mpmc, uint64_t above)
{
	return above < mpmc->lap_one; /* and above is the cell */
}

static inline bool is_lap_before(const struct nw_mpmc *mpmc, uint64_t above)
{
	return above + mpmc->lap_one < mpmc->lap_one; /* and the sum is the cell */
}

static void fill(struct nw_mpmc *mpmc, unsigned char *memory, uint64_t first_pos)
{
	uint32_t n = mpmc->slot_count, producers = mpmc->producer_count;

	mpmc->cells = (_Atomic(void *) *)(void *)(memory + cells_offset(n));
	mpmc->spares = (_Atomic uint64_t *)(void *)(memory + spares_offset(n, producers));
	for (uint32_t i = 0; i < n; i++)
		atomic_init(&mpmc->entries[i], lap_of(mpmc, first_pos) - mpmc->lap_one + i);
	for (uint32_t i = 0; i < n + producers; i++)
		atomic_init(&mpmc->cells[i], NULL);
	for (uint32_t i = 0; i < producers; i++)
		atomic_init(&mpmc->spares[i], n + i);
}

int nwi_mpmc_init_at(struct nw_mpmc **ret_mpmc, void *memory, size_t n_bytes, uint32_t slot_count,
		     uint32_t producer_count, uint64_t first_pos)
{
	struct nw_mpmc *mpmc = memory;

	if (!is_allowed(slot_count, producer_count) || (uintptr_t)memory % NW_CACHE_PAIR != 0)
		return -EINVAL;
	if (n_bytes < nw_mpmc_bytes(slot_count, producer_count))
		return -ENOSPC;
	memset(mpmc, 0, sizeof(*mpmc));
	mpmc->slot_count = slot_count;
	mpmc->producer_count = producer_count;
	mpmc->mask = slot_count - 1;
	mpmc->lap_bits = ~mpmc->mask;
	mpmc->lap_one = (uint64_t)slot_count << LAP_SHIFT;
	atomic_init(&mpmc->head, first_pos);
	atomic_init(&mpmc->tail, first_pos);
	atomic_init(&mpmc->handle_count, 0);
	fill(mpmc, memory, first_pos);
	*ret_mpmc = mpmc;
	return 0;
}

int nw_mpmc_init(struct nw_mpmc **ret_mpmc, void *memory, size_t n_bytes, uint32_t slot_count,
		 uint32_t producer_count)
{
	return nwi_mpmc_init_at(ret_mpmc, memory, n_bytes, slot_count, producer_count, 0);
}

void nw_mpmc_fini(struct nw_mpmc *mpmc)
{
	(void)mpmc; /* nothing is held; the call marks where the memory is free again */
}

int nw_mpmc_create(struct nw_mpmc **ret_mpmc, uint32_t slot_count, uint32_t producer_count,
		   nw_node node)
{
	struct nw_mem mem;
	struct nw_mpmc *mpmc;
	int rc;

	if (!is_allowed(slot_count, producer_count))
		return -EINVAL;
	rc = nw_mem_alloc(&mem, node, nw_mpmc_bytes(slot_count, producer_count), 0);
	if (rc < 0)
		return rc;
	rc = nw_mpmc_init(&mpmc, mem.base, mem.n_bytes, slot_count, producer_count);
	if (rc < 0) {
		nw_mem_free(&mem);
		return rc;
	}
	mpmc->mem = mem;
	*ret_mpmc = mpmc;
	return 0;
}

void nw_mpmc_destroy(struct nw_mpmc *mpmc)
{
	struct nw_mem mem;

	if (!mpmc)
		return;
	mem = mpmc->mem; /* a copy: the block holds its own description */
	nw_mem_free(&mem);
}

const struct nw_mem *nw_mpmc_memory(const struct nw_mpmc *mpmc)
{
	return mpmc->mem.base ? &mpmc->mem : NULL;
}

/* Counts one handle more; false: there are as many as there may be. */
static bool reserve_handle(struct nw_mpmc *mpmc)
{
	/* relaxed: re-checked by the CAS below. */
	uint32_t n = atomic_load_explicit(&mpmc->handle_count, memory_order_relaxed);

	do {
		if (n == mpmc->producer_count)
			return false;
		/* relaxed: a count: what is counted is ordered at [mpmc_register.spare]. */
	} while (!atomic_compare_exchange_weak_explicit(
		&mpmc->handle_count, &n, n + 1, memory_order_relaxed, memory_order_relaxed));
	return true;
}

int nw_mpmc_register(struct nw_mpmc_producer *ret_producer, struct nw_mpmc *mpmc)
{
	uint64_t spare = NO_SPARE;

	if (!reserve_handle(mpmc))
		return -ENOSPC;
	/* A spare is put back before its handle is uncounted, so there is one for us. */
	for (uint32_t i = 0; spare == NO_SPARE; i = (i + 1) % mpmc->producer_count)
		/* [mpmc_register.spare] acquire, pairs with [mpmc_unregister.spare]: the producer
		 * that had the spare cell writes to it no more. */
		spare = atomic_exchange_explicit(&mpmc->spares[i], NO_SPARE, memory_order_acquire);
	*ret_producer = (struct nw_mpmc_producer){
		.mpmc = mpmc,
		/* [mpmc_register.head] acquire, pairs with [mpmc_pop.head],
		 * [mpmc_pop_burst.head]: as [mpmc_push.head]. */
		.head_seen = atomic_load_explicit(&mpmc->head, memory_order_acquire),
		.spare = spare,
	};
	return 0;
}

/* True if the place was empty and now has the spare. */
static bool put_spare(struct nw_mpmc *mpmc, uint32_t place, uint64_t spare)
{
	uint64_t none = NO_SPARE;

	/* [mpmc_unregister.spare] release, pairs with [mpmc_register.spare]: we write to the cell
	 * no more. */
	return atomic_compare_exchange_strong_explicit(&mpmc->spares[place], &none, spare,
						       memory_order_release, memory_order_relaxed);
}

void nw_mpmc_unregister(struct nw_mpmc_producer *producer)
{
	struct nw_mpmc *mpmc = producer->mpmc;
	uint32_t i = 0;

	/* As many places as handles: one is free, though another thread may be faster there. */
	while (!put_spare(mpmc, i, producer->spare))
		i = (i + 1) % mpmc->producer_count;
	/* relaxed: a count, as in reserve_handle(). */
	atomic_fetch_sub_explicit(&mpmc->handle_count, 1, memory_order_relaxed);
	*producer = (struct nw_mpmc_producer){ .mpmc = NULL };
}

/* Whether the item that stood at this position a lap ago is popped, as far as we know. */
static inline bool is_free(const struct nw_mpmc *mpmc, const struct nw_mpmc_producer *producer,
			   uint64_t pos)
{
	return (int64_t)(pos - producer->head_seen) < (int64_t)mpmc->slot_count;
}

static bool is_free_now(const struct nw_mpmc *mpmc, struct nw_mpmc_producer *producer, uint64_t pos)
{
	/* [mpmc_push.head] acquire, pairs with [mpmc_pop.head], [mpmc_pop_burst.head]: the consumer
	 * has read the cell before we take it for a spare and write to it. */
	producer->head_seen = atomic_load_explicit(&mpmc->head, memory_order_acquire);
	return is_free(mpmc, producer, pos);
}

/* Tries to put the spare cell into the entry of a free position; `above` as in is_taken(). */
static inline bool try_put(struct nw_mpmc *mpmc, struct nw_mpmc_producer *producer, uint64_t pos,
			   uint64_t above)
{
	uint64_t lap = lap_of(mpmc, pos), entry = lap + above;

	/* [mpmc_push.entry] release, pairs with [mpmc_push.first], [mpmc_push.look],
	 * [mpmc_pop.entry], [mpmc_pop_burst.entry], [mpmc_count.entry]: publishes the cell, and
	 * all that the producer did before. */
	if (!atomic_compare_exchange_strong_explicit(&mpmc->entries[pos & mpmc->mask], &entry,
						     lap + producer->spare, memory_order_release,
						     memory_order_relaxed))
		return false;
	producer->spare = above + mpmc->lap_one;
	return true;
}

static inline void store_hint(struct nw_mpmc *mpmc, uint64_t pos)
{
	/* [mpmc_push.hint] release, pairs with [mpmc_push.start], [mpmc_push_burst.start],
	 * [mpmc_push.again], [mpmc_count.tail]: the entries below are taken. */
	atomic_store_explicit(&mpmc->tail, pos, memory_order_release);
}

/* Where to start from when the hint was more than a lap behind. */
static uint64_t start_again(const struct nw_mpmc *mpmc)
{
	/* [mpmc_push.again] acquire, pairs with [mpmc_push.hint]: entries below are seen taken. */
	uint64_t tail = atomic_load_explicit(&mpmc->tail, memory_order_acquire);
	/* [mpmc_push.restart] acquire, pairs with [mpmc_pop.head], [mpmc_pop_burst.head]: entries
	 * below are seen taken. */
	uint64_t head = atomic_load_explicit(&mpmc->head, memory_order_acquire);

	return (int64_t)(tail - head) > 0 ? tail : head;
}

/* The rest of a push, from a position not above the true tail; sets the one behind the item. */
static bool walk_and_put(struct nw_mpmc *mpmc, struct nw_mpmc_producer *producer, uint64_t pos,
			 uint64_t *ret_next)
{
	struct nwi_retry retry = { 0 };

	for (;;) {
		/* [mpmc_push.look] acquire, pairs with [mpmc_push.entry]: if it is of this lap,
		 * so are those before, and head has passed the lap before. */
		uint64_t above = atomic_load_explicit(&mpmc->entries[pos & mpmc->mask],
						      memory_order_acquire) -
				 lap_of(mpmc, pos);

		if (is_taken(mpmc, above)) {
			pos++;
		} else if (!is_lap_before(mpmc, above)) {
			pos = start_again(mpmc);
		} else if (!is_free(mpmc, producer, pos) && !is_free_now(mpmc, producer, pos)) {
			return false;
		} else if (try_put(mpmc, producer, pos, above)) {
			*ret_next = pos + 1;
			return true;
		} else {
			nwi_retry_wait(&retry);
		}
	}
}

/* Puts the item where the producer's next entry will name it. */
static inline void fill_spare(struct nw_mpmc *mpmc, const struct nw_mpmc_producer *producer,
			      void *item)
{
	/* relaxed: not yet published: [mpmc_push.entry] publishes it. */
	atomic_store_explicit(&mpmc->cells[producer->spare], item, memory_order_relaxed);
}

/* The rest of a push that did not succeed at once. */
NWI_NEVER_INLINE bool push_slowly(struct nw_mpmc *mpmc, struct nw_mpmc_producer *producer,
				  uint64_t pos)
{
	uint64_t next;

	if (!walk_and_put(mpmc, producer, pos, &next))
		return false;
	store_hint(mpmc, next);
	return true;
}

bool nw_mpmc_push(struct nw_mpmc_producer *producer, void *item)
{
	struct nw_mpmc *mpmc = producer->mpmc;
	uint64_t pos, above;

	fill_spare(mpmc, producer, item);
	/* [mpmc_push.start] acquire, pairs with [mpmc_push.hint]: entries below are seen taken. */
	pos = atomic_load_explicit(&mpmc->tail, memory_order_acquire);
	/* [mpmc_push.first] acquire, pairs with [mpmc_push.entry]: as [mpmc_push.look]. */
	above = atomic_load_explicit(&mpmc->entries[pos & mpmc->mask], memory_order_acquire) -
		lap_of(mpmc, pos);
	/* The common case apart, so that it needs no registers beyond a leaf's. */
	if (is_lap_before(mpmc, above) && is_free(mpmc, producer, pos) &&
	    try_put(mpmc, producer, pos, above)) {
		store_hint(mpmc, pos + 1);
		return true;
	}
	return push_slowly(mpmc, producer, pos);
}

uint32_t nw_mpmc_push_burst(struct nw_mpmc_producer *producer, void *const *items,
			    uint32_t item_count)
{
	struct nw_mpmc *mpmc = producer->mpmc;
	/* [mpmc_push_burst.start] acquire, pairs with [mpmc_push.hint]: as [mpmc_push.start]. */
	uint64_t pos = atomic_load_explicit(&mpmc->tail, memory_order_acquire);
	uint32_t n = 0;

	for (; n < item_count; n++) {
		fill_spare(mpmc, producer, items[n]);
		if (!walk_and_put(mpmc, producer, pos, &pos))
			break;
	}
	if (n > 0)
		store_hint(mpmc, pos);
	return n;
}

bool nw_mpmc_pop(struct nw_mpmc *mpmc, void **ret_item)
{
	/* [mpmc_pop.start] acquire, pairs with [mpmc_pop.head], [mpmc_pop_burst.head]: entries
	 * below are seen taken, so this one is of its lap or of the one before, unless head has
	 * moved on. */
	uint64_t pos = atomic_load_explicit(&mpmc->head, memory_order_acquire);

	for (;;) {
		/* [mpmc_pop.entry] acquire, pairs with [mpmc_push.entry]: see the cell. */
		uint64_t above = atomic_load_explicit(&mpmc->entries[pos & mpmc->mask],
						      memory_order_acquire) -
				 lap_of(mpmc, pos);

		if (is_taken(mpmc, above)) {
			/* relaxed: validated by the CAS below: the item, if head has not passed. */
			void *item = atomic_load_explicit(&mpmc->cells[above],
							  memory_order_relaxed);

			/* [mpmc_pop.head] acq_rel, pairs with [mpmc_push.head],
			 * [mpmc_push.restart], [mpmc_register.head], [mpmc_pop.start],
			 * [mpmc_pop.again], [mpmc_pop_burst.start], [mpmc_pop_burst.again],
			 * [mpmc_count.head]: our read of the cell is done before a producer
			 * takes it. */
			if (atomic_compare_exchange_weak_explicit(&mpmc->head, &pos, pos + 1,
								  memory_order_acq_rel,
								  memory_order_acquire)) {
				*ret_item = item;
				return true;
			}
			continue;
		}
		if (is_lap_before(mpmc, above))
			return false;
		/* [mpmc_pop.again] acquire, pairs with [mpmc_pop.head], [mpmc_pop_burst.head]: as
		 * [mpmc_pop.start]; others have emptied a lap meanwhile. */
		pos = atomic_load_explicit(&mpmc->head, memory_order_acquire);
	}
}

/* Items from pos on, up to n, into items[]: worth nothing once head has passed pos. */
static uint32_t peek(const struct nw_mpmc *mpmc, uint64_t pos, void **items, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		/* [mpmc_pop_burst.entry] acquire, pairs with [mpmc_push.entry]: see the cell. */
		uint64_t above = atomic_load_explicit(&mpmc->entries[(pos + i) & mpmc->mask],
						      memory_order_acquire) -
				 lap_of(mpmc, pos + i);

		if (!is_taken(mpmc, above))
			return i;
		/* relaxed: validated by the CAS in nw_mpmc_pop_burst(). */
		items[i] = atomic_load_explicit(&mpmc->cells[above], memory_order_relaxed);
	}
	return n;
}

uint32_t nw_mpmc_pop_burst(struct nw_mpmc *mpmc, void **ret_items, uint32_t item_count)
{
	uint32_t n, most = item_count < mpmc->slot_count ? item_count : mpmc->slot_count;
	/* [mpmc_pop_burst.start] acquire, pairs with [mpmc_pop.head], [mpmc_pop_burst.head]: as
	 * [mpmc_pop.start]. */
	uint64_t seen, pos = atomic_load_explicit(&mpmc->head, memory_order_acquire);

	for (;;) {
		n = peek(mpmc, pos, ret_items, most);
		if (n > 0) {
			/* [mpmc_pop_burst.head] acq_rel, pairs with [mpmc_push.head],
			 * [mpmc_push.restart], [mpmc_register.head], [mpmc_pop.start],
			 * [mpmc_pop.again], [mpmc_pop_burst.start], [mpmc_pop_burst.again],
			 * [mpmc_count.head]: as [mpmc_pop.head]. */
			if (atomic_compare_exchange_weak_explicit(&mpmc->head, &pos, pos + n,
								  memory_order_acq_rel,
								  memory_order_acquire))
				return n;
			continue;
		}
		/* [mpmc_pop_burst.again] acquire, pairs with [mpmc_pop.head],
		 * [mpmc_pop_burst.head]: as [mpmc_pop.start]. */
		seen = atomic_load_explicit(&mpmc->head, memory_order_acquire);
		if (seen == pos)
			return 0; /* it did not pass, so the entry was free */
		pos = seen;
	}
}

uint32_t nw_mpmc_count(const struct nw_mpmc *mpmc)
{
	/* [mpmc_count.tail] acquire, pairs with [mpmc_push.hint]: entries below are seen taken. */
	uint64_t pos = atomic_load_explicit(&mpmc->tail, memory_order_acquire);
	/* [mpmc_count.head] acquire, pairs with [mpmc_pop.head], [mpmc_pop_burst.head]: entries
	 * below are seen taken. */
	uint64_t head = atomic_load_explicit(&mpmc->head, memory_order_acquire);

	if ((int64_t)(pos - head) < 0)
		pos = head;
	while (pos - head < mpmc->slot_count) {
		/* [mpmc_count.entry] acquire, pairs with [mpmc_push.entry]: those before it are
		 * taken too. */
		uint64_t entry = atomic_load_explicit(&mpmc->entries[pos & mpmc->mask],
						      memory_order_acquire);

		if (!is_taken(mpmc, entry - lap_of(mpmc, pos)))
			break;
		pos++;
	}
	return pos - head < mpmc->slot_count ? (uint32_t)(pos - head) : mpmc->slot_count;
}

uint32_t nw_mpmc_slot_count(const struct nw_mpmc *mpmc)
{
	return mpmc->slot_count;
}

/* SPDX-License-Identifier: MIT */
/*
 * Single-producer single-consumer lane of 64-byte items, for two sides that need not trust each
 * other.
 *
 *     slots   . . . x x x x p p .     tail: next slot the reader empties
 *                   ^       ^   ^     shown: what the reader may see (the shared head)
 *                   tail    shown     head: next slot the writer fills; p: put, not shown
 *                               head
 *
 * Roles: the writer alone writes the shared head, the reader alone the shared tail, and each keeps
 * its own position in private memory. A position counts items since the lane was made, in 64 bits,
 * and never wraps.
 *
 * Invariant, in each side's private memory and whatever the other does: writer: tail_seen <= shown
 * <= head <= tail_seen + slot_count; reader: tail <= head_seen <= tail + slot_count.
 *
 * Why it is correct between honest sides: as src/lf/ring.c, with positions that do not wrap: a slot
 * is filled between the acquire of the tail that freed it and the release of the head that shows
 * it, and read between the acquire of that head and the release of that tail.
 *
 * Why a hostile side can do no harm: the shared words are only ever compared with private ones. A
 * count outside the invariant marks the lane broken and is not used; a count inside it can at worst
 * show slots that were never filled (any bytes, which is what a hostile writer may send anyway) or
 * free slots that were not read (whose loss is the hostile reader's own). Slots are reached through
 * the private mask. A count that goes back, within the invariant, is impossible for head_seen (a
 * smaller one is below head_seen and breaks the lane) and likewise for tail_seen.
 *
 * Killed at any instruction: the only steps that others see are the stores of head, tail, and the
 * two announcements. Before the store of head nothing of a burst exists for the reader; after it,
 * all.
 *
 * Sleeping is a meeting of two words (base/fence.h): I announce, then look; you show, then ask.
 */
#include <nw/lane.h>

#include "base/bits.h"
#include "base/fence.h"

#include <assert.h>
#include <errno.h>

enum { MAGIC = 0x4e4c574e }; /* "NWLN" */

static_assert(sizeof(struct nw_lane) == UINT64_C(4) * NW_CACHE_PAIR, "the layout is an ABI");
static_assert(offsetof(struct nw_lane, head) == NW_CACHE_PAIR, "the writer's own lines");
static_assert(offsetof(struct nw_lane, tail) == UINT64_C(2) * NW_CACHE_PAIR,
	      "the reader's own lines");
static_assert(offsetof(struct nw_lane, reader_rests) == UINT64_C(3) * NW_CACHE_PAIR,
	      "nobody's own");

static bool is_allowed(uint32_t n)
{
	return n >= NW_LANE_SLOT_COUNT_MIN && n <= NW_LANE_SLOT_COUNT_MAX && nwi_is_pow2(n);
}

size_t nw_lane_bytes(uint32_t slot_count)
{
	if (!is_allowed(slot_count))
		return 0;
	return nwi_round_up(sizeof(struct nw_lane) + (size_t)slot_count * NW_LANE_ITEM_BYTES,
			    NW_CACHE_PAIR);
}

static int check_place(const void *memory, size_t n_bytes, uint32_t slot_count)
{
	if (!is_allowed(slot_count) || (uintptr_t)memory % NW_CACHE_PAIR != 0)
		return -EINVAL;
	return n_bytes < nw_lane_bytes(slot_count) ? -ENOSPC : 0;
}

int nw_lane_format(void *memory, size_t n_bytes, uint32_t slot_count)
{
	struct nw_lane *lane = memory;
	int rc = check_place(memory, n_bytes, slot_count);

	if (rc < 0)
		return rc;
	memset(lane, 0, sizeof(*lane));
	lane->version = NW_LANE_VERSION;
	lane->slot_count = slot_count;
	lane->item_bytes = NW_LANE_ITEM_BYTES;
	/* [lane_format.magic] release, pairs with [lane_open.magic]: the header is filled in. */
	atomic_store_explicit(&lane->magic, MAGIC, memory_order_release);
	return 0;
}

static int check_header(const struct nw_lane *lane, uint32_t slot_count)
{
	/* [lane_open.magic] acquire, pairs with [lane_format.magic]: see the header. */
	if (atomic_load_explicit(&lane->magic, memory_order_acquire) != MAGIC)
		return -EPROTO;
	if (lane->version != NW_LANE_VERSION || lane->slot_count != slot_count ||
	    lane->item_bytes != NW_LANE_ITEM_BYTES)
		return -EPROTO;
	return 0;
}

int nw_lane_writer_open(struct nw_lane_writer *ret_writer, void *memory, size_t n_bytes,
			uint32_t slot_count)
{
	struct nw_lane *lane = memory;
	int rc = check_place(memory, n_bytes, slot_count);

	if (rc == 0)
		rc = check_header(lane, slot_count);
	if (rc < 0)
		return rc;
	*ret_writer = (struct nw_lane_writer){
		.lane = lane,
		.slots = lane->slots,
		.mask = slot_count - 1,
	};
	return 0;
}

int nw_lane_reader_open(struct nw_lane_reader *ret_reader, void *memory, size_t n_bytes,
			uint32_t slot_count)
{
	struct nw_lane *lane = memory;
	int rc = check_place(memory, n_bytes, slot_count);

	if (rc == 0)
		rc = check_header(lane, slot_count);
	if (rc < 0)
		return rc;
	*ret_reader = (struct nw_lane_reader){
		.lane = lane,
		.slots = lane->slots,
		.mask = slot_count - 1,
	};
	return 0;
}

/* ---- the writer ---- */

/* Free slots by what is known of the reader. */
static uint32_t room_seen(const struct nw_lane_writer *writer)
{
	return (uint32_t)(writer->mask + 1 - (writer->head - writer->tail_seen));
}

static void look_at_tail(struct nw_lane_writer *writer)
{
	/* [lane_refill.tail] acquire, pairs with [lane_drop.tail]: the reader has read the slots
	 * below. */
	uint64_t tail = atomic_load_explicit(&writer->lane->tail, memory_order_acquire);

	/* Below what was seen, or above what was shown: no reader of this lane can be there. */
	if (tail - writer->tail_seen > writer->shown - writer->tail_seen)
		writer->is_broken = true;
	if (writer->is_broken)
		writer->tail_seen = writer->head - writer->mask - 1; /* full, for good */
	else
		writer->tail_seen = tail;
}

bool nw_lane_refill(struct nw_lane_writer *writer, uint32_t n)
{
	if (!writer->is_broken)
		look_at_tail(writer);
	return room_seen(writer) >= n;
}

uint32_t nw_lane_room(struct nw_lane_writer *writer, uint32_t enough)
{
	if (room_seen(writer) < enough)
		(void)nw_lane_refill(writer, enough); /* the room is asked for below */
	return room_seen(writer);
}

uint32_t nw_lane_push(struct nw_lane_writer *writer, const void *items, uint32_t item_count)
{
	const unsigned char *from = items;
	uint32_t room = nw_lane_room(writer, item_count);
	uint32_t n = item_count < room ? item_count : room;
	uint64_t at = writer->head & writer->mask, until_end = writer->mask + 1 - at;
	size_t first = (n < until_end ? n : until_end) * NW_LANE_ITEM_BYTES;

	if (n == 0)
		return 0;
	memcpy(writer->slots + at * NW_LANE_ITEM_BYTES, from, first);
	memcpy(writer->slots, from + first, (size_t)n * NW_LANE_ITEM_BYTES - first);
	writer->head += n;
	nw_lane_show(writer);
	return n;
}

uint64_t nw_lane_position(const struct nw_lane_writer *writer)
{
	return writer->head;
}

bool nw_lane_is_read(struct nw_lane_writer *writer, uint64_t position)
{
	if (writer->tail_seen < position && !writer->is_broken)
		look_at_tail(writer);
	return writer->tail_seen >= position && !writer->is_broken;
}

bool nw_lane_reader_sleeps(struct nw_lane_writer *writer)
{
	_Atomic uint32_t *rests = &writer->lane->reader_rests;

	nwi_fence_full();
	/* relaxed: a hint; the fences on both sides order it with the head. */
	if (atomic_load_explicit(rests, memory_order_relaxed) == 0)
		return false;
	/* relaxed: the value alone: who takes it back rings. */
	return atomic_exchange_explicit(rests, 0, memory_order_relaxed) != 0;
}

bool nw_lane_writer_rest(struct nw_lane_writer *writer, uint32_t wanted)
{
	_Atomic uint32_t *rests = &writer->lane->writer_rests;

	/* relaxed: the value alone; the fence below orders it with the tail. */
	atomic_store_explicit(rests, 1, memory_order_relaxed);
	nwi_fence_full();
	if (!nw_lane_refill(writer, wanted) && !writer->is_broken)
		return true;
	/* relaxed: as above. */
	atomic_store_explicit(rests, 0, memory_order_relaxed);
	return false;
}

/* ---- the reader ---- */

uint32_t nw_lane_look(struct nw_lane_reader *reader)
{
	/* [lane_look.head] acquire, pairs with [lane_show.head]: see the slots below. */
	uint64_t head = atomic_load_explicit(&reader->lane->head, memory_order_acquire);
	uint64_t news = head - reader->head_seen;

	/* More than the slots free since, which a count that went back is too. */
	if (news > reader->mask + 1 - nw_lane_seen(reader))
		reader->is_broken = true;
	if (!reader->is_broken)
		reader->head_seen = head;
	return nw_lane_seen(reader);
}

uint32_t nw_lane_pop(struct nw_lane_reader *reader, void *ret_items, uint32_t item_count)
{
	unsigned char *to = ret_items;
	uint32_t seen = nw_lane_seen(reader);
	uint64_t at = reader->tail & reader->mask, until_end = reader->mask + 1 - at;
	size_t n, first;

	if (seen < item_count)
		seen = nw_lane_look(reader);
	n = seen < item_count ? seen : item_count;
	if (n == 0)
		return 0;
	first = (n < until_end ? n : until_end) * NW_LANE_ITEM_BYTES;
	memcpy(to, reader->slots + at * NW_LANE_ITEM_BYTES, first);
	memcpy(to + first, reader->slots, n * NW_LANE_ITEM_BYTES - first);
	nw_lane_drop(reader, (uint32_t)n);
	return (uint32_t)n;
}

bool nw_lane_writer_sleeps(struct nw_lane_reader *reader)
{
	_Atomic uint32_t *rests = &reader->lane->writer_rests;

	nwi_fence_full();
	/* relaxed: a hint; the fences on both sides order it with the tail. */
	if (atomic_load_explicit(rests, memory_order_relaxed) == 0)
		return false;
	/* relaxed: the value alone: who takes it back rings. */
	return atomic_exchange_explicit(rests, 0, memory_order_relaxed) != 0;
}

bool nw_lane_reader_rest(struct nw_lane_reader *reader)
{
	_Atomic uint32_t *rests = &reader->lane->reader_rests;

	/* relaxed: the value alone; the fence below orders it with the head. */
	atomic_store_explicit(rests, 1, memory_order_relaxed);
	nwi_fence_full();
	if (nw_lane_look(reader) == 0 && !reader->is_broken)
		return true;
	/* relaxed: as above. */
	atomic_store_explicit(rests, 0, memory_order_relaxed);
	return false;
}

/* ---- anyone ---- */

uint32_t nw_lane_count(const struct nw_lane *memory, uint32_t slot_count)
{
	/* [lane_count.tail] acquire, pairs with [lane_drop.tail]: what the reader did before it let
	 * go; and the head read next is not older. */
	uint64_t tail = atomic_load_explicit(&memory->tail, memory_order_acquire);
	/* relaxed: statistic. */
	uint64_t n = atomic_load_explicit(&memory->head, memory_order_relaxed) - tail;

	return n <= slot_count ? (uint32_t)n : slot_count;
}

/* The bodies are in the header; here is what C++ and pointers to these functions link with. */
extern bool nw_lane_put(struct nw_lane_writer *writer, const void *item);
extern void nw_lane_show(struct nw_lane_writer *writer);
extern uint32_t nw_lane_seen(const struct nw_lane_reader *reader);
extern const void *nw_lane_at(const struct nw_lane_reader *reader, uint32_t i);
extern void nw_lane_drop(struct nw_lane_reader *reader, uint32_t item_count);

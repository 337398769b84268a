/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Bounded FIFO of 64-byte items from one thread to one other, which may be in another process.
 *
 *              writer's   reader's   format
 *     writer's    X          -         X
 *     reader's    -          X         X
 *     format      X          X         X
 *
 * X: the caller must keep the two calls from overlapping. -: any overlap is fine.
 *
 * The lane is a block of memory, as a rule shared; each side keeps what it knows of the lane in
 * memory of its own and believes nothing else. Whatever the other side writes into the block,
 * whenever, this side reads and writes inside the block only, ends every call in bounded time, and
 * says with `is_broken` that the other's counts cannot be true. A side that is killed at any
 * instruction leaves a lane from which all that it had shown can still be read, each item whole.
 *
 * What is copied out of a lane may have been any bytes: check the copy, not the slot.
 *
 * Progress: everything is wait-free; no call makes a system call.
 * Order: what the writer did before it showed an item happens before the call that reads it.
 */
#ifndef NW_LANE_H
#define NW_LANE_H

#include <nw/base.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __cplusplus
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>
#endif

NW_BEGIN_DECLS

/** Bytes of an item; smallest and largest slot_count; what the layout of the block is called. */
#define NW_LANE_ITEM_BYTES     64u
#define NW_LANE_SLOT_COUNT_MIN 2u
#define NW_LANE_SLOT_COUNT_MAX (1u << 24)
#define NW_LANE_VERSION        1u

/** The shared block. */
struct nw_lane;

/** What the writer knows, in its own memory. The fields are the library's but for is_broken. */
struct nw_lane_writer {
	struct nw_lane *lane;
	unsigned char *slots;
	uint64_t head;      /* next slot to fill */
	uint64_t shown;     /* items below are the reader's to see */
	uint64_t tail_seen; /* a past value of the reader's tail, never above shown */
	uint64_t mask;
	bool is_broken; /* the reader's count was impossible: nothing is written any more */
};

/** What the reader knows, in its own memory. The fields are the library's but for is_broken. */
struct nw_lane_reader {
	struct nw_lane *lane;
	unsigned char *slots;
	uint64_t tail;      /* next slot to empty */
	uint64_t head_seen; /* a past value of the writer's head */
	uint64_t mask;
	bool is_broken; /* the writer's count was impossible: nothing more is read */
};

/**
 * Bytes of a lane.
 *
 * @param slot_count  power of two, 2..2^24; all of them are usable
 * @return bytes, a multiple of NW_CACHE_PAIR; 0: slot_count is not allowed
 *
 * Threads: any thread.
 */
NW_API size_t nw_lane_bytes(uint32_t slot_count);

/**
 * Make an empty lane. The side that trusts the other least does it.
 *
 * @param memory      aligned to NW_CACHE_PAIR; any content
 * @param n_bytes     nw_lane_bytes(slot_count) or more
 * @param slot_count  power of two, 2..2^24
 * @return 0
 * @return -EINVAL  slot_count is not allowed, or memory is misaligned
 * @return -ENOSPC  n_bytes is too small
 *
 * Threads: any thread, with nobody else in that memory.
 * Owner:   the memory stays the caller's.
 */
NW_API int nw_lane_format(void *memory, size_t n_bytes, uint32_t slot_count) NW_MUST_USE;

/**
 * Begin to write into a fresh lane.
 *
 * @param ret_writer  set on success, untouched on failure
 * @param memory      what was formatted; kept while the writer is used
 * @param n_bytes     bytes of it
 * @param slot_count  what the lane must have: the block's own word is not believed
 * @return 0
 * @return -EINVAL  slot_count is not allowed, or memory is misaligned
 * @return -ENOSPC  n_bytes is too small
 * @return -EPROTO  no lane is there, or one of another version or slot_count
 *
 * Threads: the writer.
 */
NW_API int nw_lane_writer_open(struct nw_lane_writer *ret_writer, void *memory, size_t n_bytes,
			       uint32_t slot_count) NW_MUST_USE;

/**
 * Begin to read from a fresh lane. Parameters and returns as nw_lane_writer_open().
 *
 * Threads: the reader.
 */
NW_API int nw_lane_reader_open(struct nw_lane_reader *ret_reader, void *memory, size_t n_bytes,
			       uint32_t slot_count) NW_MUST_USE;

/**
 * Append copies of as many items as there is room for, and show them and all put before.
 *
 * @param items  item_count of them, side by side; borrowed
 * @return how many were appended, the first ones: 0..item_count
 *
 * Threads: the writer.
 * Order:   what the caller did before happens before the call that reads the items.
 * Progress: wait-free.
 * Cost:    one store to a line that the reader polls; the reader's line is read only when the lane
 *          looks full.
 */
NW_API uint32_t nw_lane_push(struct nw_lane_writer *writer, const void *items, uint32_t item_count)
	NW_MUST_USE;

/**
 * Fill the next slot without showing it: nw_lane_show() shows all that were put.
 *
 * @param item  NW_LANE_ITEM_BYTES of it; borrowed
 * @return true if put, false if the lane is full
 *
 * Threads: the writer.
 * Progress: wait-free.
 */
NW_API NW_INLINE bool nw_lane_put(struct nw_lane_writer *writer, const void *item) NW_MUST_USE;

/**
 * Show what was put.
 *
 * Threads: the writer.
 * Order:   what the caller did before happens before the call that reads the items.
 * Progress: wait-free.
 */
NW_API NW_INLINE void nw_lane_show(struct nw_lane_writer *writer);

/**
 * Ask how many items could be put now; the reader's line is read if that is less than enough.
 *
 * @param enough  as many as the caller wants to know of
 * @return room, at least 0; more than enough is not looked for
 *
 * Threads: the writer.
 * Progress: wait-free.
 */
NW_API uint32_t nw_lane_room(struct nw_lane_writer *writer, uint32_t enough);

/**
 * Position of the next item to be put: the number of items put before it.
 *
 * Threads: the writer.
 */
NW_API uint64_t nw_lane_position(const struct nw_lane_writer *writer);

/**
 * Tell whether the reader is done with every item below a position.
 *
 * @param position  of nw_lane_position(), nothing put and not shown below it
 *
 * Threads: the writer.
 * Order:   if true, what the reader did before it let go of those items happens before the return.
 * Progress: wait-free.
 */
NW_API bool nw_lane_is_read(struct nw_lane_writer *writer, uint64_t position);

/**
 * See what the writer has shown by now. The items stay; the calls that follow see these and no
 * later ones until this is called again.
 *
 * @return how many there are, oldest first: 0..slot_count
 *
 * Threads: the reader.
 * Order:   what the writer did before it showed them happens before the return.
 * Progress: wait-free.
 * Cost:    one load of the line that the writer shows on.
 */
NW_API uint32_t nw_lane_look(struct nw_lane_reader *reader);

/**
 * How many of the items seen are left.
 *
 * Threads: the reader.
 */
NW_API NW_INLINE uint32_t nw_lane_seen(const struct nw_lane_reader *reader);

/**
 * Lend the i-th of the items seen, in its slot, until nw_lane_drop(): a hostile writer may change
 * it meanwhile, so copy, then check the copy.
 *
 * @param i  0..nw_lane_seen() - 1
 *
 * Threads: the reader.
 */
NW_API NW_INLINE const void *nw_lane_at(const struct nw_lane_reader *reader, uint32_t i);

/**
 * Let go of the oldest items seen; their slots are the writer's again.
 *
 * @param item_count  0..nw_lane_seen()
 *
 * Threads: the reader.
 * Order:   what the caller did before happens before an nw_lane_is_read() that says so, and before
 *          the writer's next use of those slots.
 * Progress: wait-free.
 */
NW_API NW_INLINE void nw_lane_drop(struct nw_lane_reader *reader, uint32_t item_count);

/**
 * Remove the oldest items, up to item_count of them, oldest first; looks where it has to.
 *
 * @param ret_items  room for item_count; only those returned are written
 * @return how many were removed: 0..item_count
 *
 * Threads: the reader.
 * Order:   as nw_lane_look().
 * Progress: wait-free.
 */
NW_API uint32_t nw_lane_pop(struct nw_lane_reader *reader, void *ret_items, uint32_t item_count);

/**
 * Announce that the reader is about to sleep: whoever shows an item after this is told by
 * nw_lane_reader_sleeps().
 *
 * @return true: nothing is there, sleep; false: something came, and nothing is announced
 *
 * Threads: the reader.
 * Progress: wait-free.
 */
NW_API bool nw_lane_reader_rest(struct nw_lane_reader *reader);

/**
 * Ask, after showing, whether the reader sleeps; if so the announcement is taken back, and the
 * caller has to wake it by whatever the two have agreed on (an eventfd).
 *
 * Threads: the writer.
 * Order:   of showing an item and this, and announcing and looking again, one side sees the other.
 * Progress: wait-free.
 * Cost:    a full fence.
 */
NW_API bool nw_lane_reader_sleeps(struct nw_lane_writer *writer);

/**
 * Announce that the writer is about to sleep until there is room for `wanted` items.
 *
 * @return true: there is less room, sleep; false: there is room, and nothing is announced
 *
 * Threads: the writer.
 * Progress: wait-free.
 */
NW_API bool nw_lane_writer_rest(struct nw_lane_writer *writer, uint32_t wanted);

/**
 * Ask, after dropping, whether the writer sleeps; if so the announcement is taken back, and the
 * caller has to wake it.
 *
 * Threads: the reader.
 * Progress: wait-free.
 * Cost:    a full fence.
 */
NW_API bool nw_lane_writer_sleeps(struct nw_lane_reader *reader);

/**
 * Number of items shown and not dropped, seen from outside: a statistic, any number 0..slot_count
 * if a side is hostile.
 *
 * @param memory      a lane
 * @param slot_count  as it was formatted
 *
 * Threads: any.
 */
NW_API uint32_t nw_lane_count(const struct nw_lane *memory, uint32_t slot_count);

#ifndef __cplusplus

/* The layout is part of the ABI between processes: NW_LANE_VERSION changes with it. Positions count
 * items since the lane was made; src/lf/lane.c tells why it is right. */
struct nw_lane {
	/* Constant after nw_lane_format(). */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t magic;
	uint32_t version;
	uint32_t slot_count;
	uint32_t item_bytes;

	/* Written by the writer. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t head;

	/* Written by the reader. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t tail;

	/* Written by both, when one of them goes to sleep and when it is woken. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t reader_rests;
	_Atomic uint32_t writer_rests;

	/* Slot i & mask: the writer's while free, else the reader's. */
	alignas(NW_CACHE_PAIR) unsigned char slots[];
};

/**
 * Read the count of the reader and tell whether n more items have room: the slow part of
 * nw_lane_put().
 *
 * Threads: the writer.
 */
NW_API bool nw_lane_refill(struct nw_lane_writer *writer, uint32_t n);

NW_INLINE bool nw_lane_put(struct nw_lane_writer *writer, const void *item)
{
	if (writer->head - writer->tail_seen > writer->mask && !nw_lane_refill(writer, 1))
		return false;
	memcpy(writer->slots + (writer->head & writer->mask) * NW_LANE_ITEM_BYTES, item,
	       NW_LANE_ITEM_BYTES);
	writer->head++;
	return true;
}

NW_INLINE void nw_lane_show(struct nw_lane_writer *writer)
{
	if (writer->shown == writer->head)
		return;
	writer->shown = writer->head;
	/* [lane_show.head] release, pairs with [lane_look.head]: shows the slots filled, and all
	 * that the writer did before. */
	atomic_store_explicit(&writer->lane->head, writer->head, memory_order_release);
}

NW_INLINE uint32_t nw_lane_seen(const struct nw_lane_reader *reader)
{
	return (uint32_t)(reader->head_seen - reader->tail);
}

NW_INLINE const void *nw_lane_at(const struct nw_lane_reader *reader, uint32_t i)
{
	return reader->slots + ((reader->tail + i) & reader->mask) * NW_LANE_ITEM_BYTES;
}

NW_INLINE void nw_lane_drop(struct nw_lane_reader *reader, uint32_t item_count)
{
	if (item_count == 0)
		return;
	reader->tail += item_count;
	/* [lane_drop.tail] release, pairs with [lane_refill.tail], [lane_count.tail]: our reads of
	 * the slots are done before the writer fills them again. */
	atomic_store_explicit(&reader->lane->tail, reader->tail, memory_order_release);
}

#endif /* !__cplusplus */

NW_END_DECLS

#endif /* NW_LANE_H */

/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A set of 64-bit fingerprints on one node: 8 bytes a slot, growing without a stop.
 *
 *                   insert(p)  insert(q)  contains  scan  stats  destroy
 *     insert(p)     X          -          -         X     -      X
 *     insert(q)     -          X          -         X     -      X
 *     contains      -          -          -         -     -      X
 *     scan          X          X          -         -     -      X
 *     stats         -          -          -         -     -      X
 *     destroy       X          X          X         X     X      X
 *
 * p and q are two parties: a party is one thread at a time. X: the caller must keep the two
 * calls from overlapping. A set with one party is owner-only: nothing but that party's calls and
 * the statistics may run, and inserts use no atomic read-modify-write.
 *
 * The set is cut into blocks of equal size; a block that fills is split in two while the others
 * go on. An insert waits only while its own block is being split, a few microseconds of copying.
 *
 * Progress: finding a fingerprint that is already there is wait-free; inserts are lock-free but
 * for the wait just named. Order: none beyond the set itself; an insert publishes nothing else.
 *
 * Bits of a fingerprint that choose its place: the low ones the block, bits 47 and below the
 * slot, 31..34 whether it is sampled for the load estimate. The top 16 are free for the caller
 * to choose a home with (nw_fpset_home()), so that homes and slots are independent.
 */
#ifndef NW_FPSET_H
#define NW_FPSET_H

#include <nw/base.h>
#include <nw/mem.h>
#include <nw/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

struct nw_fpset;

enum {
	NW_FPSET_BATCH_MAX = 1024, /* fingerprints in one insert call */
	NW_FPSET_PARTIES_MAX = 1024
};

struct nw_fpset_options {
	nw_node node;         /* where every page lives; NW_NODE_ANY: where it is touched first */
	uint32_t party_count; /* 1: owner-only; else 2..NW_FPSET_PARTIES_MAX */
	uint64_t slots_min; /* first capacity, rounded up to a power of two; 0: 2^16; at least 8 */
	uint32_t block_slots; /* slots a block, a power of two, 8..2^20; 0: 8192 */
	/* Asked before memory is mapped (n_bytes > 0), told what rounding added and what is given
	 * back (< 0); false
	 * refuses, and the insert returns -ENOMEM. NULL: no limit. Any party's thread, under the
	 * set's own lock: it must not call back into the set. */
	bool (*reserve)(void *arg, int64_t n_bytes);
	void *arg;
};

struct nw_fpset_stats {
	uint64_t count;       /* fingerprints in the set */
	uint64_t slot_count;  /* capacity, free blocks included */
	uint64_t n_bytes;     /* mapped, directory and free blocks included */
	uint64_t split_count; /* blocks split so far */
	uint32_t region_count;
	uint32_t unbound_count; /* regions not bound to the node */
	int unbound_reason;     /* negative errno of the first of them, 0: none */
};

/**
 * Create an empty set.
 *
 * @param ret_set  set on success, untouched on failure
 * @return 0
 * @return -EINVAL  a size is not a power of two or is out of range
 * @return -ENODEV  no such node
 * @return -ENOMEM  no memory, or `reserve` refused
 *
 * Threads: any thread, at any time.
 * Owner:   the caller; release with nw_fpset_destroy().
 */
NW_API int nw_fpset_create(struct nw_fpset **ret_set, const struct nw_fpset_options *options)
	NW_MUST_USE;

/**
 * Release a set. NULL is a no-op.
 *
 * Threads: when no other call on this set is running or will follow.
 */
NW_API void nw_fpset_destroy(struct nw_fpset *set);

/**
 * Insert fingerprints; tell which were not there before.
 *
 * Of equal fingerprints in one call, or in calls that overlap, exactly one is new.
 *
 * @param party     0..party_count-1: the calling thread's own
 * @param fps       any values; those below 2^32 are stored as others above
 * @param count     0..NW_FPSET_BATCH_MAX
 * @param ret_new   bit i % 64 of word i / 64 is set where fps[i] was new; (count + 63) / 64
 *                  words are written
 * @return 0
 * @return -ENOMEM  some were not inserted: nothing more can be said about the set's content
 *
 * Threads: one thread a party.
 * Cost:    one cache miss a fingerprint, overlapped; a compare-and-swap for each new one unless
 *          owner-only; now and then the split of a block (bench_fpset).
 */
NW_API int nw_fpset_insert(struct nw_fpset *set, uint32_t party, const uint64_t *fps, size_t count,
			   uint64_t *ret_new) NW_MUST_USE;

/**
 * Whether a fingerprint is in the set.
 *
 * Threads: any party's thread (owner-only: the owner).
 */
NW_API bool nw_fpset_contains(struct nw_fpset *set, uint32_t party, uint64_t fp);

/** Where a scan is: all zero at first. */
struct nw_fpset_cursor {
	uint64_t block_idx;
	uint32_t slot_idx, unused;
};

/**
 * Read the fingerprints that are in the set, as they are stored, in the order of their places.
 *
 * @param inout_cursor  zero at first, then as the call before left it
 * @param ret_fps       filled up to count_max
 * @return how many were read; 0: there are no more
 *
 * Threads: any thread, while nothing is inserted; several scans may overlap.
 */
NW_API size_t nw_fpset_scan(struct nw_fpset *set, struct nw_fpset_cursor *inout_cursor,
			    uint64_t *ret_fps, size_t count_max);

/**
 * Size of the set. While inserts run the fields are each recent, not simultaneous.
 *
 * Threads: any thread.
 */
NW_API void nw_fpset_stats(struct nw_fpset *set, struct nw_fpset_stats *ret_stats);

/**
 * The memory blocks lie in, for nw_mem_verify(). False past the last region.
 *
 * Threads: any thread; the region stays mapped until nw_fpset_destroy().
 */
NW_API bool nw_fpset_region_at(struct nw_fpset *set, uint32_t region_idx,
			       struct nw_mem *ret_region);

/** Home of a fingerprint among home_count (1..65536), from its top 16 bits. Threads: any. */
static inline uint32_t nw_fpset_home(uint64_t fp, uint32_t home_count)
{
	return (uint32_t)(((fp >> 48) * home_count) >> 16);
}

NW_END_DECLS

#endif /* NW_FPSET_H */

/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A small value that is written now and then, and read whole by many, without a lock.
 *
 *                write    try_write  read
 *     write      X        X          -
 *     try_write  X        -          -
 *     read       -        -          -
 *
 * X: the caller must keep the two calls from overlapping. -: any overlap is fine.
 *
 * Readers write nothing, so any number of them costs a writer nothing but the lines it fetches.
 * The value may lie in memory shared between processes: nothing in it is an address.
 *
 * Progress: write is wait-free, try_write too. One pass of a reader is wait-free and fails only if
 * a write overlapped it; a write makes a reader repeat all passes that it overlaps, which are one
 * or two unless the writer is stopped inside. nw_seqlock_read() makes as many as it is told.
 * Order: what a writer did before its write happens before the return of a read that gives what
 * it wrote, or something later.
 */
#ifndef NW_SEQLOCK_H
#define NW_SEQLOCK_H

#include <nw/base.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A value and its sequence. Opaque. */
struct nw_seqlock;

/** Largest value. */
#define NW_SEQLOCK_BYTES_MAX 1024u

/**
 * Bytes that nw_seqlock_init() needs.
 *
 * @param value_bytes  1..1024
 * @return bytes, a multiple of 8; 0: value_bytes is not allowed
 *
 * Threads: any thread.
 */
NW_API size_t nw_seqlock_bytes(size_t value_bytes);

/**
 * Make a value in the caller's memory, all bytes zero. It holds nothing, so there is no end to
 * call.
 *
 * @param ret_lock     set on success, untouched on failure
 * @param memory       aligned to 8 (to NW_CACHE_PAIR, to be alone on its lines); any content
 * @param n_bytes      nw_seqlock_bytes(value_bytes) or more
 * @param value_bytes  1..1024
 * @return 0
 * @return -EINVAL  value_bytes is not allowed, or memory is misaligned
 * @return -ENOSPC  n_bytes is too small
 *
 * Threads: any thread, with nobody else in that memory.
 * Owner:   the memory stays the caller's. Another process that maps it uses its own address of it
 *          for the lock, and does not call this.
 */
NW_API int nw_seqlock_init(struct nw_seqlock **ret_lock, void *memory, size_t n_bytes,
			   size_t value_bytes) NW_MUST_USE;

/**
 * Replace the value, where only one thread ever writes.
 *
 * @param value  value_bytes of it; borrowed for the call
 *
 * Threads: the writer's.
 * Progress: wait-free. A thread that is stopped inside makes every read fail until it goes on.
 * Cost:    plain stores.
 */
NW_API void nw_seqlock_write(struct nw_seqlock *lock, const void *value);

/**
 * Replace the value, where several threads may write.
 *
 * @param value  value_bytes of it; borrowed for the call
 * @return true if replaced, false if another write is under way (not an error)
 *
 * Threads: any thread.
 * Order:   writes are in one order, and each happens before the next.
 * Progress: wait-free, see nw_seqlock_write().
 * Cost:    one compare-and-swap more than nw_seqlock_write().
 */
NW_API bool nw_seqlock_try_write(struct nw_seqlock *lock, const void *value) NW_MUST_USE;

/**
 * Read the value as one write left it.
 *
 * @param ret_value  room for value_bytes; set on success, untouched on failure
 * @param try_count  passes to make at most, 1 or more
 * @return true if read, false if a write overlapped every pass
 *
 * Threads: any thread.
 * Progress: wait-free: try_count passes over the value.
 * Cost:    loads only, of the value's lines, twice; no line is written.
 */
NW_API bool nw_seqlock_read(const struct nw_seqlock *lock, void *ret_value, uint32_t try_count)
	NW_MUST_USE;

NW_END_DECLS

#endif /* NW_SEQLOCK_H */

/* SPDX-License-Identifier: MIT */
/*
 * Sequence lock over the words of a small value.
 *
 * Roles: a writer makes the sequence odd, stores the words, makes it even again; a reader loads the
 * sequence, the words, and the sequence once more, and has a value if both were the same even
 * number. The words are atomics: a reader may load them while they are stored, and then throws
 * them away.
 *
 * Invariant: sequence 2k, even, means that write k has ended and none has begun since.
 *
 * Why it is correct, without a fence. Say a reader took the sequence 2k at its first load.
 * That acquires the end of write k, so no word is older than write k's. Had it a word of a later
 * write, then its load of that word (acquire) would meet that write's store of it (release), which
 * comes after the sequence was made odd; so the second load of the sequence could not find 2k any
 * more. Orders on the words instead of the usual two fences cost nothing on x86, and
 * ThreadSanitizer sees them.
 *
 * The sequence has 64 bits and does not wrap.
 *
 * References: H.-J. Boehm, "Can seqlocks get along with programming language memory models?",
 * MSPC 2012.
 */
#include <nw/seqlock.h>

#include "base/bits.h"
#include "os/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

enum { WORDS_MAX = NW_SEQLOCK_BYTES_MAX / sizeof(uint64_t) };

struct nw_seqlock {
	/* Constant after creation. */
	uint64_t value_bytes;

	/* Written by the writers. */
	_Atomic uint64_t sequence; /* odd: a write is under way */
	_Atomic uint64_t words[];
};

static size_t word_count(size_t value_bytes)
{
	return (value_bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

size_t nw_seqlock_bytes(size_t value_bytes)
{
	if (value_bytes < 1 || value_bytes > NW_SEQLOCK_BYTES_MAX)
		return 0;
	return sizeof(struct nw_seqlock) + word_count(value_bytes) * sizeof(uint64_t);
}

int nw_seqlock_init(struct nw_seqlock **ret_lock, void *memory, size_t n_bytes, size_t value_bytes)
{
	struct nw_seqlock *lock = memory;

	if (nw_seqlock_bytes(value_bytes) == 0 || (uintptr_t)memory % sizeof(uint64_t) != 0)
		return -EINVAL;
	if (n_bytes < nw_seqlock_bytes(value_bytes))
		return -ENOSPC;
	lock->value_bytes = value_bytes;
	atomic_init(&lock->sequence, 0);
	for (size_t i = 0; i < word_count(value_bytes); i++)
		atomic_init(&lock->words[i], 0);
	*ret_lock = lock;
	return 0;
}

/* The sequence is odd, and the calling thread made it so. */
static void replace(struct nw_seqlock *lock, const void *value, uint64_t sequence)
{
	uint64_t words[WORDS_MAX];
	size_t n = word_count(lock->value_bytes);

	words[n - 1] = 0; /* what the value leaves of its last word */
	memcpy(words, value, lock->value_bytes);
	for (size_t i = 0; i < n; i++)
		/* [seqlock_write.word] release, pairs with [seqlock_read.word]: a reader that has
		 * the new word finds the sequence odd, or higher. */
		atomic_store_explicit(&lock->words[i], words[i], memory_order_release);
	/* [seqlock_write.end] release, pairs with [seqlock_read.begin], [seqlock_write.begin]:
	 * every word is stored. */
	atomic_store_explicit(&lock->sequence, sequence + 2, memory_order_release);
}

void nw_seqlock_write(struct nw_seqlock *lock, const void *value)
{
	/* relaxed: sole writer. */
	uint64_t sequence = atomic_load_explicit(&lock->sequence, memory_order_relaxed);

	/* relaxed: sole writer; each [seqlock_write.word] publishes it. */
	atomic_store_explicit(&lock->sequence, sequence + 1, memory_order_relaxed);
	replace(lock, value, sequence);
}

bool nw_seqlock_try_write(struct nw_seqlock *lock, const void *value)
{
	/* relaxed: re-checked by the CAS below. */
	uint64_t sequence = atomic_load_explicit(&lock->sequence, memory_order_relaxed);

	/* [seqlock_write.begin] acquire, pairs with [seqlock_write.end]: the words of the write
	 * before are stored before ours. */
	if (sequence % 2 != 0 ||
	    !atomic_compare_exchange_strong_explicit(&lock->sequence, &sequence, sequence + 1,
						     memory_order_acquire, memory_order_relaxed))
		return false;
	replace(lock, value, sequence);
	return true;
}

static bool read_once(const struct nw_seqlock *lock, uint64_t *words)
{
	/* [seqlock_read.begin] acquire, pairs with [seqlock_write.end]: no word is older. */
	uint64_t sequence = atomic_load_explicit(&lock->sequence, memory_order_acquire);

	if (sequence % 2 != 0)
		return false;
	for (size_t i = 0; i < word_count(lock->value_bytes); i++)
		/* [seqlock_read.word] acquire, pairs with [seqlock_write.word]: if the word is of a
		 * later write, so is the sequence read below. */
		words[i] = atomic_load_explicit(&lock->words[i], memory_order_acquire);
	/* relaxed: [seqlock_read.word] orders it after the words. */
	return atomic_load_explicit(&lock->sequence, memory_order_relaxed) == sequence;
}

bool nw_seqlock_read(const struct nw_seqlock *lock, void *ret_value, uint32_t try_count)
{
	uint64_t words[WORDS_MAX];

	for (uint32_t i = 0; i < try_count; i++) {
		if (read_once(lock, words)) {
			memcpy(ret_value, words, lock->value_bytes);
			return true;
		}
		nwi_cpu_relax();
	}
	return false;
}

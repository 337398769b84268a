/* SPDX-License-Identifier: MIT */
/*
 * The fences of the tree, in one place. A light fence orders one side of a Dekker-like meeting
 * (I write mine, then read yours) for the compiler only; the other side then has the kernel run a
 * fence on every CPU that runs this process (os/membarrier.h). A full fence needs no such help.
 *
 * ThreadSanitizer does not know fences: there a full fence is a read-modify-write of a private
 * word, the same instruction to the CPU. It makes no thread happen before another, so it hides
 * no race; data must be ordered by acquire and release on the words that meet, as elsewhere.
 */
#ifndef NWI_BASE_FENCE_H
#define NWI_BASE_FENCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__SANITIZE_THREAD__)
#define NWI_HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NWI_HAS_TSAN 1
#endif
#endif
#ifndef NWI_HAS_TSAN
#define NWI_HAS_TSAN 0
#endif

/* What was written before is visible to all threads before anything is read after. */
static inline void nwi_fence_full(void)
{
#if NWI_HAS_TSAN
	_Atomic uint32_t word = 0;

	atomic_fetch_add(&word, 1);
#else
	/* [fence.full] fence, pairs with [fence.light], [hazard_set.light], [rcu_read_lock.light]:
	 * of two sides that each write a word and then read the other's, one sees the other. */
	atomic_thread_fence(memory_order_seq_cst);
#endif
}

/* The same where the other side calls nwi_membarrier() in place of its full fence. */
static inline void nwi_fence_light(void)
{
	/* [fence.light] fence, pairs with [fence.full]: the compiler keeps the order; the CPU's
	 * fence is the other side's membarrier. */
	atomic_signal_fence(memory_order_seq_cst);
}

/* The frequent side: full where there is no membarrier. */
static inline void nwi_fence_frequent(bool is_full)
{
	if (is_full)
		nwi_fence_full();
	else
		nwi_fence_light();
}

#endif /* NWI_BASE_FENCE_H */

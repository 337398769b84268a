/* SPDX-License-Identifier: MIT */
/*
 * What a client of the model checker has in place of the layers below the structure it includes:
 * zeroed memory, a futex made of a mutex, no clock. Include it first, then the structure's .c file.
 *
 * Invariant: every word is read with the size it was written with, since the checker knows no
 * others; so memory starts zeroed and is not cleared again, and copies go word by word.
 */
#ifndef NW_MODEL_H
#define NW_MODEL_H

#include <nw/mem.h>

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef static_assert /* the checker's own <assert.h> */
#define static_assert _Static_assert
#endif

/* Values that the checker's own <errno.h> lacks. */
#ifndef ENOTSUP
#define ENOTSUP 95
#endif
#ifndef ECANCELED
#define ECANCELED 125
#endif

#ifdef NW_MODEL_CHECKER
void __VERIFIER_assume(bool) __attribute__((__nothrow__));
#define model_assume(condition) __VERIFIER_assume(condition)
#else
/* Run as a program: the execution that is not wanted ends here, as a success. */
#define model_assume(condition) ((condition) ? (void)0 : _Exit(0))
#endif

static inline void *model_copy(void *to, const void *from, size_t n_bytes)
{
	uint64_t *t = (uint64_t *)to;
	const uint64_t *f = (const uint64_t *)from;

	for (size_t i = 0; i < n_bytes / sizeof(*t); i++)
		t[i] = f[i];
	return to;
}

/* For what is made of words. */
static inline void *model_zero_words(void *to, size_t n_bytes)
{
	uint64_t *t = (uint64_t *)to;

	for (size_t i = 0; i < n_bytes / sizeof(*t); i++)
		t[i] = 0;
	return to;
}

#undef memset
#undef memcpy
#define memset(to, byte, n_bytes) ((void)(to))
#define memcpy(to, from, n_bytes) model_copy((to), (from), (n_bytes))

/* The checker takes a compiler's fence for a CPU's. */
#undef atomic_signal_fence
#define atomic_signal_fence(order) ((void)(order))

/* One structure's memory, in static storage: zeroed, aligned, never freed. */
#define MODEL_BYTES 8192
alignas(NW_CACHE_PAIR) unsigned char model_memory[MODEL_BYTES];

static inline void model_start(pthread_t *thread, void *(*run)(void *))
{
	int rc = pthread_create(thread, NULL, run, NULL);

	assert(rc == 0);
	(void)rc;
}

#endif /* NW_MODEL_H */

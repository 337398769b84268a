/* SPDX-License-Identifier: MIT */
/*
 * A futex for the model checker: a mutex makes look-and-sleep one step, as the kernel does. Who
 * sleeps ends there, since all that matters is whether a wake-up follows; at its end the client
 * asserts that nobody is asleep. A wake-up wakes all, as notify_all asks for.
 */
#ifndef NW_MODEL_FUTEX_H
#define NW_MODEL_FUTEX_H

#include "model.h"

#include "os/futex.h"

static pthread_mutex_t model_futex_lock;
static int model_asleep_count; /* under the lock */

/* The word is the upper half of a 64-bit one, which is read as a whole. */
static inline uint32_t model_upper_half(const _Atomic uint32_t *word)
{
	const _Atomic uint64_t *whole = (const _Atomic uint64_t *)(const void *)(word - 1);

	return (uint32_t)(atomic_load_explicit(whole, memory_order_relaxed) >> 32);
}

int nwi_futex_wait(const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
	bool is_asleep;

	(void)deadline_ns;
	pthread_mutex_lock(&model_futex_lock);
	is_asleep = model_upper_half(word) == expected;
	if (is_asleep)
		model_asleep_count++;
	pthread_mutex_unlock(&model_futex_lock);
	if (is_asleep)
		pthread_exit(NULL);
	return 0;
}

void nwi_futex_wake(const _Atomic uint32_t *word, int count)
{
	(void)word, (void)count;
	pthread_mutex_lock(&model_futex_lock);
	model_asleep_count = 0;
	pthread_mutex_unlock(&model_futex_lock);
}

#endif /* NW_MODEL_FUTEX_H */

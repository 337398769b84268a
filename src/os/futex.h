/* SPDX-License-Identifier: MIT */
/*
 * Sleep on a 32-bit word until somebody changes it: Linux futex(2), process-private.
 * Nothing here orders memory; the atomics on the word do.
 */
#ifndef NWI_OS_FUTEX_H
#define NWI_OS_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * Sleep while *word == expected, until a wake-up or until CLOCK_MONOTONIC reaches
 * deadline_ns (UINT64_MAX: no limit). 0: woken, or the word differed, or for no reason (a
 * signal): the caller looks at the word again. -ETIMEDOUT: the deadline passed.
 */
int nwi_futex_wait(const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns);

/* Wake at most `count` sleepers. Async-signal-safe; keeps errno. */
void nwi_futex_wake(const _Atomic uint32_t *word, int count);

#endif /* NWI_OS_FUTEX_H */

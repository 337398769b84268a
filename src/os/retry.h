/* SPDX-License-Identifier: MIT */
/*
 * What a lock-free loop does after another thread was faster: keep away from the line for a while,
 * so that who has it finishes several operations before the line crosses again. It doubles up
 * to a limit and makes no system call, unlike os/backoff.h, which is for who waits for somebody.
 *
 * Lock-free stays lock-free: the wait is bounded, and is entered only after another one's success.
 *
 * The least wait is about the time that a line takes from core to core; the most is as long as some
 * dozens of operations, where longer gained nothing and cost fairness. A `pause` takes from 10
 * to 45 ns, by the CPU.
 */
#ifndef NWI_OS_RETRY_H
#define NWI_OS_RETRY_H

#include "os/thread.h"

#include <stdint.h>

enum { NWI_RETRY_SPINS_MIN = 8, NWI_RETRY_SPINS_MAX = 128 };

struct nwi_retry {
	uint32_t spins; /* of the last wait; 0 at first */
};

static inline void nwi_retry_wait(struct nwi_retry *retry)
{
	if (retry->spins == 0)
		retry->spins = NWI_RETRY_SPINS_MIN;
	else if (retry->spins < NWI_RETRY_SPINS_MAX)
		retry->spins *= 2;
	for (uint32_t i = 0; i < retry->spins; i++)
		nwi_cpu_relax();
}

#endif /* NWI_OS_RETRY_H */

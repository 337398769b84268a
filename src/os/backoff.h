/* SPDX-License-Identifier: MIT */
/*
 * Waiting for another thread that is about to finish something short: spin a little longer
 * each round, then give the CPU away. For waits that end by themselves; a wait for an event that
 * may never come parks instead (crew).
 */
#ifndef NWI_OS_BACKOFF_H
#define NWI_OS_BACKOFF_H

#include "os/thread.h"

#include <sched.h>
#include <stdint.h>

enum { NWI_BACKOFF_SPIN_MAX = 64 };

struct nwi_backoff {
	uint32_t spins; /* of the next round; 0 at first */
};

static inline void nwi_backoff_wait(struct nwi_backoff *backoff)
{
	if (backoff->spins > NWI_BACKOFF_SPIN_MAX) {
		/* Its only error is ENOSYS; then this is a spin loop and still right. */
		(void)sched_yield();
		return;
	}
	for (uint32_t i = 0; i <= backoff->spins; i++)
		nwi_cpu_relax();
	backoff->spins = 2 * backoff->spins + 1;
}

#endif /* NWI_OS_BACKOFF_H */

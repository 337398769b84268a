/* SPDX-License-Identifier: MIT */
/* For the model checker, in place of src/os/backoff.h: a loop that waits is a loop. */
#ifndef NWI_OS_BACKOFF_H
#define NWI_OS_BACKOFF_H

#include <stdint.h>

struct nwi_backoff {
	uint32_t spins;
};

static inline void nwi_backoff_wait(struct nwi_backoff *backoff)
{
	(void)backoff;
}

#endif /* NWI_OS_BACKOFF_H */

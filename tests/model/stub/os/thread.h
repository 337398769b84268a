/* SPDX-License-Identifier: MIT */
/* For the model checker, in place of src/os/thread.h: time stands still, waiting is free. */
#ifndef NWI_OS_THREAD_H
#define NWI_OS_THREAD_H

#include <stdint.h>

static inline uint64_t nwi_clock_ns(void)
{
	return 0;
}

static inline void nwi_cpu_relax(void) {}

#endif /* NWI_OS_THREAD_H */

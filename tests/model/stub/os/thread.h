/* SPDX-License-Identifier: MIT */
/* For the model checker, in place of src/os/thread.h: time stands still, waiting is free. */
#ifndef NWI_OS_THREAD_H
#define NWI_OS_THREAD_H

#include <stdint.h>

enum { NWI_THREAD_NAME_BYTES = 16 };

static inline uint64_t nwi_clock_ns(void)
{
	return 0;
}

static inline int32_t nwi_thread_id(void)
{
	return 1;
}

static inline void nwi_thread_name(char name[NWI_THREAD_NAME_BYTES])
{
	(void)name;
}

static inline void nwi_cpu_relax(void) {}

#endif /* NWI_OS_THREAD_H */

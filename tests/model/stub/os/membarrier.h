/* SPDX-License-Identifier: MIT */
/* For the model checker, in place of src/os/membarrier.h: the kernel has none. */
#ifndef NWI_OS_MEMBARRIER_H
#define NWI_OS_MEMBARRIER_H

#include <errno.h>

static inline int nwi_membarrier_register(void)
{
	return -ENOSYS;
}

static inline int nwi_membarrier(void)
{
	return -ENOSYS;
}

#endif /* NWI_OS_MEMBARRIER_H */

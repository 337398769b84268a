/* SPDX-License-Identifier: MIT */
/*
 * For the model checker, in place of src/os/membarrier.h: the kernel has none. With MODEL_UNFENCED
 * it says that it made a fence and makes none, for clients where none is missed.
 */
#ifndef NWI_OS_MEMBARRIER_H
#define NWI_OS_MEMBARRIER_H

#include <errno.h>

static inline int nwi_membarrier_register(void)
{
	return -ENOSYS;
}

static inline int nwi_membarrier(void)
{
#ifdef MODEL_UNFENCED
	return 0;
#else
	return -ENOSYS;
#endif
}

#endif /* NWI_OS_MEMBARRIER_H */

/* SPDX-License-Identifier: MIT */
/*
 * Which of two sides pays for the fence. A domain decides once, when it is created: readers run
 * with a light fence and scans call the kernel, or both run full fences. Invariant: all threads of
 * a domain go by the same decision.
 */
#ifndef NWI_RECLAIM_ASYM_H
#define NWI_RECLAIM_ASYM_H

#include "base/fence.h"
#include "os/membarrier.h"

#include <errno.h>
#include <stdbool.h>

/* 0: light fences for the frequent side; else the negative errno that makes them full. */
static inline int nwi_asym_choose(bool full_fences)
{
	if (NWI_HAS_TSAN)
		return -ENOTSUP;
	if (full_fences)
		return -ECANCELED;
	return nwi_membarrier_register();
}

/*
 * The rare side's fence; fence_reason is what was chosen. 0, or a negative errno: no fence took
 * place, so whoever is not seen may be there all the same.
 */
static inline int nwi_asym_heavy(int fence_reason)
{
	if (fence_reason == 0)
		return nwi_membarrier();
	nwi_fence_full();
	return 0;
}

#endif /* NWI_RECLAIM_ASYM_H */

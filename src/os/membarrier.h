/* SPDX-License-Identifier: MIT */
/*
 * A full fence on every CPU that runs a thread of this process, made by the kernel: what lets the
 * frequent side of a protocol do without one (base/fence.h). Linux membarrier(2), private
 * expedited.
 */
#ifndef NWI_OS_MEMBARRIER_H
#define NWI_OS_MEMBARRIER_H

/*
 * Ask for it, once before the first use; again is harmless. 0, or -ENOSYS, -EINVAL: this kernel has
 * none; -EPERM or another: a sandbox refuses.
 */
int nwi_membarrier_register(void);

/*
 * Between its begin and its end every running thread of the process passes a full fence. 0, or
 * -EPERM and others: no fence took place (not registered, or a sandbox came up since).
 */
int nwi_membarrier(void);

#endif /* NWI_OS_MEMBARRIER_H */

/* SPDX-License-Identifier: MIT */
/* How much memory this process may still take: the machine's and its cgroup's word. */
#ifndef NWI_OS_MEMINFO_H
#define NWI_OS_MEMINFO_H

#include <stdint.h>

/* MemAvailable of the machine, or what every cgroup above this process leaves, whichever is
 * least. Where nothing can be read: what sysconf says is free. */
uint64_t nwi_meminfo_available_bytes(void);

#endif /* NWI_OS_MEMINFO_H */

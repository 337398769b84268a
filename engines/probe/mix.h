/* SPDX-License-Identifier: MIT */
/* Mixing of words: for orders, not for secrets (those are siphash.h's). */
#ifndef NWI_PROBE_MIX_H
#define NWI_PROBE_MIX_H

#include <stdint.h>

/* Every bit of the input moves about half of the output's (D. Stafford's mix 13). */
static inline uint64_t nwi_probe_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

#endif /* NWI_PROBE_MIX_H */

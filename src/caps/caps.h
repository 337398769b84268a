/* SPDX-License-Identifier: MIT */
/* What tests of the capability table reach that users do not. */
#ifndef NWI_CAPS_CAPS_H
#define NWI_CAPS_CAPS_H

#include <nw/caps.h>

/*
 * Let slots be retired after so many generations, 1..2^32-1, so that a test sees it happen. Before
 * the first capability is made.
 */
void nwi_caps_generation_max(struct nw_caps *caps, uint32_t generation_max);

#endif /* NWI_CAPS_CAPS_H */

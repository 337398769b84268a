/* SPDX-License-Identifier: MIT */
/* What became of packets that were accepted; struct relay_drops is in frame.h. Invariant: nothing
 * is counted twice. */
#ifndef APP_RELAY_DROPS_H
#define APP_RELAY_DROPS_H

#include "relay/frame.h"

#include <nw/relay.h>

struct relay_drops relay_drops_of(const uint64_t dropped[NW_RELAY_DROP_COUNT]);
struct relay_drops relay_drops_since(const struct relay_drops *now,
				     const struct relay_drops *before);
/* The i-th kind and its count; NULL past the last. */
const char *relay_drops_at(const struct relay_drops *drops, unsigned i, uint64_t *ret_count);

#endif /* APP_RELAY_DROPS_H */

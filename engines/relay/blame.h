/* SPDX-License-Identifier: MIT */
/* What a shard dropped, by whose it was. Invariant: one writer, the shard; an entry is somebody's
 * for ever. */
#ifndef NWI_RELAY_BLAME_H
#define NWI_RELAY_BLAME_H

#include <nw/relay.h>

#include <stdalign.h>
#include <stdatomic.h>

enum { NWI_BLAME_ENTRIES = 1024, NWI_BLAME_TRIES = 16 };

struct nwi_blame {
	alignas(64) _Atomic uint64_t key; /* sender + 1; 0: nobody */
	_Atomic uint64_t dropped[NW_RELAY_DROP_COUNT];
};

struct nwi_shard;

/* Counts packets of a sender; the shard's. Those of senders beyond the table are in the tally only.
 */
void nwi_blame(struct nwi_shard *shard, uint32_t sender, unsigned drop);
/* Adds what the shard dropped of a sender's. Any thread. */
void nwi_blame_add(const struct nwi_shard *shard, uint32_t sender,
		   uint64_t inout_dropped[NW_RELAY_DROP_COUNT]);

#endif /* NWI_RELAY_BLAME_H */

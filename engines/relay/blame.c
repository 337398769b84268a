/* SPDX-License-Identifier: MIT */
/*
 * Drops, by sender: so that who was told that a packet is accepted can learn that a rule dropped
 * it.
 *
 * A small table with open addressing a shard. An entry is claimed by its first drop and never given
 * back, so a reader that finds the key has the right counts whatever the shard does meanwhile.
 * Invariant: the key is shown before anything is counted under it.
 */
#include "blame.h"

#include "shard.h"

static uint32_t place_of(uint32_t sender, uint32_t try_idx)
{
	return (sender * UINT32_C(2654435761) / (UINT32_MAX / NWI_BLAME_ENTRIES + 1) + try_idx) %
	       NWI_BLAME_ENTRIES;
}

void nwi_blame(struct nwi_shard *shard, uint32_t sender, unsigned drop)
{
	uint64_t key = (uint64_t)sender + 1;

	for (uint32_t i = 0; i < NWI_BLAME_TRIES; i++) {
		struct nwi_blame *entry = &shard->blame[place_of(sender, i)];
		/* relaxed: sole writer. */
		uint64_t found = atomic_load_explicit(&entry->key, memory_order_relaxed);

		if (found != key && found != 0)
			continue;
		if (found == 0)
			/* relaxed: the value alone: the counts below it are zero until it is
			 * somebody's. */
			atomic_store_explicit(&entry->key, key, memory_order_relaxed);
		nwi_count(&entry->dropped[drop], 1);
		shard->blame_count++;
		return;
	}
}

void nwi_blame_add(const struct nwi_shard *shard, uint32_t sender,
		   uint64_t inout_dropped[NW_RELAY_DROP_COUNT])
{
	for (uint32_t i = 0; i < NWI_BLAME_TRIES; i++) {
		const struct nwi_blame *entry = &shard->blame[place_of(sender, i)];
		uint64_t key = nwi_counted(&entry->key);

		if (key == 0)
			return;
		if (key != (uint64_t)sender + 1)
			continue;
		for (uint32_t d = 0; d < NW_RELAY_DROP_COUNT; d++)
			inout_dropped[d] += nwi_counted(&entry->dropped[d]);
		return;
	}
}

void nw_relay_sender_drops(const struct nw_relay *relay, uint32_t sender,
			   uint64_t ret_dropped[NW_RELAY_DROP_COUNT])
{
	uint64_t dropped[NW_RELAY_DROP_COUNT] = { 0 };

	for (uint32_t i = 0; i < relay->shard_count; i++)
		nwi_blame_add(relay->shards[i], sender, dropped);
	memcpy(ret_dropped, dropped, sizeof(dropped));
}

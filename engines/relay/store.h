/* SPDX-License-Identifier: MIT */
/*
 * A shard's store: a ring of blocks for payloads that do not fit a packet.
 *
 *     . . . F F R F p R R . . .     F free, R in use, p padding before the end
 *           ^           ^            positions count bytes since the store was made
 *           tail        head         and never wrap
 *
 * Any thread takes a block by moving head; any thread gives it back by its stamp; the shard alone
 * moves tail, over blocks that are free. A packet names a block by its position, which no other
 * block ever has, so a block that was taken anew is told from the old one.
 *
 * A payload stays readable after it was given back, until its place is taken again: a reader
 * looks at the stamp, copies, and compares the checksum. So a slow reader loses a payload and
 * nobody waits for it. Both copy by atomic words, since they may meet.
 *
 * Shared with other processes for reading only: the layout of a block is an ABI.
 */
#ifndef NWI_RELAY_STORE_H
#define NWI_RELAY_STORE_H

#include <nw/base.h>
#include <nw/node.h>
#include <nw/packet.h>
#include <nw/shm.h>

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	NWI_BLOCK_BYTES = 64, /* of the head of a block, and what sizes are multiples of */
	NWI_BLOCK_USED = 1,   /* in the low bits of a stamp */
	NWI_BLOCK_FREE = 2,
	NWI_STORE_BYTES_MIN = 4096,
	NWI_STORE_BYTES_MAX = 1 << 30,
};

struct nwi_block {
	alignas(NWI_BLOCK_BYTES) _Atomic uint64_t stamp; /* position | used or free */
	_Atomic uint64_t total_bytes;                    /* this head too */
	_Atomic uint64_t bytes;
	_Atomic uint64_t checksum;
};
static_assert(sizeof(struct nwi_block) == NWI_BLOCK_BYTES, "a payload begins on a line");

struct nwi_store {
	/* Constant. */
	struct nw_shm shm;
	unsigned char *base;
	uint64_t n_bytes; /* a power of two; 0: there is no store */

	/* Written by whoever takes a block. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t head;

	/* Written by the shard. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t tail;
};

int nwi_store_open(struct nwi_store *store, nw_node node, uint64_t n_bytes);
void nwi_store_close(struct nwi_store *store);

/* Takes a block, copies a payload into it, and says so in the packet (form, region and all). The
 * source may be hostile: it is read once. 0, -E2BIG, or -ENOSPC: full. */
int nwi_store_put(struct nwi_store *store, uint32_t region, struct nw_packet *packet,
		  const void *bytes, uint32_t n_bytes);
/* Whether a payload so long is taken at all. */
static inline bool nwi_store_fits(const struct nwi_store *store, uint32_t n_bytes)
{
	return n_bytes > 0 && NWI_BLOCK_BYTES + (uint64_t)n_bytes <= store->n_bytes / 2;
}

/* Gives a block back; again, or with a position that is gone, it does nothing. */
void nwi_store_free(struct nwi_store *store, const struct nw_packet_ref *ref);
/* Whether a packet's block is there, in use. */
bool nwi_store_has(const struct nwi_store *store, const struct nw_packet_ref *ref);
/* The shard's: lets go of what is free. */
void nwi_store_sweep(struct nwi_store *store);
/* Per mille in use. */
uint32_t nwi_store_fill(const struct nwi_store *store);

/* A payload from mapped memory: its bytes; -ESTALE: it is gone; -EMSGSIZE: more than `max`. */
int64_t nwi_store_read(const unsigned char *base, uint64_t n_bytes, const struct nw_packet_ref *ref,
		       void *ret_bytes, uint32_t max);

#endif /* NWI_RELAY_STORE_H */

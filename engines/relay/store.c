/* SPDX-License-Identifier: MIT */
/*
 * Blocks for payloads (store.h).
 *
 * Invariant: tail <= head <= tail + n_bytes; every block from tail to head that was filled in has
 * its own position in its stamp, and one that was taken and is not filled in yet has an older one,
 * at which sweeping stops. A stamp becomes free once, by whoever swaps it first.
 */
#include "store.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

int nwi_store_open(struct nwi_store *store, nw_node node, uint64_t n_bytes)
{
	int rc = nw_shm_create(&store->shm, "nw-relay-store", node, n_bytes, NW_SHM_READ_ONLY);

	if (rc < 0)
		return rc;
	store->base = store->shm.mem.base;
	store->n_bytes = n_bytes;
	/* From n_bytes on, so that a stamp of zeros is none. */
	atomic_init(&store->head, n_bytes);
	atomic_init(&store->tail, n_bytes);
	return 0;
}

void nwi_store_close(struct nwi_store *store)
{
	nw_shm_close(&store->shm);
}

static struct nwi_block *block_at(const unsigned char *base, uint64_t n_bytes, uint64_t position)
{
	return (struct nwi_block *)(void *)(uintptr_t)(base + (position & (n_bytes - 1)));
}

static uint64_t round_up(uint64_t n)
{
	return (n + NWI_BLOCK_BYTES - 1) / NWI_BLOCK_BYTES * NWI_BLOCK_BYTES;
}

/* ---- taking ---- */

/* Room for `total` bytes side by side: the position, or 0: full. What is left before the end of the
 * ring becomes padding, which *ret_padding is the position of. */
static uint64_t claim(struct nwi_store *store, uint64_t total, uint64_t *ret_padding)
{
	/* [store_claim.tail] acquire, pairs with [store_sweep.tail]: what used the bytes below is
	 * done with them, and the head read next is not older. */
	uint64_t tail = atomic_load_explicit(&store->tail, memory_order_acquire);
	/* relaxed: re-checked by the CAS below. */
	uint64_t head = atomic_load_explicit(&store->head, memory_order_relaxed);
	uint64_t until_end, padding;

	do {
		until_end = store->n_bytes - (head & (store->n_bytes - 1));
		padding = until_end < total ? until_end : 0;
		if (head + padding + total - tail > store->n_bytes)
			return 0;
		/* relaxed: the value alone: the stamps order the blocks. */
	} while (!atomic_compare_exchange_weak_explicit(&store->head, &head, head + padding + total,
							memory_order_relaxed,
							memory_order_relaxed));
	*ret_padding = padding > 0 ? head : 0;
	return head + padding;
}

static void stamp(struct nwi_store *store, uint64_t position, uint64_t total, uint64_t state)
{
	struct nwi_block *block = block_at(store->base, store->n_bytes, position);

	/* relaxed: the value alone: the stamp orders it; atomic, for a late reader of what was
	 * here. */
	atomic_store_explicit(&block->total_bytes, total, memory_order_relaxed);
	/* [store_put.stamp] release, pairs with [store_sweep.stamp], [store_read.stamp]: the block
	 * is filled in. */
	atomic_store_explicit(&block->stamp, position | state, memory_order_release);
}

/* By atomic words: a late reader may be at the same place. */
static void copy_in(unsigned char *to, const unsigned char *from, uint32_t n_bytes)
{
	for (uint32_t at = 0; at < n_bytes; at += sizeof(uint64_t)) {
		uint64_t word = 0;

		memcpy(&word, from + at, n_bytes - at < 8 ? n_bytes - at : 8);
		/* relaxed: the value alone: [store_put.stamp] orders it, and the checksum tells. */
		atomic_store_explicit((_Atomic uint64_t *)(void *)(to + at), word,
				      memory_order_relaxed);
	}
}

static void copy_out(unsigned char *to, const unsigned char *from, uint32_t n_bytes)
{
	for (uint32_t at = 0; at < n_bytes; at += sizeof(uint64_t)) {
		/* relaxed: the value alone: [store_read.stamp] orders it, and the checksum tells.
		 */
		uint64_t word = atomic_load_explicit(
			(const _Atomic uint64_t *)(const void *)(from + at), memory_order_relaxed);

		memcpy(to + at, &word, n_bytes - at < 8 ? n_bytes - at : 8);
	}
}

int nwi_store_put(struct nwi_store *store, uint32_t region, struct nw_packet *packet,
		  const void *bytes, uint32_t n_bytes)
{
	uint64_t total = NWI_BLOCK_BYTES + round_up(n_bytes), padding = 0, position;
	struct nw_packet_ref ref = { .region = region, .bytes = n_bytes };
	struct nwi_block *block;
	unsigned char *payload;

	if (!nwi_store_fits(store, n_bytes))
		return -E2BIG;
	position = claim(store, total, &padding);
	if (position == 0)
		return -ENOSPC;
	if (padding > 0)
		stamp(store, padding, position - padding, NWI_BLOCK_FREE);
	payload = (unsigned char *)block_at(store->base, store->n_bytes, position) +
		  NWI_BLOCK_BYTES;
	copy_in(payload, bytes, n_bytes);
	/* Of our copy: the source may change. */
	ref.checksum = XXH3_64bits(payload, n_bytes);
	ref.offset = position + NWI_BLOCK_BYTES;
	block = block_at(store->base, store->n_bytes, position);
	/* relaxed: the value alone: the stamp orders it. */
	atomic_store_explicit(&block->bytes, n_bytes, memory_order_relaxed);
	/* relaxed: as above. */
	atomic_store_explicit(&block->checksum, ref.checksum, memory_order_relaxed);
	stamp(store, position, total, NWI_BLOCK_USED);
	packet->flags = (uint16_t)((packet->flags & ~(unsigned)NW_PACKET_FORM_MASK) |
				   NW_PACKET_ARENA);
	nw_packet_set_ref(packet, &ref);
	return 0;
}

/* ---- giving back ---- */

bool nwi_store_has(const struct nwi_store *store, const struct nw_packet_ref *ref)
{
	uint64_t position = ref->offset - NWI_BLOCK_BYTES;

	if (store->n_bytes == 0 || position % NWI_BLOCK_BYTES != 0)
		return false;
	/* relaxed: the value alone. */
	return atomic_load_explicit(&block_at(store->base, store->n_bytes, position)->stamp,
				    memory_order_relaxed) == (position | NWI_BLOCK_USED);
}

void nwi_store_free(struct nwi_store *store, const struct nw_packet_ref *ref)
{
	uint64_t position = ref->offset - NWI_BLOCK_BYTES, used = position | NWI_BLOCK_USED;

	if (store->n_bytes == 0 || position % NWI_BLOCK_BYTES != 0)
		return;
	/* [store_free.stamp] release, pairs with [store_sweep.stamp]: what was read of the block is
	 * read. */
	(void)atomic_compare_exchange_strong_explicit(
		&block_at(store->base, store->n_bytes, position)->stamp, &used,
		position | NWI_BLOCK_FREE, memory_order_release, memory_order_relaxed);
}

void nwi_store_sweep(struct nwi_store *store)
{
	/* relaxed: sole writer. */
	uint64_t tail = atomic_load_explicit(&store->tail, memory_order_relaxed), before = tail;
	/* relaxed: a hint: what comes later is swept later. */
	uint64_t head = atomic_load_explicit(&store->head, memory_order_relaxed);

	while (tail < head) {
		const struct nwi_block *block = block_at(store->base, store->n_bytes, tail);

		/* [store_sweep.stamp] acquire, pairs with [store_put.stamp], [store_free.stamp]:
		 * the block's size; and who used it is done. */
		if (atomic_load_explicit(&block->stamp, memory_order_acquire) !=
		    (tail | NWI_BLOCK_FREE))
			break;
		/* relaxed: the value alone: [store_sweep.stamp] orders it. */
		tail += atomic_load_explicit(&block->total_bytes, memory_order_relaxed);
	}
	if (tail != before)
		/* [store_sweep.tail] release, pairs with [store_claim.tail]: the bytes below are
		 * free. */
		atomic_store_explicit(&store->tail, tail, memory_order_release);
}

uint32_t nwi_store_fill(const struct nwi_store *store)
{
	uint64_t used;

	if (store->n_bytes == 0)
		return 0;
	/* relaxed: statistic. */
	used = atomic_load_explicit(&store->head, memory_order_relaxed);
	/* relaxed: sole writer. */
	used -= atomic_load_explicit(&store->tail, memory_order_relaxed);
	return (uint32_t)(used * 1000 / store->n_bytes);
}

/* ---- reading ---- */

int64_t nwi_store_read(const unsigned char *base, uint64_t n_bytes, const struct nw_packet_ref *ref,
		       void *ret_bytes, uint32_t max)
{
	uint64_t position = ref->offset - NWI_BLOCK_BYTES, at = position & (n_bytes - 1);
	const struct nwi_block *block;

	if (position % NWI_BLOCK_BYTES != 0 || at + NWI_BLOCK_BYTES + ref->bytes > n_bytes)
		return -ESTALE;
	if (ref->bytes > max)
		return -EMSGSIZE;
	block = block_at(base, n_bytes, position);
	/* [store_read.stamp] acquire, pairs with [store_put.stamp]: the payload. */
	if ((atomic_load_explicit(&block->stamp, memory_order_acquire) & ~UINT64_C(3)) != position)
		return -ESTALE;
	copy_out(ret_bytes, (const unsigned char *)block + NWI_BLOCK_BYTES, ref->bytes);
	/* Whoever took the place meanwhile may not have said so yet: the checksum tells. */
	return XXH3_64bits(ret_bytes, ref->bytes) == ref->checksum ? (int64_t)ref->bytes : -ESTALE;
}

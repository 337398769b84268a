/* SPDX-License-Identifier: MIT */
/*
 * From addresses to small numbers, by the longest prefix or by ranges that do not overlap.
 *
 * The addresses of a family are cut into stretches of one value each. A stretch is found by its 16
 * highest bits, which name either the value or a chunk of few stretches, and by a binary search
 * without branches in that chunk. Stretches of IPv6 are cut at its upper 64 bits; where prefixes
 * are longer than that, the lower 64 have a list of their own.
 *
 * Invariant: what was built does not change; a value is below 2^31; 0 is "in none".
 */
#ifndef NWI_CDN_TABLE_H
#define NWI_CDN_TABLE_H

#include <nw/arena.h>

#include <stdbool.h>
#include <stdint.h>

/* From this address on, until the next one's. */
struct nwi_cdn_edge {
	uint64_t high, low; /* of IPv4 its 32 bits are the upper ones of high */
	uint32_t value;
};

/* What a table is made of: all in order, the first at 0. */
struct nwi_cdn_edges {
	struct nwi_cdn_edge *at;
	uint32_t count;
};

/* A prefix that edges are made from. */
struct nwi_cdn_prefix {
	uint64_t high, low;
	uint32_t value;
	uint8_t bits;
};

struct nwi_cdn_table {
	const uint32_t *index;  /* of 65,536: IS_VALUE and a value, or where its chunk begins */
	const uint64_t *keys;   /* a chunk: how many stretches, then where they begin */
	const uint32_t *values; /* beside keys; IS_DEEP: the place of a list in keys and deep */
	const uint64_t *deep_keys;
	const uint32_t *deep_values;
	/* IPv4's, whose keys are the lower 16 bits: */
	const uint16_t *short_keys;
	uint64_t n_bytes;
};

enum nwi_cdn_table_bits { NWI_CDN_STRIDE = 16, NWI_CDN_SLOTS = 1 << NWI_CDN_STRIDE };
#define NWI_CDN_IS_VALUE UINT32_C(0x80000000)
#define NWI_CDN_IS_DEEP  UINT32_C(0x80000000)

/*
 * Edges of prefixes, in ascending order of (high, low, bits), each at most once. Room in `to` is
 * taken from the arena: 2 * count + 1. False: no memory.
 */
bool nwi_cdn_edges_of_prefixes(struct nw_arena *arena, const struct nwi_cdn_prefix *prefixes,
			       uint32_t count, struct nwi_cdn_edges *ret_edges);

/* False: no memory. */
bool nwi_cdn_table_build4(struct nw_arena *arena, const struct nwi_cdn_edges *edges,
			  struct nwi_cdn_table *ret_table);
bool nwi_cdn_table_build6(struct nw_arena *arena, const struct nwi_cdn_edges *edges,
			  struct nwi_cdn_table *ret_table);

static inline uint32_t nwi_cdn_table_find4(const struct nwi_cdn_table *table, uint32_t address)
{
	uint32_t word = table->index[address >> 16], n;
	uint16_t key = (uint16_t)address;
	const uint16_t *at;

	if (word & NWI_CDN_IS_VALUE)
		return word & ~NWI_CDN_IS_VALUE;
	n = table->short_keys[word] + 1u;
	at = table->short_keys + word + 1;
	while (n > 1) {
		uint32_t half = n / 2;

		at += at[half] <= key ? half : 0;
		n -= half;
	}
	return table->values[at - table->short_keys];
}

/* The last of n keys that is not above key; the first one is not. */
static inline const uint64_t *nwi_cdn_last_up_to(const uint64_t *at, uint64_t n, uint64_t key)
{
	while (n > 1) {
		uint64_t half = n / 2;

		at += at[half] <= key ? half : 0;
		n -= half;
	}
	return at;
}

static inline uint32_t nwi_cdn_table_find6(const struct nwi_cdn_table *table, uint64_t high,
					   uint64_t low)
{
	uint32_t word = table->index[high >> 48], value;
	const uint64_t *at;

	if (word & NWI_CDN_IS_VALUE)
		return word & ~NWI_CDN_IS_VALUE;
	at = nwi_cdn_last_up_to(table->keys + word + 1, table->keys[word], high);
	value = table->values[at - table->keys];
	if (!NW_UNLIKELY(value & NWI_CDN_IS_DEEP))
		return value;
	word = value & ~NWI_CDN_IS_DEEP;
	at = nwi_cdn_last_up_to(table->deep_keys + word + 1, table->deep_keys[word], low);
	return table->deep_values[at - table->deep_keys];
}

#endif /* NWI_CDN_TABLE_H */

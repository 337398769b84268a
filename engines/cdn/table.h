/* SPDX-License-Identifier: MIT */
/*
 * From addresses to small numbers, by the longest prefix or by ranges that do not overlap.
 *
 * The addresses of a family are cut into stretches of one value each. The 16 highest bits of an
 * address name a word: a value; a list of up to eight stretches, in which the place is counted
 * without a branch; or, where there are more, a node, which by the next eight bits names a word
 * again. IPv6 is cut by its upper 64 bits; where prefixes are longer than that, the lower 64 have a
 * list of their own.
 *
 * Invariant: what was built does not change; a value is below 2^30; 0 is "in none".
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

enum { NWI_CDN_SLOTS = 1 << 16, NWI_CDN_LIST = 8, NWI_CDN_FANOUT = 256 };

/* Up to eight stretches, on one cache line: where each begins, in the 32 bits behind those that led
 * here, and the word of what lies in it. */
struct nwi_cdn_list_line {
	_Alignas(64) uint32_t keys[NWI_CDN_LIST];
	uint32_t words[NWI_CDN_LIST];
};

struct nwi_cdn_table {
	const uint32_t *index; /* words of the 16 highest bits */
	const uint8_t *maps;   /* 256 of a node: which of its words */
	const uint32_t *bases; /* of a node: where its words begin */
	const uint32_t *words;
	const struct nwi_cdn_list_line *lists; /* their words are values, or deep lists */
	const uint64_t *deep_keys;   /* how many, then where they begin, in the lower 64 bits */
	const uint32_t *deep_values; /* beside deep_keys */
	uint64_t n_bytes;
};

/* What a word is: its two highest bits. */
#define NWI_CDN_WORD_KIND UINT32_C(0xc0000000)
#define NWI_CDN_IS_DEEP   UINT32_C(0x40000000)
#define NWI_CDN_IS_LIST   UINT32_C(0x80000000)
#define NWI_CDN_IS_NODE   UINT32_C(0xc0000000)
#define NWI_CDN_VALUE_END UINT32_C(0x40000000)

/*
 * Edges of prefixes, in ascending order of (high, low, bits), each at most once. Room in `to` is
 * taken from the arena: 2 * count + 1. False: no memory.
 */
bool nwi_cdn_edges_of_prefixes(struct nw_arena *arena, const struct nwi_cdn_prefix *prefixes,
			       uint32_t count, struct nwi_cdn_edges *ret_edges);

/* Room for the work is taken from scratch. False: no memory. */
bool nwi_cdn_table_build4(struct nw_arena *arena, const struct nwi_cdn_edges *edges,
			  struct nwi_cdn_table *ret_table);
bool nwi_cdn_table_build6(struct nw_arena *arena, struct nw_arena *scratch,
			  const struct nwi_cdn_edges *edges, struct nwi_cdn_table *ret_table);

/* All eight are asked: a branch would be guessed wrongly. */
static inline uint32_t nwi_cdn_in_list(const struct nwi_cdn_list_line *list, uint32_t key)
{
	uint32_t count = 0;

	for (int i = 0; i < NWI_CDN_LIST; i++)
		count += list->keys[i] <= key;
	return list->words[count - 1];
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

/* Of a word that is no node; rest is what comes behind the bits that led to it. */
static inline uint32_t nwi_cdn_value_of(const struct nwi_cdn_table *table, uint32_t word,
					uint64_t rest, uint64_t low)
{
	const uint64_t *at;

	if (word & NWI_CDN_IS_LIST)
		word = nwi_cdn_in_list(&table->lists[word & ~NWI_CDN_WORD_KIND],
				       (uint32_t)(rest >> 32));
	if (!NW_UNLIKELY(word & NWI_CDN_IS_DEEP))
		return word;
	word &= ~NWI_CDN_WORD_KIND;
	at = nwi_cdn_last_up_to(table->deep_keys + word + 1, table->deep_keys[word], low);
	return table->deep_values[at - table->deep_keys];
}

static inline uint32_t nwi_cdn_table_find6(const struct nwi_cdn_table *table, uint64_t high,
					   uint64_t low)
{
	uint32_t word = table->index[high >> 48];
	uint64_t rest = high << 16;

	for (; word >= NWI_CDN_IS_NODE; rest <<= 8) {
		uint32_t node = word & ~NWI_CDN_WORD_KIND;

		word = table->words[table->bases[node] +
				    table->maps[(size_t)NWI_CDN_FANOUT * node + (rest >> 56)]];
	}
	return nwi_cdn_value_of(table, word, rest, low);
}

/* As of an address of IPv6 that is 0 below its upper 32 bits: deep words are none there. */
static inline uint32_t nwi_cdn_table_find4(const struct nwi_cdn_table *table, uint32_t address)
{
	return nwi_cdn_table_find6(table, (uint64_t)address << 32, 0);
}

#endif /* NWI_CDN_TABLE_H */

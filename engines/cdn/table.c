/* SPDX-License-Identifier: MIT */
/* Tables of addresses: nested prefixes into edges, edges into chunks of few stretches. */
#include "cdn/table.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

enum { NEST_MAX = 129 };

/* --- Prefixes into edges --- */

/* Prefixes that the place reached lies in, the longest last. */
struct nest {
	struct nwi_cdn_prefix at[NEST_MAX];
	uint32_t count;
	struct nwi_cdn_edges *to;
};

static void add_edge(struct nwi_cdn_edges *to, uint64_t high, uint64_t low, uint32_t value)
{
	struct nwi_cdn_edge *last = to->count > 0 ? &to->at[to->count - 1] : NULL;

	if (last && last->high == high && last->low == low)
		last->value = value;
	else if (!last || last->value != value)
		to->at[to->count++] = (struct nwi_cdn_edge){ high, low, value };
}

static void mask_of(uint8_t bits, uint64_t *ret_high, uint64_t *ret_low)
{
	*ret_high = bits == 0 ? 0 : bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> bits);
	*ret_low = bits <= 64 ? 0 : bits >= 128 ? UINT64_MAX : ~(UINT64_MAX >> (bits - 64));
}

static bool is_inside(const struct nwi_cdn_prefix *outer, uint64_t high, uint64_t low)
{
	uint64_t mask_high, mask_low;

	mask_of(outer->bits, &mask_high, &mask_low);
	return (high & mask_high) == outer->high && (low & mask_low) == outer->low;
}

/* The longest one ends; behind it goes on what it lies in. */
static void leave(struct nest *nest)
{
	const struct nwi_cdn_prefix *prefix = &nest->at[--nest->count];
	uint64_t high, low, mask_high, mask_low;

	mask_of(prefix->bits, &mask_high, &mask_low);
	low = (prefix->low | ~mask_low) + 1;
	high = (prefix->high | ~mask_high) + (low == 0);
	if (high == 0 && low == 0)
		return; /* behind the last address */
	add_edge(nest->to, high, low, nest->count > 0 ? nest->at[nest->count - 1].value : 0);
}

bool nwi_cdn_edges_of_prefixes(struct nw_arena *arena, const struct nwi_cdn_prefix *prefixes,
			       uint32_t count, struct nwi_cdn_edges *ret_edges)
{
	struct nest nest = { .to = ret_edges };

	ret_edges->count = 0;
	ret_edges->at = nw_arena_alloc(arena, (2 * (size_t)count + 1) * sizeof(*ret_edges->at),
				       alignof(struct nwi_cdn_edge));
	if (!ret_edges->at)
		return false;
	add_edge(ret_edges, 0, 0, 0);
	for (uint32_t i = 0; i < count; i++) {
		while (nest.count > 0 &&
		       !is_inside(&nest.at[nest.count - 1], prefixes[i].high, prefixes[i].low))
			leave(&nest);
		assert(nest.count < NEST_MAX);
		nest.at[nest.count++] = prefixes[i];
		add_edge(ret_edges, prefixes[i].high, prefixes[i].low, prefixes[i].value);
	}
	while (nest.count > 0)
		leave(&nest);
	return true;
}

/* --- Edges into words --- */

/* Where a stretch begins, and the word of what lies in it. */
struct stop {
	uint64_t key;
	uint32_t word;
};

struct build {
	const struct nwi_cdn_edge *edges; /* of which the next stop is made: IPv4 */
	const struct stop *stops;         /* or these: IPv6 */
	uint32_t count, at;
	uint32_t word; /* of the stretch reached */
	uint32_t node_count, word_count, list_count;
	uint8_t *maps;
	uint32_t *bases, *words;
	struct nwi_cdn_list_line *lists;
};

static uint64_t key_at(const struct build *b, uint32_t at)
{
	return b->stops ? b->stops[at].key : b->edges[at].high;
}

static uint32_t word_at(const struct build *b, uint32_t at)
{
	return b->stops ? b->stops[at].word : b->edges[at].value;
}

/* Whether the next stop is behind a key. */
static bool is_behind(const struct build *b, uint32_t at, uint64_t last)
{
	return at == b->count || key_at(b, at) > last;
}

/* Behind the stops up to a key, or behind as many as are too many for a list. */
static uint32_t end_of(const struct build *b, uint64_t last)
{
	uint32_t at = b->at;

	while (at - b->at < NWI_CDN_LIST && !is_behind(b, at, last))
		at++;
	return at;
}

/* Whether the stops before `end` differ from base in the 32 bits that a list looks at, alone. */
static bool fits_list(const struct build *b, uint32_t end, unsigned bits)
{
	if (end - b->at >= NWI_CDN_LIST)
		return false;
	for (uint32_t at = b->at; at < end; at++) {
		if ((uint32_t)(key_at(b, at) << (64 - bits)) != 0)
			return false;
	}
	return true;
}

/* The stretch reached, and those that begin before `end`; places that are left over repeat the last
 * one, since the highest key of all is a key, too. */
static uint32_t make_list(struct build *b, uint32_t end, unsigned bits)
{
	uint32_t used = 1;
	struct nwi_cdn_list_line *list = &b->lists[b->list_count];

	list->keys[0] = 0;
	list->words[0] = b->word;
	for (; b->at < end; b->at++, used++) {
		list->keys[used] = (uint32_t)(key_at(b, b->at) << (64 - bits) >> 32);
		b->word = list->words[used] = word_at(b, b->at);
	}
	for (; used < NWI_CDN_LIST; used++) {
		list->keys[used] = UINT32_MAX;
		list->words[used] = b->word;
	}
	return b->list_count++ | NWI_CDN_IS_LIST;
}

/* Words of a node's 256 parts; neighbours that have the same word share it. */
static uint32_t keep_node(struct build *b, const uint32_t *parts)
{
	uint32_t node = b->node_count++, used = 0;
	uint8_t *map = b->maps + (size_t)NWI_CDN_FANOUT * node;

	b->bases[node] = b->word_count;
	for (int i = 0; i < NWI_CDN_FANOUT; i++) {
		if (used == 0 || b->words[b->word_count - 1] != parts[i]) {
			b->words[b->word_count++] = parts[i];
			used++;
		}
		map[i] = (uint8_t)(used - 1);
	}
	return node | NWI_CDN_IS_NODE;
}

/* The highest of all keys that begin with the upper 64 - bits of base. */
static uint64_t last_of(uint64_t base, unsigned bits)
{
	return base | (bits > 0 ? UINT64_MAX >> (64 - bits) : 0);
}

/* The word of all these keys. */
static uint32_t make_word(struct build *b, uint64_t base, unsigned bits)
{
	uint32_t parts[NWI_CDN_FANOUT], end;

	if (b->at < b->count && key_at(b, b->at) == base)
		b->word = word_at(b, b->at++);
	end = end_of(b, last_of(base, bits));
	if (b->at == end)
		return b->word;
	if (fits_list(b, end, bits))
		return make_list(b, end, bits);
	for (uint64_t i = 0; i < NWI_CDN_FANOUT; i++) {
		uint64_t part = base | i << (bits - 8);

		/* Most parts of most nodes have no stop. */
		parts[i] = is_behind(b, b->at, last_of(part, bits - 8))
				   ? b->word
				   : make_word(b, part, bits - 8);
	}
	return keep_node(b, parts);
}

/* Pages of it that are never reached cost nothing. */
static void *take(struct nw_arena *arena, size_t count, size_t n_bytes)
{
	return nw_arena_alloc(arena, (count + 1) * n_bytes, 64);
}

/* A node has at least eight stops in it, and lies in at most five others; or it is one of the two
 * above a stop that is too far from them for a list. A list has one. */
static bool make_index(struct build *b, struct nw_arena *arena, struct nwi_cdn_table *table)
{
	size_t nodes = (size_t)b->count * 6 / NWI_CDN_LIST + 2 * (size_t)b->count + 1;
	uint32_t *index = take(arena, NWI_CDN_SLOTS, sizeof(*index));

	b->maps = take(arena, nodes, NWI_CDN_FANOUT);
	b->bases = take(arena, nodes, sizeof(*b->bases));
	b->words = take(arena, nodes * NWI_CDN_FANOUT, sizeof(*b->words));
	b->lists = take(arena, b->count, sizeof(*b->lists));
	if (!index || !b->maps || !b->bases || !b->words || !b->lists)
		return false;
	for (uint64_t slot = 0; slot < NWI_CDN_SLOTS; slot++)
		index[slot] = make_word(b, slot << 48, 48);
	table->index = index;
	table->maps = b->maps;
	table->bases = b->bases;
	table->words = b->words;
	table->lists = b->lists;
	table->n_bytes += NWI_CDN_SLOTS * sizeof(*index) + b->word_count * sizeof(*b->words) +
			  b->node_count * (NWI_CDN_FANOUT + sizeof(*b->bases)) +
			  b->list_count * sizeof(*b->lists);
	return true;
}

bool nwi_cdn_table_build4(struct nw_arena *arena, const struct nwi_cdn_edges *edges,
			  struct nwi_cdn_table *ret_table)
{
	struct build b = { .edges = edges->at, .count = edges->count };

	*ret_table = (struct nwi_cdn_table){ 0 };
	return make_index(&b, arena, ret_table);
}

/* --- IPv6 --- */

struct halves {
	const struct nwi_cdn_edges *edges;
	struct stop *stops;
	uint64_t *deep_keys;
	uint32_t *deep_values;
	uint32_t count, deep_count;
	uint32_t value; /* of the stretch reached */
};

static void stop(struct halves *h, uint64_t key, uint32_t word)
{
	h->stops[h->count++] = (struct stop){ key, word };
}

/* All edges of one `high`, some of them below it; returns the first of the next. */
static uint32_t stop_deep(struct halves *h, uint32_t at)
{
	const struct nwi_cdn_edge *edges = h->edges->at;
	uint64_t high = edges[at].high;
	uint32_t begin = h->deep_count++, end = h->edges->count;

	stop(h, high, begin | NWI_CDN_IS_DEEP);
	if (edges[at].low != 0) {
		h->deep_keys[h->deep_count] = 0;
		h->deep_values[h->deep_count++] = h->value;
	}
	for (; at < end && edges[at].high == high; at++) {
		h->deep_keys[h->deep_count] = edges[at].low;
		h->value = h->deep_values[h->deep_count++] = edges[at].value;
	}
	h->deep_keys[begin] = h->deep_count - begin - 1;
	/* What comes behind has the value that was last, unless it begins there itself. */
	if (high != UINT64_MAX && (at == end || edges[at].high != high + 1))
		stop(h, high + 1, h->value);
	return at;
}

/* Whether an edge is the only one of its upper 64 bits, and at their beginning. */
static bool is_whole(const struct nwi_cdn_edges *edges, uint32_t at)
{
	return edges->at[at].low == 0 &&
	       (at + 1 == edges->count || edges->at[at + 1].high != edges->at[at].high);
}

static void make_stops(struct halves *h)
{
	for (uint32_t at = 0; at < h->edges->count;) {
		if (!is_whole(h->edges, at)) {
			at = stop_deep(h, at);
			continue;
		}
		h->value = h->edges->at[at].value;
		stop(h, h->edges->at[at++].high, h->value);
	}
}

bool nwi_cdn_table_build6(struct nw_arena *arena, struct nw_arena *scratch,
			  const struct nwi_cdn_edges *edges, struct nwi_cdn_table *ret_table)
{
	size_t room = edges->count;
	/* At most: itself, and what goes on behind it; a count, what goes on before, itself. */
	struct halves h = {
		.edges = edges,
		.stops = take(scratch, 2 * room, sizeof(*h.stops)),
		.deep_keys = take(arena, 3 * room, sizeof(*h.deep_keys)),
		.deep_values = take(arena, 3 * room, sizeof(*h.deep_values)),
	};
	struct build b = { .stops = h.stops };

	if (!h.stops || !h.deep_keys || !h.deep_values)
		return false;
	make_stops(&h);
	b.count = h.count;
	*ret_table = (struct nwi_cdn_table){
		.deep_keys = h.deep_keys,
		.deep_values = h.deep_values,
		.n_bytes = h.deep_count * (sizeof(*h.deep_keys) + sizeof(*h.deep_values)),
	};
	return make_index(&b, arena, ret_table);
}

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

/* --- Edges into chunks --- */

/* Pages of it that are never reached cost nothing. */
static void *take(struct nw_arena *arena, size_t count, size_t n_bytes)
{
	return nw_arena_alloc(arena, count * n_bytes, n_bytes);
}

/* First edge above a slot's last address. */
static uint32_t end_of_slot(const struct nwi_cdn_edges *edges, uint32_t from, uint32_t slot)
{
	while (from < edges->count && edges->at[from].high >> 48 == slot)
		from++;
	return from;
}

bool nwi_cdn_table_build4(struct nw_arena *arena, const struct nwi_cdn_edges *edges,
			  struct nwi_cdn_table *ret_table)
{
	struct nwi_cdn_table table = { 0 };
	/* A slot with edges has its number, what goes on from before, and its edges. */
	size_t room = 3 * (size_t)edges->count + 1;
	uint32_t *index = take(arena, NWI_CDN_SLOTS, sizeof(*index));
	uint16_t *keys = take(arena, room, sizeof(*keys));
	uint32_t *values = take(arena, room, sizeof(*values));
	uint32_t used = 0, value = 0, at = 0;

	if (!index || !keys || !values)
		return false;
	for (uint32_t slot = 0; slot < NWI_CDN_SLOTS; slot++) {
		uint32_t end = end_of_slot(edges, at, slot), begin = used;

		if (end > at && (uint32_t)(edges->at[at].high >> 32) << 16 == 0)
			value = edges->at[at++].value;
		index[slot] = at == end ? value | NWI_CDN_IS_VALUE : begin;
		if (at == end)
			continue;
		keys[begin] = (uint16_t)(end - at);
		keys[begin + 1] = 0;
		values[begin + 1] = value;
		for (used += 2; at < end; at++, used++) {
			keys[used] = (uint16_t)(edges->at[at].high >> 32);
			value = values[used] = edges->at[at].value;
		}
	}
	table.index = index;
	table.short_keys = keys;
	table.values = values;
	table.n_bytes = NWI_CDN_SLOTS * sizeof(*index) + used * (sizeof(*keys) + sizeof(*values));
	*ret_table = table;
	return true;
}

/* What table 6 is made in. */
struct build {
	const struct nwi_cdn_edges *edges;
	uint64_t *keys, *deep_keys;
	uint32_t *values, *deep_values;
	uint32_t used, deep_used;
	uint32_t value; /* of the stretch reached */
};

static void put(struct build *b, uint64_t key, uint32_t value)
{
	b->keys[b->used] = key;
	b->values[b->used++] = value;
}

/* All edges of one `high`, some of them below it; returns the first of the next. */
static uint32_t put_deep(struct build *b, uint32_t at, uint32_t end)
{
	uint64_t high = b->edges->at[at].high;
	uint32_t begin = b->deep_used++;

	put(b, high, begin | NWI_CDN_IS_DEEP);
	if (b->edges->at[at].low != 0) {
		b->deep_keys[b->deep_used] = 0;
		b->deep_values[b->deep_used++] = b->value;
	}
	for (; at < end && b->edges->at[at].high == high; at++) {
		b->deep_keys[b->deep_used] = b->edges->at[at].low;
		b->value = b->deep_values[b->deep_used++] = b->edges->at[at].value;
	}
	b->deep_keys[begin] = b->deep_used - begin - 1;
	/* What comes behind has the value that was last, unless it begins there itself. */
	if (high != UINT64_MAX && (at == end || b->edges->at[at].high != high + 1))
		put(b, high + 1, b->value);
	return at;
}

/* Whether an edge is the only one of its upper 64 bits, and at their beginning. */
static bool is_whole(const struct nwi_cdn_edges *edges, uint32_t at)
{
	return edges->at[at].low == 0 &&
	       (at + 1 == edges->count || edges->at[at + 1].high != edges->at[at].high);
}

static void put_slot(struct build *b, uint32_t slot, uint32_t at, uint32_t end)
{
	uint32_t begin = b->used++;

	if (b->edges->at[at].high != (uint64_t)slot << 48)
		put(b, (uint64_t)slot << 48, b->value);
	while (at < end) {
		if (!is_whole(b->edges, at)) {
			at = put_deep(b, at, end);
			continue;
		}
		b->value = b->edges->at[at].value;
		put(b, b->edges->at[at++].high, b->value);
	}
	b->keys[begin] = b->used - begin - 1;
}

bool nwi_cdn_table_build6(struct nw_arena *arena, const struct nwi_cdn_edges *edges,
			  struct nwi_cdn_table *ret_table)
{
	struct nwi_cdn_table table = { 0 };
	/* At most: a count, what goes on, an edge and what goes on behind it, for each. */
	size_t room = 4 * (size_t)edges->count;
	uint32_t *index = take(arena, NWI_CDN_SLOTS, sizeof(*index));
	struct build b = {
		.edges = edges,
		.keys = take(arena, room, sizeof(*b.keys)),
		.values = take(arena, room, sizeof(*b.values)),
		.deep_keys = take(arena, room, sizeof(*b.deep_keys)),
		.deep_values = take(arena, room, sizeof(*b.deep_values)),
	};

	if (!index || !b.keys || !b.values || !b.deep_keys || !b.deep_values)
		return false;
	for (uint32_t slot = 0, at = 0; slot < NWI_CDN_SLOTS; slot++) {
		uint32_t end = end_of_slot(edges, at, slot);

		if (end == at) {
			index[slot] = b.value | NWI_CDN_IS_VALUE;
			continue;
		}
		index[slot] = b.used;
		put_slot(&b, slot, at, end);
		at = end;
	}
	table.index = index;
	table.keys = b.keys;
	table.values = b.values;
	table.deep_keys = b.deep_keys;
	table.deep_values = b.deep_values;
	table.n_bytes = NWI_CDN_SLOTS * sizeof(*index) +
			(b.used + (uint64_t)b.deep_used) * (sizeof(*b.keys) + sizeof(*b.values));
	*ret_table = table;
	return true;
}

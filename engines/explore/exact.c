/* SPDX-License-Identifier: MIT */
/*
 * A seen-set that keeps whole states: no two states are ever taken for one.
 *
 * Records (fingerprint, length, bytes) lie end to end in an arena; a table of 8-byte slots holds
 * for each the record's offset and, above it, 16 bits of the fingerprint that spare most
 * comparisons. The table doubles at three quarters. One owner, so plain loads and stores.
 *
 * Invariant: every record is named by exactly one slot, found by linear probing from its
 * fingerprint's bits.
 */
#include "explore.h"

#include <errno.h>
#include <string.h>

enum { OFFSET_BITS = 48, SLOTS_MIN = 1024, RECORD_PIECE = 1 << 16 };

struct record {
	uint64_t fp;
	uint32_t n_bytes;
	uint8_t state[];
};

struct nwi_exact {
	struct nw_arena *arena;   /* this struct */
	struct nw_arena *records; /* record bytes, in one piece */
	uint8_t *base;            /* of the records */
	struct nwi_budget *budget;
	nw_node node;
	struct nw_mem table;
	uint64_t *slots; /* 0: empty, else tag << OFFSET_BITS | offset + 1 */
	uint64_t slot_count, state_count, used_bytes, granted_bytes;
};

static int map_table(struct nwi_exact *exact, uint64_t slot_count)
{
	struct nw_mem mem;
	int rc;

	if (!nwi_budget_take(exact->budget, slot_count * sizeof(uint64_t)))
		return -ENOMEM;
	rc = nw_mem_alloc(&mem, exact->node, (size_t)slot_count * sizeof(uint64_t), NW_MEM_HUGE);
	if (rc < 0) {
		nwi_budget_give(exact->budget, slot_count * sizeof(uint64_t));
		return rc;
	}
	exact->table = mem;
	exact->slots = mem.base;
	exact->slot_count = slot_count;
	return 0;
}

int nwi_exact_create(struct nwi_exact **ret_exact, struct nw_explore *explore, nw_node node)
{
	struct nw_arena *arena;
	struct nwi_exact *exact;
	uint64_t slot_count = SLOTS_MIN;
	int rc = nw_arena_create(&arena, node, sizeof(*exact), 0);

	if (rc < 0)
		return rc;
	exact = nw_arena_alloc(arena, sizeof(*exact), alignof(struct nwi_exact));
	exact->arena = arena;
	exact->budget = &explore->budget;
	exact->node = node;
	while (slot_count < explore->options.slots_min)
		slot_count *= 2;
	rc = nw_arena_create(&exact->records, node, explore->reserve_bytes, NW_MEM_HUGE);
	if (rc == 0)
		rc = map_table(exact, slot_count);
	if (rc < 0) {
		nwi_exact_destroy(exact);
		return rc;
	}
	exact->base = nw_arena_alloc(exact->records, 0, 8);
	*ret_exact = exact;
	return 0;
}

void nwi_exact_destroy(struct nwi_exact *exact)
{
	if (!exact)
		return;
	if (exact->slots) {
		nwi_budget_give(exact->budget, exact->slot_count * sizeof(uint64_t));
		nw_mem_free(&exact->table);
	}
	nwi_budget_give(exact->budget, exact->granted_bytes);
	nw_arena_destroy(exact->records);
	nw_arena_destroy(exact->arena);
}

static uint64_t tag_of(uint64_t fp)
{
	return (fp & 0xffff) << OFFSET_BITS;
}

/* The low 16 bits are the tag and the top 16 the home: the slot comes from between. */
static uint64_t first_slot(const struct nwi_exact *exact, uint64_t fp)
{
	return fp >> 16 & (exact->slot_count - 1);
}

static const struct record *record_at(const struct nwi_exact *exact, uint64_t slot)
{
	return (const void *)(exact->base + ((slot & ((UINT64_C(1) << OFFSET_BITS) - 1)) - 1));
}

static int grow(struct nwi_exact *exact)
{
	struct nw_mem old = exact->table;
	uint64_t *from = exact->slots, from_count = exact->slot_count;
	int rc = map_table(exact, 2 * from_count);

	if (rc < 0)
		return rc;
	for (uint64_t s = 0; s < from_count; s++) {
		uint64_t i;

		if (from[s] == 0)
			continue;
		i = first_slot(exact, record_at(exact, from[s])->fp);
		while (exact->slots[i] != 0)
			i = (i + 1) & (exact->slot_count - 1);
		exact->slots[i] = from[s];
	}
	nwi_budget_give(exact->budget, from_count * sizeof(uint64_t));
	nw_mem_free(&old);
	return 0;
}

static int append(struct nwi_exact *exact, uint64_t fp, const uint8_t *state, uint32_t n_bytes,
		  uint64_t *ret_offset)
{
	size_t size = (sizeof(struct record) + n_bytes + 7) & ~(size_t)7;
	struct record *record;

	if (exact->used_bytes + size > exact->granted_bytes) {
		size_t more = size > RECORD_PIECE ? size : RECORD_PIECE;

		if (!nwi_budget_take(exact->budget, more))
			return -ENOMEM;
		exact->granted_bytes += more;
	}
	record = nw_arena_alloc(exact->records, size, 8);
	if (!record)
		return -ENOMEM;
	record->fp = fp;
	record->n_bytes = n_bytes;
	memcpy(record->state, state, n_bytes);
	*ret_offset = (uint64_t)((uint8_t *)record - exact->base);
	exact->used_bytes += size;
	exact->state_count++;
	return 0;
}

int nwi_exact_insert(struct nwi_exact *exact, uint64_t fp, const uint8_t *state, uint32_t n_bytes)
{
	uint64_t i, tag = tag_of(fp), offset;

	if ((exact->state_count + 1) * 4 > exact->slot_count * 3 && grow(exact) < 0)
		return -ENOMEM;
	for (i = first_slot(exact, fp); exact->slots[i] != 0;
	     i = (i + 1) & (exact->slot_count - 1)) {
		const struct record *record;

		if ((exact->slots[i] & ~((UINT64_C(1) << OFFSET_BITS) - 1)) != tag)
			continue;
		record = record_at(exact, exact->slots[i]);
		if (record->fp == fp && record->n_bytes == n_bytes &&
		    memcmp(record->state, state, n_bytes) == 0)
			return 0;
	}
	if (append(exact, fp, state, n_bytes, &offset) < 0)
		return -ENOMEM;
	exact->slots[i] = tag | (offset + 1);
	return 1;
}

bool nwi_exact_next(const struct nwi_exact *exact, uint64_t *inout_at, const uint8_t **ret_state,
		    uint32_t *ret_bytes)
{
	const struct record *record = (const void *)(exact->base + *inout_at);

	if (*inout_at >= exact->used_bytes)
		return false;
	*ret_state = record->state;
	*ret_bytes = record->n_bytes;
	*inout_at += (sizeof(*record) + record->n_bytes + 7) & ~(uint64_t)7;
	return true;
}

void nwi_exact_stats(const struct nwi_exact *exact, struct nw_fpset_stats *ret_stats)
{
	bool is_bound = exact->node.id == NW_NODE_ANY.id || exact->table.level == NW_MEM_BOUND;

	*ret_stats = (struct nw_fpset_stats){
		.count = exact->state_count,
		.slot_count = exact->slot_count,
		.n_bytes = exact->slot_count * sizeof(uint64_t) + exact->granted_bytes,
		.unbound_count = !is_bound,
		.unbound_reason = is_bound ? 0 : exact->table.reason,
	};
}

bool nwi_exact_region(const struct nwi_exact *exact, struct nw_mem *ret_region)
{
	*ret_region = exact->table;
	return true;
}

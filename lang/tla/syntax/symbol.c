/* SPDX-License-Identifier: MIT */
/*
 * The table of symbols: texts in an arena, an array from symbol to text, an open-addressed index
 * from text to symbol.
 *
 * Invariant: the index has a power of two of slots, at most half of them taken, so a search ends; a
 * slot is 0 or a symbol. Arrays that were outgrown stay in the arena: together they are smaller
 * than the last.
 */
#include "../symbol.h"

#include "../op.h"

#include <nw/arena.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { SLOTS_FIRST = 2048 };

/* Addresses only: nothing is touched before it is needed. */
static const size_t reserve_bytes = (size_t)4 << 30;

struct text {
	const char *at;
	uint32_t n_bytes;
	uint32_t hash;
};

struct tla_symbols {
	struct nw_arena *arena;
	struct text *texts; /* by symbol; room for half the slots and 0 */
	tla_sym *slots;
	uint32_t slot_count; /* power of two */
	uint32_t count;
};

/* FNV-1a: texts are short. */
static uint32_t hash_of(const char *text, size_t n_bytes)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < n_bytes; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	return hash ^ hash >> 15;
}

/* The slot that holds the text, or the free one where it belongs. */
static uint32_t slot_of(const struct tla_symbols *symbols, const char *text, size_t n_bytes,
			uint32_t hash)
{
	uint32_t mask = symbols->slot_count - 1, slot = hash & mask;

	for (tla_sym sym; (sym = symbols->slots[slot]) != TLA_NO_SYM; slot = (slot + 1) & mask) {
		const struct text *held = &symbols->texts[sym];

		if (held->hash == hash && held->n_bytes == n_bytes &&
		    memcmp(held->at, text, n_bytes) == 0)
			break;
	}
	return slot;
}

static bool grow(struct tla_symbols *symbols, uint32_t slot_count)
{
	tla_sym *slots = nw_arena_alloc(symbols->arena, slot_count * sizeof(*slots), 8);
	struct text *texts = nw_arena_alloc(symbols->arena, (slot_count / 2 + 1) * sizeof(*texts),
					    8);

	if (!slots || !texts)
		return false;
	if (symbols->count > 0)
		memcpy(texts, symbols->texts, (symbols->count + 1) * sizeof(*texts));
	symbols->slots = slots;
	symbols->texts = texts;
	symbols->slot_count = slot_count;
	for (tla_sym sym = 1; sym <= symbols->count; sym++)
		slots[slot_of(symbols, texts[sym].at, texts[sym].n_bytes, texts[sym].hash)] = sym;
	return true;
}

int tla_symbols_create(struct tla_symbols **ret_symbols)
{
	struct nw_arena *arena;
	struct tla_symbols *symbols;
	int r = nw_arena_create(&arena, NW_NODE_ANY, reserve_bytes, 0);

	if (r < 0)
		return r;
	symbols = nw_arena_alloc(arena, sizeof(*symbols), _Alignof(struct tla_symbols));
	if (!symbols)
		goto no_memory;
	symbols->arena = arena;
	if (!grow(symbols, SLOTS_FIRST))
		goto no_memory;
	for (int op = 1; op < TLA_OP_COUNT; op++) {
		const char *text = tla_ops[op].text;
		tla_sym sym = tla_symbol(symbols, text, strlen(text));

		if (sym == TLA_NO_SYM)
			goto no_memory;
		assert(sym == (tla_sym)op);
	}
	*ret_symbols = symbols;
	return 0;
no_memory:
	nw_arena_destroy(arena);
	return -ENOMEM;
}

void tla_symbols_destroy(struct tla_symbols *symbols)
{
	if (symbols)
		nw_arena_destroy(symbols->arena);
}

tla_sym tla_symbol(struct tla_symbols *symbols, const char *text, size_t n_bytes)
{
	uint32_t hash = hash_of(text, n_bytes), slot = slot_of(symbols, text, n_bytes, hash);
	char *copy;

	if (symbols->slots[slot] != TLA_NO_SYM)
		return symbols->slots[slot];
	if (n_bytes >= UINT32_MAX || symbols->slot_count == UINT32_C(1) << 31)
		return TLA_NO_SYM;
	if (symbols->count == symbols->slot_count / 2) {
		if (!grow(symbols, symbols->slot_count * 2))
			return TLA_NO_SYM;
		slot = slot_of(symbols, text, n_bytes, hash);
	}
	copy = nw_arena_alloc(symbols->arena, n_bytes + 1, 1);
	if (!copy)
		return TLA_NO_SYM;
	memcpy(copy, text, n_bytes);
	symbols->texts[++symbols->count] = (struct text){ copy, (uint32_t)n_bytes, hash };
	return symbols->slots[slot] = symbols->count;
}

tla_sym tla_symbol_find(const struct tla_symbols *symbols, const char *text, size_t n_bytes)
{
	return symbols->slots[slot_of(symbols, text, n_bytes, hash_of(text, n_bytes))];
}

const char *tla_symbol_text(const struct tla_symbols *symbols, tla_sym sym)
{
	assert(sym >= 1 && sym <= symbols->count);
	return symbols->texts[sym].at;
}

size_t tla_symbol_bytes(const struct tla_symbols *symbols, tla_sym sym)
{
	assert(sym >= 1 && sym <= symbols->count);
	return symbols->texts[sym].n_bytes;
}

uint32_t tla_symbol_count(const struct tla_symbols *symbols)
{
	return symbols->count;
}

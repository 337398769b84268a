/* SPDX-License-Identifier: MIT */
/*
 * The table of remembered values: direct-mapped, one thread's own.
 *
 * Results that are objects are copied to a heap of the table's, not to the store: they are states'
 * values as a rule only by accident, and the store never forgets. When that heap is full, the
 * table is emptied at the next moment when no evaluation is under way.
 *
 * An expression whose results are hardly ever found again is left alone for a while.
 */
#include "memo.h"

#include "../value/heap.h"
#include "../value/order.h"
#include "eval.h"
#include "nodes.h"

#include <nw/mem.h>

#include <string.h>

enum {
	ENTRY_COUNT = 1 << 14, /* of 64 bytes: what the second-level cache holds */
	KEPT_BYTES_MAX = 4 << 20,
	TRIAL_COUNT = 512, /* look-ups after which an expression is judged */
	PAUSE_COUNT = 1 << 14,
};

struct entry {
	const struct tla_site *site; /* NULL: free */
	tla_value key[TLA_MEMO_KEYS_MAX];
	tla_value value;
};

/* How remembering an expression goes. */
struct trial {
	uint32_t asked_count, found_count;
	uint32_t pause_count; /* look-ups to be skipped */
};

struct tla_memo {
	struct nw_mem mem; /* this */
	struct tla_heap kept;
	struct entry entries[ENTRY_COUNT];
	struct trial trials[];
};

struct tla_memo *tla_memo_create(uint32_t site_count)
{
	struct tla_memo *memo;
	struct nw_mem mem;

	if (nw_mem_alloc(&mem, NW_NODE_ANY, sizeof *memo + site_count * sizeof memo->trials[0], 0))
		return NULL;
	memo = mem.base;
	memo->mem = mem;
	if (tla_heap_init(&memo->kept, NW_NODE_ANY, SIZE_MAX)) {
		nw_mem_free(&mem);
		return NULL;
	}
	return memo;
}

void tla_memo_destroy(struct tla_memo *memo)
{
	struct nw_mem mem;

	if (!memo)
		return;
	tla_heap_fini(&memo->kept);
	mem = memo->mem;
	nw_mem_free(&mem);
}

void tla_memo_clear(struct tla_memo *memo)
{
	memset(memo->entries, 0, sizeof memo->entries);
	tla_heap_fini(&memo->kept);
	/* Where there is no memory any more, the first value to be kept fails and is not. */
	(void)tla_heap_init(&memo->kept, NW_NODE_ANY, SIZE_MAX);
}

void tla_memo_trim(struct tla_memo *memo)
{
	if (memo->kept.n_bytes > KEPT_BYTES_MAX)
		tla_memo_clear(memo);
}

/* Equal words mean equal values as long as the table is not emptied. */
static bool is_lasting(tla_value v)
{
	return tla_is_object(v) ? tla_obj(v)->is_stored || tla_obj(v)->is_kept
				: v != TLA_NONE && (v & 7) <= TLA_INFINITE;
}

static tla_value read_slot(struct tla_frame *frame, const struct tla_read *read)
{
	tla_value word = tla_frame_up(frame, read->up)->slots[read->idx];

	if ((word & 7) == TLA_THUNK)
		return ((struct tla_thunk *)(uintptr_t)(word - TLA_THUNK))->value;
	return word;
}

/* The words that a site's expression reads; false: one does not last. */
static bool read_key(const struct tla_eval *eval, const struct tla_site *site,
		     struct tla_frame *frame, tla_value *key)
{
	for (uint32_t i = 0; i < site->read_count; i++) {
		const struct tla_read *read = &site->reads[i];

		key[i] = read->kind == TLA_READ_NOW    ? eval->now[read->idx]
			 : read->kind == TLA_READ_NEXT ? eval->next[read->idx]
						       : read_slot(frame, read);
		if (!is_lasting(key[i]))
			return false;
	}
	return true;
}

static struct entry *entry_of(struct tla_memo *memo, const struct tla_site *site,
			      const tla_value *key)
{
	uint64_t hash = site->site_idx;

	for (uint32_t i = 0; i < site->read_count; i++)
		hash = tla_mix(hash, key[i]);
	return &memo->entries[hash % ENTRY_COUNT];
}

static bool is_entry_for(const struct entry *entry, const struct tla_site *site,
			 const tla_value *key)
{
	if (entry->site != site)
		return false;
	for (uint32_t i = 0; i < site->read_count; i++)
		if (entry->key[i] != key[i])
			return false;
	return true;
}

/* A copy of a plain value that shares what is lasting. TLA_NONE: no memory. */
static tla_value keep(struct tla_heap *kept, tla_value v)
{
	const struct tla_obj *obj = tla_obj(v);
	uint32_t item_count;
	struct tla_obj *copy;

	if (is_lasting(v))
		return v;
	item_count = obj->kind == TLA_INTERVAL ? 2 : obj->count + (obj->kind == TLA_FCN);
	copy = tla_obj_new(kept, (enum tla_kind)obj->kind, obj->count, item_count);
	if (!copy)
		return TLA_NONE;
	for (uint32_t i = 0; i < item_count; i++) {
		copy->items[i] = keep(kept, obj->items[i]);
		if (!copy->items[i])
			return TLA_NONE;
	}
	copy->is_plain = true;
	copy->is_kept = true;
	copy->hash = obj->hash;
	return tla_of(copy);
}

/* Whether to look; and the end of a pause or a trial. */
static bool is_tried(struct trial *trial)
{
	if (trial->pause_count > 0) {
		trial->pause_count--;
		return false;
	}
	if (trial->asked_count == TRIAL_COUNT) {
		trial->pause_count = trial->found_count < TRIAL_COUNT / 8 ? PAUSE_COUNT : 0;
		trial->asked_count = trial->found_count = 0;
	}
	return true;
}

static tla_value remember(struct tla_memo *memo, const struct tla_site *site, const tla_value *key,
			  tla_value v)
{
	struct entry *entry;
	tla_value kept;

	if (!tla_is_plain(v))
		return v;
	kept = keep(&memo->kept, v);
	if (!kept)
		return v;
	/* Looked up again: evaluating may have used the place. */
	entry = entry_of(memo, site, key);
	entry->site = site;
	memcpy(entry->key, key, sizeof entry->key);
	entry->value = kept;
	return kept;
}

tla_value tla_ev_memo(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	const struct tla_code *inner = code->args[0];
	const struct tla_site *site = code->site;
	struct tla_memo *memo = eval->memo;
	tla_value key[TLA_MEMO_KEYS_MAX] = { 0 }, v;
	struct trial *trial;
	const struct entry *entry;

	/* What is made on the heap of constants stays longer than what is remembered. */
	if (!memo || eval->heap != &eval->heaps[0])
		return inner->eval(eval, inner, frame);
	trial = &memo->trials[site->site_idx];
	if (!is_tried(trial))
		return inner->eval(eval, inner, frame);
	trial->asked_count++;
	if (!read_key(eval, site, frame, key))
		return inner->eval(eval, inner, frame);
	entry = entry_of(memo, site, key);
	if (is_entry_for(entry, site, key)) {
		trial->found_count++;
		eval->next_reads += site->may_read_next;
		return entry->value;
	}
	v = inner->eval(eval, inner, frame);
	return v ? remember(memo, site, key, v) : TLA_NONE;
}

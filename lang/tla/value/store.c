/* SPDX-License-Identifier: MIT */
/*
 * The store: a hash table in shards, each a growing array of words with open addressing.
 *
 * A word is the object's address with 16 bits of its hash above it. Words are only ever added: a
 * look-up reads without a lock, and a word that it misses because another thread is just adding it
 * is found under the lock, where it looks again before it adds its own. A grown array replaces the
 * old one; the old one stays readable until the end, since a reader may be inside (arrays double,
 * so all old ones together are as large as the last).
 *
 * Invariant: an object is complete, and its parts are stored, before its word is published.
 */
#include "store.h"

#include "fcn.h"
#include "order.h"
#include "set.h"

#include <nw/mem.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

enum { SHARD_COUNT = 256, FIRST_SLOT_COUNT = 256, TAG_SHIFT = 48 };

#define ADDRESS_MASK (((uint64_t)1 << TAG_SHIFT) - 1)

struct table {
	struct nw_mem mem; /* this */
	struct table *older;
	uint64_t slot_count; /* power of two */
	_Atomic(uint64_t) slots[];
};

struct shard {
	_Alignas(128) _Atomic(struct table *) table;
	atomic_bool is_locked;
	uint64_t used_count;  /* under the lock */
	struct table *marked; /* the words at the mark; NULL: there is none */
};

struct tla_store {
	struct nw_mem mem; /* this */
	struct shard shards[SHARD_COUNT];
	_Atomic(size_t) table_bytes;
	_Atomic(struct tla_keeper *) left; /* keepers destroyed: what they stored stays */
};

/* A table on the node that touches it first. NULL: no memory. */
static struct table *table_new(uint64_t slot_count)
{
	struct nw_mem mem;
	struct table *table;

	if (nw_mem_alloc(&mem, NW_NODE_ANY, sizeof *table + slot_count * sizeof table->slots[0], 0))
		return NULL;
	table = mem.base;
	table->mem = mem;
	table->slot_count = slot_count;
	return table;
}

static void table_free(struct table *table)
{
	struct nw_mem mem = table->mem;

	nw_mem_free(&mem);
}

/* A table and those that it replaced; or none. */
static void tables_free(struct table *table)
{
	while (table) {
		struct table *older = table->older;

		table_free(table);
		table = older;
	}
}

static void count_table(struct tla_store *store, const struct table *table)
{
	/* relaxed: a statistic. */
	atomic_fetch_add_explicit(&store->table_bytes, table->mem.n_bytes, memory_order_relaxed);
}

int tla_store_create(struct tla_store **ret_store)
{
	struct tla_store *store;
	struct nw_mem mem;

	if (nw_mem_alloc(&mem, NW_NODE_ANY, sizeof *store, 0))
		return -ENOMEM;
	store = mem.base;
	store->mem = mem;
	for (unsigned i = 0; i < SHARD_COUNT; i++) {
		struct table *table = table_new(FIRST_SLOT_COUNT);

		if (!table) {
			tla_store_destroy(store);
			return -ENOMEM;
		}
		/* relaxed: not yet shared: the constructor runs alone. */
		atomic_store_explicit(&store->shards[i].table, table, memory_order_relaxed);
		count_table(store, table);
	}
	*ret_store = store;
	return 0;
}

static void keeper_free(struct tla_keeper *keeper)
{
	struct nw_mem mem = keeper->mem;

	tla_heap_fini(&keeper->memory);
	nw_mem_free(&mem);
}

void tla_store_destroy(struct tla_store *store)
{
	struct tla_keeper *left;
	struct nw_mem mem;

	if (!store)
		return;
	/* relaxed: no thread uses the store any more. */
	left = atomic_load_explicit(&store->left, memory_order_relaxed);
	while (left) {
		struct tla_keeper *next = left->next;

		keeper_free(left);
		left = next;
	}
	for (unsigned i = 0; i < SHARD_COUNT; i++) {
		/* relaxed: no thread uses the store any more. */
		struct table *table = atomic_load_explicit(&store->shards[i].table,
							   memory_order_relaxed);

		tables_free(table);
		tables_free(store->shards[i].marked);
	}
	mem = store->mem;
	nw_mem_free(&mem);
}

size_t tla_store_table_bytes(const struct tla_store *store)
{
	/* relaxed: a statistic. */
	return atomic_load_explicit(&store->table_bytes, memory_order_relaxed);
}

int tla_keeper_create(struct tla_keeper **ret_keeper, struct tla_store *store, nw_node node)
{
	struct tla_keeper *keeper;
	struct nw_mem mem;

	if (nw_mem_alloc(&mem, node, sizeof *keeper, 0))
		return -ENOMEM;
	keeper = mem.base;
	keeper->mem = mem;
	keeper->store = store;
	if (tla_heap_init(&keeper->memory, node, SIZE_MAX)) {
		nw_mem_free(&mem);
		return -ENOMEM;
	}
	*ret_keeper = keeper;
	return 0;
}

void tla_keeper_destroy(struct tla_keeper *keeper)
{
	struct tla_keeper *left;

	if (!keeper)
		return;
	if (keeper->stored_count == 0) {
		keeper_free(keeper);
		return;
	}
	left = atomic_load(&keeper->store->left);
	do
		keeper->next = left;
	while (!atomic_compare_exchange_weak(&keeper->store->left, &left, keeper));
}

static uint64_t word_of(const struct tla_obj *obj)
{
	return (uint64_t)(uintptr_t)obj | obj->hash >> TAG_SHIFT << TAG_SHIFT;
}

static struct shard *shard_of(struct tla_store *store, uint64_t hash)
{
	return &store->shards[hash % SHARD_COUNT];
}

/* The stored value equal to v, or none; *ret_slot is then the first free slot after its place. */
static tla_value find(struct table *table, tla_value v, uint64_t hash, uint64_t *ret_slot)
{
	uint64_t mask = table->slot_count - 1, i = hash / SHARD_COUNT & mask;

	for (;; i = (i + 1) & mask) {
		/* [store.find] acquire, pairs with [store.add]: the object behind the word. */
		uint64_t word = atomic_load_explicit(&table->slots[i], memory_order_acquire);
		struct tla_obj *obj = (struct tla_obj *)(uintptr_t)(word & ADDRESS_MASK);

		if (!word)
			break;
		if (word >> TAG_SHIFT == hash >> TAG_SHIFT && obj->hash == hash &&
		    tla_compare(v, tla_of(obj)) == 0)
			return tla_of(obj);
	}
	*ret_slot = i;
	return TLA_NONE;
}

static void lock(struct shard *shard)
{
	/* [store.lock] acquire, pairs with [store.unlock]: the shard's count and words. */
	while (atomic_exchange_explicit(&shard->is_locked, true, memory_order_acquire))
		__builtin_ia32_pause();
}

static void unlock(struct shard *shard)
{
	/* [store.unlock] release, pairs with [store.lock]: the shard's count and words. */
	atomic_store_explicit(&shard->is_locked, false, memory_order_release);
}

/* An array of twice the size with the same words. NULL: no memory. Under the lock. */
static struct table *grow(struct tla_store *store, struct shard *shard, struct table *table)
{
	struct table *larger = table_new(2 * table->slot_count);

	if (!larger)
		return NULL;
	for (uint64_t i = 0; i < table->slot_count; i++) {
		/* relaxed: under the lock of the shard. */
		uint64_t word = atomic_load_explicit(&table->slots[i], memory_order_relaxed);
		const struct tla_obj *obj = (struct tla_obj *)(uintptr_t)(word & ADDRESS_MASK);
		uint64_t slot;

		if (!word)
			continue;
		(void)find(larger, TLA_NONE, obj->hash, &slot); /* not there: a free slot */
		/* relaxed: not yet published. */
		atomic_store_explicit(&larger->slots[slot], word, memory_order_relaxed);
	}
	larger->older = table;
	count_table(store, larger);
	/* [store.grow] release, pairs with [store.table]: the words of the larger array. */
	atomic_store_explicit(&shard->table, larger, memory_order_release);
	return larger;
}

/* Under the lock: the stored value equal to obj, which is obj itself unless another came first. */
static tla_value add_locked(struct tla_store *store, struct shard *shard, struct tla_obj *obj)
{
	/* relaxed: under the lock of the shard. */
	struct table *table = atomic_load_explicit(&shard->table, memory_order_relaxed);
	uint64_t slot;
	tla_value there;

	if (4 * (shard->used_count + 1) > 3 * table->slot_count) {
		table = grow(store, shard, table);
		if (!table)
			return TLA_NONE;
	}
	there = find(table, tla_of(obj), obj->hash, &slot);
	if (there)
		return there;
	shard->used_count++;
	/* [store.add] release, pairs with [store.find]: the object. */
	atomic_store_explicit(&table->slots[slot], word_of(obj), memory_order_release);
	return tla_of(obj);
}

/* A copy of an object in the keeper's memory, its parts stored. NULL: the heap has failed. */
static struct tla_obj *copy_stored(struct tla_keeper *keeper, struct tla_heap *heap,
				   const struct tla_obj *obj)
{
	uint32_t item_count = obj->kind == TLA_INTERVAL ? 2 : obj->count + (obj->kind == TLA_FCN);
	struct tla_obj *copy = tla_obj_new(&keeper->memory, (enum tla_kind)obj->kind, obj->count,
					   item_count);

	if (!copy)
		return NULL;
	for (uint32_t i = 0; i < item_count; i++) {
		copy->items[i] = tla_store(keeper, heap, obj->items[i]);
		if (!copy->items[i])
			return NULL;
	}
	copy->is_plain = true;
	copy->is_stored = true;
	copy->hash = obj->hash;
	return copy;
}

/* Whether TLC, too, would have a normal form for it. False: the heap has failed. */
static bool is_normal(struct tla_heap *heap, tla_value v)
{
	const struct tla_obj *obj = tla_obj(v);

	if (obj->kind > TLA_FCN) {
		tla_fail(heap, "A state can hold finite sets and functions only; this cannot be "
			       "evaluated to one.");
		return false;
	}
	return obj->kind != TLA_SET || tla_is_uniform(heap, v);
}

static tla_value add(struct tla_keeper *keeper, struct tla_heap *heap, tla_value v)
{
	struct shard *shard = shard_of(keeper->store, tla_obj(v)->hash);
	/* The parts first: they may be of this shard, whose lock is not taken twice. */
	struct tla_obj *copy = is_normal(heap, v) ? copy_stored(keeper, heap, tla_obj(v)) : NULL;
	tla_value stored;

	if (!copy)
		return heap->has_failed ? TLA_NONE : tla_fail(heap, "Out of memory for values.");
	lock(shard);
	stored = add_locked(keeper->store, shard, copy);
	unlock(shard);
	if (!stored)
		return tla_fail(heap, "Out of memory for the table of values.");
	if (stored == tla_of(copy)) {
		keeper->stored_count++;
		keeper->stored_bytes += (size_t)(keeper->memory.cur - (char *)copy);
	}
	return stored;
}

static tla_value store_plain(struct tla_keeper *keeper, struct tla_heap *heap, tla_value v)
{
	uint64_t hash = tla_hash(v), slot;
	struct shard *shard = shard_of(keeper->store, hash);
	/* [store.table] acquire, pairs with [store.grow]: the words of a grown array. */
	struct table *table = atomic_load_explicit(&shard->table, memory_order_acquire);
	tla_value stored = find(table, v, hash, &slot);

	return stored ? stored : add(keeper, heap, v);
}

tla_value tla_store(struct tla_keeper *keeper, struct tla_heap *heap, tla_value v)
{
	size_t i;

	if (!tla_is_object(v) || tla_obj(v)->is_stored)
		return v;
	v = tla_plain(heap, v);
	if (!v || tla_obj(v)->is_stored)
		return v;
	i = tla_hash(v) / SHARD_COUNT % (sizeof keeper->recent / sizeof keeper->recent[0]);
	if (keeper->recent[i].hash != tla_hash(v) || tla_compare(v, keeper->recent[i].v) != 0) {
		keeper->recent[i].v = store_plain(keeper, heap, v);
		keeper->recent[i].hash = keeper->recent[i].v ? tla_hash(v) : 0;
	}
	return keeper->recent[i].v;
}

/* --- Forgetting --- */

/* The words of a table side by side. NULL: no memory. */
static struct table *words_of(struct table *table, uint64_t count)
{
	struct table *words = table_new(count);
	uint64_t k = 0;

	for (uint64_t i = 0; words && i < table->slot_count; i++) {
		/* relaxed: not yet shared: no other thread uses the store. */
		uint64_t word = atomic_load_explicit(&table->slots[i], memory_order_relaxed);

		if (word)
			/* relaxed: not yet shared: no other thread uses the store. */
			atomic_store_explicit(&words->slots[k++], word, memory_order_relaxed);
	}
	return words;
}

int tla_store_mark(struct tla_store *store)
{
	for (unsigned i = 0; i < SHARD_COUNT; i++) {
		struct shard *shard = &store->shards[i];
		struct table *words = words_of(atomic_load(&shard->table), shard->used_count);

		if (!words)
			return -ENOMEM;
		tables_free(shard->marked);
		shard->marked = words;
	}
	return 0;
}

/* The table keeps its size: it will be as full again. */
static void refill(struct table *table, struct table *words)
{
	for (uint64_t i = 0; i < table->slot_count; i++)
		/* relaxed: not yet shared: no other thread uses the store. */
		atomic_store_explicit(&table->slots[i], 0, memory_order_relaxed);
	for (uint64_t i = 0; i < words->slot_count; i++) {
		/* relaxed: not yet shared: no other thread uses the store. */
		uint64_t word = atomic_load_explicit(&words->slots[i], memory_order_relaxed);
		const struct tla_obj *obj = (struct tla_obj *)(uintptr_t)(word & ADDRESS_MASK);
		uint64_t slot;

		(void)find(table, TLA_NONE, obj->hash, &slot); /* not there: a free slot */
		/* relaxed: not yet shared: no other thread uses the store. */
		atomic_store_explicit(&table->slots[slot], word, memory_order_relaxed);
	}
}

void tla_store_forget(struct tla_store *store)
{
	for (unsigned i = 0; i < SHARD_COUNT; i++) {
		struct shard *shard = &store->shards[i];
		struct table *table = atomic_load(&shard->table);

		for (const struct table *at = table->older; at; at = at->older)
			/* relaxed: a statistic. */
			atomic_fetch_sub_explicit(&store->table_bytes, at->mem.n_bytes,
						  memory_order_relaxed);
		tables_free(table->older);
		table->older = NULL;
		refill(table, shard->marked);
		shard->used_count = shard->marked->slot_count;
	}
}

void tla_keeper_mark(struct tla_keeper *keeper)
{
	keeper->marked.memory = tla_heap_mark(&keeper->memory);
	keeper->marked.stored_count = keeper->stored_count;
	keeper->marked.stored_bytes = keeper->stored_bytes;
}

void tla_keeper_forget(struct tla_keeper *keeper)
{
	tla_heap_cut(&keeper->memory, keeper->marked.memory);
	keeper->stored_count = keeper->marked.stored_count;
	keeper->stored_bytes = keeper->marked.stored_bytes;
	memset(keeper->recent, 0, sizeof keeper->recent);
}

tla_value tla_copy_out(struct tla_heap *heap, tla_value v)
{
	const struct tla_obj *obj = tla_obj(v);
	uint32_t item_count;
	struct tla_obj *copy;

	if (!tla_is_object(v))
		return v;
	item_count = obj->kind == TLA_INTERVAL ? 2 : obj->count + (obj->kind == TLA_FCN);
	copy = tla_obj_new(heap, (enum tla_kind)obj->kind, obj->count, item_count);
	for (uint32_t i = 0; copy && i < item_count; i++) {
		copy->items[i] = tla_copy_out(heap, obj->items[i]);
		if (!copy->items[i])
			return TLA_NONE;
	}
	if (!copy)
		return TLA_NONE;
	copy->is_plain = true;
	copy->hash = obj->hash;
	return tla_of(copy);
}

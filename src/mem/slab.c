/* SPDX-License-Identifier: MIT */
/* Items of one size on one node (slab.h).
 *
 *   chunk (one nw_mem)         block (64 KiB, aligned so)
 *   +-------+-------+---       +--------+------+------+------+---
 *   | block | block | ...      | header | item | item | item | ...
 *   +-------+-------+---       +--------+------+------+------+---
 *                                slab, node
 *
 * The first block of the first chunk holds the slab's descriptor between header and items.
 *
 * Roles: the owner takes items and returns its own; any other thread (a visitor) sends items home.
 *
 * Invariant: an item is in exactly one place: with a user, on `free`, on `home`, on `returned`, or
 * beyond the carving point. `free`, `home` and carving are the owner's alone. A block's header
 * never changes once an item of it was handed out, so that a visitor may read it; whatever handed
 * the item to the visitor orders that.
 *
 * `returned` is a stack that visitors push to and only the owner empties, whole, by exchange.
 * Nobody ever pops one item, so a head that comes back (ABA) is harmless: the pushed item's link
 * names the head that the compare-and-swap found, whatever happened in between.
 *
 * What came back that way is `home`. Its items are lines that other threads wrote last, so it is
 * not walked, not to count it either: an item is looked at when its turn comes, one ahead.
 *
 * Memory goes back to the kernel only with the slab. */
#include "mem/mem.h"

#include "base/attr.h"

#include <nw/slab.h>

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

enum {
	ITEM_UNIT = 16,
	HEADER_BYTES = NW_CACHE_PAIR,
#ifdef NW_SMALL
	CHUNK_BYTES = 2 * NW_SLAB_BLOCK_BYTES, /* so that tests meet the next chunk */
#else
	CHUNK_BYTES = 32 * NW_SLAB_BLOCK_BYTES, /* a huge page */
#endif
};

/* A free item's first bytes. */
struct link {
	struct link *next;
};

struct block {
	struct nw_slab *slab;
	nw_node node;
	struct block *next_chunk; /* only in the first block of a chunk, like mem */
	struct nw_mem mem;
};
static_assert(sizeof(struct block) <= HEADER_BYTES, "items start behind the header");

struct nw_slab {
	/* The owner's. */
	struct link *free;       /* its own, and what it counted of those at home */
	struct link *home;       /* taken from `returned`, not yet counted in stats.home_count */
	char *carve, *carve_end; /* items of this block that were never out */
	char *next_block, *chunk_end; /* blocks of the newest chunk that were never carved */
	size_t item_bytes;
	unsigned flags;
	nw_node node;
	struct block *chunks; /* newest first */
	struct nw_slab_stats stats;

	/* Any visitor's. */
	alignas(NW_CACHE_PAIR) _Atomic(struct link *) returned;
};

static struct block *block_of(const void *item)
{
	return (struct block *)((uintptr_t)item & ~(uintptr_t)(NW_SLAB_BLOCK_BYTES - 1));
}

/* Makes [base + skip, base + 64 KiB) the items to be carved next. */
static void open_block(struct nw_slab *slab, char *base, size_t skip)
{
	struct block *block = (struct block *)base;

	block->slab = slab;
	block->node = slab->node;
	slab->carve = base + skip;
	slab->carve_end = base + NW_SLAB_BLOCK_BYTES;
	slab->next_block = base + NW_SLAB_BLOCK_BYTES;
}

static void note_chunk(struct nw_slab_stats *stats, const struct nw_mem *mem)
{
	if (stats->mem_count == 0 || mem->level > stats->level) {
		stats->level = mem->level;
		stats->reason = mem->reason;
	}
	if (stats->mem_count == 0 || mem->pages < stats->pages)
		stats->pages = mem->pages;
	stats->mem_count++;
	stats->mem_bytes += mem->n_bytes;
}

static void add_chunk(struct nw_slab *slab, const struct nw_mem *mem, size_t skip)
{
	struct block *block = mem->base;

	block->mem = *mem;
	block->next_chunk = slab->chunks;
	slab->chunks = block;
	slab->chunk_end = (char *)mem->base + mem->n_bytes;
	open_block(slab, mem->base, skip);
	note_chunk(&slab->stats, mem);
}

static int map_chunk(struct nw_mem *ret_mem, nw_node node, unsigned flags)
{
	return nwi_mem_alloc(ret_mem, node, CHUNK_BYTES, flags, NW_SLAB_BLOCK_BYTES);
}

int nw_slab_create(struct nw_slab **ret_slab, nw_node node, size_t item_bytes, unsigned flags)
{
	struct nw_slab *slab;
	struct nw_mem mem;
	int rc;

	if (item_bytes == 0 || item_bytes > NW_SLAB_ITEM_BYTES_MAX)
		return -EINVAL;
	if (flags & (NW_MEM_HUGE_1G | NWI_MEM_LAZY))
		return -EINVAL;
	rc = map_chunk(&mem, node, flags);
	if (rc < 0)
		return rc;
	slab = (struct nw_slab *)((char *)mem.base + HEADER_BYTES);
	slab->item_bytes = (item_bytes + ITEM_UNIT - 1) & ~(size_t)(ITEM_UNIT - 1);
	slab->flags = flags;
	slab->node = mem.node;
	slab->stats.item_bytes = slab->item_bytes;
	atomic_init(&slab->returned, NULL);
	add_chunk(slab, &mem, HEADER_BYTES + sizeof(*slab));
	*ret_slab = slab;
	return 0;
}

void nw_slab_destroy(struct nw_slab *slab)
{
	struct block *chunk = slab ? slab->chunks : NULL;

	/* Newest first: the slab itself is in the oldest, and goes last. */
	while (chunk) {
		struct block *next = chunk->next_chunk;
		struct nw_mem mem = chunk->mem;

		nw_mem_free(&mem);
		chunk = next;
	}
}

/* The next of the items that visitors returned; NULL: there is none. They are neither walked nor
 * touched before their turn: each is a line that another thread wrote last. */
static struct link *take_returned(struct nw_slab *slab)
{
	struct link *item = slab->home;

	/* relaxed: hint. */
	if (!item && atomic_load_explicit(&slab->returned, memory_order_relaxed))
		/* [slab_take.returned] acquire, pairs with [slab_return.returned]: the links of all
		 * returned items, and what their last users did with them. */
		item = atomic_exchange_explicit(&slab->returned, NULL, memory_order_acquire);
	if (item) {
		slab->home = item->next;
		slab->stats.home_count++;
		NWI_PREFETCH_WRITE(slab->home);
	}
	return item;
}

/* An item that was never out, from this block, the next one, or a new chunk. */
static void *carve(struct nw_slab *slab)
{
	char *item = slab->carve;
	struct nw_mem mem;

	if ((size_t)(slab->carve_end - item) < slab->item_bytes) {
		if (slab->next_block < slab->chunk_end)
			open_block(slab, slab->next_block, HEADER_BYTES);
		else if (map_chunk(&mem, slab->node, slab->flags & ~(unsigned)NW_MEM_LOCAL) == 0)
			add_chunk(slab, &mem, HEADER_BYTES);
		else
			return NULL;
		item = slab->carve;
	}
	slab->carve = item + slab->item_bytes;
	return item;
}

/* From anywhere but the owner's own list. */
NWI_NEVER_INLINE void *alloc_slowly(struct nw_slab *slab)
{
	void *item = take_returned(slab);

	if (!item)
		item = carve(slab);
	if (item)
		slab->stats.live_count++;
	return item;
}

void *nw_slab_alloc(struct nw_slab *slab)
{
	struct link *item = slab->free;

	if (!item)
		return alloc_slowly(slab);
	slab->free = item->next;
	slab->stats.live_count++;
	return item;
}

static void send_home(struct nw_slab *home, struct link *item)
{
	/* relaxed: re-checked by a CAS at [slab_return.returned]. */
	item->next = atomic_load_explicit(&home->returned, memory_order_relaxed);
	/* [slab_return.returned] release, pairs with [slab_take.returned]: the item's link, and
	 * what this thread did with the item. */
	while (!atomic_compare_exchange_weak_explicit(&home->returned, &item->next, item,
						      memory_order_release, memory_order_relaxed))
		;
}

void nw_slab_free(struct nw_slab *own, void *item)
{
	struct nw_slab *home;
	struct link *link = item;

	if (!item)
		return;
	home = block_of(item)->slab;
	if (home != own) {
		send_home(home, link);
		return;
	}
	link->next = own->free;
	own->free = link;
	own->stats.live_count--;
}

nw_node nw_slab_node_of(const void *item)
{
	return block_of(item)->node;
}

struct nw_slab *nw_slab_of(const void *item)
{
	return block_of(item)->slab;
}

void nw_slab_stats(const struct nw_slab *slab, struct nw_slab_stats *ret_stats)
{
	*ret_stats = slab->stats;
	for (const struct link *item = slab->home; item; item = item->next)
		ret_stats->home_count++;
	ret_stats->live_count -= ret_stats->home_count;
}

/* SPDX-License-Identifier: MIT */
/* Bump arena in one lazily touched block; the descriptor is its first bytes.
 * Invariant: first <= used <= mem.n_bytes, and every piece lies in [first, used). */
#include "mem/mem.h"

#include <nw/arena.h>

#include <assert.h>
#include <errno.h>
#include <stdint.h>

struct nw_arena {
	struct nw_mem mem;
	size_t used; /* bytes from mem.base, the descriptor's among them */
};

/* Pieces start on a line of their own: the descriptor is written at every alloc. */
enum { FIRST = NW_CACHE_PAIR, ALIGN_MAX = 4096 };
static_assert(sizeof(struct nw_arena) <= FIRST, "the descriptor is in front of the pieces");

int nw_arena_create(struct nw_arena **ret_arena, nw_node node, size_t reserve_bytes, unsigned flags)
{
	struct nw_arena *arena;
	struct nw_mem mem;
	int rc;

	if (reserve_bytes == 0 || flags & (NW_MEM_HUGE_1G | NWI_MEM_LAZY))
		return -EINVAL;
	if (reserve_bytes > SIZE_MAX - FIRST)
		return -ENOMEM;
	rc = nwi_mem_alloc(&mem, node, reserve_bytes + FIRST, flags | NWI_MEM_LAZY, 0);
	if (rc < 0)
		return rc;
	arena = mem.base;
	*arena = (struct nw_arena){ .mem = mem, .used = FIRST };
	*ret_arena = arena;
	return 0;
}

void nw_arena_destroy(struct nw_arena *arena)
{
	struct nw_mem mem;

	if (!arena)
		return;
	mem = arena->mem; /* a copy: the original goes with the pages */
	nw_mem_free(&mem);
}

void *nw_arena_alloc(struct nw_arena *arena, size_t n_bytes, size_t align)
{
	size_t at = (arena->used + align - 1) & ~(align - 1);

	assert(align > 0 && align <= ALIGN_MAX && (align & (align - 1)) == 0);
	if (at > arena->mem.n_bytes || n_bytes > arena->mem.n_bytes - at)
		return NULL;
	arena->used = at + n_bytes;
	return (char *)arena->mem.base + at;
}

void nw_arena_reset(struct nw_arena *arena)
{
	arena->used = FIRST;
}

size_t nw_arena_used_bytes(const struct nw_arena *arena)
{
	return arena->used - FIRST;
}

const struct nw_mem *nw_arena_mem(const struct nw_arena *arena)
{
	return &arena->mem;
}

/* SPDX-License-Identifier: MIT */
/* nw_arena: pieces are apart and aligned, the range ends where it says, reset starts over. */
#include "lib/fault.h"
#include "nw_test.h"

#include <nw/arena.h>

#include <errno.h>

enum { PAGE = 4096 };

static struct nw_arena *create(size_t reserve_bytes)
{
	struct nw_arena *arena;

	CHECK_INT(nw_arena_create(&arena, NW_NODE_ANY, reserve_bytes, 0), ==, 0);
	return arena;
}

TEST(pieces_are_aligned_apart_and_zero)
{
	struct nw_arena *arena = create(1 << 20);
	char *last_end = NULL;

	for (size_t align = 1; align <= PAGE; align *= 2) {
		char *piece = nw_arena_alloc(arena, 33, align);

		CHECK(piece);
		CHECK_INT((uintptr_t)piece % align, ==, 0);
		CHECK(piece >= last_end);
		for (int i = 0; i < 33; i++)
			CHECK_INT(piece[i], ==, 0);
		memset(piece, 0xff, 33);
		last_end = piece + 33;
	}
	nw_arena_destroy(arena);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
}

TEST(fills_to_what_was_reserved_then_refuses)
{
	struct nw_arena *arena = create(10000);

	CHECK(nw_arena_alloc(arena, 10000, 1));
	CHECK_INT(nw_arena_used_bytes(arena), ==, 10000);
	CHECK(!nw_arena_alloc(arena, 2 * PAGE, 1));
	CHECK(!nw_arena_alloc(arena, SIZE_MAX, 1));
	CHECK(!nw_arena_alloc(arena, SIZE_MAX - 64, 64));
	CHECK_INT(nw_arena_used_bytes(arena), ==, 10000);
	while (nw_arena_alloc(arena, 1, 1))
		;
	CHECK(nw_arena_alloc(arena, 0, 1));
	nw_arena_destroy(arena);
}

TEST(reset_gives_the_same_places_again)
{
	struct nw_arena *arena = create(PAGE);
	char *first = nw_arena_alloc(arena, 100, 8);

	CHECK(nw_arena_alloc(arena, 100, 8) != first);
	nw_arena_reset(arena);
	CHECK_INT(nw_arena_used_bytes(arena), ==, 0);
	CHECK(nw_arena_alloc(arena, 100, 8) == first);
	nw_arena_destroy(arena);
}

TEST(a_wide_range_costs_only_what_is_touched)
{
	struct nw_arena *arena = create((size_t)16 << 30);
	struct nw_mem_map map;
	char *piece;

	for (int i = 0; i < 4; i++) {
		piece = nw_arena_alloc(arena, PAGE, PAGE);
		CHECK(piece);
		*piece = 1;
	}
	CHECK_INT(nw_mem_verify(nw_arena_mem(arena)->base, 1 << 20, &map), ==, 0);
	CHECK_INT(map.untouched_count, ==, 256 - 5); /* four pieces and the descriptor */
	nw_arena_destroy(arena);
}

TEST(huge_pages_are_advised_not_taken)
{
	struct nw_arena *arena;

	fault_fake_hugetlb(true);
	CHECK_INT(nw_arena_create(&arena, NW_NODE_ANY, 64 << 20, NW_MEM_HUGE), ==, 0);
	CHECK_INT(nw_arena_mem(arena)->pages, <=, NW_MEM_PAGES_THP);
	nw_arena_destroy(arena);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
}

TEST(what_the_block_achieved_is_told)
{
	struct nw_arena *arena;

	fault_set(FAULT_MBIND, 1, 1, EPERM);
	CHECK_INT(nw_arena_create(&arena, (nw_node){ 0 }, PAGE, 0), ==, 0);
	CHECK_INT(nw_arena_mem(arena)->level, ==, NW_MEM_UNBOUND);
	CHECK_INT(nw_arena_mem(arena)->reason, ==, -EPERM);
	nw_arena_destroy(arena);
}

TEST(failures_leave_nothing)
{
	struct nw_arena *arena = NULL;

	CHECK_INT(nw_arena_create(&arena, NW_NODE_ANY, 0, 0), ==, -EINVAL);
	CHECK_INT(nw_arena_create(&arena, NW_NODE_ANY, PAGE, NW_MEM_HUGE_1G), ==, -EINVAL);
	CHECK_INT(nw_arena_create(&arena, NW_NODE_ANY, PAGE, 1u << 16), ==, -EINVAL);
	CHECK_INT(nw_arena_create(&arena, (nw_node){ 1024 }, PAGE, 0), ==, -ENODEV);
	CHECK_INT(nw_arena_create(&arena, NW_NODE_ANY, SIZE_MAX, 0), ==, -ENOMEM);
	fault_set(FAULT_MMAP, 1, 1, ENOMEM);
	CHECK_INT(nw_arena_create(&arena, NW_NODE_ANY, PAGE, 0), ==, -ENOMEM);
	fault_set(FAULT_MBIND, 1, 1, EPERM);
	CHECK_INT(nw_arena_create(&arena, (nw_node){ 0 }, PAGE, NW_MEM_STRICT), ==, -EPERM);
	CHECK(!arena);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
	nw_arena_destroy(NULL);
}

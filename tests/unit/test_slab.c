/* SPDX-License-Identifier: MIT */
/* nw_slab on one thread: every size, every end of a block and a chunk, both ways back. */
#include "lib/fault.h"
#include "nw_test.h"

#include <nw/slab.h>

#include <errno.h>

static struct nw_slab *create(size_t item_bytes)
{
	struct nw_slab *slab;

	CHECK_INT(nw_slab_create(&slab, NW_NODE_ANY, item_bytes, 0), ==, 0);
	return slab;
}

static struct nw_slab_stats stats(const struct nw_slab *slab)
{
	struct nw_slab_stats now;

	nw_slab_stats(slab, &now);
	return now;
}

/* Items linked through their first bytes, to be given back. */
static void *hold(void *held, void *item, size_t n_bytes)
{
	memset(item, 0xa5, n_bytes);
	memcpy(item, &held, sizeof(held));
	return item;
}

static void *next_held(void *item)
{
	void *next;

	memcpy(&next, item, sizeof(next));
	return next;
}

static void check_size(size_t n_bytes)
{
	struct nw_slab *slab = create(n_bytes);
	size_t item_bytes = stats(slab).item_bytes, count = 0;
	void *held = NULL;

	CHECK_INT(item_bytes, >=, n_bytes);
	CHECK_INT(item_bytes - n_bytes, <, 16);
	while (stats(slab).mem_count < 3) {
		void *item = nw_slab_alloc(slab);

		CHECK(item);
		CHECK_INT((uintptr_t)item % 16, ==, 0);
		CHECK(nw_slab_of(item) == slab);
		CHECK_INT((uintptr_t)item / NW_SLAB_BLOCK_BYTES, ==,
			  ((uintptr_t)item + item_bytes - 1) / NW_SLAB_BLOCK_BYTES);
		held = hold(held, item, item_bytes);
		count++;
	}
	CHECK_INT(stats(slab).live_count, ==, count);
	/* Were two items one, or overlapping, the chain would be cut or endless. */
	for (; held; count--) {
		void *next = next_held(held);

		CHECK_INT(((unsigned char *)held)[item_bytes - 1], ==, 0xa5);
		nw_slab_free(count % 2 ? slab : NULL, held);
		held = next;
	}
	CHECK_INT(count, ==, 0);
	nw_slab_destroy(slab);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
}

TEST(items_of_every_size_are_apart_and_inside_their_block)
{
	static const size_t sizes[] = { 16, 17, 64, 128, 200, 1000, 4096, 16384 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check_size(sizes[i]);
}

TEST(alignment_follows_the_size)
{
	for (size_t n_bytes = 16; n_bytes <= 512; n_bytes *= 2) {
		struct nw_slab *slab = create(n_bytes);

		for (int i = 0; i < 100; i++)
			CHECK_INT((uintptr_t)nw_slab_alloc(slab) % (n_bytes < 128 ? n_bytes : 128),
				  ==, 0);
		nw_slab_destroy(slab);
	}
}

TEST(what_the_owner_freed_last_comes_first)
{
	struct nw_slab *slab = create(64);
	void *a = nw_slab_alloc(slab), *b = nw_slab_alloc(slab);

	nw_slab_free(slab, a);
	nw_slab_free(slab, b);
	nw_slab_free(slab, NULL);
	CHECK_INT(stats(slab).live_count, ==, 0);
	CHECK(nw_slab_alloc(slab) == b);
	CHECK(nw_slab_alloc(slab) == a);
	nw_slab_destroy(slab);
}

TEST(what_others_freed_comes_home_before_new_items)
{
	struct nw_slab *slab = create(64), *other = create(64);
	void *items[3], *again[3];

	for (int i = 0; i < 3; i++)
		items[i] = nw_slab_alloc(slab);
	nw_slab_free(other, items[0]);
	nw_slab_free(NULL, items[1]);
	nw_slab_free(other, items[2]);
	CHECK_INT(stats(other).live_count, ==, 0);
	CHECK_INT(stats(slab).live_count, ==, 3); /* on their way home */
	for (int i = 0; i < 3; i++)
		again[i] = nw_slab_alloc(slab);
	CHECK(again[0] == items[2] && again[1] == items[1] && again[2] == items[0]);
	CHECK_INT(stats(slab).home_count, ==, 3);
	CHECK_INT(stats(slab).live_count, ==, 3);
	CHECK(nw_slab_alloc(other) != items[0]);
	nw_slab_destroy(other);
	nw_slab_destroy(slab);
}

TEST(an_item_knows_its_node)
{
	struct nw_slab *slab;

	CHECK_INT(nw_slab_create(&slab, (nw_node){ 0 }, 48, 0), ==, 0);
	for (int i = 0; i < 5000; i++)
		CHECK_INT(nw_slab_node_of(nw_slab_alloc(slab)).id, ==, 0);
	nw_slab_destroy(slab);
	slab = create(48);
	CHECK_INT(nw_slab_node_of((char *)nw_slab_alloc(slab) + 47).id, ==, -1);
	nw_slab_destroy(slab);
	CHECK_INT(nw_slab_create(&slab, NW_NODE_ANY, 48, NW_MEM_LOCAL), ==, 0);
	CHECK_INT(nw_slab_node_of(nw_slab_alloc(slab)).id, >=, 0);
	nw_slab_destroy(slab);
}

TEST(no_memory_is_null_and_passes)
{
	struct nw_slab *slab = create(16384);
	uint64_t count = 0;
	void *item = NULL;

	fault_set(FAULT_MMAP, 1, 1000, ENOMEM);
	for (void *next; (next = nw_slab_alloc(slab)); count++)
		item = next;
	CHECK_INT(count, >, 0);
	CHECK_INT(stats(slab).live_count, ==, count);
	CHECK(!nw_slab_alloc(slab));
	nw_slab_free(NULL, item);
	CHECK(nw_slab_alloc(slab) == item);
	fault_clear();
	CHECK(nw_slab_alloc(slab));
	CHECK_INT(stats(slab).mem_count, ==, 2);
	nw_slab_destroy(slab);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
}

TEST(the_lowest_level_of_its_memory_is_told)
{
	struct nw_slab *slab;

	CHECK_INT(nw_slab_create(&slab, (nw_node){ 0 }, 16384, 0), ==, 0);
	if (stats(slab).level != NW_MEM_BOUND)
		SKIP(nw_mem_reason_text(stats(slab).reason));
	fault_set(FAULT_MBIND, 1, 1, EPERM);
	while (stats(slab).mem_count < 3)
		CHECK(nw_slab_alloc(slab));
	CHECK_INT(stats(slab).level, ==, NW_MEM_UNBOUND);
	CHECK_INT(stats(slab).reason, ==, -EPERM);
	nw_slab_destroy(slab);
}

TEST(strict_slabs_grow_only_where_they_are_bound)
{
	struct nw_slab *slab;
	int rc = nw_slab_create(&slab, (nw_node){ 0 }, 16384, NW_MEM_STRICT);

	if (rc < 0)
		SKIP(nw_mem_reason_text(rc));
	fault_set(FAULT_MBIND, 1, 1000, EPERM);
	while (nw_slab_alloc(slab))
		;
	CHECK_INT(stats(slab).mem_count, ==, 1);
	CHECK_INT(stats(slab).level, ==, NW_MEM_BOUND);
	nw_slab_destroy(slab);
}

TEST(failures_leave_nothing)
{
	struct nw_slab *slab = NULL;

	CHECK_INT(nw_slab_create(&slab, NW_NODE_ANY, 0, 0), ==, -EINVAL);
	CHECK_INT(nw_slab_create(&slab, NW_NODE_ANY, NW_SLAB_ITEM_BYTES_MAX + 1, 0), ==, -EINVAL);
	CHECK_INT(nw_slab_create(&slab, NW_NODE_ANY, 64, NW_MEM_HUGE_1G), ==, -EINVAL);
	CHECK_INT(nw_slab_create(&slab, NW_NODE_ANY, 64, 1u << 16), ==, -EINVAL);
	CHECK_INT(nw_slab_create(&slab, (nw_node){ 1024 }, 64, 0), ==, -ENODEV);
	fault_set(FAULT_MMAP, 1, 1, ENOMEM);
	CHECK_INT(nw_slab_create(&slab, NW_NODE_ANY, 64, 0), ==, -ENOMEM);
	CHECK(!slab);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
	nw_slab_destroy(NULL);
}

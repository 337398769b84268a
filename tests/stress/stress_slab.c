/* SPDX-License-Identifier: MIT */
/* Slabs under threads: each thread owns one, fills items with its mark and drops them into slots
 * that every thread picks from; whoever finds an item checks the mark and frees it. So most items
 * are freed by a stranger while their owner takes. A slot is swapped by one atomic exchange.
 *
 * At the end every slab is emptied: an item lost makes live_count too high, an item that came
 * home twice is found twice. NW_TEST_SCALE multiplies the work, NW_TEST_SEED changes the order. */
#include "nw_test.h"

#include <nw/slab.h>

#include <pthread.h>
#include <stdatomic.h>

enum { THREAD_COUNT = 4, SLOT_COUNT = 16, ROUNDS = 200000, ITEM_BYTES = 96, DRAIN_MAX = 100000 };

struct item {
	struct nw_slab *from;
	uint64_t turn;
	uint64_t check;
};

static _Atomic(struct item *) slots[SLOT_COUNT];
static struct nw_slab *slabs[THREAD_COUNT];
static pthread_barrier_t start;

static uint64_t env_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static void check_and_free(struct nw_slab *own, struct item *item)
{
	if (!item)
		return;
	CHECK(item->from == nw_slab_of(item));
	CHECK(item->check == (item->turn ^ (uintptr_t)item));
	item->check = 0;
	nw_slab_free(own, item);
}

static void *exchange_items(void *arg)
{
	size_t mine = (size_t)arg;
	uint64_t seed = env_number("NW_TEST_SEED", 1) * 977 + mine;
	uint64_t rounds = ROUNDS * env_number("NW_TEST_SCALE", 1);

	pthread_barrier_wait(&start);
	for (uint64_t turn = 0; turn < rounds; turn++) {
		struct item *item = nw_slab_alloc(slabs[mine]);

		CHECK(item);
		*item = (struct item){ slabs[mine], turn, turn ^ (uintptr_t)item };
		item = atomic_exchange(&slots[next_random(&seed) % SLOT_COUNT], item);
		/* Now and then as a thread that owns no slab. */
		check_and_free(turn % 7 == 0 ? NULL : slabs[mine], item);
	}
	return NULL;
}

static int by_address(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (void *const *)a, y = (uintptr_t) * (void *const *)b;

	return x < y ? -1 : x > y;
}

/* Takes all items that ever were out, and some new ones. */
static void drain(struct nw_slab *slab)
{
	static void *held[DRAIN_MAX];
	struct nw_slab_stats stats;
	uint64_t chunks, count = 0;

	nw_slab_stats(slab, &stats);
	for (chunks = stats.mem_count; stats.mem_count == chunks; count++) {
		CHECK_INT(count, <, DRAIN_MAX);
		held[count] = nw_slab_alloc(slab);
		nw_slab_stats(slab, &stats);
	}
	CHECK_INT(stats.live_count, ==, count);
	qsort(held, count, sizeof(held[0]), by_address);
	for (uint64_t i = 1; i < count; i++)
		CHECK(held[i] != held[i - 1]);
}

TEST(items_freed_by_strangers_all_come_home_once)
{
	pthread_t threads[THREAD_COUNT];
	struct nw_slab_stats stats;
	uint64_t home_count = 0;

	CHECK_INT(pthread_barrier_init(&start, NULL, THREAD_COUNT), ==, 0);
	for (size_t i = 0; i < THREAD_COUNT; i++)
		CHECK_INT(nw_slab_create(&slabs[i], NW_NODE_ANY, ITEM_BYTES, 0), ==, 0);
	for (size_t i = 0; i < THREAD_COUNT; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, exchange_items, (void *)i), ==, 0);
	for (size_t i = 0; i < THREAD_COUNT; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	for (size_t i = 0; i < SLOT_COUNT; i++)
		check_and_free(NULL, atomic_exchange(&slots[i], NULL));
	for (size_t i = 0; i < THREAD_COUNT; i++) {
		nw_slab_stats(slabs[i], &stats);
		home_count += stats.home_count;
		drain(slabs[i]);
	}
	CHECK_INT(home_count, >, 0);
	for (size_t i = 0; i < THREAD_COUNT; i++)
		nw_slab_destroy(slabs[i]);
}

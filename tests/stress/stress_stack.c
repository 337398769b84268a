/* SPDX-License-Identifier: MIT */
/*
 * Threads that push, pop and take all on a stack of few items, so that the same links are on top
 * again and again (ABA) and a popper reads links that others take out meanwhile. The domain scans
 * after every few retirements; threads come and go, so that slabs change hands.
 *
 * An item names a cell, which the pusher fills and the taker marks, by plain accesses.
 * Conservation: each is marked once; delivered twice is a race as well, and so is a push that does
 * not publish. Order: within one pop_all the items of one thread come newest first. The books are
 * relaxed, so that they order nothing that the stack should.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/stack.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#ifdef NW_SMALL
#define WORK(n) ((n) / 10) /* the sanitizers' builds are that much slower */
#else
#define WORK(n) (n)
#endif

enum { PLAYERS = 4, ITEM_COUNT = WORK(300000), SERVICE = 400 };

struct cell {
	uint64_t filled; /* by the pusher, with the item's number */
	uint64_t times_taken;
};

struct table {
	struct nw_hazard *domain;
	struct nw_stack *stack;
	uint64_t item_count; /* of each player */
	struct cell *cells;  /* of each item of each player */
	_Atomic uint64_t taken_count;
	_Atomic uint32_t player_count;
};

struct player {
	struct table *table;
	struct nw_hazard_thread *thread;
	struct nw_stack_handle *handle;
	uint64_t age;
	uint64_t last[PLAYERS]; /* of each player's items, within one pop_all */
};

static void player_join(struct player *player)
{
	CHECK_INT(nw_hazard_register(&player->thread, player->table->domain), ==, 0);
	CHECK_INT(nw_stack_register(&player->handle, player->table->stack, player->thread), ==, 0);
}

static void player_leave(struct player *player)
{
	nw_stack_unregister(player->handle);
	nw_hazard_unregister(player->thread);
}

static void grow_old(struct player *player)
{
	if (++player->age % SERVICE != 0)
		return;
	player_leave(player);
	player_join(player);
}

static void take(struct table *table, uint64_t item)
{
	CHECK_INT(item, >, 0);
	CHECK_INT(item, <=, PLAYERS * table->item_count);
	CHECK_INT(table->cells[item - 1].filled, ==, item);
	table->cells[item - 1].times_taken++;
	atomic_fetch_add_explicit(&table->taken_count, 1, memory_order_relaxed);
}

static void take_of_all(void *ptr, void *arg)
{
	struct player *player = arg;
	uint64_t item = (uintptr_t)ptr, *last;

	take(player->table, item);
	last = &player->last[(item - 1) / player->table->item_count];
	CHECK_INT(item, <, *last);
	*last = item;
}

static void take_all(struct player *player)
{
	uint64_t count, before = 0;

	for (int i = 0; i < PLAYERS; i++)
		player->last[i] = INT64_MAX;
	count = nw_stack_pop_all(player->handle, take_of_all, player);
	for (int i = 0; i < PLAYERS; i++)
		before += player->last[i] != INT64_MAX;
	CHECK_INT(before, <=, count);
}

static void *play(void *arg)
{
	struct player player = { .table = arg };
	struct table *table = arg;
	uint64_t self = atomic_fetch_add(&table->player_count, 1), pushed = 0;
	struct nwi_prng prng;
	void *got;

	nwi_prng_init(&prng, nw_test_seed() + self);
	player_join(&player);
	while (atomic_load_explicit(&table->taken_count, memory_order_relaxed) <
	       PLAYERS * table->item_count) {
		uint32_t what = nwi_prng_below(&prng, 32);

		if (what < 16 && pushed < table->item_count) {
			uint64_t item = self * table->item_count + ++pushed;

			table->cells[item - 1].filled = item;
			CHECK(nw_stack_push(player.handle, (void *)(uintptr_t)item));
		} else if (what == 31) {
			take_all(&player);
		} else if (nw_stack_pop(player.handle, &got)) {
			take(table, (uintptr_t)got);
		} else {
			sched_yield();
		}
		grow_old(&player);
	}
	player_leave(&player);
	return NULL;
}

TEST(nothing_is_lost_or_doubled)
{
	struct table table = { .item_count = ITEM_COUNT * (uint64_t)nw_test_scale() };
	struct nw_hazard_thread *thread;
	struct nw_hazard_stats stats;
	pthread_t threads[PLAYERS];

	table.cells = calloc(PLAYERS * table.item_count, sizeof(table.cells[0]));
	CHECK(table.cells);
	CHECK_INT(nw_hazard_create(&table.domain, NW_NODE_ANY,
				   &(struct nw_hazard_options){ .batch_min = 1 }),
		  ==, 0);
	CHECK_INT(nw_hazard_register(&thread, table.domain), ==, 0);
	CHECK_INT(nw_stack_create(&table.stack, table.domain, NW_NODE_ANY), ==, 0);
	for (int i = 0; i < PLAYERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, play, &table), ==, 0);
	for (int i = 0; i < PLAYERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	for (uint64_t i = 0; i < PLAYERS * table.item_count; i++)
		CHECK_INT(table.cells[i].times_taken, ==, 1);
	nw_stack_destroy(table.stack, thread);
	nw_hazard_stats(table.domain, &stats);
	CHECK_INT(stats.retired_count, ==, PLAYERS * table.item_count);
	CHECK_INT(stats.reclaimed_count, ==, stats.retired_count);
	nw_hazard_unregister(thread);
	nw_hazard_destroy(table.domain);
	free(table.cells);
}

/* Every thread pushes what it popped, two by two: the ABA of the textbook, all the time. */
enum { TOKENS = 3, TURNS = WORK(300000) };

static void *juggle(void *arg)
{
	struct player player = { .table = arg };

	player_join(&player);
	for (int i = 0; i < TURNS * nw_test_scale(); i++) {
		void *tokens[2];
		int n = 0;

		while (n < 2 && nw_stack_pop(player.handle, &tokens[n]))
			n++;
		for (int k = 0; k < n; k++) {
			*(uint64_t *)tokens[k] += 1; /* ours alone, until pushed */
			CHECK(nw_stack_push(player.handle, tokens[k]));
		}
		if (n == 0)
			sched_yield();
		grow_old(&player);
	}
	player_leave(&player);
	return NULL;
}

TEST(tokens_are_held_by_one_thread_at_a_time)
{
	struct table table = { 0 };
	struct player player = { .table = &table };
	uint64_t tokens[TOKENS] = { 0 };
	pthread_t threads[PLAYERS];
	void *got;

	CHECK_INT(nw_hazard_create(&table.domain, NW_NODE_ANY,
				   &(struct nw_hazard_options){ .batch_min = 1 }),
		  ==, 0);
	CHECK_INT(nw_stack_create(&table.stack, table.domain, NW_NODE_ANY), ==, 0);
	player_join(&player);
	for (int i = 0; i < TOKENS; i++)
		CHECK(nw_stack_push(player.handle, &tokens[i]));
	for (int i = 0; i < PLAYERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, juggle, &table), ==, 0);
	for (int i = 0; i < PLAYERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	for (int i = 0; i < TOKENS; i++) {
		CHECK(nw_stack_pop(player.handle, &got));
		CHECK_INT(*(uint64_t *)got, >, 0);
		*(uint64_t *)got = 0; /* the same one twice would be 0 now */
	}
	CHECK(!nw_stack_pop(player.handle, &got));
	nw_stack_destroy(table.stack, player.thread);
	nw_hazard_unregister(player.thread);
	nw_hazard_destroy(table.domain);
}

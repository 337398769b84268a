/* SPDX-License-Identifier: MIT */
/*
 * Producers and consumers on a queue of two or four slots, so that almost every call meets the
 * full or the empty edge. The items are addresses of cells written with plain stores: a missing
 * edge shows as a wrong value here and as a data race under TSan. Each item comes out once, and
 * each consumer sees each producer's items in their order.
 */
#include "nw_test.h"

#include <nw/mpmc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

enum { PRODUCERS = 3, CONSUMERS = 3, N_ITEMS = 40000, BURST = 3 };

struct cell {
	uint64_t number;       /* plain: the queue orders it */
	atomic_uint pop_count; /* how often it came out */
};

struct game {
	struct nw_mpmc *mpmc;
	struct cell *cells[PRODUCERS];
	uint64_t n_items;      /* of each producer */
	uint64_t handle_items; /* items until a producer changes its handle */
	bool is_burst;
	_Atomic uint64_t popped;
};

struct player {
	struct game *game;
	uint64_t idx;
};

/* The producer's i-th, filled. */
static struct cell *cell_of(struct player *player, uint64_t i)
{
	struct cell *cell = &player->game->cells[player->idx][i];

	cell->number = i * PRODUCERS + player->idx;
	return cell;
}

static void push_all(struct nw_mpmc_producer *producer, void **cells, uint32_t n)
{
	for (uint32_t done = 0, got; done < n; done += got) {
		got = n == 1 ? nw_mpmc_push(producer, cells[0])
			     : nw_mpmc_push_burst(producer, cells + done, n - done);
		if (got == 0)
			sched_yield();
	}
}

static void *produce(void *arg)
{
	struct player *player = arg;
	struct game *game = player->game;
	struct nw_mpmc_producer producer;

	CHECK_INT(nw_mpmc_register(&producer, game->mpmc), ==, 0);
	for (uint64_t i = 0; i < game->n_items; i++) {
		void *cells[BURST];
		uint32_t n = 1;

		cells[0] = cell_of(player, i);
		while (game->is_burst && n < BURST && i + 1 < game->n_items)
			cells[n++] = cell_of(player, ++i);
		push_all(&producer, cells, n);
		if (i % game->handle_items == 0) {
			nw_mpmc_unregister(&producer);
			CHECK_INT(nw_mpmc_register(&producer, game->mpmc), ==, 0);
		}
	}
	nw_mpmc_unregister(&producer);
	return NULL;
}

static void look_at(struct game *game, struct cell *cell, uint64_t *next)
{
	uint64_t producer = cell->number % PRODUCERS, i = cell->number / PRODUCERS;

	CHECK(cell == &game->cells[producer][i]);
	CHECK_INT(i, >=, next[producer]);
	next[producer] = i + 1;
	atomic_fetch_add(&cell->pop_count, 1);
}

static void *consume(void *arg)
{
	struct player *player = arg;
	struct game *game = player->game;
	uint64_t next[PRODUCERS] = { 0 };
	void *got[BURST];

	while (atomic_load(&game->popped) < PRODUCERS * game->n_items) {
		uint32_t n = game->is_burst ? nw_mpmc_pop_burst(game->mpmc, got, BURST)
					    : nw_mpmc_pop(game->mpmc, got);

		for (uint32_t i = 0; i < n; i++)
			look_at(game, got[i], next);
		atomic_fetch_add(&game->popped, n);
		if (n == 0)
			sched_yield();
	}
	return NULL;
}

static void game_init(struct game *game, uint32_t slots)
{
	game->n_items = N_ITEMS * (uint64_t)nw_test_scale();
	CHECK_INT(nw_mpmc_create(&game->mpmc, slots, PRODUCERS, NW_NODE_ANY), ==, 0);
	for (int i = 0; i < PRODUCERS; i++) {
		game->cells[i] = calloc(game->n_items, sizeof(struct cell));
		CHECK(game->cells[i]);
	}
}

static void game_fini(struct game *game)
{
	void *got;

	CHECK(!nw_mpmc_pop(game->mpmc, &got));
	CHECK_INT(nw_mpmc_count(game->mpmc), ==, 0);
	for (int i = 0; i < PRODUCERS; i++) {
		for (uint64_t k = 0; k < game->n_items; k++)
			CHECK_INT(game->cells[i][k].pop_count, ==, 1);
		free(game->cells[i]);
	}
	nw_mpmc_destroy(game->mpmc);
}

static void run_game(uint32_t slots, uint64_t handle_items, bool is_burst)
{
	struct game game = { .handle_items = handle_items, .is_burst = is_burst };
	struct player players[PRODUCERS + CONSUMERS];
	pthread_t threads[PRODUCERS + CONSUMERS];

	game_init(&game, slots);
	for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
		players[i] = (struct player){ &game, (uint64_t)i };
		CHECK_INT(pthread_create(&threads[i], NULL, i < PRODUCERS ? produce : consume,
					 &players[i]),
			  ==, 0);
	}
	for (int i = 0; i < PRODUCERS + CONSUMERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	game_fini(&game);
}

TEST(two_slots_keep_order_and_lose_nothing)
{
	run_game(2, UINT64_MAX, false);
}

TEST(four_slots_pushed_and_popped_in_bursts)
{
	run_game(4, UINT64_MAX, true);
}

TEST(handles_change_hands_on_the_way)
{
	run_game(2, 3, false);
}

/* What the consumer did before a pop is seen after the push that fills the place: a plain log. */

struct log {
	struct nw_mpmc *mpmc;
	uint64_t *entries; /* [entry_count] */
	uint64_t entry_count;
};

static void *pop_and_log(void *arg)
{
	struct log *log = arg;
	void *got;

	for (uint64_t i = 0; i < log->entry_count; i++) {
		log->entries[i] = i + 1;
		while (!nw_mpmc_pop(log->mpmc, &got))
			sched_yield();
	}
	return NULL;
}

TEST(a_freed_place_hands_on_what_preceded_the_pop)
{
	struct log log = { .entry_count = N_ITEMS * (uint64_t)nw_test_scale() };
	struct nw_mpmc_producer producer;
	pthread_t thread;

	log.entries = calloc(log.entry_count, sizeof(uint64_t));
	CHECK(log.entries);
	CHECK_INT(nw_mpmc_create(&log.mpmc, 2, 1, NW_NODE_ANY), ==, 0);
	CHECK_INT(nw_mpmc_register(&producer, log.mpmc), ==, 0);
	CHECK_INT(pthread_create(&thread, NULL, pop_and_log, &log), ==, 0);
	for (uint64_t i = 0; i < log.entry_count; i++) {
		while (!nw_mpmc_push(&producer, NULL))
			sched_yield();
		if (i >= 2)
			CHECK_INT(log.entries[i - 2], ==, i - 1);
	}
	CHECK_INT(pthread_join(thread, NULL), ==, 0);
	nw_mpmc_destroy(log.mpmc);
	free(log.entries);
}

/* A producer is stopped by a signal wherever it is, again and again; meanwhile another thread uses
 * the queue alone, and every answer is exact: nothing waits for the one that is stopped. */

static struct {
	struct nw_mpmc *mpmc;
	_Atomic bool is_stopped, is_over;
	_Atomic uint32_t go_count;
} stopping;

static void stop_here(int signal_number)
{
	uint32_t go_count = atomic_load(&stopping.go_count);

	(void)signal_number;
	atomic_store(&stopping.is_stopped, true);
	while (atomic_load(&stopping.go_count) == go_count)
		sched_yield();
}

static void *push_and_pop(void *arg)
{
	struct nw_mpmc_producer producer;
	void *got;

	CHECK_INT(nw_mpmc_register(&producer, stopping.mpmc), ==, 0);
	while (!atomic_load(&stopping.is_over)) {
		(void)!nw_mpmc_push(&producer, arg);
		(void)!nw_mpmc_pop(stopping.mpmc, &got);
	}
	return NULL;
}

static void use_alone(struct nw_mpmc_producer *producer)
{
	uint32_t slots = nw_mpmc_slot_count(stopping.mpmc);
	void *got;

	while (nw_mpmc_pop(stopping.mpmc, &got)) {
	}
	for (int lap = 0; lap < 3; lap++) {
		for (uint32_t i = 0; i < slots; i++)
			CHECK(nw_mpmc_push(producer, (void *)(uintptr_t)i));
		CHECK(!nw_mpmc_push(producer, NULL));
		for (uint32_t i = 0; i < slots; i++)
			CHECK(nw_mpmc_pop(stopping.mpmc, &got) && got == (void *)(uintptr_t)i);
		CHECK(!nw_mpmc_pop(stopping.mpmc, &got));
	}
}

TEST(a_thread_stopped_anywhere_stops_no_other)
{
	struct sigaction action = { .sa_handler = stop_here };
	struct nw_mpmc_producer producer;
	pthread_t thread;

	CHECK_INT(nw_mpmc_create(&stopping.mpmc, 2, 2, NW_NODE_ANY), ==, 0);
	CHECK_INT(nw_mpmc_register(&producer, stopping.mpmc), ==, 0);
	CHECK_INT(sigaction(SIGUSR1, &action, NULL), ==, 0);
	CHECK_INT(pthread_create(&thread, NULL, push_and_pop, stopping.mpmc), ==, 0);
	for (int i = 0; i < 5000 * nw_test_scale(); i++) {
		CHECK_INT(pthread_kill(thread, SIGUSR1), ==, 0);
		while (!atomic_load(&stopping.is_stopped))
			sched_yield();
		use_alone(&producer);
		atomic_store(&stopping.is_stopped, false);
		atomic_fetch_add(&stopping.go_count, 1);
	}
	atomic_store(&stopping.is_over, true);
	CHECK_INT(pthread_join(thread, NULL), ==, 0);
	nw_mpmc_destroy(stopping.mpmc);
}

/* SPDX-License-Identifier: MIT */
/*
 * Many producers and one consumer on a ring of two or four slots, so that almost every call meets
 * the full or the empty edge. Items are records of plain words: a missing edge shows as a torn
 * record here and as a data race under TSan. Each producer's items are numbered; each call's items
 * bear the number of the call, and must come out side by side.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/mpsc.h>
#include <pthread.h>
#include <sched.h>

enum { PRODUCERS = 3, N_ITEMS = 60000, BURST_MAX = 5 };

struct record {
	uint64_t producer, number, call, check;
};

struct game {
	struct nw_mpsc *mpsc;
	uint64_t n_items; /* of each producer */
	uint32_t burst_max;
	bool in_place; /* claims are filled, and peeks looked at, without a copy between */
};

struct player {
	struct game *game;
	uint64_t producer;
};

static uint64_t check_of(const struct record *record)
{
	return nwi_mix64(record->producer ^ record->number << 8 ^ record->call << 40);
}

/* A push in two halves. */
static uint32_t push_in_place(struct nw_mpsc *mpsc, const struct record *records, uint32_t count)
{
	struct nw_mpsc_claim claim;

	nw_mpsc_claim(mpsc, count, &claim);
	for (uint32_t k = 0; k < claim.count; k++)
		((struct record *)(void *)claim.items)[(claim.pos + k) & claim.mask] = records[k];
	nw_mpsc_show(mpsc, &claim);
	return claim.count;
}

static void *produce(void *arg)
{
	struct player *player = arg;
	struct game *game = player->game;
	struct record records[BURST_MAX];
	struct nwi_prng prng;
	uint64_t number = 0, call = 0;

	nwi_prng_init(&prng, nw_test_seed() + player->producer);
	while (number < game->n_items) {
		uint32_t wanted = 1 + nwi_prng_below(&prng, game->burst_max), n;

		if (wanted > game->n_items - number)
			wanted = (uint32_t)(game->n_items - number);
		call++;
		for (uint32_t i = 0; i < wanted; i++) {
			records[i] = (struct record){ player->producer, number + i, call, 0 };
			records[i].check = check_of(&records[i]);
		}
		n = game->in_place ? push_in_place(game->mpsc, records, wanted)
				   : nw_mpsc_push_burst(game->mpsc, records, wanted);
		CHECK_INT(n, <=, wanted);
		number += n;
		if (n == 0)
			sched_yield();
	}
	return NULL;
}

/* What the consumer knows of the items that came out. */
struct seen {
	uint64_t number_next[PRODUCERS], call_last[PRODUCERS];
	uint64_t producer_last;
};

static void look_at(struct seen *seen, const struct record *record)
{
	uint64_t p = record->producer;

	CHECK_INT(p, <, PRODUCERS);
	CHECK(record->check == check_of(record));
	CHECK_INT(record->number, ==, seen->number_next[p]);
	if (record->call == seen->call_last[p])
		CHECK_INT(seen->producer_last, ==, p);
	seen->number_next[p]++;
	seen->call_last[p] = record->call;
	seen->producer_last = p;
}

static uint32_t pop_in_place(struct game *game, struct seen *seen, uint32_t count)
{
	void *records = NULL;
	uint32_t n = nw_mpsc_peek(game->mpsc, count, &records);

	for (uint32_t i = 0; i < n; i++)
		look_at(seen, (struct record *)records + i);
	nw_mpsc_drop(game->mpsc, n);
	return n;
}

static uint32_t pop_copies(struct game *game, struct seen *seen, uint32_t count)
{
	struct record records[BURST_MAX];
	uint32_t n = nw_mpsc_pop_burst(game->mpsc, records, count);

	for (uint32_t i = 0; i < n; i++)
		look_at(seen, &records[i]);
	return n;
}

static void consume(struct game *game, struct seen *seen)
{
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (uint64_t taken = 0; taken < PRODUCERS * game->n_items;) {
		uint32_t wanted = 1 + nwi_prng_below(&prng, BURST_MAX);
		uint32_t n = game->in_place ? pop_in_place(game, seen, wanted)
					    : pop_copies(game, seen, wanted);

		taken += n;
		if (n == 0)
			sched_yield();
	}
}

static void run_game(uint32_t slots, uint32_t burst_max, bool in_place)
{
	struct game game = { .n_items = N_ITEMS * (uint64_t)nw_test_scale(),
			     .burst_max = burst_max,
			     .in_place = in_place };
	struct player players[PRODUCERS];
	struct seen seen = { .producer_last = PRODUCERS };
	pthread_t threads[PRODUCERS];
	struct record record;

	CHECK_INT(nw_mpsc_create(&game.mpsc, slots, sizeof(record), NW_NODE_ANY), ==, 0);
	for (int i = 0; i < PRODUCERS; i++) {
		players[i] = (struct player){ &game, (uint64_t)i };
		CHECK_INT(pthread_create(&threads[i], NULL, produce, &players[i]), ==, 0);
	}
	consume(&game, &seen);
	for (int i = 0; i < PRODUCERS; i++) {
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
		CHECK_INT(seen.number_next[i], ==, game.n_items);
	}
	CHECK(!nw_mpsc_pop(game.mpsc, &record));
	CHECK_INT(nw_mpsc_count(game.mpsc), ==, 0);
	nw_mpsc_destroy(game.mpsc);
}

TEST(single_items_keep_order_and_visibility)
{
	run_game(2, 1, false);
}

TEST(bursts_stay_together)
{
	run_game(4, BURST_MAX, false);
}

TEST(bursts_larger_than_the_ring)
{
	run_game(2, BURST_MAX, false);
}

TEST(bursts_in_place)
{
	run_game(4, BURST_MAX, true);
}

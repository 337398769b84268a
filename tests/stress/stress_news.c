/* SPDX-License-Identifier: MIT */
/*
 * A bus with rings of four events, several threads that tell and one that takes: what was told
 * comes out once, whole, in each producer's order; what found no room is counted, and nothing else
 * is missing. Producers that wait for room lose nothing.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/news.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { PRODUCERS = 3, SLOTS = 4, N_EVENTS = 50000, BURST_MAX = 4, TAKE = 5 };

struct event {
	uint64_t wall_ns;
	uint8_t engine, kind;
	uint16_t producer;
	uint32_t unused;
	uint64_t number, words[4], check;
};

struct game {
	struct nw_news *news;
	uint32_t n_events;
	bool waits; /* for room */
	_Atomic uint32_t ended;
	_Atomic uint64_t refused;
};

struct teller {
	struct game *game;
	uint16_t idx;
};

static struct event event_of(uint16_t producer, uint64_t number)
{
	struct event event = {
		.wall_ns = 1, .engine = NW_NEWS_USER, .producer = producer, .number = number
	};
	uint64_t check = number ^ producer;

	for (int i = 0; i < 4; i++)
		check ^= event.words[i] = nwi_mix64(number * 4 + (uint64_t)i + producer);
	event.check = nwi_mix64(check);
	return event;
}

/* Some at once, once there is room for all of them. */
static uint32_t put_some(struct nw_news_producer *producer, const struct teller *teller,
			 uint64_t number, uint32_t wanted)
{
	while (nw_news_room(producer, wanted) < wanted)
		sched_yield();
	for (uint32_t i = 0; i < wanted; i++) {
		struct event event = event_of(teller->idx, number + i);

		CHECK(nw_news_put(producer, &event));
	}
	nw_news_show(producer);
	return wanted;
}

static void *tell_all(void *arg)
{
	struct teller *teller = arg;
	struct game *game = teller->game;
	struct nw_news_producer *producer = nw_news_producer(game->news, teller->idx);
	struct nwi_prng prng;
	uint64_t number = 0;

	nwi_prng_init(&prng, nw_test_seed() + teller->idx);
	while (number < game->n_events) {
		struct event event = event_of(teller->idx, number);
		uint32_t wanted = 1 + nwi_prng_below(&prng, BURST_MAX);

		if (game->waits) {
			number += put_some(producer, teller, number, wanted);
			continue;
		}
		if (!nw_news_tell(producer, &event))
			atomic_fetch_add(&game->refused, 1);
		number++;
	}
	atomic_fetch_add(&game->ended, 1);
	return NULL;
}

static void check_event(const struct event *event, uint64_t *next)
{
	struct event expected;

	CHECK(event->producer < PRODUCERS);
	expected = event_of(event->producer, event->number);
	CHECK(memcmp(event, &expected, sizeof(expected)) == 0);
	CHECK_INT(event->number, >=, next[event->producer]);
	next[event->producer] = event->number + 1;
}

/* How many came. */
static uint64_t take_all(struct game *game, uint64_t *next)
{
	struct event events[TAKE];
	uint64_t taken = 0;
	bool is_over;
	uint32_t n;

	do {
		is_over = atomic_load(&game->ended) == PRODUCERS;
		n = nw_news_take(game->news, events, TAKE);
		for (uint32_t i = 0; i < n; i++)
			check_event(&events[i], next);
		taken += n;
		if (n == 0)
			sched_yield();
	} while (n > 0 || !is_over);
	return taken;
}

static uint64_t play(struct game *game, uint64_t *next)
{
	struct teller tellers[PRODUCERS];
	pthread_t threads[PRODUCERS];
	uint64_t taken;

	game->n_events = (uint32_t)(N_EVENTS * nw_test_scale());
	CHECK_INT(nw_news_create(&game->news, PRODUCERS, SLOTS), ==, 0);
	for (uint16_t i = 0; i < (uint16_t)PRODUCERS; i++) {
		tellers[i] = (struct teller){ game, i };
		CHECK_INT(pthread_create(&threads[i], NULL, tell_all, &tellers[i]), ==, 0);
	}
	taken = take_all(game, next);
	for (int i = 0; i < PRODUCERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	CHECK_INT(nw_news_lost(game->news), ==, atomic_load(&game->refused));
	nw_news_destroy(game->news);
	return taken;
}

TEST(who_waits_for_room_loses_nothing)
{
	struct game game = { .waits = true };
	uint64_t next[PRODUCERS] = { 0 }, all = 0;
	uint64_t taken = play(&game, next);

	for (int i = 0; i < PRODUCERS; i++) {
		CHECK_INT(next[i], >=, game.n_events);
		all += next[i];
	}
	CHECK_INT(taken, ==, all);
	CHECK_INT(atomic_load(&game.refused), ==, 0);
}

TEST(told_is_taken_and_lost_together)
{
	struct game game = { .waits = false };
	uint64_t next[PRODUCERS] = { 0 };
	uint64_t taken = play(&game, next);

	CHECK_INT(taken + atomic_load(&game.refused), ==, (uint64_t)game.n_events * PRODUCERS);
	CHECK_INT(atomic_load(&game.refused), >, 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * Writers and readers of one value whose words are all computed from its first. A reader that gets
 * words of two writes finds them not to fit. With one writer the value only grows, so a
 * reader never sees it decrease; and every write that was let in has moved the sequence.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/seqlock.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { WORDS = 5, READERS = 2, WRITES = 400000, TRIES = 50 };

struct game {
	uint64_t room[WORDS + 2];
	struct nw_seqlock *lock;
	uint64_t write_count; /* of each writer */
	bool is_one_writer;
	_Atomic bool is_over;
};

static void fill(uint64_t *value, uint64_t number)
{
	value[0] = number;
	for (uint32_t i = 1; i < WORDS; i++)
		value[i] = nwi_mix64(number + i);
}

static void *write_alone(void *arg)
{
	struct game *game = arg;
	uint64_t value[WORDS];

	for (uint64_t i = 1; i <= game->write_count; i++) {
		fill(value, i);
		nw_seqlock_write(game->lock, value);
	}
	return NULL;
}

static void *write_among_others(void *arg)
{
	struct game *game = arg;
	uint64_t value[WORDS], nonce = (uint64_t)(uintptr_t)&value;

	for (uint64_t i = 0; i < game->write_count;) {
		fill(value, nwi_splitmix64(&nonce));
		if (nw_seqlock_try_write(game->lock, value))
			i++;
		else
			sched_yield();
	}
	return NULL;
}

static void *read_all(void *arg)
{
	struct game *game = arg;
	uint64_t value[WORDS], expected[WORDS], last = 0, read_count = 0;

	while (!atomic_load(&game->is_over) || read_count == 0) {
		if (!nw_seqlock_read(game->lock, value, TRIES)) {
			sched_yield();
			continue;
		}
		read_count++;
		fill(expected, value[0]);
		CHECK(memcmp(value, expected, sizeof(value)) == 0);
		if (game->is_one_writer)
			CHECK_INT(value[0], >=, last);
		last = value[0];
	}
	return NULL;
}

static void run_game(int writer_count, void *(*write)(void *))
{
	struct game game = { .write_count = WRITES * (uint64_t)nw_test_scale(),
			     .is_one_writer = writer_count == 1 };
	pthread_t threads[8];
	uint64_t value[WORDS], expected[WORDS];

	CHECK_INT(nw_seqlock_init(&game.lock, game.room, sizeof(game.room), sizeof(value)), ==, 0);
	fill(value, 0);
	nw_seqlock_write(game.lock, value);
	for (int i = 0; i < writer_count + READERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, i < writer_count ? write : read_all,
					 &game),
			  ==, 0);
	for (int i = 0; i < writer_count; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	atomic_store(&game.is_over, true);
	for (int i = writer_count; i < writer_count + READERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	CHECK(nw_seqlock_read(game.lock, value, 1));
	fill(expected, value[0]);
	CHECK(memcmp(value, expected, sizeof(value)) == 0);
	if (writer_count == 1)
		CHECK_INT(value[0], ==, game.write_count);
	/* Every write that was let in is one step of the sequence, the second word. */
	CHECK_INT(game.room[1], ==, 2 * (1 + (uint64_t)writer_count * game.write_count));
}

TEST(readers_of_one_writer_see_whole_values_that_grow)
{
	run_game(1, write_alone);
}

TEST(readers_of_three_writers_see_whole_values)
{
	run_game(3, write_among_others);
}

/* SPDX-License-Identifier: MIT */
/*
 * A lane of two or four slots between two threads, so that almost every call meets the full or the
 * empty edge, with sleeping on both sides; and between two processes of which the writer is killed
 * at random instructions: what it had shown is there, whole, and the lane goes on.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/bell.h>
#include <nw/lane.h>
#include <nw/shm.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

enum { N_ITEMS = 100000, BURST_MAX = 5, KILLS = 300 };

struct item {
	uint64_t number, words[6], check;
};

static struct item item_of(uint64_t number)
{
	struct item item = { .number = number };
	uint64_t check = number;

	for (int i = 0; i < 6; i++)
		check ^= item.words[i] = nwi_mix64(number * 6 + (uint64_t)i);
	item.check = nwi_mix64(check);
	return item;
}

static void check_item(const struct item *item, uint64_t number)
{
	struct item expected = item_of(number);

	CHECK_INT(item->number, ==, number);
	CHECK(memcmp(item, &expected, sizeof(expected)) == 0);
}

struct game {
	struct nw_lane_writer writer;
	char away[NW_CACHE_PAIR];
	struct nw_lane_reader reader;
	uint64_t n_items;
	bool sleeps;
	int items_fd, room_fd; /* bells */
};

/* Puts some items one by one, or pushes a burst. */
static uint32_t send_some(struct game *game, uint64_t number, uint32_t wanted, bool by_put)
{
	struct item items[BURST_MAX];
	uint32_t n = 0;

	for (uint32_t i = 0; i < wanted; i++)
		items[i] = item_of(number + i);
	if (!by_put)
		return nw_lane_push(&game->writer, items, wanted);
	while (n < wanted && nw_lane_put(&game->writer, &items[n]))
		n++;
	nw_lane_show(&game->writer);
	return n;
}

static void *write_all(void *arg)
{
	struct game *game = arg;
	struct nwi_prng prng;
	uint64_t number = 0;

	nwi_prng_init(&prng, nw_test_seed() + 1);
	while (number < game->n_items) {
		uint32_t wanted = 1 + nwi_prng_below(&prng, BURST_MAX), n;

		if (wanted > game->n_items - number)
			wanted = (uint32_t)(game->n_items - number);
		n = send_some(game, number, wanted, nwi_prng_below(&prng, 2) == 0);
		number += n;
		if (n > 0 && nw_lane_reader_sleeps(&game->writer))
			nw_bell_ring(game->items_fd);
		if (n > 0)
			continue;
		if (!game->sleeps)
			sched_yield();
		else if (nw_lane_writer_rest(&game->writer, 1))
			CHECK(nw_bell_wait(game->room_fd, UINT64_MAX));
	}
	return NULL;
}

static void read_all(struct game *game)
{
	struct item items[BURST_MAX];
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (uint64_t number = 0; number < game->n_items;) {
		uint32_t n = nw_lane_pop(&game->reader, items,
					 1 + nwi_prng_below(&prng, BURST_MAX));

		for (uint32_t i = 0; i < n; i++)
			check_item(&items[i], number++);
		if (n > 0 && nw_lane_writer_sleeps(&game->reader))
			nw_bell_ring(game->room_fd);
		if (n > 0)
			continue;
		if (!game->sleeps)
			sched_yield();
		else if (nw_lane_reader_rest(&game->reader))
			CHECK(nw_bell_wait(game->items_fd, UINT64_MAX));
	}
}

static void open_ends(struct game *game, void *memory, size_t n_bytes, uint32_t slots)
{
	CHECK_INT(nw_lane_format(memory, n_bytes, slots), ==, 0);
	CHECK_INT(nw_lane_writer_open(&game->writer, memory, n_bytes, slots), ==, 0);
	CHECK_INT(nw_lane_reader_open(&game->reader, memory, n_bytes, slots), ==, 0);
}

static void run_game(uint32_t slots, bool sleeps)
{
	struct game game = { .n_items = N_ITEMS * (uint64_t)nw_test_scale(), .sleeps = sleeps };
	size_t n_bytes = nw_lane_bytes(slots);
	void *memory = aligned_alloc(NW_CACHE_PAIR, n_bytes);
	pthread_t thread;

	open_ends(&game, memory, n_bytes, slots);
	game.items_fd = nw_bell_open();
	game.room_fd = nw_bell_open();
	CHECK_INT(pthread_create(&thread, NULL, write_all, &game), ==, 0);
	read_all(&game);
	CHECK_INT(pthread_join(thread, NULL), ==, 0);
	CHECK_INT(nw_lane_look(&game.reader), ==, 0);
	CHECK(!game.reader.is_broken && !game.writer.is_broken);
	nw_bell_close(game.items_fd);
	nw_bell_close(game.room_fd);
	free(memory);
}

TEST(items_come_whole_and_in_order)
{
	run_game(2, false);
}

TEST(no_side_sleeps_through_what_it_waits_for)
{
	run_game(4, true);
}

/* ---- killed writers ---- */

/* Writes until it is killed. */
static void write_for_ever(struct game *game)
{
	struct nwi_prng prng;

	nwi_prng_init(&prng, (uint64_t)getpid());
	for (uint64_t number = 0, n;; number += n) {
		n = send_some(game, number, 1 + nwi_prng_below(&prng, BURST_MAX),
			      nwi_prng_below(&prng, 2) == 0);
		if (n == 0)
			sched_yield();
	}
}

/* Reads `wanted` items, kills the writer, reads what is left. */
static void read_and_kill(struct game *game, pid_t child, uint64_t wanted)
{
	struct item items[BURST_MAX];
	uint64_t number = 0;
	bool is_dead = false;
	int status;

	for (;;) {
		uint32_t n = nw_lane_pop(&game->reader, items, BURST_MAX);

		for (uint32_t i = 0; i < n; i++)
			check_item(&items[i], number++);
		if (n == 0 && is_dead)
			break;
		if (number >= wanted && !is_dead) {
			CHECK_INT(kill(child, SIGKILL), ==, 0);
			CHECK_INT(waitpid(child, &status, 0), ==, child);
			is_dead = true;
		} else if (n == 0) {
			sched_yield();
		}
	}
	CHECK(!game->reader.is_broken);
}

TEST(a_writer_killed_at_any_instruction_leaves_whole_items)
{
	enum { SLOTS = 8 };
	size_t n_bytes = nw_lane_bytes(SLOTS);
	struct game game = { .n_items = 0 };
	struct nwi_prng prng;
	struct nw_shm shm;

	nwi_prng_init(&prng, nw_test_seed());
	CHECK_INT(nw_shm_create(&shm, "nw-test", (nw_node){ -1 }, n_bytes, 0), ==, 0);
	for (int round = 0; round < KILLS * nw_test_scale(); round++) {
		pid_t child;

		open_ends(&game, shm.mem.base, n_bytes, SLOTS);
		child = fork();
		CHECK(child >= 0);
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL); /* should this test be ended */
			write_for_ever(&game);
		}
		read_and_kill(&game, child, nwi_prng_below(&prng, 2000));
	}
	nw_shm_close(&shm);
}

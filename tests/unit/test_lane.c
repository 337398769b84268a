/* SPDX-License-Identifier: MIT */
/* Lanes on one thread: sizes, edges, order, sleep, and what a hostile side can write. */
#include "nw_test.h"

#include "base/prng.h"

#include <errno.h>
#include <nw/lane.h>

struct item {
	uint64_t number, rest[7];
};

struct lane {
	void *memory;
	size_t n_bytes;
	struct nw_lane_writer writer;
	struct nw_lane_reader reader;
};

static struct lane new_lane(uint32_t slots)
{
	struct lane lane = { .n_bytes = nw_lane_bytes(slots) };

	lane.memory = aligned_alloc(NW_CACHE_PAIR, lane.n_bytes);
	CHECK(lane.memory);
	memset(lane.memory, 0x5a, lane.n_bytes);
	CHECK_INT(nw_lane_format(lane.memory, lane.n_bytes, slots), ==, 0);
	CHECK_INT(nw_lane_writer_open(&lane.writer, lane.memory, lane.n_bytes, slots), ==, 0);
	CHECK_INT(nw_lane_reader_open(&lane.reader, lane.memory, lane.n_bytes, slots), ==, 0);
	return lane;
}

static struct item item_of(uint64_t number)
{
	struct item item = { .number = number };

	for (int i = 0; i < 7; i++)
		item.rest[i] = nwi_mix64(number + (uint64_t)i);
	return item;
}

static void check_item(const struct item *item, uint64_t number)
{
	struct item expected = item_of(number);

	CHECK_INT(item->number, ==, number);
	CHECK(memcmp(item, &expected, sizeof(expected)) == 0);
}

TEST(sizes_that_are_not_allowed_are_refused)
{
	static const uint32_t bad[] = { 0, 1, 3, 6, (1u << 24) + 1, 1u << 25, UINT32_MAX };
	struct nw_lane_writer writer;
	struct nw_lane_reader reader;
	struct lane lane = new_lane(4);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(nw_lane_bytes(bad[i]), ==, 0);
		CHECK_INT(nw_lane_format(lane.memory, lane.n_bytes, bad[i]), ==, -EINVAL);
		CHECK_INT(nw_lane_writer_open(&writer, lane.memory, lane.n_bytes, bad[i]), ==,
			  -EINVAL);
		CHECK_INT(nw_lane_reader_open(&reader, lane.memory, lane.n_bytes, bad[i]), ==,
			  -EINVAL);
	}
	CHECK_INT(nw_lane_format((char *)lane.memory + 64, lane.n_bytes, 2), ==, -EINVAL);
	CHECK_INT(nw_lane_format(lane.memory, lane.n_bytes - 1, 4), ==, -ENOSPC);
	CHECK_INT(nw_lane_writer_open(&writer, lane.memory, lane.n_bytes - 1, 4), ==, -ENOSPC);
	free(lane.memory);
}

TEST(a_block_that_is_no_such_lane_is_refused)
{
	struct lane lane = new_lane(4);
	struct nw_lane *block = lane.memory;
	struct nw_lane_reader reader;
	struct nw_lane_writer writer;

	CHECK_INT(nw_lane_reader_open(&reader, lane.memory, lane.n_bytes, 2), ==, -EPROTO);
	CHECK_INT(nw_lane_writer_open(&writer, lane.memory, lane.n_bytes, 2), ==, -EPROTO);
	block->version++;
	CHECK_INT(nw_lane_reader_open(&reader, lane.memory, lane.n_bytes, 4), ==, -EPROTO);
	block->version--;
	block->item_bytes = 32;
	CHECK_INT(nw_lane_writer_open(&writer, lane.memory, lane.n_bytes, 4), ==, -EPROTO);
	memset(lane.memory, 0, lane.n_bytes);
	CHECK_INT(nw_lane_reader_open(&reader, lane.memory, lane.n_bytes, 4), ==, -EPROTO);
	free(lane.memory);
}

/* Fills an empty lane to the last slot, and empties it. */
static void fill_and_empty(struct lane *lane, uint32_t slots, uint64_t first)
{
	struct item item = item_of(first), out;

	CHECK_INT(nw_lane_pop(&lane->reader, &out, 1), ==, 0);
	for (uint32_t i = 0; i < slots; i++) {
		CHECK_INT(nw_lane_count(lane->memory, slots), ==, i);
		item = item_of(first + i);
		CHECK_INT(nw_lane_push(&lane->writer, &item, 1), ==, 1);
	}
	CHECK_INT(nw_lane_push(&lane->writer, &item, 1), ==, 0);
	CHECK(!nw_lane_put(&lane->writer, &item));
	CHECK_INT(nw_lane_room(&lane->writer, 1), ==, 0);
	for (uint32_t i = 0; i < slots; i++) {
		CHECK_INT(nw_lane_pop(&lane->reader, &out, 1), ==, 1);
		check_item(&out, first + i);
	}
}

TEST(fills_to_the_last_slot_then_refuses)
{
	for (uint32_t slots = 2; slots <= 64; slots *= 2) {
		struct lane lane = new_lane(slots);

		for (uint64_t lap = 0; lap < 3; lap++)
			fill_and_empty(&lane, slots, lap * slots);
		CHECK_INT(nw_lane_position(&lane.writer), ==, 3 * slots);
		free(lane.memory);
	}
}

TEST(what_is_put_is_not_there_until_it_is_shown)
{
	struct lane lane = new_lane(4);
	struct item item = item_of(0), out;

	CHECK(nw_lane_put(&lane.writer, &item));
	item = item_of(1);
	CHECK(nw_lane_put(&lane.writer, &item));
	CHECK_INT(nw_lane_look(&lane.reader), ==, 0);
	CHECK_INT(nw_lane_pop(&lane.reader, &out, 1), ==, 0);
	nw_lane_show(&lane.writer);
	nw_lane_show(&lane.writer);
	CHECK_INT(nw_lane_seen(&lane.reader), ==, 0); /* nobody has looked */
	CHECK_INT(nw_lane_look(&lane.reader), ==, 2);
	check_item(nw_lane_at(&lane.reader, 1), 1);
	nw_lane_drop(&lane.reader, 1);
	CHECK_INT(nw_lane_seen(&lane.reader), ==, 1);
	check_item(nw_lane_at(&lane.reader, 0), 1);
	nw_lane_drop(&lane.reader, 0);
	CHECK_INT(nw_lane_seen(&lane.reader), ==, 1);
	free(lane.memory);
}

TEST(the_writer_learns_what_was_read)
{
	struct lane lane = new_lane(4);
	struct item item = item_of(0), out[2];
	uint64_t position;

	CHECK(nw_lane_is_read(&lane.writer, 0));
	CHECK_INT(nw_lane_push(&lane.writer, &item, 1), ==, 1);
	CHECK_INT(nw_lane_push(&lane.writer, &item, 1), ==, 1);
	position = nw_lane_position(&lane.writer);
	CHECK(!nw_lane_is_read(&lane.writer, position));
	CHECK_INT(nw_lane_pop(&lane.reader, out, 1), ==, 1);
	CHECK(nw_lane_is_read(&lane.writer, position - 1));
	CHECK(!nw_lane_is_read(&lane.writer, position));
	CHECK_INT(nw_lane_pop(&lane.reader, out, 2), ==, 1);
	CHECK(nw_lane_is_read(&lane.writer, position));
	free(lane.memory);
}

TEST(bursts_of_any_length_keep_the_order_over_the_end)
{
	enum { SLOTS = 8, ROUNDS = 20000 };
	struct lane lane = new_lane(SLOTS);
	struct nwi_prng prng;
	struct item items[SLOTS + 2];
	uint64_t in = 0, out = 0;

	nwi_prng_init(&prng, nw_test_seed());
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t n = nwi_prng_below(&prng, SLOTS + 3), got;

		for (uint32_t i = 0; i < n; i++)
			items[i] = item_of(in + i);
		got = nw_lane_push(&lane.writer, items, n);
		CHECK_INT(got, ==, n < SLOTS - (in - out) ? n : SLOTS - (in - out));
		in += got;
		n = nwi_prng_below(&prng, SLOTS + 3);
		got = nw_lane_pop(&lane.reader, items, n);
		CHECK_INT(got, ==, n < in - out ? n : in - out);
		for (uint32_t i = 0; i < got; i++)
			check_item(&items[i], out++);
	}
	CHECK(out > ROUNDS);
	free(lane.memory);
}

TEST(who_sleeps_is_told_once)
{
	struct lane lane = new_lane(2);
	struct item item = item_of(0), out[2];

	CHECK(!nw_lane_reader_sleeps(&lane.writer));
	CHECK(nw_lane_reader_rest(&lane.reader));
	CHECK_INT(nw_lane_push(&lane.writer, &item, 1), ==, 1);
	CHECK(nw_lane_reader_sleeps(&lane.writer));
	CHECK(!nw_lane_reader_sleeps(&lane.writer));
	CHECK(!nw_lane_reader_rest(&lane.reader)); /* something is there */
	CHECK(!nw_lane_reader_sleeps(&lane.writer));

	CHECK(!nw_lane_writer_rest(&lane.writer, 1)); /* there is room */
	CHECK(!nw_lane_writer_sleeps(&lane.reader));
	CHECK_INT(nw_lane_push(&lane.writer, &item, 1), ==, 1);
	CHECK(nw_lane_writer_rest(&lane.writer, 1));
	CHECK_INT(nw_lane_pop(&lane.reader, out, 1), ==, 1);
	CHECK(nw_lane_writer_sleeps(&lane.reader));
	CHECK(!nw_lane_writer_sleeps(&lane.reader));
	free(lane.memory);
}

/* ---- a hostile side ---- */

TEST(a_head_that_cannot_be_breaks_the_lane_and_nothing_else)
{
	static const int64_t moves[] = { -1, 5, 1000, INT64_MAX, INT64_MIN };

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		struct lane lane = new_lane(4);
		struct nw_lane *block = lane.memory;
		struct item item = item_of(0), out[4];

		CHECK_INT(nw_lane_push(&lane.writer, &item, 1), ==, 1);
		CHECK_INT(nw_lane_look(&lane.reader), ==, 1);
		atomic_store(&block->head, 1 + (uint64_t)moves[i]);
		CHECK_INT(nw_lane_look(&lane.reader), ==, 1); /* what was seen before */
		CHECK(lane.reader.is_broken);
		CHECK_INT(nw_lane_pop(&lane.reader, out, 4), ==, 1);
		check_item(&out[0], 0);
		atomic_store(&block->head, 2); /* too late */
		CHECK_INT(nw_lane_pop(&lane.reader, out, 4), ==, 0);
		CHECK(!nw_lane_reader_rest(&lane.reader));
		free(lane.memory);
	}
}

TEST(a_tail_that_cannot_be_breaks_the_lane_and_nothing_else)
{
	static const uint64_t tails[] = { 0, 6, 1000, INT64_MAX, UINT64_MAX };

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct lane lane = new_lane(4);
		struct nw_lane *block = lane.memory;
		struct item items[4] = { 0 }, out;

		CHECK_INT(nw_lane_push(&lane.writer, items, 3), ==, 3);
		CHECK_INT(nw_lane_pop(&lane.reader, &out, 1), ==, 1);
		CHECK(nw_lane_is_read(&lane.writer, 1));
		CHECK_INT(nw_lane_push(&lane.writer, items, 2), ==, 2); /* 1..4 are inside */
		atomic_store(&block->tail, tails[i]);
		CHECK(!nw_lane_is_read(&lane.writer, 5));
		CHECK(lane.writer.is_broken);
		CHECK_INT(nw_lane_room(&lane.writer, 1), ==, 0);
		CHECK_INT(nw_lane_push(&lane.writer, items, 1), ==, 0);
		CHECK(!nw_lane_put(&lane.writer, items));
		atomic_store(&block->tail, 5); /* too late */
		CHECK_INT(nw_lane_push(&lane.writer, items, 1), ==, 0);
		CHECK(!nw_lane_is_read(&lane.writer, 1));
		CHECK(!nw_lane_writer_rest(&lane.writer, 1));
		free(lane.memory);
	}
}

/* Whatever stands in the block, no call reads or writes outside it (the sanitizers look) and each
 * ends. */
TEST(random_bytes_in_the_block_do_no_harm)
{
	enum { SLOTS = 8, ROUNDS = 20000 };
	struct nwi_prng prng;
	uint64_t broken = 0;

	nwi_prng_init(&prng, nw_test_seed());
	for (int round = 0; round < ROUNDS; round++) {
		struct lane lane = new_lane(SLOTS);
		struct nw_lane *block = lane.memory;
		struct item items[SLOTS] = { 0 };

		for (int step = 0; step < 8; step++) {
			uint64_t at = nwi_prng_below(&prng, 3) * 10 + nwi_prng_below(&prng, 12);

			if (nwi_prng_below(&prng, 2) == 0)
				atomic_store(&block->head, at);
			else
				atomic_store(&block->tail, at);
			CHECK_INT(nw_lane_push(&lane.writer, items, SLOTS), <=, SLOTS);
			CHECK_INT(nw_lane_pop(&lane.reader, items, SLOTS), <=, SLOTS);
			CHECK_INT(nw_lane_count(block, SLOTS), <=, SLOTS);
		}
		broken += lane.reader.is_broken || lane.writer.is_broken;
		free(lane.memory);
	}
	CHECK_INT(broken, >, ROUNDS / 4);
}

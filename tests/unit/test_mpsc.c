/* SPDX-License-Identifier: MIT */
/* The many-to-one ring on one thread: sizes, edges, bursts of any length over the end, records. */
#include "nw_test.h"

#include <errno.h>
#include <nw/mpsc.h>
#include <stdalign.h>

static struct nw_mpsc *new_mpsc(uint32_t slot_count, uint32_t item_bytes)
{
	struct nw_mpsc *mpsc;

	CHECK_INT(nw_mpsc_create(&mpsc, slot_count, item_bytes, NW_NODE_ANY), ==, 0);
	return mpsc;
}

TEST(create_rejects_bad_sizes)
{
	static const uint32_t bad[][2] = {
		{ 0, 8 },        { 1, 8 }, { 3, 8 }, { 6, 8 },  { (1u << 30) + 1, 8 },
		{ 1u << 31, 8 }, { 4, 0 }, { 4, 4 }, { 4, 12 }, { 4, 4104 }
	};
	struct nw_mpsc *mpsc = (void *)&bad; /* any value: must stay as it is */

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(nw_mpsc_create(&mpsc, bad[i][0], bad[i][1], NW_NODE_ANY), ==, -EINVAL);
		CHECK_INT(nw_mpsc_bytes(bad[i][0], bad[i][1]), ==, 0);
		CHECK(mpsc == (void *)&bad);
	}
}

TEST(fills_to_the_last_slot_then_refuses)
{
	for (uint32_t slots = 2; slots <= 64; slots *= 2) {
		struct nw_mpsc *mpsc = new_mpsc(slots, 8);
		uint64_t got = 77;

		CHECK_INT(nw_mpsc_slot_count(mpsc), ==, slots);
		for (int lap = 0; lap < 3; lap++) {
			CHECK(!nw_mpsc_pop(mpsc, &got));
			CHECK_INT(got, ==, lap == 0 ? 77 : slots - 1);
			for (uint64_t i = 0; i < slots; i++) {
				CHECK_INT(nw_mpsc_count(mpsc), ==, i);
				CHECK(nw_mpsc_push(mpsc, &i));
			}
			CHECK(!nw_mpsc_push(mpsc, &got));
			CHECK_INT(nw_mpsc_count(mpsc), ==, slots);
			for (uint64_t i = 0; i < slots; i++) {
				CHECK(nw_mpsc_pop(mpsc, &got));
				CHECK_INT(got, ==, i);
			}
		}
		nw_mpsc_destroy(mpsc);
	}
}

TEST(a_burst_takes_what_fits_and_says_how_many)
{
	struct nw_mpsc *mpsc = new_mpsc(4, 8);
	uint64_t in[6] = { 1, 2, 3, 4, 5, 6 }, out[6] = { 0 };

	CHECK_INT(nw_mpsc_push_burst(mpsc, in, 0), ==, 0);
	CHECK_INT(nw_mpsc_pop_burst(mpsc, out, 6), ==, 0);
	CHECK_INT(nw_mpsc_push_burst(mpsc, in, 6), ==, 4);
	CHECK_INT(nw_mpsc_push_burst(mpsc, in, UINT32_MAX), ==, 0);
	CHECK_INT(nw_mpsc_pop_burst(mpsc, out, 0), ==, 0);
	CHECK_INT(nw_mpsc_pop_burst(mpsc, out, 3), ==, 3);
	CHECK(out[0] == 1 && out[2] == 3 && out[3] == 0);
	CHECK_INT(nw_mpsc_push_burst(mpsc, in + 4, 2), ==, 2);
	CHECK_INT(nw_mpsc_pop_burst(mpsc, out, 6), ==, 3);
	CHECK(out[0] == 4 && out[1] == 5 && out[2] == 6);
	CHECK_INT(nw_mpsc_count(mpsc), ==, 0);
	nw_mpsc_destroy(mpsc);
}

/* Bursts of every length from every position, popped in bursts of other lengths, with records of
 * three words. A mark of an earlier lap lies at almost every slot: none may pass for a new one. */
TEST(bursts_keep_the_order_over_the_end)
{
	enum { SLOTS = 8, WORDS = 3 };
	struct nw_mpsc *mpsc = new_mpsc(SLOTS, WORDS * 8);
	uint64_t pushed = 0, popped = 0, items[SLOTS + 2][WORDS];

	for (uint32_t round = 0; round < 4000; round++) {
		uint32_t room = SLOTS - (uint32_t)(pushed - popped);
		uint32_t wanted = round * 7 % (SLOTS + 3), n;

		for (uint32_t i = 0; i < wanted; i++)
			for (uint32_t k = 0; k < WORDS; k++)
				items[i][k] = (pushed + i) * WORDS + k;
		n = nw_mpsc_push_burst(mpsc, items, wanted);
		CHECK_INT(n, ==, wanted < room ? wanted : room);
		pushed += n;
		n = nw_mpsc_pop_burst(mpsc, items, round * 5 % (SLOTS + 3));
		for (uint32_t i = 0; i < n; i++)
			for (uint32_t k = 0; k < WORDS; k++)
				CHECK_INT(items[i][k], ==, (popped + i) * WORDS + k);
		popped += n;
		CHECK_INT(nw_mpsc_count(mpsc), ==, pushed - popped);
	}
	CHECK_INT(popped, >, 1000);
	nw_mpsc_destroy(mpsc);
}

/* Always two at a time in two slots: slot 1 never begins a burst, and its mark stays what it was.
 */
TEST(a_slot_that_never_begins_a_burst_is_never_taken_for_one)
{
	struct nw_mpsc *mpsc = new_mpsc(2, 8);
	uint64_t in[2] = { 1, 2 }, out[2];

	for (int i = 0; i < 100; i++) {
		CHECK_INT(nw_mpsc_push_burst(mpsc, in, 2), ==, 2);
		CHECK(nw_mpsc_pop(mpsc, out));
		CHECK(nw_mpsc_pop(mpsc, out + 1));
		CHECK(out[0] == 1 && out[1] == 2);
		CHECK(!nw_mpsc_pop(mpsc, out));
	}
	nw_mpsc_destroy(mpsc);
}

TEST(lives_in_the_callers_memory)
{
	alignas(NW_CACHE_PAIR) static unsigned char room[4096];
	struct nw_mpsc *mpsc = NULL;
	size_t n_bytes = nw_mpsc_bytes(16, 16);
	uint64_t item[2];

	CHECK_INT(n_bytes, <=, sizeof(room));
	CHECK_INT(n_bytes % NW_CACHE_PAIR, ==, 0);
	memset(room, 0xa5, sizeof(room));
	CHECK_INT(nw_mpsc_init(&mpsc, room, n_bytes - 1, 16, 16), ==, -ENOSPC);
	CHECK_INT(nw_mpsc_init(&mpsc, room + 8, n_bytes, 16, 16), ==, -EINVAL);
	CHECK_INT(nw_mpsc_init(&mpsc, room, n_bytes, 15, 16), ==, -EINVAL);
	CHECK_INT(nw_mpsc_init(&mpsc, room, n_bytes, 16, 15), ==, -EINVAL);
	CHECK(!mpsc);
	CHECK_INT(nw_mpsc_init(&mpsc, room, n_bytes, 16, 16), ==, 0);
	CHECK(nw_mpsc_memory(mpsc) == NULL);
	for (uint64_t i = 0; i < 16; i++)
		CHECK(nw_mpsc_push(mpsc, (uint64_t[2]){ i, ~i }));
	CHECK(!nw_mpsc_push(mpsc, item));
	for (uint64_t i = 0; i < 16; i++)
		CHECK(nw_mpsc_pop(mpsc, item) && item[0] == i && item[1] == ~i);
	nw_mpsc_fini(mpsc);
	for (size_t i = n_bytes; i < sizeof(room); i++)
		CHECK_INT(room[i], ==, 0xa5);
}

TEST(says_where_its_memory_is)
{
	struct nw_mpsc *mpsc;

	CHECK_INT(nw_mpsc_create(&mpsc, 4, 8, (nw_node){ 0 }), ==, 0);
	CHECK(nw_mpsc_memory(mpsc)->base == mpsc);
	CHECK_INT(nw_mpsc_memory(mpsc)->node.id, ==, 0);
	CHECK(nw_mpsc_memory(mpsc)->level == NW_MEM_BOUND || nw_mpsc_memory(mpsc)->reason != 0);
	nw_mpsc_destroy(mpsc);
	nw_mpsc_destroy(NULL);
	nw_mpsc_fini(NULL);
	CHECK_INT(nw_mpsc_create(&mpsc, 4, 8, (nw_node){ NW_NODE_ID_MAX }), <, 0);
}

/* ---- in place ---- */

TEST(slots_are_filled_and_read_in_place)
{
	struct nw_mpsc *mpsc = new_mpsc(4, 64);
	struct nw_mpsc_claim claim;
	void *items = &claim;
	uint64_t in = 0, out = 0;

	nw_mpsc_claim(mpsc, 0, &claim);
	CHECK_INT(claim.count, ==, 0);
	nw_mpsc_show(mpsc, &claim);
	CHECK_INT(nw_mpsc_peek(mpsc, 4, &items), ==, 0);
	CHECK(items == &claim);
	for (int round = 0; round < 50; round++) {
		uint32_t n;

		nw_mpsc_claim(mpsc, 3, &claim);
		CHECK_INT(claim.count, ==, 3);
		CHECK_INT(nw_mpsc_claimed(mpsc), ==, in + 3);
		for (uint32_t k = 0; k < claim.count; k++, in++)
			memcpy(claim.items + ((claim.pos + k) & claim.mask) * 64, &in, sizeof(in));
		CHECK_INT(nw_mpsc_peek(mpsc, 4, &items), ==, 0); /* a gap */
		nw_mpsc_show(mpsc, &claim);
		while ((n = nw_mpsc_peek(mpsc, 2, &items)) > 0) {
			CHECK_INT(n, <=, 2);
			for (uint32_t k = 0; k < n; k++, out++) {
				CHECK((uintptr_t)items % 64 == 0);
				CHECK(memcmp((char *)items + k * 64, &out, sizeof(out)) == 0);
			}
			nw_mpsc_drop(mpsc, n - 1);
			nw_mpsc_drop(mpsc, 0);
			nw_mpsc_drop(mpsc, 1);
		}
		CHECK_INT(out, ==, in);
		CHECK_INT(nw_mpsc_removed(mpsc), ==, out);
	}
	nw_mpsc_destroy(mpsc);
}

TEST(a_peek_sees_all_bursts_up_to_a_gap_or_the_end)
{
	struct nw_mpsc *mpsc = new_mpsc(8, 8);
	struct nw_mpsc_claim first, second, more;
	uint64_t item = 0;
	void *items;

	for (int i = 0; i < 3; i++)
		CHECK(nw_mpsc_push(mpsc, &item));
	nw_mpsc_claim(mpsc, 2, &first);
	nw_mpsc_claim(mpsc, 2, &second);
	memset(first.items + (first.pos & first.mask) * 8, 0, 16);
	memset(second.items + (second.pos & second.mask) * 8, 0, 16);
	nw_mpsc_show(mpsc, &second);
	CHECK_INT(nw_mpsc_peek(mpsc, 8, &items), ==, 3);
	CHECK_INT(nw_mpsc_peek(mpsc, 2, &items), ==, 2);
	nw_mpsc_show(mpsc, &first);
	CHECK_INT(nw_mpsc_peek(mpsc, 8, &items), ==, 7);
	nw_mpsc_drop(mpsc, 2);
	CHECK_INT(nw_mpsc_push_burst(mpsc, &(uint64_t[3]){ 7, 8, 9 }, 3), ==, 3);
	CHECK_INT(nw_mpsc_peek(mpsc, 8, &items), ==, 6); /* to the end of the array */
	nw_mpsc_drop(mpsc, 6);
	CHECK_INT(nw_mpsc_peek(mpsc, 8, &items), ==, 2);
	CHECK(((uint64_t *)items)[1] == 9);
	nw_mpsc_claim(mpsc, 99, &more);
	CHECK_INT(more.count, ==, 6);
	nw_mpsc_claim(mpsc, 1, &first);
	CHECK_INT(first.count, ==, 0);
	nw_mpsc_destroy(mpsc);
}

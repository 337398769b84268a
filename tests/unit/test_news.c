/* SPDX-License-Identifier: MIT */
/* A bus of news on one thread: counts, order, what is lost, whose turn it is. */
#include "nw_test.h"

#include <errno.h>
#include <nw/news.h>

struct event {
	uint64_t wall_ns;
	uint8_t engine, kind;
	uint16_t producer;
	uint32_t number;
	uint64_t rest[6];
};

static struct event event_of(uint16_t producer, uint32_t number)
{
	return (struct event){ .wall_ns = nw_news_now_ns(),
			       .engine = NW_NEWS_USER,
			       .kind = 7,
			       .producer = producer,
			       .number = number,
			       .rest = { number, ~(uint64_t)number } };
}

static struct nw_news *new_news(uint32_t producers, uint32_t slots)
{
	struct nw_news *news;

	CHECK_INT(nw_news_create(&news, producers, slots), ==, 0);
	CHECK_INT(nw_news_producer_count(news), ==, producers);
	CHECK_INT(nw_news_slot_count(news), ==, slots);
	return news;
}

TEST(counts_that_are_not_allowed_are_refused)
{
	static const uint32_t slots[] = { 0, 1, 3, NW_NEWS_SLOTS_MAX + 1, NW_NEWS_SLOTS_MAX * 2 };
	struct nw_news *news = NULL;

	CHECK_INT(nw_news_create(&news, 0, 4), ==, -EINVAL);
	CHECK_INT(nw_news_create(&news, NW_NEWS_PRODUCERS_MAX + 1, 4), ==, -EINVAL);
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		CHECK_INT(nw_news_create(&news, 1, slots[i]), ==, -EINVAL);
	CHECK(!news);
	nw_news_destroy(NULL);
}

TEST(the_most_producers_and_the_least_slots_do)
{
	struct nw_news *news = new_news(NW_NEWS_PRODUCERS_MAX, 2);
	struct event event = event_of(0, 1), taken[2];

	CHECK(nw_news_tell(nw_news_producer(news, NW_NEWS_PRODUCERS_MAX - 1), &event));
	CHECK_INT(nw_news_take(news, taken, 2), ==, 1);
	CHECK(memcmp(&taken[0], &event, sizeof(event)) == 0);
	nw_news_destroy(news);
}

TEST(events_come_out_whole_and_in_their_order)
{
	struct nw_news *news = new_news(1, 64);
	struct nw_news_producer *producer = nw_news_producer(news, 0);
	struct event taken[64];

	for (uint32_t i = 0; i < 64; i++) {
		struct event event = event_of(0, i);

		CHECK(nw_news_tell(producer, &event));
	}
	CHECK_INT(nw_news_take(news, taken, 10), ==, 10);
	CHECK_INT(nw_news_take(news, taken + 10, 64), ==, 54);
	for (uint32_t i = 0; i < 64; i++) {
		CHECK_INT(taken[i].number, ==, i);
		CHECK(taken[i].engine == NW_NEWS_USER && taken[i].kind == 7);
		CHECK(taken[i].rest[1] == ~(uint64_t)i);
		CHECK(i == 0 || taken[i].wall_ns >= taken[i - 1].wall_ns);
	}
	CHECK_INT(nw_news_take(news, taken, 1), ==, 0);
	nw_news_destroy(news);
}

TEST(what_is_told_to_a_full_ring_is_counted_as_lost)
{
	struct nw_news *news = new_news(2, 4);
	struct nw_news_producer *producer = nw_news_producer(news, 1);
	struct event event = event_of(1, 0), taken[8];

	for (int i = 0; i < 4; i++)
		CHECK(nw_news_tell(producer, &event));
	CHECK_INT(nw_news_room(producer, 1), ==, 0);
	CHECK(!nw_news_tell(producer, &event));
	CHECK(!nw_news_tell(producer, &event));
	CHECK(!nw_news_put(producer, &event)); /* kept by the caller: not lost */
	CHECK_INT(nw_news_lost(news), ==, 2);
	CHECK(nw_news_tell(nw_news_producer(news, 0), &event)); /* another's ring has room */
	CHECK_INT(nw_news_take(news, taken, 8), ==, 5);
	CHECK(nw_news_tell(producer, &event));
	CHECK_INT(nw_news_lost(news), ==, 2);
	nw_news_destroy(news);
}

TEST(what_is_put_is_seen_when_it_is_shown)
{
	struct nw_news *news = new_news(1, 8);
	struct nw_news_producer *producer = nw_news_producer(news, 0);
	struct event event = event_of(0, 3), taken[8];

	CHECK_INT(nw_news_room(producer, 8), ==, 8);
	CHECK(nw_news_put(producer, &event));
	CHECK(nw_news_put(producer, &event));
	CHECK_INT(nw_news_room(producer, 8), ==, 6);
	CHECK_INT(nw_news_take(news, taken, 8), ==, 0);
	nw_news_show(producer);
	CHECK_INT(nw_news_take(news, taken, 8), ==, 2);
	nw_news_destroy(news);
}

TEST(a_loud_producer_does_not_hide_the_others)
{
	struct nw_news *news = new_news(3, 64);
	struct event event = event_of(0, 0), taken[4];
	bool seen[3] = { false };

	for (int i = 0; i < 64; i++)
		CHECK(nw_news_tell(nw_news_producer(news, 0), &event));
	for (uint16_t i = 1; i < 3; i++) {
		event = event_of(i, 0);
		CHECK(nw_news_tell(nw_news_producer(news, i), &event));
	}
	/* Four at a time: after three calls each has had its turn. */
	for (int i = 0; i < 3; i++)
		for (uint32_t n = nw_news_take(news, taken, 4); n > 0; n--)
			seen[taken[n - 1].producer] = true;
	CHECK(seen[0] && seen[1] && seen[2]);
	nw_news_destroy(news);
}

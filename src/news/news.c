/* SPDX-License-Identifier: MIT */
/*
 * A bus: a lane a producer, read in turns.
 *
 * Invariant: what a producer writes, its lane's head and its count of losses, lies on lines of its
 * own; the reader's knowledge of all lanes is the reader's alone. A lane's slots are not touched
 * here, so that their pages come to the node of the thread that fills them.
 */
#include <nw/news.h>

#include "base/bits.h"

#include <assert.h>
#include <errno.h>
#include <nw/arena.h>
#include <nw/lane.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

static_assert(sizeof(struct nw_news_event) == NW_NEWS_EVENT_BYTES &&
		      NW_NEWS_EVENT_BYTES == NW_LANE_ITEM_BYTES,
	      "an event is an item of a lane");
/* NOLINTNEXTLINE(misc-redundant-expression): two names of one number */
static_assert(NW_NEWS_SLOTS_MAX == NW_LANE_SLOT_COUNT_MAX, "a lane holds them");

struct nw_news_producer {
	/* The producer's. */
	alignas(NW_CACHE_PAIR) struct nw_lane_writer writer;
	_Atomic uint64_t lost;

	/* The reader's. */
	alignas(NW_CACHE_PAIR) struct nw_lane_reader reader;
};

struct nw_news {
	struct nw_arena *arena; /* this, too, lies there */
	struct nw_news_producer *producers;
	uint32_t producer_count, slot_count;
	uint32_t next; /* the reader's: whose turn it is */
};

/* --- Making --- */

static int open_lane(struct nw_news *news, struct nw_news_producer *producer, uint32_t slot_count)
{
	size_t n_bytes = nw_lane_bytes(slot_count);
	void *memory = nw_arena_alloc(news->arena, n_bytes, NW_CACHE_PAIR);
	int rc;

	if (!memory)
		return -ENOMEM;
	rc = nw_lane_format(memory, n_bytes, slot_count);
	if (rc == 0)
		rc = nw_lane_writer_open(&producer->writer, memory, n_bytes, slot_count);
	if (rc == 0)
		rc = nw_lane_reader_open(&producer->reader, memory, n_bytes, slot_count);
	return rc;
}

static int make(struct nw_news *news, uint32_t producer_count, uint32_t slot_count)
{
	int rc = 0;

	news->producer_count = producer_count;
	news->slot_count = slot_count;
	news->producers = nw_arena_alloc(news->arena, producer_count * sizeof(*news->producers),
					 NW_CACHE_PAIR);
	if (!news->producers)
		return -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < producer_count; i++)
		rc = open_lane(news, &news->producers[i], slot_count);
	return rc;
}

int nw_news_create(struct nw_news **ret_news, uint32_t producer_count, uint32_t slot_count)
{
	size_t lane_bytes = nw_lane_bytes(slot_count);
	struct nw_arena *arena;
	struct nw_news *news;
	int rc;

	if (producer_count == 0 || producer_count > NW_NEWS_PRODUCERS_MAX || lane_bytes == 0)
		return -EINVAL;
	rc = nw_arena_create(&arena, NW_NODE_ANY,
			     nwi_round_up(sizeof(*news), NW_CACHE_PAIR) +
				     producer_count *
					     (sizeof(struct nw_news_producer) + lane_bytes),
			     0);
	if (rc < 0)
		return rc;
	news = nw_arena_alloc(arena, sizeof(*news), NW_CACHE_PAIR);
	if (!news) {
		nw_arena_destroy(arena);
		return -ENOMEM;
	}
	news->arena = arena;
	rc = make(news, producer_count, slot_count);
	if (rc < 0)
		nw_news_destroy(news);
	else
		*ret_news = news;
	return rc;
}

void nw_news_destroy(struct nw_news *news)
{
	if (news)
		nw_arena_destroy(news->arena);
}

uint32_t nw_news_producer_count(const struct nw_news *news)
{
	return news->producer_count;
}

uint32_t nw_news_slot_count(const struct nw_news *news)
{
	return news->slot_count;
}

struct nw_news_producer *nw_news_producer(struct nw_news *news, uint32_t producer_idx)
{
	assert(producer_idx < news->producer_count);
	return &news->producers[producer_idx];
}

/* --- Telling --- */

bool nw_news_put(struct nw_news_producer *producer, const void *event)
{
	return nw_lane_put(&producer->writer, event);
}

void nw_news_show(struct nw_news_producer *producer)
{
	nw_lane_show(&producer->writer);
}

bool nw_news_tell(struct nw_news_producer *producer, const void *event)
{
	bool is_told = nw_lane_put(&producer->writer, event);

	if (!is_told)
		/* relaxed: sole writer of a statistic, both. */
		atomic_store_explicit(&producer->lost,
				      atomic_load_explicit(&producer->lost, memory_order_relaxed) +
					      1,
				      memory_order_relaxed);
	nw_lane_show(&producer->writer);
	return is_told;
}

uint32_t nw_news_room(struct nw_news_producer *producer, uint32_t enough)
{
	return nw_lane_room(&producer->writer, enough);
}

/* --- Taking --- */

uint32_t nw_news_take(struct nw_news *news, void *ret_events, uint32_t count)
{
	unsigned char *to = ret_events;
	uint32_t taken = 0;

	for (uint32_t i = 0; i < news->producer_count && taken < count; i++) {
		struct nw_news_producer *producer = &news->producers[news->next];

		news->next = news->next + 1 == news->producer_count ? 0 : news->next + 1;
		taken += nw_lane_pop(&producer->reader, to + (size_t)taken * NW_NEWS_EVENT_BYTES,
				     count - taken);
	}
	return taken;
}

uint64_t nw_news_lost(const struct nw_news *news)
{
	uint64_t lost = 0;

	for (uint32_t i = 0; i < news->producer_count; i++)
		/* relaxed: a statistic. */
		lost += atomic_load_explicit(&news->producers[i].lost, memory_order_relaxed);
	return lost;
}

uint64_t nw_news_now_ns(void)
{
	struct timespec now;

	(void)timespec_get(&now, TIME_UTC); /* cannot fail with this base */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

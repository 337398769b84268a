/* SPDX-License-Identifier: MIT */
/*
 * One producer and one consumer on a ring of two slots, so that almost every call meets the
 * full or the empty edge. The items are counters written with plain stores: a missing edge
 * shows as a wrong value here and as a data race under TSan. The consumer hands a cell back
 * by writing to it, so the reverse edge (pop before the slot is reused) is met as well: the
 * producer writes a cell again only after its slot came free.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/ring.h>
#include <pthread.h>
#include <sched.h>

enum { N_ITEMS = 200000, SLOTS = 2, BURST_MAX = 5, N_CELLS = SLOTS + BURST_MAX + 1 };

struct pair {
	struct nw_ring *there; /* filled cells */
	struct nw_ring *back;  /* empty cells: what the consumer has read */
	uint64_t cells[N_CELLS];
	uint64_t n_items;
};

static uint64_t n_items(void)
{
	return N_ITEMS * (uint64_t)nw_test_scale();
}

static void pair_init(struct pair *pair, uint32_t slots)
{
	*pair = (struct pair){ .n_items = n_items() };
	CHECK_INT(nw_ring_create(&pair->there, slots, NW_NODE_ANY), ==, 0);
	/* It holds every cell, so giving one back never fails. */
	CHECK_INT(nw_ring_create(&pair->back, 8, NW_NODE_ANY), ==, 0);
	for (int i = 0; i < N_CELLS; i++)
		CHECK(nw_ring_push(pair->back, &pair->cells[i]));
}

static void pair_fini(struct pair *pair)
{
	nw_ring_destroy(pair->there);
	nw_ring_destroy(pair->back);
}

static void *produce(void *arg)
{
	struct pair *pair = arg;

	for (uint64_t i = 0; i < pair->n_items; i++) {
		void *cell;

		while (!nw_ring_pop(pair->back, &cell))
			sched_yield();
		*(uint64_t *)cell = i;
		while (!nw_ring_push(pair->there, cell))
			sched_yield();
	}
	return NULL;
}

TEST(order_and_visibility)
{
	struct pair pair;
	pthread_t producer;
	void *got;

	pair_init(&pair, SLOTS);
	CHECK_INT(pthread_create(&producer, NULL, produce, &pair), ==, 0);
	for (uint64_t i = 0; i < pair.n_items; i++) {
		while (!nw_ring_pop(pair.there, &got))
			sched_yield();
		CHECK_INT(*(uint64_t *)got, ==, i);
		*(uint64_t *)got = UINT64_MAX;
		CHECK(nw_ring_push(pair.back, got));
	}
	CHECK_INT(pthread_join(producer, NULL), ==, 0);
	CHECK_INT(nw_ring_count(pair.there), ==, 0);
	pair_fini(&pair);
}

static void push_all(struct nw_ring *ring, void **items, uint32_t count)
{
	uint32_t n = 0;

	while (n < count) {
		uint32_t pushed = nw_ring_push_burst(ring, items + n, count - n);

		CHECK_INT(pushed, <=, count - n);
		n += pushed;
		if (pushed == 0)
			sched_yield();
	}
}

static void *produce_bursts(void *arg)
{
	struct pair *pair = arg;
	struct nwi_prng prng;
	void *cells[BURST_MAX];

	nwi_prng_init(&prng, nw_test_seed());
	for (uint64_t i = 0; i < pair->n_items;) {
		uint32_t wanted = 1 + nwi_prng_below(&prng, BURST_MAX);
		uint32_t n = nw_ring_pop_burst(pair->back, cells, wanted);

		if (n > pair->n_items - i)
			n = (uint32_t)(pair->n_items - i);
		for (uint32_t k = 0; k < n; k++)
			*(uint64_t *)cells[k] = i++;
		if (n > 0)
			push_all(pair->there, cells, n);
		else
			sched_yield();
	}
	return NULL;
}

TEST(bursts_keep_order_and_visibility)
{
	struct pair pair;
	struct nwi_prng prng;
	pthread_t producer;
	void *got[BURST_MAX];

	nwi_prng_init(&prng, nw_test_seed() + 1);
	pair_init(&pair, SLOTS);
	CHECK_INT(pthread_create(&producer, NULL, produce_bursts, &pair), ==, 0);
	for (uint64_t i = 0; i < pair.n_items;) {
		uint32_t wanted = 1 + nwi_prng_below(&prng, BURST_MAX);
		uint32_t n = nw_ring_pop_burst(pair.there, got, wanted);

		for (uint32_t k = 0; k < n; k++) {
			CHECK_INT(*(uint64_t *)got[k], ==, i++);
			*(uint64_t *)got[k] = UINT64_MAX;
		}
		if (n > 0)
			push_all(pair.back, got, n);
		else
			sched_yield();
	}
	CHECK_INT(pthread_join(producer, NULL), ==, 0);
	pair_fini(&pair);
}

/*
 * count() from either end bounds what is known there: the consumer's is at least what it
 * has just left inside, the producer's at most what it may have outside.
 */
static void *produce_and_count(void *arg)
{
	struct pair *pair = arg;

	for (uint64_t i = 0; i < pair->n_items; i++) {
		while (!nw_ring_push(pair->there, &pair->cells[0]))
			sched_yield();
		/* There is room for one if the count says so: only we add. */
		if (nw_ring_count(pair->there) < SLOTS && i + 1 < pair->n_items) {
			CHECK(nw_ring_push(pair->there, &pair->cells[0]));
			i++;
		}
	}
	return NULL;
}

TEST(count_is_safe_on_either_side)
{
	struct pair pair;
	pthread_t producer;
	uint64_t popped = 0;
	void *got;

	pair_init(&pair, SLOTS);
	CHECK_INT(pthread_create(&producer, NULL, produce_and_count, &pair), ==, 0);
	while (popped < pair.n_items) {
		uint32_t n = nw_ring_count(pair.there);

		CHECK_INT(n, <=, SLOTS);
		for (uint32_t k = 0; k < n; k++)
			CHECK(nw_ring_pop(pair.there, &got)); /* only we take */
		popped += n;
		if (n == 0)
			sched_yield();
	}
	CHECK_INT(pthread_join(producer, NULL), ==, 0);
	CHECK_INT(nw_ring_count(pair.there), ==, 0);
	pair_fini(&pair);
}

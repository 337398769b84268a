/* SPDX-License-Identifier: MIT */
/*
 * One owner and a storm of thieves on a deque that starts with two slots and is nearly always
 * almost empty, so that owner and thieves meet at the last item and slots are reused at once; and
 * one that keeps growing. An item names a cell that the owner fills before the push and that
 * whoever takes the item reads and marks, all by plain accesses: one that is lost is never marked,
 * one delivered twice is marked twice or a race, and a push that does not publish what was done
 * before is a race as well.
 *
 * What a thief gets comes in the order in which it was pushed. Thieves come and go: each joins the
 * domain anew after some hundred items. They stop when the owner is done and a steal says EMPTY,
 * never for an ABORT; so if one were told for the other, items would be left.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/deque.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#ifdef NW_SMALL
#define WORK(n) ((n) / 10) /* the sanitizers' builds are that much slower */
#else
#define WORK(n) (n)
#endif

enum {
	ITEM_COUNT = WORK(1000000),
	THIEF_COUNT = 3,
	BURST_MAX = 4,
	SERVICE = 300, /* tries of a thief between joining and leaving */
	DEPTH_MAX = 4, /* items that the owner leaves before it pops some: the storm */
};

struct cell {
	uint64_t filled; /* by the owner, with the item's number */
	uint64_t times_taken;
};

struct storm {
	struct nw_hazard *domain;
	struct nw_deque *deque;
	struct cell *cells; /* of each item */
	uint64_t item_count;
	uint32_t depth_max;
	atomic_bool is_over;
	_Atomic uint64_t stolen_count, abort_count, thief_count;
};

static void take(struct storm *storm, void *item)
{
	uint64_t i = (uintptr_t)item;

	CHECK_INT(i, >, 0);
	CHECK_INT(i, <=, storm->item_count);
	CHECK_INT(storm->cells[i - 1].filled, ==, i);
	storm->cells[i - 1].times_taken++;
}

/* One try, in one of two ways; false: the deque was empty. */
static bool rob(struct storm *storm, struct nw_hazard_thread *thread, struct nwi_prng *prng,
		uint64_t *last)
{
	enum nw_deque_steal why;
	void *items[BURST_MAX];
	uint32_t n;

	if (nwi_prng_below(prng, 4) == 0) {
		n = nw_deque_steal_half(storm->deque, thread, items, BURST_MAX, &why);
	} else {
		why = nw_deque_steal(storm->deque, thread, items);
		n = why == NW_DEQUE_STOLEN;
	}
	for (uint32_t i = 0; i < n; i++) {
		CHECK_INT((uintptr_t)items[i], >, *last);
		*last = (uintptr_t)items[i];
		take(storm, items[i]);
	}
	/* Relaxed, so that the books order nothing that the deque should. */
	atomic_fetch_add_explicit(&storm->stolen_count, n, memory_order_relaxed);
	atomic_fetch_add_explicit(&storm->abort_count, why == NW_DEQUE_ABORT, memory_order_relaxed);
	return why != NW_DEQUE_EMPTY;
}

static void *thief(void *arg)
{
	struct storm *storm = arg;
	uint64_t last = 0;
	bool is_over = false;
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed() + 1 + atomic_fetch_add(&storm->thief_count, 1));
	while (!is_over) {
		struct nw_hazard_thread *thread;

		CHECK_INT(nw_hazard_register(&thread, storm->domain), ==, 0);
		for (int i = 0; i < SERVICE && !is_over; i++) {
			/* Read before the steal that may find nothing. */
			bool was_over = atomic_load_explicit(&storm->is_over, memory_order_acquire);

			if (rob(storm, thread, &prng, &last))
				continue;
			is_over = was_over;
			sched_yield();
		}
		nw_hazard_unregister(thread);
	}
	return NULL;
}

static uint64_t pop_some(struct storm *storm, uint32_t count)
{
	uint64_t popped = 0;
	void *item;

	while (count-- > 0 && nw_deque_pop(storm->deque, &item)) {
		take(storm, item);
		popped++;
	}
	return popped;
}

/* Pushes everything, pops now and then; returns how many it popped. */
static uint64_t own(struct storm *storm, struct nw_hazard_thread *thread)
{
	uint64_t popped = 0;
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (uint64_t i = 1; i <= storm->item_count; i++) {
		void *item = (void *)(uintptr_t)i;

		storm->cells[i - 1].filled = i;
		while (!nw_deque_push(storm->deque, thread, item)) {
			popped += pop_some(storm, 1);
			sched_yield();
		}
		if (nwi_prng_below(&prng, storm->depth_max) == 0)
			popped += pop_some(storm, 1 + nwi_prng_below(&prng, storm->depth_max));
		if (nwi_prng_below(&prng, 64) == 0)
			sched_yield(); /* on few CPUs: let the thieves in */
	}
	return popped;
}

static void run(uint32_t slot_count_max, uint32_t depth_max)
{
	struct storm storm = { .item_count = ITEM_COUNT * (uint64_t)nw_test_scale(),
			       .depth_max = depth_max };
	struct nw_hazard_thread *thread;
	pthread_t thieves[THIEF_COUNT];
	uint64_t popped;

	storm.cells = calloc(storm.item_count, sizeof(storm.cells[0]));
	CHECK(storm.cells);
	CHECK_INT(nw_hazard_create(&storm.domain, NW_NODE_ANY,
				   &(struct nw_hazard_options){ .batch_min = 1 }),
		  ==, 0);
	CHECK_INT(nw_hazard_register(&thread, storm.domain), ==, 0);
	CHECK_INT(nw_deque_create(&storm.deque, NW_NODE_ANY, 2, slot_count_max), ==, 0);
	for (int i = 0; i < THIEF_COUNT; i++)
		CHECK_INT(pthread_create(&thieves[i], NULL, thief, &storm), ==, 0);
	popped = own(&storm, thread);
	atomic_store(&storm.is_over, true);
	for (int i = 0; i < THIEF_COUNT; i++)
		CHECK_INT(pthread_join(thieves[i], NULL), ==, 0);
	CHECK_INT(nw_deque_count(storm.deque), ==, 0);
	CHECK_INT(popped + storm.stolen_count, ==, storm.item_count);
	for (uint64_t i = 0; i < storm.item_count; i++)
		CHECK_INT(storm.cells[i].times_taken, ==, 1);
	CHECK_INT(popped, >, 0);
	CHECK_INT(storm.stolen_count, >, 0); /* or nothing was tested */
	printf("# %lu popped, %lu stolen, %lu aborts, %u slots\n", (unsigned long)popped,
	       (unsigned long)storm.stolen_count, (unsigned long)storm.abort_count,
	       nw_deque_slot_count(storm.deque));
	nw_deque_destroy(storm.deque);
	nw_hazard_unregister(thread);
	nw_hazard_destroy(storm.domain);
	free(storm.cells);
}

TEST(each_item_is_taken_once_around_the_last_one)
{
	run(4, DEPTH_MAX);
}

/* Rarely popped: it fills, grows, is emptied by thieves, and refuses at its bound. */
TEST(each_item_is_taken_once_while_it_grows)
{
	run(1 << 16, 1000);
}

/* A new deque again and again, so that growth from two slots meets thieves all the time. */
TEST(thieves_outlive_the_slots_they_read)
{
	struct storm storm = { 0 };
	struct nw_hazard_thread *thread;
	enum { ROUNDS = WORK(200), ITEMS = 600 };

	CHECK_INT(nw_hazard_create(&storm.domain, NW_NODE_ANY,
				   &(struct nw_hazard_options){ .batch_min = 1 }),
		  ==, 0);
	CHECK_INT(nw_hazard_register(&thread, storm.domain), ==, 0);
	storm.item_count = ITEMS;
	storm.depth_max = ITEMS;
	storm.cells = calloc(ITEMS, sizeof(storm.cells[0]));
	CHECK(storm.cells);
	for (int round = 0; round < ROUNDS * nw_test_scale(); round++) {
		pthread_t thieves[2];
		uint64_t popped;

		memset(storm.cells, 0, ITEMS * sizeof(storm.cells[0]));
		atomic_store(&storm.is_over, false);
		atomic_store(&storm.stolen_count, 0);
		CHECK_INT(nw_deque_create(&storm.deque, NW_NODE_ANY, 2, 1024), ==, 0);
		for (int i = 0; i < 2; i++)
			CHECK_INT(pthread_create(&thieves[i], NULL, thief, &storm), ==, 0);
		popped = own(&storm, thread);
		atomic_store(&storm.is_over, true);
		for (int i = 0; i < 2; i++)
			CHECK_INT(pthread_join(thieves[i], NULL), ==, 0);
		CHECK_INT(popped + storm.stolen_count, ==, ITEMS);
		for (uint64_t i = 0; i < ITEMS; i++)
			CHECK_INT(storm.cells[i].times_taken, ==, 1);
		nw_deque_destroy(storm.deque);
	}
	nw_hazard_unregister(thread);
	nw_hazard_destroy(storm.domain);
	free(storm.cells);
}

/*
 * A thief that lost against another must not hear that there is nothing: with fewer takers' turns
 * than items, and an owner that rests, EMPTY would be a lie.
 */
enum { QUOTA = WORK(300000) };

static pthread_barrier_t all_ready;

static void *take_quota(void *arg)
{
	struct storm *storm = arg;
	struct nw_hazard_thread *thread;

	CHECK_INT(nw_hazard_register(&thread, storm->domain), ==, 0);
	pthread_barrier_wait(&all_ready);
	for (int taken = 0; taken < QUOTA;) {
		enum nw_deque_steal what;
		void *item;

		what = nw_deque_steal(storm->deque, thread, &item);
		CHECK_INT(what, !=, NW_DEQUE_EMPTY);
		if (what == NW_DEQUE_STOLEN) {
			take(storm, item);
			taken++;
		}
	}
	nw_hazard_unregister(thread);
	return NULL;
}

TEST(a_thief_that_lost_is_not_told_empty)
{
	struct storm storm = { .item_count = THIEF_COUNT * QUOTA };
	struct nw_hazard_thread *thread;
	pthread_t thieves[THIEF_COUNT];

	storm.cells = calloc(storm.item_count, sizeof(storm.cells[0]));
	CHECK(storm.cells);
	CHECK_INT(nw_hazard_create(&storm.domain, NW_NODE_ANY, NULL), ==, 0);
	CHECK_INT(nw_hazard_register(&thread, storm.domain), ==, 0);
	CHECK_INT(nw_deque_create(&storm.deque, NW_NODE_ANY, 2, 1u << 20), ==, 0);
	for (uint64_t i = 1; i <= storm.item_count; i++) {
		storm.cells[i - 1].filled = i;
		CHECK(nw_deque_push(storm.deque, thread, (void *)(uintptr_t)i));
	}
	CHECK_INT(pthread_barrier_init(&all_ready, NULL, THIEF_COUNT), ==, 0);
	for (int i = 0; i < THIEF_COUNT; i++)
		CHECK_INT(pthread_create(&thieves[i], NULL, take_quota, &storm), ==, 0);
	for (int i = 0; i < THIEF_COUNT; i++)
		CHECK_INT(pthread_join(thieves[i], NULL), ==, 0);
	CHECK_INT(nw_deque_count(storm.deque), ==, 0);
	for (uint64_t i = 0; i < storm.item_count; i++)
		CHECK_INT(storm.cells[i].times_taken, ==, 1);
	nw_deque_destroy(storm.deque);
	nw_hazard_unregister(thread);
	nw_hazard_destroy(storm.domain);
	free(storm.cells);
}

/* SPDX-License-Identifier: MIT */
/*
 * Producers and consumers on a queue that is nearly always empty or one item long, so that head
 * and tail meet, tail lags, and links are retired and used again at once (the domain scans after
 * every few). An item names a cell, which says who pushed it and as which one. The producer fills
 * it and the consumer marks it, by plain accesses. Conservation: each is marked once; delivered
 * twice is a race as well, and so is a push that does not publish. Order: to one consumer the items
 * of one producer arrive in the order in which they were pushed. The books are relaxed, so that
 * they order nothing that the queue should.
 *
 * Threads come and go: each joins the domain and the queue anew after some hundred calls, so that
 * slabs change hands while links of theirs are inside, retired, or on the way home. A link is
 * poisoned when it goes home (debug builds), and a poisoned item is no item of ours.
 */
#include "nw_test.h"

#include <nw/queue.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#ifdef NW_SMALL
#define WORK(n) ((n) / 10) /* the sanitizers' builds are that much slower */
#else
#define WORK(n) (n)
#endif

enum { PRODUCERS = 2, CONSUMERS = 2, ITEM_COUNT = WORK(200000), SERVICE = 400 };

struct cell {
	uint64_t filled; /* by the producer, with the item's number */
	uint64_t times_taken;
};

struct traffic {
	struct nw_hazard *domain;
	struct nw_queue *queue;
	uint64_t item_count;    /* of each producer */
	struct cell *cells;     /* of each item of each producer */
	uint64_t in_flight_max; /* producers wait beyond that */
	_Atomic uint64_t taken_count, pushed_count;
	_Atomic uint64_t empty_count;
	_Atomic uint32_t party_count;
};

/* A thread's membership, renewed now and then. */
struct party {
	struct traffic *traffic;
	struct nw_hazard_thread *thread;
	struct nw_queue_handle *handle;
	uint64_t age;
};

static void party_join(struct party *party)
{
	CHECK_INT(nw_hazard_register(&party->thread, party->traffic->domain), ==, 0);
	CHECK_INT(nw_queue_register(&party->handle, party->traffic->queue, party->thread), ==, 0);
}

static void party_leave(struct party *party)
{
	nw_queue_unregister(party->handle);
	nw_hazard_unregister(party->thread);
}

static void grow_old(struct party *party)
{
	if (++party->age % SERVICE != 0)
		return;
	party_leave(party);
	party_join(party);
}

static uint64_t read_book(_Atomic uint64_t *book)
{
	return atomic_load_explicit(book, memory_order_relaxed);
}

static void add_to_book(_Atomic uint64_t *book)
{
	atomic_fetch_add_explicit(book, 1, memory_order_relaxed);
}

static void *produce(void *arg)
{
	struct traffic *traffic = arg;
	struct party party = { .traffic = traffic };
	uint64_t self = atomic_fetch_add(&traffic->party_count, 1);

	party_join(&party);
	for (uint64_t i = 0; i < traffic->item_count; i++) {
		uint64_t item = self * traffic->item_count + i + 1;

		while (read_book(&traffic->pushed_count) >=
		       read_book(&traffic->taken_count) + traffic->in_flight_max)
			sched_yield();
		traffic->cells[item - 1].filled = item;
		CHECK(nw_queue_push(party.handle, (void *)(uintptr_t)item));
		add_to_book(&traffic->pushed_count);
		grow_old(&party);
	}
	party_leave(&party);
	return NULL;
}

static void *consume(void *arg)
{
	struct traffic *traffic = arg;
	struct party party = { .traffic = traffic };
	uint64_t last[PRODUCERS] = { 0 }, total = PRODUCERS * traffic->item_count;

	party_join(&party);
	while (read_book(&traffic->taken_count) < total) {
		void *got;
		uint64_t i;

		if (!nw_queue_pop(party.handle, &got)) {
			add_to_book(&traffic->empty_count);
			sched_yield();
			grow_old(&party);
			continue;
		}
		i = (uintptr_t)got - 1;
		CHECK_INT(i, <, total);
		CHECK_INT((uintptr_t)got, >, last[i / traffic->item_count]);
		last[i / traffic->item_count] = (uintptr_t)got;
		CHECK_INT(traffic->cells[i].filled, ==, i + 1);
		traffic->cells[i].times_taken++;
		add_to_book(&traffic->taken_count);
		grow_old(&party);
	}
	party_leave(&party);
	return NULL;
}

static void run(uint64_t in_flight_max)
{
	struct traffic traffic = { .item_count = ITEM_COUNT * (uint64_t)nw_test_scale(),
				   .in_flight_max = in_flight_max };
	pthread_t threads[PRODUCERS + CONSUMERS];
	struct nw_hazard_thread *thread;
	struct nw_hazard_stats stats;

	traffic.cells = calloc(PRODUCERS * traffic.item_count, sizeof(traffic.cells[0]));
	CHECK(traffic.cells);
	CHECK_INT(nw_hazard_create(&traffic.domain, NW_NODE_ANY,
				   &(struct nw_hazard_options){ .batch_min = 1 }),
		  ==, 0);
	CHECK_INT(nw_hazard_register(&thread, traffic.domain), ==, 0);
	CHECK_INT(nw_queue_create(&traffic.queue, traffic.domain, NW_NODE_ANY), ==, 0);
	for (int i = 0; i < PRODUCERS + CONSUMERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, i < PRODUCERS ? produce : consume,
					 &traffic),
			  ==, 0);
	for (int i = 0; i < PRODUCERS + CONSUMERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	for (uint64_t i = 0; i < PRODUCERS * traffic.item_count; i++)
		CHECK_INT(traffic.cells[i].times_taken, ==, 1);
	nw_queue_destroy(traffic.queue, thread);
	nw_hazard_stats(traffic.domain, &stats);
	CHECK_INT(stats.retired_count, ==, PRODUCERS * traffic.item_count);
	CHECK_INT(stats.reclaimed_count, ==, stats.retired_count);
	printf("# %lu times empty, %lu scans\n", (unsigned long)traffic.empty_count,
	       (unsigned long)stats.scan_count);
	nw_hazard_unregister(thread);
	nw_hazard_destroy(traffic.domain);
	free(traffic.cells);
}

TEST(around_empty_nothing_is_lost_or_doubled)
{
	run(2);
}

TEST(with_many_inside_nothing_is_lost_or_doubled)
{
	run(1000);
}

/* Every thread pushes what it popped: addresses of links come back as soon as they may (ABA). */
enum { TOKENS = 3, TURNS = WORK(200000), PLAYERS = 4 };

static void *pass_on(void *arg)
{
	struct party party = { .traffic = arg };

	party_join(&party);
	for (int i = 0; i < TURNS * nw_test_scale(); i++) {
		void *token;

		if (nw_queue_pop(party.handle, &token)) {
			*(uint64_t *)token += 1; /* ours alone, until pushed */
			CHECK(nw_queue_push(party.handle, token));
		} else {
			sched_yield();
		}
		grow_old(&party);
	}
	party_leave(&party);
	return NULL;
}

TEST(tokens_are_held_by_one_thread_at_a_time)
{
	struct traffic traffic = { 0 };
	struct party party = { .traffic = &traffic };
	uint64_t tokens[TOKENS] = { 0 };
	pthread_t threads[PLAYERS];
	void *got;

	CHECK_INT(nw_hazard_create(&traffic.domain, NW_NODE_ANY,
				   &(struct nw_hazard_options){ .batch_min = 1 }),
		  ==, 0);
	CHECK_INT(nw_queue_create(&traffic.queue, traffic.domain, NW_NODE_ANY), ==, 0);
	party_join(&party);
	for (int i = 0; i < TOKENS; i++)
		CHECK(nw_queue_push(party.handle, &tokens[i]));
	for (int i = 0; i < PLAYERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, pass_on, &traffic), ==, 0);
	for (int i = 0; i < PLAYERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	for (int i = 0; i < TOKENS; i++) {
		CHECK(nw_queue_pop(party.handle, &got));
		CHECK_INT(*(uint64_t *)got, >, 0);
		CHECK_INT(*(uint64_t *)got, <=, PLAYERS * TURNS * nw_test_scale());
		*(uint64_t *)got = 0; /* the same one twice would be 0 now */
	}
	CHECK(!nw_queue_pop(party.handle, &got));
	nw_queue_destroy(traffic.queue, party.thread);
	nw_hazard_unregister(party.thread);
	nw_hazard_destroy(traffic.domain);
}

/* SPDX-License-Identifier: MIT */
/* The queue on one thread: order, empty, and links that go home through the hazard domain. */
#include "nw_test.h"

#include <errno.h>
#include <nw/queue.h>

static struct nw_hazard *domain;
static struct nw_hazard_thread *thread;

static struct nw_queue_handle *join(struct nw_queue *queue)
{
	struct nw_queue_handle *handle;

	CHECK_INT(nw_queue_register(&handle, queue, thread), ==, 0);
	return handle;
}

static struct nw_queue *begin(void)
{
	struct nw_queue *queue;

	CHECK_INT(nw_hazard_create(&domain, NW_NODE_ANY,
				   &(struct nw_hazard_options){ .batch_min = 1 }),
		  ==, 0);
	CHECK_INT(nw_hazard_register(&thread, domain), ==, 0);
	CHECK_INT(nw_queue_create(&queue, domain, NW_NODE_ANY), ==, 0);
	return queue;
}

static void end(struct nw_queue *queue)
{
	struct nw_hazard_stats stats;

	nw_queue_destroy(queue, thread);
	nw_hazard_stats(domain, &stats);
	CHECK_INT(stats.retired_count, ==, stats.reclaimed_count);
	nw_hazard_unregister(thread);
	nw_hazard_destroy(domain);
}

static void push(struct nw_queue_handle *handle, uint64_t i)
{
	CHECK(nw_queue_push(handle, (void *)(uintptr_t)i));
}

static uint64_t pop(struct nw_queue_handle *handle)
{
	void *got = NULL;

	CHECK(nw_queue_pop(handle, &got));
	return (uintptr_t)got;
}

static void check_is_empty(struct nw_queue_handle *handle)
{
	void *got = handle;

	CHECK(!nw_queue_pop(handle, &got));
	CHECK(got == handle);
}

TEST(create_and_register_say_why_not)
{
	struct nw_queue *queue = begin(), *none = (void *)&domain;
	struct nw_queue_handle *handle = (void *)&domain;
	struct nw_hazard_thread *stranger;
	struct nw_hazard *other;

	CHECK_INT(nw_queue_create(&none, domain, (nw_node){ 1000 }), ==, -ENODEV);
	CHECK(none == (void *)&domain);
	CHECK_INT(nw_hazard_create(&other, NW_NODE_ANY, NULL), ==, 0);
	CHECK_INT(nw_hazard_register(&stranger, other), ==, 0);
	CHECK_INT(nw_queue_register(&handle, queue, stranger), ==, -EINVAL);
	CHECK(handle == (void *)&domain);
	nw_hazard_unregister(stranger);
	nw_hazard_destroy(other);
	nw_queue_unregister(NULL);
	nw_queue_destroy(NULL, NULL);
	CHECK(nw_queue_memory(queue)->base);
	end(queue);
}

TEST(first_in_first_out)
{
	struct nw_queue *queue = begin();
	struct nw_queue_handle *handle = join(queue);
	uint64_t in = 1, out = 1;

	check_is_empty(handle);
	for (int round = 0; round < 2000; round++) {
		for (int i = 0; i < round % 7; i++)
			push(handle, in++);
		for (int i = 0; i < round % 5 && out < in; i++)
			CHECK_INT(pop(handle), ==, out++);
	}
	CHECK_INT(out, >, 1000);
	while (out < in)
		CHECK_INT(pop(handle), ==, out++);
	check_is_empty(handle);
	end(queue);
}

TEST(null_is_an_item)
{
	struct nw_queue *queue = begin();
	struct nw_queue_handle *handle = join(queue);

	push(handle, 0);
	CHECK_INT(pop(handle), ==, 0);
	check_is_empty(handle);
	end(queue);
}

/* Links come back: a hundred thousand items through the queue, and no more memory than at first. */
TEST(links_are_used_again)
{
	struct nw_queue *queue = begin();
	struct nw_queue_handle *handle = join(queue);
	struct nw_mem_stats before, after;

	for (uint64_t i = 0; i < 1000; i++) {
		push(handle, i);
		(void)pop(handle);
	}
	nw_mem_stats(&before);
	for (uint64_t i = 0; i < 100000; i++) {
		push(handle, i);
		CHECK_INT(pop(handle), ==, i);
	}
	nw_mem_stats(&after);
	CHECK_INT(after.live_bytes, ==, before.live_bytes);
	end(queue);
}

/* What a thread pushed outlives its handle, and its links come home to the next who joins. */
TEST(items_outlive_the_handle_that_pushed_them)
{
	struct nw_queue *queue = begin();
	struct nw_queue_handle *first = join(queue), *second;

	for (uint64_t i = 0; i < 5000; i++)
		push(first, i);
	nw_queue_unregister(first);
	second = join(queue);
	CHECK(second == first); /* its place, and its slab */
	for (uint64_t i = 0; i < 5000; i++)
		CHECK_INT(pop(second), ==, i);
	first = join(queue); /* two handles of one thread */
	push(first, 1);
	push(second, 2);
	CHECK_INT(pop(second), ==, 1);
	CHECK_INT(pop(first), ==, 2);
	end(queue);
}

TEST(destroy_drops_what_is_inside)
{
	struct nw_queue *queue = begin();
	struct nw_queue_handle *handle = join(queue);

	for (uint64_t i = 0; i < 100; i++)
		push(handle, i);
	CHECK_INT(pop(handle), ==, 0);
	end(queue);
}

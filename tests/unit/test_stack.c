/* SPDX-License-Identifier: MIT */
/* The stack on one thread: order, all at once, and links that go home through the domain. */
#include "nw_test.h"

#include <errno.h>
#include <nw/stack.h>

static struct nw_hazard *domain;
static struct nw_hazard_thread *thread;

static struct nw_stack_handle *join(struct nw_stack *stack)
{
	struct nw_stack_handle *handle;

	CHECK_INT(nw_stack_register(&handle, stack, thread), ==, 0);
	return handle;
}

static struct nw_stack *begin(void)
{
	struct nw_stack *stack;

	CHECK_INT(nw_hazard_create(&domain, NW_NODE_ANY,
				   &(struct nw_hazard_options){ .batch_min = 1 }),
		  ==, 0);
	CHECK_INT(nw_hazard_register(&thread, domain), ==, 0);
	CHECK_INT(nw_stack_create(&stack, domain, NW_NODE_ANY), ==, 0);
	return stack;
}

static void end(struct nw_stack *stack)
{
	struct nw_hazard_stats stats;

	nw_stack_destroy(stack, thread);
	nw_hazard_stats(domain, &stats);
	CHECK_INT(stats.retired_count, ==, stats.reclaimed_count);
	nw_hazard_unregister(thread);
	nw_hazard_destroy(domain);
}

static void push(struct nw_stack_handle *handle, uint64_t i)
{
	CHECK(nw_stack_push(handle, (void *)(uintptr_t)i));
}

static uint64_t pop(struct nw_stack_handle *handle)
{
	void *got = NULL;

	CHECK(nw_stack_pop(handle, &got));
	return (uintptr_t)got;
}

static void check_is_empty(struct nw_stack_handle *handle)
{
	void *got = handle;

	CHECK(!nw_stack_pop(handle, &got));
	CHECK(got == handle);
}

TEST(create_and_register_say_why_not)
{
	struct nw_stack *stack = begin(), *none = (void *)&domain;
	struct nw_stack_handle *handle = (void *)&domain;
	struct nw_hazard_thread *stranger;
	struct nw_hazard *other;

	CHECK_INT(nw_stack_create(&none, domain, (nw_node){ 1000 }), ==, -ENODEV);
	CHECK(none == (void *)&domain);
	CHECK_INT(nw_hazard_create(&other, NW_NODE_ANY, NULL), ==, 0);
	CHECK_INT(nw_hazard_register(&stranger, other), ==, 0);
	CHECK_INT(nw_stack_register(&handle, stack, stranger), ==, -EINVAL);
	CHECK(handle == (void *)&domain);
	nw_hazard_unregister(stranger);
	nw_hazard_destroy(other);
	nw_stack_unregister(NULL);
	nw_stack_destroy(NULL, NULL);
	CHECK(nw_stack_memory(stack)->base);
	end(stack);
}

TEST(last_in_first_out)
{
	struct nw_stack *stack = begin();
	struct nw_stack_handle *handle = join(stack);
	static uint64_t model[20000];
	uint64_t depth = 0, next = 0;

	check_is_empty(handle);
	for (int round = 0; round < 2000; round++) {
		for (int i = 0; i < round % 7; i++) {
			push(handle, next);
			model[depth++] = next++;
		}
		for (int i = 0; i < round % 5 && depth > 0; i++)
			CHECK_INT(pop(handle), ==, model[--depth]);
	}
	CHECK_INT(next, >, 1000);
	while (depth > 0)
		CHECK_INT(pop(handle), ==, model[--depth]);
	check_is_empty(handle);
	end(stack);
}

TEST(null_is_an_item)
{
	struct nw_stack *stack = begin();
	struct nw_stack_handle *handle = join(stack);

	push(handle, 0);
	CHECK_INT(pop(handle), ==, 0);
	check_is_empty(handle);
	end(stack);
}

TEST(links_are_used_again)
{
	struct nw_stack *stack = begin();
	struct nw_stack_handle *handle = join(stack);
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
	end(stack);
}

TEST(items_outlive_the_handle_that_pushed_them)
{
	struct nw_stack *stack = begin();
	struct nw_stack_handle *first = join(stack), *second;

	for (uint64_t i = 0; i < 5000; i++)
		push(first, i);
	nw_stack_unregister(first);
	second = join(stack);
	CHECK(second == first); /* its place, and its slab */
	for (uint64_t i = 5000; i > 0; i--)
		CHECK_INT(pop(second), ==, i - 1);
	end(stack);
}

struct taken {
	struct nw_stack_handle *handle;
	uint64_t items[8];
	uint64_t count;
};

static void take(void *item, void *arg)
{
	struct taken *taken = arg;

	CHECK_INT(taken->count, <, 8);
	taken->items[taken->count++] = (uintptr_t)item;
	push(taken->handle, (uintptr_t)item + 10); /* for the round after this one */
}

TEST(pop_all_takes_what_was_there_newest_first)
{
	struct nw_stack *stack = begin();
	struct taken taken = { .handle = join(stack) };

	CHECK_INT(nw_stack_pop_all(taken.handle, take, &taken), ==, 0);
	CHECK_INT(taken.count, ==, 0);
	for (uint64_t i = 1; i <= 4; i++)
		push(taken.handle, i);
	CHECK_INT(nw_stack_pop_all(taken.handle, take, &taken), ==, 4);
	CHECK_INT(taken.count, ==, 4);
	for (uint64_t i = 0; i < 4; i++)
		CHECK_INT(taken.items[i], ==, 4 - i);
	for (uint64_t i = 0; i < 4; i++)
		CHECK_INT(pop(taken.handle), ==, 11 + i); /* pushed 14, 13, 12, 11 */
	check_is_empty(taken.handle);
	end(stack);
}

TEST(destroy_drops_what_is_inside)
{
	struct nw_stack *stack = begin();
	struct nw_stack_handle *handle = join(stack);

	for (uint64_t i = 0; i < 100; i++)
		push(handle, i);
	CHECK_INT(pop(handle), ==, 99);
	end(stack);
}

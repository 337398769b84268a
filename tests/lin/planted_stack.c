/* SPDX-License-Identifier: MIT */
/*
 * Treiber's stack on a small pool of nodes, with a planted mistake each. The top carries a tag
 * that changes with every get, unless the mistake is to have none. Invariant when right: last in,
 * first out, and a node is on the stack or on the free list of the thread that got it.
 */
#include "lin/planted.h"

enum { NODES = 8, NOBODY = NODES, FREE = 0, TAKEN = 1 };

struct node {
	_Atomic uint32_t state; /* FREE or TAKEN, by compare-and-swap */
	_Atomic uint32_t next;  /* a node, or NOBODY */
	_Atomic uint32_t value;
};

static struct stack {
	enum planted_stack mistake;
	bool is_right;
	_Atomic uint64_t top; /* the node; above it the tag */
	struct node nodes[NODES];
} stack;

static uint32_t node_of(uint64_t top)
{
	return (uint32_t)top;
}

static uint64_t top_with(uint64_t old, uint32_t node)
{
	bool is_tagged = stack.is_right || stack.mistake != PLANTED_ABA;

	return (is_tagged ? ((old >> 32) + 1) << 32 : 0) | node;
}

/* The lowest free node, so that they are used again soon; or NOBODY. */
static uint32_t node_take(void)
{
	for (uint32_t i = 0; i < NODES; i++) {
		uint32_t expected = FREE;

		if (atomic_compare_exchange_strong(&stack.nodes[i].state, &expected, TAKEN))
			return i;
	}
	return NOBODY;
}

static bool put(void *self, uint32_t thread, uint32_t value)
{
	uint32_t node = node_take();
	uint64_t old = atomic_load(&stack.top);

	(void)self, (void)thread;
	if (node == NOBODY)
		return false;
	atomic_store(&stack.nodes[node].value, value);
	do {
		atomic_store(&stack.nodes[node].next, node_of(old));
	} while (!atomic_compare_exchange_weak(&stack.top, &old, top_with(old, node)));
	return true;
}

static bool get(void *self, uint32_t thread, uint32_t *ret_value)
{
	uint64_t old = atomic_load(&stack.top);
	uint32_t node, value = UINT32_MAX, next;

	(void)self, (void)thread;
	for (;;) {
		node = node_of(old);
		if (node == NOBODY)
			return false;
		next = atomic_load(&stack.nodes[node].next);
		value = atomic_load(&stack.nodes[node].value);
		planted_pause(5);
		if (atomic_compare_exchange_strong(&stack.top, &old, top_with(old, next)))
			break;
		if (stack.mistake == PLANTED_EMPTY_ON_FAILURE && !stack.is_right)
			return false;
	}
	atomic_store(&stack.nodes[node].state, FREE);
	if (stack.mistake == PLANTED_READ_AFTER_CAS && !stack.is_right) {
		planted_pause(6);
		value = atomic_load(&stack.nodes[node].value);
	}
	*ret_value = value;
	return true;
}

struct subject planted_stack(enum planted_stack mistake, bool is_right)
{
	stack.mistake = mistake;
	stack.is_right = is_right;
	atomic_init(&stack.top, NOBODY);
	for (uint32_t i = 0; i < NODES; i++) {
		atomic_init(&stack.nodes[i].state, FREE);
		atomic_init(&stack.nodes[i].next, NOBODY);
		atomic_init(&stack.nodes[i].value, UINT32_MAX);
	}
	return (struct subject){ .spec = LIN_STACK, .put = put, .get = get };
}

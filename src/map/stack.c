/* SPDX-License-Identifier: MIT */
/*
 * Stack without a bound for any number of threads: Treiber's, over hazard pointers.
 *
 *     top -> [ c ] -> [ b ] -> [ a ] -> NULL
 *
 * Roles: whoever pushes sets top to a new link in front of the one that is there; whoever pops sets
 * top to the next of the one that is there, and retires that one. pop_all sets top to NULL and has
 * the whole chain to itself, but for poppers that still look at its links before they lose.
 *
 * Invariant: a link's next is not written between the push that publishes it and the end of its
 * retirement. So the chain behind a protected link is what it was, and only one thread's step takes
 * a link out: that thread retires it, once.
 *
 * Slot 0 of the thread's hazard handle holds the link that a popper read from top, validated
 * against top; it reads the link's next through it. Its compare-and-swap then succeeds only if that
 * very link is still, or again, on top: again means it was popped and pushed back, which cannot
 * happen while the slot holds it, since a link is used again only after it was reclaimed (ABA).
 *
 * Links are the stack's, from slabs, and not a field in the caller's objects: a popped object could
 * otherwise be neither freed nor pushed again before a grace period, and every caller would have
 * to know. A link costs one line of memory, and some 3 ns to take and give back.
 *
 * Order: push releases, by the compare-and-swap on top; nw_hazard_protect() acquires. They are
 * sequentially consistent for what hazard.h says: unlinked before the scan of a retire.
 *
 * References: R. K. Treiber, "Systems programming: coping with parallelism", IBM RJ 5118, 1986;
 * M. Michael, "Hazard pointers", TPDS 15(6), 2004. Who loses a compare-and-swap keeps away for a
 * while (os/retry.h): top is one word, and every turn taken on it moves its line. No elimination (a
 * push and a pop that meet beside the stack): it moves a line as well. Not measured.
 */
#include <nw/stack.h>

#include "map/pool.h"
#include "os/retry.h"

#include <stdalign.h>

struct nw_stack {
	alignas(NW_CACHE_PAIR) _Atomic(struct nwi_link *) top;

	/* Constant after creation, but for the list of places. */
	alignas(NW_CACHE_PAIR) struct nwi_pool pool;
	struct nw_mem mem;
};

struct nw_stack_handle {
	struct nwi_pool_member member;
};

enum { SLOT_TOP };

int nw_stack_create(struct nw_stack **ret_stack, struct nw_hazard *domain, nw_node node)
{
	struct nw_stack *stack;
	struct nw_mem mem;
	int rc;

	rc = nw_mem_alloc(&mem, node, sizeof(*stack), 0);
	if (rc < 0)
		return rc;
	stack = mem.base; /* zeroed: top is NULL */
	nwi_pool_init(&stack->pool, domain, node);
	stack->mem = mem;
	*ret_stack = stack;
	return 0;
}

void nw_stack_destroy(struct nw_stack *stack, struct nw_hazard_thread *thread)
{
	struct nw_mem mem;

	if (!stack)
		return;
	nwi_pool_fini(&stack->pool, thread);
	mem = stack->mem;
	nw_mem_free(&mem);
}

const struct nw_mem *nw_stack_memory(const struct nw_stack *stack)
{
	return &stack->mem;
}

int nw_stack_register(struct nw_stack_handle **ret_handle, struct nw_stack *stack,
		      struct nw_hazard_thread *thread)
{
	struct nwi_pool_member *member;
	int rc;

	rc = nwi_pool_join(&member, &stack->pool, thread, stack);
	if (rc < 0)
		return rc;
	*ret_handle = (struct nw_stack_handle *)member;
	return 0;
}

void nw_stack_unregister(struct nw_stack_handle *handle)
{
	if (handle)
		nwi_pool_leave(&handle->member);
}

/* The link below, of a link that is private, or protected, or taken out by this thread. */
static struct nwi_link *below(const struct nwi_link *link)
{
	/* relaxed: it cannot change; who read `link` from top acquired its content. */
	return atomic_load_explicit(&link->next, memory_order_relaxed);
}

bool nw_stack_push(struct nw_stack_handle *handle, void *item)
{
	struct nw_stack *stack = handle->member.of;
	struct nwi_link *link = nwi_pool_take(&handle->member, item);
	struct nwi_retry retry = { 0 };

	if (!link)
		return false;
	for (;;) {
		/* relaxed: re-checked by the CAS. */
		struct nwi_link *top = atomic_load_explicit(&stack->top, memory_order_relaxed);

		/* relaxed: not yet published. */
		atomic_store_explicit(&link->next, top, memory_order_relaxed);
		if (atomic_compare_exchange_strong(&stack->top, &top, link))
			return true;
		nwi_retry_wait(&retry);
	}
}

bool nw_stack_pop(struct nw_stack_handle *handle, void **ret_item)
{
	struct nw_stack *stack = handle->member.of;
	struct nw_hazard_thread *thread = handle->member.own;
	struct nwi_retry retry = { 0 };
	struct nwi_link *link, *top;

	for (;;) {
		link = top = nw_hazard_protect(thread, SLOT_TOP, &stack->top);
		if (!link || atomic_compare_exchange_strong(&stack->top, &top, below(link)))
			break;
		nwi_retry_wait(&retry);
	}
	nw_hazard_clear(thread, SLOT_TOP);
	if (!link)
		return false;
	*ret_item = link->item;
	nwi_pool_retire(&handle->member, link);
	return true;
}

uint64_t nw_stack_pop_all(struct nw_stack_handle *handle, nw_stack_fn *fn, void *arg)
{
	struct nw_stack *stack = handle->member.of;
	struct nwi_link *link = atomic_exchange(&stack->top, NULL);
	uint64_t count = 0;

	while (link) {
		struct nwi_link *next = below(link);
		void *item = link->item;

		nwi_pool_retire(&handle->member, link);
		fn(item, arg);
		link = next;
		count++;
	}
	return count;
}

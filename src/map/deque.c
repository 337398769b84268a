/* SPDX-License-Identifier: MIT */
/*
 * Work-stealing deque: Chase and Lev's, which grows.
 *
 *     slots   . . x x x x x . .       top:    next index a thief takes
 *                 ^         ^         bottom: next index the owner pushes to
 *                 top       bottom
 *
 * Roles: the owner alone writes bottom, array and the slots; thieves, and the owner when one item
 * is left, move top by compare-and-swap. Index i lies in slot i & mask of the newest array.
 *
 * top and bottom are signed and 64 bits wide, start at 0, and never wrap in practice (a billion
 * items a second for 290 years). Signed, because an owner that pops from an empty deque
 * claims index top - 1 for a moment: with unsigned indices that is a huge number of items.
 *
 * Invariants. top only grows. Outside of the owner's pop, top <= bottom and
 * bottom - top <= slots. `top_seen`, the owner's copy, is a past value of top, so it makes the
 * deque look fuller than it is, never emptier: push may trust "room", pop may trust "empty".
 *
 * Why it is correct, edge by edge.
 *   push -> steal. The release of bottom publishes the slot and the item. A thief loads top, then
 *     bottom, then the array, then the slot, in this order, each load an acquire: so the array is
 *     at least as new as the bottom that promised the item. Taken the other way round, the
 *     array could be an older one, in which that index holds something else.
 *   pop against steal. The owner writes bottom, then reads top; the thief reads top (or has moved
 *     it), then reads bottom. Neither pair may swap, so all four are sequentially consistent:
 *     if the owner sees a top below its index, every thief that moves top up to that index
 *     reads bottom later and finds the item claimed. The last item has no such distance, so
 *     the owner wins it as a thief would, by moving top.
 *   steal -> push. A slot is read before the compare-and-swap on top, and overwritten only after
 *     the owner has seen top beyond it: a thief that read too late loses. Slots are atomic, as
 *     such a read may coincide with the write; what it gave is thrown away.
 *   growth. Old and new array hold the same items at the indices top..bottom-1, and the old one is
 *     never written again, so a thief may finish in either. It holds the array in a hazard slot,
 *     so the retired array outlives its use. Arrays do not shrink.
 *   ABA. top only grows and is never reused; an array's address may be, but only when no hazard
 *     slot holds it.
 *
 * Orders. Lê et al. put fences between relaxed accesses and leave the array to a consume load; the
 * corrected array edge is acquire/release (here in nw_hazard_protect() and a seq_cst store). We
 * put the orders on the operations, so that ThreadSanitizer sees them; on x86 this is an xchg
 * in place of Lê's mov and mfence in pop, which is the cheaper of the two.
 *
 * Not done: a thief could take the owner's fence over, by a membarrier between its loads of top and
 * bottom. Tried on a virtual machine of two CPUs (Xeon, gcc 12): push and pop 4 ns in place of 16,
 * and 2 us more for each look of a thief while another thread runs. So it pays for an owner who
 * pops some 200 times for each time that anyone looks, which depends on the program; and it wants a
 * kernel that grants membarrier. The order here is right everywhere.
 *
 * References: D. Chase, Y. Lev, "Dynamic circular work-stealing deque", SPAA 2005; N. M. Lê et
 * al., "Correct and efficient work-stealing for weak memory models", PPoPP 2013; B. Norris,
 * B. Demsky, "CDSChecker", OOPSLA 2013 (the array edge); specs/ChaseLev.tla. We differ in that an
 * aborted steal is told from an empty deque, the slots have a bound, and pop knows from top_seen
 * that there is nothing without touching the thieves' line.
 */
#include <nw/deque.h>

#include "base/bits.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>

struct array {
	int64_t mask;
	struct nw_mem mem; /* this array's own pages */
	struct nw_retired retired;
	alignas(NW_CACHE_PAIR) _Atomic(void *) slots[];
};

struct nw_deque {
	/* Written by the owner. */
	alignas(NW_CACHE_PAIR) _Atomic int64_t bottom;
	int64_t top_seen; /* owner's copy: a past value of top */

	/* Written by thieves, and by the owner for the last item. */
	alignas(NW_CACHE_PAIR) _Atomic int64_t top;

	/* Written by the owner when it grows. */
	alignas(NW_CACHE_PAIR) _Atomic(struct array *) array;

	/* Constant after creation. */
	uint32_t slot_count_max;
	nw_node node;
	struct nw_mem mem;
};

static int array_create(struct array **ret_array, nw_node node, uint32_t slot_count)
{
	struct array *array;
	struct nw_mem mem;
	int rc;

	rc = nw_mem_alloc(&mem, node, sizeof(*array) + slot_count * sizeof(array->slots[0]), 0);
	if (rc < 0)
		return rc;
	array = mem.base; /* zeroed pages: a thief may read a slot that was never written */
	array->mask = (int64_t)slot_count - 1;
	array->mem = mem;
	*ret_array = array;
	return 0;
}

static void array_destroy(struct array *array)
{
	struct nw_mem mem = array->mem; /* a copy: the block holds its own description */

	nw_mem_free(&mem);
}

/* Deleter of an array that no thief reads any more. */
static void free_array(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	(void)thread;
	(void)arg;
	array_destroy(ptr);
}

static bool is_slot_count(uint32_t n)
{
	return n >= NW_DEQUE_SLOT_COUNT_MIN && n <= NW_DEQUE_SLOT_COUNT_MAX && nwi_is_pow2(n);
}

int nw_deque_create(struct nw_deque **ret_deque, nw_node node, uint32_t slot_count,
		    uint32_t slot_count_max)
{
	struct nw_deque *deque;
	struct array *array;
	struct nw_mem mem;
	int rc;

	if (!is_slot_count(slot_count) || !is_slot_count(slot_count_max) ||
	    slot_count > slot_count_max)
		return -EINVAL;
	rc = nw_mem_alloc(&mem, node, sizeof(*deque), 0);
	if (rc < 0)
		return rc;
	rc = array_create(&array, node, slot_count);
	if (rc < 0) {
		nw_mem_free(&mem);
		return rc;
	}
	deque = mem.base;
	atomic_init(&deque->bottom, 0);
	atomic_init(&deque->top, 0);
	atomic_init(&deque->array, array);
	deque->slot_count_max = slot_count_max;
	deque->node = node;
	deque->mem = mem;
	*ret_deque = deque;
	return 0;
}

/* The newest array, for the owner. */
static struct array *own_array(const struct nw_deque *deque)
{
	/* relaxed: only the owner writes array. */
	return atomic_load_explicit(&deque->array, memory_order_relaxed);
}

void nw_deque_destroy(struct nw_deque *deque)
{
	struct nw_mem mem;

	if (!deque)
		return;
	array_destroy(own_array(deque));
	mem = deque->mem;
	nw_mem_free(&mem);
}

const struct nw_mem *nw_deque_memory(const struct nw_deque *deque)
{
	return &own_array(deque)->mem;
}

uint32_t nw_deque_slot_count(const struct nw_deque *deque)
{
	return (uint32_t)(own_array(deque)->mask + 1);
}

static void *get(struct array *array, int64_t i)
{
	/* relaxed: the owner reads what it wrote; for a thief [deque_push.bottom] publishes it. */
	return atomic_load_explicit(&array->slots[i & array->mask], memory_order_relaxed);
}

static void put(struct array *array, int64_t i, void *item)
{
	/* relaxed: only the owner writes slots, and [deque_push.bottom] publishes this one. */
	atomic_store_explicit(&array->slots[i & array->mask], item, memory_order_relaxed);
}

/* Owner: an array twice as large with the items of [top, bottom); NULL: no room, no memory. */
static struct array *grow(struct nw_deque *deque, struct nw_hazard_thread *thread,
			  struct array *old, int64_t bottom)
{
	uint32_t slot_count = nw_deque_slot_count(deque);
	struct array *array;

	if (slot_count == deque->slot_count_max ||
	    array_create(&array, deque->node, 2 * slot_count) < 0)
		return NULL;
	for (int64_t i = deque->top_seen; i < bottom; i++)
		put(array, i, get(old, i));
	/* Published to nw_hazard_protect() in steal, before any bottom that needs it. */
	atomic_store(&deque->array, array);
	nw_hazard_retire(thread, &old->retired, old, free_array, NULL);
	return array;
}

/* Owner: the array to push to, when the copy of top says that this one is full. */
static struct array *make_room(struct nw_deque *deque, struct nw_hazard_thread *thread,
			       struct array *array, int64_t bottom)
{
	/* [deque_push.top] acquire, pairs with [deque_steal.swap]: the thief has read the slot
	 * before we overwrite it. */
	deque->top_seen = atomic_load_explicit(&deque->top, memory_order_acquire);
	if (bottom - deque->top_seen <= array->mask)
		return array;
	return grow(deque, thread, array, bottom);
}

bool nw_deque_push(struct nw_deque *deque, struct nw_hazard_thread *thread, void *item)
{
	/* relaxed: only the owner writes bottom. */
	int64_t bottom = atomic_load_explicit(&deque->bottom, memory_order_relaxed);
	struct array *array = own_array(deque);

	if (bottom - deque->top_seen > array->mask) {
		array = make_room(deque, thread, array, bottom);
		if (!array)
			return false;
	}
	put(array, bottom, item);
	/* [deque_push.bottom] release, pairs with [deque_steal.bottom]: the slot, the array it is
	 * in, and what the owner did with the item. */
	atomic_store_explicit(&deque->bottom, bottom + 1, memory_order_release);
	return true;
}

/* Owner: the bottom that was claimed is given back, or the deque ends there. */
static void restore(struct nw_deque *deque, int64_t bottom)
{
	/* relaxed: the value alone matters; top is there too, so no slot is read through it. */
	atomic_store_explicit(&deque->bottom, bottom, memory_order_relaxed);
}

/* Owner: index `last` is the only one left, and a thief may want it as well. */
static bool pop_last(struct nw_deque *deque, int64_t last)
{
	int64_t top = last;
	/* [deque_pop.swap] seq_cst, pairs with [deque_steal.top]: the item is gone before
	 * bottom covers its index again; a thief that saw it covered loses. */
	bool is_mine = atomic_compare_exchange_strong(&deque->top, &top, last + 1);

	deque->top_seen = last + 1;
	restore(deque, last + 1);
	return is_mine;
}

bool nw_deque_pop(struct nw_deque *deque, void **ret_item)
{
	/* relaxed: only the owner writes bottom. */
	int64_t last = atomic_load_explicit(&deque->bottom, memory_order_relaxed) - 1;
	int64_t top;
	void *item;

	if (last < deque->top_seen)
		return false;
	/* Only the owner writes the slot, so it may be read before the claim; behind it, the load
	 * would wait for the claim to be seen. */
	item = get(own_array(deque), last);
	/* [deque_pop.bottom] seq_cst, pairs with [deque_steal.bottom]: the claim on index `last` is
	 * seen before top is read. */
	atomic_store(&deque->bottom, last);
	/* [deque_pop.top] seq_cst, pairs with [deque_steal.swap]: a thief that moved top to
	 * `last` is seen here, or sees the claim. */
	top = atomic_load(&deque->top);
	deque->top_seen = top;
	if (top > last) {
		restore(deque, top);
		return false;
	}
	if (top == last && !pop_last(deque, last))
		return false;
	*ret_item = item;
	return true;
}

/* Thief: the item at index top, if it is one still. */
static enum nw_deque_steal steal_at(struct nw_deque *deque, struct nw_hazard_thread *thread,
				    int64_t top, void **ret_item)
{
	struct array *array = nw_hazard_protect(thread, 0, &deque->array);
	void *item = get(array, top);

	/* [deque_steal.swap] seq_cst, pairs with [deque_push.top], [deque_pop.top] and
	 * [deque_steal.top]: our read of the slot is done, and the item is ours, before the owner
	 * or another thief sees top beyond it. */
	if (!atomic_compare_exchange_strong(&deque->top, &top, top + 1))
		return NW_DEQUE_ABORT;
	*ret_item = item;
	return NW_DEQUE_STOLEN;
}

/* Thief: how many items there are from top on. */
static int64_t look(struct nw_deque *deque, int64_t *ret_top)
{
	/* [deque_steal.top] seq_cst, pairs with [deque_steal.swap] and [deque_pop.swap]: bottom is
	 * read after top. */
	*ret_top = atomic_load(&deque->top);
	/* [deque_steal.bottom] seq_cst, pairs with [deque_push.bottom] and [deque_pop.bottom]: the
	 * slots and the array below it; and the owner's claim, if top had moved before. */
	return atomic_load(&deque->bottom) - *ret_top;
}

enum nw_deque_steal nw_deque_steal(struct nw_deque *deque, struct nw_hazard_thread *thread,
				   void **ret_item)
{
	enum nw_deque_steal what;
	int64_t top;

	if (look(deque, &top) <= 0)
		return NW_DEQUE_EMPTY;
	what = steal_at(deque, thread, top, ret_item);
	nw_hazard_clear(thread, 0);
	return what;
}

uint32_t nw_deque_steal_half(struct nw_deque *deque, struct nw_hazard_thread *thread,
			     void **ret_items, uint32_t item_count, enum nw_deque_steal *ret_why)
{
	enum nw_deque_steal why = NW_DEQUE_STOLEN;
	int64_t top, n = look(deque, &top), wanted = (n + 1) / 2;
	uint32_t taken = 0;

	if (n <= 0)
		why = NW_DEQUE_EMPTY;
	if (wanted > item_count)
		wanted = item_count;
	/* bottom and array are read anew for each: one read holds for the top before it only. */
	while (why == NW_DEQUE_STOLEN && taken < wanted) {
		why = steal_at(deque, thread, top, &ret_items[taken]);
		taken += why == NW_DEQUE_STOLEN;
		if (why == NW_DEQUE_STOLEN && taken < wanted && look(deque, &top) <= 0)
			why = NW_DEQUE_EMPTY;
	}
	nw_hazard_clear(thread, 0);
	*ret_why = why;
	return taken;
}

uint32_t nw_deque_count(const struct nw_deque *deque)
{
	/* relaxed: a hint, stale when it is returned. */
	int64_t top = atomic_load_explicit(&deque->top, memory_order_relaxed);
	/* relaxed: as above. */
	int64_t n = atomic_load_explicit(&deque->bottom, memory_order_relaxed) - top;

	return n <= 0 ? 0 : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

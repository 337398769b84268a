/* SPDX-License-Identifier: MIT */
/*
 * Dispatch orders: a heap, a list, and lists by class with three ways to choose the class.
 *
 * The heap is a pairing heap, since its items need no array and melding passed-over ones back is
 * cheap. (M. Fredman, R. Sedgewick, D. Sleator, R. Tarjan, "The pairing heap", Algorithmica 1986.)
 *
 * Sturmian: each slot adds every class's weight to its lag and takes the sum W of the weights from
 * the owner's, so that the lags add up to 0 and lag / W is how many slots a class is behind. A
 * class may own a slot while its lag is above 0; of these the one whose lag would reach W first
 * must go first. That is the earliest deadline of Pfair's windows, and on one processor meets them
 * all: every lag stays between -W and W, both excluded. Lags depend on the weights alone, not on
 * who is ready.
 *
 * Invariant: an item is in one list, or in the heap, from put to get; |lag| < W <= 2^42.
 */
#include "sched/order.h"

#include "base/bits.h"
#include "base/prng.h"
#include "sched/load.h"

#include <assert.h>
#include <string.h>

struct class
{
	struct nwi_order_item *first, *last;
	uint32_t weight;
	bool is_ready; /* for this slot: has a first item, and it fits */
	int64_t lag;   /* sturmian: of the slots owned */
	int64_t lent;  /* sturmian: of the slots lent by others */
};

struct nwi_order {
	enum nwi_order_kind kind;
	uint32_t class_count;
	uint32_t alpha_idx;
	uint64_t count;
	uint64_t put_count;
	uint64_t slot; /* beatty's k */
	uint64_t weight_sum;
	struct nwi_prng prng;
	struct nwi_order_item *root; /* priority */
	uint32_t *ranks;             /* beatty: classes by descending weight; behind the classes */
	struct class classes[];      /* fifo: only the first */
};

/* alpha = (add + sqrt(root)) / divisor. The silver ratio is not among them: it is 1 + sqrt(2). */
static const struct {
	uint32_t add, root, divisor;
} alphas[NWI_ORDER_ALPHA_COUNT] = { { 1, 5, 2 }, { 0, 2, 1 }, { 0, 3, 1 }, { 0, 5, 1 } };

static const char *const names[NWI_ORDER_KIND_COUNT] = {
	[NWI_ORDER_PRIORITY] = "priority", [NWI_ORDER_FIFO] = "fifo",
	[NWI_ORDER_LOTTERY] = "lottery",   [NWI_ORDER_BEATTY] = "beatty",
	[NWI_ORDER_STURMIAN] = "sturmian",
};

const char *nwi_order_name(enum nwi_order_kind kind)
{
	return (uint32_t)kind < NWI_ORDER_KIND_COUNT ? names[kind] : NULL;
}

bool nwi_order_by_name(const char *name, enum nwi_order_kind *ret_kind)
{
	for (uint32_t i = 0; i < NWI_ORDER_KIND_COUNT; i++) {
		if (strcmp(names[i], name) == 0) {
			*ret_kind = (enum nwi_order_kind)i;
			return true;
		}
	}
	return false;
}

size_t nwi_order_bytes(uint32_t class_count)
{
	if (class_count == 0 || class_count > NWI_ORDER_CLASSES_MAX)
		return 0;
	return sizeof(struct nwi_order) + class_count * (sizeof(struct class) + sizeof(uint32_t));
}

/* By descending weight, the lower class first of equals. Insertion: once, and seldom many. */
static void rank_classes(struct nwi_order *order)
{
	for (uint32_t i = 0; i < order->class_count; i++) {
		uint32_t at = i;

		for (; at > 0; at--) {
			if (order->classes[order->ranks[at - 1]].weight >= order->classes[i].weight)
				break;
			order->ranks[at] = order->ranks[at - 1];
		}
		order->ranks[at] = i;
	}
}

struct nwi_order *nwi_order_init(void *memory, const struct nwi_order_options *options)
{
	struct nwi_order *order = memory;

	assert((uint32_t)options->kind < NWI_ORDER_KIND_COUNT);
	assert(nwi_order_bytes(options->class_count) > 0);
	memset(memory, 0, nwi_order_bytes(options->class_count));
	order->kind = options->kind;
	order->class_count = options->class_count;
	order->alpha_idx = options->alpha_idx % NWI_ORDER_ALPHA_COUNT;
	order->ranks = (uint32_t *)(order->classes + options->class_count);
	nwi_prng_init(&order->prng, options->seed);
	for (uint32_t i = 0; i < options->class_count; i++) {
		order->classes[i].weight = options->weights ? options->weights[i] : 1;
		assert(order->classes[i].weight > 0);
		order->weight_sum += order->classes[i].weight;
	}
	rank_classes(order);
	return order;
}

/* Whether a goes before b. */
static bool is_before(const struct nwi_order_item *a, const struct nwi_order_item *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	if (a->path != b->path)
		return a->path > b->path;
	return a->put_idx < b->put_idx;
}

/* Two heaps, NULL allowed, into one; neither root has a sibling. */
static struct nwi_order_item *meld(struct nwi_order_item *a, struct nwi_order_item *b)
{
	struct nwi_order_item *first, *second;

	if (!a || !b)
		return a ? a : b;
	first = is_before(a, b) ? a : b;
	second = first == a ? b : a;
	second->next = first->child;
	first->child = second;
	return first;
}

/* Pairs from left to right, then all into one from right to left. Without recursion: n may be
 * large. */
static struct nwi_order_item *meld_siblings(struct nwi_order_item *sibling)
{
	struct nwi_order_item *pairs = NULL, *root = NULL;

	while (sibling) {
		struct nwi_order_item *a = sibling, *b = a->next;

		sibling = b ? b->next : NULL;
		a->next = NULL;
		if (b)
			b->next = NULL;
		a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct nwi_order_item *pair = pairs;

		pairs = pair->next;
		pair->next = NULL;
		root = meld(root, pair);
	}
	return root;
}

static struct nwi_order_item *pop_root(struct nwi_order *order)
{
	struct nwi_order_item *item = order->root;

	order->root = meld_siblings(item->child);
	item->child = NULL;
	return item;
}

static struct nwi_order_item *get_by_priority(struct nwi_order *order, nwi_order_fits_fn *fits,
					      void *arg)
{
	struct nwi_order_item *passed = NULL, *item = NULL;

	while (order->root) {
		item = pop_root(order);
		if (!fits || fits(item, arg))
			break;
		item->next = passed;
		passed = item;
		item = NULL;
	}
	while (passed) {
		struct nwi_order_item *back = passed;

		passed = back->next;
		back->next = NULL;
		order->root = meld(order->root, back);
	}
	return item;
}

static void append(struct class *class, struct nwi_order_item *item)
{
	if (class->last)
		class->last->next = item;
	else
		class->first = item;
	class->last = item;
}

/* Takes what follows `before`; NULL: the first. */
static struct nwi_order_item *take_after(struct class *class, struct nwi_order_item *before)
{
	struct nwi_order_item *item = before ? before->next : class->first;

	if (before)
		before->next = item->next;
	else
		class->first = item->next;
	if (class->last == item)
		class->last = before;
	item->next = NULL;
	return item;
}

static struct nwi_order_item *get_first(struct class *class, nwi_order_fits_fn *fits, void *arg)
{
	struct nwi_order_item *before = NULL;

	for (struct nwi_order_item *item = class->first; item; item = item->next) {
		if (!fits || fits(item, arg))
			return take_after(class, before);
		before = item;
	}
	return NULL;
}

/* Which classes are ready; returns how many. */
static uint32_t find_ready(struct nwi_order *order, nwi_order_fits_fn *fits, void *arg)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < order->class_count; i++) {
		struct class *class = &order->classes[i];

		class->is_ready = class->first && (!fits || fits(class->first, arg));
		count += class->is_ready;
	}
	return count;
}

/* 0..n-1, each exactly as likely: draws from the incomplete last run of n are drawn again. */
static uint64_t draw_below(struct nwi_prng *prng, uint64_t n)
{
	uint64_t incomplete = (0 - n) % n, draw; /* 2^64 mod n */

	do {
		draw = nwi_prng_next(prng);
	} while (draw < incomplete);
	return draw % n;
}

static uint32_t choose_lottery(struct nwi_order *order)
{
	uint64_t sum = 0, draw;
	uint32_t i = 0;

	for (uint32_t j = 0; j < order->class_count; j++)
		sum += order->classes[j].is_ready ? order->classes[j].weight : 0;
	assert(sum > 0);
	draw = draw_below(&order->prng, sum);
	for (;; i++) {
		if (!order->classes[i].is_ready)
			continue;
		if (draw < order->classes[i].weight)
			return i;
		draw -= order->classes[i].weight;
	}
}

static uint32_t bits_of(nwi_u128 n)
{
	uint64_t high = (uint64_t)(n >> 64), low = (uint64_t)n;

	if (high > 0)
		return 65 + nwi_ilog2(high);
	return low > 0 ? 1 + nwi_ilog2(low) : 0;
}

/* Floor of the square root, n < 2^126: Newton from a power of two above it. */
static uint64_t root_of(nwi_u128 n)
{
	uint64_t guess, next = UINT64_C(1) << (bits_of(n) + 1) / 2;

	if (n == 0)
		return 0;
	do {
		guess = next;
		next = (uint64_t)((guess + n / guess) / 2);
	} while (next < guess);
	return guess;
}

/* floor(k * alpha), exact for k < 2^61. */
static uint64_t beatty(uint64_t k, uint32_t alpha_idx)
{
	uint64_t root = root_of((nwi_u128)k * k * alphas[alpha_idx].root);

	return (uint64_t)(((nwi_u128)k * alphas[alpha_idx].add + root) / alphas[alpha_idx].divisor);
}

static uint32_t choose_beatty(struct nwi_order *order, uint32_t ready_count)
{
	uint64_t rank = beatty(order->slot, order->alpha_idx) % ready_count;
	uint32_t at = 0;

	order->slot = (order->slot + 1) & ((UINT64_C(1) << 61) - 1);
	for (;; at++) {
		if (!order->classes[order->ranks[at]].is_ready)
			continue;
		if (rank-- == 0)
			return order->ranks[at];
	}
}

/* After how many more slots the lag would reach the sum of the weights. */
static uint64_t deadline_of(const struct nwi_order *order, const struct class *class)
{
	uint64_t left = (uint64_t)((int64_t)order->weight_sum - class->lag);

	return (left + class->weight - 1) / class->weight;
}

/* The class that owns the next slot, ready or not. */
static uint32_t own_slot(struct nwi_order *order)
{
	uint64_t best = UINT64_MAX;
	uint32_t owner = 0;

	for (uint32_t i = 0; i < order->class_count; i++) {
		struct class *class = &order->classes[i];

		class->lag += class->weight;
		if (class->lag <= 0 || deadline_of(order, class) >= best)
			continue;
		best = deadline_of(order, class);
		owner = i;
	}
	order->classes[owner].lag -= (int64_t)order->weight_sum;
	return owner;
}

/* The ready class that gets a slot whose owner is not: smooth weighted turns. */
static uint32_t lend_slot(struct nwi_order *order)
{
	uint32_t best = order->class_count;
	int64_t sum = 0;

	for (uint32_t i = 0; i < order->class_count; i++) {
		struct class *class = &order->classes[i];

		if (!class->is_ready)
			continue;
		class->lent += class->weight;
		sum += class->weight;
		if (best == order->class_count || class->lent > order->classes[best].lent)
			best = i;
	}
	order->classes[best].lent -= sum;
	return best;
}

static uint32_t choose_sturmian(struct nwi_order *order)
{
	uint32_t owner = own_slot(order);

	return order->classes[owner].is_ready ? owner : lend_slot(order);
}

static struct nwi_order_item *get_by_class(struct nwi_order *order, nwi_order_fits_fn *fits,
					   void *arg)
{
	uint32_t ready_count = find_ready(order, fits, arg), chosen;

	if (ready_count == 0)
		return NULL;
	if (order->kind == NWI_ORDER_LOTTERY)
		chosen = choose_lottery(order);
	else if (order->kind == NWI_ORDER_BEATTY)
		chosen = choose_beatty(order, ready_count);
	else
		chosen = choose_sturmian(order);
	return take_after(&order->classes[chosen], NULL);
}

void nwi_order_put(struct nwi_order *order, struct nwi_order_item *item)
{
	item->put_idx = order->put_count++;
	item->next = NULL;
	item->child = NULL;
	order->count++;
	if (order->kind == NWI_ORDER_PRIORITY) {
		order->root = meld(order->root, item);
	} else if (order->kind == NWI_ORDER_FIFO) {
		append(&order->classes[0], item);
	} else {
		assert(item->class_idx < order->class_count);
		append(&order->classes[item->class_idx], item);
	}
}

struct nwi_order_item *nwi_order_get(struct nwi_order *order, nwi_order_fits_fn *fits, void *arg)
{
	struct nwi_order_item *item;

	if (order->count == 0)
		return NULL;
	if (order->kind == NWI_ORDER_PRIORITY)
		item = get_by_priority(order, fits, arg);
	else if (order->kind == NWI_ORDER_FIFO)
		item = get_first(&order->classes[0], fits, arg);
	else
		item = get_by_class(order, fits, arg);
	order->count -= item != NULL;
	return item;
}

uint64_t nwi_order_count(const struct nwi_order *order)
{
	return order->count;
}

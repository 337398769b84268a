/* SPDX-License-Identifier: MIT */
/*
 * In which order ready tasks are dispatched: five orders behind one step interface.
 *
 * Pure data structures: no thread, no lock, no clock, no allocation. Items are embedded in the
 * caller's tasks; one that is inside belongs to the order until nwi_order_get() returns it. Each
 * nwi_order_get() that returns an item is one *slot*.
 *
 * | order    | next is                                                        | of equals     |
 * |----------|----------------------------------------------------------------|---------------|
 * | priority | highest priority, then longest path to the end (a heap)        | first put     |
 * | fifo     | first put                                                      |               |
 * | lottery  | a class drawn with its weight (seeded), its first put          |               |
 * | beatty   | class floor(k * alpha) mod n of the n ready ones by weight     | lower class   |
 * | sturmian | the class whose slot it is: proportional share                 | lower class   |
 *
 * Classes share the slots by their weights. A class is who shares (a graph, a user, a band of
 * priorities); within a class, first put is first got. priority and fifo do not look at classes.
 *
 * lottery: each draw is exact, without the bias of a modulo, so the share of a class that is always
 * ready beside the same others is exactly its weight's in expectation; after s slots the deviation
 * is about sqrt(s * share * (1 - share)).
 *
 * beatty, with an alpha for each node, is kept to compare. floor(k * alpha) mod n for an irrational
 * alpha visits all n ranks equally often, so the weights decide only *when* a class has its turns:
 * every ready class gets 1/n, whatever its weight, and another alpha gives another order of the
 * same shares. floor() is exact here, so the sequence has no period (an alpha rounded to 16 bits
 * has one).
 *
 * sturmian: for two classes it is the Sturmian (Bresenham) word of the weights. Their words do not
 * fit together for three or more; the earliest deadline among those whose turn may have come does:
 * after every slot each class has had its share to within less than one slot, as long as all are
 * ready. A slot whose class is not ready is lent to a ready one, by smooth weighted turns, and not
 * repaid: so a class that is always ready never falls a whole slot behind its share, whatever the
 * others do, and one that was not ready cannot claim what it let pass.
 *
 * Reference: S. Baruah, N. Cohen, C. Plaxton, D. Varvel, "Proportionate progress", Algorithmica
 * 1996; C. Waldspurger, W. Weihl, "Lottery scheduling", OSDI 1994.
 *
 * Invariant: what was put and not yet got is inside exactly once; the sum of the lags is 0.
 */
#ifndef NWI_SCHED_ORDER_H
#define NWI_SCHED_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nwi_order_kind {
	NWI_ORDER_PRIORITY,
	NWI_ORDER_FIFO,
	NWI_ORDER_LOTTERY,
	NWI_ORDER_BEATTY,
	NWI_ORDER_STURMIAN,
	NWI_ORDER_KIND_COUNT
};

enum {
	NWI_ORDER_CLASSES_MAX = 1024,
	NWI_ORDER_ALPHA_COUNT = 4, /* golden ratio, sqrt 2, sqrt 3, sqrt 5 */
};

struct nwi_order_options {
	enum nwi_order_kind kind;
	uint32_t class_count;    /* 1..NWI_ORDER_CLASSES_MAX */
	const uint32_t *weights; /* [class_count], each 1..UINT32_MAX; copied; NULL: all alike */
	uint64_t seed;           /* of lottery */
	uint32_t alpha_idx;      /* of beatty: the node's; modulo NWI_ORDER_ALPHA_COUNT */
};

/* Embedded in a task. The caller sets the first three before each put, and leaves the rest alone.
 */
struct nwi_order_item {
	uint64_t path;      /* priority: the longest way from here to the end, in any one unit */
	int32_t priority;   /* priority: higher first */
	uint32_t class_idx; /* lottery, beatty, sturmian: 0..class_count-1 */

	uint64_t put_idx; /* the order's: which put it was */
	struct nwi_order_item *next, *child;
};

/* Opaque but to order.c; in the caller's memory. */
struct nwi_order;

/* "priority", "fifo", "lottery", "beatty", "sturmian"; NULL for others. And back. */
const char *nwi_order_name(enum nwi_order_kind kind);
bool nwi_order_by_name(const char *name, enum nwi_order_kind *ret_kind);

/* Bytes of an order, aligned as for any object; 0: class_count is out of range. */
size_t nwi_order_bytes(uint32_t class_count);

/* Make an empty order in `memory`, nwi_order_bytes() long and zeroed. Nothing to release. */
struct nwi_order *nwi_order_init(void *memory, const struct nwi_order_options *options);

/* Put an item that is not inside. O(1). */
void nwi_order_put(struct nwi_order *order, struct nwi_order_item *item);

/* Whether an item may go now (its resources are free). Must not touch the order. */
typedef bool nwi_order_fits_fn(const struct nwi_order_item *item, void *arg);

/*
 * Take the next item of those that fit; NULL: none. fits NULL: all do.
 *
 * priority passes over what does not fit, fifo too; the orders by class look at the first item of
 * each class only, and a class whose first does not fit counts as not ready. What was passed over
 * keeps its place. It is up to the caller that passed-over items are not passed over for ever.
 *
 * Cost: priority O(log n) amortised for each item looked at, fifo O(1) for each; else
 * O(class_count).
 */
struct nwi_order_item *nwi_order_get(struct nwi_order *order, nwi_order_fits_fn *fits, void *arg);

/* How many items are inside. */
uint64_t nwi_order_count(const struct nwi_order *order);

/* ---- fairness, for reports and tests ---- */

/*
 * Jain's index of shares got[i] / weights[i]: 1 when all are alike, 1/n when one has all. weights
 * NULL: all 1. Nothing got by anyone: 1. count 1.., weights >= 1. A report's number: floating
 * point.
 */
double nwi_order_jain(const uint64_t *got, const uint32_t *weights, uint32_t count);

/*
 * The largest distance of any got[i] from its share of their sum, in slots, rounded down to 1/1024
 * slot and returned in 1/1024 slots. Exact: |got[i] * sum(weights) - sum(got) * weights[i]| /
 * sum(weights).
 */
uint64_t nwi_order_deviation_1024(const uint64_t *got, const uint32_t *weights, uint32_t count);

#endif /* NWI_SCHED_ORDER_H */

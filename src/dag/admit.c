/* SPDX-License-Identifier: MIT */
/* What fits where, and who may not be passed any more: see the header. */
#include "dag/admit.h"

#include "base/diag.h"
#include "os/heap.h"
#include "sched/load.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

/* One look through the order. */
struct scan {
	struct nwi_admit *admit;
	uint64_t now_ns;
	struct nwi_ticket *passed;     /* those that did not fit, to be counted if another starts */
	const struct nwi_ticket *only; /* nobody else may start; NULL: all may */
	bool is_barred;                /* a barrier to all was met */
};

/* ---- ledgers ---- */

static bool fits(const struct nwi_ledger *ledger, const struct nw_resource *need)
{
	return nw_resource_fits(need, &ledger->free);
}

static void take(struct nwi_ledger *ledger, const struct nw_resource *need)
{
	bool is_taken = nw_resource_try_sub(&ledger->free, need);

	assert(is_taken);
	(void)is_taken;
	for (uint32_t d = 0; d < NW_RESOURCE_DIM_COUNT; d++)
		if (ledger->least.amount[d] > ledger->free.amount[d])
			ledger->least.amount[d] = ledger->free.amount[d];
}

static void give(struct nwi_ledger *ledger, const struct nw_resource *need)
{
	bool is_given = nw_resource_try_add(&ledger->free, need);

	assert(is_given && nw_resource_fits(&ledger->free, &ledger->capacity));
	(void)is_given;
}

static struct nwi_ledger ledger_of(const struct nw_resource *capacity)
{
	return (struct nwi_ledger){ .capacity = *capacity, .free = *capacity, .least = *capacity };
}

static void update_share(struct nwi_ledger *ledger)
{
	ledger->share = 0;
	for (uint32_t d = 0; d < NW_RESOURCE_DIM_COUNT; d++) {
		uint64_t capacity = ledger->capacity.amount[d];
		int64_t share = nwi_load_share(capacity - ledger->free.amount[d], capacity);

		if (ledger->share < share)
			ledger->share = share;
	}
}

static struct nw_resource sum_of(const struct nw_resource *capacity, uint32_t count)
{
	struct nw_resource sum = { 0 };

	for (uint32_t i = 0; i < count; i++)
		nw_resource_add_capped(&sum, &capacity[i]);
	return sum;
}

/* ---- what it is made of ---- */

int nwi_admit_init(struct nwi_admit *admit, const struct nwi_admit_options *options)
{
	uint32_t class_count = options->order.class_count;
	void *order = nwi_heap_alloc(nwi_order_bytes(class_count));
	struct nw_resource machine;

	*admit = (struct nwi_admit){
		.node_count = options->node_count,
		.class_count = class_count,
		.running_max = options->running_max > 0 ? options->running_max : UINT32_MAX,
		.pass_max = options->pass_max,
		.is_by_class = options->order.kind != NWI_ORDER_PRIORITY &&
			       options->order.kind != NWI_ORDER_FIFO,
		.nodes = nwi_heap_alloc_array(options->node_count, sizeof(*admit->nodes)),
		.classes = nwi_heap_alloc_array(class_count, sizeof(*admit->classes)),
		.order = order,
	};
	if (!order || !admit->nodes || !admit->classes) {
		nwi_admit_fini(admit);
		return -ENOMEM;
	}
	admit->order = nwi_order_init(order, &options->order);
	machine = options->machine ? *options->machine
				   : sum_of(options->capacity, options->node_count);
	admit->machine = ledger_of(&machine);
	for (uint32_t i = 0; i < options->node_count; i++)
		admit->nodes[i] = ledger_of(&options->capacity[i]);
	for (uint32_t i = 0; i < class_count; i++)
		nwi_admit_limit_class(admit, i, NULL, nwi_tokens_of(0, 0));
	return 0;
}

void nwi_admit_fini(struct nwi_admit *admit)
{
	nwi_heap_free(admit->nodes);
	nwi_heap_free(admit->classes);
	nwi_heap_free(admit->order);
}

void nwi_admit_limit_class(struct nwi_admit *admit, uint32_t class_idx,
			   const struct nw_resource *quota, struct nwi_tokens bucket)
{
	admit->classes[class_idx] = (struct nwi_class){
		.quota = ledger_of(quota ? quota : &admit->machine.capacity),
		.bucket = bucket,
	};
}

/* ---- what can never be ---- */

/* The first dimension in which the need is more than the whole capacity; COUNT: none. */
static uint32_t lacking_dimension(const struct nw_resource *need,
				  const struct nw_resource *capacity)
{
	for (uint32_t d = 0; d < NW_RESOURCE_DIM_COUNT; d++)
		if (need->amount[d] > capacity->amount[d])
			return d;
	return NW_RESOURCE_DIM_COUNT;
}

static bool explain(const char *name, const struct nwi_ticket *ticket,
		    const struct nw_resource *capacity, const char *of, struct nw_diag *reterr_diag)
{
	uint32_t d = lacking_dimension(&ticket->need, capacity);

	if (d == NW_RESOURCE_DIM_COUNT)
		return true;
	nwi_diag_set(reterr_diag,
		     "task \"%.100s\" needs %s %" PRIu64 " %s, but %s has %" PRIu64
		     ": it can never start",
		     name, nw_resource_name(d), ticket->need.amount[d], nw_resource_unit(d), of,
		     capacity->amount[d]);
	return false;
}

static bool some_node_fits_ever(const struct nwi_admit *admit, const struct nwi_ticket *ticket)
{
	for (uint32_t i = 0; i < admit->node_count; i++)
		if (lacking_dimension(&ticket->need, &admit->nodes[i].capacity) ==
		    NW_RESOURCE_DIM_COUNT)
			return true;
	return false;
}

/* Most of each dimension that any node has; a need beyond that fits on none. */
static struct nw_resource largest_node(const struct nwi_admit *admit)
{
	struct nw_resource most = { 0 };

	for (uint32_t i = 0; i < admit->node_count; i++)
		for (uint32_t d = 0; d < NW_RESOURCE_DIM_COUNT; d++)
			if (most.amount[d] < admit->nodes[i].capacity.amount[d])
				most.amount[d] = admit->nodes[i].capacity.amount[d];
	return most;
}

bool nwi_admit_fits_ever(const struct nwi_admit *admit, const struct nwi_ticket *ticket,
			 const char *name, struct nw_diag *reterr_diag)
{
	const struct nwi_class *class = &admit->classes[ticket->item.class_idx];
	struct nw_resource most = largest_node(admit);

	if (!explain(name, ticket, &admit->machine.capacity, "the machine", reterr_diag) ||
	    !explain(name, ticket, &class->quota.capacity, "the quota", reterr_diag))
		return false;
	if (ticket->has_node && ticket->is_strict)
		return explain(name, ticket, &admit->nodes[ticket->node_idx].capacity, "its node",
			       reterr_diag);
	if (!explain(name, ticket, &most, "the largest node", reterr_diag))
		return false;
	if (some_node_fits_ever(admit, ticket))
		return true;
	nwi_diag_set(reterr_diag,
		     "task \"%.100s\": no node has all it needs at once: it can never start", name);
	return false;
}

/* ---- what may start ---- */

void nwi_admit_put(struct nwi_admit *admit, struct nwi_ticket *ticket)
{
	assert(!ticket->is_inside);
	ticket->is_inside = true;
	ticket->is_dead = false;
	ticket->pass_count = 0;
	for (uint32_t d = 0; d < NW_RESOURCE_DIM_COUNT; d++)
		if (admit->inside_count == 0 || admit->floor.amount[d] > ticket->need.amount[d])
			admit->floor.amount[d] = ticket->need.amount[d];
	admit->inside_count++;
	admit->is_exhausted = false;
	nwi_order_put(admit->order, &ticket->item);
}

/* The preferred node if it fits; else, where any will do, the least used of those that fit. */
static bool find_node(const struct nwi_admit *admit, const struct nwi_ticket *ticket,
		      uint32_t *ret_node_idx)
{
	uint32_t best = UINT32_MAX;

	if (ticket->has_node && fits(&admit->nodes[ticket->node_idx], &ticket->need)) {
		*ret_node_idx = ticket->node_idx;
		return true;
	}
	if (ticket->has_node && ticket->is_strict)
		return false;
	for (uint32_t i = 0; i < admit->node_count; i++)
		if (fits(&admit->nodes[i], &ticket->need) &&
		    (best == UINT32_MAX || admit->nodes[i].share < admit->nodes[best].share))
			best = i;
	*ret_node_idx = best;
	return best != UINT32_MAX;
}

/* The bucket is asked once a scan and class. */
static bool has_token(struct scan *scan, struct nwi_class *class)
{
	struct nwi_admit *admit = scan->admit;

	if (class->bucket.per_s == 0)
		return true;
	if (class->token_scan != admit->scan) {
		class->token_scan = admit->scan;
		class->token_ns = nwi_tokens_ready_ns(&class->bucket, scan->now_ns);
	}
	if (class->token_ns <= scan->now_ns)
		return true;
	if (admit->token_ns > class->token_ns)
		admit->token_ns = class->token_ns;
	return false;
}

static void note_passed(struct scan *scan, struct nwi_ticket *ticket)
{
	ticket->passed_next = scan->passed;
	scan->passed = ticket;
}

/* What nwi_order_get() asks about each ticket it comes to, in the order of dispatch. */
static bool may_start(const struct nwi_order_item *item, void *arg)
{
	struct scan *scan = arg;
	struct nwi_admit *admit = scan->admit;
	struct nwi_ticket *ticket = (struct nwi_ticket *)item; /* ours: we put it */
	struct nwi_class *class = &admit->classes[item->class_idx];
	uint32_t node_idx;

	if (ticket->is_dead)
		return true;
	if (scan->is_barred || (scan->only && scan->only != ticket))
		return false;
	if (class->barrier_scan == admit->scan || !has_token(scan, class))
		return false;
	if (!fits(&class->quota, &ticket->need)) {
		if (ticket->pass_count >= admit->pass_max)
			class->barrier_scan = admit->scan;
		note_passed(scan, ticket);
		return false;
	}
	if (fits(&admit->machine, &ticket->need) && find_node(admit, ticket, &node_idx))
		return true;
	if (ticket->pass_count >= admit->pass_max) {
		scan->is_barred = true;
		admit->barrier = ticket;
	}
	note_passed(scan, ticket);
	return false;
}

/*
 * The orders by class ask about every class before they choose one, so the barrier of the last scan
 * must be known before this one begins: then only it may start. The others ask in order, and what
 * goes before the barrier may go.
 */
static const struct nwi_ticket *only_barrier(struct scan *scan)
{
	const struct nwi_admit *admit = scan->admit;
	const struct nwi_ticket *barrier = admit->barrier;

	if (!barrier || !admit->is_by_class || barrier->is_dead)
		return NULL;
	return has_token(scan, &admit->classes[barrier->item.class_idx]) ? barrier : NULL;
}

/* Takes what the ticket needs; returns its node. */
static uint32_t start(struct scan *scan, struct nwi_ticket *ticket)
{
	struct nwi_admit *admit = scan->admit;
	struct nwi_class *class = &admit->classes[ticket->item.class_idx];
	uint32_t node_idx;

	(void)find_node(admit, ticket, &node_idx); /* it does: may_start() said so */
	take(&admit->nodes[node_idx], &ticket->need);
	take(&admit->machine, &ticket->need);
	take(&class->quota, &ticket->need);
	nwi_tokens_take(&class->bucket);
	if (admit->node_count > 1)
		update_share(&admit->nodes[node_idx]);
	admit->running_count++;
	for (struct nwi_ticket *t = scan->passed; t; t = t->passed_next)
		t->pass_count++;
	return node_idx;
}

/* Not even the smallest need of each dimension is free, or nothing changed since none fitted. */
static bool is_hopeless(const struct nwi_admit *admit, uint64_t now_ns)
{
	if (admit->inside_count == 0)
		return true;
	if (admit->dead_count > 0)
		return false;
	return admit->running_count >= admit->running_max ||
	       (admit->is_exhausted && now_ns < admit->token_ns) ||
	       !fits(&admit->machine, &admit->floor);
}

struct nwi_ticket *nwi_admit_get(struct nwi_admit *admit, uint64_t now_ns, uint32_t *ret_node_idx)
{
	struct scan scan = { .admit = admit, .now_ns = now_ns };
	struct nwi_ticket *ticket;

	if (is_hopeless(admit, now_ns))
		return NULL;
	admit->scan++;
	admit->token_ns = UINT64_MAX;
	admit->is_exhausted = false;
	scan.is_barred = admit->running_count >= admit->running_max;
	scan.only = only_barrier(&scan);
	ticket = (struct nwi_ticket *)nwi_order_get(admit->order, may_start, &scan);
	if (!ticket) {
		admit->is_exhausted = true;
		return NULL;
	}
	ticket->is_inside = false;
	admit->inside_count--;
	if (admit->barrier == ticket)
		admit->barrier = NULL;
	if (ticket->is_dead) {
		admit->dead_count--;
		return ticket;
	}
	*ret_node_idx = start(&scan, ticket);
	return ticket;
}

void nwi_admit_give(struct nwi_admit *admit, const struct nwi_ticket *ticket, uint32_t node_idx)
{
	give(&admit->nodes[node_idx], &ticket->need);
	give(&admit->machine, &ticket->need);
	give(&admit->classes[ticket->item.class_idx].quota, &ticket->need);
	if (admit->node_count > 1)
		update_share(&admit->nodes[node_idx]);
	admit->running_count--;
	admit->is_exhausted = false;
}

void nwi_admit_revoke(struct nwi_admit *admit, struct nwi_ticket *ticket)
{
	assert(ticket->is_inside && !ticket->is_dead);
	ticket->is_dead = true;
	admit->dead_count++;
	admit->is_exhausted = false;
}

struct nwi_ticket *nwi_admit_drain(struct nwi_admit *admit)
{
	struct nwi_ticket *ticket = (struct nwi_ticket *)nwi_order_get(admit->order, NULL, NULL);

	if (!ticket)
		return NULL;
	ticket->is_inside = false;
	admit->inside_count--;
	return ticket;
}

uint64_t nwi_admit_token_ns(const struct nwi_admit *admit)
{
	return admit->is_exhausted ? admit->token_ns : UINT64_MAX;
}

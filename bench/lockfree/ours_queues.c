/* SPDX-License-Identifier: MIT */
/* Our rings, queues, stack, deque and counters as subjects. All that a push allocates, a link of
 * a queue or of a stack, is counted: it comes from the thread's slab and goes home again. */
#include "lockfree.h"

#include <nw/counter.h>
#include <nw/deque.h>
#include <nw/hazard.h>
#include <nw/mpmc.h>
#include <nw/mpsc.h>
#include <nw/queue.h>
#include <nw/ring.h>
#include <nw/stack.h>

static void *create_ring(void)
{
	struct nw_ring *ring;

	return nw_ring_create(&ring, LF_SLOTS, NW_NODE_ANY) < 0 ? NULL : ring;
}

static void destroy_ring(void *shared)
{
	nw_ring_destroy(shared);
}

#define ring_push       nw_ring_push
#define ring_pop        nw_ring_pop
#define ring_push_burst nw_ring_push_burst
#define ring_pop_burst  nw_ring_pop_burst
LF_PAIRS(ring, struct nw_ring)
LF_STREAM(ring, struct nw_ring)
LF_BATCHES(ring, struct nw_ring)

static void *create_mpsc(void)
{
	struct nw_mpsc *mpsc;

	return nw_mpsc_create(&mpsc, LF_SLOTS, sizeof(void *), NW_NODE_ANY) < 0 ? NULL : mpsc;
}

static void destroy_mpsc(void *shared)
{
	nw_mpsc_destroy(shared);
}

static bool mpsc_push(struct nw_mpsc *mpsc, void *item)
{
	return nw_mpsc_push(mpsc, &item);
}

#define mpsc_pop        nw_mpsc_pop
#define mpsc_push_burst nw_mpsc_push_burst
#define mpsc_pop_burst  nw_mpsc_pop_burst
LF_PAIRS(mpsc, struct nw_mpsc)
LF_STREAM(mpsc, struct nw_mpsc)
LF_BATCHES(mpsc, struct nw_mpsc)

/* A thread of the bounded queue, on lines of its own. */
struct mpmc {
	struct nw_mpmc_producer producer;
	struct nw_mpmc *shared;
	char pad[NW_CACHE_PAIR];
};

static void *create_mpmc(void)
{
	struct nw_mpmc *mpmc;

	if (nw_mpmc_create(&mpmc, LF_SLOTS, LF_THREADS_MAX, NW_NODE_ANY) < 0)
		return NULL;
	return mpmc;
}

static void destroy_mpmc(void *shared)
{
	nw_mpmc_destroy(shared);
}

static void *join_mpmc(void *shared, uint32_t thread_idx, uint64_t push_count)
{
	struct mpmc *h = calloc(1, sizeof(*h));

	(void)thread_idx;
	(void)push_count;
	if (!h)
		return NULL;
	h->shared = shared;
	if (nw_mpmc_register(&h->producer, shared) < 0) {
		free(h);
		return NULL;
	}
	return h;
}

static void leave_mpmc(void *handle)
{
	struct mpmc *h = handle;

	nw_mpmc_unregister(&h->producer);
	free(h);
}

static bool mpmc_push(struct mpmc *h, void *item)
{
	return nw_mpmc_push(&h->producer, item);
}

static bool mpmc_pop(struct mpmc *h, void **ret_item)
{
	return nw_mpmc_pop(h->shared, ret_item);
}

static uint32_t mpmc_push_burst(struct mpmc *h, void *const *items, uint32_t item_count)
{
	return nw_mpmc_push_burst(&h->producer, items, item_count);
}

static uint32_t mpmc_pop_burst(struct mpmc *h, void **ret_items, uint32_t item_count)
{
	return nw_mpmc_pop_burst(h->shared, ret_items, item_count);
}

LF_PAIRS(mpmc, struct mpmc)
LF_STREAM(mpmc, struct mpmc)
LF_BATCHES(mpmc, struct mpmc)

/* A structure over a hazard domain of its own, and a thread's part in both. */
struct over_hazard {
	struct nw_hazard *domain;
	struct nw_hazard_thread *owner; /* the creating thread's */
	struct nw_queue *queue;
	struct nw_stack *stack;
	struct nw_deque *deque;
};

struct member {
	struct nw_hazard_thread *thread;
	struct nw_queue_handle *queue;
	struct nw_stack_handle *stack;
	struct nw_deque *deque;
};

static void destroy_over_hazard(void *arg)
{
	struct over_hazard *shared = arg;

	if (shared->queue)
		nw_queue_destroy(shared->queue, shared->owner);
	if (shared->stack)
		nw_stack_destroy(shared->stack, shared->owner);
	nw_deque_destroy(shared->deque);
	if (shared->owner)
		nw_hazard_unregister(shared->owner);
	nw_hazard_destroy(shared->domain);
	free(shared);
}

static struct over_hazard *create_over_hazard(void)
{
	struct over_hazard *shared = calloc(1, sizeof(*shared));

	if (!shared)
		return NULL;
	if (nw_hazard_create(&shared->domain, NW_NODE_ANY, NULL) == 0 &&
	    nw_hazard_register(&shared->owner, shared->domain) == 0)
		return shared;
	destroy_over_hazard(shared);
	return NULL;
}

static void *create_queue(void)
{
	struct over_hazard *shared = create_over_hazard();

	if (shared && nw_queue_create(&shared->queue, shared->domain, NW_NODE_ANY) == 0)
		return shared;
	if (shared)
		destroy_over_hazard(shared);
	return NULL;
}

static void *create_stack(void)
{
	struct over_hazard *shared = create_over_hazard();

	if (shared && nw_stack_create(&shared->stack, shared->domain, NW_NODE_ANY) == 0)
		return shared;
	if (shared)
		destroy_over_hazard(shared);
	return NULL;
}

static void *create_deque(void)
{
	struct over_hazard *shared = create_over_hazard();

	if (shared && nw_deque_create(&shared->deque, NW_NODE_ANY, LF_SLOTS, LF_SLOTS) == 0)
		return shared;
	if (shared)
		destroy_over_hazard(shared);
	return NULL;
}

static void leave(void *handle)
{
	struct member *h = handle;

	nw_queue_unregister(h->queue);
	nw_stack_unregister(h->stack);
	if (h->thread)
		nw_hazard_unregister(h->thread);
	free(h);
}

static void *join(void *arg, uint32_t thread_idx, uint64_t push_count)
{
	struct over_hazard *shared = arg;
	struct member *h = calloc(1, sizeof(*h));
	int rc;

	(void)thread_idx;
	(void)push_count;
	if (!h)
		return NULL;
	h->deque = shared->deque;
	rc = nw_hazard_register(&h->thread, shared->domain);
	if (rc == 0 && shared->queue)
		rc = nw_queue_register(&h->queue, shared->queue, h->thread);
	if (rc == 0 && shared->stack)
		rc = nw_stack_register(&h->stack, shared->stack, h->thread);
	if (rc == 0)
		return h;
	leave(h);
	return NULL;
}

static bool queue_push(struct member *h, void *item)
{
	return nw_queue_push(h->queue, item);
}

static bool queue_pop(struct member *h, void **ret_item)
{
	return nw_queue_pop(h->queue, ret_item);
}

static bool stack_push(struct member *h, void *item)
{
	return nw_stack_push(h->stack, item);
}

static bool stack_pop(struct member *h, void **ret_item)
{
	return nw_stack_pop(h->stack, ret_item);
}

static bool deque_push(struct member *h, void *item)
{
	return nw_deque_push(h->deque, h->thread, item);
}

static bool deque_pop(struct member *h, void **ret_item)
{
	return nw_deque_pop(h->deque, ret_item);
}

static bool thief_pop(struct member *h, void **ret_item)
{
	return nw_deque_steal(h->deque, h->thread, ret_item) == NW_DEQUE_STOLEN;
}

LF_PAIRS(queue, struct member)
LF_STREAM(queue, struct member)
LF_PAIRS(stack, struct member)
LF_STREAM(stack, struct member)
LF_PAIRS(deque, struct member)
LF_PRODUCE(deque, struct member)
LF_CONSUME(thief, struct member)

static void *create_counter(void)
{
	struct nw_counter *counter;
	nw_node nodes[LF_THREADS_MAX];

	for (uint32_t i = 0; i < LF_THREADS_MAX; i++)
		nodes[i] = NW_NODE_ANY;
	return nw_counter_create(&counter, 1, nodes, LF_THREADS_MAX) < 0 ? NULL : counter;
}

static void destroy_counter(void *shared)
{
	nw_counter_destroy(shared);
}

static void *join_counter(void *shared, uint32_t thread_idx, uint64_t push_count)
{
	(void)push_count;
	return nw_counter_stripe_at(shared, thread_idx);
}

static bool count(void *arg, uint64_t n)
{
	struct nw_counter_stripe *stripe = arg;

	for (uint64_t i = 0; i < n; i++) {
		nw_counter_add(stripe, 0, 1);
		nw_bench_keep(stripe);
	}
	return true;
}

const struct lf_subject lf_ours_queues[] = {
	{ .group = "spsc",
	  .name = "nw_ring",
	  .is_ours = true,
	  .create = create_ring,
	  .destroy = destroy_ring,
	  .pairs = ring_pairs,
	  .pair_batches = ring_pair_batches,
	  .produce = ring_produce,
	  .consume = ring_consume,
	  .produce_batches = ring_produce_batches,
	  .consume_batches = ring_consume_batches },
	{ .group = "mpsc",
	  .name = "nw_mpsc",
	  .is_ours = true,
	  .create = create_mpsc,
	  .destroy = destroy_mpsc,
	  .pairs = mpsc_pairs,
	  .pair_batches = mpsc_pair_batches,
	  .produce = mpsc_produce,
	  .consume = mpsc_consume,
	  .produce_batches = mpsc_produce_batches,
	  .consume_batches = mpsc_consume_batches },
	{ .group = "mpmc",
	  .name = "nw_mpmc",
	  .is_ours = true,
	  .create = create_mpmc,
	  .destroy = destroy_mpmc,
	  .join = join_mpmc,
	  .leave = leave_mpmc,
	  .pairs = mpmc_pairs,
	  .pair_batches = mpmc_pair_batches,
	  .produce = mpmc_produce,
	  .consume = mpmc_consume,
	  .produce_batches = mpmc_produce_batches,
	  .consume_batches = mpmc_consume_batches },
	{ .group = "queue",
	  .name = "nw_queue",
	  .is_ours = true,
	  .create = create_queue,
	  .destroy = destroy_over_hazard,
	  .join = join,
	  .leave = leave,
	  .pairs = queue_pairs,
	  .produce = queue_produce,
	  .consume = queue_consume },
	{ .group = "stack",
	  .name = "nw_stack",
	  .is_ours = true,
	  .create = create_stack,
	  .destroy = destroy_over_hazard,
	  .join = join,
	  .leave = leave,
	  .pairs = stack_pairs,
	  .produce = stack_produce,
	  .consume = stack_consume },
	{ .group = "deque",
	  .name = "nw_deque",
	  .is_ours = true,
	  .create = create_deque,
	  .destroy = destroy_over_hazard,
	  .join = join,
	  .leave = leave,
	  .pairs = deque_pairs,
	  .produce = deque_produce,
	  .consume = thief_consume },
	{ .group = "counter",
	  .name = "nw_counter",
	  .is_ours = true,
	  .create = create_counter,
	  .destroy = destroy_counter,
	  .join = join_counter,
	  .pairs = count },
	{ .group = NULL },
};

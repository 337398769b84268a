/* SPDX-License-Identifier: MIT */
/* Concurrency Kit as subjects. Its queue over hazard pointers runs on one thread only: with more
 * of them its caller would need an allocator of its own, and that is what would be measured. */
#include "lockfree.h"

#include <ck_epoch.h>
#include <ck_hp.h>
#include <ck_hp_fifo.h>
#include <ck_ring.h>
#include <ck_stack.h>
#include <stdalign.h>

struct ring {
	alignas(128) ck_ring_t ring;
	/* One of them stays empty. */
	ck_ring_buffer_t slots[LF_SLOTS];
};

static void *create_ring(void)
{
	struct ring *h = aligned_alloc(alignof(struct ring), sizeof(*h));

	if (!h)
		return NULL;
	memset(h, 0, sizeof(*h));
	ck_ring_init(&h->ring, LF_SLOTS);
	return h;
}

#define RING_CALLS(kind)                                                     \
	static inline bool kind##_push(struct ring *h, void *item)           \
	{                                                                    \
		return ck_ring_enqueue_##kind(&h->ring, h->slots, item);     \
	}                                                                    \
	static inline bool kind##_pop(struct ring *h, void **ret_item)       \
	{                                                                    \
		return ck_ring_dequeue_##kind(&h->ring, h->slots, ret_item); \
	}                                                                    \
	LF_PAIRS(kind, struct ring)                                          \
	LF_STREAM(kind, struct ring)

RING_CALLS(spsc)
RING_CALLS(mpsc)
RING_CALLS(mpmc)

/* A stack with a generation, so that nodes may be used again at once. It needs a wide compare-and-
 * swap, which ck has not for every machine and compiler. */
#ifdef CK_F_STACK_POP_MPMC
struct stack {
	alignas(128) ck_stack_t top;
	struct lf_pool pools[LF_THREADS_MAX];
};

struct node {
	ck_stack_entry_t entry;
	void *item;
};

struct stack_member {
	struct stack *shared;
	struct lf_pool *pool;
};

static void *create_stack(void)
{
	struct stack *h = aligned_alloc(alignof(struct stack), sizeof(*h));

	if (h)
		memset(h, 0, sizeof(*h));
	return h;
}

static void destroy_stack(void *arg)
{
	struct stack *shared = arg;

	for (uint32_t i = 0; i < LF_THREADS_MAX; i++)
		free(shared->pools[i].nodes);
	free(shared);
}

static void *join_stack(void *arg, uint32_t thread_idx, uint64_t push_count)
{
	struct stack *shared = arg;
	struct stack_member *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->shared = shared;
	h->pool = &shared->pools[thread_idx];
	if (lf_pool_ready(h->pool, push_count, sizeof(struct node)))
		return h;
	free(h);
	return NULL;
}

static inline bool stack_push(struct stack_member *h, void *item)
{
	struct node *node = lf_pool_take(h->pool, sizeof(*node));

	node->item = item;
	ck_stack_push_mpmc(&h->shared->top, &node->entry);
	return true;
}

static inline bool stack_pop(struct stack_member *h, void **ret_item)
{
	ck_stack_entry_t *entry = ck_stack_pop_mpmc(&h->shared->top);

	if (!entry)
		return false;
	*ret_item = ((struct node *)(void *)entry)->item;
	return true;
}

LF_PAIRS(stack, struct stack_member)
LF_STREAM(stack, struct stack_member)
#endif

/* Hazard pointers, and a Michael-Scott queue over them, of one thread. */
struct link {
	ck_hp_fifo_entry_t entry; /* first: what is dequeued */
	struct link *next;        /* of the free ones */
};

struct fifo {
	ck_hp_t hp;
	ck_hp_record_t record;
	void *slots[CK_HP_CACHE];
	ck_hp_fifo_t fifo;
	struct link *free;
	struct link *links;
	uint64_t object;
	void *current;
};

static _Thread_local struct fifo *fifo_here; /* ck's destructor is told nothing but the object */

static void free_link(void *arg)
{
	struct link *link = arg;

	link->next = fifo_here->free;
	fifo_here->free = link;
}

static void *create_fifo(void)
{
	struct fifo *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->links = calloc(LF_PAIR_NODES, sizeof(*h->links));
	if (!h->links) {
		free(h);
		return NULL;
	}
	for (uint32_t i = 1; i < LF_PAIR_NODES; i++) {
		h->links[i].next = h->free;
		h->free = &h->links[i];
	}
	h->current = &h->object;
	ck_hp_init(&h->hp, CK_HP_FIFO_SLOTS_COUNT, LF_SLOTS, free_link);
	ck_hp_register(&h->hp, &h->record, h->slots);
	ck_hp_fifo_init(&h->fifo, &h->links[0].entry);
	return h;
}

static void destroy_fifo(void *arg)
{
	struct fifo *h = arg;

	free(h->links);
	free(h);
}

static void *join_fifo(void *shared, uint32_t thread_idx, uint64_t push_count)
{
	(void)thread_idx;
	(void)push_count;
	fifo_here = shared;
	return shared;
}

static inline bool fifo_push(struct fifo *h, void *item)
{
	struct link *link = h->free;

	if (!link)
		return false;
	h->free = link->next;
	ck_hp_fifo_enqueue_mpmc(&h->record, &h->fifo, &link->entry, item);
	return true;
}

static inline bool fifo_pop(struct fifo *h, void **ret_item)
{
	ck_hp_fifo_entry_t *entry = ck_hp_fifo_dequeue_mpmc(&h->record, &h->fifo, ret_item);

	if (!entry)
		return false;
	ck_hp_free(&h->record, &entry->hazard, entry, entry);
	return true;
}

LF_PAIRS(fifo, struct fifo)

static bool protect(void *arg, uint64_t n)
{
	struct fifo *h = arg;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t *object;

		do {
			object = ck_pr_load_ptr(&h->current);
			ck_hp_set_fence(&h->record, 0, object);
		} while (object != ck_pr_load_ptr(&h->current));
		sum += *object;
		ck_pr_fence_release();
		ck_hp_set(&h->record, 0, NULL);
	}
	lf_keep_sum(sum);
	return true;
}

struct epoch {
	ck_epoch_t epoch;
	ck_epoch_record_t records[LF_THREADS_MAX];
	uint64_t object;
	void *current;
};

struct epoch_member {
	struct epoch *shared;
	ck_epoch_record_t *record;
};

static void *create_epoch(void)
{
	struct epoch *shared = aligned_alloc(128, (sizeof(*shared) + 127) / 128 * 128);

	if (!shared)
		return NULL;
	memset(shared, 0, sizeof(*shared));
	shared->current = &shared->object;
	ck_epoch_init(&shared->epoch);
	for (uint32_t i = 0; i < LF_THREADS_MAX; i++)
		ck_epoch_register(&shared->epoch, &shared->records[i], NULL);
	return shared;
}

static void *join_epoch(void *shared, uint32_t thread_idx, uint64_t push_count)
{
	struct epoch_member *h = calloc(1, sizeof(*h));

	(void)push_count;
	if (!h)
		return NULL;
	h->shared = shared;
	h->record = &h->shared->records[thread_idx];
	return h;
}

static bool read_sections(void *arg, uint64_t n)
{
	const struct epoch_member *h = arg;
	const struct epoch *shared = h->shared;
	ck_epoch_record_t *record = h->record;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++) {
		ck_epoch_begin(record, NULL);
		sum += *(const uint64_t *)ck_pr_load_ptr(&shared->current);
		(void)ck_epoch_end(record, NULL);
	}
	lf_keep_sum(sum);
	return true;
}

#define RING(kind)                                                                          \
	{                                                                                   \
		.group = #kind, .name = "ck_ring", .create = create_ring, .destroy = free,  \
		.pairs = kind##_pairs, .produce = kind##_produce, .consume = kind##_consume \
	}

const struct lf_subject lf_ck[] = {
	RING(spsc),
	RING(mpsc),
	RING(mpmc),
#ifdef CK_F_STACK_POP_MPMC
	{ .group = "stack",
	  .name = "ck_stack",
	  .create = create_stack,
	  .destroy = destroy_stack,
	  .join = join_stack,
	  .leave = free,
	  .pairs = stack_pairs,
	  .produce = stack_produce,
	  .consume = stack_consume },
#endif
	{ .group = "queue",
	  .name = "ck_hp_fifo",
	  .create = create_fifo,
	  .destroy = destroy_fifo,
	  .join = join_fifo,
	  .pairs = fifo_pairs },
	{ .group = "hazard",
	  .name = "ck_hp",
	  .create = create_fifo,
	  .destroy = destroy_fifo,
	  .join = join_fifo,
	  .pairs = protect },
	{ .group = "rcu_general",
	  .name = "ck_epoch",
	  .create = create_epoch,
	  .destroy = free,
	  .join = join_epoch,
	  .leave = free,
	  .pairs = read_sections },
	{ .group = NULL },
};

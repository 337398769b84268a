/* SPDX-License-Identifier: MIT */
/*
 * The baseline of every group: what one writes without thinking, a mutex around a growing ring
 * of pointers, used from both ends; and for counters, one word that all threads add to.
 */
#include "lockfree.h"

#include <pthread.h>
#include <stdatomic.h>

struct locked {
	pthread_mutex_t lock;
	uint64_t head; /* items pushed, less those popped at the back */
	uint64_t tail; /* items popped in front */
	uint64_t slot_count, slot_count_max;
	void **slots;
};

static void *create_locked(uint64_t slot_count_max)
{
	struct locked *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	pthread_mutex_init(&q->lock, NULL);
	q->slot_count = LF_SLOTS;
	q->slot_count_max = slot_count_max;
	q->slots = calloc(q->slot_count, sizeof(void *));
	if (!q->slots) {
		free(q);
		return NULL;
	}
	return q;
}

static void *create_bounded(void)
{
	return create_locked(LF_SLOTS);
}

static void *create_unbounded(void)
{
	return create_locked(UINT64_MAX);
}

static void destroy(void *shared)
{
	struct locked *q = shared;

	pthread_mutex_destroy(&q->lock);
	free(q->slots);
	free(q);
}

/* Makes room for one more; with the lock held. */
static bool grow(struct locked *q)
{
	void **slots;

	if (q->slot_count >= q->slot_count_max)
		return false;
	slots = calloc(q->slot_count * 2, sizeof(void *));
	if (!slots)
		return false;
	for (uint64_t i = q->tail; i != q->head; i++)
		slots[i & (q->slot_count * 2 - 1)] = q->slots[i & (q->slot_count - 1)];
	free(q->slots);
	q->slots = slots;
	q->slot_count *= 2;
	return true;
}

static bool fifo_push(struct locked *q, void *item)
{
	bool is_room;

	pthread_mutex_lock(&q->lock);
	is_room = q->head - q->tail < q->slot_count || grow(q);
	if (is_room)
		q->slots[q->head++ & (q->slot_count - 1)] = item;
	pthread_mutex_unlock(&q->lock);
	return is_room;
}

static bool fifo_pop(struct locked *q, void **ret_item)
{
	bool is_item;

	pthread_mutex_lock(&q->lock);
	is_item = q->head != q->tail;
	if (is_item)
		*ret_item = q->slots[q->tail++ & (q->slot_count - 1)];
	pthread_mutex_unlock(&q->lock);
	return is_item;
}

static uint32_t fifo_push_burst(struct locked *q, void *const *items, uint32_t item_count)
{
	uint32_t n = 0;

	pthread_mutex_lock(&q->lock);
	while (n < item_count && (q->head - q->tail < q->slot_count || grow(q)))
		q->slots[q->head++ & (q->slot_count - 1)] = items[n++];
	pthread_mutex_unlock(&q->lock);
	return n;
}

static uint32_t fifo_pop_burst(struct locked *q, void **ret_items, uint32_t item_count)
{
	uint32_t n = 0;

	pthread_mutex_lock(&q->lock);
	while (n < item_count && q->head != q->tail)
		ret_items[n++] = q->slots[q->tail++ & (q->slot_count - 1)];
	pthread_mutex_unlock(&q->lock);
	return n;
}

static bool lifo_push(struct locked *q, void *item)
{
	return fifo_push(q, item);
}

static bool lifo_pop(struct locked *q, void **ret_item)
{
	bool is_item;

	pthread_mutex_lock(&q->lock);
	is_item = q->head != q->tail;
	if (is_item)
		*ret_item = q->slots[--q->head & (q->slot_count - 1)];
	pthread_mutex_unlock(&q->lock);
	return is_item;
}

LF_PAIRS(fifo, struct locked)
LF_STREAM(fifo, struct locked)
LF_BATCHES(fifo, struct locked)
LF_PAIRS(lifo, struct locked)
LF_STREAM(lifo, struct locked)

static void *create_word(void)
{
	return calloc(1, sizeof(_Atomic uint64_t));
}

static bool add_to_word(void *arg, uint64_t n)
{
	_Atomic uint64_t *word = arg;

	for (uint64_t i = 0; i < n; i++)
		/* relaxed: a count publishes nothing. */
		atomic_fetch_add_explicit(word, 1, memory_order_relaxed);
	return true;
}

#define FIFO(group_name, creator)                                                                \
	{                                                                                        \
		.group = (group_name), .name = "mutex", .create = (creator), .destroy = destroy, \
		.pairs = fifo_pairs, .pair_batches = fifo_pair_batches, .produce = fifo_produce, \
		.consume = fifo_consume, .produce_batches = fifo_produce_batches,                \
		.consume_batches = fifo_consume_batches                                          \
	}

const struct lf_subject lf_mutex[] = {
	FIFO("spsc", create_bounded),
	FIFO("mpsc", create_bounded),
	FIFO("mpmc", create_bounded),
	FIFO("queue", create_unbounded),
	{ .group = "stack",
	  .name = "mutex",
	  .create = create_unbounded,
	  .destroy = destroy,
	  .pairs = lifo_pairs,
	  .produce = lifo_produce,
	  .consume = lifo_consume },
	{ .group = "deque",
	  .name = "mutex",
	  .create = create_bounded,
	  .destroy = destroy,
	  .pairs = lifo_pairs,
	  .produce = fifo_produce,
	  .consume = fifo_consume },
	{ .group = "counter",
	  .name = "one_atomic",
	  .create = create_word,
	  .destroy = free,
	  .pairs = add_to_word },
	{ .group = NULL },
};

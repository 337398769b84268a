/* SPDX-License-Identifier: MIT */
/* Userspace RCU as subjects: its general flavour (membarrier), inlined as _LGPL_SOURCE allows,
 * its queue with wait-free enqueue, its stack, its hash map. Several consumers of the queue, and
 * pops of the stack, take the mutex that it brings along. */
#define _LGPL_SOURCE
#include <urcu/urcu-memb.h>

#include <urcu/lfstack.h>
#include <urcu/rculfhash.h>
#include <urcu/wfcqueue.h>

#include "map.h"

#include <stdalign.h>

struct node {
	union {
		struct cds_wfcq_node in_queue;
		struct cds_lfs_node in_stack;
	};
	void *item;
};

struct shared {
	alignas(128) struct cds_wfcq_head head;
	alignas(128) struct cds_wfcq_tail tail;
	alignas(128) struct cds_lfs_stack stack;
	struct lf_pool pools[LF_THREADS_MAX];
};

struct member {
	struct shared *shared;
	struct lf_pool *pool;
};

static void *create(void)
{
	struct shared *shared = aligned_alloc(alignof(struct shared), sizeof(*shared));

	if (!shared)
		return NULL;
	memset(shared, 0, sizeof(*shared));
	cds_wfcq_init(&shared->head, &shared->tail);
	cds_lfs_init(&shared->stack);
	return shared;
}

static void destroy(void *arg)
{
	struct shared *shared = arg;

	cds_wfcq_destroy(&shared->head, &shared->tail);
	cds_lfs_destroy(&shared->stack);
	for (uint32_t i = 0; i < LF_THREADS_MAX; i++)
		free(shared->pools[i].nodes);
	free(shared);
}

static void *join(void *arg, uint32_t thread_idx, uint64_t push_count)
{
	struct shared *shared = arg;
	struct member *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->shared = shared;
	h->pool = &shared->pools[thread_idx];
	if (lf_pool_ready(h->pool, push_count, sizeof(struct node)))
		return h;
	free(h);
	return NULL;
}

static inline bool queue_push(struct member *h, void *item)
{
	struct node *node = lf_pool_take(h->pool, sizeof(*node));

	node->item = item;
	cds_wfcq_node_init(&node->in_queue);
	(void)cds_wfcq_enqueue(&h->shared->head, &h->shared->tail, &node->in_queue);
	return true;
}

static inline bool queue_pop(struct member *h, void **ret_item)
{
	struct cds_wfcq_node *got = cds_wfcq_dequeue_blocking(&h->shared->head, &h->shared->tail);

	if (!got)
		return false;
	*ret_item = caa_container_of(got, struct node, in_queue)->item;
	return true;
}

/* The one consumer needs no mutex. */
static inline bool single_push(struct member *h, void *item)
{
	return queue_push(h, item);
}

static inline bool single_pop(struct member *h, void **ret_item)
{
	struct cds_wfcq_node *got = __cds_wfcq_dequeue_blocking(&h->shared->head, &h->shared->tail);

	if (!got)
		return false;
	*ret_item = caa_container_of(got, struct node, in_queue)->item;
	return true;
}

static inline bool stack_push(struct member *h, void *item)
{
	struct node *node = lf_pool_take(h->pool, sizeof(*node));

	node->item = item;
	cds_lfs_node_init(&node->in_stack);
	(void)cds_lfs_push(&h->shared->stack, &node->in_stack);
	return true;
}

static inline bool stack_pop(struct member *h, void **ret_item)
{
	struct cds_lfs_node *got = cds_lfs_pop_blocking(&h->shared->stack);

	if (!got)
		return false;
	*ret_item = caa_container_of(got, struct node, in_stack)->item;
	return true;
}

LF_PAIRS(queue, struct member)
LF_STREAM(queue, struct member)
LF_PAIRS(single, struct member)
LF_STREAM(single, struct member)
LF_PAIRS(stack, struct member)
LF_STREAM(stack, struct member)

/* Readers: a pointer to read, and a map. */
struct entry {
	struct cds_lfht_node node;
	uint64_t key;
};

struct readers {
	uint64_t object;
	uint64_t *current;
	struct cds_lfht *map;
	struct entry *entries;
};

struct reader {
	struct readers *shared;
	struct entry *own; /* LF_PAIR_NODES of them */
	uint32_t thread_idx;
};

static void *create_readers(void)
{
	struct readers *shared = calloc(1, sizeof(*shared));

	if (shared)
		shared->current = &shared->object;
	return shared;
}

static void leave_reader(void *handle)
{
	struct reader *h = handle;

	urcu_memb_synchronize_rcu();
	urcu_memb_unregister_thread();
	free(h->own);
	free(h);
}

static void *join_reader(void *shared, uint32_t thread_idx, uint64_t push_count)
{
	struct reader *h = calloc(1, sizeof(*h));

	(void)push_count;
	if (!h)
		return NULL;
	h->shared = shared;
	h->thread_idx = thread_idx;
	h->own = calloc(LF_PAIR_NODES, sizeof(*h->own));
	urcu_memb_register_thread();
	if (h->own)
		return h;
	leave_reader(h);
	return NULL;
}

static bool read_sections(void *arg, uint64_t n)
{
	const struct reader *h = arg;
	const struct readers *shared = h->shared;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++) {
		urcu_memb_read_lock();
		sum += *rcu_dereference(shared->current);
		urcu_memb_read_unlock();
	}
	lf_keep_sum(sum);
	return true;
}

static int matches(struct cds_lfht_node *node, const void *key)
{
	return caa_container_of(node, struct entry, node)->key == *(const uint64_t *)key;
}

static void *create_map(void)
{
	struct readers *shared = create_readers();

	if (!shared)
		return NULL;
	shared->entries = calloc(LF_MAP_KEYS, sizeof(*shared->entries));
	/* As many buckets as keys for good: resizing happens on a thread of its own, not measured.
	 */
	shared->map = cds_lfht_new_flavor(LF_MAP_KEYS, LF_MAP_KEYS, LF_MAP_KEYS, 0,
					  &urcu_memb_flavor, NULL);
	if (!shared->entries || !shared->map)
		return NULL;
	urcu_memb_register_thread();
	urcu_memb_read_lock();
	for (uint64_t key = 0; key < LF_MAP_KEYS; key++) {
		shared->entries[key].key = key;
		cds_lfht_add(shared->map, lf_map_hash(key), &shared->entries[key].node);
	}
	urcu_memb_read_unlock();
	urcu_memb_unregister_thread();
	return shared;
}

/* The map must be empty to be destroyed. */
static void destroy_map(void *arg)
{
	struct readers *shared = arg;
	struct cds_lfht_iter iter;

	urcu_memb_register_thread();
	urcu_memb_read_lock();
	for (uint64_t key = 0; key < LF_MAP_KEYS; key++) {
		cds_lfht_lookup(shared->map, lf_map_hash(key), matches, &key, &iter);
		(void)cds_lfht_del(shared->map, cds_lfht_iter_get_node(&iter));
	}
	urcu_memb_read_unlock();
	urcu_memb_unregister_thread();
	(void)cds_lfht_destroy(shared->map, NULL);
	free(shared->entries);
	free(shared);
}

static bool map_get(void *arg, uint64_t n)
{
	struct reader *h = arg;
	struct cds_lfht_iter iter;
	struct cds_lfht_node *node = NULL;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t key = lf_map_key(i);

		urcu_memb_read_lock();
		cds_lfht_lookup(h->shared->map, lf_map_hash(key), matches, &key, &iter);
		node = cds_lfht_iter_get_node(&iter);
		urcu_memb_read_unlock();
		if (!node)
			return false;
	}
	nw_bench_keep(node);
	return true;
}

static bool map_put_del(void *arg, uint64_t n)
{
	struct reader *h = arg;
	struct cds_lfht_iter iter;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t key = lf_map_own_key(h->thread_idx, i), hash = lf_map_hash(key);
		struct entry *entry = &h->own[i % LF_PAIR_NODES];
		bool is_in;

		if (i % LF_PAIR_NODES == 0)
			urcu_memb_synchronize_rcu();
		entry->key = key;
		cds_lfht_node_init(&entry->node);
		urcu_memb_read_lock();
		is_in = cds_lfht_add_unique(h->shared->map, hash, matches, &key, &entry->node) ==
			&entry->node;
		cds_lfht_lookup(h->shared->map, hash, matches, &key, &iter);
		is_in = is_in && cds_lfht_del(h->shared->map, cds_lfht_iter_get_node(&iter)) == 0;
		urcu_memb_read_unlock();
		if (!is_in)
			return false;
	}
	return true;
}

const struct lf_subject lf_urcu[] = {
	{ .group = "spsc",
	  .name = "urcu_wfcqueue",
	  .create = create,
	  .destroy = destroy,
	  .join = join,
	  .leave = free,
	  .pairs = single_pairs,
	  .produce = single_produce,
	  .consume = single_consume },
	{ .group = "mpsc",
	  .name = "urcu_wfcqueue",
	  .create = create,
	  .destroy = destroy,
	  .join = join,
	  .leave = free,
	  .pairs = single_pairs,
	  .produce = single_produce,
	  .consume = single_consume },
	{ .group = "queue",
	  .name = "urcu_wfcqueue",
	  .create = create,
	  .destroy = destroy,
	  .join = join,
	  .leave = free,
	  .pairs = queue_pairs,
	  .produce = queue_produce,
	  .consume = queue_consume },
	{ .group = "stack",
	  .name = "urcu_lfstack",
	  .create = create,
	  .destroy = destroy,
	  .join = join,
	  .leave = free,
	  .pairs = stack_pairs,
	  .produce = stack_produce,
	  .consume = stack_consume },
	{ .group = "rcu_general",
	  .name = "urcu_memb",
	  .create = create_readers,
	  .destroy = free,
	  .join = join_reader,
	  .leave = leave_reader,
	  .pairs = read_sections },
	{ .group = "map_get",
	  .name = "urcu_lfht",
	  .create = create_map,
	  .destroy = destroy_map,
	  .join = join_reader,
	  .leave = leave_reader,
	  .pairs = map_get },
	{ .group = "map_put_del",
	  .name = "urcu_lfht",
	  .create = create_map,
	  .destroy = destroy_map,
	  .join = join_reader,
	  .leave = leave_reader,
	  .pairs = map_put_del },
	{ .group = NULL },
};

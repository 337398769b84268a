/* SPDX-License-Identifier: MIT */
/* Our hazard pointers, RCU flavours and hash map as subjects. A read section loads one pointer and
 * reads what it points to; the quiescent flavour announces once in QUIESCENT_EVERY sections. */
#include "map.h"

#include <nw/hashmap.h>
#include <nw/hazard.h>
#include <nw/rcu.h>

#include <stdatomic.h>

enum { QUIESCENT_EVERY = 1024 };

struct object {
	uint64_t value;
};

struct shared {
	struct nw_hazard *hazard;
	struct nw_rcu *rcu;
	struct nw_hashmap *map;
	struct entry *entries;
	_Atomic(struct object *) current;
	struct object object;
};

struct entry {
	struct nw_hashmap_entry in_map; /* first: matches() relies on it */
	uint64_t key;
};

static void destroy(void *arg)
{
	struct shared *shared = arg;

	nw_hashmap_destroy(shared->map);
	free(shared->entries);
	nw_hazard_destroy(shared->hazard);
	nw_rcu_destroy(shared->rcu);
	free(shared);
}

static void *create_with(enum nw_rcu_flavour flavour)
{
	struct nw_rcu_options options = { .flavour = flavour };
	struct shared *shared = calloc(1, sizeof(*shared));

	if (!shared)
		return NULL;
	/* relaxed: no other thread yet. */
	atomic_store_explicit(&shared->current, &shared->object, memory_order_relaxed);
	if (nw_hazard_create(&shared->hazard, NW_NODE_ANY, NULL) == 0 &&
	    nw_rcu_create(&shared->rcu, NW_NODE_ANY, &options) == 0)
		return shared;
	destroy(shared);
	return NULL;
}

static void *create(void)
{
	return create_with(NW_RCU_GENERAL);
}

static void *create_quiescent(void)
{
	return create_with(NW_RCU_QUIESCENT);
}

struct member {
	struct shared *shared;
	struct nw_hazard_thread *hazard;
	struct nw_rcu_thread *rcu;
	uint32_t thread_idx;
	struct entry *own; /* LF_PAIR_NODES of them */
};

static void leave(void *handle)
{
	struct member *h = handle;

	if (h->rcu) {
		nw_rcu_barrier(h->rcu);
		nw_rcu_unregister(h->rcu);
	}
	if (h->hazard)
		nw_hazard_unregister(h->hazard);
	free(h->own);
	free(h);
}

static void *join(void *shared, uint32_t thread_idx, uint64_t push_count)
{
	struct member *h = calloc(1, sizeof(*h));

	(void)push_count;
	if (!h)
		return NULL;
	h->shared = shared;
	h->thread_idx = thread_idx;
	h->own = calloc(LF_PAIR_NODES, sizeof(*h->own));
	if (h->own && nw_hazard_register(&h->hazard, h->shared->hazard) == 0 &&
	    nw_rcu_register(&h->rcu, h->shared->rcu, "bench") == 0)
		return h;
	leave(h);
	return NULL;
}

static bool protect(void *arg, uint64_t n)
{
	const struct member *h = arg;
	struct nw_hazard_thread *thread = h->hazard;
	const struct shared *shared = h->shared;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++) {
		const struct object *object = nw_hazard_protect(thread, 0, &shared->current);

		sum += object->value;
		nw_hazard_clear(thread, 0);
	}
	lf_keep_sum(sum);
	return true;
}

static bool read_sections(void *arg, uint64_t n)
{
	const struct member *h = arg;
	struct nw_rcu_thread *thread = h->rcu;
	const struct shared *shared = h->shared;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++) {
		nw_rcu_read_lock(thread);
		sum += nw_rcu_dereference(&shared->current)->value;
		nw_rcu_read_unlock(thread);
	}
	lf_keep_sum(sum);
	return true;
}

static bool read_quiescent(void *arg, uint64_t n)
{
	const struct member *h = arg;
	struct nw_rcu_thread *thread = h->rcu;
	const struct shared *shared = h->shared;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n;) {
		uint64_t end = i + QUIESCENT_EVERY < n ? i + QUIESCENT_EVERY : n;

		for (; i < end; i++) {
			nw_rcu_read_lock_quiescent(thread);
			sum += nw_rcu_dereference(&shared->current)->value;
			nw_rcu_read_unlock_quiescent(thread);
		}
		nw_rcu_quiescent(thread);
	}
	lf_keep_sum(sum);
	return true;
}

static bool matches(const struct nw_hashmap_entry *entry, const void *key)
{
	return ((const struct entry *)(const void *)entry)->key == *(const uint64_t *)key;
}

static bool fill(struct shared *shared, struct nw_rcu_thread *thread)
{
	for (uint64_t key = 0; key < LF_MAP_KEYS; key++) {
		struct entry *entry = &shared->entries[key];

		entry->key = key;
		if (nw_hashmap_put(shared->map, thread, lf_map_hash(key), &key, &entry->in_map))
			return false;
	}
	return true;
}

static void *create_map(void)
{
	struct shared *shared = create();
	struct nw_rcu_thread *thread;
	bool is_full;

	if (!shared)
		return NULL;
	shared->entries = calloc(LF_MAP_KEYS, sizeof(*shared->entries));
	if (!shared->entries ||
	    nw_hashmap_create(&shared->map, NW_NODE_ANY, matches, LF_MAP_KEYS,
			      UINT64_C(4) * LF_MAP_KEYS) < 0 ||
	    nw_rcu_register(&thread, shared->rcu, "fill") < 0) {
		destroy(shared);
		return NULL;
	}
	is_full = fill(shared, thread);
	nw_rcu_unregister(thread);
	if (is_full)
		return shared;
	destroy(shared);
	return NULL;
}

static bool map_get(void *arg, uint64_t n)
{
	struct member *h = arg;
	const struct nw_hashmap_entry *entry = NULL;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t key = lf_map_key(i);

		nw_rcu_read_lock(h->rcu);
		entry = nw_hashmap_get(h->shared->map, lf_map_hash(key), &key);
		nw_rcu_read_unlock(h->rcu);
		if (!entry)
			return false;
	}
	nw_bench_keep(entry);
	return true;
}

/* A grace period for every round of the thread's own entries, before they are put in again. */
static bool map_put_del(void *arg, uint64_t n)
{
	struct member *h = arg;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t key = lf_map_own_key(h->thread_idx, i), hash = lf_map_hash(key);
		struct entry *entry = &h->own[i % LF_PAIR_NODES];

		if (i % LF_PAIR_NODES == 0)
			nw_rcu_synchronize(h->shared->rcu, h->rcu);
		entry->key = key;
		if (nw_hashmap_put(h->shared->map, h->rcu, hash, &key, &entry->in_map) ||
		    !nw_hashmap_del(h->shared->map, h->rcu, hash, &key))
			return false;
	}
	return true;
}

const struct lf_subject lf_ours_reclaim[] = {
	{ .group = "hazard",
	  .name = "nw_hazard",
	  .is_ours = true,
	  .create = create,
	  .destroy = destroy,
	  .join = join,
	  .leave = leave,
	  .pairs = protect },
	{ .group = "rcu_general",
	  .name = "nw_rcu",
	  .is_ours = true,
	  .create = create,
	  .destroy = destroy,
	  .join = join,
	  .leave = leave,
	  .pairs = read_sections },
	{ .group = "rcu_quiescent",
	  .name = "nw_rcu",
	  .is_ours = true,
	  .create = create_quiescent,
	  .destroy = destroy,
	  .join = join,
	  .leave = leave,
	  .pairs = read_quiescent },
	{ .group = "map_get",
	  .name = "nw_hashmap",
	  .is_ours = true,
	  .create = create_map,
	  .destroy = destroy,
	  .join = join,
	  .leave = leave,
	  .pairs = map_get },
	{ .group = "map_put_del",
	  .name = "nw_hashmap",
	  .is_ours = true,
	  .create = create_map,
	  .destroy = destroy,
	  .join = join,
	  .leave = leave,
	  .pairs = map_put_del },
	{ .group = NULL },
};

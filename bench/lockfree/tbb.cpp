/* SPDX-License-Identifier: MIT */
/* oneTBB as subjects: its bounded and unbounded queues and its hash map, which locks buckets. */
#include "map.h"

#include <tbb/concurrent_hash_map.h>
#include <tbb/concurrent_queue.h>

#include <new>

namespace
{

using queue = tbb::concurrent_queue<void *>;
using bounded = tbb::concurrent_bounded_queue<void *>;

void *create_queue()
{
	return new (std::nothrow) queue;
}

void destroy_queue(void *shared)
{
	delete static_cast<queue *>(shared);
}

inline bool queue_push(queue *h, void *item)
{
	h->push(item);
	return true;
}

inline bool queue_pop(queue *h, void **ret_item)
{
	return h->try_pop(*ret_item);
}

LF_PAIRS(queue, queue)
LF_STREAM(queue, queue)

void *create_bounded()
{
	bounded *shared = new (std::nothrow) bounded;

	if (shared)
		shared->set_capacity(LF_SLOTS);
	return shared;
}

void destroy_bounded(void *shared)
{
	delete static_cast<bounded *>(shared);
}

inline bool bounded_push(bounded *h, void *item)
{
	return h->try_push(item);
}

inline bool bounded_pop(bounded *h, void **ret_item)
{
	return h->try_pop(*ret_item);
}

LF_PAIRS(bounded, bounded)
LF_STREAM(bounded, bounded)

struct hash_compare {
	static size_t hash(uint64_t key) { return lf_map_hash(key); }
	static bool equal(uint64_t a, uint64_t b) { return a == b; }
};

using map = tbb::concurrent_hash_map<uint64_t, uint64_t, hash_compare>;

struct map_member {
	map *shared;
	uint32_t thread_idx;
};

void *create_map()
{
	map *shared = new (std::nothrow) map(LF_MAP_KEYS);

	for (uint64_t key = 0; shared && key < LF_MAP_KEYS; key++)
		shared->insert({ key, key });
	return shared;
}

void destroy_map(void *shared)
{
	delete static_cast<map *>(shared);
}

void *join_map(void *shared, uint32_t thread_idx, uint64_t)
{
	return new (std::nothrow) map_member{ static_cast<map *>(shared), thread_idx };
}

void leave_map(void *handle)
{
	delete static_cast<map_member *>(handle);
}

bool map_get(void *arg, uint64_t n)
{
	const map *shared = static_cast<map_member *>(arg)->shared;

	for (uint64_t i = 0; i < n; i++) {
		map::const_accessor found;

		if (!shared->find(found, lf_map_key(i)))
			return false;
		nw_bench_keep(&found->second);
	}
	return true;
}

bool map_put_del(void *arg, uint64_t n)
{
	const map_member *h = static_cast<map_member *>(arg);

	for (uint64_t i = 0; i < n; i++) {
		uint64_t key = lf_map_own_key(h->thread_idx, i);

		if (!h->shared->insert({ key, key }) || !h->shared->erase(key))
			return false;
	}
	return true;
}

lf_subject subject(const char *group, const char *name)
{
	lf_subject made = {};

	made.group = group;
	made.name = name;
	return made;
}

lf_subject queue_subject(const char *group)
{
	lf_subject made = subject(group, "tbb_queue");

	made.create = create_queue;
	made.destroy = destroy_queue;
	made.pairs = queue_pairs;
	made.produce = queue_produce;
	made.consume = queue_consume;
	return made;
}

lf_subject bounded_subject(const char *group)
{
	lf_subject made = subject(group, "tbb_bounded");

	made.create = create_bounded;
	made.destroy = destroy_bounded;
	made.pairs = bounded_pairs;
	made.produce = bounded_produce;
	made.consume = bounded_consume;
	return made;
}

lf_subject map_subject(const char *group, lf_loop *loop)
{
	lf_subject made = subject(group, "tbb_hash_map");

	made.create = create_map;
	made.destroy = destroy_map;
	made.join = join_map;
	made.leave = leave_map;
	made.pairs = loop;
	return made;
}

} /* namespace */

extern "C" {
const struct lf_subject lf_tbb[] = {
	bounded_subject("mpsc"), bounded_subject("mpmc"),
	queue_subject("queue"),  map_subject("map_get", map_get),
	map_subject("map_put_del", map_put_del), {},
};
}

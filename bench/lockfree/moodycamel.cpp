/* SPDX-License-Identifier: MIT */
/* moodycamel::ConcurrentQueue as a subject, with the tokens that make it fast. It is a FIFO for
 * each producer only, and not linearizable: it promises less than what it is measured against. */
#include "lockfree.h"

#include <concurrentqueue/concurrentqueue.h>

#include <new>

namespace
{

using queue = moodycamel::ConcurrentQueue<void *>;

struct member {
	explicit member(queue *q) : shared(q), producer(*q), consumer(*q) {}
	queue *shared;
	moodycamel::ProducerToken producer;
	moodycamel::ConsumerToken consumer;
};

void *create()
{
	return new (std::nothrow) queue(LF_SLOTS);
}

void destroy(void *shared)
{
	delete static_cast<queue *>(shared);
}

void *join(void *shared, uint32_t, uint64_t)
{
	return new (std::nothrow) member(static_cast<queue *>(shared));
}

void leave(void *handle)
{
	delete static_cast<member *>(handle);
}

inline bool camel_push(member *h, void *item)
{
	return h->shared->enqueue(h->producer, item);
}

inline bool camel_pop(member *h, void **ret_item)
{
	return h->shared->try_dequeue(h->consumer, *ret_item);
}

inline uint32_t camel_push_burst(member *h, void *const *items, uint32_t item_count)
{
	return h->shared->enqueue_bulk(h->producer, items, item_count) ? item_count : 0;
}

inline uint32_t camel_pop_burst(member *h, void **ret_items, uint32_t item_count)
{
	return static_cast<uint32_t>(
		h->shared->try_dequeue_bulk(h->consumer, ret_items, item_count));
}

LF_PAIRS(camel, member)
LF_STREAM(camel, member)
LF_BATCHES(camel, member)

lf_subject subject(const char *group)
{
	lf_subject made = {};

	made.group = group;
	made.name = "moodycamel";
	made.create = create;
	made.destroy = destroy;
	made.join = join;
	made.leave = leave;
	made.pairs = camel_pairs;
	made.pair_batches = camel_pair_batches;
	made.produce = camel_produce;
	made.consume = camel_consume;
	made.produce_batches = camel_produce_batches;
	made.consume_batches = camel_consume_batches;
	return made;
}

} /* namespace */

extern "C" {
const struct lf_subject lf_moodycamel[] = {
	subject("mpsc"), subject("mpmc"), subject("queue"), {},
};
}

/* SPDX-License-Identifier: MIT */
/* moodycamel::ConcurrentQueue of packets, with the tokens that make it fast. It has no bound: the
 * driver keeps one. */
#include "bench/packet/packet.h"

#include <concurrentqueue/concurrentqueue.h>

#include <new>

namespace
{

using queue = moodycamel::ConcurrentQueue<packet>;

struct shared_queue {
	shared_queue() : items(PACKET_SLOTS), consumer(items) {}
	queue items;
	moodycamel::ConsumerToken consumer;
};

struct member {
	explicit member(shared_queue *q) : shared(q), producer(q->items) {}
	shared_queue *shared;
	moodycamel::ProducerToken producer;
};

void *create()
{
	return new (std::nothrow) shared_queue;
}

void destroy(void *shared)
{
	delete static_cast<shared_queue *>(shared);
}

void *join(void *shared, uint32_t)
{
	return new (std::nothrow) member(static_cast<shared_queue *>(shared));
}

void leave(void *producer)
{
	delete static_cast<member *>(producer);
}

uint32_t push(void *producer, const packet *packets, uint32_t n)
{
	auto *m = static_cast<member *>(producer);

	if (m->shared->items.size_approx() >= PACKET_SLOTS)
		return 0;
	return m->shared->items.enqueue_bulk(m->producer, packets, n) ? n : 0;
}

uint32_t pop(void *shared, packet *ret_packets, uint32_t n)
{
	auto *q = static_cast<shared_queue *>(shared);

	return static_cast<uint32_t>(q->items.try_dequeue_bulk(q->consumer, ret_packets, n));
}

} /* namespace */

extern "C" {
const struct packet_subject packet_moodycamel[] = {
	{ "mpsc", "moodycamel", create, destroy, join, leave, push, pop },
	{},
};
}

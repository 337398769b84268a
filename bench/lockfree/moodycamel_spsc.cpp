/* SPDX-License-Identifier: MIT */
/* moodycamel::ReaderWriterQueue, of one producer and one consumer, as a subject. try_enqueue()
 * does not allocate, so it is bounded as ours is. */
#include "lockfree.h"

#include <readerwriterqueue/readerwriterqueue.h>

#include <new>

namespace
{

using queue = moodycamel::ReaderWriterQueue<void *>;

void *create()
{
	return new (std::nothrow) queue(LF_SLOTS);
}

void destroy(void *shared)
{
	delete static_cast<queue *>(shared);
}

inline bool camel_push(queue *h, void *item)
{
	return h->try_enqueue(item);
}

inline bool camel_pop(queue *h, void **ret_item)
{
	return h->try_dequeue(*ret_item);
}

LF_PAIRS(camel, queue)
LF_STREAM(camel, queue)

lf_subject subject()
{
	lf_subject made = {};

	made.group = "spsc";
	made.name = "moodycamel_rw";
	made.create = create;
	made.destroy = destroy;
	made.pairs = camel_pairs;
	made.produce = camel_produce;
	made.consume = camel_consume;
	return made;
}

} /* namespace */

extern "C" {
const struct lf_subject lf_moodycamel_spsc[] = { subject(), {} };
}

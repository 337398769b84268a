/* SPDX-License-Identifier: MIT */
/* moodycamel::ReaderWriterQueue of packets: one producer, one consumer, bounded by try_enqueue(). */
#include "bench/packet/packet.h"

#include <readerwriterqueue/readerwriterqueue.h>

#include <new>

namespace
{

using queue = moodycamel::ReaderWriterQueue<packet>;

void *create()
{
	return new (std::nothrow) queue(PACKET_SLOTS);
}

void destroy(void *shared)
{
	delete static_cast<queue *>(shared);
}

uint32_t push(void *shared, const packet *packets, uint32_t n)
{
	uint32_t done = 0;

	while (done < n && static_cast<queue *>(shared)->try_enqueue(packets[done]))
		done++;
	return done;
}

uint32_t pop(void *shared, packet *ret_packets, uint32_t n)
{
	uint32_t done = 0;

	while (done < n && static_cast<queue *>(shared)->try_dequeue(ret_packets[done]))
		done++;
	return done;
}

} /* namespace */

extern "C" {
const struct packet_subject packet_moodycamel_spsc[] = {
	{ "spsc", "moodycamel_rw", create, destroy, nullptr, nullptr, push, pop },
	{},
};
}

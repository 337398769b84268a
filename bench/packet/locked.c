/* SPDX-License-Identifier: MIT */
/*
 * What one would write first: a queue and a table of token buckets behind a mutex, packet by
 * packet, the clock read for each.
 */
#include "bench/packet/packet.h"

#include "bench/nw_bench.h"

#include <nw/packet.h>
#include <pthread.h>

enum { BATCH = 256, TOPICS = 1000 };

struct locked {
	pthread_mutex_t lock;
	struct nw_packet ring[1024];
	uint64_t head, tail;
	struct {
		uint32_t topic;
		double tokens;
		uint64_t last_ns;
	} buckets[2048];
};

static bool locked_push(struct locked *locked, const struct nw_packet *packet)
{
	bool has_room;

	pthread_mutex_lock(&locked->lock);
	has_room = locked->head - locked->tail < 1024;
	if (has_room)
		locked->ring[locked->head++ % 1024] = *packet;
	pthread_mutex_unlock(&locked->lock);
	return has_room;
}

static bool locked_allows(struct locked *locked, uint32_t topic)
{
	uint64_t now_ns = nw_bench_now_ns();
	uint32_t i = topic * 0x9e3779b1u >> 21;

	while (locked->buckets[i % 2048].topic != topic && locked->buckets[i % 2048].topic != 0)
		i++;
	i %= 2048;
	locked->buckets[i].topic = topic;
	locked->buckets[i].tokens += (double)(now_ns - locked->buckets[i].last_ns) * 2;
	locked->buckets[i].last_ns = now_ns;
	if (locked->buckets[i].tokens > 1e9)
		locked->buckets[i].tokens = 1e9;
	if (locked->buckets[i].tokens < 1)
		return false;
	locked->buckets[i].tokens--;
	return true;
}

static uint32_t locked_pop(struct locked *locked)
{
	struct nw_packet packet = { .topic = 0 };
	bool is_there, is_allowed = false;

	pthread_mutex_lock(&locked->lock);
	is_there = locked->head != locked->tail;
	if (is_there) {
		packet = locked->ring[locked->tail++ % 1024];
		is_allowed = locked_allows(locked, packet.topic);
	}
	pthread_mutex_unlock(&locked->lock);
	nw_bench_keep(&packet);
	return is_allowed;
}

static double run_once(uint64_t op_count, void *arg)
{
	static struct locked locked = { .lock = PTHREAD_MUTEX_INITIALIZER };
	const struct nw_packet *packets = arg;
	uint64_t done = 0, begin_ns = nw_bench_now_ns();

	while (done < op_count) {
		for (uint32_t i = 0; i < BATCH; i++)
			(void)locked_push(&locked, &packets[i]);
		for (uint32_t i = 0; i < BATCH; i++)
			done += locked_pop(&locked);
	}
	return (double)(nw_bench_now_ns() - begin_ns) * (double)op_count / (double)done;
}

void packet_run_locked(void)
{
	static struct nw_packet packets[BATCH];

	for (uint32_t i = 0; i < BATCH; i++)
		packets[i] = (struct nw_packet){ .topic = 64 * (1 + i * 7 % TOPICS),
						 .flags = NW_PACKET_INLINE,
						 .length = 8 };
	(void)nw_bench_run("core/locked", 1 << 20, run_once, packets);
}

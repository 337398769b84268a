/* SPDX-License-Identifier: MIT */
/*
 * The way out: a subscriber is a lane from every shard, a bell, and the topics that it hears.
 *
 * Invariant: the topics are sorted, each is there once; a change either is in force in every shard,
 * or has left everything as it was.
 */
#include "shard.h"

#include <errno.h>
#include <stdlib.h>

enum { LANE_SLOTS = 1024 };

/* ---- sets of topics ---- */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int topics_alloc(struct nwi_topics *topics, size_t count)
{
	int rc;

	*topics = (struct nwi_topics){ .mem = { .node = NW_NODE_ANY } };
	if (count > SIZE_MAX / sizeof(uint32_t) / 2)
		return -ENOMEM;
	rc = nw_mem_alloc(&topics->mem, NW_NODE_ANY, (count + 1) * sizeof(uint32_t), 0);
	topics->ids = topics->mem.base;
	return rc < 0 ? -ENOMEM : 0;
}

/* Sorted, each once. */
static void topics_tidy(struct nwi_topics *topics)
{
	size_t kept = 0;

	qsort(topics->ids, topics->count, sizeof(uint32_t), compare);
	for (size_t i = 0; i < topics->count; i++)
		if (kept == 0 || topics->ids[kept - 1] != topics->ids[i])
			topics->ids[kept++] = topics->ids[i];
	topics->count = kept;
}

static bool topics_have(const struct nwi_topics *topics, uint32_t topic)
{
	return topics->count > 0 &&
	       bsearch(&topic, topics->ids, topics->count, sizeof(uint32_t), compare);
}

static int topics_join(const struct nwi_topics *old, const uint32_t *more, size_t count,
		       struct nwi_topics *ret_new)
{
	int rc = topics_alloc(ret_new, old->count + count);

	if (rc < 0)
		return rc;
	if (old->count > 0)
		memcpy(ret_new->ids, old->ids, old->count * sizeof(uint32_t));
	if (count > 0)
		memcpy(ret_new->ids + old->count, more, count * sizeof(uint32_t));
	ret_new->count = old->count + count;
	topics_tidy(ret_new);
	return 0;
}

static int topics_less(const struct nwi_topics *old, const uint32_t *less, size_t count,
		       struct nwi_topics *ret_new)
{
	struct nwi_topics gone;
	int rc = topics_join(&(struct nwi_topics){ .count = 0 }, less, count, &gone);

	if (rc < 0)
		return rc;
	rc = topics_alloc(ret_new, old->count);
	for (size_t i = 0; rc == 0 && i < old->count; i++)
		if (!topics_have(&gone, old->ids[i]))
			ret_new->ids[ret_new->count++] = old->ids[i];
	nw_mem_free(&gone.mem);
	return rc;
}

/* ---- control ---- */

/* Puts a set into force, or keeps the old one. */
static int replace_topics(struct nw_relay_subscriber *subscriber, struct nwi_topics *topics)
{
	struct nwi_topics old = subscriber->topics;
	int rc;

	subscriber->topics = *topics;
	rc = nwi_tables_rebuild(subscriber->relay);
	if (rc < 0)
		subscriber->topics = old;
	nw_mem_free(rc < 0 ? &topics->mem : &old.mem);
	return rc;
}

int nw_relay_subscribe(struct nw_relay_subscriber *subscriber, const uint32_t *topics, size_t count)
{
	struct nwi_topics joined;
	int rc;

	pthread_mutex_lock(&subscriber->relay->lock);
	rc = topics_join(&subscriber->topics, topics, count, &joined);
	if (rc == 0)
		rc = replace_topics(subscriber, &joined);
	pthread_mutex_unlock(&subscriber->relay->lock);
	return rc;
}

int nw_relay_unsubscribe(struct nw_relay_subscriber *subscriber, const uint32_t *topics,
			 size_t count)
{
	struct nwi_topics rest;
	int rc;

	pthread_mutex_lock(&subscriber->relay->lock);
	rc = topics_less(&subscriber->topics, topics, count, &rest);
	if (rc == 0)
		rc = replace_topics(subscriber, &rest);
	pthread_mutex_unlock(&subscriber->relay->lock);
	return rc;
}

int nw_relay_subscribe_all(struct nw_relay_subscriber *subscriber, bool is_on)
{
	struct nw_relay *relay = subscriber->relay;
	bool before;
	int rc;

	pthread_mutex_lock(&relay->lock);
	before = subscriber->hears_all;
	subscriber->hears_all = is_on;
	rc = nwi_tables_rebuild(relay);
	if (rc < 0)
		subscriber->hears_all = before;
	pthread_mutex_unlock(&relay->lock);
	return rc;
}

static void enlist(struct nw_relay *relay, struct nw_relay_subscriber *subscriber)
{
	subscriber->next = relay->subscribers;
	subscriber->link = &relay->subscribers;
	if (subscriber->next)
		subscriber->next->link = &subscriber->next;
	relay->subscribers = subscriber;
}

/* Without lanes and a bell yet. */
static int create_empty(struct nw_relay_subscriber **ret_subscriber, struct nw_relay *relay,
			nw_node node)
{
	struct nw_relay_subscriber *subscriber;
	struct nw_mem mem;
	int rc = nw_mem_alloc(&mem, node,
			      sizeof(*subscriber) + relay->shard_count * sizeof(struct nwi_tap), 0);

	if (rc < 0)
		return rc;
	subscriber = mem.base;
	subscriber->mem = mem;
	subscriber->relay = relay;
	subscriber->bell_fd = -1;
	*ret_subscriber = subscriber;
	return 0;
}

/* Both ends of the lanes, in this process. */
static int open_lanes(struct nw_relay_subscriber *subscriber, uint32_t slots, bool is_lossless)
{
	size_t n_bytes = nw_lane_bytes(slots);
	int rc = 0;

	for (uint32_t i = 0; i < subscriber->relay->shard_count && rc == 0; i++) {
		struct nwi_tap *tap = &subscriber->taps[i];
		void *memory = (char *)subscriber->lanes.base + i * n_bytes;

		tap->bell_fd = subscriber->bell_fd;
		tap->is_lossless = is_lossless;
		rc = nw_lane_format(memory, n_bytes, slots);
		if (rc == 0)
			rc = nw_lane_writer_open(&tap->writer, memory, n_bytes, slots);
		if (rc == 0)
			rc = nw_lane_reader_open(&tap->reader, memory, n_bytes, slots);
	}
	return rc;
}

static void release(struct nw_relay_subscriber *subscriber)
{
	struct nw_mem mem = subscriber->mem; /* the block holds its description */

	nw_bell_close(subscriber->bell_fd);
	nw_mem_free(&subscriber->topics.mem);
	nw_mem_free(&subscriber->lanes);
	nw_mem_free(&mem);
}

int nw_relay_subscriber_open(struct nw_relay_subscriber **ret_subscriber, struct nw_relay *relay,
			     const struct nw_relay_subscriber_options *options)
{
	struct nw_relay_subscriber_options o = { .node = NW_NODE_ANY };
	struct nw_relay_subscriber *subscriber;
	int rc;

	if (options)
		o = *options;
	if (o.lane_slots == 0)
		o.lane_slots = LANE_SLOTS;
	if (nw_lane_bytes(o.lane_slots) == 0)
		return -EINVAL;
	rc = create_empty(&subscriber, relay, o.node);
	if (rc < 0)
		return rc;
	subscriber->bell_fd = nw_bell_open();
	rc = subscriber->bell_fd < 0 ? subscriber->bell_fd : 0;
	if (rc == 0)
		rc = nw_mem_alloc(&subscriber->lanes, o.node,
				  relay->shard_count * nw_lane_bytes(o.lane_slots), 0);
	if (rc == 0)
		rc = open_lanes(subscriber, o.lane_slots, o.is_lossless);
	if (rc < 0) {
		release(subscriber);
		return rc;
	}
	pthread_mutex_lock(&relay->lock);
	enlist(relay, subscriber);
	pthread_mutex_unlock(&relay->lock);
	*ret_subscriber = subscriber;
	return 0;
}

int nwi_subscriber_open_away(struct nw_relay_subscriber **ret_subscriber,
			     struct nw_relay_guest *guest, uint32_t slots)
{
	struct nw_relay *relay = guest->relay;
	size_t stride = nwi_stride_bytes(guest->submit_slots, slots, guest->payload_bytes);
	struct nw_relay_subscriber *subscriber;
	int rc = create_empty(&subscriber, relay, NW_NODE_ANY);

	for (uint32_t i = 0; i < relay->shard_count && rc == 0; i++) {
		struct nwi_tap *tap = &subscriber->taps[i];
		void *part = (char *)guest->shm.mem.base + i * stride;

		tap->bell_fd = guest->bell_fd;
		tap->is_away = true;
		tap->notes = part;
		rc = nw_lane_writer_open(&tap->writer, nwi_receive_lane(part, guest->submit_slots),
					 nw_lane_bytes(slots), slots);
		if (rc < 0)
			release(subscriber);
	}
	if (rc < 0)
		return rc;
	enlist(relay, subscriber);
	*ret_subscriber = subscriber;
	return 0;
}

void nwi_subscriber_unlist(struct nw_relay_subscriber *subscriber)
{
	*subscriber->link = subscriber->next;
	if (subscriber->next)
		subscriber->next->link = subscriber->link;
	/* Without memory for new tables there are none: better no copies than a tap that is gone.
	 */
	if (nwi_tables_rebuild(subscriber->relay) < 0)
		nwi_tables_destroy(subscriber->relay);
}

void nwi_subscriber_release(struct nw_relay_subscriber *subscriber)
{
	release(subscriber);
}

void nw_relay_subscriber_close(struct nw_relay_subscriber *subscriber)
{
	struct nw_relay *relay;

	if (!subscriber)
		return;
	relay = subscriber->relay;
	pthread_mutex_lock(&relay->lock);
	nwi_subscriber_unlist(subscriber);
	nw_rcu_synchronize(relay->rcu, relay->control);
	pthread_mutex_unlock(&relay->lock);
	release(subscriber);
}

/* ---- the subscriber's thread ---- */

size_t nw_relay_receive(struct nw_relay_subscriber *subscriber, struct nw_packet *ret_packets,
			size_t count)
{
	const struct nwi_lanes lanes = { .first = &subscriber->taps[0].reader,
					 .stride_bytes = sizeof(struct nwi_tap),
					 .count = subscriber->relay->shard_count };

	return nwi_lanes_take(&lanes, &subscriber->turn, ret_packets, count);
}

bool nw_relay_receive_rest(struct nw_relay_subscriber *subscriber)
{
	bool is_empty = true;

	for (uint32_t i = 0; i < subscriber->relay->shard_count; i++)
		is_empty &= nw_lane_reader_rest(&subscriber->taps[i].reader);
	return is_empty;
}

bool nw_relay_receive_wait(struct nw_relay_subscriber *subscriber, uint64_t timeout_ns)
{
	/* A ring for what was taken since is heard, and waited on. */
	while (nw_relay_receive_rest(subscriber))
		if (!nw_bell_wait(subscriber->bell_fd, timeout_ns))
			return !nw_relay_receive_rest(subscriber);
	return true;
}

int nw_relay_subscriber_fd(const struct nw_relay_subscriber *subscriber)
{
	return subscriber->bell_fd;
}

void nw_relay_subscriber_counts(const struct nw_relay_subscriber *subscriber,
				struct nw_relay_subscriber_counts *ret_counts)
{
	struct nw_relay_subscriber_counts counts = { 0 };

	for (uint32_t i = 0; i < subscriber->relay->shard_count; i++) {
		counts.offered += nwi_counted(&subscriber->taps[i].offered);
		counts.lost += nwi_counted(&subscriber->taps[i].lost);
	}
	*ret_counts = counts;
}

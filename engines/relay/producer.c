/* SPDX-License-Identifier: MIT */
/* Producers come and go. Invariant: the counts of those that are gone are in the relay's, so that a
 * shard's counts never go back. */
#include "shard.h"

#include <errno.h>

enum { RIGHTS = NW_RELAY_MAY_SYSTEM | NW_RELAY_MAY_SPEAK_FOR };

static void enlist(struct nw_relay *relay, struct nw_relay_producer *producer)
{
	pthread_mutex_lock(&relay->lock);
	producer->next = relay->producers;
	producer->link = &relay->producers;
	if (producer->next)
		producer->next->link = &producer->next;
	relay->producers = producer;
	pthread_mutex_unlock(&relay->lock);
}

int nw_relay_producer_open(struct nw_relay_producer **ret_producer, struct nw_relay *relay,
			   const struct nw_relay_producer_options *options)
{
	struct nw_relay_producer_options o = { .node = NW_NODE_ANY };
	struct nw_relay_producer *producer;
	struct nw_mem mem;
	int rc;

	if (options)
		o = *options;
	if (o.rights & ~(unsigned)RIGHTS || o.priority_top >= NW_PACKET_PRIORITY_COUNT)
		return -EINVAL;
	rc = nw_mem_alloc(&mem, o.node,
			  sizeof(*producer) + relay->shard_count * sizeof(struct nwi_desk),
			  NW_MEM_PREFAULT);
	if (rc < 0)
		return rc;
	producer = mem.base;
	producer->mem = mem;
	producer->relay = relay;
	producer->sender = o.sender;
	producer->rights = o.rights;
	producer->priority_top = o.priority_top;
	rc = nw_rcu_register(&producer->reader, relay->rcu, NULL);
	if (rc < 0) {
		nw_mem_free(&mem);
		return rc;
	}
	enlist(relay, producer);
	*ret_producer = producer;
	return 0;
}

static void fold(struct nwi_desk *sum, const struct nwi_desk *desk)
{
	nwi_count(&sum->submitted, nwi_counted(&desk->submitted));
	nwi_count(&sum->accepted, nwi_counted(&desk->accepted));
	nwi_count(&sum->voids, nwi_counted(&desk->voids));
	for (uint32_t r = 0; r < NW_RELAY_REFUSAL_COUNT; r++)
		nwi_count(&sum->refused[r], nwi_counted(&desk->refused[r]));
}

void nw_relay_producer_close(struct nw_relay_producer *producer)
{
	struct nw_relay *relay;
	struct nw_mem mem;

	if (!producer)
		return;
	relay = producer->relay;
	pthread_mutex_lock(&relay->lock);
	*producer->link = producer->next;
	if (producer->next)
		producer->next->link = producer->link;
	for (uint32_t i = 0; i < relay->shard_count; i++)
		fold(&relay->closed_desks[i], &producer->desks[i]);
	pthread_mutex_unlock(&relay->lock);
	nw_rcu_unregister(producer->reader);
	mem = producer->mem; /* the block holds its description */
	nw_mem_free(&mem);
}

/* ---- payloads ---- */

int nw_relay_attach(struct nw_relay_producer *producer, struct nw_packet *packet, const void *bytes,
		    uint32_t n_bytes)
{
	struct nw_relay *relay = producer->relay;
	uint32_t shard = nw_relay_shard_of(relay, packet->topic);

	if (relay->options.arena_bytes == 0)
		return -ENOTSUP;
	return nwi_store_put(relay->shards[shard]->store, shard, packet, bytes, n_bytes);
}

void nw_relay_detach(struct nw_relay_producer *producer, const struct nw_packet *packet)
{
	struct nw_packet_ref ref = nw_packet_ref(packet);
	struct nw_relay *relay = producer->relay;

	if ((packet->flags & NW_PACKET_FORM_MASK) == NW_PACKET_ARENA &&
	    ref.region < relay->shard_count)
		nwi_store_free(relay->shards[ref.region]->store, &ref);
}

int64_t nw_relay_payload(const struct nw_relay *relay, const struct nw_packet *packet,
			 void *ret_bytes, uint32_t max)
{
	struct nw_packet_ref ref = nw_packet_ref(packet);
	const struct nwi_store *store;

	if ((packet->flags & NW_PACKET_FORM_MASK) != NW_PACKET_ARENA ||
	    ref.region >= relay->shard_count || relay->options.arena_bytes == 0)
		return -EINVAL;
	store = relay->shards[ref.region]->store;
	return nwi_store_read(store->base, store->n_bytes, &ref, ret_bytes, max);
}

/* SPDX-License-Identifier: MIT */
/*
 * What guests ask for over their streams: to hear topics, or to hear them no more.
 *
 * Invariant: a guest is believed in nothing but how many bytes it sent; an answer is sent whole or
 * the guest is given up.
 */
#include "shard.h"

#include <nw/local.h>

#include <errno.h>

static int hear_topics(struct nw_relay_guest *guest, const unsigned char *body, size_t n_bytes,
		       bool is_on, uint32_t *ret_count)
{
	const struct nw_relay_names *names = &guest->options.names;
	size_t count = n_bytes / sizeof(uint32_t);
	uint32_t topics[256];
	int rc = n_bytes % sizeof(uint32_t) == 0 ? 0 : -EINVAL;

	for (size_t i = 0; i < count && rc == 0 && is_on && names->may_hear; i++) {
		uint32_t topic;

		memcpy(&topic, body + i * sizeof(topic), sizeof(topic));
		if (!names->may_hear(names->ctx, topic))
			rc = -EACCES;
	}
	/* The body lies at any address: in pieces. */
	for (size_t at = 0, n; at < count && rc == 0; at += n) {
		n = count - at < 256 ? count - at : 256;
		memcpy(topics, body + at * sizeof(uint32_t), n * sizeof(uint32_t));
		rc = nw_relay_guest_hear(guest, topics, n, is_on);
	}
	*ret_count = (uint32_t)count;
	return rc;
}

static int hear_prefix(struct nw_relay_guest *guest, const unsigned char *body, size_t n_bytes,
		       bool is_on, uint32_t *ret_count)
{
	const struct nw_relay_names *names = &guest->options.names;
	const char *prefix = (const char *)body;
	size_t count, max;
	struct nw_mem mem;
	int rc;

	if (!names->find)
		return -ENOTSUP;
	max = names->find(names->ctx, prefix, n_bytes, is_on, NULL, 0);
	if (max == SIZE_MAX)
		return -EACCES;
	rc = nw_mem_alloc(&mem, NW_NODE_ANY, (max + 1) * sizeof(uint32_t), 0);
	if (rc < 0)
		return -ENOMEM;
	count = names->find(names->ctx, prefix, n_bytes, is_on, mem.base, max);
	count = count < max ? count : max;
	rc = nw_relay_guest_hear(guest, mem.base, count, is_on);
	nw_mem_free(&mem);
	*ret_count = (uint32_t)count;
	return rc;
}

static int hear_all(struct nw_relay_guest *guest, bool is_on)
{
	const struct nw_relay_names *names = &guest->options.names;

	if (is_on && names->may_hear_all && !names->may_hear_all(names->ctx))
		return -EACCES;
	return nw_relay_subscribe_all(guest->subscriber, is_on);
}

static int answer(struct nw_relay_guest *guest, const struct nwi_ask *ask,
		  const unsigned char *body)
{
	struct nwi_answer reply = { 0, 0 };
	bool is_on = !(ask->kind & NWI_ASK_OFF);

	switch (ask->kind & ~(uint32_t)NWI_ASK_OFF) {
	case NWI_ASK_TOPICS:
		reply.rc = hear_topics(guest, body, ask->body_bytes, is_on, &reply.count);
		break;
	case NWI_ASK_PREFIX:
		reply.rc = hear_prefix(guest, body, ask->body_bytes, is_on, &reply.count);
		break;
	case NWI_ASK_ALL:
		reply.rc = hear_all(guest, is_on);
		break;
	default:
		return -EPROTO;
	}
	return nw_local_send(guest->fd, &reply, sizeof(reply), NULL, 0) < 0 ? -EPROTO : 0;
}

/* Answers what is complete in the inbox. */
static int answer_all(struct nw_relay_guest *guest)
{
	struct nwi_ask ask;
	size_t n_bytes;
	int rc;

	while (guest->inbox_bytes >= sizeof(ask)) {
		memcpy(&ask, guest->inbox, sizeof(ask));
		if (ask.body_bytes > NWI_BODY_BYTES_MAX)
			return -EPROTO;
		n_bytes = sizeof(ask) + ask.body_bytes;
		if (guest->inbox_bytes < n_bytes)
			return 0;
		rc = answer(guest, &ask, guest->inbox + sizeof(ask));
		if (rc < 0)
			return rc;
		guest->inbox_bytes -= n_bytes;
		memmove(guest->inbox, guest->inbox + n_bytes, guest->inbox_bytes);
	}
	return 0;
}

int nw_relay_guest_serve(struct nw_relay_guest *guest)
{
	int64_t n;
	int rc = 0;

	while (rc == 0) {
		n = nw_local_receive(guest->fd, guest->inbox + guest->inbox_bytes,
				     NWI_INBOX_BYTES - guest->inbox_bytes, NULL, 0);
		if (n == -EAGAIN)
			return 0;
		if (n <= 0)
			return n < 0 ? (int)n : -ENOENT;
		guest->inbox_bytes += (size_t)n;
		rc = answer_all(guest);
	}
	return rc;
}

int nw_relay_guest_fd(const struct nw_relay_guest *guest)
{
	return guest->fd;
}

int nw_relay_guest_hear(struct nw_relay_guest *guest, const uint32_t *topics, size_t count,
			bool is_on)
{
	return is_on ? nw_relay_subscribe(guest->subscriber, topics, count)
		     : nw_relay_unsubscribe(guest->subscriber, topics, count);
}

void nw_relay_guest_counts(const struct nw_relay_guest *guest,
			   struct nw_relay_guest_counts *ret_counts)
{
	struct nw_relay_guest_counts counts = { 0 };
	struct nw_relay_subscriber_counts offered;

	for (uint32_t i = 0; i < guest->relay->shard_count; i++) {
		const struct nwi_stall *stall = &guest->stalls[i];

		counts.submitted += nwi_counted(&stall->submitted);
		counts.refused += nwi_counted(&stall->submitted) - nwi_counted(&stall->accepted);
		/* relaxed: statistic. */
		counts.is_broken |= atomic_load_explicit(&stall->is_broken, memory_order_relaxed);
	}
	nw_relay_subscriber_counts(guest->subscriber, &offered);
	counts.offered = offered.offered;
	counts.lost = offered.lost;
	*ret_counts = counts;
}

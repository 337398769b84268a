/* SPDX-License-Identifier: MIT */
/*
 * The way in: from a durable consumer of JetStream into the shards' rings.
 *
 * A message is acknowledged when each of its packets was accepted, or can never be; while a shard
 * is full it is held, and the stream is told that work goes on. A message that comes again, since
 * its acknowledgement was lost, is known by its number in the stream, and is acknowledged again
 * without a look inside. Across a restart of the relay it is not known: then it comes twice.
 *
 * What was on its way when a server was lost comes again when the stream's patience is over, behind
 * what is newer, unless only one message is on its way at a time.
 *
 * Invariant: nothing is acknowledged before it was accepted; with a window of 1 packets go in in
 * the order of the stream, whatever happens.
 */
#include "relay/bridge_parts.h"

#include "common/app.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	FETCH_MS = 250,
	IDLE_NS = 50000000,
	AGAIN_NS_MIN = 50000,
	AGAIN_NS_MAX = 5000000,
	PROGRESS_NS = 1000000000, /* how often the stream is told that work goes on */
};

static void pause_ns(uint64_t ns)
{
	const struct timespec step = { .tv_nsec = (long)ns };

	(void)nanosleep(&step, NULL); /* a signal only makes it shorter */
}

/* It ends, or nothing is admitted any more. */
static bool is_over(const struct relay_bridge *bridge)
{
	return bridge_is_stopping(bridge) || relay_stage_of(bridge->server) >= RELAY_STAGE_CLOSE;
}

/* ---- packets ---- */

/* Whether to try again may help. */
static bool may_help(enum nw_relay_refusal reason)
{
	return reason == NW_RELAY_FULL || reason == NW_RELAY_PRIORITY ||
	       reason == NW_RELAY_MOVING || reason == NW_RELAY_CLOSED;
}

/* Copies packets to where they are aligned; those that are none are counted. */
static uint32_t admit(struct relay_bridge *bridge, const char *data, uint32_t count)
{
	struct bridge_in *in = &bridge->in;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct nw_packet *packet = &in->packets[kept];

		memcpy(packet, data + (size_t)i * sizeof(*packet), sizeof(*packet));
		packet->flags &= (uint16_t) ~(NW_PACKET_GOVERNED | NW_PACKET_SYSTEM);
		if (nw_packet_check(packet) == NW_PACKET_GOOD &&
		    (packet->flags & NW_PACKET_FORM_MASK) == NW_PACKET_INLINE)
			kept++;
	}
	relay_count(&in->bad, count - kept);
	return kept;
}

/* All of a chunk. False: the relay ends before. */
static bool submit(struct relay_bridge *bridge, natsMsg *msg, uint32_t count)
{
	struct bridge_in *in = &bridge->in;
	uint64_t told_ns = relay_now_ns();
	uint32_t done = 0;

	while (done < count) {
		struct nw_relay_receipt receipt = { 0 };
		size_t n = nw_relay_submit(in->producer, in->packets + done, count - done,
					   &receipt);
		uint64_t wait_ns = receipt.retry_after_ns;

		done += (uint32_t)n;
		relay_count(&in->accepted, n);
		if (done == count)
			break;
		if (!may_help(receipt.reason)) {
			relay_count(&in->bad, 1);
			done++;
			continue;
		}
		if (is_over(bridge))
			return false;
		relay_count(&in->retried, 1);
		pause_ns(wait_ns < AGAIN_NS_MIN   ? AGAIN_NS_MIN
			 : wait_ns > AGAIN_NS_MAX ? AGAIN_NS_MAX
						  : wait_ns);
		if (relay_now_ns() - told_ns > PROGRESS_NS) {
			told_ns = relay_now_ns();
			(void)natsMsg_InProgress(msg, NULL); /* lost, it comes again */
		}
	}
	return true;
}

static bool submit_all(struct relay_bridge *bridge, natsMsg *msg)
{
	const char *data = natsMsg_GetData(msg);
	size_t n_bytes = (size_t)natsMsg_GetDataLength(msg);
	size_t count = n_bytes / sizeof(struct nw_packet);

	if (n_bytes % sizeof(struct nw_packet) != 0 || count == 0) {
		relay_count(&bridge->in.bad, 1);
		bridge_problem(bridge, "a message of %zu bytes on %s is no packets", n_bytes,
			       natsMsg_GetSubject(msg));
		return true;
	}
	for (size_t at = 0; at < count; at += RELAY_CHUNK) {
		uint32_t part = count - at < RELAY_CHUNK ? (uint32_t)(count - at) : RELAY_CHUNK;

		if (!submit(bridge, msg, admit(bridge, data + at * sizeof(struct nw_packet), part)))
			return false;
	}
	return true;
}

/* ---- messages ---- */

static uint64_t number_of(natsMsg *msg)
{
	jsMsgMetaData *about = NULL;
	uint64_t number = 0;

	if (natsMsg_GetMetaData(&about, msg) == NATS_OK)
		number = about->Sequence.Stream;
	jsMsgMetaData_Destroy(about);
	return number;
}

static void take(struct relay_bridge *bridge, natsMsg *msg)
{
	struct bridge_in *in = &bridge->in;
	uint64_t number = number_of(msg);

	relay_count(&in->came, 1);
	if (number > 0 && in->seen[number % BRIDGE_SEEN] == number)
		relay_count(&in->redelivered, 1);
	else if (!submit_all(bridge, msg))
		return;
	in->seen[number % BRIDGE_SEEN] = number;
	/* Lost, it comes again, and is known. */
	if (natsMsg_Ack(msg, NULL) == NATS_OK)
		relay_count(&in->acknowledged, 1);
}

static bool subscribe(struct relay_bridge *bridge)
{
	const struct relay_bridge_config *config = bridge->config;
	char subject[BRIDGE_TEXT_BYTES];
	jsSubOptions options;
	jsErrCode code = 0;
	natsStatus s;

	if (bridge->in.subscription)
		return true;
	(void)snprintf(subject, sizeof(subject), "%s.>", config->subject);
	(void)jsSubOptions_Init(&options); /* fails only for NULL */
	options.Stream = config->stream;
	options.Config.AckPolicy = js_AckExplicit;
	options.Config.AckWait = (int64_t)config->wait_ns;
	options.Config.MaxAckPending = (int64_t)config->in_window;
	s = js_PullSubscribe(&bridge->in.subscription, bridge->in.link.js, subject,
			     config->in_durable, NULL, &options, &code);
	if (s == NATS_OK)
		return true;
	bridge_problem(bridge, "consumer %s of stream %s: %s", config->in_durable, config->stream,
		       natsStatus_GetText(s));
	return false;
}

/* What was fetched, in its order; behind one that the relay's end cuts short nothing is taken. */
static void fetch(struct relay_bridge *bridge)
{
	natsMsgList list = { NULL, 0 };
	jsErrCode code = 0;
	natsStatus s = natsSubscription_Fetch(&list, bridge->in.subscription,
					      (int)bridge->config->in_window, FETCH_MS, &code);

	for (int i = 0; s == NATS_OK && i < list.Count && !is_over(bridge); i++)
		take(bridge, list.Msgs[i]);
	natsMsgList_Destroy(&list);
	if (s == NATS_OK || s == NATS_TIMEOUT)
		return;
	if (bridge_link_is_up(&bridge->in.link))
		bridge_problem(bridge, "consumer %s: %s", bridge->config->in_durable,
			       natsStatus_GetText(s));
	/* The consumer may be gone with its server: it is looked for again. */
	natsSubscription_Destroy(bridge->in.subscription);
	bridge->in.subscription = NULL;
}

static bool connect_again(struct relay_bridge *bridge)
{
	if (bridge_link_is_up(&bridge->in.link))
		return true;
	natsSubscription_Destroy(bridge->in.subscription);
	bridge->in.subscription = NULL;
	return bridge_link_make(bridge, &bridge->in.link);
}

void *bridge_in_run(void *arg)
{
	struct relay_bridge *bridge = arg;

	/* Without a name it is as good. */
	(void)pthread_setname_np(pthread_self(), "relay-in");
	while (!is_over(bridge)) {
		if (connect_again(bridge) && subscribe(bridge))
			fetch(bridge);
		else
			pause_ns(IDLE_NS);
	}
	nats_ReleaseThreadMemory();
	return NULL;
}

/* ---- its memory ---- */

int bridge_in_open(struct relay_bridge *bridge)
{
	const char *name = bridge->config->in_sender;
	const struct relay_sender *rule = relay_rules_sender(bridge->server->rules, name);
	struct nw_relay_producer_options options = {
		.sender = nw_topic_id(name, strlen(name)),
		.priority_top = rule ? rule->priority_top : 0,
		.node = NW_NODE_ANY,
	};
	int rc = nw_mem_alloc(&bridge->in.mem, NW_NODE_ANY, RELAY_CHUNK * sizeof(struct nw_packet),
			      0);

	if (rc < 0) {
		bridge->in.mem.base = NULL;
		return rc;
	}
	bridge->in.packets = bridge->in.mem.base;
	return nw_relay_producer_open(&bridge->in.producer, bridge->server->relay, &options);
}

void bridge_in_close(struct relay_bridge *bridge)
{
	natsSubscription_Destroy(bridge->in.subscription);
	bridge_link_close(&bridge->in.link);
	nw_relay_producer_close(bridge->in.producer);
	if (bridge->in.mem.base)
		nw_mem_free(&bridge->in.mem);
}

/* SPDX-License-Identifier: MIT */
/*
 * The way out: from the shards' lanes into messages of JetStream.
 *
 * A message is packets of one slot, in their order, 64 bytes each, on the subject <prefix>.<slot>.
 * It has an id, so that the stream keeps it once however often it is published, and a reply subject
 * with its number, on which the acknowledgement comes. Until then it stays in the window, and no
 * other message of its slot goes: so the order of each topic holds whatever is lost, refused or
 * published again; packets that come meanwhile gather in the slot's next message. When the
 * connection was lost, or no acknowledgement comes for too long, what went is published again: what
 * the stream has already it recognises. When the stream refuses a message (it is full, it is not
 * there), all wait, and go again.
 *
 * With the window full the lanes fill, and with them full the shards take nothing more: who sends
 * is refused. Invariant: taken = acknowledged + packets of messages head..tail that are not.
 */
#include "relay/bridge_parts.h"

#include "common/app.h"
#include "relay/ear.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	IDLE_MS = 50,  /* until it looks again whether it is to end */
	ANSWER_MS = 1, /* waits for an acknowledgement; packets wait so long, too */
	WAIT_NS_MAX_FACTOR = 16,
};

static struct bridge_message *message_at(struct relay_bridge *bridge, uint64_t number)
{
	return &bridge->out.messages[number % bridge->config->out_window];
}

static struct nw_packet *packets_of(struct relay_bridge *bridge, uint64_t number)
{
	return bridge->out.packets +
	       number % bridge->config->out_window * bridge->config->out_batch;
}

/* ---- from the lanes ---- */

/* Into the last message of its slot, if that did not go yet, or a new one. */
static void put(struct relay_bridge *bridge, const struct nw_packet *packet)
{
	struct bridge_out *out = &bridge->out;
	uint16_t slot = (uint16_t)nw_topic_slot(packet->topic);
	uint64_t last = out->last[slot];
	struct bridge_message *message = last > 0 ? message_at(bridge, last - 1) : NULL;

	if (!message || message->is_sent || message->count == bridge->config->out_batch) {
		out->last[slot] = ++out->tail;
		if (message)
			message->next = out->tail;
		else
			out->first[slot] = out->tail;
		message = message_at(bridge, out->tail - 1);
		*message = (struct bridge_message){ .slot = slot };
	}
	packets_of(bridge, out->last[slot] - 1)[message->count++] = *packet;
}

/* What came in by this very bridge does not go out by it. */
static bool is_echo(const struct relay_bridge *bridge, const struct nw_packet *packet)
{
	const char *name = bridge->config->in_sender;

	return bridge->config->has_in && packet->sender == nw_topic_id(name, strlen(name));
}

static size_t take(struct relay_bridge *bridge)
{
	struct bridge_out *out = &bridge->out;
	struct nw_packet packets[RELAY_CHUNK];
	uint64_t room = bridge->config->out_window - (out->tail - out->head);
	size_t n, skipped = 0;

	/* Each packet may need a message of its own. */
	n = nw_relay_receive(out->subscriber, packets, room < RELAY_CHUNK ? room : RELAY_CHUNK);
	for (size_t i = 0; i < n; i++) {
		if (is_echo(bridge, &packets[i]))
			skipped++;
		else
			put(bridge, &packets[i]);
	}
	relay_count(&out->taken, n - skipped);
	relay_count(&out->skipped, skipped);
	return n;
}

/* ---- to the stream ---- */

static natsStatus make_message(struct relay_bridge *bridge, uint64_t number, natsMsg **ret)
{
	const struct bridge_message *message = message_at(bridge, number);
	char subject[BRIDGE_TEXT_BYTES], reply[BRIDGE_TEXT_BYTES], id[48];
	natsStatus s;

	(void)snprintf(subject, sizeof(subject), "%s.%u", bridge->config->subject,
		       (unsigned)message->slot);
	(void)snprintf(reply, sizeof(reply), "%s.%" PRIu64, bridge->out.inbox, number);
	(void)snprintf(id, sizeof(id), "%016" PRIx64 "-%" PRIu64, bridge->out.epoch, number);
	s = natsMsg_Create(ret, subject, reply, (const char *)packets_of(bridge, number),
			   (int)(message->count * sizeof(struct nw_packet)));
	if (s == NATS_OK)
		s = natsMsgHeader_Set(*ret, "Nats-Msg-Id", id);
	if (s == NATS_OK)
		s = natsMsgHeader_Set(*ret, "Nats-Expected-Stream", bridge->config->stream);
	return s;
}

/* False: it did not go; told, and nothing goes for a while. */
static bool publish(struct relay_bridge *bridge, uint64_t number)
{
	struct bridge_out *out = &bridge->out;
	struct bridge_message *message = message_at(bridge, number);
	natsMsg *msg = NULL;
	natsStatus s = make_message(bridge, number, &msg);

	if (s == NATS_OK)
		s = natsConnection_PublishMsg(out->link.connection, msg);
	natsMsg_Destroy(msg);
	if (s != NATS_OK) {
		bridge_problem(bridge, "cannot publish: %s", natsStatus_GetText(s));
		out->hold_until_ns = relay_now_ns() + UINT64_C(1000000) * BRIDGE_RETRY_MS;
		out->looked = out->head;
		return false;
	}
	relay_count(message->is_sent ? &out->again : &out->published, 1);
	message->is_sent = true;
	out->flying++;
	return true;
}

/* Everything that has no acknowledgement may go again. */
static void rewind_all(struct bridge_out *out, uint64_t now_ns)
{
	out->looked = out->head;
	out->flying = 0;
	out->heard_ns = now_ns;
}

/* The first of each slot, of those that were not looked at. */
static void publish_all(struct relay_bridge *bridge, uint64_t now_ns)
{
	struct bridge_out *out = &bridge->out;

	if (out->flying == 0)
		out->heard_ns = now_ns; /* nothing was to be acknowledged until now */
	for (; out->looked < out->tail; out->looked++) {
		const struct bridge_message *message = message_at(bridge, out->looked);

		if (!message->is_acknowledged && out->first[message->slot] == out->looked + 1 &&
		    !publish(bridge, out->looked))
			return;
	}
}

/* ---- answers ---- */

static void acknowledge(struct relay_bridge *bridge, uint64_t number, bool is_duplicate)
{
	struct bridge_out *out = &bridge->out;
	struct bridge_message *message = message_at(bridge, number);

	/* One that was published again is acknowledged twice. */
	if (number < out->head || number >= out->tail || message->is_acknowledged)
		return;
	message->is_acknowledged = true;
	out->flying -= out->flying > 0;
	relay_count(&out->acknowledged, message->count);
	relay_count(&out->duplicates, is_duplicate);
	out->heard_ns = relay_now_ns();
	out->wait_ns = bridge->config->wait_ns;
	out->first[message->slot] = message->next;
	if (message->next == 0)
		out->last[message->slot] = 0;
	/* Those that were not looked at yet go when they are. */
	else if (message->next <= out->looked && out->heard_ns >= out->hold_until_ns)
		(void)publish(bridge, message->next - 1); /* said, and it goes again */
	while (out->head < out->tail && message_at(bridge, out->head)->is_acknowledged)
		out->head++;
	if (out->looked < out->head)
		out->looked = out->head;
}

static void refuse(struct relay_bridge *bridge, const char *why)
{
	struct bridge_out *out = &bridge->out;

	relay_count(&out->refused, 1);
	bridge_problem(bridge, "stream %s refuses: %s", bridge->config->stream, why);
	out->hold_until_ns = relay_now_ns() + UINT64_C(1000000) * BRIDGE_RETRY_MS;
	rewind_all(out, relay_now_ns());
}

static void hear(struct relay_bridge *bridge, natsMsg *msg)
{
	const char *subject = natsMsg_GetSubject(msg), *why = "an answer that is none";
	const char *last = strrchr(subject, '.');
	json_t *answer = json_loadb(natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg), 0,
				    NULL);
	int is_duplicate = false;

	if (answer && !json_object_get(answer, "error") && json_object_get(answer, "seq")) {
		/* Without the word it is none. */
		(void)json_unpack(answer, "{s:b}", "duplicate", &is_duplicate);
		acknowledge(bridge, strtoull(last ? last + 1 : "", NULL, 10), is_duplicate);
	} else {
		(void)json_unpack(answer, "{s:{s:s}}", "error", "description", &why);
		refuse(bridge, why);
	}
	json_decref(answer);
	natsMsg_Destroy(msg);
}

/* Those that are there, after waiting for one. */
static void hear_all(struct relay_bridge *bridge, int64_t timeout_ms)
{
	natsMsg *msg = NULL;
	natsStatus s = natsSubscription_NextMsg(&msg, bridge->out.answers, timeout_ms);

	for (; s == NATS_OK; s = natsSubscription_NextMsg(&msg, bridge->out.answers, 0))
		hear(bridge, msg);
	if (s == NATS_NO_RESPONDERS)
		refuse(bridge, "no stream takes these subjects; make one, or say create: true");
}

/* ---- the thread ---- */

/* Answers come to an address of this way, over each connection anew. */
static bool hear_answers(struct relay_bridge *bridge)
{
	struct bridge_out *out = &bridge->out;
	char subject[BRIDGE_TEXT_BYTES];
	natsStatus s;

	(void)snprintf(subject, sizeof(subject), "%s.*", out->inbox);
	s = natsConnection_SubscribeSync(&out->answers, out->link.connection, subject);
	if (s == NATS_OK)
		s = natsSubscription_SetPendingLimits(out->answers, -1, -1);
	if (s != NATS_OK)
		bridge_problem(bridge, "no answers: %s", natsStatus_GetText(s));
	return s == NATS_OK;
}

/* Whether there is a connection; over a new one all goes again. */
static bool connect_again(struct relay_bridge *bridge)
{
	struct bridge_out *out = &bridge->out;

	if (bridge_link_is_up(&out->link))
		return true;
	natsSubscription_Destroy(out->answers);
	out->answers = NULL;
	rewind_all(out, relay_now_ns());
	if (bridge_link_make(bridge, &out->link) && hear_answers(bridge))
		return true;
	natsSubscription_Destroy(out->answers);
	out->answers = NULL;
	if (out->link.connection)
		bridge_link_close(&out->link);
	return false;
}

/* Acknowledgements that do not come. */
static void look(struct relay_bridge *bridge, uint64_t now_ns)
{
	struct bridge_out *out = &bridge->out;

	if (out->flying == 0 || now_ns - out->heard_ns <= out->wait_ns)
		return;
	bridge_problem(bridge, "no acknowledgement for %.1f s: publishing again",
		       (double)out->wait_ns / 1e9);
	if (out->wait_ns < WAIT_NS_MAX_FACTOR * bridge->config->wait_ns)
		out->wait_ns *= 2;
	rewind_all(out, now_ns);
}

/* What comes next: an answer, or packets. */
static void wait_for(struct relay_bridge *bridge, bool is_up, size_t n)
{
	struct bridge_out *out = &bridge->out;
	bool has_room = out->tail - out->head < bridge->config->out_window;

	if (is_up && out->head < out->tail)
		hear_all(bridge, n > 0 ? 0 : ANSWER_MS);
	else if (n == 0 && has_room)
		/* Whatever ended it, it is looked at again. */
		(void)nw_relay_receive_wait(out->subscriber, UINT64_C(1000000) * IDLE_MS);
	else if (n == 0)
		nats_Sleep((int64_t)ANSWER_MS * 10);
}

static void step(struct relay_bridge *bridge)
{
	struct bridge_out *out = &bridge->out;
	size_t n = take(bridge);
	bool is_up = connect_again(bridge);
	uint64_t now_ns = relay_now_ns();

	if (is_up && now_ns >= out->hold_until_ns) {
		look(bridge, now_ns);
		publish_all(bridge, now_ns);
	}
	wait_for(bridge, is_up, n);
}

void *bridge_out_run(void *arg)
{
	struct relay_bridge *bridge = arg;

	/* Without a name it is as good. */
	(void)pthread_setname_np(pthread_self(), "relay-out");
	while (!bridge_is_stopping(bridge))
		step(bridge);
	nats_ReleaseThreadMemory();
	return NULL;
}

/* ---- its memory ---- */

static int hear_topics(struct relay_bridge *bridge)
{
	const struct relay_hear *wanted = &bridge->config->hear;
	struct bridge_out *out = &bridge->out;
	int rc = 0;

	if (wanted->is_all)
		return nw_relay_subscribe_all(out->subscriber, true);
	for (uint32_t i = 0; rc == 0 && i < wanted->count; i++) {
		const struct relay_heard *item = &wanted->items[i];
		uint32_t topic = nw_topic_id(item->text, strlen(item->text)), *topics = &topic;
		uint32_t count = 1;

		if (item->is_prefix)
			rc = relay_hear_prefix(bridge->server, out->hearing, item->text, false,
					       &topics, &count);
		if (rc == 0 && count > 0)
			rc = nw_relay_subscribe(out->subscriber, topics, count);
		if (item->is_prefix && topics != &topic)
			free(topics);
	}
	return rc;
}

static int make_window(struct relay_bridge *bridge)
{
	const struct relay_bridge_config *config = bridge->config;
	size_t messages = (config->out_window * sizeof(struct bridge_message) + 63) / 64 * 64;
	size_t n_bytes = messages +
			 config->out_window * config->out_batch * sizeof(struct nw_packet);
	int rc = nw_mem_alloc(&bridge->out.mem, NW_NODE_ANY, n_bytes, 0);

	if (rc < 0) {
		bridge->out.mem.base = NULL;
		return rc;
	}
	bridge->out.messages = bridge->out.mem.base;
	bridge->out.packets = (struct nw_packet *)(void *)((char *)bridge->out.mem.base + messages);
	return 0;
}

int bridge_out_open(struct relay_bridge *bridge)
{
	struct nw_relay_subscriber_options options = {
		.lane_slots = (uint32_t)bridge->server->config.limits.queue_slots,
		.is_lossless = !bridge->config->loses,
		.node = NW_NODE_ANY,
	};
	struct bridge_out *out = &bridge->out;
	int rc = make_window(bridge);

	out->wait_ns = bridge->config->wait_ns;
	if (rc == 0 && getrandom(&out->epoch, sizeof(out->epoch), 0) != sizeof(out->epoch))
		rc = -errno;
	if (rc == 0 && natsInbox_Create(&out->inbox) != NATS_OK)
		rc = -ENOMEM;
	if (rc == 0)
		rc = nw_relay_subscriber_open(&out->subscriber, bridge->server->relay, &options);
	if (rc == 0)
		rc = relay_hearing_create(bridge->server, &out->hearing);
	if (rc < 0)
		return rc;
	out->hearing->subscriber = out->subscriber;
	return hear_topics(bridge);
}

void bridge_out_close(struct relay_bridge *bridge)
{
	struct bridge_out *out = &bridge->out;

	relay_hearing_destroy(bridge->server, out->hearing);
	nw_relay_subscriber_close(out->subscriber);
	natsSubscription_Destroy(out->answers);
	bridge_link_close(&out->link);
	natsInbox_Destroy(out->inbox);
	if (out->mem.base)
		nw_mem_free(&out->mem);
}

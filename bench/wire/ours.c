/* SPDX-License-Identifier: MIT */
/*
 * `nodewise relay` by frames, over TCP, a Unix socket and datagrams, and by lanes.
 * Invariant: a packet that the relay refuses is a failure: nothing is sent that it must refuse.
 */
#include "bench/nw_bench.h"
#include "bench/wire/wire.h"

#include "relay/frame.h"

#include <arpa/inet.h>
#include <nw/packet.h>
#include <nw/relay_client.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FRAME_BYTES_MAX = RELAY_HEAD_BYTES + WIRE_BATCH_MAX * sizeof(struct nw_packet) };

static uint32_t topic_of(const struct wire *wire)
{
	return nw_topic_id(wire->topic, strlen(wire->topic));
}

static void make_packets(const struct wire *wire, struct nw_packet *ret_packets,
			 const struct wire_message *messages, uint32_t count)
{
	static_assert(sizeof(*messages) <= sizeof(ret_packets->payload), "it fits a packet");
	uint32_t topic = topic_of(wire);

	for (uint32_t i = 0; i < count; i++) {
		ret_packets[i] = (struct nw_packet){ .topic = topic,
						     .time_ns = messages[i].time_ns,
						     .flags = NW_PACKET_INLINE,
						     .length = sizeof(*messages) };
		memcpy(ret_packets[i].payload, &messages[i], sizeof(*messages));
	}
}

/* ---- streams ---- */

/* Says it, and takes the answer; false: none, or another one. */
static bool ask(struct wire_stream *stream, enum relay_kind kind, const unsigned char *body,
		size_t n_bytes, enum relay_kind expected)
{
	unsigned char bytes[RELAY_HEAD_BYTES + RELAY_HELLO_BYTES_MAX];
	struct relay_frame frame;
	size_t wanted, n;

	memcpy(bytes + RELAY_HEAD_BYTES, body, n_bytes);
	(void)wire_stream_put(
		stream, bytes,
		relay_frame_seal(bytes, kind, RELAY_SLOT_NONE, bytes + RELAY_HEAD_BYTES, n_bytes));
	while (wire_stream_talk(stream)) {
		const unsigned char *here = wire_stream_here(stream, &n);
		int used = relay_frame_take(here, n, RELAY_BODY_MAX, &frame, &wanted);

		if (used > 0)
			stream->in_at += (size_t)used;
		if (used != 0)
			return used > 0 && frame.kind == expected;
	}
	return false;
}

static bool greet(struct wire_stream *stream)
{
	struct relay_hello hello = { .protocol = RELAY_VERSION };
	unsigned char body[RELAY_HELLO_BYTES_MAX];

	return ask(stream, RELAY_HELLO, body, relay_put_hello(body, &hello), RELAY_HELLO_OK);
}

static bool subscribe(const struct wire *wire, struct wire_stream *stream)
{
	unsigned char body[RELAY_SUBSCRIBE_BYTES + sizeof(uint32_t)];
	uint32_t id = topic_of(wire);
	size_t n = relay_put_subscribe(body, RELAY_TOPICS, false);

	memcpy(body + n, &id, sizeof(id));
	return ask(stream, RELAY_SUBSCRIBE, body, sizeof(body), RELAY_ACK);
}

static bool connect_to(struct wire *wire, struct wire_stream *ret_stream, bool is_unix)
{
	return is_unix ? wire_stream_unix(ret_stream, wire->place->folder, "relay")
		       : wire_stream_tcp(ret_stream, wire->place->ports[WIRE_NODEWISE]);
}

static bool open_streams(struct wire *wire, bool is_unix)
{
	if (!connect_to(wire, &wire->sub, is_unix) || !greet(&wire->sub) ||
	    !subscribe(wire, &wire->sub))
		return wire_fail(wire, "the relay does not take a subscriber");
	if (!connect_to(wire, &wire->pub, is_unix) || !greet(&wire->pub))
		return wire_fail(wire, "the relay does not take a publisher");
	return true;
}

static bool open_tcp(struct wire *wire)
{
	return open_streams(wire, false);
}

static bool open_unix(struct wire *wire)
{
	return open_streams(wire, true);
}

static size_t make_frame(const struct wire *wire, unsigned char *at,
			 const struct wire_message *messages, uint32_t count)
{
	struct nw_packet packets[WIRE_BATCH_MAX];

	make_packets(wire, packets, messages, count);
	memcpy(at + RELAY_HEAD_BYTES, packets, count * sizeof(*packets));
	return relay_frame_seal(at, RELAY_DATA, nw_topic_slot(topic_of(wire)),
				at + RELAY_HEAD_BYTES, count * sizeof(*packets));
}

static void put_frame(struct wire *wire, const struct wire_message *messages, uint32_t count)
{
	unsigned char bytes[FRAME_BYTES_MAX];

	if (!wire_stream_put(&wire->pub, bytes, make_frame(wire, bytes, messages, count)))
		(void)wire_fail(wire, "nothing is read from the publisher");
}

static void take_frame(struct wire *wire, const struct relay_frame *frame)
{
	struct relay_ack ack;

	if (frame->kind == RELAY_DELIVER) {
		for (uint32_t i = 0; i < frame->count; i++)
			wire_take(wire, frame->body + i * sizeof(struct nw_packet) +
						offsetof(struct nw_packet, payload));
	} else if (relay_get_ack(frame, &ack)) {
		wire->acked += ack.accepted;
	} else if (frame->kind != RELAY_LOST) {
		(void)wire_fail(wire, "the relay refused packets");
	}
}

static void take_frames(struct wire *wire, struct wire_stream *stream)
{
	struct relay_frame frame;
	size_t wanted, n;

	if (!wire_stream_flush(stream) || !wire_stream_fill(stream)) {
		(void)wire_fail(wire, "the relay closed a connection");
		return;
	}
	for (;;) {
		const unsigned char *here = wire_stream_here(stream, &n);
		int used = relay_frame_take(here, n, RELAY_BODY_MAX, &frame, &wanted);

		if (used < 0)
			(void)wire_fail(wire, "the relay sent what is no frame");
		if (used <= 0)
			return;
		take_frame(wire, &frame);
		stream->in_at += (size_t)used;
	}
}

static void step_streams(struct wire *wire)
{
	take_frames(wire, &wire->pub);
	take_frames(wire, &wire->sub);
}

static void close_streams(struct wire *wire)
{
	wire_stream_close(&wire->pub);
	wire_stream_close(&wire->sub);
}

/* ---- datagrams in, a stream out ---- */

static bool open_udp(struct wire *wire)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(wire->place->ports[WIRE_NODEWISE]),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (!connect_to(wire, &wire->sub, false) || !greet(&wire->sub) ||
	    !subscribe(wire, &wire->sub))
		return wire_fail(wire, "the relay does not take a subscriber");
	wire->pub.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (wire->pub.fd < 0 ||
	    connect(wire->pub.fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return wire_fail(wire, "no datagram socket");
	return true;
}

static void put_datagram(struct wire *wire, const struct wire_message *messages, uint32_t count)
{
	unsigned char bytes[FRAME_BYTES_MAX];
	size_t n = make_frame(wire, bytes, messages, count);

	wire->acked += count; /* nobody answers */
	/* What the kernel does not take is lost, as on any wire, and found to be. */
	(void)send(wire->pub.fd, bytes, n, MSG_DONTWAIT);
}

static void step_udp(struct wire *wire)
{
	take_frames(wire, &wire->sub);
}

const struct wire_subject wire_nodewise[] = {
	{ "nodewise/tcp",
	  "frames over TCP both ways; a frame is acknowledged when it is in its shard's ring",
	  WIRE_NODEWISE, false, open_tcp, put_frame, step_streams, close_streams },
	{ "nodewise/unix",
	  "frames over a Unix socket both ways; a frame is acknowledged when it is in its shard's "
	  "ring",
	  WIRE_NODEWISE, false, open_unix, put_frame, step_streams, close_streams },
	{ "nodewise/udp", "a frame a datagram in, TCP out; nothing is acknowledged", WIRE_NODEWISE,
	  true, open_udp, put_datagram, step_udp, close_streams },
	{ .name = NULL },
};

/* ---- lanes ---- */

static bool open_lanes(struct wire *wire)
{
	struct nw_relay_client_options options = { .submit_slots = 4096, .receive_slots = 8192 };
	struct nw_relay_client *clients[2];
	char path[WIRE_PATH_BYTES + 16];
	uint32_t id = topic_of(wire);

	wire->pub.fd = wire->sub.fd = -1;
	(void)snprintf(path, sizeof(path), "%s/relay", wire->place->folder);
	for (int i = 0; i < 2; i++) {
		if (nw_relay_client_connect(&clients[i], path, &options, NULL) < 0)
			return wire_fail(wire, "the relay does not take a client by lanes");
		wire->lanes[i] = clients[i];
	}
	if (nw_relay_client_subscribe(clients[1], &id, 1, true) < 0)
		return wire_fail(wire, "the relay does not take a subscriber by lanes");
	return true;
}

static void put_lane(struct wire *wire, const struct wire_message *messages, uint32_t count)
{
	struct nw_packet packets[WIRE_BATCH_MAX];
	uint64_t until_ns = 0;
	size_t done;

	make_packets(wire, packets, messages, count);
	done = nw_relay_client_submit(wire->lanes[0], packets, count, NULL);
	if (done < count)
		until_ns = nw_bench_now_ns() + 1000000000u;
	while (done < count && nw_bench_now_ns() < until_ns)
		done += nw_relay_client_submit(wire->lanes[0], packets + done, count - done, NULL);
	wire->acked += done;
	if (done < count)
		(void)wire_fail(wire, "a lane stays full");
}

static void step_lanes(struct wire *wire)
{
	struct nw_packet packets[WIRE_BATCH_MAX];
	size_t n = nw_relay_client_receive(wire->lanes[1], packets, WIRE_BATCH_MAX);

	for (size_t i = 0; i < n; i++)
		wire_take(wire, packets[i].payload);
}

static void close_lanes(struct wire *wire)
{
	nw_relay_client_close(wire->lanes[0]);
	nw_relay_client_close(wire->lanes[1]);
}

const struct wire_subject wire_lane[] = {
	{ "nodewise/lane",
	  "shared memory both ways; acknowledged: it is in the lane to its shard, which outlives "
	  "the client",
	  WIRE_NODEWISE, false, open_lanes, put_lane, step_lanes, close_lanes },
	{ .name = NULL },
};

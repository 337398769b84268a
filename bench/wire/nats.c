/* SPDX-License-Identifier: MIT */
/*
 * nats-server, core: PUB, a PING behind each batch, MSG.
 * Invariant: the n-th PONG answers the n-th batch, since the server takes a connection's lines in
 * their order.
 */
#include "bench/wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char hello[] = "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\n"
			    "PING\r\n";
static const char ping[] = "PING\r\n", pong[] = "PONG\r\n";

static bool put(struct wire_stream *stream, const char *text)
{
	return wire_stream_put(stream, text, strlen(text));
}

/* A line, without its end; its bytes with it, 0: not all of it is there. */
static size_t line_of(const unsigned char *here, size_t n, size_t *ret_used)
{
	const unsigned char *end = memchr(here, '\n', n);

	*ret_used = end ? (size_t)(end - here) + 1 : 0;
	return end && end > here ? (size_t)(end - here) - 1 : 0;
}

/* "MSG bench 1 32": the payload's bytes. */
static size_t payload_of(const unsigned char *line, size_t n)
{
	char text[128];
	const char *last;

	if (n >= sizeof(text))
		return 0;
	memcpy(text, line, n);
	text[n] = '\0';
	last = strrchr(text, ' ');
	return last ? strtoul(last + 1, NULL, 10) : 0;
}

/* One thing that the server says; bytes of it, 0: not all of it is there. */
static size_t take_one(struct wire *wire, struct wire_stream *stream, const unsigned char *here,
		       size_t n)
{
	size_t used, n_bytes, length = line_of(here, n, &used);

	if (used == 0)
		return 0;
	if (length > 4 && memcmp(here, "MSG ", 4) == 0) {
		n_bytes = payload_of(here, length);
		if (n < used + n_bytes + 2)
			return 0;
		if (n_bytes == sizeof(struct wire_message))
			wire_take(wire, here + used);
		return used + n_bytes + 2;
	}
	if (length == 4 && memcmp(here, "PING", 4) == 0)
		(void)put(stream, pong); /* it goes with the next flush */
	else if (length == 4 && memcmp(here, "PONG", 4) == 0)
		wire_ack_batch(wire);
	else if (length > 4 && memcmp(here, "-ERR", 4) == 0)
		(void)wire_fail(wire, "nats-server says -ERR");
	return used;
}

static void take_all(struct wire *wire, struct wire_stream *stream)
{
	size_t n, used;

	if (!wire_stream_flush(stream) || !wire_stream_fill(stream)) {
		(void)wire_fail(wire, "nats-server closed a connection");
		return;
	}
	do {
		const unsigned char *here = wire_stream_here(stream, &n);

		used = take_one(wire, stream, here, n);
		stream->in_at += used;
	} while (used > 0);
}

static bool greet(struct wire *wire, struct wire_stream *stream)
{
	uint64_t before = wire->acked;

	if (!wire_stream_tcp(stream, wire->place->ports[WIRE_NATS]) || !put(stream, hello))
		return false;
	wire_mark(wire, 1);
	while (wire->acked == before && !wire->failure && wire_stream_talk(stream))
		take_all(wire, stream);
	wire->acked = before;
	return stream->fd >= 0 && wire->mark_first == wire->mark_end;
}

static bool open_tcp(struct wire *wire)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "SUB %s 1\r\n", wire->topic);
	if (!greet(wire, &wire->sub) || !put(&wire->sub, text))
		return wire_fail(wire, "nats-server does not take a subscriber");
	/* A subscription is there when a PONG comes behind it. */
	wire_mark(wire, 1);
	(void)put(&wire->sub, ping);
	while (wire->mark_first != wire->mark_end && wire_stream_talk(&wire->sub))
		take_all(wire, &wire->sub);
	if (wire->mark_first != wire->mark_end || !greet(wire, &wire->pub))
		return wire_fail(wire, "nats-server does not take a publisher");
	wire->acked = 0;
	return true;
}

static void put_batch(struct wire *wire, const struct wire_message *messages, uint32_t count)
{
	bool has_room = true;
	char pub[32];

	(void)snprintf(pub, sizeof(pub), "PUB %s 32\r\n", wire->topic);
	for (uint32_t i = 0; i < count; i++)
		has_room = has_room && put(&wire->pub, pub) &&
			   wire_stream_put(&wire->pub, &messages[i], sizeof(*messages)) &&
			   put(&wire->pub, "\r\n");
	if (!has_room || !put(&wire->pub, ping))
		(void)wire_fail(wire, "nothing is read from the publisher");
	wire_mark(wire, count);
}

static void step(struct wire *wire)
{
	take_all(wire, &wire->pub);
	take_all(wire, &wire->sub);
}

static void close_both(struct wire *wire)
{
	wire_stream_close(&wire->pub);
	wire_stream_close(&wire->sub);
}

const struct wire_subject wire_nats[] = {
	{ "nats/tcp",
	  "core NATS over TCP; PING behind each batch, PONG: the batch was taken and dealt out",
	  WIRE_NATS, false, open_tcp, put_batch, step, close_both },
	{ .name = NULL },
};

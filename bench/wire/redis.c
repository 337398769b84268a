/* SPDX-License-Identifier: MIT */
/*
 * redis-server: pub/sub, and a stream that one reader follows.
 * Invariant: a reply is looked at only when all of it is there, so nothing is counted twice.
 */
#include "bench/wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 8, COMMAND_BYTES = 256 };

/* ---- replies ---- */

/* What is done with bulk strings; NULL: nothing. */
typedef void on_bulk_fn(struct wire *wire, const unsigned char *bytes, size_t n_bytes);

/* Bytes of the reply that begins here, 0: not all of it is there. */
static size_t reply_bytes(struct wire *wire, const unsigned char *here, size_t n,
			  on_bulk_fn *on_bulk, int depth)
{
	const unsigned char *end = n > 0 ? memchr(here, '\n', n) : NULL;
	size_t used = end ? (size_t)(end - here) + 1 : 0;
	long count = used > 0 ? strtol((const char *)here + 1, NULL, 10) : 0;

	if (used == 0 || (*here != '$' && *here != '*') || count < 0)
		return used;
	if (*here == '$') {
		if (n < used + (size_t)count + 2)
			return 0;
		if (on_bulk)
			on_bulk(wire, here + used, (size_t)count);
		return used + (size_t)count + 2;
	}
	for (long i = 0; i < count; i++) {
		size_t part = depth < DEPTH_MAX
				      ? reply_bytes(wire, here + used, n - used, on_bulk, depth + 1)
				      : 0;

		if (part == 0)
			return 0;
		used += part;
	}
	return used;
}

static void take_bulk(struct wire *wire, const unsigned char *bytes, size_t n_bytes)
{
	if (n_bytes == sizeof(struct wire_message)) {
		wire_take(wire, bytes);
	} else if (n_bytes < sizeof(wire->last_id) && memchr(bytes, '-', n_bytes)) {
		memcpy(wire->last_id, bytes, n_bytes);
		wire->last_id[n_bytes] = '\0';
	}
}

/* Whole replies of what came; how many. */
static uint32_t take_replies(struct wire *wire, struct wire_stream *stream, on_bulk_fn *on_bulk)
{
	uint32_t count = 0;
	size_t n, used;

	if (!wire_stream_flush(stream) || !wire_stream_fill(stream)) {
		(void)wire_fail(wire, "redis-server closed a connection");
		return 0;
	}
	for (;; count++) {
		const unsigned char *here = wire_stream_here(stream, &n);

		if (n > 0 && *here == '-')
			(void)wire_fail(wire, "redis-server answers with an error");
		used = reply_bytes(wire, here, n, NULL, 0);
		if (used == 0)
			return count;
		if (on_bulk)
			(void)reply_bytes(wire, here, n, on_bulk, 0);
		stream->in_at += used;
	}
}

/* ---- both ---- */

static bool connect_to(struct wire *wire, struct wire_stream *ret_stream)
{
	if (strstr(wire->subject->name, "unix"))
		return wire_stream_unix(ret_stream, wire->place->folder, "redis");
	return wire_stream_tcp(ret_stream, wire->place->ports[WIRE_REDIS]);
}

static bool say(struct wire_stream *stream, const char *text)
{
	return wire_stream_put(stream, text, strlen(text));
}

/* Says it, and takes one reply. */
static bool ask(struct wire *wire, struct wire_stream *stream, const char *text)
{
	if (!say(stream, text))
		return false;
	while (wire_stream_talk(stream))
		if (take_replies(wire, stream, NULL) > 0)
			return !wire->failure;
	return false;
}

static void put_each(struct wire *wire, const char *command, const struct wire_message *messages,
		     uint32_t count)
{
	bool has_room = true;

	for (uint32_t i = 0; i < count; i++)
		has_room = has_room && say(&wire->pub, command) &&
			   wire_stream_put(&wire->pub, &messages[i], sizeof(*messages)) &&
			   say(&wire->pub, "\r\n");
	if (!has_room)
		(void)wire_fail(wire, "nothing is read from the publisher");
}

static void close_both(struct wire *wire)
{
	wire_stream_close(&wire->pub);
	wire_stream_close(&wire->sub);
}

/* ---- pub/sub ---- */

static bool open_pubsub(struct wire *wire)
{
	char text[COMMAND_BYTES];

	(void)snprintf(text, sizeof(text), "*2\r\n$9\r\nSUBSCRIBE\r\n$6\r\n%s\r\n", wire->topic);
	if (!connect_to(wire, &wire->sub) || !ask(wire, &wire->sub, text))
		return wire_fail(wire, "redis-server does not take a subscriber");
	if (!connect_to(wire, &wire->pub))
		return wire_fail(wire, "redis-server does not take a publisher");
	return true;
}

static void put_publish(struct wire *wire, const struct wire_message *messages, uint32_t count)
{
	char text[COMMAND_BYTES];

	(void)snprintf(text, sizeof(text), "*3\r\n$7\r\nPUBLISH\r\n$6\r\n%s\r\n$32\r\n",
		       wire->topic);
	put_each(wire, text, messages, count);
}

static void step_pubsub(struct wire *wire)
{
	wire->acked += take_replies(wire, &wire->pub, NULL);
	(void)take_replies(wire, &wire->sub, take_bulk);
}

/* ---- a stream ---- */

static bool open_log(struct wire *wire)
{
	char text[COMMAND_BYTES];

	(void)snprintf(text, sizeof(text), "*2\r\n$3\r\nDEL\r\n$6\r\n%s\r\n", wire->topic);
	if (!connect_to(wire, &wire->pub) || !connect_to(wire, &wire->sub) ||
	    !ask(wire, &wire->pub, text))
		return wire_fail(wire, "redis-server does not take clients");
	(void)snprintf(wire->last_id, sizeof(wire->last_id), "0-0");
	wire->is_asking = false;
	return true;
}

static void put_xadd(struct wire *wire, const struct wire_message *messages, uint32_t count)
{
	char text[COMMAND_BYTES];

	(void)snprintf(text, sizeof(text),
		       "*8\r\n$4\r\nXADD\r\n$6\r\n%s\r\n$6\r\nMAXLEN\r\n$1\r\n~\r\n$5\r\n16384\r\n"
		       "$1\r\n*\r\n$1\r\np\r\n$32\r\n",
		       wire->topic);
	put_each(wire, text, messages, count);
}

static void step_log(struct wire *wire)
{
	char text[COMMAND_BYTES];

	wire->acked += take_replies(wire, &wire->pub, NULL);
	if (!wire->is_asking) {
		(void)snprintf(text, sizeof(text),
			       "*8\r\n$5\r\nXREAD\r\n$5\r\nCOUNT\r\n$4\r\n1024\r\n$5\r\nBLOCK\r\n"
			       "$1\r\n0\r\n$7\r\nSTREAMS\r\n$6\r\n%s\r\n$%zu\r\n%s\r\n",
			       wire->topic, strlen(wire->last_id), wire->last_id);
		wire->is_asking = say(&wire->sub, text);
	}
	if (take_replies(wire, &wire->sub, take_bulk) > 0)
		wire->is_asking = false;
}

const struct wire_subject wire_redis[] = {
	{ "redis-pubsub/tcp",
	  "PUBLISH over TCP, in pipelines of a batch; each is answered when it was dealt out",
	  WIRE_REDIS, false, open_pubsub, put_publish, step_pubsub, close_both },
	{ "redis-pubsub/unix", "the same over a Unix socket", WIRE_REDIS, false, open_pubsub,
	  put_publish, step_pubsub, close_both },
	{ "redis-stream/tcp",
	  "XADD over TCP, in pipelines of a batch, XREAD of up to 1024; each is answered when it "
	  "is in the log in memory",
	  WIRE_REDIS, false, open_log, put_xadd, step_log, close_both },
	{ .name = NULL },
};

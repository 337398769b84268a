/* SPDX-License-Identifier: MIT */
/*
 * From the engine's lanes to subscribers that are connections.
 *
 * A connection takes a frame of packets out of its lanes when the one before has gone. One that
 * does not read leaves its packets in the lanes; when those are full, the shards drop what is new,
 * and count it. Nobody waits for it.
 *
 * Invariant: a connection is active while its lanes may hold packets that nobody rings for: from
 * the bell until the lanes were found empty and the bell asked for again.
 */
#include "relay/relay.h"

#include <errno.h>
#include <nw/bell.h>

enum {
	FRAMES_A_ROUND = 8,
	KEEP_NS = 50000, /* about as long as a shard spins before it sleeps */
};

void relay_activate(struct relay_worker *worker, struct relay_conn *conn)
{
	if (conn->is_active || !conn->subscriber)
		return;
	conn->is_active = true;
	conn->active_next = worker->active;
	conn->active_link = &worker->active;
	if (conn->active_next)
		conn->active_next->active_link = &conn->active_next;
	worker->active = conn;
}

void relay_deactivate(struct relay_conn *conn)
{
	if (!conn->is_active)
		return;
	conn->is_active = false;
	*conn->active_link = conn->active_next;
	if (conn->active_next)
		conn->active_next->active_link = conn->active_link;
}

/* One frame of what the lanes have; 0: they are empty. */
static uint32_t fill(struct relay_worker *worker, struct relay_conn *conn)
{
	unsigned char *head = conn->deliver + RELAY_DELIVER_AT;
	struct nw_packet *packets = (struct nw_packet *)(void *)(head + RELAY_HEAD_BYTES);
	size_t n = nw_relay_receive(conn->subscriber, packets, RELAY_CHUNK);

	if (n == 0)
		return 0;
	conn->deliver_at = RELAY_DELIVER_AT;
	conn->deliver_end = RELAY_DELIVER_AT +
			    relay_frame_seal(head, RELAY_DELIVER, nw_topic_slot(packets[0].topic),
					     head + RELAY_HEAD_BYTES, n * sizeof(*packets));
	relay_count(&worker->tally.frames_out, 1);
	relay_count(&worker->tally.packets_out, n);
	return (uint32_t)n;
}

static int send_some(struct relay_worker *worker, struct relay_conn *conn)
{
	uint64_t n_bytes = 0;
	int rc = relay_conn_send(conn, &n_bytes);

	if (n_bytes > 0) {
		relay_count(&worker->tally.bytes_out, n_bytes);
		conn->since_ns = worker->polled_ns;
	}
	if (rc < 0 && rc != -EAGAIN) {
		/* It is gone: there is nobody to be told anything. */
		conn->is_eof = true;
		conn->reply_at = conn->reply_end = 0;
		conn->deliver_at = conn->deliver_end = 0;
	}
	return rc;
}

/* The lanes are empty. As long as packets come one soon after the other they are looked at in each
 * round, so that nobody rings and no ring has to be heard: both are system calls. */
static void rest(struct relay_worker *worker, struct relay_conn *conn)
{
	if (worker->stage < RELAY_STAGE_CLOSE && worker->polled_ns - conn->moved_ns < KEEP_NS)
		return;
	/* Once the bell is asked for, what comes is heard. */
	if (nw_relay_receive_rest(conn->subscriber))
		relay_deactivate(conn);
}

bool relay_rest_all(struct relay_worker *worker)
{
	bool is_empty = true;

	for (struct relay_conn *conn = worker->active, *next; conn; conn = next) {
		next = conn->active_next;
		if (nw_relay_receive_rest(conn->subscriber))
			relay_deactivate(conn);
		else
			is_empty = false;
	}
	return is_empty;
}

uint32_t relay_deliver(struct relay_worker *worker, struct relay_conn *conn)
{
	uint32_t moved = 0;
	int rc = send_some(worker, conn);

	for (int i = 0; rc == 0 && conn->subscriber && i < FRAMES_A_ROUND; i++) {
		uint32_t n;

		n = fill(worker, conn);
		if (n == 0) {
			rest(worker, conn);
			return moved;
		}
		moved += n;
		conn->moved_ns = worker->polled_ns;
		rc = send_some(worker, conn);
	}
	/* Who is blocked comes back when there is room again. */
	if (rc < 0)
		relay_deactivate(conn);
	return moved;
}

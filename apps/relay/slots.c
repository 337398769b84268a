/* SPDX-License-Identifier: MIT */
/*
 * MOVE: a slot goes to another shard while packets come, at the word of the user whose relay this
 * is, or of root, over the Unix socket.
 *
 * The answer is an ACK at once: 1, the slot is where it was wanted, or 0, it is on its way, or
 * another one of its shard is: ask again. Invariant: to ask twice moves once.
 */
#include "relay/relay.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static bool may_move(const struct relay_conn *conn)
{
	return conn->has_uid && (conn->uid == 0 || conn->uid == (uint32_t)geteuid());
}

/* Why not, or 0. */
static enum relay_reason look(const struct relay_server *server, const struct relay_conn *conn,
			      const struct relay_move *move, char text[RELAY_TEXT_BYTES])
{
	if (!may_move(conn)) {
		(void)snprintf(text, RELAY_TEXT_BYTES,
			       "slots are moved by the user whose relay this is, and by root, over "
			       "its Unix socket");
		return RELAY_REASON_IDENTITY;
	}
	if (move->slot >= NW_TOPIC_SLOT_COUNT || move->shard >= server->shard_count) {
		(void)snprintf(text, RELAY_TEXT_BYTES,
			       "no slot %u or no shard %u: slots are 0 to %u here, shards 0 to "
			       "%" PRIu32,
			       move->slot, move->shard, NW_TOPIC_SLOT_COUNT - 1u,
			       server->shard_count - 1);
		return RELAY_REASON_LIMIT;
	}
	if (relay_stage_of(server) != RELAY_STAGE_RUN) {
		(void)snprintf(text, RELAY_TEXT_BYTES, "the relay is closing");
		return RELAY_REASON_CLOSING;
	}
	return 0;
}

/* Whether it is there. */
static bool move_slot(struct relay_server *server, const struct relay_move *move)
{
	bool is_moving;
	uint32_t at = nw_relay_slot_at(server->relay, move->slot, &is_moving);

	if (at == move->shard && !is_moving) {
		relay_steer_follow(server);
		return true;
	}
	/* Refused: it is on its way, or its shard is at another one. */
	if (nw_relay_slot_move(server->relay, move->slot, move->shard) == 0)
		relay_log(server, "info", "slot_moves", "{s:i, s:i, s:i}", "slot", (int)move->slot,
			  "from", (int)at, "to", (int)move->shard);
	return false;
}

void relay_slots_take(struct relay_server *server, struct relay_conn *conn,
		      const struct relay_frame *frame)
{
	struct relay_refused refused = { .accepted = 0 };
	struct relay_move move;

	if (!relay_get_move(frame, &move)) {
		relay_conn_end(conn, RELAY_REASON_PROTOCOL, "a MOVE that is none");
		return;
	}
	refused.reason = (uint16_t)look(server, conn, &move, refused.text);
	if (refused.reason != 0)
		relay_conn_refuse(conn, &refused);
	else
		relay_conn_ack(conn, move_slot(server, &move));
}

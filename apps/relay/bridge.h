/* SPDX-License-Identifier: MIT */
/*
 * The bridge to NATS JetStream: what leaves this machine, and what comes from others.
 *
 *     shards -> lossless lanes -> out: messages -> JetStream, until it has acknowledged each
 *     JetStream -> a durable consumer -> in: submit, then acknowledge
 *
 * One thread each way, none of them a shard's. Invariant: taken = acknowledged + left, and a
 * message that came is acknowledged only when each of its packets was accepted or can never be.
 */
#ifndef APP_RELAY_BRIDGE_H
#define APP_RELAY_BRIDGE_H

#include "relay/config.h"

struct relay_server;

/* ---- its section of the file ---- */

void relay_bridge_take(struct app_reader *reader, const struct app_tree *tree, void *config);
void relay_bridge_defaults(struct relay_config *config);
/* NULL: none. */
json_t *relay_bridge_json(const struct relay_config *config);
bool relay_bridge_differs(const struct relay_config *a, const struct relay_config *b);

/* ---- the bridge ---- */

struct relay_bridge_counts {
	bool is_connected;
	uint64_t connects;
	/* Out: packets. lost: the lanes had no room; left = taken - acknowledged. */
	uint64_t taken, acknowledged, lost, in_lanes;
	/* Messages. */
	uint64_t published, again, duplicates, refused;
	/* In: messages; packets of them. */
	uint64_t came, redelivered, in_acknowledged;
	uint64_t accepted, retried, bad;
};

/* Whether this program was built with it. */
bool relay_bridge_is_built(void);
/* Hears what it is to carry; nothing is taken yet. APP_OK, or the exit code after having said why.
 */
int relay_bridge_open(struct relay_server *server);
/* Its threads begin. APP_OK, or as above. */
int relay_bridge_start(struct relay_server *server);
/* The control thread's, now and then: what is new is logged. */
void relay_bridge_tick(struct relay_server *server);
void relay_bridge_counts(const struct relay_server *server, struct relay_bridge_counts *ret_counts);
/* Whether nothing is on its way out. */
bool relay_bridge_is_empty(const struct relay_server *server);
/* Its threads end, whatever is left. */
void relay_bridge_stop(struct relay_server *server);
/* Behind that, once the shards deliver no more. */
void relay_bridge_close(struct relay_server *server);

#endif /* APP_RELAY_BRIDGE_H */

/* SPDX-License-Identifier: MIT */
/* Inside of the bridge: one connection, two ways, what they count. Invariant: each count has one
 * writer. */
#ifndef APP_RELAY_BRIDGE_PARTS_H
#define APP_RELAY_BRIDGE_PARTS_H

#include "relay/bridge.h"
#include "relay/relay.h"

#include <nats/nats.h>
#include <pthread.h>

enum { BRIDGE_TEXT_BYTES = 200, BRIDGE_RETRY_MS = 1000 };

/* A connection of one way, by its thread alone; what the library would do by itself when it is lost
 * is done here, so that it is known what went over which. */
struct bridge_link {
	natsConnection *connection; /* NULL: none */
	jsCtx *js;
	uint64_t tried_ns;

	alignas(NW_CACHE_PAIR) _Atomic bool is_up;
	_Atomic uint64_t ups;
};

/* A message that is not acknowledged yet; its packets are in the window. */
struct bridge_message {
	uint64_t next; /* of its slot: number + 1; 0: none */
	uint32_t count;
	uint16_t slot;
	bool is_sent; /* once at least */
	bool is_acknowledged;
};

/* The way out; its thread's, but for the counts. */
struct bridge_out {
	struct bridge_link link;
	struct nw_relay_subscriber *subscriber;
	struct relay_hearing *hearing; /* the control thread's */
	natsInbox *inbox;
	natsSubscription *answers;
	struct bridge_message *messages; /* [window], by number modulo window */
	struct nw_packet *packets;       /* [window][batch] */
	struct nw_mem mem;
	uint64_t epoch;         /* of this process: ids of its messages begin so */
	uint64_t head, tail;    /* numbers: oldest not acknowledged, next to fill */
	uint64_t looked;        /* messages before it went if they could */
	uint64_t flying;        /* messages that went and have no answer */
	uint64_t heard_ns;      /* something was acknowledged, or all was sent again */
	uint64_t wait_ns;       /* doubles while nothing is acknowledged */
	uint64_t hold_until_ns; /* refused: nothing is sent before */
	/* Of each slot the first and the last message that are not acknowledged: number + 1; 0:
	 * none. Only the first one goes. */
	uint64_t first[NW_TOPIC_SLOT_COUNT], last[NW_TOPIC_SLOT_COUNT];

	alignas(NW_CACHE_PAIR) _Atomic uint64_t taken, skipped, acknowledged;
	_Atomic uint64_t published, again, duplicates, refused;
};

enum { BRIDGE_SEEN = 1 << 16 };

/* The way in; its thread's, but for the counts. */
struct bridge_in {
	struct bridge_link link;
	struct nw_relay_producer *producer;
	natsSubscription *subscription;
	struct nw_packet *packets; /* [RELAY_CHUNK] */
	struct nw_mem mem;
	uint64_t seen[BRIDGE_SEEN]; /* numbers in the stream of what was accepted, by modulo */

	alignas(NW_CACHE_PAIR) _Atomic uint64_t came, redelivered, acknowledged;
	_Atomic uint64_t accepted, retried, bad;
};

struct relay_bridge {
	struct relay_server *server;
	const struct relay_bridge_config *config;
	pthread_t out_thread, in_thread;
	bool has_out_thread, has_in_thread;
	bool is_told_connected; /* the control thread's, as the next two are */
	uint64_t told_count;
	char told[BRIDGE_TEXT_BYTES];
	_Atomic bool is_stopping;

	pthread_mutex_t lock; /* of the last problem */
	char problem[BRIDGE_TEXT_BYTES];
	uint64_t problem_count;

	struct bridge_out out;
	struct bridge_in in;
};

/* For the control thread to log. Any thread. */
void bridge_problem(struct relay_bridge *bridge, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool bridge_is_stopping(const struct relay_bridge *bridge);
/* Whether the connection is there, as far as the library knows. */
bool bridge_link_is_up(const struct bridge_link *link);
/* Another try, if it is time: connects, and finds or makes the stream. False: a problem, told. */
bool bridge_link_make(struct relay_bridge *bridge, struct bridge_link *link);
void bridge_link_close(struct bridge_link *link);

/* bridge_out.c. 0 or -errno. */
int bridge_out_open(struct relay_bridge *bridge);
void *bridge_out_run(void *bridge);
void bridge_out_close(struct relay_bridge *bridge);

/* bridge_in.c. Likewise. */
int bridge_in_open(struct relay_bridge *bridge);
void *bridge_in_run(void *bridge);
void bridge_in_close(struct relay_bridge *bridge);

#endif /* APP_RELAY_BRIDGE_PARTS_H */

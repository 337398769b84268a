/* SPDX-License-Identifier: MIT */
/*
 * `nodewise relay pub`: its options, and what it has counted.
 * Invariant: sent = answered + outstanding packets; answered = accepted + refused.
 */
#ifndef APP_RELAY_PUB_H
#define APP_RELAY_PUB_H

#include "relay/client.h"
#include "relay/config.h"
#include "relay/histogram.h"

#include <nw/relay.h>

enum { RELAY_WINDOW = 64 }; /* frames on their way at most */

struct relay_pub_options {
	struct relay_target target;
	const char *topic, *text;
	uint64_t topic_count; /* topic.0, topic.1, ...; 1: just topic */
	uint64_t rate, count, duration_ns, size, batch, priority, ttl_us;
	bool is_waiting; /* send again what was refused for want of room, in order */
	bool is_json, is_quiet, is_help;
};

/* A frame on its way. */
struct relay_flight {
	uint64_t first; /* its first packet's number */
	uint32_t count;
	uint64_t sent_ns; /* of all its packets, where there is no rate */
};

struct relay_pub {
	struct relay_pub_options options;
	struct relay_client client;
	struct nw_relay_client *lane; /* NULL: a stream, or datagrams */
	uint32_t *topics;             /* [topic_count] */
	unsigned char *frame;
	uint32_t batch;
	uint64_t begin_ns, begin_wall_ns; /* the schedule, by two clocks */

	uint64_t sent, accepted, refused;
	uint64_t refused_by[RELAY_REASON_END];
	struct relay_drops drops; /* of those accepted, if are_drops_known */
	bool are_drops_known;
	struct relay_flight flights[RELAY_WINDOW];
	uint64_t flight_first, flight_end;
	bool is_closing, is_over;      /* the relay said so; nothing more is to be sent */
	struct relay_refused last;     /* refusal */
	struct relay_histogram answer; /* from when it was to be sent to its answer */
};

/* Between pub.c and pub_lane.c. */
uint64_t relay_pub_clock_ns(void);
void relay_pub_fill(const struct relay_pub *pub, unsigned char *at, uint64_t number,
		    uint64_t now_ns);
uint32_t relay_pub_due(const struct relay_pub *pub, uint64_t *ret_wait_ns);
bool relay_pub_is_done(const struct relay_pub *pub);
void relay_pub_nap(uint64_t ns);
/* Sends all of it by lanes, and waits until the shards have looked at it. 0, or -errno. */
int relay_pub_lane(struct relay_pub *pub);

/* APP_OK, or the exit code after having said why. */
int relay_pub_parse(struct relay_pub_options *ret_options, int argc, char **argv);
int relay_pub_help(void);
int relay_pub_report(const struct relay_pub *pub, uint64_t took_ns);

#endif /* APP_RELAY_PUB_H */

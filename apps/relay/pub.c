/* SPDX-License-Identifier: MIT */
/*
 * `nodewise relay pub`: an open loop.
 *
 * With a rate, packet i is due at begin + i / rate, whatever became of those before it; it carries
 * that time, and every latency counts from it. So a relay that stalls is charged for all the
 * packets that it kept from being sent. Invariant: answers come in the order of the frames: the
 * first flight is the one that is answered.
 */
#include "relay/pub.h"

#include "common/app.h"
#include "relay/drops.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PUMP_NS = 100000000, RETRY_NS_MIN = 20000, RETRY_NS_MAX = 100000000, SETTLE_NS = 20000000 };

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t); /* this clock is always there */
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t relay_pub_clock_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* When a packet is due, from the beginning on. */
static uint64_t due_ns(const struct relay_pub *pub, uint64_t number)
{
	uint64_t rate = pub->options.rate;

	return number / rate * 1000000000u + number % rate * 1000000000u / rate;
}

/* ---- answers ---- */

/* Its packets, from number first on, have been answered. */
static void note_answers(struct relay_pub *pub, const struct relay_flight *flight, uint32_t count)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (pub->options.rate == 0) {
		relay_histogram_add(&pub->answer, now_ns - flight->sent_ns, count);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		relay_histogram_add(&pub->answer,
				    now_ns - pub->begin_ns - due_ns(pub, flight->first + i), 1);
}

static void take_answer(struct relay_pub *pub, uint32_t accepted)
{
	struct relay_flight *flight = &pub->flights[pub->flight_first % RELAY_WINDOW];

	if (pub->flight_first == pub->flight_end || accepted > flight->count) {
		pub->is_over = true;
		return;
	}
	pub->flight_first++;
	pub->accepted += accepted;
	pub->refused += flight->count - accepted;
	note_answers(pub, flight, accepted);
}

static void hear(void *arg, const struct relay_frame *frame)
{
	struct relay_pub *pub = arg;
	struct relay_ack ack;

	if (frame->kind == RELAY_CLOSING)
		pub->is_closing = true;
	if (relay_get_drops(frame, &pub->drops))
		pub->are_drops_known = true;
	if (relay_get_ack(frame, &ack))
		take_answer(pub, ack.accepted);
	if (!relay_get_refused(frame, &pub->last))
		return;
	if (pub->last.reason < RELAY_REASON_END && pub->flight_first < pub->flight_end)
		pub->refused_by[pub->last.reason] += pub->flights[pub->flight_first % RELAY_WINDOW]
							     .count -
						     pub->last.accepted;
	take_answer(pub, pub->last.accepted);
}

/* ---- packets ---- */

void relay_pub_fill(const struct relay_pub *pub, unsigned char *at, uint64_t number,
		    uint64_t now_ns)
{
	const struct relay_pub_options *o = &pub->options;
	struct nw_packet packet = { .topic = pub->topics[number % o->topic_count],
				    .flags = NW_PACKET_INLINE,
				    .length = (uint8_t)o->size,
				    .priority = (uint8_t)o->priority,
				    .ttl_us = (uint32_t)o->ttl_us };

	packet.time_ns = pub->begin_wall_ns +
			 (o->rate > 0 ? due_ns(pub, number) : now_ns - pub->begin_ns);
	if (o->text) {
		packet.length = (uint8_t)strlen(o->text);
		memcpy(packet.payload, o->text, packet.length);
	} else if (o->size >= sizeof(number)) {
		memcpy(packet.payload, &number, sizeof(number));
	}
	memcpy(at, &packet, sizeof(packet));
}

/* Makes and sends a frame of packets, from a number on. */
static int send_frame(struct relay_pub *pub, uint64_t first, uint32_t count)
{
	struct relay_flight *flight = &pub->flights[pub->flight_end % RELAY_WINDOW];
	unsigned char *body = pub->frame + RELAY_HEAD_BYTES;
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	size_t n_bytes;

	for (uint32_t i = 0; i < count; i++)
		relay_pub_fill(pub, body + i * sizeof(struct nw_packet), first + i, now_ns);
	n_bytes = relay_frame_seal(pub->frame, RELAY_DATA,
				   nw_topic_slot(pub->topics[first % pub->options.topic_count]),
				   body, count * sizeof(struct nw_packet));
	*flight = (struct relay_flight){ first, count, now_ns };
	if (!pub->client.is_udp)
		pub->flight_end++;
	return relay_client_send(&pub->client, pub->frame, n_bytes);
}

/* How many packets are to be sent now; 0: none are due, *ret_wait_ns until one is. */
uint32_t relay_pub_due(const struct relay_pub *pub, uint64_t *ret_wait_ns)
{
	const struct relay_pub_options *o = &pub->options;
	uint64_t left = o->count > 0 ? o->count - pub->sent : UINT64_MAX, now_ns, next_ns, due;

	*ret_wait_ns = 0;
	if (left > pub->batch)
		left = pub->batch;
	if (o->rate == 0)
		return (uint32_t)left;
	now_ns = clock_ns(CLOCK_MONOTONIC) - pub->begin_ns;
	next_ns = due_ns(pub, pub->sent);
	if (next_ns > now_ns) {
		*ret_wait_ns = next_ns - now_ns;
		return 0;
	}
	due = (uint64_t)((double)(now_ns - next_ns) * (double)o->rate / 1e9) + 1;
	return (uint32_t)(due < left ? due : left);
}

bool relay_pub_is_done(const struct relay_pub *pub)
{
	const struct relay_pub_options *o = &pub->options;

	return app_was_interrupted() || pub->is_closing || pub->is_over ||
	       (o->count > 0 && pub->sent >= o->count) ||
	       (o->duration_ns > 0 && clock_ns(CLOCK_MONOTONIC) - pub->begin_ns >= o->duration_ns);
}

/* ---- two ways of sending ---- */

void relay_pub_nap(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000u),
			      .tv_nsec = (long)(ns % 1000000000u) };

	(void)nanosleep(&t, NULL); /* a signal only makes it shorter */
}

/* Waits for something to come, or for time to pass. */
static int pause_for(struct relay_pub *pub, uint64_t ns)
{
	if (ns > PUMP_NS)
		ns = PUMP_NS;
	if (!pub->client.is_udp)
		return relay_client_pump(&pub->client, ns, false);
	relay_pub_nap(ns);
	return 0;
}

/* Whatever becomes of the packets before. */
static int send_open(struct relay_pub *pub)
{
	int rc = 0;

	while (rc == 0 && !relay_pub_is_done(pub)) {
		uint64_t wait_ns;
		uint32_t count = relay_pub_due(pub, &wait_ns);

		if (pub->flight_end - pub->flight_first == RELAY_WINDOW) {
			rc = relay_client_pump(&pub->client, PUMP_NS, false);
			continue;
		}
		if (count == 0) {
			rc = pause_for(pub, wait_ns);
			continue;
		}
		rc = send_frame(pub, pub->sent, count);
		pub->sent += rc == 0 ? count : 0;
		if (rc == 0 && !pub->client.is_udp)
			rc = relay_client_pump(&pub->client, 0, false);
	}
	return rc;
}

static int await_all(struct relay_pub *pub)
{
	uint64_t until_ns = clock_ns(CLOCK_MONOTONIC) + UINT64_C(30) * 1000000000u;
	int rc = 0;

	while (rc == 0 && pub->flight_first < pub->flight_end && !pub->is_over &&
	       clock_ns(CLOCK_MONOTONIC) < until_ns)
		rc = relay_client_pump(&pub->client, PUMP_NS, false);
	/* The relay may end the connection once it has answered. */
	return pub->flight_first == pub->flight_end ? 0 : rc;
}

/* What the rules made of what was accepted: that is known a moment later. Who cannot ask any more
 * does without. */
static void ask_drops(struct relay_pub *pub)
{
	unsigned char head[RELAY_HEAD_BYTES];
	uint64_t until_ns;
	int rc;

	if (pub->client.is_udp || pub->lane || pub->accepted == 0 || pub->is_closing)
		return;
	relay_pub_nap(SETTLE_NS);
	until_ns = clock_ns(CLOCK_MONOTONIC) + UINT64_C(5) * 1000000000u;
	rc = relay_client_send(&pub->client, head,
			       relay_frame_seal(head, RELAY_DROPS, RELAY_SLOT_NONE, head, 0));
	while (rc == 0 && !pub->are_drops_known && !pub->is_closing &&
	       clock_ns(CLOCK_MONOTONIC) < until_ns)
		rc = relay_client_pump(&pub->client, PUMP_NS, false);
}

/* Whether to try again is of use; waits as long as the relay asked for. */
static bool may_retry(struct relay_pub *pub)
{
	uint64_t ns = pub->last.retry_after_ns;

	if (ns == 0)
		return false;
	ns = ns < RETRY_NS_MIN ? RETRY_NS_MIN : ns > RETRY_NS_MAX ? RETRY_NS_MAX : ns;
	relay_pub_nap(ns);
	return true;
}

/* One frame at a time; what is refused for want of room is sent again, before anything else. */
static int send_waiting(struct relay_pub *pub)
{
	int rc = 0;

	while (rc == 0 && !relay_pub_is_done(pub)) {
		uint64_t wait_ns, before = pub->accepted;
		uint32_t count = relay_pub_due(pub, &wait_ns);

		if (count == 0) {
			rc = pause_for(pub, wait_ns);
			continue;
		}
		rc = send_frame(pub, pub->sent, count);
		if (rc == 0)
			rc = await_all(pub);
		pub->sent += pub->accepted - before;
		if (rc == 0 && pub->accepted - before < count) {
			pub->is_over |= !may_retry(pub);
			/* What will be sent again is not refused yet. */
			if (!pub->is_over) {
				pub->refused -= count - (pub->accepted - before);
				pub->refused_by[pub->last.reason] -= count -
								     (pub->accepted - before);
			}
		}
	}
	return rc;
}

/* ---- the whole ---- */

/* The names, so that rules with prefixes know them. */
static int make_names_known(struct relay_pub *pub, char *const *names)
{
	size_t room = pub->client.ok.body_max, used = 0;
	unsigned char *body = malloc(room);
	uint32_t accepted;
	int code = body ? APP_OK : app_failed(RELAY_NAME, "no memory");

	for (uint64_t i = 0; code == APP_OK && i < pub->options.topic_count; i++) {
		size_t more = relay_put_name(body, used, room, names[i]);

		if (more == 0) {
			code = relay_client_ask(&pub->client, RELAY_NAMES, body, used, &accepted);
			more = relay_put_name(body, 0, room, names[i]);
		}
		used = more;
	}
	if (code == APP_OK)
		code = relay_client_ask(&pub->client, RELAY_NAMES, body, used, &accepted);
	free(body);
	return code;
}

static int name_topics(struct relay_pub *pub)
{
	const struct relay_pub_options *o = &pub->options;
	char **names = calloc(o->topic_count, sizeof(*names));
	int code = APP_OK;

	pub->topics = calloc(o->topic_count, sizeof(*pub->topics));
	if (!names || !pub->topics)
		code = app_failed(RELAY_NAME, "no memory");
	for (uint64_t i = 0; code == APP_OK && i < o->topic_count; i++) {
		int n = o->topic_count == 1 ? asprintf(&names[i], "%s", o->topic)
					    : asprintf(&names[i], "%s.%u", o->topic, (unsigned)i);

		if (n < 0)
			code = app_failed(RELAY_NAME, "no memory");
		else
			pub->topics[i] = nw_topic_id(names[i], (size_t)n);
	}
	if (code == APP_OK && !pub->client.is_udp)
		code = make_names_known(pub, names);
	for (uint64_t i = 0; names && i < o->topic_count; i++)
		free(names[i]);
	free(names);
	return code;
}

static int begin(struct relay_pub *pub)
{
	uint64_t most = pub->client.ok.body_max / sizeof(struct nw_packet);
	int code = name_topics(pub);

	if (code != APP_OK)
		return code;
	pub->batch = (uint32_t)(pub->options.batch < most ? pub->options.batch : most);
	pub->frame = malloc(RELAY_HEAD_BYTES + pub->batch * sizeof(struct nw_packet));
	if (!pub->frame)
		return app_failed(RELAY_NAME, "no memory");
	pub->client.on_frame = hear;
	pub->client.arg = pub;
	if (pub->options.target.is_lane) {
		/* The stream was for the names. */
		relay_client_close(&pub->client);
		code = relay_lane_open(&pub->lane, &pub->options.target);
		if (code != APP_OK)
			return code;
	}
	pub->begin_ns = clock_ns(CLOCK_MONOTONIC);
	pub->begin_wall_ns = clock_ns(CLOCK_REALTIME);
	return APP_OK;
}

/* Packets that were accepted, and then dropped: not all went well. */
static int fail_dropped(const struct relay_pub *pub)
{
	const char *name;
	uint64_t count;

	for (unsigned i = 0; (name = relay_drops_at(&pub->drops, i, &count)) != NULL; i++)
		if (count > 0)
			return app_failed(RELAY_NAME,
					  "dropped (%s): %" PRIu64 " of this sender's packets, "
					  "after they were accepted",
					  name, count);
	return APP_OK;
}

static int publish(struct relay_pub *pub)
{
	int code = begin(pub), rc, report_code;
	uint64_t took_ns;

	if (code != APP_OK)
		return code;
	rc = pub->lane                 ? relay_pub_lane(pub)
	     : pub->options.is_waiting ? send_waiting(pub)
				       : send_open(pub);
	took_ns = clock_ns(CLOCK_MONOTONIC) - pub->begin_ns;
	if (rc == 0 || rc == -EINTR)
		rc = await_all(pub);
	if (rc == 0 && pub->client.is_udp)
		rc = relay_client_error(&pub->client);
	if (rc == 0)
		ask_drops(pub);
	report_code = relay_pub_report(pub, took_ns);
	if (rc < 0)
		return relay_client_failed(&pub->client, rc);
	if (pub->refused > 0)
		return app_failed(RELAY_NAME, "refused (%s): %s",
				  relay_reason_name(pub->last.reason), pub->last.text);
	return report_code == APP_OK ? fail_dropped(pub) : report_code;
}

int relay_pub(int argc, char **argv)
{
	struct relay_pub *pub = calloc(1, sizeof(*pub));
	int code = pub ? relay_pub_parse(&pub->options, argc, argv)
		       : app_failed(RELAY_NAME, "no memory");

	if (code == APP_OK && pub->options.is_help) {
		free(pub);
		return relay_pub_help();
	}
	if (code == APP_OK) {
		app_on_interrupt(NULL, NULL);
		code = relay_client_open(&pub->client, &pub->options.target);
		if (code == APP_OK)
			code = publish(pub);
		relay_client_close(&pub->client);
		nw_relay_client_close(pub->lane);
		free(pub->topics);
		free(pub->frame);
	}
	free(pub);
	return code;
}

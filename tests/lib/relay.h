/* SPDX-License-Identifier: MIT */
/* What tests of the relay share: packets, rule sets, a clock that stands still unless it is moved,
 * a sink that stalls, and the check that nothing was lost. */
#ifndef TESTS_LIB_RELAY_H
#define TESTS_LIB_RELAY_H

#include "nw_test.h"

#include <nw/relay.h>
#include <nw/rules.h>

enum { RELAY_SINK_MAX = 1 << 16 };

/* A sink: keeps what it took, as long as it may. */
struct relay_sink {
	uint64_t now_ns;
	uint32_t quota; /* packets that it takes yet */
	uint32_t count;
	struct nw_packet packets[RELAY_SINK_MAX];
	uint32_t shards[RELAY_SINK_MAX];
};

static inline uint64_t relay_clock(void *ctx)
{
	return ((struct relay_sink *)ctx)->now_ns;
}

static inline uint32_t relay_deliver(void *ctx, uint32_t shard_idx, const struct nw_packet *packets,
				     uint32_t count)
{
	struct relay_sink *sink = ctx;
	uint32_t n = count < sink->quota ? count : sink->quota;

	for (uint32_t i = 0; i < n; i++, sink->count++) {
		CHECK_INT(sink->count, <, RELAY_SINK_MAX);
		sink->packets[sink->count] = packets[i];
		sink->shards[sink->count] = shard_idx;
	}
	sink->quota -= n;
	return n;
}

static inline struct relay_sink *relay_new_sink(void)
{
	struct relay_sink *sink = calloc(1, sizeof(*sink));

	CHECK(sink);
	sink->now_ns = 1000000000;
	sink->quota = UINT32_MAX;
	return sink;
}

/* A number in the payload, to be found again. */
static inline struct nw_packet relay_packet(uint32_t topic, uint64_t number)
{
	struct nw_packet packet = { .topic = topic,
				    .flags = NW_PACKET_INLINE,
				    .length = sizeof(number) };

	memcpy(packet.payload, &number, sizeof(number));
	return packet;
}

static inline uint64_t relay_number(const struct nw_packet *packet)
{
	uint64_t number;

	memcpy(&number, packet->payload, sizeof(number));
	return number;
}

static inline struct nw_rules *relay_rules_of(struct nw_rules_builder *builder, uint64_t version)
{
	struct nw_rules *rules;
	struct nw_diag diag = { "" };

	if (nw_rules_builder_finish(builder, version, (nw_node){ -1 }, &rules, &diag) < 0)
		FAIL("%s", diag.text);
	nw_rules_builder_destroy(builder);
	return rules;
}

static inline struct nw_rules *relay_allow_all(uint64_t version)
{
	struct nw_rules_builder *builder;

	CHECK_INT(nw_rules_builder_create(&builder), ==, 0);
	nw_rules_builder_allow_all(builder);
	return relay_rules_of(builder, version);
}

static inline uint64_t relay_sum(const uint64_t *counts, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += counts[i];
	return sum;
}

/* The two equations, for every shard. */
static inline void relay_check_counts(struct nw_relay *relay)
{
	for (uint32_t i = 0; i < nw_relay_shard_count(relay); i++) {
		struct nw_relay_stats s;

		nw_relay_shard_stats(relay, i, &s);
		CHECK_INT(s.submitted, ==,
			  s.accepted + relay_sum(s.refused, NW_RELAY_REFUSAL_COUNT));
		CHECK_INT(s.accepted, ==,
			  s.delivered + relay_sum(s.dropped, NW_RELAY_DROP_COUNT) + s.queued);
	}
}

/* Rounds of all shards, until none does anything. */
static inline void relay_settle(struct nw_relay *relay)
{
	uint32_t idle = 0;

	for (int i = 0; idle < 3; i++) {
		uint32_t work = 0;

		CHECK_INT(i, <, 100000);
		for (uint32_t s = 0; s < nw_relay_shard_count(relay); s++)
			work += nw_relay_step(relay, s);
		idle = work > 0 ? 0 : idle + 1;
	}
}

#endif /* TESTS_LIB_RELAY_H */

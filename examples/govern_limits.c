/* SPDX-License-Identifier: MIT */
/* This example shows how two shards keep one sender's limit together: 100 at once, then 10 a
 * second. */
#include <nw/govern.h>

#include <stdio.h>

enum { SHARDS = 2 };

static struct nw_govern *shards[SHARDS];

/* A relay puts messages into a ring of the other shard; here the other one just takes them. */
static bool carry(void *context, uint32_t to_shard_idx, const struct nw_govern_message *message)
{
	(void)context;
	nw_govern_take_message(shards[to_shard_idx], message);
	return true;
}

/* One packet comes to a shard; also counts those that have waited for credit. */
static unsigned step(uint32_t shard_idx, const struct nw_rules *rules, uint64_t now_ns)
{
	struct nw_packet packet = { .topic = nw_topic_id("orders", 6), .sender = 7 }, waited;
	unsigned admitted = 0;
	uint8_t verdict;

	packet.flags = NW_PACKET_INLINE;
	nw_govern_tick(shards[shard_idx], rules, now_ns);
	while (nw_govern_settle(shards[shard_idx], &waited, &verdict, 1) > 0)
		admitted += nw_verdict_of(verdict) == NW_VERDICT_ALLOW;
	admitted += nw_govern_batch(shards[shard_idx], &packet, 1, &verdict);
	nw_govern_send_messages(shards[shard_idx], carry, NULL);
	return admitted;
}

int main(void)
{
	struct nw_topic_rule topic = { .name = "orders" };
	struct nw_sender_rule sender = { .sender = 7, .limit = { 100, 10 } };
	struct nw_diag diag = { "no memory" };
	struct nw_rules_builder *builder;
	struct nw_rules *rules;
	unsigned admitted = 0;

	if (nw_rules_builder_create(&builder) < 0 ||
	    nw_rules_builder_add_topic(builder, &topic, 1, &diag) < 0 ||
	    nw_rules_builder_add_sender(builder, &sender, 2, &diag) < 0 ||
	    nw_rules_builder_finish(builder, 1, NW_NODE_ANY, &rules, &diag) < 0)
		return fprintf(stderr, "%s\n", diag.text), 1;
	for (uint32_t i = 0; i < SHARDS; i++) {
		struct nw_govern_options options = { .shard_idx = i, .shard_count = SHARDS };

		if (nw_govern_create(&shards[i], NW_NODE_ANY, &options) < 0)
			return 1;
	}
	for (uint64_t ms = 1; ms <= 1000; ms++)
		admitted += step(0, rules, ms * 1000000) + step(1, rules, ms * 1000000);
	printf("%u of 2000 packets admitted in a second\n", admitted);
	for (uint32_t i = 0; i < SHARDS; i++)
		nw_govern_destroy(shards[i]);
	nw_rules_destroy(rules);
	nw_rules_builder_destroy(builder);
	return admitted >= 100 && admitted <= 110 ? 0 : 1;
}

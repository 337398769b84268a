/* SPDX-License-Identifier: MIT */
/* This example shows how to carry packets by topic, within limits, and to count what was not
 * carried.
 *
 *     cc relay_topics.c $(pkg-config --cflags --libs nodewise-relay nodewise) -pthread
 */
#include <nw/relay.h>
#include <nw/rules.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COUNT = 1000 };

/* "prices" is limited to 500 at once and 1 a second, "news" is not; nothing else is carried. */
static struct nw_rules *make_rules(struct nw_diag *diag)
{
	struct nw_topic_rule prices = { .name = "prices", .limit = { 500, 1 } };
	struct nw_topic_rule news = { .name = "news" };
	struct nw_sender_rule anybody = { .sender = 0 };
	struct nw_rules_builder *builder;
	struct nw_rules *rules = NULL;

	if (nw_rules_builder_create(&builder) < 0)
		return NULL;
	if (nw_rules_builder_add_topic(builder, &prices, 0, diag) < 0 ||
	    nw_rules_builder_add_topic(builder, &news, 0, diag) < 0 ||
	    nw_rules_builder_any_sender(builder, &anybody, 0, diag) < 0 ||
	    nw_rules_builder_finish(builder, 1, NW_NODE_ANY, &rules, diag) < 0)
		rules = NULL;
	nw_rules_builder_destroy(builder);
	return rules;
}

static struct nw_packet packet_of(const char *topic, const char *text)
{
	struct nw_packet packet = { .topic = nw_topic_id(topic, strlen(topic)),
				    .flags = NW_PACKET_INLINE,
				    .length = (uint8_t)strlen(text) };

	memcpy(packet.payload, text, packet.length);
	return packet;
}

static uint64_t send_all(struct nw_relay *relay)
{
	struct nw_packet packets[3] = { packet_of("prices", "17.20"), packet_of("news", "rain"),
					packet_of("gossip", "psst") };
	struct nw_relay_producer *producer;
	uint64_t accepted = 0;

	if (nw_relay_producer_open(&producer, relay, NULL) < 0)
		return 0;
	for (int i = 0; i < COUNT; i++)
		accepted += nw_relay_submit(producer, packets, 3, NULL);
	nw_relay_producer_close(producer);
	return accepted;
}

int main(void)
{
	struct nw_relay_options options = { .shard_count = 1 };
	struct nw_relay_subscriber *news;
	const uint32_t topic = nw_topic_id("news", 4);
	struct nw_relay_stats stats;
	struct nw_packet packet;
	struct nw_topo *topo;
	struct nw_relay *relay;
	struct nw_rules *rules;
	struct nw_diag diag = { "no memory" };
	uint64_t accepted, heard = 0;

	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0)
		return fprintf(stderr, "%s\n", diag.text), 1;
	options.topo = topo;
	rules = make_rules(&diag);
	if (!rules || nw_relay_create(&relay, &options, &diag) < 0)
		return fprintf(stderr, "%s\n", diag.text), 1;
	nw_relay_rules_set(relay, rules);
	if (nw_relay_subscriber_open(&news, relay, NULL) < 0 ||
	    nw_relay_subscribe(news, &topic, 1) < 0)
		return fprintf(stderr, "cannot subscribe\n"), 1;
	accepted = send_all(relay);
	if (!nw_relay_drain(relay, UINT64_MAX))
		return 1;
	while (nw_relay_receive(news, &packet, 1) == 1)
		heard++;
	nw_relay_stats(relay, &stats);
	printf("%" PRIu64 " accepted: %" PRIu64 " delivered, %" PRIu64 " above the limit, %" PRIu64
	       " of unknown topics; %" PRIu64 " news heard\n",
	       accepted, stats.delivered, stats.dropped[NW_VERDICT_TOPIC_RATE],
	       stats.dropped[NW_VERDICT_TOPIC_UNKNOWN], heard);
	nw_relay_subscriber_close(news);
	nw_relay_destroy(relay);
	nw_topo_close(topo);
	return heard == COUNT && stats.queued == 0 ? 0 : 1;
}

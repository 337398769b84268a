/* SPDX-License-Identifier: MIT */
/*
 * A relay with real workers on tiny rings, flooded by producers while rules are replaced, slots
 * move, subscribers come and go and the sink stalls now and then. Each producer numbers its packets
 * of each topic; they must come out in that order, each once, and every count must add up in the
 * end.
 */
#include "lib/relay.h"

#include "base/prng.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { PRODUCERS = 3, TOPICS = 24, SHARDS = 3, BURST_MAX = 40 };

/* What the sinks saw of one producer's topic: written by the shard that has the topic, which may
 * change; the relay orders that. */
struct seen {
	uint64_t next;
};

struct game {
	struct nw_relay *relay;
	struct nw_topo *topo;
	uint64_t n_packets; /* of each producer, accepted */
	bool stalls;
	struct seen seen[PRODUCERS][TOPICS];
	_Atomic uint64_t delivered;
	_Atomic uint32_t running; /* producers */
	struct nwi_prng prngs[SHARDS];
};

static uint32_t take(void *ctx, uint32_t shard_idx, const struct nw_packet *packets, uint32_t count)
{
	struct game *game = ctx;
	struct nwi_prng *prng = &game->prngs[shard_idx];

	if (game->stalls && nwi_prng_below(prng, 4) == 0)
		count = nwi_prng_below(prng, count + 1);
	for (uint32_t i = 0; i < count; i++) {
		struct seen *seen = &game->seen[packets[i].sender][packets[i].topic];

		CHECK_INT(relay_number(&packets[i]), ==, seen->next);
		seen->next++;
	}
	atomic_fetch_add(&game->delivered, count);
	return count;
}

struct player {
	struct game *game;
	uint32_t sender;
};

/* Submits what was refused again, and leaves the order of each topic as it was: what is behind a
 * refused packet of its topic goes back too. */
static void submit_all(struct nw_relay_producer *producer, struct nw_packet *packets, size_t count,
		       bool by_prefix)
{
	uint8_t reasons[BURST_MAX];
	size_t n;

	while (count > 0 && by_prefix) {
		n = nw_relay_submit(producer, packets, count, NULL);
		packets += n;
		count -= n;
		if (n == 0)
			sched_yield();
	}
	while (count > 0) {
		n = 0;
		(void)nw_relay_submit_each(producer, packets, count, reasons, NULL);
		for (size_t i = 0; i < count; i++) {
			CHECK(reasons[i] == NW_RELAY_ACCEPTED || reasons[i] == NW_RELAY_FULL ||
			      reasons[i] == NW_RELAY_MOVING);
			if (reasons[i] != NW_RELAY_ACCEPTED)
				packets[n++] = packets[i];
		}
		if (n == count)
			sched_yield();
		count = n;
	}
}

static void *produce(void *arg)
{
	struct player *player = arg;
	struct game *game = player->game;
	struct nw_relay_producer_options options = { .sender = player->sender, .node = { -1 } };
	struct nw_relay_producer *producer;
	struct nw_packet packets[BURST_MAX];
	uint64_t numbers[TOPICS] = { 0 };
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed() + player->sender);
	CHECK_INT(nw_relay_producer_open(&producer, game->relay, &options), ==, 0);
	for (uint64_t left = game->n_packets; left > 0;) {
		uint32_t count = 1 + nwi_prng_below(&prng, BURST_MAX);
		bool by_prefix = nwi_prng_below(&prng, 2) == 0;

		if (count > left)
			count = (uint32_t)left;
		for (uint32_t i = 0; i < count; i++) {
			/* Without prefixes a topic may be split over slots that move: one each. */
			uint32_t topic = by_prefix ? nwi_prng_below(&prng, TOPICS) : i % TOPICS;

			packets[i] = relay_packet(topic, numbers[topic]++);
		}
		if (!by_prefix && count > TOPICS)
			by_prefix = true;
		submit_all(producer, packets, count, by_prefix);
		left -= count;
	}
	nw_relay_producer_close(producer);
	atomic_fetch_sub(&game->running, 1);
	return NULL;
}

static int open_relay(struct game *game, uint32_t ring_slots, uint32_t batch)
{
	struct nw_relay_options options = {
		.topo = game->topo,
		.hooks = { .ctx = game, .deliver = take },
		.shard_count = SHARDS,
		.ring_slots = ring_slots,
		.batch = batch,
		.hand_over_slots = 2,
		.spin_ns = 1,
		.oversubscribe = true,
		.no_pin = true,
	};
	struct nw_diag diag;
	int rc = nw_relay_create(&game->relay, &options, &diag);

	if (rc < 0)
		FAIL("%s", diag.text);
	for (uint32_t i = 0; i < SHARDS; i++)
		nwi_prng_init(&game->prngs[i], nw_test_seed() + 100 + i);
	return rc;
}

/* What control calls do meanwhile. */
static void disturb(struct game *game, struct nwi_prng *prng, uint64_t *inout_version)
{
	struct nw_relay_subscriber *subscriber;
	struct nw_packet packets[16];
	struct nw_relay_stats stats;
	uint32_t topic = nwi_prng_below(prng, TOPICS);
	int rc;

	switch (nwi_prng_below(prng, 6)) {
	case 0:
		nw_relay_rules_set(game->relay, relay_allow_all(++*inout_version));
		break;
	case 1:
		CHECK_INT(nw_relay_subscriber_open(&subscriber, game->relay, NULL), ==, 0);
		CHECK_INT(nw_relay_subscribe(subscriber, &topic, 1), ==, 0);
		for (int i = 0; i < 10; i++)
			(void)nw_relay_receive(subscriber, packets, 16);
		nw_relay_subscriber_close(subscriber);
		break;
	case 2:
		nw_relay_stats(game->relay, &stats);
		CHECK_INT(stats.accepted, <=, PRODUCERS * game->n_packets);
		break;
	default:
		rc = nw_relay_slot_move(game->relay, topic, nwi_prng_below(prng, SHARDS));
		CHECK(rc == 0 || rc == -EBUSY);
	}
}

static void run_game(uint32_t ring_slots, uint32_t batch, bool stalls)
{
#ifdef NW_SMALL
	enum { PACKETS = 20000 };
#else
	enum { PACKETS = 100000 };
#endif
	static struct game game;
	struct player players[PRODUCERS];
	pthread_t threads[PRODUCERS];
	struct nw_diag diag = { "" };
	struct nw_relay_stats stats;
	struct nwi_prng prng;
	uint64_t version = 1;

	game = (struct game){ .n_packets = PACKETS * (uint64_t)nw_test_scale(),
			      .stalls = stalls,
			      .running = PRODUCERS };
	nwi_prng_init(&prng, nw_test_seed());
	if (nw_topo_open(&game.topo, &(struct nw_topo_options){ 0 }, &diag) < 0)
		FAIL("%s", diag.text);
	open_relay(&game, ring_slots, batch);
	nw_relay_rules_set(game.relay, relay_allow_all(version));
	for (uint32_t i = 0; i < PRODUCERS; i++) {
		players[i] = (struct player){ &game, i };
		CHECK_INT(pthread_create(&threads[i], NULL, produce, &players[i]), ==, 0);
	}
	while (atomic_load(&game.running) > 0) {
		disturb(&game, &prng, &version);
		sched_yield();
	}
	for (uint32_t i = 0; i < PRODUCERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	CHECK(nw_relay_drain(game.relay, UINT64_MAX));
	relay_check_counts(game.relay);
	CHECK_INT(atomic_load(&game.delivered), ==, PRODUCERS * game.n_packets);
	nw_relay_stats(game.relay, &stats);
	printf("# %u moves, %u misrouted, %u full, %u moving, %u sleeps, %u copies\n",
	       (unsigned)stats.slots_in, (unsigned)stats.misrouted,
	       (unsigned)stats.refused[NW_RELAY_FULL], (unsigned)stats.refused[NW_RELAY_MOVING],
	       (unsigned)stats.sleeps, (unsigned)stats.copies);
	CHECK_INT(stats.slots_in, >, 0);
	CHECK_INT(stats.queued, ==, 0);
	nw_relay_destroy(game.relay);
	nw_topo_close(game.topo);
}

TEST(order_and_counts_hold_on_tiny_rings)
{
	run_game(4, 2, false);
}

TEST(order_and_counts_hold_when_the_sink_stalls)
{
	run_game(64, 16, true);
}

TEST(order_and_counts_hold_with_room)
{
	run_game(4096, 256, false);
}

/* ---- payloads ---- */

enum { PAYLOAD_MAX = 600 };

struct payload_game {
	struct nw_relay *relay;
	uint64_t n_packets;
	_Atomic uint64_t delivered, read, gone;
	_Atomic uint32_t running;
};

static uint32_t length_of(uint64_t number)
{
	return 1 + (uint32_t)(nwi_mix64(number) % PAYLOAD_MAX);
}

static void fill_payload(unsigned char *bytes, uint64_t number)
{
	for (uint32_t i = 0; i < length_of(number); i++)
		bytes[i] = (unsigned char)(number * 31 + i);
}

static void check_payload(const unsigned char *bytes, int64_t n_bytes, uint64_t number)
{
	unsigned char expected[PAYLOAD_MAX];

	fill_payload(expected, number);
	CHECK_INT(n_bytes, ==, length_of(number));
	CHECK(memcmp(bytes, expected, (size_t)n_bytes) == 0);
}

/* `type` bears the number: the payload is elsewhere. */
static uint32_t take_payloads(void *ctx, uint32_t shard_idx, const struct nw_packet *packets,
			      uint32_t count)
{
	struct payload_game *game = ctx;
	unsigned char bytes[PAYLOAD_MAX];

	(void)shard_idx;
	for (uint32_t i = 0; i < count; i++)
		check_payload(bytes, nw_relay_payload(game->relay, &packets[i], bytes, PAYLOAD_MAX),
			      packets[i].type);
	atomic_fetch_add(&game->delivered, count);
	return count;
}

static void *attach_all(void *arg)
{
	struct payload_game *game = arg;
	unsigned char bytes[PAYLOAD_MAX];
	struct nw_relay_producer *producer;

	CHECK_INT(nw_relay_producer_open(&producer, game->relay, NULL), ==, 0);
	for (uint64_t n = 0; n < game->n_packets; n++) {
		struct nw_packet packet = relay_packet((uint32_t)n % TOPICS, 0);

		packet.type = (uint32_t)n;
		fill_payload(bytes, n);
		while (nw_relay_attach(producer, &packet, bytes, length_of(n)) < 0)
			sched_yield();
		if (n % 16 == 0) {
			nw_relay_detach(producer, &packet);
			continue;
		}
		while (nw_relay_submit(producer, &packet, 1, NULL) == 0)
			sched_yield();
	}
	nw_relay_producer_close(producer);
	atomic_fetch_sub(&game->running, 1);
	return NULL;
}

/* Late as it is, what it reads is whole or gone. */
static void read_late(struct payload_game *game, struct nw_relay_subscriber *subscriber)
{
	struct nw_packet packets[8];
	unsigned char bytes[PAYLOAD_MAX];
	size_t n = nw_relay_receive(subscriber, packets, 8);

	for (size_t i = 0; i < n; i++) {
		int64_t got = nw_relay_payload(game->relay, &packets[i], bytes, PAYLOAD_MAX);

		if (got == -ESTALE) {
			atomic_fetch_add(&game->gone, 1);
			continue;
		}
		check_payload(bytes, got, packets[i].type);
		atomic_fetch_add(&game->read, 1);
	}
	if (n == 0)
		sched_yield();
}

TEST(payloads_come_whole_or_are_said_to_be_gone)
{
#ifdef NW_SMALL
	enum { PACKETS = 4000 };
#else
	enum { PACKETS = 40000 };
#endif
	static struct payload_game game;
	struct nw_relay_options options = { .hooks = { .ctx = &game, .deliver = take_payloads },
					    .shard_count = 2,
					    .ring_slots = 64,
					    .arena_bytes = 4096,
					    .spin_ns = 1,
					    .no_pin = true,
					    .oversubscribe = true };
	struct nw_relay_subscriber *subscriber;
	struct nw_diag diag = { "" };
	pthread_t threads[PRODUCERS];
	struct nw_topo *topo;

	game.n_packets = PACKETS * (uint64_t)nw_test_scale();
	game.running = PRODUCERS;
	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0)
		FAIL("%s", diag.text);
	options.topo = topo;
	if (nw_relay_create(&game.relay, &options, &diag) < 0)
		FAIL("%s", diag.text);
	nw_relay_rules_set(game.relay, relay_allow_all(1));
	CHECK_INT(nw_relay_subscriber_open(&subscriber, game.relay, NULL), ==, 0);
	CHECK_INT(nw_relay_subscribe_all(subscriber, true), ==, 0);
	for (int i = 0; i < PRODUCERS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, attach_all, &game), ==, 0);
	while (atomic_load(&game.running) > 0)
		read_late(&game, subscriber);
	for (int i = 0; i < PRODUCERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	CHECK(nw_relay_drain(game.relay, UINT64_MAX));
	CHECK_INT(atomic_load(&game.delivered), ==,
		  PRODUCERS * (game.n_packets - (game.n_packets + 15) / 16));
	printf("# %u read late, %u gone\n", (unsigned)atomic_load(&game.read),
	       (unsigned)atomic_load(&game.gone));
	relay_check_counts(game.relay);
	nw_relay_subscriber_close(subscriber);
	nw_relay_destroy(game.relay);
	nw_topo_close(topo);
}

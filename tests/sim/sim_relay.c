/* SPDX-License-Identifier: MIT */
/*
 * A relay's shards, producers, clients, subscribers and control calls on one thread, in an order
 * that a seed decides, on rings of a few slots: floods, stalled producers, clients whose view of
 * the map is old and who die at any point, sinks that stall, rule sets that come and go, slots that
 * move, a drain. Others act in the middle of a shard's step too, as on other cores.
 *
 * Each source numbers the packets of each topic that were accepted. They must come out in that
 * order, each once; with rules that refuse nothing, all of them; and whenever the relay is quiet
 * the counts must add up with each other and with what was seen from outside. A topic with a limit
 * that is never refilled must not get more, however often it moves and rules are replaced.
 *
 * Then the same with a mistake planted in the relay: some seed must find it. A failure names its
 * seed: NW_TEST_SEED=that sim_relay every
 */
#include "lib/relay.h"
#include "lib/relay_door.h"

#include "base/prng.h"
#include "engines/relay/client.h"
#include "engines/relay/shard.h"

#include <errno.h>

#ifdef NW_SMALL
enum { SEEDS = 40, FAULT_SEEDS = 300 };
#else
enum { SEEDS = 500, FAULT_SEEDS = 1500 };
#endif
enum {
	SHARDS_MAX = 5,
	TOPICS = 8,
	PRODUCERS_MAX = 4,
	CLIENTS_MAX = 4,
	SUBSCRIBERS_MAX = 2,
	SOURCES_MAX = PRODUCERS_MAX + 64,
	BURST_MAX = 12,
	DEPTH_MAX = 2, /* of others' actions in the middle of a step */
};

enum nwi_relay_fault nwi_relay_fault;
void (*nwi_relay_between)(uint32_t shard_idx);

/* What one source's topic has come to. */
struct flow {
	uint64_t sent;                   /* accepted */
	uint64_t seen;                   /* the next that may come out */
	uint64_t heard[SUBSCRIBERS_MAX]; /* the next that may come to a subscriber */
};

/* A producer may stop between its look at the map, its claim, and its show. */
struct maker {
	struct nw_relay_producer *producer;
	enum { RUNS, HAS_LOOKED, HAS_CLAIMED } state;
	uint32_t topic, shard;
	struct nw_mpsc_claim claim;
};

struct visitor {
	struct relay_door door;
	struct nw_relay_client *client;
	struct nwi_board *stale; /* what the client takes for the board; NULL: the board */
	uint32_t source;
};

struct world {
	struct nwi_prng prng;
	struct nw_relay *relay;
	uint64_t now_ns, version;
	uint32_t shard_count, source_count, maker_count, topic_count;
	uint32_t busy; /* bits of shards in a step */
	uint32_t depth;
	bool is_lossless; /* rules refuse nothing, ever */
	bool has_clients;
	uint64_t burst; /* of each topic, never refilled; 0: no limit */
	bool is_closing;
	struct maker makers[PRODUCERS_MAX];
	struct visitor visitors[CLIENTS_MAX];
	struct nw_relay_subscriber *subscribers[SUBSCRIBERS_MAX];
	struct flow flows[SOURCES_MAX][TOPICS];
	uint64_t delivered_of[TOPICS];
	uint64_t accepted, delivered;
	uint32_t sink_quota;
	char fault[200]; /* the first thing found wrong */
};

static struct world world;
static bool is_narrow; /* two shards, clients, and few topics that move all the time */

static uint32_t roll(uint32_t n)
{
	return nwi_prng_below(&world.prng, n);
}

#define WRONG(...) \
	(world.fault[0] ? (void)0 : (void)snprintf(world.fault, sizeof(world.fault), __VA_ARGS__))

/* Topics in slots of their own; small and large ids. */
static uint32_t topic_of(uint32_t i)
{
	return i * 7 + i * 4096 * 3;
}

static uint32_t index_of(uint32_t topic)
{
	return topic % 4096 / 7;
}

static uint64_t number_of(uint32_t source, uint64_t n)
{
	return (uint64_t)source << 48 | n;
}

/* ---- what comes out ---- */

static uint64_t now(void *ctx)
{
	(void)ctx;
	return world.now_ns;
}

static void see(const struct nw_packet *packet)
{
	uint64_t number = relay_number(packet), n = number & 0xffffffffffff;
	uint32_t source = (uint32_t)(number >> 48), t = index_of(packet->topic);
	struct flow *flow = &world.flows[source][t];

	if (n < flow->seen || (world.is_lossless && n != flow->seen))
		WRONG("source %u topic %u: %u came, %u was next", source, t, (unsigned)n,
		      (unsigned)flow->seen);
	if (n >= flow->sent)
		WRONG("source %u topic %u: %u came and was never accepted", source, t, (unsigned)n);
	flow->seen = n + 1;
	world.delivered++;
	if (world.burst > 0 && ++world.delivered_of[t] > world.burst)
		WRONG("topic %u: more than its limit", t);
}

/* A subscriber may lose some, and hears the others in their order. */
static void hear(uint32_t subscriber)
{
	struct nw_packet packets[4];
	size_t n = nw_relay_receive(world.subscribers[subscriber], packets, 4);

	for (size_t i = 0; i < n; i++) {
		uint64_t number = relay_number(&packets[i]), at = number & 0xffffffffffff;
		uint32_t source = (uint32_t)(number >> 48), t = index_of(packets[i].topic);
		uint64_t *heard = &world.flows[source][t].heard[subscriber];

		if (at < *heard)
			WRONG("source %u topic %u: a subscriber hears %u, %u was next", source, t,
			      (unsigned)at, (unsigned)*heard);
		*heard = at + 1;
	}
}

static uint32_t take(void *ctx, uint32_t shard_idx, const struct nw_packet *packets, uint32_t count)
{
	uint32_t n = count < world.sink_quota ? count : world.sink_quota;

	(void)ctx;
	(void)shard_idx;
	for (uint32_t i = 0; i < n; i++)
		see(&packets[i]);
	world.sink_quota -= n;
	return n;
}

/* ---- what goes in ---- */

/* A burst whose packets are numbered as if all were accepted; some twice the same topic. */
static uint32_t make_burst(uint32_t source, struct nw_packet *packets, bool each_topic_once)
{
	uint32_t count = 1 + roll(each_topic_once ? world.topic_count : BURST_MAX);
	uint32_t hot = roll(world.topic_count);
	uint64_t sent[TOPICS];

	for (uint32_t t = 0; t < TOPICS; t++)
		sent[t] = world.flows[source][t].sent;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t t = each_topic_once ? (hot + i) % world.topic_count
			     : roll(2) == 0  ? hot
					     : roll(world.topic_count);

		packets[i] = relay_packet(topic_of(t), number_of(source, sent[t]++));
		/* Those of clients are not turned down by a level that they had not seen. */
		packets[i].priority = (uint8_t)roll(source < PRODUCERS_MAX ? 4 : 2);
	}
	return count;
}

static void note_accepted(uint32_t source, const struct nw_packet *packet)
{
	world.flows[source][index_of(packet->topic)].sent++;
	world.accepted++;
}

static void submit(struct maker *maker, uint32_t source)
{
	struct nw_packet packets[BURST_MAX];
	uint8_t reasons[BURST_MAX];
	bool each = roll(3) == 0;
	uint32_t count = make_burst(source, packets, each);
	size_t n;

	if (!each) {
		n = nw_relay_submit(maker->producer, packets, count, NULL);
		for (size_t i = 0; i < n; i++)
			note_accepted(source, &packets[i]);
		return;
	}
	(void)nw_relay_submit_each(maker->producer, packets, count, reasons, NULL);
	for (uint32_t i = 0; i < count; i++)
		if (reasons[i] == NW_RELAY_ACCEPTED)
			note_accepted(source, &packets[i]);
}

/* The parts of a submit, as submit.c does them, with a stop after each. */
static void stop_after_look(struct maker *maker)
{
	struct nwi_board *board = world.relay->board;
	uint32_t t = roll(world.topic_count), entry;

	nw_rcu_read_lock(maker->producer->reader);
	entry = atomic_load(&board->map[nw_topic_slot(topic_of(t))]);
	maker->shard = entry & NWI_SLOT_SHARD;
	maker->topic = t;
	maker->state = HAS_LOOKED;
	if (!(entry & NWI_SLOT_FROZEN) && !atomic_load(&board->is_closed))
		return;
	nw_rcu_read_unlock(maker->producer->reader);
	maker->state = RUNS;
}

static void stop_after_claim(struct maker *maker)
{
	nw_mpsc_claim(world.relay->shards[maker->shard]->ring, 1, &maker->claim);
	maker->state = HAS_CLAIMED;
	if (maker->claim.count > 0)
		return;
	nw_rcu_read_unlock(maker->producer->reader);
	maker->state = RUNS;
}

static void go_on(struct maker *maker, uint32_t source)
{
	struct nwi_desk *desk = &maker->producer->desks[maker->shard];
	struct nw_packet packet = relay_packet(
		topic_of(maker->topic), number_of(source, world.flows[source][maker->topic].sent));

	packet.sender = source;
	((struct nw_packet *)(void *)
		 maker->claim.items)[maker->claim.pos & maker->claim.mask] = packet;
	nwi_count(&desk->submitted, 1);
	nwi_count(&desk->accepted, 1);
	note_accepted(source, &packet);
	nw_mpsc_show(world.relay->shards[maker->shard]->ring, &maker->claim);
	nw_rcu_read_unlock(maker->producer->reader);
	maker->state = RUNS;
}

static void act_maker(void)
{
	uint32_t m = roll(world.maker_count);
	struct maker *maker = &world.makers[m];

	if (maker->state == HAS_CLAIMED)
		go_on(maker, m);
	else if (maker->state == HAS_LOOKED)
		stop_after_claim(maker);
	else if (roll(6) == 0)
		stop_after_look(maker);
	else
		submit(maker, m);
}

static bool any_stopped(void)
{
	for (uint32_t m = 0; m < world.maker_count; m++)
		if (world.makers[m].state != RUNS)
			return true;
	return false;
}

/* ---- clients ---- */

static struct nwi_board *copy_of_board(void)
{
	size_t n_bytes = nwi_board_bytes(world.shard_count);
	struct nwi_board *copy = aligned_alloc(NW_CACHE_PAIR, n_bytes);

	CHECK(copy);
	memcpy(copy, world.relay->board, n_bytes);
	return copy;
}

static void forget_view(struct visitor *visitor)
{
	free(visitor->stale);
	visitor->stale = NULL;
}

static void come(struct visitor *visitor)
{
	struct nw_diag diag = { "" };

	if (world.source_count == SOURCES_MAX || world.is_closing)
		return;
	memset(visitor, 0, sizeof(*visitor));
	visitor->door.relay = world.relay;
	visitor->door.client_options.submit_slots = 2u << roll(3);
	visitor->door.client_options.receive_slots = 2;
	visitor->source = world.source_count++;
	visitor->door.options.sender = visitor->source;
	if (relay_door_open(&visitor->door, &visitor->client, &diag) < 0)
		FAIL("%s", diag.text);
}

/* It is killed: what it had put and not shown is lost with it, and the program sees its stream end.
 */
static void die(struct visitor *visitor)
{
	struct nw_packet packet = relay_packet(topic_of(roll(world.topic_count)),
					       number_of(visitor->source, 0));

	if (roll(2) == 0)
		(void)!nw_lane_put(&visitor->client->piers[roll(world.shard_count)].writer,
				   &packet);
	nw_relay_client_close(visitor->client);
	visitor->client = NULL;
	forget_view(visitor);
	CHECK_INT(nw_relay_guest_serve(visitor->door.guest), ==, -ENOENT);
	nw_relay_guest_close(visitor->door.guest);
}

static void submit_from(struct visitor *visitor)
{
	struct nwi_board *board = visitor->client->board;
	struct nw_packet packets[BURST_MAX];
	uint32_t count = make_burst(visitor->source, packets, false);
	size_t n;

	/* It looked at the board some time ago, and stood still since. */
	if (visitor->stale)
		visitor->client->board = visitor->stale;
	n = nw_relay_client_submit(visitor->client, packets, count, NULL);
	visitor->client->board = board;
	for (size_t i = 0; i < n; i++)
		note_accepted(visitor->source, &packets[i]);
	forget_view(visitor);
}

static void act_visitor(void)
{
	struct visitor *visitor = &world.visitors[roll(CLIENTS_MAX)];
	struct nw_packet packets[4];

	if (!visitor->client) {
		if (roll(4) == 0)
			come(visitor);
		return;
	}
	switch (roll(12)) {
	case 0:
		die(visitor);
		break;
	case 1:
	case 2:
		if (!visitor->stale && !world.is_closing)
			visitor->stale = copy_of_board();
		break;
	case 3:
		(void)nw_relay_client_receive(visitor->client, packets, 4);
		break;
	default:
		submit_from(visitor);
	}
}

/* ---- control ---- */

static struct nw_rules *make_rules(void)
{
	struct nw_rules_builder *builder;
	struct nw_sender_rule anybody = { 0 };

	CHECK_INT(nw_rules_builder_create(&builder), ==, 0);
	if (world.is_lossless) {
		nw_rules_builder_allow_all(builder);
		return relay_rules_of(builder, ++world.version);
	}
	for (uint32_t t = 0; t < TOPICS; t++) {
		struct nw_topic_rule rule = { .topic = topic_of(t), .limit = { world.burst, 0 } };

		CHECK_INT(nw_rules_builder_add_topic(builder, &rule, 0, NULL), ==, 0);
	}
	if (world.burst == 0)
		anybody.limit = (struct nw_limit){ 50 + roll(50), 100000 };
	CHECK_INT(nw_rules_builder_any_sender(builder, &anybody, 0, NULL), ==, 0);
	return relay_rules_of(builder, ++world.version);
}

static void act_subscriber(void)
{
	uint32_t i = roll(SUBSCRIBERS_MAX),
		 topics[2] = { topic_of(roll(world.topic_count)), topic_of(0) };
	struct nw_relay_subscriber_options options = { .lane_slots = 4,
						       .is_lossless = i == 0,
						       .node = { -1 } };

	if (!world.subscribers[i]) {
		if (roll(8) == 0)
			CHECK_INT(nw_relay_subscriber_open(&world.subscribers[i], world.relay,
							   &options),
				  ==, 0);
		return;
	}
	hear(i);
	switch (roll(12)) {
	case 0:
		CHECK_INT(nw_relay_subscribe(world.subscribers[i], topics, 2), ==, 0);
		break;
	case 1:
		CHECK_INT(nw_relay_unsubscribe(world.subscribers[i], topics, 1), ==, 0);
		break;
	case 2:
		CHECK_INT(nw_relay_subscribe_all(world.subscribers[i], roll(2)), ==, 0);
		break;
	case 3:
		/* It waits for sections: none may be open on this thread. */
		if (world.depth > 0 || world.busy != 0 || any_stopped())
			break;
		nw_relay_subscriber_close(world.subscribers[i]);
		world.subscribers[i] = NULL;
		break;
	}
}

static void act_control(void)
{
	uint32_t slot = nw_topic_slot(topic_of(roll(world.topic_count)));
	int rc;

	switch (roll(8)) {
	case 0:
		nw_relay_rules_set(world.relay,
				   !world.is_lossless && roll(8) == 0 ? NULL : make_rules());
		break;
	case 1:
		nw_relay_tend(world.relay);
		break;
	case 2:
		act_subscriber();
		break;
	default:
		rc = nw_relay_slot_move(world.relay, slot, roll(world.shard_count));
		if (rc != 0 && rc != -EBUSY)
			WRONG("a move: %d", rc);
	}
}

/* ---- time ---- */

static void step(uint32_t shard_idx)
{
	world.busy |= 1u << shard_idx;
	(void)nw_relay_step(world.relay, shard_idx);
	world.busy &= ~(1u << shard_idx);
}

static void act(void)
{
	uint32_t i = roll(world.shard_count);

	world.now_ns += roll(4) == 0 ? roll(3000000) : roll(100);
	if (roll(3) == 0)
		world.sink_quota = roll(3) == 0 ? 0 : roll(40);
	switch (roll(world.has_clients ? 10 : 7)) {
	case 0:
	case 1:
		act_maker();
		break;
	case 2:
		act_control();
		break;
	case 7:
	case 8:
	case 9:
		act_visitor();
		break;
	default:
		if (!(world.busy >> i & 1))
			step(i);
	}
}

/* In the middle of a shard's step. */
static void act_between(uint32_t shard_idx)
{
	(void)shard_idx;
	if (world.depth >= DEPTH_MAX || roll(6) > 0)
		return;
	world.depth++;
	do
		act();
	while (roll(6) > 0);
	world.depth--;
}

/* ---- what must hold ---- */

static void check_shard(uint32_t shard_idx, struct nw_relay_stats *sum)
{
	struct nw_relay_stats s;
	uint64_t refused, dropped;

	nw_relay_shard_stats(world.relay, shard_idx, &s);
	refused = relay_sum(s.refused, NW_RELAY_REFUSAL_COUNT);
	dropped = relay_sum(s.dropped, NW_RELAY_DROP_COUNT);
	if (s.submitted != s.accepted + refused)
		WRONG("shard %u: %u submitted, %u accepted, %u refused", shard_idx,
		      (unsigned)s.submitted, (unsigned)s.accepted, (unsigned)refused);
	if (s.accepted != s.delivered + dropped + s.queued)
		WRONG("shard %u: %u accepted, %u delivered, %u dropped, %u queued", shard_idx,
		      (unsigned)s.accepted, (unsigned)s.delivered, (unsigned)dropped,
		      (unsigned)s.queued);
	sum->accepted += s.accepted;
	sum->delivered += s.delivered;
	sum->queued += s.queued;
	for (uint32_t r = 0; r < NW_RELAY_REFUSAL_COUNT; r++)
		sum->refused[r] += s.refused[r];
	for (uint32_t d = 0; d < NW_RELAY_DROP_COUNT; d++)
		sum->dropped[d] += s.dropped[d];
}

/* Between steps, with nobody stopped in one. */
static void check_counts(struct nw_relay_stats *ret_sum)
{
	memset(ret_sum, 0, sizeof(*ret_sum));
	for (uint32_t i = 0; i < world.shard_count; i++)
		check_shard(i, ret_sum);
	if (ret_sum->delivered != world.delivered)
		WRONG("%u delivered by count, %u by the sink", (unsigned)ret_sum->delivered,
		      (unsigned)world.delivered);
}

static void check_quiet(void)
{
	struct nw_relay_stats sum;

	check_counts(&sum);
	if (sum.queued != 0)
		WRONG("quiet, with %u queued", (unsigned)sum.queued);
	if (sum.accepted != world.accepted)
		WRONG("%u accepted by count, %u from outside", (unsigned)sum.accepted,
		      (unsigned)world.accepted);
}

static void finish_all(void)
{
	for (uint32_t m = 0; m < world.maker_count; m++) {
		if (world.makers[m].state == HAS_LOOKED)
			stop_after_claim(&world.makers[m]);
		if (world.makers[m].state == HAS_CLAIMED)
			go_on(&world.makers[m], m);
	}
	for (uint32_t c = 0; c < CLIENTS_MAX; c++)
		forget_view(&world.visitors[c]);
}

static bool is_slot_moving(void)
{
	for (uint32_t t = 0; t < TOPICS; t++) {
		bool is_moving;

		(void)nw_relay_slot_at(world.relay, nw_topic_slot(topic_of(t)), &is_moving);
		if (is_moving)
			return true;
	}
	return false;
}

/* Everybody stands still but the shards, whose sink takes all; subscribers read. */
static void settle(void)
{
	finish_all();
	for (int i = 0; i < 3000 && !world.fault[0]; i++) {
		world.sink_quota = UINT32_MAX;
		world.now_ns += 200000;
		for (uint32_t s = 0; s < world.shard_count; s++)
			step(s);
		for (uint32_t k = 0; k < SUBSCRIBERS_MAX; k++)
			if (world.subscribers[k])
				hear(k);
		if (i >= 40 && nw_relay_quiesce(world.relay, 0) && !is_slot_moving())
			return;
	}
	WRONG("it does not come to rest");
}

/* ---- a run ---- */

static void begin(uint64_t seed)
{
	struct nw_relay_options options = { .stepped = true,
					    .hooks = { .deliver = take, .clock = now } };
	struct nw_diag diag = { "" };

	memset(&world, 0, sizeof(world));
	nwi_prng_init(&world.prng, seed);
	world.now_ns = 1000000000;
	world.shard_count = 1 + roll(SHARDS_MAX);
	world.maker_count = 1 + roll(PRODUCERS_MAX);
	world.source_count = PRODUCERS_MAX;
	world.topic_count = TOPICS;
	world.is_lossless = roll(2) == 0;
	world.has_clients = roll(2) == 0;
	if (is_narrow) {
		world.shard_count = world.topic_count = 2;
		world.is_lossless = world.has_clients = true;
	}
	world.burst = roll(2) * (5 + roll(100));
	options.shard_count = world.shard_count;
	options.ring_slots = 2u << roll(5);
	options.batch = 1 + roll(12);
	options.hand_over_slots = 2u << roll(3);
	options.waiting_max = 16;
	if (world.is_lossless)
		world.burst = 0;
	if (nw_relay_create(&world.relay, &options, &diag) < 0)
		FAIL("%s", diag.text);
	for (uint32_t m = 0; m < world.maker_count; m++) {
		struct nw_relay_producer_options o = { .sender = m, .node = { -1 } };

		CHECK_INT(nw_relay_producer_open(&world.makers[m].producer, world.relay, &o), ==,
			  0);
	}
	nw_relay_rules_set(world.relay, make_rules());
	nwi_relay_between = act_between;
}

static void end(void)
{
	world.is_closing = true;
	world.depth = DEPTH_MAX; /* nobody acts any more */
	if (!world.fault[0])
		settle();
	finish_all();
	nw_relay_close(world.relay);
	for (int i = 0; i < 3000 && !world.fault[0] && !nw_relay_drain(world.relay, 0); i++)
		settle();
	if (!world.fault[0])
		check_quiet();
	for (uint32_t c = 0; c < CLIENTS_MAX; c++)
		if (world.visitors[c].client)
			die(&world.visitors[c]);
	for (uint32_t m = 0; m < world.maker_count; m++)
		nw_relay_producer_close(world.makers[m].producer);
	for (uint32_t k = 0; k < SUBSCRIBERS_MAX; k++)
		nw_relay_subscriber_close(world.subscribers[k]);
	nw_relay_destroy(world.relay);
}

/* NULL, or what was found wrong. */
static const char *run(uint64_t seed)
{
	uint32_t rounds, actions;

	begin(seed);
	rounds = 1 + roll(4);
	for (uint32_t r = 0; r < rounds && !world.fault[0]; r++) {
		actions = 50 + roll(400);
		for (uint32_t i = 0; i < actions && !world.fault[0]; i++)
			act();
		world.depth = DEPTH_MAX;
		settle();
		if (!world.fault[0])
			check_quiet();
		world.depth = 0;
	}
	end();
	return world.fault[0] ? world.fault : NULL;
}

TEST(every_packet_once_in_order_and_counted_whatever_happens)
{
	uint64_t first = nw_test_seed() * 1000003, count = (uint64_t)nw_test_scale() * SEEDS;

	/* A seed that a failure named is run alone. */
	if (nw_test_seed() > 1000000)
		first = nw_test_seed(), count = 1;
	for (uint64_t seed = first; seed < first + count; seed++) {
		const char *fault;

		is_narrow = seed % 4 == 0;
		fault = run(seed);

		if (fault)
			FAIL("seed %" PRIu64 ": %s", seed, fault);
	}
}

/* How many seeds it takes to find a mistake; 0: none of them did. */
static uint32_t seeds_to_find(enum nwi_relay_fault fault)
{
	uint32_t n;

	nwi_relay_fault = fault;
	for (n = 1; n <= FAULT_SEEDS; n++)
		if (run(n)) {
			printf("# found at seed %u: %s\n", n, world.fault);
			return n;
		}
	return 0;
}

#define FINDS(name, fault)                             \
	TEST(name)                                     \
	{                                              \
		CHECK_INT(seeds_to_find(fault), >, 0); \
	}

FINDS(a_move_without_its_grace_period_is_found, NWI_NO_GRACE)
FINDS(a_move_that_does_not_drain_is_found, NWI_NO_DRAIN)
FINDS(limits_that_begin_anew_are_found, NWI_FORGETS_STATE)
FINDS(strays_that_are_dropped_are_found, NWI_DROPS_STRAYS)
FINDS(a_lost_packet_is_found, NWI_LOSES_ONE)
FINDS(a_doubled_packet_is_found, NWI_GIVES_TWICE)
FINDS(a_refusal_that_is_not_counted_is_found, NWI_MISCOUNTS)
FINDS(a_client_that_goes_over_early_is_found, NWI_GOES_EARLY)
FINDS(a_lane_shut_too_early_is_found, NWI_SHUTS_EARLY)
FINDS(a_subscribers_lanes_without_gates_are_found, NWI_NO_GATES)

TEST(lanes_looked_at_late_are_found)
{
	is_narrow = true;
	CHECK_INT(seeds_to_find(NWI_LOOKS_LATE), >, 0);
}

TEST(a_seed_gives_the_same_run_again)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		uint64_t accepted, delivered;

		CHECK(!run(seed));
		accepted = world.accepted;
		delivered = world.delivered;
		CHECK(!run(seed));
		CHECK_INT(world.accepted, ==, accepted);
		CHECK_INT(world.delivered, ==, delivered);
	}
}

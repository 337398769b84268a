/* SPDX-License-Identifier: MIT */
/*
 * The shards of src/govern under the simulation: the code that runs in a relay, step by step, with
 * messages that take their time, get lost, or find no room; clocks that differ; and what the
 * promise of nw/govern.h says is checked of all that was admitted.
 *
 * Rule sets 1, 2, ... have the configuration's limits in turn. Over the whole run the largest of
 * them must hold; from when all shards have seen a set until one sees the next,
 * that set's own.
 */
#include "bench/govern_sim/sim.h"

#include "govern/govern.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	TOPIC = 1,
	SENDER = 7,
	WIRE_POSTS = 16, /* messages that a wire holds; the sender keeps what does not fit */
	BATCH = 64,
	FLIGHTS_MAX = 256,
	RULES_MAX = 128,
	STALL_NS_MAX = 30000000,
	LANDING_NS_MAX = 2000000,
	LATE_NEWS_NS = 3000000, /* from a shard's death until others are told */
};

struct post {
	uint64_t at_ns;
	struct nw_govern_message message;
};

struct wire {
	struct post posts[WIRE_POSTS];
	uint32_t first, count;
};

struct member {
	struct nw_govern *govern;
	uint64_t next_ns, last_ns;
	int64_t skew_ns;
	bool is_dead;
	uint64_t landing_ns[FLIGHTS_MAX]; /* when each packet in flight is done */
	uint32_t flight_count;
	uint64_t seen_ns[RULES_MAX + 1]; /* when it saw each rule set, or a later one */
	uint64_t version;
};

struct world {
	const struct sim_config *config;
	struct sim_result *result;
	struct sim_source source;
	struct nwi_prng prng;
	struct member members[SIM_SHARDS_MAX];
	struct wire *wires; /* from, to */
	struct nw_rules *rules[RULES_MAX + 1];
	uint32_t rules_count;
	uint32_t in_flight;
	uint32_t dead_idx;
	bool is_told; /* of the death */
	int64_t jump_ns;
	struct sim_log log;
};

struct sending {
	struct world *world;
	uint32_t from;
	uint64_t now_ns;
};

/* -- rules -------------------------------------------------------------------------------- */

static const struct nw_limit *limit_of(const struct sim_config *config, uint64_t version)
{
	return &config->limits[(version - 1) % config->limit_count];
}

static uint32_t flights_of(const struct sim_config *config, uint64_t version)
{
	if (config->in_flight_max == 0 || config->limit_count == 1)
		return config->in_flight_max;
	return config->in_flight_max / (1 + (uint32_t)(version % 3)) + 1;
}

static struct nw_rules *make_rules(const struct sim_config *config, uint64_t version)
{
	struct nw_topic_rule topic = { .topic = TOPIC };
	struct nw_sender_rule sender = { .sender = SENDER,
					 .in_flight_max = flights_of(config, version) };
	struct nw_rules_builder *builder;
	struct nw_rules *rules;

	if (!config->is_global)
		sender.limit = *limit_of(config, version);
	if (nw_rules_builder_create(&builder) < 0 ||
	    nw_rules_builder_add_topic(builder, &topic, 0, NULL) < 0 ||
	    nw_rules_builder_add_sender(builder, &sender, 0, NULL) < 0 ||
	    (config->is_global &&
	     nw_rules_builder_limit_all(builder, limit_of(config, version), 0, NULL) < 0) ||
	    nw_rules_builder_finish(builder, version, NW_NODE_ANY, &rules, NULL) < 0)
		abort();
	nw_rules_builder_destroy(builder);
	return rules;
}

static uint32_t published(const struct world *world, uint64_t now_ns)
{
	uint64_t n = world->config->reload_ns ? now_ns / world->config->reload_ns + 1 : 1;

	return n < world->rules_count ? (uint32_t)n : world->rules_count;
}

/* -- messages ----------------------------------------------------------------------------- */

static struct wire *wire_of(struct world *world, uint32_t from, uint32_t to)
{
	return &world->wires[from * world->config->shard_count + to];
}

static void post(struct wire *wire, const struct nw_govern_message *message, uint64_t at_ns)
{
	uint32_t last = (wire->first + wire->count - 1) % WIRE_POSTS;

	if (wire->count == WIRE_POSTS)
		return;
	if (wire->count > 0 && wire->posts[last].at_ns > at_ns)
		at_ns = wire->posts[last].at_ns; /* in order */
	wire->posts[(wire->first + wire->count++) % WIRE_POSTS] = (struct post){
		.at_ns = at_ns, .message = *message
	};
}

static bool send(void *context, uint32_t to, const struct nw_govern_message *message)
{
	struct sending *sending = context;
	struct world *world = sending->world;
	const struct sim_config *config = world->config;
	struct wire *wire = wire_of(world, sending->from, to);
	struct nw_govern_message changed = *message;
	uint64_t at_ns = sending->now_ns + 1 + nwi_prng_next(&world->prng) % config->delay_ns_max;

	if (wire->count == WIRE_POSTS)
		return false;
	world->result->messages++;
	if (nwi_prng_below(&world->prng, 1000) < config->lost_per_1000)
		return true;
	if (config->fault == SIM_HIDES_SPENDING && message->type == NWI_REPORT)
		changed.tokens += changed.spent, changed.spent = 0;
	post(wire, &changed, at_ns);
	if (config->fault == SIM_DOUBLES_A_GRANT && message->type == NWI_GRANT)
		post(wire, &changed, at_ns);
	return true;
}

static void receive(struct world *world, uint32_t to, uint64_t now_ns)
{
	for (uint32_t from = 0; from < world->config->shard_count; from++) {
		struct wire *wire = wire_of(world, from, to);

		while (wire->count > 0 && wire->posts[wire->first].at_ns <= now_ns) {
			nw_govern_take_message(world->members[to].govern,
					       &wire->posts[wire->first].message);
			wire->first = (wire->first + 1) % WIRE_POSTS;
			wire->count--;
		}
	}
}

/* -- steps -------------------------------------------------------------------------------- */

/* What may be in flight: the most that any set says that some shard still believes in. */
static uint32_t flights_allowed(const struct world *world, uint64_t now_ns)
{
	uint64_t oldest = published(world, now_ns);
	uint32_t most = 0;

	for (uint32_t i = 0; i < world->config->shard_count; i++) {
		const struct member *member = &world->members[i];

		if (!member->is_dead && member->version < oldest)
			oldest = member->version;
	}
	for (uint64_t v = oldest > 0 ? oldest : 1; v <= published(world, now_ns); v++) {
		uint32_t flights = flights_of(world->config, v);

		most = flights > most ? flights : most;
	}
	return most;
}

static void fly(struct world *world, struct member *member, uint64_t now_ns)
{
	uint32_t allowed = flights_allowed(world, now_ns);

	if (member->flight_count == FLIGHTS_MAX)
		abort();
	member->landing_ns[member->flight_count++] = now_ns +
						     nwi_prng_below(&world->prng, LANDING_NS_MAX);
	world->in_flight++;
	if (world->in_flight > allowed &&
	    world->in_flight - allowed > world->result->flights_beyond)
		world->result->flights_beyond = world->in_flight - allowed;
}

static void land(struct world *world, struct member *member, uint64_t now_ns)
{
	for (uint32_t i = member->flight_count; i-- > 0;) {
		if (member->landing_ns[i] > now_ns)
			continue;
		member->landing_ns[i] = member->landing_ns[--member->flight_count];
		world->in_flight--;
		nw_govern_release(member->govern, SENDER, 1);
	}
}

static void count(struct world *world, struct member *member, const uint8_t *verdicts, uint32_t n,
		  uint64_t now_ns)
{
	uint64_t admitted = 0;

	for (uint32_t i = 0; i < n; i++) {
		enum nw_verdict verdict = nw_verdict_of(verdicts[i]);

		if (verdict == NW_VERDICT_WAIT)
			continue;
		if (verdict != NW_VERDICT_ALLOW) {
			world->result->refused++;
			continue;
		}
		admitted++;
		if (verdicts[i] & NW_VERDICT_HELD)
			fly(world, member, now_ns);
	}
	if (admitted > 0)
		sim_log_add(&world->log, (struct sim_record){ .at_ns = member->govern->now_ns,
							      .real_ns = now_ns,
							      .count = admitted });
	world->result->admitted += admitted;
}

static void admit(struct world *world, struct member *member, uint64_t offered, uint64_t now_ns)
{
	struct nw_packet packets[BATCH];
	uint8_t verdicts[BATCH];
	uint32_t n;

	while ((n = nw_govern_settle(member->govern, packets, verdicts, BATCH)) > 0)
		count(world, member, verdicts, n, now_ns);
	for (uint32_t i = 0; i < BATCH; i++)
		packets[i] = (struct nw_packet){ .topic = TOPIC,
						 .sender = SENDER,
						 .flags = NW_PACKET_INLINE };
	world->result->offered += offered;
	for (; offered > 0; offered -= n) {
		n = offered < BATCH ? (uint32_t)offered : BATCH;
		(void)nw_govern_batch(member->govern, packets, n, verdicts);
		count(world, member, verdicts, n, now_ns);
	}
}

static void create_member(struct world *world, uint32_t i)
{
	const struct sim_config *config = world->config;
	struct nw_govern_options options = { .shard_idx = i,
					     .shard_count = config->shard_count,
					     .topic_count_max = 4,
					     .sender_count_max = 4,
					     .waiting_count_max = 64,
					     .no_waiting = config->no_waiting,
					     .tick_ns = config->tick_ns };

	if (nw_govern_create(&world->members[i].govern, NW_NODE_ANY, &options) < 0)
		abort();
}

static void see(struct world *world, struct member *member, uint64_t version, uint64_t now_ns)
{
	for (uint64_t v = member->version + 1; v <= version; v++)
		member->seen_ns[v] = now_ns;
	if (world->config->fault == SIM_FORGETS_AT_RELOAD && member->version > 0 &&
	    version > member->version) {
		nw_govern_destroy(member->govern);
		create_member(world, (uint32_t)(member - world->members));
	}
	member->version = version;
}

static uint64_t clock_of(const struct world *world, const struct member *member, uint64_t now_ns)
{
	int64_t offset = member->skew_ns;

	if (now_ns > world->config->duration_ns / 2)
		offset += world->jump_ns;
	return (uint64_t)((int64_t)(now_ns + 2000000000) + offset);
}

static void step(struct world *world, uint32_t i)
{
	struct member *member = &world->members[i];
	struct sending sending = { .world = world, .from = i, .now_ns = member->next_ns };
	uint64_t now_ns = member->next_ns, pause_ns = world->config->step_ns;
	uint32_t version = published(world, now_ns);

	if (version > member->version && world->config->fault == SIM_FORGETS_AT_RELOAD)
		see(world, member, version, now_ns);
	receive(world, i, now_ns);
	nw_govern_tick(member->govern, world->rules[version], clock_of(world, member, now_ns));
	see(world, member, version, now_ns);
	land(world, member, now_ns);
	admit(world, member, sim_offer(&world->source, i, member->last_ns, now_ns), now_ns);
	(void)nw_govern_send_messages(member->govern, send, &sending);
	member->last_ns = now_ns;
	pause_ns = pause_ns / 2 + nwi_prng_next(&world->prng) % pause_ns;
	if (nwi_prng_below(&world->prng, 1000) < world->config->stall_per_1000)
		pause_ns += nwi_prng_below(&world->prng, STALL_NS_MAX);
	member->next_ns = now_ns + pause_ns;
}

/* -- death -------------------------------------------------------------------------------- */

static void die(struct world *world)
{
	struct member *member = &world->members[world->dead_idx];

	member->is_dead = true;
	member->next_ns = UINT64_MAX;
	for (uint32_t i = 0; i < world->config->shard_count; i++)
		wire_of(world, world->dead_idx, i)->count = 0;
}

static void tell_of_death(struct world *world)
{
	world->is_told = true;
	world->in_flight -= world->members[world->dead_idx].flight_count;
	world->members[world->dead_idx].flight_count = 0;
	for (uint32_t i = 0; i < world->config->shard_count; i++) {
		if (i != world->dead_idx)
			nw_govern_lost(world->members[i].govern, world->dead_idx);
	}
}

/* -- judgement ---------------------------------------------------------------------------- */

static void blame(struct world *world, sim_wide over, const char *when, uint64_t version)
{
	struct sim_result *result = world->result;

	if ((double)over / 1e9 > result->overshoot)
		result->overshoot = (double)over / 1e9;
	if (over > 0 && result->text[0] == '\0')
		(void)snprintf(result->text, sizeof(result->text),
			       "seed %llu: %.9f too many in an interval of %.6f ms, %s %llu",
			       (unsigned long long)world->config->seed, (double)over / 1e9,
			       (double)result->interval_ns / 1e6, when,
			       (unsigned long long)version);
}

/* The time in which all believe in one rule set; false: there is none. */
static bool reign_of(const struct world *world, uint32_t version, uint64_t *ret_from_ns,
		     uint64_t *ret_to_ns)
{
	uint64_t from_ns = 0, to_ns = UINT64_MAX;

	for (uint32_t i = 0; i < world->config->shard_count; i++) {
		const struct member *member = &world->members[i];

		if (member->version < version && !member->is_dead)
			return false;
		if (member->version >= version && member->seen_ns[version] > from_ns)
			from_ns = member->seen_ns[version];
		if (member->version > version && member->seen_ns[version + 1] < to_ns)
			to_ns = member->seen_ns[version + 1] - 1;
	}
	*ret_from_ns = from_ns;
	*ret_to_ns = to_ns;
	return from_ns <= to_ns;
}

static void judge(struct world *world)
{
	const struct sim_config *config = world->config;
	struct sim_result *result = world->result;
	struct nw_limit most = { 0 };
	uint64_t from_ns, to_ns;

	for (uint32_t v = 1; v <= world->rules_count; v++) {
		const struct nw_limit *limit = limit_of(config, v);

		most.burst = limit->burst > most.burst ? limit->burst : most.burst;
		most.rate_per_s = limit->rate_per_s > most.rate_per_s ? limit->rate_per_s
								      : most.rate_per_s;
	}
	blame(world, sim_overshoot(&world->log, &most, 0, UINT64_MAX, &result->interval_ns),
	      "largest of rule sets", world->rules_count);
	for (uint32_t v = 1; v <= world->rules_count; v++) {
		if (reign_of(world, v, &from_ns, &to_ns))
			blame(world,
			      sim_overshoot(&world->log, limit_of(config, v), from_ns, to_ns,
					    &result->interval_ns),
			      "under rule set", v);
	}
	if (result->flights_beyond > 0 && result->text[0] == '\0')
		(void)snprintf(result->text, sizeof(result->text),
			       "seed %llu: %llu too many in flight",
			       (unsigned long long)config->seed,
			       (unsigned long long)result->flights_beyond);
	result->used = (double)result->admitted /
		       ((double)most.burst +
			(double)most.rate_per_s * (double)config->duration_ns / 1e9);
}

/* -- the run ------------------------------------------------------------------------------ */

static void begin(struct world *world)
{
	const struct sim_config *config = world->config;
	uint64_t sets = config->reload_ns ? config->duration_ns / config->reload_ns + 1 : 1;
	uint32_t n = config->shard_count;

	nwi_prng_init(&world->prng, config->seed + 1);
	nwi_prng_init(&world->source.prng, config->seed);
	world->source.config = config;
	world->rules_count = sets < RULES_MAX ? (uint32_t)sets : RULES_MAX;
	for (uint32_t v = 1; v <= world->rules_count; v++)
		world->rules[v] = make_rules(config, v);
	world->wires = calloc((size_t)n * n, sizeof(*world->wires));
	if (!world->wires)
		abort();
	for (uint32_t i = 0; i < n; i++) {
		create_member(world, i);
		world->members[i].next_ns = 1 + nwi_prng_next(&world->prng) % config->step_ns;
		if (config->skew_ns > 0)
			world->members[i].skew_ns = (int64_t)(nwi_prng_next(&world->prng) %
							      config->skew_ns);
	}
	world->jump_ns = nwi_prng_below(&world->prng, 2) == 0 ? (int64_t)config->jump_ns
							      : -(int64_t)config->jump_ns;
	world->dead_idx = nwi_prng_below(&world->prng, n);
}

static void end(struct world *world)
{
	for (uint32_t i = 0; i < world->config->shard_count; i++)
		nw_govern_destroy(world->members[i].govern);
	for (uint32_t v = 1; v <= world->rules_count; v++)
		nw_rules_destroy(world->rules[v]);
	free(world->wires);
	free(world->log.records);
}

static uint32_t next_of(const struct world *world)
{
	uint32_t next = 0;

	for (uint32_t i = 1; i < world->config->shard_count; i++) {
		if (world->members[i].next_ns < world->members[next].next_ns)
			next = i;
	}
	return next;
}

void sim_run_credits(const struct sim_config *config, struct sim_result *ret_result)
{
	struct world *world = calloc(1, sizeof(*world));
	uint64_t now_ns;

	if (!world)
		abort();
	world->config = config;
	world->result = ret_result;
	begin(world);
	for (;;) {
		uint32_t next = next_of(world);

		now_ns = world->members[next].next_ns;
		if (now_ns >= config->duration_ns)
			break;
		if (config->death_ns > 0 && now_ns >= config->death_ns &&
		    !world->members[world->dead_idx].is_dead)
			die(world);
		else if (config->death_ns > 0 && now_ns >= config->death_ns + LATE_NEWS_NS &&
			 !world->is_told)
			tell_of_death(world);
		else
			step(world, next);
	}
	judge(world);
	end(world);
	free(world);
}

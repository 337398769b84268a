/* SPDX-License-Identifier: MIT */
/*
 * One shard: its memory, and its step.
 *
 * A step takes messages, reads the clock once and the rules once, and then, as far as the deliver
 * hook takes packets: delivers what is ready, what has waited for credit, and a new batch. Nothing
 * is taken in while something is ready, so a sink that stalls fills the ring behind it and nothing
 * else.
 *
 * Invariant: batch[ready_first .. ready_end) passed the rules, in the order of the records, with
 * the verdicts beside them; everything else of the batch is empty.
 */
#include "shard.h"

#include <errno.h>
#include <time.h>

uint64_t nwi_relay_now_ns(const struct nw_relay *relay)
{
	struct timespec t;

	if (relay->options.hooks.clock)
		return relay->options.hooks.clock(relay->options.hooks.ctx);
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* this clock is always there */
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- what the rules let through ---- */

/* Drops what was refused, and moves the rest together; counts. */
static void keep_allowed(struct nwi_shard *shard, uint32_t count)
{
	struct nwi_tally *tally = &shard->tally;
	uint32_t kept = 0, waiting = 0;

	for (uint32_t i = 0; i < count; i++) {
		enum nw_verdict verdict = nw_verdict_of(shard->verdicts[i]);
		struct nw_packet *packet = &shard->batch[kept];

		if (NW_UNLIKELY(verdict != NW_VERDICT_ALLOW)) {
			waiting += verdict == NW_VERDICT_WAIT;
			if (verdict == NW_VERDICT_WAIT)
				continue;
			nwi_packet_done(shard, &shard->batch[i]);
			if (!NWI_HAS_FAULT(NWI_MISCOUNTS))
				nwi_count(&tally->dropped[verdict], 1);
			nwi_blame(shard, shard->batch[i].sender, verdict);
			continue;
		}
		if (NW_UNLIKELY(kept != i))
			*packet = shard->batch[i];
		packet->priority = nw_verdict_priority(shard->verdicts[i]);
		packet->flags |= NW_PACKET_GOVERNED;
		shard->verdicts[kept++] = shard->verdicts[i];
	}
	nwi_count(&tally->done, count - kept - waiting);
	shard->ready_first = 0;
	shard->ready_end = kept;
}

/* What a step may have to do once more: a timer that is read in few of them. */
static void govern_batch(struct nwi_shard *shard, uint32_t count)
{
	struct nwi_tally *tally = &shard->tally;
	bool is_sample = nwi_counted(&tally->batches) % NWI_GOVERN_SAMPLE == 0;
	uint64_t begin_ns = is_sample ? nwi_relay_now_ns(shard->relay) : 0;

	(void)nw_govern_batch(shard->govern, shard->batch, count, shard->verdicts);
	nwi_count(&tally->batches, 1);
	if (!is_sample)
		return;
	nwi_count(&tally->govern_ns, nwi_relay_now_ns(shard->relay) - begin_ns);
	nwi_count(&tally->govern_packets, count);
}

/* ---- delivery ---- */

/* Marks what the hook has to complete, or takes the marks off again. */
static void mark_held(struct nwi_shard *shard, uint32_t first, uint32_t count, bool is_on)
{
	for (uint32_t i = first; i < first + count; i++)
		if (is_on && shard->verdicts[i] & NW_VERDICT_HELD)
			shard->batch[i].flags |= NW_RELAY_HELD;
		else
			shard->batch[i].flags &= (uint16_t)~NW_RELAY_HELD;
}

static uint32_t offer(struct nwi_shard *shard, uint32_t count)
{
	const struct nw_relay_hooks *hooks = &shard->relay->options.hooks;
	bool completes = shard->relay->options.completes;
	uint32_t taken;

	if (!hooks->deliver)
		return count;
	if (completes)
		mark_held(shard, shard->ready_first, count, true);
	taken = hooks->deliver(hooks->ctx, shard->shard_idx, shard->batch + shard->ready_first,
			       count);
	assert(taken <= count);
	if (completes)
		mark_held(shard, shard->ready_first, count, false);
	return taken;
}

/* Whether everything that was ready is delivered. */
static bool deliver_ready(struct nwi_shard *shard)
{
	struct nw_packet *packets = shard->batch + shard->ready_first;
	uint32_t count = shard->ready_end - shard->ready_first, taken;

	if (count == 0)
		return true;
	count = nwi_fanout_room(shard, packets, count);
	taken = count > 0 ? offer(shard, count) : 0;
	nwi_fanout(shard, packets, taken);
	if (shard->relay->options.arena_bytes > 0)
		for (uint32_t i = 0; i < taken; i++)
			nwi_packet_done(shard, &packets[i]);
	if (!shard->relay->options.completes)
		nw_govern_release_batch(shard->govern, packets,
					shard->verdicts + shard->ready_first, taken);
	shard->ready_first += taken;
	if (NWI_HAS_FAULT(NWI_LOSES_ONE) && shard->ready_first < shard->ready_end)
		shard->ready_first++;
	if (NWI_HAS_FAULT(NWI_GIVES_TWICE) && taken > 0 && shard->ready_first < shard->ready_end)
		shard->ready_first--;
	nwi_count(&shard->tally.delivered, taken);
	nwi_count(&shard->tally.done, taken);
	return shard->ready_first == shard->ready_end;
}

/* Packets that waited for credit; whether all whose waiting is over are gone. */
static bool deliver_settled(struct nwi_shard *shard, uint32_t *inout_work)
{
	uint32_t n;

	do {
		n = nw_govern_settle(shard->govern, shard->batch, shard->verdicts,
				     shard->batch_max);
		*inout_work += n;
		keep_allowed(shard, n);
		if (!deliver_ready(shard))
			return false;
	} while (n > 0);
	return true;
}

/* ---- a step ---- */

/* Publishes the level, by what waits in the ring now, or what payloads occupy. */
static void look_at_level(struct nwi_shard *shard)
{
	uint64_t fill = (uint64_t)nw_mpsc_count(shard->ring) * 1000 / shard->ring_slots;

	if (shard->store->n_bytes > 0) {
		nwi_store_sweep(shard->store);
		if (nwi_store_fill(shard->store) > fill)
			fill = nwi_store_fill(shard->store);
	}
	if (!nwi_level_step(&shard->level, (uint32_t)fill, shard->now_ns))
		return;
	nwi_count(&shard->tally.level_changes, 1);
	/* relaxed: a hint. */
	atomic_store_explicit(&shard->face->level, shard->level.level, memory_order_relaxed);
}

/* Publishes the pace, for estimates of when to try again. */
static void look_at_pace(struct nwi_shard *shard, uint32_t taken)
{
	uint64_t packet_ns = (shard->now_ns - shard->worked_ns) / taken;

	shard->worked_ns = shard->now_ns;
	if (packet_ns > 1000000)
		packet_ns = 1000000; /* it slept */
	shard->packet_ns += (uint32_t)(packet_ns / 8) - shard->packet_ns / 8;
	/* relaxed: a hint. */
	if (shard->step_count % 64 == 0)
		atomic_store_explicit(&shard->face->packet_ns, shard->packet_ns,
				      memory_order_relaxed);
}

/* Packets, by one rule set, inside one section; how many were moved on. */
static uint32_t carry(struct nwi_shard *shard)
{
	uint32_t before = shard->ready_end - shard->ready_first, count = 0, settled = 0;
	const struct nw_rules *rules = nw_rcu_dereference(&shard->relay->rules);

	nw_govern_tick(shard->govern, rules, shard->now_ns);
	if (!deliver_ready(shard) || !deliver_settled(shard, &settled))
		return before - (shard->ready_end - shard->ready_first) + settled;
	count = nwi_gather(shard);
	if (count > 0) {
		govern_batch(shard, count);
		keep_allowed(shard, count);
		(void)deliver_ready(shard); /* what is left comes again */
		look_at_pace(shard, count);
	}
	return before + settled + count + shard->has_resting;
}

uint32_t nwi_shard_step(struct nwi_shard *shard)
{
	const struct nw_relay_hooks *hooks = &shard->relay->options.hooks;
	uint32_t work = nwi_messages_take(shard);

	shard->now_ns = nwi_relay_now_ns(shard->relay);
	look_at_level(shard);
	nw_rcu_read_lock(shard->reader);
	NWI_BETWEEN(shard);
	work += carry(shard);
	nw_rcu_read_unlock(shard->reader);
	NWI_BETWEEN(shard);
	nwi_outbox_send(shard);
	work += nwi_move_step(shard);
	if (hooks->poll)
		work += hooks->poll(hooks->ctx, shard->shard_idx, shard->now_ns);
	shard->step_count++;
	nwi_count(&shard->tally.steps, 1);
	return work;
}

/* ---- sleep ---- */

enum { BLOCKED_NAP_NS = 100 * 1000, MOVE_NAP_NS = 20 * 1000 };

bool nwi_shard_is_blocked(const struct nwi_shard *shard)
{
	return shard->ready_first != shard->ready_end;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Whether anything waits for a step. */
static bool has_work(struct nwi_shard *shard)
{
	/* A sink that takes nothing does not ring: the nap is short. */
	if (nwi_shard_is_blocked(shard))
		return false;
	if (nw_mpsc_count(shard->ring) > 0)
		return true;
	if (nwi_lanes_have_work(shard))
		return true;
	/* relaxed: a hint; the fences on both sides order it. */
	if (atomic_load_explicit(&shard->request, memory_order_relaxed) != 0)
		return true;
	for (uint32_t w = 0; w < NWI_MASK_WORDS; w++) {
		/* relaxed: a hint; the fences on both sides order it. */
		uint64_t records = atomic_load_explicit(&shard->pending_records[w],
							memory_order_relaxed);
		/* relaxed: as above. */
		uint64_t messages = atomic_load_explicit(&shard->pending_messages[w],
							 memory_order_relaxed);

		if (records != 0 || messages != 0 || shard->records_left.words[w] != 0)
			return true;
	}
	return false;
}

bool nwi_shard_rest(struct nwi_shard *shard)
{
	bool is_idle;

	/* relaxed: the value alone; whoever sends something that is not seen below, sees this after
	 * its own fence, and rings. */
	atomic_store_explicit(&shard->face->is_asleep, 1, memory_order_relaxed);
	nw_bell_fence();
	nw_rcu_read_lock(shard->reader);
	is_idle = !has_work(shard);
	nw_rcu_read_unlock(shard->reader);
	if (!is_idle)
		nwi_shard_rise(shard);
	return is_idle;
}

void nwi_shard_rise(struct nwi_shard *shard)
{
	/* relaxed: a hint: a ring too many is heard at the next sleep. */
	atomic_store_explicit(&shard->face->is_asleep, 0, memory_order_relaxed);
}

uint64_t nwi_shard_nap_ns(const struct nwi_shard *shard)
{
	uint64_t next_ns = nw_govern_next_ns(shard->govern), nap_ns = UINT64_MAX;

	if (next_ns != UINT64_MAX)
		nap_ns = next_ns > shard->now_ns ? next_ns - shard->now_ns : 0;
	/* So that the level falls though nobody submits. */
	if (shard->level.level != NW_RELAY_GREEN)
		nap_ns = least(nap_ns, NWI_LEVEL_WINDOW_NS);
	if (shard->move.stage != NWI_MOVE_NONE)
		nap_ns = least(nap_ns, MOVE_NAP_NS);
	if (nwi_shard_is_blocked(shard))
		nap_ns = least(nap_ns, BLOCKED_NAP_NS);
	return nap_ns;
}

/* ---- memory ---- */

static void *piece(struct nwi_shard *shard, size_t count, size_t n_bytes)
{
	return nw_arena_alloc(shard->arena, count * n_bytes, NW_CACHE_PAIR);
}

/* A lane to this shard. */
static int open_lane(struct nwi_shard *shard, struct nw_lane_reader *reader, uint32_t slots)
{
	size_t n_bytes = nw_lane_bytes(slots);
	void *memory = piece(shard, 1, n_bytes);
	int rc;

	if (!memory)
		return -ENOMEM;
	rc = nw_lane_format(memory, n_bytes, slots);
	return rc < 0 ? rc : nw_lane_reader_open(reader, memory, n_bytes, slots);
}

static int create_inlets(struct nwi_shard *shard)
{
	const struct nw_relay *relay = shard->relay;
	int rc = 0;

	for (uint32_t i = 0; i < relay->shard_count && rc == 0; i++) {
		if (i == shard->shard_idx)
			continue;
		rc = open_lane(shard, &shard->inlets[i].records, relay->options.hand_over_slots);
		if (rc == 0)
			rc = open_lane(shard, &shard->inlets[i].messages, NWI_CONTROL_SLOTS);
	}
	return rc;
}

int nwi_shard_connect(struct nwi_shard *shard)
{
	const struct nw_relay *relay = shard->relay;
	uint32_t slots = relay->options.hand_over_slots;
	int rc = 0;

	for (uint32_t i = 0; i < relay->shard_count && rc == 0; i++) {
		struct nwi_inlet *inlet = &relay->shards[i]->inlets[shard->shard_idx];
		struct nwi_outlet *outlet = &shard->outlets[i];

		if (i == shard->shard_idx)
			continue;
		rc = nw_lane_writer_open(&outlet->records, inlet->records.lane,
					 nw_lane_bytes(slots), slots);
		if (rc == 0)
			rc = nw_lane_writer_open(&outlet->messages, inlet->messages.lane,
						 nw_lane_bytes(NWI_CONTROL_SLOTS),
						 NWI_CONTROL_SLOTS);
	}
	return rc;
}

/* What the arena of a shard has to have room for. */
static size_t arena_bytes(const struct nw_relay *relay)
{
	size_t lanes = nw_lane_bytes(relay->options.hand_over_slots) +
		       nw_lane_bytes(NWI_CONTROL_SLOTS);
	size_t each = lanes + sizeof(struct nwi_inlet) + sizeof(struct nwi_outlet) + 64;

	return sizeof(struct nwi_shard) + sizeof(struct nwi_store) +
	       NWI_BLAME_ENTRIES * sizeof(struct nwi_blame) + relay->shard_count * each +
	       relay->options.batch * (sizeof(struct nw_packet) + 1) + UINT64_C(64) * NW_CACHE_PAIR;
}

static int create_pieces(struct nwi_shard *shard)
{
	const struct nw_relay_options *options = &shard->relay->options;
	uint32_t shards = shard->relay->shard_count;

	shard->batch = piece(shard, shard->batch_max, sizeof(struct nw_packet));
	shard->verdicts = piece(shard, shard->batch_max, 1);
	shard->inlets = piece(shard, shards, sizeof(struct nwi_inlet));
	shard->outlets = piece(shard, shards, sizeof(struct nwi_outlet));
	shard->store = piece(shard, 1, sizeof(struct nwi_store));
	shard->blame = piece(shard, NWI_BLAME_ENTRIES, sizeof(struct nwi_blame));
	shard->move.inlets_until = piece(shard, shards, sizeof(uint64_t));
	if (!shard->move.inlets_until) /* the last one: when it fits, all do */
		return -ENOMEM;
	for (uint32_t slot = shard->shard_idx; slot < NW_TOPIC_SLOT_COUNT; slot += shards)
		shard->owned[slot / 64] |= UINT64_C(1) << slot % 64;
	shard->face->ring_slots = options->ring_slots;
	return create_inlets(shard);
}

static int create_govern(struct nwi_shard *shard)
{
	const struct nw_relay_options *options = &shard->relay->options;
	struct nw_govern_options govern = {
		.shard_idx = shard->shard_idx,
		.shard_count = shard->relay->shard_count,
		.topic_count_max = options->topics_max,
		.sender_count_max = options->senders_max,
		.waiting_count_max = options->waiting_max,
		.tick_ns = options->tick_ns,
	};

	return nw_govern_create(&shard->govern, shard->node, &govern);
}

/* Without /proc there is no gate: then a bell, and no guests. */
static int open_gate(struct nwi_shard *shard)
{
	int rc = nw_bell_gate_open(&shard->gate), fd;

	if (rc == 0 || rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM)
		return rc;
	fd = nw_bell_open();
	shard->gate = (struct nw_bell_gate){ .hear_fd = fd, .ring_fd = fd, .away_fd = -1 };
	return fd < 0 ? fd : 0;
}

int nwi_shard_create(struct nw_relay *relay, uint32_t shard_idx, nw_node node)
{
	struct nwi_shard *shard;
	struct nw_arena *arena;
	int rc = nw_arena_create(&arena, node, arena_bytes(relay), 0);

	if (rc < 0)
		return rc;
	shard = nw_arena_alloc(arena, sizeof(*shard), NW_CACHE_PAIR);
	shard->arena = arena;
	shard->relay = relay;
	shard->shard_idx = shard_idx;
	shard->node = node;
	shard->batch_max = relay->options.batch;
	shard->ring_slots = relay->options.ring_slots;
	shard->face = &relay->board->faces[shard_idx];
	shard->gate = (struct nw_bell_gate){ -1, -1, -1 };
	relay->shards[shard_idx] = shard;
	rc = create_pieces(shard);
	if (rc == 0)
		rc = nw_mpsc_create(&shard->ring, shard->ring_slots, sizeof(struct nw_packet),
				    node);
	if (rc == 0 && relay->options.arena_bytes > 0)
		rc = nwi_store_open(shard->store, node, relay->options.arena_bytes);
	if (rc == 0)
		rc = create_govern(shard);
	if (rc == 0)
		rc = nw_rcu_register(&shard->reader, relay->rcu, NULL);
	if (rc < 0)
		return rc;
	return open_gate(shard);
}

void nwi_shard_destroy(struct nwi_shard *shard)
{
	if (!shard)
		return;
	if (shard->gate.ring_fd == shard->gate.hear_fd)
		shard->gate.ring_fd = -1; /* one bell: closed once */
	nw_bell_gate_close(&shard->gate);
	nw_rcu_unregister(shard->reader);
	nw_govern_destroy(shard->govern);
	nw_mpsc_destroy(shard->ring);
	if (shard->store)
		nwi_store_close(shard->store);
	nw_arena_destroy(shard->arena);
}

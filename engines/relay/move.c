/* SPDX-License-Identifier: MIT */
/*
 * A slot moves from one shard to another while packets come.
 *
 *   GRACE  the owner freezes the slot on the board, so that producers refuse its packets, and waits
 *          until every section that may have read the old word has ended: from now on nothing new
 *          comes for the slot, but what clients put into lanes
 *   DRAIN  what stood in the ring and in the hand-over lanes at that moment is delivered
 *   SEND   the slot is nobody's; the state of its topics goes to the new owner, then OPEN
 *   open   the new owner takes the slot for its own and writes itself onto the board
 *
 * Invariant: before OPEN, no packet of the slot is in the old owner's ring, batch, ready part or
 * govern's waiting room, nor in a hand-over lane to it; after OPEN the old owner hands over what it
 * finds in lanes. So every packet that was sent by the old map is delivered before any that was
 * sent by the new one, except in a client's lanes, of which gather.c speaks.
 *
 * Why the snapshots suffice: a producer's push and another shard's hand-over by the old word lie in
 * sections that ended before the grace period did, so they are below the counts read after it.
 */
#include "shard.h"

#include <errno.h>

enum { TOPICS_A_STEP = 16 };

static void begin(struct nwi_shard *shard, uint32_t request)
{
	struct nwi_move *move = &shard->move;
	struct nw_relay *relay = shard->relay;

	move->slot = request >> 16;
	move->to = request & NWI_SLOT_SHARD;
	assert(nwi_owns(shard, move->slot));
	/* [move.freeze] release, pairs with [submit.map], [gather.map], [slot.map]: nothing but the
	 * word itself. */
	atomic_store_explicit(&relay->board->map[move->slot],
			      (uint16_t)(NWI_SLOT_FROZEN | shard->shard_idx), memory_order_release);
	/* relaxed: the value alone: clients look at the map again when it changes. */
	atomic_fetch_add_explicit(&relay->board->map_version, 1, memory_order_relaxed);
	move->cookie = nw_rcu_start_poll(relay->rcu);
	move->stage = NWI_MOVE_GRACE;
}

/* Notes what the ring and the hand-over lanes hold. */
static void snapshot(struct nwi_shard *shard)
{
	struct nwi_move *move = &shard->move;

	move->ring_until = nw_mpsc_claimed(shard->ring);
	for (uint32_t i = 0; i < shard->relay->shard_count; i++) {
		struct nw_lane_reader *records = &shard->inlets[i].records;

		if (i != shard->shard_idx)
			move->inlets_until[i] = records->tail + nw_lane_look(records);
	}
	move->stage = NWI_MOVE_DRAIN;
}

static bool is_drained(const struct nwi_shard *shard)
{
	const struct nwi_move *move = &shard->move;

	if (shard->ready_first != shard->ready_end ||
	    nw_mpsc_removed(shard->ring) < move->ring_until)
		return false;
	for (uint32_t i = 0; i < shard->relay->shard_count; i++)
		if (i != shard->shard_idx && shard->inlets[i].records.tail < move->inlets_until[i])
			return false;
	return true;
}

static void disown(struct nwi_shard *shard)
{
	shard->owned[shard->move.slot / 64] &= ~(UINT64_C(1) << shard->move.slot % 64);
	shard->move.stage = NWI_MOVE_SEND;
}

/* Sends as many topics as there is room for; whether all are sent. */
static bool send_topics(struct nwi_shard *shard)
{
	struct nwi_move *move = &shard->move;
	struct nw_govern_topic topics[TOPICS_A_STEP];
	uint32_t count = 0, room;
	int rc;

	room = nw_lane_room(&shard->outlets[move->to].messages, TOPICS_A_STEP);
	if (room < TOPICS_A_STEP)
		return false;
	rc = nw_govern_export(shard->govern, move->slot, topics, TOPICS_A_STEP, &count);
	for (uint32_t i = 0; i < count && !NWI_HAS_FAULT(NWI_FORGETS_STATE); i++) {
		struct nwi_message message = { .kind = NWI_MESSAGE_TOPIC,
					       .slot = move->slot,
					       .topic = topics[i] };
		bool is_sent = nwi_message_send(shard, move->to, &message);

		assert(is_sent); /* there was room */
		(void)is_sent;
	}
	return rc == 0;
}

/* Packets that had waited for credit are delivered here, before the new owner begins. */
static void send_open(struct nwi_shard *shard)
{
	struct nwi_message message = { .kind = NWI_MESSAGE_OPEN, .slot = shard->move.slot };

	if (shard->ready_first != shard->ready_end ||
	    !nwi_message_send(shard, shard->move.to, &message))
		return;
	nwi_count(&shard->tally.slots_out, 1);
	shard->move.stage = NWI_MOVE_NONE;
	/* [move.done] release, pairs with [move.request]: the next one may be asked for. */
	atomic_store_explicit(&shard->request, 0, memory_order_release);
}

uint32_t nwi_move_step(struct nwi_shard *shard)
{
	struct nwi_move *move = &shard->move;
	enum nwi_move_stage before = move->stage;
	uint32_t request;

	if (move->stage == NWI_MOVE_NONE) {
		/* relaxed: a hint; [move.begin] orders. */
		if (atomic_load_explicit(&shard->request, memory_order_relaxed) == 0)
			return 0;
		/* [move.begin] acquire, pairs with [move.ask]: the slot is this shard's. */
		request = atomic_load_explicit(&shard->request, memory_order_acquire);
		begin(shard, request - 1);
	} else if (move->stage == NWI_MOVE_GRACE) {
		if (nw_rcu_poll(shard->relay->rcu, move->cookie) || NWI_HAS_FAULT(NWI_NO_GRACE))
			snapshot(shard);
	} else if (move->stage == NWI_MOVE_DRAIN) {
		if (is_drained(shard) || NWI_HAS_FAULT(NWI_NO_DRAIN))
			disown(shard);
	} else if (send_topics(shard)) {
		send_open(shard);
	}
	return move->stage != before;
}

void nwi_slot_open(struct nwi_shard *shard, uint32_t slot, uint32_t from)
{
	struct nwi_board *board = shard->relay->board;

	shard->owned[slot / 64] |= UINT64_C(1) << slot % 64;
	shard->opened_at[from] = ++shard->open_count; /* so gates are put: fanout.c */
	nwi_count(&shard->tally.slots_in, 1);
	/* [move.open] release, pairs with [submit.map], [gather.map], [slot.map]: the slot is
	 * owned, and its topics' state is here. */
	atomic_store_explicit(&board->map[slot], (uint16_t)shard->shard_idx, memory_order_release);
	/* relaxed: the value alone: clients look at the map again when it changes. */
	atomic_fetch_add_explicit(&board->map_version, 1, memory_order_relaxed);
}

/* ---- control ---- */

uint32_t nw_relay_slot_at(const struct nw_relay *relay, uint32_t slot, bool *ret_is_moving)
{
	/* [slot.map] acquire, pairs with [move.freeze], [move.open]: what the owner did before. */
	uint32_t entry = atomic_load_explicit(&relay->board->map[slot], memory_order_acquire);

	assert(slot < NW_TOPIC_SLOT_COUNT);
	if (ret_is_moving)
		*ret_is_moving = entry & NWI_SLOT_FROZEN;
	return entry & NWI_SLOT_SHARD;
}

uint32_t nw_relay_shard_of(const struct nw_relay *relay, uint32_t topic)
{
	return nw_relay_slot_at(relay, nw_topic_slot(topic), NULL);
}

static int ask(struct nw_relay *relay, uint32_t slot, uint32_t to_shard)
{
	bool is_moving;
	uint32_t from = nw_relay_slot_at(relay, slot, &is_moving);
	struct nwi_shard *shard = relay->shards[from];

	if (is_moving)
		return -EBUSY;
	if (from == to_shard)
		return 0;
	/* [move.request] acquire, pairs with [move.done]: the last move of that shard is over, and
	 * so is its word on the board, which is looked at again. */
	if (atomic_load_explicit(&shard->request, memory_order_acquire) != 0)
		return -EBUSY;
	if (nw_relay_slot_at(relay, slot, &is_moving) != from || is_moving)
		return -EBUSY;
	/* [move.ask] release, pairs with [move.begin]: the slot is that shard's. */
	atomic_store_explicit(&shard->request, (slot << 16 | to_shard) + 1, memory_order_release);
	nw_bell_fence(); /* either the shard sees the request, or we see that it sleeps */
	/* relaxed: a hint; the fences on both sides order it with the request. */
	if (atomic_load_explicit(&shard->face->is_asleep, memory_order_relaxed))
		nwi_wake(relay, from);
	return 0;
}

int nw_relay_slot_move(struct nw_relay *relay, uint32_t slot, uint32_t to_shard)
{
	int rc;

	if (slot >= NW_TOPIC_SLOT_COUNT || to_shard >= relay->shard_count)
		return -ERANGE;
	pthread_mutex_lock(&relay->lock);
	rc = ask(relay, slot, to_shard);
	pthread_mutex_unlock(&relay->lock);
	return rc;
}

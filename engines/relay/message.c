/* SPDX-License-Identifier: MIT */
/*
 * Messages between shards: credits of senders, and slots that move. Each pair of shards has a lane
 * of its own, so messages of one shard come in their order and no two shards write one line.
 *
 * Invariant: who sent something sets its bit at the receiver after that, so a receiver that found
 * no bit has found everything, and one that takes the bits looks into those lanes later.
 */
#include "shard.h"

void nwi_tell(struct nwi_shard *shard, uint32_t to, _Atomic uint64_t *pending)
{
	const struct nwi_board *board = shard->relay->board;

	/* [tell.pending] release, pairs with [gather.pending], [message.pending]: what was sent. */
	atomic_fetch_or_explicit(&pending[shard->shard_idx / 64],
				 UINT64_C(1) << shard->shard_idx % 64, memory_order_release);
	nw_bell_fence(); /* either the receiver sees the bit, or we see that it sleeps */
	/* relaxed: a hint; the fences on both sides order it with the bit. */
	if (atomic_load_explicit(&board->faces[to].is_asleep, memory_order_relaxed))
		nwi_wake(shard->relay, to);
}

bool nwi_message_send(struct nwi_shard *shard, uint32_t to, const struct nwi_message *message)
{
	assert(to != shard->shard_idx);
	if (nw_lane_push(&shard->outlets[to].messages, message, 1) == 0)
		return false;
	nwi_count(&shard->tally.messages, 1);
	nwi_tell(shard, to, shard->relay->shards[to]->pending_messages);
	return true;
}

static bool send_govern(void *context, uint32_t to_shard_idx,
			const struct nw_govern_message *message)
{
	struct nwi_message wrapped = { .kind = NWI_MESSAGE_GOVERN, .govern = *message };

	return nwi_message_send(context, to_shard_idx, &wrapped);
}

void nwi_outbox_send(struct nwi_shard *shard)
{
	/* What is not taken is kept, and sent at the next step. */
	(void)nw_govern_send_messages(shard->govern, send_govern, shard);
}

static void take_message(struct nwi_shard *shard, uint32_t from, const struct nwi_message *message)
{
	switch (message->kind) {
	case NWI_MESSAGE_GOVERN:
		nw_govern_take_message(shard->govern, &message->govern);
		break;
	case NWI_MESSAGE_TOPIC:
		nw_govern_import(shard->govern, &message->topic, 1);
		break;
	case NWI_MESSAGE_OPEN:
		nwi_slot_open(shard, message->slot, from);
		break;
	default:
		assert(false);
	}
}

static uint32_t take_from(struct nwi_shard *shard, uint32_t from)
{
	struct nwi_inlet *inlet = &shard->inlets[from];
	uint32_t n = nw_lane_look(&inlet->messages);

	for (uint32_t i = 0; i < n; i++)
		take_message(shard, from, nw_lane_at(&inlet->messages, i));
	nw_lane_drop(&inlet->messages, n);
	return n;
}

uint32_t nwi_messages_take(struct nwi_shard *shard)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < NWI_MASK_WORDS; w++) {
		uint64_t left;

		/* relaxed: a hint; the exchange orders. */
		if (atomic_load_explicit(&shard->pending_messages[w], memory_order_relaxed) == 0)
			continue;
		/* [message.pending] acquire, pairs with [tell.pending]: see what was sent. */
		left = atomic_exchange_explicit(&shard->pending_messages[w], 0,
						memory_order_acquire);
		for (; left != 0; left &= left - 1)
			n += take_from(shard, w * 64 + (uint32_t)__builtin_ctzll(left));
	}
	return n;
}

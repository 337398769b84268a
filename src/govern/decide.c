/* SPDX-License-Identifier: MIT */
/*
 * The decision about a packet: who may not is told so before anything is taken from anyone.
 *
 * The state of a topic and of a sender is one line each; a batch finds the lines of a group of
 * packets first, and has them fetched while it decides about others. Entries that were resolved
 * under another rule set, or do not exist yet, leave the fast path once.
 *
 * Invariant: a packet takes from its topic, its sender and all of them, or from none.
 */
#include "govern/govern.h"

enum { GROUP = 16 };

/* What is known of one packet. */
struct view {
	struct nwi_topic *topic; /* NULL: nothing is remembered of it */
	struct nwi_share *share; /* likewise */
	uint32_t share_slot;
	uint8_t topic_verdict, share_verdict;
};

NWI_NEVER_INLINE void look_up_topic(struct nw_govern *govern, uint32_t id, uint32_t slot,
				    struct view *view)
{
	if (slot == NWI_NONE)
		slot = nwi_index_find(&govern->topic_pool.index, id);
	if (slot == NWI_NONE)
		slot = nwi_topic_add(govern, id, &view->topic_verdict);
	if (slot == NWI_NONE)
		return;
	view->topic = &govern->topics[slot];
	if (view->topic->version != govern->version)
		nwi_topic_resolve(govern, view->topic);
	view->topic_verdict = view->topic->verdict;
}

NWI_NEVER_INLINE void look_up_share(struct nw_govern *govern, uint32_t sender, uint32_t slot,
				    struct view *view)
{
	if (slot == NWI_NONE)
		slot = nwi_index_find(&govern->share_pool.index, sender);
	if (slot == NWI_NONE)
		slot = nwi_share_add(govern, sender, &view->share_verdict);
	if (slot == NWI_NONE)
		return;
	view->share = &govern->shares[slot];
	view->share_slot = slot;
	if (view->share->version != govern->version)
		nwi_share_resolve(govern, slot);
	view->share_verdict = view->share->verdict;
}

/* The slots are hints: what had no state when they were found may have some now. */
NWI_ALWAYS_INLINE struct view look_up(struct nw_govern *govern, const struct nw_packet *packet,
				      uint32_t topic_slot, uint32_t share_slot)
{
	struct view view = { .share_slot = share_slot };

	if (topic_slot != NWI_NONE && govern->topics[topic_slot].version == govern->version) {
		view.topic = &govern->topics[topic_slot];
		view.topic_verdict = view.topic->verdict;
	} else {
		look_up_topic(govern, packet->topic, topic_slot, &view);
	}
	if (share_slot != NWI_NONE && govern->shares[share_slot].version == govern->version) {
		view.share = &govern->shares[share_slot];
		view.share_verdict = view.share->verdict;
	} else {
		look_up_share(govern, packet->sender, share_slot, &view);
	}
	return view;
}

/* Earns, and says whether there is a token. */
NWI_ALWAYS_INLINE bool topic_has_token(const struct nw_govern *govern, struct nwi_topic *topic)
{
	nwi_topic_earn(topic, govern->now_ns);
	return topic->level >= NWI_NANO;
}

/* -- credit is missing -------------------------------------------------------------------- */

/* The verdict where a packet lacks credit here: refuse, or *ret_slot is what to wait for. */
NWI_NEVER_INLINE uint8_t lacks(struct nw_govern *govern, const struct view *view, bool is_settling,
			       bool is_late, uint32_t *ret_slot)
{
	struct nwi_share *share = view->share, *all = &govern->shares[govern->all_slot];
	enum nwi_ask flights = NWI_ASK_NOT, rate = NWI_ASK_NOT, global = NWI_ASK_NOT;
	bool is_limited = view->topic && view->topic->is_limited;

	if (share && share->has_flights && share->flights == 0)
		flights = nwi_share_flights(govern, view->share_slot, is_late);
	if (flights == NWI_ASK_DRY)
		return NW_VERDICT_IN_FLIGHT;
	if (is_limited && !topic_has_token(govern, view->topic))
		return NW_VERDICT_TOPIC_RATE;
	if (share && share->has_rate && share->tokens == 0)
		rate = nwi_share_rate(govern, view->share_slot, is_late);
	if (rate == NWI_ASK_DRY)
		return NW_VERDICT_SENDER_RATE;
	if (all->has_rate && all->tokens == 0)
		global = nwi_share_rate(govern, govern->all_slot, is_late);
	if (global == NWI_ASK_DRY)
		return NW_VERDICT_GLOBAL_RATE;
	*ret_slot = view->share_slot;
	if (flights != NWI_ASK_NOT || rate != NWI_ASK_NOT)
		return NW_VERDICT_WAIT;
	/* Behind those of the sender that wait already; those themselves come here too. */
	if (!is_settling && share && share->has_waiting)
		return NW_VERDICT_WAIT;
	*ret_slot = govern->all_slot;
	if (global != NWI_ASK_NOT || (!is_settling && all->has_rate && all->has_waiting))
		return NW_VERDICT_WAIT;
	return NW_VERDICT_ALLOW;
}

/* Why a packet has to wait, if there is no room to wait. */
static uint8_t no_wait(const struct nw_govern *govern, const struct nwi_share *share, uint32_t slot)
{
	if (slot == govern->all_slot)
		return NW_VERDICT_GLOBAL_RATE;
	return share->has_flights && share->flights == 0 ? NW_VERDICT_IN_FLIGHT
							 : NW_VERDICT_SENDER_RATE;
}

/* -- the decision ------------------------------------------------------------------------- */

NWI_ALWAYS_INLINE void take_share(struct nw_govern *govern, uint32_t slot, struct nwi_share *share)
{
	if (share->has_rate && --share->tokens == share->low)
		nwi_share_rate_low(govern, slot);
	if (share->has_flights) {
		share->flights--;
		if (share->flights < share->flights_min)
			share->flights_min = share->flights;
		if (share->flights == share->flights_low)
			nwi_share_flights_low(govern, slot);
	}
}

/* Everybody agrees: takes a token and a flight of each who counts them; the byte. */
NWI_ALWAYS_INLINE uint8_t take(struct nw_govern *govern, const struct nw_packet *packet,
			       const struct view *view)
{
	struct nwi_share *all = &govern->shares[govern->all_slot];
	uint8_t priority = packet->priority & 3, byte = NW_VERDICT_ALLOW;

	if (view->topic && view->topic->is_limited)
		view->topic->level -= NWI_NANO;
	if (all->has_rate)
		take_share(govern, govern->all_slot, all);
	if (view->share) {
		if (view->share->has_flights)
			byte |= NW_VERDICT_HELD;
		if (priority < view->share->priority_top)
			priority = view->share->priority_top;
		take_share(govern, view->share_slot, view->share);
	}
	return (uint8_t)(byte | priority << 6);
}

/* Whether some credit is not at hand, or somebody waits for it. */
NWI_ALWAYS_INLINE bool is_short(const struct nw_govern *govern, const struct view *view)
{
	const struct nwi_share *share = view->share, *all = &govern->shares[govern->all_slot];
	bool is_all_short = all->has_rate && (all->tokens == 0 || all->has_waiting);

	if (!share)
		return is_all_short;
	return is_all_short || share->has_waiting || (share->has_rate && share->tokens == 0) ||
	       (share->has_flights && share->flights == 0);
}

NWI_ALWAYS_INLINE uint8_t decide(struct nw_govern *govern, const struct nw_packet *packet,
				 const struct view *view, bool is_settling, bool is_late,
				 uint32_t *ret_slot)
{
	if (NW_UNLIKELY(view->topic_verdict != NW_VERDICT_ALLOW))
		return view->topic_verdict;
	if (NW_UNLIKELY(view->share_verdict != NW_VERDICT_ALLOW))
		return view->share_verdict;
	if (NW_UNLIKELY(is_short(govern, view))) {
		uint8_t verdict = lacks(govern, view, is_settling, is_late, ret_slot);

		if (verdict != NW_VERDICT_ALLOW)
			return verdict;
	}
	if (view->topic && view->topic->is_limited && !topic_has_token(govern, view->topic))
		return NW_VERDICT_TOPIC_RATE;
	return take(govern, packet, view);
}

/* Without rules, or above them. */
static uint8_t decide_apart(struct nw_govern *govern, const struct nw_packet *packet)
{
	if (!(packet->flags & NW_PACKET_SYSTEM))
		return NW_VERDICT_NO_RULES;
	govern->stats.system_count++;
	return (uint8_t)(NW_VERDICT_ALLOW | (packet->priority & 3) << 6);
}

uint8_t nwi_decide(struct nw_govern *govern, const struct nw_packet *packet, bool is_settling,
		   bool is_late, uint32_t *ret_slot)
{
	struct view view;
	uint8_t byte;

	if (!govern->rules) {
		byte = NW_VERDICT_NO_RULES;
	} else {
		view = look_up(govern, packet,
			       nwi_index_find(&govern->topic_pool.index, packet->topic),
			       nwi_index_find(&govern->share_pool.index, packet->sender));
		byte = decide(govern, packet, &view, is_settling, is_late, ret_slot);
	}
	if (byte != NW_VERDICT_WAIT)
		govern->verdict_count[byte & NW_VERDICT_MASK]++;
	return byte;
}

/* -- batches ------------------------------------------------------------------------------ */

/* Where the lines are that a group needs; they are on their way when it is decided upon. */
static void find_group(const struct nw_govern *govern, const struct nw_packet *packets,
		       uint32_t count, uint32_t *ret_topics, uint32_t *ret_shares)
{
	for (uint32_t i = 0; i < count; i++) {
		ret_topics[i] = nwi_index_find(&govern->topic_pool.index, packets[i].topic);
		ret_shares[i] = nwi_index_find(&govern->share_pool.index, packets[i].sender);
		if (ret_topics[i] != NWI_NONE)
			NWI_PREFETCH_WRITE(&govern->topics[ret_topics[i]]);
		if (ret_shares[i] != NWI_NONE)
			NWI_PREFETCH_WRITE(&govern->shares[ret_shares[i]]);
	}
}

NWI_ALWAYS_INLINE uint8_t decide_new(struct nw_govern *govern, const struct nw_packet *packet,
				     uint32_t topic_slot, uint32_t share_slot)
{
	uint32_t wait_slot = NWI_NONE;
	struct view view;
	uint8_t byte;

	if (NW_UNLIKELY(!govern->rules || (packet->flags & NW_PACKET_SYSTEM)))
		return decide_apart(govern, packet);
	view = look_up(govern, packet, topic_slot, share_slot);
	byte = decide(govern, packet, &view, false, false, &wait_slot);
	if (NW_UNLIKELY(byte == NW_VERDICT_WAIT) && !nwi_wait(govern, wait_slot, packet))
		byte = no_wait(govern, view.share, wait_slot);
	return byte;
}

uint32_t nw_govern_batch(struct nw_govern *govern, const struct nw_packet *packets, uint32_t count,
			 uint8_t *ret_verdicts)
{
	uint32_t topics[GROUP], shares[GROUP], allowed = 0;

	for (uint32_t i = 0; i < count; i += GROUP) {
		uint32_t n = count - i < GROUP ? count - i : GROUP;

		find_group(govern, packets + i, n, topics, shares);
		for (uint32_t k = 0; k < n; k++) {
			uint8_t byte = decide_new(govern, &packets[i + k], topics[k], shares[k]);

			ret_verdicts[i + k] = byte;
			govern->verdict_count[byte & NW_VERDICT_MASK]++;
			allowed += (byte & NW_VERDICT_MASK) == NW_VERDICT_ALLOW;
		}
	}
	return allowed;
}

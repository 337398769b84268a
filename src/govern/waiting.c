/* SPDX-License-Identifier: MIT */
/*
 * Packets that wait for credit: copies in chains, one of each share that lacks it.
 *
 *     share --wait_first--> packet --> packet <--wait_last--        free ones: a chain too
 *
 * A share's chain is looked at when it is stirred: credit came, the home has none, a tick has
 * passed (for deadlines), or the rules are new. While a packet waits for a share, those of the same
 * sender that come later go behind it, so a sender's packets keep their order, also from the chain
 * of their sender into that of all.
 *
 * Invariant: a packet is in exactly one chain, or free; a share with a chain has has_waiting.
 */
#include "govern/govern.h"

/* One share holds at most this part of the room: others are to find some. */
enum { CHAIN_SHARE = 4 };

static uint32_t take_spare(struct nw_govern *govern)
{
	uint32_t at = govern->waiting_spare;

	if (at != NWI_NONE)
		govern->waiting_spare = govern->waiting[at].next;
	else if (govern->waiting_fresh < govern->waiting_count_max)
		at = govern->waiting_fresh++;
	return at;
}

/* Puts one at the end of a share's chain. */
static void link_last(struct nw_govern *govern, uint32_t slot, uint32_t at)
{
	struct nwi_share_rest *rest = &govern->rests[slot];

	govern->waiting[at].next = NWI_NONE;
	if (rest->wait_first == NWI_NONE)
		rest->wait_first = at;
	else
		govern->waiting[rest->wait_last].next = at;
	rest->wait_last = at;
	rest->wait_count++;
	govern->shares[slot].has_waiting = true;
	nwi_list_add(&govern->waiters, slot, &rest->waiters_at);
}

static void drop_waiter(struct nw_govern *govern, uint32_t slot)
{
	struct nwi_share_rest *rest = &govern->rests[slot];
	uint32_t i = rest->waiters_at;

	govern->shares[slot].has_waiting = false;
	rest->waiters_at = NWI_NONE;
	if (i + 1 < govern->waiters.count)
		govern->rests[nwi_list_remove(&govern->waiters, i)].waiters_at = i;
	else
		govern->waiters.count--;
}

static uint32_t unlink_first(struct nw_govern *govern, uint32_t slot)
{
	struct nwi_share_rest *rest = &govern->rests[slot];
	uint32_t at = rest->wait_first;

	rest->wait_first = govern->waiting[at].next;
	if (--rest->wait_count == 0)
		drop_waiter(govern, slot);
	return at;
}

bool nwi_wait(struct nw_govern *govern, uint32_t share_slot, const struct nw_packet *packet)
{
	uint32_t at;

	if (govern->no_waiting ||
	    govern->rests[share_slot].wait_count >= govern->waiting_count_max / CHAIN_SHARE)
		return false;
	at = take_spare(govern);
	if (at == NWI_NONE)
		return false;
	govern->waiting[at].packet = *packet;
	govern->waiting[at].deadline_ns = govern->now_ns + NWI_WAIT_TICKS * govern->tick_ns;
	link_last(govern, share_slot, at);
	govern->stats.waiting_count++;
	return true;
}

void nwi_stir(struct nw_govern *govern, uint32_t share_slot)
{
	nwi_list_add(&govern->stirred, share_slot, &govern->rests[share_slot].stirred_at);
}

void nwi_stir_all(struct nw_govern *govern)
{
	for (uint32_t i = 0; i < govern->waiters.count; i++)
		nwi_stir(govern, govern->waiters.slots[i]);
}

bool nwi_waits_in(const struct nw_govern *govern, uint32_t topic_slot)
{
	for (uint32_t i = 0; i < govern->waiters.count; i++) {
		uint32_t at = govern->rests[govern->waiters.slots[i]].wait_first;

		for (; at != NWI_NONE; at = govern->waiting[at].next) {
			if (nw_topic_slot(govern->waiting[at].packet.topic) == topic_slot)
				return true;
		}
	}
	return false;
}

/* Settles packets of one chain; how many. It ends early at one that still has to wait. */
static uint32_t settle_chain(struct nw_govern *govern, uint32_t slot, struct nw_packet *ret_packets,
			     uint8_t *ret_verdicts, uint32_t count)
{
	struct nwi_share_rest *rest = &govern->rests[slot];
	uint32_t n = 0, other;

	while (n < count && rest->wait_first != NWI_NONE) {
		struct nwi_waiting *first = &govern->waiting[rest->wait_first];
		bool is_late = govern->now_ns >= first->deadline_ns;
		uint8_t verdict = nwi_decide(govern, &first->packet, true, is_late, &other);
		uint32_t at;

		if (verdict == NW_VERDICT_WAIT && other == slot)
			break;
		at = unlink_first(govern, slot);
		if (verdict == NW_VERDICT_WAIT) {
			link_last(govern, other, at);
			continue;
		}
		ret_packets[n] = govern->waiting[at].packet;
		ret_verdicts[n++] = verdict;
		govern->waiting[at].next = govern->waiting_spare;
		govern->waiting_spare = at;
		govern->stats.waiting_count--;
	}
	return n;
}

uint32_t nw_govern_settle(struct nw_govern *govern, struct nw_packet *ret_packets,
			  uint8_t *ret_verdicts, uint32_t count)
{
	uint32_t n = 0;

	while (n < count && govern->stirred.count > 0) {
		uint32_t slot = govern->stirred.slots[govern->stirred.count - 1];

		n += settle_chain(govern, slot, ret_packets + n, ret_verdicts + n, count - n);
		if (n == count && govern->rests[slot].wait_first != NWI_NONE)
			break; /* there may be more in it */
		govern->rests[slot].stirred_at = NWI_NONE;
		govern->stirred.count--;
	}
	return n;
}

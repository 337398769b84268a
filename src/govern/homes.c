/* SPDX-License-Identifier: MIT */
/*
 * Homes of a shard: pools of tokens and flights from which all shards get their credit.
 *
 * A home knows what is in its pool, `level`, and what is out: given to shards, and not yet told to
 * be used or given back. What it knows is late, and errs to one side: more is believed to be out
 * than can still be spent.
 *
 * How a pool fills, and the proof of the promise, is in pool.c.
 *
 * Lost messages. A report that is lost leaves tokens out for ever, a grant too: less is admitted.
 * New limits cut the level to what room there is under the new cap; flights are granted only while
 * fewer are out than may be. With shares' rule on old grants, both promises hold under the new
 * limits as soon as the home and all shards have seen them.
 *
 * References: P. Turner, B. Rao, N. Rao, "CPU bandwidth control for CFS", OLS 2010 (slices of a
 * quota); V. Balegas et al., "Extending eventual consistency with bounded counters", SRDS 2015.
 */
#include "govern/govern.h"

#include <assert.h>

enum { SWEEP_MIN = 64, SWEEP_SHARE = 64, SERVED_A_STEP = 8 };

/* -- sets of shards ----------------------------------------------------------------------- */

static bool is_empty(const uint64_t *mask)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < NWI_MASK_WORDS; i++)
		any |= mask[i];
	return any == 0;
}

static void drop(struct nwi_list *list, uint32_t i, struct nw_govern *govern, uint32_t *at,
		 size_t offset)
{
	*at = NWI_NONE;
	if (i + 1 < list->count) {
		uint32_t moved = nwi_list_remove(list, i);

		*(uint32_t *)(void *)((char *)&govern->homes[moved] + offset) = i;
		return;
	}
	list->count--;
}

/* -- reports ------------------------------------------------------------------------------ */

static uint32_t find(struct nw_govern *govern, const struct nw_govern_message *message)
{
	struct nwi_home *home;
	uint32_t slot;

	if (message->kind == NWI_KIND_ALL)
		return govern->all_slot;
	slot = nwi_index_find(&govern->home_pool.index, message->key);
	if (slot != NWI_NONE || (message->wanted == 0 && message->flights_wanted == 0))
		return slot;
	slot = nwi_pool_add(&govern->home_pool, message->key);
	if (slot == NWI_NONE) {
		govern->stats.no_room_count++;
		return slot;
	}
	home = &govern->homes[slot];
	*home = (struct nwi_home){ .sender = message->key,
				   .kind = NWI_KIND_SENDER,
				   .is_live = true,
				   .asked_at = NWI_NONE,
				   .fresh_at = NWI_NONE,
				   .answers_at = NWI_NONE };
	for (uint32_t i = 0; i < govern->shard_count; i++)
		nwi_parts(govern, slot)[i] = (struct nwi_part){ 0 };
	return slot;
}

void nwi_homes_init(struct nw_govern *govern)
{
	govern->homes[govern->all_slot] = (struct nwi_home){ .kind = NWI_KIND_ALL,
							     .is_live = true,
							     .asked_at = NWI_NONE,
							     .fresh_at = NWI_NONE,
							     .answers_at = NWI_NONE };
}

/* Less is out. What was given back is in the pool again, as far as it holds it. */
static void settle_accounts(struct nwi_home *home, struct nwi_part *part,
			    const struct nw_govern_message *report)
{
	assert(report->spent + report->tokens <= part->out);
	assert(report->flights <= part->flights_out);
	part->out -= report->spent + report->tokens;
	home->out -= report->spent + report->tokens;
	home->level += report->tokens * NWI_NANO;
	nwi_home_cut(home);
	part->flights_out -= report->flights;
	home->flights_out -= report->flights;
}

void nwi_home_take_report(struct nw_govern *govern, const struct nw_govern_message *report)
{
	uint32_t slot = find(govern, report);
	struct nwi_home *home = &govern->homes[slot];
	struct nwi_part *part;

	if (slot == NWI_NONE)
		return;
	part = &nwi_parts(govern, slot)[report->from_shard_idx];
	settle_accounts(home, part, report);
	if (report->wanted > 0)
		part->wanted = report->wanted, part->dry = NWI_TOLD_NOT;
	if (report->flights_wanted > 0)
		part->flights_wanted = report->flights_wanted, part->flights_dry = NWI_TOLD_NOT;
	if (report->wanted > 0 || report->flights_wanted > 0) {
		nwi_mark(home->asks, report->from_shard_idx, true);
		nwi_list_add(&govern->asked, slot, &home->asked_at);
	}
	/* Also if nobody asks: there is room now, and what is earned before it is seen is lost. */
	nwi_list_add(&govern->fresh, slot, &home->fresh_at);
}

/* -- grants ------------------------------------------------------------------------------- */

static void grant_of(const struct nw_govern *govern, const struct nwi_home *home,
		     const struct nwi_part *part, struct nw_govern_message *ret_grant)
{
	*ret_grant = (struct nw_govern_message){
		.key = home->sender,
		.from_shard_idx = (uint16_t)govern->shard_idx,
		.kind = home->kind,
		.type = NWI_GRANT,
		.now_ns = govern->now_ns,
		.version = home->version,
		.tokens = part->grant,
		.wanted = part->dry == NWI_TOLD_DUE,
		.flights = part->flights_grant,
		.flights_wanted = part->flights_dry == NWI_TOLD_DUE,
	};
}

static void granted(struct nwi_home *home, struct nwi_part *part, uint32_t shard_idx)
{
	part->grant = 0;
	part->flights_grant = 0;
	if (part->dry == NWI_TOLD_DUE)
		part->dry = NWI_TOLD;
	if (part->flights_dry == NWI_TOLD_DUE)
		part->flights_dry = NWI_TOLD;
	nwi_mark(home->answers, shard_idx, false);
}

/* Answers one shard: this one at once, another with the next messages. */
static void answer(struct nw_govern *govern, uint32_t slot, uint32_t shard_idx)
{
	struct nwi_home *home = &govern->homes[slot];
	struct nwi_part *part = &nwi_parts(govern, slot)[shard_idx];
	struct nw_govern_message grant;

	if (shard_idx != govern->shard_idx) {
		nwi_mark(home->answers, shard_idx, true);
		nwi_list_add(&govern->answers, slot, &home->answers_at);
		return;
	}
	grant_of(govern, home, part, &grant);
	granted(home, part, shard_idx);
	nwi_share_take_grant(govern, &grant);
}

/* What one of `asker_count` gets of what there is: its part of it, but whole tokens. */
static uint64_t fair(uint64_t wanted, uint64_t there_are, uint32_t asker_count)
{
	uint64_t part = there_are / asker_count;

	if (part == 0)
		part = there_are > 0;
	return wanted < part ? wanted : part;
}

/* True if it has something new to hear. */
static bool give(struct nwi_home *home, struct nwi_part *part, uint32_t asker_count)
{
	uint64_t n = home->has_rate ? fair(part->wanted, home->level / NWI_NANO, asker_count) : 0;
	bool is_news = n > 0;

	if (n > 0) {
		home->level -= n * NWI_NANO;
		home->out += n, part->out += n, part->grant += n;
		part->wanted = 0, part->dry = NWI_TOLD_NOT;
	} else if (part->wanted > 0 && part->dry == NWI_TOLD_NOT) {
		part->dry = NWI_TOLD_DUE, is_news = true;
	}
	if (!home->has_rate)
		part->wanted = 0; /* there never will be */
	return is_news;
}

static bool give_flights(struct nwi_home *home, struct nwi_part *part, uint32_t asker_count)
{
	uint32_t left = home->flights_max > home->flights_out
				? home->flights_max - home->flights_out
				: 0;
	uint32_t n = (uint32_t)fair(part->flights_wanted, left, asker_count);
	bool is_news = n > 0;

	if (n > 0) {
		home->flights_out += n, part->flights_out += n, part->flights_grant += n;
		part->flights_wanted = 0, part->flights_dry = NWI_TOLD_NOT;
	} else if (part->flights_wanted > 0 && part->flights_dry == NWI_TOLD_NOT) {
		part->flights_dry = NWI_TOLD_DUE, is_news = true;
	}
	if (home->flights_max == 0)
		part->flights_wanted = 0; /* there never will be */
	return is_news;
}

static uint32_t count_askers(const struct nw_govern *govern, uint32_t slot, bool of_flights)
{
	const struct nwi_part *parts = nwi_parts(govern, slot);
	uint32_t n = 0;

	for (uint32_t i = 0; i < govern->shard_count; i++)
		n += of_flights ? parts[i].flights_wanted > 0 : parts[i].wanted > 0;
	return n;
}

static void serve_one(struct nw_govern *govern, uint32_t slot, uint32_t shard_idx,
		      uint32_t *asker_count, uint32_t *flight_asker_count)
{
	struct nwi_home *home = &govern->homes[slot];
	struct nwi_part *part = &nwi_parts(govern, slot)[shard_idx];
	bool is_news = false;

	if (part->wanted > 0)
		is_news |= give(home, part, (*asker_count)--);
	if (part->flights_wanted > 0)
		is_news |= give_flights(home, part, (*flight_asker_count)--);
	if (part->wanted == 0 && part->flights_wanted == 0) {
		nwi_mark(home->asks, shard_idx, false);
		home->turn = shard_idx + 1;
	}
	if (is_news)
		answer(govern, slot, shard_idx);
}

/* Gives what there is to those who ask, beginning behind the one that got something last. */
static void serve(struct nw_govern *govern, uint32_t slot)
{
	struct nwi_home *home = &govern->homes[slot];
	uint32_t first = home->turn % govern->shard_count, askers, flight_askers;

	nwi_home_refresh(govern, home); /* after it, more may ask */
	askers = count_askers(govern, slot, false);
	flight_askers = count_askers(govern, slot, true);
	for (uint32_t i = 0; i < govern->shard_count; i++) {
		uint32_t shard_idx = (first + i) % govern->shard_count;

		if (nwi_is_marked(home->asks, shard_idx))
			serve_one(govern, slot, shard_idx, &askers, &flight_askers);
	}
	if (home->asked_at != NWI_NONE && is_empty(home->asks))
		drop(&govern->asked, home->asked_at, govern, &home->asked_at,
		     offsetof(struct nwi_home, asked_at));
}

void nwi_home_serve(struct nw_govern *govern, uint32_t share_slot)
{
	uint32_t slot = share_slot;

	if (share_slot != govern->all_slot)
		slot = nwi_index_find(&govern->home_pool.index, govern->shares[share_slot].sender);
	if (slot != NWI_NONE)
		serve(govern, slot);
}

void nwi_homes_serve(struct nw_govern *govern, bool is_tick)
{
	uint32_t n = govern->asked.count;

	while (govern->fresh.count > 0) {
		uint32_t slot = govern->fresh.slots[--govern->fresh.count];

		govern->homes[slot].fresh_at = NWI_NONE;
		serve(govern, slot);
	}
	if (!is_tick && n > SERVED_A_STEP)
		n = SERVED_A_STEP;
	for (; n > 0 && govern->asked.count > 0; n--) {
		if (govern->asked_next >= govern->asked.count)
			govern->asked_next = 0;
		serve(govern, govern->asked.slots[govern->asked_next++]);
	}
}

/* Sends one home's answers; how many were not taken. */
static uint32_t send_one(struct nw_govern *govern, uint32_t slot, nw_govern_send_fn *send,
			 void *context, uint8_t *is_full)
{
	struct nwi_home *home = &govern->homes[slot];
	struct nw_govern_message grant;
	uint32_t left = 0;

	for (uint32_t i = 0; i < govern->shard_count; i++) {
		struct nwi_part *part = &nwi_parts(govern, slot)[i];

		if (!nwi_is_marked(home->answers, i))
			continue;
		grant_of(govern, home, part, &grant);
		if (is_full[i] || !send(context, i, &grant)) {
			is_full[i] = true;
			left++;
			continue;
		}
		granted(home, part, i);
		govern->stats.grant_count++;
	}
	return left;
}

uint32_t nwi_homes_send(struct nw_govern *govern, nw_govern_send_fn *send, void *context,
			uint8_t *is_full)
{
	uint32_t left = 0;

	for (uint32_t i = govern->answers.count; i-- > 0;) {
		struct nwi_home *home = &govern->homes[govern->answers.slots[i]];

		left += send_one(govern, govern->answers.slots[i], send, context, is_full);
		if (is_empty(home->answers))
			drop(&govern->answers, i, govern, &home->answers_at,
			     offsetof(struct nwi_home, answers_at));
	}
	return left;
}

/* -- forgetting --------------------------------------------------------------------------- */

static void sweep_one(struct nw_govern *govern, uint32_t slot)
{
	struct nwi_home *home = &govern->homes[slot];

	if (!home->is_live || home->out > 0 || home->flights_out > 0 || !is_empty(home->asks) ||
	    !is_empty(home->answers) || home->fresh_at != NWI_NONE)
		return;
	nwi_home_refresh(govern, home);
	if (home->level != home->cap || home->lost > 0)
		return;
	home->is_live = false;
	nwi_pool_remove(&govern->home_pool, home->sender, slot);
	govern->stats.forgotten_count++;
}

void nwi_homes_sweep(struct nw_govern *govern)
{
	uint32_t used = govern->home_pool.fresh, n = used / SWEEP_SHARE + SWEEP_MIN;

	for (n = n < used ? n : used; n > 0; n--) {
		if (govern->home_sweep >= used)
			govern->home_sweep = 0;
		sweep_one(govern, govern->home_sweep++);
	}
}

/* What it had is counted as spent; what it had in flight has landed. */
static void lose_one(struct nw_govern *govern, uint32_t slot, uint32_t shard_idx)
{
	struct nwi_home *home = &govern->homes[slot];
	struct nwi_part *part = &nwi_parts(govern, slot)[shard_idx];

	home->out -= part->out;
	home->flights_out -= part->flights_out;
	*part = (struct nwi_part){ 0 };
	nwi_mark(home->asks, shard_idx, false);
	nwi_mark(home->answers, shard_idx, false);
}

void nwi_homes_lose(struct nw_govern *govern, uint32_t shard_idx)
{
	for (uint32_t slot = 0; slot <= govern->all_slot; slot++) {
		if (govern->homes[slot].is_live)
			lose_one(govern, slot, shard_idx);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Shares of a shard: credit for senders' packets that their homes gave it.
 *
 *        home                       share
 *     pool, out  <---- report ----  used since the last one, given back, wanted
 *                ----- grant ---->  so much; or: none now
 *
 * A share spends its credit and never makes any; what it used it tells with the next report. It
 * asks when it has come down to its low mark, for twice what it used since it asked last, so that a
 * sender who comes through here finds credit without waiting, and at least for a slice, a fourth of
 * the limit divided by the shards. What it has not touched for two ticks it gives back but for a
 * slice, and after a second all of it.
 *
 * Invariants.
 *   1. base - tokens is what was used and not told (likewise of flights: base - flights is in
 * flight). Hence what the home believes to be out is never less than what is here, on the way, or
 * used without being told.
 *   2. After a shard has seen a rule set with other limits, it admits only what its home granted
 * under them or newer ones: all it had goes back, flights when they land, and so do grants that
 * come of an older set. A set that was passed over counts as one with other limits.
 *   3. A share is forgotten only when it has no credit, no packet in flight and nothing to tell.
 */
#include "govern/govern.h"

#include "base/prng.h"

#include <assert.h>

static bool is_self(const struct nw_govern *govern, const struct nwi_share_rest *rest)
{
	return rest->home == govern->shard_idx;
}

static uint32_t home_of(const struct nw_govern *govern, uint32_t sender)
{
	/* Other bits than those that place it in an index. */
	return (uint32_t)(nwi_mix64(sender + UINT64_C(0x9e3779b97f4a7c15)) % govern->shard_count);
}

/* -- telling the home --------------------------------------------------------------------- */

void nwi_share_report(const struct nw_govern *govern, uint32_t slot,
		      struct nw_govern_message *ret_report)
{
	const struct nwi_share *share = &govern->shares[slot];
	const struct nwi_share_rest *rest = &govern->rests[slot];

	*ret_report = (struct nw_govern_message){
		.key = share->sender,
		.from_shard_idx = (uint16_t)govern->shard_idx,
		.kind = rest->kind,
		.type = NWI_REPORT,
		.now_ns = govern->now_ns,
		.version = govern->version,
		.spent = rest->rate.base - share->tokens,
		.tokens = rest->rate.returning,
		.wanted = rest->rate.is_due ? rest->rate.want : 0,
		.flights = (uint32_t)rest->flight.returning,
		.flights_wanted = rest->flight.is_due ? (uint32_t)rest->flight.want : 0,
	};
}

void nwi_share_reported(struct nw_govern *govern, uint32_t slot)
{
	struct nwi_share_rest *rest = &govern->rests[slot];

	rest->rate.base = govern->shares[slot].tokens;
	govern->stats.returned_count += rest->rate.returning;
	rest->rate.returning = 0;
	rest->flight.returning = 0;
	rest->rate.is_due = false;
	rest->flight.is_due = false;
}

/* There is something to tell: with the next messages, or where the home is here in the next step.
 */
static void tell_later(struct nw_govern *govern, uint32_t slot)
{
	struct nw_govern_message report;

	if (!is_self(govern, &govern->rests[slot])) {
		nwi_list_add(&govern->dirty, slot, &govern->rests[slot].dirty_at);
		return;
	}
	nwi_share_report(govern, slot, &report);
	nwi_share_reported(govern, slot);
	nwi_home_take_report(govern, &report);
}

/* Within a step, a home that is here answers at once. */
void nwi_share_tell(struct nw_govern *govern, uint32_t slot)
{
	tell_later(govern, slot);
	if (is_self(govern, &govern->rests[slot]))
		nwi_home_serve(govern, slot);
}

void nwi_share_return_tokens(struct nw_govern *govern, uint32_t slot, uint64_t keep)
{
	struct nwi_share *share = &govern->shares[slot];
	struct nwi_credit *rate = &govern->rests[slot].rate;
	uint64_t n = share->tokens > keep ? share->tokens - keep : 0;

	share->tokens -= n;
	rate->base -= n;
	rate->returning += n;
}

/* The same of flights, at most `most`. */
void nwi_share_return_flights(struct nw_govern *govern, uint32_t slot, uint32_t keep, uint32_t most)
{
	struct nwi_share *share = &govern->shares[slot];
	struct nwi_credit *flight = &govern->rests[slot].flight;
	uint32_t n = share->flights > keep ? share->flights - keep : 0;

	n = n < most ? n : most;
	share->flights -= n;
	flight->base -= n;
	flight->returning += n;
}

bool nwi_share_has_news(const struct nw_govern *govern, uint32_t slot)
{
	const struct nwi_share_rest *rest = &govern->rests[slot];

	return rest->rate.base != govern->shares[slot].tokens || rest->rate.returning > 0 ||
	       rest->flight.returning > 0;
}

/* -- rules -------------------------------------------------------------------------------- */

static uint32_t slice_of(const struct nw_govern *govern, uint64_t limit)
{
	uint64_t slice = limit / (4 * (uint64_t)govern->shard_count);

	return slice < 1 ? 1 : slice > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)slice;
}

/* Everything back, and whatever was asked for is asked for again. */
static void change_limits(struct nw_govern *govern, uint32_t slot, const struct nw_limit *limit,
			  uint32_t in_flight_max)
{
	struct nwi_share_rest *rest = &govern->rests[slot];

	nwi_share_return_tokens(govern, slot, 0);
	nwi_share_return_flights(govern, slot, 0, UINT32_MAX);
	rest->flights_owed = (uint32_t)rest->flight.base;
	rest->limit = *limit;
	rest->in_flight_max = in_flight_max;
	rest->slice = slice_of(govern, limit->burst);
	rest->flight_slice = slice_of(govern, in_flight_max);
	rest->rate.want = rest->slice;
	rest->flight.want = rest->flight_slice;
	rest->rate.ask = rest->flight.ask = NWI_ASK_NOT;
	rest->rate.is_due = rest->flight.is_due = false;
	if (nwi_share_has_news(govern, slot))
		nwi_share_tell(govern, slot);
}

/* What the rules say of the sender; true if they say anything. */
static bool rule_of(const struct nw_govern *govern, uint8_t kind, uint32_t sender,
		    struct nw_sender_rule *ret_rule)
{
	const struct nw_sender_rule *rule;

	*ret_rule = (struct nw_sender_rule){ .sender = sender };
	if (kind == NWI_KIND_ALL) {
		ret_rule->limit = govern->rules->all;
		return true;
	}
	rule = nwi_rules_sender(govern->rules, sender);
	if (rule)
		*ret_rule = *rule;
	return rule || govern->rules->allows_all;
}

void nwi_share_resolve(struct nw_govern *govern, uint32_t slot)
{
	struct nwi_share *share = &govern->shares[slot];
	struct nwi_share_rest *rest = &govern->rests[slot];
	struct nw_sender_rule rule;
	bool is_known = rule_of(govern, rest->kind, share->sender, &rule), is_changed;

	/* Of a set that was passed over nobody here knows the limits: they may have been others. */
	is_changed = share->version == 0 || share->version + 1 != govern->version ||
		     rule.in_flight_max != rest->in_flight_max ||
		     rule.limit.burst != rest->limit.burst ||
		     rule.limit.rate_per_s != rest->limit.rate_per_s;
	share->version = govern->version;
	share->verdict = !is_known        ? NW_VERDICT_SENDER_UNKNOWN
			 : rule.is_denied ? NW_VERDICT_SENDER_DENIED
					  : NW_VERDICT_ALLOW;
	share->priority_top = rule.priority_top;
	share->has_rate = rule.limit.burst > 0;
	share->has_flights = rule.in_flight_max > 0;
	if (is_changed)
		change_limits(govern, slot, &rule.limit, rule.in_flight_max);
	if (share->has_waiting)
		nwi_stir(govern, slot);
}

static void init_share(struct nw_govern *govern, uint32_t slot, uint32_t sender, enum nwi_kind kind)
{
	govern->shares[slot] = (struct nwi_share){ .sender = sender, .is_live = true };
	govern->rests[slot] = (struct nwi_share_rest){
		.kind = (uint8_t)kind,
		.home = (uint16_t)(kind == NWI_KIND_ALL ? 0 : home_of(govern, sender)),
		.held_at = NWI_NONE,
		.dirty_at = NWI_NONE,
		.waiters_at = NWI_NONE,
		.stirred_at = NWI_NONE,
		.wait_first = NWI_NONE,
		.wait_last = NWI_NONE,
		.used_ns = govern->now_ns,
	};
}

void nwi_shares_init(struct nw_govern *govern)
{
	init_share(govern, govern->all_slot, 0, NWI_KIND_ALL);
}

static uint32_t add(struct nw_govern *govern, uint32_t sender)
{
	uint32_t slot = nwi_pool_add(&govern->share_pool, sender);

	if (slot == NWI_NONE)
		govern->stats.no_room_count++;
	else
		init_share(govern, slot, sender, NWI_KIND_SENDER);
	return slot;
}

uint32_t nwi_share_add(struct nw_govern *govern, uint32_t sender, uint8_t *ret_verdict)
{
	struct nw_sender_rule rule;
	bool is_known = rule_of(govern, NWI_KIND_SENDER, sender, &rule), is_plain;
	uint32_t slot;

	*ret_verdict = NW_VERDICT_SENDER_UNKNOWN;
	if (!is_known)
		return NWI_NONE;
	*ret_verdict = NW_VERDICT_SENDER_DENIED;
	if (rule.is_denied)
		return NWI_NONE;
	/* Senders of which nothing is to be remembered are not a way to fill the table. */
	is_plain = rule.limit.burst == 0 && rule.in_flight_max == 0 && rule.priority_top == 0;
	*ret_verdict = NW_VERDICT_ALLOW;
	if (is_plain && nwi_index_find(&govern->rules->sender_index, sender) == NWI_NONE)
		return NWI_NONE;
	slot = add(govern, sender);
	if (slot != NWI_NONE)
		nwi_share_resolve(govern, slot);
	else if (!is_plain)
		*ret_verdict = NW_VERDICT_NO_ROOM;
	return slot;
}

/* -- asking ------------------------------------------------------------------------------- */

/* Of a small limit nobody has any in store: what one has, the others lack. */
static bool is_small(const struct nw_govern *govern, uint64_t limit)
{
	return limit < 4 * (uint64_t)govern->shard_count;
}

/* Asks for as much as before; for twice as much, if it has run out since. */
static void ask(struct nw_govern *govern, uint32_t slot, struct nwi_credit *credit, uint64_t limit)
{
	uint64_t most = limit / 4 > 0 ? limit / 4 : 1;

	credit->asked_ns = govern->now_ns;
	if (govern->is_gone[govern->rests[slot].home]) {
		credit->ask = NWI_ASK_DRY;
		return;
	}
	if (credit->has_run_out)
		credit->want = credit->want * 2 < most ? credit->want * 2 : most;
	credit->has_run_out = false;
	if (credit->ask == NWI_ASK_NOT)
		credit->ask = NWI_ASK_SENT;
	credit->is_due = true;
	nwi_share_tell(govern, slot);
}

/* There is none of this credit. */
static enum nwi_ask need(struct nw_govern *govern, uint32_t slot, struct nwi_credit *credit,
			 uint64_t limit, bool is_late)
{
	uint64_t waited_ns = govern->now_ns - credit->asked_ns;

	credit->has_run_out = true;
	if (credit->ask == NWI_ASK_NOT || waited_ns >= NWI_ASK_AGAIN_TICKS * govern->tick_ns) {
		ask(govern, slot, credit, limit);
		waited_ns = 0;
	} else if (govern->rests[slot].rate.base > govern->shares[slot].tokens) {
		nwi_share_tell(govern,
			       slot); /* the sooner it knows, the sooner there is room to earn */
	}
	if (credit->ask == NWI_ASK_SENT &&
	    (is_late || waited_ns >= NWI_WAIT_TICKS * govern->tick_ns))
		return NWI_ASK_DRY;
	return (enum nwi_ask)credit->ask;
}

enum nwi_ask nwi_share_rate(struct nw_govern *govern, uint32_t slot, bool is_late)
{
	struct nwi_share_rest *rest = &govern->rests[slot];
	enum nwi_ask said = need(govern, slot, &rest->rate, rest->limit.burst, is_late);

	return govern->shares[slot].tokens > 0 ? NWI_ASK_NOT : said;
}

enum nwi_ask nwi_share_flights(struct nw_govern *govern, uint32_t slot, bool is_late)
{
	struct nwi_share_rest *rest = &govern->rests[slot];
	enum nwi_ask said = need(govern, slot, &rest->flight, rest->in_flight_max, is_late);

	return govern->shares[slot].flights > 0 ? NWI_ASK_NOT : said;
}

void nwi_share_rate_low(struct nw_govern *govern, uint32_t slot)
{
	struct nwi_share_rest *rest = &govern->rests[slot];

	if (is_small(govern, rest->limit.burst))
		nwi_share_tell(govern, slot);
	else if (rest->rate.ask == NWI_ASK_NOT)
		ask(govern, slot, &rest->rate, rest->limit.burst);
}

void nwi_share_flights_low(struct nw_govern *govern, uint32_t slot)
{
	struct nwi_share_rest *rest = &govern->rests[slot];

	if (rest->flight.ask == NWI_ASK_NOT && !is_small(govern, rest->in_flight_max))
		ask(govern, slot, &rest->flight, rest->in_flight_max);
}

/* -- getting ------------------------------------------------------------------------------ */

void nwi_share_give(struct nw_govern *govern, uint32_t slot, uint64_t tokens, uint32_t flights)
{
	struct nwi_share *share = &govern->shares[slot];
	struct nwi_share_rest *rest = &govern->rests[slot];

	if (tokens > 0) {
		share->tokens += tokens;
		rest->rate.base += tokens;
		rest->rate.ask = NWI_ASK_NOT;
		share->low = (rest->rate.want < share->tokens ? rest->rate.want : share->tokens) /
			     2;
	}
	if (flights > 0) {
		share->flights += flights;
		rest->flight.base += flights;
		rest->flight.ask = NWI_ASK_NOT;
		share->flights_low = (uint32_t)(rest->flight.want < share->flights
							? rest->flight.want
							: share->flights) /
				     2;
	}
	nwi_list_add(&govern->held, slot, &rest->held_at);
	if (share->has_waiting)
		nwi_stir(govern, slot);
}

void nwi_share_land(struct nw_govern *govern, uint32_t slot, uint32_t count)
{
	struct nwi_share *share = &govern->shares[slot];
	struct nwi_share_rest *rest = &govern->rests[slot];
	uint32_t owed = count < rest->flights_owed ? count : rest->flights_owed;

	assert(rest->flight.base >= (uint64_t)share->flights + count);
	share->flights += count - owed;
	if (owed > 0) {
		rest->flights_owed -= owed;
		rest->flight.base -= owed;
		rest->flight.returning += owed;
		tell_later(govern, slot);
	}
	if (share->has_waiting)
		nwi_stir(govern, slot);
}

/* What came is not for us any more: back to the home. */
static void bounce(struct nw_govern *govern, uint32_t slot, const struct nw_govern_message *grant)
{
	struct nwi_share_rest *rest = &govern->rests[slot];

	govern->stats.bounced_count++;
	rest->rate.returning += grant->tokens;
	rest->flight.returning += grant->flights;
	tell_later(govern, slot);
}

static void hear_none(struct nw_govern *govern, uint32_t slot,
		      const struct nw_govern_message *message)
{
	struct nwi_share_rest *rest = &govern->rests[slot];

	if (message->wanted > 0 && rest->rate.ask == NWI_ASK_SENT)
		rest->rate.ask = NWI_ASK_DRY;
	if (message->flights_wanted > 0 && rest->flight.ask == NWI_ASK_SENT)
		rest->flight.ask = NWI_ASK_DRY;
	if (govern->shares[slot].has_waiting)
		nwi_stir(govern, slot);
}

void nwi_share_take_grant(struct nw_govern *govern, const struct nw_govern_message *message)
{
	bool is_empty = message->tokens == 0 && message->flights == 0;
	uint32_t slot = message->kind == NWI_KIND_ALL
				? govern->all_slot
				: nwi_index_find(&govern->share_pool.index, message->key);

	if (slot == NWI_NONE && !is_empty)
		slot = add(govern, message->key); /* to give it back by */
	if (slot == NWI_NONE)
		return;
	if (govern->shares[slot].version == 0 || message->version < govern->shares[slot].version) {
		if (!is_empty)
			bounce(govern, slot, message);
		return;
	}
	hear_none(govern, slot, message);
	if (!is_empty)
		nwi_share_give(govern, slot, message->tokens, message->flights);
}

/* SPDX-License-Identifier: MIT */
/*
 * A home's pool: what it earns, and what rules make of it.
 *
 * The rule of refilling. A refill adds what the rate has earned since the last one, but never more
 * than the room there was at the last one, after it:
 *
 *     level += min(rate * (now - last), room);     room = cap - level - out
 *
 * Promise: in every interval of t seconds all shards together admit at most burst + rate * t.
 *
 * Proof. An instant is what a shard's clock says, or, if that is later, what was written on a
 * message that the shard has taken: so along every chain of messages instants do not decrease,
 * however the clocks differ. Consider admissions from instant s to instant e. Let k be the last
 * refill before s, R what all refills up to k added (the full pool at the beginning among them),
 * and S what the home had been told to be spent when k was made. What k was told was admitted at
 * k's instant or before, hence before s. So of all that was admitted up to e, at least S was
 * admitted before s. All that was admitted up to e was given by refills up to e. Therefore, with
 * refill k+1 adding a, and the later ones adding b,
 *
 *     admitted in [s, e] <= R + a + b - S.
 *
 * R - S is level + out after k (what is given back moves from out to level); a is at most the room
 * after k, so R - S + a <= cap, the burst. Refills after k+1 up to e earn for disjoint times
 * between k+1, which is not before s, and e: b <= rate * (e - s). []
 *
 * specs/CreditRoom.tla has this, small, with a variant without each of the two rules.
 *
 * The pool needs no reserve for ticks that come late, nor any bound on them: where room was short,
 * what was earned is lost. Without `room` the refill would add up to rate * (now - last) for a time
 * in which the pool was full: admitted <= burst + rate * t + rate * tick. With a burst below the
 * rate of a tick, or of one token, that is most of it.
 *
 * Invariant: level + out never exceed cap, but where out alone does since the cap fell.
 */
#include "govern/govern.h"

#include <assert.h>

/* What may be added before level and what is out are more than the cap. */
static uint64_t room_of(const struct nwi_home *home)
{
	uint64_t out = home->out * NWI_NANO, held = home->level + out;

	assert(home->out <= NW_RULES_BURST_MAX * 2);
	return held < home->cap ? home->cap - held : 0;
}

void nwi_home_cut(struct nwi_home *home)
{
	uint64_t out = home->out * NWI_NANO, most = out < home->cap ? home->cap - out : 0;

	if (home->level > most)
		home->level = most;
}

static void refill(const struct nw_govern *govern, struct nwi_home *home)
{
	uint64_t earned;

	if (home->cap == 0)
		return;
	if (govern->now_ns > home->last_ns) {
		earned = nwi_earned(govern->now_ns - home->last_ns, home->rate_per_s,
				    home->room + home->lost);
		home->level += earned < home->room ? earned : home->room;
		nwi_make_up(&home->lost, earned < home->room ? 0 : earned - home->room);
		home->last_ns = govern->now_ns;
	}
	home->room = room_of(home);
}

static struct nw_sender_rule rule_of(const struct nw_govern *govern, const struct nwi_home *home)
{
	struct nw_sender_rule none = { .sender = home->sender },
			      all = { .limit = govern->rules->all };
	const struct nw_sender_rule *rule;

	if (home->kind == NWI_KIND_ALL)
		return all;
	rule = nwi_rules_sender(govern->rules, home->sender);
	return rule ? *rule : none;
}

/* A pool that was never used is full, unless somebody may have used it before us. */
static void open_pool(const struct nw_govern *govern, struct nwi_home *home)
{
	home->level = home->cap;
	if (govern->is_cold)
		home->level = nwi_earned(govern->now_ns - govern->first_ns, home->rate_per_s,
					 home->cap);
	home->last_ns = govern->now_ns;
}

/* What was given under other limits and not sent yet is in the pool again, and asked for again. */
static void take_grants_back(struct nw_govern *govern, struct nwi_home *home)
{
	uint32_t slot = (uint32_t)(home - govern->homes);
	struct nwi_part *parts = nwi_parts(govern, slot);

	for (uint32_t i = 0; i < govern->shard_count; i++) {
		struct nwi_part *part = &parts[i];

		home->level += part->grant * NWI_NANO;
		home->out -= part->grant, part->out -= part->grant;
		home->flights_out -= part->flights_grant, part->flights_out -= part->flights_grant;
		if (part->grant > 0)
			part->wanted = part->grant;
		if (part->flights_grant > 0)
			part->flights_wanted = part->flights_grant;
		if (part->grant > 0 || part->flights_grant > 0) {
			nwi_mark(home->asks, i, true);
			nwi_list_add(&govern->asked, slot, &home->asked_at);
		}
		part->grant = 0, part->flights_grant = 0;
	}
}

/* A limit that is gone is remembered: until the pool is full, whoever brings it back finds it so.
 */
static void resolve(struct nw_govern *govern, struct nwi_home *home)
{
	struct nw_sender_rule rule = rule_of(govern, home);
	uint64_t old_cap = home->cap, old_held;

	take_grants_back(govern, home);
	old_held = home->level + home->out * NWI_NANO;
	home->version = govern->version;
	home->has_rate = rule.limit.burst > 0;
	home->flights_max = rule.in_flight_max;
	if (home->has_rate) {
		home->cap = rule.limit.burst * NWI_NANO;
		home->rate_per_s = rule.limit.rate_per_s;
		if (old_cap == 0)
			open_pool(govern, home);
		nwi_home_cut(home);
		if (old_cap > 0)
			nwi_lose(&home->lost, old_cap, old_held, home->cap,
				 home->level + home->out * NWI_NANO);
	}
	refill(govern, home);
}

void nwi_home_refresh(struct nw_govern *govern, struct nwi_home *home)
{
	refill(govern, home);
	if (home->version != govern->version)
		resolve(govern, home);
}

/* SPDX-License-Identifier: MIT */
/*
 * Topics of a shard: buckets that are exact, since no other shard has the topic.
 *
 * A topic gets its state with its first packet, and every packet of it that is decided upon reads
 * one line. A rule set is noticed topic by topic, when the topic is next used or swept: until then
 * the bucket earns at the old rate, then what is in it is cut to the new burst. Cut, never filled:
 * from any instant on, at most the burst and what is earned can leave it.
 *
 * Invariant: a topic without state has a full bucket (or, in a cold slot, one that has earned since
 * the slot was taken over). So state is forgotten only when all that was ever taken has been earned
 * again, and a topic whose rule is gone keeps it until then: it may come back. A bucket that was
 * cut is full too early; what it lost by that is kept, and what it earns when full makes up for it.
 */
#include "govern/govern.h"

#include <errno.h>

enum { SWEEP_MIN = 64, SWEEP_SHARE = 64, EXPORT_STEP = 4096 };

/* What is in a bucket that was never looked at. */
static uint64_t first_level(const struct nw_govern *govern, uint32_t topic, uint64_t rate_per_s,
			    uint64_t cap)
{
	uint64_t cold_ns = govern->cold_ns[nw_topic_slot(topic)];

	if (cold_ns == 0)
		return cap;
	return govern->now_ns > cold_ns ? nwi_earned(govern->now_ns - cold_ns, rate_per_s, cap) : 0;
}

static void limit(const struct nw_govern *govern, struct nwi_topic *topic, uint64_t burst,
		  uint64_t rate_per_s)
{
	uint64_t cap = burst * NWI_NANO, level = topic->level;

	if (topic->cap == 0)
		level = first_level(govern, topic->topic, rate_per_s, cap);
	else if (level > cap)
		level = cap;
	if (topic->cap > 0)
		nwi_lose(&topic->lost, topic->cap, topic->level, cap, level);
	topic->level = level;
	topic->cap = cap;
	topic->rate_per_s = rate_per_s;
	if (govern->now_ns > topic->last_ns) /* of another shard, it may be ahead */
		topic->last_ns = govern->now_ns;
}

void nwi_topic_resolve(struct nw_govern *govern, struct nwi_topic *topic)
{
	const struct nwi_topic_rule *rule = nwi_rules_topic(govern->rules, topic->topic);

	nwi_topic_earn(topic, govern->now_ns);
	topic->version = govern->version;
	topic->is_limited = false;
	if (!rule) {
		topic->verdict = govern->rules->allows_all ? NW_VERDICT_ALLOW
							   : NW_VERDICT_TOPIC_UNKNOWN;
		return;
	}
	topic->verdict = rule->is_denied ? NW_VERDICT_TOPIC_DENIED : NW_VERDICT_ALLOW;
	if (rule->burst == 0)
		return;
	topic->is_limited = true;
	limit(govern, topic, rule->burst, rule->rate_per_s);
}

uint32_t nwi_topic_add(struct nw_govern *govern, uint32_t topic, uint8_t *ret_verdict)
{
	const struct nwi_topic_rule *rule = nwi_rules_topic(govern->rules, topic);
	uint32_t slot;

	if (!rule) {
		*ret_verdict = govern->rules->allows_all ? NW_VERDICT_ALLOW
							 : NW_VERDICT_TOPIC_UNKNOWN;
		return NWI_NONE;
	}
	*ret_verdict = NW_VERDICT_TOPIC_DENIED;
	if (rule->is_denied)
		return NWI_NONE;
	slot = nwi_pool_add(&govern->topic_pool, topic);
	if (slot == NWI_NONE) {
		govern->stats.no_room_count++;
		*ret_verdict = rule->burst == 0 ? NW_VERDICT_ALLOW : NW_VERDICT_NO_ROOM;
		return NWI_NONE;
	}
	govern->topics[slot] = (struct nwi_topic){ .topic = topic, .is_live = true };
	nwi_topic_resolve(govern, &govern->topics[slot]);
	return slot;
}

/* -- forgetting --------------------------------------------------------------------------- */

static void forget(struct nw_govern *govern, uint32_t slot)
{
	struct nwi_topic *topic = &govern->topics[slot];

	topic->is_live = false;
	nwi_pool_remove(&govern->topic_pool, topic->topic, slot);
	govern->stats.forgotten_count++;
}

/* Those that are carried stay, unless room gets short: to make them again is work. */
static void sweep_one(struct nw_govern *govern, uint32_t slot)
{
	struct nwi_topic *topic = &govern->topics[slot];
	const struct nwi_pool *pool = &govern->topic_pool;

	if (!topic->is_live)
		return;
	if (topic->version != govern->version)
		nwi_topic_resolve(govern, topic);
	if (topic->verdict == NW_VERDICT_ALLOW && pool->index.count <= pool->slot_count / 4 * 3)
		return;
	nwi_topic_earn(topic, govern->now_ns);
	if (topic->level == topic->cap && topic->lost == 0)
		forget(govern, slot);
}

void nwi_topics_sweep(struct nw_govern *govern)
{
	uint32_t used = govern->topic_pool.fresh, n = used / SWEEP_SHARE + SWEEP_MIN;

	if (govern->export_slot != NWI_NONE)
		return;
	for (; n > 0 && used > 0; n--) {
		if (govern->topic_sweep >= used)
			govern->topic_sweep = 0;
		sweep_one(govern, govern->topic_sweep++);
	}
}

/* -- from shard to shard ------------------------------------------------------------------ */

/* A slot that was taken over without its state stays so for the next shard. */
static uint32_t export_cold(struct nw_govern *govern, uint32_t slot,
			    struct nw_govern_topic *ret_topics)
{
	if (govern->cold_ns[slot] == 0)
		return 0;
	*ret_topics = (struct nw_govern_topic){ .topic = slot,
						.kind = NWI_RECORD_COLD,
						.last_ns = govern->cold_ns[slot] };
	govern->cold_ns[slot] = 0;
	return 1;
}

static void export_one(struct nw_govern *govern, uint32_t at, struct nw_govern_topic *ret_topic)
{
	const struct nwi_topic *topic = &govern->topics[at];

	*ret_topic = (struct nw_govern_topic){ .topic = topic->topic,
					       .kind = NWI_RECORD_TOPIC,
					       .level = topic->level,
					       .last_ns = topic->last_ns,
					       .rate_per_s = topic->rate_per_s,
					       .cap = topic->cap,
					       .lost = topic->lost };
	forget(govern, at);
}

int nw_govern_export(struct nw_govern *govern, uint32_t slot, struct nw_govern_topic *ret_topics,
		     uint32_t count, uint32_t *ret_count)
{
	uint32_t n = 0, end;

	*ret_count = 0;
	if (nwi_waits_in(govern, slot))
		return -EAGAIN;
	if (govern->export_slot != slot) {
		govern->export_slot = slot;
		govern->export_at = 0;
		n = export_cold(govern, slot, ret_topics);
	}
	end = govern->export_at + EXPORT_STEP;
	for (; govern->export_at < govern->topic_pool.fresh && govern->export_at < end && n < count;
	     govern->export_at++) {
		const struct nwi_topic *topic = &govern->topics[govern->export_at];

		if (topic->is_live && nw_topic_slot(topic->topic) == slot)
			export_one(govern, govern->export_at, &ret_topics[n++]);
	}
	*ret_count = n;
	if (govern->export_at < govern->topic_pool.fresh)
		return -EAGAIN;
	govern->export_slot = NWI_NONE;
	return 0;
}

static void import_one(struct nw_govern *govern, const struct nw_govern_topic *record)
{
	uint32_t slot = nwi_index_find(&govern->topic_pool.index, record->topic);

	if (slot == NWI_NONE)
		slot = nwi_pool_add(&govern->topic_pool, record->topic);
	if (slot == NWI_NONE) {
		govern->stats.no_room_count++;
		nw_govern_import_cold(govern, nw_topic_slot(record->topic));
		return;
	}
	govern->topics[slot] = (struct nwi_topic){ .topic = record->topic,
						   .is_live = true,
						   .level = record->level,
						   .last_ns = record->last_ns,
						   .rate_per_s = record->rate_per_s,
						   .cap = record->cap,
						   .lost = record->lost };
}

void nw_govern_import(struct nw_govern *govern, const struct nw_govern_topic *topics,
		      uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (topics[i].kind == NWI_RECORD_TOPIC) {
			import_one(govern, &topics[i]);
			continue;
		}
		govern->cold_ns[topics[i].topic] = topics[i].last_ns;
		govern->has_cold_due |= topics[i].last_ns == NWI_COLD_DUE;
	}
}

void nw_govern_import_cold(struct nw_govern *govern, uint32_t slot)
{
	govern->cold_ns[slot] = NWI_COLD_DUE;
	govern->has_cold_due = true;
}

void nwi_topics_tick(struct nw_govern *govern)
{
	if (!govern->has_cold_due)
		return;
	for (uint32_t i = 0; i < NW_TOPIC_SLOT_COUNT; i++) {
		if (govern->cold_ns[i] == NWI_COLD_DUE)
			govern->cold_ns[i] = govern->now_ns > 0 ? govern->now_ns : 1;
	}
	govern->has_cold_due = false;
}

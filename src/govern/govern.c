/* SPDX-License-Identifier: MIT */
/*
 * A shard's governance (nw/govern.h): its memory, its steps, its messages, its counts.
 *
 * One block holds it all, sized when it is created: tables of topics, shares and homes with an
 * index each, lists with room for every slot, packets that wait. Nothing is allocated after that.
 *
 * Invariant: what was taken from the rules, the clock or another shard is taken once a step, at its
 * beginning; within a step nothing changes but by the shard's own decisions.
 */
#include "govern/govern.h"

#include "base/bits.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
	TOPICS_DEFAULT = 16384,
	SENDERS_DEFAULT = 4096,
	WAITING_DEFAULT = 1024,
	WAITING_MIN = 16,
	WAITING_MAX = 65536,
	TICK_DEFAULT_NS = 1000000,
	TICK_MIN_NS = 100000,
	TICK_MAX_NS = 100000000,
};

/* -- creation ----------------------------------------------------------------------------- */

/* Counts of everything in the block. */
struct sizes {
	uint32_t topics, senders, waiting, shards;
};

static bool in_range(uint64_t value, uint64_t least, uint64_t most)
{
	return value >= least && value <= most;
}

static int read_options(const struct nw_govern_options *options, struct sizes *ret_sizes,
			uint64_t *ret_tick_ns)
{
	struct sizes sizes = {
		.topics = options->topic_count_max ? options->topic_count_max : TOPICS_DEFAULT,
		.senders = options->sender_count_max ? options->sender_count_max : SENDERS_DEFAULT,
		.waiting = options->waiting_count_max ? options->waiting_count_max
						      : WAITING_DEFAULT,
		.shards = options->shard_count,
	};
	uint64_t tick_ns = options->tick_ns ? options->tick_ns : TICK_DEFAULT_NS;

	if (!in_range(sizes.shards, 1, NW_GOVERN_SHARD_COUNT_MAX) ||
	    options->shard_idx >= sizes.shards || sizes.topics > NW_GOVERN_TOPICS_MAX ||
	    sizes.senders > NW_GOVERN_SENDERS_MAX ||
	    !in_range(sizes.waiting, WAITING_MIN, WAITING_MAX) ||
	    !in_range(tick_ns, TICK_MIN_NS, TICK_MAX_NS))
		return -EINVAL;
	*ret_sizes = sizes;
	*ret_tick_ns = tick_ns;
	return 0;
}

/* The next part of the block, or, without a block, only its size. */
static void *part(char *block, size_t *at, size_t count, size_t n_bytes)
{
	void *begin = block ? block + *at : NULL;

	*at += (size_t)nwi_round_up(count * n_bytes, 64);
	return begin;
}

static void lay_pool(struct nwi_pool *pool, char *block, size_t *at, uint32_t slot_count)
{
	pool->slot_count = slot_count;
	pool->index.bits = nwi_ilog2(nwi_next_pow2((uint64_t)slot_count * 2));
	pool->index.pairs = part(block, at, (size_t)1 << pool->index.bits, sizeof(struct nwi_pair));
	pool->spare = part(block, at, slot_count, sizeof(*pool->spare));
}

static void lay_lists(struct nw_govern *govern, char *block, size_t *at, uint32_t slot_count)
{
	struct nwi_list *lists[] = { &govern->held,    &govern->dirty, &govern->waiters,
				     &govern->stirred, &govern->asked, &govern->fresh,
				     &govern->answers };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		lists[i]->slots = part(block, at, slot_count, sizeof(uint32_t));
}

/* Lays everything out; the bytes that it takes. `govern` may be a draft outside of the block. */
static size_t lay_out(struct nw_govern *govern, char *block, const struct sizes *sizes)
{
	size_t at = 0, slots = (size_t)sizes->senders + 1; /* and the one for all */

	(void)part(block, &at, 1, sizeof(*govern));
	govern->topics = part(block, &at, sizes->topics, sizeof(*govern->topics));
	govern->shares = part(block, &at, slots, sizeof(*govern->shares));
	lay_pool(&govern->topic_pool, block, &at, sizes->topics);
	lay_pool(&govern->share_pool, block, &at, sizes->senders);
	govern->rests = part(block, &at, slots, sizeof(*govern->rests));
	govern->cold_ns = part(block, &at, NW_TOPIC_SLOT_COUNT, sizeof(*govern->cold_ns));
	lay_lists(govern, block, &at, (uint32_t)slots);
	lay_pool(&govern->home_pool, block, &at, sizes->senders);
	govern->homes = part(block, &at, slots, sizeof(*govern->homes));
	govern->parts = part(block, &at, slots * sizes->shards, sizeof(*govern->parts));
	govern->waiting = part(block, &at, sizes->waiting, sizeof(*govern->waiting));
	return at;
}

static void begin_cold(struct nw_govern *govern)
{
	for (uint32_t i = 0; i < NW_TOPIC_SLOT_COUNT; i++)
		nw_govern_import_cold(govern, i);
}

int nw_govern_create(struct nw_govern **ret_govern, nw_node node,
		     const struct nw_govern_options *options)
{
	struct nw_govern draft = { 0 }, *govern;
	struct sizes sizes;
	struct nw_mem mem;
	uint64_t tick_ns;
	int rc = read_options(options, &sizes, &tick_ns);

	if (rc < 0)
		return rc;
	rc = nw_mem_alloc(&mem, node, lay_out(&draft, NULL, &sizes), NW_MEM_HUGE);
	if (rc < 0)
		return rc;
	govern = mem.base;
	(void)lay_out(govern, mem.base, &sizes);
	govern->mem = mem;
	govern->shard_idx = options->shard_idx;
	govern->shard_count = sizes.shards;
	govern->tick_ns = tick_ns;
	govern->is_cold = options->is_cold;
	govern->no_waiting = options->no_waiting;
	govern->all_slot = sizes.senders;
	govern->waiting_count_max = sizes.waiting;
	govern->waiting_spare = NWI_NONE;
	govern->export_slot = NWI_NONE;
	nwi_shares_init(govern);
	nwi_homes_init(govern);
	if (options->is_cold)
		begin_cold(govern);
	*ret_govern = govern;
	return 0;
}

void nw_govern_destroy(struct nw_govern *govern)
{
	if (!govern)
		return;
	struct nw_mem mem = govern->mem; /* it lies in what is freed */

	nw_mem_free(&mem);
}

const struct nw_mem *nw_govern_memory(const struct nw_govern *govern)
{
	return &govern->mem;
}

/* -- steps -------------------------------------------------------------------------------- */

void nw_govern_take_message(struct nw_govern *govern, const struct nw_govern_message *message)
{
	assert(message->from_shard_idx < govern->shard_count);
	if (govern->is_gone[message->from_shard_idx])
		return;
	if (message->now_ns > govern->now_ns)
		govern->now_ns = message->now_ns;
	if (message->type == NWI_REPORT)
		nwi_home_take_report(govern, message);
	else
		nwi_share_take_grant(govern, message);
}

/* A rule set that was not seen before; what waits may hear something else now. */
static void see_rules(struct nw_govern *govern, const struct nw_rules *rules)
{
	struct nwi_share *all = &govern->shares[govern->all_slot];

	govern->rules = rules;
	if (rules && govern->version == rules->version)
		return;
	nwi_stir_all(govern);
	if (!rules)
		return;
	assert(rules->version > govern->version);
	govern->version = rules->version;
	govern->stats.rules_count++;
	if (all->version != govern->version)
		nwi_share_resolve(govern, govern->all_slot);
}

static void tick(struct nw_govern *govern)
{
	govern->next_tick_ns = govern->now_ns + govern->tick_ns;
	nwi_stir_all(govern);
	nwi_shares_tick(govern);
	nwi_topics_sweep(govern);
	nwi_shares_sweep(govern);
	nwi_homes_sweep(govern);
}

void nw_govern_tick(struct nw_govern *govern, const struct nw_rules *rules, uint64_t now_ns)
{
	bool is_tick;

	if (now_ns > govern->now_ns)
		govern->now_ns = now_ns;
	if (govern->first_ns == 0)
		govern->first_ns = govern->now_ns;
	nwi_topics_tick(govern);
	see_rules(govern, rules);
	if (!rules)
		return;
	is_tick = govern->now_ns >= govern->next_tick_ns;
	nwi_homes_serve(govern, is_tick);
	if (is_tick)
		tick(govern);
}

uint64_t nw_govern_next_ns(const struct nw_govern *govern)
{
	bool has_work = govern->held.count > 0 || govern->asked.count > 0 ||
			govern->fresh.count > 0 || govern->waiters.count > 0 ||
			govern->dirty.count > 0 || govern->answers.count > 0;

	return has_work ? govern->next_tick_ns : UINT64_MAX;
}

void nw_govern_release(struct nw_govern *govern, uint32_t sender, uint32_t count)
{
	uint32_t slot = nwi_index_find(&govern->share_pool.index, sender);

	assert(slot != NWI_NONE);
	nwi_share_land(govern, slot, count);
}

void nw_govern_release_batch(struct nw_govern *govern, const struct nw_packet *packets,
			     const uint8_t *verdicts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (verdicts[i] & NW_VERDICT_HELD)
			nw_govern_release(govern, packets[i].sender, 1);
	}
}

void nw_govern_lost(struct nw_govern *govern, uint32_t shard_idx)
{
	assert(shard_idx < govern->shard_count && shard_idx != govern->shard_idx);
	govern->is_gone[shard_idx] = true;
	nwi_homes_lose(govern, shard_idx);
	nwi_shares_lose(govern, shard_idx);
	nwi_stir_all(govern);
}

/* -- messages ----------------------------------------------------------------------------- */

/* Sends one share's report. What would go to one that is gone is forgotten. */
static bool send_report(struct nw_govern *govern, uint32_t slot, nw_govern_send_fn *send,
			void *context, uint8_t *is_full)
{
	uint32_t home = govern->rests[slot].home;
	struct nw_govern_message report;

	if (!govern->is_gone[home]) {
		nwi_share_report(govern, slot, &report);
		if (is_full[home] || !send(context, home, &report)) {
			is_full[home] = true;
			return false;
		}
		govern->stats.report_count++;
	}
	nwi_share_reported(govern, slot);
	return true;
}

uint32_t nw_govern_send_messages(struct nw_govern *govern, nw_govern_send_fn *send, void *context)
{
	uint8_t is_full[NW_GOVERN_SHARD_COUNT_MAX];
	uint32_t left = 0;

	if (govern->dirty.count == 0 && govern->answers.count == 0)
		return 0;
	memset(is_full, 0, govern->shard_count);
	for (uint32_t i = govern->dirty.count; i-- > 0;) {
		uint32_t slot = govern->dirty.slots[i];

		if (!send_report(govern, slot, send, context, is_full)) {
			left++;
			continue;
		}
		govern->rests[slot].dirty_at = NWI_NONE;
		if (i + 1 < govern->dirty.count)
			govern->rests[nwi_list_remove(&govern->dirty, i)].dirty_at = i;
		else
			govern->dirty.count--;
	}
	return left + nwi_homes_send(govern, send, context, is_full);
}

/* -- what it tells ------------------------------------------------------------------------ */

void nw_govern_stats(const struct nw_govern *govern, struct nw_govern_stats *ret_stats)
{
	*ret_stats = govern->stats;
	memcpy(ret_stats->verdict_count, govern->verdict_count, sizeof(govern->verdict_count));
	ret_stats->topic_count = govern->topic_pool.index.count;
	ret_stats->sender_count = govern->share_pool.index.count;
	ret_stats->home_count = govern->home_pool.index.count;
}

const char *nw_verdict_name(enum nw_verdict verdict)
{
	static const char *const names[NW_VERDICT_COUNT] = {
		[NW_VERDICT_ALLOW] = "allow",
		[NW_VERDICT_WAIT] = "wait",
		[NW_VERDICT_NO_RULES] = "no_rules",
		[NW_VERDICT_TOPIC_DENIED] = "topic_denied",
		[NW_VERDICT_TOPIC_UNKNOWN] = "topic_unknown",
		[NW_VERDICT_SENDER_DENIED] = "sender_denied",
		[NW_VERDICT_SENDER_UNKNOWN] = "sender_unknown",
		[NW_VERDICT_IN_FLIGHT] = "in_flight",
		[NW_VERDICT_TOPIC_RATE] = "topic_rate",
		[NW_VERDICT_SENDER_RATE] = "sender_rate",
		[NW_VERDICT_GLOBAL_RATE] = "global_rate",
		[NW_VERDICT_NO_ROOM] = "no_room",
	};

	return (unsigned)verdict < NW_VERDICT_COUNT ? names[verdict] : "no such verdict";
}

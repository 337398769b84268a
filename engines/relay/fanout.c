/* SPDX-License-Identifier: MIT */
/*
 * Subscribers: which hear what, and packets into their lanes.
 *
 * Every shard has a table of its own, on its node: topic -> taps. A table never changes; control
 * calls make a new one from all subscriptions and put it in the old one's place, which is released
 * when no section can see it any more.
 *
 * Invariant: a tap is in a table's list for a topic, or in its list for all topics, never in both:
 * so a packet goes into each lane once.
 */
#include "shard.h"

#include <errno.h>

struct entry {
	uint32_t topic;
	uint32_t first, count; /* of the taps; 0: an empty entry */
};

struct nwi_table {
	struct nw_rcu_head head;
	struct nw_mem mem; /* this */
	struct nwi_tap **taps;
	uint32_t all_first, all_count; /* taps that hear every topic */
	uint32_t mask;
	bool is_lossless; /* some tap is */
	struct entry entries[];
};

/* ---- in a shard ---- */

/* The entry of a topic, or the empty one where it would be. */
static struct entry *find(struct nwi_table *table, uint32_t topic)
{
	uint32_t i = topic * 0x9e3779b1u >> 7;

	while (table->entries[i & table->mask].count != 0 &&
	       table->entries[i & table->mask].topic != topic)
		i++;
	return &table->entries[i & table->mask];
}

static struct nwi_table *table_of(struct nwi_shard *shard)
{
	return nw_rcu_dereference(&shard->table);
}

static void lose(struct nwi_shard *shard, struct nwi_tap *tap)
{
	nwi_count(&tap->lost, 1);
	nwi_count(&shard->tally.copies_lost, 1);
	if (tap->notes)
		/* relaxed: statistic. */
		atomic_store_explicit(&tap->notes->lost, nwi_counted(&tap->lost),
				      memory_order_relaxed);
}

static void ring(const struct nwi_tap *tap)
{
	if (tap->is_away)
		nw_bell_ring_away(tap->bell_fd);
	else
		nw_bell_ring(tap->bell_fd);
}

static void show(struct nwi_tap *tap)
{
	nw_lane_show(&tap->writer);
	if (nw_lane_reader_sleeps(&tap->writer))
		ring(tap);
}

/* Gates for the slots that came until it began; goes on where it ended for want of room. */
static bool put_some_gates(struct nwi_shard *shard, struct nwi_tap *tap)
{
	struct nwi_tap *taps = tap - shard->shard_idx; /* of all shards to this subscriber */

	if (tap->gate_shard == 0)
		tap->gates_wanted = shard->open_count;
	for (; tap->gate_shard < shard->relay->shard_count; tap->gate_shard++) {
		struct nwi_gate gate = { .shard = tap->gate_shard };

		if (shard->opened_at[tap->gate_shard] <= tap->gates_done)
			continue;
		/* relaxed: [tell.pending] orders it: not before what that shard had shown when it
		 * gave the slot away. */
		gate.until = atomic_load_explicit(&taps[gate.shard].writer.lane->head,
						  memory_order_relaxed);
		if (!nw_lane_put(&tap->writer, &gate))
			return false;
		show(tap);
	}
	tap->gate_shard = 0;
	tap->gates_done = tap->gates_wanted;
	return true;
}

/* Whether all gates that are due are in the lane. Seldom. */
static bool put_gates(struct nwi_shard *shard, struct nwi_tap *tap)
{
	while (tap->gates_done != shard->open_count)
		if (!put_some_gates(shard, tap))
			return false;
	return true;
}

static inline bool has_gates(const struct nwi_shard *shard, const struct nwi_tap *tap)
{
	return NW_UNLIKELY(tap->gates_done != shard->open_count) && !NWI_HAS_FAULT(NWI_NO_GATES);
}

static void put(struct nwi_shard *shard, struct nwi_tap *tap, const struct nw_packet *packet)
{
	nwi_count(&tap->offered, 1);
	if ((has_gates(shard, tap) && !put_gates(shard, tap)) ||
	    !nw_lane_put(&tap->writer, packet)) {
		lose(shard, tap);
		return;
	}
	nwi_count(&shard->tally.copies, 1);
	if (tap->is_touched)
		return;
	tap->is_touched = true;
	tap->next_touched = shard->touched;
	shard->touched = tap;
}

static void put_all(struct nwi_shard *shard, struct nwi_tap **taps, uint32_t count,
		    const struct nw_packet *packet)
{
	for (uint32_t i = 0; i < count; i++)
		put(shard, taps[i], packet);
}

static void show_touched(struct nwi_shard *shard)
{
	struct nwi_tap *tap = shard->touched;

	for (; tap; tap = tap->next_touched) {
		tap->is_touched = false;
		show(tap);
	}
	shard->touched = NULL;
}

void nwi_fanout(struct nwi_shard *shard, const struct nw_packet *packets, uint32_t count)
{
	struct nwi_table *table = table_of(shard);

	if (!table || count == 0)
		return;
	for (uint32_t i = 0; i < count; i++) {
		const struct entry *entry = find(table, packets[i].topic);

		put_all(shard, table->taps + entry->first, entry->count, &packets[i]);
		put_all(shard, table->taps + table->all_first, table->all_count, &packets[i]);
	}
	show_touched(shard);
}

/* One more for each lossless tap of a list; false: one of them has no room for it. */
static bool plan(struct nwi_shard *shard, struct nwi_tap **taps, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct nwi_tap *tap = taps[i];

		if (!tap->is_lossless || tap->writer.is_broken)
			continue;
		if (has_gates(shard, tap) && !put_gates(shard, tap))
			return false;
		if (nw_lane_room(&tap->writer, tap->planned + 1) < tap->planned + 1 &&
		    !tap->writer.is_broken)
			return false;
		tap->planned++;
	}
	return true;
}

static void forget_plan(struct nwi_tap **taps, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		taps[i]->planned = 0;
}

uint32_t nwi_fanout_room(struct nwi_shard *shard, const struct nw_packet *packets, uint32_t count)
{
	struct nwi_table *table = table_of(shard);
	struct nwi_tap **all;
	uint32_t n;

	if (!table || !table->is_lossless)
		return count;
	all = table->taps + table->all_first;
	for (n = 0; n < count; n++) {
		const struct entry *entry = find(table, packets[n].topic);

		if (!plan(shard, table->taps + entry->first, entry->count) ||
		    !plan(shard, all, table->all_count))
			break;
	}
	for (uint32_t i = 0; i < count && i <= n; i++) {
		const struct entry *entry = find(table, packets[i].topic);

		forget_plan(table->taps + entry->first, entry->count);
	}
	forget_plan(all, table->all_count);
	return n;
}

/* ---- tables: under the lock ---- */

static uint32_t pow2_above(size_t n)
{
	uint32_t p = 4;

	while (p < n)
		p *= 2;
	return p;
}

/* Subscriptions of all; how many taps the lists have. */
static size_t count_pairs(const struct nw_relay *relay)
{
	size_t count = 0;

	for (const struct nw_relay_subscriber *s = relay->subscribers; s; s = s->next)
		count += s->hears_all ? 1 : s->topics.count;
	return count;
}

static void add_to_lists(struct nwi_table *table, struct nw_relay_subscriber *subscriber,
			 uint32_t shard_idx)
{
	struct nwi_tap *tap = &subscriber->taps[shard_idx];

	if (subscriber->hears_all) {
		table->taps[table->all_first + table->all_count++] = tap;
		table->is_lossless |= tap->is_lossless;
		return;
	}
	for (size_t i = 0; i < subscriber->topics.count; i++) {
		struct entry *entry = find(table, subscriber->topics.ids[i]);

		table->taps[entry->first + entry->count++ - 1] = tap;
		table->is_lossless |= tap->is_lossless;
	}
}

/* Entries with the length of each list, then their places. */
static void lay_out(struct nwi_table *table, const struct nw_relay *relay)
{
	uint32_t at = 0;

	for (const struct nw_relay_subscriber *s = relay->subscribers; s; s = s->next)
		for (size_t i = 0; !s->hears_all && i < s->topics.count; i++) {
			struct entry *entry = find(table, s->topics.ids[i]);

			entry->topic = s->topics.ids[i];
			entry->count++;
		}
	for (uint32_t i = 0; i <= table->mask; i++) {
		uint32_t count = table->entries[i].count;

		table->entries[i].first = at;
		table->entries[i].count = count > 0; /* so that find() goes on past it */
		at += count;
	}
	table->all_first = at;
}

static int build(const struct nw_relay *relay, uint32_t shard_idx, size_t pair_count,
		 struct nwi_table **ret_table)
{
	uint32_t entry_count = pow2_above(2 * pair_count);
	size_t entry_bytes = sizeof(struct nwi_table) + entry_count * sizeof(struct entry);
	struct nwi_table *table;
	struct nw_mem mem;
	int rc;

	entry_bytes = (entry_bytes + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
	rc = nw_mem_alloc(&mem, relay->shards[shard_idx]->node,
			  entry_bytes + pair_count * sizeof(void *), 0);
	if (rc < 0)
		return -ENOMEM;
	table = mem.base;
	table->mem = mem;
	table->mask = entry_count - 1;
	table->taps = (struct nwi_tap **)(void *)((char *)mem.base + entry_bytes);
	lay_out(table, relay);
	for (struct nw_relay_subscriber *s = relay->subscribers; s; s = s->next)
		add_to_lists(table, s, shard_idx);
	for (uint32_t i = 0; i < entry_count; i++)
		table->entries[i].count -= table->entries[i].count > 0;
	*ret_table = table;
	return 0;
}

static void release_table(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	struct nw_mem mem = ((struct nwi_table *)ptr)->mem; /* the block holds its description */

	(void)thread;
	(void)arg;
	nw_mem_free(&mem);
}

/* Puts a new table into force; the old one goes when nobody can see it. */
static void replace(struct nw_relay *relay, uint32_t shard_idx, struct nwi_table *table)
{
	struct nwi_table *old = nw_rcu_exchange_pointer(&relay->shards[shard_idx]->table, table);

	if (old)
		nw_rcu_call(relay->control, &old->head, old, release_table, NULL);
}

int nwi_tables_rebuild(struct nw_relay *relay)
{
	struct nwi_table *tables[NW_RELAY_SHARDS_MAX] = { NULL };
	size_t pair_count = count_pairs(relay);
	int rc = 0;

	for (uint32_t i = 0; pair_count > 0 && i < relay->shard_count && rc == 0; i++)
		rc = build(relay, i, pair_count, &tables[i]);
	for (uint32_t i = 0; i < relay->shard_count; i++) {
		if (rc == 0)
			replace(relay, i, tables[i]);
		else if (tables[i])
			release_table(NULL, tables[i], NULL);
	}
	(void)nw_rcu_run(relay->control); /* what is left waits for the next call */
	return rc;
}

void nwi_tables_destroy(struct nw_relay *relay)
{
	for (uint32_t i = 0; i < relay->shard_count; i++)
		if (relay->shards[i])
			replace(relay, i, NULL);
}

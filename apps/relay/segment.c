/* SPDX-License-Identifier: MIT */
/*
 * The relay's numbers as a file that other programs of the user map: `nodewise relay stat`,
 * `nodewise top`. Invariant: the control thread writes all rows, from counts that each worker keeps
 * by itself.
 */
#include "relay/relay.h"

#include "common/app.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Columns before those of reasons. */
enum column {
	SUBMITTED,
	ACCEPTED,
	DELIVERED,
	QUEUED,
	RING,
	LEVEL,
	MISROUTED,
	COPIES,
	COPIES_LOST,
	BATCHES,
	GOVERN_NS,
	GOVERN_PACKETS,
	STEPS,
	SLEEPS,
	MOVES,
	FIRST_REASON,
};

enum { COLUMN_MAX = FIRST_REASON + NW_RELAY_REFUSAL_COUNT + NW_RELAY_DROP_COUNT, NOTES = 256 };

enum { TABLE_SHARD, TABLE_LIMITS };

/* Limits of the rules in force, one a row; rows without a label have none. */
enum { LIMIT_RATE, LIMIT_BURST, LIMIT_IN_FLIGHT, LIMIT_COLUMNS };
enum { LIMIT_ROWS = 256 };

static const struct nw_stats_column limit_columns[LIMIT_COLUMNS] = {
	[LIMIT_RATE] = { "rate", "packets/s", NW_STATS_GAUGE },
	[LIMIT_BURST] = { "burst", "packets", NW_STATS_GAUGE },
	[LIMIT_IN_FLIGHT] = { "in_flight", "packets", NW_STATS_GAUGE },
};

static const struct nw_stats_column first_columns[FIRST_REASON] = {
	[SUBMITTED] = { "submitted", "packets", NW_STATS_COUNTER },
	[ACCEPTED] = { "accepted", "packets", NW_STATS_COUNTER },
	[DELIVERED] = { "delivered", "packets", NW_STATS_COUNTER },
	[QUEUED] = { "queued", "packets", NW_STATS_GAUGE },
	[RING] = { "ring", "packets", NW_STATS_GAUGE },
	[LEVEL] = { "level", NULL, NW_STATS_GAUGE },
	[MISROUTED] = { "misrouted", "packets", NW_STATS_COUNTER },
	[COPIES] = { "copies", "packets", NW_STATS_COUNTER },
	[COPIES_LOST] = { "copies_lost", "packets", NW_STATS_COUNTER },
	[BATCHES] = { "batches", NULL, NW_STATS_COUNTER },
	[GOVERN_NS] = { "govern_ns", "ns", NW_STATS_COUNTER },
	[GOVERN_PACKETS] = { "govern_packets", "packets", NW_STATS_COUNTER },
	[STEPS] = { "steps", NULL, NW_STATS_COUNTER },
	[SLEEPS] = { "sleeps", NULL, NW_STATS_COUNTER },
	[MOVES] = { "slots_moved", NULL, NW_STATS_COUNTER },
};

static const char *const text_names[] = { "rules", "listen", "io" };
enum { TEXT_RULES, TEXT_LISTEN, TEXT_IO };

/* Names of columns: of reasons, "refused_full", "dropped_expired". */
static char reason_names[NW_RELAY_REFUSAL_COUNT + NW_RELAY_DROP_COUNT][NW_STATS_NAME_BYTES];

static uint32_t name_columns(struct nw_stats_column *columns)
{
	uint32_t count = FIRST_REASON, name = 0;

	memcpy(columns, first_columns, sizeof(first_columns));
	for (unsigned i = 1; i < NW_RELAY_REFUSAL_COUNT; i++, name++) {
		(void)snprintf(reason_names[name], NW_STATS_NAME_BYTES, "refused_%s",
			       nw_relay_refusal_name(i));
		columns[count++] = (struct nw_stats_column){ reason_names[name], "packets",
							     NW_STATS_COUNTER };
	}
	for (unsigned i = 0; i < NW_RELAY_DROP_COUNT; i++) {
		if (i == NW_VERDICT_ALLOW || i == NW_VERDICT_WAIT)
			continue;
		(void)snprintf(reason_names[name], NW_STATS_NAME_BYTES, "dropped_%s",
			       nw_relay_drop_name(i));
		columns[count++] = (struct nw_stats_column){ reason_names[name++], "packets",
							     NW_STATS_COUNTER };
	}
	return count;
}

/* --- Limits --- */

/* Writes into the next row, if there is a limit and room. */
static void put_limit(struct relay_server *server, uint32_t *inout_row, const char *label,
		      const struct nw_limit *limit, uint32_t in_flight_max)
{
	struct nw_stats_row *row;

	if ((limit->burst == 0 && in_flight_max == 0) || *inout_row == LIMIT_ROWS)
		return;
	row = nw_stats_row_at(server->stats, TABLE_LIMITS, *inout_row);
	nw_stats_set(row, LIMIT_RATE, limit->rate_per_s);
	nw_stats_set(row, LIMIT_BURST, limit->burst);
	nw_stats_set(row, LIMIT_IN_FLIGHT, in_flight_max);
	nw_stats_label(server->stats, TABLE_LIMITS, (*inout_row)++, label);
}

void relay_segment_limits(struct relay_server *server)
{
	const struct relay_rules *rules = server->rules;
	char label[NW_STATS_LABEL_BYTES];
	uint32_t row = 0;

	if (!server->stats)
		return;
	put_limit(server, &row, "all", &rules->all, 0);
	for (uint32_t i = 0; i < rules->sender_count; i++) {
		const struct relay_sender *sender = &rules->senders[i];

		(void)snprintf(label, sizeof(label), "sender %s", sender->name);
		put_limit(server, &row, label, &sender->limit, sender->in_flight_max);
	}
	for (uint32_t i = 0; i < rules->topic_count; i++) {
		const struct relay_topic *topic = &rules->topics[i];

		(void)snprintf(label, sizeof(label), topic->is_prefix ? "topics %s*" : "topic %s",
			       topic->name);
		put_limit(server, &row, label, &topic->limit, 0);
	}
	for (; row < LIMIT_ROWS; row++)
		nw_stats_label(server->stats, TABLE_LIMITS, row, "");
}

int relay_segment_open(struct relay_server *server)
{
	struct nw_stats_column columns[COLUMN_MAX];
	nw_node nodes[NW_RELAY_SHARDS_MAX];
	struct nw_stats_table tables[] = { [TABLE_SHARD] = { .name = "shard",
							     .columns = columns,
							     .row_nodes = nodes,
							     .row_count = server->shard_count },
					   [TABLE_LIMITS] = { .name = "limits",
							      .columns = limit_columns,
							      .column_count = LIMIT_COLUMNS,
							      .row_count = LIMIT_ROWS } };
	struct nw_stats_options options = { .program = RELAY_NAME,
					    .tables = tables,
					    .text_names = text_names,
					    .table_count = APP_COUNT_OF(tables),
					    .text_count = APP_COUNT_OF(text_names),
					    .note_count = NOTES };
	struct nw_relay_place place;
	struct nw_diag diag = { "" };
	char label[NW_STATS_LABEL_BYTES];
	int rc;

	tables[TABLE_SHARD].column_count = name_columns(columns);
	for (uint32_t i = 0; i < server->shard_count; i++) {
		nw_relay_place(server->relay, i, &place);
		nodes[i] = place.node;
	}
	rc = nw_stats_create(&server->stats, &options, &diag);
	if (rc < 0) {
		/* It runs as well without: only stat and top do not see it. */
		app_note(RELAY_NAME, "no file of numbers for stat and top: %s",
			 *diag.text ? diag.text : strerror(-rc));
		server->stats = NULL;
		return 0;
	}
	for (uint32_t i = 0; i < server->shard_count; i++) {
		nw_relay_place(server->relay, i, &place);
		(void)snprintf(label, sizeof(label), "shard %u, CPU %d%s", (unsigned)i,
			       (int)place.cpu.id, place.is_pinned ? "" : " (not pinned)");
		nw_stats_label(server->stats, TABLE_SHARD, i, label);
	}
	relay_segment_limits(server);
	return 0;
}

static void write_row(struct relay_server *server, uint32_t shard_idx)
{
	struct nw_stats_row *row = nw_stats_row_at(server->stats, TABLE_SHARD, shard_idx);
	struct nw_relay_stats stats;
	uint32_t column = FIRST_REASON;

	nw_relay_shard_stats(server->relay, shard_idx, &stats);
	nw_stats_set(row, SUBMITTED, stats.submitted);
	nw_stats_set(row, ACCEPTED, stats.accepted);
	nw_stats_set(row, DELIVERED, stats.delivered);
	nw_stats_set(row, QUEUED, stats.queued);
	nw_stats_set(row, RING, stats.ring_slots);
	nw_stats_set(row, LEVEL, stats.level);
	nw_stats_set(row, MISROUTED, stats.misrouted);
	nw_stats_set(row, COPIES, stats.copies);
	nw_stats_set(row, COPIES_LOST, stats.copies_lost);
	nw_stats_set(row, BATCHES, stats.batches);
	nw_stats_set(row, GOVERN_NS, stats.govern_ns);
	nw_stats_set(row, GOVERN_PACKETS, stats.govern_packets);
	nw_stats_set(row, STEPS, stats.steps);
	nw_stats_set(row, SLEEPS, stats.sleeps);
	nw_stats_set(row, MOVES, stats.slots_in + stats.slots_out);
	for (unsigned i = 1; i < NW_RELAY_REFUSAL_COUNT; i++)
		nw_stats_set(row, column++, stats.refused[i]);
	for (unsigned i = 0; i < NW_RELAY_DROP_COUNT; i++)
		if (i != NW_VERDICT_ALLOW && i != NW_VERDICT_WAIT)
			nw_stats_set(row, column++, stats.dropped[i]);
}

void relay_segment_update(struct relay_server *server)
{
	char text[NW_STATS_TEXT_BYTES];

	if (!server->stats)
		return;
	for (uint32_t i = 0; i < server->shard_count; i++)
		write_row(server, i);
	(void)snprintf(text, sizeof(text),
		       "%s, version '%s', set %" PRIu64 ", %u topics, %u senders",
		       server->rules->path, server->rules->label, server->set_version,
		       (unsigned)server->rules->topic_count, (unsigned)server->rules->sender_count);
	nw_stats_text(server->stats, TEXT_RULES, text);
	(void)snprintf(text, sizeof(text), "unix %s, tcp %s, udp %s, http %s, clients %u",
		       server->unix_fd >= 0 ? server->config.unix_path.text : "none",
		       server->tcp_fd >= 0 ? server->tcp.text : "none",
		       *server->udp.text ? server->udp.text : "none",
		       *server->http.text ? server->http.text : "none",
		       (unsigned)server->client_count);
	nw_stats_text(server->stats, TEXT_LISTEN, text);
	(void)snprintf(text, sizeof(text), "%s; dealt out %s", server->io_reason,
		       server->steer_reason);
	nw_stats_text(server->stats, TEXT_IO, text);
}

void relay_segment_note(struct relay_server *server, const char *text)
{
	if (server->stats)
		nw_stats_note(server->stats, text);
}

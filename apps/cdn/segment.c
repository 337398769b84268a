/* SPDX-License-Identifier: MIT */
/*
 * What an asking run counts, in a file that other programs of the user map, as `nodewise top` does.
 *
 * Invariant: the first thread writes all rows; a run without such a file goes on.
 */
#include "cdn/active.h"

enum table { PROVIDERS, LATEST, ASKER, TABLE_COUNT };
enum { LATEST_COUNT = 64, NOTES = 256, PER_MILLE = 1000, EVENTS = 32 };

enum provider_column { TARGETS, PROBABILITY, ORIGINS, PROVIDER_COLUMNS };
enum latest_column { NUMBER, SURE, ORIGIN_COUNT, TOOK, LATEST_COLUMNS };
enum asker_column {
	ANSWERED,
	UNDER_WAY,
	FRONTS,
	FOUND,
	DNS_QUESTIONS,
	CONNECTIONS,
	CACHE_HITS,
	CACHE_MISSES,
	CACHED,
	ASKER_COLUMNS
};

static const struct nw_stats_column provider_columns[PROVIDER_COLUMNS] = {
	[TARGETS] = { "targets", NULL, NW_STATS_COUNTER },
	[PROBABILITY] = { "probability", "per mille", NW_STATS_GAUGE }, /* of the last one */
	[ORIGINS] = { "origins", NULL, NW_STATS_COUNTER },
};

static const struct nw_stats_column latest_columns[LATEST_COLUMNS] = {
	[NUMBER] = { "number", NULL, NW_STATS_GAUGE },
	[SURE] = { "probability", "per mille", NW_STATS_GAUGE },
	[ORIGIN_COUNT] = { "origins", NULL, NW_STATS_GAUGE },
	[TOOK] = { "took", "ns", NW_STATS_GAUGE },
};

static const struct nw_stats_column asker_columns[ASKER_COLUMNS] = {
	[ANSWERED] = { "answered", "targets", NW_STATS_COUNTER },
	[UNDER_WAY] = { "under_way", "targets", NW_STATS_GAUGE },
	[FRONTS] = { "fronts", "targets", NW_STATS_COUNTER },
	[FOUND] = { "origins", NULL, NW_STATS_COUNTER },
	[DNS_QUESTIONS] = { "dns_questions", NULL, NW_STATS_COUNTER },
	[CONNECTIONS] = { "connections", NULL, NW_STATS_COUNTER },
	[CACHE_HITS] = { "cache_hits", NULL, NW_STATS_COUNTER },
	[CACHE_MISSES] = { "cache_misses", NULL, NW_STATS_COUNTER },
	[CACHED] = { "cached", "answers", NW_STATS_GAUGE },
};

static void name_rows(const struct cdn_asking *asking)
{
	uint32_t count = nw_cdn_provider_count(asking->run->cdn);
	struct nw_cdn_provider provider;

	for (uint32_t i = 0; i < count; i++) {
		nw_cdn_provider_at(asking->run->cdn, i, &provider);
		nw_stats_label(asking->stats, PROVIDERS, i, provider.name);
	}
	nw_stats_label(asking->stats, PROVIDERS, count, "none");
	nw_stats_label(asking->stats, ASKER, 0, "asker");
}

void cdn_segment_open(struct cdn_asking *asking)
{
	const struct nw_stats_table tables[TABLE_COUNT] = {
		[PROVIDERS] = { .name = "providers",
				.columns = provider_columns,
				.column_count = PROVIDER_COLUMNS,
				.row_count = nw_cdn_provider_count(asking->run->cdn) + 1 },
		[LATEST] = { .name = "latest",
			     .columns = latest_columns,
			     .column_count = LATEST_COLUMNS,
			     .row_count = LATEST_COUNT },
		[ASKER] = { .name = "asker",
			    .columns = asker_columns,
			    .column_count = ASKER_COLUMNS,
			    .row_count = 1 },
	};
	struct nw_stats_options options = { .program = CDN_NAME,
					    .tables = tables,
					    .table_count = TABLE_COUNT,
					    .note_count = NOTES };
	struct nw_diag diag = { "" };

	if (nw_stats_create(&asking->stats, &options, &diag) < 0) {
		app_note(CDN_NAME, "no numbers for other programs: %s", diag.text);
		asking->stats = NULL;
		return;
	}
	name_rows(asking);
}

static uint64_t per_mille(double probability)
{
	return (uint64_t)(PER_MILLE * probability + 0.5);
}

void cdn_segment_put(struct cdn_asking *asking, const char *text,
		     const struct nw_cdn_ask_result *result, uint32_t origin_count)
{
	const struct nw_cdn_answer *answer = result->answer;
	uint32_t idx = answer->provider_idx == UINT32_MAX ? nw_cdn_provider_count(asking->run->cdn)
							  : answer->provider_idx;
	uint32_t latest = asking->latest_next++ % LATEST_COUNT;
	char label[NW_STATS_LABEL_BYTES];
	struct nw_stats_row *row;

	if (!asking->stats)
		return;
	row = nw_stats_row_at(asking->stats, PROVIDERS, idx);
	nw_stats_add(row, TARGETS, 1);
	nw_stats_set(row, PROBABILITY, per_mille(answer->probability));
	nw_stats_add(row, ORIGINS, origin_count);
	(void)snprintf(label, sizeof(label), "%.60s %s %s", text, answer->provider,
		       nw_cdn_kind_name(answer->kind));
	nw_stats_label(asking->stats, LATEST, latest, label);
	row = nw_stats_row_at(asking->stats, LATEST, latest);
	nw_stats_set(row, NUMBER, asking->latest_next);
	nw_stats_set(row, SURE, per_mille(answer->probability));
	nw_stats_set(row, ORIGIN_COUNT, origin_count);
	nw_stats_set(row, TOOK, result->took_ns);
}

/* A target's text is there as long as its events are taken out before the next is asked. */
static void put_note(struct cdn_asking *asking, const struct nw_cdn_event *event)
{
	char target[NW_CDN_ADDRESS_TEXT_BYTES], origin[NW_CDN_ADDRESS_TEXT_BYTES];
	char note[NW_STATS_NOTE_BYTES];
	struct nw_cdn_provider provider;

	nw_cdn_provider_at(asking->run->cdn, event->provider_idx, &provider);
	(void)snprintf(note, sizeof(note), "%s %.100s %s %s %s %.1f %%%s%s",
		       nw_cdn_event_name(event->kind), asking->texts[event->token],
		       event->target.family ? nw_cdn_address_text(&event->target, target) : "-",
		       provider.name, nw_cdn_kind_name(event->provider_kind),
		       100 * (double)event->probability, event->origin.family ? " origin " : "",
		       event->origin.family ? nw_cdn_address_text(&event->origin, origin) : "");
	nw_stats_note(asking->stats, note);
}

static void take_events(struct cdn_asking *asking)
{
	struct nw_cdn_event events[EVENTS];
	uint32_t count;

	while ((count = nw_news_take(asking->news, events, EVENTS)) > 0)
		for (uint32_t i = 0; asking->stats && i < count; i++)
			put_note(asking, &events[i]);
}

void cdn_segment_write(struct cdn_asking *asking)
{
	struct nw_cdn_ask_counts counts;
	struct nw_stats_row *row;

	take_events(asking);
	if (!asking->stats)
		return;
	nw_cdn_asker_counts(asking->asker, &counts);
	row = nw_stats_row_at(asking->stats, ASKER, 0);
	nw_stats_set(row, ANSWERED, counts.answered);
	nw_stats_set(row, UNDER_WAY, counts.asked - counts.answered);
	nw_stats_set(row, FRONTS, asking->detected);
	nw_stats_set(row, FOUND, asking->origins);
	nw_stats_set(row, DNS_QUESTIONS, counts.dns_questions);
	nw_stats_set(row, CONNECTIONS, counts.connections);
	nw_stats_set(row, CACHE_HITS, counts.cache_hits);
	nw_stats_set(row, CACHE_MISSES, counts.cache_misses);
	nw_stats_set(row, CACHED, counts.cached);
}

void cdn_segment_close(struct cdn_asking *asking)
{
	nw_stats_destroy(asking->stats);
	asking->stats = NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * The scan's numbers as a file that other programs of the user map, as `nodewise top` does.
 *
 * Invariant: the first thread writes all rows, from counts that each worker keeps by itself; a scan
 * without such a file goes on.
 */
#include "scan/scan.h"

#include <nw/stats.h>

#include <string.h>

enum column {
	PLACES,
	ASKED,
	SENT,
	OPEN,
	CLOSED,
	UNREACHABLE,
	UP,
	TIMED_OUT,
	NOT_ASKED,
	BANNERS,
	DUPLICATES,
	FORGED,
	HANDED_OVER,
	RECEIVED,
	DROPPED,
	COLUMN_COUNT
};

static const struct nw_stats_column columns[COLUMN_COUNT] = {
	[PLACES] = { "places", "questions", NW_STATS_GAUGE },
	[ASKED] = { "asked", "questions", NW_STATS_COUNTER },
	[SENT] = { "sent", "questions", NW_STATS_COUNTER },
	[OPEN] = { "open", "ports", NW_STATS_COUNTER },
	[CLOSED] = { "closed", "ports", NW_STATS_COUNTER },
	[UNREACHABLE] = { "unreachable", "ports", NW_STATS_COUNTER },
	[UP] = { "up", "hosts", NW_STATS_COUNTER },
	[TIMED_OUT] = { "timed_out", "questions", NW_STATS_COUNTER },
	[NOT_ASKED] = { "not_asked", "questions", NW_STATS_COUNTER },
	[BANNERS] = { "banners", NULL, NW_STATS_COUNTER },
	[DUPLICATES] = { "duplicates", "answers", NW_STATS_COUNTER },
	[FORGED] = { "forged", "answers", NW_STATS_COUNTER },
	[HANDED_OVER] = { "handed_over", "answers", NW_STATS_COUNTER },
	[RECEIVED] = { "received", "frames", NW_STATS_COUNTER },
	[DROPPED] = { "dropped", "frames", NW_STATS_COUNTER },
};

static const char *const text_names[] = { "interface", "targets" };

static void name_rows(const struct scan_run *run)
{
	char text[64];

	for (uint32_t i = 0; i < run->state.worker_count; i++) {
		struct nw_probe_worker worker;

		nw_probe_worker(run->probe, i, &worker);
		(void)snprintf(text, sizeof(text), "worker %u, CPU %d", i, worker.cpu.id);
		nw_stats_label(run->stats, 0, i, text);
	}
	nw_stats_text(run->stats, 0, run->interface);
	(void)snprintf(text, sizeof(text), "%llu addresses",
		       (unsigned long long)nw_probe_targets_count(run->targets));
	nw_stats_text(run->stats, 1, text);
}

void scan_segment_open(struct scan_run *run)
{
	nw_node nodes[NW_PROBE_WORKERS_MAX];
	struct nw_stats_table table = { .name = "workers",
					.columns = columns,
					.row_nodes = nodes,
					.column_count = COLUMN_COUNT,
					.row_count = run->state.worker_count };
	struct nw_stats_options options = { .program = "scan",
					    .tables = &table,
					    .text_names = text_names,
					    .table_count = 1,
					    .text_count = 2 };
	struct nw_diag diag = { "" };

	for (uint32_t i = 0; i < run->state.worker_count; i++) {
		struct nw_probe_worker worker;

		nw_probe_worker(run->probe, i, &worker);
		nodes[i] = worker.node;
	}
	if (nw_stats_create(&run->stats, &options, &diag) < 0) {
		app_note(SCAN_NAME, "no numbers for other programs: %s", diag.text);
		run->stats = NULL;
		return;
	}
	name_rows(run);
}

static void write_row(struct nw_stats_row *row, const struct nw_probe_counts *c)
{
	const uint64_t values[COLUMN_COUNT] = { [PLACES] = c->place_count,
						[ASKED] = c->asked,
						[SENT] = c->sent,
						[OPEN] = c->open,
						[CLOSED] = c->closed,
						[UNREACHABLE] = c->unreachable,
						[UP] = c->up,
						[TIMED_OUT] = c->timed_out,
						[NOT_ASKED] = c->down,
						[BANNERS] = c->banners,
						[DUPLICATES] = c->duplicates,
						[FORGED] = c->forged,
						[HANDED_OVER] = c->handed_over,
						[RECEIVED] = c->received,
						[DROPPED] = c->dropped };

	for (uint32_t i = 0; i < COLUMN_COUNT; i++)
		nw_stats_set(row, i, values[i]);
}

void scan_segment_write(struct scan_run *run)
{
	struct nw_probe_counts counts;

	for (uint32_t i = 0; run->stats && i < run->state.worker_count; i++) {
		nw_probe_worker_counts(run->probe, i, &counts);
		write_row(nw_stats_row_at(run->stats, 0, i), &counts);
	}
}

void scan_segment_close(struct scan_run *run)
{
	nw_stats_destroy(run->stats);
	run->stats = NULL;
}

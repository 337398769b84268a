/* SPDX-License-Identifier: MIT */
/*
 * The search's numbers as a file that other programs of the user map, as `nodewise top` does.
 *
 * Invariant: the main thread writes all rows, from counts that each worker keeps by itself, so that
 * the workers do nothing for it; a search without such a file goes on.
 */
#include "check/spec.h"

#include <nw/stats.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum search_column {
	ELAPSED,
	GENERATED,
	DISTINCT,
	EXPANDED,
	QUEUE,
	DEPTH,
	CHECKS,
	LOCAL_CHECKS,
	MEMORY,
	VIOLATIONS,
	CHECKPOINTS,
	WALKS,
	SEARCH_COLUMNS
};

enum worker_column {
	W_GENERATED,
	W_DISTINCT,
	W_EXPANDED,
	W_QUEUE,
	W_CHECKS,
	W_LOCAL_CHECKS,
	W_SHARED,
	W_BATCHES,
	WORKER_COLUMNS
};

enum { TABLE_SEARCH, TABLE_WORKERS, TABLES };
enum { TEXT_MODEL, TEXT_NODES, TEXTS };
enum { NOTES = 64, NODES_MAX = 1024 };

static const struct nw_stats_column search_columns[SEARCH_COLUMNS] = {
	[ELAPSED] = { "elapsed", "ns", NW_STATS_GAUGE },
	[GENERATED] = { "generated", "states", NW_STATS_COUNTER },
	[DISTINCT] = { "distinct", "states", NW_STATS_COUNTER },
	[EXPANDED] = { "expanded", "states", NW_STATS_COUNTER },
	[QUEUE] = { "queue", "states", NW_STATS_GAUGE },
	[DEPTH] = { "depth", "levels", NW_STATS_GAUGE },
	[CHECKS] = { "checks", NULL, NW_STATS_COUNTER },
	[LOCAL_CHECKS] = { "local_checks", NULL, NW_STATS_COUNTER },
	[MEMORY] = { "memory", "bytes", NW_STATS_GAUGE },
	[VIOLATIONS] = { "violations", NULL, NW_STATS_COUNTER },
	[CHECKPOINTS] = { "checkpoints", NULL, NW_STATS_COUNTER },
	[WALKS] = { "walks", NULL, NW_STATS_COUNTER },
};

static const struct nw_stats_column worker_columns[WORKER_COLUMNS] = {
	[W_GENERATED] = { "generated", "states", NW_STATS_COUNTER },
	[W_DISTINCT] = { "distinct", "states", NW_STATS_COUNTER },
	[W_EXPANDED] = { "expanded", "states", NW_STATS_COUNTER },
	[W_QUEUE] = { "queue", "states", NW_STATS_GAUGE },
	[W_CHECKS] = { "checks", NULL, NW_STATS_COUNTER },
	[W_LOCAL_CHECKS] = { "local_checks", NULL, NW_STATS_COUNTER },
	[W_SHARED] = { "shared", "states", NW_STATS_COUNTER },
	[W_BATCHES] = { "batches_sent", NULL, NW_STATS_COUNTER },
};

static const char *const text_names[TEXTS] = { "model", "nodes" };

/* --- Making it --- */

static const char *what_of(const struct check *check)
{
	return check->options->spec ? check->options->spec : check->options->model;
}

static void label_workers(const struct check *check, struct nw_stats *stats, uint32_t worker_count)
{
	bool is_simulated = nw_topo_kind(check->topo) == NW_TOPO_SIMULATED;
	char text[NW_STATS_LABEL_BYTES];

	for (uint32_t i = 0; i < worker_count; i++) {
		struct nw_explore_counts counts;
		uint32_t node_idx;
		nw_cpu cpu;

		nw_explore_worker_counts(check->explore, i, &counts, &node_idx, &cpu);
		(void)snprintf(text, sizeof(text), "worker %u, CPU %d, node %d%s", (unsigned)i,
			       (int)cpu.id, (int)nw_topo_node_at(check->topo, node_idx)->node.id,
			       is_simulated ? " (simulated)" : "");
		nw_stats_label(stats, TABLE_WORKERS, i, text);
	}
}

static void write_texts(const struct check *check, struct nw_stats *stats, uint32_t worker_count)
{
	const struct nw_explore_options *explore = &check->options->explore;
	uint32_t node_count = nw_topo_node_count(check->topo);
	char text[NW_STATS_TEXT_BYTES];

	nw_stats_text(stats, TEXT_MODEL, what_of(check));
	(void)snprintf(text, sizeof(text), "%u worker%s, %u node%s%s, %s", (unsigned)worker_count,
		       worker_count == 1 ? "" : "s", (unsigned)node_count,
		       node_count == 1 ? "" : "s",
		       nw_topo_kind(check->topo) == NW_TOPO_SIMULATED ? " (simulated)" : "",
		       check->walk ? "random walks" : nw_explore_route_name(explore->route));
	nw_stats_text(stats, TEXT_NODES, text);
	nw_stats_note(stats, check->walk ? "the walks begin" : "the search begins");
}

/* Where each worker's memory really is; NULL: no memory, or no workers to speak of. */
static nw_node *nodes_of_workers(const struct check *check, uint32_t worker_count)
{
	nw_node *nodes = check->explore ? calloc(worker_count, sizeof(*nodes)) : NULL;

	for (uint32_t i = 0; nodes && i < worker_count; i++) {
		struct nw_explore_counts counts;
		uint32_t node_idx;
		nw_cpu cpu;

		nw_explore_worker_counts(check->explore, i, &counts, &node_idx, &cpu);
		nodes[i] = nw_topo_node_at(check->topo, node_idx)->memory_node;
	}
	return nodes;
}

static uint32_t count_workers(const struct check *check)
{
	struct nw_explore_report report;
	struct nw_walk_report walks;

	if (check->walk) {
		nw_walk_report(check->walk, &walks);
		return walks.worker_count;
	}
	nw_explore_report(check->explore, &report);
	return report.worker_count;
}

void check_segment_open(struct check_segment *ret_segment, const struct check *check)
{
	uint32_t worker_count = count_workers(check);
	nw_node *nodes = nodes_of_workers(check, worker_count);
	const struct nw_stats_table tables[TABLES] = {
		[TABLE_SEARCH] = { .name = "search",
				   .columns = search_columns,
				   .column_count = SEARCH_COLUMNS,
				   .row_count = 1 },
		[TABLE_WORKERS] = { .name = "workers",
				    .columns = worker_columns,
				    .row_nodes = nodes,
				    .column_count = WORKER_COLUMNS,
				    .row_count = worker_count },
	};
	const struct nw_stats_options options = { .program = CHECK_NAME,
						  .tables = tables,
						  .text_names = text_names,
						  .table_count = check->walk ? 1 : TABLES,
						  .text_count = TEXTS,
						  .note_count = NOTES };
	struct nw_diag diag = { "" };
	struct nw_stats *stats;
	int rc = nw_stats_create(&stats, &options, &diag);

	free(nodes);
	*ret_segment = (struct check_segment){ .stats = NULL };
	if (rc < 0) {
		app_note(CHECK_NAME, "no numbers for top: %s",
			 *diag.text ? diag.text : strerror(-rc));
		return;
	}
	ret_segment->stats = stats;
	nw_stats_label(stats, TABLE_SEARCH, 0, what_of(check));
	if (check->explore)
		label_workers(check, stats, worker_count);
	write_texts(check, stats, worker_count);
}

void check_segment_close(struct check_segment *segment)
{
	nw_stats_destroy(segment->stats);
	segment->stats = NULL;
}

/* --- While it runs --- */

/* What waits on a node may be taken by any of its workers: each is said to have its part of it. */
struct waiting {
	uint64_t distinct, expanded;
	uint32_t worker_count, told_count;
};

static struct waiting waiting[NODES_MAX]; /* the main thread's */

static uint64_t part_of(struct waiting *node)
{
	uint64_t queue = node->distinct > node->expanded ? node->distinct - node->expanded : 0;

	return queue / node->worker_count + (node->told_count++ < queue % node->worker_count);
}

static void write_worker(struct nw_stats_row *row, const struct nw_explore_counts *counts)
{
	nw_stats_set(row, W_GENERATED, counts->generated);
	nw_stats_set(row, W_DISTINCT, counts->distinct);
	nw_stats_set(row, W_EXPANDED, counts->expanded);
	nw_stats_set(row, W_CHECKS, counts->checks);
	nw_stats_set(row, W_LOCAL_CHECKS, counts->local_checks);
	nw_stats_set(row, W_SHARED, counts->shared);
	nw_stats_set(row, W_BATCHES, counts->batches_sent);
}

static void write_workers(const struct check *check, struct nw_stats *stats, uint32_t worker_count)
{
	struct nw_explore_counts counts;
	uint32_t node_idx;
	nw_cpu cpu;

	memset(waiting, 0, sizeof(waiting));
	for (uint32_t i = 0; i < worker_count; i++) {
		nw_explore_worker_counts(check->explore, i, &counts, &node_idx, &cpu);
		write_worker(nw_stats_row_at(stats, TABLE_WORKERS, i), &counts);
		waiting[node_idx].distinct += counts.distinct;
		waiting[node_idx].expanded += counts.expanded;
		waiting[node_idx].worker_count++;
	}
	for (uint32_t i = 0; i < worker_count; i++) {
		nw_explore_worker_counts(check->explore, i, &counts, &node_idx, &cpu);
		nw_stats_set(nw_stats_row_at(stats, TABLE_WORKERS, i), W_QUEUE,
			     part_of(&waiting[node_idx]));
	}
}

/* What happened since the last time. */
static void note_news(struct check_segment *segment, const struct nw_explore_report *report)
{
	char text[NW_STATS_NOTE_BYTES];

	if (report->checkpoint_count > segment->checkpoint_count) {
		(void)snprintf(text, sizeof(text), "checkpoint %llu: %llu states",
			       (unsigned long long)report->checkpoint_count,
			       (unsigned long long)report->checkpoint_distinct);
		check_segment_note(segment, text);
	}
	if (report->violation_count > segment->violation_count)
		check_segment_note(segment, "a violation was found; the search goes on");
	segment->checkpoint_count = report->checkpoint_count;
	segment->violation_count = report->violation_count;
}

static void write_search(const struct check *check, struct check_segment *segment)
{
	struct nw_stats_row *row = nw_stats_row_at(segment->stats, TABLE_SEARCH, 0);
	struct nw_explore_report report;

	nw_explore_report(check->explore, &report);
	note_news(segment, &report);
	nw_stats_set(row, ELAPSED, (uint64_t)(report.seconds * 1e9));
	nw_stats_set(row, GENERATED, report.total.generated);
	nw_stats_set(row, DISTINCT, report.total.distinct);
	nw_stats_set(row, EXPANDED, report.total.expanded);
	nw_stats_set(row, QUEUE, report.total.queue);
	nw_stats_set(row, DEPTH, report.depth);
	nw_stats_set(row, CHECKS, report.total.checks);
	nw_stats_set(row, LOCAL_CHECKS, report.total.local_checks);
	nw_stats_set(row, MEMORY, report.memory_bytes);
	nw_stats_set(row, VIOLATIONS, report.violation_count);
	nw_stats_set(row, CHECKPOINTS, report.checkpoint_count);
	write_workers(check, segment->stats, report.worker_count);
}

static void write_walks(const struct check *check, struct nw_stats *stats)
{
	struct nw_stats_row *row = nw_stats_row_at(stats, TABLE_SEARCH, 0);
	struct nw_walk_report walks;

	nw_walk_report(check->walk, &walks);
	nw_stats_set(row, ELAPSED, (uint64_t)(walks.seconds * 1e9));
	nw_stats_set(row, GENERATED, walks.generated);
	nw_stats_set(row, VIOLATIONS, walks.violation_count);
	nw_stats_set(row, WALKS, walks.walk_count);
}

void check_segment_write(const struct check *check, struct check_segment *segment)
{
	if (!segment->stats)
		return;
	if (check->walk)
		write_walks(check, segment->stats);
	else
		write_search(check, segment);
}

void check_segment_note(struct check_segment *segment, const char *text)
{
	if (segment->stats)
		nw_stats_note(segment->stats, text);
}

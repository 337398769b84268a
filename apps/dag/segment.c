/* SPDX-License-Identifier: MIT */
/*
 * The run's numbers as a file that other programs of the user map, as `nodewise top` does.
 *
 * Invariant: only the loop of run.c writes them: of a task when it starts and ends, of all when
 * the loop has nothing else to do. A run without such a file goes on.
 */
#include "common/app.h"
#include "dag/run.h"

#include <nw/stats.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A task beyond the limit has no row of its own: it is only counted. */
enum { ROWS_MAX = 4096, NOTES = 256 };
enum { TABLE_GRAPH, TABLE_NODES, TABLE_TASKS, TABLES };
enum { TEXT_FILE, TEXT_NODES, TEXTS };

/* The first ones are states of struct nw_dag, in its order. */
enum graph_column {
	PENDING,
	READY,
	RUNNING,
	COMPLETED,
	FAILED,
	CANCELLED,
	TASKS,
	STARTED,
	RETRIES,
	TIMEOUTS,
	GRAPH_COLUMNS
};

enum node_column {
	N_RUNNING,
	N_STARTED,
	N_PREFERRED,
	N_ELSEWHERE,
	N_CPU,
	N_CPU_USED,
	NODE_COLUMNS
};
enum task_column { T_STATE, T_LEVEL, T_NODE, T_ATTEMPT, T_BEGUN, T_TOOK, TASK_COLUMNS };

static const struct nw_stats_column graph_columns[GRAPH_COLUMNS] = {
	[PENDING] = { "pending", "tasks", NW_STATS_GAUGE },
	[READY] = { "ready", "tasks", NW_STATS_GAUGE },
	[RUNNING] = { "running", "tasks", NW_STATS_GAUGE },
	[COMPLETED] = { "completed", "tasks", NW_STATS_GAUGE },
	[FAILED] = { "failed", "tasks", NW_STATS_GAUGE },
	[CANCELLED] = { "cancelled", "tasks", NW_STATS_GAUGE },
	[TASKS] = { "tasks", "tasks", NW_STATS_GAUGE },
	[STARTED] = { "started", "tries", NW_STATS_COUNTER },
	[RETRIES] = { "retries", "tries", NW_STATS_COUNTER },
	[TIMEOUTS] = { "timeouts", "tries", NW_STATS_COUNTER },
};

/* cpu, cpu_used: thousandths of a CPU. preferred: tries on the node that their task names. */
static const struct nw_stats_column node_columns[NODE_COLUMNS] = {
	[N_RUNNING] = { "running", "tasks", NW_STATS_GAUGE },
	[N_STARTED] = { "started", "tries", NW_STATS_COUNTER },
	[N_PREFERRED] = { "preferred", "tries", NW_STATS_COUNTER },
	[N_ELSEWHERE] = { "elsewhere", "tries", NW_STATS_COUNTER },
	[N_CPU] = { "cpu", "mCPU", NW_STATS_GAUGE },
	[N_CPU_USED] = { "cpu_used", "mCPU", NW_STATS_GAUGE },
};

/* state: as enum nw_dag_state; node: its id, UINT64_MAX before a try; begun: wall time. */
static const struct nw_stats_column task_columns[TASK_COLUMNS] = {
	[T_STATE] = { "state", NULL, NW_STATS_GAUGE },
	[T_LEVEL] = { "level", NULL, NW_STATS_GAUGE },
	[T_NODE] = { "node", NULL, NW_STATS_GAUGE },
	[T_ATTEMPT] = { "attempt", "tries", NW_STATS_GAUGE },
	[T_BEGUN] = { "begun", "wall_ns", NW_STATS_GAUGE },
	[T_TOOK] = { "took", "ns", NW_STATS_GAUGE },
};

static const char *const text_names[TEXTS] = { "file", "nodes" };

static uint64_t wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* this clock is always there */
	return (uint64_t)now.tv_sec * DAG_NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint32_t row_count_of(const struct dag_run *run)
{
	return run->file->task_count < ROWS_MAX ? run->file->task_count : ROWS_MAX;
}

/* --- Making it --- */

static void label_rows(struct dag_run *run)
{
	bool is_simulated = nw_topo_kind(run->topo) == NW_TOPO_SIMULATED;
	uint32_t *levels = calloc(run->file->task_count, sizeof(*levels));
	char text[NW_STATS_LABEL_BYTES];

	if (levels)
		(void)dag_levels(run->file, levels);
	for (uint32_t i = 0; i < run->node_count; i++) {
		(void)snprintf(text, sizeof(text), "node %d%s", dag_node_of(run, i).id,
			       is_simulated ? " (simulated)" : "");
		nw_stats_label(run->stats, TABLE_NODES, i, text);
	}
	for (uint32_t i = 0; i < row_count_of(run); i++) {
		struct nw_stats_row *row = nw_stats_row_at(run->stats, TABLE_TASKS, i);

		nw_stats_label(run->stats, TABLE_TASKS, i, run->file->tasks[i].id);
		nw_stats_set(row, T_LEVEL, levels ? levels[i] : 0);
		nw_stats_set(row, T_NODE, UINT64_MAX);
	}
	free(levels);
}

static void write_texts(struct dag_run *run)
{
	char text[NW_STATS_TEXT_BYTES];

	(void)snprintf(text, sizeof(text), "%s, graph '%s'", run->file->path, run->file->name);
	nw_stats_text(run->stats, TEXT_FILE, text);
	(void)snprintf(text, sizeof(text), "%u node%s%s, %u CPU%s", (unsigned)run->node_count,
		       run->node_count == 1 ? "" : "s",
		       nw_topo_kind(run->topo) == NW_TOPO_SIMULATED ? " (simulated)" : "",
		       (unsigned)run->cpu_count, run->cpu_count == 1 ? "" : "s");
	nw_stats_text(run->stats, TEXT_NODES, text);
	nw_stats_note(run->stats, "the run begins");
}

void dag_segment_open(struct dag_run *run)
{
	const struct nw_stats_table tables[TABLES] = {
		[TABLE_GRAPH] = { .name = "graph",
				  .columns = graph_columns,
				  .column_count = GRAPH_COLUMNS,
				  .row_count = 1 },
		[TABLE_NODES] = { .name = "nodes",
				  .columns = node_columns,
				  .column_count = NODE_COLUMNS,
				  .row_count = run->node_count },
		[TABLE_TASKS] = { .name = "tasks",
				  .columns = task_columns,
				  .column_count = TASK_COLUMNS,
				  .row_count = row_count_of(run) },
	};
	const struct nw_stats_options options = { .program = DAG_NAME,
						  .tables = tables,
						  .text_names = text_names,
						  .table_count = TABLES,
						  .text_count = TEXTS,
						  .note_count = NOTES };
	struct nw_diag diag = { "" };
	int rc;

	if (run->is_pretended || run->file->task_count == 0)
		return;
	rc = nw_stats_create(&run->stats, &options, &diag);
	if (rc < 0) {
		app_note(DAG_NAME, "no numbers for top: %s",
			 *diag.text ? diag.text : strerror(-rc));
		run->stats = NULL;
		return;
	}
	label_rows(run);
	write_texts(run);
}

void dag_segment_close(struct dag_run *run)
{
	nw_stats_destroy(run->stats);
	run->stats = NULL;
}

/* --- While it runs --- */

static void write_task(struct dag_run *run, uint32_t task_idx, const struct nw_dag_info *info)
{
	nw_stats_set(nw_stats_row_at(run->stats, TABLE_TASKS, task_idx), T_STATE, info->state);
}

static void write_node(struct dag_run *run, uint32_t node_pos)
{
	struct nw_stats_row *row = nw_stats_row_at(run->stats, TABLE_NODES, node_pos);
	struct nw_resource used, most;

	nw_dag_used(run->dag, node_pos, &used, &most);
	nw_stats_set(row, N_CPU, run->capacity[node_pos].amount[NW_RESOURCE_CPU]);
	nw_stats_set(row, N_CPU_USED, used.amount[NW_RESOURCE_CPU]);
}

static void write_counts(struct dag_run *run)
{
	struct nw_stats_row *row = nw_stats_row_at(run->stats, TABLE_GRAPH, 0);
	struct nw_dag_counts counts;

	nw_dag_counts(run->dag, &counts);
	for (uint32_t i = 0; i < NW_DAG_STATE_COUNT; i++)
		nw_stats_set(row, PENDING + i, counts.state_count[i]);
	nw_stats_set(row, TASKS, counts.task_count);
	nw_stats_set(row, STARTED, counts.started_count);
	nw_stats_set(row, RETRIES, counts.retry_count);
	nw_stats_set(row, TIMEOUTS, counts.timeout_count);
}

/* Tasks become ready, and are cancelled, without being told of one by one: all are looked at, but
 * not after each of many short ones. */
uint64_t dag_segment_write(struct dag_run *run, uint64_t now_ns)
{
	enum { EVERY_NS = 100000000 };
	struct nw_dag_info info;

	if (!run->stats)
		return UINT64_MAX;
	write_counts(run);
	for (uint32_t i = 0; i < run->node_count; i++)
		write_node(run, i);
	if (run->stats_ns != 0 && now_ns < run->stats_ns + EVERY_NS)
		return run->stats_ns + EVERY_NS;
	run->stats_ns = now_ns;
	for (uint32_t i = 0; i < row_count_of(run); i++)
		if (nw_dag_info(run->dag, run->ids[i], &info) == 0)
			write_task(run, i, &info);
	return UINT64_MAX;
}

/* Tries that run on a node. */
static void count_try(struct dag_run *run, uint32_t node_pos, uint64_t difference)
{
	nw_stats_add(nw_stats_row_at(run->stats, TABLE_NODES, node_pos), N_RUNNING, difference);
}

void dag_segment_started(struct dag_run *run, uint32_t task_idx, const struct nw_dag_step *step)
{
	const struct dag_task *task = &run->file->tasks[task_idx];
	int node_id = dag_node_of(run, step->node_idx).id;
	struct nw_stats_row *row;

	if (!run->stats)
		return;
	row = nw_stats_row_at(run->stats, TABLE_NODES, step->node_idx);
	count_try(run, step->node_idx, 1);
	nw_stats_add(row, N_STARTED, 1);
	if (task->node_id != DAG_NONE)
		nw_stats_add(row, task->node_id == node_id ? N_PREFERRED : N_ELSEWHERE, 1);
	if (task_idx >= row_count_of(run))
		return;
	row = nw_stats_row_at(run->stats, TABLE_TASKS, task_idx);
	nw_stats_set(row, T_STATE, NW_DAG_RUNNING);
	nw_stats_set(row, T_NODE, (uint64_t)node_id);
	nw_stats_set(row, T_ATTEMPT, step->attempt);
	nw_stats_set(row, T_BEGUN, wall_ns());
}

void dag_segment_ended(struct dag_run *run, const struct dag_try *try,
		       const struct nw_dag_info *info)
{
	char text[NW_STATS_NOTE_BYTES];

	if (!run->stats)
		return;
	count_try(run, try->node_pos, UINT64_MAX); /* one less */
	if (!try->is_ok) {
		(void)snprintf(text, sizeof(text), "%s: try %u: %s",
			       run->file->tasks[try->task_idx].id, (unsigned)try->attempt,
			       info->reason == NW_DAG_NO_REASON ? "did not end well"
								: nw_dag_reason_name(info->reason));
		nw_stats_note(run->stats, text);
	}
	if (try->task_idx >= row_count_of(run))
		return;
	write_task(run, try->task_idx, info);
	nw_stats_set(nw_stats_row_at(run->stats, TABLE_TASKS, try->task_idx), T_TOOK,
		     try->end_ns - try->start_ns);
}

/* SPDX-License-Identifier: MIT */
/* This example shows how a program of yours is seen by `nodewise top`: what the workers of a
 * scheduler count, in a file that others read.
 *
 *     cc sched_watch.c $(pkg-config --cflags --libs nodewise) -pthread
 *     ./a.out 30 & nodewise top $!
 *
 * With a number of seconds it works so long, says what was stolen, and waits for a line of input.
 */
#include <nw/sched.h>
#include <nw/stats.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N = 24, WORKERS = 4, NODES = 2 };

/* By these names top knows what they are. */
enum { TASKS, SAME_NODE, CROSS_NODE, SLEEPS, COLUMNS };
static const struct nw_stats_column columns[COLUMNS] = {
	[TASKS] = { "tasks_run", "tasks", NW_STATS_COUNTER },
	[SAME_NODE] = { "same_node_steals", "tasks", NW_STATS_COUNTER },
	[CROSS_NODE] = { "cross_node_steals", "tasks", NW_STATS_COUNTER },
	[SLEEPS] = { "sleeps", NULL, NW_STATS_COUNTER },
};

NW_TASK(int, fib, int, n)
{
	if (n < 2)
		return n;
	NW_SPAWN(fib, n - 1);
	int b = NW_CALL(fib, n - 2);
	return NW_SYNC(fib) + b;
}

static void run(struct nw_here here, void *arg)
{
	*(int *)arg = fib(here, N);
}

/* One thread writes all rows: the workers do nothing for it. */
static void publish(const struct nw_sched *sched, struct nw_stats *stats)
{
	for (uint32_t i = 0; i < WORKERS; i++) {
		struct nw_stats_row *row = nw_stats_row_at(stats, 0, i);
		struct nw_sched_counters n;

		nw_sched_counters(sched, i, &n);
		nw_stats_set(row, TASKS,
			     n.local_pops + n.same_node_steals + n.cross_node_steals +
				     n.injector_takes + n.migrations);
		nw_stats_set(row, SAME_NODE, n.same_node_steals);
		nw_stats_set(row, CROSS_NODE, n.cross_node_steals);
		nw_stats_set(row, SLEEPS, n.sleeps);
	}
}

static void label(const struct nw_sched *sched, struct nw_stats *stats)
{
	for (uint32_t i = 0; i < WORKERS; i++) {
		const struct nw_crew_worker *worker = nw_crew_worker_at(nw_sched_crew(sched), i);
		char text[NW_STATS_LABEL_BYTES];

		(void)snprintf(text, sizeof(text), "worker %u, CPU %d, node %u (simulated)",
			       (unsigned)i, (int)worker->cpu.id, (unsigned)worker->node_idx);
		nw_stats_label(stats, 0, i, text);
	}
}

static void work(struct nw_sched *sched, struct nw_stats *stats, time_t seconds)
{
	struct nw_sched_counters n;
	time_t end = time(NULL) + seconds;
	int result;

	do {
		if (nw_sched_run(sched, run, &result) < 0)
			return;
		publish(sched, stats);
	} while (time(NULL) < end);
	nw_sched_counters_sum(sched, &n);
	printf("of the node %" PRIu64 ", from afar %" PRIu64 "\n", n.same_node_steals,
	       n.cross_node_steals);
	(void)fflush(stdout);
	publish(sched, stats);
	if (seconds > 0)
		(void)getchar();
}

int main(int argc, char **argv)
{
	/* Four workers on two nodes, whatever the machine has: only then is there something afar.
	 */
	struct nw_crew_options crew = { .worker_count = WORKERS, .oversubscribe = true };
	struct nw_topo_options machine = { .simulate_nodes = NODES };
	const struct nw_stats_table table = {
		.name = "workers", .columns = columns, .column_count = COLUMNS, .row_count = WORKERS
	};
	const struct nw_stats_options options = { .program = "example",
						  .tables = &table,
						  .table_count = 1 };
	struct nw_diag diag = { "" };
	struct nw_stats *stats = NULL;
	struct nw_sched *sched = NULL;
	struct nw_topo *topo = NULL;
	int rc = nw_topo_open(&topo, &machine, &diag);

	crew.topo = topo;
	if (rc == 0)
		rc = nw_sched_start(&sched, &crew, NULL, &diag);
	if (rc == 0)
		rc = nw_stats_create(&stats, &options, &diag);
	if (rc == 0) {
		label(sched, stats);
		work(sched, stats, argc > 1 ? strtol(argv[1], NULL, 10) : 0);
	} else {
		fprintf(stderr, "sched_watch: %s\n", diag.text);
	}
	nw_stats_destroy(stats);
	nw_sched_destroy(sched);
	nw_topo_close(topo);
	return rc == 0 ? 0 : 1;
}

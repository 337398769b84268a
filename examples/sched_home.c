/* SPDX-License-Identifier: MIT */
/* This example shows how to send work to the node where its data is.
 *
 *     cc sched_home.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/sched.h>

#include <inttypes.h>
#include <stdio.h>

enum { NODES = 2, JOBS = 32 };

struct visit {
	struct nw_job job; /* the first member, so that a job is a visit */
	uint32_t node_idx; /* where it ran */
};

static void note(struct nw_here here, struct nw_job *job)
{
	((struct visit *)(void *)job)->node_idx = nw_here_node_idx(here);
}

int main(void)
{
	struct nw_topo_options machine = { .simulate_nodes = NODES }; /* 0: the real ones */
	struct visit visits[JOBS];
	struct nw_sched_counters counters;
	struct nw_group group;
	struct nw_topo *topo;
	struct nw_sched *sched;
	struct nw_diag diag;
	int at_home = 0;

	if (nw_topo_open(&topo, &machine, &diag) < 0 ||
	    nw_sched_start(&sched, &(struct nw_crew_options){ .topo = topo }, NULL, &diag) < 0)
		return fprintf(stderr, "%s\n", diag.text), 1;
	nw_group_init(&group);
	for (uint32_t i = 0; i < JOBS; i++) {
		nw_job_init(&visits[i].job, note);
		visits[i].job.node_idx = i % NODES;
		visits[i].job.data_bytes = 1 << 20; /* what it would fetch if it ran elsewhere */
		visits[i].job.group = &group;
		if (nw_sched_submit(sched, &visits[i].job) < 0)
			return fprintf(stderr, "no room for a job\n"), 1;
	}
	if (nw_group_wait(&group) < 0)
		return 1;
	for (uint32_t i = 0; i < JOBS; i++)
		at_home += visits[i].node_idx == i % NODES;
	nw_sched_counters_sum(sched, &counters);
	printf("%d of %d jobs ran at home, %" PRIu64 " left, %" PRIu64 " were not let go\n",
	       at_home, JOBS, counters.migrations, counters.refused_migrations);
	nw_sched_destroy(sched);
	nw_topo_close(topo);
	return counters.hinted_jobs == JOBS ? 0 : 1;
}

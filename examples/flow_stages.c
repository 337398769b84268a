/* SPDX-License-Identifier: MIT */
/* This example shows how to run functions in the order in which they need each other's results.
 *
 *     cc flow_stages.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/flow.h>

#include <stdio.h>

struct stage {
	const char *name;
	int *in[2], out;
};

static int add_up(struct nw_flow_at *at, void *arg)
{
	struct stage *stage = arg;

	(void)at;
	for (int i = 0; i < 2; i++)
		stage->out += stage->in[i] ? *stage->in[i] : 1;
	printf("%s: %d\n", stage->name, stage->out);
	return 0; /* anything else: it failed, and what waits for it is cancelled */
}

int main(void)
{
	/* both need first, last needs both */
	struct stage first = { "first", { NULL }, 0 };
	struct stage left = { "left", { &first.out, NULL }, 0 };
	struct stage right = { "right", { &first.out, &first.out }, 0 };
	struct stage last = { "last", { &left.out, &right.out }, 0 };
	struct stage *stages[] = { &first, &left, &right, &last };
	const int edges[][2] = { { 0, 1 }, { 0, 2 }, { 1, 3 }, { 2, 3 } };
	struct nw_flow_task *tasks[4];
	struct nw_topo *topo;
	struct nw_sched *sched;
	struct nw_flow *flow;
	struct nw_diag diag;

	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0 ||
	    nw_sched_start(&sched, &(struct nw_crew_options){ .topo = topo }, NULL, &diag) < 0 ||
	    nw_flow_create(&flow, sched, NULL, &diag) < 0)
		return fprintf(stderr, "%s\n", diag.text), 1;
	for (int i = 0; i < 4; i++)
		tasks[i] = nw_flow_add(flow, add_up, stages[i]);
	for (int i = 0; i < 4; i++)
		if (nw_flow_link(flow, tasks[edges[i][0]], tasks[edges[i][1]]) < 0)
			return fprintf(stderr, "no memory\n"), 1;
	if (nw_flow_run(flow, &diag) < 0) /* a cycle, for one */
		return fprintf(stderr, "%s\n", diag.text), 1;
	nw_flow_destroy(flow);
	nw_sched_destroy(sched);
	nw_topo_close(topo);
	return last.out == 2 + 1 + 2 + 2 ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/* This example shows what a failure does: it is tried again, then what waits for it is cancelled,
 * and nothing else.
 *
 *     cc flow_failure.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/flow.h>

#include <stdio.h>

static int succeed(struct nw_flow_at *at, void *arg)
{
	(void)at;
	printf("%s\n", (const char *)arg);
	return 0;
}

static int fail(struct nw_flow_at *at, void *arg)
{
	(void)succeed(at, arg);
	return -1;
}

int main(void)
{
	const struct nw_resource cpus = { { [NW_RESOURCE_CPU] = 2000 } };
	const struct nw_dag_options admission = { .capacity = &cpus, .node_count = 1 };
	const struct nw_flow_options options = { .admission = &admission };
	const struct nw_dag_spec twice = { .retry_max = 1, .retry_wait_ns = 1000000 };
	struct nw_flow_task *fetch, *parse, *other;
	struct nw_topo *topo;
	struct nw_sched *sched;
	struct nw_flow *flow;
	struct nw_diag diag;
	enum nw_dag_reason reason;

	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0 ||
	    nw_sched_start(&sched, &(struct nw_crew_options){ .topo = topo }, NULL, &diag) < 0 ||
	    nw_flow_create(&flow, sched, &options, &diag) < 0)
		return fprintf(stderr, "%s\n", diag.text), 1;
	fetch = nw_flow_add(flow, fail, "fetch fails");
	parse = nw_flow_add(flow, succeed, "parse: never seen");
	other = nw_flow_add(flow, succeed, "other runs all the same");
	if (nw_flow_link(flow, fetch, parse) < 0 ||
	    nw_flow_demand(flow, fetch, &twice, &diag) < 0 || nw_flow_run(flow, &diag) < 0)
		return fprintf(stderr, "no run\n"), 1;
	printf("fetch is %s\n", nw_dag_state_name(nw_flow_state(fetch, NULL)));
	printf("parse is %s", nw_dag_state_name(nw_flow_state(parse, &reason)));
	printf(" (%s)\n", nw_dag_reason_name(reason));
	printf("other is %s\n", nw_dag_state_name(nw_flow_state(other, NULL)));
	nw_flow_destroy(flow);
	nw_sched_destroy(sched);
	nw_topo_close(topo);
	return reason == NW_DAG_DEPENDENCY ? 0 : 1;
}

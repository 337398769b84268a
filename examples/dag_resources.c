/* SPDX-License-Identifier: MIT */
/* This example shows how to decide what may start when tasks share CPUs and memory. Nothing runs
 * here: time is a number, and each task ends when the example says so.
 *
 *     cc dag_resources.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/dag.h>

#include <stdio.h>

static int add(struct nw_dag *dag, const char *name, uint64_t cpus, uint64_t mib)
{
	struct nw_dag_spec spec = { .name = name };
	struct nw_diag diag;

	spec.need.amount[NW_RESOURCE_CPU] = cpus * 1000;
	spec.need.amount[NW_RESOURCE_MEMORY] = mib << 20;
	if (nw_dag_add(dag, &spec, NULL, &diag) == 0)
		return 0;
	printf("refused: %s\n", diag.text);
	return -1;
}

int main(void)
{
	const struct nw_resource machine = {
		{ [NW_RESOURCE_CPU] = 4000, [NW_RESOURCE_MEMORY] = 1024 << 20 }
	};
	struct nw_dag_options options = { .capacity = &machine, .node_count = 1 };
	nw_dag_id running[3] = { 0 };
	uint32_t running_count = 0;
	struct nw_dag *dag;
	struct nw_dag_step step;
	struct nw_dag_info info;

	if (nw_dag_create(&dag, &options, NULL) < 0 || add(dag, "compile", 3, 300) < 0 ||
	    add(dag, "link", 1, 900) < 0 || add(dag, "test", 1, 100) < 0 ||
	    add(dag, "giant", 1, 2000) == 0 || nw_dag_commit(dag, 0, NULL) < 0)
		return 1;
	for (uint64_t now = 0;; now++) {
		for (nw_dag_next(dag, now, &step); step.kind == NW_DAG_START;
		     nw_dag_next(dag, now, &step)) {
			if (nw_dag_info(dag, step.task, &info) < 0)
				return 1;
			printf("%d: %s starts\n", (int)now, info.name);
			running[running_count++] = step.task;
		}
		if (step.kind == NW_DAG_DONE)
			break;
		/* The oldest ends, and what it held is free. */
		if (nw_dag_ended(dag, running[0], true, now) < 0)
			return 1;
		for (uint32_t i = 1; i < running_count; i++)
			running[i - 1] = running[i];
		running_count--;
	}
	nw_dag_destroy(dag);
	return 0;
}

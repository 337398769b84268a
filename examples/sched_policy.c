/* SPDX-License-Identifier: MIT */
/* This example shows how to choose who steals from whom, and what came of it. */
#include <nw/sched.h>

#include <inttypes.h>
#include <stdio.h>

enum { N = 27, FIB_N = 196418 };

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

/* One run; false: it could not be, or is wrong. */
static bool try_policy(const struct nw_crew_options *crew, enum nw_sched_policy policy)
{
	struct nw_sched_counters n;
	struct nw_sched *sched;
	int result = 0;

	if (nw_sched_start(&sched, crew, &(struct nw_sched_options){ .policy = policy }, NULL) <
		    0 ||
	    nw_sched_run(sched, run, &result) < 0)
		return false;
	nw_sched_counters_sum(sched, &n); /* tasks nobody asked for are in none of these */
	printf("%-10s own %4" PRIu64 ", of the node %4" PRIu64 ", from afar %4" PRIu64 "\n",
	       nw_sched_policy_name(policy), n.local_pops, n.same_node_steals, n.cross_node_steals);
	nw_sched_destroy(sched);
	return result == FIB_N;
}

int main(void)
{
	/* Four workers on two nodes, whatever the machine has: only then is there a choice. */
	struct nw_topo_options machine = { .simulate_nodes = 2 };
	struct nw_crew_options crew = { .worker_count = 4, .oversubscribe = true };
	struct nw_topo *topo;
	bool is_right = nw_topo_open(&topo, &machine, NULL) == 0;

	if (!is_right)
		return 1;
	crew.topo = topo;
	for (int i = 0; i < NW_SCHED_POLICY_COUNT && is_right; i++)
		is_right = try_policy(&crew, (enum nw_sched_policy)i);
	nw_topo_close(topo);
	return is_right ? 0 : 1;
}

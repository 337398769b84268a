/* SPDX-License-Identifier: MIT */
/* This example shows how to run a function on every core, each thread pinned at its node. */
#include <nw/crew.h>

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static void say_hello(struct nw_crew_worker *worker, void *arg)
{
	atomic_uint *pinned_count = arg;

	printf("worker %" PRIu32 " of node %" PRIu32 " on CPU %" PRId32 ": %s\n",
	       worker->worker_idx, worker->node_idx, worker->cpu.id,
	       worker->is_pinned ? "pinned" : strerror(-worker->pin_reason));
	*pinned_count += worker->is_pinned;
}

int main(void)
{
	struct nw_topo_options machine = { 0 };
	struct nw_crew_options options = { .name = "hello" };
	struct nw_diag diag;
	struct nw_topo *topo;
	struct nw_crew *crew;
	atomic_uint pinned_count = 0;
	int rc;

	if (nw_topo_open(&topo, &machine, &diag) < 0) {
		fprintf(stderr, "crew_hello: %s\n", diag.text);
		return 1;
	}
	options.topo = topo;
	rc = nw_crew_start(&crew, &options, say_hello, &pinned_count, &diag);
	if (rc < 0) {
		fprintf(stderr, "crew_hello: %s\n", diag.text);
		nw_topo_close(topo);
		return 1;
	}
	nw_crew_join(crew);
	printf("%u of %" PRIu32 " pinned\n", pinned_count, nw_crew_worker_count(crew));
	nw_crew_destroy(crew);
	nw_topo_close(topo);
	return 0;
}

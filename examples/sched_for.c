/* SPDX-License-Identifier: MIT */
/* This example shows how to spread a loop over all cores.
 *
 *     cc sched_for.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/sched.h>

#include <inttypes.h>
#include <stdio.h>

enum { COUNT = 1000000 };

static uint32_t squares[COUNT];

/* A piece of the loop; pieces run in parallel, in any order. */
static void square(struct nw_here here, uint64_t begin, uint64_t end, void *arg)
{
	uint32_t *to = arg;

	(void)here; /* for who wants to know where it runs, or to fork further */
	for (uint64_t i = begin; i < end; i++)
		to[i] = (uint32_t)(i * i);
}

static void loop(struct nw_here here, void *arg)
{
	nw_for(here, 0, COUNT, 0, square, arg); /* 0: pieces as large as seems good */
}

int main(void)
{
	struct nw_topo *topo;
	struct nw_sched *sched;
	struct nw_diag diag;
	uint32_t wrong = 0;

	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0 ||
	    nw_sched_start(&sched, &(struct nw_crew_options){ .topo = topo }, NULL, &diag) < 0)
		return fprintf(stderr, "%s\n", diag.text), 1;
	if (nw_sched_run(sched, loop, squares) < 0)
		return fprintf(stderr, "the loop did not run\n"), 1;
	for (uint64_t i = 0; i < COUNT; i++)
		wrong += squares[i] != (uint32_t)(i * i);
	printf("%d squares, %" PRIu32 " wrong\n", COUNT, wrong);
	nw_sched_destroy(sched);
	nw_topo_close(topo);
	return wrong == 0 ? 0 : 1;
}

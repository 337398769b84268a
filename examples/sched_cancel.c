/* SPDX-License-Identifier: MIT */
/* This example shows how to stop a parallel search as soon as one has found.
 *
 *     cc sched_cancel.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/sched.h>

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

enum { GRAIN = 1000 };
static const uint64_t end_of_search = 100000000, product = UINT64_C(1000003) * 999983;

static _Atomic uint64_t factor, looked_at;

static void search(struct nw_here here, uint64_t begin, uint64_t end, void *arg)
{
	(void)arg;
	atomic_fetch_add(&looked_at, end - begin);
	for (uint64_t i = begin; i < end; i++) {
		if (product % i == 0) {
			atomic_store(&factor, i);
			nw_cancel_set(nw_here_cancel(here)); /* pieces not begun will not run */
		}
	}
}

static void search_all(struct nw_here here, void *arg)
{
	nw_for(here, 2, end_of_search, GRAIN, search, arg);
}

int main(void)
{
	struct nw_topo *topo;
	struct nw_sched *sched;
	struct nw_cancel cancel;
	struct nw_diag diag;

	nw_cancel_init(&cancel, NULL);
	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0 ||
	    nw_sched_start(&sched, &(struct nw_crew_options){ .topo = topo }, NULL, &diag) < 0)
		return fprintf(stderr, "%s\n", diag.text), 1;
	if (nw_sched_run_on(sched, search_all, NULL, NW_SCHED_NORMAL, NW_SCHED_ANY_NODE, &cancel) <
	    0)
		return fprintf(stderr, "it did not run\n"), 1;
	printf("%" PRIu64 " = %" PRIu64 " * %" PRIu64 ", found after %" PRIu64 " of %" PRIu64 "\n",
	       product, factor, product / factor, looked_at, end_of_search);
	nw_sched_destroy(sched);
	nw_topo_close(topo);
	return product % factor == 0 && looked_at < end_of_search - 2 ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * Crews: placing (on described machines too, since it is a pure function of a topology),
 * starting, pinning, parking, stopping, and a start that fails half way.
 *
 * pthread_create is wrapped by the linker, so that the n-th one can be made to fail.
 */
#include "nw_test.h"

#include "crew/place.h"
#include "os/heap.h"
#include "os/thread.h"

#include <dirent.h>
#include <errno.h>
#include <nw/crew.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

static atomic_int creates_left = -1; /* before pthread_create fails; below 0: never */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *arg);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *arg)
{
	if (creates_left >= 0 && atomic_fetch_sub(&creates_left, 1) == 0)
		return EAGAIN;
	return __real_pthread_create(thread, attr, run, arg);
}

static struct nw_topo *open_topo(const char *source, uint32_t simulate_nodes)
{
	struct nw_topo_options options = { .source = source, .simulate_nodes = simulate_nodes };
	struct nw_diag diag;
	struct nw_topo *topo;

	if (nw_topo_open(&topo, &options, &diag) < 0)
		FAIL("%s", diag.text);
	return topo;
}

struct counts {
	atomic_uint runs, pinned, misplaced, out_of_place;
};

static void count_run(struct nw_crew_worker *worker, void *arg)
{
	struct counts *counts = arg;

	atomic_fetch_add(&counts->runs, 1);
	atomic_fetch_add(&counts->pinned, worker->is_pinned);
	atomic_fetch_add(&counts->misplaced, sched_getcpu() != worker->cpu.id);
	atomic_fetch_add(&counts->out_of_place,
			 nw_crew_worker_at(worker->crew, worker->worker_idx) != worker);
}

TEST(all_zero_options_run_one_pinned_worker_a_core)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	struct nw_crew_options options = { .topo = topo };
	struct counts counts = { 0 };
	struct nw_crew *crew;

	CHECK_INT(nw_crew_start(&crew, &options, count_run, &counts, NULL), ==, 0);
	nw_crew_join(crew);
	nw_crew_join(crew);
	CHECK_INT(nw_crew_worker_count(crew), ==, nw_topo_core_count(topo));
	CHECK_INT(counts.runs, ==, nw_topo_core_count(topo));
	CHECK_INT(counts.pinned, ==, counts.runs);
	CHECK_INT(counts.misplaced, ==, 0);
	CHECK_INT(counts.out_of_place, ==, 0);
	nw_crew_destroy(crew);
	nw_topo_close(topo);
}

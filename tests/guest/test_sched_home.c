/* SPDX-License-Identifier: MIT */
/* Jobs that name a node, on a kernel that has several: they run there while work is balanced, and
 * the pages that they touch first are where the kernel says that they ran. */
#include "machine.h"

#include <nw/sched.h>

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>

enum { WAVES = 20, JOBS_EACH = 2, PAGE = 4096, NODES_MAX = 64 };

struct toucher {
	struct nw_job job;
	char *page; /* no policy: it gets memory where it is touched */
	nw_node node;
	_Atomic uint32_t *home_count;
};

/* Asks where the page is at once: the kernel's own balancing may move it later. */
static void touch(struct nw_here here, struct nw_job *job)
{
	struct toucher *toucher = (struct toucher *)(void *)job;
	struct nw_mem_map map;

	(void)here;
	memset(toucher->page, 1, PAGE);
	CHECK_INT(nw_mem_verify(toucher->page, PAGE, &map), ==, 0);
	if (map.on_node[toucher->node.id] == 1)
		atomic_fetch_add(toucher->home_count, 1);
}

/* Nodes with both CPUs and memory: elsewhere a first touch says nothing. */
static uint32_t whole_nodes(const struct nw_topo *topo, uint32_t *ret_idxs)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < nw_topo_node_count(topo) && count < NODES_MAX; i++)
		if (nw_topo_node_at(topo, i)->cpu_count > 0 && has_memory(topo, i))
			ret_idxs[count++] = i;
	return count;
}

/* One wave: as many jobs to each node as it has CPUs here, and a wait. */
static void touch_wave(struct nw_sched *sched, const struct nw_topo *topo, char *pages,
		       const uint32_t *node_idxs, uint32_t node_count, _Atomic uint32_t *home_count)
{
	static struct toucher touchers[NODES_MAX * JOBS_EACH];
	struct nw_group group;

	nw_group_init(&group);
	for (uint32_t k = 0; k < node_count * JOBS_EACH; k++) {
		struct nw_job *job = &touchers[k].job;

		nw_job_init(job, touch);
		touchers[k].page = pages + (size_t)k * PAGE;
		touchers[k].node = node_at(topo, node_idxs[k % node_count]);
		touchers[k].home_count = home_count;
		job->node_idx = node_idxs[k % node_count];
		job->data_bytes = 1 << 20;
		job->group = &group;
		while (nw_sched_submit(sched, job) == -EAGAIN)
			sched_yield();
	}
	CHECK_INT(nw_group_wait(&group), ==, 0);
}

TEST(nine_of_ten_jobs_run_on_the_node_they_name)
{
	struct nw_topo *topo = open_machine();
	struct nw_sched_options options = { .policy = NW_SCHED_NEAREST };
	struct nw_crew_options crew = { .topo = topo, .use_smt = true };
	uint32_t node_idxs[NODES_MAX], node_count = whole_nodes(topo, node_idxs), all;
	struct nw_sched_counters counters;
	_Atomic uint32_t page_count = 0;
	struct nw_sched *sched;
	struct nw_diag diag = { "" };
	struct nw_mem mem;

	all = node_count * JOBS_EACH * WAVES;
	if (nw_sched_start(&sched, &crew, &options, &diag) < 0)
		FAIL("%s", diag.text);
	CHECK_INT(nw_mem_alloc(&mem, NW_NODE_ANY, (size_t)all * PAGE, 0), ==, 0);
	for (size_t i = 0; i < WAVES; i++)
		touch_wave(sched, topo, (char *)mem.base + i * node_count * JOBS_EACH * PAGE,
			   node_idxs, node_count, &page_count);
	nw_sched_counters_sum(sched, &counters);
	printf("# %u jobs, %u at home by count, %u by their pages; %u left, %u refused to leave\n",
	       all, (unsigned)counters.hinted_home, atomic_load(&page_count),
	       (unsigned)counters.migrations, (unsigned)counters.refused_migrations);
	CHECK_INT(counters.hinted_jobs, ==, all);
	CHECK_INT(10 * counters.hinted_home, >=, 9 * all);
	CHECK_INT(10 * atomic_load(&page_count), >=, 9 * all);
	nw_sched_destroy(sched);
	nw_mem_free(&mem);
	nw_topo_close(topo);
}

/* SPDX-License-Identifier: MIT */
/* Crews on a kernel that has several nodes: a worker is where the library says, by the kernel's
 * own account, and what it owns lies on its node. */
#include "machine.h"

#include <nw/crew.h>

#include <sched.h>

enum { WORKER_COUNT_MAX = 1024 };

struct roll {
	const struct nw_topo *topo;
	uint32_t on_node[WORKER_COUNT_MAX]; /* by node_idx; counted after the join */
};

static void check_whereabouts(struct nw_crew_worker *worker, void *arg)
{
	const struct roll *roll = arg;
	unsigned cpu, node;
	cpu_set_t set;

	CHECK(worker->is_pinned);
	CHECK_INT(worker->pin_reason, ==, 0);
	CHECK_INT(sched_getaffinity(0, sizeof(set), &set), ==, 0);
	CHECK_INT(CPU_COUNT(&set), ==, 1);
	CHECK(CPU_ISSET((unsigned)worker->cpu.id, &set));
	CHECK_INT(getcpu(&cpu, &node), ==, 0);
	CHECK_INT(cpu, ==, worker->cpu.id);
	CHECK_INT(node, ==, node_at(roll->topo, worker->node_idx).id);
	if (has_memory(roll->topo, worker->node_idx)) {
		struct nw_mem_map map;

		CHECK_INT(nw_mem_verify(worker, sizeof(*worker), &map), ==, 0);
		CHECK_INT(map.on_node[node], ==, map.page_count);
	}
}

static void check_crew(struct roll *roll, const struct nw_crew_options *options)
{
	struct nw_diag diag = { "" };
	struct nw_crew *crew;

	if (nw_crew_start(&crew, options, check_whereabouts, roll, &diag) < 0)
		FAIL("%s", diag.text);
	nw_crew_join(crew);
	memset(roll->on_node, 0, sizeof(roll->on_node));
	for (uint32_t i = 0; i < nw_crew_worker_count(crew); i++)
		roll->on_node[nw_crew_worker_at(crew, i)->node_idx]++;
	nw_crew_destroy(crew);
}

TEST(one_worker_a_core_each_on_its_cpu_and_node)
{
	static struct roll roll;
	struct nw_topo *topo = open_machine();

	roll.topo = topo;
	check_crew(&roll, &(struct nw_crew_options){ .topo = topo });
	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++)
		CHECK_INT(roll.on_node[i], ==, nw_topo_node_at(topo, i)->core_count);
	nw_topo_close(topo);
}

TEST(a_crew_of_one_node_has_workers_there_only)
{
	static struct roll roll;
	struct nw_topo *topo = open_machine();

	roll.topo = topo;
	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		if (nw_topo_node_at(topo, i)->cpu_count == 0)
			continue;
		check_crew(&roll, &(struct nw_crew_options){
					  .topo = topo, .node_idxs = &i, .node_idx_count = 1 });
		for (uint32_t j = 0; j < nw_topo_node_count(topo); j++) {
			CHECK_INT(roll.on_node[j], ==,
				  j == i ? nw_topo_node_at(topo, i)->core_count : 0);
		}
	}
	nw_topo_close(topo);
}

static void do_nothing(struct nw_crew_worker *worker, void *arg)
{
	(void)worker;
	(void)arg;
}

/* SLIT distance of the closest node with CPUs. */
static uint32_t nearest_cpus(const struct nw_topo *topo, uint32_t node_idx)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		uint32_t distance = nw_topo_distance(topo, node_idx, i);

		if (nw_topo_node_at(topo, i)->cpu_count > 0 && distance < best)
			best = distance;
	}
	return best;
}

TEST(every_node_is_served_from_itself_or_from_the_nearest_with_cpus)
{
	struct nw_topo *topo = open_machine();
	struct nw_diag diag = { "" };
	struct nw_crew *crew;

	if (nw_crew_start(&crew, &(struct nw_crew_options){ .topo = topo }, do_nothing, NULL,
			  &diag) < 0)
		FAIL("%s", diag.text);
	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		for (uint32_t turn = 0; turn < 5; turn++) {
			uint32_t at = nw_crew_server_of(crew, i, turn);
			uint32_t from = nw_crew_worker_at(crew, at)->node_idx;

			CHECK_INT(nw_topo_distance(topo, i, from), ==, nearest_cpus(topo, i));
		}
	}
	nw_crew_destroy(crew);
	nw_topo_close(topo);
}

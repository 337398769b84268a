/* SPDX-License-Identifier: MIT */
/*
 * topo: this machine against the kernel's own answers, described machines against their
 * descriptions, and the dealing of CPUs to pretended nodes.
 * Invariant: no case depends on how many nodes or CPUs the machine under test has.
 */
#include "nw_test.h"

#include "topo/internal.h"

#include <errno.h>
#include <sched.h>

#define GOLDEN NW_SOURCE_DIR "/tests/golden/topo/"

static struct nw_topo *open_source(const char *source)
{
	struct nw_topo_options options = { .source = source };
	struct nw_diag diag = { "" };
	struct nw_topo *topo = NULL;

	if (nw_topo_open(&topo, &options, &diag) != 0)
		FAIL("%s: %s", source ? source : "this machine", diag.text);
	return topo;
}

/* What every topology promises, wherever it comes from. */
static void check_tables(const struct nw_topo *topo)
{
	uint32_t listed = 0, last_core = 0;

	CHECK_INT(nw_topo_node_count(topo), >=, 1);
	CHECK_INT(nw_topo_cpu_count(topo), >=, 1);
	for (uint32_t i = 0; i < nw_topo_cpu_count(topo); i++) {
		const struct nw_topo_cpu *cpu = nw_topo_cpu_at(topo, i);

		CHECK(i == 0 || cpu->cpu.id > nw_topo_cpu_at(topo, i - 1)->cpu.id);
		CHECK_INT(cpu->node_idx, <, nw_topo_node_count(topo));
		CHECK_INT(cpu->package_idx, <, nw_topo_package_count(topo));
		last_core = cpu->core_idx > last_core ? cpu->core_idx : last_core;
	}
	CHECK_INT(last_core + 1, ==, nw_topo_core_count(topo));
	for (uint32_t j = 0; j < nw_topo_node_count(topo); j++) {
		const struct nw_topo_node *node = nw_topo_node_at(topo, j);
		uint32_t count;
		const uint32_t *list = nw_topo_node_cpus(topo, j, &count);

		CHECK(j == 0 || node->node.id > nw_topo_node_at(topo, j - 1)->node.id);
		CHECK_INT(nw_topo_node_idx(topo, node->node), ==, j);
		CHECK_INT(node->cpu_count, ==, count);
		CHECK_INT(node->core_count, <=, count);
		listed += count;
		for (uint32_t i = 1; i < count; i++)
			CHECK_INT(list[i], >, list[i - 1]);
		for (uint32_t i = 0; i < count; i++)
			CHECK_INT(nw_topo_cpu_at(topo, list[i])->node_idx, <=, j);
	}
	CHECK_INT(listed, >=, nw_topo_cpu_count(topo));
}

static void check_order(const struct nw_topo *topo)
{
	uint32_t n = nw_topo_node_count(topo), order[64], seen = 0;

	CHECK_INT(n, <=, 64);
	for (uint32_t from = 0; from < n; from++) {
		nw_topo_nearest(topo, from, order);
		CHECK_INT(order[0], ==, from);
		seen = 0;
		for (uint32_t i = 0; i < n; i++) {
			seen += order[i];
			CHECK(i < 2 || nw_topo_distance(topo, from, order[i]) >=
					       nw_topo_distance(topo, from, order[i - 1]));
		}
		CHECK_INT(seen, ==, n * (n - 1) / 2);
	}
}

TEST(this_machine_has_the_cpus_of_its_affinity)
{
	struct nw_topo *topo = open_source(NULL);
	cpu_set_t set;

	CHECK_INT(sched_getaffinity(0, sizeof(set), &set), ==, 0);
	CHECK_INT(nw_topo_kind(topo), ==, NW_TOPO_MACHINE);
	CHECK_INT(nw_topo_cpu_count(topo), ==, CPU_COUNT(&set));
	for (uint32_t i = 0; i < nw_topo_cpu_count(topo); i++)
		CHECK(CPU_ISSET((size_t)nw_topo_cpu_at(topo, i)->cpu.id, &set));
	check_tables(topo);
	nw_topo_close(topo);
}

TEST(null_options_mean_this_machine)
{
	struct nw_topo *topo;

	CHECK_INT(nw_topo_open(&topo, NULL, NULL), ==, 0);
	CHECK_INT(nw_topo_kind(topo), ==, NW_TOPO_MACHINE);
	nw_topo_close(topo);
	nw_topo_close(NULL);
}

TEST(affinity_leaves_one_cpu)
{
	struct nw_topo *topo = open_source(NULL);
	int id = nw_topo_cpu_at(topo, nw_topo_cpu_count(topo) - 1)->cpu.id;
	cpu_set_t one, before;

	nw_topo_close(topo);
	CPU_ZERO(&one);
	CPU_SET((size_t)id, &one);
	CHECK_INT(sched_getaffinity(0, sizeof(before), &before), ==, 0);
	CHECK_INT(sched_setaffinity(0, sizeof(one), &one), ==, 0);
	topo = open_source(NULL);
	CHECK_INT(nw_topo_cpu_count(topo), ==, 1);
	CHECK_INT(nw_topo_core_count(topo), ==, 1);
	CHECK_INT(nw_topo_cpu_at(topo, 0)->cpu.id, ==, id);
	CHECK_INT(nw_topo_cpu_at(topo, 0)->smt_idx, ==, 0);
	check_tables(topo);
	nw_topo_close(topo);
	CHECK_INT(sched_setaffinity(0, sizeof(before), &before), ==, 0);
}

TEST(ids_may_have_holes)
{
	struct nw_topo *topo = open_source("synthetic:numa:3(indexes=9,1,700) pu:2");

	CHECK_INT(nw_topo_node_count(topo), ==, 3);
	CHECK_INT(nw_topo_node_at(topo, 0)->node.id, ==, 1);
	CHECK_INT(nw_topo_node_at(topo, 2)->node.id, ==, 700);
	CHECK_INT(nw_topo_node_idx(topo, (nw_node){ 700 }), ==, 2);
	CHECK_INT(nw_topo_node_idx(topo, (nw_node){ 0 }), ==, -ENODEV);
	CHECK_INT(nw_topo_node_idx(topo, (nw_node){ 1023 }), ==, -ENODEV);
	CHECK_INT(nw_topo_node_idx(topo, NW_NODE_ANY), ==, -ENODEV);
	/* The first node described is node 9, so it has the CPUs 0 and 1. */
	CHECK_INT(nw_topo_cpu_at(topo, 0)->node_idx, ==, 1);
	check_tables(topo);
	nw_topo_close(topo);
}

TEST(distances_are_10_and_20_where_none_are_given)
{
	struct nw_topo *topo = open_source("synthetic:numa:4 pu:1");
	uint32_t order[4];

	for (uint32_t i = 0; i < 16; i++)
		CHECK_INT(nw_topo_distance(topo, i / 4, i % 4), ==, i / 4 == i % 4 ? 10 : 20);
	/* Equals come in ring order. */
	nw_topo_nearest(topo, 2, order);
	CHECK_INT(order[0], ==, 2);
	CHECK_INT(order[1], ==, 3);
	CHECK_INT(order[2], ==, 0);
	CHECK_INT(order[3], ==, 1);
	nw_topo_close(topo);
}

TEST(distances_are_read_and_may_be_asymmetric)
{
	struct nw_topo *topo = open_source("xml:" GOLDEN "four-nodes-asymmetric/topology.xml");
	uint32_t order[4];

	CHECK_INT(nw_topo_distance(topo, 0, 2), ==, 16);
	CHECK_INT(nw_topo_distance(topo, 2, 0), ==, 17);
	nw_topo_nearest(topo, 2, order);
	CHECK_INT(order[1], ==, 3);
	CHECK_INT(order[2], ==, 0);
	CHECK_INT(order[3], ==, 1);
	check_order(topo);
	nw_topo_close(topo);
}

TEST(memory_only_node_has_no_cpu_and_a_place_in_the_order)
{
	struct nw_topo *topo = open_source("xml:" GOLDEN "memory-only/topology.xml");
	uint32_t count, order[3];

	CHECK_INT(nw_topo_node_count(topo), ==, 3);
	CHECK(nw_topo_node_cpus(topo, 2, &count) != NULL);
	CHECK_INT(count, ==, 0);
	CHECK_INT(nw_topo_node_at(topo, 2)->memory_bytes, ==, INT64_C(256) << 30);
	nw_topo_nearest(topo, 0, order);
	CHECK_INT(order[1], ==, 2);
	check_tables(topo);
	nw_topo_close(topo);
}

TEST(node_without_memory_keeps_its_cpus)
{
	struct nw_topo *topo = open_source("xml:" GOLDEN "cpus-without-memory/topology.xml");

	CHECK_INT(nw_topo_node_count(topo), ==, 3);
	CHECK_INT(nw_topo_node_at(topo, 1)->memory_bytes, ==, 0);
	CHECK_INT(nw_topo_node_at(topo, 1)->cpu_count, ==, 2);
	check_tables(topo);
	nw_topo_close(topo);
}

TEST(cgroup_hides_cpus_and_renumbers_siblings)
{
	struct nw_topo *topo = open_source("xml:" GOLDEN "cgroup/topology.xml");
	static const int ids[] = { 0, 2, 3, 9 }, smt[] = { 0, 0, 1, 0 };

	CHECK_INT(nw_topo_cpu_count(topo), ==, 4);
	for (uint32_t i = 0; i < 4; i++) {
		CHECK_INT(nw_topo_cpu_at(topo, i)->cpu.id, ==, ids[i]);
		CHECK_INT(nw_topo_cpu_at(topo, i)->smt_idx, ==, smt[i]);
	}
	check_tables(topo);
	nw_topo_close(topo);
}

TEST(caches_say_who_shares_them)
{
	struct nw_topo *topo = open_source("synthetic:pack:2 l3:1(size=8MiB) l2:2 core:2 pu:2");

	CHECK_INT(nw_topo_cache_count(topo), ==, 2);
	CHECK_INT(nw_topo_cache_at(topo, 0)->level, ==, 2);
	CHECK_INT(nw_topo_cache_at(topo, 0)->cache_count, ==, 4);
	CHECK_INT(nw_topo_cache_at(topo, 0)->cpus_per_cache, ==, 4);
	CHECK_INT(nw_topo_cache_at(topo, 1)->bytes, ==, 8 << 20);
	CHECK_INT(nw_topo_cache_at(topo, 1)->cpus_per_cache, ==, 8);
	CHECK_INT(nw_topo_cpu_cache(topo, 0, 0), ==, nw_topo_cpu_cache(topo, 3, 0));
	CHECK_INT(nw_topo_cpu_cache(topo, 0, 0), !=, nw_topo_cpu_cache(topo, 4, 0));
	CHECK_INT(nw_topo_cpu_cache(topo, 0, 1), ==, nw_topo_cpu_cache(topo, 7, 1));
	CHECK_INT(nw_topo_cpu_cache(topo, 7, 1), !=, nw_topo_cpu_cache(topo, 8, 1));
	nw_topo_close(topo);
}

static void check_dealt(const struct nw_topo *topo, uint32_t node_count)
{
	uint32_t cpu_count = nw_topo_cpu_count(topo), core_count = nw_topo_core_count(topo);

	CHECK_INT(nw_topo_kind(topo), ==, NW_TOPO_SIMULATED);
	CHECK_INT(nw_topo_node_count(topo), ==, node_count);
	check_tables(topo);
	for (uint32_t j = 0; j < node_count; j++) {
		const struct nw_topo_node *node = nw_topo_node_at(topo, j);

		CHECK_INT(node->node.id, ==, j);
		CHECK_INT(node->cpu_count, >=, 1);
		CHECK(node_count <= cpu_count || node->cpu_count == 1);
		/* Shares of cores differ by one at most. */
		CHECK(node_count > core_count || node->core_count == core_count / node_count ||
		      node->core_count == core_count / node_count + 1);
	}
	CHECK_INT(nw_topo_distance(topo, 0, 0), ==, 10);
	CHECK(node_count < 2 || nw_topo_distance(topo, 1, 0) == 20);
}

TEST(simulated_nodes_share_out_this_machine)
{
	static const uint32_t counts[] = { 1, 2, 3, 6, 64, 1024 };
	struct nw_topo *real = open_source(NULL);

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct nw_topo_options options = { .simulate_nodes = counts[i] };
		struct nw_topo *topo;

		CHECK_INT(nw_topo_open(&topo, &options, NULL), ==, 0);
		check_dealt(topo, counts[i]);
		CHECK_INT(nw_topo_cpu_count(topo), ==, nw_topo_cpu_count(real));
		for (uint32_t j = 0; j < counts[i]; j++)
			CHECK_INT(nw_topo_node_idx(real, nw_topo_node_at(topo, j)->memory_node), >=,
				  0);
		nw_topo_close(topo);
	}
	nw_topo_close(real);
}

TEST(dealing_keeps_cores_together_while_there_are_enough)
{
	/* Two real nodes, four cores of two threads each. */
	struct nw_topo *topo = open_source(
		"synthetic:numa:2(memory=8GiB) core:2 pu:2(indexes=0,4,1,5,2,6,3,7)");

	CHECK_INT(nwi_topo_simulate(topo, 3), ==, 0);
	check_dealt(topo, 3);
	for (uint32_t i = 0; i < 4; i++)
		CHECK_INT(nw_topo_cpu_at(topo, i)->node_idx, ==,
			  nw_topo_cpu_at(topo, i + 4)->node_idx);
	/* Cores 0 and 1, 2, 3; memory of node 0, 1, 1. */
	CHECK_INT(nw_topo_node_at(topo, 0)->core_count, ==, 2);
	CHECK_INT(nw_topo_node_at(topo, 1)->core_count, ==, 1);
	CHECK_INT(nw_topo_node_at(topo, 0)->memory_node.id, ==, 0);
	CHECK_INT(nw_topo_node_at(topo, 2)->memory_node.id, ==, 1);
	CHECK_INT(nw_topo_node_at(topo, 0)->memory_bytes, ==, INT64_C(8) << 30);
	CHECK_INT(nw_topo_node_at(topo, 2)->memory_bytes, ==, INT64_C(4) << 30);
	nw_topo_close(topo);
}

TEST(dealing_splits_cores_when_nodes_are_more)
{
	struct nw_topo *topo = open_source("synthetic:core:2 pu:4");

	CHECK_INT(nwi_topo_simulate(topo, 4), ==, 0);
	check_dealt(topo, 4);
	for (uint32_t i = 0; i < 8; i++)
		CHECK_INT(nw_topo_cpu_at(topo, i)->node_idx, ==, i / 2);
	nw_topo_close(topo);
}

TEST(more_nodes_than_cpus_list_a_cpu_twice)
{
	struct nw_topo *topo = open_source("synthetic:core:2 pu:1");
	static const uint32_t expected[] = { 0, 0, 0, 1, 1 };

	CHECK_INT(nwi_topo_simulate(topo, 5), ==, 0);
	check_dealt(topo, 5);
	for (uint32_t j = 0; j < 5; j++) {
		uint32_t count;
		const uint32_t *list = nw_topo_node_cpus(topo, j, &count);

		CHECK_INT(count, ==, 1);
		CHECK_INT(list[0], ==, expected[j]);
	}
	CHECK_INT(nw_topo_cpu_at(topo, 1)->node_idx, ==, 3);
	nw_topo_close(topo);
}

/* The code, a word the line must name, and the output left alone. */
static void check_refused(const char *source, uint32_t simulate_nodes, int code, const char *word)
{
	struct nw_topo_options options = { source, simulate_nodes };
	struct nw_topo *topo = NULL;
	struct nw_diag diag = { "" };

	CHECK_INT(nw_topo_open(&topo, &options, &diag), ==, code);
	CHECK(topo == NULL);
	CHECK(!strchr(diag.text, '\n'));
	if (!strstr(diag.text, word))
		FAIL("'%s' does not name '%s'", diag.text, word);
	CHECK_INT(nw_topo_open(&topo, &options, NULL), ==, code);
}

TEST(bad_sources_are_named)
{
	check_refused("", 0, -EINVAL, "synthetic:");
	check_refused("numa:2", 0, -EINVAL, "numa:2");
	check_refused("synthetic:", 0, -EINVAL, "no levels");
	check_refused("synthetic:pack:2 ( pu:1", 0, -EINVAL, "(");
	check_refused("synthetic:pack:2\nfrob:1 pu:1", 0, -EINVAL, "frob:1");
	check_refused("synthetic:pack:2 frob:3 pu:1", 0, -EINVAL, "'frob:3'");
	check_refused("synthetic:pu:0", 0, -EINVAL, "'pu:0'");
	check_refused("synthetic:pu:99999", 0, -E2BIG, "8192");
	check_refused("synthetic:core:99999999999999999999 pu:2", 0, -E2BIG, "8192");
	check_refused("synthetic:numa:1(indexes=2000) pu:2", 0, -E2BIG, "2000");
	check_refused("xml:/no/such/file", 0, -ENOENT, "/no/such/file");
	check_refused("xml:", 0, -ENOENT, "''");
	check_refused("xml:/", 0, -EINVAL, "regular");
	check_refused("xml:/dev/zero", 0, -EINVAL, "/dev/zero");
	check_refused("xml:" GOLDEN "not-xml.txt", 0, -EINVAL, "not-xml.txt");
	check_refused("xml:" GOLDEN "cut.txt", 0, -EINVAL, "cut.txt");
	check_refused(NULL, 1025, -EINVAL, "1025");
	check_refused("synthetic:pu:2", 2, -EINVAL, "source");
}

TEST(hwlocs_environment_cannot_swap_the_machine)
{
	CHECK_INT(setenv("HWLOC_SYNTHETIC", "numa:4 pu:4", 1), ==, 0);
	check_refused(NULL, 0, -EINVAL, "HWLOC_");
	check_refused(NULL, 2, -EINVAL, "HWLOC_");
	CHECK_INT(unsetenv("HWLOC_SYNTHETIC"), ==, 0);
}

TEST(largest_topology_opens)
{
	struct nw_topo *topo = open_source("synthetic:numa:64 l3:4 core:16 pu:2");

	CHECK_INT(nw_topo_cpu_count(topo), ==, 8192);
	check_tables(topo);
	nw_topo_close(topo);
}

TEST(nic_names_are_checked_and_virtual_ones_have_no_node)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "../lo", "sixteen-letters-" };
	struct nw_topo *topo = open_source(NULL), *other = open_source("synthetic:pu:2");
	nw_node node = { 77 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(nw_topo_nic_node(topo, bad[i], &node), ==, -EINVAL);
	CHECK_INT(nw_topo_nic_node(topo, "nosuchif0", &node), ==, -ENODEV);
	CHECK_INT(nw_topo_nic_node(other, "lo", &node), ==, -ENODEV);
	CHECK_INT(node.id, ==, 77);
	nw_topo_close(other);
	if (access("/sys/class/net/lo", F_OK) != 0)
		SKIP("no /sys/class/net/lo here");
	CHECK_INT(nw_topo_nic_node(topo, "lo", &node), ==, 0);
	CHECK_INT(node.id, ==, NW_NODE_ANY.id);
	nw_topo_close(topo);
}

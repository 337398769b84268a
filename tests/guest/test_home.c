/* SPDX-License-Identifier: MIT */
/* An exploration on a kernel that has several nodes: the count is exact, every check is made at
 * home, and home is where the kernel says the seen-set's pages are. */
#include "machine.h"

#include <nw/explore.h>
#include <nw/models.h>

enum { NODE_COUNT_MAX = NW_NODE_ID_MAX + 1 };

struct space {
	const char *model;
	const char *names[2], *values[2];
	size_t parameter_count;
	uint64_t state_count;
	uint32_t level_count;
};

/* Half of 9! boards, each reached in several ways. */
static const struct space slide = { "slide", { "size" }, { "3x3" }, 1, 181440, 32 };
/* Sum of 4^k for k in 0..8, each reached in one way: few levels, soon done. */
static const struct space tree = { "tree", { "depth", "branch" }, { "8", "4" }, 2, 87381, 9 };

struct search {
	struct nw_topo *topo;
	struct nw_explore *explore;
	void *model_data;
	struct nw_explore_report report;
};

static void configure(struct search *search, const struct space *space,
		      struct nw_explore_options *options)
{
	struct nw_diag diag = { "" };

	options->model = nw_model_find(space->model);
	CHECK(options->model);
	if (options->model->configure(&search->model_data, space->names, space->values,
				      space->parameter_count, &diag) < 0)
		FAIL("%s", diag.text);
	options->model_data = search->model_data;
}

/* One worker a node: an emulated CPU is slow, and workers that wait take from those that work. */
static void run(struct search *search, const struct space *space, struct nw_explore_options options)
{
	static uint32_t idxs[NODE_COUNT_MAX];
	struct nw_diag diag = { "" };

	search->topo = open_machine();
	options.topo = search->topo;
	options.node_idxs = idxs;
	for (uint32_t i = 0; i < nw_topo_node_count(options.topo); i++) {
		if (nw_topo_node_at(options.topo, i)->cpu_count > 0)
			idxs[options.node_idx_count++] = i;
	}
	options.worker_count = options.node_idx_count;
	configure(search, space, &options);
	if (nw_explore_create(&search->explore, &options, &diag) < 0)
		FAIL("%s", diag.text);
	CHECK_INT(nw_explore_run(search->explore), ==, NW_EXPLORE_DONE);
	nw_explore_report(search->explore, &search->report);
	CHECK_INT(search->report.total.distinct, ==, space->state_count);
	CHECK_INT(search->report.depth, ==, space->level_count);
	CHECK_INT(search->report.unpinned_count, ==, 0);
	CHECK(!search->report.is_simulated);
}

static void end(struct search *search, const struct space *space)
{
	nw_explore_destroy(search->explore);
	nw_model_find(space->model)->dispose(search->model_data);
	nw_topo_close(search->topo);
}

/* Every page of the seen-set that has memory is where the library says, and every node with
 * memory and a worker holds a part of it. */
static void check_regions(const struct search *search)
{
	uint64_t pages_on[NODE_COUNT_MAX] = { 0 };
	struct nw_explore_region region;
	size_t count = 0;

	for (; nw_explore_region_at(search->explore, count, &region); count++) {
		struct nw_mem_map map;

		CHECK_INT(nw_mem_verify(region.base, region.n_bytes, &map), ==, 0);
		CHECK_INT(map.failed_count, ==, 0);
		CHECK_INT(map.on_node[region.memory_node.id] + map.untouched_count, ==,
			  map.page_count);
		pages_on[region.memory_node.id] += map.on_node[region.memory_node.id];
		if (has_memory(search->topo, region.node_idx))
			CHECK_INT(region.memory_node.id, ==,
				  node_at(search->topo, region.node_idx).id);
	}
	CHECK_INT(count, >=, search->report.node_count);
	for (uint32_t i = 0; i < nw_topo_node_count(search->topo); i++) {
		if (has_memory(search->topo, i) && nw_topo_node_at(search->topo, i)->cpu_count > 0)
			CHECK_INT(pages_on[node_at(search->topo, i).id], >, 0);
	}
}

/* A worker's checks are local exactly when its node has memory of its own. */
static void check_counts(const struct search *search)
{
	uint64_t checks = 0;

	for (uint32_t w = 0; w < search->report.worker_count; w++) {
		struct nw_explore_counts counts;
		uint32_t node_idx;
		nw_cpu cpu;

		nw_explore_worker_counts(search->explore, w, &counts, &node_idx, &cpu);
		CHECK_INT(counts.checks, >, 0);
		CHECK_INT(counts.local_checks, ==,
			  has_memory(search->topo, node_idx) ? counts.checks : 0);
		checks += counts.checks;
	}
	CHECK_INT(checks, ==, search->report.total.checks);
}

static void check_at_home(const struct space *space, struct nw_explore_options options)
{
	static struct search search;

	run(&search, space, options);
	check_regions(&search);
	check_counts(&search);
	end(&search, space);
}

TEST(candidates_sent_in_batches_are_checked_at_home)
{
	check_at_home(&slide, (struct nw_explore_options){ .route = NW_ROUTE_BATCH });
}

TEST(fingerprints_sent_first_are_checked_at_home)
{
	check_at_home(&slide, (struct nw_explore_options){ .route = NW_ROUTE_FP_FIRST });
}

TEST(a_shard_shared_by_its_node_is_at_home)
{
	check_at_home(&tree, (struct nw_explore_options){ .route = NW_ROUTE_BATCH,
							  .owner = NW_OWNER_NODE });
}

TEST(whole_states_are_kept_at_home_too)
{
	check_at_home(&tree, (struct nw_explore_options){ .exact = true });
}

/* The baseline: the same memory at the same homes, looked up from wherever a state was made. */
TEST(checks_made_anywhere_are_often_remote)
{
	static struct search search;

	run(&search, &tree, (struct nw_explore_options){ .route = NW_ROUTE_ANYWHERE });
	check_regions(&search);
	CHECK_INT(search.report.total.local_checks, <, search.report.total.checks / 4 * 3);
	end(&search, &tree);
}

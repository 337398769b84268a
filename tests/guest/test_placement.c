/* SPDX-License-Identifier: MIT */
/* Memory with a home, on a kernel that has several nodes: each claim of <nw/mem.h>, <nw/arena.h>
 * and <nw/slab.h> about where pages are is read back from the kernel, page by page. */
#include "machine.h"

#include <nw/arena.h>
#include <nw/crew.h>
#include <nw/slab.h>
#include <nw/stats.h>

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

enum {
	BLOCK_BYTES = 4 << 20,
	HUGE_BYTES = 2 << 20,
	ITEM_BYTES = 192,
	ITEM_COUNT = 2000, /* some 400 KiB: several blocks of a slab */
	WORKER_COUNT_MAX = 64,
};

static void check_bound_block(nw_node node, size_t n_bytes, unsigned flags)
{
	struct nw_mem mem;

	CHECK_INT(nw_mem_alloc(&mem, node, n_bytes, flags), ==, 0);
	CHECK_INT(mem.level, ==, NW_MEM_BOUND);
	CHECK_INT(mem.reason, ==, 0);
	CHECK_INT(mem.node.id, ==, node.id);
	check_home(mem.base, mem.n_bytes, node);
	nw_mem_free(&mem);
}

TEST(every_page_of_a_bound_block_is_on_its_node)
{
	static const unsigned flags[] = { 0, NW_MEM_STRICT, NW_MEM_PREFAULT, NW_MEM_HUGE };
	struct nw_topo *topo = open_machine();

	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		for (size_t f = 0; has_memory(topo, i) && f < sizeof(flags) / sizeof(*flags); f++)
			check_bound_block(node_at(topo, i), BLOCK_BYTES, flags[f]);
	}
	nw_topo_close(topo);
}

static void bind_everywhere(struct nw_crew_worker *worker, void *arg)
{
	const struct nw_topo *topo = arg;

	CHECK(worker->is_pinned);
	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		if (has_memory(topo, i))
			check_bound_block(node_at(topo, i), BLOCK_BYTES / 4, 0);
	}
}

static void run_crew(const struct nw_crew_options *options, nw_crew_fn *run, void *arg)
{
	struct nw_diag diag = { "" };
	struct nw_crew *crew;

	if (nw_crew_start(&crew, options, run, arg, &diag) < 0)
		FAIL("%s", diag.text);
	nw_crew_join(crew);
	nw_crew_destroy(crew);
}

TEST(whoever_touches_a_bound_page_first_it_is_on_its_node)
{
	struct nw_topo *topo = open_machine();

	run_crew(&(struct nw_crew_options){ .topo = topo }, bind_everywhere, topo);
	nw_topo_close(topo);
}

static void alloc_local(struct nw_crew_worker *worker, void *arg)
{
	const struct nw_topo *topo = arg;
	nw_node node = node_at(topo, worker->node_idx);
	struct nw_mem mem;

	CHECK_INT(nw_mem_alloc(&mem, NW_NODE_ANY, BLOCK_BYTES / 4, NW_MEM_LOCAL), ==, 0);
	CHECK_INT(mem.node.id, ==, node.id);
	if (has_memory(topo, worker->node_idx)) {
		CHECK_INT(mem.level, ==, NW_MEM_BOUND);
		check_home(mem.base, mem.n_bytes, node);
	} else {
		CHECK_INT(mem.level, !=, NW_MEM_BOUND);
		CHECK_INT(mem.reason, <, 0);
		check_near(topo, mem.base, mem.n_bytes, worker->node_idx);
	}
	nw_mem_free(&mem);
}

TEST(local_memory_is_on_the_node_of_the_caller_s_cpu)
{
	struct nw_topo *topo = open_machine();

	run_crew(&(struct nw_crew_options){ .topo = topo }, alloc_local, topo);
	nw_topo_close(topo);
}

/* No node's share of an interleaved block is further than page_slack from the mean. */
static void check_spread(const struct nw_topo *topo, size_t n_bytes, unsigned flags,
			 uint64_t page_slack)
{
	uint32_t memory_count = 0;
	struct nw_mem_map map;
	struct nw_mem mem;

	CHECK_INT(nw_mem_alloc(&mem, NW_NODE_ANY, n_bytes, NW_MEM_INTERLEAVE | flags), ==, 0);
	CHECK_INT(mem.level, ==, NW_MEM_BOUND);
	map = pages_of(mem.base, mem.n_bytes);
	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++)
		memory_count += has_memory(topo, i);
	CHECK_INT(memory_count, >=, 2);
	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		uint64_t n = map.on_node[node_at(topo, i).id];
		uint64_t share = map.page_count / memory_count;

		if (has_memory(topo, i)) {
			CHECK_INT(n + page_slack, >=, share);
			CHECK_INT(n, <=, share + page_slack);
		} else {
			CHECK_INT(n, ==, 0);
		}
	}
	nw_mem_free(&mem);
}

TEST(interleaved_base_pages_go_to_the_nodes_in_turn)
{
	struct nw_topo *topo = open_machine();

	check_spread(topo, BLOCK_BYTES, 0, 1);
	nw_topo_close(topo);
}

TEST(interleaved_huge_pages_are_spread_evenly_too)
{
	struct nw_topo *topo = open_machine();

	check_spread(topo, 12 * BLOCK_BYTES, NW_MEM_HUGE, HUGE_BYTES / 4096);
	nw_topo_close(topo);
}

/* hugetlb pages that the node has free; they are reserved when the guest starts. */
static unsigned long huge_free(nw_node node)
{
	char path[128], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/free_hugepages",
		 node.id);
	file = fopen(path, "r");
	if (!file)
		return 0;
	CHECK(fgets(text, sizeof(text), file));
	fclose(file);
	return strtoul(text, NULL, 10);
}

TEST(huge_pages_come_from_the_node_s_own_pool)
{
	struct nw_topo *topo = open_machine();
	uint32_t tried_count = 0;

	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		unsigned long before = huge_free(node_at(topo, i));
		struct nw_mem mem;

		if (before < 2)
			continue;
		CHECK_INT(nw_mem_alloc(&mem, node_at(topo, i), 2 * HUGE_BYTES, NW_MEM_HUGE), ==, 0);
		CHECK_INT(mem.pages, ==, NW_MEM_PAGES_2M);
		CHECK_INT(mem.level, ==, NW_MEM_BOUND);
		CHECK_INT(huge_free(node_at(topo, i)), ==, before - 2);
		check_home(mem.base, mem.n_bytes, node_at(topo, i));
		nw_mem_free(&mem);
		CHECK_INT(huge_free(node_at(topo, i)), ==, before);
		tried_count++;
	}
	nw_topo_close(topo);
	if (tried_count == 0)
		SKIP("no node has two 2 MiB pages reserved");
}

TEST(a_node_whose_huge_pages_are_taken_gives_smaller_ones_not_another_node_s)
{
	struct nw_topo *topo = open_machine();
	unsigned long before = huge_free(node_at(topo, 0));
	struct nw_mem mem;

	if (before == 0)
		SKIP("node 0 has no 2 MiB page reserved");
	CHECK_INT(nw_mem_alloc(&mem, node_at(topo, 0), (before + 1) * HUGE_BYTES, NW_MEM_HUGE), ==,
		  0);
	CHECK_INT(mem.pages, !=, NW_MEM_PAGES_2M);
	CHECK_INT(mem.level, ==, NW_MEM_BOUND);
	check_home(mem.base, mem.n_bytes, node_at(topo, 0));
	nw_mem_free(&mem);
	nw_topo_close(topo);
}

TEST(a_node_that_does_not_exist_is_an_error)
{
	struct nw_topo *topo = open_machine();
	int id = node_at(topo, nw_topo_node_count(topo) - 1).id + 1;
	struct nw_mem mem;

	CHECK_INT(nw_mem_alloc(&mem, (nw_node){ (int16_t)id }, BLOCK_BYTES, 0), ==, -ENODEV);
	nw_topo_close(topo);
}

TEST(a_node_without_memory_says_so_and_the_nearest_one_gives)
{
	struct nw_topo *topo = open_machine();
	uint32_t tried_count = 0;

	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		struct nw_mem mem;

		if (has_memory(topo, i))
			continue;
		CHECK_INT(nw_mem_alloc(&mem, node_at(topo, i), BLOCK_BYTES, NW_MEM_STRICT), ==,
			  -ENODEV);
		CHECK_INT(nw_mem_alloc(&mem, node_at(topo, i), BLOCK_BYTES, 0), ==, 0);
		CHECK_INT(mem.level, !=, NW_MEM_BOUND);
		CHECK_INT(mem.reason, <, 0);
		(void)pages_of(mem.base, mem.n_bytes);
		nw_mem_free(&mem);
		tried_count++;
	}
	nw_topo_close(topo);
	if (tried_count == 0)
		SKIP("every node has memory");
}

TEST(a_node_without_cpus_gives_memory)
{
	struct nw_topo *topo = open_machine();
	uint32_t tried_count = 0;

	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		if (nw_topo_node_at(topo, i)->cpu_count > 0)
			continue;
		check_bound_block(node_at(topo, i), BLOCK_BYTES, NW_MEM_STRICT);
		tried_count++;
	}
	nw_topo_close(topo);
	if (tried_count == 0)
		SKIP("every node has CPUs");
}

TEST(a_preferred_policy_steers_foreign_memory_until_it_is_put_back)
{
	struct nw_topo *topo = open_machine();
	struct nw_mem_policy before, after;

	CHECK_INT(nw_mem_policy_save(&before), ==, 0);
	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		void *foreign = mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK(foreign != MAP_FAILED);
		CHECK_INT(nw_mem_policy_prefer(node_at(topo, i)), ==,
			  has_memory(topo, i) ? 0 : -EINVAL);
		if (has_memory(topo, i))
			check_home(foreign, BLOCK_BYTES, node_at(topo, i));
		munmap(foreign, BLOCK_BYTES);
	}
	CHECK_INT(nw_mem_policy_restore(&before), ==, 0);
	CHECK_INT(nw_mem_policy_save(&after), ==, 0);
	CHECK(memcmp(&before, &after, sizeof(before)) == 0);
	nw_topo_close(topo);
}

TEST(every_piece_of_an_arena_is_on_its_node)
{
	struct nw_topo *topo = open_machine();

	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		struct nw_arena *arena;
		void *piece;

		if (!has_memory(topo, i))
			continue;
		CHECK_INT(nw_arena_create(&arena, node_at(topo, i), BLOCK_BYTES, 0), ==, 0);
		for (int n = 0; n < 100; n++) {
			piece = nw_arena_alloc(arena, 10000, 64);
			CHECK(piece);
			check_home(piece, 10000, node_at(topo, i));
		}
		check_home(arena, 1, node_at(topo, i));
		nw_arena_destroy(arena);
	}
	nw_topo_close(topo);
}

/* Every worker owns a slab on its node and fills it; the next worker, on another node wherever
 * the crew is dealt so, frees all of that; the owner must find its own items again. */
struct exchange {
	const struct nw_topo *topo;
	pthread_barrier_t barrier;
	uint32_t worker_count;
	void *items[WORKER_COUNT_MAX][ITEM_COUNT];
};

static int by_address(const void *a, const void *b)
{
	const void *const *x = a, *const *y = b;

	return (*x > *y) - (*x < *y);
}

static void take_items(struct nw_slab *slab, void **ret_items, nw_node node)
{
	for (uint32_t n = 0; n < ITEM_COUNT; n++) {
		ret_items[n] = nw_slab_alloc(slab);
		CHECK(ret_items[n]);
		CHECK_INT(nw_slab_node_of(ret_items[n]).id, ==, node.id);
	}
	qsort(ret_items, ITEM_COUNT, sizeof(*ret_items), by_address);
}

static void trade_items(struct nw_crew_worker *worker, void *arg)
{
	struct exchange *exchange = arg;
	nw_node node = node_at(exchange->topo, worker->node_idx);
	void **own = exchange->items[worker->worker_idx];
	void **other = exchange->items[(worker->worker_idx + 1) % exchange->worker_count];
	static _Thread_local void *again[ITEM_COUNT];
	struct nw_slab_stats stats;
	struct nw_slab *slab;

	CHECK_INT(nw_slab_create(&slab, node, ITEM_BYTES, NW_MEM_STRICT), ==, 0);
	take_items(slab, own, node);
	for (uint32_t n = 0; n < ITEM_COUNT; n++)
		check_home(own[n], ITEM_BYTES, node);
	pthread_barrier_wait(&exchange->barrier);
	for (uint32_t n = 0; n < ITEM_COUNT; n++)
		nw_slab_free(slab, other[n]);
	pthread_barrier_wait(&exchange->barrier);
	take_items(slab, again, node);
	nw_slab_stats(slab, &stats);
	CHECK_INT(stats.home_count, ==, ITEM_COUNT);
	CHECK_INT(stats.live_count, ==, ITEM_COUNT);
	CHECK(memcmp(own, again, sizeof(again)) == 0);
	for (uint32_t n = 0; n < ITEM_COUNT; n++)
		check_home(again[n], ITEM_BYTES, node);
	pthread_barrier_wait(&exchange->barrier);
	nw_slab_destroy(slab);
}

TEST(an_item_freed_from_another_node_goes_home)
{
	static struct exchange exchange;
	static uint32_t idxs[WORKER_COUNT_MAX];
	struct nw_topo *topo = open_machine();
	struct nw_crew_options options = { .topo = topo, .node_idxs = idxs };

	for (uint32_t i = 0; i < nw_topo_node_count(topo) && i < WORKER_COUNT_MAX; i++) {
		if (has_memory(topo, i) && nw_topo_node_at(topo, i)->cpu_count > 0)
			idxs[options.node_idx_count++] = i;
	}
	/* One a node, so that the next worker is always on another one. */
	options.worker_count = options.node_idx_count;
	exchange.topo = topo;
	exchange.worker_count = options.worker_count;
	CHECK_INT(options.worker_count, >=, 2);
	CHECK_INT(pthread_barrier_init(&exchange.barrier, NULL, options.worker_count), ==, 0);
	run_crew(&options, trade_items, &exchange);
	nw_topo_close(topo);
}

TEST(rows_of_statistics_are_on_the_nodes_of_their_writers)
{
	static const struct nw_stats_column column = { "done", NULL, NW_STATS_COUNTER };
	struct nw_topo *topo = open_machine();
	char folder[] = "/tmp/nw-stats-XXXXXX";
	nw_node nodes[WORKER_COUNT_MAX];
	struct nw_stats_table table = { "worker", &column, nodes, 1, 0 };
	struct nw_stats_options options = {
		.program = "guest", .folder = mkdtemp(folder), .tables = &table, .table_count = 1
	};
	struct nw_stats *stats;

	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++)
		if (has_memory(topo, i))
			nodes[table.row_count++] = node_at(topo, i);
	CHECK_INT(nw_stats_create(&stats, &options, NULL), ==, 0);
	for (uint32_t i = 0; i < table.row_count; i++) {
		uintptr_t row = (uintptr_t)nw_stats_row_at(stats, 0, i);

		check_home((void *)(row - row % 4096), 4096, nodes[i]);
	}
	nw_stats_destroy(stats);
	CHECK_INT(rmdir(folder), ==, 0);
	nw_topo_close(topo);
}

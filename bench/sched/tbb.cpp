/* SPDX-License-Identifier: MIT */
/* oneTBB's task groups as a subject. */
#include "subject.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <cstddef>
#include <vector>

namespace
{

struct pool {
	tbb::global_control control;
	tbb::task_arena arena;

	explicit pool(std::size_t workers)
	    : control(tbb::global_control::max_allowed_parallelism, workers),
	      arena(static_cast<int>(workers))
	{
		arena.initialize();
	}
};

int64_t fib(int n)
{
	tbb::task_group group;
	int64_t a, b;

	if (n < 2)
		return n;
	group.run([&a, n] { a = fib(n - 1); });
	b = fib(n - 2);
	group.wait();
	return a + b;
}

int64_t queens(struct queens q, uint32_t n)
{
	tbb::task_group group;
	int64_t sums[32], sum = 0;
	uint32_t spawned = 0;

	if (queens_is_full(q, n))
		return 1;
	for (uint32_t free = queens_free(q, n); free; free &= free - 1) {
		struct queens next = queens_put(q, free & -free);
		int64_t *out = &sums[spawned++];

		group.run([out, next, n] { *out = queens(next, n); });
	}
	group.wait();
	for (uint32_t i = 0; i < spawned; i++)
		sum += sums[i];
	return sum;
}

int64_t uts(const uts_tree *tree, const uts_node &node);

int64_t uts_children(const uts_tree *tree, const uts_node &node, int64_t *sums, uint32_t count)
{
	tbb::task_group group;
	int64_t sum = 1;

	for (uint32_t i = 0; i < count; i++) {
		uts_node child = uts_child(&node, i);
		int64_t *out = &sums[i];

		group.run([tree, child, out] { *out = uts(tree, child); });
	}
	group.wait();
	for (uint32_t i = 0; i < count; i++)
		sum += sums[i];
	return sum;
}

int64_t uts(const uts_tree *tree, const uts_node &node)
{
	uint32_t count = uts_child_count(tree, &node);
	int64_t sums[128];

	return count == 0 ? 1 : uts_children(tree, node, sums, count);
}

void matmul(const float *a, const float *b, float *c, uint32_t n)
{
	if (n == MATMUL_LEAF) {
		matmul_leaf(a, b, c);
		return;
	}
	for (unsigned k = 0; k < 2; k++) {
		tbb::task_group group;

		for (unsigned i = 0; i < 4; i++) {
			const float *from_a = MATMUL_QUARTER(a, n, i / 2, k);
			const float *from_b = MATMUL_QUARTER(b, n, k, i % 2);
			float *to = MATMUL_QUARTER(c, n, i / 2, i % 2);

			group.run([=] { matmul(from_a, from_b, to, n / 2); });
		}
		group.wait();
	}
}

void *start(uint32_t workers)
{
	return new pool(workers);
}

void stop(void *arg)
{
	delete static_cast<pool *>(arg);
}

int64_t run_fib(void *arg, int n)
{
	return static_cast<pool *>(arg)->arena.execute([n] { return fib(n); });
}

int64_t run_queens(void *arg, uint32_t n)
{
	return static_cast<pool *>(arg)->arena.execute([n] {
		struct queens empty = {};

		return queens(empty, n);
	});
}

int64_t run_uts(void *arg, const uts_tree *tree)
{
	return static_cast<pool *>(arg)->arena.execute([tree] {
		uts_node root = uts_root(tree);
		uint32_t count = uts_child_count(tree, &root);
		std::vector<int64_t> sums(count);

		return uts_children(tree, root, sums.data(), count);
	});
}

void run_matmul(void *arg, const struct matmul *m)
{
	static_cast<pool *>(arg)->arena.execute([m] { matmul(m->a, m->b, m->c, MATMUL_SIZE); });
}

} /* namespace */

extern "C" {
const struct sched_subject sched_tbb = {
	"tbb", start, stop, run_fib, run_queens, run_uts, run_matmul,
};
}

/* SPDX-License-Identifier: MIT */
/* OpenMP tasks, the compiler's own runtime (libgomp with gcc), as a subject. */
#include "subject.h"

#include <omp.h>

enum { CHILDREN_MAX = 2048 }; /* more than any node of the trees has */

static int64_t fib(int n)
{
	int64_t a, b;

	if (n < 2)
		return n;
#pragma omp task shared(a) firstprivate(n)
	a = fib(n - 1);
	b = fib(n - 2);
#pragma omp taskwait
	return a + b;
}

static int64_t queens(struct queens q, uint32_t n)
{
	int64_t sums[32], sum = 0;
	uint32_t spawned = 0;

	if (queens_is_full(q, n))
		return 1;
	for (uint32_t free = queens_free(q, n); free; free &= free - 1, spawned++) {
		struct queens next = queens_put(q, free & -free);

#pragma omp task shared(sums) firstprivate(next, n, spawned)
		sums[spawned] = queens(next, n);
	}
#pragma omp taskwait
	for (uint32_t i = 0; i < spawned; i++)
		sum += sums[i];
	return sum;
}

static int64_t uts(const struct uts_tree *tree, const struct uts_node *node);

/* The children of a node; apart, so that only the root's frame holds so many sums. */
static int64_t uts_children(const struct uts_tree *tree, const struct uts_node *node, int64_t *sums,
			    uint32_t count)
{
	int64_t sum = 1;

	for (uint32_t i = 0; i < count; i++) {
		struct uts_node child = uts_child(node, i);

#pragma omp task shared(sums) firstprivate(tree, child, i)
		sums[i] = uts(tree, &child);
	}
#pragma omp taskwait
	for (uint32_t i = 0; i < count; i++)
		sum += sums[i];
	return sum;
}

static int64_t uts(const struct uts_tree *tree, const struct uts_node *node)
{
	uint32_t count = uts_child_count(tree, node);
	int64_t sums[128];

	return count == 0 ? 1 : uts_children(tree, node, sums, count);
}

static void matmul(const float *a, const float *b, float *c, uint32_t n)
{
	if (n == MATMUL_LEAF) {
		matmul_leaf(a, b, c);
		return;
	}
	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < 4; i++) {
			const float *from_a = MATMUL_QUARTER(a, n, i / 2, k);
			const float *from_b = MATMUL_QUARTER(b, n, k, i % 2);
			float *to = MATMUL_QUARTER(c, n, i / 2, i % 2);

#pragma omp task firstprivate(from_a, from_b, to, n)
			matmul(from_a, from_b, to, n / 2);
		}
#pragma omp taskwait
	}
}

/* The number of threads, as a pool. None where the environment pins them: no other subject is. */
static void *start(uint32_t workers)
{
	static uint32_t counts[2];

	if (omp_get_proc_bind() != omp_proc_bind_false)
		return NULL;
	counts[workers > 1] = workers;
	return &counts[workers > 1];
}

static void stop(void *pool)
{
	(void)pool;
}

static int threads_of(void *pool)
{
	return (int)*(uint32_t *)pool;
}

static int64_t run_fib(void *pool, int n)
{
	int threads = threads_of(pool);
	int64_t result = 0;

#pragma omp parallel num_threads(threads)
#pragma omp single
	result = fib(n);
	return result;
}

static int64_t run_queens(void *pool, uint32_t n)
{
	int threads = threads_of(pool);
	int64_t result = 0;

#pragma omp parallel num_threads(threads)
#pragma omp single
	result = queens((struct queens){ 0 }, n);
	return result;
}

static int64_t run_uts(void *pool, const struct uts_tree *tree)
{
	static int64_t sums[CHILDREN_MAX];
	struct uts_node root = uts_root(tree);
	int threads = threads_of(pool);
	int64_t result = 0;

#pragma omp parallel num_threads(threads)
#pragma omp single
	result = uts_children(tree, &root, sums, uts_child_count(tree, &root));
	return result;
}

static void run_matmul(void *pool, const struct matmul *m)
{
	int threads = threads_of(pool);

#pragma omp parallel num_threads(threads)
#pragma omp single
	matmul(m->a, m->b, m->c, MATMUL_SIZE);
}

const struct sched_subject sched_openmp = {
	.name = "openmp",
	.start = start,
	.stop = stop,
	.fib = run_fib,
	.queens = run_queens,
	.uts = run_uts,
	.matmul = run_matmul,
};

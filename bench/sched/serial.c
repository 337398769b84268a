/* SPDX-License-Identifier: MIT */
/* The same recursions without a scheduler: what there is to gain. */
#include "subject.h"

static int64_t fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static int64_t queens(struct queens q, uint32_t n)
{
	int64_t sum = 0;

	if (queens_is_full(q, n))
		return 1;
	for (uint32_t free = queens_free(q, n); free; free &= free - 1)
		sum += queens(queens_put(q, free & -free), n);
	return sum;
}

static int64_t uts(const struct uts_tree *tree, const struct uts_node *node)
{
	uint32_t count = uts_child_count(tree, node);
	int64_t sum = 1;

	for (uint32_t i = 0; i < count; i++) {
		struct uts_node child = uts_child(node, i);

		sum += uts(tree, &child);
	}
	return sum;
}

static void matmul(const float *a, const float *b, float *c, uint32_t n)
{
	if (n == MATMUL_LEAF) {
		matmul_leaf(a, b, c);
		return;
	}
	for (int k = 0; k < 2; k++)
		for (int i = 0; i < 2; i++)
			for (int j = 0; j < 2; j++)
				matmul(MATMUL_QUARTER(a, n, i, k), MATMUL_QUARTER(b, n, k, j),
				       MATMUL_QUARTER(c, n, i, j), n / 2);
}

static void *start(uint32_t workers)
{
	static char any;

	return workers == 1 ? &any : NULL;
}

static void stop(void *pool)
{
	(void)pool;
}

static int64_t run_fib(void *pool, int n)
{
	(void)pool;
	return fib(n);
}

static int64_t run_queens(void *pool, uint32_t n)
{
	(void)pool;
	return queens((struct queens){ 0 }, n);
}

static int64_t run_uts(void *pool, const struct uts_tree *tree)
{
	struct uts_node root = uts_root(tree);

	(void)pool;
	return uts(tree, &root);
}

static void run_matmul(void *pool, const struct matmul *m)
{
	(void)pool;
	matmul(m->a, m->b, m->c, MATMUL_SIZE);
}

const struct sched_subject sched_serial = {
	.name = "serial",
	.start = start,
	.stop = stop,
	.fib = run_fib,
	.queens = run_queens,
	.uts = run_uts,
	.matmul = run_matmul,
};

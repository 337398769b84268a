/* SPDX-License-Identifier: MIT */
/* nodewise as a subject. */
#include "subject.h"

#include <nw/sched.h>
#include <nw/topo.h>
#include <stdlib.h>

struct pool {
	struct nw_topo *topo;
	struct nw_sched *sched;
};

NW_TASK(int64_t, fib, int, n)
{
	if (n < 2)
		return n;
	NW_SPAWN(fib, n - 1);
	int64_t b = NW_CALL(fib, n - 2);
	int64_t a = NW_SYNC(fib);
	return a + b;
}

NW_TASK(int64_t, queens, struct queens, q, uint32_t, n)
{
	uint32_t spawned = 0;
	int64_t sum = 0;

	if (queens_is_full(q, n))
		return 1;
	for (uint32_t free = queens_free(q, n); free; free &= free - 1, spawned++)
		NW_SPAWN(queens, queens_put(q, free & -free), n);
	for (; spawned > 0; spawned--)
		sum += NW_SYNC(queens);
	return sum;
}

NW_TASK(int64_t, uts, const struct uts_tree *, tree, struct uts_node, node)
{
	uint32_t count = uts_child_count(tree, &node);
	int64_t sum = 1;

	for (uint32_t i = 0; i < count; i++)
		NW_SPAWN(uts, tree, uts_child(&node, i));
	for (uint32_t i = 0; i < count; i++)
		sum += NW_SYNC(uts);
	return sum;
}

NW_TASK_VOID(matmul, const float *, a, const float *, b, float *, c, uint32_t, n)
{
	if (n == MATMUL_LEAF) {
		matmul_leaf(a, b, c);
		return;
	}
	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < 4; i++)
			NW_SPAWN(matmul, MATMUL_QUARTER(a, n, i / 2, k),
				 MATMUL_QUARTER(b, n, k, i % 2), MATMUL_QUARTER(c, n, i / 2, i % 2),
				 n / 2);
		for (int i = 0; i < 4; i++)
			NW_SYNC(matmul);
	}
}

static void stop(void *arg)
{
	struct pool *pool = arg;

	nw_sched_destroy(pool->sched);
	nw_topo_close(pool->topo);
	free(pool);
}

static void *start(uint32_t workers)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	/* Not pinned, as the peers are not: on a busy machine that would be what is measured. */
	struct nw_crew_options crew = { .name = "bench", .worker_count = workers, .no_pin = true };

	if (!pool)
		return NULL;
	if (nw_topo_open(&pool->topo, &(struct nw_topo_options){ 0 }, NULL) == 0) {
		crew.topo = pool->topo;
		if (nw_sched_start(&pool->sched, &crew, NULL, NULL) == 0)
			return pool;
		nw_topo_close(pool->topo);
	}
	free(pool);
	return NULL;
}

/* A call in a job: what goes in, and the result. */
struct call {
	int n;
	const struct uts_tree *tree;
	const struct matmul *m;
	int64_t result;
};

static void call_fib(struct nw_here here, void *arg)
{
	struct call *call = arg;

	call->result = fib(here, call->n);
}

static void call_queens(struct nw_here here, void *arg)
{
	struct call *call = arg;

	call->result = queens(here, (struct queens){ 0 }, (uint32_t)call->n);
}

static void call_uts(struct nw_here here, void *arg)
{
	struct call *call = arg;

	call->result = uts(here, call->tree, uts_root(call->tree));
}

static void call_matmul(struct nw_here here, void *arg)
{
	struct call *call = arg;

	matmul(here, call->m->a, call->m->b, call->m->c, MATMUL_SIZE);
}

static int64_t run(void *arg, nw_task_fn *fn, struct call call)
{
	struct pool *pool = arg;

	return nw_sched_run(pool->sched, fn, &call) == 0 ? call.result : -1;
}

static int64_t run_fib(void *pool, int n)
{
	return run(pool, call_fib, (struct call){ .n = n });
}

static int64_t run_queens(void *pool, uint32_t n)
{
	return run(pool, call_queens, (struct call){ .n = (int)n });
}

static int64_t run_uts(void *pool, const struct uts_tree *tree)
{
	return run(pool, call_uts, (struct call){ .tree = tree });
}

static void run_matmul(void *pool, const struct matmul *m)
{
	(void)run(pool, call_matmul, (struct call){ .m = m }); /* the product is checked */
}

const struct sched_subject sched_ours = {
	.name = "ours",
	.start = start,
	.stop = stop,
	.fib = run_fib,
	.queens = run_queens,
	.uts = run_uts,
	.matmul = run_matmul,
};

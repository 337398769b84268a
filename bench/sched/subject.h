/* SPDX-License-Identifier: MIT */
/*
 * What the fork-join benchmark asks of each scheduler, and what all of them compute.
 *
 * Each subject writes the same recursion in its own way; leaves, hashes and checks are shared, so a
 * difference is the scheduler's. C and C++.
 */
#ifndef BENCH_SCHED_SUBJECT_H
#define BENCH_SCHED_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- queens: all ways to put n queens on an n x n board, a task for each queen ---- */

struct queens {
	uint32_t columns, left, right; /* attacked, by column and by both diagonals */
};

/* Free squares of the next row, as bits. */
static inline uint32_t queens_free(struct queens q, uint32_t n)
{
	return ~(q.columns | q.left | q.right) & ((1u << n) - 1);
}

/* The board after a queen on that square. */
static inline struct queens queens_put(struct queens q, uint32_t square)
{
	struct queens next;

	next.columns = q.columns | square;
	next.left = (q.left | square) << 1;
	next.right = (q.right | square) >> 1;
	return next;
}

static inline bool queens_is_full(struct queens q, uint32_t n)
{
	return q.columns == (1u << n) - 1;
}

/* ---- UTS: unbalanced trees whose shape a hash decides ---- */

enum uts_kind { UTS_GEOMETRIC, UTS_BINOMIAL };

struct uts_tree {
	const char *name;
	enum uts_kind kind;
	uint32_t root_seed;
	double b0;          /* children: of the root, or expected of each */
	uint32_t depth_max; /* geometric */
	double q;           /* binomial: probability of having children */
	uint32_t m;         /* binomial: how many then */
	int64_t node_count; /* published */
};

struct uts_node {
	uint8_t state[20]; /* a SHA-1 */
	uint32_t height;
};

struct uts_node uts_root(const struct uts_tree *tree);
uint32_t uts_child_count(const struct uts_tree *tree, const struct uts_node *node);
struct uts_node uts_child(const struct uts_node *node, uint32_t child_idx);

/* ---- matmul: c += a b, by quarters ---- */

enum { MATMUL_SIZE = 256, MATMUL_LEAF = 16 };

struct matmul {
	const float *a, *b;
	float *c;
};

/* Quarter (row, column) of an n x n block. */
#define MATMUL_QUARTER(block, n, row, column) \
	((block) + (size_t)(row) * ((n) / 2) * MATMUL_SIZE + (size_t)(column) * ((n) / 2))

void matmul_leaf(const float *a, const float *b, float *c);

/* ---- a subject ---- */

struct sched_subject {
	const char *name;
	void *(*start)(uint32_t workers); /* NULL: cannot */
	void (*stop)(void *pool);
	int64_t (*fib)(void *pool, int n);
	int64_t (*queens)(void *pool, uint32_t n);
	int64_t (*uts)(void *pool, const struct uts_tree *tree); /* counts the nodes */
	void (*matmul)(void *pool, const struct matmul *m);
};

extern const struct sched_subject sched_serial, sched_ours;
#ifdef BENCH_HAS_OPENMP
extern const struct sched_subject sched_openmp;
#endif
#ifdef BENCH_HAS_TBB
extern const struct sched_subject sched_tbb;
#endif

#ifdef __cplusplus
}
#endif

#endif /* BENCH_SCHED_SUBJECT_H */

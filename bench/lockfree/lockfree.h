/* SPDX-License-Identifier: MIT */
/*
 * What bench_lockfree and the structures it measures share, in C and in C++.
 *
 * A subject is one structure: ours, or a peer's. It hands over whole loops, so that its calls are
 * inlined as in a program that uses it and none is made through a pointer. LF_PAIRS, LF_STREAM
 * and LF_BATCHES write the loops from <id>_push() and <id>_pop(), the same for all.
 *
 * Peers whose nodes are the caller's get them from a pool made beforehand, a ring of nodes in
 * memory that was touched: less than any allocator costs, so never to their disadvantage.
 *
 * Invariant: a loop leaves the structure empty where as much was pushed as popped, so that a
 * subject is created once and measured many times.
 */
#ifndef BENCH_LOCKFREE_H
#define BENCH_LOCKFREE_H

#include "../nw_bench.h"

#include <sched.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LF_SLOTS = 1024, LF_BATCH = 32, LF_THREADS_MAX = 16, LF_PAIR_NODES = 4096 };

/* n operations by the calling thread; false: one failed that cannot. */
typedef bool lf_loop(void *handle, uint64_t n);

struct lf_subject {
	const char *group; /* subjects of one group are measured against each other */
	const char *name;
	bool is_ours; /* one of a group: the others are compared with it */
	void *(*create)(void);
	void (*destroy)(void *shared);
	/* By each thread before and after its loop, not measured; NULL: shared is the handle.
	 * push_count bounds how many items of this thread are inside at a time. */
	void *(*join)(void *shared, uint32_t thread_idx, uint64_t push_count);
	void (*leave)(void *handle);
	/* NULL: it cannot do that. */
	lf_loop *pairs, *pair_batches; /* push and pop in turn, one or LF_BATCH at a time */
	lf_loop *produce, *consume;
	lf_loop *produce_batches, *consume_batches;
};

/* Ends with one whose group is NULL. */
extern const struct lf_subject lf_ours_queues[], lf_ours_reclaim[], lf_mutex[];
extern const struct lf_subject lf_ck[], lf_urcu[], lf_urcu_qsbr[];
extern const struct lf_subject lf_dpdk[];
extern const struct lf_subject lf_tbb[], lf_moodycamel[], lf_moodycamel_spsc[];

/* One-way latency of a cache line between CPUs, as comment lines on stdout. */
void lf_print_core_latency(void);

/* What a loop added up, counted in a register until now. */
static inline void lf_keep_sum(uint64_t sum)
{
	nw_bench_keep(&sum);
}

/* Called where an operation must wait for another thread. */
static inline void lf_wait(uint32_t *tries)
{
	if (++*tries % 64 == 0)
		sched_yield();
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

struct lf_pool {
	char *nodes;
	uint64_t mask; /* number of nodes less 1 */
	uint64_t next;
};

/* At least node_count nodes of node_bytes each, all zero. */
static inline bool lf_pool_ready(struct lf_pool *pool, uint64_t node_count, size_t node_bytes)
{
	uint64_t count = LF_PAIR_NODES;

	while (count < node_count)
		count *= 2;
	if (!pool->nodes || pool->mask + 1 < count) {
		free(pool->nodes);
		pool->nodes = (char *)aligned_alloc(64, count * node_bytes);
		pool->mask = count - 1;
	}
	pool->next = 0;
	if (pool->nodes)
		memset(pool->nodes, 0, (pool->mask + 1) * node_bytes);
	return pool->nodes != NULL;
}

static inline void *lf_pool_take(struct lf_pool *pool, size_t node_bytes)
{
	return pool->nodes + (pool->next++ & pool->mask) * node_bytes;
}

#define LF_PAIRS(id, type)                                            \
	static bool id##_pairs(void *arg, uint64_t n)                 \
	{                                                             \
		type *h = (type *)arg;                                \
		void *got = NULL;                                     \
                                                                      \
		for (uint64_t i = 0; i < n; i++)                      \
			if (!id##_push(h, arg) || !id##_pop(h, &got)) \
				return false;                         \
		nw_bench_keep(got);                                   \
		return true;                                          \
	}

#define LF_PRODUCE(id, type)                            \
	static bool id##_produce(void *arg, uint64_t n) \
	{                                               \
		type *h = (type *)arg;                  \
		uint32_t tries = 0;                     \
                                                        \
		for (uint64_t i = 0; i < n; i++)        \
			while (!id##_push(h, arg))      \
				lf_wait(&tries);        \
		return true;                            \
	}

#define LF_CONSUME(id, type)                            \
	static bool id##_consume(void *arg, uint64_t n) \
	{                                               \
		type *h = (type *)arg;                  \
		uint32_t tries = 0;                     \
		void *got = NULL;                       \
                                                        \
		for (uint64_t i = 0; i < n; i++)        \
			while (!id##_pop(h, &got))      \
				lf_wait(&tries);        \
		nw_bench_keep(got);                     \
		return true;                            \
	}

#define LF_STREAM(id, type) LF_PRODUCE(id, type) LF_CONSUME(id, type)

/* From <id>_push_burst(h, items, count) and <id>_pop_burst(), which say how many. */
#define LF_BATCHES(id, type)                                                          \
	static bool id##_pair_batches(void *arg, uint64_t n)                          \
	{                                                                             \
		type *h = (type *)arg;                                                \
		void *items[LF_BATCH];                                                \
                                                                                      \
		for (uint32_t i = 0; i < LF_BATCH; i++)                               \
			items[i] = arg;                                               \
		for (uint64_t i = 0; i < n; i += LF_BATCH)                            \
			if (id##_push_burst(h, items, LF_BATCH) != LF_BATCH ||        \
			    id##_pop_burst(h, items, LF_BATCH) != LF_BATCH)           \
				return false;                                         \
		nw_bench_keep(items);                                                 \
		return true;                                                          \
	}                                                                             \
	static bool id##_produce_batches(void *arg, uint64_t n)                       \
	{                                                                             \
		type *h = (type *)arg;                                                \
		uint32_t tries = 0;                                                   \
		void *items[LF_BATCH];                                                \
                                                                                      \
		for (uint32_t i = 0; i < LF_BATCH; i++)                               \
			items[i] = arg;                                               \
		for (uint64_t i = 0, got; i < n; i += got) {                          \
			got = id##_push_burst(h, items,                               \
					      n - i < LF_BATCH ? (uint32_t)(n - i)    \
							       : (uint32_t)LF_BATCH); \
			if (got == 0)                                                 \
				lf_wait(&tries);                                      \
		}                                                                     \
		return true;                                                          \
	}                                                                             \
	static bool id##_consume_batches(void *arg, uint64_t n)                       \
	{                                                                             \
		type *h = (type *)arg;                                                \
		uint32_t tries = 0;                                                   \
		void *items[LF_BATCH];                                                \
                                                                                      \
		for (uint64_t i = 0, got; i < n; i += got) {                          \
			got = id##_pop_burst(h, items,                                \
					     n - i < LF_BATCH ? (uint32_t)(n - i)     \
							      : (uint32_t)LF_BATCH);  \
			if (got == 0)                                                 \
				lf_wait(&tries);                                      \
		}                                                                     \
		nw_bench_keep(items);                                                 \
		return true;                                                          \
	}

#ifdef __cplusplus
}
#endif

#endif /* BENCH_LOCKFREE_H */

/* SPDX-License-Identifier: MIT */
/*
 * Cost of moving a pointer through the ring: one thread (push and pop in turn), one thread
 * in bursts, and two threads on their own cores. The baseline, in the same run, is a queue
 * of the same size behind a mutex. An operation is one item through the queue.
 */
#include "nw_bench.h"

#include <nw/crew.h>
#include <nw/ring.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { SLOTS = 1024, BURST = 32, OPS = 1000000 };

/* The baseline: what one would write without thinking. */
struct locked {
	pthread_mutex_t lock;
	uint32_t head, tail;
	void *slots[SLOTS];
};

struct bench {
	struct nw_topo *topo;
	struct nw_ring *ring;
	struct locked *locked;
	uint64_t op_count;
	_Atomic uint64_t begin_ns;
	uint64_t end_ns;
	nw_crew_fn *produce, *consume;
};

static bool locked_push(struct locked *q, void *item)
{
	bool is_room;

	pthread_mutex_lock(&q->lock);
	is_room = q->head - q->tail < SLOTS;
	if (is_room)
		q->slots[q->head++ % SLOTS] = item;
	pthread_mutex_unlock(&q->lock);
	return is_room;
}

static bool locked_pop(struct locked *q, void **ret_item)
{
	bool is_item;

	pthread_mutex_lock(&q->lock);
	is_item = q->head != q->tail;
	if (is_item)
		*ret_item = q->slots[q->tail++ % SLOTS];
	pthread_mutex_unlock(&q->lock);
	return is_item;
}

static double one_thread(uint64_t op_count, void *arg)
{
	struct bench *bench = arg;
	uint64_t begin_ns = nw_bench_now_ns();
	void *got = NULL;

	for (uint64_t i = 0; i < op_count; i++)
		if (!nw_ring_push(bench->ring, bench) || !nw_ring_pop(bench->ring, &got))
			return -1;
	nw_bench_keep(got);
	return (double)(nw_bench_now_ns() - begin_ns);
}

static double one_thread_burst(uint64_t op_count, void *arg)
{
	struct bench *bench = arg;
	uint64_t begin_ns = nw_bench_now_ns();
	void *items[BURST] = { NULL };

	for (uint64_t i = 0; i < op_count; i += BURST)
		if (nw_ring_push_burst(bench->ring, items, BURST) != BURST ||
		    nw_ring_pop_burst(bench->ring, items, BURST) != BURST)
			return -1;
	nw_bench_keep(items[0]);
	return (double)(nw_bench_now_ns() - begin_ns);
}

static double one_thread_locked(uint64_t op_count, void *arg)
{
	struct bench *bench = arg;
	uint64_t begin_ns = nw_bench_now_ns();
	void *got = NULL;

	for (uint64_t i = 0; i < op_count; i++)
		if (!locked_push(bench->locked, bench) || !locked_pop(bench->locked, &got))
			return -1;
	nw_bench_keep(got);
	return (double)(nw_bench_now_ns() - begin_ns);
}

static void produce(struct nw_crew_worker *worker, void *arg)
{
	struct bench *bench = arg;

	(void)worker;
	for (uint64_t i = 0; i < bench->op_count; i++)
		while (!nw_ring_push(bench->ring, bench))
			sched_yield();
}

static void consume(struct nw_crew_worker *worker, void *arg)
{
	struct bench *bench = arg;
	void *got = NULL;

	(void)worker;
	for (uint64_t i = 0; i < bench->op_count; i++)
		while (!nw_ring_pop(bench->ring, &got))
			sched_yield();
	nw_bench_keep(got);
}

static void produce_bursts(struct nw_crew_worker *worker, void *arg)
{
	struct bench *bench = arg;
	void *items[BURST] = { NULL };

	(void)worker;
	for (uint64_t i = 0; i < bench->op_count;) {
		uint64_t left = bench->op_count - i;
		uint32_t n = nw_ring_push_burst(bench->ring, items,
						left < BURST ? (uint32_t)left : BURST);

		i += n;
		if (n == 0)
			sched_yield();
	}
}

static void consume_bursts(struct nw_crew_worker *worker, void *arg)
{
	struct bench *bench = arg;
	void *items[BURST] = { NULL };

	(void)worker;
	for (uint64_t i = 0; i < bench->op_count;) {
		uint32_t n = nw_ring_pop_burst(bench->ring, items, BURST);

		i += n;
		if (n == 0)
			sched_yield();
	}
	nw_bench_keep(items[0]);
}

static void produce_locked(struct nw_crew_worker *worker, void *arg)
{
	struct bench *bench = arg;

	(void)worker;
	for (uint64_t i = 0; i < bench->op_count; i++)
		while (!locked_push(bench->locked, bench))
			sched_yield();
}

static void consume_locked(struct nw_crew_worker *worker, void *arg)
{
	struct bench *bench = arg;
	void *got = NULL;

	(void)worker;
	for (uint64_t i = 0; i < bench->op_count; i++)
		while (!locked_pop(bench->locked, &got))
			sched_yield();
	nw_bench_keep(got);
}

/* Both begin when the producer does; starting and joining the crew is not counted. */
static void play_part(struct nw_crew_worker *worker, void *arg)
{
	struct bench *bench = arg;

	if (worker->worker_idx == 0) {
		bench->begin_ns = nw_bench_now_ns();
		bench->produce(worker, bench);
		return;
	}
	bench->consume(worker, bench);
	bench->end_ns = nw_bench_now_ns();
}

static double two_threads(uint64_t op_count, void *arg)
{
	struct bench *bench = arg;
	struct nw_crew_options options = { .topo = bench->topo,
					   .worker_count = 2,
					   .name = "bench_ring" };
	struct nw_crew *crew;

	bench->op_count = op_count;
	if (nw_crew_start(&crew, &options, play_part, bench, NULL) < 0)
		return -1;
	nw_crew_destroy(crew);
	return (double)(bench->end_ns - bench->begin_ns);
}

static void bench_pair(struct bench *bench, const char *name, nw_crew_fn *producer,
		       nw_crew_fn *consumer)
{
	bench->produce = producer;
	bench->consume = consumer;
	(void)nw_bench_run(name, OPS, two_threads, bench);
}

static void run_all(struct bench *bench)
{
	nw_bench_preamble("ring", bench->topo);
	(void)nw_bench_run("ring/1thread", OPS, one_thread, bench);
	(void)nw_bench_run("ring/1thread/burst32", (uint64_t)OPS / BURST * BURST, one_thread_burst,
			   bench);
	(void)nw_bench_run("mutex_queue/1thread", OPS, one_thread_locked, bench);
	if (nw_topo_core_count(bench->topo) < 2) {
		printf("# two threads left out: one core\n");
		return;
	}
	bench_pair(bench, "ring/2threads", produce, consume);
	bench_pair(bench, "ring/2threads/burst32", produce_bursts, consume_bursts);
	bench_pair(bench, "mutex_queue/2threads", produce_locked, consume_locked);
}

int main(void)
{
	static struct locked locked = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct bench bench = { .locked = &locked };
	struct nw_topo_options options = { 0 };
	struct nw_diag diag;

	if (nw_topo_open(&bench.topo, &options, &diag) < 0) {
		fprintf(stderr, "bench_ring: %s\n", diag.text);
		return 1;
	}
	if (nw_ring_create(&bench.ring, SLOTS, NW_NODE_ANY) < 0) {
		fprintf(stderr, "bench_ring: no memory for a ring\n");
		return 1;
	}
	run_all(&bench);
	nw_ring_destroy(bench.ring);
	nw_topo_close(bench.topo);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Task graphs: our flows beside oneTBB's flow graph and OpenMP's depend, in one run; and what a
 * decision of the admission costs.
 *
 *   bench_dag [TEXT]   only the cases with TEXT in their name
 *
 *   chain/N   65,536 tasks, each waits for the one before
 *   tree/N    each task of a binary tree waits for its parent
 *   wave/N    256 x 256, each waits for its upper and its left neighbour
 *   random/N  0 to 4 of the 1024 tasks before, at random
 *   ..._again/N   the same without building: those that can run what they built once more
 *   admit/N   tasks that ask for a CPU, each decided on by the admission (ours only)
 *   decide/R  one task of the state machine ends and the next is chosen, while R are ready: 1000
 * such decisions a repetition, each timed by itself; their median decide_p99/R  and the 99th
 * percentile of the 1000
 *
 * N is the number of workers: 1, and one a core. Subjects take turns, round by round. A row is
 * nanoseconds a task, building and releasing included but for _again: median, p10, p90, rounds,
 * minimum; and `ratio`, the median over the rounds of its time by ours in the same round: above 1,
 * ours is faster.
 *
 * Invariant: after every run each task's value is compared with the known one.
 */
#define NW_BENCH_MORE_COLUMNS "\tmin\tratio"
#include "dag/subject.h"
#include "nw_bench.h"

#include <nw/dag.h>
#include <nw/flow.h>

enum {
	TASKS = 1 << 16,
	SIDE = 256,
	SPAN = 1024,
	EDGES_MAX = 4 * TASKS,
	ROUNDS = 20,
	STEPS = 1000 * ROUNDS
};

static const struct dag_subject *const subjects[] = {
	&dag_ours,
#ifdef BENCH_HAS_TBB
	&dag_tbb,
#endif
#ifdef BENCH_HAS_OPENMP
	&dag_openmp,
#endif
};
enum { SUBJECT_COUNT = sizeof(subjects) / sizeof(subjects[0]) };

/* ---- graphs ---- */

static uint32_t first[TASKS + 1], before[EDGES_MAX];
static uint64_t values[TASKS], known[TASKS];
static struct dag_graph graph = { NULL, TASKS, first, before, values };

/* What task i waits for, appended at `at`; returns how many. */
typedef uint32_t waits_fn(uint32_t i, uint32_t *ret_before);

static uint32_t chain(uint32_t i, uint32_t *ret_before)
{
	ret_before[0] = i - 1;
	return i > 0;
}

static uint32_t tree(uint32_t i, uint32_t *ret_before)
{
	ret_before[0] = (i - 1) / 2;
	return i > 0;
}

static uint32_t wave(uint32_t i, uint32_t *ret_before)
{
	uint32_t n = 0;

	if (i >= SIDE)
		ret_before[n++] = i - SIDE;
	if (i % SIDE > 0)
		ret_before[n++] = i - 1;
	return n;
}

static uint32_t draw(uint32_t below)
{
	static uint64_t x = 1;

	x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((x >> 33) * below >> 31);
}

static uint32_t random_ones(uint32_t i, uint32_t *ret_before)
{
	uint32_t n = i > 0 ? draw(5) : 0, from = i > SPAN ? i - SPAN : 0;

	for (uint32_t j = 0; j < n; j++)
		ret_before[j] = from + draw(i - from);
	return n;
}

static void make_graph(const char *name, waits_fn *waits)
{
	graph.name = name;
	first[0] = 0;
	for (uint32_t i = 0; i < TASKS; i++) {
		first[i + 1] = first[i] + waits(i, &before[first[i]]);
		dag_work(&graph, i);
	}
	memcpy(known, values, sizeof(known));
}

static bool is_right(void)
{
	return memcmp(known, values, sizeof(known)) == 0;
}

/* ---- rounds ---- */

struct entrant {
	const struct dag_subject *subject;
	void *pool, *built;
	double values[NW_BENCH_REPEAT_MAX]; /* nanoseconds a task */
	double ratios[NW_BENCH_REPEAT_MAX];
};

static struct entrant entrants[SUBJECT_COUNT];

static bool run_once(struct entrant *entrant, bool is_again, uint32_t round)
{
	const struct dag_subject *subject = entrant->subject;
	uint64_t begin_ns;
	void *built = entrant->built;
	bool is_run;

	memset(values, 0, sizeof(values));
	begin_ns = nw_bench_now_ns();
	if (!is_again)
		built = subject->build(entrant->pool, &graph);
	is_run = subject->run(built);
	if (!is_again)
		subject->destroy(built);
	entrant->values[round] = (double)(nw_bench_now_ns() - begin_ns) / TASKS;
	if (!is_run || !is_right())
		printf("# %s: a wrong result\n", subject->name);
	return is_run && is_right();
}

static void print_row(const char *name, struct entrant *entrant, uint32_t n)
{
	double *times = entrant->values, *ratios = entrant->ratios;

	qsort(times, n, sizeof(*times), nw_bench_compare);
	qsort(ratios, n, sizeof(*ratios), nw_bench_compare);
	printf("%s/%s\tns/task\t%.4g\t%.4g\t%.4g\t%" PRIu32 "\t%.4g\t%.4g\n", name,
	       entrant->subject->name, nw_bench_quantile(times, n, 0.5),
	       nw_bench_quantile(times, n, 0.1), nw_bench_quantile(times, n, 0.9), n, times[0],
	       nw_bench_quantile(ratios, n, 0.5));
	fflush(stdout);
}

/* All entrants in turn, a warm-up first; then their rows. */
static bool run_rounds(const char *name, bool is_again, uint32_t n)
{
	for (uint32_t round = 0; round < n + 1; round++) {
		for (uint32_t i = 0; i < SUBJECT_COUNT; i++) {
			struct entrant *entrant = &entrants[(i + round) % SUBJECT_COUNT];

			/* The warm-up's value is overwritten by the first round's. */
			if (entrant->pool && (!is_again || entrant->built) &&
			    !run_once(entrant, is_again, round == 0 ? 0 : round - 1))
				return false;
		}
		for (uint32_t i = 0; round > 0 && i < SUBJECT_COUNT; i++)
			entrants[i].ratios[round - 1] = entrants[i].values[round - 1] /
							entrants[0].values[round - 1];
	}
	for (uint32_t i = 0; i < SUBJECT_COUNT; i++)
		if (entrants[i].pool && (!is_again || entrants[i].built))
			print_row(name, &entrants[i], n);
	return true;
}

static void build_all(void)
{
	for (uint32_t i = 0; i < SUBJECT_COUNT; i++)
		entrants[i].built = entrants[i].pool && subjects[i]->is_lasting
					    ? subjects[i]->build(entrants[i].pool, &graph)
					    : NULL;
}

static void destroy_all(void)
{
	for (uint32_t i = 0; i < SUBJECT_COUNT; i++)
		if (entrants[i].built)
			subjects[i]->destroy(entrants[i].built);
}

static bool run_case(const char *group, waits_fn *waits, uint32_t workers, const char *only)
{
	char name[64], again[64];
	bool is_good = true;

	snprintf(name, sizeof(name), "%s/%" PRIu32, group, workers);
	snprintf(again, sizeof(again), "%s_again/%" PRIu32, group, workers);
	make_graph(group, waits);
	if (!only || strstr(name, only))
		is_good = run_rounds(name, false, nw_bench_repeat());
	if (is_good && (!only || strstr(again, only))) {
		build_all();
		is_good = run_rounds(again, true, nw_bench_repeat());
		destroy_all();
	}
	return is_good;
}

/* ---- admission ---- */

static int nothing(struct nw_flow_at *at, void *arg)
{
	(void)at;
	(void)arg;
	return 0;
}

static void fail(const char *what)
{
	fprintf(stderr, "bench_dag: %s\n", what);
	exit(1);
}

static double admit_round(uint64_t op_count, void *arg)
{
	const struct nw_resource cpus = { { [NW_RESOURCE_CPU] = 64000 } };
	const struct nw_dag_options admission = { .capacity = &cpus, .node_count = 1 };
	const struct nw_dag_spec spec = { .need = { { [NW_RESOURCE_CPU] = 1000 } } };
	struct nw_flow *flow;
	uint64_t begin_ns, end_ns;

	if (nw_flow_create(&flow, arg, &(struct nw_flow_options){ .admission = &admission },
			   NULL) != 0)
		fail("no flow");
	for (uint64_t i = 0; i < op_count; i++) {
		struct nw_flow_task *task = nw_flow_add(flow, nothing, NULL);

		if (!task || nw_flow_demand(flow, task, &spec, NULL) != 0)
			fail("no task");
	}
	begin_ns = nw_bench_now_ns();
	if (nw_flow_run(flow, NULL) != 0)
		fail("no run");
	end_ns = nw_bench_now_ns();
	nw_flow_destroy(flow);
	return (double)(end_ns - begin_ns);
}

static void run_admit(struct nw_topo *topo, uint32_t workers, const char *only)
{
	struct nw_crew_options crew = { .topo = topo, .worker_count = workers };
	struct nw_sched *sched;
	char name[64];

	snprintf(name, sizeof(name), "admit/%" PRIu32, workers);
	if (only && !strstr(name, only))
		return;
	if (nw_sched_start(&sched, &crew, NULL, NULL) < 0)
		fail("no scheduler");
	(void)nw_bench_run(name, 10000, admit_round, sched);
	nw_sched_destroy(sched);
}

static void print_decision_row(const char *group, uint32_t ready, double *each)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/%" PRIu32 "\tns/op", group, ready);
	qsort(each, ROUNDS, sizeof(each[0]), nw_bench_compare);
	printf("%s\t%.4g\t%.4g\t%.4g\t%d\t%.4g\t1\n", name, nw_bench_quantile(each, ROUNDS, 0.5),
	       nw_bench_quantile(each, ROUNDS, 0.1), nw_bench_quantile(each, ROUNDS, 0.9), ROUNDS,
	       each[0]);
}

static void print_decisions(uint32_t ready, double *times)
{
	double medians[ROUNDS], worst[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		double *round = &times[(size_t)i * (STEPS / ROUNDS)];

		qsort(round, STEPS / ROUNDS, sizeof(round[0]), nw_bench_compare);
		medians[i] = nw_bench_quantile(round, STEPS / ROUNDS, 0.5);
		worst[i] = nw_bench_quantile(round, STEPS / ROUNDS, 0.99);
	}
	print_decision_row("decide", ready, medians);
	print_decision_row("decide_p99", ready, worst);
}

/* `ready` tasks that need a CPU of which there are 16; one ends, the next is chosen. */
static void run_decide(uint32_t ready, const char *only)
{
	const struct nw_resource cpus = { { [NW_RESOURCE_CPU] = 16000 } };
	static double times[STEPS];
	nw_dag_id running[16];
	struct nw_dag_step step;
	struct nw_dag *dag;
	char name[64];

	snprintf(name, sizeof(name), "decide/%" PRIu32, ready);
	if (only && !strstr(name, only))
		return;
	if (nw_dag_create(&dag, &(struct nw_dag_options){ .capacity = &cpus, .node_count = 1 },
			  NULL) != 0)
		fail("no graph");
	for (uint32_t i = 0; i < ready + STEPS; i++) {
		struct nw_dag_spec spec = { .name = name, .priority = (int32_t)draw(100) };

		spec.need.amount[NW_RESOURCE_CPU] = 1000;
		snprintf(name, sizeof(name), "t%" PRIu32, i);
		if (nw_dag_add(dag, &spec, NULL, NULL) != 0)
			fail("no task");
		if (i + 1 == ready && nw_dag_commit(dag, 0, NULL) != 0)
			fail("no commit");
	}
	for (uint32_t i = 0; i < 16; i++) {
		nw_dag_next(dag, 0, &step);
		running[i] = step.task;
	}
	if (nw_dag_commit(dag, 0, NULL) != 0)
		fail("no commit");
	for (uint32_t i = 0; i < STEPS; i++) {
		uint64_t begin_ns = nw_bench_now_ns();

		if (nw_dag_ended(dag, running[i % 16], true, i) != 0)
			fail("no end");
		nw_dag_next(dag, i, &step);
		times[i] = (double)(nw_bench_now_ns() - begin_ns);
		running[i % 16] = step.task;
	}
	print_decisions(ready, times);
	nw_dag_destroy(dag);
}

static bool run_all(struct nw_topo *topo, uint32_t workers, const char *only)
{
	bool is_good;

	for (uint32_t i = 0; i < SUBJECT_COUNT; i++) {
		entrants[i].subject = subjects[i];
		entrants[i].pool = subjects[i]->start(workers);
		if (!entrants[i].pool)
			printf("# %s does not start with %" PRIu32 " workers\n", subjects[i]->name,
			       workers);
	}
	is_good = run_case("chain", chain, workers, only) &&
		  run_case("tree", tree, workers, only) && run_case("wave", wave, workers, only) &&
		  run_case("random", random_ones, workers, only);
	for (uint32_t i = 0; i < SUBJECT_COUNT; i++)
		if (entrants[i].pool)
			subjects[i]->stop(entrants[i].pool);
	run_admit(topo, workers, only);
	return is_good;
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	struct nw_topo *topo;
	struct nw_diag diag;
	bool is_good;

	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0) {
		fprintf(stderr, "bench_dag: %s\n", diag.text);
		return 1;
	}
	nw_bench_preamble("dag", topo);
	is_good = run_all(topo, 1, only);
	if (is_good && nw_topo_core_count(topo) > 1)
		is_good = run_all(topo, nw_topo_core_count(topo), only);
	run_decide(1000, only);
	nw_topo_close(topo);
	return is_good ? 0 : 1;
}

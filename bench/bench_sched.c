/* SPDX-License-Identifier: MIT */
/*
 * Fork and join: our scheduler beside oneTBB, OpenMP and no scheduler, in one run.
 *
 *   bench_sched [TEXT]   only the cases with TEXT in their name
 *
 *   fib/N        fib(30): a task that does nothing but fork
 *   queens/N     all boards of 11 queens, a task a queen
 *   uts_t1/N     the unbalanced tree T1: geometric, b = 4, depth 10, seed 19: 4,130,071 nodes
 *   uts_t3/N     T3: binomial, 2000 below the root, q = 0.124875, m = 8, seed 42: 4,112,897 nodes
 *   matmul/N     256 x 256 floats by quarters, leaves of 16 x 16
 *   wake/1       from a submit to a sleeping pool until the job runs (ours only)
 *
 * N is the number of workers: 1, and one a core. Subjects take turns, round by round. A row is
 * nanoseconds a task (wake: microseconds): median, p10, p90, rounds, minimum; and `ratio`, the
 * median over the rounds of its time by ours in the same round: above 1, ours is faster. `serial`
 * is the recursion without tasks, on one thread, whatever N is.
 *
 * Invariant: every result is compared with the known one, or the program fails.
 */
#define NW_BENCH_MORE_COLUMNS "\tmin\tratio"
#include "nw_bench.h"
#include "sched/subject.h"

#include <nw/sched.h>
#include <sched.h>
#include <stdatomic.h>

enum { FIB_N = 30, FIB_RESULT = 832040, QUEENS_N = 11, QUEENS_RESULT = 2680, SUBJECTS_MAX = 4 };

static const struct uts_tree t1 = { .name = "uts_t1",
				    .kind = UTS_GEOMETRIC,
				    .root_seed = 19,
				    .b0 = 4,
				    .depth_max = 10,
				    .node_count = 4130071 };
static const struct uts_tree t3 = { .name = "uts_t3",
				    .kind = UTS_BINOMIAL,
				    .root_seed = 42,
				    .b0 = 2000,
				    .q = 0.124875,
				    .m = 8,
				    .node_count = 4112897 };

static const struct sched_subject *const subjects[] = {
	&sched_ours,
#ifdef BENCH_HAS_TBB
	&sched_tbb,
#endif
#ifdef BENCH_HAS_OPENMP
	&sched_openmp,
#endif
	&sched_serial,
};
enum { SUBJECT_COUNT = sizeof(subjects) / sizeof(subjects[0]) };

/* ---- the cases: one run of a subject; false: a wrong result ---- */

typedef bool case_fn(const struct sched_subject *subject, void *pool);

static bool run_fib(const struct sched_subject *subject, void *pool)
{
	return subject->fib(pool, FIB_N) == FIB_RESULT;
}

static bool run_queens(const struct sched_subject *subject, void *pool)
{
	return subject->queens(pool, QUEENS_N) == QUEENS_RESULT;
}

static bool run_t1(const struct sched_subject *subject, void *pool)
{
	return subject->uts(pool, &t1) == t1.node_count;
}

static bool run_t3(const struct sched_subject *subject, void *pool)
{
	return subject->uts(pool, &t3) == t3.node_count;
}

static float matrix_a[MATMUL_SIZE * MATMUL_SIZE], matrix_b[MATMUL_SIZE * MATMUL_SIZE];
static float matrix_c[MATMUL_SIZE * MATMUL_SIZE];

/* Small whole numbers, so that sums are exact in any order. */
static void fill_matrices(void)
{
	for (int i = 0; i < MATMUL_SIZE * MATMUL_SIZE; i++) {
		matrix_a[i] = (float)(i % 7);
		matrix_b[i] = (float)(i % 5);
	}
}

/* One row of the product, the long way. */
static bool is_product(void)
{
	int row = MATMUL_SIZE / 3;

	for (int j = 0; j < MATMUL_SIZE; j++) {
		float sum = 0;

		for (int k = 0; k < MATMUL_SIZE; k++)
			sum += matrix_a[row * MATMUL_SIZE + k] * matrix_b[k * MATMUL_SIZE + j];
		if (sum != matrix_c[row * MATMUL_SIZE + j])
			return false;
	}
	return true;
}

static bool run_matmul(const struct sched_subject *subject, void *pool)
{
	struct matmul m = { matrix_a, matrix_b, matrix_c };

	memset(matrix_c, 0, sizeof(matrix_c));
	subject->matmul(pool, &m);
	return is_product();
}

static int64_t queens_nodes(struct queens q, uint32_t n)
{
	int64_t sum = 1;

	for (uint32_t free = queens_free(q, n); !queens_is_full(q, n) && free; free &= free - 1)
		sum += queens_nodes(queens_put(q, free & -free), n);
	return sum;
}

static int64_t matmul_nodes(uint32_t n)
{
	return n == MATMUL_LEAF ? 1 : 1 + 8 * matmul_nodes(n / 2);
}

/* ---- rounds ---- */

struct entrant {
	const struct sched_subject *subject;
	void *pool;
	double values[NW_BENCH_REPEAT_MAX]; /* nanoseconds a task */
	double ratios[NW_BENCH_REPEAT_MAX];
};

static struct entrant entrants[SUBJECT_COUNT];

static bool run_once(struct entrant *entrant, case_fn *fn, double task_count, uint32_t round)
{
	uint64_t begin_ns = nw_bench_now_ns();

	if (!fn(entrant->subject, entrant->pool)) {
		printf("# %s: a wrong result\n", entrant->subject->name);
		return false;
	}
	entrant->values[round] = (double)(nw_bench_now_ns() - begin_ns) / task_count;
	return true;
}

static void print_row(const char *name, struct entrant *entrant, uint32_t n)
{
	double *values = entrant->values, *ratios = entrant->ratios;

	qsort(values, n, sizeof(*values), nw_bench_compare);
	qsort(ratios, n, sizeof(*ratios), nw_bench_compare);
	printf("%s/%s\tns/task\t%.4g\t%.4g\t%.4g\t%" PRIu32 "\t%.4g\t%.4g\n", name,
	       entrant->subject->name, nw_bench_quantile(values, n, 0.5),
	       nw_bench_quantile(values, n, 0.1), nw_bench_quantile(values, n, 0.9), n, values[0],
	       nw_bench_quantile(ratios, n, 0.5));
	fflush(stdout);
}

/* All entrants in turn, a warm-up first; then their rows. */
static bool run_rounds(const char *name, case_fn *fn, double task_count, uint32_t n)
{
	for (uint32_t round = 0; round < n + 1; round++) {
		for (uint32_t i = 0; i < SUBJECT_COUNT; i++) {
			struct entrant *entrant = &entrants[(i + round) % SUBJECT_COUNT];

			/* The warm-up's value is overwritten by the first round's. */
			if (entrant->pool &&
			    !run_once(entrant, fn, task_count, round == 0 ? 0 : round - 1))
				return false;
		}
		for (uint32_t i = 0; round > 0 && i < SUBJECT_COUNT; i++)
			entrants[i].ratios[round - 1] = entrants[i].values[round - 1] /
							entrants[0].values[round - 1];
	}
	for (uint32_t i = 0; i < SUBJECT_COUNT; i++)
		if (entrants[i].pool)
			print_row(name, &entrants[i], n);
	return true;
}

static bool run_case(const char *group, uint32_t workers, case_fn *fn, int64_t task_count,
		     const char *only)
{
	char name[64];
	bool is_right;

	snprintf(name, sizeof(name), "%s/%" PRIu32, group, workers);
	if (only && !strstr(name, only))
		return true;
	for (uint32_t i = 0; i < SUBJECT_COUNT; i++) {
		bool is_serial = subjects[i] == &sched_serial;

		entrants[i].subject = subjects[i];
		entrants[i].pool = subjects[i]->start(is_serial ? 1 : workers);
		if (!entrants[i].pool)
			printf("# %s does not start with %" PRIu32 " workers\n", subjects[i]->name,
			       workers);
	}
	is_right = run_rounds(name, fn, (double)task_count, (nw_bench_repeat() + 2) / 3);
	for (uint32_t i = 0; i < SUBJECT_COUNT; i++)
		if (entrants[i].pool)
			subjects[i]->stop(entrants[i].pool);
	return is_right;
}

/* ---- waking ---- */

static void note_time(struct nw_here here, void *arg)
{
	(void)here;
	*(uint64_t *)arg = nw_bench_now_ns();
}

static uint64_t sleeps_of(struct nw_sched *sched)
{
	struct nw_sched_counters counters;

	nw_sched_counters_sum(sched, &counters);
	return counters.sleeps;
}

/* Every worker asleep, then a job: its begin minus the submit. */
static bool run_wake(struct nw_topo *topo, uint32_t workers)
{
	double values[NW_BENCH_REPEAT_MAX] = { 0 };
	struct nw_crew_options crew = { .topo = topo, .worker_count = workers };
	uint32_t n = nw_bench_repeat() * 10 < NW_BENCH_REPEAT_MAX ? nw_bench_repeat() * 10
								  : NW_BENCH_REPEAT_MAX;
	struct nw_sched *sched;
	uint64_t sleeps = 0;

	if (nw_sched_start(&sched, &crew, NULL, NULL) < 0)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct timespec pause = { .tv_nsec = 1000000 };
		uint64_t begin_ns, run_ns = 0;

		while (sleeps_of(sched) < sleeps + (i == 0 ? workers : 1))
			sched_yield();
		nanosleep(&pause, NULL); /* from the count to the kernel */
		sleeps = sleeps_of(sched);
		begin_ns = nw_bench_now_ns();
		if (nw_sched_run(sched, note_time, &run_ns) < 0)
			return false;
		values[i] = (double)(run_ns - begin_ns) / 1000;
	}
	nw_sched_destroy(sched);
	qsort(values, n, sizeof(*values), nw_bench_compare);
	printf("wake/1/ours\tus\t%.4g\t%.4g\t%.4g\t%" PRIu32 "\t%.4g\t1\n",
	       nw_bench_quantile(values, n, 0.5), nw_bench_quantile(values, n, 0.1),
	       nw_bench_quantile(values, n, 0.9), n, values[0]);
	return true;
}

static bool run_all(uint32_t workers, const char *only)
{
	int64_t fib_tasks = 1346268; /* spawns of fib(30): fib(31) - 1 */

	return run_case("fib", workers, run_fib, fib_tasks, only) &&
	       run_case("queens", workers, run_queens, queens_nodes((struct queens){ 0 }, QUEENS_N),
			only) &&
	       run_case("uts_t1", workers, run_t1, t1.node_count, only) &&
	       run_case("uts_t3", workers, run_t3, t3.node_count, only) &&
	       run_case("matmul", workers, run_matmul, matmul_nodes(MATMUL_SIZE), only);
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	struct nw_topo *topo;
	struct nw_diag diag;
	bool is_right;

	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0) {
		fprintf(stderr, "bench_sched: %s\n", diag.text);
		return 1;
	}
	fill_matrices();
	nw_bench_preamble("sched", topo);
	is_right = run_all(1, only);
	if (is_right && nw_topo_core_count(topo) > 1)
		is_right = run_all(nw_topo_core_count(topo), only);
	if (is_right && (!only || strstr("wake/1", only)))
		is_right = run_wake(topo, nw_topo_core_count(topo));
	nw_topo_close(topo);
	return is_right ? 0 : 1;
}

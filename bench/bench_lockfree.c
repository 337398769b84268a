/* SPDX-License-Identifier: MIT */
/*
 * Our lock-free structures beside those that people use, in one run.
 *
 *   bench_lockfree [TEXT]   only the cases with TEXT in their name
 *
 * A case is a group of structures that do one job, and a number of threads: spsc/1 is push and
 * pop in turn on one thread, spsc/1+1 one producer and one consumer, batch32 the same 32 items at
 * a time, rcu_general/2 two threads that each do the whole. Its subjects take turns, round by
 * round, each round beginning with the next of them, so that a machine that slows down slows all
 * alike.
 *
 * A row is a subject: nanoseconds an operation (with threads on both sides an item through the
 * structure, else an operation of one thread), their median, p10, p90, rounds, minimum; and
 * `ratio`, the median over the rounds of its time by ours in the same round: above 1, ours is
 * faster; and `m_per_s`, the median as a rate, in millions a second. After the rows, a line a case
 * says which peer was fastest and whether a goal is met.
 *
 * Invariant: what one repetition costs is chosen once per subject, from the clock, so that it
 * takes about ROUND_NS; everything a subject allocates for it is allocated before.
 */
#define NW_BENCH_MORE_COLUMNS "\tmin\tratio\tm_per_s"
#include "lockfree/lockfree.h"
#include "nw_bench.h"

#include <nw/crew.h>
#include <nw/topo.h>
#include <pthread.h>

enum {
	ROUND_NS = 8000000,
	OPS_UNIT = LF_BATCH * LF_THREADS_MAX, /* divides among any number of threads in batches */
	OPS_MAX = 1 << 22,
	SUBJECTS_MAX = 12,
};

enum kind { PAIRS, PAIR_BATCHES, STREAM, STREAM_BATCHES };

/* Its name is group/threads[/batch32]. */
struct lf_case {
	const char *group;
	enum kind kind;
	uint32_t producer_count; /* of PAIRS: threads that do the whole */
	uint32_t consumer_count;
	double goal_ns;      /* 0: none */
	bool is_single_side; /* one producer (spsc, deque) and one consumer (spsc, mpsc) at most */
};

struct runner {
	const struct nw_topo *topo;
	const char *only; /* NULL: all */
	uint32_t repeat;
	bool has_failed;
	bool has_run; /* a case */
};

/* A subject in a case. */
struct entrant {
	const struct lf_subject *subject;
	void *shared;
	uint64_t op_count;
	double values[NW_BENCH_REPEAT_MAX]; /* ns an operation, by round */
};

/* One repetition. */
struct repetition {
	const struct lf_case *lf_case;
	const struct entrant *entrant;
	pthread_barrier_t gate;
	uint64_t begin_ns[LF_THREADS_MAX], end_ns[LF_THREADS_MAX];
	bool is_done[LF_THREADS_MAX];
};

static const struct lf_subject *const sources[] = {
	lf_ours_queues,
	lf_ours_reclaim,
#ifdef BENCH_HAS_CK
	lf_ck,
#endif
#ifdef BENCH_HAS_URCU
	lf_urcu,
	lf_urcu_qsbr,
#endif
#ifdef BENCH_HAS_DPDK
	lf_dpdk,
#endif
#ifdef BENCH_HAS_TBB
	lf_tbb,
#endif
#ifdef BENCH_HAS_MOODYCAMEL
	lf_moodycamel,
#endif
#ifdef BENCH_HAS_MOODYCAMEL_SPSC
	lf_moodycamel_spsc,
#endif
	lf_mutex,
};
enum { SOURCE_COUNT = sizeof(sources) / sizeof(sources[0]) };

static const char peers_missing[] =
#ifndef BENCH_HAS_CK
	" ck"
#endif
#ifndef BENCH_HAS_URCU
	" liburcu"
#endif
#ifndef BENCH_HAS_DPDK
	" DPDK"
#endif
#ifndef BENCH_HAS_TBB
	" oneTBB"
#endif
#ifndef BENCH_HAS_MOODYCAMEL
	" moodycamel"
#endif
#ifndef BENCH_HAS_MOODYCAMEL_SPSC
	" moodycamel_rw"
#endif
	"";

/* run_all() adds those with more threads where there are cores for them. */
static const struct lf_case basic_cases[] = {
	{ "spsc", PAIRS, 1, 0, 1.5, true },
	{ "spsc", PAIR_BATCHES, 1, 0, 1000.0 / 150, true },
	{ "spsc", STREAM, 1, 1, 0, true },
	{ "spsc", STREAM_BATCHES, 1, 1, 0, true },
	{ "mpsc", PAIRS, 1, 0, 0, false },
	{ "mpsc", PAIR_BATCHES, 1, 0, 1000.0 / 100, false },
	{ "mpsc", STREAM, 1, 1, 0, false },
	{ "mpsc", STREAM, 2, 1, 0, false },
	{ "mpsc", STREAM_BATCHES, 2, 1, 0, false },
	{ "mpmc", PAIRS, 1, 0, 15, false },
	{ "mpmc", STREAM, 1, 1, 0, false },
	{ "mpmc", PAIR_BATCHES, 1, 0, 0, false },
	{ "mpmc", STREAM, 2, 2, 0, false },
	{ "mpmc", STREAM_BATCHES, 2, 2, 0, false },
	{ "queue", PAIRS, 1, 0, 45, false },
	{ "queue", STREAM, 1, 1, 0, false },
	{ "queue", STREAM, 2, 2, 0, false },
	{ "stack", PAIRS, 1, 0, 0, false },
	{ "stack", STREAM, 1, 1, 0, false },
	{ "stack", STREAM, 2, 2, 0, false },
	{ "deque", PAIRS, 1, 0, 0, true },
	{ "deque", STREAM, 1, 1, 0, true },
	{ "deque", STREAM, 1, 2, 0, true },
	{ "hazard", PAIRS, 1, 0, 1, true },
	{ "rcu_general", PAIRS, 1, 0, 1.1, false },
	{ "rcu_general", PAIRS, 2, 0, 0, false },
	{ "rcu_quiescent", PAIRS, 1, 0, 0.4, false },
	{ "rcu_quiescent", PAIRS, 2, 0, 0, false },
	{ "counter", PAIRS, 1, 0, 0, false },
	{ "counter", PAIRS, 2, 0, 0, false },
	{ "map_get", PAIRS, 1, 0, 0, false },
	{ "map_get", PAIRS, 2, 0, 0, false },
	{ "map_put_del", PAIRS, 1, 0, 0, false },
	{ "map_put_del", PAIRS, 2, 0, 0, false },
};
enum { BASIC_COUNT = sizeof(basic_cases) / sizeof(basic_cases[0]) };

static void name_case(const struct lf_case *lf_case, char *ret_name, size_t n_bytes)
{
	bool is_batch = lf_case->kind == PAIR_BATCHES || lf_case->kind == STREAM_BATCHES;
	char consumers[16] = "";

	if (lf_case->consumer_count > 0)
		snprintf(consumers, sizeof(consumers), "+%" PRIu32, lf_case->consumer_count);
	snprintf(ret_name, n_bytes, "%s/%" PRIu32 "%s%s", lf_case->group, lf_case->producer_count,
		 consumers, is_batch ? "/batch32" : "");
}

/* What a thread runs; NULL: the subject cannot. */
static lf_loop *loop_of(const struct lf_subject *subject, enum kind kind, bool is_consumer)
{
	switch (kind) {
	case PAIRS:
		return subject->pairs;
	case PAIR_BATCHES:
		return subject->pair_batches;
	case STREAM:
		return is_consumer ? subject->consume : subject->produce;
	case STREAM_BATCHES:
		return is_consumer ? subject->consume_batches : subject->produce_batches;
	}
	return NULL;
}

/* How many operations one thread of the repetition does. */
static uint64_t share_of(const struct repetition *repetition, bool is_consumer)
{
	const struct lf_case *lf_case = repetition->lf_case;

	if (lf_case->consumer_count == 0)
		return repetition->entrant->op_count;
	return repetition->entrant->op_count /
	       (is_consumer ? lf_case->consumer_count : lf_case->producer_count);
}

static void play(struct nw_crew_worker *worker, void *arg)
{
	struct repetition *repetition = arg;
	const struct lf_subject *subject = repetition->entrant->subject;
	const struct lf_case *lf_case = repetition->lf_case;
	uint32_t me = worker->worker_idx;
	bool is_consumer = me >= lf_case->producer_count, is_stream = lf_case->consumer_count > 0;
	uint64_t n = share_of(repetition, is_consumer);
	lf_loop *loop = loop_of(subject, lf_case->kind, is_consumer);
	void *handle = repetition->entrant->shared;

	if (subject->join)
		handle = subject->join(handle, me, is_stream && !is_consumer ? n : 0);
	if (!handle) {
		fprintf(stderr, "bench_lockfree: no memory for a thread of %s\n", subject->name);
		exit(1);
	}
	(void)pthread_barrier_wait(&repetition->gate);
	repetition->begin_ns[me] = nw_bench_now_ns();
	repetition->is_done[me] = loop(handle, n);
	repetition->end_ns[me] = nw_bench_now_ns();
	(void)pthread_barrier_wait(&repetition->gate);
	if (subject->leave)
		subject->leave(handle);
}

/* From the first thread's begin to the last one's end; < 0: failed. */
static double elapsed_ns(const struct repetition *repetition, uint32_t thread_count)
{
	uint64_t begin_ns = UINT64_MAX, end_ns = 0;

	for (uint32_t i = 0; i < thread_count; i++) {
		if (!repetition->is_done[i])
			return -1;
		if (repetition->begin_ns[i] < begin_ns)
			begin_ns = repetition->begin_ns[i];
		if (repetition->end_ns[i] > end_ns)
			end_ns = repetition->end_ns[i];
	}
	return (double)(end_ns - begin_ns);
}

static double repeat_once(const struct runner *runner, const struct lf_case *lf_case,
			  const struct entrant *entrant)
{
	struct nw_crew_options options = {
		.topo = runner->topo,
		.name = "bench",
		.worker_count = lf_case->producer_count + lf_case->consumer_count,
		.oversubscribe = true,
	};
	struct repetition repetition = { .lf_case = lf_case, .entrant = entrant };
	struct nw_crew *crew;
	struct nw_diag diag;
	double ns;

	(void)pthread_barrier_init(&repetition.gate, NULL, options.worker_count);
	if (nw_crew_start(&crew, &options, play, &repetition, &diag) < 0) {
		fprintf(stderr, "bench_lockfree: %s\n", diag.text);
		exit(1);
	}
	nw_crew_destroy(crew);
	(void)pthread_barrier_destroy(&repetition.gate);
	ns = elapsed_ns(&repetition, options.worker_count);
	return ns < 0 ? ns : ns / (double)entrant->op_count;
}

/* How many operations take ROUND_NS, in whole units. */
static uint64_t count_for(const struct lf_case *lf_case, double ns_per_op)
{
	double most = OPS_MAX * (lf_case->consumer_count > 0 ? 1.0 : 64.0);
	double n = (double)ROUND_NS * (double)nw_bench_scale() /
		   (ns_per_op > 0.01 ? ns_per_op : 0.01);

	return n < OPS_UNIT ? OPS_UNIT : (uint64_t)(n < most ? n : most) / OPS_UNIT * OPS_UNIT;
}

/*
 * Warms up and finds how many operations take ROUND_NS: from the clock of a whole round, since the
 * first operations pay for memory that nobody touched before, and for some subjects only they.
 */
static bool calibrate(const struct runner *runner, const struct lf_case *lf_case,
		      struct entrant *entrant)
{
	double enough_ns = (double)ROUND_NS * (double)nw_bench_scale() / 8, ns_per_op = 0;

	for (uint64_t count = UINT64_C(16) * OPS_UNIT; count <= OPS_MAX; count *= 4) {
		entrant->op_count = count;
		ns_per_op = repeat_once(runner, lf_case, entrant);
		if (ns_per_op < 0)
			return false;
		if (ns_per_op * (double)count > enough_ns)
			break;
	}
	for (int i = 0; i < 2 && ns_per_op >= 0; i++) {
		entrant->op_count = count_for(lf_case, ns_per_op);
		ns_per_op = repeat_once(runner, lf_case, entrant);
	}
	entrant->op_count = count_for(lf_case, ns_per_op);
	return ns_per_op >= 0;
}

/* Those of the group that can do what the case asks, ours first. */
static uint32_t find_entrants(const struct lf_case *lf_case, struct entrant *ret_entrants)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < SOURCE_COUNT; i++) {
		for (const struct lf_subject *s = sources[i]; s->group; s++) {
			if (strcmp(s->group, lf_case->group) != 0 || n == SUBJECTS_MAX ||
			    !loop_of(s, lf_case->kind, false) || !loop_of(s, lf_case->kind, true))
				continue;
			ret_entrants[n++].subject = s;
		}
	}
	return n;
}

static double print_row(const char *name, const struct entrant *entrant, uint32_t repeat,
			double ratio)
{
	double sorted[NW_BENCH_REPEAT_MAX], median;

	memcpy(sorted, entrant->values, repeat * sizeof(*sorted));
	qsort(sorted, repeat, sizeof(*sorted), nw_bench_compare);
	median = nw_bench_quantile(sorted, repeat, 0.5);
	printf("%s/%s\tns/op\t%.4g\t%.4g\t%.4g\t%" PRIu32 "\t%.4g\t%.3f\t%.4g\n", name,
	       entrant->subject->name, median, nw_bench_quantile(sorted, repeat, 0.1),
	       nw_bench_quantile(sorted, repeat, 0.9), repeat, sorted[0], ratio, 1000 / median);
	return median;
}

static void print_case(const struct runner *runner, const struct lf_case *lf_case, const char *name,
		       const struct entrant *entrants, uint32_t entrant_count)
{
	double ours = print_row(name, &entrants[0], runner->repeat, 1), best_ratio = 0;
	const char *best = NULL;

	for (uint32_t i = 1; i < entrant_count; i++) {
		double ratio = nw_bench_ratio(entrants[0].values, entrants[i].values,
					      runner->repeat);

		(void)print_row(name, &entrants[i], runner->repeat, ratio);
		if (!best || ratio < best_ratio) {
			best = entrants[i].subject->name;
			best_ratio = ratio;
		}
	}
	if (best)
		printf("# %s: the fastest peer, %s, takes %.2f times ours\n", name, best,
		       best_ratio);
	if (lf_case->goal_ns > 0)
		printf("# %s: goal %.3g ns/op (%.4g M/s) %s\n", name, lf_case->goal_ns,
		       1000 / lf_case->goal_ns, ours <= lf_case->goal_ns ? "met" : "MISSED");
	fflush(stdout);
}

static bool measure_rounds(const struct runner *runner, const struct lf_case *lf_case,
			   struct entrant *entrants, uint32_t entrant_count)
{
	for (uint32_t round = 0; round < runner->repeat; round++) {
		for (uint32_t turn = 0; turn < entrant_count; turn++) {
			struct entrant *entrant = &entrants[(round + turn) % entrant_count];

			entrant->values[round] = repeat_once(runner, lf_case, entrant);
			if (entrant->values[round] < 0)
				return false;
		}
	}
	return true;
}

static void run_case(struct runner *runner, const struct lf_case *lf_case)
{
	static struct entrant entrants[SUBJECTS_MAX];
	uint32_t n = find_entrants(lf_case, entrants), made = 0;
	bool is_good = n > 0;
	char name[64];

	name_case(lf_case, name, sizeof(name));
	if (runner->only && !strstr(name, runner->only))
		return;
	runner->has_run = true;
	for (; is_good && made < n; made++) {
		entrants[made].shared = entrants[made].subject->create();
		if (!entrants[made].shared)
			break;
		is_good = calibrate(runner, lf_case, &entrants[made]);
		if (!is_good)
			printf("# %s/%s failed\n", name, entrants[made].subject->name);
	}
	is_good = is_good && made == n && measure_rounds(runner, lf_case, entrants, n);
	if (is_good)
		print_case(runner, lf_case, name, entrants, n);
	else
		printf("# %s failed\n", name);
	runner->has_failed |= !is_good;
	for (uint32_t i = 0; i < made; i++)
		entrants[i].subject->destroy(entrants[i].shared);
}

/* The basic cases, and on a larger machine the same with more threads, up to LF_THREADS_MAX. */
static void run_all(struct runner *runner)
{
	uint32_t cores = nw_topo_core_count(runner->topo);

	for (uint32_t i = 0; i < BASIC_COUNT; i++) {
		struct lf_case more = basic_cases[i];

		run_case(runner, &more);
		if (more.is_single_side || more.producer_count != 2 || more.kind == STREAM_BATCHES)
			continue;
		more.goal_ns = 0;
		while ((more.producer_count + more.consumer_count) * 2 <= cores &&
		       (more.producer_count + more.consumer_count) * 2 <= LF_THREADS_MAX) {
			more.producer_count *= 2;
			if (strcmp(more.group, "mpsc") != 0)
				more.consumer_count *= 2;
			run_case(runner, &more);
		}
	}
}

int main(int argc, char **argv)
{
	struct nw_topo_options options = { 0 };
	struct runner runner = { .only = argc > 1 ? argv[1] : NULL, .repeat = nw_bench_repeat() };
	struct nw_topo *topo;
	struct nw_diag diag;

	if (nw_topo_open(&topo, &options, &diag) < 0) {
		fprintf(stderr, "bench_lockfree: %s\n", diag.text);
		return 1;
	}
	runner.topo = topo;
	nw_bench_preamble("lockfree", topo);
	lf_print_core_latency();
	if (peers_missing[0])
		printf("# built without these peers:%s\n", peers_missing);
	fflush(stdout);
	run_all(&runner);
	nw_topo_close(topo);
	if (!runner.has_run) {
		fprintf(stderr, "bench_lockfree: no case has '%s' in its name\n", runner.only);
		return 2;
	}
	return runner.has_failed;
}

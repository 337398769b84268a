/* SPDX-License-Identifier: MIT */
/*
 * Looking a capability up: ours beside the table one would write without RCU, the same slots behind
 * a pthread rwlock and behind a mutex. All check generation and rights and read the object.
 *
 *   bench_caps [TEXT]   only the cases with TEXT in their name
 *
 *   look-up/N      N threads, each look-up in a read section (a locked region) of its own
 *   batch32/N      32 look-ups in one
 *   reference/N    hold and drop; the others count up under the lock, and down without
 *   charge/N       find, charge one dimension, release; the others in one locked region
 *   churn/1+1      look-ups of one thread while another makes and revokes as fast as it can
 *
 * Subjects take turns, round by round. A row is nanoseconds an operation of one thread: median,
 * p10, p90, rounds, minimum, and the median over the rounds of its time by ours in the same round.
 * Invariant: every look-up is of a live capability and its result is added up and compared.
 */
#define NW_BENCH_MORE_COLUMNS "\tmin\tratio"
#include "nw_bench.h"

#include <nw/caps.h>
#include <nw/crew.h>
#include <pthread.h>
#include <stdatomic.h>

enum { CAP_COUNT = 1024, BATCH = 32, OPS = 1 << 19, THREADS_MAX = 2 };

/* The baseline's slot: what a look-up of ours reads, and the counts. */
struct plain {
	_Alignas(64) uint64_t generation;
	uint64_t object;
	uint32_t rights;
	_Atomic uint32_t reference_count;
	_Atomic uint64_t left;
};

struct bench {
	struct nw_topo *topo;
	struct nw_rcu *rcu;
	struct nw_caps *caps;
	pthread_rwlock_t rwlock;
	pthread_mutex_t mutex;
	struct plain plain[2 * CAP_COUNT];
	nw_cap ours[CAP_COUNT];
	uint64_t theirs[CAP_COUNT]; /* generation << 32 | slot */
};

enum table { OURS, RWLOCK, MUTEX, TABLES };
static const char *const table_names[TABLES] = { "nw_caps", "rwlock_table", "mutex_table" };

/* What one thread does: n operations; returns the sum of the objects that it saw. */
typedef uint64_t run_fn(struct bench *bench, enum table table, struct nw_rcu_thread *thread,
			uint64_t n);

struct bench_case {
	const char *name;
	run_fn *ours, *theirs;
	uint32_t thread_count; /* that are measured */
	bool is_churned;       /* one more makes and revokes meanwhile */
};

struct repetition {
	struct bench *bench;
	const struct bench_case *bench_case;
	enum table table;
	uint64_t op_count;
	_Atomic uint32_t ready_count, done_count;
	uint64_t spent_ns[THREADS_MAX], churn_count;
	bool is_right[THREADS_MAX];
};

/* Steps over all positions in an order that a prefetcher does not guess. */
static uint64_t position(uint64_t i)
{
	return i * 389 % CAP_COUNT;
}

/* -- ours --------------------------------------------------------------------------------- */

static uint64_t see(const struct nw_cap_entry *entry)
{
	return entry ? entry->object : UINT64_MAX / 2;
}

static uint64_t look_up(struct bench *bench, enum table table, struct nw_rcu_thread *thread,
			uint64_t n)
{
	uint64_t sum = 0;

	(void)table;
	for (uint64_t i = 0; i < n; i++) {
		nw_rcu_read_lock(thread);
		sum += see(nw_caps_find(bench->caps, bench->ours[position(i)], NW_CAP_READ));
		nw_rcu_read_unlock(thread);
	}
	return sum;
}

static uint64_t look_up_batch(struct bench *bench, enum table table, struct nw_rcu_thread *thread,
			      uint64_t n)
{
	uint64_t sum = 0, i = 0;

	(void)table;
	while (i < n) {
		nw_rcu_read_lock(thread);
		for (uint64_t end = i + BATCH; i < end; i++)
			sum += see(
				nw_caps_find(bench->caps, bench->ours[position(i)], NW_CAP_READ));
		nw_rcu_read_unlock(thread);
	}
	return sum;
}

static uint64_t refer(struct bench *bench, enum table table, struct nw_rcu_thread *thread,
		      uint64_t n)
{
	uint64_t sum = 0;

	(void)thread, (void)table;
	for (uint64_t i = 0; i < n; i++) {
		const struct nw_cap_entry *entry = nw_caps_hold(
			bench->caps, bench->ours[position(i)], NW_CAP_READ);

		sum += see(entry);
		nw_caps_drop(bench->caps, entry);
	}
	return sum;
}

static uint64_t charge(struct bench *bench, enum table table, struct nw_rcu_thread *thread,
		       uint64_t n)
{
	static const struct nw_resource need = { .amount = { [NW_RESOURCE_MEMORY] = 1 } };
	uint64_t sum = 0;

	(void)table;
	for (uint64_t i = 0; i < n; i++) {
		const struct nw_cap_entry *entry;

		nw_rcu_read_lock(thread);
		entry = nw_caps_find(bench->caps, bench->ours[position(i)], NW_CAP_READ);
		if (entry && nw_caps_charge(entry, &need)) {
			sum += entry->object;
			nw_caps_release(entry, &need);
		}
		nw_rcu_read_unlock(thread);
	}
	return sum;
}

static void churn(struct bench *bench, struct nw_rcu_thread *thread)
{
	struct nw_cap_terms terms = { .rights = NW_CAP_READ };
	nw_cap cap;

	if (nw_caps_mint(bench->caps, NW_CAP_FILE, 1, 1, &terms, &cap) == 0 &&
	    nw_caps_revoke(bench->caps, thread, (nw_cap){ 0 }, cap) < 0)
		abort();
	(void)nw_rcu_run(thread);
}

/* -- the baselines ------------------------------------------------------------------------ */

static void enter(struct bench *bench, enum table table, bool is_write)
{
	if (table == MUTEX)
		pthread_mutex_lock(&bench->mutex);
	else if (is_write)
		pthread_rwlock_wrlock(&bench->rwlock);
	else
		pthread_rwlock_rdlock(&bench->rwlock);
}

static void leave(struct bench *bench, enum table table)
{
	if (table == MUTEX)
		pthread_mutex_unlock(&bench->mutex);
	else
		pthread_rwlock_unlock(&bench->rwlock);
}

static struct plain *plain_find(struct bench *bench, uint64_t i)
{
	uint64_t handle = bench->theirs[position(i)];
	struct plain *slot = &bench->plain[(uint32_t)handle % (2 * CAP_COUNT)];

	return slot->generation == handle >> 32 && (slot->rights & NW_CAP_READ) ? slot : NULL;
}

static uint64_t plain_see(const struct plain *slot)
{
	return slot ? slot->object : UINT64_MAX / 2;
}

static uint64_t plain_look_up(struct bench *bench, enum table table, struct nw_rcu_thread *thread,
			      uint64_t n)
{
	uint64_t sum = 0;

	(void)thread;
	for (uint64_t i = 0; i < n; i++) {
		enter(bench, table, false);
		sum += plain_see(plain_find(bench, i));
		leave(bench, table);
	}
	return sum;
}

static uint64_t plain_look_up_batch(struct bench *bench, enum table table,
				    struct nw_rcu_thread *thread, uint64_t n)
{
	uint64_t sum = 0, i = 0;

	(void)thread;
	while (i < n) {
		enter(bench, table, false);
		for (uint64_t end = i + BATCH; i < end; i++)
			sum += plain_see(plain_find(bench, i));
		leave(bench, table);
	}
	return sum;
}

static uint64_t plain_refer(struct bench *bench, enum table table, struct nw_rcu_thread *thread,
			    uint64_t n)
{
	uint64_t sum = 0;

	(void)thread;
	for (uint64_t i = 0; i < n; i++) {
		struct plain *slot;

		enter(bench, table, false);
		slot = plain_find(bench, i);
		if (slot)
			atomic_fetch_add(&slot->reference_count, 1);
		leave(bench, table);
		sum += plain_see(slot);
		if (slot)
			atomic_fetch_sub(&slot->reference_count, 1);
	}
	return sum;
}

static uint64_t plain_charge(struct bench *bench, enum table table, struct nw_rcu_thread *thread,
			     uint64_t n)
{
	uint64_t sum = 0;

	(void)thread;
	for (uint64_t i = 0; i < n; i++) {
		struct plain *slot;

		enter(bench, table, false);
		slot = plain_find(bench, i);
		if (slot && atomic_load(&slot->left) > 0) {
			atomic_fetch_sub(&slot->left, 1);
			sum += slot->object;
			atomic_fetch_add(&slot->left, 1);
		}
		leave(bench, table);
	}
	return sum;
}

static void plain_churn(struct bench *bench, enum table table, uint64_t i)
{
	struct plain *slot = &bench->plain[CAP_COUNT + i % CAP_COUNT];

	enter(bench, table, true);
	slot->object = i;
	slot->rights = NW_CAP_READ;
	leave(bench, table);
	enter(bench, table, true);
	slot->generation++;
	leave(bench, table);
}

/* -- repetitions -------------------------------------------------------------------------- */

static uint64_t expected_sum(uint64_t n)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++)
		sum += position(i) + 1;
	return sum;
}

static void measure(struct repetition *rep, struct nw_rcu_thread *thread, uint32_t self)
{
	const struct bench_case *c = rep->bench_case;
	run_fn *run = rep->table == OURS ? c->ours : c->theirs;
	uint64_t begin_ns = nw_bench_now_ns(), sum;

	sum = run(rep->bench, rep->table, thread, rep->op_count);
	rep->spent_ns[self] = nw_bench_now_ns() - begin_ns;
	rep->is_right[self] = sum == expected_sum(rep->op_count);
	atomic_fetch_add(&rep->done_count, 1);
}

static void disturb(struct repetition *rep, struct nw_rcu_thread *thread)
{
	for (uint64_t i = 0; atomic_load(&rep->done_count) < rep->bench_case->thread_count; i++) {
		if (rep->table == OURS)
			churn(rep->bench, thread);
		else
			plain_churn(rep->bench, rep->table, i);
		rep->churn_count = i + 1;
	}
}

/* All begin when the last is there. */
static void play_part(struct nw_crew_worker *worker, void *arg)
{
	struct repetition *rep = arg;
	struct nw_rcu_thread *thread;
	uint32_t self = worker->worker_idx, count = rep->bench_case->thread_count;

	if (nw_rcu_register(&thread, rep->bench->rcu, "bench") < 0)
		abort();
	atomic_fetch_add(&rep->ready_count, 1);
	while (atomic_load(&rep->ready_count) < count + rep->bench_case->is_churned)
		;
	if (self < count)
		measure(rep, thread, self);
	else
		disturb(rep, thread);
	nw_rcu_unregister(thread);
}

/* Nanoseconds an operation of one thread; < 0: failed. */
static double repeat(struct bench *bench, const struct bench_case *c, enum table table)
{
	struct repetition rep = {
		.bench = bench, .bench_case = c, .table = table, .op_count = OPS * nw_bench_scale()
	};
	struct nw_crew_options options = { .topo = bench->topo,
					   .worker_count = c->thread_count + c->is_churned,
					   .name = "bench_caps" };
	struct nw_crew *crew;
	double sum_ns = 0;

	if (nw_crew_start(&crew, &options, play_part, &rep, NULL) < 0)
		return -1;
	nw_crew_destroy(crew);
	for (uint32_t i = 0; i < c->thread_count; i++) {
		sum_ns += (double)rep.spent_ns[i];
		if (!rep.is_right[i])
			return -1;
	}
	return sum_ns / c->thread_count / (double)rep.op_count;
}

static void print_case(const struct bench_case *c, double values[TABLES][NW_BENCH_REPEAT_MAX],
		       uint32_t n)
{
	for (int t = 0; t < TABLES; t++) {
		double ratios[NW_BENCH_REPEAT_MAX] = { 0 }, sorted[NW_BENCH_REPEAT_MAX] = { 0 };

		for (uint32_t i = 0; i < n; i++) {
			ratios[i] = values[t][i] / values[OURS][i];
			sorted[i] = values[t][i];
		}
		qsort(ratios, n, sizeof(double), nw_bench_compare);
		qsort(sorted, n, sizeof(double), nw_bench_compare);
		printf("%s/%s\tns/op\t%.4g\t%.4g\t%.4g\t%" PRIu32 "\t%.4g\t%.4g\n", c->name,
		       table_names[t], nw_bench_quantile(sorted, n, 0.5),
		       nw_bench_quantile(sorted, n, 0.1), nw_bench_quantile(sorted, n, 0.9), n,
		       sorted[0], nw_bench_quantile(ratios, n, 0.5));
	}
	fflush(stdout);
}

/* Round 0 warms up. */
static bool run_case(struct bench *bench, const struct bench_case *c)
{
	static double values[TABLES][NW_BENCH_REPEAT_MAX];
	uint32_t n = nw_bench_repeat();

	if (c->thread_count + c->is_churned > nw_topo_core_count(bench->topo)) {
		printf("# %s left out: too few cores\n", c->name);
		return true;
	}
	for (uint32_t round = 0; round <= n; round++) {
		for (uint32_t t = 0; t < TABLES; t++) {
			enum table table = (enum table)((t + round) % TABLES);
			double ns = repeat(bench, c, table);

			if (ns < 0)
				return printf("# %s failed\n", c->name), false;
			values[table][round == 0 ? 0 : round - 1] = ns;
		}
	}
	print_case(c, values, n);
	return true;
}

static int run_all(struct bench *bench, const char *only)
{
	static const struct bench_case cases[] = {
		{ "look-up/1", look_up, plain_look_up, 1, false },
		{ "look-up/2", look_up, plain_look_up, 2, false },
		{ "batch32/1", look_up_batch, plain_look_up_batch, 1, false },
		{ "batch32/2", look_up_batch, plain_look_up_batch, 2, false },
		{ "reference/1", refer, plain_refer, 1, false },
		{ "reference/2", refer, plain_refer, 2, false },
		{ "charge/1", charge, plain_charge, 1, false },
		{ "charge/2", charge, plain_charge, 2, false },
		{ "churn/1+1", look_up, plain_look_up, 1, true },
	};
	bool is_good = true, has_run = false;

	nw_bench_preamble("caps", bench->topo);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (only && !strstr(cases[i].name, only))
			continue;
		has_run = true;
		is_good &= run_case(bench, &cases[i]);
	}
	if (!has_run)
		printf("# no case has '%s' in its name\n", only);
	return is_good && has_run ? 0 : 1;
}

/* The same capabilities in both tables; the second half of the plain one is for churning. */
static bool fill(struct bench *bench)
{
	struct nw_cap_terms terms = { .rights = NW_CAP_READ };

	terms.quota.amount[NW_RESOURCE_MEMORY] = 1000;
	for (uint32_t i = 0; i < CAP_COUNT; i++) {
		if (nw_caps_mint(bench->caps, NW_CAP_FILE, i + 1, 1, &terms, &bench->ours[i]) < 0)
			return false;
		bench->plain[i].generation = 1;
		bench->plain[i].object = i + 1;
		bench->plain[i].rights = NW_CAP_READ;
		atomic_store(&bench->plain[i].left, 1000);
		bench->theirs[i] = UINT64_C(1) << 32 | i;
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct bench bench = { .rwlock = PTHREAD_RWLOCK_INITIALIZER,
				      .mutex = PTHREAD_MUTEX_INITIALIZER };
	struct nw_diag diag;
	int rc;

	if (nw_topo_open(&bench.topo, &(struct nw_topo_options){ 0 }, &diag) < 0)
		return fprintf(stderr, "bench_caps: %s\n", diag.text), 1;
	if (nw_rcu_create(&bench.rcu, NW_NODE_ANY, NULL) < 0 ||
	    nw_caps_create(&bench.caps, NW_NODE_ANY, 64, 1u << 16) < 0 || !fill(&bench))
		return fprintf(stderr, "bench_caps: no memory\n"), 1;
	rc = run_all(&bench, argc > 1 ? argv[1] : NULL);
	nw_rcu_destroy(bench.rcu);
	nw_caps_destroy(bench.caps);
	nw_topo_close(bench.topo);
	return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Batch insert into the fingerprint set against a bare loop over the same memory: a flat table
 * of as many slots, the slots of a batch prefetched, then a compare-and-swap each. The bare loop
 * cannot grow, cannot say which inserts were new in order, and has no home: what remains is the
 * price of that. Every value is inserted twice; the load at the end is that of the set.
 *
 * Repetitions of the two alternate; `ratio` is bare time over ours, pair by pair: above 1 the set
 * is the faster one. `grown` starts from an empty set of default size instead of a full-size one.
 */
#include "nw_bench.h"

#include <nw/crew.h>
#include <nw/fpset.h>
#include <nw/mem.h>
#include <stdatomic.h>

enum { BATCH = 256, AHEAD = 64 };

struct job {
	struct nw_topo *topo;
	uint32_t threads;
	uint64_t op_count; /* in all threads together */
	uint64_t slot_count;
	struct nw_fpset *set; /* NULL: the bare table */
	_Atomic uint64_t *table;
	uint64_t found; /* new ones, for the check at the end */
	_Atomic uint64_t new_count;
	_Atomic uint32_t arrived;
	uint64_t begin_ns, end_ns;
	_Atomic uint64_t first_ns, last_ns;
};

static uint64_t value(uint64_t i)
{
	i += 1;
	i = (i ^ (i >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	i = (i ^ (i >> 27)) * UINT64_C(0x94d049bb133111eb);
	return i ^ (i >> 31);
}

/* Slot of a value in a flat table of any size. */
static uint64_t slot_of(const struct job *job, uint64_t fp)
{
	return (fp >> 32) * job->slot_count >> 32;
}

/* NOLINTNEXTLINE(readability-function-size): the baseline is one loop, as short as it can be */
static uint64_t bare_insert(struct job *job, const uint64_t *fps, size_t count)
{
	uint64_t new_count = 0;

	for (size_t at = 0; at < count; at += AHEAD) {
		for (size_t i = at; i < at + AHEAD; i++)
			__builtin_prefetch((const void *)&job->table[slot_of(job, fps[i])], 1, 1);
		for (size_t i = at; i < at + AHEAD; i++) {
			uint64_t s = slot_of(job, fps[i]);

			for (;; s = s + 1 < job->slot_count ? s + 1 : 0) {
				uint64_t v = atomic_load_explicit(&job->table[s],
								  memory_order_relaxed);

				if (v == 0 && atomic_compare_exchange_strong_explicit(
						      &job->table[s], &v, fps[i],
						      memory_order_relaxed, memory_order_relaxed)) {
					new_count++;
					break;
				}
				if (v == fps[i])
					break;
			}
		}
	}
	return new_count;
}

static uint64_t set_insert(struct job *job, uint32_t party, const uint64_t *fps, size_t count)
{
	uint64_t is_new[BATCH / 64], new_count = 0;

	if (nw_fpset_insert(job->set, party, fps, count, is_new) < 0)
		exit(1);
	for (size_t i = 0; i < count / 64; i++)
		new_count += (uint64_t)__builtin_popcountll(is_new[i]);
	return new_count;
}

static void work(struct nw_crew_worker *worker, void *arg)
{
	struct job *job = arg;
	uint64_t fps[BATCH], new_count = 0, share = job->op_count / job->threads;
	uint64_t first = share / 2 * worker->worker_idx;

	atomic_fetch_add(&job->arrived, 1);
	while (atomic_load(&job->arrived) < job->threads)
		;
	if (worker->worker_idx == 0)
		job->begin_ns = nw_bench_now_ns();
	for (uint64_t at = 0; at < share; at += BATCH) {
		for (uint64_t i = 0; i < BATCH; i++)
			fps[i] = value(first + (at + i) % (share / 2));
		new_count += job->set ? set_insert(job, worker->worker_idx, fps, BATCH)
				      : bare_insert(job, fps, BATCH);
	}
	atomic_fetch_add(&job->new_count, new_count);
	if (atomic_fetch_sub(&job->arrived, 1) == 1)
		job->end_ns = nw_bench_now_ns();
}

static double run(struct job *job)
{
	struct nw_crew_options options = { .topo = job->topo, .worker_count = job->threads };
	struct nw_crew *crew;
	struct nw_diag diag;

	job->new_count = 0;
	job->arrived = 0;
	if (nw_crew_start(&crew, &options, work, job, &diag) < 0) {
		printf("# %s\n", diag.text);
		exit(1);
	}
	nw_crew_destroy(crew);
	if (job->new_count != job->op_count / 2) {
		printf("# %" PRIu64 " new, not %" PRIu64 "\n", job->new_count, job->op_count / 2);
		exit(1);
	}
	return (double)(job->end_ns - job->begin_ns) / (double)job->op_count;
}

static double run_bare(struct job *job)
{
	struct nw_mem mem;
	double ns;

	if (nw_mem_alloc(&mem, NW_NODE_ANY, job->slot_count * 8, NW_MEM_HUGE | NW_MEM_PREFAULT) < 0)
		exit(1);
	job->set = NULL;
	job->table = mem.base;
	ns = run(job);
	nw_mem_free(&mem);
	return ns;
}

/* Touches every page of a set before it is timed, as the bare table's are. */
static void touch(struct nw_fpset *set)
{
	struct nw_mem region;

	for (uint32_t i = 0; nw_fpset_region_at(set, i, &region); i++)
		for (size_t at = 0; at < region.n_bytes; at += 4096)
			atomic_fetch_add((_Atomic uint8_t *)region.base + at, 0);
}

static double run_set(struct job *job, uint32_t party_count, bool is_grown)
{
	struct nw_fpset_options options = { .node = NW_NODE_ANY,
					    .party_count = party_count,
					    .slots_min = is_grown ? 0 : job->slot_count };
	double ns;

	if (nw_fpset_create(&job->set, &options) < 0)
		exit(1);
	if (!is_grown)
		touch(job->set);
	ns = run(job);
	nw_fpset_destroy(job->set);
	return ns;
}

static void compare(struct job *job, const char *name, uint32_t party_count, const char *only)
{
	bool is_grown = strcmp(name, "grown") == 0;
	double bare[NW_BENCH_REPEAT_MAX], ours[NW_BENCH_REPEAT_MAX], ratio[NW_BENCH_REPEAT_MAX];
	uint32_t n = nw_bench_repeat();
	char label[96];

	if (only && strcmp(only, name) != 0)
		return;
	for (uint32_t i = 0; i < n; i++) {
		bare[i] = run_bare(job);
		ours[i] = run_set(job, party_count, is_grown);
		ratio[i] = bare[i] / ours[i];
	}
	snprintf(label, sizeof(label), "fpset/%s/%u/bare", name, job->threads);
	nw_bench_row(label, "ns/op", bare, n);
	snprintf(label, sizeof(label), "fpset/%s/%u/set", name, job->threads);
	nw_bench_row(label, "ns/op", ours, n);
	snprintf(label, sizeof(label), "fpset/%s/%u/ratio", name, job->threads);
	nw_bench_row(label, "bare/set", ratio, n);
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	struct nw_topo_options options = { 0 };
	struct job job = { .slot_count = (UINT64_C(1) << 24) * nw_bench_scale() };
	struct nw_diag diag;

	if (nw_topo_open(&job.topo, &options, &diag) < 0) {
		printf("# %s\n", diag.text);
		return 1;
	}
	job.op_count = job.slot_count / 64 * 64; /* half of them new: load 0.5 at the end */
	nw_bench_preamble("fpset", job.topo);
	for (job.threads = 1; job.threads <= nw_topo_core_count(job.topo); job.threads *= 2) {
		if (job.threads == 1)
			compare(&job, "owner", 1, only);
		compare(&job, "shared", job.threads > 1 ? job.threads : 2, only);
		compare(&job, "grown", job.threads, only);
	}
	nw_topo_close(job.topo);
	return 0;
}

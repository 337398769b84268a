/* SPDX-License-Identifier: MIT */
/* Read latency and bandwidth from each node's CPU to each node's memory.
 *
 * Latency: a chase of pointers through the lines of a buffer in one random cycle, so that each
 * load waits for the one before and no prefetcher can guess. Bandwidth: one thread adds up the
 * buffer from front to back. Each is the best of a few rounds of fixed time: noise only slows.
 *
 * The buffer is several times the largest cache where memory allows; what it was is shown.
 * Invariant: one buffer at a time, and only the thread that measures uses it. */
#include "verify/verify.h"

#include "common/app.h"

#include <stdlib.h>
#include <time.h>

enum {
	LINE_BYTES = NW_CACHE_PAIR, /* a hop: lines that are fetched in pairs count once */
	ROUNDS = 3,
	HOPS = 1024,          /* between looks at the clock */
	READ_BYTES = 1 << 20, /* likewise */
	CACHES = 4,           /* buffer = so many times the largest cache */
	SIMULATED_MAX = 16,
};

#define BUFFER_BYTES_MIN   ((size_t)64 << 20)
#define BUFFER_BYTES_MAX   ((size_t)1 << 30)
#define BUFFER_BYTES_QUICK ((size_t)8 << 20)
#define TOTAL_NS           (8 * 1000000000ull) /* of all cells; but a round has its limits: */
#define ROUND_NS_MAX       (20 * 1000000ull)
#define ROUND_NS_QUICK     (2 * 1000000ull)

struct line {
	struct line *next;
	char rest[LINE_BYTES - sizeof(struct line *)];
};

/* One buffer, and one thread that uses it. */
struct bench {
	struct nw_mem mem;
	uint64_t round_ns;
	struct line *at;   /* where the chase is */
	uint64_t checksum; /* of what was read: keeps the reads from being left out */
	double latency_ns;
	double gb_per_s;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Links all lines into one cycle in random order (Sattolo's shuffle). */
static void link_lines(struct nw_crew_worker *worker, void *arg)
{
	struct bench *bench = arg;
	struct line *lines = bench->mem.base;
	uint64_t random = 88172645463325252u, count = bench->mem.n_bytes / LINE_BYTES;

	(void)worker;
	for (uint64_t i = 0; i < count; i++)
		lines[i].next = &lines[i];
	for (uint64_t i = count - 1; i > 0; i--) {
		struct line *next = lines[i].next;
		uint64_t other;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		other = (random >> 32) * i >> 32; /* below i, so below 2^32 lines */
		lines[i].next = lines[other].next;
		lines[other].next = next;
	}
	bench->at = lines;
}

static double chase(struct bench *bench)
{
	uint64_t start = now_ns(), hop_count = 0, passed;
	struct line *at = bench->at;

	do {
		for (int i = 0; i < HOPS; i++)
			at = at->next;
		hop_count += HOPS;
		passed = now_ns() - start;
	} while (passed < bench->round_ns);
	bench->at = at;
	return (double)passed / (double)hop_count;
}

static uint64_t add_up(const uint64_t *words, size_t word_count)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;

	for (size_t i = 0; i < word_count; i += 8) {
		a += words[i] + words[i + 4];
		b += words[i + 1] + words[i + 5];
		c += words[i + 2] + words[i + 6];
		d += words[i + 3] + words[i + 7];
	}
	return a + b + c + d;
}

static double read_through(struct bench *bench)
{
	uint64_t start = now_ns(), read_bytes = 0, passed;
	size_t at = 0;

	do {
		bench->checksum += add_up((uint64_t *)((char *)bench->mem.base + at),
					  READ_BYTES / sizeof(uint64_t));
		at = (at + READ_BYTES) % bench->mem.n_bytes;
		read_bytes += READ_BYTES;
		passed = now_ns() - start;
	} while (passed < bench->round_ns);
	return (double)read_bytes / (double)passed;
}

static void measure(struct nw_crew_worker *worker, void *arg)
{
	struct bench *bench = arg;

	(void)worker;
	bench->latency_ns = bench->gb_per_s = 0;
	for (int i = 0; i < ROUNDS; i++) {
		double gb_per_s = read_through(bench), latency_ns = chase(bench);

		if (gb_per_s > bench->gb_per_s)
			bench->gb_per_s = gb_per_s;
		if (i == 0 || latency_ns < bench->latency_ns)
			bench->latency_ns = latency_ns;
	}
}

static size_t largest_cache(const struct nw_topo *topo)
{
	size_t largest = 0;

	for (uint32_t i = 0; i < nw_topo_cache_count(topo); i++) {
		const struct nw_topo_cache *cache = nw_topo_cache_at(topo, i);

		if (cache->type != 'i' && cache->bytes > largest)
			largest = cache->bytes;
	}
	return largest;
}

/* At most an eighth of the smallest node's memory, in whole huge pages. */
static size_t choose_bytes(const struct verify *verify)
{
	size_t n_bytes = CACHES * verify->cache_bytes;

	if (n_bytes < BUFFER_BYTES_MIN)
		n_bytes = BUFFER_BYTES_MIN;
	if (n_bytes > BUFFER_BYTES_MAX)
		n_bytes = BUFFER_BYTES_MAX;
	if (verify->is_quick)
		n_bytes = BUFFER_BYTES_QUICK;
	for (uint32_t i = 0; i < verify->node_count; i++) {
		uint64_t eighth = verify_node(verify, i)->memory_bytes / 8;

		if (eighth > 0 && eighth < n_bytes)
			n_bytes = eighth;
	}
	n_bytes &= ~(((size_t)2 << 20) - 1);
	return n_bytes ? n_bytes : READ_BYTES;
}

static uint64_t choose_round_ns(const struct verify *verify)
{
	uint64_t cells = (uint64_t)verify->node_count * verify->node_count;
	uint64_t round_ns = TOTAL_NS / (cells * ROUNDS * 2);

	if (verify->is_quick || round_ns < ROUND_NS_QUICK)
		return ROUND_NS_QUICK;
	return round_ns < ROUND_NS_MAX ? round_ns : ROUND_NS_MAX;
}

/* All nodes' CPUs against the memory of one. */
static int measure_memory(struct verify *verify, uint32_t to, struct bench *bench,
			  struct nw_diag *diag)
{
	int rc = verify_run_on(verify, verify_server_of(verify, to), link_lines, bench, diag);

	for (uint32_t from = 0; rc == 0 && from < verify->node_count; from++) {
		size_t cell = (size_t)from * verify->node_count + to;

		if (verify_node(verify, from)->cpu_count == 0 || app_was_interrupted())
			continue;
		rc = verify_run_on(verify, from, measure, bench, diag);
		verify->latency_ns[cell] = bench->latency_ns;
		verify->gb_per_s[cell] = bench->gb_per_s;
	}
	return rc;
}

static void measure_node(struct verify *verify, uint32_t to)
{
	nw_node node = verify_node(verify, to)->memory_node;
	struct bench bench = { .round_ns = choose_round_ns(verify) };
	struct nw_diag diag;
	int rc = nw_mem_alloc(&bench.mem, node, verify->buffer_bytes, NW_MEM_HUGE);

	if (rc < 0) {
		verify_note(verify, "measure", (int)to, VERDICT_FAILED, "%s",
			    nw_mem_reason_text(rc));
		return;
	}
	verify->buffer_bytes = bench.mem.n_bytes;
	verify->buffer_pages = bench.mem.pages;
	if (bench.mem.level != NW_MEM_BOUND)
		verify_note(verify, "measure", (int)to, VERDICT_FAILED, "%s: %s",
			    nw_mem_level_name(bench.mem.level),
			    nw_mem_reason_text(bench.mem.reason));
	else if (measure_memory(verify, to, &bench, &diag) < 0)
		verify_note(verify, "measure", (int)to, VERDICT_FAILED, "%s", diag.text);
	else
		verify_note(verify, "measure", (int)to, VERDICT_OK,
			    "latency and bandwidth from every node with CPUs");
	nw_mem_free(&bench.mem);
}

static void note_limits(const struct verify *verify)
{
	if (verify->cache_bytes >= verify->buffer_bytes)
		app_note(VERIFY, "the buffer fits the largest cache: latency and bandwidth are %s",
			 "the cache's more than the memory's");
#ifndef __OPTIMIZE__
	app_note(VERIFY, "built without optimisation: the bandwidth is the program's, not the %s",
		 "memory's");
#endif
}

void verify_measures(struct verify *verify)
{
	size_t cells = (size_t)verify->node_count * verify->node_count;

	if (verify->is_simulated && verify->node_count > SIMULATED_MAX) {
		verify_note(verify, "measure", ALL_NODES, VERDICT_SKIPPED,
			    "more than %d pretended nodes share the real memory", SIMULATED_MAX);
		return;
	}
	verify->latency_ns = calloc(cells, sizeof(double));
	verify->gb_per_s = calloc(cells, sizeof(double));
	if (!verify->latency_ns || !verify->gb_per_s) {
		verify_note(verify, "measure", ALL_NODES, VERDICT_FAILED, "no memory");
		return;
	}
	verify->cache_bytes = largest_cache(verify->topo);
	verify->buffer_bytes = choose_bytes(verify);
	for (uint32_t to = 0; to < verify->node_count && !app_was_interrupted(); to++) {
		if (verify_node(verify, to)->memory_bytes > 0)
			measure_node(verify, to);
	}
	note_limits(verify);
}

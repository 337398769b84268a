/* SPDX-License-Identifier: MIT */
/*
 * What every benchmark shares: a clock, repetition, medians, and the preamble that says on
 * what machine a figure was measured.
 *
 * Output is TSV: lines of `# key value`, then `name unit median p10 p90 n` a case. A figure
 * is the median of n repetitions; p10 and p90 are what a reader should expect to see.
 *
 *   NW_BENCH_REPEAT=31   repetitions a case (default 15)
 *   NW_BENCH_SCALE=10    multiplies the work of one repetition (default 1)
 */
#ifndef NW_BENCH_H
#define NW_BENCH_H

#include <nw/topo.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#ifndef NW_BENCH_COMMIT
#define NW_BENCH_COMMIT "unknown" /* the build defines it, by git describe */
#endif

#ifndef NW_BENCH_MORE_COLUMNS
#define NW_BENCH_MORE_COLUMNS "" /* after n, in the header line: a benchmark's own */
#endif

enum { NW_BENCH_REPEAT_MAX = 1001 };

static inline uint64_t nw_bench_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint32_t nw_bench_env(const char *name, uint32_t fallback, uint32_t max)
{
	const char *text = getenv(name);
	unsigned long n = text ? strtoul(text, NULL, 10) : fallback;

	return n < 1 ? 1 : n > max ? max : (uint32_t)n;
}

static inline uint32_t nw_bench_repeat(void)
{
	return nw_bench_env("NW_BENCH_REPEAT", 15, NW_BENCH_REPEAT_MAX);
}

static inline uint64_t nw_bench_scale(void)
{
	return nw_bench_env("NW_BENCH_SCALE", 1, 1000000);
}

/* Keep the compiler from dropping a value that nothing else uses. */
static inline void nw_bench_keep(const void *p)
{
	__asm__ __volatile__("" ::"r"(p) : "memory");
}

static inline int nw_bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nearest rank of sorted values, q from 0 to 1. */
static inline double nw_bench_quantile(const double *sorted, uint32_t n, double q)
{
	return sorted[(uint32_t)(q * (double)(n - 1) + 0.5)];
}

/* Median over the rounds of theirs by ours. */
static inline double nw_bench_ratio(const double *ours, const double *theirs, uint32_t n)
{
	double ratios[NW_BENCH_REPEAT_MAX] = { 0 };

	for (uint32_t i = 0; i < n; i++)
		ratios[i] = theirs[i] / ours[i];
	qsort(ratios, n, sizeof(*ratios), nw_bench_compare);
	return nw_bench_quantile(ratios, n, 0.5);
}

/* Sorts values and prints one row; returns the median. */
static inline double nw_bench_row(const char *name, const char *unit, double *values, uint32_t n)
{
	double median;

	qsort(values, n, sizeof(*values), nw_bench_compare);
	median = nw_bench_quantile(values, n, 0.5);
	printf("%s\t%s\t%.4g\t%.4g\t%.4g\t%" PRIu32 "\n", name, unit, median,
	       nw_bench_quantile(values, n, 0.1), nw_bench_quantile(values, n, 0.9), n);
	fflush(stdout);
	return median;
}

/* One repetition: does op_count operations; returns their nanoseconds in all, < 0: failed. */
typedef double nw_bench_fn(uint64_t op_count, void *arg);

/* Nanoseconds an operation: a warm-up, then the repetitions, then the row. */
static inline double nw_bench_run(const char *name, uint64_t op_count, nw_bench_fn *run, void *arg)
{
	double values[NW_BENCH_REPEAT_MAX] = { 0 };
	uint32_t n = nw_bench_repeat();

	op_count *= nw_bench_scale();
	(void)run(op_count, arg); /* warm-up: pages touched, clocks up */
	for (uint32_t i = 0; i < n; i++) {
		values[i] = run(op_count, arg) / (double)op_count;
		if (values[i] < 0) {
			printf("# %s failed\n", name);
			exit(1);
		}
	}
	return nw_bench_row(name, "ns/op", values, n);
}

/* First value of a key in /proc/cpuinfo, or "unknown". */
static inline void nw_bench_cpu_model(char *ret_text, size_t n_bytes)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[512];

	snprintf(ret_text, n_bytes, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || !colon || colon[1] == '\0')
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(ret_text, n_bytes, "%s", colon + 2);
		break;
	}
	if (file)
		fclose(file);
}

static inline void nw_bench_print_machine(const struct nw_topo *topo)
{
	printf("# nodes %" PRIu32 "\n# cores %" PRIu32 "\n# cpus %" PRIu32 "\n",
	       nw_topo_node_count(topo), nw_topo_core_count(topo), nw_topo_cpu_count(topo));
	if (nw_topo_kind(topo) == NW_TOPO_SIMULATED)
		printf("# simulated nodes: routing is real, latency is not\n");
}

/* First thing a benchmark prints. */
static inline void nw_bench_preamble(const char *title, const struct nw_topo *topo)
{
	struct utsname system;
	char model[256];

	nw_bench_cpu_model(model, sizeof(model));
	printf("# bench %s\n# commit %s\n# cpu %s\n", title, NW_BENCH_COMMIT, model);
	nw_bench_print_machine(topo);
	if (uname(&system) == 0)
		printf("# kernel %s %s %s\n", system.sysname, system.release, system.machine);
	printf("# compiler %s\n", __VERSION__);
#ifdef NDEBUG
	printf("# build optimised, no assertions\n");
#elif defined(__OPTIMIZE__)
	printf("# build optimised, assertions on\n");
#else
	printf("# build NOT optimised: figures mean nothing\n");
#endif
	printf("name\tunit\tmedian\tp10\tp90\tn" NW_BENCH_MORE_COLUMNS "\n");
}

#endif /* NW_BENCH_H */

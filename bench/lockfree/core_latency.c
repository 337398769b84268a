/* SPDX-License-Identifier: MIT */
/*
 * How long a cache line takes from one CPU to another: what bounds every structure with more than
 * one thread, so it stands beside their figures. Two threads, pinned, hand one line to and fro.
 * Invariant: the best of ROUNDS is reported, so a busy machine does not make the line look slow;
 * at most CPUS_MAX CPUs, spread over all allowed ones, are paired.
 */
#include "bench/nw_pin.h"
#include "lockfree.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>

enum { CPUS_MAX = 16, ROUNDS = 150, TRIPS = 200, PAIRS_SHOWN = 6 };

struct rally {
	alignas(128) _Atomic uint32_t turn; /* even: the first's; odd: the second's */
	alignas(128) int cpus[2];
};

struct player {
	struct rally *rally;
	uint32_t number;
	double ns; /* best round's, a trip */
};

static void *play(void *arg)
{
	struct player *player = arg;
	struct rally *rally = player->rally;
	uint32_t turn = player->number, tries = 0;

	nw_pin((size_t)rally->cpus[player->number]);
	player->ns = 1e9;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint64_t begin_ns = nw_bench_now_ns(), end_ns;

		for (uint32_t trip = 0; trip < TRIPS; trip++, turn += 2) {
			while (atomic_load_explicit(&rally->turn, memory_order_acquire) != turn)
				lf_wait(&tries);
			atomic_store_explicit(&rally->turn, turn + 1, memory_order_release);
		}
		end_ns = nw_bench_now_ns();
		if ((double)(end_ns - begin_ns) / (2.0 * TRIPS) < player->ns)
			player->ns = (double)(end_ns - begin_ns) / (2.0 * TRIPS);
	}
	return NULL;
}

/* Nanoseconds one way; < 0: no thread. */
static double measure(int a, int b)
{
	static struct rally rally;
	struct player first = { .rally = &rally, .number = 0 };
	struct player second = { .rally = &rally, .number = 1 };
	pthread_t threads[2];

	atomic_store(&rally.turn, 0);
	rally.cpus[0] = a;
	rally.cpus[1] = b;
	if (pthread_create(&threads[0], NULL, play, &first) != 0)
		return -1;
	if (pthread_create(&threads[1], NULL, play, &second) != 0) {
		(void)pthread_cancel(threads[0]); /* in sched_yield() or on its way there */
		(void)pthread_join(threads[0], NULL);
		return -1;
	}
	(void)pthread_join(threads[0], NULL);
	(void)pthread_join(threads[1], NULL);
	return first.ns;
}

/* At most CPUS_MAX of the allowed CPUs, evenly spread. */
static uint32_t choose_cpus(int *ret_cpus)
{
	cpu_set_t set;
	uint32_t n = 0, seen = 0, total;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 0;
	total = (uint32_t)CPU_COUNT(&set);
	for (int cpu = 0; cpu < CPU_SETSIZE && n < CPUS_MAX; cpu++) {
		if (!CPU_ISSET((unsigned)cpu, &set))
			continue;
		if (total <= CPUS_MAX || seen * CPUS_MAX / total == n)
			ret_cpus[n++] = cpu;
		seen++;
	}
	return n;
}

void lf_print_core_latency(void)
{
	int cpus[CPUS_MAX];
	double all[CPUS_MAX * CPUS_MAX];
	uint32_t cpu_count = choose_cpus(cpus), n = 0;

	for (uint32_t i = 0; i < cpu_count; i++) {
		for (uint32_t j = i + 1; j < cpu_count; j++) {
			double ns = measure(cpus[i], cpus[j]);

			if (ns < 0)
				continue;
			all[n++] = ns;
			if (cpu_count * (cpu_count - 1) / 2 <= PAIRS_SHOWN)
				printf("# core_to_core cpu %d and %d: %.1f ns\n", cpus[i], cpus[j],
				       ns);
		}
	}
	if (n == 0) {
		printf("# core_to_core not measured: one CPU\n");
		return;
	}
	qsort(all, n, sizeof(*all), nw_bench_compare);
	printf("# core_to_core min %.1f median %.1f max %.1f ns one way, %" PRIu32 " CPUs\n",
	       all[0], all[n / 2], all[n - 1], cpu_count);
}

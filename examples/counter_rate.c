/* SPDX-License-Identifier: MIT */
/* This example shows how to count in every thread without meeting, and to read rates meanwhile.
 *
 *     cc counter_rate.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/counter.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

enum { WORKERS = 3, PACKETS = 100000 };
enum { COUNT_PACKETS, COUNT_BYTES, COUNTERS };

static struct nw_counter *counter;

static void *work(void *arg)
{
	struct nw_counter_stripe *stripe = arg;

	for (int i = 0; i < PACKETS; i++) {
		nw_counter_add(stripe, COUNT_PACKETS, 1);
		nw_counter_add(stripe, COUNT_BYTES, 64);
	}
	return NULL;
}

int main(void)
{
	/* Where each worker runs; a crew would tell. */
	static const nw_node nodes[WORKERS] = { { -1 }, { -1 }, { -1 } };
	pthread_t workers[WORKERS];
	uint64_t packets_last = 0, total = 0;

	if (nw_counter_create(&counter, COUNTERS, nodes, WORKERS) < 0) {
		fprintf(stderr, "counter_rate: no memory\n");
		return 1;
	}
	for (uint32_t i = 0; i < WORKERS; i++)
		if (pthread_create(&workers[i], NULL, work, nw_counter_stripe_at(counter, i)) != 0)
			return 1;
	for (int i = 0; i < WORKERS; i++) {
		pthread_join(workers[i], NULL);
		total += nw_counter_delta(counter, COUNT_PACKETS, &packets_last);
		printf("%" PRIu64 " packets so far\n", total);
	}
	printf("%" PRIu64 " bytes\n", nw_counter_sum(counter, COUNT_BYTES));
	nw_counter_destroy(counter);
	return total == (uint64_t)WORKERS * PACKETS ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/* This example shows how to collect records of many threads in one, and never to wait for it.
 *
 *     cc mpsc_log.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/mpsc.h>

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { THREADS = 3, LINES = 1000 };

struct line {
	uint64_t number;
	uint64_t lost; /* of this thread, in its last line */
};

static struct nw_mpsc *ring;

static void *say(void *arg)
{
	struct line end = { LINES, 0 };

	for (uint64_t i = 0; i < LINES; i++)
		if (!nw_mpsc_push(ring, &(struct line){ i, 0 }))
			end.lost++; /* full: counted, not waited for */
	while (!nw_mpsc_push(ring, &end))
		sched_yield();
	return arg;
}

int main(void)
{
	pthread_t threads[THREADS];
	struct line lines[32];
	uint64_t kept = 0, lost = 0, ended = 0;

	if (nw_mpsc_create(&ring, 256, sizeof(struct line), NW_NODE_ANY) < 0)
		return fprintf(stderr, "mpsc_log: no memory\n"), 1;
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, say, NULL) != 0)
			return 1;
	while (ended < THREADS) {
		uint32_t n = nw_mpsc_pop_burst(ring, lines, 32);

		for (uint32_t i = 0; i < n; i++) {
			ended += lines[i].number == LINES;
			kept += lines[i].number < LINES;
			lost += lines[i].lost;
		}
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%" PRIu64 " lines kept, %" PRIu64 " lost\n", kept, lost);
	nw_mpsc_destroy(ring);
	return kept + lost == (uint64_t)THREADS * LINES ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * Two writers that try, and a reader: the words read are of one write, and of none but whose writer
 * was told that it wrote.
 */
#include "model.h"

#include "lf/seqlock.c"

enum { WRITERS = 2 };

struct pair {
	uint64_t a, b;
};

static struct nw_seqlock *lock;
static uint64_t numbers[WRITERS] = { 1, 2 };
static uint32_t has_written[WRITERS];

static void *write_one(void *arg)
{
	uint64_t n = *(uint64_t *)arg;
	struct pair pair;

	pair.a = n;
	pair.b = 10 * n;
	if (nw_seqlock_try_write(lock, &pair))
		has_written[n - 1] = 1;
	return NULL;
}

int main(void)
{
	pthread_t writers[WRITERS];
	struct pair pair;
	int rc = nw_seqlock_init(&lock, model_memory, sizeof(model_memory), sizeof(struct pair));

	assert(rc == 0);
	(void)rc;
	for (int w = 0; w < WRITERS; w++)
		pthread_create(&writers[w], NULL, write_one, &numbers[w]);
	if (nw_seqlock_read(lock, &pair, 1))
		assert(pair.b == 10 * pair.a);
	for (int w = 0; w < WRITERS; w++)
		pthread_join(writers[w], NULL);
	/* Nobody writes any more: one of them did, and the value is whole. */
	if (!nw_seqlock_read(lock, &pair, 1))
		assert(0 && "odd with no writer");
	assert(pair.a >= 1 && pair.b == 10 * pair.a);
	assert(has_written[pair.a - 1] == 1);
	return 0;
}

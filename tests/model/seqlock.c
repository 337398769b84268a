/* SPDX-License-Identifier: MIT */
/*
 * A value of two words, written twice by one thread while another reads it: the words read are of
 * one write, and of no older one than was read before.
 */
#include "model.h"

#include "lf/seqlock.c"

enum { WRITES = 2, READS = 2 };

struct pair {
	uint64_t a, b;
};

static struct nw_seqlock *lock;

static void *write_all(void *arg)
{
	for (uint64_t i = 1; i <= WRITES; i++) {
		struct pair pair;

		pair.a = i;
		pair.b = 10 * i;
		nw_seqlock_write(lock, &pair);
	}
	return arg;
}

static void *read_all(void *arg)
{
	uint64_t last = 0;

	for (int i = 0; i < READS; i++) {
		struct pair pair;

		if (!nw_seqlock_read(lock, &pair, 1))
			continue;
		assert(pair.b == 10 * pair.a);
		assert(pair.a >= last);
		last = pair.a;
	}
	return arg;
}

int main(void)
{
	pthread_t writer, reader;
	int rc = nw_seqlock_init(&lock, model_memory, sizeof(model_memory), sizeof(struct pair));

	assert(rc == 0);
	(void)rc;
	model_start(&writer, write_all);
	model_start(&reader, read_all);
	pthread_join(writer, NULL);
	pthread_join(reader, NULL);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* This example shows how to publish a small struct that others read whole, at no cost to you.
 *
 *     cc seqlock_position.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/seqlock.h>

#include <pthread.h>
#include <stdio.h>

enum { STEPS = 100000, TRIES = 100 };

struct position {
	double x, y, z; /* always x = y = z here */
};

static uint64_t room[8];
static struct nw_seqlock *lock;

static void *move(void *arg)
{
	for (int i = 1; i <= STEPS; i++)
		nw_seqlock_write(lock, &(struct position){ i, i, i });
	return arg;
}

int main(void)
{
	struct position p = { 0, 0, 0 };
	pthread_t mover;
	long read_count = 0;

	if (nw_seqlock_bytes(sizeof(p)) > sizeof(room) ||
	    nw_seqlock_init(&lock, room, sizeof(room), sizeof(p)) < 0 ||
	    pthread_create(&mover, NULL, move, NULL) != 0)
		return fprintf(stderr, "seqlock_position: no room, or no thread\n"), 1;
	while (p.x < STEPS) {
		if (!nw_seqlock_read(lock, &p, TRIES))
			continue; /* written again and again; look later */
		read_count++;
		if (p.x != p.y || p.x != p.z)
			return fprintf(stderr, "torn\n"), 1;
	}
	pthread_join(mover, NULL);
	printf("at %.0f after %s reads, all whole\n", p.x, read_count > 0 ? "some" : "no");
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* This example shows how a function forks, and joins what it forked with its result.
 *
 *     cc sched_fork.c $(pkg-config --cflags --libs nodewise) -pthread
 */
#include <nw/sched.h>

#include <stdio.h>

enum { BOARD = 8, SOLUTIONS = 92 };

/* How many ways there are to put queens on the rows left; each bit is a square under attack. */
NW_TASK(int, queens, unsigned, columns, unsigned, left, unsigned, right)
{
	unsigned all = (1u << BOARD) - 1;
	int spawned = 0, sum = 0;

	if (columns == all)
		return 1;
	for (unsigned free = ~(columns | left | right) & all; free; free &= free - 1) {
		unsigned square = free & -free;

		/* From here on a thief may run it; what it needs is written down, not allocated. */
		NW_SPAWN(queens, columns | square, (left | square) << 1, (right | square) >> 1);
		spawned++;
	}
	while (spawned-- > 0)
		sum += NW_SYNC(queens); /* the newest first */
	return sum;
}

static void solve(struct nw_here here, void *arg)
{
	*(int *)arg = queens(here, 0, 0, 0);
}

int main(void)
{
	struct nw_topo *topo;
	struct nw_sched *sched;
	struct nw_diag diag;
	int solutions = 0;

	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0 ||
	    nw_sched_start(&sched, &(struct nw_crew_options){ .topo = topo }, NULL, &diag) < 0)
		return fprintf(stderr, "%s\n", diag.text), 1;
	if (nw_sched_run(sched, solve, &solutions) < 0)
		return fprintf(stderr, "it did not run\n"), 1;
	printf("%d queens: %d ways\n", BOARD, solutions);
	nw_sched_destroy(sched);
	nw_topo_close(topo);
	return solutions == SOLUTIONS ? 0 : 1;
}

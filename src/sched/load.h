/* SPDX-License-Identifier: MIT */
/*
 * How loaded a node is, in eight dimensions, as exact integers.
 *
 * An *amount* is in the unit of its dimension; a *capacity* is in the same unit. Amounts of
 * different dimensions cannot be added; *shares* can: amount * NWI_LOAD_ONE / capacity, rounded
 * down, so that NWI_LOAD_ONE is one whole capacity and a queue ten times too long is ten of them. A
 * share is capped at INT64_MAX; no sum, difference or product below overflows for any 64-bit input.
 *
 * Invariant: the sum of the changes that owners publish on a board is what the board holds, modulo
 * 2^64. Thieves read it relaxed, one cache pair a node: a hint, old by what was not yet published.
 */
#ifndef NWI_SCHED_LOAD_H
#define NWI_SCHED_LOAD_H

#include <nw/base.h>

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 nwi_u128;
__extension__ typedef __int128 nwi_i128;

enum nwi_load_dim {
	NWI_LOAD_CPU,     /* tasks ready or running; capacity: workers */
	NWI_LOAD_MEMORY,  /* bytes */
	NWI_LOAD_IO,      /* bytes a second */
	NWI_LOAD_NETWORK, /* packets a second */
	NWI_LOAD_GPU,     /* thousandths of a device */
	NWI_LOAD_DISK,    /* operations a second */
	NWI_LOAD_IRQ,     /* interrupts a second */
	NWI_LOAD_CAPS,    /* capability delegations held */
	NWI_LOAD_DIM_COUNT
};

/* A share of one whole capacity. */
#define NWI_LOAD_ONE (INT64_C(1) << 32)

/* Amounts, or capacities, or amounts that one task adds; each in the unit of its dimension. */
struct nwi_load {
	uint64_t amount[NWI_LOAD_DIM_COUNT];
};

/* What a node shows to all. Its own cache pair: thieves of other nodes read it. */
struct nwi_load_board {
	alignas(NW_CACHE_PAIR) _Atomic uint64_t amount[NWI_LOAD_DIM_COUNT];
};

/* The square of a distance between two loads, exact: below 2^131. */
struct nwi_load_square {
	uint64_t high; /* times 2^128 */
	nwi_u128 low;
};

/*
 * Publish that the caller's part of the node's load was `was` and is `is`. Relaxed additions, none
 * for dimensions that did not change. Any thread of the node.
 */
void nwi_load_publish(struct nwi_load_board *board, const struct nwi_load *was,
		      const struct nwi_load *is);

/*
 * Whether a part of a load has to be published anew: in some dimension it is off by more than a
 * quarter of what is shown. So what comes to nothing or from nothing always shows, and a long queue
 * costs an addition each time it grows by a quarter.
 */
bool nwi_load_differs_much(const struct nwi_load *shown, const struct nwi_load *is);

/* Read a board: relaxed, dimension by dimension; a hint. Any thread. */
void nwi_load_read(const struct nwi_load_board *board, struct nwi_load *ret_load);

/* One component as a share, 0..INT64_MAX. A capacity of 0: INT64_MAX of something, 0 of nothing. */
int64_t nwi_load_share(uint64_t amount, uint64_t capacity);

/*
 * Signed imbalance: how much more loaded `theirs` is than `ours`, each by its own capacity: the sum
 * over the dimensions of weight * (their share - our share). Positive: they have more than we.
 * weights: 0..UINT16_MAX a dimension; NULL: CPU counts 1, all else 0.
 */
nwi_i128 nwi_load_imbalance(const struct nwi_load *theirs, const struct nwi_load *their_capacity,
			    const struct nwi_load *ours, const struct nwi_load *our_capacity,
			    const uint16_t *weights);

/*
 * The octonion norm, squared, of the difference of two vectors of eight. Symmetric: it is the same
 * from both sides, hence cannot tell a node that has too much from one that has too little. The
 * square orders as the norm does, and needs no root.
 */
struct nwi_load_square nwi_load_distance_square(const int64_t *a, const int64_t *b);

/* < 0, 0, > 0 as a is less than, equal to or greater than b. */
int nwi_load_square_compare(struct nwi_load_square a, struct nwi_load_square b);

#endif /* NWI_SCHED_LOAD_H */

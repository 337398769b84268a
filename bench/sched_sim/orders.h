/* SPDX-License-Identifier: MIT */
/*
 * How fair the dispatch orders are: classes that are always ready, and what each got. Exact counts:
 * one seed differs from another by its weights and by the draws of the lottery, no more.
 */
#ifndef BENCH_SCHED_SIM_ORDERS_H
#define BENCH_SCHED_SIM_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

enum { ORDERS_CLASSES_MAX = 64, ORDERS_WEIGHT_MAX = 100 };

struct orders_fairness {
	double jain;      /* of what each class got by its weight, at the end */
	double deviation; /* slots: the largest from a share, at any prefix */
};

/* NULL: there are no more kinds. */
const char *orders_name(uint32_t kind);

/* Deal slots among classes with weights drawn from the seed. False: no memory. */
bool orders_measure(uint32_t kind, uint32_t class_count, uint32_t slots, uint64_t seed,
		    struct orders_fairness *ret_fairness);

/* The same without looking: for the clock. */
bool orders_deal(uint32_t kind, uint32_t class_count, uint32_t slots, uint64_t seed);

#endif /* BENCH_SCHED_SIM_ORDERS_H */

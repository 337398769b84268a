/* SPDX-License-Identifier: MIT */
/*
 * How fair a division of slots was: Jain's index and the largest deviation from a share.
 *
 * The index is a report's number, in floating point; the deviation is what tests judge, and exact.
 * Reference: R. Jain, D. Chiu, W. Hawe, "A quantitative measure of fairness", DEC-TR-301, 1984.
 */
#include "sched/load.h"
#include "sched/order.h"

double nwi_order_jain(const uint64_t *got, const uint32_t *weights, uint32_t count)
{
	double sum = 0, squares = 0;

	for (uint32_t i = 0; i < count; i++) {
		double share = (double)got[i] / (weights ? weights[i] : 1);

		sum += share;
		squares += share * share;
	}
	return squares > 0 ? sum * sum / (squares * count) : 1;
}

uint64_t nwi_order_deviation_1024(const uint64_t *got, const uint32_t *weights, uint32_t count)
{
	nwi_u128 slots = 0, worst = 0;
	uint64_t weight_sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		slots += got[i];
		weight_sum += weights ? weights[i] : 1;
	}
	for (uint32_t i = 0; i < count; i++) {
		nwi_u128 had = (nwi_u128)got[i] * weight_sum;
		nwi_u128 due = slots * (weights ? weights[i] : 1);
		nwi_u128 off = had > due ? had - due : due - had;

		worst = off > worst ? off : worst;
	}
	return (uint64_t)(worst * 1024 / weight_sum);
}

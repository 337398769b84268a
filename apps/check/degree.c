/* SPDX-License-Identifier: MIT */
/*
 * How many new states were found from a state: TLC's out-degree of the state graph.
 *
 * Invariant: the figures are TLC's, which takes 31 for whatever is more. Their sum does not depend
 * on who searched; which of two states finds a third does, where several workers search.
 */
#include "check/spec.h"

#include <inttypes.h>
#include <math.h>

enum { DEGREES = 32 };

struct degrees {
	uint32_t min, max, percentile; /* the 95th */
	double mean;
};

static uint32_t percentile(const uint64_t *counts, uint64_t total)
{
	uint64_t place = (uint64_t)((double)total * .95), sum = 0;
	uint32_t degree = 0;

	for (; degree < DEGREES - 1; degree++) {
		sum += counts[degree];
		if (sum > place)
			break;
	}
	return degree;
}

/* False: they are not known, or there is no state. */
static bool find(const struct check *check, const struct nw_explore_report *report,
		 struct degrees *ret_degrees)
{
	struct degrees found = { .min = DEGREES };
	uint64_t counts[DEGREES], total = 0, sum = 0;

	if (!check->explore || report->end != NW_EXPLORE_DONE ||
	    nw_explore_out_degrees(check->explore, counts, DEGREES) < 0)
		return false;
	for (uint32_t degree = 0; degree < DEGREES; degree++) {
		if (counts[degree] == 0)
			continue;
		found.min = degree < found.min ? degree : found.min;
		found.max = degree;
		total += counts[degree];
		sum += counts[degree] * degree;
	}
	if (total == 0)
		return false;
	found.mean = (double)sum / (double)total;
	found.percentile = percentile(counts, total);
	*ret_degrees = found;
	return true;
}

void check_degree_say(const struct check *check, const struct nw_explore_report *report)
{
	struct degrees degrees;

	if (find(check, report, &degrees))
		check_say(check->say, SAY_OUT_DEGREE,
			  "The average outdegree of the complete state graph is %.0f (minimum is "
			  "%u, the maximum %u and the 95th percentile is %u).",
			  floor(degrees.mean + .5), (unsigned)degrees.min, (unsigned)degrees.max,
			  (unsigned)degrees.percentile);
}

json_t *check_degree_json(const struct check *check, const struct nw_explore_report *report)
{
	struct degrees degrees;

	if (!find(check, report, &degrees))
		return json_null();
	return json_pack("{s:i, s:f, s:i, s:i}", "min", (int)degrees.min, "mean", degrees.mean,
			 "percentile_95", (int)degrees.percentile, "max", (int)degrees.max);
}

/* SPDX-License-Identifier: MIT */
/* What is known of variables on all ways at once: joined where ways meet. */
#include "plan_given.h"

#include "plan_reads.h"

#include <string.h>

uint8_t *tla_given_copy(struct tla_plan *plan)
{
	uint32_t count = plan->runner->eval.var_count;
	uint8_t *copy = tla_plan_piece(plan, count + 1u);

	return copy ? memcpy(copy, plan->given, count) : NULL;
}

void tla_given_join(const struct tla_plan *plan, uint8_t *to, const uint8_t *from)
{
	for (uint32_t i = 0; i < plan->runner->eval.var_count; i++)
		if (to[i] != from[i])
			to[i] = TLA_GIVEN_PERHAPS;
}

bool tla_given_all(const struct tla_plan *plan)
{
	for (uint32_t i = 0; i < plan->runner->eval.var_count; i++)
		if (plan->given[i] != TLA_GIVEN)
			return false;
	return true;
}

void tla_given_perhaps(struct tla_plan *plan)
{
	for (uint32_t i = 0; i < plan->runner->eval.var_count; i++)
		if (plan->given[i] == TLA_GIVEN_NOT)
			plan->given[i] = TLA_GIVEN_PERHAPS;
}

struct tla_ways tla_ways_open(struct tla_plan *plan)
{
	return (struct tla_ways){ tla_given_copy(plan), NULL };
}

void tla_ways_next(struct tla_plan *plan, struct tla_ways *ways)
{
	if (plan->is_full)
		return;
	if (ways->after)
		tla_given_join(plan, ways->after, plan->given);
	else
		ways->after = tla_given_copy(plan);
	if (!plan->is_full)
		memcpy(plan->given, ways->before, plan->runner->eval.var_count);
}

void tla_ways_close(struct tla_plan *plan, const struct tla_ways *ways)
{
	if (!plan->is_full && ways->after)
		memcpy(plan->given, ways->after, plan->runner->eval.var_count);
}

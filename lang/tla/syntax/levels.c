/* SPDX-License-Identifier: MIT */
/*
 * Levels as SANY has them: what may be primed, be temporal, stand beside each other.
 *
 * A definition is looked at once. What its body asks of a parameter's level becomes what it asks of
 * the argument, so no argument is followed into a definition.
 *
 * Invariant: where something is not known (an operator that is a parameter, parts of definitions)
 * the level is the lowest that it can be, and no error is said that SANY would not say.
 */
#include "names.h"

#include <string.h>

enum { NUMBERED_MAX = 64 };

static const char *const level_names[] = { "constant", "state", "action", "temporal" };

struct level level_join(struct level a, struct level b)
{
	return (struct level){ a.base > b.base ? a.base : b.base, a.params | b.params };
}

void level_limit(struct checker *checker, struct level level, uint8_t max, struct tla_span span,
		 const char *what)
{
	if (level.base > max && checker->is_for_levels)
		names_error(checker, span, "%s is of level %s where %s is the highest", what,
			    level_names[level.base], level_names[max]);
	for (uint32_t i = 0; i < NUMBERED_MAX; i++)
		if (level.params >> i & 1 && checker->param_max[i] > max)
			checker->param_max[i] = max;
}

struct level level_of_param(struct checker *checker)
{
	if (checker->param_count == NUMBERED_MAX)
		return (struct level){ 0 };
	checker->param_max[checker->param_count] = LEVEL_TEMPORAL;
	return (struct level){ .params = (uint64_t)1 << checker->param_count++ };
}

void level_of_definition(struct checker *checker, struct known *known, struct level body,
			 uint32_t first)
{
	uint64_t outer = first < NUMBERED_MAX ? ((uint64_t)1 << first) - 1 : UINT64_MAX;
	uint8_t *weights = tla_piece(&checker->spec->sources, 2 * ((size_t)known->arity + 1));
	uint32_t count = checker->param_count - first;

	known->level = (struct level){ body.base, body.params & outer };
	if (!weights)
		return;
	memset(weights, 1, known->arity);
	memset(weights + known->arity, LEVEL_TEMPORAL, known->arity);
	for (uint32_t i = 0; i < known->arity && i < count; i++) {
		weights[i] = body.params >> (first + i) & 1;
		weights[known->arity + i] = checker->param_max[first + i];
	}
	known->weights = weights;
	known->maxima = weights + known->arity;
	checker->param_count = first;
}

/* --- Operators of the language --- */

struct rule {
	uint8_t level, max, weight;
};

static struct rule rule_of(enum tla_op op)
{
	switch (op) {
	case TLA_OP_NOT:
	case TLA_OP_AND:
	case TLA_OP_OR:
	case TLA_OP_EQUIV:
	case TLA_OP_IMPLIES:
		return (struct rule){ LEVEL_CONSTANT, LEVEL_TEMPORAL, 1 };
	case TLA_OP_PRIME:
	case TLA_OP_UNCHANGED:
		return (struct rule){ LEVEL_ACTION, LEVEL_STATE, 0 };
	case TLA_OP_ENABLED:
		return (struct rule){ LEVEL_STATE, LEVEL_ACTION, 0 };
	case TLA_OP_COMPOSE:
		return (struct rule){ LEVEL_ACTION, LEVEL_ACTION, 0 };
	case TLA_OP_ALWAYS:
	case TLA_OP_EVENTUALLY:
	case TLA_OP_LEADS_TO:
	case TLA_OP_GUARANTEES:
		return (struct rule){ LEVEL_TEMPORAL, LEVEL_TEMPORAL, 0 };
	default:
		return (struct rule){ LEVEL_CONSTANT, LEVEL_ACTION, 1 };
	}
}

void level_mixed(struct checker *checker, struct tla_span span, const struct level *args,
		 uint32_t count)
{
	bool has_temporal = false, has_action = false;

	for (uint32_t i = 0; i < count; i++) {
		has_temporal |= args[i].base == LEVEL_TEMPORAL;
		has_action |= args[i].base == LEVEL_ACTION;
	}
	if (has_temporal && has_action && checker->is_for_levels)
		names_error(checker, span, "an action stands beside a temporal formula");
}

/* Whether an operand of [] or <> is written as an operator applied, so that an action has to be of
 * that form. */
static bool is_applied(const struct tla_expr *expr, enum tla_expr_kind form)
{
	return expr->kind != form && expr->kind != TLA_E_LET && expr->kind != TLA_E_LABEL &&
	       expr->kind != TLA_E_SUBEXPR;
}

static void check_temporal(struct checker *checker, const struct tla_expr *expr,
			   const struct level *args)
{
	enum tla_op op = (enum tla_op)expr->apply.sym;
	const struct tla_expr *first = expr->apply.args[0];

	if (!checker->is_for_levels)
		return;
	if (op == TLA_OP_ALWAYS && args[0].base == LEVEL_ACTION && is_applied(first, TLA_E_BOX))
		names_error(checker, expr->span, "[] before an action that is not [A]_v");
	if (op == TLA_OP_EVENTUALLY && args[0].base == LEVEL_ACTION &&
	    is_applied(first, TLA_E_ANGLE))
		names_error(checker, expr->span, "<> before an action that is not <<A>>_v");
	if ((op == TLA_OP_LEADS_TO || op == TLA_OP_GUARANTEES) &&
	    (args[0].base == LEVEL_ACTION || args[1].base == LEVEL_ACTION))
		names_error(checker, expr->span,
			    "an action where a temporal formula or a predicate is needed");
}

struct level level_of_op(struct checker *checker, const struct tla_expr *expr,
			 const struct level *args)
{
	enum tla_op op = (enum tla_op)expr->apply.sym;
	struct rule rule = rule_of(op);
	struct level all = { .base = rule.level };

	for (uint32_t i = 0; i < expr->apply.arg_count; i++) {
		level_limit(checker, args[i], rule.max, expr->apply.args[i]->span, "an operand");
		if (rule.weight)
			all = level_join(all, args[i]);
	}
	if (rule.weight && rule.max == LEVEL_TEMPORAL)
		level_mixed(checker, expr->span, args, expr->apply.arg_count);
	else if (rule.level == LEVEL_TEMPORAL && expr->apply.arg_count > 0)
		check_temporal(checker, expr, args);
	return all;
}

uint8_t level_limit_in(enum tla_expr_kind kind)
{
	switch (kind) {
	case TLA_E_AND:
	case TLA_E_OR:
	case TLA_E_IF:
	case TLA_E_CASE:
	case TLA_E_FORALL:
	case TLA_E_EXISTS:
	case TLA_E_FCN:
	case TLA_E_RECORD:
	case TLA_E_LABEL:
	case TLA_E_ASSUME:
	case TLA_E_AA:
	case TLA_E_EE:
		return LEVEL_TEMPORAL;
	default:
		return LEVEL_ACTION;
	}
}

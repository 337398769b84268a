/* SPDX-License-Identifier: MIT */
/*
 * One step down the tree, for whoever wants all of it: which expressions a node holds.
 *
 * Invariant: every member of every kind that points to an expression is here and nowhere else.
 */
#include "../ast.h"

typedef bool visit_fn(struct tla_expr *child, void *arg);

static bool each_of(struct tla_expr *const *at, uint32_t count, visit_fn *visit, void *arg)
{
	for (uint32_t i = 0; i < count; i++)
		if (!visit(at[i], arg))
			return false;
	return true;
}

static bool each_of_path(const struct tla_path *path, visit_fn *visit, void *arg)
{
	for (uint32_t i = 0; path && i < path->count; i++)
		if (!each_of(path->parts[i].args, path->parts[i].arg_count, visit, arg))
			return false;
	return true;
}

static bool each_bound(const struct tla_bound *bounds, uint32_t count, visit_fn *visit, void *arg)
{
	for (uint32_t i = 0; i < count; i++)
		if (bounds[i].set && !visit(bounds[i].set, arg))
			return false;
	return true;
}

static bool each_arm(const struct tla_expr *expr, visit_fn *visit, void *arg)
{
	for (uint32_t i = 0; i < expr->arms.count; i++) {
		const struct tla_arm *arm = &expr->arms.at[i];

		if (arm->guard && !visit(arm->guard, arg))
			return false;
		if (!visit(arm->value, arg))
			return false;
	}
	return true;
}

static bool each_field(const struct tla_expr *expr, visit_fn *visit, void *arg)
{
	for (uint32_t i = 0; i < expr->fields.count; i++)
		if (!visit(expr->fields.at[i].value, arg))
			return false;
	return true;
}

static bool each_update(const struct tla_expr *expr, visit_fn *visit, void *arg)
{
	if (!visit(expr->except.fcn, arg))
		return false;
	for (uint32_t i = 0; i < expr->except.update_count; i++) {
		const struct tla_update *update = &expr->except.updates[i];

		for (uint32_t k = 0; k < update->step_count; k++)
			if (!each_of(update->steps[k].indexes, update->steps[k].index_count, visit,
				     arg))
				return false;
		if (!visit(update->value, arg))
			return false;
	}
	return true;
}

bool tla_each_unit_child(const struct tla_unit *unit, visit_fn *visit, void *arg)
{
	switch ((enum tla_unit_kind)unit->kind) {
	case TLA_U_OPERATOR:
		return visit(unit->op.body, arg);
	case TLA_U_FUNCTION:
		return each_bound(unit->fcn.bounds, unit->fcn.bound_count, visit, arg) &&
		       visit(unit->fcn.body, arg);
	case TLA_U_INSTANCE:
		for (uint32_t i = 0; i < unit->instance.subst_count; i++)
			if (!visit(unit->instance.substs[i].value, arg))
				return false;
		return true;
	case TLA_U_ASSUME:
	case TLA_U_THEOREM:
		return visit(unit->fact, arg);
	case TLA_U_CONSTANTS:
	case TLA_U_VARIABLES:
	case TLA_U_RECURSIVE:
	case TLA_U_MODULE:
		return true;
	}
	return true;
}

static bool each_let(const struct tla_expr *expr, visit_fn *visit, void *arg)
{
	for (uint32_t i = 0; i < expr->let.unit_count; i++)
		if (!tla_each_unit_child(expr->let.units[i], visit, arg))
			return false;
	return visit(expr->let.body, arg);
}

static bool each_binder(const struct tla_expr *expr, visit_fn *visit, void *arg)
{
	const struct tla_bound *bounds = expr->binder.bounds;

	if (expr->kind == TLA_E_MAP)
		return visit(expr->binder.body, arg) &&
		       each_bound(bounds, expr->binder.bound_count, visit, arg);
	return each_bound(bounds, expr->binder.bound_count, visit, arg) &&
	       visit(expr->binder.body, arg);
}

static bool each_pair(const struct tla_expr *expr, visit_fn *visit, void *arg)
{
	bool is_fair = expr->kind == TLA_E_WF || expr->kind == TLA_E_SF;
	struct tla_expr *first = is_fair ? expr->pair.b : expr->pair.a;

	return visit(first, arg) && visit(is_fair ? expr->pair.a : expr->pair.b, arg);
}

bool tla_each_child(const struct tla_expr *expr, visit_fn *visit, void *arg)
{
	switch ((enum tla_expr_kind)expr->kind) {
	case TLA_E_APPLY:
		return each_of_path(expr->apply.path, visit, arg) &&
		       each_of(expr->apply.args, expr->apply.arg_count, visit, arg);
	case TLA_E_SUBEXPR:
		return each_of_path(&expr->path, visit, arg);
	case TLA_E_LAMBDA:
		return visit(expr->lambda.body, arg);
	case TLA_E_FCN_APPLY:
		return visit(expr->call.fcn, arg) &&
		       each_of(expr->call.args, expr->call.arg_count, visit, arg);
	case TLA_E_FIELD:
		return visit(expr->field.record, arg);
	case TLA_E_TUPLE:
	case TLA_E_SET:
	case TLA_E_CROSS:
	case TLA_E_AND:
	case TLA_E_OR:
		return each_of(expr->items.at, expr->items.count, visit, arg);
	case TLA_E_IF:
		return visit(expr->branch.test, arg) && visit(expr->branch.yes, arg) &&
		       visit(expr->branch.no, arg);
	case TLA_E_CASE:
		return each_arm(expr, visit, arg);
	case TLA_E_LET:
		return each_let(expr, visit, arg);
	case TLA_E_FORALL:
	case TLA_E_EXISTS:
	case TLA_E_AA:
	case TLA_E_EE:
	case TLA_E_CHOOSE:
	case TLA_E_FILTER:
	case TLA_E_MAP:
	case TLA_E_FCN:
		return each_binder(expr, visit, arg);
	case TLA_E_FCN_SET:
	case TLA_E_BOX:
	case TLA_E_ANGLE:
	case TLA_E_WF:
	case TLA_E_SF:
		return each_pair(expr, visit, arg);
	case TLA_E_RECORD:
	case TLA_E_RECORDS:
		return each_field(expr, visit, arg);
	case TLA_E_EXCEPT:
		return each_update(expr, visit, arg);
	case TLA_E_LABEL:
		return visit(expr->label.body, arg);
	case TLA_E_ASSUME:
		return each_of(expr->assume.items, expr->assume.item_count, visit, arg) &&
		       visit(expr->assume.goal, arg);
	case TLA_E_NEW:
		return !expr->new.set || visit(expr->new.set, arg);
	case TLA_E_NUMBER:
	case TLA_E_DECIMAL:
	case TLA_E_STRING:
	case TLA_E_AT:
	case TLA_E_COUNT:
		break;
	}
	return true;
}

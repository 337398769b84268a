/* SPDX-License-Identifier: MIT */
/*
 * A tree as TLA+ again.
 *
 * The text parses to the same tree; it is not the text the tree was made from: operators have their
 * canonical names, an operand that is not a single piece gets parentheses, comments and proofs are
 * gone.
 *
 * Invariant: after the first bullet of a junction list, everything of the list stands right of its
 * column but the other bullets, which stand in it. Lines end only there and between definitions.
 */
#include "out.h"

static void print_expr(struct out *out, const struct tla_expr *expr);
static void print_units(struct out *out, struct tla_unit *const *units, uint32_t count,
			uint32_t column);

/* Whether the expression is an operator with operands around it. */
static bool is_fixed(const struct tla_expr *expr)
{
	uint32_t count = expr->apply.arg_count;

	if (expr->kind != TLA_E_APPLY || expr->apply.path || expr->apply.sym >= TLA_OP_COUNT)
		return false;
	switch ((enum tla_fix)tla_ops[expr->apply.sym].fix) {
	case TLA_FIX_INFIX:
		return count == 2;
	case TLA_FIX_PREFIX:
	case TLA_FIX_POSTFIX:
		return count == 1;
	case TLA_FIX_NONE:
	case TLA_FIX_NFIX:
	case TLA_FIX_NAME:
		return false;
	}
	return false;
}

/* Whether it can be an operand as it is. */
static bool is_piece(const struct tla_expr *expr)
{
	switch ((enum tla_expr_kind)expr->kind) {
	case TLA_E_APPLY:
		return !is_fixed(expr);
	case TLA_E_NUMBER:
	case TLA_E_STRING:
	case TLA_E_AT:
	case TLA_E_SUBEXPR:
	case TLA_E_FCN_APPLY:
	case TLA_E_FIELD:
	case TLA_E_TUPLE:
	case TLA_E_SET:
	case TLA_E_FILTER:
	case TLA_E_MAP:
	case TLA_E_FCN:
	case TLA_E_FCN_SET:
	case TLA_E_RECORD:
	case TLA_E_RECORDS:
	case TLA_E_EXCEPT:
		return true;
	default:
		return false;
	}
}

/* A parenthesis with something in it: (* would open a comment, (+) would be one token. */
static void print_parens(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, "( ");
	print_expr(out, expr);
	tla_out(out, " )");
}

static void print_operand(struct out *out, const struct tla_expr *expr)
{
	if (is_piece(expr))
		print_expr(out, expr);
	else
		print_parens(out, expr);
}

static void print_list(struct out *out, struct tla_expr *const *at, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			tla_out(out, ", ");
		print_expr(out, at[i]);
	}
}

static void print_args(struct out *out, struct tla_expr *const *args, uint32_t count)
{
	if (count == 0)
		return;
	tla_out(out, "( ");
	print_list(out, args, count);
	tla_out(out, " )");
}

/* Names. */

static void print_selector(struct out *out, const struct tla_selector *selector)
{
	static const char *const marks[] = {
		[TLA_S_FIRST] = "<<", [TLA_S_SECOND] = ">>", [TLA_S_COLON] = ":", [TLA_S_AT] = "@"
	};

	switch (selector->kind) {
	case TLA_S_NAME:
		tla_out_sym(out, selector->sym);
		break;
	case TLA_S_CHILD:
		tla_out_number(out, selector->child);
		break;
	case TLA_S_ARGS:
		break;
	default:
		tla_out(out, marks[selector->kind]);
	}
	print_args(out, selector->args, selector->arg_count);
}

static void print_path(struct out *out, const struct tla_path *path)
{
	for (uint32_t i = 0; path && i < path->count; i++) {
		if (i > 0)
			tla_out(out, "!");
		print_selector(out, &path->parts[i]);
	}
}

static void print_fixed(struct out *out, const struct tla_expr *expr)
{
	tla_sym op = expr->apply.sym;
	struct tla_expr **args = expr->apply.args;

	if (tla_ops[op].fix != TLA_FIX_PREFIX) {
		print_operand(out, args[0]);
		tla_out(out, " ");
	}
	tla_out(out, op == TLA_OP_NEG ? "-" : tla_ops[op].text);
	if (tla_ops[op].fix == TLA_FIX_POSTFIX)
		return;
	tla_out(out, " ");
	print_operand(out, args[expr->apply.arg_count - 1]);
}

static void print_apply(struct out *out, const struct tla_expr *expr)
{
	if (is_fixed(expr)) {
		print_fixed(out, expr);
		return;
	}
	print_path(out, expr->apply.path);
	if (expr->apply.path)
		tla_out(out, "!");
	tla_out_sym(out, expr->apply.sym);
	print_args(out, expr->apply.args, expr->apply.arg_count);
}

static void print_names(struct out *out, const struct tla_name *names, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			tla_out(out, ", ");
		tla_out_sym(out, names[i].sym);
	}
}

/* Binders. */

static void print_bound(struct out *out, const struct tla_bound *bound)
{
	if (bound->is_tuple)
		tla_out(out, "<<");
	print_names(out, bound->names, bound->name_count);
	if (bound->is_tuple)
		tla_out(out, ">>");
	if (!bound->set)
		return;
	tla_out(out, " \\in ");
	print_expr(out, bound->set);
}

static void print_bounds(struct out *out, const struct tla_bound *bounds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			tla_out(out, ", ");
		print_bound(out, &bounds[i]);
	}
}

static void print_binder(struct out *out, const struct tla_expr *expr)
{
	static const char *const before[TLA_E_COUNT] = {
		[TLA_E_FORALL] = "\\A ", [TLA_E_EXISTS] = "\\E ",    [TLA_E_AA] = "\\AA ",
		[TLA_E_EE] = "\\EE ",    [TLA_E_CHOOSE] = "CHOOSE ", [TLA_E_FILTER] = "{",
		[TLA_E_FCN] = "[",
	};

	tla_out(out, before[expr->kind]);
	print_bounds(out, expr->binder.bounds, expr->binder.bound_count);
	tla_out(out, expr->kind == TLA_E_FCN ? " |-> " : " : ");
	print_expr(out, expr->binder.body);
	if (expr->kind == TLA_E_FILTER || expr->kind == TLA_E_FCN)
		tla_out(out, expr->kind == TLA_E_FCN ? "]" : "}");
}

static void print_map(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, "{");
	print_operand(out, expr->binder.body); /* bare, x \in S would be a bound */
	tla_out(out, " : ");
	print_bounds(out, expr->binder.bounds, expr->binder.bound_count);
	tla_out(out, "}");
}

/* Lists. */

static void print_set(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, "{");
	for (uint32_t i = 0; i < expr->items.count; i++) {
		if (i > 0)
			tla_out(out, ", ");
		print_operand(out, expr->items.at[i]); /* as for a map */
	}
	tla_out(out, "}");
}

static void print_tuple(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, "<< ");
	print_list(out, expr->items.at, expr->items.count);
	tla_out(out, " >>");
}

static void print_cross(struct out *out, const struct tla_expr *expr)
{
	for (uint32_t i = 0; i < expr->items.count; i++) {
		if (i > 0)
			tla_out(out, " \\X ");
		print_operand(out, expr->items.at[i]);
	}
}

static void print_junction(struct out *out, const struct tla_expr *expr)
{
	uint32_t column = out->column;

	for (uint32_t i = 0; i < expr->items.count; i++) {
		if (i > 0)
			tla_out_line(out, column);
		tla_out(out, expr->kind == TLA_E_AND ? "/\\ " : "\\/ ");
		print_expr(out, expr->items.at[i]);
	}
}

static void print_fields(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, "[");
	for (uint32_t i = 0; i < expr->fields.count; i++) {
		if (i > 0)
			tla_out(out, ", ");
		tla_out_sym(out, expr->fields.at[i].name.sym);
		tla_out(out, expr->kind == TLA_E_RECORD ? " |-> " : " : ");
		print_expr(out, expr->fields.at[i].value);
	}
	tla_out(out, "]");
}

/* The others. */

static void print_steps(struct out *out, const struct tla_update *update)
{
	for (uint32_t i = 0; i < update->step_count; i++) {
		const struct tla_step *step = &update->steps[i];

		tla_out(out, step->index_count ? "[" : ".");
		if (!step->index_count)
			tla_out_sym(out, step->name.sym);
		print_list(out, step->indexes, step->index_count);
		tla_out(out, step->index_count ? "]" : "");
	}
}

static void print_except(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, "[");
	print_operand(out, expr->except.fcn);
	for (uint32_t i = 0; i < expr->except.update_count; i++) {
		tla_out(out, i == 0 ? " EXCEPT !" : ", !");
		print_steps(out, &expr->except.updates[i]);
		tla_out(out, " = ");
		print_expr(out, expr->except.updates[i].value);
	}
	tla_out(out, "]");
}

static void print_case(struct out *out, const struct tla_expr *expr)
{
	for (uint32_t i = 0; i < expr->arms.count; i++) {
		tla_out(out, i == 0 ? "CASE " : " [] ");
		if (expr->arms.at[i].guard)
			print_operand(out, expr->arms.at[i].guard);
		else
			tla_out(out, "OTHER");
		tla_out(out, " -> ");
		print_operand(out, expr->arms.at[i].value);
	}
}

static void print_if(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, "IF ");
	print_expr(out, expr->branch.test);
	tla_out(out, " THEN ");
	print_expr(out, expr->branch.yes);
	tla_out(out, " ELSE ");
	print_expr(out, expr->branch.no);
}

static void print_let(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, "LET ");
	print_units(out, expr->let.units, expr->let.unit_count, out->column);
	tla_out(out, " IN ");
	print_expr(out, expr->let.body);
}

/* What may stand after an underscore as it is: names and tuples. */
static void print_subscript(struct out *out, const struct tla_expr *expr)
{
	bool is_name = expr->kind == TLA_E_APPLY && !is_fixed(expr) &&
		       expr->apply.sym >= TLA_OP_COUNT &&
		       (!expr->apply.path || expr->apply.path->parts[0].sym >= TLA_OP_COUNT);

	if (is_name || expr->kind == TLA_E_TUPLE)
		print_expr(out, expr);
	else
		print_parens(out, expr);
}

static void print_action(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, expr->kind == TLA_E_BOX ? "[" : "<<");
	print_operand(out, expr->pair.a);
	tla_out(out, expr->kind == TLA_E_BOX ? "]_" : ">>_");
	print_subscript(out, expr->pair.b);
}

static void print_fairness(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, expr->kind == TLA_E_WF ? "WF_" : "SF_");
	print_subscript(out, expr->pair.b);
	print_parens(out, expr->pair.a);
}

static void print_label(struct out *out, const struct tla_expr *expr)
{
	tla_out_sym(out, expr->label.sym);
	if (expr->label.param_count > 0) {
		tla_out(out, "(");
		print_names(out, expr->label.params, expr->label.param_count);
		tla_out(out, ")");
	}
	tla_out(out, " :: ");
	if (expr->label.body->kind == TLA_E_ASSUME)
		print_expr(out, expr->label.body);
	else
		print_operand(out, expr->label.body);
}

static void print_param(struct out *out, const struct tla_param *param)
{
	bool is_op = param->sym < TLA_OP_COUNT;
	bool is_prefix = is_op && tla_ops[param->sym].fix == TLA_FIX_PREFIX;

	if (is_op && !is_prefix)
		tla_out(out, "_ ");
	tla_out_sym(out, param->sym);
	if (is_op && (is_prefix || param->arity == 2))
		tla_out(out, " _");
	for (uint32_t i = 0; !is_op && i < param->arity; i++)
		tla_out(out, i == 0 ? "(_" : ", _");
	if (!is_op && param->arity > 0)
		tla_out(out, ")");
}

static void print_params(struct out *out, const struct tla_param *params, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			tla_out(out, ", ");
		print_param(out, &params[i]);
	}
}

static void print_new(struct out *out, const struct tla_expr *expr)
{
	static const char *const levels[] = { "CONSTANT ", "VARIABLE ", "STATE ", "ACTION ",
					      "TEMPORAL " };

	tla_out(out, "NEW ");
	tla_out(out, levels[expr->new.level]);
	print_param(out, &expr->new.param);
	if (!expr->new.set)
		return;
	tla_out(out, " \\in ");
	print_expr(out, expr->new.set);
}

static void print_assume(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, expr->assume.is_boxed ? "[]ASSUME " : "ASSUME ");
	print_list(out, expr->assume.items, expr->assume.item_count);
	tla_out(out, expr->assume.is_boxed ? " []PROVE " : " PROVE ");
	print_expr(out, expr->assume.goal);
}

static void print_number(struct out *out, const struct tla_expr *expr)
{
	static const char *const prefixes[] = { [2] = "\\b", [8] = "\\o", [10] = "", [16] = "\\h" };

	tla_out(out, prefixes[expr->number.base]);
	tla_out(out, expr->number.text);
}

static void print_lambda(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, "LAMBDA ");
	print_names(out, expr->lambda.params, expr->lambda.param_count);
	tla_out(out, " : ");
	print_expr(out, expr->lambda.body);
}

static void print_call(struct out *out, const struct tla_expr *expr)
{
	print_operand(out, expr->call.fcn);
	tla_out(out, "[");
	print_list(out, expr->call.args, expr->call.arg_count);
	tla_out(out, "]");
}

static void print_fcn_set(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, "[");
	print_operand(out, expr->pair.a);
	tla_out(out, " -> ");
	print_expr(out, expr->pair.b);
	tla_out(out, "]");
}

static void print_field(struct out *out, const struct tla_expr *expr)
{
	print_operand(out, expr->field.record);
	tla_out(out, ".");
	tla_out_sym(out, expr->field.name.sym);
}

static void print_string(struct out *out, const struct tla_expr *expr)
{
	tla_out_string(out, expr->sym);
}

static void print_at(struct out *out, const struct tla_expr *expr)
{
	(void)expr; /* there is but one */
	tla_out(out, "@");
}

static void print_subexpr(struct out *out, const struct tla_expr *expr)
{
	print_path(out, &expr->path);
}

static void (*const printers[TLA_E_COUNT])(struct out *, const struct tla_expr *) = {
	[TLA_E_NUMBER] = print_number, [TLA_E_DECIMAL] = print_number,
	[TLA_E_STRING] = print_string, [TLA_E_AT] = print_at,
	[TLA_E_APPLY] = print_apply,   [TLA_E_SUBEXPR] = print_subexpr,
	[TLA_E_LAMBDA] = print_lambda, [TLA_E_FCN_APPLY] = print_call,
	[TLA_E_FIELD] = print_field,   [TLA_E_TUPLE] = print_tuple,
	[TLA_E_SET] = print_set,       [TLA_E_CROSS] = print_cross,
	[TLA_E_AND] = print_junction,  [TLA_E_OR] = print_junction,
	[TLA_E_IF] = print_if,         [TLA_E_CASE] = print_case,
	[TLA_E_LET] = print_let,       [TLA_E_FORALL] = print_binder,
	[TLA_E_EXISTS] = print_binder, [TLA_E_AA] = print_binder,
	[TLA_E_EE] = print_binder,     [TLA_E_CHOOSE] = print_binder,
	[TLA_E_FILTER] = print_binder, [TLA_E_MAP] = print_map,
	[TLA_E_FCN] = print_binder,    [TLA_E_FCN_SET] = print_fcn_set,
	[TLA_E_RECORD] = print_fields, [TLA_E_RECORDS] = print_fields,
	[TLA_E_EXCEPT] = print_except, [TLA_E_BOX] = print_action,
	[TLA_E_ANGLE] = print_action,  [TLA_E_WF] = print_fairness,
	[TLA_E_SF] = print_fairness,   [TLA_E_LABEL] = print_label,
	[TLA_E_ASSUME] = print_assume, [TLA_E_NEW] = print_new,
};

static void print_expr(struct out *out, const struct tla_expr *expr)
{
	printers[expr->kind](out, expr);
}

/* Units. */

static void print_decls(struct out *out, const struct tla_unit *unit, const char *word)
{
	tla_out(out, word);
	print_params(out, unit->decls.at, unit->decls.count);
}

static void print_operator_head(struct out *out, const struct tla_unit *unit)
{
	const struct tla_param *params = unit->op.params;
	uint32_t count = unit->op.param_count;

	if (unit->name.sym < TLA_OP_COUNT) {
		bool is_prefix = tla_ops[unit->name.sym].fix == TLA_FIX_PREFIX;

		if (!is_prefix)
			tla_out_sym(out, params[0].sym);
		tla_out(out, " ");
		tla_out_sym(out, unit->name.sym);
		tla_out(out, " ");
		if (is_prefix || count == 2)
			tla_out_sym(out, params[count - 1].sym);
		return;
	}
	tla_out_sym(out, unit->name.sym);
	if (count == 0)
		return;
	tla_out(out, "(");
	print_params(out, params, count);
	tla_out(out, ")");
}

static void print_instance(struct out *out, const struct tla_unit *unit)
{
	if (unit->name.sym != TLA_NO_SYM) {
		tla_out_sym(out, unit->name.sym);
		tla_out(out, unit->instance.param_count ? "(" : "");
		print_params(out, unit->instance.params, unit->instance.param_count);
		tla_out(out, unit->instance.param_count ? ") == " : " == ");
	}
	tla_out(out, "INSTANCE ");
	tla_out_sym(out, unit->instance.module.sym);
	for (uint32_t i = 0; i < unit->instance.subst_count; i++) {
		tla_out(out, i == 0 ? " WITH " : ", ");
		tla_out_sym(out, unit->instance.substs[i].name.sym);
		tla_out(out, " <- ");
		print_expr(out, unit->instance.substs[i].value);
	}
}

static void print_fact(struct out *out, const struct tla_unit *unit, const char *word)
{
	tla_out(out, word);
	if (unit->name.sym != TLA_NO_SYM) {
		tla_out_sym(out, unit->name.sym);
		tla_out(out, " == ");
	}
	print_expr(out, unit->fact);
}

static void print_module(struct out *out, const struct tla_module *module)
{
	tla_out(out, "---- MODULE ");
	tla_out_sym(out, module->name.sym);
	tla_out(out, " ----");
	tla_out_line(out, 1);
	if (module->extend_count > 0) {
		tla_out(out, "EXTENDS ");
		print_names(out, module->extends, module->extend_count);
		tla_out_line(out, 1);
	}
	print_units(out, module->units, module->unit_count, 1);
	tla_out_line(out, 1);
	tla_out(out, "====");
}

static void print_unit(struct out *out, const struct tla_unit *unit)
{
	if (unit->is_local)
		tla_out(out, "LOCAL ");
	switch ((enum tla_unit_kind)unit->kind) {
	case TLA_U_CONSTANTS:
		print_decls(out, unit, "CONSTANT ");
		break;
	case TLA_U_VARIABLES:
		print_decls(out, unit, "VARIABLE ");
		break;
	case TLA_U_RECURSIVE:
		print_decls(out, unit, "RECURSIVE ");
		break;
	case TLA_U_OPERATOR:
		print_operator_head(out, unit);
		tla_out(out, " == ");
		print_expr(out, unit->op.body);
		break;
	case TLA_U_FUNCTION:
		tla_out_sym(out, unit->name.sym);
		tla_out(out, "[");
		print_bounds(out, unit->fcn.bounds, unit->fcn.bound_count);
		tla_out(out, "] == ");
		print_expr(out, unit->fcn.body);
		break;
	case TLA_U_INSTANCE:
		print_instance(out, unit);
		break;
	case TLA_U_ASSUME:
		print_fact(out, unit, unit->is_axiom ? "AXIOM " : "ASSUME ");
		break;
	case TLA_U_THEOREM:
		print_fact(out, unit, "THEOREM ");
		break;
	case TLA_U_MODULE:
		print_module(out, unit->module);
		break;
	}
}

static void print_units(struct out *out, struct tla_unit *const *units, uint32_t count,
			uint32_t column)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			tla_out_line(out, column);
		print_unit(out, units[i]);
	}
}

const char *tla_print_module(struct tla_spec *spec, const struct tla_module *module,
			     size_t *ret_bytes)
{
	struct out out = { .spec = spec, .column = 1 };

	print_module(&out, module);
	tla_out_line(&out, 1);
	*ret_bytes = out.n_bytes;
	return out.text;
}

const char *tla_print_expr(struct tla_spec *spec, const struct tla_expr *expr, size_t *ret_bytes)
{
	struct out out = { .spec = spec, .column = 1 };

	print_expr(&out, expr);
	*ret_bytes = out.n_bytes;
	return out.text;
}

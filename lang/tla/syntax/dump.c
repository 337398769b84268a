/* SPDX-License-Identifier: MIT */
/*
 * A tree as nested lists, for tests and for people who look into the parser.
 *
 * Invariant: different trees have different texts; spans, ids and parentheses are left out, so
 * equal texts mean that two trees say the same.
 */
#include "out.h"

static void dump_expr(struct out *out, const struct tla_expr *expr);
static void dump_module(struct out *out, const struct tla_module *module, uint32_t column);
static void dump_unit(struct out *out, const struct tla_unit *unit, uint32_t column);

/* ` (name` up to `)`. */
static void open_list(struct out *out, const char *name)
{
	tla_out(out, "(");
	tla_out(out, name);
}

static void close_list(struct out *out)
{
	tla_out(out, ")");
}

static void dump_sym(struct out *out, tla_sym sym)
{
	tla_out(out, " ");
	tla_out_sym(out, sym);
}

static void dump_item(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, " ");
	dump_expr(out, expr);
}

static void dump_list(struct out *out, struct tla_expr *const *at, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		dump_item(out, at[i]);
}

static void dump_names(struct out *out, const char *what, const struct tla_name *names,
		       uint32_t count)
{
	open_list(out, what);
	for (uint32_t i = 0; i < count; i++)
		dump_sym(out, names[i].sym);
	close_list(out);
}

static void dump_path(struct out *out, const struct tla_path *path)
{
	static const char *const names[] = {
		[TLA_S_NAME] = "name",     [TLA_S_CHILD] = "child", [TLA_S_FIRST] = "first",
		[TLA_S_SECOND] = "second", [TLA_S_COLON] = "colon", [TLA_S_AT] = "at",
		[TLA_S_ARGS] = "args"
	};

	tla_out(out, " (path");
	for (uint32_t i = 0; i < path->count; i++) {
		const struct tla_selector *part = &path->parts[i];

		tla_out(out, " ");
		open_list(out, names[part->kind]);
		if (part->kind == TLA_S_NAME)
			dump_sym(out, part->sym);
		if (part->kind == TLA_S_CHILD) {
			tla_out(out, " ");
			tla_out_number(out, part->child);
		}
		dump_list(out, part->args, part->arg_count);
		close_list(out);
	}
	close_list(out);
}

static void dump_bounds(struct out *out, const struct tla_bound *bounds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		tla_out(out, " ");
		dump_names(out, bounds[i].is_tuple ? "tuple-bound" : "bound", bounds[i].names,
			   bounds[i].name_count);
		if (bounds[i].set)
			dump_item(out, bounds[i].set);
	}
}

static void dump_params(struct out *out, const struct tla_param *params, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		dump_sym(out, params[i].sym);
		tla_out(out, "/");
		tla_out_number(out, params[i].arity);
	}
}

static void dump_arms(struct out *out, const struct tla_expr *expr)
{
	for (uint32_t i = 0; i < expr->arms.count; i++) {
		if (expr->arms.at[i].guard)
			dump_item(out, expr->arms.at[i].guard);
		else
			tla_out(out, " OTHER");
		dump_item(out, expr->arms.at[i].value);
	}
}

static void dump_fields(struct out *out, const struct tla_expr *expr)
{
	for (uint32_t i = 0; i < expr->fields.count; i++) {
		dump_sym(out, expr->fields.at[i].name.sym);
		dump_item(out, expr->fields.at[i].value);
	}
}

static void dump_updates(struct out *out, const struct tla_expr *expr)
{
	dump_item(out, expr->except.fcn);
	for (uint32_t i = 0; i < expr->except.update_count; i++) {
		const struct tla_update *update = &expr->except.updates[i];

		tla_out(out, " (update");
		for (uint32_t k = 0; k < update->step_count; k++) {
			const struct tla_step *step = &update->steps[k];

			tla_out(out, " ");
			open_list(out, step->index_count ? "index" : "field");
			if (!step->index_count)
				dump_sym(out, step->name.sym);
			dump_list(out, step->indexes, step->index_count);
			close_list(out);
		}
		dump_item(out, update->value);
		close_list(out);
	}
}

static void dump_let(struct out *out, const struct tla_expr *expr)
{
	for (uint32_t i = 0; i < expr->let.unit_count; i++) {
		tla_out(out, " ");
		dump_unit(out, expr->let.units[i], out->column);
	}
	dump_item(out, expr->let.body);
}

static void dump_number(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, " ");
	tla_out_number(out, expr->number.base);
	tla_out(out, " ");
	tla_out(out, expr->number.text);
}

static void dump_new(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, " ");
	tla_out_number(out, expr->new.level);
	dump_params(out, &expr->new.param, 1);
	if (expr->new.set)
		dump_item(out, expr->new.set);
}

static void dump_apply(struct out *out, const struct tla_expr *expr)
{
	if (expr->apply.path)
		dump_path(out, expr->apply.path);
	dump_sym(out, expr->apply.sym);
	dump_list(out, expr->apply.args, expr->apply.arg_count);
}

static void dump_string(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, " ");
	tla_out_string(out, expr->sym);
}

static void dump_at(struct out *out, const struct tla_expr *expr)
{
	(void)out; /* the kind says it all */
	(void)expr;
}

static void dump_subexpr(struct out *out, const struct tla_expr *expr)
{
	dump_path(out, &expr->path);
}

static void dump_lambda(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, " ");
	dump_names(out, "names", expr->lambda.params, expr->lambda.param_count);
	dump_item(out, expr->lambda.body);
}

static void dump_call(struct out *out, const struct tla_expr *expr)
{
	dump_item(out, expr->call.fcn);
	dump_list(out, expr->call.args, expr->call.arg_count);
}

static void dump_field(struct out *out, const struct tla_expr *expr)
{
	dump_item(out, expr->field.record);
	dump_sym(out, expr->field.name.sym);
}

static void dump_items(struct out *out, const struct tla_expr *expr)
{
	dump_list(out, expr->items.at, expr->items.count);
}

static void dump_if(struct out *out, const struct tla_expr *expr)
{
	dump_item(out, expr->branch.test);
	dump_item(out, expr->branch.yes);
	dump_item(out, expr->branch.no);
}

static void dump_binder(struct out *out, const struct tla_expr *expr)
{
	dump_bounds(out, expr->binder.bounds, expr->binder.bound_count);
	dump_item(out, expr->binder.body);
}

static void dump_pair(struct out *out, const struct tla_expr *expr)
{
	dump_item(out, expr->pair.a);
	dump_item(out, expr->pair.b);
}

static void dump_label(struct out *out, const struct tla_expr *expr)
{
	dump_sym(out, expr->label.sym);
	tla_out(out, " ");
	dump_names(out, "names", expr->label.params, expr->label.param_count);
	dump_item(out, expr->label.body);
}

static void dump_assume(struct out *out, const struct tla_expr *expr)
{
	tla_out(out, expr->assume.is_boxed ? " boxed" : "");
	dump_list(out, expr->assume.items, expr->assume.item_count);
	dump_item(out, expr->assume.goal);
}

static const struct kind {
	const char *name;
	void (*dump)(struct out *, const struct tla_expr *);
} kinds[TLA_E_COUNT] = {
	[TLA_E_NUMBER] = { "number", dump_number },
	[TLA_E_DECIMAL] = { "decimal", dump_number },
	[TLA_E_STRING] = { "string", dump_string },
	[TLA_E_AT] = { "at", dump_at },
	[TLA_E_APPLY] = { "apply", dump_apply },
	[TLA_E_SUBEXPR] = { "subexpr", dump_subexpr },
	[TLA_E_LAMBDA] = { "lambda", dump_lambda },
	[TLA_E_FCN_APPLY] = { "call", dump_call },
	[TLA_E_FIELD] = { "field", dump_field },
	[TLA_E_TUPLE] = { "tuple", dump_items },
	[TLA_E_SET] = { "set", dump_items },
	[TLA_E_CROSS] = { "cross", dump_items },
	[TLA_E_AND] = { "and", dump_items },
	[TLA_E_OR] = { "or", dump_items },
	[TLA_E_IF] = { "if", dump_if },
	[TLA_E_CASE] = { "case", dump_arms },
	[TLA_E_LET] = { "let", dump_let },
	[TLA_E_FORALL] = { "forall", dump_binder },
	[TLA_E_EXISTS] = { "exists", dump_binder },
	[TLA_E_AA] = { "aa", dump_binder },
	[TLA_E_EE] = { "ee", dump_binder },
	[TLA_E_CHOOSE] = { "choose", dump_binder },
	[TLA_E_FILTER] = { "filter", dump_binder },
	[TLA_E_MAP] = { "map", dump_binder },
	[TLA_E_FCN] = { "function", dump_binder },
	[TLA_E_FCN_SET] = { "functions", dump_pair },
	[TLA_E_RECORD] = { "record", dump_fields },
	[TLA_E_RECORDS] = { "records", dump_fields },
	[TLA_E_EXCEPT] = { "except", dump_updates },
	[TLA_E_BOX] = { "box", dump_pair },
	[TLA_E_ANGLE] = { "angle", dump_pair },
	[TLA_E_WF] = { "wf", dump_pair },
	[TLA_E_SF] = { "sf", dump_pair },
	[TLA_E_LABEL] = { "label", dump_label },
	[TLA_E_ASSUME] = { "assume", dump_assume },
	[TLA_E_NEW] = { "new", dump_new },
};

static void dump_expr(struct out *out, const struct tla_expr *expr)
{
	open_list(out, kinds[expr->kind].name);
	kinds[expr->kind].dump(out, expr);
	close_list(out);
}

static void dump_instance(struct out *out, const struct tla_unit *unit)
{
	if (unit->name.sym != TLA_NO_SYM)
		dump_sym(out, unit->name.sym);
	dump_params(out, unit->instance.params, unit->instance.param_count);
	tla_out(out, " of");
	dump_sym(out, unit->instance.module.sym);
	for (uint32_t i = 0; i < unit->instance.subst_count; i++) {
		dump_sym(out, unit->instance.substs[i].name.sym);
		dump_item(out, unit->instance.substs[i].value);
	}
}

static void dump_fact(struct out *out, const struct tla_unit *unit)
{
	if (unit->name.sym != TLA_NO_SYM)
		dump_sym(out, unit->name.sym);
	dump_item(out, unit->fact);
}

static void dump_unit(struct out *out, const struct tla_unit *unit, uint32_t column)
{
	static const char *const names[] = {
		[TLA_U_CONSTANTS] = "constants", [TLA_U_VARIABLES] = "variables",
		[TLA_U_RECURSIVE] = "recursive", [TLA_U_OPERATOR] = "operator",
		[TLA_U_FUNCTION] = "function",   [TLA_U_INSTANCE] = "instance",
		[TLA_U_ASSUME] = "assume",       [TLA_U_THEOREM] = "theorem",
	};

	if (unit->kind == TLA_U_MODULE) {
		dump_module(out, unit->module, column);
		return;
	}
	open_list(out, unit->is_local ? "local-" : "");
	tla_out(out, unit->is_axiom ? "axiom" : names[unit->kind]);
	switch ((enum tla_unit_kind)unit->kind) {
	case TLA_U_OPERATOR:
		dump_sym(out, unit->name.sym);
		dump_params(out, unit->op.params, unit->op.param_count);
		dump_item(out, unit->op.body);
		break;
	case TLA_U_FUNCTION:
		dump_sym(out, unit->name.sym);
		dump_bounds(out, unit->fcn.bounds, unit->fcn.bound_count);
		dump_item(out, unit->fcn.body);
		break;
	case TLA_U_INSTANCE:
		dump_instance(out, unit);
		break;
	case TLA_U_ASSUME:
	case TLA_U_THEOREM:
		dump_fact(out, unit);
		break;
	default:
		dump_params(out, unit->decls.at, unit->decls.count);
	}
	close_list(out);
}

static void dump_module(struct out *out, const struct tla_module *module, uint32_t column)
{
	open_list(out, "module");
	dump_sym(out, module->name.sym);
	tla_out(out, " ");
	dump_names(out, "extends", module->extends, module->extend_count);
	for (uint32_t i = 0; i < module->unit_count; i++) {
		tla_out_line(out, column + 2);
		dump_unit(out, module->units[i], column + 2);
	}
	close_list(out);
}

const char *tla_dump_module(struct tla_spec *spec, const struct tla_module *module,
			    size_t *ret_bytes)
{
	struct out out = { .spec = spec, .column = 1 };

	dump_module(&out, module, 1);
	tla_out_line(&out, 1);
	*ret_bytes = out.n_bytes;
	return out.text;
}

const char *tla_dump_expr(struct tla_spec *spec, const struct tla_expr *expr, size_t *ret_bytes)
{
	struct out out = { .spec = spec, .column = 1 };

	dump_expr(&out, expr);
	*ret_bytes = out.n_bytes;
	return out.text;
}

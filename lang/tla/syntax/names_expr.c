/* SPDX-License-Identifier: MIT */
/*
 * Names in expressions: each is known, has as many arguments as it takes, and stands for an
 * operator where one is needed.
 */
#include "names.h"

static bool is_operand_of_language(const struct tla_expr *expr)
{
	return !expr->apply.path && expr->apply.sym < TLA_OP_COUNT &&
	       tla_op_is_builtin((enum tla_op)expr->apply.sym);
}

static uint32_t operand_count(enum tla_op op)
{
	switch ((enum tla_fix)tla_ops[op].fix) {
	case TLA_FIX_INFIX:
	case TLA_FIX_NFIX:
		return 2;
	case TLA_FIX_PREFIX:
	case TLA_FIX_POSTFIX:
		return 1;
	default:
		return 0;
	}
}

static bool visit(struct tla_expr *child, void *checker)
{
	names_check_expr(checker, child);
	return true;
}

static void check_children(struct checker *checker, const struct tla_expr *expr)
{
	(void)tla_each_child(expr, visit, checker); /* goes on to the end */
}

static void unknown(struct checker *checker, tla_sym sym, struct tla_span span)
{
	const char *text = names_text(checker, sym), *module = known_module_of(text);

	names_error(checker, span,
		    module ? "unknown operator %s: is EXTENDS %s missing?" : "unknown operator %s",
		    text, module);
}

static void check_count(struct checker *checker, const struct known *known, struct tla_span span,
			uint32_t count)
{
	if (known->arity != count)
		names_error(checker, span, "%s takes %u arguments, not %u",
			    names_text(checker, known->sym), known->arity, count);
}

/* Of what is declared RECURSIVE it is not known yet which arguments are operators. */
static bool may_be_operator(const struct checker *checker, const struct known *known,
			    const struct tla_expr *arg)
{
	const struct known *named = arg->kind == TLA_E_APPLY && !arg->apply.path &&
						    arg->apply.arg_count == 0
					    ? names_look_up(checker, arg->apply.sym)
					    : NULL;

	return known && known->kind == KNOWN_RECURSIVE && named && named->arity > 0;
}

static void check_args(struct checker *checker, const struct known *known,
		       struct tla_expr *const *args, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!may_be_operator(checker, known, args[i]))
			names_check_argument(checker, args[i],
					     known && known->params && i < known->arity
						     ? known->params[i].arity
						     : 0);
}

/* --- Paths --- */

/*
 * What the instances of a path lead to. *ret_is_part: it goes on inside of a definition, whose
 * parts are not looked at here. false: something was said.
 */
static bool follow(struct checker *checker, const struct tla_path *path, struct names **ret_names,
		   bool *ret_is_part)
{
	struct names *names = NULL;

	*ret_is_part = false;
	for (uint32_t i = 0; i < path->count && !*ret_is_part; i++) {
		const struct tla_selector *part = &path->parts[i];
		const struct known *known = names ? known_in(names, part->sym)
						  : names_look_up(checker, part->sym);

		if (part->kind != TLA_S_NAME || !known || (names && known->is_local)) {
			unknown(checker, part->sym, part->span);
			return false;
		}
		/* Of a definition the arguments may come later: F!(x)!1. */
		if (known->kind == KNOWN_INSTANCE || part->arg_count > 0)
			check_count(checker, known, part->span, part->arg_count);
		check_args(checker, known, part->args, part->arg_count);
		*ret_is_part = known->kind != KNOWN_INSTANCE;
		names = known->instance;
		if (!*ret_is_part && !names)
			return false;
	}
	*ret_names = names;
	return true;
}

static bool is_handed_on(const struct known *known)
{
	return known && !known->is_local && known->kind != KNOWN_CONSTANT &&
	       known->kind != KNOWN_VARIABLE;
}

/* What a name means, through its path; NULL: it is unknown, which was said, or a definition's part.
 */
static const struct known *meaning(struct checker *checker, const struct tla_expr *expr)
{
	const struct known *known;
	struct names *names = NULL;
	bool is_part;

	if (!expr->apply.path) {
		known = names_look_up(checker, expr->apply.sym);
	} else {
		if (!follow(checker, expr->apply.path, &names, &is_part) || is_part)
			return NULL;
		known = known_in(names, expr->apply.sym);
		if (!is_handed_on(known))
			known = NULL;
	}
	if (!known)
		unknown(checker, expr->apply.sym, expr->apply.name_span);
	return known;
}

/* --- Operators --- */

static void check_apply(struct checker *checker, const struct tla_expr *expr)
{
	const struct known *known;

	if (is_operand_of_language(expr)) {
		check_args(checker, NULL, expr->apply.args, expr->apply.arg_count);
		return;
	}
	known = meaning(checker, expr);
	if (known && known->kind == KNOWN_INSTANCE)
		names_error(checker, expr->span, "%s is an instance of a module, not an operator",
			    names_text(checker, known->sym));
	else if (known)
		check_count(checker, known, expr->span, expr->apply.arg_count);
	check_args(checker, known, expr->apply.args, expr->apply.arg_count);
}

static void check_lambda(struct checker *checker, const struct tla_expr *expr, uint32_t arity)
{
	const struct local *locals = checker->locals;

	if (expr->lambda.param_count != arity)
		names_error(checker, expr->span,
			    "a LAMBDA of %u parameters where an operator of %u is needed",
			    expr->lambda.param_count, arity);
	for (uint32_t i = 0; i < expr->lambda.param_count; i++)
		names_bind(checker, &expr->lambda.params[i]);
	names_check_expr(checker, expr->lambda.body);
	checker->locals = locals;
}

static void check_operator_name(struct checker *checker, const struct tla_expr *expr,
				uint32_t arity)
{
	bool is_of_language = is_operand_of_language(expr);
	const struct known *known = is_of_language ? NULL : meaning(checker, expr);
	uint32_t has = is_of_language ? operand_count((enum tla_op)expr->apply.sym)
		       : known        ? known->arity
				      : arity;

	for (uint32_t i = 0; known && known->params && i < known->arity; i++)
		if (known->params[i].arity > 0)
			names_error(checker, expr->span,
				    "%s takes operators: it cannot be an argument itself",
				    names_text(checker, known->sym));
	if (has != arity)
		names_error(checker, expr->span,
			    "%s has %u parameters where an operator of %u is needed",
			    names_text(checker, expr->apply.sym), has, arity);
}

void names_check_argument(struct checker *checker, const struct tla_expr *arg, uint32_t arity)
{
	if (arg->kind == TLA_E_LAMBDA) {
		check_lambda(checker, arg, arity);
	} else if (arity == 0) {
		if (arg->kind == TLA_E_APPLY && is_operand_of_language(arg) &&
		    arg->apply.arg_count == 0 && operand_count((enum tla_op)arg->apply.sym) > 0)
			names_error(checker, arg->span, "%s takes %u operands, not 0",
				    names_text(checker, arg->apply.sym),
				    operand_count((enum tla_op)arg->apply.sym));
		names_check_expr(checker, arg);
	} else if (arg->kind == TLA_E_APPLY && arg->apply.arg_count == 0) {
		check_operator_name(checker, arg, arity);
	} else if (arg->kind == TLA_E_SUBEXPR) {
		check_children(checker, arg);
	} else {
		names_error(checker, arg->span, "an operator of %u parameters is needed here",
			    arity);
	}
}

/* --- Names that are bound --- */

void names_check_bounds(struct checker *checker, const struct tla_bound *bounds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (bounds[i].set)
			names_check_expr(checker, bounds[i].set);
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < bounds[i].name_count; k++)
			names_bind(checker, &bounds[i].names[k]);
}

static void check_binder(struct checker *checker, const struct tla_expr *expr)
{
	const struct local *locals = checker->locals;

	names_check_bounds(checker, expr->binder.bounds, expr->binder.bound_count);
	names_check_expr(checker, expr->binder.body);
	checker->locals = locals;
}

void names_check_recursive(struct checker *checker, const struct local *to)
{
	for (const struct local *at = checker->locals; at != to; at = at->up)
		if (at->known.kind == KNOWN_RECURSIVE &&
		    names_look_up(checker, at->known.sym) == &at->known)
			names_error(checker, at->known.span,
				    "%s is declared RECURSIVE, but not defined",
				    names_text(checker, at->known.sym));
}

static void declare_recursive(struct checker *checker, const struct tla_unit *unit)
{
	for (uint32_t i = 0; i < unit->decls.count; i++) {
		struct known known = { .sym = unit->decls.at[i].sym,
				       .kind = KNOWN_RECURSIVE,
				       .arity = unit->decls.at[i].arity,
				       .span = unit->decls.at[i].span };

		if (names_is_new(checker, known.sym, known.span))
			names_push(checker, &known);
	}
}

static void check_let(struct checker *checker, const struct tla_expr *expr)
{
	const struct local *locals = checker->locals;

	for (uint32_t i = 0; i < expr->let.unit_count; i++) {
		struct known known;

		if (expr->let.units[i]->kind == TLA_U_RECURSIVE) {
			declare_recursive(checker, expr->let.units[i]);
			continue;
		}
		names_check_definition(checker, expr->let.units[i], &known);
		if (known.sym != TLA_NO_SYM)
			names_push(checker, &known);
	}
	names_check_recursive(checker, locals);
	names_check_expr(checker, expr->let.body);
	checker->locals = locals;
}

/* NEW x is known to what follows it. */
static void check_assume(struct checker *checker, const struct tla_expr *expr)
{
	const struct local *locals = checker->locals;

	for (uint32_t i = 0; i < expr->assume.item_count; i++) {
		const struct tla_expr *item = expr->assume.items[i];

		names_check_expr(checker, item);
		if (item->kind == TLA_E_NEW)
			names_bind_params(checker, &item->new.param, 1);
	}
	names_check_expr(checker, expr->assume.goal);
	checker->locals = locals;
}

/* --- Functions and records --- */

static void check_fields(struct checker *checker, const struct tla_expr *expr)
{
	for (uint32_t i = 0; i < expr->fields.count; i++)
		for (uint32_t k = 0; k < i; k++)
			if (expr->fields.at[k].name.sym == expr->fields.at[i].name.sym) {
				names_error(checker, expr->fields.at[i].name.span,
					    "the field %s is there twice",
					    names_text(checker, expr->fields.at[i].name.sym));
				break;
			}
	check_children(checker, expr);
}

static void check_except(struct checker *checker, const struct tla_expr *expr)
{
	bool had_at = checker->has_at;

	names_check_expr(checker, expr->except.fcn);
	for (uint32_t i = 0; i < expr->except.update_count; i++) {
		const struct tla_update *update = &expr->except.updates[i];

		for (uint32_t j = 0; j < update->step_count; j++)
			for (uint32_t k = 0; k < update->steps[j].index_count; k++)
				names_check_expr(checker, update->steps[j].indexes[k]);
		checker->has_at = true;
		names_check_expr(checker, update->value);
		checker->has_at = had_at;
	}
}

static void check_part(struct checker *checker, const struct tla_expr *expr)
{
	struct tla_path head = expr->path;
	struct names *names;
	bool is_part;

	if (head.count > 0 && head.parts[0].kind == TLA_S_NAME &&
	    follow(checker, &head, &names, &is_part) && !is_part)
		names_error(checker, expr->span, "a definition is needed here, not an instance");
}

void names_check_expr(struct checker *checker, const struct tla_expr *expr)
{
	switch ((enum tla_expr_kind)expr->kind) {
	case TLA_E_APPLY:
		check_apply(checker, expr);
		return;
	case TLA_E_SUBEXPR:
		check_part(checker, expr);
		return;
	case TLA_E_AT:
		if (!checker->has_at)
			names_error(checker, expr->span, "@ stands outside of an EXCEPT");
		return;
	case TLA_E_LET:
		check_let(checker, expr);
		return;
	case TLA_E_FORALL:
	case TLA_E_EXISTS:
	case TLA_E_AA:
	case TLA_E_EE:
	case TLA_E_CHOOSE:
	case TLA_E_FILTER:
	case TLA_E_MAP:
	case TLA_E_FCN:
		check_binder(checker, expr);
		return;
	case TLA_E_RECORD:
	case TLA_E_RECORDS:
		check_fields(checker, expr);
		return;
	case TLA_E_EXCEPT:
		check_except(checker, expr);
		return;
	case TLA_E_ASSUME:
		check_assume(checker, expr);
		return;
	default:
		check_children(checker, expr);
	}
}

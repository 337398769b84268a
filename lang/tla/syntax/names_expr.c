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

/* Children of a node, one after the other. */
struct children {
	struct checker *checker;
	uint8_t max;
	bool has_temporal, has_action;
	struct level level; /* the highest so far */
};

static bool visit(struct tla_expr *child, void *arg)
{
	struct children *children = arg;
	struct level level = names_check_expr(children->checker, child);

	level_limit(children->checker, level, children->max, child->span, "this");
	children->has_temporal |= level.base == LEVEL_TEMPORAL;
	children->has_action |= level.base == LEVEL_ACTION;
	children->level = level_join(children->level, level);
	return true;
}

static struct level check_children(struct checker *checker, const struct tla_expr *expr)
{
	struct children children = { .checker = checker, .max = level_limit_in(expr->kind) };

	(void)tla_each_child(expr, visit, &children); /* goes on to the end */
	if ((expr->kind == TLA_E_AND || expr->kind == TLA_E_OR) && children.has_temporal &&
	    children.has_action && checker->is_for_levels)
		names_error(checker, expr->span, "an action stands beside a temporal formula");
	return children.level;
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

static struct level check_arg(struct checker *checker, const struct known *known,
			      const struct tla_expr *arg, uint32_t idx)
{
	bool is_param = known && idx < known->arity;

	if (may_be_operator(checker, known, arg))
		return (struct level){ 0 };
	return names_check_argument(checker, arg,
				    is_param && known->params ? known->params[idx].arity : 0);
}

/* What is applied, with its arguments. */
static struct level check_args(struct checker *checker, const struct known *known,
			       struct tla_expr *const *args, uint32_t count)
{
	struct level all = { 0 };

	if (known)
		all = known->level;
	for (uint32_t i = 0; i < count; i++) {
		struct level level = check_arg(checker, known, args[i], i);
		bool is_param = known && i < known->arity;

		if (is_param && known->maxima)
			level_limit(checker, level, known->maxima[i], args[i]->span, "an argument");
		if (!is_param || !known->weights || known->weights[i])
			all = level_join(all, level);
	}
	return all;
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

static struct level check_operands(struct checker *checker, const struct tla_expr *expr)
{
	struct level levels[2] = { { 0 }, { 0 } };

	for (uint32_t i = 0; i < expr->apply.arg_count; i++) {
		struct level level = names_check_argument(checker, expr->apply.args[i], 0);

		if (i < 2)
			levels[i] = level;
	}
	return expr->apply.arg_count <= 2 ? level_of_op(checker, expr, levels) : levels[0];
}

static struct level check_apply(struct checker *checker, const struct tla_expr *expr)
{
	const struct known *known;

	if (is_operand_of_language(expr))
		return check_operands(checker, expr);
	known = meaning(checker, expr);
	if (known && known->kind == KNOWN_INSTANCE)
		names_error(checker, expr->span, "%s is an instance of a module, not an operator",
			    names_text(checker, known->sym));
	else if (known)
		check_count(checker, known, expr->span, expr->apply.arg_count);
	return check_args(checker, known, expr->apply.args, expr->apply.arg_count);
}

static struct level check_lambda(struct checker *checker, const struct tla_expr *expr,
				 uint32_t arity)
{
	const struct local *locals = checker->locals;
	struct level body;

	if (expr->lambda.param_count != arity)
		names_error(checker, expr->span,
			    "a LAMBDA of %u parameters where an operator of %u is needed",
			    expr->lambda.param_count, arity);
	for (uint32_t i = 0; i < expr->lambda.param_count; i++)
		names_bind(checker, &expr->lambda.params[i]);
	body = names_check_expr(checker, expr->lambda.body);
	checker->locals = locals;
	return body;
}

static struct level check_operator_name(struct checker *checker, const struct tla_expr *expr,
					uint32_t arity)
{
	bool is_of_language = is_operand_of_language(expr);
	const struct known *known = is_of_language ? NULL : meaning(checker, expr);
	uint32_t has = is_of_language ? tla_op_operand_count((enum tla_op)expr->apply.sym)
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
	return known ? known->level : (struct level){ 0 };
}

struct level names_check_argument(struct checker *checker, const struct tla_expr *arg,
				  uint32_t arity)
{
	if (arg->kind == TLA_E_LAMBDA)
		return check_lambda(checker, arg, arity);
	if (arity == 0) {
		if (arg->kind == TLA_E_APPLY && is_operand_of_language(arg) &&
		    arg->apply.arg_count == 0 &&
		    tla_op_operand_count((enum tla_op)arg->apply.sym) > 0) {
			names_error(checker, arg->span, "%s takes %u operands, not 0",
				    names_text(checker, arg->apply.sym),
				    tla_op_operand_count((enum tla_op)arg->apply.sym));
			return (struct level){ 0 };
		}
		return names_check_expr(checker, arg);
	}
	if (arg->kind == TLA_E_APPLY && arg->apply.arg_count == 0)
		return check_operator_name(checker, arg, arity);
	if (arg->kind == TLA_E_SUBEXPR)
		return check_children(checker, arg);
	names_error(checker, arg->span, "an operator of %u parameters is needed here", arity);
	return (struct level){ 0 };
}

/* --- Names that are bound --- */

struct level names_check_bounds(struct checker *checker, const struct tla_bound *bounds,
				uint32_t count)
{
	struct level all = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		struct level level = { 0 };

		if (bounds[i].set)
			level = names_check_expr(checker, bounds[i].set);
		if (bounds[i].set)
			level_limit(checker, level, LEVEL_ACTION, bounds[i].set->span,
				    "what bounds a name");
		all = level_join(all, level);
	}
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < bounds[i].name_count; k++)
			names_bind(checker, &bounds[i].names[k]);
	return all;
}

static struct level check_binder(struct checker *checker, const struct tla_expr *expr)
{
	const struct local *locals = checker->locals;
	struct level sets = names_check_bounds(checker, expr->binder.bounds,
					       expr->binder.bound_count);
	struct level body = names_check_expr(checker, expr->binder.body);

	checker->locals = locals;
	level_limit(checker, body, level_limit_in(expr->kind), expr->binder.body->span, "this");
	if (body.base == LEVEL_TEMPORAL && sets.base == LEVEL_ACTION && checker->is_for_levels)
		names_error(checker, expr->span,
			    "a temporal formula whose names are bound by an action");
	if (expr->kind == TLA_E_AA || expr->kind == TLA_E_EE)
		body.base = LEVEL_TEMPORAL;
	return level_join(sets, body);
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

static struct level check_let(struct checker *checker, const struct tla_expr *expr)
{
	const struct local *locals = checker->locals;
	struct level body;

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
	body = names_check_expr(checker, expr->let.body);
	checker->locals = locals;
	return body;
}

/* NEW x is known to what follows it. */
static struct level check_assume(struct checker *checker, const struct tla_expr *expr)
{
	static const uint8_t bases[] = { [TLA_NEW_CONSTANT] = LEVEL_CONSTANT,
					 [TLA_NEW_VARIABLE] = LEVEL_STATE,
					 [TLA_NEW_STATE] = LEVEL_STATE,
					 [TLA_NEW_ACTION] = LEVEL_ACTION,
					 [TLA_NEW_TEMPORAL] = LEVEL_TEMPORAL };
	const struct local *locals = checker->locals;
	struct level all = { 0 };

	for (uint32_t i = 0; i < expr->assume.item_count; i++) {
		const struct tla_expr *item = expr->assume.items[i];
		const struct tla_param *param = &item->new.param;

		all = level_join(all, names_check_expr(checker, item));
		if (item->kind == TLA_E_NEW && names_is_new(checker, param->sym, param->span)) {
			struct known known = { .sym = param->sym,
					       .kind = KNOWN_BOUND,
					       .arity = param->arity,
					       .span = param->span,
					       .level = { .base = bases[item->new.level] } };

			names_push(checker, &known);
		}
	}
	all = level_join(all, names_check_expr(checker, expr->assume.goal));
	checker->locals = locals;
	return all;
}

/* --- Functions and records --- */

static struct level check_fields(struct checker *checker, const struct tla_expr *expr)
{
	for (uint32_t i = 0; i < expr->fields.count; i++)
		for (uint32_t k = 0; k < i; k++)
			if (expr->fields.at[k].name.sym == expr->fields.at[i].name.sym) {
				names_error(checker, expr->fields.at[i].name.span,
					    "the field %s is there twice",
					    names_text(checker, expr->fields.at[i].name.sym));
				break;
			}
	return check_children(checker, expr);
}

static struct level check_below(struct checker *checker, const struct tla_expr *expr)
{
	struct level level = names_check_expr(checker, expr);

	level_limit(checker, level, LEVEL_ACTION, expr->span, "this");
	return level;
}

static struct level check_except(struct checker *checker, const struct tla_expr *expr)
{
	struct level all = check_below(checker, expr->except.fcn);
	bool had_at = checker->has_at;

	for (uint32_t i = 0; i < expr->except.update_count; i++) {
		const struct tla_update *update = &expr->except.updates[i];

		for (uint32_t j = 0; j < update->step_count; j++)
			for (uint32_t k = 0; k < update->steps[j].index_count; k++)
				all = level_join(all,
						 check_below(checker, update->steps[j].indexes[k]));
		checker->has_at = true;
		all = level_join(all, check_below(checker, update->value));
		checker->has_at = had_at;
	}
	return all;
}

/* [A]_v, <<A>>_v, WF_v(A), SF_v(A). */
static struct level check_subscripted(struct checker *checker, const struct tla_expr *expr)
{
	bool is_fair = expr->kind == TLA_E_WF || expr->kind == TLA_E_SF;
	struct level action = names_check_expr(checker, expr->pair.a);
	struct level subscript = names_check_expr(checker, expr->pair.b);

	level_limit(checker, action, LEVEL_ACTION, expr->pair.a->span, "this");
	level_limit(checker, subscript, LEVEL_STATE, expr->pair.b->span, "a subscript");
	return (struct level){ .base = is_fair ? LEVEL_TEMPORAL : LEVEL_ACTION };
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

struct level names_check_expr(struct checker *checker, const struct tla_expr *expr)
{
	switch ((enum tla_expr_kind)expr->kind) {
	case TLA_E_APPLY:
		return check_apply(checker, expr);
	case TLA_E_SUBEXPR:
		check_part(checker, expr);
		return (struct level){ 0 };
	case TLA_E_AT:
		if (!checker->has_at)
			names_error(checker, expr->span, "@ stands outside of an EXCEPT");
		return (struct level){ 0 };
	case TLA_E_LET:
		return check_let(checker, expr);
	case TLA_E_FORALL:
	case TLA_E_EXISTS:
	case TLA_E_AA:
	case TLA_E_EE:
	case TLA_E_CHOOSE:
	case TLA_E_FILTER:
	case TLA_E_MAP:
	case TLA_E_FCN:
		return check_binder(checker, expr);
	case TLA_E_RECORD:
	case TLA_E_RECORDS:
		return check_fields(checker, expr);
	case TLA_E_EXCEPT:
		return check_except(checker, expr);
	case TLA_E_BOX:
	case TLA_E_ANGLE:
	case TLA_E_WF:
	case TLA_E_SF:
		return check_subscripted(checker, expr);
	case TLA_E_ASSUME:
		return check_assume(checker, expr);
	default:
		return check_children(checker, expr);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Parts of definitions, named by selectors: Inv!2, Op(x)!1!<<, Thm!:, F!(a)!lbl.
 *
 * A part is compiled where it stands: a walk leads from the definition down to it, and the names
 * bound on the way stand for the selectors' arguments.
 */
#include "compile.h"

/* A path as it is walked: where it has led to. */
struct walk {
	struct tla_compiler *compiler;
	const struct tla_env *args_env; /* where the selectors' arguments stand */
	struct tla_env env;
	const struct tla_expr *expr;
};

static bool refuse(struct walk *walk, const struct tla_selector *at, const char *why)
{
	tla_compile_error(walk->compiler, at->span, "no part of a definition is named so: %s", why);
	return false;
}

/* A name that stands for a selector's argument from here on. */
static bool bind(struct walk *walk, tla_sym sym, uint32_t arity, const struct tla_expr *arg)
{
	struct tla_scope *scope = tla_scope_push(walk->compiler, walk->env.scope, TLA_N_SUBST, sym);

	if (!scope)
		return false;
	scope->entity.arity = arity;
	scope->entity.context = walk->args_env->context;
	scope->entity.scope = walk->args_env->scope;
	scope->entity.expr = arg;
	walk->env.scope = scope;
	return true;
}

/* --- The definition --- */

static bool enter_definition(struct walk *walk, const struct tla_entity *entity,
			     const struct tla_selector *at)
{
	const struct tla_unit *unit = entity->unit;

	if (entity->kind == TLA_N_FACT) {
		walk->expr = unit->fact;
	} else if (entity->kind == TLA_N_OPERATOR && !entity->native) {
		walk->expr = unit->op.body;
	} else if (entity->kind == TLA_N_SLOT && entity->is_let && !entity->arity &&
		   unit->kind == TLA_U_OPERATOR) {
		walk->expr = unit->op.body;
	} else {
		return refuse(walk, at, "this has no parts");
	}
	if (entity->arity != at->arg_count)
		return refuse(walk, at, "it has another number of arguments");
	walk->env.context = entity->context;
	walk->env.scope = entity->scope;
	for (uint32_t i = 0; i < entity->arity; i++)
		if (!bind(walk, unit->op.params[i].sym, unit->op.params[i].arity, at->args[i]))
			return false;
	return true;
}

static struct tla_entity *look_up(const struct tla_context *context, const struct tla_env *env,
				  tla_sym sym)
{
	struct tla_entity *entity = context ? tla_context_find(context, sym)
					    : tla_look_up(env, sym);

	while (entity && entity->override)
		entity = entity->override;
	return entity;
}

/* Through the instances at a path's begin to its definition: how many selectors that takes; 0: an
 * error was kept. */
static uint32_t find_definition(struct walk *walk, const struct tla_selector *parts, uint32_t count)
{
	struct tla_context *context = NULL;

	for (uint32_t i = 0; i < count && parts[i].kind == TLA_S_NAME; i++) {
		struct tla_entity *entity = look_up(context, walk->args_env, parts[i].sym);

		if (!entity) {
			tla_compile_error(walk->compiler, parts[i].span, "unknown operator %s",
					  tla_text(walk->compiler, parts[i].sym));
			return 0;
		}
		if (entity->kind != TLA_N_INSTANCE)
			return enter_definition(walk, entity, &parts[i]) ? i + 1 : 0;
		context = tla_instance_context(walk->compiler, walk->args_env, entity, &parts[i]);
		if (!context)
			return 0;
	}
	refuse(walk, &parts[0], "the definition is missing");
	return 0;
}

/* --- Down from there --- */

static const struct tla_expr *nth(struct tla_expr *const *at, uint32_t count, uint32_t n)
{
	return n >= 1 && n <= count ? at[n - 1] : NULL;
}

static const struct tla_expr *nth_pair(const struct tla_expr *expr, uint32_t n)
{
	struct tla_expr *parts[] = { expr->pair.a, expr->pair.b };

	return nth(parts, 2, n);
}

static const struct tla_expr *nth_call(const struct tla_expr *expr, uint32_t n)
{
	return n == 1 ? expr->call.fcn : nth(expr->call.args, expr->call.arg_count, n - 1);
}

static const struct tla_expr *nth_branch(const struct tla_expr *expr, uint32_t n)
{
	struct tla_expr *parts[] = { expr->branch.test, expr->branch.yes, expr->branch.no };

	return nth(parts, 3, n);
}

/* The n-th part of an expression; NULL: there is none. */
static const struct tla_expr *child(const struct tla_expr *expr, uint32_t n)
{
	switch ((enum tla_expr_kind)expr->kind) {
	case TLA_E_APPLY:
		return nth(expr->apply.args, expr->apply.arg_count, n);
	case TLA_E_TUPLE:
	case TLA_E_SET:
	case TLA_E_CROSS:
	case TLA_E_AND:
	case TLA_E_OR:
		return nth(expr->items.at, expr->items.count, n);
	case TLA_E_FCN_APPLY:
		return nth_call(expr, n);
	case TLA_E_FIELD:
		return n == 1 ? expr->field.record : NULL;
	case TLA_E_IF:
		return nth_branch(expr, n);
	case TLA_E_FORALL:
	case TLA_E_EXISTS:
	case TLA_E_CHOOSE:
	case TLA_E_FILTER:
	case TLA_E_MAP:
	case TLA_E_FCN:
		return n >= 1 && n <= expr->binder.bound_count ? expr->binder.bounds[n - 1].set
							       : NULL;
	case TLA_E_FCN_SET:
	case TLA_E_BOX:
	case TLA_E_ANGLE:
		return nth_pair(expr, n);
	case TLA_E_WF:
	case TLA_E_SF: /* WF_v(A): v comes first */
		return nth_pair(expr, 3 - n);
	case TLA_E_RECORD:
	case TLA_E_RECORDS:
		return n >= 1 && n <= expr->fields.count ? expr->fields.at[n - 1].value : NULL;
	case TLA_E_EXCEPT:
		return n == 1                                ? expr->except.fcn
		       : n <= expr->except.update_count + 1u ? expr->except.updates[n - 2].value
							     : NULL;
	default:
		return NULL;
	}
}

/* CASE: !2!1 is the second arm's guard, !2!2 its value. */
static const struct tla_expr *arm_part(const struct tla_expr *expr, uint32_t arm, uint32_t n)
{
	if (arm < 1 || arm > expr->arms.count)
		return NULL;
	if (n == 1)
		return expr->arms.at[arm - 1].guard;
	return n == 2 ? expr->arms.at[arm - 1].value : NULL;
}

/* Names that the arguments of !(a, b) stand for: those of the bounds, or of a LAMBDA. */
static bool take_args(struct walk *walk, const struct tla_selector *at)
{
	const struct tla_expr *expr = walk->expr;
	bool is_binder = expr->kind >= TLA_E_FORALL && expr->kind <= TLA_E_FCN;
	uint32_t k = 0;

	if (expr->kind == TLA_E_LAMBDA) {
		for (uint32_t i = 0; i < expr->lambda.param_count && k < at->arg_count; i++)
			if (!bind(walk, expr->lambda.params[i].sym, 0, at->args[k++]))
				return false;
		walk->expr = expr->lambda.body;
		return k == at->arg_count || refuse(walk, at, "there are fewer names");
	}
	if (!is_binder)
		return refuse(walk, at, "nothing is bound here");
	for (uint32_t i = 0; i < expr->binder.bound_count; i++)
		for (uint32_t j = 0; j < expr->binder.bounds[i].name_count; j++) {
			if (k == at->arg_count)
				return refuse(walk, at, "there are more names");
			if (!bind(walk, expr->binder.bounds[i].names[j].sym, 0, at->args[k++]))
				return false;
		}
	walk->expr = expr->binder.body;
	return k == at->arg_count || refuse(walk, at, "there are fewer names");
}

struct label_search {
	tla_sym sym;
	const struct tla_expr *found;
};

static bool look_for_label(struct tla_expr *expr, void *arg)
{
	struct label_search *search = arg;

	if (expr->kind == TLA_E_LABEL && expr->label.sym == search->sym) {
		search->found = expr;
		return false;
	}
	/* What a label or a LET holds has names of its own. */
	if (expr->kind == TLA_E_LABEL || expr->kind == TLA_E_LET)
		return true;
	return tla_each_child(expr, look_for_label, search);
}

static bool take_label(struct walk *walk, const struct tla_selector *at)
{
	struct label_search search = { at->sym, NULL };
	const struct tla_expr *label;

	if (walk->expr->kind == TLA_E_LABEL && walk->expr->label.sym == at->sym)
		search.found = walk->expr;
	else
		(void)tla_each_child(walk->expr, look_for_label, &search);
	label = search.found;
	if (!label)
		return refuse(walk, at, "there is no such label");
	if (label->label.param_count != at->arg_count)
		return refuse(walk, at, "the label has another number of parameters");
	for (uint32_t i = 0; i < at->arg_count; i++)
		if (!bind(walk, label->label.params[i].sym, 0, at->args[i]))
			return false;
	walk->expr = label->label.body;
	return true;
}

static uint32_t number_of(const struct tla_selector *at)
{
	return at->kind == TLA_S_FIRST ? 1 : at->kind == TLA_S_SECOND ? 2 : at->child;
}

/* One selector; of a CASE two. *i is moved on. */
static bool take(struct walk *walk, const struct tla_selector *parts, uint32_t count, uint32_t *i)
{
	const struct tla_selector *at = &parts[(*i)++];
	const struct tla_expr *part;

	while (walk->expr->kind == TLA_E_LABEL && at->kind != TLA_S_NAME)
		walk->expr = walk->expr->label.body;
	switch (at->kind) {
	case TLA_S_COLON:
		return true;
	case TLA_S_NAME:
		return take_label(walk, at);
	case TLA_S_ARGS:
		return take_args(walk, at);
	case TLA_S_AT:
		return refuse(walk, at, "!@ is an operator, not a value");
	default:
		break;
	}
	if (walk->expr->kind == TLA_E_CASE)
		part = *i < count ? arm_part(walk->expr, number_of(at), number_of(&parts[(*i)++]))
				  : NULL;
	else
		part = child(walk->expr, number_of(at));
	if (!part)
		return refuse(walk, at, "there is no such part");
	walk->expr = part;
	return true;
}

static struct tla_code *compile_path(struct tla_compiler *compiler, const struct tla_env *env,
				     const struct tla_selector *parts, uint32_t count)
{
	struct walk walk = { compiler, env, *env, NULL };
	uint32_t i = find_definition(&walk, parts, count);

	if (i == 0)
		return NULL;
	while (i < count)
		if (!take(&walk, parts, count, &i))
			return NULL;
	return tla_compile(compiler, &walk.env, walk.expr);
}

struct tla_code *tla_compile_subexpr(struct tla_compiler *compiler, const struct tla_env *env,
				     const struct tla_expr *expr)
{
	return compile_path(compiler, env, expr->path.parts, expr->path.count);
}

bool tla_is_label(struct tla_compiler *compiler, const struct tla_env *env,
		  const struct tla_expr *expr)
{
	const struct tla_path *path = expr->apply.path;
	struct tla_context *context = NULL;

	for (uint32_t i = 0; path && i < path->count; i++) {
		struct tla_entity *entity = look_up(context, env, path->parts[i].sym);

		if (!entity || path->parts[i].kind != TLA_S_NAME)
			return false;
		if (entity->kind != TLA_N_INSTANCE)
			return true;
		context = tla_instance_context(compiler, env, entity, &path->parts[i]);
		if (!context)
			return false;
	}
	return false;
}

struct tla_code *tla_compile_label(struct tla_compiler *compiler, const struct tla_env *env,
				   const struct tla_expr *expr)
{
	uint32_t count = expr->apply.path->count;
	struct tla_selector *parts = tla_piece_of(compiler, (count + 1) * sizeof *parts);

	if (!parts)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		parts[i] = expr->apply.path->parts[i];
	parts[count] = (struct tla_selector){ .kind = TLA_S_NAME,
					      .sym = expr->apply.sym,
					      .arg_count = expr->apply.arg_count,
					      .args = expr->apply.args,
					      .span = expr->apply.name_span };
	return compile_path(compiler, env, parts, count + 1);
}

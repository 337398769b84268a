/* SPDX-License-Identifier: MIT */
/*
 * Parts of definitions, named by selectors: Inv!2, Op(x)!1!<<, Thm!:, F!(a)!lbl.
 *
 * A part is compiled where it stands: a walk leads from the definition down to it, and the names
 * bound on the way stand for the selectors' arguments. LETs that are passed stand around the part:
 * names are unique, so that what is bound inside of one changes nothing of it.
 */
#include "compile.h"

enum { LETS_MAX = 32 };

/* A path as it is walked: where it has led to. */
struct walk {
	struct tla_compiler *compiler;
	const struct tla_env *args_env; /* where the selectors' arguments stand */
	struct tla_env env;
	const struct tla_expr *expr;
	const struct tla_expr *lets[LETS_MAX]; /* passed, the outermost first */
	uint32_t let_count;
	struct tla_expr **spare; /* for selectors that leave their arguments out */
	uint32_t spare_count;
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

/* Op!@!lab is an operator: it has the parameters of all that it passes. */
static void supply(struct walk *walk, struct tla_selector *at, uint32_t count)
{
	if (at->arg_count > 0 || count > walk->spare_count)
		return;
	at->args = walk->spare;
	at->arg_count = count;
	walk->spare += count;
	walk->spare_count -= count;
}

static bool bind_all(struct walk *walk, const struct tla_param *params,
		     const struct tla_selector *at)
{
	for (uint32_t i = 0; i < at->arg_count; i++)
		if (!bind(walk, params[i].sym, params[i].arity, at->args[i]))
			return false;
	return true;
}

static bool pass_let(struct walk *walk, const struct tla_expr *let)
{
	if (walk->let_count == LETS_MAX)
		return false;
	walk->lets[walk->let_count++] = let;
	return true;
}

/* --- The definition --- */

static bool enter_definition(struct walk *walk, const struct tla_entity *entity,
			     struct tla_selector *at)
{
	const struct tla_unit *unit = entity->unit;

	if (entity->kind == TLA_N_FACT) {
		walk->expr = unit->fact;
	} else if ((entity->kind == TLA_N_OPERATOR && !entity->native) ||
		   (entity->kind == TLA_N_SLOT && entity->is_let && !entity->arity &&
		    unit->kind == TLA_U_OPERATOR)) {
		walk->expr = unit->op.body;
	} else {
		return refuse(walk, at, "this has no parts");
	}
	supply(walk, at, entity->arity);
	if (entity->arity != at->arg_count)
		return refuse(walk, at, "it has another number of arguments");
	walk->env.context = entity->context;
	walk->env.scope = entity->scope;
	return entity->arity == 0 || bind_all(walk, unit->op.params, at);
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
static uint32_t find_definition(struct walk *walk, struct tla_selector *parts, uint32_t count)
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
	case TLA_E_LET:
		return n == 1 ? expr->let.body : NULL;
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

/* A definition of a LET that the walk has come to. */
static const struct tla_unit *find_local(const struct tla_expr *expr, tla_sym sym)
{
	for (uint32_t i = 0; expr->kind == TLA_E_LET && i < expr->let.unit_count; i++)
		if (expr->let.units[i]->kind == TLA_U_OPERATOR &&
		    expr->let.units[i]->name.sym == sym)
			return expr->let.units[i];
	return NULL;
}

static bool take_local(struct walk *walk, const struct tla_unit *unit, struct tla_selector *at)
{
	supply(walk, at, unit->op.param_count);
	if (unit->op.param_count != at->arg_count)
		return refuse(walk, at, "it has another number of arguments");
	if (!pass_let(walk, walk->expr) || !bind_all(walk, unit->op.params, at))
		return refuse(walk, at, "it lies too deep");
	walk->expr = unit->op.body;
	return true;
}

struct label_search {
	struct walk *walk;
	tla_sym sym;
	const struct tla_expr *found;
};

/* What a label holds, and a definition of a LET, has names of its own. */
static bool look_for_label(struct tla_expr *expr, void *arg)
{
	struct label_search *search = arg;
	uint32_t let_count = search->walk->let_count;

	if (expr->kind == TLA_E_LABEL) {
		if (expr->label.sym == search->sym)
			search->found = expr;
		return !search->found;
	}
	if (expr->kind != TLA_E_LET)
		return tla_each_child(expr, look_for_label, search);
	if (!pass_let(search->walk, expr) || look_for_label(expr->let.body, search))
		search->walk->let_count = let_count;
	return !search->found;
}

static bool take_label(struct walk *walk, struct tla_selector *at)
{
	struct label_search search = { walk, at->sym, NULL };
	const struct tla_expr *label;

	/* Of a label, its own name or one inside. */
	if (walk->expr->kind == TLA_E_LABEL && walk->expr->label.sym != at->sym)
		(void)look_for_label(walk->expr->label.body, &search);
	else
		(void)look_for_label((struct tla_expr *)(uintptr_t)walk->expr, &search);
	label = search.found;
	if (!label)
		return refuse(walk, at, "there is no such label");
	supply(walk, at, label->label.param_count);
	if (label->label.param_count != at->arg_count)
		return refuse(walk, at, "the label has another number of parameters");
	for (uint32_t i = 0; i < at->arg_count; i++)
		if (!bind(walk, label->label.params[i].sym, 0, at->args[i]))
			return false;
	walk->expr = label->label.body;
	return true;
}

static bool take_name(struct walk *walk, struct tla_selector *at)
{
	const struct tla_expr *inner = walk->expr;
	const struct tla_unit *unit;

	while (inner->kind == TLA_E_LABEL && inner->label.sym != at->sym)
		inner = inner->label.body;
	unit = find_local(inner, at->sym);
	if (!unit)
		return take_label(walk, at);
	walk->expr = inner;
	return take_local(walk, unit, at);
}

static uint32_t number_of(const struct tla_selector *at)
{
	return at->kind == TLA_S_FIRST ? 1 : at->kind == TLA_S_SECOND ? 2 : at->child;
}

/* Names that !@ leaves open. */
static uint32_t bound_count(const struct tla_expr *expr)
{
	uint32_t count = 0;

	if (expr->kind == TLA_E_LAMBDA)
		return expr->lambda.param_count;
	if (expr->kind < TLA_E_FORALL || expr->kind > TLA_E_FCN)
		return 0;
	for (uint32_t i = 0; i < expr->binder.bound_count; i++)
		count += expr->binder.bounds[i].name_count;
	return count;
}

static bool take_open(struct walk *walk, struct tla_selector *at)
{
	supply(walk, at, bound_count(walk->expr));
	if (at->arg_count == 0)
		return refuse(walk, at, "!@ is an operator, not a value");
	at->kind = TLA_S_ARGS;
	return take_args(walk, at);
}

/* r.name has its name for a second part, as r["name"] would. */
static const struct tla_expr *name_of_field(struct walk *walk)
{
	struct tla_expr *name = tla_piece_of(walk->compiler, sizeof *name);

	if (name) {
		*name = (struct tla_expr){ .kind = TLA_E_STRING, .span = walk->expr->span };
		name->sym = walk->expr->field.name.sym;
	}
	return name;
}

/* One selector; of a CASE two. *i is moved on. */
static bool take(struct walk *walk, struct tla_selector *parts, uint32_t count, uint32_t *i)
{
	struct tla_selector *at = &parts[(*i)++];
	const struct tla_expr *part;

	while (walk->expr->kind == TLA_E_LABEL && at->kind != TLA_S_NAME)
		walk->expr = walk->expr->label.body;
	switch (at->kind) {
	case TLA_S_COLON:
		return true;
	case TLA_S_NAME:
		return take_name(walk, at);
	case TLA_S_ARGS:
		return take_args(walk, at);
	case TLA_S_AT:
		return take_open(walk, at);
	default:
		break;
	}
	if (walk->expr->kind == TLA_E_FIELD && number_of(at) == 2)
		part = name_of_field(walk);
	else if (walk->expr->kind == TLA_E_CASE)
		part = *i < count ? arm_part(walk->expr, number_of(at), number_of(&parts[(*i)++]))
				  : NULL;
	else
		part = child(walk->expr, number_of(at));
	if (!part)
		return refuse(walk, at, "there is no such part");
	if (walk->expr->kind == TLA_E_LET && !pass_let(walk, walk->expr))
		return refuse(walk, at, "it lies too deep");
	walk->expr = part;
	return true;
}

/* The part with the LETs around it; NULL: no memory. */
static const struct tla_expr *put_lets(struct walk *walk)
{
	const struct tla_expr *expr = walk->expr;

	for (uint32_t i = walk->let_count; expr && i-- > 0;) {
		struct tla_expr *let = tla_piece_of(walk->compiler, sizeof *let);

		if (let) {
			*let = *walk->lets[i];
			let->let.body = (struct tla_expr *)(uintptr_t)expr;
		}
		expr = let;
	}
	return expr;
}

/* A copy of the selectors of a path, or of a label behind one. NULL: no memory. */
static struct tla_selector *parts_of(struct tla_compiler *compiler, const struct tla_expr *expr,
				     uint32_t *ret_count)
{
	bool is_label = expr->kind == TLA_E_APPLY;
	const struct tla_path *path = is_label ? expr->apply.path : &expr->path;
	uint32_t count = path->count + is_label;
	struct tla_selector *parts = tla_piece_of(compiler, count * sizeof *parts);

	if (!parts)
		return NULL;
	for (uint32_t i = 0; i < path->count; i++)
		parts[i] = path->parts[i];
	if (is_label)
		parts[path->count] = (struct tla_selector){ .kind = TLA_S_NAME,
							    .sym = expr->apply.sym,
							    .arg_count = expr->apply.arg_count,
							    .args = expr->apply.args,
							    .span = expr->apply.name_span };
	*ret_count = count;
	return parts;
}

static bool walk_down(struct walk *walk, struct tla_selector *parts, uint32_t count)
{
	uint32_t i = find_definition(walk, parts, count);

	if (i == 0)
		return false;
	while (i < count)
		if (!take(walk, parts, count, &i))
			return false;
	return true;
}

const struct tla_expr *tla_subexpr_text(struct tla_compiler *compiler, const struct tla_env *env,
					const struct tla_expr *expr, struct tla_env *ret_env)
{
	struct walk walk = { .compiler = compiler, .args_env = env, .env = *env };
	uint32_t count;
	struct tla_selector *parts = parts_of(compiler, expr, &count);

	if (!parts || !walk_down(&walk, parts, count))
		return NULL;
	*ret_env = walk.env;
	return put_lets(&walk);
}

struct tla_code *tla_compile_subexpr(struct tla_compiler *compiler, const struct tla_env *env,
				     const struct tla_expr *expr)
{
	struct tla_env there;
	const struct tla_expr *part = tla_subexpr_text(compiler, env, expr, &there);

	return part ? tla_compile(compiler, &there, part) : NULL;
}

struct tla_expr *tla_subexpr_of(struct tla_compiler *compiler, const struct tla_env *env,
				const struct tla_expr *expr, struct tla_expr **args, uint32_t arity)
{
	struct walk walk = { .compiler = compiler,
			     .args_env = env,
			     .env = *env,
			     .spare = args,
			     .spare_count = arity };
	struct tla_expr *filled = tla_piece_of(compiler, sizeof *filled);
	uint32_t count;
	struct tla_selector *parts = parts_of(compiler, expr, &count);

	if (!filled || !parts || !walk_down(&walk, parts, count))
		return NULL;
	if (walk.spare_count > 0) {
		(void)refuse(&walk, &parts[count - 1], "it has fewer parameters");
		return NULL;
	}
	*filled = (struct tla_expr){ .kind = TLA_E_SUBEXPR, .id = expr->id, .span = expr->span };
	filled->path.parts = parts;
	filled->path.count = count;
	return filled;
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

bool tla_is_part(struct tla_compiler *compiler, const struct tla_env *env,
		 const struct tla_expr *expr)
{
	return expr->kind == TLA_E_SUBEXPR ||
	       (expr->kind == TLA_E_APPLY && tla_is_label(compiler, env, expr));
}

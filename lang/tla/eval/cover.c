/* SPDX-License-Identifier: MIT */
/*
 * Coverage, at compile time: which spots there are, and the nodes that count them.
 *
 * Spots follow the semantic tree of TLC's parser, SANY: every application of an operator is one,
 * names without arguments included; numbers, strings, LET, labels and @ are none; the arms of a
 * CASE, the fields of a record and the changes of an EXCEPT are. What stands in a standard module
 * is passed over.
 *
 * Invariant: a spot is found again by its parent and key, so code that is compiled twice for one
 * place, once to find out its level, counts in one place.
 */
#include "cover.h"

#include "compile.h"
#include "memo.h"
#include "nodes.h"

#include <string.h>

/* --- Roots and spots --- */

static struct tla_span declared_at(const struct tla_entity *definition);

struct tla_cover_root *tla_cover_root(struct tla_compiler *compiler, enum tla_cover_kind kind,
				      const void *key, struct tla_span span,
				      const struct tla_entity *definition)
{
	struct tla_cover_root **at = &compiler->cover->first, *root;

	for (; *at; at = &(*at)->next)
		if ((*at)->kind == kind && (*at)->key == key)
			return *at;
	root = tla_piece_of(compiler, sizeof *root);
	if (!root)
		return NULL;
	root->kind = kind;
	root->key = key;
	root->span = span;
	if (definition) {
		root->name = definition->sym;
		root->declared = declared_at(definition);
		root->defined = definition->unit->op.body->span;
	}
	root->count_idx = compiler->cover->count_count;
	compiler->cover->count_count += 2;
	root->top.root = root;
	*at = root;
	return root;
}

static struct tla_spot *spot_below(struct tla_compiler *compiler, struct tla_spot *parent,
				   uint8_t rank, const void *key, struct tla_span span)
{
	struct tla_spot **at = &parent->first, *spot;

	for (; *at && (*at)->rank <= rank; at = &(*at)->next)
		if ((*at)->key == key)
			return *at;
	spot = tla_piece_of(compiler, sizeof *spot);
	if (!spot)
		return NULL;
	spot->root = parent->root;
	spot->key = key;
	spot->span = span;
	spot->rank = rank;
	spot->count_idx = compiler->cover->count_count++;
	spot->next = *at;
	*at = spot;
	return spot;
}

/* In a module that TLC reports nothing of. */
static bool is_standard(const struct tla_env *env)
{
	static const char *const names[] = { "FiniteSets",    "Sequences", "Bags",
					     "Naturals",      "Integers",  "Reals",
					     "Randomization", "TLC",       "RealTime" };
	const struct tla_module *module = env->context->module;
	const char *path = module->file->path;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (module->file->is_builtin && strncmp(path, names[i], strlen(names[i])) == 0 &&
		    path[strlen(names[i])] == '.')
			return true;
	return false;
}

struct tla_env tla_cover_part(struct tla_compiler *compiler, const struct tla_env *env,
			      const void *key, struct tla_span span)
{
	struct tla_env there = *env;

	if (!compiler->cover || !env->spot || is_standard(env))
		return there;
	there.spot = spot_below(compiler, env->spot, env->spot_rank, key, span);
	there.spot_rank = TLA_SPOT_OPERAND;
	return there;
}

struct tla_env tla_cover_apart(const struct tla_env *env)
{
	struct tla_env there = *env;

	there.spot = NULL;
	there.way = TLA_COVER_HERE;
	return there;
}

struct tla_env tla_cover_bounds(const struct tla_env *env)
{
	struct tla_env there = *env;

	if (env->way == TLA_COVER_SPLIT)
		return tla_cover_apart(env);
	there.spot_rank = TLA_SPOT_BOUND;
	return there;
}

/* Definitions of the community's modules that TLC has in Java: it reports their operands only. */
bool tla_cover_is_opaque(const struct tla_compiler *compiler, const struct tla_entity *definition)
{
	static const char *const names[][2] = {
		{ "SequencesExt", "AllSubSeqs" },
		{ "SequencesExt", "Contains" },
		{ "SequencesExt", "FoldLeftDomain" },
		{ "SequencesExt", "FoldRightDomain" },
		{ "SequencesExt", "FoldSeq" },
		{ "SequencesExt", "IsPrefix" },
		{ "SequencesExt", "LongestCommonPrefix" },
		{ "SequencesExt", "RemoveFirst" },
		{ "SequencesExt", "RemoveFirstMatch" },
		{ "SequencesExt", "ReplaceAllSubSeqs" },
		{ "SequencesExt", "ReplaceFirstSubSeq" },
		{ "SequencesExt", "SelectInSeq" },
		{ "SequencesExt", "SelectInSubSeq" },
		{ "SequencesExt", "SelectLastInSeq" },
		{ "SequencesExt", "SelectLastInSubSeq" },
		{ "SequencesExt", "SetToSeqs" },
		{ "SequencesExt", "Suffixes" },
		{ "Functions", "AntiFunction" },
		{ "Functions", "IsInjective" },
		{ "BagsExt", "FoldBag" },
		{ "DyadicRationals", "Reduce" },
		{ "Bitwise", "Not" },
		{ "Bitwise", "shiftR" },
		{ "Combinatorics", "choose" },
		{ "Combinatorics", "factorial" },
	};
	const struct tla_module *module = definition->context->module;

	for (size_t i = 0; module->file->is_builtin && i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i][1], tla_text(compiler, definition->sym)) == 0 &&
		    strcmp(names[i][0], tla_text(compiler, module->name.sym)) == 0)
			return true;
	return false;
}

/* --- Counting nodes --- */

/* As part of an action it goes on with the rest by itself. */
static bool goes_on(const struct tla_code *code)
{
	switch ((enum tla_act)code->act) {
	case TLA_ACT_TEST:
	case TLA_ACT_EQ:
	case TLA_ACT_IN:
	case TLA_ACT_SUBSETEQ:
	case TLA_ACT_IMPLIES:
	case TLA_ACT_SLOT:
	case TLA_ACT_APPLY:
	case TLA_ACT_FORALL: /* of no element */
		return true;
	default:
		return false;
	}
}

static struct tla_code *node(struct tla_compiler *compiler, const struct tla_spot *spot,
			     tla_eval_fn *eval, enum tla_act act, struct tla_span span,
			     uint32_t count)
{
	struct tla_code *code = tla_code_new(compiler, eval, span, count);

	if (!code)
		return NULL;
	code->act = (uint8_t)act;
	code->a = spot->count_idx;
	code->b = spot->root->count_idx;
	return code;
}

/* A node around code that counts; where the rest of an action follows, through a tally. */
static struct tla_code *around(struct tla_compiler *compiler, const struct tla_env *env,
			       tla_eval_fn *eval, struct tla_code *code, bool tallies)
{
	struct tla_code *outer, *tally;

	outer = node(compiler, env->spot, eval,
		     goes_on(code) || code->act == TLA_ACT_UNCHANGED ? TLA_ACT_COUNT
								     : TLA_ACT_INSIDE,
		     code->span, 1 + tallies);
	if (!outer)
		return NULL;
	outer->level = code->level;
	outer->has_effects = code->has_effects;
	outer->args[0] = code;
	if (!tallies)
		return outer;
	tally = node(compiler, env->spot, tla_ev_tally, TLA_ACT_TALLY, code->span, 0);
	outer->args[1] = tally;
	return tally ? outer : NULL;
}

struct tla_code *tla_cover_counted(struct tla_compiler *compiler, const struct tla_env *env,
				   struct tla_code *code)
{
	if (!code || !compiler->cover || !env->spot)
		return code;
	return around(compiler, env, tla_ev_count, code, goes_on(code) && !env->is_enabled);
}

static bool is_spot(const struct tla_expr *expr)
{
	switch ((enum tla_expr_kind)expr->kind) {
	case TLA_E_NUMBER:
	case TLA_E_DECIMAL:
	case TLA_E_STRING:
	case TLA_E_AT:
	case TLA_E_LET:
	case TLA_E_LABEL:
	case TLA_E_LAMBDA:
		return false;
	default:
		return true;
	}
}

/* A name, or an operator of a module: as part of an action it goes on without being counted. */
static bool is_name(const struct tla_expr *expr)
{
	if (expr->kind != TLA_E_APPLY || expr->apply.path || expr->apply.sym >= TLA_OP_COUNT)
		return expr->kind == TLA_E_APPLY;
	return expr->apply.arg_count == 0 || !tla_op_is_builtin((enum tla_op)expr->apply.sym);
}

static struct tla_code *compile_here(struct tla_compiler *compiler, const struct tla_env *env,
				     const struct tla_expr *expr)
{
	struct tla_env inner = *env;
	struct tla_code *code;

	inner.way = TLA_COVER_HERE;
	if (!env->spot || !is_spot(expr) || is_standard(env))
		return tla_compile_kind(compiler, &inner, expr);
	inner = tla_cover_part(compiler, &inner, expr, expr->span);
	if (!inner.spot)
		return NULL;
	code = tla_cover_counted(compiler, &inner, tla_compile_kind(compiler, &inner, expr));
	if (code)
		code->flag = is_name(expr);
	return code;
}

void tla_cover_assigns(const struct tla_env *env, const struct tla_code *left)
{
	if (env->spot && left && (env->is_enabled || env->spot->root->kind == TLA_COVER_NEXT) &&
	    tla_code_inside(left)->eval == tla_ev_next)
		env->spot->assigns = true;
}

/* --- UNCHANGED --- */

/* One variable: kept, and counted where that leads to a state. */
static struct tla_code *keep(struct tla_compiler *compiler, const struct tla_env *env,
			     const struct tla_code *all, uint32_t i)
{
	struct tla_code *one = tla_code_new(compiler, all->eval, all->span, all->count);

	if (!one)
		return NULL;
	*one = *all;
	if (all->count == 0) {
		one->a = 1;
		one->vars = all->vars + i;
	}
	for (uint32_t k = 0; k < all->count; k++)
		one->args[k] = all->args[k];
	return around(compiler, env, tla_ev_kept, one, !env->is_enabled);
}

struct tla_code *tla_cover_unchanged(struct tla_compiler *compiler, const struct tla_env *env,
				     const struct tla_expr *expr, struct tla_code *code)
{
	uint32_t count = code ? (code->count > 0 ? 1 : code->a) : 0;
	struct tla_env all;
	struct tla_code *outer;

	if (!code || !compiler->cover || !env->spot || count == 0)
		return code;
	env->spot->is_unchanged = true;
	all = tla_cover_part(compiler, env, expr, expr->span);
	outer = all.spot
			? node(compiler, all.spot, tla_ev_keep, TLA_ACT_KEEP, code->span, count + 1)
			: NULL;
	if (!outer)
		return NULL;
	outer->level = code->level;
	outer->args[0] = code;
	for (uint32_t i = 0; i < count; i++) {
		struct tla_env one = count > 1 ? tla_cover_part(compiler, &all, code->vars + i,
								expr->span)
					       : all;

		outer->args[i + 1] = one.spot ? keep(compiler, &one, code, i) : NULL;
		if (!outer->args[i + 1])
			return NULL;
	}
	return outer;
}

/* --- Splitting the next-state relation --- */

static bool is_constant(struct tla_compiler *compiler, const struct tla_env *env,
			const struct tla_expr *expr)
{
	struct tla_env there = tla_cover_apart(env);
	const struct tla_code *code = tla_compile(compiler, &there, expr);

	return code && code->level == TLA_CONSTANT;
}

static struct tla_entity *definition_of(struct tla_compiler *compiler, const struct tla_env *env,
					const struct tla_expr *expr)
{
	struct tla_entity *entity;

	if (expr->kind != TLA_E_APPLY || tla_is_label(compiler, env, expr) ||
	    (!expr->apply.path && expr->apply.sym < TLA_OP_COUNT &&
	     tla_op_is_builtin((enum tla_op)expr->apply.sym)))
		return NULL;
	entity = tla_resolve(compiler, env, expr);
	while (entity && entity->override)
		entity = entity->override;
	if (!entity || entity->kind != TLA_N_OPERATOR || entity->native ||
	    entity->arity != expr->apply.arg_count)
		return NULL;
	return entity;
}

static bool splits_definition(struct tla_compiler *compiler, const struct tla_env *env,
			      const struct tla_expr *expr)
{
	const struct tla_entity *entity = definition_of(compiler, env, expr);

	if (!entity)
		return false;
	for (uint32_t i = 0; i < entity->arity; i++)
		if (entity->unit->op.params[i].arity > 0 ||
		    !is_constant(compiler, env, expr->apply.args[i]))
			return false;
	return true;
}

static bool splits(struct tla_compiler *compiler, const struct tla_env *env,
		   const struct tla_expr *expr)
{
	switch ((enum tla_expr_kind)expr->kind) {
	case TLA_E_OR:
	case TLA_E_LET:
	case TLA_E_LABEL:
		return true;
	case TLA_E_EXISTS:
		for (uint32_t i = 0; i < expr->binder.bound_count; i++)
			if (!expr->binder.bounds[i].set ||
			    !is_constant(compiler, env, expr->binder.bounds[i].set))
				return false;
		return true;
	case TLA_E_APPLY:
		if (!expr->apply.path && expr->apply.sym == TLA_OP_OR)
			return true;
		return splits_definition(compiler, env, expr);
	default:
		return false;
	}
}

struct tla_code *tla_cover_compile(struct tla_compiler *compiler, const struct tla_env *env,
				   const struct tla_expr *expr)
{
	struct tla_env inner = *env;
	struct tla_cover_root *root;

	if (env->way == TLA_COVER_ENTER && definition_of(compiler, env, expr))
		return tla_compile_kind(compiler, env, expr);
	if (env->way != TLA_COVER_SPLIT)
		return compile_here(compiler, env, expr);
	if (splits(compiler, env, expr))
		return tla_compile_kind(compiler, env, expr);
	root = tla_cover_root(compiler, TLA_COVER_NEXT, expr, expr->span, env->definition);
	inner.spot = root ? &root->top : NULL;
	inner.spot_rank = TLA_SPOT_OPERAND;
	return root ? compile_here(compiler, &inner, expr) : NULL;
}

/* Whether an instance of a module replaces something in it. */
static bool is_substituted(const struct tla_context *context)
{
	const struct tla_group *group = context->group;

	for (const struct tla_context *at = group->instance ? group->contexts : NULL; at;
	     at = at->next)
		for (uint32_t i = 0; i < at->module->unit_count; i++)
			if (at->module->units[i]->kind == TLA_U_CONSTANTS ||
			    at->module->units[i]->kind == TLA_U_VARIABLES)
				return true;
	return false;
}

/* From outside, or from another use of the instance. */
static bool enter_instance(struct tla_compiler *compiler, struct tla_env *inner,
			   const struct tla_entity *definition)
{
	const struct tla_group *group = definition->context->group;
	struct tla_entry *entry;

	if (inner->entry && inner->entry->group == group)
		return true;
	entry = tla_piece_of(compiler, sizeof *entry);
	if (!entry)
		return false;
	*entry = (struct tla_entry){ inner->entry, group, inner->spot };
	inner->entry = entry;
	return true;
}

void tla_cover_leave(struct tla_env *inout_env, const struct tla_entity *substituted)
{
	for (const struct tla_entry *at = inout_env->entry; at; at = at->up) {
		if (at->group != substituted->group)
			continue;
		if (inout_env->spot)
			inout_env->spot = at->spot;
		inout_env->spot_rank = TLA_SPOT_BODY;
		inout_env->entry = at->up;
		return;
	}
}

bool tla_cover_enter(struct tla_compiler *compiler, struct tla_env *inner,
		     const struct tla_entity *definition)
{
	struct tla_cover_root *root;

	if (inner->spot && definition->context->group->instance &&
	    !enter_instance(compiler, inner, definition))
		return false;
	inner->spot_rank = TLA_SPOT_BODY;
	if (inner->way != TLA_COVER_SPLIT) {
		inner->way = TLA_COVER_HERE;
		return true;
	}
	inner->definition = definition;
	if (!is_substituted(definition->context))
		return true;
	root = tla_cover_root(compiler, TLA_COVER_NEXT, definition->unit->op.body,
			      definition->unit->op.body->span, definition);
	inner->way = TLA_COVER_HERE;
	inner->spot = root ? &root->top : NULL;
	return root != NULL;
}

/* --- Where a definition's name and parameters stand --- */

static struct tla_span declared_at(const struct tla_entity *definition)
{
	const struct tla_unit *unit = definition->unit;
	const struct tla_file *file = definition->context->module->file;
	struct tla_span span = unit->span;
	uint32_t at;

	if (unit->is_local)
		span.begin = unit->name.span.begin;
	/* Up to the == before the body. */
	for (at = span.begin; at + 1 < unit->op.body->span.begin; at++)
		if (memcmp(file->text + (at - file->base), "==", 2) == 0)
			break;
	while (at > span.begin && strchr(" \t\n\r", file->text[at - 1 - file->base]))
		at--;
	span.end = at;
	return span;
}

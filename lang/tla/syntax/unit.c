/* SPDX-License-Identifier: MIT */
/*
 * Modules: what they extend, declare, define and contain.
 *
 * After an error in a unit, the next one is looked for: a token that begins a unit and stands no
 * further right than the unit that failed, so that the definitions of a LET are not mistaken for
 * it. Hence one error a unit, and all units are looked at.
 *
 * Invariant: every unit's parser takes at least one token, and so does the search for the next.
 */
#include "parse.h"

#include <string.h>

/* How far a parenthesis of a definition's head may reach. */
enum { HEAD_TOKENS_MAX = 500, REFS_FIRST = 8 };

/* Whether a `==` follows the bracket at n, once it is closed. */
static bool closes_before_def(const struct parser *p, uint32_t n)
{
	uint32_t open = 0;

	for (uint32_t i = n; i < n + HEAD_TOKENS_MAX; i++) {
		switch (token_after(p, i)->kind) {
		case T_LPAREN:
		case T_LSQUARE:
			open++;
			break;
		case T_RPAREN:
		case T_RSQUARE:
			if (--open == 0)
				return token_after(p, i + 1)->kind == T_DEF;
			break;
		case T_EOF:
		case T_DEF:
		case T_MODULE_END:
			return false;
		default:
			break;
		}
	}
	return false;
}

bool tla_starts_definition(const struct parser *p, uint32_t n)
{
	const struct token *first = token_after(p, n), *second = token_after(p, n + 1);

	if (first->kind == T_OP) /* -. a == ... */
		return tla_ops[first->sym].fix == TLA_FIX_PREFIX && second->kind == T_NAME &&
		       token_after(p, n + 2)->kind == T_DEF;
	if (first->kind != T_NAME)
		return false;
	if (second->kind == T_DEF)
		return true;
	if (second->kind == T_LPAREN || second->kind == T_LSQUARE)
		return closes_before_def(p, n + 1);
	if (second->kind != T_OP)
		return false;
	if (tla_ops[second->sym].fix == TLA_FIX_POSTFIX)
		return token_after(p, n + 2)->kind == T_DEF;
	return tla_ops[second->sym].fix != TLA_FIX_PREFIX &&
	       token_after(p, n + 2)->kind == T_NAME && token_after(p, n + 3)->kind == T_DEF;
}

bool tla_starts_unit(const struct parser *p, uint32_t n)
{
	switch (token_after(p, n)->kind) {
	case T_CONSTANT:
	case T_VARIABLE:
	case T_RECURSIVE:
	case T_LOCAL:
	case T_INSTANCE:
	case T_ASSUME:
	case T_AXIOM:
	case T_LEMMA:
	case T_USE:
	case T_HIDE:
	case T_SEPARATOR:
	case T_MODULE_START:
	case T_MODULE_END:
		return true;
	default:
		return tla_starts_definition(p, n);
	}
}

bool tla_is_next(const struct parser *p)
{
	return token_after(p, 1)->kind == T_DEF ||
	       (token(p)->column <= p->unit_column && tla_starts_definition(p, 0));
}

struct tla_unit *tla_new_unit(struct parser *p, enum tla_unit_kind kind)
{
	struct tla_unit *unit = tla_piece(&p->spec->sources, sizeof(*unit));

	if (!unit)
		return NULL;
	unit->kind = (uint8_t)kind;
	unit->id = ++p->spec->unit_count;
	unit->span.begin = token(p)->begin;
	return unit;
}

static struct tla_unit *finish(struct parser *p, struct tla_unit *unit)
{
	unit->span.end = tla_end(p);
	return unit;
}

/* Declarations. */

/* (_, _): how many. */
static bool places(struct parser *p, uint32_t *ret_arity)
{
	if (!tla_accept(p, T_LPAREN))
		return true;
	do {
		if (!tla_expect(p, T_PLACE, NULL))
			return false;
		++*ret_arity;
	} while (tla_accept(p, T_COMMA));
	return tla_expect(p, T_RPAREN, "',' or ')'");
}

static void set_sym(struct parser *p, struct tla_param *param, uint32_t arity)
{
	param->sym = tla_take(p)->sym;
	param->arity = arity;
}

/* `_ + _`, `_ ^+`: the first place is taken. */
static bool fix_param(struct parser *p, struct tla_param *param)
{
	enum tla_op op = peek_op(p);
	bool is_postfix = op && tla_ops[op].fix == TLA_FIX_POSTFIX;

	if (!op || tla_ops[op].fix == TLA_FIX_PREFIX)
		return tla_expected(p, "an infix or postfix operator");
	if (op == TLA_OP_CROSS)
		return tla_wrong(p, token(p)->begin, "'\\X' is no operator that can be declared");
	set_sym(p, param, is_postfix ? 1 : 2);
	return is_postfix || tla_expect(p, T_PLACE, NULL);
}

bool tla_param(struct parser *p, struct tla_param *ret_param)
{
	const struct token *t = token(p);
	enum tla_op op = peek_op(p);
	bool is_ok;

	*ret_param = (struct tla_param){ .span = { t->begin, t->end } };
	if (peek(p) == T_NAME && !tla_is_next(p)) {
		set_sym(p, ret_param, 0);
		is_ok = places(p, &ret_param->arity);
	} else if (op && tla_ops[op].fix == TLA_FIX_PREFIX) {
		set_sym(p, ret_param, 1);
		is_ok = tla_expect(p, T_PLACE, NULL);
	} else if (tla_accept(p, T_PLACE)) {
		is_ok = fix_param(p, ret_param);
	} else {
		return tla_expected(p, "a name, '_' or a prefix operator");
	}
	ret_param->span.end = tla_end(p);
	return is_ok;
}

static bool param_list(struct parser *p, struct tla_param **ret_params, uint32_t *ret_count)
{
	size_t mark = list_mark(p);
	struct tla_param param;

	do {
		if (!tla_param(p, &param) || !tla_list_push(p, &param, sizeof(param)))
			return false;
	} while (tla_accept(p, T_COMMA));
	return tla_list_take(p, mark, sizeof(param), ret_params, ret_count);
}

bool tla_params(struct parser *p, struct tla_param **ret_params, uint32_t *ret_count)
{
	if (!tla_accept(p, T_LPAREN))
		return true;
	return param_list(p, ret_params, ret_count) && tla_expect(p, T_RPAREN, "',' or ')'");
}

static struct tla_unit *declaration(struct parser *p, enum tla_unit_kind kind)
{
	struct tla_unit *unit = tla_new_unit(p, kind);

	if (!unit)
		return NULL;
	(void)tla_take(p); /* CONSTANT or RECURSIVE */
	if (!param_list(p, &unit->decls.at, &unit->decls.count))
		return NULL;
	return finish(p, unit);
}

struct tla_unit *tla_recursive(struct parser *p)
{
	return declaration(p, TLA_U_RECURSIVE);
}

static struct tla_unit *variables(struct parser *p)
{
	struct tla_unit *unit = tla_new_unit(p, TLA_U_VARIABLES);
	size_t mark = list_mark(p);
	struct tla_name name;

	if (!unit)
		return NULL;
	(void)tla_take(p); /* VARIABLE */
	do {
		struct tla_param param = { 0 };

		if (peek(p) == T_NAME && tla_is_next(p))
			return tla_expected(p, "a name");
		if (!tla_expect_name(p, &name))
			return NULL;
		param.sym = name.sym;
		param.span = name.span;
		if (!tla_list_push(p, &param, sizeof(param)))
			return NULL;
	} while (tla_accept(p, T_COMMA));
	if (!tla_list_take(p, mark, sizeof(struct tla_param), &unit->decls.at, &unit->decls.count))
		return NULL;
	return finish(p, unit);
}

/* Instances. */

bool tla_refer(struct parser *p, struct tla_name name, bool is_extends)
{
	if (p->ref_count == p->ref_room) {
		uint32_t room = p->ref_room ? 2 * p->ref_room : REFS_FIRST;
		struct tla_ref *refs = tla_piece(&p->spec->sources, room * sizeof(*refs));

		if (!refs)
			return false;
		if (p->ref_count > 0)
			memcpy(refs, p->refs, p->ref_count * sizeof(*refs));
		p->refs = refs;
		p->ref_room = room;
	}
	p->refs[p->ref_count++] = (struct tla_ref){ name, p->module, is_extends };
	return true;
}

static bool substitution(struct parser *p, struct tla_subst *subst)
{
	const struct token *t = token(p);

	if (peek(p) != T_NAME && (peek(p) != T_OP || t->sym == TLA_OP_CROSS))
		return tla_expected(p, "a name or operator to substitute");
	(void)tla_take(p); /* it was looked at */
	subst->name = (struct tla_name){ t->sym, { t->begin, t->end } };
	if (!tla_expect(p, T_GETS, NULL))
		return false;
	subst->value = tla_argument(p);
	return subst->value;
}

bool tla_instance(struct parser *p, struct tla_unit *unit)
{
	size_t mark = list_mark(p);
	struct tla_subst subst;

	unit->kind = TLA_U_INSTANCE;
	(void)tla_take(p); /* INSTANCE */
	if (!tla_expect_field(p, &unit->instance.module, "the name of a module") ||
	    !tla_refer(p, unit->instance.module, false))
		return false;
	if (tla_accept(p, T_WITH)) {
		do {
			if (!substitution(p, &subst) || !tla_list_push(p, &subst, sizeof(subst)))
				return false;
		} while (tla_accept(p, T_COMMA));
	}
	return tla_list_take(p, mark, sizeof(subst), &unit->instance.substs,
			     &unit->instance.subst_count);
}

/* Definitions. */

/* A parameter that is just a name. */
static bool plain_param(struct parser *p, struct tla_param *ret_param)
{
	struct tla_name name;

	if (!tla_expect_name(p, &name))
		return false;
	*ret_param = (struct tla_param){ .sym = name.sym, .span = name.span };
	return true;
}

static bool check_definable(struct parser *p)
{
	const struct token *t = token(p);

	if (t->sym == TLA_OP_CROSS)
		return tla_wrong(p, t->begin, "'\\X' is no operator that can be defined");
	return true;
}

/* `a + b`, `-. a`, `a ^+`: the unit's name and parameters. */
static bool operator_head(struct parser *p, struct tla_unit *unit)
{
	struct tla_param *params = tla_piece(&p->spec->sources, 2 * sizeof(*params));
	uint32_t count = 0;
	const struct token *t;

	if (!params)
		return false;
	if (peek(p) == T_NAME && !plain_param(p, &params[count++]))
		return false;
	if (!check_definable(p))
		return false;
	t = tla_take(p);
	unit->name = (struct tla_name){ t->sym, { t->begin, t->end } };
	if (peek(p) != T_DEF && !plain_param(p, &params[count++]))
		return false;
	unit->op.params = params;
	unit->op.param_count = count;
	return true;
}

static bool function_head(struct parser *p, struct tla_unit *unit)
{
	unit->kind = TLA_U_FUNCTION;
	(void)tla_take(p); /* [ */
	return tla_bounds(p, &unit->fcn.bounds, &unit->fcn.bound_count) &&
	       tla_expect(p, T_RSQUARE, "',' or ']'");
}

static bool head(struct parser *p, struct tla_unit *unit)
{
	if (peek(p) != T_NAME || token_after(p, 1)->kind == T_OP)
		return operator_head(p, unit);
	if (!tla_expect_name(p, &unit->name))
		return false;
	if (peek(p) == T_LSQUARE)
		return function_head(p, unit);
	return tla_params(p, &unit->op.params, &unit->op.param_count);
}

static bool definition_body(struct parser *p, struct tla_unit *unit)
{
	struct tla_expr *body;

	if (peek(p) == T_INSTANCE && unit->kind == TLA_U_OPERATOR &&
	    unit->name.sym >= TLA_OP_COUNT) {
		struct tla_param *params = unit->op.params;
		uint32_t count = unit->op.param_count;

		unit->instance.params = params;
		unit->instance.param_count = count;
		return tla_instance(p, unit);
	}
	body = tla_expression(p);
	if (unit->kind == TLA_U_FUNCTION)
		unit->fcn.body = body;
	else
		unit->op.body = body;
	return body;
}

struct tla_unit *tla_definition(struct parser *p)
{
	struct tla_unit *unit = tla_new_unit(p, TLA_U_OPERATOR);

	if (!unit || !head(p, unit) || !tla_expect(p, T_DEF, NULL) || !definition_body(p, unit))
		return NULL;
	return finish(p, unit);
}

/* Units. */

static struct tla_unit *bare_instance(struct parser *p)
{
	struct tla_unit *unit = tla_new_unit(p, TLA_U_INSTANCE);

	if (!unit || !tla_instance(p, unit))
		return NULL;
	return finish(p, unit);
}

struct tla_unit *tla_local(struct parser *p)
{
	uint32_t begin = tla_take(p)->begin;
	struct tla_unit *unit;

	if (peek(p) == T_INSTANCE)
		unit = bare_instance(p);
	else if (tla_starts_definition(p, 0))
		unit = tla_definition(p);
	else
		return tla_expected(p, "a definition or 'INSTANCE' after 'LOCAL'");
	if (!unit)
		return NULL;
	unit->is_local = true;
	unit->span.begin = begin;
	return unit;
}

static struct tla_unit *assumption(struct parser *p)
{
	struct tla_unit *unit = tla_new_unit(p, TLA_U_ASSUME);
	const struct token *first;

	if (!unit)
		return NULL;
	/* As TLC: an ASSUMPTION is checked, an AXIOM is not. */
	first = tla_take(p);
	unit->is_axiom = first->kind == T_AXIOM && first->end - first->begin == strlen("AXIOM");
	if (peek(p) == T_NAME && token_after(p, 1)->kind == T_DEF) {
		if (!tla_expect_name(p, &unit->name))
			return NULL;
		(void)tla_take(p); /* == */
	}
	unit->fact = tla_expression(p);
	return unit->fact ? finish(p, unit) : NULL;
}

static struct tla_unit *inner_module(struct parser *p, struct tla_module *outer)
{
	struct tla_unit *unit = tla_new_unit(p, TLA_U_MODULE);

	if (!unit)
		return NULL;
	unit->module = tla_module(p, outer);
	if (!unit->module)
		return NULL;
	unit->name = unit->module->name;
	return finish(p, unit);
}

static struct tla_unit *unit(struct parser *p, struct tla_module *module)
{
	switch (peek(p)) {
	case T_CONSTANT:
		return declaration(p, TLA_U_CONSTANTS);
	case T_VARIABLE:
		return variables(p);
	case T_RECURSIVE:
		return tla_recursive(p);
	case T_LOCAL:
		return tla_local(p);
	case T_INSTANCE:
		return bare_instance(p);
	case T_ASSUME:
	case T_AXIOM:
		return assumption(p);
	case T_LEMMA:
		return tla_theorem(p);
	case T_MODULE_START:
		return inner_module(p, module);
	default:
		if (tla_starts_definition(p, 0))
			return tla_definition(p);
		return tla_expected(p, "an operator, a declaration, a definition, ASSUME, THEOREM, "
				       "INSTANCE or '===='");
	}
}

/* To the next token that could begin a unit at the same level. */
static void find_next_unit(struct parser *p, uint32_t column)
{
	p->list_column = 0;
	p->slot_count = 0;
	p->proof_depth = 0;
	while (peek(p) != T_EOF && peek(p) != T_MODULE_END &&
	       (token(p)->column > column || !tla_starts_unit(p, 0)))
		(void)tla_take(p); /* part of what failed */
}

/* One unit, or what leaves no trace: a line, USE, HIDE. false: an error. */
static bool take_unit(struct parser *p, struct tla_module *module)
{
	struct tla_unit *one;

	if (tla_accept(p, T_SEPARATOR))
		return true;
	if (peek(p) == T_USE || peek(p) == T_HIDE)
		return tla_use(p);
	one = unit(p, module);
	return one && tla_list_push(p, &one, sizeof(struct tla_unit *));
}

static bool units(struct parser *p, struct tla_module *module)
{
	size_t mark = list_mark(p);
	uint32_t depth = p->depth;

	while (peek(p) != T_MODULE_END && peek(p) != T_EOF) {
		uint32_t before = p->at, column = token(p)->column;
		size_t list = list_mark(p);

		p->unit_column = column;
		if (take_unit(p, module))
			continue;
		if (p->spec->sources.is_full)
			return false;
		p->n_bytes = list;
		p->depth = depth;
		if (p->at == before)
			(void)tla_take(p); /* what no unit begins with */
		find_next_unit(p, column);
	}
	return tla_list_take(p, mark, sizeof(struct tla_unit *), &module->units,
			     &module->unit_count);
}

static bool extends(struct parser *p, struct tla_module *module)
{
	size_t mark = list_mark(p);
	struct tla_name name;

	if (!tla_accept(p, T_EXTENDS))
		return true;
	do {
		if (!tla_expect_field(p, &name, "the name of a module") ||
		    !tla_refer(p, name, true) || !tla_list_push(p, &name, sizeof(name)))
			return false;
	} while (tla_accept(p, T_COMMA));
	return tla_list_take(p, mark, sizeof(name), &module->extends, &module->extend_count);
}

static bool module_head(struct parser *p, struct tla_module *module)
{
	return tla_expect_field(p, &module->name, "the name of the module") &&
	       tla_expect(p, T_SEPARATOR, NULL) && extends(p, module);
}

struct tla_module *tla_module(struct parser *p, struct tla_module *outer)
{
	struct tla_module *module = tla_piece(&p->spec->sources, sizeof(*module));
	uint32_t column = token(p)->column;
	bool is_ok;

	if (!module || !tla_enter(p))
		return NULL;
	module->file = p->file;
	module->outer = outer;
	p->module = module;
	module->span.begin = tla_take(p)->begin;
	if (!module_head(p, module))
		find_next_unit(p, column);
	is_ok = units(p, module) && tla_expect(p, T_MODULE_END, NULL);
	module->span.end = tla_end(p);
	if (!outer) {
		module->refs = p->refs;
		module->ref_count = p->ref_count;
	}
	p->module = outer;
	tla_leave(p);
	return is_ok ? module : NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * Constructs without an end of their own: IF, CASE, LET, CHOOSE, quantifiers; and bounds.
 *
 * Invariant: each takes its last expression as far as it reaches, so no operator follows one of
 * them but from the outside of parentheses or of a junction list.
 */
#include "parse.h"

bool tla_is_open(enum token_kind kind)
{
	switch (kind) {
	case T_IF:
	case T_CASE:
	case T_LET:
	case T_CHOOSE:
	case T_FORALL:
	case T_EXISTS:
	case T_AA:
	case T_EE:
		return true;
	default:
		return false;
	}
}

/* Bounds. */

/* How many tokens `<<x, y>>` has from the n-th one on, or 0: it is something else. */
static uint32_t tuple_tokens(const struct parser *p, uint32_t n)
{
	uint32_t i = n + 1;

	for (;; i++) {
		if (token_after(p, i++)->kind != T_NAME)
			return 0;
		if (token_after(p, i)->kind == T_RANGLE)
			return i + 1 - n;
		if (token_after(p, i)->kind != T_COMMA)
			return 0;
	}
}

static bool is_in(const struct token *t)
{
	return t->kind == T_OP && t->sym == TLA_OP_IN;
}

bool tla_is_bound(const struct parser *p)
{
	uint32_t n = 0;

	if (peek(p) == T_LANGLE) {
		n = tuple_tokens(p, 0);
		return n > 0 && is_in(token_after(p, n));
	}
	while (token_after(p, n)->kind == T_NAME && token_after(p, n + 1)->kind == T_COMMA)
		n += 2;
	return token_after(p, n)->kind == T_NAME && is_in(token_after(p, n + 1));
}

static bool names(struct parser *p, struct tla_name **ret_names, uint32_t *ret_count)
{
	size_t mark = list_mark(p);
	struct tla_name name;

	do {
		if (!tla_expect_name(p, &name) || !tla_list_push(p, &name, sizeof(name)))
			return false;
	} while (tla_accept(p, T_COMMA));
	return tla_list_take(p, mark, sizeof(name), ret_names, ret_count);
}

/* `x, y` or `<<x, y>>`, without what follows. */
static bool bound_names(struct parser *p, struct tla_bound *bound)
{
	*bound = (struct tla_bound){ .span.begin = token(p)->begin };
	bound->is_tuple = tla_accept(p, T_LANGLE);
	return names(p, &bound->names, &bound->name_count) &&
	       (!bound->is_tuple || tla_expect(p, T_RANGLE, "',' or '>>'"));
}

static bool bound_set(struct parser *p, struct tla_bound *bound)
{
	(void)tla_take(p); /* \in */
	bound->set = tla_expression(p);
	bound->span.end = tla_end(p);
	return bound->set;
}

bool tla_bound(struct parser *p, struct tla_bound *ret_bound)
{
	if (!bound_names(p, ret_bound))
		return false;
	if (peek_op(p) != TLA_OP_IN)
		return tla_expected(p, ret_bound->is_tuple ? "'\\in'" : "',' or '\\in'");
	return bound_set(p, ret_bound);
}

bool tla_bounds(struct parser *p, struct tla_bound **ret_bounds, uint32_t *ret_count)
{
	size_t mark = list_mark(p);
	struct tla_bound bound;

	do {
		if (!tla_bound(p, &bound) || !tla_list_push(p, &bound, sizeof(bound)))
			return false;
	} while (tla_accept(p, T_COMMA));
	return tla_list_take(p, mark, sizeof(bound), ret_bounds, ret_count);
}

/* Quantifiers. */

static enum tla_expr_kind quantifier_kind(enum token_kind kind)
{
	switch (kind) {
	case T_FORALL:
		return TLA_E_FORALL;
	case T_EXISTS:
		return TLA_E_EXISTS;
	case T_AA:
		return TLA_E_AA;
	case T_EE:
		return TLA_E_EE;
	default:
		return TLA_E_CHOOSE;
	}
}

static struct tla_expr *binder_body(struct parser *p, struct tla_expr *expr, const char *what)
{
	if (!tla_expect(p, T_COLON, what))
		return NULL;
	expr->binder.body = tla_expression(p);
	return expr->binder.body ? tla_close(p, expr) : NULL;
}

/* The only bound of an expression; its names may go without a set. */
static struct tla_bound *only_bound(struct parser *p, struct tla_expr *expr)
{
	struct tla_bound *bound = tla_piece(&p->spec->sources, sizeof(*bound));

	if (!bound || !bound_names(p, bound))
		return NULL;
	bound->span.end = tla_end(p);
	expr->binder.bounds = bound;
	expr->binder.bound_count = 1;
	return bound;
}

static struct tla_expr *unbounded(struct parser *p, struct tla_expr *expr)
{
	struct tla_bound *bound = only_bound(p, expr);

	if (!bound)
		return NULL;
	if (bound->is_tuple)
		return tla_expected(p, "'\\in'");
	return binder_body(p, expr, expr->kind >= TLA_E_AA ? "',' or ':'" : "',', '\\in' or ':'");
}

static struct tla_expr *quantifier(struct parser *p)
{
	enum tla_expr_kind kind = quantifier_kind(peek(p));
	struct tla_expr *expr = tla_node(p, kind, tla_take(p)->begin);

	if (!expr)
		return NULL;
	if (kind == TLA_E_AA || kind == TLA_E_EE || !tla_is_bound(p))
		return unbounded(p, expr);
	if (!tla_bounds(p, &expr->binder.bounds, &expr->binder.bound_count))
		return NULL;
	return binder_body(p, expr, "',' or ':'");
}

static struct tla_expr *choose(struct parser *p)
{
	struct tla_expr *expr = tla_node(p, TLA_E_CHOOSE, tla_take(p)->begin);
	struct tla_bound *bound = expr ? only_bound(p, expr) : NULL;

	if (!bound)
		return NULL;
	if (bound->name_count > 1 && !bound->is_tuple)
		return tla_wrong(p, bound->names[1].span.begin,
				 "CHOOSE takes one name or one tuple of names");
	if (peek_op(p) == TLA_OP_IN && !bound_set(p, bound))
		return NULL;
	return binder_body(p, expr, bound->set ? "an operator or ':'" : "'\\in' or ':'");
}

/* IF, CASE, LET. */

static struct tla_expr *if_then_else(struct parser *p)
{
	struct tla_expr *expr = tla_node(p, TLA_E_IF, tla_take(p)->begin);

	if (!expr)
		return NULL;
	expr->branch.test = tla_expression(p);
	if (!expr->branch.test || !tla_expect(p, T_THEN, "an operator or 'THEN'"))
		return NULL;
	expr->branch.yes = tla_expression(p);
	if (!expr->branch.yes || !tla_expect(p, T_ELSE, "an operator or 'ELSE'"))
		return NULL;
	expr->branch.no = tla_expression(p);
	return expr->branch.no ? tla_close(p, expr) : NULL;
}

static bool arm(struct parser *p, struct tla_arm *arm, bool is_first)
{
	*arm = (struct tla_arm){ 0 };
	if (is_first || !tla_accept(p, T_OTHER)) {
		arm->guard = tla_expression(p);
		if (!arm->guard)
			return false;
	}
	if (!tla_expect(p, T_ARROW, arm->guard ? "an operator or '->'" : "'->'"))
		return false;
	arm->value = tla_expression(p);
	return arm->value;
}

static struct tla_expr *case_arms(struct parser *p)
{
	struct tla_expr *expr = tla_node(p, TLA_E_CASE, tla_take(p)->begin);
	size_t mark = list_mark(p);
	struct tla_arm one = { 0 };
	bool is_first = true;

	if (!expr)
		return NULL;
	do {
		if (!is_first)
			(void)tla_take(p); /* [] */
		if (!arm(p, &one, is_first) || !tla_list_push(p, &one, sizeof(one)))
			return NULL;
		is_first = false;
	} while (one.guard && peek_op(p) == TLA_OP_ALWAYS);
	if (!tla_list_take(p, mark, sizeof(one), &expr->arms.at, &expr->arms.count))
		return NULL;
	return tla_close(p, expr);
}

static struct tla_unit *let_unit(struct parser *p)
{
	if (peek(p) == T_RECURSIVE)
		return tla_recursive(p);
	if (peek(p) == T_LOCAL)
		return tla_local(p);
	if (peek(p) != T_EDGE && tla_starts_definition(p, 0))
		return tla_definition(p);
	return tla_expected(p, "a definition");
}

static struct tla_expr *let_in(struct parser *p)
{
	struct tla_expr *expr = tla_node(p, TLA_E_LET, tla_take(p)->begin);
	size_t mark = list_mark(p);

	if (!expr)
		return NULL;
	do {
		struct tla_unit *unit = let_unit(p);

		if (!unit || !tla_list_push(p, &unit, sizeof(struct tla_unit *)))
			return NULL;
	} while (peek(p) == T_RECURSIVE || (peek(p) != T_EDGE && tla_starts_definition(p, 0)));
	if (!tla_expect(p, T_IN, "an operator, a definition or 'IN'") ||
	    !tla_list_take(p, mark, sizeof(struct tla_unit *), &expr->let.units,
			   &expr->let.unit_count))
		return NULL;
	expr->let.body = tla_expression(p);
	return expr->let.body ? tla_close(p, expr) : NULL;
}

struct tla_expr *tla_open(struct parser *p)
{
	switch (peek(p)) {
	case T_IF:
		return if_then_else(p);
	case T_CASE:
		return case_arms(p);
	case T_LET:
		return let_in(p);
	case T_CHOOSE:
		return choose(p);
	default:
		return quantifier(p);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Everything that has brackets: ( ) << >> [ ] { }.
 *
 * What stands behind the first bracket says too little: of `{x \in S` only what follows does, a
 * colon or none.
 */
#include "parse.h"

bool tla_expressions(struct parser *p, enum token_kind closing, const char *what,
		     struct tla_expr ***ret_items, uint32_t *ret_count)
{
	size_t mark = list_mark(p);

	do {
		struct tla_expr *item = tla_expression(p);

		if (!item || !tla_list_push(p, &item, sizeof(struct tla_expr *)))
			return false;
	} while (tla_accept(p, T_COMMA));
	return tla_expect(p, closing, what) &&
	       tla_list_take(p, mark, sizeof(struct tla_expr *), ret_items, ret_count);
}

struct tla_expr *tla_parentheses(struct parser *p)
{
	struct tla_expr *expr;

	(void)tla_take(p); /* ( */
	expr = tla_expression(p);
	if (!expr || !tla_expect(p, T_RPAREN, "an operator or ')'"))
		return NULL;
	expr->has_parens = true;
	return expr;
}

/* `[A]_v` and `<<A>>_v`: the action is there, the subscript comes. */
static struct tla_expr *action(struct parser *p, struct tla_expr *expr, enum tla_expr_kind kind,
			       struct tla_expr *what)
{
	expr->kind = (uint8_t)kind;
	expr->pair.a = what;
	expr->pair.b = tla_subscript(p);
	return expr->pair.b ? tla_close(p, expr) : NULL;
}

struct tla_expr *tla_angles(struct parser *p)
{
	struct tla_expr *expr = tla_node(p, TLA_E_TUPLE, tla_take(p)->begin);
	size_t mark = list_mark(p);
	bool is_first = true;

	if (!expr)
		return NULL;
	while (peek(p) != T_RANGLE || !is_first) {
		struct tla_expr *item = tla_expression(p);

		if (!item)
			return NULL;
		if (is_first && tla_accept(p, T_RANGLE_SUB))
			return action(p, expr, TLA_E_ANGLE, item);
		is_first = false;
		if (!tla_list_push(p, &item, sizeof(struct tla_expr *)))
			return NULL;
		if (!tla_accept(p, T_COMMA))
			break;
	}
	if (!tla_expect(p, T_RANGLE, "',' or '>>'") ||
	    !tla_list_take(p, mark, sizeof(struct tla_expr *), &expr->items.at, &expr->items.count))
		return NULL;
	return tla_close(p, expr);
}

static struct tla_expr *fields(struct parser *p, struct tla_expr *expr, enum tla_expr_kind kind,
			       enum token_kind separator)
{
	size_t mark = list_mark(p);
	struct tla_field field;

	expr->kind = (uint8_t)kind;
	do {
		if (!tla_expect_field(p, &field.name, "the name of a field") ||
		    !tla_expect(p, separator, NULL))
			return NULL;
		field.value = tla_expression(p);
		if (!field.value || !tla_list_push(p, &field, sizeof(field)))
			return NULL;
	} while (tla_accept(p, T_COMMA));
	if (!tla_expect(p, T_RSQUARE, "',' or ']'") ||
	    !tla_list_take(p, mark, sizeof(field), &expr->fields.at, &expr->fields.count))
		return NULL;
	return tla_close(p, expr);
}

static struct tla_expr *function(struct parser *p, struct tla_expr *expr)
{
	expr->kind = TLA_E_FCN;
	if (!tla_bounds(p, &expr->binder.bounds, &expr->binder.bound_count) ||
	    !tla_expect(p, T_MAPS_TO, "',' or '|->'"))
		return NULL;
	expr->binder.body = tla_expression(p);
	if (!expr->binder.body || !tla_expect(p, T_RSQUARE, "an operator or ']'"))
		return NULL;
	return tla_close(p, expr);
}

/* One `.name` or `[index, ...]`. */
static bool step(struct parser *p, struct tla_step *step)
{
	*step = (struct tla_step){ .span.begin = token(p)->begin };
	if (tla_accept(p, T_DOT)) {
		if (!tla_expect_field(p, &step->name, "the name of a field"))
			return false;
	} else if (!tla_expect(p, T_LSQUARE, "'[' or '.'") ||
		   !tla_expressions(p, T_RSQUARE, "',' or ']'", &step->indexes,
				    &step->index_count)) {
		return false;
	}
	step->span.end = tla_end(p);
	return true;
}

/* One `![i].f = value`. */
static bool update(struct parser *p, struct tla_update *update)
{
	size_t mark = list_mark(p);
	struct tla_step one;

	*update = (struct tla_update){ .span.begin = token(p)->begin };
	if (!tla_expect(p, T_BANG, NULL))
		return false;
	do {
		if (!step(p, &one) || !tla_list_push(p, &one, sizeof(one)))
			return false;
	} while (peek(p) == T_DOT || peek(p) == T_LSQUARE);
	if (peek_op(p) != TLA_OP_EQ)
		return tla_expected(p, "'[', '.' or '='");
	(void)tla_take(p); /* = */
	if (!tla_list_take(p, mark, sizeof(one), &update->steps, &update->step_count))
		return false;
	update->value = tla_expression(p);
	update->span.end = tla_end(p);
	return update->value;
}

static struct tla_expr *except(struct parser *p, struct tla_expr *expr, struct tla_expr *fcn)
{
	size_t mark = list_mark(p);
	struct tla_update one;

	expr->kind = TLA_E_EXCEPT;
	expr->except.fcn = fcn;
	do {
		if (!update(p, &one) || !tla_list_push(p, &one, sizeof(one)))
			return NULL;
	} while (tla_accept(p, T_COMMA));
	if (!tla_expect(p, T_RSQUARE, "',' or ']'") ||
	    !tla_list_take(p, mark, sizeof(one), &expr->except.updates, &expr->except.update_count))
		return NULL;
	return tla_close(p, expr);
}

static struct tla_expr *function_set(struct parser *p, struct tla_expr *expr, struct tla_expr *from)
{
	expr->kind = TLA_E_FCN_SET;
	expr->pair.a = from;
	expr->pair.b = tla_expression(p);
	if (!expr->pair.b || !tla_expect(p, T_RSQUARE, "an operator or ']'"))
		return NULL;
	return tla_close(p, expr);
}

struct tla_expr *tla_squares(struct parser *p)
{
	struct tla_expr *expr = tla_node(p, TLA_E_COUNT, tla_take(p)->begin), *first;

	if (!expr)
		return NULL;
	if (tla_is_bound(p))
		return function(p, expr);
	if (tla_is_word(token(p)) && token_after(p, 1)->kind == T_MAPS_TO)
		return fields(p, expr, TLA_E_RECORD, T_MAPS_TO);
	if (tla_is_word(token(p)) && token_after(p, 1)->kind == T_COLON)
		return fields(p, expr, TLA_E_RECORDS, T_COLON);
	first = tla_expression(p);
	if (!first)
		return NULL;
	if (tla_accept(p, T_ARROW))
		return function_set(p, expr, first);
	if (tla_accept(p, T_EXCEPT))
		return except(p, expr, first);
	if (tla_accept(p, T_RSQUARE_SUB))
		return action(p, expr, TLA_E_BOX, first);
	return tla_expected(p, "'->', 'EXCEPT', ']_' or an operator");
}

/* Braces. */

/* The names of a bound as the expression that they also are. */
static struct tla_expr *bound_as_expression(struct parser *p, const struct tla_bound *bound)
{
	struct tla_expr *tuple = tla_node(p, TLA_E_TUPLE, bound->span.begin), *expr = NULL;
	size_t mark = list_mark(p);

	for (uint32_t i = 0; tuple && i < bound->name_count; i++) {
		expr = tla_apply_op(p, (enum tla_op)bound->names[i].sym, bound->names[i].span, NULL,
				    0);
		if (!expr || !tla_list_push(p, &expr, sizeof(struct tla_expr *)))
			return NULL;
	}
	if (!tuple || !tla_list_take(p, mark, sizeof(struct tla_expr *), &tuple->items.at,
				     &tuple->items.count))
		return NULL;
	tuple->span = (struct tla_span){ bound->span.begin, tuple->items.at[0]->span.end };
	return bound->is_tuple ? tla_close(p, tuple) : expr;
}

static bool is_infix_node(const struct tla_expr *expr)
{
	return expr->kind == TLA_E_APPLY && !expr->has_parens && !expr->apply.path &&
	       expr->apply.sym < TLA_OP_COUNT && expr->apply.arg_count == 2 &&
	       tla_ops[expr->apply.sym].fix == TLA_FIX_INFIX;
}

/* `x \in` was read as a bound, and everything behind it as its set, but no colon followed: put
 * \in where it belongs among the operators of what was read. */
static struct tla_expr *insert_in(struct parser *p, struct tla_expr *head, struct tla_expr *tree)
{
	const struct tla_op_info *in = &tla_ops[TLA_OP_IN];
	struct tla_expr **args;

	if (is_infix_node(tree) && tla_ops[tree->apply.sym].high < in->low) {
		tree->apply.args[0] = insert_in(p, head, tree->apply.args[0]);
		tree->span.begin = head->span.begin;
		return tree->apply.args[0] ? tla_close(p, tree) : NULL;
	}
	if (is_infix_node(tree) && tla_ops[tree->apply.sym].low <= in->high)
		return tla_wrong(p, tree->span.begin,
				 "neither of '\\in' and '%s' binds tighter: write parentheses",
				 tla_ops[tree->apply.sym].text);
	args = tla_piece(&p->spec->sources, 2 * sizeof(struct tla_expr *));
	if (!args)
		return NULL;
	args[0] = head;
	args[1] = tree;
	return tla_apply_op(p, TLA_OP_IN, (struct tla_span){ head->span.begin, tree->span.end },
			    args, 2);
}

/* {x, ...}: the first is read. */
static struct tla_expr *set_of(struct parser *p, struct tla_expr *expr, struct tla_expr *first)
{
	size_t mark = list_mark(p);

	expr->kind = TLA_E_SET;
	if (!tla_list_push(p, &first, sizeof(struct tla_expr *)))
		return NULL;
	while (tla_accept(p, T_COMMA)) {
		first = tla_expression(p);
		if (!first || !tla_list_push(p, &first, sizeof(struct tla_expr *)))
			return NULL;
	}
	if (!tla_expect(p, T_RBRACE, "',' or '}'") ||
	    !tla_list_take(p, mark, sizeof(struct tla_expr *), &expr->items.at, &expr->items.count))
		return NULL;
	return tla_close(p, expr);
}

static struct tla_expr *filter(struct parser *p, struct tla_expr *expr)
{
	struct tla_bound *bound = tla_piece(&p->spec->sources, sizeof(*bound));
	struct tla_expr *head;

	if (!bound || !tla_bound(p, bound))
		return NULL;
	if (!tla_accept(p, T_COLON)) {
		head = bound_as_expression(p, bound);
		head = head ? insert_in(p, head, bound->set) : NULL;
		return head ? set_of(p, expr, head) : NULL;
	}
	expr->kind = TLA_E_FILTER;
	expr->binder.bounds = bound;
	expr->binder.bound_count = 1;
	expr->binder.body = tla_expression(p);
	if (!expr->binder.body || !tla_expect(p, T_RBRACE, "an operator or '}'"))
		return NULL;
	return tla_close(p, expr);
}

struct tla_expr *tla_braces(struct parser *p)
{
	struct tla_expr *expr = tla_node(p, TLA_E_SET, tla_take(p)->begin), *first;
	bool is_one = peek(p) == T_LANGLE || token_after(p, 1)->kind != T_COMMA;

	if (!expr)
		return NULL;
	if (tla_accept(p, T_RBRACE))
		return tla_close(p, expr);
	if (is_one && tla_is_bound(p))
		return filter(p, expr);
	first = tla_expression(p);
	if (!first)
		return NULL;
	if (!tla_accept(p, T_COLON))
		return set_of(p, expr, first);
	expr->kind = TLA_E_MAP;
	expr->binder.body = first;
	if (!tla_bounds(p, &expr->binder.bounds, &expr->binder.bound_count) ||
	    !tla_expect(p, T_RBRACE, "',' or '}'"))
		return NULL;
	return tla_close(p, expr);
}

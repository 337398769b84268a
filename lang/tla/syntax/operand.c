/* SPDX-License-Identifier: MIT */
/*
 * What stands between operators: literals, names with arguments and selectors, junction lists, and
 * everything that has brackets.
 *
 * Invariant: a junction list puts back the column that it found, on every path.
 */
#include "parse.h"

#include <string.h>

/* Literals. */

static int digit_value(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* The value of the digits if 63 bits hold it. */
static void set_value(struct tla_number *number)
{
	for (const char *c = number->text; *c; c++)
		if (__builtin_mul_overflow(number->value, number->base, &number->value) ||
		    __builtin_add_overflow(number->value, digit_value(*c), &number->value)) {
			number->is_large = true;
			number->value = 0;
			return;
		}
}

static uint8_t base_of(const char *text)
{
	switch (text[0] == '\\' ? text[1] | 0x20 : 0) {
	case 'b':
		return 2;
	case 'o':
		return 8;
	case 'h':
		return 16;
	default:
		return 10;
	}
}

static const char *copy_text(struct parser *p, uint32_t begin, uint32_t end)
{
	char *copy = tla_piece(&p->spec->sources, end - begin + 1);

	if (copy)
		memcpy(copy, p->file->text + (begin - p->file->base), end - begin);
	return copy;
}

/* 12.50: three tokens, one text. */
static struct tla_expr *decimal(struct parser *p, struct tla_expr *expr, const struct token *whole)
{
	const char *after;
	size_t whole_bytes = whole->end - whole->begin;
	char *text;

	(void)tla_take(p); /* the dot */
	after = copy_text(p, token(p)->begin, token(p)->end);
	(void)tla_take(p); /* the digits behind it */
	text = after ? tla_piece(&p->spec->sources, whole_bytes + strlen(after) + 2) : NULL;
	if (!text)
		return NULL;
	memcpy(text, p->file->text + (whole->begin - p->file->base), whole_bytes);
	text[whole_bytes] = '.';
	memcpy(text + whole_bytes + 1, after, strlen(after));
	expr->kind = TLA_E_DECIMAL;
	expr->number.text = text;
	expr->number.base = 10;
	return tla_close(p, expr);
}

static struct tla_expr *number(struct parser *p)
{
	const struct token *t = tla_take(p);
	struct tla_expr *expr = tla_node(p, TLA_E_NUMBER, t->begin);
	uint8_t base = base_of(p->file->text + (t->begin - p->file->base));

	if (!expr)
		return NULL;
	if (peek(p) == T_DOT && token_after(p, 1)->kind == T_NUMBER)
		return decimal(p, expr, t);
	expr->number.base = base;
	expr->number.text = copy_text(p, t->begin + (base == 10 ? 0 : 2), t->end);
	if (!expr->number.text)
		return NULL;
	set_value(&expr->number);
	return tla_close(p, expr);
}

static struct tla_expr *string(struct parser *p)
{
	const struct token *t = tla_take(p);
	struct tla_expr *expr = tla_node(p, TLA_E_STRING, t->begin);

	if (!expr)
		return NULL;
	expr->sym = t->sym;
	return tla_close(p, expr);
}

static struct tla_expr *at_sign(struct parser *p)
{
	struct tla_expr *expr = tla_node(p, TLA_E_AT, tla_take(p)->begin);

	return expr ? tla_close(p, expr) : NULL;
}

/* Names. */

/* `(a, b)`, if there is a parenthesis. */
static bool arguments(struct parser *p, struct tla_selector *selector)
{
	size_t mark = list_mark(p);

	if (!tla_accept(p, T_LPAREN))
		return true;
	do {
		struct tla_expr *arg = tla_argument(p);

		if (!arg || !tla_list_push(p, &arg, sizeof(struct tla_expr *)))
			return false;
	} while (tla_accept(p, T_COMMA));
	if (!tla_expect(p, T_RPAREN, "',' or ')'"))
		return false;
	return tla_list_take(p, mark, sizeof(struct tla_expr *), &selector->args,
			     &selector->arg_count);
}

static bool child_number(struct parser *p, struct tla_selector *selector)
{
	const struct token *t = tla_take(p);
	const char *text = p->file->text + (t->begin - p->file->base);
	uint32_t n_bytes = t->end - t->begin, child = 0;

	for (uint32_t i = 0; i < n_bytes; i++) {
		if (text[i] == '\\' || child > 100000)
			return tla_wrong(p, t->begin, "expected the number of a subexpression");
		child = 10 * child + (uint32_t)(text[i] - '0');
	}
	selector->kind = TLA_S_CHILD;
	selector->child = child;
	return true;
}

/* What follows a `!`. */
static bool selector(struct parser *p, struct tla_selector *selector)
{
	const struct token *t = token(p);

	*selector = (struct tla_selector){ .kind = TLA_S_NAME, .span.begin = t->begin };
	switch (t->kind == T_NAME && tla_is_next(p) ? T_EDGE : peek(p)) {
	case T_NAME:
	case T_OP:
		selector->sym = tla_take(p)->sym;
		return arguments(p, selector);
	case T_LPAREN:
		selector->kind = TLA_S_ARGS;
		return arguments(p, selector);
	case T_NUMBER:
		return child_number(p, selector);
	case T_LANGLE:
		selector->kind = TLA_S_FIRST;
		break;
	case T_RANGLE:
		selector->kind = TLA_S_SECOND;
		break;
	case T_COLON:
		selector->kind = TLA_S_COLON;
		break;
	case T_AT:
		selector->kind = TLA_S_AT;
		break;
	default:
		return tla_expected(p, "a name or a selector ('<<', '>>', ':', '@', a number, "
				       "'(') after '!'");
	}
	(void)tla_take(p); /* it was looked at */
	return true;
}

/* head, and the selectors that were collected behind it, as one node. */
static struct tla_expr *name_node(struct parser *p, struct tla_selector *parts, uint32_t count)
{
	const struct tla_selector *last = &parts[count - 1];
	bool is_name = last->kind == TLA_S_NAME;
	struct tla_expr *expr = tla_node(p, is_name ? TLA_E_APPLY : TLA_E_SUBEXPR,
					 parts[0].span.begin);

	if (!expr)
		return NULL;
	if (!is_name) {
		expr->path = (struct tla_path){ parts, count };
		return tla_close(p, expr);
	}
	expr->apply.sym = last->sym;
	expr->apply.args = last->args;
	expr->apply.arg_count = last->arg_count;
	if (count > 1) {
		expr->apply.path = tla_piece(&p->spec->sources, sizeof(struct tla_path));
		if (!expr->apply.path)
			return NULL;
		*expr->apply.path = (struct tla_path){ parts, count - 1 };
	}
	return tla_close(p, expr);
}

/* A name or operator, its arguments, and `!` selectors. */
static struct tla_expr *name(struct parser *p)
{
	const struct token *t = tla_take(p);
	struct tla_selector part = { .kind = TLA_S_NAME, .sym = t->sym, .span.begin = t->begin };
	struct tla_selector *parts;
	size_t mark = list_mark(p);
	struct tla_expr *expr;
	uint32_t count, name_end = t->end;
	bool is_ok = arguments(p, &part);

	part.span.end = tla_end(p);
	is_ok = is_ok && tla_list_push(p, &part, sizeof(part));
	while (is_ok && tla_accept(p, T_BANG)) {
		name_end = token(p)->end;
		is_ok = selector(p, &part);
		part.span.end = tla_end(p);
		is_ok = is_ok && tla_list_push(p, &part, sizeof(part));
	}
	if (!is_ok || !tla_list_take(p, mark, sizeof(part), &parts, &count))
		return NULL;
	expr = name_node(p, parts, count);
	if (expr && expr->kind == TLA_E_APPLY)
		expr->apply.name_span = (struct tla_span){ parts[count - 1].span.begin, name_end };
	return expr;
}

/* An operator in the place of an operand: +(1, 2), or M's +. */
static struct tla_expr *operator_name(struct parser *p)
{
	enum token_kind next = (enum token_kind)token_after(p, 1)->kind;

	if (next != T_LPAREN && next != T_BANG)
		return tla_expected(p, "an expression");
	return name(p);
}

static struct tla_expr *step_name(struct parser *p)
{
	const struct token *t = token(p);
	char last = p->file->text[t->end - 1 - p->file->base];

	if (p->proof_depth == 0)
		return tla_wrong(p, t->begin, "a step's number outside of a proof");
	if (last == '.' || last == '>' || last == '*' || last == '-')
		return tla_expected(p, "an expression");
	return name(p);
}

static bool is_operator_argument(const struct parser *p)
{
	enum token_kind next = (enum token_kind)token_after(p, 1)->kind;

	return peek(p) == T_OP && (next == T_COMMA || next == T_RPAREN || next == T_IN ||
				   next == T_EOF || tla_starts_unit(p, 1));
}

static struct tla_expr *lambda(struct parser *p)
{
	struct tla_expr *expr = tla_node(p, TLA_E_LAMBDA, tla_take(p)->begin);
	size_t mark = list_mark(p);
	struct tla_name param;

	if (!expr)
		return NULL;
	do {
		if (!tla_expect_name(p, &param) || !tla_list_push(p, &param, sizeof(param)))
			return NULL;
	} while (tla_accept(p, T_COMMA));
	if (!tla_expect(p, T_COLON, "',' or ':'") ||
	    !tla_list_take(p, mark, sizeof(param), &expr->lambda.params, &expr->lambda.param_count))
		return NULL;
	expr->lambda.body = tla_expression(p);
	return expr->lambda.body ? tla_close(p, expr) : NULL;
}

struct tla_expr *tla_argument(struct parser *p)
{
	const struct token *t;

	if (peek(p) == T_LAMBDA)
		return lambda(p);
	if (!is_operator_argument(p))
		return tla_expression(p);
	if (peek_op(p) == TLA_OP_CROSS)
		return tla_wrong(p, token(p)->begin, "'\\X' is no operator that can be passed");
	t = tla_take(p);
	return tla_apply_op(p, (enum tla_op)t->sym, (struct tla_span){ t->begin, t->end }, NULL, 0);
}

/* Lists. */

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

static struct tla_expr *junction(struct parser *p)
{
	const struct token *first = token(p);
	uint32_t column = first->column, outer = p->list_column;
	bool is_and = first->sym == TLA_OP_AND;
	struct tla_expr *expr = tla_node(p, is_and ? TLA_E_AND : TLA_E_OR, first->begin);
	size_t mark = list_mark(p);
	bool is_ok = expr;

	p->list_column = column;
	while (is_ok && token(p)->is_bullet && token(p)->sym == first->sym &&
	       token(p)->column == column) {
		struct tla_expr *item;

		(void)tla_take(p); /* the bullet */
		item = tla_expression(p);
		is_ok = item && tla_list_push(p, &item, sizeof(struct tla_expr *));
	}
	p->list_column = outer;
	if (!is_ok ||
	    !tla_list_take(p, mark, sizeof(struct tla_expr *), &expr->items.at, &expr->items.count))
		return NULL;
	return tla_close(p, expr);
}

/* Brackets. */

static struct tla_expr *parentheses(struct parser *p)
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

static struct tla_expr *angles(struct parser *p)
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

static struct tla_expr *squares(struct parser *p)
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

static struct tla_expr *braces(struct parser *p)
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

/* Subscripts and fairness. */

struct tla_expr *tla_subscript(struct parser *p)
{
	struct tla_expr *expr = NULL;

	if (!tla_enter(p))
		return NULL;
	switch (peek(p)) {
	case T_NAME:
		expr = tla_is_next(p) ? tla_expected(p, "a subscript") : name(p);
		break;
	case T_LPAREN:
		expr = parentheses(p);
		break;
	case T_LBRACE:
		expr = braces(p);
		break;
	case T_LSQUARE:
		expr = squares(p);
		break;
	case T_LANGLE:
		expr = angles(p);
		break;
	default:
		(void)tla_expected(p, "a subscript: a name, or an expression in brackets");
	}
	tla_leave(p);
	return expr;
}

/* WF_f(x)(A) has two parentheses, WF_v(A) one, which was read as v's arguments. */
static struct tla_expr *split_action(struct parser *p, struct tla_expr *expr)
{
	struct tla_expr *subscript = expr->pair.b;

	if (subscript->kind != TLA_E_APPLY || subscript->has_parens ||
	    subscript->apply.arg_count != 1)
		return tla_expected(p, "'(' and the action");
	expr->pair.a = subscript->apply.args[0];
	subscript->apply.arg_count = 0;
	subscript->apply.args = NULL;
	subscript->span.end = subscript->apply.name_span.end;
	return tla_close(p, expr);
}

static struct tla_expr *fairness(struct parser *p)
{
	bool is_weak = peek(p) == T_WF;
	struct tla_expr *expr = tla_node(p, is_weak ? TLA_E_WF : TLA_E_SF, tla_take(p)->begin);

	if (!expr)
		return NULL;
	expr->pair.b = tla_subscript(p);
	if (!expr->pair.b)
		return NULL;
	if (!tla_accept(p, T_LPAREN))
		return split_action(p, expr);
	expr->pair.a = tla_expression(p);
	if (!expr->pair.a || !tla_expect(p, T_RPAREN, "an operator or ')'"))
		return NULL;
	return tla_close(p, expr);
}

struct tla_expr *tla_operand(struct parser *p)
{
	switch (peek(p)) {
	case T_NAME:
		return tla_is_next(p) ? tla_expected(p, "an expression") : name(p);
	case T_NUMBER:
		return number(p);
	case T_STRING:
		return string(p);
	case T_AT:
		return at_sign(p);
	case T_STEP:
		return step_name(p);
	case T_OP:
		return token(p)->is_bullet ? junction(p) : operator_name(p);
	case T_LPAREN:
		return parentheses(p);
	case T_LBRACE:
		return braces(p);
	case T_LSQUARE:
		return squares(p);
	case T_LANGLE:
		return angles(p);
	case T_WF:
	case T_SF:
		return fairness(p);
	case T_LAMBDA:
		return tla_wrong(p, token(p)->begin,
				 "LAMBDA stands only where an operator is expected: as an "
				 "argument, or behind '<-'");
	default:
		return tla_expected(p, "an expression");
	}
}

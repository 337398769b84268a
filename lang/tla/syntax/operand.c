/* SPDX-License-Identifier: MIT */
/*
 * What stands between operators: literals, junction lists, fairness; names are in name.c, what has
 * brackets in bracket.c.
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
	memcpy(text + whole_bytes + 1, after, strlen(after) + 1);
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

/* Lists. */

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

/* Subscripts and fairness. */

struct tla_expr *tla_subscript(struct parser *p)
{
	struct tla_expr *expr = NULL;

	if (!tla_enter(p))
		return NULL;
	switch (peek(p)) {
	case T_NAME:
		expr = tla_is_next(p) ? tla_expected(p, "a subscript") : tla_named(p);
		break;
	case T_LPAREN:
		expr = tla_parentheses(p);
		break;
	case T_LBRACE:
		expr = tla_braces(p);
		break;
	case T_LSQUARE:
		expr = tla_squares(p);
		break;
	case T_LANGLE:
		expr = tla_angles(p);
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
		return tla_is_next(p) ? tla_expected(p, "an expression") : tla_named(p);
	case T_NUMBER:
		return number(p);
	case T_STRING:
		return string(p);
	case T_AT:
		return at_sign(p);
	case T_STEP:
		return tla_step_name(p);
	case T_OP:
		return token(p)->is_bullet ? junction(p) : tla_operator_name(p);
	case T_LPAREN:
		return tla_parentheses(p);
	case T_LBRACE:
		return tla_braces(p);
	case T_LSQUARE:
		return tla_squares(p);
	case T_LANGLE:
		return tla_angles(p);
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

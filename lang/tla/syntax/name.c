/* SPDX-License-Identifier: MIT */
/*
 * Names with arguments and selectors, operators and LAMBDA where they are arguments.
 */
#include "parse.h"

#include <string.h>

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
struct tla_expr *tla_named(struct parser *p)
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
struct tla_expr *tla_operator_name(struct parser *p)
{
	enum token_kind next = (enum token_kind)token_after(p, 1)->kind;

	if (next != T_LPAREN && next != T_BANG)
		return tla_expected(p, "an expression");
	return tla_named(p);
}

struct tla_expr *tla_step_name(struct parser *p)
{
	const struct token *t = token(p);
	char last = p->file->text[t->end - 1 - p->file->base];

	if (p->proof_depth == 0)
		return tla_wrong(p, t->begin, "a step's number outside of a proof");
	if (last == '.' || last == '>' || last == '*' || last == '-')
		return tla_expected(p, "an expression");
	return tla_named(p);
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

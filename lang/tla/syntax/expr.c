/* SPDX-License-Identifier: MIT */
/*
 * Expressions: operators and what they bind.
 *
 * Operands and operators go onto a stack. Before an operator goes on, those below that bind tighter
 * are reduced; where neither binds tighter and the two are not the same left-associative
 * operator, the text needs parentheses, and is refused. The ranges (op.h) and the cases are SANY's,
 * with its way with `-`: written as one token for two operators, it is the prefix one when
 * nothing stands before it.
 *
 * Invariant: the slots above an expression's base alternate as the grammar wants: prefix operators,
 * an operand, postfix operators, an infix operator, and again; so a reduction finds its operands.
 */
#include "parse.h"

#include <assert.h>
#include <string.h>

/* Slots that are no operator of the language: f[...], and the end of the expression. */
enum { OP_CALL = TLA_OP_COUNT, OP_END };
enum { PRECEDENCE_CALL = 160 };

static uint8_t low(unsigned op)
{
	return op < TLA_OP_COUNT ? tla_ops[op].low : op == OP_CALL ? PRECEDENCE_CALL : 0;
}

static uint8_t high(unsigned op)
{
	return op < TLA_OP_COUNT ? tla_ops[op].high : op == OP_CALL ? PRECEDENCE_CALL : 0;
}

static bool is_left(unsigned op)
{
	return op < TLA_OP_COUNT && tla_ops[op].is_left;
}

static bool is_postfix(unsigned op)
{
	return op == OP_CALL || (op < TLA_OP_COUNT && tla_ops[op].fix == TLA_FIX_POSTFIX);
}

static bool is_prefix(unsigned op)
{
	return op < TLA_OP_COUNT && tla_ops[op].fix == TLA_FIX_PREFIX;
}

static bool is_infix(unsigned op)
{
	return op < TLA_OP_COUNT &&
	       (tla_ops[op].fix == TLA_FIX_INFIX || tla_ops[op].fix == TLA_FIX_NFIX);
}

static bool push(struct parser *p, const struct slot *slot)
{
	if (p->slot_count == p->slot_room) {
		struct slot *slots = nw_arena_alloc(p->scratch,
						    2 * (size_t)p->slot_room * sizeof(*slots), 8);

		if (!slots)
			return tla_no_memory(p);
		memcpy(slots, p->slots, p->slot_count * sizeof(*slots));
		p->slots = slots;
		p->slot_room *= 2;
	}
	p->slots[p->slot_count++] = *slot;
	return true;
}

static struct slot *top(struct parser *p, uint32_t n)
{
	return &p->slots[p->slot_count - 1 - n];
}

static struct tla_expr **two(struct parser *p, struct tla_expr *a, struct tla_expr *b)
{
	struct tla_expr **args = tla_piece(&p->spec->sources, 2 * sizeof(struct tla_expr *));

	if (args) {
		args[0] = a;
		args[1] = b;
	}
	return args;
}

/* A \X B, or one factor more for A \X B \X C. Room for factors doubles at powers of two. */
static struct tla_expr *cross(struct parser *p, struct tla_expr *a, struct tla_expr *b,
			      struct tla_span span)
{
	bool is_longer = a->kind == TLA_E_CROSS && !a->has_parens;
	uint32_t count = is_longer ? a->items.count : 1;
	struct tla_expr *expr = is_longer ? a : tla_node(p, TLA_E_CROSS, span.begin);
	struct tla_expr **at = expr ? expr->items.at : NULL;

	if (!expr)
		return NULL;
	if (!is_longer || (count & (count - 1)) == 0) {
		at = tla_piece(&p->spec->sources, 2 * (size_t)count * sizeof(struct tla_expr *));
		if (!at)
			return NULL;
		if (is_longer)
			memcpy(at, expr->items.at, count * sizeof(struct tla_expr *));
		else
			at[0] = a;
		expr->items.at = at;
	}
	at[count] = b;
	expr->items.count = count + 1;
	expr->span = span;
	if (!is_longer)
		return tla_close(p, expr);
	if (b->depth >= TLA_DEPTH_MAX)
		return tla_close(p, expr); /* which says so */
	if (b->depth >= expr->depth)
		expr->depth = (uint16_t)(b->depth + 1);
	return expr;
}

/* Replace the slots of an infix operator and its operands, below the skipped top ones. */
static bool reduce_infix(struct parser *p, uint32_t skip)
{
	struct slot *right = top(p, skip), *op = right - 1, *left = right - 2;
	struct tla_span span = { left->span.begin, right->span.end };
	struct tla_expr *expr, **args;

	if (op->op == TLA_OP_CROSS) {
		expr = cross(p, left->expr, right->expr, span);
	} else {
		args = two(p, left->expr, right->expr);
		expr = args ? tla_apply_op(p, (enum tla_op)op->op, span, args, 2) : NULL;
		if (expr)
			expr->apply.name_span = op->span;
	}
	if (!expr)
		return false;
	*left = (struct slot){ .expr = expr, .span = span };
	memmove(op, right + 1, skip * sizeof(*op));
	p->slot_count -= 2;
	return true;
}

static bool reduce_prefix(struct parser *p, uint32_t skip)
{
	struct slot *right = top(p, skip), *op = right - 1;
	unsigned what = op->op == TLA_OP_MINUS ? TLA_OP_NEG : op->op;
	struct tla_span span = { op->span.begin, right->span.end };
	struct tla_expr **args = two(p, right->expr, NULL);
	struct tla_expr *expr = args ? tla_apply_op(p, (enum tla_op)what, span, args, 1) : NULL;

	if (!expr)
		return false;
	expr->apply.name_span = op->span;
	*op = (struct slot){ .expr = expr, .span = span };
	memmove(right, right + 1, skip * sizeof(*op));
	p->slot_count--;
	return true;
}

static bool reduce_postfix(struct parser *p, uint32_t skip)
{
	struct slot *op = top(p, skip), *left = op - 1;
	struct tla_span span = { left->span.begin, op->span.end };
	struct tla_expr *expr, **args;

	if (op->op == OP_CALL) {
		expr = tla_node(p, TLA_E_FCN_APPLY, span.begin);
		if (expr) {
			expr->span = span;
			expr->call.fcn = left->expr;
			expr->call.args = op->args;
			expr->call.arg_count = op->arg_count;
			expr = tla_close(p, expr);
		}
	} else {
		args = two(p, left->expr, NULL);
		expr = args ? tla_apply_op(p, (enum tla_op)op->op, span, args, 1) : NULL;
		if (expr)
			expr->apply.name_span = op->span;
	}
	if (!expr)
		return false;
	*left = (struct slot){ .expr = expr, .span = span };
	memmove(op, op + 1, skip * sizeof(*op));
	p->slot_count--;
	return true;
}

/* Neither operator binds tighter; both as they were written. */
static bool conflict(struct parser *p, struct tla_span left, struct tla_span right)
{
	const char *text = p->file->text - p->file->base;
	int left_bytes = (int)(left.end - left.begin), right_bytes = (int)(right.end - right.begin);

	/* A function's brackets are an operator, too: the first one will do. */
	if (text[left.begin] == '[' && text[left.begin + 1] != ']')
		left_bytes = 1;
	if (text[right.begin] == '[' && text[right.begin + 1] != ']')
		right_bytes = 1;
	return tla_wrong(p, right.begin,
			 "neither of '%.*s' and '%.*s' binds tighter: write parentheses",
			 left_bytes, text + left.begin, right_bytes, text + right.begin);
}

/* The operator below the operand under the top: the prefix one if nothing stands before a `-`. */
static unsigned op_below(struct parser *p, uint32_t base)
{
	unsigned op = top(p, 2)->op;
	bool is_first = p->slot_count - 3 == base;

	if (op == TLA_OP_MINUS && (is_first || !top(p, 3)->expr))
		return TLA_OP_NEG;
	return op;
}

/* Whether anything below the operator on top was reduced; an error ends it as well. */
enum step { STEP_DONE, STEP_REDUCED, STEP_FAILED };

static enum step step_of(bool is_done)
{
	return is_done ? STEP_REDUCED : STEP_FAILED;
}

/* The top is an operator that stands after an operand, which stands after another operator. */
static enum step reduce_below(struct parser *p, uint32_t base)
{
	unsigned right = top(p, 0)->op;
	unsigned left = is_postfix(right) ? top(p, 2)->op : op_below(p, base);

	if (low(left) > high(right) || (left == right && is_left(left)))
		return step_of(is_prefix(left) ? reduce_prefix(p, 1) : reduce_infix(p, 1));
	if (high(left) >= low(right))
		return step_of(conflict(p, top(p, 2)->span, top(p, 0)->span));
	return STEP_DONE;
}

/* An operator is on top: reduce what binds tighter below it. */
static bool reduce(struct parser *p, uint32_t base)
{
	enum step step = STEP_REDUCED;

	while (step == STEP_REDUCED && p->slot_count - base >= 2) {
		const struct slot *below = top(p, 1);

		if (!below->expr && is_postfix(below->op))
			step = step_of(reduce_postfix(p, 1));
		else if (!below->expr || p->slot_count - base < 3)
			step = STEP_DONE;
		else
			step = reduce_below(p, base);
	}
	return step != STEP_FAILED;
}

/* A `-` after an operator is a prefix: 2 * -1 is refused, 2 + -1 is not. */
static bool check_minus(struct parser *p, uint32_t base, struct tla_span minus)
{
	const struct slot *below = top(p, 0);

	if (p->slot_count == base || below->expr || low(below->op) <= high(TLA_OP_NEG))
		return true;
	return conflict(p, below->span, minus);
}

/* Prefix operators, as many as there are. */
static bool take_prefixes(struct parser *p, uint32_t base)
{
	for (;;) {
		unsigned op = peek_op(p);
		const struct token *t = token(p);
		struct slot slot = { .op = (uint8_t)op, .span = { t->begin, t->end } };

		if (op == TLA_OP_NEG || (!is_prefix(op) && op != TLA_OP_MINUS))
			return true;
		if (op == TLA_OP_MINUS && !check_minus(p, base, slot.span))
			return false;
		if (!push(p, &slot))
			return false;
		(void)tla_take(p); /* it was looked at */
	}
}

/* The operand on top as an expression: a postfix operator that waits is applied first. */
static bool settle_postfix(struct parser *p)
{
	return top(p, 0)->expr || reduce_postfix(p, 0);
}

static bool take_field(struct parser *p)
{
	struct tla_expr *expr;
	struct slot *slot;

	(void)tla_take(p); /* the dot */
	if (!settle_postfix(p))
		return false;
	slot = top(p, 0);
	expr = tla_node(p, TLA_E_FIELD, slot->span.begin);
	if (!expr || !tla_expect_field(p, &expr->field.name, "the name of a field"))
		return false;
	expr->field.record = slot->expr;
	slot->expr = tla_close(p, expr);
	slot->span.end = tla_end(p);
	return slot->expr;
}

static bool take_call(struct parser *p, uint32_t base)
{
	struct slot slot = { .op = OP_CALL, .span = { token(p)->begin, 0 } };

	(void)tla_take(p); /* the bracket */
	if (!tla_expressions(p, T_RSQUARE, "',' or ']'", &slot.args, &slot.arg_count))
		return false;
	slot.span.end = tla_end(p);
	return push(p, &slot) && reduce(p, base);
}

static bool take_postfixes(struct parser *p, uint32_t base)
{
	for (;;) {
		const struct token *t = token(p);
		struct slot slot = { .op = (uint8_t)peek_op(p), .span = { t->begin, t->end } };
		bool is_ok;

		if (peek(p) == T_DOT) {
			is_ok = take_field(p);
		} else if (peek(p) == T_LSQUARE) {
			is_ok = take_call(p, base);
		} else if (slot.op && is_postfix(slot.op)) {
			(void)tla_take(p); /* it was looked at */
			is_ok = push(p, &slot) && reduce(p, base);
		} else {
			return true;
		}
		if (!is_ok)
			return false;
	}
}

/* Whether an operand could be a label: a name, or one with names as arguments. */
static bool is_label(const struct tla_expr *expr)
{
	if (expr->kind != TLA_E_APPLY || expr->has_parens || expr->apply.path ||
	    expr->apply.sym < TLA_OP_COUNT)
		return false;
	for (uint32_t i = 0; i < expr->apply.arg_count; i++) {
		const struct tla_expr *arg = expr->apply.args[i];

		if (arg->kind != TLA_E_APPLY || arg->has_parens || arg->apply.path ||
		    arg->apply.arg_count > 0)
			return false;
	}
	return true;
}

static bool label_params(struct parser *p, struct tla_expr *label, const struct tla_expr *head)
{
	uint32_t count = head->apply.arg_count;

	label->label.sym = head->apply.sym;
	label->label.param_count = count;
	if (count == 0)
		return true;
	label->label.params = tla_piece(&p->spec->sources, count * sizeof(struct tla_name));
	for (uint32_t i = 0; label->label.params && i < count; i++)
		label->label.params[i] = (struct tla_name){ head->apply.args[i]->apply.sym,
							    head->apply.args[i]->span };
	return label->label.params;
}

/* Whether the text without the label would mean something else: x + lab :: y = z. */
static bool changes_parse(struct parser *p, uint32_t base, const struct tla_expr *body)
{
	unsigned left, right;

	if (p->slot_count - base < 2 || body->kind != TLA_E_APPLY || body->has_parens ||
	    body->apply.sym >= TLA_OP_COUNT || body->apply.arg_count == 0 ||
	    is_prefix(body->apply.sym))
		return false;
	left = top(p, 1)->op;
	right = body->apply.sym;
	return high(left) >= low(right);
}

/* The operand on top, and `::`. */
static bool take_label(struct parser *p, uint32_t base)
{
	const struct token *mark = tla_take(p);
	struct tla_expr *head = top(p, 0)->expr, *label, *body;

	if (!head || !is_label(head))
		return tla_wrong(p, mark->begin, "'::' does not follow a label");
	label = tla_node(p, TLA_E_LABEL, head->span.begin);
	if (!label || !label_params(p, label, head))
		return false;
	body = tla_expression(p);
	if (!body)
		return false;
	if (changes_parse(p, base, body))
		return tla_wrong(p, head->span.begin,
				 "without the label, the expression would be read differently");
	label->label.body = body;
	label = tla_close(p, label);
	if (!label)
		return false;
	*top(p, 0) = (struct slot){ .expr = label, .span = label->span };
	return true;
}

/* What stands before an infix operator or the end. Sets *ret_is_last if nothing can follow. */
static bool take_operand(struct parser *p, uint32_t base, bool *ret_is_last)
{
	uint32_t begin = token(p)->begin;
	bool is_open = tla_is_open(peek(p));
	struct slot slot = { .expr = is_open ? tla_open(p) : tla_operand(p) };

	if (!slot.expr)
		return false;
	slot.span = (struct tla_span){ begin, tla_end(p) };
	if (!push(p, &slot))
		return false;
	*ret_is_last = is_open;
	if (is_open)
		return true;
	if (!take_postfixes(p, base))
		return false;
	if (peek(p) != T_COLON_COLON)
		return true;
	*ret_is_last = true;
	return take_label(p, base);
}

/* An infix operator, if there is one. */
static bool take_infix(struct parser *p, uint32_t base, bool *ret_is_there)
{
	unsigned op = peek_op(p);
	const struct token *t = token(p);
	struct slot slot = { .op = (uint8_t)op, .span = { t->begin, t->end } };

	*ret_is_there = op && is_infix(op);
	if (!*ret_is_there)
		return true;
	(void)tla_take(p); /* it was looked at */
	return push(p, &slot) && reduce(p, base);
}

static bool take_all(struct parser *p, uint32_t base)
{
	struct slot end = { .op = OP_END };
	bool is_there, is_last;

	do {
		if (!take_prefixes(p, base) || !take_operand(p, base, &is_last))
			return false;
		is_there = false;
		if (!is_last && !take_infix(p, base, &is_there))
			return false;
	} while (is_there);
	return push(p, &end) && reduce(p, base);
}

struct tla_expr *tla_expression(struct parser *p)
{
	uint32_t base = p->slot_count;
	struct tla_expr *expr = NULL;

	if (!tla_enter(p))
		return NULL;
	if (take_all(p, base)) {
		assert(p->slot_count == base + 2);
		expr = p->slots[base].expr;
	}
	p->slot_count = base;
	tla_leave(p);
	return expr;
}

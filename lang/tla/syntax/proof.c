/* SPDX-License-Identifier: MIT */
/*
 * Theorems and their proofs.
 *
 * A checker of states has no use for a proof, but its text is refused if it is no proof: it is
 * parsed, and what was parsed is dropped. What decides where a proof ends are the levels of its
 * steps: a step of a level above the current one's opens a proof, <*> stays at the current level,
 * <+> is one deeper.
 *
 * Invariant: proof_levels[1..proof_depth] ascend, once known.
 */
#include "parse.h"

enum { LEVEL_SAME = -1, LEVEL_DEEPER = -2, LEVEL_MAX = 1000000 };

static bool proof(struct parser *p);

/* ASSUME ... PROVE ... */

static struct tla_expr *assume_prove(struct parser *p);

static bool is_new(const struct parser *p)
{
	switch (peek(p)) {
	case T_NEW:
	case T_CONSTANT:
	case T_VARIABLE:
	case T_STATE:
	case T_ACTION:
	case T_TEMPORAL:
		return true;
	default:
		return false;
	}
}

static enum tla_level_name level_name(struct parser *p)
{
	if (tla_accept(p, T_VARIABLE))
		return TLA_NEW_VARIABLE;
	if (tla_accept(p, T_STATE))
		return TLA_NEW_STATE;
	if (tla_accept(p, T_ACTION))
		return TLA_NEW_ACTION;
	if (tla_accept(p, T_TEMPORAL))
		return TLA_NEW_TEMPORAL;
	(void)tla_accept(p, T_CONSTANT); /* may be left out */
	return TLA_NEW_CONSTANT;
}

static struct tla_expr *new_name(struct parser *p)
{
	struct tla_expr *expr = tla_node(p, TLA_E_NEW, token(p)->begin);

	if (!expr)
		return NULL;
	(void)tla_accept(p, T_NEW); /* may be left out before a level */
	expr->new.level = (uint8_t)level_name(p);
	if (!tla_param(p, &expr->new.param))
		return NULL;
	if (peek_op(p) == TLA_OP_IN && expr->new.param.arity == 0 &&
	    expr->new.level == TLA_NEW_CONSTANT) {
		(void)tla_take(p); /* \in */
		expr->new.set = tla_expression(p);
		if (!expr->new.set)
			return NULL;
	}
	return tla_close(p, expr);
}

static bool starts_assume(const struct parser *p, uint32_t n)
{
	enum token_kind kind = (enum token_kind)token_after(p, n)->kind;

	return kind == T_ASSUME || kind == T_BOX_ASSUME;
}

/* `name :: ASSUME ...` */
static struct tla_expr *labelled_assume(struct parser *p)
{
	const struct token *t = tla_take(p);
	struct tla_expr *expr = tla_node(p, TLA_E_LABEL, t->begin);

	if (!expr)
		return NULL;
	(void)tla_take(p); /* :: */
	expr->label.sym = t->sym;
	expr->label.body = assume_prove(p);
	return expr->label.body ? tla_close(p, expr) : NULL;
}

static struct tla_expr *assumed(struct parser *p)
{
	if (starts_assume(p, 0))
		return assume_prove(p);
	if (peek(p) == T_NAME && token_after(p, 1)->kind == T_COLON_COLON && starts_assume(p, 2))
		return labelled_assume(p);
	return is_new(p) ? new_name(p) : tla_expression(p);
}

static struct tla_expr *assume_items(struct parser *p, struct tla_expr *expr)
{
	size_t mark = list_mark(p);

	do {
		struct tla_expr *item = assumed(p);

		if (!item || !tla_list_push(p, &item, sizeof(struct tla_expr *)))
			return NULL;
	} while (tla_accept(p, T_COMMA));
	if (!tla_accept(p, T_BOX_PROVE) && !tla_expect(p, T_PROVE, "',' or 'PROVE'"))
		return NULL;
	if (!tla_list_take(p, mark, sizeof(struct tla_expr *), &expr->assume.items,
			   &expr->assume.item_count))
		return NULL;
	expr->assume.goal = tla_expression(p);
	return expr->assume.goal ? tla_close(p, expr) : NULL;
}

static struct tla_expr *assume_prove(struct parser *p)
{
	struct tla_expr *expr = tla_node(p, TLA_E_ASSUME, token(p)->begin);

	if (!expr || !tla_enter(p))
		return NULL;
	expr->assume.is_boxed = tla_take(p)->kind == T_BOX_ASSUME;
	expr = assume_items(p, expr);
	tla_leave(p);
	return expr;
}

static struct tla_expr *statement(struct parser *p)
{
	return starts_assume(p, 0) ? assume_prove(p) : tla_expression(p);
}

/* USE, HIDE, BY: facts, then DEF and definitions. */

static bool fact(struct parser *p)
{
	struct tla_name name;

	if (tla_accept(p, T_MODULE))
		return tla_expect_field(p, &name, "the name of a module");
	if (peek(p) == T_OP && token_after(p, 1)->kind != T_LPAREN &&
	    token_after(p, 1)->kind != T_BANG && tla_ops[token(p)->sym].fix != TLA_FIX_PREFIX &&
	    !token(p)->is_bullet && token(p)->sym != TLA_OP_MINUS) {
		(void)tla_take(p); /* an operator by itself */
		return true;
	}
	return tla_argument(p);
}

static bool facts(struct parser *p)
{
	do {
		if (!fact(p))
			return false;
	} while (tla_accept(p, T_COMMA));
	return true;
}

/* Whether a unit, or a step of a proof, follows instead of a fact. */
static bool ends_facts(const struct parser *p)
{
	const struct token *t = token(p);

	if (t->kind == T_STEP) {
		char last = p->file->text[t->end - 1 - p->file->base];

		return last == '.' || last == '>' || token_after(p, 1)->kind == T_QED;
	}
	return t->kind == T_EOF || t->kind == T_DEFS || tla_starts_unit(p, 0);
}

bool tla_use(struct parser *p)
{
	(void)tla_take(p);           /* USE, HIDE or BY */
	(void)tla_accept(p, T_ONLY); /* may be there */
	if (!ends_facts(p) && !facts(p))
		return false;
	return !tla_accept(p, T_DEFS) || facts(p);
}

/* Steps. */

static int level_of(const struct parser *p, const struct token *t)
{
	const char *text = p->file->text + (t->begin + 1 - p->file->base);
	int level = 0;

	if (*text == '*')
		return LEVEL_SAME;
	if (*text == '+')
		return LEVEL_DEEPER;
	for (; *text != '>' && level < LEVEL_MAX; text++)
		level = 10 * level + (*text - '0');
	return level;
}

static bool begins_proof(const struct parser *p)
{
	int level, current = p->proof_levels[p->proof_depth];

	switch (peek(p)) {
	case T_BY:
	case T_PROOF:
	case T_OBVIOUS:
	case T_OMITTED:
		return true;
	case T_STEP:
		level = level_of(p, token(p));
		if (level == LEVEL_DEEPER || p->proof_depth == 0)
			return true;
		return level >= 0 && current >= 0 && level > current;
	default:
		return false;
	}
}

/* A step's number fits the proof that it stands in; the first one says the level. */
static bool check_level(struct parser *p)
{
	const struct token *t = token(p);
	int *current = &p->proof_levels[p->proof_depth];
	int outer = p->proof_depth > 1 ? p->proof_levels[p->proof_depth - 1] : -1;
	int level = level_of(p, t);
	bool is_first = *current < 0;

	if (is_first)
		*current = level >= 0 ? level : outer + 1;
	if (level == LEVEL_SAME || (level == LEVEL_DEEPER && is_first))
		return true;
	if (level >= 0 && (is_first ? level > outer : level == *current))
		return true;
	return tla_wrong(p, t->begin, "a step of this level does not belong here");
}

static bool optional_proof(struct parser *p)
{
	return !begins_proof(p) || proof(p);
}

/* TAKE x, y or TAKE x \in S; PICK the same with `: e`. */
static bool taken(struct parser *p)
{
	struct tla_bound *bounds;
	struct tla_name name;
	uint32_t count;

	if (tla_is_bound(p))
		return tla_bounds(p, &bounds, &count);
	do {
		if (!tla_expect_name(p, &name))
			return false;
	} while (tla_accept(p, T_COMMA));
	return true;
}

static bool expressions(struct parser *p)
{
	do {
		if (!tla_expression(p))
			return false;
	} while (tla_accept(p, T_COMMA));
	return true;
}

static bool definitions(struct parser *p)
{
	do {
		if (peek(p) != T_LOCAL && !tla_starts_definition(p, 0))
			return tla_expected(p, "a definition");
		if (!(peek(p) == T_LOCAL ? tla_local(p) : tla_definition(p)))
			return false;
	} while (peek(p) == T_LOCAL || tla_starts_definition(p, 0));
	return true;
}

static bool step_instance(struct parser *p)
{
	struct tla_unit *unit = tla_new_unit(p, TLA_U_INSTANCE);

	return unit && tla_instance(p, unit);
}

/* A step without its number. */
static bool step_body(struct parser *p)
{
	switch (peek(p)) {
	case T_USE:
	case T_HIDE:
		return tla_use(p);
	case T_INSTANCE:
		return step_instance(p);
	case T_DEFINE:
		(void)tla_take(p); /* DEFINE */
		return definitions(p);
	case T_HAVE:
		(void)tla_take(p); /* HAVE */
		return tla_expression(p);
	case T_TAKE:
		(void)tla_take(p); /* TAKE */
		return taken(p);
	case T_WITNESS:
		(void)tla_take(p); /* WITNESS */
		return expressions(p);
	case T_PICK:
		(void)tla_take(p); /* PICK */
		return taken(p) && tla_expect(p, T_COLON, "',' or ':'") && tla_expression(p) &&
		       optional_proof(p);
	default:
		if (tla_starts_definition(p, 0))
			return definitions(p);
		break;
	}
	if (!tla_accept(p, T_SUFFICES) && peek(p) == T_CASE) {
		(void)tla_take(p); /* a CASE of the proof */
		return tla_expression(p) && optional_proof(p);
	}
	return statement(p) && optional_proof(p);
}

static bool steps(struct parser *p)
{
	for (;;) {
		if (peek(p) != T_STEP)
			return tla_expected(p, "a step of the proof");
		if (!check_level(p))
			return false;
		(void)tla_take(p); /* its number */
		if (tla_accept(p, T_QED))
			return optional_proof(p);
		if (!step_body(p))
			return false;
	}
}

static bool proof_body(struct parser *p)
{
	bool has_word = tla_accept(p, T_PROOF);

	if (tla_accept(p, T_OBVIOUS) || tla_accept(p, T_OMITTED))
		return true;
	if (peek(p) == T_BY)
		return tla_use(p);
	if (has_word && peek(p) != T_STEP)
		return tla_expected(p, "BY, OBVIOUS, OMITTED or a step of the proof");
	return steps(p);
}

static bool proof(struct parser *p)
{
	bool is_ok;

	if (p->proof_depth == PROOF_DEPTH_MAX)
		return tla_wrong(p, token(p)->begin, "more than %d proofs inside each other",
				 PROOF_DEPTH_MAX);
	p->proof_levels[++p->proof_depth] = -1;
	is_ok = proof_body(p);
	p->proof_depth--;
	return is_ok;
}

struct tla_unit *tla_theorem(struct parser *p)
{
	struct tla_unit *unit = tla_new_unit(p, TLA_U_THEOREM);

	if (!unit)
		return NULL;
	(void)tla_take(p); /* THEOREM */
	if (peek(p) == T_NAME && token_after(p, 1)->kind == T_DEF) {
		if (!tla_expect_name(p, &unit->name))
			return NULL;
		(void)tla_take(p); /* == */
	}
	unit->fact = statement(p);
	if (!unit->fact)
		return NULL;
	unit->span.end = tla_end(p);
	return optional_proof(p) ? unit : NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * What the files of the parser share.
 *
 * parse.c    tokens, lists, nodes, errors
 * expr.c     operators and their operands
 * operand.c  literals, lists: what stands between operators
 * name.c     names, operators as arguments
 * bracket.c  what has brackets
 * open.c     IF, CASE, LET, quantifiers: what reaches as far right as it can; bounds
 * unit.c     modules, declarations, definitions
 * proof.c    theorems and their proofs
 *
 * A function that parses returns its node, or NULL (false) once there is an error, which it has
 * then reported; the caller gives up as well, and the unit with it. The next unit is looked for, so
 * a run reports at most one error a unit.
 *
 * Invariant: inside an item of a junction list, a token at or left of the list's column is seen as
 * T_EDGE, whatever it is. That ends every construct there, and is an error for those that are not
 * complete; the list looks at the token itself.
 */
#ifndef TLA_SYNTAX_PARSE_H
#define TLA_SYNTAX_PARSE_H

#include "lex.h"

/* NESTING_MAX: constructs open at one place; each takes a few frames of the stack. */
enum { PROOF_DEPTH_MAX = 100, NESTING_MAX = 1000 };

/* An operand, or an operator that waits for one. */
struct slot {
	struct tla_expr *expr;  /* NULL: an operator */
	struct tla_expr **args; /* of a function application that waits */
	uint32_t arg_count;
	uint8_t op;           /* enum tla_op, or OP_CALL or OP_END */
	struct tla_span span; /* parentheses included */
};

struct parser {
	struct tla_spec *spec;
	const struct tla_file *file;
	struct nw_arena *scratch;
	struct tokens tokens;
	uint32_t at;          /* the token that is looked at */
	uint32_t list_column; /* of the junction list around; 0: none */
	uint32_t unit_column; /* of the unit's first token */
	uint32_t depth;
	struct slot *slots;
	uint32_t slot_count, slot_room;
	char *bytes; /* lists that are not complete, one above the other */
	size_t n_bytes, byte_room;
	struct tla_module *module; /* the one around */
	struct tla_ref *refs;      /* modules that are named */
	uint32_t ref_count, ref_room;
	int proof_depth;                       /* 0: outside of proofs */
	int proof_levels[PROOF_DEPTH_MAX + 1]; /* -1: not known yet */
};

int tla_parser_init(struct parser *p, struct tla_spec *spec, const struct tla_file *file);
void tla_parser_fini(struct parser *p);

/* Tokens. */

static inline const struct token *token(const struct parser *p)
{
	return &p->tokens.at[p->at];
}

static inline const struct token *token_after(const struct parser *p, uint32_t n)
{
	uint32_t i = p->at + n;

	return &p->tokens.at[i < p->tokens.count ? i : p->tokens.count - 1];
}

static inline enum token_kind peek(const struct parser *p)
{
	const struct token *t = token(p);

	return t->column <= p->list_column ? T_EDGE : (enum token_kind)t->kind;
}

/* The operator at the place; TLA_OP_NONE: none. */
static inline enum tla_op peek_op(const struct parser *p)
{
	return peek(p) == T_OP ? (enum tla_op)token(p)->sym : TLA_OP_NONE;
}

/* Not past the end. */
const struct token *tla_take(struct parser *p);
bool tla_accept(struct parser *p, enum token_kind kind);
/* Or an error that says "expected <what>". */
bool tla_expect(struct parser *p, enum token_kind kind, const char *what);
/* A name that is declared. */
bool tla_expect_name(struct parser *p, struct tla_name *ret_name);
/* A name of a field or module, for which reserved words will do. */
bool tla_expect_field(struct parser *p, struct tla_name *ret_name, const char *what);
bool tla_is_word(const struct token *t);

/* Where the last token that was taken ended. */
uint32_t tla_end(const struct parser *p);

/* Errors. All return NULL. */
void *tla_expected(struct parser *p, const char *what);
void *tla_wrong(struct parser *p, uint32_t pos, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void *tla_no_memory(struct parser *p);

/* One construct more is open. false: too many, which is reported. */
bool tla_enter(struct parser *p);
void tla_leave(struct parser *p);

/* Lists: remember the mark, push items of one size, take them. */

static inline size_t list_mark(const struct parser *p)
{
	return p->n_bytes;
}

bool tla_list_push(struct parser *p, const void *item, size_t item_bytes);
/* The items since the mark, moved to the tree's arena; false: no memory. */
bool tla_list_take(struct parser *p, size_t mark, size_t item_bytes, void *ret_items,
		   uint32_t *ret_count);

/* Nodes. */

struct tla_expr *tla_node(struct parser *p, enum tla_expr_kind kind, uint32_t begin);
/* The node is complete: its span ends here, its depth is known. NULL: too deep. */
struct tla_expr *tla_close(struct parser *p, struct tla_expr *expr);
/* An operator and its operands. */
struct tla_expr *tla_apply_op(struct parser *p, enum tla_op op, struct tla_span span,
			      struct tla_expr **args, uint32_t arg_count);

/* Grammar. */

struct tla_expr *tla_expression(struct parser *p);
/* An expression; or an operator or LAMBDA that stands for one. */
struct tla_expr *tla_argument(struct parser *p);
/* What stands between operators. */
struct tla_expr *tla_operand(struct parser *p);
/* Of these: a name with its arguments and selectors; an operator sign; the name of a step. */
struct tla_expr *tla_named(struct parser *p);
struct tla_expr *tla_operator_name(struct parser *p);
struct tla_expr *tla_step_name(struct parser *p);
/* And what has brackets. */
struct tla_expr *tla_parentheses(struct parser *p);
struct tla_expr *tla_angles(struct parser *p);
struct tla_expr *tla_squares(struct parser *p);
struct tla_expr *tla_braces(struct parser *p);
/* What may follow `]_` or `>>_`: a name, or something in brackets. */
struct tla_expr *tla_subscript(struct parser *p);
/* Constructs that reach as far right as they can. */
bool tla_is_open(enum token_kind kind);
struct tla_expr *tla_open(struct parser *p);
/* `e, e, ...` up to the closing token, which is taken. */
bool tla_expressions(struct parser *p, enum token_kind closing, const char *what,
		     struct tla_expr ***ret_items, uint32_t *ret_count);
/* `x, y \in S` or `<<x, y>> \in S`. */
bool tla_bound(struct parser *p, struct tla_bound *ret_bound);
bool tla_bounds(struct parser *p, struct tla_bound **ret_bounds, uint32_t *ret_count);
/* Whether bounds begin here: names and commas, or a tuple, then \in. */
bool tla_is_bound(const struct parser *p);
/* `(F(_), _ + _, x)`, if there is a parenthesis. */
bool tla_params(struct parser *p, struct tla_param **ret_params, uint32_t *ret_count);
/* `F(_, _)`, `_ + _`, `x`. */
bool tla_param(struct parser *p, struct tla_param *ret_param);

/* Whether a name is not meant for what is parsed, but begins the next definition. */
bool tla_is_next(const struct parser *p);
/* Whether a unit begins at the n-th token from here. */
bool tla_starts_unit(const struct parser *p, uint32_t n);
bool tla_starts_definition(const struct parser *p, uint32_t n);
struct tla_unit *tla_new_unit(struct parser *p, enum tla_unit_kind kind);
/* A definition, or an instance with a name. */
struct tla_unit *tla_definition(struct parser *p);
struct tla_unit *tla_recursive(struct parser *p);
/* LOCAL and what follows. */
struct tla_unit *tla_local(struct parser *p);
/* INSTANCE M WITH ...; the unit has its name and parameters already. */
bool tla_instance(struct parser *p, struct tla_unit *unit);
struct tla_module *tla_module(struct parser *p, struct tla_module *outer);

/* A module is named by EXTENDS or INSTANCE. */
bool tla_refer(struct parser *p, struct tla_name name, bool is_extends);

struct tla_unit *tla_theorem(struct parser *p);
/* USE or HIDE, up to its end. */
bool tla_use(struct parser *p);

#endif /* TLA_SYNTAX_PARSE_H */

/* SPDX-License-Identifier: MIT */
/*
 * The tree of a module: what the text says, before any name means anything.
 *
 * Names are symbols (symbol.h), places are spans (source.h), everything lies in the arena of the
 * sources and is not changed by later stages: what they find out belongs in tables of their own,
 * indexed by the id that every expression and unit has (1..tla_spec.expr_count, unit_count).
 *
 * Invariants. A tree is at most TLA_DEPTH_MAX deep, so recursion over it is safe. A name that is an
 * operator is its canonical symbol (op.h). No expression is NULL unless the comment says so. Infix,
 * prefix and postfix operators are applications like any other: `a + b` is TLA_E_APPLY of
 * TLA_OP_PLUS, `x'` of TLA_OP_PRIME, `-x` of TLA_OP_NEG. Parentheses leave only has_parens.
 */
#ifndef TLA_AST_H
#define TLA_AST_H

#include "op.h"
#include "source.h"
#include "symbol.h"

#include <stdbool.h>
#include <stdint.h>

/* Most levels of a tree. */
enum { TLA_DEPTH_MAX = 2000 };

struct tla_expr;
struct tla_unit;

/* Where a name stands, and which. */
struct tla_name {
	tla_sym sym;
	struct tla_span span;
};

/* A declared constant or recursive operator, or a parameter: `F(_, _)` has arity 2, `_ + _` is
 * TLA_OP_PLUS with arity 2, `-. _` TLA_OP_NEG with arity 1. */
struct tla_param {
	tla_sym sym;
	uint32_t arity;
	struct tla_span span;
};

/* `x, y \in S`; `<<x, y>> \in S` is a tuple; without a set (\A x : ..., CHOOSE x : ...) one name
 * each. */
struct tla_bound {
	struct tla_name *names;
	uint32_t name_count;
	bool is_tuple;
	struct tla_expr *set; /* NULL: unbounded */
	struct tla_span span;
};

/* One part of A!B(x)!c: what stands before or after a `!`. */
enum tla_selector_kind {
	TLA_S_NAME,   /* name, and args if there are any: B(x), +, Lbl */
	TLA_S_CHILD,  /* !3: child */
	TLA_S_FIRST,  /* !<< */
	TLA_S_SECOND, /* !>> */
	TLA_S_COLON,  /* !: */
	TLA_S_AT,     /* !@ */
	TLA_S_ARGS,   /* !(x, y): args */
};

struct tla_selector {
	enum tla_selector_kind kind;
	tla_sym sym;
	uint32_t child;
	uint32_t arg_count;
	struct tla_expr **args;
	struct tla_span span; /* arguments included */
};

struct tla_path {
	struct tla_selector *parts;
	uint32_t count;
};

/* The member of the union is named after each. */
enum tla_expr_kind {
	TLA_E_NUMBER,  /* number   12, \b101, \o17, \hFF */
	TLA_E_DECIMAL, /* number   1.50: text only */
	TLA_E_STRING,  /* sym      "abc", escapes replaced */
	TLA_E_AT,      /* -        @ */
	/*
	 * apply: operator name, with its arguments. Also a bare name (no argument): constant,
	 * variable, bound name, operator passed as an argument (`F(+, G, LAMBDA x : x)`), TRUE, a
	 * step of a proof
	 * (<1>2). With a path: I(x)!J!op(a) has the parts I(x), J and the name op.
	 */
	TLA_E_APPLY,
	TLA_E_SUBEXPR,   /* path     Def!1!<<, Def!(x)!@, ...: the last part is no name */
	TLA_E_LAMBDA,    /* lambda   LAMBDA x, y : body */
	TLA_E_FCN_APPLY, /* call     f[a, b] */
	TLA_E_FIELD,     /* field    r.name */
	TLA_E_TUPLE,     /* items    <<a, b>> */
	TLA_E_SET,       /* items    {a, b} */
	TLA_E_CROSS,     /* items    A \X B \X C: at least two */
	TLA_E_AND,       /* items    junction list of /\, at least one; infix /\ is TLA_E_APPLY */
	TLA_E_OR,        /* items    junction list of \/ */
	TLA_E_IF,        /* branch   IF test THEN yes ELSE no */
	TLA_E_CASE,      /* arms     CASE a -> b [] c -> d [] OTHER -> e */
	TLA_E_LET,       /* let      LET defs IN body */
	TLA_E_FORALL,    /* binder   \A bounds : body */
	TLA_E_EXISTS,    /* binder   \E bounds : body */
	TLA_E_AA,        /* binder   \AA x, y : body (temporal; no sets) */
	TLA_E_EE,        /* binder   \EE x, y : body */
	TLA_E_CHOOSE,    /* binder   CHOOSE x \in S : body: one bound of one name or tuple */
	TLA_E_FILTER,    /* binder   {x \in S : body}: one bound of one name or tuple */
	TLA_E_MAP,       /* binder   {body : x \in S, y \in T} */
	TLA_E_FCN,       /* binder   [x \in S, y \in T |-> body] */
	TLA_E_FCN_SET,   /* pair     [S -> T]: a, b */
	TLA_E_RECORD,    /* fields   [x |-> a, y |-> b] */
	TLA_E_RECORDS,   /* fields   [x : S, y : T] */
	TLA_E_EXCEPT,    /* except   [f EXCEPT ![a].b = v] */
	TLA_E_BOX,       /* pair     [a]_b */
	TLA_E_ANGLE,     /* pair     <<a>>_b */
	TLA_E_WF,        /* pair     WF_b(a) */
	TLA_E_SF,        /* pair     SF_b(a) */
	TLA_E_LABEL,     /* label    name(params) :: body */
	TLA_E_ASSUME,    /* assume   ASSUME items PROVE goal: in theorems only */
	TLA_E_NEW,       /* new      NEW CONSTANT x \in S: in TLA_E_ASSUME only */
	TLA_E_COUNT
};

/* Digits without their prefix, ended by NUL; value if it fits. */
struct tla_number {
	const char *text;
	int64_t value;
	uint8_t base;  /* 2, 8, 10 or 16 */
	bool is_large; /* value says nothing */
};

struct tla_apply {
	struct tla_path *path; /* NULL: none */
	struct tla_expr **args;
	tla_sym sym;
	uint32_t arg_count;
	struct tla_span name_span;
};

struct tla_lambda {
	struct tla_name *params;
	uint32_t param_count;
	struct tla_expr *body;
};

struct tla_call {
	struct tla_expr *fcn;
	struct tla_expr **args; /* at least one */
	uint32_t arg_count;
};

struct tla_items {
	struct tla_expr **at;
	uint32_t count;
};

/* Guard NULL: OTHER, which is the last. */
struct tla_arm {
	struct tla_expr *guard, *value;
};

struct tla_field {
	struct tla_name name;
	struct tla_expr *value;
};

/* One `!path = value`. A step is .name (index_count 0) or [indexes]. */
struct tla_step {
	struct tla_name name;
	struct tla_expr **indexes;
	uint32_t index_count;
	struct tla_span span;
};

struct tla_update {
	struct tla_step *steps; /* at least one */
	uint32_t step_count;
	struct tla_expr *value;
	struct tla_span span;
};

enum tla_level_name {
	TLA_NEW_CONSTANT,
	TLA_NEW_VARIABLE,
	TLA_NEW_STATE,
	TLA_NEW_ACTION,
	TLA_NEW_TEMPORAL
};

struct tla_expr {
	uint8_t kind; /* enum tla_expr_kind */
	bool has_parens;
	uint16_t depth; /* 1: a leaf */
	uint32_t id;    /* from 1, over the whole specification */
	struct tla_span span;
	union {
		struct tla_number number;
		tla_sym sym;
		struct tla_apply apply;
		struct tla_path path;
		struct tla_lambda lambda;
		struct tla_call call;
		struct {
			struct tla_expr *record;
			struct tla_name name;
		} field;
		struct tla_items items;
		struct {
			struct tla_expr *test, *yes, *no;
		} branch;
		struct {
			struct tla_arm *at;
			uint32_t count;
		} arms;
		struct {
			struct tla_unit **units; /* OPERATOR, FUNCTION, INSTANCE, RECURSIVE */
			uint32_t unit_count;
			struct tla_expr *body;
		} let;
		struct {
			struct tla_bound *bounds; /* at least one */
			uint32_t bound_count;
			struct tla_expr *body;
		} binder;
		struct {
			struct tla_expr *a, *b;
		} pair;
		struct {
			struct tla_field *at; /* at least one */
			uint32_t count;
		} fields;
		struct {
			struct tla_expr *fcn;
			struct tla_update *updates; /* at least one */
			uint32_t update_count;
		} except;
		struct {
			tla_sym sym;
			uint32_t param_count;
			struct tla_name *params;
			struct tla_expr *body;
		} label;
		struct {
			struct tla_expr **items; /* at least one */
			uint32_t item_count;
			bool is_boxed; /* []ASSUME ... []PROVE */
			struct tla_expr *goal;
		} assume;
		struct {
			struct tla_param param;
			uint8_t level;        /* enum tla_level_name */
			struct tla_expr *set; /* NULL: none */
		} new;
	};
};

enum tla_unit_kind {
	TLA_U_CONSTANTS, /* decls */
	TLA_U_VARIABLES, /* decls (arity 0) */
	TLA_U_RECURSIVE, /* decls */
	TLA_U_OPERATOR,  /* op: name, params, body; `a \prec b == e` is TLA_OP_PREC with two */
	TLA_U_FUNCTION,  /* fcn: f[x \in S] == body */
	TLA_U_INSTANCE, /* instance: INSTANCE M WITH x <- e; name(params) == INSTANCE M; name may be
			   none */
	TLA_U_ASSUME,   /* fact: ASSUME name == e, or AXIOM; name may be none */
	TLA_U_THEOREM,  /* fact: its proof is checked for its syntax and dropped */
	TLA_U_MODULE,   /* module: nested */
};

/* `x <- e`; the value may be an operator or a LAMBDA. */
struct tla_subst {
	struct tla_name name;
	struct tla_expr *value;
};

struct tla_unit {
	uint8_t kind; /* enum tla_unit_kind */
	bool is_local;
	bool is_axiom;        /* of ASSUME: it is taken, not checked */
	uint32_t id;          /* from 1, over the whole specification */
	struct tla_name name; /* sym TLA_NO_SYM: none */
	struct tla_span span;
	union {
		struct {
			struct tla_param *at;
			uint32_t count;
		} decls;
		struct {
			struct tla_param *params;
			uint32_t param_count;
			struct tla_expr *body;
		} op;
		struct {
			struct tla_bound *bounds;
			uint32_t bound_count;
			struct tla_expr *body;
		} fcn;
		struct {
			struct tla_param *params;
			uint32_t param_count;
			uint32_t subst_count;
			struct tla_subst *substs;
			struct tla_name module;
		} instance;
		struct tla_expr *fact;
		struct tla_module *module;
	};
};

/* EXTENDS or INSTANCE, in a module or in one nested in it, in LETs and proofs too. */
struct tla_ref {
	struct tla_name name;
	struct tla_module *from;
	bool is_extends;
};

struct tla_module {
	struct tla_name name;
	struct tla_span span;
	const struct tla_file *file;
	struct tla_module *outer; /* NULL: not nested */
	struct tla_name *extends;
	uint32_t extend_count;
	uint32_t unit_count;
	struct tla_unit **units;
	/* Of a module that is not nested: in the order of the text. */
	struct tla_ref *refs;
	uint32_t ref_count;
	bool is_whole;                 /* what it names is loaded, too */
	struct tla_module *next_whole; /* that became so after it */
};

/*
 * Visit the expressions right below one, in the order of the text, those in the definitions of a
 * LET included. Stops when visit returns false, and returns what the last visit did.
 */
bool tla_each_child(const struct tla_expr *expr, bool (*visit)(struct tla_expr *child, void *arg),
		    void *arg);
/* The same for a unit: bodies, sets of bounds, values of substitutions; not for a nested module. */
bool tla_each_unit_child(const struct tla_unit *unit,
			 bool (*visit)(struct tla_expr *child, void *arg), void *arg);

#endif /* TLA_AST_H */

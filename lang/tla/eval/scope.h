/* SPDX-License-Identifier: MIT */
/*
 * What names mean: modules as they are seen from one place, what they define, and local names.
 *
 * A context is a module under one substitution for its constants and variables. EXTENDS puts a
 * module's names into the context of the one that extends; INSTANCE makes a context of its own, so
 * that an operator of an instance is another entity each time it is instantiated.
 */
#ifndef TLA_SCOPE_H
#define TLA_SCOPE_H

#include "../load.h"
#include "code.h"

struct tla_compiler;
struct tla_context;
struct tla_scope;
struct tla_builder;

/* Where a definition of an instance was entered: its substitutions are counted there. */
struct tla_entry {
	const struct tla_entry *up; /* of the place outside */
	const struct tla_group *group;
	struct tla_spot *spot;
};

/* Where an expression stands: enough to compile it anywhere inside. */
struct tla_env {
	struct tla_context *context;
	struct tla_scope *scope;     /* innermost local name; NULL: none */
	struct tla_builder *builder; /* the function being compiled */
	bool in_prime;               /* what is evaluated in the next state: LET thunks are not */
	/* Where evaluations are counted; see cover.h. */
	struct tla_spot *spot; /* what is compiled is below it; NULL: not counted */
	uint8_t spot_rank;     /* enum tla_spot_rank */
	uint8_t way;           /* enum tla_cover_way */
	bool is_enabled;       /* inside of ENABLED */
	/* Where the innermost ENABLED stands: variables of instances around it are variables of
	 * their own there; see tla_own_variable(). NULL: outside of any. */
	const struct tla_group *enabled_in;
	const struct tla_entity *definition; /* around what may be split; NULL: none */
	const struct tla_entry *entry;       /* of instances around it; NULL: none */
};

enum tla_entity_kind {
	TLA_N_CONSTANT,
	TLA_N_VARIABLE,
	TLA_N_OPERATOR, /* unit: OPERATOR; also of a LET */
	TLA_N_FUNCTION, /* unit: FUNCTION */
	TLA_N_INSTANCE, /* unit: INSTANCE with a name */
	TLA_N_FACT,     /* a named ASSUME or THEOREM */
	TLA_N_SLOT,     /* a bound name or parameter; with arity > 0 it holds an operator */
	TLA_N_SUBST,    /* stands for an expression of another place */
};

enum tla_compiled { TLA_NOT_COMPILED, TLA_COMPILING, TLA_COMPILED };

/* One value of an operator that the configuration gives by its values. */
struct tla_row {
	struct tla_row *next;
	tla_value value;
	tla_value args[]; /* stored */
};

/* What a name means. */
struct tla_entity {
	enum tla_entity_kind kind;
	tla_sym sym;
	uint32_t arity;
	struct tla_span span;
	/* Where it is defined. Of SUBST: where the expression stands. */
	struct tla_context *context;
	struct tla_scope *scope;
	struct tla_builder *home; /* function around it; NULL: none */
	const struct tla_unit *unit;
	const struct tla_native *native;
	struct tla_context *instance; /* of an INSTANCE without parameters, once made */
	struct tla_entity *override;  /* of the configuration: NAME <- OTHER */
	union {
		uint32_t var_idx;
		tla_value value; /* of a constant; TLA_NONE: not given */
		struct {
			uint32_t slot;
			bool is_let;   /* a LET definition's thunk: unit is its definition */
			bool is_param; /* of an operator: it may stand for what depends on the state
					*/
		};
		const struct tla_expr *expr;
	};
	/* What the compiler found out. */
	enum tla_compiled compiled;
	bool is_self_referenced;
	bool is_fixed;        /* evaluated once, though it has effects */
	struct tla_row *rows; /* of a constant with parameters */
	bool is_inline; /* an action, or a LET definition that is one: compiled where it is used */
	struct tla_fn *fn;
	struct tla_constant *constant;
	struct tla_code *self; /* references from inside, a list by args[0] */
	/* Where evaluations are counted. */
	struct tla_fn *copy;   /* the definition as it is being compiled for one of its uses */
	struct tla_spot *spot; /* of an argument or a LET definition: where its text stands */
	bool is_argument;      /* of SUBST: of a definition, not of an instance */
	const struct tla_group *group; /* of SUBST: of the instance */
	uint32_t own_idx;              /* of SUBST: 1 + the variable that it is inside of ENABLED */
	/* Of SUBST for an argument: tla_env's of where that stands. */
	const struct tla_group *enabled_in;
	bool has_thunk; /* of such: in thunk_slot of the function `home` */
	uint32_t thunk_slot;
	uint8_t thunk_level;
};

/* Local names, innermost first. */
struct tla_scope {
	struct tla_scope *up;
	struct tla_entity entity;
};

/* A name in a context. Local ones are not handed on. */
struct tla_visible {
	struct tla_entity *entity; /* NULL: a free place */
	bool is_local;
};

struct tla_context {
	struct tla_context *next; /* of the same group */
	struct tla_context *next_of_all;
	const struct tla_module *module;
	struct tla_context *outer; /* of the module around a nested one; NULL */
	struct tla_group *group;
	struct tla_visible *table; /* by symbol, open addressing */
	uint32_t room, count;
};

/* The contexts under one substitution. */
struct tla_group {
	const struct tla_unit *instance; /* NULL: nothing is substituted */
	struct tla_env env;              /* where the INSTANCE stands, its parameters in scope */
	struct tla_builder *home;        /* function whose frame the substitution needs; NULL */
	struct tla_context *contexts;
};

/* The context of a module under a group's substitution, made when first asked for. NULL: failed. */
struct tla_context *tla_context_of(struct tla_compiler *compiler, struct tla_group *group,
				   const struct tla_module *module, struct tla_context *outer);

/*
 * The context that an INSTANCE at env makes, its parameters bound to args, which stand at args_env.
 * NULL: failed.
 */
struct tla_context *tla_instantiate(struct tla_compiler *compiler, const struct tla_unit *instance,
				    const struct tla_env *env, struct tla_expr *const *args,
				    const struct tla_env *args_env);

/* What a name means at a place; NULL: nothing. */
struct tla_entity *tla_look_up(const struct tla_env *env, tla_sym sym);
/* The same among the names of a module only. */
struct tla_entity *tla_context_find(const struct tla_context *context, tla_sym sym);

/* A further local name, its entity zeroed but for kind, sym and home; NULL: no memory. */
struct tla_scope *tla_scope_push(struct tla_compiler *compiler, struct tla_scope *up,
				 enum tla_entity_kind kind, tla_sym sym);

#endif /* TLA_SCOPE_H */

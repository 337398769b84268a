/* SPDX-License-Identifier: MIT */
/*
 * From trees to code: names are resolved, levels worked out, operators bound.
 *
 * Three ways to use a definition. One that is the same in all states and has no parameters is a
 * constant, evaluated once. An action is compiled anew where it is used, its parameters standing
 * for the
 * argument's text, since priming a parameter primes the argument. All others are functions.
 *
 * Errors are kept in the specification's sources; a function that makes something returns NULL
 * then.
 */
#ifndef TLA_COMPILE_H
#define TLA_COMPILE_H

#include "../value/heap.h"
#include "../value/store.h"
#include "code.h"
#include "scope.h"
#include "world.h"

/* A function while it is compiled. */
struct tla_builder {
	struct tla_builder *up;
	struct tla_fn *fn;
	uint32_t depth;
};

/* NAME <- [Module] replacement: in that module, wherever it is instantiated. */
struct tla_module_override {
	struct tla_module_override *next;
	tla_sym module, name;
	struct tla_entity *replacement;
};

struct tla_compiler {
	struct tla_world *world;
	struct tla_spec *spec;
	struct tla_heap *heap; /* for values in code, which are stored */
	struct tla_keeper *keeper;
	struct tla_group root, builtin;
	struct tla_context *root_context;
	struct tla_context *contexts; /* all, by next_of_all */
	struct tla_module_override *overrides;
	uint32_t depth;          /* of expansions: a definition that contains itself has no end */
	struct tla_cover *cover; /* evaluations are counted; NULL: they are not */
	bool has_trace;          /* something that was compiled asks for TLCExt!Trace */
};

/* The names of the root module and all it needs. 0, or -EINVAL: errors were kept. */
int tla_compiler_init(struct tla_compiler *compiler, struct tla_world *world, struct tla_heap *heap,
		      struct tla_keeper *keeper);

/* Put a definition in the place of a module's, in all contexts that there are or will be. 0;
 * -ENOENT: no context so far has such a name; -ENOMEM. */
int tla_override_in_module(struct tla_compiler *compiler, tla_sym module, tla_sym name,
			   struct tla_entity *replacement);

/* An expression at module level, as a function without parameters. */
struct tla_fn *tla_compile_top(struct tla_compiler *compiler, const struct tla_env *env,
			       const struct tla_expr *expr, tla_sym name);

/* Code for an expression at a place. */
struct tla_code *tla_compile(struct tla_compiler *compiler, const struct tla_env *env,
			     const struct tla_expr *expr);
/* The same, whether it is counted or not. */
struct tla_code *tla_compile_kind(struct tla_compiler *compiler, const struct tla_env *env,
				  const struct tla_expr *expr);
/* An operator's argument of that arity: a name, an operator sign or a LAMBDA. */
struct tla_code *tla_compile_operator(struct tla_compiler *compiler, const struct tla_env *env,
				      const struct tla_expr *expr, uint32_t arity);
/* A name applied to arguments (none: the name itself). args_env: where the arguments stand. */
struct tla_code *tla_compile_reference(struct tla_compiler *compiler, const struct tla_env *env,
				       struct tla_entity *entity, const struct tla_expr *at,
				       struct tla_expr *const *args, uint32_t arg_count);
/*
 * Whether a name is a variable of an instance that is primed inside of an ENABLED of that instance,
 * or of one inside: there it does not stand for what was substituted, but is a variable of its own,
 * entity->own_idx - 1 its number.
 */
bool tla_own_variable(struct tla_compiler *compiler, const struct tla_env *env,
		      struct tla_entity *entity);
/* An operator of the language, or one that stands for an expression, applied. */
struct tla_code *tla_compile_builtin(struct tla_compiler *compiler, const struct tla_env *env,
				     const struct tla_expr *expr);
struct tla_code *tla_compile_let(struct tla_compiler *compiler, const struct tla_env *env,
				 const struct tla_expr *expr);
struct tla_code *tla_compile_primed(struct tla_compiler *compiler, const struct tla_env *env,
				    const struct tla_expr *expr);
struct tla_code *tla_compile_unchanged(struct tla_compiler *compiler, const struct tla_env *env,
				       const struct tla_expr *expr, const struct tla_expr *at);
/* A value as it stands; expressions one after the other. */
struct tla_code *tla_compile_value(struct tla_compiler *compiler, tla_value v,
				   struct tla_span span);
struct tla_code *tla_compile_list(struct tla_compiler *compiler, const struct tla_env *env,
				  tla_eval_fn *eval, struct tla_span span,
				  struct tla_expr *const *at, uint32_t count);

/* --- bounds.c --- */

/* A bound name in a slot. NULL: no memory. */
struct tla_scope *tla_bind_slot(struct tla_compiler *compiler, const struct tla_env *env,
				tla_sym sym, uint32_t slot);
/* A quantifier, CHOOSE, {x \in S : P}, {e : x \in S}, [x \in S |-> e]. */
struct tla_code *tla_compile_binder(struct tla_compiler *compiler, const struct tla_env *env,
				    const struct tla_expr *expr);
/* [x \in S |-> body], also of a definition f[x \in S]. */
struct tla_code *tla_compile_fcn(struct tla_compiler *compiler, const struct tla_env *env,
				 const struct tla_bound *bounds, uint32_t bound_count,
				 const struct tla_expr *body, struct tla_span span);

/* --- compile_fcns.c: f[e], r.name, [name |-> e], [name : S], EXCEPT, @ --- */

struct tla_code *tla_compile_apply(struct tla_compiler *compiler, const struct tla_env *env,
				   const struct tla_expr *expr);
struct tla_code *tla_compile_field(struct tla_compiler *compiler, const struct tla_env *env,
				   const struct tla_expr *expr);
struct tla_code *tla_compile_fields(struct tla_compiler *compiler, const struct tla_env *env,
				    const struct tla_expr *expr);
struct tla_code *tla_compile_except(struct tla_compiler *compiler, const struct tla_env *env,
				    const struct tla_expr *expr);
struct tla_code *tla_compile_at(struct tla_compiler *compiler, const struct tla_env *env,
				const struct tla_expr *expr);

/* Where a definition's text stands, its parameters standing for the texts of arguments at env. */
bool tla_bind_args(struct tla_compiler *compiler, const struct tla_env *env,
		   const struct tla_entity *entity, struct tla_expr *const *args,
		   struct tla_env *inner);
/* The definitions of a LET around what is no function: as those of a module. */
bool tla_bind_let_texts(struct tla_compiler *compiler, struct tla_env *env,
			const struct tla_expr *let);

/* What a path A!B!op of an application means: its entity, and in *ret_env where it is. */
struct tla_entity *tla_resolve(struct tla_compiler *compiler, const struct tla_env *env,
			       const struct tla_expr *expr);

/* The context of an instance that is applied to a selector's arguments. NULL: an error was kept. */
struct tla_context *tla_instance_context(struct tla_compiler *compiler, const struct tla_env *env,
					 struct tla_entity *entity, const struct tla_selector *at);

/* A part of a definition: a TLA_E_SUBEXPR, or the label of one (tla_is_label()). */
struct tla_code *tla_compile_subexpr(struct tla_compiler *compiler, const struct tla_env *env,
				     const struct tla_expr *expr);
/* The same as a text, and where it is; NULL: an error was kept. */
const struct tla_expr *tla_subexpr_text(struct tla_compiler *compiler, const struct tla_env *env,
					const struct tla_expr *expr, struct tla_env *ret_env);
/* The same as an operator, !@ and what has no arguments being given these, a TLA_E_SUBEXPR. */
struct tla_expr *tla_subexpr_of(struct tla_compiler *compiler, const struct tla_env *env,
				const struct tla_expr *expr, struct tla_expr **args,
				uint32_t arity);
/* Whether it is a TLA_E_SUBEXPR, or as the next. */
bool tla_is_part(struct tla_compiler *compiler, const struct tla_env *env,
		 const struct tla_expr *expr);
/* Whether A!B!name(a) is the label of a part. */
bool tla_is_label(struct tla_compiler *compiler, const struct tla_env *env,
		  const struct tla_expr *expr);

/* A node with room for count args, and nothing else but its place. */
struct tla_code *tla_code_new(struct tla_compiler *compiler, tla_eval_fn *eval,
			      struct tla_span span, uint32_t count);
/* Its level becomes at least that of all its args. NULL stays NULL; NULL where an arg is. */
struct tla_code *tla_code_leveled(struct tla_code *code);
/* count further slots of the function being compiled: the first. */
uint32_t tla_slots(const struct tla_env *env, uint32_t count);
void tla_compile_error(struct tla_compiler *compiler, struct tla_span span, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
const char *tla_text(const struct tla_compiler *compiler, tla_sym sym);
void *tla_piece_of(struct tla_compiler *compiler, size_t n_bytes);

/* An operator in C for a name of a standard module; NULL: none. */
const struct tla_native *tla_native_find(const char *module, const char *name);
/* That which a node runs; NULL: none. */
const struct tla_native *tla_native_of(const struct tla_code *code);

#endif /* TLA_COMPILE_H */

/* SPDX-License-Identifier: MIT */
/* What the files that compile names share. All return NULL or false where an error was kept. */
#ifndef TLA_REFERENCE_H
#define TLA_REFERENCE_H

#include "compile.h"
#include "nodes.h"

/* From the frame of what is compiled to that of the function around a definition. */
static inline uint32_t tla_frames_up(const struct tla_env *env, const struct tla_builder *home)
{
	return home ? env->builder->depth - home->depth : TLA_NO_UP;
}

/* --- definition.c --- */

/* Arguments of a call. A parameter that is an operator takes an operator. unit NULL: none is. */
bool tla_compile_args(struct tla_compiler *compiler, const struct tla_env *env,
		      const struct tla_unit *unit, struct tla_code *code,
		      struct tla_expr *const *args);
/* Compile a definition when it is first used. */
bool tla_define(struct tla_compiler *compiler, struct tla_entity *entity);
/* The function that a use of a definition calls. */
struct tla_fn *tla_function_of(struct tla_compiler *compiler, const struct tla_env *env,
			       struct tla_entity *entity);
/* The definition's text in place of its name, its parameters standing for the arguments' texts. */
struct tla_code *tla_expand(struct tla_compiler *compiler, const struct tla_env *env,
			    struct tla_entity *entity, const struct tla_expr *at,
			    struct tla_expr *const *args);
/* A use of a definition. is_replaced: it stands for another by the configuration. */
struct tla_code *tla_compile_definition(struct tla_compiler *compiler, const struct tla_env *env,
					struct tla_entity *entity, const struct tla_expr *at,
					struct tla_expr *const *args, bool is_replaced);

/* --- reference.c --- */

/* What a slot holds; applied, if it is an operator. */
struct tla_code *tla_compile_slot(struct tla_compiler *compiler, const struct tla_env *env,
				  const struct tla_entity *entity, const struct tla_expr *at,
				  struct tla_expr *const *args, uint32_t arg_count);

#endif /* TLA_REFERENCE_H */

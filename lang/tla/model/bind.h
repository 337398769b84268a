/* SPDX-License-Identifier: MIT */
/*
 * Between the files that make a model: what model.c has done by the others.
 *
 * A function that returns false or NULL has kept an error, or there is no memory.
 */
#ifndef TLA_BIND_H
#define TLA_BIND_H

#include "model.h"

/* --- constants.c --- */

/* Constants and definitions get what the configuration says. */
bool tla_model_assign(struct tla_model *model);
/* Whether all constants that a module declares have got a value. */
bool tla_model_has_values(struct tla_model *model);
/* What replaces a constant is none that depends on variables, and is evaluated once. */
bool tla_model_fix_constants(struct tla_model *model);

/* --- formulas.c --- */

/* What a name of the root module means; NULL: nothing. */
struct tla_entity *tla_model_entity(struct tla_model *model, tla_sym name);
/* What is said next is a misfit. */
void tla_model_misfits(struct tla_model *model, enum tla_misfit how);
/* Say that a name is not defined. Returns false. */
bool tla_model_unknown(struct tla_model *model, tla_sym name, struct tla_span span);

bool tla_formulas_add(struct tla_model *model, struct tla_formulas *list,
		      const struct tla_formula *formula);
/* Compile an expression at a place as a formula of at most that level. */
bool tla_formula_compile(struct tla_model *model, const struct tla_env *env,
			 const struct tla_expr *expr, tla_sym name, enum tla_level level_max,
			 struct tla_formula *ret_formula);
/* Compiled, now that its level is known, as what is counted. */
bool tla_formula_count(struct tla_model *model, enum tla_cover_kind kind, struct tla_env env,
		       const struct tla_expr *expr, const struct tla_entity *definition,
		       struct tla_formula *inout_formula);
/* Where evaluations are counted, those of each action by itself. */
void tla_formula_split(const struct tla_model *model, struct tla_env *env);
/* The text that a name of the configuration stands for, and where that is. */
const struct tla_expr *tla_formula_text(struct tla_model *model, const struct tla_name *name,
					struct tla_env *env);
/* A name as a formula; at a place that says how it is counted; as what the name stands for. */
bool tla_formula_named(struct tla_model *model, const struct tla_name *name,
		       enum tla_level level_max, struct tla_formula *ret_formula);
bool tla_formula_named_at(struct tla_model *model, const struct tla_env *env,
			  const struct tla_name *name, enum tla_level level_max,
			  struct tla_formula *ret_formula);
bool tla_formula_counted(struct tla_model *model, enum tla_cover_kind kind,
			 const struct tla_name *name, enum tla_level level_max,
			 struct tla_formula *ret_formula);
/* All names of a list. */
bool tla_formulas_named(struct tla_model *model, enum tla_list which, enum tla_level level_max,
			struct tla_formulas *list);

/* --- behaviour.c --- */

/* What a name stands for, as the specification or as a property. */
bool tla_take_name(struct tla_model *model, const struct tla_name *name, bool is_property);

#endif /* TLA_BIND_H */

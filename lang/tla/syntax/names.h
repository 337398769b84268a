/* SPDX-License-Identifier: MIT */
/* Whether all names of a specification mean something, and are used as what they are. */
#ifndef TLA_SYNTAX_NAMES_H
#define TLA_SYNTAX_NAMES_H

#include "known.h"

/* Errors are kept in the sources. Modules that are built in are taken as they are. */
void tla_check_names(struct tla_spec *spec, const struct tla_module *root);

/* --- Between names.c and names_expr.c --- */

struct checker {
	struct tla_spec *spec;
	struct names *all;          /* of modules that were looked at */
	struct names *names;        /* of the module at hand */
	const struct local *locals; /* innermost first */
	bool has_at;                /* @ means something */
	bool is_for_levels;         /* names are known to be fine: levels are looked at */
	uint32_t param_count;       /* that have numbers */
	uint8_t param_max[64];      /* of each, its level at most */
};

void names_error(struct checker *checker, struct tla_span span, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
const char *names_text(const struct checker *checker, tla_sym sym);
/* What a name means here; NULL: nothing. */
const struct known *names_look_up(const struct checker *checker, tla_sym sym);
/* Say so where a name cannot be defined or bound here. false: it cannot. */
bool names_is_new(struct checker *checker, tla_sym sym, struct tla_span span);
/* A further local name, which is said to be none if it is not new. Not taken back on errors. */
void names_push(struct checker *checker, const struct known *known);
void names_bind(struct checker *checker, const struct tla_name *name);
void names_bind_params(struct checker *checker, const struct tla_param *params, uint32_t count);

struct level names_check_expr(struct checker *checker, const struct tla_expr *expr);
/* An argument or a substitution: an operator where arity > 0. */
struct level names_check_argument(struct checker *checker, const struct tla_expr *arg,
				  uint32_t arity);
/* Sets of bounds, then their names are bound. */
struct level names_check_bounds(struct checker *checker, const struct tla_bound *bounds,
				uint32_t count);
/* What a unit of a module or a LET defines; *ret_known has sym TLA_NO_SYM where it is no name. */
void names_check_definition(struct checker *checker, const struct tla_unit *unit,
			    struct known *ret_known);
/* RECURSIVE declarations without a definition, among local names down to `to`. */
void names_check_recursive(struct checker *checker, const struct local *to);

/* --- levels.c --- */

/* The higher of two. */
struct level level_join(struct level a, struct level b);
/* Say so where a level is above `max`; parameters that it depends on may not be above it either. */
void level_limit(struct checker *checker, struct level level, uint8_t max, struct tla_span span,
		 const char *what);
/* Of an operator of the language, a construct that has operands, from the levels of these. */
struct level level_of_op(struct checker *checker, const struct tla_expr *expr,
			 const struct level *args);
/* Of the children of a node that is no operator: their limit, and what the whole has at least. */
uint8_t level_limit_in(enum tla_expr_kind kind);
/* /\ and the like: no action beside what is temporal. */
void level_mixed(struct checker *checker, struct tla_span span, const struct level *args,
		 uint32_t count);
/* A parameter gets a number; its level. */
struct level level_of_param(struct checker *checker);
/* What became of the parameters from number `first` on, in a definition with that body. */
void level_of_definition(struct checker *checker, struct known *known, struct level body,
			 uint32_t first);

#endif /* TLA_SYNTAX_NAMES_H */

/* SPDX-License-Identifier: MIT */
/*
 * What names mean while modules are looked at from top to bottom: names of modules, which stay, and
 * local ones, which come and go.
 *
 * A name is known from the end of its definition on. One that is known already, here or in a module
 * around, cannot be defined or bound again.
 */
#ifndef TLA_SYNTAX_KNOWN_H
#define TLA_SYNTAX_KNOWN_H

#include "../load.h"

enum known_kind {
	KNOWN_BOUND,
	KNOWN_CONSTANT,
	KNOWN_VARIABLE,
	KNOWN_OPERATOR,
	KNOWN_FACT,      /* a named ASSUME or THEOREM */
	KNOWN_INSTANCE,  /* with a name */
	KNOWN_RECURSIVE, /* declared, not yet defined */
};

struct names;

/* Of an expression: constant, state, action, temporal; and which parameters around it, by their
 * numbers, may make it higher. */
enum level_base { LEVEL_CONSTANT, LEVEL_STATE, LEVEL_ACTION, LEVEL_TEMPORAL };

struct level {
	uint8_t base; /* enum level_base */
	uint64_t params;
};

struct known {
	tla_sym sym;
	uint8_t kind;  /* enum known_kind */
	bool is_local; /* is not handed on */
	uint32_t arity;
	const struct tla_param *params; /* NULL: their arities are 0 */
	struct tla_span span;
	struct names *instance; /* of KNOWN_INSTANCE: what it has names for */
	struct level level;
	/* Of each parameter: whether the whole is at least of the argument's level, and what that
	 * may be at most. NULL: it is, and anything. */
	const uint8_t *weights, *maxima;
};

/* Of a module. */
struct names {
	struct names *next; /* of all modules */
	const struct tla_module *module;
	struct names *outer; /* of the module around; NULL: it is not nested */
	struct known *at;    /* by symbol, open addressing; sym TLA_NO_SYM: free */
	uint32_t room, count;
};

struct local {
	const struct local *up;
	struct known known;
};

/* NULL: nothing of that name. */
struct known *known_in(const struct names *names, tla_sym sym);
/* The same in the modules around, too. */
struct known *known_around(const struct names *names, tla_sym sym);
/* Enter, unless the name is there. false: no memory. */
bool known_add(struct tla_spec *spec, struct names *names, const struct known *known);
/* What another module hands on to one that extends it; without its declarations: to one that
 * instantiates it. false: no memory. */
bool known_import(struct tla_spec *spec, struct names *names, const struct names *from,
		  bool with_declarations, bool is_local);
/* The standard module that defines a name; NULL: none that is known for it. */
const char *known_module_of(const char *name);

#endif /* TLA_SYNTAX_KNOWN_H */

/* SPDX-License-Identifier: MIT */
/*
 * Contents of string literals become symbols when all modules are read, in the order in which SANY
 * comes upon them: those of a module after those of what it names, and a set that something runs
 * through before what is said of its elements. Names are symbols by then, so "x" is the x of a
 * declaration. TLC's order of strings hangs on it.
 *
 * Invariant: the symbol of a literal is one of spec->literals, marked, until then.
 */
#include "lex.h"

#define LITERAL ((tla_sym)1 << 31)

tla_sym tla_literal(struct tla_spec *spec, const char *text, size_t n_bytes)
{
	tla_sym sym = tla_symbol(spec->literals, text, n_bytes);

	return sym == TLA_NO_SYM ? sym : sym | LITERAL;
}

static bool enter(struct tla_expr *expr, void *arg)
{
	struct tla_spec *spec = arg;

	if (expr->kind == TLA_E_STRING && expr->sym & LITERAL) {
		tla_sym sym = expr->sym & ~LITERAL;

		expr->sym = tla_symbol(spec->symbols, tla_symbol_text(spec->literals, sym),
				       tla_symbol_bytes(spec->literals, sym));
		if (expr->sym == TLA_NO_SYM)
			spec->sources.is_full = true;
	}
	if (expr->kind == TLA_E_MAP) {
		for (uint32_t i = 0; i < expr->binder.bound_count; i++)
			(void)enter(expr->binder.bounds[i].set, spec);
		return enter(expr->binder.body, spec);
	}
	return tla_each_child(expr, enter, spec);
}

void tla_enter_literals(struct tla_spec *spec, struct tla_expr *expr)
{
	(void)enter(expr, spec);
}

void tla_enter_literals_of(struct tla_spec *spec, const struct tla_module *module)
{
	for (uint32_t i = 0; i < module->unit_count; i++) {
		const struct tla_unit *unit = module->units[i];

		if (unit->kind == TLA_U_MODULE)
			tla_enter_literals_of(spec, unit->module);
		else
			(void)tla_each_unit_child(unit, enter, spec);
	}
}

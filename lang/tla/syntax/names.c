/* SPDX-License-Identifier: MIT */
/*
 * Names of modules, from top to bottom, as SANY has them: what is not defined above is not known,
 * what is known cannot be defined again.
 *
 * Invariant: a module's table is on the list before its units are looked at, so that modules around
 * and inside of each other find it.
 */
#include "names.h"

#include <stdarg.h>
#include <stdio.h>

void names_error(struct checker *checker, struct tla_span span, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args); /* cut where too long */
	va_end(args);
	tla_error_add(&checker->spec->sources, span.begin, "%s", text);
}

const char *names_text(const struct checker *checker, tla_sym sym)
{
	return tla_symbol_text(checker->spec->symbols, sym);
}

const struct known *names_look_up(const struct checker *checker, tla_sym sym)
{
	for (const struct local *at = checker->locals; at; at = at->up)
		if (at->known.sym == sym)
			return &at->known;
	return known_around(checker->names, sym);
}

bool names_is_new(struct checker *checker, tla_sym sym, struct tla_span span)
{
	const struct known *known = names_look_up(checker, sym);
	struct tla_place place;

	if (!known)
		return true;
	place = tla_place_of(&checker->spec->sources, known->span.begin);
	names_error(checker, span, "%s has a meaning here already: %s:%u:%u",
		    names_text(checker, sym), place.file ? place.file->path : "", place.line,
		    place.column);
	return false;
}

void names_push(struct checker *checker, const struct known *known)
{
	struct local *local = tla_piece(&checker->spec->sources, sizeof *local);

	if (!local)
		return;
	local->up = checker->locals;
	local->known = *known;
	checker->locals = local;
}

void names_bind(struct checker *checker, const struct tla_name *name)
{
	struct known known = { .sym = name->sym, .kind = KNOWN_BOUND, .span = name->span };

	if (names_is_new(checker, name->sym, name->span))
		names_push(checker, &known);
}

void names_bind_params(struct checker *checker, const struct tla_param *params, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct known known = { .sym = params[i].sym,
				       .kind = KNOWN_BOUND,
				       .arity = params[i].arity,
				       .span = params[i].span,
				       .level = level_of_param(checker) };

		if (names_is_new(checker, known.sym, known.span))
			names_push(checker, &known);
	}
}

/* --- Instances --- */

static struct names *names_of(struct checker *checker, const struct tla_module *module);

static const struct tla_subst *find_subst(const struct tla_unit *unit, tla_sym sym)
{
	for (uint32_t i = 0; i < unit->instance.subst_count; i++)
		if (unit->instance.substs[i].name.sym == sym)
			return &unit->instance.substs[i];
	return NULL;
}

static bool is_declared(const struct known *known)
{
	return known && (known->kind == KNOWN_CONSTANT || known->kind == KNOWN_VARIABLE);
}

/* A module that is all constant can be instantiated with anything for its constants; not one that
 * has variables, or primes or temporal formulas made of its constants. */
static bool is_constant(const struct names *names)
{
	for (uint32_t i = 0; i < names->room; i++)
		if (names->at[i].sym != TLA_NO_SYM && (names->at[i].kind == KNOWN_VARIABLE ||
						       names->at[i].level.base > LEVEL_CONSTANT))
			return false;
	return true;
}

static void check_substs(struct checker *checker, const struct tla_unit *unit,
			 const struct names *names)
{
	for (uint32_t i = 0; i < unit->instance.subst_count; i++) {
		const struct tla_subst *subst = &unit->instance.substs[i];
		const struct known *known = known_in(names, subst->name.sym);
		struct level level;

		if (find_subst(unit, subst->name.sym) != subst)
			names_error(checker, subst->name.span, "%s is substituted twice",
				    names_text(checker, subst->name.sym));
		if (!is_declared(known))
			names_error(checker, subst->name.span,
				    "%s is no constant or variable of module %s",
				    names_text(checker, subst->name.sym),
				    names_text(checker, unit->instance.module.sym));
		level = names_check_argument(checker, subst->value,
					     is_declared(known) ? known->arity : 0);
		if (is_declared(known) && known->kind == KNOWN_VARIABLE)
			level_limit(checker, level, LEVEL_STATE, subst->value->span,
				    "what stands for a variable");
		else if (!is_constant(names))
			level_limit(checker, level, LEVEL_CONSTANT, subst->value->span,
				    "what stands for a constant");
	}
}

/* What WITH leaves out stands for the same name here. */
static void check_implicit(struct checker *checker, const struct tla_unit *unit,
			   const struct known *known)
{
	const struct known *here;

	if (known->sym == TLA_NO_SYM || !is_declared(known) || find_subst(unit, known->sym))
		return;
	here = names_look_up(checker, known->sym);
	if (!here)
		names_error(checker, unit->span,
			    "%s of module %s has no substitution, and nothing of that name is "
			    "known here",
			    names_text(checker, known->sym),
			    names_text(checker, unit->instance.module.sym));
	else if (here->arity != known->arity)
		names_error(checker, unit->span, "%s takes %u arguments, in module %s it takes %u",
			    names_text(checker, known->sym), here->arity,
			    names_text(checker, unit->instance.module.sym), known->arity);
}

/* What an INSTANCE has names for; NULL: there is no such module, which was said. */
static struct names *check_instance(struct checker *checker, const struct tla_unit *unit)
{
	const struct tla_module *module = tla_spec_find(checker->spec, checker->names->module,
							unit->instance.module.sym);
	struct names *names = module ? names_of(checker, module) : NULL;

	if (!names)
		return NULL;
	check_substs(checker, unit, names);
	for (uint32_t i = 0; i < names->room; i++)
		check_implicit(checker, unit, &names->at[i]);
	return names;
}

/* --- Definitions --- */

static void check_operator(struct checker *checker, const struct tla_unit *unit,
			   struct known *ret_known)
{
	const struct local *locals = checker->locals;
	uint32_t first = checker->param_count;
	struct level body;

	names_bind_params(checker, unit->op.params, unit->op.param_count);
	body = names_check_expr(checker, unit->op.body);
	checker->locals = locals;
	ret_known->arity = unit->op.param_count;
	ret_known->params = unit->op.params;
	level_of_definition(checker, ret_known, body, first);
}

/* A function is known inside of itself. */
static void check_function(struct checker *checker, const struct tla_unit *unit,
			   struct known *known)
{
	const struct local *locals = checker->locals;
	struct level sets;

	names_push(checker, known);
	sets = names_check_bounds(checker, unit->fcn.bounds, unit->fcn.bound_count);
	known->level = level_join(sets, names_check_expr(checker, unit->fcn.body));
	checker->locals = locals;
}

static void check_named_instance(struct checker *checker, const struct tla_unit *unit,
				 struct known *ret_known)
{
	const struct local *locals = checker->locals;
	uint32_t first = checker->param_count;

	names_bind_params(checker, unit->instance.params, unit->instance.param_count);
	ret_known->kind = KNOWN_INSTANCE;
	ret_known->instance = check_instance(checker, unit);
	ret_known->arity = unit->instance.param_count;
	ret_known->params = unit->instance.params;
	checker->locals = locals;
	checker->param_count = first;
}

/* A declaration RECURSIVE is no meaning yet, if it is of the same place. */
static bool is_awaited(const struct known *known)
{
	return known && known->kind == KNOWN_RECURSIVE;
}

void names_check_definition(struct checker *checker, const struct tla_unit *unit,
			    struct known *ret_known)
{
	const struct known *before = names_look_up(checker, unit->name.sym);

	*ret_known = (struct known){ .sym = unit->name.sym,
				     .kind = KNOWN_OPERATOR,
				     .is_local = unit->is_local,
				     .span = unit->name.span };
	if (!is_awaited(before) && !names_is_new(checker, unit->name.sym, unit->name.span))
		ret_known->sym = TLA_NO_SYM;
	if (unit->kind == TLA_U_OPERATOR)
		check_operator(checker, unit, ret_known);
	else if (unit->kind == TLA_U_FUNCTION)
		check_function(checker, unit, ret_known);
	else
		check_named_instance(checker, unit, ret_known);
	if (is_awaited(before) && before->arity != ret_known->arity)
		names_error(checker, unit->name.span, "%s was declared with %u parameters",
			    names_text(checker, unit->name.sym), before->arity);
}

/* --- Units of a module --- */

static void enter(struct checker *checker, const struct known *known)
{
	struct known *place = known_in(checker->names, known->sym);

	if (is_awaited(place))
		*place = *known;
	else if (known->sym != TLA_NO_SYM)
		(void)known_add(checker->spec, checker->names, known); /* no memory is kept */
}

static void check_declarations(struct checker *checker, const struct tla_unit *unit)
{
	for (uint32_t i = 0; i < unit->decls.count; i++) {
		const struct tla_param *decl = &unit->decls.at[i];
		struct known known = { .sym = decl->sym,
				       .kind = unit->kind == TLA_U_CONSTANTS   ? KNOWN_CONSTANT
					       : unit->kind == TLA_U_VARIABLES ? KNOWN_VARIABLE
									       : KNOWN_RECURSIVE,
				       .is_local = unit->is_local,
				       .arity = decl->arity,
				       .span = decl->span,
				       .level = { .base = unit->kind == TLA_U_VARIABLES } };

		if (names_is_new(checker, decl->sym, decl->span))
			enter(checker, &known);
	}
}

static void check_fact(struct checker *checker, const struct tla_unit *unit)
{
	struct known known = { .sym = unit->name.sym, .kind = KNOWN_FACT, .span = unit->name.span };

	if (known.sym != TLA_NO_SYM && !names_is_new(checker, known.sym, known.span))
		known.sym = TLA_NO_SYM;
	known.level = names_check_expr(checker, unit->fact);
	if (unit->kind == TLA_U_ASSUME)
		level_limit(checker, known.level, LEVEL_CONSTANT, unit->fact->span,
			    "an assumption");
	enter(checker, &known);
}

static void check_unit(struct checker *checker, const struct tla_unit *unit)
{
	struct known known;
	struct names *names;

	switch ((enum tla_unit_kind)unit->kind) {
	case TLA_U_CONSTANTS:
	case TLA_U_VARIABLES:
	case TLA_U_RECURSIVE:
		check_declarations(checker, unit);
		return;
	case TLA_U_INSTANCE:
		if (unit->name.sym == TLA_NO_SYM) {
			names = check_instance(checker, unit);
			if (names)
				(void)known_import(checker->spec, checker->names, names, false,
						   unit->is_local); /* no memory is kept */
			return;
		}
		/* fall through */
	case TLA_U_OPERATOR:
	case TLA_U_FUNCTION:
		names_check_definition(checker, unit, &known);
		enter(checker, &known);
		return;
	case TLA_U_ASSUME:
	case TLA_U_THEOREM:
		check_fact(checker, unit);
		return;
	case TLA_U_MODULE:
		(void)names_of(checker, unit->module); /* for its errors */
		return;
	}
}

/* Of a module that is built in only what it hands on is looked at. */
static void list_unit(struct checker *checker, const struct tla_unit *unit)
{
	struct known known = { .sym = unit->name.sym,
			       .kind = KNOWN_OPERATOR,
			       .is_local = unit->is_local,
			       .span = unit->name.span };
	const struct tla_module *module = unit->kind != TLA_U_INSTANCE
						  ? NULL
						  : tla_spec_find(checker->spec,
								  checker->names->module,
								  unit->instance.module.sym);

	if (unit->kind == TLA_U_CONSTANTS || unit->kind == TLA_U_VARIABLES) {
		check_declarations(checker, unit);
	} else if (unit->kind == TLA_U_OPERATOR) {
		known.arity = unit->op.param_count;
		known.params = unit->op.params;
		enter(checker, &known);
	} else if (unit->kind == TLA_U_FUNCTION || unit->kind == TLA_U_THEOREM ||
		   unit->kind == TLA_U_ASSUME) {
		enter(checker, &known);
	} else if (module && known.sym == TLA_NO_SYM) {
		(void)known_import(checker->spec, checker->names, names_of(checker, module), false,
				   unit->is_local); /* no memory is kept */
	} else if (module) {
		known.kind = KNOWN_INSTANCE;
		known.instance = names_of(checker, module);
		enter(checker, &known);
	}
}

static void check_awaited(struct checker *checker)
{
	for (uint32_t i = 0; i < checker->names->room; i++)
		if (checker->names->at[i].sym != TLA_NO_SYM && is_awaited(&checker->names->at[i]))
			names_error(checker, checker->names->at[i].span,
				    "%s is declared RECURSIVE, but not defined",
				    names_text(checker, checker->names->at[i].sym));
}

static void fill(struct checker *checker)
{
	const struct tla_module *module = checker->names->module;

	for (uint32_t i = 0; i < module->extend_count; i++) {
		const struct tla_module *extended = tla_spec_find(checker->spec, module,
								  module->extends[i].sym);
		struct names *names = extended ? names_of(checker, extended) : NULL;

		if (names)
			(void)known_import(checker->spec, checker->names, names, true,
					   false); /* no memory is kept */
	}
	for (uint32_t i = 0; i < module->unit_count; i++)
		if (module->file->is_builtin)
			list_unit(checker, module->units[i]);
		else
			check_unit(checker, module->units[i]);
	check_awaited(checker);
}

/* Looked at when first asked for. NULL: no memory. */
static struct names *names_of(struct checker *checker, const struct tla_module *module)
{
	struct checker inner = { .spec = checker->spec, .is_for_levels = checker->is_for_levels };
	struct names *names = checker->all, *outer = NULL;

	while (names && names->module != module)
		names = names->next;
	if (names)
		return names;
	if (module->outer)
		outer = names_of(checker, module->outer);
	/* It may have come by now, with the module around. */
	for (names = checker->all; names; names = names->next)
		if (names->module == module)
			return names;
	names = tla_piece(&checker->spec->sources, sizeof *names);
	if (!names)
		return NULL;
	*names = (struct names){ .next = checker->all, .module = module, .outer = outer };
	checker->all = names;
	inner.all = names;
	inner.names = names;
	fill(&inner);
	checker->all = inner.all;
	return names;
}

void tla_check_names(struct tla_spec *spec, const struct tla_module *root)
{
	struct checker checker = { .spec = spec };

	(void)names_of(&checker, root); /* for its errors */
	if (spec->sources.error_count > 0 || spec->sources.is_full)
		return;
	/* Once more, as names mean something: what is said then is about levels. */
	checker = (struct checker){ .spec = spec, .is_for_levels = true };
	(void)names_of(&checker, root);
}

/* SPDX-License-Identifier: MIT */
/*
 * A model from its files: read, compiled, bound to its configuration. How constants get their
 * values is in constants.c, how names become formulas in formulas.c, how temporal formulas are
 * taken apart in behaviour.c.
 */
#include "model.h"

#include "../eval/memo.h"
#include "bind.h"

#include <errno.h>
#include <string.h>

enum { HEAP_BYTES_MAX = 1 << 30 };

int tla_model_create(struct tla_model **ret_model)
{
	struct tla_model *model;
	struct nw_mem mem;
	int err = nw_mem_alloc(&mem, NW_NODE_ANY, sizeof *model, 0);

	if (err)
		return err;
	model = mem.base;
	model->mem = mem;
	err = tla_spec_create(&model->spec);
	if (err)
		goto fail;
	pthread_mutex_init(&model->symbol_lock, NULL);
	model->world.spec = model->spec;
	model->world.symbol_lock = &model->symbol_lock;
	model->world.registers = &model->registers;
	err = tla_store_create(&model->world.store);
	if (!err)
		err = tla_keeper_create(&model->keeper, model->world.store, NW_NODE_ANY);
	if (!err)
		err = tla_heap_init(&model->heap, NW_NODE_ANY, HEAP_BYTES_MAX);
	if (err)
		goto fail;
	model->heap.hooks.string_text = tla_world_string_text;
	model->heap.hooks.model_text = tla_world_model_text;
	model->heap.hooks.names = &model->world;
	*ret_model = model;
	return 0;
fail:
	tla_model_destroy(model);
	return err;
}

void tla_model_destroy(struct tla_model *model)
{
	struct nw_mem mem;

	if (!model)
		return;
	tla_heap_fini(&model->heap);
	tla_keeper_destroy(model->keeper);
	tla_store_destroy(model->world.store);
	if (model->spec) {
		pthread_mutex_destroy(&model->symbol_lock);
		tla_spec_destroy(model->spec);
	}
	mem = model->mem;
	nw_mem_free(&mem);
}

/* --- Behaviour --- */

static bool need_both(struct tla_model *model, const struct tla_name *there, const char *missing)
{
	tla_model_misfits(model, strcmp(missing, "INIT") ? TLA_MISFIT_NO_NEXT : TLA_MISFIT_NO_INIT);
	tla_compile_error(&model->compiler, there->span, "%s is needed beside this", missing);
	return false;
}

static bool have_both(struct tla_model *model, const struct tla_name *there)
{
	tla_model_misfits(model, TLA_MISFIT_BOTH);
	tla_compile_error(&model->compiler, there->span,
			  "SPECIFICATION, or INIT and NEXT, not both");
	return false;
}

static bool bind_behaviour(struct tla_model *model)
{
	const struct tla_name *names = model->config.names;
	const struct tla_name *spec = &names[TLA_NAME_SPECIFICATION];
	const struct tla_name *init = &names[TLA_NAME_INIT], *next = &names[TLA_NAME_NEXT];
	struct tla_env env = { .context = model->compiler.root_context };
	struct tla_formula formula;

	if (spec->sym && (init->sym || next->sym))
		return have_both(model, init->sym ? init : next);
	if (spec->sym) {
		if (!tla_take_name(model, spec, false))
			return false;
		if (model->init.count == 0 && model->world.var_count > 0) {
			tla_model_misfits(model, TLA_MISFIT_NO_INIT);
			tla_compile_error(&model->compiler, spec->span,
					  "%s has no initial predicate",
					  tla_text(&model->compiler, spec->sym));
			return false;
		}
		if (!model->next.fn && model->world.var_count > 0) {
			tla_model_misfits(model, TLA_MISFIT_NOTHING);
			tla_compile_error(&model->compiler, spec->span,
					  "%s has no next-state action [][Next]_vars",
					  tla_text(&model->compiler, spec->sym));
			return false;
		}
		return true;
	}
	if (!init->sym && !next->sym)
		return true;
	if (!init->sym || !next->sym)
		return need_both(model, init->sym ? init : next, init->sym ? "NEXT" : "INIT");
	tla_formula_split(model, &env);
	return tla_formula_counted(model, TLA_COVER_INIT, init, TLA_STATE, &formula) &&
	       tla_formulas_add(model, &model->init, &formula) &&
	       tla_formula_named_at(model, &env, next, TLA_ACTION, &model->next);
}

static bool bind_assumptions(struct tla_model *model)
{
	struct tla_compiler *compiler = &model->compiler;

	for (struct tla_context *at = compiler->root.contexts; at; at = at->next) {
		struct tla_env env = { .context = at };

		for (uint32_t i = 0; i < at->module->unit_count; i++) {
			const struct tla_unit *unit = at->module->units[i];
			struct tla_formula formula;

			if (unit->kind != TLA_U_ASSUME || unit->is_axiom)
				continue;
			/* No variables, but TLCSet and PrintT are no constants. */
			if (!tla_formula_compile(model, &env, unit->fact, unit->name.sym, TLA_STATE,
						 &formula) ||
			    !tla_formulas_add(model, &model->assumptions, &formula))
				return false;
		}
	}
	return true;
}

static bool bind_rest(struct tla_model *model)
{
	const struct tla_names *properties = &model->config.lists[TLA_LIST_PROPERTY];
	const struct tla_name *view = &model->config.names[TLA_NAME_VIEW];
	const struct tla_name *alias = &model->config.names[TLA_NAME_ALIAS];

	/* Those that are named first: with TLC's, of two that fail it is the one reported. */
	if (!tla_formulas_named(model, TLA_LIST_INVARIANT, TLA_STATE, &model->invariants))
		return false;
	for (uint32_t i = 0; i < properties->count; i++)
		if (!tla_take_name(model, &properties->at[i], true))
			return false;
	if (!tla_formulas_named(model, TLA_LIST_CONSTRAINT, TLA_STATE, &model->constraints) ||
	    !tla_formulas_named(model, TLA_LIST_ACTION_CONSTRAINT, TLA_ACTION,
				&model->action_constraints) ||
	    !tla_formulas_named(model, TLA_LIST_SYMMETRY, TLA_CONSTANT, &model->symmetry) ||
	    (view->sym && !tla_formula_named(model, view, TLA_STATE, &model->view)))
		return false;
	/* What follows is evaluated after the search. */
	model->has_trace = model->compiler.has_trace;
	return tla_formulas_named(model, TLA_LIST_POSTCONDITION, TLA_STATE,
				  &model->postconditions) &&
	       (!alias->sym || tla_formula_named(model, alias, TLA_ACTION, &model->alias));
}

/* --- Remembering --- */

static bool memoize(struct tla_model *model, const struct tla_formula *formula)
{
	/* The compiler made it, and nothing runs it yet. */
	return !formula->fn || tla_memoize(&model->compiler, (struct tla_fn *)formula->fn);
}

static bool memoize_list(struct tla_model *model, const struct tla_formulas *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (!memoize(model, &list->at[i]))
			return false;
	return true;
}

static bool memoize_all(struct tla_model *model)
{
	if (model->is_counted)
		return true;
	return memoize_list(model, &model->init) && memoize(model, &model->next) &&
	       memoize_list(model, &model->invariants) &&
	       memoize_list(model, &model->constraints) &&
	       memoize_list(model, &model->action_constraints) &&
	       memoize_list(model, &model->implied_inits) &&
	       memoize_list(model, &model->implied_actions) && memoize(model, &model->view);
}

/* --- Loading --- */

static int read_config(struct tla_model *model, const struct tla_reader *reader, const char *path)
{
	const struct tla_file *file;
	const char *text;
	size_t n_bytes;
	int err = reader->read(reader->context, path, &text, &n_bytes);

	if (err)
		return err;
	file = tla_file_add(&model->spec->sources, path, text, n_bytes);
	if (!file)
		return -ENOMEM;
	model->config_file = file;
	return tla_config_parse(&model->config, &model->world, &model->heap, file);
}

int tla_model_load(struct tla_model *model, const struct tla_reader *reader, const char *path,
		   const char *config_path)
{
	int err = config_path ? read_config(model, reader, config_path) : 0;

	if (!err)
		err = tla_spec_load(model->spec, reader, path);
	if (!err)
		err = tla_compiler_init(&model->compiler, &model->world, &model->heap,
					model->keeper);
	if (err)
		return err;
	if (model->is_counted)
		model->compiler.cover = &model->cover;
	if (tla_model_assign(model) && tla_model_has_values(model) &&
	    tla_model_fix_constants(model) && bind_assumptions(model) && bind_behaviour(model) &&
	    bind_rest(model) && memoize_all(model) && tla_world_reserve_models(&model->world))
		return 0;
	return model->spec->sources.is_full ? -ENOMEM : -EINVAL;
}

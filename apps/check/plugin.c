/* SPDX-License-Identifier: MIT */
/*
 * From --model to a configured model: out of the built-in table, or out of a shared object that
 * exports `const struct nw_model *nw_model_plugin(void)`.
 *
 * Invariant: a model that comes out of here has the right ABI, every callback that must be there,
 * and was given only parameters that it declares.
 */
#include "check/check.h"

#include <nw/models.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef const struct nw_model *plugin_function(void);

static bool is_file(const char *name)
{
	size_t length = strlen(name);

	return strchr(name, '/') || (length > 3 && strcmp(name + length - 3, ".so") == 0);
}

static int check_contract(const char *file, const struct nw_model *model)
{
	if (!model)
		return app_bad(CHECK_NAME, "--model %s: its nw_model_plugin() gave no model", file);
	if (model->abi != NW_MODEL_ABI)
		return app_bad(
			CHECK_NAME,
			"--model %s: made for model ABI %u, this nodewise has %d: rebuild it", file,
			(unsigned)model->abi, NW_MODEL_ABI);
	if (!model->name || !model->init || !model->next || !model->print)
		return app_bad(CHECK_NAME, "--model %s: it lacks %s", file,
			       !model->name   ? "its name"
			       : !model->init ? "init()"
			       : !model->next ? "next()"
					      : "print()");
	return APP_OK;
}

static int load_plugin(struct check_model *ret_model, const char *file)
{
	char path[4096];
	void *symbol;
	plugin_function *plugin;

	/* Without a slash dlopen() would look in the system's folders, not here. */
	if (snprintf(path, sizeof(path), "%s%s", strchr(file, '/') ? "" : "./", file) >=
	    (int)sizeof(path))
		return app_bad(CHECK_NAME, "--model: that path is too long");
	ret_model->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!ret_model->library)
		return app_bad(CHECK_NAME, "--model %s: cannot load it: %s", file, dlerror());
	symbol = dlsym(ret_model->library, "nw_model_plugin");
	if (!symbol)
		return app_bad(CHECK_NAME, "--model %s: it does not export nw_model_plugin()",
			       file);
	memcpy(&plugin, &symbol, sizeof(plugin)); /* C has no cast for this; POSIX allows it */
	ret_model->model = plugin();
	return check_contract(file, ret_model->model);
}

static int find_builtin(struct check_model *ret_model, const char *name)
{
	char names[256] = "";
	size_t used = 0;

	ret_model->model = nw_model_find(name);
	if (ret_model->model)
		return APP_OK;
	for (size_t i = 0; nw_model_builtin_at(i) && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, " %s",
					 nw_model_builtin_at(i)->name);
	return app_bad(CHECK_NAME, "no model '%s'; there are%s, and files as ./mine.so", name,
		       names);
}

/* Whether "--name" is a word of the model's `parameters`. */
static bool is_declared(const struct nw_model *model, const char *name)
{
	const char *at = model->configure && model->parameters ? model->parameters : "";
	size_t length = strlen(name);

	while ((at = strstr(at, "--"))) {
		at += 2;
		if (strncmp(at, name, length) == 0 && (!at[length] || strchr(" ,=)", at[length])))
			return true;
	}
	return false;
}

static int configure(struct check_model *model, const struct check_options *options)
{
	const struct nw_model *m = model->model;
	struct nw_diag diag = { "" };
	int r;

	for (size_t i = 0; i < options->parameter_count; i++) {
		if (!is_declared(m, options->names[i]))
			return app_bad(CHECK_NAME, "no option --%s, and %s takes %s",
				       options->names[i], m->name,
				       m->configure && m->parameters && *m->parameters
					       ? m->parameters
					       : "no parameters");
	}
	if (!m->configure)
		return APP_OK;
	r = m->configure(&model->data, options->names, options->values, options->parameter_count,
			 &diag);
	model->is_configured = r == 0;
	if (r == -EINVAL)
		return app_bad(CHECK_NAME, "%s",
			       *diag.text ? diag.text : "the model refuses its parameters");
	if (r < 0)
		return app_failed(CHECK_NAME, "%s: %s", m->name,
				  *diag.text ? diag.text : strerror(-r));
	return APP_OK;
}

int check_model_load(struct check_model *ret_model, const struct check_options *options)
{
	struct check_model model = { 0 };
	int code = is_file(options->model) ? load_plugin(&model, options->model)
					   : find_builtin(&model, options->model);

	if (code == APP_OK)
		code = configure(&model, options);
	if (code == APP_OK)
		*ret_model = model;
	else
		check_model_unload(&model);
	return code;
}

void check_model_unload(struct check_model *model)
{
	if (model->is_configured && model->model->dispose)
		model->model->dispose(model->data);
	if (model->library)
		dlclose(model->library);
	*model = (struct check_model){ 0 };
}

int check_model_list(void)
{
	const struct nw_model *model;

	for (size_t i = 0; (model = nw_model_builtin_at(i)); i++) {
		printf("%-16s %s\n", model->name, model->about);
		if (*model->parameters)
			printf("%-16s   %s\n", "", model->parameters);
	}
	return app_finish_output(CHECK_NAME);
}

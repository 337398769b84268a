/* SPDX-License-Identifier: MIT */
/*
 * A specification of a counterexample: what it does is go through the trace, so that expressions of
 * the user's can be seen in each of its states. TLC writes one as well; ours is one module, with
 * its configuration behind it in the same file, and both programs read both.
 *
 * Invariant: nothing is written where there is no trace.
 */
#include "check/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct writer {
	struct check_trace trace;
	const struct check_spec *spec;
	FILE *out;
	const char *module; /* of the trace */
};

static const char *variable(const struct writer *writer, uint32_t i)
{
	const struct tla_world *world = &writer->spec->model->world;

	return tla_world_string_text(world, world->vars[i]);
}

static uint32_t variable_count(const struct writer *writer)
{
	return writer->spec->model->world.var_count;
}

static void write_value(const struct writer *writer, tla_value v)
{
	char *text = check_value_text(writer->spec, v);

	fputs(text ? text : "", writer->out);
	free(text);
}

/* A model value that is no name of the specification: it has to be declared. */
static bool is_undeclared(const struct writer *writer, uint32_t model_idx)
{
	const struct tla_model *model = writer->spec->model;

	return !tla_context_find(model->compiler.root_context, model->world.models[model_idx]);
}

static const char *model_value(const struct writer *writer, uint32_t model_idx)
{
	return tla_world_model_text(&writer->spec->model->world, model_idx);
}

static void write_head(const struct writer *writer)
{
	const struct tla_model *model = writer->spec->model;
	uint32_t count = tla_world_model_count(&model->world), declared = 0;

	fprintf(writer->out,
		"---- MODULE %s ----\nEXTENDS Sequences, TLCExt, Toolbox, Naturals, TLC, %s\n\n",
		writer->module, check_name(writer->spec, model->spec->root->name.sym));
	for (uint32_t i = 0; i < count; i++)
		if (is_undeclared(writer, i))
			fprintf(writer->out, "%s%s", declared++ ? ", " : "CONSTANTS ",
				model_value(writer, i));
	fputs(declared ? "\n\n" : "", writer->out);
}

static void write_expression(const struct writer *writer)
{
	fprintf(writer->out,
		"\\* What is shown of a state: leave variables out, or add expressions, which may\n"
		"\\* name the whole trace, _TETrace, and the place in it, _TEPosition.\n"
		"_expression ==\n    [");
	for (uint32_t i = 0; i < variable_count(writer); i++)
		fprintf(writer->out, "%s%s |-> %s\n     ", i ? "," : " ", variable(writer, i),
			variable(writer, i));
	fputs("]\n\n", writer->out);
}

static void write_states(const struct writer *writer)
{
	fputs("_trace ==\n    <<\n", writer->out);
	for (size_t i = 0; i < writer->trace.count; i++) {
		fputs("    [", writer->out);
		for (uint32_t k = 0; k < variable_count(writer); k++) {
			fprintf(writer->out, "%s%s |-> ", k ? ", " : "", variable(writer, k));
			write_value(writer, check_trace_state(&writer->trace, i)[k]);
		}
		fprintf(writer->out, "]%s\n", i + 1 < writer->trace.count ? "," : "");
	}
	fputs("    >>\n\n", writer->out);
}

static void write_steps(const struct writer *writer)
{
	const tla_value *last = check_trace_state(&writer->trace, writer->trace.count - 1);

	fputs("_inv ==\n    ~(/\\ TLCGet(\"level\") = Len(_TETrace)\n", writer->out);
	for (uint32_t i = 0; i < variable_count(writer); i++) {
		fprintf(writer->out, "      /\\ %s = (", variable(writer, i));
		write_value(writer, last[i]);
		fputs(")\n", writer->out);
	}
	fputs("     )\n\n_init ==\n", writer->out);
	for (uint32_t i = 0; i < variable_count(writer); i++)
		fprintf(writer->out, "    /\\ %s = _TETrace[1].%s\n", variable(writer, i),
			variable(writer, i));
	fputs("\n_next ==\n    \\E i, j \\in DOMAIN _TETrace :\n        /\\ j = i + 1\n"
	      "        /\\ i = TLCGet(\"level\")\n",
	      writer->out);
	for (uint32_t i = 0; i < variable_count(writer); i++)
		fprintf(writer->out,
			"        /\\ %s = _TETrace[i].%s\n        /\\ %s' = _TETrace[j].%s\n",
			variable(writer, i), variable(writer, i), variable(writer, i),
			variable(writer, i));
	fputs("=============================================================================\n\n",
	      writer->out);
}

static void write_assignment(const struct writer *writer, const struct tla_assignment *at)
{
	fprintf(writer->out, "    %s ", check_name(writer->spec, at->name));
	if (at->module)
		fprintf(writer->out, "<- [%s]%s", check_name(writer->spec, at->module),
			check_name(writer->spec, at->replacement));
	else if (at->replacement)
		fprintf(writer->out, "<- %s", check_name(writer->spec, at->replacement));
	else {
		fputs("= ", writer->out);
		write_value(writer, at->value);
	}
	fputc('\n', writer->out);
}

static void write_config(const struct writer *writer)
{
	const struct tla_config *config = &writer->spec->model->config;
	uint32_t count = tla_world_model_count(&writer->spec->model->world);

	fprintf(writer->out, "---- CONFIG %s ----\nCONSTANTS\n    _TETrace <- _trace\n",
		writer->module);
	for (uint32_t i = 0; i < config->assignment_count; i++)
		write_assignment(writer, &config->assignments[i]);
	for (uint32_t i = 0; i < count; i++)
		if (is_undeclared(writer, i))
			fprintf(writer->out, "    %s = %s\n", model_value(writer, i),
				model_value(writer, i));
	fputs("\nINIT\n    _init\n\nNEXT\n    _next\n\nINVARIANT\n    _inv\n\n"
	      "\\* The trace ends.\nCHECK_DEADLOCK\n    FALSE\n\nALIAS\n    _expression\n"
	      "=============================================================================\n",
	      writer->out);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n_bytes = strlen(text), end_bytes = strlen(end);

	return n_bytes >= end_bytes && strcmp(text + n_bytes - end_bytes, end) == 0;
}

/* The file, or Spec_TTrace_TIME.tla in the folder that is asked for, or in the specification's.
 * NULL: no memory. */
static char *path_of(const struct check_spec *spec)
{
	const char *place = spec->options->trace_spec_place, *path = spec->options->spec;
	const char *slash = strrchr(path, '/');
	char module[256], *made;
	int r;

	if (place && ends_with(place, ".tla"))
		return strdup(place);
	(void)snprintf(
		module, sizeof(module), "%s",
		check_name(spec, spec->model->spec->root->name.sym)); /* cut where too long */
	if (place)
		r = asprintf(&made, "%s/%s_TTrace_%lld.tla", place, module, (long long)time(NULL));
	else
		r = asprintf(&made, "%.*s/%s_TTrace_%lld.tla", slash ? (int)(slash - path) : 1,
			     slash ? path : ".", module, (long long)time(NULL));
	return r < 0 ? NULL : made;
}

static int write_to(struct writer *writer, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char *module = strndup(name, strlen(name) - strlen(".tla"));
	bool is_written = false;

	writer->out = module ? fopen(path, "we") : NULL;
	writer->module = module;
	if (writer->out) {
		write_head(writer);
		write_expression(writer);
		write_states(writer);
		write_steps(writer);
		write_config(writer);
		is_written = !ferror(writer->out);
		is_written &= fclose(writer->out) == 0;
	}
	if (is_written)
		check_say(writer->spec->say, SAY_TRACE_SPEC, "Trace exploration spec path: %s",
			  path);
	else
		check_refuse(writer->spec->say, SAY_TRACE_SPEC_FAILED, "cannot write %s: %s", path,
			     strerror(errno));
	free(module);
	return is_written ? APP_OK : APP_FAILED;
}

int check_trace_spec_write(struct check_spec *spec, const struct check *check)
{
	struct writer writer = { .spec = spec };
	int error, code = APP_FAILED;
	char *path;

	if (!spec->options->writes_trace_spec || spec->options->explore.no_trace ||
	    !check_trace_open(&writer.trace, spec, check, &error))
		return APP_OK;
	path = path_of(spec);
	if (path)
		code = write_to(&writer, path);
	else
		(void)app_failed(CHECK_NAME, "no memory for a trace specification");
	free(path);
	return code;
}

/* SPDX-License-Identifier: MIT */
/*
 * What -tool says of the front end: files that were read, and their errors, in the lines that
 * editors cut from SANY's output. They find a file by its "Parsing file" line, and an error's by
 * the "Semantic processing" line before it.
 *
 * Invariant: an error is said once: among SANY's lines where it is in a module, as a message where
 * it is in the configuration.
 */
#include "check/spec.h"

#include <stdlib.h>
#include <string.h>

/* Of a misfit the place may be in the specification. */
static bool is_in_config(const struct check_spec *spec, const struct tla_error *error)
{
	struct tla_place place = tla_place_of(&spec->model->spec->sources, error->pos);

	return spec->model->misfit || (place.file && place.file == spec->model->config_file);
}

static uint32_t kept_errors(const struct tla_sources *sources)
{
	return sources->error_count < TLA_ERRORS_MAX ? sources->error_count : TLA_ERRORS_MAX;
}

static bool has_errors(const struct check_spec *spec, bool in_config)
{
	const struct tla_sources *sources = &spec->model->spec->sources;

	for (uint32_t i = 0; i < kept_errors(sources); i++)
		if (is_in_config(spec, &sources->errors[i]) == in_config)
			return true;
	return false;
}

static void list_files(const struct check_spec *spec)
{
	const struct tla_sources *sources = &spec->model->spec->sources;

	for (uint32_t i = 0; i < sources->file_count; i++) {
		const struct tla_file *file = sources->files[i];
		char *path = file->is_builtin ? NULL : realpath(file->path, NULL);

		if (file != spec->model->config_file)
			printf("Parsing file %s\n", path ? path : file->path);
		free(path);
	}
}

static void list_modules(const struct check_spec *spec)
{
	const struct tla_spec *loaded = spec->model->spec;

	for (uint32_t i = loaded->module_count; i-- > 0;)
		printf("Semantic processing of module %s\n",
		       check_name(spec, loaded->modules[i]->name.sym));
}

/* Errors are in the order of their positions, hence those of a file stand together. */
static uint32_t list_errors_of(const struct check_spec *spec, uint32_t from)
{
	const struct tla_sources *sources = &spec->model->spec->sources;
	struct tla_place place = tla_place_of(sources, sources->errors[from].pos);
	const struct tla_file *file = place.file;
	uint32_t to = from;
	char module[256];

	while (to < kept_errors(sources) &&
	       tla_place_of(sources, sources->errors[to].pos).file == file)
		to++;
	check_module_of(file, module, sizeof(module));
	if (file)
		printf("Semantic processing of module %s\n", module);
	printf("Semantic errors:\n\n*** Errors: %u\n", (unsigned)(to - from));
	for (; from < to; from++) {
		place = tla_place_of(sources, sources->errors[from].pos);
		if (file)
			printf("\nline %u, col %u to line %u, col %u of module %s\n", place.line,
			       place.column, place.line, place.column, module);
		printf("\n%s\n\n", sources->errors[from].text);
	}
	return to;
}

static void list_errors(const struct check_spec *spec)
{
	const struct tla_sources *sources = &spec->model->spec->sources;
	uint32_t i = 0;

	while (i < kept_errors(sources))
		if (is_in_config(spec, &sources->errors[i]))
			i++;
		else
			i = list_errors_of(spec, i);
	if (sources->error_count > kept_errors(sources))
		printf("\nand %u more\n", (unsigned)(sources->error_count - kept_errors(sources)));
}

static enum check_code code_of(enum tla_misfit misfit)
{
	switch (misfit) {
	case TLA_MISFIT_UNDEFINED:
		return SAY_CONFIG_UNDEFINED;
	case TLA_MISFIT_CHAIN:
		return SAY_CONFIG_CHAIN;
	case TLA_MISFIT_REPLACEMENT:
		return SAY_CONFIG_REPLACEMENT;
	case TLA_MISFIT_ARGUMENTS:
		return SAY_CONFIG_ARGUMENTS;
	case TLA_MISFIT_VARIABLE:
		return SAY_CONFIG_VARIABLE;
	case TLA_MISFIT_NO_VALUE:
		return SAY_CONFIG_NO_VALUE;
	case TLA_MISFIT_BOTH:
		return SAY_CONFIG_BOTH;
	case TLA_MISFIT_NO_INIT:
		return SAY_CONFIG_NO_INIT;
	case TLA_MISFIT_NO_NEXT:
		return SAY_CONFIG_NO_NEXT;
	case TLA_MISFIT_INVARIANT:
		return SAY_INVARIANT_LEVEL;
	case TLA_MISFIT_ACTION:
		return SAY_CONFIG_ACTION;
	case TLA_MISFIT_LIVE:
		return SAY_LIVE_UNHANDLED;
	case TLA_FITS:
	case TLA_MISFIT_NOTHING:
	case TLA_MISFIT_OTHER:
		break;
	}
	return SAY_GENERAL;
}

static void say_config_errors(struct check_spec *spec)
{
	enum check_code code = code_of(spec->model->misfit);
	const struct tla_sources *sources = &spec->model->spec->sources;
	char text[1024];

	for (uint32_t i = 0; i < kept_errors(sources); i++)
		if (is_in_config(spec, &sources->errors[i]))
			check_say(
				spec->say, code, "%s",
				tla_error_format(sources, &sources->errors[i], text, sizeof(text)));
}

void check_front_say(struct check_spec *spec)
{
	struct check_say *say = spec->say;
	bool is_wrong = has_errors(spec, false);

	if (!spec->model->spec->module_count && !is_wrong && has_errors(spec, true)) {
		say_config_errors(spec); /* no module was looked at */
		return;
	}
	check_say(say, SAY_PARSING, "Starting SANY...");
	list_files(spec);
	if (is_wrong)
		list_errors(spec);
	else
		list_modules(spec);
	check_say(say, SAY_PARSED, "SANY finished.");
	check_say_starting(say);
	if (is_wrong)
		check_say(say, SAY_PARSING_FAILED, "Parsing or semantic analysis failed.");
	say_config_errors(spec);
}

/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the TLA+ front end share: texts in, trees or errors as text out.
 *
 * Invariant: a result is the test's for as long as its struct tla_spec lives.
 */
#ifndef TESTS_UNIT_TLA_TEXT_H
#define TESTS_UNIT_TLA_TEXT_H

#include "nw_test.h"

#include "tla/load.h"

#include <errno.h>

static inline struct tla_spec *new_spec(void)
{
	struct tla_spec *spec = NULL;

	CHECK_INT(tla_spec_create(&spec), ==, 0);
	return spec;
}

/* All errors, one a line, each `line:col: text`. */
static inline const char *errors_of(struct tla_spec *spec)
{
	static char text[16384];
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < spec->sources.error_count && i < TLA_ERRORS_MAX; i++) {
		const struct tla_error *error = &spec->sources.errors[i];
		struct tla_place place = tla_place_of(&spec->sources, error->pos);

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u:%u: %s",
					 i ? "\n" : "", place.line, place.column, error->text);
	}
	return text;
}

/* The tree of an expression, or its errors. */
static inline const char *tree_of(struct tla_spec *spec, const char *text)
{
	struct tla_file *file = tla_file_add(&spec->sources, "text", text, strlen(text));
	struct tla_expr *expr;
	size_t n_bytes;

	CHECK(file);
	expr = tla_parse_expression(spec, file);
	return expr ? tla_dump_expr(spec, expr, &n_bytes) : errors_of(spec);
}

/* The tree of a module, or its errors. */
static inline const char *module_tree_of(struct tla_spec *spec, const char *text)
{
	struct tla_file *file = tla_file_add(&spec->sources, "text", text, strlen(text));
	struct tla_module *module;
	size_t n_bytes;

	CHECK(file);
	module = tla_parse_module(spec, file);
	return module ? tla_dump_module(spec, module, &n_bytes) : errors_of(spec);
}

/* An expression and its tree (or errors), which is also the tree of its printed form. */
static inline void check_tree(const char *text, const char *tree)
{
	struct tla_spec *spec = new_spec();

	CHECK_STR(tree_of(spec, text), tree);
	if (spec->sources.error_count == 0) {
		struct tla_file *file = spec->sources.files[0];
		struct tla_expr *expr = tla_parse_expression(spec, file);
		size_t n_bytes;

		CHECK_STR(tree_of(spec, tla_print_expr(spec, expr, &n_bytes)), tree);
	}
	tla_spec_destroy(spec);
}

#endif /* TESTS_UNIT_TLA_TEXT_H */

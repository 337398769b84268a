/* SPDX-License-Identifier: MIT */
/*
 * From a file's name to the trees of all modules that it needs.
 *
 * A module that EXTENDS or INSTANCE names is, in this order: one nested in a module around the
 * place; a file Name.tla in the folder of the specification; one in the library folders as given;
 * one that is built in (modules/). Each is parsed once.
 *
 * Nothing here opens a file: the caller's reader does. Errors are kept in spec->sources, as many as
 * are found; a tree exists only for modules without any.
 *
 * Threads: one for a specification at a time; trees are read by any number of threads.
 */
#ifndef TLA_LOAD_H
#define TLA_LOAD_H

#include "ast.h"

struct tla_reader {
	/*
	 * The bytes of a file, lent until the specification is destroyed. 0; -ENOENT: no such
	 * file, the next folder is tried; another negative errno: reported.
	 */
	int (*read)(void *context, const char *path, const char **ret_text, size_t *ret_bytes);
	void *context;
	const char *const *folders; /* of -I, in order */
	uint32_t folder_count;
};

struct tla_spec {
	struct tla_symbols *symbols;
	struct tla_symbols *literals; /* contents of strings, while modules are read */
	struct tla_sources sources;
	/* In the order of loading: the root first, then what it names, depth first. Not nested
	 * ones. */
	struct tla_module **modules;
	uint32_t module_count, module_room;
	struct tla_module *root;         /* NULL until loaded */
	bool is_form_only;               /* set before: what names mean is not looked at */
	uint32_t expr_count, unit_count; /* ids are 1..count */
};

/* An empty specification. Enter symbols of the configuration now (symbol.h says why). */
int tla_spec_create(struct tla_spec **ret_spec);
void tla_spec_destroy(struct tla_spec *spec);

/*
 * Load a module and all that it needs. 0; -EINVAL: there are errors, all in spec->sources; -ENOMEM.
 */
int tla_spec_load(struct tla_spec *spec, const struct tla_reader *reader, const char *path);

/* Parse one text as a module, without what it names. The tree is lent; NULL: spec->sources says
 * why. */
struct tla_module *tla_parse_module(struct tla_spec *spec, const struct tla_file *file);
/* Parse a text as one expression: constants of a command line or an ALIAS. As above. */
struct tla_expr *tla_parse_expression(struct tla_spec *spec, const struct tla_file *file);

/* A loaded module that is not nested, by name; NULL: none. */
struct tla_module *tla_spec_module(const struct tla_spec *spec, tla_sym name);
/*
 * What a name in EXTENDS or INSTANCE of a module means: a module nested in it, in one that it
 * extends, or in one around it; else a loaded one. NULL: none.
 */
struct tla_module *tla_spec_find(const struct tla_spec *spec, const struct tla_module *from,
				 tla_sym name);

/*
 * A tree as TLA+ (which parses to the same tree), or as nested lists (equal for trees that say the
 * same). The text is lent, ended by NUL; NULL: no memory.
 */
const char *tla_print_module(struct tla_spec *spec, const struct tla_module *module,
			     size_t *ret_bytes);
const char *tla_print_expr(struct tla_spec *spec, const struct tla_expr *expr, size_t *ret_bytes);
const char *tla_dump_module(struct tla_spec *spec, const struct tla_module *module,
			    size_t *ret_bytes);
const char *tla_dump_expr(struct tla_spec *spec, const struct tla_expr *expr, size_t *ret_bytes);

/* Text of a module that is built in; NULL: none of that name. */
const char *tla_builtin_module(const char *name, size_t *ret_bytes);

#endif /* TLA_LOAD_H */

/* SPDX-License-Identifier: MIT */
/*
 * A specification: its root module, and all modules that it needs, each loaded once.
 *
 * Invariant: a module is in the list before what it names is looked for, and is_whole afterwards;
 * so a module that is met while it is not whole needs itself, which is refused.
 */
#include "../load.h"

#include "builtin.h"
#include "lex.h"
#include "names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MODULES_FIRST = 16, PATH_BYTES_MAX = 4096, LOOKED_BYTES_MAX = 300, LOAD_DEPTH_MAX = 200 };

struct loader {
	struct tla_spec *spec;
	const struct tla_reader *reader;
	struct tla_file *root;
	struct tla_module **last_whole; /* where the next that is whole is linked */
	char folder[PATH_BYTES_MAX];    /* of the root, with its slash; empty: the current one */
	uint32_t depth;
};

int tla_spec_create(struct tla_spec **ret_spec)
{
	struct tla_sources sources;
	struct tla_spec *spec;
	int r = tla_sources_init(&sources);

	if (r < 0)
		return r;
	spec = tla_piece(&sources, sizeof(*spec));
	r = spec ? tla_symbols_create(&spec->symbols) : -ENOMEM;
	if (r == 0) {
		r = tla_symbols_create(&spec->literals);
		if (r < 0)
			tla_symbols_destroy(spec->symbols);
	}
	if (r < 0) {
		tla_sources_fini(&sources);
		return r;
	}
	spec->sources = sources;
	*ret_spec = spec;
	return 0;
}

void tla_spec_destroy(struct tla_spec *spec)
{
	struct tla_sources sources;

	if (!spec)
		return;
	sources = spec->sources; /* which hold the specification itself */
	tla_symbols_destroy(spec->literals);
	tla_symbols_destroy(spec->symbols);
	tla_sources_fini(&sources);
}

const char *tla_builtin_module(const char *name, size_t *ret_bytes)
{
	for (const struct tla_embedded *e = tla_embedded; e->name; e++) {
		if (strcmp(e->name, name) != 0)
			continue;
		*ret_bytes = e->n_bytes;
		return e->text;
	}
	return NULL;
}

struct tla_module *tla_spec_module(const struct tla_spec *spec, tla_sym name)
{
	for (uint32_t i = 0; i < spec->module_count; i++)
		if (spec->modules[i]->name.sym == name)
			return spec->modules[i];
	return NULL;
}

static struct tla_module *find_nested(const struct tla_spec *spec, const struct tla_module *in,
				      tla_sym name, uint32_t depth)
{
	struct tla_module *found = NULL;

	for (uint32_t i = 0; i < in->unit_count; i++)
		if (in->units[i]->kind == TLA_U_MODULE && in->units[i]->name.sym == name)
			return in->units[i]->module;
	for (uint32_t i = 0; !found && depth < LOAD_DEPTH_MAX && i < in->extend_count; i++) {
		const struct tla_module *base = tla_spec_module(spec, in->extends[i].sym);

		if (base && base != in && base->is_whole)
			found = find_nested(spec, base, name, depth + 1);
	}
	return found;
}

struct tla_module *tla_spec_find(const struct tla_spec *spec, const struct tla_module *from,
				 tla_sym name)
{
	struct tla_module *found = NULL;

	for (; from && !found; from = from->outer)
		found = find_nested(spec, from, name, 0);
	return found ? found : tla_spec_module(spec, name);
}

/* Files. */

/* One try. 0: *ret_file is set; -ENOENT; another errno: reported. */
static int open_file(struct loader *l, const char *path, uint32_t pos, struct tla_file **ret_file)
{
	struct tla_sources *sources = &l->spec->sources;
	const char *text;
	size_t n_bytes;
	int r = l->reader->read(l->reader->context, path, &text, &n_bytes);

	if (r == -ENOENT)
		return r;
	if (r < 0) {
		tla_error_add(sources, pos, "%s cannot be read: %s", path, strerror(-r));
		return r;
	}
	*ret_file = tla_file_add(sources, path, text, n_bytes);
	if (*ret_file)
		return 0;
	tla_error_add(sources, pos, "%s is too large", path);
	return -EFBIG;
}

static int open_in(struct loader *l, const char *folder, const char *name, uint32_t pos,
		   struct tla_file **ret_file)
{
	size_t length = strlen(folder);
	const char *slash = length == 0 || folder[length - 1] == '/' ? "" : "/";
	char path[PATH_BYTES_MAX];
	int n = snprintf(path, sizeof(path), "%s%s%s.tla", folder, slash, name);

	return n < (int)sizeof(path) ? open_file(l, path, pos, ret_file) : -ENOENT;
}

static int open_builtin(struct loader *l, const char *name, struct tla_file **ret_file)
{
	char path[PATH_BYTES_MAX];
	size_t n_bytes;
	const char *text = tla_builtin_module(name, &n_bytes);

	if (!text)
		return -ENOENT;
	(void)snprintf(path, sizeof(path), "%s.tla (built in)", name); /* cut where it is absurd */
	*ret_file = tla_file_add(&l->spec->sources, path, text, n_bytes);
	if (!*ret_file)
		return -ENOMEM;
	(*ret_file)->is_builtin = true;
	return 0;
}

static void say_missing(struct loader *l, const struct tla_name *name)
{
	const struct tla_reader *reader = l->reader;
	char looked[LOOKED_BYTES_MAX] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < reader->folder_count && used < sizeof(looked); i++)
		used += (size_t)snprintf(looked + used, sizeof(looked) - used, ", %s",
					 reader->folders[i]);
	tla_error_add(&l->spec->sources, name->span.begin,
		      "no module '%s': looked for %s.tla in %s%s and among the modules that are "
		      "built in",
		      tla_symbol_text(l->spec->symbols, name->sym),
		      tla_symbol_text(l->spec->symbols, name->sym), *l->folder ? l->folder : "./",
		      looked);
}

/* The file of a module that is named at a place; an error is reported. */
static int find_file(struct loader *l, const struct tla_name *name, struct tla_file **ret_file,
		     uint32_t *ret_from)
{
	const char *text = tla_symbol_text(l->spec->symbols, name->sym);
	int r = open_in(l, l->folder, text, name->span.begin, ret_file);

	for (uint32_t i = 0; r == -ENOENT && i < l->reader->folder_count; i++)
		r = open_in(l, l->reader->folders[i], text, name->span.begin, ret_file);
	if (r == -ENOENT)
		r = open_builtin(l, text, ret_file);
	*ret_from = r == -ENOENT ? tla_find_module(l->root, text) : 0;
	if (*ret_from == UINT32_MAX) {
		say_missing(l, name);
		return -ENOENT;
	}
	if (r == -ENOENT)
		*ret_file = l->root;
	return r == -ENOENT ? 0 : r;
}

/* Modules. */

static bool keep(struct tla_spec *spec, struct tla_module *module)
{
	uint32_t room = spec->module_room ? 2 * spec->module_room : MODULES_FIRST;
	struct tla_module **modules;

	if (spec->module_count == spec->module_room) {
		modules = tla_piece(&spec->sources, room * sizeof(struct tla_module *));
		if (!modules)
			return false;
		if (spec->module_count > 0)
			memcpy(modules, spec->modules,
			       spec->module_count * sizeof(struct tla_module *));
		spec->modules = modules;
		spec->module_room = room;
	}
	spec->modules[spec->module_count++] = module;
	return true;
}

static void load_refs(struct loader *l, struct tla_module *module);

static struct tla_module *load_file(struct loader *l, const struct tla_file *file, uint32_t from,
				    const char *name)
{
	struct tla_spec *spec = l->spec;
	struct tla_module *module = tla_parse_module_at(spec, file, from);

	if (!module)
		return NULL;
	if (strcmp(tla_symbol_text(spec->symbols, module->name.sym), name) != 0) {
		tla_error_add(&spec->sources, module->name.span.begin,
			      "module '%s' in a file that is called '%s.tla'",
			      tla_symbol_text(spec->symbols, module->name.sym), name);
		return NULL;
	}
	if (!keep(spec, module))
		return NULL;
	load_refs(l, module);
	module->is_whole = true;
	*l->last_whole = module;
	l->last_whole = &module->next_whole;
	return module;
}

/* What a module names; each error is reported where the name stands. */
static void load_ref(struct loader *l, const struct tla_ref *ref)
{
	struct tla_module *known = tla_spec_find(l->spec, ref->from, ref->name.sym);
	const char *name = tla_symbol_text(l->spec->symbols, ref->name.sym);
	struct tla_file *file;
	uint32_t from;

	if (known && !known->outer && !known->is_whole)
		tla_error_add(&l->spec->sources, ref->name.span.begin,
			      "module '%s' needs itself: this name leads back to it", name);
	if (known)
		return;
	for (uint32_t i = 0; i < l->spec->sources.file_count; i++)
		if (l->spec->sources.files[i]->has_failed_as == ref->name.sym)
			return;
	if (find_file(l, &ref->name, &file, &from) == 0 && !load_file(l, file, from, name))
		file->has_failed_as = ref->name.sym;
}

static void load_refs(struct loader *l, struct tla_module *module)
{
	if (++l->depth > LOAD_DEPTH_MAX)
		tla_error_add(&l->spec->sources, module->name.span.begin,
			      "more than %d modules that each need the next", LOAD_DEPTH_MAX);
	/* SANY's order, on which the order of strings depends: what is extended comes first. */
	for (uint32_t pass = 0; pass < 2 && l->depth <= LOAD_DEPTH_MAX; pass++)
		for (uint32_t i = 0; i < module->ref_count; i++)
			if (module->refs[i].is_extends == (pass == 0))
				load_ref(l, &module->refs[i]);
	l->depth--;
}

/* "dir/Spec.tla" is Spec in dir/. */
static bool split_path(struct loader *l, const char *path, char *name)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t folder_bytes = (size_t)(base - path), name_bytes = strlen(base);

	if (name_bytes > 4 && strcmp(base + name_bytes - 4, ".tla") == 0)
		name_bytes -= 4;
	if (folder_bytes >= sizeof(l->folder) || name_bytes >= PATH_BYTES_MAX)
		return false;
	memcpy(l->folder, path, folder_bytes);
	l->folder[folder_bytes] = '\0';
	memcpy(name, base, name_bytes);
	name[name_bytes] = '\0';
	return true;
}

/* The root, which has no place in a text; "Spec" is Spec.tla. */
static struct tla_module *load_root(struct loader *l, const char *path)
{
	struct tla_sources *sources = &l->spec->sources;
	char name[PATH_BYTES_MAX];
	struct tla_file *file;
	int r;

	if (!split_path(l, path, name)) {
		tla_error_add(sources, TLA_NO_POS, "%.100s...: too long a path", path);
		return NULL;
	}
	/* SANY, too, knows the root's name before anything in it. */
	if (tla_symbol(l->spec->symbols, name, strlen(name)) == TLA_NO_SYM)
		return NULL;
	r = open_file(l, path, TLA_NO_POS, &file);
	if (r == -ENOENT)
		r = open_in(l, l->folder, name, TLA_NO_POS, &file);
	if (r == -ENOENT)
		tla_error_add(sources, TLA_NO_POS, "%s: no such file", path);
	if (r < 0)
		return NULL;
	l->root = file;
	return load_file(l, file, 0, name);
}

int tla_spec_load(struct tla_spec *spec, const struct tla_reader *reader, const char *path)
{
	struct tla_module *first_whole = NULL;
	struct loader l = { .spec = spec, .reader = reader, .last_whole = &first_whole };
	struct tla_module *root = load_root(&l, path);

	for (const struct tla_module *at = first_whole; at; at = at->next_whole)
		tla_enter_literals_of(spec, at);
	if (root && spec->sources.error_count == 0 && !spec->is_form_only)
		tla_check_names(spec, root);
	if (spec->sources.is_full)
		return -ENOMEM;
	if (spec->sources.error_count > 0 || !root)
		return -EINVAL;
	spec->root = root;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The table of built-in models.
 *
 * Invariant: names are unique, and the order is the one people read in `--model list`.
 */
#include "builtin.h"

#include <nw/models.h>

#include <string.h>

static const struct nw_model *const builtins[] = {
	&nwi_model_cube2,    &nwi_model_slide,           &nwi_model_grid,  &nwi_model_tree,
	&nwi_model_peterson, &nwi_model_peterson_broken, &nwi_model_flurm, &nwi_model_philosophers,
};
enum { BUILTIN_COUNT = sizeof(builtins) / sizeof(builtins[0]) };

const struct nw_model *nw_model_builtin_at(size_t model_idx)
{
	return model_idx < BUILTIN_COUNT ? builtins[model_idx] : NULL;
}

const struct nw_model *nw_model_find(const char *name)
{
	for (size_t i = 0; i < BUILTIN_COUNT; i++) {
		if (strcmp(builtins[i]->name, name) == 0)
			return builtins[i];
	}
	return NULL;
}

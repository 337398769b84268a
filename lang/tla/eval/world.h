/* SPDX-License-Identifier: MIT */
/*
 * What all evaluators of a specification share: its names, its variables, its model values.
 * Not changed once the specification is compiled, but for model values, which are added before.
 */
#ifndef TLA_WORLD_H
#define TLA_WORLD_H

#include "../load.h"
#include "../value/store.h"
#include "code.h"

#include <pthread.h>

struct tla_world {
	struct tla_spec *spec;
	struct tla_store *store;
	tla_sym *vars; /* in the order of their declaration */
	uint32_t var_count;
	tla_sym *models; /* model values */
	uint32_t model_count, model_room;
	uint32_t constant_count;
	/* Of the symbol table while threads evaluate: ToString() and \o make strings. */
	pthread_mutex_t *symbol_lock;
};

/* The symbol of a text that may be new; TLA_NO_SYM: no memory. Threads: any. */
tla_sym tla_world_symbol(const struct tla_world *world, const char *text, size_t n_bytes);
/* Text of a symbol, of a model value: the heap's hooks, names being the world. Threads: any. */
const char *tla_world_string_text(const void *world, uint32_t sym);
const char *tla_world_model_text(const void *world, uint32_t model_idx);

#endif /* TLA_WORLD_H */

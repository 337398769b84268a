/* SPDX-License-Identifier: MIT */
/* Names while threads evaluate: the symbol table has one writer or many readers, so a lock is
 * around it. */
#include "world.h"

tla_sym tla_world_symbol(const struct tla_world *world, const char *text, size_t n_bytes)
{
	tla_sym sym;

	pthread_mutex_lock(world->symbol_lock);
	sym = tla_symbol(world->spec->symbols, text, n_bytes);
	pthread_mutex_unlock(world->symbol_lock);
	return sym;
}

void tla_world_add_constant(struct tla_world *world, struct tla_constant *constant)
{
	constant->constant_idx = world->constant_count++;
	constant->next = world->constants;
	world->constants = constant;
}

const char *tla_world_string_text(const void *context, uint32_t sym)
{
	const struct tla_world *world = context;
	const char *text;

	pthread_mutex_lock(world->symbol_lock);
	text = tla_symbol_text(world->spec->symbols, sym);
	pthread_mutex_unlock(world->symbol_lock);
	return text;
}

const char *tla_world_model_text(const void *context, uint32_t model_idx)
{
	const struct tla_world *world = context;

	return tla_world_string_text(context, world->models[model_idx]);
}

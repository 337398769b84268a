/* SPDX-License-Identifier: MIT */
/* Names while threads evaluate: the symbol table has one writer or many readers, so a lock is
 * around it. */
#include "world.h"

#include <string.h>

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

/* --- Model values that are made while threads evaluate --- */

bool tla_world_reserve_models(struct tla_world *world)
{
	uint32_t room = world->model_count + TLA_MODELS_MORE;
	tla_sym *models = tla_piece(&world->spec->sources, room * sizeof *models);

	if (!models)
		return false;
	if (world->model_count > 0)
		memcpy(models, world->models, world->model_count * sizeof *models);
	world->models = models;
	world->model_room = room;
	return true;
}

/* Where it is, or the place behind the last one. Under the lock. */
static uint32_t find(const struct tla_world *world, tla_sym sym)
{
	uint32_t i = 0;

	while (i < world->model_count && world->models[i] != sym)
		i++;
	return i;
}

tla_value tla_world_model(const struct tla_world *shared, const char *name)
{
	struct tla_world *world = (struct tla_world *)shared; /* its model values have a lock */
	tla_value v = TLA_NONE;
	tla_sym sym;
	uint32_t i;

	pthread_mutex_lock(world->symbol_lock);
	sym = tla_symbol(world->spec->symbols, name, strlen(name));
	i = find(world, sym);
	if (sym && i == world->model_count && i < world->model_room)
		world->models[world->model_count++] = sym;
	if (sym && i < world->model_count)
		v = tla_model(i);
	pthread_mutex_unlock(world->symbol_lock);
	return v;
}

uint32_t tla_world_model_count(const struct tla_world *world)
{
	uint32_t count;

	pthread_mutex_lock(world->symbol_lock);
	count = world->model_count;
	pthread_mutex_unlock(world->symbol_lock);
	return count;
}

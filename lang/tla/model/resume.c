/* SPDX-License-Identifier: MIT */
/*
 * What checkpoints ask of a search. Invariant: symbols and model values of the process that wrote
 * are those of the process that reads, from the first to the last; so a value's hash is the same in
 * both, and so are fingerprints.
 */
#include "resume.h"

#include "search_worker.h"

#include "../value/order.h"
#include "../value/pack.h"

#include <errno.h>
#include <string.h>

/* ---- names ---- */

static int save_names(const struct tla_world *world, struct nw_model_file *file)
{
	const struct tla_symbols *symbols = world->spec->symbols;
	uint32_t counts[2] = { tla_symbol_count(symbols), world->model_count };
	int rc = file->put(file, counts, sizeof counts);

	for (tla_sym sym = 1; rc == 0 && sym <= counts[0]; sym++) {
		uint32_t n_bytes = (uint32_t)tla_symbol_bytes(symbols, sym);

		rc = file->put(file, &n_bytes, sizeof n_bytes);
		if (rc == 0)
			rc = file->put(file, tla_symbol_text(symbols, sym), n_bytes);
	}
	return rc < 0 ? rc : file->put(file, world->models, counts[1] * sizeof *world->models);
}

static int search_save(const void *data, struct nw_model_file *file)
{
	const struct tla_search *search = data;

	return save_names(&search->model->world, file);
}

/* The text of the next symbol; the piece stays. */
static int get_text(struct tla_world *world, struct nw_model_file *file, char **ret_text,
		    uint32_t *ret_bytes)
{
	int rc = file->get(file, ret_bytes, sizeof *ret_bytes);

	if (rc < 0)
		return rc;
	*ret_text = tla_piece(&world->spec->sources, (size_t)*ret_bytes + 1);
	return *ret_text ? file->get(file, *ret_text, *ret_bytes) : -ENOMEM;
}

/* What is there already must be the same; what is not is entered. */
static int restore_symbols(struct tla_world *world, struct nw_model_file *file, uint32_t count)
{
	if (tla_symbol_count(world->spec->symbols) > count)
		return -ESTALE;
	for (tla_sym sym = 1; sym <= count; sym++) {
		uint32_t n_bytes;
		char *text;
		int rc = get_text(world, file, &text, &n_bytes);

		if (rc < 0)
			return rc;
		if (tla_symbol(world->spec->symbols, text, n_bytes) != sym)
			return -ESTALE;
	}
	return 0;
}

static int restore_models(struct tla_world *world, struct nw_model_file *file, uint32_t count)
{
	uint32_t had = world->model_count;

	if (count < had || count > world->model_room)
		return -ESTALE;
	for (uint32_t i = 0; i < count; i++) {
		tla_sym sym;
		int rc = file->get(file, &sym, sizeof sym);

		if (rc < 0)
			return rc;
		if (sym == TLA_NO_SYM || sym > tla_symbol_count(world->spec->symbols) ||
		    (i < had && world->models[i] != sym))
			return -ESTALE;
		world->models[i] = sym;
	}
	world->model_count = count;
	return 0;
}

/* Before any worker evaluates. */
static int search_restore(const void *data, struct nw_model_file *file)
{
	struct tla_search *search = (struct tla_search *)data;
	struct tla_world *world = (struct tla_world *)&search->model->world; /* its names */
	uint32_t counts[2];
	int rc = file->get(file, counts, sizeof counts);

	if (rc == 0)
		rc = restore_symbols(world, file, counts[0]);
	if (rc == 0)
		rc = restore_models(world, file, counts[1]);
	search->has_initial = true; /* they were found by the process that wrote */
	return rc;
}

/* ---- states ---- */

struct pack {
	struct nw_mem mem; /* this */
	struct tla_packer *packer;
	uint32_t var_count;
	uint32_t state_bytes;
	tla_value values[];
};

static int pack_open(void **ret_pack, const void *data)
{
	const struct tla_search *search = data;
	const struct tla_world *world = &search->model->world;
	struct pack *pack;
	struct nw_mem mem;
	int rc;

	if (nw_mem_alloc(&mem, NW_NODE_ANY, sizeof *pack + search->interface.state_bytes, 0))
		return -ENOMEM;
	pack = mem.base;
	pack->mem = mem;
	pack->var_count = world->var_count;
	pack->state_bytes = search->interface.state_bytes;
	rc = tla_packer_create(&pack->packer, world->store);
	if (rc < 0)
		nw_mem_free(&mem);
	else
		*ret_pack = pack;
	return rc;
}

static void pack_close(void *opaque)
{
	struct pack *pack = opaque;
	struct nw_mem mem = pack->mem;

	tla_packer_destroy(pack->packer);
	nw_mem_free(&mem);
}

static int pack_state(void *opaque, struct nw_model_file *file, const uint8_t *state,
		      size_t n_bytes)
{
	struct pack *pack = opaque;

	memcpy(pack->values, state, n_bytes);
	return tla_pack_state(pack->packer, file, pack->values, pack->var_count);
}

static int unpack_state(void *opaque, struct nw_model_file *file, uint8_t *ret_state,
			size_t *ret_bytes)
{
	struct pack *pack = opaque;
	int rc = tla_unpack_state(pack->packer, file, pack->values, pack->var_count);

	/* Where evaluations are counted: which action made it is not kept. */
	if (pack->state_bytes > pack->var_count * sizeof(tla_value))
		pack->values[pack->var_count] = UINT64_MAX;
	*ret_bytes = pack->state_bytes;
	if (rc == 0)
		memcpy(ret_state, pack->values, *ret_bytes);
	return rc;
}

/* Of the contents: sums, so that one value's hash need not wait for another's. */
uint64_t tla_search_contents(const tla_value *values, uint32_t count)
{
	uint64_t hash = count * sizeof *values;

	for (uint32_t i = 0; i < count; i++)
		hash += tla_mix(tla_hash(values[i]), i * sizeof *values);
	return tla_mix(hash, 1);
}

static uint64_t identity_of_contents(void *opaque, const uint8_t *state, size_t n_bytes)
{
	struct tla_search_context *context = opaque;

	return tla_search_contents(tla_search_aligned(context, 2, state, n_bytes),
				   context->search->model->world.var_count);
}

void tla_search_make_resumable(struct tla_search *search)
{
	struct nw_model *interface = &search->interface;

	if (!interface->identity)
		interface->identity = identity_of_contents;
	interface->save = search_save;
	interface->restore = search_restore;
	interface->pack_open = pack_open;
	interface->pack = pack_state;
	interface->unpack = unpack_state;
	interface->pack_close = pack_close;
}

/* SPDX-License-Identifier: MIT */
/*
 * Paths of random walks, and the fault that is reported.
 * Invariant: a fault's steps are copies, so that the walker may go on.
 */
#include "walk.h"

#include <errno.h>

int nwi_path_open(struct nwi_path *path, nw_node node, size_t reserve_bytes)
{
	int rc = nwi_array_open(&path->bytes, node, reserve_bytes, 1);

	return rc < 0 ? rc
		      : nwi_array_open(&path->places, node, reserve_bytes,
				       sizeof(struct nwi_place));
}

void nwi_path_close(struct nwi_path *path, struct nwi_budget *budget)
{
	nwi_array_close(&path->bytes, budget);
	nwi_array_close(&path->places, budget);
}

int nwi_path_add(struct nwi_path *path, struct nwi_budget *budget, const uint8_t *state,
		 uint32_t n_bytes, uint32_t part_idx)
{
	uint64_t offset = path->bytes.count;

	while (path->bytes.count_max - offset < n_bytes)
		if (nwi_array_extend(&path->bytes, budget) < 0)
			return -ENOMEM;
	if (nwi_array_grow(&path->places, budget) < 0)
		return -ENOMEM;
	if (n_bytes > 0)
		memcpy((uint8_t *)path->bytes.items + offset, state, n_bytes);
	path->bytes.count += n_bytes;
	((struct nwi_place *)path->places.items)[path->places.count++] = (struct nwi_place){
		offset, n_bytes, part_idx
	};
	return 0;
}

static const char *part_name(const struct nwi_walker *walker, uint32_t part_idx)
{
	const struct nw_model *model = walker->walk->options.model;

	return part_idx == NW_PART_NONE ? NULL : model->part_name(walker->context, part_idx);
}

static bool is_same(const struct nw_explore_step *a, const struct nw_explore_step *b)
{
	return a->n_bytes == b->n_bytes && memcmp(a->state, b->state, a->n_bytes) == 0;
}

size_t nwi_path_steps(const struct nwi_walker *walker, struct nw_explore_step *ret_steps)
{
	const struct nwi_path *path = &walker->path;
	size_t count = 0;

	for (uint64_t i = 0; i < path->places.count; i++) {
		const struct nwi_place *place = nwi_path_at(path, i);

		ret_steps[count] = (struct nw_explore_step){ .state = nwi_path_state(path, i),
							     .n_bytes = place->n_bytes,
							     .action = part_name(walker,
										 place->part_idx),
							     .part_idx = place->part_idx };
		count += count == 0 || !is_same(&ret_steps[count], &ret_steps[count - 1]);
	}
	return count;
}

int nwi_path_make_room(struct nwi_walker *walker)
{
	int rc = 0;

	while (rc == 0 && walker->steps.count_max < walker->path.places.count)
		rc = nwi_array_extend(&walker->steps, &walker->walk->budget);
	return rc;
}

int nw_walk_path(const struct nw_walk *walk, const struct nw_explore_step **ret_steps,
		 size_t *ret_step_count)
{
	struct nwi_walker *walker = nwi_walker_here;
	struct nw_explore_step *steps;

	if (!walker || walker->walk != walk)
		return -EINVAL;
	if (nwi_path_make_room(walker) < 0)
		return -ENOMEM;
	steps = walker->steps.items;
	for (uint64_t i = 0; i < walker->path.places.count; i++) {
		const struct nwi_place *place = nwi_path_at(&walker->path, i);

		steps[i] = (struct nw_explore_step){ .state = nwi_path_state(&walker->path, i),
						     .n_bytes = place->n_bytes,
						     .part_idx = place->part_idx };
	}
	*ret_steps = steps;
	*ret_step_count = walker->path.places.count;
	return 0;
}

static bool copy_steps(struct nwi_walk_fault *fault)
{
	for (size_t i = 0; i < fault->step_count; i++) {
		size_t n_bytes = fault->steps[i].n_bytes;
		uint8_t *copy = nw_arena_alloc(fault->arena, n_bytes, 8);

		if (!copy)
			return false;
		if (n_bytes > 0)
			memcpy(copy, fault->steps[i].state, n_bytes);
		fault->steps[i].state = copy;
	}
	return true;
}

/* Names of parts are the context's, which lives as long as the walks. */
static bool make_fault(const struct nwi_walker *walker, struct nwi_walk_fault *fault)
{
	const struct nwi_path *path = &walker->path;
	size_t step_bytes = (path->places.count + 1) * sizeof(*fault->steps);
	size_t all_bytes = step_bytes + path->bytes.count + 8 * path->places.count;

	if (nw_arena_create(&fault->arena, NW_NODE_ANY, all_bytes + 4096, 0) < 0)
		return false;
	fault->steps = nw_arena_alloc(fault->arena, step_bytes, 8);
	if (fault->steps) {
		fault->step_count = nwi_path_steps(walker, fault->steps);
		if (copy_steps(fault))
			return true;
	}
	nw_arena_destroy(fault->arena);
	return false;
}

static void keep_first(struct nw_walk *walk, struct nwi_walk_fault *fault)
{
	struct nw_arena *spent = fault->arena;

	pthread_mutex_lock(&walk->fault_lock);
	if (fault->walk_idx < walk->fault.walk_idx) {
		spent = walk->fault.arena;
		walk->fault = *fault;
		atomic_store(&walk->bound, fault->walk_idx);
	}
	pthread_mutex_unlock(&walk->fault_lock);
	nw_arena_destroy(spent);
}

bool nwi_walk_keep_fault(struct nwi_walker *walker, enum nw_explore_end end, const char *name,
			 const void *state, uint32_t n_bytes)
{
	struct nw_walk *walk = walker->walk;
	struct nwi_walk_fault fault = { .walk_idx = walker->walk_idx, .end = end, .name = name };

	walker->is_over = true;
	if (atomic_load(&walk->bound) <= walker->walk_idx)
		return true;
	if (state &&
	    nwi_path_add(&walker->path, &walk->budget, state, n_bytes, walker->part_idx) < 0)
		return false;
	if (!make_fault(walker, &fault))
		return false;
	keep_first(walk, &fault);
	return true;
}

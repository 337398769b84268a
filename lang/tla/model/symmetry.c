/* SPDX-License-Identifier: MIT */
/*
 * The group that a SYMMETRY's permutations generate, each as an array from model value to model
 * value, the identity first. Invariant: closed under composition, so the least hash over it is the
 * same for all states of an orbit.
 */
#include "symmetry.h"

#include "../eval/eval.h"
#include "../value/fcn.h"
#include "../value/print.h"
#include "../value/set.h"

#include <errno.h>
#include <string.h>

/* 8! permutations are the most that anybody waits for. */
enum { PERMS_MAX = 40320 };

struct group {
	uint32_t width; /* model values */
	uint32_t count, room;
	uint32_t *perms;
	struct tla_sources *sources; /* whose memory it is */
};

static bool contains(const struct group *group, const uint32_t *perm)
{
	for (uint32_t i = 0; i < group->count; i++)
		if (!memcmp(group->perms + (size_t)i * group->width, perm,
			    group->width * sizeof *perm))
			return true;
	return false;
}

/* false: no memory, or too many. */
static bool add(struct group *group, const uint32_t *perm)
{
	size_t n_bytes = group->width * sizeof *perm;

	if (contains(group, perm))
		return true;
	if (group->count == PERMS_MAX)
		return false;
	if (group->count == group->room) {
		uint32_t room = 2 * group->room + 16;
		uint32_t *perms = tla_piece(group->sources, room * n_bytes);

		if (!perms)
			return false;
		if (group->count > 0)
			memcpy(perms, group->perms, group->count * n_bytes);
		group->perms = perms;
		group->room = room;
	}
	memcpy(group->perms + (size_t)group->count * group->width, perm, n_bytes);
	group->count++;
	return true;
}

/* A function on model values as an array; false: it is no permutation of them. */
static bool to_perm(const struct group *group, tla_value fcn, uint32_t *perm)
{
	if (!tla_is_kind(fcn, TLA_FCN))
		return false;
	for (uint32_t i = 0; i < group->width; i++)
		perm[i] = i;
	for (uint32_t i = 0; i < tla_obj(fcn)->count; i++) {
		tla_value from = tla_fcn_domain_at(tla_obj(fcn), i);
		tla_value to = tla_fcn_values(tla_obj(fcn))[i];

		if (tla_tag(from) != TLA_MODEL || tla_tag(to) != TLA_MODEL)
			return false;
		perm[tla_id_of(from)] = tla_id_of(to);
	}
	return true;
}

/* Every product of a permutation found and a generator, until nothing is new. */
static bool close_group(struct group *group, const uint32_t *generators, uint32_t generator_count)
{
	uint32_t *product = tla_piece(group->sources, group->width * sizeof *product);

	for (uint32_t i = 0; product && i < group->count; i++) {
		for (uint32_t g = 0; g < generator_count; g++) {
			for (uint32_t v = 0; v < group->width; v++)
				product[v] = generators[(size_t)g * group->width +
							group->perms[(size_t)i * group->width + v]];
			if (!add(group, product))
				return false;
		}
	}
	return product != NULL;
}

static bool add_set(struct group *group, struct tla_heap *heap, tla_value set, uint32_t *perm)
{
	tla_value all = tla_explicit(heap, set);
	char text[TLA_BRIEF_BYTES];

	if (!all || !tla_is_finite(all)) {
		tla_fail(heap, "SYMMETRY needs a set of permutations.");
		return false;
	}
	for (uint64_t i = 0; i < tla_set_count(tla_obj(all)); i++) {
		tla_value one = tla_set_at(tla_obj(all), i);

		if (!to_perm(group, one, perm)) {
			tla_fail(heap,
				 "SYMMETRY needs permutations of model values, but one is:\n%s",
				 tla_brief(heap, one, text));
			return false;
		}
		if (!add(group, perm))
			return false;
	}
	return true;
}

int tla_symmetry(struct tla_runner *runner, uint32_t **ret_perms, uint32_t *ret_count,
		 uint32_t *ret_width)
{
	const struct tla_model *model = runner->model;
	struct group group = { .width = tla_world_model_count(&model->world),
			       .sources = &model->spec->sources };
	uint32_t *perm = tla_piece(group.sources, (group.width + 1) * sizeof *perm);
	uint32_t *generators, generator_count;

	for (uint32_t i = 0; perm && i < group.width; i++)
		perm[i] = i;
	if (!perm || !add(&group, perm))
		return -ENOMEM;
	for (uint32_t i = 0; i < model->symmetry.count; i++) {
		tla_value set = tla_run_value(runner, &model->symmetry.at[i], NULL, NULL);

		if (!set || !add_set(&group, runner->eval.heap, set, perm))
			return -EINVAL;
	}
	generators = group.perms;
	generator_count = group.count;
	if (!close_group(&group, generators, generator_count)) {
		tla_fail(runner->eval.heap, "SYMMETRY makes more than %d permutations.", PERMS_MAX);
		return -EINVAL;
	}
	*ret_perms = group.perms;
	*ret_count = group.count;
	*ret_width = group.width;
	return 0;
}

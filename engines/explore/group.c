/* SPDX-License-Identifier: MIT */
/*
 * What becomes of candidates before they are routed: their sizes are looked at, and they get their
 * fingerprints and the links to their parents.
 *
 * Invariant: a state that is no state of the model ends the search here and is never checked.
 */
#include "explore.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Any fixed number does; it must never change, or fingerprints kept on disk would not match. */
static const uint64_t FP_SEED = UINT64_C(0x6e6f646577697365); /* "nodewise" */

uint64_t nwi_fingerprint(const uint8_t *state, uint32_t n_bytes)
{
	return XXH3_64bits_withSeed(state, n_bytes, FP_SEED);
}

static bool refuse_size(struct nwi_worker *worker)
{
	nwi_end_fault(worker->explore,
		      "the model emitted a state whose size is not the one it declared");
	return false;
}

/* Fingerprints where the model says itself which states are the same. */
static void identify(struct nwi_worker *worker)
{
	const struct nw_model *model = worker->explore->options.model;
	struct nwi_lot *group = &worker->group;
	uint32_t o = 0;

	for (uint32_t i = 0; i < group->count; i++) {
		uint32_t n_bytes;
		const uint8_t *state = nwi_lot_state(group, i, &n_bytes);

		while (o + 1 < worker->origin_count && worker->origins[o + 1].first <= i)
			o++;
		worker->looked_from = worker->origins[o].place;
		group->fps[i] = model->identity(worker->context, state, n_bytes);
	}
	worker->looked_from = NWI_NO_LINK;
}

static bool measure_fixed(struct nwi_worker *worker, uint32_t n_bytes)
{
	struct nwi_lot *group = &worker->group;
	uint32_t differ = 0;

	for (uint32_t i = 0; i < group->count; i++)
		differ |= worker->emit.mark[i] ^ n_bytes;
	if (differ)
		return refuse_size(worker);
	if (worker->explore->options.model->identity)
		identify(worker);
	else if (n_bytes == 8) /* apart, so that the hash's choice by length is made once */
		for (uint32_t i = 0; i < group->count; i++)
			group->fps[i] = XXH3_64bits_withSeed(group->bytes + (size_t)i * 8, 8,
							     FP_SEED);
	else
		for (uint32_t i = 0; i < group->count; i++)
			group->fps[i] = XXH3_64bits_withSeed(group->bytes + (size_t)i * n_bytes,
							     n_bytes, FP_SEED);
	return true;
}

static bool measure_varying(struct nwi_worker *worker)
{
	struct nwi_lot *group = &worker->group;
	uint32_t at = 0;

	for (uint32_t i = 0; i < group->count; i++) {
		uint32_t n_bytes = worker->emit.mark[i];

		if (n_bytes > NW_STATE_BYTES_MAX)
			return refuse_size(worker);
		group->offsets[i] = at;
		group->fps[i] = XXH3_64bits_withSeed(group->bytes + at, n_bytes, FP_SEED);
		at += n_bytes;
	}
	group->offsets[group->count] = at;
	if (worker->explore->options.model->identity)
		identify(worker);
	return true;
}

static bool measure(struct nwi_worker *worker)
{
	uint32_t fixed = worker->explore->state_bytes;

	worker->group.count = worker->emit.count;
	return fixed ? measure_fixed(worker, fixed) : measure_varying(worker);
}

/* Initial states have no parent: their number may take its place in the link, too. */
static bool are_too_many(const struct nwi_origin *from, uint32_t count)
{
	bool is_initial = from->place == nwi_link_to(NWI_POOL_NONE, 0, 0);

	return from->ordinal + (uint64_t)count >
	       (is_initial ? UINT32_MAX : UINT64_C(1) << NWI_ORDINAL_BITS);
}

static bool link_up(struct nwi_worker *worker)
{
	struct nwi_lot *group = &worker->group;

	for (uint32_t o = 0; o < worker->origin_count; o++) {
		const struct nwi_origin *from = &worker->origins[o];
		uint32_t end = o + 1 < worker->origin_count ? from[1].first : group->count;

		if (are_too_many(from, end - from->first)) {
			nwi_end_fault(worker->explore, "a state has more than %u successors",
				      1u << NWI_ORDINAL_BITS);
			return false;
		}
		for (uint32_t i = from->first; i < end; i++)
			group->links[i] = from->place + from->ordinal + (i - from->first);
	}
	return true;
}

bool nwi_group_close(struct nwi_worker *worker)
{
	return measure(worker) && link_up(worker);
}

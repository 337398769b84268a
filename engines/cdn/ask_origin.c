/* SPDX-License-Identifier: MIT */
/* A search for origins from its beginning to its end. */
#include "cdn/ask_origin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 100 };

const char *nw_cdn_origin_kind_name(enum nw_cdn_origin_kind kind)
{
	static const char *const names[] = {
		[NW_CDN_ORIGIN_FRONT] = "front",         [NW_CDN_ORIGIN_LOOKED] = "looked",
		[NW_CDN_ORIGIN_CANDIDATE] = "candidate", [NW_CDN_ORIGIN_LEFT_OUT] = "left-out",
		[NW_CDN_ORIGIN_COMPARED] = "compared",
	};

	return names[kind];
}

bool nwi_origin_is_over(struct nwi_origin *origin)
{
	const struct nw_cdn_origin_options *options = origin->options;

	if (!nwi_ask_may(origin->asker, 0) ||
	    (options->is_over && options->is_over(options->context)))
		origin->is_spent = true;
	return origin->is_spent;
}

void nwi_origin_wait(struct nwi_origin *origin)
{
	nwi_web_wait(origin->asker->web, origin->asker->dns, WAIT_MS);
}

void nwi_origin_tell(struct nwi_origin *origin, struct nw_cdn_origin_step step)
{
	if (!step.name)
		step.name = "";
	if (!step.title)
		step.title = "";
	origin->options->tell(origin->options->context, &step);
}

static int refuse(struct nw_diag *diag, int rc, const char *text)
{
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text), "%s", text);
	return rc;
}

static int make_room(struct nwi_origin *origin)
{
	size_t n_bytes = NWI_ORIGIN_NAMES * sizeof(*origin->names) +
			 NWI_ORIGIN_CANDIDATES * sizeof(*origin->candidates) +
			 (NWI_ORIGIN_CHECKS + 1) * sizeof(*origin->checks) +
			 sizeof(*origin->sight) + (1 << 16);
	int rc = nw_arena_create(&origin->arena, NW_NODE_ANY, n_bytes, 0);

	if (rc < 0)
		return rc;
	origin->names = nw_arena_alloc(origin->arena, NWI_ORIGIN_NAMES * sizeof(*origin->names),
				       64);
	origin->candidates = nw_arena_alloc(
		origin->arena, NWI_ORIGIN_CANDIDATES * sizeof(*origin->candidates), 64);
	origin->checks = nw_arena_alloc(origin->arena, NWI_ORIGIN_CHECKS * sizeof(*origin->checks),
					64);
	origin->front = nw_arena_alloc(origin->arena, sizeof(*origin->front), 64);
	origin->sight = nw_arena_alloc(origin->arena, sizeof(*origin->sight), 64);
	return origin->names && origin->candidates && origin->checks && origin->front &&
			       origin->sight
		       ? 0
		       : -ENOMEM;
}

static int check(struct nwi_origin *origin, struct nw_diag *diag)
{
	const struct nw_cdn_origin_options *options = origin->options;
	const char *reason;

	if (!options->name || !options->tell || options->front.family == 0)
		return refuse(diag, -EINVAL, "a search needs a name, its front, and whom to tell");
	if (options->candidate_max > NWI_ORIGIN_CANDIDATES)
		return refuse(diag, -EINVAL, "256 candidates are the most");
	if (!nwi_host_read(options->name, strlen(options->name), false, origin->name, &reason))
		return refuse(diag, -EINVAL, reason);
	memcpy(origin->base, origin->name, sizeof(origin->base));
	if (strncmp(origin->name, "www.", 4) == 0)
		(void)snprintf(origin->base, sizeof(origin->base), "%s", origin->name + 4);
	return 0;
}

/* Nothing is left out there when the search is given up. */
static void end(struct nwi_origin *origin)
{
	for (unsigned i = 0; origin->checks && i < NWI_ORIGIN_CHECKS; i++)
		nwi_web_drop(origin->asker->web, &origin->checks[i].slot.request);
	if (origin->front)
		nwi_web_drop(origin->asker->web, &origin->front->slot.request);
	for (bool is_out = true; is_out && origin->names;) {
		is_out = false;
		for (uint32_t i = 0; i < origin->name_count; i++)
			is_out = is_out || origin->names[i].slot.question.is_out;
		if (is_out)
			nwi_origin_wait(origin); /* questions end by themselves, in time */
	}
	nw_arena_destroy(origin->arena);
}

static int search(struct nwi_origin *origin, struct nw_diag *diag)
{
	static const char stopped[] = "the budget is spent, or it was stopped";
	bool has_front = nwi_origin_see_front(origin);

	if (has_front) {
		nwi_origin_gather(origin);
		nwi_origin_verify(origin);
	}
	if (origin->is_spent)
		return refuse(diag, -ECANCELED, stopped);
	return has_front ? 0 : refuse(diag, -ENODATA, "the front shows no page to compare with");
}

int nw_cdn_asker_origin(struct nw_cdn_asker *asker, const struct nw_cdn_origin_options *options,
			uint32_t *ret_verified_count, struct nw_diag *reterr_diag)
{
	struct nwi_origin origin = { .asker = asker, .options = options };
	int rc = check(&origin, reterr_diag);

	if (rc == 0)
		rc = make_room(&origin);
	if (rc == 0)
		rc = search(&origin, reterr_diag);
	*ret_verified_count = origin.verified_count;
	end(&origin);
	return rc;
}

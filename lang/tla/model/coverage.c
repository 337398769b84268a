/* SPDX-License-Identifier: MIT */
/* TLC's report of coverage: which expressions have a line of their own. */
#include "coverage.h"

#include "values.h"

#include <errno.h>
#include <string.h>

/* The counts below a spot: none, one value, several. */
struct below {
	uint8_t kinds; /* 0, 1, 2: several */
	uint64_t value, most;
};

struct teller {
	struct tla_search *search;
	const uint64_t *sums;
	struct below *below; /* by a spot's count_idx */
	tla_coverage_fn *tell;
	void *context;
};

static void add_value(struct below *below, uint64_t value)
{
	if (below->kinds == 0)
		below->value = value;
	else if (below->value != value)
		below->kinds = 2;
	if (below->kinds == 0)
		below->kinds = 1;
	if (value > below->most)
		below->most = value;
}

static void add_all(struct below *below, const struct below *other)
{
	if (other->kinds == 0)
		return;
	add_value(below, other->value);
	if (other->kinds == 2)
		below->kinds = 2;
	if (other->most > below->most)
		below->most = other->most;
}

static bool is_always_told(const struct tla_spot *spot)
{
	return spot->assigns || spot->is_unchanged;
}

static struct below look_below(struct teller *teller, const struct tla_spot *spot)
{
	struct below below = { 0 };

	for (const struct tla_spot *at = spot->first; at; at = at->next) {
		uint64_t count = teller->sums[at->count_idx];

		teller->below[at->count_idx] = look_below(teller, at);
		if (count > 0 || is_always_told(at))
			add_value(&below, count);
		add_all(&below, &teller->below[at->count_idx]);
	}
	return below;
}

static void tell_spot(const struct teller *teller, const struct tla_spot *spot, uint32_t depth,
		      uint64_t count)
{
	struct tla_coverage_line line = { .kind = TLA_COVERED_EXPRESSION,
					  .depth = depth,
					  .span = spot->span,
					  .counts = { count } };

	teller->tell(teller->context, &line);
}

static void tell_tree(const struct teller *teller, const struct tla_spot *spot, uint32_t depth);

static void tell_below(const struct teller *teller, const struct tla_spot *spot, uint32_t depth)
{
	for (const struct tla_spot *at = spot->first; at; at = at->next)
		tell_tree(teller, at, depth);
}

/* Below it is one count only: the line may stand for all. */
static bool tell_alike(const struct teller *teller, const struct tla_spot *spot, uint32_t depth)
{
	uint64_t count = teller->sums[spot->count_idx];
	uint64_t value = teller->below[spot->count_idx].value;

	if (value < count) {
		tell_spot(teller, spot, depth, count);
		tell_below(teller, spot, depth + 1);
		return true;
	}
	if ((!spot->assigns && count == 0 && value > 0) || (count > 0 && count == value)) {
		tell_spot(teller, spot, depth, value);
		return true;
	}
	return false;
}

static void tell_tree(const struct teller *teller, const struct tla_spot *spot, uint32_t depth)
{
	const struct below *below = &teller->below[spot->count_idx];
	uint64_t count = teller->sums[spot->count_idx];
	bool has_line = count > 0 || spot->assigns;

	if (spot->is_unchanged) {
		tell_spot(teller, spot, depth, below->most > count ? below->most : count);
		return;
	}
	if (below->kinds == 0) {
		if (has_line)
			tell_spot(teller, spot, depth, count);
		return;
	}
	if (below->kinds == 1 && tell_alike(teller, spot, depth))
		return;
	if (has_line)
		tell_spot(teller, spot, depth, count);
	tell_below(teller, spot, depth + has_line);
}

void tla_coverage_sum(struct tla_search *search, uint64_t *sums)
{
	uint32_t count = search->model->cover.count_count;

	memset(sums, 0, count * sizeof *sums);
	tla_search_counts(search, sums);
}

/* --- Roots --- */

static bool is_same(struct tla_span a, struct tla_span b)
{
	return a.begin == b.begin && a.end == b.end;
}

static void tell_root(struct teller *teller, const struct tla_cover_root *root)
{
	static const enum tla_coverage_kind kinds[] = {
		[TLA_COVER_INIT] = TLA_COVERED_INIT,
		[TLA_COVER_NEXT] = TLA_COVERED_ACTION,
		[TLA_COVER_INVARIANT] = TLA_COVERED_INVARIANT,
		[TLA_COVER_ACTION_CONSTRAINT] = TLA_COVERED_CONSTRAINT,
		[TLA_COVER_CONSTRAINT] = TLA_COVERED_CONSTRAINT,
	};
	uint64_t a = teller->sums[root->count_idx], b = teller->sums[root->count_idx + 1];
	struct tla_coverage_line line = { .kind = kinds[root->kind],
					  .name = root->name,
					  .span = root->name ? root->declared : root->span,
					  .counts = { a, a + b } };

	if (root->name && !is_same(root->defined, root->span))
		line.part = root->span;
	if (root->kind == TLA_COVER_NEXT) {
		line.counts[0] = b;
		line.counts[1] = a;
	}
	teller->tell(teller->context, &line);
	(void)look_below(teller, &root->top);
	tell_below(teller, &root->top, 0);
}

/* By module, then by place. */
static bool is_before(const struct teller *teller, const struct tla_cover_root *a,
		      const struct tla_cover_root *b)
{
	const struct tla_sources *sources = &teller->search->model->spec->sources;
	struct tla_place at = tla_place_of(sources, a->span.begin);
	struct tla_place other = tla_place_of(sources, b->span.begin);
	int order = at.file && other.file ? strcmp(at.file->path, other.file->path) : 0;

	if (order)
		return order < 0;
	if (a->span.begin != b->span.begin)
		return a->span.begin < b->span.begin;
	return a->span.end < b->span.end;
}

/* Actions in the order of the text. */
static void tell_actions(struct teller *teller)
{
	const struct tla_cover_root *last = NULL, *next;

	do {
		next = NULL;
		for (const struct tla_cover_root *at = teller->search->model->cover.first; at;
		     at = at->next)
			if (at->kind == TLA_COVER_NEXT && (!last || is_before(teller, last, at)) &&
			    (!next || is_before(teller, at, next)))
				next = at;
		if (next)
			tell_root(teller, next);
		last = next;
	} while (next);
}

static void tell_kind(struct teller *teller, enum tla_cover_kind kind)
{
	for (const struct tla_cover_root *at = teller->search->model->cover.first; at;
	     at = at->next)
		if (at->kind == kind)
			tell_root(teller, at);
}

static void tell_variables(const struct teller *teller)
{
	const struct tla_model *model = teller->search->model;
	const struct tla_world *world = &model->world;
	struct tla_values all;

	tla_values_init(&all);
	tla_search_values(teller->search, &all);
	for (uint32_t i = 0; !all.is_full && i < world->var_count; i++) {
		const struct tla_entity *entity = tla_context_find(model->compiler.root_context,
								   world->vars[i]);
		struct tla_coverage_line line = { .kind = TLA_COVERED_VARIABLE,
						  .name = world->vars[i],
						  .counts = { tla_values_count(&all, i) } };

		if (entity)
			line.span = entity->span;
		teller->tell(teller->context, &line);
	}
	tla_values_fini(&all);
}

int tla_coverage_tell(struct tla_search *search, const uint64_t *sums, tla_coverage_fn *tell,
		      void *context)
{
	struct teller teller = { search, sums, NULL, tell, context };
	struct nw_mem mem;

	if (nw_mem_alloc(&mem, NW_NODE_ANY,
			 (search->model->cover.count_count + 1) * sizeof *teller.below, 0))
		return -ENOMEM;
	teller.below = mem.base;
	tell_variables(&teller);
	tell_kind(&teller, TLA_COVER_INIT);
	tell_actions(&teller);
	tell_kind(&teller, TLA_COVER_INVARIANT);
	tell_kind(&teller, TLA_COVER_ACTION_CONSTRAINT);
	tell_kind(&teller, TLA_COVER_CONSTRAINT);
	nw_mem_free(&mem);
	return 0;
}

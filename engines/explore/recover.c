/* SPDX-License-Identifier: MIT */
/*
 * Going on from a checkpoint, in a search of other workers, routes and nodes.
 *
 * A pool of the process that wrote is put behind another in one of this one's pools: its states
 * keep their order, so that links need only another pool and something added. Chunks are dealt out
 * to the workers in turn. Fingerprints go to the shards that are their homes now.
 *
 * Invariant: what is read is what was written (nw_snapshot_get() sees to that); numbers are looked
 * at all the same before they are places in memory.
 */
#include "recovery.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { TOLD_BYTES = 64 };

/* ---- saying why not ---- */

static int explain(const struct nw_explore *explore, int rc, struct nw_diag *diag)
{
	const char *folder = explore->options.recover_folder;
	char text[160];

	if (rc == -ENODATA)
		rc = -EBADMSG;
	if (rc == -ENOTSUP)
		rc = -ESTALE;
	if (rc == -ENOENT)
		(void)snprintf(text, sizeof(text), "there is no checkpoint");
	else if (rc == -EBADMSG)
		(void)snprintf(text, sizeof(text), "the checkpoint is damaged");
	else if (rc == -ESTALE)
		(void)snprintf(text, sizeof(text),
			       "the checkpoint is of another version, or another machine");
	else if (rc == -ENOMEM)
		(void)snprintf(text, sizeof(text),
			       "the checkpoint does not fit the memory allowed; allow more");
	else if (rc == -ERANGE)
		(void)snprintf(text, sizeof(text),
			       "the checkpoint is too large for so few workers");
	else
		(void)snprintf(text, sizeof(text), "%s", strerror(-rc));
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text), "%.80s: %s", folder, text);
	return rc;
}

/* The line of a text that begins at a place, without its end and not too long to tell. */
static int line_bytes(const char *text, size_t n_bytes, size_t at)
{
	size_t n = 0;

	while (at + n < n_bytes && text[at + n] != '\n' && n < TOLD_BYTES)
		n++;
	return (int)n;
}

/* Tells the first line that differs. */
static int refuse_other(const struct nw_explore *explore, const char *theirs, size_t n_bytes,
			struct nw_diag *diag)
{
	const char *ours = explore->about;
	size_t at = 0;

	for (size_t i = 0; i < n_bytes && i < explore->about_bytes && theirs[i] == ours[i]; i++)
		if (theirs[i] == '\n')
			at = i + 1;
	if (diag)
		(void)snprintf(
			diag->text, sizeof(diag->text),
			"%.60s: the checkpoint is of another search: \"%.*s\", here \"%.*s\"",
			explore->options.recover_folder, line_bytes(theirs, n_bytes, at),
			theirs + at, line_bytes(ours, explore->about_bytes, at), ours + at);
	return -ESTALE;
}

/* ---- the model's way to a part ---- */

static int get_for_model(struct nw_model_file *file, void *bytes, size_t n_bytes)
{
	return nwi_recovery_get((struct nwi_recovery *)(void *)file, bytes, n_bytes);
}

static int put_for_model(struct nw_model_file *file, const void *bytes, size_t n_bytes)
{
	(void)file;
	(void)bytes;
	(void)n_bytes;
	return -EBADF; /* it is read from */
}

/* ---- about ---- */

static int read_about(struct nwi_recovery *r, struct nw_diag *diag)
{
	struct nw_explore *explore = r->explore;
	size_t n_bytes, lists;
	const uint8_t *from = nw_snapshot_about(r->view, &n_bytes);
	uint8_t *copy = nw_arena_alloc(r->arena, n_bytes + 1, 8);

	if (!copy)
		return explain(explore, -ENOMEM, diag);
	memcpy(copy, from, n_bytes);
	copy[n_bytes] = '\0';
	if (n_bytes < sizeof(r->head))
		return explain(explore, -EBADMSG, diag);
	memcpy(&r->head, copy, sizeof(r->head));
	if (r->head.version != NWI_SAVED_VERSION)
		return explain(explore, -ESTALE, diag);
	lists = r->head.pool_count * sizeof(*r->pools) + r->head.level_count * sizeof(*r->levels);
	if (r->head.pool_count == 0 || r->head.pool_count > NWI_POOLS_MAX ||
	    r->head.level_count == 0 || r->head.level_count > UINT32_MAX ||
	    r->head.about_bytes > n_bytes ||
	    sizeof(r->head) + lists + r->head.about_bytes != n_bytes)
		return explain(explore, -EBADMSG, diag);
	r->pools = (const void *)(copy + sizeof(r->head));
	r->levels = (const void *)(r->pools + r->head.pool_count);
	copy += sizeof(r->head) + lists;
	if (r->head.about_bytes != explore->about_bytes ||
	    memcmp(copy, explore->about, explore->about_bytes) != 0)
		return refuse_other(explore, (const char *)copy, r->head.about_bytes, diag);
	return 0;
}

static int restore_model(struct nwi_recovery *r)
{
	const struct nw_explore_options *o = &r->explore->options;
	int rc = nw_snapshot_read_part(r->view, 0);

	if (rc == 0 && o->model->restore)
		rc = o->model->restore(o->model_data, &r->file);
	return rc;
}

int nwi_recovery_open(struct nw_explore *explore, struct nw_diag *reterr_diag)
{
	struct nwi_recovery *r;
	struct nw_arena *arena;
	int rc;

	if (!explore->options.recover_folder)
		return 0;
	rc = nw_arena_create(&arena, NW_NODE_ANY, explore->reserve_bytes, 0);
	if (rc < 0)
		return explain(explore, rc, reterr_diag);
	r = nw_arena_alloc(arena, sizeof(*r), 8);
	*r = (struct nwi_recovery){ .file = { put_for_model, get_for_model },
				    .arena = arena,
				    .explore = explore };
	explore->recovery = r;
	rc = nw_snapshot_open(&r->view, explore->options.recover_folder, NULL);
	if (rc < 0)
		return explain(explore, rc, reterr_diag);
	rc = read_about(r, reterr_diag);
	if (rc < 0)
		return rc;
	rc = restore_model(r);
	return rc < 0 ? explain(explore, rc, reterr_diag) : 0;
}

void nwi_recovery_close(struct nw_explore *explore)
{
	if (!explore->recovery)
		return;
	nw_snapshot_close(explore->recovery->view);
	nw_arena_destroy(explore->recovery->arena);
	explore->recovery = NULL;
}

/* ---- violations ---- */

static int get_violation(struct nwi_recovery *r)
{
	struct nwi_saved_violation saved;
	struct nwi_fault fault;
	uint32_t n_bytes = 0;
	char *name;
	int rc = nwi_recovery_get(r, &saved, sizeof(saved));

	if (rc < 0)
		return rc;
	name = nw_arena_alloc(r->explore->arena, (size_t)saved.name_bytes + 1, 1);
	if (!name)
		return -ENOMEM;
	rc = nwi_recovery_get(r, name, saved.name_bytes);
	if (rc == 0 && saved.n_bytes > 0)
		rc = nwi_refill_state(r, &n_bytes);
	if (rc == 0 && (n_bytes != saved.n_bytes || !nwi_refill_link(r, &saved.place)))
		rc = -EBADMSG;
	name[saved.name_bytes] = '\0';
	fault = (struct nwi_fault){ .place = saved.place,
				    .name = name,
				    .state = r->state,
				    .n_bytes = n_bytes,
				    .depth = saved.depth,
				    .is_step = saved.is_step };
	return rc < 0 ? rc : nwi_violation_keep(r->explore->workers[0], &fault);
}

static int get_violations(struct nwi_recovery *r)
{
	int rc = 0;

	for (uint64_t i = 0; rc == 0 && i < r->head.violation_count; i++)
		rc = get_violation(r);
	return rc;
}

/* ---- all of it ---- */

static int make_room(struct nwi_recovery *r)
{
	r->bases = nw_arena_alloc(r->arena, r->head.pool_count * sizeof(*r->bases), 8);
	r->queues = nw_arena_alloc(r->arena, r->explore->shard_count * sizeof(*r->queues), 8);
	r->piece = nw_arena_alloc(r->arena, NWI_SAVED_PIECE * sizeof(*r->piece), 8);
	r->state = nw_arena_alloc(r->arena, NW_STATE_BYTES_MAX, 8);
	return r->bases && r->queues && r->piece && r->state ? 0 : -ENOMEM;
}

static int take_over_head(struct nwi_recovery *r)
{
	const struct nwi_saved_head *head = &r->head;
	struct nw_explore *explore = r->explore;

	explore->before = (struct nw_explore_counts){ .generated = head->generated,
						      .distinct = head->distinct,
						      .checks = head->checks,
						      .local_checks = head->local_checks,
						      .expanded = head->expanded,
						      .shared = head->shared,
						      .batches_sent = head->batches_sent };
	explore->seconds_before = head->seconds;
	for (uint64_t i = 0; i < head->level_count; i++) {
		if (nwi_array_grow(&explore->levels, &explore->budget) < 0)
			return -ENOMEM;
		((uint64_t *)explore->levels.items)[explore->levels.count++] = r->levels[i];
	}
	atomic_store(&explore->depth, (uint32_t)head->level_count);
	return 0;
}

static int open_pack(struct nwi_recovery *r)
{
	const struct nw_explore_options *o = &r->explore->options;

	return o->model->unpack ? o->model->pack_open(&r->pack, o->model_data) : 0;
}

static void close_pack(struct nwi_recovery *r)
{
	const struct nw_explore_options *o = &r->explore->options;

	if (o->model->unpack && r->pack)
		o->model->pack_close(r->pack);
	r->pack = NULL;
}

/* Part 0 was begun by the model. */
static int get_part(struct nwi_recovery *r, uint32_t part_idx)
{
	int rc = part_idx > 0 ? nw_snapshot_read_part(r->view, part_idx) : 0;

	if (rc == 0)
		rc = open_pack(r);
	if (rc == 0 && part_idx == 0)
		rc = get_violations(r);
	if (rc == 0 && part_idx > 0)
		rc = nwi_refill_pools(r);
	if (rc == 0 && part_idx > 0)
		rc = nwi_refill_shards(r);
	close_pack(r);
	return rc;
}

static int fill(struct nwi_recovery *r)
{
	int rc = make_room(r);

	if (rc == 0)
		rc = take_over_head(r);
	if (rc == 0)
		rc = nwi_refill_places(r);
	for (uint32_t p = 0; rc == 0 && p < nw_snapshot_part_count(r->view); p++)
		rc = get_part(r, p);
	if (rc == 0)
		rc = nwi_refill_flush(r);
	if (rc == 0 && (r->seen_count != r->head.distinct || r->explore->first_chunk_count == 0))
		rc = -EBADMSG;
	return rc;
}

int nwi_recovery_fill(struct nw_explore *explore, struct nw_diag *reterr_diag)
{
	int rc = explore->recovery ? fill(explore->recovery) : 0;

	return rc < 0 ? explain(explore, rc, reterr_diag) : 0;
}

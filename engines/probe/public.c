/* SPDX-License-Identifier: MIT */
/* Addresses and sets of targets as users of the library have them. */
#include "probe/scan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

/* --- Addresses --- */

static struct nwi_address own_address(const struct nw_probe_address *address)
{
	return nwi_address_of_bytes((enum nwi_family)address->family, address->bytes);
}

struct nw_probe_address nwi_public_address(struct nwi_address a)
{
	struct nw_probe_address to = { .family = (uint8_t)a.family };

	nwi_address_bytes(a, to.bytes);
	return to;
}

char *nw_probe_address_text(const struct nw_probe_address *address, char *ret_text)
{
	return nwi_address_text(own_address(address), ret_text);
}

bool nwi_scan_question(const struct nwi_scan *scan, const struct nwi_wanted *wanted,
		       struct nwi_question *ret_question)
{
	struct nw_probe_address target;

	nwi_plan_at(&scan->plan, wanted->share->next + wanted->number * wanted->share->step,
		    ret_question);
	if (!scan->admit)
		return true;
	target = nwi_public_address(ret_question->target);
	return scan->admit(scan->admit_context, wanted->worker_idx, &target,
			   wanted->is_new && ret_question->is_first);
}

bool nw_probe_address_parse(const char *text, struct nw_probe_address *ret_address)
{
	struct nwi_address a;

	if (!nwi_address_parse(text, &a))
		return false;
	*ret_address = nwi_public_address(a);
	return true;
}

static int parse_range(const char *text, struct nwi_range *ret_range, struct nw_diag *reterr_diag)
{
	const char *reason;

	if (nwi_range_parse(text, ret_range, &reason))
		return 0;
	if (reterr_diag)
		(void)snprintf(reterr_diag->text, sizeof(reterr_diag->text), "'%.100s': %s", text,
			       reason);
	return -EINVAL;
}

int nw_probe_range_parse(const char *text, struct nw_probe_address *ret_first,
			 struct nw_probe_address *ret_last, struct nw_diag *reterr_diag)
{
	struct nwi_range range;
	int rc = parse_range(text, &range, reterr_diag);

	if (rc < 0)
		return rc;
	*ret_first = nwi_public_address(range.first);
	*ret_last = nwi_public_address(range.last);
	return 0;
}

/* --- Targets --- */

int nw_probe_targets_create(struct nw_probe_targets **ret_targets)
{
	struct nwi_targets list;
	struct nw_probe_targets *targets;
	int rc = nwi_targets_init(&list);

	if (rc < 0)
		return rc;
	targets = nw_arena_alloc(list.kept.arena, sizeof(*targets), 8);
	if (!targets) {
		nwi_targets_fini(&list);
		return -ENOMEM;
	}
	*targets = (struct nw_probe_targets){ .list = list };
	*ret_targets = targets;
	return 0;
}

/* The struct lies in an arena of its own lists: it is copied out first. */
void nw_probe_targets_destroy(struct nw_probe_targets *targets)
{
	struct nwi_targets list;

	if (!targets)
		return;
	list = targets->list;
	nwi_targets_fini(&list);
}

static int change(struct nw_probe_targets *targets, const char *text,
		  int (*how)(struct nwi_targets *targets, const struct nwi_range *range),
		  struct nw_diag *reterr_diag)
{
	struct nwi_range range;
	int rc;

	if (targets->is_closed)
		return -EBUSY;
	rc = parse_range(text, &range, reterr_diag);
	return rc < 0 ? rc : how(&targets->list, &range);
}

int nw_probe_targets_add(struct nw_probe_targets *targets, const char *text,
			 struct nw_diag *reterr_diag)
{
	return change(targets, text, nwi_targets_add, reterr_diag);
}

int nw_probe_targets_exclude(struct nw_probe_targets *targets, const char *text,
			     struct nw_diag *reterr_diag)
{
	return change(targets, text, nwi_targets_exclude, reterr_diag);
}

int nw_probe_targets_close(struct nw_probe_targets *targets)
{
	if (targets->is_closed)
		return -EBUSY;
	targets->is_closed = true;
	return nwi_targets_close(&targets->list);
}

uint64_t nw_probe_targets_count(const struct nw_probe_targets *targets)
{
	return targets->list.count;
}

uint64_t nw_probe_targets_digest(const struct nw_probe_targets *targets)
{
	return nwi_targets_digest(&targets->list);
}

uint64_t nw_probe_digest(const struct nw_probe_options *options)
{
	uint64_t parts[] = { nw_probe_targets_digest(options->targets), options->shard_idx,
			     options->shard_count };
	const char *ports = options->ports ? options->ports : "";

	return XXH3_64bits_withSeed(ports, strlen(ports), XXH3_64bits(parts, sizeof(parts)));
}

uint64_t nw_probe_targets_excluded_count(const struct nw_probe_targets *targets)
{
	return targets->list.excluded_count;
}

void nw_probe_targets_at(const struct nw_probe_targets *targets, uint64_t number,
			 struct nw_probe_address *ret_address)
{
	*ret_address = nwi_public_address(nwi_targets_at(&targets->list, number));
}

bool nw_probe_targets_has(const struct nw_probe_targets *targets,
			  const struct nw_probe_address *address)
{
	uint64_t number;

	return nwi_targets_find(&targets->list, own_address(address), &number);
}

static struct nwi_address later(struct nwi_address a, struct nwi_address b)
{
	return nwi_address_compare(a, b) > 0 ? a : b;
}

int nw_probe_targets_add_within(struct nw_probe_targets *targets,
				const struct nw_probe_targets *from, const char *text,
				struct nw_diag *reterr_diag)
{
	const struct nwi_target_list *kept = &from->list.kept;
	struct nwi_range range;
	int rc = targets->is_closed || !from->is_closed ? -EBUSY
							: parse_range(text, &range, reterr_diag);

	for (uint64_t i = 0; rc == 0 && i < kept->count; i++) {
		const struct nwi_range *own = &kept->at[i].range;
		struct nwi_range both = { later(own->first, range.first), range.last };

		if (nwi_address_compare(own->last, range.last) < 0)
			both.last = own->last;
		if (nwi_address_compare(both.first, both.last) <= 0)
			rc = nwi_targets_add(&targets->list, &both);
	}
	return rc;
}

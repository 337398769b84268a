/* SPDX-License-Identifier: MIT */
/* This example shows how to hand part of a right on: a worker gets to read, with half the memory.
 */
#include <nw/caps.h>

#include <stdio.h>

enum { BOSS = 1, WORKER = 2, FILE_ID = 42 };

static struct nw_resource memory(uint64_t n_bytes, uint64_t below)
{
	return (struct nw_resource){
		.amount = { [NW_RESOURCE_MEMORY] = n_bytes, [NW_RESOURCE_CAPS] = below },
	};
}

/* A reference keeps the entry while the work goes on; no read section is needed for that. */
static int work(struct nw_caps *caps, nw_cap cap, uint64_t n_bytes)
{
	const struct nw_cap_entry *entry = nw_caps_hold(caps, cap, NW_CAP_READ);
	struct nw_resource need = memory(n_bytes, 0);
	bool is_charged;

	if (!entry)
		return -1;
	is_charged = nw_caps_charge(entry, &need);
	printf("owner %u uses %lu bytes for file %lu: %s\n", (unsigned)entry->owner,
	       (unsigned long)n_bytes, (unsigned long)entry->object, is_charged ? "yes" : "no");
	if (is_charged)
		nw_caps_release(entry, &need);
	nw_caps_drop(caps, entry);
	return is_charged;
}

int main(void)
{
	struct nw_cap_terms all = { .rights = NW_CAP_READ | NW_CAP_WRITE | NW_CAP_GRANT,
				    .quota = memory(1 << 20, 8) };
	struct nw_cap_terms half = { .rights = NW_CAP_READ, .quota = memory(1 << 19, 0) };
	struct nw_caps *caps;
	nw_cap boss, worker;
	bool is_good;

	if (nw_caps_create(&caps, NW_NODE_ANY, 64, 1024) < 0 ||
	    nw_caps_mint(caps, NW_CAP_FILE, FILE_ID, BOSS, &all, &boss) < 0 ||
	    nw_caps_grant(caps, boss, WORKER, &half, &worker) < 0)
		return 1;
	is_good = work(caps, worker, 1 << 19) == 1 && work(caps, worker, (1 << 19) + 1) == 0 &&
		  work(caps, boss, 1 << 20) == 0; /* half of it is the worker's now */
	nw_caps_destroy(caps);
	return is_good ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * <nw/caps.h> as a set of keys. A key is in the set while the capability that its cell names is
 * live: inserting makes a root and one below it, and puts the handle of the lower one into the
 * cell; erasing revokes the root; contains looks the lower one up. So what is recorded is whether
 * revoking from above and looking up below could have happened one at a time, each within its call.
 *
 * The cells cannot hide a fault: a cell is replaced only after a look-up in it failed, so the key
 * of a live capability is found by whoever reads the cell, and one that is dead stays dead.
 */
#include "lin/drive.h"
#include "nw_test.h"

#include <errno.h>
#include <nw/caps.h>
#include <sched.h>

enum { CALLS = 500000, THREADS = 4, KEYS = 4 };

static struct {
	struct nw_rcu *rcu;
	struct nw_caps *caps;
	struct nw_rcu_thread *threads[THREADS];
	_Atomic uint64_t cells[KEYS];
} all;

static void enter(void *self, uint32_t thread)
{
	(void)self;
	CHECK_INT(nw_rcu_register(&all.threads[thread], all.rcu, "lin"), ==, 0);
}

static void leave(void *self, uint32_t thread)
{
	(void)self;
	nw_rcu_unregister(all.threads[thread]);
}

/* In the midst of a call, now and then, so that calls overlap also where CPUs are few. */
static void let_others(void)
{
	static _Thread_local uint32_t count;

	if (++count % 16 == 0)
		sched_yield();
}

static bool is_found(uint32_t thread, uint64_t value, uint32_t key)
{
	const struct nw_cap_entry *entry;

	let_others();
	nw_rcu_read_lock(all.threads[thread]);
	entry = nw_caps_find(all.caps, (nw_cap){ value }, NW_CAP_READ);
	if (entry)
		CHECK_INT(entry->object, ==, key);
	nw_rcu_read_unlock(all.threads[thread]);
	return entry;
}

/* A root and one below it; the latter's handle. Waits for slots that are still read. */
static nw_cap make_pair(uint32_t thread, uint32_t key, nw_cap *ret_top)
{
	struct nw_cap_terms terms = { .rights = NW_CAP_RIGHTS_ALL,
				      .quota.amount[NW_RESOURCE_CAPS] = 1 };
	nw_cap low;
	int rc;

	while ((rc = nw_caps_mint(all.caps, NW_CAP_FILE, key, 0, &terms, ret_top)) == -ENOSPC)
		nw_rcu_barrier(all.threads[thread]);
	CHECK_INT(rc, ==, 0);
	terms.quota.amount[NW_RESOURCE_CAPS] = 0;
	while ((rc = nw_caps_derive(all.caps, *ret_top, &terms, &low)) == -ENOSPC)
		nw_rcu_barrier(all.threads[thread]);
	CHECK_INT(rc, ==, 0);
	return low;
}

static void revoke_top(uint32_t thread, nw_cap top)
{
	CHECK_INT(nw_caps_revoke(all.caps, all.threads[thread], top, top), ==, 0);
}

static bool insert(void *self, uint32_t thread, uint32_t key)
{
	uint64_t old = atomic_load(&all.cells[key]);
	nw_cap low, top;

	(void)self;
	if (is_found(thread, old, key))
		return false;
	low = make_pair(thread, key, &top);
	while (!atomic_compare_exchange_strong(&all.cells[key], &old, low.value)) {
		if (!is_found(thread, old, key))
			continue; /* another's, that is gone already */
		revoke_top(thread, top);
		return false;
	}
	return true;
}

static bool erase(void *self, uint32_t thread, uint32_t key)
{
	struct nw_cap_info info;
	nw_cap low = { atomic_load(&all.cells[key]) };
	int rc;

	(void)self;
	if (nw_caps_info(all.caps, low, &info) < 0)
		return false;
	let_others();
	rc = nw_caps_revoke(all.caps, all.threads[thread], info.parent, info.parent);
	CHECK(rc == 0 || rc == -ESTALE);
	let_others();
	(void)nw_rcu_run(all.threads[thread]);
	return rc == 0;
}

static bool contains(void *self, uint32_t thread, uint32_t key)
{
	(void)self;
	return is_found(thread, atomic_load(&all.cells[key]), key);
}

static void check(uint32_t keys, uint32_t all_calls)
{
	struct drive d = { .thread_count = THREADS, .calls = drive_calls(all_calls, THREADS) };
	struct subject subject = { .spec = LIN_SET,
				   .insert = insert,
				   .erase = erase,
				   .contains = contains,
				   .enter = enter,
				   .leave = leave,
				   .key_count = keys };

	for (int round = 0; round < nw_test_scale(); round++) {
		d.seed = nw_test_seed() + (uint64_t)round;
		memset(&all, 0, sizeof(all));
		CHECK_INT(nw_rcu_create(&all.rcu, NW_NODE_ANY, NULL), ==, 0);
		CHECK_INT(nw_caps_create(&all.caps, NW_NODE_ANY, 2, 64), ==, 0);
		drive_and_check(&subject, &d);
		nw_rcu_destroy(all.rcu);
		nw_caps_destroy(all.caps);
	}
}

TEST(look_ups_and_revocations_of_one_capability_are_linearizable)
{
	check(1, CALLS / 2);
}

TEST(look_ups_and_revocations_of_a_few_are_linearizable)
{
	check(KEYS, CALLS);
}

/* SPDX-License-Identifier: MIT */
/* Capability table on one thread: every refusal, quotas to the last unit, handles that went stale.
 */
#include "lib/fault.h"
#include "nw_test.h"

#include "caps/caps.h"

#include <errno.h>

enum { ALL = NW_CAP_RIGHTS_ALL };

static struct nw_rcu *rcu;
static struct nw_rcu_thread *thread;
static struct nw_caps *caps;

static void begin(uint32_t slot_count, uint32_t slot_count_max)
{
	CHECK_INT(nw_rcu_create(&rcu, NW_NODE_ANY, NULL), ==, 0);
	CHECK_INT(nw_rcu_register(&thread, rcu, "test"), ==, 0);
	CHECK_INT(nw_caps_create(&caps, NW_NODE_ANY, slot_count, slot_count_max), ==, 0);
}

static void end(void)
{
	nw_rcu_barrier(thread);
	nw_caps_destroy(caps);
	nw_rcu_unregister(thread);
	nw_rcu_destroy(rcu);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
}

static struct nw_resource quota_of(uint64_t memory, uint64_t below)
{
	return (struct nw_resource){
		.amount = { [NW_RESOURCE_MEMORY] = memory, [NW_RESOURCE_CAPS] = below },
	};
}

static struct nw_cap_terms terms_of(uint32_t rights, uint64_t memory, uint64_t below)
{
	return (struct nw_cap_terms){ .rights = rights, .quota = quota_of(memory, below) };
}

static nw_cap mint(uint32_t rights, uint64_t memory, uint64_t below)
{
	struct nw_cap_terms terms = terms_of(rights, memory, below);
	nw_cap cap = { 0 };

	CHECK_INT(nw_caps_mint(caps, NW_CAP_MEMORY, 77, 5, &terms, &cap), ==, 0);
	CHECK(cap.value != 0);
	return cap;
}

static int try_derive(nw_cap from, uint32_t rights, uint64_t memory, uint64_t below,
		      nw_cap *ret_cap)
{
	struct nw_cap_terms terms = terms_of(rights, memory, below);

	return nw_caps_derive(caps, from, &terms, ret_cap);
}

static nw_cap derive(nw_cap from, uint32_t rights, uint64_t memory, uint64_t below)
{
	nw_cap cap;

	CHECK_INT(try_derive(from, rights, memory, below, &cap), ==, 0);
	return cap;
}

static bool is_found(nw_cap cap, uint32_t rights)
{
	const struct nw_cap_entry *entry;

	nw_rcu_read_lock(thread);
	entry = nw_caps_find(caps, cap, rights);
	nw_rcu_read_unlock(thread);
	return entry;
}

static void end_of(nw_cap cap)
{
	CHECK_INT(nw_caps_revoke(caps, thread, (nw_cap){ 0 }, cap), ==, 0);
}

static uint64_t left_of(nw_cap cap, enum nw_resource_dim dim)
{
	struct nw_cap_info info;

	CHECK_INT(nw_caps_info(caps, cap, &info), ==, 0);
	CHECK(nw_resource_fits(&info.left, &info.quota));
	return info.left.amount[dim];
}

TEST(a_root_is_found_as_it_was_made)
{
	const struct nw_cap_entry *entry;
	nw_cap cap;

	begin(2, 2);
	cap = mint(NW_CAP_READ | NW_CAP_EXEC, 10, 0);
	nw_rcu_read_lock(thread);
	entry = nw_caps_find(caps, cap, NW_CAP_READ);
	CHECK(entry && entry->object == 77 && entry->owner == 5);
	CHECK(entry->type == NW_CAP_MEMORY && entry->rights == (NW_CAP_READ | NW_CAP_EXEC));
	CHECK(nw_caps_is_live(entry));
	nw_rcu_read_unlock(thread);
	CHECK(is_found(cap, 0) && is_found(cap, NW_CAP_READ | NW_CAP_EXEC));
	CHECK(!is_found(cap, NW_CAP_WRITE) && !is_found(cap, NW_CAP_READ | NW_CAP_WRITE));
	end();
}

TEST(a_guessed_handle_finds_nothing)
{
	nw_cap cap;

	begin(2, 8);
	cap = mint(ALL, 0, 0);
	CHECK(!is_found((nw_cap){ 0 }, 0));
	for (unsigned bit = 0; bit < 64; bit++)
		CHECK(!is_found((nw_cap){ cap.value ^ UINT64_C(1) << bit }, 0));
	CHECK(!nw_caps_hold(caps, (nw_cap){ cap.value + 1 }, 0));
	CHECK(!nw_caps_hold(caps, (nw_cap){ UINT64_MAX }, 0));
	CHECK(is_found(cap, ALL));
	end();
}

TEST(sizes_types_rights_and_buckets_out_of_range_are_refused)
{
	struct nw_cap_terms terms = { .rights = ALL + 1 };
	nw_cap cap = { 42 };

	begin(2, 2);
	CHECK_INT(nw_caps_create(&caps, NW_NODE_ANY, 1, 2), ==, -EINVAL);
	CHECK_INT(nw_caps_create(&caps, NW_NODE_ANY, 3, 4), ==, -EINVAL);
	CHECK_INT(nw_caps_create(&caps, NW_NODE_ANY, 4, 2), ==, -EINVAL);
	CHECK_INT(nw_caps_create(&caps, NW_NODE_ANY, 4, 1u << 25), ==, -EINVAL);
	CHECK_INT(nw_caps_create(&caps, (nw_node){ 1000 }, 4, 4), ==, -ENODEV);
	CHECK_INT(nw_caps_mint(caps, NW_CAP_FILE, 1, 1, &terms, &cap), ==, -EINVAL);
	terms.rights = ALL;
	CHECK_INT(nw_caps_mint(caps, (enum nw_cap_type)0, 1, 1, &terms, &cap), ==, -EINVAL);
	CHECK_INT(nw_caps_mint(caps, (enum nw_cap_type)9, 1, 1, &terms, &cap), ==, -EINVAL);
	terms.bucket.burst = NW_CAPS_BURST_MAX + 1;
	CHECK_INT(nw_caps_mint(caps, NW_CAP_FILE, 1, 1, &terms, &cap), ==, -EINVAL);
	terms.bucket = (struct nw_cap_bucket){ .rate_per_s = NW_CAPS_RATE_MAX + 1 };
	CHECK_INT(nw_caps_mint(caps, NW_CAP_FILE, 1, 1, &terms, &cap), ==, -EINVAL);
	CHECK(cap.value == 42);
	end();
}

TEST(what_is_made_of_it_has_fewer_rights_never_more)
{
	nw_cap top, below;

	begin(64, 256);
	for (uint32_t has = 0; has <= ALL; has += 5) {
		top = mint(has, 0, 100);
		for (uint32_t asks = 0; asks <= ALL; asks++) {
			int rc = try_derive(top, asks, 0, 0, &below);

			if ((has & NW_CAP_DERIVE) == 0 || (asks & ~has) != 0) {
				CHECK_INT(rc, ==, -EPERM);
				continue;
			}
			CHECK_INT(rc, ==, 0);
			CHECK(is_found(below, asks) && !is_found(below, ALL & ~asks ? ALL : 64));
		}
		end_of(top);
		nw_rcu_barrier(thread);
	}
	end();
}

TEST(granting_and_deriving_are_rights_of_their_own)
{
	struct nw_cap_terms terms = terms_of(NW_CAP_READ, 0, 0);
	const struct nw_cap_entry *entry;
	nw_cap granter, deriver, cap;

	begin(8, 8);
	granter = mint(NW_CAP_READ | NW_CAP_GRANT, 0, 1);
	deriver = mint(NW_CAP_READ | NW_CAP_DERIVE, 0, 1);
	CHECK_INT(nw_caps_derive(caps, granter, &terms, &cap), ==, -EPERM);
	CHECK_INT(nw_caps_grant(caps, deriver, 6, &terms, &cap), ==, -EPERM);
	CHECK_INT(nw_caps_grant(caps, granter, 6, &terms, &cap), ==, 0);
	entry = nw_caps_hold(caps, cap, NW_CAP_READ);
	CHECK(entry && entry->owner == 6 && entry->object == 77 && entry->type == NW_CAP_MEMORY);
	nw_caps_drop(caps, entry);
	CHECK_INT(nw_caps_derive(caps, deriver, &terms, &cap), ==, 0);
	entry = nw_caps_hold(caps, cap, NW_CAP_READ);
	CHECK(entry && entry->owner == 5 && entry->object == 77);
	nw_caps_drop(caps, entry);
	nw_caps_drop(caps, NULL);
	end();
}

TEST(quota_is_given_to_the_last_unit_and_comes_back)
{
	nw_cap top, a, b, cap;

	begin(8, 8);
	top = mint(ALL, 100, 3);
	CHECK_INT(try_derive(top, 0, 101, 0, &cap), ==, -EDQUOT);
	a = derive(top, ALL, 60, 1);
	CHECK(left_of(top, NW_RESOURCE_MEMORY) == 40 && left_of(top, NW_RESOURCE_CAPS) == 1);
	CHECK_INT(try_derive(top, 0, 41, 0, &cap), ==, -EDQUOT);
	b = derive(top, ALL, 40, 0);
	CHECK_INT(try_derive(top, 0, 0, 0, &cap), ==, -EDQUOT); /* nor one without anything */
	(void)derive(a, 0, 60, 0);
	CHECK_INT(try_derive(a, 0, 0, 0, &cap), ==, -EDQUOT);
	CHECK_INT(try_derive(b, 0, 0, 0, &cap), ==, -EDQUOT);
	end_of(a);
	nw_rcu_barrier(thread);
	CHECK(left_of(top, NW_RESOURCE_MEMORY) == 60 && left_of(top, NW_RESOURCE_CAPS) == 2);
	end();
}

TEST(a_cost_that_overflows_is_no_way_around_the_quota)
{
	nw_cap top, cap;

	begin(4, 4);
	top = mint(ALL, UINT64_MAX, UINT64_MAX);
	CHECK_INT(try_derive(top, 0, 0, UINT64_MAX, &cap), ==, -EDQUOT);
	(void)derive(top, 0, UINT64_MAX, UINT64_MAX - 1);
	CHECK(left_of(top, NW_RESOURCE_MEMORY) == 0 && left_of(top, NW_RESOURCE_CAPS) == 0);
	end();
}

TEST(charges_and_what_lies_below_share_one_quota)
{
	struct nw_resource ten = quota_of(10, 0), much = quota_of(10, 3);
	const struct nw_cap_entry *entry;
	nw_cap top, cap;

	begin(4, 4);
	top = mint(ALL, 25, 2);
	entry = nw_caps_hold(caps, top, 0);
	CHECK(nw_caps_charge(entry, &ten));
	CHECK(!nw_caps_charge(entry, &much)); /* all or nothing: it takes no memory */
	CHECK(left_of(top, NW_RESOURCE_MEMORY) == 15);
	CHECK_INT(try_derive(top, 0, 16, 0, &cap), ==, -EDQUOT);
	(void)derive(top, 0, 10, 0);
	CHECK(!nw_caps_charge(entry, &ten));
	nw_caps_release(entry, &ten);
	CHECK(nw_caps_charge(entry, &ten));
	nw_caps_release(entry, &ten);
	nw_caps_drop(caps, entry);
	end();
}

TEST(revoking_ends_all_below_and_nothing_else)
{
	nw_cap top, caps_of[3], deep[9], before;

	begin(64, 64);
	top = mint(ALL, 0, 60);
	before = mint(ALL, 0, 0);
	for (int i = 0; i < 3; i++) {
		caps_of[i] = derive(top, ALL, 0, 10);
		for (int k = 0; k < 3; k++)
			deep[3 * i + k] = derive(k == 2 ? deep[3 * i + 1] : caps_of[i], ALL, 0,
						 k == 2 ? 0 : 2);
	}
	end_of(caps_of[1]);
	for (int i = 0; i < 3; i++) {
		CHECK(is_found(caps_of[i], 0) == (i != 1));
		for (int k = 0; k < 3; k++)
			CHECK(is_found(deep[3 * i + k], 0) == (i != 1));
	}
	CHECK(is_found(top, 0) && is_found(before, 0));
	end_of(top);
	for (int i = 0; i < 9; i++)
		CHECK(!is_found(deep[i], 0) && !is_found(caps_of[i / 3], 0));
	CHECK(!is_found(top, 0) && is_found(before, 0));
	end();
}

TEST(revoking_needs_the_right_and_the_place)
{
	nw_cap top, a, b, below, zero = { 0 };

	begin(8, 8);
	top = mint(ALL, 0, 5);
	a = derive(top, ALL, 0, 2);
	b = derive(top, ALL & ~(uint32_t)NW_CAP_REVOKE, 0, 0);
	below = derive(a, NW_CAP_READ, 0, 0);
	CHECK_INT(nw_caps_revoke(caps, thread, b, b), ==, -EPERM);
	CHECK_INT(nw_caps_revoke(caps, thread, below, below), ==, -EPERM);
	CHECK_INT(nw_caps_revoke(caps, thread, a, b), ==, -EPERM);
	CHECK_INT(nw_caps_revoke(caps, thread, a, top), ==, -EPERM);
	CHECK_INT(nw_caps_revoke(caps, thread, a, zero), ==, -ESTALE);
	CHECK(is_found(b, 0) && is_found(below, 0) && is_found(top, 0));
	CHECK_INT(nw_caps_revoke(caps, thread, top, below), ==, 0);
	CHECK_INT(nw_caps_revoke(caps, thread, a, a), ==, 0);
	CHECK_INT(nw_caps_revoke(caps, thread, a, a), ==, -ESTALE);
	CHECK_INT(nw_caps_revoke(caps, thread, a, top), ==, -ESTALE);
	CHECK(is_found(top, 0) && is_found(b, 0));
	end();
}

TEST(nothing_is_made_of_what_was_revoked)
{
	struct nw_cap_terms terms = terms_of(0, 0, 0);
	struct nw_cap_info info;
	nw_cap top, cap = { 42 };

	begin(4, 4);
	top = mint(ALL, 0, 5);
	end_of(top);
	CHECK_INT(try_derive(top, 0, 0, 0, &cap), ==, -ESTALE);
	CHECK_INT(nw_caps_grant(caps, top, 1, &terms, &cap), ==, -ESTALE);
	CHECK_INT(nw_caps_info(caps, top, &info), ==, -ESTALE);
	CHECK(!nw_caps_hold(caps, top, 0));
	CHECK(cap.value == 42);
	end();
}

TEST(a_section_lends_the_entry_and_a_grace_period_ends_it)
{
	const struct nw_cap_entry *entry;
	struct nw_rcu_thread *other;
	nw_cap cap;

	begin(2, 2);
	CHECK_INT(nw_rcu_register(&other, rcu, "reader"), ==, 0);
	cap = mint(ALL, 0, 0);
	nw_rcu_read_lock(other);
	entry = nw_caps_find(caps, cap, 0);
	end_of(cap);
	for (int i = 0; i < 3; i++)
		(void)nw_rcu_run(thread);
	CHECK(!nw_caps_is_live(entry) && !nw_caps_is_gone(caps, cap));
	CHECK_INT(entry->object, ==, 77);
	nw_rcu_read_unlock(other);
	nw_rcu_barrier(thread);
	CHECK(nw_caps_is_gone(caps, cap));
	nw_rcu_unregister(other);
	end();
}

TEST(a_reference_outlives_the_grace_period_but_uses_nothing_more)
{
	struct nw_resource one = quota_of(1, 0), three = quota_of(3, 0);
	struct nw_cap_terms terms = terms_of(ALL, 5, 0);
	const struct nw_cap_entry *entry;
	nw_cap top, cap;

	begin(4, 4);
	top = mint(ALL, 10, 1);
	terms.bucket = (struct nw_cap_bucket){ .burst = 10 };
	CHECK_INT(nw_caps_derive(caps, top, &terms, &cap), ==, 0);
	entry = nw_caps_hold(caps, cap, 0);
	CHECK(nw_caps_charge(entry, &three) && nw_caps_take(entry, 1, 0));
	end_of(top);
	nw_rcu_barrier(thread);
	CHECK(entry->object == 77 && !nw_caps_is_live(entry) && !nw_caps_is_gone(caps, cap));
	CHECK(!nw_caps_is_gone(caps, top)); /* what hangs below keeps it */
	CHECK(!nw_caps_charge(entry, &one) && !nw_caps_take(entry, 1, 0));
	CHECK(!nw_caps_hold(caps, cap, 0));
	nw_caps_release(entry, &three);
	nw_caps_drop(caps, entry);
	CHECK(nw_caps_is_gone(caps, cap) && nw_caps_is_gone(caps, top));
	end();
}

TEST(charged_quota_comes_back_to_the_parent_only_when_released)
{
	struct nw_resource three = quota_of(3, 0);
	const struct nw_cap_entry *entry;
	nw_cap top, cap;

	begin(4, 4);
	top = mint(ALL, 10, 1);
	cap = derive(top, ALL, 8, 0);
	entry = nw_caps_hold(caps, cap, 0);
	CHECK(nw_caps_charge(entry, &three));
	end_of(cap);
	nw_rcu_barrier(thread);
	CHECK(left_of(top, NW_RESOURCE_MEMORY) == 2); /* somebody still uses what it gave */
	nw_caps_release(entry, &three);
	nw_caps_drop(caps, entry);
	CHECK(left_of(top, NW_RESOURCE_MEMORY) == 10 && left_of(top, NW_RESOURCE_CAPS) == 1);
	end();
}

TEST(a_slot_used_again_has_another_handle)
{
	nw_cap first, last;

	begin(2, 2);
	first = last = mint(ALL, 0, 0);
	for (int i = 0; i < 1000; i++) {
		nw_cap cap = last;

		end_of(last);
		nw_rcu_barrier(thread);
		last = mint(NW_CAP_READ, 0, 0);
		CHECK(last.value != cap.value && !is_found(cap, 0) && !is_found(first, 0));
		CHECK(nw_caps_is_gone(caps, cap) && !nw_caps_is_gone(caps, last));
		CHECK_INT(nw_caps_revoke(caps, thread, (nw_cap){ 0 }, cap), ==, -ESTALE);
	}
	CHECK(is_found(last, NW_CAP_READ));
	end();
}

TEST(a_slot_without_generations_is_retired)
{
	struct nw_cap_terms terms = terms_of(0, 0, 0);
	struct nw_caps_stats stats;
	uint64_t seen[32] = { 0 };
	nw_cap cap = { 0 };
	int count = 0;

	begin(2, 2);
	nwi_caps_generation_max(caps, 7);
	while (nw_caps_mint(caps, NW_CAP_FILE, 1, 1, &terms, &cap) == 0) {
		for (int i = 0; i < count; i++)
			CHECK(seen[i] != cap.value && !is_found((nw_cap){ seen[i] }, 0));
		seen[count++] = cap.value;
		end_of(cap);
		nw_rcu_barrier(thread);
		CHECK(nw_caps_is_gone(caps, cap));
	}
	CHECK_INT(count, ==, 2 * 7);
	CHECK_INT(nw_caps_mint(caps, NW_CAP_FILE, 1, 1, &terms, &cap), ==, -ENOSPC);
	nw_caps_stats(caps, &stats);
	CHECK_INT(stats.retired_count, ==, 2);
	CHECK(stats.live_count == 0 && stats.waiting_count == 0);
	end();
}

TEST(handles_stay_valid_while_the_table_grows_to_its_bound)
{
	struct nw_cap_terms terms = terms_of(NW_CAP_READ, 0, 0);
	struct nw_caps_stats stats;
	nw_cap cap[256], none;

	begin(2, 256);
	for (int i = 0; i < 256; i++) {
		CHECK_INT(nw_caps_mint(caps, NW_CAP_FILE, (uint64_t)i, 1, &terms, &cap[i]), ==, 0);
		for (int k = 0; k <= i; k++) {
			const struct nw_cap_entry *entry = nw_caps_hold(caps, cap[k], NW_CAP_READ);

			CHECK(entry && entry->object == (uint64_t)k);
			nw_caps_drop(caps, entry);
		}
	}
	CHECK_INT(nw_caps_mint(caps, NW_CAP_FILE, 1, 1, &terms, &none), ==, -ENOSPC);
	nw_caps_stats(caps, &stats);
	CHECK(stats.slot_count == 256 && stats.slot_count_max == 256 && stats.live_count == 256);
	CHECK(stats.mem_bytes >= 256 * 384);
	end();
}

TEST(a_full_table_has_room_again_after_a_grace_period)
{
	struct nw_cap_terms terms = terms_of(NW_CAP_READ, 0, 0);
	struct nw_caps_stats stats;
	nw_cap cap[4], more;

	begin(2, 4);
	for (int i = 0; i < 4; i++)
		cap[i] = mint(0, 0, 0);
	end_of(cap[2]);
	nw_caps_stats(caps, &stats);
	CHECK(stats.live_count == 3 && stats.waiting_count == 1);
	CHECK_INT(nw_caps_mint(caps, NW_CAP_FILE, 1, 1, &terms, &more), ==, -ENOSPC);
	nw_rcu_barrier(thread);
	CHECK_INT(nw_caps_mint(caps, NW_CAP_FILE, 1, 1, &terms, &more), ==, 0);
	end();
}

TEST(no_memory_to_grow_is_said_and_costs_no_quota)
{
	nw_cap top, cap = { 42 };

	begin(2, 1u << 10);
	top = mint(ALL, 10, 10);
	(void)derive(top, 0, 1, 0);
	fault_set(FAULT_MMAP, 1, 1, ENOMEM);
	CHECK_INT(try_derive(top, 0, 1, 0, &cap), ==, -ENOMEM);
	fault_clear();
	CHECK(cap.value == 42);
	CHECK(left_of(top, NW_RESOURCE_MEMORY) == 9 && left_of(top, NW_RESOURCE_CAPS) == 9);
	CHECK_INT(try_derive(top, 0, 1, 0, &cap), ==, 0);
	fault_set(FAULT_MMAP, 1, 1, ENOMEM);
	CHECK_INT(nw_caps_create(&caps, NW_NODE_ANY, 2, 2), ==, -ENOMEM);
	fault_clear();
	end();
}

TEST(depth_has_a_bound)
{
	nw_cap cap;
	int rc = 0;
	uint32_t depth = 1;
	struct nw_cap_info info;

	begin(512, 512);
	cap = mint(ALL, 0, 1000);
	for (; rc == 0; depth += rc == 0)
		rc = try_derive(cap, ALL, 0, 1000 - depth, &cap);
	CHECK_INT(rc, ==, -EMLINK);
	CHECK_INT(depth, ==, NW_CAPS_DEPTH_MAX);
	CHECK_INT(nw_caps_info(caps, cap, &info), ==, 0);
	CHECK_INT(info.depth, ==, NW_CAPS_DEPTH_MAX);
	end();
}

TEST(info_tells_what_hangs_together)
{
	const struct nw_cap_entry *entry;
	struct nw_cap_info info;
	nw_cap top, a, b;

	begin(8, 8);
	top = mint(ALL, 10, 4);
	a = derive(top, NW_CAP_READ, 3, 1);
	b = derive(top, NW_CAP_READ, 3, 0);
	entry = nw_caps_hold(caps, top, 0);
	CHECK_INT(nw_caps_info(caps, top, &info), ==, 0);
	CHECK(info.parent.value == 0 && info.depth == 1);
	CHECK(info.child_count == 2 && info.reference_count == 3);
	CHECK(info.quota.amount[NW_RESOURCE_CAPS] == 4 && info.left.amount[NW_RESOURCE_CAPS] == 1);
	CHECK_INT(nw_caps_info(caps, a, &info), ==, 0);
	CHECK(info.parent.value == top.value && info.depth == 2 &&
	      info.entry.rights == NW_CAP_READ);
	end_of(b);
	CHECK_INT(nw_caps_info(caps, top, &info), ==, 0);
	CHECK_INT(info.child_count, ==, 1);
	nw_caps_drop(caps, entry);
	CHECK(nw_caps_memory(caps)->n_bytes >= 8 * 384);
	end();
}

TEST(tokens_come_from_every_bucket_above_or_from_none)
{
	struct nw_cap_terms terms = terms_of(ALL, 0, 10);
	const struct nw_cap_entry *small, *none, *big;
	nw_cap top, cap;

	begin(8, 8);
	terms.bucket = (struct nw_cap_bucket){ .burst = 10 };
	CHECK_INT(nw_caps_mint(caps, NW_CAP_SOCKET, 1, 1, &terms, &top), ==, 0);
	terms.quota = quota_of(0, 3);
	terms.bucket.burst = 4;
	CHECK_INT(nw_caps_derive(caps, top, &terms, &cap), ==, 0);
	small = nw_caps_hold(caps, cap, 0);
	none = nw_caps_hold(caps, derive(cap, 0, 0, 0), 0); /* without a bucket of its own */
	terms.bucket.burst = 8;
	CHECK_INT(nw_caps_derive(caps, top, &terms, &cap), ==, 0);
	big = nw_caps_hold(caps, cap, 0);
	CHECK(nw_caps_take(none, 3, 0) && !nw_caps_take(small, 2, 0) && nw_caps_take(small, 1, 0));
	CHECK(!nw_caps_take(none, 1, 0)); /* 6 left at the top, none in between */
	CHECK(!nw_caps_take(big, 7, 0));  /* the top refuses, so its own keeps them */
	CHECK(nw_caps_take(big, 6, 0) && !nw_caps_take(big, 1, 0));
	CHECK(nw_caps_take(big, 0, 0));
	nw_caps_drop(caps, small);
	nw_caps_drop(caps, none);
	nw_caps_drop(caps, big);
	end();
}

TEST(without_a_bucket_nothing_is_limited)
{
	const struct nw_cap_entry *entry;

	begin(2, 2);
	entry = nw_caps_hold(caps, mint(0, 0, 0), 0);
	for (int i = 0; i < 1000; i++)
		CHECK(nw_caps_take(entry, UINT64_MAX, 0));
	nw_caps_drop(caps, entry);
	end();
}

TEST(types_and_rights_have_names)
{
	enum nw_cap_type type = (enum nw_cap_type)0;
	uint32_t right = 0;

	for (int i = NW_CAP_MEMORY; i <= NW_CAP_TYPE_LAST; i++) {
		CHECK(nw_cap_type_by_name(nw_cap_type_name((enum nw_cap_type)i), &type));
		CHECK_INT(type, ==, i);
	}
	for (uint32_t i = 1; i <= NW_CAP_DERIVE; i *= 2) {
		CHECK(nw_cap_right_by_name(nw_cap_right_name(i), &right));
		CHECK_INT(right, ==, i);
	}
	CHECK(!nw_cap_type_name((enum nw_cap_type)0) && !nw_cap_type_name((enum nw_cap_type)9));
	CHECK(!nw_cap_right_name(0) && !nw_cap_right_name(3) && !nw_cap_right_name(64));
	CHECK(!nw_cap_type_by_name("null", &type) && !nw_cap_right_by_name("", &right));
	CHECK_STR(nw_cap_type_name(NW_CAP_IRQ), "irq");
	CHECK_STR(nw_cap_right_name(NW_CAP_DERIVE), "derive");
}

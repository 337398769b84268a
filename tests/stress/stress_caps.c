/* SPDX-License-Identifier: MIT */
/*
 * Capability table under storms of everything at once, in few slots that are used again all the
 * time. What is claimed:
 *
 *   rights   what is found has no right that its root lacks, nor one that the last grant above did
 *            not give (that is written into `owner`);
 *   lending  what is lent or held is the same until the section ends or the reference is dropped;
 *   quota    when the threads rest: left and what lies below make up the quota, exactly, for every
 *            capability, and no slot is lost;
 *   revoke   after its return nothing below is found, not even what was made meanwhile; no child is
 *            found after its parent was not;
 *   tokens   siblings together get no more than the bucket above them gives.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <errno.h>
#include <nw/caps.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#ifdef NW_SMALL
#define WORK(n) ((n) / 10) /* the sanitizers' builds are that much slower */
#else
#define WORK(n) (n)
#endif

enum {
	THREADS = 4,
	ROOTS = 3,
	BOARD = 24,
	SLOTS_MAX = 64, /* fewer than what threads would like to make */
	HELD = 3,
	ROUNDS = 20,
	STEPS = WORK(20000),
	ROOT_QUOTA = 1000,
	ALL = NW_CAP_RIGHTS_ALL,
};

/* A root's object says which rights may ever appear below it. */
static const uint32_t root_rights[ROOTS] = {
	ALL,
	ALL & ~(uint32_t)NW_CAP_WRITE,
	NW_CAP_READ | NW_CAP_GRANT | NW_CAP_DERIVE,
};

static struct nw_rcu *rcu;
static struct nw_caps *caps;
static _Atomic uint64_t roots[ROOTS], board[BOARD];
static pthread_barrier_t meeting;

struct held {
	const struct nw_cap_entry *entry;
	struct nw_cap_entry copy;
	struct nw_resource charged;
};

struct party {
	struct nw_rcu_thread *thread;
	struct nwi_prng prng;
	struct held held[HELD];
	uint64_t made_count, refused_count, found_count, stale_count, charged_count, token_count;
};

static uint32_t below(struct party *party, uint32_t n)
{
	return nwi_prng_below(&party->prng, n);
}

static struct nw_resource random_quota(struct party *party, uint32_t most)
{
	struct nw_resource quota;

	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++)
		quota.amount[i] = below(party, 3) == 0 ? 0 : below(party, most);
	return quota;
}

static nw_cap random_cap(struct party *party)
{
	uint32_t i = below(party, ROOTS + BOARD);
	uint64_t value = i < ROOTS ? atomic_load(&roots[i]) : atomic_load(&board[i - ROOTS]);

	/* Now and then the slot's next handle: whoever guesses finds all of it, or nothing. */
	return (nw_cap){ below(party, 4) == 0 ? value + (UINT64_C(1) << 32) : value };
}

static void check_entry(const struct nw_cap_entry *entry, uint32_t rights)
{
	CHECK(entry->object < ROOTS && entry->type == NW_CAP_PROCESS);
	CHECK((entry->rights & ~entry->owner) == 0);
	CHECK((entry->owner & ~root_rights[entry->object]) == 0);
	CHECK((entry->rights & rights) == rights);
}

static bool is_same(const struct nw_cap_entry *a, const struct nw_cap_entry *b)
{
	return a->object == b->object && a->owner == b->owner && a->rights == b->rights &&
	       a->type == b->type;
}

static void mint_root(uint32_t i)
{
	struct nw_cap_terms terms = { .rights = root_rights[i],
				      .bucket = { .burst = i, .rate_per_s = 1 } };
	nw_cap cap;
	int rc;

	for (int k = 0; k < NW_RESOURCE_DIM_COUNT; k++)
		terms.quota.amount[k] = ROOT_QUOTA;
	rc = nw_caps_mint(caps, NW_CAP_PROCESS, i, root_rights[i], &terms, &cap);
	CHECK(rc == 0 || rc == -ENOSPC);
	if (rc == 0)
		atomic_store(&roots[i], cap.value);
}

static void end_cap(struct party *party, nw_cap by, nw_cap cap)
{
	int rc = nw_caps_revoke(caps, party->thread, by, cap);

	CHECK(rc == 0 || rc == -ESTALE || rc == -EPERM);
	if (rc == -EPERM)
		return;
	/* Whoever revoked it: it is over. */
	nw_rcu_read_lock(party->thread);
	if (rc == 0)
		CHECK(!nw_caps_find(caps, cap, 0));
	nw_rcu_read_unlock(party->thread);
	if (rc == 0)
		CHECK(!nw_caps_hold(caps, cap, 0));
}

static void try_make(struct party *party)
{
	unsigned few = below(party, ALL + 1);
	struct nw_cap_terms terms = { .rights = few & below(party, ALL + 1) };
	nw_cap from = random_cap(party), cap, old;
	bool is_grant = below(party, 2) == 0;
	int rc;

	if (below(party, 2) == 0)
		terms.rights |= NW_CAP_GRANT | NW_CAP_DERIVE; /* so that trees get deep */
	terms.quota = random_quota(party, ROOT_QUOTA / 3);
	terms.bucket.burst = below(party, 3);
	rc = is_grant ? nw_caps_grant(caps, from, terms.rights, &terms, &cap)
		      : nw_caps_derive(caps, from, &terms, &cap);
	CHECK(rc == 0 || rc == -ESTALE || rc == -EPERM || rc == -EDQUOT || rc == -ENOSPC);
	if (rc < 0) {
		party->refused_count++;
		return;
	}
	party->made_count++;
	/* So all that is live is on the board, and can be counted when the threads rest. */
	old.value = atomic_exchange(&board[below(party, BOARD)], cap.value);
	if (old.value != 0)
		end_cap(party, (nw_cap){ 0 }, old);
}

static void look(struct party *party)
{
	uint32_t rights = below(party, 4) == 0 ? 1u << below(party, 6) : 0;
	const struct nw_cap_entry *entry;
	struct nw_cap_entry copy;

	nw_rcu_read_lock(party->thread);
	entry = nw_caps_find(caps, random_cap(party), rights);
	if (entry) {
		copy = *entry;
		check_entry(&copy, rights);
		for (uint32_t i = below(party, 8); i > 5; i--)
			sched_yield();
		CHECK(is_same(entry, &copy));
		party->found_count++;
	} else {
		party->stale_count++;
	}
	nw_rcu_read_unlock(party->thread);
}

static void let_go(struct held *held)
{
	if (!held->entry)
		return;
	CHECK(is_same(held->entry, &held->copy));
	nw_caps_release(held->entry, &held->charged);
	nw_caps_drop(caps, held->entry);
	*held = (struct held){ 0 };
}

/* Lets one go, or takes one; charges what it can. */
static void hold(struct party *party)
{
	struct held *held = &party->held[below(party, HELD)];
	struct nw_resource need = random_quota(party, 50);

	if (held->entry && below(party, 2) == 0 && nw_caps_charge(held->entry, &need)) {
		CHECK(nw_resource_try_add(&held->charged, &need));
		party->charged_count++;
		return;
	}
	let_go(held);
	held->entry = nw_caps_hold(caps, random_cap(party), 0);
	if (!held->entry)
		return;
	held->copy = *held->entry;
	check_entry(&held->copy, 0);
	party->token_count += nw_caps_take(held->entry, 1,
					   below(party, 1000) * UINT64_C(1000000000));
}

/* A parent has what its child has, and more. */
static void look_up_the_tree(struct party *party)
{
	struct nw_cap_info info, above;

	if (nw_caps_info(caps, random_cap(party), &info) < 0 || info.parent.value == 0)
		return;
	CHECK(nw_resource_fits(&info.left, &info.quota));
	if (nw_caps_info(caps, info.parent, &above) < 0)
		return; /* revoked meanwhile */
	CHECK((info.entry.rights & ~above.entry.rights) == 0);
	CHECK(nw_resource_fits(&info.quota, &above.quota));
	CHECK(info.depth == above.depth + 1);
}

static void revoke_some(struct party *party)
{
	uint32_t i = below(party, 400);

	if (i >= ROOTS) {
		nw_cap cap = { atomic_load(&board[i % BOARD]) };

		end_cap(party, i % 2 ? cap : (nw_cap){ 0 }, cap);
		return;
	}
	end_cap(party, (nw_cap){ 0 }, (nw_cap){ atomic_exchange(&roots[i], 0) });
	if (atomic_load(&roots[i]) == 0)
		mint_root(i);
}

static void step(struct party *party)
{
	switch (below(party, 8)) {
	case 0:
	case 1:
		try_make(party);
		break;
	case 2:
		revoke_some(party);
		break;
	case 3:
		hold(party);
		break;
	case 4:
		look_up_the_tree(party);
		break;
	default:
		look(party);
		break;
	}
	nw_rcu_quiescent(party->thread);
	(void)nw_rcu_run(party->thread);
}

/* What one capability gave to those below it: all of them are on the board. */
static void sum_below(nw_cap cap, struct nw_resource *ret_sum)
{
	struct nw_cap_info info;

	*ret_sum = (struct nw_resource){ { 0 } };
	for (int i = 0; i < BOARD; i++) {
		if (nw_caps_info(caps, (nw_cap){ board[i] }, &info) < 0 ||
		    info.parent.value != cap.value)
			continue;
		CHECK(nw_resource_try_add(ret_sum, &info.quota));
		ret_sum->amount[NW_RESOURCE_CAPS]++;
	}
}

static bool check_sums(nw_cap cap)
{
	struct nw_cap_info info;
	struct nw_resource sum;

	if (nw_caps_info(caps, cap, &info) < 0)
		return false;
	sum_below(cap, &sum);
	CHECK(nw_resource_try_add(&sum, &info.left));
	CHECK(memcmp(&sum, &info.quota, sizeof(sum)) == 0);
	CHECK_INT(info.reference_count, ==, info.child_count);
	return true;
}

/* The threads rest, nothing is held, every grace period is over. */
static void check_at_rest(void)
{
	struct nw_caps_stats stats;
	uint32_t live_count = 0;

	for (int i = 0; i < ROOTS; i++)
		live_count += check_sums((nw_cap){ roots[i] });
	for (int i = 0; i < BOARD; i++)
		live_count += check_sums((nw_cap){ board[i] });
	nw_caps_stats(caps, &stats);
	CHECK_INT(stats.live_count, ==, live_count);
	CHECK_INT(stats.waiting_count, ==, 0);
	CHECK_INT(stats.retired_count, ==, 0);
	CHECK_INT(stats.slot_count, <=, SLOTS_MAX);
}

static void meet(struct party *party)
{
	nw_rcu_offline(party->thread);
	pthread_barrier_wait(&meeting);
	nw_rcu_online(party->thread);
}

static void *storm(void *arg)
{
	struct party party = { 0 };
	uint64_t self = (uint64_t)(uintptr_t)arg;

	nwi_prng_init(&party.prng, nw_test_seed() + self);
	CHECK_INT(nw_rcu_register(&party.thread, rcu, "storm"), ==, 0);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < STEPS / ROUNDS * nw_test_scale(); i++)
			step(&party);
		for (int i = 0; i < HELD; i++)
			let_go(&party.held[i]);
		nw_rcu_barrier(party.thread);
		meet(&party); /* all have let go and called back */
		if (self == 0) {
			nw_rcu_barrier(party.thread);
			check_at_rest();
		}
		meet(&party);
	}
	CHECK(party.made_count > 0 && party.found_count > 0 && party.stale_count > 0);
	CHECK(party.refused_count > 0 && party.charged_count > 0 && party.token_count > 0);
	nw_rcu_unregister(party.thread);
	return NULL;
}

static void begin(enum nw_rcu_flavour flavour, uint32_t slot_count_max)
{
	CHECK_INT(nw_rcu_create(&rcu, NW_NODE_ANY, &(struct nw_rcu_options){ .flavour = flavour }),
		  ==, 0);
	CHECK_INT(nw_caps_create(&caps, NW_NODE_ANY, 2, slot_count_max), ==, 0);
}

static void end(void)
{
	nw_rcu_destroy(rcu);
	nw_caps_destroy(caps);
}

static void run_threads(void *(*work)(void *arg))
{
	pthread_t threads[THREADS];

	CHECK_INT(pthread_barrier_init(&meeting, NULL, THREADS), ==, 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, work, (void *)i), ==, 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	pthread_barrier_destroy(&meeting);
}

static void run(enum nw_rcu_flavour flavour)
{
	begin(flavour, SLOTS_MAX);
	for (uint32_t i = 0; i < ROOTS; i++)
		mint_root(i);
	run_threads(storm);
	end();
}

TEST(rights_and_quotas_hold_in_a_storm)
{
	run(NW_RCU_GENERAL);
}

TEST(and_with_readers_that_announce)
{
	run(NW_RCU_QUIESCENT);
}

/* -- trees that are revoked from above ---------------------------------------------------- */

enum { TREE = 12, TREES_KEPT = 16, TREES = WORK(5000), MINE = 8 };

static _Atomic uint64_t trees[TREES_KEPT][TREE]; /* of tree n: row n % TREES_KEPT */
static _Atomic uint64_t built, revoked;          /* the newest; from 1 */

/* Position i hangs below this one. */
static int parent_idx(int i)
{
	return (i - 1) / 2;
}

static void build(uint64_t n)
{
	struct nw_cap_terms terms = { .rights = ALL };
	nw_cap cap[TREE];
	uint64_t room = 1000;

	for (int i = 0; i < TREE; i++) {
		terms.quota.amount[NW_RESOURCE_CAPS] = i == 0 ? room * 1000 : room >> (i / 2);
		if (i == 0)
			CHECK_INT(nw_caps_mint(caps, NW_CAP_FILE, n, 0, &terms, &cap[0]), ==, 0);
		else
			CHECK_INT(nw_caps_derive(caps, cap[parent_idx(i)], &terms, &cap[i]), ==, 0);
		atomic_store(&trees[n % TREES_KEPT][i], cap[i].value);
	}
	atomic_store(&built, n);
}

static void *build_and_revoke(void *arg)
{
	struct nw_rcu_thread *thread;

	(void)arg;
	CHECK_INT(nw_rcu_register(&thread, rcu, "builder"), ==, 0);
	for (uint64_t n = 1; n <= (uint64_t)TREES * (uint64_t)nw_test_scale(); n++) {
		nw_cap top;

		build(n);
		top.value = atomic_load(&trees[n % TREES_KEPT][0]);
		if (n % 4 == 0)
			sched_yield();
		CHECK_INT(nw_caps_revoke(caps, thread, top, top), ==, 0);
		atomic_store(&revoked, n);
		(void)nw_rcu_run(thread);
		if (n % 64 == 0)
			nw_rcu_barrier(thread);
	}
	atomic_store(&built, UINT64_MAX);
	nw_rcu_barrier(thread);
	nw_rcu_unregister(thread);
	return NULL;
}

static bool is_found(struct nw_rcu_thread *thread, uint64_t value)
{
	bool is_there;

	nw_rcu_read_lock(thread);
	is_there = nw_caps_find(caps, (nw_cap){ value }, 0);
	nw_rcu_read_unlock(thread);
	return is_there;
}

/* Of tree n, if its row is still its own. */
static bool read_tree(uint64_t n, int i, uint64_t *ret_value)
{
	*ret_value = atomic_load(&trees[n % TREES_KEPT][i]);
	return atomic_load(&revoked) < n + TREES_KEPT - 2;
}

static uint64_t look_at_dead(struct nw_rcu_thread *thread, struct nwi_prng *prng)
{
	uint64_t n = atomic_load(&revoked), value;

	if (n == 0 || !read_tree(n, (int)nwi_prng_below(prng, TREE), &value))
		return 0;
	CHECK(!is_found(thread, value));
	return 1;
}

/* In a tree that may be dying: once the parent is gone, so is the child. */
static uint64_t look_at_dying(struct nw_rcu_thread *thread, struct nwi_prng *prng)
{
	int i = 1 + (int)nwi_prng_below(prng, TREE - 1);
	uint64_t n = atomic_load(&built), parent, child;

	if (n == 0 || n == UINT64_MAX || !read_tree(n, i, &child) ||
	    !read_tree(n, parent_idx(i), &parent) || is_found(thread, parent))
		return 0;
	CHECK(!is_found(thread, child));
	return 1;
}

struct made {
	uint64_t tree, value;
};

/* Makes more in a tree that may be dying, and looks whether what it made dies with it. */
static uint64_t make_in_dying(struct nw_rcu_thread *thread, struct nwi_prng *prng,
			      struct made *mine)
{
	struct nw_cap_terms terms = { .rights = NW_CAP_DERIVE };
	uint64_t n = atomic_load(&built), value;
	nw_cap cap;

	if (mine->tree != 0) {
		if (atomic_load(&revoked) < mine->tree)
			return 0;
		CHECK(!is_found(thread, mine->value));
		*mine = (struct made){ 0 };
		return 1;
	}
	if (n != 0 && n != UINT64_MAX && read_tree(n, (int)nwi_prng_below(prng, TREE), &value) &&
	    nw_caps_derive(caps, (nw_cap){ value }, &terms, &cap) == 0)
		*mine = (struct made){ n, cap.value };
	return 0;
}

static void *watch(void *arg)
{
	struct made mine[MINE] = { { 0 } };
	uint64_t dead_count = 0, orphan_count = 0, mine_count = 0;
	struct nw_rcu_thread *thread;
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed() + (uintptr_t)arg);
	CHECK_INT(nw_rcu_register(&thread, rcu, "watcher"), ==, 0);
	while (atomic_load(&built) != UINT64_MAX) {
		dead_count += look_at_dead(thread, &prng);
		orphan_count += look_at_dying(thread, &prng);
		mine_count += make_in_dying(thread, &prng, &mine[nwi_prng_below(&prng, MINE)]);
	}
	nw_rcu_unregister(thread);
	printf("# %lu looks at dead ones, %lu at dying ones, %lu made in a tree that died\n",
	       (unsigned long)dead_count, (unsigned long)orphan_count, (unsigned long)mine_count);
	CHECK(dead_count > 0 && mine_count > 0);
	return NULL;
}

TEST(nothing_below_is_found_after_a_revocation)
{
	struct nw_caps_stats stats;
	pthread_t threads[3];

	begin(NW_RCU_GENERAL, 1u << 14);
	for (uintptr_t i = 0; i < 3; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, i == 0 ? build_and_revoke : watch,
					 (void *)i),
			  ==, 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	nw_caps_stats(caps, &stats);
	CHECK(stats.live_count == 0 && stats.waiting_count == 0);
	end();
}

/* -- one slot, one bucket ------------------------------------------------------------------ */

enum { MEETINGS = WORK(400000), QUOTA = 2, TOKENS = WORK(10000000) };

static _Atomic uint64_t current, in_use, given_count;
static nw_cap shared;

static nw_cap mint_one(uint32_t i, const struct nw_cap_terms *terms)
{
	nw_cap cap = { 0 };
	int rc = nw_caps_mint(caps, NW_CAP_SOCKET, i, i, terms, &cap);

	CHECK(rc == 0 || rc == -ENOSPC);
	return cap;
}

/* Makes capabilities and ends them, in two slots. */
static void end_one_after_the_other(struct nw_rcu_thread *thread)
{
	struct nw_cap_terms terms = { .rights = ALL };

	for (int i = 0; i < MEETINGS / 4 * nw_test_scale(); i++) {
		nw_cap cap = mint_one((uint32_t)i, &terms);

		if (cap.value != 0) {
			atomic_store(&current, cap.value);
			CHECK_INT(nw_caps_revoke(caps, thread, cap, cap), ==, 0);
		}
		if (nw_rcu_run(thread) == 0 && cap.value == 0)
			sched_yield();
	}
	atomic_store(&current, UINT64_MAX);
}

/* Holds for a moment what is there, or will be: the next handles of its slot are easy to guess. */
static void hold_what_is_ended(void)
{
	nw_cap cap;

	while ((cap.value = atomic_load(&current)) != UINT64_MAX) {
		for (int guess = 0; guess < 3; guess++, cap.value += UINT64_C(1) << 32) {
			const struct nw_cap_entry *entry = nw_caps_hold(caps, cap, 0);

			CHECK(!entry || (entry->owner == entry->object && entry->rights == ALL));
			nw_caps_drop(caps, entry);
		}
	}
}

static void *end_or_hold(void *arg)
{
	struct nw_rcu_thread *thread;

	CHECK_INT(nw_rcu_register(&thread, rcu, "holder"), ==, 0);
	pthread_barrier_wait(&meeting);
	if (!arg)
		end_one_after_the_other(thread);
	else
		hold_what_is_ended();
	nw_rcu_barrier(thread);
	nw_rcu_unregister(thread);
	return NULL;
}

TEST(no_reference_is_lost_when_its_capability_ends)
{
	struct nw_caps_stats stats;

	begin(NW_RCU_GENERAL, 2);
	run_threads(end_or_hold);
	nw_caps_stats(caps, &stats);
	CHECK(stats.live_count == 0 && stats.waiting_count == 0);
	end();
}

static void *charge_one(void *arg)
{
	static const struct nw_resource one = { { [NW_RESOURCE_GPU] = 1, [NW_RESOURCE_IRQ] = 1 } };
	const struct nw_cap_entry *entry = nw_caps_hold(caps, shared, 0);

	(void)arg;
	pthread_barrier_wait(&meeting);
	for (int i = 0; i < MEETINGS * nw_test_scale(); i++) {
		if (!nw_caps_charge(entry, &one))
			continue;
		CHECK_INT(atomic_fetch_add(&in_use, 1), <, QUOTA);
		atomic_fetch_sub(&in_use, 1);
		nw_caps_release(entry, &one);
	}
	nw_caps_drop(caps, entry);
	return NULL;
}

TEST(no_more_than_the_quota_is_in_use_at_a_time)
{
	struct nw_cap_terms terms = { .rights = ALL };
	struct nw_cap_info info;

	begin(NW_RCU_GENERAL, 2);
	terms.quota.amount[NW_RESOURCE_GPU] = QUOTA + 1;
	terms.quota.amount[NW_RESOURCE_IRQ] = QUOTA; /* so that a part is taken and given back */
	shared = mint_one(1, &terms);
	run_threads(charge_one);
	CHECK_INT(nw_caps_info(caps, shared, &info), ==, 0);
	CHECK(memcmp(&info.left, &info.quota, sizeof(info.left)) == 0);
	end();
}

static void *take_until_empty(void *arg)
{
	const struct nw_cap_entry *entry = nw_caps_hold(caps, shared, 0);
	uint64_t count = 0;

	(void)arg;
	pthread_barrier_wait(&meeting);
	while (nw_caps_take(entry, 1, 0))
		count++;
	atomic_fetch_add(&given_count, count);
	nw_caps_drop(caps, entry);
	return NULL;
}

TEST(each_token_is_given_once)
{
	struct nw_cap_terms terms = { .rights = ALL, .bucket = { .burst = TOKENS } };

	begin(NW_RCU_GENERAL, 2);
	shared = mint_one(1, &terms);
	run_threads(take_until_empty);
	CHECK_INT(given_count, ==, TOKENS);
	end();
}

/* -- tokens ------------------------------------------------------------------------------- */

enum { TAKES = WORK(100000), BURST = 50, RATE = 1000 };

static _Atomic uint64_t now_ns;
static _Atomic uint64_t taken_count[THREADS];
static nw_cap taker[THREADS];

static void *take_all(void *arg)
{
	uintptr_t self = (uintptr_t)arg;
	const struct nw_cap_entry *entry = nw_caps_hold(caps, taker[self], 0);
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed() + self);
	for (int i = 0; i < TAKES * nw_test_scale(); i++) {
		uint64_t at_ns = atomic_fetch_add(&now_ns, nwi_prng_below(&prng, 200000));
		uint64_t n = 1 + nwi_prng_below(&prng, 3);

		if (nw_caps_take(entry, n, at_ns))
			atomic_fetch_add(&taken_count[self], n);
	}
	nw_caps_drop(caps, entry);
	return NULL;
}

TEST(siblings_share_the_tokens_of_the_bucket_above)
{
	struct nw_cap_terms terms = { .rights = ALL, .bucket = { BURST, RATE, 0 } };
	uint64_t sum = 0, most;
	pthread_t threads[THREADS];
	nw_cap top;

	begin(NW_RCU_GENERAL, 8);
	terms.quota.amount[NW_RESOURCE_CAPS] = THREADS;
	CHECK_INT(nw_caps_mint(caps, NW_CAP_SOCKET, 1, 1, &terms, &top), ==, 0);
	terms.quota.amount[NW_RESOURCE_CAPS] = 0;
	terms.bucket.rate_per_s = RATE / 2;
	for (uintptr_t i = 0; i < THREADS; i++) {
		CHECK_INT(nw_caps_derive(caps, top, &terms, &taker[i]), ==, 0);
		CHECK_INT(pthread_create(&threads[i], NULL, take_all, (void *)i), ==, 0);
	}
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	most = now_ns / 1000000 * RATE / 1000;
	for (int i = 0; i < THREADS; i++) {
		CHECK_INT(taken_count[i], <=, BURST + most / 2 + 1);
		sum += taken_count[i];
	}
	CHECK_INT(sum, <=, BURST + most + 1);
	CHECK_INT(sum, >=, most / 2); /* and they are not starved: demand is far above the rate */
	end();
}

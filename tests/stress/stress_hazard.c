/* SPDX-License-Identifier: MIT */
/* Hazard pointers under threads: a few cells that point to nodes, writers that swap in a new node
 * and retire the old one, readers that protect what a cell points to and look at it twice. A
 * deleter poisons its node, and writers use it again soon, with another mark: a reader that is not
 * protected sees poison or a mark that changes. The fields are plain, so TSan sees a missing edge,
 * too.
 *
 * Batches are tiny, so that scans are frequent and overlap; other threads register, retire and
 * leave all the time; another calls barriers. At the end every node retired was deleted once. All
 * of it is done with light fences and with full ones. */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/hazard.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#ifdef NW_SMALL
enum { ROUNDS = 40000, LEAVES = 500, MEETINGS = 20000, FORKS = 60 };
#else
enum { ROUNDS = 100000, LEAVES = 1000, MEETINGS = 400000, FORKS = 300 };
#endif
enum { CLOG_BYTES = 32 << 20, LOOKS = 400, BARRIERS = 20000, CELLS = 3, POISON = 0, NODES = 20000 };

struct node {
	uint64_t mark;     /* POISON while nobody may look */
	uint64_t check;    /* ~mark */
	struct node *next; /* of the free ones; under the lock */
	struct nw_retired retired;
};

struct world {
	struct nw_hazard *domain;
	_Atomic(struct node *) cells[CELLS];
	pthread_mutex_t lock;
	struct node *free;
	struct node *nodes;
	uint64_t next_node;
	atomic_ulong retired_count, deleted_count;
	atomic_uint writer_count; /* still at work */
	atomic_uint seed;
};

static struct node *take_node(struct world *world, uint64_t mark)
{
	struct node *node;

	pthread_mutex_lock(&world->lock);
	node = world->free;
	if (node)
		world->free = node->next;
	else if (world->next_node < NODES)
		node = &world->nodes[world->next_node++];
	pthread_mutex_unlock(&world->lock);
	CHECK(node); /* else garbage grows beyond any bound */
	node->mark = mark;
	node->check = ~mark;
	return node;
}

static void delete_node(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	struct node *node = ptr;
	struct world *world = arg;

	CHECK(nw_hazard_domain_of(thread) == world->domain);
	CHECK(node->mark != POISON && node->check == ~node->mark);
	node->mark = POISON;
	pthread_mutex_lock(&world->lock);
	node->next = world->free;
	world->free = node;
	pthread_mutex_unlock(&world->lock);
	world->deleted_count++;
}

static void look(const struct node *node, bool yields)
{
	uint64_t mark = node->mark;

	CHECK(mark != POISON);
	if (yields)
		sched_yield();
	CHECK(node->mark == mark && node->check == ~mark);
}

static void replace(struct world *world, struct nw_hazard_thread *thread, struct nwi_prng *prng)
{
	struct node *node = take_node(world, nwi_prng_next(prng) | 1);
	struct node *old = atomic_exchange(&world->cells[nwi_prng_below(prng, CELLS)], node);

	if (!old)
		return;
	world->retired_count++;
	nw_hazard_retire(thread, &old->retired, old, delete_node, world);
}

/* Two cells at a time, the second protection copied to a higher slot now and then. */
static void read_some(struct world *world, struct nw_hazard_thread *thread, struct nwi_prng *prng)
{
	struct node *a = nw_hazard_protect(thread, 0, &world->cells[nwi_prng_below(prng, CELLS)]);
	struct node *b = nw_hazard_protect(thread, 1, &world->cells[nwi_prng_below(prng, CELLS)]);
	bool yields = nwi_prng_below(prng, 16) == 0;

	if (b && nwi_prng_below(prng, 2)) {
		nw_hazard_set(thread, 2, b);
		nw_hazard_clear(thread, 1);
	}
	if (a)
		look(a, yields);
	if (b)
		look(b, yields);
	for (uint32_t slot = 0; slot < 3; slot++)
		nw_hazard_clear(thread, slot);
}

static struct nw_hazard_thread *join(struct world *world, struct nwi_prng *prng)
{
	struct nw_hazard_thread *thread;

	nwi_prng_init(prng, nw_test_seed() * 1000 + world->seed++);
	CHECK_INT(nw_hazard_register(&thread, world->domain), ==, 0);
	return thread;
}

static void *write_all(void *arg)
{
	struct world *world = arg;
	struct nwi_prng prng;
	struct nw_hazard_thread *thread = join(world, &prng);

	for (int i = 0; i < ROUNDS * nw_test_scale(); i++)
		replace(world, thread, &prng);
	nw_hazard_unregister(thread);
	world->writer_count--;
	return NULL;
}

static void *read_all(void *arg)
{
	struct world *world = arg;
	struct nwi_prng prng;
	struct nw_hazard_thread *thread = join(world, &prng);

	while (world->writer_count > 0)
		for (int i = 0; i < 64; i++)
			read_some(world, thread, &prng);
	nw_hazard_unregister(thread);
	return NULL;
}

static void *come_and_go(void *arg)
{
	struct world *world = arg;
	struct nwi_prng prng;

	for (int i = 0; i < LEAVES * nw_test_scale(); i++) {
		struct nw_hazard_thread *thread = join(world, &prng);

		for (uint32_t n = nwi_prng_below(&prng, 8); n > 0; n--) {
			replace(world, thread, &prng);
			read_some(world, thread, &prng);
		}
		nw_hazard_unregister(thread);
	}
	world->writer_count--;
	return NULL;
}

static void *wait_for_all(void *arg)
{
	struct world *world = arg;
	struct nwi_prng prng;
	struct nw_hazard_thread *thread = join(world, &prng);

	while (world->writer_count > 0) {
		nw_hazard_barrier(thread);
		sched_yield();
	}
	nw_hazard_unregister(thread);
	return NULL;
}

static void world_init(struct world *world, bool full_fences)
{
	struct nw_hazard_options options = { .batch_min = 1, .full_fences = full_fences };

	*world = (struct world){ .lock = PTHREAD_MUTEX_INITIALIZER };
	CHECK_INT(nw_hazard_create(&world->domain, NW_NODE_ANY, &options), ==, 0);
	world->nodes = calloc(NODES, sizeof(*world->nodes));
	CHECK(world->nodes);
}

/* Fills the CPU's store buffer with stores that miss the cache, so that the next store, an
 * announcement, stays invisible for long while loads behind it go ahead: what a fence is for. */
static void stuff_stores(struct nwi_prng *prng)
{
	static _Atomic uint32_t far[CLOG_BYTES / sizeof(uint32_t)];

	for (int i = 0; i < 6; i++)
		atomic_store_explicit(&far[nwi_prng_below(prng, CLOG_BYTES / sizeof(far[0]))], 1,
				      memory_order_relaxed);
}

/* What churn leaves to chance: one reader and one writer that scans after every retirement, so that
 * "I protect" meets "does anyone" at the same moment, over and over. */
static void *read_closely(void *arg)
{
	struct world *world = arg;
	struct nwi_prng prng;
	struct nw_hazard_thread *thread = join(world, &prng);

	while (world->writer_count > 0) {
		const struct node *node;

		stuff_stores(&prng);
		node = nw_hazard_protect(thread, 0, &world->cells[0]);
		for (int i = 0; i < LOOKS; i++)
			look(node, false);
		nw_hazard_clear(thread, 0);
	}
	nw_hazard_unregister(thread);
	return NULL;
}

/* Everything retired has been deleted, once each. */
static void world_fini(struct world *world)
{
	struct nw_hazard_stats stats;

	nw_hazard_stats(world->domain, &stats);
	CHECK_INT(stats.thread_count, ==, 0);
	CHECK_INT(stats.retired_count, ==, world->retired_count);
	nw_hazard_destroy(world->domain);
	CHECK_INT(world->deleted_count, ==, world->retired_count);
	free(world->nodes);
}

static void churn(bool full_fences)
{
	static void *(*const roles[])(void *) = { write_all, write_all, come_and_go, come_and_go,
						  read_all,  read_all,  wait_for_all };
	enum { ROLES = sizeof(roles) / sizeof(roles[0]), WRITERS = 4 };
	pthread_t threads[ROLES];
	struct world world;

	world_init(&world, full_fences);
	world.writer_count = WRITERS;
	for (int i = 0; i < ROLES; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, roles[i], &world), ==, 0);
	for (int i = 0; i < ROLES; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	world_fini(&world);
}

TEST(what_is_protected_stays_whole)
{
	churn(false);
}

TEST(what_is_protected_stays_whole_with_full_fences)
{
	churn(true);
}

/* A reader that protects one node and then sleeps until it is told. */
struct parked {
	struct world *world;
	pthread_barrier_t met;
	uint64_t mark;
};

static void *park(void *arg)
{
	struct parked *parked = arg;
	struct nwi_prng prng;
	struct nw_hazard_thread *thread = join(parked->world, &prng);
	struct node *node = nw_hazard_protect(thread, 1, &parked->world->cells[0]);

	CHECK(node);
	pthread_barrier_wait(&parked->met);
	pthread_barrier_wait(&parked->met);
	CHECK(node->mark == parked->mark && node->check == ~parked->mark);
	nw_hazard_clear(thread, 1);
	nw_hazard_unregister(thread);
	return NULL;
}

TEST(a_parked_reader_costs_a_bounded_number_of_nodes)
{
	struct world world;
	struct parked parked = { .world = &world, .mark = 77 };
	struct nw_hazard_thread *thread;
	struct nw_hazard_stats stats;
	struct nwi_prng prng;
	pthread_t sleeper;

	world_init(&world, false);
	thread = join(&world, &prng);
	world.cells[0] = take_node(&world, parked.mark);
	CHECK_INT(pthread_barrier_init(&parked.met, NULL, 2), ==, 0);
	CHECK_INT(pthread_create(&sleeper, NULL, park, &parked), ==, 0);
	pthread_barrier_wait(&parked.met);
	for (int i = 0; i < 2 * ROUNDS; i++) {
		replace(&world, thread, &prng);
		nw_hazard_stats(world.domain, &stats);
		CHECK_INT(stats.retired_count - stats.reclaimed_count, <=, stats.garbage_max);
		/* Two threads of four slots: no run time makes this larger. */
		CHECK_INT(stats.garbage_max, ==, 2 * (2 * 8 + 8));
	}
	nw_hazard_barrier(thread);
	CHECK_INT(world.retired_count - world.deleted_count, ==, 1); /* the sleeper's */
	pthread_barrier_wait(&parked.met);
	CHECK_INT(pthread_join(sleeper, NULL), ==, 0);
	nw_hazard_unregister(thread);
	world_fini(&world);
}

static void meet_closely(bool full_fences)
{
	struct world world;
	struct nw_hazard_thread *thread;
	struct nwi_prng prng;
	pthread_t reader;

	world_init(&world, full_fences);
	world.writer_count = 1;
	thread = join(&world, &prng);
	world.cells[0] = take_node(&world, 1);
	CHECK_INT(pthread_create(&reader, NULL, read_closely, &world), ==, 0);
	for (uint64_t i = 2; i < MEETINGS * (uint64_t)nw_test_scale(); i++) {
		struct node *old = atomic_exchange(&world.cells[0], take_node(&world, i));

		world.retired_count++;
		nw_hazard_retire(thread, &old->retired, old, delete_node, &world);
		nw_hazard_scan(thread);
	}
	world.writer_count = 0;
	CHECK_INT(pthread_join(reader, NULL), ==, 0);
	nw_hazard_unregister(thread);
	world_fini(&world);
}

TEST(protection_and_scan_meet_closely)
{
	meet_closely(false);
}

TEST(protection_and_scan_meet_closely_with_full_fences)
{
	meet_closely(true);
}

/* After a barrier, what was retired before it anywhere is deleted, though its retirer is scanning
 * at the same time with deleters that dawdle. */
struct rounds {
	struct world *world;
	atomic_int at[2]; /* how many meetings each side has come to */
};

/* Meets the other side; unlike a barrier of pthreads it lets both go within nanoseconds. */
static void meet(struct rounds *rounds, int side)
{
	int n = ++rounds->at[side];

	for (int i = 1; rounds->at[!side] < n; i++)
		if (i % 1024 == 0)
			sched_yield();
}

static void dawdle(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	sched_yield();
	delete_node(thread, ptr, arg);
}

static void *retire_and_meet(void *arg)
{
	struct rounds *rounds = arg;
	struct world *world = rounds->world;
	struct nwi_prng prng;
	struct nw_hazard_thread *thread = join(world, &prng);

	for (int i = 0; i < BARRIERS; i++) {
		for (uint64_t n = 0; n < 3; n++) {
			struct node *node = take_node(world, n + 1);

			world->retired_count++;
			nw_hazard_retire(thread, &node->retired, node, dawdle, world);
		}
		meet(rounds, 0);
		for (uint32_t n = nwi_prng_below(&prng, 200); n > 0; n--)
			look(world->cells[0], false);
		nw_hazard_scan(thread);
		meet(rounds, 0);
	}
	nw_hazard_unregister(thread);
	return NULL;
}

TEST(a_barrier_leaves_nothing_behind)
{
	struct world world;
	struct rounds rounds = { .world = &world };
	struct nw_hazard_thread *thread;
	struct nwi_prng prng;
	pthread_t other;

	world_init(&world, true);
	thread = join(&world, &prng);
	world.cells[0] = take_node(&world, 1);
	CHECK_INT(pthread_create(&other, NULL, retire_and_meet, &rounds), ==, 0);
	for (int i = 0; i < BARRIERS; i++) {
		meet(&rounds, 1);
		nw_hazard_barrier(thread);
		CHECK_INT(world.deleted_count, ==, world.retired_count);
		meet(&rounds, 1);
	}
	CHECK_INT(pthread_join(other, NULL), ==, 0);
	nw_hazard_unregister(thread);
	nw_hazard_destroy(world.domain);
	free(world.nodes);
}

/* A scan that looked at the slots before a barrier began may put back what is free by then. The
 * scan is held up in the middle by a deleter that waits until the barrier is under way. */
struct held {
	struct world *world;
	pthread_barrier_t in_scan;
	atomic_bool is_barrier_near;
};

static void hold_up(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	struct held *held = arg;

	pthread_barrier_wait(&held->in_scan);
	while (!held->is_barrier_near)
		sched_yield();
	for (int i = 0; i < 200; i++)
		sched_yield(); /* it has begun by now, or begins later and has less to show */
	delete_node(thread, ptr, held->world);
}

static void *scan_held_up(void *arg)
{
	struct held *held = arg;
	struct nwi_prng prng;
	struct nw_hazard_thread *thread = join(held->world, &prng);
	struct node *free_one = take_node(held->world, 1);
	struct node *held_one = held->world->cells[0];

	held->world->retired_count += 2;
	nw_hazard_retire(thread, &free_one->retired, free_one, hold_up, held);
	nw_hazard_retire(thread, &held_one->retired, held_one, delete_node, held->world);
	nw_hazard_scan(thread);
	/* Nothing here looks again: it is the barrier's to do. */
	pthread_barrier_wait(&held->in_scan);
	nw_hazard_unregister(thread);
	return NULL;
}

TEST(a_barrier_waits_for_scans_that_looked_before)
{
	struct world world;
	struct held held = { .world = &world };
	struct nw_hazard_thread *thread;
	struct nwi_prng prng;
	pthread_t scanner;

	world_init(&world, false);
	thread = join(&world, &prng);
	world.cells[0] = take_node(&world, 7);
	nw_hazard_protect(thread, 0, &world.cells[0]);
	CHECK_INT(pthread_barrier_init(&held.in_scan, NULL, 2), ==, 0);
	CHECK_INT(pthread_create(&scanner, NULL, scan_held_up, &held), ==, 0);
	pthread_barrier_wait(&held.in_scan);
	nw_hazard_clear(thread, 0);
	held.is_barrier_near = true;
	nw_hazard_barrier(thread);
	CHECK_INT(world.deleted_count, ==, 2);
	pthread_barrier_wait(&held.in_scan);
	CHECK_INT(pthread_join(scanner, NULL), ==, 0);
	nw_hazard_unregister(thread);
	nw_hazard_destroy(world.domain);
	free(world.nodes);
}

/* fork() while others retire, scan and make barriers, wherever they happen to be: each child frees
 * what it finds, nothing twice. Nobody joins or leaves meanwhile, and nothing takes a lock that a
 * child would find taken. */
enum { OWN_NODES = 64, CHILD_HANGS_S = 15 };

struct own_node {
	atomic_bool is_retired;
	struct nw_retired retired;
};

struct forking {
	struct nw_hazard *domain;
	pthread_barrier_t met; /* all have joined; all may leave */
	atomic_bool is_over;
};

static void free_own(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	struct own_node *node = ptr;

	(void)thread, (void)arg;
	CHECK(atomic_exchange(&node->is_retired, false));
}

static void retire_own(struct nw_hazard_thread *thread, struct own_node *node)
{
	node->is_retired = true;
	nw_hazard_retire(thread, &node->retired, node, free_own, NULL);
}

static void *retire_until_over(void *arg)
{
	struct forking *forking = arg;
	struct own_node own[OWN_NODES] = { { false } };
	struct nw_hazard_thread *thread;

	CHECK_INT(nw_hazard_register(&thread, forking->domain), ==, 0);
	pthread_barrier_wait(&forking->met);
	for (uint32_t i = 0; !forking->is_over; i++) {
		struct own_node *node = &own[i % OWN_NODES];

		if (!node->is_retired)
			retire_own(thread, node);
		if (i % 256 == 0)
			nw_hazard_barrier(thread);
	}
	pthread_barrier_wait(&forking->met);
	nw_hazard_barrier(thread);
	nw_hazard_unregister(thread);
	return NULL;
}

static void live_on_in_child(struct forking *forking)
{
	static struct own_node own;
	struct nw_hazard_thread *thread;

	alarm(CHILD_HANGS_S * nw_test_slow());
	nw_hazard_after_fork_child(forking->domain, NULL);
	for (int i = 0; i < 3; i++) { /* the handles of all who are not there */
		CHECK_INT(nw_hazard_register(&thread, forking->domain), ==, 0);
		retire_own(thread, &own);
		nw_hazard_barrier(thread);
		CHECK(!own.is_retired);
	}
	_exit(0);
}

static void check_child(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void fork_amid_churn(bool full_fences)
{
	struct nw_hazard_options options = { .batch_min = 1, .full_fences = full_fences };
	struct forking forking = { .is_over = false };
	pthread_t threads[2];

	CHECK_INT(nw_hazard_create(&forking.domain, NW_NODE_ANY, &options), ==, 0);
	CHECK_INT(pthread_barrier_init(&forking.met, NULL, 3), ==, 0);
	for (int i = 0; i < 2; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, retire_until_over, &forking), ==, 0);
	pthread_barrier_wait(&forking.met);
	for (int i = 0; i < FORKS * nw_test_scale(); i++) {
		pid_t pid = fork();

		if (pid == 0)
			live_on_in_child(&forking);
		check_child(pid);
	}
	forking.is_over = true;
	pthread_barrier_wait(&forking.met);
	for (int i = 0; i < 2; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	nw_hazard_destroy(forking.domain);
}

TEST(children_forked_amid_churn_go_on)
{
	fork_amid_churn(false);
}

TEST(children_forked_amid_churn_go_on_with_full_fences)
{
	fork_amid_churn(true);
}

/* Two threads make the default domain at the same moment: one of the two is kept. They meet without
 * an order between them, so that what one made is ordered by the library or by nothing. */
static atomic_int makers_near;
static bool makers_meet;

int __real_nwi_registry_init(void *registry, nw_node node, size_t n_bytes);
int __wrap_nwi_registry_init(void *registry, nw_node node, size_t n_bytes);

int __wrap_nwi_registry_init(void *registry, nw_node node, size_t n_bytes)
{
	if (makers_meet) {
		atomic_fetch_add_explicit(&makers_near, 1, memory_order_relaxed);
		while (atomic_load_explicit(&makers_near, memory_order_relaxed) < 2)
			sched_yield();
	}
	return __real_nwi_registry_init(registry, node, n_bytes);
}

/* Looks only at what is as it was made: no word of it orders the two afterwards. */
static void *make_default(void *arg)
{
	struct nw_hazard **domain = arg;
	struct nw_hazard_stats stats;

	CHECK_INT(nw_hazard_default(domain), ==, 0);
	nw_hazard_stats(*domain, &stats);
	CHECK_INT(stats.slots_per_thread, ==, NW_HAZARD_SLOTS_DEFAULT);
	return NULL;
}

TEST(two_makers_of_the_default_domain_agree)
{
	struct nw_hazard *domains[2];
	pthread_t threads[2];

	makers_meet = true;
	for (int i = 0; i < 2; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, make_default, &domains[i]), ==, 0);
	for (int i = 0; i < 2; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	CHECK_INT(makers_near, ==, 2);
	CHECK(domains[0] == domains[1]);
}

static atomic_bool is_made;

static void *make_and_tell(void *arg)
{
	struct nw_hazard *domain;

	(void)arg;
	CHECK_INT(nw_hazard_default(&domain), ==, 0);
	atomic_store_explicit(&is_made, true, memory_order_relaxed);
	return NULL;
}

TEST(the_default_domain_is_found_as_it_was_made)
{
	struct nw_hazard *domain;
	pthread_t maker;

	CHECK_INT(pthread_create(&maker, NULL, make_and_tell, NULL), ==, 0);
	while (!atomic_load_explicit(&is_made, memory_order_relaxed))
		sched_yield();
	(void)make_default(&domain);
	CHECK_INT(pthread_join(maker, NULL), ==, 0);
}

/* SPDX-License-Identifier: MIT */
/* RCU under threads: a few cells that point to nodes; readers look twice at what a cell points to,
 * inside one section; writers swap in a new node and get rid of the old one in each of the three
 * ways: synchronize, call, poll. A node that is got rid of is poisoned and used again soon with
 * another mark, so a grace period that ends too early shows as poison or as a mark that changes;
 * the fields are plain, so it shows as a race under TSan, too.
 *
 * Other threads register, read, call and leave all the time; another calls barriers and counts.
 * All of it for both flavours, with light fences and with full ones. */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/rcu.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#ifdef NW_SMALL
enum { ROUNDS = 400, LEAVES = 50, MEETINGS = 10000, FORKS = 60 };
#else
enum { ROUNDS = 400, LEAVES = 50, MEETINGS = 100000, FORKS = 300 };
#endif
enum { CELLS = 3, POISON = 0 };
enum { CLOG_BYTES = 32 << 20, LOOKS = 400, NODES = 1 << 20, MARKED = 16 };

struct node {
	uint64_t mark;     /* POISON while nobody may look */
	uint64_t check;    /* ~mark */
	struct node *next; /* of the free ones; under the lock */
	struct nw_rcu_head head;
};

struct world {
	struct nw_rcu *rcu;
	enum nw_rcu_flavour flavour;
	_Atomic(struct node *) cells[CELLS];
	pthread_mutex_t lock;
	struct node *free;
	struct node *nodes;
	uint64_t next_node;
	atomic_ulong called_count, run_count;
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
	CHECK(node);
	node->mark = mark;
	node->check = ~mark;
	return node;
}

static void give_back(struct world *world, struct node *node)
{
	CHECK(node->mark != POISON && node->check == ~node->mark);
	node->mark = POISON;
	pthread_mutex_lock(&world->lock);
	node->next = world->free;
	world->free = node;
	pthread_mutex_unlock(&world->lock);
}

static void run_node(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	struct world *world = arg;

	CHECK(nw_rcu_domain_of(thread) == world->rcu);
	give_back(world, ptr);
	world->run_count++;
}

static void look(const struct node *node, bool yields)
{
	uint64_t mark;

	if (!node)
		return;
	mark = node->mark;
	CHECK(mark != POISON);
	if (yields)
		sched_yield();
	CHECK(node->mark == mark && node->check == ~mark);
}

/* Begins a section by either pair of calls where both are right, or ends one. */
static void lock(const struct world *world, struct nw_rcu_thread *thread, struct nwi_prng *prng)
{
	if (world->flavour == NW_RCU_QUIESCENT && nwi_prng_below(prng, 2))
		nw_rcu_read_lock_quiescent(thread);
	else
		nw_rcu_read_lock(thread);
}

static void unlock(const struct world *world, struct nw_rcu_thread *thread, struct nwi_prng *prng)
{
	if (world->flavour == NW_RCU_QUIESCENT && nwi_prng_below(prng, 2))
		nw_rcu_read_unlock_quiescent(thread);
	else
		nw_rcu_read_unlock(thread);
}

/* Sections of one to three levels, over one or two cells. */
static void read_some(struct world *world, struct nw_rcu_thread *thread, struct nwi_prng *prng)
{
	uint32_t levels = 1 + nwi_prng_below(prng, 3);
	bool yields = nwi_prng_below(prng, 16) == 0;
	struct node *a, *b;

	for (uint32_t i = 0; i < levels; i++)
		lock(world, thread, prng);
	a = nw_rcu_dereference(&world->cells[nwi_prng_below(prng, CELLS)]);
	look(a, yields);
	for (uint32_t i = 1; i < levels; i++)
		unlock(world, thread, prng);
	b = nw_rcu_dereference(&world->cells[nwi_prng_below(prng, CELLS)]);
	look(b, yields);
	look(a, false);
	unlock(world, thread, prng);
	nw_rcu_quiescent(thread);
}

static struct node *replace(struct world *world, struct nwi_prng *prng)
{
	struct node *node = take_node(world, nwi_prng_next(prng) | 1);

	return nw_rcu_exchange_pointer(&world->cells[nwi_prng_below(prng, CELLS)], node);
}

static struct nw_rcu_thread *join(struct world *world, struct nwi_prng *prng)
{
	struct nw_rcu_thread *thread;

	nwi_prng_init(prng, nw_test_seed() * 1000 + world->seed++);
	CHECK_INT(nw_rcu_register(&thread, world->rcu, "stress"), ==, 0);
	return thread;
}

static void leave(struct world *world, struct nw_rcu_thread *thread)
{
	nw_rcu_unregister(thread);
	world->writer_count--;
}

static void call(struct world *world, struct nw_rcu_thread *thread, struct node *old)
{
	if (!old)
		return;
	world->called_count++;
	nw_rcu_call(thread, &old->head, old, run_node, world);
}

static void *write_and_wait(void *arg)
{
	struct world *world = arg;
	struct nwi_prng prng;
	struct nw_rcu_thread *thread = join(world, &prng);

	for (int i = 0; i < ROUNDS / 4 * nw_test_scale(); i++) {
		struct node *old = replace(world, &prng);

		/* With a time limit that is met now and then; the old node is kept until then. */
		while (nw_rcu_synchronize_for(world->rcu, thread, 20000, NULL) == -ETIMEDOUT)
			nw_rcu_synchronize(world->rcu, thread);
		if (old)
			give_back(world, old);
	}
	leave(world, thread);
	return NULL;
}

static void *write_and_call(void *arg)
{
	struct world *world = arg;
	struct nwi_prng prng;
	struct nw_rcu_thread *thread = join(world, &prng);

	for (int i = 0; i < ROUNDS * nw_test_scale(); i++) {
		call(world, thread, replace(world, &prng));
		read_some(world, thread, &prng);
		if (i % 8 == 0)
			nw_rcu_run(thread);
	}
	leave(world, thread);
	return NULL;
}

/* Waits by polling, in the meantime it reads. */
static void *write_and_poll(void *arg)
{
	struct world *world = arg;
	struct nwi_prng prng;
	struct nw_rcu_thread *thread = join(world, &prng);

	for (int i = 0; i < ROUNDS / 4 * nw_test_scale(); i++) {
		struct node *old = replace(world, &prng);
		nw_rcu_cookie cookie = nw_rcu_start_poll(world->rcu);

		while (!nw_rcu_poll(world->rcu, cookie)) {
			read_some(world, thread, &prng);
			sched_yield();
		}
		if (old)
			give_back(world, old);
	}
	leave(world, thread);
	return NULL;
}

static void *come_and_go(void *arg)
{
	struct world *world = arg;
	struct nwi_prng prng;

	for (int i = 0; i < LEAVES * nw_test_scale(); i++) {
		struct nw_rcu_thread *thread = join(world, &prng);

		for (uint32_t n = nwi_prng_below(&prng, 8); n > 0; n--) {
			read_some(world, thread, &prng);
			nw_rcu_offline(thread);
			nw_rcu_online(thread);
			call(world, thread, replace(world, &prng));
		}
		nw_rcu_unregister(thread);
	}
	world->writer_count--;
	return NULL;
}

static void *read_all(void *arg)
{
	struct world *world = arg;
	struct nwi_prng prng;
	struct nw_rcu_thread *thread = join(world, &prng);

	while (world->writer_count > 0)
		for (int i = 0; i < 64; i++)
			read_some(world, thread, &prng);
	nw_rcu_unregister(thread);
	return NULL;
}

/* What had been called when a barrier began has run when it ends. */
static void *wait_for_all(void *arg)
{
	struct world *world = arg;
	struct nwi_prng prng;
	struct nw_rcu_thread *thread = join(world, &prng);

	while (world->writer_count > 0) {
		struct nw_rcu_stats before, after;

		nw_rcu_stats(world->rcu, &before);
		nw_rcu_barrier(thread);
		nw_rcu_stats(world->rcu, &after);
		/* Counted as called just before it is on a list: one a caller may be missing. */
		CHECK_INT(after.run_count + MARKED, >=, before.called_count);
		nw_rcu_quiescent(thread);
	}
	nw_rcu_unregister(thread);
	return NULL;
}

static void world_init(struct world *world, enum nw_rcu_flavour flavour, bool full_fences)
{
	struct nw_rcu_options options = { .flavour = flavour, .full_fences = full_fences };

	*world = (struct world){ .lock = PTHREAD_MUTEX_INITIALIZER, .flavour = flavour };
	CHECK_INT(nw_rcu_create(&world->rcu, NW_NODE_ANY, &options), ==, 0);
	world->nodes = calloc(NODES, sizeof(*world->nodes));
	CHECK(world->nodes);
}

static void churn(enum nw_rcu_flavour flavour, bool full_fences)
{
	static void *(*const roles[])(void *) = { write_and_wait, write_and_call, write_and_call,
						  write_and_poll, come_and_go,    read_all,
						  read_all,       wait_for_all };
	enum { ROLES = sizeof(roles) / sizeof(roles[0]), WRITERS = 5 };
	pthread_t threads[ROLES];
	struct world world;

	world_init(&world, flavour, full_fences);
	world.writer_count = WRITERS;
	for (int i = 0; i < ROLES; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, roles[i], &world), ==, 0);
	for (int i = 0; i < ROLES; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	nw_rcu_destroy(world.rcu);
	CHECK_INT(world.run_count, ==, world.called_count);
	CHECK_INT(world.called_count, >, ROUNDS);
	free(world.nodes);
}

TEST(general_sections_keep_their_nodes)
{
	churn(NW_RCU_GENERAL, false);
}

TEST(general_sections_keep_their_nodes_with_full_fences)
{
	churn(NW_RCU_GENERAL, true);
}

TEST(quiescent_threads_keep_their_nodes)
{
	churn(NW_RCU_QUIESCENT, false);
}

TEST(quiescent_threads_keep_their_nodes_with_full_fences)
{
	churn(NW_RCU_QUIESCENT, true);
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

/* What churn leaves to chance: one reader and one writer that waits after every exchange, so that
 * "I am inside" meets "is anyone" at the same moment, over and over. */
static void *read_closely(void *arg)
{
	struct world *world = arg;
	struct nwi_prng prng;
	struct nw_rcu_thread *thread = join(world, &prng);

	nw_rcu_offline(thread);
	while (world->writer_count > 0) {
		const struct node *node;

		stuff_stores(&prng);
		nw_rcu_online(thread);
		nw_rcu_read_lock(thread);
		node = nw_rcu_dereference(&world->cells[0]);
		for (int i = 0; i < LOOKS; i++)
			look(node, false);
		nw_rcu_read_unlock(thread);
		nw_rcu_offline(thread);
	}
	nw_rcu_online(thread);
	nw_rcu_unregister(thread);
	return NULL;
}

static void meet_closely(enum nw_rcu_flavour flavour, bool full_fences)
{
	struct world world;
	pthread_t reader;

	world_init(&world, flavour, full_fences);
	world.writer_count = 1;
	world.cells[0] = take_node(&world, 1);
	CHECK_INT(pthread_create(&reader, NULL, read_closely, &world), ==, 0);
	for (uint64_t i = 2; i < MEETINGS * (uint64_t)nw_test_scale(); i++) {
		struct node *node = take_node(&world, i);
		struct node *old = nw_rcu_exchange_pointer(&world.cells[0], node);
		nw_rcu_cookie cookie = nw_rcu_start_poll(world.rcu);

		for (int n = 1; !nw_rcu_poll(world.rcu, cookie); n++)
			if (n % 256 == 0)
				sched_yield();
		give_back(&world, old);
	}
	world.writer_count = 0;
	CHECK_INT(pthread_join(reader, NULL), ==, 0);
	nw_rcu_destroy(world.rcu);
	free(world.nodes);
}

TEST(sections_and_periods_meet_closely)
{
	meet_closely(NW_RCU_GENERAL, false);
	meet_closely(NW_RCU_QUIESCENT, false);
}

TEST(sections_and_periods_meet_closely_with_full_fences)
{
	meet_closely(NW_RCU_GENERAL, true);
	meet_closely(NW_RCU_QUIESCENT, true);
}

/* After a barrier, what was called before it anywhere has run, though its caller is running
 * callbacks that dawdle at the same time. */
struct rounds {
	struct world *world;
	pthread_barrier_t called, checked;
};

static void dawdle(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	sched_yield();
	run_node(thread, ptr, arg);
}

static void *call_and_meet(void *arg)
{
	struct rounds *rounds = arg;
	struct world *world = rounds->world;
	struct nwi_prng prng;
	struct nw_rcu_thread *thread = join(world, &prng);

	for (int i = 0; i < LEAVES * 10; i++) {
		for (uint64_t n = 0; n < 3; n++) {
			struct node *node = take_node(world, n + 1);

			world->called_count++;
			nw_rcu_call(thread, &node->head, node, dawdle, world);
		}
		pthread_barrier_wait(&rounds->called);
		nw_rcu_run(thread);
		pthread_barrier_wait(&rounds->checked);
	}
	nw_rcu_unregister(thread);
	return NULL;
}

TEST(a_barrier_leaves_nothing_behind)
{
	struct world world;
	struct rounds rounds = { .world = &world };
	struct nw_rcu_thread *thread;
	struct nwi_prng prng;
	pthread_t other;

	world_init(&world, NW_RCU_GENERAL, true);
	thread = join(&world, &prng);
	CHECK_INT(pthread_barrier_init(&rounds.called, NULL, 2), ==, 0);
	CHECK_INT(pthread_barrier_init(&rounds.checked, NULL, 2), ==, 0);
	CHECK_INT(pthread_create(&other, NULL, call_and_meet, &rounds), ==, 0);
	for (int i = 0; i < LEAVES * 10; i++) {
		pthread_barrier_wait(&rounds.called);
		nw_rcu_barrier(thread);
		CHECK_INT(world.run_count, ==, world.called_count);
		pthread_barrier_wait(&rounds.checked);
	}
	CHECK_INT(pthread_join(other, NULL), ==, 0);
	nw_rcu_unregister(thread);
	nw_rcu_destroy(world.rcu);
	free(world.nodes);
}

struct sleeper {
	struct nw_rcu *rcu;
	pthread_barrier_t met;
};

static void *sleep_inside(void *arg)
{
	struct sleeper *sleeper = arg;
	struct nw_rcu_thread *thread;

	CHECK_INT(nw_rcu_register(&thread, sleeper->rcu, "asleep"), ==, 0);
	nw_rcu_read_lock(thread);
	pthread_barrier_wait(&sleeper->met);
	pthread_barrier_wait(&sleeper->met);
	nw_rcu_read_unlock(thread);
	nw_rcu_unregister(thread);
	return NULL;
}

TEST(a_reader_asleep_in_its_section_is_named)
{
	for (int flavour = NW_RCU_GENERAL; flavour <= NW_RCU_QUIESCENT; flavour++) {
		struct nw_rcu_options options = { .flavour = (enum nw_rcu_flavour)flavour };
		struct sleeper sleeper;
		struct nw_rcu_stall stall;
		pthread_t thread;

		CHECK_INT(nw_rcu_create(&sleeper.rcu, NW_NODE_ANY, &options), ==, 0);
		CHECK_INT(pthread_barrier_init(&sleeper.met, NULL, 2), ==, 0);
		CHECK_INT(pthread_create(&thread, NULL, sleep_inside, &sleeper), ==, 0);
		pthread_barrier_wait(&sleeper.met);
		CHECK_INT(nw_rcu_synchronize_for(sleeper.rcu, NULL, 20000000, &stall), ==,
			  -ETIMEDOUT);
		CHECK_STR(stall.name, "asleep");
		CHECK_INT(stall.tid, !=, gettid());
		CHECK_INT(stall.reader_count, ==, 1);
		CHECK_INT(stall.waited_ns, >=, 20000000);
		pthread_barrier_wait(&sleeper.met);
		nw_rcu_synchronize(sleeper.rcu, NULL);
		CHECK_INT(pthread_join(thread, NULL), ==, 0);
		nw_rcu_destroy(sleeper.rcu);
	}
}

/* fork() while others call, run callbacks and make barriers, wherever they happen to be: each child
 * runs what it finds, nothing twice. Nobody joins or leaves meanwhile, and nothing takes a lock
 * that a child would find taken. */
enum { OWN_NODES = 64, CHILD_HANGS_S = 15 };

struct own_node {
	atomic_bool is_called;
	struct nw_rcu_head head;
};

struct forking {
	struct nw_rcu *rcu;
	pthread_barrier_t met; /* all have joined; all may leave */
	atomic_bool is_over;
};

static void run_own(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	struct own_node *node = ptr;

	(void)thread, (void)arg;
	CHECK(atomic_exchange(&node->is_called, false));
}

static void call_own(struct nw_rcu_thread *thread, struct own_node *node)
{
	node->is_called = true;
	nw_rcu_call(thread, &node->head, node, run_own, NULL);
}

static void *call_until_over(void *arg)
{
	struct forking *forking = arg;
	struct own_node own[OWN_NODES] = { { false } };
	struct nw_rcu_thread *thread;

	CHECK_INT(nw_rcu_register(&thread, forking->rcu, "caller"), ==, 0);
	pthread_barrier_wait(&forking->met);
	for (uint32_t i = 0; !forking->is_over; i++) {
		struct own_node *node = &own[i % OWN_NODES];

		nw_rcu_read_lock(thread);
		if (!node->is_called)
			call_own(thread, node);
		nw_rcu_read_unlock(thread);
		if (i % 16 == 0)
			nw_rcu_run(thread);
		if (i % 1024 == 0)
			nw_rcu_barrier(thread);
	}
	pthread_barrier_wait(&forking->met);
	nw_rcu_barrier(thread);
	nw_rcu_unregister(thread);
	return NULL;
}

static void live_on_in_child(struct forking *forking)
{
	static struct own_node own;
	struct nw_rcu_thread *thread;

	alarm(CHILD_HANGS_S * nw_test_slow());
	nw_rcu_after_fork_child(forking->rcu, NULL);
	for (int i = 0; i < 3; i++) { /* the handles of all who are not there */
		CHECK_INT(nw_rcu_register(&thread, forking->rcu, "child"), ==, 0);
		call_own(thread, &own);
		nw_rcu_barrier(thread);
		CHECK(!own.is_called);
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
	struct nw_rcu_options options = { .full_fences = full_fences };
	struct forking forking = { .is_over = false };
	pthread_t threads[2];

	CHECK_INT(nw_rcu_create(&forking.rcu, NW_NODE_ANY, &options), ==, 0);
	CHECK_INT(pthread_barrier_init(&forking.met, NULL, 3), ==, 0);
	for (int i = 0; i < 2; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, call_until_over, &forking), ==, 0);
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
	nw_rcu_destroy(forking.rcu);
}

TEST(children_forked_amid_churn_go_on)
{
	fork_amid_churn(false);
}

TEST(children_forked_amid_churn_go_on_with_full_fences)
{
	fork_amid_churn(true);
}

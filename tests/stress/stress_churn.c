/* SPDX-License-Identifier: MIT */
/*
 * All structures at once, for as long as NW_CHURN_S says (2 seconds without it; `./do soak` gives
 * ten minutes). Threads are started and end all the time; each joins the domains, carries parcels
 * from one structure to another for a while, and leaves. In between come storms of retirements,
 * objects that readers look at while they are replaced, barriers, and shrinkings of the map.
 *
 * Claims. A parcel is with one thread or in one structure: what is taken is held by nobody else
 * (`holders`), and its plain fields are its holder's alone, which TSan checks. Parcels that leave
 * the map, and some others, are freed and made anew, so whoever keeps an old pointer reads freed
 * memory, which ASan reports. After every second or so all threads end: every parcel is found once,
 * what was made was freed, what was retired was reclaimed, what was called was run. Then the
 * structures are made again, small, so that they grow again.
 *
 * A timer's signal makes one thread after another stand still wherever it is, so that others go on
 * for long where a thread is between two steps.
 *
 * Roles that the structures want single (the deque's owner, the mpsc ring's consumer) are tokens
 * that threads take and give back.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <errno.h>
#include <nw/deque.h>
#include <nw/hashmap.h>
#include <nw/hazard.h>
#include <nw/mpmc.h>
#include <nw/mpsc.h>
#include <nw/queue.h>
#include <nw/rcu.h>
#include <nw/stack.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

enum {
	PARCELS = 1500,
	POCKET = 64,
	SEATS_MAX = 8,
	RING_SLOTS = 64,
	DEQUE_SLOTS_MAX = 4096,
	BATCH = 1, /* of the hazard domain: scans are as frequent as can be */
	THINGS = 4,
	STORM = 200,
	STEPS_MAX = 4000, /* of a thread's life */
	SLOTS = 2,        /* of a hazard handle: so few let batches be small */
	STILL_NS = 60000,
	TICK_NS = 500000, /* far more, or a lone thread would stand still for ever */
	GENERATION_MS = 1000,
	ALIVE = 0x600d,
	DEAD = 0xdead,
};

/* Which structure. The map comes last: what leaves it is a new parcel. */
enum place { QUEUE, STACK, DEQUE, MPMC, MPSC, MAP, PLACES };

static const char *const place_names[PLACES] = { "queue", "stack", "deque", "mpmc", "mpsc", "map" };

struct parcel {
	uint64_t number, state;
	uint64_t moves; /* the holder's: plain */
	struct nw_hashmap_entry entry;
	struct nw_rcu_head rcu;
};

/* What readers look at while it is replaced. */
struct thing {
	uint64_t state;
	struct nw_retired retired;
	struct nw_rcu_head rcu;
};

enum shelf { BY_HAZARD, BY_GENERAL, BY_QUIESCENT, SHELVES };

struct tally {
	_Atomic uint64_t moved[PLACES];
	_Atomic uint64_t lives, steps, storms, barriers, shrinks, map_growths;
	_Atomic uint64_t made, freed; /* parcels and things */
	uint64_t generations, deque_growths, retired, called, scans, periods;
};

struct world {
	struct nw_hazard *hazard;
	struct nw_rcu *rcu[2]; /* by enum nw_rcu_flavour */
	struct nw_queue *queue;
	struct nw_stack *stack;
	struct nw_deque *deque;
	struct nw_mpmc *mpmc;
	struct nw_mpsc *mpsc;
	struct nw_hashmap *map;
	atomic_flag deque_owner, mpsc_consumer;
	_Atomic(struct thing *) things[SHELVES][THINGS];
	_Atomic uint32_t holders[PARCELS];
	_Atomic uint64_t next_life;
	struct tally *tally;
};

/* A thread with its part in everything. */
struct churner {
	struct world *world;
	struct nw_hazard_thread *hazard;
	struct nw_rcu_thread *rcu[2];
	struct nw_queue_handle *queue;
	struct nw_stack_handle *stack;
	struct nw_mpmc_producer producer;
	struct nwi_prng prng;
	struct parcel *pocket[POCKET];
	uint32_t pocket_count;
	uint64_t moved[PLACES];
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- parcels and things --------------------------------------------------------------------- */

static struct parcel *new_parcel(struct world *world, uint64_t number)
{
	struct parcel *parcel = malloc(sizeof(*parcel));

	CHECK(parcel);
	*parcel = (struct parcel){ .number = number, .state = ALIVE };
	atomic_fetch_add(&world->tally->made, 1);
	return parcel;
}

static void free_parcel(struct world *world, struct parcel *parcel)
{
	CHECK_INT(parcel->state, ==, ALIVE);
	parcel->state = DEAD;
	free(parcel);
	atomic_fetch_add(&world->tally->freed, 1);
}

static void free_parcel_later(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	(void)thread;
	free_parcel(arg, ptr);
}

static struct thing *new_thing(struct world *world)
{
	struct thing *thing = malloc(sizeof(*thing));

	CHECK(thing);
	thing->state = ALIVE;
	atomic_fetch_add(&world->tally->made, 1);
	return thing;
}

static void free_thing(struct world *world, struct thing *thing)
{
	CHECK_INT(thing->state, ==, ALIVE);
	thing->state = DEAD;
	free(thing);
	atomic_fetch_add(&world->tally->freed, 1);
}

static void free_retired(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	(void)thread;
	free_thing(arg, ptr);
}

static void free_called(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	(void)thread;
	free_thing(arg, ptr);
}

static struct parcel *parcel_of(const struct nw_hashmap_entry *entry)
{
	return (struct parcel *)((char *)(uintptr_t)entry - offsetof(struct parcel, entry));
}

static bool has_number(const struct nw_hashmap_entry *entry, const void *key)
{
	return parcel_of(entry)->number == *(const uint64_t *)key;
}

/* ---- the structures, as places of parcels --------------------------------------------------- */

static bool give_to_deque(struct churner *c, struct parcel *parcel)
{
	bool is_in;

	if (atomic_flag_test_and_set(&c->world->deque_owner))
		return false;
	is_in = nw_deque_push(c->world->deque, c->hazard, parcel);
	atomic_flag_clear(&c->world->deque_owner);
	return is_in;
}

static bool give_to_map(struct churner *c, struct parcel *parcel)
{
	CHECK(!nw_hashmap_put(c->world->map, c->rcu[NW_RCU_GENERAL], nwi_mix64(parcel->number),
			      &parcel->number, &parcel->entry));
	return true;
}

static bool give_to(struct churner *c, enum place place, struct parcel *parcel)
{
	void *item = parcel;

	switch (place) {
	case QUEUE:
		return nw_queue_push(c->queue, parcel);
	case STACK:
		return nw_stack_push(c->stack, parcel);
	case DEQUE:
		return give_to_deque(c, parcel);
	case MPMC:
		if (nwi_prng_below(&c->prng, 2) == 0)
			return nw_mpmc_push_burst(&c->producer, &item, 1) == 1;
		return nw_mpmc_push(&c->producer, item);
	case MPSC:
		if (nwi_prng_below(&c->prng, 2) == 0)
			return nw_mpsc_push_burst(c->world->mpsc, &item, 1) == 1;
		return nw_mpsc_push(c->world->mpsc, &item);
	default:
		return give_to_map(c, parcel);
	}
}

/* Notes that the parcel is ours: that it was nobody's. */
static void put_in_pocket(struct churner *c, enum place place, struct parcel *parcel)
{
	CHECK_INT(parcel->state, ==, ALIVE);
	CHECK_INT(parcel->number, <, PARCELS);
	/* Relaxed, so that it orders nothing that the structures should. */
	CHECK_INT(atomic_fetch_add_explicit(&c->world->holders[parcel->number], 1,
					    memory_order_relaxed),
		  ==, 0);
	parcel->moves++;
	CHECK_INT(c->pocket_count, <, POCKET);
	c->pocket[c->pocket_count++] = parcel;
	c->moved[place]++;
}

static void put_aside(void *item, void *arg)
{
	struct churner *c = arg;

	/* pop_all may find more than a pocket holds: the rest goes on at once. */
	if (c->pocket_count < POCKET)
		put_in_pocket(c, STACK, item);
	else
		CHECK(nw_queue_push(c->queue, item));
}

static void take_from_deque(struct churner *c)
{
	uint32_t room = POCKET - c->pocket_count, n = 0;
	enum nw_deque_steal why;
	void *items[POCKET];

	if (nwi_prng_below(&c->prng, 2) == 0) {
		n = nw_deque_steal_half(c->world->deque, c->hazard, items, room, &why);
	} else if (!atomic_flag_test_and_set(&c->world->deque_owner)) {
		n = nw_deque_pop(c->world->deque, items);
		atomic_flag_clear(&c->world->deque_owner);
	} else {
		n = nw_deque_steal(c->world->deque, c->hazard, items) == NW_DEQUE_STOLEN;
	}
	for (uint32_t i = 0; i < n; i++)
		put_in_pocket(c, DEQUE, items[i]);
}

static void take_from_mpsc(struct churner *c)
{
	uint64_t items[POCKET];
	uint32_t n;

	if (atomic_flag_test_and_set(&c->world->mpsc_consumer))
		return;
	if (nwi_prng_below(&c->prng, 2) == 0)
		n = nw_mpsc_pop(c->world->mpsc, items);
	else
		n = nw_mpsc_pop_burst(c->world->mpsc, items, POCKET - c->pocket_count);
	atomic_flag_clear(&c->world->mpsc_consumer);
	for (uint32_t i = 0; i < n; i++)
		put_in_pocket(c, MPSC, (void *)(uintptr_t)items[i]);
}

/* Others may still look at what left the map: a new one goes on in its place. */
static void take_from_map(struct churner *c, uint64_t number)
{
	struct nw_rcu_thread *rcu = c->rcu[NW_RCU_GENERAL];
	struct nw_hashmap_entry *entry = nw_hashmap_del(c->world->map, rcu, nwi_mix64(number),
							&number);
	struct parcel *old, *parcel;

	if (!entry)
		return;
	old = parcel_of(entry);
	CHECK_INT(old->number, ==, number);
	parcel = new_parcel(c->world, number);
	parcel->moves = old->moves;
	nw_rcu_call(rcu, &old->rcu, old, free_parcel_later, c->world);
	put_in_pocket(c, MAP, parcel);
}

static void take_from(struct churner *c, enum place place)
{
	uint32_t room = POCKET - c->pocket_count, n = 0;
	void *items[POCKET];

	if (room == 0)
		return;
	switch (place) {
	case QUEUE:
		n = nw_queue_pop(c->queue, items);
		break;
	case STACK:
		if (nwi_prng_below(&c->prng, 200) == 0)
			(void)nw_stack_pop_all(c->stack, put_aside, c);
		else
			n = nw_stack_pop(c->stack, items);
		break;
	case DEQUE:
		take_from_deque(c);
		break;
	case MPMC:
		n = nwi_prng_below(&c->prng, 2) == 0
			    ? nw_mpmc_pop(c->world->mpmc, items)
			    : nw_mpmc_pop_burst(c->world->mpmc, items, room);
		break;
	case MPSC:
		take_from_mpsc(c);
		break;
	default:
		take_from_map(c, nwi_prng_below(&c->prng, PARCELS));
		break;
	}
	for (uint32_t i = 0; i < n; i++)
		put_in_pocket(c, place, items[i]);
}

/* Gives the newest of the pocket away; where the place has no room, to the queue. */
static void give(struct churner *c, enum place place)
{
	struct parcel *parcel;

	if (c->pocket_count == 0)
		return;
	parcel = c->pocket[--c->pocket_count];
	parcel->moves++;
	CHECK_INT(atomic_fetch_sub_explicit(&c->world->holders[parcel->number], 1,
					    memory_order_relaxed),
		  ==, 1);
	if (!give_to(c, place, parcel))
		CHECK(nw_queue_push(c->queue, parcel));
}

/* A parcel that nobody else can know is made anew: an old pointer to it would show. */
static void renew(struct churner *c)
{
	struct parcel **at, *old;

	if (c->pocket_count == 0)
		return;
	at = &c->pocket[nwi_prng_below(&c->prng, c->pocket_count)];
	old = *at;
	*at = new_parcel(c->world, old->number);
	(*at)->moves = old->moves;
	free_parcel(c->world, old);
}

/* ---- retirements ------------------------------------------------------------------------------
 */

static void replace_thing(struct churner *c, enum shelf shelf, uint32_t i)
{
	struct world *world = c->world;
	struct thing *old = atomic_exchange(&world->things[shelf][i], new_thing(world));

	if (!old)
		return;
	if (shelf == BY_HAZARD)
		nw_hazard_retire(c->hazard, &old->retired, old, free_retired, world);
	else
		nw_rcu_call(c->rcu[shelf - BY_GENERAL], &old->rcu, old, free_called, world);
}

static void storm(struct churner *c)
{
	enum shelf shelf = nwi_prng_below(&c->prng, SHELVES);

	for (int i = 0; i < STORM; i++)
		replace_thing(c, shelf, nwi_prng_below(&c->prng, THINGS));
	atomic_fetch_add(&c->world->tally->storms, 1);
}

static void check_thing(const struct thing *thing)
{
	if (thing)
		CHECK_INT(thing->state, ==, ALIVE);
}

/* Looks at a thing of every shelf, while others may replace it. */
static void look(struct churner *c)
{
	struct world *world = c->world;
	uint32_t i = nwi_prng_below(&c->prng, THINGS);
	struct nw_rcu_thread *general = c->rcu[NW_RCU_GENERAL],
			     *quiescent = c->rcu[NW_RCU_QUIESCENT];

	check_thing(nw_hazard_protect(c->hazard, 1, &world->things[BY_HAZARD][i]));
	nw_hazard_clear(c->hazard, 1);
	nw_rcu_read_lock(general);
	check_thing(nw_rcu_dereference(&world->things[BY_GENERAL][i]));
	nw_rcu_read_unlock(general);
	nw_rcu_read_lock_quiescent(quiescent);
	check_thing(nw_rcu_dereference(&world->things[BY_QUIESCENT][i]));
	nw_rcu_read_unlock_quiescent(quiescent);
}

static void look_at_map(struct churner *c)
{
	struct nw_rcu_thread *rcu = c->rcu[NW_RCU_GENERAL];
	uint64_t number = nwi_prng_below(&c->prng, PARCELS);
	struct nw_hashmap_entry *entry;

	nw_rcu_read_lock(rcu);
	entry = nw_hashmap_get(c->world->map, nwi_mix64(number), &number);
	if (entry) {
		CHECK_INT(parcel_of(entry)->number, ==, number);
		CHECK_INT(parcel_of(entry)->state, ==, ALIVE);
	}
	nw_rcu_read_unlock(rcu);
}

static uint64_t doublings(uint64_t from, uint64_t to)
{
	uint64_t n = 0;

	for (; from < to; from *= 2)
		n++;
	return n;
}

static uint64_t bucket_count(const struct world *world)
{
	struct nw_hashmap_stats stats;

	nw_hashmap_stats(world->map, &stats);
	return stats.bucket_count;
}

/* Nearly empties the map, so that it has buckets to give back. */
static void ebb(struct churner *c)
{
	struct tally *tally = c->world->tally;
	uint64_t before;

	for (uint64_t number = 0; number < PARCELS; number++) {
		while (c->pocket_count == POCKET)
			give(c, QUEUE);
		take_from_map(c, number);
	}
	before = bucket_count(c->world);
	if (nw_hashmap_shrink(c->world->map, c->rcu[NW_RCU_GENERAL]) == 0)
		return;
	atomic_fetch_add(&tally->shrinks, 1);
	/* What it lost it had grown. */
	atomic_fetch_add(&tally->map_growths, doublings(bucket_count(c->world), before));
}

/* ---- standing still -----------------------------------------------------------------------------
 */

static void stand_still(int signal_number)
{
	struct timespec pause = { .tv_nsec = STILL_NS };
	int kept = errno;

	(void)signal_number;
	(void)nanosleep(&pause, NULL); /* cut short by a signal: still long enough */
	errno = kept;
}

static void mask(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_INT(pthread_sigmask(how, &set, NULL), ==, 0);
}

/* To whichever thread does not block the signal: this one does. */
static timer_t start_ticking(void)
{
	struct sigaction action = { .sa_handler = stand_still, .sa_flags = SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec every = { .it_interval.tv_nsec = TICK_NS, .it_value.tv_nsec = TICK_NS };
	timer_t timer;

	mask(SIG_BLOCK);
	CHECK_INT(sigaction(SIGUSR1, &action, NULL), ==, 0);
	CHECK_INT(timer_create(CLOCK_MONOTONIC, &event, &timer), ==, 0);
	CHECK_INT(timer_settime(timer, 0, &every, NULL), ==, 0);
	return timer;
}

/* ---- a thread's life ----------------------------------------------------------------------------
 */

static void join(struct churner *c, struct world *world, uint64_t seed)
{
	*c = (struct churner){ .world = world };
	nwi_prng_init(&c->prng, seed);
	CHECK_INT(nw_hazard_register(&c->hazard, world->hazard), ==, 0);
	for (int flavour = 0; flavour < 2; flavour++)
		CHECK_INT(nw_rcu_register(&c->rcu[flavour], world->rcu[flavour], "churner"), ==, 0);
	CHECK_INT(nw_queue_register(&c->queue, world->queue, c->hazard), ==, 0);
	CHECK_INT(nw_stack_register(&c->stack, world->stack, c->hazard), ==, 0);
	CHECK_INT(nw_mpmc_register(&c->producer, world->mpmc), ==, 0);
}

static void leave(struct churner *c)
{
	nw_mpmc_unregister(&c->producer);
	nw_stack_unregister(c->stack);
	nw_queue_unregister(c->queue);
	for (int flavour = 0; flavour < 2; flavour++)
		nw_rcu_unregister(c->rcu[flavour]);
	nw_hazard_unregister(c->hazard);
	for (int place = 0; place < PLACES; place++)
		atomic_fetch_add(&c->world->tally->moved[place], c->moved[place]);
}

static void do_something_rare(struct churner *c)
{
	struct tally *tally = c->world->tally;

	switch (nwi_prng_below(&c->prng, 8)) {
	case 0:
		nw_hazard_barrier(c->hazard);
		atomic_fetch_add(&tally->barriers, 1);
		break;
	case 1:
		nw_rcu_barrier(c->rcu[nwi_prng_below(&c->prng, 2)]);
		atomic_fetch_add(&tally->barriers, 1);
		break;
	case 2:
		ebb(c);
		break;
	case 3:
		nw_mpmc_unregister(&c->producer);
		CHECK_INT(nw_mpmc_register(&c->producer, c->world->mpmc), ==, 0);
		break;
	case 4: /* so that the deque grows */
		while (c->pocket_count > 0)
			give(c, DEQUE);
		break;
	case 5: /* so that the map grows */
		while (c->pocket_count > 0)
			give(c, MAP);
		break;
	default:
		storm(c);
		break;
	}
}

static void step(struct churner *c)
{
	uint32_t dice = nwi_prng_below(&c->prng, 1000);

	if (dice < 480)
		take_from(c, nwi_prng_below(&c->prng, PLACES));
	else if (dice < 900)
		give(c, nwi_prng_below(&c->prng, PLACES));
	else if (dice < 940)
		look(c);
	else if (dice < 980)
		look_at_map(c);
	else if (dice < 990)
		renew(c);
	else if (dice < 996)
		sched_yield();
	else
		do_something_rare(c);
	nw_rcu_quiescent(c->rcu[NW_RCU_QUIESCENT]);
}

static void *live(void *arg)
{
	struct world *world = arg;
	struct tally *tally = world->tally;
	uint64_t life = atomic_fetch_add(&world->next_life, 1);
	struct churner c;
	uint32_t steps;

	mask(SIG_UNBLOCK);
	join(&c, world, nw_test_seed() * UINT64_C(1000003) + life);
	steps = 1 + nwi_prng_below(&c.prng, STEPS_MAX);
	for (uint32_t i = 0; i < steps; i++) {
		step(&c);
		if (i % 256 == 0)
			for (int flavour = 0; flavour < 2; flavour++)
				(void)nw_rcu_run(c.rcu[flavour]);
	}
	while (c.pocket_count > 0)
		give(&c, nwi_prng_below(&c.prng, PLACES));
	leave(&c);
	atomic_fetch_add(&tally->lives, 1);
	atomic_fetch_add(&tally->steps, steps);
	return NULL;
}

/* ---- a generation of structures -----------------------------------------------------------------
 */

static void world_init(struct world *world)
{
	struct nw_hazard_options hazard = { .batch_min = BATCH, .slots_per_thread = SLOTS };

	CHECK_INT(nw_hazard_create(&world->hazard, NW_NODE_ANY, &hazard), ==, 0);
	for (int flavour = 0; flavour < 2; flavour++)
		CHECK_INT(nw_rcu_create(&world->rcu[flavour], NW_NODE_ANY,
					&(struct nw_rcu_options){
						.flavour = (enum nw_rcu_flavour)flavour }),
			  ==, 0);
	CHECK_INT(nw_queue_create(&world->queue, world->hazard, NW_NODE_ANY), ==, 0);
	CHECK_INT(nw_stack_create(&world->stack, world->hazard, NW_NODE_ANY), ==, 0);
	CHECK_INT(nw_deque_create(&world->deque, NW_NODE_ANY, 2, DEQUE_SLOTS_MAX), ==, 0);
	CHECK_INT(nw_mpmc_create(&world->mpmc, RING_SLOTS, SEATS_MAX + 1, NW_NODE_ANY), ==, 0);
	CHECK_INT(nw_mpsc_create(&world->mpsc, RING_SLOTS, sizeof(uint64_t), NW_NODE_ANY), ==, 0);
	CHECK_INT(nw_hashmap_create(&world->map, NW_NODE_ANY, has_number, 2, 1 << 12), ==, 0);
	atomic_flag_clear(&world->deque_owner);
	atomic_flag_clear(&world->mpsc_consumer);
}

/* Puts one parcel of each number into the queue. */
static void fill(struct world *world)
{
	struct churner c;

	join(&c, world, 0);
	for (uint64_t number = 0; number < PARCELS; number++)
		CHECK(nw_queue_push(c.queue, new_parcel(world, number)));
	leave(&c);
}

/* Until `until_ms`, and everybody once: a thread's place is taken by the next when it ends. */
static void let_live(struct world *world, uint32_t seats, uint64_t until_ms)
{
	pthread_t threads[SEATS_MAX];
	uint32_t running = 0;

	for (; running < seats; running++)
		CHECK_INT(pthread_create(&threads[running], NULL, live, world), ==, 0);
	for (uint32_t seat = 0; running > 0; seat = (seat + 1) % seats) {
		if (seat >= running)
			continue;
		CHECK_INT(pthread_join(threads[seat], NULL), ==, 0);
		if (now_ms() < until_ms)
			CHECK_INT(pthread_create(&threads[seat], NULL, live, world), ==, 0);
		else
			threads[seat] = threads[--running];
	}
}

/* Takes all parcels out again: each is found, once. */
static void empty(struct world *world)
{
	static bool is_found[PARCELS];
	struct churner c;
	uint64_t found = 0;

	memset(is_found, 0, sizeof(is_found));
	join(&c, world, 1);
	for (uint32_t round = 0; round < PARCELS + PLACES * PARCELS; round++) {
		uint32_t place = round < PARCELS ? (uint32_t)MAP : round % PLACES;

		if (place == MAP && round < PARCELS)
			take_from_map(&c, round);
		else if (place != MAP)
			take_from(&c, place);
		while (c.pocket_count > 0) {
			struct parcel *parcel = c.pocket[--c.pocket_count];

			CHECK(!is_found[parcel->number]);
			is_found[parcel->number] = true;
			atomic_store(&world->holders[parcel->number], 0);
			found++;
			free_parcel(world, parcel);
		}
	}
	CHECK_INT(found, ==, PARCELS);
	for (uint32_t i = 0; i < SHELVES * THINGS; i++) {
		struct thing *thing = atomic_exchange(&world->things[i / THINGS][i % THINGS], NULL);

		if (thing)
			free_thing(world, thing);
	}
	leave(&c);
}

static void note_growth(const struct world *world)
{
	struct nw_hashmap_stats map;

	nw_hashmap_stats(world->map, &map);
	CHECK_INT(map.entry_count, ==, 0);
	world->tally->deque_growths += doublings(2, nw_deque_slot_count(world->deque));
	atomic_fetch_add(&world->tally->map_growths, doublings(2, map.bucket_count));
}

static void world_fini(struct world *world)
{
	struct tally *tally = world->tally;
	struct nw_hazard_thread *thread;
	struct nw_hazard_stats hazard;
	struct nw_rcu_stats rcu;

	note_growth(world);
	CHECK_INT(nw_hazard_register(&thread, world->hazard), ==, 0);
	nw_queue_destroy(world->queue, thread);
	nw_stack_destroy(world->stack, thread);
	nw_hazard_barrier(thread);
	nw_hazard_unregister(thread);
	nw_hazard_stats(world->hazard, &hazard);
	CHECK_INT(hazard.reclaimed_count, ==, hazard.retired_count);
	tally->retired += hazard.retired_count;
	tally->scans += hazard.scan_count;
	nw_deque_destroy(world->deque);
	nw_mpmc_destroy(world->mpmc);
	nw_mpsc_destroy(world->mpsc);
	nw_hashmap_destroy(world->map);
	nw_hazard_destroy(world->hazard);
	for (int flavour = 0; flavour < 2; flavour++) {
		struct nw_rcu_thread *self;

		CHECK_INT(nw_rcu_register(&self, world->rcu[flavour], NULL), ==, 0);
		nw_rcu_barrier(self);
		nw_rcu_unregister(self);
		nw_rcu_stats(world->rcu[flavour], &rcu);
		CHECK_INT(rcu.run_count, ==, rcu.called_count);
		tally->called += rcu.called_count;
		tally->periods += rcu.period_count;
		nw_rcu_destroy(world->rcu[flavour]);
	}
}

static void print_tally(struct tally *tally, uint64_t seconds)
{
	printf("# seed %" PRIu64 ", %" PRIu64 " s: %" PRIu64 " generations, %" PRIu64
	       " threads came and went, %" PRIu64 " steps\n",
	       nw_test_seed(), seconds, tally->generations, atomic_load(&tally->lives),
	       atomic_load(&tally->steps));
	printf("# parcels taken:");
	for (int place = 0; place < PLACES; place++)
		printf(" %s %" PRIu64, place_names[place], atomic_load(&tally->moved[place]));
	printf("\n# doublings: deque %" PRIu64 ", map %" PRIu64 "; the map shrank %" PRIu64
	       " times\n",
	       tally->deque_growths, atomic_load(&tally->map_growths),
	       atomic_load(&tally->shrinks));
	printf("# %" PRIu64 " storms, %" PRIu64 " retired in %" PRIu64 " scans, %" PRIu64
	       " called in %" PRIu64 " periods, %" PRIu64 " barriers; %" PRIu64
	       " objects made and freed\n",
	       atomic_load(&tally->storms), tally->retired, tally->scans, tally->called,
	       tally->periods, atomic_load(&tally->barriers), atomic_load(&tally->made));
}

TEST(nothing_is_lost_doubled_or_leaked)
{
	static struct world world;
	static struct tally tally;
	const char *text = getenv("NW_CHURN_S");
	uint64_t seconds = text ? strtoull(text, NULL, 10) : 2, begin = now_ms();
	uint64_t end = begin + seconds * 1000;
	timer_t timer = start_ticking();
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	world.tally = &tally;
	do {
		world_init(&world);
		fill(&world);
		let_live(&world, 2 + nwi_prng_below(&prng, SEATS_MAX - 1),
			 now_ms() + GENERATION_MS < end ? now_ms() + GENERATION_MS : end);
		empty(&world);
		world_fini(&world);
		CHECK_INT(atomic_load(&tally.made), ==, atomic_load(&tally.freed));
		tally.generations++;
	} while (now_ms() < end);
	CHECK_INT(timer_delete(timer), ==, 0);
	print_tally(&tally, (now_ms() - begin) / 1000);
	for (int place = 0; place < PLACES; place++)
		CHECK_INT(atomic_load(&tally.moved[place]), >, 0);
	CHECK_INT(tally.deque_growths, >, 0);
	CHECK_INT(atomic_load(&tally.map_growths), >, 0);
}

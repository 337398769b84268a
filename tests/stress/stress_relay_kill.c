/* SPDX-License-Identifier: MIT */
/*
 * Clients of a relay killed at any instruction: stepped through one by one to a random one, while
 * they submit, receive, or connect; and by a signal at a random moment, under real workers. What a
 * client had shown is carried, in order and whole; what it had not is nowhere; the shards go on,
 * and all counts add up.
 */
#include "lib/relay.h"
#include "lib/relay_door.h"
#include "lib/step.h"

#include "base/prng.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#ifdef NW_SMALL
enum { ROUNDS = 100, CONNECTS = 40, WAVES = 15 };
#else
enum { ROUNDS = 400, CONNECTS = 60, WAVES = 60 };
#endif
enum { SHARDS = 2, TOPICS = 4, BURST = 6, HERDS = 3 };

static struct nwi_prng prng;

/* ---- killed at an instruction ---- */

static uint32_t steps_left;

/* Few steps as often as many: 1 to 2^bits. */
static uint32_t some_steps(uint32_t bits)
{
	return nwi_prng_below(&prng, 2u << nwi_prng_below(&prng, bits));
}

static void die_at_last(void)
{
	if (steps_left-- == 0)
		raise(SIGKILL);
}

struct deed {
	struct nw_relay_client *client;
	int fd;
	uint64_t seed;
};

/* Numbers of each topic from 0 on, and receives in between. */
static void submit_some(void *arg)
{
	struct deed *deed = arg;
	struct nw_packet packets[BURST], heard[4];
	uint64_t accepted[TOPICS] = { 0 }, numbers[TOPICS];
	struct nwi_prng own;
	size_t n;

	nwi_prng_init(&own, deed->seed);
	for (int round = 0; round < 4; round++) {
		memcpy(numbers, accepted, sizeof(numbers));
		for (uint32_t i = 0; i < BURST; i++) {
			uint32_t t = nwi_prng_below(&own, TOPICS);

			packets[i] = relay_packet(t, numbers[t]++);
			packets[i].ttl_us = t == 3 ? 1000000000 : 0;
		}
		n = nw_relay_client_submit(deed->client, packets, BURST, NULL);
		for (size_t i = 0; i < n; i++)
			accepted[packets[i].topic]++;
		(void)nw_relay_client_receive(deed->client, heard, 4);
	}
}

static void connect_once(void *arg)
{
	struct deed *deed = arg;

	if (nw_relay_client_open(&deed->client, deed->fd, NULL, NULL) == 0)
		submit_some(deed);
}

/* A child that does it, and is killed on its way or at its end. */
static pid_t start_doomed(void (*run)(void *arg), struct deed *deed, uint32_t steps)
{
	pid_t child = fork();

	CHECK(child >= 0);
	if (child > 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	steps_left = steps;
	if (STEP_IS_POSSIBLE)
		step_each(run, deed, die_at_last);
	else
		run(deed);
	raise(SIGKILL);
	return 0;
}

static void reap(pid_t child)
{
	int status;

	CHECK_INT(waitpid(child, &status, 0), ==, child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

struct rig {
	struct relay_sink *sink;
	struct nw_relay *relay;
	struct nw_relay_producer *producer;
	struct relay_door door;
};

static void open_rig(struct rig *rig)
{
	struct nw_relay_options options = { .stepped = true,
					    .shard_count = SHARDS,
					    .ring_slots = 64 };
	struct nw_diag diag = { "" };

	memset(rig, 0, sizeof(*rig));
	rig->sink = relay_new_sink();
	options.hooks.ctx = rig->sink;
	options.hooks.deliver = relay_deliver;
	if (nw_relay_create(&rig->relay, &options, &diag) < 0)
		FAIL("%s", diag.text);
	nw_relay_rules_set(rig->relay, relay_allow_all(1));
	CHECK_INT(nw_relay_producer_open(&rig->producer, rig->relay, NULL), ==, 0);
	rig->door.relay = rig->relay;
	rig->door.options.sender = 9;
	rig->door.client_options.submit_slots = 8;
	rig->door.client_options.receive_slots = 4;
}

static void close_rig(struct rig *rig)
{
	nw_relay_producer_close(rig->producer);
	nw_relay_destroy(rig->relay);
	free(rig->sink);
}

/* What came of the dead one, and that the living are served. */
static void check_round(struct rig *rig)
{
	struct nw_packet packets[2] = { relay_packet(0, 1000000), relay_packet(1, 1000000) };
	uint64_t next[TOPICS] = { 0 };
	uint32_t own = 0;

	CHECK_INT(nw_relay_submit(rig->producer, packets, 2, NULL), ==, 2);
	relay_settle(rig->relay);
	CHECK(nw_relay_quiesce(rig->relay, 0));
	relay_check_counts(rig->relay);
	for (uint32_t i = 0; i < rig->sink->count; i++) {
		const struct nw_packet *packet = &rig->sink->packets[i];

		own += packet->sender != 9;
		if (packet->sender == 9)
			CHECK_INT(relay_number(packet), ==, next[packet->topic]++);
	}
	CHECK_INT(own, ==, 2);
	rig->sink->count = 0;
}

TEST(killed_while_it_submits)
{
	struct rig rig;
	struct nw_relay_stats stats;
	uint64_t carried = 0, rounds = ROUNDS * (uint64_t)nw_test_scale();

	nwi_prng_init(&prng, nw_test_seed());
	open_rig(&rig);
	for (uint64_t round = 0; round < rounds; round++) {
		struct deed deed = { .seed = round };
		struct nw_diag diag = { "" };
		pid_t child;

		if (relay_door_open(&rig.door, &deed.client, &diag) < 0)
			FAIL("%s", diag.text);
		CHECK_INT(nw_relay_guest_hear(rig.door.guest, (uint32_t[]){ 0, 1 }, 2, true), ==,
			  0);
		child = start_doomed(submit_some, &deed, some_steps(12));
		/* The shards go on while it lives. */
		for (uint32_t i = nwi_prng_below(&prng, 4); i > 0; i--)
			(void)nw_relay_step(rig.relay, i % SHARDS);
		reap(child);
		nw_relay_client_close(deed.client); /* this process's copy of its end */
		CHECK_INT(nw_relay_guest_serve(rig.door.guest), ==, -ENOENT);
		nw_relay_guest_close(rig.door.guest);
		check_round(&rig);
		nw_relay_tend(rig.relay);
	}
	nw_relay_stats(rig.relay, &stats);
	carried = stats.delivered - 2 * rounds;
	printf("# %u killed, %u of their packets carried\n", (unsigned)rounds, (unsigned)carried);
	CHECK_INT(carried, >, rounds / 4);
	close_rig(&rig);
}

/* The door, for one that may die while it knocks. */
static void *keep_door(void *arg)
{
	struct relay_door *door = arg;
	unsigned char bytes[NW_RELAY_HELLO_BYTES];

	door->guest = NULL;
	if (recv(door->fds[0], bytes, sizeof(bytes), MSG_WAITALL) == sizeof(bytes) &&
	    nw_relay_hello_read(bytes, &door->hello) &&
	    nw_relay_guest_admit(&door->guest, door->relay, door->fds[0], &door->hello,
				 &door->options, NULL) == 0)
		return NULL;
	close(door->fds[0]);
	return NULL;
}

TEST(killed_while_it_connects)
{
	struct rig rig;
	uint32_t admitted = 0, rounds = CONNECTS * (uint32_t)nw_test_scale();

	nwi_prng_init(&prng, nw_test_seed() + 1);
	open_rig(&rig);
	for (uint32_t round = 0; round < rounds; round++) {
		struct deed deed = { .seed = round };
		pthread_t thread;
		pid_t child;

		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, rig.door.fds), ==, 0);
		deed.fd = rig.door.fds[1];
		child = start_doomed(connect_once, &deed, some_steps(16));
		close(rig.door.fds[1]);
		CHECK_INT(pthread_create(&thread, NULL, keep_door, &rig.door), ==, 0);
		reap(child);
		CHECK_INT(pthread_join(thread, NULL), ==, 0);
		admitted += rig.door.guest != NULL;
		nw_relay_guest_close(rig.door.guest);
		check_round(&rig);
		nw_relay_tend(rig.relay);
	}
	printf("# %u killed, %u of them admitted before\n", rounds, admitted);
	CHECK_INT(admitted, >, 0);
	close_rig(&rig);
}

/* ---- killed at a moment ---- */

struct game {
	struct nw_relay *relay;
	struct nw_topo *topo;
	uint64_t next[HERDS + 1][TOPICS]; /* by sender and topic, of who lives now */
	_Atomic uint64_t delivered, own;
};

static uint32_t take(void *ctx, uint32_t shard_idx, const struct nw_packet *packets, uint32_t count)
{
	struct game *game = ctx;

	(void)shard_idx;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t *next = &game->next[packets[i].sender][packets[i].topic];

		CHECK_INT(relay_number(&packets[i]), ==, *next);
		++*next;
		if (packets[i].sender == HERDS)
			atomic_fetch_add(&game->own, 1);
	}
	atomic_fetch_add(&game->delivered, count);
	return count;
}

/* Floods until it is killed; it may sleep in between. */
static void flood(int fd, uint64_t seed)
{
	struct nw_relay_client_options options = { .submit_slots = 16, .receive_slots = 2 };
	uint64_t numbers[TOPICS] = { 0 };
	struct nw_relay_client *client;
	struct nwi_prng own;

	nwi_prng_init(&own, seed);
	if (nw_relay_client_open(&client, fd, &options, NULL) < 0)
		_exit(1);
	for (;;) {
		uint32_t t = nwi_prng_below(&own, TOPICS);
		struct nw_packet packet = relay_packet(t, numbers[t]);
		struct nw_relay_receipt receipt;

		if (nw_relay_client_submit(client, &packet, 1, &receipt) == 1)
			numbers[t]++;
		else if (receipt.reason == NW_RELAY_FULL && nwi_prng_below(&own, 8) == 0)
			(void)nw_relay_client_wait_room(client, receipt.shard, 1000000);
		else
			sched_yield();
	}
}

struct herd {
	struct relay_door door;
	pid_t child;
};

static void start_herd(struct game *game, struct herd *herd, uint32_t sender, uint64_t seed)
{
	memset(herd, 0, sizeof(*herd));
	memset(game->next[sender], 0, sizeof(game->next[sender]));
	herd->door.relay = game->relay;
	herd->door.options.sender = sender;
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, herd->door.fds), ==, 0);
	herd->child = fork();
	CHECK(herd->child >= 0);
	if (herd->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(herd->door.fds[0]);
		flood(herd->door.fds[1], seed);
	}
	close(herd->door.fds[1]);
	relay_door_keep(&herd->door);
}

/* Whatever it is at. */
static void end_herd(struct herd *herd)
{
	int status;

	CHECK_INT(kill(herd->child, SIGKILL), ==, 0);
	CHECK_INT(waitpid(herd->child, &status, 0), ==, herd->child);
	CHECK(WIFSIGNALED(status));
	nw_relay_guest_close(herd->door.guest);
}

TEST(killed_under_real_workers)
{
	static struct game game;
	struct nw_relay_options options = { .hooks = { .ctx = &game, .deliver = take },
					    .shard_count = SHARDS,
					    .ring_slots = 64,
					    .spin_ns = 1,
					    .no_pin = true,
					    .oversubscribe = true };
	struct nw_relay_producer_options own = { .sender = HERDS, .node = { -1 } };
	struct nw_relay_producer *producer;
	struct herd herds[HERDS];
	struct nw_diag diag = { "" };
	uint64_t sent = 0;
	int rc;

	nwi_prng_init(&prng, nw_test_seed() + 2);
	if (nw_topo_open(&game.topo, &(struct nw_topo_options){ 0 }, &diag) < 0)
		FAIL("%s", diag.text);
	options.topo = game.topo;
	if (nw_relay_create(&game.relay, &options, &diag) < 0)
		FAIL("%s", diag.text);
	nw_relay_rules_set(game.relay, relay_allow_all(1));
	CHECK_INT(nw_relay_producer_open(&producer, game.relay, &own), ==, 0);
	for (int wave = 0; wave < WAVES * nw_test_scale(); wave++) {
		uint64_t until = atomic_load(&game.delivered) + nwi_prng_below(&prng, 3000);

		for (uint32_t h = 0; h < HERDS; h++)
			start_herd(&game, &herds[h], h, nwi_prng_next(&prng));
		while (atomic_load(&game.delivered) < until)
			sched_yield();
		rc = nw_relay_slot_move(game.relay, nwi_prng_below(&prng, TOPICS),
					nwi_prng_below(&prng, SHARDS));
		CHECK(rc == 0 || rc == -EBUSY);
		for (uint32_t h = 0; h < HERDS; h++)
			end_herd(&herds[h]);
		/* The shards still serve: this is delivered, or the test ends by its time limit. */
		for (uint32_t t = 0; t < TOPICS; t++) {
			struct nw_packet packet = relay_packet(t, (uint64_t)wave);

			while (nw_relay_submit(producer, &packet, 1, NULL) == 0)
				sched_yield();
			sent++;
		}
		CHECK(nw_relay_quiesce(game.relay, UINT64_MAX));
		CHECK_INT(atomic_load(&game.own), ==, sent);
		relay_check_counts(game.relay);
	}
	nw_relay_producer_close(producer);
	CHECK(nw_relay_drain(game.relay, UINT64_MAX));
	printf("# %u carried\n", (unsigned)atomic_load(&game.delivered));
	nw_relay_destroy(game.relay);
	nw_topo_close(game.topo);
}

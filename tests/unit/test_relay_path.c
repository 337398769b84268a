/* SPDX-License-Identifier: MIT */
/*
 * A packet's way through the relay, watched: no allocation, no lock, no system call; and no two
 * writers on one pair of cache lines.
 *
 * The allocator is this program's own (it counts, and hands on to glibc's); locks and system calls
 * pass through the linker's --wrap (tests.cmake). What is counted is what happens while
 * `is_watching`.
 */
#include "lib/relay.h"
#include "lib/relay_door.h"

#include "engines/relay/client.h"
#include "engines/relay/shard.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_OWN_ALLOCATOR false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OWN_ALLOCATOR false
#endif
#endif
#ifndef HAS_OWN_ALLOCATOR
#define HAS_OWN_ALLOCATOR true
#endif

static _Thread_local bool is_watching;
static _Thread_local uint64_t allocations, locks, calls;

/* ---- the watchers ---- */

#if HAS_OWN_ALLOCATOR
void *__libc_malloc(size_t n_bytes);
void *__libc_calloc(size_t count, size_t n_bytes);
void *__libc_realloc(void *block, size_t n_bytes);
void *__libc_memalign(size_t align, size_t n_bytes);
void __libc_free(void *block);

void *malloc(size_t n_bytes)
{
	allocations += is_watching;
	return __libc_malloc(n_bytes);
}

void *calloc(size_t count, size_t n_bytes)
{
	allocations += is_watching;
	return __libc_calloc(count, n_bytes);
}

void *realloc(void *block, size_t n_bytes)
{
	allocations += is_watching;
	return __libc_realloc(block, n_bytes);
}

void *aligned_alloc(size_t align, size_t n_bytes)
{
	allocations += is_watching;
	return __libc_memalign(align, n_bytes);
}

void free(void *block)
{
	allocations += is_watching && block;
	__libc_free(block);
}
#endif

#define WATCH(result, name, parameters, arguments, counter) \
	result __real_##name parameters;                    \
	result __wrap_##name parameters;                    \
	result __wrap_##name parameters                     \
	{                                                   \
		(counter) += is_watching;                   \
		return __real_##name arguments;             \
	}

WATCH(int, pthread_mutex_lock, (pthread_mutex_t * lock), (lock), locks)
WATCH(int, pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock), locks)
WATCH(int, pthread_cond_wait, (pthread_cond_t * cond, pthread_mutex_t *lock), (cond, lock), locks)
WATCH(void *, mmap, (void *at, size_t n, int protection, int flags, int fd, off_t offset),
      (at, n, protection, flags, fd, offset), calls)
WATCH(int, munmap, (void *at, size_t n), (at, n), calls)
WATCH(ssize_t, read, (int fd, void *bytes, size_t n), (fd, bytes, n), calls)
WATCH(ssize_t, write, (int fd, const void *bytes, size_t n), (fd, bytes, n), calls)
WATCH(ssize_t, send, (int fd, const void *bytes, size_t n, int flags), (fd, bytes, n, flags), calls)
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	calls += is_watching;
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void watch(void)
{
	allocations = locks = calls = 0;
	is_watching = true;
}

static void check_clean(void)
{
	is_watching = false;
	CHECK_INT(allocations, ==, 0);
	CHECK_INT(locks, ==, 0);
	CHECK_INT(calls, ==, 0);
}

/* ---- a rig with everything in it ---- */

enum { SHARDS = 3, COUNT = 64 };

struct rig {
	struct relay_sink *sink;
	struct nw_relay *relay;
	struct nw_relay_producer *producers[2];
	struct nw_relay_subscriber *subscriber;
	struct relay_door door;
	struct nw_relay_client *client;
};

static struct nw_rules *make_rules(void)
{
	struct nw_sender_rule anybody = { .in_flight_max = 100000, .limit = { 1 << 30, 1 << 30 } };
	struct nw_rules_builder *builder;

	CHECK_INT(nw_rules_builder_create(&builder), ==, 0);
	for (uint32_t t = 0; t < COUNT; t++) {
		struct nw_topic_rule rule = { .topic = t, .limit = { 100000, 100000 } };

		CHECK_INT(nw_rules_builder_add_topic(builder, &rule, 0, NULL), ==, 0);
	}
	CHECK_INT(nw_rules_builder_any_sender(builder, &anybody, 0, NULL), ==, 0);
	return relay_rules_of(builder, 1);
}

static void open_rig(struct rig *rig)
{
	struct nw_relay_options options = { .stepped = true, .shard_count = SHARDS };
	struct nw_diag diag = { "" };

	memset(rig, 0, sizeof(*rig));
	rig->sink = relay_new_sink();
	/* The clock is the real one: a client knows no other. */
	options.hooks = (struct nw_relay_hooks){ .ctx = rig->sink, .deliver = relay_deliver };
	if (nw_relay_create(&rig->relay, &options, &diag) < 0)
		FAIL("%s", diag.text);
	nw_relay_rules_set(rig->relay, make_rules());
	for (int i = 0; i < 2; i++)
		CHECK_INT(nw_relay_producer_open(&rig->producers[i], rig->relay, NULL), ==, 0);
	CHECK_INT(nw_relay_subscriber_open(&rig->subscriber, rig->relay, NULL), ==, 0);
	CHECK_INT(nw_relay_subscribe_all(rig->subscriber, true), ==, 0);
	rig->door.relay = rig->relay;
	rig->door.options.sender = 1;
	CHECK_INT(relay_door_open(&rig->door, &rig->client, &diag), ==, 0);
	CHECK_INT(nw_relay_guest_hear(rig->door.guest, (uint32_t[]){ 0, 1, 2, 3 }, 4, true), ==, 0);
}

static void close_rig(struct rig *rig)
{
	nw_relay_client_close(rig->client);
	nw_relay_guest_close(rig->door.guest);
	nw_relay_subscriber_close(rig->subscriber);
	for (int i = 0; i < 2; i++)
		nw_relay_producer_close(rig->producers[i]);
	nw_relay_destroy(rig->relay);
	free(rig->sink);
}

/* A round of everything that packets do. */
static void pass_packets(struct rig *rig, uint64_t round)
{
	struct nw_packet packets[COUNT], out[COUNT];
	struct nw_relay_receipt receipt;
	uint8_t reasons[COUNT];

	for (uint32_t i = 0; i < COUNT; i++) {
		packets[i] = relay_packet(i % (COUNT + 1), round);
		packets[i].ttl_us = i % 2 * 1000000000;
	}
	(void)nw_relay_submit(rig->producers[0], packets, COUNT, &receipt);
	(void)nw_relay_submit_each(rig->producers[1], packets, COUNT, reasons, &receipt);
	(void)nw_relay_client_submit(rig->client, packets, COUNT, &receipt);
	for (uint32_t i = 0; i < SHARDS; i++)
		(void)nw_relay_step(rig->relay, i);
	while (nw_relay_receive(rig->subscriber, out, COUNT) > 0)
		;
	(void)nw_relay_client_receive(rig->client, out, COUNT);
	rig->sink->count = 0;
}

TEST(packets_pass_without_allocation_lock_or_system_call)
{
	struct rig rig;
	struct nw_relay_stats before, after;

	if (!HAS_OWN_ALLOCATOR)
		SKIP("a sanitizer has an allocator of its own");
	open_rig(&rig);
	/* The page of a lane or a table is touched for the first time. */
	for (uint64_t round = 0; round < 20; round++)
		pass_packets(&rig, round);
	nw_relay_stats(rig.relay, &before);
	watch();
	for (uint64_t round = 0; round < 500; round++)
		pass_packets(&rig, round);
	check_clean();
	nw_relay_stats(rig.relay, &after);
	CHECK_INT(after.delivered - before.delivered, ==, 500 * 3 * COUNT);
	CHECK_INT(after.copies - before.copies, >, 500 * 3 * COUNT);
	close_rig(&rig);
}

TEST(the_watchers_see)
{
	void *(*_Atomic allocate)(size_t) = malloc; /* so that no compiler leaves it out */
	struct rig rig;
	struct nw_relay_stats stats;
	void *block;

	if (!HAS_OWN_ALLOCATOR)
		SKIP("a sanitizer has an allocator of its own");
	open_rig(&rig);
	watch();
	nw_relay_stats(rig.relay, &stats); /* a control call: a lock */
	is_watching = false;
	CHECK_INT(locks, ==, 1);
	watch();
	CHECK_INT(nw_relay_subscribe(rig.subscriber, (uint32_t[]){ 1 }, 1), ==, 0); /* new tables */
	is_watching = false;
	CHECK_INT(calls, >, 0);
	watch();
	block = atomic_load(&allocate)(1);
	is_watching = false;
	CHECK_INT(allocations, ==, 1);
	free(block);
	close_rig(&rig);
}

TEST(a_record_handed_over_and_a_full_ring_cost_no_more)
{
	struct rig rig;
	struct nw_packet packet = relay_packet(0, 0), many[COUNT];
	struct nw_relay_receipt receipt;
	size_t n;

	if (!HAS_OWN_ALLOCATOR)
		SKIP("a sanitizer has an allocator of its own");
	open_rig(&rig);
	CHECK_INT(nw_relay_slot_move(rig.relay, 0, 1), ==, 0);
	relay_settle(rig.relay);
	rig.sink->quota = 0;
	for (uint32_t i = 0; i < COUNT; i++)
		many[i] = relay_packet(1, i);
	/* Pages of the ring, once; and a batch that the sink does not take. */
	for (int i = 0; i < 2; i++) {
		for (n = 1; n > 0;)
			n = nw_relay_submit(rig.producers[0], many, COUNT, NULL);
		(void)nw_relay_step(rig.relay, 1);
	}
	watch();
	CHECK_INT(nw_lane_push(&rig.client->piers[0].writer, &packet, 1), ==, 1);
	for (uint32_t i = 0; i < SHARDS; i++)
		(void)nw_relay_step(rig.relay, i);
	CHECK_INT(nw_relay_submit(rig.producers[0], many, COUNT, &receipt), <, COUNT);
	check_clean();
	CHECK_INT(receipt.reason, ==, NW_RELAY_FULL);
	CHECK_INT(nwi_counted(&rig.relay->shards[0]->tally.misrouted), ==, 1);
	close_rig(&rig);
}

/* ---- who writes where ---- */

struct claim {
	const char *what;
	uint32_t writer;
	uintptr_t first, end;
};

static struct claim claims[512];
static uint32_t claim_count;

static void claims_are(const char *what, uint32_t writer, const void *at, size_t n_bytes)
{
	CHECK_INT(claim_count, <, sizeof(claims) / sizeof(claims[0]));
	claims[claim_count++] = (struct claim){ what, writer, (uintptr_t)at,
						(uintptr_t)at + n_bytes };
}

#define FIELDS(what, writer, object, from, to)    \
	claims_are(what, writer, &(object)->from, \
		   offsetof(__typeof__(*(object)), to) - offsetof(__typeof__(*(object)), from))

/* Writers: shards 0.., then producers, the subscriber, the client, control, all others. */
enum { PRODUCER = 100, SUBSCRIBER = 200, CLIENT = 300, CONTROL = 400, OTHERS = 500 };

static void claim_lane(const char *what, struct nw_lane *lane, uint32_t writer, uint32_t reader)
{
	claims_are(what, writer, &lane->head, sizeof(lane->head));
	claims_are(what, reader, &lane->tail, sizeof(lane->tail));
	claims_are(what, OTHERS + claim_count, &lane->reader_rests, 2 * sizeof(uint32_t));
}

static void claim_shard(struct rig *rig, uint32_t s)
{
	struct nwi_shard *shard = rig->relay->shards[s];

	FIELDS("a shard's own", s, shard, owned, tally);
	claims_are("its tally", s, &shard->tally, sizeof(shard->tally));
	claims_are("what is pending", OTHERS + claim_count, shard->pending_records,
		   2 * sizeof(shard->pending_records));
	claims_are("a request", CONTROL, &shard->request, sizeof(shard->request));
	claims_are("the head of its arena", OTHERS + claim_count, &shard->store->head, 8);
	claims_are("the tail of its arena", s, &shard->store->tail, 8);
	claims_are("its batch", s, shard->batch, shard->batch_max * sizeof(struct nw_packet));
	claims_are("its face", s, shard->face, sizeof(*shard->face));
	claims_are("its ends", s, shard->inlets, SHARDS * sizeof(struct nwi_inlet));
	claims_are("its ends", s, shard->outlets, SHARDS * sizeof(struct nwi_outlet));
	for (uint32_t i = 0; i < SHARDS; i++) {
		if (i == s)
			continue;
		claim_lane("a hand-over lane", shard->inlets[i].records.lane, i, s);
		claim_lane("a lane of messages", shard->inlets[i].messages.lane, i, s);
	}
	for (uint32_t p = 0; p < 2; p++)
		claims_are("a desk", PRODUCER + p, &rig->producers[p]->desks[s],
			   sizeof(struct nwi_desk));
}

static void claim_ways_out(struct rig *rig, uint32_t s)
{
	struct nwi_tap *tap = &rig->subscriber->taps[s];
	struct nwi_pier *pier = &rig->client->piers[s];
	struct nwi_stall *stall = &rig->door.guest->stalls[s];

	FIELDS("a tap", s, tap, writer, reader);
	claims_are("a tap's reader", SUBSCRIBER, &tap->reader, sizeof(tap->reader));
	claim_lane("a subscriber's lane", tap->writer.lane, s, SUBSCRIBER);
	claims_are("a stall", s, stall, sizeof(*stall));
	claims_are("notes", s, stall->notes, sizeof(*stall->notes));
	claim_lane("a lane of a guest", stall->reader.lane, CLIENT, s);
	claim_lane("a lane to a guest", rig->door.guest->subscriber->taps[s].writer.lane, s,
		   CLIENT + 1);
	FIELDS("a pier", CLIENT, pier, writer, reader);
	claims_are("a pier's reader", CLIENT + 1, &pier->reader, sizeof(pier->reader));
}

TEST(no_two_writers_share_a_pair_of_cache_lines)
{
	struct rig rig;

	open_rig(&rig);
	for (uint32_t s = 0; s < SHARDS; s++) {
		claim_shard(&rig, s);
		claim_ways_out(&rig, s);
	}
	for (uint32_t p = 0; p < 2; p++)
		FIELDS("a producer's own", PRODUCER + p, rig.producers[p], relay, next);
	claims_are("the map", CONTROL + 1, rig.relay->board->map, sizeof(rig.relay->board->map));
	claims_are("closed", CONTROL, &rig.relay->board->is_closed, sizeof(uint32_t));
	claims_are("the rules", CONTROL, &rig.relay->rules, sizeof(rig.relay->rules));
	for (uint32_t a = 0; a < claim_count; a++)
		for (uint32_t b = a + 1; b < claim_count; b++) {
			const struct claim *x = &claims[a], *y = &claims[b];

			if (x->writer == y->writer)
				continue;
			if (x->first / NW_CACHE_PAIR <= (y->end - 1) / NW_CACHE_PAIR &&
			    y->first / NW_CACHE_PAIR <= (x->end - 1) / NW_CACHE_PAIR)
				FAIL("%s of writer %u and %s of writer %u share a pair of lines",
				     x->what, x->writer, y->what, y->writer);
		}
	CHECK_INT(claim_count, >, 30 * SHARDS);
	close_rig(&rig);
}

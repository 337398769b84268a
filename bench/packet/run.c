/* SPDX-License-Identifier: MIT */
/*
 * Rounds over what packets go through.
 *
 *   spsc/1/b32/SUBJECT    push and pop of 32 in turn, on one thread: ns a packet
 *   spsc/1+1/bN/SUBJECT   one producer, one consumer, N at a time: ns a packet through it
 *   mpsc/P+1/bN/SUBJECT   P producers
 *
 * Subjects take turns, and each round begins with the next of them; the ratio in the comment is
 * the median over rounds of theirs by ours.
 */
#include "bench/packet/packet.h"

#include "bench/nw_bench.h"
#include "bench/nw_pin.h"

#include <pthread.h>
#include <sched.h>

enum { PACKETS = 1 << 16, SUBJECTS_MAX = 8 };

struct packet_case {
	const char *group;
	uint32_t producers; /* 0: one thread does both */
	uint32_t burst;
};

struct entrant {
	const struct packet_subject *subject;
	double values[NW_BENCH_REPEAT_MAX];
};

/* One round of one subject. */
struct round {
	const struct packet_subject *subject;
	void *shared;
	uint32_t producers, burst;
	uint64_t packets_each;
	const int *cpus;
	pthread_barrier_t gate;
};

struct producer {
	struct round *round;
	uint32_t idx;
	pthread_t thread;
};

static const struct packet_subject *const sources[] = {
	packet_ours,
#ifdef BENCH_HAS_DPDK
	packet_dpdk,
#endif
#ifdef BENCH_HAS_CK
	packet_ck,
#endif
#ifdef BENCH_HAS_MOODYCAMEL
	packet_moodycamel,
#endif
#ifdef BENCH_HAS_MOODYCAMEL_SPSC
	packet_moodycamel_spsc,
#endif
};
enum { SOURCE_COUNT = sizeof(sources) / sizeof(sources[0]) };

static const char peers_missing[] =
#ifndef BENCH_HAS_DPDK
	" rte_ring"
#endif
#ifndef BENCH_HAS_CK
	" ck_ring"
#endif
#ifndef BENCH_HAS_MOODYCAMEL
	" moodycamel"
#endif
#ifndef BENCH_HAS_MOODYCAMEL_SPSC
	" moodycamel_rw"
#endif
	"";

static void *member_of(const struct packet_subject *subject, void *shared, uint32_t idx)
{
	return subject->join ? subject->join(shared, idx) : shared;
}

static void *produce(void *arg)
{
	struct producer *self = arg;
	struct round *round = self->round;
	const struct packet_subject *subject = round->subject;
	struct packet packets[PACKET_BURST_MAX] = { { .producer = self->idx } };
	void *member;

	nw_pin((size_t)round->cpus[1 + self->idx]);
	member = member_of(subject, round->shared, self->idx);
	(void)pthread_barrier_wait(&round->gate);
	for (uint64_t number = 0; member && number < round->packets_each;) {
		uint64_t left = round->packets_each - number;
		uint32_t n = left < round->burst ? (uint32_t)left : round->burst, done = 0;

		for (uint32_t i = 0; i < n; i++)
			packets[i] = (struct packet){ self->idx, number + i, { 0 } };
		while (done < n)
			done += subject->push(member, packets + done, n - done);
		number += n;
	}
	(void)pthread_barrier_wait(&round->gate); /* what it holds is read until here */
	if (member && subject->leave)
		subject->leave(member);
	return NULL;
}

/* All of them; false: one was lost, doubled, or out of order. */
static bool consume(struct round *round)
{
	uint64_t expected[PACKET_PRODUCERS_MAX] = { 0 };
	uint64_t left = round->packets_each * round->producers;
	struct packet packets[PACKET_BURST_MAX];
	bool is_good = true;

	while (left > 0) {
		uint32_t n = round->subject->pop(round->shared, packets, round->burst);

		for (uint32_t i = 0; i < n; i++)
			is_good &= packets[i].producer < round->producers &&
				   packets[i].number == expected[packets[i].producer]++;
		left -= n;
		if (!is_good)
			return false;
	}
	return true;
}

/* Nanoseconds a packet; < 0: failed. */
static double run_stream(struct round *round)
{
	struct producer producers[PACKET_PRODUCERS_MAX];
	uint64_t begin_ns;
	double spent;
	bool is_good;

	round->packets_each = PACKETS * nw_bench_scale() / round->producers;
	(void)pthread_barrier_init(&round->gate, NULL, round->producers + 1);
	for (uint32_t i = 0; i < round->producers; i++) {
		producers[i] = (struct producer){ .round = round, .idx = i };
		if (pthread_create(&producers[i].thread, NULL, produce, &producers[i]) != 0)
			return printf("# no thread\n"), exit(1), -1;
	}
	nw_pin((size_t)round->cpus[0]);
	(void)pthread_barrier_wait(&round->gate);
	begin_ns = nw_bench_now_ns();
	is_good = consume(round);
	spent = (double)(nw_bench_now_ns() - begin_ns);
	if (!is_good) /* its producers may wait for ever */
		return printf("# %s: lost, doubled or out of order\n", round->subject->name),
		       exit(1), -1;
	(void)pthread_barrier_wait(&round->gate);
	for (uint32_t i = 0; i < round->producers; i++)
		(void)pthread_join(producers[i].thread, NULL);
	(void)pthread_barrier_destroy(&round->gate);
	return spent / (double)(round->packets_each * round->producers);
}

static double run_pairs(struct round *round)
{
	const struct packet_subject *subject = round->subject;
	void *member = member_of(subject, round->shared, 0);
	struct packet packets[PACKET_BURST_MAX] = { { 0 } };
	uint64_t n = PACKETS * nw_bench_scale(), begin_ns = nw_bench_now_ns();
	bool is_good = member != NULL;

	for (uint64_t i = 0; is_good && i < n; i += round->burst) {
		packets[0].number = i;
		is_good = subject->push(member, packets, round->burst) == round->burst &&
			  subject->pop(round->shared, packets, round->burst) == round->burst &&
			  packets[0].number == i;
	}
	begin_ns = nw_bench_now_ns() - begin_ns;
	if (member && subject->leave)
		subject->leave(member);
	return is_good ? (double)begin_ns / (double)n : -1;
}

static double run_round(const struct packet_case *packet_case, const struct packet_subject *subject,
			const int *cpus)
{
	struct round round = { .subject = subject,
			       .shared = subject->create(),
			       .producers = packet_case->producers,
			       .burst = packet_case->burst,
			       .cpus = cpus };
	double value;

	if (!round.shared)
		return -1;
	value = round.producers > 0 ? run_stream(&round) : run_pairs(&round);
	subject->destroy(round.shared);
	return value;
}

static uint32_t find(const char *group, struct entrant *ret_entrants)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < SOURCE_COUNT; i++)
		for (const struct packet_subject *s = sources[i]; s->group; s++)
			if (strcmp(s->group, group) == 0 && n < SUBJECTS_MAX)
				ret_entrants[n++].subject = s;
	return n;
}

static void print_entrants(const char *name, struct entrant *entrants, uint32_t count,
			   uint32_t repeat)
{
	double ratios[SUBJECTS_MAX] = { 0 };
	char row[64];

	for (uint32_t i = 1; i < count; i++)
		ratios[i] = nw_bench_ratio(entrants[0].values, entrants[i].values, repeat);
	for (uint32_t i = 0; i < count; i++) {
		(void)snprintf(row, sizeof(row), "%s/%s", name, entrants[i].subject->name);
		(void)nw_bench_row(row, "ns/packet", entrants[i].values, repeat);
	}
	for (uint32_t i = 1; i < count; i++)
		printf("# %s: %s takes %.2f times ours\n", name, entrants[i].subject->name,
		       ratios[i]);
}

static bool run_case(const struct packet_case *packet_case, const char *name, const int *cpus)
{
	static struct entrant entrants[SUBJECTS_MAX];
	uint32_t count = find(packet_case->group, entrants), repeat = nw_bench_repeat();

	for (uint32_t round = 0; round <= repeat; round++)
		for (uint32_t turn = 0; turn < count; turn++) {
			struct entrant *entrant = &entrants[(round + turn) % count];
			double value = run_round(packet_case, entrant->subject, cpus);

			if (value < 0) {
				printf("# %s: %s failed\n", name, entrant->subject->name);
				return false;
			}
			/* The first warms up, and is overwritten. */
			entrant->values[round > 0 ? round - 1 : 0] = value;
		}
	print_entrants(name, entrants, count, repeat);
	return true;
}

static const struct packet_case cases[] = {
	{ "spsc", 0, 32 }, { "spsc", 1, 1 },  { "spsc", 1, 32 }, { "mpsc", 0, 32 },
	{ "mpsc", 1, 1 },  { "mpsc", 1, 32 }, { "mpsc", 3, 32 },
};

bool packet_run(uint32_t core_count, const int *cpus, bool (*is_wanted)(const char *name))
{
	bool is_good = true, is_told = false;
	cpu_set_t before;
	char name[48];

	CPU_ZERO(&before);
	(void)sched_getaffinity(0, sizeof(before), &before);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].producers == 0)
			(void)snprintf(name, sizeof(name), "%s/1/b%" PRIu32, cases[i].group,
				       cases[i].burst);
		else
			(void)snprintf(name, sizeof(name), "%s/%" PRIu32 "+1/b%" PRIu32,
				       cases[i].group, cases[i].producers, cases[i].burst);
		if (!is_wanted(name) || cases[i].producers + 1 > core_count)
			continue;
		if (peers_missing[0] && !is_told)
			printf("# built without these peers:%s\n", peers_missing);
		is_told = true;
		is_good &= run_case(&cases[i], name, cpus);
	}
	(void)sched_setaffinity(0, sizeof(before), &before); /* as it was */
	return is_good;
}

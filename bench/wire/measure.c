/* SPDX-License-Identifier: MIT */
/*
 * Rounds over subjects, and their rows.
 *
 *   wire/bN/SUBJECT         ns a message that arrived, with batches of N and at most WINDOW on
 *                           their way; wire-cpu/... CPU time of the server for one
 *   wire-age/RATE/SUBJECT   from when a message was due to be sent until the subscriber has
 *                           it. The times are kept whatever happens, so a delay counts for all
 *                           that are behind it; what is due together goes together
 *
 * Subjects take turns, and each round begins with the next of them.
 * Invariant: a figure of a subject that lost or refused something says how much.
 */
#include "bench/wire/wire.h"

#include "bench/nw_bench.h"

#include <sched.h>

enum { PIECE_MS = 100, SUBJECTS_MAX = 16, WINDOW = 2048, STALL_NS = 50000000, QUANTILES = 3 };

static const double quantiles[QUANTILES] = { 0.5, 0.99, 0.999 };
static const char *const quantile_names[QUANTILES] = { "p50", "p99", "p99.9" };

struct entrant {
	struct wire wire;
	double spent[NW_BENCH_REPEAT_MAX], cpu[NW_BENCH_REPEAT_MAX];
	double ages[QUANTILES][NW_BENCH_REPEAT_MAX];
};

struct field {
	struct wire_place place;
	bool (*is_wanted)(const char *name);
	struct entrant *entrants;
	uint32_t count, repeat;
};

bool wire_fail(struct wire *wire, const char *why)
{
	if (!wire->failure)
		wire->failure = why;
	return false;
}

void wire_mark(struct wire *wire, uint32_t count)
{
	if (wire->mark_end - wire->mark_first == WIRE_MARKS)
		(void)wire_fail(wire, "no batch is acknowledged");
	wire->marks[wire->mark_end++ % WIRE_MARKS] = count;
}

void wire_ack_batch(struct wire *wire)
{
	if (wire->mark_first == wire->mark_end)
		(void)wire_fail(wire, "an answer too many");
	else
		wire->acked += wire->marks[wire->mark_first++ % WIRE_MARKS];
}

void wire_take(struct wire *wire, const void *payload)
{
	struct wire_message message;

	memcpy(&message, payload, sizeof(message));
	wire->taken++;
	if (message.number < wire->received)
		wire->late++;
	else
		wire->received = message.number + 1;
	if (wire->ages && wire->age_count < wire->age_max)
		wire->ages[wire->age_count++] = (uint32_t)(nw_bench_now_ns() - message.time_ns);
}

static void put(struct wire *wire, uint32_t count, uint64_t due_ns, uint64_t period_ns)
{
	struct wire_message messages[WIRE_BATCH_MAX];

	for (uint32_t i = 0; i < count; i++)
		messages[i] = (struct wire_message){ .time_ns = due_ns + i * period_ns,
						     .number = wire->sent + i };
	wire->sent += count;
	wire->subject->put(wire, messages, count);
}

/* Until all is there, or nothing more comes. What is missing is lost. */
static void settle(struct entrant *entrant)
{
	struct wire *wire = &entrant->wire;
	uint64_t seen = wire->received, at_ns = nw_bench_now_ns();

	while (!wire->failure && (wire->received < wire->sent || wire->acked < wire->sent)) {
		wire->subject->step(wire);
		if (wire->received != seen)
			at_ns = nw_bench_now_ns();
		seen = wire->received;
		if (nw_bench_now_ns() - at_ns > STALL_NS * UINT64_C(20))
			break;
	}
	if (wire->received < wire->sent && !wire->subject->is_unreliable)
		(void)wire_fail(wire, "messages are lost");
	wire->received = wire->acked = wire->sent;
}

/* ---- as fast as it goes ---- */

static void race(struct entrant *entrant, uint32_t batch, uint32_t window, uint32_t round)
{
	struct wire *wire = &entrant->wire;
	uint64_t begin_ns = nw_bench_now_ns(), cpu_ns, now_ns = begin_ns, moved_ns = begin_ns;
	uint64_t piece_ns = PIECE_MS * UINT64_C(1000000) * nw_bench_scale();
	uint64_t first = wire->received, seen = first;

	cpu_ns = wire_server_cpu_ns(wire->place, wire->subject->server);
	while (now_ns - begin_ns < piece_ns && !wire->failure) {
		while (wire->sent - wire->received + batch <= window &&
		       wire->sent - wire->acked + batch <= window)
			put(wire, batch, now_ns, 0);
		wire->subject->step(wire);
		now_ns = nw_bench_now_ns();
		if (wire->received != seen)
			moved_ns = now_ns;
		seen = wire->received;
		if (now_ns - moved_ns > STALL_NS)
			break; /* the window is full of what was lost */
	}
	entrant->spent[round] = (double)(now_ns - begin_ns) / (double)(seen - first + 1);
	cpu_ns = wire_server_cpu_ns(wire->place, wire->subject->server) - cpu_ns;
	entrant->cpu[round] = (double)cpu_ns / (double)(seen - first + 1);
	settle(entrant);
}

/* ---- at a rate ---- */

static void pace(struct entrant *entrant, uint64_t period_ns)
{
	struct wire *wire = &entrant->wire;
	uint64_t due_ns = nw_bench_now_ns() + 1000000, now_ns = due_ns;
	uint64_t end_ns = due_ns + PIECE_MS * UINT64_C(2000000) * nw_bench_scale();

	wire->age_count = 0;
	while (due_ns < end_ns && !wire->failure) {
		now_ns = nw_bench_now_ns();
		if (now_ns >= due_ns && wire->sent - wire->received < WINDOW) {
			uint64_t n = (now_ns - due_ns) / period_ns + 1;

			n = n < WIRE_BATCH_MAX ? n : WIRE_BATCH_MAX;
			put(wire, (uint32_t)n, due_ns, period_ns);
			due_ns += n * period_ns;
		}
		wire->subject->step(wire);
	}
	settle(entrant);
}

static int compare_ages(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void keep_ages(struct entrant *entrant, uint32_t round)
{
	struct wire *wire = &entrant->wire;
	uint32_t n = wire->age_count;

	qsort(wire->ages, n, sizeof(*wire->ages), compare_ages);
	for (int q = 0; q < QUANTILES; q++)
		entrant->ages[q][round] =
			n > 0 ? wire->ages[(uint32_t)(quantiles[q] * (double)(n - 1))] : 0;
}

/* ---- subjects ---- */

static void close_field(struct field *field)
{
	for (uint32_t i = 0; i < field->count; i++)
		field->entrants[i].wire.subject->close(&field->entrants[i].wire);
	field->count = 0;
}

static void enter(struct field *field, const struct wire_subject *subject)
{
	struct entrant *entrant = &field->entrants[field->count];

	if (field->place.pids[subject->server] == 0 || field->count == SUBJECTS_MAX)
		return;
	memset(entrant, 0, sizeof(*entrant));
	entrant->wire.subject = subject;
	entrant->wire.place = &field->place;
	(void)snprintf(entrant->wire.topic, sizeof(entrant->wire.topic), "bench%c",
		       (char)('A' + field->count));
	entrant->wire.pub.fd = entrant->wire.sub.fd = -1;
	if (subject->open(&entrant->wire)) {
		field->count++;
		return;
	}
	printf("# %s: %s\n", subject->name, entrant->wire.failure);
	subject->close(&entrant->wire);
}

static const struct wire_subject *const sources[] = { wire_nodewise, wire_lane, wire_nats,
						      wire_redis };
enum { SOURCE_COUNT = sizeof(sources) / sizeof(sources[0]) };

static bool wants(const struct field *field, const char *name, const struct wire_subject *subject)
{
	char row[96];

	(void)snprintf(row, sizeof(row), "%s/%s", name, subject->name);
	return field->is_wanted(row);
}

/* Those that are wanted; only asked whether there are any: none is opened. */
static bool open_field(struct field *field, const char *name, bool is_asked)
{
	bool has_any = false;

	for (size_t i = 0; i < SOURCE_COUNT; i++)
		for (const struct wire_subject *s = sources[i]; s->name; s++) {
			if (!wants(field, name, s))
				continue;
			has_any = true;
			if (!is_asked)
				enter(field, s);
		}
	return has_any;
}

/* Says what was not as it must be; whether the figures hold. */
static bool report(const struct entrant *entrant)
{
	const struct wire *wire = &entrant->wire;

	if (wire->taken != wire->sent || wire->late > 0)
		printf("# %s: of %" PRIu64 " messages %" PRIu64 " came, %" PRIu64
		       " of them out of order\n",
		       wire->subject->name, wire->sent, wire->taken, wire->late);
	if (wire->failure)
		printf("# %s: no figures: %s\n", wire->subject->name, wire->failure);
	else if (wire->taken == 0)
		printf("# %s: no figures: nothing came\n", wire->subject->name);
	return !wire->failure && wire->taken > 0;
}

/* ---- cases ---- */

static void run_race(struct field *field, const char *name, uint32_t batch, uint32_t window)
{
	char row[96];

	for (uint32_t round = 0; round <= field->repeat; round++)
		for (uint32_t turn = 0; turn < field->count; turn++) {
			struct entrant *entrant = &field->entrants[(round + turn) % field->count];

			/* The first warms up, and is overwritten. */
			race(entrant, batch, window, round > 0 ? round - 1 : 0);
		}
	for (uint32_t i = 0; i < field->count; i++) {
		struct entrant *entrant = &field->entrants[i];

		if (!report(entrant))
			continue;
		(void)snprintf(row, sizeof(row), "%s/%s", name, entrant->wire.subject->name);
		printf("# %s: %.3f million messages a second; %s\n", row,
		       1000 / nw_bench_row(row, "ns/message", entrant->spent, field->repeat),
		       entrant->wire.subject->how);
		(void)snprintf(row, sizeof(row), "%s-cpu/%s", name, entrant->wire.subject->name);
		(void)nw_bench_row(row, "ns/message", entrant->cpu, field->repeat);
	}
}

static bool want_ages(struct field *field, uint32_t *ages, uint32_t age_max)
{
	for (uint32_t i = 0; i < field->count; i++) {
		field->entrants[i].wire.ages = ages;
		field->entrants[i].wire.age_max = age_max;
	}
	return ages != NULL;
}

static void run_pace(struct field *field, const char *name, uint64_t period_ns)
{
	uint64_t most = PIECE_MS * UINT64_C(2000000) * nw_bench_scale() / period_ns + 1;
	uint32_t *ages = calloc(most, sizeof(*ages));
	char row[96];

	if (!want_ages(field, ages, (uint32_t)most))
		return;
	for (uint32_t round = 0; round <= field->repeat; round++)
		for (uint32_t turn = 0; turn < field->count; turn++) {
			struct entrant *entrant = &field->entrants[(round + turn) % field->count];

			pace(entrant, period_ns);
			keep_ages(entrant, round > 0 ? round - 1 : 0);
		}
	for (uint32_t i = 0; i < field->count; i++) {
		struct entrant *entrant = &field->entrants[i];

		if (!report(entrant))
			continue;
		for (int q = 0; q < QUANTILES; q++) {
			(void)snprintf(row, sizeof(row), "%s/%s/%s", name,
				       entrant->wire.subject->name, quantile_names[q]);
			(void)nw_bench_row(row, "ns", entrant->ages[q], field->repeat);
		}
	}
	(void)want_ages(field, NULL, 0);
	free(ages);
}

struct wire_case {
	const char *name;
	uint32_t batch, window; /* 0: at a rate */
	uint64_t period_ns;
};

static const struct wire_case cases[] = {
	{ "wire/b256", 256, WINDOW, 0 },  { "wire/b16", 16, WINDOW, 0 },    { "wire/b1", 1, 1, 0 },
	{ "wire-age/10k", 0, 0, 100000 }, { "wire-age/100k", 0, 0, 10000 },
};

static void run_case(struct field *field, const struct wire_case *wire_case)
{
	if (!open_field(field, wire_case->name, false))
		return;
	if (wire_case->batch > 0)
		run_race(field, wire_case->name, wire_case->batch, wire_case->window);
	else
		run_pace(field, wire_case->name, wire_case->period_ns);
	close_field(field);
	(void)fflush(stdout);
}

void wire_run(uint32_t driver_cpu, uint32_t server_cpu, bool (*is_wanted)(const char *name))
{
	struct field field = { .repeat = nw_bench_repeat(), .is_wanted = is_wanted };
	bool has_any = false;
	cpu_set_t set;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		has_any |= open_field(&field, cases[i].name, true);
	if (!has_any)
		return;
	field.entrants = calloc(SUBJECTS_MAX, sizeof(*field.entrants));
	if (!field.entrants || !wire_servers_start(&field.place, server_cpu)) {
		free(field.entrants);
		return;
	}
	printf("# wire: payloads of 32 bytes on a topic, a server a process on one core, the "
	       "driver on another; nodewise applies limits of topic and sender\n"
	       "# wire: Aeron is not in Debian, so it is not here; of the others none takes "
	       "datagrams\n");
	CPU_ZERO(&set);
	CPU_SET(driver_cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set); /* else the figures are of chance */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(&field, &cases[i]);
	wire_servers_stop(&field.place);
	free(field.entrants);
}

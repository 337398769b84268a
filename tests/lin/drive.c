/* SPDX-License-Identifier: MIT */
/*
 * Threads that call a structure at random and record it: see drive.h.
 * Invariant: a thread makes the number of calls it was told to, whatever they return, so a run
 * ends.
 */
#include "lin/drive.h"

#include "base/prng.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TURN = 512 }; /* calls between two yields, on average */

struct worker {
	const struct subject *subject;
	const struct drive *drive;
	struct lin_log *log;
	_Atomic uint32_t *waiting_count; /* threads that have not come to the start */
	struct nwi_prng prng;
	uint32_t thread, next_value;
	pthread_t handle;
};

static void call_put(struct worker *w)
{
	const struct subject *s = w->subject;
	uint32_t value = w->next_value, call = lin_tick(w->log);

	if (s->put(s->self, w->thread, value)) {
		lin_log_add(w->log, LIN_PUT, value, call);
		w->next_value++;
		return;
	}
	if (s->capacity > 0)
		lin_log_add(w->log, LIN_FULL, 0, call);
	sched_yield();
}

static void call_get(struct worker *w, bool is_steal)
{
	const struct subject *s = w->subject;
	uint32_t value = UINT32_MAX, call = lin_tick(w->log);

	if ((is_steal ? s->steal : s->get)(s->self, w->thread, &value)) {
		lin_log_add(w->log, is_steal ? LIN_STEAL : LIN_GET, value, call);
		return;
	}
	if (!s->empty_is_no_claim)
		lin_log_add(w->log, is_steal ? LIN_STEAL_EMPTY : LIN_EMPTY, 0, call);
	sched_yield();
}

static void call_any(struct worker *w)
{
	uint8_t role = w->drive->roles[w->thread];
	bool puts = role == DRIVE_PUTS || (role & DRIVE_PUTS && nwi_prng_below(&w->prng, 2) == 0);

	if (puts)
		call_put(w);
	else
		call_get(w, role & DRIVE_STEALS);
}

static void call_set(struct worker *w)
{
	const struct subject *s = w->subject;
	uint32_t key = nwi_prng_below(&w->prng, s->key_count), call;
	uint32_t dice = nwi_prng_below(&w->prng, s->erase ? 5 : 3);
	bool yes;

	call = lin_tick(w->log);
	if (dice < 2) {
		yes = s->insert(s->self, w->thread, key);
		lin_log_add(w->log, yes ? LIN_INSERT : LIN_INSERT_NOT, key, call);
	} else if (dice == 2) {
		yes = s->contains(s->self, w->thread, key);
		lin_log_add(w->log, yes ? LIN_CONTAINS : LIN_CONTAINS_NOT, key, call);
	} else {
		yes = s->erase(s->self, w->thread, key);
		lin_log_add(w->log, yes ? LIN_ERASE : LIN_ERASE_NOT, key, call);
	}
}

/* All start at once: by spinning, since who sleeps may wake when the others have ended. */
static void wait_for_all(struct worker *w)
{
	atomic_fetch_sub(w->waiting_count, 1);
	while (atomic_load(w->waiting_count) > 0)
		sched_yield();
}

static void *work(void *arg)
{
	struct worker *w = arg;
	const struct subject *s = w->subject;

	nwi_prng_init(&w->prng, w->drive->seed * LIN_THREADS_MAX + w->thread);
	if (s->enter)
		s->enter(s->self, w->thread);
	wait_for_all(w);
	for (uint32_t i = 0; i < w->drive->calls; i++) {
		/* Where CPUs are few, turns are short. */
		if (nwi_prng_below(&w->prng, TURN) == 0)
			sched_yield();
		if (s->spec == LIN_SET)
			call_set(w);
		else
			call_any(w);
	}
	if (s->leave)
		s->leave(s->self, w->thread);
	return NULL;
}

static void run(const struct subject *subject, const struct drive *drive,
		struct lin_recorder *recorder)
{
	struct worker workers[LIN_THREADS_MAX];
	_Atomic uint32_t waiting_count = drive->thread_count;

	for (uint32_t t = 0; t < drive->thread_count; t++) {
		workers[t] = (struct worker){ .subject = subject,
					      .drive = drive,
					      .log = &recorder->logs[t],
					      .waiting_count = &waiting_count,
					      .thread = t,
					      .next_value = t * drive->calls };
		if (pthread_create(&workers[t].handle, NULL, work, &workers[t]) != 0) {
			fprintf(stderr, "# cannot start thread %u\n", (unsigned)t);
			_Exit(1);
		}
	}
	for (uint32_t t = 0; t < drive->thread_count; t++)
		pthread_join(workers[t].handle, NULL);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Calls that overlap the next one to begin: 0 would mean that the threads never met. */
static uint32_t overlap_count(const struct lin_history *h)
{
	uint8_t *is_call = calloc((size_t)h->tick_limit + 1, 1);
	uint32_t n = 0;

	if (!is_call)
		return 0;
	for (uint32_t i = 0; i < h->op_count; i++)
		is_call[h->ops[i].call] = 1;
	for (uint32_t i = 0; i < h->op_count; i++)
		n += is_call[h->ops[i].call + 1];
	free(is_call);
	return n;
}

bool drive(const struct subject *subject, const struct drive *drive,
	   struct lin_verdict *ret_verdict)
{
	struct lin_recorder *recorder = lin_recorder_create(drive->thread_count, drive->calls);
	struct lin_history history;
	int64_t begin = now_ms(), recorded;

	run(subject, drive, recorder);
	recorded = now_ms();
	lin_history_join(&history, recorder,
			 subject->spec == LIN_SET ? subject->key_count
						  : drive->thread_count * drive->calls);
	lin_recorder_destroy(recorder);
	history.capacity = subject->capacity;
	lin_check(&history, subject->spec, ret_verdict);
	printf("# %u calls of %u threads, %u overlap the next; recorded in %" PRId64
	       " ms, checked in %" PRId64 " ms: %s\n",
	       (unsigned)history.op_count, (unsigned)drive->thread_count,
	       (unsigned)overlap_count(&history), recorded - begin, now_ms() - recorded,
	       ret_verdict->is_linearizable ? "linearizable" : ret_verdict->text);
	lin_history_free(&history);
	return ret_verdict->is_linearizable;
}

void drive_and_check(const struct subject *subject, const struct drive *drive_)
{
	struct lin_verdict verdict;

	if (drive(subject, drive_, &verdict))
		return;
	fprintf(stderr, "# not linearizable: %s\n", verdict.text);
	_Exit(1);
}

uint32_t drive_calls(uint32_t all, uint32_t thread_count)
{
#if defined(NW_SMALL)
	all /= 8;
#endif
	return all / thread_count;
}

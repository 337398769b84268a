/* SPDX-License-Identifier: MIT */
/*
 * Linearizability of recorded histories: queue, stack, set and deque.
 *
 * Threads record what they called, when the call began and when it returned, in logs allocated
 * beforehand; the logs joined are a history. A checker says whether the calls could have taken
 * effect one at a time, each at some moment between its beginning and its return, on a sequential
 * structure that starts empty.
 *
 * Time is one shared counter, so ticks are distinct and dense, and every later pass is linear in
 * them. The counter is advanced with acquire and release: what "returned before it was called"
 * means in C11 is happens-before, and that is what the checkers hold the structure to. Under TSan
 * the counter is relaxed, so that the log does not hide a missing edge from it.
 *
 * Invariant of a history: no value is put twice. Calls that say "full" or "try again" leave no
 * trace and need none recorded; "empty" and "full" may be recorded, and are then checked.
 *
 *   lin_queue   O(n): exact for put, get and empty; full and the capacity by necessary conditions
 *   lin_stack   O(n T log n) for T threads: exact for put, get and empty
 *   lin_set     O(n T): exact for insert, erase and contains, told and refused
 *   lin_deque   O(n): necessary conditions only; one owner puts and gets, others steal
 *   lin_small   exponential: exact for all of the above, up to LIN_SMALL_MAX calls
 */
#ifndef LIN_H
#define LIN_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	LIN_SMALL_MAX = 20, /* calls that lin_small() can order */
	LIN_THREADS_MAX = 64,
	LIN_TEXT_BYTES = 256,
};

enum lin_kind {
	LIN_PUT,          /* value went in: at the back, on top, at the bottom (deque) */
	LIN_GET,          /* value came out: at the front, from the top, the bottom (deque) */
	LIN_STEAL,        /* deque only: value came out at the top */
	LIN_EMPTY,        /* a get that found nothing */
	LIN_STEAL_EMPTY,  /* a steal that found nothing */
	LIN_FULL,         /* a put that found no room */
	LIN_INSERT,       /* set: key was not there, now it is */
	LIN_INSERT_NOT,   /* set: key was there already */
	LIN_ERASE,        /* set: key was there, now it is not */
	LIN_ERASE_NOT,    /* set: key was not there */
	LIN_CONTAINS,     /* set: key was there */
	LIN_CONTAINS_NOT, /* set: key was not there */
	LIN_KIND_COUNT
};

enum lin_spec { LIN_QUEUE, LIN_STACK, LIN_SET, LIN_DEQUE };

/* One call. `value` is the key of a set's; it means nothing where nothing came out. */
struct lin_op {
	uint32_t call, ret; /* ticks, call < ret */
	uint32_t value;     /* below the history's value_limit, or it was never put */
	uint8_t kind;       /* enum lin_kind */
	uint8_t thread;
};

struct lin_history {
	struct lin_op *ops;
	uint32_t op_count;
	uint32_t tick_limit;  /* above every tick */
	uint32_t value_limit; /* above every value put */
	uint32_t capacity;    /* of a queue; 0: without a bound */
};

struct lin_verdict {
	bool is_linearizable;
	char text[LIN_TEXT_BYTES]; /* what is wrong, if it is not; else empty */
};

/* Calls of one thread; only that thread writes it. */
struct lin_log {
	alignas(128) struct lin_op *ops;
	uint32_t op_count, op_limit;
	uint32_t lost_count; /* calls the log had no room for: joining such logs ends the test */
	uint8_t thread;
	struct lin_recorder *recorder;
};

/* The clock and the logs of one run. */
struct lin_recorder {
	alignas(128) _Atomic uint32_t clock;
	alignas(128) uint32_t thread_count;
	struct lin_log logs[LIN_THREADS_MAX];
};

/* A recorder for thread_count threads of at most op_limit calls each; ends the test without memory.
 */
struct lin_recorder *lin_recorder_create(uint32_t thread_count, uint32_t op_limit);
void lin_recorder_destroy(struct lin_recorder *recorder);

/* The next n ticks, of which the first is returned: taken right before a call, and right after. */
static inline uint32_t lin_ticks(struct lin_log *log, uint32_t n)
{
#if defined(__SANITIZE_THREAD__)
	return atomic_fetch_add_explicit(&log->recorder->clock, n, memory_order_relaxed);
#else
	return atomic_fetch_add_explicit(&log->recorder->clock, n, memory_order_acq_rel);
#endif
}

static inline uint32_t lin_tick(struct lin_log *log)
{
	return lin_ticks(log, 1);
}

/*
 * Record one of several values that one call put or got: value i of a burst of n took ticks
 * call + i and ret + i, of the n that were taken before the call and after it. Each of them is then
 * held to be put or got at a moment of its own, within the call.
 */
static inline void lin_log_add_at(struct lin_log *log, enum lin_kind kind, uint32_t value,
				  uint32_t call, uint32_t ret)
{
	if (log->op_count < log->op_limit)
		log->ops[log->op_count++] = (struct lin_op){ call, ret, value, (uint8_t)kind,
							     log->thread };
	else
		log->lost_count++;
}

/* Record a call that began at tick `call` and returns now. */
static inline void lin_log_add(struct lin_log *log, enum lin_kind kind, uint32_t value,
			       uint32_t call)
{
	lin_log_add_at(log, kind, value, call, lin_tick(log));
}

/* All logs as one history, to be freed with lin_history_free(). Every thread must have ended. */
void lin_history_join(struct lin_history *ret_history, struct lin_recorder *recorder,
		      uint32_t value_limit);
void lin_history_free(struct lin_history *history);

/* Each returns ret_verdict->is_linearizable. */
bool lin_queue(const struct lin_history *history, struct lin_verdict *ret_verdict);
bool lin_stack(const struct lin_history *history, struct lin_verdict *ret_verdict);
bool lin_set(const struct lin_history *history, struct lin_verdict *ret_verdict);
bool lin_deque(const struct lin_history *history, struct lin_verdict *ret_verdict);
bool lin_check(const struct lin_history *history, enum lin_spec spec,
	       struct lin_verdict *ret_verdict);

/* By trying every order; history->op_count <= LIN_SMALL_MAX. */
bool lin_small(const struct lin_history *history, enum lin_spec spec,
	       struct lin_verdict *ret_verdict);

/* Print a history, by the tick of its calls: for small ones. */
void lin_print(const struct lin_history *history);

#endif /* LIN_H */

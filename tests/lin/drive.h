/* SPDX-License-Identifier: MIT */
/*
 * Threads that call a structure at random and record it, and the verdict on what they recorded.
 * A subject says how to call the structure; what it leaves NULL is not called.
 * Invariant: every value put is a new one; a set's keys come from a small range, so that they meet.
 */
#ifndef LIN_DRIVE_H
#define LIN_DRIVE_H

#include "lib/lin.h"

enum { DRIVE_PUTS = 1, DRIVE_GETS = 2, DRIVE_STEALS = 4, DRIVE_BOTH = DRIVE_PUTS | DRIVE_GETS };

struct subject {
	enum lin_spec spec;
	void *self;
	/* Each returns false where there was no room, or nothing to get. */
	bool (*put)(void *self, uint32_t thread, uint32_t value);
	bool (*get)(void *self, uint32_t thread, uint32_t *ret_value);
	bool (*steal)(void *self, uint32_t thread, uint32_t *ret_value);
	/* Each returns whether the set was changed, or has the key. */
	bool (*insert)(void *self, uint32_t thread, uint32_t key);
	bool (*erase)(void *self, uint32_t thread, uint32_t key);
	bool (*contains)(void *self, uint32_t thread, uint32_t key);
	/* Around all calls of a thread; may be NULL. */
	void (*enter)(void *self, uint32_t thread);
	void (*leave)(void *self, uint32_t thread);
	uint32_t key_count;     /* set */
	uint32_t capacity;      /* queue: checked if not 0, and "full" with it */
	bool empty_is_no_claim; /* "empty" may be told wrongly: it is not recorded */
};

struct drive {
	uint32_t thread_count;
	uint32_t calls;                 /* a thread */
	uint8_t roles[LIN_THREADS_MAX]; /* DRIVE_...; of a set's threads all call everything */
	uint64_t seed;
};

/* Run, check, print a line of figures; whether the history is linearizable. */
bool drive(const struct subject *subject, const struct drive *drive,
	   struct lin_verdict *ret_verdict);

/* As drive(), and ends the test with the verdict's text if the history is not linearizable. */
void drive_and_check(const struct subject *subject, const struct drive *drive);

/* Calls a thread, so that thread_count of them make `all` calls; fewer under TSan. */
uint32_t drive_calls(uint32_t all, uint32_t thread_count);

#endif /* LIN_DRIVE_H */

/* SPDX-License-Identifier: MIT */
/*
 * Structures with one mistake each, made as people make them; the checkers have to report every
 * one. The mistakes wait to be met: at the wrong place a thread now and then gives its CPU away.
 * All shared words are atomic, so what TSan could say about them is not what is tested here.
 */
#ifndef LIN_PLANTED_H
#define LIN_PLANTED_H

#include "lin/drive.h"

#include <sched.h>

enum planted_queue {
	PLANTED_VYUKOV_EMPTY,   /* a sequence ring says empty behind a put that has not finished */
	PLANTED_LIFO_CONTENDED, /* whoever finds the lock taken gets the newest value */
	PLANTED_EARLY_PUBLISH, /* the index goes before the slot, as a relaxed store would let it */
};

enum planted_stack {
	PLANTED_ABA,              /* Treiber's with nodes used again at once, and no tag */
	PLANTED_READ_AFTER_CAS,   /* the value is read from a node that is free already */
	PLANTED_EMPTY_ON_FAILURE, /* a failed compare-and-swap is taken for an empty stack */
};

enum planted_set {
	PLANTED_CHECK_THEN_ACT, /* the slot is looked at, then written: an insert is lost */
	PLANTED_ERASE_TWICE,    /* two threads erase one key, both are told so */
	PLANTED_STALE_READ,     /* contains looks at a copy that is refreshed now and then */
};

enum planted_deque {
	PLANTED_NO_FENCE,        /* the owner reads top before its bottom is visible */
	PLANTED_ELEMENT_TOO_LATE /* a thief reads the element after its compare-and-swap */
};

/* A subject with that mistake, or (is_right) the same code without it. One at a time. */
struct subject planted_queue(enum planted_queue mistake, bool is_right);
struct subject planted_stack(enum planted_stack mistake, bool is_right);
struct subject planted_set(enum planted_set mistake, bool is_right);
struct subject planted_deque(enum planted_deque mistake, bool is_right);

/* At the wrong place: one time in eight another thread runs first. */
static inline void planted_pause(uint32_t salt)
{
	static _Atomic uint32_t turns;

	if ((atomic_fetch_add_explicit(&turns, 1, memory_order_relaxed) * 2654435761u + salt) >>
		    29 ==
	    0)
		sched_yield();
}

#endif /* LIN_PLANTED_H */

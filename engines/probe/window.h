/* SPDX-License-Identifier: MIT */
/*
 * Which of the last questions were answered, and which are to be asked again.
 *
 * Questions have numbers in the order in which they are first asked: 0, 1, 2, ... A window holds a
 * bit for each of the last so many. Behind the first asking goes one more cursor for each
 * repetition, as far behind as the questions asked in the time that an answer may take; at a
 * cursor, what has no bit yet is asked again. So memory depends on the rate and on the time, not on
 * how much is scanned.
 *
 * A step function: it is told the time.
 *
 * Invariant: cursors[0] >= cursors[1] >= ..., and cursors[0] - cursors[last] <= capacity.
 */
#ifndef NWI_PROBE_WINDOW_H
#define NWI_PROBE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NWI_WINDOW_TRIES_MAX = 16,
	NWI_WINDOW_STAMP_LOG2 = 6 /* questions that share the time they were asked at */
};

struct nwi_window {
	uint64_t capacity, mask; /* a power of two */
	uint64_t *answered;      /* a bit a question */
	uint64_t *asked_ns;      /* [cursor][stamp]: when the last of its questions was asked */
	uint64_t cursors[NWI_WINDOW_TRIES_MAX];
	uint64_t first;        /* question it began with */
	uint64_t silent_count; /* let go of without an answer */
	uint64_t end;          /* questions there are */
	uint64_t delay_ns;     /* from one asking to the next */
	uint32_t try_count;
};

/* Bytes that a window needs; capacity: a power of two from 64 on. */
size_t nwi_window_bytes(uint64_t capacity, uint32_t try_count);
/* memory: zeroed, aligned to 8. try_count: 1 .. NWI_WINDOW_TRIES_MAX. */
void nwi_window_init(struct nwi_window *window, void *memory, uint64_t capacity, uint32_t try_count,
		     uint64_t end, uint64_t delay_ns);
/* Begin at a question: those before were asked for good. */
void nwi_window_skip(struct nwi_window *window, uint64_t number);
/*
 * The next question to ask: repetitions that are due first, then a new one. false: none now. A
 * question that is taken is asked; *ret_is_again where it is a repetition.
 */
bool nwi_window_next(struct nwi_window *window, uint64_t now_ns, uint64_t *ret_number,
		     bool *ret_is_again);
/* What the window knows of an answer. */
enum nwi_window_news {
	NWI_WINDOW_FIRST,     /* the first one to its question */
	NWI_WINDOW_DUPLICATE, /* there was one before */
	NWI_WINDOW_LATE,      /* the question is no longer held: it may be either */
	NWI_WINDOW_UNASKED    /* there was no such question yet */
};

/* Mark a question as answered. */
enum nwi_window_news nwi_window_answer(struct nwi_window *window, uint64_t number);
/* Questions so far that have had no answer, those included that may still get one. */
uint64_t nwi_window_silent(const struct nwi_window *window);
/* Whether everything was asked as often as it is going to be. */
bool nwi_window_is_done(const struct nwi_window *window);
/* Nanoseconds until a repetition is due; UINT64_MAX: none is waited for. */
uint64_t nwi_window_wait_ns(const struct nwi_window *window, uint64_t now_ns);

#endif /* NWI_PROBE_WINDOW_H */

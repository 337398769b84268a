/* SPDX-License-Identifier: MIT */
/* The window of questions: cursors that follow each other at a distance of time. */
#include "probe/window.h"

#include <assert.h>
#include <string.h>

enum { BITS = 64, STAMP = 1 << NWI_WINDOW_STAMP_LOG2 };

static uint64_t stamp_count(uint64_t capacity)
{
	return capacity / STAMP;
}

size_t nwi_window_bytes(uint64_t capacity, uint32_t try_count)
{
	return (size_t)(capacity / BITS + stamp_count(capacity) * try_count) * sizeof(uint64_t);
}

void nwi_window_init(struct nwi_window *window, void *memory, uint64_t capacity, uint32_t try_count,
		     uint64_t end, uint64_t delay_ns)
{
	assert(capacity >= STAMP && (capacity & (capacity - 1)) == 0);
	assert(try_count >= 1 && try_count <= NWI_WINDOW_TRIES_MAX);
	*window = (struct nwi_window){ .capacity = capacity,
				       .mask = capacity - 1,
				       .answered = memory,
				       .end = end,
				       .delay_ns = delay_ns,
				       .try_count = try_count };
	window->asked_ns = window->answered + capacity / BITS;
}

void nwi_window_skip(struct nwi_window *window, uint64_t number)
{
	for (uint32_t cursor = 0; cursor < window->try_count; cursor++)
		window->cursors[cursor] = number < window->end ? number : window->end;
	window->first = window->cursors[0];
}

static uint64_t *word_of(const struct nwi_window *window, uint64_t number)
{
	return &window->answered[(number & window->mask) / BITS];
}

static uint64_t bit_of(uint64_t number)
{
	return UINT64_C(1) << (number % BITS);
}

static uint64_t *stamp_of(const struct nwi_window *window, uint32_t cursor, uint64_t number)
{
	return &window->asked_ns[cursor * stamp_count(window->capacity) +
				 (number & window->mask) / STAMP];
}

/* The first number that is still held. */
static uint64_t oldest(const struct nwi_window *window)
{
	return window->cursors[window->try_count - 1];
}

/* When what a cursor stands at may be asked again: a delay after the cursor before asked it. */
static bool is_due(const struct nwi_window *window, uint32_t cursor, uint64_t now_ns,
		   uint64_t *ret_wait_ns)
{
	uint64_t number = window->cursors[cursor];
	uint64_t due_ns;

	if (number == window->cursors[cursor - 1]) {
		*ret_wait_ns = UINT64_MAX;
		return false;
	}
	due_ns = *stamp_of(window, cursor - 1, number) + window->delay_ns;
	*ret_wait_ns = due_ns > now_ns ? due_ns - now_ns : 0;
	return due_ns <= now_ns;
}

/* Lets a cursor pass what was answered; true: it has taken a question that was not. */
static bool advance(struct nwi_window *window, uint32_t cursor, uint64_t now_ns,
		    uint64_t *ret_number)
{
	uint64_t wait_ns;

	while (is_due(window, cursor, now_ns, &wait_ns)) {
		uint64_t number = window->cursors[cursor]++;

		*stamp_of(window, cursor, number) = now_ns;
		if (!(*word_of(window, number) & bit_of(number))) {
			*ret_number = number;
			return true;
		}
	}
	return false;
}

/* A new one, where the window has room: the last cursor lets go of the oldest when it passes it. */
static bool begin(struct nwi_window *window, uint64_t now_ns, uint64_t *ret_number)
{
	uint64_t number = window->cursors[0];

	if (number == window->end)
		return false;
	if (window->try_count > 1 && number - oldest(window) == window->capacity)
		return false;
	*stamp_of(window, 0, number) = now_ns;
	if (number - window->first >= window->capacity &&
	    !(*word_of(window, number) & bit_of(number)))
		window->silent_count++;
	*word_of(window, number) &= ~bit_of(number);
	window->cursors[0]++;
	*ret_number = number;
	return true;
}

bool nwi_window_next(struct nwi_window *window, uint64_t now_ns, uint64_t *ret_number,
		     bool *ret_is_again)
{
	for (uint32_t cursor = window->try_count; cursor-- > 1;) {
		if (advance(window, cursor, now_ns, ret_number)) {
			*ret_is_again = true;
			return true;
		}
	}
	*ret_is_again = false;
	return begin(window, now_ns, ret_number);
}

enum nwi_window_news nwi_window_answer(struct nwi_window *window, uint64_t number)
{
	uint64_t *word = word_of(window, number);

	if (number >= window->cursors[0])
		return NWI_WINDOW_UNASKED;
	if (window->cursors[0] - number > window->capacity)
		return NWI_WINDOW_LATE;
	if (*word & bit_of(number))
		return NWI_WINDOW_DUPLICATE;
	*word |= bit_of(number);
	return NWI_WINDOW_FIRST;
}

uint64_t nwi_window_silent(const struct nwi_window *window)
{
	uint64_t count = window->silent_count, number = window->first;

	if (window->cursors[0] - number > window->capacity)
		number = window->cursors[0] - window->capacity;
	for (; number < window->cursors[0]; number++)
		count += !(*word_of(window, number) & bit_of(number));
	return count;
}

bool nwi_window_is_done(const struct nwi_window *window)
{
	return window->cursors[window->try_count - 1] == window->end;
}

uint64_t nwi_window_wait_ns(const struct nwi_window *window, uint64_t now_ns)
{
	uint64_t least = UINT64_MAX, wait_ns;

	for (uint32_t cursor = 1; cursor < window->try_count; cursor++) {
		(void)is_due(window, cursor, now_ns, &wait_ns);
		least = wait_ns < least ? wait_ns : least;
	}
	return least;
}

/* SPDX-License-Identifier: MIT */
/*
 * A bounded Chase-Lev deque with a planted mistake each. Invariant when right: the owner's bottom
 * is visible before it reads top, and a thief has read its element before its compare-and-swap.
 */
#include "lin/planted.h"

enum { SLOTS = 8 };

static struct deque {
	enum planted_deque mistake;
	bool is_right;
	_Atomic int64_t top, bottom;
	_Atomic uint32_t slots[SLOTS];
} deque;

static bool is_planted(enum planted_deque mistake)
{
	return deque.mistake == mistake && !deque.is_right;
}

static bool put(void *self, uint32_t thread, uint32_t value)
{
	int64_t bottom = atomic_load(&deque.bottom);

	(void)self, (void)thread;
	if (bottom - atomic_load(&deque.top) >= SLOTS)
		return false;
	atomic_store(&deque.slots[bottom % SLOTS], value);
	atomic_store(&deque.bottom, bottom + 1);
	return true;
}

static bool get(void *self, uint32_t thread, uint32_t *ret_value)
{
	int64_t bottom = atomic_load(&deque.bottom) - 1, top = atomic_load(&deque.top);
	bool is_mine = true;

	(void)self, (void)thread;
	planted_pause(9);
	atomic_store(&deque.bottom, bottom);
	if (!is_planted(PLANTED_NO_FENCE))
		top = atomic_load(&deque.top);
	if (top > bottom) {
		atomic_store(&deque.bottom, bottom + 1);
		return false;
	}
	*ret_value = atomic_load(&deque.slots[bottom % SLOTS]);
	if (top == bottom) {
		is_mine = atomic_compare_exchange_strong(&deque.top, &top, top + 1);
		atomic_store(&deque.bottom, bottom + 1);
	}
	return is_mine;
}

/* A lost race is tried again: what is told is a value, or "empty". */
static bool steal(void *self, uint32_t thread, uint32_t *ret_value)
{
	(void)self, (void)thread;
	for (;;) {
		int64_t top = atomic_load(&deque.top), bottom = atomic_load(&deque.bottom);
		uint32_t value;

		if (top >= bottom)
			return false;
		value = atomic_load(&deque.slots[top % SLOTS]);
		planted_pause(10);
		if (!atomic_compare_exchange_strong(&deque.top, &top, top + 1))
			continue;
		planted_pause(11);
		if (is_planted(PLANTED_ELEMENT_TOO_LATE))
			value = atomic_load(&deque.slots[top % SLOTS]);
		*ret_value = value;
		return true;
	}
}

struct subject planted_deque(enum planted_deque mistake, bool is_right)
{
	deque.mistake = mistake;
	deque.is_right = is_right;
	atomic_init(&deque.top, 0);
	atomic_init(&deque.bottom, 0);
	for (uint32_t i = 0; i < SLOTS; i++)
		atomic_init(&deque.slots[i], UINT32_MAX);
	return (struct subject){ .spec = LIN_DEQUE, .put = put, .get = get, .steal = steal };
}

/* SPDX-License-Identifier: MIT */
/*
 * A set of a few keys, a word each, with a planted mistake each. Invariant when right: a word is
 * changed by compare-and-swap only, and who changed it is told so.
 */
#include "lin/planted.h"

enum { KEYS = 8 };

static struct set {
	enum planted_set mistake;
	bool is_right;
	_Atomic uint32_t is_in[KEYS];
	_Atomic uint32_t copy[KEYS], reads; /* of PLANTED_STALE_READ */
} set;

static bool is_planted(enum planted_set mistake)
{
	return set.mistake == mistake && !set.is_right;
}

static bool change(uint32_t key, uint32_t from, bool by_store)
{
	uint32_t expected = from;

	if (!by_store) {
		planted_pause(7);
		return atomic_compare_exchange_strong(&set.is_in[key], &expected, !from);
	}
	if (atomic_load(&set.is_in[key]) != from)
		return false;
	planted_pause(8);
	atomic_store(&set.is_in[key], !from);
	return true;
}

static bool insert(void *self, uint32_t thread, uint32_t key)
{
	(void)self, (void)thread;
	return change(key, 0, is_planted(PLANTED_CHECK_THEN_ACT));
}

static bool erase(void *self, uint32_t thread, uint32_t key)
{
	(void)self, (void)thread;
	return change(key, 1, is_planted(PLANTED_ERASE_TWICE));
}

static bool contains(void *self, uint32_t thread, uint32_t key)
{
	(void)self, (void)thread;
	if (!is_planted(PLANTED_STALE_READ))
		return atomic_load(&set.is_in[key]);
	if (atomic_fetch_add(&set.reads, 1) % 4 == 0)
		for (uint32_t k = 0; k < KEYS; k++)
			atomic_store(&set.copy[k], atomic_load(&set.is_in[k]));
	return atomic_load(&set.copy[key]);
}

struct subject planted_set(enum planted_set mistake, bool is_right)
{
	set.mistake = mistake;
	set.is_right = is_right;
	atomic_init(&set.reads, 0);
	for (uint32_t k = 0; k < KEYS; k++) {
		atomic_init(&set.is_in[k], 0);
		atomic_init(&set.copy[k], 0);
	}
	return (struct subject){ .spec = LIN_SET,
				 .insert = insert,
				 .erase = erase,
				 .contains = contains,
				 .key_count = KEYS };
}

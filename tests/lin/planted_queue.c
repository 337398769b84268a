/* SPDX-License-Identifier: MIT */
/*
 * Bounded queues with a planted mistake each. Invariant when right: first in, first out.
 *
 * The right form of the sequence ring is the wrong one behind a lock: without it, no sequence ring
 * can tell empty from "a put before mine has not finished" (see <nw/mpmc.h> for what can).
 */
#include "lin/planted.h"

#include <pthread.h>
#include <string.h>

enum { SLOTS = 64 };

struct cell {
	_Atomic uint32_t sequence;
	_Atomic uint32_t value;
};

static struct queue {
	enum planted_queue mistake;
	bool is_right;
	pthread_mutex_t lock;
	struct cell cells[SLOTS];
	_Atomic uint32_t head, tail; /* next to get, next to put */
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Vyukov's bounded queue, as everybody copies it. */
static bool ring_put(uint32_t value)
{
	for (;;) {
		uint32_t at = atomic_load(&queue.tail);
		struct cell *cell = &queue.cells[at % SLOTS];
		int32_t ahead = (int32_t)(atomic_load(&cell->sequence) - at);

		if (ahead < 0)
			return false;
		if (ahead == 0 && atomic_compare_exchange_weak(&queue.tail, &at, at + 1)) {
			planted_pause(1);
			atomic_store(&cell->value, value);
			atomic_store(&cell->sequence, at + 1);
			return true;
		}
	}
}

static bool ring_get(uint32_t *ret_value)
{
	for (;;) {
		uint32_t at = atomic_load(&queue.head);
		struct cell *cell = &queue.cells[at % SLOTS];
		int32_t ahead = (int32_t)(atomic_load(&cell->sequence) - (at + 1));

		if (ahead < 0)
			return false; /* the mistake: the put at `at` may just be slow */
		if (ahead == 0 && atomic_compare_exchange_weak(&queue.head, &at, at + 1)) {
			*ret_value = atomic_load(&cell->value);
			atomic_store(&cell->sequence, at + SLOTS);
			return true;
		}
	}
}

static bool locked_put(uint32_t value)
{
	uint32_t at = atomic_load(&queue.tail);

	if (at - atomic_load(&queue.head) == SLOTS)
		return false;
	atomic_store(&queue.cells[at % SLOTS].value, value);
	planted_pause(2);
	atomic_store(&queue.tail, at + 1);
	return true;
}

static bool locked_get(bool is_contended, uint32_t *ret_value)
{
	uint32_t head = atomic_load(&queue.head), tail = atomic_load(&queue.tail);

	planted_pause(3);
	if (head == tail)
		return false;
	if (is_contended) {
		*ret_value = atomic_load(&queue.cells[(tail - 1) % SLOTS].value);
		atomic_store(&queue.tail, tail - 1);
	} else {
		*ret_value = atomic_load(&queue.cells[head % SLOTS].value);
		atomic_store(&queue.head, head + 1);
	}
	return true;
}

/* The slot is claimed, and with that published, before it is written. */
static bool early_put(uint32_t value)
{
	uint32_t at = atomic_load(&queue.tail);

	do {
		if (at - atomic_load(&queue.head) >= SLOTS)
			return false;
	} while (!atomic_compare_exchange_weak(&queue.tail, &at, at + 1));
	planted_pause(4);
	atomic_store(&queue.cells[at % SLOTS].value, value);
	return true;
}

static bool early_get(uint32_t *ret_value)
{
	uint32_t at = atomic_load(&queue.head), value;

	do {
		if (at == atomic_load(&queue.tail))
			return false;
		value = atomic_load(&queue.cells[at % SLOTS].value);
	} while (!atomic_compare_exchange_weak(&queue.head, &at, at + 1));
	*ret_value = value;
	return true;
}

static bool put_unlocked(uint32_t value)
{
	if (queue.mistake == PLANTED_VYUKOV_EMPTY)
		return ring_put(value);
	return queue.mistake == PLANTED_EARLY_PUBLISH ? early_put(value) : locked_put(value);
}

static bool put(void *self, uint32_t thread, uint32_t value)
{
	bool is_locked = queue.is_right || queue.mistake == PLANTED_LIFO_CONTENDED, ok;

	(void)self, (void)thread;
	if (is_locked)
		pthread_mutex_lock(&queue.lock);
	ok = put_unlocked(value);
	if (is_locked)
		pthread_mutex_unlock(&queue.lock);
	return ok;
}

static bool get_unlocked(bool is_contended, uint32_t *ret_value)
{
	if (queue.mistake == PLANTED_VYUKOV_EMPTY)
		return ring_get(ret_value);
	if (queue.mistake == PLANTED_EARLY_PUBLISH)
		return early_get(ret_value);
	return locked_get(is_contended && !queue.is_right, ret_value);
}

static bool get(void *self, uint32_t thread, uint32_t *ret_value)
{
	bool is_locked = queue.is_right || queue.mistake == PLANTED_LIFO_CONTENDED, ok;
	bool is_contended = false;

	(void)self, (void)thread;
	if (is_locked && pthread_mutex_trylock(&queue.lock) != 0) {
		is_contended = true;
		pthread_mutex_lock(&queue.lock);
	}
	ok = get_unlocked(is_contended, ret_value);
	if (is_locked)
		pthread_mutex_unlock(&queue.lock);
	return ok;
}

struct subject planted_queue(enum planted_queue mistake, bool is_right)
{
	queue.mistake = mistake;
	queue.is_right = is_right;
	atomic_init(&queue.head, 0);
	atomic_init(&queue.tail, 0);
	for (uint32_t i = 0; i < SLOTS; i++) {
		atomic_init(&queue.cells[i].sequence, i);
		atomic_init(&queue.cells[i].value, UINT32_MAX);
	}
	return (struct subject){ .spec = LIN_QUEUE, .put = put, .get = get };
}

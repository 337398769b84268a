/* SPDX-License-Identifier: MIT */
/* An indexed binary heap: see the header. */
#include "dag/timers.h"

#include "os/heap.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

int nwi_timers_reserve(struct nwi_timers *timers, size_t count)
{
	size_t capacity = timers->capacity > 0 ? timers->capacity : 64;
	struct nwi_timer **heap;

	if (count <= timers->capacity)
		return 0;
	while (capacity < count)
		capacity *= 2;
	heap = nwi_heap_alloc_array(capacity, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	if (timers->count > 0)
		memcpy(heap, timers->heap, timers->count * sizeof(*heap));
	nwi_heap_free(timers->heap);
	timers->heap = heap;
	timers->capacity = capacity;
	return 0;
}

void nwi_timers_fini(struct nwi_timers *timers)
{
	nwi_heap_free(timers->heap);
	*timers = (struct nwi_timers){ 0 };
}

static void put_at(struct nwi_timers *timers, size_t idx, struct nwi_timer *timer)
{
	timers->heap[idx] = timer;
	timer->place = idx + 1;
}

/* The hole at idx moves up until `timer` may lie in it. */
static void sift_up(struct nwi_timers *timers, size_t idx, struct nwi_timer *timer)
{
	while (idx > 0 && timers->heap[(idx - 1) / 2]->at_ns > timer->at_ns) {
		put_at(timers, idx, timers->heap[(idx - 1) / 2]);
		idx = (idx - 1) / 2;
	}
	put_at(timers, idx, timer);
}

static void sift_down(struct nwi_timers *timers, size_t idx, struct nwi_timer *timer)
{
	for (;;) {
		size_t child = 2 * idx + 1;

		if (child + 1 < timers->count &&
		    timers->heap[child + 1]->at_ns < timers->heap[child]->at_ns)
			child++;
		if (child >= timers->count || timers->heap[child]->at_ns >= timer->at_ns)
			break;
		put_at(timers, idx, timers->heap[child]);
		idx = child;
	}
	put_at(timers, idx, timer);
}

void nwi_timers_set(struct nwi_timers *timers, struct nwi_timer *timer, uint64_t at_ns)
{
	assert(timer->place == 0);
	assert(timers->count < timers->capacity);
	timer->at_ns = at_ns;
	sift_up(timers, timers->count++, timer);
}

void nwi_timers_unset(struct nwi_timers *timers, struct nwi_timer *timer)
{
	size_t idx = timer->place - 1;
	struct nwi_timer *last;

	if (timer->place == 0)
		return;
	timer->place = 0;
	last = timers->heap[--timers->count];
	if (last == timer)
		return;
	if (idx > 0 && timers->heap[(idx - 1) / 2]->at_ns > last->at_ns)
		sift_up(timers, idx, last);
	else
		sift_down(timers, idx, last);
}

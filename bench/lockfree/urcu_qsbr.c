/* SPDX-License-Identifier: MIT */
/* Userspace RCU's quiescent-state flavour; a file of its own, since a file has one flavour. It
 * announces as often as ours: once in QUIESCENT_EVERY sections. */
#define _LGPL_SOURCE
#include <urcu/urcu-qsbr.h>

#include "lockfree.h"

enum { QUIESCENT_EVERY = 1024 };

struct shared {
	uint64_t object;
	uint64_t *current;
};

static void *create(void)
{
	struct shared *shared = calloc(1, sizeof(*shared));

	if (shared)
		shared->current = &shared->object;
	return shared;
}

static void *join(void *shared, uint32_t thread_idx, uint64_t push_count)
{
	(void)thread_idx;
	(void)push_count;
	urcu_qsbr_register_thread();
	return shared;
}

static void leave(void *handle)
{
	(void)handle;
	urcu_qsbr_unregister_thread();
}

static inline uint64_t read_once(uint64_t *const *src)
{
	uint64_t value;

	urcu_qsbr_read_lock();
	value = *rcu_dereference(*src);
	urcu_qsbr_read_unlock();
	return value;
}

static bool read_quiescent(void *arg, uint64_t n)
{
	struct shared *h = arg;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n;) {
		uint64_t end = i + QUIESCENT_EVERY < n ? i + QUIESCENT_EVERY : n;

		for (; i < end; i++)
			sum += read_once(&h->current);
		urcu_qsbr_quiescent_state();
	}
	lf_keep_sum(sum);
	return true;
}

const struct lf_subject lf_urcu_qsbr[] = {
	{ .group = "rcu_quiescent",
	  .name = "urcu_qsbr",
	  .create = create,
	  .destroy = free,
	  .join = join,
	  .leave = leave,
	  .pairs = read_quiescent },
	{ .group = NULL },
};

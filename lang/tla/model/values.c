/* SPDX-License-Identifier: MIT */
/* Values that variables have had: a set of pairs. Invariant: at least a quarter of it is free. */
#include "values.h"

#include "../value/order.h"

#include <string.h>

struct slot {
	tla_value v; /* TLA_NONE: free */
	uint64_t var;
};

void tla_values_init(struct tla_values *values)
{
	*values = (struct tla_values){ .count = 0 };
	pthread_mutex_init(&values->lock, NULL);
}

void tla_values_fini(struct tla_values *values)
{
	nw_mem_free(&values->mem);
	pthread_mutex_destroy(&values->lock);
}

static struct slot *slot_of(const struct tla_values *values, tla_value v, uint64_t var)
{
	struct slot *slots = values->mem.base;
	uint64_t i = tla_mix(v, var);

	for (;; i++) {
		struct slot *slot = &slots[i & (values->room - 1)];

		if (!slot->v || (slot->v == v && slot->var == var))
			return slot;
	}
}

static bool grow(struct tla_values *values)
{
	struct tla_values larger = { .room = values->room ? 2 * values->room : 1024 };
	const struct slot *slots = values->mem.base;

	if (nw_mem_alloc(&larger.mem, NW_NODE_ANY, larger.room * sizeof *slots, 0))
		return false;
	for (uint32_t i = 0; i < values->room; i++)
		if (slots[i].v)
			*slot_of(&larger, slots[i].v, slots[i].var) = slots[i];
	nw_mem_free(&values->mem);
	values->mem = larger.mem;
	values->room = larger.room;
	return true;
}

static void add(struct tla_values *values, tla_value v, uint64_t var)
{
	struct slot *slot;

	if (4 * (uint64_t)values->count >= 3 * (uint64_t)values->room && !grow(values)) {
		values->is_full = true;
		return;
	}
	slot = slot_of(values, v, var);
	values->count += !slot->v;
	*slot = (struct slot){ v, var };
}

void tla_values_add(struct tla_values *values, const tla_value *state, uint32_t var_count)
{
	pthread_mutex_lock(&values->lock);
	for (uint32_t i = 0; i < var_count; i++)
		add(values, state[i], i);
	pthread_mutex_unlock(&values->lock);
}

void tla_values_gather(struct tla_values *to, struct tla_values *from)
{
	const struct slot *slots;

	pthread_mutex_lock(&from->lock);
	slots = from->mem.base;
	for (uint32_t i = 0; i < from->room; i++)
		if (slots[i].v)
			add(to, slots[i].v, slots[i].var);
	to->is_full |= from->is_full;
	pthread_mutex_unlock(&from->lock);
}

uint64_t tla_values_count(const struct tla_values *values, uint32_t var)
{
	const struct slot *slots = values->mem.base;
	uint64_t count = 0;

	for (uint32_t i = 0; i < values->room; i++)
		count += slots[i].v && slots[i].var == var;
	return count;
}

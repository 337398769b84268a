/* SPDX-License-Identifier: MIT */
/*
 * A deque on the checker's malloc: its arrays are allocated and freed there, with their slots
 * zeroed as fresh pages are; the deque itself lies in static storage.
 */
#ifndef NW_MODEL_DEQUE_H
#define NW_MODEL_DEQUE_H

#include "hazard.h"

#include "map/deque.c"

int nw_mem_alloc(struct nw_mem *ret_mem, nw_node node, size_t n_bytes, unsigned flags)
{
	size_t align = alignof(struct array);
	struct array *array = aligned_alloc(align, (n_bytes + align - 1) / align * align);

	(void)flags;
	for (size_t i = 0; i < (n_bytes - offsetof(struct array, slots)) / sizeof(void *); i++)
		atomic_init(&array->slots[i], NULL);
	ret_mem->base = array;
	ret_mem->n_bytes = n_bytes;
	ret_mem->node.id = node.id;
	ret_mem->level = NW_MEM_UNBOUND;
	ret_mem->pages = NW_MEM_PAGES_BASE;
	ret_mem->reason = 0;
	return 0;
}

void nw_mem_free(struct nw_mem *mem)
{
	free(mem->base);
}

static struct nw_deque *deque = (struct nw_deque *)(void *)model_memory;

/* As nw_deque_create(). */
static inline void model_deque_start(uint32_t slot_count, uint32_t slot_count_max)
{
	struct array *array;
	int rc = array_create(&array, NW_NODE_ANY, slot_count);

	assert(rc == 0);
	(void)rc;
	atomic_init(&deque->array, array);
	deque->slot_count_max = slot_count_max;
	model_hazard_start();
}

static inline void model_deque_end(void)
{
	model_hazard_end();
	array_destroy(own_array(deque));
}

#endif /* NW_MODEL_DEQUE_H */

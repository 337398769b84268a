/* SPDX-License-Identifier: MIT */
/*
 * Packed states. A state is its length and its bytes; these are tokens:
 *
 *   ATOM word        as it is, turned so that small numbers are short
 *   KNOWN n          the value with the n-th number from the last one given
 *   MAKE + kind count items   a value and its parts; it gets a number if there is one left
 *   AFRESH           first of a state: all numbers are free again
 *
 * Invariant: both sides give a number to the same values in the same order.
 */
#include "pack.h"

#include "order.h"
#include "set.h"

#include <errno.h>
#include <string.h>

enum token { ATOM, KNOWN, AFRESH, MAKE };

enum {
#ifdef NW_SMALL
	MANY = 64,
#else
	MANY = 1 << 18,
#endif
	SLOT_COUNT = 2 * MANY,
	BYTES_FIRST = 1 << 16,
	BYTES_MAX = 1 << 30,
	DEPTH_MAX = 1 << 16,
};

struct slot {
	tla_value v;
	uint64_t number;
};

struct tla_packer {
	struct nw_mem mem; /* this */
	struct tla_store *store;
	struct tla_keeper *keeper; /* of what is read */
	struct tla_heap heap;
	uint32_t number_count; /* given away */
	struct nw_mem numbers; /* tla_value [MANY], reading; or struct slot [SLOT_COUNT], writing */
	/* The state at hand. */
	struct nw_mem bytes;
	size_t used, length;
	int error; /* the first one */
};

/* ---- making one ---- */

int tla_packer_create(struct tla_packer **ret_packer, struct tla_store *store)
{
	struct tla_packer *packer;
	struct nw_mem mem;

	if (nw_mem_alloc(&mem, NW_NODE_ANY, sizeof *packer, 0))
		return -ENOMEM;
	packer = mem.base;
	packer->mem = mem;
	packer->store = store;
	if (nw_mem_alloc(&packer->bytes, NW_NODE_ANY, BYTES_FIRST, 0) ||
	    tla_heap_init(&packer->heap, NW_NODE_ANY, SIZE_MAX)) {
		tla_packer_destroy(packer);
		return -ENOMEM;
	}
	*ret_packer = packer;
	return 0;
}

void tla_packer_destroy(struct tla_packer *packer)
{
	struct nw_mem mem;

	if (!packer)
		return;
	tla_keeper_destroy(packer->keeper);
	tla_heap_fini(&packer->heap);
	nw_mem_free(&packer->numbers);
	nw_mem_free(&packer->bytes);
	mem = packer->mem;
	nw_mem_free(&mem);
}

static void fail(struct tla_packer *packer, int error)
{
	if (packer->error == 0)
		packer->error = error;
}

/* Room for n_bytes more of the state. */
static bool make_room(struct tla_packer *packer, size_t n_bytes)
{
	size_t wanted = packer->used + n_bytes, size = packer->bytes.n_bytes;
	struct nw_mem larger;

	if (wanted <= size)
		return true;
	while (size < wanted)
		size *= 2;
	if (size > BYTES_MAX || nw_mem_alloc(&larger, NW_NODE_ANY, size, 0)) {
		fail(packer, -ENOMEM);
		return false;
	}
	memcpy(larger.base, packer->bytes.base, packer->used);
	nw_mem_free(&packer->bytes);
	packer->bytes = larger;
	return true;
}

/* ---- numbers ---- */

static struct slot *slot_of(const struct tla_packer *packer, tla_value v)
{
	struct slot *slots = packer->numbers.base;
	uint64_t i = tla_mix(v, 0);

	do
		i = (i + 1) % SLOT_COUNT;
	while (slots[i].v && slots[i].v != v);
	return &slots[i];
}

static void give_number(struct tla_packer *packer, tla_value v)
{
	if (packer->number_count == MANY)
		return;
	*slot_of(packer, v) = (struct slot){ v, packer->number_count++ };
}

/* ---- writing ---- */

static void put_byte(struct tla_packer *packer, unsigned byte)
{
	if (make_room(packer, 1))
		((uint8_t *)packer->bytes.base)[packer->used++] = (uint8_t)byte;
}

static void put_number(struct tla_packer *packer, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		put_byte(packer, (unsigned)(n & 0x7f) | 0x80);
	put_byte(packer, (unsigned)n);
}

static uint32_t item_count(const struct tla_obj *obj)
{
	return obj->kind == TLA_INTERVAL ? 2 : obj->count + (obj->kind == TLA_FCN);
}

static void put_value(struct tla_packer *packer, tla_value v, uint32_t depth);

static void put_object(struct tla_packer *packer, tla_value v, uint32_t depth)
{
	const struct tla_obj *obj = tla_obj(v);
	const struct slot *slot = slot_of(packer, v);

	if (slot->v) {
		put_byte(packer, KNOWN);
		put_number(packer, packer->number_count - 1 - slot->number);
		return;
	}
	put_byte(packer, MAKE + obj->kind);
	put_number(packer, obj->count);
	for (uint32_t i = 0; i < item_count(obj) && packer->error == 0; i++)
		put_value(packer, obj->items[i], depth + 1);
	give_number(packer, v);
}

static void put_value(struct tla_packer *packer, tla_value v, uint32_t depth)
{
	if (depth > DEPTH_MAX) {
		fail(packer, -E2BIG);
	} else if (tla_is_object(v)) {
		put_object(packer, v, depth);
	} else {
		put_byte(packer, ATOM);
		put_number(packer, v << 1 ^ (v >> 63 ? UINT64_MAX : 0));
	}
}

static int begin(struct tla_packer *packer, bool is_reading)
{
	size_t n_bytes = is_reading ? MANY * sizeof(tla_value) : SLOT_COUNT * sizeof(struct slot);

	packer->used = 0;
	packer->error = 0;
	if (!packer->numbers.base && nw_mem_alloc(&packer->numbers, NW_NODE_ANY, n_bytes, 0))
		return -ENOMEM;
	if (is_reading && !packer->keeper)
		return tla_keeper_create(&packer->keeper, packer->store, NW_NODE_ANY);
	return 0;
}

int tla_pack_state(struct tla_packer *packer, struct nw_model_file *file, const tla_value *values,
		   uint32_t count)
{
	uint32_t n_bytes;
	int rc = begin(packer, false);

	if (rc < 0)
		return rc;
	if (packer->number_count == MANY) {
		put_byte(packer, AFRESH);
		memset(packer->numbers.base, 0, SLOT_COUNT * sizeof(struct slot));
		packer->number_count = 0;
	}
	for (uint32_t i = 0; i < count && packer->error == 0; i++)
		put_value(packer, values[i], 0);
	if (packer->error < 0)
		return packer->error;
	n_bytes = (uint32_t)packer->used;
	rc = file->put(file, &n_bytes, sizeof n_bytes);
	return rc < 0 ? rc : file->put(file, packer->bytes.base, packer->used);
}

/* ---- reading ---- */

static unsigned get_byte(struct tla_packer *packer)
{
	if (packer->used < packer->length)
		return ((const uint8_t *)packer->bytes.base)[packer->used++];
	fail(packer, -EBADMSG);
	return 0;
}

static uint64_t get_number(struct tla_packer *packer)
{
	uint64_t n = 0;
	unsigned byte = 0x80;

	for (unsigned shift = 0; shift < 64 && byte & 0x80; shift += 7) {
		byte = get_byte(packer);
		n |= (uint64_t)(byte & 0x7f) << shift;
	}
	return n;
}

static tla_value get_value(struct tla_packer *packer, uint32_t depth);

static tla_value get_known(struct tla_packer *packer)
{
	uint64_t back = get_number(packer);

	if (back < packer->number_count)
		return ((const tla_value *)
				packer->numbers.base)[packer->number_count - 1 - (uint32_t)back];
	fail(packer, -EBADMSG);
	return TLA_NONE;
}

static void keep_number(struct tla_packer *packer, tla_value v)
{
	if (packer->number_count < MANY)
		((tla_value *)packer->numbers.base)[packer->number_count++] = v;
}

static tla_value get_object(struct tla_packer *packer, enum tla_kind kind, uint32_t depth)
{
	uint64_t count = get_number(packer);
	struct tla_obj head = { .kind = (uint8_t)kind, .count = (uint32_t)count }, *obj;
	tla_value v = TLA_NONE;

	/* Each item takes a byte at least. */
	if (count > packer->length - packer->used) {
		fail(packer, -EBADMSG);
		return TLA_NONE;
	}
	if (kind == TLA_SET && count == 0) { /* there is one, and no store has it */
		keep_number(packer, tla_set_empty());
		return tla_set_empty();
	}
	obj = tla_obj_new(&packer->heap, kind, head.count, item_count(&head));
	for (uint32_t i = 0; obj && i < item_count(&head); i++) {
		obj->items[i] = get_value(packer, depth + 1);
		if (!obj->items[i])
			return TLA_NONE;
	}
	if (obj) {
		obj->is_plain = true;
		v = tla_store(packer->keeper, &packer->heap, tla_of(obj));
	}
	if (v)
		keep_number(packer, v);
	else
		fail(packer, -ENOMEM);
	return v;
}

static tla_value get_atom(struct tla_packer *packer)
{
	uint64_t n = get_number(packer);
	tla_value v = n >> 1 ^ (n & 1 ? UINT64_MAX : 0);

	if (tla_tag(v) != TLA_OBJECT)
		return v;
	fail(packer, -EBADMSG);
	return TLA_NONE;
}

static tla_value get_value(struct tla_packer *packer, uint32_t depth)
{
	unsigned token = get_byte(packer);

	if (packer->error == 0 && token == ATOM)
		return get_atom(packer);
	if (packer->error == 0 && token == KNOWN)
		return get_known(packer);
	if (packer->error == 0 && token >= MAKE && token <= MAKE + TLA_FCN && depth <= DEPTH_MAX)
		return get_object(packer, (enum tla_kind)(token - MAKE), depth);
	fail(packer, -EBADMSG);
	return TLA_NONE;
}

static int read_bytes(struct tla_packer *packer, struct nw_model_file *file)
{
	uint32_t n_bytes;
	int rc = file->get(file, &n_bytes, sizeof n_bytes);

	if (rc < 0)
		return rc;
	if (n_bytes == 0 || n_bytes > BYTES_MAX)
		return -EBADMSG;
	if (!make_room(packer, n_bytes))
		return packer->error;
	packer->length = n_bytes;
	return file->get(file, packer->bytes.base, n_bytes);
}

int tla_unpack_state(struct tla_packer *packer, struct nw_model_file *file, tla_value *ret_values,
		     uint32_t count)
{
	struct tla_mark mark = tla_heap_mark(&packer->heap);
	int rc = begin(packer, true);

	if (rc == 0)
		rc = read_bytes(packer, file);
	if (rc < 0)
		return rc;
	if (((const uint8_t *)packer->bytes.base)[0] == AFRESH) {
		packer->used++;
		packer->number_count = 0;
	}
	for (uint32_t i = 0; i < count && packer->error == 0; i++)
		ret_values[i] = get_value(packer, 0);
	tla_heap_cut(&packer->heap, mark);
	if (packer->error == 0 && packer->used != packer->length)
		fail(packer, -EBADMSG);
	return packer->error;
}

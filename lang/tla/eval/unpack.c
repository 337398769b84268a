/* SPDX-License-Identifier: MIT */
/* TLC's binary files of values, read: see natives_pack.c. */
#include "pack.h"

#include "../value/fcn.h"
#include "../value/set.h"
#include "world.h"

#include <string.h>
#include <zlib.h>

enum { GZIP_OR_ZLIB = 32 + MAX_WBITS };

struct unpack {
	struct tla_eval *eval;
	const char *path;
	const unsigned char *at, *end;
	tla_value *known; /* by their numbers */
	size_t known_count, known_room;
};

static tla_value wrong(struct unpack *unpack, const char *why)
{
	if (!unpack->eval->heap->has_failed)
		tla_fail(unpack->eval->heap, "The file %s is not one of TLC's values: %s.",
			 unpack->path, why);
	return TLA_NONE;
}

/* Signed, with its highest byte first; false: the file ends. */
static bool take_number(struct unpack *unpack, unsigned n_bytes, int64_t *ret)
{
	uint64_t number = 0;

	if ((size_t)(unpack->end - unpack->at) < n_bytes) {
		(void)wrong(unpack, "it ends too early");
		return false;
	}
	for (unsigned i = 0; i < n_bytes; i++)
		number = number << 8 | *unpack->at++;
	if (n_bytes < 8 && number >> (8 * n_bytes - 1))
		number |= ~(uint64_t)0 << (8 * n_bytes);
	*ret = (int64_t)number;
	return true;
}

static bool take_count(struct unpack *unpack, int64_t *ret)
{
	int64_t low;

	if (!take_number(unpack, 2, ret))
		return false;
	if (*ret >= 0)
		return true;
	if (!take_number(unpack, 2, &low))
		return false;
	*ret = -(*ret * 65536 + (low & 0xffff));
	return true;
}

/* A number for what comes; -1: failed. */
static int64_t number_next(struct unpack *unpack)
{
	if (unpack->known_count == unpack->known_room) {
		size_t room = 2 * unpack->known_room + 64;
		tla_value *known = tla_alloc(unpack->eval->heap, room * sizeof *known);

		if (!known)
			return -1;
		if (unpack->known_count > 0)
			memcpy(known, unpack->known, unpack->known_count * sizeof *known);
		unpack->known = known;
		unpack->known_room = room;
	}
	unpack->known[unpack->known_count] = TLA_NONE;
	return (int64_t)unpack->known_count++;
}

static tla_value take_value(struct unpack *unpack);

/* Room for as many values as the file can hold. */
static tla_value *room_for(struct unpack *unpack, int64_t count)
{
	if (count < 0 || count > unpack->end - unpack->at) {
		(void)wrong(unpack, "it ends too early");
		return NULL;
	}
	return tla_alloc(unpack->eval->heap, ((size_t)count + 1) * sizeof(tla_value));
}

static tla_value take_string(struct unpack *unpack)
{
	int64_t skipped[2], n_bytes;
	const char *text;

	if (!take_number(unpack, 4, &skipped[0]) || !take_number(unpack, 4, &skipped[1]) ||
	    !take_number(unpack, 4, &n_bytes))
		return TLA_NONE;
	if (n_bytes < 0 || n_bytes > unpack->end - unpack->at)
		return wrong(unpack, "it ends too early");
	text = (const char *)unpack->at;
	unpack->at += n_bytes;
	return tla_new_string(unpack->eval, text, (size_t)n_bytes);
}

static tla_value take_again(struct unpack *unpack)
{
	int64_t number;

	if (!take_count(unpack, &number))
		return TLA_NONE;
	if ((uint64_t)number >= unpack->known_count || !unpack->known[number])
		return wrong(unpack, "it names a value that did not come before");
	return unpack->known[number];
}

static tla_value take_set(struct unpack *unpack)
{
	int64_t count;
	tla_value *items;

	if (!take_number(unpack, 4, &count))
		return TLA_NONE;
	count = count < 0 ? -count : count;
	items = room_for(unpack, count);
	for (int64_t i = 0; items && i < count; i++)
		if (!(items[i] = take_value(unpack)))
			return TLA_NONE;
	return items ? tla_set_new(unpack->eval->heap, items, (size_t)count) : TLA_NONE;
}

static tla_value take_tuple(struct unpack *unpack)
{
	int64_t count;
	tla_value *items;

	if (!take_count(unpack, &count))
		return TLA_NONE;
	items = room_for(unpack, count);
	for (int64_t i = 0; items && i < count; i++)
		if (!(items[i] = take_value(unpack)))
			return TLA_NONE;
	return items ? tla_tuple(unpack->eval->heap, items, (uint32_t)count) : TLA_NONE;
}

/* Pairs in any order as a function. */
static tla_value fcn_of(struct unpack *unpack, const tla_value *args, const tla_value *values,
			int64_t count)
{
	struct tla_heap *heap = unpack->eval->heap;
	tla_value *copy, *sorted, order, domain;

	copy = tla_alloc(heap, ((size_t)count + 1) * sizeof *copy);
	sorted = copy ? tla_alloc(heap, ((size_t)count + 1) * sizeof *sorted) : NULL;
	if (!sorted)
		return TLA_NONE;
	memcpy(copy, args, (size_t)count * sizeof *copy);
	domain = tla_set_new(heap, copy, (size_t)count);
	if (!domain || (int64_t)tla_set_count(tla_obj(domain)) != count)
		return wrong(unpack, "a function has an argument twice");
	order = count > 0 ? tla_fcn(heap, domain, values) : tla_tuple(heap, NULL, 0);
	for (int64_t i = 0; order && i < count; i++)
		sorted[tla_position(heap, tla_obj(order), args[i])] = values[i];
	return order && count > 0 ? tla_fcn(heap, domain, sorted) : order;
}

static tla_value take_fcn(struct unpack *unpack)
{
	struct tla_heap *heap = unpack->eval->heap;
	int64_t count, how, lo = 0, hi = 0;
	tla_value *args, *values;

	if (!take_count(unpack, &count) || !take_number(unpack, 1, &how))
		return TLA_NONE;
	if (how == TLA_PACK_INTERVAL_ONLY &&
	    (!take_number(unpack, 4, &lo) || !take_number(unpack, 4, &hi)))
		return TLA_NONE;
	if (how == TLA_PACK_INTERVAL_ONLY && hi - lo + 1 != count)
		return wrong(unpack, "a function's domain is not of its size");
	args = room_for(unpack, count);
	values = args ? tla_alloc(heap, ((size_t)count + 1) * sizeof *values) : NULL;
	for (int64_t i = 0; values && i < count; i++) {
		args[i] = how == TLA_PACK_INTERVAL_ONLY ? tla_int(lo + i) : take_value(unpack);
		values[i] = args[i] ? take_value(unpack) : TLA_NONE;
		if (!values[i])
			return TLA_NONE;
	}
	return values ? fcn_of(unpack, args, values, count) : TLA_NONE;
}

static tla_value take_record(struct unpack *unpack)
{
	int64_t count;
	tla_value *names, *values;

	if (!take_number(unpack, 4, &count))
		return TLA_NONE;
	count = count < 0 ? -count : count;
	names = room_for(unpack, count);
	values = names ? tla_alloc(unpack->eval->heap, ((size_t)count + 1) * sizeof *values) : NULL;
	for (int64_t i = 0; values && i < count; i++) {
		names[i] = take_value(unpack);
		values[i] = names[i] ? take_value(unpack) : TLA_NONE;
		if (!values[i])
			return TLA_NONE;
		if (!tla_is_string(names[i]))
			return wrong(unpack, "a field's name is no string");
	}
	return values ? fcn_of(unpack, names, values, count) : TLA_NONE;
}

static tla_value take_numbered(struct unpack *unpack, int64_t kind)
{
	int64_t number = number_next(unpack);
	tla_value v;

	if (number < 0)
		return TLA_NONE;
	v = kind == TLA_PACK_STRING   ? take_string(unpack)
	    : kind == TLA_PACK_RECORD ? take_record(unpack)
	    : kind == TLA_PACK_SET    ? take_set(unpack)
	    : kind == TLA_PACK_TUPLE  ? take_tuple(unpack)
				      : take_fcn(unpack);
	unpack->known[number] = v;
	return v;
}

static tla_value take_plain(struct unpack *unpack, int64_t kind)
{
	int64_t i, hi;

	if (!take_number(unpack, kind == TLA_PACK_BOOL ? 1 : kind == TLA_PACK_MODEL ? 2 : 4, &i))
		return TLA_NONE;
	switch (kind) {
	case TLA_PACK_BOOL:
		return tla_bool(i != 0);
	case TLA_PACK_INT:
		return tla_int(i);
	case TLA_PACK_MODEL:
		return i >= 0 && i < tla_world_model_count(unpack->eval->world)
			       ? tla_model((uint32_t)i)
			       : wrong(unpack, "the configuration has not as many model values");
	default:
		return take_number(unpack, 4, &hi) ? tla_interval(unpack->eval->heap, i, hi)
						   : TLA_NONE;
	}
}

static tla_value take_value(struct unpack *unpack)
{
	int64_t kind;

	if ((const char *)__builtin_frame_address(0) < unpack->eval->stack_end)
		return wrong(unpack, "it is nested too deeply");
	if (!take_number(unpack, 1, &kind))
		return TLA_NONE;
	switch (kind) {
	case TLA_PACK_BOOL:
	case TLA_PACK_INT:
	case TLA_PACK_MODEL:
	case TLA_PACK_INTERVAL:
		return take_plain(unpack, kind);
	case TLA_PACK_STRING:
	case TLA_PACK_RECORD:
	case TLA_PACK_SET:
	case TLA_PACK_TUPLE:
	case TLA_PACK_FCN:
		return take_numbered(unpack, kind);
	case TLA_PACK_AGAIN:
		return take_again(unpack);
	default:
		return wrong(unpack, "it has a value of an unknown kind");
	}
}

/* A gzip stream's content. false: failed. */
static bool inflate_bytes(struct unpack *unpack, struct tla_bytes *out)
{
	unsigned char piece[16384];
	z_stream stream = { .next_in = (unsigned char *)unpack->at,
			    .avail_in = (uInt)(unpack->end - unpack->at) };
	int r = inflateInit2(&stream, GZIP_OR_ZLIB);
	bool is_kept = r == Z_OK;

	while (is_kept && r == Z_OK) {
		stream.next_out = piece;
		stream.avail_out = sizeof piece;
		r = inflate(&stream, Z_NO_FLUSH);
		if (r == Z_OK || r == Z_STREAM_END)
			is_kept = tla_bytes_put(unpack->eval, out, piece,
						sizeof piece - stream.avail_out);
	}
	(void)inflateEnd(&stream); /* nothing to lose */
	if (is_kept && r != Z_STREAM_END)
		(void)wrong(unpack, "it cannot be decompressed");
	return is_kept && r == Z_STREAM_END;
}

tla_value tla_unpack(struct tla_eval *eval, const char *path, const unsigned char *bytes,
		     size_t n_bytes)
{
	struct unpack unpack = { .eval = eval, .path = path, .at = bytes, .end = bytes + n_bytes };
	struct tla_bytes plain = { 0 };
	tla_value v = TLA_NONE;
	bool is_plain = n_bytes < 2 || bytes[0] != 0x1f || bytes[1] != 0x8b;

	if (!is_plain && inflate_bytes(&unpack, &plain)) {
		unpack.at = plain.at;
		unpack.end = plain.at + plain.count;
		is_plain = true;
	}
	if (is_plain)
		v = take_value(&unpack);
	return v;
}

/* SPDX-License-Identifier: MIT */
/*
 * TLC's binary files of values: a byte for the kind, numbers with their highest byte first; the
 * whole may be a gzip stream. What is not Boolean, integer, model value or interval has a number,
 * by which it may be named again instead of being written twice: we read such names and write none.
 *
 * Model values are written by their number in this specification, as TLC does: only a specification
 * that has the same ones in the same order reads them back.
 */
#include "natives.h"

#include "../value/fcn.h"
#include "../value/set.h"
#include "natives_file.h"
#include "pack.h"

#include <string.h>
#include <zlib.h>

enum { GZIP = 16 + MAX_WBITS };

/* --- Writing --- */

bool tla_bytes_put(struct tla_eval *eval, struct tla_bytes *out, const void *bytes, size_t n_bytes)
{
	if (n_bytes > out->room - out->count) {
		size_t room = (2 * out->room + n_bytes + 4096) / 8 * 8;
		unsigned char *at = tla_alloc(eval->heap, room);

		if (!at)
			return false;
		if (out->count > 0)
			memcpy(at, out->at, out->count);
		out->at = at;
		out->room = room;
	}
	memcpy(out->at + out->count, bytes, n_bytes);
	out->count += n_bytes;
	return true;
}

static bool put_number(struct tla_eval *eval, struct tla_bytes *out, int64_t i, unsigned n_bytes)
{
	unsigned char bytes[4];

	for (unsigned k = 0; k < n_bytes; k++)
		bytes[k] = (unsigned char)((uint64_t)i >> (8 * (n_bytes - 1 - k)));
	return tla_bytes_put(eval, out, bytes, n_bytes);
}

static bool put_kind(struct tla_eval *eval, struct tla_bytes *out, enum tla_pack_kind kind)
{
	return put_number(eval, out, kind, 1);
}

/* A count that TLC writes in two bytes where it fits. */
static bool put_count(struct tla_eval *eval, struct tla_bytes *out, uint64_t count)
{
	return count > TLA_PACK_SHORT_MAX ? put_number(eval, out, -(int64_t)count, 4)
					  : put_number(eval, out, (int64_t)count, 2);
}

/* Its number and its place among the variables are TLC's own: nobody reads them. */
static bool put_string(struct tla_eval *eval, struct tla_bytes *out, tla_value v)
{
	const char *text = eval->heap->hooks.string_text(eval->heap->hooks.names, tla_id_of(v));
	size_t n_bytes = strlen(text);

	return put_kind(eval, out, TLA_PACK_STRING) && put_number(eval, out, tla_id_of(v), 4) &&
	       put_number(eval, out, -1, 4) && put_number(eval, out, (int64_t)n_bytes, 4) &&
	       tla_bytes_put(eval, out, text, n_bytes);
}

static bool put_value(struct tla_eval *eval, struct tla_bytes *out, tla_value v);

static bool put_set(struct tla_eval *eval, struct tla_bytes *out, const struct tla_obj *set)
{
	uint64_t count = tla_set_count(set);
	bool is_done;

	if (set->kind == TLA_INTERVAL)
		return put_kind(eval, out, TLA_PACK_INTERVAL) &&
		       put_number(eval, out, tla_int_of(set->items[0]), 4) &&
		       put_number(eval, out, tla_int_of(set->items[1]), 4);
	/* Negative: in an order that need not be TLC's. */
	is_done = put_kind(eval, out, TLA_PACK_SET) && put_number(eval, out, -(int64_t)count, 4);
	for (uint64_t i = 0; is_done && i < count; i++)
		is_done = put_value(eval, out, tla_set_at(set, i));
	return is_done;
}

static bool put_tuple(struct tla_eval *eval, struct tla_bytes *out, const struct tla_obj *tuple)
{
	bool is_done = put_kind(eval, out, TLA_PACK_TUPLE) && put_count(eval, out, tuple->count);

	for (uint32_t i = 0; is_done && i < tuple->count; i++)
		is_done = put_value(eval, out, tuple->items[i]);
	return is_done;
}

static bool put_fcn(struct tla_eval *eval, struct tla_bytes *out, tla_value v)
{
	const struct tla_obj *fcn = tla_obj(v);
	bool is_record = tla_is_record(v);
	bool is_done = is_record ? put_kind(eval, out, TLA_PACK_RECORD) &&
					   put_number(eval, out, -(int64_t)fcn->count, 4)
				 : put_kind(eval, out, TLA_PACK_FCN) &&
					   put_count(eval, out, fcn->count) &&
					   put_number(eval, out, TLA_PACK_LISTED, 1);

	for (uint32_t i = 0; is_done && i < fcn->count; i++)
		is_done = put_value(eval, out, tla_fcn_domain_at(fcn, i)) &&
			  put_value(eval, out, fcn->items[1 + i]);
	return is_done;
}

static bool put_object(struct tla_eval *eval, struct tla_bytes *out, tla_value v)
{
	v = tla_explicit(eval->heap, v);
	if (!v)
		return false;
	if (tla_is_finite(v))
		return put_set(eval, out, tla_obj(v));
	if (tla_is_kind(v, TLA_TUPLE))
		return put_tuple(eval, out, tla_obj(v));
	if (tla_is_kind(v, TLA_FCN))
		return put_fcn(eval, out, v);
	tla_fail_kind(eval, "IOSerialize", "a finite value", v);
	return false;
}

static bool put_value(struct tla_eval *eval, struct tla_bytes *out, tla_value v)
{
	if ((const char *)__builtin_frame_address(0) < eval->stack_end) {
		tla_fail(eval->heap, "Stack overflow: the value is nested too deeply for a file.");
		return false;
	}
	switch (tla_tag(v)) {
	case TLA_INT:
		return put_kind(eval, out, TLA_PACK_INT) && put_number(eval, out, tla_int_of(v), 4);
	case TLA_BOOL:
		return put_kind(eval, out, TLA_PACK_BOOL) &&
		       put_number(eval, out, v == TLA_TRUE, 1);
	case TLA_STRING:
		return put_string(eval, out, v);
	case TLA_MODEL:
		return put_kind(eval, out, TLA_PACK_MODEL) &&
		       put_number(eval, out, tla_id_of(v), 2);
	case TLA_OBJECT:
		return put_object(eval, out, v);
	case TLA_INFINITE:
		break;
	}
	tla_fail_kind(eval, "IOSerialize", "a finite value", v);
	return false;
}

static bool compress_bytes(struct tla_eval *eval, const struct tla_bytes *plain,
			   struct tla_bytes *out)
{
	z_stream stream = { .next_in = plain->at, .avail_in = (uInt)plain->count };
	bool is_done = plain->count <= UINT32_MAX &&
		       deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP, 8,
				    Z_DEFAULT_STRATEGY) == Z_OK;

	if (!is_done) {
		tla_fail(eval->heap, "No memory to compress a value.");
		return false;
	}
	out->room = (deflateBound(&stream, plain->count) / 8 + 1) * 8;
	out->at = tla_alloc(eval->heap, out->room);
	stream.next_out = out->at;
	stream.avail_out = (uInt)out->room;
	is_done = out->at && deflate(&stream, Z_FINISH) == Z_STREAM_END;
	out->count = stream.total_out;
	(void)deflateEnd(&stream); /* says only that it was cut short */
	if (!is_done)
		tla_fail(eval->heap, "No memory to compress a value.");
	return is_done;
}

bool tla_pack(struct tla_eval *eval, tla_value v, bool is_compressed, struct tla_bytes *out)
{
	struct tla_bytes plain = { 0 };

	if (!is_compressed)
		return put_value(eval, out, v);
	return put_value(eval, &plain, v) && compress_bytes(eval, &plain, out);
}

/* --- IOSerialize, IODeserialize --- */

static bool is_compressed(struct tla_eval *eval, const char *where, tla_value v)
{
	if (v != TLA_TRUE && v != TLA_FALSE)
		tla_fail_kind(eval, where, "a Boolean for whether it is compressed", v);
	return v == TLA_TRUE;
}

/* IOSerialize(value, path, whether it is compressed) */
static tla_value io_serialize(struct tla_eval *eval, const tla_value *args)
{
	const char *path = tla_need_string(eval, "IOSerialize", args[1]);
	bool compresses = path && is_compressed(eval, "IOSerialize", args[2]);
	struct tla_bytes bytes = { 0 };
	bool is_done = path && !eval->heap->has_failed &&
		       tla_pack(eval, args[0], compresses, &bytes) &&
		       tla_file_write(eval, path, (const char *)bytes.at, bytes.count,
				      TLA_WRITE_ANEW);

	return is_done ? TLA_TRUE : TLA_NONE;
}

static tla_value io_deserialize(struct tla_eval *eval, const tla_value *args)
{
	const char *path = tla_need_string(eval, "IODeserialize", args[0]);
	size_t n_bytes;
	char *bytes;

	if (!path)
		return TLA_NONE;
	(void)is_compressed(eval, "IODeserialize", args[1]); /* which the file says itself */
	bytes = eval->heap->has_failed ? NULL : tla_file_read(eval, path, &n_bytes);
	return bytes ? tla_unpack(eval, path, (const unsigned char *)bytes, n_bytes) : TLA_NONE;
}

const struct tla_native tla_natives_pack[] = {
	{ "IOUtils", "IOSerialize", 3, io_serialize, NULL, TLA_STATE },
	{ "IOUtils", "IODeserialize", 2, io_deserialize, NULL, TLA_STATE },
	{ 0 },
};

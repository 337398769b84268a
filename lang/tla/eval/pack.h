/* SPDX-License-Identifier: MIT */
/* Values as TLC's binary files have them: of IOSerialize, and of traces ("-dumpTrace tlc"). */
#ifndef TLA_PACK_H
#define TLA_PACK_H

#include "eval.h"

enum tla_pack_kind {
	TLA_PACK_BOOL = 0,
	TLA_PACK_INT = 1,
	TLA_PACK_STRING = 3,
	TLA_PACK_RECORD = 4,
	TLA_PACK_SET = 5,
	TLA_PACK_TUPLE = 7,
	TLA_PACK_FCN = 9,
	TLA_PACK_MODEL = 21,
	TLA_PACK_INTERVAL = 23,
	TLA_PACK_AGAIN = 26,
};

/* Of a function's domain: an interval, or its elements in order, or in any. */
enum tla_pack_domain { TLA_PACK_INTERVAL_ONLY, TLA_PACK_SORTED, TLA_PACK_LISTED };

enum { TLA_PACK_SHORT_MAX = 0x7fff };

/* Zeroed at first; on the heap. */
struct tla_bytes {
	unsigned char *at;
	size_t count, room;
};

/* All: false: failed. */
bool tla_bytes_put(struct tla_eval *eval, struct tla_bytes *out, const void *bytes, size_t n_bytes);
bool tla_pack(struct tla_eval *eval, tla_value v, bool is_compressed, struct tla_bytes *out);
/* Compressed or not. TLA_NONE: failed; path is for the message. */
tla_value tla_unpack(struct tla_eval *eval, const char *path, const unsigned char *bytes,
		     size_t n_bytes);

#endif /* TLA_PACK_H */

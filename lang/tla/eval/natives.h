/* SPDX-License-Identifier: MIT */
/* What the families of operators in C share. Each file has a table of them, ended by a module NULL.
 */
#ifndef TLA_NATIVES_H
#define TLA_NATIVES_H

#include "code.h"
#include "eval.h"

extern const struct tla_native
	tla_natives_fold[]; /* Folds, Functions, FiniteSetsExt, SequencesExt */
extern const struct tla_native tla_natives_tlc[]; /* TLC, Randomization */
extern const struct tla_native tla_natives_ask[]; /* of TLC and TLCExt: what the checker knows */
extern const struct tla_native tla_natives_json[], tla_natives_csv[];
extern const struct tla_native tla_natives_io[];   /* IOUtils, but for what follows */
extern const struct tla_native tla_natives_pack[]; /* its TLC's binary files */

/* v as a sequence, as a finite set made explicit; NULL: it is none, and where says for what. */
const struct tla_obj *tla_need_sequence(struct tla_eval *eval, const char *where, tla_value v);
const struct tla_obj *tla_need_set(struct tla_eval *eval, const char *where, tla_value v);
/* The text of a string; NULL: it is none. */
const char *tla_need_string(struct tla_eval *eval, const char *where, tla_value v);
bool tla_need_int(struct tla_eval *eval, const char *where, tla_value v, int64_t *ret_i);
/* 1, 0, or -1: the truth of an operator's value. */
int tla_test(struct tla_eval *eval, tla_value op, const tla_value *args, uint32_t arg_count);
/* A value printed, on the heap; NULL: failed. */
char *tla_text_of(struct tla_eval *eval, tla_value v);

#endif /* TLA_NATIVES_H */

/* SPDX-License-Identifier: MIT */
/*
 * States written down so that another process can read them: their values, parts before wholes,
 * and each value once, later by its number. Of the values of a run the first MANY have numbers;
 * when all are given away, they are given anew from the next state on, so that neither side needs
 * much memory.
 *
 * Strings are symbols, model values indices: both must be the same in the process that reads.
 *
 * Threads: a packer is one thread's.
 */
#ifndef TLA_PACK_H
#define TLA_PACK_H

#include "store.h"

#include <nw/model.h>

struct tla_packer;

/* -ENOMEM. store: where values are put that are read. */
int tla_packer_create(struct tla_packer **ret_packer, struct tla_store *store);
void tla_packer_destroy(struct tla_packer *packer);

/* A state of stored values. 0, -ENOMEM, or what the file says. */
int tla_pack_state(struct tla_packer *packer, struct nw_model_file *file, const tla_value *values,
		   uint32_t count);
/* The next one. 0, -ENOMEM, -EBADMSG, or what the file says. */
int tla_unpack_state(struct tla_packer *packer, struct nw_model_file *file, tla_value *ret_values,
		     uint32_t count);

#endif /* TLA_PACK_H */

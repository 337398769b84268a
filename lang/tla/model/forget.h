/* SPDX-License-Identifier: MIT */
/*
 * Forgetting what only past states were made of: the store never does by itself, and random walks
 * have no end.
 *
 * What stays is what was stored at the mark, constants, and what TLCSet put into registers.
 */
#ifndef TLA_FORGET_H
#define TLA_FORGET_H

#include "model.h"

/* No runner evaluates during either. -ENOMEM: nothing was changed. */
int tla_model_mark(struct tla_model *model, struct tla_runner *const *runners, uint32_t count);
/* runners: all that stored anything since the mark. */
int tla_model_forget(struct tla_model *model, struct tla_runner *const *runners, uint32_t count);

#endif /* TLA_FORGET_H */

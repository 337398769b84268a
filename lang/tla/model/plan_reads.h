/* SPDX-License-Identifier: MIT */
/* What plans are made with: explain.c's reads of expressions. */
#ifndef TLA_PLAN_READS_H
#define TLA_PLAN_READS_H

#include "explain.h"

/* Zeroed, on the runner's heap. NULL: no memory, and the plan is full. */
void *tla_plan_piece(struct tla_plan *plan, size_t n_bytes);
/* What these read together. false: no memory. */
bool tla_plan_read(struct tla_plan *plan, struct tla_plan_reads *reads,
		   const struct tla_code *const *args, uint32_t count, struct tla_frame *frame);

#endif /* TLA_PLAN_READS_H */

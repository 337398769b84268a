/* SPDX-License-Identifier: MIT */
/*
 * Searches that can be written down and gone on with in another process.
 *
 * States are words of values in this process; for checkpoints they are packed (value/pack.h), and
 * fingerprints are of the values' contents instead of their words, which costs some time. What
 * strings and model values there are is written down first, since they are made while states are:
 * the process that goes on must have made the same ones before, in the same order.
 *
 * Not written: what TLCSet has set, as with TLC, and the evaluators' memory of what they have
 * evaluated.
 */
#ifndef TLA_RESUME_H
#define TLA_RESUME_H

#include "search.h"

/* Give the search's interface what checkpoints need; before the engine is given it. */
void tla_search_make_resumable(struct tla_search *search);

#endif /* TLA_RESUME_H */

/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The models that come with libnodewise-explore: puzzles, synthetic spaces and small protocols
 * whose state counts are known exactly, for trying, testing and measuring the engine.
 */
#ifndef NW_MODELS_H
#define NW_MODELS_H

#include <nw/base.h>
#include <nw/model.h>

#include <stddef.h>

NW_BEGIN_DECLS

/**
 * Find a built-in model by its name.
 *
 * @param name  one word, as `cube2`; compared exactly
 * @return the model, lent for the life of the process, or NULL: there is none of that name
 *
 * Threads: any thread, at any time.
 */
NW_API const struct nw_model *nw_model_find(const char *name);

/**
 * Enumerate the built-in models in the order in which they are listed to people.
 *
 * @param model_idx  from 0
 * @return the model, lent for the life of the process, or NULL: past the last
 *
 * Threads: any thread, at any time.
 */
NW_API const struct nw_model *nw_model_builtin_at(size_t model_idx);

NW_END_DECLS

#endif /* NW_MODELS_H */

/* SPDX-License-Identifier: MIT */
/* The permutations of a model's SYMMETRY. */
#ifndef TLA_SYMMETRY_H
#define TLA_SYMMETRY_H

#include "model.h"

/* The group generated, in memory of the specification, each of so many model values. 0, -ENOMEM;
 * -EINVAL: the runner's heap says why. */
int tla_symmetry(struct tla_runner *runner, uint32_t **ret_perms, uint32_t *ret_count,
		 uint32_t *ret_width);

#endif /* TLA_SYMMETRY_H */

/* SPDX-License-Identifier: MIT */
/*
 * What the built-in models share: their declarations and the reading of their parameters.
 *
 * Invariant: a parameter function that fails has said why in diag and has changed no output.
 */
#ifndef NWI_MODELS_BUILTIN_H
#define NWI_MODELS_BUILTIN_H

#include <nw/model.h>

#include <stddef.h>
#include <stdint.h>

extern const struct nw_model nwi_model_cube2, nwi_model_slide, nwi_model_grid, nwi_model_tree,
	nwi_model_peterson, nwi_model_peterson_broken, nwi_model_philosophers, nwi_model_flurm;

/* Spaces above this are refused: no machine keeps 2^48 states, so it is a slip of the fingers. */
#define NWI_MODEL_STATES_MAX (UINT64_C(1) << 48)

/* What configure() was given. */
struct nwi_parameters {
	const struct nw_model *model;
	const char *const *names;
	const char *const *values;
	size_t count;
	struct nw_diag *diag; /* may be NULL */
};

/* One sentence into diag, opened by the model's name. Always -EINVAL. */
int nwi_parameter_bad(const struct nwi_parameters *parameters, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* -EINVAL when a name was given that is not among the known ones, or was given twice. */
int nwi_parameter_only(const struct nwi_parameters *parameters, const char *const *known,
		       size_t known_count);
/* A whole number in min..max; not given: *ret_value stays, which is how defaults are set. */
int nwi_parameter_number(const struct nwi_parameters *parameters, const char *name, uint64_t min,
			 uint64_t max, uint64_t *ret_value);
/* "WxH"; false: not of that form. */
bool nwi_parse_size(const char *text, uint64_t *ret_width, uint64_t *ret_height);
/* The value of a parameter, or NULL: not given. */
const char *nwi_parameter_text(const struct nwi_parameters *parameters, const char *name);

#endif /* NWI_MODELS_BUILTIN_H */

/* SPDX-License-Identifier: MIT */
/* A plug-in from another time: only its first word can be relied on. */
#include <nw/model.h>

static const struct nw_model old = { .abi = NW_MODEL_ABI + 1 };

NW_API const struct nw_model *nw_model_plugin(void);
NW_API const struct nw_model *nw_model_plugin(void)
{
	return &old;
}

/* SPDX-License-Identifier: MIT */
/* A plug-in that was not finished: its model has no next(). */
#include <nw/model.h>

static void init(void *context, struct nw_emit *emit)
{
	(void)context;
	(void)nw_emit(emit, "", 1);
}

static const struct nw_model unfinished = {
	.abi = NW_MODEL_ABI, .name = "unfinished", .state_bytes = 1, .init = init
};

NW_API const struct nw_model *nw_model_plugin(void);
NW_API const struct nw_model *nw_model_plugin(void)
{
	return &unfinished;
}

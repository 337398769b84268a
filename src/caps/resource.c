/* SPDX-License-Identifier: MIT */
/*
 * Resource vectors: names and units, and the bodies of the header's functions for callers that have
 * none. Invariant: every dimension has a name and a unit, and no two have the same name.
 */
#include <nw/resource.h>

#include <string.h>

static const struct {
	const char *name, *unit;
} dims[NW_RESOURCE_DIM_COUNT] = {
	[NW_RESOURCE_CPU] = { "cpu", "thousandths of a CPU" },
	[NW_RESOURCE_MEMORY] = { "memory", "bytes" },
	[NW_RESOURCE_IO] = { "io", "bytes/s" },
	[NW_RESOURCE_NETWORK] = { "network", "packets/s" },
	[NW_RESOURCE_GPU] = { "gpu", "thousandths of a device" },
	[NW_RESOURCE_DISK] = { "disk", "operations/s" },
	[NW_RESOURCE_IRQ] = { "irq", "interrupts/s" },
	[NW_RESOURCE_CAPS] = { "caps", "capabilities" },
};

extern inline bool nw_resource_fits(const struct nw_resource *need, const struct nw_resource *room);
extern inline bool nw_resource_try_add(struct nw_resource *sum, const struct nw_resource *more);
extern inline bool nw_resource_try_sub(struct nw_resource *rest, const struct nw_resource *less);
extern inline void nw_resource_add_capped(struct nw_resource *sum, const struct nw_resource *more);
extern inline void nw_resource_sub_capped(struct nw_resource *rest, const struct nw_resource *less);

const char *nw_resource_name(enum nw_resource_dim dim)
{
	return (unsigned)dim < NW_RESOURCE_DIM_COUNT ? dims[dim].name : NULL;
}

const char *nw_resource_unit(enum nw_resource_dim dim)
{
	return (unsigned)dim < NW_RESOURCE_DIM_COUNT ? dims[dim].unit : NULL;
}

bool nw_resource_by_name(const char *name, enum nw_resource_dim *ret_dim)
{
	for (unsigned i = 0; i < NW_RESOURCE_DIM_COUNT; i++) {
		if (strcmp(dims[i].name, name) != 0)
			continue;
		*ret_dim = (enum nw_resource_dim)i;
		return true;
	}
	return false;
}

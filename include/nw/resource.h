/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Amounts of eight resources: what a task needs, a node has, a quota allows. Exact 64-bit integers,
 * each in the unit of its dimension; amounts of different dimensions cannot be added or compared.
 *
 * No function here wraps around: what does not fit is refused whole (try_), or stops at the end of
 * the range (capped). Vectors are plain data; calls overlap unless they write the same one.
 */
#ifndef NW_RESOURCE_H
#define NW_RESOURCE_H

#include <nw/base.h>

#include <stdbool.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** The dimensions, each with its unit. */
enum nw_resource_dim {
	NW_RESOURCE_CPU,     /* thousandths of a CPU: milliseconds of its time a second */
	NW_RESOURCE_MEMORY,  /* bytes */
	NW_RESOURCE_IO,      /* bytes a second */
	NW_RESOURCE_NETWORK, /* packets a second */
	NW_RESOURCE_GPU,     /* thousandths of a device */
	NW_RESOURCE_DISK,    /* operations a second */
	NW_RESOURCE_IRQ,     /* interrupts a second */
	NW_RESOURCE_CAPS,    /* capabilities that may be made of this one */
	NW_RESOURCE_DIM_COUNT
};

/** An amount of each. All zero: nothing. */
struct nw_resource {
	uint64_t amount[NW_RESOURCE_DIM_COUNT];
};

/**
 * Tell whether a need fits into some room: in no dimension is it more.
 *
 * Threads: any.
 */
NW_API NW_INLINE bool nw_resource_fits(const struct nw_resource *need,
				       const struct nw_resource *room);

/**
 * Add, unless a dimension would overflow.
 *
 * @param sum   what is added to; untouched on failure
 * @param more  may be sum itself
 * @return true: done; false: a sum is above 2^64 - 1
 *
 * Threads: any, one on sum.
 */
NW_API NW_INLINE bool nw_resource_try_add(struct nw_resource *sum, const struct nw_resource *more)
	NW_MUST_USE;

/**
 * Subtract, unless a dimension has less than that.
 *
 * @param rest  what is subtracted from; untouched on failure
 * @param less  may be rest itself
 * @return true: done; false: less does not fit into rest
 *
 * Threads: any, one on rest.
 */
NW_API NW_INLINE bool nw_resource_try_sub(struct nw_resource *rest, const struct nw_resource *less)
	NW_MUST_USE;

/**
 * Add; a dimension that would overflow stops at 2^64 - 1.
 *
 * Threads: any, one on sum.
 */
NW_API NW_INLINE void nw_resource_add_capped(struct nw_resource *sum,
					     const struct nw_resource *more);

/**
 * Subtract; a dimension that has less than that stops at 0.
 *
 * Threads: any, one on rest.
 */
NW_API NW_INLINE void nw_resource_sub_capped(struct nw_resource *rest,
					     const struct nw_resource *less);

/**
 * Name a dimension, as configuration files spell it: "cpu", "memory", "io", "network", "gpu",
 * "disk", "irq", "caps".
 *
 * @return lent for ever; NULL: there is no such dimension
 *
 * Threads: any.
 */
NW_API const char *nw_resource_name(enum nw_resource_dim dim);

/**
 * The unit of a dimension in words: "bytes", "packets/s", ...
 *
 * @return lent for ever; NULL: there is no such dimension
 *
 * Threads: any.
 */
NW_API const char *nw_resource_unit(enum nw_resource_dim dim);

/**
 * Find a dimension by its name.
 *
 * @param ret_dim  set if there is one, else untouched
 * @return whether there is one
 *
 * Threads: any.
 */
NW_API bool nw_resource_by_name(const char *name, enum nw_resource_dim *ret_dim);

#ifndef __cplusplus

NW_INLINE bool nw_resource_fits(const struct nw_resource *need, const struct nw_resource *room)
{
	bool is_fit = true;

	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++)
		is_fit &= need->amount[i] <= room->amount[i];
	return is_fit;
}

NW_INLINE bool nw_resource_try_add(struct nw_resource *sum, const struct nw_resource *more)
{
	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++)
		if (more->amount[i] > UINT64_MAX - sum->amount[i])
			return false;
	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++)
		sum->amount[i] += more->amount[i];
	return true;
}

NW_INLINE bool nw_resource_try_sub(struct nw_resource *rest, const struct nw_resource *less)
{
	if (!nw_resource_fits(less, rest))
		return false;
	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++)
		rest->amount[i] -= less->amount[i];
	return true;
}

NW_INLINE void nw_resource_add_capped(struct nw_resource *sum, const struct nw_resource *more)
{
	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++) {
		uint64_t room = UINT64_MAX - sum->amount[i], n = more->amount[i];

		sum->amount[i] += n < room ? n : room;
	}
}

NW_INLINE void nw_resource_sub_capped(struct nw_resource *rest, const struct nw_resource *less)
{
	for (int i = 0; i < NW_RESOURCE_DIM_COUNT; i++) {
		uint64_t all = rest->amount[i], n = less->amount[i];

		rest->amount[i] -= n < all ? n : all;
	}
}

#endif /* !__cplusplus */

NW_END_DECLS

#endif /* NW_RESOURCE_H */

/* SPDX-License-Identifier: MIT */
/*
 * Names of types and rights, both ways. Invariant: each has one, in small letters, and it is found
 * by it.
 */
#include <nw/caps.h>

#include <assert.h>
#include <string.h>

static const char *const types[] = {
	[NW_CAP_MEMORY] = "memory", [NW_CAP_DEVICE] = "device",   [NW_CAP_ENDPOINT] = "endpoint",
	[NW_CAP_IRQ] = "irq",       [NW_CAP_PROCESS] = "process", [NW_CAP_QUOTA] = "quota",
	[NW_CAP_FILE] = "file",     [NW_CAP_SOCKET] = "socket",
};

/* Position i: the right of bit i. */
static const char *const rights[] = { "read", "write", "exec", "grant", "revoke", "derive" };
enum { RIGHT_COUNT = sizeof(rights) / sizeof(rights[0]) };
static_assert((1u << RIGHT_COUNT) - 1 == NW_CAP_RIGHTS_ALL, "each right has a name");

const char *nw_cap_type_name(enum nw_cap_type type)
{
	return (unsigned)type <= NW_CAP_TYPE_LAST ? types[type] : NULL;
}

bool nw_cap_type_by_name(const char *name, enum nw_cap_type *ret_type)
{
	for (unsigned i = NW_CAP_MEMORY; i <= NW_CAP_TYPE_LAST; i++) {
		if (strcmp(types[i], name) != 0)
			continue;
		*ret_type = (enum nw_cap_type)i;
		return true;
	}
	return false;
}

const char *nw_cap_right_name(uint32_t right)
{
	for (unsigned i = 0; i < RIGHT_COUNT; i++)
		if (right == 1u << i)
			return rights[i];
	return NULL;
}

bool nw_cap_right_by_name(const char *name, uint32_t *ret_right)
{
	for (unsigned i = 0; i < RIGHT_COUNT; i++) {
		if (strcmp(rights[i], name) != 0)
			continue;
		*ret_right = 1u << i;
		return true;
	}
	return false;
}

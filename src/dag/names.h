/* SPDX-License-Identifier: MIT */
/*
 * Which task has this name: a hash table of pointers for one thread, probed in a line.
 *
 * Invariant: at most half of the slots are taken, and between the slot that a name's hash says
 * and the one it lies in none is free (removal shifts back what follows).
 */
#ifndef NWI_DAG_NAMES_H
#define NWI_DAG_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* What has a name: the first field of a task. */
struct nwi_named {
	const char *name;
	uint64_t hash; /* the table's */
};

struct nwi_names {
	struct nwi_named **slots;
	size_t count, slot_count; /* slot_count: 0 or a power of two */
};

void nwi_names_fini(struct nwi_names *names);
/* NULL: nobody has this name. */
struct nwi_named *nwi_names_find(const struct nwi_names *names, const char *name);
/* Put one whose name is not in the table. 0 or -ENOMEM. */
int nwi_names_put(struct nwi_names *names, struct nwi_named *named);
/* Remove one that is inside. */
void nwi_names_del(struct nwi_names *names, struct nwi_named *named);

#endif /* NWI_DAG_NAMES_H */

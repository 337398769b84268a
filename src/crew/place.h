/* SPDX-License-Identifier: MIT */
/*
 * Which CPUs a crew gets and which of its workers serves a node: pure functions of a
 * topology, so fixtures of machines that are not here can test them.
 */
#ifndef NWI_CREW_PLACE_H
#define NWI_CREW_PLACE_H

#include <nw/crew.h>

/* Where one worker works. Positions in the topology. */
struct nwi_place {
	uint32_t node_idx;
	uint32_t cpu_idx;
};

/*
 * Places for the workers that `options` asks for, grouped by node in the order the nodes
 * were named. The caller frees *ret_places with nwi_heap_free(). -EINVAL, -ENODEV, -ERANGE,
 * -ENOMEM as nw_crew_start() says.
 */
int nwi_places_make(struct nwi_place **ret_places, uint32_t *ret_count,
		    const struct nw_crew_options *options, struct nw_diag *reterr_diag);

/* For each node, its slice of `workers`: the ones that serve it. Never an empty slice. */
struct nwi_servers {
	uint32_t *firsts;  /* [node_count] */
	uint32_t *counts;  /* [node_count] */
	uint32_t *workers; /* [node_count * worker_count] at most */
};

/* 0 or -ENOMEM. place_count is at least 1. */
int nwi_servers_make(struct nwi_servers *ret_servers, const struct nw_topo *topo,
		     const struct nwi_place *places, uint32_t place_count);
void nwi_servers_free(struct nwi_servers *servers);

#endif /* NWI_CREW_PLACE_H */

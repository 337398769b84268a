/* SPDX-License-Identifier: MIT */
/*
 * Admission: which of the ready tasks may start now, and on which node. Orders of dispatch come
 * from sched/order.h; here it is decided what fits.
 *
 * Pure step functions: no thread, no clock, no allocation after init. A ticket is embedded in the
 * caller's task. It fits if its need is free at once in three ledgers: one node's, the machine's,
 * and its class's quota; its class's bucket has a token; and fewer than running_max run.
 *
 * Passing: a ticket that did not fit is passed by each later one that starts. After pass_max times
 * it is a barrier: what the order puts behind it does not start before it (once more it may be
 * passed where the order goes by class: they are asked all at once). One that waits for
 * its class only (quota) is a barrier to its class only; one that waits for a token is none.
 *
 * Invariant: in every ledger and dimension capacity - free is the sum of the needs of the tickets
 * that were got and not given back; so they never need more than there is.
 */
#ifndef NWI_DAG_ADMIT_H
#define NWI_DAG_ADMIT_H

#include "dag/tokens.h"
#include "sched/order.h"

#include <nw/diag.h>
#include <nw/resource.h>

#include <stdbool.h>
#include <stdint.h>

struct nwi_ledger {
	struct nw_resource capacity;
	struct nw_resource free;
	struct nw_resource least; /* that was free at any time, each dimension by itself */
	int64_t share;            /* of a node: the largest used share of its dimensions */
};

struct nwi_class {
	struct nwi_ledger quota;
	struct nwi_tokens bucket;
	uint64_t barrier_scan; /* the scan in which a barrier to this class was met */
	uint64_t token_scan;   /* the scan that asked the bucket last */
	uint64_t token_ns;     /* and when it will have a token */
};

struct nwi_ticket {
	struct nwi_order_item item; /* first: the order hands it back */
	struct nw_resource need;
	uint32_t node_idx; /* preferred, if has_node */
	uint32_t pass_count;
	bool has_node;
	bool is_strict; /* that node only */
	bool is_inside; /* put and not got yet */
	bool is_dead;   /* revoked while inside: got without resources, to be thrown away */
	struct nwi_ticket *passed_next;
};

struct nwi_admit_options {
	const struct nw_resource *capacity; /* [node_count] */
	uint32_t node_count;
	const struct nw_resource *machine; /* NULL: the sum */
	uint32_t running_max;              /* 0: no limit */
	uint32_t pass_max;
	struct nwi_order_options order;
};

struct nwi_admit {
	uint32_t node_count, class_count;
	uint32_t running_max, running_count;
	uint32_t pass_max;
	struct nwi_ledger *nodes;  /* [node_count] */
	struct nwi_class *classes; /* [class_count] */
	struct nwi_ledger machine;
	struct nwi_order *order;
	bool is_by_class;           /* of the order */
	struct nwi_ticket *barrier; /* inside, the last that was met; NULL: none since it started */
	struct nw_resource floor;   /* no live ticket inside needs less, in any dimension */
	uint64_t inside_count;      /* dead ones included */
	uint64_t dead_count;
	uint64_t scan;     /* number of the last one */
	uint64_t token_ns; /* the last scan: when a class that lacked only a token has one */
	bool is_exhausted; /* nothing fits until something is put, given back, or a token comes */
};

/* 0 or -ENOMEM; the options were checked. Quotas and buckets: nwi_admit_limit_class(). */
int nwi_admit_init(struct nwi_admit *admit, const struct nwi_admit_options *options);
void nwi_admit_fini(struct nwi_admit *admit);
/* quota NULL: the machine's capacity. Before the first put. */
void nwi_admit_limit_class(struct nwi_admit *admit, uint32_t class_idx,
			   const struct nw_resource *quota, struct nwi_tokens bucket);

/* Whether it would fit if nothing else ran; else says which dimension of what is too small. */
bool nwi_admit_fits_ever(const struct nwi_admit *admit, const struct nwi_ticket *ticket,
			 const char *name, struct nw_diag *reterr_diag);

/* Put a ticket that is not inside. */
void nwi_admit_put(struct nwi_admit *admit, struct nwi_ticket *ticket);
/* Take the next that fits, with its resources and a token; or a dead one; NULL: none now. */
struct nwi_ticket *nwi_admit_get(struct nwi_admit *admit, uint64_t now_ns, uint32_t *ret_node_idx);
/* Give back what a got ticket holds, on the node it was got for. */
void nwi_admit_give(struct nwi_admit *admit, const struct nwi_ticket *ticket, uint32_t node_idx);
/* A ticket that is inside is not wanted any more; a later get hands it out, dead. */
void nwi_admit_revoke(struct nwi_admit *admit, struct nwi_ticket *ticket);
/* Any ticket inside, for the end; NULL: none. */
struct nwi_ticket *nwi_admit_drain(struct nwi_admit *admit);
/* After a get of NULL: when a token may change that; UINT64_MAX: no token will. */
uint64_t nwi_admit_token_ns(const struct nwi_admit *admit);

#endif /* NWI_DAG_ADMIT_H */

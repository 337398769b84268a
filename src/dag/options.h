/* SPDX-License-Identifier: MIT */
/*
 * What graphs and flows have in common: options and specs, checked and turned into what the
 * admission works with. Pure functions.
 */
#ifndef NWI_DAG_OPTIONS_H
#define NWI_DAG_OPTIONS_H

#include "dag/admit.h"

#include <nw/dag.h>

/* 0, or -EINVAL and why. */
int nwi_options_check(const struct nw_dag_options *options, struct nw_diag *reterr_diag);
/* An admission of checked options. 0 or -ENOMEM. */
int nwi_options_admit(struct nwi_admit *admit, const struct nw_dag_options *options);

/* Why a spec is not allowed, names and dependencies aside; NULL: it is. */
const char *nwi_options_refuse_spec(const struct nwi_admit *admit, const struct nw_caps *caps,
				    const struct nw_dag_spec *spec);
void nwi_options_ticket(struct nwi_ticket *ret_ticket, const struct nw_dag_spec *spec);

/* How long to wait after so many tries, 1..: doubles each time, up to max_ns. */
uint64_t nwi_options_retry_wait_ns(uint64_t first_ns, uint64_t max_ns, uint32_t attempt);
/* The longest wait that a spec allows. */
static inline uint64_t nwi_options_retry_max_ns(const struct nw_dag_spec *spec)
{
	return spec->retry_wait_max_ns > 0 ? spec->retry_wait_max_ns : UINT64_C(1) << 63;
}

#endif /* NWI_DAG_OPTIONS_H */

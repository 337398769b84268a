/* SPDX-License-Identifier: MIT */
/* The calling thread's memory policy. Invariant: none of these touches *ret_policy or the policy
 * when it fails. */
#include "os/policy.h"

#include <nw/mem.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

static_assert(sizeof(((struct nw_mem_policy *)0)->nodes) == sizeof(struct nwi_nodes),
	      "one width of node masks");

int nw_mem_policy_save(struct nw_mem_policy *ret_policy)
{
	struct nw_mem_policy policy = { 0 };
	int rc = nwi_policy_get(&policy.mode, policy.nodes);

	if (rc == 0)
		*ret_policy = policy;
	return rc;
}

int nw_mem_policy_prefer(nw_node node)
{
	if (node.id < -1)
		return -EINVAL;
	if (node.id > NW_NODE_ID_MAX || (node.id >= 0 && !nwi_node_exists(node)))
		return -ENODEV;
	return nwi_policy_set_preferred(node);
}

int nw_mem_policy_restore(const struct nw_mem_policy *policy)
{
	return nwi_policy_set(policy->mode, policy->nodes);
}

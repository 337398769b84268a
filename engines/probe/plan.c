/* SPDX-License-Identifier: MIT */
/* Places of a scan and what is asked there. */
#include "probe/plan.h"

#include <assert.h>
#include <errno.h>

int nwi_plan_init(struct nwi_plan *plan, const struct nwi_targets *targets,
		  const struct nwi_ports *ports, uint64_t seed)
{
	uint64_t port_count = ports ? ports->tcp_count + ports->udp_count : 1;

	if (targets->count == 0 || port_count == 0)
		return -EINVAL;
	if (targets->count > NWI_SHUFFLE_COUNT_MAX / port_count)
		return -E2BIG;
	*plan = (struct nwi_plan){ .targets = targets, .ports = ports, .port_count = port_count };
	nwi_shuffle_init(&plan->order, targets->count * port_count, seed);
	return 0;
}

uint64_t nwi_plan_count(const struct nwi_plan *plan)
{
	return plan->order.count;
}

void nwi_plan_at(const struct nwi_plan *plan, uint64_t place, struct nwi_question *ret_question)
{
	uint64_t number = nwi_shuffle_at(&plan->order, place);
	uint64_t port_idx = number % plan->port_count;

	*ret_question = (struct nwi_question){ .kind = NWI_FRAME_ECHO,
					       .target = nwi_targets_at(plan->targets,
									number / plan->port_count),
					       .is_first = port_idx == 0 };
	if (!plan->ports)
		return;
	ret_question->kind = port_idx < plan->ports->tcp_count ? NWI_FRAME_TCP_SYN : NWI_FRAME_UDP;
	ret_question->port = plan->ports->list[port_idx];
}

struct nwi_share nwi_plan_share(const struct nwi_plan *plan, uint32_t shard_idx,
				uint32_t shard_count, uint32_t worker_idx, uint32_t worker_count)
{
	assert(shard_idx < shard_count && worker_idx < worker_count);
	return (struct nwi_share){ .next = shard_idx + (uint64_t)worker_idx * shard_count,
				   .step = (uint64_t)shard_count * worker_count,
				   .end = nwi_plan_count(plan) };
}

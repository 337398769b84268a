/* SPDX-License-Identifier: MIT */
/*
 * A rule set in one block, as shards read it, and as its builder fills it.
 * Invariant: nothing in it changes once nw_rules_builder_finish() has returned it.
 */
#ifndef NWI_GOVERN_RULES_H
#define NWI_GOVERN_RULES_H

#include "govern/index.h"

#include <nw/rules.h>

enum { NWI_FILTER_BITS = 1 << 16 };

/* A topic that has a rule. */
struct nwi_topic_rule {
	uint32_t topic;
	uint32_t name_at; /* in names; 0: it has none */
	uint64_t burst, rate_per_s;
	bool is_denied;
};

struct nw_rules {
	uint64_t version;
	bool allows_all, has_any;
	struct nw_sender_rule any; /* for senders without a rule */
	struct nw_limit all;       /* burst 0: none */
	struct nwi_index topic_index, sender_index;
	struct nwi_topic_rule *topics;
	struct nw_sender_rule *senders;
	uint32_t topic_count, sender_count;
	char *names;
	struct nw_mem mem;
	struct nw_rcu_head rcu;
	/* A topic whose bit, its id modulo 2^16, is 0 has no rule; one whose bit is 1 may. */
	uint64_t filter[NWI_FILTER_BITS / 64];
};

NWI_ALWAYS_INLINE bool nwi_rules_may_have(const struct nw_rules *rules, uint32_t topic)
{
	uint32_t bit = topic % NWI_FILTER_BITS;

	return (rules->filter[bit / 64] >> bit % 64 & 1) != 0;
}

/* The topic's rule, exactly, or NULL. */
static inline const struct nwi_topic_rule *nwi_rules_topic(const struct nw_rules *rules,
							   uint32_t topic)
{
	uint32_t slot = nwi_rules_may_have(rules, topic)
				? nwi_index_find(&rules->topic_index, topic)
				: NWI_NONE;

	return slot == NWI_NONE ? NULL : &rules->topics[slot];
}

/* The sender's own rule, else the one for any, else NULL. */
static inline const struct nw_sender_rule *nwi_rules_sender(const struct nw_rules *rules,
							    uint32_t sender)
{
	uint32_t slot = nwi_index_find(&rules->sender_index, sender);

	if (slot != NWI_NONE)
		return &rules->senders[slot];
	return rules->has_any ? &rules->any : NULL;
}

#endif /* NWI_GOVERN_RULES_H */

/* SPDX-License-Identifier: MIT */
/* Rule sets (nw/rules.h) once they are made: questions, and the end of one. */
#include "govern/rules.h"

#include <assert.h>

void nw_rules_destroy(struct nw_rules *rules)
{
	if (!rules)
		return;
	struct nw_mem mem = rules->mem; /* it lies in what is freed */

	nw_mem_free(&mem);
}

static void destroy_late(struct nw_rcu_thread *thread, void *rules, void *arg)
{
	(void)thread, (void)arg;
	nw_rules_destroy(rules);
}

void nw_rules_retire(struct nw_rcu_thread *thread, struct nw_rules *rules)
{
	if (rules)
		nw_rcu_call(thread, &rules->rcu, rules, destroy_late, NULL);
}

uint64_t nw_rules_version(const struct nw_rules *rules)
{
	return rules->version;
}

uint32_t nw_rules_topic_count(const struct nw_rules *rules)
{
	return rules->topic_count;
}

uint32_t nw_rules_sender_count(const struct nw_rules *rules)
{
	return rules->sender_count;
}

const struct nw_mem *nw_rules_memory(const struct nw_rules *rules)
{
	return &rules->mem;
}

bool nw_rules_find_topic(const struct nw_rules *rules, uint32_t topic,
			 struct nw_topic_rule *ret_rule)
{
	const struct nwi_topic_rule *rule = nwi_rules_topic(rules, topic);

	if (!rule)
		return false;
	*ret_rule = (struct nw_topic_rule){
		.name = rule->name_at ? rules->names + rule->name_at : NULL,
		.topic = topic,
		.is_denied = rule->is_denied,
		.limit = { .burst = rule->burst, .rate_per_s = rule->rate_per_s },
	};
	return true;
}

bool nw_rules_find_sender(const struct nw_rules *rules, uint32_t sender,
			  struct nw_sender_rule *ret_rule)
{
	const struct nw_sender_rule *rule = nwi_rules_sender(rules, sender);

	if (!rule)
		return false;
	*ret_rule = *rule;
	ret_rule->sender = sender;
	return true;
}

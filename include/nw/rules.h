/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Rules of a relay: which topics are carried, for which senders, and how many packets a second.
 *
 * A rule set is immutable. It is made by a builder that looks at every rule: one that is wrong is
 * refused with its line and the reason, and then the whole set is. Shards read it
 * (nw_govern_batch()), any number at once; a new one takes its place by one exchange of a pointer,
 * and the old one is freed a grace period later:
 *
 *     old = nw_rcu_exchange_pointer(&current, rules);
 *     nw_rules_retire(thread, old);
 *
 * What nobody allows is refused:
 *
 *   topics   denied, by name or id   refused, whatever else is said of it
 *            allowed                 carried, within its limit if it has one
 *            no rule                 refused, but after nw_rules_builder_allow_all()
 *   senders  denied                  refused
 *            a rule of its own       carried, within its limit, its flights and its priority
 *            none, but one for any   as that rule says, each such sender by itself
 *            no rule                 refused, but after nw_rules_builder_allow_all()
 *
 * Tokens, flights and who has them are not here but in each shard (nw/govern.h), so a new set gives
 * nobody anything that the old one had taken.
 */
#ifndef NW_RULES_H
#define NW_RULES_H

#include <nw/base.h>
#include <nw/diag.h>
#include <nw/mem.h>
#include <nw/node.h>
#include <nw/rcu.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A rule set. Opaque. */
struct nw_rules;

/** What one is made with. Opaque. */
struct nw_rules_builder;

/** Tokens of a bucket and tokens a second at most; bytes of a topic's name; rules of a kind. */
#define NW_RULES_BURST_MAX      (UINT64_C(1) << 33)
#define NW_RULES_RATE_MAX       (UINT64_C(1) << 33)
#define NW_RULES_NAME_BYTES_MAX 1024u
#define NW_RULES_COUNT_MAX      (1u << 22)

/**
 * A token bucket: in every interval of t seconds at most burst + rate_per_s * t packets.
 *
 * rate_per_s 0 with a burst: so many in all, and never more. Both 0: no limit.
 */
struct nw_limit {
	uint64_t burst;      /* 0..2^33; 0: no limit, and then the rate is 0 too */
	uint64_t rate_per_s; /* 0..2^33 */
};

/** What is said of a topic. */
struct nw_topic_rule {
	const char *name;      /* ends with 0, 1 to 1024 bytes; NULL: `topic` says which */
	uint32_t topic;        /* its id; not looked at if it has a name */
	bool is_denied;        /* then it has no limit */
	struct nw_limit limit; /* exact: a topic is decided upon in one shard */
};

/** What is said of a sender. */
struct nw_sender_rule {
	uint32_t sender;
	bool is_denied;         /* then the rest is 0 */
	uint8_t priority_top;   /* the best, 0..3, that its packets may have; better ones get it */
	uint32_t in_flight_max; /* allowed and not released, in all shards; 0: any number */
	struct nw_limit limit;  /* of all shards together */
};

/**
 * Begin a rule set that allows nothing.
 *
 * @param ret_builder  set on success, untouched on failure
 * @return 0
 * @return -ENOMEM
 *
 * Threads: any; a builder is used by one thread at a time.
 * Owner:   the caller; release with nw_rules_builder_destroy().
 */
NW_API int nw_rules_builder_create(struct nw_rules_builder **ret_builder) NW_MUST_USE;

/** Release a builder; sets made with it stay. NULL is a no-op. Threads: the builder's. */
NW_API void nw_rules_builder_destroy(struct nw_rules_builder *builder);

/**
 * Add a rule of a topic. Two that deny are one; of one that denies and one that allows, the first
 * holds, in whatever order; two that allow are an error.
 *
 * @param rule         borrowed for the call
 * @param line         where it stands, for messages; 0: nowhere
 * @param reterr_diag  "line 3: ..."; one sentence
 * @return 0
 * @return -EINVAL    a limit, a name or a combination that is not allowed
 * @return -EEXIST    the topic is allowed already, in another line
 * @return -ENOTUNIQ  another name has the same id: both are told, and one has to be changed
 * @return -E2BIG     there are NW_RULES_COUNT_MAX
 * @return -ENOMEM
 *
 * Threads: the builder's.
 */
NW_API int nw_rules_builder_add_topic(struct nw_rules_builder *builder,
				      const struct nw_topic_rule *rule, uint32_t line,
				      struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Add a rule of a sender. What denies holds before what allows; two that allow are an error.
 *
 * @param rule         borrowed for the call
 * @param line         where it stands, for messages; 0: nowhere
 * @param reterr_diag  "line 3: ..."; one sentence
 * @return 0
 * @return -EINVAL  a limit, a priority or a combination that is not allowed
 * @return -EEXIST  the sender is allowed already, in another line
 * @return -E2BIG   there are NW_RULES_COUNT_MAX
 * @return -ENOMEM
 *
 * Threads: the builder's.
 */
NW_API int nw_rules_builder_add_sender(struct nw_rules_builder *builder,
				       const struct nw_sender_rule *rule, uint32_t line,
				       struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Say what holds for each sender that has no rule of its own. Each has its own tokens and flights.
 *
 * @param rule         `sender` is not looked at; borrowed for the call
 * @param line         where it stands, for messages; 0: nowhere
 * @param reterr_diag  "line 3: ..."; one sentence
 * @return 0
 * @return -EINVAL  as nw_rules_builder_add_sender() says, or it denies (that is the default)
 * @return -EEXIST  it was said already, in another line
 *
 * Threads: the builder's.
 */
NW_API int nw_rules_builder_any_sender(struct nw_rules_builder *builder,
				       const struct nw_sender_rule *rule, uint32_t line,
				       struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Limit all topics and senders together.
 *
 * @param limit        borrowed for the call
 * @param line         where it stands, for messages; 0: nowhere
 * @param reterr_diag  "line 3: ..."; one sentence
 * @return 0
 * @return -EINVAL  a burst of 0, or a limit above what is allowed
 * @return -EEXIST  it was said already, in another line
 *
 * Threads: the builder's.
 */
NW_API int nw_rules_builder_limit_all(struct nw_rules_builder *builder,
				      const struct nw_limit *limit, uint32_t line,
				      struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Carry what has no rule, topics and senders, without a limit. Rules that deny hold all the same.
 *
 * Threads: the builder's.
 */
NW_API void nw_rules_builder_allow_all(struct nw_rules_builder *builder);

/**
 * Make the rule set. The builder may go on, and make another one.
 *
 * @param version      1 or more; one more than that of the set before: where it is not, credit of
 *                     senders goes back to their homes as if their limits were others
 * @param node         as nw_mem_alloc() takes it
 * @param ret_rules    set on success, untouched on failure
 * @param reterr_diag  one sentence
 * @return 0
 * @return -EINVAL  version is 0, or a rule was refused: the first one's sentence is repeated
 * @return another  as nw_mem_alloc() says (-ENODEV: no such node; -ENOMEM)
 *
 * Threads: the builder's.
 * Owner:   the caller; release with nw_rules_destroy() or nw_rules_retire().
 * Cost:    64 bytes for each sender, 32 and the name for each topic, twice; whole pages.
 */
NW_API int nw_rules_builder_finish(const struct nw_rules_builder *builder, uint64_t version,
				   nw_node node, struct nw_rules **ret_rules,
				   struct nw_diag *reterr_diag) NW_MUST_USE;

/** Release a set that no shard has any more. NULL is a no-op. Threads: one. */
NW_API void nw_rules_destroy(struct nw_rules *rules);

/**
 * Release a set when every section that could have seen it has ended. NULL is a no-op.
 *
 * @param thread  the caller's RCU handle; nw_rcu_run() with it frees the set
 * @param rules   taken out of where sections find it
 *
 * Threads: the handle's.
 * Cost:    never waits for readers.
 */
NW_API void nw_rules_retire(struct nw_rcu_thread *thread, struct nw_rules *rules);

/** The version that it was made with. Threads: any. */
NW_API uint64_t nw_rules_version(const struct nw_rules *rules);

/** How many topics have a rule, and how many senders. Threads: any. */
NW_API uint32_t nw_rules_topic_count(const struct nw_rules *rules);
/** How many senders have a rule of their own. Threads: any. */
NW_API uint32_t nw_rules_sender_count(const struct nw_rules *rules);

/**
 * Say what holds for a topic.
 *
 * @param topic     any id
 * @param ret_rule  set if true; its name is lent as long as the set lives, NULL if it has none
 * @return false: it has no rule
 *
 * Threads: any.
 */
NW_API bool nw_rules_find_topic(const struct nw_rules *rules, uint32_t topic,
				struct nw_topic_rule *ret_rule);

/**
 * Say what holds for a sender.
 *
 * @param sender    any number
 * @param ret_rule  set if true: its own rule, or the one for any
 * @return false: it has neither
 *
 * Threads: any.
 */
NW_API bool nw_rules_find_sender(const struct nw_rules *rules, uint32_t sender,
				 struct nw_sender_rule *ret_rule);

/** Lend the block that the set is in: its node, and the level of binding. Threads: any. */
NW_API const struct nw_mem *nw_rules_memory(const struct nw_rules *rules);

NW_END_DECLS

#endif /* NW_RULES_H */

/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Governance: what one shard of a relay knows of its topics and senders, and its decision about
 * each packet. One object a shard, used by the shard's thread alone; shards tell each other about
 * senders by messages that the caller carries.
 *
 * A packet is decided upon in this order, and refused for the first reason:
 *
 *   no rules        there is no rule set (NW_PACKET_SYSTEM passes here and is never refused)
 *   topic           denied; or not allowed
 *   sender          denied; or not allowed
 *   sender          as many of its packets in flight as it may have
 *   rate            of the topic, then of the sender, then of all
 *
 * Nothing is taken from any of them unless all agree. Then the packet has its priority, or the
 * best that its sender may claim.
 *
 * Topic limits are exact: the bucket of a topic is in its shard, in integers, and admits what a
 * bucket that fills continuously admits. What a sender may send is spread over shards as credits:
 * for each sender, one shard is home and has the pool; others ask it for tokens, use them up, and
 * give idle ones back. Promised, with b and r of the limit:
 *
 *   in every interval of t seconds, all shards together admit at most b + r * t,
 *   and at no time are more than in_flight_max packets of a sender admitted and not released,
 *
 * whatever the load, however late messages, ticks and shards are, however often the rules are
 * replaced; a message that is lost admits less. While shards see different rule sets, what counts
 * is the larger of the limits in each of which some shard still believes. The instant at which a
 * packet is admitted is the now_ns of its shard's step, or that of a message that the shard has
 * taken, if it is later: so it does not matter if the shards' clocks differ. A step is:
 *
 *     for each message that came: nw_govern_take_message(govern, message)
 *     now_ns = the clock; rules = the current set
 *     nw_govern_tick(govern, rules, now_ns)
 *     until 0: nw_govern_settle(...)      packets that have waited for credit
 *     nw_govern_batch(...)                packets that are new
 *     nw_govern_release_batch(...)        what is delivered or dropped
 *     nw_govern_send_messages(...)
 *
 * A packet whose sender is not known to be without tokens, but has none in this shard, waits until
 * the home answers: it is copied, its verdict is NW_VERDICT_WAIT, and it comes out of
 * nw_govern_settle() with another one, within four ticks. So a sender that keeps to its limit loses
 * nothing by being spread out. Packets of one sender keep their order; those of others pass.
 *
 * Buckets begin full (but see is_cold), and are never refilled by a new rule set: tokens are
 * carried over, at most as many as the new burst. A topic or sender that is removed is remembered
 * until its bucket is full again, so that to remove and add it gives it nothing.
 */
#ifndef NW_GOVERN_H
#define NW_GOVERN_H

#include <nw/base.h>
#include <nw/mem.h>
#include <nw/node.h>
#include <nw/packet.h>
#include <nw/rules.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** What a shard knows. Opaque. */
struct nw_govern;

#define NW_GOVERN_SHARD_COUNT_MAX 256u
#define NW_GOVERN_TOPICS_MAX      (1u << 22)
#define NW_GOVERN_SENDERS_MAX     (1u << 20)

/** All zero but shard_count: the defaults. */
struct nw_govern_options {
	uint32_t shard_idx;         /* 0..shard_count-1 */
	uint32_t shard_count;       /* 1..256, the same in all */
	uint32_t topic_count_max;   /* with rules, in this shard: 1..2^22; 0: 16,384 */
	uint32_t sender_count_max;  /* 1..2^20; 0: 4,096 */
	uint32_t waiting_count_max; /* packets that wait for credit, 16..65,536; 0: 1,024 */
	bool no_waiting;            /* without credit here, refuse at once */
	bool is_cold;               /* buckets begin empty: somebody before may have used them */
	uint64_t tick_ns;           /* 100 us .. 100 ms; 0: 1 ms */
};

/** A decision. In a byte with it: NW_VERDICT_HELD, and the priority of an allowed packet. */
enum nw_verdict {
	NW_VERDICT_ALLOW,
	NW_VERDICT_WAIT,           /* not yet: it was copied, and comes out of nw_govern_settle() */
	NW_VERDICT_NO_RULES,       /* there is no rule set */
	NW_VERDICT_TOPIC_DENIED,   /* a rule denies it */
	NW_VERDICT_TOPIC_UNKNOWN,  /* no rule allows it */
	NW_VERDICT_SENDER_DENIED,  /* a rule denies it */
	NW_VERDICT_SENDER_UNKNOWN, /* no rule allows it */
	NW_VERDICT_IN_FLIGHT,      /* the sender has as many in flight as it may */
	NW_VERDICT_TOPIC_RATE,     /* the topic's bucket is empty */
	NW_VERDICT_SENDER_RATE,    /* the sender's is, or its home does not answer */
	NW_VERDICT_GLOBAL_RATE,    /* that of all is, or its home does not answer */
	NW_VERDICT_NO_ROOM,        /* more topics or senders than the shard has room for */
	NW_VERDICT_COUNT
};

#define NW_VERDICT_MASK 0x1fu /* of enum nw_verdict */
#define NW_VERDICT_HELD 0x20u /* it counts as in flight: release it when it is done */

/** The decision in a verdict's byte. Threads: any. */
static inline enum nw_verdict nw_verdict_of(uint8_t byte)
{
	return (enum nw_verdict)(byte & NW_VERDICT_MASK);
}

/** The priority, 0..3, in an allowed packet's byte. Threads: any. */
static inline uint8_t nw_verdict_priority(uint8_t byte)
{
	return byte >> 6;
}

/** "allow", "topic_denied", ...: lent for ever; a label for counters. Threads: any. */
NW_API const char *nw_verdict_name(enum nw_verdict verdict);

/** What shards tell each other. Carry it as it is, from one to another, in order; copy it freely.
 */
struct nw_govern_message {
	uint32_t key; /* the sender; 0 for all of them */
	uint16_t from_shard_idx;
	uint8_t kind;            /* of the key */
	uint8_t type;            /* report or grant */
	uint64_t now_ns;         /* when it was written */
	uint64_t version;        /* of the rules that its sender has seen */
	uint64_t spent;          /* report: tokens, since the one before */
	uint64_t tokens;         /* given back; granted */
	uint64_t wanted;         /* report: tokens */
	uint32_t flights;        /* given back; granted */
	uint32_t flights_wanted; /* report */
};

/** The state of a topic on its way from one shard to another. Carry it as it is. */
struct nw_govern_topic {
	uint32_t topic;
	uint32_t kind;
	uint64_t level, last_ns, rate_per_s, cap, lost;
};

/** Owner-only, since creation unless said. Verdicts count packets once: WAIT is a state. */
struct nw_govern_stats {
	uint64_t verdict_count[NW_VERDICT_COUNT]; /* WAIT: that waited at some time */
	uint64_t system_count;                    /* of the allowed, by NW_PACKET_SYSTEM */
	uint64_t waiting_count;                   /* now */
	uint64_t topic_count, sender_count;       /* that have state here, now */
	uint64_t home_count;                      /* senders whose home is here, now */
	uint64_t forgotten_count;                 /* whose state said nothing any more */
	uint64_t report_count, grant_count;       /* messages sent */
	uint64_t returned_count;                  /* tokens given back unused */
	uint64_t bounced_count; /* grants of an older rule set, or for nobody: given back */
	uint64_t no_room_count; /* times that a table was full */
	uint64_t rules_count;   /* times that another rule set was seen */
};

/**
 * Create the state of one shard, on its node.
 *
 * @param ret_govern  set on success, untouched on failure
 * @param node        as nw_mem_alloc() takes it
 * @param options     borrowed for the call
 * @return 0; what the kernel gave is in nw_govern_memory()
 * @return -EINVAL  an option is out of range
 * @return another  as nw_mem_alloc() says (-ENODEV: no such node; -ENOMEM)
 *
 * Threads: any.
 * Owner:   the caller; release with nw_govern_destroy().
 * Cost:    128 bytes a topic, 256 a sender and 192 and 48 a shard more for each whose home is here,
 *          128 a packet that may wait; huge pages where they can be had; system calls.
 */
NW_API int nw_govern_create(struct nw_govern **ret_govern, nw_node node,
			    const struct nw_govern_options *options) NW_MUST_USE;

/** Release it, with packets that wait in it. NULL is a no-op. Threads: one, after the shard's. */
NW_API void nw_govern_destroy(struct nw_govern *govern);

/** Lend the block: node and level of binding. Threads: any. */
NW_API const struct nw_mem *nw_govern_memory(const struct nw_govern *govern);

/**
 * Take a message of another shard, at any time, as a rule before a step.
 *
 * @param message  borrowed for the call
 *
 * Threads: the shard's.
 * Progress: wait-free.
 */
NW_API void nw_govern_take_message(struct nw_govern *govern,
				   const struct nw_govern_message *message);

/**
 * Begin a step: see a new rule set, answer those who asked, and at the tick give back what is idle.
 *
 * @param rules   the current set, lent until the step is over, for nw_govern_settle() and
 *                nw_govern_batch(); NULL: nothing is admitted
 * @param now_ns  a monotonic clock; one that goes back counts as standing still
 *
 * Threads: the shard's.
 * Progress: wait-free; at a tick it looks at senders that have credit here, and at a part of the
 *           tables.
 */
NW_API void nw_govern_tick(struct nw_govern *govern, const struct nw_rules *rules, uint64_t now_ns);

/**
 * When nw_govern_tick() is needed though no packet and no message comes: UINT64_MAX, never.
 *
 * Threads: the shard's.
 */
NW_API uint64_t nw_govern_next_ns(const struct nw_govern *govern);

/**
 * Decide about packets, in their order, at the instant and by the rules of the last
 * nw_govern_tick().
 *
 * @param packets       borrowed for the call; already found good by nw_packet_check()
 * @param count         any number; 64 and more are fast
 * @param ret_verdicts  `count` bytes, see enum nw_verdict
 * @return how many are allowed
 *
 * Threads: the shard's.
 * Progress: wait-free.
 * Cost:    one line of the topic's, one of the sender's; `nodewise bench govern`.
 */
NW_API uint32_t nw_govern_batch(struct nw_govern *govern, const struct nw_packet *packets,
				uint32_t count, uint8_t *ret_verdicts);

/**
 * Get packets whose waiting is over, as nw_govern_batch() decides about them now. Until it returns
 * 0, before nw_govern_batch().
 *
 * @param ret_packets   room for `count`
 * @param ret_verdicts  room for `count`; none is NW_VERDICT_WAIT
 * @param count         at least 1
 * @return how many
 *
 * Threads: the shard's.
 * Progress: wait-free.
 */
NW_API uint32_t nw_govern_settle(struct nw_govern *govern, struct nw_packet *ret_packets,
				 uint8_t *ret_verdicts, uint32_t count);

/**
 * Count packets of a sender as no longer in flight: only those allowed with NW_VERDICT_HELD here.
 *
 * @param sender  theirs
 * @param count   not more than are in flight here: else an assertion
 *
 * Threads: the shard's.
 */
NW_API void nw_govern_release(struct nw_govern *govern, uint32_t sender, uint32_t count);

/**
 * Release those of a batch that are held, all of them.
 *
 * @param packets   as nw_govern_batch() or nw_govern_settle() had them
 * @param verdicts  as it gave them
 *
 * Threads: the shard's.
 */
NW_API void nw_govern_release_batch(struct nw_govern *govern, const struct nw_packet *packets,
				    const uint8_t *verdicts, uint32_t count);

/**
 * Put a message on its way.
 *
 * @param to_shard_idx  never the shard's own
 * @param message       borrowed for the call
 * @return false: there is no room now; it is kept, together with what comes after it
 */
typedef bool nw_govern_send_fn(void *context, uint32_t to_shard_idx,
			       const struct nw_govern_message *message);

/**
 * Send what there is to tell, as far as `send` takes it.
 *
 * @return how many messages were not taken
 *
 * Threads: the shard's.
 */
NW_API uint32_t nw_govern_send_messages(struct nw_govern *govern, nw_govern_send_fn *send,
					void *context);

/**
 * Hear that another shard has stopped for good: it admits nothing any more, and none of its
 * messages will come. What it had not used is forfeited, what it had in flight is free; senders
 * whose home it was get what credit is left, and then nothing.
 *
 * Threads: the shard's.
 */
NW_API void nw_govern_lost(struct nw_govern *govern, uint32_t shard_idx);

/**
 * Take the state of a slot's topics away, to hand it to another shard. Only while no packet of the
 * slot comes. Call it in step after step until it does not return -EAGAIN.
 *
 * @param slot        0..NW_TOPIC_SLOT_COUNT-1; one at a time
 * @param ret_topics  room for `count`
 * @param count       at least 1
 * @param ret_count   set if it returns 0 or -EAGAIN: how many are in ret_topics; they are gone here
 * @return 0         that was all
 * @return -EAGAIN   there may be more, or a packet of the slot waits for credit
 *
 * Threads: the shard's.
 * Cost:    looks at 4,096 entries at most.
 */
NW_API int nw_govern_export(struct nw_govern *govern, uint32_t slot,
			    struct nw_govern_topic *ret_topics, uint32_t count, uint32_t *ret_count)
	NW_MUST_USE;

/**
 * Take over topics' state, before their first packet. What there is no room for begins empty.
 *
 * @param topics  from nw_govern_export() of another shard; borrowed for the call
 *
 * Threads: the shard's.
 */
NW_API void nw_govern_import(struct nw_govern *govern, const struct nw_govern_topic *topics,
			     uint32_t count);

/**
 * Take over a slot whose state is lost, with the shard that had it: its topics begin empty.
 *
 * Threads: the shard's.
 */
NW_API void nw_govern_import_cold(struct nw_govern *govern, uint32_t slot);

/** Read the counts. Threads: the shard's. */
NW_API void nw_govern_stats(const struct nw_govern *govern, struct nw_govern_stats *ret_stats);

NW_END_DECLS

#endif /* NW_GOVERN_H */

/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Relay: a governed message data plane, one shard a core.
 *
 *     producer --submit--> ring of the topic's shard --batch--> rules --> deliver hook
 *     client   --lane----> (another process)                         +--> subscribers' lanes
 *
 * A packet's topic is in one of NW_TOPIC_SLOT_COUNT slots, a slot belongs to one shard, and a shard
 * is one pinned worker with memory of its own node: a ring, rules' state, buffers, and nothing that
 * another worker writes on a packet's way. Nothing is stolen, nothing waits, nothing is allocated:
 * a full shard says so at once, with its number and when to try again, and the others go on.
 *
 * What happens to a packet: it is *refused* when it is submitted, with a reason, and nothing is
 * kept of it; or it is *accepted*, and then either *delivered* or *dropped* with a reason, in the
 * order in which its producer submitted the packets of its topic. In every shard, at any moment at
 * which nobody is between two steps,
 *
 *     submitted = accepted + refused[each reason]
 *     accepted  = delivered + dropped[each reason] + queued
 *
 * Delivery is at most once: the deliver hook's word is the last.
 *
 *                   submit  receive  step  control  stats  destroy
 *     submit          P       -       -      -        -       X
 *     receive         -       S       -      -        -       X
 *     step            -       -       W      -        -       X
 *     control         -       -       -      -        -       X
 *     stats           -       -       -      -        -       X
 *     destroy         X       X       X      X        X       X
 *
 * P, S: calls with one producer (subscriber) must not overlap, with different ones they may. W: so
 * for one shard; with workers of its own the relay makes these calls itself. X: the caller must
 * keep the two from overlapping. -: any overlap is fine. Control is everything else; control
 * calls wait for each other, never for a packet, and packets never for them.
 *
 * Without rules (nw_relay_rules_set()) nothing is admitted.
 */
#ifndef NW_RELAY_H
#define NW_RELAY_H

#include <nw/base.h>
#include <nw/diag.h>
#include <nw/govern.h>
#include <nw/mem.h>
#include <nw/node.h>
#include <nw/packet.h>
#include <nw/topo.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A relay. Opaque. */
struct nw_relay;
/** One thread's way in. Opaque. */
struct nw_relay_producer;
/** One thread's way out. Opaque. */
struct nw_relay_subscriber;

/** Most shards; smallest and largest ring, batch. */
#define NW_RELAY_SHARDS_MAX     128u
#define NW_RELAY_RING_SLOTS_MIN 2u
#define NW_RELAY_RING_SLOTS_MAX (1u << 24)
#define NW_RELAY_BATCH_MAX      1024u

/** How full a shard is. It rises at once, at 50, 80 and 95 % of the ring, and falls by one when the
 * ring stayed below 30 % for 3, 60 % for 5, 85 % for 10 windows of 100 ms. */
enum nw_relay_level {
	NW_RELAY_GREEN,
	NW_RELAY_YELLOW, /* a warning: nothing is refused */
	NW_RELAY_ORANGE, /* refuses priority 3 */
	NW_RELAY_RED,    /* refuses priorities 2 and 3 */
};

/** Why a packet was refused; the names are in nw_relay_refusal_name(). */
enum nw_relay_refusal {
	NW_RELAY_ACCEPTED,
	NW_RELAY_FULL,     /* no room in the shard's ring */
	NW_RELAY_PRIORITY, /* the shard's level refuses this priority */
	NW_RELAY_MOVING,   /* the topic's slot is on its way to another shard */
	NW_RELAY_CLOSED,   /* the relay admits nothing any more */
	NW_RELAY_BAD,      /* nw_packet_check() says why */
	NW_RELAY_RIGHTS,   /* NW_PACKET_SYSTEM from a producer that may not */
	NW_RELAY_FORM,     /* a payload elsewhere that this relay cannot reach */
	NW_RELAY_REFUSAL_COUNT
};

/** Why an accepted packet was not delivered: a verdict of the rules (enum nw_verdict), or one of
 * these; the names are in nw_relay_drop_name(). */
enum nw_relay_drop {
	NW_RELAY_DROP_EXPIRED = NW_VERDICT_COUNT, /* its ttl_us had passed when its turn came */
	NW_RELAY_DROP_PAYLOAD, /* its payload was gone or is not what its checksum says */
	NW_RELAY_DROP_COUNT
};

/** In the flags of a packet given to the deliver hook of a relay with `completes`, and only there:
 * it counts as in flight until nw_relay_complete(). */
#define NW_RELAY_HELD (1u << 15)

/** What the embedding program does; all zero: packets go to subscribers only. */
struct nw_relay_hooks {
	void *ctx; /* first argument of each */

	/* On the shard's own thread before its first step, and after its last. open: 0 or a
	 * negative errno, which nw_relay_create() then returns. Stepped: on the creating thread. */
	int (*open)(void *ctx, uint32_t shard_idx);
	void (*close)(void *ctx, uint32_t shard_idx);

	/* Take packets that passed all rules, in their order; returns how many, the first ones.
	 * Those not taken stay queued and come again; meanwhile the shard takes nothing in, and
	 * fills up. Packets are lent for the call, and so are payloads in arenas, for
	 * nw_relay_payload(). ttl_us is what is left. */
	uint32_t (*deliver)(void *ctx, uint32_t shard_idx, const struct nw_packet *packets,
			    uint32_t count);

	/* Once a step: sockets, timers. Returns how much it did; 0: the shard may sleep. It may
	 * submit, with a producer of its own. */
	uint32_t (*poll)(void *ctx, uint32_t shard_idx, uint64_t now_ns);

	/* In place of nw_bell_wait(bell_fd, timeout_ns): return when the bell is rung (and hear
	 * it), when there is something for poll, or when the time has passed. */
	void (*wait)(void *ctx, uint32_t shard_idx, int bell_fd, uint64_t timeout_ns);

	/* In place of CLOCK_MONOTONIC, in ns: for simulations. */
	uint64_t (*clock)(void *ctx);
};

/** All zero but topo: a shard on every physical core. */
struct nw_relay_options {
	const struct nw_topo *topo; /* borrowed until destroy; stepped: may be NULL */
	struct nw_relay_hooks hooks;
	const uint32_t *node_idxs; /* nodes to use, each once; NULL: all */
	uint32_t node_idx_count;
	uint32_t shard_count;     /* 0: one a physical core (stepped: 1) */
	uint32_t ring_slots;      /* of each shard, a power of two; 0: 8192 */
	uint32_t batch;           /* packets a step, 1..1024; 0: 256 */
	uint32_t hand_over_slots; /* between two shards, a power of two; 0: 128 */
	uint64_t arena_bytes;     /* of each shard, for payloads: a power of two, 4 KiB to 1 GiB; 0:
				     none */
	uint32_t topics_max;      /* with state, a shard: as topic_count_max of <nw/govern.h> */
	uint32_t senders_max;     /* likewise sender_count_max */
	uint32_t waiting_max;     /* packets that wait for credit: likewise waiting_count_max */
	uint64_t tick_ns;         /* how often limits are reconciled: likewise; 0: 1 ms */
	uint64_t spin_ns; /* polls so long before it sleeps, four times as long while work comes
			     that often; 0: 50 us; UINT64_MAX: never sleeps */
	bool completes;   /* packets are in flight until nw_relay_complete(), not until
			     the deliver hook took them */
	bool stepped;     /* no threads: the caller calls nw_relay_step() */
	bool no_pin;
	bool use_smt;
	bool oversubscribe; /* several workers a CPU: for tests */
};

/**
 * Make a relay and start its workers, each pinned, with its memory on its node.
 *
 * @param ret_relay    set on success, untouched on failure
 * @param options      borrowed for the call, but for the topology
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EINVAL   a size out of range, no topology, or as nw_crew_start() says
 * @return -ENODEV   a node_idx that the topology does not have
 * @return -ERANGE   more shards than CPUs, or than NW_RELAY_SHARDS_MAX
 * @return -ENOTSUP  a synthetic or XML topology: not this machine
 * @return -ENOMEM   -EMFILE, -ENFILE, -EAGAIN: no memory, no descriptor, no thread
 * @return what the open hook returned, where that failed
 *
 * Threads: any. It blocks until every worker is ready.
 * Owner:   the caller; release with nw_relay_destroy().
 * Cost:    a thread and some MiB a shard, a descriptor a shard.
 */
NW_API int nw_relay_create(struct nw_relay **ret_relay, const struct nw_relay_options *options,
			   struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Stop the workers and release everything, rules included; what is still queued is lost, so
 * nw_relay_drain() first. NULL is a no-op.
 *
 * Threads: when no other call on this relay is running or will follow but those of hooks, and every
 *          producer and subscriber is closed, by the close hooks at the latest.
 */
NW_API void nw_relay_destroy(struct nw_relay *relay);

/** Number of shards. Threads: any. */
NW_API uint32_t nw_relay_shard_count(const struct nw_relay *relay);

/* Where a shard is; constant. */
struct nw_relay_place {
	uint32_t node_idx; /* in the topology */
	nw_node node;      /* NW_NODE_ANY: stepped */
	nw_cpu cpu;
	bool is_pinned;
	int pin_reason;          /* as struct nw_crew_worker */
	enum nw_mem_level level; /* the lowest of its memory */
	int reason;              /* of that */
	uint64_t memory_bytes;
	int bell_fd; /* what wakes it, to be heard: for the wait hook */
	int ring_fd; /* its other end, for nw_bell_ring(): it steps, and polls */
};

/**
 * Tell where a shard is and what memory it got.
 *
 * @param shard_idx  0..shard_count-1
 *
 * Threads: any.
 */
NW_API void nw_relay_place(const struct nw_relay *relay, uint32_t shard_idx,
			   struct nw_relay_place *ret_place);

/* A piece of a shard's memory, for nw_mem_verify(). */
struct nw_relay_region {
	uint32_t shard_idx;
	const struct nw_mem *mem; /* lent until destroy */
	const char *what;         /* "ring", ... */
};

/**
 * Walk over the memory of the shards.
 *
 * @param region_idx  0, 1, ...
 * @return false past the last; *ret_region is untouched then
 *
 * Threads: any.
 */
NW_API bool nw_relay_region_at(const struct nw_relay *relay, size_t region_idx,
			       struct nw_relay_region *ret_region);

/**
 * Put rules into force: each shard applies them from its next batch on. What topics and senders
 * have used up stays used up.
 *
 * @param rules  taken, not by the caller's to touch any more; NULL: nothing is admitted
 *
 * Threads: any.
 * Owner:   takes the rules; the old ones are destroyed when no shard can see them any more.
 * Progress: the swap is one atomic exchange; then whatever was replaced before and is free now is
 *          released.
 */
NW_API void nw_relay_rules_set(struct nw_relay *relay, struct nw_rules *rules);

/**
 * Version of the rules in force; 0: none.
 *
 * Threads: any.
 */
NW_API uint64_t nw_relay_rules_version(struct nw_relay *relay);

/* ---- in ---- */

enum nw_relay_rights {
	NW_RELAY_MAY_SYSTEM = 1u << 0,    /* submit NW_PACKET_SYSTEM, which no rule applies to */
	NW_RELAY_MAY_SPEAK_FOR = 1u << 1, /* the packets' own sender stays: for a front end that
					     has authenticated it */
};

/** All zero: sender 0, no rights, on node 0. */
struct nw_relay_producer_options {
	uint32_t sender;      /* written into every packet, but for NW_RELAY_MAY_SPEAK_FOR */
	unsigned rights;      /* of enum nw_relay_rights */
	uint8_t priority_top; /* the best that counts when a shard's level refuses: 0..3 */
	nw_node node;         /* where its counts are; as nw_mem_alloc() takes it */
};

/** What became of a submission. */
struct nw_relay_receipt {
	size_t accepted;
	size_t refused;
	enum nw_relay_refusal reason; /* of the first refusal; NW_RELAY_ACCEPTED: none */
	size_t refused_idx;           /* of the first refusal */
	uint32_t shard;               /* that refused it */
	enum nw_relay_level level;    /* of that shard; nothing refused: the highest met */
	uint64_t retry_after_ns;      /* an estimate; 0: to try again is useless */
};

/**
 * Make a way in for one thread.
 *
 * @param ret_producer  set on success, untouched on failure
 * @param options       NULL: all zero, but on any node; borrowed for the call
 * @return 0
 * @return -EINVAL  unknown rights, priority_top, or node as nw_mem_alloc() says
 * @return -ENODEV  there is no such node
 * @return -ENOMEM  no memory
 *
 * Threads: any.
 * Owner:   the caller; release with nw_relay_producer_close(). One thread uses it at a time.
 */
NW_API int nw_relay_producer_open(struct nw_relay_producer **ret_producer, struct nw_relay *relay,
				  const struct nw_relay_producer_options *options) NW_MUST_USE;

/**
 * Release a producer; its counts stay in the relay's. NULL is a no-op.
 *
 * Threads: any, when no other call on this producer is running or will follow.
 */
NW_API void nw_relay_producer_close(struct nw_relay_producer *producer);

/**
 * Submit packets until one is refused: as write(2), what is returned are the first ones.
 *
 * @param packets      count of them; borrowed, and copied
 * @param ret_receipt  NULL: not wanted; refused is 0 or 1 here
 * @return how many were accepted: packets 0..n-1
 *
 * Threads: the producer's.
 * Order:   packets of one topic are delivered in the order in which one producer submitted them.
 * Progress: lock-free, no system call but to wake a shard that sleeps; it never waits.
 * Cost:    a compare-and-swap on the line that the producers of a shard share, for each shard met
 *          and 256 packets; a full fence. No allocation.
 */
NW_API size_t nw_relay_submit(struct nw_relay_producer *producer, const struct nw_packet *packets,
			      size_t count, struct nw_relay_receipt *ret_receipt);

/**
 * Submit every packet, whatever becomes of those before it. Of the packets of one topic and
 * priority that are refused for want of room, none that follows is accepted within 256 packets.
 *
 * @param packets      count of them; borrowed, and copied
 * @param ret_reasons  NULL, or count bytes: packet i's enum nw_relay_refusal
 * @param ret_receipt  NULL: not wanted
 * @return how many were accepted
 *
 * Threads: the producer's.
 * Order:   as nw_relay_submit(), for those accepted.
 * Progress: as nw_relay_submit().
 */
NW_API size_t nw_relay_submit_each(struct nw_relay_producer *producer,
				   const struct nw_packet *packets, size_t count,
				   uint8_t *ret_reasons, struct nw_relay_receipt *ret_receipt);

/**
 * Put a payload that does not fit a packet into the arena of the shard that the packet's topic
 * belongs to, and say so in the packet. Submit it then: the relay gives the payload's place back
 * when the packet was delivered or dropped.
 *
 * @param packet   its topic is set; the form becomes ARENA
 * @param bytes    n_bytes of them; borrowed, and copied
 * @param n_bytes  at least 1, below half of arena_bytes
 * @return 0
 * @return -ENOSPC   no room now: payloads of other packets are on their way
 * @return -E2BIG    no bytes, or too many
 * @return -ENOTSUP  this relay has no arenas
 *
 * Threads: the producer's.
 * Progress: lock-free; no system call.
 */
NW_API int nw_relay_attach(struct nw_relay_producer *producer, struct nw_packet *packet,
			   const void *bytes, uint32_t n_bytes) NW_MUST_USE;

/**
 * Give the payload of a packet back that is not going to be submitted (again).
 *
 * @param packet  from nw_relay_attach(), not accepted; of another form: a no-op
 *
 * Threads: the producer's.
 */
NW_API void nw_relay_detach(struct nw_relay_producer *producer, const struct nw_packet *packet);

/**
 * Copy the payload of a packet of form ARENA. In the deliver hook it is always there; later, as for
 * subscribers, until others have its place.
 *
 * @param packet     as it was delivered
 * @param ret_bytes  room for max
 * @return bytes copied
 * @return -ESTALE    it is gone
 * @return -EMSGSIZE  it is longer than max
 * @return -EINVAL    the packet has another form, or names no arena
 *
 * Threads: any.
 * Progress: wait-free.
 */
NW_API int64_t nw_relay_payload(const struct nw_relay *relay, const struct nw_packet *packet,
				void *ret_bytes, uint32_t max);

/**
 * The shard that a topic's slot belongs to now; while the slot moves, the one it leaves.
 *
 * Threads: any.
 * Progress: wait-free.
 */
NW_API uint32_t nw_relay_shard_of(const struct nw_relay *relay, uint32_t topic);

/**
 * The level of a shard.
 *
 * @param shard_idx  0..shard_count-1
 *
 * Threads: any.
 * Progress: wait-free.
 */
NW_API enum nw_relay_level nw_relay_level_of(const struct nw_relay *relay, uint32_t shard_idx);

/* ---- out ---- */

/** All zero: 1024 slots a shard, on node 0; what finds no room is lost to this subscriber. */
struct nw_relay_subscriber_options {
	uint32_t lane_slots; /* of each shard's lane, a power of two, 2..2^24; 0: 1024 */
	bool is_lossless; /* a full lane stops its shard instead; for a reader that never stalls */
	nw_node node;     /* of the lanes; as nw_mem_alloc() takes it */
};

/**
 * Make a way out for one thread: a lane from every shard. It hears nothing yet.
 *
 * @param ret_subscriber  set on success, untouched on failure
 * @param options         NULL: all zero, but on any node; borrowed for the call
 * @return 0
 * @return -EINVAL  lane_slots, or node as nw_mem_alloc() says
 * @return -ENODEV  there is no such node
 * @return -ENOMEM  -EMFILE, -ENFILE: no memory, no descriptor
 *
 * Threads: any.
 * Owner:   the caller; release with nw_relay_subscriber_close().
 */
NW_API int nw_relay_subscriber_open(struct nw_relay_subscriber **ret_subscriber,
				    struct nw_relay *relay,
				    const struct nw_relay_subscriber_options *options) NW_MUST_USE;

/**
 * End all subscriptions and release the subscriber. NULL is a no-op.
 *
 * Threads: any but a hook, when no other call on this subscriber is running or will follow.
 * Progress: waits until no shard can see it any more, some microseconds; stepped: the caller's own
 *          thread must not be in a step.
 */
NW_API void nw_relay_subscriber_close(struct nw_relay_subscriber *subscriber);

/**
 * Hear topics from now on, each packet once however often it is asked for.
 *
 * @param topics  count of them; borrowed for the call
 * @return 0
 * @return -ENOMEM  no memory for the tables: nothing has changed
 *
 * Threads: any; it is a control call. Names and prefixes are the caller's to resolve.
 * Cost:    new tables for every shard, as large as all subscriptions: subscribe many at once.
 */
NW_API int nw_relay_subscribe(struct nw_relay_subscriber *subscriber, const uint32_t *topics,
			      size_t count) NW_MUST_USE;

/**
 * Hear topics no more; those that were not heard are skipped.
 *
 * @return 0
 * @return -ENOMEM  no memory for the tables: nothing has changed
 *
 * Threads: any; it is a control call. Packets already in the lanes stay there.
 */
NW_API int nw_relay_unsubscribe(struct nw_relay_subscriber *subscriber, const uint32_t *topics,
				size_t count) NW_MUST_USE;

/**
 * Hear every topic, or only those subscribed to.
 *
 * @return 0
 * @return -ENOMEM  no memory for the tables: nothing has changed
 *
 * Threads: any; it is a control call.
 */
NW_API int nw_relay_subscribe_all(struct nw_relay_subscriber *subscriber, bool is_on) NW_MUST_USE;

/**
 * Take packets that were delivered, from the lanes in turn.
 *
 * @param ret_packets  room for count; only those returned are written
 * @return how many: 0..count
 *
 * Threads: the subscriber's.
 * Order:   packets of one topic come in their order.
 * Progress: wait-free, unless a shard waits for room: then a system call may wake it.
 */
NW_API size_t nw_relay_receive(struct nw_relay_subscriber *subscriber,
			       struct nw_packet *ret_packets, size_t count);

/**
 * Wait until there is something to receive.
 *
 * @param timeout_ns  at most so long; UINT64_MAX: no limit
 * @return true if there is; false: the time has passed, or a signal came
 *
 * Threads: the subscriber's.
 * Progress: blocks on a delivery.
 */
NW_API bool nw_relay_receive_wait(struct nw_relay_subscriber *subscriber, uint64_t timeout_ns);

/**
 * A bell (nw/bell.h) to be waited for beside others: it rings when packets come after
 * nw_relay_receive_rest() returned true.
 *
 * Threads: any.
 * Owner:   lent until the subscriber is closed.
 */
NW_API int nw_relay_subscriber_fd(const struct nw_relay_subscriber *subscriber);

/**
 * Announce that the subscriber is about to wait for its bell.
 *
 * @return true: nothing is there, wait; false: something is there already
 *
 * Threads: the subscriber's.
 * Progress: wait-free.
 */
NW_API bool nw_relay_receive_rest(struct nw_relay_subscriber *subscriber);

/* What a subscriber was offered. */
struct nw_relay_subscriber_counts {
	uint64_t offered; /* = put into its lanes + lost */
	uint64_t lost;    /* its lane was full */
};

/**
 * Read the counts of a subscriber.
 *
 * Threads: any.
 */
NW_API void nw_relay_subscriber_counts(const struct nw_relay_subscriber *subscriber,
				       struct nw_relay_subscriber_counts *ret_counts);

/**
 * Count packets as no longer in flight: for relays with `completes`, those that the deliver hook
 * took with NW_RELAY_HELD in their flags, each once.
 *
 * @param shard_idx  that delivered them
 * @param sender     theirs
 * @param count      how many of that sender
 *
 * Threads: that shard's: from its hooks.
 */
NW_API void nw_relay_complete(struct nw_relay *relay, uint32_t shard_idx, uint32_t sender,
			      uint32_t count);

/* ---- slots ---- */

/**
 * Begin to move a slot to another shard. Its topics are refused (NW_RELAY_MOVING) until what was
 * accepted before is delivered, and the state of its limits is with the new shard: as a rule some
 * ten microseconds. Order within each topic is kept.
 *
 * @param slot      0..NW_TOPIC_SLOT_COUNT-1
 * @param to_shard  0..shard_count-1
 * @return 0        begun, or nothing to do: it is there already
 * @return -EBUSY   that slot is moving, or another one of the same shard is; try again
 * @return -ERANGE  no such slot or shard
 *
 * Threads: any; it is a control call. nw_relay_slot_at() tells when it has ended.
 */
NW_API int nw_relay_slot_move(struct nw_relay *relay, uint32_t slot, uint32_t to_shard) NW_MUST_USE;

/**
 * Tell where a slot is.
 *
 * @param slot           0..NW_TOPIC_SLOT_COUNT-1
 * @param ret_is_moving  NULL: not wanted
 * @return the shard it belongs to; while it moves, the one it leaves
 *
 * Threads: any.
 * Progress: wait-free.
 */
NW_API uint32_t nw_relay_slot_at(const struct nw_relay *relay, uint32_t slot, bool *ret_is_moving);

/* ---- counts ---- */

/** One shard's counts, or their sum. */
struct nw_relay_stats {
	uint64_t submitted;
	uint64_t accepted;
	uint64_t refused[NW_RELAY_REFUSAL_COUNT]; /* [NW_RELAY_ACCEPTED] is 0 */
	uint64_t delivered;
	uint64_t dropped[NW_RELAY_DROP_COUNT]; /* [NW_VERDICT_ALLOW] and _WAIT are 0 */
	uint64_t queued;                       /* accepted, and neither delivered nor dropped yet */

	uint64_t misrouted;      /* records of other shards' topics, handed over */
	uint64_t copies;         /* put into subscribers' lanes */
	uint64_t copies_lost;    /* a subscriber's lane was full */
	uint64_t batches;        /* that passed the rules */
	uint64_t govern_ns;      /* spent on rules, in sampled batches */
	uint64_t govern_packets; /* in those batches */
	uint64_t steps;
	uint64_t sleeps;
	uint64_t slots_in, slots_out; /* moved */
	uint64_t messages;            /* between shards: credits, moves */
	uint64_t level_changes;
	enum nw_relay_level level; /* sum: the highest */
	uint64_t ring_slots;
};

/**
 * Read one shard's counts. While packets move each is recent, and they are not of one instant.
 *
 * @param shard_idx  0..shard_count-1
 *
 * Threads: any; it is a control call.
 * Cost:    a few lines of each producer and of the shard; the shard is not disturbed but for reads.
 */
NW_API void nw_relay_shard_stats(struct nw_relay *relay, uint32_t shard_idx,
				 struct nw_relay_stats *ret_stats);

/**
 * Read the sum over all shards.
 *
 * Threads: any; it is a control call.
 */
NW_API void nw_relay_stats(struct nw_relay *relay, struct nw_relay_stats *ret_stats);

/**
 * Read what was dropped of one sender's packets, in all shards, since the relay began. Each shard
 * keeps it for 1,024 senders at most; of others nothing is known.
 *
 * @param ret_dropped  by enum nw_relay_drop and nw_verdict
 *
 * Threads: any.
 * Progress: wait-free.
 */
NW_API void nw_relay_sender_drops(const struct nw_relay *relay, uint32_t sender,
				  uint64_t ret_dropped[NW_RELAY_DROP_COUNT]);

/** "green", "yellow", "orange" or "red", lent for ever. Threads: any. */
NW_API const char *nw_relay_level_name(enum nw_relay_level level);
/** One word for a reason, as "full", lent for ever. Threads: any. */
NW_API const char *nw_relay_refusal_name(enum nw_relay_refusal refusal);
/** One word for an index of `dropped`, as "expired" or nw_verdict_name(), lent for ever. Threads:
 * any. */
NW_API const char *nw_relay_drop_name(unsigned drop);

/* ---- the end ---- */

/**
 * Admit nothing any more: everything is refused with NW_RELAY_CLOSED. What was accepted goes on.
 *
 * Threads: any; async-signal-safe.
 */
NW_API void nw_relay_close(struct nw_relay *relay);

/**
 * Wait until nothing that was accepted is queued, in rings, lanes or between shards.
 *
 * @param timeout_ns  at most so long; UINT64_MAX: no limit; 0: look once
 * @return true if so at some moment; false: the time has passed
 *
 * Threads: any but a worker; stepped: 0 is the only useful timeout.
 */
NW_API bool nw_relay_quiesce(struct nw_relay *relay, uint64_t timeout_ns) NW_MUST_USE;

/**
 * Close, then quiesce.
 *
 * @param timeout_ns  as nw_relay_quiesce()
 * @return true: everything accepted is delivered or dropped, and nothing more comes
 *
 * Threads: as nw_relay_quiesce().
 */
NW_API bool nw_relay_drain(struct nw_relay *relay, uint64_t timeout_ns) NW_MUST_USE;

/**
 * Release what was replaced and is out of use by now: old rules, old tables. Other control calls do
 * it too; where there are none for long, call it now and then.
 *
 * Threads: any; it is a control call.
 */
NW_API void nw_relay_tend(struct nw_relay *relay);

/**
 * One round of a shard: take a batch in, apply the rules, deliver, and what else is due. For relays
 * made with `stepped`, on any thread, and on one thread for all shards if need be.
 *
 * @param shard_idx  0..shard_count-1
 * @return how much it did; 0: nothing to do now
 *
 * Threads: one a shard at a time.
 * Progress: bounded, but for the hooks.
 */
NW_API uint32_t nw_relay_step(struct nw_relay *relay, uint32_t shard_idx);

NW_END_DECLS

#endif /* NW_RELAY_H */

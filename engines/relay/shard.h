/* SPDX-License-Identifier: MIT */
/*
 * Inside of the relay: who holds what.
 *
 *   producer --claims--> ring --------+
 *   lane of a client, in turn --------+--gather--> batch --rules--> ready --deliver--> hook, taps
 *   hand-over lane of another shard --+     |
 *                                           +--> hand-over lane of the shard whose topic it is
 *
 * shard   one worker's everything; only that worker writes it, but for `pending`,
 *         `request`, and the lanes and ring that carry records to it
 * desk    one producer's counts for one shard, and its claim in the shard's ring
 * inlet   what comes from one other shard: records handed over, messages
 * outlet  the other end of one
 * tap     one subscriber's lane from one shard
 * stall   one guest's lane to one shard; a guest is a client in another process
 *
 * Invariant of routing: a topic's slot belongs to one shard at a time (`owned`), or to none while
 * its state is on its way. Only the owner applies rules to its packets. The map on the board names
 * the owner, unless the slot is frozen; it is read inside RCU sections, so that after a grace
 * period nobody acts on an old map.
 *
 * Invariant of counting: a record is in exactly one place: a ring or lane, the batch (between
 * `taken` and `done`), or counted as delivered, dropped or refused.
 */
#ifndef NWI_RELAY_SHARD_H
#define NWI_RELAY_SHARD_H

#include "blame.h"
#include "board.h"
#include "fault.h"
#include "gate.h"
#include "level.h"
#include "store.h"
#include "wire.h"

#include <nw/arena.h>
#include <nw/bell.h>
#include <nw/crew.h>
#include <nw/gate.h>
#include <nw/lane.h>
#include <nw/mpsc.h>
#include <nw/rcu.h>
#include <nw/relay.h>
#include <nw/relay_guest.h>
#include <nw/shm.h>

#include <assert.h>
#include <pthread.h>
#include <string.h>

enum {
	NWI_CHUNK = 256,        /* packets that a producer submits together */
	NWI_CONTROL_SLOTS = 64, /* messages between two shards */
	NWI_MASK_WORDS = NW_RELAY_SHARDS_MAX / 64,
	NWI_SLOT_WORDS = NW_TOPIC_SLOT_COUNT / 64,
	NWI_GOVERN_SAMPLE = 64, /* of so many batches one is timed */
};

/* A set of shards. */
struct nwi_mask {
	uint64_t words[NWI_MASK_WORDS];
};

/* Counts of one shard, written by it alone and read by anyone. */
struct nwi_tally {
	_Atomic uint64_t submitted, accepted; /* from lanes and other shards */
	_Atomic uint64_t refused[NW_RELAY_REFUSAL_COUNT];
	_Atomic uint64_t taken; /* accepted records taken into the batch */
	_Atomic uint64_t done;  /* of them no longer there */
	_Atomic uint64_t delivered;
	_Atomic uint64_t dropped[NW_RELAY_DROP_COUNT];
	_Atomic uint64_t voids; /* slots of the ring that held nothing */
	_Atomic uint64_t misrouted, copies, copies_lost, batches, govern_ns, govern_packets;
	_Atomic uint64_t steps, sleeps, slots_in, slots_out, messages, level_changes;
};

/* Sole writer's addition. */
static inline void nwi_count(_Atomic uint64_t *counter, uint64_t n)
{
	/* relaxed: sole writer. */
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

	/* [count.store] release, pairs with [quiet.count]: what was done before it was counted. */
	atomic_store_explicit(counter, now + n, memory_order_release);
}

static inline uint64_t nwi_counted(const _Atomic uint64_t *counter)
{
	/* relaxed: statistic. */
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* What another shard sends. */
enum nwi_message_kind {
	NWI_MESSAGE_GOVERN = 1, /* of govern's own: credits */
	NWI_MESSAGE_TOPIC,      /* state of a topic whose slot moves */
	NWI_MESSAGE_OPEN,       /* the slot is yours */
};

struct nwi_message {
	uint32_t kind;
	uint32_t slot;
	union {
		struct nw_govern_message govern;
		struct nw_govern_topic topic;
		unsigned char bytes[NW_LANE_ITEM_BYTES - 2 * sizeof(uint32_t)];
	};
};
static_assert(sizeof(struct nwi_message) == NW_LANE_ITEM_BYTES, "one slot of a lane");

struct nwi_inlet {
	struct nw_lane_reader records, messages;
};

struct nwi_outlet {
	struct nw_lane_writer records, messages;
};

/* A slot on its way from this shard. */
enum nwi_move_stage {
	NWI_MOVE_NONE,
	NWI_MOVE_GRACE, /* frozen; until nobody acts on the old map */
	NWI_MOVE_DRAIN, /* until what was sent by the old map is delivered */
	NWI_MOVE_SEND,  /* the state of its topics, then OPEN */
};

struct nwi_move {
	enum nwi_move_stage stage;
	uint32_t slot, to;
	nw_rcu_cookie cookie;
	uint64_t ring_until;    /* nw_mpsc_removed() at which the ring is drained */
	uint64_t *inlets_until; /* [shard] tails at which the hand-over lanes are */
};

struct nwi_table;
struct nwi_guests;

struct nwi_shard {
	/* Constant once ready. */
	alignas(NW_CACHE_PAIR) struct nw_relay *relay;
	struct nw_arena *arena; /* this, and all small pieces */
	struct nw_mpsc *ring;
	struct nwi_face *face;
	struct nw_govern *govern;
	struct nw_rcu_thread *reader;
	struct nwi_store *store;
	struct nwi_blame *blame;    /* [NWI_BLAME_ENTRIES] */
	struct nw_packet *batch;    /* [batch_max] */
	uint8_t *verdicts;          /* [batch_max], in step with the batch */
	struct nwi_inlet *inlets;   /* [shard_count] */
	struct nwi_outlet *outlets; /* likewise */
	uint32_t shard_idx, batch_max, ring_slots;
	struct nw_bell_gate gate; /* away_fd below 0: no guests here */
	nw_node node;

	/* Written by this shard. */
	alignas(NW_CACHE_PAIR) uint64_t owned[NWI_SLOT_WORDS];
	uint32_t ready_first, ready_end; /* of the batch: passed the rules, not yet delivered */
	struct nwi_mask records_left, messages_left; /* inlets that may hold something */
	struct nwi_move move;
	struct nwi_level level;
	uint64_t now_ns, worked_ns; /* of this step; of the last one that took packets */
	uint32_t packet_ns;
	struct nwi_tap *touched; /* taps with items not yet shown */
	uint64_t step_count;
	uint64_t blame_count; /* drops that are in the table of whose they were */
	uint32_t guest_turn;  /* the guest whose lane is looked at first */
	bool has_resting;     /* a lane was left alone by this step */
	uint64_t open_count;  /* slots that came here so far */
	uint64_t opened_at[NW_RELAY_SHARDS_MAX]; /* open_count behind the last from each shard */

	alignas(NW_CACHE_PAIR) struct nwi_tally tally;

	/* Written by other shards, when they sent something. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t pending_records[NWI_MASK_WORDS];
	_Atomic uint64_t pending_messages[NWI_MASK_WORDS];

	/* Written by control calls. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t request; /* slot << 16 | shard, + 1; 0: none */
	_Atomic(struct nwi_table *) table;
};

static inline bool nwi_owns(const struct nwi_shard *shard, uint32_t slot)
{
	return shard->owned[slot / 64] >> slot % 64 & 1;
}

/* One producer's dealings with one shard; written by the producer alone. */
struct nwi_desk {
	alignas(NW_CACHE_PAIR) struct nw_mpsc_claim claim;
	uint32_t wanted, filled; /* of the chunk at hand */
	_Atomic uint64_t submitted, accepted, voids;
	_Atomic uint64_t refused[NW_RELAY_REFUSAL_COUNT];
};

struct nw_relay_producer {
	/* Written by the producer. */
	alignas(NW_CACHE_PAIR) struct nw_relay *relay;
	struct nw_rcu_thread *reader;
	uint32_t sender;
	unsigned rights;
	uint8_t priority_top;
	uint16_t shards[NWI_CHUNK]; /* of the packets of the chunk at hand */
	uint16_t touched[NW_RELAY_SHARDS_MAX];
	uint32_t touched_count;

	/* Under the relay's lock. */
	struct nw_relay_producer *next, **link;
	struct nw_mem mem; /* this */

	struct nwi_desk desks[]; /* [shard_count] */
};

/* One subscriber's lane from one shard; written by that shard, but for the reader. */
struct nwi_tap {
	alignas(NW_CACHE_PAIR) struct nw_lane_writer writer;
	_Atomic uint64_t offered, lost;
	struct nwi_tap *next_touched;
	uint32_t planned;                  /* of the packets at hand */
	uint32_t gate_shard;               /* of the gates under way, the next */
	uint64_t gates_done, gates_wanted; /* of the shard's open_count: put; under way */
	bool is_touched;
	bool is_lossless;
	bool is_away; /* the reader is in another process */
	int bell_fd;
	struct nwi_notes *notes; /* NULL: not away */

	alignas(NW_CACHE_PAIR) struct nw_lane_reader reader; /* the subscriber's */
};

/* Topics, sorted, in pages that double. */
struct nwi_topics {
	uint32_t *ids;
	size_t count;
	struct nw_mem mem;
};

struct nw_relay_subscriber {
	/* Constant. */
	struct nw_relay *relay;
	int bell_fd;
	struct nw_mem mem;   /* this and the taps */
	struct nw_mem lanes; /* of all shards; base NULL: they are a guest's */

	/* The subscriber's. */
	uint32_t turn;

	/* Under the relay's lock. */
	struct nw_relay_subscriber *next, **link;
	struct nwi_topics topics;
	bool hears_all;

	struct nwi_tap taps[]; /* [shard_count] */
};

/* One guest's lane to one shard; written by that shard. */
struct nwi_stall {
	alignas(NW_CACHE_PAIR) struct nw_lane_reader reader;
	struct nwi_notes *notes;
	const unsigned char *payloads; /* payload_bytes a slot; the guest's to write */
	uint64_t blame_seen;           /* the shard's blame_count that the notes are of */
	uint64_t dropped_before[NW_RELAY_DROP_COUNT]; /* of its sender's, when it came */
	uint64_t rests_until_ns, rests_until_step;    /* it is left alone before both */
	uint32_t looks_in_a_row, rest_ns;             /* that found something; of the last rest */
	uint64_t shut_at;                             /* once is_shutting: what is below is taken */
	bool is_shutting;                             /* the guest leaves, or the relay is closed */
	_Atomic uint32_t is_shut;                     /* all below shut_at is taken */
	_Atomic uint32_t is_broken;
	_Atomic uint64_t submitted, accepted;
	_Atomic uint64_t refused[NW_RELAY_REFUSAL_COUNT];
};

struct nw_relay_guest {
	/* Constant. */
	struct nw_relay *relay;
	struct nw_relay_guest_options options;
	int fd;
	int bell_fd, room_fd; /* the client hears them */
	uint32_t submit_slots, payload_bytes;
	struct nw_shm shm;
	struct nw_mem mem; /* this */
	struct nw_mem inbox_mem;
	struct nw_relay_subscriber *subscriber;

	/* Written once, by control. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t is_leaving;

	/* Control's. */
	struct nw_relay_guest *next, **link;
	struct nw_rcu_head head;
	unsigned char *inbox;
	size_t inbox_bytes; /* received, and not yet understood */

	struct nwi_stall stalls[]; /* [shard_count] */
};

/* The guests that shards look at; replaced as a whole. */
struct nwi_guests {
	struct nw_rcu_head head;
	struct nw_mem mem; /* this */
	uint32_t count;
	struct nw_relay_guest *guests[];
};

enum nwi_stage { NWI_STAGE_SETUP = 1, NWI_STAGE_CONNECT, NWI_STAGE_RUN, NWI_STAGE_QUIT };

struct nw_relay {
	/* Constant once ready. */
	struct nw_relay_options options;
	uint32_t shard_count;
	struct nw_crew *crew;
	struct nw_rcu *rcu;
	struct nwi_board *board;
	struct nw_shm board_shm;
	struct nwi_shard **shards;
	struct nw_arena *arena; /* of this and the tables */
	int bell_fd;            /* nobody rings it: a time-out for who waits */

	/* Written by control calls; read once a step by every shard. */
	alignas(NW_CACHE_PAIR) _Atomic(struct nw_rules *) rules;
	_Atomic(struct nwi_guests *) guests;

	/* Control: under the lock. */
	alignas(NW_CACHE_PAIR) pthread_mutex_t lock;
	struct nw_relay_producer *producers;
	struct nw_relay_subscriber *subscribers;
	struct nw_relay_guest *guest_list; /* those that leave too */
	struct nw_rcu_thread *control;     /* whose callbacks release what was replaced */
	struct nwi_desk *closed_desks;     /* [shard_count] counts of producers that are gone */

	struct nw_gate gate;   /* enum nwi_stage */
	uint32_t opened_count; /* stepped: shards whose open hook has run */
};

/* CLOCK_MONOTONIC, or the clock hook. */
uint64_t nwi_relay_now_ns(const struct nw_relay *relay);

/* A packet has come to its end, whichever: its payload is given back. */
static inline void nwi_packet_done(const struct nwi_shard *shard, const struct nw_packet *packet)
{
	struct nw_packet_ref ref;

	if (NW_UNLIKELY((packet->flags & NW_PACKET_FORM_MASK) == NW_PACKET_ARENA)) {
		ref = nw_packet_ref(packet);
		nwi_store_free(shard->relay->shards[ref.region]->store, &ref);
	}
}

/* ---- create.c ---- */
void nwi_wake(struct nw_relay *relay, uint32_t shard_idx);

/* ---- shard.c ---- */
int nwi_shard_create(struct nw_relay *relay, uint32_t shard_idx, nw_node node);
/* Once all shards are there: the ends of its lanes to them. */
int nwi_shard_connect(struct nwi_shard *shard);
void nwi_shard_destroy(struct nwi_shard *shard);
uint32_t nwi_shard_step(struct nwi_shard *shard);
/* Whether a sleep may begin; announces it. False: something is there. */
bool nwi_shard_rest(struct nwi_shard *shard);
/* Takes the announcement back. */
void nwi_shard_rise(struct nwi_shard *shard);
/* How long it may last, from the last step on. */
uint64_t nwi_shard_nap_ns(const struct nwi_shard *shard);
/* How long a shard without work polls before it sleeps: spin_ns, and four times as long while work
 * comes so often that it is met awake: a wake-up costs what comes more than all that polling. */
uint64_t nwi_shard_spin_ns(uint64_t spin_ns, uint64_t gap_ns);
bool nwi_shard_is_blocked(const struct nwi_shard *shard);

/* ---- gather.c ---- */
/* Fills the batch with records whose topics are this shard's; how many. */
uint32_t nwi_gather(struct nwi_shard *shard);
/* Whether a guest's lane holds something, or is to be shut. */
bool nwi_lanes_have_work(struct nwi_shard *shard);

/* ---- message.c ---- */
uint32_t nwi_messages_take(struct nwi_shard *shard);
/* False: no room, try again at the next step. */
bool nwi_message_send(struct nwi_shard *shard, uint32_t to, const struct nwi_message *message);
void nwi_outbox_send(struct nwi_shard *shard);
/* Sets this shard's bit at another one and wakes it. */
void nwi_tell(struct nwi_shard *shard, uint32_t to, _Atomic uint64_t *pending);

/* ---- move.c ---- */
uint32_t nwi_move_step(struct nwi_shard *shard);
void nwi_slot_open(struct nwi_shard *shard, uint32_t slot, uint32_t from);

/* ---- fanout.c ---- */
/* How many of the packets all lossless taps have room for: the first ones. */
uint32_t nwi_fanout_room(struct nwi_shard *shard, const struct nw_packet *packets, uint32_t count);
void nwi_fanout(struct nwi_shard *shard, const struct nw_packet *packets, uint32_t count);
/* ---- subscriber.c ---- */
/* Under the lock: a subscriber whose lanes are a guest's. */
int nwi_subscriber_open_away(struct nw_relay_subscriber **ret_subscriber,
			     struct nw_relay_guest *guest, uint32_t slots);
/* Under the lock: it hears nothing from the next section on. */
void nwi_subscriber_unlist(struct nw_relay_subscriber *subscriber);
/* When no section can see it any more. */
void nwi_subscriber_release(struct nw_relay_subscriber *subscriber);

/* ---- guest.c ---- */
/* Under the lock: releases guests that have left and that every shard is done with. */
void nwi_guests_reap(struct nw_relay *relay);
void nwi_guests_destroy(struct nw_relay *relay);

/* Under the lock. New tables for all shards, or, -ENOMEM, the old ones. */
int nwi_tables_rebuild(struct nw_relay *relay);
void nwi_tables_destroy(struct nw_relay *relay);

#endif /* NWI_RELAY_SHARD_H */

/* SPDX-License-Identifier: MIT */
/*
 * What a shard knows (nw/govern.h): topics with their buckets, shares of senders, homes of senders,
 * packets that wait. All of it is the shard's thread's alone.
 *
 * Units. Buckets count in nano-tokens: a second has 10^9 ns, so in each nanosecond a bucket of r
 * tokens a second earns exactly r of them, and a packet costs 10^9. Nothing is rounded, ever.
 *
 * A share is what this shard has of a sender's limit: credits that its home gave it. A home is what
 * the one shard that is the sender's home has: the pool, and what it gave to whom. The sender that
 * stands for all of them has the last slot of both (NWI_KIND_ALL).
 */
#ifndef NWI_GOVERN_GOVERN_H
#define NWI_GOVERN_GOVERN_H

#include "base/attr.h"
#include "govern/index.h"
#include "govern/rules.h"

#include <nw/govern.h>

#include <stdalign.h>

#define NWI_NANO UINT64_C(1000000000)

enum {
	NWI_MASK_WORDS = NW_GOVERN_SHARD_COUNT_MAX / 64,
	NWI_WAIT_TICKS = 4,       /* that a packet waits for an answer */
	NWI_ASK_AGAIN_TICKS = 16, /* after which a question may be lost */
	NWI_IDLE_TICKS = 2,       /* after which credit is idle */
	NWI_REST_NS = 1000000000, /* after which it is given back whole */
};

/* Since the next tick, whose instant is not known yet. */
#define NWI_COLD_DUE UINT64_MAX

enum nwi_kind { NWI_KIND_SENDER, NWI_KIND_ALL };
enum nwi_message_type { NWI_REPORT, NWI_GRANT };
enum nwi_record { NWI_RECORD_TOPIC, NWI_RECORD_COLD };

/* -- topics ------------------------------------------------------------------------------- */

struct nwi_topic {
	alignas(64) uint64_t level; /* nano-tokens, at last_ns */
	uint64_t last_ns, rate_per_s;
	uint64_t cap;  /* nano-tokens; 0: it never had a limit */
	uint64_t lost; /* nano-tokens that it would have without other limits before; topics.c */
	uint64_t version;
	uint32_t topic;
	uint8_t verdict;
	bool is_limited, is_live;
};

static_assert(sizeof(struct nwi_topic) == 64, "the decision about a topic is one line");

/* -- shares ------------------------------------------------------------------------------- */

/* Of a share, what each packet needs. */
struct nwi_share {
	alignas(64) uint64_t tokens; /* that it may spend */
	uint64_t low;                /* at which it asks for more */
	uint64_t version;            /* of the rules that it was resolved by; 0: none */
	uint32_t sender;
	uint32_t flights, flights_low; /* likewise */
	uint32_t flights_min;          /* the fewest since the last tick */
	uint8_t verdict, priority_top;
	bool has_rate, has_flights;
	bool has_waiting; /* packets wait: those that come go behind them */
	bool is_live;
};

static_assert(sizeof(struct nwi_share) == 64, "the decision about a sender is one line");

/* A question that was put to the home: not asked, on its way, or answered with "none now". */
enum nwi_ask { NWI_ASK_NOT, NWI_ASK_SENT, NWI_ASK_DRY };

/* The rest of it. Of tokens and of flights alike. */
struct nwi_credit {
	uint64_t base;      /* credit at the last report: less what is left, it is what was used */
	uint64_t returning; /* to be given back with the next report */
	uint64_t want;      /* how much it asks for */
	uint64_t seen;      /* what was left at the last tick */
	uint64_t asked_ns;  /* when it asked last */
	uint8_t ask;        /* enum nwi_ask */
	bool is_due;        /* the next report asks */
	bool has_run_out;   /* since it asked last */
};

struct nwi_share_rest {
	struct nwi_credit rate, flight;
	struct nw_limit limit; /* as the rules of the share's version have it */
	uint32_t in_flight_max;
	uint32_t flights_owed;        /* taken under other limits: they go back when they land */
	uint32_t slice, flight_slice; /* the least it asks for; what it keeps when idle */
	uint16_t home;
	uint8_t kind;
	uint8_t idle_ticks;
	uint64_t used_ns;
	uint32_t held_at, dirty_at, waiters_at, stirred_at; /* positions in lists; NWI_NONE: not */
	uint32_t wait_first, wait_last, wait_count;
};

/* -- homes -------------------------------------------------------------------------------- */

/* That there is none now: not so, to be told, told. */
enum nwi_told { NWI_TOLD_NOT, NWI_TOLD_DUE, NWI_TOLD };

/* What a home gave to one shard, and what that shard wants. */
struct nwi_part {
	uint64_t out; /* tokens given, and not told to be spent or given back */
	uint64_t wanted;
	uint64_t grant; /* of out: given, and not yet sent */
	uint32_t flights_out, flights_wanted, flights_grant;
	uint8_t dry, flights_dry; /* enum nwi_told */
};

struct nwi_home {
	alignas(64) uint64_t level; /* nano-tokens in the pool, at last_ns */
	uint64_t last_ns, rate_per_s, cap;
	uint64_t lost; /* as of a topic */
	uint64_t room; /* nano-tokens that it may earn until the next refill; see pool.c */
	uint64_t out;  /* tokens, of all parts */
	uint64_t version;
	uint32_t sender, turn;
	uint32_t flights_max, flights_out;
	bool has_rate, is_live;
	uint8_t kind;
	uint32_t asked_at, fresh_at, answers_at;
	uint64_t asks[NWI_MASK_WORDS], answers[NWI_MASK_WORDS]; /* shards */
};

/* -- the shard ---------------------------------------------------------------------------- */

/* Slots that something is to be done with; where a slot is in it, the slot's owner knows. */
struct nwi_list {
	uint32_t *slots;
	uint32_t count;
};

struct nwi_waiting {
	struct nw_packet packet;
	uint64_t deadline_ns;
	uint32_t next;
};

struct nw_govern {
	/* Constant after creation. */
	uint32_t shard_idx, shard_count;
	uint64_t tick_ns;
	bool is_cold, no_waiting;
	uint32_t all_slot; /* of NWI_KIND_ALL: in shares, and in homes of shard 0 */

	/* The step. */
	const struct nw_rules *rules; /* lent by the caller */
	uint64_t version, now_ns, next_tick_ns, first_ns;
	bool is_fresh_version;

	struct nwi_pool topic_pool, share_pool, home_pool;
	struct nwi_topic *topics;
	struct nwi_share *shares;
	struct nwi_share_rest *rests;
	struct nwi_home *homes;
	struct nwi_part *parts; /* shard_count a home */
	uint64_t *cold_ns;      /* a slot of topics: since when it is known; 0: for ever */
	bool has_cold_due;      /* some are NWI_COLD_DUE */

	struct nwi_list held, dirty, waiters, stirred; /* shares */
	struct nwi_list asked, fresh, answers;         /* homes */
	uint32_t topic_sweep, share_sweep, home_sweep, asked_next;
	uint32_t export_slot, export_at;

	struct nwi_waiting *waiting;
	uint32_t waiting_count_max, waiting_spare, waiting_fresh; /* first free; chained by next */

	uint8_t is_gone[NW_GOVERN_SHARD_COUNT_MAX];
	uint64_t verdict_count[NW_VERDICT_COUNT];
	struct nw_govern_stats stats;
	struct nw_mem mem;
};

/* The parts of a home, one a shard. */
static inline struct nwi_part *nwi_parts(const struct nw_govern *govern, uint32_t home_slot)
{
	return govern->parts + (size_t)home_slot * govern->shard_count;
}

static inline void nwi_list_add(struct nwi_list *list, uint32_t slot, uint32_t *at)
{
	if (*at != NWI_NONE)
		return;
	*at = list->count;
	list->slots[list->count++] = slot;
}

/* The slot at position i; the last one takes its place, and its owner has to be told. */
static inline uint32_t nwi_list_remove(struct nwi_list *list, uint32_t i)
{
	list->slots[i] = list->slots[--list->count];
	return list->slots[i];
}

/* What is earned, at most `most`. */
static inline uint64_t nwi_earned(uint64_t dt, uint64_t rate_per_s, uint64_t most)
{
	uint64_t earned;

	if (__builtin_mul_overflow(dt, rate_per_s, &earned) || earned > most)
		return most;
	return earned;
}

/* What was earned beyond what there was room for makes up for what was lost. */
static inline void nwi_make_up(uint64_t *lost, uint64_t beyond)
{
	*lost = beyond < *lost ? *lost - beyond : 0;
}

/* What the topic has earned until now, at the rate it has had. */
NWI_ALWAYS_INLINE void nwi_topic_earn(struct nwi_topic *topic, uint64_t now_ns)
{
	uint64_t room = topic->cap - topic->level, earned;

	if (now_ns <= topic->last_ns)
		return;
	earned = nwi_earned(now_ns - topic->last_ns, topic->rate_per_s, room + topic->lost);
	topic->last_ns = now_ns;
	if (NW_UNLIKELY(earned > room)) {
		nwi_make_up(&topic->lost, earned - room);
		earned = room;
	}
	topic->level += earned;
}

/* The bucket has another cap: how much it lacks to be as if it had had none before. */
static inline void nwi_lose(uint64_t *lost, uint64_t old_cap, uint64_t old_held, uint64_t cap,
			    uint64_t held)
{
	uint64_t debt = *lost + (old_cap > old_held ? old_cap - old_held : 0);
	uint64_t lack = cap > held ? cap - held : 0;

	*lost = debt > lack ? debt - lack : 0;
}

/* topics.c */
/* A topic without state. NWI_NONE: *ret_verdict says all; else it has state now. */
uint32_t nwi_topic_add(struct nw_govern *govern, uint32_t topic, uint8_t *ret_verdict);
/* Its state is of another rule set: make it of this one. */
void nwi_topic_resolve(struct nw_govern *govern, struct nwi_topic *topic);
void nwi_topics_tick(struct nw_govern *govern);
void nwi_topics_sweep(struct nw_govern *govern);

/* shares.c */
uint32_t nwi_share_add(struct nw_govern *govern, uint32_t sender, uint8_t *ret_verdict);
void nwi_share_resolve(struct nw_govern *govern, uint32_t slot);
/* There is no credit: ask for it. NWI_ASK_NOT: now there is; else what the home has said. */
enum nwi_ask nwi_share_rate(struct nw_govern *govern, uint32_t slot, bool is_late);
enum nwi_ask nwi_share_flights(struct nw_govern *govern, uint32_t slot, bool is_late);
/* It has just come down to its low mark: ask before it is empty. */
void nwi_share_rate_low(struct nw_govern *govern, uint32_t slot);
void nwi_share_flights_low(struct nw_govern *govern, uint32_t slot);
/* Credit from the home. */
void nwi_share_give(struct nw_govern *govern, uint32_t slot, uint64_t tokens, uint32_t flights);
/* Packets have landed. */
void nwi_share_land(struct nw_govern *govern, uint32_t slot, uint32_t count);
void nwi_share_take_grant(struct nw_govern *govern, const struct nw_govern_message *message);
/* What there is to tell the home, and that it was told. */
void nwi_share_report(const struct nw_govern *govern, uint32_t slot,
		      struct nw_govern_message *ret_report);
void nwi_share_reported(struct nw_govern *govern, uint32_t slot);
void nwi_shares_init(struct nw_govern *govern);
/* What there is to tell goes to the home; one that is here answers at once. */
void nwi_share_tell(struct nw_govern *govern, uint32_t slot);
/* All but so many go back with the next report; of flights at most `most`. */
void nwi_share_return_tokens(struct nw_govern *govern, uint32_t slot, uint64_t keep);
void nwi_share_return_flights(struct nw_govern *govern, uint32_t slot, uint32_t keep,
			      uint32_t most);
bool nwi_share_has_news(const struct nw_govern *govern, uint32_t slot);

/* idle.c */
void nwi_shares_tick(struct nw_govern *govern);
void nwi_shares_sweep(struct nw_govern *govern);
void nwi_shares_lose(struct nw_govern *govern, uint32_t shard_idx);

/* Sets of shards. */
static inline void nwi_mark(uint64_t *mask, uint32_t shard_idx, bool is_set)
{
	uint64_t bit = UINT64_C(1) << shard_idx % 64;

	if (is_set)
		mask[shard_idx / 64] |= bit;
	else
		mask[shard_idx / 64] &= ~bit;
}

static inline bool nwi_is_marked(const uint64_t *mask, uint32_t shard_idx)
{
	return (mask[shard_idx / 64] >> shard_idx % 64 & 1) != 0;
}

/* pool.c */
/* Earns what is due, by the rules in force; may ask again for what was given by others. */
void nwi_home_refresh(struct nw_govern *govern, struct nwi_home *home);
/* The level falls to what the cap leaves. */
void nwi_home_cut(struct nwi_home *home);

/* homes.c */
void nwi_homes_init(struct nw_govern *govern);
void nwi_home_take_report(struct nw_govern *govern, const struct nw_govern_message *message);
/* Within a step: gives what there is to those who ask for what this share is of. */
void nwi_home_serve(struct nw_govern *govern, uint32_t share_slot);
void nwi_homes_serve(struct nw_govern *govern, bool is_tick);
void nwi_homes_sweep(struct nw_govern *govern);
void nwi_homes_lose(struct nw_govern *govern, uint32_t shard_idx);
uint32_t nwi_homes_send(struct nw_govern *govern, nw_govern_send_fn *send, void *context,
			uint8_t *is_full);

/* waiting.c */
/* Puts a copy behind those that wait for this share; false: there is no room. */
bool nwi_wait(struct nw_govern *govern, uint32_t share_slot, const struct nw_packet *packet);
/* Something has changed for those that wait for this share. */
void nwi_stir(struct nw_govern *govern, uint32_t share_slot);
void nwi_stir_all(struct nw_govern *govern);
bool nwi_waits_in(const struct nw_govern *govern, uint32_t topic_slot);

/* decide.c */
/* The verdict's byte; of NW_VERDICT_WAIT, *ret_slot is the share to wait for. */
uint8_t nwi_decide(struct nw_govern *govern, const struct nw_packet *packet, bool is_settling,
		   bool is_late, uint32_t *ret_slot);

#endif /* NWI_GOVERN_GOVERN_H */

/* SPDX-License-Identifier: MIT */
/*
 * Inside of the exploration engine: who holds what.
 *
 *   worker --emits--> group --routes--> batch --lane--> worker that serves the home
 *                                                        |
 *                              shard (seen-set) <--checks+--keeps new--> pool (frontier, parents)
 *
 * shard   the seen-set of one home: a fingerprint set, or whole states when exact
 * home    1 of home_count equal shares of the fingerprints: its shard and the worker serving it
 * pool    states found at this level and the next, and where each came from; a worker has one,
 *         and under `push` every node has one more
 * lane    a pair of rings between two workers: batches one way, used ones back
 *
 * A level is cut in two where a checkpoint is asked for: workers take no more chunks, and when none
 * of them does and nothing but chunks is outstanding, they meet, write, and go on.
 *
 * Invariant of the termination count: outstanding = workers that hold candidates or states not
 * yet handed on + chunks of this level not yet expanded + batches between send and last use.
 * Whoever makes one of these holds another while it does, so zero is final.
 */
#ifndef NWI_EXPLORE_EXPLORE_H
#define NWI_EXPLORE_EXPLORE_H

#include <nw/arena.h>
#include <nw/crew.h>
#include <nw/explore.h>
#include <nw/fpset.h>
#include <nw/gate.h>
#include <nw/mem.h>
#include <nw/ring.h>
#include <nw/snapshot.h>

#include <assert.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

enum {
	NWI_ORDINAL_BITS = 20, /* successors of one state */
	NWI_INDEX_BITS = 34,   /* states of one pool */
	NWI_POOL_BITS = 10,
	NWI_POOL_NONE = (1 << NWI_POOL_BITS) - 1, /* pool of an initial state's parent */
	NWI_POOLS_MAX = NWI_POOL_NONE,
	NWI_SHARDS_MANY = 1 << 16,
	NWI_LANE_BATCHES = 8, /* between one pair of workers at a time; a power of two */
	NWI_GROUP_MAX = 1024, /* candidates routed together */
};

/* Of a search or of walks. */
enum nwi_stage {
	NWI_STAGE_SETUP = 1,
	NWI_STAGE_RUN,
	NWI_STAGE_BEGUN, /* of walks: one worker has made the initial states */
	NWI_STAGE_QUIT
};

/* Where a state came from: its parent's place and which successor it was. */
typedef uint64_t nwi_link;

#define NWI_NO_LINK UINT64_MAX /* no state has that place */

static inline nwi_link nwi_link_to(uint32_t pool_idx, uint64_t state_idx, uint32_t ordinal)
{
	return (nwi_link)pool_idx << (NWI_INDEX_BITS + NWI_ORDINAL_BITS) |
	       state_idx << NWI_ORDINAL_BITS | ordinal;
}

static inline uint32_t nwi_link_pool(nwi_link link)
{
	return (uint32_t)(link >> (NWI_INDEX_BITS + NWI_ORDINAL_BITS));
}

static inline uint64_t nwi_link_index(nwi_link link)
{
	return link >> NWI_ORDINAL_BITS & ((UINT64_C(1) << NWI_INDEX_BITS) - 1);
}

/* The number of an initial state takes the parent's place as well. */
static inline uint32_t nwi_link_ordinal(nwi_link link)
{
	if (nwi_link_pool(link) == NWI_POOL_NONE)
		return (uint32_t)link;
	return (uint32_t)link & ((1u << NWI_ORDINAL_BITS) - 1);
}

/* Memory the search may map, counted where it is mapped. */
struct nwi_budget {
	uint64_t bytes_max;
	_Atomic uint64_t used_bytes;
	_Atomic uint64_t peak_bytes;
};

/* Candidates side by side. State i is bytes[offsets[i] .. offsets[i + 1]) where sizes vary; where
 * all have the same size, offsets is NULL and the place follows from it. */
struct nwi_lot {
	uint32_t count;
	uint32_t state_bytes; /* 0: varies */
	uint64_t *fps;
	nwi_link *links;
	uint32_t *offsets;
	uint8_t *bytes;
	uint64_t *is_new; /* one bit a candidate, written by the check */
};

static inline const uint8_t *nwi_lot_state(const struct nwi_lot *lot, uint32_t i,
					   uint32_t *ret_bytes)
{
	if (lot->offsets) {
		*ret_bytes = lot->offsets[i + 1] - lot->offsets[i];
		return lot->bytes + lot->offsets[i];
	}
	*ret_bytes = lot->state_bytes;
	return lot->bytes + (size_t)i * lot->state_bytes;
}

/* A state's bytes; the commonest size as one load and store. */
static inline void nwi_copy_state(uint8_t *to, const uint8_t *from, uint32_t n_bytes)
{
	if (n_bytes == 8)
		memcpy(to, from, 8);
	else
		memcpy(to, from, n_bytes);
}

enum nwi_batch_kind {
	NWI_BATCH_CHECK,   /* check, keep what is new */
	NWI_BATCH_ASK,     /* check fingerprints, send the answer back */
	NWI_BATCH_ANSWER,  /* is_new is filled in: on its way back */
	NWI_BATCH_DELIVER, /* new states only: keep them */
	NWI_BATCH_SPENT,   /* on its way back, of no further use */
};

struct nwi_batch {
	struct nwi_batch *next_free;
	struct nwi_lot lot;
	uint32_t n_bytes; /* used of lot.bytes */
	uint32_t home_idx;
	enum nwi_batch_kind kind;
};

struct nwi_exact;

struct nwi_shard {
	struct nw_fpset *set; /* NULL when exact */
	struct nwi_exact *exact;
	uint32_t node_idx;
	nw_node memory_node;
};

struct nwi_home {
	uint32_t shard_idx;
	uint32_t worker_idx;
};

/* A run of states in the order of their places in the pool. */
struct nwi_chunk {
	uint64_t first_idx; /* place of the first */
	uint32_t pool_idx;
	uint32_t count;  /* written when the chunk is closed */
	uint8_t bytes[]; /* fixed size: states; else: 32-bit length and bytes, each */
};

/* An array in an arena of its own, which keeps it in one piece as it grows. */
struct nwi_array {
	struct nw_arena *arena;
	void *items;
	uint64_t count, count_max;
	size_t item_bytes;
};

struct nwi_pool {
	/* Constant after creation. */
	struct nw_arena *arena; /* this struct */
	struct nwi_budget *budget;
	uint32_t pool_idx, node_idx;
	uint32_t state_bytes; /* 0: varies */
	uint32_t chunk_bytes; /* of nwi_chunk.bytes */
	uint32_t chunk_count; /* states a chunk holds at most */
	bool has_links;
	uint64_t counted; /* state_count at the end of the last level; written between levels */

	/* Written by the owner, or under `lock` in a node's pool. */
	alignas(NW_CACHE_PAIR) struct nw_arena *chunks; /* memory of chunks */
	struct nwi_array lists[2]; /* of chunk pointers: this level's and the next one's */
	struct nwi_array spare;    /* chunks to use again */
	struct nwi_array kept;     /* chunks whose first state is this pool's, of finished levels */
	struct nwi_chunk *open;    /* last of the next level's, being filled */
	uint8_t *at;               /* where its next state goes */
	uint32_t room;             /* states of fixed size that still fit, links included */
	struct nwi_array links;    /* nwi_link of every state */
	uint64_t state_count;      /* = places given out */
	pthread_mutex_t lock;

	/* Written by every worker that takes chunks. */
	alignas(NW_CACHE_PAIR) _Atomic uint64_t taken; /* of this level's list */
};

/* One worker's counts, each written by it alone and read by anyone. */
struct nwi_tally {
	_Atomic uint64_t generated, distinct, checks, local_checks, expanded, shared, batches_sent;
	_Atomic uint64_t violations;
};

/* What is wrong, and where. */
struct nwi_fault {
	nwi_link place;   /* of a state that was kept */
	const char *name; /* of what is violated, or the error's text; NULL: a deadlock */
	const uint8_t *state;
	uint32_t n_bytes; /* of state; 0: there is none */
	uint32_t depth;   /* levels finished when it was found */
	bool is_step; /* the state, if any, comes after the place; else it is that of the place */
	bool is_kept; /* the state was found new, and is not one to expand */
};

/* A trace, and what it is made with. */
struct nwi_trace {
	struct nw_arena *arena;
	void *context; /* the model's */
	struct nw_explore_step *steps;
	size_t step_count;
};

struct nwi_lane {
	struct nw_ring *there; /* sender -> server */
	struct nw_ring *back;  /* server -> sender */
	uint32_t away_count;   /* batches of the sender in either ring or being served */
};

/* Whose successors the group holds: from candidate `first` on, ordinals count from `ordinal`. */
struct nwi_origin {
	uint32_t first;
	uint32_t ordinal;
	uint64_t begun_count; /* states the worker had begun to expand, this one included */
	uint64_t place;       /* link of the parent, ordinal 0 */
};

/* Where candidates pass the table of recent fingerprints, and how well it does there. */
struct nwi_gate {
	uint32_t *idxs; /* those of the present lot that pass */
	uint64_t *fps;
	uint32_t asked_count, hit_count; /* of the present trial */
	uint32_t holiday_count;          /* candidates until the next one */
};

/* The candidates of a lot still to be checked: idxs NULL means all of them. */
struct nwi_picks {
	uint32_t count;
	uint64_t *fps;
	const uint32_t *idxs;
};

static inline uint32_t nwi_pick(const struct nwi_picks *picks, uint32_t k)
{
	return picks->idxs ? picks->idxs[k] : k;
}

struct nwi_worker {
	/* Written by this worker. */
	alignas(NW_CACHE_PAIR) struct nw_explore *explore;
	struct nw_crew_worker *self;
	uint32_t worker_idx, node_idx;
	void *context; /* the model's */
	struct nwi_pool *pool;
	struct nw_arena *arena; /* all that follows */
	const bool *is_local;   /* [shard]: its memory is on a node of this worker's CPU */
	bool has_local_memory;  /* its node has some: `recent` lies there */
	uint32_t *nearest;      /* nodes by distance, the own one first */
	bool takes_from_afar;   /* may expand chunks of other nodes */
	struct nw_emit emit;
	uint8_t *emit_bytes;
	struct nwi_lot group;
	uint64_t *recent;           /* fingerprints passed on lately; NULL: not used */
	struct nwi_gate made, sent; /* candidates of its own making; those it is sent */
	struct nwi_origin *origins; /* of the group */
	uint32_t origin_count;
	uint32_t unmade_count;   /* candidates behind a faulty one, which do not count as made */
	uint32_t kept_idx;       /* the last of the group that was new; UINT32_MAX: none */
	uint64_t begun_count;    /* states begun to be expanded */
	uint64_t unbegun_count;  /* of them those behind the one whose successor is faulty */
	uint32_t emitted_before; /* successors of the state at hand that left with earlier groups */
	uint64_t *order_fps;     /* one shard's part of a group */
	uint32_t *order;         /* and where in the group each stands */
	uint32_t *shard_ends;    /* [shard + 1] ends of the parts */
	uint32_t *own_idxs;      /* candidates this worker serves, and their fingerprints */
	uint64_t *own_fps;
	uint32_t *foreign_idxs; /* the others */
	uint32_t own_shard;     /* the one it serves, or NWI_SHARDS_MANY */
	bool checks_own_in_place;
	struct nwi_batch **open; /* [home] being filled, or NULL */
	struct nwi_batch *free_batches;
	struct nwi_lane *lanes; /* [worker] this one sends on */
	bool has_token;         /* counted in outstanding as holding work */
	nwi_link looked_from;  /* parent of the candidate that the model looks at, or NWI_NO_LINK */
	struct nwi_array path; /* of struct nw_explore_step, for the model */

	alignas(NW_CACHE_PAIR) struct nwi_tally tally;
	struct nwi_array violations; /* of pointers to struct nwi_fault; opened with the first */
	struct nw_arena *violation_memory;

	/* Written by this worker when it has nothing to do; read by those who send to it. */
	alignas(NW_CACHE_PAIR) _Atomic bool is_asleep;
};

/* Meeting point of the workers between levels. */
struct nwi_meeting {
	alignas(NW_CACHE_PAIR) _Atomic uint32_t arrived_count;
	alignas(NW_CACHE_PAIR) _Atomic uint32_t round;
};

/* What a meeting came to. */
enum nwi_turn {
	NWI_TURN_OVER,  /* the search */
	NWI_TURN_LEVEL, /* the next level begins */
	NWI_TURN_WRITE, /* a checkpoint is to be written */
	NWI_TURN_ON     /* the level goes on */
};

struct nwi_recovery;

struct nw_explore {
	/* Constant once ready. */
	struct nw_explore_options options;
	uint32_t state_bytes; /* 0: varies */
	uint32_t batch_count; /* candidates a batch */
	uint32_t batch_bytes; /* of states */
	size_t reserve_bytes; /* address range of a pool's growing parts */
	struct nw_crew *crew;
	struct nwi_worker **workers;
	struct nwi_pool **pools; /* [worker_count] then, under push, [node] */
	struct nwi_shard *shards;
	struct nwi_home *homes;
	uint32_t worker_count, pool_count, shard_count, home_count;
	uint32_t node_count;      /* that have homes */
	uint32_t topo_node_count; /* that the machine has */
	bool has_shared_shards;   /* any worker may check in any shard */
	bool check_deadlock;
	struct nw_arena *arena; /* of these tables */
	struct nwi_budget budget;
	struct nw_snapshot_folder *folder; /* NULL: no checkpoints */
	char *about;                       /* what has to be the same at recovery */
	size_t about_bytes;
	struct nwi_recovery *recovery;   /* while it is being created */
	struct nw_explore_counts before; /* of the processes before this one */
	double seconds_before;
	uint64_t first_chunk_count; /* that were recovered for the level to go on with */

	/* Written by the last to arrive at a meeting. */
	struct nwi_array levels; /* distinct states of each finished level */
	uint32_t now;            /* which of a pool's two lists is this level's */
	enum nwi_turn turn;
	uint64_t writing_ns; /* when the checkpoint was begun */
	_Atomic uint32_t depth;
	_Atomic uint64_t queue_count;

	struct nwi_meeting meeting;
	alignas(NW_CACHE_PAIR) _Atomic int64_t outstanding;
	alignas(NW_CACHE_PAIR) _Atomic bool is_stopping;
	_Atomic bool is_pausing;    /* a checkpoint was asked for */
	_Atomic bool is_suspending; /* and the end after it */

	/* Written by workers that pause, or write. */
	alignas(NW_CACHE_PAIR) _Atomic uint32_t paused_count;
	_Atomic int write_error; /* the first of a checkpoint: negative errno */

	/* Of the last checkpoint; read by anyone. */
	_Atomic uint64_t checkpoint_count, checkpoint_distinct, checkpoint_bytes, checkpoint_ns;
	_Atomic int checkpoint_error;
	_Atomic bool is_suspended;

	/* Why it ended: set once, by whoever comes first. */
	_Atomic int
		end; /* enum nw_explore_end, or below 0: not told, and so are the fields below */
	struct nwi_fault fault;
	uint8_t *fault_state; /* room for its state */
	char fault_text[256];

	struct nw_gate gate; /* enum nwi_stage */
	_Atomic int open_rc; /* of a model's open() that failed */
	_Atomic uint64_t started_ns, ended_ns;

	/* After the run. */
	struct nwi_trace trace;              /* of the fault */
	struct nwi_trace violation_trace;    /* of the violation asked for last */
	const struct nwi_fault **violations; /* all, in the order of their depth */
	uint64_t violation_count;
	struct nw_arena *violation_arena;
	bool has_gathered; /* since the run */
};

/* ---- create.c ---- */
/* Addresses that a search may reserve in all. */
uint64_t nwi_addresses_allowed(void);

/* ---- budget.c ---- */
bool nwi_budget_take(struct nwi_budget *budget, uint64_t n_bytes);
void nwi_budget_give(struct nwi_budget *budget, uint64_t n_bytes);
int nwi_array_open(struct nwi_array *array, nw_node node, size_t reserve_bytes, size_t item_bytes);
void nwi_array_close(struct nwi_array *array, struct nwi_budget *budget);
/* Raises count_max. 0 or -ENOMEM. */
int nwi_array_extend(struct nwi_array *array, struct nwi_budget *budget);
/* Room for one more at items[count]; the caller fills it and counts it. 0 or -ENOMEM. */
int nwi_array_grow(struct nwi_array *array, struct nwi_budget *budget);

/* ---- pool.c ---- */
int nwi_pool_create(struct nwi_pool **ret_pool, struct nw_explore *explore, uint32_t pool_idx,
		    uint32_t node_idx);
void nwi_pool_destroy(struct nwi_pool *pool);
/* The same as nwi_pool_add(), whatever it takes. */
int nwi_pool_add_slowly(struct nwi_pool *pool, uint32_t next, const uint8_t *state,
			uint32_t n_bytes, nwi_link link);
/* Keeps a state for the next level, whose list is number `next`. 0 or -ENOMEM. */
static inline int nwi_pool_add(struct nwi_pool *pool, uint32_t next, const uint8_t *state,
			       uint32_t n_bytes, nwi_link link)
{
	if (pool->room == 0)
		return nwi_pool_add_slowly(pool, next, state, n_bytes, link);
	pool->room--;
	if (pool->has_links)
		((nwi_link *)pool->links.items)[pool->links.count++] = link;
	nwi_copy_state(pool->at, state, n_bytes);
	pool->at += n_bytes;
	pool->state_count++;
	return 0;
}
/* A chunk of this level, or NULL. Any worker. */
struct nwi_chunk *nwi_pool_take(struct nwi_pool *pool, uint32_t now);
/* Ends a level: its chunks become spare, unless they are gone. 0 or -ENOMEM. One thread, no other
 * call. */
int nwi_pool_turn(struct nwi_pool *pool, uint32_t now);
/* Keeps a closed chunk, whose states have their places in that pool. Likewise. */
int nwi_pool_keep(struct nwi_pool *pool, struct nwi_chunk *chunk);
/* Chunks of this level that nobody has taken. */
uint64_t nwi_pool_untaken(const struct nwi_pool *pool, uint32_t now);
/* States in a chunk of the pool. */
static inline uint32_t nwi_chunk_count(const struct nwi_pool *pool, const struct nwi_chunk *chunk)
{
	return chunk == pool->open ? (uint32_t)(pool->state_count - chunk->first_idx)
				   : chunk->count;
}
/* A chunk that is in no list; the caller fills it. NULL: no memory. One thread, no other call. */
struct nwi_chunk *nwi_pool_spare(struct nwi_pool *pool);
/* Puts one whose states have their places, and which is closed, at the end of a list. Likewise. */
int nwi_pool_enlist(struct nwi_pool *pool, uint32_t list_idx, struct nwi_chunk *chunk);
/* Places, with room for their links, that the caller fills in. 0 or -ENOMEM. Likewise. */
int nwi_pool_add_places(struct nwi_pool *pool, uint64_t state_count);

/* ---- home.c ---- */
int nwi_shards_create(struct nw_explore *explore);
void nwi_shards_destroy(struct nw_explore *explore);
/* Checks a lot at a shard, sets lot->is_new. False: the search is ending. */
bool nwi_check(struct nwi_worker *worker, uint32_t shard_idx, struct nwi_lot *lot);
/* Keeps the new ones of a lot in a pool. Bit i of is_new (count bits) speaks of candidate
 * lot_idxs[i], or i where that is NULL. False: the search is ending. */
bool nwi_keep_new(struct nwi_worker *worker, const struct nwi_lot *lot, const uint32_t *lot_idxs,
		  const uint64_t *is_new, uint32_t count);

/* ---- exact.c ---- */
int nwi_exact_create(struct nwi_exact **ret_exact, struct nw_explore *explore, nw_node node);
void nwi_exact_destroy(struct nwi_exact *exact);
/* 1 new, 0 seen, -ENOMEM. One thread. */
int nwi_exact_insert(struct nwi_exact *exact, uint64_t fp, const uint8_t *state, uint32_t n_bytes);
/* The states in the order in which they came; *inout_at is 0 at first. False: no more. */
bool nwi_exact_next(const struct nwi_exact *exact, uint64_t *inout_at, const uint8_t **ret_state,
		    uint32_t *ret_bytes);
/* While its owner does not insert. */
void nwi_exact_stats(const struct nwi_exact *exact, struct nw_fpset_stats *ret_stats);
bool nwi_exact_region(const struct nwi_exact *exact, struct nw_mem *ret_region);

/* ---- recent.c ---- */
int nwi_recent_create(struct nwi_worker *worker);
/* Tells which candidates of a lot this worker has not passed on lately. The picks are the gate's
 * and last until it is asked again. */
void nwi_recent_pick(struct nwi_worker *worker, struct nwi_gate *gate, const struct nwi_lot *lot,
		     struct nwi_picks *ret_picks);

/* ---- group.c ---- */
/* Of a state whose model has no identity(). */
uint64_t nwi_fingerprint(const uint8_t *state, uint32_t n_bytes);
/* What was emitted becomes the group, ready to be routed. False: the search is ending. */
bool nwi_group_close(struct nwi_worker *worker);

/* ---- route.c ---- */
int nwi_lanes_create(struct nwi_worker *worker);
void nwi_lanes_destroy(struct nwi_worker *worker);
/* Sends the group's candidates on their way and empties it. False: the search is ending. */
bool nwi_route_group(struct nwi_worker *worker);
/* Sends batches that are not full. */
void nwi_flush(struct nwi_worker *worker);
/* Serves what other workers sent. True if there was anything. */
bool nwi_serve(struct nwi_worker *worker);

/* ---- worker.c ---- */
/* *inout_open_rc is set where the model's open() fails. */
int nwi_worker_create(struct nw_explore *explore, struct nw_crew_worker *self, int *inout_open_rc);
void nwi_worker_destroy(struct nwi_worker *worker);
void nwi_worker_run(struct nwi_worker *worker);
/* Counts successors that the model dropped since the last time. */
void nwi_count_dropped(struct nwi_worker *worker);
/* Takes one off `outstanding`: a chunk, a batch or a token that led to all it will lead to. */
void nwi_done_one(struct nw_explore *explore);

/* ---- path.c ---- */
/* The worker whose thread this is; NULL: there is none. */
extern _Thread_local struct nwi_worker *nwi_worker_here;
/* Ends a level of a search that keeps states: its chunks go to the pools of their places. */
int nwi_level_keep(struct nw_explore *explore);
/* The state at a place, of this level or one before; is_over: of the next one, too, when no worker
 * runs. NULL: it is not in memory. */
const uint8_t *nwi_state_at(const struct nw_explore *explore, nwi_link place, bool is_over,
			    uint32_t *ret_bytes);

/* ---- level.c ---- */
/* Waits for all workers; the last one in runs `serial`, then all go on. */
void nwi_meet(struct nwi_worker *worker, void (*serial)(struct nw_explore *explore));
/* Decides what comes after work on a level: sets explore->turn. */
void nwi_level_turn(struct nw_explore *explore);

/* ---- checkpoint.c ---- */
/* The folder, and what has to be the same at recovery. 0 or a negative errno. */
int nwi_checkpoint_open(struct nw_explore *explore, struct nw_diag *reterr_diag);
void nwi_checkpoint_close(struct nw_explore *explore);
/* Whether a checkpoint was asked for. */
static inline bool nwi_is_pausing(const struct nw_explore *explore)
{
	/* relaxed: hint; whoever misses it now sees it after the next chunk. */
	return atomic_load_explicit(&explore->is_pausing, memory_order_relaxed);
}
/* This worker takes no more chunks until the workers have met. */
void nwi_pause(struct nw_explore *explore);
/* No worker takes chunks, and nothing else is outstanding. */
bool nwi_is_quiet(const struct nw_explore *explore);
/* At a meeting: begins a checkpoint, whose part each worker writes; at the next one: ends it. */
void nwi_checkpoint_begin(struct nw_explore *explore);
void nwi_checkpoint_write(struct nwi_worker *worker);
void nwi_checkpoint_end(struct nw_explore *explore);

/* ---- recover.c ---- */
/* Looks whether there is a checkpoint of this search; lets the model take back what it saved. */
int nwi_recovery_open(struct nw_explore *explore, struct nw_diag *reterr_diag);
/* Fills what was created; while every worker waits. */
int nwi_recovery_fill(struct nw_explore *explore, struct nw_diag *reterr_diag);
void nwi_recovery_close(struct nw_explore *explore);

/* ---- create.c ---- */
uint64_t nwi_now_ns(void);

/* ---- end.c ---- */
/* Ends the search, if it is the first to say so. */
bool nwi_end(struct nw_explore *explore, enum nw_explore_end end);
/* The same, with what it is about. */
void nwi_end_at(struct nw_explore *explore, enum nw_explore_end end, const struct nwi_fault *fault);
void nwi_end_fault(struct nw_explore *explore, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- violation.c ---- */
/* Ends the search, or keeps the violation where it goes on. False: the search is ending. */
bool nwi_violated(struct nwi_worker *worker, const struct nwi_fault *fault);
/* Keeps it, as it is. 0 or -ENOMEM. */
int nwi_violation_keep(struct nwi_worker *worker, const struct nwi_fault *fault);
/* All that were kept, in the order of their depth, in explore->violations; while no worker finds
 * more. 0 or -ENOMEM. */
int nwi_violations_gather(struct nw_explore *explore);
void nwi_violations_destroy(struct nwi_worker *worker);

/* ---- trace.c ---- */
/* The path to a fault. 0, -ENOENT or -ENOMEM. */
int nwi_trace_make(struct nw_explore *explore, const struct nwi_fault *fault,
		   struct nwi_trace *trace);
void nwi_trace_destroy(struct nw_explore *explore, struct nwi_trace *trace);

static inline bool nwi_is_stopping(const struct nw_explore *explore)
{
	/* relaxed: hint; what matters is read after the workers have met. */
	return atomic_load_explicit(&explore->is_stopping, memory_order_relaxed);
}

static inline nw_node nwi_memory_node(const struct nw_explore *explore, uint32_t node_idx)
{
	return nw_topo_node_at(explore->options.topo, node_idx)->memory_node;
}

/* Adds to a count that this thread alone writes. */
static inline void nwi_count(_Atomic uint64_t *count, uint64_t n)
{
	/* relaxed: sole writer of a statistic, both. */
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

/* Tells the CPU that this is a spin loop. */
static inline void nwi_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("isb" ::: "memory");
#endif
}

/* One round of waiting for what another worker is about to do: spins at first, then sleeps longer
 * and longer, but never so long that a missed wake-up matters. */
void nwi_wait_round(struct nwi_worker *worker, uint32_t *rounds);
/* Wakes a worker that sleeps in nwi_wait_round(). */
static inline void nwi_wake(struct nwi_worker *worker)
{
	/* relaxed: hint; a worker that falls asleep just now wakes by itself. */
	if (atomic_load_explicit(&worker->is_asleep, memory_order_relaxed))
		nw_crew_unpark(worker->explore->crew, worker->worker_idx);
}

#endif /* NWI_EXPLORE_EXPLORE_H */

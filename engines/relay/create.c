/* SPDX-License-Identifier: MIT */
/*
 * A relay is made and ended, and its workers' loops.
 *
 * Every worker makes its own shard, so that all of it is touched first where it belongs, then waits
 * until all are there, connects its lanes to the others, and waits again. If one of them fails, all
 * leave, and the first failure is the caller's.
 *
 * Invariant: whatever was made when something fails, nw_relay_destroy() releases it.
 */
#include "shard.h"

#include <errno.h>
#include <stdio.h>

enum {
	RING_SLOTS = 8192,
	BATCH = 256,
	HAND_OVER_SLOTS = 128,
	SPIN_NS = 50 * 1000,
	SPINS_BEFORE_CLOCK = 64, /* idle rounds between two looks at how long it has been idle */
};

static int refuse(struct nw_diag *diag, int rc, const char *text)
{
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text), "%s", text);
	return rc;
}

/* ---- the workers ---- */

void nwi_wake(struct nw_relay *relay, uint32_t shard_idx)
{
	struct nwi_face *face = &relay->board->faces[shard_idx];

	/* relaxed: the value alone: who takes it back rings. */
	if (atomic_exchange_explicit(&face->is_asleep, 0, memory_order_relaxed) != 0)
		nw_bell_ring(relay->shards[shard_idx]->gate.ring_fd);
}

static void sleep_once(struct nwi_shard *shard)
{
	const struct nw_relay_hooks *hooks = &shard->relay->options.hooks;
	uint64_t nap_ns = nwi_shard_nap_ns(shard);

	if (nap_ns == 0 || !nwi_shard_rest(shard))
		return;
	nwi_count(&shard->tally.sleeps, 1);
	if (hooks->wait)
		hooks->wait(hooks->ctx, shard->shard_idx, shard->gate.hear_fd, nap_ns);
	else
		(void)nw_bell_wait(shard->gate.hear_fd, nap_ns); /* why it ended does not matter */
	nwi_shard_rise(shard);
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

uint64_t nwi_shard_spin_ns(uint64_t spin_ns, uint64_t gap_ns)
{
	enum { MORE = 4 };
	uint64_t more_ns = spin_ns < UINT64_MAX / MORE ? MORE * spin_ns : UINT64_MAX;

	return gap_ns < more_ns ? more_ns : spin_ns;
}

/* Steps until it has been idle for as long as it pays to wait awake, then sleeps. */
static void run_shard(struct nwi_shard *shard, struct nw_crew *crew)
{
	uint64_t spin_ns = shard->relay->options.spin_ns, patience_ns = spin_ns;
	uint64_t idle_ns = 0, worked_ns = 0;

	while (!nw_crew_should_stop(crew)) {
		if (nwi_shard_step(shard) > 0) {
			patience_ns = nwi_shard_spin_ns(spin_ns, shard->now_ns - worked_ns);
			worked_ns = shard->now_ns;
			idle_ns = 0;
			continue;
		}
		relax();
		if (idle_ns == 0)
			idle_ns = shard->now_ns;
		if (patience_ns == UINT64_MAX || shard->now_ns - idle_ns < patience_ns)
			continue;
		sleep_once(shard);
		idle_ns = 0;
	}
}

/* Where a worker's memory is: its node, or the nearest one that has memory. */
static nw_node memory_node(const struct nw_relay *relay, uint32_t node_idx)
{
	const struct nw_topo *topo = relay->options.topo;
	uint32_t nearest[NW_NODE_ID_MAX + 1], count = nw_topo_node_count(topo);

	if (count > NW_NODE_ID_MAX + 1)
		return NW_NODE_ANY;
	nw_topo_nearest(topo, node_idx, nearest);
	for (uint32_t i = 0; i < count; i++)
		if (nw_topo_node_at(topo, nearest[i])->memory_bytes > 0)
			return nw_topo_node_at(topo, nearest[i])->memory_node;
	return NW_NODE_ANY;
}

static void work(struct nw_crew_worker *worker, void *arg)
{
	struct nw_relay *relay = arg;
	const struct nw_relay_hooks *hooks = &relay->options.hooks;
	uint32_t i = worker->worker_idx;
	int rc;

	if (nw_gate_pass(&relay->gate, NWI_STAGE_SETUP) == NWI_STAGE_QUIT)
		return;
	nw_gate_report(&relay->gate,
		       nwi_shard_create(relay, i, memory_node(relay, worker->node_idx)));
	if (nw_gate_pass(&relay->gate, NWI_STAGE_CONNECT) == NWI_STAGE_QUIT)
		return;
	rc = nwi_shard_connect(relay->shards[i]);
	if (rc == 0 && hooks->open)
		rc = hooks->open(hooks->ctx, i);
	nw_gate_report(&relay->gate, rc);
	if (nw_gate_pass(&relay->gate, NWI_STAGE_RUN) == NWI_STAGE_RUN)
		run_shard(relay->shards[i], worker->crew);
	/* Asking whether to stop orders nothing; this does: what was done before the relay was
	 * destroyed is seen by the hook. */
	(void)nw_gate_pass(&relay->gate, NWI_STAGE_QUIT);
	if (rc == 0 && hooks->close)
		hooks->close(hooks->ctx, i);
}

/* ---- create ---- */

static bool is_arena(uint64_t n_bytes)
{
	return n_bytes >= NWI_STORE_BYTES_MIN && n_bytes <= NWI_STORE_BYTES_MAX &&
	       (n_bytes & (n_bytes - 1)) == 0;
}

static int check_options(const struct nw_relay_options *o, struct nw_diag *diag)
{
	if (!o->topo && !o->stepped)
		return refuse(diag, -EINVAL, "a relay needs a topology: see nw_topo_open()");
	if (o->shard_count > NW_RELAY_SHARDS_MAX)
		return refuse(diag, -ERANGE, "a relay has at most 128 shards; ask for fewer");
	if (o->batch > NW_RELAY_BATCH_MAX)
		return refuse(diag, -EINVAL, "a batch has 1 to 1024 packets");
	if (o->ring_slots > NW_RELAY_RING_SLOTS_MAX ||
	    (o->ring_slots > 0 && nw_mpsc_bytes(o->ring_slots, sizeof(struct nw_packet)) == 0))
		return refuse(diag, -EINVAL, "a ring has a power of two of slots, 2 to 2^24");
	if (o->hand_over_slots > 0 && nw_lane_bytes(o->hand_over_slots) == 0)
		return refuse(diag, -EINVAL,
			      "a hand-over lane has a power of two of slots, 2 to 2^24");
	if (o->arena_bytes > 0 && !is_arena(o->arena_bytes))
		return refuse(diag, -EINVAL, "an arena has a power of two of bytes, 4096 to 2^30");
	return 0;
}

static void set_defaults(struct nw_relay_options *o)
{
	o->ring_slots = o->ring_slots > 0 ? o->ring_slots : RING_SLOTS;
	o->batch = o->batch > 0 ? o->batch : BATCH;
	o->hand_over_slots = o->hand_over_slots > 0 ? o->hand_over_slots : HAND_OVER_SLOTS;
	o->spin_ns = o->spin_ns > 0 ? o->spin_ns : SPIN_NS;
}

static int start_crew(struct nw_relay *relay, struct nw_diag *diag)
{
	const struct nw_relay_options *o = &relay->options;
	struct nw_crew_options options = {
		.topo = o->topo,
		.name = "relay",
		.node_idxs = o->node_idxs,
		.node_idx_count = o->node_idx_count,
		.worker_count = o->shard_count,
		.use_smt = o->use_smt,
		.no_pin = o->no_pin,
		.oversubscribe = o->oversubscribe,
	};
	int rc;

	if (o->stepped) {
		relay->shard_count = o->shard_count > 0 ? o->shard_count : 1;
		return 0;
	}
	rc = nw_crew_start(&relay->crew, &options, work, relay, diag);
	if (rc < 0)
		return rc;
	relay->shard_count = nw_crew_worker_count(relay->crew);
	if (relay->shard_count > NW_RELAY_SHARDS_MAX)
		return refuse(diag, -ERANGE,
			      "a relay has at most 128 shards; say how many are wanted");
	return 0;
}

static int create_board(struct nw_relay *relay)
{
	int rc = nw_shm_create(&relay->board_shm, "nw-relay-board", NW_NODE_ANY,
			       nwi_board_bytes(relay->shard_count),
			       NW_SHM_READ_ONLY | NW_SHM_PREFAULT);
	struct nwi_board *board = relay->board_shm.mem.base;

	if (rc < 0)
		return rc;
	board->magic = NWI_BOARD_MAGIC;
	board->version = NWI_BOARD_VERSION;
	board->shard_count = relay->shard_count;
	board->epoch_ns = nwi_relay_now_ns(relay);
	for (uint32_t slot = 0; slot < NW_TOPIC_SLOT_COUNT; slot++)
		atomic_init(&board->map[slot], (uint16_t)(slot % relay->shard_count));
	relay->board = board;
	return 0;
}

static int create_tables(struct nw_relay *relay)
{
	size_t shards = relay->shard_count;
	int rc = create_board(relay);

	relay->shards = nw_arena_alloc(relay->arena, shards * sizeof(void *), NW_CACHE_PAIR);
	relay->closed_desks = nw_arena_alloc(relay->arena, shards * sizeof(struct nwi_desk),
					     NW_CACHE_PAIR);
	if (rc == 0 && !relay->closed_desks)
		rc = -ENOMEM;
	if (rc == 0)
		rc = nw_rcu_create(&relay->rcu, NW_NODE_ANY, NULL);
	if (rc == 0)
		rc = nw_rcu_register(&relay->control, relay->rcu, "relay-control");
	if (rc < 0)
		return rc;
	relay->bell_fd = nw_bell_open();
	return relay->bell_fd < 0 ? relay->bell_fd : 0;
}

/* What the workers do at SETUP and CONNECT, on this thread. */
static int set_up_stepped(struct nw_relay *relay)
{
	const struct nw_relay_hooks *hooks = &relay->options.hooks;
	int rc = 0;

	for (uint32_t i = 0; i < relay->shard_count && rc == 0; i++)
		rc = nwi_shard_create(relay, i, NW_NODE_ANY);
	for (uint32_t i = 0; i < relay->shard_count && rc == 0; i++)
		rc = nwi_shard_connect(relay->shards[i]);
	for (uint32_t i = 0; i < relay->shard_count && rc == 0 && hooks->open; i++) {
		rc = hooks->open(hooks->ctx, i);
		relay->opened_count += rc == 0;
	}
	return rc;
}

static int set_up(struct nw_relay *relay, struct nw_diag *diag)
{
	int rc = start_crew(relay, diag);

	if (rc < 0)
		return rc;
	rc = create_tables(relay);
	if (rc == 0 && relay->options.stepped)
		rc = set_up_stepped(relay);
	for (int stage = NWI_STAGE_SETUP; rc == 0 && relay->crew && stage <= NWI_STAGE_CONNECT;
	     stage++) {
		nw_gate_open(&relay->gate, stage);
		rc = nw_gate_wait(&relay->gate, relay->shard_count);
	}
	if (rc < 0 && diag)
		(void)snprintf(diag->text, sizeof(diag->text),
			       "the relay's shards could not be set up: %s", strerror(-rc));
	if (rc == 0)
		nw_gate_open(&relay->gate, NWI_STAGE_RUN);
	return rc;
}

static int create_empty(struct nw_relay **ret_relay, const struct nw_relay_options *options)
{
	struct nw_relay *relay;
	struct nw_arena *arena;
	int rc = nw_arena_create(&arena, NW_NODE_ANY, UINT64_C(1) << 20, 0);

	if (rc < 0)
		return rc;
	relay = nw_arena_alloc(arena, sizeof(*relay), NW_CACHE_PAIR);
	relay->arena = arena;
	relay->options = *options;
	relay->bell_fd = -1;
	set_defaults(&relay->options);
	pthread_mutex_init(&relay->lock, NULL);
	*ret_relay = relay;
	return 0;
}

int nw_relay_create(struct nw_relay **ret_relay, const struct nw_relay_options *options,
		    struct nw_diag *reterr_diag)
{
	struct nw_relay *relay;
	int rc = check_options(options, reterr_diag);

	if (rc < 0)
		return rc;
	rc = create_empty(&relay, options);
	if (rc < 0)
		return refuse(reterr_diag, rc, "no memory for a relay");
	rc = set_up(relay, reterr_diag);
	if (rc < 0) {
		nw_relay_destroy(relay);
		return rc;
	}
	*ret_relay = relay;
	return 0;
}

/* ---- destroy ---- */

static void stop_workers(struct nw_relay *relay)
{
	const struct nw_relay_hooks *hooks = &relay->options.hooks;

	if (relay->crew) {
		nw_gate_open(&relay->gate, NWI_STAGE_QUIT);
		nw_crew_stop(relay->crew);
		for (uint32_t i = 0; relay->shards && i < relay->shard_count; i++)
			if (relay->shards[i] && relay->shards[i]->gate.ring_fd >= 0)
				nw_bell_ring(relay->shards[i]->gate.ring_fd);
		nw_crew_destroy(relay->crew);
	}
	for (uint32_t i = 0; i < relay->opened_count && hooks->close; i++)
		hooks->close(hooks->ctx, i);
}

void nw_relay_destroy(struct nw_relay *relay)
{
	if (!relay)
		return;
	stop_workers(relay);
	assert(!relay->producers && !relay->subscribers);
	if (relay->control) {
		nwi_guests_destroy(relay);
		nwi_tables_destroy(relay);
		nw_rules_retire(relay->control, nw_rcu_exchange_pointer(&relay->rules, NULL));
		nw_rcu_barrier(relay->control);
	}
	for (uint32_t i = 0; relay->shards && i < relay->shard_count; i++)
		nwi_shard_destroy(relay->shards[i]);
	nw_rcu_unregister(relay->control);
	nw_rcu_destroy(relay->rcu);
	nw_shm_close(&relay->board_shm);
	nw_bell_close(relay->bell_fd);
	pthread_mutex_destroy(&relay->lock);
	nw_arena_destroy(relay->arena);
}

/* SPDX-License-Identifier: MIT */
/*
 * Starting, stopping and asking a scheduler.
 *
 * A start has three acts: the crew starts, and says which worker serves which node; the starter
 * allocates each worker and home on its node; the gate opens, and the workers enter their loops. If
 * memory runs out in the second act, the gate says so and they leave.
 *
 * Invariant: what is freed at the end are the parts that are not NULL, so a start that fails
 * halfway releases what it has by the same function.
 */
#include "sched/sched.h"

#include "base/bits.h"
#include "base/diag.h"
#include "os/heap.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum gate { GATE_CLOSED, GATE_OPEN, GATE_ABANDONED };

enum {
	TASK_SLOTS = 1u << 15,
	TASK_SLOTS_MAX = 1u << 17,
	JOB_SLOTS = 1u << 20,
	JOB_SLOTS_FIRST = 1u << 8,
	INJECTOR_SLOTS = 1u << 12,
	SPIN_ROUNDS = 64,
	OUTSIDERS_MAX = 64, /* outside threads inside one push at a time; more wait a moment */
};

/* Of the adaptive threshold: bounds, first value, tries in a window. */
enum { THRESHOLD_MIN = 1, THRESHOLD_FIRST = 2, THRESHOLD_MAX = 64, THRESHOLD_WINDOW = 64 };

static const char *const policy_names[NW_SCHED_POLICY_COUNT] = { "default", "random", "nearest",
								 "imbalance", "octonion" };

const char *nw_sched_policy_name(enum nw_sched_policy policy)
{
	return (unsigned)policy < NW_SCHED_POLICY_COUNT ? policy_names[policy] : NULL;
}

/* ---- options ---- */

static bool is_slot_count(uint32_t n, uint32_t max)
{
	return n >= 2 && n <= max && nwi_is_pow2(n);
}

/* The caller's options with defaults filled in. */
static int take_options(struct nw_sched_options *ret_options,
			const struct nw_sched_options *options, struct nw_diag *reterr_diag)
{
	struct nw_sched_options o = options ? *options : (struct nw_sched_options){ 0 };

	if (o.task_slots == 0)
		o.task_slots = TASK_SLOTS;
	if (o.job_slots == 0)
		o.job_slots = JOB_SLOTS;
	if (o.injector_slots == 0)
		o.injector_slots = INJECTOR_SLOTS;
	if (o.spin_rounds == 0)
		o.spin_rounds = SPIN_ROUNDS;
	if ((unsigned)o.policy >= NW_SCHED_POLICY_COUNT) {
		nwi_diag_set(reterr_diag, "no such policy: %u", (unsigned)o.policy);
		return -EINVAL;
	}
	if (!is_slot_count(o.task_slots, TASK_SLOTS_MAX) ||
	    !is_slot_count(o.job_slots, NW_DEQUE_SLOT_COUNT_MAX) ||
	    !is_slot_count(o.injector_slots, NW_MPMC_SLOT_COUNT_MAX)) {
		nwi_diag_set(reterr_diag, "slots of a scheduler are powers of two: tasks to 2^17, "
					  "jobs and injectors to 2^30");
		return -EINVAL;
	}
	*ret_options = o;
	return 0;
}

/* ---- releasing ---- */

static void free_home(struct nwi_home *home)
{
	struct nw_mem mem = home->mem;

	for (int i = 0; i < NW_SCHED_PRIORITY_COUNT; i++) {
		nw_mpmc_destroy(home->injectors[i]);
		nw_mpmc_destroy(home->mailboxes[i]);
	}
	nw_mem_free(&mem);
}

static void free_worker(struct nwi_worker *worker)
{
	struct nw_mem mem = worker->mem;

	nw_deque_destroy(worker->jobs);
	if (worker->hazard)
		nw_hazard_unregister(worker->hazard);
	nw_mem_free(&worker->slots_mem);
	nwi_heap_free(worker->loads);
	nw_mem_free(&mem);
}

static void free_sched(struct nw_sched *sched)
{
	struct nw_mem mem = sched->mem;

	for (uint32_t i = 0; sched->workers && i < sched->worker_count; i++)
		if (sched->workers[i])
			free_worker(sched->workers[i]);
	for (uint32_t i = 0; sched->homes && i < sched->node_count; i++)
		if (sched->homes[i])
			free_home(sched->homes[i]);
	nw_hazard_destroy(sched->hazards);
	nw_crew_destroy(sched->crew);
	nwi_heap_free(sched->workers);
	nwi_heap_free(sched->by_idx);
	nwi_heap_free(sched->homes);
	nwi_heap_free(sched->home_of);
	nwi_heap_free(sched->homes_used);
	nwi_heap_free(sched->map);
	nw_mem_free(&mem);
}

/* ---- the parts ---- */

/* Where memory for a node's workers lies: the nearest node that has any. */
static nw_node memory_near(const struct nw_topo *topo, const struct nwi_policy_map *map,
			   uint32_t node_idx)
{
	const struct nw_topo_node *node = nw_topo_node_at(topo, node_idx);

	for (uint32_t i = 0; node->memory_bytes == 0 && i + 1 < map->node_count; i++)
		node = nw_topo_node_at(topo, map->nearest[node_idx * map->node_count + i]);
	return node->memory_bytes > 0 ? node->memory_node : NW_NODE_ANY;
}

static int make_queue(struct nw_mpmc **ret_mpmc, const struct nw_sched *sched, nw_node node)
{
	uint32_t handles = sched->worker_count + OUTSIDERS_MAX;

	if (handles > NW_MPMC_PRODUCER_COUNT_MAX)
		handles = NW_MPMC_PRODUCER_COUNT_MAX;
	return nw_mpmc_create(ret_mpmc, sched->options.injector_slots, handles, node);
}

static int make_home(struct nw_sched *sched, const struct nw_topo *topo, uint32_t node_idx)
{
	nw_node node = memory_near(topo, sched->map, node_idx);
	struct nwi_home *home;
	struct nw_mem mem;
	int rc = nw_mem_alloc(&mem, node, sizeof(*home), 0);

	if (rc < 0)
		return rc;
	home = mem.base; /* zeroed */
	home->mem = mem;
	home->worker_count = sched->map->first_worker[node_idx + 1] -
			     sched->map->first_worker[node_idx];
	nw_event_init(&home->event);
	sched->homes[node_idx] = home;
	sched->homes_used[sched->home_count++] = node_idx;
	for (int i = 0; i < NW_SCHED_PRIORITY_COUNT && rc == 0; i++) {
		rc = make_queue(&home->injectors[i], sched, node);
		if (rc == 0)
			rc = make_queue(&home->mailboxes[i], sched, node);
	}
	return rc;
}

static int fill_worker(struct nwi_worker *worker, nw_node node)
{
	const struct nw_sched_options *options = &worker->sched->options;
	uint32_t first = options->job_slots < JOB_SLOTS_FIRST ? options->job_slots
							      : JOB_SLOTS_FIRST;
	struct nwi_policy_options policy;
	int rc = nw_mem_alloc(&worker->slots_mem, node,
			      NW_TASK_PENDING_MAX * sizeof(struct nw_task), 0);

	if (rc == 0)
		rc = nw_deque_create(&worker->jobs, node, first, options->job_slots);
	if (rc == 0)
		rc = nw_hazard_register(&worker->hazard, worker->sched->hazards);
	if (rc < 0)
		return rc;
	worker->burst = first < NWI_JOBS_BURST ? first : NWI_JOBS_BURST;
	worker->loads = nwi_heap_alloc_array(worker->sched->node_count, sizeof(*worker->loads));
	if (!worker->loads)
		return -ENOMEM;
	nwi_tasks_init(worker, worker->slots_mem.base, options->task_slots);
	nwi_policy_options_default(&policy, worker->sched->policy);
	nwi_policy_init(&worker->policy, worker->sched->map, &policy, worker->rank,
			options->seed + worker->rank);
	nwi_threshold_init(&worker->threshold, THRESHOLD_MIN, THRESHOLD_FIRST, THRESHOLD_MAX,
			   THRESHOLD_WINDOW);
	return 0;
}

static int make_worker(struct nw_sched *sched, const struct nw_topo *topo, uint32_t rank,
		       uint32_t worker_idx)
{
	uint32_t node_idx = nw_crew_worker_at(sched->crew, worker_idx)->node_idx;
	nw_node node = memory_near(topo, sched->map, node_idx);
	struct nwi_worker *worker;
	struct nw_mem mem;
	int rc = nw_mem_alloc(&mem, node, sizeof(*worker), 0);

	if (rc < 0)
		return rc;
	worker = mem.base; /* zeroed */
	worker->mem = mem;
	worker->sched = sched;
	worker->rank = rank;
	worker->worker_idx = worker_idx;
	worker->node_idx = node_idx;
	sched->workers[rank] = sched->by_idx[worker_idx] = worker;
	return fill_worker(worker, node);
}

static bool make_tables(struct nw_sched *sched)
{
	uint32_t workers = sched->worker_count, nodes = sched->node_count;

	sched->workers = nwi_heap_alloc_array(workers, sizeof(*sched->workers));
	sched->by_idx = nwi_heap_alloc_array(workers, sizeof(*sched->by_idx));
	sched->homes = nwi_heap_alloc_array(nodes, sizeof(*sched->homes));
	sched->home_of = nwi_heap_alloc_array(nodes, sizeof(*sched->home_of));
	sched->homes_used = nwi_heap_alloc_array(nodes, sizeof(*sched->homes_used));
	return sched->workers && sched->by_idx && sched->homes && sched->home_of &&
	       sched->homes_used;
}

static int make_map(struct nw_sched *sched, const struct nw_topo *topo)
{
	uint32_t n = sched->node_count;
	uint32_t *worker_counts = nwi_heap_alloc_array(n, sizeof(*worker_counts));
	uint32_t *distance = nwi_heap_alloc_array((size_t)n * n, sizeof(*distance));
	void *memory = nwi_heap_alloc(nwi_policy_map_bytes(n));
	bool is_made = worker_counts && distance && memory;

	for (uint32_t i = 0; is_made && i < sched->worker_count; i++)
		worker_counts[nw_crew_worker_at(sched->crew, i)->node_idx]++;
	for (uint32_t i = 0; is_made && i < n * n; i++)
		distance[i] = nw_topo_distance(topo, i / n, i % n);
	if (is_made)
		sched->map = nwi_policy_map_init(memory, n, worker_counts, distance);
	else
		nwi_heap_free(memory);
	nwi_heap_free(worker_counts);
	nwi_heap_free(distance);
	return is_made ? 0 : -ENOMEM;
}

/* Workers by rank: node after node, within a node as the crew has them. */
static int make_workers(struct nw_sched *sched, const struct nw_topo *topo)
{
	uint32_t rank = 0;
	int rc = 0;

	for (uint32_t node = 0; node < sched->node_count; node++)
		for (uint32_t i = 0; i < sched->worker_count && rc == 0; i++)
			if (nw_crew_worker_at(sched->crew, i)->node_idx == node)
				rc = make_worker(sched, topo, rank++, i);
	return rc;
}

static int make_homes(struct nw_sched *sched, const struct nw_topo *topo)
{
	int rc = 0;

	for (uint32_t i = 0; i < sched->node_count && rc == 0; i++) {
		uint32_t server = nw_crew_server_of(sched->crew, i, 0);

		sched->home_of[i] = nw_crew_worker_at(sched->crew, server)->node_idx;
		if (sched->map->first_worker[i + 1] > sched->map->first_worker[i])
			rc = make_home(sched, topo, i);
	}
	return rc;
}

static void choose_policy(struct nw_sched *sched)
{
	static const enum nwi_policy_kind kinds[NW_SCHED_POLICY_COUNT] = {
		[NW_SCHED_RANDOM] = NWI_POLICY_RANDOM,
		[NW_SCHED_NEAREST] = NWI_POLICY_NEAREST,
		[NW_SCHED_IMBALANCE] = NWI_POLICY_IMBALANCE,
		[NW_SCHED_OCTONION] = NWI_POLICY_OCTONION,
	};

	sched->policy = sched->options.policy == NW_SCHED_DEFAULT
				? nwi_policy_default_kind(sched->home_count)
				: kinds[sched->options.policy];
	sched->reads_loads = nwi_policy_reads_loads(sched->policy);
}

static int make_parts(struct nw_sched *sched, const struct nw_topo *topo)
{
	int rc = make_tables(sched) ? 0 : -ENOMEM;

	if (rc == 0)
		rc = make_map(sched, topo);
	if (rc == 0)
		rc = nw_hazard_create(&sched->hazards, NW_NODE_ANY, NULL);
	if (rc == 0)
		rc = make_homes(sched, topo);
	choose_policy(sched);
	if (rc == 0)
		rc = make_workers(sched, topo);
	return rc;
}

/* ---- start and stop ---- */

static void set_gate(struct nw_sched *sched, enum gate gate)
{
	atomic_store(&sched->gate, gate);
	nw_event_notify_all(&sched->started);
}

static enum gate await_gate(struct nw_sched *sched)
{
	enum gate gate;

	while ((gate = (enum gate)atomic_load(&sched->gate)) == GATE_CLOSED) {
		nw_event_key key = nw_event_prepare(&sched->started);

		if (atomic_load(&sched->gate) != GATE_CLOSED)
			nw_event_cancel(&sched->started);
		else
			(void)nw_event_wait(&sched->started, key, 0, 0);
	}
	return gate;
}

static void worker_main(struct nw_crew_worker *crew_worker, void *arg)
{
	struct nw_sched *sched = arg;
	struct nwi_worker *worker;

	if (await_gate(sched) == GATE_ABANDONED)
		return;
	worker = sched->by_idx[crew_worker->worker_idx];
	nwi_worker_set_self(worker);
	nwi_worker_loop(worker);
	nwi_worker_set_self(NULL);
}

static int make_sched(struct nw_sched **ret_sched, const struct nw_sched_options *options)
{
	struct nw_mem mem;
	int rc = nw_mem_alloc(&mem, NW_NODE_ANY, sizeof(struct nw_sched), 0);

	if (rc < 0)
		return rc;
	*ret_sched = mem.base; /* zeroed: gate closed, nobody asleep, not stopping */
	(*ret_sched)->mem = mem;
	(*ret_sched)->options = *options;
	(*ret_sched)->spin_rounds = options->spin_rounds;
	nw_event_init(&(*ret_sched)->started);
	return 0;
}

int nw_sched_start(struct nw_sched **ret_sched, const struct nw_crew_options *crew,
		   const struct nw_sched_options *options, struct nw_diag *reterr_diag)
{
	struct nw_sched_options taken;
	struct nw_sched *sched = NULL;
	int rc = take_options(&taken, options, reterr_diag);

	if (rc == 0)
		rc = make_sched(&sched, &taken);
	if (rc < 0)
		return rc;
	rc = nw_crew_start(&sched->crew, crew, worker_main, sched, reterr_diag);
	if (rc < 0) {
		free_sched(sched);
		return rc;
	}
	sched->worker_count = nw_crew_worker_count(sched->crew);
	sched->node_count = nw_topo_node_count(crew->topo);
	rc = make_parts(sched, crew->topo);
	if (rc < 0) {
		set_gate(sched, GATE_ABANDONED);
		nw_crew_join(sched->crew);
		free_sched(sched);
		nwi_diag_set(reterr_diag, "no memory for a scheduler: %s", strerrordesc_np(-rc));
		return rc;
	}
	*ret_sched = sched;
	set_gate(sched, GATE_OPEN);
	return 0;
}

void nw_sched_stop(struct nw_sched *sched)
{
	atomic_store(&sched->is_stopping, true);
	nwi_idle_wake_all(sched);
}

void nw_sched_destroy(struct nw_sched *sched)
{
	if (!sched)
		return;
	assert(nwi_worker_self() == NULL || nwi_worker_self()->sched != sched);
	nw_sched_stop(sched);
	nw_crew_join(sched->crew);
	free_sched(sched);
}

const struct nw_crew *nw_sched_crew(const struct nw_sched *sched)
{
	return sched->crew;
}

/* ---- counters ---- */

static void add_counts(const struct nwi_worker *worker, struct nw_sched_counters *sum)
{
	uint64_t *fields[NWI_COUNT_COUNT] = {
		[NWI_COUNT_LOCAL_POPS] = &sum->local_pops,
		[NWI_COUNT_SAME_NODE_STEALS] = &sum->same_node_steals,
		[NWI_COUNT_CROSS_NODE_STEALS] = &sum->cross_node_steals,
		[NWI_COUNT_INJECTOR_TAKES] = &sum->injector_takes,
		[NWI_COUNT_MIGRATIONS] = &sum->migrations,
		[NWI_COUNT_REFUSED_MIGRATIONS] = &sum->refused_migrations,
		[NWI_COUNT_HINTED_JOBS] = &sum->hinted_jobs,
		[NWI_COUNT_HINTED_HOME] = &sum->hinted_home,
		[NWI_COUNT_FAILED_ROUNDS] = &sum->failed_rounds,
		[NWI_COUNT_SLEEPS] = &sum->sleeps,
		[NWI_COUNT_WAKES] = &sum->wakes,
		[NWI_COUNT_LEAPS] = &sum->leaps,
		[NWI_COUNT_INLINE_OVERFLOWS] = &sum->inline_overflows,
	};

	for (int i = 0; i < NWI_COUNT_COUNT; i++)
		/* relaxed: a statistic. */
		*fields[i] += atomic_load_explicit(&worker->counts[i], memory_order_relaxed);
}

void nw_sched_counters(const struct nw_sched *sched, uint32_t worker_idx,
		       struct nw_sched_counters *ret_counters)
{
	assert(worker_idx < sched->worker_count);
	*ret_counters = (struct nw_sched_counters){ 0 };
	add_counts(sched->by_idx[worker_idx], ret_counters);
}

void nw_sched_counters_sum(const struct nw_sched *sched, struct nw_sched_counters *ret_counters)
{
	*ret_counters = (struct nw_sched_counters){ 0 };
	for (uint32_t i = 0; i < sched->worker_count; i++)
		add_counts(sched->workers[i], ret_counters);
	/* relaxed: a statistic. */
	ret_counters->wakes += atomic_load_explicit(&sched->outside_wakes, memory_order_relaxed);
}

/* SPDX-License-Identifier: MIT */
/*
 * Starting, joining and asking about a crew.
 *
 * A start has three acts. The caller places the workers, allocates each seat on its node
 * and creates the threads; each thread names itself, pins itself, fills its seat and
 * reports ready; when all have, the gate opens and `run` begins everywhere.
 *
 * Invariant: `run` begins on every worker or on none. If a thread cannot be created, the
 * gate says so, those that wait at it leave, and they are joined before the start fails.
 */
#include "crew/crew.h"

#include "base/diag.h"
#include "os/futex.h"
#include "os/heap.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum gate { GATE_CLOSED, GATE_OPEN, GATE_ABANDONED };

/* Until *word is no longer `value`. Cold: starting only. */
static uint32_t wait_while(_Atomic uint32_t *word, uint32_t value)
{
	uint32_t now;

	while ((now = atomic_load(word)) == value)
		(void)nwi_futex_wait(word, value, UINT64_MAX); /* no deadline, cannot time out */
	return now;
}

static void set_gate(struct nw_crew *crew, enum gate gate)
{
	atomic_store(&crew->gate, gate);
	nwi_futex_wake(&crew->gate, INT32_MAX);
}

/* On the worker's thread: after the pin, so the page is touched from its node. */
static void fill_seat(struct nwi_post *post, int pin_reason)
{
	const struct nw_crew *crew = post->crew;

	post->seat->worker = (struct nw_crew_worker){
		.crew = post->crew,
		.worker_idx = post->worker_idx,
		.node_idx = post->place.node_idx,
		.cpu = nw_topo_cpu_at(crew->topo, post->place.cpu_idx)->cpu,
		.is_pinned = !crew->no_pin && pin_reason == 0,
		.pin_reason = pin_reason,
	};
	atomic_init(&post->seat->has_token, false);
	nw_event_init(&post->seat->event);
}

static void *worker_main(void *arg)
{
	struct nwi_post *post = arg;
	struct nw_crew *crew = post->crew;
	int pin_reason = 0;

	nwi_thread_set_name(post->name);
	if (!crew->no_pin)
		pin_reason = nwi_thread_pin(nw_topo_cpu_at(crew->topo, post->place.cpu_idx)->cpu);
	fill_seat(post, pin_reason);
	atomic_fetch_add(&crew->ready_count, 1);
	nwi_futex_wake(&crew->ready_count, 1);
	if (wait_while(&crew->gate, GATE_CLOSED) == GATE_OPEN)
		crew->run(&post->seat->worker, crew->arg);
	return NULL;
}

static void join_threads(struct nw_crew *crew)
{
	/* It cannot fail: each was created here, is joined once, and never joins itself. */
	while (crew->thread_count > 0)
		(void)pthread_join(crew->posts[--crew->thread_count].thread, NULL);
}

/* With signals blocked, which the new threads inherit: the caller's threads keep them. */
static int create_threads(struct nw_crew *crew, struct nw_diag *reterr_diag)
{
	sigset_t saved;
	int rc = nwi_thread_block_signals(&saved);

	for (uint32_t i = 0; i < crew->worker_count && rc == 0; i++) {
		struct nwi_post *post = &crew->posts[i];

		rc = -pthread_create(&post->thread, NULL, worker_main, post);
		if (rc == 0)
			crew->thread_count++;
		else
			nwi_diag_set(reterr_diag, "thread %u of %u cannot be created: %s", i + 1,
				     crew->worker_count, strerrordesc_np(-rc));
	}
	nwi_thread_restore_signals(&saved);
	return rc;
}

/* Where memory for a node's workers lives: the nearest node that has any. */
static nw_node memory_near(const struct nw_topo *topo, uint32_t node_idx, uint32_t *order)
{
	nw_topo_nearest(topo, node_idx, order);
	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		const struct nw_topo_node *node = nw_topo_node_at(topo, order[i]);

		if (node->memory_bytes > 0)
			return node->memory_node;
	}
	return NW_NODE_ANY;
}

/* <name>/<worker>: a long name is cut, the number never is. */
static void name_thread(char *ret_name, const char *name, uint32_t worker_idx)
{
	char number[12]; /* a slash, ten digits, the zero */
	int number_len = snprintf(number, sizeof(number), "/%u", worker_idx);

	(void)snprintf(ret_name, NWI_THREAD_NAME_BYTES, "%.*s%s",
		       NWI_THREAD_NAME_BYTES - 1 - number_len, name, number);
}

static int make_seats(struct nw_crew *crew, const struct nwi_place *places, const char *name)
{
	uint32_t *order = nwi_heap_alloc_array(nw_topo_node_count(crew->topo), sizeof(*order));
	int rc = order ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < crew->worker_count && rc == 0; i++) {
		struct nwi_post *post = &crew->posts[i];
		nw_node node;

		post->crew = crew;
		post->place = places[i];
		post->worker_idx = i;
		name_thread(post->name, name, i);
		node = memory_near(crew->topo, post->place.node_idx, order);
		rc = nw_mem_alloc(&post->mem, node, sizeof(*post->seat), 0);
		if (rc == 0)
			post->seat = post->mem.base;
	}
	nwi_heap_free(order);
	return rc;
}

/* All but threads; takes nothing on failure. */
static void free_crew(struct nw_crew *crew)
{
	struct nw_mem mem = crew->mem;

	for (uint32_t i = 0; crew->posts && i < crew->worker_count; i++)
		if (crew->posts[i].seat)
			nw_mem_free(&crew->posts[i].mem);
	nwi_heap_free(crew->posts);
	nwi_servers_free(&crew->servers);
	nw_mem_free(&mem);
}

static int make_crew(struct nw_crew **ret_crew, const struct nw_crew_options *options,
		     const struct nwi_place *places, uint32_t worker_count)
{
	struct nw_mem mem;
	struct nw_crew *crew;
	int rc = nw_mem_alloc(&mem, NW_NODE_ANY, sizeof(*crew), 0);

	if (rc < 0)
		return rc;
	crew = mem.base; /* zeroed: gate closed, nobody ready, not stopping */
	crew->mem = mem;
	crew->topo = options->topo;
	crew->worker_count = worker_count;
	crew->no_pin = options->no_pin;
	crew->posts = nwi_heap_alloc_array(worker_count, sizeof(*crew->posts));
	rc = crew->posts ? nwi_servers_make(&crew->servers, crew->topo, places, worker_count)
			 : -ENOMEM;
	if (rc == 0)
		rc = make_seats(crew, places, options->name ? options->name : "nw");
	if (rc < 0)
		free_crew(crew);
	else
		*ret_crew = crew;
	return rc;
}

static int check_options(const struct nw_crew_options *options, nw_crew_fn *run,
			 struct nw_diag *reterr_diag)
{
	enum nw_topo_kind kind;

	if (!options || !options->topo || !run ||
	    (options->node_idxs && !options->node_idx_count)) {
		nwi_diag_set(reterr_diag, "a crew needs a topology, a function to run and a node");
		return -EINVAL;
	}
	kind = nw_topo_kind(options->topo);
	if (kind == NW_TOPO_SYNTHETIC || kind == NW_TOPO_XML) {
		nwi_diag_set(reterr_diag, "a described topology is not this machine: no thread can "
					  "run on it; use the machine's own or simulated nodes");
		return -ENOTSUP;
	}
	return 0;
}

/* The crew's threads are made and wait at the gate, or rc < 0 and none is left. */
static int muster(struct nw_crew *crew, struct nw_diag *reterr_diag)
{
	int rc = create_threads(crew, reterr_diag);
	uint32_t ready = 0;

	if (rc < 0) {
		set_gate(crew, GATE_ABANDONED);
		join_threads(crew);
		return rc;
	}
	while (ready < crew->worker_count)
		ready = wait_while(&crew->ready_count, ready);
	return 0;
}

int nw_crew_start(struct nw_crew **ret_crew, const struct nw_crew_options *options, nw_crew_fn *run,
		  void *arg, struct nw_diag *reterr_diag)
{
	struct nwi_place *places;
	struct nw_crew *crew;
	uint32_t worker_count;
	int rc = check_options(options, run, reterr_diag);

	if (rc == 0)
		rc = nwi_places_make(&places, &worker_count, options, reterr_diag);
	if (rc < 0)
		return rc;
	rc = make_crew(&crew, options, places, worker_count);
	nwi_heap_free(places);
	if (rc < 0) {
		nwi_diag_set(reterr_diag, "no memory for a crew of %u workers: %s", worker_count,
			     strerrordesc_np(-rc));
		return rc;
	}
	crew->run = run;
	crew->arg = arg;
	rc = muster(crew, reterr_diag);
	if (rc < 0) {
		free_crew(crew);
		return rc;
	}
	*ret_crew = crew; /* before the gate: a worker may use the caller's variable */
	set_gate(crew, GATE_OPEN);
	return 0;
}

void nw_crew_join(struct nw_crew *crew)
{
	join_threads(crew);
}

void nw_crew_destroy(struct nw_crew *crew)
{
	if (!crew)
		return;
	join_threads(crew);
	free_crew(crew);
}

uint32_t nw_crew_worker_count(const struct nw_crew *crew)
{
	return crew->worker_count;
}

const struct nw_crew_worker *nw_crew_worker_at(const struct nw_crew *crew, uint32_t worker_idx)
{
	assert(worker_idx < crew->worker_count);
	return &crew->posts[worker_idx].seat->worker;
}

uint32_t nw_crew_server_of(const struct nw_crew *crew, uint32_t node_idx, uint32_t turn)
{
	const struct nwi_servers *servers = &crew->servers;

	assert(node_idx < nw_topo_node_count(crew->topo));
	return servers->workers[servers->firsts[node_idx] + turn % servers->counts[node_idx]];
}

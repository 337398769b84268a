/* SPDX-License-Identifier: MIT */
/*
 * The workers of a scan: made, started together, run, released.
 *
 * Invariant: all memory of a worker is made by that worker, pinned, before nw_probe_start()
 * returns.
 */
#include "probe/whole.h"

#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

enum {
	WINDOW_MIN_LOG2 = 16,
	WINDOW_MAX_LOG2 = 27,   /* 16 MiB of bits a worker */
	RATE_FASTEST = 4000000, /* what a window is made for where there is no limit */
	GROUP_BASE = 0x4e00,
	IDLE_NS = 50000000,
};

uint64_t nwi_wall_ns(void)
{
	struct timespec now;

	(void)timespec_get(&now, TIME_UTC); /* cannot fail with this base */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}
/* --- A worker --- */

/* Twice what can be asked while a question may be asked again. */
static uint64_t window_capacity(const struct nw_probe_options *options, uint64_t end)
{
	uint64_t rate = options->rate_per_s ? options->rate_per_s : RATE_FASTEST;
	uint64_t wanted = rate / options->worker_count * 2 * options->try_count *
			  (options->delay_ns / NS_PER_S + 1);
	uint32_t log2 = WINDOW_MIN_LOG2;

	while (log2 < WINDOW_MAX_LOG2 && (UINT64_C(1) << log2) < wanted &&
	       (UINT64_C(1) << log2) < end)
		log2++;
	return UINT64_C(1) << log2;
}

static uint64_t share_end(const struct nwi_share *share)
{
	return share->next >= share->end
		       ? 0
		       : (share->end - share->next + share->step - 1) / share->step;
}

/* The slices of the group's filter are equal, so what does not divide is left out. */
static void take_slice(struct nwi_scanner *scanner, const struct nwi_scan *scan)
{
	scanner->port_count = (uint16_t)(scan->port_count / scan->worker_count);
	scanner->port_first = (uint16_t)(scan->port_first +
					 scanner->worker_idx * scanner->port_count);
}

static int open_link(struct nwi_scanner *scanner, const struct nw_probe *probe, nw_node node,
		     struct nw_diag *reterr_diag)
{
	const struct nwi_scan *scan = &probe->scan;
	struct nw_link_options options = {
		.interface = probe->interface,
		.node = node,
		.ring_bytes = probe->options.ring_bytes,
		.port_first = scan->port_first,
		.port_last = (uint16_t)(scan->port_first +
					scanner->port_count * scan->worker_count - 1),
		.group = scan->worker_count > 1 ? (uint16_t)(GROUP_BASE ^ probe->options.key[0])
						: 0,
		.group_count = scan->worker_count
	};

	if (scan->worker_count > 1 && options.group == 0)
		options.group = GROUP_BASE;
	return nw_link_open(&scanner->link, &options, reterr_diag);
}

static int make_scanner(struct nw_probe *probe, struct nw_crew_worker *worker)
{
	const struct nw_probe_options *options = &probe->options;
	nw_node node = nw_topo_node_at(options->topo, worker->node_idx)->memory_node;
	struct nwi_share share = nwi_plan_share(&probe->scan.plan, options->shard_idx,
						options->shard_count, worker->worker_idx,
						options->worker_count);
	uint64_t capacity = window_capacity(options, share_end(&share));
	struct nw_mem *mem = &probe->memories[worker->worker_idx];
	struct nwi_scanner *scanner;
	int rc = nw_mem_alloc(mem, node,
			      sizeof(*scanner) + nwi_window_bytes(capacity, options->try_count), 0);

	if (rc < 0)
		return rc;
	scanner = mem->base;
	scanner->scan = &probe->scan;
	scanner->worker_idx = worker->worker_idx;
	scanner->share = share;
	scanner->events = &probe->events[worker->worker_idx];
	take_slice(scanner, &probe->scan);
	nwi_window_init(&scanner->window, scanner + 1, capacity, options->try_count,
			share_end(&share), options->delay_ns);
	nwi_window_skip(&scanner->window, probe->positions[worker->worker_idx]);
	probe->scanners[worker->worker_idx] = scanner;
	return open_link(scanner, probe, node, &probe->gate.diag);
}

static void note_placement(struct nw_probe *probe, const struct nw_crew_worker *worker)
{
	const struct nwi_scanner *scanner = probe->scanners[worker->worker_idx];
	const struct nw_mem *mem = nw_link_memory(scanner->link);

	probe->placements[worker->worker_idx] = (struct nw_probe_worker){
		.node = mem->node,
		.is_bound = mem->level == NW_MEM_BOUND,
		.is_pinned = worker->is_pinned,
		.bypasses = nw_link_bypasses(scanner->link),
		.cpu = worker->cpu,
		.port_first = scanner->port_first,
		.port_last = (uint16_t)(scanner->port_first + scanner->port_count - 1)
	};
}

/* Links open one after the other: the kernel numbers a group's in that order. */
static bool open_in_turn(struct nw_probe *probe, struct nw_crew_worker *worker)
{
	struct gate *gate = &probe->gate;
	bool may_go;

	pthread_mutex_lock(&gate->lock);
	while (gate->ready_count < worker->worker_idx)
		pthread_cond_wait(&gate->changed, &gate->lock);
	if (gate->rc == 0)
		gate->rc = make_scanner(probe, worker);
	if (gate->rc == 0)
		note_placement(probe, worker);
	gate->ready_count++;
	pthread_cond_broadcast(&gate->changed);
	while (!gate->may_go && !gate->must_leave)
		pthread_cond_wait(&gate->changed, &gate->lock);
	may_go = gate->may_go;
	pthread_mutex_unlock(&gate->lock);
	return may_go;
}

static void run(struct nw_crew_worker *worker, void *arg)
{
	struct nw_probe *probe = arg;
	struct nwi_scanner *scanner;

	if (open_in_turn(probe, worker)) {
		scanner = probe->scanners[worker->worker_idx];
		nwi_rate_init(&scanner->rate,
			      nwi_rate_part(probe->options.rate_per_s, worker->worker_idx,
					    probe->options.worker_count),
			      now_ns());
		while (!scanner->is_over) {
			uint64_t rest_ns = nwi_scanner_step(scanner, now_ns());

			if (rest_ns > 0)
				(void)nw_link_wait(scanner->link,
						   rest_ns < IDLE_NS ? rest_ns : IDLE_NS);
		}
	}
	/* [probe_over.count] release, pairs with [probe_is_over.count]: all its events are shown.
	 */
	atomic_fetch_add_explicit(&probe->over_count, 1, memory_order_release);
}

/* --- Running --- */

static void open_gate(struct nw_probe *probe, bool may_go)
{
	pthread_mutex_lock(&probe->gate.lock);
	probe->gate.may_go = may_go;
	probe->gate.must_leave = !may_go;
	pthread_cond_broadcast(&probe->gate.changed);
	pthread_mutex_unlock(&probe->gate.lock);
}

static int wait_ready(struct nw_probe *probe)
{
	int rc;

	pthread_mutex_lock(&probe->gate.lock);
	while (probe->gate.ready_count < probe->options.worker_count)
		pthread_cond_wait(&probe->gate.changed, &probe->gate.lock);
	rc = probe->gate.rc;
	pthread_mutex_unlock(&probe->gate.lock);
	return rc;
}

int nw_probe_start(struct nw_probe *probe, struct nw_diag *reterr_diag)
{
	const struct nw_probe_options *options = &probe->options;
	struct nw_crew_options crew = { .topo = options->topo,
					.name = "scan",
					.node_idxs = options->node_idxs,
					.node_idx_count = options->node_idx_count,
					.worker_count = options->worker_count,
					.no_pin = options->no_pin };
	int rc = nw_crew_start(&probe->crew, &crew, run, probe, reterr_diag);

	if (rc < 0)
		return rc;
	rc = wait_ready(probe);
	if (rc < 0 && reterr_diag)
		*reterr_diag = probe->gate.diag;
	open_gate(probe, rc == 0);
	return rc;
}

void nwi_probe_free_workers(struct nw_probe *probe)
{
	if (!probe->scanners || !probe->memories)
		return;
	for (uint32_t i = 0; i < probe->options.worker_count; i++) {
		if (probe->scanners[i])
			nw_link_close(probe->scanners[i]->link);
		nw_mem_free(&probe->memories[i]);
	}
}

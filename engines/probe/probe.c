/* SPDX-License-Identifier: MIT */
/*
 * A scan: its options, its crew, what it tells.
 *
 * Invariant: all memory of a worker is made by that worker, pinned, before nw_probe_start()
 * returns; what is shared is constant by then, but for tallies and lanes.
 */
#include "probe/scan.h"

#include <nw/arena.h>
#include <nw/mem.h>

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

enum {
	PORT_FIRST = 61000,
	PORT_LAST = 65535,
	EVENTS_LOG2 = 15, /* slots of a worker's way out */
	HANDED_SLOTS = 1024,
	WINDOW_MIN_LOG2 = 16,
	WINDOW_MAX_LOG2 = 27,   /* 16 MiB of bits a worker */
	RATE_FASTEST = 4000000, /* what a window is made for where there is no limit */
	GROUP_BASE = 0x4e00,
	IDLE_NS = 50000000,
};

/* What workers and the starter wait for of each other. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint32_t ready_count, failed_count;
	int rc; /* the first failure */
	struct nw_diag diag;
	bool may_go, must_leave;
};

struct nw_probe {
	struct nw_arena *arena; /* this, and all that is shared */
	struct nwi_scan scan;
	struct nwi_ports ports;
	struct nw_probe_options options; /* pointers of it: as documented */
	char interface[16];
	uint64_t *positions;
	struct nw_crew *crew;
	struct nwi_scanner **scanners;      /* [worker], each in its worker's memory */
	struct nw_probe_worker *placements; /* [worker] */
	struct nw_mem *memories;            /* [worker]: of the scanner and its window */
	struct nwi_scan_lane *events;       /* [worker] */
	struct gate gate;
	_Atomic uint32_t over_count;
	uint32_t next_lane; /* where taking events out begins the next time */
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

/* --- Options --- */

static int refuse(struct nw_diag *reterr_diag, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(struct nw_diag *reterr_diag, const char *format, ...)
{
	va_list args;

	if (reterr_diag) {
		va_start(args, format);
		(void)vsnprintf(reterr_diag->text, sizeof(reterr_diag->text), format, args);
		va_end(args);
	}
	return -EINVAL;
}

static void fill_defaults(struct nw_probe_options *options)
{
	options->worker_count = options->worker_count ? options->worker_count : 1;
	if (options->source_port_first == 0 && options->source_port_last == 0) {
		options->source_port_first = PORT_FIRST;
		options->source_port_last = PORT_LAST;
	}
	options->try_count = options->try_count ? options->try_count : 1;
	options->delay_ns = options->delay_ns ? options->delay_ns : NS_PER_S;
	options->shard_count = options->shard_count ? options->shard_count : 1;
}

static int check(const struct nw_probe_options *options, struct nw_diag *reterr_diag)
{
	uint32_t port_count = options->source_port_last - options->source_port_first + 1u;

	if (!options->topo || !options->targets || !options->targets->is_closed)
		return refuse(reterr_diag, "a topology and a closed set of targets are needed");
	if (!options->interface ||
	    strlen(options->interface) >= sizeof(((struct nw_probe *)0)->interface))
		return refuse(reterr_diag, "no interface, or a name that is too long");
	if (options->worker_count > NW_PROBE_WORKERS_MAX)
		return refuse(reterr_diag, "%u workers: %u are the most", options->worker_count,
			      NW_PROBE_WORKERS_MAX);
	if (options->source_port_first > options->source_port_last ||
	    port_count < options->worker_count)
		return refuse(reterr_diag, "source ports %u-%u: one a worker is the least",
			      options->source_port_first, options->source_port_last);
	if (options->try_count > NW_PROBE_TRIES_MAX)
		return refuse(reterr_diag, "%u askings: %u are the most", options->try_count,
			      NW_PROBE_TRIES_MAX);
	if (options->shard_idx >= options->shard_count)
		return refuse(reterr_diag, "shard %u of %u", options->shard_idx,
			      options->shard_count);
	if (options->key[0] == 0 && options->key[1] == 0)
		return refuse(reterr_diag, "the key is all zero");
	return 0;
}

static int read_ports(struct nw_probe *probe, struct nw_diag *reterr_diag)
{
	const char *text = probe->options.ports, *reason;
	size_t at;

	if (!text)
		return 0;
	if (!nwi_ports_add(&probe->ports, text, false, &at, &reason))
		return refuse(reterr_diag, "ports '%s', at %zu: %s", text, at + 1, reason);
	nwi_ports_close(&probe->ports);
	probe->scan.ports = &probe->ports;
	return 0;
}

static bool has_family(const struct nwi_targets *targets, enum nwi_family family)
{
	/* IPv4 comes first, IPv6 last. */
	const struct nwi_target_list *list = &targets->kept;

	return list->count > 0 &&
	       list->at[family == NWI_IPV4 ? 0 : list->count - 1].range.first.family == family;
}

static int check_sources(const struct nw_probe_options *options, struct nw_diag *reterr_diag)
{
	const struct nwi_targets *targets = &options->targets->list;

	if (has_family(targets, NWI_IPV4) && options->source_ipv4.family != 4)
		return refuse(reterr_diag, "targets of IPv4, and no address to ask from");
	if (has_family(targets, NWI_IPV6) && options->source_ipv6.family != 6)
		return refuse(reterr_diag, "targets of IPv6, and no address to ask from");
	return 0;
}

/* --- What is shared --- */

static void make_templates(struct nwi_scan *scan, const struct nw_probe_options *options,
			   const struct nw_link_info *link)
{
	const struct nw_probe_address *sources[2] = { &options->source_ipv4,
						      &options->source_ipv6 };

	for (int family = 0; family < 2; family++) {
		struct nwi_frame_terms terms = { .key = scan->key, .has_link = link->has_ethernet };

		if (sources[family]->family == 0)
			continue;
		terms.source = nwi_address_of_bytes((enum nwi_family)sources[family]->family,
						    sources[family]->bytes);
		memcpy(terms.from_mac, link->mac, sizeof(terms.from_mac));
		memcpy(terms.to_mac, options->next_hop, sizeof(terms.to_mac));
		for (int kind = 0; kind < 3; kind++) {
			terms.kind = (enum nwi_frame_kind)(kind + 1);
			nwi_frame_template_init(&scan->templates[family][kind], &terms);
		}
	}
	scan->link_bytes = link->has_ethernet ? NWI_FRAME_LINK_BYTES : 0;
}

static int open_lane(struct nw_arena *arena, struct nwi_scan_lane *lane, uint32_t slot_count)
{
	size_t n_bytes = nw_lane_bytes(slot_count);
	void *memory = nw_arena_alloc(arena, n_bytes, NW_CACHE_PAIR);
	int rc;

	if (!memory)
		return -ENOMEM;
	rc = nw_lane_format(memory, n_bytes, slot_count);
	if (rc == 0)
		rc = nw_lane_writer_open(&lane->writer, memory, n_bytes, slot_count);
	if (rc == 0)
		rc = nw_lane_reader_open(&lane->reader, memory, n_bytes, slot_count);
	return rc;
}

static int open_lanes(struct nw_probe *probe)
{
	uint32_t count = probe->options.worker_count;
	int rc = 0;

	probe->events = nw_arena_alloc(probe->arena, count * sizeof(*probe->events), NW_CACHE_PAIR);
	probe->scan.lanes = nw_arena_alloc(
		probe->arena, (size_t)count * count * sizeof(*probe->scan.lanes), NW_CACHE_PAIR);
	if (!probe->events || !probe->scan.lanes)
		return -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < count; i++)
		rc = open_lane(probe->arena, &probe->events[i], 1u << EVENTS_LOG2);
	for (uint32_t i = 0; rc == 0 && i < count * count; i++)
		if (i / count != i % count)
			rc = open_lane(probe->arena, &probe->scan.lanes[i], HANDED_SLOTS);
	return rc;
}

static int make_arrays(struct nw_probe *probe)
{
	uint32_t count = probe->options.worker_count;

	probe->scanners = nw_arena_alloc(probe->arena, count * sizeof(*probe->scanners), 8);
	probe->placements = nw_arena_alloc(probe->arena, count * sizeof(*probe->placements), 8);
	probe->memories = nw_arena_alloc(probe->arena, count * sizeof(*probe->memories), 8);
	probe->positions = nw_arena_alloc(probe->arena, count * sizeof(*probe->positions), 8);
	if (!probe->scanners || !probe->placements || !probe->memories || !probe->positions)
		return -ENOMEM;
	if (probe->options.positions)
		memcpy(probe->positions, probe->options.positions,
		       count * sizeof(*probe->positions));
	probe->options.positions = NULL;
	return open_lanes(probe);
}

static void set_scan(struct nw_probe *probe)
{
	const struct nw_probe_options *options = &probe->options;
	struct nwi_scan *scan = &probe->scan;

	scan->key = (struct nwi_sip_key){ options->key[0], options->key[1] };
	scan->worker_count = options->worker_count;
	scan->port_first = options->source_port_first;
	scan->port_count = (uint16_t)(options->source_port_last - options->source_port_first + 1u ==
						      65536
					      ? 65535
					      : options->source_port_last -
							options->source_port_first + 1);
	scan->wait_ns = options->wait_ns;
}

static int prepare(struct nw_probe *probe, struct nw_diag *reterr_diag)
{
	struct nw_link_info link;
	int rc = check(&probe->options, reterr_diag);

	if (rc == 0)
		rc = read_ports(probe, reterr_diag);
	if (rc == 0)
		rc = check_sources(&probe->options, reterr_diag);
	if (rc < 0)
		return rc;
	rc = nw_link_describe(probe->options.interface, &link);
	if (rc < 0)
		return refuse(reterr_diag, "there is no interface %s", probe->options.interface);
	(void)snprintf(probe->interface, sizeof(probe->interface), "%s", probe->options.interface);
	probe->options.interface = probe->interface;
	set_scan(probe);
	make_templates(&probe->scan, &probe->options, &link);
	rc = nwi_plan_init(&probe->scan.plan, &probe->options.targets->list, probe->scan.ports,
			   probe->options.seed);
	if (rc == -EINVAL)
		return refuse(reterr_diag, "nothing is left to scan");
	return rc < 0 ? rc : make_arrays(probe);
}

int nw_probe_create(struct nw_probe **ret_probe, const struct nw_probe_options *options,
		    struct nw_diag *reterr_diag)
{
	struct nw_arena *arena;
	struct nw_probe *probe;
	int rc = nw_arena_create(&arena, NW_NODE_ANY, UINT64_C(1) << 32, 0);

	if (rc < 0)
		return rc;
	probe = nw_arena_alloc(arena, sizeof(*probe), NW_CACHE_PAIR);
	if (!probe) {
		nw_arena_destroy(arena);
		return -ENOMEM;
	}
	probe->arena = arena;
	probe->options = *options;
	fill_defaults(&probe->options);
	(void)pthread_mutex_init(&probe->gate.lock, NULL); /* cannot fail with these attributes */
	(void)pthread_cond_init(&probe->gate.changed, NULL);
	rc = prepare(probe, reterr_diag);
	if (rc < 0)
		nw_probe_destroy(probe);
	else
		*ret_probe = probe;
	return rc;
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

uint32_t nw_probe_take(struct nw_probe *probe, struct nw_probe_event *ret_events, uint32_t count)
{
	uint32_t taken = 0;

	for (uint32_t i = 0; i < probe->options.worker_count && taken < count; i++) {
		probe->next_lane = (probe->next_lane + 1) % probe->options.worker_count;
		taken += nw_lane_pop(&probe->events[probe->next_lane].reader, ret_events + taken,
				     count - taken);
	}
	return taken;
}

bool nw_probe_is_over(const struct nw_probe *probe)
{
	/* [probe_is_over.count] acquire, pairs with [probe_over.count]: the events that are taken
	 * out after this are all there will be. */
	return atomic_load_explicit(&probe->over_count, memory_order_acquire) ==
	       probe->options.worker_count;
}

void nw_probe_stop(struct nw_probe *probe)
{
	/* relaxed: hint; the workers' end orders what matters. */
	atomic_store_explicit(&probe->scan.is_stopping, true, memory_order_relaxed);
}

static uint64_t read_count(const _Atomic uint64_t *counter)
{
	/* relaxed: a statistic. */
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void nw_probe_counts(const struct nw_probe *probe, struct nw_probe_counts *ret_counts)
{
	struct nw_probe_counts sum = { 0 };

	for (uint32_t i = 0; i < probe->options.worker_count && probe->scanners[i]; i++) {
		const struct nwi_scan_tally *tally = &probe->scanners[i]->tally;

		sum.place_count += probe->scanners[i]->window.end;
		sum.asked += read_count(&tally->asked);
		sum.sent += read_count(&tally->sent);
		sum.open += read_count(&tally->open);
		sum.closed += read_count(&tally->closed);
		sum.unreachable += read_count(&tally->unreachable);
		sum.up += read_count(&tally->up);
		sum.duplicates += read_count(&tally->duplicates);
		sum.forged += read_count(&tally->forged);
		sum.other += read_count(&tally->other);
		sum.handed_over += read_count(&tally->handed_over);
		sum.received += read_count(&tally->received);
		sum.dropped += read_count(&tally->dropped);
		sum.full += read_count(&tally->full);
	}
	*ret_counts = sum;
}

void nw_probe_positions(const struct nw_probe *probe, uint64_t *ret_positions)
{
	for (uint32_t i = 0; i < probe->options.worker_count; i++)
		ret_positions[i] = probe->scanners[i]
					   ? read_count(&probe->scanners[i]->tally.position)
					   : probe->positions[i];
}

void nw_probe_worker(const struct nw_probe *probe, uint32_t worker_idx,
		     struct nw_probe_worker *ret_worker)
{
	*ret_worker = probe->placements[worker_idx];
}

static void free_workers(struct nw_probe *probe)
{
	if (!probe->scanners || !probe->memories)
		return;
	for (uint32_t i = 0; i < probe->options.worker_count; i++) {
		if (probe->scanners[i])
			nw_link_close(probe->scanners[i]->link);
		nw_mem_free(&probe->memories[i]);
	}
}

void nw_probe_destroy(struct nw_probe *probe)
{
	if (!probe)
		return;
	nw_crew_destroy(probe->crew);
	free_workers(probe);
	(void)pthread_cond_destroy(&probe->gate.changed); /* nobody waits any more */
	(void)pthread_mutex_destroy(&probe->gate.lock);
	nw_arena_destroy(probe->arena);
}

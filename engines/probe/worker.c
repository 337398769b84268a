/* SPDX-License-Identifier: MIT */
/*
 * One worker of a scan: made, released.
 *
 * Invariant: all memory of a worker is made by that worker, pinned.
 */
#include "probe/whole.h"

#include <errno.h>

#define NS_PER_S UINT64_C(1000000000)

enum {
	WINDOW_MIN_LOG2 = 16,
	WINDOW_MAX_LOG2 = 27,   /* 16 MiB of bits a worker */
	RATE_FASTEST = 4000000, /* what a window is made for where there is no limit */
	GROUP_BASE = 0x4e00
};

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

static struct nwi_share share_of(const struct nw_probe *probe, uint32_t worker_idx)
{
	const struct nw_probe_options *options = &probe->options;

	return nwi_plan_share(&probe->scan.plan, options->shard_idx, options->shard_count,
			      worker_idx, options->worker_count);
}

/* The slices of the group's filter are equal, so what does not divide is left out. */
static void take_slice(struct nwi_scanner *scanner, const struct nwi_scan *scan)
{
	scanner->port_count = (uint16_t)(scan->port_count / scan->worker_count);
	scanner->port_first = (uint16_t)(scan->port_first +
					 scanner->worker_idx * scanner->port_count);
}

static const unsigned char *source(const struct nw_probe_address *address)
{
	return address->family ? address->bytes : NULL;
}

static int open_link(struct nwi_scanner *scanner, const struct nw_probe *probe, nw_node node,
		     struct nw_diag *reterr_diag)
{
	const struct nwi_scan *scan = &probe->scan;
	struct nw_link_options options = {
		.interface = probe->interface,
		.node = node,
		.ring_bytes = probe->options.ring_bytes,
		.path = probe->options.path,
		.queue = scanner->worker_idx,
		.port_first = scan->port_first,
		.port_last = (uint16_t)(scan->port_first +
					scanner->port_count * scan->worker_count - 1),
		.has_arp = scan->asks_link,
		.group = scan->worker_count > 1 ? (uint16_t)(GROUP_BASE ^ probe->options.key[0])
						: 0,
		.group_count = scan->worker_count
	};

	/* Without questions of TCP, none of its answers is taken away from the machine. */
	if (scan->ports && scan->ports->tcp_count > 0) {
		options.source_ipv4 = source(&probe->options.source_ipv4);
		options.source_ipv6 = source(&probe->options.source_ipv6);
	}
	if (scanner->worker_idx > 0)
		options.beside = probe->workers[0].scanner->link;
	if (scan->worker_count > 1 && options.group == 0)
		options.group = GROUP_BASE;
	return nw_link_open(&scanner->link, &options, reterr_diag);
}

/* --- By frames --- */

static int make_scanner(struct nw_probe *probe, struct nwi_worker *own, uint32_t idx, nw_node node)
{
	const struct nw_probe_options *options = &probe->options;
	struct nwi_share share = share_of(probe, idx);
	uint64_t capacity = window_capacity(options, share_end(&share));
	struct nwi_scanner *scanner;
	int rc = nw_mem_alloc(&own->memory, node,
			      sizeof(*scanner) + nwi_window_bytes(capacity, options->try_count), 0);

	if (rc < 0)
		return rc;
	own->scanner = scanner = own->memory.base;
	own->tally = &scanner->tally;
	own->place_count = share_end(&share);
	scanner->scan = &probe->scan;
	scanner->worker_idx = idx;
	scanner->share = share;
	scanner->events = nw_news_producer(probe->news, idx);
	scanner->rate.per_s = nwi_rate_part(options->rate_per_s, idx, options->worker_count);
	take_slice(scanner, &probe->scan);
	nwi_window_init(&scanner->window, scanner + 1, capacity, options->try_count,
			own->place_count, options->delay_ns);
	nwi_window_skip(&scanner->window, probe->positions[idx]);
	return open_link(scanner, probe, node, &probe->diag);
}

static const char *const paths[] = { [NW_LINK_PATH_MMSG] = "sendmmsg",
				     [NW_LINK_PATH_RING] = "PACKET_TX_RING",
				     [NW_LINK_PATH_XDP] = "AF_XDP" };

static void note_link(struct nwi_worker *own)
{
	const struct nw_mem *mem = nw_link_memory(own->scanner->link);
	struct nw_probe_worker *placement = &own->placement;

	placement->node = mem->node;
	placement->is_bound = mem->level == NW_MEM_BOUND;
	placement->bypasses = nw_link_bypasses(own->scanner->link);
	placement->how = paths[nw_link_path(own->scanner->link)];
	placement->why = nw_link_path_why(own->scanner->link);
	placement->receives = nw_link_receive_path(own->scanner->link) == NW_LINK_PATH_XDP
				      ? "AF_XDP"
				      : "TPACKET_V3";
	placement->receives_why = nw_link_receive_why(own->scanner->link);
	placement->port_first = own->scanner->port_first;
	placement->port_last = (uint16_t)(own->scanner->port_first + own->scanner->port_count - 1);
}

/* --- By connections --- */

static int open_dial(struct nw_dial **ret_dial, uint32_t line_count, const struct nw_probe *probe,
		     struct nw_diag *reterr_diag)
{
	const struct nw_probe_options *options = &probe->options;
	struct nw_dial_options dial = { .line_count = line_count,
					.interface = options->interface,
					.source_ipv4 = source(&options->source_ipv4),
					.source_ipv6 = source(&options->source_ipv6),
					.no_uring = options->no_uring };

	return nw_dial_open(ret_dial, &dial, reterr_diag);
}

static int make_caller(struct nw_probe *probe, struct nwi_worker *own, uint32_t idx, nw_node node)
{
	const struct nw_probe_options *options = &probe->options;
	struct nwi_share share = share_of(probe, idx);
	struct nwi_caller *caller;
	int rc = nw_mem_alloc(&own->memory, node,
			      sizeof(*caller) + nwi_caller_bytes(options->line_count), 0);

	if (rc < 0)
		return rc;
	own->caller = caller = own->memory.base;
	own->place_count = share_end(&share);
	own->tally = &caller->tally;
	caller->scan = &probe->scan;
	caller->worker_idx = idx;
	caller->line_count = options->line_count;
	caller->share = share;
	caller->end = own->place_count;
	caller->events = nw_news_producer(probe->news, idx);
	caller->rate.per_s = nwi_rate_part(options->rate_per_s, idx, options->worker_count);
	nwi_caller_init(caller, caller + 1, probe->positions[idx]);
	return open_dial(&caller->dial, options->line_count, probe, &probe->diag);
}

static void note_dial(struct nwi_worker *own)
{
	own->placement.node = own->memory.node;
	own->placement.is_bound = own->memory.level == NW_MEM_BOUND;
	own->placement.how = nw_dial_how(own->caller->dial);
}

/* --- Either --- */

/* Its events and counts are the worker's. */
static int make_greeter(struct nw_probe *probe, struct nwi_worker *own, uint32_t idx, nw_node node)
{
	struct nwi_scanner *scanner = own->scanner;
	struct nwi_caller *caller = own->caller;
	struct nwi_greeter *greeter;
	int rc = nw_mem_alloc(&own->greeter_memory, node, sizeof(*greeter) + nwi_greeter_bytes(),
			      0);

	if (rc < 0)
		return rc;
	own->greeter = greeter = own->greeter_memory.base;
	greeter->scan = &probe->scan;
	greeter->worker_idx = idx;
	greeter->events = nw_news_producer(probe->news, idx);
	greeter->tally = scanner ? &scanner->tally : &caller->tally;
	greeter->rate = scanner ? &scanner->rate : &caller->rate;
	greeter->back = own->back;
	*(scanner ? &scanner->greeter : &caller->greeter) = greeter;
	nwi_greeter_init(greeter, greeter + 1);
	greeter->context = nwi_tls_context_create();
	if (!greeter->context)
		return -ENOMEM;
	return open_dial(&greeter->dial, NWI_GREETER_TALKS, probe, &probe->diag);
}

int nwi_probe_make_worker(struct nw_probe *probe, struct nw_crew_worker *worker)
{
	bool connects = probe->options.method == NW_PROBE_CONNECT;
	struct nwi_worker *own = &probe->workers[worker->worker_idx];
	nw_node node = nw_topo_node_at(probe->options.topo, worker->node_idx)->memory_node;
	int rc = (connects ? make_caller : make_scanner)(probe, own, worker->worker_idx, node);

	if (rc == 0 && probe->options.wants_banners)
		rc = make_greeter(probe, own, worker->worker_idx, node);
	if (rc < 0)
		return rc;
	own->placement.is_pinned = worker->is_pinned;
	own->placement.cpu = worker->cpu;
	(connects ? note_dial : note_link)(own);
	own->news = (struct nwi_news){ .events = nw_news_producer(probe->news, worker->worker_idx),
				       .tally = own->tally,
				       .worker_idx = worker->worker_idx };
	return 0;
}

void nwi_probe_free_workers(struct nw_probe *probe)
{
	for (uint32_t i = 0; probe->workers && i < probe->options.worker_count; i++) {
		struct nwi_worker *own = &probe->workers[i];

		if (own->scanner)
			nw_link_close(own->scanner->link);
		if (own->caller)
			nw_dial_close(own->caller->dial);
		nwi_greeter_fini(own->greeter);
		nw_mem_free(&own->greeter_memory);
		nw_mem_free(&own->memory);
	}
}

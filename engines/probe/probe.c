/* SPDX-License-Identifier: MIT */
/*
 * A scan: its options, and what its workers share.
 *
 * Invariant: nothing is started here; what is wrong with the options is said before anything is.
 */
#include "probe/whole.h"

#include <nw/arena.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

enum { PORT_FIRST = 61000, PORT_LAST = 65535, HANDED_SLOTS = 1024, LINES = 1024, BANNER_S = 5 };

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
	options->banner_ns = options->banner_ns ? options->banner_ns : BANNER_S * NS_PER_S;
	options->line_count = options->line_count ? options->line_count : LINES;
}

static int check(const struct nw_probe_options *options, struct nw_diag *reterr_diag)
{
	uint32_t port_count = options->source_port_last - options->source_port_first + 1u;

	if (!options->topo || !options->targets || !options->targets->is_closed)
		return refuse(reterr_diag, "a topology and a closed set of targets are needed");
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
	if (options->method > NW_PROBE_NEIGHBOURS)
		return refuse(reterr_diag, "there is no method %u", (unsigned)options->method);
	if (options->line_count > NW_DIAL_LINES_MAX)
		return refuse(reterr_diag, "%u connections at once: %u are the most",
			      options->line_count, NW_DIAL_LINES_MAX);
	if (options->news && (nw_news_producer_count(options->news) < options->worker_count ||
			      nw_news_slot_count(options->news) < NW_PROBE_NEWS_SLOTS))
		return refuse(reterr_diag, "a bus of %u producers and %u slots for %u workers",
			      nw_news_producer_count(options->news),
			      nw_news_slot_count(options->news), options->worker_count);
	if (options->method == NW_PROBE_CONNECT && !options->interface)
		return 0;
	if (!options->interface ||
	    strlen(options->interface) >= sizeof(((struct nw_probe *)0)->interface))
		return refuse(reterr_diag, "no interface, or a name that is too long");
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

	probe->scan.lanes = nw_arena_alloc(
		probe->arena, (size_t)count * count * sizeof(*probe->scan.lanes), NW_CACHE_PAIR);
	if (!probe->scan.lanes)
		return -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < count * count; i++)
		if (i / count != i % count)
			rc = open_lane(probe->arena, &probe->scan.lanes[i], HANDED_SLOTS);
	return rc;
}

static int open_news(struct nw_probe *probe)
{
	int rc = 0;

	probe->news = probe->options.news;
	if (!probe->news)
		rc = nw_news_create(&probe->news, probe->options.worker_count, NW_PROBE_NEWS_SLOTS);
	probe->owns_news = rc == 0 && !probe->options.news;
	return rc;
}

/* Rings on which banners come back, and room for those that are lent. */
static int open_returns(struct nw_probe *probe)
{
	uint32_t count = probe->options.worker_count;
	size_t n_bytes = nw_ring_bytes(NWI_GREETER_BANNERS);
	int rc = 0;

	if (!probe->options.wants_banners)
		return 0;
	probe->lent = nw_arena_alloc(probe->arena,
				     (size_t)count * NWI_GREETER_BANNERS * sizeof(*probe->lent), 8);
	if (!probe->lent)
		return -ENOMEM;
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		void *memory = nw_arena_alloc(probe->arena, n_bytes, NW_CACHE_PAIR);

		rc = memory ? nw_ring_init(&probe->workers[i].back, memory, n_bytes,
					   NWI_GREETER_BANNERS)
			    : -ENOMEM;
	}
	return rc;
}

static int make_arrays(struct nw_probe *probe)
{
	uint32_t count = probe->options.worker_count;
	int rc;

	probe->workers = nw_arena_alloc(probe->arena, count * sizeof(*probe->workers), 8);
	probe->positions = nw_arena_alloc(probe->arena, count * sizeof(*probe->positions), 8);
	if (!probe->workers || !probe->positions)
		return -ENOMEM;
	if (probe->options.positions)
		memcpy(probe->positions, probe->options.positions,
		       count * sizeof(*probe->positions));
	probe->options.positions = NULL;
	rc = open_returns(probe);
	if (rc == 0)
		rc = open_news(probe);
	return rc < 0 ? rc : open_lanes(probe);
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
	scan->admit = options->admit;
	scan->admit_context = options->admit_context;
	scan->wait_ns = options->wait_ns;
	scan->delay_ns = options->delay_ns;
	scan->banner_ns = options->banner_ns;
	scan->try_count = options->try_count;
}

static int prepare_link(struct nw_probe *probe, const struct nw_link_info *link,
			struct nw_diag *reterr_diag)
{
	struct nwi_scan *scan = &probe->scan;

	if (!link->has_ethernet || link->is_loopback)
		return refuse(reterr_diag, "%s has no link addresses to ask for", probe->interface);
	if (probe->options.ports)
		return refuse(reterr_diag, "hosts are asked for link addresses, not ports");
	scan->asks_link = true;
	memcpy(scan->link_terms.mac, link->mac, sizeof(link->mac));
	if (probe->options.source_ipv4.family)
		scan->link_terms.sources[0] = nwi_address_of_bytes(
			NWI_IPV4, probe->options.source_ipv4.bytes);
	if (probe->options.source_ipv6.family)
		scan->link_terms.sources[1] = nwi_address_of_bytes(
			NWI_IPV6, probe->options.source_ipv6.bytes);
	return 0;
}

/* Connections ask the kernel for all this. */
static int prepare_frames(struct nw_probe *probe, struct nw_diag *reterr_diag)
{
	static const unsigned char nowhere[6] = { 0 };
	struct nw_link_info link;
	int rc = check_sources(&probe->options, reterr_diag);

	if (rc < 0)
		return rc;
	rc = nw_link_describe(probe->options.interface, &link);
	if (rc < 0)
		return refuse(reterr_diag, "there is no interface %s", probe->options.interface);
	probe->scan.neighbours = probe->options.neighbours;
	probe->scan.lacks_router = probe->scan.neighbours &&
				   memcmp(probe->options.next_hop, nowhere, sizeof(nowhere)) == 0;
	make_templates(&probe->scan, &probe->options, &link);
	return probe->options.method == NW_PROBE_NEIGHBOURS
		       ? prepare_link(probe, &link, reterr_diag)
		       : 0;
}

static int check_connect(const struct nw_probe *probe, struct nw_diag *reterr_diag)
{
	if (!probe->scan.ports || probe->scan.ports->udp_count > 0)
		return refuse(reterr_diag, "connections are made to ports of TCP alone");
	return 0;
}

static int prepare(struct nw_probe *probe, struct nw_diag *reterr_diag)
{
	int rc = check(&probe->options, reterr_diag);

	if (rc == 0)
		rc = read_ports(probe, reterr_diag);
	if (rc < 0)
		return rc;
	if (probe->options.interface) {
		(void)snprintf(probe->interface, sizeof(probe->interface), "%s",
			       probe->options.interface);
		probe->options.interface = probe->interface;
	}
	set_scan(probe);
	rc = probe->options.method == NW_PROBE_CONNECT ? check_connect(probe, reterr_diag)
						       : prepare_frames(probe, reterr_diag);
	if (rc < 0)
		return rc;
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
	rc = prepare(probe, reterr_diag);
	if (rc < 0)
		nw_probe_destroy(probe);
	else
		*ret_probe = probe;
	return rc;
}

void nw_probe_destroy(struct nw_probe *probe)
{
	if (!probe)
		return;
	nw_crew_destroy(probe->crew);
	nwi_probe_free_workers(probe);
	if (probe->owns_news)
		nw_news_destroy(probe->news);
	nw_arena_destroy(probe->arena);
}

/* SPDX-License-Identifier: MIT */
/*
 * The scan's numbers as a file that other programs of the user map, as `nodewise top` does.
 *
 * Invariant: the first thread writes all rows, from counts that each worker keeps by itself and
 * from findings on their way to the outputs; a scan without such a file goes on.
 */
#include "scan/scan.h"

#include <nw/stats.h>

#include <string.h>

enum column {
	PLACES,
	ASKED,
	SENT,
	OPEN,
	CLOSED,
	UNREACHABLE,
	UP,
	TIMED_OUT,
	NOT_ASKED,
	BANNERS,
	DUPLICATES,
	FORGED,
	HANDED_OVER,
	RECEIVED,
	DROPPED,
	COLUMN_COUNT
};

static const struct nw_stats_column columns[COLUMN_COUNT] = {
	[PLACES] = { "places", "questions", NW_STATS_GAUGE },
	[ASKED] = { "asked", "questions", NW_STATS_COUNTER },
	[SENT] = { "sent", "questions", NW_STATS_COUNTER },
	[OPEN] = { "open", "ports", NW_STATS_COUNTER },
	[CLOSED] = { "closed", "ports", NW_STATS_COUNTER },
	[UNREACHABLE] = { "unreachable", "ports", NW_STATS_COUNTER },
	[UP] = { "up", "hosts", NW_STATS_COUNTER },
	[TIMED_OUT] = { "timed_out", "questions", NW_STATS_COUNTER },
	[NOT_ASKED] = { "not_asked", "questions", NW_STATS_COUNTER },
	[BANNERS] = { "banners", NULL, NW_STATS_COUNTER },
	[DUPLICATES] = { "duplicates", "answers", NW_STATS_COUNTER },
	[FORGED] = { "forged", "answers", NW_STATS_COUNTER },
	[HANDED_OVER] = { "handed_over", "answers", NW_STATS_COUNTER },
	[RECEIVED] = { "received", "frames", NW_STATS_COUNTER },
	[DROPPED] = { "dropped", "frames", NW_STATS_COUNTER },
};

enum port_column { P_PORT, P_PROTOCOL, P_STATE, P_HOPS, P_WORKER, P_SEEN, PORT_COLUMNS };

static const struct nw_stats_column port_columns[PORT_COLUMNS] = {
	[P_PORT] = { "port", NULL, NW_STATS_GAUGE },
	[P_PROTOCOL] = { "protocol", "tcp|udp|host", NW_STATS_STATE },
	[P_STATE] = { "state", "open|up", NW_STATS_STATE },
	[P_HOPS] = { "hops", NULL, NW_STATS_GAUGE },
	[P_WORKER] = { "worker", NULL, NW_STATS_GAUGE },
	[P_SEEN] = { "seen", "wall_ns", NW_STATS_GAUGE },
};

/* "providers" as of `nodewise cdn`: networks in front, those that were met. */
static const struct nw_stats_column provider_columns[] = {
	{ "targets", NULL, NW_STATS_COUNTER },
	{ "left_out", NULL, NW_STATS_COUNTER },
};

enum { TABLE_WORKERS, TABLE_PORTS, TABLE_PROVIDERS, TABLES };
/* The ports found last; of very many at once some are left out, so that telling costs little. */
enum { PORTS_KEPT = 1024, PORTS_AT_ONCE = 512, NOTES = 256 };

struct place {
	struct nw_probe_address address;
	uint16_t port;
	uint8_t is_udp;
};

static struct { /* the first thread's */
	struct place places[PORTS_KEPT];
	uint64_t count;   /* ever kept */
	uint32_t at_once; /* since the numbers were written last */
} ports;

static const char *const text_names[] = { "interface", "targets" };

static void name_rows(const struct scan_run *run)
{
	char text[64];

	for (uint32_t i = 0; i < run->state.worker_count; i++) {
		struct nw_probe_worker worker;

		nw_probe_worker(run->probe, i, &worker);
		(void)snprintf(text, sizeof(text), "worker %u, CPU %d", i, worker.cpu.id);
		nw_stats_label(run->stats, TABLE_WORKERS, i, text);
	}
	for (uint32_t i = 0; i < scan_cdn_count(run); i++) {
		uint64_t met, left_out;

		nw_stats_label(run->stats, TABLE_PROVIDERS, i,
			       scan_cdn_at(run, i, &met, &left_out));
	}
	nw_stats_text(run->stats, 0, run->interface);
	(void)snprintf(text, sizeof(text), "%llu addresses",
		       (unsigned long long)nw_probe_targets_count(run->targets));
	nw_stats_text(run->stats, 1, text);
}

void scan_segment_open(struct scan_run *run)
{
	nw_node nodes[NW_PROBE_WORKERS_MAX];
	const struct nw_stats_table tables[TABLES] = {
		[TABLE_WORKERS] = { .name = "workers",
				    .columns = columns,
				    .row_nodes = nodes,
				    .column_count = COLUMN_COUNT,
				    .row_count = run->state.worker_count },
		[TABLE_PORTS] = { .name = "ports",
				  .columns = port_columns,
				  .column_count = PORT_COLUMNS,
				  .row_count = PORTS_KEPT },
		[TABLE_PROVIDERS] = { .name = "providers",
				      .columns = provider_columns,
				      .column_count = 2,
				      .row_count = scan_cdn_count(run) },
	};
	const struct nw_stats_options options = { .program = "scan",
						  .tables = tables,
						  .text_names = text_names,
						  .table_count = run->cdn ? TABLES
									  : TABLE_PROVIDERS,
						  .text_count = 2,
						  .note_count = NOTES };
	struct nw_diag diag = { "" };

	for (uint32_t i = 0; i < run->state.worker_count; i++) {
		struct nw_probe_worker worker;

		nw_probe_worker(run->probe, i, &worker);
		nodes[i] = worker.node;
	}
	if (nw_stats_create(&run->stats, &options, &diag) < 0) {
		app_note(SCAN_NAME, "no numbers for other programs: %s", diag.text);
		run->stats = NULL;
		return;
	}
	name_rows(run);
	nw_stats_note(run->stats, "the scan begins");
}

/* --- Findings --- */

static void label_port(struct scan_run *run, uint32_t row_idx, const struct nw_probe_event *event,
		       const struct nw_probe_banner *banner)
{
	char address[NW_PROBE_ADDRESS_TEXT_BYTES], text[NW_STATS_LABEL_BYTES];

	(void)snprintf(text, sizeof(text), "%s%s%s%s%.40s",
		       nw_probe_address_text(&event->target, address), banner ? "  " : "",
		       banner ? banner->service : "", banner && banner->product[0] ? " " : "",
		       banner ? banner->product : "");
	for (char *at = text; *at; at++) /* a service may say anything */
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	nw_stats_label(run->stats, TABLE_PORTS, row_idx, text);
}

static void keep_port(struct scan_run *run, const struct nw_probe_event *event)
{
	uint32_t row_idx = (uint32_t)(ports.count++ % PORTS_KEPT);
	struct nw_stats_row *row = nw_stats_row_at(run->stats, TABLE_PORTS, row_idx);
	bool is_host = event->kind == NW_PROBE_UP;

	ports.places[row_idx] = (struct place){ event->target, event->port, event->is_udp };
	label_port(run, row_idx, event, NULL);
	nw_stats_set(row, P_PORT, event->port);
	nw_stats_set(row, P_PROTOCOL, is_host ? 2 : event->is_udp);
	nw_stats_set(row, P_STATE, is_host);
	nw_stats_set(row, P_HOPS, event->hops);
	nw_stats_set(row, P_WORKER, event->worker_idx);
	nw_stats_set(row, P_SEEN, event->wall_ns);
}

/* Beside the port it came from, if that is still kept. */
static void add_banner(struct scan_run *run, const struct nw_probe_event *event)
{
	uint32_t kept = ports.count < PORTS_KEPT ? (uint32_t)ports.count : PORTS_KEPT;

	for (uint32_t i = 0; i < kept; i++) {
		const struct place *place = &ports.places[i];

		if (place->port == event->port && place->is_udp == event->is_udp &&
		    memcmp(&place->address, &event->target, sizeof(place->address)) == 0)
			label_port(run, i, event, event->banner);
	}
}

static void note_warning(struct scan_run *run, const struct nw_probe_event *event)
{
	char text[NW_STATS_NOTE_BYTES];

	(void)snprintf(text, sizeof(text), "worker %u: %s, %llu times", event->worker_idx,
		       event->warning == NW_PROBE_WARNING_DROPPED
			       ? "answers lost, the kernel had no room"
			       : "the interface took no more",
		       (unsigned long long)event->count);
	nw_stats_note(run->stats, text);
}

void scan_segment_event(struct scan_run *run, const struct nw_probe_event *event)
{
	if (!run->stats)
		return;
	if (event->kind == NW_PROBE_WARNING)
		note_warning(run, event);
	else if (event->kind == NW_PROBE_BANNER)
		add_banner(run, event);
	else if ((event->kind == NW_PROBE_OPEN || event->kind == NW_PROBE_UP) &&
		 ports.at_once++ < PORTS_AT_ONCE)
		keep_port(run, event);
}

/* --- Counts --- */

static void write_row(struct nw_stats_row *row, const struct nw_probe_counts *c)
{
	const uint64_t values[COLUMN_COUNT] = { [PLACES] = c->place_count,
						[ASKED] = c->asked,
						[SENT] = c->sent,
						[OPEN] = c->open,
						[CLOSED] = c->closed,
						[UNREACHABLE] = c->unreachable,
						[UP] = c->up,
						[TIMED_OUT] = c->timed_out,
						[NOT_ASKED] = c->down,
						[BANNERS] = c->banners,
						[DUPLICATES] = c->duplicates,
						[FORGED] = c->forged,
						[HANDED_OVER] = c->handed_over,
						[RECEIVED] = c->received,
						[DROPPED] = c->dropped };

	for (uint32_t i = 0; i < COLUMN_COUNT; i++)
		nw_stats_set(row, i, values[i]);
}

void scan_segment_write(struct scan_run *run)
{
	struct nw_probe_counts counts;

	ports.at_once = 0;
	for (uint32_t i = 0; run->stats && i < scan_cdn_count(run); i++) {
		struct nw_stats_row *row = nw_stats_row_at(run->stats, TABLE_PROVIDERS, i);
		uint64_t met, left_out;

		(void)scan_cdn_at(run, i, &met, &left_out);
		nw_stats_set(row, 0, met);
		nw_stats_set(row, 1, left_out);
	}
	for (uint32_t i = 0; run->stats && i < run->state.worker_count; i++) {
		nw_probe_worker_counts(run->probe, i, &counts);
		write_row(nw_stats_row_at(run->stats, TABLE_WORKERS, i), &counts);
	}
}

void scan_segment_close(struct scan_run *run)
{
	nw_stats_destroy(run->stats);
	run->stats = NULL;
}

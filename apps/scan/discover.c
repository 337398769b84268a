/* SPDX-License-Identifier: MIT */
/*
 * Hosts of the local link: asked for their link addresses before anything else, for a frame on an
 * Ethernet goes to somebody. Who does not answer is down, and is not asked further.
 *
 * Invariant: the table of neighbours is complete before the scan that uses it begins.
 */
#include "scan/scan.h"

#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

enum { TRIES = 3, DELAY_MS = 300, WAIT_MS = 500 };

static bool tells_hosts(const struct scan_run *run)
{
	return run->options->method == SCAN_HOSTS && !run->options->by_echo;
}

static void take_host(struct scan_run *run, const struct nw_probe_event *event)
{
	if (scan_cdn_take(run, event) || scan_tell_news(run, event))
		return;
	(void)nw_probe_neighbours_put(run->neighbours, &event->target, event->mac);
	if (tells_hosts(run))
		scan_outputs_event(&run->outputs, event);
}

uint64_t scan_down_count(const struct scan_run *run)
{
	return run->neighbours ? nw_probe_targets_count(run->on_link) -
					 nw_probe_neighbours_count(run->neighbours)
			       : 0;
}

/* One worker: the answers have no port by which they could be dealt out. */
static struct nw_probe_options options_of(const struct scan_run *run)
{
	struct nw_probe_options options = run->probe_options;
	uint64_t wait_ns = WAIT_MS * NS_PER_MS;

	options.method = NW_PROBE_NEIGHBOURS;
	options.targets = run->on_link;
	options.neighbours = NULL;
	options.ports = NULL;
	options.positions = NULL;
	options.wants_banners = false;
	options.worker_count = 1;
	options.try_count = options.try_count > TRIES ? options.try_count : TRIES;
	options.delay_ns = DELAY_MS * NS_PER_MS;
	options.wait_ns = options.wait_ns < wait_ns ? options.wait_ns : wait_ns;
	if (!tells_hosts(run)) { /* every shard needs all neighbours */
		options.shard_idx = 0;
		options.shard_count = 1;
	}
	return options;
}

static void tell_beginning(const struct scan_run *run)
{
	char text[32];

	if (!run->options->is_quiet)
		(void)fprintf(
			stderr, "Asking %s of the local link of %s for link addresses\n",
			app_format_count(nw_probe_targets_count(run->on_link), text, sizeof(text)),
			run->interface);
}

static void tell_result(const struct scan_run *run)
{
	if (!run->options->is_quiet)
		(void)fprintf(stderr, "%s%llu up, %llu down\n", run->is_terminal ? "\n" : "",
			      (unsigned long long)nw_probe_neighbours_count(run->neighbours),
			      (unsigned long long)scan_down_count(run));
}

int scan_discover(struct scan_run *run)
{
	struct nw_probe_options options;
	struct nw_diag diag = { "" };
	struct nw_probe *probe = NULL;
	int rc;

	if (!run->neighbours)
		return APP_OK;
	tell_beginning(run);
	scan_cdn_be_silent(run, !tells_hosts(run));
	options = options_of(run);
	rc = nw_probe_create(&probe, &options, &diag);
	if (rc == 0)
		rc = nw_probe_start(probe, &diag);
	if (rc == 0) {
		scan_watch(run, probe, take_host);
		nw_probe_counts(probe, &run->discovered);
		tell_result(run);
	}
	nw_probe_destroy(probe);
	scan_cdn_be_silent(run, false);
	return rc < 0 ? app_failed(SCAN_NAME, "the local link: %s",
				   diag.text[0] ? diag.text : strerror(-rc))
		      : APP_OK;
}

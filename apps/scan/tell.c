/* SPDX-License-Identifier: MIT */
/*
 * What is said of a scan: the plan, the workers, the progress, the counts.
 *
 * Invariant: nothing is said on standard output but the closing JSON.
 */
#include "scan/scan.h"

#include <inttypes.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

void scan_tell_plan(const struct scan_run *run)
{
	char addresses[32], left_out[32];
	uint64_t excluded = nw_probe_targets_excluded_count(run->targets);

	if (run->options->is_quiet)
		return;
	(void)fprintf(stderr, "Scanning %s address%s",
		      app_format_count(nw_probe_targets_count(run->targets), addresses,
				       sizeof(addresses)),
		      nw_probe_targets_count(run->targets) == 1 ? "" : "es");
	if (excluded > 0)
		(void)fprintf(stderr, " (%s left out)",
			      app_format_count(excluded, left_out, sizeof(left_out)));
	if (run->interface[0])
		(void)fprintf(stderr, " through %s", run->interface);
	if (run->options->rate)
		(void)fprintf(stderr, ", %" PRIu64 " questions a second", run->options->rate);
	else
		(void)fprintf(stderr, ", as fast as it goes");
	(void)fprintf(stderr, ", seed %" PRIu64 "\n", run->state.seed);
}

static void tell_worker(const struct scan_run *run, uint32_t idx)
{
	struct nw_probe_worker worker;

	nw_probe_worker(run->probe, idx, &worker);
	(void)fprintf(stderr, "worker %u: CPU %d%s, buffers on node %d%s, %s", idx, worker.cpu.id,
		      worker.is_pinned ? "" : " (not pinned)", worker.node.id,
		      worker.is_bound ? "" : " (not bound)", worker.how);
	if (run->options->method == SCAN_CONNECT)
		(void)fprintf(stderr, ", %u connections at once\n", run->probe_options.line_count);
	else
		(void)fprintf(stderr, "%s (%s), answers by %s (%s), ports %u-%u\n",
			      worker.bypasses ? " past the queueing discipline" : "", worker.why,
			      worker.receives, worker.receives_why, worker.port_first,
			      worker.port_last);
}

void scan_tell_workers(const struct scan_run *run)
{
	for (uint32_t i = 0; i < run->state.worker_count && !run->options->is_quiet; i++)
		tell_worker(run, i);
}

static void tell_progress(struct scan_run *run, uint64_t now)
{
	struct nw_probe_counts counts;
	double seconds = (double)(now - run->begun_ns) / 1e9;
	char left[32];

	if (run->options->is_quiet || run->options->stats_every_s == 0 ||
	    now < run->told_ns +
			    run->options->stats_every_s * NS_PER_S * (run->is_terminal ? 1 : 10))
		return;
	run->told_ns = now;
	nw_probe_counts(run->watched, &counts);
	if (counts.sent == 0)
		return;
	counts.asked += counts.down + counts.left_out;
	(void)fprintf(stderr,
		      "%s%5.1f %% done, %.0f a second, %" PRIu64 " open, %" PRIu64
		      " lost by the kernel, %s left%s",
		      run->is_terminal ? "\r" : "",
		      100.0 * (double)counts.asked / (double)counts.place_count,
		      (double)counts.sent / seconds, counts.open + counts.up, counts.dropped,
		      app_format_duration((uint64_t)((double)(counts.place_count - counts.asked) *
						     seconds / (double)(counts.asked + 1) * 1e9),
					  left, sizeof(left)),
		      run->is_terminal ? "   " : "\n");
}

/* The first of its kind: the closing counts have them all. */
static void tell_warning(struct scan_run *run, const struct nw_probe_event *event)
{
	uint64_t *count = &run->warned[event->warning];

	*count += event->count;
	if (*count != event->count || event->warning != NW_PROBE_WARNING_DROPPED)
		return;
	app_note(SCAN_NAME,
		 "worker %u: the kernel had no room for %" PRIu64
		 " answers, they are lost: ask again with --retries, or more slowly with --rate",
		 event->worker_idx, event->count);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

bool scan_tell_news(struct scan_run *run, const struct nw_probe_event *event)
{
	switch ((enum nw_probe_event_kind)event->kind) {
	case NW_PROBE_PROGRESS:
		tell_progress(run, now_ns());
		return true;
	case NW_PROBE_WARNING:
		tell_warning(run, event);
		return true;
	case NW_PROBE_STARTED:
	case NW_PROBE_FINISHED:
		return true;
	default:
		return false;
	}
}

static uint64_t answered(const struct nw_probe_counts *counts)
{
	return counts->open + counts->closed + counts->unreachable + counts->up;
}

static void tell_received(const struct scan_run *run, const struct nw_probe_counts *counts)
{
	if (run->options->path == NW_LINK_PATH_XDP)
		(void)fprintf(stderr,
			      "%" PRIu64 " frames received by AF_XDP, %" PRIu64 " by the ring.\n",
			      counts->received_xdp, counts->received - counts->received_xdp);
}

/* Questions to hosts that are down were not asked. */
static void tell_down(const struct scan_run *run, const struct nw_probe_counts *counts)
{
	if (counts->down > 0)
		(void)fprintf(stderr,
			      "%" PRIu64 " not asked: %" PRIu64
			      " hosts of the local link are down.\n",
			      counts->down, scan_down_count(run));
}

void scan_tell_end(const struct scan_run *run, const struct nw_probe_counts *counts, double seconds)
{
	(void)fprintf(stderr,
		      "%s%" PRIu64 " asked, %" PRIu64 " sent: %" PRIu64 " open, %" PRIu64
		      " closed, %" PRIu64 " unreachable, %" PRIu64 " up, %" PRIu64
		      " timed out; %" PRIu64 " without an answer.\n",
		      run->is_terminal ? "\n" : "", counts->asked, counts->sent, counts->open,
		      counts->closed, counts->unreachable, counts->up, counts->timed_out,
		      counts->asked - answered(counts));
	(void)fprintf(stderr,
		      "%.2f s, %.0f sent a second; %" PRIu64 " answers lost by the kernel, %" PRIu64
		      " repeated, %" PRIu64 " forged, %" PRIu64 " brought home, %" PRIu64
		      " banners.\n",
		      seconds, (double)counts->sent / seconds, counts->dropped, counts->duplicates,
		      counts->forged, counts->handed_over, counts->banners);
	tell_received(run, counts);
	tell_down(run, counts);
	scan_cdn_tell_end(run, counts);
}

int scan_tell_json(const struct scan_run *run, const struct nw_probe_counts *c, double seconds)
{
	static const char format[] =
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:f, s:b, s:s, s:I}";

	return app_print_json(
		SCAN_NAME,
		json_pack(format, "targets", (json_int_t)nw_probe_targets_count(run->targets),
			  "asked", (json_int_t)c->asked, "sent", (json_int_t)c->sent, "open",
			  (json_int_t)c->open, "closed", (json_int_t)c->closed, "unreachable",
			  (json_int_t)c->unreachable, "up", (json_int_t)c->up, "timed_out",
			  (json_int_t)c->timed_out, "unanswered",
			  (json_int_t)(c->asked - answered(c)), "dropped", (json_int_t)c->dropped,
			  "duplicates", (json_int_t)c->duplicates, "forged", (json_int_t)c->forged,
			  "banners", (json_int_t)c->banners, "down",
			  (json_int_t)scan_down_count(run), "not_asked", (json_int_t)c->down,
			  "handed_over", (json_int_t)c->handed_over, "other", (json_int_t)c->other,
			  "received", (json_int_t)c->received, "received_xdp",
			  (json_int_t)c->received_xdp, "left_out", (json_int_t)c->left_out, "cdn",
			  scan_cdn_json(run), "seconds", seconds, "complete", !run->was_stopped,
			  "interface", run->interface, "workers",
			  (json_int_t)run->state.worker_count));
}

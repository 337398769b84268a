/* SPDX-License-Identifier: MIT */
/*
 * The scan: set up, watched, ended.
 *
 * Invariant: every question that was sent is told as answered or as unanswered in the end, and what
 * the kernel dropped is told beside them, so that nobody takes silence for a closed port.
 */
#include "scan/scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S      UINT64_C(1000000000)
#define SAVE_EVERY_NS (2 * NS_PER_S)

enum { EVENTS_AT_ONCE = 4096, LOOK_EVERY_MS = 20 };

static const char resume_default[] = "nodewise-scan.resume";

struct run {
	const struct scan_options *options;
	struct nw_topo *topo;
	struct nw_probe_targets *targets;
	struct nw_probe *probe;
	struct nw_probe_options probe_options;
	struct scan_outputs outputs;
	struct scan_state state;
	uint32_t *node_idxs;
	char interface[16], ports[SCAN_PORTS_BYTES];
	uint64_t begun_ns, saved_ns, told_ns;
	bool is_resumed, was_stopped, is_terminal;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* --- Setting up --- */

static int choose_ports(struct run *run)
{
	const struct scan_options *options = run->options;
	bool is_udp = options->method == SCAN_UDP;

	if (options->method == SCAN_HOSTS)
		return APP_OK;
	run->probe_options.ports = run->ports;
	if (options->ports[0]) {
		(void)snprintf(run->ports, sizeof(run->ports), "%s%.4000s", is_udp ? "U:" : "",
			       options->ports);
		return APP_OK;
	}
	return scan_top_ports(options->top_ports ? options->top_ports
			      : is_udp           ? 30
						 : 100,
			      is_udp, run->ports, sizeof(run->ports));
}

/* Enough to notice that a resumed scan is another one. */
static uint64_t digest_of(const struct run *run)
{
	uint64_t hash = nw_probe_targets_digest(run->targets);
	const char *at = run->probe_options.ports ? run->probe_options.ports : "";

	for (; *at; at++)
		hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	hash = (hash ^ run->options->shard) * UINT64_C(0x100000001b3);
	return (hash ^ run->options->shard_count) * UINT64_C(0x100000001b3);
}

static int make_secrets(struct run *run, const struct scan_state *resumed)
{
	uint64_t random[3];

	if (resumed) {
		uint64_t digest = digest_of(run);

		run->state = *resumed;
		if (digest != resumed->digest)
			return app_bad(SCAN_NAME,
				       "%s is of another scan: other targets, ports or "
				       "shard",
				       run->options->resume);
		return APP_OK;
	}
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return app_failed(SCAN_NAME, "no random numbers: %s", strerror(errno));
	run->state = (struct scan_state){ .seed = run->options->has_seed ? run->options->seed
									 : random[0],
					  .key = { random[1] | 1, random[2] },
					  .digest = digest_of(run),
					  .worker_count = (uint32_t)run->options->workers };
	if (run->state.worker_count == 0)
		run->state.worker_count = 1;
	return APP_OK;
}

static int choose_nodes(struct run *run)
{
	struct nw_diag diag = { "" };
	uint32_t count;

	if (!run->options->nodes)
		return APP_OK;
	if (app_parse_list(run->options->nodes, &run->node_idxs, &count, &diag) < 0)
		return app_bad(SCAN_NAME, "--nodes: %s", diag.text);
	for (uint32_t i = 0; i < count; i++)
		if (run->node_idxs[i] >= nw_topo_node_count(run->topo))
			return app_bad(SCAN_NAME, "--nodes: there is no node at position %u",
				       run->node_idxs[i]);
	run->probe_options.node_idxs = run->node_idxs;
	run->probe_options.node_idx_count = count;
	return APP_OK;
}

static void fill_probe(struct run *run)
{
	const struct scan_options *options = run->options;
	struct nw_probe_options *probe = &run->probe_options;

	probe->topo = run->topo;
	probe->targets = run->targets;
	probe->no_pin = options->no_numa;
	probe->worker_count = run->state.worker_count;
	probe->rate_per_s = options->rate;
	probe->try_count = (uint32_t)options->retries + 1;
	probe->wait_ns = options->wait_ns;
	probe->seed = run->state.seed;
	memcpy(probe->key, run->state.key, sizeof(probe->key));
	probe->shard_idx = (uint32_t)options->shard;
	probe->shard_count = (uint32_t)options->shard_count;
	probe->positions = run->state.positions;
}

static int set_up(struct run *run, const struct scan_state *resumed)
{
	struct nw_diag diag = { "" };
	int code = scan_targets_open(&run->targets, run->options), rc;

	if (code == APP_OK)
		code = app_open_topo(SCAN_NAME, NULL, NULL, &run->topo);
	if (code == APP_OK)
		code = choose_ports(run);
	if (code == APP_OK)
		code = choose_nodes(run);
	if (code == APP_OK)
		code = make_secrets(run, resumed);
	if (code == APP_OK)
		code = scan_way_find(&run->probe_options, run->options, run->targets,
				     run->interface);
	if (code != APP_OK)
		return code;
	fill_probe(run);
	rc = nw_probe_create(&run->probe, &run->probe_options, &diag);
	if (rc == -EINVAL)
		return app_bad(SCAN_NAME, "%s", diag.text);
	return rc < 0 ? app_failed(SCAN_NAME, "%s", strerror(-rc)) : APP_OK;
}

/* --- Telling --- */

static void tell_plan(const struct run *run)
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
	if (run->options->rate)
		(void)fprintf(stderr,
			      " through %s, %" PRIu64 " questions a second, seed %" PRIu64 "\n",
			      run->interface, run->options->rate, run->state.seed);
	else
		(void)fprintf(stderr, " through %s, as fast as it goes, seed %" PRIu64 "\n",
			      run->interface, run->state.seed);
}

static void tell_workers(const struct run *run)
{
	for (uint32_t i = 0; i < run->state.worker_count && !run->options->is_quiet; i++) {
		struct nw_probe_worker worker;

		nw_probe_worker(run->probe, i, &worker);
		(void)fprintf(stderr,
			      "worker %u: CPU %d%s, frames on node %d%s, sendmmsg%s, ports %u-%u\n",
			      i, worker.cpu.id, worker.is_pinned ? "" : " (not pinned)",
			      worker.node.id, worker.is_bound ? "" : " (not bound)",
			      worker.bypasses ? " past the queueing discipline" : "",
			      worker.port_first, worker.port_last);
	}
}

static void tell_progress(struct run *run, uint64_t now)
{
	struct nw_probe_counts counts;
	double seconds = (double)(now - run->begun_ns) / 1e9;
	char left[32];

	if (run->options->is_quiet || run->options->stats_every_s == 0 ||
	    now < run->told_ns +
			    run->options->stats_every_s * NS_PER_S * (run->is_terminal ? 1 : 10))
		return;
	run->told_ns = now;
	nw_probe_counts(run->probe, &counts);
	if (counts.sent == 0)
		return;
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

static uint64_t answered(const struct nw_probe_counts *counts)
{
	return counts->open + counts->closed + counts->unreachable + counts->up;
}

static void tell_end(const struct run *run, const struct nw_probe_counts *counts, double seconds)
{
	(void)fprintf(stderr,
		      "%s%" PRIu64 " asked, %" PRIu64 " sent: %" PRIu64 " open, %" PRIu64
		      " closed, %" PRIu64 " unreachable, %" PRIu64 " up, %" PRIu64
		      " without an answer.\n",
		      run->is_terminal ? "\n" : "", counts->asked, counts->sent, counts->open,
		      counts->closed, counts->unreachable, counts->up,
		      counts->asked - answered(counts));
	(void)fprintf(stderr,
		      "%.2f s, %.0f sent a second; %" PRIu64 " answers lost by the kernel, %" PRIu64
		      " repeated, %" PRIu64 " forged, %" PRIu64 " brought home.\n",
		      seconds, (double)counts->sent / seconds, counts->dropped, counts->duplicates,
		      counts->forged, counts->handed_over);
}

static int tell_json(const struct run *run, const struct nw_probe_counts *c, double seconds)
{
	return app_print_json(
		SCAN_NAME,
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, "
			  "s:b, s:s, s:I}",
			  "targets", (json_int_t)nw_probe_targets_count(run->targets), "asked",
			  (json_int_t)c->asked, "sent", (json_int_t)c->sent, "open",
			  (json_int_t)c->open, "closed", (json_int_t)c->closed, "unreachable",
			  (json_int_t)c->unreachable, "up", (json_int_t)c->up, "unanswered",
			  (json_int_t)(c->asked - answered(c)), "dropped", (json_int_t)c->dropped,
			  "duplicates", (json_int_t)c->duplicates, "forged", (json_int_t)c->forged,
			  "handed_over", (json_int_t)c->handed_over, "other", (json_int_t)c->other,
			  "seconds", seconds, "complete", !run->was_stopped, "interface",
			  run->interface, "workers", (json_int_t)run->state.worker_count));
}

/* --- Running --- */

static void stop(void *arg)
{
	struct run *run = arg;

	nw_probe_stop(run->probe);
}

static int save(struct run *run, const char *path, uint64_t now)
{
	struct scan_state state = run->state;

	nw_probe_positions(run->probe, state.positions);
	state.seconds += (double)(now - run->begun_ns) / 1e9;
	run->saved_ns = now;
	return scan_resume_write(path, &state, run->options->argc, run->options->argv);
}

static uint32_t take_events(struct run *run)
{
	static struct nw_probe_event events[EVENTS_AT_ONCE];
	uint32_t count = nw_probe_take(run->probe, events, EVENTS_AT_ONCE);

	for (uint32_t i = 0; i < count; i++)
		scan_outputs_event(&run->outputs, &events[i]);
	return count;
}

static void look_after(struct run *run, uint64_t now)
{
	const struct scan_options *options = run->options;

	if (!scan_outputs_flush(&run->outputs)) {
		run->was_stopped = true;
		nw_probe_stop(run->probe);
	}
	if (options->max_runtime_s && now > run->begun_ns + options->max_runtime_s * NS_PER_S) {
		run->was_stopped = true;
		nw_probe_stop(run->probe);
	}
	if (options->resume && now > run->saved_ns + SAVE_EVERY_NS)
		(void)save(run, options->resume, now); /* said; what is found goes on */
	tell_progress(run, now);
}

static void watch(struct run *run)
{
	bool is_over;

	do {
		/* Asked before the events are taken: what comes after it is all there will be. */
		is_over = nw_probe_is_over(run->probe);
		if (take_events(run) == EVENTS_AT_ONCE)
			continue;
		look_after(run, now_ns());
		if (!is_over) {
			struct timespec pause = { 0, LOOK_EVERY_MS * 1000000L };

			(void)nanosleep(&pause, NULL); /* a signal ends it early: all the better */
		}
	} while (!is_over || take_events(run) > 0);
	run->was_stopped |= app_was_interrupted();
}

/* A scan that was stopped leaves a file to go on from; one that is done takes it away. */
static int leave(struct run *run)
{
	const char *path = run->options->resume ? run->options->resume : resume_default;
	int code;

	if (!run->was_stopped) {
		if (run->options->resume)
			scan_resume_remove(path);
		return APP_OK;
	}
	code = save(run, path, now_ns());
	if (code != APP_OK)
		return code;
	(void)fprintf(stderr, "nodewise scan: stopped; go on with: nodewise scan --resume %s\n",
		      path);
	return SCAN_STOPPED;
}

static int run_probe(struct run *run)
{
	struct nw_diag diag = { "" };
	struct nw_probe_counts counts;
	double seconds;
	int code, rc;

	code = scan_outputs_open(&run->outputs, run->options, run->is_resumed);
	if (code != APP_OK)
		return code;
	app_on_interrupt(stop, run);
	rc = nw_probe_start(run->probe, &diag);
	if (rc < 0)
		return app_failed(SCAN_NAME, "%s", diag.text[0] ? diag.text : strerror(-rc));
	tell_workers(run);
	run->begun_ns = run->saved_ns = run->told_ns = now_ns();
	watch(run);
	seconds = (double)(now_ns() - run->begun_ns) / 1e9;
	nw_probe_counts(run->probe, &counts);
	if (!run->options->is_quiet)
		tell_end(run, &counts, seconds);
	code = leave(run);
	rc = scan_outputs_close(&run->outputs, &counts, run->was_stopped);
	if (run->options->is_json && tell_json(run, &counts, seconds) != APP_OK)
		rc = APP_FAILED;
	return rc != APP_OK ? rc : code;
}

static int dry_run(const struct run *run)
{
	struct nw_probe_address address;
	char text[NW_PROBE_ADDRESS_TEXT_BYTES];
	uint64_t count = nw_probe_targets_count(run->targets);

	for (uint64_t i = 0; i < count && !ferror(stdout); i++) {
		nw_probe_targets_at(run->targets, i, &address);
		puts(nw_probe_address_text(&address, text));
	}
	return app_finish_output(SCAN_NAME);
}

int scan_run(struct scan_options *options, const struct scan_state *resumed)
{
	struct run run = { .options = options,
			   .is_resumed = resumed != NULL,
			   .is_terminal = isatty(STDERR_FILENO) };
	int code;

	if (options->is_dry_run) {
		code = scan_targets_open(&run.targets, options);
		if (code == APP_OK)
			code = dry_run(&run);
	} else {
		code = set_up(&run, resumed);
		if (code == APP_OK) {
			tell_plan(&run);
			code = run_probe(&run);
		}
	}
	nw_probe_destroy(run.probe);
	nw_probe_targets_destroy(run.targets);
	nw_topo_close(run.topo);
	free(run.node_idxs);
	return code;
}

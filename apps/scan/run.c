/* SPDX-License-Identifier: MIT */
/*
 * The scan: set up, watched, ended.
 *
 * Invariant: every question that was sent is told as answered or as unanswered in the end, and what
 * the kernel dropped is told beside them, so that nobody takes silence for a closed port.
 */
#include "scan/cdn.h"

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

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* --- Setting up --- */

static int choose_ports(struct scan_run *run)
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

/* By which a resumed scan is known to be the same. */
static uint64_t digest_of(const struct scan_run *run)
{
	struct nw_probe_options options = { .targets = run->targets,
					    .ports = run->probe_options.ports,
					    .shard_idx = (uint32_t)run->options->shard,
					    .shard_count = (uint32_t)run->options->shard_count };

	return nw_probe_digest(&options);
}

static int make_secrets(struct scan_run *run, const struct scan_state *resumed)
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
		run->state.worker_count = scan_crew_count(run);
	return APP_OK;
}

static void fill_probe(struct scan_run *run)
{
	const struct scan_options *options = run->options;
	struct nw_probe_options *probe = &run->probe_options;

	probe->topo = run->topo;
	probe->targets = run->targets;
	probe->no_pin = options->no_numa;
	probe->path = options->path;
	probe->worker_count = run->state.worker_count;
	probe->ring_bytes = scan_crew_ring_bytes(run);
	probe->rate_per_s = options->rate;
	probe->try_count = (uint32_t)options->retries + 1;
	probe->wait_ns = options->wait_ns;
	probe->seed = run->state.seed;
	memcpy(probe->key, run->state.key, sizeof(probe->key));
	probe->shard_idx = (uint32_t)options->shard;
	probe->shard_count = (uint32_t)options->shard_count;
	probe->positions = run->state.positions;
	probe->wants_banners = options->wants_banners;
	probe->banner_ns = options->banner_ns;
	scan_crew_connect(run);
}

/* Of hosts alone, those of the local link answer for their link addresses. */
static int choose_hosts(struct scan_run *run)
{
	const struct scan_options *options = run->options;
	uint64_t left;

	if (options->method != SCAN_HOSTS || options->by_echo)
		return APP_OK;
	if (run->off_link)
		run->probe_options.targets = run->off_link;
	left = nw_probe_targets_count(run->probe_options.targets);
	if (options->by_link && left > 0)
		return app_bad(
			SCAN_NAME,
			"-PR: %llu targets are not on the local link, where ARP and neighbour "
			"discovery end",
			(unsigned long long)left);
	return APP_OK;
}

/* Without the right to raw frames, or to this machine itself, and with no method named, connections
 * do. */
static int choose_method(struct scan_run *run)
{
	struct scan_options *options = run->options;
	bool is_own = !options->interface && options->method != SCAN_CONNECT &&
		      scan_way_is_own(run);
	int rc = options->has_method ? 0 : nw_link_allowed();

	if (is_own && options->has_method)
		return app_bad(SCAN_NAME,
			       "an address of this machine itself: its kernel drops frames that "
			       "seem to come from itself; -sT connects");
	if (rc == 0 && !is_own)
		return APP_OK;
	options->method = SCAN_CONNECT;
	if (is_own)
		app_note(SCAN_NAME, "an address of this machine itself: connecting, as -sT");
	else
		app_note(SCAN_NAME,
			 "no raw frames without CAP_NET_RAW (%s): connecting instead, as -sT",
			 strerror(-rc));
	return APP_OK;
}

static int set_up(struct scan_run *run, const struct scan_state *resumed)
{
	struct nw_diag diag = { "" };
	int code = scan_targets_open(&run->targets, run->options), rc;

	if (code == APP_OK)
		code = choose_method(run);
	if (code == APP_OK)
		code = app_open_topo(SCAN_NAME, NULL, NULL, &run->topo);
	if (code == APP_OK)
		code = choose_ports(run);
	if (code == APP_OK)
		code = scan_crew_nodes(run);
	if (code == APP_OK)
		code = make_secrets(run, resumed);
	if (code == APP_OK)
		code = scan_cdn_open(run);
	if (code == APP_OK)
		code = scan_way_find(run);
	if (code != APP_OK)
		return code;
	fill_probe(run);
	code = scan_cdn_use(run);
	if (code == APP_OK)
		code = scan_card_find(run);
	if (code == APP_OK)
		code = choose_hosts(run);
	if (code != APP_OK || nw_probe_targets_count(run->probe_options.targets) == 0)
		return code;
	rc = nw_probe_create(&run->probe, &run->probe_options, &diag);
	if (rc == -EINVAL)
		return app_bad(SCAN_NAME, "%s", diag.text);
	return rc < 0 ? app_failed(SCAN_NAME, "%s", strerror(-rc)) : APP_OK;
}

/* --- Running --- */

static void stop(void *arg)
{
	struct scan_run *run = arg;
	struct nw_probe *probe = run->watched;

	if (probe)
		nw_probe_stop(probe);
}

static int save(struct scan_run *run, const char *path, uint64_t now)
{
	struct scan_state state = run->state;

	if (run->probe)
		nw_probe_positions(run->probe, state.positions);
	state.seconds += (double)(now - run->begun_ns) / 1e9;
	run->saved_ns = now;
	return scan_resume_write(path, &state, run->options->argc, run->options->argv);
}

static uint32_t take_events(struct scan_run *run, struct nw_probe *probe,
			    void (*told)(struct scan_run *run, const struct nw_probe_event *event))
{
	static struct nw_probe_event events[EVENTS_AT_ONCE];
	uint32_t count = nw_probe_take(probe, events, EVENTS_AT_ONCE);

	for (uint32_t i = 0; i < count; i++)
		told(run, &events[i]);
	return count;
}

static void look_after(struct scan_run *run, uint64_t now)
{
	const struct scan_options *options = run->options;

	if (!scan_outputs_flush(&run->outputs)) {
		run->was_stopped = true;
		nw_probe_stop(run->watched);
	}
	if (options->max_runtime_s && now > run->begun_ns + options->max_runtime_s * NS_PER_S) {
		run->was_stopped = true;
		nw_probe_stop(run->watched);
	}
	if (options->resume && now > run->saved_ns + SAVE_EVERY_NS)
		(void)save(run, options->resume, now); /* said; what is found goes on */
	scan_segment_write(run);
}

void scan_watch(struct scan_run *run, struct nw_probe *probe,
		void (*told)(struct scan_run *run, const struct nw_probe_event *event))
{
	bool is_over;

	run->watched = probe;
	if (app_was_interrupted()) /* before there was anything to stop */
		nw_probe_stop(probe);
	do {
		/* Asked before the events are taken: what comes after it is all there will be. */
		is_over = nw_probe_is_over(probe);
		if (take_events(run, probe, told) == EVENTS_AT_ONCE)
			continue;
		look_after(run, now_ns());
		if (!is_over) {
			struct timespec pause = { 0, LOOK_EVERY_MS * 1000000L };

			(void)nanosleep(&pause, NULL); /* a signal ends it early: all the better */
		}
	} while (!is_over || take_events(run, probe, told) > 0);
	run->watched = NULL;
	run->was_stopped |= app_was_interrupted();
}

/* All that a scan tells comes this way: findings go to the outputs, warnings to who watches. */
static void take_finding(struct scan_run *run, const struct nw_probe_event *event)
{
	if (scan_cdn_take(run, event))
		return;
	scan_segment_event(run, event);
	if (!scan_tell_news(run, event))
		scan_outputs_event(&run->outputs, event);
}

/* A scan that was stopped leaves a file to go on from; one that is done takes it away. */
static int leave(struct scan_run *run)
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

/* Hosts of the local link first; where they are all there is to ask, there is no probe. */
static int run_passes(struct scan_run *run)
{
	struct nw_diag diag = { "" };
	int code = scan_discover(run), rc;

	if (code != APP_OK || !run->probe || run->was_stopped)
		return code;
	rc = nw_probe_start(run->probe, &diag);
	if (rc < 0)
		return app_failed(SCAN_NAME, "%s", diag.text[0] ? diag.text : strerror(-rc));
	scan_tell_workers(run);
	code = scan_card_use(run);
	if (code != APP_OK) {
		nw_probe_stop(run->probe);
		return code;
	}
	scan_segment_open(run);
	scan_watch(run, run->probe, take_finding);
	scan_segment_close(run);
	return APP_OK;
}

/* Those asked for link addresses are findings where hosts are what is looked for. */
static void sum_counts(const struct scan_run *run, struct nw_probe_counts *ret_counts)
{
	const struct nw_probe_counts *before = &run->discovered;

	*ret_counts = (struct nw_probe_counts){ 0 };
	if (run->probe)
		nw_probe_counts(run->probe, ret_counts);
	if (run->options->method != SCAN_HOSTS || run->options->by_echo)
		return;
	ret_counts->left_out += before->left_out;
	ret_counts->place_count += before->place_count;
	ret_counts->asked += before->asked;
	ret_counts->sent += before->sent;
	ret_counts->up += before->up;
	ret_counts->timed_out += before->timed_out;
	ret_counts->duplicates += before->duplicates;
	ret_counts->other += before->other;
	ret_counts->received += before->received;
	ret_counts->received_xdp += before->received_xdp;
	ret_counts->dropped += before->dropped;
	ret_counts->full += before->full;
}

static int run_probe(struct scan_run *run)
{
	struct nw_probe_counts counts;
	double seconds;
	int code, rc;

	code = scan_outputs_open(&run->outputs, run->options, run->is_resumed);
	if (code != APP_OK)
		return code;
	run->outputs.cdn = run->cdn;
	app_on_interrupt(stop, run);
	run->begun_ns = run->saved_ns = run->told_ns = now_ns();
	code = run_passes(run);
	if (code != APP_OK)
		return code;
	seconds = (double)(now_ns() - run->begun_ns) / 1e9;
	sum_counts(run, &counts);
	if (!run->options->is_quiet)
		scan_tell_end(run, &counts, seconds);
	code = leave(run);
	rc = scan_outputs_close(&run->outputs, &counts, run->was_stopped);
	if (run->options->is_json && scan_tell_json(run, &counts, seconds) != APP_OK)
		rc = APP_FAILED;
	return rc != APP_OK ? rc : code;
}

static int dry_run(const struct scan_run *run)
{
	struct nw_probe_address address;
	char text[NW_PROBE_ADDRESS_TEXT_BYTES];
	uint64_t count = nw_probe_targets_count(run->targets);

	for (uint64_t i = 0; i < count && !ferror(stdout); i++) {
		nw_probe_targets_at(run->targets, i, &address);
		if (!run->cdn || scan_cdn_admits(run->cdn, &address))
			puts(nw_probe_address_text(&address, text));
	}
	return app_finish_output(SCAN_NAME);
}

int scan_run(struct scan_options *options, const struct scan_state *resumed)
{
	struct scan_run run = { .options = options,
				.is_resumed = resumed != NULL,
				.is_terminal = isatty(STDERR_FILENO) };
	int code, rc;

	if (options->is_dry_run) {
		code = scan_targets_open(&run.targets, options);
		if (code == APP_OK)
			code = scan_cdn_open(&run);
		if (code == APP_OK)
			code = dry_run(&run);
	} else {
		code = set_up(&run, resumed);
		if (code == APP_OK) {
			scan_tell_plan(&run);
			code = run_probe(&run);
		}
	}
	nw_probe_destroy(run.probe);
	rc = scan_cdn_close(&run);
	scan_card_leave(&run);
	nw_probe_neighbours_destroy(run.neighbours);
	nw_probe_targets_destroy(run.on_link);
	nw_probe_targets_destroy(run.off_link);
	nw_probe_targets_destroy(run.targets);
	nw_topo_close(run.topo);
	free(run.node_idxs);
	return code != APP_OK ? code : rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * The crew of a scan: on which nodes, how many workers, how many connections of each.
 *
 * Invariant: what was asked for is done or refused; the choice is ours only where nothing was said.
 */
#include "scan/scan.h"

#include <sys/resource.h>

#define NS_PER_S UINT64_C(1000000000)

/* The kernel asks again by itself after a second: a question has ended by then. */
#define CONNECT_NS (NS_PER_S / 10 * 9)

enum {
	PARALLELISM = 4096,
	OTHER_FILES = 64,
	WORKERS_MAX = 8,        /* where nobody has said how many */
	RINGS_BYTES = 32 << 20, /* for answers, all workers together */
	RING_BYTES_MIN = 8 << 20,
	/* A second: less than one worker does by itself. */
	FRAMES_OF_ONE = 100000,
	CONNECTIONS_OF_ONE = 10000
};

int scan_crew_nodes(struct scan_run *run)
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

static uint32_t cores_of(const struct scan_run *run)
{
	const struct nw_probe_options *probe = &run->probe_options;
	uint32_t cores = 0;

	if (!probe->node_idxs)
		return nw_topo_core_count(run->topo);
	for (uint32_t i = 0; i < probe->node_idx_count; i++)
		cores += nw_topo_node_at(run->topo, probe->node_idxs[i])->core_count;
	return cores;
}

/* Sending is work of the kernel's, done by the thread that asks for it: where it has to go fast,
 * each core has a worker. Measured: two of them twice as fast (docs/notes/2026-11-scan.md). */
uint32_t scan_crew_count(const struct scan_run *run)
{
	const struct scan_options *options = run->options;
	uint64_t of_one = options->method == SCAN_CONNECT ? CONNECTIONS_OF_ONE : FRAMES_OF_ONE;
	uint32_t cores;

	if (options->workers > 0)
		return (uint32_t)options->workers;
	if ((options->rate > 0 && options->rate <= of_one) || options->path == NW_LINK_PATH_XDP)
		return 1; /* a queue that is asked for has to be there */
	cores = cores_of(run);
	if (cores > WORKERS_MAX)
		return WORKERS_MAX;
	return cores > 0 ? cores : 1;
}

uint32_t scan_crew_ring_bytes(const struct scan_run *run)
{
	uint32_t bytes = RINGS_BYTES / run->state.worker_count;

	return bytes > RING_BYTES_MIN ? bytes & ~(RING_BYTES_MIN / 8 - 1u) : RING_BYTES_MIN;
}

/* Descriptors for the connections, as far as the limit may be raised. */
static uint32_t choose_lines(const struct scan_run *run)
{
	uint64_t wanted = run->options->parallelism ? run->options->parallelism : PARALLELISM;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* then what there is has to do */
		if (limit.rlim_cur != RLIM_INFINITY && wanted + OTHER_FILES > limit.rlim_cur)
			wanted = limit.rlim_cur > UINT64_C(2) * OTHER_FILES
					 ? limit.rlim_cur - OTHER_FILES
					 : OTHER_FILES;
	}
	wanted /= run->state.worker_count;
	return wanted > 0 ? (uint32_t)wanted : 1;
}

void scan_crew_connect(struct scan_run *run)
{
	const struct scan_options *options = run->options;

	if (options->method != SCAN_CONNECT)
		return;
	run->probe_options.method = NW_PROBE_CONNECT;
	run->probe_options.delay_ns = options->connect_ns ? options->connect_ns : CONNECT_NS;
	run->probe_options.line_count = choose_lines(run);
}

/* SPDX-License-Identifier: MIT */
/* A scan on a kernel that has several nodes: each worker on its node, with its frames, its window
 * and its receive ring there, and the answers with the worker that asked. */
#include "machine.h"

#include <nw/probe.h>

#include "engines/probe/whole.h"

#include <nw/link.h>
#include <time.h>

enum { ADDRESSES = 256, PORTS = 64 };

/* Loopback takes frames from a socket only when told so: they look as if they came from outside. */
static void open_loopback(void)
{
	if (system("echo 1 >/proc/sys/net/ipv4/conf/lo/accept_local && "
		   "echo 1 >/proc/sys/net/ipv4/conf/lo/route_localnet") != 0)
		SKIP("loopback cannot be told to take frames of this machine");
	if (nw_link_allowed() != 0)
		SKIP("no raw frames: needs root");
}

static void check_pages(const char *what, uint32_t worker_idx, const void *base, size_t n_bytes,
			nw_node node)
{
	static struct nw_mem_map map;

	CHECK_INT(nw_mem_verify(base, n_bytes, &map), ==, 0);
	CHECK(map.on_node[node.id] > 0);
	if (map.on_node[node.id] + map.untouched_count != map.page_count)
		FAIL("worker %u: %u of %u pages of its %s are on node %d, %u untouched", worker_idx,
		     (unsigned)map.on_node[node.id], (unsigned)map.page_count, what, node.id,
		     (unsigned)map.untouched_count);
}

static uint32_t node_idx_of(const struct nw_topo *topo, nw_cpu cpu)
{
	for (uint32_t i = 0; i < nw_topo_cpu_count(topo); i++)
		if (nw_topo_cpu_at(topo, i)->cpu.id == cpu.id)
			return nw_topo_cpu_at(topo, i)->node_idx;
	FAIL("CPU %d is not of this machine", cpu.id);
	return 0;
}

static void check_worker(const struct nw_probe *probe, const struct nw_topo *topo, uint32_t idx)
{
	const struct nwi_worker *own = &probe->workers[idx];
	struct nw_probe_worker worker;
	uint32_t node_idx;
	const struct nw_mem *frames = nw_link_memory(own->scanner->link);
	size_t ring_bytes;
	const void *ring = nw_link_ring(own->scanner->link, &ring_bytes);

	nw_probe_worker(probe, idx, &worker);
	CHECK(worker.is_pinned);
	node_idx = node_idx_of(topo, worker.cpu);
	if (!has_memory(topo, node_idx)) /* home is elsewhere, wherever that is */
		return;
	CHECK(worker.is_bound);
	CHECK_INT(own->memory.level, ==, NW_MEM_BOUND);
	CHECK_INT(worker.node.id, ==, node_at(topo, node_idx).id);
	check_pages("frames", idx, frames->base, frames->n_bytes, worker.node);
	check_pages("window", idx, own->memory.base, own->memory.n_bytes, worker.node);
	check_pages("receive ring", idx, ring, ring_bytes, worker.node);
}

static uint32_t take(struct nw_probe *probe, uint64_t *inout_found)
{
	static struct nw_probe_event events[1024];
	uint32_t n = nw_probe_take(probe, events, 1024);

	for (uint32_t i = 0; i < n; i++)
		*inout_found += events[i].kind == NW_PROBE_CLOSED ||
				events[i].kind == NW_PROBE_OPEN;
	return n;
}

static uint64_t run(struct nw_probe *probe)
{
	uint64_t found = 0;

	while (!nw_probe_is_over(probe)) {
		(void)nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
		(void)take(probe, &found);
	}
	while (take(probe, &found) > 0)
		continue;
	return found;
}

TEST(each_worker_has_its_buffers_and_its_answers_at_home)
{
	struct nw_topo *topo = open_machine();
	struct nw_probe_options options = { .topo = topo,
					    .ports = "1-64",
					    .interface = "lo",
					    .worker_count = nw_topo_node_count(topo),
					    .ring_bytes = 2 << 20,
					    .try_count = 4,
					    .wait_ns = 1000000000,
					    .rate_per_s = 20000,
					    .seed = nw_test_seed(),
					    .key = { 1, 2 } };
	struct nw_probe_targets *targets;
	struct nw_probe_counts counts;
	struct nw_diag diag = { "" };
	struct nw_probe *probe;

	open_loopback();
	CHECK(nw_probe_targets_create(&targets) == 0);
	CHECK(nw_probe_targets_add(targets, "127.0.0.0/24", NULL) == 0);
	CHECK(nw_probe_targets_close(targets) == 0);
	options.targets = targets;
	CHECK(nw_probe_address_parse("127.0.0.1", &options.source_ipv4));
	if (nw_probe_create(&probe, &options, &diag) < 0 || nw_probe_start(probe, &diag) < 0)
		FAIL("%s", diag.text);
	CHECK_INT(run(probe), ==, ADDRESSES * PORTS);
	for (uint32_t i = 0; i < options.worker_count; i++)
		check_worker(probe, topo, i);
	nw_probe_counts(probe, &counts);
	CHECK_INT(counts.closed + counts.open, ==, ADDRESSES * PORTS);
	printf("# %u workers, %" PRIu64 " answers, %" PRIu64 " of them to another worker, %" PRIu64
	       " sent\n",
	       options.worker_count, counts.closed + counts.open, counts.handed_over, counts.sent);
	CHECK_INT(counts.handed_over * 20, <=, counts.closed + counts.open);
	CHECK_INT(counts.sent, ==, counts.closed + counts.open + counts.timed_out);
	nw_probe_destroy(probe);
	nw_probe_targets_destroy(targets);
	nw_topo_close(topo);
}

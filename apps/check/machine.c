/* SPDX-License-Identifier: MIT */
/*
 * What a run may use of the machine: its topology, the nodes that were chosen, how many workers.
 *
 * Invariant: nodes are named by the kernel's ids, whatever their places in the topology are.
 */
#include "check/check.h"

#include <errno.h>
#include <stdio.h>

/* "0-3,8" of the nodes there are, cut to what a message can hold. */
static void node_names(const struct nw_topo *topo, char *text, size_t text_bytes)
{
	uint32_t count = nw_topo_node_count(topo);
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0, from; i < count && used < text_bytes; i++) {
		int first = nw_topo_node_at(topo, i)->node.id, last = first;

		for (from = i; i + 1 < count; i++, last++) {
			if (nw_topo_node_at(topo, i + 1)->node.id != last + 1)
				break;
		}
		used += (size_t)snprintf(text + used, text_bytes - used, "%s%d", from ? "," : "",
					 first);
		if (last != first && used < text_bytes)
			used += (size_t)snprintf(text + used, text_bytes - used, "-%d", last);
	}
}

static int find_nodes(struct check *check)
{
	struct nw_diag diag = { "" };
	char names[128];

	if (!check->options->nodes)
		return APP_OK;
	if (app_parse_list(check->options->nodes, &check->node_idxs, &check->node_idx_count,
			   &diag) < 0)
		return app_bad(CHECK_NAME, "--nodes %s: %s", check->options->nodes, diag.text);
	for (uint32_t i = 0; i < check->node_idx_count; i++) {
		uint32_t id = check->node_idxs[i];
		int idx = id <= NW_NODE_ID_MAX
				  ? nw_topo_node_idx(check->topo, (nw_node){ (int16_t)id })
				  : -ENODEV;

		if (idx < 0) {
			node_names(check->topo, names, sizeof(names));
			return app_bad(CHECK_NAME, "--nodes %s: there is no node %u, only %s",
				       check->options->nodes, (unsigned)id, names);
		}
		check->node_idxs[i] = (uint32_t)idx;
	}
	return APP_OK;
}

static bool is_chosen(const struct check *check, uint32_t node_idx)
{
	for (uint32_t k = 0; k < check->node_idx_count; k++)
		if (check->node_idxs[k] == node_idx)
			return true;
	return !check->node_idxs;
}

/* Whether a chosen node lists a CPU. */
static bool is_usable(const struct check *check, uint32_t cpu_idx)
{
	for (uint32_t i = 0; i < nw_topo_node_count(check->topo); i++) {
		uint32_t count;
		const uint32_t *cpus = nw_topo_node_cpus(check->topo, i, &count);

		for (uint32_t k = 0; is_chosen(check, i) && k < count; k++)
			if (cpus[k] == cpu_idx)
				return true;
	}
	return false;
}

/* CPUs of the chosen nodes, each once: pretended nodes may share one; or only one a core. */
static uint32_t usable_cpus(const struct check *check, bool by_core)
{
	uint32_t count = 0;

	for (uint32_t c = 0; c < nw_topo_cpu_count(check->topo); c++)
		if (!by_core || nw_topo_cpu_at(check->topo, c)->smt_idx == 0)
			count += is_usable(check, c);
	return count;
}

static int check_workers(const struct check *check)
{
	uint32_t wanted = check->options->explore.worker_count, cpus;

	if (!wanted)
		return APP_OK;
	cpus = usable_cpus(check, false);
	if (wanted <= cpus)
		return APP_OK;
	return app_bad(CHECK_NAME, "--workers %u: only %u CPU%s may be used here", (unsigned)wanted,
		       (unsigned)cpus, cpus == 1 ? "" : "s");
}

int check_machine_open(struct check *check)
{
	int code = app_open_topo(CHECK_NAME, check->options->topology,
				 check->options->simulate_nodes, &check->topo);

	if (code == APP_OK)
		code = find_nodes(check);
	return code == APP_OK ? check_workers(check) : code;
}

uint32_t check_machine_workers(const struct check *check)
{
	uint32_t wanted = check->options->explore.worker_count;

	return wanted ? wanted : usable_cpus(check, !check->options->explore.use_smt);
}

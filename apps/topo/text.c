/* SPDX-License-Identifier: MIT */
/*
 * `nodewise topo` as text, between lstopo's and numactl -H.
 * Invariant: the same topology gives the same bytes; golden tests compare them.
 */
#include "common/app.h"
#include "topo/view.h"

#include <stdlib.h>

enum {
	LINE_COLUMNS = 96,
	LABEL_COLUMNS = 13,         /* "    cpus     " */
	MATRIX_NODE_COUNT_MAX = 16, /* above, a matrix of two values is told in words */
};

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void print_title(const struct view *view, FILE *out)
{
	const struct nw_topo *topo = view->topo;
	uint32_t packages = nw_topo_package_count(topo), nodes = nw_topo_node_count(topo);
	uint32_t cores = nw_topo_core_count(topo), cpus = nw_topo_cpu_count(topo);
	char memory[16];

	fprintf(out, "%s: %u package%s, %u node%s, %u core%s, %u cpu%s, %s\n", view_title(view),
		packages, plural(packages), nodes, plural(nodes), cores, plural(cores), cpus,
		plural(cpus), app_format_bytes(view_memory_bytes(view), memory, sizeof(memory)));
	if (view->source)
		fprintf(out, "    source   %s\n", view->source);
	if (nw_topo_kind(topo) == NW_TOPO_SIMULATED)
		fprintf(out,
			"    simulated: the nodes are pretended; routing between them is real, "
			"latency is not\n");
	if (view->nic && view->nic_node.id == NW_NODE_ANY.id)
		fprintf(out, "    nic      %s: on no node\n", view->nic);
	else if (view->nic)
		fprintf(out, "    nic      %s: node %d\n", view->nic, view->nic_node.id);
}

static void print_node_head(const struct view *view, uint32_t node_idx, uint32_t *packages,
			    FILE *out)
{
	const struct nw_topo_node *node = nw_topo_node_at(view->topo, node_idx);
	uint32_t package_count = view_node_packages(view, node_idx, packages);
	char memory[16];

	fprintf(out, "\nnode %d: ", node->node.id);
	if (node->cpu_count == 0) {
		fprintf(out, "memory only, ");
	} else {
		fprintf(out, "package%s ", plural(package_count));
		view_print_ranges(out, packages, package_count);
		fprintf(out, ", %u core%s, %u cpu%s, ", node->core_count, plural(node->core_count),
			node->cpu_count, plural(node->cpu_count));
	}
	if (node->memory_bytes)
		fprintf(out, "%s", app_format_bytes(node->memory_bytes, memory, sizeof(memory)));
	else
		fprintf(out, "no memory");
	if (nw_topo_kind(view->topo) == NW_TOPO_SIMULATED)
		fprintf(out, " of node %d", node->memory_node.id);
	fputc('\n', out);
}

static uint32_t cpu_id(const struct view *view, uint32_t cpu_idx)
{
	return (uint32_t)nw_topo_cpu_at(view->topo, cpu_idx)->cpu.id;
}

/* "0,8" for the hardware threads of the core of list[first]; false if an earlier entry has it. */
static bool format_core(const struct view *view, const uint32_t *list, uint32_t count,
			uint32_t first, char *buf, size_t buf_bytes)
{
	uint32_t core_idx = nw_topo_cpu_at(view->topo, list[first])->core_idx;
	size_t n = 0;

	for (uint32_t i = 0; i < count && n < buf_bytes; i++) {
		if (nw_topo_cpu_at(view->topo, list[i])->core_idx != core_idx)
			continue;
		if (i < first)
			return false;
		n += (size_t)snprintf(buf + n, buf_bytes - n, n ? ",%u" : "%u",
				      cpu_id(view, list[i]));
	}
	return true;
}

/* Which CPUs are siblings; nothing where no core has two. */
static void print_cores(const struct view *view, uint32_t node_idx, FILE *out)
{
	uint32_t count;
	const uint32_t *list = nw_topo_node_cpus(view->topo, node_idx, &count);
	int column = LINE_COLUMNS;
	bool is_first = true;
	char core[128];

	if (nw_topo_node_at(view->topo, node_idx)->core_count == count)
		return;
	for (uint32_t i = 0; i < count; i++) {
		int width;

		if (!format_core(view, list, count, i, core, sizeof(core)))
			continue;
		width = snprintf(NULL, 0, "  %s", core);
		if (column + width > LINE_COLUMNS) {
			fprintf(out, is_first ? "    cores  " : "\n           ");
			column = LABEL_COLUMNS - 2;
			is_first = false;
		}
		fprintf(out, "  %s", core);
		column += width;
	}
	fputc('\n', out);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* "1-2 (12)  3-5 (32)": the other nodes, grouped by distance. order is overwritten. */
static void print_nearest(const struct view *view, uint32_t node_idx, uint32_t *order, FILE *out)
{
	uint32_t n = nw_topo_node_count(view->topo);

	nw_topo_nearest(view->topo, node_idx, order);
	fprintf(out, "    nearest");
	for (uint32_t i = 1, k; i < n; i = k) {
		uint32_t distance = nw_topo_distance(view->topo, node_idx, order[i]);

		for (k = i; k < n; k++) {
			if (nw_topo_distance(view->topo, node_idx, order[k]) != distance)
				break;
			order[k] = (uint32_t)nw_topo_node_at(view->topo, order[k])->node.id;
		}
		qsort(order + i, k - i, sizeof(order[0]), by_value);
		fprintf(out, "  ");
		view_print_ranges(out, order + i, k - i);
		fprintf(out, " (%u)", distance);
	}
	fputc('\n', out);
}

/* scratch: as many numbers as there are packages, nodes or CPUs, whichever is most. */
static void print_node(const struct view *view, uint32_t node_idx, uint32_t *scratch, FILE *out)
{
	uint32_t count;
	const uint32_t *list = nw_topo_node_cpus(view->topo, node_idx, &count);

	print_node_head(view, node_idx, scratch, out);
	if (count > 0) {
		for (uint32_t i = 0; i < count; i++)
			scratch[i] = cpu_id(view, list[i]);
		fprintf(out, "    cpus     ");
		view_print_ranges(out, scratch, count);
		fputc('\n', out);
		print_cores(view, node_idx, out);
	}
	if (nw_topo_node_count(view->topo) > 1)
		print_nearest(view, node_idx, scratch, out);
}

static void print_caches(const struct view *view, FILE *out)
{
	uint32_t n = nw_topo_cache_count(view->topo);

	if (n > 0)
		fprintf(out, "\ncaches\n");
	for (uint32_t i = 0; i < n; i++) {
		const struct nw_topo_cache *cache = nw_topo_cache_at(view->topo, i);
		char name[16], bytes[16];

		fprintf(out, "    %-4s %9s", view_cache_name(cache, name, sizeof(name)),
			app_format_bytes(cache->bytes, bytes, sizeof(bytes)));
		if (cache->line_bytes)
			fprintf(out, "  %3u B lines", cache->line_bytes);
		fprintf(out, "  %4u of them, %u cpu%s each\n", cache->cache_count,
			cache->cpus_per_cache, plural(cache->cpus_per_cache));
	}
}

static void print_matrix(const struct view *view, FILE *out)
{
	uint32_t n = nw_topo_node_count(view->topo);

	fprintf(out, "     ");
	for (uint32_t j = 0; j < n; j++)
		fprintf(out, " %4d", nw_topo_node_at(view->topo, j)->node.id);
	for (uint32_t i = 0; i < n; i++) {
		fprintf(out, "\n %4d", nw_topo_node_at(view->topo, i)->node.id);
		for (uint32_t j = 0; j < n; j++)
			fprintf(out, " %4u", nw_topo_distance(view->topo, i, j));
	}
	fputc('\n', out);
}

static void print_distances(const struct view *view, FILE *out)
{
	uint32_t local, remote, n = nw_topo_node_count(view->topo);

	if (n == 1)
		return;
	fprintf(out, "\ndistances\n");
	if (n > MATRIX_NODE_COUNT_MAX && view_is_uniform(view, &local, &remote))
		fprintf(out, "    %u to itself, %u to every other node\n", local, remote);
	else
		print_matrix(view, out);
}

void view_print_text(const struct view *view, FILE *out)
{
	size_t n = (size_t)nw_topo_node_count(view->topo) + nw_topo_cpu_count(view->topo);
	uint32_t *scratch = calloc(n, sizeof(uint32_t));

	print_title(view, out);
	for (uint32_t i = 0; scratch && i < nw_topo_node_count(view->topo); i++)
		print_node(view, i, scratch, out);
	free(scratch);
	print_caches(view, out);
	print_distances(view, out);
}

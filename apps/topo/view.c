/* SPDX-License-Identifier: MIT */
/* Names and sums that more than one face of `nodewise topo` shows. Invariant: no state. */
#include "topo/view.h"

const char *view_kind(const struct view *view)
{
	static const char *const names[] = {
		[NW_TOPO_MACHINE] = "machine",
		[NW_TOPO_SYNTHETIC] = "synthetic",
		[NW_TOPO_XML] = "xml",
		[NW_TOPO_SIMULATED] = "simulated",
	};

	return names[nw_topo_kind(view->topo)];
}

const char *view_title(const struct view *view)
{
	static const char *const titles[] = {
		[NW_TOPO_MACHINE] = "this machine",
		[NW_TOPO_SYNTHETIC] = "synthetic topology",
		[NW_TOPO_XML] = "topology from XML",
		[NW_TOPO_SIMULATED] = "simulated nodes on this machine",
	};

	return titles[nw_topo_kind(view->topo)];
}

char *view_cache_name(const struct nw_topo_cache *cache, char *buf, size_t buf_bytes)
{
	const char *type = cache->type == 'd' ? "d" : cache->type == 'i' ? "i" : "";

	(void)snprintf(buf, buf_bytes, "L%u%s", cache->level, type);
	return buf;
}

uint64_t view_memory_bytes(const struct view *view)
{
	uint64_t n_bytes = 0;

	for (uint32_t i = 0; i < nw_topo_node_count(view->topo); i++)
		n_bytes += nw_topo_node_at(view->topo, i)->memory_bytes;
	return n_bytes;
}

bool view_is_uniform(const struct view *view, uint32_t *ret_local, uint32_t *ret_remote)
{
	uint32_t n = nw_topo_node_count(view->topo);
	uint32_t local = nw_topo_distance(view->topo, 0, 0);
	uint32_t remote = n > 1 ? nw_topo_distance(view->topo, 0, 1) : local;

	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t j = 0; j < n; j++) {
			if (nw_topo_distance(view->topo, i, j) != (i == j ? local : remote))
				return false;
		}
	}
	*ret_local = local;
	*ret_remote = remote;
	return true;
}

uint32_t view_node_packages(const struct view *view, uint32_t node_idx, uint32_t *ret_packages)
{
	uint32_t cpu_count, n = 0;
	const uint32_t *cpus = nw_topo_node_cpus(view->topo, node_idx, &cpu_count);

	for (uint32_t i = 0; i < cpu_count; i++) {
		uint32_t package = nw_topo_cpu_at(view->topo, cpus[i])->package_idx, k = n;

		while (k > 0 && ret_packages[k - 1] > package)
			k--;
		if (k > 0 && ret_packages[k - 1] == package)
			continue;
		for (uint32_t m = n++; m > k; m--)
			ret_packages[m] = ret_packages[m - 1];
		ret_packages[k] = package;
	}
	return n;
}

void view_print_ranges(FILE *out, const uint32_t *ids, uint32_t id_count)
{
	for (uint32_t i = 0; i < id_count;) {
		uint32_t k = i;

		while (k + 1 < id_count && ids[k + 1] == ids[k] + 1)
			k++;
		fprintf(out, i == 0 ? "%u" : ",%u", ids[i]);
		if (k > i)
			fprintf(out, "-%u", ids[k]);
		i = k + 1;
	}
}

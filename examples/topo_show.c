/* SPDX-License-Identifier: MIT */
/* This example shows how to read this machine's topology: its nodes, how much memory and how many
 * cores each has, and how far the others are.
 *
 *     cc topo_show.c $(pkg-config --cflags --libs nodewise)
 */
#include <nw/topo.h>

#include <stdio.h>

static void show_node(const struct nw_topo *topo, uint32_t node_idx)
{
	const struct nw_topo_node *node = nw_topo_node_at(topo, node_idx);

	printf("node %d: %u cores, %.1f GiB, distances", node->node.id, node->core_count,
	       (double)node->memory_bytes / (1 << 30));
	for (uint32_t to = 0; to < nw_topo_node_count(topo); to++)
		printf(" %u", nw_topo_distance(topo, node_idx, to));
	printf("\n");
}

int main(void)
{
	struct nw_topo *topo;
	struct nw_diag diag;
	int rc = nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag);

	if (rc < 0) {
		fprintf(stderr, "topo_show: %s\n", diag.text);
		return 1;
	}
	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++)
		show_node(topo, i);
	nw_topo_close(topo);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* This example shows how to put memory on each node and how to ask the kernel whether it is there.
 *
 *     cc mem_home.c $(pkg-config --cflags --libs nodewise)
 */
#include <nw/mem.h>
#include <nw/topo.h>

#include <stdio.h>

int main(void)
{
	struct nw_topo *topo;
	struct nw_diag diag;

	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0)
		return fprintf(stderr, "%s\n", diag.text), 1;
	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		nw_node node = nw_topo_node_at(topo, i)->memory_node;
		struct nw_mem_map map;
		struct nw_mem mem;

		if (nw_mem_alloc(&mem, node, 1 << 20, NW_MEM_PREFAULT) < 0)
			continue; /* a node without memory */
		if (nw_mem_verify(mem.base, mem.n_bytes, &map) == 0)
			printf("node %d: %s, %lu of %lu pages at home\n", node.id,
			       nw_mem_level_name(mem.level), (unsigned long)map.on_node[node.id],
			       (unsigned long)map.page_count);
		nw_mem_free(&mem);
	}
	nw_topo_close(topo);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* This example shows how to get memory on a node (an argument, or the one this
 * thread runs on), and how to see that it is there.
 *
 *     cc mem_bind.c $(pkg-config --cflags --libs nodewise)
 */
#include <nw/mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	static struct nw_mem_map map; /* 8 KiB: not for a stack */
	nw_node node = { (int16_t)(argc > 1 ? strtol(argv[1], NULL, 10) : -1) };
	unsigned flags = NW_MEM_HUGE | (argc > 1 ? 0 : NW_MEM_LOCAL);
	struct nw_mem mem;
	int rc = nw_mem_alloc(&mem, node, 16 << 20, flags);

	if (rc < 0) {
		fprintf(stderr, "mem_bind: node %d: %s\n", node.id, nw_mem_reason_text(rc));
		return 1;
	}
	printf("%zu bytes for node %d: %s, %s\n", mem.n_bytes, mem.node.id,
	       nw_mem_level_name(mem.level), nw_mem_pages_name(mem.pages));
	if (mem.level != NW_MEM_BOUND)
		printf("because: %s\n", nw_mem_reason_text(mem.reason));

	memset(mem.base, 1, mem.n_bytes); /* a page has a place once it is written to */
	rc = nw_mem_verify(mem.base, mem.n_bytes, &map);
	if (rc < 0)
		printf("the kernel will not say where: %s\n", strerror(-rc));
	for (int id = 0; rc == 0 && id <= NW_NODE_ID_MAX; id++) {
		if (map.on_node[id] > 0)
			printf("%llu of %llu pages are on node %d\n",
			       (unsigned long long)map.on_node[id],
			       (unsigned long long)map.page_count, id);
	}
	nw_mem_free(&mem);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Memory policies and node facts (policy.h). Invariant: masks are passed at their full width, with
 * the one bit more that mbind, get_mempolicy and set_mempolicy take off again. */
#include "os/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <numaif.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORD_BITS = 8 * sizeof(unsigned long), MASK_BITS = NW_NODE_ID_MAX + 1 };

void nwi_nodes_add(struct nwi_nodes *nodes, nw_node node)
{
	nodes->bits[(unsigned)node.id / WORD_BITS] |= 1ul << ((unsigned)node.id % WORD_BITS);
}

bool nwi_nodes_has(const struct nwi_nodes *nodes, nw_node node)
{
	return nodes->bits[(unsigned)node.id / WORD_BITS] >> ((unsigned)node.id % WORD_BITS) & 1;
}

int nwi_policy_bind(void *base, size_t n_bytes, enum nwi_policy policy,
		    const struct nwi_nodes *nodes)
{
	static const int modes[] = {
		[NWI_POLICY_BIND] = MPOL_BIND,
		[NWI_POLICY_PREFERRED] = MPOL_PREFERRED,
		[NWI_POLICY_INTERLEAVE] = MPOL_INTERLEAVE,
	};

	return mbind(base, n_bytes, modes[policy], nodes->bits, MASK_BITS + 1, 0) < 0 ? -errno : 0;
}

int nwi_policy_get(int *ret_mode, unsigned long *ret_bits)
{
	return get_mempolicy(ret_mode, ret_bits, MASK_BITS + 1, NULL, 0) < 0 ? -errno : 0;
}

int nwi_policy_set(int mode, const unsigned long *bits)
{
	/* The default and the local policy take no nodes, not even an empty mask that is wide. */
	if (mode == MPOL_DEFAULT || mode == MPOL_LOCAL)
		return set_mempolicy(mode, NULL, 0) < 0 ? -errno : 0;
	return set_mempolicy(mode, bits, MASK_BITS + 1) < 0 ? -errno : 0;
}

int nwi_policy_set_preferred(nw_node node)
{
	struct nwi_nodes nodes = { { 0 } };

	if (node.id < 0)
		return nwi_policy_set(MPOL_DEFAULT, NULL);
	nwi_nodes_add(&nodes, node);
	return nwi_policy_set(MPOL_PREFERRED, nodes.bits);
}

bool nwi_read_text(const char *path, char *text, size_t text_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n_bytes;

	if (fd < 0)
		return false;
	do
		n_bytes = read(fd, text, text_bytes - 1);
	while (n_bytes < 0 && errno == EINTR);
	(void)close(fd); /* read only: nothing to lose */
	if (n_bytes < 0)
		return false;
	text[n_bytes] = '\0';
	return true;
}

bool nwi_node_exists(nw_node node)
{
	char path[64];

	if (access("/sys/devices/system/node", F_OK) < 0)
		return node.id == 0;
	(void)snprintf(path, sizeof(path), "/sys/devices/system/node/node%d", node.id);
	return access(path, F_OK) == 0;
}

/* Reads "0-2,5": what sysfs writes, so anything else ends the list. */
static void parse_nodes(const char *text, struct nwi_nodes *nodes)
{
	while (*text >= '0' && *text <= '9') {
		char *end;
		long first = strtol(text, &end, 10), last = first;

		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		for (; first <= last && first <= NW_NODE_ID_MAX; first++)
			nwi_nodes_add(nodes, (nw_node){ (int16_t)first });
		text = *end == ',' ? end + 1 : end;
	}
}

void nwi_nodes_with_memory(struct nwi_nodes *ret_nodes)
{
	char text[4096];

	*ret_nodes = (struct nwi_nodes){ { 0 } };
	if (nwi_read_text("/sys/devices/system/node/has_memory", text, sizeof(text)))
		parse_nodes(text, ret_nodes);
	else
		nwi_nodes_add(ret_nodes, (nw_node){ 0 });
}

int nwi_node_here(nw_node *ret_node)
{
	unsigned cpu, node;

	if (getcpu(&cpu, &node) < 0)
		return -errno;
	*ret_node = (nw_node){ (int16_t)node };
	return 0;
}

uint64_t nwi_node_free_huge(nw_node node, unsigned page_log2)
{
	char path[128], text[32];

	(void)snprintf(path, sizeof(path),
		       "/sys/devices/system/node/node%d/hugepages/hugepages-%lukB/free_hugepages",
		       node.id, (1ul << page_log2) / 1024);
	return nwi_read_text(path, text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The node a network interface hangs on, from /sys/class/net.
 * Invariant: a name never leads out of that folder.
 */
#include "os/sysfs.h"
#include "topo/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES_MAX = 15, PATH_BYTES = 64 + NAME_BYTES_MAX };

static bool is_name(const char *interface)
{
	size_t n_bytes = strnlen(interface, NAME_BYTES_MAX + 1);

	return n_bytes > 0 && n_bytes <= NAME_BYTES_MAX && !strchr(interface, '/') &&
	       strcmp(interface, ".") != 0 && strcmp(interface, "..") != 0;
}

/* In a simulated topology: the first pretended node whose memory is there. */
static nw_node node_with_memory_on(const struct nw_topo *topo, nw_node real)
{
	for (uint32_t i = 0; i < topo->node_count; i++) {
		if (topo->nodes[i].memory_node.id == real.id)
			return topo->nodes[i].node;
	}
	return NW_NODE_ANY;
}

int nw_topo_nic_node(const struct nw_topo *topo, const char *interface, nw_node *ret_node)
{
	char path[PATH_BYTES];
	int id = -1;

	if (!is_name(interface))
		return -EINVAL;
	if (topo->kind != NW_TOPO_MACHINE && topo->kind != NW_TOPO_SIMULATED)
		return -ENODEV;
	(void)snprintf(path, sizeof(path), "/sys/class/net/%s", interface);
	if (!nwi_sysfs_is_dir(path))
		return -ENODEV;
	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/device/numa_node", interface);
	/* Virtual interfaces have no such file, and -1 is how the kernel says it does not know. */
	if (nwi_sysfs_read_int(path, &id) < 0 || id < 0 || id > NW_NODE_ID_MAX)
		*ret_node = NW_NODE_ANY;
	else
		*ret_node = node_with_memory_on(topo, (nw_node){ (int16_t)id });
	return 0;
}

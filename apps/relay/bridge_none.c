/* SPDX-License-Identifier: MIT */
/* A program without libnats: a file with a bridge is refused, so nothing else is ever called.
 * Invariant: there is never a bridge. */
#include "relay/bridge.h"

#include "relay/relay.h"

#include "common/app.h"

bool relay_bridge_is_built(void)
{
	return false;
}

int relay_bridge_open(struct relay_server *server)
{
	(void)server;
	return APP_OK;
}

int relay_bridge_start(struct relay_server *server)
{
	(void)server;
	return APP_OK;
}

void relay_bridge_tick(struct relay_server *server)
{
	(void)server;
}

void relay_bridge_counts(const struct relay_server *server, struct relay_bridge_counts *ret_counts)
{
	(void)server;
	*ret_counts = (struct relay_bridge_counts){ 0 };
}

bool relay_bridge_is_empty(const struct relay_server *server)
{
	(void)server;
	return true;
}

void relay_bridge_stop(struct relay_server *server)
{
	(void)server;
}

void relay_bridge_close(struct relay_server *server)
{
	(void)server;
}

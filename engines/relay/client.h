/* SPDX-License-Identifier: MIT */
/* Inside of a client of a relay: its piers, one a shard, and its own view of the map. */
#ifndef NWI_RELAY_CLIENT_H
#define NWI_RELAY_CLIENT_H

#include "board.h"
#include "fault.h"
#include "gate.h"
#include "level.h"
#include "store.h"
#include "wire.h"

#include <nw/bell.h>
#include <nw/lane.h>
#include <nw/relay_client.h>
#include <nw/shm.h>

#include <string.h>

/* Where this client meets one shard. */
struct nwi_pier {
	/* Of who submits. */
	alignas(NW_CACHE_PAIR) struct nw_lane_writer writer;
	bool is_touched; /* something was put and is not shown yet */
	int bell_fd;     /* the shard's; constant */
	const struct nwi_notes *notes;
	unsigned char *payloads;
	struct nw_shm arena; /* the shard's; base NULL: it has none */

	/* Of who receives. */
	alignas(NW_CACHE_PAIR) struct nw_lane_reader reader;
};

/* A slot, as this client sees it. */
struct nwi_way {
	uint16_t shard; /* to whose lane its packets go */
	uint16_t entry; /* the board's, when last looked at: if another, go over when `position` of
			   the old lane is read */
	uint64_t position;
};

struct nw_relay_client {
	/* Constant. */
	struct nw_mem mem; /* this */
	struct nw_shm board_shm, lanes_shm;
	struct nwi_board *board; /* mapped for reading only */
	uint32_t shard_count, sender;
	unsigned rights;
	uint8_t priority_top;
	uint32_t payload_bytes;
	uint64_t arena_bytes;
	int fd, bell_fd, room_fd;
	uint64_t timeout_ns;

	/* Of who submits. */
	alignas(NW_CACHE_PAIR) uint64_t map_version;
	struct nw_relay_client_counts counts; /* but for `received` */
	struct nwi_way ways[NW_TOPIC_SLOT_COUNT];
	uint16_t touched[NW_RELAY_SHARDS_MAX];
	uint32_t touched_count;

	/* Of who receives. */
	alignas(NW_CACHE_PAIR) uint32_t turn;
	_Atomic uint64_t received;

	struct nwi_pier piers[]; /* [shard_count] */
};

uint64_t nwi_client_now_ns(void);
/* ---- client_lane.c ---- */
void nwi_client_first_map(struct nw_relay_client *client);

#endif /* NWI_RELAY_CLIENT_H */

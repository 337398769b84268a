/* SPDX-License-Identifier: MIT */
/*
 * What lies in a folder of snapshots, and how a block becomes bytes of a file.
 *
 *   snapshot        head | bytes of each part | about | checksum of all that
 *   snapshot-G.P    part P of generation G: blocks, each a head and what is stored of it
 *   snapshot.new    the next `snapshot`, until it is renamed
 *
 * The one file `snapshot` says which generation holds; files of others are left-overs.
 *
 * Invariant: a block's checksum covers its place (generation, part, number), so that no block can
 * stand for another.
 */
#ifndef NWI_SNAPSHOT_FORMAT_H
#define NWI_SNAPSHOT_FORMAT_H

#include <nw/snapshot.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NWI_SNAPSHOT_MAGIC "nw-snap\n"
#define NWI_SNAPSHOT_NAME  "snapshot"
#define NWI_SNAPSHOT_NEW   "snapshot.new"

enum {
	NWI_SNAPSHOT_VERSION = 1,
	NWI_SNAPSHOT_ORDER = 0x01020304, /* of the bytes of a number */
	NWI_SNAPSHOT_NAME_BYTES = 48,
	NWI_BLOCK_BYTES_MAX = 1 << 20,
#ifdef NW_SMALL
	NWI_BLOCK_BYTES = 512, /* what a writer puts in one; a reader takes up to the limit */
#else
	NWI_BLOCK_BYTES = NWI_BLOCK_BYTES_MAX,
#endif
};

struct nwi_snapshot_head {
	char magic[8];
	uint32_t order, version;
	uint64_t generation;
	uint32_t part_count, unused;
	uint64_t about_bytes;
};

struct nwi_block_head {
	uint32_t raw_bytes;
	uint32_t stored_bytes; /* the same: not compressed */
	uint32_t record_bytes; /* not 0: stored column by column */
	uint32_t unused;
	uint64_t sum;
};

/* Where a block is. */
struct nwi_block_place {
	uint64_t generation;
	uint32_t part_idx, unused;
	uint64_t block_idx;
};

/* Room of one thread: a block as it is, its columns, and what is stored of it. */
struct nwi_block_room {
	uint8_t *raw, *columns, *stored;
	size_t stored_bytes_max;
	void *pages;
	size_t page_bytes;
	void *zstd; /* a context of either kind, or NULL */
};

int nwi_block_room_make(struct nwi_block_room *room, bool is_reading);
void nwi_block_room_drop(struct nwi_block_room *room, bool is_reading);
/* Fills head->stored_bytes and sum; returns what is to be written behind the head. */
const void *nwi_block_pack(struct nwi_block_room *room, struct nwi_block_head *head,
			   const struct nwi_block_place *place);
/* From room->stored to room->raw. 0 or -EBADMSG. */
int nwi_block_unpack(struct nwi_block_room *room, const struct nwi_block_head *head,
		     const struct nwi_block_place *place);
/* Whether a head can be one of a block. */
bool nwi_block_is_sound(const struct nwi_block_room *room, const struct nwi_block_head *head);

uint64_t nwi_snapshot_sum(const void *bytes, size_t n_bytes, uint64_t seed);
void nwi_snapshot_name(char name[NWI_SNAPSHOT_NAME_BYTES], uint64_t generation, uint32_t part_idx);

#endif /* NWI_SNAPSHOT_FORMAT_H */

/* SPDX-License-Identifier: MIT */
/*
 * Frames: heads. The bodies are in message.c.
 * Invariant: a size is checked before it is used in a sum, and a body before it is given out.
 */
#include "relay/frame.h"

#include <endian.h>
#include <isa-l/crc.h>
#include <string.h>

static const unsigned char magic[4] = { 'N', 'W', 'R', '1' };

/* Where in a head a thing is. */
enum { AT_VERSION = 4, AT_KIND = 5, AT_SLOT = 6, AT_COUNT = 8, AT_CHECKSUM = 12 };

static uint32_t load_32(const unsigned char *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	return le32toh(n);
}

static void store_32(unsigned char *at, uint32_t n)
{
	n = htole32(n);
	memcpy(at, &n, sizeof(n));
}

/* crc32c, as iSCSI has it. The library's pointer is not const, but it only reads; its length is an
 * int, and a body has RELAY_BODY_MAX bytes at most. */
static uint32_t checksum(const unsigned char *body, size_t n_bytes)
{
	return ~crc32_iscsi((unsigned char *)(uintptr_t)body, (int)n_bytes, ~0u);
}

static bool has_packets(unsigned kind)
{
	return kind == RELAY_DATA || kind == RELAY_DELIVER;
}

/* What the bytes of a head that are there already tell. */
static enum relay_fault check_start(const unsigned char *bytes, size_t n_bytes)
{
	size_t n = n_bytes < sizeof(magic) ? n_bytes : sizeof(magic);

	if (n > 0 && memcmp(bytes, magic, n) != 0)
		return RELAY_BAD_MAGIC;
	if (n_bytes > AT_VERSION && bytes[AT_VERSION] != RELAY_VERSION)
		return RELAY_BAD_VERSION;
	if (n_bytes > AT_KIND && (bytes[AT_KIND] == 0 || bytes[AT_KIND] >= RELAY_KIND_END))
		return RELAY_BAD_KIND;
	return RELAY_SOUND;
}

int relay_frame_take(const unsigned char *bytes, size_t n_bytes, size_t body_max,
		     struct relay_frame *ret_frame, size_t *ret_wanted)
{
	enum relay_fault fault = check_start(bytes, n_bytes);
	struct relay_frame frame;
	uint64_t body_bytes;

	if (fault != RELAY_SOUND)
		return -(int)fault;
	*ret_wanted = RELAY_HEAD_BYTES;
	if (n_bytes < RELAY_HEAD_BYTES)
		return 0;
	frame.kind = bytes[AT_KIND];
	frame.slot = (uint16_t)(bytes[AT_SLOT] | bytes[AT_SLOT + 1] << 8);
	frame.count = load_32(bytes + AT_COUNT);
	body_bytes = (uint64_t)frame.count *
		     (has_packets(frame.kind) ? sizeof(struct nw_packet) : 1);
	if (body_bytes > body_max || (has_packets(frame.kind) && frame.count == 0))
		return -RELAY_BAD_SIZE;
	*ret_wanted = RELAY_HEAD_BYTES + (size_t)body_bytes;
	if (n_bytes < *ret_wanted)
		return 0;
	frame.body = bytes + RELAY_HEAD_BYTES;
	frame.body_bytes = (size_t)body_bytes;
	if (checksum(frame.body, frame.body_bytes) != load_32(bytes + AT_CHECKSUM))
		return -RELAY_BAD_CHECKSUM;
	*ret_frame = frame;
	return (int)*ret_wanted;
}

size_t relay_frame_seal(unsigned char *ret_head, enum relay_kind kind, uint32_t slot,
			const unsigned char *body, size_t body_bytes)
{
	size_t unit = has_packets(kind) ? sizeof(struct nw_packet) : 1;

	memcpy(ret_head, magic, sizeof(magic));
	ret_head[AT_VERSION] = RELAY_VERSION;
	ret_head[AT_KIND] = (unsigned char)kind;
	ret_head[AT_SLOT] = (unsigned char)(slot & 0xff);
	ret_head[AT_SLOT + 1] = (unsigned char)(slot >> 8 & 0xff);
	store_32(ret_head + AT_COUNT, (uint32_t)(body_bytes / unit));
	store_32(ret_head + AT_CHECKSUM, checksum(body, body_bytes));
	return RELAY_HEAD_BYTES + body_bytes;
}

const char *relay_kind_name(unsigned kind)
{
	static const char *const names[RELAY_KIND_END] = {
		"none",    "data", "hello", "hello_ok", "ack",   "refused", "subscribe", "deliver",
		"closing", "ping", "pong",  "lost",     "names", "drops",   "move"
	};

	return kind < RELAY_KIND_END ? names[kind] : "unknown";
}

const char *relay_fault_name(enum relay_fault fault)
{
	static const char *const names[RELAY_FAULT_COUNT] = { "sound", "magic", "version",
							      "kind",  "size",  "checksum" };

	return fault < RELAY_FAULT_COUNT ? names[fault] : "unknown";
}

const char *relay_fault_text(enum relay_fault fault)
{
	static const char *const texts[RELAY_FAULT_COUNT] = {
		"a frame",
		"not a frame: it does not begin with NWR1",
		"a frame of another version",
		"a frame of no known kind",
		"a frame of a size that is not allowed",
		"a frame whose checksum is not that of its body",
	};

	return fault < RELAY_FAULT_COUNT ? texts[fault] : "unknown";
}

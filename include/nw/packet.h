/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A packet of the relay: 64 bytes, one cache line, the same in memory, in shared memory and, little
 * endian, on a wire.
 *
 *      0 topic (4)     4 sender (4)    8 time_ns (8)
 *     16 flags (2)    18 length (1)   19 priority (1)   20 type (4)   24 ttl_us (4)
 *     28 payload (36): form INLINE, `length` bytes of it
 *     28 0 (4)  32 offset (8)  40 checksum (8)  48 region (4)  52 bytes (4)  56 0 (8): form ARENA
 *        or SHM, a struct nw_packet_ref behind the four zeros
 *
 * A topic is known by the low 32 bits of the XXH3 hash of its name; who registers names finds
 * those that collide (nw_rules_builder_add_topic()). Topics are dealt out in slots, and shards own
 * slots.
 */
#ifndef NW_PACKET_H
#define NW_PACKET_H

#include <nw/base.h>

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef __cplusplus
#include <stdalign.h>
#endif

NW_BEGIN_DECLS

/** Bytes of payload inside a packet, priorities (0 is the highest), slots of topics. */
#define NW_PACKET_PAYLOAD_MAX    36u
#define NW_PACKET_PRIORITY_COUNT 4u
#define NW_TOPIC_SLOT_COUNT      4096u

/** Where the payload is: the low two bits of `flags`. 0 is no form, so a zeroed packet is bad. */
enum nw_packet_form {
	NW_PACKET_INLINE = 1, /* in the packet */
	NW_PACKET_ARENA = 2,  /* in the arena of the topic's shard */
	NW_PACKET_SHM = 3,    /* in a shared memory region */
	NW_PACKET_FORM_MASK = 3
};

/** The other bits of `flags`; the rest is reserved and 0. */
enum nw_packet_flag {
	NW_PACKET_GOVERNED = 1u << 2, /* rules were applied; set on delivery, ignored before */
	NW_PACKET_SYSTEM = 1u << 3,   /* no rules apply; only from a producer with that right */
	NW_PACKET_FLAGS = (1u << 4) - 1
};

/** A packet. Plain bytes: copy it, send it, zero it. */
struct nw_packet {
	alignas(64) uint32_t topic; /* nw_topic_id() */
	uint32_t sender;            /* who it is from; the relay writes it from the identity */
	uint64_t time_ns;           /* the producer's CLOCK_REALTIME */
	uint16_t flags;             /* a form and enum nw_packet_flag */
	uint8_t length;             /* bytes of an inline payload; else 0 */
	uint8_t priority;           /* 0..3; 3 is dropped first */
	uint32_t type;              /* the application's */
	uint32_t ttl_us;            /* since acceptance; 0: it does not expire */
	uint8_t payload[NW_PACKET_PAYLOAD_MAX];
};

/** What stands from byte 32 on in a packet of form ARENA or SHM. */
struct nw_packet_ref {
	uint64_t offset;   /* in the region */
	uint64_t checksum; /* XXH3, 64 bits, of the bytes */
	uint32_t region;
	uint32_t bytes; /* at least 1 */
	uint64_t reserved;
};

static_assert(sizeof(struct nw_packet) == 64 && alignof(struct nw_packet) == 64, "one line");
static_assert(offsetof(struct nw_packet, topic) == 0, "layout");
static_assert(offsetof(struct nw_packet, sender) == 4, "layout");
static_assert(offsetof(struct nw_packet, time_ns) == 8, "layout");
static_assert(offsetof(struct nw_packet, flags) == 16, "layout");
static_assert(offsetof(struct nw_packet, length) == 18, "layout");
static_assert(offsetof(struct nw_packet, priority) == 19, "layout");
static_assert(offsetof(struct nw_packet, type) == 20, "layout");
static_assert(offsetof(struct nw_packet, ttl_us) == 24, "layout");
static_assert(offsetof(struct nw_packet, payload) == 28, "layout");
static_assert(sizeof(struct nw_packet_ref) == 32, "from byte 32 to the end");
static_assert(offsetof(struct nw_packet_ref, checksum) == 8, "layout");
static_assert(offsetof(struct nw_packet_ref, region) == 16, "layout");
static_assert(offsetof(struct nw_packet_ref, bytes) == 20, "layout");
static_assert(offsetof(struct nw_packet_ref, reserved) == 24, "layout");

/** Why a packet is bad. */
enum nw_packet_fault {
	NW_PACKET_GOOD,
	NW_PACKET_BAD_FORM,      /* no form */
	NW_PACKET_BAD_FLAGS,     /* a reserved bit */
	NW_PACKET_BAD_LENGTH,    /* above 36; or not 0 where the payload is elsewhere */
	NW_PACKET_BAD_PRIORITY,  /* above 3 */
	NW_PACKET_BAD_REFERENCE, /* no bytes, an end above 2^64, or reserved bytes that are not 0 */
	NW_PACKET_FAULT_COUNT
};

/**
 * Read where the payload of a packet of form ARENA or SHM is.
 *
 * @param packet  of any content
 *
 * Threads: any; the packet must not change meanwhile.
 * Progress: wait-free.
 */
static inline struct nw_packet_ref nw_packet_ref(const struct nw_packet *packet)
{
	struct nw_packet_ref ref;

	memcpy(&ref, packet->payload + 4, sizeof(ref));
	return ref;
}

/**
 * Say where the payload is. The caller sets the form; `length` becomes 0.
 *
 * @param packet  changed from byte 28 on
 * @param ref     borrowed for the call
 *
 * Threads: any that has the packet to itself.
 * Progress: wait-free.
 */
static inline void nw_packet_set_ref(struct nw_packet *packet, const struct nw_packet_ref *ref)
{
	packet->length = 0;
	memset(packet->payload, 0, 4);
	memcpy(packet->payload + 4, ref, sizeof(*ref));
}

/**
 * Say whether the reference of a packet can be followed as far as the packet itself tells.
 *
 * @param packet  of form ARENA or SHM
 * @return NW_PACKET_GOOD, NW_PACKET_BAD_LENGTH or NW_PACKET_BAD_REFERENCE
 *
 * Threads: any; the packet must not change meanwhile.
 */
static inline enum nw_packet_fault nw_packet_check_ref(const struct nw_packet *packet)
{
	static const uint8_t zeros[4] = { 0, 0, 0, 0 };
	struct nw_packet_ref ref = nw_packet_ref(packet);

	if (packet->length != 0)
		return NW_PACKET_BAD_LENGTH;
	if (ref.bytes == 0 || ref.offset > UINT64_MAX - ref.bytes || ref.reserved != 0 ||
	    memcmp(packet->payload, zeros, sizeof(zeros)) != 0)
		return NW_PACKET_BAD_REFERENCE;
	return NW_PACKET_GOOD;
}

/**
 * Say whether a packet is one, and what is wrong with it first. What its topic and sender mean, and
 * whether it may say NW_PACKET_SYSTEM, is not looked at; bytes behind an inline payload may be
 * anything.
 *
 * @param packet  of any content; copy it first where another process can write it
 *
 * Threads: any; the packet must not change meanwhile.
 * Progress: wait-free.
 */
static inline enum nw_packet_fault nw_packet_check(const struct nw_packet *packet)
{
	if (NW_UNLIKELY((packet->flags & NW_PACKET_FORM_MASK) == 0))
		return NW_PACKET_BAD_FORM;
	if (NW_UNLIKELY((packet->flags & ~(unsigned)NW_PACKET_FLAGS) != 0))
		return NW_PACKET_BAD_FLAGS;
	if (NW_UNLIKELY(packet->priority >= NW_PACKET_PRIORITY_COUNT))
		return NW_PACKET_BAD_PRIORITY;
	if ((packet->flags & NW_PACKET_FORM_MASK) != NW_PACKET_INLINE)
		return nw_packet_check_ref(packet);
	return packet->length <= NW_PACKET_PAYLOAD_MAX ? NW_PACKET_GOOD : NW_PACKET_BAD_LENGTH;
}

/** What is wrong, as a phrase for a message: lent for ever. Threads: any. */
NW_API const char *nw_packet_fault_text(enum nw_packet_fault fault);

/**
 * The id of a topic: the low 32 bits of XXH3-64 of its name.
 *
 * @param name     any bytes; borrowed for the call
 * @param n_bytes  0 is allowed
 *
 * Threads: any.
 */
NW_API uint32_t nw_topic_id(const char *name, size_t n_bytes);

/** The slot of a topic, 0..NW_TOPIC_SLOT_COUNT-1. Threads: any. */
static inline uint32_t nw_topic_slot(uint32_t topic)
{
	return topic % NW_TOPIC_SLOT_COUNT;
}

NW_END_DECLS

#endif /* NW_PACKET_H */

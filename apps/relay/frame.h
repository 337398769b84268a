/* SPDX-License-Identifier: MIT */
/*
 * What stands on the wire between `nodewise relay` and its clients: frames, little endian.
 *
 *     0 magic "NWR1" (4)   4 version (1)   5 kind (1)   6 slot (2)   8 count (4)   12 crc32c (4)
 *    16 the body: of DATA and DELIVER count packets of 64 bytes, else count bytes
 *
 * slot is a hint, by which datagrams are dealt out before anyone has looked inside: the slot of the
 * first packet's topic, or RELAY_SLOT_NONE. The checksum is that of the body.
 *
 * On a stream the client says HELLO first, and hears HELLO_OK or REFUSED. Each DATA, SUBSCRIBE,
 * NAMES, MOVE, PING and DROPS has one answer (ACK, REFUSED, PONG, DROPS), in their order; DELIVER,
 * LOST and CLOSING come in between. A datagram is one DATA frame, and has no answer.
 *
 * Invariant: nothing here looks behind the bytes it was given, and whatever they are, an answer
 * comes in bounded time: a frame, how many bytes are missing, or what is wrong.
 */
#ifndef APP_RELAY_FRAME_H
#define APP_RELAY_FRAME_H

#include <nw/packet.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RELAY_VERSION = 1,
	RELAY_HEAD_BYTES = 16,
	RELAY_SLOT_NONE = 0xffff,
	RELAY_BODY_MIN = 1024,               /* what a limit on bodies may be, least */
	RELAY_BODY_MAX = 1 << 20,            /* and most */
	RELAY_DATAGRAM_BODY_MAX = 1023 * 64, /* that a datagram has room for */
	RELAY_NAME_BYTES = 64,               /* of a sender's name, with the final zero */
	RELAY_TOKEN_BYTES = 256,             /* of a token, likewise */
	RELAY_TEXT_BYTES = 240,              /* of a text for people, likewise */
	RELAY_PING_BYTES_MAX = 64,
	RELAY_TOPIC_NAME_MAX = 255, /* bytes */
};

enum relay_kind {
	RELAY_DATA = 1,
	RELAY_HELLO,
	RELAY_HELLO_OK,
	RELAY_ACK,
	RELAY_REFUSED,
	RELAY_SUBSCRIBE,
	RELAY_DELIVER,
	RELAY_CLOSING, /* the relay ends: nothing more is admitted, what is on its way still comes
			*/
	RELAY_PING,
	RELAY_PONG,  /* with the bytes of the PING */
	RELAY_LOST,  /* how many packets this subscriber has lost so far, being too slow */
	RELAY_NAMES, /* of topics that will be sent to, or heard by prefix; ACK: all are allowed */
	RELAY_DROPS, /* asked: empty; answered: what became of the sender's packets afterwards */
	RELAY_MOVE,  /* a slot to another shard; ACK: 1, it is there, or 0, not yet: ask again */
	RELAY_KIND_END
};

/* What is wrong with bytes that are no frame. */
enum relay_fault {
	RELAY_SOUND,
	RELAY_BAD_MAGIC,
	RELAY_BAD_VERSION,
	RELAY_BAD_KIND,
	RELAY_BAD_SIZE, /* more than is allowed, or not what the kind has */
	RELAY_BAD_CHECKSUM,
	RELAY_FAULT_COUNT
};

struct relay_frame {
	uint8_t kind;
	uint16_t slot;
	uint32_t count;
	const unsigned char *body; /* lent from the bytes, at any address */
	size_t body_bytes;
};

/*
 * Looks at the bytes of a stream from where a frame begins. Returns how many bytes the frame has
 * that is complete, in *ret_frame; 0: more are needed, *ret_wanted of them in all; or -enum
 * relay_fault, as early as the bytes tell.
 */
int relay_frame_take(const unsigned char *bytes, size_t n_bytes, size_t body_max,
		     struct relay_frame *ret_frame, size_t *ret_wanted);

/* Writes the head for a body; `body` may lie right behind it. Returns bytes of head and body. */
size_t relay_frame_seal(unsigned char *ret_head, enum relay_kind kind, uint32_t slot,
			const unsigned char *body, size_t body_bytes);

const char *relay_kind_name(unsigned kind);           /* "data" */
const char *relay_fault_name(enum relay_fault fault); /* "checksum": a label */
const char *relay_fault_text(enum relay_fault fault); /* a phrase for people */

/* ---- bodies; encoders return bytes, decoders whether the body is one ---- */

struct relay_hello {
	uint16_t protocol;             /* RELAY_VERSION */
	uint16_t flags;                /* 0 */
	char name[RELAY_NAME_BYTES];   /* "" : whoever the connection proves */
	char token[RELAY_TOKEN_BYTES]; /* "" : none */
};

struct relay_hello_ok {
	uint16_t protocol, shard_count;
	uint32_t sender;   /* that its packets will have */
	uint32_t body_max; /* bytes of a body that are taken */
	uint64_t rules_version;
};

struct relay_ack {
	uint32_t accepted; /* packets of a DATA; topics that a SUBSCRIBE hears; NAMES */
};

/* Why, beyond enum nw_relay_refusal. */
enum relay_reason {
	RELAY_REASON_DENIED = 100, /* no rule allows the topic */
	RELAY_REASON_IDENTITY,     /* nobody that the rules know */
	RELAY_REASON_PROTOCOL,     /* not a frame, or not one that has its place here */
	RELAY_REASON_LIMIT,        /* of clients, or of memory */
	RELAY_REASON_SLOW,         /* did not read, or not say HELLO, for too long */
	RELAY_REASON_CLOSING,
	RELAY_REASON_END
};

/* Of a DATA frame packets 0..accepted-1 are in, the others are not. */
struct relay_refused {
	uint32_t accepted;
	uint16_t reason; /* enum nw_relay_refusal, enum relay_reason */
	uint16_t shard;
	uint64_t retry_after_ns;     /* 0: to try again is useless */
	char text[RELAY_TEXT_BYTES]; /* for people */
};

/* Packets of a sender that were accepted and dropped, since the connection began, whoever else
 * sends as that. */
struct relay_drops {
	uint64_t denied;    /* no rule allows the topic or the sender, or one denies it */
	uint64_t throttled; /* a rate of the topic, the sender or all */
	uint64_t in_flight; /* as many as may be were in flight */
	uint64_t expired;
	uint64_t other;
};

struct relay_move {
	uint16_t slot, shard;
};

enum relay_what { RELAY_TOPICS, RELAY_PREFIX, RELAY_ALL };

struct relay_subscribe {
	uint8_t what;              /* enum relay_what */
	bool is_off;               /* hear it no more */
	const unsigned char *rest; /* RELAY_TOPICS: ids, at any address; RELAY_PREFIX: bytes */
	size_t rest_bytes;
};

enum { RELAY_HELLO_BYTES_MAX = 6 + RELAY_NAME_BYTES + RELAY_TOKEN_BYTES };
enum { RELAY_REFUSED_BYTES_MAX = 16 + RELAY_TEXT_BYTES };
enum { RELAY_HELLO_OK_BYTES = 20, RELAY_ACK_BYTES = 4, RELAY_SUBSCRIBE_BYTES = 4 };
enum { RELAY_LOST_BYTES = 8, RELAY_DROPS_BYTES = 40, RELAY_MOVE_BYTES = 4 };

size_t relay_put_hello(unsigned char *ret_body, const struct relay_hello *hello);
size_t relay_put_hello_ok(unsigned char *ret_body, const struct relay_hello_ok *ok);
size_t relay_put_ack(unsigned char *ret_body, const struct relay_ack *ack);
size_t relay_put_refused(unsigned char *ret_body, const struct relay_refused *refused);
size_t relay_put_lost(unsigned char *ret_body, uint64_t lost);
size_t relay_put_drops(unsigned char *ret_body, const struct relay_drops *drops);
size_t relay_put_move(unsigned char *ret_body, const struct relay_move *move);
/* The first RELAY_SUBSCRIBE_BYTES; the rest is the caller's to append. */
size_t relay_put_subscribe(unsigned char *ret_body, enum relay_what what, bool is_off);

bool relay_get_hello(const struct relay_frame *frame, struct relay_hello *ret);
bool relay_get_hello_ok(const struct relay_frame *frame, struct relay_hello_ok *ret);
bool relay_get_ack(const struct relay_frame *frame, struct relay_ack *ret);
bool relay_get_refused(const struct relay_frame *frame, struct relay_refused *ret);
bool relay_get_lost(const struct relay_frame *frame, uint64_t *ret);
bool relay_get_drops(const struct relay_frame *frame, struct relay_drops *ret);
bool relay_get_move(const struct relay_frame *frame, struct relay_move *ret);
bool relay_get_subscribe(const struct relay_frame *frame, struct relay_subscribe *ret);

/* Appends a name to those of a NAMES body; 0: it has no room in n_bytes. */
size_t relay_put_name(unsigned char *ret_body, size_t used, size_t n_bytes, const char *name);
/* The name at *inout_at, with a final zero, and moves on. False: that was the last, or *inout_at is
 * not at the end and the body is none. */
bool relay_get_name(const struct relay_frame *frame, size_t *inout_at,
		    char ret_name[RELAY_TOPIC_NAME_MAX + 1]);

/* "denied": of both enums; a label. */
const char *relay_reason_name(unsigned reason);

#endif /* APP_RELAY_FRAME_H */

/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The relay's end of a client in another process (nw/relay_client.h): for programs that embed a
 * relay, own its Unix socket, and decide who may come in.
 *
 * A client's stream begins with NW_RELAY_HELLO_BYTES, the first four of which are
 * NW_RELAY_HELLO_MAGIC, so that other protocols can share the socket. The program reads them, finds
 * out who that is (name, token, SO_PEERCRED), and admits or refuses:
 *
 *     if (!nw_relay_hello_read(bytes, &hello))       not a client, or one of another version
 *     nw_relay_guest_admit(&guest, relay, fd, &hello, &options, &diag);
 *
 * From then on, whenever the stream is readable, nw_relay_guest_serve(); when that says that the
 * client is gone, nw_relay_guest_close(). What a client had shown in its lanes is still carried
 * after that.
 *
 * Nothing that a client does or leaves undone makes a shard wait, or read what it may not.
 *
 * Threads: control calls of the relay (nw/relay.h): from any thread but inside the deliver hook;
 * two calls on one guest must not overlap.
 */
#ifndef NW_RELAY_GUEST_H
#define NW_RELAY_GUEST_H

#include <nw/base.h>
#include <nw/diag.h>
#include <nw/relay.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A client's seat in the relay. Opaque. */
struct nw_relay_guest;

#define NW_RELAY_HELLO_BYTES 512u
#define NW_RELAY_HELLO_MAGIC "NWL1"

/** What a client asks for. */
struct nw_relay_hello {
	char name[64]; /* ends with 0; "": whoever the connection proves */
	char token[256];
	uint32_t submit_slots, receive_slots;
	uint32_t payload_bytes; /* beside each slot of the lanes to the shards */
};

/**
 * Read a client's first bytes.
 *
 * @param bytes      NW_RELAY_HELLO_BYTES of them, of any content
 * @param ret_hello  set if true
 * @return false: no such hello, or of another version
 *
 * Threads: any.
 */
NW_API bool nw_relay_hello_read(const void *bytes, struct nw_relay_hello *ret_hello);

/** How names are found for a guest's subscriptions; all zero: prefixes are refused. */
struct nw_relay_names {
	void *ctx;
	/* Whether a guest with this ctx may hear every topic, or a topic. NULL: it may. */
	bool (*may_hear_all)(void *ctx);
	bool (*may_hear)(void *ctx, uint32_t topic);
	/* Fills in up to `max` topics whose names begin with the prefix; returns how many there
	 * are; SIZE_MAX: the guest may not hear that prefix. It should remember the prefix, and
	 * call nw_relay_guest_hear() for names that come. */
	size_t (*find)(void *ctx, const char *prefix, size_t n_bytes, bool is_on,
		       uint32_t *ret_topics, size_t max);
};

/** All zero: sender 0, no rights, lanes as the client asks, up to 65,536 slots. */
struct nw_relay_guest_options {
	uint32_t sender;
	unsigned rights; /* NW_RELAY_MAY_SYSTEM */
	uint8_t priority_top;
	uint32_t
		slots_max; /* of a lane: a client that asks for more gets so many; a power of two */
	uint32_t payload_bytes_max; /* of a payload: likewise, a multiple of 8; 0: 65,536 */
	struct nw_relay_names names;
};

/**
 * Admit a client: make its lanes, on the nodes of their shards, and send it what it needs.
 *
 * @param ret_guest    set on success, untouched on failure
 * @param fd           the stream, its hello read; taken on success
 * @param hello        borrowed for the call
 * @param options      borrowed for the call
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EINVAL  rights or slots that are not allowed
 * @return -EPIPE   -EAGAIN, -ECONNRESET: the client is gone, or does not read
 * @return -ENOSYS  -ENOENT: no memory can be shared here (memfd, /proc)
 * @return -ENOMEM  -EMFILE, -ENFILE: no memory, no descriptor
 *
 * Threads: a control call.
 * Owner:   the caller; release with nw_relay_guest_close() before nw_relay_destroy().
 * Cost:    shared memory of all lanes, pages of which count when they are touched; four
 * descriptors.
 */
NW_API int nw_relay_guest_admit(struct nw_relay_guest **ret_guest, struct nw_relay *relay, int fd,
				const struct nw_relay_hello *hello,
				const struct nw_relay_guest_options *options,
				struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Tell a client why it is not admitted. The stream stays the caller's, to close.
 *
 * @param rc    a negative errno, as -EACCES: what nw_relay_client_connect() there returns
 * @param text  one line for people, at most 399 bytes
 * @return 0 or a negative errno: it may be gone
 *
 * Threads: any.
 */
NW_API int nw_relay_guest_refuse(int fd, int rc, const char *text);

/**
 * Do what the client asks for over its stream, as far as it is there.
 *
 * @return 0        it is there, and nothing more is to be read now
 * @return -ENOENT  it has closed: nw_relay_guest_close()
 * @return -EPROTO  it does not keep to the protocol, or does not read its answers: likewise
 * @return -ECONNRESET  another of recvmsg(2): likewise
 *
 * Threads: a control call.
 * Progress: never waits.
 */
NW_API int nw_relay_guest_serve(struct nw_relay_guest *guest) NW_MUST_USE;

/** Its stream, to be polled for reading. Threads: any. */
NW_API int nw_relay_guest_fd(const struct nw_relay_guest *guest);

/**
 * Have a guest hear topics, or hear them no more: for names that came after it asked for a prefix.
 *
 * @return 0
 * @return -ENOMEM  no memory for the tables: nothing has changed
 *
 * Threads: a control call.
 */
NW_API int nw_relay_guest_hear(struct nw_relay_guest *guest, const uint32_t *topics, size_t count,
			       bool is_on) NW_MUST_USE;

/* What came from a guest, and what it was offered. */
struct nw_relay_guest_counts {
	uint64_t submitted; /* taken from its lanes */
	uint64_t refused;   /* of them */
	uint64_t offered;
	uint64_t lost;  /* of them: its lane was full */
	bool is_broken; /* a count of its was impossible: it is not listened to any more */
};

/**
 * Read the counts of a guest.
 *
 * Threads: any.
 */
NW_API void nw_relay_guest_counts(const struct nw_relay_guest *guest,
				  struct nw_relay_guest_counts *ret_counts);

/**
 * See a client off: it hears nothing any more, its stream is closed, and its seat is released when
 * the shards have taken what it had shown. NULL is a no-op.
 *
 * Threads: a control call, when no other call on this guest is running or will follow. A later
 *          control call releases the memory (nw_relay_tend()).
 */
NW_API void nw_relay_guest_close(struct nw_relay_guest *guest);

NW_END_DECLS

#endif /* NW_RELAY_GUEST_H */

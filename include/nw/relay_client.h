/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A relay from another process of the same machine: packets go into lanes of shared memory and are
 * taken by the shards themselves, without a system call on either side.
 *
 *                 submit, counts   receive   subscribe   close
 *     submit            X             -          -         X
 *     receive           -             X          -         X
 *     subscribe         -             -          X         X
 *     close             X             X          X         X
 *
 * X: the caller must keep the two calls on one client from overlapping. -: any overlap is fine.
 *
 * The relay need not trust a client, and outlives its death at any instruction; a client trusts the
 * relay. After a fork() only one of the two processes may go on with a client.
 *
 * What nw_relay_client_submit() calls accepted is in a lane, in order, and will be looked at by its
 * shard, also when this process is gone; the shard can still refuse it, if the client overstepped
 * its rights, or the relay was closed meanwhile. nw_relay_client_counts() tells.
 */
#ifndef NW_RELAY_CLIENT_H
#define NW_RELAY_CLIENT_H

#include <nw/base.h>
#include <nw/diag.h>
#include <nw/packet.h>
#include <nw/relay.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A connection. Opaque. */
struct nw_relay_client;

/** All zero: nobody in particular, 1024 slots each way. */
struct nw_relay_client_options {
	const char *name; /* at most 63 bytes: who this wants to be; NULL: what the socket proves */
	const char *token;      /* at most 255 bytes; NULL: none */
	uint32_t submit_slots;  /* of the lane to each shard, a power of two, 2..65536; 0: 1024 */
	uint32_t receive_slots; /* of the lane from each shard; likewise */
	uint32_t payload_bytes; /* most for nw_relay_client_submit_payload(): 0..65536, and that
				   much memory for each slot of a lane */
	uint64_t timeout_ns;    /* for what the relay has to answer; 0: 5 s */
};

/**
 * Connect, and share memory with the relay.
 *
 * @param ret_client   set on success, untouched on failure
 * @param path         of the relay's Unix socket; "@name": an abstract one
 * @param options      NULL: all zero; borrowed for the call
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EINVAL   a name or token too long, or slots that are not allowed
 * @return -EPROTO   no relay is there, or one of another version
 * @return -EACCES   the relay does not admit this client; it says why
 * @return -ETIMEDOUT  the relay does not answer
 * @return another   as connect(2) says (-ENOENT, -ECONNREFUSED); -ENOMEM, -EMFILE
 *
 * Threads: any.
 * Owner:   the caller; release with nw_relay_client_close().
 * Cost:    five descriptors and one for each shard; two mappings.
 */
NW_API int nw_relay_client_connect(struct nw_relay_client **ret_client, const char *path,
				   const struct nw_relay_client_options *options,
				   struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * The same over a stream that is connected already.
 *
 * @param fd  taken on success; else it is still the caller's
 *
 * Threads: any.
 */
NW_API int nw_relay_client_open(struct nw_relay_client **ret_client, int fd,
				const struct nw_relay_client_options *options,
				struct nw_diag *reterr_diag) NW_MUST_USE;

/**
 * Leave. What was accepted is still carried by the relay. NULL is a no-op.
 *
 * Threads: when no other call on this client is running or will follow.
 */
NW_API void nw_relay_client_close(struct nw_relay_client *client);

/**
 * Submit packets until one is refused, as nw_relay_submit().
 *
 * @param packets      count of them; borrowed, and copied
 * @param ret_receipt  NULL: not wanted
 * @return how many were accepted: packets 0..n-1
 *
 * Threads: one at a time.
 * Order:   packets of one topic are delivered in the order in which one client submitted them.
 * Progress: wait-free; no system call but to wake a shard that sleeps.
 */
NW_API size_t nw_relay_client_submit(struct nw_relay_client *client,
				     const struct nw_packet *packets, size_t count,
				     struct nw_relay_receipt *ret_receipt);

/**
 * The same for packets that lie at any address, aligned or not.
 *
 * @param records  count times 64 bytes; borrowed, and copied
 * @return as nw_relay_client_submit()
 *
 * Threads: the one that submits.
 * Order:   as nw_relay_client_submit().
 * Progress: as nw_relay_client_submit().
 */
NW_API size_t nw_relay_client_submit_records(struct nw_relay_client *client, const void *records,
					     size_t count, struct nw_relay_receipt *ret_receipt);

/**
 * Submit one packet with a payload that does not fit it. It is delivered with the form ARENA.
 *
 * @param packet       borrowed, and copied; its form, length and payload are not looked at
 * @param bytes        n_bytes of them, 1..payload_bytes of the options; borrowed, and copied
 * @param ret_receipt  NULL: not wanted; NW_RELAY_FORM: too long, or this relay keeps no payloads
 * @return whether it was accepted
 *
 * Threads: the one that submits.
 * Order:   as nw_relay_client_submit(), together with it.
 * Progress: wait-free, but for the copy; no system call but to wake a shard that sleeps.
 */
NW_API bool nw_relay_client_submit_payload(struct nw_relay_client *client,
					   const struct nw_packet *packet, const void *bytes,
					   uint32_t n_bytes, struct nw_relay_receipt *ret_receipt);

/**
 * Copy the payload of a packet of form ARENA that was received, as nw_relay_payload().
 *
 * @param ret_bytes  room for max
 * @return bytes copied
 * @return -ESTALE    it is gone: others have its place
 * @return -EMSGSIZE  it is longer than max
 * @return -EINVAL    the packet has another form, or names no arena
 *
 * Threads: any.
 * Progress: wait-free.
 */
NW_API int64_t nw_relay_client_payload(const struct nw_relay_client *client,
				       const struct nw_packet *packet, void *ret_bytes,
				       uint32_t max);

/**
 * Wait until a shard's lane has room.
 *
 * @param shard_idx   of a receipt whose reason is NW_RELAY_FULL
 * @param timeout_ns  at most so long; UINT64_MAX: no limit
 * @return true if there is; false: the time has passed, a signal came, or the relay is gone
 *
 * Threads: the one that submits.
 * Progress: blocks on the shard.
 */
NW_API bool nw_relay_client_wait_room(struct nw_relay_client *client, uint32_t shard_idx,
				      uint64_t timeout_ns);

/**
 * Announce that this client is about to wait for nw_relay_client_room_fd() until a shard's lane has
 * room.
 *
 * @return true: there is none, wait; false: there is room already
 *
 * Threads: the one that submits.
 * Progress: wait-free.
 */
NW_API bool nw_relay_client_rest_room(struct nw_relay_client *client, uint32_t shard_idx);

/**
 * Take packets that were delivered, from the lanes in turn.
 *
 * @param ret_packets  room for count; only those returned are written
 * @return how many: 0..count
 *
 * Threads: one at a time.
 * Order:   packets of one topic come in their order.
 * Progress: wait-free.
 */
NW_API size_t nw_relay_client_receive(struct nw_relay_client *client, struct nw_packet *ret_packets,
				      size_t count);

/**
 * Wait until there is something to receive.
 *
 * @param timeout_ns  at most so long; UINT64_MAX: no limit
 * @return true if there is; false: the time has passed, a signal came, or the relay is gone
 *
 * Threads: the one that receives.
 * Progress: blocks on a delivery.
 */
NW_API bool nw_relay_client_receive_wait(struct nw_relay_client *client, uint64_t timeout_ns);

/**
 * Announce that this client is about to wait for its bell until something is delivered.
 *
 * @return true: nothing is there, wait; false: something is there already
 *
 * Threads: the one that receives.
 * Progress: wait-free.
 */
NW_API bool nw_relay_client_rest(struct nw_relay_client *client);

/**
 * The bell (nw/bell.h), for who waits for other descriptors too: it rings when packets come after
 * nw_relay_client_rest() returned true. Hear it with nw_bell_hear().
 *
 * Threads: any.
 * Owner:   lent until the client is closed.
 */
NW_API int nw_relay_client_bell_fd(const struct nw_relay_client *client);

/**
 * The other bell: it rings when there is room after nw_relay_client_rest_room() returned true.
 *
 * Threads: any.
 * Owner:   lent until the client is closed.
 */
NW_API int nw_relay_client_room_fd(const struct nw_relay_client *client);

/**
 * The stream to the relay: readable when an answer comes, or when the relay is gone.
 *
 * Threads: any.
 * Owner:   lent until the client is closed.
 */
NW_API int nw_relay_client_stream_fd(const struct nw_relay_client *client);

/**
 * Hear topics from now on, or no more.
 *
 * @param topics  count of them, at most 16,384; borrowed for the call
 * @param is_on   false: no more
 * @return 0
 * @return -E2BIG      too many at once
 * @return -ENOMEM     the relay has no memory for them
 * @return -ETIMEDOUT  the relay does not answer
 * @return -EPIPE      -ECONNRESET: the relay is gone
 * @return another     what the relay answered (-EACCES, ...)
 *
 * Threads: one at a time.
 * Progress: waits for the relay.
 */
NW_API int nw_relay_client_subscribe(struct nw_relay_client *client, const uint32_t *topics,
				     size_t count, bool is_on) NW_MUST_USE;

/**
 * Hear all topics whose names, known to the relay now or later, begin with some bytes.
 *
 * @param prefix     n_bytes of it, 0..65,536; borrowed for the call
 * @param is_on      false: no more
 * @param ret_count  how many such topics there are now; NULL: not wanted. Untouched on failure
 * @return as nw_relay_client_subscribe(); -ENOTSUP: this relay knows no names
 *
 * Threads: one at a time.
 * Progress: waits for the relay.
 */
NW_API int nw_relay_client_subscribe_prefix(struct nw_relay_client *client, const char *prefix,
					    size_t n_bytes, bool is_on, uint32_t *ret_count)
	NW_MUST_USE;

/**
 * Hear every topic, or only those subscribed to.
 *
 * @return as nw_relay_client_subscribe()
 *
 * Threads: one at a time.
 * Progress: waits for the relay.
 */
NW_API int nw_relay_client_subscribe_all(struct nw_relay_client *client, bool is_on) NW_MUST_USE;

/* What became of what was submitted, and of what was delivered. */
struct nw_relay_client_counts {
	uint64_t submitted; /* accepted + refused, of nw_relay_client_submit() */
	uint64_t accepted;  /* put into lanes */
	uint64_t refused[NW_RELAY_REFUSAL_COUNT];     /* by nw_relay_client_submit() */
	uint64_t unread;                              /* in lanes, not yet taken by their shards */
	uint64_t taken;                               /* accepted by their shards */
	uint64_t turned_down[NW_RELAY_REFUSAL_COUNT]; /* refused by their shards */
	/* Taken, and dropped by the rules or too late, by enum nw_relay_drop: all packets of this
	 * client's sender since it connected, whoever else sends as that. */
	uint64_t dropped[NW_RELAY_DROP_COUNT];
	uint64_t received;
	uint64_t lost; /* packets for this client that found its lane full */
};

/**
 * Read the counts: accepted = unread + taken + turned_down when no shard is just at it.
 *
 * Threads: the one that submits.
 */
NW_API void nw_relay_client_counts(struct nw_relay_client *client,
				   struct nw_relay_client_counts *ret_counts);

/** Sender id that this client's packets get. Threads: any. */
NW_API uint32_t nw_relay_client_sender(const struct nw_relay_client *client);

/** Number of shards of the relay. Threads: any. */
NW_API uint32_t nw_relay_client_shard_count(const struct nw_relay_client *client);

/**
 * Whether the relay admits nothing any more.
 *
 * Threads: any.
 * Progress: wait-free.
 */
NW_API bool nw_relay_client_is_closed(const struct nw_relay_client *client);

NW_END_DECLS

#endif /* NW_RELAY_CLIENT_H */

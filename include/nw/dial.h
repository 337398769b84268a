/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Many connections of TCP at once, on a bounded number of sockets: called, heard, hung up.
 *
 * A dial has lines; each is a socket that connects to one place after the other. A call that is
 * answered is a stream until it is hung up; one that is refused frees its line. Nothing needs
 * privileges. Many calls are made in one system call where io_uring is allowed, by epoll where it
 * is not: nw_dial_how() says which.
 *
 * A dial belongs to one thread: the one that opens it.
 */
#ifndef NW_DIAL_H
#define NW_DIAL_H

#include <nw/base.h>
#include <nw/diag.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A dial. Opaque. */
struct nw_dial;

/** Lines at most, and events that are worth taking at once. */
#define NW_DIAL_LINES_MAX 65536u
#define NW_DIAL_TAKE_MAX  256u

/** What nw_dial_open() is told. Borrowed for the call, interface until the dial is closed. */
struct nw_dial_options {
	uint32_t line_count;                            /* 1..65536 */
	const char *interface;                          /* NULL: the route's */
	const unsigned char *source_ipv4, *source_ipv6; /* 4 and 16 bytes; NULL: the route's */
	bool no_uring;
};

/** What an event is about. */
enum nw_dial_event_kind {
	NW_DIAL_ANSWERED = 1, /* connected: the line is a stream */
	NW_DIAL_FAILED,       /* `error` says why; the line is free */
	NW_DIAL_READABLE,     /* there is something to hear, or the end */
};

/** One thing that happened on a line. */
struct nw_dial_event {
	uint32_t line;
	enum nw_dial_event_kind kind;
	int error; /* of NW_DIAL_FAILED: -ECONNREFUSED, -EHOSTUNREACH, ... */
};

/**
 * Open a dial.
 *
 * @param ret_dial     set on success, untouched on failure
 * @param reterr_diag  NULL, or where a failure is explained
 * @return 0
 * @return -EINVAL  line_count is not allowed
 * @return -ENOMEM, -EMFILE, ...  as the system says
 *
 * Threads: the thread that will use it.
 * Owner:   the caller; release with nw_dial_close().
 */
NW_API int nw_dial_open(struct nw_dial **ret_dial, const struct nw_dial_options *options,
			struct nw_diag *reterr_diag) NW_MUST_USE;

/** Reset all lines, release. NULL is a no-op. Threads: the dial's, or when that has ended. */
NW_API void nw_dial_close(struct nw_dial *dial);

/** Lend a text: "io_uring", or "epoll" with the reason. Threads: any. */
NW_API const char *nw_dial_how(const struct nw_dial *dial);

/** Lines that could call now. Threads: the dial's. */
NW_API uint32_t nw_dial_free_count(const struct nw_dial *dial);

/**
 * Call a place. Its end is told by an event.
 *
 * @param address   4 bytes (IPv4) or 16 (IPv6)
 * @param ret_line  which line it has: below line_count
 * @return 0
 * @return -EAGAIN  no line is free: some have to end first
 * @return -EMFILE, -ENFILE, -ENODEV, -EADDRNOTAVAIL, ...  no socket could be made
 *
 * Threads: the dial's.
 * Progress: does not wait.
 */
NW_API int nw_dial_call(struct nw_dial *dial, const unsigned char *address, bool is_ipv6,
			uint16_t port, uint32_t *ret_line) NW_MUST_USE;

/**
 * End a call or a stream, by a RST where there is one. No event tells of the line any more.
 *
 * @param line  of a call that has not failed
 *
 * Threads: the dial's.
 */
NW_API void nw_dial_hang_up(struct nw_dial *dial, uint32_t line);

/** Tell by one event when there is something to hear. Threads: the dial's. */
NW_API void nw_dial_listen(struct nw_dial *dial, uint32_t line);

/**
 * Read from a stream.
 *
 * @return bytes; 0: the other side has ended; -EAGAIN: nothing now; another negative errno: broken
 *
 * Threads: the dial's.
 * Progress: does not wait.
 */
NW_API int64_t nw_dial_hear(struct nw_dial *dial, uint32_t line, void *ret_bytes, size_t n_bytes)
	NW_MUST_USE;

/**
 * Write to a stream.
 *
 * @return bytes that were taken; -EAGAIN: none now; another negative errno: broken
 *
 * Threads: the dial's.
 * Progress: does not wait.
 */
NW_API int64_t nw_dial_say(struct nw_dial *dial, uint32_t line, const void *bytes, size_t n_bytes)
	NW_MUST_USE;

/**
 * Take what has happened.
 *
 * @param ret_events  room for count
 * @param timeout_ns  how long to wait where nothing has; 0: not at all
 * @return how many; 0 also before the time is over
 *
 * Threads: the dial's.
 */
NW_API uint32_t nw_dial_take(struct nw_dial *dial, struct nw_dial_event *ret_events, uint32_t count,
			     uint64_t timeout_ns) NW_MUST_USE;

NW_END_DECLS

#endif /* NW_DIAL_H */

/* SPDX-License-Identifier: MIT */
/*
 * A worker's io_uring for datagrams: one request that stays, buffers that the kernel takes from.
 * Invariant: made, used and closed by one thread, which its memory is near to.
 */
#ifndef APP_RELAY_URING_H
#define APP_RELAY_URING_H

#include <nw/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct relay_uring;

/* How a relay takes datagrams in. */
enum relay_io { RELAY_IO_AUTO, RELAY_IO_EPOLL, RELAY_IO_URING };

/* Datagrams that are looked at together, at most. */
enum { RELAY_URING_BUFFERS = 64 };

struct relay_datagram {
	const unsigned char *bytes; /* lent until relay_uring_end() */
	size_t n_bytes;
	bool is_cut;
};

/*
 * Makes a ring of this thread's, with memory of the node, and has it receive something, so that
 * what does not work here is known now. 0 or -errno: *ret_what is what did not work.
 */
int relay_uring_open(struct relay_uring **ret_uring, nw_node node, const char **ret_what);
/* NULL is a no-op. */
void relay_uring_close(struct relay_uring *uring);

/* Written to when something comes: for epoll, by edges; it need not be read. */
int relay_uring_fd(const struct relay_uring *uring);
/* Whether something came; no system call. */
bool relay_uring_has(const struct relay_uring *uring);

/* Takes what came for the socket, which it receives from, from now on at the latest. */
void relay_uring_begin(struct relay_uring *uring, int fd);
bool relay_uring_next(struct relay_uring *uring, struct relay_datagram *ret_datagram);
/* Gives the buffers back. */
void relay_uring_end(struct relay_uring *uring);

/* Receives no more: the socket can be closed. What came and was not taken is lost. */
void relay_uring_leave(struct relay_uring *uring);

/* Why there is none, as a phrase, for an errno of relay_uring_open(). */
const char *relay_uring_text(int error);

#endif /* APP_RELAY_URING_H */

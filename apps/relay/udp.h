/* SPDX-License-Identifier: MIT */
/* A worker's socket for datagrams, and the room they come into without io_uring. Invariant: the
 * worker's alone once it runs. */
#ifndef APP_RELAY_UDP_H
#define APP_RELAY_UDP_H

#include <nw/mem.h>

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { RELAY_UDP_BATCH = 16, RELAY_UDP_BYTES = 65536 };

struct relay_udp {
	int fd;
	bool may_have;     /* epoll said so, and it was not found empty since */
	bool is_uring;     /* the worker's ring receives from it, not recvmmsg() */
	struct nw_mem mem; /* this, and the bytes behind it */
	struct mmsghdr messages[RELAY_UDP_BATCH];
	struct iovec pieces[RELAY_UDP_BATCH];
	unsigned char *bytes; /* [RELAY_UDP_BATCH] of RELAY_UDP_BYTES */
};

#endif /* APP_RELAY_UDP_H */

/* SPDX-License-Identifier: MIT */
/*
 * A lookout over many sockets: connects are begun and their ends told, and so is when something can
 * be read. By io_uring, many in one system call; by epoll where that is not to be had.
 *
 * A tag names a socket's one request; a socket has one at a time. Each request is told once, with
 * its result, also where it was cancelled.
 *
 * All int functions return 0 or a negative errno. A lookout belongs to the thread that opened it.
 * Invariant: no request is told twice, none is lost but by closing.
 */
#ifndef NWI_OS_LOOKOUT_H
#define NWI_OS_LOOKOUT_H

#include "os/socket.h"

/* Requests at once at most, and what may be taken at once. */
enum { NWI_LOOKOUT_MAX = 65536, NWI_LOOKOUT_TAKE_MAX = 256 };

struct nwi_lookout;

/* The end of a request: 0, or a negative errno. */
struct nwi_lookout_news {
	uint32_t tag;
	int result;
};

/*
 * request_count: at once, NWI_LOOKOUT_MAX at most. *ret_why is 0: by io_uring; else by epoll and
 * why: a negative errno of io_uring, or -ECANCELED where it was not wanted.
 */
int nwi_lookout_open(struct nwi_lookout **ret_lookout, uint32_t request_count, bool no_uring,
		     int *ret_why);
void nwi_lookout_close(struct nwi_lookout *lookout);
/* Whether sockets have to be blocking ones: io_uring takes a socket that is not at its word. */
bool nwi_lookout_wants_blocking(const struct nwi_lookout *lookout);
/* address: kept until its end is told. */
void nwi_lookout_connect(struct nwi_lookout *lookout, int fd,
			 const struct nwi_socket_address *address, uint32_t tag);
void nwi_lookout_readable(struct nwi_lookout *lookout, int fd, uint32_t tag);
/* The request ends, as -ECANCELED or as it just had. */
void nwi_lookout_cancel(struct nwi_lookout *lookout, int fd, uint32_t tag);
/* The socket goes: no request of it is left. */
void nwi_lookout_forget(struct nwi_lookout *lookout, int fd);
/* What has ended, up to count; waits up to timeout_ns where nothing has. */
uint32_t nwi_lookout_take(struct nwi_lookout *lookout, struct nwi_lookout_news *ret_news,
			  uint32_t count, uint64_t timeout_ns);

#endif /* NWI_OS_LOOKOUT_H */

/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Streams to other processes of this machine that carry file descriptors beside bytes: Unix
 * sockets, as far as sharing memory needs them.
 *
 * Functions may be called from any threads at once, but for two on the same descriptor. Each is a
 * system call or a few.
 */
#ifndef NW_LOCAL_H
#define NW_LOCAL_H

#include <nw/base.h>

#include <stddef.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** Most descriptors that one call carries: the kernel's limit. */
#define NW_LOCAL_FDS_MAX 253u

/**
 * Connect to a Unix socket.
 *
 * @param path  of the socket; "@name": one in the abstract name space
 * @return its file descriptor, closed on exec
 * @return -ENAMETOOLONG  the path has more than 107 bytes
 * @return -ENOENT  -ECONNREFUSED, -EACCES, ...: as connect(2) says
 *
 * Threads: any.
 * Owner:   the caller; release with nw_local_close().
 */
NW_API int nw_local_connect(const char *path) NW_MUST_USE;

/** Close a stream. A negative number is a no-op. Threads: the last to use it. */
NW_API void nw_local_close(int fd);

/**
 * Send bytes, all or none, and descriptors with them, without waiting for the other side.
 *
 * @param bytes     n_bytes of them, at least 1; borrowed
 * @param fds       fd_count of them, NULL if 0; borrowed: the other side gets copies
 * @return 0
 * @return -EAGAIN  the other side does not read: there is no room for all of it
 * @return -EPIPE   -ECONNRESET: nobody is there any more
 * @return -EINVAL  no bytes, or more than NW_LOCAL_FDS_MAX descriptors
 *
 * Threads: one on a descriptor at a time.
 * Progress: never waits.
 */
NW_API int nw_local_send(int fd, const void *bytes, size_t n_bytes, const int *fds,
			 uint32_t fd_count) NW_MUST_USE;

/** Where received descriptors go. */
struct nw_local_fds {
	int *fds; /* room for `max` */
	uint32_t max;
	uint32_t count; /* written: how many are there; the caller's to close; closed on exec */
};

/**
 * Receive bytes, and the descriptors that came with them.
 *
 * @param ret_bytes   room for n_bytes
 * @param ret_fds     NULL: none is wanted; those beyond `max` are closed
 * @param timeout_ns  waits at most so long for the first byte; UINT64_MAX: no limit
 * @return bytes received, 1..n_bytes; 0: the other side has closed
 * @return -EAGAIN  the time has passed, or a signal came
 * @return -ECONNRESET  another: as recvmsg(2) says
 *
 * Threads: one on a descriptor at a time.
 */
NW_API int64_t nw_local_receive(int fd, void *ret_bytes, size_t n_bytes,
				struct nw_local_fds *ret_fds, uint64_t timeout_ns) NW_MUST_USE;

NW_END_DECLS

#endif /* NW_LOCAL_H */

/* SPDX-License-Identifier: MIT */
/* Unix sockets that carry descriptors (nw/local.h). Invariant: every descriptor that the kernel
 * hands over is the caller's or closed, and none outlives exec. */
#include "base/clock.h"

#include <nw/local.h>

#include <errno.h>
#include <poll.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int nw_local_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n_bytes = strlen(path);
	socklen_t length;
	int fd, rc;

	if (n_bytes == 0 || n_bytes >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, n_bytes);
	if (path[0] == '@')
		address.sun_path[0] = 0;
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n_bytes);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	rc = connect(fd, (struct sockaddr *)&address, length) < 0 ? -errno : 0;
	if (rc < 0)
		nw_local_close(fd);
	return rc < 0 ? rc : fd;
}

void nw_local_close(int fd)
{
	if (fd >= 0)
		(void)close(fd); /* what was sent is the kernel's */
}

/* Room for the descriptors of one message. */
union ancillary {
	alignas(struct cmsghdr) char bytes[CMSG_SPACE(NW_LOCAL_FDS_MAX * sizeof(int))];
	struct cmsghdr header;
};

static void attach(struct msghdr *message, union ancillary *ancillary, const int *fds,
		   uint32_t fd_count)
{
	struct cmsghdr *header;

	message->msg_control = ancillary->bytes;
	message->msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
	memset(ancillary->bytes, 0, message->msg_controllen);
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
}

int nw_local_send(int fd, const void *bytes, size_t n_bytes, const int *fds, uint32_t fd_count)
{
	struct iovec part = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = n_bytes };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	union ancillary ancillary;
	ssize_t n;

	if (n_bytes == 0 || fd_count > NW_LOCAL_FDS_MAX)
		return -EINVAL;
	if (fds && fd_count > 0)
		attach(&message, &ancillary, fds, fd_count);
	do
		n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	/* A part of it is of no use to the other side: the stream ends here. */
	if ((size_t)n < n_bytes)
		(void)shutdown(fd, SHUT_RDWR);
	return (size_t)n < n_bytes ? -EAGAIN : 0;
}

/* Hands descriptors over, closes those for which there is no room. */
static void detach(struct msghdr *message, struct nw_local_fds *ret_fds)
{
	ret_fds->count = 0;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h; h = CMSG_NXTHDR(message, h)) {
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
			if (ret_fds->count < ret_fds->max)
				ret_fds->fds[ret_fds->count++] = fd;
			else
				nw_local_close(fd);
		}
	}
}

static bool is_readable(int fd, uint64_t timeout_ns)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	struct timespec limit = nwi_timespec_of_ns(timeout_ns);

	return ppoll(&poller, 1, timeout_ns == UINT64_MAX ? NULL : &limit, NULL) > 0;
}

int64_t nw_local_receive(int fd, void *ret_bytes, size_t n_bytes, struct nw_local_fds *ret_fds,
			 uint64_t timeout_ns)
{
	struct iovec part = { .iov_base = ret_bytes, .iov_len = n_bytes };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct nw_local_fds none = { .max = 0 };
	union ancillary ancillary;
	ssize_t n;

	if (!is_readable(fd, timeout_ns))
		return -EAGAIN;
	message.msg_control = ancillary.bytes;
	message.msg_controllen = sizeof(ancillary.bytes);
	do
		n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	detach(&message, ret_fds ? ret_fds : &none);
	return n;
}

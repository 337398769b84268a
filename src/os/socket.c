/* SPDX-License-Identifier: MIT */
/* Sockets of TCP that connect out. */
#include "os/socket.h"

#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h> /* wants struct timespec */

static_assert(sizeof(struct sockaddr_in6) <= sizeof(((struct nwi_socket_address *)0)->bytes),
	      "an address of IPv6 fits");

void nwi_socket_address_set(struct nwi_socket_address *address, const unsigned char *bytes,
			    bool is_ipv6, uint16_t port)
{
	struct sockaddr_in six_less = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (is_ipv6) {
		memcpy(&six.sin6_addr, bytes, 16);
		memcpy(address->bytes, &six, sizeof(six));
		address->n_bytes = sizeof(six);
	} else {
		memcpy(&six_less.sin_addr, bytes, 4);
		memcpy(address->bytes, &six_less, sizeof(six_less));
		address->n_bytes = sizeof(six_less);
	}
}

/* The port is the kernel's to choose when it connects: one for each destination. */
static int bind_source(int fd, bool is_ipv6, const struct nwi_socket_terms *terms)
{
	const unsigned char *source = is_ipv6 ? terms->source_ipv6 : terms->source_ipv4;
	struct nwi_socket_address address;
	int on = 1;

	if (!source)
		return 0;
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0)
		return -errno;
	nwi_socket_address_set(&address, source, is_ipv6, 0);
	return bind(fd, (struct sockaddr *)address.bytes, address.n_bytes) < 0 ? -errno : 0;
}

static int set_up(int fd, bool is_ipv6, const struct nwi_socket_terms *terms)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	int one = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &one, sizeof(one)) < 0)
		return -errno;
	if (terms->interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, terms->interface,
					   (socklen_t)strnlen(terms->interface, IFNAMSIZ)) < 0)
		return -errno;
	return bind_source(fd, is_ipv6, terms);
}

int nwi_socket_open(bool is_ipv6, const struct nwi_socket_terms *terms, int *ret_fd)
{
	int type = SOCK_STREAM | SOCK_CLOEXEC | (terms->is_blocking ? 0 : SOCK_NONBLOCK);
	int fd = socket(is_ipv6 ? AF_INET6 : AF_INET, type, 0), rc;

	if (fd < 0)
		return -errno;
	rc = set_up(fd, is_ipv6, terms);
	if (rc < 0)
		nwi_socket_close(fd);
	else
		*ret_fd = fd;
	return rc;
}

void nwi_socket_close(int fd)
{
	if (fd >= 0)
		(void)close(fd); /* nothing of it is wanted any more */
}

int nwi_socket_connect(int fd, const struct nwi_socket_address *address)
{
	return connect(fd, (const struct sockaddr *)address->bytes, address->n_bytes) < 0 ? -errno
											  : 0;
}

int nwi_socket_outcome(int fd)
{
	int error = 0;
	socklen_t n_bytes = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n_bytes) < 0)
		return -errno;
	return -error;
}

/* What a router said, from the queue where the kernel puts it beside the socket's error. */
static int routers_error(int fd)
{
	union {
		alignas(struct cmsghdr) char bytes[512];
		struct cmsghdr header;
	} more;
	struct msghdr message = { .msg_control = more.bytes, .msg_controllen = sizeof(more.bytes) };

	if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return -ENOTCONN;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
		struct sock_extended_err error;

		if (!(h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_RECVERR) &&
		    !(h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_RECVERR))
			continue;
		memcpy(&error, CMSG_DATA(h), sizeof(error));
		return error.ee_errno ? -(int)error.ee_errno : -ENOTCONN;
	}
	return -ENOTCONN;
}

int nwi_socket_verify(int fd)
{
	struct nwi_socket_address own = { .n_bytes = 0 }, other = { .n_bytes = 0 };
	socklen_t own_bytes = sizeof(own.bytes), other_bytes = sizeof(other.bytes);

	if (getpeername(fd, (struct sockaddr *)other.bytes, &other_bytes) < 0)
		return routers_error(fd);
	if (getsockname(fd, (struct sockaddr *)own.bytes, &own_bytes) < 0)
		return -errno;
	return own_bytes == other_bytes && memcmp(own.bytes, other.bytes, own_bytes) == 0
		       ? -ECONNREFUSED
		       : 0;
}

int nwi_socket_reset(int fd)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	return connect(fd, &nobody, sizeof(nobody)) < 0 ? -errno : 0;
}

int64_t nwi_socket_send(int fd, const void *bytes, size_t n_bytes)
{
	ssize_t n = send(fd, bytes, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);

	return n < 0 ? -errno : n;
}

int64_t nwi_socket_receive(int fd, void *ret_bytes, size_t n_bytes)
{
	ssize_t n = recv(fd, ret_bytes, n_bytes, MSG_DONTWAIT);

	return n < 0 ? -errno : n;
}

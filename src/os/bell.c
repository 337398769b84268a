/* SPDX-License-Identifier: MIT */
/*
 * Bells (nw/bell.h).
 *
 *   bell   an eventfd(2), never blocking, whose count only says "not zero"
 *   gate   a pipe with two write ends. Who holds a descriptor can change how it blocks, for all who
 *          share its open file: so the ringers' end is not ours, which was opened once more. An
 *          eventfd would let a ringer read, and a socket let it shut others out.
 *   away   a socketpair(2): a send says by itself that it does not block, whatever the other did
 *
 * Invariant: a ring is never lost: a write that the kernel refuses found the count at its top, or
 * the pipe full.
 */
#include "base/clock.h"
#include "base/fence.h"

#include <nw/bell.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEARD_BYTES = 512 }; /* of a pipe at a time: rings of so many ringers are one */

int nw_bell_open(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

/* The writing end of a pipe once more, as an open file of its own. */
static int open_again(int fd)
{
	char path[64];
	int again;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

int nw_bell_gate_open(struct nw_bell_gate *ret_gate)
{
	int ends[2], again;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	again = open_again(ends[1]);
	if (again < 0) {
		nw_bell_close(ends[0]);
		nw_bell_close(ends[1]);
		return again;
	}
	*ret_gate = (struct nw_bell_gate){ ends[0], ends[1], again };
	return 0;
}

void nw_bell_gate_close(struct nw_bell_gate *gate)
{
	nw_bell_close(gate->hear_fd);
	nw_bell_close(gate->ring_fd);
	nw_bell_close(gate->away_fd);
	*gate = (struct nw_bell_gate){ -1, -1, -1 };
}

int nw_bell_open_away(int *ret_ring_fd, int *ret_hear_fd)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -errno;
	*ret_ring_fd = ends[0];
	*ret_hear_fd = ends[1];
	return 0;
}

void nw_bell_ring_away(int fd)
{
	int saved = errno;

	/* Refused: it is full, hence rung, or nobody is there any more. */
	while (send(fd, "r", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
	errno = saved;
}

void nw_bell_close(int fd)
{
	if (fd >= 0)
		(void)close(fd); /* nothing of an eventfd is left to be written */
}

void nw_bell_ring(int fd)
{
	uint64_t one = 1;
	int saved = errno;

	/* EAGAIN: the count is at its top, or the pipe full: it is rung. */
	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	errno = saved;
}

bool nw_bell_hear(int fd)
{
	char bytes[HEARD_BYTES];
	ssize_t n;

	do
		n = read(fd, bytes, sizeof(bytes));
	while (n < 0 && errno == EINTR);
	return n > 0;
}

bool nw_bell_wait(int fd, uint64_t timeout_ns)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	struct timespec limit = nwi_timespec_of_ns(timeout_ns);

	if (timeout_ns == 0)
		return nw_bell_hear(fd);
	if (ppoll(&poller, 1, timeout_ns == UINT64_MAX ? NULL : &limit, NULL) <= 0)
		return false;
	return nw_bell_hear(fd);
}

void nw_bell_fence(void)
{
	nwi_fence_full();
}

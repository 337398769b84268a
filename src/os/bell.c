/* SPDX-License-Identifier: MIT */
/* Bells (nw/bell.h): eventfd(2), never blocking, as a count that only says "not zero".
 * Invariant: a ring is never lost: a write that the kernel refuses found the count at its top. */
#include "base/clock.h"
#include "base/fence.h"

#include <nw/bell.h>

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

int nw_bell_open(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
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

	/* EAGAIN: the count is at its top, so it is rung. */
	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	errno = saved;
}

bool nw_bell_hear(int fd)
{
	uint64_t count;
	ssize_t n;

	do
		n = read(fd, &count, sizeof(count));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(count);
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

/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets.
 * Invariant: the file of a Unix socket is its user's alone from the moment it is there, and only a
 * socket that nobody listens on any more is taken away.
 */
#include "relay/relay.h"

#include "common/app.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 512 };

/* 0: nobody is there, or a socket that nobody listens on was; -EADDRINUSE; -errno. */
static int clear_path(const struct relay_address *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = 0;
	struct stat about;

	if (fd < 0)
		return -errno;
	if (lstat(address->text, &about) < 0)
		rc = errno == ENOENT ? 0 : -errno;
	else if (!S_ISSOCK(about.st_mode))
		rc = -EEXIST;
	else if (connect(fd, &address->name.any, address->name_bytes) == 0 || errno == EAGAIN)
		rc = -EADDRINUSE;
	else if (errno != ECONNREFUSED || unlink(address->text) < 0)
		rc = -errno;
	(void)close(fd); /* nothing was said */
	return rc;
}

static int bind_path(int fd, const struct relay_address *address)
{
	mode_t before;
	int rc = clear_path(address);

	if (rc < 0)
		return rc;
	before = umask(S_IXUSR | S_IRWXG | S_IRWXO);
	if (bind(fd, &address->name.any, address->name_bytes) < 0)
		rc = -errno;
	(void)umask(before);
	return rc;
}

static int bind_port(int fd, const struct relay_address *address)
{
	int on = 1;

	/* Without it a port stays taken for a minute after a relay has ended. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	return bind(fd, &address->name.any, address->name_bytes) < 0 ? -errno : 0;
}

int relay_listen(struct relay_address *inout_address)
{
	int family = inout_address->name.any.sa_family, rc;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		rc = -errno;
	else if (family == AF_UNIX)
		rc = bind_path(fd, inout_address);
	else
		rc = bind_port(fd, inout_address);
	if (rc == 0 && listen(fd, BACKLOG) < 0)
		rc = -errno;
	if (rc == 0) {
		relay_address_of(fd, inout_address);
		return fd;
	}
	if (fd >= 0)
		(void)close(fd); /* nothing came in */
	(void)app_failed(RELAY_NAME, "%s: %s", inout_address->text,
			 rc == -EADDRINUSE ? "somebody listens there already; stop it, or choose "
					     "another one"
			 : rc == -EEXIST   ? "there is a file, and it is no socket"
					   : strerror(-rc));
	return rc;
}

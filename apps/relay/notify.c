/* SPDX-License-Identifier: MIT */
/*
 * A word to systemd: the datagram that sd_notify(3) describes as its stable protocol. One address
 * and one sendto(); a library for it would be one more that is loaded by a program that is open to
 * a network. Invariant: where nobody listens nothing happens.
 */
#include "relay/relay.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

void relay_notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	size_t n = path ? strlen(path) : 0;
	int fd;

	if (n < 2 || n >= sizeof(name.sun_path))
		return;
	memcpy(name.sun_path, path, n);
	if (*path == '@')
		name.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Who does not read misses a word, and finds out. */
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
		     (const struct sockaddr *)&name,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	(void)close(fd); /* nothing is to be learnt any more */
}

/* SPDX-License-Identifier: MIT */
/*
 * Sockets with a buffer each way, never waited for but while two ends greet.
 * Invariant: at <= end <= WIRE_BUFFER_BYTES in both buffers.
 */
#include "bench/wire/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { TALK_MS = 5000 };

static bool begin(struct wire_stream *stream, int fd)
{
	*stream = (struct wire_stream){ .fd = fd };
	if (fd < 0)
		return false;
	stream->in = malloc(WIRE_BUFFER_BYTES);
	stream->out = malloc(WIRE_BUFFER_BYTES);
	if (stream->in && stream->out)
		return true;
	wire_stream_close(stream);
	return false;
}

static int connected(int fd, const void *address, size_t n_bytes)
{
	if (fd >= 0 && connect(fd, address, (socklen_t)n_bytes) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd); /* nothing was sent */
	return -1;
}

bool wire_stream_tcp(struct wire_stream *ret_stream, uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, fd = connected(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), &address,
				   sizeof(address));

	if (fd >= 0) /* only a delay is lost without it */
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return begin(ret_stream, fd);
}

bool wire_stream_unix(struct wire_stream *ret_stream, const char *folder, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, name);

	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return begin(ret_stream, -1);
	return begin(ret_stream, connected(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), &address,
					   sizeof(address)));
}

void wire_stream_close(struct wire_stream *stream)
{
	if (stream->fd >= 0)
		(void)close(stream->fd); /* what is still to come is of no use */
	free(stream->in);
	free(stream->out);
	*stream = (struct wire_stream){ .fd = -1 };
}

bool wire_stream_put(struct wire_stream *stream, const void *bytes, size_t n_bytes)
{
	if (stream->out_end + n_bytes > WIRE_BUFFER_BYTES && stream->out_at > 0) {
		memmove(stream->out, stream->out + stream->out_at,
			stream->out_end - stream->out_at);
		stream->out_end -= stream->out_at;
		stream->out_at = 0;
	}
	if (stream->out_end + n_bytes > WIRE_BUFFER_BYTES)
		return false;
	memcpy(stream->out + stream->out_end, bytes, n_bytes);
	stream->out_end += n_bytes;
	return true;
}

bool wire_stream_flush(struct wire_stream *stream)
{
	while (stream->out_at < stream->out_end) {
		ssize_t n = send(stream->fd, stream->out + stream->out_at,
				 stream->out_end - stream->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		stream->out_at += (size_t)n;
	}
	stream->out_at = stream->out_end = 0;
	return true;
}

bool wire_stream_fill(struct wire_stream *stream)
{
	ssize_t n;

	if (stream->in_at == stream->in_end)
		stream->in_at = stream->in_end = 0;
	if (stream->in_at > WIRE_BUFFER_BYTES / 2) {
		memmove(stream->in, stream->in + stream->in_at, stream->in_end - stream->in_at);
		stream->in_end -= stream->in_at;
		stream->in_at = 0;
	}
	if (stream->in_end == WIRE_BUFFER_BYTES)
		return true;
	n = recv(stream->fd, stream->in + stream->in_end, WIRE_BUFFER_BYTES - stream->in_end,
		 MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	stream->in_end += (size_t)n;
	return n > 0;
}

bool wire_stream_talk(struct wire_stream *stream)
{
	struct pollfd one = { .fd = stream->fd, .events = POLLIN };

	return wire_stream_flush(stream) && stream->out_end == 0 && poll(&one, 1, TALK_MS) == 1 &&
	       wire_stream_fill(stream);
}

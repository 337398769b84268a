/* SPDX-License-Identifier: MIT */
/* Addresses of sockets. Invariant: what was parsed prints as what was given, but for the port 0. */
#include "relay/address.h"

#include "common/app.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { PORT_MAX = 65535, IPV4_LOOPBACK = 127 };

static bool parse_port(const char *text, uint16_t *ret)
{
	uint64_t port;

	if (!app_parse_u64(text, 0, PORT_MAX, &port))
		return false;
	*ret = (uint16_t)port;
	return true;
}

/* Host and port apart, without brackets. */
static bool split(const char *text, char *ret_host, size_t host_bytes, const char **ret_port)
{
	const char *colon = strrchr(text, ':'), *host = text;
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (!colon) {
		(void)snprintf(ret_host, host_bytes, "127.0.0.1");
		*ret_port = text;
		return true;
	}
	if (*text == '[') {
		if (n < 2 || colon[-1] != ']')
			return false;
		host++;
		n -= 2;
	}
	if (n == 0 || n >= host_bytes)
		return false;
	memcpy(ret_host, host, n);
	ret_host[n] = '\0';
	*ret_port = colon + 1;
	return true;
}

bool relay_address_parse(const char *text, struct relay_address *ret)
{
	char host[INET6_ADDRSTRLEN];
	struct relay_address address = { .line = 0 };
	struct sockaddr_in *v4 = &address.name.v4;
	struct sockaddr_in6 *v6 = &address.name.v6;
	const char *port_text;
	uint16_t port;

	if (strlen(text) >= sizeof(address.text) || !split(text, host, sizeof(host), &port_text) ||
	    !parse_port(port_text, &port))
		return false;
	if (*text != '[' && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		address.name_bytes = sizeof(*v4);
	} else if (*text == '[' && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		address.name_bytes = sizeof(*v6);
	} else {
		return false;
	}
	(void)snprintf(address.text, sizeof(address.text), "%s%s",
		       strchr(text, ':') ? "" : "127.0.0.1:", text);
	*ret = address;
	return true;
}

bool relay_address_path(const char *path, struct relay_address *ret)
{
	struct relay_address address = { .line = 0 };
	struct sockaddr_un *name = &address.name.path;
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof(name->sun_path))
		return false;
	name->sun_family = AF_UNIX;
	memcpy(name->sun_path, path, n + 1);
	memcpy(address.text, path, n + 1);
	address.name_bytes = sizeof(*name);
	*ret = address;
	return true;
}

bool relay_address_is_loopback(const struct relay_address *address)
{
	const struct sockaddr_in *v4 = &address->name.v4;
	const struct sockaddr_in6 *v6 = &address->name.v6;

	if (address->name.any.sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == IPV4_LOOPBACK;
	if (address->name.any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) != 0;
	return address->name.any.sa_family == AF_UNIX;
}

void relay_address_of(int fd, struct relay_address *inout_address)
{
	const struct sockaddr_in *v4 = &inout_address->name.v4;
	const struct sockaddr_in6 *v6 = &inout_address->name.v6;
	char host[INET6_ADDRSTRLEN] = "?";
	bool is_v6;

	/* Fails only for what is no socket. */
	(void)getsockname(fd, &inout_address->name.any, &inout_address->name_bytes);
	is_v6 = inout_address->name.any.sa_family == AF_INET6;
	if (inout_address->name.any.sa_family == AF_UNIX)
		return;
	(void)inet_ntop(is_v6 ? AF_INET6 : AF_INET,
			is_v6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr, host,
			sizeof(host));
	(void)snprintf(inout_address->text, sizeof(inout_address->text),
		       is_v6 ? "[%s]:%u" : "%s:%u", host,
		       (unsigned)ntohs(is_v6 ? v6->sin6_port : v4->sin_port));
}

/* SPDX-License-Identifier: MIT */
/* Netlink questions with one answer each: a route, a neighbour. */
#include "os/route.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REPLY_BYTES = 8192 };

/* A request and its attributes. */
struct request {
	struct nlmsghdr header;
	union {
		struct rtmsg route;
		struct ndmsg neighbour;
		char room[64];
	} body;
};

struct reply {
	_Alignas(struct nlmsghdr) char bytes[REPLY_BYTES];
};

static uint32_t address_bytes(bool is_ipv6)
{
	return is_ipv6 ? 16 : 4;
}

static void begin(struct request *request, uint16_t type, uint32_t body_bytes)
{
	*request = (struct request){ .header = { .nlmsg_len = NLMSG_LENGTH(body_bytes),
						 .nlmsg_type = type,
						 .nlmsg_flags = NLM_F_REQUEST } };
}

static void add_address(struct request *request, uint16_t type, const unsigned char *address,
			bool is_ipv6)
{
	uint32_t at = NLMSG_ALIGN(request->header.nlmsg_len);
	struct rtattr *attribute = (void *)((char *)request + at);

	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(address_bytes(is_ipv6));
	memcpy(RTA_DATA(attribute), address, address_bytes(is_ipv6));
	request->header.nlmsg_len = at + attribute->rta_len;
}

/* Sends the request and receives the first datagram of the answer. */
static int exchange(const struct request *request, struct reply *ret_reply, ssize_t *ret_bytes)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), rc = 0;
	ssize_t got = -1;

	if (fd < 0)
		return -errno;
	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		rc = -errno;
	else
		do
			got = recv(fd, ret_reply->bytes, sizeof(ret_reply->bytes), 0);
		while (got < 0 && errno == EINTR);
	if (rc == 0 && got < 0)
		rc = -errno;
	(void)close(fd); /* one question, one answer */
	*ret_bytes = got;
	return rc;
}

/* The answer of the wanted type; NULL with an errno: the kernel refused, or said something else. */
static const struct nlmsghdr *answer_in(const struct reply *reply, ssize_t n_bytes, uint16_t type,
					int *ret_rc)
{
	const struct nlmsghdr *header = (const void *)reply->bytes;

	*ret_rc = -EPROTO;
	if (n_bytes < (ssize_t)sizeof(*header) || header->nlmsg_len > (size_t)n_bytes)
		return NULL;
	if (header->nlmsg_type == NLMSG_ERROR &&
	    header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr)))
		*ret_rc = ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
	return header->nlmsg_type == type ? header : NULL;
}

static const struct rtattr *attribute_of(const struct nlmsghdr *header, uint32_t body_bytes,
					 uint16_t type)
{
	const char *at = (const char *)header + NLMSG_SPACE(body_bytes);
	uint32_t left = header->nlmsg_len > NLMSG_SPACE(body_bytes)
				? header->nlmsg_len - (uint32_t)NLMSG_SPACE(body_bytes)
				: 0;

	while (left >= sizeof(struct rtattr)) {
		const struct rtattr *attribute = (const void *)at;
		uint32_t step = RTA_ALIGN(attribute->rta_len);

		if (attribute->rta_len < sizeof(*attribute) || attribute->rta_len > left)
			return NULL;
		if (attribute->rta_type == type)
			return attribute;
		if (step > left)
			return NULL;
		at += step;
		left -= step;
	}
	return NULL;
}

/* Copies an attribute of just that size. */
static bool copy_attribute(const struct nlmsghdr *header, uint32_t body_bytes, uint16_t type,
			   void *ret, uint32_t n_bytes)
{
	const struct rtattr *attribute = attribute_of(header, body_bytes, type);

	if (!attribute || RTA_PAYLOAD(attribute) != n_bytes)
		return false;
	memcpy(ret, RTA_DATA(attribute), n_bytes);
	return true;
}

int nwi_route_get(const unsigned char *address, bool is_ipv6, struct nwi_route *ret_route)
{
	struct nwi_route route = { 0 };
	uint32_t n_bytes = address_bytes(is_ipv6), body = sizeof(struct rtmsg);
	const struct nlmsghdr *answer;
	struct request request;
	struct reply reply;
	ssize_t got;
	int rc;

	begin(&request, RTM_GETROUTE, body);
	request.body.route.rtm_family = is_ipv6 ? AF_INET6 : AF_INET;
	request.body.route.rtm_dst_len = (unsigned char)(n_bytes * 8);
	add_address(&request, RTA_DST, address, is_ipv6);
	rc = exchange(&request, &reply, &got);
	if (rc < 0)
		return rc;
	answer = answer_in(&reply, got, RTM_NEWROUTE, &rc);
	if (!answer)
		return rc;
	if (!copy_attribute(answer, body, RTA_OIF, &route.interface_idx, sizeof(int)))
		return -ENETUNREACH;
	route.has_source = copy_attribute(answer, body, RTA_PREFSRC, route.source, n_bytes);
	route.has_gateway = copy_attribute(answer, body, RTA_GATEWAY, route.gateway, n_bytes);
	route.is_local = ((const struct rtmsg *)NLMSG_DATA(answer))->rtm_type == RTN_LOCAL;
	*ret_route = route;
	return 0;
}

static void begin_neighbour(struct request *request, uint16_t type, int interface_idx,
			    const unsigned char *address, bool is_ipv6)
{
	begin(request, type, sizeof(struct ndmsg));
	request->body.neighbour.ndm_family = is_ipv6 ? AF_INET6 : AF_INET;
	request->body.neighbour.ndm_ifindex = interface_idx;
	add_address(request, NDA_DST, address, is_ipv6);
}

int nwi_neighbour_get(int interface_idx, const unsigned char *address, bool is_ipv6,
		      unsigned char ret_mac[6])
{
	static const int known = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT |
				 NUD_NOARP;
	const struct nlmsghdr *answer;
	struct request request;
	struct reply reply;
	ssize_t got;
	int rc;

	begin_neighbour(&request, RTM_GETNEIGH, interface_idx, address, is_ipv6);
	rc = exchange(&request, &reply, &got);
	if (rc < 0)
		return rc;
	answer = answer_in(&reply, got, RTM_NEWNEIGH, &rc);
	if (!answer)
		return rc;
	if (!(((const struct ndmsg *)NLMSG_DATA(answer))->ndm_state & known) ||
	    !copy_attribute(answer, sizeof(struct ndmsg), NDA_LLADDR, ret_mac, 6))
		return -ENOENT;
	return 0;
}

int nwi_neighbour_ask(int interface_idx, const unsigned char *address, bool is_ipv6)
{
	struct request request;
	struct reply reply;
	ssize_t got;
	int rc;

	begin_neighbour(&request, RTM_NEWNEIGH, interface_idx, address, is_ipv6);
	request.header.nlmsg_flags |= NLM_F_CREATE | NLM_F_ACK;
	/* As if a packet were to be sent: the kernel resolves it, and keeps no entry by force. */
	request.body.neighbour.ndm_flags = NTF_USE;
	request.body.neighbour.ndm_state = NUD_NONE;
	rc = exchange(&request, &reply, &got);
	if (rc == 0)
		(void)answer_in(&reply, got, NLMSG_ERROR, &rc);
	return rc;
}

int nwi_interface_name(int interface_idx, char ret_name[16])
{
	return if_indextoname((unsigned)interface_idx, ret_name) ? 0 : -errno;
}

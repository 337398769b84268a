/* SPDX-License-Identifier: MIT */
/*
 * Answers: what came, read within its length.
 *
 * Invariant: a piece is looked at only after `take` has said that it is there; what is told about
 * an answer is told only after its cookie was found right.
 */
#include "probe/frame.h"
#include "probe/wire.h"

enum {
	FLAG_SYN = 0x02,
	FLAG_RST = 0x04,
	FLAG_ACK = 0x10,
	ECHO_REPLY_IPV4 = 0,
	UNREACHABLE_IPV4 = 3,
	EXCEEDED_IPV4 = 11,
	UNREACHABLE_IPV6 = 1,
	EXCEEDED_IPV6 = 3,
	ECHO_REPLY_IPV6 = 129,
	PORT_UNREACHABLE_IPV4 = 3,
	PORT_UNREACHABLE_IPV6 = 4,
	EXTENSIONS_MAX = 8
};

/* What is left to read. */
struct rest {
	const unsigned char *at;
	size_t n_bytes;
};

/* The next n bytes, or NULL: there are not so many. */
static const unsigned char *take(struct rest *rest, size_t n)
{
	const unsigned char *at = rest->at;

	if (rest->n_bytes < n)
		return NULL;
	rest->at += n;
	rest->n_bytes -= n;
	return at;
}

struct header {
	struct nwi_address from, to;
	uint8_t protocol, hops;
};

/* A quoted packet may be cut off, so its length is not held against what is there. */
static bool read_ipv4(struct rest *rest, struct header *ret, bool is_quoted)
{
	const unsigned char *ip = take(rest, NWI_IPV4_BYTES);
	uint32_t header_bytes, total_bytes;

	if (!ip || ip[0] >> 4 != 4)
		return false;
	header_bytes = (ip[0] & 15u) * 4;
	total_bytes = nwi_get16(ip + 2);
	if (header_bytes < NWI_IPV4_BYTES || !take(rest, header_bytes - NWI_IPV4_BYTES))
		return false;
	if (nwi_get16(ip + 6) & 0x1fff) /* a later fragment */
		return false;
	if (!is_quoted) {
		if (total_bytes < header_bytes || total_bytes - header_bytes > rest->n_bytes)
			return false;
		rest->n_bytes = total_bytes - header_bytes; /* padding of the link is no data */
	}
	*ret = (struct header){ nwi_address_of_bytes(NWI_IPV4, ip + 12),
				nwi_address_of_bytes(NWI_IPV4, ip + 16), ip[9], ip[8] };
	return true;
}

static bool is_extension(uint8_t next)
{
	return next == 0 || next == 43 || next == 60; /* hop by hop, routing, destination */
}

static bool read_ipv6(struct rest *rest, struct header *ret, bool is_quoted)
{
	const unsigned char *ip = take(rest, NWI_IPV6_BYTES);
	uint8_t next;

	if (!ip || ip[0] >> 4 != 6)
		return false;
	if (!is_quoted) {
		if (nwi_get16(ip + 4) > rest->n_bytes)
			return false;
		rest->n_bytes = nwi_get16(ip + 4);
	}
	next = ip[6];
	for (int i = 0; is_extension(next); i++) {
		const unsigned char *extension = take(rest, 8);

		if (!extension || i == EXTENSIONS_MAX || !take(rest, (size_t)extension[1] * 8))
			return false;
		next = extension[0];
	}
	*ret = (struct header){ nwi_address_of_bytes(NWI_IPV6, ip + 8),
				nwi_address_of_bytes(NWI_IPV6, ip + 24), next, ip[7] };
	return true;
}

static uint32_t cookie_of(struct nwi_sip_key key, const struct nwi_answer *answer)
{
	struct nwi_frame_ask ask = { .target = answer->target,
				     .port = answer->port,
				     .source_port = answer->source_port };

	return nwi_frame_cookie(key, &ask);
}

static enum nwi_answer_kind believe(bool is_right, enum nwi_answer_kind kind)
{
	return is_right ? kind : NWI_ANSWER_FORGED;
}

/* Most stacks acknowledge the SYN; a few refuse with the number as it was. */
static void read_tcp(struct nwi_sip_key key, struct rest *rest, struct nwi_answer *answer)
{
	const unsigned char *tcp = take(rest, NWI_TCP_BYTES);
	uint32_t brought, cookie;

	if (!tcp)
		return;
	answer->asked = NWI_FRAME_TCP_SYN;
	answer->port = nwi_get16(tcp);
	answer->source_port = nwi_get16(tcp + 2);
	answer->sequence = nwi_get32(tcp + 4);
	answer->window = nwi_get16(tcp + 14);
	brought = nwi_get32(tcp + 8);
	cookie = cookie_of(key, answer);
	if (tcp[13] & FLAG_RST)
		answer->kind = believe(brought == cookie + 1 || brought == cookie,
				       NWI_ANSWER_CLOSED);
	else if ((tcp[13] & (FLAG_SYN | FLAG_ACK)) == (FLAG_SYN | FLAG_ACK))
		answer->kind = believe(brought == cookie + 1, NWI_ANSWER_OPEN);
}

/* A datagram brings no number back: only the ports say that it was asked for. The cookie is in the
 * source port then, which the caller compares. */
static void read_udp(struct rest *rest, const unsigned char *frame, struct nwi_answer *answer)
{
	const unsigned char *udp = take(rest, NWI_UDP_BYTES);

	if (!udp || nwi_get16(udp + 4) < NWI_UDP_BYTES ||
	    nwi_get16(udp + 4) - (size_t)NWI_UDP_BYTES > rest->n_bytes)
		return;
	answer->asked = NWI_FRAME_UDP;
	answer->kind = NWI_ANSWER_OPEN;
	answer->port = nwi_get16(udp);
	answer->source_port = nwi_get16(udp + 2);
	answer->payload_at = (uint32_t)(rest->at - frame);
	answer->payload_bytes = nwi_get16(udp + 4) - NWI_UDP_BYTES;
}

/* The question as a router or the host quotes it: its first eight bytes are enough. */
static void read_quoted(struct nwi_sip_key key, struct rest *rest, bool is_port,
			struct nwi_answer *answer)
{
	bool is_ipv4 = answer->from.family == NWI_IPV4;
	struct header header = { 0 };
	const unsigned char *at;
	uint32_t cookie;

	if (!(is_ipv4 ? read_ipv4 : read_ipv6)(rest, &header, true))
		return;
	at = take(rest, 8);
	if (!at)
		return;
	answer->target = header.to;
	answer->source_port = nwi_get16(at);
	answer->port = nwi_get16(at + 2);
	if (header.protocol == NWI_PROTO_TCP) {
		answer->asked = NWI_FRAME_TCP_SYN;
		answer->kind = believe(nwi_get32(at + 4) == cookie_of(key, answer),
				       NWI_ANSWER_UNREACHABLE);
	} else if (header.protocol == NWI_PROTO_UDP) {
		answer->asked = NWI_FRAME_UDP;
		answer->kind = is_port ? NWI_ANSWER_CLOSED : NWI_ANSWER_UNREACHABLE;
	} else if (header.protocol == NWI_PROTO_ICMP || header.protocol == NWI_PROTO_ICMP6) {
		answer->asked = NWI_FRAME_ECHO;
		answer->source_port = nwi_get16(at + 4);
		answer->port = 0;
		cookie = cookie_of(key, answer);
		answer->kind = believe(nwi_get16(at + 6) == (cookie & 0xffff),
				       NWI_ANSWER_UNREACHABLE);
	}
}

static void read_icmp(struct nwi_sip_key key, struct rest *rest, struct nwi_answer *answer)
{
	bool is_ipv4 = answer->from.family == NWI_IPV4;
	const unsigned char *icmp = take(rest, NWI_ECHO_BYTES);
	uint8_t type;

	if (!icmp)
		return;
	type = answer->icmp_type = icmp[0];
	answer->icmp_code = icmp[1];
	if (type == (is_ipv4 ? ECHO_REPLY_IPV4 : ECHO_REPLY_IPV6)) {
		answer->asked = NWI_FRAME_ECHO;
		answer->source_port = nwi_get16(icmp + 4);
		answer->kind = believe(nwi_get16(icmp + 6) == (cookie_of(key, answer) & 0xffff),
				       NWI_ANSWER_ECHO);
	} else if (type == (is_ipv4 ? UNREACHABLE_IPV4 : UNREACHABLE_IPV6)) {
		read_quoted(key, rest,
			    icmp[1] == (is_ipv4 ? PORT_UNREACHABLE_IPV4 : PORT_UNREACHABLE_IPV6),
			    answer);
	} else if (type == (is_ipv4 ? EXCEEDED_IPV4 : EXCEEDED_IPV6)) {
		read_quoted(key, rest, false, answer);
	}
}

static bool read_ip(struct rest *rest, struct header *ret_header)
{
	struct rest again = *rest;

	return read_ipv4(rest, ret_header, false) ||
	       (*rest = again, read_ipv6(rest, ret_header, false));
}

void nwi_frame_read(struct nwi_sip_key key, const unsigned char *frame, size_t n_bytes,
		    uint32_t link_bytes, struct nwi_answer *ret_answer)
{
	struct rest rest = { frame, n_bytes };
	struct header header;

	*ret_answer = (struct nwi_answer){ 0 };
	if (!take(&rest, link_bytes) || !read_ip(&rest, &header))
		return;
	ret_answer->from = ret_answer->target = header.from;
	ret_answer->hops = header.hops;
	if (header.protocol == NWI_PROTO_TCP)
		read_tcp(key, &rest, ret_answer);
	else if (header.protocol == NWI_PROTO_UDP)
		read_udp(&rest, frame, ret_answer);
	else if (header.protocol ==
		 (header.from.family == NWI_IPV4 ? NWI_PROTO_ICMP : NWI_PROTO_ICMP6))
		read_icmp(key, &rest, ret_answer);
}

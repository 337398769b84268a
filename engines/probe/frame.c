/* SPDX-License-Identifier: MIT */
/* Questions: templates and what differs. */
#include "probe/frame.h"

#include "probe/wire.h"

#include <assert.h>

enum {
	HOPS = 64,
	WINDOW = 64240,    /* as Linux asks with */
	OPTIONS_BYTES = 4, /* maximum segment size: some hosts drop a SYN without options */
	SEGMENT_IPV4 = 1460,
	SEGMENT_IPV6 = 1440,
	FLAG_SYN = 0x02,
	ECHO_IPV4 = 8,
	ECHO_IPV6 = 128,
	TCP_HEADER_BYTES = NWI_TCP_BYTES + OPTIONS_BYTES
};

uint32_t nwi_frame_cookie(struct nwi_sip_key key, const struct nwi_frame_ask *ask)
{
	unsigned char bytes[20] = { 0 };

	nwi_address_bytes(ask->target, bytes);
	nwi_put16(bytes + 16, ask->port);
	nwi_put16(bytes + 18, ask->source_port);
	return (uint32_t)nwi_siphash(key, bytes, sizeof(bytes));
}

/* --- Templates --- */

static uint32_t ip_bytes(const struct nwi_frame_template *template)
{
	return template->source.family == NWI_IPV4 ? NWI_IPV4_BYTES : NWI_IPV6_BYTES;
}

static uint32_t transport_bytes(enum nwi_frame_kind kind)
{
	switch (kind) {
	case NWI_FRAME_TCP_SYN:
		return TCP_HEADER_BYTES;
	case NWI_FRAME_UDP:
		return NWI_UDP_BYTES;
	default:
		return NWI_ECHO_BYTES;
	}
}

static uint8_t protocol(enum nwi_frame_kind kind, enum nwi_family family)
{
	switch (kind) {
	case NWI_FRAME_TCP_SYN:
		return NWI_PROTO_TCP;
	case NWI_FRAME_UDP:
		return NWI_PROTO_UDP;
	default:
		return family == NWI_IPV4 ? NWI_PROTO_ICMP : NWI_PROTO_ICMP6;
	}
}

static void write_link(struct nwi_frame_template *template, const struct nwi_frame_terms *terms)
{
	memcpy(template->bytes, terms->to_mac, 6);
	memcpy(template->bytes + 6, terms->from_mac, 6);
	nwi_put16(template->bytes + 12,
		  terms->source.family == NWI_IPV4 ? NWI_ETHER_IPV4 : NWI_ETHER_IPV6);
}

static void write_ip(struct nwi_frame_template *template, uint8_t hops)
{
	unsigned char *ip = template->bytes + template->link_bytes;
	uint8_t proto = protocol(template->kind, template->source.family);

	if (template->source.family == NWI_IPV4) {
		ip[0] = 0x45;
		ip[6] = 0x40; /* do not fragment */
		ip[8] = hops;
		ip[9] = proto;
		nwi_address_bytes(template->source, ip + 12);
		template->header_sum = (uint16_t)~nwi_sum_end(nwi_sum_add(0, ip, NWI_IPV4_BYTES));
	} else {
		ip[0] = 0x60;
		ip[6] = proto;
		ip[7] = hops;
		nwi_address_bytes(template->source, ip + 8);
	}
}

static void write_transport(struct nwi_frame_template *template)
{
	unsigned char *at = template->bytes + template->link_bytes + ip_bytes(template);
	bool is_ipv4 = template->source.family == NWI_IPV4;

	if (template->kind == NWI_FRAME_TCP_SYN) {
		at[12] = TCP_HEADER_BYTES / 4 << 4;
		at[13] = FLAG_SYN;
		nwi_put16(at + 14, WINDOW);
		at[20] = 2;
		at[21] = OPTIONS_BYTES;
		nwi_put16(at + 22, is_ipv4 ? SEGMENT_IPV4 : SEGMENT_IPV6);
	} else if (template->kind == NWI_FRAME_ECHO) {
		at[0] = is_ipv4 ? ECHO_IPV4 : ECHO_IPV6;
	}
}

/* What of the pseudo-header and the transport's header never differs. */
static uint32_t constant_sum(const struct nwi_frame_template *template)
{
	const unsigned char *at = template->bytes + template->link_bytes + ip_bytes(template);
	uint8_t proto = protocol(template->kind, template->source.family);
	unsigned char source[16];
	uint32_t sum = nwi_sum_add(0, at, transport_bytes(template->kind));

	if (proto == NWI_PROTO_ICMP)
		return sum; /* has no pseudo-header */
	nwi_address_bytes(template->source, source);
	return nwi_sum_add(sum, source, template->source.family == NWI_IPV4 ? 4 : 16) + proto;
}

void nwi_frame_template_init(struct nwi_frame_template *template,
			     const struct nwi_frame_terms *terms)
{
	*template = (struct nwi_frame_template){ .kind = terms->kind,
						 .source = terms->source,
						 .key = terms->key };
	if (terms->has_link) {
		template->link_bytes = NWI_FRAME_LINK_BYTES;
		write_link(template, terms);
	}
	write_ip(template, terms->hops ? terms->hops : HOPS);
	write_transport(template);
	template->n_bytes = template->link_bytes + ip_bytes(template) +
			    transport_bytes(template->kind);
	template->sum = constant_sum(template);
}

/* --- Questions --- */

/* The identification comes from the cookie: a fixed one would be a mark of this program. */
static void fill_ipv4(const struct nwi_frame_template *template, unsigned char *ip,
		      const unsigned char *target, uint32_t total_bytes, uint16_t id)
{
	nwi_put16(ip + 2, total_bytes);
	nwi_put16(ip + 4, id);
	memcpy(ip + 16, target, 4);
	nwi_put16(ip + 10,
		  nwi_sum_end(nwi_sum_add(template->header_sum + total_bytes + id, target, 4)));
}

static void fill_ports(unsigned char *at, const struct nwi_frame_ask *ask)
{
	nwi_put16(at, ask->source_port);
	nwi_put16(at + 2, ask->port);
}

/* Writes what differs into the transport's header; where its sum goes. */
static unsigned char *fill_transport(const struct nwi_frame_template *template,
				     const struct nwi_frame_ask *ask, unsigned char *at,
				     uint32_t cookie)
{
	switch (template->kind) {
	case NWI_FRAME_TCP_SYN:
		fill_ports(at, ask);
		nwi_put32(at + 4, cookie);
		return at + 16;
	case NWI_FRAME_UDP:
		fill_ports(at, ask);
		nwi_put16(at + 4, NWI_UDP_BYTES + ask->payload_bytes);
		return at + 6;
	default:
		nwi_put16(at + 4, ask->source_port);
		nwi_put16(at + 6, cookie & 0xffff);
		return at + 2;
	}
}

/* Of the fields that fill_transport() wrote, the pseudo-header's rest and the payload. */
static uint16_t transport_sum(const struct nwi_frame_template *template,
			      const struct nwi_frame_ask *ask, const unsigned char *target,
			      uint32_t cookie)
{
	uint32_t length = transport_bytes(template->kind) + ask->payload_bytes;
	uint32_t sum = template->sum + ask->source_port;
	uint16_t end;

	if (template->kind == NWI_FRAME_TCP_SYN)
		sum += ask->port + (cookie >> 16) + (cookie & 0xffff);
	else if (template->kind == NWI_FRAME_UDP)
		sum += ask->port + length;
	else
		sum += cookie & 0xffff;
	if (template->kind != NWI_FRAME_ECHO || template->source.family == NWI_IPV6)
		sum = nwi_sum_add(sum, target, template->source.family == NWI_IPV4 ? 4 : 16) +
		      length;
	end = nwi_sum_end(nwi_sum_add(sum, ask->payload, ask->payload_bytes));
	/* A datagram's 0 would mean that it has no sum. */
	return end == 0 && template->kind == NWI_FRAME_UDP ? 0xffff : end;
}

uint32_t nwi_frame_write(const struct nwi_frame_template *template, const struct nwi_frame_ask *ask,
			 unsigned char *frame)
{
	unsigned char *ip = frame + template->link_bytes, *at = ip + ip_bytes(template);
	uint32_t cookie = nwi_frame_cookie(template->key, ask);
	uint32_t n_bytes = template->n_bytes + ask->payload_bytes;
	unsigned char target[16];

	assert(ask->target.family == template->source.family);
	assert(ask->payload_bytes <= NWI_FRAME_PAYLOAD_MAX);
	memcpy(frame, template->bytes, template->n_bytes);
	if (ask->payload_bytes > 0)
		memcpy(frame + template->n_bytes, ask->payload, ask->payload_bytes);
	nwi_address_bytes(ask->target, target);
	if (template->source.family == NWI_IPV4) {
		fill_ipv4(template, ip, target, n_bytes - template->link_bytes,
			  (uint16_t)(cookie ^ cookie >> 16));
	} else {
		nwi_put16(ip + 4, n_bytes - template->link_bytes - NWI_IPV6_BYTES);
		memcpy(ip + 24, target, 16);
	}
	nwi_put16(fill_transport(template, ask, at, cookie),
		  transport_sum(template, ask, target, cookie));
	return n_bytes;
}

/* SPDX-License-Identifier: MIT */
/* What is said to a port of UDP, so that the service there answers: a plain question of its
 * protocol, written from its specification, that changes nothing. Other ports get an empty
 * datagram. */
#include "probe/plan.h"

#include <stddef.h>

struct payload {
	uint16_t port;
	uint16_t n_bytes;
	const char *bytes;
};

#define PAYLOAD(port, text)                  \
	{                                    \
		port, sizeof(text) - 1, text \
	}

/* By port; each says whose question it is. */
static const struct payload payloads[] = {
	PAYLOAD(7, "nodewise\r\n"), /* echo, RFC 862 */
	/* DNS, RFC 1035: status query version.bind TXT CH */
	PAYLOAD(53, "\x4e\x57\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07version\x04"
		    "bind\x00\x00\x10\x00\x03"),
	/* TFTP, RFC 1350: read of a file that is not there */
	PAYLOAD(69, "\x00\x01nodewise\x00octet\x00"),
	/* portmapper, RFC 1833: null call */
	PAYLOAD(111,
		"\x4e\x57\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa0\x00\x00\x00\x02"
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
	/* NTP, RFC 5905: client request of version 4 */
	PAYLOAD(123, "\x23\x00\x06\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		     "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		     "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"),
	/* NetBIOS name service, RFC 1002: status of * */
	PAYLOAD(137, "\x4e\x57\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x20"
		     "CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		     "\x00\x00\x21\x00\x01"),
	/* SNMP, RFC 1157: get of sysDescr.0, community public */
	PAYLOAD(161,
		"\x30\x29\x02\x01\x00\x04\x06public\xa0\x1c\x02\x04\x4e\x57\x00\x01\x02\x01\x00"
		"\x02\x01\x00\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x01\x00\x05\x00"),
	/* SSDP, UPnP device architecture */
	PAYLOAD(1900,
		"M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nMan: \"ssdp:discover\"\r\n"
		"MX: 1\r\nST: ssdp:all\r\n\r\n"),
	/* STUN, RFC 8489: binding request */
	PAYLOAD(3478, "\x00\x01\x00\x00\x21\x12\xa4\x42nodewise-ask"),
	/* SIP, RFC 3261 */
	PAYLOAD(5060, "OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/UDP nm;branch=z9hG4bKnw\r\n"
		      "From: <sip:nm@nm>;tag=nw\r\nTo: <sip:nm@nm>\r\n"
		      "Call-ID: 1\r\n"
		      "CSeq: 1 OPTIONS\r\n\r\n"),
	/* multicast DNS, RFC 6762, asked alone: _services._dns-sd._udp.local PTR */
	PAYLOAD(5353,
		"\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09_services\x07_dns-sd\x04_udp"
		"\x05local\x00\x00\x0c\x00\x01"),
	/* CoAP, RFC 7252: GET /.well-known/core */
	PAYLOAD(5683, "\x40\x01\x4e\x57\xbb.well-known\x04"
		      "core"),
	/* memcached: version, with its UDP frame header */
	PAYLOAD(11211, "\x4e\x57\x00\x00\x00\x01\x00\x00version\r\n"),
};

const void *nwi_probe_payload(uint16_t port, uint32_t *ret_bytes)
{
	for (size_t i = 0; i < sizeof(payloads) / sizeof(*payloads); i++) {
		if (payloads[i].port == port) {
			*ret_bytes = payloads[i].n_bytes;
			return payloads[i].bytes;
		}
	}
	*ret_bytes = 0;
	return NULL;
}

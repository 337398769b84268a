/* SPDX-License-Identifier: MIT */
/* Sets of ports from their text. */
#include "probe/ports.h"

#include <string.h>

enum { WORD_BITS = 64 };

void nwi_ports_add_one(struct nwi_ports *ports, uint16_t port, bool is_udp)
{
	uint64_t *bits = is_udp ? ports->udp_bits : ports->tcp_bits;

	bits[port / WORD_BITS] |= UINT64_C(1) << (port % WORD_BITS);
}

struct reader {
	const char *text;
	size_t at;
	const char *reason;
};

static bool refuse(struct reader *reader, const char *reason)
{
	reader->reason = reason;
	return false;
}

/* A number, or what is meant where there is none. */
static bool read_port(struct reader *reader, uint32_t missing, uint32_t *ret_port)
{
	size_t from = reader->at;
	uint32_t port = 0;

	for (; reader->text[reader->at] >= '0' && reader->text[reader->at] <= '9'; reader->at++) {
		port = port * 10 + (uint32_t)(reader->text[reader->at] - '0');
		if (port >= NWI_PORT_COUNT) {
			reader->at = from;
			return refuse(reader, "a port is 0 to 65535");
		}
	}
	*ret_port = reader->at == from ? missing : port;
	return true;
}

static bool read_range(struct reader *reader, uint32_t *ret_first, uint32_t *ret_last)
{
	size_t from = reader->at;

	if (!read_port(reader, 1, ret_first))
		return false;
	if (reader->text[reader->at] == '-') {
		reader->at++;
		if (!read_port(reader, NWI_PORT_COUNT - 1, ret_last))
			return false;
	} else {
		*ret_last = *ret_first;
		if (reader->at == from)
			return refuse(reader, "a port, or a range as 1-1024, is missing here");
	}
	if (*ret_last < *ret_first) {
		reader->at = from;
		return refuse(reader, "the end of this range comes before its beginning");
	}
	return true;
}

static void read_protocol(struct reader *reader, bool *inout_is_udp)
{
	const char *at = reader->text + reader->at;

	if ((at[0] != 'U' && at[0] != 'T' && at[0] != 'u' && at[0] != 't') || at[1] != ':')
		return;
	*inout_is_udp = at[0] == 'U' || at[0] == 'u';
	reader->at += 2;
}

static bool read_list(struct nwi_ports *ports, struct reader *reader, bool is_udp)
{
	uint32_t first, last;

	for (;; reader->at++) {
		read_protocol(reader, &is_udp);
		if (!read_range(reader, &first, &last))
			return false;
		for (uint32_t port = first; port <= last; port++)
			nwi_ports_add_one(ports, (uint16_t)port, is_udp);
		if (reader->text[reader->at] == '\0')
			return true;
		if (reader->text[reader->at] != ',')
			return refuse(reader, "ports are separated by commas");
	}
}

bool nwi_ports_add(struct nwi_ports *ports, const char *text, bool is_udp, size_t *ret_at,
		   const char **ret_reason)
{
	struct reader reader = { .text = text };

	if (read_list(ports, &reader, is_udp))
		return true;
	*ret_at = reader.at;
	*ret_reason = reader.reason;
	return false;
}

static uint32_t list(const uint64_t *bits, uint16_t *ret_list)
{
	uint32_t count = 0;

	for (uint32_t port = 0; port < NWI_PORT_COUNT; port++)
		if (bits[port / WORD_BITS] >> (port % WORD_BITS) & 1)
			ret_list[count++] = (uint16_t)port;
	return count;
}

void nwi_ports_close(struct nwi_ports *ports)
{
	ports->tcp_count = list(ports->tcp_bits, ports->list);
	ports->udp_count = list(ports->udp_bits, ports->list + ports->tcp_count);
}

bool nwi_ports_find(const struct nwi_ports *ports, uint16_t port, bool is_udp, uint64_t *ret_idx)
{
	uint32_t low = is_udp ? ports->tcp_count : 0;
	uint32_t end = is_udp ? ports->tcp_count + ports->udp_count : ports->tcp_count;

	for (uint32_t high = end; low < high;) {
		uint32_t middle = low + (high - low) / 2;

		if (ports->list[middle] < port)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_idx = low;
	return low < end && ports->list[low] == port;
}

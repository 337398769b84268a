/* SPDX-License-Identifier: MIT */
/* Neighbours: their questions, their answers, their table. */
#include "probe/neighbour.h"

#include "probe/scan.h"
#include "probe/wire.h"

#include <errno.h>

enum {
	ETHER_ARP = 0x0806,
	ARP_BYTES = 28,
	ARP_ASK = 1,
	ARP_ANSWER = 2,
	SOLICIT = 135,
	ADVERTISE = 136,
	SOLICIT_BYTES = 32, /* with the option of who asks */
	ADVERTISE_BYTES = 24,
	FOLLOWED_HOPS = 255, /* what a router has passed on has fewer */
	OPTION_SOURCE = 1,
	OPTION_TARGET = 2,
	AT_IP = NWI_FRAME_LINK_BYTES,
	AT_ICMP = AT_IP + NWI_IPV6_BYTES
};

/* --- Questions --- */

static void write_ether(unsigned char *frame, const unsigned char *to, const unsigned char *from,
			uint32_t type)
{
	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
	nwi_put16(frame + 12, type);
}

static uint32_t write_arp(const struct nwi_neighbour_terms *terms, struct nwi_address target,
			  unsigned char *frame)
{
	static const unsigned char all[6] = { 255, 255, 255, 255, 255, 255 };
	unsigned char *arp = frame + AT_IP;

	write_ether(frame, all, terms->mac, ETHER_ARP);
	memset(arp, 0, ARP_BYTES);
	nwi_put16(arp, 1); /* Ethernet */
	nwi_put16(arp + 2, NWI_ETHER_IPV4);
	arp[4] = 6;
	arp[5] = 4;
	nwi_put16(arp + 6, ARP_ASK);
	memcpy(arp + 8, terms->mac, 6);
	nwi_address_bytes(terms->sources[0], arp + 14);
	nwi_address_bytes(target, arp + 24);
	return AT_IP + ARP_BYTES;
}

/* The group that an address listens to: ff02::1:ff and its last three bytes. */
static void write_group(const unsigned char *target, unsigned char *ip, unsigned char *mac)
{
	static const unsigned char group[13] = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff };

	memcpy(ip, group, sizeof(group));
	memcpy(ip + 13, target + 13, 3);
	mac[0] = mac[1] = 0x33;
	memcpy(mac + 2, ip + 12, 4);
}

static uint32_t write_solicitation(const struct nwi_neighbour_terms *terms,
				   struct nwi_address target, unsigned char *frame)
{
	unsigned char *ip = frame + AT_IP, *icmp = frame + AT_ICMP, mac[6];
	uint32_t sum;

	memset(ip, 0, NWI_IPV6_BYTES + SOLICIT_BYTES);
	ip[0] = 0x60;
	nwi_put16(ip + 4, SOLICIT_BYTES);
	ip[6] = NWI_PROTO_ICMP6;
	ip[7] = FOLLOWED_HOPS;
	nwi_address_bytes(terms->sources[1], ip + 8);
	icmp[0] = SOLICIT;
	nwi_address_bytes(target, icmp + 8);
	icmp[24] = OPTION_SOURCE;
	icmp[25] = 1; /* of eight bytes */
	memcpy(icmp + 26, terms->mac, 6);
	write_group(icmp + 8, ip + 24, mac);
	write_ether(frame, mac, terms->mac, NWI_ETHER_IPV6);
	sum = nwi_sum_add(NWI_PROTO_ICMP6 + SOLICIT_BYTES, ip + 8, 32);
	nwi_put16(icmp + 2, nwi_sum_end(nwi_sum_add(sum, icmp, SOLICIT_BYTES)));
	return AT_ICMP + SOLICIT_BYTES;
}

uint32_t nwi_neighbour_write(const struct nwi_neighbour_terms *terms, struct nwi_address target,
			     unsigned char *frame)
{
	return target.family == NWI_IPV4 ? write_arp(terms, target, frame)
					 : write_solicitation(terms, target, frame);
}

/* --- Answers --- */

static bool is_source(const struct nwi_neighbour_terms *terms, int idx, const unsigned char *bytes)
{
	enum nwi_family family = idx == 0 ? NWI_IPV4 : NWI_IPV6;

	return terms->sources[idx].family == family &&
	       nwi_address_compare(terms->sources[idx], nwi_address_of_bytes(family, bytes)) == 0;
}

static bool read_arp(const struct nwi_neighbour_terms *terms, const unsigned char *arp,
		     struct nwi_address *ret_target, unsigned char ret_mac[6])
{
	if (nwi_get16(arp) != 1 || nwi_get16(arp + 2) != NWI_ETHER_IPV4 || arp[4] != 6 ||
	    arp[5] != 4 || nwi_get16(arp + 6) != ARP_ANSWER)
		return false;
	if (memcmp(arp + 18, terms->mac, 6) != 0 || !is_source(terms, 0, arp + 24))
		return false;
	*ret_target = nwi_address_of_bytes(NWI_IPV4, arp + 14);
	memcpy(ret_mac, arp + 8, 6);
	return true;
}

/* The option that says the link address; NULL: there is none. */
static const unsigned char *find_option(const unsigned char *at, size_t n_bytes)
{
	while (n_bytes >= 8) {
		size_t option_bytes = at[1] * (size_t)8;

		if (option_bytes == 0 || option_bytes > n_bytes)
			return NULL;
		if (at[0] == OPTION_TARGET)
			return at + 2;
		at += option_bytes;
		n_bytes -= option_bytes;
	}
	return NULL;
}

static bool read_advertisement(const struct nwi_neighbour_terms *terms, const unsigned char *frame,
			       size_t n_bytes, struct nwi_address *ret_target,
			       unsigned char ret_mac[6])
{
	const unsigned char *ip = frame + AT_IP, *icmp = frame + AT_ICMP, *mac;
	size_t length;

	if (n_bytes < AT_ICMP + ADVERTISE_BYTES || ip[0] >> 4 != 6)
		return false;
	length = nwi_get16(ip + 4);
	if (length < ADVERTISE_BYTES || length > n_bytes - AT_ICMP)
		return false;
	if (ip[6] != NWI_PROTO_ICMP6 || ip[7] != FOLLOWED_HOPS || !is_source(terms, 1, ip + 24))
		return false;
	if (icmp[0] != ADVERTISE || icmp[1] != 0 ||
	    nwi_sum_end(nwi_sum_add(nwi_sum_add(NWI_PROTO_ICMP6 + (uint32_t)length, ip + 8, 32),
				    icmp, length)) != 0)
		return false;
	mac = find_option(icmp + ADVERTISE_BYTES, length - ADVERTISE_BYTES);
	*ret_target = nwi_address_of_bytes(NWI_IPV6, icmp + 8);
	memcpy(ret_mac, mac ? mac : frame + 6, 6);
	return true;
}

bool nwi_neighbour_read(const struct nwi_neighbour_terms *terms, const unsigned char *frame,
			size_t n_bytes, struct nwi_address *ret_target, unsigned char ret_mac[6])
{
	if (n_bytes < AT_IP + ARP_BYTES)
		return false;
	if (nwi_get16(frame + 12) == ETHER_ARP)
		return read_arp(terms, frame + AT_IP, ret_target, ret_mac);
	return nwi_get16(frame + 12) == NWI_ETHER_IPV6 &&
	       read_advertisement(terms, frame, n_bytes, ret_target, ret_mac);
}

/* --- The table --- */

int nw_probe_neighbours_create(struct nw_probe_neighbours **ret_neighbours,
			       const struct nw_probe_targets *on_link)
{
	uint64_t count = on_link->list.count;
	struct nw_probe_neighbours *table;
	struct nw_arena *arena;
	int rc;

	if (!on_link->is_closed)
		return -EINVAL;
	if (count > UINT64_C(1) << NWI_NEIGHBOUR_MAX_LOG2)
		return -E2BIG;
	rc = nw_arena_create(&arena, NW_NODE_ANY, (count + 1) * sizeof(*table->macs) + (1 << 20),
			     0);
	if (rc < 0)
		return rc;
	table = nw_arena_alloc(arena, sizeof(*table), 8);
	if (table)
		table->macs = nw_arena_alloc(arena, (count + 1) * sizeof(*table->macs), 8);
	if (!table || !table->macs) {
		nw_arena_destroy(arena);
		return -ENOMEM;
	}
	table->arena = arena;
	table->on_link = &on_link->list;
	*ret_neighbours = table;
	return 0;
}

void nw_probe_neighbours_destroy(struct nw_probe_neighbours *neighbours)
{
	if (neighbours)
		nw_arena_destroy(neighbours->arena);
}

bool nw_probe_neighbours_put(struct nw_probe_neighbours *neighbours,
			     const struct nw_probe_address *address, const unsigned char mac[6])
{
	struct nwi_address own = nwi_address_of_bytes((enum nwi_family)address->family,
						      address->bytes);
	uint64_t number;

	if (!nwi_targets_find(neighbours->on_link, own, &number))
		return false;
	neighbours->count += neighbours->macs[number][6] == 0;
	memcpy(neighbours->macs[number], mac, 6);
	neighbours->macs[number][6] = 1;
	return true;
}

uint64_t nw_probe_neighbours_count(const struct nw_probe_neighbours *neighbours)
{
	return neighbours->count;
}

enum nwi_neighbour_state nwi_neighbour_find(const struct nw_probe_neighbours *table,
					    struct nwi_address target,
					    const unsigned char **ret_mac)
{
	uint64_t number;

	if (!nwi_targets_find(table->on_link, target, &number))
		return NWI_NEIGHBOUR_BEYOND;
	*ret_mac = table->macs[number];
	return table->macs[number][6] ? NWI_NEIGHBOUR_UP : NWI_NEIGHBOUR_DOWN;
}

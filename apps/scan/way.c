/* SPDX-License-Identifier: MIT */
/*
 * Which way the questions go: the interface, the addresses they come from, who is on the local
 * link, the next hop of all others.
 * Invariant: all is asked of the kernel, and each answer can be given by an option instead.
 */
#include "scan/scan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

enum { LOOKED_AT = 16, WORD_BYTES = 64 };
#define NEIGHBOUR_WAIT_NS UINT64_C(1000000000)

static struct nw_probe_address first_of(const struct nw_probe_targets *targets, uint8_t family)
{
	struct nw_probe_address address = { 0 };
	uint64_t count = nw_probe_targets_count(targets);

	/* IPv4 comes first, IPv6 last. */
	nw_probe_targets_at(targets, family == 4 ? 0 : count - 1, &address);
	return address.family == family ? address : (struct nw_probe_address){ 0 };
}

static bool is_own(const struct nw_probe_address *address)
{
	struct nw_link_route route;

	return nw_link_route(address->bytes, address->family == 6, &route) == 0 && route.is_local;
}

/* The first few are looked at for one whose way leads out of this machine. */
static struct nw_probe_address first_beyond(const struct nw_probe_targets *targets, uint8_t family)
{
	struct nw_probe_address first = first_of(targets, family), address;
	uint64_t count = nw_probe_targets_count(targets);

	for (uint64_t i = 0; first.family && i < count && i < LOOKED_AT; i++) {
		nw_probe_targets_at(targets, family == 4 ? i : count - 1 - i, &address);
		if (address.family == family && !is_own(&address))
			return address;
	}
	return first;
}

/* Frames to an address of this machine come from it, too, which its kernel takes for a forgery. */
bool scan_way_is_own(const struct scan_run *run)
{
	struct nw_probe_address address;

	if (nw_probe_targets_count(run->targets) == 0 || first_of(run->targets, 6).family)
		return false;
	address = first_beyond(run->targets, 4);
	return is_own(&address);
}

static int parse_mac(const char *text, unsigned char ret_mac[6])
{
	unsigned bytes[6];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &bytes[0], &bytes[1], &bytes[2], &bytes[3],
		   &bytes[4], &bytes[5], &end) != 6 ||
	    text[end] != '\0')
		return app_bad(SCAN_NAME,
			       "--router-mac takes six bytes, as 02:00:00:00:00:0b, not "
			       "'%s'",
			       text);
	for (int i = 0; i < 6; i++)
		ret_mac[i] = (unsigned char)bytes[i];
	return APP_OK;
}

/* --source-port 61000, or 61000-61999. */
static int parse_source_port(const char *text, struct nw_probe_options *probe)
{
	uint64_t first, last;
	char copy[16];
	char *dash;

	if (strlen(text) < sizeof(copy)) {
		memcpy(copy, text, strlen(text) + 1);
		dash = strchr(copy, '-');
		if (dash)
			*dash = '\0';
		if (app_parse_u64(copy, 1, 65535, &first) &&
		    app_parse_u64(dash ? dash + 1 : copy, first, 65535, &last)) {
			probe->source_port_first = (uint16_t)first;
			probe->source_port_last = (uint16_t)last;
			return APP_OK;
		}
	}
	return app_bad(SCAN_NAME, "--source-port takes a port or a range, as 61000-61999, not '%s'",
		       text);
}

static bool has_link_addresses(const char *interface)
{
	struct nw_link_info link;

	return nw_link_describe(interface, &link) == 0 && link.has_ethernet && !link.is_loopback;
}

/* --- The route --- */

static int ask_route(const struct scan_run *run, const struct nw_probe_address *target,
		     struct nw_link_route *ret_route)
{
	const struct scan_options *options = run->options;
	char text[NW_PROBE_ADDRESS_TEXT_BYTES];
	int rc = nw_link_route(target->bytes, target->family == 6, ret_route);

	if (rc < 0 && !(options->interface && options->source_ip))
		return app_failed(SCAN_NAME,
				  "no route to %s (%s); --interface and --source-ip "
				  "name one",
				  nw_probe_address_text(target, text), strerror(-rc));
	if (rc < 0) /* what was named has to do */
		*ret_route = (struct nw_link_route){ .is_local = true };
	return APP_OK;
}

/* One family's interface and source. */
static int find_route(struct scan_run *run, uint8_t family, struct nw_probe_address *inout_source)
{
	struct nw_probe_address target = first_beyond(run->targets, family);
	struct nw_link_route route;
	int code;

	if (target.family == 0)
		return APP_OK;
	code = ask_route(run, &target, &route);
	if (code != APP_OK)
		return code;
	if (!run->interface[0])
		(void)snprintf(run->interface, sizeof(run->interface), "%s", route.interface);
	if (inout_source->family == 0 && route.interface[0]) {
		inout_source->family = family;
		memcpy(inout_source->bytes, route.source, sizeof(route.source));
	}
	return APP_OK;
}

static int find_next_hop(struct scan_run *run, uint8_t family)
{
	const struct nw_probe_targets *targets = run->off_link ? run->off_link : run->targets;
	struct nw_probe_address target = { 0 };
	struct nw_link_route route;
	int code, rc;

	if (nw_probe_targets_count(targets) > 0)
		target = first_beyond(targets, family);
	if (target.family == 0 || run->has_next_hop || !has_link_addresses(run->interface))
		return APP_OK;
	code = ask_route(run, &target, &route);
	if (code != APP_OK || route.is_local)
		return code;
	rc = nw_link_neighbour(run->interface, route.gateway, family == 6, NEIGHBOUR_WAIT_NS,
			       run->probe_options.next_hop);
	if (rc < 0)
		return app_failed(SCAN_NAME,
				  "the next hop on %s does not answer (%s): --router-mac names it",
				  run->interface, strerror(-rc));
	run->has_next_hop = true;
	return APP_OK;
}

/* --- The local link --- */

static uint32_t ones(const unsigned char *bytes, size_t n_bytes)
{
	uint32_t count = 0;

	for (size_t i = 0; i < n_bytes; i++)
		count += (uint32_t)__builtin_popcount(bytes[i]);
	return count;
}

/* The network that an address of the interface stands in, as text; false: it is alone there. */
static bool network_of(const struct ifaddrs *own, char *ret_text, char *ret_address)
{
	int family = own->ifa_addr ? own->ifa_addr->sa_family : AF_UNSPEC;
	const void *address, *mask;
	uint32_t bits = family == AF_INET ? 32 : 128, length;

	if (!own->ifa_netmask || (family != AF_INET && family != AF_INET6))
		return false;
	if (family == AF_INET) {
		address = &((const struct sockaddr_in *)(const void *)own->ifa_addr)->sin_addr;
		mask = &((const struct sockaddr_in *)(const void *)own->ifa_netmask)->sin_addr;
	} else {
		address = &((const struct sockaddr_in6 *)(const void *)own->ifa_addr)->sin6_addr;
		mask = &((const struct sockaddr_in6 *)(const void *)own->ifa_netmask)->sin6_addr;
	}
	length = ones(mask, bits / 8);
	if (length == bits || !inet_ntop(family, address, ret_address, NW_PROBE_ADDRESS_TEXT_BYTES))
		return false;
	(void)snprintf(ret_text, WORD_BYTES, "%s/%u", ret_address, length);
	return true;
}

/* This machine does not answer itself there. */
static int take_network(struct scan_run *run, const char *network, const char *address)
{
	int rc = nw_probe_targets_add_within(run->on_link, run->targets, network, NULL);

	if (rc == 0)
		rc = nw_probe_targets_exclude(run->on_link, address, NULL);
	if (rc == 0)
		rc = nw_probe_targets_exclude(run->off_link, network, NULL);
	return rc;
}

static int take_networks(struct scan_run *run)
{
	char network[WORD_BYTES], address[NW_PROBE_ADDRESS_TEXT_BYTES];
	struct ifaddrs *all;
	int rc = 0;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *own = all; rc == 0 && own; own = own->ifa_next)
		if (strcmp(own->ifa_name, run->interface) == 0 && network_of(own, network, address))
			rc = take_network(run, network, address);
	freeifaddrs(all);
	return rc;
}

/* Targets in two sets: those that can be asked for their link addresses, and the others. */
static int split_targets(struct scan_run *run)
{
	int rc = nw_probe_targets_create(&run->on_link);

	if (rc == 0)
		rc = nw_probe_targets_create(&run->off_link);
	if (rc == 0)
		rc = nw_probe_targets_add_within(run->off_link, run->targets, "0.0.0.0/0", NULL);
	if (rc == 0)
		rc = nw_probe_targets_add_within(run->off_link, run->targets, "::/0", NULL);
	if (rc == 0)
		rc = take_networks(run);
	if (rc == 0)
		rc = nw_probe_targets_close(run->on_link);
	if (rc == 0)
		rc = nw_probe_targets_close(run->off_link);
	if (rc == 0 && nw_probe_targets_count(run->on_link) > 0)
		rc = nw_probe_neighbours_create(&run->neighbours, run->on_link);
	if (rc == -E2BIG)
		return app_bad(SCAN_NAME,
			       "more than 2^20 targets are on the local link of %s: name fewer, "
			       "or one next hop for all with --router-mac",
			       run->interface);
	return rc < 0 ? app_failed(SCAN_NAME, "the networks of %s: %s", run->interface,
				   strerror(-rc))
		      : APP_OK;
}

/* --- All of it --- */

static int read_given(struct scan_run *run)
{
	const struct scan_options *options = run->options;
	struct nw_probe_address source;

	if (options->interface) {
		struct nw_link_info link;

		if (strlen(options->interface) > 15 ||
		    nw_link_describe(options->interface, &link) < 0)
			return app_failed(SCAN_NAME, "there is no interface '%s'",
					  options->interface);
		(void)snprintf(run->interface, sizeof(run->interface), "%s", options->interface);
	}
	if (options->source_ip) {
		if (!nw_probe_address_parse(options->source_ip, &source))
			return app_bad(SCAN_NAME, "--source-ip takes an address, not '%s'",
				       options->source_ip);
		*(source.family == 4 ? &run->probe_options.source_ipv4
				     : &run->probe_options.source_ipv6) = source;
	}
	if (options->router_mac) {
		run->has_next_hop = true;
		if (parse_mac(options->router_mac, run->probe_options.next_hop) != APP_OK)
			return APP_USAGE;
	}
	return options->source_port ? parse_source_port(options->source_port, &run->probe_options)
				    : APP_OK;
}

int scan_way_find(struct scan_run *run)
{
	struct nw_probe_options *probe = &run->probe_options;
	int code;

	code = read_given(run);
	probe->interface = run->interface[0] ? run->interface : NULL;
	if (code != APP_OK || run->options->method == SCAN_CONNECT)
		return code; /* the kernel finds its own */
	code = find_route(run, 4, &probe->source_ipv4);
	if (code == APP_OK)
		code = find_route(run, 6, &probe->source_ipv6);
	if (code == APP_OK && !run->has_next_hop && has_link_addresses(run->interface))
		code = split_targets(run);
	if (code == APP_OK)
		code = find_next_hop(run, 4);
	if (code == APP_OK)
		code = find_next_hop(run, 6);
	probe->interface = run->interface;
	probe->neighbours = run->neighbours;
	return code;
}

/* SPDX-License-Identifier: MIT */
/*
 * Which way the questions go: the interface, the addresses they come from, the next hop.
 * Invariant: all is asked of the kernel, and each answer can be given by an option instead.
 */
#include "scan/scan.h"

#include <errno.h>
#include <string.h>

#define NEIGHBOUR_WAIT_NS UINT64_C(1000000000)

static struct nw_probe_address first_of(const struct nw_probe_targets *targets, uint8_t family)
{
	struct nw_probe_address address = { 0 };
	uint64_t count = nw_probe_targets_count(targets);

	/* IPv4 comes first, IPv6 last. */
	nw_probe_targets_at(targets, family == 4 ? 0 : count - 1, &address);
	return address.family == family ? address : (struct nw_probe_address){ 0 };
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

struct way {
	const struct scan_options *options;
	struct nw_probe_options *probe;
	char *interface;
	bool has_next_hop;
};

static int find_next_hop(struct way *way, const struct nw_link_route *route, bool is_ipv6)
{
	struct nw_link_info link;
	int rc;

	if (way->has_next_hop || route->is_local)
		return APP_OK;
	if (nw_link_describe(way->interface, &link) < 0 || !link.has_ethernet || link.is_loopback)
		return APP_OK; /* no link address is needed */
	rc = nw_link_neighbour(way->interface, route->gateway, is_ipv6, NEIGHBOUR_WAIT_NS,
			       way->probe->next_hop);
	if (rc < 0)
		return app_failed(SCAN_NAME,
				  "the next hop on %s does not answer (%s): --router-mac names it",
				  way->interface, strerror(-rc));
	way->has_next_hop = true;
	return APP_OK;
}

/* One family's. */
static int find_route(struct way *way, const struct nw_probe_address *target,
		      struct nw_probe_address *ret_source)
{
	bool is_ipv6 = target->family == 6;
	char text[NW_PROBE_ADDRESS_TEXT_BYTES];
	struct nw_link_route route;
	int rc = nw_link_route(target->bytes, is_ipv6, &route);

	if (rc < 0 && !(way->options->interface && way->options->source_ip))
		return app_failed(SCAN_NAME,
				  "no route to %s (%s); --interface and --source-ip "
				  "name one",
				  nw_probe_address_text(target, text), strerror(-rc));
	if (!way->interface[0])
		(void)snprintf(way->interface, 16, "%s", route.interface);
	if (rc == 0 && ret_source->family == 0) {
		ret_source->family = target->family;
		memcpy(ret_source->bytes, route.source, sizeof(route.source));
	}
	return rc == 0 ? find_next_hop(way, &route, is_ipv6) : APP_OK;
}

static int read_given(struct way *way)
{
	const struct scan_options *options = way->options;
	struct nw_probe_address source;

	if (options->interface) {
		struct nw_link_info link;

		if (strlen(options->interface) > 15 ||
		    nw_link_describe(options->interface, &link) < 0)
			return app_failed(SCAN_NAME, "there is no interface '%s'",
					  options->interface);
		(void)snprintf(way->interface, 16, "%s", options->interface);
	}
	if (options->source_ip) {
		if (!nw_probe_address_parse(options->source_ip, &source))
			return app_bad(SCAN_NAME, "--source-ip takes an address, not '%s'",
				       options->source_ip);
		*(source.family == 4 ? &way->probe->source_ipv4
				     : &way->probe->source_ipv6) = source;
	}
	if (options->router_mac) {
		way->has_next_hop = true;
		if (parse_mac(options->router_mac, way->probe->next_hop) != APP_OK)
			return APP_USAGE;
	}
	return options->source_port ? parse_source_port(options->source_port, way->probe) : APP_OK;
}

int scan_way_find(struct nw_probe_options *probe, const struct scan_options *options,
		  const struct nw_probe_targets *targets, char ret_interface[16])
{
	struct way way = { .options = options, .probe = probe, .interface = ret_interface };
	struct nw_probe_address first;
	int code;

	ret_interface[0] = '\0';
	code = read_given(&way);
	probe->interface = ret_interface[0] ? ret_interface : NULL;
	if (options->method == SCAN_CONNECT)
		return code; /* the kernel finds its own */
	first = first_of(targets, 4);
	if (code == APP_OK && first.family)
		code = find_route(&way, &first, &probe->source_ipv4);
	first = first_of(targets, 6);
	if (code == APP_OK && first.family)
		code = find_route(&way, &first, &probe->source_ipv6);
	probe->interface = ret_interface;
	return code;
}

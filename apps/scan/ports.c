/* SPDX-License-Identifier: MIT */
/* --top-ports: services that hosts offer most often, in this project's own order, by the names that
 * the registry of IANA has for them. No measurement stands behind the order. */
#include "scan/scan.h"

#include <string.h>

static const uint16_t tcp_ports[] = {
	80,    443,   22,   21,    25,   23,   53,   110,  143,   3389,  445,   139,   135,
	993,   995,   587,  465,   8080, 8443, 3306, 5432, 6379,  27017, 1433,  1521,  5900,
	111,   2049,  389,  636,   88,   179,  5060, 5061, 1723,  1194,  8000,  8008,  8888,
	9000,  9090,  9200, 9300,  5601, 3000, 5000, 5001, 8081,  8082,  8083,  8086,  8088,
	8090,  8181,  8500, 8834,  8883, 1883, 5671, 5672, 15672, 4369,  11211, 2181,  9092,
	2375,  2376,  6443, 10250, 2379, 2380, 7001, 7002, 4443,  4444,  9443,  10000, 20000,
	50000, 50070, 7077, 4040,  6000, 6001, 873,  990,  989,   992,   994,   548,   515,
	631,   9100,  554,  1935,  3128, 1080, 8118, 5222, 5269,
};

static const uint16_t udp_ports[] = {
	53,   123,  161,  137,  1900, 5353,  500, 4500, 67,  68,  69,   111,  514,  520,  631,
	1194, 1434, 3478, 5060, 5683, 11211, 138, 162,  427, 623, 1645, 1646, 1701, 1812, 1813,
};

int scan_top_ports(uint64_t count, bool is_udp, char *ret_text, size_t text_bytes)
{
	const uint16_t *list = is_udp ? udp_ports : tcp_ports;
	size_t list_count = is_udp ? sizeof(udp_ports) / sizeof(*udp_ports)
				   : sizeof(tcp_ports) / sizeof(*tcp_ports);
	int at;

	if (count > list_count)
		return app_bad(SCAN_NAME, "--top-ports: the list has %zu ports of %s", list_count,
			       is_udp ? "UDP" : "TCP");
	at = snprintf(ret_text, text_bytes, "%s", is_udp ? "U:" : "");
	for (size_t i = 0; i < count && at >= 0 && (size_t)at < text_bytes; i++)
		at += snprintf(ret_text + at, text_bytes - (size_t)at, "%s%u", i ? "," : "",
			       list[i]);
	return APP_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * `nodewise relay topic`: what a name is on the wire. For those who write a client in a language
 * that has no XXH3, and for those who read numbers in a log. Invariant: a line a name, in their
 * order.
 */
#include "relay/config.h"

#include "common/app.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int help(void)
{
	printf("usage: nodewise relay topic NAME...\n"
	       "\n"
	       "Prints the number and the slot of each topic: 'prices 0x1e964e1f 3615'. The\n"
	       "shard is the slot modulo the number of shards, until slots are moved. Numbers of\n"
	       "senders are made of their names in the same way.\n"
	       "\n"
	       "  -h, --help    show this help\n");
	return app_finish_output(RELAY_NAME);
}

int relay_topic(int argc, char **argv)
{
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return help();
	if (argc < 2)
		return app_bad(RELAY_NAME, "say which: nodewise relay topic NAME...");
	for (int i = 1; i < argc; i++) {
		size_t n = strlen(argv[i]);
		uint32_t topic = nw_topic_id(argv[i], n);

		if (n == 0 || n > RELAY_TOPIC_NAME_MAX)
			return app_bad(RELAY_NAME, "a name of a topic has 1 to 255 bytes");
		printf("%s 0x%08" PRIx32 " %" PRIu32 "\n", argv[i], topic, nw_topic_slot(topic));
	}
	return app_finish_output(RELAY_NAME);
}

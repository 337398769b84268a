/* SPDX-License-Identifier: MIT */
/* `nodewise relay`: the relay itself, or one of its clients. */
#include "common/app.h"
#include "relay/config.h"
#include "relay/relay.h"

#include <stdio.h>
#include <string.h>

static int help(void)
{
	printf("usage: nodewise relay [OPTION]...\n"
	       "       nodewise relay pub|sub|stat|topic|move [OPTION]...   (each has --help)\n"
	       "\n"
	       "Carries packets of 64 bytes from senders to subscribers, one shard a core, by\n"
	       "rules. Without rules nothing is admitted.\n"
	       "\n"
	       "  -c, --config FILE    what holds, and the rules, in YAML or JSON\n"
	       "      --rules FILE     the rules, instead of those that the file names\n"
	       "      --allow-all      no rules: everything is admitted, to try it\n"
	       "      --check-config   look at the files, print what holds as JSON, and end\n"
	       "      --unix PATH      a Unix socket, for this user only; 'none': without\n"
	       "      --tcp ADDRESS    streams, 127.0.0.1:7770; other machines need tls or tokens\n"
	       "      --udp ADDRESS    datagrams, 127.0.0.1:7770; loopback only\n"
	       "      --http ADDRESS   /metrics, /livez, /readyz, /healthz, 127.0.0.1:7771\n"
	       "      --shards N       workers; 0: one a physical core\n"
	       "      --io WAY         for datagrams: uring, epoll, or auto: uring where it works\n"
	       "      --no-pin         do not pin workers\n"
	       "      --oversubscribe  more workers than CPUs, to try things\n"
	       "      --drain TIME     how long the end may take, 10s\n"
	       "      --log FORM       json, text, or auto: text on a terminal\n"
	       "  -h, --help           show this help\n"
	       "\n"
	       "SIGHUP reads the rules again; SIGTERM lets nothing more in, delivers what was\n"
	       "accepted, and ends. Exit code: 0, 1 something failed, 2 usage or a bad file.\n");
	return app_finish_output(RELAY_NAME);
}

int app_relay(int argc, char **argv)
{
	static const struct {
		const char *name;
		app_command *run;
	} clients[] = { { "pub", relay_pub },
			{ "sub", relay_sub },
			{ "stat", relay_stat },
			{ "topic", relay_topic },
			{ "move", relay_move } };
	struct relay_options options;
	int code;

	for (size_t i = 0; argc > 1 && i < APP_COUNT_OF(clients); i++)
		if (strcmp(argv[1], clients[i].name) == 0)
			return clients[i].run(argc - 1, argv + 1);
	code = relay_options_parse(&options, argc, argv);
	if (code != APP_OK)
		return code;
	return options.is_help ? help() : relay_serve(&options);
}

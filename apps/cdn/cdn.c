/* SPDX-License-Identifier: MIT */
/* `nodewise cdn`: the command's face. */
#include "cdn/active.h"

#include <string.h>

enum { WAIT_MS = 200 };

static int help(void)
{
	printf("usage: nodewise cdn [OPTION]... ADDRESS|NAME|-...\n"
	       "       nodewise cdn list [OPTION]...\n"
	       "       nodewise cdn update [OPTION]... FILE|FOLDER...\n"
	       "\n"
	       "Says who stands in front of an address, how sure that is, and why. - reads\n"
	       "targets from standard input, one a line, and answers each as it comes. Without\n"
	       "--active nothing is asked of any network.\n"
	       "\n"
	       "      --asn FILE        ASes of addresses: MaxMind's .mmdb, iptoasn's .tsv[.gz]\n"
	       "      --whitelist LIST  tell only of targets of these providers: cloudflare,none\n"
	       "      --blacklist LIST  do not tell of targets of these\n"
	       "      --explain         all evidence, a line each, with its weight in log-odds\n"
	       "      --data FOLDER     providers' files in place of those installed\n"
	       "  -j, --json            one JSON object a line\n"
	       "  -q, --quiet           answers and errors alone\n"
	       "  -h, --help            show this help\n"
	       "\n");
	printf("Asking\n"
	       "      --active          ask DNS, by TLS and by HTTP, the cheapest first, until it\n"
	       "                        is decided; names, too. Ask only for what you may\n"
	       "      --no-dns, --no-tls, --no-http\n"
	       "                        leave that out\n"
	       "      --thorough        do not stop where it is decided\n"
	       "      --timeout TIME    for a question: 2s, or dns=2s,tls=3s,http=5s\n"
	       "      --budget N[,TIME] requests in all, and time (no bound)\n"
	       "      --resolver ADDRESS[:PORT],...\n"
	       "                        name servers (those of /etc/resolv.conf)\n"
	       "      --parallel N      targets at once, up to 256 (32)\n"
	       "      --cache N         answers kept, 0 for none (10000)\n"
	       "      --origin          look behind the front of each name, and verify\n"
	       "      --history FILE    of --origin: addresses that names once had, lines of\n"
	       "                        NAME ADDRESS [DATE] or JSON\n"
	       "\n"
	       "nodewise cdn list --help and nodewise cdn update --help say more of these.\n");
	return app_finish_output(CDN_NAME);
}

/* Without asking anybody a name says nothing. */
static void answer_one(struct cdn_run *run, const struct cdn_target *target)
{
	const struct nw_cdn_seen seen = { .address = target->address };
	struct nw_cdn_answer answer;

	if (target->address.family == 0) {
		run->bad_count++;
		(void)app_failed(CDN_NAME, "%.253s is a name: it takes --active to ask for it",
				 target->text);
		return;
	}
	nw_cdn_classify(run->cdn, &seen, &answer);
	cdn_tell(run, target, &answer, NULL);
}

static int ask(const struct cdn_options *options)
{
	struct cdn_target target;
	enum cdn_line got;
	struct cdn_run run;
	int code = cdn_run_open(&run, options);

	if (code != APP_OK)
		return code;
	app_on_interrupt(NULL, NULL);
	if (options->active.is_on) {
		int asked = cdn_ask(&run);

		code = cdn_run_close(&run);
		return asked == APP_OK ? code : asked;
	}
	while ((got = cdn_next_target(&run, &target, WAIT_MS)) != CDN_LINE_END)
		if (got == CDN_LINE)
			answer_one(&run, &target);
	return cdn_run_close(&run);
}

int app_cdn(int argc, char **argv)
{
	struct cdn_options options;
	bool is_help;
	int code;

	if (argc > 1 && strcmp(argv[1], "list") == 0)
		return cdn_list(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "update") == 0)
		return cdn_update(argc - 1, argv + 1);
	code = cdn_options_parse(&options, argc, argv, &is_help);
	if (code != APP_OK)
		return code;
	return is_help ? help() : ask(&options);
}

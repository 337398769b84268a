/* SPDX-License-Identifier: MIT */
/* `nodewise scan`: the command's face. */
#include "scan/scan.h"

#include <stdlib.h>
#include <unistd.h>

static void help_what(void)
{
	printf("usage: nodewise scan [OPTION]... TARGET...\n"
	       "\n"
	       "Asks addresses which ports are open. Scan only what you may.\n"
	       "TARGET: an address, a prefix (10.0.0.0/8), a range (10.0.0.1-10.0.0.9), a name.\n"
	       "\n"
	       "What is asked\n"
	       "  -p, --ports LIST           80,443,1-1024,U:53, - for all (the 100 best known)\n"
	       "      --top-ports N          the first N of the list of best known services\n"
	       "  -sS                        by TCP SYN, as it is without\n"
	       "  -sT                        by connecting, which needs no privileges\n"
	       "  -sU                        by UDP\n"
	       "  -sn                        hosts alone: by ARP or neighbour discovery on the\n"
	       "                             local link, by echo elsewhere\n"
	       "  -PE, -PR                   of -sn: all by echo; by ARP and discovery alone\n"
	       "  -iL FILE                   targets from a file, - for standard input\n"
	       "      --exclude LIST         addresses that are left out\n"
	       "      --exclude-file, --excludefile FILE\n"
	       "                             the same from a file\n"
	       "      --allow-internet-scan  more than 2^24 addresses, with an --exclude-file\n"
	       "      --dry-run, --offline   print the targets, send nothing\n"
	       "\n"
	       "How\n"
	       "  -r, --rate, --max-rate N   questions a second: 1000, 20k, 0: no limit (1000)\n"
	       "      --retries, --max-retries N\n"
	       "                             ask again what does not answer (0)\n"
	       "      --wait, --cooldown TIME\n"
	       "                             for answers after the last question (2 seconds)\n"
	       "      --seed N               of the order\n"
	       "      --shard I/N            the I-th of N parts\n"
	       "      --resume FILE          go on from it where it exists; keep it while running\n"
	       "      --max-runtime S        stop after S seconds, leaving a file to resume\n"
	       "\n");
}

int scan_help(void)
{
	help_what();
	printf("Which way\n"
	       "  -e, -i, --interface, --adapter NAME\n"
	       "                             (the route's)\n"
	       "  -S, --source-ip ADDRESS    (the route's)\n"
	       "  -g, --source-port PORTS    (61000-65535)\n"
	       "  -G, --router-mac MAC       (the neighbour's that the route names)\n"
	       "      --path PATH            of frames to the interface: xdp, ring, mmsg (auto);\n"
	       "                             xdp: TCP's answers come by it, too\n"
	       "      --workers N            threads, each on a core of its own (1; above 100,000\n"
	       "                             a second, of -sT 10,000, all cores up to 8)\n"
	       "      --max-parallelism N    of -sT: connections at once (4096)\n"
	       "      --max-rtt-timeout TIME of -sT: for one of them at the most (900ms)\n"
	       "      --nodes LIST           nodes to use, by position (all)\n"
	       "      --pin-irqs             the card's interrupts to the workers' CPUs, and back\n"
	       "      --numa, --no-numa      pin the workers, or do not (--numa)\n"
	       "\n"
	       "What is told\n"
	       "  -oN, -oL, -oJ, -oD, -oG, -oX FILE\n"
	       "                             text, masscan's list, JSON lines (both), nmap's\n"
	       "                             grepable lines, nmap's XML; - for standard output\n"
	       "      --open                 only what is open or up\n"
	       "      --json                 the closing counts as one JSON object\n"
	       "      --stats-every S        seconds between lines of progress, 0 for none (1)\n"
	       "  -q, --quiet                nothing but what was asked for, and errors\n"
	       "      --cdn MODE             networks in front of targets: mark, skip or only\n"
	       "      --cdn-only, --cdn-whitelist LIST\n"
	       "                             these providers alone count (CDNs and firewalls)\n"
	       "      --cdn-except, --cdn-blacklist LIST\n"
	       "                             these do not count\n"
	       "      --cdn-list FILE        who is left out: address, provider, kind\n"
	       "      --cdn-data FOLDER, --cdn-asn FILE\n"
	       "                             providers' files, a table of ASes\n"
	       "      --banners              connect to open ports of TCP and tell what they say:\n"
	       "                             HTTP, TLS certificates, SSH, SMTP and others\n"
	       "      --banner-timeout TIME  for one of them (5 seconds)\n"
	       "  -n, -Pn                    taken, without effect: it is so anyway\n"
	       "  -h, --help                 this\n"
	       "\n"
	       "Ends with 0: done; 1: failed; 2: refused; 3: stopped, with a file to resume.\n");
	return app_finish_output(SCAN_NAME);
}

/* --resume alone takes the words from the file; beside others it is only where the file is. */
static int resume(struct scan_options *options, struct scan_state *state, bool *ret_is_resumed,
		  char ***ret_words)
{
	bool is_alone = options->target_count == 0 && options->list_count == 0;
	const char *path = options->resume;
	char **argv;
	int argc, code;

	*ret_is_resumed = path && (is_alone || access(path, F_OK) == 0);
	if (!*ret_is_resumed)
		return APP_OK;
	code = scan_resume_read(path, state, &argc, &argv);
	if (code == APP_OK)
		*ret_words = argv;
	if (code != APP_OK || !is_alone)
		return code;
	code = scan_options_parse(options, argc, argv);
	options->resume = path;
	return code;
}

int app_scan(int argc, char **argv)
{
	struct scan_options *options = calloc(1, sizeof(*options));
	struct scan_state state;
	bool is_resumed = false;
	char **words = NULL; /* of the file that is resumed: the options lend them */
	int code;

	if (!options)
		return app_failed(SCAN_NAME, "no memory");
	code = scan_options_parse(options, argc, argv);
	if (code == APP_OK && options->is_help)
		code = scan_help();
	else if (code == APP_OK) {
		code = resume(options, &state, &is_resumed, &words);
		if (code == APP_OK)
			code = scan_run(options, is_resumed ? &state : NULL);
	}
	scan_resume_free(words);
	free(options);
	return code;
}

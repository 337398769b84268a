/* SPDX-License-Identifier: MIT */
/* The command line of `nodewise cdn` when it is asked about targets. */
#include "cdn/active.h"

enum { DATA = 256, ASN, WHITELIST, BLACKLIST, EXPLAIN };

static bool set_word(struct cdn_options *options, int got)
{
	switch (got) {
	case DATA:
		options->data = optarg;
		return true;
	case ASN:
		options->asn = optarg;
		return true;
	case WHITELIST:
		options->whitelist = optarg;
		return true;
	case BLACKLIST:
		options->blacklist = optarg;
		return true;
	case EXPLAIN:
		options->is_explained = true;
		return true;
	case 'j':
		options->is_json = true;
		return true;
	case 'q':
		options->is_quiet = true;
		return true;
	default:
		return false;
	}
}

int cdn_options_parse(struct cdn_options *options, int argc, char **argv, bool *ret_is_help)
{
	static const struct option words[] = {
		{ "data", required_argument, NULL, DATA },
		{ "asn", required_argument, NULL, ASN },
		{ "whitelist", required_argument, NULL, WHITELIST },
		{ "blacklist", required_argument, NULL, BLACKLIST },
		{ "explain", no_argument, NULL, EXPLAIN },
		{ "json", no_argument, NULL, 'j' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		CDN_ACTIVE_WORDS,
		{ NULL, 0, NULL, 0 },
	};

	int code;

	*options = (struct cdn_options){ 0 };
	*ret_is_help = false;
	opterr = 0;
	for (int got; (got = getopt_long(argc, argv, ":jqh", words, NULL)) != -1;) {
		if (got == 'h') {
			*ret_is_help = true;
			return APP_OK;
		}
		code = cdn_active_take(&options->active, got, optarg);
		if (code > 0)
			return code;
		if (code < 0 && !set_word(options, got))
			return app_bad_option(CDN_NAME, got, argv);
	}
	options->targets = argv + optind;
	options->target_count = argc - optind;
	if (options->target_count == 0)
		return app_bad(CDN_NAME, "whom? an address, a name, or - for standard input");
	return cdn_active_check(&options->active);
}

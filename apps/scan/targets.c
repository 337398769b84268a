/* SPDX-License-Identifier: MIT */
/*
 * Texts, files and names -> the set of targets; and what is not scanned unasked.
 *
 * Ranges that belong to nobody (RFC 6890 and its registries) are left out of a target that merely
 * covers them; a target that lies inside one of the private kind was named on purpose and is
 * scanned; multicast, broadcast and reserved ones are never.
 *
 * Invariant: what is left out is told, once, before anything is sent.
 */
#include "scan/scan.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 1 << 30, WORD_BYTES = 256, UNASKED_LOG2 = 24 };

struct special {
	const char *range, *about;
	bool is_never; /* else: only where it is named */
};

static const struct special specials[] = {
	{ "0.0.0.0/8", "this network", true },
	{ "10.0.0.0/8", "private", false },
	{ "100.64.0.0/10", "carriers' own", false },
	{ "127.0.0.0/8", "loopback", false },
	{ "169.254.0.0/16", "link-local", false },
	{ "172.16.0.0/12", "private", false },
	{ "192.0.0.0/24", "protocol assignments", false },
	{ "192.0.2.0/24", "documentation", false },
	{ "192.88.99.0/24", "former 6to4 relays", false },
	{ "192.168.0.0/16", "private", false },
	{ "198.18.0.0/15", "benchmarks", false },
	{ "198.51.100.0/24", "documentation", false },
	{ "203.0.113.0/24", "documentation", false },
	{ "224.0.0.0/4", "multicast", true },
	{ "240.0.0.0/4", "reserved, broadcast", true },
	{ "::/128", "unspecified", true },
	{ "::1/128", "loopback", false },
	{ "::ffff:0.0.0.0/96", "IPv4-mapped", true },
	{ "100::/64", "discard", true },
	{ "2001:db8::/32", "documentation", false },
	{ "fc00::/7", "private", false },
	{ "fe80::/10", "link-local", false },
	{ "ff00::/8", "multicast", true },
};
enum { SPECIAL_COUNT = sizeof(specials) / sizeof(*specials) };

/* The set while it is being read. */
struct reading {
	struct nw_probe_targets *targets;
	const struct scan_options *options;
	bool is_exclusion;
	bool is_named[SPECIAL_COUNT]; /* some target lies inside */
	const char *file;             /* NULL: the command line */
	unsigned line;
};

static int refuse(const struct reading *reading, const char *word, const char *why)
{
	if (reading->file)
		return app_bad(SCAN_NAME, "%s:%u: '%s': %s", reading->file, reading->line, word,
			       why);
	return app_bad(SCAN_NAME, "'%s': %s", word, why);
}

/* --- What is special --- */

/* Whether a range lies inside of another; addresses in the order of their bytes. */
static bool is_inside(const char *word, const char *range)
{
	struct nw_probe_address first, last, from, to;

	return nw_probe_range_parse(word, &first, &last, NULL) == 0 &&
	       nw_probe_range_parse(range, &from, &to, NULL) == 0 && first.family == from.family &&
	       memcmp(first.bytes, from.bytes, sizeof(from.bytes)) >= 0 &&
	       memcmp(last.bytes, to.bytes, sizeof(to.bytes)) <= 0;
}

static int look_at_specials(struct reading *reading, const char *word)
{
	for (size_t i = 0; i < SPECIAL_COUNT; i++) {
		if (!is_inside(word, specials[i].range))
			continue;
		if (specials[i].is_never) {
			char why[128];

			(void)snprintf(why, sizeof(why), "%s is %s: it is never scanned",
				       specials[i].range, specials[i].about);
			return refuse(reading, word, why);
		}
		reading->is_named[i] = true;
	}
	return APP_OK;
}

static int leave_specials_out(struct reading *reading)
{
	for (size_t i = 0; i < SPECIAL_COUNT; i++)
		if (!reading->is_named[i] &&
		    nw_probe_targets_exclude(reading->targets, specials[i].range, NULL) < 0)
			return app_failed(SCAN_NAME, "no memory for the targets");
	return APP_OK;
}

/* --- Words --- */

static int add_range(struct reading *reading, const char *word, struct nw_diag *diag)
{
	return reading->is_exclusion ? nw_probe_targets_exclude(reading->targets, word, diag)
				     : nw_probe_targets_add(reading->targets, word, diag);
}

static int add_addresses(struct reading *reading, const struct addrinfo *found)
{
	for (; found; found = found->ai_next) {
		char text[NW_PROBE_ADDRESS_TEXT_BYTES];

		if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text), NULL, 0,
				NI_NUMERICHOST) != 0)
			continue;
		text[strcspn(text, "%")] = '\0';
		if (!reading->is_exclusion && look_at_specials(reading, text) != APP_OK)
			return APP_USAGE;
		if (add_range(reading, text, NULL) < 0)
			return app_failed(SCAN_NAME, "no memory for the targets");
	}
	return APP_OK;
}

static int add_name(struct reading *reading, const char *word)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *found;
	int rc = getaddrinfo(word, NULL, &hints, &found);
	int code;

	if (rc != 0)
		return refuse(reading, word, gai_strerror(rc));
	code = add_addresses(reading, found);
	freeaddrinfo(found);
	return code;
}

/* A word with a letter that no address has is a name. */
static bool is_name(const char *word)
{
	for (const char *at = word; *at; at++)
		if (isalpha((unsigned char)*at) && !isxdigit((unsigned char)*at))
			return !strchr(word, ':') && !strchr(word, '/');
	return false;
}

static int add_word(struct reading *reading, const char *word)
{
	struct nw_diag diag = { "" };
	int rc;

	if (is_name(word))
		return add_name(reading, word);
	if (!reading->is_exclusion && look_at_specials(reading, word) != APP_OK)
		return APP_USAGE;
	rc = add_range(reading, word, &diag);
	if (rc == -EINVAL)
		return refuse(reading, word,
			      strrchr(diag.text, ':') ? strrchr(diag.text, ':') + 2 : diag.text);
	return rc < 0 ? app_failed(SCAN_NAME, "no memory for the targets") : APP_OK;
}

/* One word a line or several; # begins a comment. */
static int add_text(struct reading *reading, const char *text, size_t n_bytes)
{
	char word[WORD_BYTES];

	reading->line = 1;
	for (size_t at = 0, n; at < n_bytes; at += n) {
		n = 1;
		if (text[at] == '\n') {
			reading->line++;
		} else if (text[at] == '#') {
			while (at + n < n_bytes && text[at + n] != '\n')
				n++;
		} else if (!isspace((unsigned char)text[at]) && text[at] != ',') {
			while (at + n < n_bytes && !isspace((unsigned char)text[at + n]) &&
			       text[at + n] != ',' && text[at + n] != '#')
				n++;
			(void)snprintf(word, sizeof(word), "%.*s", (int)n, text + at);
			if (n >= sizeof(word))
				return refuse(reading, word, "it is too long for a target");
			if (add_word(reading, word) != APP_OK)
				return APP_USAGE;
		}
	}
	return APP_OK;
}

static int add_file(struct reading *reading, const char *path)
{
	size_t n_bytes;
	char *text;
	int code, rc = app_read_file(path, FILE_BYTES_MAX, &text, &n_bytes);

	if (rc < 0)
		return app_failed(SCAN_NAME, "%s: %s", path, strerror(-rc));
	reading->file = strcmp(path, "-") == 0 ? "standard input" : path;
	code = add_text(reading, text, n_bytes);
	reading->file = NULL;
	free(text);
	return code;
}

/* --- All of it --- */

static int add_all(struct reading *reading)
{
	const struct scan_options *options = reading->options;
	int code = APP_OK;

	for (uint32_t i = 0; code == APP_OK && i < options->target_count; i++)
		code = add_word(reading, options->targets[i]);
	for (uint32_t i = 0; code == APP_OK && i < options->list_count; i++)
		code = add_file(reading, options->lists[i]);
	reading->is_exclusion = true;
	for (uint32_t i = 0; code == APP_OK && i < options->exclude_count; i++)
		code = add_text(reading, options->excludes[i], strlen(options->excludes[i]));
	for (uint32_t i = 0; code == APP_OK && i < options->exclude_list_count; i++)
		code = add_file(reading, options->exclude_lists[i]);
	return code;
}

static int close_set(struct reading *reading)
{
	const struct scan_options *options = reading->options;
	int rc = nw_probe_targets_close(reading->targets);
	uint64_t count;

	if (rc == -E2BIG)
		return app_bad(SCAN_NAME, "more than 2^46 addresses: name smaller ranges (of IPv6, "
					  "give a list)");
	if (rc < 0)
		return app_failed(SCAN_NAME, "targets: %s", strerror(-rc));
	count = nw_probe_targets_count(reading->targets);
	if (count == 0)
		return app_bad(SCAN_NAME, "no target is left; what belongs to nobody is left out "
					  "unless it is named");
	if (count > UINT64_C(1) << UNASKED_LOG2 &&
	    (!options->allows_internet || options->exclude_list_count == 0))
		return app_bad(SCAN_NAME,
			       "%llu addresses: more than 2^24 need --allow-internet-scan and an "
			       "--exclude-file of those who do not want to be scanned",
			       (unsigned long long)count);
	return APP_OK;
}

int scan_targets_open(struct nw_probe_targets **ret_targets, const struct scan_options *options)
{
	struct reading reading = { .options = options };
	int code;

	if (options->target_count == 0 && options->list_count == 0)
		return app_bad(SCAN_NAME, "what is to be scanned? Give addresses, ranges or names, "
					  "or -iL FILE");
	if (nw_probe_targets_create(&reading.targets) < 0)
		return app_failed(SCAN_NAME, "no memory for the targets");
	code = add_all(&reading);
	if (code == APP_OK)
		code = leave_specials_out(&reading);
	if (code == APP_OK)
		code = close_set(&reading);
	if (code == APP_OK)
		*ret_targets = reading.targets;
	else
		nw_probe_targets_destroy(reading.targets);
	return code;
}

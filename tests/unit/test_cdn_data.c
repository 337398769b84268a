/* SPDX-License-Identifier: MIT */
/* Files of providers: what is taken, what is refused at which line, and what is weighed how. */
#include "nw_test.h"

#include "cdn/match.h"

#include <nw/cdn.h>

#include <errno.h>

#define HEAD "provider: one\ntitle: One\nkind: cdn\nprior: -3\n"

static int load_text(const char *text, struct nw_cdn **ret_cdn, struct nw_diag *diag)
{
	struct nw_cdn_file file = { .name = "one.yaml", .text = text, .n_bytes = strlen(text) };

	return nw_cdn_load(ret_cdn, &file, 1, NULL, diag);
}

static struct nw_cdn *load(const struct nw_cdn_file *files, uint32_t count)
{
	struct nw_diag diag;
	struct nw_cdn *cdn;

	if (nw_cdn_load(&cdn, files, count, NULL, &diag) != 0)
		FAIL("%s", diag.text);
	return cdn;
}

static struct nw_cdn_file file_of(const char *name, const char *text)
{
	return (struct nw_cdn_file){ .name = name, .text = text, .n_bytes = strlen(text) };
}

TEST(what_is_malformed_is_named_with_its_line_and_nothing_is_loaded)
{
	static const struct {
		const char *text, *wanted;
	} bad[] = {
		{ "", "one.yaml:1: the file is empty" },
		{ "- 1\n", "one.yaml:1: here stands a map of keys" },
		{ "provider: one\ntitle: One\n",
		  "one.yaml:1: a file has provider, title and kind" },
		{ "provider: One\ntitle: One\nkind: cdn\n", "no provider's name" },
		{ "provider: none\ntitle: One\nkind: cdn\n", "no provider's name" },
		{ "provider: one\ntitle: One\nkind: vpn\n", "one.yaml:3: a kind is" },
		{ HEAD "prior: -4\n", "one.yaml:5: this key was there before" },
		{ HEAD "colour: red\n", "one.yaml:5: no such key here; there are provider," },
		{ HEAD "unlisted: nan\n", "one.yaml:5: a weight is a number" },
		{ HEAD "unlisted: -13\n", "one.yaml:5: a weight is a number" },
		{ HEAD "lists: 3\n", "one.yaml:5: here stands a list" },
		{ HEAD "lists:\n  - date: 2025-01-01\n", "one.yaml:6: a list has source, date," },
		{ HEAD "lists:\n  - date: 2025-13-01\n", "one.yaml:6: a date is written" },
		{ HEAD
		  "lists:\n  - date: 2025-01-01\n    source: x\n    weight: 3\n    prefixes: |\n"
		  "      10.0.0.0/8\n      # so\n\n      10.0.0.0/33\n",
		  "one.yaml:13: '10.0.0.0/33' is no prefix" },
		{ HEAD "lists:\n  - date: 2025-01-01\n    source: x\n    weight: 3\n    prefixes:\n"
		       "      - 10.0.0.0/8\n      - ten\n",
		  "one.yaml:11: 'ten' is no prefix" },
		{ HEAD
		  "lists:\n  - date: 2025-01-01\n    source: x\n    weight: 3\n    prefixes: []\n",
		  "one.yaml:9: a list has at least one prefix" },
		{ HEAD "asns:\n  - asn: 4294967296\n    weight: 1\n",
		  "one.yaml:6: an AS is a number" },
		{ HEAD "asns:\n  - asn: [1, 2]\n    weight: 1\n  - asn: 2\n    weight: 3\n",
		  "one.yaml:8: this AS was there before" },
		{ HEAD "asns:\n  - asn:\n      - 1\n      - 1\n    weight: 1\n",
		  "one.yaml:8: this AS was there before" },
		{ HEAD "asns:\n  - weight: 1\n", "one.yaml:6: asn and weight stand here" },
		{ HEAD "names:\n  - match: '*.example.net'\n    weight: 1\n",
		  "one.yaml:6: a suffix of" },
		{ HEAD "headers:\n  - match: x\n    weight: 1\n",
		  "one.yaml:6: a header has a name" },
		{ HEAD "headers:\n  - name: 'a:'\n    weight: 1\n", "one.yaml:6: a header's name" },
		{ HEAD "ptr:\n  - match: x\n    front: true\n", "one.yaml:7: no such key here" },
		{ HEAD "note: [\n", "one.yaml:" },
		{ HEAD "note: \"a\tb\n", "one.yaml:" },
		{ "provider: \"a\\0b\"\n", "one.yaml:1: here stands a text" },
		{ "provider: \"a\\nb\"\n", "one.yaml:1: a text has no control characters" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct nw_cdn *cdn = NULL;
		struct nw_diag diag = { "" };
		int rc = load_text(bad[i].text, &cdn, &diag);

		if (rc != -EINVAL || cdn || !strstr(diag.text, bad[i].wanted))
			FAIL("%zu: %d '%s', not '%s'", i, rc, diag.text, bad[i].wanted);
	}
}

/* As many patterns as there is room for, and one more. */
TEST(the_pattern_that_is_too_many_is_refused_whatever_its_field)
{
	static const char *const keys[][2] = {
		{ "headers:\n", "  - {name: a, weight: 1}\n" },
		{ "headers:\n", "  - {name: a, match: b, weight: 1}\n" },
		{ "ptr:\n", "  - {match: b, weight: 1}\n" },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		size_t at = strlen(HEAD) + strlen(keys[i][0]), n_bytes = strlen(keys[i][1]);
		char *text = calloc(1, at + (NWI_CDN_PATTERNS_MAX + 1) * n_bytes + 1);
		struct nw_cdn *cdn = NULL;
		struct nw_diag diag = { "" };

		CHECK(text != NULL);
		(void)sprintf(text, HEAD "%s", keys[i][0]);
		for (int j = 0; j < NWI_CDN_PATTERNS_MAX; j++, at += n_bytes)
			memcpy(text + at, keys[i][1], n_bytes);
		CHECK_INT(load_text(text, &cdn, &diag), ==, 0);
		nw_cdn_close(cdn);
		cdn = NULL;
		memcpy(text + at, keys[i][1], n_bytes);
		CHECK_INT(load_text(text, &cdn, &diag), ==, -EINVAL);
		CHECK_STR(diag.text, "one.yaml:8198: more than 8192 patterns in all files");
		CHECK(cdn == NULL);
		free(text);
	}
}

TEST(two_files_of_one_provider_are_refused)
{
	struct nw_cdn_file files[2] = { file_of("a.yaml", HEAD), file_of("b.yaml", HEAD) };
	struct nw_cdn *cdn = NULL;
	struct nw_diag diag;

	CHECK_INT(nw_cdn_load(&cdn, files, 2, NULL, &diag), ==, -EINVAL);
	CHECK(strstr(diag.text, "b.yaml") && strstr(diag.text, "another file"));
	CHECK_INT(nw_cdn_load(&cdn, files, 0, NULL, &diag), ==, -ENOENT);
}

static const char zone_text[] =
	"provider: zone\ntitle: Zone\nkind: cdn\n"
	"prior: -3\nunlisted: -1\nelsewhere: -3\nunseen: -2\n"
	"lists:\n"
	"  - {source: s, date: 2025-01-01, weight: 7,\n"
	"     prefixes: [192.0.2.0/24, '2001:db8::/32']}\n"
	"  - {source: s, date: 2025-02-01, weight: 7, kind: dns, prefixes: [192.0.2.53]}\n"
	"asns:\n  - {asn: [64500, 64501], weight: 5}\n"
	"names:\n  - {match: zone.example, weight: 6}\n"
	"ptr:\n  - {match: 'edge-#*.zone.example', weight: 6}\n"
	"headers:\n  - {name: X-Zone, weight: 5, front: true}\n"
	"  - {name: server, match: 'zone*', weight: 6}\n"
	"certificates:\n  - {match: '*.zone.example', weight: 4}\n"
	"issuers:\n  - {match: 'zone ca*', weight: 3}\n"
	"default-certificates:\n  - {match: default.zone.example, weight: 6}\n";
static const char cloud_text[] = "provider: cloud\ntitle: Cloud\nkind: cloud-vm\nprior: -3\n"
				 "lists:\n  - {source: s, date: 2025-01-01, weight: 6,\n"
				 "     prefixes: [192.0.0.0/16, 198.51.100.0/24]}\n"
				 "asns:\n  - {asn: 64502, weight: 5}\n"
				 "headers:\n  - {name: x-other, weight: 5}\n";
static const char other_text[] = "provider: other\ntitle: Other\nkind: waf\nprior: -3\n"
				 "lists:\n  - {source: s, date: 2026-01-01, weight: 7,\n"
				 "     prefixes: [192.0.2.0/24, 203.0.113.0/24]}\n"
				 "headers:\n  - {name: x-other, weight: 5}\n"
				 "names:\n  - {match: other.example, weight: 6}\n"
				 "  - {match: zone.other.example, weight: 1}\n";

static struct nw_cdn *three(void)
{
	struct nw_cdn_file files[3] = { file_of("zone.yaml", zone_text),
					file_of("c.yaml", cloud_text),
					file_of("other.yaml", other_text) };

	return load(files, 3);
}

TEST(providers_are_in_the_order_of_their_names_and_found_by_them)
{
	struct nw_cdn *cdn = three();
	struct nw_cdn_provider provider;
	uint32_t idx;

	CHECK_INT(nw_cdn_provider_count(cdn), ==, 3);
	nw_cdn_provider_at(cdn, 0, &provider);
	CHECK_STR(provider.name, "cloud");
	CHECK(nw_cdn_provider(cdn, "zone", &idx) && idx == 2);
	CHECK(!nw_cdn_provider(cdn, "Zone", NULL) && !nw_cdn_provider(cdn, "", NULL));
	nw_cdn_provider_at(cdn, 2, &provider);
	CHECK_STR(provider.oldest, "2025-01-01");
	CHECK_STR(provider.newest, "2025-02-01");
	CHECK(provider.prefix4_count == 2 && provider.prefix6_count == 1 &&
	      provider.asn_count == 2);
	CHECK(nw_cdn_list_count(cdn) == 4);
	nw_cdn_close(cdn);
}

static struct nw_cdn_answer ask(const struct nw_cdn *cdn, const char *address,
				struct nw_cdn_seen *seen)
{
	struct nw_cdn_seen alone = { 0 };
	struct nw_cdn_answer answer;

	if (!seen)
		seen = &alone;
	if (address)
		CHECK(nw_cdn_address_parse(address, &seen->address));
	nw_cdn_classify(cdn, seen, &answer);
	return answer;
}

TEST(the_longest_prefix_decides_and_of_two_equal_ones_the_later_list)
{
	struct nw_cdn *cdn = three();
	struct nw_cdn_answer answer = ask(cdn, "192.0.2.1", NULL);
	struct nw_cdn_range range;

	CHECK_STR(answer.provider, "other");
	CHECK(answer.kind == NW_CDN_WAF && answer.probability > 0.9);
	CHECK(answer.evidence_count == 1 && strstr(answer.evidence[0].text, "192.0.2.0/24"));
	nw_cdn_range(cdn, answer.range, &range);
	CHECK_STR(range.date, "2026-01-01");
	answer = ask(cdn, "192.0.2.53", NULL);
	CHECK_STR(answer.provider, "zone");
	CHECK(answer.kind == NW_CDN_DNS);
	answer = ask(cdn, "192.0.3.1", NULL);
	CHECK_STR(answer.provider, "cloud");
	CHECK(answer.kind == NW_CDN_CLOUD_VM && answer.front_probability < 0.1);
	answer = ask(cdn, "2001:db8:1::1", NULL);
	CHECK_STR(answer.provider, "zone");
	answer = ask(cdn, "8.8.8.8", NULL);
	CHECK_STR(answer.provider, "none");
	CHECK(answer.kind == NW_CDN_NONE && answer.provider_idx == UINT32_MAX && answer.range == 0);
	nw_cdn_close(cdn);
}

TEST(an_as_speaks_for_its_own_and_against_the_others)
{
	struct nw_cdn *cdn = three();
	struct nw_cdn_seen own = { .asn = 64501 }, foreign = { .asn = 64999 },
			   cloud = { .asn = 64502 };
	struct nw_cdn_answer nobody = ask(cdn, "8.8.8.8", NULL), answer = ask(cdn, "8.8.8.8", &own);

	CHECK_STR(answer.provider, "zone");
	CHECK(answer.asn == 64501 && answer.kind == NW_CDN_CDN);
	answer = ask(cdn, "8.8.8.8", &foreign);
	CHECK_STR(answer.provider, "none");
	CHECK(answer.evidence_count == 2 && answer.evidence[1].kind == NW_CDN_BY_ASN);
	CHECK_STR(answer.evidence[1].provider, "zone");
	CHECK_STR(answer.evidence[1].text, "not in its AS but in AS64999");
	CHECK(answer.evidence[1].log_odds == -3);
	CHECK(answer.front_probability < nobody.front_probability);
	answer = ask(cdn, "8.8.8.8", &cloud);
	CHECK_STR(answer.provider, "cloud");
	nw_cdn_close(cdn);
}

TEST(names_are_matched_at_their_dots)
{
	static const char *const good[] = { "a.b.Zone.Example." },
				 *const evil[] = { "evilzone.example" },
				 *const deep[] = { "x.zone.other.example" },
				 *const chain[] = { "a.other.example", "b.zone.example" };
	struct nw_cdn *cdn = three();
	struct nw_cdn_seen seen = { .cnames = good, .cname_count = 1 };
	struct nw_cdn_answer answer = ask(cdn, NULL, &seen);

	CHECK_STR(answer.provider, "zone");
	CHECK(answer.evidence[0].kind == NW_CDN_BY_CNAME);
	seen.cnames = evil;
	answer = ask(cdn, NULL, &seen);
	CHECK(strcmp(answer.provider, "none") == 0 && answer.evidence_count == 0);
	seen.cnames = deep; /* the longest suffix counts: 1, not 6 */
	answer = ask(cdn, NULL, &seen);
	CHECK(answer.evidence_count == 1 && answer.evidence[0].log_odds < 1.5);
	seen.cnames = chain, seen.cname_count = 2; /* where the chain ends */
	answer = ask(cdn, NULL, &seen);
	CHECK_STR(answer.provider, "zone");
	nw_cdn_close(cdn);
}

TEST(a_reverse_name_that_does_not_lead_back_is_a_hint)
{
	struct nw_cdn *cdn = three();
	struct nw_cdn_seen seen = { .ptr = "edge-12.zone.example", .is_ptr_confirmed = true };
	struct nw_cdn_answer sure = ask(cdn, "8.8.8.8", &seen), hint;

	seen.is_ptr_confirmed = false;
	hint = ask(cdn, "8.8.8.8", &seen);
	CHECK_STR(sure.provider, "zone");
	CHECK_STR(hint.provider, "none");
	CHECK(strstr(hint.evidence[0].text, "unconfirmed") != NULL);
	nw_cdn_close(cdn);
}

TEST(answers_speak_alone_and_through_a_front_that_is_settled_they_name_who_is_behind)
{
	static const struct nw_cdn_header headers[] = { { "X-OTHER", "1" } };
	static const char *const sans[] = { "a.example", "b.zone.example" };
	static const struct nw_cdn_certificate cert = { .issuer_o = "Zone CA 3",
							.sans = sans,
							.san_count = 2 };
	struct nw_cdn *cdn = three();
	struct nw_cdn_seen seen = { .headers = headers,
				    .header_count = 1,
				    .asked = NW_CDN_ASKED_HEADERS };
	struct nw_cdn_answer answer = ask(cdn, NULL, &seen);

	CHECK_STR(answer.provider, "cloud"); /* equal scores: the first by name */
	answer = ask(cdn, "2001:db8::1", &seen);
	CHECK_STR(answer.provider, "zone");
	CHECK_INT(answer.behind_count, ==, 1);
	CHECK_STR(answer.behind[0], "other");
	seen = (struct nw_cdn_seen){ .cert = &cert };
	answer = ask(cdn, "8.8.8.8", &seen);
	CHECK_STR(answer.provider, "zone");
	CHECK(answer.evidence_count == 3 && answer.evidence[2].log_odds == -1);
	nw_cdn_close(cdn);
}

TEST(three_marks_of_one_front_are_not_three_witnesses)
{
	static const struct nw_cdn_header one[] = { { "server", "zone/1" } }, many[] = {
		{ "server", "zone/1" }, { "x-zone", "a" }, { "x-zone", "b" }, { "x-zone", "c" }
	};
	struct nw_cdn *cdn = three();
	struct nw_cdn_seen seen = { .headers = one, .header_count = 1 };
	double alone = ask(cdn, NULL, &seen).probability, all;

	seen.headers = many, seen.header_count = 4;
	all = ask(cdn, NULL, &seen).probability;
	CHECK(all > alone && all < 0.995);
	nw_cdn_close(cdn);
}

TEST(more_evidence_than_there_is_room_for_is_left_out_and_still_weighed)
{
	struct nw_cdn_header headers[100];
	struct nw_cdn *cdn = three();
	struct nw_cdn_seen seen = { .headers = headers, .header_count = 100 };
	struct nw_cdn_answer answer;

	for (int i = 0; i < 99; i++)
		headers[i] = (struct nw_cdn_header){ "x-other", "1" };
	headers[99] = (struct nw_cdn_header){ "server", "zone" };
	answer = ask(cdn, "192.0.3.3", &seen);
	CHECK_INT(answer.evidence_count, ==, NW_CDN_EVIDENCE_MAX);
	nw_cdn_close(cdn);
}

TEST(globs_are_held_against_the_whole_text)
{
	CHECK(nwi_cdn_glob("*", "") && nwi_cdn_glob("*", "x") && nwi_cdn_glob("", ""));
	CHECK(nwi_cdn_glob("a#*-#*", "A1-22") && !nwi_cdn_glob("a#*-#*", "a-22"));
	CHECK(nwi_cdn_glob("*from cloudfront", "Hit from CloudFront"));
	CHECK(!nwi_cdn_glob("*from cloudfront", "from cloudfront!") && !nwi_cdn_glob("a", "ab"));
	CHECK(nwi_cdn_glob("*a*b*c", "xxaxbxbxc") && !nwi_cdn_glob("*a*b*c", "xxaxbxbx"));
	CHECK(nwi_cdn_glob("a?c", "abc") && !nwi_cdn_glob("a?c", "ac"));
}

/* A file that is cut off or has a byte changed is taken or refused, and never more than that. */
TEST(files_that_are_cut_off_or_changed_are_taken_or_refused)
{
	uint64_t random = nw_test_seed();

	for (int i = 0; i < 4000 * nw_test_scale(); i++) {
		char *text = strdup(zone_text);
		size_t length = sizeof(zone_text) - 1;
		struct nw_cdn_file file = { .name = "f", .text = text, .n_bytes = length };
		struct nw_cdn *cdn = NULL;
		struct nw_diag diag;

		for (int j = 0; j < 1 + i % 3; j++) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
			text[(random >> 33) % length] = (char)(random >> 25);
		}
		if (i % 4 == 0)
			file.n_bytes = (size_t)(random >> 40) % length;
		if (nw_cdn_load(&cdn, &file, 1, NULL, &diag) == 0)
			(void)ask(cdn, "192.0.2.1", NULL);
		else
			CHECK(cdn == NULL && strncmp(diag.text, "f:", 2) == 0);
		nw_cdn_close(cdn);
		free(text);
	}
}

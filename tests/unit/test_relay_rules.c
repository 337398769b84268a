/* SPDX-License-Identifier: MIT */
/* Rule files: what they mean, and for every mistake the line and what to do. */
#include "nw_test.h"

#include "relay/rules.h"

#include <errno.h>
#include <sys/stat.h>

/* The first thing said, as "LINE: TEXT". */
struct heard {
	char text[RELAY_LINE_BYTES + 16];
};

static void hear(void *arg, const char *path, uint32_t line, const char *text)
{
	struct heard *heard = arg;

	CHECK_STR(path, "r.yaml");
	if (*heard->text == '\0')
		(void)snprintf(heard->text, sizeof(heard->text), "%u: %s", (unsigned)line, text);
}

static int read_text(const char *text, struct relay_rules **ret_rules, struct heard *heard)
{
	struct relay_sayer sayer = { .say = hear, .arg = heard };
	struct app_pool pool = { NULL };
	struct app_fault fault;
	struct app_tree *tree = NULL;
	int rc;

	*heard = (struct heard){ "" };
	CHECK_INT(app_tree_read(&pool, text, strlen(text), false, &tree, &fault), ==, 0);
	rc = relay_rules_read(ret_rules, tree, "r.yaml", &pool, &sayer);
	app_pool_free(&pool);
	CHECK_INT(rc == 0, ==, sayer.bad_count == 0);
	return rc;
}

static int compile(struct relay_rules *rules, const struct relay_names *names,
		   struct nw_rules **ret_rules, struct relay_set **ret_set, struct heard *heard)
{
	struct relay_sayer sayer = { .say = hear, .arg = heard };

	*heard = (struct heard){ "" };
	return relay_compile(rules, names, 1, ret_rules, ret_set, &sayer);
}

/* A rule file into what threads look at; the engine's part is released. */
static struct relay_set *set_of(const char *text, const struct relay_names *names)
{
	struct relay_rules *rules;
	struct nw_rules *made;
	struct relay_set *set;
	struct heard heard;

	if (read_text(text, &rules, &heard) < 0 || compile(rules, names, &made, &set, &heard) < 0)
		FAIL("%s", heard.text);
	nw_rules_destroy(made);
	relay_rules_drop(rules);
	return set;
}

static uint32_t id(const char *name)
{
	return nw_topic_id(name, strlen(name));
}

TEST(rates_are_whole_packets_a_second)
{
	static const struct {
		const char *text;
		uint64_t rate;
	} good[] = { { "1", 1 },         { "1000", 1000 },  { "10k", 10000 },
		     { "1.5k/s", 1500 }, { "5M", 5000000 }, { "2G/s", 2000000000 },
		     { "0.001M", 1000 }, { "0", 0 },        { "7/s", 7 } };
	static const char *const bad[] = { "",    "k",   "-1",  "1.5", "1/m",
					   "10K", "1 k", "0.1", "1k/", "99999999999999999999" };
	uint64_t rate;

	for (size_t i = 0; i < APP_COUNT_OF(good); i++) {
		CHECK(relay_parse_rate(good[i].text, &rate));
		CHECK_INT(rate, ==, good[i].rate);
	}
	for (size_t i = 0; i < APP_COUNT_OF(bad); i++)
		if (relay_parse_rate(bad[i], &rate))
			FAIL("'%s' was taken", bad[i]);
}

TEST(a_file_means_what_it_says)
{
	static const char text[] = "version: 7\n"
				   "topics:\n"
				   "  - plain\n"
				   "  - { name: limited, rate: 10k, burst: 5 }\n"
				   "  - { name: slow, rate: 50 }\n"
				   "  - { name: shut, allow: false }\n"
				   "  - { prefix: cars., rate: 1k }\n"
				   "deny: [ secret ]\n"
				   "senders:\n"
				   "  - { name: a, uid: 7, rate: 1M, in_flight: 9, priority: 2 }\n"
				   "  - { name: b, deny: true }\n"
				   "  - { name: '*', rate: 3 }\n"
				   "global: { rate: 2M, burst: 77 }\n";
	struct relay_rules *read;
	struct nw_rules *rules;
	struct relay_set *set;
	struct nw_topic_rule topic;
	struct nw_sender_rule sender;
	struct heard heard;

	CHECK_INT(read_text(text, &read, &heard), ==, 0);
	CHECK_STR(read->label, "7");
	CHECK_INT(compile(read, NULL, &rules, &set, &heard), ==, 0);
	CHECK(nw_rules_find_topic(rules, id("plain"), &topic) && topic.limit.burst == 0);
	CHECK(nw_rules_find_topic(rules, id("limited"), &topic));
	CHECK(topic.limit.rate_per_s == 10000 && topic.limit.burst == 5);
	CHECK(nw_rules_find_topic(rules, id("slow"), &topic) && topic.limit.burst == 5);
	CHECK(nw_rules_find_topic(rules, id("shut"), &topic) && topic.is_denied);
	CHECK(nw_rules_find_topic(rules, id("secret"), &topic) && topic.is_denied);
	CHECK(!nw_rules_find_topic(rules, id("cars."), &topic));
	CHECK(nw_rules_find_sender(rules, id("a"), &sender));
	CHECK(sender.limit.burst == 100000 && sender.in_flight_max == 9 &&
	      sender.priority_top == 2);
	CHECK(nw_rules_find_sender(rules, id("b"), &sender) && sender.is_denied);
	CHECK(nw_rules_find_sender(rules, id("whoever"), &sender) && sender.limit.burst == 1);
	CHECK(relay_set_allows(set, id("plain")) && relay_set_allows(set, id("limited")));
	CHECK(!relay_set_allows(set, id("shut")) && !relay_set_allows(set, id("secret")));
	CHECK(!relay_set_allows(set, id("unknown")) && !relay_set_allows(set, id("cars.red")));
	CHECK_INT(read->all.burst, ==, 77);
	nw_rules_destroy(rules);
	relay_set_free(set);
	relay_rules_drop(read);
}

TEST(every_mistake_has_its_line_and_says_what_to_do)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "topic: []", "1: the rules: no key 'topic' here; there are version, allow_all, "
			       "topics, senders, global, deny" },
		{ "[]", "1: the rules is to be a map of keys and values, not a list" },
		{ "topics: a", "1: the rules: topics takes a list, not 'a'" },
		{ "allow_all: maybe", "1: the rules: allow_all takes true or false, not 'maybe'" },
		{ "topics:\n  - {}", "2: topic: it has neither name nor prefix" },
		{ "topics:\n  - { name: a,\n      prefix: b }",
		  "3: topic: name or prefix, not both" },
		{ "topics:\n  - { name: a, allow: true, deny: true }",
		  "2: topic: allow or deny, not both" },
		{ "topics:\n  - { name: a, rate: fast }",
		  "2: topic: rate takes packets a second, as 1000, 10k or 1.5M/s, at most "
		  "2^33, not "
		  "'fast'" },
		{ "topics:\n  - { name: a, rate: 0 }",
		  "2: topic: rate takes packets a second, as 1000, 10k or 1.5M/s, at most "
		  "2^33, not "
		  "'0'" },
		{ "topics:\n  - { name: a, rate: 9G }",
		  "2: topic: rate takes packets a second, as 1000, 10k or 1.5M/s, at most "
		  "2^33, not "
		  "'9G'" },
		{ "topics:\n  - { name: a, burst: 5 }",
		  "2: topic: a burst without a rate; add rate:" },
		{ "topics:\n  - { name: a, deny: true, rate: 5 }",
		  "2: topic: denied, so it has no rate or burst" },
		{ "topics:\n  - { name: '' }",
		  "2: topic: name takes 1 to 255 bytes, no control characters, not ''" },
		{ "topics:\n  - { name: a, name: b }", "2: topic: name twice; take one out" },
		{ "topics:\n  - { prefix: a }\n  - { prefix: a }",
		  "3: prefix 'a' is there already, at line 2" },
		{ "senders:\n  - {}", "2: sender: it has no name" },
		{ "senders:\n  - { name: a, priority: 4 }",
		  "2: sender: priority takes a whole number, 0..3, not '4'" },
		{ "senders:\n  - { name: a, token_sha256: 12 }",
		  "2: sender: token_sha256 takes 64 digits of 0-9 and a-f, as 'printf %s TOKEN | "
		  "sha256sum' prints them" },
		{ "senders:\n  - { name: '*', uid: 5 }",
		  "2: sender '*' proves nothing, so it has no token and no uid" },
		{ "senders:\n  - { name: anonymous, token: x }",
		  "2: sender 'anonymous' proves nothing, so it has no token and no uid" },
		{ "senders:\n  - { name: anonymous, system: true }",
		  "2: sender 'anonymous': system is for senders that prove who they are" },
		{ "senders:\n  - { name: '*', deny: true }",
		  "2: sender '*': whoever has no rule is denied anyway; take it out" },
		{ "senders:\n  - { name: a, deny: true, rate: 5 }",
		  "2: sender 'a': denied, so it has no rate, burst, in_flight, priority or hear" },
		{ "global: { burst: 5 }", "1: global: a burst without a rate; add rate:" },
		{ "deny:\n  - { name: a }",
		  "2: deny is a list of topics' names; for a prefix write { prefix: ..., "
		  "deny: true } "
		  "under topics" },
	};
	struct relay_rules *rules;
	struct heard heard;

	for (size_t i = 0; i < APP_COUNT_OF(cases); i++) {
		CHECK_INT(read_text(cases[i].text, &rules, &heard), ==, -EINVAL);
		CHECK_STR(heard.text, cases[i].said);
	}
}

TEST(what_cannot_be_together_has_both_lines)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "topics:\n  - a\n  - b\n  - { name: a, rate: 5 }",
		  "4: topic 'a' is allowed already, by line 2" },
		{ "senders:\n  - { name: a }\n  - { name: b }\n  - { name: a }",
		  "4: sender 'a' is there already ('a' at line 2)" },
		{ "senders:\n  - { name: a, token: x }\n  - { name: b, token: x }",
		  "3: sender 'b' has the token of another one ('a' at line 2)" },
		{ "senders:\n  - { name: '*' }\n  - { name: '*', rate: 5 }",
		  "3: sender '*' is there already ('*' at line 2)" },
	};
	struct relay_rules *rules;
	struct nw_rules *made;
	struct relay_set *set;
	struct heard heard;

	for (size_t i = 0; i < APP_COUNT_OF(cases); i++) {
		CHECK_INT(read_text(cases[i].text, &rules, &heard), ==, 0);
		CHECK_INT(compile(rules, NULL, &made, &set, &heard), ==, -EINVAL);
		CHECK_STR(heard.text, cases[i].said);
		relay_rules_drop(rules);
	}
}

/* Two names of one number, by the birthday paradox. */
static void find_twins(char *ret_first, char *ret_again, size_t n_bytes)
{
	enum { SIZE = 1 << 20 };
	uint32_t *seen = calloc(SIZE, sizeof(*seen));

	CHECK(seen);
	for (uint32_t n = 1; n < SIZE / 2; n++) {
		char name[24], other[24];
		uint32_t topic, i;

		(void)snprintf(name, sizeof(name), "t%u", (unsigned)n);
		topic = id(name);
		for (i = topic; seen[i % SIZE] != 0; i++) {
			(void)snprintf(other, sizeof(other), "t%u", (unsigned)seen[i % SIZE]);
			if (id(other) != topic)
				continue;
			(void)snprintf(ret_first, n_bytes, "%s", other);
			(void)snprintf(ret_again, n_bytes, "%s", name);
			free(seen);
			return;
		}
		seen[i % SIZE] = n;
	}
	FAIL("no twins among half a million names");
}

TEST(names_of_one_number_are_refused_wherever_they_stand)
{
	struct relay_names names = { .count_max = 10 };
	char first[24], again[24], text[160];
	struct relay_rules *rules;
	struct nw_rules *made;
	struct relay_set *set;
	struct heard heard;

	find_twins(first, again, sizeof(first));
	(void)snprintf(text, sizeof(text), "topics:\n  - %s\n  - { name: %s, deny: true }", first,
		       again);
	CHECK_INT(read_text(text, &rules, &heard), ==, 0);
	CHECK_INT(compile(rules, NULL, &made, &set, &heard), ==, -EINVAL);
	CHECK(strstr(heard.text, first) && strstr(heard.text, again));
	relay_rules_drop(rules);

	(void)snprintf(text, sizeof(text), "senders:\n  - { name: %s }\n  - { name: %s }", first,
		       again);
	CHECK_INT(read_text(text, &rules, &heard), ==, 0);
	CHECK_INT(compile(rules, NULL, &made, &set, &heard), ==, -EINVAL);
	CHECK(strstr(heard.text, "has the same number"));
	relay_rules_drop(rules);

	/* Named by a client, of the number of one that is denied. */
	(void)snprintf(text, sizeof(text),
		       "topics:\n  - { prefix: t }\n  - { name: %s, deny: true }", first);
	CHECK_INT(relay_names_add(&names, again), ==, 0);
	CHECK_INT(read_text(text, &rules, &heard), ==, 0);
	CHECK_INT(compile(rules, &names, &made, &set, &heard), ==, -EINVAL);
	relay_rules_drop(rules);
	relay_names_free(&names);
}

TEST(the_longest_prefix_is_for_a_name_and_an_exact_rule_before_it)
{
	static const char text[] = "topics:\n"
				   "  - { prefix: a, rate: 1 }\n"
				   "  - { prefix: a.b., deny: true }\n"
				   "  - { prefix: a.b.c, rate: 3 }\n"
				   "  - { name: a.b.x, rate: 4 }\n"
				   "  - { name: a.b.d, rate: 5 }\n";
	struct relay_rules *rules;
	struct heard heard;

	CHECK_INT(read_text(text, &rules, &heard), ==, 0);
	CHECK_INT(relay_rules_find(rules, "a")->limit.rate_per_s, ==, 1);
	CHECK_INT(relay_rules_find(rules, "a.b")->limit.rate_per_s, ==, 1);
	CHECK(relay_rules_find(rules, "a.b.")->is_denied);
	CHECK(relay_rules_find(rules, "a.b.xx")->is_denied);
	CHECK_INT(relay_rules_find(rules, "a.b.cc")->limit.rate_per_s, ==, 3);
	CHECK_INT(relay_rules_find(rules, "a.b.x")->limit.rate_per_s, ==, 4);
	CHECK(relay_rules_find(rules, "b") == NULL);
	CHECK(relay_rules_find(rules, "") == NULL);
	relay_rules_drop(rules);
}

TEST(names_of_clients_come_under_their_prefix_and_no_others)
{
	static const char text[] = "topics:\n  - { prefix: car., rate: 8 }\n  - bus\n";
	struct relay_names names = { .count_max = 4 };
	struct nw_topic_rule rule;
	struct relay_rules *rules;
	struct nw_rules *made;
	struct relay_set *set;
	struct heard heard;

	CHECK_INT(relay_names_add(&names, "car.red"), ==, 0);
	CHECK_INT(relay_names_add(&names, "car.red"), ==, 1);
	CHECK_INT(relay_names_add(&names, "tram"), ==, 0);
	CHECK_INT(relay_names_add(&names, "bus"), ==, 0);
	CHECK_INT(relay_names_add(&names, "car."), ==, 0);
	CHECK_INT(relay_names_add(&names, "five"), ==, -ENOSPC);
	CHECK_INT(relay_names_add(&names, "tram"), ==, 1);
	CHECK_INT(read_text(text, &rules, &heard), ==, 0);
	CHECK_INT(compile(rules, &names, &made, &set, &heard), ==, 0);
	CHECK(nw_rules_find_topic(made, id("car.red"), &rule) && rule.limit.rate_per_s == 8);
	CHECK(!nw_rules_find_topic(made, id("tram"), &rule));
	CHECK(relay_set_allows(set, id("car.red")) && relay_set_allows(set, id("bus")));
	CHECK(!relay_set_allows(set, id("tram")));
	CHECK_INT(set->name_count, ==, 4);
	for (uint32_t i = 1; i < set->name_count; i++)
		CHECK(strcmp(set->names[i - 1], set->names[i]) < 0);
	nw_rules_destroy(made);
	relay_set_free(set);
	relay_rules_drop(rules);
	relay_names_free(&names);
}

TEST(many_names_are_found_again)
{
	struct relay_names names = { .count_max = 5000 };
	char name[16];

	for (int round = 0; round < 2; round++)
		for (unsigned i = 0; i < 5000; i++) {
			(void)snprintf(name, sizeof(name), "n%u", i);
			CHECK_INT(relay_names_add(&names, name), ==, round);
		}
	CHECK_INT(names.count, ==, 5000);
	relay_names_free(&names);
}

/* ---- people ---- */

static bool identify(const struct relay_set *set, struct relay_proof proof,
		     struct relay_person *ret_person, char *ret_text)
{
	if (!proof.name)
		proof.name = "";
	if (!proof.token)
		proof.token = "";
	return relay_identify(set, &proof, ret_person, ret_text);
}

static const char people[] = "senders:\n"
			     "  - { name: tok, token: s3cret, system: true, priority: 1 }\n"
			     "  - { name: user, uid: 7 }\n"
			     "  - { name: also, uid: 7 }\n"
			     "  - { name: cert }\n"
			     "  - { name: out, token: gone, deny: true }\n";

TEST(people_are_who_they_prove_to_be)
{
	struct relay_set *set = set_of(people, NULL);
	char text[RELAY_TEXT_BYTES];
	struct relay_person p;

	CHECK(identify(set, (struct relay_proof){ .token = "s3cret" }, &p, text));
	CHECK_STR(p.name, "tok");
	CHECK(p.sender == id("tok") && p.is_system && p.priority_top == 1);
	CHECK(identify(set, (struct relay_proof){ .name = "tok", .token = "s3cret" }, &p, text));
	CHECK(identify(set, (struct relay_proof){ .has_uid = true, .uid = 7 }, &p, text));
	CHECK_STR(p.name, "user");
	CHECK(identify(set, (struct relay_proof){ .name = "also", .has_uid = true, .uid = 7 }, &p,
		       text));
	CHECK_STR(p.name, "also");
	CHECK(identify(set, (struct relay_proof){ .certificate = "cert" }, &p, text));
	CHECK_STR(p.name, "cert");
	relay_set_free(set);
}

TEST(nobody_is_told_why_and_what_to_do)
{
	static const struct {
		struct relay_proof proof;
		const char *said;
	} cases[] = {
		{ { .token = "wrong" }, "no sender of the rules has this token" },
		{ { .name = "user", .token = "s3cret" }, "this token is not that of 'user'" },
		{ { .token = "gone" }, "sender 'out' is denied by the rules" },
		{ { .name = "tok", .has_uid = true, .uid = 7 },
		  "user 7 is not sender 'tok': add uid: 7 to it in the rules" },
		{ { .has_uid = true, .uid = 8 },
		  "user 8 is no sender of the rules: add { name: ..., uid: 8 } under senders, or "
		  "try nodewise relay --allow-all" },
		{ { .certificate = "other" },
		  "'other', as the certificate says, is no sender of the rules: add it under "
		  "senders" },
		{ { .name = "tok", .certificate = "cert" },
		  "the certificate is not that of 'tok'" },
		{ { .is_local = true },
		  "there is no sender 'anonymous' in the rules: give a token, add { name: "
		  "anonymous "
		  "} under senders, or try nodewise relay --allow-all" },
		{ { .name = "tok", .is_local = true }, "a token is needed to be 'tok'" },
		{ { .is_local = false },
		  "a token or a certificate is needed from another machine" },
	};
	struct relay_set *set = set_of(people, NULL);
	char text[RELAY_TEXT_BYTES];
	struct relay_person p;

	for (size_t i = 0; i < APP_COUNT_OF(cases); i++) {
		CHECK(!identify(set, cases[i].proof, &p, text));
		CHECK_STR(text, cases[i].said);
	}
	relay_set_free(set);
}

TEST(anybody_is_let_in_by_a_star_or_by_allow_all)
{
	static const char *const texts[] = { "allow_all: true", "senders: [ { name: '*' } ]" };
	char text[RELAY_TEXT_BYTES];
	struct relay_person p;

	for (size_t i = 0; i < APP_COUNT_OF(texts); i++) {
		struct relay_set *set = set_of(texts[i], NULL);

		CHECK(identify(set, (struct relay_proof){ .has_uid = true, .uid = 8 }, &p, text));
		CHECK_STR(p.name, "uid:8");
		CHECK(identify(set, (struct relay_proof){ .is_local = true }, &p, text));
		CHECK_STR(p.name, RELAY_ANONYMOUS);
		CHECK(!identify(set, (struct relay_proof){ .is_local = false }, &p, text));
		CHECK(!identify(set, (struct relay_proof){ .token = "x" }, &p, text));
		relay_set_free(set);
	}
}

TEST(new_rules_end_what_a_token_or_user_had)
{
	static const struct {
		const char *text;
		bool tok, user;
	} cases[] = {
		{ people, true, true },
		{ "senders: [ { name: tok, token: other }, { name: user, uid: 9 } ]", false,
		  false },
		{ "senders: [ { name: tok }, { name: user } ]", false, false },
		{ "allow_all: true", false, false },
		{ "senders: [ { name: tok, token: s3cret, deny: true }, { name: user, uid: 7 } ]",
		  false, true },
	};
	struct relay_set *set = set_of(people, NULL);
	struct relay_person tok, user;
	char text[RELAY_TEXT_BYTES];

	CHECK(identify(set, (struct relay_proof){ .token = "s3cret" }, &tok, text));
	CHECK(identify(set, (struct relay_proof){ .has_uid = true, .uid = 7 }, &user, text));
	relay_set_free(set);
	for (size_t i = 0; i < APP_COUNT_OF(cases); i++) {
		struct relay_person a = tok, b = user;

		set = set_of(cases[i].text, NULL);
		CHECK_INT(relay_identify_again(set, &a), ==, cases[i].tok);
		CHECK_INT(relay_identify_again(set, &b), ==, cases[i].user);
		relay_set_free(set);
	}
}

static void hear_any(void *arg, const char *path, uint32_t line, const char *text)
{
	struct heard *heard = arg;

	(void)path;
	(void)snprintf(heard->text, sizeof(heard->text), "%u: %s", (unsigned)line, text);
}

TEST(tokens_in_a_file_for_everybody_are_refused)
{
	static const char text[] = "senders: [ { name: a, token: x } ]\n";
	char path[] = "/tmp/test_relay_rules.XXXXXX";
	struct relay_rules *rules;
	struct heard heard = { "" };
	struct relay_sayer sayer = { .say = hear_any, .arg = &heard };
	int fd = mkstemp(path);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK_INT(relay_rules_load(&rules, path, &sayer), ==, 0);
	relay_rules_drop(rules);
	CHECK_INT(fchmod(fd, 0644), ==, 0);
	CHECK_INT(relay_rules_load(&rules, path, &sayer), ==, -EINVAL);
	CHECK_STR(heard.text, "0: there are tokens in it, and everybody may read it; chmod o-r it");
	(void)close(fd);
	(void)unlink(path);
	CHECK_INT(relay_rules_load(&rules, path, &sayer), ==, -ENOENT);
	CHECK_STR(heard.text, "0: cannot read it: No such file or directory");
}

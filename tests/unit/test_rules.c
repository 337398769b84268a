/* SPDX-License-Identifier: MIT */
/* Rule sets: what the builder accepts, what it refuses and how it says so, what a set answers. */
#include "nw_test.h"

#include <nw/packet.h>
#include <nw/rules.h>

#include <errno.h>

static struct nw_rules_builder *builder;
static struct nw_diag diag;

static void begin(void)
{
	CHECK_INT(nw_rules_builder_create(&builder), ==, 0);
	diag.text[0] = '\0';
}

static struct nw_rules *finish(uint64_t version)
{
	struct nw_rules *rules;

	if (nw_rules_builder_finish(builder, version, NW_NODE_ANY, &rules, &diag) < 0)
		FAIL("%s", diag.text);
	return rules;
}

static void end(struct nw_rules *rules)
{
	nw_rules_destroy(rules);
	nw_rules_builder_destroy(builder);
}

static int topic(const char *name, bool is_denied, uint64_t burst, uint64_t rate, uint32_t line)
{
	struct nw_topic_rule rule = { .name = name,
				      .is_denied = is_denied,
				      .limit = { burst, rate } };

	return nw_rules_builder_add_topic(builder, &rule, line, &diag);
}

static int topic_id(uint32_t id, bool is_denied, uint32_t line)
{
	struct nw_topic_rule rule = { .topic = id, .is_denied = is_denied };

	return nw_rules_builder_add_topic(builder, &rule, line, &diag);
}

static int sender(struct nw_sender_rule rule, uint32_t line)
{
	return nw_rules_builder_add_sender(builder, &rule, line, &diag);
}

/* The set is refused, with the sentence of the first rule that was. */
static void check_refused(const char *text)
{
	struct nw_rules *rules = NULL;

	CHECK_STR(diag.text, text);
	CHECK_INT(nw_rules_builder_finish(builder, 1, NW_NODE_ANY, &rules, &diag), ==, -EINVAL);
	CHECK(!rules);
	CHECK_STR(diag.text, text);
	end(NULL);
}

TEST(a_set_answers_with_the_rules_it_was_given)
{
	struct nw_topic_rule topic_rule;
	struct nw_sender_rule sender_rule;
	struct nw_rules *rules;

	begin();
	CHECK_INT(topic("orders.eu", false, 5, 7, 1), ==, 0);
	CHECK_INT(topic("orders.us", true, 0, 0, 2), ==, 0);
	CHECK_INT(sender((struct nw_sender_rule){ .sender = 9,
						  .priority_top = 2,
						  .in_flight_max = 3,
						  .limit = { 11, 13 } },
			 3),
		  ==, 0);
	rules = finish(42);
	CHECK(nw_rules_version(rules) == 42 && nw_rules_topic_count(rules) == 2);
	CHECK_INT(nw_rules_sender_count(rules), ==, 1);
	CHECK(nw_rules_find_topic(rules, nw_topic_id("orders.eu", 9), &topic_rule));
	CHECK_STR(topic_rule.name, "orders.eu");
	CHECK(!topic_rule.is_denied && topic_rule.limit.burst == 5);
	CHECK_INT(topic_rule.limit.rate_per_s, ==, 7);
	CHECK(nw_rules_find_topic(rules, nw_topic_id("orders.us", 9), &topic_rule));
	CHECK(topic_rule.is_denied);
	CHECK(!nw_rules_find_topic(rules, nw_topic_id("orders", 6), &topic_rule));
	CHECK(nw_rules_find_sender(rules, 9, &sender_rule) && sender_rule.in_flight_max == 3);
	CHECK(!nw_rules_find_sender(rules, 8, &sender_rule));
	CHECK(nw_rules_memory(rules)->n_bytes > 0);
	end(rules);
}

TEST(an_empty_set_allows_nothing)
{
	struct nw_topic_rule topic_rule;
	struct nw_sender_rule sender_rule;
	struct nw_rules *rules;

	begin();
	rules = finish(1);
	for (uint32_t i = 0; i < 100000; i++)
		CHECK(!nw_rules_find_topic(rules, i, &topic_rule));
	CHECK(!nw_rules_find_sender(rules, 0, &sender_rule));
	end(rules);
}

TEST(any_sender_is_told_by_its_own_number)
{
	struct nw_sender_rule rule = { .limit = { 1, 1 } };
	struct nw_rules *rules;

	begin();
	CHECK_INT(nw_rules_builder_any_sender(builder, &rule, 4, &diag), ==, 0);
	CHECK_INT(sender((struct nw_sender_rule){ .sender = 7, .is_denied = true }, 5), ==, 0);
	rules = finish(1);
	CHECK(nw_rules_find_sender(rules, 1234, &rule) && rule.sender == 1234 && !rule.is_denied);
	CHECK(nw_rules_find_sender(rules, 7, &rule) && rule.is_denied);
	end(rules);
	begin();
	rule.is_denied = false;
	CHECK_INT(nw_rules_builder_any_sender(builder, &rule, 4, &diag), ==, 0);
	CHECK_INT(nw_rules_builder_any_sender(builder, &rule, 6, &diag), ==, -EEXIST);
	check_refused("line 6: what holds for any sender was said already, by line 4");
}

TEST(deny_beats_allow_in_either_order)
{
	struct nw_topic_rule rule;
	struct nw_sender_rule sender_rule;
	struct nw_rules *rules;

	begin();
	CHECK_INT(topic("a", false, 1, 1, 1), ==, 0);
	CHECK_INT(topic("a", true, 0, 0, 2), ==, 0);
	CHECK_INT(topic("b", true, 0, 0, 3), ==, 0);
	CHECK_INT(topic("b", false, 0, 0, 4), ==, 0);
	CHECK_INT(topic("b", true, 0, 0, 5), ==, 0);
	CHECK_INT(sender((struct nw_sender_rule){ .sender = 1, .in_flight_max = 1 }, 6), ==, 0);
	CHECK_INT(sender((struct nw_sender_rule){ .sender = 1, .is_denied = true }, 7), ==, 0);
	CHECK_INT(sender((struct nw_sender_rule){ .sender = 1, .in_flight_max = 1 }, 8), ==, 0);
	rules = finish(1);
	CHECK(nw_rules_find_topic(rules, nw_topic_id("a", 1), &rule) && rule.is_denied);
	CHECK_INT(rule.limit.burst, ==, 0);
	CHECK(nw_rules_find_topic(rules, nw_topic_id("b", 1), &rule) && rule.is_denied);
	CHECK(nw_rules_find_sender(rules, 1, &sender_rule) && sender_rule.is_denied);
	CHECK_INT(sender_rule.in_flight_max, ==, 0);
	end(rules);
}

TEST(two_rules_that_allow_name_both_lines)
{
	begin();
	CHECK_INT(topic("a", false, 1, 1, 3), ==, 0);
	CHECK_INT(topic("a", false, 1, 1, 8), ==, -EEXIST);
	check_refused("line 8: topic 'a' is allowed already, by line 3");
	begin();
	CHECK_INT(topic_id(77, false, 0), ==, 0);
	CHECK_INT(topic_id(77, false, 0), ==, -EEXIST);
	check_refused("topic 77 is allowed already, by another rule");
	begin();
	CHECK_INT(sender((struct nw_sender_rule){ .sender = 5 }, 1), ==, 0);
	CHECK_INT(sender((struct nw_sender_rule){ .sender = 5, .priority_top = 1 }, 2), ==,
		  -EEXIST);
	check_refused("line 2: sender 5 is allowed already, by line 1");
}

TEST(a_limit_that_means_nothing_is_refused)
{
	struct nw_limit limit = { 0, 0 };

	begin();
	CHECK_INT(topic("a", false, 0, 5, 2), ==, -EINVAL);
	check_refused("line 2: a rate of 5 a second with a burst of 0 admits nothing: give a burst "
		      "of 1 or more");
	begin();
	CHECK_INT(topic("a", false, NW_RULES_BURST_MAX, NW_RULES_RATE_MAX, 1), ==, 0);
	CHECK_INT(topic("b", false, NW_RULES_BURST_MAX + 1, 1, 2), ==, -EINVAL);
	check_refused("line 2: a burst of 8589934593 is above the largest, 8589934592");
	begin();
	CHECK_INT(topic("a", false, 1, NW_RULES_RATE_MAX + 1, 2), ==, -EINVAL);
	check_refused("line 2: a rate of 8589934593 a second is above the largest, 8589934592");
	begin();
	CHECK_INT(topic("a", true, 1, 1, 2), ==, -EINVAL);
	check_refused("line 2: a topic that is denied has no limit: leave one of the two out");
	begin();
	CHECK_INT(nw_rules_builder_limit_all(builder, &limit, 9, &diag), ==, -EINVAL);
	check_refused("line 9: a limit of all with a burst of 0 limits nothing: leave it out");
	begin();
	limit.burst = 1;
	CHECK_INT(nw_rules_builder_limit_all(builder, &limit, 9, &diag), ==, 0);
	CHECK_INT(nw_rules_builder_limit_all(builder, &limit, 10, &diag), ==, -EEXIST);
	check_refused("line 10: the limit of all was set already, by line 9");
}

TEST(a_sender_that_means_nothing_is_refused)
{
	struct nw_sender_rule denied = { .is_denied = true };

	begin();
	CHECK_INT(sender((struct nw_sender_rule){ .priority_top = 4 }, 1), ==, -EINVAL);
	check_refused("line 1: a priority of 4: 0, the best, to 3 are allowed");
	begin();
	CHECK_INT(sender((struct nw_sender_rule){ .is_denied = true, .in_flight_max = 1 }, 1), ==,
		  -EINVAL);
	check_refused("line 1: a sender that is denied has no limits and no priority: leave one of "
		      "the two out");
	begin();
	CHECK_INT(nw_rules_builder_any_sender(builder, &denied, 1, &diag), ==, -EINVAL);
	check_refused("line 1: senders without a rule are refused anyhow: leave this out");
}

TEST(a_name_that_is_none_is_refused)
{
	char name[NW_RULES_NAME_BYTES_MAX + 2];

	begin();
	CHECK_INT(topic("", false, 0, 0, 1), ==, -EINVAL);
	check_refused("line 1: a topic's name is empty");
	begin();
	memset(name, 'x', sizeof name);
	name[NW_RULES_NAME_BYTES_MAX] = '\0';
	CHECK_INT(topic(name, false, 0, 0, 1), ==, 0);
	name[NW_RULES_NAME_BYTES_MAX] = 'x';
	name[NW_RULES_NAME_BYTES_MAX + 1] = '\0';
	CHECK_INT(topic(name, false, 0, 0, 2), ==, -EINVAL);
	check_refused("line 2: a topic's name, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...', is "
		      "longer than 1024 bytes");
}

TEST(the_first_refusal_is_the_one_that_is_repeated)
{
	begin();
	CHECK_INT(topic("", false, 0, 0, 5), ==, -EINVAL);
	CHECK_INT(topic("a", false, 0, 1, 6), ==, -EINVAL);
	CHECK_INT(topic("b", false, 1, 1, 7), ==, 0);
	CHECK_INT(nw_rules_builder_finish(builder, 1, NW_NODE_ANY, &(struct nw_rules *){ NULL },
					  &diag),
		  ==, -EINVAL);
	CHECK_STR(diag.text, "line 5: a topic's name is empty");
	end(NULL);
}

TEST(version_0_is_refused)
{
	begin();
	CHECK_INT(nw_rules_builder_finish(builder, 0, NW_NODE_ANY, &(struct nw_rules *){ NULL },
					  &diag),
		  ==, -EINVAL);
	CHECK_STR(diag.text, "a version of rules is 1 or more");
	end(NULL);
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Two names with one id: among 200,000 there are some, by the birthday bound; always the same. */
static void find_collision(char *ret_first, char *ret_second)
{
	enum { NAMES = 200000 };
	uint64_t *ids = malloc(NAMES * sizeof *ids);
	char name[32];

	CHECK(ids);
	for (uint64_t i = 0; i < NAMES; i++) {
		int n = snprintf(name, sizeof name, "topic.%u", (unsigned)i);

		ids[i] = (uint64_t)nw_topic_id(name, (size_t)n) << 32 | i;
	}
	qsort(ids, NAMES, sizeof *ids, compare_ids);
	for (int i = 1; i < NAMES; i++) {
		if (ids[i] >> 32 != ids[i - 1] >> 32)
			continue;
		(void)snprintf(ret_first, 32, "topic.%u", (unsigned)(uint32_t)ids[i - 1]);
		(void)snprintf(ret_second, 32, "topic.%u", (unsigned)(uint32_t)ids[i]);
		free(ids);
		return;
	}
	FAIL("no collision among %d names", NAMES);
}

TEST(names_whose_ids_collide_are_both_told)
{
	char first[32], second[32], text[256];

	find_collision(first, second);
	CHECK_INT(nw_topic_id(first, strlen(first)), ==, nw_topic_id(second, strlen(second)));
	begin();
	CHECK_INT(topic(first, false, 0, 0, 10), ==, 0);
	CHECK_INT(topic(second, false, 0, 0, 20), ==, -ENOTUNIQ);
	(void)snprintf(
		text, sizeof text,
		"line 20: topic '%s' has the same id, %u, as topic '%s' in line 10: rename one "
		"of them",
		second, nw_topic_id(first, strlen(first)), first);
	check_refused(text);
	/* One that is denied would deny the other too. */
	begin();
	CHECK_INT(topic(first, true, 0, 0, 10), ==, 0);
	CHECK_INT(topic(second, false, 0, 0, 20), ==, -ENOTUNIQ);
	end(NULL);
}

TEST(a_name_and_its_id_are_one_topic)
{
	struct nw_topic_rule rule;
	struct nw_rules *rules;
	uint32_t id = nw_topic_id("orders", 6);

	begin();
	CHECK_INT(topic_id(id, true, 1), ==, 0);
	CHECK_INT(topic("orders", false, 1, 1, 2), ==, 0);
	rules = finish(1);
	CHECK(nw_rules_find_topic(rules, id, &rule) && rule.is_denied);
	CHECK_STR(rule.name, "orders");
	CHECK_INT(nw_rules_topic_count(rules), ==, 1);
	end(rules);
}

TEST(a_builder_goes_on_and_makes_another_set)
{
	struct nw_rules *first, *second;

	begin();
	CHECK_INT(topic("a", false, 0, 0, 1), ==, 0);
	first = finish(1);
	for (uint32_t i = 0; i < 20000; i++)
		CHECK_INT(topic_id(i * 7919, i % 3 == 0, i), ==, 0);
	for (uint32_t i = 0; i < 5000; i++)
		CHECK_INT(sender((struct nw_sender_rule){ .sender = i * 3 }, i), ==, 0);
	second = finish(2);
	CHECK_INT(nw_rules_topic_count(first), ==, 1);
	CHECK_INT(nw_rules_topic_count(second), ==, 20001);
	for (uint32_t i = 0; i < 20000; i++) {
		struct nw_topic_rule rule;

		CHECK(nw_rules_find_topic(second, i * 7919, &rule));
		CHECK_INT(rule.is_denied, ==, i % 3 == 0);
		CHECK(!nw_rules_find_topic(first, i * 7919, &rule));
	}
	for (uint32_t i = 0; i < 15000; i++)
		CHECK_INT(nw_rules_find_sender(second, i, &(struct nw_sender_rule){ 0 }), ==,
			  i % 3 == 0);
	nw_rules_destroy(first);
	end(second);
}

TEST(a_retired_set_is_freed_a_grace_period_later)
{
	struct nw_rcu_thread *thread, *reader;
	struct nw_mem_stats before, after;
	struct nw_rules *rules;
	struct nw_rcu *rcu;

	CHECK_INT(nw_rcu_create(&rcu, NW_NODE_ANY, NULL), ==, 0);
	CHECK_INT(nw_rcu_register(&thread, rcu, "writer"), ==, 0);
	CHECK_INT(nw_rcu_register(&reader, rcu, "reader"), ==, 0);
	begin();
	rules = finish(1);
	nw_mem_stats(&before);
	nw_rcu_read_lock(reader);
	nw_rules_retire(thread, rules);
	nw_rules_retire(thread, NULL);
	for (int i = 0; i < 3; i++)
		CHECK_INT(nw_rcu_run(thread), ==, 0);
	CHECK_INT(nw_rules_version(rules), ==, 1);
	nw_rcu_read_unlock(reader);
	nw_rcu_barrier(thread);
	nw_mem_stats(&after);
	CHECK_INT(after.live_bytes, <, before.live_bytes);
	nw_rcu_unregister(reader);
	nw_rcu_unregister(thread);
	nw_rcu_destroy(rcu);
	end(NULL);
}

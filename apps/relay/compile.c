/* SPDX-License-Identifier: MIT */
/*
 * From rules that were read to what threads look at.
 *
 * A topic that clients named and that no rule names exactly has a rule of its own, made from the
 * longest prefix that fits: its limit is its own, not the prefix's.
 * Invariant: the engine's set and the program's say the same of every topic and sender.
 */
#include "relay/rules.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTHING, ALLOWED, DENIED };

/* ---- the engine's ---- */

struct compiler {
	const struct relay_rules *rules;
	struct relay_sayer *sayer;
	struct nw_rules_builder *builder;
	struct relay_set *set;
};

/* The builder's sentence begins with the line, which the path stands before here. */
static int say_diag(struct compiler *compiler, int rc, uint32_t line, const struct nw_diag *diag)
{
	char start[24];
	size_t n = (size_t)snprintf(start, sizeof(start), "line %" PRIu32 ": ", line);
	const char *text = strncmp(diag->text, start, n) == 0 ? diag->text + n : diag->text;

	if (rc == -ENOMEM)
		return rc;
	relay_say(compiler->sayer, compiler->rules->path, line, "%s", text);
	return -EINVAL;
}

static int add_topic(struct compiler *compiler, const char *name, const struct relay_topic *topic)
{
	struct nw_topic_rule rule = { .name = name,
				      .is_denied = topic->is_denied,
				      .limit = topic->limit };
	struct nw_diag diag = { "" };
	int rc = nw_rules_builder_add_topic(compiler->builder, &rule, topic->line, &diag);

	return rc < 0 ? say_diag(compiler, rc, topic->line, &diag) : 0;
}

static int add_topics(struct compiler *compiler)
{
	int rc = 0, worst = 0;

	for (uint32_t i = 0; i < compiler->rules->topic_count; i++) {
		const struct relay_topic *topic = &compiler->rules->topics[i];

		if (!topic->is_prefix)
			rc = add_topic(compiler, topic->name, topic);
		worst = rc < worst ? rc : worst;
	}
	return worst;
}

/* Names of clients that a prefix is for. With allow_all those that nothing is for have a rule too,
 * so that two of one number are found. */
static int add_names(struct compiler *compiler, const struct relay_names *names)
{
	static const struct relay_topic any = { .name = "" };
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && names && i < names->count; i++) {
		const struct relay_topic *topic = relay_rules_find(compiler->rules,
								   names->texts[i]);

		if (!topic && compiler->rules->allow_all)
			topic = &any;
		if (topic && (topic->is_prefix || topic == &any))
			rc = add_topic(compiler, names->texts[i], topic);
	}
	return rc;
}

static struct nw_sender_rule rule_of(const struct relay_sender *sender)
{
	return (struct nw_sender_rule){ .sender = nw_topic_id(sender->name, strlen(sender->name)),
					.is_denied = sender->is_denied,
					.priority_top = sender->priority_top,
					.in_flight_max = sender->in_flight_max,
					.limit = sender->limit };
}

static int add_sender(struct compiler *compiler, const struct relay_sender *sender)
{
	struct nw_sender_rule rule = rule_of(sender);
	struct nw_diag diag = { "" };
	int rc;

	if (strcmp(sender->name, RELAY_ANYBODY) == 0)
		rc = nw_rules_builder_any_sender(compiler->builder, &rule, sender->line, &diag);
	else
		rc = nw_rules_builder_add_sender(compiler->builder, &rule, sender->line, &diag);
	return rc < 0 ? say_diag(compiler, rc, sender->line, &diag) : 0;
}

/* Two that cannot be told from each other. */
static const char *clash(const struct relay_sender *a, const struct relay_sender *b)
{
	if (strcmp(a->name, b->name) == 0)
		return "is there already";
	if (nw_topic_id(a->name, strlen(a->name)) == nw_topic_id(b->name, strlen(b->name)))
		return "has the same number as another one; change one of the names";
	if (a->has_token && b->has_token && memcmp(a->token, b->token, sizeof(a->token)) == 0)
		return "has the token of another one";
	return NULL;
}

static int compare_ids(const void *a, const void *b)
{
	const struct relay_sender *x = *(const struct relay_sender *const *)a;
	const struct relay_sender *y = *(const struct relay_sender *const *)b;
	uint32_t i = nw_topic_id(x->name, strlen(x->name)),
		 k = nw_topic_id(y->name, strlen(y->name));

	return i != k ? (i < k ? -1 : 1) : (x->line > y->line) - (x->line < y->line);
}

static int compare_tokens(const void *a, const void *b)
{
	const struct relay_sender *x = *(const struct relay_sender *const *)a;
	const struct relay_sender *y = *(const struct relay_sender *const *)b;

	if (x->has_token != y->has_token)
		return x->has_token - y->has_token;
	return memcmp(x->token, y->token, sizeof(x->token));
}

/* Neighbours in an order in which those that clash are neighbours. */
static int check_clashes(struct compiler *compiler, const struct relay_sender **senders,
			 int (*compare)(const void *, const void *))
{
	int rc = 0;

	qsort(senders, compiler->rules->sender_count, sizeof(*senders), compare);
	for (uint32_t i = 1; i < compiler->rules->sender_count; i++) {
		const struct relay_sender *first = senders[i - 1], *again = senders[i];
		const char *why = clash(first, again);

		if (why) {
			relay_say(compiler->sayer, compiler->rules->path, again->line,
				  "sender '%s' %s ('%s' at line %u)", again->name, why, first->name,
				  (unsigned)first->line);
			rc = -EINVAL;
		}
	}
	return rc;
}

static int check_senders(struct compiler *compiler)
{
	uint32_t count = compiler->rules->sender_count;
	const struct relay_sender **senders = calloc((size_t)count + 1, sizeof(void *));
	int rc;

	if (!senders)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		senders[i] = &compiler->rules->senders[i];
	rc = check_clashes(compiler, senders, compare_ids);
	if (rc == 0)
		rc = check_clashes(compiler, senders, compare_tokens);
	free(senders);
	return rc;
}

static int add_senders(struct compiler *compiler)
{
	int rc = check_senders(compiler);

	for (uint32_t i = 0; rc == 0 && i < compiler->rules->sender_count; i++)
		rc = add_sender(compiler, &compiler->rules->senders[i]);
	return rc;
}

static int add_all(struct compiler *compiler)
{
	const struct relay_rules *rules = compiler->rules;
	struct nw_diag diag = { "" };
	int rc = 0;

	if (rules->allow_all)
		nw_rules_builder_allow_all(compiler->builder);
	if (rules->all.burst > 0)
		rc = nw_rules_builder_limit_all(compiler->builder, &rules->all, rules->all_line,
						&diag);
	return rc < 0 ? say_diag(compiler, rc, rules->all_line, &diag) : 0;
}

/* ---- the program's ---- */

static void note_topic(struct relay_set *set, const char *name, uint32_t state)
{
	uint32_t topic = nw_topic_id(name, strlen(name)), i = topic;

	while (set->topics[i & set->topic_mask].state != NOTHING &&
	       set->topics[i & set->topic_mask].topic != topic)
		i++;
	i &= set->topic_mask;
	if (set->topics[i].state == NOTHING)
		set->topic_count++;
	/* What denies holds before what allows. */
	if (set->topics[i].state != DENIED)
		set->topics[i] = (struct relay_topic_state){ topic, state };
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int take_name(struct relay_set *set, const char *name)
{
	const char *copy = app_pool_text(&set->pool, name, strlen(name));

	set->names[set->name_count] = copy;
	set->name_count += copy != NULL;
	return copy ? 0 : -ENOMEM;
}

static int make_tables(struct relay_set *set, uint32_t count)
{
	uint32_t size = 16;

	while (size < 2 * count)
		size *= 2;
	set->topics = app_pool_array(&set->pool, size, sizeof(*set->topics));
	set->names = app_pool_array(&set->pool, (size_t)count + 1, sizeof(*set->names));
	set->topic_mask = size - 1;
	return set->topics && set->names ? 0 : -ENOMEM;
}

static int fill(struct relay_set *set, const struct relay_names *names)
{
	const struct relay_rules *rules = set->rules;
	uint32_t name_count = names ? names->count : 0;
	int rc = make_tables(set, rules->topic_count + name_count);

	for (uint32_t i = 0; rc == 0 && i < rules->topic_count; i++) {
		const struct relay_topic *topic = &rules->topics[i];

		if (topic->is_prefix)
			continue;
		note_topic(set, topic->name, topic->is_denied ? DENIED : ALLOWED);
		rc = take_name(set, topic->name);
	}
	for (uint32_t i = 0; rc == 0 && i < name_count; i++) {
		const struct relay_topic *topic = relay_rules_find(rules, names->texts[i]);

		if (topic && !topic->is_prefix)
			continue; /* taken above */
		if (topic)
			note_topic(set, names->texts[i], topic->is_denied ? DENIED : ALLOWED);
		rc = take_name(set, names->texts[i]);
	}
	if (rc == 0)
		qsort(set->names, set->name_count, sizeof(*set->names), compare_names);
	return rc;
}

void relay_set_free(struct relay_set *set)
{
	if (!set)
		return;
	relay_rules_drop(set->rules);
	app_pool_free(&set->pool);
	free(set);
}

static int make_set(struct relay_rules *rules, const struct relay_names *names, uint64_t version,
		    struct relay_set **ret_set)
{
	struct relay_set *set = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	set->version = version;
	set->rules = rules;
	rules->holder_count++;
	if (fill(set, names) < 0) {
		relay_set_free(set);
		return -ENOMEM;
	}
	*ret_set = set;
	return 0;
}

static int build(struct compiler *compiler, const struct relay_names *names, uint64_t version,
		 struct nw_rules **ret_rules)
{
	struct nw_diag diag = { "" };
	int rc = add_all(compiler);

	if (rc == 0)
		rc = add_topics(compiler);
	if (rc == 0)
		rc = add_names(compiler, names);
	if (rc == 0)
		rc = add_senders(compiler);
	if (rc < 0)
		return rc;
	rc = nw_rules_builder_finish(compiler->builder, version, NW_NODE_ANY, ret_rules, &diag);
	return rc == -EINVAL ? say_diag(compiler, rc, 0, &diag) : rc;
}

int relay_compile(struct relay_rules *rules, const struct relay_names *names, uint64_t version,
		  struct nw_rules **ret_rules, struct relay_set **ret_set,
		  struct relay_sayer *sayer)
{
	struct compiler compiler = { .rules = rules, .sayer = sayer };
	struct nw_rules *made = NULL;
	int rc = nw_rules_builder_create(&compiler.builder);

	if (rc < 0)
		return rc;
	rc = build(&compiler, names, version, &made);
	nw_rules_builder_destroy(compiler.builder);
	if (rc == 0)
		rc = make_set(rules, names, version, ret_set);
	if (rc < 0)
		nw_rules_destroy(made);
	else
		*ret_rules = made;
	return rc;
}

bool relay_set_allows(const struct relay_set *set, uint32_t topic)
{
	uint32_t i = topic;

	for (;; i++) {
		const struct relay_topic_state *state = &set->topics[i & set->topic_mask];

		if (state->state == NOTHING)
			return set->rules->allow_all;
		if (state->topic == topic)
			return state->state == ALLOWED;
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * The text of a rule file.
 * Invariant: what was read without a word is complete; sums of it are checked by the compiler.
 */
#include "relay/rules.h"

#include "common/app.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SENDERS_MAX = 65536, FRACTION = 1000, BURST_PART = 10 };

/* ---- saying ---- */

void relay_say(struct relay_sayer *sayer, const char *path, uint32_t line, const char *format, ...)
{
	char text[RELAY_LINE_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sayer->bad_count++;
	sayer->say(sayer->arg, path, line, text);
}

void relay_source_say(void *arg, uint32_t line, const char *text)
{
	struct relay_source *source = arg;

	relay_say(source->sayer, source->path, line, "%s", text);
}

/* ---- values ---- */

bool relay_parse_rate(const char *text, uint64_t *ret_per_s)
{
	static const char units[] = "kMG";
	uint64_t rate = 0, unit = 1;
	const char *end, *letter;

	if (!app_parse_decimal(text, FRACTION, &rate, &end))
		return false;
	letter = *end ? strchr(units, *end) : NULL;
	if (letter) {
		for (long i = letter - units; i >= 0; i--)
			unit *= FRACTION;
		end++;
	}
	if (strcmp(end, "/s") == 0)
		end += 2;
	if (*end || __builtin_mul_overflow(rate, unit, &rate) || rate % FRACTION != 0)
		return false;
	*ret_per_s = rate / FRACTION;
	return true;
}

uint64_t relay_take_rate(struct app_reader *reader, const struct app_tree *tree)
{
	uint64_t rate = 0;

	if (tree->kind != APP_TREE_TEXT || !relay_parse_rate(tree->text, &rate) || rate == 0 ||
	    rate > NW_RULES_RATE_MAX)
		app_refuse(reader, tree, "packets a second, as 1000, 10k or 1.5M/s, at most 2^33");
	return rate;
}

uint64_t relay_take_burst(struct app_reader *reader, const struct app_tree *tree)
{
	uint64_t burst = 0;

	if (tree->kind != APP_TREE_TEXT || !relay_parse_rate(tree->text, &burst) || burst == 0 ||
	    burst > NW_RULES_BURST_MAX)
		app_refuse(reader, tree, "packets, as 500 or 10k, at most 2^33");
	return burst;
}

/* A rate without a burst: a tenth of a second's worth. */
void relay_complete_limit(struct app_reader *reader, uint32_t line, struct nw_limit *limit)
{
	if (limit->burst > 0 && limit->rate_per_s == 0)
		app_reader_bad(reader, line, "%s: a burst without a rate; add rate:", reader->what);
	if (limit->rate_per_s > 0 && limit->burst == 0)
		limit->burst = limit->rate_per_s / BURST_PART > 0 ? limit->rate_per_s / BURST_PART
								  : 1;
}

/* Names are shown on terminals and in logs. */
bool relay_is_clean(const char *text, size_t bytes_max)
{
	size_t n = strlen(text);

	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	return n > 0 && n <= bytes_max;
}

/* ---- topics ---- */

static void topic_text(struct app_reader *reader, const struct app_tree *tree,
		       struct relay_topic *topic, bool is_prefix)
{
	const char *text = NULL;

	if (!app_take_text(reader, tree, &text))
		return;
	if (topic->name && topic->is_prefix != is_prefix)
		app_reader_bad(reader, tree->line, "%s: name or prefix, not both", reader->what);
	else if (!relay_is_clean(text, RELAY_TOPIC_NAME_MAX))
		app_refuse(reader, tree, "1 to 255 bytes, no control characters");
	topic->name = text;
	topic->is_prefix = is_prefix;
	topic->line = tree->line;
}

static void topic_name(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	topic_text(reader, tree, into, false);
}

static void topic_prefix(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	topic_text(reader, tree, into, true);
}

static void topic_allow(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_topic *topic = into;

	topic->is_denied = !app_take_bool(reader, tree);
}

static void topic_deny(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_topic *topic = into;

	topic->is_denied = app_take_bool(reader, tree);
}

static void topic_rate(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_topic *topic = into;

	topic->limit.rate_per_s = relay_take_rate(reader, tree);
}

static void topic_burst(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_topic *topic = into;

	topic->limit.burst = relay_take_burst(reader, tree);
}

static const struct app_field topic_fields[] = {
	{ "name", topic_name }, { "prefix", topic_prefix }, { "allow", topic_allow },
	{ "deny", topic_deny }, { "rate", topic_rate },     { "burst", topic_burst },
};

static void read_topic(struct app_reader *reader, const struct app_tree *item,
		       struct relay_topic *ret_topic)
{
	reader->what = "topic";
	ret_topic->line = item->line;
	/* One word is a topic that is allowed. */
	if (item->kind == APP_TREE_TEXT) {
		topic_text(reader, item, ret_topic, false);
		return;
	}
	if (app_tree_get(item, "allow") && app_tree_get(item, "deny"))
		app_reader_bad(reader, item->line, "topic: allow or deny, not both");
	app_take_map(reader, item, topic_fields, APP_COUNT_OF(topic_fields), ret_topic);
	if (item->kind == APP_TREE_MAP && !ret_topic->name)
		app_reader_bad(reader, item->line, "topic: it has neither name nor prefix");
	if (ret_topic->is_denied && ret_topic->limit.rate_per_s + ret_topic->limit.burst > 0)
		app_reader_bad(reader, item->line, "topic: denied, so it has no rate or burst");
	relay_complete_limit(reader, item->line, &ret_topic->limit);
}

/* ---- the file ---- */

static bool is_list(struct app_reader *reader, const struct app_tree *tree)
{
	if (tree->kind != APP_TREE_LIST)
		app_refuse(reader, tree, "a list");
	return tree->kind == APP_TREE_LIST;
}

/* Topics and those under deny: go into one array; here is room for both. */
static void rules_topics(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_rules *rules = into;

	if (!is_list(reader, tree))
		return;
	for (const struct app_tree *item = tree->first; item; item = item->next)
		read_topic(reader, item, &rules->topics[rules->topic_count++]);
	reader->what = "the rules";
}

static void rules_deny(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_rules *rules = into;

	if (!is_list(reader, tree))
		return;
	for (const struct app_tree *item = tree->first; item; item = item->next) {
		struct relay_topic *topic = &rules->topics[rules->topic_count++];

		topic->is_denied = true;
		if (item->kind == APP_TREE_TEXT)
			topic_text(reader, item, topic, false);
		else
			app_reader_bad(reader, item->line,
				       "deny is a list of topics' names; for a prefix write "
				       "{ prefix: ..., deny: true } under topics");
	}
}

static void rules_senders(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_rules *rules = into;

	if (!is_list(reader, tree))
		return;
	if (tree->count > SENDERS_MAX) {
		app_reader_bad(reader, tree->line, "more than %d senders", SENDERS_MAX);
		return;
	}
	for (const struct app_tree *item = tree->first; item; item = item->next) {
		struct relay_sender *sender = &rules->senders[rules->sender_count++];

		relay_read_sender(reader, item, sender);
		rules->has_tokens |= sender->has_token;
	}
	reader->what = "the rules";
}

static void global_rate(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_rules *rules = into;

	rules->all.rate_per_s = relay_take_rate(reader, tree);
}

static void global_burst(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_rules *rules = into;

	rules->all.burst = relay_take_burst(reader, tree);
}

static void rules_global(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	static const struct app_field fields[] = { { "rate", global_rate },
						   { "burst", global_burst } };
	struct relay_rules *rules = into;

	reader->what = "global";
	app_take_map(reader, tree, fields, APP_COUNT_OF(fields), rules);
	relay_complete_limit(reader, tree->line, &rules->all);
	rules->all_line = tree->line;
	reader->what = "the rules";
}

static void rules_allow_all(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_rules *rules = into;

	rules->allow_all = app_take_bool(reader, tree);
}

static void rules_version(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_rules *rules = into;

	if (app_take_text(reader, tree, &rules->label) &&
	    !relay_is_clean(rules->label, RELAY_NAME_BYTES))
		app_refuse(reader, tree, "1 to 64 bytes, no control characters");
}

static const struct app_field rules_fields[] = {
	{ "version", rules_version }, { "allow_all", rules_allow_all }, { "topics", rules_topics },
	{ "senders", rules_senders }, { "global", rules_global },       { "deny", rules_deny },
};

static uint32_t count_of(const struct app_tree *tree, const char *key)
{
	const struct app_tree *item = app_tree_get(tree, key);

	return item ? item->count : 0;
}

static int make_room(struct relay_rules *rules, const struct app_tree *tree, struct app_pool *pool,
		     const char *path)
{
	rules->topics = app_pool_array(pool,
				       (size_t)count_of(tree, "topics") + count_of(tree, "deny"),
				       sizeof(*rules->topics));
	rules->senders = app_pool_array(pool, count_of(tree, "senders"), sizeof(*rules->senders));
	rules->path = app_pool_text(pool, path, strlen(path));
	rules->label = "";
	return rules->topics && rules->senders && rules->path ? 0 : -ENOMEM;
}

int relay_rules_read(struct relay_rules **ret_rules, const struct app_tree *tree, const char *path,
		     struct app_pool *pool, struct relay_sayer *sayer)
{
	struct relay_source source = { sayer, path };
	struct app_reader reader = {
		.say = relay_source_say, .arg = &source, .pool = pool, .what = "the rules"
	};
	struct relay_rules *rules = calloc(1, sizeof(*rules));
	uint32_t bad_before = sayer->bad_count;
	int rc;

	if (!rules || make_room(rules, tree, pool, path) < 0) {
		free(rules);
		return -ENOMEM;
	}
	app_take_map(&reader, tree, rules_fields, APP_COUNT_OF(rules_fields), rules);
	rc = reader.is_out_of_memory ? -ENOMEM : sayer->bad_count > bad_before ? -EINVAL : 0;
	if (rc == 0)
		rc = relay_rules_index(rules, pool, sayer);
	if (rc < 0) {
		free(rules);
		return rc;
	}
	rules->holder_count = 1;
	rules->pool = *pool;
	*pool = (struct app_pool){ NULL };
	*ret_rules = rules;
	return 0;
}

/* ---- from where ---- */

bool relay_may_others_read(const char *path)
{
	struct stat about;

	return strcmp(path, "-") != 0 && stat(path, &about) == 0 && (about.st_mode & S_IROTH) != 0;
}

int relay_rules_check_secrecy(const struct relay_rules *rules, struct relay_sayer *sayer)
{
	if (!rules->has_tokens || !relay_may_others_read(rules->path))
		return 0;
	relay_say(sayer, rules->path, 0,
		  "there are tokens in it, and everybody may read it; chmod o-r it");
	return -EINVAL;
}

int relay_rules_load(struct relay_rules **ret_rules, const char *path, struct relay_sayer *sayer)
{
	struct app_pool pool = { NULL };
	struct relay_rules *rules = NULL;
	struct app_fault fault = { 0 };
	struct app_tree *tree = NULL;
	size_t n_bytes = 0;
	char *text = NULL;
	int rc = app_read_file(path, RELAY_RULES_FILE_MAX, &text, &n_bytes);

	if (rc < 0)
		relay_say(sayer, path, 0, "cannot read it: %s", strerror(-rc));
	if (rc == 0) {
		rc = app_tree_read(&pool, text, n_bytes, app_has_suffix(path, ".json"), &tree,
				   &fault);
		if (rc == -EINVAL)
			relay_say(sayer, path, fault.line, "%s", fault.text);
	}
	if (rc == 0)
		rc = relay_rules_read(&rules, tree, path, &pool, sayer);
	if (rc == 0)
		rc = relay_rules_check_secrecy(rules, sayer);
	free(text);
	app_pool_free(&pool);
	if (rc < 0)
		relay_rules_drop(rules);
	else
		*ret_rules = rules;
	return rc;
}

int relay_rules_default(struct relay_rules **ret_rules, bool allow_all)
{
	struct relay_rules *rules = calloc(1, sizeof(*rules));

	if (!rules)
		return -ENOMEM;
	rules->holder_count = 1;
	rules->path = allow_all ? "--allow-all" : "no rule file";
	rules->label = "";
	rules->allow_all = allow_all;
	*ret_rules = rules;
	return 0;
}

void relay_rules_drop(struct relay_rules *rules)
{
	if (!rules || --rules->holder_count > 0)
		return;
	app_pool_free(&rules->pool);
	free(rules);
}

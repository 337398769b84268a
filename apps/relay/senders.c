/* SPDX-License-Identifier: MIT */
/*
 * Senders of a rule file.
 * Invariant: a token is not kept, but its digest.
 */
#include "relay/ear.h"

#include <openssl/sha.h>
#include <string.h>

enum { IN_FLIGHT_MAX = 1 << 30 };

static void sender_name(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_sender *sender = into;

	if (app_take_text(reader, tree, &sender->name) &&
	    !relay_is_clean(sender->name, RELAY_NAME_BYTES - 1))
		app_refuse(reader, tree, "1 to 63 bytes, no control characters");
}

static void sender_token(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_sender *sender = into;
	const char *text = NULL;

	if (!app_take_text(reader, tree, &text))
		return;
	if (*text == '\0' || strlen(text) >= RELAY_TOKEN_BYTES) {
		app_reader_bad(reader, tree->line, "%s: token takes 1 to 255 bytes", reader->what);
		return;
	}
	(void)SHA256((const unsigned char *)text, strlen(text), sender->token);
	sender->has_token = true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void sender_token_sha256(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_sender *sender = into;
	bool is_hex = tree->kind == APP_TREE_TEXT &&
		      strlen(tree->text) == (size_t)2 * RELAY_DIGEST_BYTES;

	if (sender->has_token)
		app_reader_bad(reader, tree->line, "%s: token or token_sha256, not both",
			       reader->what);
	for (size_t i = 0; is_hex && i < RELAY_DIGEST_BYTES; i++) {
		int high = hex_digit(tree->text[2 * i]), low = hex_digit(tree->text[2 * i + 1]);

		is_hex = high >= 0 && low >= 0;
		sender->token[i] = (unsigned char)(is_hex ? high << 4 | low : 0);
	}
	if (!is_hex)
		app_reader_bad(reader, tree->line,
			       "%s: token_sha256 takes 64 digits of 0-9 and a-f, as "
			       "'printf %%s TOKEN | sha256sum' prints them",
			       reader->what);
	sender->has_token = true;
}

static void sender_uid(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_sender *sender = into;

	sender->uid = (uint32_t)app_take_number(reader, tree, UINT32_MAX - 1);
	sender->has_uid = true;
}

static void sender_rate(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_sender *sender = into;

	sender->limit.rate_per_s = relay_take_rate(reader, tree);
}

static void sender_burst(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_sender *sender = into;

	sender->limit.burst = relay_take_burst(reader, tree);
}

static void sender_in_flight(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_sender *sender = into;
	uint64_t count = 0;

	if (tree->kind != APP_TREE_TEXT || !relay_parse_rate(tree->text, &count) || count == 0 ||
	    count > IN_FLIGHT_MAX)
		app_refuse(reader, tree, "packets, as 500 or 10k, at most 2^30");
	sender->in_flight_max = (uint32_t)count;
}

static void sender_priority(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_sender *sender = into;

	sender->priority_top = (uint8_t)app_take_number(reader, tree, NW_PACKET_PRIORITY_COUNT - 1);
}

static void sender_system(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_sender *sender = into;

	sender->is_system = app_take_bool(reader, tree);
}

static void sender_deny(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	struct relay_sender *sender = into;

	sender->is_denied = app_take_bool(reader, tree);
}

static void sender_hear(struct app_reader *reader, const struct app_tree *tree, void *into)
{
	relay_take_hear(reader, tree, &((struct relay_sender *)into)->hear);
}

static const struct app_field sender_fields[] = {
	{ "name", sender_name },
	{ "token", sender_token },
	{ "token_sha256", sender_token_sha256 },
	{ "uid", sender_uid },
	{ "rate", sender_rate },
	{ "burst", sender_burst },
	{ "in_flight", sender_in_flight },
	{ "priority", sender_priority },
	{ "system", sender_system },
	{ "deny", sender_deny },
	{ "hear", sender_hear },
};

static void check_sender(struct app_reader *reader, const struct app_tree *item,
			 const struct relay_sender *sender)
{
	bool is_anybody = sender->name && strcmp(sender->name, RELAY_ANYBODY) == 0;
	bool is_anonymous = sender->name && strcmp(sender->name, RELAY_ANONYMOUS) == 0;

	if (!sender->name)
		app_reader_bad(reader, item->line, "sender: it has no name");
	if ((is_anybody || is_anonymous) && (sender->has_token || sender->has_uid))
		app_reader_bad(reader, item->line,
			       "sender '%s' proves nothing, so it has no token and no uid",
			       sender->name);
	if ((is_anybody || is_anonymous) && sender->is_system)
		app_reader_bad(reader, item->line,
			       "sender '%s': system is for senders that prove who they are",
			       sender->name);
	if (is_anybody && sender->is_denied)
		app_reader_bad(reader, item->line,
			       "sender '*': whoever has no rule is denied anyway; take it out");
	if (sender->is_denied &&
	    (sender->limit.rate_per_s + sender->limit.burst > 0 || sender->in_flight_max > 0 ||
	     sender->priority_top > 0 || sender->hear.is_said))
		app_reader_bad(reader, item->line,
			       "sender '%.63s': denied, so it has no rate, burst, in_flight, "
			       "priority or hear",
			       sender->name ? sender->name : "");
}

void relay_read_sender(struct app_reader *reader, const struct app_tree *item,
		       struct relay_sender *ret_sender)
{
	reader->what = "sender";
	ret_sender->line = item->line;
	app_take_map(reader, item, sender_fields, APP_COUNT_OF(sender_fields), ret_sender);
	if (item->kind != APP_TREE_MAP)
		return;
	check_sender(reader, item, ret_sender);
	relay_complete_limit(reader, item->line, &ret_sender->limit);
}

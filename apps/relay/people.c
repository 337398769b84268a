/* SPDX-License-Identifier: MIT */
/*
 * Who somebody is: by a token, by a certificate, by the user at the other end of a Unix socket, or
 * nobody in particular.
 * Invariant: who gives a name or a token that does not fit is refused, never taken for somebody
 * else.
 */
#include "relay/ear.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool refuse(char *ret_text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(ret_text, RELAY_TEXT_BYTES, format, args);
	va_end(args);
	return false;
}

static const struct relay_sender *find(const struct relay_rules *rules, const char *name)
{
	for (uint32_t i = 0; i < rules->sender_count; i++)
		if (strcmp(rules->senders[i].name, name) == 0)
			return &rules->senders[i];
	return NULL;
}

const struct relay_sender *relay_rules_sender(const struct relay_rules *rules, const char *name)
{
	const struct relay_sender *sender = find(rules, name);

	return sender ? sender : find(rules, RELAY_ANYBODY);
}

/* The digest is what is compared: the time that takes tells nothing of the token. */
static const struct relay_sender *find_token(const struct relay_rules *rules, const char *token)
{
	unsigned char digest[RELAY_DIGEST_BYTES];
	const struct relay_sender *found = NULL;

	(void)SHA256((const unsigned char *)token, strlen(token), digest);
	for (uint32_t i = 0; i < rules->sender_count; i++) {
		const struct relay_sender *sender = &rules->senders[i];

		if (sender->has_token && CRYPTO_memcmp(sender->token, digest, sizeof(digest)) == 0)
			found = sender;
	}
	return found;
}

static const struct relay_sender *find_uid(const struct relay_rules *rules, uint32_t uid,
					   const char *name)
{
	for (uint32_t i = 0; i < rules->sender_count; i++) {
		const struct relay_sender *sender = &rules->senders[i];

		if (sender->has_uid && sender->uid == uid &&
		    (*name == '\0' || strcmp(sender->name, name) == 0))
			return sender;
	}
	return NULL;
}

/* sender NULL: somebody of that name without a rule. */
static void describe(const struct relay_rules *rules, const struct relay_sender *sender,
		     const char *name, struct relay_person *ret_person)
{
	*ret_person = (struct relay_person){ .sender = nw_topic_id(name, strlen(name)) };
	(void)snprintf(ret_person->name, sizeof(ret_person->name), "%s", name);
	relay_ear_digest(rules, name, ret_person->hears);
	if (!sender)
		return;
	ret_person->is_system = sender->is_system;
	ret_person->priority_top = sender->priority_top;
}

/* With a rule of that name, or the one for anybody. */
static bool admit(const struct relay_rules *rules, const char *name,
		  struct relay_person *ret_person)
{
	const struct relay_sender *sender = relay_rules_sender(rules, name);

	if (sender ? sender->is_denied : !rules->allow_all)
		return false;
	describe(rules, sender, name, ret_person);
	return true;
}

/* A sender that was proved to be this one, by its token or, else, its uid. */
static bool admit_sender(const struct relay_rules *rules, const struct relay_sender *sender,
			 bool by_token, struct relay_person *ret_person, char *ret_text)
{
	if (sender->is_denied)
		return refuse(ret_text, "sender '%s' is denied by the rules", sender->name);
	describe(rules, sender, sender->name, ret_person);
	ret_person->has_token = by_token;
	ret_person->has_uid = !by_token;
	ret_person->uid = sender->uid;
	memcpy(ret_person->token, sender->token, sizeof(ret_person->token));
	return true;
}

static bool prove_token(const struct relay_rules *rules, const struct relay_proof *proof,
			struct relay_person *ret_person, char *ret_text)
{
	const struct relay_sender *sender = find_token(rules, proof->token);

	if (!sender)
		return refuse(ret_text, "no sender of the rules has this token");
	if (*proof->name && strcmp(proof->name, sender->name) != 0)
		return refuse(ret_text, "this token is not that of '%s'", proof->name);
	return admit_sender(rules, sender, true, ret_person, ret_text);
}

static bool prove_uid(const struct relay_rules *rules, const struct relay_proof *proof,
		      struct relay_person *ret_person, char *ret_text)
{
	const struct relay_sender *sender = find_uid(rules, proof->uid, proof->name);
	char name[RELAY_NAME_BYTES];

	if (sender)
		return admit_sender(rules, sender, false, ret_person, ret_text);
	(void)snprintf(name, sizeof(name), "uid:%u", (unsigned)proof->uid);
	if (*proof->name && strcmp(proof->name, name) != 0 &&
	    strcmp(proof->name, RELAY_ANONYMOUS) != 0)
		return refuse(ret_text,
			      "user %u is not sender '%s': add uid: %u to it in the rules",
			      (unsigned)proof->uid, proof->name, (unsigned)proof->uid);
	if ((*proof->name == '\0' || strcmp(proof->name, name) == 0) &&
	    admit(rules, name, ret_person))
		return true;
	if (strcmp(proof->name, name) != 0 && admit(rules, RELAY_ANONYMOUS, ret_person))
		return true;
	return refuse(
		ret_text,
		"user %u is no sender of the rules: add { name: ..., uid: %u } under senders, "
		"or try nodewise relay --allow-all",
		(unsigned)proof->uid, (unsigned)proof->uid);
}

bool relay_identify(const struct relay_set *set, const struct relay_proof *proof,
		    struct relay_person *ret_person, char *ret_text)
{
	const struct relay_rules *rules = set->rules;

	if (*proof->token)
		return prove_token(rules, proof, ret_person, ret_text);
	if (proof->certificate) {
		if (*proof->name && strcmp(proof->name, proof->certificate) != 0)
			return refuse(ret_text, "the certificate is not that of '%s'", proof->name);
		if (admit(rules, proof->certificate, ret_person))
			return true;
		return refuse(
			ret_text,
			"'%s', as the certificate says, is no sender of the rules: add it under "
			"senders",
			proof->certificate);
	}
	if (proof->has_uid)
		return prove_uid(rules, proof, ret_person, ret_text);
	if (!proof->is_local)
		return refuse(ret_text, "a token or a certificate is needed from another machine");
	if (*proof->name && strcmp(proof->name, RELAY_ANONYMOUS) != 0)
		return refuse(ret_text, "a token is needed to be '%s'", proof->name);
	if (admit(rules, RELAY_ANONYMOUS, ret_person))
		return true;
	return refuse(ret_text,
		      "there is no sender 'anonymous' in the rules: give a token, add "
		      "{ name: anonymous } under senders, or try nodewise relay --allow-all");
}

bool relay_identify_again(const struct relay_set *set, struct relay_person *inout_person)
{
	const struct relay_sender *sender = find(set->rules, inout_person->name);
	struct relay_person before = *inout_person;

	if (before.has_token && (!sender || !sender->has_token ||
				 memcmp(sender->token, before.token, sizeof(before.token)) != 0))
		return false;
	if (before.has_uid && (!sender || !sender->has_uid || sender->uid != before.uid))
		return false;
	if (!admit(set->rules, before.name, inout_person))
		return false;
	inout_person->has_token = before.has_token;
	inout_person->has_uid = before.has_uid;
	inout_person->uid = before.uid;
	memcpy(inout_person->token, before.token, sizeof(before.token));
	return true;
}

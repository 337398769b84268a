/* SPDX-License-Identifier: MIT */
/*
 * Bodies of frames.
 * Invariant: a body that is longer or shorter than it says is no body; texts in it have no zeros,
 * and get one at the end.
 */
#include "relay/frame.h"

#include <endian.h>
#include <string.h>

static size_t put_16(unsigned char *at, uint16_t n)
{
	n = htole16(n);
	memcpy(at, &n, sizeof(n));
	return sizeof(n);
}

static size_t put_32(unsigned char *at, uint32_t n)
{
	n = htole32(n);
	memcpy(at, &n, sizeof(n));
	return sizeof(n);
}

static size_t put_64(unsigned char *at, uint64_t n)
{
	n = htole64(n);
	memcpy(at, &n, sizeof(n));
	return sizeof(n);
}

static uint16_t get_16(const unsigned char *at)
{
	uint16_t n;

	memcpy(&n, at, sizeof(n));
	return le16toh(n);
}

static uint32_t get_32(const unsigned char *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	return le32toh(n);
}

static uint64_t get_64(const unsigned char *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof(n));
	return le64toh(n);
}

/* A text of n_bytes into room for n_bytes + 1. */
static bool get_text(const unsigned char *at, size_t n_bytes, char *ret)
{
	if (n_bytes > 0 && memchr(at, 0, n_bytes))
		return false;
	if (n_bytes > 0)
		memcpy(ret, at, n_bytes);
	ret[n_bytes] = '\0';
	return true;
}

/* ---- hello: protocol (2) flags (2) bytes of the name (1) of the token (1) name token ---- */

size_t relay_put_hello(unsigned char *ret_body, const struct relay_hello *hello)
{
	size_t name_bytes = strnlen(hello->name, RELAY_NAME_BYTES - 1);
	size_t token_bytes = strnlen(hello->token, RELAY_TOKEN_BYTES - 1);
	size_t used = put_16(ret_body, hello->protocol);

	used += put_16(ret_body + used, hello->flags);
	ret_body[used++] = (unsigned char)name_bytes;
	ret_body[used++] = (unsigned char)token_bytes;
	memcpy(ret_body + used, hello->name, name_bytes);
	memcpy(ret_body + used + name_bytes, hello->token, token_bytes);
	return used + name_bytes + token_bytes;
}

bool relay_get_hello(const struct relay_frame *frame, struct relay_hello *ret)
{
	const unsigned char *body = frame->body;
	size_t name_bytes, token_bytes;

	if (frame->kind != RELAY_HELLO || frame->body_bytes < 6)
		return false;
	name_bytes = body[4];
	token_bytes = body[5];
	if (name_bytes >= RELAY_NAME_BYTES || frame->body_bytes != 6 + name_bytes + token_bytes)
		return false;
	ret->protocol = get_16(body);
	ret->flags = get_16(body + 2);
	return get_text(body + 6, name_bytes, ret->name) &&
	       get_text(body + 6 + name_bytes, token_bytes, ret->token);
}

/* ---- hello_ok: protocol (2) shards (2) sender (4) body_max (4) rules (8) ---- */

size_t relay_put_hello_ok(unsigned char *ret_body, const struct relay_hello_ok *ok)
{
	size_t used = put_16(ret_body, ok->protocol);

	used += put_16(ret_body + used, ok->shard_count);
	used += put_32(ret_body + used, ok->sender);
	used += put_32(ret_body + used, ok->body_max);
	return used + put_64(ret_body + used, ok->rules_version);
}

bool relay_get_hello_ok(const struct relay_frame *frame, struct relay_hello_ok *ret)
{
	if (frame->kind != RELAY_HELLO_OK || frame->body_bytes != RELAY_HELLO_OK_BYTES)
		return false;
	ret->protocol = get_16(frame->body);
	ret->shard_count = get_16(frame->body + 2);
	ret->sender = get_32(frame->body + 4);
	ret->body_max = get_32(frame->body + 8);
	ret->rules_version = get_64(frame->body + 12);
	return ret->body_max >= RELAY_BODY_MIN && ret->body_max <= RELAY_BODY_MAX;
}

/* ---- ack: accepted (4) ---- */

size_t relay_put_ack(unsigned char *ret_body, const struct relay_ack *ack)
{
	return put_32(ret_body, ack->accepted);
}

bool relay_get_ack(const struct relay_frame *frame, struct relay_ack *ret)
{
	if (frame->kind != RELAY_ACK || frame->body_bytes != RELAY_ACK_BYTES)
		return false;
	ret->accepted = get_32(frame->body);
	return true;
}

/* ---- refused: accepted (4) reason (2) shard (2) retry_after_ns (8) text ---- */

size_t relay_put_refused(unsigned char *ret_body, const struct relay_refused *refused)
{
	size_t text_bytes = strnlen(refused->text, RELAY_TEXT_BYTES - 1);
	size_t used = put_32(ret_body, refused->accepted);

	used += put_16(ret_body + used, refused->reason);
	used += put_16(ret_body + used, refused->shard);
	used += put_64(ret_body + used, refused->retry_after_ns);
	memcpy(ret_body + used, refused->text, text_bytes);
	return used + text_bytes;
}

bool relay_get_refused(const struct relay_frame *frame, struct relay_refused *ret)
{
	if (frame->kind != RELAY_REFUSED || frame->body_bytes < 16 ||
	    frame->body_bytes - 16 >= RELAY_TEXT_BYTES)
		return false;
	ret->accepted = get_32(frame->body);
	ret->reason = get_16(frame->body + 4);
	ret->shard = get_16(frame->body + 6);
	ret->retry_after_ns = get_64(frame->body + 8);
	return get_text(frame->body + 16, frame->body_bytes - 16, ret->text);
}

/* ---- lost: packets (8) ---- */

size_t relay_put_lost(unsigned char *ret_body, uint64_t lost)
{
	return put_64(ret_body, lost);
}

bool relay_get_lost(const struct relay_frame *frame, uint64_t *ret)
{
	if (frame->kind != RELAY_LOST || frame->body_bytes != RELAY_LOST_BYTES)
		return false;
	*ret = get_64(frame->body);
	return true;
}

/* ---- drops: denied, throttled, in_flight, expired, other (8 each) ---- */

size_t relay_put_drops(unsigned char *ret_body, const struct relay_drops *drops)
{
	const uint64_t counts[] = { drops->denied, drops->throttled, drops->in_flight,
				    drops->expired, drops->other };
	size_t used = 0;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		used += put_64(ret_body + used, counts[i]);
	return used;
}

bool relay_get_drops(const struct relay_frame *frame, struct relay_drops *ret)
{
	if (frame->kind != RELAY_DROPS || frame->body_bytes != RELAY_DROPS_BYTES)
		return false;
	*ret = (struct relay_drops){ .denied = get_64(frame->body),
				     .throttled = get_64(frame->body + 8),
				     .in_flight = get_64(frame->body + 16),
				     .expired = get_64(frame->body + 24),
				     .other = get_64(frame->body + 32) };
	return true;
}

/* ---- move: slot (2) shard (2) ---- */

size_t relay_put_move(unsigned char *ret_body, const struct relay_move *move)
{
	size_t used = put_16(ret_body, move->slot);

	return used + put_16(ret_body + used, move->shard);
}

bool relay_get_move(const struct relay_frame *frame, struct relay_move *ret)
{
	if (frame->kind != RELAY_MOVE || frame->body_bytes != RELAY_MOVE_BYTES)
		return false;
	ret->slot = get_16(frame->body);
	ret->shard = get_16(frame->body + 2);
	return true;
}

/* ---- subscribe: what (1) off (1) 0 (2), then ids or a prefix ---- */

size_t relay_put_subscribe(unsigned char *ret_body, enum relay_what what, bool is_off)
{
	ret_body[0] = (unsigned char)what;
	ret_body[1] = is_off;
	ret_body[2] = ret_body[3] = 0;
	return RELAY_SUBSCRIBE_BYTES;
}

bool relay_get_subscribe(const struct relay_frame *frame, struct relay_subscribe *ret)
{
	const unsigned char *body = frame->body;
	size_t rest_bytes;

	if (frame->kind != RELAY_SUBSCRIBE || frame->body_bytes < RELAY_SUBSCRIBE_BYTES)
		return false;
	rest_bytes = frame->body_bytes - RELAY_SUBSCRIBE_BYTES;
	if (body[0] > RELAY_ALL || body[1] > 1 || body[2] != 0 || body[3] != 0)
		return false;
	if ((body[0] == RELAY_TOPICS && (rest_bytes == 0 || rest_bytes % sizeof(uint32_t) != 0)) ||
	    (body[0] == RELAY_PREFIX && rest_bytes == 0) ||
	    (body[0] == RELAY_ALL && rest_bytes > 0))
		return false;
	ret->what = body[0];
	ret->is_off = body[1];
	ret->rest = body + RELAY_SUBSCRIBE_BYTES;
	ret->rest_bytes = rest_bytes;
	return true;
}

/* ---- names: each its length (1), 1..255, and its bytes ---- */

size_t relay_put_name(unsigned char *ret_body, size_t used, size_t n_bytes, const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > RELAY_TOPIC_NAME_MAX || n_bytes - used < 1 + length)
		return 0;
	ret_body[used] = (unsigned char)length;
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): its length stands before it */
	memcpy(ret_body + used + 1, name, length);
	return used + 1 + length;
}

bool relay_get_name(const struct relay_frame *frame, size_t *inout_at,
		    char ret_name[RELAY_TOPIC_NAME_MAX + 1])
{
	size_t at = *inout_at, length;

	if (frame->kind != RELAY_NAMES || at >= frame->body_bytes)
		return false;
	length = frame->body[at];
	if (length == 0 || length > frame->body_bytes - at - 1)
		return false;
	*inout_at = at + 1 + length;
	if (get_text(frame->body + at + 1, length, ret_name))
		return true;
	*inout_at = at;
	return false;
}

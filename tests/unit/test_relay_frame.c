/* SPDX-License-Identifier: MIT */
/* Frames of the relay: layout, every fault, and bytes that nobody meant as frames. */
#include "nw_test.h"

#include "relay/frame.h"

#include "base/prng.h"

enum { BODY_MAX = 4096, WHOLE_MAX = RELAY_HEAD_BYTES + BODY_MAX };

static int take(const unsigned char *bytes, size_t n_bytes, struct relay_frame *ret_frame)
{
	size_t wanted = 0;

	return relay_frame_take(bytes, n_bytes, BODY_MAX, ret_frame, &wanted);
}

/* A frame of `count` packets, each byte of them different. */
static size_t make_data(unsigned char *ret, uint32_t count)
{
	for (uint32_t i = 0; i < count * 64; i++)
		ret[RELAY_HEAD_BYTES + i] = (unsigned char)(i * 7 + i / 64);
	return relay_frame_seal(ret, RELAY_DATA, 0x1234, ret + RELAY_HEAD_BYTES, count * 64);
}

TEST(layout_is_what_the_page_says)
{
	static const unsigned char expected[] = { 'N',  'W',  'R', '1', 1,   RELAY_PING, 0x0e,
						  0x01, 9,    0,   0,   0,   0x83,       0x92,
						  0x06, 0xe3, '1', '2', '3', '4',        '5',
						  '6',  '7',  '8', '9' };
	unsigned char bytes[64];

	/* The checksum of "123456789" is the check value of CRC-32C in every catalogue. */
	CHECK_INT(relay_frame_seal(bytes, RELAY_PING, 270, (const unsigned char *)"123456789", 9),
		  ==, 25);
	memcpy(bytes + RELAY_HEAD_BYTES, "123456789", 9);
	CHECK(memcmp(bytes, expected, sizeof(expected)) == 0);
}

TEST(a_frame_comes_out_when_its_last_byte_is_there)
{
	unsigned char bytes[WHOLE_MAX];
	struct relay_frame frame = { 0 };
	size_t n = make_data(bytes, 3), wanted = 0;

	for (size_t i = 0; i < n; i++) {
		CHECK_INT(relay_frame_take(bytes, i, BODY_MAX, &frame, &wanted), ==, 0);
		CHECK_INT(wanted, ==, i < RELAY_HEAD_BYTES ? RELAY_HEAD_BYTES : n);
	}
	CHECK_INT(take(bytes, n + 5, &frame), ==, n);
	CHECK_INT(frame.kind, ==, RELAY_DATA);
	CHECK_INT(frame.slot, ==, 0x1234);
	CHECK_INT(frame.count, ==, 3);
	CHECK_INT(frame.body_bytes, ==, 192);
	CHECK(frame.body == bytes + RELAY_HEAD_BYTES);
}

TEST(each_fault_is_told_as_early_as_it_shows)
{
	unsigned char good[WHOLE_MAX], bytes[WHOLE_MAX];
	struct relay_frame frame;
	size_t n = make_data(good, 2);
	static const struct {
		size_t at, shows;
		unsigned char value;
		enum relay_fault fault;
	} cases[] = { { 0, 1, 'G', RELAY_BAD_MAGIC },
		      { 3, 4, '2', RELAY_BAD_MAGIC },
		      { 4, 5, 2, RELAY_BAD_VERSION },
		      { 5, 6, 0, RELAY_BAD_KIND },
		      { 5, 6, RELAY_KIND_END, RELAY_BAD_KIND },
		      { 8, 16, 0, RELAY_BAD_SIZE },
		      { 8, 16, 65, RELAY_BAD_SIZE },
		      { 11, 16, 0x80, RELAY_BAD_SIZE } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(bytes, good, n);
		bytes[cases[i].at] = cases[i].value;
		CHECK_INT(take(bytes, cases[i].shows - 1, &frame), ==, 0);
		CHECK_INT(take(bytes, cases[i].shows, &frame), ==, -(int)cases[i].fault);
	}
	for (size_t bit = 12 * 8; bit < n * 8; bit++) {
		memcpy(bytes, good, n);
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		CHECK_INT(take(bytes, n, &frame), ==, -RELAY_BAD_CHECKSUM);
	}
}

TEST(every_fault_and_kind_has_a_name_of_its_own)
{
	for (unsigned i = 0; i < RELAY_FAULT_COUNT; i++)
		for (unsigned k = i + 1; k < RELAY_FAULT_COUNT; k++) {
			CHECK(strcmp(relay_fault_name(i), relay_fault_name(k)) != 0);
			CHECK(strcmp(relay_fault_text(i), relay_fault_text(k)) != 0);
		}
	for (unsigned i = 0; i < RELAY_KIND_END; i++)
		for (unsigned k = i + 1; k < RELAY_KIND_END; k++)
			CHECK(strcmp(relay_kind_name(i), relay_kind_name(k)) != 0);
	CHECK_STR(relay_kind_name(255), "unknown");
}

/* Seals a body, takes it apart again. */
static struct relay_frame through(unsigned char *bytes, enum relay_kind kind, size_t body_bytes)
{
	struct relay_frame frame = { 0 };
	size_t n = relay_frame_seal(bytes, kind, RELAY_SLOT_NONE, bytes + RELAY_HEAD_BYTES,
				    body_bytes);

	CHECK_INT(take(bytes, n, &frame), ==, n);
	return frame;
}

TEST(what_is_put_into_a_body_is_got_out_of_it)
{
	unsigned char bytes[WHOLE_MAX], *body = bytes + RELAY_HEAD_BYTES;
	struct relay_hello hello = { RELAY_VERSION, 0, "alice", "s3cret" }, hello2;
	struct relay_hello_ok ok = { RELAY_VERSION, 7, 0xdeadbeef, 65536, UINT64_MAX - 1 }, ok2;
	struct relay_refused no = { 5, RELAY_REASON_DENIED, 3, 1234567890123, "no rule" }, no2;
	struct relay_subscribe subscribe;
	struct relay_drops drops = { 1, 2, 3, 4, UINT64_MAX }, drops2;
	struct relay_move move = { 4095, 127 }, move2;
	struct relay_frame frame;
	struct relay_ack ack;
	uint64_t lost;

	frame = through(bytes, RELAY_HELLO, relay_put_hello(body, &hello));
	CHECK(relay_get_hello(&frame, &hello2));
	CHECK_STR(hello2.name, "alice");
	CHECK_STR(hello2.token, "s3cret");
	frame = through(bytes, RELAY_HELLO_OK, relay_put_hello_ok(body, &ok));
	CHECK(relay_get_hello_ok(&frame, &ok2));
	CHECK(ok2.sender == ok.sender && ok2.shard_count == 7 && ok2.body_max == 65536);
	CHECK(ok2.rules_version == ok.rules_version);
	frame = through(bytes, RELAY_REFUSED, relay_put_refused(body, &no));
	CHECK(relay_get_refused(&frame, &no2));
	CHECK(no2.accepted == 5 && no2.reason == RELAY_REASON_DENIED && no2.shard == 3);
	CHECK(no2.retry_after_ns == no.retry_after_ns);
	CHECK_STR(no2.text, "no rule");
	frame = through(bytes, RELAY_ACK, relay_put_ack(body, &(struct relay_ack){ 77 }));
	CHECK(relay_get_ack(&frame, &ack) && ack.accepted == 77);
	frame = through(bytes, RELAY_LOST, relay_put_lost(body, UINT64_MAX));
	CHECK(relay_get_lost(&frame, &lost) && lost == UINT64_MAX);
	frame = through(bytes, RELAY_DROPS, relay_put_drops(body, &drops));
	CHECK(relay_get_drops(&frame, &drops2));
	CHECK(drops2.denied == 1 && drops2.throttled == 2 && drops2.in_flight == 3);
	CHECK(drops2.expired == 4 && drops2.other == UINT64_MAX);
	frame = through(bytes, RELAY_MOVE, relay_put_move(body, &move));
	CHECK(relay_get_move(&frame, &move2) && move2.slot == 4095 && move2.shard == 127);
	memcpy(body + relay_put_subscribe(body, RELAY_PREFIX, true), "a.b", 3);
	frame = through(bytes, RELAY_SUBSCRIBE, RELAY_SUBSCRIBE_BYTES + 3);
	CHECK(relay_get_subscribe(&frame, &subscribe));
	CHECK(subscribe.what == RELAY_PREFIX && subscribe.is_off && subscribe.rest_bytes == 3);
}

TEST(names_and_tokens_of_the_greatest_length_go_through)
{
	unsigned char bytes[WHOLE_MAX], *body = bytes + RELAY_HEAD_BYTES;
	struct relay_hello hello = { .protocol = RELAY_VERSION }, hello2;
	struct relay_refused no = { 0 }, no2;
	struct relay_frame frame;

	memset(hello.name, 'n', RELAY_NAME_BYTES - 1);
	memset(hello.token, 't', RELAY_TOKEN_BYTES - 1);
	memset(no.text, 'x', RELAY_TEXT_BYTES - 1);
	CHECK_INT(relay_put_hello(body, &hello), <=, RELAY_HELLO_BYTES_MAX);
	frame = through(bytes, RELAY_HELLO, relay_put_hello(body, &hello));
	CHECK(relay_get_hello(&frame, &hello2));
	CHECK_STR(hello2.token, hello.token);
	CHECK_STR(hello2.name, hello.name);
	CHECK_INT(relay_put_refused(body, &no), <=, RELAY_REFUSED_BYTES_MAX);
	frame = through(bytes, RELAY_REFUSED, relay_put_refused(body, &no));
	CHECK(relay_get_refused(&frame, &no2));
	CHECK_STR(no2.text, no.text);
}

TEST(bodies_that_are_not_what_they_say_are_none)
{
	static const struct {
		enum relay_kind kind;
		size_t n_bytes;
		unsigned char body[16];
	} cases[] = {
		{ RELAY_HELLO, 5, { 1, 0, 0, 0, 0 } },
		{ RELAY_HELLO, 8, { 1, 0, 0, 0, 3, 0, 'a', 'b' } }, /* name too long */
		{ RELAY_HELLO, 8, { 1, 0, 0, 0, 1, 0, 'a', 'b' } }, /* something behind */
		{ RELAY_HELLO, 8, { 1, 0, 0, 0, 2, 0, 'a', 0 } },   /* a zero in a name */
		{ RELAY_ACK, 5, { 1 } },
		{ RELAY_LOST, 4, { 1 } },
		{ RELAY_DROPS, 16, { 1 } },
		{ RELAY_DROPS, 0, { 0 } }, /* a question, not an answer */
		{ RELAY_MOVE, 3, { 1 } },
		{ RELAY_MOVE, 5, { 1 } },
		{ RELAY_HELLO_OK, 16, { 1 } },
		{ RELAY_REFUSED, 15, { 1 } },
		{ RELAY_SUBSCRIBE, 3, { RELAY_ALL } },
		{ RELAY_SUBSCRIBE, 4, { 3 } },                    /* no such thing to hear */
		{ RELAY_SUBSCRIBE, 4, { RELAY_TOPICS } },         /* no topic */
		{ RELAY_SUBSCRIBE, 7, { RELAY_TOPICS } },         /* three quarters of one */
		{ RELAY_SUBSCRIBE, 4, { RELAY_PREFIX } },         /* none */
		{ RELAY_SUBSCRIBE, 5, { RELAY_ALL } },            /* all, and more */
		{ RELAY_SUBSCRIBE, 8, { RELAY_TOPICS, 2 } },      /* neither on nor off */
		{ RELAY_SUBSCRIBE, 8, { RELAY_TOPICS, 0, 0, 1 } } /* reserved */
	};
	struct relay_hello hello;
	struct relay_hello_ok ok;
	struct relay_ack ack;
	struct relay_refused no;
	struct relay_subscribe subscribe;
	struct relay_drops drops;
	struct relay_move move;
	uint64_t lost;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct relay_frame frame = { .kind = (uint8_t)cases[i].kind,
					     .body = cases[i].body,
					     .body_bytes = cases[i].n_bytes };

		if (relay_get_hello(&frame, &hello) || relay_get_hello_ok(&frame, &ok) ||
		    relay_get_ack(&frame, &ack) || relay_get_refused(&frame, &no) ||
		    relay_get_subscribe(&frame, &subscribe) || relay_get_lost(&frame, &lost) ||
		    relay_get_drops(&frame, &drops) || relay_get_move(&frame, &move))
			FAIL("case %zu was taken", i);
	}
}

TEST(names_come_out_as_they_went_in_until_one_is_none)
{
	unsigned char bytes[WHOLE_MAX], *body = bytes + RELAY_HEAD_BYTES;
	char longest[RELAY_TOPIC_NAME_MAX + 2] = "", name[RELAY_TOPIC_NAME_MAX + 1];
	struct relay_frame frame;
	size_t used, at = 0;

	memset(longest, 'x', RELAY_TOPIC_NAME_MAX);
	used = relay_put_name(body, 0, BODY_MAX, "a");
	used = relay_put_name(body, used, BODY_MAX, longest);
	CHECK_INT(used, ==, 2 + 1 + RELAY_TOPIC_NAME_MAX);
	CHECK_INT(relay_put_name(body, used, BODY_MAX, ""), ==, 0);
	CHECK_INT(relay_put_name(body, used, used + 1, "b"), ==, 0);
	longest[RELAY_TOPIC_NAME_MAX] = 'x';
	CHECK_INT(relay_put_name(body, used, BODY_MAX, longest), ==, 0);
	longest[RELAY_TOPIC_NAME_MAX] = '\0';
	frame = through(bytes, RELAY_NAMES, used);
	CHECK(relay_get_name(&frame, &at, name));
	CHECK_STR(name, "a");
	CHECK(relay_get_name(&frame, &at, name));
	CHECK_STR(name, longest);
	CHECK(!relay_get_name(&frame, &at, name) && at == frame.body_bytes);

	/* Longer than what is there; of no length; with a zero inside. */
	static const unsigned char bad[][4] = { { 4, 'a', 'b', 'c' },
						{ 0, 1, 'a', 0 },
						{ 3, 'a', 0, 'b' } };
	for (size_t i = 0; i < 3; i++) {
		memcpy(body, bad[i], 4);
		frame = through(bytes, RELAY_NAMES, 4);
		at = 0;
		CHECK(!relay_get_name(&frame, &at, name) && at == 0);
	}
}

/* Whatever a decoder returns, its texts end inside their room. */
static void decode_all(const struct relay_frame *frame)
{
	struct relay_hello hello;
	struct relay_hello_ok ok;
	struct relay_ack ack;
	struct relay_refused no;
	struct relay_subscribe subscribe;
	char name[RELAY_TOPIC_NAME_MAX + 1];
	size_t at = 0, before = 0;
	uint64_t lost;
	unsigned taken = 0;

	for (; relay_get_name(frame, &at, name); before = at)
		CHECK(at > before && at <= frame->body_bytes && strlen(name) == at - before - 1);
	if (relay_get_hello(frame, &hello)) {
		CHECK_INT(strlen(hello.name), <, RELAY_NAME_BYTES);
		CHECK_INT(strlen(hello.token), <, RELAY_TOKEN_BYTES);
		taken++;
	}
	if (relay_get_refused(frame, &no)) {
		CHECK_INT(strlen(no.text), <, RELAY_TEXT_BYTES);
		taken++;
	}
	if (relay_get_subscribe(frame, &subscribe)) {
		CHECK(subscribe.rest + subscribe.rest_bytes <= frame->body + frame->body_bytes);
		taken++;
	}
	taken += relay_get_hello_ok(frame, &ok);
	taken += relay_get_ack(frame, &ack);
	taken += relay_get_lost(frame, &lost);
	CHECK_INT(taken, <=, 1);
}

/* Bytes like those of a client that has gone wrong: a sound frame, changed here and there. */
static size_t spoil(struct nwi_prng *prng, unsigned char *bytes)
{
	size_t body_bytes = nwi_prng_next(prng) % 512, n;
	enum relay_kind kind = 1 + nwi_prng_next(prng) % (RELAY_KIND_END - 1);

	if (kind == RELAY_DATA || kind == RELAY_DELIVER)
		body_bytes = body_bytes / 64 * 64;
	for (size_t i = 0; i < body_bytes; i++)
		bytes[RELAY_HEAD_BYTES + i] = (unsigned char)(nwi_prng_next(prng) % 5);
	n = relay_frame_seal(bytes, kind, (uint32_t)nwi_prng_next(prng) & 0xffff,
			     bytes + RELAY_HEAD_BYTES, body_bytes);
	for (uint64_t k = nwi_prng_next(prng) % 4; k > 0; k--)
		bytes[nwi_prng_next(prng) % n] = (unsigned char)nwi_prng_next(prng);
	return n - (nwi_prng_next(prng) % 4 == 0 ? nwi_prng_next(prng) % n : 0);
}

TEST(any_bytes_get_an_answer_and_nothing_is_read_behind_them)
{
	int rounds = 200000 * nw_test_scale(), sound = 0, faulty = 0, missing = 0;
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (int i = 0; i < rounds; i++) {
		unsigned char bytes[WHOLE_MAX], *exact;
		struct relay_frame frame;
		size_t wanted = 0, n = spoil(&prng, bytes);
		int rc;

		/* In a block of just that size, so that a sanitizer sees what goes past it. */
		exact = malloc(n ? n : 1);
		CHECK(exact);
		memcpy(exact, bytes, n);
		rc = relay_frame_take(exact, n, BODY_MAX, &frame, &wanted);
		CHECK_INT(rc, <=, (int)n);
		CHECK_INT(rc, >, -RELAY_FAULT_COUNT);
		if (rc == 0)
			CHECK(wanted > n && wanted <= WHOLE_MAX);
		if (rc > 0)
			decode_all(&frame);
		sound += rc > 0;
		faulty += rc < 0;
		missing += rc == 0;
		free(exact);
	}
	/* It was looked at from all sides. */
	CHECK_INT(sound, >, rounds / 20);
	CHECK_INT(faulty, >, rounds / 20);
	CHECK_INT(missing, >, rounds / 20);
}
